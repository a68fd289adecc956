//! A contract in the place of an Astroport concentrated pair: the same answers to `pair`, `observe` and `simulation`. Its
//! trades are told to it, and it observes each at its time, in a straight line between them, as Astroport's does.

use cosmwasm_std::{
    Addr, Binary, Deps, DepsMut, Empty, Env, MessageInfo, Response, StdError, StdResult, from_json, to_json_binary,
    to_json_vec,
};
use cw_multi_test::{Contract, ContractWrapper};
use plimsoll_risk::units::{Amount, Price};
use plimsoll_schema::concentrated::{CONCENTRATED, ConcentratedPair, OracleObservation, QueryMsg, Yield};
use plimsoll_schema::pair::{AssetInfo, PairType};
use serde::{Deserialize, Serialize};

use crate::actor::OWNER;
use crate::chain::Chain;

const BOOKS: &[u8] = b"books";

/// What the pair remembers.
#[derive(Serialize, Deserialize, Clone, Debug, Default)]
struct Books {
    denoms: [String; 2],
    /// What a swap is told to yield of each token for one base unit of the other, in 18 decimals.
    yields: [Price; 2],
    /// Trades: when, and base units of the first token per base unit of the second.
    trades: Vec<(u64, Price)>,
}

/// What the pair is told.
#[derive(Serialize, Deserialize, Clone, Debug)]
struct Trade {
    /// Base units of the first token per base unit of the second.
    price: Price,
    /// What a swap yields of each token from now on.
    yields: [Price; 2],
}

/// Its code.
pub fn concentrated_code() -> Box<dyn Contract<Empty>> {
    Box::new(ContractWrapper::new(execute, instantiate, query))
}

fn instantiate(deps: DepsMut, _: Env, _: MessageInfo, denoms: [String; 2]) -> StdResult<Response> {
    deps.storage.set(BOOKS, &to_json_vec(&Books { denoms, ..Books::default() })?);
    Ok(Response::new())
}

fn execute(deps: DepsMut, env: Env, _: MessageInfo, trade: Trade) -> StdResult<Response> {
    let mut books = books(deps.as_ref())?;
    books.trades.push((env.block.time.seconds(), trade.price));
    books.yields = trade.yields;
    deps.storage.set(BOOKS, &to_json_vec(&books)?);
    Ok(Response::new())
}

fn books(deps: Deps) -> StdResult<Books> {
    from_json(deps.storage.get(BOOKS).unwrap_or_default())
}

fn query(deps: Deps, env: Env, msg: QueryMsg) -> StdResult<Binary> {
    let books = books(deps)?;
    match msg {
        QueryMsg::Pair {} => to_json_binary(&ConcentratedPair {
            asset_infos: books.denoms.map(AssetInfo::native).to_vec(),
            pair_type: PairType::Custom(CONCENTRATED.to_owned()),
        }),
        QueryMsg::Observe { seconds_ago } => {
            let timestamp = env.block.time.seconds() - seconds_ago;
            let price = observed(&books.trades, timestamp).ok_or_else(|| StdError::msg("observation is too old"))?;
            to_json_binary(&OracleObservation { timestamp, price })
        }
        QueryMsg::Simulation { offer_asset } => {
            let other = usize::from(offer_asset.info == AssetInfo::native(&books.denoms[0]));
            let yielded = offer_asset.amount.raw() * books.yields[other].raw() / 10u128.pow(18);
            to_json_binary(&Yield { return_amount: Amount::new(yielded) })
        }
    }
}

/// The price at a time: that of the last trade after it, and between two trades in a straight line.
fn observed(trades: &[(u64, Price)], target: u64) -> Option<Price> {
    let (newest, price) = trades.last()?;
    if target >= *newest {
        return Some(*price);
    }
    let after = trades.iter().position(|(time, _)| *time > target)?;
    let (left, from) = trades.get(after.checked_sub(1)?)?;
    let (right, to) = trades.get(after)?;
    if from == to {
        return Some(*from);
    }
    let part = |price: &Price, seconds: u64| price.raw() * u128::from(seconds) / u128::from(right - left);
    Some(Price::new(part(from, right - target) + part(to, target - left)))
}

impl Chain {
    /// A concentrated pair of two tokens, of which nothing was traded yet.
    pub fn concentrated_pair(&mut self, first: &str, second: &str) -> Addr {
        let denoms = [first, second].map(str::to_owned);
        self.deploy(concentrated_code(), OWNER, &denoms, &[], "concentrated pair").expect("it takes any tokens")
    }

    /// A trade at this price, in base units of the first token per base unit of the second; a swap yields as much of the
    /// first and of the second token from now on.
    pub fn concentrated_trade(&mut self, pair: &Addr, price: Price, yields: [Price; 2]) {
        self.execute_contract(OWNER, pair, &Trade { price, yields }, &[]).expect("it takes any trade");
    }
}
