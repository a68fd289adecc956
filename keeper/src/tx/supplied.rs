//! What a key supplied to the pool in its account 0: shares that liquidations paid where a market lacked the cash. They
//! are inventory.

use plimsoll_risk::health::Assets;
use plimsoll_risk::units::{Amount, SupplyShares, Value};
use plimsoll_schema::pool::{QueryMsg, UserAccount, UserCollateral, UserCollateralsResponse};
use serde::Serialize;

use crate::book::Book;
use crate::chain::{ChainReader, query};
use crate::error::Result;
use crate::scan::AssetTable;

/// A claim on a market.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Supplied {
    /// The token.
    pub denom: String,
    /// The shares.
    pub shares: SupplyShares,
    /// What they are worth, in base units, rounded down.
    pub amount: Amount,
    /// How much of it the market can pay now.
    pub payable: Amount,
    /// What all of it brings, in quote currency, by the low edge of what was observed.
    pub value: Value,
    /// What the payable part brings.
    pub payable_value: Value,
}

/// What this address has a claim on in the pool, at the latest block.
pub async fn supplied(chain: &impl ChainReader, pool: &str, address: &str) -> Result<Vec<UserCollateral>> {
    let asked = QueryMsg::UserCollaterals(UserAccount { user: address.to_owned(), account_id: None });
    let answer: UserCollateralsResponse = query(chain, pool, &asked, None).await?;
    Ok(answer.collaterals)
}

/// The same with what it is worth and what of it can be had. A token that the book doesn't know is left out.
pub fn valued(book: &Book, assets: &AssetTable, claims: Vec<UserCollateral>) -> Vec<Supplied> {
    let valued = |claim: UserCollateral| {
        let id = book.asset_of(&claim.denom)?;
        let state = assets.asset(id)?;
        let value = |amount: Amount| amount.value_down(assets.brings_down(id), state.params.decimals).ok();
        let payable = claim.amount.min(state.market.state().cash);
        Some(Supplied {
            value: value(claim.amount)?,
            payable_value: value(payable)?,
            denom: claim.denom,
            shares: claim.shares,
            amount: claim.amount,
            payable,
        })
    };
    claims.into_iter().filter_map(valued).collect()
}
