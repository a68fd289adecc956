//! Why the oracle refuses.

use cosmwasm_std::StdError;
use plimsoll_risk::math::MathError;
use plimsoll_risk::params::DECIMALS_MAX;
use plimsoll_risk::price::{GuardsError, PriceFault};
use plimsoll_risk::units::{Amount, Price, Ratio};
use plimsoll_schema::ownership::OwnershipError;
use thiserror::Error;

/// Why the oracle refuses. Each error names the fact with its numbers.
#[derive(Error, Debug)]
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
    /// No message takes funds.
    #[error("no funds are taken, got {sent}")]
    FundsSent {
        /// What was attached.
        sent: String,
    },
    /// A delay too short for anyone to notice, or so long that a dead source could not be replaced.
    #[error("source_delay of {delay} s is not between {min} and {max}")]
    SourceDelay {
        /// The delay asked for.
        delay: u64,
        /// The least.
        min: u64,
        /// The most.
        max: u64,
    },
    /// A deviation of nothing would let no source be replaced, and one above 1 would let any price through downwards.
    #[error("max_replacement_deviation {0} must be above 0 and at most 1")]
    MaxReplacementDeviation(Ratio),
    /// A denom that can't be one.
    #[error("denom has {length} characters, allowed are 1 to {max}")]
    DenomLength {
        /// Its length.
        length: usize,
        /// The most.
        max: usize,
    },
    /// The chain knows no such address.
    #[error("'{address}' is not an address of this chain")]
    BadAddress {
        /// What was given.
        address: String,
    },
    /// Without a pause between steps every vote of a block takes one, and `max_deviation` limits nothing.
    #[error("source of {denom}: step_interval must be above 0 in production")]
    NoStepInProduction {
        /// The denom.
        denom: String,
    },
    /// A price that stands still has no place in production.
    #[error("source of {denom}: a fixed price is refused in production")]
    FixedInProduction {
        /// The denom.
        denom: String,
    },
    /// A fixed price does not age; with a maximum age it would die and nobody could revive it.
    #[error("source of {denom}: a fixed price does not age, but max_age is {max_age}")]
    FixedWithMaxAge {
        /// The denom.
        denom: String,
        /// The age asked for.
        max_age: u64,
    },
    /// A price that moves and has no maximum age would never go stale.
    #[error("source of {denom}: a price that is not fixed must have a max_age")]
    WithoutMaxAge {
        /// The denom.
        denom: String,
    },
    /// No feeders, or too many.
    #[error("source of {denom}: {count} feeders, allowed are 1 to {max}")]
    FeederCount {
        /// The denom.
        denom: String,
        /// How many were named.
        count: usize,
        /// The most.
        max: usize,
    },
    /// A feeder would have two votes.
    #[error("source of {denom}: feeder {feeder} is named twice")]
    FeederTwice {
        /// The denom.
        denom: String,
        /// The feeder.
        feeder: String,
    },
    /// A quorum that can't be reached, or that two disjoint groups of feeders could reach.
    #[error("source of {denom}: quorum {quorum} of {feeders} feeders is not more than half of them and at most all")]
    Quorum {
        /// The denom.
        denom: String,
        /// The quorum asked for.
        quorum: u8,
        /// How many feeders there are.
        feeders: usize,
    },
    /// A token that can't be.
    #[error("source of {denom}: {decimals} decimals of {token} are above {DECIMALS_MAX}")]
    Decimals {
        /// The denom.
        denom: String,
        /// Which of the pair's tokens.
        token: String,
        /// Its decimals.
        decimals: u8,
    },
    /// A window in which an average costs too little to move, or is too old.
    #[error(
        "source of {denom}: windows of {window} and {max_window} s: the first must be at least {min}, the second at least twice that and at most {max}"
    )]
    Window {
        /// The denom.
        denom: String,
        /// The least asked for.
        window: u64,
        /// The most asked for.
        max_window: u64,
        /// The least allowed.
        min: u64,
        /// The most allowed.
        max: u64,
    },
    /// A pair of nothing would have a price.
    #[error("source of {denom}: least reserves of {min_reserve} and {min_quote_reserve} must both be above 0")]
    NoMinimum {
        /// The denom.
        denom: String,
        /// Of the denom.
        min_reserve: Amount,
        /// Of the other token.
        min_quote_reserve: Amount,
    },
    /// Prices must not rest on each other: what a pair is quoted in needs a source that is no pair.
    #[error("source of {denom}: {quote_denom} has no source here that is not a pair")]
    QuoteSource {
        /// The denom.
        denom: String,
        /// The pair's other token.
        quote_denom: String,
    },
    /// What the pair is quoted in has no price.
    #[error("source of {denom}: price of {quote_denom}: {fault}")]
    QuotePrice {
        /// The denom.
        denom: String,
        /// The pair's other token.
        quote_denom: String,
        /// The guard that its price fails.
        fault: PriceFault,
    },
    /// There is no pair, or it does not answer as one does.
    #[error("source of {denom}: {pair} does not answer with cumulative prices")]
    PairSilent {
        /// The denom.
        denom: String,
        /// Who was asked.
        pair: String,
    },
    /// The pair is of other tokens.
    #[error("source of {denom}: {pair} is not a pair of {denom} and {quote_denom}")]
    PairTokens {
        /// The denom.
        denom: String,
        /// Who was asked.
        pair: String,
        /// The other token that it must have.
        quote_denom: String,
    },
    /// A pair whose price costs nothing to move.
    #[error("source of {denom}: {pair} holds {reserve}{token}, at least {min} are needed")]
    PairThin {
        /// The denom.
        denom: String,
        /// The pair.
        pair: String,
        /// Which of its tokens.
        token: String,
        /// How much it holds.
        reserve: Amount,
        /// How much it must hold.
        min: Amount,
    },
    /// The pair says numbers that make no price.
    #[error("source of {denom}: no price can be made of what {pair} says: {error}")]
    PairPrice {
        /// The denom.
        denom: String,
        /// The pair.
        pair: String,
        /// What went wrong.
        error: MathError,
    },
    /// A source's time never goes back.
    #[error("price of {denom} is of {timestamp}, older than the one published, of {published}")]
    OlderThanPublished {
        /// The denom.
        denom: String,
        /// When it was observed, in seconds.
        timestamp: u64,
        /// When the published one was, in seconds.
        published: u64,
    },
    /// Nobody can publish what feeders must say.
    #[error("denom {denom} has no live source")]
    NotLive {
        /// The denom.
        denom: String,
    },
    /// Nothing, too much at once, or something twice.
    #[error("{count} denoms to publish, allowed are 1 to {max}, each once")]
    DenomCount {
        /// How many there are.
        count: usize,
        /// The most.
        max: usize,
    },
    /// No generation is left to give out.
    #[error("source of {denom} was replaced {generation} times, which is the most")]
    GenerationsExhausted {
        /// The denom.
        denom: String,
        /// The last generation.
        generation: u32,
    },
    /// The oracle has no source for it.
    #[error("denom {denom} has no source")]
    UnknownDenom {
        /// The denom.
        denom: String,
    },
    /// Nothing waits to be applied or cancelled.
    #[error("denom {denom} has no pending source")]
    NoPendingSource {
        /// The denom.
        denom: String,
    },
    /// The delay is not over.
    #[error("pending source of {denom} can be applied from {effective_at} on, it is {now}")]
    TooEarly {
        /// The denom.
        denom: String,
        /// When it can be applied, in seconds.
        effective_at: u64,
        /// The time of this block, in seconds.
        now: u64,
    },
    /// The pending source has no price to go on with.
    #[error("pending source of {denom}: {fault}")]
    PendingPrice {
        /// The denom.
        denom: String,
        /// The guard that its price fails.
        fault: PriceFault,
    },
    /// Replacing the source would move the price further than allowed.
    #[error(
        "pending source of {denom}: its price {new} is more than {max_deviation} away from {old}, the one in force"
    )]
    ReplacementTooFar {
        /// The denom.
        denom: String,
        /// The mid price in force.
        old: Price,
        /// The mid price of the pending source.
        new: Price,
        /// How far it may be, as a share of the old price.
        max_deviation: Ratio,
    },
    /// The sender has no vote on this denom.
    #[error("{sender} is not a feeder of {denom}")]
    NotFeeder {
        /// Who called.
        sender: String,
        /// The denom.
        denom: String,
    },
    /// Nothing, or too much at once.
    #[error("{count} prices in one feed, allowed are 1 to {max}")]
    PriceCount {
        /// How many there are.
        count: usize,
        /// The most.
        max: usize,
    },
    /// Two votes on one denom in one message.
    #[error("denom {denom} is priced twice in one feed")]
    PricedTwice {
        /// The denom.
        denom: String,
    },
    /// The price fails a guard.
    #[error("price of {denom}: {fault}")]
    Price {
        /// The denom.
        denom: String,
        /// The guard.
        fault: PriceFault,
    },
    /// Too much is asked for at once.
    #[error("{asked} denoms asked for, at most {max} are answered")]
    TooManyDenoms {
        /// How many were asked for.
        asked: usize,
        /// The most.
        max: usize,
    },
    /// A page that is too long, or empty.
    #[error("limit {limit} is not between 1 and {max}")]
    Limit {
        /// What was asked for.
        limit: u32,
        /// The most.
        max: u32,
    },
}
