//! Interest compounds as the Taylor series says, from above, saturates, and touching a market never pays.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use crate::model::{
    E18, Q, agree, any128, big, ceil, config, exp, fixed, floor, frac, kinked, magnitudes, params, q, reserving, taylor,
};
use num_bigint::BigInt;
use plimsoll_risk::interest::{DEBT_MAX, INDEX_MAX, YEAR, compound_up, simple_interest_down};
use plimsoll_risk::market::{Accrued, DEPOSITED_CASH_MAX, GIVEN_CASH_MAX, Market, MarketError};
use plimsoll_risk::params::AssetParams;
use plimsoll_risk::rates::{Kinked, MAX_RATE, RateModel};
use plimsoll_risk::units::{Amount, Index, Rate, Ratio, ScaledDebt, SupplyShares};
use proptest::prelude::*;

const DAY: u64 = 86_400;

/// `x`, the rate times the time in years.
fn exponent(rate: u128, seconds: u64) -> Q {
    fixed(rate) * frac(seconds, YEAR)
}

/// How far rounding up may lift an index: at most `4 + 2x + x²` units of 10⁻¹⁸ of growth, and one of the index.
fn slack(index: u128, x: &Q) -> Q {
    fixed(index) * (q(4) + q(2) * x + x * x) + q(1)
}

/// How much of that one accrual may have and many not: the second and third term's rounding, `2 + x` units of growth.
fn rounding_of_one(index: u128, x: &Q) -> Q {
    fixed(index) * (q(2) + x) + q(1)
}

/// Where the index stops: at 10¹⁸, or where the market's debt would pass 10³⁷.
fn ceiling(scaled: u128) -> BigInt {
    let highest = BigInt::from(E18) * E18;
    if scaled == 0 {
        return highest;
    }
    floor(&frac(BigInt::from(10).pow(37) * E18, scaled)).min(highest)
}

fn compound(index: u128, rate: u128, seconds: u64, scaled: u128) -> u128 {
    compound_up(Index::new(index), Rate::new(rate), seconds, ScaledDebt::new(scaled), Amount::new(DEBT_MAX)).raw()
}

/// A market in which `percent` of a deposit is lent out, at the highest accepted rate whatever the utilization.
fn lent_out(deposit: u128, percent: u128, reserve_factor: Ratio) -> (Market, AssetParams, ScaledDebt, SupplyShares) {
    let rate_model = RateModel::Kinked(Kinked {
        optimal_utilization_rate: Ratio::percent(50),
        base: MAX_RATE,
        slope_1: Rate::ZERO,
        slope_2: Rate::ZERO,
    });
    let params = AssetParams { rate_model, reserve_factor, ..params() };
    let mut market = Market::open(0, &params).unwrap().accrue(0, &params).unwrap();
    let shares = market.deposit(Amount::new(deposit)).unwrap();
    let owed = market.borrow(Amount::new((deposit * percent).div_ceil(100)), &params).unwrap().scaled;
    (market.settle(&params).unwrap(), params, owed, shares)
}

fn touch(market: Market, now: u64, params: &AssetParams) -> Market {
    market.accrue(now, params).unwrap().settle(params).unwrap()
}

proptest! {
    #![proptest_config(config(3_000))]

    #[test]
    fn growth_is_the_exact_taylor_series_rounded_up_within_the_stated_slack(
        index in magnitudes(E18, INDEX_MAX.raw()),
        rate in 0..=MAX_RATE.raw(),
        seconds in magnitudes(1, 1_000 * u128::from(YEAR)),
        scaled in prop_oneof![Just(0), any128()],
    ) {
        let seconds = u64::try_from(seconds).unwrap();
        let x = exponent(rate, seconds);
        let exact = q(index) * taylor(&x);
        let got = BigInt::from(compound(index, rate, seconds, scaled));
        let within = |n: BigInt| n.min(ceiling(scaled)).max(index.into());
        prop_assert!(got >= within(ceil(&exact)), "{got} is below {exact}");
        prop_assert!(got <= within(floor(&(exact + slack(index, &x)))), "{got} is too far above");
    }

    /// Whatever the index and the debt were, growth neither errs nor lets a debt leave 128 bits.
    #[test]
    fn any_index_stands_or_grows_and_a_debt_that_fits_still_fits(
        index in any128(), rate in any128(), seconds in any::<u64>(), scaled in any128(),
    ) {
        let grown = compound(index, rate, seconds, scaled);
        prop_assert!(grown >= index);
        let debt = |index: u128| floor(&(q(scaled) * fixed(index)));
        if grown > index {
            prop_assert!(grown <= INDEX_MAX.raw());
            prop_assert!(debt(grown) <= DEBT_MAX.into());
        }
    }

    #[test]
    fn no_time_or_no_rate_adds_nothing(index in any128(), rate in any128(), seconds in any::<u64>()) {
        prop_assert_eq!(compound(index, rate, 0, 0), index);
        prop_assert_eq!(compound(index, 0, seconds, 0), index);
    }

    /// At one rate, any way to cut a time into touches leaves an index that is no lower than one accrual would, but for the
    /// rounding of that one.
    #[test]
    fn touching_more_often_never_lowers_the_index(
        index in magnitudes(E18, E18 * 1_000_000),
        rate in magnitudes(E18 / 10_000, MAX_RATE.raw()),
        steps in prop::collection::vec(1u64..50_000_000, 1..12),
    ) {
        let often = steps.iter().fold(index, |index, seconds| compound(index, rate, *seconds, 0));
        let total = steps.iter().sum();
        let once = compound(index, rate, total, 0);
        let x = exponent(rate, total);
        prop_assert!(q(often) + rounding_of_one(index, &x) >= q(once), "often {often}, once {once}");
        // The truth, from above: e^x, with each step's rounding grown by the same factor. Only while e^x is computed well.
        if x <= q(2) {
            let roundings = slack(index, &x) * q(BigInt::from(steps.len()));
            prop_assert!(q(often) <= (q(index) + roundings) * (exp(&x) + frac(1, 10u128.pow(30))));
        }
    }

    /// With the rate following utilization and the reserves taking their cut, a touch in between never leaves a borrower owing
    /// less, but for the growth's rounding at 18 decimals and the unit that their debt is rounded up by.
    #[test]
    fn touching_a_market_never_lowers_a_debt(
        deposit in magnitudes(1_000, 10u128.pow(27)),
        percent in 1u128..=100,
        factor in 0u64..=100,
        steps in prop::collection::vec(1u64..20_000_000, 2..8),
    ) {
        let params = AssetParams { reserve_factor: Ratio::percent(factor), ..params() };
        let mut market = Market::open(0, &params).unwrap().accrue(0, &params).unwrap();
        market.deposit(Amount::new(deposit)).unwrap();
        let owed = market.borrow(Amount::new(deposit * percent / 100), &params).unwrap().scaled;
        let market = market.settle(&params).unwrap();

        let total = steps.iter().sum();
        let x = exponent(market.rate.raw(), total);
        let once = market.clone().accrue(total, &params).unwrap();
        let mut now = 0;
        let mut often = market;
        for seconds in steps {
            now += seconds;
            often = touch(often, now, &params);
        }
        let often = often.accrue(total, &params).unwrap();
        let rounding = fixed(owed.raw()) * rounding_of_one(E18, &x) + q(1);
        let often = often.owed_up(owed).unwrap();
        let once = once.owed_up(owed).unwrap();
        prop_assert!(q(often.raw()) + rounding >= q(once.raw()), "often {often}, once {once}");
    }

    /// Exact: the interest of all touches together, times the factor, less a fraction of a unit.
    #[test]
    fn reserves_get_their_share_of_all_interest_however_often_it_is_added(
        deposit in magnitudes(1_000, 10u128.pow(27)),
        percent in 1u128..=100,
        factor in 0u128..=E18,
        steps in prop::collection::vec(1u64..100_000, 2..40),
    ) {
        let params = AssetParams { reserve_factor: Ratio::new(factor), ..params() };
        let mut market = Market::open(0, &params).unwrap().accrue(0, &params).unwrap();
        market.deposit(Amount::new(deposit)).unwrap();
        let borrowed = market.borrow(Amount::new((deposit * percent).div_ceil(100)), &params).unwrap();
        let first = market.debt().unwrap().raw();
        let mut now = 0;
        let mut market = market.settle(&params).unwrap();
        for seconds in steps {
            now += seconds;
            market = touch(market, now, &params);
        }
        let market = market.accrue(now, &params).unwrap();
        let interest = market.debt().unwrap().raw() - first + borrowed.interest.raw();
        prop_assert_eq!(BigInt::from(market.state().reserves.raw()), floor(&(q(interest) * fixed(factor))));
    }

    #[test]
    fn interest_that_does_not_compound_is_the_exact_floor(amount in any128(), rate in any128(), seconds in any::<u64>()) {
        let got = simple_interest_down(Amount::new(amount), Rate::new(rate), seconds).map(Amount::raw);
        agree(got, Some(floor(&(q(amount) * exponent(rate, seconds)))))?;
    }

    #[test]
    fn accruing_twice_at_one_time_or_back_in_time_is_the_identity(
        deposit in magnitudes(100, 10u128.pow(30)), percent in 0u128..=100,
        now in 1u64..1_000_000_000, back in 0u64..1_000_000_000,
    ) {
        let (market, params, ..) = lent_out(deposit, percent, Ratio::percent(20));
        let once = market.accrue(now, &params).unwrap();
        let again = once.state().clone().accrue(now, &params).unwrap();
        prop_assert_eq!(&again, &once);
        let earlier = once.state().clone().accrue(back.min(now), &params).unwrap();
        prop_assert_eq!(&earlier, &once);
    }

    #[test]
    fn any_market_accrues_or_errs_without_a_panic(
        fields in (any128(), any128(), any128(), any128(), any128(), any128(), any128()),
        times in (any::<u64>(), any::<u64>()), factor in any128(),
    ) {
        let market = any_market(fields, times.0);
        if let Ok(accrued) = market.accrue(times.1, &reserving(Ratio::new(factor))) {
            prop_assert!(accrued.state().borrow_index.raw() >= fields.3 || fields.2 == 0);
            let _ = (accrued.debt(), accrued.supply(), accrued.utilization_up(), accrued.settle(&params()));
        }
    }
}

fn any_market(fields: (u128, u128, u128, u128, u128, u128, u128), updated_at: u64) -> Market {
    Market {
        cash: Amount::new(fields.0),
        lent: Amount::new(fields.1),
        debt_scaled: ScaledDebt::new(fields.2),
        borrow_index: Index::new(fields.3),
        supply_shares: SupplyShares::new(fields.4),
        reserves: Amount::new(fields.5),
        updated_at,
        rate: Rate::new(fields.6),
        rate_at_target: Rate::new(fields.6),
        reserves_fraction: Ratio::new(fields.6 % E18),
        written_off: fields.6 > E18,
    }
}

#[test]
fn a_year_at_one_hundred_percent_is_two_and_two_thirds() {
    assert_eq!(Index::new(compound(E18, E18, YEAR, 0)).to_string(), "2.666666666666666667");
    assert_eq!(Index::new(compound(3 * E18, E18 / 10, YEAR, 0)).to_string(), "3.315500000000000001");
    // One second at the smallest rate: each of the three terms is rounded up.
    assert_eq!(compound(E18, 1, 1, 0), E18 + 3);
}

/// Over 30 days, one step and 1,000 steps of 2,592 s differ by at most `e^x × x⁴/24` (what the third term leaves out) and
/// 10⁻¹⁴ of rounding; both lie between the Taylor series and that much above e^x. At 10 % a year that is 2 × 10⁻¹⁰ of the debt.
#[test]
fn thirty_days_in_one_step_or_a_thousand_agree_with_each_other_and_with_e_to_the_x() {
    for percent in [0, 1, 10, 50, 100, 400, 1_000] {
        let rate = Rate::percent(percent).raw();
        let x = exponent(rate, 30 * DAY);
        let once = fixed(compound(E18, rate, 30 * DAY, 0));
        let often = fixed((0..1_000).fold(E18, |index, _| compound(index, rate, 2_592, 0)));
        let below = taylor(&x);
        let truth = exp(&x);
        let left_out = &truth * &x * &x * &x * &x / q(24);
        let rounding = frac(1, 10u128.pow(14));

        assert!(below <= once && once <= &below + &rounding, "{percent} %: one step");
        assert!(once <= &often + &rounding, "{percent} %: touching never pays");
        assert!(often <= &truth + &rounding, "{percent} %: a thousand steps do not pass e^x");
        assert!(&truth - &often <= &left_out / q(1_000_000) + &rounding, "{percent} %: nor stay far below");
        assert!(&often - &once <= &left_out + &rounding, "{percent} %: the two agree");
    }
    let x = exponent(Rate::percent(10).raw(), 30 * DAY);
    assert!(exp(&x) * &x * &x * &x * &x / q(24) < frac(2, 10u128.pow(10)));
}

/// What is left after ten years: a market that answers, takes repayments in part and in full, and pays its lenders.
fn still_works(market: Accrued, params: &AssetParams, owed: ScaledDebt, shares: SupplyShares) {
    let mut market = market;
    assert!(market.debt().unwrap().raw() <= DEBT_MAX);
    assert!(market.state().borrow_index <= INDEX_MAX);
    market.utilization_up().unwrap();
    market.liquidity_rate_down(params).unwrap();

    let part = market.owed_up(owed).unwrap().share_down(Ratio::percent(40)).unwrap();
    let partly = market.repay(part, owed).unwrap();
    let left = owed.checked_sub(partly.cleared).unwrap();
    let full = market.owed_up(left).unwrap();
    let rest = market.repay(Amount::MAX, left).unwrap();
    assert_eq!((rest.amount, rest.cleared), (full, left));
    assert!(market.state().debt_scaled.is_zero());

    let claim = market.shares_value_down(shares).unwrap();
    assert_eq!(market.withdraw(claim, shares).unwrap(), shares);
    market.deposit(Amount::new(10u128.pow(30))).unwrap();
    let again = market.borrow(Amount::new(10u128.pow(12)), params).unwrap().scaled;
    assert!(market.owed_up(again).unwrap() >= Amount::new(10u128.pow(12)));
    market.settle(params).unwrap();
}

#[test]
fn ten_years_at_the_highest_rate_touched_or_not_lock_no_market() {
    for deposit in [1, 1_000_000, 10u128.pow(18), 10u128.pow(30)] {
        for percent in [1, 60, 100] {
            for (factor, pause) in
                [(0, DAY), (20, DAY), (100, DAY), (20, 30 * DAY), (0, 3_650 * DAY), (100, 3_650 * DAY)]
            {
                let (mut market, params, owed, shares) = lent_out(deposit, percent, Ratio::percent(factor));
                let mut now = 0;
                while now < 3_650 * DAY {
                    now += pause;
                    let before = market.borrow_index;
                    market = touch(market, now, &params);
                    assert!(market.borrow_index >= before);
                }
                let accrued = market.accrue(now, &params).unwrap();
                still_works(accrued, &params, owed, shares);
            }
        }
    }
}

/// 10 bitcoin at 8 decimals lent at 4 % bring 10⁹ × 0.04 / 8,760 = 4,566.2 an hour, of which a tenth is 456. Each six
/// seconds they bring 7, of which a tenth is less than one.
#[test]
fn reserves_get_as_much_from_a_market_touched_each_block_for_an_hour_as_from_one_touched_once() {
    let params = AssetParams { rate_model: kinked(80, 4, 0, 0), reserve_factor: Ratio::percent(10), ..params() };
    let mut market = Market::open(0, &params).unwrap().accrue(0, &params).unwrap();
    market.deposit(Amount::new(2_000_000_000)).unwrap();
    market.borrow(Amount::new(1_000_000_000), &params).unwrap();
    let market = market.settle(&params).unwrap();
    // The first minute was owed at once: 10⁹ × 0.04 / 525,600 = 76.1, of which a tenth is 7.6.
    assert_eq!((market.reserves, market.reserves_fraction), (Amount::new(7), Ratio::percent(60)));

    let once = touch(market.clone(), 3_600, &params).reserves;
    let often = (1..=600).fold(market, |market, block| touch(market, 6 * block, &params)).reserves;
    // 7.6 + 456.6
    assert_eq!((once, often), (Amount::new(464), Amount::new(464)));
}

/// The issuer of a token gives as much as is taken, and has all of it lent and repaid with interest for centuries. At
/// every step the market answers, its debts can be repaid, and its supplier can leave.
#[test]
fn no_gift_loan_or_repayment_brings_a_market_to_where_it_can_not_be_computed() {
    let (market, params, owed, shares) = lent_out(1_000_000, 50, Ratio::percent(10));
    let mut market = market.accrue(DAY, &params).unwrap();
    let held = market.state().cash;
    let gift = GIVEN_CASH_MAX.saturating_sub(held);
    let amount = Amount::new(gift.raw() + 1);
    let refused = Err(MarketError::TooMuchCash { amount, held, max: GIVEN_CASH_MAX });
    assert_eq!(market.clone().cover(amount), refused);
    assert_eq!(market.clone().cover_suppliers(amount), refused);
    let amount = DEPOSITED_CASH_MAX;
    let refused = MarketError::TooMuchCash { amount, held, max: DEPOSITED_CASH_MAX };
    assert_eq!(market.clone().deposit(amount), Err(refused));
    market.clone().cover_suppliers(gift).unwrap();
    market.cover(gift).unwrap();
    // A gift doesn't stop deposits.
    market.clone().deposit(Amount::new(10u128.pow(30))).unwrap();
    still_answers(&market, &params, owed, shares);

    let mut now = DAY;
    let mut highest = 0;
    for (years, part) in [(1, 1), (1, 1_000), (10, 100_000), (100, 7)].repeat(20) {
        let cash = market.state().cash.raw();
        let debt = market.borrow(Amount::new(cash / part), &params).unwrap().scaled;
        still_answers(&market, &params, owed, shares);
        now += years * YEAR;
        let stored = market.settle(&params).unwrap();
        market = stored.accrue(now, &params).unwrap();
        still_answers(&market, &params, owed, shares);
        market.repay(Amount::MAX, debt).unwrap();
        still_answers(&market, &params, owed, shares);
        highest = highest.max(market.state().cash.raw() + market.debt().unwrap().raw());
    }
    // Loans and repayments round up, by at most a unit of scaled debt, which is worth 10¹⁸ at most.
    assert!(highest > 2 * GIVEN_CASH_MAX.raw() && highest <= 3 * 10u128.pow(37) + 200 * E18, "{highest}");
}

fn still_answers(market: &Accrued, params: &AssetParams, owed: ScaledDebt, shares: SupplyShares) {
    market.supply().unwrap();
    market.utilization_up().unwrap();
    market.liquidity_rate_down(params).unwrap();
    let mut leaving = market.clone();
    leaving.repay(Amount::MAX, owed).unwrap();
    let claim = leaving.shares_value_down(shares).unwrap().min(leaving.state().cash);
    leaving.withdraw(claim, shares).unwrap();
    leaving.settle(params).unwrap();
}

#[test]
fn a_saturated_index_stands_still() {
    assert_eq!(compound(INDEX_MAX.raw(), MAX_RATE.raw(), YEAR, 0), INDEX_MAX.raw());
    // Debt of 10³⁰ scaled may grow ten million times.
    let top = compound(E18, MAX_RATE.raw(), 100 * YEAR, 10u128.pow(30));
    assert_eq!(top, 10_000_000 * E18);
    assert_eq!(compound(top, MAX_RATE.raw(), YEAR, 10u128.pow(30)), top);
    assert_eq!(big(cosmwasm_std::Uint256::from(DEBT_MAX)), BigInt::from(10).pow(37));
}
