//! Why the oracle refuses.

use cosmwasm_std::StdError;
use plimsoll_risk::heartbeat::GAP_MIN;
use plimsoll_risk::math::MathError;
use plimsoll_risk::params::DECIMALS_MAX;
use plimsoll_risk::price::GuardsError;
use plimsoll_risk::units::{Amount, Price, Ratio};
use plimsoll_schema::access::BadAddress;
use plimsoll_schema::funds::FundsSent;
use plimsoll_schema::ownership::OwnershipError;
use thiserror::Error;

/// Why the oracle refuses. Each error names the fact with its numbers.
#[derive(Error, Debug)]
#[allow(missing_docs, reason = "the display text names each field")]
pub enum ContractError {
    /// The chain's or the storage's own errors, invalid addresses among them.
    #[error(transparent)]
    Std(#[from] StdError),
    /// The sender may not do this.
    #[error(transparent)]
    Ownership(#[from] OwnershipError),
    /// The guards can't be set.
    #[error(transparent)]
    Guards(#[from] GuardsError),
    /// No coin may be attached.
    #[error(transparent)]
    FundsSent(#[from] FundsSent),
    /// A delay so long that a dead source could not be replaced.
    #[error("source_delay of {delay} s is above {max}")]
    SourceDelay { delay: u64, max: u64 },
    /// A gap that feeders leave in ordinary times.
    #[error("heartbeat_gap of {gap} s must be 0 or at least {GAP_MIN}")]
    HeartbeatGap { gap: u64 },
    /// A denom that can't be one.
    #[error("denom has {length} characters, allowed are 1 to {max}")]
    DenomLength { length: usize, max: usize },
    /// The chain knows no such address.
    #[error(transparent)]
    BadAddress(#[from] BadAddress),
    /// A settled price so fast that a wrong observation liquidates, or so slow that liquidation comes too late.
    #[error(
        "source of {denom}: by {max_deviation} every {step_interval} s the settled price halves in {seconds} s, allowed in \
         production are {min} to {max}"
    )]
    Speed {
        denom: String,
        /// How far the settled price moves in one step.
        max_deviation: Ratio,
        /// Seconds from one step to the next.
        step_interval: u64,
        /// Seconds in which it falls to a half; [`u64::MAX`] of more than a day.
        seconds: u64,
        min: u64,
        max: u64,
    },
    /// A price that stands still has no place in production.
    #[error("source of {denom}: a fixed price is refused in production")]
    FixedInProduction { denom: String },
    /// A fixed price does not age; with a maximum age it would die and nobody could revive it.
    #[error("source of {denom}: a fixed price does not age, but max_age is {max_age}")]
    FixedWithMaxAge { denom: String, max_age: u64 },
    /// A fixed price that its own guards would hold back.
    #[error("source of {denom}: a fixed price of {price} is outside its bounds of {floor} to {ceiling}")]
    FixedOutOfBounds { denom: String, price: Price, floor: Price, ceiling: Price },
    /// A price that moves and has no maximum age would never go stale.
    #[error("source of {denom}: a price that is not fixed must have a max_age")]
    WithoutMaxAge { denom: String },
    /// Too few feeders, or too many.
    #[error("source of {denom}: {count} feeders, allowed are {min} to {max}")]
    FeederCount { denom: String, count: usize, min: usize, max: usize },
    /// A feeder would have two votes.
    #[error("source of {denom}: feeder {feeder} is named twice")]
    FeederTwice { denom: String, feeder: String },
    /// A quorum that can't be reached, or that two disjoint groups of feeders could reach.
    #[error("source of {denom}: quorum {quorum} of {feeders} feeders is not more than half of them and at most all")]
    Quorum { denom: String, quorum: u8, feeders: usize },
    /// A token that can't be.
    #[error("source of {denom}: {decimals} decimals of {token} are above {DECIMALS_MAX}")]
    Decimals { denom: String, token: String, decimals: u8 },
    /// A window in which an average costs too little to move, or is too old.
    #[error("source of {denom}: a window of {window} s is not between {min} and {max}")]
    Window { denom: String, window: u64, min: u64, max: u64 },
    /// A trade of next to nothing says nothing of a pair's depth.
    #[error("source of {denom}: a trade of {trade}{token} is below {min}")]
    MinimumTrade {
        denom: String,
        token: String,
        trade: Amount,
        /// What it must be: a whole token in production.
        min: Amount,
    },
    /// A pair of next to nothing would have a price.
    #[error("source of {denom}: a least reserve of {reserve}{token} is below {min}")]
    MinimumReserve {
        denom: String,
        token: String,
        reserve: Amount,
        /// What it must be: a whole token in production.
        min: Amount,
    },
    /// A pair whose other token counts as a whole unit of the quote currency is a hard peg.
    #[error("source of {denom}: {quote_denom} must have a price of its own in production, quote_priced is false")]
    PeggedInProduction { denom: String, quote_denom: String },
    /// Prices must not rest on each other: what a source is quoted in needs a price of its own.
    #[error("source of {denom}: {quote_denom} has no source here that is neither a pair nor a rate")]
    QuoteSource { denom: String, quote_denom: String },
    /// Prices must not rest on each other: what another denom is quoted in needs a price of its own.
    #[error("source of {denom}: {quoted} is quoted in it, so no source of it can be a pair or a rate")]
    QuotesOthers {
        denom: String,
        /// A denom that is quoted in it, or will be.
        quoted: String,
    },
    /// What the new source is quoted in never had a price, so the settled price can't go along.
    #[error("source of {denom}: {quote_denom} has no price yet, in which its own could go on")]
    QuoteUnpublished { denom: String, quote_denom: String },
    /// A rate that may grow by nothing, or by so much that the cap protects nobody.
    #[error("source of {denom}: a growth of {max_growth} a day must be above 0 and at most {max}")]
    MaxGrowth {
        denom: String,
        max_growth: Ratio,
        /// The most that is allowed: less in production.
        max: Ratio,
    },
    /// Trades of an age that nobody knows must not price a denom alone.
    #[error("source of {denom}: observe is refused in production but as a member of a median, a fallback or a check")]
    ObserveAlone { denom: String },
    /// A confidence of nothing, which no price has, or one that lets any price through.
    #[error("source of {denom}: a confidence of {max_confidence} must be above 0 and at most {max}")]
    MaxConfidence {
        denom: String,
        max_confidence: Ratio,
        /// The most that is allowed: less in production.
        max: Ratio,
    },
    /// A name that the module can't have.
    #[error("source of {denom}: '{name}' is no name of a currency: 1 to {max} characters without a slash")]
    CurrencyName { denom: String, name: String, max: usize },
    /// An identifier that is none.
    #[error("source of {denom}: '{id}' is no identifier of 64 hexadecimal digits")]
    PythId { denom: String, id: String },
    /// A median of too few members, or of too many to ask at once.
    #[error("source of {denom}: {count} members of a median, allowed are {min} to {max}")]
    MemberCount {
        denom: String,
        count: usize,
        /// More in production.
        min: usize,
        max: usize,
    },
    /// A price that stands still, a median of medians, a member that would count twice, or in production one that is
    /// quoted in another denom than the others.
    #[error("source of {denom}: a median can't have a member that is {what}")]
    Member {
        denom: String,
        /// What is wrong with the member.
        what: &'static str,
    },
    /// A median that too few could make, or that all could not.
    #[error("source of {denom}: a minimum of {minimum} members is not between {min} and {count}")]
    Minimum {
        denom: String,
        minimum: u8,
        min: u8,
        /// How many members there are.
        count: usize,
    },
    /// Too few members say anything.
    #[error("source of {denom}: {present} members say something, {minimum} are needed")]
    MembersMissing { denom: String, present: usize, minimum: u8 },
    /// There is nothing that can be asked, or it refuses.
    #[error("source of {denom}: {asked} does not answer")]
    NoAnswer {
        denom: String,
        /// The contract or the module that was asked.
        asked: String,
    },
    /// An answer in which something is missing or has another shape.
    #[error("source of {denom}: the answer of {asked} has no readable {what}")]
    Unreadable {
        denom: String,
        /// The contract or the module that was asked.
        asked: String,
        /// The missing part: a rate, a price, a time.
        what: &'static str,
    },
    /// A time that nobody's clock can show yet.
    #[error("source of {denom}: {asked} says that it observed at {time}, but it is {now}")]
    AnswerFromFuture {
        denom: String,
        /// The contract or the module that was asked.
        asked: String,
        /// The time of observation as told, in seconds.
        time: u64,
        /// The time of this block, in seconds.
        now: u64,
    },
    /// An observation that is too old to count.
    #[error("source of {denom}: {asked} observed {age} s ago, at most {max_age} are allowed")]
    AnswerTooOld {
        denom: String,
        /// The contract or the module that was asked.
        asked: String,
        /// The age of the observation, in seconds.
        age: u64,
        max_age: u64,
    },
    /// There is no pair, or it does not answer as one does.
    #[error("source of {denom}: {pair} does not answer with cumulative prices")]
    PairSilent { denom: String, pair: String },
    /// The pair is of other tokens.
    #[error("source of {denom}: {pair} is not a pair of {denom} and {quote_denom}")]
    PairTokens {
        denom: String,
        pair: String,
        /// The other token that it must have.
        quote_denom: String,
    },
    /// A pair of another formula, or one that doesn't say which.
    #[error("source of {denom}: {pair} is of type {found}, only xyk is read")]
    PairKind {
        denom: String,
        pair: String,
        /// What it says that it is; `unknown` when it doesn't.
        found: String,
    },
    /// The pair says numbers that make no price.
    #[error("source of {denom}: no price can be made of what {pair} says: {error}")]
    PairPrice { denom: String, pair: String, error: MathError },
    /// The pair's counters lose too many digits: its tokens' decimals are too far apart.
    #[error("source of {denom}: {pair} is too coarse, {grown} in {seconds} s where {least} are needed")]
    PairCoarse {
        denom: String,
        pair: String,
        /// By how much the slower of its counters grew.
        grown: u128,
        seconds: u64,
        /// By how much it must grow in this time.
        least: u128,
    },
    /// Nobody can publish what feeders must say.
    #[error("denom {denom} has no live source")]
    NotLive { denom: String },
    /// Nothing, too much at once, or something twice.
    #[error("{count} denoms to publish, allowed are 1 to {max}, each once")]
    DenomCount { count: usize, max: usize },
    /// No generation is left to give out.
    #[error("source of {denom} was replaced {generation} times, which is the most")]
    GenerationsExhausted { denom: String, generation: u32 },
    /// The oracle has no source for it.
    #[error("denom {denom} has no source")]
    UnknownDenom { denom: String },
    /// Nothing waits to be applied or cancelled.
    #[error("denom {denom} has no pending source")]
    NoPendingSource { denom: String },
    /// The delay is not over.
    #[error("what is announced for {denom} can be applied from {effective_at} on, it is {now}")]
    TooEarly {
        denom: String,
        /// When it can be applied, in seconds.
        effective_at: u64,
        /// The time of this block, in seconds.
        now: u64,
    },
    /// It was announced too long ago.
    #[error("what is announced for {denom} lapsed at {lapsed_at}, it is {now}")]
    Lapsed {
        denom: String,
        /// Until when it could be applied, in seconds.
        lapsed_at: u64,
        /// The time of this block, in seconds.
        now: u64,
    },
    /// No fallback stands or waits.
    #[error("denom {denom} has no fallback")]
    NoFallback { denom: String },
    /// A price that stands still says nothing where the first source is silent.
    #[error("fallback of {denom}: a fixed price is refused")]
    FixedFallback { denom: String },
    /// A fallback that would never speak.
    #[error("fallback of {denom}: after {after} s without a price, at most {max} are allowed")]
    FallbackAfter { denom: String, after: u64, max: u64 },
    /// No check stands or waits.
    #[error("denom {denom} has no check")]
    NoCheck { denom: String },
    /// A price that stands still contradicts any other after a while: it is no check, and has none.
    #[error("check of {denom}: a fixed price is refused")]
    FixedCheck { denom: String },
    /// Two prices that may never differ, or always.
    #[error("check of {denom}: a divergence of {max_divergence} must be above 0 and at most 1")]
    MaxDivergence { denom: String, max_divergence: Ratio },
    /// A settled price that stands for so long that liquidation comes too late.
    #[error("check of {denom}: a hold of {hold} s is above {max}")]
    CheckHold {
        denom: String,
        hold: u64,
        /// The longest that is allowed: less in production.
        max: u64,
    },
    /// The sender has no vote on this denom.
    #[error("{sender} is not a feeder of {denom}")]
    NotFeeder { sender: String, denom: String },
    /// Nothing, or too much at once.
    #[error("{count} prices in one feed, allowed are 1 to {max}")]
    PriceCount { count: usize, max: usize },
    /// Two votes on one denom in one message.
    #[error("denom {denom} is priced twice in one feed")]
    PricedTwice { denom: String },
    /// A vote of what nobody can know yet.
    #[error("vote on {denom}: observed at {observed_at}, but it is {now}")]
    VoteFromFuture {
        denom: String,
        /// When the price was observed, as the vote says, in seconds.
        observed_at: u64,
        /// The time of this block, in seconds.
        now: u64,
    },
    /// A vote that would count for nothing.
    #[error("vote on {denom}: observed {age} s ago, at most {max_age} are allowed")]
    VoteTooOld {
        denom: String,
        /// How old the observation is, in seconds.
        age: u64,
        max_age: u64,
    },
    /// A feeder's time never goes back.
    #[error("vote on {denom}: observed at {observed_at}, before the feeder's last one, of {last}")]
    VoteBeforeLast {
        denom: String,
        /// When the price was observed, as the vote says, in seconds.
        observed_at: u64,
        /// When the feeder's last vote was, in seconds.
        last: u64,
    },
    /// Too much is asked for at once.
    #[error("{asked} denoms asked for, at most {max} are answered")]
    TooManyDenoms { asked: usize, max: usize },
    /// A page that is too long, or empty.
    #[error("limit {limit} is not between 1 and {max}")]
    Limit { limit: u32, max: u32 },
}
