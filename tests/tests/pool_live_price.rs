//! A pool whose collateral is priced by a pair: with what was published last, and without.
#![allow(clippy::unwrap_used, reason = "a setup that fails is a failed test")]

mod common;

use common::refuses;
use plimsoll_testing::{ALICE, Addr, BOB, LENDER, LIQUIDATOR, UATOM, UUSD, World, price};

/// 100,000 ATOM and a million dollars price `uatom`; Alice has 100 ATOM deposited. Nobody has published for longer than a price lives.
fn world() -> (World, Addr) {
    let mut world = World::builder().lent(1_000_000).build();
    let pair = world.pair(UATOM, UUSD, 1_000_000);
    let source = world.pair_source(UATOM, &pair, UUSD);
    world.price_by_pair(UATOM, source);
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    world.advance(3_601);
    world.set_price(UUSD, "1");
    (world, pair)
}

#[test]
fn borrow_without_a_recent_price_asks_the_pair() {
    let (mut world, _) = world();
    let oracle = world.dump_of(world.oracle());
    // 70 % of 1,000 USD to the cent.
    world.refused(|world| world.borrow(ALICE, UUSD, 700_000_001));
    let ((), ops) = world.counted(|world| drop(world.borrow(ALICE, UUSD, 700_000_000).unwrap()));
    assert_eq!(world.dump_of(world.oracle()), oracle, "a query wrote");
    assert_eq!(world.balance(ALICE, UUSD), world.whole(UUSD, 100_000_000) + 700_000_000);
    // With a published price the same is cheaper, by what asking costs: the oracle's source, samples and records, and the pair's two.
    let (mut fresh, _) = self::world();
    fresh.publish(BOB, &[UATOM]).unwrap();
    let ((), raw) = fresh.counted(|world| drop(world.borrow(ALICE, UUSD, 700_000_000).unwrap()));
    assert!(ops.reads > raw.reads && ops.reads <= raw.reads + 10, "{ops:?} {raw:?}");
    assert_eq!(ops.writes, raw.writes);
}

#[test]
fn borrow_asks_for_the_price_of_now() {
    let (mut world, pair) = world();
    // A crash a moment ago: the average hardly knows it, the low edge does.
    let [atom, _] = world.pair_pool(&pair).0;
    world.swap(LENDER, &pair, (UATOM, atom)).unwrap();
    world.refused(|world| world.borrow(ALICE, UUSD, 180_000_000));
    world.borrow(ALICE, UUSD, 170_000_000).unwrap();
}

#[test]
fn liquidate_without_a_recent_price_asks_the_pair() {
    let (mut world, pair) = world();
    world.borrow(ALICE, UUSD, 700_000_000).unwrap();
    let [atom, _] = world.pair_pool(&pair).0;
    world.swap(LENDER, &pair, (UATOM, atom / 10)).unwrap();
    // By the published price, stale, she can't be judged; an hour at the lower one is seen by asking alone.
    world.advance(3_000);
    world.set_price(UUSD, "1");
    assert!(world.position(ALICE).liquidatable);
    let record = world.price_record(UATOM);
    assert_eq!(record.price, price("10"));
    world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 700_000_000)).unwrap();
    assert_eq!(world.price_record(UATOM), record);
}

#[test]
fn borrow_without_any_price_is_refused_and_leaving_is_not() {
    let (mut world, _) = world();
    world.borrow(ALICE, UUSD, 100_000_000).unwrap();
    world.advance(3_600);
    world.set_price(UUSD, "1");
    refuses(&mut world, &format!("price of {UATOM}: price is 7201 s old, at most 3600 s are allowed"), |world| {
        world.borrow(ALICE, UUSD, 1_000_000)
    });
    world.repay(ALICE, UUSD, 200_000_000).unwrap();
    world.withdraw_all(ALICE, UATOM).unwrap();
}
