//! The headers that requests to nodes carry.

use cosmwasm_std::Binary;
use http::HeaderMap;
use http::header::{AUTHORIZATION, HeaderValue};
use percent_encoding::percent_decode_str;

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
        HeaderValue::from_str(&format!("Basic {}", Binary::from(Vec::from_iter(percent_decode_str(user))).to_base64()))
            .ok()?;
    value.set_sensitive(true);
    Some(value)
}
