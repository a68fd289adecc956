//! The items of one batch do what as many messages would, whatever stands between them: so what holds for a liquidation in parts holds for
//! items.

use cosmwasm_std::coin;
use plimsoll_risk::units::Amount;
use plimsoll_schema::pool::{ExecuteMsg, LiquidateBatch, LiquidationItem, UserAccount};
use plimsoll_testing::{ALICE, BOB, LIQUIDATOR, World, values};

use super::no_split::{healths, splits};
use super::setting::{COLLATERAL, DEBT, Setting, settings};

/// What a liquidation can change.
fn state(world: &World) -> impl PartialEq + std::fmt::Debug + use<> {
    let markets = [COLLATERAL, DEBT].map(|denom| world.market(denom).stored);
    let coins = [COLLATERAL, DEBT].map(|denom| world.balance(LIQUIDATOR, denom));
    (world.account(ALICE), markets, coins)
}

fn item(world: &World, offer: u128) -> LiquidationItem {
    let mut item = world.liquidate_item(ALICE, COLLATERAL, DEBT);
    item.max_repay = Some(Amount::new(offer));
    LiquidationItem::Liquidate(item)
}

/// Items that fail wherever they stand: of an account without debt, for a token that it doesn't have, for more than it yields.
fn failing(world: &World) -> Vec<LiquidationItem> {
    let mut too_much = world.liquidate_item(ALICE, COLLATERAL, DEBT);
    too_much.min_receive = Some(Amount::MAX);
    let mut other = world.liquidate_item(ALICE, COLLATERAL, DEBT);
    other.collateral_denom = "ushell".into();
    let nobody = UserAccount { user: world.addr(BOB).into_string(), account_id: Some(9) };
    vec![LiquidationItem::Liquidate(too_much), LiquidationItem::Liquidate(other), LiquidationItem::WriteOff(nobody)]
}

/// Sends the items, with twice the debt in the purse. Answers with which of them succeeded.
fn send(world: &mut World, items: Vec<LiquidationItem>, owed: u128) -> Vec<bool> {
    let order = LiquidateBatch {
        items,
        recipient: None,
        receive: None,
        allow_shares: None,
        min_success: Some(0),
        callback: None,
    };
    let response = world.execute(LIQUIDATOR, &ExecuteMsg::LiquidateBatch(order), &[coin(owed * 2, DEBT)]).unwrap();
    values(&response, "outcome").into_iter().map(|outcome| outcome == "ok").collect()
}

fn judge(setting: &Setting, world: &mut World) -> usize {
    let fresh = world.snapshot();
    let mut done = 0;
    for health in healths(setting) {
        world.restore(&fresh);
        let Some(price) = setting.price_at(world, &health) else { continue };
        world.set_price(COLLATERAL, &price);
        if !world.position(ALICE).liquidatable {
            continue;
        }
        let fallen = world.snapshot();
        let owed = world.owed(ALICE, DEBT);
        for offers in splits(owed) {
            let offers: Vec<u128> = offers.into_iter().filter(|offer| *offer > 0).collect();
            world.restore(&fallen);
            let message = |offer: &u128| world.liquidate(LIQUIDATOR, ALICE, COLLATERAL, (DEBT, *offer)).is_ok();
            let succeeded: Vec<bool> = offers.iter().map(message).collect();
            let wanted = state(world);

            world.restore(&fallen);
            let items: Vec<LiquidationItem> = offers.iter().map(|offer| item(world, *offer)).collect();
            assert_eq!(send(world, items.clone(), owed), succeeded, "{setting:?} at {price}, {offers:?}");
            assert_eq!(state(world), wanted, "{setting:?} at {price}, {offers:?}");

            world.restore(&fallen);
            let between = items.into_iter().flat_map(|item| failing(world).into_iter().chain([item])).collect();
            assert_eq!(
                send(world, between, owed).into_iter().filter(|ok| *ok).count(),
                succeeded.iter().filter(|ok| **ok).count()
            );
            assert_eq!(state(world), wanted, "{setting:?} at {price}, {offers:?}, with items that fail");
            done += succeeded.into_iter().filter(|ok| *ok).count();
        }
    }
    done
}

#[test]
fn items_of_a_batch_do_what_messages_do_at_any_border() {
    // A third of the settings: each costs as much as no_split's.
    let done: usize = settings().iter().step_by(3).map(|setting| judge(setting, &mut setting.indebted())).sum();
    assert!(done > 1_000, "{done} items succeeded");
}
