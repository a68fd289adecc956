//! `instantiate`: two native tokens and a fee.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests: names say what is tested, and a failed setup is a failure"
)]

use plimsoll_risk::units::Ratio;
use plimsoll_schema::pair::{AssetInfo, InstantiateMsg};
use plimsoll_testing::{ALICE, Addr, Chain, Coin, UATOM, UUSD, WorldError, coin, pair_code};

fn cw20() -> AssetInfo {
    AssetInfo::Token { contract_addr: "wasm1token".to_owned() }
}

fn deploy(asset_infos: &[AssetInfo], fee: Ratio, funds: &[Coin]) -> (Chain, Result<Addr, WorldError>) {
    let mut chain = Chain::new("wasm");
    chain.mint(ALICE, UUSD, 100);
    let msg = InstantiateMsg { asset_infos: asset_infos.to_vec(), fee };
    let pair = chain.deploy(pair_code(), ALICE, &msg, funds, "pair");
    (chain, pair)
}

fn two() -> [AssetInfo; 2] {
    [UUSD, UATOM].map(AssetInfo::native)
}

#[test]
fn instantiate_makes_an_empty_pair_in_the_order_named() {
    let (chain, pair) = deploy(&two(), Ratio::percent(10), &[]);
    let pool: serde_json::Value = chain.query_contract(&pair.unwrap(), &serde_json::json!({ "pool": {} })).unwrap();
    let empty = |denom: &str| serde_json::json!({ "info": { "native_token": { "denom": denom } }, "amount": "0" });
    assert_eq!(pool, serde_json::json!({ "assets": [empty(UUSD), empty(UATOM)], "total_share": "0" }));
}

#[test]
fn instantiate_takes_exactly_two_different_native_tokens() {
    let named = |denom: &str| AssetInfo::native(denom);
    let long = "x".repeat(129);
    for (infos, text) in [
        (vec![], "a pair has two tokens, 0 were named".to_owned()),
        (vec![named(UUSD)], "a pair has two tokens, 1 were named".to_owned()),
        (vec![named(UUSD), named(UATOM), named("ux")], "a pair has two tokens, 3 were named".to_owned()),
        (vec![named(UUSD), named(UUSD)], "both tokens of the pair are uusd".to_owned()),
        (vec![named(UUSD), cw20()], "'wasm1token' is a cw20 token, the pair trades native ones only".to_owned()),
        (vec![cw20(), named(UUSD)], "'wasm1token' is a cw20 token, the pair trades native ones only".to_owned()),
        (vec![named(""), named(UUSD)], "a denom has 1 to 128 characters, '' has 0".to_owned()),
        (vec![named(UUSD), named(&long)], format!("a denom has 1 to 128 characters, '{long}' has 129")),
    ] {
        assert_eq!(deploy(&infos, Ratio::ZERO, &[]).1.unwrap_err().to_string(), text);
    }
    let longest = [named(UUSD), named(&"x".repeat(128))];
    deploy(&longest, Ratio::ZERO, &[]).1.unwrap();
}

#[test]
fn instantiate_refuses_a_fee_above_a_tenth() {
    let above = Ratio::new(Ratio::percent(10).raw() + 1);
    let error = deploy(&two(), above, &[]).1.unwrap_err();
    assert_eq!(error.to_string(), "fee 0.100000000000000001 is above 0.1");
}

#[test]
fn instantiate_takes_no_funds() {
    let error = deploy(&two(), Ratio::ZERO, &[coin(5, UUSD)]).1.unwrap_err();
    assert_eq!(error.to_string(), "this message takes no funds, but '5uusd' was sent");
}
