//! The same work named twice.

use plimsoll_schema::pool::{LiquidateItem, LiquidationItem, UserAccount};
use plimsoll_testing::{ALICE, UATOM, UUSD, route, values};

use super::setup::{CALLER, fallen, holdings, item, item_of};

/// However an account is written, it is one: what comes second finds what the first has left, and fails alone.
#[test]
fn an_account_named_twice_is_done_once() {
    let (mut world, liquidator, honest) = fallen();
    let there = vec![route(UATOM, UUSD, &[(&honest, UUSD)])];
    let fresh = world.snapshot();
    world.liquidate_all(CALLER, &liquidator, vec![item(&world)], there.clone(), 1).unwrap();
    let done = world.account(ALICE);
    let earned = holdings(&world, CALLER);
    let LiquidationItem::Liquidate(once) = item(&world) else { unreachable!() };
    let again = [
        LiquidateItem { account_id: None, ..once.clone() },
        LiquidateItem { max_repay: None, ..once.clone() },
        LiquidateItem { user: once.user.to_uppercase(), ..once },
    ];
    for second in again {
        world.restore(&fresh);
        let work = vec![item(&world), LiquidationItem::Liquidate(second.clone())];
        let response = world.liquidate_all(CALLER, &liquidator, work, there.clone(), 1).unwrap();
        assert_eq!(values(&response, "succeeded"), ["1"], "{second:?}");
        assert_eq!((world.account(ALICE), holdings(&world, CALLER)), (done.clone(), earned.clone()), "{second:?}");
    }
}

/// To liquidate an account and to write off what is left of it are different things.
#[test]
fn a_write_off_beside_the_liquidation_of_the_same_account_is_tried_on_its_own() {
    let (mut world, liquidator, honest) = fallen();
    let user = world.addr(ALICE).into_string();
    let write_off = |account_id| LiquidationItem::WriteOff(UserAccount { user: user.clone(), account_id });
    let there = vec![route(UATOM, UUSD, &[(&honest, UUSD)])];
    let work = vec![write_off(None), item(&world), write_off(Some(0)), item_of(&world, 1)];
    let response = world.liquidate_all(CALLER, &liquidator, work, there, 2).unwrap();
    assert_eq!(values(&response, "succeeded"), ["2", "0", "2"]);
    assert_eq!(values(&response, "failed").len(), 2, "there is collateral left, and nothing to write off");
}
