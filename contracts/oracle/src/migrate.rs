//! `migrate`: take over from an older version of this contract.

use cosmwasm_std::{DepsMut, Env, Response, Storage};
use plimsoll_risk::mark::over_down;
use plimsoll_risk::price::{PriceBand, PriceRecord};
use plimsoll_schema::event::{ACTION, FROM};
use plimsoll_schema::oracle::{ConfigResponse, MigrateMsg, PRICE_RECORDS, Source};
use plimsoll_schema::version::ensure_from_older_version;

use crate::error::ContractError;
use crate::heartbeat;
use crate::listing::{Listing, Seated, quote_of};
use crate::samples::{Look, Samples};
use crate::state::{CONFIG, CONTRACT_NAME, CONTRACT_VERSION, LISTINGS, SAMPLES, forget_generation};

/// The version whose records are rewritten.
const FIRST: &str = "0.1.0";

/// Notes the new version, and rewrites what the first one has left.
pub fn migrate(deps: DepsMut, env: &Env, msg: &MigrateMsg) -> Result<Response, ContractError> {
    let from = ensure_from_older_version(deps.storage, CONTRACT_NAME, CONTRACT_VERSION)?;
    if from == FIRST {
        rewrite(deps.storage, env.block.time.seconds())?;
        heartbeat::start(deps.storage, env, msg.heartbeat_gap)?;
    }
    Ok(Response::new().add_attribute(ACTION, "migrate").add_attribute(FROM, from))
}

/// Settings, sources, records and samples. Votes are as they were. What waits is dropped: it was announced by other
/// rules, and its price was to be compared with the one in force.
fn rewrite(storage: &mut dyn Storage, now: u64) -> Result<(), ContractError> {
    let first::Config { ownership, production, source_delay, .. } = first::CONFIG.load(storage)?;
    CONFIG.save(storage, &ConfigResponse { ownership, production, source_delay, guardian: None })?;

    let denoms = LISTINGS.keys_after(storage, None).collect::<Result<Vec<_>, _>>()?;
    let mut sources = Vec::with_capacity(denoms.len());
    for denom in denoms {
        let listing = first::LISTINGS.may_load(storage, &denom)?;
        let record = first::PRICE_RECORDS.may_load(storage, &denom)?;
        sources.extend(listing.zip(record).map(|(listing, record)| (denom, listing, record)));
    }
    // A rate needs the price of its quote, so all are read before any is written.
    for (denom, listing, old) in &sources {
        let source = Source::from(listing.source.clone());
        let quote = quote_of(&source).map(|quote| sources.iter().find(|(denom, _, _)| denom == quote));
        let quote = quote.map(|found| found.map(|(_, _, record)| record).filter(|record| record.timestamp > 0));
        let guards = old.guards.clone().in_unit_of(quote.flatten().map(|quote| quote.price));
        let first = Seated { source, guards, generation: old.generation };
        let record = match quote {
            Some(quote) => old.as_rate(&first, quote, now),
            None => old.as_price(&first, now),
        };
        if listing.pending.is_some() {
            first::PENDING_RECORDS.remove(storage, denom);
            forget_generation(storage, denom, listing.generation);
        }
        rewrite_samples(storage, denom, first.generation)?;
        PRICE_RECORDS.save(storage, denom, &record)?;
        let generation = listing.generation;
        let Seated { source, guards, .. } = first.clone();
        let listing = Listing { first, generation, ..Listing::new(source, guards) };
        LISTINGS.save(storage, denom, &listing)?;
    }
    Ok(())
}

/// The samples of a deep pair, which are all that the first version took. Those that can't be read are dropped.
fn rewrite_samples(storage: &mut dyn Storage, denom: &str, generation: u32) -> Result<(), ContractError> {
    let key = (denom, generation);
    match first::SAMPLES.may_load(storage, key) {
        Ok(None) => Ok(()),
        Err(_) => {
            SAMPLES.remove(storage, key);
            Ok(())
        }
        Ok(Some(samples)) => {
            let looks = samples.into_iter().map(|sample| Look { sample, was_thin: false });
            Ok(SAMPLES.save(storage, key, &looks.collect::<Samples>())?)
        }
    }
}

impl first::PriceRecord {
    /// As it is from now on where it was a price: settled at the old mid price, the old edges what was observed last.
    fn as_price(&self, seated: &Seated, now: u64) -> PriceRecord {
        if self.timestamp == 0 {
            return seated.unpublished();
        }
        let raw = PriceBand::between(self.low, self.high);
        PriceRecord {
            settled: PriceBand::at(self.price).low,
            anchored_at: now,
            raw,
            extremes: raw,
            timestamp: self.timestamp,
            // What a pair said was made in another way: it is observed anew.
            awaiting: seated.window() > 0,
            ..seated.unpublished()
        }
    }

    /// As it is from now on where it was a rate times the price of its quote: settled at that rate, and silent until it
    /// is observed.
    fn as_rate(&self, seated: &Seated, quote: Option<&Self>, now: u64) -> PriceRecord {
        let Some(quote) = quote.filter(|_| self.timestamp > 0) else { return seated.unpublished() };
        let anchor = PriceBand::at(over_down(self.price, quote.price));
        PriceRecord { settled: anchor.low, raw: anchor, extremes: anchor, ..self.as_price(seated, now) }
    }
}

/// The records of the first version.
mod first {
    use plimsoll_risk::mark::over_down;
    use plimsoll_risk::price::{BOUND_HOLD_MAX, Guards as NewGuards, PRICE_MIN};
    use plimsoll_risk::twap::Sample;
    use plimsoll_risk::units::{Amount, Price, Ratio};
    use plimsoll_schema::compact::{CompactItem, CompactMap};
    use plimsoll_schema::oracle::{PairSource as NewPairSource, Source as NewSource};
    use plimsoll_schema::ownership::Ownership;
    use serde::{Deserialize, Serialize};

    pub const CONFIG: CompactItem<Config> = CompactItem::new("c");
    pub const LISTINGS: CompactMap<&str, Listing> = CompactMap::new("s");
    pub const PRICE_RECORDS: CompactMap<&str, PriceRecord> = CompactMap::new("p");
    pub const PENDING_RECORDS: CompactMap<&str, PriceRecord> = CompactMap::new("n");
    pub const SAMPLES: CompactMap<(&str, u32), Vec<Sample>> = CompactMap::new("t");

    #[derive(Serialize, Deserialize)]
    pub struct Config {
        pub ownership: Ownership,
        pub production: bool,
        pub source_delay: u64,
        max_replacement_deviation: Ratio,
    }

    #[derive(Serialize, Deserialize)]
    pub struct Listing {
        pub source: Source,
        pub generation: u32,
        pub pending: Option<PendingListing>,
    }

    #[derive(Serialize, Deserialize)]
    pub struct PendingListing {
        source: Source,
        effective_at: u64,
    }

    #[derive(Serialize, Deserialize, Clone)]
    pub enum Source {
        Fixed { price: Price },
        Feed { feeders: Vec<String>, quorum: u8 },
        Pair(PairSource),
    }

    #[derive(Serialize, Deserialize, Clone)]
    pub struct PairSource {
        pair: String,
        decimals: u8,
        quote_denom: String,
        quote_decimals: u8,
        quote_priced: bool,
        window: u64,
        max_window: u64,
        min_reserve: Amount,
        min_quote_reserve: Amount,
    }

    #[derive(Serialize, Deserialize)]
    pub struct PriceRecord {
        version: u8,
        pub generation: u32,
        pub price: Price,
        pub low: Price,
        pub high: Price,
        pub timestamp: u64,
        anchor: Price,
        anchored_at: u64,
        pub guards: Guards,
    }

    #[derive(Serialize, Deserialize, Clone)]
    pub struct Guards {
        max_age: Option<u64>,
        floor: Price,
        ceiling: Price,
        max_deviation: Ratio,
        step_interval: u64,
        age_spread: Ratio,
    }

    impl Guards {
        /// The bounds of a rate are in the unit of its quote. A price beyond them was refused; now they hold it for as
        /// long as they may.
        pub fn in_unit_of(self, quote: Option<Price>) -> NewGuards {
            let bound = |price: Price| quote.map_or(price, |quote| over_down(price, quote).max(PRICE_MIN));
            NewGuards {
                max_age: self.max_age,
                floor: bound(self.floor),
                ceiling: bound(self.ceiling),
                bound_hold: BOUND_HOLD_MAX,
                max_deviation: self.max_deviation,
                step_interval: self.step_interval,
                age_spread: self.age_spread,
            }
        }
    }

    impl From<Source> for NewSource {
        fn from(old: Source) -> Self {
            match old {
                Source::Fixed { price } => Self::Fixed { price },
                Source::Feed { feeders, quorum } => Self::Feed { feeders, quorum },
                Source::Pair(pair) => Self::Pair(NewPairSource {
                    pair: pair.pair,
                    decimals: pair.decimals,
                    quote_denom: pair.quote_denom,
                    quote_decimals: pair.quote_decimals,
                    quote_priced: pair.quote_priced,
                    window: pair.window,
                    min_reserve: pair.min_reserve,
                    min_quote_reserve: pair.min_quote_reserve,
                }),
            }
        }
    }
}
