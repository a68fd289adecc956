//! Attacks on a price that a pair makes, with the real pair: what they move, and what they don't.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a setup that fails is a failed test")]

use crate::support::rational;
use num_rational::BigRational;
use plimsoll_risk::price::{PriceBand, PriceFault};
use plimsoll_risk::units::{Amount, Price, Ratio};
use plimsoll_schema::oracle::{PairSource, Source};
use plimsoll_testing::{
    ALICE, Addr, Asset, BLOCK_SECONDS, BOB, LENDER, LIQUIDATOR, UATOM, UUSD, World, price, ratio, values,
};

/// A market of 100,000 ATOM and a million dollars that prices `uatom`; its settled price moves by 5 % each 15 s.
fn world() -> (World, Addr) {
    let mut world = World::builder()
        .edit(UATOM, |asset| {
            asset.guards.max_deviation = ratio("0.05");
            asset.guards.step_interval = 15;
        })
        .lent(1_000_000)
        .build();
    let pair = world.pair(UATOM, UUSD, 1_000_000);
    let source = world.pair_source(UATOM, &pair, UUSD);
    world.price_by_pair(UATOM, source);
    world.advance_fresh(150);
    (world, pair)
}

fn spot(world: &World, pair: &Addr) -> BigRational {
    let [atom, usd] = world.pair_pool(pair).0;
    rational(usd, atom)
}

/// Sells so much, in parts that the pair's limit on a spread lets pass; the coins are minted for it.
fn sell(world: &mut World, pair: &Addr, (denom, mut amount): (&str, u128)) {
    let at = usize::from(denom == UUSD);
    world.mint(BOB, denom, amount);
    while amount > 0 {
        let part = amount.min(world.pair_pool(pair).0[at] * 9 / 10);
        world.swap(BOB, pair, (denom, part)).unwrap();
        amount -= part;
    }
}

/// Trades until the price is 10 again, within a hundred-thousandth; what it costs in fees stays in the pair.
fn bend_back(world: &mut World, pair: &Addr) {
    for _ in 0..20 {
        let [atom, usd] = world.pair_pool(pair).0;
        let aim_atom = (atom * usd / 10).isqrt();
        let aim_usd = (atom * usd * 10).isqrt();
        if aim_atom > atom + atom / 100_000 {
            sell(world, pair, (UATOM, aim_atom - atom));
        } else if aim_usd > usd + usd / 100_000 {
            sell(world, pair, (UUSD, aim_usd - usd));
        } else {
            return;
        }
    }
    panic!("it doesn't come back");
}

/// Nine times the price for the length of a transaction: the upper edge sees it, the settled price doesn't, and a block
/// later it is gone.
#[test]
fn a_price_bent_and_bent_back_within_a_block_moves_the_edges_alone() {
    let (mut world, pair) = world();
    world.advance(150);
    let [_, usd] = world.pair_pool(&pair).0;
    for _ in 0..2 {
        world.swap(BOB, &pair, (UUSD, usd)).unwrap();
    }
    let bent = spot(&world, &pair);
    world.publish(BOB, &[UATOM]).unwrap();
    let record = world.price_record(UATOM);
    assert_eq!((record.raw, record.extremes.low), (PriceBand::at(price("10")), price("10")));
    let high = rational(record.extremes.high.raw(), 10u128.pow(18));
    assert!(high >= bent && high > rational(89, 1), "{high}");
    bend_back(&mut world, &pair);
    world.publish(ALICE, &[UATOM]).unwrap();
    let record = world.price_record(UATOM);
    assert!(record.extremes.high < price("10.2"), "{record:?}");
    assert_eq!(world.settled_price(UATOM), price("10"));
}

/// The same downwards: a debtor can't be made liquidatable in one transaction.
#[test]
fn a_price_crushed_within_a_block_liquidates_nobody() {
    let (mut world, pair) = world();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    world.borrow(ALICE, UUSD, 690_000_000).unwrap();
    let [atom, _] = world.pair_pool(&pair).0;
    world.swap(BOB, &pair, (UATOM, atom)).unwrap();
    world.publish(BOB, &[UATOM]).unwrap();
    let record = world.price_record(UATOM);
    assert_eq!((record.raw, world.settled_price(UATOM)), (PriceBand::at(price("10")), price("10")));
    assert!(record.extremes.low < price("2.6"), "{record:?}");
    world.refused(|world| world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 690_000_000)));
}

/// Issue A.7: the price is bent for one block in each quarter of a window, by 20 times and by a thousand, and again in
/// each message in between. In an hour the settled price moves by no more than the share of the block that the bend
/// stands: 5 s of 150, so up by f / (1 − f) = 3.45 %, down by f = 3.33 %.
#[test]
fn a_price_bent_for_a_block_of_every_interval_for_an_hour_moves_it_by_the_blocks_share() {
    for (times, up) in [(20u128, true), (1_000, true), (20, false), (1_000, false)] {
        let (mut world, pair) = world();
        let root = times.isqrt();
        let mut lowest = price("10");
        let mut highest = price("10");
        for _ in 0..24 {
            // The block's end lies between the bend and the way back.
            let [atom, usd] = world.pair_pool(&pair).0;
            let bend = |world: &mut World| {
                let (denom, held) = if up { (UUSD, usd) } else { (UATOM, atom) };
                sell(world, &pair, (denom, held * (root - 1)));
            };
            bend(&mut world);
            world.publish(BOB, &[UATOM]).unwrap();
            world.advance(BLOCK_SECONDS);
            bend_back(&mut world, &pair);
            world.advance(70);
            bend(&mut world);
            world.publish(BOB, &[UATOM]).unwrap();
            bend_back(&mut world, &pair);
            world.advance(75);
            world.set_price(UUSD, "1");
            bend(&mut world);
            world.publish(BOB, &[UATOM]).unwrap();
            bend_back(&mut world, &pair);
            lowest = lowest.min(world.settled_price(UATOM));
            highest = highest.max(world.settled_price(UATOM));
        }
        let least = price("9.666");
        let most = price("10.346");
        assert!(least <= lowest && highest <= most, "{times} {up}: {lowest} to {highest}");
    }
}

/// Depth that is lent for one message: a pair that everybody has left is bent to 400 times for as long as it takes, at
/// no cost, and filled again for the moment in which somebody borrows. What was seen while it was thin stays unknown.
#[test]
fn depth_that_is_lent_for_a_message_lends_nothing() {
    let (mut world, pair) = world();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    let everything = world.pair_shares(LENDER, &pair);
    world.withdraw_liquidity(LENDER, &pair, everything).unwrap();
    let held = world.pair_pool(&pair).0[1];
    sell(&mut world, &pair, (UUSD, held * 20));
    for _ in 0..30 {
        world.advance(150);
        world.set_price(UUSD, "1");
        world.publish(BOB, &[UATOM]).unwrap();
    }
    // By then liquidation has followed; the bounds of a thousandth and a thousand times are all that borrowing knows.
    assert!(world.settled_price(UATOM) > price("1000"));
    let [atom, usd] = world.pair_pool(&pair).0;
    world.mint(BOB, UATOM, atom * 1_000_000);
    world.mint(BOB, UUSD, usd * 1_000_000);
    world.provide_liquidity(BOB, &pair, [(UATOM, atom * 1_000_000), (UUSD, usd * 1_000_000)]).unwrap();
    world.publish(BOB, &[UATOM]).unwrap();
    let record = world.price_record(UATOM);
    assert_eq!(record.extremes.low, record.guards.floor);
    world.refused(|world| world.borrow(ALICE, UUSD, 6_000_000));
    // Only once all that is averaged was seen deep it lends again.
    for quarter in 1..=6 {
        world.advance(150);
        world.set_price(UUSD, "1");
        world.publish(BOB, &[UATOM]).unwrap();
        let record = world.price_record(UATOM);
        assert_eq!(record.extremes.low == record.guards.floor, quarter < 6, "after {quarter} quarters of a window");
    }
    assert!(world.price_record(UATOM).extremes.low > price("1000"));
}

/// Seen thin for a moment between two samples: noted by whoever publishes then.
#[test]
fn a_pair_that_is_thin_between_two_samples_is_noted() {
    let (mut world, pair) = world();
    world.advance(70);
    let shares = world.pair_shares(LENDER, &pair);
    let [atom, usd] = world.pair_pool(&pair).0;
    world.withdraw_liquidity(LENDER, &pair, shares).unwrap();
    world.publish(ALICE, &[UATOM]).unwrap();
    let left = world.pair_pool(&pair).0;
    world.provide_liquidity(LENDER, &pair, [(UATOM, atom - left[0]), (UUSD, usd - left[1])]).unwrap();
    world.publish(ALICE, &[UATOM]).unwrap();
    let record = world.price_record(UATOM);
    assert_eq!(record.extremes, PriceBand { low: record.guards.floor, high: record.guards.ceiling });
}

/// A lender's view of a crash: the averages still stand high, but nobody borrows against them; bending the price up for
/// one transaction lends up to what liquidation counts, and no further.
#[test]
fn nobody_borrows_against_the_lag_of_the_averages() {
    let (mut world, pair) = world();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    let [atom, _] = world.pair_pool(&pair).0;
    // The price falls to about a quarter, and nobody has published that.
    world.swap(LENDER, &pair, (UATOM, atom)).unwrap();
    world.advance(10);
    assert_eq!(world.settled_price(UATOM), price("10"));
    // 70 % of 100 ATOM at about 2.5 USD.
    world.refused(|world| world.borrow(ALICE, UUSD, 180_000_000));
    let kept = world.snapshot();
    world.borrow(ALICE, UUSD, 170_000_000).unwrap();
    world.restore(&kept);
    world.publish(ALICE, &[UATOM]).unwrap();
    world.refused(|world| world.borrow(ALICE, UUSD, 180_000_000));
    world.borrow(ALICE, UUSD, 170_000_000).unwrap();
}

/// Whoever makes a pair names its price, but the settled price starts from the one before, at the guards' speed.
#[test]
fn a_pair_just_created_takes_the_settled_price_along() {
    let mut world = World::builder().oracle(|oracle| oracle.source_delay = 0).lent(1_000_000).build();
    let pair = world.deploy_pair(UUSD, UATOM, Ratio::ZERO).unwrap();
    let asset = Asset::new(UATOM, 6, "10");
    let guards = plimsoll_risk::price::Guards { step_interval: 15, max_deviation: ratio("0.05"), ..asset.guards };
    let source = PairSource { quote_priced: false, ..world.pair_source(UATOM, &pair, UUSD) };
    world.set_source(UATOM, Source::Pair(source), guards).unwrap();
    // Empty, it is watched, and says nothing.
    assert_eq!(values(&world.publish(BOB, &[UATOM]).unwrap(), "pending"), [UATOM]);
    // 900 USD an ATOM.
    world.provide_liquidity(BOB, &pair, [(UUSD, 1_800_000_000), (UATOM, 2_000_000)]).unwrap();
    for _ in 0..4 {
        assert_eq!(world.settled_price(UATOM), price("10"));
        assert_eq!(world.price_record(UATOM).fault(world.now()), Some(PriceFault::Missing {}));
        world.advance(150);
        world.publish(BOB, &[UATOM]).unwrap();
    }
    let raw = world.price_record(UATOM).raw;
    assert!(raw.low > price("899.9") && raw.low <= price("900") && raw.high == price("900"), "{raw:?}");
    assert_eq!(world.settled_price(UATOM), price("10"));
    world.advance(15);
    assert_eq!(world.settled_price(UATOM), price("10.5"));
}

/// A market that is drained lends nothing, by message or by query; the settled price stands, so nobody is liquidated by
/// it either.
#[test]
fn a_drained_pair_lends_nothing_and_liquidates_nobody() {
    let (mut world, pair) = world();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    world.borrow(ALICE, UUSD, 600_000_000).unwrap();
    let everything = world.pair_shares(LENDER, &pair);
    world.withdraw_liquidity(LENDER, &pair, everything).unwrap();
    world.refused(|world| world.borrow(ALICE, UUSD, 1_000_000));
    world.publish(BOB, &[UATOM]).unwrap();
    world.refused(|world| world.borrow(ALICE, UUSD, 1_000_000));
    assert_eq!(world.settled_price(UATOM), price("10"));
    assert!(!world.position(ALICE).liquidatable);
}

/// A move beyond the deviation is followed a step at a time, whoever publishes how often.
#[test]
fn a_lasting_move_is_followed_a_step_an_interval() {
    let (mut world, pair) = world();
    let [_, usd] = world.pair_pool(&pair).0;
    world.advance(60);
    world.swap(LENDER, &pair, (UUSD, usd)).unwrap();
    // Three of five intervals have seen nothing else: the median is there, at nearly four times the price.
    let mut settled = vec![];
    for _ in 0..4 {
        world.advance_fresh(150);
        for _ in 0..5 {
            world.publish(BOB, &[UATOM]).unwrap();
        }
        settled.push(world.settled_price(UATOM));
    }
    assert!(world.price_record(UATOM).raw.low > price("39"));
    let steps = |count: u32| (0..count).fold(price("10"), |at: Price, _| at.share_up(ratio("1.05")));
    assert_eq!(settled[1], price("10"));
    // From the message on that saw it, ten steps an interval.
    assert_eq!(settled[3], steps(10));
    world.advance(15);
    assert_eq!(world.settled_price(UATOM), steps(11));
}

#[test]
fn the_least_reserves_are_judged_in_both_tokens() {
    for (short_of, min) in [(UATOM, 200_000_000_000u128), (UUSD, 2_000_000_000_000)] {
        let (mut world, pair) = world();
        let mut source = world.pair_source(UATOM, &pair, UUSD);
        match short_of {
            UATOM => source.min_reserve = Amount::new(min),
            _ => source.min_quote_reserve = Amount::new(min),
        }
        world.price_by_pair(UATOM, source);
        let record = world.price_record(UATOM);
        assert_eq!(record.extremes, PriceBand { low: record.guards.floor, high: record.guards.ceiling }, "{short_of}");
    }
}
