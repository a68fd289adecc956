//! Writes `schema/json/<contract>.json`, or with `--check` compares them with what would be written.
#![allow(clippy::print_stderr, reason = "a command's progress")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use cosmwasm_schema::Api;
use cosmwasm_schema::schemars::schema::RootSchema;
use cosmwasm_schema::schemars::schema_for;
use plimsoll_schema::{liquidator, margin, oracle, pair, pool, timelock};

/// One schema per query: `query => Response`.
macro_rules! responses {
    ($($query:literal => $response:ty),* $(,)?) => {
        BTreeMap::from([$(($query.to_owned(), schema_for!($response))),*])
    };
}

fn api(name: &str, messages: [RootSchema; 4], responses: BTreeMap<String, RootSchema>) -> Api {
    let [instantiate, execute, query, migrate] = messages;
    Api {
        contract_name: format!("plimsoll-{name}"),
        contract_version: env!("CARGO_PKG_VERSION").to_owned(),
        instantiate: Some(instantiate),
        execute: Some(execute),
        query: Some(query),
        migrate: Some(migrate),
        sudo: None,
        responses: Some(responses),
    }
}

fn pool() -> Api {
    let responses = responses! {
        "config" => pool::ConfigResponse,
        "market" => pool::MarketResponse,
        "markets" => pool::MarketsResponse,
        "rates" => pool::RatesResponse,
        "user_position" => pool::UserPositionResponse,
        "user_debts" => pool::UserDebtsResponse,
        "user_collaterals" => pool::UserCollateralsResponse,
        "operators" => pool::OperatorsResponse,
        "borrowers" => pool::AccountsResponse,
        "accounts" => pool::AccountsResponse,
        "liquidatable" => pool::LiquidatableResponse,
        "simulate_liquidation" => pool::SimulateLiquidationResponse,
        "simulate" => pool::UserPositionResponse,
        "max_borrow" => pool::MaxAmountResponse,
        "max_withdraw" => pool::MaxAmountResponse,
        "solvency" => pool::SolvencyResponse,
        "reserves_request" => pool::ReservesRequestResponse,
    };
    let messages = [
        schema_for!(pool::InstantiateMsg),
        schema_for!(pool::ExecuteMsg),
        schema_for!(pool::QueryMsg),
        schema_for!(pool::MigrateMsg),
    ];
    api("pool", messages, responses)
}

fn oracle() -> Api {
    let responses = responses! {
        "config" => oracle::ConfigResponse,
        "heartbeat" => plimsoll_risk::heartbeat::Heartbeat,
        "price_records" => oracle::PriceRecordsResponse,
        "prices_by_denoms" => oracle::PricesResponse,
        "source" => oracle::SourceResponse,
        "sources" => oracle::SourcesResponse,
    };
    let messages = [
        schema_for!(oracle::InstantiateMsg),
        schema_for!(oracle::ExecuteMsg),
        schema_for!(oracle::QueryMsg),
        schema_for!(oracle::MigrateMsg),
    ];
    api("oracle", messages, responses)
}

fn pair() -> Api {
    let responses = responses! {
        "pair" => pair::PairInfo,
        "pool" => pair::PoolResponse,
        "config" => pair::ConfigResponse,
        "share" => Vec<pair::Asset>,
        "simulation" => pair::SimulationResponse,
        "reverse_simulation" => pair::ReverseSimulationResponse,
        "cumulative_prices" => pair::CumulativePricesResponse,
        "balance" => pair::BalanceResponse,
    };
    let messages = [
        schema_for!(pair::InstantiateMsg),
        schema_for!(pair::ExecuteMsg),
        schema_for!(pair::QueryMsg),
        schema_for!(pair::MigrateMsg),
    ];
    api("pair", messages, responses)
}

fn liquidator() -> Api {
    let responses = responses! { "config" => liquidator::ConfigResponse };
    let messages = [
        schema_for!(liquidator::InstantiateMsg),
        schema_for!(liquidator::ExecuteMsg),
        schema_for!(liquidator::QueryMsg),
        schema_for!(liquidator::MigrateMsg),
    ];
    api("liquidator", messages, responses)
}

fn margin() -> Api {
    let responses = responses! { "config" => margin::ConfigResponse, "quote" => margin::QuoteResponse };
    let messages = [
        schema_for!(margin::InstantiateMsg),
        schema_for!(margin::ExecuteMsg),
        schema_for!(margin::QueryMsg),
        schema_for!(margin::MigrateMsg),
    ];
    api("margin", messages, responses)
}

fn timelock() -> Api {
    let responses = responses! {
        "config" => timelock::ConfigResponse,
        "entries" => timelock::EntriesResponse,
        "entry" => timelock::Entry,
    };
    let messages = [
        schema_for!(timelock::InstantiateMsg),
        schema_for!(timelock::ExecuteMsg),
        schema_for!(timelock::QueryMsg),
        schema_for!(timelock::MigrateMsg),
    ];
    api("timelock", messages, responses)
}

/// The queries that a schema lists, to see that each has its response and no response lacks its query.
fn queries(api: &Api) -> Vec<String> {
    let schema = serde_json::to_value(&api.query).unwrap_or_default();
    let variants = schema["oneOf"].as_array().cloned().unwrap_or_default();
    let mut names: Vec<String> = variants.iter().filter_map(|v| v["required"][0].as_str()).map(str::to_owned).collect();
    names.sort();
    names
}

fn main() -> ExitCode {
    let check = std::env::args().any(|argument| argument == "--check");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("json");
    let mut fine = true;
    for api in [pool(), oracle(), pair(), liquidator(), margin(), timelock()] {
        let answered: Vec<String> = api.responses.iter().flatten().map(|(name, _)| name.clone()).collect();
        if queries(&api) != answered {
            eprintln!("{}: queries {:?} but responses {answered:?}", api.contract_name, queries(&api));
            fine = false;
        }
        let file = folder.join(format!("{}.json", api.contract_name.trim_start_matches("plimsoll-")));
        let text = match api.render().to_string() {
            Ok(text) => text + "\n",
            Err(error) => {
                eprintln!("{}: {error}", file.display());
                return ExitCode::FAILURE;
            }
        };
        if !check {
            if let Err(error) = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&file, text)) {
                eprintln!("{}: {error}", file.display());
                fine = false;
            }
        } else if std::fs::read_to_string(&file).unwrap_or_default() != text {
            eprintln!("{} is stale: run scripts/schema.sh", file.display());
            fine = false;
        }
    }
    if fine { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
