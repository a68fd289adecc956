//! What a key plans with, and what is left of that beside what is planned already.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_risk::health::Assets;
use plimsoll_risk::params::AssetId;
use plimsoll_risk::units::{Amount, Value};
use plimsoll_schema::pool::AccountKey;

use crate::book::Book;
use crate::chain::{Balances, Coin};
use crate::config::Strategy;
use crate::dex::DexSnapshot;
use crate::plan::limits::Allowance;
use crate::plan::sale::Sales;
use crate::plan::{Action, Skip};
use crate::scan::Scan;

/// No more actions than this are planned for a block: a transaction holds fewer, and what is left comes in a later one.
const ACTIONS_MAX: usize = 256;

/// What a key plans with.
#[derive(Clone, Debug)]
pub struct Resources<'a> {
    /// The keeper's address; its own accounts are left alone.
    pub(super) sender: Option<&'a str>,
    /// What it may spend; `None` plans as if it had everything.
    pub(super) inventory: Option<Balances>,
    /// What is worth doing.
    pub(super) strategy: &'a Strategy,
    /// What is sold through the liquidator so far.
    pub(super) sales: Option<Sales<'a>>,
    /// What of each market's cash goes out with what is planned already.
    taken: BTreeMap<AssetId, Amount>,
    /// Whether anything is spoken for.
    touched: bool,
    /// What may be spent beside what is planned already.
    pub(super) allowance: Allowance,
    /// How many actions are planned at most.
    pub(super) most: usize,
    /// Accounts that other keys have transactions about on their way.
    busy: BTreeSet<AccountKey>,
}

impl<'a> Resources<'a> {
    /// Plans with what the key holds; `None` is everything. Where the strategy lets nothing of it be spent it is none
    /// of it. The sender's own accounts are left alone.
    pub fn new(sender: Option<&'a str>, inventory: Option<Balances>, strategy: &'a Strategy) -> Self {
        let never = [strategy.max_spend_per_tx, strategy.max_spend_per_hour].contains(&Some(Value::ZERO));
        let allowance = Allowance { own: never.then_some(Value::ZERO), ..Allowance::default() };
        Self {
            sender,
            inventory,
            strategy,
            sales: None,
            taken: BTreeMap::new(),
            touched: false,
            allowance,
            most: ACTIONS_MAX,
            busy: BTreeSet::new(),
        }
    }

    /// Plans to spend no more than this.
    pub const fn with_limits(mut self, allowance: Allowance) -> Self {
        self.allowance = allowance;
        self
    }

    /// Plans for all, not for a block's transactions.
    pub const fn unbounded(mut self) -> Self {
        self.most = usize::MAX;
        self
    }

    /// Plans with the liquidator as well.
    pub fn with_dex(mut self, dex: Option<&'a DexSnapshot>) -> Self {
        self.sales = dex.map(Sales::new);
        self
    }

    /// Plans beside what other keys have on its way: those accounts are left alone, and what these actions sell and
    /// take is counted.
    pub fn excluding(mut self, book: &Book, busy: BTreeSet<AccountKey>, promised: &[Action]) -> Self {
        self.busy = busy;
        for action in promised {
            self.promise(book, action);
        }
        self
    }
}

/// Takes the most that a fee may be out of what may be spent.
pub fn keep_back(inventory: &mut Balances, fee: &Coin) {
    if let Some(held) = inventory.get_mut(&fee.denom) {
        *held = held.saturating_sub(fee.amount);
    }
}

impl Resources<'_> {
    /// These resources before anything was spoken for.
    pub(super) fn untouched(&self) -> Self {
        let sales = self.sales.as_ref().map(Sales::anew);
        Self { sales, taken: BTreeMap::new(), touched: false, ..self.clone() }
    }

    pub(super) const fn is_touched(&self) -> bool {
        self.touched
    }

    /// Why nothing may be done about this account, whatever it would bring.
    pub(super) fn bars(&self, key: &AccountKey) -> Option<Skip> {
        if self.sender == Some(key.owner.as_str()) {
            return Some(Skip::Own);
        }
        self.busy.contains(key).then_some(Skip::InFlight)
    }

    /// Why nothing may be done about any account: nothing is left to pay fees with.
    pub(super) fn bars_all(&self) -> Option<Skip> {
        (self.allowance.fee == Some(0)).then_some(Skip::Budget)
    }

    pub(super) fn available(&self, denom: &str) -> Amount {
        let held = self.inventory.as_ref().map_or(u128::MAX, |i| i.get(denom).copied().unwrap_or_default());
        Amount::new(held).min(self.allowed(denom))
    }

    /// The most that may be repaid in one liquidation.
    pub(super) fn allowed(&self, denom: &str) -> Amount {
        Amount::new(self.strategy.max_repay.get(denom).copied().unwrap_or(u128::MAX))
    }

    /// How much of this asset may still be spent by its value, rounded down.
    pub(super) fn affordable(&self, scan: &Scan, debt: AssetId) -> Amount {
        match (self.allowance.own, scan.assets.asset(debt)) {
            (None, _) => Amount::MAX,
            (Some(left), Some(state)) => {
                Amount::of_value_down(left, scan.assets.costs_up(debt), state.params.decimals).unwrap_or(Amount::ZERO)
            }
            (Some(_), None) => Amount::ZERO,
        }
    }

    /// What of a market's cash isn't spoken for.
    pub(super) fn cash(&self, scan: &Scan, asset: AssetId) -> Amount {
        let cash = scan.assets.asset(asset).map_or(Amount::ZERO, |state| state.market.state().cash);
        cash.saturating_sub(self.taken.get(&asset).copied().unwrap_or_default())
    }

    pub(super) fn spend(&mut self, book: &Book, action: &Action) {
        match (action, &mut self.allowance.own, action.own_value()) {
            (Action::SetOff { .. } | Action::WriteOff { .. }, ..) => {
                self.allowance.write_offs = self.allowance.write_offs.map(|left| left.saturating_sub(1));
            }
            (Action::Liquidate(_), Some(left), Some(value)) => *left = left.saturating_sub(value),
            (Action::Liquidate(_), ..) => {}
        }
        self.touched = true;
        self.promise(book, action);
        let Some(coin) = action.sent() else { return };
        if let Some(held) = self.inventory.as_mut().and_then(|inventory| inventory.get_mut(&coin.denom)) {
            *held = held.saturating_sub(coin.amount);
        }
    }

    /// What an action takes out of markets and pairs, whoever pays for it.
    fn promise(&mut self, book: &Book, action: &Action) {
        let Action::Liquidate(deal) = action else { return };
        self.touched = true;
        if let Some(asset) = book.asset_of(&deal.collateral_denom) {
            let taken = self.taken.entry(asset).or_default();
            *taken = taken.saturating_add(deal.received());
        }
        if let (Some(sale), Some(sales)) = (&deal.sale, &mut self.sales) {
            sales.add(deal, sale);
        }
    }
}
