//! The constant-product market: nobody takes more out of it than they brought, and what it says beforehand is what it does.

use crate::model::{E18, Q, any128, big, ceil, config, fixed, floor, frac, magnitudes, narrow, q};
use cosmwasm_std::Uint256;
use num_bigint::BigInt;
use num_traits::{One, Signed, Zero};
use plimsoll_risk::cumulative_price::accumulate_down;
use plimsoll_risk::liquidity::{MINIMUM_LIQUIDITY, check_slippage, first_shares_down, more_shares_down, share_down};
use plimsoll_risk::math::MathError;
use plimsoll_risk::swap::{
    FEE_MAX, Reserves, SLIPPAGE_DEFAULT, SLIPPAGE_MAX, SpreadGuard, Swap, SwapError, reverse_swap_up, swap_down,
};
use plimsoll_risk::units::{Amount, CumulativePrice, LpShares, Ratio, RelativePrice};
use proptest::prelude::*;

fn reserves(offer: u128, ask: u128) -> Reserves {
    Reserves { offer: Amount::new(offer), ask: Amount::new(ask) }
}

fn amounts(first: u128, second: u128) -> [Amount; 2] {
    [Amount::new(first), Amount::new(second)]
}

fn shares(n: u128) -> LpShares {
    LpShares::new(n)
}

/// A fee that a pair may have, 0 and the highest among them.
fn fees() -> impl Strategy<Value = u128> {
    prop_oneof![1 => Just(0), 1 => Just(FEE_MAX.raw()), 1 => Just(1), 6 => 0..=FEE_MAX.raw()]
}

/// Reserves of any size, small ones as often as large ones.
fn held() -> impl Strategy<Value = u128> {
    prop_oneof![8 => magnitudes(1, u128::MAX), 1 => 1u128..4, 1 => Just(u128::MAX)]
}

/// `y − xy/(x + Δ)`, nothing rounded.
fn yielded(x: u128, y: u128, offer: u128) -> Q {
    q(y) - frac(BigInt::from(x) * y, BigInt::from(x) + offer)
}

fn product(pair: Reserves) -> BigInt {
    BigInt::from(pair.offer.raw()) * pair.ask.raw()
}

proptest! {
    #![proptest_config(config(3_000))]

    /// Everything rounded once from the exact numbers: the yield down, the fee of it up, the spread down.
    #[test]
    fn a_swap_returns_the_exact_yield_rounded_against_the_swapper(x in held(), y in held(), offer in held(), fee in fees()) {
        let swap = swap_down(reserves(x, y), Amount::new(offer), Ratio::new(fee));
        if x.checked_add(offer).is_none() {
            prop_assert_eq!(swap, Err(SwapError::Math(MathError::Overflow { what: "Amount" })));
            return Ok(());
        }
        let gross = floor(&yielded(x, y, offer));
        let commission = ceil(&(q(gross.clone()) * fixed(fee)));
        let returned = &gross - &commission;
        if returned.is_zero() {
            prop_assert_eq!(swap, Err(SwapError::ReturnsNothing { offer: Amount::new(offer) }));
            return Ok(());
        }
        let swap = swap.unwrap();
        let spread = floor(&frac(BigInt::from(offer) * y, x)) - &gross;
        prop_assert_eq!(BigInt::from(swap.return_amount.raw()), returned);
        prop_assert_eq!(BigInt::from(swap.commission_amount.raw()), commission);
        prop_assert_eq!(swap.spread_amount.raw(), narrow(&spread).unwrap_or(u128::MAX));
        prop_assert_eq!(BigInt::from(swap.yielded().unwrap().raw()), gross);
    }

    #[test]
    fn a_swap_never_lowers_the_product_nor_empties_a_reserve(x in held(), y in held(), offer in held(), fee in fees()) {
        let before = reserves(x, y);
        let Ok(swap) = swap_down(before, Amount::new(offer), Ratio::new(fee)) else { return Ok(()) };
        let after = before.after(Amount::new(offer), &swap).unwrap();
        prop_assert!(product(after) >= product(before));
        prop_assert!(!after.ask.is_zero());
        prop_assert_eq!(BigInt::from(after.offer.raw()), BigInt::from(x) + offer);
        prop_assert_eq!(after.ask.raw(), y - swap.return_amount.raw());
    }

    #[test]
    fn a_round_trip_never_profits(x in held(), y in held(), offer in held(), fee in fees()) {
        let before = reserves(x, y);
        let fee = Ratio::new(fee);
        let Ok(there) = swap_down(before, Amount::new(offer), fee) else { return Ok(()) };
        let Reserves { offer: x, ask: y } = before.after(Amount::new(offer), &there).unwrap();
        if let Ok(back) = swap_down(Reserves { offer: y, ask: x }, there.return_amount, fee) {
            prop_assert!(back.return_amount.raw() <= offer, "{back:?} for {offer}");
        }
    }

    /// A sale in two parts never returns more than in one.
    #[test]
    fn splitting_a_swap_never_pays(x in held(), y in held(), one in held(), other in held(), fee in fees()) {
        let before = reserves(x, y);
        let fee = Ratio::new(fee);
        let [one, other] = amounts(one, other);
        let Ok(both) = one.checked_add(other) else { return Ok(()) };
        let Ok(whole) = swap_down(before, both, fee) else { return Ok(()) };
        let Ok(first) = swap_down(before, one, fee) else { return Ok(()) };
        let after = before.after(one, &first).unwrap();
        let second = swap_down(after, other, fee).map_or(0, |swap| swap.return_amount.raw());
        // With a fee, the part of it that stayed in the pair after the first is sold to the second: it only makes up for it
        // in part. Without one, the two differ by rounding alone.
        let parts = first.return_amount.raw() + second;
        let stayed = first.commission_amount.raw();
        prop_assert!(parts <= whole.return_amount.raw() + stayed + 1, "{parts} {whole:?}");
    }

    /// The named offer returns what is wanted, and one unit less doesn't.
    #[test]
    fn a_reverse_swap_names_the_least_offer_that_suffices(x in held(), y in held(), ask in held(), fee in fees()) {
        let pair = reserves(x, y);
        let wanted = Amount::new(ask);
        let fee_ratio = Ratio::new(fee);
        let gross = ceil(&(q(ask) / (Q::one() - fixed(fee))));
        let quote = match reverse_swap_up(pair, wanted, fee_ratio) {
            Ok(quote) => quote,
            Err(SwapError::InsufficientReserve { wanted, reserve }) => {
                prop_assert!(gross >= BigInt::from(y));
                prop_assert_eq!((BigInt::from(wanted.raw()), reserve.raw()), (gross, y));
                return Ok(());
            }
            Err(error) => {
                // Only what doesn't fit: the yield, the offer, or the reserve with it.
                let fits = narrow(&gross).is_some() && {
                    let offer = ceil(&frac(&gross * x, BigInt::from(y) - &gross));
                    narrow(&(offer + x)).is_some()
                };
                prop_assert!(!fits, "{error}");
                return Ok(());
            }
        };
        let offer = quote.offer_amount.raw();
        prop_assert_eq!(BigInt::from(offer), ceil(&frac(&gross * x, BigInt::from(y) - &gross)));
        prop_assert_eq!(BigInt::from(quote.commission_amount.raw()), &gross - ask);
        let spread = (floor(&frac(BigInt::from(offer) * y, x)) - &gross).max(BigInt::zero());
        prop_assert_eq!(quote.spread_amount.raw(), narrow(&spread).unwrap_or(u128::MAX));

        let suffices = swap_down(pair, quote.offer_amount, fee_ratio).unwrap();
        prop_assert!(suffices.return_amount >= wanted);
        if offer > 1 {
            let less = swap_down(pair, Amount::new(offer - 1), fee_ratio).map_or(0, |swap| swap.return_amount.raw());
            prop_assert!(less < ask, "{less} of {ask}");
        }
    }

    /// What comes back of what a swap returned is no more than was offered.
    #[test]
    fn a_reverse_swap_of_a_return_asks_for_no_more_than_was_offered(x in held(), y in held(), offer in held(), fee in fees()) {
        let pair = reserves(x, y);
        let fee = Ratio::new(fee);
        let Ok(swap) = swap_down(pair, Amount::new(offer), fee) else { return Ok(()) };
        let quote = reverse_swap_up(pair, swap.return_amount, fee).unwrap();
        prop_assert!(quote.offer_amount.raw() <= offer);
    }

    /// Without a fee the price in the ask falls to `(x/(x + Δ))²` of what it was. The yield's rounding keeps less than a unit of `y`.
    #[test]
    fn selling_moves_the_spot_by_the_square(
        x in magnitudes(1, 10u128.pow(30)), y in magnitudes(1_000, 10u128.pow(30)), offer in magnitudes(1, 10u128.pow(30)),
    ) {
        let before = reserves(x, y);
        let Ok(swap) = swap_down(before, Amount::new(offer), Ratio::ZERO) else { return Ok(()) };
        let after = before.after(Amount::new(offer), &swap).unwrap();
        let spot = |pair: Reserves| frac(pair.ask.raw(), pair.offer.raw());
        let square = frac(x, x + offer) * frac(x, x + offer);
        let exact = spot(before) * square;
        prop_assert!(spot(after) >= exact);
        prop_assert!(spot(after) < exact + frac(1, x + offer));
    }

    /// A rational liquidator repays `r`, gets `(1 + b)r` of collateral at the spot, sells it into the pair and pays the fee `f` of what
    /// it yields: with `A = (1 + b)(1 − f)` they break even at `y(A − 1)/(1 + b)`, and gain the most, `y(√A − 1)²/(1 + b)`, at
    /// `y(√A − 1)/(1 + b)`. The spot is 1 here, so `x = y`.
    #[test]
    fn a_liquidator_selling_into_the_pair_gains_what_the_closed_form_says(bonus in 1u128..=15, fee in 0u128..=9) {
        let y = 10u128.pow(24);
        let one_b = Q::one() + frac(bonus, 100);
        let a = &one_b * (Q::one() - frac(fee, 1_000));
        prop_assume!(a > Q::one());
        let profit = |repaid: &BigInt| {
            let seized = narrow(&floor(&(q(repaid.clone()) * &one_b))).unwrap();
            let swap = swap_down(reserves(y, y), Amount::new(seized), Ratio::new(fee * E18 / 1_000)).unwrap();
            BigInt::from(swap.return_amount.raw()) - repaid
        };
        // A few units of rounding against sums of 10²¹ and more.
        let few = BigInt::from(10);
        let break_even = floor(&(q(y) * (&a - Q::one()) / &one_b));
        prop_assert!(profit(&break_even).abs() < few);
        prop_assert!(profit(&(&break_even - &break_even / 1_000)) > few);
        prop_assert!(profit(&(&break_even + &break_even / 1_000)) < -few.clone());
        // √A by integers, with 30 decimals.
        let scale = BigInt::from(10).pow(30);
        let gain = Q::new(floor(&(a * q(&scale * &scale))).sqrt(), scale) - Q::one();
        let best = floor(&(q(y) * &gain / &one_b));
        let most = floor(&(q(y) * &gain * &gain / &one_b));
        prop_assert!((profit(&best) - most).abs() < few);
        for beside in [&best - &best / 100, &best + &best / 100] {
            prop_assert!(profit(&beside) < profit(&best));
        }
    }

    /// Nothing whatever makes one panic.
    #[test]
    fn no_numbers_make_a_formula_panic(x in any128(), y in any128(), n in any128(), fee in any128(), seconds in any::<u64>()) {
        let pair = reserves(x, y);
        let fee = Ratio::new(fee);
        let swap = swap_down(pair, Amount::new(n), fee);
        let _ = reverse_swap_up(pair, Amount::new(n), fee);
        let wild = Swap { return_amount: Amount::new(x), spread_amount: Amount::new(y), commission_amount: Amount::new(n) };
        for swap in [swap.unwrap_or(wild), wild] {
            let _ = pair.after(Amount::new(n), &swap);
            for (belief_price, max_spread) in [(None, None), (Some(RelativePrice::new(n)), Some(fee)), (None, Some(fee))] {
                let _ = SpreadGuard { belief_price, max_spread }.check(Amount::new(x), &swap);
            }
        }
        let _ = check_slippage(amounts(x, y), amounts(n, x), Some(fee));
        let _ = first_shares_down(amounts(x, y));
        let _ = more_shares_down(amounts(x, y), amounts(n, x), shares(y));
        let _ = share_down(shares(x), amounts(y, n), shares(fee.raw()));
        prop_assert!(accumulate_down(CumulativePrice::new(n), Amount::new(x), Amount::new(y), seconds).is_ok());
    }

    /// Refused exactly when the yield is more than the spread below what was expected.
    #[test]
    fn the_spread_guard_is_exact(
        x in magnitudes(1_000, 10u128.pow(30)), y in magnitudes(1_000, 10u128.pow(30)), part in 1u128..3_000,
        fee in fees(), max in 0..=SLIPPAGE_MAX.raw(), belief in prop::option::of(1u128..3_000),
    ) {
        let offer = Amount::new((x * part).div_ceil(1_000));
        let Ok(swap) = swap_down(reserves(x, y), offer, Ratio::new(fee)) else { return Ok(()) };
        // Around x/y, the price before the swap.
        let belief = belief.map(|promille| (BigInt::from(x) * promille * E18 / 1_000u32 / y).max(BigInt::one()));
        let Some(belief) = belief.map(|belief| narrow(&belief)).map_or(Some(None), |fits| fits.map(Some)) else { return Ok(()) };
        let gross = BigInt::from(swap.return_amount.raw()) + swap.commission_amount.raw();
        let expected = match belief {
            Some(price) => floor(&(q(offer.raw()) / fixed(price))),
            None => &gross + swap.spread_amount.raw(),
        };
        let allowed = q(expected.clone()) * (Q::one() - fixed(max));
        let guard = SpreadGuard { belief_price: belief.map(RelativePrice::new), max_spread: Some(Ratio::new(max)) };
        let outcome = guard.check(offer, &swap);
        prop_assert_eq!(outcome.is_ok(), q(gross) >= allowed, "{:?}", outcome);
        if let Err(error) = outcome {
            let yielded = swap.yielded().unwrap();
            let told = SwapError::MaxSpread { yielded, expected: crate::model::wide(&expected).unwrap(), max_spread: Ratio::new(max) };
            prop_assert_eq!(error, told);
        }
    }

    /// `d₁/d₂ × (1 − t) ≤ r₁/r₂`, and the same with the tokens exchanged.
    #[test]
    fn the_slippage_tolerance_is_exact(
        first in held(), second in held(), r1 in held(), near in 0u128..2_000, tolerance in 0..=SLIPPAGE_MAX.raw(),
    ) {
        // Reserves near the deposits' proportion, or anywhere.
        let near = narrow(&(BigInt::from(r1) * second / first * near / 1_000u32)).filter(|n| *n > 0).unwrap_or(near + 1);
        let outcome = check_slippage(amounts(first, second), amounts(r1, near), Some(Ratio::new(tolerance)));
        let within = Q::one() - fixed(tolerance);
        let fine = frac(first, second) * &within <= frac(r1, near) && frac(second, first) * &within <= frac(near, r1);
        prop_assert_eq!(outcome.is_ok(), fine, "{:?}", outcome);
    }

    #[test]
    fn first_shares_are_the_root_of_the_product(first in any128(), second in any128()) {
        let root = (BigInt::from(first) * second).sqrt();
        match first_shares_down(amounts(first, second)) {
            Ok(minted) => {
                prop_assert_eq!(BigInt::from(minted.raw()), root);
                prop_assert!(minted > MINIMUM_LIQUIDITY);
            }
            Err(error) => {
                prop_assert!(root <= BigInt::from(1_000));
                let shares = shares(narrow(&root).unwrap());
                prop_assert_eq!(error, SwapError::MinimumLiquidity { shares, locked: MINIMUM_LIQUIDITY });
            }
        }
    }

    /// Both conversions are the exact floor, and liquidity that is provided and withdrawn at once never profits; what the others'
    /// shares are worth doesn't fall, neither by the one nor by the other.
    #[test]
    fn shares_never_take_from_those_who_stay(
        x in held(), y in held(), total in held(), first in held(), second in held(),
    ) {
        let before = amounts(x, y);
        let total = shares(total.min(narrow(&(BigInt::from(x) * y).sqrt()).unwrap()));
        let exact = frac(BigInt::from(first) * total.raw(), x).min(frac(BigInt::from(second) * total.raw(), y));
        let minted = match more_shares_down(amounts(first, second), before, total) {
            Ok(minted) => minted,
            Err(SwapError::WorthNoShare { .. }) => {
                prop_assert!(floor(&exact).is_zero());
                return Ok(());
            }
            Err(_) => {
                prop_assert!(narrow(&floor(&exact)).is_none());
                return Ok(());
            }
        };
        prop_assert_eq!(BigInt::from(minted.raw()), floor(&exact));
        let (Some(x2), Some(y2), Ok(all)) = (x.checked_add(first), y.checked_add(second), total.checked_add(minted)) else {
            return Ok(());
        };
        // Per share, in either token.
        prop_assert!(frac(x2, all.raw()) >= frac(x, total.raw()) && frac(y2, all.raw()) >= frac(y, total.raw()));
        let back = share_down(minted, amounts(x2, y2), all).unwrap();
        for (back, given, held) in [(back[0], first, x2), (back[1], second, y2)] {
            prop_assert_eq!(BigInt::from(back.raw()), floor(&frac(BigInt::from(held) * minted.raw(), all.raw())));
            prop_assert!(back.raw() <= given);
        }
        let left = all.checked_sub(minted).unwrap();
        prop_assert!(frac(x2 - back[0].raw(), left.raw()) >= frac(x2, all.raw()));
    }

    /// While 1,000 shares are locked no withdrawal empties a reserve.
    #[test]
    fn the_locked_shares_leave_something_of_both(x in held(), y in held(), taken in any128()) {
        let Ok(total) = first_shares_down(amounts(x, y)) else { return Ok(()) };
        let free = total.checked_sub(MINIMUM_LIQUIDITY).unwrap();
        let paid = share_down(free.min(shares(taken)), amounts(x, y), total).unwrap();
        prop_assert!(paid[0].raw() < x && paid[1].raw() < y);
    }

    #[test]
    fn the_cumulative_price_is_the_exact_floor_modulo_two_to_the_128(
        start in any128(), base in held(), quote in held(), seconds in any::<u64>(),
    ) {
        let next = accumulate_down(CumulativePrice::new(start), Amount::new(base), Amount::new(quote), seconds).unwrap();
        let grown = floor(&frac(BigInt::from(seconds) * 1_000_000u32 * quote, base));
        let modulus = big(Uint256::from(u128::MAX)) + 1;
        prop_assert_eq!(BigInt::from(next.raw()), (BigInt::from(start) + grown) % modulus);
    }
}

#[test]
fn an_ordinary_swap_in_numbers() {
    // 1,000 into 1,000,000 : 2,000,000 at 0.3 %: 1998.001998… yielded, a fee of 5.991 rounded up, a spread of 2,000 − 1,998.
    let swap = swap_down(reserves(1_000_000, 2_000_000), Amount::new(1_000), Ratio::bps(30)).unwrap();
    let [return_amount, spread_amount, commission_amount] = [1_992, 2, 6].map(Amount::new);
    assert_eq!(swap, Swap { return_amount, spread_amount, commission_amount });
}

#[test]
fn no_liquidity_and_no_amount_are_refused() {
    for (x, y) in [(0, 0), (0, 5), (5, 0)] {
        let offer = Amount::new(x);
        let ask = Amount::new(y);
        let empty = SwapError::NoLiquidity { offer, ask };
        assert_eq!(swap_down(reserves(x, y), Amount::new(1), Ratio::ZERO), Err(empty));
        assert_eq!(reverse_swap_up(reserves(x, y), Amount::new(1), Ratio::ZERO), Err(empty));
    }
    let pair = reserves(1_000, 1_000);
    assert_eq!(swap_down(pair, Amount::ZERO, Ratio::ZERO), Err(SwapError::NothingToSwap));
    assert_eq!(reverse_swap_up(pair, Amount::ZERO, Ratio::ZERO), Err(SwapError::NothingToSwap));
}

#[test]
fn a_reserve_can_be_asked_for_but_for_its_last_unit() {
    let pair = reserves(1_000, 1_000);
    let error = SwapError::InsufficientReserve { wanted: Amount::new(1_000), reserve: Amount::new(1_000) };
    assert_eq!(reverse_swap_up(pair, Amount::new(1_000), Ratio::ZERO), Err(error));
    assert_eq!(reverse_swap_up(pair, Amount::new(999), Ratio::ZERO).unwrap().offer_amount.raw(), 999_000);
}

#[test]
fn the_limits_on_slippage_have_a_default_and_a_cap() {
    let pair = reserves(1_000_000, 1_000_000);
    let cap = |asked| SwapError::SlippageLimit { asked, max: Ratio::percent(50) };
    let above = Ratio::new(SLIPPAGE_MAX.raw() + 1);
    let small = swap_down(pair, Amount::new(1), Ratio::ZERO);
    assert_eq!(small, Err(SwapError::ReturnsNothing { offer: Amount::new(1) }));
    // Δ/(x + Δ) of the expected yield is missing: 5,025/1,005,025 is 0.005 to the sixth digit.
    for (offer, fine) in [(5_000, true), (5_100, false)] {
        let swap = swap_down(pair, Amount::new(offer), Ratio::ZERO).unwrap();
        let guard = SpreadGuard::default();
        assert_eq!(guard.check(Amount::new(offer), &swap).is_ok(), fine);
        let named = SpreadGuard { max_spread: Some(SLIPPAGE_DEFAULT), ..guard };
        assert_eq!(named.check(Amount::new(offer), &swap), guard.check(Amount::new(offer), &swap));
        let wide = SpreadGuard { max_spread: Some(SLIPPAGE_MAX), ..guard };
        wide.check(Amount::new(offer), &swap).unwrap();
        let wider = SpreadGuard { max_spread: Some(above), ..guard };
        assert_eq!(wider.check(Amount::new(offer), &swap), Err(cap(above)));
        let zero = SpreadGuard { belief_price: Some(RelativePrice::ZERO), ..guard };
        assert_eq!(zero.check(Amount::new(offer), &swap), Err(SwapError::BeliefPriceZero));
    }
    let held = amounts(1_000_000, 1_000_000);
    check_slippage(amounts(1_005, 1_000), held, None).unwrap();
    check_slippage(amounts(1_000, 1_006), held, None).unwrap_err();
    check_slippage(amounts(2_000, 1_000), held, Some(SLIPPAGE_MAX)).unwrap();
    check_slippage(amounts(2_001, 1_000), held, Some(SLIPPAGE_MAX)).unwrap_err();
    assert_eq!(check_slippage(amounts(1, 1), held, Some(above)), Err(cap(above)));
}

#[test]
fn shares_of_nothing_are_worth_nothing_and_more_than_all_are_refused() {
    assert_eq!(share_down(LpShares::ZERO, amounts(0, 0), LpShares::ZERO), Ok(amounts(0, 0)));
    let error = SwapError::MoreThanAllShares { shares: shares(11), total: shares(10) };
    assert_eq!(share_down(shares(11), amounts(5, 5), shares(10)), Err(error));
    assert_eq!(share_down(shares(10), amounts(5, 7), shares(10)), Ok(amounts(5, 7)));
}

#[test]
fn the_cumulative_price_stands_still_without_liquidity() {
    let start = CumulativePrice::new(7);
    for (base, quote) in [(0, 5), (5, 0), (0, 0)] {
        assert_eq!(accumulate_down(start, Amount::new(base), Amount::new(quote), 99), Ok(start));
    }
}
