//! Queries: the settings, and all that waits, page by page.

use plimsoll_schema::timelock::{ConfigResponse, EntriesResponse, Entry, QueryMsg};
use plimsoll_testing::{GUARDIAN, OWNER, World};
use plimsoll_timelock::error::ContractError;

use crate::setup::{DELAY, WEEK, set_min_debt, world};

/// A world in which entries 1 to 35 were queued, and these dropped.
fn with_entries(dropped: &[u64]) -> World {
    let mut world = world();
    let call = set_min_debt(&world, 7);
    for _ in 0..35 {
        world.queue_for_pool(&call);
    }
    for id in dropped {
        world.veto(*id).unwrap();
    }
    world
}

fn page(world: &World, start_after: Option<u64>, limit: Option<u32>) -> Vec<u64> {
    let answer: EntriesResponse = world.query_timelock(&QueryMsg::Entries { start_after, limit }).unwrap();
    answer.entries.iter().map(|entry| entry.id).collect()
}

#[test]
fn config_names_roles_and_delay() {
    let world = world();
    let guardian = Some(world.addr(GUARDIAN).into_string());
    let expected = ConfigResponse { admin: world.addr(OWNER).into_string(), guardian, delay: DELAY };
    assert_eq!(world.timelock_config(), expected);
}

#[test]
fn entries_come_by_id_in_pages() {
    let world = with_entries(&[2, 11]);
    assert_eq!(page(&world, None, None), [1, 3, 4, 5, 6, 7, 8, 9, 10, 12]);
    assert_eq!(page(&world, Some(12), Some(3)), [13, 14, 15]);
    assert_eq!(page(&world, Some(11), Some(1)), [12]);
    assert_eq!(page(&world, None, Some(30)).len(), 30);
    assert_eq!(page(&world, Some(32), Some(30)), [33, 34, 35]);
    assert!(page(&world, Some(35), None).is_empty() && page(&world, Some(u64::MAX), None).is_empty());
    assert_eq!(world.entries().len(), 33);
}

#[test]
fn entries_show_what_lapsed_until_it_is_swept() {
    let mut world = with_entries(&[]);
    world.advance(DELAY + WEEK + 1);
    assert_eq!(page(&world, None, Some(2)), [1, 2]);
}

#[test]
fn entries_of_a_limit_of_nothing_or_too_much_are_refused() {
    let world = world();
    for limit in [0, 31, u32::MAX] {
        let asked = QueryMsg::Entries { start_after: None, limit: Some(limit) };
        let error = world.query_timelock::<EntriesResponse>(&asked).unwrap_err();
        assert!(error.is(&ContractError::Limit { limit, max: 30 }), "{error}");
    }
}

#[test]
fn entry_is_the_one_of_the_page_and_an_error_once_it_is_gone() {
    let world = with_entries(&[2]);
    let found: Entry = world.query_timelock(&QueryMsg::Entry { id: 3 }).unwrap();
    assert_eq!(Some(&found), world.entries().iter().find(|entry| entry.id == 3));
    for id in [0, 2, 36] {
        let error = world.query_timelock::<Entry>(&QueryMsg::Entry { id }).unwrap_err();
        assert!(error.is(&ContractError::UnknownEntry { id }), "{error}");
    }
}
