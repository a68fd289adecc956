//! The network files in the repository: both are read, and differ in values only.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may stop at a surprise"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use plimsoll_keeper::deploy::network::Network;
use plimsoll_risk::params::Ramp;
use plimsoll_schema::oracle::Source;

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
fn the_public_testnet_differs_from_the_local_chain_in_values_only() {
    let [local, testnet] = ["local.toml", "testnet.toml"].map(|name| {
        let table: toml::Table = std::fs::read_to_string(file(name)).unwrap().parse().unwrap();
        let mut found = BTreeSet::new();
        keys("", &toml::Value::Table(table), &mut found);
        found
    });
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
        }
    }
}

#[test]
fn an_unknown_key_is_named_with_its_line() {
    let path = std::env::temp_dir().join(format!("plimsoll-network-{}.toml", std::process::id()));
    std::fs::write(&path, "name = \"x\"\ncolour = \"red\"\n").unwrap();
    let error = Network::read(&path).unwrap_err().to_string();
    assert!(error.contains("colour") && error.contains("line") && !error.contains('\n'), "{error}");
}
