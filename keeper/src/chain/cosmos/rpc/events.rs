//! What contracts said, read from what a node tells of a block.

use serde_json::Value;

use crate::chain::ContractEvent;

/// How chains before Tendermint 0.37 write `_contract_address`: in base64, as all attributes.
const CONTRACT_ADDRESS_BASE64: &str = "X2NvbnRyYWN0X2FkZHJlc3M=";
/// Where a block's events stand beside its transactions'; the latter two on nodes before CometBFT 0.38.
const BLOCK_EVENTS: [&str; 3] = ["finalize_block_events", "begin_block_events", "end_block_events"];

/// What contracts said, or what of the results is of a type that it can't be.
pub(super) fn contract_events(results: &Value) -> std::result::Result<Vec<ContractEvent>, String> {
    let mut events = Vec::new();
    for transaction in list(results, "txs_results")? {
        let code = &transaction["code"];
        let known = if code.is_null() { Some(0) } else { code.as_u64() };
        // Of one that failed nothing has happened.
        if known.ok_or_else(|| format!("have a transaction with code {code}"))? == 0 {
            events.extend(list(transaction, "events")?);
        }
    }
    for name in BLOCK_EVENTS {
        events.extend(list(results, name)?);
    }
    events.into_iter().filter_map(|event| contract_event(event).transpose()).collect()
}

/// Where there is nothing to list a node writes null, or nothing.
pub(super) fn list<'a>(of: &'a Value, name: &str) -> std::result::Result<&'a [Value], String> {
    match of.get(name) {
        None | Some(Value::Null) if of.is_object() => Ok(&[]),
        Some(Value::Array(list)) => Ok(list),
        _ => Err(format!("have something else than a list for {name}")),
    }
}

fn contract_event(event: &Value) -> std::result::Result<Option<ContractEvent>, String> {
    let attributes = list(event, "attributes")?.iter().map(|a| Ok((text(a, "key")?, text(a, "value")?)));
    let attributes = attributes.collect::<std::result::Result<Vec<_>, String>>()?;
    if attributes.iter().any(|(key, _)| key == CONTRACT_ADDRESS_BASE64) {
        return Err(
            "have events whose attributes are in base64, as before Tendermint 0.37: this chain is too old".to_owned()
        );
    }
    Ok(ContractEvent::of_wasm(&text(event, "type")?, attributes.into_iter()))
}

fn text(of: &Value, name: &str) -> std::result::Result<String, String> {
    match of.get(name) {
        None | Some(Value::Null) if of.is_object() => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.clone()),
        _ => Err(format!("have something else than text for {name}")),
    }
}
