//! Why the oracle refuses.

use cosmwasm_std::StdError;
use plimsoll_risk::price::{GuardsError, PriceFault};
use plimsoll_risk::units::{Price, Ratio};
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
    /// A feed without a maximum age would never go stale.
    #[error("source of {denom}: a feed must have a max_age")]
    FeedWithoutMaxAge {
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
    #[error("{asked} {what} asked for, at most {max} are answered")]
    TooMany {
        /// Of what: `denoms` or `sources`.
        what: &'static str,
        /// How many were asked for.
        asked: usize,
        /// The most.
        max: usize,
    },
}
