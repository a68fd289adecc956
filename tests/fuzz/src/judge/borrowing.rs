//! The laws of lending, at a fixed price and time: what is lent is covered at the worst that anybody says, and what is stopped is stopped.

use plimsoll_risk::account::{Account, Collateral};
use plimsoll_risk::params::AssetId;

use super::{Case, said};
use crate::exact::{ONE, over, whole};
use crate::op::{Op, Who};
use crate::value::{By, Sums, worth};
use crate::view::{Asset, View};

pub fn judge(case: &Case) {
    lowered_accounts_are_covered(case);
    loans_are_within_caps(case);
    deposits_are_open_or_needed(case);
    health_is_not_bought(case);
    no_crumb_of_debt_is_left(case);
    what_is_stopped_is_not_lent(case);
}

/// 6: after whatever lowers borrowing power or raises debt, the account is within max LTV at the worst of the settled price, what was
/// published, the votes that are newer than those, and what live sources say; as far as markets are open and within their caps. Or else it is
/// better than before. Nothing of it is known without prices, nor in a halt.
fn lowered_accounts_are_covered(case: &Case) {
    let liquidated = case.liquidated();
    if case.suppliers_lost() {
        return;
    }
    for (who, old) in &case.before.accounts {
        let new = &case.after.accounts[who];
        if new.debts.is_empty() || liquidated.contains(who) || !is_lowered(old, new) {
            continue;
        }
        let asked = matches!(
            case.op.deed(),
            Op::Borrow { .. } | Op::Withdraw { .. } | Op::Enable { .. } | Op::Batch { .. } | Op::TransferShares { .. }
        );
        assert!(!asked || !case.after.is_halted(), "{who:?} was lowered in a halt");
        assert!(case.after.lends_to(new), "{who:?} was lowered without a price");
        let power = case.after.sums(*who, By::Power);
        let slack = case.after.crumb_at(|said| &said.edges[1]);
        let is_within = power.weighted <= power.carried.clone() + slack && !case.after.is_halted();
        assert!(is_within || is_better(case, old, new), "{who:?} owes {:?} above {:?}", power.weighted, power.carried);
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

/// Whether an account is at a health factor of at least 1 and no lower than before, with less debt, all at the borrowing edges. Deposits in
/// markets that are stopped or above their caps count no more than they did before, and by their power alone it is healthy or no worse. Of a flash loan's or a callback's messages each is judged by itself.
fn is_better(case: &Case, old: &Account, new: &Account) -> bool {
    let view = case.after;
    let counted = |held: &Collateral| {
        let asset = &view.assets[usize::from(held.asset.0)];
        let before = old.collateral(held.asset).filter(|held| held.enabled).map_or(0, |held| held.shares.raw());
        if asset.power() < whole(1) { held.shares.raw().min(before) } else { held.shares.raw() }
    };
    let powered = |held: &Collateral| {
        let power = view.assets[usize::from(held.asset.0)].power();
        u128::try_from((&whole(held.shares.raw()) * &power).to_whole()).expect("a share of shares")
    };
    let before: Sums = view.sums_of(old, By::Edges, |held| held.shares.raw());
    let after: Sums = view.sums_of(new, By::Edges, counted);
    let [before_powered, after_powered]: [Sums; 2] =
        [old, new].map(|account| view.sums_of(account, By::Edges, powered));
    let slack = &view.crumb_at(|said| &said.edges[1]) * &whole(2);
    let healthy = after.carried.clone() + slack.clone() >= after.weighted;
    if case.is_called() {
        return healthy;
    }
    let less = after.debt <= before.debt.clone() + slack.clone();
    let no_lower = |before: &Sums, after: &Sums| {
        &(after.carried.clone() + slack.clone()) * &before.weighted >= &before.carried * &after.weighted
    };
    let good = after_powered.carried.clone() + slack.clone() >= after_powered.weighted
        || no_lower(&before_powered, &after_powered);
    healthy && less && good && no_lower(&before, &after)
}

/// A market's debt ends within its cap and its most utilization where it was raised, and no debt is too small to be worth a liquidation.
fn loans_are_within_caps(case: &Case) {
    let Op::Borrow { who, denom, .. } = *case.op.deed() else { return };
    let (id, asset) = listed(case.after, denom);
    assert!(asset.params.enabled.borrow, "borrowed where borrowing is stopped");
    assert!(asset.debt() <= asset.params.borrow_cap.raw(), "above the borrow cap of {}", asset.params.denom);
    let most = over(&[asset.supply(), asset.params.max_borrow_utilization.raw()], &[ONE]);
    let limited = asset.params.max_borrow_utilization.raw() < ONE;
    assert!(!limited || whole(asset.debt()) <= most, "above the most utilization of {}", asset.params.denom);
    assert_worth_a_liquidation(case.after, asset, case.after.accounts[&who].debt(id).raw());
}

fn assert_worth_a_liquidation(view: &View, asset: &Asset, scaled: u128) {
    let least = worth(view.config.min_debt_value);
    let price = view.price(asset.denom, |said| &said.counted[0]);
    let value = &asset.owed(scaled) * &price;
    assert!(value + asset.value(1, &price) >= least, "a debt of less than the least");
}

fn listed(view: &View, denom: usize) -> (AssetId, &Asset) {
    let at = view.assets.iter().position(|asset| asset.denom == denom).expect("it is listed");
    (AssetId(u16::try_from(at).expect("few assets")), &view.assets[at])
}

/// A deposit in a market that is stopped or above its cap tops up an enabled one of an account above its max LTV, as far as it needs.
fn deposits_are_open_or_needed(case: &Case) {
    if case.is_called() {
        return;
    }
    let deposits = done(case, "deposit");
    for (who, denom) in &deposits {
        let (who, (id, asset)) = (*who, listed(case.after, *denom));
        // Of several in one market the first may have been within the cap.
        if deposits.iter().filter(|(_, other)| other == denom).count() > 1 {
            continue;
        }
        if asset.params.enabled.deposit && asset.supply() <= asset.params.supply_cap.raw() {
            continue;
        }
        let old = &case.before.accounts[&who];
        let tops_up = old.collateral(id).is_some_and(|held| held.enabled) && !old.debts.is_empty();
        assert!(tops_up, "deposited where deposits are stopped or full");
        let (before, after) = (case.before.sums(who, By::UncappedPower), case.after.sums(who, By::UncappedPower));
        let slack = case.after.crumb_at(|said| &said.edges[1]);
        assert!(before.weighted.clone() + slack.clone() > before.carried, "{who:?} needed no rescue: {before:?}");
        // Of a batch the repayments come beside it.
        let beyond = !matches!(case.op, Op::Batch { .. }) && after.weighted.clone() + slack < after.carried;
        assert!(!beyond, "{who:?} was rescued beyond need: {after:?}");
    }
}

/// Of an account with debt no deposit is added to, or begins to count, while its denom is silent or lent against at much less than liquidation
/// counts.
fn health_is_not_bought(case: &Case) {
    if !matches!(
        case.op,
        Op::Deposit { .. } | Op::Rescue { .. } | Op::Enable { .. } | Op::Liquidate { .. } | Op::LiquidateWorst { .. }
    ) {
        return;
    }
    for (who, new) in &case.after.accounts {
        let old = &case.before.accounts[who];
        for held in new.collaterals.iter().filter(|held| held.enabled && !old.debts.is_empty()) {
            let more = old.collateral(held.asset).is_none_or(|before| !before.enabled || before.shares < held.shares);
            let asset = &case.after.assets[usize::from(held.asset.0)];
            assert!(
                !more || case.after.all_say(asset.denom, |said| !said.ahead),
                "{who:?} bought health with {}",
                asset.params.denom
            );
        }
    }
}

/// What is left of a debt after a part was repaid is still worth a liquidation.
fn no_crumb_of_debt_is_left(case: &Case) {
    if case.is_called() {
        return;
    }
    for (who, denom) in done(case, "repay") {
        let (id, asset) = listed(case.after, denom);
        let left = case.after.accounts[&who].debt(id).raw();
        if left > 0 && !case.after.chain(denom).is_empty() {
            assert_worth_a_liquidation(case.after, asset, left);
        }
    }
}

/// On whose accounts and in which denoms this was done, by messages of their own and by batches.
fn done(case: &Case, action: &str) -> Vec<(Who, usize)> {
    let mut done = vec![];
    for event in case.outcome.events() {
        let (mut is_meant, mut who) = (false, None);
        for attribute in &event.attributes {
            match attribute.key.as_str() {
                "action" | "step" => is_meant = attribute.value == action,
                "account" => who = case.who(&attribute.value),
                "denom" if is_meant => done.extend(who.map(|who| (who, crate::use_pool::place(&attribute.value)))),
                _ => {}
            }
        }
    }
    done
}

fn what_is_stopped_is_not_lent(case: &Case) {
    for event in case.acted("flash_loan") {
        let denom = said(event, "denom").expect("a loan names its denom");
        let (_, asset) = listed(case.before, crate::use_pool::place(denom));
        assert!(asset.params.enabled.flash_loan, "lent where flash loans are stopped");
    }
}
