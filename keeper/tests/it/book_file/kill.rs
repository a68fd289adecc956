//! Kills and full disks: the file holds some block, whole, and the keeper needs no file.

use std::path::Path;
use std::path::PathBuf;

use plimsoll_keeper::book::Book;
use plimsoll_keeper::book::delta::BookDelta;
use plimsoll_keeper::book::store::Codes;
use plimsoll_keeper::book::store::Store;
use plimsoll_keeper::book::sync::BookConfig;
use plimsoll_keeper::book::sync::BookSync;
use plimsoll_keeper::chain::ChainReader;
use plimsoll_risk::units::ScaledDebt;
use plimsoll_schema::pool::AccountKey;
use plimsoll_testing::BOB;

use super::{aside, borrow, folder, open, read_anew, upgrade, world};

#[tokio::test]
async fn a_file_that_was_copied_at_any_moment_holds_some_block() {
    // What a kill leaves behind is what is on disk: a copy of the file while it is written to.
    let (file, (chain, pool)) = (folder("kill").join("book.redb"), world().await);
    let (mut sync, mut book) = open(&chain, &pool, &file).await;
    let copy = file.with_file_name("copy.redb");
    let mut known = vec![book.clone()];
    for id in 50..80 {
        let head = borrow(&chain, BOB, id).await;
        sync.follow(&mut book, &chain, &head).await.unwrap();
        sync.keep(&book);
        known.push(book.clone());
        std::fs::copy(&file, &copy).unwrap();
        let (_, stored) = Store::open(&copy).unwrap();
        let stored = stored.expect("a book");
        assert!(known.contains(&stored.book), "at {id}");
        assert!(aside(&copy).is_empty(), "at {id}");
    }
    sync.close();
    std::fs::copy(&file, &copy).unwrap();
    assert_eq!(Store::open(&copy).unwrap().1.unwrap().book, book, "closed in order, it is the last");
}

/// What a block does to the book in the test of kills: which accounts it touches depends on its height, and how.
fn advance(book: &mut Book) -> BookDelta {
    book.head.height += 1;
    book.head.time += 5;
    let height = book.head.height;
    let mut keys: Vec<_> = book.accounts.keys().cloned().collect();
    keys.sort();
    let mut delta = BookDelta::default();
    for step in 0..3 {
        let key = keys[usize::try_from(height * 7 + step * 11).unwrap() % keys.len()].clone();
        let mut account = book.accounts[&key].clone();
        account.debts[0].scaled = ScaledDebt::new(u128::from(height * 10 + step));
        book.accounts.insert(key.clone(), account);
        delta.accounts.insert(key);
    }
    delta
}

const KILLED: &str = "PLIMSOLL_KEEPER_TEST_WRITES_TO";

#[test]
#[ignore = "the process that the next test kills"]
fn it_writes_until_it_is_killed() {
    let Ok(file) = std::env::var(KILLED) else { return };
    let (mut store, stored) = Store::open(Path::new(&file)).unwrap();
    let mut book = stored.unwrap().book;
    loop {
        let delta = advance(&mut book);
        store.save(&book, &delta).unwrap();
        if book.head.height.is_multiple_of(5) {
            store.flush().unwrap();
        }
    }
}

#[tokio::test]
async fn a_process_that_is_killed_leaves_the_book_of_some_block() {
    let (file, (chain, pool)) = (folder("killed").join("book.redb"), world().await);
    for id in 0..30 {
        borrow(&chain, BOB, 100 + id).await;
    }
    let mut expected = read_anew(&chain, &pool).await;
    let (mut store, _) = Store::open(&file).unwrap();
    store.replace(&expected, Codes::default()).unwrap();
    drop(store);
    let mut blocks = 0;
    for kill in 0..12 {
        let mut child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "book_file::kill::it_writes_until_it_is_killed", "--ignored", "--quiet"])
            .env(KILLED, &file)
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(150 + kill * 37));
        child.kill().unwrap();
        child.wait().unwrap();
        let stored = Store::open(&file).unwrap().1.unwrap().book;
        let height = stored.head.height;
        assert!(aside(&file).is_empty() && height >= expected.head.height, "kill {kill}");
        blocks += height - expected.head.height;
        while expected.head.height < height {
            advance(&mut expected);
        }
        assert_eq!(stored, expected, "kill {kill}");
    }
    assert!(blocks > 50, "{blocks} blocks only");
}

const FULL: &str = "PLIMSOLL_KEEPER_TEST_RUNS_FULL";

#[tokio::test]
#[ignore = "runs where the next test lets no file grow"]
async fn it_goes_on_without_its_file() {
    let Ok(file) = std::env::var(FULL) else { return };
    let ((chain, pool), file) = (world().await, PathBuf::from(file));
    let settings = BookConfig { audit_accounts: 0, ..BookConfig::default() };
    let head = chain.head().await.unwrap();
    let (mut sync, mut book) = BookSync::open(settings, Some(&file), &chain, &pool, head, |_| {}).await.unwrap();
    sync.follow(&mut book, &chain, &upgrade(&chain).await).await.unwrap();
    // Far more than the file may hold.
    let (fresh, (key, account)) =
        (book.clone(), book.accounts.iter().next().map(|(k, a)| (k.clone(), a.clone())).unwrap());
    for account_id in 1_000..21_000 {
        book.accounts.insert(AccountKey { account_id, ..key.clone() }, account.clone());
    }
    sync.keep(&book);
    assert_eq!(sync.counts().unwritten, 1);
    book = fresh;
    for _ in 0..14 {
        let head = chain.block(5, |_| Ok(Vec::new())).await.unwrap().unwrap();
        sync.follow(&mut book, &chain, &head).await.unwrap();
        sync.keep(&book);
    }
    // A minute later there is room again.
    assert_eq!(sync.counts().unwritten, 1);
    drop(sync);
    assert!(Store::open(&file).unwrap().1.unwrap().book == book);
}

#[test]
fn a_full_disk_stops_nobody() {
    let file = folder("full").join("book.redb");
    // In blocks of 512 bytes or more: enough for a few accounts.
    let limited = "trap '' XFSZ; ulimit -f 1024; exec \"$0\" --exact book_file::kill::it_goes_on_without_its_file --ignored --nocapture";
    let run = std::process::Command::new("sh")
        .args(["-c", limited])
        .arg(std::env::current_exe().unwrap())
        .env(FULL, &file)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout).into_owned() + &String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success() && said.contains("1 passed"), "{said}");
}
