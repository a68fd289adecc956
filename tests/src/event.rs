//! Reading events.

use cw_multi_test::AppResponse;

/// The values of this attribute in all events of contracts, in order.
pub fn values<'a>(response: &'a AppResponse, key: &str) -> Vec<&'a str> {
    let of_contracts = response.events.iter().filter(|event| event.ty.starts_with("wasm"));
    let attributes = of_contracts.flat_map(|event| &event.attributes);
    attributes.filter(|attribute| attribute.key == key).map(|attribute| attribute.value.as_str()).collect()
}
