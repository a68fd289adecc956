//! The laws of the ledger: what is counted is there, and nothing comes from nowhere.

use plimsoll_risk::params::AssetId;
use plimsoll_risk::rates::RateModel;
use plimsoll_risk::units::ScaledDebt;

use super::{Case, number, rates, said};
use crate::cast::DENOMS;
use crate::exact::{ONE, over, whole};
use crate::op::{Op, Who};
use crate::view::{Asset, View};

const YEAR: u128 = 31_536_000;

pub fn judge(case: &Case, donated: &[u128; DENOMS.len()]) {
    bank_covers_cash(case.after, donated);
    sums_agree(case.after);
    interest_is_the_formulas(case);
    loans_owe_their_first_minute(case);
    repayments_take_what_they_clear(case);
    shares_lose_by_write_offs_alone(case);
    reserves_take_what_events_say(case);
    reserves_bear_losses_first(case);
    untouched_markets_keep_their_bytes(case);
}

/// 1: the bank has exactly what was counted and what was donated; no flash loan is open.
fn bank_covers_cash(view: &View, donated: &[u128; DENOMS.len()]) {
    assert!(!view.open_loans, "a flash loan or a batch is left open");
    for asset in &view.assets {
        let denom = &asset.params.denom;
        assert_eq!(asset.bank, asset.stored.cash.raw() + donated[asset.denom], "bank of {denom}");
        assert_eq!(asset.stored.lent.raw(), 0, "lent of {denom}");
    }
}

/// 2: the accounts add up to the market, and the index of debtors is exactly those with debt. Nobody's debt is its own security.
fn sums_agree(view: &View) {
    assert_eq!(view.strangers, 0, "accounts of addresses that did nothing");
    for (id, asset) in view.assets.iter().enumerate() {
        let id = AssetId(u16::try_from(id).expect("few assets"));
        let shares: u128 = view.accounts.values().map(|account| account.shares(id).raw()).sum();
        assert_eq!(shares, asset.stored.supply_shares.raw(), "shares of {}", asset.params.denom);
        let scaled: u128 = view.accounts.values().map(|account| account.debt(id).raw()).sum();
        assert_eq!(scaled, asset.stored.debt_scaled.raw(), "debt of {}", asset.params.denom);
    }
    for (who, account) in &view.accounts {
        assert_eq!(view.debtors.contains(who), !account.debts.is_empty(), "index of debtors at {who:?}");
        let doubled = |ids: Vec<u16>| ids.iter().any(|id| ids.iter().filter(|other| *other == id).count() > 1);
        assert!(!doubled(account.collaterals.iter().map(|c| c.asset.0).collect()), "doubled slot at {who:?}");
        assert!(!doubled(account.debts.iter().map(|d| d.asset.0).collect()), "doubled debt at {who:?}");
        assert!(!account.is_busy(), "{who:?} waits for a batch that is over");
        assert!(account.collaterals.len() <= 8 && account.debts.len() <= 8, "more than eight slots at {who:?}");
        for collateral in &account.collaterals {
            let owes = account.debt(collateral.asset) > ScaledDebt::ZERO;
            assert!(!(owes && collateral.enabled), "{who:?} owes its own collateral");
        }
    }
}

/// The index to which a changed market's debts grew before the rest: the present one, unless the last debt was cleared meanwhile.
fn grown(old: &Asset, new: &Asset) -> u128 {
    let present = new.stored.borrow_index.raw();
    let anew = new.stored.debt_scaled.raw() == 0 || (present == ONE && present < old.now.borrow_index.raw());
    if anew { old.now.borrow_index.raw() } else { present }
}

/// 3: whoever changes a market's record has added interest first, as much as `index × (x + x²/2 + x³/6)` for the rate in force, and no step
/// more than rounding explains. An index never falls while there is debt, and is 1 when there is none.
fn interest_is_the_formulas(case: &Case) {
    for (old, new) in case.before.assets.iter().zip(&case.after.assets) {
        let denom = &new.params.denom;
        let (index, present) = (old.stored.borrow_index.raw(), new.stored.borrow_index.raw());
        // Only where a loan was repaid and another taken in one operation does an index begin anew under a debt.
        assert!(
            present >= index || (present == ONE && (new.stored.debt_scaled.raw() == 0 || case.is_many())),
            "index of {denom} fell"
        );
        if old.stored == new.stored {
            continue;
        }
        assert_eq!(new.stored.updated_at, case.after.now, "{denom} was changed without interest");
        assert!(new.stored.debt_scaled.raw() > 0 || present == ONE, "index of {denom} without debt");
        if old.stored.debt_scaled.raw() == 0 {
            assert_eq!(present, ONE, "index of {denom} grew without debt");
            continue;
        }
        if !rates::is_kinked(old, case.after.now) {
            let (growth, _) = rates::course(old, case.after.now);
            let grown = rates::number(grown(old, new));
            assert!(
                rates::near(grown, rates::number(index) * growth),
                "index of {denom}: {grown}, not {growth} times {index}"
            );
            continue;
        }
        let seconds = u128::from(case.after.now - old.stored.updated_at);
        let x = over(&[old.stored.rate.raw(), seconds], &[ONE, YEAR]);
        let (square, cube) = (&x * &x, &(&x * &x) * &x);
        let half = over(&[1], &[2]);
        let sixth = over(&[1], &[6]);
        let growth = x + &square * &half + &cube * &sixth;
        let grown_by = &growth * &whole(index);
        let actual = whole(grown(old, new) - index);
        // x and each of three terms are rounded up in steps of 10⁻¹⁸, the product again; what x is off by grows as the sum's slope, 1 + x + x²/2.
        let slack = &over(&[index, 8], &[ONE]) * &(whole(1) + growth) + whole(2);
        assert!(actual.clone() + whole(1) >= grown_by, "too little interest on {denom}: {actual:?} of {grown_by:?}");
        assert!(actual <= grown_by + slack, "too much interest on {denom}");
    }
}

/// A loan owes a minute of interest at once, at the rate of the utilization that it leaves: `amount × rate × 60 / year`, whole units of it.
fn loans_owe_their_first_minute(case: &Case) {
    let Op::Borrow { denom, .. } = *case.op.deed() else { return };
    let Some(event) = case.acted("borrow").next() else { return };
    let asset = case.before.assets.iter().find(|asset| asset.denom == denom).expect("what was borrowed is listed");
    let (amount, interest) = (number(event, "amount"), number(event, "interest"));
    let (owed, supply) = (asset.debt() + amount, asset.supply());
    let used = if owed >= supply { whole(1) } else { over(&[owed], &[supply]) };
    let model = match asset.params.rate_model_at(case.before.now) {
        RateModel::Kinked(model) => model,
        RateModel::Adaptive(model) => {
            let used = (owed as f64 / supply.max(owed) as f64).min(1.0);
            let rate = rates::curve(model, used, rates::number(asset.now.rate_at_target.raw()));
            let exact = amount as f64 * rate * 60.0 / 31_536_000.0;
            assert!((interest as f64) <= exact * (1.0 + 1e-9) + 1e-3, "a minute's interest of {interest} for {exact}");
            return assert!(
                (interest + 1) as f64 > exact * (1.0 - 1e-9) - 1e-3,
                "a minute's interest of {interest} for {exact}"
            );
        }
    };
    let (kink, base) = (model.optimal_utilization_rate.raw(), model.base.raw());
    let rate = if used <= over(&[kink], &[ONE]) {
        over(&[base], &[ONE]) + &used * &over(&[model.slope_1.raw()], &[kink])
    } else {
        let above = used - over(&[kink], &[ONE]);
        over(&[base + model.slope_1.raw()], &[ONE]) + &above * &over(&[model.slope_2.raw()], &[ONE - kink])
    };
    let exact = &rate * &over(&[amount, 60], &[YEAR]);
    // The rate is rounded up by a few steps of 10⁻¹⁸.
    let slack = over(&[amount, 2_000], &[ONE]) + over(&[1], &[1 << 60]);
    assert!(whole(interest) <= exact.clone() + slack.clone(), "a minute's interest of {interest} for {exact:?}");
    assert!(whole(interest + 1) + slack > exact, "a minute's interest of {interest} for {exact:?}");
}

/// A repayment takes what it clears at the present index, rounded up to a base unit, and no more.
fn repayments_take_what_they_clear(case: &Case) {
    let Op::Repay { who, denom, .. } = *case.op.deed() else { return };
    let Some(event) = case.acted("repay").next() else { return };
    let at = case.before.assets.iter().position(|asset| asset.denom == denom).expect("what was repaid is listed");
    assert_eq!(number(event, "amount"), cleared(case, who, at).1, "more or less was taken than was cleared");
}

/// What an operation cleared of an account's debt, in scaled units and in what they are worth, rounded up.
pub fn cleared(case: &Case, who: Who, at: usize) -> (u128, u128) {
    let id = AssetId(u16::try_from(at).expect("few assets"));
    let debt = |view: &View| view.accounts[&who].debt(id).raw();
    let scaled = debt(case.before).saturating_sub(debt(case.after));
    (scaled, worth_up(scaled, case.before.assets[at].now.borrow_index.raw()))
}

/// What scaled debt is worth at an index, rounded up.
pub fn worth_up(scaled: u128, index: u128) -> u128 {
    let exact = over(&[scaled, index], &[ONE]);
    let down = u128::try_from(exact.to_whole()).expect("it fits");
    if exact > whole(down) { down + 1 } else { down }
}

/// 3: a share never loses value but by a write-off, and then all shares together lose no more than was booked. Exact: everything rounds in the
/// pool's favour.
fn shares_lose_by_write_offs_alone(case: &Case) {
    let borne = case.values("borne_by_suppliers");
    for (old, new) in case.before.assets.iter().zip(&case.after.assets) {
        let denom = &new.params.denom;
        let texts = borne.iter().filter_map(|text| text.strip_suffix(denom.as_str()));
        let lost: u128 = texts.map(|text| text.parse::<u128>().expect("an amount")).sum();
        let supply = |asset: &Asset| (asset.supply() + 1, asset.now.supply_shares.raw() + 1_000_000);
        let ((old_supply, old_shares), (new_supply, new_shares)) = (supply(old), supply(new));
        // A loss falls on the shares that were there and stay; what comes or goes beside it, at one price or the other.
        let booked = if lost == 0 { 0 } else { lost + 1 + u128::try_from(borne.len()).expect("few") };
        let worth = over(&[old_supply, old_shares.min(new_shares)], &[old_shares]);
        let left = over(&[new_supply, old_shares.min(new_shares)], &[new_shares]);
        // A step of the comparison, far below a base unit.
        let step = over(&[1], &[1 << 90]);
        assert!(
            left.clone() + whole(booked) + step >= worth,
            "suppliers of {denom} lost {} to {}, but {lost} was booked",
            worth.to_whole(),
            left.to_whole()
        );
    }
}

/// Reserves rise by the fees, covers, sweeps and the cut of interest, and fall by what they bear and what is withdrawn: to the last fraction of a
/// unit, so that it is the same however often a market is touched. Where nobody supplies all interest is theirs.
fn reserves_take_what_events_say(case: &Case) {
    for (old, new) in case.before.assets.iter().zip(&case.after.assets) {
        let denom = new.params.denom.as_str();
        let debt = |index: u128| over(&[old.stored.debt_scaled.raw(), index], &[ONE]).to_whole();
        let touched = old.stored != new.stored;
        let grown = if touched { grown(old, new) } else { old.stored.borrow_index.raw() };
        let interest = u128::try_from(debt(grown) - debt(old.stored.borrow_index.raw())).expect("never less");
        let interest = interest + case.first_interest(denom);
        let all = |asset: &Asset| asset.stored.supply_shares.raw() == 0;
        let factor = if all(old) { ONE } else { old.params.reserve_factor.raw() };
        let fraction = |asset: &Asset| over(&[asset.stored.reserves_fraction.raw()], &[ONE]);
        let of = |asset: &Asset| whole(asset.stored.reserves.raw()) + fraction(asset);
        let (more, less) = events(case, denom, old);
        let expected = of(old) + over(&[interest, factor], &[ONE]) + whole(more);
        let actual = of(new) + whole(less);
        // Three numbers that were each cut off.
        let step = over(&[1], &[1 << 90]);
        if case.is_many() && (all(old) || all(new)) {
            // Between its steps there may have been suppliers, or none.
            let most = of(old) + whole(interest + more) + step.clone();
            assert!(actual <= most && actual.clone() + step >= of(old) + whole(more), "reserves of {denom}");
            continue;
        }
        assert!(
            actual <= expected.clone() + step.clone() && actual.clone() + step >= expected,
            "reserves of {denom}: {actual:?} where {expected:?} is due"
        );
        assert!(new.stored.reserves_fraction.raw() < ONE, "a fraction of a whole unit of {denom}");
    }
}

/// Suppliers lose only where no reserves are left. Within a flash loan, a callback or a batch of liquidations more may come to them afterwards.
fn reserves_bear_losses_first(case: &Case) {
    if case.is_called() || matches!(case.op, Op::LiquidateMany { .. } | Op::LiquidateBatch { .. }) {
        return;
    }
    let borne = case.values("borne_by_suppliers");
    for asset in &case.after.assets {
        let denom = asset.params.denom.as_str();
        let lost = borne.iter().any(|text| text.strip_suffix(denom).is_some_and(|amount| amount != "0"));
        assert!(!lost || asset.stored.reserves.is_zero(), "suppliers of {denom} lost while reserves stood");
    }
}

/// What reserves gained and lost by the events.
fn events(case: &Case, denom: &str, old: &Asset) -> (u128, u128) {
    let (mut more, mut less) = (0u128, 0u128);
    for event in case.outcome.events() {
        let of = |key: &str| said(event, key) == Some(denom);
        match said(event, "action") {
            Some("flash_loan") if of("denom") => {
                let fee = (over(&[number(event, "amount"), old.params.flash_loan_fee.raw()], &[ONE])).to_whole();
                let (fee, charged) = (u128::try_from(fee).expect("it fits"), number(event, "fee"));
                assert!(charged == fee || charged == fee + 1, "fee of {charged} where {fee} is due");
                more += charged;
            }
            Some("cover") if of("denom") && said(event, "beneficiary") == Some("reserves") => {
                more += number(event, "amount")
            }
            Some("withdraw_reserves") if of("denom") => less += number(event, "amount"),
            Some("liquidate") if of("collateral_denom") => more += number(event, "fee"),
            _ => {}
        }
        for attribute in &event.attributes {
            let amount = || attribute.value.strip_suffix(denom).and_then(|n| n.parse::<u128>().ok()).unwrap_or(0);
            match attribute.key.as_str() {
                "swept" => more += amount(),
                "borne_by_reserves" => less += amount(),
                _ => {}
            }
        }
    }
    (more, less)
}

/// 11: a market that no attribute names keeps its record.
fn untouched_markets_keep_their_bytes(case: &Case) {
    let mut named = case.values("denom");
    named.extend(case.values("debt_denom"));
    named.extend(case.values("collateral_denom"));
    for (old, new) in case.before.assets.iter().zip(&case.after.assets) {
        let denom = new.params.denom.as_str();
        assert!(named.contains(&denom) || old.stored == new.stored, "{denom} changed unnamed");
    }
}
