//! Why the pair refuses.

use cosmwasm_std::StdError;
use plimsoll_risk::math::MathError;
use plimsoll_risk::swap::SwapError;
use plimsoll_risk::units::{Amount, LpShares, Ratio};
use plimsoll_schema::access::BadAddress;
use plimsoll_schema::funds::FundsSent;
use thiserror::Error;

/// Why the pair refuses. Each error names the fact with its numbers.
#[derive(Error, Debug)]
#[allow(missing_docs, reason = "the display text names each field")]
pub enum ContractError {
    /// The chain's or the storage's own errors.
    #[error(transparent)]
    Std(#[from] StdError),
    /// A computation left its type.
    #[error(transparent)]
    Math(#[from] MathError),
    /// The market's own refusals.
    #[error(transparent)]
    Swap(#[from] SwapError),

    /// A pair is of two.
    #[error("a pair has two tokens, {count} were named")]
    TokenCount { count: usize },
    /// The same token would be both.
    #[error("both tokens of the pair are {denom}")]
    SameToken { denom: String },
    /// A denom that no bank knows.
    #[error("a denom has 1 to {max} characters, '{denom}' has {length}")]
    DenomLength { denom: String, length: usize, max: usize },
    /// So high a fee is a mistake.
    #[error("fee {fee} is above {max}")]
    Fee { fee: Ratio, max: Ratio },
    /// Only the bank's tokens are traded.
    #[error("'{contract_addr}' is a cw20 token, the pair trades native ones only")]
    Cw20 { contract_addr: String },
    /// The pair doesn't trade it.
    #[error("'{denom}' is not traded here, the pair is {first} and {second}")]
    UnknownDenom { denom: String, first: String, second: String },
    /// A token would be swapped for itself.
    #[error("{denom} can't be swapped for itself")]
    SameAsk { denom: String },
    /// Both tokens must be named, each once.
    #[error("{field} must name both tokens once, not '{named}'")]
    BothTokens { field: &'static str, named: String },
    /// Nothing of a token.
    #[error("amount of {denom} is zero")]
    ZeroAmount { denom: String },
    /// No coin may be attached.
    #[error(transparent)]
    FundsSent(#[from] FundsSent),
    /// The coins attached are not those that the message names.
    #[error("the message takes exactly '{wanted}', but '{sent}' was sent")]
    Funds { wanted: String, sent: String },
    /// The chain knows no such address.
    #[error(transparent)]
    BadAddress(#[from] BadAddress),
    /// There is nothing to stake shares in.
    #[error("shares can't be staked: auto_stake is not supported")]
    AutoStake,
    /// The provider wanted more shares.
    #[error("{shares} shares are minted, at least {wanted} were wanted")]
    FewerShares { shares: LpShares, wanted: LpShares },
    /// Only both tokens together can be withdrawn.
    #[error("withdrawing an unbalanced '{assets}' is not supported")]
    Unbalanced { assets: String },
    /// No shares are burnt.
    #[error("no shares to withdraw: the sender has {held}")]
    NoShares { held: LpShares },
    /// The sender hasn't that many.
    #[error("insufficient shares: wanted {wanted}, the sender has {held}")]
    InsufficientShares { wanted: LpShares, held: LpShares },
    /// The provider wanted more for their shares.
    #[error("{paid} {denom} would be paid, at least {wanted} were wanted")]
    PaysLess { denom: String, paid: Amount, wanted: Amount },
}
