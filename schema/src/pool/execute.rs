//! What may be asked of the pool.

use cosmwasm_std::{Binary, Coin};
use plimsoll_risk::units::{Amount, SupplyShares};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::amount::AmountOrMax;
use super::asset::{AssetChanges, NewAsset};
#[cfg(doc)]
use super::operator::Scope;
use super::operator::SetOperator;
#[cfg(doc)]
use super::receiver::{BatchReceiver, FlashLoanReceiver};
use super::setup::Config;
use super::subject::{Listed, UserAccount, UserAsset};
use crate::ownership::OwnerUpdate;

/// What may be asked of the pool.
///
/// `account_id` is 0 when left out. `deposit`, `repay`, `liquidate`, `repay_flash_loan` and `cover` take exactly one
/// coin, `batch`, `liquidate_batch` without a callback and `repay_batch` any number of different ones; every other
/// message takes none.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(remote = "Self", rename_all = "snake_case", deny_unknown_fields)]
pub enum ExecuteMsg {
    /// Supplies the attached coin. A first deposit counts as collateral, unless the account owes that denom. In
    /// another's account only an operator with [`Scope::OpenSlot`] opens a slot.
    Deposit(OnBehalf),
    /// Takes a deposit out, within the market's outflow limit. Checked against max LTV when the account has debt.
    Withdraw(Withdraw),
    /// Borrows against the account's collateral, within max LTV and the market's `max_borrow_utilization` and outflow
    /// limit. Interest of a minute is owed at once, rounded down. A deposit of the same denom stops counting as collateral.
    Borrow(Borrow),
    /// Repays with the attached coin. What it clears is rounded down, what is taken for that is rounded up, and the
    /// rest is returned to the sender.
    Repay(OnBehalf),
    /// Lets a deposit count as collateral or not.
    UpdateAssetCollateralStatus(CollateralStatus),
    /// Moves a deposit of the sender's to another account.
    TransferShares(TransferShares),
    /// Lets another act on one of the sender's accounts. Replaces what that operator might do there before. An operator
    /// can't do this.
    SetOperator(SetOperator),
    /// Ends every grant of the sender's, on all their accounts.
    RevokeAll {},
    /// Repays a debt of an account below health factor 1 with the attached coin and takes collateral for it, with a
    /// bonus. Coins that are not needed are returned to the sender. Refused where both are of one denom: that is for
    /// `set_off`.
    Liquidate {
        /// The account's owner; not the sender, nor the recipient.
        user: String,
        /// Which of their accounts.
        account_id: Option<u32>,
        /// What to take.
        collateral_denom: String,
        /// Who receives it; the sender when left out. Another than the sender receives shares only into a slot that
        /// they have.
        recipient: Option<String>,
        /// As what; underlying when left out: the liquidation is then sized by the cash of the collateral's market.
        receive: Option<Receive>,
        /// Whether underlying that the market can't pay is taken as shares instead; no when left out.
        allow_shares: Option<bool>,
        /// Fail unless the recipient gets at least this much, in base units of the collateral; shares count with what
        /// they are worth.
        min_receive: Option<Amount>,
    },
    /// Many liquidations and write-offs in one message: see [`LiquidateBatch`].
    LiquidateBatch(LiquidateBatch),
    /// Brings what a batch's callback is to bring, all of it and nothing else, as the attached coins; by the contract
    /// that was called back.
    RepayBatch(LoanId),
    /// The pool itself, after a batch's callback: fails unless the batch is repaid, and the accounts of a `batch` are
    /// within max LTV.
    FinishBatch(LoanId),
    /// Writes off what an account owes and can't pay: its collateral below the dust value is swept to reserves, and
    /// reserves, then suppliers, bear the debt.
    WriteOff(UserAccount),
    /// Anyone: has an account's deposit of a denom pay its debt in the same denom, as far as it goes, when the account
    /// is below health factor 1. No coins move and nobody earns by it. A rest of debt that nothing of value stands
    /// against is written off in the same transaction.
    SetOff(UserAsset),
    /// Several actions, in order, all or none, each on an account on which the sender may do it. `deposit` and `repay`
    /// take their coin from one purse, the attached funds, and what is left of it is returned. What is withdrawn and borrowed is paid out at
    /// the end and does not go into the purse. Every account whose borrowing power fell or whose debt rose is checked
    /// against max LTV at the end.
    Batch {
        /// At most [`BATCH_MAX`].
        actions: Vec<BatchAction>,
        /// With it, the sender, a contract, is paid and then called back with [`BatchReceiver`], which carries this.
        /// What the purse lacks for `deposit` and `repay` it brings with `repay_batch` by the end of that call; health
        /// is checked after it. Until then no other message acts on these accounts, and `batch` is refused. No denom is
        /// paid out that is to be brought.
        callback: Option<Binary>,
    },
    /// Lends coins for the length of this call. The sender, a contract, is called back with [`FlashLoanReceiver`], and
    /// the whole fails unless it repays the loan with its fee by then. Several loans may be open at once.
    FlashLoan {
        /// What is lent.
        coin: Coin,
        /// What the callback carries, untouched.
        msg: Binary,
    },
    /// Repays a flash loan with its fee, with the attached coin; by the contract that opened it. What is too much is
    /// returned.
    RepayFlashLoan(LoanId),
    /// Anyone: fails while this flash loan is open. The pool sends it to itself after the callback.
    AssertFlashLoanRepaid(LoanId),
    /// Gives the attached coin away, for nothing in return.
    Cover {
        /// Who has it; reserves when left out.
        beneficiary: Option<Beneficiary>,
    },
    /// Owner: lists an asset. The oracle must price it.
    InitAsset {
        /// The parameters, the denom among them.
        params: NewAsset,
    },
    /// Owner: changes an asset's parameters. Risk manager: only caps, max LTV and `max_borrow_utilization` downwards,
    /// and the threshold downwards.
    UpdateAsset {
        /// Which token.
        denom: String,
        /// What changes; what is left out stays.
        changes: AssetChanges,
    },
    /// Guardian or owner: stops deposits, borrowing or flash loans, in one market or in all.
    Pause {
        /// Which market; all when left out.
        denom: Option<String>,
        /// Stop deposits. Enabled collateral of an indebted account can still be topped up.
        deposit: bool,
        /// Stop new debt.
        borrow: bool,
        /// Stop flash loans.
        flash_loan: bool,
    },
    /// Owner: opens what is named in a market again; the rest stays as it is.
    Unpause {
        /// Which market.
        denom: String,
        /// Take deposits.
        deposit: bool,
        /// Give new debt.
        borrow: bool,
        /// Give flash loans.
        flash_loan: bool,
    },
    /// Owner: replaces the settings; the oracle among them stays as it is.
    UpdateConfig {
        /// All of them.
        config: Config,
    },
    /// Owner: changes the oracle. The first call announces it; the same call again, once `oracle_delay` has passed and
    /// within a week from then, does it. By then the new oracle must know a price of every listed asset. Without a
    /// delay the first call does it.
    UpdateOracle {
        /// The new oracle.
        oracle: String,
    },
    /// Owner: replaces the roles; `None` leaves a role to nobody.
    UpdateRoles {
        /// Who may tighten.
        risk_manager: Option<String>,
        /// Who may stop.
        guardian: Option<String>,
    },
    /// Hands the contract over.
    UpdateOwner(OwnerUpdate),
    /// Owner: announces a withdrawal of reserves that are there; one per market at a time, a new one replaces the old.
    /// Every debt that is written off in the market from then on lowers it by as much. It is paid in seven daily parts
    /// and expires a week after the first could be paid.
    RequestReserves {
        /// Which token.
        denom: String,
        /// How much.
        amount: Amount,
        /// Who receives it.
        recipient: String,
    },
    /// Owner: takes the announcement back.
    CancelReserves(Listed),
    /// Anyone: pays what is due of announced reserves and not yet paid, to whom the announcement names: once the delay
    /// has passed a seventh, and another each day after. The floor stays in.
    WithdrawReserves(Listed),
}

// Fields that several messages have in common stand in a type of their own: each type is read by code of its own, a
// kilobyte and more.

/// Which account a coin is for.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct OnBehalf {
    /// Which of the owner's accounts.
    pub account_id: Option<u32>,
    /// Whose account; the sender's when left out.
    pub on_behalf_of: Option<String>,
}

/// What is withdrawn. On behalf of another it takes [`Scope::WithdrawToOwner`] or [`Scope::WithdrawAnywhere`].
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Withdraw {
    /// Which token.
    pub denom: String,
    /// How much; `None` is all that can be paid: the whole claim, or all the cash when that is less. `"max"` is what of
    /// that leaves the account within max LTV.
    pub amount: Option<AmountOrMax>,
    /// Who receives it; the account's owner when left out.
    pub recipient: Option<String>,
    /// Which of the owner's accounts.
    pub account_id: Option<u32>,
    /// Whose account; the sender's when left out.
    pub on_behalf_of: Option<String>,
}

/// What is borrowed. On behalf of another it takes [`Scope::BorrowToOwner`] or [`Scope::BorrowAnywhere`].
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Borrow {
    /// Which token.
    pub denom: String,
    /// How much; `"max"` is all that max LTV, the market's cash and its limits allow.
    pub amount: AmountOrMax,
    /// Who receives it; the account's owner when left out.
    pub recipient: Option<String>,
    /// Which of the owner's accounts.
    pub account_id: Option<u32>,
    /// Whose account; the sender's when left out.
    pub on_behalf_of: Option<String>,
}

/// Whether a deposit counts as collateral. On behalf of another it takes [`Scope::CollateralStatus`].
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct CollateralStatus {
    /// Which token.
    pub denom: String,
    /// Whether it counts.
    pub enable: bool,
    /// Which of the owner's accounts.
    pub account_id: Option<u32>,
    /// Whose account; the sender's when left out.
    pub on_behalf_of: Option<String>,
}

/// What moves from an account of the sender's to another account, as supply shares. Checked against max LTV as a
/// withdrawal is. Another than the sender receives shares only into a slot that they have.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct TransferShares {
    /// Which token.
    pub denom: String,
    /// How many shares; all when left out.
    pub shares: Option<SupplyShares>,
    /// From which of the sender's accounts.
    pub account_id: Option<u32>,
    /// To whose account; the sender's when left out.
    pub recipient: Option<String>,
    /// To which of the recipient's accounts. Not the very account that gives.
    pub recipient_account_id: Option<u32>,
}

/// A coin of a batch's purse.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct FromPurse {
    /// How much of what.
    pub coin: Coin,
    /// For which of the owner's accounts.
    pub account_id: Option<u32>,
    /// Whose account; the sender's when left out.
    pub on_behalf_of: Option<String>,
}

/// The most items of one [`LiquidateBatch`]: with 20,000 gas each they stay below the smallest block gas limits in use,
/// and what the pool holds in memory for them stays below a megabyte.
pub const LIQUIDATION_ITEMS_MAX: usize = 250;

/// Liquidations and write-offs, one after another. Each finds what the items before it left; one that fails changes
/// nothing, and stands in its event with its reason. Prices are those that are published: no live source is asked. What
/// is repaid, seized and returned moves in one payment a recipient.
///
/// Without a callback the attached coins pay, of any number of denoms; what is seized pays for nothing, and what is
/// left is returned. With a callback no coin is attached: the sender, a contract, is paid what was seized, called back
/// with [`BatchReceiver`], and brings what was repaid with `repay_batch` by the end of that call, or the whole fails.
/// That takes no fee, no flash loan, and no cash of the debts' markets. There is no callback where nothing was repaid.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct LiquidateBatch {
    /// 1 to [`LIQUIDATION_ITEMS_MAX`]; an account may come several times.
    pub items: Vec<LiquidationItem>,
    /// Who receives what is seized; the sender when left out. Another than the sender receives shares only into a slot
    /// that they have.
    pub recipient: Option<String>,
    /// As what; underlying when left out: each item is then sized by the cash of the collateral's market at that item.
    pub receive: Option<Receive>,
    /// Whether underlying that a market can't pay is taken as shares instead; no when left out. Refused with a
    /// callback, as is [`Receive::Shares`].
    pub allow_shares: Option<bool>,
    /// The whole fails when fewer items succeed; 1 when left out. An item that the cash or the purse bounds succeeds
    /// with whatever little it brings: `min_receive` guards against that.
    pub min_success: Option<u32>,
    /// What the callback carries, untouched; no callback when left out.
    pub callback: Option<Binary>,
}

/// One piece of work of a [`LiquidateBatch`].
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum LiquidationItem {
    /// As [`ExecuteMsg::Liquidate`].
    Liquidate(LiquidateItem),
    /// As [`ExecuteMsg::WriteOff`].
    WriteOff(UserAccount),
}

/// A liquidation among others.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct LiquidateItem {
    /// The account's owner; not the sender, nor the recipient.
    pub user: String,
    /// Which of the owner's accounts; 0 when left out.
    pub account_id: Option<u32>,
    /// What to take.
    pub collateral_denom: String,
    /// What to repay.
    pub debt_denom: String,
    /// The most to repay; when left out, all that is left of the attached coin, or all of the debt with a callback.
    pub max_repay: Option<Amount>,
    /// The item fails when it yields less, in base units of the collateral; shares count with what they are worth.
    pub min_receive: Option<Amount>,
}

/// A flash loan, or a batch with a callback. They are counted together.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct LoanId {
    /// Which.
    pub id: u64,
}

/// The most actions in one batch.
pub const BATCH_MAX: usize = 16;

/// One action of a batch.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum BatchAction {
    /// As [`ExecuteMsg::Deposit`], with a coin from the purse.
    Deposit(FromPurse),
    /// As [`ExecuteMsg::Withdraw`].
    Withdraw(Withdraw),
    /// As [`ExecuteMsg::Borrow`].
    Borrow(Borrow),
    /// As [`ExecuteMsg::Repay`], with a coin from the purse. What exceeds the debt stays in the purse.
    Repay(FromPurse),
    /// As [`ExecuteMsg::UpdateAssetCollateralStatus`].
    UpdateAssetCollateralStatus(CollateralStatus),
    /// As [`ExecuteMsg::TransferShares`].
    TransferShares(TransferShares),
}

/// Who has what is given away.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Beneficiary {
    /// The market's reserves: they bear losses before suppliers do.
    #[default]
    Reserves,
    /// The market's suppliers: their shares are worth more. Refused where there are none.
    Suppliers,
}

/// As what a liquidator takes the collateral.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Receive {
    /// Tokens, as far as the market can pay them at this moment.
    #[default]
    Underlying,
    /// Supply shares.
    Shares,
}
