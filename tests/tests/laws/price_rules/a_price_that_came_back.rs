//! Issue A.4: a liquidation at a price that everybody has left.

use plimsoll_testing::{ALICE, LIQUIDATOR, UATOM, UUSD, price, values};

use super::setup::world;

/// 10, for a while 7, and 10 again: both votes were at 10, the mid at 8.12, and a dollar bought 1.342. As soon as it is
/// back the collateral counts at 10, and she is healthy; what is bought on the way is bought where it settled, 8.1.
#[test]
fn a_price_that_came_back_liquidates_nobody() {
    let mut world = world();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    world.borrow(ALICE, UUSD, 690_000_000).unwrap();
    world.set_price(UATOM, "7");
    world.advance(20);
    assert_eq!(world.settled_price(UATOM), price("8.1"));
    let kept = world.snapshot();
    let response = world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 100_000_000)).unwrap();
    // 100 / 8.1 × 1.1 = 13.580246 ATOM.
    assert_eq!(values(&response, "seized"), ["13580246"]);
    world.restore(&kept);
    world.set_price(UATOM, "10");
    assert_eq!(world.settled_price(UATOM), price("8.1"));
    assert!(!world.position(ALICE).liquidatable);
    world.refused(|world| world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 100_000_000)));
}

/// The same with one feeder who still says 7: the nearest edge of the last observation is 10.
#[test]
fn one_vote_of_two_that_is_left_behind_liquidates_nobody() {
    let mut world = world();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    world.borrow(ALICE, UUSD, 690_000_000).unwrap();
    let [one, other] = plimsoll_testing::FEEDERS;
    world.feed(one, &[(UATOM, "7")]).unwrap();
    world.advance(120);
    world.set_price(UUSD, "1");
    assert_eq!(world.settled_price(UATOM), price("10"));
    assert!(!world.position(ALICE).liquidatable);
    // Nothing is lent against more than 7.
    world.refused(|world| world.borrow(ALICE, UUSD, 1));
    world.feed(other, &[(UATOM, "10")]).unwrap();
    assert!(!world.position(ALICE).liquidatable);
}
