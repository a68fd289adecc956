//! `chain.headers`: what every request to an endpoint carries, as an API key. The values are secret: they stand in the
//! environment or in files, and are never shown.

use std::collections::BTreeMap;
use std::path::PathBuf;

use http::HeaderMap;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};

use crate::config::address::Address;
use crate::config::{ENVIRONMENT, Layers, secret_file};
use crate::error::{Error, Result};

/// The name of the setting.
pub(super) const HEADERS: &str = "chain.headers";
/// What the setting must be.
const ALLOWED: &str =
    "headers and where their values stand, as in x-api-key=env:API_KEY or x-api-key=file:/run/secrets/key";
/// Headers that HTTP, gRPC or the keeper itself sets.
const RESERVED: [&str; 15] = [
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "x-cosmos-block-height",
];
/// How the names of further such headers begin.
const RESERVED_STARTS: [&str; 2] = ["grpc-", "sec-websocket-"];

/// Where a header's value stands.
enum Source {
    /// In this variable of the environment.
    Variable(String),
    /// In this file.
    File(PathBuf),
}

impl Source {
    fn of(text: &str) -> Option<Self> {
        let is_in_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        match text.split_once(':')? {
            ("env", name) if !name.is_empty() && name.chars().all(is_in_name) => Some(Self::Variable(name.to_owned())),
            ("file", path) if !path.is_empty() => Some(Self::File(PathBuf::from(path))),
            _ => None,
        }
    }
}

/// A header's name, and where its value stands.
fn member(text: &str) -> Option<(&str, Source)> {
    let (name, source) = text.split_once('=')?;
    Some((name.trim(), Source::of(source.trim())?))
}

/// The members of a list that is one text.
pub(super) fn members(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|member| !member.is_empty())
}

/// The setting's table as one text.
pub(super) fn in_one_text(table: &toml::Table, origin: &str) -> Result<String> {
    let mut texts = Vec::new();
    for (name, value) in table {
        let Some(source) = value.as_str().filter(|text| Source::of(text).is_some() && !text.contains(',')) else {
            return Err(Error::Config(format!(
                "{HEADERS}.{name} in {origin} is a value, or none: it must be \"env:NAME\" or \"file:PATH\", which hold the value"
            )));
        };
        texts.push(format!("{name}={source}"));
    }
    Ok(texts.join(","))
}

/// The setting as it may be shown. What says not where a value stands may be the value.
pub(super) fn shown(text: &str) -> String {
    let shown = |text| if member(text).is_some() { text } else { "…" };
    members(text).map(shown).collect::<Vec<_>>().join(",")
}

/// Those variables that the setting names.
pub(super) fn variables(text: &str, mut all: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let named: Vec<String> = members(text)
        .filter_map(|text| match member(text)?.1 {
            Source::Variable(name) => Some(name),
            Source::File(_) => None,
        })
        .collect();
    all.retain(|name, _| named.contains(name));
    all
}

/// The headers, with their values.
pub(super) fn headers(layers: &Layers) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    for text in members(layers.get(HEADERS)) {
        let (name, source) = member(text).ok_or_else(|| layers.refuse(HEADERS, ALLOWED))?;
        let header = header_name(layers, name)?;
        let value = value(layers, name, source)?;
        if headers.insert(header, value).is_some() {
            return Err(layers.refuse(HEADERS, &format!("different headers: {name} is there twice")));
        }
    }
    let has_user = |key: &str| layers.list(key).any(|address| Address::of(address).user.is_some());
    if headers.contains_key(AUTHORIZATION) && (has_user("chain.grpc") || has_user("chain.rpc")) {
        let allowed = "without authorization where an address has a user: only one of them can be sent";
        return Err(layers.refuse(HEADERS, allowed));
    }
    Ok(headers)
}

fn header_name(layers: &Layers, name: &str) -> Result<HeaderName> {
    let header: HeaderName = name.parse().map_err(|_| {
        layers.refuse(HEADERS, &format!("named as HTTP allows: letters, digits and hyphens, not '{name}'"))
    })?;
    let text = header.as_str();
    if RESERVED.contains(&text) || RESERVED_STARTS.iter().any(|start| text.starts_with(start)) || text.ends_with("-bin")
    {
        return Err(layers.refuse(HEADERS, &format!("none of the protocol's own headers: {text} is one")));
    }
    Ok(header)
}

fn value(layers: &Layers, name: &str, source: Source) -> Result<HeaderValue> {
    let wrong = |fact: String| Error::Config(format!("{HEADERS}.{name} (from {}): {fact}", layers.origin(HEADERS)));
    let (text, place) = match &source {
        Source::Variable(variable) if variable.starts_with(ENVIRONMENT) => {
            return Err(wrong(format!("{variable} is a name for the keeper's settings: name the variable otherwise")));
        }
        Source::Variable(variable) => {
            let text = layers.header_variable(variable).map(str::to_owned);
            let missing = || wrong(format!("the environment variable {variable} is not set, or empty"));
            (text.ok_or_else(missing)?, variable.clone())
        }
        Source::File(path) => {
            (secret_file::read(path).map_err(|error| wrong(error.to_string()))?, path.display().to_string())
        }
    };
    let unfit =
        || wrong(format!("{place} holds nothing, or what can't stand in a header: one line of printable ASCII"));
    let value = HeaderValue::from_str(text.trim()).ok();
    let mut value = value.filter(|value| !value.is_empty() && value.to_str().is_ok()).ok_or_else(unfit)?;
    value.set_sensitive(true);
    Ok(value)
}
