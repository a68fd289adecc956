//! The liquidator's interface: many liquidations in one transaction, paid for by selling what they seize.

use cosmwasm_std::{Binary, Coin};
use plimsoll_risk::units::Amount;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[cfg(doc)]
use crate::pool::LIQUIDATION_ITEMS_MAX;
use crate::pool::LiquidationItem;
pub use crate::route::{HOPS_MAX, Hop};

/// The most routes in one message. Each is a group of items of its own, with its own call to the pool, and what is left
/// to do goes along with each group: with ten groups about 2,300 gas an item, with fifty it would be 22,600.
pub const ROUTES_MAX: usize = 10;
/// The most bytes that the groups after the first may have together: a chain hands no more to a reply.
pub const REMAINING_MAX: usize = 128 * 1024;

/// Sets a liquidator up. It has no owner, and nothing of this can be changed later.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct InstantiateMsg {
    /// The pool that it liquidates in.
    pub pool: String,
}

/// What may be asked of the liquidator. No message takes funds.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ExecuteMsg {
    /// Anyone: liquidates and writes off. Items that repay the same denom and take the same denom are a group: one
    /// `liquidate_batch` of the pool with a callback, in which what was seized is sold over the group's route, what was
    /// repaid is brought to the pool, and all that is left goes to the sender. An item that fails hurts no other; a
    /// group whose proceeds don't cover what it repays and `min_profit` is undone as a whole and hurts no other group.
    /// Write-offs are a group of their own, the last. Nothing stays inside.
    ///
    /// Groups are numbered from 0 in the order in which the first item of each comes, the items in the pool's events
    /// within their group. A group alone fails with its own error. Of several, each has an event with `group` and
    /// `outcome`, the last of which has `succeeded` over all of them.
    Liquidate {
        /// 1 to [`LIQUIDATION_ITEMS_MAX`].
        items: Vec<LiquidationItem>,
        /// How collateral is sold for what is to be repaid: one per pair of denoms that the items name, at most
        /// [`ROUTES_MAX`]. The groups after the first have at most [`REMAINING_MAX`] bytes together, as messages to the
        /// pool.
        routes: Vec<Route>,
        /// The whole fails when fewer items succeed.
        min_success: u32,
    },
    /// Pool only: sells what a group seized, and brings what it repaid ([`crate::pool::BatchReceiver`]).
    BatchCallback {
        /// Which batch of the pool.
        id: u64,
        /// What to bring.
        repay: Vec<Coin>,
        /// What was seized.
        received: Vec<Coin>,
        /// The group's route and who called, as the liquidator gave them to the pool.
        msg: Binary,
    },
}

/// How the collateral of a group is sold.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// What is sold.
    pub collateral_denom: String,
    /// What is to be repaid.
    pub debt_denom: String,
    /// The pairs to sell through, in order, each with what it is to pay; the last pays `debt_denom`. At most
    /// [`HOPS_MAX`].
    pub hops: Vec<Hop>,
    /// The group is undone when less than this is left of `debt_denom` after what was repaid.
    pub min_profit: Amount,
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
    /// The pool that it liquidates in.
    pub pool: String,
}

/// A new code version takes over. Refused from another contract's state and to an older version.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct MigrateMsg {}
