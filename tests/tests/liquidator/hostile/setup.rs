//! Where the liquidator works.

use cosmwasm_std::{Addr, BankMsg, Coin, CosmosMsg, WasmMsg, to_json_binary};
use plimsoll_schema::pool::LiquidationItem;
use plimsoll_testing::{AETH, ALICE, GUARDIAN, IBC_TOKEN, UATOM, UUSD, World};
use serde::Serialize;

/// Who calls: only what changes of theirs is looked at.
pub const CALLER: &str = GUARDIAN;
pub const DENOMS: [&str; 4] = [UUSD, UATOM, IBC_TOKEN, AETH];

/// Three accounts of Alice's with 100 ATOM and a debt of 690 uusd each; ATOM falls to 8.5. An honest market of the two,
/// and a liquidator.
pub fn fallen() -> (World, Addr, Addr) {
    let mut world = World::builder().lent(1_000_000).build();
    for id in [0, 1, 2] {
        world.deposit((ALICE, id), UATOM, 100_000_000).unwrap();
        world.borrow((ALICE, id), UUSD, 690_000_000).unwrap();
    }
    world.set_price(UATOM, "8.5");
    let pair = world.pair(UATOM, UUSD, 100_000_000);
    let liquidator = world.liquidator();
    (world, liquidator, pair)
}

pub fn item(world: &World) -> LiquidationItem {
    item_of(world, 0)
}

pub fn item_of(world: &World, id: u32) -> LiquidationItem {
    world.item((ALICE, id), UATOM, (UUSD, 690_000_000))
}

pub fn holdings(world: &World, who: &str) -> Vec<u128> {
    DENOMS.iter().map(|denom| world.balance(who, denom)).collect()
}

/// A message to a contract, for another contract to send.
pub fn execute(contract: &Addr, msg: &impl Serialize, funds: Vec<Coin>) -> CosmosMsg {
    WasmMsg::Execute { contract_addr: contract.to_string(), msg: to_json_binary(msg).unwrap(), funds }.into()
}

/// Coins, for a contract to send.
pub fn pay(to: &Addr, coin: Coin) -> CosmosMsg {
    BankMsg::Send { to_address: to.to_string(), amount: vec![coin] }.into()
}
