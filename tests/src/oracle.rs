//! What is done with the oracle.

use cosmwasm_std::Empty;
use cw_multi_test::{AppResponse, Contract, ContractWrapper};
use plimsoll_oracle::contract;
use plimsoll_risk::price::{Guards, PriceRecord};
use plimsoll_risk::units::{Price, Ratio};
use plimsoll_schema::compact::decode;
use plimsoll_schema::oracle::{
    DENOMS_MAX, DenomPrice, ExecuteMsg, FeedPrice, PRICE_RECORDS, PricesResponse, QueryMsg, Source, SourceResponse,
};
use serde::de::DeserializeOwned;

use crate::actor::{Actor, FEEDERS, OWNER};
use crate::error::WorldError;
use crate::world::World;

/// How often prices are fed until the guards have let them arrive.
const STEPS_MAX: usize = 64;

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

    /// Names a denom's source, as [`OWNER`].
    pub fn set_source(&mut self, denom: &str, source: Source, guards: Guards) -> Result<AppResponse, WorldError> {
        self.execute_oracle(OWNER, &ExecuteMsg::SetSource { denom: denom.to_owned(), source, guards })
    }

    /// Puts a pending source in force.
    pub fn apply_source(&mut self, sender: impl Into<Actor>, denom: &str) -> Result<AppResponse, WorldError> {
        self.execute_oracle(sender, &ExecuteMsg::ApplySource { denom: denom.to_owned() })
    }

    /// Drops a pending source, as [`OWNER`].
    pub fn cancel_source(&mut self, denom: &str) -> Result<AppResponse, WorldError> {
        self.execute_oracle(OWNER, &ExecuteMsg::CancelSource { denom: denom.to_owned() })
    }

    /// Votes for prices.
    pub fn feed(&mut self, feeder: impl Into<Actor>, prices: &[(&str, &str)]) -> Result<AppResponse, WorldError> {
        let prices = prices.iter().map(|(denom, text)| FeedPrice { denom: (*denom).to_owned(), price: price(text) });
        self.execute_oracle(feeder, &ExecuteMsg::Feed { prices: prices.collect() })
    }

    /// Has every one of [`FEEDERS`] vote for this price until the mid price is there or stops moving. Panics when it is refused.
    pub fn set_price(&mut self, denom: &str, price: &str) {
        self.set_prices(&[(denom, price)]);
    }

    /// The same for several denoms at once.
    pub fn set_prices(&mut self, prices: &[(&str, &str)]) {
        let target: Vec<Price> = prices.iter().map(|(_, text)| price(text)).collect();
        for _ in 0..STEPS_MAX {
            let before = self.mids(prices);
            for feeder in FEEDERS {
                for page in prices.chunks(DENOMS_MAX) {
                    self.feed(feeder, page).unwrap_or_else(|error| panic!("feeding {page:?}: {error}"));
                }
            }
            let after = self.mids(prices);
            if after == target || after == before {
                return;
            }
        }
    }

    fn mids(&self, prices: &[(&str, &str)]) -> Vec<Price> {
        prices.iter().map(|(denom, _)| self.price_record(denom).price).collect()
    }

    /// Has the feeders vote for the present mid prices of all assets again, so that none is old.
    pub fn refresh_prices(&mut self) {
        let now: Vec<(String, String)> = self
            .assets
            .iter()
            .map(|asset| asset.params.denom.clone())
            .map(|denom| {
                let mid = self.price_record(&denom).price.to_string();
                (denom, mid)
            })
            .collect();
        let now: Vec<(&str, &str)> = now.iter().map(|(denom, mid)| (denom.as_str(), mid.as_str())).collect();
        self.set_prices(&now);
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
