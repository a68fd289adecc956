//! An exact model to hold the crate against: rationals of unbounded size and plain integers, none of the crate's own
//! arithmetic. Only constructors and accessors of the crate's types are used here.
#![allow(dead_code, reason = "each test file is a crate of its own and uses a part of this")]
#![allow(clippy::unwrap_used, reason = "a model that fails fails its test")]

use cosmwasm_std::Uint256;
use num_bigint::{BigInt, Sign};
use num_rational::BigRational;
use num_traits::{One, ToPrimitive, Zero};
use plimsoll_risk::health::{CollateralLine, DebtLine, Position};
use plimsoll_risk::math::MathError;
use plimsoll_risk::params::{AssetId, AssetParams, BonusCurve, Ramp, Switches};
use plimsoll_risk::price::{Mark, PRICE_MAX, PriceFault, Quote};
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

/// A price that passed, with no spread.
pub const fn mark(price: u128) -> Mark {
    let price = Price::new(price);
    Mark { quote: Ok(Quote { mid: price, low: price, high: price }), floor: Price::new(1), ceiling: PRICE_MAX }
}

/// A price that failed, between its bounds.
pub const fn failed(floor: u128, ceiling: u128) -> Mark {
    let quote = Err(PriceFault::Missing {});
    Mark { quote, floor: Price::new(floor), ceiling: Price::new(ceiling) }
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
    }
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
}

/// What a collateral counts at in liquidation.
pub fn collateral_price(line: &CollateralLine) -> u128 {
    line.mark.quote.as_ref().map_or(line.mark.ceiling, |quote| quote.mid).raw()
}

/// What a debt counts at in liquidation.
pub fn debt_price(line: &DebtLine) -> u128 {
    line.mark.quote.as_ref().map_or(line.mark.floor, |quote| quote.mid).raw()
}

/// The threshold with which a collateral counts, raw.
fn threshold(line: &CollateralLine) -> u128 {
    if line.enabled { line.liquidation_threshold.raw() } else { 0 }
}

/// Rounds each line as the design says. In whole numbers: it is called often.
pub fn sums(position: &Position) -> Sums {
    let mut sums = Sums { collateral: BigInt::zero(), carried: BigInt::zero(), debt: BigInt::zero() };
    for line in &position.collaterals {
        let value = BigInt::from(line.amount.raw()) * collateral_price(line) / ten(line.decimals);
        sums.carried += &value * threshold(line) / E18;
        sums.collateral += value;
    }
    for line in &position.debts {
        let scale = ten(line.decimals);
        sums.debt += (BigInt::from(line.amount.raw()) * debt_price(line) + &scale - 1) / scale;
    }
    sums
}

/// Rounds nothing.
pub fn exact(position: &Position) -> Exact {
    let mut exact = Exact { collateral: Q::zero(), carried: Q::zero(), debt: Q::zero() };
    for line in &position.collaterals {
        let value = worth(line.amount.raw(), collateral_price(line), line.decimals);
        exact.carried += &value * fixed(threshold(line));
        exact.collateral += value;
    }
    for line in &position.debts {
        exact.debt += worth(line.amount.raw(), debt_price(line), line.decimals);
    }
    exact
}

/// A deposit of asset `id`.
pub const fn collateral(id: u16, amount: u128, price: u128, decimals: u8, threshold: u128) -> CollateralLine {
    CollateralLine {
        asset: AssetId(id),
        amount: Amount::new(amount),
        enabled: true,
        decimals,
        max_loan_to_value: Ratio::new(threshold / 10 * 9),
        liquidation_threshold: Ratio::new(threshold),
        mark: mark(price),
    }
}

/// A debt of asset `id`.
pub const fn debt(id: u16, amount: u128, price: u128, decimals: u8) -> DebtLine {
    DebtLine { asset: AssetId(id), amount: Amount::new(amount), decimals, mark: mark(price) }
}

/// A price of any kind within reason: mid, with edges around it, or failed between its bounds.
pub fn marks() -> impl Strategy<Value = Mark> {
    (magnitudes(1_000_000_000, 1_000_000 * E18), 0u128..200, 0u128..200, 0u32..8).prop_map(
        |(mid, below, above, kind)| {
            if kind == 0 {
                return failed(mid / 10, mid * 10);
            }
            let (low, high) = (mid - mid * below / 1_000, mid + mid * above / 1_000);
            let quote = Quote { mid: Price::new(mid), low: Price::new(low), high: Price::new(high) };
            Mark { quote: Ok(quote), floor: Price::new(mid / 10), ceiling: Price::new(mid * 10) }
        },
    )
}

/// A position of up to four deposits and three debts, of any health. Assets are numbered from 0, debts from 100.
pub fn positions() -> impl Strategy<Value = Position> {
    let amount = || prop_oneof![9 => magnitudes(1, 10u128.pow(27)), 1 => Just(0)];
    let deposit = (amount(), marks(), 0u8..=18, 0..=E18, 0u32..6);
    let owed = (amount(), marks(), 0u8..=18);
    (prop::collection::vec(deposit, 0..4), prop::collection::vec(owed, 0..3)).prop_map(|(deposits, debts)| Position {
        collaterals: (0..)
            .zip(deposits)
            .map(|(id, (amount, mark, decimals, threshold, off))| CollateralLine {
                mark,
                enabled: off > 0,
                ..collateral(id, amount, 1, decimals, threshold)
            })
            .collect(),
        debts: (100..)
            .zip(debts)
            .map(|(id, (amount, mark, decimals))| DebtLine { mark, ..debt(id, amount, 1, decimals) })
            .collect(),
    })
}

/// A position out of raw numbers of any size at all.
pub fn wild_positions() -> impl Strategy<Value = Position> {
    let any_mark = || {
        (any128(), any128(), any128(), any::<bool>()).prop_map(|(mid, floor, ceiling, ok)| {
            let mark = mark(mid);
            let quote = if ok { mark.quote } else { Err(PriceFault::Missing {}) };
            Mark { quote, floor: Price::new(floor), ceiling: Price::new(ceiling) }
        })
    };
    let deposit = (any128(), any_mark(), 0u8..45, any128(), any::<bool>());
    let owed = (any128(), any_mark(), 0u8..45);
    (prop::collection::vec(deposit, 0..4), prop::collection::vec(owed, 0..4)).prop_map(|(deposits, debts)| Position {
        collaterals: (0..)
            .zip(deposits)
            .map(|(id, (amount, mark, decimals, threshold, enabled))| CollateralLine {
                mark,
                enabled,
                ..collateral(id, amount, 1, decimals, threshold)
            })
            .collect(),
        debts: (100..)
            .zip(debts)
            .map(|(id, (amount, mark, decimals))| DebtLine { mark, ..debt(id, amount, 1, decimals) })
            .collect(),
    })
}
