//! What of an address may be shown: some have a password or an access key in them.

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
