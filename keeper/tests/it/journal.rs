//! The journal: what is written survives, what was cut short is dropped, and nothing is sent while a fate is unknown.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;

use cosmwasm_std::Checksum;
use plimsoll_keeper::chain::simulated::WorldChain;
use plimsoll_keeper::chain::{ChainReader, TxSender, TxStatus};
use plimsoll_keeper::error::Error;
use plimsoll_keeper::plan::Action;
use plimsoll_keeper::plan::limits::Spent;
use plimsoll_keeper::tx::journal::{Intent, Journal};
use plimsoll_keeper::tx::messages::Targets;
use plimsoll_keeper::tx::{Batch, Executor, FailureReason};
use plimsoll_schema::pool::AccountKey;
use plimsoll_testing::{LIQUIDATOR, World};

use crate::support::files::fresh;

fn intent(hash: &str, sender: &str, chain_id: &str) -> Intent {
    let (hash, sender, chain_id) = (hash.to_owned(), sender.to_owned(), chain_id.to_owned());
    Intent {
        hash,
        sender,
        chain_id,
        timeout_height: 20,
        accounts: vec!["wasm1x/0".to_owned()],
        items: 0,
        own: 0,
        before: 0,
        sequence: None,
        spent: None,
        bytes: None,
    }
}

/// What was signed is kept for as long as it may have to be sent again, and no longer.
#[test]
fn bytes_are_kept_until_the_outcome_is_known() {
    let path = fresh("journal");
    let mut journal = Journal::open(&path).unwrap();
    let signed = |number: u16| {
        let bytes = number.to_be_bytes();
        let hash = Checksum::generate(&bytes).to_hex().to_uppercase();
        Intent { bytes: Some(bytes.into()), sequence: Some(7), ..intent(&hash, "me", "c") }
    };
    for number in 0..1_500 {
        journal.intend(signed(number)).unwrap();
        journal.resolve(&signed(number).hash, None, 9).unwrap();
    }
    let last = signed(0xff01);
    journal.intend(last.clone()).unwrap();
    drop(journal);
    let journal = Journal::open(&path).unwrap();
    let found = journal.unresolved("me", "c").unwrap().signed().unwrap();
    assert_eq!(
        (found.bytes, found.hash, found.timeout_height, found.sequence),
        (vec![0xff, 1], last.hash.clone(), 20, 7)
    );
    drop(journal);
    // Once written anew, a file has them of no transaction that was resolved by then, and only its owner can read it.
    let text = std::fs::read_to_string(&path).unwrap();
    let old = text.lines().take(50);
    assert!(old.clone().any(|line| line.contains("intent")) && old.clone().all(|line| !line.contains("bytes")));
    assert_eq!(text.lines().last().unwrap().matches(r#""bytes":"/wE=""#).count(), 1);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    // What isn't what was signed is never sent.
    assert_eq!(Intent { bytes: Some([0xff, 2].into()), ..last }.signed(), None);
    // One of before has none, and is read all the same.
    assert_eq!(intent("C", "me", "c").signed(), None);
}

#[test]
fn what_is_not_resolved_is_found_again() {
    let path = fresh("journal");
    let mut journal = Journal::open(&path).unwrap();
    journal.intend(intent("A", "me", "c")).unwrap();
    journal.resolve("A", None, 7).unwrap();
    journal.intend(intent("B", "me", "c")).unwrap();
    drop(journal);
    let journal = Journal::open(&path).unwrap();
    assert_eq!(journal.unresolved("me", "c").unwrap().hash, "B");
    assert_eq!(journal.unresolved("another", "c"), None);
    assert_eq!(journal.unresolved("me", "another"), None);
}

#[test]
fn cut_off_anywhere_in_its_last_line_it_opens_without_that_line() {
    let path = fresh("journal");
    let mut journal = Journal::open(&path).unwrap();
    journal.intend(intent("A", "me", "c")).unwrap();
    let first = std::fs::read(&path).unwrap().len();
    journal.resolve("A", Some(FailureReason::Expired), 30).unwrap();
    drop(journal);
    let whole = std::fs::read(&path).unwrap();
    for length in first..whole.len() {
        std::fs::write(&path, &whole[..length]).unwrap();
        let mut journal = Journal::open(&path).unwrap();
        assert_eq!(journal.unresolved("me", "c").unwrap().hash, "A", "cut at {length}");
        // And it goes on as if nothing had been.
        journal.resolve("A", None, 31).unwrap();
        drop(journal);
        assert_eq!(Journal::open(&path).unwrap().unresolved("me", "c"), None);
    }
}

#[test]
fn a_long_journal_is_written_anew_without_what_was_resolved_long_ago() {
    let path = fresh("journal");
    let mut journal = Journal::open(&path).unwrap();
    journal.intend(intent("OPEN", "me", "c")).unwrap();
    for n in 0..1_200 {
        let hash = format!("H{n}");
        journal.intend(intent(&hash, "you", "c")).unwrap();
        journal.resolve(&hash, Some(FailureReason::Refused), n).unwrap();
    }
    let lines = |path: &PathBuf| std::fs::read_to_string(path).unwrap().lines().count();
    assert!(lines(&path) <= 1_002, "{}", lines(&path));
    // The lock went with it.
    assert!(Journal::open(&path).unwrap_err().to_string().contains("another keeper"));
    drop(journal);
    let mut journal = Journal::open(&path).unwrap();
    assert_eq!(journal.unresolved("me", "c").unwrap().hash, "OPEN");
    assert_eq!(journal.unresolved("you", "c"), None);
    assert!(std::fs::read_to_string(&path).unwrap().contains("H1199"));
    journal.resolve("OPEN", None, 7).unwrap();
    drop(journal);
    // As it was written before there was a bound: compacted when it is opened.
    let text = std::fs::read_to_string(&path).unwrap();
    let text: String = (0..20).map(|n| text.replace("\"H", &format!("\"{n}-H"))).collect();
    std::fs::write(&path, text).unwrap();
    let journal = Journal::open(&path).unwrap();
    assert!(lines(&path) <= 1_000 && journal.unresolved("me", "c").is_none());
}

#[test]
fn damage_before_the_last_line_stops_the_keeper() {
    let path = fresh("journal");
    let mut journal = Journal::open(&path).unwrap();
    journal.intend(intent("A", "me", "c")).unwrap();
    drop(journal);
    let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(b"{\"intent\":{\"hash\":\n").unwrap();
    let error = Journal::open(&path).unwrap_err();
    assert!(error.to_string().contains("line 2"), "{error}");
}

#[test]
fn a_second_keeper_on_the_same_journal_is_refused() {
    let path = fresh("journal");
    let _first = Journal::open(&path).unwrap();
    let error = Journal::open(&path).unwrap_err();
    assert!(matches!(error, Error::File { .. }) && error.to_string().contains("another keeper"), "{error}");
}

#[test]
fn a_message_that_goes_before_is_about_no_account() {
    let named = |accounts: &[&str]| accounts.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let of = |items, own, before| Intent {
        accounts: named(&["a/0", "b/0", "c/0"]),
        items,
        own,
        before,
        ..intent("X", "me", "test-1")
    };
    let asked = |intent: &Intent| {
        (0..4).map(|at| intent.accounts_of(at).map(<[String]>::to_vec)).collect::<Vec<Option<Vec<String>>>>()
    };
    // Prices, then two items in one message, then a message of its own: by the liquidator or with own coins.
    for mixed in [of(2, 0, 1), of(0, 2, 1)] {
        assert_eq!(asked(&mixed), [None, Some(named(&["a/0", "b/0"])), Some(named(&["c/0"])), None]);
        assert_eq!(mixed.may_fail_alone(), named(&["a/0", "b/0"]));
    }
    let both = of(1, 1, 0);
    assert_eq!(asked(&both), [Some(named(&["a/0"])), Some(named(&["b/0"])), Some(named(&["c/0"])), None]);
    assert_eq!(both.may_fail_alone(), named(&["a/0", "b/0"]));
    assert_eq!(of(0, 0, 1).accounts_of(1), Some(&named(&["a/0"])[..]));
    assert_eq!(of(0, 0, 0).accounts_of(1), Some(&named(&["b/0"])[..]));
    assert!(of(0, 0, 0).may_fail_alone().is_empty());
    // A line that says more items than accounts is about nobody.
    assert_eq!(of(5, 0, 0).accounts_of(0), None);
}

#[test]
fn what_was_spent_is_told_without_refusals_and_other_chains() {
    let path = fresh("journal");
    let spent = |at| Some(Spent { at, fee: 7, ..Spent::default() });
    let mut journal = Journal::open(&path).unwrap();
    for (hash, chain_id, at) in [("A", "test-1", 1), ("B", "test-1", 2), ("C", "test-2", 3), ("D", "test-1", 4)] {
        journal.intend(Intent { spent: spent(at), ..intent(hash, "me", chain_id) }).unwrap();
    }
    journal.resolve("A", Some(FailureReason::Failed), 5).unwrap();
    journal.resolve("B", Some(FailureReason::Refused), 5).unwrap();
    let told = |journal: &Journal| journal.spent("test-1").map(|spent| spent.at).collect::<Vec<_>>();
    assert_eq!(told(&journal), [1, 4]);
    drop(journal);
    assert_eq!(told(&Journal::open(&path).unwrap()), [1, 4]);
}

fn write_off() -> Action {
    let key = AccountKey { owner: "wasm1x".to_owned(), account_id: 0 };
    Action::WriteOff { key, debt_value: plimsoll_risk::units::Value::ZERO }
}

#[tokio::test]
async fn nothing_is_sent_while_the_last_fate_is_unknown() {
    let chain = Arc::new(WorldChain::start(LIQUIDATOR, World::new).await.unwrap());
    let head = chain.head().await.unwrap();
    let path = fresh("journal");
    let mut journal = Journal::open(&path).unwrap();
    // Written down, and then the power went: it was never broadcast, but nobody knows that.
    let timeout_height = head.height + 2;
    let lost = Intent { timeout_height, ..intent("LOST", chain.sender().unwrap(), &head.chain_id) };
    journal.intend(lost).unwrap();
    drop(journal);

    let mut executor = Executor::new(chain.clone(), Journal::open(&path).unwrap()).unwrap();
    let targets = Targets { pool: "wasm1pool", oracle: "wasm1oracle", liquidator: None, take_shares: false };
    let mut blocks = 0;
    loop {
        let head = chain.head().await.unwrap();
        let batch = Batch { actions: vec![write_off()], ..Batch::default() };
        let sent = executor.send_batch(targets, batch, &head, 5).await.unwrap();
        assert_eq!(sent, plimsoll_keeper::tx::Sent::default(), "sent something at {}", head.height);
        match executor.resolve(&head).await.unwrap() {
            None => assert!(head.height <= timeout_height + 2),
            Some((intent, landed)) => {
                assert_eq!((intent.hash.as_str(), landed), ("LOST", TxStatus::Expired));
                assert!(head.height > timeout_height);
                break;
            }
        }
        chain.block(5, |_| Ok(Vec::new())).await.unwrap().unwrap();
        blocks += 1;
        assert!(blocks < 10);
    }
    assert_eq!(executor.in_flight(&head.chain_id), None);
}

#[test]
fn the_same_bytes_signed_again_after_a_refusal_count() {
    let path = fresh("journal");
    let spending = Intent { spent: Some(Spent { at: 1, fee: 7, ..Spent::default() }), ..intent("A", "me", "c") };
    let mut journal = Journal::open(&path).unwrap();
    journal.intend(spending.clone()).unwrap();
    journal.resolve("A", Some(FailureReason::Refused), 5).unwrap();
    assert_eq!(journal.spent("c").count(), 0);
    journal.intend(spending).unwrap();
    journal.resolve("A", None, 6).unwrap();
    assert_eq!(journal.spent("c").count(), 1);
    drop(journal);
    assert_eq!(Journal::open(&path).unwrap().spent("c").count(), 1);
}

#[test]
fn what_counts_for_the_hour_outlives_a_compaction() {
    let path = fresh("journal");
    let mut journal = Journal::open(&path).unwrap();
    // Ten seconds apart: 360 of them are of the last hour.
    for n in 0..1_200u64 {
        let spent = Some(Spent { at: 10_000 + n * 10, fee: 1, ..Spent::default() });
        journal.intend(Intent { spent, sequence: Some(n), ..intent(&format!("H{n}"), "me", "c") }).unwrap();
        journal.resolve(&format!("H{n}"), None, n).unwrap();
    }
    drop(journal);
    let journal = Journal::open(&path).unwrap();
    let recent = journal.spent("c").filter(|spent| spent.at + 3_600 > 21_990).count();
    assert_eq!(recent, 360);
    let lines = std::fs::read_to_string(&path).unwrap().lines().count();
    assert!(lines < 1_600, "{lines}");
    assert_eq!((journal.used("me", "c"), journal.used("you", "c"), journal.used("me", "d")), (Some(1_199), None, None));
}
