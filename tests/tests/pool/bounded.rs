//! 13: what a message reads and writes is bounded by the account's own assets, never by the number of users.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test may stop at a surprise")]

use plimsoll_schema::pool::{BatchAction, FromPurse};
use plimsoll_testing::{Asset, Step, StorageOps, UATOM, UUSD, World, coin, values};

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
    let actions = actions.map(|coin| BatchAction::Deposit(FromPurse { coin, account_id: None, on_behalf_of: None }));
    let purse = [coin(12_000_000, UATOM)];
    count("cover_suppliers", &mut world, &|w| drop(w.cover_suppliers("alice", UUSD, 1_000_000).unwrap()));
    count("batch", &mut world, &|w| drop(w.batch("alice", actions.clone(), &purse).unwrap()));
    let loan = Step::loan(coin(1_000_000, UUSD), [Step::repay()]);
    count("flash_loan", &mut world, &|w| drop(w.flash(&borrower, [loan.clone()]).unwrap()));
    world.set_price(UATOM, "8");
    count("liquidate", &mut world, &|w| drop(w.liquidate("liquidator", "alice", UATOM, (UUSD, 100_000_000)).unwrap()));
    world.deposit("alice", UUSD, 1_000_000).unwrap();
    world.set_price(UATOM, "6");
    count("set_off", &mut world, &|w| drop(w.set_off("liquidator", "alice", UUSD).unwrap()));
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

const CRUMBS: [&str; 7] = ["ucrumb1", "ucrumb2", "ucrumb3", "ucrumb4", "ucrumb5", "ucrumb6", "ucrumb7"];

/// What a crumb is: nothing, or a deposit of 0.1 USD in each of seven markets.
#[derive(Clone, Copy)]
struct Crumbs {
    enabled: bool,
    by_pair: bool,
}

/// Alice owes 640 USD against 100 ATOM of this price, which are all that counts but for crumbs.
fn besieged(crumbs: Option<Crumbs>, atom: &str) -> World {
    let others = CRUMBS.map(|denom| Asset::new(denom, 6, "1"));
    let assets = Asset::defaults().into_iter().chain(others);
    let mut world = World::builder().assets(assets).oracle(|oracle| oracle.source_delay = 0).build();
    world.deposit("lender", UUSD, 1_000_000_000_000).unwrap();
    world.deposit("alice", UATOM, 100_000_000).unwrap();
    if let Some(Crumbs { enabled, by_pair }) = crumbs {
        for denom in CRUMBS {
            world.deposit("alice", denom, 100_000).unwrap();
            world.enable("alice", denom, enabled).unwrap();
        }
        // An account takes no more than four of live tokens, but the source of what it has may become one.
        for denom in CRUMBS.into_iter().filter(|_| by_pair) {
            let pair = world.pair(denom, UUSD, 1_000_000);
            let source = world.pair_source(denom, &pair, UUSD);
            world.price_by_pair(denom, source);
        }
    }
    world.refresh_prices();
    world.borrow("alice", UUSD, 640_000_000).unwrap();
    world.set_price(UATOM, atom);
    world
}

/// What a liquidation of all that is asked for reads, writes and removes, and the bonus that it pays.
fn liquidation(crumbs: Option<Crumbs>, atom: &str) -> ([u64; 3], String) {
    let mut world = besieged(crumbs, atom);
    let (done, ops) = world.counted(|w| w.liquidate("liquidator", "alice", UATOM, (UUSD, 640_000_000)).unwrap());
    ([ops.reads, ops.writes, ops.removes], values(&done, "bonus")[0].to_owned())
}

#[test]
fn liquidation_reads_no_disabled_crumb_that_can_not_decide() {
    // 800 of collateral for 640 of debt: beyond the largest bonus, 10 %, with the crumbs or without.
    let (plain, bonus) = liquidation(None, "8");
    assert_eq!(bonus, "0.1");
    for by_pair in [false, true] {
        assert_eq!(liquidation(Some(Crumbs { enabled: false, by_pair }), "8"), (plain, bonus.clone()));
    }
}

#[test]
fn liquidation_reads_records_alone_of_crumbs_that_carry_debt() {
    // 0.7 more carry 0.525. Each is read with its market, its parameters and its price. A pair's price is a rate in uusd, whose record is
    // read once, for the debt; no pair is asked.
    let ([reads, writes, removes], bonus) = liquidation(None, "8");
    for by_pair in [false, true] {
        let crumbs = Crumbs { enabled: true, by_pair };
        assert_eq!(liquidation(Some(crumbs), "8"), ([reads + 7 * 3, writes, removes], bonus.clone()));
    }
}

#[test]
fn liquidation_reads_disabled_crumbs_where_they_decide_about_the_bonus() {
    // At 7: 700 for 640 is a bonus of 9.375 %; the crumbs' 0.7 make it (700.7 − 640) / 640 = 9.484375 %. At 7.04 all of 10 % is there
    // without them, but a hair less would not be: they are read up to there. Beyond it they aren't.
    for (atom, without, with, read) in
        [("7", "0.09375", "0.09484375", true), ("7.04", "0.1", "0.1", true), ("7.040001", "0.1", "0.1", false)]
    {
        let (plain, bonus) = liquidation(None, atom);
        assert_eq!(bonus, without);
        for by_pair in [false, true] {
            let (crumbed, bonus) = liquidation(Some(Crumbs { enabled: false, by_pair }), atom);
            assert_eq!(bonus, with, "{atom}");
            assert_eq!(crumbed[0] - plain[0], if read { 7 * 3 } else { 0 }, "{atom}");
        }
    }
}

#[test]
fn write_off_reads_and_sweeps_disabled_crumbs() {
    // ATOM at a cent: 1 USD is dust; the liquidation takes it, and what is left is 0.7 of crumbs: dust too, so all seven are swept.
    let (plain, _) = liquidation(None, "0.01");
    for by_pair in [false, true] {
        let (crumbed, _) = liquidation(Some(Crumbs { enabled: false, by_pair }), "0.01");
        assert_eq!(crumbed, [plain[0] + 7 * 3, plain[1] + 7, plain[2]]);
    }
}
