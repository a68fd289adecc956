//! Issue A.3: products parted from their parts.

use plimsoll_risk::params::BonusCurve;
use plimsoll_risk::price::Guards;
use plimsoll_risk::units::Ratio;
use plimsoll_testing::{ALICE, Asset, LIQUIDATOR, UUSD, World, price, ratio};

use super::setup::{fed, paired, world};

const ETH: &str = "ueth";
const STETH: &str = "usteth";

/// A token that may be borrowed against to 90 % and is liquidated at 94 %, for 1 to 2 %.
fn correlated(denom: &str) -> Asset {
    let mut asset = Asset::new(denom, 6, "2000").with_ltv(90, 94);
    asset.guards = Guards { ceiling: price("100000"), ..fed(&asset.guards) };
    asset.params.liquidation_bonus =
        BonusCurve { min: Ratio::percent(1), max: Ratio::percent(2), full_at: Ratio::percent(97) };
    asset
}

/// ETH at 2,000, fed; stETH by a pair with ETH, one for one; a million ETH's worth of each lent.
fn world_with_steth() -> World {
    let mut world = world();
    for denom in [ETH, STETH] {
        world.list(correlated(denom));
        world.deposit("lender", denom, 10_000_000_000).unwrap();
    }
    let pair = world.pair(STETH, ETH, 20_000_000);
    let source = world.pair_source(STETH, &pair, ETH);
    let guards = paired(&world.source(STETH).guards);
    world.price_by_pair_within(STETH, source, guards);
    world
}

/// A loop: 100 stETH for 87.5 ETH. 100 × 0.94 / 87.5 = 1.0743 whatever ETH does. At +8 % in 20 s it was 0.994, at −25 %
/// 1.357.
#[test]
fn a_loop_does_not_change_with_what_both_sides_hang_on() {
    let mut world = world_with_steth();
    world.deposit(ALICE, STETH, 100_000_000).unwrap();
    world.borrow(ALICE, ETH, 87_500_000).unwrap();
    let kept = world.snapshot();
    for told in ["2160", "1500", "200", "20000"] {
        world.restore(&kept);
        world.set_price(ETH, told);
        for _ in 0..20 {
            let health = world.position(ALICE).health_factor.unwrap();
            assert!(ratio("1.0742") < health && health < ratio("1.0744"), "{health} at {told}");
            world.refused(|world| world.liquidate(LIQUIDATOR, ALICE, STETH, (ETH, 10_000_000)));
            world.advance(1);
        }
    }
}

/// 500 stETH, worth a million, and then half a million dollars: nobody published stETH, and 1,487,499 dollars were
/// lent.
#[test]
fn what_is_lent_against_a_rate_is_what_its_quote_says_now() {
    let mut world = world_with_steth();
    world.deposit(ALICE, STETH, 500_000_000).unwrap();
    world.set_price(ETH, "1000");
    world.advance(20);
    world.refused(|world| world.borrow(ALICE, UUSD, 450_000_000_001));
    // Less the interest of a first minute.
    world.borrow(ALICE, UUSD, 449_999_000_000).unwrap();
}

/// Two fed tokens with different speeds, both fall by 40 % in one block. The account, truly at 1.33, was judged at
/// 0.842, and 60 ETH bought
/// 99.5 stETH. A debt counts at once at the fallen price, a collateral where it has settled: it is never judged below what
/// is true.
#[test]
fn two_fed_tokens_of_different_speed_liquidate_nobody_on_their_way() {
    let mut world = world();
    for (denom, step_interval) in [(ETH, 60), (STETH, 10)] {
        let mut asset = correlated(denom);
        asset.guards.step_interval = step_interval;
        world.list(asset);
        world.deposit("lender", denom, 10_000_000_000).unwrap();
    }
    world.deposit(ALICE, STETH, 100_000_000).unwrap();
    // 100 × 0.94 / 70.67 = 1.33.
    world.borrow(ALICE, ETH, 70_670_000).unwrap();
    let truth = ratio("1.33");
    for (slow, fast) in [("1200", "1200"), ("3000", "3000")] {
        for _ in 0..60 {
            world.set_prices(&[(ETH, slow), (STETH, fast)]);
            let health = world.position(ALICE).health_factor.unwrap();
            assert!(health >= truth, "{health} at {slow}");
            world.refused(|world| world.liquidate(LIQUIDATOR, ALICE, STETH, (ETH, 60_000_000)));
            world.advance(10);
        }
        // Both are where they were told, and so is she.
        let health = world.position(ALICE).health_factor.unwrap();
        assert!(health < ratio("1.3302"), "{health} at {slow}");
    }
}
