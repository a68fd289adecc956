//! Nobody gains by the conversion between shares and amounts, and an empty market can't be inflated.

use crate::model::{agree, any128, ceil, config, floor, magnitudes};
use num_bigint::BigInt;
use num_rational::BigRational;
use plimsoll_risk::math::MathError;
use plimsoll_risk::shares::{
    SHARE_PRICE_FLOOR_DIVISOR, VIRTUAL_SHARES, VIRTUAL_SUPPLY, lacks_to_price_floor, to_amount_down, to_shares_down,
    to_shares_up,
};
use plimsoll_risk::units::{Amount, SupplyShares};
use proptest::prelude::*;

/// What one base unit buys in shares: `(shares + 10⁶) / (supply + 1)`.
fn per_unit(supply: u128, shares: u128) -> BigRational {
    BigRational::new(BigInt::from(shares) + 1_000_000, BigInt::from(supply) + 1)
}

/// Whether supply and shares, virtual ones added, fit their type.
fn fits(supply: u128, shares: u128) -> bool {
    supply < u128::MAX && shares <= u128::MAX - 1_000_000
}

fn is_below_price_floor(supply: Amount, shares: SupplyShares) -> Result<bool, MathError> {
    lacks_to_price_floor(supply, shares).map(|lack| !lack.is_zero())
}

proptest! {
    #![proptest_config(config(3_000))]

    #[test]
    fn conversions_are_the_exact_floor_and_ceiling(amount in any128(), supply in any128(), shares in any128()) {
        let down = to_shares_down(Amount::new(amount), Amount::new(supply), SupplyShares::new(shares));
        let up = to_shares_up(Amount::new(amount), Amount::new(supply), SupplyShares::new(shares));
        let back = to_amount_down(SupplyShares::new(amount), Amount::new(supply), SupplyShares::new(shares));
        if fits(supply, shares) {
            let exact = per_unit(supply, shares) * BigInt::from(amount);
            agree(down.map(SupplyShares::raw), Some(floor(&exact)))?;
            agree(up.map(SupplyShares::raw), Some(ceil(&exact)))?;
            agree(back.map(Amount::raw), Some(floor(&(per_unit(supply, shares).recip() * BigInt::from(amount)))))?;
        } else {
            prop_assert!(down.is_err() && up.is_err() && back.is_err());
        }
    }

    #[test]
    fn a_deposit_withdrawn_at_once_never_profits(
        amount in magnitudes(1, 10u128.pow(30)), supply in any128(), shares in any128(),
    ) {
        let supply = supply >> 8;
        let shares = shares >> 8;
        let Ok(minted) = to_shares_down(Amount::new(amount), Amount::new(supply), SupplyShares::new(shares)) else {
            return Ok(());
        };
        let supply = Amount::new(supply + amount);
        let shares = SupplyShares::new(shares).checked_add(minted);
        let Ok(shares) = shares else { return Ok(()) };
        if let Ok(back) = to_amount_down(minted, supply, shares) {
            prop_assert!(back.raw() <= amount, "{back} for {amount}");
        }
    }

    /// What a withdrawal burns is worth at least what it pays, and one share fewer would not be.
    #[test]
    fn a_withdrawal_burns_the_fewest_shares_that_are_worth_it(
        amount in magnitudes(1, 10u128.pow(30)), supply in any128(), shares in any128(),
    ) {
        prop_assume!(fits(supply, shares));
        if let Ok(burnt) = to_shares_up(Amount::new(amount), Amount::new(supply), SupplyShares::new(shares)) {
            let price = per_unit(supply, shares).recip();
            prop_assert!(&price * BigInt::from(burnt.raw()) >= BigRational::from_integer(amount.into()));
            prop_assert!(&price * (BigInt::from(burnt.raw()) - 1) < BigRational::from_integer(amount.into()));
        }
    }

    /// The first depositor raises the supply under their shares by `gift`, out of their own pocket, since that is how interest
    /// and fees come (a transfer to the contract changes nothing). Then a victim deposits and they leave.
    #[test]
    fn inflating_an_empty_market_does_not_pay(
        stake in magnitudes(1, 10u128.pow(12)),
        gift in magnitudes(1, 10u128.pow(24)),
        victim in magnitudes(1, 10u128.pow(24)),
    ) {
        let mine = to_shares_down(Amount::new(stake), Amount::ZERO, SupplyShares::ZERO).unwrap();
        prop_assert_eq!(mine.raw(), stake * VIRTUAL_SHARES);
        let raised = Amount::new(stake + gift);
        let theirs = to_shares_down(Amount::new(victim), raised, mine).unwrap();
        // A victim whose deposit mints nothing is refused, and keeps it.
        let paid_in = if theirs.is_zero() { 0 } else { victim };
        let supply = Amount::new(raised.raw() + paid_in);
        let all = mine.checked_add(theirs).unwrap();
        let back = to_amount_down(mine, supply, all).unwrap();
        prop_assert!(back.raw() <= stake + gift, "{back} for {}", stake + gift);
        // The victim loses at most the price of one share, rounded up, and one unit of their own withdrawal's rounding.
        let claim = to_amount_down(theirs, supply, all).unwrap();
        let share_price = ceil(&per_unit(raised.raw(), mine.raw()).recip());
        prop_assert!(BigInt::from(paid_in) - claim.raw() <= share_price + 1);
    }

    /// The gift that makes a victim lose half their deposit costs the attacker at least 10⁵ times that half.
    #[test]
    fn stealing_by_rounding_costs_far_more_than_the_victim_loses(
        stake in magnitudes(1, 10u128.pow(6)), victim in magnitudes(2, 10u128.pow(20)),
    ) {
        // The smallest gift with which `victim` buys less than two shares: supply + 1 > victim × (shares + 10⁶) / 2.
        let gift = victim * (stake + 1) * VIRTUAL_SHARES / 2;
        let mine = stake * VIRTUAL_SHARES;
        let raised = Amount::new(stake + gift);
        let all = SupplyShares::new(mine + 1);
        let minted = to_shares_down(Amount::new(victim), raised, SupplyShares::new(mine)).unwrap();
        prop_assert!(minted.raw() <= 1, "the gift is large enough: {minted}");
        let back = to_amount_down(SupplyShares::new(mine), Amount::new(raised.raw() + victim), all).unwrap();
        let lost = (stake + gift).checked_sub(back.raw()).unwrap();
        prop_assert!(lost >= victim / 2 * 100_000, "lost {lost}, the victim had {victim}");
    }

    /// What lacks is the least that leaves nothing lacking.
    #[test]
    fn what_lacks_to_the_price_floor_reaches_it(supply in 0u128..1_000_000, more in 1u128..10u128.pow(30)) {
        let shares = SupplyShares::new(more * VIRTUAL_SHARES);
        let lack = lacks_to_price_floor(Amount::new(supply), shares).unwrap().raw();
        prop_assert!(!is_below_price_floor(Amount::new(supply + lack), shares).unwrap());
        if lack > 0 {
            prop_assert!(is_below_price_floor(Amount::new(supply + lack - 1), shares).unwrap());
        }
    }

    /// `supply + 1 < ⌊(shares + 10⁶) / 10⁸⌋`: a share is worth less than a hundredth of the first share's price.
    #[test]
    fn the_price_floor_is_a_hundredth_of_the_first_price(supply in any128(), shares in any128()) {
        let below = is_below_price_floor(Amount::new(supply), SupplyShares::new(shares));
        if !fits(supply, shares) {
            prop_assert!(below.is_err());
            return Ok(());
        }
        let hundredth = BigRational::new(BigInt::from(shares) + 1_000_000, BigInt::from(100_000_000u64));
        prop_assert_eq!(below.unwrap(), BigInt::from(supply) + 1 < floor(&hundredth));
    }

    #[test]
    fn the_price_floor_turns_at_one_unit_of_supply(whole in 1u128..10u128.pow(27)) {
        // Shares that first cost `whole` units, virtual ones included.
        let shares = SupplyShares::new(whole * VIRTUAL_SHARES * SHARE_PRICE_FLOOR_DIVISOR - VIRTUAL_SHARES);
        prop_assert!(!is_below_price_floor(Amount::new(whole - VIRTUAL_SUPPLY), shares).unwrap());
        if whole >= 2 {
            prop_assert!(is_below_price_floor(Amount::new(whole - VIRTUAL_SUPPLY - 1), shares).unwrap());
        }
    }
}

#[test]
fn a_new_market_is_above_its_floor() {
    assert_eq!(is_below_price_floor(Amount::ZERO, SupplyShares::ZERO), Ok(false));
    let first = to_shares_down(Amount::new(1), Amount::ZERO, SupplyShares::ZERO).unwrap();
    assert_eq!(first.raw(), 1_000_000);
}

#[test]
fn a_deposit_after_the_worst_accepted_loss_still_fits() {
    // The whole cap of 10³⁰ at a hundredth of the first price.
    let shares = 10u128.pow(30) * VIRTUAL_SHARES;
    let supply = 10u128.pow(28);
    assert!(!is_below_price_floor(Amount::new(supply), SupplyShares::new(shares)).unwrap());
    let deposit = Amount::new(10u128.pow(30) - supply);
    let minted = to_shares_down(deposit, Amount::new(supply), SupplyShares::new(shares)).unwrap();
    assert!(minted.raw().checked_add(shares).is_some());
}
