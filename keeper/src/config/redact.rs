//! What may be shown: some addresses have a password or an access key in them, and some texts are a mnemonic in the
//! wrong place.

use crate::config::address::Address;

/// Scheme, host and port; what else there is becomes `…`. So does all of a text whose host can't be one: it may be a part
/// of a secret that was not percent-encoded.
pub fn public(address: &str) -> String {
    let Address { scheme, host, path, query, fragment, .. } = Address::of(address);
    if !is_host(host) {
        return "…".to_owned();
    }
    let is_bare = query.is_none() && fragment.is_none() && ["", "/", "/websocket", "/websocket/"].contains(&path);
    let hidden = if is_bare { "" } else { "/…" };
    if scheme.is_empty() { format!("{host}{hidden}") } else { format!("{scheme}://{host}{hidden}") }
}

/// The same of several. Among others, one without a scheme is what stands behind a comma of a secret.
pub fn all_public<'a>(addresses: impl Iterator<Item = &'a str>) -> String {
    let addresses: Vec<&str> = addresses.collect();
    let shown = |address: &&str| {
        if addresses.len() > 1 && !address.contains("://") { "…".to_owned() } else { public(address) }
    };
    addresses.iter().map(shown).collect::<Vec<_>>().join(",")
}

/// Whether this is a host, or one with a port.
fn is_host(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => (text, ""),
    };
    let is_of_host = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
    host.chars().all(is_of_host) && port.chars().all(|c| c.is_ascii_digit())
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
