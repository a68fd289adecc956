//! Where the file is, and how it is kept true, as set.

use std::path::Path;

use plimsoll_keeper::config::BookFile;
use plimsoll_keeper::config::Config;
use plimsoll_keeper::config::Layers;

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

#[test]
fn the_file_stands_beside_the_journal_unless_told_otherwise() {
    let path = |journal: &str| BookFile::Beside.path(Some(Path::new(journal))).unwrap().display().to_string();
    assert_eq!(path("/var/lib/plimsoll/journal.jsonl"), "/var/lib/plimsoll/book.redb");
    assert_eq!(path("journal-chain-1-wasm1abc.jsonl"), "book-chain-1-wasm1abc.redb");
    assert_eq!(path("/x/sent.jsonl"), "/x/sent-book.redb");
    assert_eq!(BookFile::Beside.path(None), None);
    assert_eq!(BookFile::Nowhere.path(Some(Path::new("/x/journal.jsonl"))), None);
}
