//! Every reason for which the liquidator refuses, with its numbers.

use cosmwasm_std::{StdError, Uint256};
use plimsoll_schema::access::BadAddress;
use plimsoll_schema::funds::FundsSent;
use thiserror::Error;

/// Why a message is refused.
#[derive(Error, Debug)]
#[allow(missing_docs, reason = "the display text names each field")]
pub enum ContractError {
    /// Storage or the chain refused.
    #[error(transparent)]
    Std(#[from] StdError),
    /// No coin may be attached.
    #[error(transparent)]
    FundsSent(#[from] FundsSent),
    /// The chain knows no such address.
    #[error(transparent)]
    BadAddress(#[from] BadAddress),
    /// No item, or too many.
    #[error("{items} items, 1 to {max} are allowed")]
    ItemCount { items: usize, max: usize },
    /// More than can be asked of the items.
    #[error("min_success {min_success} is above the number of items {items}")]
    MinSuccess { min_success: u32, items: usize },
    /// More routes than one message may have.
    #[error("{routes} routes, at most {max} are allowed")]
    RouteCount { routes: usize, max: usize },
    /// No route is named for what an item takes and repays.
    #[error("no route from {collateral_denom} to {debt_denom}")]
    NoRoute { collateral_denom: String, debt_denom: String },
    /// Two routes for the same denoms.
    #[error("two routes from {collateral_denom} to {debt_denom}")]
    RouteTwice { collateral_denom: String, debt_denom: String },
    /// A route that doesn't lead there, comes back to where it was, or has no or too many hops.
    #[error("the route from {collateral_denom} to {debt_denom} must lead there in 1 to {max} different hops")]
    BadRoute { collateral_denom: String, debt_denom: String, max: usize },
    /// What is seized is the very denom of the debt: there is nothing to sell. The pool's `set_off` does that.
    #[error("item {item} repays and takes {denom}")]
    SameDenom { item: usize, denom: String },
    /// A callback or a step that nobody asked for.
    #[error("{sender} may not call this")]
    Unexpected { sender: String },
    /// The pool's event doesn't count the successes of a group.
    #[error("the pool doesn't say how many items of group {group} succeeded")]
    NoCount { group: u64 },
    /// What was sold doesn't cover what the group repaid and the profit asked for.
    #[error("group {group} has {got} {denom}, {wanted} is wanted")]
    Shortfall { group: u32, denom: String, got: Uint256, wanted: Uint256 },
    /// More is left to do after the first group than a chain hands to a reply.
    #[error("the groups after the first have {bytes} bytes together, at most {max} are allowed")]
    Remaining { bytes: usize, max: usize },
    /// Too few items succeeded.
    #[error("{succeeded} items succeeded, {min_success} are wanted")]
    TooFew { succeeded: u32, min_success: u32 },
}
