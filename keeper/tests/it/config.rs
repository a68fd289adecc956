//! Settings: each layer overrides those before it, unknown keys are errors, every value is checked.

use plimsoll_keeper::config::{Config, Layers};
use plimsoll_keeper::error::Error;

use crate::support::files::fresh;

const GOOD: &str = r#"
[chain]
id = "plimsoll-local-1"
grpc = "http://127.0.0.1:9190"
rpc = "http://127.0.0.1:26757"
[contracts]
pool = "wasm1pool"
[strategy.max_repay]
uusd = 5_000_000
"factory/wasm1x/uplim" = "7"
"#;

fn config(toml: &str, environment: &[(&str, &str)], flags: &[(&str, &str)]) -> Result<Config, Error> {
    let path = fresh("config").with_extension("toml");
    std::fs::write(&path, toml).unwrap();
    let own = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    let flags: Vec<_> = flags.iter().map(own).collect();
    let layers = Layers::read(Some(&path), environment.iter().map(own), &flags);
    std::fs::remove_file(&path).unwrap();
    Config::of(&layers?)
}

#[test]
fn flags_override_the_environment_and_that_the_file_and_that_defaults() {
    let defaults = config(GOOD, &[], &[]).unwrap();
    assert_eq!(defaults.strategy.timeout_blocks, 20);
    assert_eq!(defaults.strategy.max_repay["uusd"], 5_000_000);
    assert_eq!(defaults.strategy.max_repay["factory/wasm1x/uplim"], 7);

    let file = format!("{GOOD}\n[log]\nlevel = \"warn\"\n");
    let variables =
        [("PLIMSOLL_KEEPER_LOG_LEVEL", "debug"), ("PLIMSOLL_KEEPER_CHAIN_COIN_TYPE", "330"), ("PATH", "/bin")];
    assert_eq!(config(&file, &[], &[]).unwrap().log_level, tracing::Level::WARN);
    let changed = config(&file, &variables, &[]).unwrap();
    assert_eq!((changed.log_level, changed.chain.coin_type), (tracing::Level::DEBUG, 330));
    assert_eq!(config(&file, &variables, &[("log.level", "error")]).unwrap().log_level, tracing::Level::ERROR);
}

#[test]
fn unknown_keys_are_named_wherever_they_come_from() {
    for (toml, named) in
        [("[chain]\ngas = 1\n", "chain.gas"), ("colour = true\n", "colour"), ("[chian]\nid = \"x\"\n", "chian.id")]
    {
        let error = config(toml, &[], &[]).unwrap_err().to_string();
        assert!(error.contains("unknown key") && error.contains(named), "{error}");
    }
    let error = config(GOOD, &[("PLIMSOLL_KEEPER_CHAIN_GAS", "1")], &[]).unwrap_err().to_string();
    assert!(error.contains("PLIMSOLL_KEEPER_CHAIN_GAS"), "{error}");
    let error = config(GOOD, &[], &[("chain.gas", "1")]).unwrap_err().to_string();
    assert!(error.contains("chain.gas "), "{error}");
    // The mnemonic is no setting: it shows in no listing of them.
    assert!(config(GOOD, &[("PLIMSOLL_KEEPER_MNEMONIC", "a b c")], &[]).is_ok());
}

#[test]
fn a_key_that_is_gone_is_named_with_the_reason_wherever_it_comes_from() {
    let in_a_file = config("[strategy]\nitem_gas = 1000000\n", &[], &[]);
    let in_the_environment = config(GOOD, &[("PLIMSOLL_KEEPER_STRATEGY_ITEM_GAS", "1000000")], &[]);
    let as_a_flag = config(GOOD, &[], &[("strategy.item_gas", "1000000")]);
    for refused in [in_a_file, in_the_environment, as_a_flag] {
        let error = refused.unwrap_err().to_string();
        assert!(error.contains("strategy.item_gas in ") && error.contains("remove the key"), "{error}");
    }
}

#[test]
fn a_transaction_asks_for_half_of_a_block_at_most() {
    let strategy = |most| plimsoll_keeper::config::Strategy { max_gas_per_tx: most, ..Default::default() };
    assert_eq!(strategy(100).in_blocks_of(None).max_gas_per_tx, 100);
    assert_eq!(strategy(100).in_blocks_of(Some(201)).max_gas_per_tx, 100);
    assert_eq!(strategy(100).in_blocks_of(Some(199)).max_gas_per_tx, 99);
    assert_eq!(strategy(u64::MAX).in_blocks_of(Some(u64::MAX)).max_gas_per_tx, u64::MAX / 2);
}

/// Values that are refused, by key; each key has some.
const BAD: &[(&str, &[&str])] = &[
    ("chain.id", &["a chain", "c/1", "x\u{e9}", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"]),
    ("chain.grpc", &["127.0.0.1:9090", "ftp://x", "http://a:1,ws://b:1", "http://a:1,http://a:1", "http://:1"]),
    ("chain.rpc", &["localhost", "ws://a:1,tcp://b:1"]),
    ("chain.prefix", &["Wasm"]),
    ("chain.coin_type", &["4294967296", "-1"]),
    ("chain.gas_price", &["cheap", "-0.1"]),
    ("chain.gas_denom", &["u", "1ustake", "u stake"]),
    ("chain.gas_adjustment", &["0.9", "11"]),
    ("chain.max_gas_price", &["cheap", "0.001"]),
    ("chain.max_requests_per_second", &["0", "-1", "many", "100001"]),
    ("contracts.gas_own", &["0", "much"]),
    ("contracts.gas_sold", &["0", "much"]),
    ("chain.ca_file", &["/nowhere/ca.pem", "/"]),
    ("chain.headers", &["te=env:A", "x a=env:A", "grpc-timeout=file:/a"]),
    ("chain.faults", &["head first fail", "any #3 explode"]),
    ("contracts.pool", &["osmo1pool", "wasm1", "wasm1POOL"]),
    ("contracts.oracle", &["x"]),
    ("contracts.liquidator", &["x"]),
    ("contracts.pairs", &["wasm1a,x", "wasm1a,wasm1a"]),
    ("wallet.account", &["2147483648"]),
    ("strategy.min_profit_value", &["-1"]),
    ("strategy.gas_value", &["1e3"]),
    ("strategy.gas_denom_price", &["dear"]),
    ("strategy.gas_denom_decimals", &["37"]),
    ("strategy.max_gas_per_tx", &["0", "much"]),
    ("strategy.max_fee", &["1uusd", "0"]),
    ("strategy.slippage", &["0.51", "-0.1"]),
    ("strategy.max_items", &["0", "251"]),
    ("strategy.take_shares", &["yes"]),
    ("strategy.timeout_blocks", &["1", "901"]),
    ("strategy.publish_seconds", &["often"]),
    ("strategy.write_off", &["yes"]),
    ("wallet.keys", &["0", "17"]),
    ("wallet.gas_float", &["much"]),
    ("wallet.fee_granter", &["somebody", "osmo1granter", "wasm1"]),
    ("strategy.cooldown_lift", &["-0.1"]),
    ("strategy.max_failures", &["-1"]),
    ("strategy.max_write_offs_per_hour", &["-1"]),
    ("strategy.max_spend_per_tx", &["-1"]),
    ("strategy.max_spend_per_hour", &["much"]),
    ("strategy.max_fee_per_hour", &["0"]),
    ("book.path", &["/"]),
    ("book.gap_max", &["1000001", "-1", "0"]),
    ("book.audit_accounts", &["257"]),
    ("book.audit_seconds", &["0"]),
    ("book.audit_rebuild", &["0"]),
    ("strategy.max_repay.uusd", &["1.5"]),
    ("strategy.max_repay.u usd", &["1"]),
    ("journal.path", &["/"]),
    ("monitor.listen", &["9464", "localhost:9464", "127.0.0.1", "127.0.0.1:65536", "off"]),
    ("monitor.max_age", &["0", "86401", "1m"]),
    ("log.format", &["xml"]),
    ("log.level", &["loud"]),
];
/// Read only by the commands that need them: their errors name them there.
const READ_LATER: [&str; 2] = ["deployment", "wallet.mnemonic_file"];

#[test]
fn each_bad_value_is_refused_with_its_name_and_itself() {
    for (key, values) in BAD {
        for value in *values {
            let error = config(GOOD, &[], &[(key, value)]).unwrap_err().to_string();
            assert!(error.contains(key) && error.contains(value) && error.contains("must be"), "{error}");
            assert!(!error.contains('\n'));
        }
    }
    for (key, _) in plimsoll_keeper::config::KEYS.iter().copied() {
        let listed = BAD.iter().any(|(bad, _)| *bad == key) || READ_LATER.contains(&key);
        assert!(listed, "no value of {key} is known to be refused");
    }
}

#[test]
fn a_limit_of_no_own_coins_is_one_and_no_limit_is_another() {
    for key in ["strategy.max_spend_per_tx", "strategy.max_spend_per_hour"] {
        let of = |value: &str| {
            let strategy = config(GOOD, &[], &[(key, value)]).unwrap().strategy;
            if key.ends_with("tx") { strategy.max_spend_per_tx } else { strategy.max_spend_per_hour }
        };
        assert_eq!((of("0"), of("")), (Some(plimsoll_risk::units::Value::ZERO), None));
    }
}

#[test]
fn what_is_not_set_but_needed_is_named_with_its_variable() {
    for key in ["chain.id", "chain.grpc", "chain.rpc", "contracts.pool", "chain.gas_denom"] {
        let error = config(GOOD, &[], &[(key, "")]).unwrap_err().to_string();
        let variable = format!("PLIMSOLL_KEEPER_{}", key.replace('.', "_").to_uppercase());
        assert!(error.contains(key) && error.contains(&variable), "{error}");
    }
}

#[test]
fn the_journal_is_where_the_working_directory_has_no_say() {
    let path = |flags: &[(&str, &str)], variables: &[(&str, &str)]| {
        let find = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        config(GOOD, &[], flags).unwrap().journal_path("wasm1me", 0, find).map(|path| path.display().to_string())
    };
    let name = "plimsoll/journal-plimsoll-local-1-wasm1me.jsonl";
    let home = ("HOME", "/home/ada");
    assert_eq!(path(&[], &[home]).unwrap(), format!("/home/ada/.local/state/{name}"));
    assert_eq!(path(&[], &[home, ("XDG_STATE_HOME", "/var/state")]).unwrap(), format!("/var/state/{name}"));
    assert_eq!(path(&[], &[home, ("XDG_STATE_HOME", "here")]).unwrap(), format!("/home/ada/.local/state/{name}"));
    assert_eq!(path(&[("journal.path", "j.jsonl")], &[home]).unwrap(), "j.jsonl");
    let set = config(GOOD, &[], &[("journal.path", "j.jsonl")]).unwrap();
    assert_eq!(set.journal_path("wasm1second", 1, |_| None).unwrap().display().to_string(), "j.jsonl.1");
    assert!(path(&[], &[]).unwrap_err().to_string().contains("journal.path"));
}

#[test]
fn broken_toml_and_lists_are_one_line_errors() {
    for toml in ["[chain\n", "[chain]\nid = [1, 2]\n"] {
        let error = config(toml, &[], &[]).unwrap_err().to_string();
        assert!(!error.contains('\n') && error.contains(".toml"), "{error}");
    }
}

#[test]
fn the_example_file_is_accepted_and_holds_every_key() {
    let example = include_str!("../../keeper.example.toml");
    let mut layers = Layers::default();
    layers.add_toml(example, "the example").unwrap();
    for (key, _) in plimsoll_keeper::config::KEYS.iter().copied() {
        let commented = format!("# {} = ", key.rsplit('.').next().unwrap());
        assert!(layers.origin(key) == "the example" || example.contains(&commented), "{key} is missing");
    }
}

#[test]
fn endpoints_are_one_or_a_list_and_what_is_secret_in_them_is_not_shown() {
    let list = GOOD.replace("\"http://127.0.0.1:9190\"", "[\"http://a:1\", \"http://ada:hunter2@b:1\"]");
    let chain = config(&list, &[], &[]).unwrap().chain;
    assert_eq!(chain.grpc, ["http://a:1", "http://ada:hunter2@b:1"]);
    assert_eq!(chain.rpc, ["http://127.0.0.1:26757"]);
    let flag = config(GOOD, &[("PLIMSOLL_KEEPER_CHAIN_RPC", "ws://a:1, wss://b:1/websocket")], &[]).unwrap();
    assert_eq!(flag.chain.rpc, ["ws://a:1", "wss://b:1/websocket"]);
    let error = config(&list, &[], &[("chain.grpc", "ftp://ada:hunter2@b:1/hunter2")]).unwrap_err().to_string();
    assert!(error.contains("ftp://b:1/…") && !error.contains("hunter2"), "{error}");
    let numbers = GOOD.replace("\"http://127.0.0.1:9190\"", "[1, 2]");
    assert!(config(&numbers, &[], &[]).unwrap_err().to_string().contains("chain.grpc"));
}

#[test]
fn typed_defaults_are_those_of_the_keys() {
    let bare = config(
        "[chain]\nid = \"a-1\"\ngrpc = \"http://a:1\"\nrpc = \"http://a:2\"\n[contracts]\npool = \"wasm1pool\"\n",
        &[],
        &[],
    )
    .unwrap();
    assert_eq!(bare.strategy, plimsoll_keeper::config::Strategy::default());
    assert_eq!(bare.sync, plimsoll_keeper::config::BookConfig::default());
    assert_eq!(bare.monitor.max_age, plimsoll_keeper::config::Monitoring::default().max_age);
}
