//! Items that succeed and items that fail.

use cosmwasm_std::coin;
use plimsoll_pool::state::MARKETS;
use plimsoll_risk::units::Amount;
use plimsoll_schema::pool::{ExecuteMsg, LiquidationItem};
use plimsoll_testing::{AETH, ALICE, BOB, LENDER, LIQUIDATOR, UATOM, UUSD, World, values};

use super::setup::{batch, edited, fallen_accounts, item, outcomes, usd, write_off};
use crate::support::{assert_solvent, refuses};

/// Accounts, markets and the liquidator's coins.
fn state(world: &World, accounts: u32) -> impl PartialEq + std::fmt::Debug + use<> {
    let held: Vec<_> = (0..accounts).map(|id| world.account((ALICE, id))).collect();
    let markets: Vec<_> = [UATOM, UUSD].map(|denom| world.market(denom).stored).into_iter().collect();
    let coins: Vec<_> = [UATOM, UUSD].map(|denom| world.balance(LIQUIDATOR, denom)).into_iter().collect();
    (held, markets, coins)
}

#[test]
fn liquidate_batch_does_what_single_messages_do() {
    let mut world = fallen_accounts(3);
    let before = world.snapshot();
    for id in [2, 0, 1] {
        world.liquidate(LIQUIDATOR, (ALICE, id), UATOM, (UUSD, 640_000_000)).unwrap();
    }
    let single = state(&world, 3);
    world.restore(&before);
    let items = [2, 0, 1].map(|id| item(&world, (ALICE, id))).to_vec();
    let response = world.liquidate_batch(LIQUIDATOR, items, &usd(2_000_000_000)).unwrap();
    assert_eq!(state(&world, 3), single);
    assert_eq!(values(&response, "repaid"), ["320000000"; 3]);
    assert_eq!(values(&response, "seized"), ["44000000"; 3]);
    assert_eq!(values(&response, "fee"), ["400000"; 3]);
    assert_eq!(values(&response, "item"), ["0", "1", "2"]);
    assert_eq!(outcomes(&response), ["ok"; 3]);
    assert_eq!(values(&response, "succeeded"), ["3"]);
    let named = [2, 0, 1].map(|id| format!("{}/{id}", world.addr(ALICE)));
    assert_eq!(values(&response, "account"), named);
    assert_solvent(&world);
}

/// Items that fail, each with its reason.
fn failing(world: &mut World) -> Vec<(LiquidationItem, String)> {
    let bob = world.addr(BOB);
    let liquidator = world.addr(LIQUIDATOR);
    let alice = world.addr(ALICE);
    let user = |text: &str| edited(world, ALICE, |item| item.user = text.to_owned());
    vec![
        (item(world, BOB), "account is healthy: its adjusted collateral of 60 covers its debt of 30".into()),
        (user("nobody"), "'nobody' is not an address of this chain".into()),
        (
            user(&alice.to_string().to_uppercase()),
            format!("'{}' is not an address of this chain", alice.to_string().to_uppercase()),
        ),
        (user(liquidator.as_str()), format!("{liquidator} can't liquidate itself or receive what is taken from it")),
        (item(world, (ALICE, 77)), format!("account {alice}/77 has no deposit of uatom")),
        (edited(world, ALICE, |item| item.debt_denom = "ushell".into()), "the purse has no ushell left".into()),
        (edited(world, ALICE, |item| item.collateral_denom = "ushell".into()), "'ushell' is not listed".into()),
        (
            edited(world, ALICE, |item| item.collateral_denom = AETH.into()),
            format!("account {alice}/0 has no deposit of aeth"),
        ),
        (
            edited(world, ALICE, |item| item.debt_denom = UATOM.into()),
            "uatom is both debt and collateral: use set_off, which moves no coins and pays no bonus".into(),
        ),
        (edited(world, ALICE, |item| item.debt_denom = AETH.into()), format!("account {alice}/0 has no debt of aeth")),
        (edited(world, ALICE, |item| item.max_repay = Some(Amount::ZERO)), "amount of uusd is zero".into()),
        (edited(world, ALICE, |item| item.max_repay = Some(Amount::new(1))), "1 repays or seizes nothing".into()),
        (
            edited(world, ALICE, |item| item.min_receive = Some(Amount::new(43_600_001))),
            "liquidation yields 43600000 uatom, at least 43600001 is asked".into(),
        ),
        (write_off(world, ALICE), "not bad debt: collateral 800, debt 640, dust 1".into()),
        (write_off(world, (BOB, 5)), "not bad debt: collateral 0, debt 0, dust 1".into()),
        (
            LiquidationItem::WriteOff(plimsoll_schema::pool::UserAccount { user: "x".into(), account_id: None }),
            "'x' is not an address of this chain".into(),
        ),
        (
            edited(world, ALICE, |item| item.user = bob.to_string().replace('w', "W")),
            format!("'{}' is not an address of this chain", bob.to_string().replace('w', "W")),
        ),
    ]
}

#[test]
fn liquidate_batch_names_each_failure_and_is_as_if_it_had_not_been_there() {
    let mut world = fallen_accounts(2);
    world.deposit(BOB, UATOM, 10_000_000).unwrap();
    world.borrow(BOB, UUSD, 30_000_000).unwrap();
    let purse = [coin(1_000_000_000_000_000_000, AETH), coin(640_000_000, UATOM), coin(1_000_000_000, UUSD)];
    let before = world.snapshot();
    let alone = vec![item(&world, (ALICE, 0)), item(&world, (ALICE, 1))];
    world.liquidate_batch(LIQUIDATOR, alone, &purse).unwrap();
    let clean = state(&world, 2);
    world.restore(&before);

    let failing = failing(&mut world);
    let mut items: Vec<LiquidationItem> = failing.iter().map(|(item, _)| item.clone()).collect();
    items.insert(0, item(&world, (ALICE, 1)));
    // The failures of account 0 come before its success: none of them has touched it.
    items.push(item(&world, (ALICE, 0)));
    let response = world.liquidate_batch(LIQUIDATOR, items, &purse).unwrap();
    let mut wanted: Vec<String> = failing.into_iter().map(|(_, reason)| reason).collect();
    wanted.insert(0, "ok".into());
    wanted.push("ok".into());
    assert_eq!(outcomes(&response), wanted);
    assert_eq!(values(&response, "failed").len(), wanted.len() - 2);
    assert_eq!(state(&world, 2), clean);
    assert_solvent(&world);
}

#[test]
fn liquidate_batch_leaves_the_bytes_of_markets_that_only_failures_named() {
    let mut world = fallen_accounts(1);
    world.advance(3_600);
    let pool = world.pool().clone();
    let aeth = || MARKETS.key(world.market(AETH).asset.0);
    let before = world.query_raw(&pool, aeth());
    let failing = edited(&world, ALICE, |item| item.collateral_denom = AETH.into());
    let items = vec![failing, item(&world, ALICE)];
    world.liquidate_batch(LIQUIDATOR, items, &usd(640_000_000)).unwrap();
    let aeth = MARKETS.key(world.market(AETH).asset.0);
    assert_eq!(world.query_raw(&pool, aeth), before);
}

#[test]
fn liquidate_batch_with_too_few_successes_fails_as_a_whole_and_names_the_first_failure() {
    let mut world = fallen_accounts(1);
    let items = || vec![item(&world, ALICE), item(&world, (ALICE, 9)), item(&world, (ALICE, 8))];
    let alice = world.addr(ALICE);
    let msg = |min_success| {
        let order = plimsoll_schema::pool::LiquidateBatch { min_success: Some(min_success), ..batch(items()) };
        ExecuteMsg::LiquidateBatch(order)
    };
    let two = msg(2);
    let one = msg(1);
    let text = format!(
        "1 items succeeded, 2 are wanted; the first that failed: item 1: account {alice}/9 has no deposit of uatom"
    );
    refuses(&mut world, &text, |world| world.execute(LIQUIDATOR, &two, &usd(640_000_000)));
    world.execute(LIQUIDATOR, &one, &usd(640_000_000)).unwrap();
}

#[test]
fn liquidate_batch_without_a_success_fails_unless_none_is_wanted() {
    let mut world = fallen_accounts(1);
    let items = vec![item(&world, (ALICE, 9))];
    let alice = world.addr(ALICE);
    let text = format!(
        "0 items succeeded, 1 are wanted; the first that failed: item 0: account {alice}/9 has no deposit of uatom"
    );
    refuses(&mut world, &text, |world| world.liquidate_batch(LIQUIDATOR, items.clone(), &usd(5)));
    let uusd = world.balance(LIQUIDATOR, UUSD);
    let order = plimsoll_schema::pool::LiquidateBatch { min_success: Some(0), ..batch(items) };
    world.execute(LIQUIDATOR, &ExecuteMsg::LiquidateBatch(order), &usd(5)).unwrap();
    assert_eq!(world.balance(LIQUIDATOR, UUSD), uusd);
}

#[test]
fn liquidate_batch_books_losses_as_liquidate_does_and_items_after_see_them() {
    let mut world = fallen_accounts(3);
    world.set_price(UATOM, "3");
    let before = world.snapshot();
    for id in 0..3 {
        world.liquidate(LIQUIDATOR, (ALICE, id), UATOM, (UUSD, 640_000_000)).unwrap();
    }
    let claim = world.supplied(LENDER, UUSD);
    let market = world.market(UUSD).stored;
    world.restore(&before);
    let items = (0..3).map(|id| item(&world, (ALICE, id))).collect();
    let response = world.liquidate_batch(LIQUIDATOR, items, &usd(2_000_000_000)).unwrap();
    assert_eq!(values(&response, "written_off").len(), 3);
    assert_eq!((world.supplied(LENDER, UUSD), world.market(UUSD).stored), (claim, market));
    assert_solvent(&world);
}

#[test]
fn liquidate_batch_writes_off_what_an_item_before_could_not() {
    let mut world = fallen_accounts(2);
    world.set_price(UATOM, "0.004");
    // Forty cents of collateral are below the dust value: nothing else is to be had of them.
    let items = vec![write_off(&world, (ALICE, 1)), write_off(&world, (ALICE, 0)), write_off(&world, (ALICE, 0))];
    let response = world.liquidate_batch(BOB, items, &[]).unwrap();
    assert_eq!(outcomes(&response), ["ok", "ok", "not bad debt: collateral 0, debt 0, dust 1"]);
    assert_eq!(values(&response, "written_off"), ["640000000uusd"; 2]);
    assert!(world.account((ALICE, 0)).is_empty() && world.account((ALICE, 1)).is_empty());
    assert_solvent(&world);
}

#[test]
fn liquidate_batch_of_as_many_items_as_are_allowed_is_linear_in_storage() {
    let mut world = fallen_accounts(40);
    let items = |from: u32, to: u32| (from..to).map(|id| item(&world, (ALICE, id))).collect::<Vec<_>>();
    let ten = items(0, 10);
    let thirty = items(10, 40);
    let batch = |world: &mut World, items: Vec<_>| {
        let purse = usd(items.len() as u128 * 640_000_000);
        world.counted(|world| world.liquidate_batch(LIQUIDATOR, items, &purse).unwrap()).1
    };
    let ten = batch(&mut world, ten);
    let thirty = batch(&mut world, thirty);
    // One record read and one written for a further account.
    assert_eq!((thirty.reads - ten.reads, thirty.writes - ten.writes, thirty.removes - ten.removes), (20, 20, 0));
}

/// A market that an item before has loaded gives no other reason to an account that only keeps a disabled deposit there.
#[test]
fn liquidate_batch_gives_the_reason_that_a_message_of_its_own_would() {
    let mut world = fallen_accounts(1);
    world.deposit(BOB, UATOM, 10_000_000).unwrap();
    world.deposit(BOB, AETH, 1_000_000_000_000_000_000).unwrap();
    world.enable(BOB, AETH, false).unwrap();
    world.borrow(BOB, UUSD, 30_000_000).unwrap();
    world.advance(2 * 86_400);
    for (denom, price) in [(UUSD, "1"), (UATOM, "8")] {
        world.set_price(denom, price);
    }
    let silent = edited(&world, ALICE, |item| item.collateral_denom = AETH.into());
    let healthy = item(&world, BOB);
    let order = |items| {
        ExecuteMsg::LiquidateBatch(plimsoll_schema::pool::LiquidateBatch { min_success: Some(0), ..batch(items) })
    };
    let before = world.snapshot();
    let alone = world.execute(LIQUIDATOR, &order(vec![healthy.clone()]), &usd(640_000_000)).unwrap();
    world.restore(&before);
    let after = world.execute(LIQUIDATOR, &order(vec![silent, healthy]), &usd(640_000_000)).unwrap();
    assert!(outcomes(&after)[1].starts_with("account is healthy"), "{:?}", outcomes(&after));
    assert_eq!(outcomes(&after)[1], outcomes(&alone)[0]);
}
