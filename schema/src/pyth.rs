//! What is said to Pyth's CosmWasm contract, and what it answers: the part of its interface that prices need.
//!
//! Anyone posts signed updates with `update_price_feeds`, for the fee that `get_update_fee` tells, and then publishes the
//! denoms that they price. Identifiers are 64 hexadecimal digits, amounts are integer strings, as there.

use cosmwasm_std::{Binary, Int64, Uint64};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What may be done.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum ExecuteMsg {
    /// Anyone: posts updates. Takes the fee that [`QueryMsg::GetUpdateFee`] answers.
    UpdatePriceFeeds {
        /// The signed updates, as Pyth's price service gives them.
        data: Vec<Binary>,
    },
}

/// What may be asked.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum QueryMsg {
    /// The last update of a price, however old. Answer: [`PriceFeedResponse`].
    PriceFeed {
        /// Its identifier.
        id: String,
    },
    /// What posting these updates costs. Answer: a coin.
    GetUpdateFee {
        /// The signed updates.
        vaas: Vec<Binary>,
    },
}

/// A price.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct PriceFeedResponse {
    /// The price.
    pub price_feed: PriceFeed,
}

/// A price and its average.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct PriceFeed {
    /// Its identifier.
    pub id: String,
    /// The price.
    pub price: PythPrice,
    /// Its exponentially weighted moving average.
    pub ema_price: PythPrice,
}

/// A number with a confidence: `price ± conf`, each times ten to the power of `expo`.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub struct PythPrice {
    /// The number.
    #[schemars(with = "String")]
    pub price: Int64,
    /// The confidence.
    #[schemars(with = "String")]
    pub conf: Uint64,
    /// The exponent of both.
    pub expo: i32,
    /// When it was published, in seconds.
    pub publish_time: i64,
}
