//! A market whose prices settle at the suggested speeds.

use plimsoll_risk::price::Guards;
use plimsoll_testing::{AETH, Addr, Asset, IBC_TOKEN, UATOM, UUSD, World, WorldBuilder, ratio};

/// The suggested guards of a feed: a tenth every ten seconds.
pub fn fed(guards: &Guards) -> Guards {
    Guards { max_deviation: ratio("0.1"), step_interval: 10, ..guards.clone() }
}

/// The suggested guards of a pair: 5 % every fifteen seconds.
pub fn paired(guards: &Guards) -> Guards {
    Guards { max_deviation: ratio("0.05"), step_interval: 15, ..guards.clone() }
}

/// Dollars at 1, ATOM at 10, another token at 5, ETH at 2,000, all fed.
pub fn builder() -> WorldBuilder {
    let steps = |asset: &mut Asset| asset.guards = fed(&asset.guards);
    let denoms = [UUSD, UATOM, IBC_TOKEN, AETH];
    denoms.into_iter().fold(World::builder(), |builder, denom| builder.edit(denom, steps))
}

/// A million of each lent.
pub fn world() -> World {
    builder().lent(1_000_000).build()
}

/// ATOM priced by a pair of 100,000 of them and a million dollars.
pub fn world_with_pair() -> (World, Addr) {
    let mut world = world();
    let pair = world.pair(UATOM, UUSD, 1_000_000);
    let source = world.pair_source(UATOM, &pair, UUSD);
    let guards = paired(&world.source(UATOM).guards);
    world.price_by_pair_within(UATOM, source, guards);
    (world, pair)
}

/// Lets so many quarters of a window pass, live prices published and fed ones told again.
pub fn pass(world: &mut World, quarters: u64) {
    for _ in 0..quarters {
        world.advance_fresh(150);
    }
}
