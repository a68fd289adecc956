//! Issue A.2: a failing price healed its debtor.

use plimsoll_testing::{ALICE, Asset, BOB, LIQUIDATOR, UATOM, UUSD, World, price, ratio};

use super::setup::{builder, fed, pass, world};

const LUNA: &str = "uluna";

/// 1,000 ATOM and 400 LUNA for 7,000 dollars. LUNA is at 1, not below 0.01; the bounds don't hold.
fn world_with_luna() -> World {
    let mut world = world();
    let mut luna = Asset::new(LUNA, 6, "1");
    luna.guards = fed(&luna.guards);
    luna.guards.floor = price("0.01");
    world.list(luna);
    world.deposit(ALICE, UATOM, 1_000_000_000).unwrap();
    world.deposit(ALICE, LUNA, 400_000_000).unwrap();
    world.borrow(ALICE, UUSD, 7_000_000_000).unwrap();
    world
}

/// At 0.011 her health factor is (9,000 + 4.4) × 0.75 / 7,000 = 0.9647. At 0.009, below the floor, it was 2.82.
#[test]
fn a_collateral_below_its_floor_counts_at_what_it_has_settled_at() {
    let mut world = world_with_luna();
    for (luna, low, high) in [("0.011", "0.9646", "0.9648"), ("0.009", "0.9646", "0.9648")] {
        for _ in 0..10 {
            world.set_prices(&[(UATOM, "9"), (LUNA, luna), (UUSD, "1")]);
            world.advance(60);
        }
        let health = world.position(ALICE).health_factor.unwrap();
        assert!(ratio(low) < health && health < ratio(high), "{health} at {luna}");
    }
    // Nobody says anything of LUNA any more: it counts at most a tenth above where it settled, and whoever can
    // liquidates ATOM.
    for _ in 0..70 {
        world.advance(60);
        world.set_prices(&[(UATOM, "8.99"), (UUSD, "1")]);
    }
    let health = world.position(ALICE).health_factor.unwrap();
    assert!(ratio("0.963") < health && health < ratio("0.965"), "{health}");
    world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 100_000_000)).unwrap();
}

/// A pair's only provider leaves: neither the collateral that the pair prices nor a debt in it counts for anything else
/// than before.
#[test]
fn a_pair_whose_provider_leaves_heals_no_collateral_and_no_debt() {
    let mut world = world();
    let pair = world.pair(UATOM, UUSD, 1_000_000);
    let source = world.pair_source(UATOM, &pair, UUSD);
    let guards = super::setup::paired(&world.source(UATOM).guards);
    world.price_by_pair_within(UATOM, source, guards);
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    world.borrow(ALICE, UUSD, 600_000_000).unwrap();
    world.deposit(BOB, UUSD, 1_000_000_000).unwrap();
    world.borrow(BOB, UATOM, 79_000_000).unwrap();
    let health = |world: &World| [ALICE, BOB].map(|who| world.position(who).health_factor.unwrap());
    let before = health(&world);
    let everything = world.pair_shares("lender", &pair);
    world.withdraw_liquidity("lender", &pair, everything).unwrap();
    pass(&mut world, 6);
    for (before, after) in before.into_iter().zip(health(&world)) {
        // What is left in the pair are a few hundred units, whose quotient is a little off; and interest of a quarter
        // of an hour.
        let part = before.raw() / 1_000;
        assert!((997 * part..1_003 * part).contains(&after.raw()), "{before} {after}");
    }
}

/// A debt at 4.99 with a ceiling of 5 had a health factor of 0.94, and at 5.01 one of 23.4.
#[test]
fn a_debt_above_its_ceiling_counts_at_what_it_has_settled_at() {
    let bounds = |asset: &mut Asset| (asset.guards.ceiling, asset.price) = (price("5"), price("4"));
    let mut world = builder().edit(UATOM, bounds).lent(1_000_000).build();
    world.deposit(ALICE, UUSD, 1_000_000_000).unwrap();
    world.borrow(ALICE, UATOM, 181_000_000).unwrap();
    let mut at = vec![];
    for told in ["4.99", "5.01"] {
        world.set_prices(&[(UATOM, told), (UUSD, "1")]);
        world.advance(60);
        at.push(world.position(ALICE).health_factor.unwrap());
    }
    // 850 / (181 × 4.99) = 0.9411, and 850 / (181 × 5.01) = 0.9373.
    assert!(ratio("0.9410") < at[0] && at[0] < ratio("0.9412"), "{}", at[0]);
    assert!(ratio("0.9372") < at[1] && at[1] < ratio("0.9375"), "{}", at[1]);
}
