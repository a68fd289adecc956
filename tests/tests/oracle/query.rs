//! What the oracle answers, smart and raw.
#![allow(clippy::unwrap_used, reason = "a setup that fails is a failed test")]

use plimsoll_oracle::error::ContractError;
use plimsoll_risk::price::{Guards, PriceBand, PriceFault, PriceRecord};
use plimsoll_risk::units::{Price, Ratio};
use plimsoll_schema::compact::decode;
use plimsoll_schema::oracle::{
    DENOMS_MAX, DenomPrice, PRICE_RECORDS, PriceRecordsResponse, PricesResponse, QueryMsg, Source, SourceResponse,
    SourcesResponse,
};
use plimsoll_testing::{Asset, IBC_TOKEN, UATOM, UUSD, World, WorldError, price};

fn world() -> World {
    World::builder().assets([Asset::new(UATOM, 6, "10"), Asset::new(IBC_TOKEN, 6, "5")]).build()
}

fn prices(world: &World, denoms: &[&str]) -> Result<PricesResponse, WorldError> {
    let denoms = denoms.iter().map(|denom| (*denom).to_owned()).collect();
    world.query_oracle(&QueryMsg::PricesByDenoms { denoms })
}

#[test]
fn prices_by_denoms_answers_in_the_order_asked_for_price_fault_or_unknown() {
    let mut world = world();
    let fed_at = world.now();
    world.advance(3_600);
    let source = world.feed_source(&["ann"], 1);
    world.set_source(UUSD, source, Asset::new(UUSD, 6, "1").guards).unwrap();
    let valid = |denom: &str, text: &str| {
        let price = price(text);
        let counted = PriceBand::at(price);
        let denom = denom.to_owned();
        DenomPrice::Valid { denom, price, counted, low: price, high: price, timestamp: fed_at }
    };
    let nothing = PriceBand { low: Price::ZERO, high: Price::ZERO };
    let missing = DenomPrice::Silent {
        denom: UUSD.to_owned(),
        fault: PriceFault::Missing {},
        price: Price::ZERO,
        counted: nothing,
        remaining: Ratio::ZERO,
    };
    let unknown = DenomPrice::Unknown { denom: "unknown".to_owned() };
    let answer = prices(&world, &["unknown", IBC_TOKEN, UUSD, UATOM, UATOM]).unwrap().prices;
    assert_eq!(answer, [unknown, valid(IBC_TOKEN, "5"), missing, valid(UATOM, "10"), valid(UATOM, "10")]);
}

#[test]
fn prices_by_denoms_of_none_is_empty_and_of_too_many_refused() {
    let world = world();
    assert!(prices(&world, &[]).unwrap().prices.is_empty());
    assert_eq!(prices(&world, &[UATOM; DENOMS_MAX]).unwrap().prices.len(), DENOMS_MAX);
    let error = prices(&world, &[UATOM; DENOMS_MAX + 1]).unwrap_err();
    let expected = ContractError::TooManyDenoms { asked: DENOMS_MAX + 1, max: DENOMS_MAX };
    assert!(error.is(&expected), "{error}");
}

#[test]
fn price_records_are_the_published_bytes_in_the_order_asked_for() {
    let mut world = world();
    world.set_price(UATOM, "11");
    let records = |denoms: &[&str]| -> Result<PriceRecordsResponse, WorldError> {
        let denoms = denoms.iter().map(|denom| (*denom).to_owned()).collect();
        world.query_oracle(&QueryMsg::PriceRecords { denoms })
    };
    let raw = |denom: &str| world.query_raw(world.oracle(), PRICE_RECORDS.key(denom));
    let answer = records(&[UATOM, "unknown", UUSD]).unwrap().records;
    let answer: Vec<_> = answer.into_iter().map(|record| record.map(|bytes| bytes.to_vec())).collect();
    assert_eq!(answer, [raw(UATOM), None, raw(UUSD)]);
    assert_ne!(raw(UATOM), raw(UUSD));
    assert!(records(&[]).unwrap().records.is_empty());
    let expected = ContractError::TooManyDenoms { asked: DENOMS_MAX + 1, max: DENOMS_MAX };
    assert!(records(&[UATOM; DENOMS_MAX + 1]).unwrap_err().is(&expected));
}

#[test]
fn a_raw_query_finds_the_published_record_at_the_key_that_the_schema_names() {
    let mut world = world();
    world.set_price(IBC_TOKEN, "5.25");
    for (denom, told) in [(UATOM, "10"), (IBC_TOKEN, "5.25")] {
        let bytes = world.query_raw(world.oracle(), PRICE_RECORDS.key(denom)).unwrap();
        let record: PriceRecord = decode(&bytes).unwrap();
        assert_eq!(record.raw, PriceBand::at(price(told)));
        assert_eq!(record, world.source(denom).record);
        assert!(bytes.len() <= 128, "{} bytes are paid for by every borrower", bytes.len());
    }
    assert_eq!(PRICE_RECORDS.key(UATOM), b"\x00\x01puatom");
    assert_eq!(world.query_raw(world.oracle(), PRICE_RECORDS.key("unknown")), None);
}

#[test]
fn source_of_an_unknown_denom_is_refused() {
    let answer: Result<SourceResponse, _> = world().query_oracle(&QueryMsg::Source { denom: "unknown".to_owned() });
    let error = answer.unwrap_err();
    assert!(error.is(&ContractError::UnknownDenom { denom: "unknown".to_owned() }), "{error}");
}

#[test]
fn sources_come_page_by_page_by_denom_each_once() {
    let mut world = World::builder().without_assets().build();
    let denoms: Vec<String> = (0..25).map(|n| format!("token{n:02}")).collect();
    for denom in denoms.iter().rev() {
        let guards = Guards { max_age: None, ..Asset::new(denom, 6, "1").guards };
        world.set_source(denom, Source::Fixed { price: price("1") }, guards).unwrap();
    }
    for (limit, size) in [(None, 10), (Some(7), 7), (Some(30), 25)] {
        let mut seen: Vec<String> = vec![];
        loop {
            let asked = QueryMsg::Sources { start_after: seen.last().cloned(), limit };
            let page: SourcesResponse = world.query_oracle(&asked).unwrap();
            assert!(page.sources.len() <= size);
            if page.sources.is_empty() {
                break;
            }
            seen.extend(page.sources.into_iter().map(|source| source.denom));
        }
        assert_eq!(seen, denoms);
    }
}

#[test]
fn sources_of_no_or_too_long_a_page_are_refused() {
    for limit in [0, 31, u32::MAX] {
        let asked = QueryMsg::Sources { start_after: None, limit: Some(limit) };
        let error = world().query_oracle::<SourcesResponse>(&asked).unwrap_err();
        assert!(error.is(&ContractError::Limit { limit, max: 30 }), "{error}");
    }
}
