//! Routes that lead nowhere.

use plimsoll_liquidator::error::ContractError;
use plimsoll_risk::units::Ratio;
use plimsoll_testing::{AETH, ALICE, Addr, BOB, IBC_TOKEN, LENDER, UATOM, UUSD, World, coin, route, values};

use super::false_pair::false_pair;
use super::setup::{CALLER, DENOMS, fallen, holdings, item};

/// Routes that pass the first look and lead nowhere: each fails its own group only, and leaves no coin and no debt of
/// anybody's changed.
#[test]
fn a_route_that_does_not_connect_undoes_its_group_alone() {
    let (mut world, liquidator, _) = fallen();
    // Bob's account is liquidated beside, on a route that does connect.
    world.deposit(BOB, IBC_TOKEN, 100_000_000).unwrap();
    world.borrow(BOB, UUSD, 290_000_000).unwrap();
    world.set_price(IBC_TOKEN, "4.2");
    let beside = world.pair(IBC_TOKEN, UUSD, 100_000_000);

    let ibc_aeth = world.pair(IBC_TOKEN, AETH, 1_000_000);
    let empty = empty_pair(&mut world, UATOM, UUSD);
    let aeth_uusd = world.pair(AETH, UUSD, 1_000_000);
    let atom_ibc = world.pair(UATOM, IBC_TOKEN, 1_000_000);
    let nobody = world.addr("nobody");
    let thief = false_pair(&mut world, vec![], vec![]);
    let stingy = false_pair(&mut world, vec![], vec![coin(1, UUSD)]);
    let off_course = false_pair(&mut world, vec![], vec![coin(800_000_000, IBC_TOKEN)]);
    let pool = world.pool().clone();
    let itself = liquidator.clone();
    let garbage = Addr::unchecked("garbage");
    let routes: Vec<(&str, Vec<(&Addr, &str)>)> = vec![
        ("a pair of two other tokens", vec![(&ibc_aeth, UUSD)]),
        ("a pair that doesn't take what comes in first", vec![(&aeth_uusd, UUSD)]),
        ("pairs that don't meet", vec![(&atom_ibc, IBC_TOKEN), (&aeth_uusd, UUSD)]),
        ("a pair that pays something else than is said", vec![(&atom_ibc, AETH), (&aeth_uusd, UUSD)]),
        ("a pair without liquidity", vec![(&empty, UUSD)]),
        ("an address without a contract", vec![(&nobody, UUSD)]),
        ("what is no address", vec![(&garbage, UUSD)]),
        ("the pool", vec![(&pool, UUSD)]),
        ("the liquidator itself", vec![(&itself, UUSD)]),
        ("a contract that keeps what it gets", vec![(&thief, UUSD)]),
        ("a contract that pays next to nothing", vec![(&stingy, UUSD)]),
        ("a contract that pays in another coin", vec![(&off_course, UUSD)]),
    ];
    let fresh = world.snapshot();
    let alice = world.account(ALICE);
    for (what, hops) in routes {
        world.restore(&fresh);
        let before = holdings(&world, CALLER);
        let work = vec![item(&world), world.item(BOB, IBC_TOKEN, (UUSD, 290_000_000))];
        let there = vec![route(UATOM, UUSD, &hops), route(IBC_TOKEN, UUSD, &[(&beside, UUSD)])];
        let response = world.liquidate_all(CALLER, &liquidator, work, there, 1).unwrap();
        assert_eq!(values(&response, "succeeded").last(), Some(&"1"), "{what}");
        assert_eq!(world.account(ALICE), alice, "{what}");
        assert!(!world.position(BOB).liquidatable, "{what}");
        assert_eq!(holdings(&world, liquidator.as_str()), [0; 4], "{what}");
        let after = holdings(&world, CALLER);
        assert!(after[0] > before[0] && after[1..] == before[1..], "{what}");
        assert!(world.market(UUSD).stored.lent.is_zero(), "{what}");
        assert!(DENOMS.iter().all(|denom| world.solvency(denom).solvent), "{what}");
    }
}

fn empty_pair(world: &mut World, first: &str, second: &str) -> Addr {
    let pair = world.deploy_pair(first, second, Ratio::bps(30)).unwrap();
    // Coins sent to it without a message are no liquidity.
    world.send(LENDER, &pair, &[coin(1_000_000, first)]).unwrap();
    pair
}

#[test]
fn a_route_of_too_many_hops_is_refused_and_one_that_no_item_needs_is_not_looked_up() {
    let (mut world, liquidator, honest) = fallen();
    let hops: Vec<(&Addr, &str)> =
        [IBC_TOKEN, AETH, "ushell", "uother", UUSD].iter().map(|denom| (&honest, *denom)).collect();
    let work = vec![item(&world)];
    let there = vec![route(UATOM, UUSD, &hops)];
    let expected = ContractError::BadRoute { collateral_denom: UATOM.to_owned(), debt_denom: UUSD.to_owned(), max: 4 };
    let error = world.refused(|world| world.liquidate_all(CALLER, &liquidator, work.clone(), there, 0));
    assert!(error.is(&expected), "{error}");
    let idle = route(AETH, UUSD, &[(&Addr::unchecked("garbage"), UUSD)]);
    let there = vec![idle, route(UATOM, UUSD, &[(&honest, UUSD)])];
    world.liquidate_all(CALLER, &liquidator, work, there, 1).unwrap();
}
