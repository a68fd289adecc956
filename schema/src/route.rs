//! Routes through pairs, the same for every contract that sells.

use cosmwasm_std::{Coin, StdResult, Uint128, WasmMsg, to_json_binary};
use plimsoll_risk::units::{Amount, Ratio};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::pair;

/// The most pairs in one route.
pub const HOPS_MAX: usize = 4;
/// What a single swap may lose against the pair's own price: the most that Astroport's pairs accept. What really guards
/// a seller is what the whole sale must return.
pub const MAX_SPREAD: Ratio = Ratio::percent(50);

/// One swap of a route.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Hop {
    /// The pair's contract, of Plimsoll or of Astroport.
    pub pair: String,
    /// What it pays.
    pub ask_denom: String,
}

impl Hop {
    /// The sale of a coin over this hop; none of nothing, and of more than 128 bits.
    pub fn swap(&self, coin: Coin) -> StdResult<Option<WasmMsg>> {
        let amount = Uint128::try_from(coin.amount).unwrap_or_default();
        if amount.is_zero() {
            return Ok(None);
        }
        let msg = to_json_binary(&pair::ExecuteMsg::Swap {
            offer_asset: pair::Asset::native(coin.denom.as_str(), Amount::new(amount.u128())),
            ask_asset_info: None,
            belief_price: None,
            max_spread: Some(MAX_SPREAD),
            to: None,
        })?;
        Ok(Some(WasmMsg::Execute { contract_addr: self.pair.clone(), msg, funds: vec![coin] }))
    }
}

/// Whether these hops lead from one denom to another, in 1 to [`HOPS_MAX`] of them. None may come back to a denom where
/// the route was before: it would sell what is to be kept.
pub fn is_route(from: &str, to: &str, hops: &[Hop]) -> bool {
    let mut seen: Vec<&str> = vec![from];
    let comes_back = hops.iter().any(|hop| {
        let again = seen.contains(&hop.ask_denom.as_str());
        seen.push(&hop.ask_denom);
        again
    });
    hops.len() <= HOPS_MAX && hops.last().is_some_and(|hop| hop.ask_denom == to) && !comes_back
}
