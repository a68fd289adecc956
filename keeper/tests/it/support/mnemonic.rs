//! Keys of tests, known to everybody.

use plimsoll_keeper::keys::{Key, Mnemonic};

/// The words that most tests sign with.
pub const WORDS: &str = "panther boring enforce wish bleak arrow frog way property tongue giggle advice cable meat betray educate quiz \
                         occur feature wagon melt elephant carpet tray";
/// The address of their first key.
pub const ADDRESS: &str = "wasm13tl8gk4myl7q085qe445p72cgwk8fntcnn982s";

/// The first words of BIP 39's own examples.
pub const ABANDON: &str =
    "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";

/// The first key of these words.
pub fn key(words: &str) -> Key {
    Mnemonic::parse(words, "a test").unwrap().key("wasm", 118, 0).unwrap()
}
