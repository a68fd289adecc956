//! An exact model to hold the crate against: rationals of unbounded size and plain integers, none of the crate's own
//! arithmetic. Only constructors and accessors of the crate's types are used here.
#![allow(clippy::unwrap_used, reason = "a model that fails fails its test")]

pub mod records;

use cosmwasm_std::Uint256;
use num_bigint::{BigInt, Sign};
use num_rational::BigRational;
use num_traits::{One, ToPrimitive, Zero};
use plimsoll_risk::health::{CollateralLine, DebtLine, Position};
use plimsoll_risk::liquidation::Incentive;
use plimsoll_risk::mark::{MarkPrice, RecordMark};
use plimsoll_risk::math::MathError;
use plimsoll_risk::params::{AssetId, AssetParams, BORROW_WEIGHT_MAX, BonusCurve, Ramp, Switches};
use plimsoll_risk::price::{PRICE_MAX, PriceBand, PriceFault};
use plimsoll_risk::rates::{Kinked, RateModel};
use plimsoll_risk::units::{Amount, Price, Rate, Ratio, Value};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// An exact number.
pub type Q = BigRational;

/// One, with 18 decimals.
pub const E18: u128 = 1_000_000_000_000_000_000;

/// The same cases in every run, and nothing written to disk.
pub fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1876),
        max_global_rejects: 10 * cases + 1024,
        ..ProptestConfig::default()
    }
}

/// A whole number.
pub fn q(n: impl Into<BigInt>) -> Q {
    Q::from_integer(n.into())
}

/// A fraction. The denominator is not 0.
pub fn frac(n: impl Into<BigInt>, d: impl Into<BigInt>) -> Q {
    Q::new(n.into(), d.into())
}

/// A raw number of 18 decimals.
pub fn fixed(raw: u128) -> Q {
    frac(raw, E18)
}

/// `10^n`.
pub fn ten(n: u8) -> BigInt {
    BigInt::from(10).pow(u32::from(n))
}

/// The largest whole number that is not above.
pub fn floor(x: &Q) -> BigInt {
    x.floor().to_integer()
}

/// The smallest whole number that is not below.
pub fn ceil(x: &Q) -> BigInt {
    x.ceil().to_integer()
}

/// A 256-bit number of the crate.
pub fn big(n: Uint256) -> BigInt {
    BigInt::from_bytes_be(Sign::Plus, &n.to_be_bytes())
}

/// A 256-bit number for the crate; `None` when it does not fit.
pub fn wide(n: &BigInt) -> Option<Uint256> {
    let (sign, bytes) = n.to_bytes_be();
    if sign == Sign::Minus || bytes.len() > 32 {
        return None;
    }
    let mut all = [0; 32];
    all[32 - bytes.len()..].copy_from_slice(&bytes);
    Some(Uint256::from_be_bytes(all))
}

/// A 128-bit number for the crate; `None` when it does not fit.
pub fn narrow(n: &BigInt) -> Option<u128> {
    n.to_u128()
}

/// The exact number of quote currency in a value.
pub fn value(v: Value) -> Q {
    Q::new(big(v.raw()), E18.into())
}

/// What an amount is worth exactly, in raw value units (10⁻¹⁸ of the quote currency).
pub fn worth(amount: u128, price: u128, decimals: u8) -> Q {
    Q::new(BigInt::from(amount) * BigInt::from(price), ten(decimals))
}

/// Holds a 128-bit result against the exact whole number it should be, or against the lack of one.
pub fn agree(got: Result<u128, MathError>, exact: Option<BigInt>) -> Result<(), TestCaseError> {
    match (got, exact) {
        (Err(MathError::DivideByZero), None) => Ok(()),
        (Err(MathError::Overflow { .. }), Some(n)) if narrow(&n).is_none() => Ok(()),
        (Ok(got), Some(n)) if BigInt::from(got) == n => Ok(()),
        (got, exact) => Err(TestCaseError::fail(format!("got {got:?}, exactly {exact:?}"))),
    }
}

/// Holds a 256-bit result against the exact whole number it should be, or against the lack of one.
pub fn agree_wide(got: Result<Uint256, MathError>, exact: Option<BigInt>) -> Result<(), TestCaseError> {
    match (got, exact) {
        (Err(MathError::DivideByZero), None) => Ok(()),
        (Err(MathError::Overflow { .. }), Some(n)) if wide(&n).is_none() => Ok(()),
        (Ok(got), Some(n)) if big(got) == n => Ok(()),
        (got, exact) => Err(TestCaseError::fail(format!("got {got:?}, exactly {exact:?}"))),
    }
}

/// `a × b / c`; `None` when `c` is 0.
pub fn mul_div(a: impl Into<BigInt>, b: impl Into<BigInt>, c: impl Into<BigInt>) -> Option<Q> {
    let c = c.into();
    (!c.is_zero()).then(|| Q::new(a.into() * b.into(), c))
}

/// `1 + x + x²/2 + x³/6`.
pub fn taylor(x: &Q) -> Q {
    Q::one() + x + x * x / q(2) + x * x * x / q(6)
}

/// `e^x` from below, by less than 10⁻³⁰, for `0 ≤ x ≤ 2`: 40 terms of its series, each cut off after 40 decimals.
pub fn exp(x: &Q) -> Q {
    let scale = BigInt::from(10).pow(40);
    let x = floor(&(x * q(scale.clone())));
    let mut term = scale.clone();
    let mut sum = scale.clone();
    for n in 1..=40 {
        term = term * &x / (&scale * n);
        sum += &term;
    }
    Q::new(sum, scale)
}

/// Any 128-bit number, of every size, with the edges.
pub fn any128() -> impl Strategy<Value = u128> {
    prop_oneof![
        2 => Just(0u128),
        1 => Just(1u128),
        2 => Just(u128::MAX),
        1 => Just(E18),
        8 => (any::<u128>(), 0u32..128).prop_map(|(n, shift)| n >> shift),
        1 => (0u128..3, 0u32..128).prop_map(|(d, bit)| (1u128 << bit).wrapping_add(d).wrapping_sub(1)),
    ]
}

/// Any 256-bit number, of every size, with the edges.
pub fn any256() -> impl Strategy<Value = Uint256> {
    prop_oneof![
        1 => Just(Uint256::zero()),
        1 => Just(Uint256::MAX),
        2 => any128().prop_map(Uint256::from),
        8 => (any::<[u8; 32]>(), 0u32..256).prop_map(|(bytes, shift)| Uint256::from_be_bytes(bytes) >> shift),
    ]
}

/// A number between two others, every order of magnitude as likely as the next.
pub fn magnitudes(from: u128, to: u128) -> impl Strategy<Value = u128> {
    (0..=(to / from).ilog10(), 100u128..1000)
        .prop_map(move |(n, lead)| (from.saturating_mul(10u128.pow(n)).saturating_mul(lead) / 100).clamp(from, to))
}

/// What a record says that isn't silent: liquidation counts from `low` to `high`, and borrowing the same.
pub fn record(denom: &str, low: u128, high: u128) -> RecordMark {
    let band = PriceBand { low: Price::new(low), high: Price::new(high) };
    RecordMark {
        denom: denom.to_owned(),
        quote: None,
        settled: band,
        edges: band,
        fault: None,
        exchange_fault: None,
        borrow_fault: None,
        remaining: Ratio::ONE,
        max_deviation: Ratio::percent(10),
        ceiling: PRICE_MAX,
        is_live: false,
    }
}

/// What a silent record says that hasn't declined yet.
pub fn silent_record(denom: &str, low: u128, high: u128) -> RecordMark {
    let fault = Some(PriceFault::Missing {});
    RecordMark { fault: fault.clone(), exchange_fault: fault.clone(), borrow_fault: fault, ..record(denom, low, high) }
}

/// The denom whose record asset `id` alone hangs on.
pub fn denom(id: u16) -> String {
    format!("token{id}")
}

/// The price of asset `id` on a record of its own, without a spread.
pub fn mark(id: u16, price: u128) -> MarkPrice {
    MarkPrice::new(vec![record(&denom(id), price, price)])
}

/// The price of asset `id` on a silent record of its own.
pub fn silent(id: u16, low: u128, high: u128) -> MarkPrice {
    MarkPrice::new(vec![silent_record(&denom(id), low, high)])
}

/// Parameters that pass.
pub fn params() -> AssetParams {
    AssetParams {
        denom: "uatom".to_owned(),
        decimals: 6,
        max_loan_to_value: Ratio::percent(70),
        liquidation_threshold: Ramp::flat(Ratio::percent(75)),
        liquidation_bonus: BonusCurve { min: Ratio::percent(2), max: Ratio::percent(10), full_at: Ratio::percent(90) },
        protocol_liquidation_fee: Ratio::percent(10),
        reserve_factor: Ratio::percent(20),
        reserve_floor: Ratio::percent(1),
        flash_loan_fee: Ratio::bps(9),
        supply_cap: Amount::new(10u128.pow(30)),
        borrow_cap: Amount::new(10u128.pow(30)),
        rate_model: kinked(80, 1, 9, 90),
        enabled: Switches { deposit: true, borrow: true, flash_loan: true },
        sale_cost: Ratio::percent(1),
        max_borrow_utilization: Ratio::ONE,
        borrow_weight: Ramp::flat(Ratio::ONE),
        isolation: None,
        siloed: false,
        next_rate_model: None,
        outflow_limit: None,
    }
}

/// The same, with this share of interest for reserves.
pub fn reserving(reserve_factor: Ratio) -> AssetParams {
    AssetParams { reserve_factor, ..params() }
}

/// A rate model, in percent.
pub const fn kinked(optimal: u64, base: u64, slope_1: u64, slope_2: u64) -> RateModel {
    RateModel::Kinked(Kinked {
        optimal_utilization_rate: Ratio::percent(optimal),
        base: Rate::percent(base),
        slope_1: Rate::percent(slope_1),
        slope_2: Rate::percent(slope_2),
    })
}

/// Health as the design defines it, in raw value units: everything deposited, what it carries, everything owed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sums {
    /// `Σ ⌊amount × price⌋`.
    pub collateral: BigInt,
    /// `Σ ⌊⌊amount × price⌋ × LT⌋` of the enabled.
    pub carried: BigInt,
    /// `Σ ⌈amount × price⌉`.
    pub debt: BigInt,
    /// `Σ ⌈⌈amount × price⌉ × weight⌉`.
    pub weighted: BigInt,
}

/// The same sums, of unrounded values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exact {
    /// `Σ amount × price`.
    pub collateral: Q,
    /// `Σ amount × price × LT` of the enabled.
    pub carried: Q,
    /// `Σ amount × price`.
    pub debt: Q,
    /// `Σ amount × price × weight`.
    pub weighted: Q,
}

/// What a collateral on a record of its own counts at in liquidation.
pub fn collateral_price(line: &CollateralLine) -> u128 {
    line.mark.records().first().map_or(0, |record| record.settled.high.raw())
}

/// What a debt on a record of its own counts at in liquidation.
pub fn debt_price(line: &DebtLine) -> u128 {
    line.mark.records().first().map_or(0, |record| record.settled.low.raw())
}

/// The threshold with which a collateral counts, raw.
fn threshold(line: &CollateralLine) -> u128 {
    if line.enabled { line.liquidation_threshold.raw() } else { 0 }
}

/// Rounds each line as the design says. In whole numbers: it is called often.
pub fn sums(position: &Position) -> Sums {
    let mut sums =
        Sums { collateral: BigInt::zero(), carried: BigInt::zero(), debt: BigInt::zero(), weighted: BigInt::zero() };
    for line in &position.collaterals {
        let value = BigInt::from(line.amount.raw()) * collateral_price(line) / ten(line.decimals);
        sums.carried += &value * threshold(line) / E18;
        sums.collateral += value;
    }
    for line in &position.debts {
        let scale = ten(line.decimals);
        let value = (BigInt::from(line.amount.raw()) * debt_price(line) + &scale - 1) / scale;
        sums.weighted += (&value * line.weight.raw() + (E18 - 1)) / E18;
        sums.debt += value;
    }
    sums
}

/// Rounds nothing.
pub fn exact(position: &Position) -> Exact {
    let mut exact = Exact { collateral: Q::zero(), carried: Q::zero(), debt: Q::zero(), weighted: Q::zero() };
    for line in &position.collaterals {
        let value = worth(line.amount.raw(), collateral_price(line), line.decimals);
        exact.carried += &value * fixed(threshold(line));
        exact.collateral += value;
    }
    for line in &position.debts {
        let value = worth(line.amount.raw(), debt_price(line), line.decimals);
        exact.weighted += &value * fixed(line.weight.raw());
        exact.debt += value;
    }
    exact
}

/// A deposit of asset `id`, on a record of its own.
pub fn collateral(id: u16, amount: u128, price: u128, decimals: u8, threshold: u128) -> CollateralLine {
    CollateralLine {
        asset: AssetId(id),
        amount: Amount::new(amount),
        enabled: true,
        decimals,
        max_loan_to_value: Ratio::new(threshold / 10 * 9),
        liquidation_threshold: Ratio::new(threshold),
        power: Ratio::ONE,
        bonus_max: Ratio::percent(10),
        mark: mark(id, price),
    }
}

/// A debt of asset `id`, on a record of its own.
pub fn debt(id: u16, amount: u128, price: u128, decimals: u8) -> DebtLine {
    DebtLine {
        asset: AssetId(id),
        amount: Amount::new(amount),
        decimals,
        weight: Ratio::ONE,
        borrowing_weight: Ratio::ONE,
        mark: mark(id, price),
    }
}

/// An account in no halt.
pub fn position(collaterals: Vec<CollateralLine>, debts: Vec<DebtLine>) -> Position {
    Position { collaterals, debts, halted: false }
}

/// The price of asset `id` on a record of its own that says this.
pub fn alone(id: u16, record: RecordMark) -> MarkPrice {
    MarkPrice::new(vec![RecordMark { denom: denom(id), ..record }])
}

/// A record of any kind within reason: two ends for liquidation, wider ones for borrowing; sometimes silent.
pub fn records() -> impl Strategy<Value = RecordMark> {
    let thousandths = || prop_oneof![1 => Just(0u128), 3 => 0u128..500];
    let spreads = (thousandths(), thousandths(), thousandths(), thousandths());
    (magnitudes(1_000_000_000, 1_000_000 * E18), spreads, 0u32..8).prop_map(|(mid, spreads, kind)| {
        let (below, above, further_below, further_above) = spreads;
        let low = mid - mid * below / 1_000;
        let high = mid + mid * above / 1_000;
        if kind == 0 {
            return silent_record("", low, high);
        }
        let edges = PriceBand {
            low: Price::new(low - low * further_below / 1_000),
            high: Price::new(high + high * further_above / 1_000),
        };
        RecordMark { edges, ..record("", low, high) }
    })
}

/// By how much more than its value a debt counts: often 1, at most 10.
pub fn weights() -> impl Strategy<Value = Ratio> {
    prop_oneof![2 => Just(E18), 2 => E18..=2 * E18, 1 => E18..=BORROW_WEIGHT_MAX.raw()].prop_map(Ratio::new)
}

/// A position of up to four deposits and three debts, of any health, each line on a record of its own. Assets are
/// numbered from 0, debts from 100.
pub fn positions() -> impl Strategy<Value = Position> {
    let amount = || prop_oneof![9 => magnitudes(1, 10u128.pow(27)), 1 => Just(0)];
    let deposit = (amount(), records(), 0u8..=18, 0..=E18, 0u32..6);
    let owed = (amount(), records(), 0u8..=18, weights(), weights());
    (prop::collection::vec(deposit, 0..4), prop::collection::vec(owed, 0..3)).prop_map(|(deposits, debts)| {
        position(
            (0..)
                .zip(deposits)
                .map(|(id, (amount, mark, decimals, threshold, off))| CollateralLine {
                    mark: alone(id, mark),
                    enabled: off > 0,
                    ..collateral(id, amount, 1, decimals, threshold)
                })
                .collect(),
            (100..)
                .zip(debts)
                .map(|(id, (amount, mark, decimals, weight, other))| DebtLine {
                    mark: alone(id, mark),
                    weight,
                    borrowing_weight: weight.max(other),
                    ..debt(id, amount, 1, decimals)
                })
                .collect(),
        )
    })
}

/// A record out of raw numbers of any size at all.
fn wild_record() -> impl Strategy<Value = RecordMark> {
    let band =
        || (any128(), any128()).prop_map(|(low, high)| PriceBand { low: Price::new(low), high: Price::new(high) });
    let faults = (any::<bool>(), any::<bool>(), any::<bool>());
    (0u16..4, band(), band(), faults, any128(), any128()).prop_map(
        |(id, settled, edges, faults, remaining, ceiling)| {
            let fault = |is: bool| is.then_some(PriceFault::Missing {});
            RecordMark {
                settled,
                edges,
                fault: fault(faults.0),
                exchange_fault: fault(faults.1),
                borrow_fault: fault(faults.2),
                remaining: Ratio::new(remaining),
                ceiling: Price::new(ceiling),
                ..record(&denom(id), 1, 1)
            }
        },
    )
}

/// A position out of raw numbers of any size at all, on records that hang together in any way.
pub fn wild_positions() -> impl Strategy<Value = Position> {
    let any_mark = || prop::collection::vec(wild_record(), 0..4).prop_map(MarkPrice::new);
    let deposit = (any128(), any_mark(), 0u8..45, any128(), any128(), any::<bool>());
    let owed = (any128(), any_mark(), 0u8..45, any128(), any128());
    let lines = (prop::collection::vec(deposit, 0..4), prop::collection::vec(owed, 0..4));
    (lines, any::<bool>()).prop_map(|((deposits, debts), halted)| Position {
        collaterals: (0..)
            .zip(deposits)
            .map(|(id, (amount, mark, decimals, threshold, power, enabled))| CollateralLine {
                mark,
                enabled,
                power: Ratio::new(power),
                bonus_max: Ratio::new(power),
                ..collateral(id, amount, 1, decimals, threshold)
            })
            .collect(),
        debts: (100..)
            .zip(debts)
            .map(|(id, (amount, mark, decimals, weight, borrowing))| DebtLine {
                mark,
                weight: Ratio::new(weight),
                borrowing_weight: Ratio::new(borrowing),
                ..debt(id, amount, 1, decimals)
            })
            .collect(),
        halted,
    })
}

/// `n` millionths of a number.
pub fn cut(n: u128, millionths: u128) -> u128 {
    (BigInt::from(n) * millionths / 1_000_000u32).to_u128().unwrap()
}

/// A threshold and a bonus curve of which validation holds: `min ≤ max ≤ 1`, `LT × (1 + max) ≤ full_at < 1`.
pub fn curves() -> impl Strategy<Value = (u128, BonusCurve)> {
    let millionths = || prop_oneof![8 => 0..=1_000_000u128, 1 => Just(0), 1 => Just(1_000_000)];
    (10_000u128..950_000, millionths(), millionths(), millionths(), any::<bool>()).prop_map(
        |(lt, max, min, at, steep)| {
            let threshold = lt * (E18 / 1_000_000);
            // The most that leaves room below 1; usual bonuses are below a fifth.
            let most = (frac(E18 - 1, threshold) - Q::one()) * q(E18);
            let most = floor(&most).to_u128().unwrap().min(if steep { E18 } else { E18 / 5 });
            let max = cut(most, max);
            let least = ceil(&(fixed(threshold) * q(E18 + max))).to_u128().unwrap();
            let full_at = least + cut(E18 - 1 - least, at);
            let min = Ratio::new(cut(max, min));
            let max = Ratio::new(max);
            let full_at = Ratio::new(full_at);
            (threshold, BonusCurve { min, max, full_at })
        },
    )
}

/// The bonus as the design draws it at this health factor and collateral ratio, unrounded.
pub fn exact_bonus(incentive: &Incentive, factor: &Q, ratio: &Q) -> Q {
    let curve = &incentive.bonus;
    let sale_cost = fixed(incentive.sale_cost.raw());
    let min = fixed(curve.min.raw());
    let max = fixed(curve.max.raw());
    let full_at = fixed(curve.full_at.raw());
    let curved = if *factor <= full_at {
        max
    } else {
        &min + (max - &min) * (Q::one() - factor).max(Q::zero()) / (Q::one() - full_at)
    };
    let beyond = ratio - Q::one();
    curved.min(beyond.max(min.min(sale_cost)))
}
