//! What may be shown: some addresses have a password or an access key in them, and some texts are a mnemonic in the
//! wrong place.

/// Scheme, host and port; what else there is becomes `…`.
pub fn public(address: &str) -> String {
    let (scheme, rest) = address.split_once("://").unwrap_or(("", address));
    let (authority, path) = match rest.find(['/', '?', '#']) {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let hidden = if ["", "/", "/websocket", "/websocket/"].contains(&path) { "" } else { "/…" };
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
