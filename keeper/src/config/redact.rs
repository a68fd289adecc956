//! What may be shown: some addresses have a password or an access key in them, and some texts are a mnemonic in the
//! wrong place.

use crate::config::address::Address;

/// Scheme, host and port; what else there is becomes `…`.
pub fn public(address: &str) -> String {
    let Address { scheme, host, path, query, fragment, .. } = Address::of(address);
    let is_bare = query.is_none() && fragment.is_none() && ["", "/", "/websocket", "/websocket/"].contains(&path);
    let hidden = if is_bare { "" } else { "/…" };
    if scheme.is_empty() { format!("{host}{hidden}") } else { format!("{scheme}://{host}{hidden}") }
}

/// A text for an error, unless it looks like a mnemonic that was put in the wrong place.
pub fn redacted(text: &str) -> &str {
    let words = text.split_whitespace();
    if words.clone().count() >= 12
        && words.flat_map(str::bytes).all(|b| b.is_ascii_alphabetic() || b == b'=' || b == b'.')
    {
        return "(several words, not shown)";
    }
    text
}
