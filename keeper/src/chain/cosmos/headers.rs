//! The headers that requests to nodes carry.

use cosmwasm_std::Binary;
use http::HeaderMap;
use http::header::{AUTHORIZATION, HeaderValue};

use crate::config::address::Address;

/// What every request to this address carries: its user and password.
pub(super) fn headers(address: &Address<'_>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Some(authorization) = address.user.and_then(basic_authorization) {
        headers.insert(AUTHORIZATION, authorization);
    }
    headers
}

/// What a user and password, percent-encoded, are sent as.
fn basic_authorization(user: &str) -> Option<HeaderValue> {
    let mut value =
        HeaderValue::from_str(&format!("Basic {}", Binary::from(percent_decoded(user)).to_base64())).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// The bytes that a part of an address stands for.
pub(super) fn percent_decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        let (plain, escaped) = rest.split_at(at);
        bytes.extend_from_slice(plain.as_bytes());
        match escaped.get(1..3).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = escaped.get(3..).unwrap_or_default();
            }
            None => {
                bytes.push(b'%');
                rest = escaped.get(1..).unwrap_or_default();
            }
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}
