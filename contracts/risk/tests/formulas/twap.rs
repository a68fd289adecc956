//! A pair's averages against the exact means of what stood there, second for second; and how far a bend of the pair
//! moves them.

use crate::model::{E18, Q, any128, ceil, config, fixed, floor, frac, magnitudes, narrow, q, ten};
use num_bigint::BigInt;
use num_traits::One;
use plimsoll_risk::math::MathError;
use plimsoll_risk::price::{PRICE_MAX, PRICE_MIN, PriceBand};
use plimsoll_risk::twap::{LEAST_GROWTH, Means, Sample, Scale, TwapError, middle, spot};
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

fn forward(step: &Step) -> Q {
    frac(step.2, step.1)
}

fn backward(step: &Step) -> Q {
    frac(step.1, step.2)
}

fn seconds(steps: &[Step]) -> u64 {
    steps.iter().map(|step| step.0).sum()
}

fn wrapped(start: u128, grown: &BigInt) -> u128 {
    narrow(&((BigInt::from(start) + grown) % (BigInt::from(u128::MAX) + 1))).unwrap_or_default()
}

/// The two samples that a pair gives around these steps, wherever its counters start.
fn samples(steps: &[Step], start: (u128, u128), at: u64) -> (Sample, Sample) {
    let then = sample(at, start.0, start.1);
    let forward = grown(steps, forward);
    let backward = grown(steps, backward);
    (then, sample(at + seconds(steps), wrapped(start.0, &forward), wrapped(start.1, &backward)))
}

/// As it may be carried.
fn held(price: BigInt) -> Price {
    Price::new(narrow(&price).unwrap_or(u128::MAX)).min(PRICE_MAX)
}

proptest! {
    #![proptest_config(config(3_000))]

    /// The exact arithmetic and harmonic mean of what the counters say, rounded outwards; what they cut off is less
    /// than a hundredth.
    #[test]
    fn means_are_the_exact_means_of_what_stood(
        steps in steps(), start in (any128(), any128()), base in 0u8..=18, quote in 0u8..=18, at in 0u64..1 << 40,
    ) {
        let (then, now) = samples(&steps, start, at);
        let up = grown(&steps, forward);
        let down = grown(&steps, backward);
        prop_assume!(up.clone().max(down.clone()) < BigInt::from(u128::MAX));
        let seconds = seconds(&steps);
        let means = Means::between(&then, &now, Scale { base, quote });
        let grown = up.clone().min(down.clone());
        let least = u128::from(seconds * LEAST_GROWTH);
        if grown < BigInt::from(least) {
            let grown = narrow(&grown).unwrap();
            prop_assert_eq!(means, Err(TwapError::Coarse { grown, seconds, least }));
            return Ok(());
        }
        let means = means.unwrap();
        let scale = frac(ten(base), ten(quote)) * q(E18);
        let whole = BigInt::from(1_000_000) * seconds;
        prop_assert_eq!(means.harmonic, held(floor(&(frac(whole.clone(), down) * &scale))));
        prop_assert_eq!(means.arithmetic, held(ceil(&(frac(up, whole) * &scale))));

        let average = |price: fn(&Step) -> Q| steps.iter().map(|s| q(s.0) * price(s)).sum::<Q>() / q(seconds);
        let arithmetic = average(forward) * &scale;
        let harmonic = &scale / average(backward);
        let low = q(means.harmonic.raw());
        let high = q(means.arithmetic.raw());
        if means.arithmetic < PRICE_MAX {
            prop_assert!(high >= &arithmetic * frac(99, 100) && high < arithmetic + Q::one());
            prop_assert!(low > &harmonic - Q::one() && low <= harmonic * frac(100, 99));
        }
    }

    /// In each of five intervals the price may be bent for one block, by any factor in either direction. The harmonic
    /// mean goes up by at most `f / (1 − f)`, the arithmetic mean down by at most `f`, so the nearest edge of what is
    /// observed moves no further.
    #[test]
    fn a_block_bent_in_each_interval_hardly_moves_the_nearest_edge(
        base in magnitudes(1_000_000, 1 << 70), seconds in 20u64..300,
        bends in prop::collection::vec((0u64..20, magnitudes(1, 1_000_000), any::<bool>()), 4..6),
    ) {
        // A price of 1 in base units, bent away and back by somebody who has all the coins for it.
        let means: Vec<Means> = bends
            .iter()
            .map(|(bent, factor, up)| {
                let (a, b) = if *up { (base / factor.min(&base), base) } else { (base, base / factor.min(&base)) };
                let steps: Vec<Step> = vec![(seconds - bent, base, base), (*bent, a.max(1), b.max(1))];
                let (then, now) = samples(&steps, (7, 9), 1_000);
                Means::between(&then, &now, Scale { base: 6, quote: 6 }).unwrap()
            })
            .collect();
        let longest = bends.iter().map(|bend| bend.0).max().unwrap();
        let share = frac(longest, seconds);
        let seen = middle(&means).unwrap();
        let low = fixed(seen.low.raw());
        let high = fixed(seen.high.raw());
        let cut = frac(2, 1_000_000);
        prop_assert!(low <= Q::one() + &share / (Q::one() - &share) + &cut, "{low} at {share}");
        prop_assert!(high >= Q::one() - &share - &cut, "{high} at {share}");
    }

    /// With at most two of five intervals bent, by whatever and for however long, the other three decide both edges.
    #[test]
    fn two_bent_intervals_of_five_move_the_median_no_further_than_the_others_are(
        stood in prop::collection::vec((900u128..1_100, 900u128..1_100), 3..4),
        bent in prop::collection::vec((magnitudes(1, PRICE_MAX.raw()), magnitudes(1, PRICE_MAX.raw())), 2..3),
    ) {
        let mean = |(one, other): &(u128, u128)| Means {
            harmonic: Price::new(*one.min(other)),
            arithmetic: Price::new(*one.max(other)),
        };
        let means: Vec<Means> = stood.iter().chain(&bent).map(mean).collect();
        let seen = middle(&means).unwrap();
        let honest: Vec<Means> = stood.iter().map(mean).collect();
        let lowest = honest.iter().map(|m| m.harmonic).min();
        let highest = honest.iter().map(|m| m.arithmetic).max();
        prop_assert!(Some(seen.low) <= honest.iter().map(|m| m.harmonic).max() && Some(seen.low) >= lowest);
        prop_assert!(Some(seen.high) >= honest.iter().map(|m| m.arithmetic).min() && Some(seen.high) <= highest);
    }

    /// The price at the reserves is their quotient, rounded once to each side.
    #[test]
    fn spot_is_the_quotient_of_the_reserves(
        held_of in (magnitudes(1, u128::MAX), any128()), base in 0u8..=18, quote in 0u8..=18,
    ) {
        let got = spot(Amount::new(held_of.0), Amount::new(held_of.1), Scale { base, quote }).unwrap();
        let exact = frac(held_of.1, held_of.0) * frac(ten(base), ten(quote)) * q(E18);
        prop_assert_eq!(got.low, held(floor(&exact)).max(PRICE_MIN));
        prop_assert_eq!(got.high, held(ceil(&exact)).max(PRICE_MIN));
    }
}

/// Prices.md: three of five intervals bent upwards by 20 for 6 s of 150. A median of arithmetic means alone would be
/// moved to 1.76; the harmonic ones stay below 1.04, and 4 % is what the block's share allows: `1 / (0.96 + 0.04 / 20)
/// = 1.0395`.
#[test]
fn three_bends_of_twenty_times_move_the_nearest_edge_by_four_per_cent() {
    let scale = Scale { base: 6, quote: 6 };
    let means = |bent: bool| {
        let steps: Vec<Step> =
            vec![(144, 1_000_000, 1_000_000), (6, 1_000_000, if bent { 20_000_000 } else { 1_000_000 })];
        let (then, now) = samples(&steps, (0, 0), 0);
        Means::between(&then, &now, scale).unwrap()
    };
    let seen = middle(&[means(true), means(false), means(true), means(false), means(true)]).unwrap();
    assert_eq!((seen.low.to_string().as_str(), seen.high.to_string().as_str()), ("1.039501039501039501", "1.76"));
    // At 6 s of 75, as at a window of 300 s: 8.2 %, and f / (1 − f) = 8.7 %.
    let (then, now) = samples(&[(69, 1_000_000, 1_000_000), (6, 1_000_000, 20_000_000)], (0, 0), 0);
    let harmonic = fixed(Means::between(&then, &now, scale).unwrap().harmonic.raw());
    assert!(harmonic > frac(108, 100) && harmonic < frac(1_087, 1_000), "{harmonic}");
}

/// Of four intervals the lower middle harmonic and the upper middle arithmetic mean: the band is as wide as the middle
/// two.
#[test]
fn the_median_of_four_takes_the_outer_of_the_middle_two() {
    let mean = |low: u128, high: u128| Means { harmonic: Price::new(low), arithmetic: Price::new(high) };
    let seen = middle(&[mean(5, 50), mean(2, 20), mean(3, 30), mean(4, 40)]).unwrap();
    assert_eq!(seen, PriceBand { low: Price::new(3), high: Price::new(40) });
    assert_eq!(middle(&[]), None);
}

/// 18 decimals in 6: 2,000 whole tokens of the other kind are 2 × 10⁻⁹ base units per base unit, of which millionths
/// keep nothing.
#[test]
fn means_of_tokens_whose_decimals_are_too_far_apart_are_refused() {
    let steps: Vec<Step> = vec![(5, 1_000 * E18, 2_000_000_000_000); 30];
    let (then, now) = samples(&steps, (3, 5), 100);
    let refused = TwapError::Coarse { grown: 0, seconds: 150, least: 15_000 };
    assert_eq!(Means::between(&then, &now, Scale { base: 18, quote: 6 }), Err(refused));
    // The bound itself: a hundred a second.
    let at = |grown| Means::between(&sample(0, 0, 0), &sample(150, u128::MAX / 2, grown), Scale { base: 6, quote: 6 });
    assert!(at(15_000).is_ok());
    assert_eq!(at(14_999), Err(TwapError::Coarse { grown: 14_999, seconds: 150, least: 15_000 }));
}

#[test]
fn means_over_no_time_and_spot_of_nothing_are_errors() {
    let scale = Scale { base: 6, quote: 6 };
    for now in [100, 99] {
        let means = Means::between(&sample(100, 0, 0), &sample(now, 500_000, 500_000), scale);
        assert_eq!(means, Err(TwapError::Math(MathError::DivideByZero)));
    }
    assert_eq!(spot(Amount::ZERO, Amount::new(1), scale), Err(MathError::DivideByZero));
}
