//! Chain modules that contracts ask by gRPC: Connect and those of Osmosis. No chain of these tests has them, so an oracle
//! alone stands on a storage here and its questions come to this querier, which reads and answers them with messages
//! that follow the modules' public proto files.

use std::cell::Cell;

use cosmwasm_std::testing::{MockApi, MockStorage, message_info, mock_env};
use cosmwasm_std::{
    Addr, Binary, ContractResult, Deps, DepsMut, Empty, Env, Querier, QuerierResult, QuerierWrapper, Response,
    SystemError, SystemResult, from_json,
};
use plimsoll_oracle::contract;
use plimsoll_oracle::error::ContractError;
use plimsoll_risk::price::PriceRecord;
use plimsoll_schema::compact::decode;
use plimsoll_schema::oracle::{ExecuteMsg, InstantiateMsg, PRICE_RECORDS, PriceRecordsResponse, QueryMsg};
use prost::Message;
use serde::Deserialize;

/// `connect/oracle/v2/query.proto` and `genesis.proto`; those of Slinky have the same fields but for the request's.
mod connect {
    use prost::Message;

    #[derive(Clone, PartialEq, Message)]
    pub struct GetPriceRequest {
        #[prost(string, tag = "1")]
        pub currency_pair: String,
    }

    #[derive(Clone, PartialEq, Message)]
    pub struct SlinkyGetPriceRequest {
        #[prost(message, optional, tag = "1")]
        pub currency_pair: Option<CurrencyPair>,
    }

    #[derive(Clone, PartialEq, Message)]
    pub struct CurrencyPair {
        #[prost(string, tag = "1")]
        pub base: String,
        #[prost(string, tag = "2")]
        pub quote: String,
    }

    #[derive(Clone, PartialEq, Message)]
    pub struct GetPriceResponse {
        #[prost(message, optional, tag = "1")]
        pub price: Option<QuotePrice>,
        #[prost(uint64, tag = "2")]
        pub nonce: u64,
        #[prost(uint64, tag = "3")]
        pub decimals: u64,
        #[prost(uint64, tag = "4")]
        pub id: u64,
    }

    #[derive(Clone, PartialEq, Message)]
    pub struct QuotePrice {
        #[prost(string, tag = "1")]
        pub price: String,
        #[prost(message, optional, tag = "2")]
        pub block_timestamp: Option<super::Timestamp>,
        #[prost(uint64, tag = "3")]
        pub block_height: u64,
    }
}

/// `osmosis/twap/v1beta1/query.proto` and `osmosis/poolmanager/v1beta1/query.proto`.
mod osmosis {
    use prost::Message;

    #[derive(Clone, PartialEq, Message)]
    pub struct ArithmeticTwapToNowRequest {
        #[prost(uint64, tag = "1")]
        pub pool_id: u64,
        #[prost(string, tag = "2")]
        pub base_asset: String,
        #[prost(string, tag = "3")]
        pub quote_asset: String,
        #[prost(message, optional, tag = "4")]
        pub start_time: Option<super::Timestamp>,
    }

    #[derive(Clone, PartialEq, Message)]
    pub struct SpotPriceRequest {
        #[prost(uint64, tag = "1")]
        pub pool_id: u64,
        #[prost(string, tag = "2")]
        pub base_asset_denom: String,
        #[prost(string, tag = "3")]
        pub quote_asset_denom: String,
    }

    /// Both responses have one text.
    #[derive(Clone, PartialEq, Message)]
    pub struct PriceResponse {
        #[prost(string, tag = "1")]
        pub price: String,
    }
}

/// `google/protobuf/timestamp.proto`.
#[derive(Clone, PartialEq, Message)]
struct Timestamp {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int32, tag = "2")]
    nanos: i32,
}

/// The bytes with which Connect tells a price, `number` of so many decimals, of the block of this time.
pub fn connect_price(number: &str, decimals: u64, time: Option<i64>) -> Vec<u8> {
    let block_timestamp = time.map(|seconds| Timestamp { seconds, nanos: 999_999_999 });
    let price = connect::QuotePrice { price: number.to_owned(), block_timestamp, block_height: 77 };
    connect::GetPriceResponse { price: Some(price), nonce: 300, decimals, id: 4 }.encode_to_vec()
}

/// What a module is asked, as it reads the question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrives {
    /// Connect, by the name of the pair.
    Connect(String),
    /// Slinky, by base and quote.
    Slinky(String, String),
    /// The average of a pool, base in quote, since this time.
    Twap(u64, String, String, i64),
    /// The price in a pool now, base in quote.
    Spot(u64, String, String),
}

/// An oracle on a chain with these modules. A function answers what arrives there with bytes; `None` refuses it.
pub struct ChainModules<F> {
    storage: MockStorage,
    api: MockApi,
    env: Env,
    answer: F,
    asked: Cell<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Grpc { path: String, data: Binary },
}

impl<F: Fn(&Arrives) -> Option<Vec<u8>>> Querier for ChainModules<F> {
    fn raw_query(&self, request: &[u8]) -> QuerierResult {
        self.asked.set(self.asked.get() + 1);
        let Ok(Request::Grpc { path, data }) = from_json(request) else {
            let error = "no such query".to_owned();
            return SystemResult::Err(SystemError::InvalidRequest { error, request: Binary::from(request) });
        };
        match (self.answer)(&arrived(&path, &data)) {
            Some(answer) => SystemResult::Ok(ContractResult::Ok(answer.into())),
            None => SystemResult::Err(SystemError::UnsupportedRequest { kind: path }),
        }
    }
}

fn arrived(path: &str, data: &[u8]) -> Arrives {
    match path {
        "/connect.oracle.v2.Query/GetPrice" => {
            Arrives::Connect(connect::GetPriceRequest::decode(data).expect("a request").currency_pair)
        }
        "/slinky.oracle.v1.Query/GetPrice" => {
            let pair = connect::SlinkyGetPriceRequest::decode(data).expect("a request").currency_pair.expect("a pair");
            Arrives::Slinky(pair.base, pair.quote)
        }
        "/osmosis.twap.v1beta1.Query/ArithmeticTwapToNow" => {
            let asked = osmosis::ArithmeticTwapToNowRequest::decode(data).expect("a request");
            let since = asked.start_time.expect("a time").seconds;
            Arrives::Twap(asked.pool_id, asked.base_asset, asked.quote_asset, since)
        }
        "/osmosis.poolmanager.v1beta1.Query/SpotPrice" => {
            let asked = osmosis::SpotPriceRequest::decode(data).expect("a request");
            Arrives::Spot(asked.pool_id, asked.base_asset_denom, asked.quote_asset_denom)
        }
        other => panic!("no module answers {other}"),
    }
}

impl ChainModules<fn(&Arrives) -> Option<Vec<u8>>> {
    /// The bytes with which a module of Osmosis tells a price.
    pub fn osmosis_price(price: &str) -> Vec<u8> {
        osmosis::PriceResponse { price: price.to_owned() }.encode_to_vec()
    }
}

impl<F: Fn(&Arrives) -> Option<Vec<u8>>> ChainModules<F> {
    /// An oracle whose owner is `owner`, without delay.
    pub fn new(production: bool, answer: F) -> Self {
        let api = MockApi::default();
        let env = mock_env();
        let mut chain = Self { storage: MockStorage::default(), api, env, answer, asked: Cell::new(0) };
        let owner = chain.owner();
        let msg =
            InstantiateMsg { owner: owner.to_string(), production, source_delay: 0, heartbeat_gap: 0, guardian: None };
        let env = chain.env.clone();
        chain.with(|deps| contract::instantiate(deps, env, message_info(&owner, &[]), msg)).expect("an oracle");
        chain
    }

    fn owner(&self) -> Addr {
        self.api.addr_make("owner")
    }

    fn with<T>(&mut self, action: impl FnOnce(DepsMut) -> T) -> T {
        let mut storage = std::mem::take(&mut self.storage);
        let done = action(DepsMut { storage: &mut storage, api: &self.api, querier: QuerierWrapper::new(self) });
        self.storage = storage;
        done
    }

    /// The time, in seconds.
    pub fn now(&self) -> u64 {
        self.env.block.time.seconds()
    }

    /// Lets time pass.
    pub fn advance(&mut self, seconds: u64) {
        self.env.block.time = self.env.block.time.plus_seconds(seconds);
    }

    /// How often anything was asked.
    pub fn asked(&self) -> u32 {
        self.asked.get()
    }

    /// Sends the oracle a message of its owner's.
    pub fn execute(&mut self, msg: ExecuteMsg) -> Result<Response, ContractError> {
        let owner = self.owner();
        let env = self.env.clone();
        self.with(|deps| contract::execute(deps, env, message_info(&owner, &[]), msg))
    }

    /// The published record of a denom.
    pub fn record(&self, denom: &str) -> Option<PriceRecord> {
        PRICE_RECORDS.may_load(&self.storage, denom).expect("it can be read")
    }

    /// The record that would stand if the denom were published now.
    pub fn record_now(&self, denom: &str) -> Option<PriceRecord> {
        let deps = Deps { storage: &self.storage, api: &self.api, querier: QuerierWrapper::<Empty>::new(self) };
        let msg = QueryMsg::PriceRecords { denoms: vec![denom.to_owned()] };
        let answer = contract::query(deps, self.env.clone(), msg).expect("the oracle answers");
        let mut answer: PriceRecordsResponse = from_json(answer).expect("with records");
        answer.records.pop().flatten().map(|bytes| decode(&bytes).expect("they can be read"))
    }
}
