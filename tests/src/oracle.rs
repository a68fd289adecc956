//! What is done with the oracle.

use cosmwasm_std::{Addr, Empty};
use cw_multi_test::{AppResponse, Contract, ContractWrapper};
use plimsoll_oracle::contract;
use plimsoll_risk::price::{Guards, PriceRecord};
use plimsoll_risk::units::{Amount, Price, Ratio};
use plimsoll_schema::compact::decode;
use plimsoll_schema::oracle::{
    ConfigResponse, DENOMS_MAX, DenomPrice, ExecuteMsg, FeedPrice, PRICE_RECORDS, PairSource, PricesResponse, QueryMsg,
    Source, SourceResponse,
};
use serde::de::DeserializeOwned;

use crate::actor::{Actor, FEEDERS, LENDER, OWNER};
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

    /// The average price of a listed asset on a pair, over at least ten minutes and at most two hours, while the pair holds a whole token of
    /// each. The other token, a listed asset too, counts at its own price.
    pub fn pair_source(&self, denom: &str, pair: &Addr, quote_denom: &str) -> PairSource {
        let (base, quote) = (self.asset(denom), self.asset(quote_denom));
        PairSource {
            pair: pair.to_string(),
            decimals: base.params.decimals,
            quote_denom: quote_denom.to_owned(),
            quote_decimals: quote.params.decimals,
            quote_priced: true,
            window: 600,
            max_window: 7_200,
            min_reserve: Amount::new(base.whole(1)),
            min_quote_reserve: Amount::new(quote.whole(1)),
        }
    }

    /// Has a listed asset priced by a pair from now on, all by the oracle's own messages: the source is replaced after its delay, and
    /// publishes its first price. Panics when the oracle refuses.
    pub fn price_by_pair(&mut self, denom: &str, source: PairSource) {
        let fail = |error| panic!("pricing {denom} by a pair: {error}");
        let guards = self.price_record(denom).guards;
        let (window, delay) = (source.window, self.oracle_config().source_delay);
        self.set_source(denom, Source::Pair(source), guards).unwrap_or_else(fail);
        self.advance(delay.saturating_sub(window));
        self.publish(LENDER, &[denom]).unwrap_or_else(fail);
        self.advance_fresh(window);
        self.publish(LENDER, &[denom]).unwrap_or_else(fail);
        self.apply_source(LENDER, denom).unwrap_or_else(fail);
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

    /// Has the feeders vote for the present mid prices of all assets again, and publishes live ones, so that none is old. Panics when one
    /// is refused.
    pub fn refresh_prices(&mut self) {
        let denoms = self.assets.iter().map(|asset| asset.params.denom.clone());
        let (live, fed): (Vec<_>, Vec<_>) =
            denoms.partition(|denom| matches!(self.source(denom).source, Source::Pair(_)));
        let now: Vec<(&str, String)> =
            fed.iter().map(|denom| (denom.as_str(), self.price_record(denom).price.to_string())).collect();
        let now: Vec<(&str, &str)> = now.iter().map(|(denom, mid)| (*denom, mid.as_str())).collect();
        self.set_prices(&now);
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
