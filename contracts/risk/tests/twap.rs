//! A pair's average price against the exact average of what stood there, second for second.

mod model;

use model::{E18, Q, any128, config, fixed, floor, frac, magnitudes, narrow, q, ten};
use num_bigint::BigInt;
use num_traits::{One, Zero};
use plimsoll_risk::math::MathError;
use plimsoll_risk::twap::{ExchangeRate, Sample, Scale};
use plimsoll_risk::units::{Amount, CumulativePrice, Price};
use proptest::prelude::*;

/// So long stood these reserves: seconds, of the token priced, of the other.
type Step = (u64, u128, u128);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let reserves = || magnitudes(1, 1 << 100);
    // Whatever the level, the price moves by at most a thousand to either side.
    (reserves(), reserves(), prop::collection::vec((1u64..4_000, 1u128..1_000, 1u128..1_000), 1..12)).prop_map(
        |(base, quote, moves)| moves.into_iter().map(|(seconds, a, b)| (seconds, base * a, quote * b)).collect(),
    )
}

fn sample(time: u64, forward: u128, backward: u128) -> Sample {
    Sample { time, forward: CumulativePrice::new(forward), backward: CumulativePrice::new(backward) }
}

/// What a pair adds over these steps in one direction: whole millionths, cut off at each step.
fn grown(steps: &[Step], price: impl Fn(&Step) -> Q) -> BigInt {
    steps.iter().map(|step| floor(&(q(step.0) * q(1_000_000) * price(step)))).sum()
}

fn wrapped(start: u128, grown: &BigInt) -> u128 {
    narrow(&((BigInt::from(start) + grown) % (BigInt::from(u128::MAX) + 1))).unwrap_or_default()
}

fn rate(rounded: Result<Price, MathError>) -> Q {
    fixed(rounded.map_or(0, Price::raw))
}

const ONE_TO_ONE: Price = Price::new(E18);

proptest! {
    #![proptest_config(config(3_000))]

    /// Wherever the counters start, what is read from their difference is the exact mean, arithmetic in the direction that grows faster and
    /// harmonic in the other, less what the pair cut off: at most a millionth a step.
    #[test]
    fn mean_is_the_exact_mean_of_what_stood(
        steps in steps(), start in (any128(), any128()), base in 0u8..=18, quote in 0u8..=18, at in 0u64..1 << 40,
    ) {
        let forward = grown(&steps, |step| frac(step.2, step.1));
        let backward = grown(&steps, |step| frac(step.1, step.2));
        prop_assume!(forward.clone().max(backward.clone()) < BigInt::from(u128::MAX));
        let seconds: u64 = steps.iter().map(|step| step.0).sum();
        let then = sample(at, start.0, start.1);
        let now = sample(at + seconds, wrapped(start.0, &forward), wrapped(start.1, &backward));
        let mean = ExchangeRate::mean(&then, &now, Scale { base, quote }).unwrap();

        let average = |price: fn(&Step) -> Q| steps.iter().map(|s| q(s.0) * price(s)).sum::<Q>() / q(seconds);
        let (arithmetic, inverse) = (average(|s| frac(s.2, s.1)), average(|s| frac(s.1, s.2)));
        let cut = frac(steps.len(), BigInt::from(1_000_000) * seconds);
        // Between these, in base units.
        let (least, most) = if forward >= backward {
            (&arithmetic - &cut, arithmetic.clone())
        } else {
            (Q::one() / &inverse, Q::one() / (&inverse - &cut))
        };
        let scale = frac(ten(base), ten(quote));
        let tiny = frac(1, E18);
        let (Ok(down), Ok(up)) = (mean.price_down(ONE_TO_ONE), mean.price_up(ONE_TO_ONE)) else {
            prop_assert!(most * scale * q(E18) >= q(u128::MAX));
            return Ok(());
        };
        let (down, up) = (fixed(down.raw()), fixed(up.raw()));
        prop_assert!(down <= up && &up - &down <= tiny);
        prop_assert!(down > &least * &scale - &tiny && down <= &most * &scale, "{down} of {least} to {most}");
        prop_assert!(up >= &least * &scale && up < &most * &scale + &tiny, "{up} of {least} to {most}");
        // A step is at least a second, so what is cut off is never more than a millionth of the price.
        prop_assert!(&most - &least <= most * frac(1, 999_999));
    }

    /// The price at the reserves is their quotient, times what the other token costs, rounded once.
    #[test]
    fn spot_is_the_quotient_of_the_reserves(
        held in (magnitudes(1, u128::MAX), any128()), base in 0u8..=18, quote in 0u8..=18, price in any128(),
    ) {
        let rate = ExchangeRate::spot(Amount::new(held.0), Amount::new(held.1), Scale { base, quote }).unwrap();
        let exact = frac(held.1, held.0) * frac(ten(base), ten(quote)) * q(price);
        model::agree(rate.price_down(Price::new(price)).map(Price::raw), Some(floor(&exact)))?;
        model::agree(rate.price_up(Price::new(price)).map(Price::raw), Some(model::ceil(&exact)))?;
    }
}

/// 18 decimals in 6: 2,000 whole tokens of the other kind are 2 × 10⁻⁹ base units per base unit, of which millionths keep nothing.
#[test]
fn mean_of_a_price_below_a_millionth_keeps_its_digits() {
    let (eth, usd) = (1_000 * E18, 2_000_000_000_000);
    let steps: Vec<Step> = vec![(5, eth, usd); 120];
    let backward = grown(&steps, |step| frac(step.1, step.2));
    assert!(grown(&steps, |step| frac(step.2, step.1)).is_zero());
    let now = sample(600, 0, narrow(&backward).unwrap_or_default());
    let mean = ExchangeRate::mean(&sample(0, 0, 0), &now, Scale { base: 18, quote: 6 }).unwrap();
    assert_eq!(rate(mean.price_down(ONE_TO_ONE)), q(2_000));
    assert_eq!(rate(mean.price_down(Price::new(E18 / 2))), q(1_000));
}

#[test]
fn mean_over_no_time_and_spot_of_nothing_are_errors() {
    let scale = Scale { base: 6, quote: 6 };
    for now in [100, 99] {
        let mean = ExchangeRate::mean(&sample(100, 0, 0), &sample(now, 5, 5), scale);
        assert_eq!(mean, Err(MathError::DivideByZero));
    }
    assert_eq!(ExchangeRate::spot(Amount::ZERO, Amount::new(1), scale), Err(MathError::DivideByZero));
}

/// A pair that says nothing happened has a price of 0, which no guard lets pass.
#[test]
fn mean_of_counters_that_stand_still_is_zero() {
    let mean = ExchangeRate::mean(&sample(1, 7, 7), &sample(2, 7, 7), Scale { base: 6, quote: 6 }).unwrap();
    assert_eq!(mean.price_up(ONE_TO_ONE), Ok(Price::ZERO));
}
