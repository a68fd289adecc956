//! Issue A.7: a bend of one block paid.

use plimsoll_testing::{ALICE, Addr, BLOCK_SECONDS, BOB, LIQUIDATOR, UATOM, UUSD, World, price};

use super::setup::world_with_pair;

/// Trades with minted coins until the pair's price is this many millionths of a dollar.
fn bend(world: &mut World, pair: &Addr, micros: u128) {
    for _ in 0..60 {
        let [atom, usd] = world.pair_pool(pair).0;
        let aim_atom = (atom * usd / micros * 1_000_000).isqrt();
        let aim_usd = (atom * usd / 1_000_000 * micros).isqrt();
        let (denom, amount) = if aim_atom > atom {
            (UATOM, (aim_atom - atom).min(atom * 9 / 10))
        } else {
            (UUSD, aim_usd.saturating_sub(usd).min(usd * 9 / 10))
        };
        let held = if denom == UATOM { atom } else { usd };
        if amount < held / 100_000 {
            return;
        }
        world.mint("bender", denom, amount);
        world.swap("bender", pair, (denom, amount)).unwrap();
    }
    panic!("it doesn't bend");
}

/// Over one block boundary a quarter of a window, and again in each message: 19 million dollars brought mid and low to
/// 20.79 in 150 s, and a profit of 204,340. What is lent and what is liquidated moves by the share of the block, 5 s of
/// 150.
#[test]
fn what_is_lent_and_liquidated_moves_by_a_bends_share_of_the_time() {
    let (mut world, pair) = world_with_pair();
    world.deposit(BOB, UATOM, 10_000_000_000).unwrap();
    let most = |world: &World| world.max_borrow(BOB, UUSD);
    let honest = most(&world);
    for _ in 0..12 {
        bend(&mut world, &pair, 400_000_000);
        world.advance(BLOCK_SECONDS);
        world.publish(BOB, &[UATOM]).unwrap();
        assert!(most(&world) < honest / 1_000 * 1_035, "{} {honest}", most(&world));
        bend(&mut world, &pair, 10_000_000);
        world.advance(145);
        world.set_price(UUSD, "1");
        bend(&mut world, &pair, 400_000_000);
        world.publish(BOB, &[UATOM]).unwrap();
        assert!(most(&world) < honest / 1_000 * 1_035, "{} {honest}", most(&world));
        bend(&mut world, &pair, 10_000_000);
    }
    assert!(world.settled_price(UATOM) < price("10.35"), "{}", world.settled_price(UATOM));
}

/// Downwards a 45 % debtor was liquidated.
#[test]
fn a_debtor_at_45_per_cent_is_not_liquidated_by_bends() {
    let (mut world, pair) = world_with_pair();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    world.borrow(ALICE, UUSD, 450_000_000).unwrap();
    for _ in 0..12 {
        bend(&mut world, &pair, 250_000);
        world.advance(BLOCK_SECONDS);
        world.publish(BOB, &[UATOM]).unwrap();
        world.refused(|world| world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 450_000_000)));
        bend(&mut world, &pair, 10_000_000);
        world.advance(145);
        world.set_price(UUSD, "1");
        bend(&mut world, &pair, 250_000);
        world.publish(BOB, &[UATOM]).unwrap();
        world.refused(|world| world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 450_000_000)));
        bend(&mut world, &pair, 10_000_000);
    }
    assert!(world.settled_price(UATOM) > price("9.66"), "{}", world.settled_price(UATOM));
    assert!(world.position(ALICE).health_factor.unwrap().raw() > 1_600_000_000_000_000_000);
}
