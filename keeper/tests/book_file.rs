//! The book on disk: what is read back is what was applied, whatever happens to the file or between two starts.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may stop at a surprise"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use cosmwasm_std::coin;
use plimsoll_keeper::book::Book;
use plimsoll_keeper::book::news::News;
use plimsoll_keeper::book::shelf::{Care, Shelf};
use plimsoll_keeper::book::store::{Codes, Store};
use plimsoll_keeper::chain::world::WorldChain;
use plimsoll_keeper::chain::{Chain, Head};
use plimsoll_keeper::config::{BookFile, Config, Layers, Strategy};
use plimsoll_keeper::error::{Class, Error};
use plimsoll_keeper::run::Keeper;
use plimsoll_risk::units::{Amount, ScaledDebt};
use plimsoll_schema::pool::{AccountKey, BatchAction, Borrow, ExecuteMsg, FromPurse, MigrateMsg};
use plimsoll_testing::{ALICE, BOB, LIQUIDATOR, UATOM, UUSD, World, pool_code};

/// A folder of this test's own.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("book-{name}-{}", std::process::id()));
    _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

async fn world() -> (WorldChain, String) {
    let chain = WorldChain::start(LIQUIDATOR, || World::builder().lent(1_000_000).build()).await.unwrap();
    let pool = chain.with(|world| world.pool().to_string()).await.unwrap();
    borrow(&chain, ALICE, 0).await;
    borrow(&chain, ALICE, 7).await;
    borrow(&chain, BOB, 0).await;
    (chain, pool)
}

/// A block in which this account is opened.
async fn borrow(chain: &WorldChain, who: &'static str, id: u32) -> Head {
    let account_id = Some(id);
    let actions = vec![
        BatchAction::Deposit(FromPurse { coin: coin(100_000_000, UATOM), account_id }),
        BatchAction::Borrow(Borrow {
            denom: UUSD.to_owned(),
            amount: Amount::new(100_000_000 + u128::from(id)),
            recipient: None,
            account_id,
        }),
    ];
    let act = move |world: &mut World| {
        Ok(vec![world.execute(who, &ExecuteMsg::Batch { actions }, &[coin(100_000_000, UATOM)])?])
    };
    chain.block(5, act).await.unwrap().unwrap()
}

async fn read_anew(chain: &WorldChain, pool: &str) -> Book {
    Book::snapshot(chain, pool, chain.head().await.unwrap(), |_| {}).await.unwrap()
}

async fn open(chain: &WorldChain, pool: &str, file: &Path) -> (Shelf, Book) {
    let head = chain.head().await.unwrap();
    Shelf::open(Care::default(), Some(file), chain, pool, head, |_| {}).await.unwrap()
}

/// The files in the folder that were moved aside.
fn aside(file: &Path) -> Vec<String> {
    let names = std::fs::read_dir(file.parent().unwrap()).unwrap();
    let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name.contains("damaged"));
    names.sort();
    names
}

#[tokio::test]
async fn what_is_read_back_is_what_was_applied_at_each_block() {
    let ((chain, pool), file) = (world().await, folder("back").join("book.redb"));
    let (store, nothing) = Store::open(&file).unwrap();
    assert_eq!(nothing, None);
    drop(store);
    let (shelf, book) = open(&chain, &pool, &file).await;
    assert_eq!(book, read_anew(&chain, &pool).await);
    let chain = Arc::new(chain);
    let mut keeper = Keeper::new(chain.clone(), book, Strategy::default(), None).unwrap().shelved(shelf);
    for id in 20..25 {
        let head = borrow(&chain, BOB, id).await;
        keeper.on_block(&head).await.unwrap();
    }
    // An account that ends, and a price.
    let act = |world: &mut World| {
        let repay = ExecuteMsg::Repay(plimsoll_schema::pool::OnBehalf { account_id: Some(7), on_behalf_of: None });
        world.set_prices(&[(UATOM, "9")]);
        let paid = world.execute(ALICE, &repay, &[coin(200_000_000, UUSD)])?;
        Ok(vec![paid, world.feed(plimsoll_testing::FEEDERS[0], &[(UATOM, "9")])?])
    };
    let head = chain.block(5, act).await.unwrap().unwrap();
    keeper.on_block(&head).await.unwrap();
    assert_eq!(keeper.book().accounts.len(), 7);
    let book = keeper.book().clone();
    drop(keeper);
    let (_, stored) = Store::open(&file).unwrap();
    let stored = stored.unwrap();
    assert_eq!(stored.book, book);
    assert_eq!(stored.book, read_anew(&chain, &pool).await);
    assert!(stored.codes.pool.is_some() && stored.codes.oracle.is_some());
    assert_eq!(aside(&file), [""; 0]);
}

#[tokio::test]
async fn blocks_that_passed_between_two_starts_are_filled() {
    let ((chain, pool), file) = (world().await, folder("gap").join("book.redb"));
    drop(open(&chain, &pool, &file).await);
    for id in 30..40 {
        borrow(&chain, ALICE, id).await;
    }
    let (shelf, book) = open(&chain, &pool, &file).await;
    assert_eq!(shelf.counts().filled, 0, "counted from the start only");
    assert_eq!((book.accounts.len(), &book), (13, &read_anew(&chain, &pool).await));
    drop(shelf);
    // Told by events alone: with one of them forged to be silent, the account would be missing.
    let before = Store::open(&file).unwrap().1.unwrap().book;
    borrow(&chain, BOB, 41).await;
    let mut followed = before.clone();
    let news = followed.follow_within(&chain, &chain.head().await.unwrap(), 5).await.unwrap();
    assert_eq!((news.whole, news.accounts.len(), news.filled), (false, 1, 0));
    // Beyond the bound everything is read anew.
    for _ in 0..6 {
        chain.block(5, |_| Ok(Vec::new())).await.unwrap().unwrap();
    }
    let news = followed.follow_within(&chain, &chain.head().await.unwrap(), 5).await.unwrap();
    assert_eq!(news, News::whole());
    assert_eq!(followed, read_anew(&chain, &pool).await);
}

// Between two starts: a contract that was upgraded has the book built anew before anything is sent. While the keeper runs, the
// chain's own event does the same: `follow.rs`.
#[tokio::test]
async fn case_16_another_code_or_another_chain_is_read_anew_and_only_the_other_chains_file_moved_aside() {
    let ((chain, pool), file) = (world().await, folder("other").join("book.redb"));
    let (shelf, right) = open(&chain, &pool, &file).await;
    drop(shelf);
    let stored = |change: fn(&mut Book)| {
        let mut wrong = right.clone();
        change(&mut wrong);
        wrong.accounts.clear();
        wrong
    };
    let put = |book: &Book| {
        let (mut store, was) = Store::open(&file).unwrap();
        let codes = was.map_or(Codes::default(), |was| was.codes);
        store.replace(book, codes).unwrap();
    };
    // Another code: the same file, and nothing of what it held.
    put(&stored(|_| {}));
    let upgraded = |world: &mut World| {
        let pool = world.pool().clone();
        world.migrate(&pool, pool_code(), &MigrateMsg {})
    };
    chain.with(upgraded).await.unwrap().unwrap();
    let (shelf, book) = open(&chain, &pool, &file).await;
    assert_eq!((&book, aside(&file)), (&right, Vec::new()));
    drop(shelf);
    // Others'.
    let others: [fn(&mut Book); 3] = [
        |book| book.head.chain_id = "other-1".to_owned(),
        |book| book.addresses.pool = "wasm1other".to_owned(),
        |book| (book.head.height, book.head.time) = (book.head.height + 1_000, book.head.time - 1_000),
    ];
    for (n, other) in (1..).zip(others) {
        put(&stored(other));
        let (shelf, book) = open(&chain, &pool, &file).await;
        assert_eq!((&book, aside(&file).len()), (&right, n));
        drop(shelf);
        assert_eq!(Store::open(&file).unwrap().1.unwrap().book, right);
    }
    assert_eq!(aside(&file)[0], "book.redb.damaged-1");
}

/// A block in which the pool is given another code.
async fn upgrade(chain: &WorldChain) -> Head {
    let act = |world: &mut World| {
        let pool = world.pool().clone();
        Ok(vec![world.migrate(&pool, pool_code(), &MigrateMsg {})?])
    };
    chain.block(5, act).await.unwrap().unwrap()
}

#[tokio::test]
async fn case_16_an_upgrade_while_the_keeper_runs_has_the_book_read_anew_once() {
    let ((chain, pool), file) = (world().await, folder("upgrade").join("book.redb"));
    let (shelf, mut book) = open(&chain, &pool, &file).await;
    let right = book.accounts.clone();
    book.accounts.clear();
    let chain = Arc::new(chain);
    let mut keeper = Keeper::new(chain.clone(), book, Strategy::default(), None).unwrap().shelved(shelf);
    let tick = keeper.on_block(&upgrade(&chain).await).await.unwrap();
    assert_eq!(tick.scan.accounts, 3, "judged after it was read anew");
    assert_eq!((keeper.counts().rebuilt, &keeper.book().accounts), (1, &right));
    drop(keeper);
    let codes = Store::open(&file).unwrap().1.unwrap().codes;
    assert_eq!(codes.pool, chain.code_id(&pool).await.unwrap());
}

#[tokio::test]
async fn a_node_behind_the_stored_book_is_refused_or_waited_for() {
    let ((chain, pool), file) = (world().await, folder("behind").join("book.redb"));
    let (shelf, right) = open(&chain, &pool, &file).await;
    drop(shelf);
    let ahead = |blocks: u64| {
        let mut book = right.clone();
        (book.head.height, book.head.time) = (book.head.height + blocks, book.head.time + 6 * blocks);
        let (mut store, was) = Store::open(&file).unwrap();
        store.replace(&book, was.unwrap().codes).unwrap();
    };
    ahead(3);
    let (shelf, book) = open(&chain, &pool, &file).await;
    assert_eq!(book.head.height, right.head.height + 3);
    drop(shelf);
    ahead(300);
    let head = chain.head().await.unwrap();
    let refused = Shelf::open(Care::default(), Some(&file), &chain, &pool, head, |_| {}).await.unwrap_err();
    assert!(matches!(refused, Error::DoesNotHold(_)) && refused.to_string().contains("caught up"), "{refused}");
    assert!(aside(&file).is_empty());
}

#[tokio::test]
async fn a_file_is_open_once() {
    let ((chain, pool), file) = (world().await, folder("once").join("book.redb"));
    let (shelf, _) = open(&chain, &pool, &file).await;
    let error = Store::open(&file).unwrap_err();
    assert!(matches!(&error, Error::File { reason, .. } if reason.contains("another keeper")), "{error}");
    assert_eq!(error.class(), Class::Halt);
    assert!(aside(&file).is_empty());
    drop(shelf);
    assert!(Store::open(&file).is_ok());
    // Nor is what can't be opened at all moved aside.
    let folder = file.parent().unwrap().join("nowhere").join("book.redb");
    assert!(matches!(Store::open(&folder), Err(Error::File { .. })));
}

/// The book at two blocks, and the file that holds the second after the first.
async fn two_blocks(file: &Path) -> [Book; 2] {
    let (chain, pool) = world().await;
    let first = read_anew(&chain, &pool).await;
    let (mut store, _) = Store::open(file).unwrap();
    store.replace(&first, Codes { pool: Some(1), oracle: Some(2) }).unwrap();
    let mut second = first.clone();
    let news = second.follow(&chain, &borrow(&chain, BOB, 9).await).await.unwrap();
    store.save(&second, &news).unwrap();
    store.flush().unwrap();
    [first, second]
}

// A damaged book file is quarantined, and the book built anew.
#[tokio::test]
async fn case_15_flipped_and_cut_bytes_are_noticed_and_nothing_is_deleted() {
    let file = folder("damage").join("book.redb");
    let books = two_blocks(&file).await;
    let whole = std::fs::read(&file).unwrap();
    let mut state = 1_u64;
    let mut throw = |end: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % end
    };
    let (mut kept, mut unfit) = (0, 0);
    for n in 0..160 {
        let mut bytes = whole.clone();
        match n % 4 {
            0 => bytes.truncate(throw(whole.len())),
            // The header, where the roots are.
            1 => bytes[throw(512)] ^= 1 << throw(8),
            2 => bytes[throw(whole.len())] ^= 1 << throw(8),
            _ => {
                let (at, length) = (throw(whole.len() - 4_096), throw(4_096));
                bytes[at..at + length].fill(u8::try_from(throw(256)).unwrap());
            }
        }
        std::fs::write(&file, &bytes).unwrap();
        let (store, stored) = Store::open(&file).unwrap_or_else(|error| panic!("damage {n}: {error}"));
        drop(store);
        match (stored, aside(&file).as_slice()) {
            // Damage where nothing stands is none; an older block is a true one.
            (Some(stored), []) => {
                assert!(books.contains(&stored.book), "damage {n} was believed");
                kept += 1;
            }
            (None, [name]) => {
                let name = file.parent().unwrap().join(name);
                assert_eq!(std::fs::metadata(&name).unwrap().len() > 0, !bytes.is_empty());
                std::fs::remove_file(name).unwrap();
                unfit += 1;
            }
            // A file of no bytes is a new one.
            (None, []) => assert!(bytes.is_empty()),
            (stored, aside) => panic!("damage {n}: {} and {aside:?}", stored.is_some()),
        }
    }
    assert!(kept > 10 && unfit > 40, "{kept} kept, {unfit} unfit");
}

#[tokio::test]
async fn case_15_what_is_no_book_is_moved_aside_under_numbers() {
    let file = folder("aside").join("book.redb");
    for n in 1..4 {
        std::fs::write(&file, format!("not a book {n}")).unwrap();
        assert_eq!(Store::open(&file).unwrap().1, None);
        assert_eq!(aside(&file).len(), n);
    }
    let kept = std::fs::read_to_string(file.with_file_name("book.redb.damaged-2")).unwrap();
    assert_eq!(kept, "not a book 2");
}

#[tokio::test]
async fn a_file_that_was_copied_at_any_moment_holds_some_block() {
    // What a kill leaves behind is what is on disk: a copy of the file while it is written to.
    let (file, (chain, pool)) = (folder("kill").join("book.redb"), world().await);
    let (mut shelf, mut book) = open(&chain, &pool, &file).await;
    let copy = file.with_file_name("copy.redb");
    let mut known = vec![book.clone()];
    for id in 50..80 {
        let head = borrow(&chain, BOB, id).await;
        shelf.follow(&mut book, &chain, &head).await.unwrap();
        shelf.keep(&book);
        known.push(book.clone());
        std::fs::copy(&file, &copy).unwrap();
        let (_, stored) = Store::open(&copy).unwrap();
        let stored = stored.expect("a book");
        assert!(known.contains(&stored.book), "at {id}");
        assert!(aside(&copy).is_empty(), "at {id}");
    }
    shelf.close();
    std::fs::copy(&file, &copy).unwrap();
    assert_eq!(Store::open(&copy).unwrap().1.unwrap().book, book, "closed in order, it is the last");
}

/// What a block does to the book in the test of kills: which accounts it touches depends on its height, and how.
fn advance(book: &mut Book) -> News {
    book.head.height += 1;
    book.head.time += 5;
    let height = book.head.height;
    let mut keys: Vec<_> = book.accounts.keys().cloned().collect();
    keys.sort();
    let mut news = News::default();
    for step in 0..3 {
        let key = keys[usize::try_from(height * 7 + step * 11).unwrap() % keys.len()].clone();
        let mut account = book.accounts[&key].clone();
        account.debts[0].scaled = ScaledDebt::new(u128::from(height * 10 + step));
        book.accounts.insert(key.clone(), account);
        news.accounts.insert(key);
    }
    news
}

const KILLED: &str = "PLIMSOLL_KEEPER_TEST_WRITES_TO";

#[test]
#[ignore = "the process that the next test kills"]
fn it_writes_until_it_is_killed() {
    let Ok(file) = std::env::var(KILLED) else { return };
    let (mut store, stored) = Store::open(Path::new(&file)).unwrap();
    let mut book = stored.unwrap().book;
    loop {
        let news = advance(&mut book);
        store.save(&book, &news).unwrap();
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
            .args(["--exact", "it_writes_until_it_is_killed", "--ignored", "--quiet"])
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
    let care = Care { audit_accounts: 0, ..Care::default() };
    let head = chain.head().await.unwrap();
    let (mut shelf, mut book) = Shelf::open(care, Some(&file), &chain, &pool, head, |_| {}).await.unwrap();
    shelf.follow(&mut book, &chain, &upgrade(&chain).await).await.unwrap();
    // Far more than the file may hold.
    let (fresh, (key, account)) =
        (book.clone(), book.accounts.iter().next().map(|(k, a)| (k.clone(), a.clone())).unwrap());
    for account_id in 1_000..21_000 {
        book.accounts.insert(AccountKey { account_id, ..key.clone() }, account.clone());
    }
    shelf.keep(&book);
    assert_eq!(shelf.counts().unwritten, 1);
    book = fresh;
    for _ in 0..14 {
        let head = chain.block(5, |_| Ok(Vec::new())).await.unwrap().unwrap();
        shelf.follow(&mut book, &chain, &head).await.unwrap();
        shelf.keep(&book);
    }
    // A minute later there is room again.
    assert_eq!(shelf.counts().unwritten, 1);
    drop(shelf);
    assert!(Store::open(&file).unwrap().1.unwrap().book == book);
}

#[test]
fn a_full_disk_stops_nobody() {
    let file = folder("full").join("book.redb");
    // In blocks of 512 bytes or more: enough for a few accounts.
    let limited = "trap '' XFSZ; ulimit -f 1024; exec \"$0\" --exact it_goes_on_without_its_file --ignored --nocapture";
    let run = std::process::Command::new("sh")
        .args(["-c", limited])
        .arg(std::env::current_exe().unwrap())
        .env(FULL, &file)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout).into_owned() + &String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
fn settings_of_the_book_are_checked() {
    let config = |key: &str, value: &str| {
        let mut layers = Layers::default();
        let rest = "[chain]\nid='c-1'\ngrpc='http://h:1'\nrpc='ws://h:2'\n[contracts]\npool='wasm1pool'\n";
        layers.add_toml(rest, "a test").unwrap();
        layers.add_toml(&format!("[book]\n{key} = '{value}'"), "a test").unwrap();
        Config::of(&layers)
    };
    let wrong = [
        ("gap_max", ["-1", "1000001", "x"]),
        ("audit_accounts", ["-1", "257", "1.5"]),
        ("audit_seconds", ["0", "-1", ""]),
        ("audit_rebuild", ["0", "-1", "some"]),
    ];
    for (key, values) in wrong {
        for value in values {
            let error = config(key, value).unwrap_err().to_string();
            assert!(error.contains(&format!("book.{key} = \"{value}\"")) && error.contains("must be"), "{error}");
        }
    }
    assert_eq!(config("audit_accounts", "0").unwrap().care.audit_accounts, 0);
    assert_eq!(config("path", "none").unwrap().book, BookFile::Nowhere);
    assert_eq!(config("path", "/x/y.redb").unwrap().book, BookFile::At("/x/y.redb".into()));
}

#[tokio::test]
async fn an_exported_book_is_read_back_and_nothing_else_is() {
    let ((chain, pool), folder) = (world().await, folder("export"));
    let (book, file) = (read_anew(&chain, &pool).await, folder.join("book.jsonl"));
    book.export(&file).unwrap();
    assert_eq!(Book::import(&file).unwrap(), book);
    let error = book.export(&file).unwrap_err();
    assert!(matches!(error, Error::File { .. }) && Book::import(&file).unwrap() == book, "{error}");

    let text = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 1 + book.assets.len() + 3);
    let first: serde_json::Value = serde_json::from_str(lines[0]).unwrap();
    assert_eq!((&first["format"], &first["version"]), (&"plimsoll-book".into(), &1.into()));
    let with = |change: &dyn Fn(&mut Vec<String>)| {
        let mut lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        change(&mut lines);
        Book::read_lines(lines.join("\n").as_bytes())
    };
    assert_eq!(with(&|_| {}).unwrap(), book);
    let last = lines.len() - 1;
    type Change<'a> = &'a dyn Fn(&mut Vec<String>);
    let wrong: [(&str, Change); 8] = [
        ("cut short", &|lines| lines.truncate(last)),
        ("cut in a line", &|lines| lines[last].truncate(20)),
        ("a line more", &|lines| lines.push(lines[last].clone())),
        ("an account twice", &|lines| lines[last - 1] = lines[last].clone()),
        ("out of order", &|lines| lines.swap(last - 1, last)),
        ("another version", &|lines| lines[0] = lines[0].replacen("\"version\":1", "\"version\":2", 1)),
        ("an asset missing", &|lines| _ = lines.remove(1)),
        ("a negative debt", &|lines| lines[last] = lines[last].replace("\"scaled\":\"", "\"scaled\":\"-")),
    ];
    for (what, change) in wrong {
        assert!(with(change).is_err(), "{what}");
    }
}

#[test]
fn the_file_stands_beside_the_journal_unless_told_otherwise() {
    let path = |journal: &str| BookFile::Beside.path(Some(Path::new(journal))).unwrap().display().to_string();
    assert_eq!(path("/var/lib/plimsoll/journal.jsonl"), "/var/lib/plimsoll/book.redb");
    assert_eq!(path("journal-chain-1-wasm1abc.jsonl"), "book-chain-1-wasm1abc.redb");
    assert_eq!(path("/x/sent.jsonl"), "/x/sent-book.redb");
    assert_eq!(BookFile::Beside.path(None), None);
    assert_eq!(BookFile::Nowhere.path(Some(Path::new("/x/journal.jsonl"))), None);
}
