//! The bytes of what is stored. They carry no version: a change here needs a `migrate` that rewrites what older code has written, see
//! "New versions" in ARCHITECTURE.md.
#![allow(clippy::unwrap_used, reason = "a setup that fails is a failed test")]

use std::fmt::Debug;

use plimsoll_oracle::checked::Checked;
use plimsoll_oracle::listing::Listing;
use plimsoll_oracle::samples::Samples;
use plimsoll_oracle::state as oracle;
use plimsoll_oracle::votes::Votes;
use plimsoll_pool::state::{self as pool, Roles};
use plimsoll_risk::account::Account;
use plimsoll_risk::growth::Growth;
use plimsoll_risk::heartbeat::Heartbeat;
use plimsoll_risk::market::Market;
use plimsoll_risk::outflow::Outflow;
use plimsoll_risk::params::AssetParams;
use plimsoll_risk::price::PriceRecord;
use plimsoll_schema::compact::{decode, encode};
use plimsoll_schema::oracle::{ConfigResponse, PRICE_RECORDS, Source};
use plimsoll_schema::pool::ReservesRequest;
use plimsoll_testing::Addr;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, from_value, json};

/// The record that this JSON describes is stored as these bytes, and read back from them.
#[track_caller]
fn stored<T: Serialize + DeserializeOwned + PartialEq + Debug>(record: Value, expected: &str) {
    let record: T = from_value(record).unwrap();
    let bytes = encode(&record).unwrap();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, expected, "{record:?} is stored in another way than before: older records can't be read");
    assert_eq!(decode::<T>(&bytes).unwrap(), record);
}

fn guards() -> Value {
    json!({ "max_age": 600, "floor": "0.000000000000000001", "ceiling": "0.000000000000000002", "bound_hold": 6,
        "max_deviation": "0.000000000000000003", "step_interval": 4, "age_spread": "0.000000000000000005" })
}

/// The bytes of these guards.
const GUARDS: &str = "01d804010206030405";

#[test]
fn records_of_the_pool_keep_their_bytes() {
    let market = json!({ "cash": "1", "lent": "2", "debt_scaled": "3", "borrow_index": "0.000000000000000004",
        "supply_shares": "5", "reserves": "6", "updated_at": 7, "rate": "0.000000000000000008",
        "rate_at_target": "0.000000000000000011", "reserves_fraction": "0.000000000000000009", "written_off": true });
    stored::<Market>(market, "01020304050607080b0901");
    let account = json!({ "collaterals": [{ "asset": 1, "shares": "300", "enabled": true }],
        "debts": [{ "asset": 2, "scaled": "4" }], "category": 5, "settings": 6 });
    stored::<Account>(account, "0101ac02010102040506");
    let params = json!({ "denom": "u", "decimals": 6, "max_loan_to_value": "0.000000000000000001",
        "liquidation_threshold": { "from": "0.000000000000000002", "to": "0.000000000000000003", "starts_at": 4, "ends_at": 5 },
        "liquidation_bonus":
            { "min": "0.000000000000000006", "max": "0.000000000000000007", "full_at": "0.000000000000000008" },
        "protocol_liquidation_fee": "0.000000000000000009", "reserve_factor": "0.00000000000000001",
        "reserve_floor": "0.000000000000000011", "supply_cap": "12", "borrow_cap": "13",
        "flash_loan_fee": "0.000000000000000014",
        "rate_model": { "kinked": { "optimal_utilization_rate": "0.000000000000000015",
            "base": "0.000000000000000016", "slope_1": "0.000000000000000017", "slope_2": "0.000000000000000018" } },
        "enabled": { "deposit": true, "borrow": false, "flash_loan": true },
        "sale_cost": "0.000000000000000019", "max_borrow_utilization": "0.00000000000000002",
        "borrow_weight": { "from": "0.000000000000000028", "to": "0.000000000000000029", "starts_at": 30, "ends_at": 31 },
        "isolation": [{ "debt": 32, "ceiling": "33" }], "siloed": true,
        "next_rate_model": { "effective_at": 21, "rate_model": { "adaptive": {
            "target_utilization": "0.000000000000000022", "curve_steepness": "0.000000000000000023",
            "adjustment_speed": "0.000000000000000024", "initial_rate_at_target": "0.000000000000000025",
            "min_rate_at_target": "0.000000000000000026", "max_rate_at_target": "0.000000000000000027" } } },
        "outflow_limit": { "share": "0.000000000000000034", "window": 35, "floor": "36", "floor_count": 37 } });
    let bytes = "0175060102030405060708090a0b0c0d0e000f10111201000113141c1d1e1f01012021010101161718191a1b150122232425";
    stored::<AssetParams>(params, bytes);
    let outflow = json!({ "used": "1", "fraction": 2, "surplus": "3", "passed": "4", "passed_at": 5, "base": "6",
        "supply": "7", "updated_at": 8 });
    stored::<Outflow>(outflow, "0102030405060708");
    let request =
        json!({ "amount": "1", "recipient": "a", "effective_at": 2, "floor": "0.000000000000000003", "paid": "4" });
    stored::<ReservesRequest>(request, "010161020304");
    let roles = json!({ "ownership": { "owner": "a", "proposed": "b" }, "risk_manager": "c", "guardian": null });
    stored::<Roles>(roles, "016101016201016300");
}

#[test]
fn records_of_the_oracle_keep_their_bytes() {
    let band = |low: u8, high: u8| json!({ "low": format!("0.{low:018}"), "high": format!("0.{high:018}") });
    let record = json!({ "version": 2, "generation": 3, "quote": "q", "window": 4, "settled": "0.000000000000000005",
        "anchored_at": 6, "raw": band(7, 8), "extremes": band(9, 10), "timestamp": 11, "awaiting": true,
        "beyond_since": 12, "lost_seconds": 13, "guards": guards() });
    stored::<PriceRecord>(record, &format!("02030101710405060708090a0b010c0d{GUARDS}"));
    let heartbeat = json!({ "gap": 1, "last": 2, "lost_seconds": 3, "resumed_at": 4, "missed": 5 });
    stored::<Heartbeat>(heartbeat, "0102030405");
    let feed = || json!({ "feed": { "feeders": ["a"], "quorum": 1 } });
    let fixed = json!({ "fixed": { "price": "0.000000000000000003" } });
    let listing = json!({ "first": { "source": feed(), "guards": guards(), "generation": 2 }, "generation": 3,
        "pending": { "source": fixed, "guards": guards(), "effective_at": 4 },
        "fallback": { "seated": { "source": feed(), "guards": guards(), "generation": 5 }, "after": 6 },
        "pending_fallback": {
            "fallback": { "source": feed(), "guards": guards(), "after": 7 }, "effective_at": 8 },
        "check": { "seated": { "source": feed(), "guards": guards(), "generation": 9 },
            "max_divergence": "0.00000000000000001", "hold": 11 },
        "pending_check": { "check": { "source": feed(), "guards": guards(),
            "max_divergence": "0.000000000000000012", "hold": 13 }, "effective_at": 14 } });
    let fed = format!("0101016101{GUARDS}");
    stored::<Listing>(listing, &format!("{fed}0203010003{GUARDS}0401{fed}050601{fed}070801{fed}090a0b01{fed}0c0d0e"));
    let checked = json!({ "raw": band(1, 2), "extremes": band(3, 4), "time": 5, "diverges": true, "held_since": 6 });
    stored::<Checked>(checked, "01020304050106");
    let votes = json!([null, { "price": "0.000000000000000001", "time": 2 }]);
    stored::<Votes>(votes, "0200010102");
    let samples = json!([{ "sample": { "time": 1, "forward": "2", "backward": "3" }, "was_thin": true }]);
    stored::<Samples>(samples, "0101020301");
    let growth = json!({ "base": "0.000000000000000001", "since": 2, "peak": "0.000000000000000003" });
    stored::<Growth>(growth, "010203");
    let config = json!({ "ownership": { "owner": "a", "proposed": null }, "production": true, "source_delay": 3,
        "guardian": "b" });
    stored::<ConfigResponse>(config, "0161000103010162");
}

#[test]
fn sources_keep_their_bytes() {
    // A new kind of source goes to the end.
    let feed = || json!({ "feed": { "feeders": ["a"], "quorum": 1 } });
    stored::<Source>(json!({ "fixed": { "price": "0.000000000000000001" } }), "0001");
    stored::<Source>(feed(), "0101016101");
    let pair = json!({ "pair": { "pair": "p", "decimals": 1, "quote_denom": "q", "quote_decimals": 2, "quote_priced": true,
        "window": 3, "min_reserve": "7", "min_quote_reserve": "8" } });
    stored::<Source>(pair, "0201700101710201030708");
    let scaled = json!({ "scaled": { "rate": { "contract":
            { "contract": "c", "query": "{}", "field": ["a", "b"], "time_field": ["t"] } },
        "quote_denom": "q", "max_growth": "0.000000000000000001" } });
    stored::<Source>(scaled, "03000163027b7d020161016201010174017101");
    let scaled = json!({ "scaled": { "rate": feed(), "quote_denom": "q", "max_growth": "0.000000000000000001" } });
    stored::<Source>(scaled, "030101016101017101");
    let median = json!({ "median": { "members": [feed(), feed()], "minimum": 1 } });
    stored::<Source>(median, "04020101016101010101610101");
    let pyth = json!({ "pyth": { "contract": "c", "id": "d", "max_confidence": "0.000000000000000001" } });
    stored::<Source>(pyth, "050163016401");
    let observe = json!({ "observe": { "pair": "p", "is_first": true, "decimals": 1, "quote_denom": "q",
        "quote_decimals": 2, "quote_priced": true, "window": 3, "trade": "4", "quote_trade": "5" } });
    stored::<Source>(observe, "060170010101710201030405");
    let connect = json!({ "connect": { "module": "slinky", "base": "a", "quote": "b" } });
    stored::<Source>(connect, "070101610162");
    let osmosis = json!({ "osmosis_twap": { "pool_id": 1, "decimals": 2, "quote_denom": "q", "quote_decimals": 3,
        "quote_priced": true, "window": 4 } });
    stored::<Source>(osmosis, "0801020171030104");
}

#[test]
fn records_keep_their_keys() {
    let addr = Addr::unchecked("a");
    let hex = |key: Vec<u8>| key.iter().map(|b| format!("{b:02x}")).collect::<String>();
    for (key, expected) in [
        (pool::MARKETS.key(3), "00016d0003"),
        (pool::ASSET_PARAMS.key(3), "0001610003"),
        (pool::ASSET_IDS.key("u"), "00016975"),
        (pool::ACCOUNTS.key((&addr, 2)), "00017500016100000002"),
        (pool::DEBTORS.key((&addr, 2)), "00016400016100000002"),
        (pool::RESERVES_REQUESTS.key(3), "0001770003"),
        (pool::OUTFLOWS.key(3), "0001780003"),
        (PRICE_RECORDS.key("u"), "00017075"),
        (oracle::LISTINGS.key("u"), "00017375"),
        (oracle::VOTES.key(("u", 2)), "00017600017500000002"),
        (oracle::SAMPLES.key(("u", 2)), "00017400017500000002"),
        (oracle::CHECKS.key(("u", 2)), "00016b00017500000002"),
        (oracle::GROWTHS.key(("u", 2)), "00017200017500000002"),
    ] {
        assert_eq!(hex(key), expected);
    }
}
