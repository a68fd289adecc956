//! Which account comes first: the one whose debt is about to be bad, then profit, then who waits longest.

use plimsoll_keeper::book::Book;
use plimsoll_keeper::chain::Balances;
use plimsoll_keeper::config::Strategy;
use plimsoll_keeper::plan::account_memory::AccountMemory;
use plimsoll_keeper::plan::priority::Priority;
use plimsoll_keeper::plan::{Action, Plan, Resources, Skip, plan, plan as plan_of};
use plimsoll_keeper::scan::{Scan, scan};
use plimsoll_risk::units::Value;
use plimsoll_schema::pool::AccountKey;
use plimsoll_testing::{AETH, ALICE, BOB, UATOM, UUSD, World};

use crate::support::books;
use crate::support::judged::judged;

/// Whom the plan acts on, in order, with so much UUSD.
fn planned(book: &Book, scan: &Scan, held: u128) -> (Vec<AccountKey>, Plan) {
    planned_by(book, scan, held, &Strategy::default())
}

fn planned_by(book: &Book, scan: &Scan, held: u128, strategy: &Strategy) -> (Vec<AccountKey>, Plan) {
    let inventory = Balances::from([(UUSD.to_owned(), held)]);
    let plan = plan(book, scan, Resources::new(None, Some(inventory), strategy));
    (plan.actions.iter().map(|action| action.account().clone()).collect(), plan)
}

/// ALICE's 100 ATOM are worth 720 against 690: another fall and her debt is bad. BOB owes and brings ten times as much, well secured.
fn risky_and_large(world: &mut World) {
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    world.borrow(ALICE, UUSD, 690_000_000).unwrap();
    world.mint(BOB, AETH, 5_000_000_000_000_000_000);
    world.deposit(BOB, AETH, 5_000_000_000_000_000_000).unwrap();
    world.borrow(BOB, UUSD, 7_400_000_000).unwrap();
    world.set_prices(&[(UATOM, "7.2"), (AETH, "1840")]);
}

#[tokio::test]
async fn whose_debt_is_about_to_be_bad_comes_first_though_another_pays_more() {
    let (chain, book, scan) = judged(risky_and_large).await;
    let [alice, bob] = chain.with(|world| [world.key(ALICE), world.key(BOB)]).await.unwrap();
    let (order, plan) = planned(&book, &scan, u128::MAX);
    assert_eq!(order, [alice.clone(), bob.clone()]);
    assert!(plan.actions[0].profit() < plan.actions[1].profit(), "profit alone would say otherwise");
    // And it has the first claim on what there is.
    let (scarce, plan) = planned(&book, &scan, 690_000_000);
    assert_eq!(scarce, [alice]);
    assert_eq!(plan.skipped, [(Skip::NoInventory, 1)].into());
}

#[tokio::test]
async fn of_two_that_are_safe_the_more_profitable_comes_first() {
    let (chain, book, scan) = judged(|world| {
        risky_and_large(world);
        world.set_price(UATOM, "9.1");
    })
    .await;
    let [alice, bob] = chain.with(|world| [world.key(ALICE), world.key(BOB)]).await.unwrap();
    assert_eq!(planned(&book, &scan, u128::MAX).0, [bob, alice]);
}

#[tokio::test]
async fn nothing_is_risked_by_waiting_with_a_write_off() {
    let (chain, book, scan) = judged(|world| {
        risky_and_large(world);
        world.deposit((ALICE, 7), UATOM, 1_000_000).unwrap();
        world.borrow((ALICE, 7), UUSD, 5_000_000).unwrap();
        world.set_prices(&[(UATOM, "0.1")]);
    })
    .await;
    let [bob, dust] = chain.with(|world| [world.key(BOB), world.key((ALICE, 7))]).await.unwrap();
    // What is left of the ATOM pays for nobody's trouble.
    let strategy = Strategy { min_profit_value: Value::whole(1), ..Strategy::default() };
    let (order, plan) = planned_by(&book, &scan, u128::MAX, &strategy);
    assert_eq!(order, [bob, dust]);
    assert!(matches!(plan.actions.last(), Some(Action::WriteOff { .. })), "{plan:?}");
}

/// Everything may be spent, and each liquidation is worth it.
#[test]
fn a_block_plans_no_more_than_a_few_transactions_hold_and_counts_the_rest() {
    let (listings, mut dice) = (books::usual(), books::Dice(11));
    let mut book = books::book(&listings, Value::whole(1));
    for n in 0..400 {
        book.accounts.insert(books::key(n), books::two_and_two(&listings, 0.9, 1.0, &mut dice));
    }
    let scan = scan(&book, books::NOW).unwrap();
    assert_eq!(scan.below(), 400);
    let strategy = Strategy::default();
    let plan = plan_of(&book, &scan, Resources::new(None, None, &strategy));
    assert_eq!(plan.actions.len(), 256);
    assert_eq!(plan.skipped, [(Skip::Later, 144)].into());
    let all = plan_of(&book, &scan, Resources::new(None, None, &strategy).unbounded());
    assert_eq!((all.actions.len(), all.skipped.len()), (400, 0));
}

#[test]
fn of_equals_the_longest_waiting_comes_first_and_keys_decide_last() {
    let key = |owner: &str| AccountKey { owner: owner.to_owned(), account_id: 0 };
    let of = |risky, profit, since, owner| Priority::new(risky, Value::whole(profit), since, key(owner));
    let wanted =
        [of(true, 1, 9, "z"), of(false, 2, 9, "y"), of(false, 1, 3, "x"), of(false, 1, 4, "a"), of(false, 1, 4, "b")];
    let mut mixed = [4, 1, 3, 0, 2].map(|at: usize| wanted[at].clone());
    mixed.sort();
    assert_eq!(mixed, wanted);
}

#[test]
fn an_account_that_recovers_in_between_starts_anew() {
    let key = |account_id| AccountKey { owner: "wasm1x".to_owned(), account_id };
    let mut memory = AccountMemory::default();
    memory.see(100, &[&key(0), &key(1)]);
    memory.see(105, &[&key(0), &key(2)]);
    assert_eq!([0, 1, 2].map(|n| memory.first_seen(&key(n))), [Some(100), None, Some(105)]);
    memory.see(110, &[&key(0), &key(1), &key(2)]);
    assert_eq!([0, 1, 2].map(|n| memory.first_seen(&key(n))), [Some(100), Some(110), Some(105)]);
}
