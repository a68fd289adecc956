//! `update_asset_collateral_status`.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests: names say what is tested, and a failed setup is a failure"
)]

use crate::support::{indebted, refuses, takes_no_funds};
use plimsoll_schema::pool::{CollateralStatus, ExecuteMsg};
use plimsoll_testing::{AETH, ALICE, UATOM, UUSD, World, values};

const ONE_ETH: u128 = 1_000_000_000_000_000_000;

#[test]
fn update_asset_collateral_status_switches_what_carries_debt() {
    let mut world = World::new();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    assert_eq!(world.position(ALICE).adjusted_collateral_value.to_string(), "750");
    let response = world.enable(ALICE, UATOM, false).unwrap();
    let position = world.position(ALICE);
    assert_eq!(
        (position.adjusted_collateral_value.to_string(), position.collateral_value.to_string()),
        ("0".into(), "1000".into())
    );
    assert_eq!(values(&response, "account"), [format!("{}/0", world.addr(ALICE))]);
    assert_eq!(values(&response, "denom"), [UATOM]);
    assert_eq!(values(&response, "enabled"), ["false"]);
    world.enable(ALICE, UATOM, true).unwrap();
    assert_eq!(world.position(ALICE).adjusted_collateral_value.to_string(), "750");
}

#[test]
fn update_asset_collateral_status_to_what_it_is_changes_nothing() {
    let mut world = indebted(700_000_000);
    let before = world.account(ALICE);
    world.enable(ALICE, UATOM, true).unwrap();
    assert_eq!(world.account(ALICE), before);
}

#[test]
fn update_asset_collateral_status_off_is_refused_above_max_ltv() {
    let mut world = indebted(700_000_000);
    let text = "debt of 700 would be above the borrow limit of 0";
    refuses(&mut world, text, |world| world.enable(ALICE, UATOM, false));
    // One ETH at 2,000 USD and 75 % carries it alone, to the last cent of 1,500.
    world.deposit(ALICE, AETH, ONE_ETH).unwrap();
    world.borrow(ALICE, UUSD, 800_000_000).unwrap();
    world.enable(ALICE, UATOM, false).unwrap();
    world.enable(ALICE, UATOM, true).unwrap();
    world.borrow(ALICE, UUSD, 1).unwrap();
    let text = "debt of 1500.000001 would be above the borrow limit of 1500";
    refuses(&mut world, text, |world| world.enable(ALICE, UATOM, false));
}

#[test]
fn update_asset_collateral_status_on_is_refused_for_an_owed_denom() {
    let mut world = indebted(100_000_000);
    world.deposit(ALICE, UUSD, 50_000_000).unwrap();
    let text = format!("account {}/0 owes uusd, so its deposit of it can't be collateral", world.addr(ALICE));
    refuses(&mut world, &text, |world| world.enable(ALICE, UUSD, true));
    world.enable(ALICE, UUSD, false).unwrap();
    // Repaid, it may be.
    world.repay(ALICE, UUSD, 100_000_000).unwrap();
    world.enable(ALICE, UUSD, true).unwrap();
}

#[test]
fn update_asset_collateral_status_without_a_deposit_is_refused() {
    let mut world = World::new();
    world.deposit((ALICE, 1), UATOM, 5).unwrap();
    for enable in [true, false] {
        let text = format!("account {}/0 has no deposit of uatom", world.addr(ALICE));
        refuses(&mut world, &text, |world| world.enable(ALICE, UATOM, enable));
    }
}

#[test]
fn update_asset_collateral_status_of_an_unlisted_denom_is_refused() {
    refuses(&mut World::new(), "'ushell' is not listed", |world| world.enable(ALICE, "ushell", true));
}

#[test]
fn update_asset_collateral_status_with_funds_is_refused() {
    let mut world = World::new();
    world.deposit(ALICE, UATOM, 5).unwrap();
    let msg = ExecuteMsg::UpdateAssetCollateralStatus(CollateralStatus {
        denom: UATOM.into(),
        enable: false,
        account_id: None,
        on_behalf_of: None,
    });
    takes_no_funds(&mut world, ALICE, &msg);
}

#[test]
fn update_asset_collateral_status_needs_prices_only_with_debt() {
    let mut world = indebted(100_000_000);
    world.deposit(ALICE, AETH, ONE_ETH).unwrap();
    world.deposit((ALICE, 1), AETH, ONE_ETH).unwrap();
    world.enable(ALICE, AETH, false).unwrap();
    world.advance(3_601);
    world.enable((ALICE, 1), AETH, false).unwrap();
    world.enable((ALICE, 1), AETH, true).unwrap();
    // On, it would count at its hard upper bound while its price fails.
    let text = "price of aeth: price is 3601 s old, at most 3600 s are allowed";
    refuses(&mut world, text, |world| world.enable(ALICE, AETH, true));
    let text = "price of uusd: price is 3601 s old, at most 3600 s are allowed";
    refuses(&mut world, text, |world| world.enable(ALICE, UATOM, false));
}

#[test]
fn update_asset_collateral_status_off_is_refused_while_liquidatable_and_on_can_save() {
    let mut world = indebted(700_000_000);
    world.deposit(ALICE, AETH, ONE_ETH).unwrap();
    world.enable(ALICE, AETH, false).unwrap();
    world.set_price(UATOM, "8");
    assert!(world.position(ALICE).liquidatable);
    let text = "debt of 700 would be above the borrow limit of 0";
    refuses(&mut world, text, |world| world.enable(ALICE, UATOM, false));
    world.enable(ALICE, AETH, true).unwrap();
    assert!(!world.position(ALICE).liquidatable);
}

#[test]
fn update_asset_collateral_status_of_one_account_leaves_the_others() {
    let mut world = World::new();
    world.deposit(ALICE, UATOM, 5).unwrap();
    world.deposit((ALICE, 3), UATOM, 5).unwrap();
    world.enable((ALICE, 3), UATOM, false).unwrap();
    assert!(world.account(ALICE).collaterals[0].enabled);
    assert!(!world.account((ALICE, 3)).collaterals[0].enabled);
}
