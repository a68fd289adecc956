//! `repay`.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests: names say what is tested, and a failed setup is a failure"
)]

use crate::support::{
    assert_solvent, growth, indebted, mint_wide, rational, refuses, takes_exactly_one_coin, too_wide,
};
use cosmwasm_std::testing::{message_info, mock_dependencies, mock_env};
use cosmwasm_std::{Addr, Coin};
use num_bigint::BigInt;
use plimsoll_pool::contract;
use plimsoll_pool::state::{ACCOUNTS, DEBTORS};
use plimsoll_risk::rates::{Kinked, RateModel};
use plimsoll_risk::units::{Rate, Ratio};
use plimsoll_schema::pool::{ExecuteMsg, OnBehalf};
use plimsoll_testing::{AETH, ALICE, BOB, GUARDIAN, LENDER, UATOM, UUSD, World, coin, values};

const PLAIN: ExecuteMsg = ExecuteMsg::Repay(OnBehalf { account_id: None, on_behalf_of: None });

fn repay_for(world: &mut World, sender: &str, owner: (&str, u32), coin: Coin) -> crate::support::Outcome {
    let on_behalf_of = Some(world.addr(owner).into_string());
    world.execute(sender, &ExecuteMsg::Repay(OnBehalf { account_id: Some(owner.1), on_behalf_of }), &[coin])
}

#[test]
fn repay_of_a_part_lowers_the_debt_by_it() {
    let mut world = indebted(100_000_000);
    let alice = world.balance(ALICE, UUSD);
    let pool = world.pool().clone();
    let cash = world.balance(&pool, UUSD);
    let response = world.repay(ALICE, UUSD, 30_000_001).unwrap();
    assert_eq!(world.owed(ALICE, UUSD), 69_999_999);
    assert_eq!(world.balance(ALICE, UUSD), alice - 30_000_001);
    assert_eq!(world.balance(&pool, UUSD), cash + 30_000_001);
    assert_eq!(values(&response, "account"), [format!("{}/0", world.addr(ALICE))]);
    assert_eq!(values(&response, "denom"), [UUSD]);
    assert_eq!(values(&response, "amount"), ["30000001"]);
}

#[test]
fn repay_of_all_and_more_clears_the_debt_and_returns_the_rest() {
    let mut world = indebted(100_000_000);
    let alice = world.balance(ALICE, UUSD);
    let pool = world.pool().clone();
    let response = world.repay(ALICE, UUSD, 100_000_050).unwrap();
    assert_eq!(world.balance(ALICE, UUSD), alice - 100_000_000);
    assert_eq!(values(&response, "amount"), ["100000000"]);
    assert!(world.account(ALICE).debts.is_empty());
    assert!(world.market(UUSD).stored.debt_scaled.is_zero());
    assert_eq!(world.query_raw(&pool, DEBTORS.key((&world.addr(ALICE), 0))), None);
    assert!(world.borrowers().is_empty());
    // Nothing holds the collateral any more, and with it the record goes.
    world.withdraw_all(ALICE, UATOM).unwrap();
    assert_eq!(world.query_raw(&pool, ACCOUNTS.key((&world.addr(ALICE), 0))), None);
}

/// The least debt is 5 USD: of 100, 95 may be repaid in part, one unit more may not. A rest that nobody would liquidate would be a reason to
/// pass a stop or a cap.
#[test]
fn repay_that_leaves_less_than_the_least_debt_is_refused_and_a_full_one_is_not() {
    let mut world = indebted(100_000_000);
    let text = "rest of the debt of uusd would be worth 4.999999: repay all of it, or leave at least 5";
    refuses(&mut world, text, |world| world.repay(ALICE, UUSD, 95_000_001));
    world.repay(ALICE, UUSD, 95_000_000).unwrap();
    let text = "rest of the debt of uusd would be worth 0.000001: repay all of it, or leave at least 5";
    refuses(&mut world, text, |world| world.repay(ALICE, UUSD, 4_999_999));
    world.repay(ALICE, UUSD, 5_000_000).unwrap();
    assert!(world.account(ALICE).debts.is_empty());
}

#[test]
fn repay_of_one_of_two_debts_leaves_a_debtor() {
    let mut world = indebted(100_000_000);
    world.borrow(ALICE, AETH, 10_000_000_000_000_000).unwrap();
    world.repay(ALICE, UUSD, 100_000_000).unwrap();
    assert_eq!(world.borrowers().len(), 1);
    // With the interest of a minute, 10¹⁶ × 5 × 10⁻¹⁰ / 525,600.
    assert_eq!(world.owed(ALICE, AETH), 10_000_000_000_000_009);
    world.repay(ALICE, AETH, 10_000_000_000_000_009).unwrap();
    assert!(world.borrowers().is_empty());
}

#[test]
fn repay_after_30_days_takes_the_interest_of_a_plain_rational_model() {
    let mut world = World::new();
    world.deposit(LENDER, UUSD, 1_000_000_000_000).unwrap();
    world.deposit(ALICE, UATOM, 100_000_000_000).unwrap();
    world.borrow(ALICE, UUSD, 400_000_000_000).unwrap();
    // Two fifths lent out, half of the optimum of four fifths: half of 4 % a year, and 400,000 × 0.02 / 525,600 for the
    // first minute. Nine tenths of that are lenders'.
    let start = 400_000_015_220u128;
    let rate = rational(4, 100) * rational(start, 1_000_000_015_220 - 1_522) / rational(8, 10);
    let shown = world.rates(UUSD).borrow_rate.to_string();
    assert_eq!((world.owed(ALICE, UUSD), shown.as_str()), (start, "0.020000000487039994"));
    world.advance(30 * 86_400);

    let interest = growth(&rate, 30 * 86_400) * BigInt::from(start);
    let expected = 15_220 + u128::try_from(interest.ceil().to_integer()).unwrap();
    assert_eq!(expected, 658_090_243); // 400,000.015220 × (x + x²/2 + x³/6) with x = 0.020000000487 × 30 / 365
    let alice = world.balance(ALICE, UUSD);
    world.repay(ALICE, UUSD, 500_000_000_000).unwrap();
    let paid = alice - world.balance(ALICE, UUSD) - 400_000_000_000;
    assert_eq!(paid, expected);
    let market = world.market(UUSD);
    assert!(market.debt.is_zero() && market.stored.debt_scaled.is_zero());
    // A tenth of it to reserves, of what a market owes rounded down.
    assert_eq!(market.reserves.raw(), (expected - 1) / 10);
    assert_solvent(&world);
}

#[test]
fn repay_with_none_several_or_doubled_coins_is_refused() {
    takes_exactly_one_coin(&mut indebted(100_000_000), ALICE, &PLAIN);
}

#[test]
fn repay_of_zero_is_refused() {
    let info = message_info(&Addr::unchecked(ALICE), &[coin(0, UUSD)]);
    let error = contract::execute(mock_dependencies().as_mut(), mock_env(), info, PLAIN).unwrap_err();
    assert_eq!(error.to_string(), "amount of uusd is zero");
}

#[test]
fn repay_of_more_than_128_bits_is_refused() {
    let mut world = indebted(100_000_000);
    mint_wide(&mut world, ALICE, UUSD, too_wide());
    let funds = [Coin { denom: UUSD.to_owned(), amount: too_wide() }];
    let text = "amount 340282366920938463463374607431768211456 uusd does not fit 128 bits";
    refuses(&mut world, text, |world| world.execute(ALICE, &PLAIN, &funds));
}

#[test]
fn repay_of_the_largest_128_bits_returns_all_but_the_debt() {
    let mut world = indebted(100_000_000);
    let missing = u128::MAX - world.balance(ALICE, UUSD);
    world.mint(ALICE, UUSD, missing);
    world.repay(ALICE, UUSD, u128::MAX).unwrap();
    assert_eq!(world.balance(ALICE, UUSD), u128::MAX - 100_000_000);
    assert_solvent(&world);
}

#[test]
fn repay_of_an_unlisted_denom_is_refused() {
    let mut world = indebted(100_000_000);
    world.mint(ALICE, "ushell", 5);
    refuses(&mut world, "'ushell' is not listed", |world| world.repay(ALICE, "ushell", 5));
}

#[test]
fn repay_without_a_debt_of_that_denom_is_refused() {
    let mut world = indebted(100_000_000);
    let alice = world.addr(ALICE);
    let text = |id, denom| format!("account {alice}/{id} has no debt of {denom}");
    refuses(&mut world, &text(0, UATOM), |world| world.repay(ALICE, UATOM, 5));
    refuses(&mut world, &text(1, UUSD), |world| world.repay((ALICE, 1), UUSD, 5));
}

#[test]
fn repay_on_behalf_of_another_is_paid_by_the_sender_who_gets_the_rest() {
    let mut world = indebted(100_000_000);
    world.deposit((ALICE, 4), UATOM, 100_000_000).unwrap();
    world.borrow((ALICE, 4), UUSD, 60_000_000).unwrap();
    let alice = world.balance(ALICE, UUSD);
    let bob = world.balance(BOB, UUSD);
    repay_for(&mut world, BOB, (ALICE, 4), coin(70_000_000, UUSD)).unwrap();
    assert_eq!((world.balance(ALICE, UUSD), world.balance(BOB, UUSD)), (alice, bob - 60_000_000));
    assert_eq!((world.owed(ALICE, UUSD), world.owed((ALICE, 4), UUSD)), (100_000_000, 0));
}

#[test]
fn repay_on_behalf_of_a_bad_address_is_refused() {
    let msg = ExecuteMsg::Repay(OnBehalf { account_id: None, on_behalf_of: Some("alice".to_owned()) });
    let text = "'alice' is not an address of this chain";
    refuses(&mut indebted(100_000_000), text, |world| world.execute(BOB, &msg, &[coin(5, UUSD)]));
}

#[test]
fn repay_while_everything_is_stopped_and_the_oracle_is_dead_works() {
    let mut world = indebted(100_000_000);
    world
        .execute(GUARDIAN, &ExecuteMsg::Pause { denom: None, deposit: true, borrow: true, flash_loan: false }, &[])
        .unwrap();
    world.advance(86_400);
    world.repay(ALICE, UUSD, 40_000_000).unwrap();
    world.repay(ALICE, UUSD, 70_000_000).unwrap();
    assert!(world.account(ALICE).debts.is_empty());
}

fn at_a_constant_rate(percent: u64) -> RateModel {
    let optimal_utilization_rate = Ratio::percent(80);
    let base = Rate::percent(percent);
    RateModel::Kinked(Kinked { optimal_utilization_rate, base, slope_1: Rate::ZERO, slope_2: Rate::ZERO })
}

#[test]
fn repay_so_small_that_rounding_leaves_nothing_of_it_is_refused() {
    let mut world = World::builder().edit(UUSD, |a| a.params.rate_model = at_a_constant_rate(100)).lent(1_000).build();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    world.borrow(ALICE, UUSD, 100_000_000).unwrap();
    // A unit of debt as first taken is worth 2.67 now.
    // With 100,000,000 / 525,600 units of the first minute.
    assert_eq!(world.owed(ALICE, UUSD), 100_000_190);
    world.advance(365 * 86_400);
    refuses(&mut world, "1 uusd repays nothing", |world| world.repay(ALICE, UUSD, 1));
    refuses(&mut world, "2 uusd repays nothing", |world| world.repay(ALICE, UUSD, 2));
    let owed = world.owed(ALICE, UUSD);
    assert_eq!(owed, 266_667_174);
    // Three clear one old unit, which takes 2.67 and so 3; five clear no more and take no more, and six take 5.33 and
    // so 6.
    for (offered, taken, left) in [(3, 3, 266_667_171), (5, 3, 266_667_169), (6, 6, 266_667_163)] {
        let coins = world.balance(ALICE, UUSD);
        world.repay(ALICE, UUSD, offered).unwrap();
        assert_eq!((coins - world.balance(ALICE, UUSD), world.owed(ALICE, UUSD)), (taken, left));
    }
}

#[test]
fn repay_after_ten_years_at_the_highest_rate_works() {
    for touched in [false, true] {
        let edit = |asset: &mut plimsoll_testing::Asset| asset.params.rate_model = at_a_constant_rate(1_000);
        let mut world = World::builder().edit(UUSD, edit).lent(1_000).build();
        world.deposit(ALICE, UATOM, 100_000_000).unwrap();
        world.borrow(ALICE, UUSD, 100_000_000).unwrap();
        let mut owed = 100_000_000;
        for _ in 0..40 {
            world.advance(91 * 86_400 + 21_600);
            if touched {
                world.withdraw(LENDER, UUSD, 1).unwrap();
            }
            assert!(world.owed(ALICE, UUSD) >= owed);
            owed = world.owed(ALICE, UUSD);
        }
        world.mint(BOB, UUSD, owed);
        repay_for(&mut world, BOB, (ALICE, 0), coin(owed, UUSD)).unwrap();
        assert!(world.account(ALICE).debts.is_empty());
        assert_solvent(&world);
        // The market lives on.
        world.withdraw_all(ALICE, UATOM).unwrap();
        world.withdraw(LENDER, UUSD, 1_000_000).unwrap();
    }
}

#[test]
fn repay_by_each_of_many_borrowers_leaves_no_debt_behind() {
    let mut world = World::builder().lent(1_000_000).build();
    for id in 1..=9 {
        world.deposit((ALICE, id), UATOM, 100_000_000).unwrap();
        world.borrow((ALICE, id), UUSD, 10_000_000 + u128::from(id) * 7_777_777).unwrap();
        world.advance_fresh(86_400 * 3 + 1);
    }
    for id in 1..=9 {
        world.repay((ALICE, id), UUSD, 500_000_000).unwrap();
    }
    let market = world.market(UUSD);
    assert!(market.stored.debt_scaled.is_zero() && market.debt.is_zero());
    assert!(world.borrowers().is_empty());
    let pool = world.pool().clone();
    assert_eq!(world.balance(&pool, UUSD), market.stored.cash.raw());
    assert_solvent(&world);
}
