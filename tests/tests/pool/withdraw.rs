//! `withdraw`.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests: names say what is tested, and a failed setup is a failure"
)]

use crate::support::{assert_solvent, indebted, refuses, takes_no_funds};
use num_bigint::BigInt;
use plimsoll_pool::state::ACCOUNTS;
use plimsoll_risk::units::Amount;
use plimsoll_schema::pool::{AmountOrMax, BatchAction, ExecuteMsg, Withdraw};
use plimsoll_testing::{AETH, ALICE, BOB, GUARDIAN, LENDER, UATOM, UUSD, World, values};

fn message(denom: &str, amount: Option<u128>, recipient: Option<&str>) -> ExecuteMsg {
    let recipient = recipient.map(str::to_owned);
    ExecuteMsg::Withdraw(Withdraw {
        denom: denom.to_owned(),
        amount: amount.map(Amount::new).map(Into::into),
        recipient,
        account_id: None,
        on_behalf_of: None,
    })
}

#[test]
fn withdraw_of_a_part_burns_its_shares_and_pays_it() {
    let mut world = World::new();
    world.deposit(ALICE, UATOM, 10_000_000).unwrap();
    let alice = world.balance(ALICE, UATOM);
    let pool = world.pool().clone();
    let response = world.withdraw(ALICE, UATOM, 4_000_001).unwrap();

    assert_eq!(world.balance(ALICE, UATOM), alice + 4_000_001);
    assert_eq!(world.balance(&pool, UATOM), 5_999_999);
    assert_eq!(world.account(ALICE).collaterals[0].shares.raw(), 5_999_999_000_000);
    assert_eq!(world.market(UATOM).stored.supply_shares.raw(), 5_999_999_000_000);
    assert_eq!(values(&response, "account"), [format!("{}/0", world.addr(ALICE))]);
    assert_eq!(values(&response, "denom"), [UATOM]);
    assert_eq!(values(&response, "shares"), ["4000001000000"]);
    assert_eq!(values(&response, "amount"), ["4000001"]);
    assert_eq!(values(&response, "recipient"), [world.addr(ALICE).as_str()]);
}

#[test]
fn withdraw_of_everything_removes_the_account() {
    let mut world = World::new();
    let alice = world.balance(ALICE, UATOM);
    let pool = world.pool().clone();
    for by_amount in [true, false] {
        world.deposit(ALICE, UATOM, 10_000_000).unwrap();
        let amount = by_amount.then_some(10_000_000);
        world.execute(ALICE, &message(UATOM, amount, None), &[]).unwrap();
        assert_eq!(world.balance(ALICE, UATOM), alice);
        let key = ACCOUNTS.key((&world.addr(ALICE), 0));
        assert_eq!(world.query_raw(&pool, key), None);
        assert!(world.market(UATOM).stored.supply_shares.is_zero());
    }
}

#[test]
fn withdraw_of_everything_takes_all_the_cash_when_that_is_less() {
    let mut world = World::new();
    world.deposit(LENDER, UUSD, 1_000_000_000).unwrap();
    world.deposit(ALICE, UATOM, 200_000_000).unwrap();
    world.borrow(ALICE, UUSD, 700_000_000).unwrap();
    let lender = world.balance(LENDER, UUSD);
    let pool = world.pool().clone();

    let text = "insufficient liquidity: wanted 300000001 uusd, available 300000000";
    refuses(&mut world, text, |world| world.withdraw(LENDER, UUSD, 300_000_001));
    world.withdraw_all(LENDER, UUSD).unwrap();
    assert_eq!(world.balance(LENDER, UUSD), lender + 300_000_000);
    assert_eq!(world.balance(&pool, UUSD), 0);
    // With what the loan owed for its first minute, 700 × 0.035 / 525,600 = 46 units, less 4 for reserves and a unit
    // that rounding keeps.
    assert_eq!(world.supplied(LENDER, UUSD), 700_000_041);
    let text = "insufficient liquidity: wanted 700000041 uusd, available 0";
    refuses(&mut world, text, |world| world.withdraw_all(LENDER, UUSD));
    let text = "insufficient liquidity: wanted 1 uusd, available 0";
    refuses(&mut world, text, |world| world.withdraw(LENDER, UUSD, 1));
}

#[test]
fn withdraw_of_more_than_the_deposit_is_refused() {
    let mut world = World::builder().lent(1_000).build();
    world.deposit(ALICE, UATOM, 10_000_000).unwrap();
    let text = "insufficient deposit: wanted 10000001 uatom, supplied 10000000";
    refuses(&mut world, text, |world| world.withdraw(ALICE, UATOM, 10_000_001));
    let text = "insufficient deposit: wanted 340282366920938463463374607431768211455 uatom, supplied 10000000";
    refuses(&mut world, text, |world| world.withdraw(ALICE, UATOM, u128::MAX));
}

#[test]
fn withdraw_without_a_deposit_is_refused() {
    let mut world = World::builder().lent(1_000).build();
    world.deposit(ALICE, UUSD, 5).unwrap();
    world.deposit((ALICE, 1), UATOM, 5).unwrap();
    let text = format!("account {}/0 has no deposit of uatom", world.addr(ALICE));
    refuses(&mut world, &text, |world| world.withdraw(ALICE, UATOM, 1));
    refuses(&mut world, &text, |world| world.withdraw_all(ALICE, UATOM));
}

#[test]
fn withdraw_of_zero_is_refused() {
    let mut world = World::new();
    world.deposit(ALICE, UATOM, 5).unwrap();
    refuses(&mut world, "amount of uatom is zero", |world| world.withdraw(ALICE, UATOM, 0));
}

#[test]
fn withdraw_of_an_unlisted_denom_is_refused() {
    refuses(&mut World::new(), "'ushell' is not listed", |world| world.withdraw(ALICE, "ushell", 5));
}

#[test]
fn withdraw_with_funds_is_refused() {
    let mut world = World::new();
    world.deposit(ALICE, UATOM, 5).unwrap();
    takes_no_funds(&mut world, ALICE, &message(UATOM, Some(5), None));
}

#[test]
fn withdraw_to_a_recipient_pays_him() {
    let mut world = World::new();
    world.deposit(ALICE, UATOM, 5).unwrap();
    let alice = world.balance(ALICE, UATOM);
    let bob = world.balance(BOB, UATOM);
    let recipient = world.addr(BOB);
    world.execute(ALICE, &message(UATOM, Some(3), Some(recipient.as_str())), &[]).unwrap();
    assert_eq!((world.balance(ALICE, UATOM), world.balance(BOB, UATOM)), (alice, bob + 3));
    let text = "'bob' is not an address of this chain";
    refuses(&mut world, text, |world| world.execute(ALICE, &message(UATOM, None, Some("bob")), &[]));
}

#[test]
fn withdraw_of_an_indebted_account_goes_to_max_ltv_and_no_further() {
    // 50 ATOM at 10 USD and 70 % are just enough for 350 USD.
    let mut world = indebted(350_000_000);
    let text = "debt of 350 would be above the borrow limit of 349.999993";
    refuses(&mut world, text, |world| world.withdraw(ALICE, UATOM, 50_000_001));
    refuses(&mut world, "debt of 350 would be above the borrow limit of 0", |world| world.withdraw_all(ALICE, UATOM));
    world.withdraw(ALICE, UATOM, 50_000_000).unwrap();
    let text = "debt of 350 would be above the borrow limit of 349.999993";
    refuses(&mut world, text, |world| world.withdraw(ALICE, UATOM, 1));
}

#[test]
fn withdraw_counts_collateral_at_the_low_edge_and_debt_at_the_high_edge() {
    // A tenth a step and an hour between steps: a raw price beyond that moves the edge at once and the middle a step.
    let slow = |asset: &mut plimsoll_testing::Asset| {
        asset.guards.max_deviation = plimsoll_risk::units::Ratio::percent(10);
        asset.guards.step_interval = 3_600;
    };
    let mut world = World::builder().edit(UATOM, slow).edit(UUSD, slow).lent(1_000_000).build();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    world.borrow(ALICE, UUSD, 100_000_000).unwrap();
    for feeder in plimsoll_testing::FEEDERS {
        world.feed(feeder, &[(UATOM, "4"), (UUSD, "1.4")]).unwrap();
    }
    // 140 USD owed at the high edge: 50 ATOM at the low edge of 4 USD carry 140 at 70 %.
    let text = "debt of 140 would be above the borrow limit of 139.9999972";
    refuses(&mut world, text, |world| world.withdraw(ALICE, UATOM, 50_000_001));
    world.withdraw(ALICE, UATOM, 50_000_000).unwrap();
}

#[test]
fn withdraw_of_a_disabled_deposit_from_an_indebted_account_is_checked_too() {
    let mut world = indebted(700_000_000);
    world.deposit(ALICE, AETH, 1_000_000_000_000_000_000).unwrap();
    world.enable(ALICE, AETH, false).unwrap();
    world.withdraw(ALICE, AETH, 1_000).unwrap();
    // Above max LTV, though not yet liquidatable, what answers for the debt stays.
    world.set_price(UATOM, "9.5");
    assert!(!world.position(ALICE).liquidatable);
    refuses(&mut world, "debt of 700 would be above the borrow limit of 665", |world| world.withdraw_all(ALICE, AETH));
}

#[test]
fn withdraw_with_a_dead_oracle_works_without_debt_and_not_with_it() {
    let mut world = indebted(350_000_000);
    world.deposit(BOB, UATOM, 7).unwrap();
    world.deposit((ALICE, 1), UATOM, 9).unwrap();
    world.advance(3_601);
    let bob = world.balance(BOB, UATOM);
    world.withdraw_all(BOB, UATOM).unwrap();
    assert_eq!(world.balance(BOB, UATOM), bob + 7);
    world.withdraw_all((ALICE, 1), UATOM).unwrap();
    // A silent debt refuses; of two silent tokens it is named, since the collateral would merely count nothing.
    let text = "price of uusd: price is 3601 s old, at most 3600 s are allowed";
    refuses(&mut world, text, |world| world.withdraw(ALICE, UATOM, 1));
    world.set_price(UUSD, "1");
    // The interest of an hour is less than a base unit, and rounds up to one.
    let text = "debt of 350.000001 would be above the borrow limit of 0";
    refuses(&mut world, text, |world| world.withdraw(ALICE, UATOM, 1));
    // At 3600 s it was still good.
    let mut world = indebted(350_000_000);
    world.advance(3_600);
    world.withdraw(ALICE, UATOM, 1).unwrap();
}

#[test]
fn withdraw_while_everything_is_stopped_works_without_debt() {
    let mut world = indebted(350_000_000);
    world
        .execute(GUARDIAN, &ExecuteMsg::Pause { denom: None, deposit: true, borrow: true, flash_loan: false }, &[])
        .unwrap();
    world.withdraw(LENDER, UUSD, 5).unwrap();
    // Against debt a deposit in a stopped market counts nothing.
    let text = "debt of 350 would be above the borrow limit of 0";
    refuses(&mut world, text, |world| world.withdraw(ALICE, UATOM, 50_000_000));
    world.repay(ALICE, UUSD, 350_000_000).unwrap();
    world.withdraw(ALICE, UATOM, 50_000_000).unwrap();
}

#[test]
fn withdraw_from_one_account_is_not_held_by_the_debt_of_another() {
    let mut world = indebted(700_000_000);
    world.deposit((ALICE, 1), UATOM, 100_000_000).unwrap();
    refuses(&mut world, "debt of 700 would be above the borrow limit of 699.999993", |w| w.withdraw(ALICE, UATOM, 1));
    world.withdraw_all((ALICE, 1), UATOM).unwrap();
    assert_eq!(world.supplied(ALICE, UATOM), 100_000_000);
}

#[test]
fn withdraw_after_interest_pays_what_borrowers_paid_less_the_reserves() {
    let mut world = World::new();
    world.deposit(LENDER, UUSD, 600_000_000_000).unwrap();
    world.deposit(BOB, UUSD, 400_000_000_000).unwrap();
    world.deposit(ALICE, UATOM, 100_000_000_000).unwrap();
    world.borrow(ALICE, UUSD, 500_000_000_000).unwrap();
    world.advance(30 * 86_400);
    let alice = world.balance(ALICE, UUSD);
    world.repay(ALICE, UUSD, 600_000_000_000).unwrap();
    let interest = alice - world.balance(ALICE, UUSD) - 500_000_000_000;
    assert!(interest > 1_000_000_000);

    let lender = world.balance(LENDER, UUSD);
    let bob = world.balance(BOB, UUSD);
    let pool = world.pool().clone();
    world.withdraw_all(LENDER, UUSD).unwrap();
    world.withdraw_all(BOB, UUSD).unwrap();
    let lender = world.balance(LENDER, UUSD) - lender;
    let bob = world.balance(BOB, UUSD) - bob;
    // Nine tenths of the interest, six of ten parts to one and four to the other; what rounding keeps stays in the pool.
    let ninth = BigInt::from(interest * 9 / 10);
    for (got, principal, part) in [(lender, 600_000_000_000u128, 6), (bob, 400_000_000_000, 4)] {
        let due = BigInt::from(principal) + &ninth * part / 10;
        let short = due - BigInt::from(got);
        assert!(short >= BigInt::from(-1) && short <= BigInt::from(2), "{short}");
    }
    let left = world.balance(&pool, UUSD);
    assert_eq!(left, 1_000_000_000_000 + interest - lender - bob);
    assert!(left >= world.market(UUSD).reserves.raw() && left <= world.market(UUSD).reserves.raw() + 4);
    assert_solvent(&world);
}

#[test]
fn withdraw_after_interest_burns_shares_rounded_up_at_the_grown_price() {
    let mut world = indebted(650_000_000);
    world.deposit(BOB, UUSD, 900_000_000).unwrap();
    world.advance(365 * 86_400);
    let market = world.market(UUSD);
    let pool = world.pool().clone();
    let owed = world.owed(ALICE, UUSD);
    // One borrower: what they owe, rounded down, is the market's debt.
    let supply = world.balance(&pool, UUSD) + (owed - 1) - market.reserves.raw();
    let total = BigInt::from(market.stored.supply_shares.raw() + 1_000_000);
    let before = world.account(BOB).collaterals[0].shares.raw();
    world.withdraw(BOB, UUSD, 123_456_789).unwrap();
    let burnt = BigInt::from(before - world.account(BOB).collaterals[0].shares.raw());
    let product = BigInt::from(123_456_789) * total;
    let whole = BigInt::from(supply + 1);
    assert!(&burnt * &whole >= product && (&burnt - 1) * &whole < product, "{burnt}");
    assert_ne!(&burnt * &whole, product);
    assert_solvent(&world);
}

#[test]
fn withdraw_right_after_a_deposit_never_gains() {
    let mut world = indebted(650_000_000);
    for step in 1..60u128 {
        world.advance(86_400 * 7 + 13);
        let before = world.balance(BOB, UUSD);
        world.deposit(BOB, UUSD, step * step * 7_919).unwrap();
        world.withdraw_all(BOB, UUSD).unwrap();
        let after = world.balance(BOB, UUSD);
        assert!(after <= before && before - after <= 2, "step {step}: {before} became {after}");
    }
    assert_solvent(&world);
}

#[test]
fn withdraw_of_max_takes_what_max_withdraw_says_and_one_more_is_refused() {
    for batched in [false, true] {
        let mut world = indebted(300_000_000);
        let most = world.max_withdraw(ALICE, UATOM);
        let order = Withdraw {
            denom: UATOM.to_owned(),
            amount: Some(AmountOrMax::Max),
            recipient: None,
            account_id: None,
            on_behalf_of: None,
        };
        let alone = ExecuteMsg::Withdraw(order.clone());
        let batch = ExecuteMsg::Batch { actions: vec![BatchAction::Withdraw(order)], callback: None };
        let msg = if batched { batch } else { alone };
        let response = world.execute(ALICE, &msg, &[]).unwrap();
        assert_eq!(values(&response, "amount"), [most.to_string()]);
        assert!(world.withdraw(ALICE, UATOM, 1).is_err());
        refuses(&mut world, "nothing of uatom can be withdrawn", |world| world.execute(ALICE, &msg, &[]));
    }
}
