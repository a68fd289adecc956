//! What is asked of Astroport's concentrated pairs, and what they answer: the part of their interface that prices need.

use plimsoll_risk::units::{Amount, Price};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::pair::{Asset, AssetInfo, PairType};

/// The name of their type, as they say it.
pub const CONCENTRATED: &str = "concentrated";

/// What may be asked.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum QueryMsg {
    /// The tokens and the type. Answer: [`ConcentratedPair`].
    Pair {},
    /// The price of trades at a moment. Answer: [`OracleObservation`].
    Observe {
        /// How long ago that moment is.
        seconds_ago: u64,
    },
    /// What a swap would yield. Answer: [`Yield`].
    Simulation {
        /// What is offered.
        offer_asset: Asset,
    },
}

/// A pair's tokens and type.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct ConcentratedPair {
    /// The two tokens, in the pair's order.
    pub asset_infos: Vec<AssetInfo>,
    /// Its type.
    pub pair_type: PairType,
}

/// The price of trades at a moment. Older pairs answer with that of the last trade, newer ones with the mean of up to
/// 3,000 trades.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct OracleObservation {
    /// The moment that was asked for, however old the trades are, in seconds.
    pub timestamp: u64,
    /// Base units of the first token per base unit of the second.
    pub price: Price,
}

/// What a swap would yield.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct Yield {
    /// What is paid out, in base units.
    pub return_amount: Amount,
}
