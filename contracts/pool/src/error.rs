//! Every reason for which the pool refuses, with its numbers.

use cosmwasm_std::StdError;
use plimsoll_risk::account::AccountError;
use plimsoll_risk::heartbeat::{GAP_MIN, GRACE_MAX, HaltGrace};
use plimsoll_risk::liquidation::LiquidationError;
use plimsoll_risk::market::MarketError;
use plimsoll_risk::math::MathError;
use plimsoll_risk::params::{AssetId, ParamsError};
use plimsoll_risk::price::PriceFault;
use plimsoll_risk::units::{Amount, Ratio, ScaledDebt, SupplyShares, Value};
use plimsoll_schema::access::BadAddress;
use plimsoll_schema::funds::FundsSent;
use plimsoll_schema::ownership::OwnershipError;
use plimsoll_schema::pool::Expiry;
use thiserror::Error;

/// Why a message or a query is refused.
#[derive(Error, Debug)]
#[allow(missing_docs, reason = "the display text names each field")]
pub enum ContractError {
    /// Storage or the chain refused.
    #[error(transparent)]
    Std(#[from] StdError),
    /// A computation left its type.
    #[error(transparent)]
    Math(#[from] MathError),
    /// A market refused.
    #[error("market: {0}")]
    Market(MarketError),
    /// An account refused.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// Parameters are out of range.
    #[error(transparent)]
    Params(#[from] ParamsError),
    /// Only the owner, or the proposed one, may do this.
    #[error(transparent)]
    Ownership(#[from] OwnershipError),
    /// Nothing can be liquidated.
    #[error(transparent)]
    Liquidation(LiquidationError),

    /// Exactly one coin must be attached.
    #[error("exactly one coin must be sent, not '{sent}'")]
    OneCoin { sent: String },
    /// No coin may be attached.
    #[error(transparent)]
    FundsSent(#[from] FundsSent),
    /// The chain knows no such address.
    #[error(transparent)]
    BadAddress(#[from] BadAddress),
    /// Coins that the pool sends itself are lost to everybody.
    #[error("the recipient is the pool itself, {pool}: what it got would be nobody's")]
    PoolAsRecipient { pool: String },
    /// Longer than any address.
    #[error("an address has at most {max} characters, not {length}")]
    AddressLength { length: usize, max: usize },
    /// Nothing is asked for.
    #[error("amount of {denom} is zero")]
    ZeroAmount { denom: String },
    /// More than the pool can count.
    #[error("amount {amount} {denom} does not fit 128 bits")]
    AmountTooLarge { denom: String, amount: String },
    /// The pool has no such market.
    #[error("'{denom}' is not listed")]
    UnknownDenom { denom: String },
    /// An account names a market that does not exist.
    #[error("asset {} is not listed", .0.0)]
    UnknownAsset(AssetId),
    /// The market exists already.
    #[error("'{denom}' is listed already")]
    AlreadyListed { denom: String },
    /// A denom that no bank knows.
    #[error("a denom has 1 to 128 characters, '{denom}' has {length}")]
    DenomLength { denom: String, length: usize },
    /// As many assets as numbers.
    #[error("no more assets can be listed")]
    TooManyAssets,

    /// Stopped by the guardian or the owner.
    #[error("{action} of {denom} is stopped")]
    Stopped { action: &'static str, denom: String },
    /// The supply cap would be passed.
    #[error("supply cap of {denom} is {cap}, a deposit of {wanted} finds {supplied} supplied")]
    SupplyCap { denom: String, cap: Amount, wanted: Amount, supplied: Amount },
    /// The borrow cap would be passed.
    #[error("borrow cap of {denom} is {cap}, {wanted} would be owed")]
    BorrowCap { denom: String, cap: Amount, wanted: Amount },
    /// More of the market would be lent out than its parameters allow: what is left is for lenders who leave and for
    /// liquidations.
    #[error("utilization of {denom} would be {utilization}, at most {max} is allowed after a borrow")]
    BorrowUtilization { denom: String, utilization: Ratio, max: Ratio },
    /// The market can't pay that much at this moment.
    #[error("insufficient liquidity: wanted {wanted} {denom}, available {available}")]
    InsufficientLiquidity { denom: String, wanted: Amount, available: Amount },
    /// More would leave the market, on balance, than its outflow limit allows now. `more` may leave at `at`, while nobody
    /// else does anything in the market.
    #[error("outflow limit of {denom}: {wanted} would leave, {free} may leave now and {more} at {at}")]
    OutflowLimit { denom: String, wanted: Amount, free: Amount, more: Amount, at: u64 },
    /// The account has not supplied that much.
    #[error("insufficient deposit: wanted {wanted} {denom}, supplied {supplied}")]
    InsufficientDeposit { denom: String, wanted: Amount, supplied: Amount },
    /// The account has no deposit of this denom.
    #[error("account {account} has no deposit of {denom}")]
    NoDeposit { account: String, denom: String },
    /// Not that many shares, or none.
    #[error("account {account} can transfer 1 to {held} shares of {denom}, not {wanted}")]
    Shares { account: String, denom: String, wanted: SupplyShares, held: SupplyShares },
    /// A transfer that moves nothing.
    #[error("account {account} can't transfer shares to itself")]
    TransferToItself { account: String },
    /// `max` comes to nothing.
    #[error("nothing of {denom} can be {done}")]
    MaxIsZero { done: &'static str, denom: String },
    /// The account has no debt of this denom.
    #[error("account {account} has no debt of {denom}")]
    NoDebt { account: String, denom: String },
    /// A repayment so small that rounding leaves nothing of it.
    #[error("{amount} {denom} repays nothing")]
    RepaysNothing { denom: String, amount: Amount },
    /// Only an account's owner, or their operator, opens a slot in it.
    #[error("account {account} has no slot for {denom}, and only its owner or their operator can open one")]
    ForeignSlot { account: String, denom: String },
    /// Others act on an account with a grant only.
    #[error("{sender} is no operator of account {account}")]
    NoGrant { sender: String, account: String },
    /// A grant holds no longer.
    #[error("the grant of {sender} on account {account} ended at {ended}")]
    GrantEnded { sender: String, account: String, ended: Expiry },
    /// The grant is for something else.
    #[error("{sender} acts on account {account} without the scope {scope}")]
    OutOfScope { sender: String, account: String, scope: &'static str },
    /// A debt that stands alone, beside another.
    #[error("account {account} can't owe {other}: {denom} is siloed, and stands alone as debt")]
    Siloed { account: String, denom: String, other: String },
    /// A collateral that counts alone, beside another.
    #[error("{denom} is isolated and counts alone: switch it or the other collateral of account {account} off")]
    Isolated { account: String, denom: String },
    /// More debt against an isolated collateral than its owner allows.
    #[error("scaled debt of {wanted} {denom} against {collateral} would be above its ceiling of {ceiling}")]
    DebtCeiling { denom: String, collateral: String, ceiling: ScaledDebt, wanted: ScaledDebt },
    /// Two ceilings for one denom.
    #[error("'{denom}' has two debt ceilings")]
    DoubledCeiling { denom: String },
    /// A grant that never holds.
    #[error("the grant would have ended already, at {expiry}")]
    ExpiryPast { expiry: Expiry },
    /// Nobody is their own operator, and the pool acts on no account of its own accord.
    #[error("{operator} can't be an operator: neither the account's owner nor the pool can")]
    NotAnOperator { operator: String },
    /// What an account owes is never its collateral.
    #[error("account {account} owes {denom}, so its deposit of it can't be collateral")]
    OwedCollateral { account: String, denom: String },
    /// The debt would be above what may be borrowed.
    #[error("debt of {debt} would be above the borrow limit of {limit}")]
    AboveMaxLtv { debt: Value, limit: Value },
    /// A debt too small to be worth a liquidation.
    #[error("debt of {denom} would be worth {value}, at least {min} is asked")]
    BelowMinDebt { denom: String, value: Value, min: Value },
    /// A price that is needed is silent.
    #[error("price of {denom}: {fault}")]
    Price { denom: String, fault: PriceFault },
    /// Health can't be bought with a token whose settled price has not yet reached what was observed.
    #[error(
        "price of {denom} is lent against at much less than it counts for: it can't add to an indebted account's health now"
    )]
    PriceAhead { denom: String },
    /// Shares that a live source prices give an indebted account no health in a message that doesn't ask the source.
    #[error(
        "price of {denom} is live, and a liquidation doesn't ask it: shares of it can't add to an indebted account's health"
    )]
    PriceUnasked { denom: String },
    /// Prices were not told for too long: nothing is borrowed in the grace after a halt.
    #[error("the oracle was halted: until the grace is over nothing is borrowed, and no indebted account is lowered")]
    Halted,
    /// One more token whose price is asked for at every borrow.
    #[error("account has {max} tokens with live prices already, {denom} would be one more")]
    LivePrices { denom: String, max: usize },
    /// A deposit that passes a stop or a cap, and is more than brings the account back within its max LTV.
    #[error(
        "a deposit of {wanted}{denom} passes a stop or the supply cap only as far as it brings an account back within its max LTV"
    )]
    RescueTooLarge { denom: String, wanted: Amount },
    /// A part repayment that leaves a debt too small to be worth a liquidation.
    #[error("rest of the debt of {denom} would be worth {value}: repay all of it, or leave at least {min}")]
    RestBelowMinDebt { denom: String, value: Value, min: Value },
    /// A token of which one base unit may be worth more than dust: its last unit could never be liquidated.
    #[error("one base unit of {denom} may be worth {value}, more than the dust value {dust}")]
    IndivisibleUnit {
        denom: String,
        /// The most that a base unit may be worth.
        value: Value,
        dust: Value,
    },

    /// Nobody liquidates themselves, nor to the benefit of the liquidated.
    #[error("{address} can't liquidate itself or receive what is taken from it")]
    SelfLiquidation { address: String },
    /// A debt and a deposit of one denom are set off against each other, without a bonus.
    #[error("{denom} is both debt and collateral: use set_off, which moves no coins and pays no bonus")]
    SameDenom { denom: String },
    /// The liquidator would get less than they ask for.
    #[error("liquidation yields {got} {denom}, at least {wanted} is asked")]
    MinReceive { denom: String, got: Amount, wanted: Amount },
    /// The account can still be liquidated, or has no debt.
    #[error("not bad debt: collateral {collateral}, debt {debt}, dust {dust}")]
    NotBadDebt { collateral: Value, debt: Value, dust: Value },

    /// No such flash loan is open.
    #[error("flash loan {id} is not open")]
    NoLoan { id: u64 },
    /// Only who asked for a flash loan repays it.
    #[error("{sender} did not open flash loan {id}")]
    ForeignLoan { id: u64, sender: String },
    /// The coin is not that of the loan.
    #[error("flash loan {id} is in {wanted}, not in {sent}")]
    LoanDenom { id: u64, wanted: String, sent: String },
    /// The coin does not cover loan and fee.
    #[error("flash loan {id} wants {wanted} {denom} back, {sent} was sent")]
    LoanAmount { id: u64, denom: String, wanted: Amount, sent: Amount },
    /// The callback ended and the loan is still open.
    #[error("flash loan {id} is not repaid")]
    LoanNotRepaid { id: u64 },
    /// The code can't change under an open flash loan.
    #[error("flash loan {id} is open")]
    LoanOpen { id: u64 },
    /// No such batch waits to be repaid.
    #[error("batch {id} has nothing to be repaid")]
    NoBatch { id: u64 },
    /// Only the contract that a batch called back repays it.
    #[error("{sender} was not called back by batch {id}")]
    ForeignBatch { id: u64, sender: String },
    /// The coins are not exactly those that the callback is to bring.
    #[error("batch {id} wants '{wanted}' back, '{sent}' was sent")]
    BatchAmount { id: u64, wanted: String, sent: String },
    /// The callback ended and has not brought what it is to bring.
    #[error("batch {id} is not repaid")]
    BatchNotRepaid { id: u64 },
    /// In the callback of a batch there is no other; and the code can't change under it.
    #[error("batch {id} waits for its callback")]
    BatchOpen { id: u64 },
    /// Nobody acts on an account while its batch waits for a callback.
    #[error("account {account} is in a batch that waits for its callback")]
    AccountBusy { account: String },
    /// What a callback is to bring would be paid out before: a flash loan for nothing.
    #[error("the callback is to bring {denom}, so none of it is paid out")]
    PaidAndDue { denom: String },
    /// A callback brings coins and is paid in coins.
    #[error("with a callback collateral is not taken as shares")]
    SharesWithCallback,
    /// A batch of no liquidations, or of too many.
    #[error("{items} items, 1 to {max} are allowed")]
    ItemCount { items: usize, max: usize },
    /// More than can be asked of the items.
    #[error("min_success {min_success} is above the number of items {items}")]
    MinSuccess { min_success: u32, items: usize },
    /// Too few items succeeded.
    #[error("{succeeded} items succeeded, {min_success} are wanted; the first that failed: {first}")]
    TooFew { succeeded: u32, min_success: u32, first: String },
    /// Nothing is left of what an item would repay with.
    #[error("the purse has no {denom} left")]
    PurseEmpty { denom: String },
    /// A batch of nothing, or of too much.
    #[error("a batch has 1 to {max} actions, not {actions}")]
    BatchLength { actions: usize, max: usize },
    /// The purse does not hold what an action takes from it.
    #[error("the purse has {left} {denom} left, {wanted} is wanted")]
    Purse { denom: String, wanted: Amount, left: Amount },
    /// A denom that was attached twice.
    #[error("'{sent}' names a denom twice")]
    DoubledCoin { sent: String },
    /// The caller does not have the role.
    #[error("{sender} is not the {role}")]
    Unauthorized { sender: String, role: &'static str },
    /// The risk manager may only lower caps, the most utilization among them, max LTV and threshold.
    #[error("the risk manager may not change {name} so: only caps, max LTV and threshold, and only downwards")]
    NotTightening { name: &'static str },
    /// The target health factor must leave the account healthy.
    #[error("target_health_factor {0} is not above 1 and at most 10")]
    TargetHealthFactor(Ratio),
    /// A new debt must not be dust.
    #[error("min_debt_value {min_debt} is not above dust_value {dust}, or dust_value is zero")]
    MinDebt { min_debt: Value, dust: Value },
    /// Reserves leave with notice.
    #[error("reserves_delay of {0} seconds is not between a day and a year")]
    ReservesDelay(u64),
    /// Nothing was announced.
    #[error("no withdrawal of {denom} reserves was announced")]
    NoReservesRequest { denom: String },
    /// The delay has not passed, or what was due is paid and the next part's day has not come.
    #[error("reserves of {denom} can be withdrawn from {effective_at} on, it is {now}")]
    ReservesTooEarly { denom: String, effective_at: u64, now: u64 },
    /// The announcement is too old.
    #[error("the announced withdrawal of {denom} reserves expired at {expired_at}, it is {now}")]
    ReservesTooLate { denom: String, expired_at: u64, now: u64 },
    /// `update_config` leaves the oracle as it is.
    #[error("the oracle is changed by update_oracle, with notice; it is {oracle}")]
    OracleChange { oracle: String },
    /// The delay has not passed.
    #[error("the oracle can be changed from {effective_at} on, it is {now}")]
    OracleTooEarly { effective_at: u64, now: u64 },
    /// The delay of a change of the oracle is out of range.
    #[error("oracle_delay {0} is above 30 days")]
    OracleDelay(u64),
    /// The grace after a halt is out of range.
    #[error("halt_grace: gap {} and grace {} must both be 0, or gap at least {GAP_MIN} and grace at most {GRACE_MAX}", .0.gap, .0.grace)]
    HaltGrace(HaltGrace),
    /// The pool's halt is not the oracle's gap.
    #[error("halt_grace.gap {pool} is not the oracle's heartbeat gap {oracle}")]
    HaltGap { pool: u64, oracle: u64 },
    /// A value above which an account of value could be taken for dust.
    #[error("{name} {value} is above {max}")]
    ValueTooHigh { name: &'static str, value: Value, max: Value },
    /// Some reserves must stay.
    #[error("{wanted} of the reserves of {reserves} {denom} can't go, {floor} must stay")]
    ReserveFloor { denom: String, wanted: Amount, reserves: Amount, floor: Amount },
    /// A page that is too long, or empty.
    #[error("limit {limit} is not between 1 and {max}")]
    Limit { limit: u64, max: u32 },
}
