//! What a key has to spend.

use std::collections::BTreeSet;

use crate::book::Book;
use crate::chain::{Balances, Chain, Coin};
use crate::config::Strategy;
use crate::error::{Error, Result};
use crate::plan::keep_back;

/// What to keep back for the fee when planning: the most that a transaction may cost.
pub fn fee_reserve(chain: &impl Chain, strategy: &Strategy) -> Coin {
    let mut fee = chain.fee(strategy.max_gas_per_tx);
    fee.amount = fee.amount.min(strategy.max_fee.unwrap_or(u128::MAX));
    fee
}

/// What a keeper of this book can use: the denoms of its assets, and the one that gas is paid in. Of others it may have
/// been sent thousands.
pub fn useful(chain: &impl Chain, book: &Book) -> Vec<String> {
    let assets = book.assets.values().map(|asset| asset.params.denom.clone());
    let denoms: BTreeSet<String> = assets.chain([chain.fee(0).denom]).filter(|denom| !denom.is_empty()).collect();
    denoms.into_iter().collect()
}

/// What this address has of this denom.
pub async fn held(chain: &impl Chain, address: &str, denom: &str) -> Result<u128> {
    let balances = chain.balances(address, &[denom.to_owned()]).await?;
    Ok(balances.get(denom).copied().unwrap_or_default())
}

/// The same, asked at once: gas money is sent by it.
pub async fn held_at_once(chain: &impl Chain, address: &str, denom: &str) -> Result<u128> {
    let balances = chain.balances_at_once(address, &[denom.to_owned()]).await?;
    Ok(balances.get(denom).copied().unwrap_or_default())
}

/// Who pays the fees of the chain's own key, and what they have of the gas denom.
pub async fn gas_money(chain: &impl Chain, denom: &str) -> Result<(String, u128)> {
    let payer = chain.fee_granter().or(chain.sender()).ok_or(Error::NoKey)?;
    Ok((payer.to_owned(), held(chain, payer, denom).await?))
}

/// What this address has that a keeper of this book can use.
pub async fn holdings(chain: &impl Chain, book: &Book, address: &str) -> Result<Balances> {
    chain.balances(address, &useful(chain, book)).await
}

/// The same, asked at once: a transaction is chosen by it.
pub async fn holdings_at_once(chain: &impl Chain, book: &Book, address: &str) -> Result<Balances> {
    chain.balances_at_once(address, &useful(chain, book)).await
}

/// What may be spent of these: all but what the fee may cost, unless somebody else pays that.
pub fn less_fee(chain: &impl Chain, mut holdings: Balances, strategy: &Strategy) -> Balances {
    if chain.fee_granter().is_some() {
        return holdings;
    }
    keep_back(&mut holdings, &fee_reserve(chain, strategy));
    holdings
}

/// What this address may spend: what it has, less what the fee may cost.
pub async fn spendable(chain: &impl Chain, book: &Book, address: &str, strategy: &Strategy) -> Result<Balances> {
    Ok(less_fee(chain, holdings(chain, book, address).await?, strategy))
}

/// What the chain's own key may spend. Without a key, money for gas alone is assumed where there is a
/// liquidator, and otherwise everything that could be needed (`None`).
pub async fn inventory(
    chain: &impl Chain,
    book: &Book,
    through_liquidator: bool,
    strategy: &Strategy,
) -> Result<Option<Balances>> {
    match chain.sender() {
        Some(sender) => spendable(chain, book, sender, strategy).await.map(Some),
        None => Ok(through_liquidator.then(Balances::new)),
    }
}
