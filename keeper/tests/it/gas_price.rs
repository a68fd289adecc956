//! What gas costs, as a real node's services say it: a fee market's, a module's of Osmosis' kind, the node's own minimum.

use plimsoll_keeper::chain::ChainReader;

use crate::support::client;
use crate::support::fake_node::{Fake, GasMarket};

async fn asked(markets: &[GasMarket]) -> Option<String> {
    let mut nodes = Vec::new();
    for market in markets {
        let node = Fake::start(100).await;
        node.with(|state| state.gas_market = market.clone());
        nodes.push(node);
    }
    let node = client::connect(&nodes.iter().collect::<Vec<_>>()).await;
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
async fn a_price_in_another_denom_is_none_and_the_lowest_of_endpoints_counts() {
    let other = GasMarket { feemarket: Some(("uatom", "1")), txfees: Some(("uatom", "1")), minimum: Some("0.1uatom") };
    assert_eq!(asked(std::slice::from_ref(&other)).await, None);
    let minimum = |minimum| GasMarket { minimum: Some(minimum), ..GasMarket::default() };
    assert_eq!(asked(&[minimum("0.03ustake"), other, minimum("0.02ustake")]).await.as_deref(), Some("0.02"));
}
