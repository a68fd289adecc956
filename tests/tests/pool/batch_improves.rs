//! `batch`: what improves an account is allowed above its max LTV too.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test may stop at a surprise")]

use crate::support::{indebted, refuses, stop_deposits};
use plimsoll_risk::units::Amount;
use plimsoll_schema::pool::{BatchAction as Act, FromPurse, Withdraw};
use plimsoll_testing::{ALICE, IBC_TOKEN, UATOM, UUSD, World, coin};

fn repay(amount: u128) -> Act {
    Act::Repay(FromPurse { coin: coin(amount, UUSD), account_id: None, on_behalf_of: None })
}

fn deposit(amount: u128, denom: &str) -> Act {
    Act::Deposit(FromPurse { coin: coin(amount, denom), account_id: None, on_behalf_of: None })
}

fn withdraw(amount: u128, denom: &str) -> Act {
    let amount = Some(Amount::new(amount));
    Act::Withdraw(Withdraw {
        denom: denom.to_owned(),
        amount: amount.map(Into::into),
        recipient: None,
        account_id: None,
        on_behalf_of: None,
    })
}

/// 640 USD against 100 ATOM at 8.8: 72.7 % of 70 %. Threshold 75 %: health factor 660 / 640 = 1.03125.
fn above_max_ltv() -> World {
    let mut world = indebted(640_000_000);
    world.set_price(UATOM, "8.8");
    world
}

#[test]
fn batch_that_repays_and_withdraws_passes_above_max_ltv_while_the_health_factor_is_no_lower() {
    // With 620 owed it is 1.03125 or more with 620 × 1.03125 / 0.75 / 8.8 = 96.875 ATOM.
    let mut world = above_max_ltv();
    let purse = [coin(20_000_000, UUSD)];
    let text = "debt of 620 would be above the borrow limit of 596.74999384";
    let beyond = [repay(20_000_000), withdraw(3_125_001, UATOM)];
    refuses(&mut world, text, |world| world.batch(ALICE, beyond, &purse));
    world.batch(ALICE, [withdraw(3_125_000, UATOM), repay(20_000_000)], &purse).unwrap();
    assert_eq!(world.supplied(ALICE, UATOM), 96_875_000);
    assert_eq!(world.owed(ALICE, UUSD), 620_000_000);
}

#[test]
fn batch_that_lowers_no_debt_is_no_improvement() {
    let mut world = above_max_ltv();
    // 2 ATOM more and 1 less raise the health factor, but the debt stays.
    let purse = [coin(2_000_000, UATOM)];
    let acts = [deposit(2_000_000, UATOM), withdraw(1_000_000, UATOM)];
    let text = "debt of 640 would be above the borrow limit of 622.16";
    refuses(&mut world, text, |world| world.batch(ALICE, acts.clone(), &purse));
    world
        .batch(ALICE, [acts.as_slice(), &[repay(1)]].concat(), &[purse.as_slice(), &[coin(1, UUSD)]].concat())
        .unwrap();
}

#[test]
fn batch_of_an_account_below_health_factor_one_is_no_improvement_until_it_ends_above() {
    // At 8: 600 / 640. A repayment alone is never checked; with a withdrawal the account must end at 1 or more.
    let mut world = indebted(640_000_000);
    world.set_price(UATOM, "8");
    let purse = [coin(100_000_000, UUSD)];
    // 10 repaid, 0.1 withdrawn: 99.9 × 8 × 0.75 = 599.4 against 630.
    let text = "debt of 630 would be above the borrow limit of 559.44";
    refuses(&mut world, text, |world| world.batch(ALICE, [repay(10_000_000), withdraw(100_000, UATOM)], &purse));
    // 50 repaid: 590 are carried by 590 / 6 = 98.333333… ATOM.
    let text = "debt of 590 would be above the borrow limit of 550.6666648";
    refuses(&mut world, text, |world| world.batch(ALICE, [repay(50_000_000), withdraw(1_666_667, UATOM)], &purse));
    world.batch(ALICE, [repay(50_000_000), withdraw(1_666_666, UATOM)], &purse).unwrap();
}

#[test]
fn batch_counts_a_stopped_market_no_higher_afterwards_than_before() {
    // 100 ATOM at 8.8 and 1 token at 5 that carries 3.25: 663.25 against 640.
    let mut world = indebted(640_000_000);
    world.deposit(ALICE, IBC_TOKEN, 1_000_000).unwrap();
    world.set_price(UATOM, "8.8");
    stop_deposits(&mut world, IBC_TOKEN);
    // 1 repaid, 1 ATOM (6.6) out, 4 tokens (13) in: better by all that is there, but the new tokens don't count.
    let purse = [coin(1_000_000, UUSD), coin(4_000_000, IBC_TOKEN)];
    let swap = [repay(1_000_000), deposit(4_000_000, IBC_TOKEN), withdraw(1_000_000, UATOM)];
    let text = "debt of 639 would be above the borrow limit of 609.84";
    refuses(&mut world, text, |world| world.batch(ALICE, swap, &purse));
    // Without the swap: 1 repaid allows 663.25 / 640 × 639 = 662.213671875 to be carried: 0.157004… ATOM out.
    let out = [repay(1_000_000), withdraw(157_004, UATOM)];
    world.batch(ALICE, out, &purse).unwrap();
}

/// 1,000 ATOM carry 6,990 USD, and 20,000 tokens that are stopped by now count for nothing. At their threshold they would carry ten times as
/// much, and with a dollar repaid ten dollars of ATOM could go.
#[test]
fn batch_swaps_no_good_collateral_for_what_was_stopped() {
    for enabled_later in [false, true] {
        let mut world = World::builder().lent(1_000_000).build();
        world.deposit(ALICE, UATOM, 1_000_000_000).unwrap();
        world.deposit(ALICE, IBC_TOKEN, 20_000_000_000).unwrap();
        world.enable(ALICE, IBC_TOKEN, !enabled_later).unwrap();
        world.borrow(ALICE, UUSD, 6_990_000_000).unwrap();
        stop_deposits(&mut world, IBC_TOKEN);
        if enabled_later {
            world.enable(ALICE, IBC_TOKEN, true).unwrap();
        }
        let purse = [coin(725_000_000, UUSD)];
        let acts = [repay(725_000_000), withdraw(1_000_000_000, UATOM)];
        let error = world.refused(|world| world.batch(ALICE, acts.clone(), &purse)).to_string();
        assert!(error.starts_with("debt of 6265") && error.ends_with("above the borrow limit of 0"), "{error}");
    }
}
