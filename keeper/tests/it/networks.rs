//! The network files in the repository: both are read, and differ in values, and in the timelock of the public one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use plimsoll_keeper::deploy::network::{Network, PUBLIC_KEYS};
use plimsoll_keeper::deploy::votes::due;
use plimsoll_risk::params::Ramp;
use plimsoll_risk::price::{Observation, PriceBand, PriceRecord, SPEED_TOLD};
use plimsoll_risk::units::Price;
use plimsoll_schema::oracle::Source;

use crate::support::files::fresh;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/networks").join(name)
}

fn keys(above: &str, value: &toml::Value, found: &mut BTreeSet<String>) {
    match value {
        toml::Value::Table(table) => {
            for (key, value) in table {
                keys(&format!("{above}.{key}"), value, found);
            }
        }
        toml::Value::Array(list) => list.iter().for_each(|value| keys(above, value, found)),
        _ => {
            found.insert(above.to_owned());
        }
    }
}

#[test]
fn the_testnet_differs_from_the_local_chain_in_values_and_timelock_only() {
    let [mut local, mut testnet] = ["local.toml", "testnet.toml"].map(|name| {
        let table: toml::Table = std::fs::read_to_string(file(name)).unwrap().parse().unwrap();
        let mut found = BTreeSet::new();
        keys("", &toml::Value::Table(table), &mut found);
        found
    });
    // The timelock's delay stands for theirs.
    local.extend([".timelock.admin", ".timelock.delay"].map(str::to_owned));
    testnet.extend([".oracle.source_delay", ".pool.oracle_delay"].map(str::to_owned));
    assert_eq!(local, testnet);
}

#[test]
fn every_asset_may_be_listed() {
    for name in ["local.toml", "testnet.toml"] {
        let network = Network::read(&file(name)).unwrap();
        for asset in &network.assets {
            let listing = asset.listing("wasm1deployer");
            assert!(!listing.denom.contains('{'), "{}", listing.denom);
            asset.guards.validate().unwrap();
            assert!(asset.max_loan_to_value < Ramp::flat(asset.liquidation_threshold).to);
            assert!(listing.liquidation_bonus.full_at < plimsoll_risk::units::Ratio::ONE);
            let Source::Feed { feeders, quorum } = network.source(asset) else { panic!("no feed") };
            assert!(usize::from(quorum) * 2 > feeders.len());
            if network.oracle.production {
                // A third feeder, so that of two none can stop a price; as fast as liquidation can follow, and no
                // faster.
                assert!(feeders.len() >= 3);
                assert_eq!(asset.guards.halving_seconds(SPEED_TOLD), 70);
            }
        }
    }
}

#[test]
fn an_unknown_key_is_named_with_its_line() {
    let path = fresh("network").with_extension("toml");
    std::fs::write(&path, "name = \"x\"\ncolour = \"red\"\n").unwrap();
    let error = Network::read(&path).unwrap_err().to_string();
    assert!(error.contains("colour") && error.contains("line") && !error.contains('\n'), "{error}");
}

fn edited(name: &str, change: impl Fn(String) -> String) -> Network {
    let path = fresh("network").with_extension("toml");
    std::fs::write(&path, change(std::fs::read_to_string(file(name)).unwrap())).unwrap();
    let network = Network::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    network
}

/// The example in the files is one that a pool takes.
#[test]
fn an_asset_may_have_an_outflow_limit() {
    for name in ["local.toml", "testnet.toml"] {
        let network = edited(name, |text| {
            let rest = text.lines().find_map(|line| line.strip_prefix("#   outflow_limit")).unwrap().to_owned();
            text.replacen("[[assets]]\n", &format!("[[assets]]\noutflow_limit{rest}\n"), 1)
        });
        let limits: Vec<_> = network.assets.iter().map(|asset| asset.listing("wasm1deployer").outflow_limit).collect();
        assert!(limits[0].unwrap().is_in_range());
        assert!(limits[1..].iter().all(Option::is_none));
    }
}

#[test]
fn what_is_not_filled_in_is_refused_by_name() {
    let error = Network::read(&file("testnet.toml")).unwrap().check("osmo1deployer").unwrap_err().to_string();
    assert!(error.contains("fill in roles.risk_manager") && error.contains("YOUR-RISK-MANAGER"), "{error}");
    assert!(!error.contains('\n'));
}

#[test]
fn the_public_keys_are_those_of_the_file_and_for_local_chains_only() {
    let keys = include_str!("../../../scripts/localnet/keys.toml");
    let listed: Vec<&str> =
        keys.lines().filter(|l| !l.starts_with('#')).filter_map(|l| l.split_once("# ")).map(|(_, a)| a).collect();
    assert_eq!(listed, PUBLIC_KEYS);
    let (owner, strange) = (PUBLIC_KEYS[0], "wasm1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqhdhc0v");
    Network::read(&file("local.toml")).unwrap().check(owner).unwrap();
    let public = edited("local.toml", |text| text.replace("plimsoll-local-1", "mainnet-1"));
    for deployer in [owner, strange] {
        let error = public.check(deployer).unwrap_err().to_string();
        assert!(error.contains("public test key") || error.contains("the deployer"), "{error}");
    }
    // The same key under another prefix is the same key.
    let other = edited("local.toml", |text| {
        let text = text.replace("plimsoll-local-1", "osmosis-1").replace("\"wasm\"", "\"osmo\"");
        text.replace(PUBLIC_KEYS[0], "osmo1nu62ke642hz7dm5asnt2nrsvwhda8709wlvatx")
    });
    assert!(other.check(owner).unwrap_err().to_string().contains("public test key"));
}

/// An address of the testnet, of nobody.
const NOBODY: &str = "osmo1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqmcn030";

/// The testnet's file with its blanks filled in.
fn filled_in(change: impl Fn(String) -> String) -> Network {
    edited("testnet.toml", |text| {
        let blanks: Vec<String> = text.split('"').filter(|part| part.starts_with("YOUR-")).map(str::to_owned).collect();
        change(blanks.iter().fold(text, |text, blank| text.replace(blank.as_str(), NOBODY)))
    })
}

#[test]
fn a_timelock_in_production_waits_a_day_to_thirty_and_is_the_only_owner() {
    let check = |network: &Network| network.check(NOBODY).map_err(|error| error.to_string());
    let delayed = |delay: u64| filled_in(|text| text.replace("delay = 172800", &format!("delay = {delay}")));
    for (delay, fine) in [(86_399, false), (86_400, true), (2_592_000, true), (2_592_001, false)] {
        let outcome = check(&delayed(delay));
        assert_eq!(outcome.is_ok(), fine, "{outcome:?}");
        assert!(fine || outcome.unwrap_err().contains("timelock.delay"));
    }
    // A local chain's may be shorter.
    let local = filled_in(|text| {
        text.replace("delay = 172800", "delay = 0").replace("production = true", "production = false")
    });
    assert_eq!(check(&local), Ok(()));
    let owned = filled_in(|text| text.replace("[roles]", &format!("[roles]\nowner = \"{NOBODY}\"")));
    assert!(check(&owned).unwrap_err().contains("leave one out"));
}

#[test]
fn a_timelock_that_is_long_missing_bypassed_or_unguarded_warns() {
    let warnings = |change: &dyn Fn(String) -> String| filled_in(change).warnings();
    assert!(warnings(&|text| text).is_empty());
    let delay = |delay: &str| warnings(&|text| text.replace("delay = 172800", &format!("delay = {delay}")));
    assert!(delay("259200").is_empty());
    assert!(delay("259201")[0].contains("timelock.delay = 259201"));
    let alone = warnings(&|text| text.replace("guardian = ", "# guardian = "));
    assert!(alone.len() == 1 && alone[0].contains("nobody can veto"), "{alone:?}");
    let past = warnings(&|text| text.replace("[roles]", "[roles]\nadmin = \"osmo1admin\""));
    assert!(past.len() == 1 && past[0].contains("roles.admin = osmo1admin"), "{past:?}");
    let blank = |text: String| {
        let lines = text.lines().filter(|line| !line.starts_with("[timelock]"));
        let lines = lines.filter(|line| !line.starts_with("delay = ") && !line.starts_with("admin = "));
        lines.collect::<Vec<_>>().join("\n")
    };
    assert!(warnings(&blank)[0].contains("no [timelock] in production"));
    assert!(warnings(&|text| blank(text).replace("production = true", "production = false")).is_empty());
}

#[test]
fn the_timelocks_guardian_is_its_own_or_the_pools() {
    let own = filled_in(|text| text.replace("delay = 172800", "guardian = \"osmo1other\"\ndelay = 172800"));
    assert_eq!(own.timelock_guardian().as_deref(), Some("osmo1other"));
    let pools = filled_in(|text| text);
    assert_eq!(pools.timelock_guardian(), pools.roles.guardian);
}

#[test]
fn beside_a_timelock_oracle_and_pool_have_no_delay_of_their_own() {
    let network = filled_in(|text| text);
    assert_eq!((network.oracle.source_delay, network.pool.oracle_delay), (0, 0));
    assert!(network.pool.halt_grace.is_valid() && network.oracle.heartbeat_gap > 0);
    for (table, key) in [("[oracle]", "source_delay"), ("[pool]", "oracle_delay")] {
        let delayed = filled_in(|text| text.replace(table, &format!("{table}\n{key} = 86400")));
        let error = delayed.check(NOBODY).unwrap_err().to_string();
        assert!(error.contains(key) && error.contains("leave it out"), "{error}");
    }
}

#[test]
fn gas_is_held_to_the_keepers_own_limits() {
    let network = edited("local.toml", |text| text.replace("gas_adjustment = \"1.3\"", "gas_adjustment = \"0.5\""));
    assert!(network.check(PUBLIC_KEYS[0]).unwrap_err().to_string().contains("gas_adjustment = 0.5"));
}

#[test]
fn votes_for_the_last_price_are_due_where_it_is_missing_or_too_old() {
    let price = |text: &str| text.parse::<Price>().unwrap();
    let guards = Network::read(&file("local.toml")).unwrap().assets[0].guards.clone();
    let max_age = guards.max_age.unwrap();
    let mut record = PriceRecord::unpublished(0, None, 0, guards);
    let due = |record: &PriceRecord, first, now| due(record, first, now).map(|(price, _)| price);
    assert_eq!(due(&record, price("10"), 5_000), Some(price("10")));
    let at = PriceBand::at(price("8.2"));
    record.observe(&Observation { raw: at, extremes: at, time: 5_000 }, 5_000, 0);
    assert_eq!(due(&record, price("10"), 5_000), None);
    assert_eq!(due(&record, price("10"), 5_000 + max_age), None);
    // Not the first one: the market has gone by another since.
    assert_eq!(due(&record, price("10"), 5_001 + max_age), Some(price("8.2")));
}

/// Each kind of source as it stands in a network file.
#[test]
fn an_asset_may_have_a_source_of_any_kind_and_a_check() {
    let feed = r#"{ feed = { feeders = ["wasm1a"], quorum = 1 } }"#;
    let pyth = r#"{ pyth = { contract = "wasm1p", id = "00", max_confidence = "0.05" } }"#;
    let scaled = r#"{ scaled = { rate = { contract = { contract = "wasm1h", query = '{"state":{}}', field = ["rate"] } }, quote_denom = "uatom", max_growth = "0.002" } }"#;
    let observe = r#"{ observe = { pair = "wasm1c", is_first = true, decimals = 6, quote_denom = "uusd", quote_decimals = 6, quote_priced = true, window = 600, trade = "1000000", quote_trade = "1000000" } }"#;
    let connect = r#"{ connect = { module = "connect", base = "ATOM", quote = "USD" } }"#;
    let osmosis = r#"{ osmosis_twap = { pool_id = 1, decimals = 6, quote_denom = "uusd", quote_decimals = 6, quote_priced = true, window = 600 } }"#;
    let median = format!("{{ median = {{ members = [{feed}, {pyth}, {observe}], minimum = 2 }} }}");
    let text = std::fs::read_to_string(file("local.toml")).unwrap();
    let guards = r#"{ max_age = 300, floor = "0.5", ceiling = "2", bound_hold = 1800, max_deviation = "0.05", step_interval = 15, age_spread = "0.01" }"#;
    for source in [feed, pyth, scaled, observe, connect, osmosis, &median] {
        let mut network: toml::Table = text.parse().unwrap();
        let check = format!("c = {{ source = {pyth}, guards = {guards}, max_divergence = \"0.05\", hold = 600 }}");
        let asset = network["assets"].as_array_mut().unwrap()[0].as_table_mut().unwrap();
        let parsed = format!("s = {source}").parse::<toml::Table>().unwrap_or_else(|error| panic!("{source}: {error}"));
        asset.insert("source".to_owned(), parsed["s"].clone());
        asset.insert("check".to_owned(), check.parse::<toml::Table>().unwrap()["c"].clone());
        let path = fresh("network").with_extension("toml");
        std::fs::write(&path, toml::to_string(&network).unwrap()).unwrap();
        let network = Network::read(&path).unwrap_or_else(|error| panic!("{source}: {error}"));
        let asset = &network.assets[0];
        let is_live = !source.starts_with("{ feed");
        assert_eq!((network.source(asset).is_live(), asset.check.as_ref().unwrap().hold), (is_live, 600), "{source}");
    }
}

#[test]
fn a_margin_contract_is_deployed_where_the_file_asks_for_one_with_a_fee_for_an_address_of_the_chain() {
    let asked = Network::read(&file("local.toml")).unwrap().margin.unwrap();
    assert_eq!(asked.fee, None);
    assert!(edited("local.toml", |text| text.replace("[margin]\n", "")).margin.is_none());
    let with = |recipient: &str| {
        let fee = format!("[margin]\nfee = {{ share = \"0.001\", recipient = \"{recipient}\" }}\n");
        edited("local.toml", |text| text.replace("[margin]\n", &fee))
    };
    let owner = PUBLIC_KEYS[0];
    with(owner).check(owner).unwrap();
    let error = with("osmo1fees").check(owner).unwrap_err().to_string();
    assert!(error.contains("fill in margin.fee.recipient"), "{error}");
}
