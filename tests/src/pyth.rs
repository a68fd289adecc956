//! A contract in the place of Pyth's: the same messages and answers. What it takes for a signed update is the update
//! itself as JSON, and like Pyth's it keeps the newest one of each price and ignores what is older.

use cosmwasm_std::{
    Addr, Binary, Coin, Deps, DepsMut, Empty, Env, MessageInfo, Response, StdError, StdResult, coin, from_json,
    to_json_binary,
};
use cw_multi_test::{AppResponse, Contract, ContractWrapper};
use plimsoll_schema::pyth::{ExecuteMsg, PriceFeed, PriceFeedResponse, PythPrice, QueryMsg};

use crate::actor::{Actor, OWNER};
use crate::chain::Chain;
use crate::error::WorldError;

const FEE_DENOM: &[u8] = b"fee denom";

/// Its code.
pub fn pyth_code() -> Box<dyn Contract<Empty>> {
    Box::new(ContractWrapper::new(execute, instantiate, query))
}

fn instantiate(deps: DepsMut, _: Env, _: MessageInfo, fee_denom: String) -> StdResult<Response> {
    deps.storage.set(FEE_DENOM, fee_denom.as_bytes());
    Ok(Response::new())
}

fn execute(deps: DepsMut, _: Env, info: MessageInfo, msg: ExecuteMsg) -> StdResult<Response> {
    let ExecuteMsg::UpdatePriceFeeds { data } = msg;
    if info.funds != [fee(deps.as_ref(), &data)] {
        return Err(StdError::msg("InsufficientFee"));
    }
    for update in data {
        let feed: PriceFeed = from_json(&update)?;
        let key = feed.id.to_lowercase().into_bytes();
        let last = deps.storage.get(&key).map(from_json::<PriceFeed>).transpose()?;
        if last.is_none_or(|last| last.price.publish_time < feed.price.publish_time) {
            deps.storage.set(&key, &update);
        }
    }
    Ok(Response::new())
}

fn query(deps: Deps, _: Env, msg: QueryMsg) -> StdResult<Binary> {
    match msg {
        QueryMsg::PriceFeed { id } => {
            let feed = deps.storage.get(id.to_lowercase().as_bytes());
            let price_feed = from_json(feed.ok_or_else(|| StdError::msg("PriceFeedNotFound"))?)?;
            to_json_binary(&PriceFeedResponse { price_feed })
        }
        QueryMsg::GetUpdateFee { vaas } => to_json_binary(&fee(deps, &vaas)),
    }
}

/// One unit an update.
fn fee(deps: Deps, updates: &[Binary]) -> Coin {
    let denom = deps.storage.get(FEE_DENOM).and_then(|denom| String::from_utf8(denom).ok()).unwrap_or_default();
    coin(updates.len() as u128, denom)
}

/// A price of Pyth's whose average is the same.
pub fn pyth_feed(id: &str, price: i64, conf: u64, expo: i32, publish_time: u64) -> PriceFeed {
    let publish_time = i64::try_from(publish_time).unwrap_or(i64::MAX);
    let price = PythPrice { price: price.into(), conf: conf.into(), expo, publish_time };
    PriceFeed { id: id.to_owned(), price, ema_price: price }
}

impl Chain {
    /// Pyth's contract, which takes fees in this denom.
    pub fn pyth(&mut self, fee_denom: &str) -> Addr {
        self.deploy(pyth_code(), OWNER, &fee_denom, &[], "pyth").expect("it takes any denom")
    }

    /// Posts an update, for the fee that Pyth asks.
    pub fn post_price(
        &mut self,
        sender: impl Into<Actor>,
        pyth: &Addr,
        feed: &PriceFeed,
    ) -> Result<AppResponse, WorldError> {
        let data = vec![to_json_binary(feed).expect("a price is JSON")];
        let fee: Coin = self.query_contract(pyth, &QueryMsg::GetUpdateFee { vaas: data.clone() })?;
        self.execute_contract(sender, pyth, &ExecuteMsg::UpdatePriceFeeds { data }, &[fee])
    }
}
