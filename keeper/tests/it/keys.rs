//! Keys: where they come from, and that they are never shown.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use plimsoll_keeper::error::{Class, Error};
use plimsoll_keeper::keys::Mnemonic;

use crate::support::files::fresh;
use crate::support::mnemonic::{ADDRESS, WORDS};

fn file(name: &str, text: &str, mode: u32) -> PathBuf {
    let path = fresh(&format!("keys-{name}"));
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    path
}

#[test]
fn derives_the_addresses_that_the_chain_derives() {
    let key = Mnemonic::parse(WORDS, "a test").unwrap().key("wasm", 118, 0).unwrap();
    assert_eq!(key.address(), ADDRESS);
    assert_eq!(key.path(), "m/44'/118'/0'/0/0");
    let other = Mnemonic::parse(WORDS, "a test").unwrap().key("osmo", 118, 1).unwrap();
    assert!(other.address().starts_with("osmo1"));
}

#[test]
fn a_file_that_others_can_read_is_refused() {
    for mode in [0o644, 0o640, 0o604, 0o660, 0o602] {
        let path = file("open", WORDS, mode);
        let error = Mnemonic::read(&path).unwrap_err();
        assert!(matches!(error, Error::Key(_)) && error.class() == Class::Halt);
        assert!(error.to_string().contains("chmod 600"), "{error}");
        assert!(!error.to_string().contains("panther"));
    }
    for mode in [0o600, 0o400] {
        let path = file("closed", WORDS, mode);
        assert_eq!(Mnemonic::read(&path).unwrap().key("wasm", 118, 0).unwrap().address(), ADDRESS);
        std::fs::remove_file(&path).unwrap();
    }
}

#[test]
fn neither_debug_nor_errors_show_a_word() {
    let mnemonic = Mnemonic::parse(WORDS, "a test").unwrap();
    let key = mnemonic.key("wasm", 118, 0).unwrap();
    assert_eq!(format!("{mnemonic:?}"), "Mnemonic(…)");
    assert_eq!(format!("{key:?}"), format!("Key({ADDRESS})"));
    // One wrong word, one missing word, a wrong checksum.
    for wrong in [WORDS.replace("wish", "wizz"), WORDS.replace(" tray", ""), WORDS.replace("tray", "panther")] {
        let error = Mnemonic::parse(&wrong, "THE_VARIABLE").unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(text.contains("THE_VARIABLE"), "{text}");
        assert!(!wrong.split(' ').any(|word| word.len() > 4 && text.contains(word)), "{text}");
    }
}

#[test]
fn new_writes_a_file_for_its_owner_alone_and_overwrites_none() {
    let path = fresh("keys");
    let address = Mnemonic::create(&path).unwrap().key("wasm", 118, 0).unwrap().address().to_owned();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(Mnemonic::read(&path).unwrap().key("wasm", 118, 0).unwrap().address(), address);
    let again = Mnemonic::create(&path).unwrap_err();
    assert!(matches!(again, Error::File { .. }) && again.to_string().contains("is there already"), "{again}");
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn words_in_the_environment_beside_a_file_are_an_error_that_names_both() {
    let path = file("beside", WORDS, 0o600);
    let address = |words, file| {
        let found = Mnemonic::of_keeper(words, file).map(|found| found.map(|found| found.key("wasm", 118, 0).unwrap()));
        found.map(|key| key.map(|key| key.address().to_owned()))
    };
    assert_eq!(address(None, None).unwrap(), None);
    assert_eq!(address(Some(""), None).unwrap(), None);
    for (words, file) in [(Some(WORDS), None), (None, Some(path.as_path())), (Some(""), Some(path.as_path()))] {
        assert_eq!(address(words, file).unwrap().unwrap(), ADDRESS);
    }
    let error = address(Some(WORDS), Some(&path)).unwrap_err().to_string();
    assert!(error.contains("PLIMSOLL_KEEPER_MNEMONIC and wallet.mnemonic_file") && error.contains("beside"), "{error}");
    assert!(!error.contains("panther"), "{error}");
    std::fs::remove_file(&path).unwrap();
    let error = address(None, Some(&path)).unwrap_err().to_string();
    assert!(error.contains("wallet.mnemonic_file") && error.contains("must be a file that is there"), "{error}");
}

#[test]
fn an_account_whose_owner_is_mistyped_or_of_another_chain_is_refused() {
    use plimsoll_keeper::commands::account_named;
    let named = |text: &str| account_named(text, "wasm");
    let key = named(&format!("{ADDRESS}/7")).unwrap();
    assert_eq!((key.owner.as_str(), key.account_id), (ADDRESS, 7));
    // A contract's address is longer.
    named("wasm1rw8mgg6y4qyag32v8yv9e0ttc23933nlm2k7ej42hs5w80efjzsq2q644f").unwrap();
    let other = Mnemonic::parse(WORDS, "a test").unwrap().key("osmo", 118, 0).unwrap().address().to_owned();
    for (text, says) in [
        (ADDRESS.replace("tl8", "tl9"), "checksum"),
        (ADDRESS[..ADDRESS.len() - 1].to_owned(), "checksum"),
        ("ada".to_owned(), "checksum"),
        (other, "'osmo'"),
        (format!("{ADDRESS}/x"), "OWNER/ID"),
        (String::new(), "OWNER/ID"),
    ] {
        let error = named(&text).unwrap_err().to_string();
        assert!(error.contains(says) && error.contains(&format!("'{text}' is no account")), "{error}");
    }
}

#[test]
fn an_account_number_out_of_range_is_an_error() {
    assert!(matches!(Mnemonic::parse(WORDS, "a test").unwrap().key("wasm", 118, u32::MAX), Err(Error::Key(_))));
}

#[test]
fn words_in_a_wrong_place_are_not_echoed() {
    use plimsoll_keeper::config::Layers;
    use plimsoll_keeper::config::redact::redacted;
    assert_eq!(redacted("/etc/plimsoll/mnemonic"), "/etc/plimsoll/mnemonic");
    let error = Mnemonic::read(std::path::Path::new(WORDS)).unwrap_err().to_string();
    let flag = (WORDS.to_owned(), "1".to_owned());
    let unknown = Layers::read(None, std::iter::empty(), &[flag]).unwrap_err().to_string();
    for text in [error.as_str(), unknown.as_str(), redacted(WORDS), redacted(&format!("wallet.mnemonic={WORDS}"))] {
        assert!(!text.contains("panther") && !text.contains("tray"), "{text}");
    }
}
