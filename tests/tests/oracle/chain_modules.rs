//! `connect` and `osmosis_twap`: asked by gRPC, in bytes that follow the modules' proto files. On a chain without them
//! such a source can't be set.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a setup that fails is a failed test")]

use plimsoll_oracle::error::ContractError;
use plimsoll_risk::price::{Guards, PRICE_MAX, PRICE_MIN, PriceBand};
use plimsoll_schema::oracle::{ConnectModule, ConnectSource, ExecuteMsg, OsmosisTwapSource, Source};
use plimsoll_testing::{Arrives, Asset, ChainModules, UATOM, UUSD, World, connect_price, price};
use std::cell::RefCell;
use std::rc::Rc;

const CONNECT: &str = "/connect.oracle.v2.Query/GetPrice";
const TWAP: &str = "/osmosis.twap.v1beta1.Query/ArithmeticTwapToNow";
const SPOT: &str = "/osmosis.poolmanager.v1beta1.Query/SpotPrice";

fn connect(module: ConnectModule) -> Source {
    Source::Connect(ConnectSource { module, base: "ATOM".to_owned(), quote: "USD".to_owned() })
}

fn osmosis() -> OsmosisTwapSource {
    OsmosisTwapSource {
        pool_id: 1_265,
        decimals: 6,
        quote_denom: UUSD.to_owned(),
        quote_decimals: 6,
        quote_priced: false,
        window: 600,
    }
}

fn guards() -> Guards {
    Guards { max_age: Some(60), ..Asset::new(UATOM, 6, "10").guards }
}

fn set(source: Source) -> ExecuteMsg {
    ExecuteMsg::SetSource { denom: UATOM.to_owned(), source, guards: guards() }
}

fn publish() -> ExecuteMsg {
    ExecuteMsg::Publish { denoms: vec![UATOM.to_owned()] }
}

/// What the modules answer, which a test changes.
type Answers = Rc<RefCell<Box<dyn Fn(&Arrives) -> Option<Vec<u8>>>>>;

fn answers(answer: impl Fn(&Arrives) -> Option<Vec<u8>> + 'static) -> Answers {
    Rc::new(RefCell::new(Box::new(answer)))
}

fn chain(answers: &Answers) -> ChainModules<impl Fn(&Arrives) -> Option<Vec<u8>> + use<>> {
    let answers = answers.clone();
    ChainModules::new(false, move |arrives| answers.borrow()(arrives))
}

/// No chain of cw-multi-test's has the modules, as plain wasmd has none.
#[test]
fn set_source_of_a_module_that_the_chain_lacks_is_refused() {
    let mut world = World::builder().oracle(|msg| msg.source_delay = 0).build();
    for (source, asked) in [
        (connect(ConnectModule::Connect), CONNECT),
        (connect(ConnectModule::Slinky), "/slinky.oracle.v1.Query/GetPrice"),
        (Source::OsmosisTwap(osmosis()), TWAP),
    ] {
        let error = world.refused(|world| world.set_source(UATOM, source, guards()));
        let expected = ContractError::NoAnswer { denom: UATOM.to_owned(), asked: asked.to_owned() };
        assert!(error.is(&expected), "{error}");
    }
}

#[test]
fn connect_is_the_price_of_the_block_that_told_it() {
    for (module, arrives) in [
        (ConnectModule::Connect, Arrives::Connect("ATOM/USD".to_owned())),
        (ConnectModule::Slinky, Arrives::Slinky("ATOM".to_owned(), "USD".to_owned())),
    ] {
        let mut chain = ChainModules::new(false, |asked: &Arrives| {
            assert_eq!(*asked, arrives);
            Some(connect_price("1042000000", 8, Some(1_571_797_400)))
        });
        assert_eq!(chain.now(), 1_571_797_419);
        chain.execute(set(connect(module))).unwrap();
        chain.execute(publish()).unwrap();
        let record = chain.record(UATOM).unwrap();
        assert_eq!((record.raw, record.timestamp), (PriceBand::at(price("10.42")), 1_571_797_400));
        assert_eq!((record.window, record.quote.as_deref()), (240, None));
        // Who borrows asks it; one that is too old is none.
        chain.advance(41);
        assert!(chain.record_now(UATOM).is_some());
        chain.advance(1);
        assert_eq!(chain.record_now(UATOM), None);
    }
}

/// No number and no decimals are refused; they count as what can be counted.
#[test]
fn connect_of_any_number_is_a_price() {
    let now = 1_571_797_419;
    for (number, decimals, raw) in [
        ("0", 8, PriceBand::at(PRICE_MIN)),
        ("-5", 8, PriceBand::at(PRICE_MIN)),
        ("1", 0, PriceBand::at(price("1"))),
        ("1", 19, PriceBand::at(PRICE_MIN)),
        ("1", u64::MAX, PriceBand::at(PRICE_MIN)),
        ("1000000000000000000000", 0, PriceBand::at(PRICE_MAX)),
        (&"9".repeat(77), 8, PriceBand::at(PRICE_MAX)),
    ] {
        let answer = connect_price(number, decimals, Some(now));
        let mut chain = ChainModules::new(false, move |_: &Arrives| Some(answer.clone()));
        chain.execute(set(connect(ConnectModule::Connect))).unwrap();
        chain.execute(publish()).unwrap();
        assert_eq!(chain.record(UATOM).unwrap().raw, raw, "{number} of {decimals} decimals");
    }
}

#[test]
fn connect_that_answers_garbage_makes_no_price() {
    let now = 1_571_797_419i64;
    let good = connect_price("1042000000", 8, Some(now));
    let said = answers({
        let good = good.clone();
        move |_| Some(good.clone())
    });
    let mut chain = chain(&said);
    chain.execute(set(connect(ConnectModule::Connect))).unwrap();
    chain.execute(publish()).unwrap();
    let denom = || UATOM.to_owned();
    let asked = || CONNECT.to_owned();
    let unreadable = |what| ContractError::Unreadable { denom: denom(), asked: asked(), what };
    let old = |age| ContractError::AnswerTooOld { denom: denom(), asked: asked(), age, max_age: 60 };
    let now = u64::try_from(now).unwrap();
    let cut = |at: usize| good[..at].to_vec();
    for (garbage, expected) in [
        (vec![], unreadable("price")),
        (b"{}".to_vec(), unreadable("price")),
        (vec![0xff; 40], unreadable("price")),
        (vec![0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], unreadable("price")),
        (cut(5), unreadable("price")),
        (cut(good.len() - 1), unreadable("price")),
        (connect_price("", 8, Some(1)), unreadable("price")),
        (connect_price("ten", 8, Some(1)), unreadable("price")),
        (connect_price("1.5", 8, Some(1)), unreadable("price")),
        (connect_price("10", 8, None), unreadable("time")),
        (connect_price("10", 8, Some(-1)), old(now)),
        (connect_price("10", 8, Some(0)), old(now)),
        (
            connect_price("10", 8, Some(i64::MAX)),
            ContractError::AnswerFromFuture { denom: denom(), asked: asked(), time: u64::MAX / 2, now },
        ),
    ] {
        *said.borrow_mut() = Box::new(move |_| Some(garbage.clone()));
        let error = chain.execute(publish()).unwrap_err();
        assert_eq!(error.to_string(), expected.to_string());
        assert_eq!(chain.record_now(UATOM), None);
    }
    *said.borrow_mut() = Box::new(|_| None);
    let error = chain.execute(publish()).unwrap_err();
    assert_eq!(error.to_string(), ContractError::NoAnswer { denom: denom(), asked: asked() }.to_string());
}

#[test]
fn set_source_connect_of_no_currency_is_refused() {
    let mut chain = ChainModules::new(false, |_: &Arrives| panic!("nothing is asked"));
    for name in [String::new(), "ATOM/USD".to_owned(), "A".repeat(65)] {
        let source = ConnectSource { module: ConnectModule::Connect, base: name.clone(), quote: "USD".to_owned() };
        let error = chain.execute(set(Source::Connect(source))).unwrap_err();
        let expected = ContractError::CurrencyName { denom: UATOM.to_owned(), name, max: 64 };
        assert_eq!(error.to_string(), expected.to_string());
    }
    assert_eq!(chain.asked(), 0);
}

/// The mean of the price, that of its inverse, and the price now, as the pool's module tells them.
fn pool(forward: &str, backward: &str, spot: &str) -> impl Fn(&Arrives) -> Option<Vec<u8>> + 'static {
    let [forward, backward, spot] = [forward, backward, spot].map(ChainModules::osmosis_price);
    move |arrives| match arrives {
        Arrives::Twap(1_265, base, quote, 1_571_796_819) if base == UATOM && quote == UUSD => Some(forward.clone()),
        Arrives::Twap(1_265, base, quote, 1_571_796_819) if base == UUSD && quote == UATOM => Some(backward.clone()),
        Arrives::Spot(1_265, base, quote) if base == UATOM && quote == UUSD => Some(spot.clone()),
        other => panic!("{other:?}"),
    }
}

/// 10 for half of the time and 40 for the other: 25 on average, and 16 by the harmonic mean.
#[test]
fn osmosis_twap_is_from_the_harmonic_to_the_arithmetic_mean() {
    let mut chain = ChainModules::new(
        false,
        pool("25000000000000000000", "62500000000000000", "40.000000000000000000999999999999999999"),
    );
    chain.execute(set(Source::OsmosisTwap(osmosis()))).unwrap();
    chain.execute(publish()).unwrap();
    let record = chain.record(UATOM).unwrap();
    assert_eq!(record.raw, PriceBand { low: price("16"), high: price("25") });
    assert_eq!((record.extremes.low, record.extremes.high), (price("16"), price("40")));
    assert_eq!((record.timestamp, record.window, record.quote), (chain.now(), 600, None));
}

/// 2,000 dollars of 6 decimals an ETH of 18.
#[test]
fn osmosis_twap_of_other_decimals_is_a_price_of_whole_tokens() {
    let mut chain = ChainModules::new(false, pool("2000000000", "500000000000000000000000000", "0.000000002"));
    chain.execute(set(Source::OsmosisTwap(OsmosisTwapSource { decimals: 18, ..osmosis() }))).unwrap();
    chain.execute(publish()).unwrap();
    assert_eq!(chain.record(UATOM).unwrap().raw, PriceBand::at(price("2000")));
}

#[test]
fn osmosis_twap_that_answers_garbage_makes_no_price() {
    let good = ["25000000000000000000", "62500000000000000", "40"];
    let said = answers(pool(good[0], good[1], good[2]));
    let mut chain = chain(&said);
    chain.execute(set(Source::OsmosisTwap(osmosis()))).unwrap();
    let unreadable = |asked: &str| {
        let what = "price of enough digits";
        ContractError::Unreadable { denom: UATOM.to_owned(), asked: asked.to_owned(), what }
    };
    for (place, asked) in [(0, TWAP), (1, TWAP), (2, SPOT)] {
        for garbage in ["", "-1", "0", "ten", "0.000000000000000001", "1e9", "1.2.3", "+4000000"] {
            let mut told = good;
            told[place] = garbage;
            *said.borrow_mut() = Box::new(pool(told[0], told[1], told[2]));
            let error = chain.execute(publish()).unwrap_err();
            assert_eq!(error.to_string(), unreadable(asked).to_string(), "{garbage}");
        }
    }
    // The highest that can be said is a price like any other.
    *said.borrow_mut() = Box::new(pool(&"9".repeat(60), good[1], good[2]));
    chain.execute(publish()).unwrap();
    assert_eq!(chain.record(UATOM).unwrap().raw.high, PRICE_MAX);
}

#[test]
fn set_source_osmosis_twap_out_of_range_is_refused() {
    let mut chain = ChainModules::new(true, |_: &Arrives| panic!("nothing is asked"));
    let denom = || UATOM.to_owned();
    for (bad, expected) in [
        (
            OsmosisTwapSource { decimals: 19, ..osmosis() },
            ContractError::Decimals { denom: denom(), token: denom(), decimals: 19 },
        ),
        (
            OsmosisTwapSource { window: 599, ..osmosis() },
            ContractError::Window { denom: denom(), window: 599, min: 600, max: 86_400 },
        ),
        (osmosis(), ContractError::PeggedInProduction { denom: denom(), quote_denom: UUSD.to_owned() }),
        (
            OsmosisTwapSource { quote_priced: true, ..osmosis() },
            ContractError::QuoteSource { denom: denom(), quote_denom: UUSD.to_owned() },
        ),
    ] {
        let error = chain.execute(set(Source::OsmosisTwap(bad))).unwrap_err();
        assert_eq!(error.to_string(), expected.to_string());
    }
}
