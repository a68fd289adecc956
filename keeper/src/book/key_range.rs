//! Parts of the list of borrowers that can be read at the same time. Pure.
//!
//! The pool lists borrowers in the order of its storage: by the length of the owner's address, then by its bytes, then
//! by account_id. A cursor may be any text there, so the list can be entered anywhere.

use plimsoll_schema::pool::AccountKey;

/// The characters of a bech32 address, as bytes are ordered.
const BECH32: &[u8; 32] = b"023456789acdefghjklmnpqrstuvwxyz";
/// Into how many pages the rest of one owner's accounts is cut ahead.
const PAGES_AHEAD: u32 = 8;

/// Borrowers after one key, up to another. The ranges of a snapshot overlap nowhere and leave nothing out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRange {
    /// The account before the first; it isn't in the range.
    pub after: Option<AccountKey>,
    /// The last account that may be in it; `None` is the end of the list.
    pub until: Option<AccountKey>,
}

impl KeyRange {
    /// All borrowers.
    pub const ALL: Self = Self { after: None, until: None };

    /// Whether this account belongs there, as far as its end goes.
    pub fn reaches(&self, key: &AccountKey) -> bool {
        self.until.as_ref().is_none_or(|until| storage_order(key) <= storage_order(until))
    }

    /// What is left of it after a full page from `first` to `last`, cut into parts that are likely to be of use: the
    /// next accounts of an owner who fills a page, a page each; otherwise, once, by the first letter of the address.
    pub fn rest(self, first: &AccountKey, last: &AccountKey) -> Vec<Self> {
        let cuts = match (first.owner == last.owner, &self.until) {
            (true, _) => next_pages(first, last),
            (false, None) => by_letter(last),
            (false, Some(_)) => Vec::new(),
        };
        let mut after = last.clone();
        let mut parts = Vec::new();
        for cut in cuts.into_iter().filter(|cut| storage_order(cut) > storage_order(last) && self.reaches(cut)) {
            parts.push(Self { after: Some(std::mem::replace(&mut after, cut.clone())), until: Some(cut) });
        }
        if self.until.as_ref() != Some(&after) {
            parts.push(Self { after: Some(after), until: self.until });
        }
        parts
    }
}

/// The place of an account in the list.
pub fn storage_order(key: &AccountKey) -> (usize, &str, u32) {
    (key.owner.len(), &key.owner, key.account_id)
}

/// Where pages of this owner end if their accounts go on as densely as on this one.
fn next_pages(first: &AccountKey, last: &AccountKey) -> Vec<AccountKey> {
    let width = last.account_id.saturating_sub(first.account_id).saturating_add(1);
    let end = |n: u32| last.account_id.checked_add(width.checked_mul(n)?);
    let ends = (1..=PAGES_AHEAD).filter_map(end);
    ends.map(|account_id| AccountKey { owner: last.owner.clone(), account_id }).collect()
}

/// The first address of each letter, as long as this account's owner's.
fn by_letter(last: &AccountKey) -> Vec<AccountKey> {
    let Some((prefix, data)) = last.owner.rsplit_once('1') else { return Vec::new() };
    let start = |letter: &u8| {
        let padding = "0".repeat(data.len().saturating_sub(1));
        AccountKey { owner: format!("{prefix}1{}{padding}", char::from(*letter)), account_id: 0 }
    };
    BECH32.iter().map(start).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(owner: &str, account_id: u32) -> AccountKey {
        AccountKey { owner: owner.to_owned(), account_id }
    }

    /// Parts in a row: each begins where the one before ends, the last ends where the whole did.
    fn assert_seamless(parts: &[KeyRange], last: &AccountKey, until: Option<&AccountKey>) {
        assert_eq!(parts[0].after.as_ref(), Some(last));
        for pair in parts.windows(2) {
            assert_eq!(pair[0].until, pair[1].after);
            assert!(storage_order(pair[0].after.as_ref().unwrap()) < storage_order(pair[0].until.as_ref().unwrap()));
        }
        assert_eq!(parts.last().unwrap().until.as_ref(), until);
    }

    #[test]
    fn one_owner_is_cut_by_number_and_many_by_letter() {
        let parts = KeyRange::ALL.rest(&key("wasm1qaa", 0), &key("wasm1qaa", 999));
        assert_eq!(parts.len(), 9);
        assert_eq!(parts[1], KeyRange { after: Some(key("wasm1qaa", 1_999)), until: Some(key("wasm1qaa", 2_999)) });
        assert_seamless(&parts, &key("wasm1qaa", 999), None);

        let parts = KeyRange::ALL.rest(&key("wasm1qaa", 0), &key("wasm1qzz", 0));
        // r to z, and what is left of q.
        assert_eq!(parts.len(), 1 + 9);
        assert_seamless(&parts, &key("wasm1qzz", 0), None);
        // A part that has an end isn't cut again.
        let until = parts[0].until.clone();
        let part = parts[0].clone();
        let rest = part.rest(&key("wasm1r00", 0), &key("wasm1r05", 0));
        assert_eq!(rest.len(), 1);
        assert_seamless(&rest, &key("wasm1r05", 0), until.as_ref());
    }

    #[test]
    fn no_part_is_empty() {
        let range = KeyRange { after: Some(key("wasm1qaa", 999)), until: Some(key("wasm1qaa", 1_999)) };
        let parts = range.rest(&key("wasm1qaa", 1_000), &key("wasm1qaa", 1_499));
        assert_eq!(parts, [KeyRange { after: Some(key("wasm1qaa", 1_499)), until: Some(key("wasm1qaa", 1_999)) }]);
    }

    #[test]
    fn the_largest_numbers_and_strange_owners_are_no_trouble() {
        let parts = KeyRange::ALL.rest(&key("wasm1qaa", 5), &key("wasm1qaa", u32::MAX));
        assert_eq!(parts, [KeyRange { after: Some(key("wasm1qaa", u32::MAX)), until: None }]);
        let parts = KeyRange::ALL.rest(&key("wasm1qaa", 0), &key("wasm1qaa", u32::MAX - 1));
        assert_seamless(&parts, &key("wasm1qaa", u32::MAX - 1), None);
        let parts = KeyRange::ALL.rest(&key("é", 0), &key("zz", 0));
        assert_eq!(parts.len(), 1);
        assert_seamless(&parts, &key("zz", 0), None);
    }

    #[test]
    fn longer_addresses_come_after_shorter_ones() {
        assert!(storage_order(&key("wasm1zz", 7)) < storage_order(&key("wasm1aaa", 0)));
        let range = KeyRange { after: None, until: Some(key("wasm1zz", 0)) };
        assert!(!range.reaches(&key("wasm1aaa", 0)) && range.reaches(&key("wasm1aa", 9)));
    }
}
