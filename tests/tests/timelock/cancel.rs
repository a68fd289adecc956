//! `cancel`: by the admin at any time, by anyone once an entry has lapsed.

use plimsoll_testing::{ALICE, GUARDIAN, OWNER, RISK_MANAGER, values};
use plimsoll_timelock::error::ContractError;

use crate::setup::{DELAY, WEEK, no_roles, not_the, refuses, set_min_debt, waiting, world};

#[test]
fn cancel_by_the_admin_drops_an_entry_at_any_time() {
    for waited in [1, DELAY, DELAY + WEEK, DELAY + WEEK + 1] {
        let mut world = world();
        let call = set_min_debt(&world, 7);
        let ids = [world.queue_for_pool(&call), world.queue_for_pool(&no_roles())];
        world.advance(waited);
        let response = world.cancel(OWNER, ids[0]).unwrap();
        assert_eq!(values(&response, "action"), ["cancel"]);
        assert_eq!((values(&response, "id"), values(&response, "call")), (vec!["1"], vec!["update_config"]));
        assert_eq!(waiting(&world), [ids[1]]);
        world.cancel(OWNER, ids[1]).unwrap();
        assert!(waiting(&world).is_empty());
    }
}

#[test]
fn cancel_by_others_is_refused_until_the_entry_has_lapsed() {
    let mut world = world();
    let call = set_min_debt(&world, 7);
    let ids = [1, 2, 3].map(|_| world.queue_for_pool(&call));
    for wait in [1, DELAY - 1, WEEK] {
        world.advance(wait);
        for sender in [GUARDIAN, RISK_MANAGER, ALICE] {
            let error = not_the("admin", &world, sender);
            refuses(&mut world, &error, |world| world.cancel(sender, ids[0]));
        }
    }
    world.advance(1);
    for (sender, id) in [GUARDIAN, RISK_MANAGER, ALICE].into_iter().zip(ids) {
        world.cancel(sender, id).unwrap();
    }
    assert!(waiting(&world).is_empty());
}

#[test]
fn cancel_of_what_does_not_wait_is_refused() {
    let mut world = world();
    let call = set_min_debt(&world, 7);
    let id = world.queue_for_pool(&call);
    world.cancel(OWNER, id).unwrap();
    for (sender, unknown) in [(OWNER, id), (OWNER, 2), (ALICE, 0)] {
        refuses(&mut world, &ContractError::UnknownEntry { id: unknown }, |world| world.cancel(sender, unknown));
    }
}
