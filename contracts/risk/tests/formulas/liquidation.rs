//! Liquidation against exact rationals: how large, what it leaves behind, and that splitting one never pays.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::cell::Cell;

use crate::model::{
    E18, Q, alone, any128, any256, big, ceil, collateral, collateral_price, config, curves, cut, debt, debt_price,
    exact, exact_bonus, fixed, floor, frac, magnitudes, position, q, record, silent, sums, ten, value, weights, wide,
    wild_positions, worth,
};
use num_bigint::BigInt;
use num_traits::{One, ToPrimitive, Zero};
use plimsoll_risk::health::{CollateralLine, DebtLine, Health, Position};
use plimsoll_risk::liquidation::{
    Incentive, Limits, Liquidation, LiquidationError, LiquidationTerms, bonus_down, size, target_repay_up,
};
use plimsoll_risk::params::{AssetId, BonusCurve};
use plimsoll_risk::price::PriceFault;
use plimsoll_risk::units::{Amount, Ratio, Value};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

const SEIZED: AssetId = AssetId(0);
const OWED: AssetId = AssetId(100);

/// A liquidatable account, and terms that governance may set.
#[derive(Clone, Debug)]
struct Case {
    position: Position,
    incentive: Incentive,
    terms: LiquidationTerms,
}

impl Case {
    fn size(&self, offered: u128) -> Result<Liquidation, LiquidationError> {
        size(&self.position, SEIZED, OWED, Limits::offered(Amount::new(offered)), &self.incentive, &self.terms)
    }

    /// The account after a liquidation.
    fn after(&self, done: &Liquidation) -> Self {
        let mut next = self.clone();
        let held = &mut next.position.collaterals[0];
        let owed = &mut next.position.debts[0];
        held.amount = held.amount.checked_sub(done.seize).unwrap();
        owed.amount = owed.amount.checked_sub(done.repay).unwrap();
        next
    }

    /// What one base unit of the seized asset, and one of the owed, is worth in raw value units.
    fn units(&self) -> (Q, Q) {
        let held = &self.position.collaterals[0];
        let owed = &self.position.debts[0];
        (worth(1, collateral_price(held), held.decimals), worth(1, debt_price(owed), owed.decimals))
    }

    fn threshold(&self) -> Q {
        let held = &self.position.collaterals[0];
        if held.enabled { fixed(held.liquidation_threshold.raw()) } else { Q::zero() }
    }

    /// The weight of the debt that is repaid.
    fn weight(&self) -> Q {
        fixed(self.position.debts[0].weight.raw())
    }

    fn least_ratio(&self) -> Q {
        Q::one() + fixed(self.incentive.bonus.min.raw())
    }
}

/// The amount of a token that is worth this much, at least one base unit.
fn bought(worth: &BigInt, price: u128, decimals: u8) -> u128 {
    (worth * ten(decimals) / price).max(BigInt::from(1)).to_u128().unwrap()
}

/// A debt: its line and its weight.
fn owed_line() -> impl Strategy<Value = ((u128, u128, u128, u8), Ratio)> {
    (line(), weights())
}

/// One line: a value in millionths of the quote currency, the price that it counts at, the other end of its record in
/// thousandths of that, and decimals.
fn line() -> impl Strategy<Value = (u128, u128, u128, u8)> {
    let end = prop_oneof![1 => Just(1_000u128), 1 => 1u128..1_000];
    (magnitudes(1_000, 10u128.pow(15)), magnitudes(10u128.pow(9), 10u128.pow(24)), end, 0u8..=18)
}

/// A liquidatable account with up to `most` collaterals and two debts, each on a record of its own, of which the ends
/// may be far apart.
fn cases(most: usize) -> impl Strategy<Value = Case> {
    let other = (line(), 0..950_000u128, 0u32..6);
    let health = prop_oneof![1 => 1_000u128..500_000, 3 => 500_000u128..1_000_000, 2 => 900_000u128..1_000_000];
    let shape =
        (line(), 0u32..12, prop::collection::vec(other, 0..most), owed_line(), prop::option::of(owed_line()), health);
    // In millionths: of the quote currency, or of the debt, so that dust is often what a liquidation would leave.
    let dust = prop_oneof![
        Just((0, 0)),
        magnitudes(1_000, 10u128.pow(9)).prop_map(|n| (n, 0)),
        (0..500_000u128).prop_map(|n| (0, n))
    ];
    let cost = prop_oneof![6 => 0u128..=1_000_000, 1 => Just(0), 1 => Just(1_000_000)];
    let terms = (0u128..=500_000, 1_001_000u128..1_500_000, dust, cost);
    (curves(), shape, terms).prop_filter_map("liquidatable", move |((lt, bonus), shape, (fee, target, dust, cost))| {
        let (seized, off, others, owed, second, health) = shape;
        let of = |id, (worth, price, end, decimals): (u128, u128, u128, u8), lt| {
            let amount = bought(&(BigInt::from(worth) * 10u64.pow(12)), price, decimals);
            let mark = alone(id, record("", price * end / 1_000, price));
            CollateralLine { mark, ..collateral(id, amount, price, decimals, lt) }
        };
        let owing = |id, worth: BigInt, ((_, price, end, decimals), weight): ((u128, u128, u128, u8), Ratio)| {
            let mark = alone(id, record("", price, price * 1_000 / end));
            let amount = bought(&(worth * E18 / weight.raw()), price, decimals);
            DebtLine { mark, weight, ..debt(id, amount, price, decimals) }
        };
        let mut collaterals = vec![of(0, seized, lt)];
        collaterals[0].enabled = off > 0;
        for (id, (other, lt, off)) in (1..).zip(others) {
            let mut line = of(id, other, lt * (E18 / 1_000_000));
            line.enabled = off > 0;
            collaterals.push(line);
        }
        let mut position = position(collaterals, vec![]);
        // As much weighted debt as leaves the wanted health; the second debt's own value sets its share of it.
        let carried = sums(&position).carried.max(E18.into());
        let total: BigInt = carried * 1_000_000u32 / health;
        let part = second.map_or(0, |((worth, ..), _)| worth % 1_000_000);
        position.debts.push(owing(100, &total * (1_000_000 - part) / 1_000_000, owed));
        if let Some(second) = second {
            position.debts.push(owing(101, &total * part / 1_000_000, second));
        }
        let total = sums(&position);
        let sale_cost = Ratio::new(cut(bonus.min.raw(), cost));
        let incentive = Incentive { bonus, sale_cost, protocol_fee: Ratio::new(fee * (E18 / 1_000_000)) };
        let target_health_factor = Ratio::new(target * (E18 / 1_000_000));
        let dust = BigInt::from(dust.0) * 10u64.pow(12) + &total.debt * dust.1 / 1_000_000u32;
        let dust_value = Value::new(wide(&dust).unwrap());
        let case = Case { position, incentive, terms: LiquidationTerms { target_health_factor, dust_value } };
        (total.carried < total.weighted).then_some(case)
    })
}

/// What somebody offers: everything, or some part of the debt.
fn offers() -> impl Strategy<Value = Option<u128>> {
    prop_oneof![2 => Just(None), 3 => (0u128..1_200_000).prop_map(Some)]
}

fn offered(case: &Case, offer: Option<u128>) -> u128 {
    offer.map_or(u128::MAX, |part| cut(case.position.debts[0].amount.raw(), part))
}

/// The value to repay for the target, unrounded: `(T·Dw − S) / (T·w − LT(1 + b))`, the whole debt when `CR ≤ 1 + b_min`;
/// and by how much the crate may round it up: one step of the dividend, one of the divisor, one of the quotient.
fn exact_repay(case: &Case, bonus: Ratio) -> (Q, Q) {
    let total = sums(&case.position);
    let held = q(total.collateral);
    let carried = q(total.carried);
    let owed = q(total.debt);
    if held <= &owed * case.least_ratio() {
        return (owed, Q::zero());
    }
    let target = fixed(case.terms.target_health_factor.raw());
    let gained = &target * case.weight() - case.threshold() * (Q::one() + fixed(bonus.raw()));
    let repay = (target * q(total.weighted) - carried) / &gained;
    // The divisor is rounded twice: the weighted target and what is given.
    let slack = (Q::one() + &repay * q(2) / q(E18)) / (gained - frac(2, E18)) + Q::one();
    (repay.min(owed), slack)
}

/// Values over one denominator, so that they are whole numbers: `10^(both assets' decimals)` raw value units are one.
struct Scale {
    one: BigInt,
    unit_held: BigInt,
    unit_owed: BigInt,
}

impl Scale {
    fn of(case: &Case) -> Self {
        let held = &case.position.collaterals[0];
        let owed = &case.position.debts[0];
        Self {
            one: ten(held.decimals) * ten(owed.decimals),
            unit_held: ten(owed.decimals) * collateral_price(held),
            unit_owed: ten(held.decimals) * debt_price(owed),
        }
    }

    /// What the liquidator walks off with, less what they paid.
    fn gain(&self, done: &Liquidation) -> BigInt {
        &self.unit_held * (done.seize.raw() - done.fee.raw()) - &self.unit_owed * done.repay.raw()
    }
}

proptest! {
    #![proptest_config(config(4_000))]

    /// Off the exact curve by a step of 10⁻¹⁸ down, and up by what the factor's own rounding is worth on the slope.
    #[test]
    fn the_bonus_is_the_closed_form(
        (_, curve) in curves(),
        debt in magnitudes(E18, 10u128.pow(30)),
        carried in 0u128..1_000_000,
        ratio in 0u128..3_000_000,
        cost in prop_oneof![0u128..50_000, 0u128..1_000_000],
    ) {
        let carried = cut(debt, carried);
        let held = cut(debt, ratio);
        let of = |raw: u128| Value::new(raw.into());
        let health = Health {
            collateral: of(held),
            adjusted_collateral: of(carried),
            debt: of(debt),
            weighted_debt: of(debt),
            spared: false,
        };
        let incentive = Incentive { bonus: curve, sale_cost: Ratio::new(cut(E18, cost)), protocol_fee: Ratio::ZERO };
        let got = q(bonus_down(&incentive, &health, Ratio::ONE).unwrap().raw());
        let expected = exact_bonus(&incentive, &frac(carried, debt), &frac(held, debt)) * q(E18);
        let slope = frac(curve.max.raw() - curve.min.raw(), E18 - curve.full_at.raw());
        prop_assert!(got > &expected - Q::one() - &slope.clone().min(q(E18)), "{got} far below {expected}");
        prop_assert!(got <= expected + slope.min(q(curve.max.raw() - curve.min.raw())), "{got} above");
        let least = curve.min.min(incentive.sale_cost);
        prop_assert!(got >= q(least.raw()) && got <= q(curve.max.raw()));
    }

    /// Where nothing is in the way, the repayment is the closed form's, to the base unit; the target is reached exactly
    /// or passed by what one base unit of each asset is worth.
    #[test]
    fn an_uncapped_liquidation_repays_the_closed_form_and_reaches_the_target(case in cases(3)) {
        let Ok(done) = case.size(u128::MAX) else { return Ok(()) };
        let held = &case.position.collaterals[0];
        let owed = &case.position.debts[0];
        prop_assume!(done.seize < held.amount && done.repay < owed.amount);
        let (wanted, slack) = exact_repay(&case, done.bonus);
        let (unit_held, unit_owed) = case.units();
        prop_assert!(q(done.repay.raw()) * &unit_owed >= wanted, "rounded up");
        prop_assert!(q(done.repay.raw()) * &unit_owed < &wanted + &unit_owed + &slack, "by less than a base unit");

        let before = exact(&case.position);
        let after = exact(&case.after(&done).position);
        let target = fixed(case.terms.target_health_factor.raw());
        let beyond = &after.carried - &target * &after.weighted;
        if wanted < q(sums(&case.position).debt) {
            prop_assert!(beyond >= Q::zero(), "the target is reached");
            let gained = &target * case.weight() - case.threshold() * (Q::one() + fixed(done.bonus.raw()));
            // What the sums round away, at most a step a line, was to be repaid too.
            // A debt's line is rounded twice, and what it is worth counts as often as it weighs.
            let weights: Q = case.position.debts.iter().map(|line| fixed(line.weight.raw())).sum();
            let lines = (q(2 * case.position.collaterals.len() + 2) + weights * q(3)) * &target;
            let most = (unit_owed + slack) * gained + (unit_held + q(3)) * case.threshold() + lines;
            prop_assert!(beyond <= most, "and hardly passed");
            prop_assert!(before.carried < &target * before.weighted);
        }
    }

    /// Every answer, capped or not: the smallest of what is wanted, owed and offered; dust closed with it; never more
    /// than the collateral buys at this bonus.
    #[test]
    fn a_liquidation_is_capped_by_debt_coins_and_collateral_and_closes_dust(case in cases(3), offer in offers()) {
        let coins = offered(&case, offer);
        let done = match case.size(coins) {
            Ok(done) => done,
            Err(LiquidationError::TooSmall { .. }) => return Ok(()),
            Err(error) => return Err(TestCaseError::fail(format!("{error}"))),
        };
        let held = &case.position.collaterals[0];
        let owed = &case.position.debts[0];
        let (unit_held, unit_owed) = case.units();
        let (wanted, slack) = exact_repay(&case, done.bonus);
        let most = (ceil(&((&wanted + slack) / &unit_owed)) + 1u32).min(owed.amount.raw().into()).min(coins.into());
        let least = ceil(&(&wanted / &unit_owed)).min(owed.amount.raw().into()).min(coins.into());
        let growth = Q::one() + fixed(done.bonus.raw());
        let buys = |repay: &Q| repay * &unit_owed * &growth / &unit_held;
        let repaid = q(done.repay.raw());
        let left = q(owed.amount.raw()) - &repaid;
        let dust = value(case.terms.dust_value) * q(E18);
        let closed = BigInt::from(done.repay.raw()) > most;

        prop_assert!(done.repay <= owed.amount && done.repay.raw() <= coins && done.seize <= held.amount);
        // Two value roundings, of at most `1 + b` steps and one, and the last down to a base unit.
        let crumb = q(3) / &unit_held + Q::one();
        if done.seize < held.amount {
            prop_assert!(q(done.seize.raw()) <= buys(&repaid) && q(done.seize.raw()) > buys(&repaid) - crumb);
            prop_assert!(closed || BigInt::from(done.repay.raw()) >= least, "wants {least}: {done:?}");
        } else {
            prop_assert!(buys(&repaid) >= q(held.amount.raw()), "all of the collateral is paid for");
            let exactly = q(held.amount.raw()) / &growth * &unit_held / &unit_owed;
            let crumb_owed = Q::one() + q(2) / &unit_owed;
            prop_assert!(repaid < exactly + crumb_owed || buys(&repaid) <= q(held.amount.raw()) + crumb);
        }
        if closed {
            prop_assert!(coins >= owed.amount.raw(), "dust is closed by who pays for it");
            prop_assert!((q(owed.amount.raw()) - q(most)) * &unit_owed < dust, "and only dust is");
        }
        if !left.is_zero() && coins >= owed.amount.raw() && left * &unit_owed < &dust - Q::one() {
            prop_assert_eq!(done.seize, held.amount, "dust is left only where the collateral ends");
        }
    }

    /// The fee is the stated share of what the bonus exceeds the cost of a sale by, rounded up: it touches neither what
    /// the repayment itself bought nor what selling it costs.
    #[test]
    fn the_fee_is_the_share_of_what_the_bonus_exceeds_the_cost_of_a_sale_by_rounded_up(case in cases(3), offer in offers()) {
        let Ok(done) = case.size(offered(&case, offer)) else { return Ok(()) };
        let seized = q(done.seize.raw());
        let bonus = fixed(done.bonus.raw());
        let free = fixed(case.incentive.sale_cost.raw()).min(bonus.clone());
        let part = floor(&(seized * (&bonus - free) / (Q::one() + bonus)));
        let share = ceil(&(q(part.clone()) * fixed(case.incentive.protocol_fee.raw())));
        prop_assert_eq!(BigInt::from(done.fee.raw()), share);
        prop_assert!(BigInt::from(done.fee.raw()) <= part);
    }

    /// Unrounded, without slack: the collateral ratio is no lower after, and with one collateral neither is the health
    /// factor.
    #[test]
    fn no_liquidation_of_a_covered_account_lowers_its_ratios(case in cases(3), offer in offers()) {
        let before = exact(&case.position);
        prop_assume!(before.collateral >= &before.debt * case.least_ratio());
        let Ok(done) = case.size(offered(&case, offer)) else { return Ok(()) };
        let after = exact(&case.after(&done).position);
        prop_assert!(&after.collateral * &before.debt >= &before.collateral * &after.debt, "CR fell");
        let carried = case.threshold() * (Q::one() + fixed(done.bonus.raw()));
        let fell = &after.carried * &before.weighted < &before.carried * &after.weighted;
        if &carried * &before.weighted <= case.weight() * &before.carried {
            prop_assert!(!fell, "HF fell");
        }
        // With one collateral the bonus is no more than it has beyond the debts, which weigh as much each.
        let weighs_most = case.position.debts.iter().all(|line| line.weight <= case.position.debts[0].weight);
        if case.position.collaterals.len() == 1 && weighs_most {
            prop_assert!(!fell, "HF fell with one collateral");
        }
        if before.carried >= &before.weighted * fixed(case.incentive.bonus.full_at.raw()) {
            prop_assert!(!fell, "HF fell above full_at");
        }
    }

    #[test]
    fn an_account_that_covers_less_than_the_least_bonus_may_be_closed_whole(case in cases(3)) {
        let total = sums(&case.position);
        prop_assume!(q(total.collateral) <= q(total.debt) * case.least_ratio());
        let Ok(done) = case.size(u128::MAX) else { return Ok(()) };
        prop_assert!(done.bonus <= case.incentive.bonus.min && done.bonus >= case.incentive.sale_cost);
        let held = &case.position.collaterals[0];
        let owed = &case.position.debts[0];
        prop_assert!(done.repay == owed.amount || done.seize == held.amount);
    }

    #[test]
    fn any_position_and_terms_answer_or_err_without_a_panic(
        position in wild_positions(),
        raw in (any128(), any128(), any128(), any128(), any128()),
        dust in any256(),
        coins in any128(),
        ids in (0u16..4, 100u16..104),
    ) {
        let bonus = BonusCurve { min: Ratio::new(raw.0), max: Ratio::new(raw.1), full_at: Ratio::new(raw.2) };
        let incentive = Incentive { bonus, sale_cost: Ratio::new(raw.0 / 2), protocol_fee: Ratio::new(raw.3) };
        let terms = LiquidationTerms { target_health_factor: Ratio::new(raw.4), dust_value: Value::new(dust) };
        let _ = size(&position, AssetId(ids.0), AssetId(ids.1), Limits::offered(Amount::new(coins)), &incentive, &terms);
        if let Ok(health) = position.health() {
            let _ = bonus_down(&incentive, &health, Ratio::new(raw.3));
            let [threshold, bonus, least, target] = [raw.0, raw.1, raw.2, raw.4].map(Ratio::new);
            let seized = CollateralLine { liquidation_threshold: threshold, ..collateral(0, 1, 1, 6, 0) };
            let owed = DebtLine { weight: Ratio::new(raw.2), ..debt(100, 1, 1, 6) };
            let _ = target_repay_up(&health, &seized, &owed, bonus, least, target, Ratio::new(raw.3));
        }
    }
}

/// 100,000 random accounts under random parameters that validation accepts. A liquidation in two or three parts of the
/// same collateral and debt yields no more than one does, but for rounding: for `n` parts at most `n + 2` base units of
/// the seized asset (each seizure is rounded down, each fee up, its base down), two of the owed (each repayment is
/// rounded up), and `2 × 10⁻¹⁸ × (debt value + 10) / (T − LT(1 + b_max))`, since bonus, divisor and values have 18
/// decimals.
#[test]
fn splitting_a_liquidation_never_pays() {
    let runs = Cell::new(0u32);
    let millionths = || prop_oneof![3 => 1u128..1_000_000, 3 => 1u128..200_000, 1 => 990_000u128..=1_000_000];
    let strategy = (cases(3), millionths(), prop::option::of(millionths()));
    TestRunner::new(config(100_000))
        .run(&strategy, |(case, first, second)| {
            let Ok(once) = case.size(u128::MAX) else { return Err(TestCaseError::reject("too small")) };
            let shares = [Some(first), second].into_iter().flatten();
            let offers = shares.map(|share| cut(once.repay.raw(), share)).chain([u128::MAX]);
            let scale = Scale::of(&case);
            let mut now = case.clone();
            let mut parts = 0u32;
            let mut total = BigInt::zero();
            for coins in offers {
                if let Ok(done) = now.size(coins) {
                    total += scale.gain(&done);
                    now = now.after(&done);
                    parts += 1;
                }
            }
            // A first part that heals the account, or that buys nothing, leaves no second.
            prop_assume!(parts > 1);
            assert_accepted(&case);
            runs.set(runs.get() + 1);
            let slack = &scale.unit_held * (parts + 2) + &scale.unit_owed * 2 + &scale.one * decimals_slack(&case);
            let one = scale.gain(&once);
            prop_assert!(total <= &one + slack, "{} in {parts} parts, {} in one", total / &scale.one, one / &scale.one);
            Ok(())
        })
        .unwrap();
    assert_eq!(runs.get(), 100_000);
}

/// `2 × 10⁻¹⁸ × (debt value + 10) / (T − LT(1 + b_max))`, in raw value units, rounded up.
fn decimals_slack(case: &Case) -> BigInt {
    let threshold = BigInt::from(case.position.collaterals[0].liquidation_threshold.raw());
    let carried = threshold * (E18 + case.incentive.bonus.max.raw()) / E18 + 1;
    let divisor = BigInt::from(case.terms.target_health_factor.raw()) - carried;
    (sums(&case.position).debt + 10 * E18) * 2 / divisor + 1
}

/// The rule that validation asks for, in exact numbers.
fn assert_accepted(case: &Case) {
    let BonusCurve { min, max, full_at } = case.incentive.bonus;
    let threshold = fixed(case.position.collaterals[0].liquidation_threshold.raw());
    assert!(min <= max && max <= Ratio::ONE && full_at < Ratio::ONE);
    assert!(threshold * (Q::one() + fixed(max.raw())) <= fixed(full_at.raw()));
    assert!(case.incentive.sale_cost <= min && case.incentive.protocol_fee <= Ratio::percent(50));
}

fn example(held: u128, owed: u128) -> Case {
    let curve = BonusCurve { min: Ratio::percent(2), max: Ratio::percent(10), full_at: Ratio::percent(90) };
    Case {
        position: position(vec![collateral(0, held, E18, 6, E18 / 4 * 3)], vec![debt(100, owed, E18, 6)]),
        incentive: Incentive { bonus: curve, sale_cost: Ratio::percent(1), protocol_fee: Ratio::percent(10) },
        terms: LiquidationTerms { target_health_factor: Ratio::percent(105), dust_value: Value::whole(1) },
    }
}

/// 1,000 at a threshold of 0.75 carry 750 of 789.473684: HF 0.95, bonus 2 % + 8 % × 0.05 / 0.1 = 6 %. To repay for
/// 1.05: (1.05 × 789.473684 − 750) / (1.05 − 0.75 × 1.06) = 309.5975…
#[test]
fn the_worked_example() {
    let case = example(1_000_000_000, 789_473_684);
    let done = case.size(u128::MAX).unwrap();
    assert!((done.bonus.raw()).abs_diff(6 * E18 / 100) < E18 / 1_000_000_000, "{}", done.bonus);
    assert_eq!(done.repay, Amount::new(309_597_523));
    assert_eq!(done.seize, Amount::new(328_173_374));
    // A tenth of what 6 % are above the 1 % of a sale: 328.173374 × 0.05 / 1.06 = 15.479876…
    assert_eq!(done.fee, Amount::new(1_547_988));
    assert_eq!(big(case.position.health().unwrap().adjusted_collateral.raw()), BigInt::from(750 * E18));
}

#[test]
fn a_healthy_account_is_refused_with_both_numbers() {
    let case = example(1_000_000_000, 750_000_000);
    let adjusted_collateral = Value::whole(750);
    let debt = Value::whole(750);
    assert_eq!(case.size(u128::MAX), Err(LiquidationError::Healthy { adjusted_collateral, debt }));
}

#[test]
fn a_collateral_or_debt_that_is_not_there_or_has_no_price_is_named() {
    let case = example(1_000_000_000, 789_473_684);
    let call = |position: &Position, seized, owed| {
        size(position, AssetId(seized), AssetId(owed), Limits::offered(Amount::MAX), &case.incentive, &case.terms)
    };
    assert_eq!(call(&case.position, 5, 100), Err(LiquidationError::NoCollateral(AssetId(5))));
    assert_eq!(call(&case.position, 0, 5), Err(LiquidationError::NoDebt(AssetId(5))));
    let fault = PriceFault::Missing {};
    for asset in [SEIZED, OWED] {
        let mut position = case.position.clone();
        let mark = silent(asset.0, E18, E18);
        if asset == OWED {
            position.debts[0].mark = mark
        } else {
            position.collaterals[0].mark = mark
        }
        assert_eq!(call(&position, 0, 100), Err(LiquidationError::Price { asset, fault: fault.clone() }));
    }
}

#[test]
fn coins_that_buy_nothing_are_refused() {
    let case = example(1_000_000_000, 789_473_684);
    assert_eq!(case.size(0), Err(LiquidationError::TooSmall { offered: Amount::ZERO }));
    assert_eq!(case.size(1).map(|done| (done.repay.raw(), done.seize.raw(), done.fee.raw())), Ok((1, 1, 0)));
}

#[test]
fn a_remainder_below_the_dust_value_is_closed_when_the_coins_suffice_and_left_when_not() {
    // HF 0.95 with 3.157894 owed: the target asks for 1.24, what would be left is 1.92.
    let mut case = example(4_000_000, 3_157_894);
    assert_eq!(case.size(u128::MAX).unwrap().repay, Amount::new(1_238_387));
    case.terms.dust_value = Value::whole(2);
    assert_eq!(case.size(u128::MAX).unwrap().repay, Amount::new(3_157_894));
    assert_eq!(case.size(3_157_894).unwrap().repay, Amount::new(3_157_894));
    assert_eq!(case.size(3_157_893).unwrap().repay, Amount::new(1_238_387));
}

/// 145 of one deposit and 2.52 of another against 96.37: the target asks for 82.7 at a bonus of 51.6 %, and the 13.7
/// left is dust, but the whole would cost 146.1 of the first deposit. If nothing of the dust were closed then, a first
/// part would pay: it lowers the bonus until the whole fits.
#[test]
fn dust_is_closed_as_far_as_the_collateral_goes() {
    let mut case = example(145_000_000, 96_370_399);
    case.position.collaterals[0].liquidation_threshold = Ratio::bps(6_463);
    case.position.collaterals.push(collateral(1, 2_520_000, E18, 6, E18 / 10_000 * 6_448));
    let min = Ratio::bps(4_413);
    let max = Ratio::bps(5_156);
    let full_at = Ratio::bps(9_916);
    let bonus = BonusCurve { min, max, full_at };
    case.incentive = Incentive { bonus, sale_cost: min, protocol_fee: Ratio::ZERO };
    case.terms.target_health_factor = Ratio::bps(10_482);
    case.terms.dust_value = Value::whole(20);
    let done = case.size(u128::MAX).unwrap();
    // 145 / 1.5156, up.
    assert_eq!((done.bonus, done.repay.raw(), done.seize.raw()), (max, 95_671_682, 145_000_000));

    let part = case.size(30_000_000).unwrap();
    let rest = case.after(&part).size(u128::MAX).unwrap();
    assert!(rest.bonus < max);
    let scale = Scale::of(&case);
    assert!(scale.gain(&part) + scale.gain(&rest) < scale.gain(&done));
}

#[test]
fn a_steep_fall_is_closed_whole_and_takes_all_the_collateral_there_is() {
    // CR 0.8: the collateral buys back 800 / 1.01 of the debt.
    let done = example(800_000_000, 1_000_000_000).size(u128::MAX).unwrap();
    assert_eq!(done.bonus, Ratio::percent(1));
    assert_eq!((done.repay.raw(), done.seize.raw(), done.fee.raw()), (792_079_208, 800_000_000, 0));
    // CR 1.02 exactly: the whole debt for the whole collateral.
    let done = example(1_020_000_000, 1_000_000_000).size(u128::MAX).unwrap();
    assert_eq!((done.repay.raw(), done.seize.raw()), (1_000_000_000, 1_020_000_000));
    // CR 1.06 with a curve at 10 %: the bonus is what is left beyond the debt.
    let done = example(1_060_000_000, 1_000_000_000).size(500_000_000).unwrap();
    assert_eq!((done.bonus, done.seize.raw()), (Ratio::percent(6), 530_000_000));
}

/// 70,700 deposited for 70,000: at the least bonus of 2 % the liquidator would repay 70,700 / 1.02 = 69,313.73 for all
/// of it, and lenders would lose 686.27 of a debt that could be paid in full. The bonus is the 1 % that is there, which
/// is what a sale costs, so nothing is lost.
#[test]
fn an_account_that_can_pay_in_full_and_for_the_sale_costs_lenders_nothing() {
    let done = example(70_700_000_000, 70_000_000_000).size(u128::MAX).unwrap();
    assert_eq!(done.bonus, Ratio::percent(1));
    assert_eq!((done.repay.raw(), done.seize.raw(), done.fee.raw()), (70_000_000_000, 70_700_000_000, 0));

    // With 70,350 half a per cent is missing of what a sale costs: 70,350 / 1.01 is repaid, and lenders lose the
    // 346.534653 that are left.
    let done = example(70_350_000_000, 70_000_000_000).size(u128::MAX).unwrap();
    assert_eq!(done.bonus, Ratio::percent(1));
    assert_eq!((done.repay.raw(), done.seize.raw()), (69_653_465_347, 70_350_000_000));

    // With 71,050 there are 1.5 %, of which the protocol takes a tenth of half a per cent: 71,050 × 0.005 / 1.015 =
    // 350.
    let done = example(71_050_000_000, 70_000_000_000).size(u128::MAX).unwrap();
    assert_eq!(done.bonus, Ratio::bps(150));
    assert_eq!((done.repay.raw(), done.seize.raw(), done.fee.raw()), (70_000_000_000, 71_050_000_000, 35_000_000));
}

#[test]
fn terms_and_results_read_back_what_they_write() {
    let case = example(1_000_000_000, 789_473_684);
    let done = case.size(u128::MAX).unwrap();
    assert_eq!(postcard::from_bytes::<Liquidation>(&postcard::to_allocvec(&done).unwrap()).unwrap(), done);
    assert_eq!(
        postcard::from_bytes::<LiquidationTerms>(&postcard::to_allocvec(&case.terms).unwrap()).unwrap(),
        case.terms
    );
    let json = serde_json::to_value(case.terms).unwrap();
    assert_eq!(json, serde_json::json!({ "target_health_factor": "1.05", "dust_value": "1" }));
    assert_eq!(serde_json::from_value::<LiquidationTerms>(json).unwrap(), case.terms);
}
