//! After a halt of the oracle: who is liquidated when, and what is open meanwhile.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test may stop at a surprise")]

use crate::support::refuses;
use plimsoll_risk::heartbeat::HaltGrace;
use plimsoll_risk::units::{Amount, Ratio};
use plimsoll_schema::oracle::{ExecuteMsg as OracleMsg, FeedPrice, InstantiateMsg};
use plimsoll_schema::pool::{AssetChanges, BatchAction as Act, Borrow, ExecuteMsg, FromPurse};
use plimsoll_testing::{
    AETH, ALICE, Addr, Asset, BOB, FEEDERS, IBC_TOKEN, LIQUIDATOR, OWNER, UATOM, UUSD, World, coin, oracle_code, price,
};

const SPARED: &str = "account is spared in the grace after a halt";
const HALTED: &str =
    "the oracle was halted: until the grace is over nothing is borrowed, and no indebted account is lowered";

/// A grace of fifteen minutes after more than fifteen minutes without a price. Alice owes 640 USD against 100 ATOM, Bob 690.
fn world() -> World {
    let grace = HaltGrace { gap: 900, grace: 900 };
    let builder = World::builder().lent(1_000_000).pool(|config| config.halt_grace = grace);
    let mut world = builder.oracle(|oracle| oracle.heartbeat_gap = 900).build();
    for (who, debt) in [(ALICE, 640_000_000), (BOB, 690_000_000)] {
        world.deposit(who, UATOM, 100_000_000).unwrap();
        world.borrow(who, UUSD, debt).unwrap();
    }
    world
}

fn liquidate(world: &mut World, who: &str) -> crate::support::Outcome {
    world.liquidate(LIQUIDATOR, who, UATOM, (UUSD, 1_000_000))
}

#[test]
fn liquidate_after_a_halt_waits_for_whoever_has_more_than_debt_and_the_full_bonus() {
    let mut world = world();
    world.advance(3_000);
    world.set_prices(&[(UATOM, "7.55"), (UUSD, "1")]);
    // 755 / 640 = 1.18 is above 1.1, 755 / 690 = 1.094 is not.
    assert!(!world.position(ALICE).liquidatable);
    refuses(&mut world, SPARED, |world| liquidate(world, ALICE));
    liquidate(&mut world, BOB).unwrap();
    world.advance(899);
    refuses(&mut world, SPARED, |world| liquidate(world, ALICE));
    world.advance(1);
    assert!(world.position(ALICE).liquidatable);
    liquidate(&mut world, ALICE).unwrap();
}

#[test]
fn in_the_grace_debts_are_repaid_and_collateral_is_added_but_nothing_is_borrowed() {
    let mut world = world();
    world.advance(3_000);
    world.set_prices(&[(UATOM, "10"), (UUSD, "1")]);
    refuses(&mut world, HALTED, |world| world.borrow(ALICE, UUSD, 1));
    refuses(&mut world, HALTED, |world| world.withdraw(ALICE, UATOM, 1));
    world.repay(ALICE, UUSD, 10_000_000).unwrap();
    world.deposit(ALICE, UATOM, 10_000_000).unwrap();
    world.advance(900);
    world.borrow(ALICE, UUSD, 1_000_000).unwrap();
}

#[test]
fn a_gap_that_nobody_has_ended_yet_stops_liquidation_as_well() {
    let mut world = world();
    world.set_price(UATOM, "8");
    world.advance(901);
    refuses(&mut world, SPARED, |world| liquidate(world, ALICE));
}

#[test]
fn a_second_halt_within_a_day_gets_no_second_grace() {
    let mut world = world();
    world.advance(1_000);
    world.set_prices(&[(UATOM, "8"), (UUSD, "1")]);
    refuses(&mut world, SPARED, |world| liquidate(world, ALICE));
    world.advance(80_000);
    world.set_prices(&[(UATOM, "8"), (UUSD, "1")]);
    liquidate(&mut world, ALICE).unwrap();
}

#[test]
fn a_threshold_does_not_fall_while_the_oracle_is_halted() {
    let mut world = world();
    let target = Ratio::percent(65);
    let changes = AssetChanges {
        max_loan_to_value: Some(Ratio::percent(60)),
        liquidation_threshold: Some(target),
        ..AssetChanges::default()
    };
    world.update_asset(UATOM, changes).unwrap();
    let start = world.market(UATOM).liquidation_threshold;
    // Three days without a price: only the fifteen minutes up to the halt have counted.
    world.advance(3 * 86_400);
    let fallen = world.market(UATOM).liquidation_threshold;
    // 0.1 over three days: 900 s are 0.1 × 900 / 259,200 = 0.000347222… of it.
    assert_eq!(start.to_string(), "0.75");
    assert_eq!(fallen.to_string(), "0.749652777777777778");
    world.set_prices(&[(UATOM, "10"), (UUSD, "1")]);
    assert_eq!(world.market(UATOM).liquidation_threshold.to_string(), "0.749652777777777778");
}

/// 20 is what an ATOM is worth by now, and nobody could tell: 73.9 of them for 739 USD repaid would leave 478 USD of bad debt.
#[test]
fn in_a_halt_no_improvement_borrows_at_the_prices_from_before_it() {
    let mut world = world();
    world.deposit(LIQUIDATOR, AETH, 500_000_000_000_000_000).unwrap();
    world.borrow(LIQUIDATOR, UUSD, 740_000_000).unwrap();
    world.advance(901);
    let repay = Act::Repay(FromPurse { coin: coin(740_100_000, UUSD), account_id: None, on_behalf_of: None });
    let borrow = |denom: &str, amount| {
        let amount = Amount::new(amount);
        Act::Borrow(Borrow {
            denom: denom.to_owned(),
            amount: amount.into(),
            recipient: None,
            account_id: None,
            on_behalf_of: None,
        })
    };
    let acts = [repay, borrow(UATOM, 73_900_000)];
    refuses(&mut world, HALTED, |world| world.batch(LIQUIDATOR, acts.clone(), &[coin(740_100_000, UUSD)]));
}

/// A pause that the pool takes for none would start the day's one grace, and after a halt that the oracle takes for none there would be none.
#[test]
fn a_halt_of_the_pool_that_is_no_gap_of_its_oracle_is_refused() {
    let mut world = world();
    for gap in [600, 899, 901, 3_600] {
        let mut config = world.config().config;
        config.halt_grace.gap = gap;
        let text = format!("halt_grace.gap {gap} is not the oracle's heartbeat gap 900");
        refuses(&mut world, &text, |world| {
            world.execute(OWNER, &ExecuteMsg::UpdateConfig { config: config.clone() }, &[])
        });
    }
    let oracle = another_oracle(&mut world, 1_200);
    let msg = ExecuteMsg::UpdateOracle { oracle: oracle.into_string() };
    world.execute(OWNER, &msg, &[]).unwrap();
    world.advance_fresh(86_400);
    let text = "halt_grace.gap 900 is not the oracle's heartbeat gap 1200";
    refuses(&mut world, text, |world| world.execute(OWNER, &msg, &[]));
}

fn another_oracle(world: &mut World, heartbeat_gap: u64) -> Addr {
    let owner = world.addr(OWNER).into_string();
    let msg = InstantiateMsg { owner, production: false, source_delay: 0, heartbeat_gap, guardian: None };
    let oracle = world.deploy(oracle_code(), OWNER, &msg, &[], "oracle").unwrap();
    for asset in world.assets().to_vec() {
        let source = world.feed_source(&FEEDERS, 2);
        let msg = OracleMsg::SetSource { denom: asset.params.denom, source, guards: asset.guards };
        world.execute_contract(OWNER, &oracle, &msg, &[]).unwrap();
    }
    feed(world, &oracle, &[]);
    oracle
}

/// Tells another oracle the prices of all, these in place of theirs.
fn feed(world: &mut World, oracle: &Addr, prices: &[(&str, &str)]) {
    let told = |asset: &Asset| {
        let other = prices.iter().find(|(denom, _)| *denom == asset.params.denom);
        let price = other.map_or(asset.price, |(_, told)| price(told));
        FeedPrice { denom: asset.params.denom.clone(), price, observed_at: None }
    };
    let prices: Vec<_> = world.assets().iter().map(told).collect();
    for feeder in FEEDERS {
        world.execute_contract(feeder, oracle, &OracleMsg::Feed { prices: prices.clone() }, &[]).unwrap();
    }
}

/// The oracle dies when a ramp of three days has just begun. With its successor, which lost no second, the ramp goes on from where it was.
#[test]
fn another_oracle_ends_no_ramp() {
    let mut world = world();
    let changes = AssetChanges {
        max_loan_to_value: Some(Ratio::percent(50)),
        liquidation_threshold: Some(Ratio::percent(55)),
        ..AssetChanges::default()
    };
    world.update_asset(UATOM, changes).unwrap();
    let successor = another_oracle(&mut world, 900);
    let msg = ExecuteMsg::UpdateOracle { oracle: successor.to_string() };
    world.execute(OWNER, &msg, &[]).unwrap();
    for _ in 0..289 {
        world.advance(900);
        feed(&mut world, &successor, &[]);
    }
    let threshold = world.market(UATOM).liquidation_threshold;
    assert!(threshold > Ratio::percent(74), "{threshold}");
    world.execute(OWNER, &msg, &[]).unwrap();
    assert_eq!(world.config().config.oracle, successor.to_string());
    let after = world.market(UATOM).liquidation_threshold;
    assert!(after.raw().abs_diff(threshold.raw()) <= 1, "{after} after {threshold}");
    for _ in 0..288 {
        world.advance(900);
        feed(&mut world, &successor, &[]);
    }
    assert_eq!(world.market(UATOM).liquidation_threshold, Ratio::percent(55));
}

/// Bob's five dollars of a token that fell silent don't spare 300 USD of ATOM against 645 of debt.
#[test]
fn a_little_debt_in_a_silent_token_spares_nobody() {
    let mut world = world();
    world.borrow(ALICE, IBC_TOKEN, 1_000_001).unwrap();
    world.advance(3_700);
    world.set_prices(&[(UATOM, "3"), (UUSD, "1")]);
    liquidate(&mut world, BOB).unwrap();
    liquidate(&mut world, ALICE).unwrap();
}

#[test]
fn set_off_in_the_grace_says_that_the_account_is_spared() {
    let mut world = world();
    world.deposit(ALICE, UUSD, 50_000_000).unwrap();
    world.advance(3_000);
    world.set_prices(&[(UATOM, "8"), (UUSD, "1")]);
    refuses(&mut world, SPARED, |world| world.set_off(BOB, ALICE, UUSD));
    world.advance(900);
    world.set_off(BOB, ALICE, UUSD).unwrap();
}

/// Another oracle, which says that ATOM is at 8, takes over after a day's notice; the present one is told its prices meanwhile, or is dead.
fn taken_over(is_told: bool) -> (World, Addr) {
    let mut world = world();
    let successor = another_oracle(&mut world, 900);
    let msg = ExecuteMsg::UpdateOracle { oracle: successor.to_string() };
    world.execute(OWNER, &msg, &[]).unwrap();
    for _ in 0..97 {
        world.advance(900);
        feed(&mut world, &successor, &[(UATOM, "8")]);
        if is_told {
            world.refresh_prices();
        }
    }
    world.execute(OWNER, &msg, &[]).unwrap();
    (world, successor)
}

#[test]
fn another_oracle_after_a_halt_starts_with_a_grace() {
    let (mut world, successor) = taken_over(false);
    refuses(&mut world, SPARED, |world| liquidate(world, ALICE));
    refuses(&mut world, HALTED, |world| world.withdraw(ALICE, UATOM, 1));
    world.advance(899);
    refuses(&mut world, SPARED, |world| liquidate(world, ALICE));
    world.advance(1);
    feed(&mut world, &successor, &[(UATOM, "8")]);
    liquidate(&mut world, ALICE).unwrap();
}

#[test]
fn another_oracle_without_a_halt_starts_without_a_grace() {
    let (mut world, _) = taken_over(true);
    liquidate(&mut world, ALICE).unwrap();
}

/// 100 ATOM at 6 and 200 tokens at 5, of which nobody has told since the halt, cover 1,200 USD and the bonus.
#[test]
fn a_token_that_is_told_later_after_a_halt_counts_by_what_was_last_observed() {
    let mut world = world();
    world.deposit(ALICE, IBC_TOKEN, 200_000_000).unwrap();
    world.borrow(ALICE, UUSD, 560_000_000).unwrap();
    world.advance(2 * 3_600);
    world.set_prices(&[(UATOM, "6"), (UUSD, "1")]);
    refuses(&mut world, SPARED, |world| liquidate(world, ALICE));
    world.set_prices(&[(IBC_TOKEN, "2")]);
    liquidate(&mut world, ALICE).unwrap();
}

#[test]
fn the_same_oracle_prolongs_no_grace() {
    let mut world = world();
    let msg = ExecuteMsg::UpdateOracle { oracle: world.oracle().to_string() };
    world.execute(OWNER, &msg, &[]).unwrap();
    for _ in 0..96 {
        world.advance_fresh(900);
    }
    world.advance(3_000);
    world.set_prices(&[(UATOM, "8"), (UUSD, "1")]);
    world.advance(450);
    world.execute(OWNER, &msg, &[]).unwrap();
    world.advance(449);
    refuses(&mut world, SPARED, |world| liquidate(world, ALICE));
    world.advance(1);
    liquidate(&mut world, ALICE).unwrap();
}
