//! Where the liquidator works.

use plimsoll_schema::liquidator::Item;
use plimsoll_testing::{AETH, ALICE, Addr, GUARDIAN, IBC_TOKEN, UATOM, UUSD, World};

/// Who calls: only what changes of his is looked at.
pub const CALLER: &str = GUARDIAN;
pub const DENOMS: [&str; 4] = [UUSD, UATOM, IBC_TOKEN, AETH];

/// Two accounts of Alice's with 100 ATOM and a debt of 690 uusd each; ATOM falls to 8.5. An honest market of the two, and a liquidator.
pub fn fallen() -> (World, Addr, Addr) {
    let mut world = World::builder().lent(1_000_000).build();
    for id in [0, 1] {
        world.deposit((ALICE, id), UATOM, 100_000_000).unwrap();
        world.borrow((ALICE, id), UUSD, 690_000_000).unwrap();
    }
    world.set_price(UATOM, "8.5");
    let pair = world.pair(UATOM, UUSD, 100_000_000);
    let liquidator = world.liquidator();
    (world, liquidator, pair)
}

pub fn item(world: &World) -> Item {
    world.item(ALICE, UATOM, (UUSD, 690_000_000))
}

pub fn holdings(world: &World, who: &str) -> Vec<u128> {
    DENOMS.iter().map(|denom| world.balance(who, denom)).collect()
}
