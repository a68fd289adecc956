//! Decides what to do about the accounts below health factor 1. Pure.
//!
//! Those whose debt is about to be bad come first, then the larger ones ([`priority`]).
//! For each account every debt and collateral is sized with the contract's own formula, and the most profitable choice is taken. The keeper
//! repays from what it holds while that suffices ([`offer`]); otherwise through the liquidator, which borrows what is repaid and sells
//! what is seized ([`sale`]); and with what it holds after all where no sale pays.

pub mod age;
pub mod budget;
mod offer;
pub mod priority;
pub mod sale;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use plimsoll_risk::health::Position;
use plimsoll_risk::liquidation::Liquidation;
use plimsoll_risk::params::AssetId;
use plimsoll_risk::units::{Amount, Ratio, Value};
use plimsoll_schema::liquidator::Hop;
use plimsoll_schema::pool::AccountKey;

use crate::book::Book;
use crate::chain::{Balances, Coin};
use crate::config::Strategy;
use crate::exchange::Exchange;
use crate::plan::age::Ages;
use crate::plan::budget::Allowance;
use crate::plan::offer::Offer;
use crate::plan::priority::{Priority, claim, is_risky};
use crate::plan::sale::Sales;
use crate::scan::{Scan, Verdict};

/// No more actions than this are planned for a block: a transaction holds fewer, and what is left comes in a later one.
const ACTIONS_MAX: usize = 256;

/// What is to be done about one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Repay and seize.
    Liquidate(Box<Deal>),
    /// Write off what nobody will pay.
    WriteOff {
        /// The account.
        key: AccountKey,
        /// What it owes.
        debt_value: Value,
    },
}

/// A liquidation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deal {
    /// The account.
    pub key: AccountKey,
    /// What is sent; the unneeded part comes back.
    pub sent: Coin,
    /// What is taken.
    pub collateral_denom: String,
    /// What it does, by the contract's formula.
    pub expected: Liquidation,
    /// The least that must be received.
    pub min_receive: Amount,
    /// What is repaid, in value.
    pub repaid_value: Value,
    /// What is received, in value.
    pub received_value: Value,
    /// What remains after gas: when no more than `min_receive` is received, or by the planned sale.
    pub profit: Value,
    /// What is published before it: the live prices of the account's assets that nobody has published.
    pub publish: Vec<String>,
    /// How the liquidator sells it; `None` when the keeper repays with its own.
    pub sale: Option<Sale>,
}

/// How a liquidation pays for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sale {
    /// The pairs that the collateral goes through.
    pub hops: Vec<Hop>,
    /// What the sale is thought to return, after those that are planned already, in base units of the debt.
    pub returned: Amount,
    /// The flash loan's fee, in base units of the debt.
    pub fee: Amount,
    /// The least that must be left, in base units of the debt.
    pub min_profit: Amount,
}

/// Why nothing is done about an account below 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Skip {
    /// It is not below 1.
    Healthy,
    /// The keeper has none of what the account owes.
    NoInventory,
    /// The market can't pay the collateral out.
    NoCash,
    /// The debt's market lends nothing.
    NoLoan,
    /// No pair sells the collateral for what is owed.
    NoRoute,
    /// Too small to be worth a base unit.
    Dust,
    /// Less profit than asked for.
    Unprofitable,
    /// A price that is needed fails its guards.
    Price,
    /// It is the keeper's own account.
    Own,
    /// It failed a moment ago.
    Cooldown,
    /// What may be spent at a time is spent.
    Budget,
    /// Others come first.
    Later,
    /// Another key has a transaction about it on its way.
    InFlight,
    /// It can't be computed.
    Fault,
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Healthy => "healthy",
            Self::NoInventory => "no inventory",
            Self::NoCash => "no cash in the collateral's market",
            Self::NoLoan => "no flash loan to be had",
            Self::NoRoute => "no pair to sell at",
            Self::Dust => "dust",
            Self::Unprofitable => "unprofitable",
            Self::Price => "price fails its guards",
            Self::Own => "own account",
            Self::Cooldown => "failed a moment ago",
            Self::Budget => "spending limit reached",
            Self::Later => "others come first",
            Self::InFlight => "in flight",
            Self::Fault => "can't be computed",
        })
    }
}

/// What to do, best first, and how often nothing is done, by reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Best first.
    pub actions: Vec<Action>,
    /// Accounts below 1 that are left alone.
    pub skipped: BTreeMap<Skip, u64>,
}

impl Action {
    /// The account that it is about.
    pub const fn account(&self) -> &AccountKey {
        match self {
            Self::Liquidate(deal) => &deal.key,
            Self::WriteOff { key, .. } => key,
        }
    }
}

/// Who plans, with what.
#[derive(Clone, Debug)]
pub struct Means<'a> {
    /// The keeper's address; its own accounts are left alone.
    sender: Option<&'a str>,
    /// What it may spend; `None` plans as if it had everything.
    inventory: Option<Balances>,
    /// What is worth doing.
    strategy: &'a Strategy,
    /// Accounts that failed a moment ago.
    cooling: &'a BTreeSet<AccountKey>,
    /// What is sold through the liquidator so far.
    sales: Option<Sales<'a>>,
    /// What of each market's cash goes out with what is planned already.
    taken: BTreeMap<AssetId, Amount>,
    /// What may be spent beside what is planned already.
    allowance: Allowance,
    /// Since when each account is in trouble.
    ages: Option<&'a Ages>,
    /// How many actions are planned at most.
    most: usize,
    /// Accounts that other keys have transactions about on their way.
    busy: BTreeSet<AccountKey>,
}

impl<'a> Means<'a> {
    /// Plans with what the key holds; `None` is everything. The sender's own accounts, and those that failed a moment ago, are left alone.
    pub const fn new(
        sender: Option<&'a str>,
        inventory: Option<Balances>,
        strategy: &'a Strategy,
        cooling: &'a BTreeSet<AccountKey>,
    ) -> Self {
        let allowance = Allowance { own: None, fee: None, write_offs: None };
        Self {
            sender,
            inventory,
            strategy,
            cooling,
            sales: None,
            taken: BTreeMap::new(),
            allowance,
            ages: None,
            most: ACTIONS_MAX,
            busy: BTreeSet::new(),
        }
    }

    /// Plans to spend no more than this.
    pub const fn within(mut self, allowance: Allowance) -> Self {
        self.allowance = allowance;
        self
    }

    /// Plans for all, not for a block's transactions.
    pub const fn to_the_last(mut self) -> Self {
        self.most = usize::MAX;
        self
    }

    /// Of equals, those come first that have waited longest.
    pub const fn waiting(mut self, ages: &'a Ages) -> Self {
        self.ages = Some(ages);
        self
    }

    /// Plans with the liquidator as well.
    pub fn through(mut self, exchange: Option<&'a Exchange>) -> Self {
        self.sales = exchange.map(Sales::new);
        self
    }

    /// Plans beside what other keys have on its way: those accounts are left alone, and what these actions sell and take is counted.
    pub fn beside(mut self, book: &Book, busy: BTreeSet<AccountKey>, promised: &[Action]) -> Self {
        self.busy = busy;
        for action in promised {
            self.promise(book, action);
        }
        self
    }
}

/// Takes what the fee may cost out of what may be spent.
pub fn keep_back(inventory: &mut Balances, fee: &Coin) {
    if let Some(held) = inventory.get_mut(&fee.denom) {
        *held = held.saturating_sub(fee.amount);
    }
}

/// Plans for the whole book.
pub fn plan(book: &Book, scan: &Scan, mut means: Means<'_>) -> Plan {
    let mut plan = Plan::default();
    let mut troubled = scan.troubled(book);
    let key = |row: u32| book.accounts.at(row as usize).map(|(key, _)| key);
    troubled.sort_by(|a, b| claim(&a.1, &b.1).then_with(|| key(a.0).cmp(&key(b.0))));
    let mut planned: Vec<(Priority, Action)> = Vec::new();
    for (at, (row, _)) in troubled.iter().enumerate() {
        if planned.len() >= means.most {
            plan.skip(Skip::Later, troubled.len() - at);
            break;
        }
        let Some(verdict) = scan.at(book, *row) else { continue };
        match decide(book, scan, &verdict, &means) {
            Ok(action) => {
                means.spend(book, &action);
                planned.push((means.priority(scan, &verdict, &action), action));
            }
            Err(reason) => plan.skip(reason, 1),
        }
    }
    planned.sort_by(|a, b| a.0.cmp(&b.0));
    plan.actions = planned.into_iter().map(|(_, action)| action).collect();
    plan
}

impl Plan {
    fn skip(&mut self, reason: Skip, accounts: usize) {
        let count = self.skipped.entry(reason).or_default();
        *count = count.saturating_add(u64::try_from(accounts).unwrap_or(u64::MAX));
    }
}

impl Action {
    /// What of the keeper's own is sent with it.
    pub fn sent(&self) -> Option<&Coin> {
        match self {
            Self::Liquidate(deal) if deal.sale.is_none() => Some(&deal.sent),
            Self::Liquidate(_) | Self::WriteOff { .. } => None,
        }
    }

    /// What the keeper's own coins that it repays with are worth; `None` when it repays with none.
    pub const fn own_value(&self) -> Option<Value> {
        match self {
            Self::Liquidate(deal) if deal.sale.is_none() => Some(deal.repaid_value),
            Self::Liquidate(_) | Self::WriteOff { .. } => None,
        }
    }

    /// What it earns, before the fee when that is told by simulation.
    pub fn profit(&self) -> Value {
        match self {
            Self::Liquidate(deal) => deal.profit,
            Self::WriteOff { .. } => Value::ZERO,
        }
    }
}

impl Means<'_> {
    fn available(&self, denom: &str) -> Amount {
        let held = self.inventory.as_ref().map_or(u128::MAX, |i| i.get(denom).copied().unwrap_or_default());
        Amount::new(held).min(self.allowed(denom))
    }

    /// The most that may be repaid in one liquidation.
    fn allowed(&self, denom: &str) -> Amount {
        Amount::new(self.strategy.max_repay.get(denom).copied().unwrap_or(u128::MAX))
    }

    /// How much of this asset may still be spent by its value, rounded down.
    fn affordable(&self, scan: &Scan, debt: AssetId) -> Amount {
        use plimsoll_risk::health::Assets;
        match (self.allowance.own, scan.assets.asset(debt)) {
            (None, _) => Amount::MAX,
            (Some(left), Some(state)) => {
                Amount::of_value_down(left, state.mark.debt(), state.params.decimals).unwrap_or(Amount::ZERO)
            }
            (Some(_), None) => Amount::ZERO,
        }
    }

    /// What of a market's cash isn't spoken for.
    fn cash(&self, scan: &Scan, asset: AssetId) -> Amount {
        use plimsoll_risk::health::Assets;
        let cash = scan.assets.asset(asset).map_or(Amount::ZERO, |state| state.market.state().cash);
        cash.saturating_sub(self.taken.get(&asset).copied().unwrap_or_default())
    }

    fn priority(&self, scan: &Scan, verdict: &Verdict, action: &Action) -> Priority {
        // Writing off prevents nothing.
        let risky = matches!(action, Action::Liquidate(_)) && is_risky(&verdict.health);
        let since = self.ages.and_then(|ages| ages.since(&verdict.key)).unwrap_or(scan.now);
        Priority::new(risky, action.profit(), since, verdict.key.clone())
    }

    fn spend(&mut self, book: &Book, action: &Action) {
        match (action, &mut self.allowance.own, action.own_value()) {
            (Action::WriteOff { .. }, ..) => {
                self.allowance.write_offs = self.allowance.write_offs.map(|left| left.saturating_sub(1));
            }
            (Action::Liquidate(_), Some(left), Some(value)) => *left = left.saturating_sub(value),
            (Action::Liquidate(_), ..) => {}
        }
        self.promise(book, action);
        let Some(coin) = action.sent() else { return };
        if let Some(held) = self.inventory.as_mut().and_then(|inventory| inventory.get_mut(&coin.denom)) {
            *held = held.saturating_sub(coin.amount);
        }
    }

    /// What an action takes out of markets and pairs, whoever pays for it.
    fn promise(&mut self, book: &Book, action: &Action) {
        let Action::Liquidate(deal) = action else { return };
        if let Some(asset) = book.asset_of(&deal.collateral_denom) {
            let taken = self.taken.entry(asset).or_default();
            *taken = taken.saturating_add(deal.received());
        }
        if let (Some(sale), Some(sales)) = (&deal.sale, &mut self.sales) {
            sales.add(deal, sale);
        }
    }
}

impl Deal {
    /// What leaves the pool, in base units of the collateral.
    pub const fn received(&self) -> Amount {
        self.expected.seize.saturating_sub(self.expected.fee)
    }
}

/// The best that can be done about one account.
pub fn decide(book: &Book, scan: &Scan, verdict: &Verdict, means: &Means<'_>) -> std::result::Result<Action, Skip> {
    if means.sender == Some(verdict.key.owner.as_str()) {
        return Err(Skip::Own);
    }
    if means.busy.contains(&verdict.key) {
        return Err(Skip::InFlight);
    }
    if means.cooling.contains(&verdict.key) {
        return Err(Skip::Cooldown);
    }
    if means.allowance.fee == Some(0) {
        return Err(Skip::Budget);
    }
    let account = book.accounts.get(&verdict.key).ok_or(Skip::Fault)?;
    let position = Position::of(account, &scan.assets, scan.now).map_err(|_| Skip::Fault)?;
    let offer = Offer { book, scan, means, verdict, position: &position };
    let best = choose(&position, |debt, collateral| offer.own(debt, collateral));
    let best = match (best, &means.sales) {
        (Ok((deal, true)), _) => Ok(deal),
        (own, None) => own.map(|(deal, _)| deal),
        // What is there doesn't suffice, or pays less than it should.
        (own, Some(sales)) => match (choose(&position, |debt, collateral| offer.sold(debt, collateral, sales)), own) {
            (Ok((deal, _)), _) | (Err(_), Ok((deal, _))) => Ok(deal),
            (Err(reason), Err(Skip::NoInventory)) | (Err(_), Err(reason)) => Err(reason),
        },
    };
    let write_off = verdict.bad_debt && means.strategy.write_off;
    match best {
        Ok(deal) => Ok(Action::Liquidate(Box::new(deal))),
        Err(_) if write_off && means.allowance.write_offs == Some(0) => Err(Skip::Budget),
        Err(_) if write_off => Ok(Action::WriteOff { key: verdict.key.clone(), debt_value: verdict.health.debt }),
        Err(reason) => Err(reason),
    }
}

/// An item for an account that can't be liquidated at this block, in case it can be in the next: a tenth of its largest debt for its largest
/// collateral. `None` where nothing sells that.
pub fn hopeful(book: &Book, scan: &Scan, verdict: &Verdict, exchange: &Exchange) -> Option<Action> {
    let position = Position::of(book.accounts.get(&verdict.key)?, &scan.assets, scan.now).ok()?;
    let owed = position.debts.iter().max_by_key(|line| line.value_up().unwrap_or_default())?;
    let held = position.collaterals.iter().max_by_key(|line| line.value_down().unwrap_or_default())?;
    let (denom, collateral_denom) = (book.denom_of(owed.asset), book.denom_of(held.asset));
    let hops = exchange.routes(&collateral_denom, &denom).into_iter().next()?;
    let amount = owed.amount.share_up(Ratio::percent(10)).ok()?.raw();
    let nothing = Liquidation { repay: Amount::ZERO, seize: Amount::ZERO, fee: Amount::ZERO, bonus: Ratio::ZERO };
    let sale = Sale { hops, returned: Amount::ZERO, fee: Amount::ZERO, min_profit: Amount::MAX };
    Some(Action::Liquidate(Box::new(Deal {
        key: verdict.key.clone(),
        sent: Coin { denom, amount },
        collateral_denom,
        expected: nothing,
        min_receive: Amount::new(1),
        repaid_value: Value::ZERO,
        received_value: Value::ZERO,
        profit: Value::ZERO,
        publish: unpublished(book, scan, &position),
        sale: Some(sale),
    })))
}

/// The denoms of this position whose live price nobody has published.
fn unpublished(book: &Book, scan: &Scan, position: &Position) -> Vec<String> {
    let assets = position.collaterals.iter().map(|line| line.asset).chain(position.debts.iter().map(|line| line.asset));
    let assets: BTreeSet<AssetId> = assets.filter(|id| scan.assets.is_unpublished(*id)).collect();
    assets.into_iter().map(|id| book.denom_of(id)).collect()
}

/// A deal, and whether nothing that the keeper lacks has made it smaller.
type Choice = std::result::Result<(Deal, bool), Skip>;

/// The most profitable of all choices of a debt and a collateral.
fn choose(position: &Position, deal: impl Fn(AssetId, AssetId) -> Choice) -> Choice {
    let mut best: Choice = Err(Skip::Dust);
    for debt in &position.debts {
        for collateral in position.collaterals.iter().filter(|collateral| collateral.asset != debt.asset) {
            best = better(best, deal(debt.asset, collateral.asset));
        }
    }
    best
}

fn better(a: Choice, b: Choice) -> Choice {
    match (a, b) {
        (Ok(a), Ok(b)) => Ok(if b.0.profit > a.0.profit { b } else { a }),
        (Ok(deal), Err(_)) | (Err(_), Ok(deal)) => Ok(deal),
        // Of two reasons the one that says more than that there is nothing.
        (Err(Skip::Dust), Err(reason)) | (Err(reason), Err(_)) => Err(reason),
    }
}
