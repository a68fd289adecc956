//! What gas costs, as a real node's services say it: a fee market's, a module's of Osmosis' kind, the node's own minimum.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test may stop at a surprise")]

use cosmwasm_std::Decimal;
use plimsoll_keeper::chain::ChainReader;
use plimsoll_keeper::chain::cosmos::Node;
use plimsoll_keeper::config::ChainConfig;

use crate::support::fake_node::{Fake, GasMarket};

async fn asked(markets: &[GasMarket]) -> Option<String> {
    let mut nodes = Vec::new();
    for market in markets {
        let node = Fake::start(100).await;
        node.with(|state| state.gas_market = market.clone());
        nodes.push(node);
    }
    let config = ChainConfig {
        id: "fake-1".to_owned(),
        grpc: nodes.iter().map(|node| node.grpc.clone()).collect(),
        rpc: nodes.iter().map(|node| node.rpc.clone()).collect(),
        prefix: "wasm".to_owned(),
        coin_type: 118,
        gas_price: Decimal::zero(),
        max_gas_price: None,
        max_requests_per_second: None,
        gas_denom: "ustake".to_owned(),
        gas_adjustment: Decimal::one(),
        ca_file: None,
        fee_granter: None,
    };
    let node = Node::connect(config, None).await.unwrap();
    ChainReader::gas_price_asked(&node).await.unwrap().map(|price| price.to_string())
}

#[tokio::test]
async fn a_fee_market_is_asked_first_and_a_nodes_minimum_last() {
    let minimum = GasMarket { minimum: Some("0.01uatom,0.025ustake"), ..GasMarket::default() };
    assert_eq!(asked(&[GasMarket::default()]).await, None);
    assert_eq!(asked(std::slice::from_ref(&minimum)).await.as_deref(), Some("0.025"));
    let txfees = GasMarket { txfees: Some(("ustake", "2500000000000000")), ..minimum.clone() };
    assert_eq!(asked(std::slice::from_ref(&txfees)).await.as_deref(), Some("0.0025"));
    let feemarket = GasMarket { feemarket: Some(("ustake", "75000000000000000")), ..txfees };
    assert_eq!(asked(&[feemarket]).await.as_deref(), Some("0.075"));
}

#[tokio::test]
async fn a_price_in_another_denom_is_none_and_of_several_endpoints_the_lowest_counts() {
    let other = GasMarket { feemarket: Some(("uatom", "1")), txfees: Some(("uatom", "1")), minimum: Some("0.1uatom") };
    assert_eq!(asked(std::slice::from_ref(&other)).await, None);
    let minimum = |minimum| GasMarket { minimum: Some(minimum), ..GasMarket::default() };
    assert_eq!(asked(&[minimum("0.03ustake"), other, minimum("0.02ustake")]).await.as_deref(), Some("0.02"));
}
