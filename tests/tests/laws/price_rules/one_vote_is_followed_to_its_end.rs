//! Issue A.5: the mid moved a step a publication.

use plimsoll_testing::{ALICE, LIQUIDATOR, UATOM, UUSD, price};

use super::setup::world;

/// 4 is said once: the mid stood at 9 for an hour, and at 9 again after five days of silence. 10 × 0.9⁹ = 3.87, so it
/// is there after 90 s.
#[test]
fn a_price_that_is_said_once_is_reached_and_liquidates() {
    let mut world = world();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    world.borrow(ALICE, UUSD, 690_000_000).unwrap();
    world.set_price(UATOM, "4");
    assert!(!world.position(ALICE).liquidatable);
    // 690 / 75 = 9.2: the first step of a tenth.
    world.advance(9);
    assert!(!world.position(ALICE).liquidatable);
    world.advance(1);
    assert!(world.position(ALICE).liquidatable);
    world.advance(80);
    assert_eq!(world.settled_price(UATOM), price("4"));
    world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 690_000_000)).unwrap();
}

/// Five days without a word: it stands where it stood when it grew too old, and the next observation moves it by no
/// more than its steps.
#[test]
fn a_silence_of_five_days_moves_nothing() {
    let mut world = world();
    world.set_price(UATOM, "4");
    world.advance(5 * 86_400);
    assert_eq!(world.settled_price(UATOM), price("4"));
    world.set_price(UATOM, "10");
    assert_eq!(world.settled_price(UATOM), price("4"));
    world.advance(10);
    assert_eq!(world.settled_price(UATOM), price("4.4"));
}

/// A stranger who keeps publishing, or a feeder who votes each second, doesn't hold it up.
#[test]
fn votes_each_second_hold_nothing_up() {
    let mut world = world();
    let [one, other] = plimsoll_testing::FEEDERS;
    world.set_price(UATOM, "4");
    for second in 1..=90 {
        world.advance(1);
        world.feed(if second % 2 == 0 { one } else { other }, &[(UATOM, "4")]).unwrap();
    }
    assert_eq!(world.settled_price(UATOM), price("4"));
}
