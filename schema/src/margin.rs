//! The margin contract's interface: leveraged positions in the sender's own pool accounts, one transaction each.

use cosmwasm_std::{Binary, Coin};
use plimsoll_risk::units::{Amount, Ratio};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::pool::{BatchAction, Scope, UserPositionResponse};
pub use crate::route::{HOPS_MAX, Hop};

/// What an account's owner grants the contract in the pool, best for `this_block` in the same transaction: it deposits,
/// withdraws to itself and borrows to itself, and acts for nobody but the account's owner.
pub const SCOPES: [Scope; 3] = [Scope::OpenSlot, Scope::WithdrawAnywhere, Scope::BorrowAnywhere];
/// The highest fee.
pub const FEE_MAX: Ratio = Ratio::percent(1);

/// Sets a margin contract up. It has no owner. Nothing of this can be changed later, except by a migration, which is
/// the right of the contract's admin on the chain.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct InstantiateMsg {
    /// The pool in which it opens positions.
    pub pool: String,
    /// What each message costs beside gas and the pairs' fees; nothing when left out.
    pub fee: Option<Fee>,
}

/// A fee on what a sale returns.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Fee {
    /// The share, rounded up; at most [`FEE_MAX`].
    pub share: Ratio,
    /// Who gets it. **The recipient must be able to receive every denom.** Where the bank module refuses transfers
    /// to it, every order fails until a migration.
    pub recipient: String,
}

/// What may be asked of the margin contract. Each message but the callback acts on the sender's own account, of which
/// the sender has granted it [`SCOPES`]. `open` takes exactly one coin, every other message none. Nothing stays inside:
/// what is left of a sale goes to the sender, with whatever else the contract holds of the route's denoms.
///
/// **Take the limits from a quote, and never leave them at zero.** Whoever trades in the pairs just before moves what a
/// message pays and gets, and a contract that only poses as a pair may keep all that is sold to it.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ExecuteMsg {
    /// Deposits the attached coin and what is bought with a debt.
    Open(Open),
    /// Adds to a position, or takes from it, out of what it holds.
    Adjust(Adjust),
    /// Repays all of a debt out of a collateral.
    Close(Close),
    /// Replaces a collateral with another.
    SwapCollateral(SwapCollateral),
    /// Replaces a debt with another.
    SwapDebt(SwapDebt),
    /// Pool only: sells what the batch paid, and brings what it is to bring ([`crate::pool::BatchReceiver`]).
    BatchCallback {
        /// Which batch of the pool.
        id: u64,
        /// What to bring.
        repay: Vec<Coin>,
        /// What the batch paid.
        received: Vec<Coin>,
        /// The sale and who called, as the contract gave them to the pool.
        msg: Binary,
    },
}

/// The message of a position, for [`QueryMsg::Quote`].
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Order {
    /// [`ExecuteMsg::Open`].
    Open(Open),
    /// [`ExecuteMsg::Adjust`].
    Adjust(Adjust),
    /// [`ExecuteMsg::Close`].
    Close(Close),
    /// [`ExecuteMsg::SwapCollateral`].
    SwapCollateral(SwapCollateral),
    /// [`ExecuteMsg::SwapDebt`].
    SwapDebt(SwapDebt),
}

impl From<Order> for ExecuteMsg {
    fn from(order: Order) -> Self {
        match order {
            Order::Open(order) => Self::Open(order),
            Order::Adjust(order) => Self::Adjust(order),
            Order::Close(order) => Self::Close(order),
            Order::SwapCollateral(order) => Self::SwapCollateral(order),
            Order::SwapDebt(order) => Self::SwapDebt(order),
        }
    }
}

/// A position to be opened, or added to: borrows `debt_denom`, sells it for `collateral_denom`, and deposits that. The
/// attached coin is one of the two: the collateral is deposited, the debt's denom sold with what is borrowed.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Open {
    /// Which of the sender's accounts; 0 when left out.
    pub account_id: Option<u32>,
    /// What is bought and deposited.
    pub collateral_denom: String,
    /// What is borrowed and sold.
    pub debt_denom: String,
    /// How much.
    pub size: Size,
    /// The pairs from `debt_denom` to `collateral_denom`; at most [`HOPS_MAX`].
    pub hops: Vec<Hop>,
    /// The most that is borrowed.
    pub max_debt: Option<Amount>,
    /// The least that the sale returns, in `collateral_denom`.
    pub min_received: Amount,
}

/// How much is borrowed.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Size {
    /// As much as brings the account to this leverage, above 1: the value of all its deposits over the value of its
    /// equity, which is deposits less debts.
    ///
    /// Deposits count at the low end and debts at the high end of what liquidation counts, so that the leverage of the
    /// pool's `user_position` is never higher than asked. In a deep pair it is lower by little: by a thousandth of what
    /// is borrowed. Roundings count as two units a side, interest as that of a minute at the highest rate. A silent
    /// price refuses it.
    ///
    /// **A high leverage in a shallow pair ends well below what is asked**: the purchase is sized by the rate of a
    /// larger one. For example, 9 with $1,000 of equity in a pair of $20,000 a side gives 7.3. The quote's `position`
    /// shows it.
    Leverage(Ratio),
    /// This much, in `debt_denom`.
    Borrow(Amount),
}

/// A change of a position, without coins of the sender's: borrows and buys more, or sells and repays.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Adjust {
    /// Which of the sender's accounts; 0 when left out.
    pub account_id: Option<u32>,
    /// What is bought or sold.
    pub collateral_denom: String,
    /// What is borrowed or repaid.
    pub debt_denom: String,
    /// Where to.
    pub to: Target,
    /// The pairs from `debt_denom` to `collateral_denom`, as in [`Open`]; a sale of collateral goes back along them.
    pub hops: Vec<Hop>,
    /// The most that is borrowed. A purchase to a leverage must name it: a quoted sale becomes a purchase where the
    /// account's leverage has fallen below the one asked, and `min_received` is then of the other denom.
    pub max_debt: Option<Amount>,
    /// The most of the collateral that is sold. A sale to a leverage must name it: the worse the price, the more is
    /// sold and returned.
    pub max_sold: Option<Amount>,
    /// The least that the sale returns, in the denom that it buys.
    pub min_received: Amount,
}

/// Where a position is to go.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Target {
    /// To this leverage, from above or from below ([`Size::Leverage`]).
    Leverage(Ratio),
    /// Upwards: borrows this much, in `debt_denom`.
    Borrow(Amount),
    /// Downwards: sells this much, in `collateral_denom`. What exceeds the debt is paid to the sender.
    Sell(Amount),
}

/// A position to be closed: all of the debt is repaid. That takes neither a flash loan nor cash of the debt's market,
/// and where no other debt remains, no stop of the pool's stands in its way. Other debts and deposits of the account
/// stay.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Close {
    /// Which of the sender's accounts; 0 when left out.
    pub account_id: Option<u32>,
    /// What is sold.
    pub collateral_denom: String,
    /// What is repaid.
    pub debt_denom: String,
    /// The pairs from `collateral_denom` to `debt_denom`; at most [`HOPS_MAX`].
    pub hops: Vec<Hop>,
    /// What becomes of the collateral that the debt doesn't need; paid as it is when left out.
    pub rest: Option<Rest>,
    /// The least that is left for the sender: of the debt's denom for [`Rest::Sold`], else of the collateral.
    pub min_received: Amount,
}

/// What becomes of the collateral that a debt doesn't need.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Rest {
    /// It is paid to the sender.
    #[default]
    Withdrawn,
    /// It is sold too, and the proceeds are paid to the sender.
    Sold,
    /// It stays deposited: the market needs cash for what is sold only.
    Kept,
}

/// A collateral to be replaced with another.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct SwapCollateral {
    /// Which of the sender's accounts; 0 when left out.
    pub account_id: Option<u32>,
    /// What is sold.
    pub from: String,
    /// What is bought and deposited.
    pub to: String,
    /// How much is sold; all when left out.
    pub amount: Option<Amount>,
    /// The pairs from `from` to `to`; at most [`HOPS_MAX`].
    pub hops: Vec<Hop>,
    /// The least that the sale returns, in `to`.
    pub min_received: Amount,
}

/// A debt to be replaced with another.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct SwapDebt {
    /// Which of the sender's accounts; 0 when left out.
    pub account_id: Option<u32>,
    /// What is repaid.
    pub from: String,
    /// What is borrowed and sold.
    pub to: String,
    /// How much is repaid, in `from`; all when left out or more than is owed.
    pub amount: Option<Amount>,
    /// The pairs from `to` to `from`; at most [`HOPS_MAX`].
    pub hops: Vec<Hop>,
    /// The most that is borrowed, in `to`.
    pub max_debt: Amount,
}

/// What may be asked about.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum QueryMsg {
    /// The pool and the fee. Answer: [`ConfigResponse`].
    Config {},
    /// What a message would do at this block, by the code that executes it, or why it would be refused. The grant is
    /// taken for granted. Answer: [`QuoteResponse`].
    ///
    /// The answer holds to the unit, with these exceptions:
    ///
    /// - A partial repayment at a borrow index above 1 may take a unit less, which the sender gets.
    /// - A live price that reads a pair of the route moves with the sale itself. `position` is by the price before it,
    ///   and the pool may refuse the order by the price after it.
    /// - The pairs refuse a swap that loses more than 50 % against their own price, which their simulation doesn't.
    /// - A transfer of the fee or of the proceeds that its recipient can't receive fails the order.
    Quote {
        /// Who would send the message.
        user: String,
        /// The message.
        order: Box<Order>,
        /// The coins that would be attached.
        funds: Vec<Coin>,
    },
}

/// The settings.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct ConfigResponse {
    /// The pool in which it opens positions.
    pub pool: String,
    /// What each message costs; nothing when there is none.
    pub fee: Option<Fee>,
}

/// What a message does.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct QuoteResponse {
    /// What the pool is asked to do, in one batch.
    pub actions: Vec<BatchAction>,
    /// What is sold.
    pub sold: Coin,
    /// What the sale returns, less the fee.
    pub bought: Coin,
    /// The fee, in the same denom.
    pub fee: Amount,
    /// What is paid to the sender, sorted by denom.
    pub paid: Vec<Coin>,
    /// The account afterwards.
    pub position: UserPositionResponse,
}

/// A new code version takes over. Refused from another contract's state and to an older version.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct MigrateMsg {}
