//! The same account several times, and the same liquidation in parts.

use plimsoll_risk::units::Amount;
use plimsoll_testing::{ALICE, LIQUIDATOR, UATOM, UUSD, values};

use super::setup::{edited, fallen_accounts, item, open_mixed, outcomes, usd};
use crate::support::assert_solvent;

#[test]
fn liquidate_batch_of_the_same_account_twice_finds_it_as_the_first_left_it() {
    let mut world = fallen_accounts(1);
    let unnamed = edited(&world, ALICE, |item| item.account_id = None);
    let before = world.snapshot();
    world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 640_000_000)).unwrap();
    let once = world.account(ALICE);
    world.restore(&before);
    let items = vec![item(&world, ALICE), unnamed];
    let response = world.liquidate_batch(LIQUIDATOR, items, &usd(640_000_000)).unwrap();
    // The first leaves it at a health factor of 1.05.
    assert_eq!(
        outcomes(&response),
        ["ok", "account is healthy: its adjusted collateral of 336 covers its debt of 320"]
    );
    assert_eq!(world.account(ALICE), once);
    assert_solvent(&world);
}

#[test]
fn liquidate_batch_in_parts_yields_no_more_than_one_item_and_no_less_than_messages() {
    let mut world = fallen_accounts(1);
    let part = |amount| edited(&world, ALICE, |item| item.max_repay = Some(Amount::new(amount)));
    let parts = vec![part(100_000_000), part(70), part(90_000_001), part(500_000_000)];
    let before = world.snapshot();
    let sum = |response: &plimsoll_testing::AppResponse, key: &str| {
        values(response, key).into_iter().map(|text| text.parse::<u128>().unwrap()).sum::<u128>()
    };
    let response = world.liquidate_batch(LIQUIDATOR, parts, &usd(640_000_000)).unwrap();
    let repaid = sum(&response, "repaid");
    let seized = sum(&response, "seized");
    let in_parts = (world.account(ALICE), world.market(UUSD).stored, world.market(UATOM).stored);
    world.restore(&before);
    for amount in [100_000_000, 70, 90_000_001, 500_000_000] {
        world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, amount)).unwrap();
    }
    assert_eq!((world.account(ALICE), world.market(UUSD).stored, world.market(UATOM).stored), in_parts);
    world.restore(&before);
    let once = world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 640_000_000)).unwrap();
    let all_repaid = sum(&once, "repaid");
    let all_seized = sum(&once, "seized");
    // What a unit of repaid value seizes is no more than at once.
    assert!(seized * all_repaid <= all_seized * repaid, "{seized}/{repaid} {all_seized}/{all_repaid}");
}

#[test]
fn liquidate_batch_takes_two_collaterals_of_one_account() {
    let mut world = fallen_accounts(1);
    open_mixed(&mut world, (ALICE, 5));
    let ether = edited(&world, (ALICE, 5), |item| {
        item.collateral_denom = plimsoll_testing::AETH.into();
        item.max_repay = Some(Amount::new(100_000_000));
    });
    let items = vec![ether, item(&world, (ALICE, 5))];
    let before = world.account((ALICE, 5));
    let response = world.liquidate_batch(LIQUIDATOR, items, &usd(2_000_000_000)).unwrap();
    assert_eq!(outcomes(&response), ["ok", "ok"]);
    let after = world.account((ALICE, 5));
    for denom in [UATOM, plimsoll_testing::AETH] {
        let asset = world.market(denom).asset;
        assert!(after.shares(asset) < before.shares(asset), "{denom}");
    }
    assert_solvent(&world);
}
