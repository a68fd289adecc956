//! Decides what to do about the accounts below health factor 1. Pure.
//!
//! Those whose debt is about to be bad come first and, by turns with them, the larger ones ([`priority`]); what came to
//! nothing before goes behind, and isn't looked at again until something has changed ([`account_memory`]). For each
//! account every debt and collateral is sized with the contract's own formula, in two ways: repaid from what the keeper
//! holds ([`sizing`]), and through the liquidator, which repays out of the sale of what is seized ([`sale`]). Of all
//! these the one is taken that leaves most after gas. A sale's profit is realised; collateral that is kept still has to
//! be sold, so it counts no more than is certain: the least that is accepted, at the low edge of its price. Of equals
//! own coins are taken, since nothing is sold then. Gas is counted as the same in both ways: one of many items costs
//! about the same in either message. Where no liquidation pays, a deposit of what is owed is set off against it, and
//! bad debt is written off; neither pays anything. A keeper that may spend nothing of its own, or has nothing left of
//! what it may spend, has the liquidator only.

pub mod account_memory;
mod action;
pub mod evidence;
pub mod limits;
pub mod priority;
mod resources;
pub mod sale;
mod sizing;

use std::collections::BTreeMap;

use crate::book::Book;
use crate::chain::Coin;
use crate::dex::DexSnapshot;
use crate::plan::account_memory::{AccountMemory, Inputs};
use crate::plan::priority::{Candidate, MinDebt, Priority, by_turns};
use crate::plan::sizing::Sizing;
use crate::scan::{Actionable, Scan, Verdict};
use plimsoll_risk::account::Account;
use plimsoll_risk::health::{Assets, CollateralLine, Position};
use plimsoll_risk::liquidation::Liquidation;
use plimsoll_risk::params::AssetId;
use plimsoll_risk::units::{Amount, Ratio, Value};

pub use action::{Action, Deal, Sale, Skip};
pub use resources::{Resources, keep_back};

/// What to do, best first, and how often nothing is done, by reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Best first.
    pub actions: Vec<Action>,
    /// Accounts below 1 that are left alone.
    pub skipped: BTreeMap<Skip, u64>,
}

/// Plans for the whole book.
pub fn plan(book: &Book, scan: &Scan, resources: Resources<'_>) -> Plan {
    plan_on(book, scan, resources, &mut AccountMemory::default())
}

/// Plans for the whole book, leaves those alone that the memory says to, and sizes no more accounts than may be sized
/// in a block. What came to nothing is noted in the memory.
pub fn plan_on(book: &Book, scan: &Scan, mut resources: Resources<'_>, memory: &mut AccountMemory) -> Plan {
    let whole = resources.untouched();
    let inputs = memory.inputs(book, scan, &whole);
    let mut plan = Plan::default();
    let mut planned: Vec<(Priority, Action)> = Vec::new();
    for Candidate { key, account, .. } in plan.queue(book, scan, &resources, memory, &inputs) {
        if planned.len() >= resources.most || !memory.may_size(key) {
            plan.skip(memory.last_reason(key).unwrap_or(Skip::Later));
            continue;
        }
        let Some(verdict) = scan.verdict(book, key) else { continue };
        let best = decide(book, scan, &verdict, &resources);
        // What others have left too little for is not hopeless.
        let unprofitable = match &best {
            Ok(_) => None,
            Err(reason) if !resources.is_touched() => Some(*reason),
            Err(_) => decide(book, scan, &verdict, &whole).err(),
        };
        match unprofitable {
            Some(reason) => memory.note_unprofitable(key, account, reason, &inputs),
            None => memory.note_viable(key),
        }
        match best {
            Ok(action) => {
                resources.spend(book, &action);
                let since = memory.first_seen(key).unwrap_or(scan.now);
                planned.push((Priority::of(&verdict, &action, since), action));
            }
            Err(reason) => plan.skip(reason),
        }
    }
    let planned = by_turns(planned, |a, b| a.0.cmp(&b.0), |a, b| a.0.by_profit(&b.0));
    plan.actions = planned.into_iter().map(|(_, action)| action).collect();
    plan
}

impl Plan {
    /// The accounts that are worth a look: by turns the first by its claim and the first by its size. The others are
    /// counted.
    fn queue<'b>(
        &mut self,
        book: &'b Book,
        scan: &Scan,
        resources: &Resources<'_>,
        memory: &AccountMemory,
        inputs: &Inputs,
    ) -> Vec<Candidate<'b>> {
        let gas = resources.strategy.planned_gas_value();
        let profit = resources.strategy.min_profit_value;
        let min_debt = MinDebt::of(gas, profit, book.assets.values().map(|asset| &asset.params));
        let mut queue = Vec::new();
        for Actionable { key, account, health, .. } in scan.actionable(book) {
            let reason = resources
                .bars(key)
                .or_else(|| memory.left_alone(key, resources.allowance.fee))
                .or_else(|| resources.bars_all())
                .or_else(|| memory.still_unprofitable(key, account, inputs));
            match reason {
                Some(reason) => self.skip(reason),
                None => {
                    let small = min_debt.is_above(&health);
                    queue.push(Candidate { turn: memory.turn(key), small, health, key, account });
                }
            }
        }
        (0..scan.count_left_alone()).for_each(|_| self.skip(Skip::Spared));
        by_turns(queue, Candidate::by_claim, Candidate::by_size)
    }

    fn skip(&mut self, reason: Skip) {
        let count = self.skipped.entry(reason).or_default();
        *count = count.saturating_add(1);
    }
}

/// The best that can be done about one account.
pub fn decide(
    book: &Book,
    scan: &Scan,
    verdict: &Verdict,
    resources: &Resources<'_>,
) -> std::result::Result<Action, Skip> {
    if let Some(reason) = resources.bars(&verdict.key).or_else(|| resources.bars_all()) {
        return Err(reason);
    }
    let account = book.accounts.get(&verdict.key).ok_or(Skip::Fault)?;
    let position = scan.assets.position(account).map_err(|_| Skip::Fault)?;
    let sizing = Sizing { book, scan, resources, verdict, position: &position };
    let own = choose(&position, |debt, collateral| sizing.own(debt, collateral));
    let best = match &resources.sales {
        None => own,
        Some(sales) => own_or_sold(own, choose(&position, |debt, collateral| sizing.sold(debt, collateral, sales))),
    };
    let reason = match best {
        Ok(deal) => return Ok(Action::Liquidate(Box::new(deal))),
        Err(reason) => reason,
    };
    let key = || verdict.key.clone();
    let unpaid = match set_off(book, scan, verdict, account, &position) {
        Some(amount) => Some(Action::SetOff { key: key(), amount }),
        None => verdict.bad_debt.then(|| Action::WriteOff { key: key(), debt_value: verdict.health.debt }),
    };
    match unpaid.filter(|_| resources.strategy.write_off) {
        Some(_) if resources.allowance.write_offs == Some(0) => Err(Skip::Budget),
        unpaid => unpaid.ok_or(reason),
    }
}

/// The most of a debt that a deposit in the same denom pays, by the contract's own formula, where that may be asked
/// for. A set-off comes before a write-off, since it books what remains as well.
fn set_off(book: &Book, scan: &Scan, verdict: &Verdict, account: &Account, position: &Position) -> Option<Coin> {
    if !verdict.health.is_liquidatable() {
        return None;
    }
    let paid = |id: AssetId| {
        let held = account.shares(id);
        let owed = account.debt(id);
        let done = scan.assets.asset(id)?.market.clone().set_off(held, owed).ok()?;
        (!done.cleared.is_zero()).then(|| Coin { denom: book.denom_of(id), amount: done.amount.raw() })
    };
    let both = position.debts.iter().filter(|line| !account.shares(line.asset).is_zero());
    both.max_by_key(|line| line.amount).and_then(|line| paid(line.asset))
}

/// An item for an account that can't be liquidated at this block, in case it can be in the next: a tenth of its largest
/// debt for its largest collateral. `None` where nothing sells that.
pub fn speculative_item(book: &Book, scan: &Scan, verdict: &Verdict, dex: &DexSnapshot) -> Option<Action> {
    let position = scan.assets.position(book.accounts.get(&verdict.key)?).ok()?;
    let shared = position.settled_values().ok()?;
    let owed = position.debts.iter().max_by_key(|line| line.value_up(&shared).unwrap_or_default())?;
    let worth = |line: &&CollateralLine| position.collateral_value_down(line, &shared).unwrap_or_default();
    // A deposit of what is owed is set off, not sold.
    let others = position.collaterals.iter().filter(|line| line.asset != owed.asset);
    let held = others.max_by_key(worth)?;
    let denom = book.denom_of(owed.asset);
    let collateral_denom = book.denom_of(held.asset);
    let hops = dex.routes(&collateral_denom, &denom).into_iter().next()?;
    let amount = owed.amount.share_up(Ratio::percent(10)).ok()?.raw();
    let nothing = Liquidation { repay: Amount::ZERO, seize: Amount::ZERO, fee: Amount::ZERO, bonus: Ratio::ZERO };
    let sale = Sale { hops, returned: Amount::ZERO, min_profit: Sale::UNKNOWN };
    Some(Action::Liquidate(Box::new(Deal {
        key: verdict.key.clone(),
        sent: Coin { denom, amount },
        collateral_denom,
        expected: nothing,
        min_receive: Amount::new(1),
        repaid_value: Value::ZERO,
        received_value: Value::ZERO,
        profit: Value::ZERO,
        publish: scan.assets.stale([owed.asset, held.asset]),
        sale: Some(sale),
    })))
}

/// A deal, or why there is none.
type Choice = std::result::Result<Deal, Skip>;

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

/// The more profitable of two; of equals the first.
fn better(a: Choice, b: Choice) -> Choice {
    match (a, b) {
        (Ok(a), Ok(b)) => Ok(if b.profit > a.profit { b } else { a }),
        (Ok(deal), Err(_)) | (Err(_), Ok(deal)) => Ok(deal),
        // Of two reasons the one that says more than that there is nothing.
        (Err(Skip::Dust), Err(reason)) | (Err(reason), Err(_)) => Err(reason),
    }
}

/// The more profitable of what own coins do and what a sale does. Where there are no coins to spend the sale's reason
/// is told.
fn own_or_sold(own: Choice, sold: Choice) -> Choice {
    match (own, sold) {
        (Err(Skip::NoInventory | Skip::Budget), sold) => sold,
        (own, sold) => better(own, sold),
    }
}
