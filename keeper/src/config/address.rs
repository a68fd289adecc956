//! The parts of an endpoint's address.

/// An endpoint's address, cut where RFC 3986 cuts it. Nothing of it is checked. There is no Debug: most of it may be secret.
#[derive(Clone, Copy)]
pub struct Address<'a> {
    /// What stands before `://`; empty where nothing does.
    pub scheme: &'a str,
    /// User and password as they are written, percent-encoded.
    pub user: Option<&'a str>,
    /// Host and port.
    pub host: &'a str,
    /// The path, with the slash that it begins with; it may be empty.
    pub path: &'a str,
    /// What stands behind `?`.
    pub query: Option<&'a str>,
    /// What stands behind `#`. Nobody sends it.
    pub fragment: Option<&'a str>,
}

impl<'a> Address<'a> {
    /// The parts of this text.
    pub fn of(text: &'a str) -> Self {
        let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
        let (rest, fragment) = split_off(rest, '#');
        let (rest, query) = split_off(rest, '?');
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        Self { scheme, user, host, path, query, fragment }
    }

    /// The query with its question mark, or nothing.
    pub fn asked(&self) -> String {
        self.query.map_or_else(String::new, |query| format!("?{query}"))
    }
}

fn split_off(text: &str, mark: char) -> (&str, Option<&str>) {
    match text.split_once(mark) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}
