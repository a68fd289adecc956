//! The laws of isolated collateral and siloed debt: who owes against what, and how much of it may be owed.

use std::collections::BTreeMap;

use plimsoll_risk::account::Account;

use super::Case;
use crate::view::View;

pub fn judge(case: &Case) {
    sums_are_the_accounts(case.after);
    what_is_taken_stands_alone(case);
}

/// What counts as an account's collateral.
fn counting(account: &Account) -> Vec<u16> {
    account.collaterals.iter().filter(|held| held.enabled).map(|held| held.asset.0).collect()
}

/// The accounts that are marked have debts and one deposit that counts, and add up to what is counted.
fn sums_are_the_accounts(view: &View) {
    let mut sums: BTreeMap<(u16, u16), u128> = BTreeMap::new();
    for (who, account) in view.accounts.iter().filter(|(_, account)| account.settings & 2 != 0) {
        let counting = counting(account);
        assert!(counting.len() == 1 && !account.debts.is_empty(), "{who:?} owes against no isolated deposit alone");
        for debt in &account.debts {
            *sums.entry((counting[0], debt.asset.0)).or_default() += debt.scaled.raw();
        }
    }
    for (key, counted) in &view.isolated_debts {
        assert_eq!(*counted, sums.remove(key).unwrap_or(0), "of {:?} owed against {:?}", key.1, key.0);
    }
    assert!(sums.is_empty(), "{sums:?} is counted nowhere");
}

/// Whoever owes more than before, or has more that counts, owes against an isolated deposit within its ceilings, with nothing beside it, and
/// nothing beside a siloed debt.
fn what_is_taken_stands_alone(case: &Case) {
    let liquidated = case.liquidated();
    for (who, new) in case.after.accounts.iter().filter(|(who, new)| !liquidated.contains(who) && !new.debts.is_empty())
    {
        let none = Account::default();
        let old = case.before.accounts.get(who).unwrap_or(&none);
        let params = |asset: u16| &case.before.assets[usize::from(asset)].params;
        let counts = counting(new);
        let risen: Vec<_> = new.debts.iter().filter(|debt| debt.scaled > old.debt(debt.asset)).collect();
        let joined = counts.iter().any(|asset| !counting(old).contains(asset)) && !old.debts.is_empty();
        let opened = new.debts.iter().any(|debt| old.debt(debt.asset).is_zero());
        let siloed = new.debts.iter().any(|debt| params(debt.asset.0).siloed);
        assert!(!(opened && siloed) || new.debts.len() == 1, "{who:?} owes beside a siloed debt");
        let Some(isolated) = counts.iter().find(|asset| params(**asset).isolation.is_some()) else { continue };
        let is_as_before = !joined && risen.is_empty();
        assert!(is_as_before || counts.len() == 1, "{who:?} has something beside {isolated}: {old:?} {new:?}");
        for debt in risen {
            let ceilings = params(*isolated).isolation.iter().flatten();
            let ceiling =
                ceilings.filter(|one| one.debt == debt.asset).map(|one| one.ceiling.raw()).next().unwrap_or(0);
            let counted = case.after.isolated_debts.get(&(*isolated, debt.asset.0)).copied().unwrap_or(0);
            assert!(counted <= ceiling, "{who:?} owes {counted} against {isolated} above a ceiling of {ceiling}");
        }
    }
}
