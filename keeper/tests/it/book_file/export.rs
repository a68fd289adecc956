//! A book as JSON lines.

use plimsoll_keeper::book::Book;
use plimsoll_keeper::error::Error;

use super::{folder, read_anew, world};

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
    assert_eq!(lines.len(), 1 + book.assets.len() + book.prices.records.len() + 3);
    let first: serde_json::Value = serde_json::from_str(lines[0]).unwrap();
    assert_eq!((&first["format"], &first["version"]), (&"plimsoll-book".into(), &2.into()));
    let with = |change: &dyn Fn(&mut Vec<String>)| {
        let mut lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        change(&mut lines);
        Book::read_lines(lines.join("\n").as_bytes())
    };
    assert_eq!(with(&|_| {}).unwrap(), book);
    let last = lines.len() - 1;
    type Change<'a> = &'a dyn Fn(&mut Vec<String>);
    let record = 1 + book.assets.len();
    let wrong: [(&str, Change); 10] = [
        ("cut short", &|lines| lines.truncate(last)),
        ("cut in a line", &|lines| lines[last].truncate(20)),
        ("a line more", &|lines| lines.push(lines[last].clone())),
        ("an account twice", &|lines| lines[last - 1] = lines[last].clone()),
        ("out of order", &|lines| lines.swap(last - 1, last)),
        ("another version", &|lines| lines[0] = lines[0].replacen("\"version\":2", "\"version\":1", 1)),
        ("an asset missing", &|lines| _ = lines.remove(1)),
        ("a price missing", &|lines| _ = lines.remove(record)),
        ("a price twice", &|lines| lines[record] = lines[record + 1].clone()),
        ("a negative debt", &|lines| lines[last] = lines[last].replace("\"scaled\":\"", "\"scaled\":\"-")),
    ];
    for (what, change) in wrong {
        assert!(with(change).is_err(), "{what}");
    }
}
