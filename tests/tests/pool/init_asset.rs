//! `init_asset`.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests: names say what is tested, and a failed setup is a failure"
)]

use crate::support::{FACTORY_TOKEN, refuses, takes_no_funds};
use plimsoll_pool::state::ASSET_COUNT;
use plimsoll_risk::price::Guards;
use plimsoll_risk::rates::{Kinked, RateModel};
use plimsoll_risk::units::{Amount, Price, Rate, Ratio};
use plimsoll_schema::oracle::Source;
use plimsoll_schema::pool::{ExecuteMsg, NewAsset};
use plimsoll_testing::{
    ALICE, Asset, FEEDERS, GUARDIAN, IBC_TOKEN, OWNER, RISK_MANAGER, UATOM, World, price, ratio, values,
};

fn message(params: NewAsset) -> ExecuteMsg {
    ExecuteMsg::InitAsset { params }
}

/// A world in which the oracle prices this denom, but the pool does not list it.
fn priced(denom: &str) -> (World, NewAsset) {
    let mut world = World::new();
    let source = Source::Fixed { price: price("3") };
    let guards = Guards { max_age: None, ..Asset::new(denom, 6, "3").guards };
    world.set_source(denom, source, guards).unwrap();
    (world, Asset::new(denom, 6, "3").params)
}

#[test]
fn init_asset_opens_an_empty_market_with_its_parameters() {
    let (mut world, params) = priced(FACTORY_TOKEN);
    let response = world.execute(OWNER, &message(params.clone()), &[]).unwrap();
    assert_eq!(values(&response, "action"), ["init_asset"]);
    assert_eq!(values(&response, "denom"), [FACTORY_TOKEN]);
    assert_eq!(values(&response, "asset"), ["4"]);
    let market = world.market(FACTORY_TOKEN);
    assert_eq!((market.asset.0, market.stored.borrow_index.to_string()), (4, "1".to_owned()));
    assert!(market.supply.is_zero() && market.debt.is_zero() && market.reserves.is_zero());
    assert_eq!(market.stored.updated_at, world.now());
    assert_eq!(market.params.denom, params.denom);
    assert_eq!(market.params.max_loan_to_value, params.max_loan_to_value);
    assert_eq!(market.liquidation_threshold, params.liquidation_threshold);
    assert!(market.params.enabled.deposit && market.params.enabled.borrow);
}

#[test]
fn init_asset_numbers_assets_in_the_order_of_listing() {
    let world = World::new();
    let numbers: Vec<_> = world.markets().into_iter().map(|m| (m.asset.0, m.params.denom)).collect();
    let listed = ["uusd", "uatom", IBC_TOKEN, "aeth"].map(str::to_owned);
    assert_eq!(numbers, (0..4).zip(listed).collect::<Vec<_>>());
}

#[test]
fn init_asset_by_anyone_but_the_owner_is_refused() {
    let (mut world, params) = priced("unew");
    for who in [ALICE, GUARDIAN, RISK_MANAGER] {
        let text = format!("{} is not the owner", world.addr(who));
        refuses(&mut world, &text, |world| world.execute(who, &message(params.clone()), &[]));
    }
}

#[test]
fn init_asset_with_funds_is_refused() {
    let (mut world, params) = priced("unew");
    takes_no_funds(&mut world, OWNER, &message(params));
}

#[test]
fn init_asset_of_a_listed_denom_is_refused() {
    let mut world = World::new();
    let params = Asset::new(UATOM, 6, "10").params;
    refuses(&mut world, "'uatom' is listed already", |world| world.execute(OWNER, &message(params), &[]));
}

#[test]
fn init_asset_without_a_valid_price_is_refused() {
    let mut world = World::new();
    let params = Asset::new("unew", 6, "3").params;
    let text = "price of unew: no price is published";
    refuses(&mut world, text, |world| world.execute(OWNER, &message(params.clone()), &[]));
    let feeders = FEEDERS.map(|name| world.addr(name).into_string()).to_vec();
    world.set_source("unew", Source::Feed { feeders, quorum: 2 }, Asset::new("unew", 6, "3").guards).unwrap();
    refuses(&mut world, text, |world| world.execute(OWNER, &message(params.clone()), &[]));
    world.feed(FEEDERS[0], &[("unew", "3")]).unwrap();
    refuses(&mut world, text, |world| world.execute(OWNER, &message(params.clone()), &[]));
    world.feed(FEEDERS[1], &[("unew", "3")]).unwrap();
    world.advance(3_700);
    let text = "price of unew: price is 3700 s old, at most 3600 s are allowed";
    refuses(&mut world, text, |world| world.execute(OWNER, &message(params.clone()), &[]));
    world.set_price("unew", "3");
    world.execute(OWNER, &message(params), &[]).unwrap();
}

#[test]
fn init_asset_of_a_denom_of_impossible_length_is_refused() {
    let mut world = World::new();
    for denom in [String::new(), "u".repeat(129)] {
        let params = NewAsset { denom: denom.clone(), ..Asset::new(UATOM, 6, "1").params };
        let text = format!("a denom has 1 to 128 characters, '{denom}' has {}", denom.len());
        refuses(&mut world, &text, |world| world.execute(OWNER, &message(params), &[]));
    }
    let (mut world, params) = priced(&"u".repeat(128));
    world.execute(OWNER, &message(params), &[]).unwrap();
}

#[test]
fn init_asset_beyond_the_last_number_is_refused() {
    let (mut world, params) = priced("unew");
    let pool = world.pool().clone();
    ASSET_COUNT.save(&mut *world.storage_mut(&pool), &u16::MAX).unwrap();
    refuses(&mut world, "no more assets can be listed", |world| world.execute(OWNER, &message(params), &[]));
}

fn kinked(optimal: &str, base: u64, slope_1: u64, slope_2: u64) -> RateModel {
    let [base, slope_1, slope_2] = [base, slope_1, slope_2].map(Rate::percent);
    RateModel::Kinked(Kinked { optimal_utilization_rate: ratio(optimal), base, slope_1, slope_2 })
}

#[test]
#[allow(clippy::too_many_lines, reason = "an entry a refusal")]
fn init_asset_with_parameters_out_of_range_is_refused() {
    let (mut world, params) = priced("unew");
    let above = ratio("1.000000000000000001");
    let cap = Amount::new(1_000_000_000_000_000_000_000_000_000_001);
    type Change = Box<dyn Fn(&mut NewAsset)>;
    let cases: Vec<(Change, &str)> = vec![
        (Box::new(|p| p.decimals = 19), "decimals 19 is above 18"),
        (
            Box::new(|p| p.protocol_liquidation_fee = ratio("0.500000000000000001")),
            "protocol_liquidation_fee 0.500000000000000001 is above 0.5",
        ),
        (Box::new(move |p| p.reserve_factor = above), "reserve_factor 1.000000000000000001 is above 1"),
        (Box::new(move |p| p.reserve_floor = above), "reserve_floor 1.000000000000000001 is above 1"),
        (Box::new(move |p| p.liquidation_bonus.max = above), "liquidation_bonus.max 1.000000000000000001 is above 1"),
        (
            Box::new(move |p| p.supply_cap = cap),
            "supply_cap 1000000000000000000000000000001 is above 1000000000000000000000000000000",
        ),
        (
            Box::new(move |p| p.borrow_cap = Amount::MAX),
            "borrow_cap 340282366920938463463374607431768211455 is above 1000000000000000000000000000000",
        ),
        (
            Box::new(|p| p.max_loan_to_value = ratio("0.75")),
            "max_loan_to_value 0.75 is not below liquidation_threshold 0.75",
        ),
        (
            Box::new(|p| p.liquidation_threshold = Ratio::ZERO),
            "max_loan_to_value 0.7 is not below liquidation_threshold 0",
        ),
        (
            Box::new(|p| p.liquidation_bonus.min = ratio("0.11")),
            "liquidation_bonus.min 0.11 is above liquidation_bonus.max 0.1",
        ),
        (Box::new(|p| p.liquidation_bonus.full_at = Ratio::ONE), "liquidation_bonus.full_at 1 is not below 1"),
        (
            Box::new(|p| p.liquidation_bonus.full_at = ratio("0.824999999999999999")),
            "liquidation_threshold 0.75 x (1 + bonus 0.1) is above liquidation_bonus.full_at 0.824999999999999999",
        ),
        (
            Box::new(|p| p.liquidation_threshold = ratio("0.9")),
            "liquidation_threshold 0.9 x (1 + bonus 0.1) is above liquidation_bonus.full_at 0.95",
        ),
        (Box::new(|p| p.rate_model = kinked("0", 0, 4, 100)), "optimal_utilization_rate 0 is not between 0 and 1"),
        (Box::new(|p| p.rate_model = kinked("1", 0, 4, 100)), "optimal_utilization_rate 1 is not between 0 and 1"),
        (
            Box::new(|p| p.rate_model = kinked("0.8", 1, 500, 500)),
            "rate at full utilization is above 10: base 0.01 + slope_1 5 + slope_2 5",
        ),
        (
            Box::new(|p| {
                let most = Rate::MAX;
                let optimal_utilization_rate = ratio("0.8");
                p.rate_model =
                    RateModel::Kinked(Kinked { optimal_utilization_rate, base: most, slope_1: most, slope_2: most });
            }),
            "rate at full utilization is above 10: base 340282366920938463463.374607431768211455 + slope_1 \
             340282366920938463463.374607431768211455 + slope_2 340282366920938463463.374607431768211455",
        ),
    ];
    for (change, text) in cases {
        let mut params = params.clone();
        change(&mut params);
        refuses(&mut world, text, |world| world.execute(OWNER, &message(params), &[]));
    }
}

#[test]
fn init_asset_with_parameters_at_the_edge_of_their_range_works() {
    type Change = fn(&mut NewAsset);
    let cases: [Change; 6] = [
        |p| p.decimals = 4,
        |p| p.decimals = 18,
        |p| p.liquidation_bonus.full_at = ratio("0.825"),
        |p| (p.max_loan_to_value, p.liquidation_threshold) = (Ratio::ZERO, Ratio::ZERO),
        |p| p.rate_model = kinked("0.8", 0, 500, 500),
        |p| (p.protocol_liquidation_fee, p.reserve_factor, p.reserve_floor) = (ratio("0.5"), Ratio::ONE, Ratio::ONE),
    ];
    for change in cases {
        let (mut world, mut params) = priced("unew");
        change(&mut params);
        world.execute(OWNER, &message(params), &[]).unwrap();
    }
}

#[test]
fn init_asset_with_a_source_whose_bounds_its_price_leaves_is_refused_by_the_oracle_already() {
    let mut world = World::new();
    let guards = Guards { max_age: None, ceiling: Price::new(1), ..Asset::new("unew", 6, "3").guards };
    let set = world.set_source("unew", Source::Fixed { price: price("3") }, guards);
    assert!(set.is_err());
    let params = Asset::new("unew", 6, "3").params;
    let text = "price of unew: no price is published";
    refuses(&mut world, text, |world| world.execute(OWNER, &message(params), &[]));
}

#[test]
fn init_asset_of_a_token_whose_base_unit_may_be_worth_more_than_dust_is_refused() {
    // 3 USD, at most 3,000: with 3 decimals a base unit may come to be worth 3 USD.
    let (mut world, mut params) = priced("unew");
    params.decimals = 3;
    let text = "one base unit of unew may be worth 3, more than the dust value 1";
    refuses(&mut world, text, |world| world.execute(OWNER, &message(params.clone()), &[]));
    params.decimals = 0;
    let text = "one base unit of unew may be worth 3000, more than the dust value 1";
    refuses(&mut world, text, |world| world.execute(OWNER, &message(params), &[]));
}

#[test]
fn init_asset_fills_in_what_a_sale_costs_and_the_most_utilization() {
    let list = |world: &mut World, min: &str, sale_cost: Option<&str>, most: Option<&str>| {
        let mut asset = Asset::new("ushell", 6, "1");
        asset.params.liquidation_bonus.min = ratio(min);
        asset.params.sale_cost = sale_cost.map(ratio);
        asset.params.max_borrow_utilization = most.map(ratio);
        world.list(asset);
        let params = world.market("ushell").params;
        (params.sale_cost, params.max_borrow_utilization)
    };
    for (min, sale_cost, most, expected) in [
        ("0.02", None, None, ("0.01", "0.95")),
        // Never above the least bonus.
        ("0.005", None, None, ("0.005", "0.95")),
        ("0.02", Some("0.02"), Some("1"), ("0.02", "1")),
        ("0", Some("0"), Some("0"), ("0", "0")),
    ] {
        let mut world = World::new();
        let expected = (ratio(expected.0), ratio(expected.1));
        assert_eq!(list(&mut world, min, sale_cost, most), expected);
    }
}
