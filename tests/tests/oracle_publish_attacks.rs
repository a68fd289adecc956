//! Attacks on a price that a pair makes, with the real pair: what they move, and what they don't.
#![allow(clippy::unwrap_used, reason = "a setup that fails is a failed test")]

mod common;

use common::rational;
use num_bigint::BigInt;
use num_rational::BigRational;
use plimsoll_oracle::error::ContractError;
use plimsoll_risk::price::PriceFault;
use plimsoll_risk::units::{Amount, Ratio};
use plimsoll_schema::oracle::{DenomPrice, PairSource, Source};
use plimsoll_testing::{AETH, ALICE, Addr, Asset, BOB, LENDER, LIQUIDATOR, UATOM, UUSD, World, price, ratio, values};

/// A market of 100,000 ATOM and a million dollars that prices `uatom`; its price may move by a tenth a minute.
fn world() -> (World, Addr) {
    let mut world = World::builder()
        .edit(UATOM, |asset| {
            asset.guards.max_deviation = ratio("0.1");
            asset.guards.step_interval = 60;
        })
        .lent(1_000_000)
        .build();
    let pair = world.pair(UATOM, UUSD, 1_000_000);
    let source = world.pair_source(UATOM, &pair, UUSD);
    world.price_by_pair(UATOM, source);
    world.advance_fresh(700);
    (world, pair)
}

fn spot(world: &World, pair: &Addr) -> BigRational {
    let [atom, usd] = world.pair_pool(pair).0;
    rational(usd, atom)
}

fn mid(world: &World) -> BigRational {
    rational(world.price_record(UATOM).price.raw(), 10u128.pow(18))
}

/// Sells back as many ATOM as were bought.
fn swap_back(world: &mut World, pair: &Addr, atom: u128) {
    let missing = atom - world.pair_pool(pair).0[0];
    sell(world, pair, (UATOM, missing));
}

/// Nine times the price for the length of a transaction: the upper edge sees it, the mid price does not, and a block later it is gone.
#[test]
fn a_price_bent_and_bent_back_within_a_block_moves_the_edges_alone() {
    let (mut world, pair) = world();
    world.advance(300);
    let [atom, usd] = world.pair_pool(&pair).0;
    for _ in 0..2 {
        world.swap(BOB, &pair, (UUSD, usd)).unwrap();
    }
    let bent = spot(&world, &pair);
    world.publish(BOB, &[UATOM]).unwrap();
    let record = world.price_record(UATOM);
    assert_eq!((record.price, record.low), (price("10"), price("10")));
    let high = rational(record.high.raw(), 10u128.pow(18));
    assert!(high >= bent && high > rational(89, 1), "{high}");
    swap_back(&mut world, &pair, atom);
    world.publish(ALICE, &[UATOM]).unwrap();
    world.next_block();
    world.publish(ALICE, &[UATOM]).unwrap();
    let record = world.price_record(UATOM);
    assert!(record.high < price("10.2") && record.price < price("10.01"), "{record:?}");
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
    assert_eq!(record.price, price("10"));
    assert!(record.low < price("2.6"), "{record:?}");
    let refused = world.refused(|world| world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 690_000_000)));
    assert!(refused.to_string().contains("health"), "{refused}");
}

/// Held for a whole block, at its holder's risk: the whole window's average moves by those seconds' share, which may be a lot, but the mid price goes
/// nowhere while the present price has forgotten it.
#[test]
fn a_price_bent_for_a_block_does_not_move_the_mid() {
    for times in [1u128, 40] {
        let (mut world, pair) = world();
        // From a sample taken now on, 600 s at 10 but for 5 s.
        world.advance_fresh(600);
        world.advance(595);
        let [atom, usd] = world.pair_pool(&pair).0;
        for _ in 0..times {
            world.swap(BOB, &pair, (UUSD, usd / 2)).unwrap();
        }
        let bent = spot(&world, &pair);
        world.next_block();
        swap_back(&mut world, &pair, atom);
        let now = spot(&world, &pair);
        world.publish(BOB, &[UATOM]).unwrap();
        let exact = (rational(5_950, 1) + bent * BigInt::from(5)) / BigInt::from(600);
        // The mid price was 10, and goes no further than to the lower of the average and the present price, a little dearer than it was for the fees.
        let (got, lower) = (mid(&world), exact.clone().min(now));
        assert!(got <= lower && &lower - &got < rational(1, 1_000_000), "{got} {lower}");
        assert!(got < rational(if times == 1 { 1_011 } else { 1_100 }, 100), "{got}");
        // The edges know of all of it: nobody borrows the dearer token against less.
        let high = rational(world.price_record(UATOM).high.raw(), 10u128.pow(18));
        assert!(high + rational(1, 1_000_000) >= exact, "below {exact}");
    }
}

/// An extreme price held for one block stands in the average for ten minutes. Whoever publishes every minute, and even bends the price anew for the length
/// of each such message, brings the mid no further than a quarter of the window's steps, and a solvent account is not liquidated.
#[test]
fn a_price_crushed_for_a_block_liquidates_no_solvent_account_in_the_ten_minutes_after() {
    let eth = 10u128.pow(18);
    for bends in [false, true] {
        let step = |asset: &mut Asset| (asset.guards.max_deviation, asset.guards.step_interval) = (ratio("0.1"), 60);
        let mut world = World::builder().edit(AETH, step).lent(2_000_000).build();
        let pair = world.pair(AETH, UUSD, 1_000_000);
        let source = world.pair_source(AETH, &pair, UUSD);
        world.price_by_pair(AETH, source);
        let [held, _] = world.pair_pool(&pair).0;
        world.mint(ALICE, AETH, 500 * eth);
        world.mint(BOB, AETH, held * 1_000);
        world.mint(BOB, UUSD, 10u128.pow(18));
        // At 2,000 she owes 40 % of what she has; a liquidation begins at 1,000.
        world.deposit(ALICE, AETH, 500 * eth).unwrap();
        world.borrow(ALICE, UUSD, 400_000_000_000).unwrap();
        world.publish(BOB, &[AETH]).unwrap();
        world.advance_fresh(595);
        world.advance(5);
        world.publish(BOB, &[AETH]).unwrap();
        sell(&mut world, &pair, (AETH, held * 24));
        world.advance(5);
        buy_back(&mut world, &pair, held);
        for minute in 1..14 {
            if bends {
                let aim = 0.88f64.powi(minute).max(0.2).sqrt();
                sell(&mut world, &pair, (AETH, (held as f64 / aim) as u128 - held));
            }
            world.publish(BOB, &[AETH]).unwrap();
            if bends {
                buy_back(&mut world, &pair, held);
            }
            world.refused(|world| world.liquidate(LIQUIDATOR, ALICE, AETH, (UUSD, 400_000_000_000)));
            world.advance_fresh(60);
        }
        let least = price(if bends { "1200" } else { "1980" });
        let mid = world.price_record(AETH).price;
        assert!(mid > least, "bends {bends}: {mid}");
    }
}

/// Sells so much, in parts that the pair's limit on a spread lets pass.
fn sell(world: &mut World, pair: &Addr, (denom, mut amount): (&str, u128)) {
    while amount > 0 {
        let part = amount.min(world.pair_pool(pair).0[0] * 9 / 10);
        world.swap(BOB, pair, (denom, part)).unwrap();
        amount -= part;
    }
}

/// Buys until the pair holds about as much of the first token as before.
fn buy_back(world: &mut World, pair: &Addr, before: u128) {
    loop {
        let [held, usd] = world.pair_pool(pair).0;
        let missing = usd * (held.saturating_sub(before) / 1_000) / (before / 1_000);
        let part = missing.min(usd * 9 / 10);
        if part == 0 {
            return;
        }
        world.swap(BOB, pair, (UUSD, part)).unwrap();
        if part == missing {
            return;
        }
    }
}

/// What the documents say of the least reserves: they guard against a market that was left, not against somebody who lends it depth for a
/// transaction. Each costs him the fees, and a step of the mid price is all he gets.
#[test]
fn depth_that_is_lent_for_a_transaction_moves_the_mid_a_step() {
    let (mut world, pair) = world();
    let mut source = world.pair_source(UATOM, &pair, UUSD);
    (source.min_reserve, source.min_quote_reserve) = (Amount::new(10_000_000_000), Amount::new(50_000_000_000));
    world.price_by_pair(UATOM, source);
    world.advance_fresh(700);
    let everything = world.pair_shares(LENDER, &pair);
    world.withdraw_liquidity(LENDER, &pair, everything).unwrap();
    for _ in 0..2 {
        let held = world.pair_pool(&pair).0[0] * 9 / 10;
        world.swap(BOB, &pair, (UATOM, held)).unwrap();
    }
    world.advance(700);
    world.set_price(UUSD, "1");
    world.refused(|world| world.publish(BOB, &[UATOM]));
    let [atom, usd] = world.pair_pool(&pair).0;
    world.provide_liquidity(BOB, &pair, [(UATOM, 60_000_000_000 * atom / usd), (UUSD, 60_000_000_000)]).unwrap();
    world.publish(BOB, &[UATOM]).unwrap();
    assert_eq!(world.price_record(UATOM).price, price("9"));
    let everything = world.pair_shares(BOB, &pair);
    world.withdraw_liquidity(BOB, &pair, everything).unwrap();
}

/// A lender's view of a crash: the average still stands high, but nobody borrows against it; bending the price up for one transaction
/// doesn't help, for the average since the last sample is not bent.
#[test]
fn nobody_borrows_against_the_lag_of_the_average() {
    let (mut world, pair) = world();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    let [atom, usd] = world.pair_pool(&pair).0;
    // The price falls to about a quarter, just after a sample; it stays there for ten seconds.
    world.publish(ALICE, &[UATOM]).unwrap();
    world.swap(LENDER, &pair, (UATOM, atom)).unwrap();
    world.advance(10);
    world.publish(ALICE, &[UATOM]).unwrap();
    assert!(mid(&world) > rational(98, 10), "{}", mid(&world));
    // 70 % of 100 ATOM at about 2.5 USD.
    world.refused(|world| world.borrow(ALICE, UUSD, 180_000_000));
    let kept = world.snapshot();
    world.borrow(ALICE, UUSD, 170_000_000).unwrap();
    world.restore(&kept);
    // The attacker brings the price back for one transaction, and publishes that.
    let held = world.pair_pool(&pair).0[1];
    world.swap(BOB, &pair, (UUSD, usd - held)).unwrap();
    assert!(spot(&world, &pair) > rational(98, 10));
    world.publish(BOB, &[UATOM]).unwrap();
    let record = world.price_record(UATOM);
    assert!(record.low < price("2.6"), "{record:?}");
    world.refused(|world| world.borrow(ALICE, UUSD, 180_000_000));
}

/// Whoever makes a pair names its price, but only for as long as the others let him: nothing is published before the window is over.
#[test]
fn a_pair_just_created_has_no_price() {
    let mut world = World::builder().lent(1_000_000).build();
    let pair = world.deploy_pair(UUSD, UATOM, Ratio::ZERO).unwrap();
    let guards = Asset::new("unew", 6, "10").guards;
    let source = world.pair_source(UATOM, &pair, UUSD);
    let source = PairSource { quote_priced: false, ..source };
    world.set_source(UATOM, Source::Pair(source.clone()), guards).unwrap();
    // Empty: it is thin, and not even watched.
    let thin = |token: &str, reserve: u128| ContractError::PairThin {
        denom: UATOM.to_owned(),
        pair: pair.to_string(),
        token: token.to_owned(),
        reserve: Amount::new(reserve),
        min: Amount::new(1_000_000),
    };
    let error = world.refused(|world| world.publish(BOB, &[UATOM]));
    assert!(error.is(&thin(UATOM, 0)), "{error}");
    // Too little of one, then of the other.
    world.provide_liquidity(BOB, &pair, [(UUSD, 900_000_000), (UATOM, 999_999)]).unwrap();
    let error = world.refused(|world| world.publish(BOB, &[UATOM]));
    assert!(error.is(&thin(UATOM, 999_999)), "{error}");
    world.advance(10_000);
    world.provide_liquidity(BOB, &pair, [(UUSD, 900_000_000), (UATOM, 999_999)]).unwrap();
    for seconds in [0, 300, 299] {
        world.advance(seconds);
        assert_eq!(values(&world.publish(BOB, &[UATOM]).unwrap(), "pending"), [UATOM]);
    }
    assert_eq!(world.source(UATOM).pending.unwrap().record.timestamp, 0);
    world.advance(1);
    world.publish(BOB, &[UATOM]).unwrap();
    // 900 USD an ATOM. It is a price by now, but one that can't replace the old one.
    assert!(world.source(UATOM).pending.unwrap().record.price > price("900"));
    world.advance_fresh(86_400);
    world.publish(BOB, &[UATOM]).unwrap();
    world.advance_fresh(600);
    world.publish(BOB, &[UATOM]).unwrap();
    let error = world.refused(|world| world.apply_source(BOB, UATOM));
    assert!(error.to_string().contains("away from 10, the one in force"), "{error}");
}

/// A market that is drained gives no price, by message or by query: nobody borrows, and after a while the collateral counts at its upper
/// bound, so nobody is liquidated by a price that nobody trades at.
#[test]
fn a_drained_pair_has_no_price() {
    let (mut world, pair) = world();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    world.borrow(ALICE, UUSD, 600_000_000).unwrap();
    let everything = world.pair_shares(LENDER, &pair);
    world.withdraw_liquidity(LENDER, &pair, everything).unwrap();
    let held = world.pair_pool(&pair).0[0];
    let published = world.price_record(UATOM);
    // It is easily bent now.
    world.swap(BOB, &pair, (UATOM, held / 2)).unwrap();
    let error = world.refused(|world| world.publish(BOB, &[UATOM]));
    let thin = ContractError::PairThin {
        denom: UATOM.to_owned(),
        pair: pair.to_string(),
        token: UATOM.to_owned(),
        reserve: Amount::new(held + held / 2),
        min: Amount::new(1_000_000),
    };
    assert!(error.is(&thin), "{error}");
    world.advance(3_601);
    world.set_price(UUSD, "1");
    let fault = PriceFault::Stale { age: 3_601, max_age: 3_600 };
    let DenomPrice::Failed { fault: got, ceiling, .. } = world.price(UATOM) else { panic!("a price") };
    assert_eq!((got, ceiling), (fault, published.guards.ceiling));
    world.refused(|world| world.borrow(ALICE, UUSD, 1_000_000));
    assert!(!world.position(ALICE).liquidatable);
}

/// A move beyond the deviation is followed a step at a time, whoever publishes how often.
#[test]
fn a_lasting_move_is_followed_a_step_an_interval() {
    let (mut world, pair) = world();
    let [_, usd] = world.pair_pool(&pair).0;
    world.advance(60);
    world.swap(LENDER, &pair, (UUSD, usd)).unwrap();
    world.advance_fresh(700);
    for _ in 0..5 {
        world.publish(BOB, &[UATOM]).unwrap();
    }
    assert_eq!(world.price_record(UATOM).price, price("11"));
    assert!(world.price_record(UATOM).high > price("39"));
    world.advance_fresh(60);
    assert_eq!(world.price_record(UATOM).price, price("12.1"));
}

/// Two prices could hold each other up, so what a pair is quoted in is priced by no pair.
#[test]
fn a_pair_quoted_in_what_a_pair_prices_has_no_price() {
    let (mut world, pair) = world();
    let quoted = ContractError::QuoteSource { denom: UUSD.to_owned(), quote_denom: UATOM.to_owned() };
    let source = Source::Pair(world.pair_source(UUSD, &pair, UATOM));
    let guards = Asset::new(UUSD, 6, "1").guards;
    let error = world.refused(|world| world.set_source(UUSD, source.clone(), guards.clone()));
    assert!(error.is(&quoted), "{error}");
    // Set while it was still fed, and in force only now.
    let mut world = World::new();
    let pair = world.pair(UATOM, UUSD, 1_000_000);
    for (denom, quote) in [(UUSD, UATOM), (UATOM, UUSD)] {
        let source = Source::Pair(world.pair_source(denom, &pair, quote));
        let guards = world.price_record(denom).guards;
        world.set_source(denom, source, guards).unwrap();
    }
    world.advance_fresh(86_400);
    world.publish(BOB, &[UATOM, UUSD]).unwrap();
    world.advance_fresh(600);
    world.publish(BOB, &[UATOM, UUSD]).unwrap();
    world.apply_source(BOB, UATOM).unwrap();
    let error = world.refused(|world| world.publish(BOB, &[UUSD]));
    assert!(error.is(&quoted), "{error}");
}
