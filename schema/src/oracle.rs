//! The oracle's interface, and the published record that others read raw.

use cosmwasm_std::Binary;
use plimsoll_risk::heartbeat::Heartbeat;
use plimsoll_risk::price::{Guards, PriceBand, PriceFault, PriceRecord};
use plimsoll_risk::units::{Price, Ratio};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::compact::{CompactItem, CompactMap};
use crate::ownership::{OwnerUpdate, Ownership};
pub use crate::source::{
    ConnectModule, ConnectSource, FEEDERS_MAX, MEMBERS_MAX, MedianSource, ObserveSource, OsmosisTwapSource, PairSource,
    PythSource, RateSource, ScaledSource, Source,
};

/// The latest price of each denom in the oracle's storage. A raw query of `PRICE_RECORDS.key(denom)` costs a fiftieth
/// of a smart one; what it returns is judged by [`plimsoll_risk::mark::RecordMark`].
pub const PRICE_RECORDS: CompactMap<&str, PriceRecord> = CompactMap::new("p");
/// The oracle's heartbeat, for raw queries of [`CompactItem::key`]. Every write of the oracle is a beat.
pub const HEARTBEAT: CompactItem<Heartbeat> = CompactItem::new("h");

/// The most denoms in one `feed`, in one `publish` and in one `prices_by_denoms`.
pub const DENOMS_MAX: usize = 32;

/// Sets the oracle up.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct InstantiateMsg {
    /// Who may set sources. A timelock in production.
    pub owner: String,
    /// In production sources and guards that don't protect a market are refused: a price that stands still, fewer than
    /// three feeders, a settled price that is too slow or too fast.
    pub production: bool,
    /// Seconds between announcing a source and putting it in force; at most thirty days. 0 puts it in force at once:
    /// where the owner is a timelock, its delay is the only one.
    pub source_delay: u64,
    /// More seconds than this between two writes of the oracle are a gap, in which clocks against an account stand
    /// still; at least [`plimsoll_risk::heartbeat::GAP_MIN`]. 0 is off.
    pub heartbeat_gap: u64,
    /// Who may remove a fallback source beside the owner.
    pub guardian: Option<String>,
}

/// What may be asked of the oracle. No message takes funds.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[allow(clippy::large_enum_variant, reason = "one message exists at a time")]
pub enum ExecuteMsg {
    /// Owner: sets a denom's source and guards. At once where the denom has none yet, and where the oracle has no
    /// delay; otherwise it is announced, in place of any other that waits. A new source starts from the settled price
    /// of the old one, and is silent until its first observation; the same source with other guards goes on.
    SetSource {
        /// The denom priced.
        denom: String,
        /// Where its price comes from.
        source: Source,
        /// The limits it is held to.
        guards: Guards,
    },
    /// Owner: puts an announced source in force, once its delay is over and within a week from then.
    ApplySource {
        /// The denom.
        denom: String,
    },
    /// Owner: drops an announced source.
    CancelSource {
        /// The denom.
        denom: String,
    },
    /// Owner: names a second source of a denom, announced and delayed as the first one is. Once it stands it stays: it
    /// speaks for the denom while the first source has been silent for `after` seconds, and no longer than that.
    SetFallback {
        /// The denom priced.
        denom: String,
        /// Where its price comes from meanwhile: a feed or a pair.
        source: Source,
        /// The limits it is held to.
        guards: Guards,
        /// Seconds without an observation of the first source after which this one speaks; at most a week. Never before
        /// the last price is too old.
        after: u64,
    },
    /// Owner: lets an announced fallback stand, in place of the one before, once its delay is over and within a week
    /// from then.
    ApplyFallback {
        /// The denom.
        denom: String,
    },
    /// Owner or guardian: removes a denom's fallback, the one that stands and the one that is announced. The first
    /// source speaks again; where the fallback had spoken last the denom is silent until then.
    RemoveFallback {
        /// The denom.
        denom: String,
    },
    /// Owner: names a source that the denom's price is checked against, announced and delayed as the first one is. It
    /// prices nothing by itself: see [`CheckSource`].
    SetCheck {
        /// The denom priced.
        denom: String,
        /// What it is checked against.
        check: CheckSource,
    },
    /// Owner: lets an announced check stand, in place of the one before, once its delay is over and within a week from
    /// then.
    ApplyCheck {
        /// The denom.
        denom: String,
    },
    /// Owner or guardian: removes a denom's check, the one that stands and the one that is announced.
    RemoveCheck {
        /// The denom.
        denom: String,
    },
    /// Feeder: votes for prices. An observation is made by each vote while a quorum of votes is valid: their median. A
    /// price is never refused for what it says: 0 counts as the lowest that can be counted, a price above
    /// [`plimsoll_risk::price::PRICE_MAX`] as that. A redemption rate of 0 is refused. A denom that is refused is named
    /// in the event with its reason; the message fails only when every one is.
    Feed {
        /// At most [`DENOMS_MAX`], each denom once.
        prices: Vec<FeedPrice>,
    },
    /// Anyone: publishes what live sources say now. A source that has not watched its pair for long enough starts to,
    /// or goes on, and publishes nothing yet. A denom that is refused is named in the event with its reason; the
    /// message fails only when every one is.
    Publish {
        /// At most [`DENOMS_MAX`], each once.
        denoms: Vec<String>,
    },
    /// Owner: names the guardian, or nobody.
    UpdateGuardian {
        /// The guardian.
        guardian: Option<String>,
    },
    /// Hands the contract over.
    UpdateOwner(OwnerUpdate),
}

/// A vote.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct FeedPrice {
    /// The denom.
    pub denom: String,
    /// Its price.
    pub price: Price,
    /// When it was observed, in seconds: not in the future, not too old already, and not before the feeder's own last
    /// vote. The time of the block when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_at: Option<u64>,
}

/// What may be asked about.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum QueryMsg {
    /// The settings and the owner. Answer: [`ConfigResponse`].
    Config {},
    /// For each denom what its records say, with what live sources say at this block; or why it is silent. Answer:
    /// [`PricesResponse`].
    PricesByDenoms {
        /// At most [`DENOMS_MAX`].
        denoms: Vec<String>,
    },
    /// For each denom the record that would stand if it were published at this block, in the bytes of
    /// [`PRICE_RECORDS`]: of a live source what it says now, and none when it says nothing; of another the record as
    /// stored. Answer: [`PriceRecordsResponse`].
    PriceRecords {
        /// At most [`DENOMS_MAX`].
        denoms: Vec<String>,
    },
    /// A denom's source, guards, record, announced replacement and fallback. Answer: [`SourceResponse`].
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
    /// The oracle's heartbeat. Answer: [`Heartbeat`].
    Heartbeat {},
}

/// The settings.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct ConfigResponse {
    /// Who owns the oracle.
    pub ownership: Ownership,
    /// Whether sources and guards that don't protect a market are refused.
    pub production: bool,
    /// Seconds before an announced source can be put in force.
    pub source_delay: u64,
    /// Who may remove a fallback source beside the owner.
    pub guardian: Option<String>,
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
    /// The bytes of a [`PriceRecord`], to be read with [`crate::compact::decode`]; none for a denom that the oracle
    /// does not know, and for one whose live source gives no price at this block.
    pub records: Vec<Option<Binary>>,
}

/// A price, or why there is none. A price that hangs on two records, a rate and its quote, is their product.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum DenomPrice {
    /// The denom can be lent against.
    Valid {
        /// The denom.
        denom: String,
        /// The settled price.
        price: Price,
        /// What liquidation counts: a debt at `low`, a collateral at `high`.
        counted: PriceBand,
        /// What is lent against.
        low: Price,
        /// What a debt counts at when more is lent.
        high: Price,
        /// When it was observed, in seconds; of two records the earlier.
        timestamp: u64,
    },
    /// The denom is silent, or its live source gives no price at this block: nothing is lent by it.
    Silent {
        /// The denom.
        denom: String,
        /// Why.
        fault: PriceFault,
        /// The settled price.
        price: Price,
        /// What liquidation counts: a debt at `low`, a collateral at `high`.
        counted: PriceBand,
        /// The share of a silent collateral that still counts in liquidation.
        remaining: Ratio,
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
    /// The limits that this source is held to.
    pub guards: Guards,
    /// The published record, with the guards of the source that spoke last.
    pub record: PriceRecord,
    /// The replacement that waits.
    pub pending: Option<PendingSource>,
    /// The fallback that stands.
    pub fallback: Option<FallbackSource>,
    /// Whether the fallback speaks for the denom now: the record is its.
    pub fallback_in_force: bool,
    /// The fallback that waits.
    pub pending_fallback: Option<PendingFallback>,
    /// The check that stands.
    pub check: Option<StandingCheck>,
    /// The check that waits.
    pub pending_check: Option<PendingCheck>,
}

/// A source that is announced.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct PendingSource {
    /// Where the price will come from.
    pub source: Source,
    /// The limits that it will be held to.
    pub guards: Guards,
    /// When it can be put in force, in seconds. A week later it has lapsed.
    pub effective_at: u64,
}

/// A source that speaks for a denom while the first one is silent.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct FallbackSource {
    /// Where the price comes from meanwhile.
    pub source: Source,
    /// The limits that it is held to.
    pub guards: Guards,
    /// Seconds without an observation of the first source after which this one speaks.
    pub after: u64,
}

/// A fallback that is announced.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct PendingFallback {
    /// What will stand.
    pub fallback: FallbackSource,
    /// When it can be put in force, in seconds. A week later it has lapsed.
    pub effective_at: u64,
}

/// A second source that a denom's price is checked against.
///
/// While what the two observed is further apart than `max_divergence`, borrowing counts both. For `hold` seconds after
/// that began, at most once a day, liquidation counts both as one band, inside which the settled price stands. After
/// that it follows the denom's own source again. A check that is silent checks nothing.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct CheckSource {
    /// Where the second price comes from. Neither it nor the denom's own source is fixed.
    pub source: Source,
    /// Its maximum age, and the bounds of a thin pair.
    pub guards: Guards,
    /// By how much of the lower one the two may be apart. Above 0 and at most 1.
    pub max_divergence: Ratio,
    /// Seconds for which the settled price stands; at most an hour, in production 900.
    pub hold: u64,
}

/// A check that stands, and what it says.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct StandingCheck {
    /// The check.
    pub check: CheckSource,
    /// What was last observed of it, in the unit of its own quote; `None` before the first observation.
    pub raw: Option<PriceBand>,
    /// When that was observed, in seconds; 0 before the first observation.
    pub timestamp: u64,
    /// Whether the two were apart at the last comparison.
    pub diverges: bool,
    /// When the settled price last began to stand, in seconds; 0 when it never did.
    pub held_since: u64,
}

/// A check that is announced.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct PendingCheck {
    /// What will stand.
    pub check: CheckSource,
    /// When it can be put in force, in seconds. A week later it has lapsed.
    pub effective_at: u64,
}

/// A page of sources.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct SourcesResponse {
    /// By denom.
    pub sources: Vec<SourceResponse>,
}

/// A new code version takes over. Refused from another contract's state and to an older version.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct MigrateMsg {
    /// The heartbeat's gap, as in [`InstantiateMsg`], for a state that has no heartbeat yet; 0 when left out.
    #[serde(default)]
    pub heartbeat_gap: u64,
}
