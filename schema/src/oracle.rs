//! The oracle's interface, and the published record that others read raw.

use cosmwasm_std::Binary;
use plimsoll_risk::price::{Guards, PriceFault, PriceRecord};
use plimsoll_risk::units::{Amount, Price, Ratio};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::compact::CompactMap;
use crate::ownership::{OwnerUpdate, Ownership};

/// The latest price of each denom in the oracle's storage. A raw query of `PRICE_RECORDS.key(denom)` costs a fiftieth of a smart
/// one; apply [`PriceRecord::quote`] to what it returns.
pub const PRICE_RECORDS: CompactMap<&str, PriceRecord> = CompactMap::new("p");

/// The most denoms in one `feed`, in one `publish` and in one `prices_by_denoms`.
pub const DENOMS_MAX: usize = 32;
/// The most feeders of one source.
pub const FEEDERS_MAX: usize = 16;

/// Sets the oracle up.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct InstantiateMsg {
    /// Who may set sources.
    pub owner: String,
    /// In production a `fixed` source is refused.
    pub production: bool,
    /// Seconds between asking for a source to be replaced and doing it; at least a day in production.
    pub source_delay: u64,
    /// How far a new source's first price may be from the old one's valid price.
    pub max_replacement_deviation: Ratio,
}

/// What may be asked of the oracle. No message takes funds.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[allow(clippy::large_enum_variant, reason = "one message exists at a time")]
pub enum ExecuteMsg {
    /// Owner: sets a denom's source and guards. The first time at once; after that it becomes pending, and `apply_source`
    /// puts it in force after the delay. Feeders of a pending source vote for it already.
    SetSource {
        /// The denom priced.
        denom: String,
        /// Where its price comes from.
        source: Source,
        /// The limits it is held to.
        guards: Guards,
    },
    /// Anyone: puts a pending source in force once its delay is over. Refused while it has no price of its own, and when that is
    /// too far from the old source's valid price.
    ApplySource {
        /// The denom.
        denom: String,
    },
    /// Owner: drops a pending source.
    CancelSource {
        /// The denom.
        denom: String,
    },
    /// Feeder: votes for prices. A price is published once a quorum of votes is fresh: their median. Of an even number the mid price goes
    /// no further than it must to lie between the middle two, and `low` and `high` include both, so that no feeder alone moves a price.
    /// One price that is refused fails the whole message; send a denom alone when its price has left its bounds.
    Feed {
        /// At most [`DENOMS_MAX`], each denom once.
        prices: Vec<FeedPrice>,
    },
    /// Anyone: publishes what live sources say now, those in force and those that wait. A source that has not watched its pair for long
    /// enough starts to, or goes on, and publishes nothing yet. One denom that is refused fails the whole message.
    Publish {
        /// At most [`DENOMS_MAX`], each once.
        denoms: Vec<String>,
    },
    /// Hands the contract over.
    UpdateOwner(OwnerUpdate),
}

/// Where a price comes from.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Source {
    /// A price that stands still. For tests and testnets; refused in production.
    Fixed {
        /// The price.
        price: Price,
    },
    /// Authorised feeders: the median of all fresh votes, as soon as there is a quorum of them.
    Feed {
        /// Who may vote; at most [`FEEDERS_MAX`].
        feeders: Vec<String>,
        /// How many fresh votes make a price: more than half of the feeders.
        quorum: u8,
    },
    /// A pair that trades the denom: its average price over a while. A live source: anyone may publish it, and `prices_by_denoms`
    /// computes it when what is published has failed.
    Pair(PairSource),
}

/// The average price on a constant-product pair with Astroport's `cumulative_prices`.
///
/// The mid price is the average since a moment at least `window` and at most `max_window` ago. `low` and `high` include the averages since
/// later moments that are known and the price at the present reserves, so that nobody borrows against the difference between them.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct PairSource {
    /// The pair's address. It is trusted to count time and reserves honestly, and to answer.
    pub pair: String,
    /// The decimals of the denom priced; at most 18.
    pub decimals: u8,
    /// The pair's other token.
    pub quote_denom: String,
    /// Its decimals; at most 18.
    pub quote_decimals: u8,
    /// Whether the pair's price is multiplied by that denom's own published price here, which must be valid and may not come from a pair
    /// itself: mid by mid, `low` by `low`, `high` by `high`. Otherwise a whole token of it counts as one of the quote currency.
    pub quote_priced: bool,
    /// The least seconds that an average is taken over: what it costs to move a price for so long is what protects it. At least 600
    /// in production.
    pub window: u64,
    /// The most; at least twice `window` and at most a day. For `max_window − window` after a message there is a price without another.
    pub max_window: u64,
    /// The least that the pair holds of the denom priced, in base units, at both ends of what is averaged and now. Above 0.
    pub min_reserve: Amount,
    /// The least that it holds of the other token, in base units. Above 0.
    pub min_quote_reserve: Amount,
}

/// A vote.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct FeedPrice {
    /// The denom.
    pub denom: String,
    /// Its price.
    pub price: Price,
}

/// What may be asked about.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum QueryMsg {
    /// The settings and the owner. Answer: [`ConfigResponse`].
    Config {},
    /// For each denom its published price; where that fails, what a live source would publish at this block; or the guard that failed.
    /// Answer: [`PricesResponse`].
    PricesByDenoms {
        /// At most [`DENOMS_MAX`].
        denoms: Vec<String>,
    },
    /// For each denom the record that stands behind `prices_by_denoms`, in the bytes of [`PRICE_RECORDS`], so that a contract judges what is
    /// published and what a live source would publish by the same code. Answer: [`PriceRecordsResponse`].
    PriceRecords {
        /// At most [`DENOMS_MAX`].
        denoms: Vec<String>,
    },
    /// A denom's source, guards, record and pending replacement. Answer: [`SourceResponse`].
    Source {
        /// The denom.
        denom: String,
    },
    /// All of them, by denom. Answer: [`SourcesResponse`].
    Sources {
        /// The last denom of the page before.
        start_after: Option<String>,
        /// 1 to 30; 10 when left out.
        limit: Option<u32>,
    },
}

/// The settings.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct ConfigResponse {
    /// Who owns the oracle.
    pub ownership: Ownership,
    /// Whether fixed prices are refused.
    pub production: bool,
    /// Seconds before a replacement can be put in force.
    pub source_delay: u64,
    /// How far its price may be from the old one.
    pub max_replacement_deviation: Ratio,
}

/// Prices by denom, in the order asked for.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct PricesResponse {
    /// One entry per denom asked for.
    pub prices: Vec<DenomPrice>,
}

/// Records by denom, in the order asked for.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct PriceRecordsResponse {
    /// The bytes of a [`PriceRecord`], to be read with [`crate::compact::decode`]; none for a denom that the oracle does not know.
    pub records: Vec<Option<Binary>>,
}

/// A price, or why there is none.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum DenomPrice {
    /// The price passed every guard.
    Valid {
        /// The denom.
        denom: String,
        /// The mid price.
        price: Price,
        /// The lower edge.
        low: Price,
        /// The upper edge.
        high: Price,
        /// When it was observed, in seconds.
        timestamp: u64,
    },
    /// A guard failed.
    Failed {
        /// The denom.
        denom: String,
        /// Which guard, with its numbers.
        fault: PriceFault,
        /// The hard lower bound.
        floor: Price,
        /// The hard upper bound.
        ceiling: Price,
    },
    /// The oracle does not know the denom.
    Unknown {
        /// The denom.
        denom: String,
    },
}

/// A denom's source.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct SourceResponse {
    /// The denom.
    pub denom: String,
    /// Where its price comes from.
    pub source: Source,
    /// The published record, guards included.
    pub record: PriceRecord,
    /// The replacement that waits.
    pub pending: Option<PendingSource>,
}

/// A source that waits for its delay to pass.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct PendingSource {
    /// Where the price will come from.
    pub source: Source,
    /// What its feeders have voted, or its pair has said, so far, held to the new guards.
    pub record: PriceRecord,
    /// When it can be put in force, in seconds.
    pub effective_at: u64,
}

/// A page of sources.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct SourcesResponse {
    /// By denom.
    pub sources: Vec<SourceResponse>,
}

/// A new code version takes over. Refused from another contract's state and to an older version.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct MigrateMsg {}
