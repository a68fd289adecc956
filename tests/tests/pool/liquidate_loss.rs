//! `liquidate` when the collateral does not pay for the debt: the loss is booked in the same transaction.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests: names say what is tested, and a failed setup is a failure"
)]

use crate::support::{assert_solvent, refuses};
use plimsoll_schema::pool::AssetChanges;
use plimsoll_testing::{AETH, ALICE, BOB, LENDER, LIQUIDATOR, UATOM, UUSD, World, coin, ratio, values};

/// As everywhere, but a sale costs as much as the least bonus, 2 %.
fn indebted(debt: u128) -> World {
    let mut world = crate::support::indebted(debt);
    selling_costs_two_percent(&mut world);
    world
}

fn selling_costs_two_percent(world: &mut World) {
    for denom in [UATOM, AETH] {
        world.update_asset(denom, AssetChanges { sale_cost: Some(ratio("0.02")), ..Default::default() }).unwrap();
    }
}

#[test]
fn liquidate_below_the_least_bonus_seizes_all_and_suppliers_bear_the_rest() {
    // 6.12: collateral of 612 for 640. At 2 % it pays for 600; 40 are lost, and there are no reserves yet.
    let mut world = indebted(640_000_000);
    world.set_price(UATOM, "6.12");
    let uusd = world.balance(LIQUIDATOR, UUSD);
    let uatom = world.balance(LIQUIDATOR, UATOM);
    let supply = world.market(UUSD).supply.raw();
    let response = world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 640_000_000)).unwrap();

    assert_eq!(values(&response, "repaid"), ["600000000"]);
    assert_eq!(values(&response, "seized"), ["100000000"]);
    // All of the bonus is what the sale costs: the protocol has no part in it.
    assert_eq!(values(&response, "fee"), ["0"]);
    assert_eq!(values(&response, "written_off"), ["40000000uusd"]);
    assert_eq!(values(&response, "borne_by_reserves"), ["0uusd"]);
    assert_eq!(values(&response, "borne_by_suppliers"), ["40000000uusd"]);
    assert!(values(&response, "swept").is_empty());
    assert_eq!(values(&response, "denom"), [UUSD]);
    assert_eq!(world.balance(LIQUIDATOR, UUSD), uusd - 600_000_000);
    assert_eq!(world.balance(LIQUIDATOR, UATOM), uatom + 100_000_000);
    assert_eq!(world.market(UUSD).supply.raw(), supply - 40_000_000);
    assert!(world.market(UUSD).debt.is_zero());
    assert_eq!(world.account(ALICE), Default::default());
    assert!(world.borrowers().is_empty());
    assert_solvent(&world);
}

#[test]
fn liquidate_with_a_loss_spreads_it_over_suppliers_by_their_shares() {
    let mut world = World::new();
    selling_costs_two_percent(&mut world);
    world.deposit(LENDER, UUSD, 750_000_000).unwrap();
    world.deposit(BOB, UUSD, 250_000_000).unwrap();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    world.borrow(ALICE, UUSD, 640_000_000).unwrap();
    world.set_price(UATOM, "6.12");
    world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 640_000_000)).unwrap();
    // 40 of 1,000 lost: 30 and 10, up to the unit that virtual shares and rounding take.
    for (who, left) in [(LENDER, 720_000_000), (BOB, 240_000_000)] {
        let supplied = world.supplied(who, UUSD);
        assert!(supplied <= left && supplied + 1 >= left, "{supplied} of {left}");
    }
    assert_solvent(&world);
}

#[test]
fn liquidate_with_a_loss_takes_reserves_first() {
    let mut world = World::builder().lent(1_000_000).build();
    selling_costs_two_percent(&mut world);
    // Bob's interest of a year fills the reserves: 600,000 at 3 %, a tenth of it, as in the tests of reserves.
    world.deposit(BOB, AETH, 1_000_000_000_000_000_000_000).unwrap();
    world.borrow(BOB, UUSD, 600_000_000_000).unwrap();
    world.advance_fresh(365 * 86_400);
    world.repay(BOB, UUSD, 700_000_000_000).unwrap();
    let reserves = world.market(UUSD).reserves.raw();
    assert_eq!(reserves, 1_827_273_577);

    world.deposit(ALICE, UATOM, 1_000_000_000).unwrap();
    world.borrow(ALICE, UUSD, 6_400_000_000).unwrap();
    let before = world.snapshot();
    let supply = world.market(UUSD).supply.raw();
    // 612 of 640 pays for 600 each: 400 are lost, with the 6,400 × 0.00032 / 525,600 = 0.000003 of the first minute,
    // and reserves have them.
    world.set_price(UATOM, "6.12");
    let response = world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 6_400_000_000)).unwrap();
    assert_eq!(values(&response, "borne_by_reserves"), ["400000003uusd"]);
    assert_eq!(values(&response, "borne_by_suppliers"), ["0uusd"]);
    assert_eq!(world.market(UUSD).reserves.raw(), 1_427_273_574);
    assert_eq!(world.market(UUSD).supply.raw(), supply);
    assert_solvent(&world);

    // 2.04: pays for 2,000 of 6,400; the 4,400 lost are more than reserves have.
    world.restore(&before);
    world.set_price(UATOM, "2.04");
    let response = world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 6_400_000_000)).unwrap();
    assert_eq!(values(&response, "written_off"), ["4400000003uusd"]);
    assert_eq!(values(&response, "borne_by_reserves"), ["1827273577uusd"]);
    assert_eq!(values(&response, "borne_by_suppliers"), ["2572726426uusd"]);
    assert_eq!(world.market(UUSD).reserves.raw(), 0);
    assert_eq!(world.market(UUSD).supply.raw(), supply - 2_572_726_426);
    assert_solvent(&world);
}

#[test]
fn liquidate_that_leaves_dust_sweeps_it_to_reserves_and_writes_the_debt_off() {
    let mut world = indebted(640_000_000);
    world.set_price(UATOM, "6.12");
    // 599.5 USD take 611.49; 0.51 USD of ATOM are left, below the dust value of 1, against 40.5 of debt.
    let response = world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 599_500_000)).unwrap();
    // 611.49 / 6.12 = 99.916666…
    assert_eq!(values(&response, "seized"), ["99916666"]);
    assert_eq!(values(&response, "swept"), ["83334uatom"]);
    assert_eq!(values(&response, "written_off"), ["40500000uusd"]);
    assert_eq!(values(&response, "borne_by_suppliers"), ["40500000uusd"]);
    assert_eq!(world.market(UATOM).reserves.raw(), 83_334);
    assert_eq!(world.account(ALICE), Default::default());
    assert_solvent(&world);
}

#[test]
fn liquidate_that_leaves_collateral_of_the_dust_value_books_no_loss() {
    let mut world = indebted(640_000_000);
    world.set_price(UATOM, "6.12");
    // 599 USD take 610.98: 1.02 USD are left.
    let response = world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 599_000_000)).unwrap();
    assert!(values(&response, "written_off").is_empty());
    assert_eq!(world.owed(ALICE, UUSD), 41_000_000);
    assert_eq!(world.borrowers().len(), 1);
}

#[test]
fn liquidate_books_no_loss_while_a_disabled_deposit_stands() {
    let mut world = indebted(640_000_000);
    world.deposit(ALICE, AETH, 10_000_000_000_000_000).unwrap(); // 20 USD
    world.enable(ALICE, AETH, false).unwrap();
    world.set_price(UATOM, "5.1");
    // 510 + 20 of collateral for 640: the ATOM pay for 500, 140 stay owed.
    let response = world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 640_000_000)).unwrap();
    assert_eq!(values(&response, "repaid"), ["500000000"]);
    assert!(values(&response, "written_off").is_empty());
    assert_eq!(world.owed(ALICE, UUSD), 140_000_000);
    let text = "not bad debt: collateral 20, debt 140, dust 1";
    refuses(&mut world, text, |world| world.write_off(BOB, ALICE));
    // Seized as well, nothing stands any more: 20 / 1.02 = 19.607843…
    let response = world.liquidate(LIQUIDATOR, ALICE, AETH, (UUSD, 140_000_000)).unwrap();
    assert_eq!(values(&response, "repaid"), ["19607844"]);
    assert_eq!(values(&response, "written_off"), ["120392156uusd"]);
    assert_eq!(world.account(ALICE), Default::default());
    assert_solvent(&world);
}

#[test]
fn liquidate_with_a_loss_in_several_debts_says_of_each_who_bore_it() {
    let mut world = World::builder().edit(AETH, |asset| *asset = asset.clone().interest_free()).lent(1_000_000).build();
    selling_costs_two_percent(&mut world);
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    world.borrow(ALICE, UUSD, 300_000_000).unwrap();
    world.borrow(ALICE, AETH, 150_000_000_000_000_000).unwrap(); // 300 USD
    world.set_price(UATOM, "2.04");
    // 204 USD pay for 200 of the dollars.
    let response = world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 300_000_000)).unwrap();
    assert_eq!(values(&response, "written_off"), ["100000000uusd", "150000000000000000aeth"]);
    assert_eq!(values(&response, "borne_by_reserves"), ["0uusd", "0aeth"]);
    assert_eq!(values(&response, "borne_by_suppliers"), ["100000000uusd", "150000000000000000aeth"]);
    assert_eq!(values(&response, "denom"), [UUSD, AETH]);
    assert_eq!(world.supplied(LENDER, UUSD), 1_000_000_000_000 - 100_000_000);
    assert_solvent(&world);
}

#[test]
fn liquidate_with_a_loss_leaves_the_owners_other_accounts() {
    let mut world = indebted(640_000_000);
    world.deposit((ALICE, 1), AETH, 1_000_000_000_000_000_000).unwrap();
    world.borrow((ALICE, 1), UUSD, 100_000_000).unwrap();
    world.set_price(UATOM, "1");
    world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 640_000_000)).unwrap();
    assert_eq!(world.account(ALICE), Default::default());
    assert_eq!(world.supplied((ALICE, 1), AETH), 1_000_000_000_000_000_000);
    assert_eq!(world.owed((ALICE, 1), UUSD), 100_000_000);
    // What was written off can't be repaid.
    let text = format!("account {}/0 has no debt of uusd", world.addr(ALICE));
    refuses(&mut world, &text, |world| world.repay(ALICE, UUSD, 5));
    let msg = plimsoll_schema::pool::ExecuteMsg::Deposit(plimsoll_schema::pool::OnBehalf {
        account_id: None,
        on_behalf_of: None,
    });
    world.execute(ALICE, &msg, &[coin(5, UATOM)]).unwrap();
}
