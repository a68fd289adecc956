//! The laws of accounts, at a fixed price and time: who may change what, and who may end up worse.

use plimsoll_risk::account::Account;

use super::{Case, said};
use crate::cast::PEOPLE;
use crate::exact::{Exact, ONE, over, whole};
use crate::op::{Op, Who};

pub fn judge(case: &Case) {
    unnamed_accounts_keep_their_records(case);
    others_are_left_alone(case);
    nobody_is_pushed_below_one(case);
    within_max_ltv_after_lowering(case);
    switches_caps_and_least_debts_hold(case);
    no_free_lunch(case);
    nobody_else_pays(case);
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
            let unhealthy = case.before.carried(*who) < case.before.debt(*who) + case.before.crumb();
            assert!(unhealthy || case.suppliers_lost() || who.0 == sender(case), "{who:?} was healthy");
        }
        if liquidated.contains(who) || who.0 == sender(case) {
            continue;
        }
        assert!(slots(old).1.len() >= slots(new).1.len(), "{who:?} got a debt");
        for c in &old.collaterals {
            assert!(new.shares(c.asset) >= c.shares, "{who:?} lost collateral");
            let enabled = new.collateral(c.asset).is_some_and(|c| c.enabled);
            assert_eq!(enabled, c.enabled, "{who:?}: somebody else switched a deposit");
        }
        for d in &new.debts {
            assert!(old.debt(d.asset) >= d.scaled, "{who:?} owes more");
        }
        assert_eq!(slots(old).0, slots(new).0, "a slot of {who:?}");
    }
}

fn sender(case: &Case) -> usize {
    case.outcome.sender.unwrap_or(PEOPLE)
}

/// 5: whoever is healthy stays healthy; a write-off's loss in a market where he supplies aside.
fn nobody_is_pushed_below_one(case: &Case) {
    if case.suppliers_lost() {
        return;
    }
    let crumb = case.after.crumb();
    for (who, old) in case.before.accounts.iter().filter(|(_, old)| !old.debts.is_empty()) {
        if case.after.accounts[who].debts.is_empty() {
            continue;
        }
        let healthy = case.before.carried(*who) >= case.before.debt(*who);
        let carried = || case.after.carried(*who) + crumb.clone();
        assert!(!healthy || carried() >= case.after.debt(*who), "{who:?} fell below 1: {old:?}");
    }
}

/// 6: after whatever lowers borrowing power or raises debt, the account is within max LTV.
fn within_max_ltv_after_lowering(case: &Case) {
    let liquidated = case.liquidated();
    if case.suppliers_lost() {
        return;
    }
    for (who, old) in &case.before.accounts {
        let new = &case.after.accounts[who];
        if new.debts.is_empty() || liquidated.contains(who) || !is_lowered(old, new) {
            continue;
        }
        let power = case.after.power(*who);
        let (limit, debt) = power.unwrap_or_else(|| panic!("{who:?} was lowered without a price"));
        let slack = case.after.crumb();
        assert!(debt <= limit.clone() + slack, "{who:?} owes {debt:?} above {limit:?}");
    }
}

/// Whether an account has fewer shares of anything, less of it enabled, or more debt of anything.
fn is_lowered(old: &Account, new: &Account) -> bool {
    let fewer = old.collaterals.iter().any(|c| {
        let enabled = new.collateral(c.asset).is_some_and(|c| c.enabled);
        new.shares(c.asset) < c.shares || (c.enabled && !enabled)
    });
    fewer || new.debts.iter().any(|d| d.scaled > old.debt(d.asset))
}

/// What is stopped is stopped, a market's debt ends within its cap where it was raised, and no debt is too small to be worth a liquidation.
fn switches_caps_and_least_debts_hold(case: &Case) {
    if case.outcome.result.is_err() {
        return;
    }
    let asset = |denom: usize| case.after.assets.iter().find(|asset| asset.denom == denom);
    match *case.op {
        Op::Borrow { who, denom, .. } => {
            let asset = asset(denom).expect("what was borrowed is listed");
            assert!(asset.params.enabled.borrow, "borrowed where borrowing is stopped");
            assert!(asset.debt() <= asset.params.borrow_cap.raw(), "above the borrow cap of {}", asset.params.denom);
            let id = case.after.assets.iter().position(|a| a.denom == denom).and_then(|at| u16::try_from(at).ok());
            let scaled = case.after.accounts[&who].debt(plimsoll_risk::params::AssetId(id.expect("few assets"))).raw();
            let owed = over(&[scaled, asset.now.borrow_index.raw()], &[ONE]).to_whole();
            let owed = u128::try_from(owed).expect("it fits") + 1;
            let value = asset.value(owed, case.after.prices(asset).debt);
            let least = over(&[case.after.config.min_debt_value.raw().to_string().parse().expect("it fits")], &[ONE]);
            assert!(value >= least, "a debt of less than the least");
        }
        Op::Deposit { who, denom, .. } => {
            let listed = asset(denom).expect("what was deposited is listed");
            let old = &case.before.accounts[&who];
            let id = case.after.assets.iter().position(|a| a.denom == denom).and_then(|at| u16::try_from(at).ok());
            let held = old.collateral(plimsoll_risk::params::AssetId(id.expect("few assets")));
            let rescue = !old.debts.is_empty() && held.is_some_and(|held| held.enabled);
            assert!(rescue || listed.params.enabled.deposit, "deposited where deposits are stopped");
            assert!(rescue || listed.supply() <= listed.params.supply_cap.raw(), "above the supply cap");
        }
        _ => {}
    }
    for event in case.acted("flash_loan") {
        let denom = said(event, "denom").expect("a loan names its denom");
        let asset = case.before.assets.iter().find(|asset| asset.params.denom == denom).expect("it is listed");
        assert!(asset.params.enabled.flash_loan, "lent where flash loans are stopped");
    }
}

/// 7: all who are not the pool own together no more than before. Where somebody who can't pay the least bonus is liquidated, lenders and reserves
/// pay it.
fn no_free_lunch(case: &Case) {
    let least = case.before.assets.iter().map(|asset| asset.params.liquidation_bonus.min.raw()).max().unwrap_or(0);
    let needed = |who: Who| &case.before.debt(who) * &over(&[ONE + least], &[ONE]) + case.before.crumb();
    let owing = || case.before.accounts.iter().filter(|(_, account)| !account.debts.is_empty());
    let under = || owing().any(|(who, _)| case.before.collateral(*who) < needed(*who));
    if case.liquidates() && under() {
        return;
    }
    let (old, new) = (case.before, case.after);
    let mut gained = Exact::default();
    for (before, now) in old.assets.iter().zip(&new.assets) {
        let weight = old.weight(before);
        let paid = case.acted("withdraw_reserves").filter(|event| said(event, "denom") == Some(&now.params.denom));
        let paid: u128 = paid.map(|event| super::number(event, "amount")).sum();
        // Coins of everybody, the pool's aside, are what there is less what the pool has.
        gained = gained + now.value(before.bank, weight) - now.value(now.bank + paid, weight);
        let claims = |asset: &crate::view::Asset| {
            let owned = asset.claim(asset.now.supply_shares.raw()).to_whole();
            asset.value(u128::try_from(owned).expect("it fits"), weight)
        };
        gained =
            gained + claims(now) - claims(before) + now.value(before.debt(), weight) - now.value(now.debt(), weight);
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
        _ => 2,
    };
    let crumbs = &case.after.crumb() * &whole(steps);
    let mut lost = Exact::default();
    for person in 0..PEOPLE {
        let (old, new) = (case.before.equity(person), case.after.equity(person));
        let others = person != sender(case) && !liquidated.iter().any(|who| who.0 == person);
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
            | Op::Withdraw { .. }
            | Op::Borrow { .. }
            | Op::Repay { .. }
            | Op::Enable { .. }
            | Op::Batch { .. }
    );
    assert!(!keeps || lost <= crumbs, "value of {lost:?} was lost on the way");
}
