//! A pool whose collateral is priced by a pair: borrowing asks the pair in the very message, liquidation goes by what is published.
#![allow(clippy::unwrap_used, reason = "a setup that fails is a failed test")]

use crate::support::{Order, refuses};
use plimsoll_schema::pool::Receive;
use plimsoll_testing::{AETH, ALICE, Addr, BOB, IBC_TOKEN, LENDER, LIQUIDATOR, UATOM, UUSD, World, coin, ratio};

/// 100,000 ATOM and a million dollars price `uatom`; Alice has 100 ATOM deposited. The price has just been published.
fn world() -> (World, Addr) {
    let builder = World::builder().lent(1_000_000);
    let mut world = builder.edit(UATOM, |asset| asset.guards.max_deviation = ratio("0.1")).build();
    let pair = world.pair(UATOM, UUSD, 1_000_000);
    let source = world.pair_source(UATOM, &pair, UUSD);
    world.price_by_pair(UATOM, source);
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    (world, pair)
}

/// Sells ATOM until its price at the reserves has fallen by about a third: `(1 / (1 + x))² ≈ 0.667` of the first price for x = 0.2247.
fn crash(world: &mut World, pair: &Addr) {
    let [atom, _] = world.pair_pool(pair).0;
    world.swap(LENDER, pair, (UATOM, atom * 2_247 / 10_000)).unwrap();
}

#[test]
fn borrow_asks_the_pair_and_writes_nothing_to_the_oracle() {
    let (mut world, _) = world();
    let oracle = world.dump_of(world.oracle());
    // 70 % of 1,000 USD.
    world.refused(|world| world.borrow(ALICE, UUSD, 700_000_001));
    let ((), live) = world.counted(|world| drop(world.borrow(ALICE, UUSD, 699_000_000).unwrap()));
    assert_eq!(world.dump_of(world.oracle()), oracle, "a query wrote");
    // Of a fed token it reads less: not the oracle's source, samples and votes, nor the pair.
    let mut fed = World::builder().lent(1_000_000).build();
    fed.deposit(ALICE, UATOM, 100_000_000).unwrap();
    let ((), raw) = fed.counted(|world| drop(world.borrow(ALICE, UUSD, 699_000_000).unwrap()));
    assert!(live.reads > raw.reads && live.reads <= raw.reads + 12, "{live:?} {raw:?}");
    assert_eq!(live.writes, raw.writes);
}

#[test]
fn borrow_and_withdraw_count_the_price_of_now_before_anybody_publishes() {
    let (mut world, pair) = world();
    world.borrow(ALICE, UUSD, 400_000_000).unwrap();
    crash(&mut world, &pair);
    // 1,000 USD have become about 667: they carry 466 of debt in place of 700.
    world.refused(|world| world.borrow(ALICE, UUSD, 70_000_000));
    world.refused(|world| world.withdraw(ALICE, UATOM, 20_000_000));
    assert!(world.max_borrow(ALICE, UUSD) < 68_000_000);
    world.borrow(ALICE, UUSD, 60_000_000).unwrap();
}

#[test]
fn a_deposit_bought_in_a_crash_adds_no_health_before_it_is_published() {
    let (mut world, pair) = world();
    world.borrow(ALICE, UUSD, 400_000_000).unwrap();
    crash(&mut world, &pair);
    let text = "price of uatom is lent against at much less than it counts for: it can't add to an indebted account's health now";
    refuses(&mut world, text, |world| world.deposit(ALICE, UATOM, 1_000_000));
}

/// Whoever takes the collateral as shares into an account with debt buys no health with it either, though the record is fresh: the pair is not
/// asked, so it is all the same whether it fell since.
#[test]
fn liquidate_for_shares_of_a_live_priced_token_adds_no_health_to_a_debtor() {
    let (mut world, pair) = world();
    world.borrow(ALICE, UUSD, 690_000_000).unwrap();
    world.deposit(BOB, AETH, 1_000_000_000_000_000_000).unwrap();
    world.borrow(BOB, UUSD, 100_000_000).unwrap();
    crash(&mut world, &pair);
    for _ in 0..6 {
        world.advance_fresh(150);
    }
    // Published just now, and sold again after that.
    let before = world.snapshot();
    for (falls, in_debt) in [(true, true), (false, true), (true, false)] {
        world.restore(&before);
        if !in_debt {
            world.repay(BOB, UUSD, 101_000_000).unwrap();
        }
        if falls {
            crash(&mut world, &pair);
        }
        let order = Order { receive: Some(Receive::Shares), ..Order::of(UATOM) };
        order.send(&mut world, BOB, ALICE, coin(100_000_000, UUSD)).unwrap();
        let account = world.account(BOB);
        assert_eq!(account.collaterals.iter().map(|held| held.enabled).collect::<Vec<_>>(), [true, !in_debt]);
    }
}

#[test]
fn liquidate_goes_by_records_and_wants_a_fresh_one() {
    let (mut world, pair) = world();
    world.borrow(ALICE, UUSD, 690_000_000).unwrap();
    crash(&mut world, &pair);
    for _ in 0..6 {
        world.advance_fresh(150);
    }
    assert!(world.position(ALICE).liquidatable);
    world.advance(151);
    let text = "price of uatom: price is 151 s old, at most 150 s are allowed";
    refuses(&mut world, text, |world| world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 690_000_000)));
    // Health itself needs no fresh record.
    assert!(world.position(ALICE).liquidatable);
    world.publish(BOB, &[UATOM]).unwrap();
    let oracle = world.dump_of(world.oracle());
    world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 690_000_000)).unwrap();
    assert_eq!(world.dump_of(world.oracle()), oracle);
}

#[test]
fn borrow_against_a_silent_token_is_refused_and_leaving_is_not() {
    let (mut world, _) = world();
    world.borrow(ALICE, UUSD, 100_000_000).unwrap();
    world.advance(3_601);
    world.set_price(UUSD, "1");
    refuses(&mut world, "debt of 101.000001 would be above the borrow limit of 0", |world| {
        world.borrow(ALICE, UUSD, 1_000_000)
    });
    world.repay(ALICE, UUSD, 200_000_000).unwrap();
    world.withdraw_all(ALICE, UATOM).unwrap();
}

#[test]
fn a_fifth_token_with_a_live_price_is_refused_as_a_deposit_and_as_a_debt() {
    let mut world = World::builder().lent(1_000_000).build();
    let tokens: Vec<String> = (0..5).map(|n| format!("ulive{n}")).collect();
    for denom in &tokens {
        world.list(plimsoll_testing::Asset::new(denom, 6, "1"));
        let amount = world.whole(denom, 1_000_000);
        world.deposit((LENDER, 1), denom, amount).unwrap();
        let pair = world.pair(denom, UUSD, 1_000_000);
        let source = world.pair_source(denom, &pair, UUSD);
        world.price_by_pair(denom, source);
    }
    for denom in &tokens[..4] {
        world.deposit(ALICE, denom, 100_000_000).unwrap();
    }
    let text = "account has 4 tokens with live prices already, ulive4 would be one more";
    refuses(&mut world, text, |world| world.deposit(ALICE, "ulive4", 1_000_000));
    refuses(&mut world, text, |world| world.borrow(ALICE, "ulive4", 10_000_000));
    // A fed one is none, and in a slot that is there more of the same is fine.
    world.deposit(ALICE, UATOM, 1_000_000).unwrap();
    world.deposit(ALICE, IBC_TOKEN, 1_000_000).unwrap();
    world.deposit(ALICE, AETH, 1_000_000_000_000).unwrap();
    world.deposit(ALICE, "ulive3", 1_000_000).unwrap();
}
