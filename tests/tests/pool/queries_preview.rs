//! The pool's previews: what they say is what an action does at the same block.
#![allow(
    missing_docs,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests: names say what is tested, and a failed setup is a failure"
)]

use crate::support::{Order, indebted, mint_wide, too_wide};
use cosmwasm_std::Coin;
use plimsoll_risk::units::Amount;
use plimsoll_schema::pool::{AccountKey, AssetChanges, ExecuteMsg, QueryMsg, SimulateLiquidationResponse};
use plimsoll_testing::{AETH, ALICE, BOB, GUARDIAN, IBC_TOKEN, LENDER, LIQUIDATOR, UATOM, UUSD, World, values};

/// Alice in states of many kinds: interest, several collaterals and debts, moved prices.
fn states() -> Vec<World> {
    (0..12u32)
        .map(|n| {
            let mut world = World::builder().lent(100_000).build();
            let odd = u128::from(n) * 104_729 + 1;
            world.deposit(ALICE, UATOM, 100_000_000 + odd).unwrap();
            if n % 2 == 1 {
                world.deposit(ALICE, IBC_TOKEN, 33_333_333 + odd * 7).unwrap();
            }
            if n % 3 == 1 {
                world.deposit(ALICE, AETH, 123_456_789_012_345_678 + odd).unwrap();
                world.enable(ALICE, AETH, n % 6 == 1).unwrap();
            }
            if n % 4 > 0 {
                world.borrow(ALICE, UUSD, 100_000_000 * u128::from(n % 4) + odd).unwrap();
            }
            if n % 5 == 2 {
                world.borrow(ALICE, AETH, 10_000_000_000_000_000 + odd).unwrap();
            }
            // Others keep the rates up.
            world.deposit(BOB, AETH, 1_000_000_000_000_000_000_000).unwrap();
            world.borrow(BOB, UUSD, 80_000_000_000 + odd).unwrap();
            world.advance_fresh(86_400 * u64::from(n) * 5 + u64::from(n));
            world.set_price(UATOM, ["10", "9.333333333333333333", "11.7"][usize::try_from(n % 3).unwrap()]);
            world
        })
        .collect()
}

/// This much works, and one more does not.
fn is_the_most(
    world: &mut World,
    what: &str,
    most: u128,
    action: impl Fn(&mut World, u128) -> crate::support::Outcome,
) {
    let before = world.snapshot();
    if most > 0 {
        action(world, most).unwrap_or_else(|error| panic!("{what}: {most} was promised: {error}"));
        world.restore(&before);
    }
    assert!(action(world, most + 1).is_err(), "{what}: {most} were said to be the most, but one more works");
    world.restore(&before);
}

#[test]
fn max_borrow_works_and_one_more_fails_in_many_states() {
    let mut positive = 0;
    for (n, mut world) in states().into_iter().enumerate() {
        for denom in [UUSD, UATOM, IBC_TOKEN, AETH] {
            let most = world.max_borrow(ALICE, denom);
            positive += usize::from(most > 0);
            is_the_most(&mut world, &format!("state {n}, {denom}"), most, |world, amount| {
                world.borrow(ALICE, denom, amount)
            });
        }
    }
    assert!(positive > 30, "{positive} of 48");
}

#[test]
fn max_withdraw_works_and_one_more_fails_in_many_states() {
    let mut positive = 0;
    for (n, mut world) in states().into_iter().enumerate() {
        for (who, denom) in [(ALICE, UATOM), (ALICE, IBC_TOKEN), (ALICE, AETH), (LENDER, UUSD), (BOB, AETH)] {
            let most = world.max_withdraw(who, denom);
            positive += usize::from(most > 0);
            is_the_most(&mut world, &format!("state {n}, {who}'s {denom}"), most, |world, amount| {
                world.withdraw(who, denom, amount)
            });
        }
    }
    assert!(positive > 30, "{positive} of 60");
}

#[test]
fn max_borrow_is_what_is_left_of_max_ltv() {
    let world = indebted(640_000_000);
    assert_eq!(world.max_borrow(ALICE, UUSD), 60_000_000);
    assert_eq!(world.max_borrow(ALICE, IBC_TOKEN), 12_000_000);
    // 0.03, and in the first minute 0.03 × 1.5 × 10⁻⁹ / 525,600: 85 units.
    assert_eq!(world.max_borrow(ALICE, AETH), 30_000_000_000_000_000 - 85);
    assert_eq!(world.max_borrow(ALICE, UATOM), 0); // its own collateral would no longer count
    assert_eq!(world.max_borrow(BOB, UUSD), 0);
    assert_eq!(world.max_borrow((ALICE, 1), UUSD), 0);
}

#[test]
fn max_borrow_is_capped_by_cash_cap_switch_and_price_and_floored_by_the_least_debt() {
    let mut world = World::new();
    world.deposit(LENDER, UUSD, 123_456_789).unwrap();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    // At 95 % lent out a year costs 79 %, and a minute 176 units, of which 17 are the reserves': 117,283,924 + 176 is
    // 95 % of 123,456,789 + 159, and one more is not.
    assert_eq!(world.max_borrow(ALICE, UUSD), 117_283_924);
    let before = world.snapshot();
    let refused = world.refused(|world| world.borrow(ALICE, UUSD, 117_283_925)).to_string();
    assert!(refused.starts_with("utilization of uusd would be 0.95"), "{refused}");
    world.borrow(ALICE, UUSD, 117_283_924).unwrap();
    assert_eq!(world.owed(ALICE, UUSD), 117_284_100);
    world.restore(&before);
    world.allow_full_utilization(UUSD).unwrap();
    assert_eq!(world.max_borrow(ALICE, UUSD), 123_456_789);
    assert_eq!(world.max_borrow(ALICE, AETH), 0);
    world.update_asset(UUSD, AssetChanges { borrow_cap: Some(Amount::new(77_000_000)), ..Default::default() }).unwrap();
    // Of which 77,000,000 × 0.0312 / 525,600 = 4 are the minute's interest.
    assert_eq!(world.max_borrow(ALICE, UUSD), 76_999_996);
    // 5 USD are the least; 7 ATOM would carry 49, so with 0.7 of them there is nothing to be had.
    world.deposit(BOB, UATOM, 700_000).unwrap();
    assert_eq!(world.max_borrow(BOB, UUSD), 0);
    world.deposit(BOB, UATOM, 50_000).unwrap(); // 7.5 USD × 0.7
    assert_eq!(world.max_borrow(BOB, UUSD), 5_250_000);
    let before = world.snapshot();
    world.advance(3_601);
    assert_eq!(world.max_borrow(ALICE, UUSD), 0);
    world.restore(&before);
    let stop = ExecuteMsg::Pause { denom: None, deposit: false, borrow: true, flash_loan: false };
    world.execute(GUARDIAN, &stop, &[]).unwrap();
    assert_eq!(world.max_borrow(ALICE, UUSD), 0);
}

#[test]
fn max_withdraw_is_capped_by_debt_and_by_cash_and_needs_no_price_without_debt() {
    let mut world = indebted(350_000_000);
    assert_eq!(world.max_withdraw(ALICE, UATOM), 50_000_000);
    assert_eq!(world.max_withdraw(ALICE, UUSD), 0);
    world.deposit(BOB, AETH, 1_000_000_000_000_000_000_000).unwrap();
    assert_eq!(world.max_withdraw(LENDER, UUSD), 1_000_000_000_000 - 350_000_000);
    world.advance(3_601);
    assert_eq!(world.max_withdraw(BOB, AETH), 1_000_000_000_000_000_000_000);
    assert_eq!(world.max_withdraw(ALICE, UATOM), 0);
}

/// Executes what was simulated and compares, bank balances included.
fn executes_as_simulated(world: &mut World, collateral: &str, repay: (&str, u128)) -> SimulateLiquidationResponse {
    let simulated = world.simulate_liquidation(ALICE, collateral, repay).unwrap();
    let sized = simulated.liquidation;
    let before = world.snapshot();
    let paid = world.balance(LIQUIDATOR, repay.0);
    let got = world.balance(LIQUIDATOR, collateral);
    let owed = world.owed(ALICE, repay.0);
    let supplied = world.supplied(ALICE, collateral);
    let response = world.liquidate(LIQUIDATOR, ALICE, collateral, repay).unwrap();

    assert_eq!(values(&response, "repaid"), [sized.repay.to_string()]);
    assert_eq!(values(&response, "seized"), [sized.seize.to_string()]);
    assert_eq!(values(&response, "fee"), [sized.fee.to_string()]);
    assert_eq!(values(&response, "bonus"), [sized.bonus.to_string()]);
    assert_eq!(simulated.refund.raw(), repay.1 - sized.repay.raw());
    assert_eq!(simulated.receive.raw(), sized.seize.raw() - sized.fee.raw());
    if collateral == repay.0 {
        assert_eq!(world.balance(LIQUIDATOR, collateral) + sized.repay.raw(), got + simulated.payable.raw());
    } else {
        assert_eq!(paid - world.balance(LIQUIDATOR, repay.0), sized.repay.raw());
        assert_eq!(world.balance(LIQUIDATOR, collateral) - got, simulated.payable.raw());
    }
    let as_shares = world.supplied(LIQUIDATOR, collateral);
    let rest = simulated.receive.raw() - simulated.payable.raw();
    assert!(as_shares <= rest && as_shares + 1 >= rest, "{as_shares} of {rest}");
    assert_eq!(simulated.written_off, !values(&response, "written_off").is_empty());
    assert_eq!(world.position(ALICE).health_factor, simulated.health_factor_after);
    if !simulated.written_off {
        assert!(world.owed(ALICE, repay.0).abs_diff(owed - sized.repay.raw()) <= 1);
        assert!(world.supplied(ALICE, collateral).abs_diff(supplied - sized.seize.raw()) <= 1);
    }
    world.restore(&before);
    simulated
}

#[test]
fn simulate_liquidation_is_what_liquidate_does_in_many_states() {
    let mut simulations = 0;
    for world in &mut states() {
        for fall in ["6.1", "4", "2", "0.9", "0.011"] {
            world.set_price(UATOM, fall);
            if !world.position(ALICE).liquidatable {
                continue;
            }
            let position = world.position(ALICE);
            for collateral in &position.collaterals {
                for debt in &position.debts {
                    for offered in
                        [10_000_000, 77_777_777, debt.amount.raw() - 1, debt.amount.raw(), debt.amount.raw() * 2]
                    {
                        if world.simulate_liquidation(ALICE, &collateral.denom, (&debt.denom, offered)).is_ok() {
                            executes_as_simulated(world, &collateral.denom, (&debt.denom, offered));
                            simulations += 1;
                        }
                    }
                }
            }
        }
    }
    assert!(simulations > 150, "{simulations}");
}

#[test]
fn simulate_liquidation_is_sized_by_cash_or_says_what_comes_as_shares() {
    let mut world = World::builder().edit(UATOM, |asset| *asset = asset.clone().interest_free()).build();
    world.deposit(LENDER, UUSD, 1_000_000_000_000).unwrap();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    world.borrow(ALICE, UUSD, 640_000_000).unwrap();
    world.deposit(BOB, AETH, 1_000_000_000_000_000_000_000).unwrap();
    world.borrow(BOB, UATOM, 90_000_000).unwrap();
    world.set_price(UATOM, "8");
    let query = QueryMsg::SimulateLiquidation {
        user: world.addr(ALICE).into_string(),
        account_id: None,
        collateral_denom: UATOM.to_owned(),
        repay: cosmwasm_std::coin(640_000_000, UUSD),
        allow_shares: Some(true),
    };
    let with_shares: SimulateLiquidationResponse = world.query(&query).unwrap();
    assert_eq!((with_shares.receive.raw(), with_shares.payable.raw()), (43_600_000, 10_000_000));
    assert_eq!(with_shares.refund.raw(), 320_000_000);
    let simulated = executes_as_simulated(&mut world, UATOM, (UUSD, 640_000_000));
    assert_eq!((simulated.receive.raw(), simulated.payable.raw()), (10_000_000, 10_000_000));
    assert_eq!(simulated.refund.raw(), 640_000_000 - simulated.liquidation.repay.raw());
}

#[test]
fn simulate_liquidation_with_a_loss_says_that_it_is_written_off() {
    let mut world = indebted(640_000_000);
    world.set_price(UATOM, "6.12");
    let simulated = executes_as_simulated(&mut world, UATOM, (UUSD, 640_000_000));
    // Nothing is left for a bonus, and sales cost nothing here.
    assert_eq!((simulated.liquidation.repay.raw(), simulated.written_off), (612_000_000, true));
    assert_eq!(simulated.health_factor_after, None);
}

#[test]
fn simulate_liquidation_is_refused_as_liquidate_is() {
    let mut world = indebted(640_000_000);
    world.mint(LIQUIDATOR, "ushell", 5);
    for (price, collateral, repay) in [
        ("10", UATOM, (UUSD, 5_000_000)),
        ("8", AETH, (UUSD, 5_000_000)),
        ("8", UATOM, (AETH, 5_000_000)),
        ("8", "ushell", (UUSD, 5_000_000)),
        ("8", UATOM, ("ushell", 5)),
    ] {
        world.set_price(UATOM, price);
        let simulated = world.simulate_liquidation(ALICE, collateral, repay).unwrap_err();
        let executed = world.refused(|world| world.liquidate(LIQUIDATOR, ALICE, collateral, repay));
        assert_eq!(simulated, executed);
    }
    let simulated = world.simulate_liquidation(ALICE, UATOM, (UUSD, 0)).unwrap_err();
    assert_eq!(simulated.to_string(), "amount of uusd is zero");
    let AccountKey { owner, .. } = world.key(ALICE);
    let repay = Coin { denom: UUSD.to_owned(), amount: too_wide() };
    let msg = QueryMsg::SimulateLiquidation {
        user: owner,
        account_id: None,
        collateral_denom: UATOM.to_owned(),
        repay: repay.clone(),
        allow_shares: None,
    };
    let simulated = world.query::<SimulateLiquidationResponse>(&msg).unwrap_err();
    mint_wide(&mut world, LIQUIDATOR, UUSD, too_wide());
    let executed = world.refused(|world| Order::of(UATOM).send(world, LIQUIDATOR, ALICE, repay));
    assert_eq!(simulated, executed);
}
