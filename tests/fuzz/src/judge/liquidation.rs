//! The laws of liquidation.

use super::{Case, number};
use crate::cast::{DENOMS, share};
use crate::exact::{Exact, ONE, over, whole};

pub fn judge(case: &Case) {
    if case.outcome.result.is_err() {
        return;
    }
    nobody_liquidates_himself(case);
    it_does_what_was_previewed(case);
    accounts_improve(case);
    bonuses_come_from_what_is_certain(case);
    liquidated_lose_the_bonus_at_most(case);
    no_more_is_repaid_than_the_target_asks(case);
    write_offs_are_of_dust(case);
    least_is_received(case);
    the_liquidators_caller_never_pays(case);
}

fn nobody_liquidates_himself(case: &Case) {
    let Some((order, _)) = &case.outcome.order else { return };
    assert!(order.who.0 != order.sender && Some(order.who.0) != order.to, "{:?} liquidated himself", order.who);
}

/// 12: a liquidation does what its preview said.
fn it_does_what_was_previewed(case: &Case) {
    let (Some((_, Some(preview))), Some(event)) = (&case.outcome.order, case.acted("liquidate").next()) else { return };
    assert_eq!(number(event, "repaid"), preview.liquidation.repay.raw(), "repaid");
    assert_eq!(number(event, "seized"), preview.liquidation.seize.raw(), "seized");
    assert_eq!(number(event, "fee"), preview.liquidation.fee.raw(), "fee");
    assert_eq!(case.values("written_off").is_empty(), !preview.written_off, "written off");
}

/// 6: where nobody else pays the bonus, the collateral ratio is no lower; the debt falls; slots that were not named stay.
fn accounts_improve(case: &Case) {
    let Some((order, _)) = case.outcome.order.as_ref().filter(|_| case.values("written_off").is_empty()) else {
        return;
    };
    let (old, new, who) = (case.before, case.after, order.who);
    let (c0, d0, c1, d1) = (old.collateral(who), old.debt(who), new.collateral(who), new.debt(who));
    let seized = old.assets.iter().find(|a| a.denom == order.collateral).expect("what was seized is listed");
    let least = ONE + seized.params.liquidation_bonus.min.raw();
    if c0 >= &d0 * &over(&[least], &[ONE]) + old.crumb() {
        // c1/d1 ≥ c0/d0 up to a base unit of what was rounded on either side.
        let slack = &new.crumb() * &whole(3);
        assert!(&(c1 + slack) * &d0 >= &c0 * &d1, "CR of {who:?} fell from {c0:?}/{d0:?} to {d1:?}");
    }
    assert!(d1 < d0, "debt of {who:?} did not fall");
    let others = |account: &plimsoll_risk::account::Account| {
        let at = |denom: usize| old.assets.iter().position(|a| a.denom == denom).and_then(|at| u16::try_from(at).ok());
        let (collateral, debt) = (at(order.collateral), at(order.debt));
        let kept: Vec<_> = account.collaterals.iter().filter(|c| Some(c.asset.0) != collateral).copied().collect();
        let owed: Vec<_> = account.debts.iter().filter(|d| Some(d.asset.0) != debt).copied().collect();
        (kept, owed)
    };
    assert!(others(&old.accounts[&who]) == others(&new.accounts[&who]), "another slot of {who:?} changed");
}

/// Beyond its least, the bonus is at most what certain collateral has beyond the debt: `b ≤ max(CR − 1, b_min)`.
fn bonuses_come_from_what_is_certain(case: &Case) {
    let (Some((order, _)), Some(event)) = (&case.outcome.order, case.acted("liquidate").next()) else { return };
    let bonus: plimsoll_risk::units::Ratio = super::said(event, "bonus").and_then(|b| b.parse().ok()).expect("a bonus");
    let seized = case.before.assets.iter().find(|a| a.denom == order.collateral).expect("what was seized is listed");
    if bonus <= seized.params.liquidation_bonus.min {
        return;
    }
    let (held, owed) = case.before.certain(order.who);
    let slack = case.before.crumb();
    assert!(&owed * &over(&[ONE + bonus.raw()], &[ONE]) <= held + slack, "{:?} paid a bonus of {bonus}", order.who);
}

/// What an account loses is the bonus on what was repaid for it, and that is never more than the curve's highest.
fn liquidated_lose_the_bonus_at_most(case: &Case) {
    let Some((order, _)) = case.outcome.order.as_ref().filter(|_| case.values("written_off").is_empty()) else {
        return;
    };
    let Some(event) = case.acted("liquidate").next() else { return };
    let find = |denom: usize| case.before.assets.iter().find(|a| a.denom == denom).expect("it is listed");
    let (seized, owed) = (find(order.collateral), find(order.debt));
    let price = case.before.prices(owed).debt;
    let most =
        over(&[number(event, "repaid"), price, seized.params.liquidation_bonus.max.raw()], &[ONE, ONE, unit(owed)]);
    let (old, new) = (case.before, case.after);
    let before = old.collateral(order.who) - old.debt(order.who);
    let after = new.collateral(order.who) - new.debt(order.who);
    let slack = &new.crumb() * &whole(3);
    assert!(
        before.clone() - after.clone() <= most.clone() + slack,
        "{:?} lost {:?}, the bonus is {most:?}",
        order.who,
        before - after
    );
    // The protocol's part is a share of the bonus, never of the principal.
    let bonus = over(&[number(event, "seized"), case.before.prices(seized).collateral], &[ONE, unit(seized)])
        - over(&[number(event, "repaid"), price], &[ONE, unit(owed)]);
    let fee = over(&[number(event, "fee"), case.before.prices(seized).collateral], &[ONE, unit(seized)]);
    let part = &bonus * &over(&[seized.params.protocol_liquidation_fee.raw()], &[ONE]);
    assert!(fee <= part.max(Exact::default()) + &new.crumb() * &whole(3), "a fee of {fee:?} on a bonus of {bonus:?}");
}

/// `r = (T·D − S) / (T − LT(1 + b))` at most, and what is dust beside it; all of it only where the collateral can't pay the least bonus.
fn no_more_is_repaid_than_the_target_asks(case: &Case) {
    let (Some((order, _)), Some(event)) = (&case.outcome.order, case.acted("liquidate").next()) else { return };
    let (old, who) = (case.before, order.who);
    let find = |denom: usize| old.assets.iter().position(|a| a.denom == denom).expect("it is listed");
    let (at, owed) = (find(order.collateral), &old.assets[find(order.debt)]);
    let seized = &old.assets[at];
    let (debt, slack) = (old.debt(who), &old.crumb() * &whole(4));
    let least = ONE + seized.params.liquidation_bonus.min.raw();
    if old.collateral(who) <= &debt * &over(&[least], &[ONE]) + slack.clone() {
        return;
    }
    let held = old.accounts[&who].collaterals.iter().find(|c| usize::from(c.asset.0) == at);
    let threshold = held.filter(|c| c.enabled).map_or(0, |_| seized.params.liquidation_threshold.at(old.now).raw());
    let bonus: plimsoll_risk::units::Ratio = super::said(event, "bonus").and_then(|b| b.parse().ok()).expect("a bonus");
    let target = over(&[old.config.liquidation.target_health_factor.raw()], &[ONE]);
    let gained = target.clone() - over(&[threshold, ONE + bonus.raw()], &[ONE, ONE]);
    let missing = &target * &debt - old.carried(who);
    let repaid = over(&[number(event, "repaid"), old.prices(owed).debt], &[ONE, unit(owed)]);
    let dust: u128 = old.config.liquidation.dust_value.raw().to_string().parse().expect("it fits");
    let beyond = repaid - over(&[dust], &[ONE]) - slack.clone();
    assert!(
        &beyond * &gained <= missing.clone() + slack,
        "{who:?}: repaid {beyond:?} beyond dust, for {missing:?} missing"
    );
}

fn unit(asset: &crate::view::Asset) -> u128 {
    10u128.pow(u32::from(crate::cast::DECIMALS[asset.denom]))
}

/// What is written off had less than dust, disabled deposits included, and less than it owed.
fn write_offs_are_of_dust(case: &Case) {
    let dust = over(&[case.before.config.liquidation.dust_value.raw().to_string().parse().expect("it fits")], &[ONE])
        + case.before.crumb();
    for event in case.acted("write_off") {
        let Some(who) = super::said(event, "account").and_then(|name| case.who(name)) else { continue };
        // Within a flash loan others may have taken what was there before.
        if matches!(case.op, crate::op::Op::WriteOff { .. } | crate::op::Op::WriteOffWorst { .. }) {
            let collateral = case.before.collateral(who);
            assert!(collateral < dust, "{who:?} had {collateral:?}");
            assert!(collateral <= case.before.debt(who) + case.before.crumb(), "{who:?} had more than it owed");
        }
        let left = &case.after.accounts[&who];
        assert!(left.debts.is_empty() && left.collaterals.is_empty(), "{who:?} kept something");
    }
}

/// Whoever named a least received it, in coins.
fn least_is_received(case: &Case) {
    let Some((order, Some(preview))) = &case.outcome.order else { return };
    let Some(least) = order.least.filter(|_| !order.shares && order.collateral != order.debt) else { return };
    let taker = order.to.unwrap_or(order.sender);
    let got = case.after.wallets[taker][order.collateral] - case.before.wallets[taker][order.collateral];
    let wanted = share(preview.receive.raw(), least);
    assert!(got >= wanted, "{got} {} where {wanted} was the least", DENOMS[order.collateral]);
}

/// Whoever lets the liquidator work pays nothing, gets at least so many items as he asked for, and nothing stays inside.
fn the_liquidators_caller_never_pays(case: &Case) {
    assert!(!case.after.busy, "the liquidator is left at work");
    assert!(
        case.after.liquidators.iter().all(|coin| coin.amount.is_zero()),
        "left in the liquidator: {:?}",
        case.after.liquidators
    );
    let crate::op::Op::LiquidateMany { sender, min_success, profit, .. } = *case.op else { return };
    for group in case.acted("settle").filter(|_| profit) {
        let coins = group.attributes.iter().filter(|a| a.key == "proceeds");
        let mut coins = coins.filter_map(|a| a.value.parse::<cosmwasm_std::Coin>().ok());
        let enough = |coin: cosmwasm_std::Coin| {
            let denom = DENOMS.iter().position(|denom| *denom == coin.denom);
            denom.is_some_and(|denom| coin.amount >= cosmwasm_std::Uint256::from(crate::cast::worth(denom, 5_000)))
        };
        assert!(coins.any(enough), "a group earned less than was asked for: {group:?}");
    }
    for (denom, (old, new)) in case.before.wallets[sender].iter().zip(case.after.wallets[sender]).enumerate() {
        assert!(new >= *old, "the caller paid {} {}", old - new, DENOMS[denom]);
    }
    let succeeded: u32 = case.values("succeeded")[0].parse().expect("a count");
    assert!(succeeded >= min_success, "{succeeded} of at least {min_success}");
    let done = case.acted("liquidate").count() + case.acted("write_off").count();
    assert_eq!(done, succeeded as usize, "it says that {succeeded} succeeded");
}
