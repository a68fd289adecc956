//! What is remembered of an account: each part by its own rule, one record for each account.

use plimsoll_keeper::book::Book;
use plimsoll_keeper::plan::account_memory::{AccountMemory, COOLDOWN_BLOCKS};
use plimsoll_keeper::plan::evidence::Evidence;
use plimsoll_keeper::plan::{Action, Skip};
use plimsoll_risk::units::{Ratio, Value};

use crate::support::books::{self, Listing, NOW, account, denom, held, key, owed, usual};

/// By how much a price or a record has to change for a wait to end.
const LIFT: Ratio = Ratio::percent(1);
const SHARES: u128 = 1_000_000_000;

/// Accounts of one collateral and one debt each, of which all are below 1 unless told otherwise.
struct Stage {
    listings: Vec<Listing>,
    book: Book,
    memory: AccountMemory,
}

impl Stage {
    fn new(accounts: usize) -> Self {
        let listings = usual();
        let mut book = books::book(&listings, Value::ZERO);
        for n in 0..accounts {
            book.accounts.insert(key(n), account(vec![held(1, SHARES)], vec![owed(0, 1_000)]));
        }
        let mut stage = Self { listings, book, memory: AccountMemory::default() };
        stage.pass(1);
        stage
    }

    /// So many blocks later everybody in the book is below 1.
    fn pass(&mut self, blocks: u64) {
        self.book.head.height += blocks;
        let below: Vec<_> = self.book.accounts.keys().collect();
        self.memory.begin_block(&self.book, &below, LIFT, None);
    }

    /// The first account has this many shares.
    fn deposit(&mut self, shares: u128) {
        self.book.accounts.insert(key(0), account(vec![held(1, shares)], vec![owed(0, 1_000)]));
    }

    /// The collateral's price is this share of what it was at first, in thousandths.
    fn price(&mut self, thousandths: u128) {
        let listing = self.listings[1];
        let moved = Listing { price: listing.price / 1_000 * thousandths, ..listing };
        self.book.prices.records.insert(denom(1), moved.record());
    }

    fn fail(&mut self) {
        self.memory.note_failure(&key(0), self.book.head.height, &self.book, None);
    }

    fn reason(&self) -> Option<Skip> {
        self.memory.left_alone(&key(0), None)
    }

    /// For how many blocks from now on the first account is left alone.
    fn wait(&mut self) -> u64 {
        let begun = self.book.head.height;
        while self.reason().is_some() {
            self.pass(1);
        }
        self.book.head.height - begun
    }
}

#[test]
fn the_time_since_when_an_account_is_below_1_survives_what_happens_to_it() {
    let mut stage = Stage::new(2);
    stage.book.head.time = NOW + 100;
    stage.fail();
    stage.memory.note_would_fail(&key(0), stage.book.head.height, &stage.book, false);
    stage.memory.note_too_dear(&key(0), 7);
    stage.pass(50);
    stage.memory.note_success(&key(0));
    stage.pass(6_000);
    assert_eq!(stage.memory.first_seen(&key(0)), Some(NOW));
    // A block at which nothing is to be done about it ends it.
    let other = key(1);
    stage.memory.begin_block(&stage.book, &[&other], LIFT, None);
    stage.pass(1);
    assert_eq!([0, 1].map(|n| stage.memory.first_seen(&key(n))), [Some(NOW + 100), Some(NOW)]);
    assert_eq!(stage.memory.oldest_of([&key(0), &other, &key(9)]), Some(NOW));
}

#[test]
fn each_further_failure_waits_twice_as_long_up_to_640_blocks() {
    let mut stage = Stage::new(1);
    let waits: Vec<u64> = (0..8)
        .map(|_| {
            stage.fail();
            assert_eq!(stage.reason(), Some(Skip::Cooldown));
            stage.wait()
        })
        .collect();
    assert_eq!(waits, [10, 20, 40, 80, 160, 320, 640, 640]);
}

#[test]
fn a_success_or_5000_quiet_blocks_forget_the_failures() {
    let mut stage = Stage::new(1);
    for quiet in [4_999, 5_000] {
        stage.fail();
        stage.wait();
        stage.pass(quiet);
        stage.fail();
        let wait = stage.wait();
        assert_eq!(wait, if quiet < 5_000 { 2 * COOLDOWN_BLOCKS } else { COOLDOWN_BLOCKS }, "after {quiet}");
        stage.memory.note_success(&key(0));
    }
    stage.fail();
    stage.memory.note_success(&key(0));
    assert_eq!(stage.reason(), None);
    stage.fail();
    assert_eq!(stage.wait(), COOLDOWN_BLOCKS);
}

#[test]
fn a_price_that_has_moved_ends_the_wait() {
    let mut stage = Stage::new(1);
    stage.fail();
    stage.price(991);
    stage.pass(1);
    assert_eq!(stage.reason(), Some(Skip::Cooldown));
    stage.price(989);
    stage.pass(1);
    assert_eq!(stage.reason(), None);
}

#[test]
fn a_record_ends_the_wait_once_in_ten_blocks_and_a_larger_deposit_never() {
    let mut stage = Stage::new(1);
    stage.fail();
    stage.deposit(2 * SHARES);
    stage.pass(1);
    assert_eq!(stage.reason(), Some(Skip::Cooldown), "anybody may deposit");
    stage.deposit(SHARES / 2);
    stage.pass(1);
    assert_eq!(stage.reason(), None);
    stage.fail();
    stage.deposit(SHARES / 4);
    stage.pass(COOLDOWN_BLOCKS - 1);
    assert_eq!(stage.reason(), Some(Skip::Cooldown), "a record ended a wait a moment ago");
    stage.pass(1);
    assert_eq!(stage.reason(), None);
}

#[test]
fn a_failure_that_a_change_explains_is_planned_anew_three_times_in_a_row() {
    let mut stage = Stage::new(1);
    let sent = Evidence::of(&stage.book, &[Action::WriteOff { key: key(0), debt_value: Value::ZERO }]);
    stage.deposit(SHARES / 2);
    let waits: Vec<u64> = (0..14)
        .map(|_| {
            stage.memory.note_failure(&key(0), stage.book.head.height, &stage.book, Some(&sent));
            stage.wait()
        })
        .collect();
    assert_eq!(waits, [0, 0, 0, 10, 0, 0, 0, 20, 0, 0, 0, 40, 0, 0]);
    stage.fail();
    assert_eq!(stage.wait(), 80, "what nothing explains");
}

#[test]
fn a_failure_of_an_old_plan_is_forgiven_at_one_block_of_twenty() {
    let mut stage = Stage::new(1);
    let mut is_forgiven = |after: u64| {
        stage.pass(after);
        stage.memory.note_would_fail(&key(0), stage.book.head.height, &stage.book, true);
        let reason = stage.reason();
        assert!(reason.is_none_or(|reason| reason == Skip::WouldFail), "{reason:?}");
        reason.is_none()
    };
    // Two keys at the same block.
    assert_eq!([is_forgiven(0), is_forgiven(0)], [true, true]);
    assert_eq!([is_forgiven(1), is_forgiven(10)], [false, false]);
    // The wait after the second is over by then.
    assert_eq!([is_forgiven(21), is_forgiven(1)], [true, false]);
}

#[test]
fn what_was_too_dear_is_no_longer_once_the_hour_has_room_for_it() {
    let mut stage = Stage::new(2);
    stage.memory.note_too_dear(&key(0), 300);
    stage.memory.note_too_dear(&key(1), 500);
    let budget = Some(Skip::Budget);
    let reasons = |stage: &Stage, left| [0, 1].map(|n| stage.memory.left_alone(&key(n), left));
    assert_eq!(reasons(&stage, Some(299)), [budget, budget]);
    assert_eq!(reasons(&stage, Some(300)), [None, budget]);
    assert_eq!(reasons(&stage, None), [None, None]);
    // It may be cheaper by now.
    stage.memory.begin_block(&stage.book, &[], LIFT, Some(300));
    assert_eq!(reasons(&stage, Some(100)), [None, budget]);
    stage.memory.begin_block(&stage.book, &[], LIFT, None);
    assert_eq!(reasons(&stage, Some(100)), [None, None]);
}

#[test]
fn the_memory_holds_no_more_than_who_is_below_1_or_failed_a_while_ago() {
    let mut stage = Stage::new(1_000);
    assert_eq!(stage.memory.len(), 1_000);
    stage.fail();
    stage.memory.note_would_fail(&key(1), stage.book.head.height, &stage.book, true);
    for n in 2..1_000 {
        stage.book.accounts.remove(&key(n));
    }
    stage.pass(1);
    assert_eq!(stage.memory.len(), 2);
    stage.book.accounts.clear();
    stage.pass(19);
    assert_eq!(stage.memory.len(), 1, "an old plan was forgiven for the other");
    stage.pass(COOLDOWN_BLOCKS + 4_969);
    assert_eq!(stage.memory.len(), 1);
    stage.pass(20);
    assert!(stage.memory.is_empty());
}
