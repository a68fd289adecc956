//! `wallet.fee_granter`: somebody else pays the fees, as each transaction and each look at gas money says.

use cosmos_sdk_proto::cosmos::tx::v1beta1::{AuthInfo, TxRaw};
use plimsoll_keeper::chain::cosmos::Node;
use plimsoll_keeper::chain::{Balances, Execute, TxSender};
use plimsoll_keeper::commands::doctor::{Status, wallet};
use plimsoll_keeper::config::{Config, Layers, Strategy};
use plimsoll_keeper::tx::{gas_money, less_fee};
use prost::Message;

use crate::support::fake_node::Fake;
use crate::support::mnemonic::{self, ADDRESS};

const GRANTER: &str = "wasm1nu62ke642hz7dm5asnt2nrsvwhda8709vcwc5l";

async fn node(fake: &Fake, granter: &str) -> Node {
    let toml = format!(
        "[chain]\nid = \"fake-1\"\ngrpc = \"{}\"\nrpc = \"{}\"\n[contracts]\npool = \"wasm1pool\"\n\
         [wallet]\nfee_granter = \"{granter}\"",
        fake.grpc, fake.rpc
    );
    let mut layers = Layers::default();
    layers.add_toml(&toml, "a test").unwrap();
    let key = mnemonic::key(mnemonic::WORDS);
    Node::connect(Config::of(&layers).unwrap().chain, Some(key)).await.unwrap()
}

fn granter_of(tx: &[u8]) -> String {
    let auth = TxRaw::decode(tx).unwrap().auth_info_bytes;
    AuthInfo::decode(auth.as_slice()).unwrap().fee.unwrap().granter
}

#[tokio::test]
async fn the_granter_stands_in_the_fee_of_what_is_simulated_and_signed() {
    let fake = Fake::start(10).await;
    fake.with(|state| state.sequence = Some(4));
    let messages = [Execute::new("wasm1pool", &serde_json::json!({}), Vec::new()).unwrap()];
    for granter in ["", GRANTER] {
        let node = node(&fake, granter).await;
        node.simulate(&messages).await.unwrap();
        let signed = node.sign(&messages, 100_000, 20).await.unwrap();
        let simulated = fake.with(|state| state.simulated.pop()).unwrap();
        assert_eq!((granter_of(&simulated), granter_of(&signed.bytes)), (granter.to_owned(), granter.to_owned()));
    }
}

#[tokio::test]
async fn gas_money_is_the_granters_and_the_key_keeps_nothing_back() {
    let fake = Fake::start(10).await;
    let held = Balances::from([("ustake".to_owned(), 1_000_000)]);
    let own = node(&fake, "").await;
    assert_eq!(gas_money(&own, "ustake").await.unwrap().0, ADDRESS);
    assert!(less_fee(&own, held.clone(), &Strategy::default())["ustake"] < 1_000_000);
    let granted = node(&fake, GRANTER).await;
    assert_eq!(gas_money(&granted, "ustake").await.unwrap().0, GRANTER);
    assert_eq!(less_fee(&granted, held.clone(), &Strategy::default()), held);
}

#[tokio::test]
async fn doctor_says_whether_there_is_an_allowance() {
    let fake = Fake::start(10).await;
    assert_eq!(wallet::allowance(&node(&fake, "").await, 0).await, None);
    let node = node(&fake, GRANTER).await;
    let missing = wallet::allowance(&node, 0).await.unwrap();
    assert!(
        missing.status == Status::Fail && missing.remedy.as_ref().unwrap().contains("feegrant grant"),
        "{missing:?}"
    );
    // What is granted to somebody else is none for this key.
    fake.with(|state| state.allowances.push((GRANTER.to_owned(), GRANTER.to_owned())));
    assert_eq!(wallet::allowance(&node, 1).await.unwrap().status, Status::Fail);
    fake.with(|state| state.allowances.push((GRANTER.to_owned(), ADDRESS.to_owned())));
    let there = wallet::allowance(&node, 0).await.unwrap();
    assert!(there.status == Status::Ok && there.finding.contains(GRANTER), "{there:?}");
}
