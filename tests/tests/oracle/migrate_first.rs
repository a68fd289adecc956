//! `migrate` from version 0.1.0: what its records become.
#![allow(clippy::unwrap_used, reason = "a setup that fails is a failed test")]

use cosmwasm_std::to_json_vec;
use plimsoll_oracle::error::ContractError;
use plimsoll_oracle::state;
use plimsoll_oracle::state::CONTRACT_NAME;
use plimsoll_risk::heartbeat::Heartbeat;
use plimsoll_risk::price::{Guards, PriceBand, PriceFault, PriceRecord};
use plimsoll_risk::units::{Amount, Price, Ratio};
use plimsoll_schema::compact::encode;
use plimsoll_schema::oracle::{MigrateMsg, PRICE_RECORDS, PairSource, Source};
use plimsoll_schema::ownership::Ownership;
use plimsoll_testing::{ALICE, Addr, FEEDERS, IBC_TOKEN, OWNER, UATOM, UUSD, World, oracle_code, price, ratio, values};
use serde_json::json;

const KEY: &[u8] = b"contract_info";

/// The records of version 0.1.0, as they were declared there.
mod first {
    use plimsoll_risk::twap::Sample;
    use plimsoll_risk::units::{Amount, Price, Ratio};
    use plimsoll_schema::ownership::Ownership;
    use serde::Serialize;

    #[derive(Serialize)]
    pub struct Config {
        pub ownership: Ownership,
        pub production: bool,
        pub source_delay: u64,
        pub max_replacement_deviation: Ratio,
    }

    #[derive(Serialize)]
    pub struct Listing {
        pub source: Source,
        pub generation: u32,
        pub pending: Option<(Source, u64)>,
    }

    #[derive(Serialize, Clone)]
    pub enum Source {
        Fixed { price: Price },
        Feed { feeders: Vec<String>, quorum: u8 },
        Pair(PairSource),
    }

    #[derive(Serialize, Clone)]
    pub struct PairSource {
        pub pair: String,
        pub decimals: u8,
        pub quote_denom: String,
        pub quote_decimals: u8,
        pub quote_priced: bool,
        pub window: u64,
        pub max_window: u64,
        pub min_reserve: Amount,
        pub min_quote_reserve: Amount,
    }

    #[derive(Serialize, Clone)]
    pub struct PriceRecord {
        pub version: u8,
        pub generation: u32,
        pub price: Price,
        pub low: Price,
        pub high: Price,
        pub timestamp: u64,
        pub anchor: Price,
        pub anchored_at: u64,
        pub guards: Guards,
    }

    #[derive(Serialize, Clone)]
    pub struct Guards {
        pub max_age: Option<u64>,
        pub floor: Price,
        pub ceiling: Price,
        pub max_deviation: Ratio,
        pub step_interval: u64,
        pub age_spread: Ratio,
    }

    pub fn guards() -> Guards {
        Guards {
            max_age: Some(3_600),
            floor: Price::new(10u128.pow(16)),
            ceiling: Price::new(10u128.pow(22)),
            max_deviation: Ratio::percent(10),
            step_interval: 10,
            age_spread: Ratio::percent(2),
        }
    }

    pub fn record(generation: u32, [low, price, high]: [u64; 3], timestamp: u64) -> PriceRecord {
        let cents = |cents: u64| Price::new(u128::from(cents) * 10u128.pow(16));
        let price = cents(price);
        let low = cents(low);
        let high = cents(high);
        PriceRecord {
            version: 1,
            generation,
            price,
            low,
            high,
            timestamp,
            anchor: price,
            anchored_at: timestamp,
            guards: guards(),
        }
    }

    pub fn sample(time: u64) -> Sample {
        use plimsoll_risk::units::CumulativePrice;
        let seconds = u128::from(time);
        let forward = CumulativePrice::new(seconds * 5_000_000);
        let backward = CumulativePrice::new(seconds * 200_000);
        Sample { time, forward, backward }
    }
}

/// The bytes that version 0.1.0 wrote for a record and a listing, as its own test of stored records had them.
#[test]
fn the_first_versions_records_are_told_apart() {
    let hex = |bytes: Vec<u8>| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let tiny = Price::new;
    let guards = first::Guards {
        max_age: Some(600),
        floor: tiny(1),
        ceiling: tiny(2),
        max_deviation: Ratio::new(3),
        step_interval: 4,
        age_spread: Ratio::new(5),
    };
    let record = first::PriceRecord {
        version: 1,
        generation: 2,
        price: tiny(3),
        low: tiny(4),
        high: tiny(5),
        timestamp: 6,
        anchor: tiny(7),
        anchored_at: 8,
        guards,
    };
    assert_eq!(hex(encode(&record).unwrap()), "010203040506070801d8040102030405");
    let source = first::Source::Feed { feeders: vec!["a".to_owned()], quorum: 1 };
    let pending = Some((first::Source::Fixed { price: tiny(3) }, 4));
    let listing = first::Listing { source, generation: 2, pending };
    assert_eq!(hex(encode(&listing).unwrap()), "01010161010201000304");
}

/// What an oracle of version 0.1.0 may have left: `uusd` fed, at 2 of 1.9 to 2.2; `uatom` by a pair with it, at 10;
/// `ibc` announced to be fed by somebody else; `unew` without a price, and another pair with that.
struct Old {
    world: World,
    oracle: Addr,
    pair: Addr,
    at: u64,
}

#[allow(clippy::too_many_lines, reason = "every record that the first version left")]
fn old() -> Old {
    let mut world = World::new();
    let oracle = world.oracle().clone();
    let at = world.now();
    let pair = world.pair(UATOM, UUSD, 1_000_000);
    let keys: Vec<Vec<u8>> = world.dump_of(&oracle).into_keys().filter(|key| key != KEY).collect();
    let feeders: Vec<String> = FEEDERS.map(|name| world.addr(name).into_string()).to_vec();
    let feed = first::Source::Feed { feeders, quorum: 2 };
    let other = first::Source::Feed { feeders: vec![world.addr(ALICE).into_string()], quorum: 1 };
    let on_pair = |quote_denom: &str| {
        let one = Amount::new(1);
        first::Source::Pair(first::PairSource {
            pair: pair.to_string(),
            decimals: 6,
            quote_denom: quote_denom.to_owned(),
            quote_decimals: 6,
            quote_priced: true,
            window: 600,
            max_window: 7_200,
            min_reserve: one,
            min_quote_reserve: one,
        })
    };
    let ownership = Ownership::new(world.addr(OWNER).into_string());
    let config = first::Config {
        ownership,
        production: false,
        source_delay: 86_400,
        max_replacement_deviation: Ratio::percent(10),
    };
    let mut storage = world.storage_mut(&oracle);
    for key in keys {
        storage.remove(&key);
    }
    storage.set(KEY, &to_json_vec(&json!({ "contract": CONTRACT_NAME, "version": "0.1.0" })).unwrap());
    storage.set(b"c", &encode(&config).unwrap());
    for (denom, source, generation, pending, record) in [
        (UUSD, feed.clone(), 0, None, first::record(0, [190, 200, 220], at)),
        (UATOM, on_pair(UUSD), 3, None, first::record(3, [800, 1_000, 1_200], at)),
        (IBC_TOKEN, feed.clone(), 5, Some((other, at)), first::record(4, [500, 500, 500], at)),
        ("unew", feed, 0, None, first::PriceRecord { timestamp: 0, ..first::record(0, [0, 0, 0], 0) }),
        ("upair", on_pair("unew"), 0, None, first::record(0, [100, 100, 100], at)),
    ] {
        let listing = first::Listing { source, generation, pending };
        storage.set(&state::LISTINGS.key(denom), &encode(&listing).unwrap());
        storage.set(&PRICE_RECORDS.key(denom), &encode(&record).unwrap());
    }
    // Of what waits: a record and a vote.
    let mut pending = PRICE_RECORDS.key(IBC_TOKEN);
    pending[2] = b'n';
    storage.set(&pending, &encode(&first::record(5, [500, 500, 500], at)).unwrap());
    let votes = vec![Some((price("2"), at)), None];
    storage.set(&state::VOTES.key((IBC_TOKEN, 5)), &encode(&votes).unwrap());
    storage.set(&state::VOTES.key((UUSD, 0)), &encode(&votes).unwrap());
    let samples: Vec<_> = [450, 300, 150, 0].map(|age| first::sample(at - age)).to_vec();
    storage.set(&state::SAMPLES.key((UATOM, 3)), &encode(&samples).unwrap());
    storage.set(&state::SAMPLES.key(("upair", 0)), b"\xff");
    drop(storage);
    Old { world, oracle, pair, at }
}

#[test]
#[allow(clippy::too_many_lines, reason = "every record that the first version left")]
fn migrate_from_the_first_version_rewrites_what_it_left() {
    let Old { mut world, oracle, pair, at } = old();
    world.advance(60);
    let response = world.migrate(&oracle, oracle_code(), &MigrateMsg { heartbeat_gap: 900 }).unwrap();
    assert_eq!((values(&response, "action"), values(&response, "from")), (vec!["migrate"], vec!["0.1.0"]));
    assert_eq!(world.heartbeat(), Heartbeat::start(900, at + 60));
    let config = world.oracle_config();
    assert_eq!((config.ownership.owner, config.source_delay), (world.addr(OWNER).into_string(), 86_400));
    assert_eq!((config.production, config.guardian), (false, None));

    let guards = Guards {
        max_age: Some(3_600),
        floor: price("0.01"),
        ceiling: price("10000"),
        bound_hold: 3_600,
        max_deviation: ratio("0.1"),
        step_interval: 10,
        age_spread: ratio("0.02"),
    };
    // A feed goes on: settled at the old mid price, its edges the last observation.
    let band = |low: &str, high: &str| PriceBand { low: price(low), high: price(high) };
    let fed = PriceRecord {
        settled: price("2"),
        anchored_at: at + 60,
        raw: band("1.9", "2.2"),
        extremes: band("1.9", "2.2"),
        timestamp: at,
        awaiting: false,
        ..PriceRecord::unpublished(0, None, 0, guards.clone())
    };
    assert_eq!(world.price_record(UUSD), fed);
    assert_eq!((fed.fault(world.now()), fed.settled_at(world.now() + 900)), (None, price("2")));
    // A pair's price becomes a rate, and so do its bounds; it is silent until it is observed.
    let rates = Guards { floor: price("0.005"), ceiling: price("5000"), ..guards.clone() };
    let rate = PriceRecord {
        settled: price("5"),
        anchored_at: at + 60,
        raw: band("5", "5"),
        extremes: band("5", "5"),
        timestamp: at,
        ..PriceRecord::unpublished(3, Some(UUSD.to_owned()), 600, rates.clone())
    };
    assert_eq!(world.price_record(UATOM), rate);
    assert_eq!((world.settled_price(UATOM), rate.fault(world.now())), (price("10"), Some(PriceFault::Missing {})));
    let source = world.source(UATOM);
    let one = Amount::new(1);
    let expected = PairSource {
        pair: pair.into_string(),
        decimals: 6,
        quote_denom: UUSD.to_owned(),
        quote_decimals: 6,
        quote_priced: true,
        window: 600,
        min_reserve: one,
        min_quote_reserve: one,
    };
    assert_eq!((source.source, source.guards, source.pending), (Source::Pair(expected), rates, None));
    // What never had a price has none, nor what was quoted in it.
    assert_eq!(world.price_record("unew"), PriceRecord::unpublished(0, None, 0, guards.clone()));
    let unpriced = PriceRecord::unpublished(0, Some("unew".to_owned()), 600, guards);
    assert_eq!(world.price_record("upair"), unpriced);
    // What waited is gone, with its votes; those of the source in force stand, and samples that can't be read are
    // dropped.
    assert_eq!(world.source(IBC_TOKEN).pending, None);
    let left = world.dump_of(&oracle);
    assert_eq!(left.keys().filter(|key| key.starts_with(b"\0\x01n")).count(), 0);
    assert_eq!(left.keys().filter(|key| key.starts_with(b"\0\x01v")).count(), 1);
    assert_eq!(left.keys().filter(|key| key.starts_with(b"\0\x01t")).count(), 1);
}

/// From then on everything works as in a world that was never otherwise.
#[test]
fn migrate_from_the_first_version_leaves_an_oracle_that_goes_on() {
    let Old { mut world, oracle, .. } = old();
    world.advance(60);
    world.migrate(&oracle, oracle_code(), &MigrateMsg::default()).unwrap();
    // The vote of the first feeder still stands: one more makes a quorum.
    let response = world.feed(FEEDERS[1], &[(UUSD, "2.1")]).unwrap();
    assert_eq!(values(&response, "denom"), [UUSD]);
    assert_eq!(world.price_record(UUSD).raw, PriceBand { low: price("2"), high: price("2.1") });
    // Four samples are there, and the fifth makes four intervals.
    world.advance(90);
    let response = world.publish(ALICE, &[UATOM]).unwrap();
    assert_eq!(values(&response, "denom"), [UATOM]);
    assert_eq!(world.price_record(UATOM).fault(world.now()), None);
    assert_eq!(world.settled_price(UATOM).to_string(), "10");
    // No generation is given out twice.
    let source = world.feed_source(&FEEDERS, 2);
    world.set_source(IBC_TOKEN, source, world.source(UUSD).guards).unwrap();
    world.advance(86_400);
    world.apply_source(OWNER, IBC_TOKEN).unwrap();
}

#[test]
fn migrate_again_changes_nothing_more() {
    let Old { mut world, oracle, .. } = old();
    world.migrate(&oracle, oracle_code(), &MigrateMsg { heartbeat_gap: 900 }).unwrap();
    let before = world.dump_of(&oracle);
    world.advance(60);
    world.migrate(&oracle, oracle_code(), &MigrateMsg { heartbeat_gap: 1_200 }).unwrap();
    assert_eq!(world.dump_of(&oracle), before);
}

#[test]
fn migrate_with_a_gap_that_is_too_short_is_refused() {
    let Old { mut world, oracle, .. } = old();
    let msg = MigrateMsg { heartbeat_gap: 599 };
    let error = world.refused(|world| world.migrate(&oracle, oracle_code(), &msg));
    assert!(error.is(&ContractError::HeartbeatGap { gap: 599 }), "{error}");
}
