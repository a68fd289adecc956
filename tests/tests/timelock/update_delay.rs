//! `update_delay`: by the timelock itself, for what is queued from then on.

use plimsoll_schema::timelock::ExecuteMsg;
use plimsoll_testing::{ALICE, GUARDIAN, OWNER, values};
use plimsoll_timelock::error::ContractError;

use crate::setup::{DELAY, DELAYS, WEEK, min_debt, refuses, set_min_debt, waiting, world};

#[test]
fn update_delay_holds_for_what_is_queued_from_then_on_alone() {
    for delay in DELAYS {
        let mut world = world();
        let change = world.queue_for_timelock(&ExecuteMsg::UpdateDelay { delay });
        world.advance(DELAY);
        let call = set_min_debt(&world, 7);
        // In the very block in which the delay changes, before and after it.
        let before = world.queue_for_pool(&call);
        let response = world.apply(change).unwrap();
        assert_eq!(
            (values(&response, "action"), values(&response, "delay")),
            (vec!["apply", "update_delay"], vec![delay.to_string().as_str()])
        );
        assert_eq!(world.timelock_config().delay, delay);
        let after = world.queue_for_pool(&call);
        let entries = world.entries();
        let now = world.now();
        assert_eq!(entries.iter().map(|entry| entry.id).collect::<Vec<_>>(), [before, after]);
        assert_eq!((entries[0].effective_at, entries[0].lapses_at), (now + DELAY, now + DELAY + WEEK));
        assert_eq!((entries[1].effective_at, entries[1].lapses_at), (now + delay, now + delay + WEEK));

        // The later one with the shorter notice comes first; neither comes early.
        let [(first, at), (second, later)] =
            if delay < DELAY { [(after, delay), (before, DELAY)] } else { [(before, DELAY), (after, delay)] };
        world.advance(at - 1);
        assert!(world.refused(|world| world.apply(first)).to_string().contains("can be applied at"));
        world.advance(1);
        world.apply(first).unwrap();
        assert_eq!(min_debt(&world), "7");
        world.advance(later - at - 1);
        assert!(world.refused(|world| world.apply(second)).to_string().contains("can be applied at"));
        world.advance(1);
        world.apply(second).unwrap();
    }
}

#[test]
fn update_delay_out_of_range_is_refused_when_it_is_applied() {
    for delay in [0, 1, 86_399, 2_592_001, u64::MAX] {
        let mut world = world();
        let id = world.queue_for_timelock(&ExecuteMsg::UpdateDelay { delay });
        world.advance(DELAY);
        refuses(&mut world, &ContractError::Delay { delay, min: 86_400, max: 2_592_000 }, |world| world.apply(id));
        assert_eq!(waiting(&world), [id]);
    }
}

#[test]
fn update_delay_by_anyone_but_the_timelock_itself_is_refused() {
    let mut world = world();
    let pool = world.pool().clone();
    for sender in [OWNER, GUARDIAN, ALICE, pool.as_str()] {
        let error = ContractError::NotItself { sender: world.addr(sender).into_string() };
        refuses(&mut world, &error, |world| {
            world.execute_timelock(sender, &ExecuteMsg::UpdateDelay { delay: DELAYS[0] })
        });
    }
}
