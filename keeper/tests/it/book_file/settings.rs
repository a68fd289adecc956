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
    assert_eq!(config("audit_accounts", "0").unwrap().sync.audit_accounts, 0);
    assert_eq!(config("path", "none").unwrap().book, BookFile::Nowhere);
    assert_eq!(config("path", "/x/y.redb").unwrap().book, BookFile::At("/x/y.redb".into()));
}

#[test]
fn the_file_stands_beside_the_journal_by_chain_pool_and_key() {
    let path = |pool: &str, book: &str, journal: Option<&str>| {
        let mut layers = Layers::default();
        let rest = format!(
            "[chain]\nid='c-1'\ngrpc='http://h:1'\nrpc='ws://h:2'\n[contracts]\npool='{pool}'\n[book]\npath='{book}'"
        );
        layers.add_toml(&rest, "a test").unwrap();
        let path = Config::of(&layers).unwrap().book_path("wasm1me", journal.map(Path::new));
        path.map(|path| path.display().to_string())
    };
    let journal = Some("/var/lib/plimsoll/journal.jsonl");
    assert_eq!(path("wasm1a", "", journal).unwrap(), "/var/lib/plimsoll/book-c-1-wasm1a-wasm1me.redb");
    // Two pools with one key, one after the other, each keep their own.
    assert_eq!(path("wasm1b", "", journal).unwrap(), "/var/lib/plimsoll/book-c-1-wasm1b-wasm1me.redb");
    assert_eq!(path("wasm1a", "/x/y.redb", journal).unwrap(), "/x/y.redb");
    assert_eq!(path("wasm1a", "/x/y.redb", None).unwrap(), "/x/y.redb");
    // A dry run has none beside, and so keeps none.
    assert_eq!(path("wasm1a", "", None), None);
    assert_eq!(path("wasm1a", "none", journal), None);
}
