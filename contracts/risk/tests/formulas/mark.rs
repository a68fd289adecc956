//! What a record counts as: the nearest edge for liquidation, the extremes for borrowing, less and less of a silent
//! collateral; and one value where both sides of an account hang on one record.

use crate::model::{E18, Q, any128, ceil, collateral, config, debt, fixed, floor, frac, magnitudes, position, q};
use num_bigint::BigInt;
use num_traits::{One, Zero};
use plimsoll_risk::health::Health;
use plimsoll_risk::heartbeat::Heartbeat;
use plimsoll_risk::mark::{DECLINE_FROM, DECLINE_SECONDS, MarkPrice, RecordMark, SharedValues, over_down, times_down};
use plimsoll_risk::price::{Guards, Observation, PRICE_MAX, PRICE_MIN, PriceBand, PriceFault, PriceRecord};
use plimsoll_risk::units::{Price, Ratio};
use proptest::prelude::*;

const NOW: u64 = 1_000_000;

fn guards() -> Guards {
    Guards {
        max_age: Some(600),
        floor: Price::new(1),
        ceiling: PRICE_MAX,
        bound_hold: 0,
        max_deviation: Ratio::percent(10),
        step_interval: 600,
        age_spread: Ratio::percent(20),
    }
}

fn band(low: u128, high: u128) -> PriceBand {
    PriceBand { low: Price::new(low), high: Price::new(high) }
}

/// Settled at the first, then observed at [`NOW`]: no step is due for 600 s.
fn record(settled: u128, raw: (u128, u128), extremes: (u128, u128), guards: Guards) -> PriceRecord {
    let mut record = PriceRecord::unpublished(0, None, 0, guards);
    let seen = |raw, extremes| Observation { raw, extremes, time: NOW };
    record.observe(&seen(band(settled, settled), band(settled, settled)), NOW, 0);
    record.observe(&seen(band(raw.0, raw.1), band(extremes.0, extremes.1)), NOW, 0);
    record
}

fn at(record: &PriceRecord, now: u64) -> RecordMark {
    RecordMark::of("token", record, &Heartbeat::start(0, NOW), now)
}

fn bounds(band: PriceBand) -> (BigInt, BigInt) {
    (band.low.raw().into(), band.high.raw().into())
}

proptest! {
    #![proptest_config(config(2_000))]

    /// Rule 2 and 4: `lo = min(S, raw high)`, `hi = max(S, raw low)`; the edges include S, raw and all that was said,
    /// and widen with age. Silent, no further than one deviation from S.
    #[test]
    fn a_record_counts_at_its_nearest_edge_and_lends_at_its_extremes(
        settled in magnitudes(1_000, 10u128.pow(30)), raw in (1u128..400, 0u128..400), said in (1u128..400, 0u128..400),
        age in 0u64..599, silent in any::<bool>(),
    ) {
        let scaled = |(low, wider): (u128, u128)| (settled * low / 100, settled * (low + wider) / 100);
        let raw = scaled(raw);
        let said = scaled(said);
        prop_assume!(raw.0 > 0 && said.0 > 0);
        let record = record(settled, raw, said, guards());
        let nearest_low = settled.min(raw.1);
        let nearest_high = settled.max(raw.0);
        if silent {
            let mark = at(&PriceRecord { awaiting: true, ..record }, NOW);
            let down = fixed(E18 / 10 * 9) * q(settled);
            let up = fixed(E18 / 10 * 11) * q(settled);
            let expected = (ceil(&down).max(nearest_low.into()), floor(&up).min(nearest_high.into()));
            prop_assert_eq!(bounds(mark.settled), expected);
            let missing = Some(PriceFault::Missing {});
            prop_assert_eq!((&mark.fault, &mark.borrow_fault, &mark.exchange_fault), (&missing, &missing, &missing));
            return Ok(());
        }
        let mark = at(&record, NOW + age);
        prop_assert_eq!(bounds(mark.settled), (nearest_low.into(), nearest_high.into()));
        let spread = q(ceil(&(q(E18 / 5) * frac(age, 600)))) / q(E18);
        let lowest = q(settled.min(raw.0).min(said.0)) * (Q::one() - &spread);
        let highest = q(settled.max(raw.1).max(said.1)) * (Q::one() + &spread);
        prop_assert_eq!(bounds(mark.edges), (floor(&lowest), ceil(&highest)));
        prop_assert!(mark.fault.is_none() && mark.borrow_fault.is_none() && mark.exchange_fault.is_none());
        // Rule 7: more than one deviation below what liquidation counts.
        prop_assert_eq!(mark.is_ahead(), floor(&lowest) < floor(&(q(nearest_high) * fixed(E18 / 10 * 9))));
    }

    /// What a line counts at never falls when a told price rises, for liquidation as for borrowing.
    #[test]
    fn a_higher_price_told_never_counts_for_less(
        settled in magnitudes(1_000, 10u128.pow(30)), raw in (magnitudes(1, 10u128.pow(30)), 0u128..400),
        rise in 0u128..1_000, age in 0u64..5_000,
    ) {
        let raw = (raw.0, raw.0 + raw.0 * raw.1 / 100);
        let higher = (raw.0 + raw.0 * rise / 100, raw.1 + raw.1 * rise / 100);
        let [before, after] = [raw, higher].map(|raw| at(&record(settled, raw, raw, guards()), NOW + age));
        prop_assert!(after.settled.low >= before.settled.low && after.settled.high >= before.settled.high);
        prop_assert!(after.edges.low >= before.edges.low && after.edges.high >= before.edges.high);
    }

    /// Rule 6: all of it for a day after the last observation, then in a straight line to nothing over a week; the
    /// oracle's lost seconds since that observation don't count.
    #[test]
    fn a_silent_collateral_declines_in_a_straight_line(
        age in 601u64..1_000_000, lost_before in 0u64..5_000, gap in 0u64..900_000,
    ) {
        let lost_seconds = lost_before + gap.min(age);
        let heartbeat = Heartbeat { lost_seconds, ..Heartbeat::start(900, NOW + age) };
        let mut silent = record(E18, (E18, E18), (E18, E18), guards());
        silent.lost_seconds = lost_before;
        let mark = RecordMark::of("token", &silent, &heartbeat, NOW + age);
        let counted = age - gap.min(age);
        let left = (DECLINE_FROM + DECLINE_SECONDS).saturating_sub(counted).min(DECLINE_SECONDS);
        prop_assert_eq!(BigInt::from(mark.remaining.raw()), floor(&(frac(left, DECLINE_SECONDS) * q(E18))));
        prop_assert!(counted < 8 * 86_400 || mark.remaining.is_zero());
        prop_assert!(counted > 86_400 || mark.remaining == Ratio::ONE);
    }

    /// A price on two records is their product, rounded once at each, each line at its own ends.
    #[test]
    fn a_price_on_two_records_is_their_product(
        rate in (any128(), any128(), any128(), any128()), quote in (any128(), any128(), any128(), any128()),
    ) {
        let alone = SharedValues::default();
        let record = |denom: &str, (a, b, c, d): (u128, u128, u128, u128)| {
            let edges = PriceBand::between(Price::new(c), Price::new(d));
            let settled = PriceBand::between(Price::new(a), Price::new(b));
            RecordMark { settled, edges, ..crate::model::record(denom, 1, 1) }
        };
        let rate = record("steth", rate);
        let quote = record("eth", quote);
        let mark = MarkPrice::new(vec![rate.clone(), quote.clone()]);
        let product = |a: Price, b: Price| fixed(a.raw()) * q(b.raw());
        let most = BigInt::from(PRICE_MAX.raw());
        let raw = |price: Price| BigInt::from(price.raw());
        let high = product(rate.settled.high, quote.settled.high);
        let low = product(rate.settled.low, quote.settled.low);
        prop_assert_eq!(raw(mark.collateral_down(&alone)), floor(&high).min(most.clone()));
        prop_assert_eq!(raw(mark.debt_up(&alone)), ceil(&low).min(most.clone()));
        prop_assert_eq!(raw(mark.low_down(&alone)), floor(&product(rate.edges.low, quote.edges.low)).min(most.clone()));
        prop_assert_eq!(raw(mark.high_up(&alone)), ceil(&product(rate.edges.high, quote.edges.high)).min(most));
    }

    /// From a price to a rate and back loses less than what one unit of the rate is worth.
    #[test]
    fn a_price_as_a_rate_is_its_quotient(price in magnitudes(1, PRICE_MAX.raw()), quote in any128()) {
        let counted = quote.max(PRICE_MIN.raw());
        let rate = over_down(Price::new(price), Price::new(quote));
        let exact = floor(&(q(price) * q(E18) / q(counted)));
        prop_assert_eq!(BigInt::from(rate.raw()), exact.min(PRICE_MAX.raw().into()));
        if rate < PRICE_MAX {
            let back = times_down(rate, Price::new(counted)).raw();
            prop_assert!(back <= price && q(price - back) <= q(counted) / q(E18) + Q::one());
        }
    }

    /// Issue A.3: stETH on its pair's rate, ETH owed. The true health factor is `rate × LT × amounts`, whatever ETH
    /// does, and however far its observation is from where it has settled.
    #[test]
    fn a_loop_of_correlated_tokens_does_not_change_with_what_both_hang_on(
        rate in 950_000u128..1_050_000, owed in 500u128..1_100,
        eth in magnitudes(E18, 100_000 * E18), observed in 1u128..400,
    ) {
        let threshold = E18 / 100 * 90;
        let health = |eth: &PriceRecord| {
            let rate = record(rate * 10u128.pow(12), (rate * 10u128.pow(12), rate * 10u128.pow(12)), (1, 1), guards());
            let eth = at_denom("eth", eth);
            let mut steth = collateral(0, 1_000 * 10u128.pow(6), 1, 6, threshold);
            steth.mark = MarkPrice::new(vec![at_denom("steth", &rate), eth.clone()]);
            let mut debt = debt(1, owed * 10u128.pow(6), 1, 6);
            debt.mark = MarkPrice::new(vec![eth]);
            position(vec![steth], vec![debt]).health().unwrap()
        };
        let calm = health(&record(eth, (eth, eth), (eth, eth), guards()));
        let raw = eth * observed / 100;
        let moved = health(&record(eth, (raw, raw), (raw, raw), guards()));
        let exact = frac(rate, 1_000_000) * q(1_000) * frac(9, 10) / q(owed);
        for health in [calm, moved] {
            let factor = health_factor(&health);
            prop_assert!(factor <= exact && &exact - &factor < frac(1, 1_000_000_000), "{factor} is not {exact}");
        }
    }
}

fn at_denom(denom: &str, record: &PriceRecord) -> RecordMark {
    RecordMark::of(denom, record, &Heartbeat::start(0, NOW), NOW)
}

fn health_factor(health: &Health) -> Q {
    health.factor_down().map_or(Q::zero(), |factor| fixed(factor.raw()))
}

/// A live source that says less in this message lowers the edges, one that says nothing lends nothing; neither touches
/// liquidation.
#[test]
fn a_live_answer_widens_the_edges_and_its_absence_stops_borrowing() {
    let stored = at(&record(10, (10, 10), (10, 10), guards()), NOW);
    let live = at(&record(10, (8, 8), (6, 9), guards()), NOW);
    let both = stored.clone().with_live(Some(&live));
    assert_eq!((both.edges, both.settled, both.borrow_fault.clone()), (band(6, 10), band(10, 10), None));
    let silent = at(&PriceRecord { awaiting: true, ..record(10, (10, 10), (10, 10), guards()) }, NOW);
    for live in [None, Some(&silent)] {
        let mark = stored.clone().with_live(live);
        assert_eq!((mark.borrow_fault, mark.fault, mark.exchange_fault), (Some(PriceFault::Unanswered {}), None, None));
        assert_eq!(
            MarkPrice::new(vec![stored.clone().with_live(live)]).low_down(&SharedValues::default()),
            Price::ZERO
        );
    }
}

/// Rule 4: a live record is exchanged at for a quarter of its window, a fed one for as long as it lives.
#[test]
fn a_live_price_is_exchanged_at_only_just_after_it_was_published() {
    let fed = record(10, (10, 10), (10, 10), guards());
    let live = PriceRecord { window: 601, ..fed.clone() };
    assert_eq!(at(&live, NOW + 150).exchange_fault, None);
    assert_eq!(at(&live, NOW + 151).exchange_fault, Some(PriceFault::Stale { age: 151, max_age: 150 }));
    assert_eq!((at(&live, NOW + 151).fault, at(&fed, NOW + 600).exchange_fault), (None, None));
    assert_eq!(at(&fed, NOW + 601).exchange_fault, Some(PriceFault::Stale { age: 601, max_age: 600 }));
}

/// The settled price of a silent denom stands where it stood when its last observation grew too old.
#[test]
fn a_silent_price_counts_where_it_stood_when_it_fell_silent() {
    let record = record(10 * E18, (4 * E18, 4 * E18), (4 * E18, 4 * E18), Guards { step_interval: 300, ..guards() });
    let steps_two = band(4 * E18, 81 * E18 / 10);
    for now in [NOW + 600, NOW + 601, NOW + 86_400] {
        assert_eq!(at(&record, now).settled.high, steps_two.high, "at {now}");
    }
    // The low end: raw is 4, but a silent debt counts at no less than one deviation below.
    assert_eq!(at(&record, NOW + 600).settled.low, Price::new(4 * E18));
    assert_eq!(at(&record, NOW + 601).settled.low, Price::new(729 * E18 / 100));
}

/// Rule 7 is about the token's price, whatever records it hangs on: 9 % in each are 17 % of both.
#[test]
fn a_price_is_ahead_when_its_records_together_lag_by_more_than_one_deviation() {
    let lags = |per_mille: u128| {
        let said = E18 / 1_000 * (1_000 - per_mille);
        at(&record(E18, (said, said), (said, said), guards()), NOW)
    };
    let chain = |own: u128, quote: u128| MarkPrice::new(vec![lags(own), lags(quote)]);
    for (own, quote, ahead) in
        [(0, 0, false), (90, 0, false), (0, 90, false), (90, 90, true), (40, 50, false), (0, 101, true)]
    {
        assert_eq!(chain(own, quote).is_ahead(), ahead, "{own} {quote}");
    }
}
