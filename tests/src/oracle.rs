//! What is done with the oracle.

use cosmwasm_std::{Addr, Binary, Empty};
use cw_multi_test::{AppResponse, Contract, ContractWrapper};
use plimsoll_oracle::contract;
use plimsoll_risk::heartbeat::Heartbeat;
use plimsoll_risk::mark::times_down;
use plimsoll_risk::price::{Guards, PriceRecord};
use plimsoll_risk::units::{Amount, Price, Ratio};
use plimsoll_schema::compact::decode;
use plimsoll_schema::event::{REASON, REFUSED};
use plimsoll_schema::oracle::{
    CheckSource, ConfigResponse, DENOMS_MAX, DenomPrice, ExecuteMsg, FeedPrice, HEARTBEAT, PRICE_RECORDS, PairSource,
    PriceRecordsResponse, PricesResponse, QueryMsg, Source, SourceResponse,
};
use serde::de::DeserializeOwned;

use crate::actor::{Actor, FEEDERS, LENDER, OWNER};
use crate::error::WorldError;
use crate::event::values;
use crate::world::World;

/// A pair is sampled each quarter of its window, and four intervals make a price.
const SAMPLES_PER_WINDOW: u64 = 4;

/// The oracle's code.
pub fn oracle_code() -> Box<dyn Contract<Empty>> {
    let code = ContractWrapper::new(contract::execute, contract::instantiate, contract::query);
    Box::new(code.with_migrate(contract::migrate))
}

/// A price from text. Panics when it isn't one.
pub fn price(text: &str) -> Price {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

/// A ratio from text. Panics when it isn't one.
pub fn ratio(text: &str) -> Ratio {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

impl World {
    /// Sends a message to the oracle.
    pub fn execute_oracle(&mut self, sender: impl Into<Actor>, msg: &ExecuteMsg) -> Result<AppResponse, WorldError> {
        let oracle = self.oracle.clone();
        self.execute_contract(sender, &oracle, msg, &[])
    }

    /// Asks the oracle.
    pub fn query_oracle<T: DeserializeOwned>(&self, msg: &QueryMsg) -> Result<T, WorldError> {
        self.query_contract(&self.oracle, msg)
    }

    /// A source that these feeders vote for.
    pub fn feed_source(&self, feeders: &[&str], quorum: u8) -> Source {
        Source::Feed { feeders: feeders.iter().map(|name| self.addr(*name).into_string()).collect(), quorum }
    }

    /// The average price of a listed asset on a pair, over ten minutes, while the pair holds a whole token of each. The
    /// other token, a listed asset too, counts at its own price.
    pub fn pair_source(&self, denom: &str, pair: &Addr, quote_denom: &str) -> PairSource {
        let base = self.asset(denom);
        let quote = self.asset(quote_denom);
        PairSource {
            pair: pair.to_string(),
            decimals: base.params.decimals,
            quote_denom: quote_denom.to_owned(),
            quote_decimals: quote.params.decimals,
            quote_priced: true,
            window: 600,
            min_reserve: Amount::new(base.whole(1)),
            min_quote_reserve: Amount::new(quote.whole(1)),
        }
    }

    /// Has a listed asset priced by a pair from now on, all by the oracle's own messages: the source is replaced after
    /// its delay, the pair is watched for a window, and its first price is published. The guards are those that the
    /// asset had, and so in the rate's unit. Panics when the oracle refuses.
    pub fn price_by_pair(&mut self, denom: &str, source: PairSource) {
        let guards = self.source(denom).guards;
        self.price_by_pair_within(denom, source, guards);
    }

    /// The same, held to these guards.
    pub fn price_by_pair_within(&mut self, denom: &str, source: PairSource, guards: Guards) {
        let fail = |error| panic!("pricing {denom} by a pair: {error}");
        let window = source.window;
        let delay = self.oracle_config().source_delay;
        self.set_source(denom, Source::Pair(source), guards).unwrap_or_else(fail);
        if delay > 0 {
            self.advance(delay);
            self.apply_source(OWNER, denom).unwrap_or_else(fail);
        }
        self.publish(LENDER, &[denom]).unwrap_or_else(fail);
        for _ in 0..SAMPLES_PER_WINDOW {
            self.advance_fresh(window.div_ceil(SAMPLES_PER_WINDOW));
        }
    }

    /// Publishes what live sources say.
    pub fn publish(&mut self, sender: impl Into<Actor>, denoms: &[&str]) -> Result<AppResponse, WorldError> {
        let denoms = denoms.iter().map(|denom| (*denom).to_owned()).collect();
        self.execute_oracle(sender, &ExecuteMsg::Publish { denoms })
    }

    /// The oracle's settings.
    pub fn oracle_config(&self) -> ConfigResponse {
        self.query_oracle(&QueryMsg::Config {}).expect("the oracle answers")
    }

    /// Names a denom's source, as [`OWNER`].
    pub fn set_source(&mut self, denom: &str, source: Source, guards: Guards) -> Result<AppResponse, WorldError> {
        self.execute_oracle(OWNER, &ExecuteMsg::SetSource { denom: denom.to_owned(), source, guards })
    }

    /// Puts an announced source in force.
    pub fn apply_source(&mut self, sender: impl Into<Actor>, denom: &str) -> Result<AppResponse, WorldError> {
        self.execute_oracle(sender, &ExecuteMsg::ApplySource { denom: denom.to_owned() })
    }

    /// Drops an announced source, as [`OWNER`].
    pub fn cancel_source(&mut self, denom: &str) -> Result<AppResponse, WorldError> {
        self.execute_oracle(OWNER, &ExecuteMsg::CancelSource { denom: denom.to_owned() })
    }

    /// Names a denom's fallback, as [`OWNER`].
    pub fn set_fallback(
        &mut self,
        denom: &str,
        source: Source,
        guards: Guards,
        after: u64,
    ) -> Result<AppResponse, WorldError> {
        self.execute_oracle(OWNER, &ExecuteMsg::SetFallback { denom: denom.to_owned(), source, guards, after })
    }

    /// Lets an announced fallback stand.
    pub fn apply_fallback(&mut self, sender: impl Into<Actor>, denom: &str) -> Result<AppResponse, WorldError> {
        self.execute_oracle(sender, &ExecuteMsg::ApplyFallback { denom: denom.to_owned() })
    }

    /// Removes a denom's fallback.
    pub fn remove_fallback(&mut self, sender: impl Into<Actor>, denom: &str) -> Result<AppResponse, WorldError> {
        self.execute_oracle(sender, &ExecuteMsg::RemoveFallback { denom: denom.to_owned() })
    }

    /// Names what a denom's price is checked against, as [`OWNER`].
    pub fn set_check(&mut self, denom: &str, check: CheckSource) -> Result<AppResponse, WorldError> {
        self.execute_oracle(OWNER, &ExecuteMsg::SetCheck { denom: denom.to_owned(), check })
    }

    /// Lets an announced check stand.
    pub fn apply_check(&mut self, sender: impl Into<Actor>, denom: &str) -> Result<AppResponse, WorldError> {
        self.execute_oracle(sender, &ExecuteMsg::ApplyCheck { denom: denom.to_owned() })
    }

    /// Removes a denom's check.
    pub fn remove_check(&mut self, sender: impl Into<Actor>, denom: &str) -> Result<AppResponse, WorldError> {
        self.execute_oracle(sender, &ExecuteMsg::RemoveCheck { denom: denom.to_owned() })
    }

    /// Votes for prices of now.
    pub fn feed(&mut self, feeder: impl Into<Actor>, prices: &[(&str, &str)]) -> Result<AppResponse, WorldError> {
        let vote = |(denom, text): &(&str, &str)| FeedPrice {
            denom: (*denom).to_owned(),
            price: price(text),
            observed_at: None,
        };
        self.execute_oracle(feeder, &ExecuteMsg::Feed { prices: prices.iter().map(vote).collect() })
    }

    /// Votes for a price that was observed at this time.
    pub fn feed_observed(
        &mut self,
        feeder: impl Into<Actor>,
        denom: &str,
        text: &str,
        observed_at: u64,
    ) -> Result<AppResponse, WorldError> {
        let vote = FeedPrice { denom: denom.to_owned(), price: price(text), observed_at: Some(observed_at) };
        self.execute_oracle(feeder, &ExecuteMsg::Feed { prices: vec![vote] })
    }

    /// Has every one of [`FEEDERS`] vote for this price, once. Where the guards have no step interval the settled price
    /// is there at once. Panics when a vote is refused.
    pub fn set_price(&mut self, denom: &str, price: &str) {
        self.set_prices(&[(denom, price)]);
    }

    /// The same for several denoms at once.
    pub fn set_prices(&mut self, prices: &[(&str, &str)]) {
        for feeder in FEEDERS {
            for page in prices.chunks(DENOMS_MAX) {
                let response = self.feed(feeder, page).unwrap_or_else(|error| panic!("feeding {page:?}: {error}"));
                assert!(values(&response, REFUSED).is_empty(), "feeding {page:?}: {:?}", values(&response, REASON));
            }
        }
    }

    /// Has the feeders vote for the last observed prices of all assets again, and publishes live ones, so that none is
    /// old. Panics when one is refused.
    pub fn refresh_prices(&mut self) {
        let denoms = self.assets.iter().map(|asset| asset.params.denom.clone());
        let (live, fed): (Vec<_>, Vec<_>) = denoms.partition(|denom| self.source(denom).source.is_live());
        let last = |denom: &String| self.price_record(denom).raw.low.to_string();
        let last: Vec<String> = fed.iter().map(last).collect();
        let fed: Vec<(&str, &str)> = fed.iter().map(String::as_str).zip(last.iter().map(String::as_str)).collect();
        self.set_prices(&fed);
        for denom in live {
            self.publish(LENDER, &[&denom]).unwrap_or_else(|error| panic!("publishing {denom}: {error}"));
        }
    }

    /// Lets time pass, and has the feeders vote for the same prices again.
    pub fn advance_fresh(&mut self, seconds: u64) {
        self.advance(seconds);
        self.refresh_prices();
    }

    /// The published record as a raw query finds it. Panics when there is none.
    pub fn price_record(&self, denom: &str) -> PriceRecord {
        let bytes = self.query_raw(&self.oracle, PRICE_RECORDS.key(denom));
        let bytes = bytes.unwrap_or_else(|| panic!("{denom} has no published record"));
        decode(&bytes).expect("the oracle writes records that can be read")
    }

    /// What a denom's price has settled at by now, that of what it is quoted in included. Panics when it has no record.
    pub fn settled_price(&self, denom: &str) -> Price {
        let record = self.price_record(denom);
        let now = self.now();
        let settled = record.settled_at(now);
        record.quote.map_or(settled, |quote| times_down(settled, self.price_record(&quote).settled_at(now)))
    }

    /// The records that the oracle says would stand if these denoms were published now.
    pub fn records_now(&self, denoms: &[&str]) -> Vec<Option<PriceRecord>> {
        let denoms = denoms.iter().map(|denom| (*denom).to_owned()).collect();
        let answer: PriceRecordsResponse =
            self.query_oracle(&QueryMsg::PriceRecords { denoms }).expect("the oracle answers");
        let read = |bytes: Binary| decode(&bytes).expect("the oracle answers with records that can be read");
        answer.records.into_iter().map(|record| record.map(read)).collect()
    }

    /// The oracle's heartbeat as a raw query finds it.
    pub fn heartbeat(&self) -> Heartbeat {
        let bytes = self.query_raw(&self.oracle, HEARTBEAT.key().as_bytes().to_vec());
        decode(&bytes.expect("the oracle has a heartbeat")).expect("it can be read")
    }

    /// What the oracle answers for a denom.
    pub fn price(&self, denom: &str) -> DenomPrice {
        let asked = QueryMsg::PricesByDenoms { denoms: vec![denom.to_owned()] };
        let mut answer: PricesResponse = self.query_oracle(&asked).expect("the oracle answers");
        answer.prices.pop().expect("one price is answered for one denom")
    }

    /// A denom's source. Panics when it has none.
    pub fn source(&self, denom: &str) -> SourceResponse {
        let answer = self.query_oracle(&QueryMsg::Source { denom: denom.to_owned() });
        answer.unwrap_or_else(|error: WorldError| panic!("{error}"))
    }
}
