//! Issue A.6: a live price was borrowed against as if nobody had traded since.

use plimsoll_testing::{ALICE, Addr, BOB, LENDER, UATOM, UUSD, World};

use super::setup::world_with_pair;

/// The pair falls by a third, and nobody publishes that for 300 s.
fn fallen() -> (World, Addr) {
    let (mut world, pair) = world_with_pair();
    // √1.5 as much ATOM for √1.5 as few dollars, and a little more for the fee.
    world.swap(LENDER, &pair, (UATOM, 22_550_000_000)).unwrap();
    (world, pair)
}

/// 70 % of 100 ATOM at two thirds of 10, and not of 10: whoever bought there and borrowed at the record took a profit
/// from a quarter on.
#[test]
fn what_is_lent_against_a_pair_is_what_it_says_in_this_message() {
    let (mut world, pair) = fallen();
    world.deposit(BOB, UATOM, 100_000_000).unwrap();
    for seconds in [0, 60, 240] {
        world.advance(seconds);
        world.set_price(UUSD, "1");
        let [atom, usd] = world.pair_pool(&pair).0;
        let worth = 100_000_000 * usd / atom;
        assert!(worth < 667_000_000, "{worth}");
        world.refused(|world| world.borrow(BOB, UUSD, worth * 7 / 10 + 2));
        assert!(world.max_borrow(BOB, UUSD) <= worth * 7 / 10 + 1);
    }
    // Whoever buys there has paid more than is lent.
    let before = world.balance(BOB, UUSD);
    world.swap(BOB, &pair, (UUSD, 10_000_000_000)).unwrap();
    let bought = world.balance(BOB, UATOM) - (world.whole(UATOM, 100_000_000) - 100_000_000);
    world.deposit(BOB, UATOM, bought).unwrap();
    let lent = world.max_borrow(BOB, UUSD);
    world.borrow(BOB, UUSD, lent).unwrap();
    assert!(world.balance(BOB, UUSD) < before, "bought for less than was lent");
}

/// Withdrawing asks too, and a pair that doesn't answer lends nothing.
#[test]
fn what_is_withdrawn_is_judged_by_what_the_pair_says_now() {
    let (mut world, pair) = world_with_pair();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    world.borrow(ALICE, UUSD, 450_000_000).unwrap();
    let kept = world.snapshot();
    world.withdraw(ALICE, UATOM, 30_000_000).unwrap();
    world.restore(&kept);
    world.swap(LENDER, &pair, (UATOM, 22_550_000_000)).unwrap();
    world.refused(|world| world.withdraw(ALICE, UATOM, 30_000_000));
    world.restore(&kept);
    world.storage_mut(&pair).remove(b"l");
    world.refused(|world| world.withdraw(ALICE, UATOM, 1));
    world.refused(|world| world.borrow(ALICE, UUSD, 1));
    world.repay(ALICE, UUSD, 500_000_000).unwrap();
    world.withdraw_all(ALICE, UATOM).unwrap();
}
