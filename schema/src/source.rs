//! The kinds of sources that a price can come from.

use plimsoll_risk::units::{Amount, Price, Ratio};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most feeders of one source.
pub const FEEDERS_MAX: usize = 16;
/// The most members of a median.
pub const MEMBERS_MAX: usize = 5;

/// Where a price comes from.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Source {
    /// A price that stands still. For tests and testnets; refused in production.
    Fixed {
        /// The price.
        price: Price,
    },
    /// Authorised feeders: the median of all valid votes, as soon as there is a quorum of them. A vote is valid up to
    /// the guards' maximum age.
    Feed {
        /// Who may vote; at most [`FEEDERS_MAX`], in production at least three.
        feeders: Vec<String>,
        /// How many valid votes make a price: more than half of the feeders.
        quorum: u8,
    },
    /// A pair that trades the denom: its average price over a while. A live source: anyone may publish it, and who
    /// borrows asks it.
    Pair(PairSource),
    /// A rate at which the denom redeems for another one. The record holds the rate; the other denom's own record is
    /// applied when it is read.
    Scaled(ScaledSource),
    /// The median of other sources. A live source, whatever its members are.
    Median(MedianSource),
    /// A price of Pyth's. A live source.
    Pyth(PythSource),
    /// What an Astroport concentrated pair observes. A live source. In production a member of a median, a fallback or a
    /// check, and no denom's own source.
    Observe(ObserveSource),
    /// A price of the chain module Connect, formerly Slinky. A live source, for chains that have the module and let
    /// contracts ask it. No chain has run it yet.
    Connect(ConnectSource),
    /// The average price in a pool of Osmosis, by its chain module. A live source, for that chain alone. No chain has
    /// run it yet.
    OsmosisTwap(OsmosisTwapSource),
}

impl Source {
    /// Who votes for the price, and how many valid votes make one; `None` where nobody votes.
    pub fn feeders(&self) -> Option<(&[String], u8)> {
        match self {
            Self::Feed { feeders, quorum } => Some((feeders, *quorum)),
            Self::Scaled(scaled) => match &scaled.rate {
                RateSource::Feed { feeders, quorum } => Some((feeders, *quorum)),
                RateSource::Contract { .. } => None,
            },
            _ => None,
        }
    }

    /// The members of a median, and of another source itself.
    pub fn parts(&self) -> &[Self] {
        match self {
            Self::Median(median) => &median.members,
            other => std::slice::from_ref(other),
        }
    }

    /// Whether the source is on the chain and can be asked at any block: anyone may publish it, and who borrows asks it.
    pub fn is_live(&self) -> bool {
        !matches!(self, Self::Fixed { .. }) && self.feeders().is_none()
    }
}

/// The average price on a constant-product pair with Astroport's `cumulative_prices`.
///
/// The pair is sampled whenever the last sample is a quarter of the window old. The price is what the last four or five
/// intervals between samples say, each at most half a window long: the median of their harmonic means to the median of
/// their arithmetic means. Borrowing counts the price at the present reserves too; below the least reserves it counts
/// the guards' bounds.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct PairSource {
    /// The pair's address, of a constant-product pair. It is trusted to count time and reserves honestly, and to
    /// answer.
    pub pair: String,
    /// The decimals of the denom priced; at most 18.
    pub decimals: u8,
    /// The pair's other token.
    pub quote_denom: String,
    /// Its decimals; at most 18.
    pub quote_decimals: u8,
    /// Whether the pair's price is a rate, to which whoever reads it applies that denom's own record here; that may not
    /// come from a pair itself. The guards are then in the rate's unit. Otherwise a whole token of it counts as one of
    /// the quote currency, which is refused in production.
    pub quote_priced: bool,
    /// The seconds that the price is averaged over: what it costs to move a price for so long is what protects it. At
    /// least 600 in production, and at most a day.
    pub window: u64,
    /// The least that the pair holds of the denom priced, in base units. Above 0; in production at least a whole token.
    pub min_reserve: Amount,
    /// The least that it holds of the other token, in base units. Above 0; in production at least a whole token.
    pub min_quote_reserve: Amount,
}

/// A redemption rate with a cap on its growth.
///
/// A rate above the cap counts as it is for debts and as the cap for collateral, so that a jump lends nothing. A rate
/// that falls counts at once.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct ScaledSource {
    /// Where the rate comes from: whole tokens of `quote_denom` per whole token.
    pub rate: RateSource,
    /// The denom that the token redeems for. It has a source here that is quoted in nothing and is no pair. The guards
    /// are in the rate's unit.
    pub quote_denom: String,
    /// By how much the rate may grow in a day, as a share of itself. Above 0 and at most 1; in production at most 0.01.
    pub max_growth: Ratio,
}

/// The median of the lows of several sources to the median of their highs.
///
/// A member that says nothing, or nothing at most `max_age` old, counts as missing. Borrowing counts the extremes of all
/// members that say something. Members that are quoted in the same denom make a rate in it; otherwise each rate is
/// converted at what was last observed of its quote.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct MedianSource {
    /// Two to [`MEMBERS_MAX`] sources, none twice. None is fixed or a median itself. All are held to the guards of the
    /// median. In production at least three, all quoted in one denom.
    pub members: Vec<Source>,
    /// How many members must say something for there to be a price. In production at least two.
    pub minimum: u8,
}

/// A price of Pyth's CosmWasm contract, in the quote currency: price less and plus its confidence.
///
/// The guards' maximum age is that of Pyth's own publication. Borrowing counts the moving average too. A price below 0
/// counts as 0, and no exponent is refused.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct PythSource {
    /// The contract's address.
    pub contract: String,
    /// The price's identifier: 64 hexadecimal digits.
    pub id: String,
    /// The widest confidence of an observation, as a share of the price. Above 0 and at most 1; in production at most
    /// 0.1. A wider one only widens the edges.
    pub max_confidence: Ratio,
}

/// The price of trades on an Astroport concentrated pair, by its `observe`: the median of now, half a window ago and a
/// window ago. Borrowing counts all three, and what two stated amounts are traded for now.
///
/// Older pairs answer with the price of the last trade, newer ones with the mean of up to 3,000 trades, and neither says
/// how old the trades are. Where trades are rare such a price lags for as long as they reach back.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct ObserveSource {
    /// The pair's address.
    pub pair: String,
    /// Whether the denom priced is the first of the pair's two tokens.
    pub is_first: bool,
    /// The decimals of the denom priced; at most 18.
    pub decimals: u8,
    /// The pair's other token.
    pub quote_denom: String,
    /// Its decimals; at most 18.
    pub quote_decimals: u8,
    /// Whether the price is a rate, as in [`PairSource::quote_priced`].
    pub quote_priced: bool,
    /// The seconds over which three observations must agree. At least 600 in production, and at most a day.
    pub window: u64,
    /// So much of the denom priced is to be sold at the low end of what borrowing counts, in base units. Above 0; in
    /// production at least a whole token. A pair that is too thin for it shows itself by a low price.
    pub trade: Amount,
    /// So much of the other token is to be spent at the high end, in base units. The same limits.
    pub quote_trade: Amount,
}

/// A price of the chain module Connect, in the quote currency.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct ConnectSource {
    /// Under which name the chain has the module.
    pub module: ConnectModule,
    /// What is priced, as the module names it: `ATOM`.
    pub base: String,
    /// What it is priced in: `USD`.
    pub quote: String,
}

/// The names of the module.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum ConnectModule {
    /// `connect.oracle.v2`.
    Connect,
    /// `slinky.oracle.v1`.
    Slinky,
}

/// The average price in a pool of Osmosis: the harmonic to the arithmetic mean over the window. Borrowing counts the
/// price of now too. Nothing is known of the pool's depth.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct OsmosisTwapSource {
    /// The pool's number.
    pub pool_id: u64,
    /// The decimals of the denom priced; at most 18.
    pub decimals: u8,
    /// The token of the pool that it is priced in.
    pub quote_denom: String,
    /// Its decimals; at most 18.
    pub quote_decimals: u8,
    /// Whether the price is a rate, as in [`PairSource::quote_priced`].
    pub quote_priced: bool,
    /// The seconds that the price is averaged over. At least 600 in production, and at most a day.
    pub window: u64,
}

/// Where a redemption rate comes from.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum RateSource {
    /// A contract's answer to a query. A live source: anyone may publish it, and who borrows asks it.
    Contract {
        /// The contract's address.
        contract: String,
        /// The query, as JSON text: `{"state":{}}`.
        query: String,
        /// The keys that lead to the rate in the answer, the outermost first; none where the answer is the rate. The
        /// rate is a decimal string.
        field: Vec<String>,
        /// The keys that lead to the time at which the rate was observed, in seconds. The time of the block when left
        /// out.
        #[serde(default)]
        time_field: Option<Vec<String>>,
    },
    /// Authorised feeders, as in [`Source::Feed`].
    Feed {
        /// Who may vote; at most [`FEEDERS_MAX`], in production at least three.
        feeders: Vec<String>,
        /// How many valid votes make a rate: more than half of the feeders.
        quorum: u8,
    },
}
