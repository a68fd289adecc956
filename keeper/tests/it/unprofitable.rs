//! Many accounts that nobody can earn anything with: they are looked at a few at a time, and hold nobody up.

use std::time::{Duration, Instant};

use plimsoll_keeper::book::Book;
use plimsoll_keeper::chain::Balances;
use plimsoll_keeper::config::Strategy;
use plimsoll_keeper::dex::{DexSnapshot, Pair};
use plimsoll_keeper::plan::account_memory::AccountMemory;
use plimsoll_keeper::plan::{Plan, Resources, Skip, plan, plan_on};
use plimsoll_keeper::scan::{Scan, scan};
use plimsoll_risk::units::{Amount, Ratio, Value};

use crate::support::books::{self, Listing, account, held, key, owed, usual};

/// So many accounts are looked at in a block.
const AT_ONCE: usize = 512;
/// What is owed, what is taken of the hopeless, and of the one that pays.
const DEBT: u16 = 0;
const HOPELESS: u16 = 1;
const GOOD: u16 = 6;

/// An account with a health factor of 0.9 that owes so much.
fn below_one(listings: &[Listing], collateral: u16, value: f64) -> plimsoll_risk::account::Account {
    let (taken, debt) = (&listings[usize::from(collateral)], &listings[usize::from(DEBT)]);
    let carried = 0.9 * value * 1e18 / (taken.threshold as f64 / 1e18);
    let shares = (carried / taken.worth().0) as u128;
    account(vec![held(collateral, shares)], vec![owed(DEBT, (value * 1e18 / debt.worth().1) as u128)])
}

/// A pair that has a million's worth of each token, if a whole one of the first were worth this share of its price.
fn pair(listings: &[Listing], first: u16, share: f64) -> Pair {
    let units = |number: u16| {
        1e18 * 1e6 / (listings[usize::from(number)].price as f64)
            * 10f64.powi(i32::from(listings[usize::from(number)].decimals))
    };
    let reserves = [Amount::new((units(first) / share) as u128), Amount::new(units(DEBT) as u128)];
    let denoms = [first, DEBT].map(|number| format!("denom{number}"));
    Pair { address: format!("pair{first}"), denoms, reserves, fee: Ratio::bps(30) }
}

/// A keeper with money for gas only. One account pays; before it in the order of their debts are many that don't, since the pair gives
/// four fifths of what they hold.
struct Crowd {
    listings: Vec<Listing>,
    book: Book,
    dex: DexSnapshot,
    inventory: Balances,
    strategy: Strategy,
    memory: AccountMemory,
}

impl Crowd {
    fn new(unprofitable: usize) -> Self {
        let listings = usual();
        let mut book = books::book(&listings, Value::whole(1));
        for n in 0..unprofitable {
            book.accounts.insert(key(n), below_one(&listings, HOPELESS, 1_000.0 + n as f64));
        }
        book.accounts.insert(key(unprofitable), below_one(&listings, GOOD, 100.0));
        let pairs = vec![pair(&listings, HOPELESS, 0.8), pair(&listings, GOOD, 1.0)];
        let dex = DexSnapshot { liquidator: "liquidator".to_owned(), pairs };
        let (inventory, strategy) = (Balances::new(), Strategy::default());
        Self { listings, book, dex, inventory, strategy, memory: AccountMemory::default() }
    }

    fn scan(&self) -> Scan {
        scan(&self.book, books::NOW).unwrap()
    }

    /// The prices of all tokens are this share of what they were.
    fn prices(&mut self, share: f64) {
        let moved: Vec<Listing> = self
            .listings
            .iter()
            .map(|listing| Listing { price: (listing.price as f64 * share) as u128, ..*listing })
            .collect();
        let (head, accounts) = (self.book.head.clone(), self.book.accounts.clone());
        self.book = Book { head, accounts, ..books::book(&moved, Value::whole(1)) };
    }

    /// The next block's plan.
    fn next(&mut self) -> Plan {
        self.book.head.height += 1;
        let scan = self.scan();
        self.memory.begin_block(&self.book, &scan.keys_actionable(&self.book), self.strategy.cooldown_lift, None);
        let resources = Resources::new(None, Some(self.inventory.clone()), &self.strategy);
        let plan = plan_on(&self.book, &scan, resources.with_dex(Some(&self.dex)), &mut self.memory);
        let counted: u64 = plan.skipped.values().sum::<u64>() + plan.actions.len() as u64;
        assert_eq!(counted, scan.below() as u64, "each is planned or counted");
        assert!(self.memory.sized() <= AT_ONCE, "{}", self.memory.sized());
        plan
    }

    /// Blocks until something is planned.
    fn blocks_until_planned(&mut self, mut before: impl FnMut(&mut Self, u32)) -> u32 {
        (1..50)
            .find(|block| {
                before(self, *block);
                !self.next().actions.is_empty()
            })
            .unwrap()
    }

    /// Blocks until everyone has been looked at.
    fn settle(&mut self) {
        while self.next().skipped.contains_key(&Skip::Later) {}
    }
}

#[test]
fn one_that_pays_behind_5000_has_its_turn_and_they_are_not_sized_again() {
    let mut crowd = Crowd::new(5_000);
    let begun = Instant::now();
    let resources = Resources::new(None, Some(Balances::new()), &crowd.strategy);
    let all = plan(&crowd.book, &crowd.scan(), resources.with_dex(Some(&crowd.dex)));
    let unbounded = begun.elapsed();
    assert_eq!((all.actions.len(), all.skipped), (1, [(Skip::Unprofitable, 5_000)].into()));

    // 5001 accounts, 512 a block.
    let (mut longest, mut begun) = (Duration::ZERO, Instant::now());
    let blocks = crowd.blocks_until_planned(|_, _| {
        longest = longest.max(begun.elapsed());
        begun = Instant::now();
    });
    assert_eq!(blocks, 10);
    let begun = Instant::now();
    let plan = crowd.next();
    let known = begun.elapsed();
    assert_eq!((plan.actions, plan.skipped), (all.actions, [(Skip::Unprofitable, 5_000)].into()));
    eprintln!("all at once {unbounded:?}, a block of 512 at most {longest:?}, once they are known {known:?}");
    assert!(known * 5 < unbounded);
}

#[test]
fn what_moves_at_every_block_holds_nobody_up() {
    let mut crowd = Crowd::new(1_500);
    // All are to be sized anew at each block; still everyone has a turn before any has two.
    let blocks = crowd.blocks_until_planned(|crowd, block| crowd.prices(if block % 2 == 0 { 1.0 } else { 0.99 }));
    assert_eq!(blocks, 3);
    // And from then on it is first, and the others are counted for what they were when they were looked at.
    for share in [0.98, 0.97, 0.96] {
        crowd.prices(share);
        let plan = crowd.next();
        assert_eq!((plan.actions.len(), plan.skipped), (1, [(Skip::Unprofitable, 1_500)].into()));
        assert_eq!(crowd.memory.sized(), AT_ONCE);
    }
}

#[test]
fn it_is_looked_again_when_something_has_changed_and_not_before() {
    let mut crowd = Crowd::new(100);
    let looked = |crowd: &mut Crowd| {
        let plan = crowd.next();
        assert_eq!(plan.skipped.values().sum::<u64>() + plan.actions.len() as u64, 101);
        crowd.memory.sized()
    };
    assert_eq!(looked(&mut crowd), 101);
    // The one that pays is always looked at.
    assert_eq!(looked(&mut crowd), 1);
    crowd.prices(0.9995);
    assert_eq!(looked(&mut crowd), 1);
    // Together that is more than a thousandth.
    crowd.prices(0.9985);
    assert_eq!(looked(&mut crowd), 101);
    // A record.
    crowd.book.accounts.insert(key(7), below_one(&crowd.listings, HOPELESS, 2_000.0));
    assert_eq!(looked(&mut crowd), 2);
    // The pool's settings.
    crowd.book.terms.dust_value = Value::whole(2);
    assert_eq!(looked(&mut crowd), 101);
    // Somebody trades.
    crowd.dex.pairs[0].reserves[0] = crowd.dex.pairs[0].reserves[0].saturating_sub(Amount::new(100_000_000));
    assert_eq!(looked(&mut crowd), 1, "less than a thousandth");
    crowd.dex.pairs[0].reserves[0] = Amount::new(crowd.dex.pairs[0].reserves[0].raw() / 10 * 8);
    let plan = crowd.next();
    assert!(plan.actions.len() > 50, "the pair pays what they are worth: {:?}", plan.skipped);
}

#[test]
fn coins_that_come_are_used_on_what_was_hopeless_without() {
    let mut crowd = Crowd::new(10);
    assert_eq!(crowd.next().actions.len(), 1);
    crowd.inventory.insert("denom0".to_owned(), u128::MAX / 2);
    assert_eq!(crowd.next().actions.len(), 11);
}

#[test]
fn what_others_left_nothing_for_is_not_hopeless() {
    let mut crowd = Crowd::new(2);
    crowd.dex.pairs.clear();
    // Either of the first two takes all of it.
    crowd.inventory.insert("denom0".to_owned(), 500_000_000);
    let first = crowd.next();
    assert_eq!((first.actions.len(), first.skipped), (1, [(Skip::NoRoute, 2)].into()));
    // The first has gone; the next is planned at once, though nothing else has changed.
    crowd.book.accounts.remove(first.actions[0].account());
    assert_eq!(crowd.next().actions.len(), 1);
}

#[test]
fn after_some_blocks_it_is_looked_again_in_any_case() {
    let mut crowd = Crowd::new(3);
    crowd.settle();
    let looks: Vec<usize> = (0..400).map(|_| (crowd.next(), crowd.memory.sized()).1).collect();
    assert_eq!(looks.iter().filter(|looked| **looked == 4).count(), 2, "{looks:?}");
}

impl Crowd {
    /// One account that owes so much, well secured, and 3000 of five each, whose debt is about to be bad.
    fn small_and_risky_before(large: f64) -> Self {
        let mut crowd = Self::new(0);
        crowd.book.accounts.insert(key(0), below_one(&crowd.listings, GOOD, large));
        for n in 1..=3_000 {
            let (taken, debt) = (&crowd.listings[usize::from(HOPELESS)], &crowd.listings[usize::from(DEBT)]);
            let shares = (1.05 * 5.0 * 1e18 / taken.worth().0) as u128;
            let small = account(vec![held(HOPELESS, shares)], vec![owed(DEBT, (5.0 * 1e18 / debt.worth().1) as u128)]);
            crowd.book.accounts.insert(key(n), small);
        }
        assert_eq!(crowd.scan().below(), 3_001);
        crowd
    }
}

#[test]
fn a_large_account_does_not_wait_for_thousands_of_small_hopeless_ones() {
    let mut crowd = Crowd::small_and_risky_before(20_000.0);
    // No bonus on five is worth as much.
    crowd.strategy.min_profit_value = Value::whole(2);
    assert_eq!(crowd.blocks_until_planned(|_, _| ()), 1);
    // Nor when it comes to nothing for once, and at each block something moves for all of them.
    let mut crowd = Crowd::small_and_risky_before(20_000.0);
    crowd.strategy.min_profit_value = Value::whole(2);
    let pairs = std::mem::take(&mut crowd.dex.pairs);
    crowd.next();
    crowd.dex.pairs = pairs;
    let blocks = crowd.blocks_until_planned(|crowd, block| crowd.prices(if block % 2 == 0 { 1.0 } else { 0.99 }));
    assert_eq!(blocks, 1);
}

#[test]
fn small_ones_have_their_turn_behind_too_many_hopeless_large_ones() {
    let mut crowd = Crowd::new(700);
    crowd.dex.pairs.pop();
    // The last is the one that pays, in a pair that has just been opened: of five, too little but for a pair that pays more than it is worth.
    let last = key(700);
    crowd.book.accounts.insert(last.clone(), below_one(&crowd.listings, GOOD, 5.0));
    crowd.strategy.min_profit_value = Value::whole(2);
    crowd.dex.pairs.push(pair(&crowd.listings, GOOD, 4.0));
    let blocks = crowd.blocks_until_planned(|crowd, block| crowd.prices(if block % 2 == 0 { 1.0 } else { 0.99 }));
    // Half of 512 a block go by the turn.
    assert!((2..=5).contains(&blocks), "{blocks}");
    assert_eq!(crowd.next().actions[0].account(), &last);
}

#[test]
fn a_large_account_is_sent_before_thousands_of_small_ones_that_pay() {
    let mut crowd = Crowd::small_and_risky_before(1_000_000.0);
    crowd.inventory.insert("denom0".to_owned(), u128::MAX / 2);
    let plan = crowd.next();
    // No more fit a transaction.
    assert_eq!(plan.actions.len(), 256);
    let place = plan.actions.iter().position(|action| action.account() == &key(0));
    // The first place is the riskiest's.
    assert_eq!(place, Some(1));
}

#[test]
fn what_could_not_be_paid_for_a_block_is_looked_at_again_when_it_can() {
    let mut crowd = Crowd::new(0);
    let id = plimsoll_risk::params::AssetId(GOOD);
    // All of it is lent for the length of a transaction, so that shares are worth what they were.
    let lend_or_return = |crowd: &mut Crowd| {
        let market = &mut crowd.book.assets.get_mut(&id).unwrap().stored;
        std::mem::swap(&mut market.cash, &mut market.lent);
    };
    lend_or_return(&mut crowd);
    assert_eq!(crowd.next().skipped, [(Skip::NoCash, 1)].into());
    lend_or_return(&mut crowd);
    assert_eq!(crowd.next().actions.len(), 1);
}
