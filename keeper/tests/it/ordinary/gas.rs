//! What one liquidation is taken to use while the keeper has met none.

use std::sync::Arc;

use cosmos_sdk_proto::cosmos::tx::v1beta1::{AuthInfo, TxRaw};
use plimsoll_keeper::chain::{ChainReader, Coin};
use plimsoll_keeper::commands::doctor::measured;
use plimsoll_keeper::commands::with_gas_of_version;
use plimsoll_keeper::config::{Config, GasFigures, Layers};
use plimsoll_keeper::tx::journal::Journal;
use plimsoll_keeper::tx::{Executor, SendLimits};
use prost::Message;

use super::connect;
use crate::support::fake_node::Fake;

const WASMD: &str = "github.com/CosmWasm/wasmd";

/// What the settings say, with a journal at this path.
fn settings(further: &str, journal: &std::path::Path) -> Config {
    let mut layers = Layers::default();
    let journal = journal.display();
    let toml = format!(
        "chain = {{ id = 'fake-1', grpc = 'http://a:1', rpc = 'http://a:2' }}\njournal.path = '{journal}'\n\
         contracts.pool = 'wasm1pool'\n{further}"
    );
    layers.add_toml(&toml, "a test").unwrap();
    Config::of(&layers).unwrap()
}

#[tokio::test]
async fn gas_is_the_journals_else_the_deployments_else_the_versions() {
    let path = std::env::temp_dir().join(format!("plimsoll-gas-{}.jsonl", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let fake = Fake::start(100).await;
    let node = connect(&[&fake]).await;
    let dearest = GasFigures { own: Some(226_000), sold: Some(1_126_691) };
    let newer = GasFigures { own: Some(223_591), sold: Some(707_032) };
    let config = settings("", &path);
    for (version, known) in [
        (None, dearest),
        (Some((WASMD, "v0.53.4")), dearest),
        (Some((WASMD, "v0.54.0")), newer),
        (Some((WASMD, "v0.70.3")), newer),
        (Some((WASMD, "v1.0.0")), newer),
        (Some((WASMD, "(devel)")), dearest),
        // As of a node that is wasmd itself.
        (Some(("github.com/CosmWasm/wasmvm/v3", "v3.0.7")), newer),
        (Some(("github.com/CosmWasm/wasmvm/v2", "v2.2.1")), newer),
        (Some(("github.com/CosmWasm/wasmvm/v2", "v2.1.4")), dearest),
        (Some(("github.com/CosmWasm/wasmvm", "v1.5.4")), dearest),
        (Some(("github.com/cosmos/cosmos-sdk", "v0.54.0")), dearest),
    ] {
        fake.with(|state| state.module = version);
        assert_eq!(with_gas_of_version(&config, &node).await.contracts.gas, known, "{version:?}");
    }
    // A figure of the record, or of the settings, counts more.
    let recorded = with_gas_of_version(&settings("contracts.gas_sold = '480000'", &path), &node).await;
    assert_eq!(recorded.contracts.gas, GasFigures { sold: Some(480_000), ..dearest });
    // Those of the journal count most.
    let mut journal = Journal::open(&path).unwrap();
    journal.measure("fake-1", GasFigures { own: None, sold: Some(444_444) }).unwrap();
    let seen = measured(&recorded, &["wasm1key".to_owned()]).unwrap();
    assert_eq!(seen.contracts.gas, GasFigures { sold: Some(444_444), ..dearest });
    drop(journal);
    std::fs::remove_file(&path).unwrap();
}

#[tokio::test]
async fn a_transfer_asks_for_the_gas_that_its_simulation_used() {
    let path = std::env::temp_dir().join(format!("plimsoll-transfer-{}.jsonl", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let fake = Fake::start(100).await;
    fake.with(|state| state.sequence = Some(4));
    let node = Arc::new(connect(&[&fake]).await);
    let mut executor = Executor::new(node.clone(), Journal::open(&path).unwrap()).unwrap();
    let coin = Coin { denom: "ustake".to_owned(), amount: 5 };
    let head = node.head().await.unwrap();
    executor.transfer("wasm1x", &coin, &head, SendLimits { timeout_blocks: 4, max_fee: None }).await.unwrap().unwrap();
    let sent = TxRaw::decode(fake.with(|state| state.taken[0].clone()).as_slice()).unwrap();
    let fee = AuthInfo::decode(sent.auth_info_bytes.as_slice()).unwrap().fee.unwrap();
    // As the fake node says of every simulation; `chain.gas_adjustment` is 1.
    assert_eq!(fee.gas_limit, 70_000);
    std::fs::remove_file(&path).unwrap();
}
