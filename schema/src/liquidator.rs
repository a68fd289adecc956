//! The liquidator's interface: many liquidations in one transaction, on flash-borrowed funds.

use cosmwasm_std::Coin;
use plimsoll_risk::units::Amount;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most items in one message.
pub const ITEMS_MAX: usize = 50;
/// The most pairs in one route.
pub const HOPS_MAX: usize = 4;
/// The gas that an item may use when none is named.
pub const ITEM_GAS: u64 = 1_000_000;

/// Sets a liquidator up. It has no owner, and nothing of this can be changed later.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct InstantiateMsg {
    /// The pool that it liquidates in and borrows from.
    pub pool: String,
}

/// What may be asked of the liquidator. No message takes funds.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ExecuteMsg {
    /// Anyone: liquidates and writes off. Items that repay the same denom and take the same denom share one flash loan and one swap over
    /// the route that is named for them. Each item is a message of its own with its own gas: one that fails hurts no other. A group whose
    /// proceeds don't cover its loan, fee and `min_profit` is undone as a whole, and its items count as failed. All that is left goes to the
    /// sender at once; nothing stays inside.
    Liquidate {
        /// At most [`ITEMS_MAX`]; no account twice in one group.
        items: Vec<Item>,
        /// How collateral is sold for what is to be repaid: one per pair of denoms that the items name.
        routes: Vec<Route>,
        /// The whole fails when fewer items succeed.
        min_success: u32,
        /// The most gas that an item may use; [`ITEM_GAS`] when left out.
        item_gas: Option<u64>,
    },
    /// Pool only, for the loan of the group that is being worked on.
    FlashLoanCallback {
        /// Which loan.
        id: u64,
        /// What was lent.
        coin: Coin,
        /// What it costs.
        fee: Amount,
        /// Which group.
        msg: cosmwasm_std::Binary,
    },
    /// Itself only: the next step of the work under way.
    Step(Step),
}

/// One piece of work.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Item {
    /// Repay a debt and take collateral, as underlying only.
    Liquidate {
        /// The account's owner.
        user: String,
        /// Which of his accounts; 0 when left out.
        account_id: Option<u32>,
        /// With what; what is not needed is used to repay the flash loan.
        repay: Coin,
        /// What to take.
        collateral_denom: String,
        /// The item fails when it yields less, in base units of the collateral; 1 when left out.
        min_receive: Option<Amount>,
    },
    /// Write off what an account can't pay.
    WriteOff {
        /// The account's owner.
        user: String,
        /// Which of his accounts; 0 when left out.
        account_id: Option<u32>,
    },
}

/// How the collateral of a group is sold.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// What is sold.
    pub collateral_denom: String,
    /// What is needed to repay the loan.
    pub debt_denom: String,
    /// The pairs to sell through, in order, each with what it is to pay; the last pays `debt_denom`. At most [`HOPS_MAX`].
    pub hops: Vec<Hop>,
    /// The group is undone when less than this is left of `debt_denom` after the loan and its fee.
    pub min_profit: Amount,
}

/// One swap of a route.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Hop {
    /// The pair's contract, of Plimsoll or of Astroport.
    pub pair: String,
    /// What it pays.
    pub ask_denom: String,
}

/// A step of the work under way.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
    /// Sells all there is for the next denom of the route.
    Swap {
        /// Which group.
        group: u32,
        /// Which hop.
        hop: u32,
    },
    /// Repays the loan and pays the rest out.
    Settle {
        /// Which group.
        group: u32,
        /// Which loan.
        loan: u64,
        /// Loan and fee.
        owed: Coin,
    },
    /// Counts what succeeded.
    Finish {},
}

/// What may be asked about.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum QueryMsg {
    /// The pool. Answer: [`ConfigResponse`].
    Config {},
}

/// The settings.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct ConfigResponse {
    /// The pool that it liquidates in and borrows from.
    pub pool: String,
}

/// A new code version takes over. Refused from another contract's state, to an older version, and while work is under way.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct MigrateMsg {}
