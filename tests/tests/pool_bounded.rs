//! 13: what a message reads and writes is bounded by the account's own assets, never by the number of users.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test may stop at a surprise")]

use plimsoll_schema::pool::{BatchAction, FromPurse};
use plimsoll_testing::{Step, StorageOps, UATOM, UUSD, World, coin};

/// The storage work of each message on an account with one collateral and one debt, in a market with so many borrowers.
fn work(borrowers: u32) -> Vec<(&'static str, StorageOps)> {
    let mut world = World::builder().lent(1_000_000).build();
    for id in 0..borrowers {
        world.deposit(("bob", id + 1), UATOM, 100_000_000).unwrap();
        world.borrow(("bob", id + 1), UUSD, 500_000_000).unwrap();
    }
    world.next_block();
    let borrower = world.borrower();
    world.mint(&borrower, UUSD, 1_000_000);
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
    count("cover", &mut world, &|w| drop(w.cover("alice", UUSD, 1_000_000).unwrap()));
    let actions = [coin(5_000_000, UATOM), coin(7_000_000, UATOM)];
    let actions = actions.map(|coin| BatchAction::Deposit(FromPurse { coin, account_id: None }));
    let purse = [coin(12_000_000, UATOM)];
    count("batch", &mut world, &|w| drop(w.batch("alice", actions.clone(), &purse).unwrap()));
    let loan = Step::loan(coin(1_000_000, UUSD), [Step::repay()]);
    count("flash_loan", &mut world, &|w| drop(w.flash(&borrower, [loan.clone()]).unwrap()));
    world.set_price(UATOM, "8");
    count("liquidate", &mut world, &|w| drop(w.liquidate("liquidator", "alice", UATOM, (UUSD, 100_000_000)).unwrap()));
    work
}

#[test]
fn storage_work_does_not_grow_with_the_number_of_users() {
    let few = work(2);
    let many = work(300);
    for ((name, few), (_, many)) in few.iter().zip(&many) {
        assert_eq!((few.reads, few.writes, few.removes), (many.reads, many.writes, many.removes), "{name}");
        // A flash loan is four messages, and the borrower reads whose it is.
        let most = if *name == "flash_loan" { 32 } else { 16 };
        assert!(few.total() <= most, "{name} does {few:?}");
    }
}
