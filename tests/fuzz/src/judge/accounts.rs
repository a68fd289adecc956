//! The laws of accounts, at a fixed price and time: who may change what, and who may end up worse.

use plimsoll_risk::account::Account;
use plimsoll_schema::pool::Scope;

use super::{Case, said};
use crate::cast::PEOPLE;
use crate::exact::{Exact, ONE, over, whole};
use crate::op::{Op, Who};

pub fn judge(case: &Case) {
    unnamed_accounts_keep_their_records(case);
    others_are_left_alone(case);
    nobody_is_pushed_below_one(case);
    no_free_lunch(case);
    nobody_else_pays(case);
    the_pool_judges_alike(case);
}

/// Every touched account stands in an attribute, or no keeper would see it.
fn unnamed_accounts_keep_their_records(case: &Case) {
    let named: Vec<Who> = case.values("account").into_iter().filter_map(|name| case.who(name)).collect();
    for (who, old) in &case.before.accounts {
        assert!(named.contains(who) || case.after.accounts[who] == *old, "{who:?} changed unnamed");
    }
}

fn slots(account: &Account) -> (Vec<u16>, Vec<u16>) {
    (account.collaterals.iter().map(|c| c.asset.0).collect(), account.debts.iter().map(|d| d.asset.0).collect())
}

/// 5: nobody else's account loses collateral, gains debt or gains a slot; liquidation and write-off aside, and those of accounts that were below
/// 1 only.
fn others_are_left_alone(case: &Case) {
    let liquidated = case.liquidated();
    for (who, old) in &case.before.accounts {
        let new = &case.after.accounts[who];
        if liquidated.contains(who) {
            let verdict = case.before.verdict(*who);
            let unhealthy = verdict.carried < verdict.weighted.clone() + case.before.crumb();
            assert!(unhealthy || case.suppliers_lost() || who.0 == sender(case), "{who:?} was healthy");
        }
        if liquidated.contains(who) || who.0 == sender(case) {
            continue;
        }
        let may = |scopes: &[Scope]| scopes.iter().any(|scope| case.before.grants(*who, sender(case), *scope));
        let borrows = may(&[Scope::BorrowToOwner, Scope::BorrowAnywhere]);
        let withdraws = may(&[Scope::WithdrawToOwner, Scope::WithdrawAnywhere]);
        assert!(borrows || slots(old).1.len() >= slots(new).1.len(), "{who:?} got a debt");
        for c in &old.collaterals {
            assert!(withdraws || new.shares(c.asset) >= c.shares, "{who:?} lost collateral");
            let Some(now) = new.collateral(c.asset) else { continue };
            // What is borrowed counts no longer.
            let switched = may(&[Scope::CollateralStatus]) || (borrows && !now.enabled) || (withdraws && now.enabled);
            assert!(switched || now.enabled == c.enabled, "{who:?}: somebody else switched a deposit");
        }
        for d in &new.debts {
            assert!(borrows || old.debt(d.asset) >= d.scaled, "{who:?} owes more");
        }
        let (held, holds) = (slots(old).0, slots(new).0);
        assert!(withdraws || held.iter().all(|id| holds.contains(id)), "a slot of {who:?} is gone");
        assert!(may(&[Scope::OpenSlot]) || holds.iter().all(|id| held.contains(id)), "a new slot of {who:?}");
    }
}

/// Whether somebody may bring an account's owner to have less: what goes to the owner alone is not less, but for a debt's interest.
fn costs(case: &Case, person: usize) -> bool {
    let scopes = [Scope::WithdrawAnywhere, Scope::BorrowToOwner, Scope::BorrowAnywhere];
    let accounts = case.before.accounts.keys().filter(|who| who.0 == person);
    accounts.into_iter().any(|who| scopes.iter().any(|scope| case.before.grants(*who, sender(case), *scope)))
}

fn sender(case: &Case) -> usize {
    case.outcome.sender.unwrap_or(PEOPLE)
}

/// 5: whoever is healthy stays healthy; a write-off's loss in a market where they supply aside.
fn nobody_is_pushed_below_one(case: &Case) {
    if case.suppliers_lost() {
        return;
    }
    let crumb = case.after.crumb();
    for (who, old) in case.before.accounts.iter().filter(|(_, old)| !old.debts.is_empty()) {
        if case.after.accounts[who].debts.is_empty() {
            continue;
        }
        let (before, after) = (case.before.verdict(*who), case.after.verdict(*who));
        let healthy = before.carried >= before.weighted;
        assert!(!healthy || after.carried.clone() + crumb.clone() >= after.weighted, "{who:?} fell below 1: {old:?}");
    }
}

/// 7: all who are not the pool own together no more than before. Where somebody who can't pay what a sale costs is liquidated, lenders and
/// reserves pay it.
fn no_free_lunch(case: &Case) {
    let (old, new) = (case.before, case.after);
    let least = old.assets.iter().map(|asset| asset.params.sale_cost.raw()).max().unwrap_or(0);
    let is_under = |who: &Who| {
        let verdict = old.verdict(*who);
        verdict.collateral < &verdict.debt * &over(&[ONE + least], &[ONE]) + old.crumb()
    };
    let mut owing = old.accounts.iter().filter(|(_, account)| !account.debts.is_empty());
    if case.liquidates() && owing.any(|(who, _)| is_under(who)) {
        return;
    }
    let mut gained = Exact::default();
    for (before, now) in old.assets.iter().zip(&new.assets) {
        let weight = old.weight_of(before);
        let paid = case.acted("withdraw_reserves").filter(|event| said(event, "denom") == Some(&now.params.denom));
        let paid: u128 = paid.map(|event| super::number(event, "amount")).sum();
        // Coins of everybody, the pool's aside, are what there is less what the pool has.
        gained = gained + now.value(before.bank, &weight) - now.value(now.bank + paid, &weight);
        let claims = |asset: &crate::view::Asset| {
            let owned = asset.claim(asset.now.supply_shares.raw()).to_whole();
            asset.value(u128::try_from(owned).expect("it fits"), &weight)
        };
        let debts = now.value(before.debt(), &weight) - now.value(now.debt(), &weight);
        gained = gained + claims(now) - claims(before) + debts;
    }
    let slack = new.crumb() + new.crumb() + new.crumb();
    assert!(gained <= slack, "everybody together gained {gained:?}");
}

/// Whoever did nothing and was not liquidated has lost nothing; and what users move between themselves and the pool is not lost on the way.
fn nobody_else_pays(case: &Case) {
    if case.suppliers_lost() {
        return;
    }
    let liquidated = case.liquidated();
    let steps = match case.op {
        Op::Batch { acts, .. } => acts.len() as u128 + 1,
        Op::Flash { middle, loans, .. } => (middle.len() * 4 + loans.len()) as u128 + 1,
        Op::LiquidateBatch { items, .. } => items.len() as u128 + 1,
        Op::LiquidateCalled { items, middle, .. } => (middle.len() * 8 + items.len()) as u128 + 1,
        Op::BatchCalled { acts, middle, .. } => (middle.len() * 8 + acts.len()) as u128 + 1,
        _ => 2,
    };
    let crumbs = &case.after.crumb() * &whole(steps);
    let mut lost = Exact::default();
    for person in 0..PEOPLE {
        let (old, new) = (case.before.equity(person), case.after.equity(person));
        let others = person != sender(case) && !costs(case, person) && !liquidated.iter().any(|who| who.0 == person);
        assert!(
            !others || new.clone() + crumbs.clone() >= old,
            "person {person} lost {:?} by another's doing",
            old - new
        );
        lost = lost + case.before.equity(person) - case.after.equity(person);
    }
    let keeps = matches!(
        case.op,
        Op::Deposit { .. }
            | Op::Rescue { .. }
            | Op::Withdraw { .. }
            | Op::Borrow { .. }
            | Op::Repay { .. }
            | Op::Enable { .. }
            | Op::SetOff { .. }
            | Op::Batch { .. }
            | Op::Improve { .. }
            | Op::OnBehalf { .. }
            | Op::TransferShares { .. }
    );
    // A minute's interest of a loan is owed at once: reserves have a part of it, and suppliers the rest.
    let view = case.before;
    let interest =
        view.assets.iter().map(|asset| asset.value(case.first_interest(&asset.params.denom), &view.weight_of(asset)));
    let allowed = crumbs + interest.sum();
    assert!(!keeps || lost <= allowed, "value of {lost:?} was lost on the way");
}

/// The pool says of an account what the definitions say: one of those with debt, another one after each operation.
fn the_pool_judges_alike(case: &Case) {
    let owing: Vec<Who> =
        case.after.accounts.iter().filter(|(_, account)| !account.debts.is_empty()).map(|(who, _)| *who).collect();
    let turn =
        case.outcome.events().count() + case.after.wallets[0].iter().fold(0, |sum, coins| sum ^ (*coins % 97)) as usize;
    let Some(who) = owing.get(turn % owing.len().max(1)) else { return };
    let (position, verdict) = (crate::use_pool::position(case.stage, *who), case.after.verdict(*who));
    let Some(told) = position.health_factor else { return };
    // Each line is off by less than a base unit, each price by a rounding or two.
    let larger = verdict.weighted.clone().max(verdict.carried.clone());
    let told_exactly = over(&[told.raw()], &[ONE]);
    let units = &(&case.after.crumb() * &whole(4)) * &(whole(1) + told_exactly.clone());
    let slack = units + &larger * &over(&[1], &[1_000_000_000]);
    let carried = &verdict.weighted * &told_exactly;
    let alike = carried <= verdict.carried.clone() + slack.clone() && verdict.carried <= carried + slack.clone();
    assert!(alike, "{who:?} is judged {told}, but carries {:?} of {:?}", verdict.carried, verdict.weighted);
    if !case.after.is_halted() {
        let clearly = verdict.carried.clone() + slack.clone() < verdict.weighted;
        assert!(!clearly || position.liquidatable, "{who:?} can't be liquidated");
        let healthy = verdict.carried.clone() >= verdict.weighted.clone() + slack;
        assert!(!healthy || !position.liquidatable, "{who:?} can be liquidated");
    }
}
