//! Where batches are tried: many accounts that fall together.

use cosmwasm_std::{Coin, coin};
use plimsoll_schema::pool::{LiquidateBatch, LiquidateItem, LiquidationItem, UserAccount};
use plimsoll_testing::{AETH, ALICE, Actor, AppResponse, UATOM, UUSD, World, values};

/// So many accounts of Alice's, each as that of `fallen`: 640 USD against 100 ATOM that fall from 10 to 8.
pub fn fallen_accounts(count: u32) -> World {
    let mut world = World::builder().lent(1_000_000).build();
    for id in 0..count {
        world.deposit((ALICE, id), UATOM, 100_000_000).unwrap();
        world.borrow((ALICE, id), UUSD, 640_000_000).unwrap();
    }
    world.set_price(UATOM, "8");
    world
}

/// An account of two collaterals and two debts beside the others, below 1 with them.
pub fn open_mixed(world: &mut World, who: impl Into<Actor> + Copy) {
    world.set_price(UATOM, "10");
    world.deposit(who, UATOM, 100_000_000).unwrap();
    world.deposit(who, AETH, 500_000_000_000_000_000).unwrap();
    let most = world.max_borrow(who, UUSD);
    world.borrow(who, UUSD, most / 100 * 95).unwrap();
    world.set_price(UATOM, "5");
}

/// Repays all that is offered of an account's dollars, for ATOM.
pub fn item(world: &World, who: impl Into<Actor>) -> LiquidationItem {
    LiquidationItem::Liquidate(world.liquidate_item(who, UATOM, UUSD))
}

/// The same, changed.
pub fn edited(world: &World, who: impl Into<Actor>, edit: impl FnOnce(&mut LiquidateItem)) -> LiquidationItem {
    let mut item = world.liquidate_item(who, UATOM, UUSD);
    edit(&mut item);
    LiquidationItem::Liquidate(item)
}

pub fn write_off(world: &World, who: impl Into<Actor>) -> LiquidationItem {
    let key = world.key(who);
    LiquidationItem::WriteOff(UserAccount { user: key.owner, account_id: Some(key.account_id) })
}

/// A batch of these items, with nothing else asked for.
pub fn batch(items: Vec<LiquidationItem>) -> LiquidateBatch {
    LiquidateBatch { items, recipient: None, receive: None, allow_shares: None, min_success: None, callback: None }
}

pub fn usd(amount: u128) -> Vec<Coin> {
    vec![coin(amount, UUSD)]
}

/// What the event says became of each item, in order.
pub fn outcomes(response: &AppResponse) -> Vec<String> {
    values(response, "outcome").into_iter().map(str::to_owned).collect()
}
