//! Every reason for which the liquidator refuses, with its numbers.

use cosmwasm_std::StdError;
use plimsoll_risk::units::Amount;
use thiserror::Error;

/// Why a message is refused.
#[derive(Error, Debug)]
pub enum ContractError {
    /// Storage or the chain refused.
    #[error(transparent)]
    Std(#[from] StdError),
    /// No coin may be attached.
    #[error("this message takes no funds, but '{sent}' was sent")]
    NoFunds {
        /// What was sent.
        sent: String,
    },
    /// The chain knows no such address.
    #[error("'{address}' is not an address of this chain")]
    BadAddress {
        /// What was given.
        address: String,
    },
    /// No item, or too many.
    #[error("{items} items, 1 to {max} are allowed")]
    ItemCount {
        /// How many there are.
        items: usize,
        /// The most.
        max: usize,
    },
    /// The same work twice.
    #[error("item {second} repeats item {first}")]
    ItemTwice {
        /// The first of the two.
        first: usize,
        /// The second.
        second: usize,
    },
    /// More than can be asked of the items.
    #[error("min_success {min_success} is above the number of items {items}")]
    MinSuccess {
        /// What was asked for.
        min_success: u32,
        /// How many items there are.
        items: usize,
    },
    /// An item that offers nothing.
    #[error("item {item} offers zero {denom}")]
    ZeroAmount {
        /// Which item.
        item: usize,
        /// Which token.
        denom: String,
    },
    /// Together the items of a group offer more than can be counted.
    #[error("the items that repay {denom} offer more than fits 128 bits")]
    AmountTooLarge {
        /// Which token.
        denom: String,
    },
    /// No route is named for what an item takes and repays.
    #[error("no route from {collateral_denom} to {debt_denom}")]
    NoRoute {
        /// What is taken.
        collateral_denom: String,
        /// What is repaid.
        debt_denom: String,
    },
    /// Two routes for the same denoms.
    #[error("two routes from {collateral_denom} to {debt_denom}")]
    RouteTwice {
        /// What is sold.
        collateral_denom: String,
        /// What is needed.
        debt_denom: String,
    },
    /// A route that doesn't lead there, comes back to where it was, or has no or too many hops.
    #[error("the route from {collateral_denom} to {debt_denom} must lead there in 1 to {max} different hops")]
    BadRoute {
        /// What is sold.
        collateral_denom: String,
        /// What is needed.
        debt_denom: String,
        /// The most hops.
        max: usize,
    },
    /// An account's collateral is the very denom of its debt: nothing is sold, and a loan's fee would be paid from nothing.
    #[error("item {item} repays and takes {denom}")]
    SameDenom {
        /// Which item.
        item: usize,
        /// The denom.
        denom: String,
    },
    /// Work is under way: nobody starts more in the middle of it.
    #[error("work is under way")]
    Busy,
    /// A callback that nobody asked for.
    #[error("{sender} may not call this now")]
    Unexpected {
        /// Who called.
        sender: String,
    },
    /// Not one item of the group succeeded.
    #[error("no item of group {group} succeeded")]
    NothingDone {
        /// Which group.
        group: u32,
    },
    /// What was sold doesn't cover the loan, its fee and the profit asked for.
    #[error("group {group} has {got} {denom}, {wanted} is wanted")]
    Shortfall {
        /// Which group.
        group: u32,
        /// Which token.
        denom: String,
        /// What it has.
        got: String,
        /// Loan, fee and profit.
        wanted: Amount,
    },
    /// Too few items succeeded.
    #[error("{succeeded} items succeeded, {min_success} are wanted")]
    TooFew {
        /// How many did.
        succeeded: u32,
        /// How many must.
        min_success: u32,
    },
}
