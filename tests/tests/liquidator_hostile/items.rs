//! The same work named twice.

use plimsoll_liquidator::error::ContractError;
use plimsoll_risk::units::Amount;
use plimsoll_schema::liquidator::{Item, Route};
use plimsoll_testing::{ALICE, UATOM, UUSD, coin, route, values};

use crate::stage::{CALLER, fallen, item};

#[test]
fn items_named_twice_are_refused_however_they_are_written() {
    let (mut world, liquidator, honest) = fallen();
    let alice = world.addr(ALICE).into_string();
    let liquidate = |account_id, amount, min_receive| Item::Liquidate {
        user: alice.clone(),
        account_id,
        repay: coin(amount, UUSD),
        collateral_denom: UATOM.to_owned(),
        min_receive,
    };
    let write_off = |account_id| Item::WriteOff { user: alice.clone(), account_id };
    let there: Vec<Route> = vec![route(UATOM, UUSD, &[(&honest, UUSD)])];
    for (items, second) in [
        (vec![liquidate(None, 5, None), liquidate(Some(0), 7, Some(Amount::new(3)))], 1),
        (vec![liquidate(Some(0), 5, None), write_off(None), liquidate(None, 5, None)], 2),
        (vec![write_off(None), write_off(None)], 1),
        (vec![write_off(Some(0)), write_off(Some(1)), write_off(None)], 2),
    ] {
        let expected = ContractError::ItemTwice { first: 0, second };
        let error = world.refused(|world| world.liquidate_all(CALLER, &liquidator, items, there.clone(), 0));
        assert!(error.is(&expected), "{error}");
    }
    // To liquidate and to write off what is then left are different things, and so are two accounts.
    let items = vec![liquidate(None, 690_000_000, None), write_off(None), liquidate(Some(1), 690_000_000, None)];
    let response = world.liquidate_all(CALLER, &liquidator, items, there, 2).unwrap();
    assert_eq!(values(&response, "succeeded"), ["2"]);
}

#[test]
fn an_account_named_twice_in_different_letters_is_done_once() {
    let (mut world, liquidator, honest) = fallen();
    let shouted = Item::Liquidate {
        user: world.addr(ALICE).as_str().to_uppercase(),
        account_id: None,
        repay: coin(690_000_000, UUSD),
        collateral_denom: UATOM.to_owned(),
        min_receive: None,
    };
    let (work, there) = (vec![item(&world), shouted], vec![route(UATOM, UUSD, &[(&honest, UUSD)])]);
    let response = world.liquidate_all(CALLER, &liquidator, work, there, 1).unwrap();
    assert_eq!(values(&response, "succeeded"), ["1"]);
    assert_eq!(world.position(ALICE).health_factor.unwrap().to_string().get(..4), Some("1.05"));
}
