//! 13: what a message reads and writes is bounded by the account's own assets, never by the number of users.

use plimsoll_testing::{StorageOps, UATOM, UUSD, World};

/// The storage work of each message on an account with one collateral and one debt, in a market with so many borrowers.
fn work(borrowers: u32) -> Vec<(&'static str, StorageOps)> {
    let mut world = World::builder().lent(1_000_000).build();
    for id in 0..borrowers {
        world.deposit(("bob", id + 1), UATOM, 100_000_000).unwrap();
        world.borrow(("bob", id + 1), UUSD, 500_000_000).unwrap();
    }
    world.next_block();
    let mut work = vec![];
    let mut count = |name, world: &mut World, action: &dyn Fn(&mut World)| {
        let ((), ops) = world.counted(|world| action(world));
        work.push((name, ops));
    };
    count("deposit", &mut world, &|w| drop(w.deposit("alice", UATOM, 100_000_000).unwrap()));
    count("borrow", &mut world, &|w| drop(w.borrow("alice", UUSD, 690_000_000).unwrap()));
    count("repay", &mut world, &|w| drop(w.repay("alice", UUSD, 10_000_000).unwrap()));
    count("withdraw", &mut world, &|w| drop(w.withdraw("alice", UATOM, 100_000).unwrap()));
    count("disable", &mut world, &|w| drop(w.enable("alice", UATOM, true).unwrap()));
    world.set_price(UATOM, "9");
    count("liquidate", &mut world, &|w| drop(w.liquidate("liquidator", "alice", UATOM, (UUSD, 100_000_000)).unwrap()));
    work
}

#[test]
fn storage_work_does_not_grow_with_the_number_of_users() {
    let few = work(2);
    let many = work(300);
    for ((name, few), (_, many)) in few.iter().zip(&many) {
        assert_eq!((few.reads, few.writes, few.removes), (many.reads, many.writes, many.removes), "{name}");
        assert!(few.total() <= 16, "{name} does {few:?}");
    }
}
