//! The pool's messages are JSON objects, at every depth.
#![allow(clippy::unwrap_used, reason = "a setup that fails is a failed test")]

use plimsoll_schema::pool::{BatchAction, Beneficiary, ExecuteMsg, InstantiateMsg, QueryMsg, Withdraw};
use serde::de::DeserializeOwned;
use serde_json::{Value, from_value, json, to_value};

fn reads<T: DeserializeOwned>(message: &Value) -> bool {
    from_value::<T>(message.clone()).is_ok() && serde_json::from_str::<T>(&message.to_string()).is_ok()
}

/// Every object inside, replaced one at a time by the array of its values.
fn with_one_array(message: &Value) -> Vec<Value> {
    let mut all = Vec::new();
    match message {
        Value::Object(fields) => {
            for (name, value) in fields {
                all.extend(with_one_array(value).into_iter().map(|inner| {
                    let mut changed = fields.clone();
                    changed.insert(name.clone(), inner);
                    Value::Object(changed)
                }));
            }
            all.push(Value::Array(fields.values().cloned().collect()));
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                all.extend(with_one_array(item).into_iter().map(|inner| {
                    let mut changed = items.clone();
                    changed[at] = inner;
                    Value::Array(changed)
                }));
            }
        }
        _ => {}
    }
    all
}

fn messages() -> Vec<Value> {
    let coin = json!({ "denom": "uusd", "amount": "7" });
    let withdraw =
        json!({ "account_id": null, "amount": "5", "denom": "uatom", "on_behalf_of": null, "recipient": null });
    vec![
        json!({ "withdraw": withdraw }),
        json!({ "borrow": { "account_id": null, "amount": "max", "denom": "uatom", "on_behalf_of": "ann",
            "recipient": null } }),
        json!({ "set_operator": { "operator": "ann", "account_id": 3, "scopes": ["open_slot", "borrow_anywhere"],
            "expiry": { "at_height": 7 } } }),
        json!({ "set_operator": { "operator": "ann", "account_id": null, "scopes": [], "expiry": "this_block" } }),
        json!({ "revoke_all": {} }),
        json!({ "transfer_shares": { "denom": "uatom", "shares": "5", "account_id": null, "recipient": "ann",
            "recipient_account_id": 3 } }),
        json!({ "deposit": { "account_id": 3, "on_behalf_of": null } }),
        json!({ "cover": { "beneficiary": null } }),
        json!({ "cover": { "beneficiary": "suppliers" } }),
        json!({ "set_off": { "user": "ann", "account_id": null, "denom": "uusd" } }),
        json!({ "flash_loan": { "coin": coin, "msg": "e30=" } }),
        json!({ "repay_flash_loan": { "id": 9 } }),
        json!({ "batch": { "actions": [{ "deposit": { "coin": coin, "account_id": null, "on_behalf_of": null } }, { "withdraw": withdraw }], "callback": null } }),
        json!({ "liquidate_batch": {
            "items": [
                { "liquidate": { "user": "ann", "account_id": 3, "collateral_denom": "uatom", "debt_denom": "uusd",
                    "max_repay": "5", "min_receive": null } },
                { "write_off": { "user": "ann", "account_id": null } },
            ],
            "recipient": null, "receive": "shares", "allow_shares": true, "min_success": 1, "callback": "e30=",
        } }),
        json!({ "repay_batch": { "id": 9 } }),
        json!({ "update_owner": { "propose": { "owner": "ann" } } }),
        json!({ "update_config": { "config": {
            "liquidation": { "dust_value": "1", "target_health_factor": "1.05" },
            "min_debt_value": "2",
            "oracle": "oracle",
            "reserves_delay": 86_400,
            "oracle_delay": 0,
            "halt_grace": { "gap": 900, "grace": 900 },
        } } }),
    ]
}

#[test]
fn a_struct_of_a_message_is_an_object_and_never_an_array() {
    // Serde's own reader takes an array: this is what the wrapper is there for.
    assert!(reads::<Withdraw>(&json!(["uatom", "5", null, null, null])));
    let mut tried = 0;
    for message in messages() {
        let error = from_value::<ExecuteMsg>(message.clone()).err().map(|error| error.to_string());
        assert_eq!(error, None, "{message}");
        for changed in with_one_array(&message) {
            assert!(!reads::<ExecuteMsg>(&changed), "{changed}");
            tried += 1;
        }
    }
    assert!(tried >= 15, "{tried}");
    for query in [json!({ "market": { "denom": "uusd" } }), json!({ "borrowers": { "start_after": null, "limit": 5 } })]
    {
        assert!(reads::<QueryMsg>(&query), "{query}");
        assert!(with_one_array(&query).iter().all(|changed| !reads::<QueryMsg>(changed)));
    }
    assert!(!reads::<InstantiateMsg>(&json!([])));
}

#[test]
fn what_is_written_reads_back_and_unknown_or_doubled_fields_do_not() {
    for message in &messages() {
        let read: ExecuteMsg = from_value(message.clone()).unwrap();
        assert_eq!(&to_value(&read).unwrap(), message);
    }
    assert!(!reads::<ExecuteMsg>(&json!({ "repay_flash_loan": { "id": 9, "more": 1 } })));
    assert!(!reads::<ExecuteMsg>(&json!({ "repay_flash_loan": {} })));
    assert!(!reads::<ExecuteMsg>(&json!("cover")));
    // Nobody named are the reserves.
    let reserves = ExecuteMsg::Cover { beneficiary: None };
    assert_eq!(from_value::<ExecuteMsg>(json!({ "cover": {} })).unwrap(), reserves);
    assert_eq!(Beneficiary::default(), Beneficiary::Reserves);
    assert!(!reads::<ExecuteMsg>(&json!({ "cover": { "beneficiary": "lenders" } })));
    assert!(serde_json::from_str::<ExecuteMsg>(r#"{"repay_flash_loan":{"id":9,"id":9}}"#).is_err());
    assert!(serde_json::from_str::<ExecuteMsg>(r#"{"cover":{},"repay_flash_loan":{"id":9}}"#).is_err());
    // A unit variant is a text, or a key without content; no number is below 0, too large or a fraction.
    assert!(serde_json::from_str::<ExecuteMsg>(r#"{"cover":{"beneficiary":{"suppliers":null}}}"#).is_ok());
    assert!(!reads::<ExecuteMsg>(&json!({ "cover": { "beneficiary": { "suppliers": {} } } })));
    for id in ["-1", "1.5", "1e3", "18446744073709551616", "\"9\"", "true", "null", "[9]", "{}"] {
        let text = format!(r#"{{"repay_flash_loan":{{"id":{id}}}}}"#);
        assert!(serde_json::from_str::<ExecuteMsg>(&text).is_err(), "{text}");
    }
    let text = format!(r#"{{"repay":{{"account_id":{}}}}}"#, u64::from(u32::MAX) + 1);
    assert!(serde_json::from_str::<ExecuteMsg>(&text).is_err());
    // Neither do a hundred and more brackets, nor two messages.
    let deep = "[".repeat(200);
    assert!(serde_json::from_str::<ExecuteMsg>(&deep).is_err());
    assert!(serde_json::from_str::<ExecuteMsg>(r#"{"cover":{}} {"cover":{}}"#).is_err());
    assert!(reads::<BatchAction>(&json!({ "withdraw": { "denom": "uatom" } })));
}
