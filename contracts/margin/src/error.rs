//! Every reason for which the margin contract refuses, with its numbers.

use cosmwasm_std::{StdError, Uint256};
use plimsoll_risk::math::MathError;
use plimsoll_risk::price::PriceFault;
use plimsoll_risk::units::{Amount, Ratio};
use plimsoll_schema::access::BadAddress;
use plimsoll_schema::funds::FundsSent;
use thiserror::Error;

/// Why a message is refused.
#[derive(Error, Debug)]
#[allow(missing_docs, reason = "the display text names each field")]
pub enum ContractError {
    /// Storage, the chain, the pool or a pair refused.
    #[error(transparent)]
    Std(#[from] StdError),
    /// A computation left its type.
    #[error(transparent)]
    Math(#[from] MathError),
    /// No coin may be attached.
    #[error(transparent)]
    FundsSent(#[from] FundsSent),
    /// The chain knows no such address.
    #[error(transparent)]
    BadAddress(#[from] BadAddress),
    /// The share of a sale that was to be the fee is out of range.
    #[error("a fee of {fee} is zero or above {max}")]
    FeeOutOfRange { fee: Ratio, max: Ratio },
    /// A position is opened with one coin, of one of its denoms.
    #[error("exactly one coin of {collateral_denom} or {debt_denom} opens a position, not '{sent}'")]
    OpeningCoin { collateral_denom: String, debt_denom: String, sent: String },
    /// More than the pool can count.
    #[error("{amount}{denom} does not fit 128 bits")]
    AmountTooLarge { denom: String, amount: Uint256 },
    /// A route that doesn't lead there, comes back to where it was, or has no or too many hops.
    #[error("the hops must lead from {from} to {to}, 1 to {max} of them, through different denoms")]
    BadRoute { from: String, to: String, max: usize },
    /// Nothing would be sold.
    #[error("nothing of {denom} is to be sold")]
    NothingToSell { denom: String },
    /// The pairs return nothing, or no more than the fee.
    #[error("nothing of {denom} would be bought: the pairs return {returned}, the fee is {fee}")]
    NothingBought { denom: String, returned: Amount, fee: Amount },
    /// A leverage of 1 is a position without debt.
    #[error("leverage {leverage} is not above 1: close ends a position")]
    LeverageTooLow { leverage: Ratio },
    /// The account has the leverage already, or what is attached lowers it no more than is asked.
    #[error("nothing is to be borrowed for a leverage of {leverage}")]
    AtLeverage { leverage: Ratio },
    /// Selling costs more of the account's value than it takes off its debt.
    #[error("no sale brings the account to a leverage of {leverage}: it loses more than the debt falls")]
    Unreachable { leverage: Ratio },
    /// A sale of which the loss grows too fast with its size.
    #[error("a leverage of {leverage} was not reached in {rounds} quotes of the pairs")]
    LeverageMissed { leverage: Ratio, rounds: u32 },
    /// Leverage is a matter of prices.
    #[error("no leverage without the price of {denom}: {fault}")]
    Silent { denom: String, fault: PriceFault },
    /// The account has no such deposit.
    #[error("account {account} has no deposit of {denom} to sell")]
    NoDeposit { account: String, denom: String },
    /// The account has no such debt.
    #[error("account {account} has no debt of {denom} to repay")]
    NoDebt { account: String, denom: String },
    /// The account has less than is to be sold.
    #[error("{wanted}{denom} would be sold, the account has {supplied}")]
    InsufficientDeposit { denom: String, wanted: Amount, supplied: Amount },
    /// More debt than the sender allows.
    #[error("{debt}{denom} would be borrowed, max_debt is {max}")]
    MaxDebt { denom: String, debt: Amount, max: Amount },
    /// More is sold than the sender allows.
    #[error("{sold}{denom} would be sold, max_sold is {max}")]
    MaxSold { denom: String, sold: Amount, max: Amount },
    /// Where the account's leverage falls below the wanted one between quote and order, a sale becomes a purchase: only
    /// a bound on what is borrowed guards it.
    #[error("a purchase up to a leverage of {leverage} must name max_debt")]
    MaxDebtMissing { leverage: Ratio },
    /// The worse the price, the more a sale to a leverage sells and returns: only a bound on what is sold guards it.
    #[error("a sale down to a leverage of {leverage} must name max_sold")]
    MaxSoldMissing { leverage: Ratio },
    /// Less comes of it than the sender asks for.
    #[error("{received}{denom} would be received, min_received is {min}")]
    MinReceived { denom: String, received: Amount, min: Amount },
    /// The sale of all there is doesn't pay the debt.
    #[error("the sale returns {returned}{denom}, {owed} is owed")]
    DebtUncovered { denom: String, returned: Amount, owed: Amount },
    /// Pairs whose quotes contradict each other.
    #[error("the pairs ask {offer} for {wanted}{denom}, but return {returned} for it")]
    Underquoted { denom: String, offer: Amount, wanted: Amount, returned: Amount },
    /// A pair paid less than it had said.
    #[error("{got}{denom} is here, {wanted} was foretold")]
    Shortfall { denom: String, got: Uint256, wanted: Uint256 },
    /// A callback that nobody asked for.
    #[error("{sender} may not call this")]
    Unexpected { sender: String },
}
