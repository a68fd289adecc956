//! Files that are damaged, foreign or in use.

use std::path::Path;

use plimsoll_keeper::book::Book;
use plimsoll_keeper::book::store::Codes;
use plimsoll_keeper::book::store::Store;
use plimsoll_keeper::error::Class;
use plimsoll_keeper::error::Error;
use plimsoll_testing::BOB;

use super::{aside, borrow, folder, open, read_anew, world};

#[tokio::test]
async fn a_file_is_open_once() {
    let ((chain, pool), file) = (world().await, folder("once").join("book.redb"));
    let (sync, _) = open(&chain, &pool, &file).await;
    let error = Store::open(&file).unwrap_err();
    assert!(matches!(&error, Error::File { reason, .. } if reason.contains("another keeper")), "{error}");
    assert_eq!(error.class(), Class::Halt);
    assert!(aside(&file).is_empty());
    drop(sync);
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
    let delta = second.follow(&chain, &borrow(&chain, BOB, 9).await).await.unwrap();
    store.save(&second, &delta).unwrap();
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

// A keeper that is newer or older than the file: the book is sound, and not called damaged.
#[tokio::test]
async fn a_book_of_another_version_is_moved_aside_as_anothers() {
    let file = folder("version").join("book.redb");
    two_blocks(&file).await;
    let meta: redb::TableDefinition<&str, &[u8]> = redb::TableDefinition::new("meta");
    let database = redb::Database::open(&file).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(meta).unwrap().insert("format", [99].as_slice()).unwrap();
    transaction.commit().unwrap();
    drop(database);
    assert_eq!(Store::open(&file).unwrap().1, None);
    assert_eq!(aside(&file), ["book.redb.other-1"]);
}
