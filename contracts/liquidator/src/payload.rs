//! What travels with an order's messages: nothing of it is stored.

use std::collections::VecDeque;

use cosmwasm_std::{Binary, Coin, StdResult};
use plimsoll_schema::compact;
use plimsoll_schema::liquidator::Route;
use serde::{Deserialize, Serialize};

/// What a group is sold for, and for whom. The pool's callback carries it.
#[derive(Serialize, Deserialize)]
pub struct Terms {
    /// Who asked for it, and gets what is left.
    pub caller: String,
    /// Which group, by its place.
    pub group: u32,
    /// How its collateral is sold.
    pub route: Route,
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
    pub sold: usize,
}

/// What a reply brings back. The chain replies to nothing but what this contract sent, and hands back what it gave
/// along.
#[derive(Serialize, Deserialize)]
pub enum Payload {
    /// A hop has sold.
    Sale(Sale),
    /// A group of several is over; the reply's id is its place.
    Group(Remaining),
}

impl Payload {
    pub fn encode(&self) -> StdResult<Binary> {
        compact::encode(self).map(Binary::from)
    }
}

/// What is left of an order of several groups.
#[derive(Serialize, Deserialize)]
pub struct Remaining {
    /// How many items have succeeded.
    pub succeeded: u32,
    /// How many must.
    pub min_success: u32,
    /// The messages to the pool that are not sent yet, one a group, as JSON.
    pub messages: VecDeque<String>,
}
