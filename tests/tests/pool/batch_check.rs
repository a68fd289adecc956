//! `batch`: what is checked when all is done.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests: names say what is tested, and a failed setup is a failure"
)]

use crate::support::{assert_solvent, indebted, refuses};
use plimsoll_risk::units::Amount;
use plimsoll_schema::pool::{
    AssetChanges, BatchAction as Act, Borrow, CollateralStatus, ExecuteMsg, FromPurse, Withdraw,
};
use plimsoll_testing::{ALICE, IBC_TOKEN, UATOM, UUSD, World, coin};

/// Alice has 100 ATOM, 1,000 USD of collateral that carries 700, and owes 640; in accounts 1 and 2 the same with 600 owed.
fn world() -> World {
    let mut world = indebted(640_000_000);
    for id in [1, 2] {
        world.deposit((ALICE, id), UATOM, 100_000_000).unwrap();
        world.borrow((ALICE, id), UUSD, 600_000_000).unwrap();
    }
    world
}

fn deposit(amount: u128, denom: &str, id: u32) -> Act {
    Act::Deposit(FromPurse { coin: coin(amount, denom), account_id: Some(id), on_behalf_of: None })
}

fn repay(amount: u128, id: u32) -> Act {
    Act::Repay(FromPurse { coin: coin(amount, UUSD), account_id: Some(id), on_behalf_of: None })
}

fn withdraw(amount: u128, id: u32) -> Act {
    let amount = Some(Amount::new(amount));
    Act::Withdraw(Withdraw {
        denom: UATOM.to_owned(),
        amount: amount.map(Into::into),
        recipient: None,
        account_id: Some(id),
        on_behalf_of: None,
    })
}

fn borrow(amount: u128, denom: &str, id: u32) -> Act {
    Act::Borrow(Borrow {
        denom: denom.to_owned(),
        amount: Amount::new(amount).into(),
        recipient: None,
        account_id: Some(id),
        on_behalf_of: None,
    })
}

fn enable(enable: bool, id: u32) -> Act {
    Act::UpdateAssetCollateralStatus(CollateralStatus {
        denom: UATOM.to_owned(),
        enable,
        account_id: Some(id),
        on_behalf_of: None,
    })
}

#[test]
fn batch_that_withdraws_before_it_repays_goes_through_where_the_withdrawal_alone_does_not() {
    let mut world = world();
    // 80 ATOM carry 560 USD.
    let text = "debt of 640 would be above the borrow limit of 560";
    refuses(&mut world, text, |world| world.withdraw(ALICE, UATOM, 20_000_000));
    refuses(&mut world, text, |world| world.batch(ALICE, [withdraw(20_000_000, 0)], &[]));
    // 80 repaid are just enough, 79.999999 are not.
    let text = "debt of 560.000001 would be above the borrow limit of 560";
    let purse = [coin(80_000_000, UUSD)];
    let short = [withdraw(20_000_000, 0), repay(79_999_999, 0)];
    refuses(&mut world, text, |world| world.batch(ALICE, short, &purse));
    let before = world.snapshot();
    world.batch(ALICE, [withdraw(20_000_000, 0), repay(80_000_000, 0)], &purse).unwrap();
    assert_eq!((world.supplied(ALICE, UATOM), world.owed(ALICE, UUSD)), (80_000_000, 560_000_000));
    assert_solvent(&world);
    // Nor does the order matter.
    let after = world.dump().clone();
    world.restore(&before);
    world.batch(ALICE, [repay(80_000_000, 0), withdraw(20_000_000, 0)], &purse).unwrap();
    assert!(*world.dump() == after);
}

#[test]
fn batch_that_borrows_before_it_deposits_goes_through_where_the_borrow_alone_does_not() {
    let mut world = world();
    let text = "debt of 707 would be above the borrow limit of 700";
    refuses(&mut world, text, |world| world.batch(ALICE, [borrow(67_000_000, UUSD, 0)], &[]));
    let purse = [coin(1_000_000, UATOM)];
    let text = "debt of 707.000001 would be above the borrow limit of 707";
    let above = [borrow(67_000_001, UUSD, 0), deposit(1_000_000, UATOM, 0)];
    refuses(&mut world, text, |world| world.batch(ALICE, above, &purse));
    world.batch(ALICE, [borrow(67_000_000, UUSD, 0), deposit(1_000_000, UATOM, 0)], &purse).unwrap();
    // From nothing at all, too.
    let purse = [coin(100_000_000, UATOM)];
    world.batch(ALICE, [borrow(700_000_000, UUSD, 5), deposit(100_000_000, UATOM, 5)], &purse).unwrap();
    assert_eq!(world.owed((ALICE, 5), UUSD), 700_000_000);
    assert_solvent(&world);
}

#[test]
fn batch_that_disables_and_enables_again_goes_through_where_disabling_alone_does_not() {
    let mut world = world();
    let text = "debt of 640 would be above the borrow limit of 0";
    refuses(&mut world, text, |world| world.batch(ALICE, [enable(false, 0)], &[]));
    let before = world.dump().clone();
    world.batch(ALICE, [enable(false, 0), enable(true, 0)], &[]).unwrap();
    assert!(*world.dump() == before);
    refuses(&mut world, text, |world| world.batch(ALICE, [enable(false, 0), enable(true, 0), enable(false, 0)], &[]));
}

#[test]
fn batch_checks_every_account_that_it_lowers() {
    let mut world = world();
    // 85 ATOM carry 595, 86 carry 602; account 0 owes 640, for which 92 are enough.
    let fine = [withdraw(8_000_000, 0), withdraw(14_000_000, 1), withdraw(14_000_000, 2)];
    let bad = [withdraw(9_000_000, 0), withdraw(15_000_000, 1), withdraw(15_000_000, 2)];
    let texts =
        ["debt of 640 would be above the borrow limit of 637", "debt of 600 would be above the borrow limit of 595"];
    for order in [[0, 1, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        for wrong in 0..3 {
            let actions = order.map(|at| if at == wrong { bad[at].clone() } else { fine[at].clone() });
            let text = texts[wrong.min(1)];
            refuses(&mut world, text, |world| world.batch(ALICE, actions, &[]));
        }
    }
    world.batch(ALICE, fine, &[]).unwrap();
    assert_solvent(&world);
}

#[test]
fn batch_checks_what_was_lowered_whatever_is_done_after() {
    let mut world = world();
    let text = "debt of 640 would be above the borrow limit of 560";
    let purse = [coin(1, UATOM), coin(5, UUSD)];
    refuses(&mut world, text, |world| world.batch(ALICE, [withdraw(20_000_000, 0), enable(true, 0)], &[]));
    let after = [withdraw(20_000_001, 0), deposit(1, UATOM, 0), repay(5, 1), enable(true, 1), enable(true, 0)];
    refuses(&mut world, text, |world| world.batch(ALICE, after, &purse));
}

#[test]
fn batch_checks_what_each_kind_of_action_lowers_in_another_account() {
    let mut world = world();
    let harmless = borrow(10_000_000, UUSD, 1);
    // Borrowing in account 1 is fine, disabling in account 2 is not; nor is borrowing what its own collateral is.
    let text = "debt of 600 would be above the borrow limit of 0";
    refuses(&mut world, text, |world| world.batch(ALICE, [harmless.clone(), enable(false, 2)], &[]));
    refuses(&mut world, text, |world| world.batch(ALICE, [enable(false, 2), harmless.clone()], &[]));
    let text = "debt of 610 would be above the borrow limit of 0";
    let own = borrow(1_000_000, UATOM, 2);
    refuses(&mut world, text, |world| world.batch(ALICE, [harmless.clone(), own.clone()], &[]));
    refuses(&mut world, text, |world| world.batch(ALICE, [own, harmless.clone()], &[]));
    let text = "debt of 701 would be above the borrow limit of 700";
    let more = borrow(101_000_000, UUSD, 2);
    refuses(&mut world, text, |world| world.batch(ALICE, [harmless.clone(), more.clone()], &[]));
    refuses(&mut world, text, |world| world.batch(ALICE, [more, harmless.clone()], &[]));
    // What one account deposits or repays helps no other.
    let purse = [coin(100_000_000, UATOM), coin(100_000_000, UUSD)];
    let text = "debt of 701 would be above the borrow limit of 700";
    let helped = [deposit(100_000_000, UATOM, 1), repay(100_000_000, 1), borrow(101_000_000, UUSD, 2)];
    refuses(&mut world, text, |world| world.batch(ALICE, helped, &purse));
}

#[test]
fn batch_that_leaves_a_new_debt_below_the_least_is_refused() {
    let mut world = world();
    // The least is 5 USD; an IBC token is 5 USD.
    let text = "debt of ibc/27394FB092D2ECCD56123C74F36E4C1F926001CEADA9CA97EA622B25F41E5EB2 would be worth 4.999995, \
                at least 5 is asked";
    let purse = [coin(5_000_000, IBC_TOKEN)];
    let repay =
        |amount| Act::Repay(FromPurse { coin: coin(amount, IBC_TOKEN), account_id: Some(1), on_behalf_of: None });
    let small = [borrow(999_999, IBC_TOKEN, 1)];
    refuses(&mut world, text, |world| world.batch(ALICE, small, &[]));
    let small = [borrow(3_000_000, IBC_TOKEN, 1), repay(2_000_001)];
    refuses(&mut world, text, |world| world.batch(ALICE, small, &purse));
    let second = [borrow(3_000_000, IBC_TOKEN, 0), borrow(999_999, IBC_TOKEN, 1)];
    refuses(&mut world, text, |world| world.batch(ALICE, second, &[]));
    // Two that are enough together, one that is repaid in part to the least, one that is repaid in full.
    let before = world.snapshot();
    for actions in [
        vec![borrow(400_000, IBC_TOKEN, 1), borrow(600_000, IBC_TOKEN, 1)],
        vec![borrow(3_000_000, IBC_TOKEN, 1), repay(2_000_000)],
        vec![borrow(7, IBC_TOKEN, 1), repay(7)],
    ] {
        world.restore(&before);
        world.batch(ALICE, actions, &purse).unwrap();
        assert_solvent(&world);
    }
    assert_eq!(world.owed((ALICE, 1), IBC_TOKEN), 0);
    // So with a part of an old debt: what is left at the end of the batch counts.
    let pay = |amount| Act::Repay(FromPurse { coin: coin(amount, UUSD), account_id: None, on_behalf_of: None });
    let text = "rest of the debt of uusd would be worth 4.999999: repay all of it, or leave at least 5";
    let purse = [coin(640_000_000, UUSD)];
    refuses(&mut world, text, |world| world.batch(ALICE, [pay(635_000_001)], &purse));
    world.batch(ALICE, [pay(635_000_001), borrow(1, UUSD, 0)], &purse).unwrap();
    assert_eq!(world.owed(ALICE, UUSD), 5_000_000);
    world.batch(ALICE, [pay(1), pay(4_999_999)], &purse).unwrap();
    assert_eq!(world.owed(ALICE, UUSD), 0);
}

#[test]
fn batch_is_all_or_nothing() {
    let mut world = world();
    let good = [deposit(5_000_000, UATOM, 3), withdraw(1_000_000, 0), borrow(10_000_000, UUSD, 1), repay(9_000_000, 2)];
    let purse = [coin(5_000_000, UATOM), coin(9_000_000, UUSD)];
    for at in 0..=good.len() {
        let mut actions = good.to_vec();
        actions.insert(at, withdraw(1, 4));
        let text = format!("account {}/4 has no deposit of uatom", world.addr(ALICE));
        refuses(&mut world, &text, |world| world.batch(ALICE, actions, &purse));
    }
    world.batch(ALICE, good, &purse).unwrap();
    assert_solvent(&world);
}

#[test]
fn batch_needs_no_price_unless_an_indebted_account_is_lowered() {
    let mut world = world();
    world.deposit((ALICE, 3), UATOM, 5_000_000).unwrap();
    world.advance(86_400);
    let purse = [coin(5_000_000, UATOM), coin(2_000_000_000, UUSD)];
    let free = [deposit(1_000_000, UATOM, 3), repay(5_000_000, 0), enable(true, 3), withdraw(6_000_000, 3)];
    world.batch(ALICE, free, &purse).unwrap();
    let error = world.refused(|world| world.batch(ALICE, [withdraw(1, 0), withdraw(1, 3)], &[]));
    assert!(error.to_string().starts_with("account"), "{error}");
    let error = world.refused(|world| world.batch(ALICE, [repay(5_000_000, 1), withdraw(1, 0)], &purse));
    assert!(error.to_string().starts_with("price of u"), "{error}");
    // Repaid in full within the batch, it owes nothing when it is checked.
    world.batch(ALICE, [withdraw(1_000_000, 0), repay(1_000_000_000, 0)], &purse).unwrap();
    assert!(world.account(ALICE).debts.is_empty());
    assert_solvent(&world);
}

#[test]
fn batch_with_a_withdrawal_helps_a_liquidatable_account_only_back_above_one() {
    let mut world = world();
    world.set_price(UATOM, "8");
    assert!(world.position(ALICE).liquidatable);
    // Deposits and repayments are never refused, whatever is left to do.
    let purse = [coin(90_000_000, UUSD), coin(1_000_000, UATOM)];
    world.batch(ALICE, [repay(1_000_000, 0), deposit(1_000_000, UATOM, 0)], &purse).unwrap();
    assert!(world.position(ALICE).liquidatable);
    // 639 owed and 101 ATOM at 8; 100 carry 600 by the threshold, and at least 39 must be repaid for one to leave.
    let text = "debt of 600.000001 would be above the borrow limit of 560";
    let short = [withdraw(1_000_000, 0), repay(38_999_999, 0)];
    refuses(&mut world, text, |world| world.batch(ALICE, short, &purse));
    world.batch(ALICE, [withdraw(1_000_000, 0), repay(39_000_000, 0)], &purse).unwrap();
    assert!(!world.position(ALICE).liquidatable);
}

#[test]
fn batch_that_borrows_only_to_pass_the_supply_cap_is_refused() {
    let mut world = World::builder().lent(1_000).build();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    let supplied = world.market(UATOM).supply;
    let changes = AssetChanges { supply_cap: Some(supplied), ..Default::default() };
    world.update_asset(UATOM, changes).unwrap();
    let actions = vec![
        Act::Borrow(Borrow {
            denom: UUSD.to_owned(),
            amount: Amount::new(1).into(),
            recipient: None,
            account_id: None,
            on_behalf_of: None,
        }),
        Act::Deposit(FromPurse { coin: coin(5, UATOM), account_id: None, on_behalf_of: None }),
        Act::Repay(FromPurse { coin: coin(2, UUSD), account_id: None, on_behalf_of: None }),
    ];
    let msg = ExecuteMsg::Batch { actions, callback: None };
    let text = format!("supply cap of uatom is {supplied}, a deposit of 5 finds {supplied} supplied");
    refuses(&mut world, &text, |world| world.execute(ALICE, &msg, &[coin(5, UATOM), coin(2, UUSD)]));
}
