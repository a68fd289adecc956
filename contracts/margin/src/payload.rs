//! What travels with an order's messages: nothing of it is stored.

use cosmwasm_std::Coin;
use serde::{Deserialize, Serialize};

use crate::trade::Trade;

/// What is to be sold, and for whom. The pool's callback carries it.
#[derive(Serialize, Deserialize)]
pub struct Terms {
    /// Who asked for it, and gets what is left.
    pub caller: String,
    /// The sale.
    pub trade: Trade,
}

/// A sale under way. The payload of each swap carries it.
#[derive(Serialize, Deserialize)]
pub struct Sale {
    /// What it is for.
    pub terms: Terms,
    /// Which batch of the pool.
    pub batch: u64,
    /// What to bring to the pool.
    pub owed: Coin,
    /// How many hops have sold.
    pub done: usize,
}
