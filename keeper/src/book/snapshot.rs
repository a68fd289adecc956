//! A whole book at one height, in bulk pages.

use std::collections::BTreeMap;

use plimsoll_risk::params::AssetId;
use plimsoll_risk::price::PriceRecord;
use plimsoll_schema::compact;
use plimsoll_schema::oracle::PRICE_RECORDS;
use plimsoll_schema::pool::{
    ACCOUNTS_LIMIT, AccountsPage, AccountsResponse, ConfigResponse, MARKETS_LIMIT, MarketsResponse, QueryMsg,
};

use crate::book::accounts::Accounts;
use crate::book::{Addresses, Asset, Book};
use crate::chain::{Chain, Head, query};
use crate::error::{Error, Result};

/// Below this many accounts a page that fails is not cut in half again.
pub(super) const PAGE_MIN: u32 = 10;

impl Book {
    /// The first book: an error that says so when there is no pool at this address.
    pub async fn first(chain: &impl Chain, pool: &str, head: Head, progress: impl Fn(usize) + Send) -> Result<Self> {
        if !chain.is_contract(pool).await? {
            return Err(Error::NoContract { name: "pool", address: pool.to_owned(), chain_id: head.chain_id });
        }
        Self::snapshot(chain, pool, head, progress).await
    }

    /// Reads everything at this block. `progress` hears the number of accounts read so far.
    pub async fn snapshot(chain: &impl Chain, pool: &str, head: Head, progress: impl Fn(usize) + Send) -> Result<Self> {
        let height = Some(head.height);
        let config: ConfigResponse = query(chain, pool, &QueryMsg::Config {}, height).await?;
        let addresses = Addresses { pool: pool.to_owned(), oracle: config.config.oracle };
        let assets = assets(chain, &addresses, height).await?;
        let mut book = Self { head, addresses, terms: config.config.liquidation, assets, accounts: Accounts::new() };
        book.read_accounts(chain, progress).await?;
        Ok(book)
    }

    async fn read_accounts(&mut self, chain: &impl Chain, progress: impl Fn(usize) + Send) -> Result<()> {
        let (mut start_after, mut limit) = (None, ACCOUNTS_LIMIT);
        loop {
            let question = QueryMsg::Borrowers(AccountsPage { start_after: start_after.clone(), limit: Some(limit) });
            let page: AccountsResponse =
                match query(chain, &self.addresses.pool, &question, Some(self.head.height)).await {
                    // More than a node's gas limit for queries allows: a smaller page.
                    Err(Error::Query { .. }) if limit > PAGE_MIN => {
                        limit /= 2;
                        continue;
                    }
                    other => other?,
                };
            let Some(last) = page.accounts.last().map(|record| record.key.clone()) else { return Ok(()) };
            if start_after.as_ref().is_some_and(|before| last <= *before) {
                return Err(Error::garbage(&self.addresses.pool, "pages of borrowers that go back"));
            }
            let complete = page.accounts.len() < usize::try_from(limit).unwrap_or(usize::MAX);
            for record in page.accounts {
                self.put_account(record.key, record.account);
            }
            progress(self.accounts.len());
            if complete {
                return Ok(());
            }
            start_after = Some(last);
        }
    }
}

async fn assets(chain: &impl Chain, addresses: &Addresses, height: Option<u64>) -> Result<BTreeMap<AssetId, Asset>> {
    let mut assets = BTreeMap::new();
    let mut start_after = None;
    loop {
        let question = QueryMsg::Markets { start_after, limit: Some(MARKETS_LIMIT) };
        let page: MarketsResponse = query(chain, &addresses.pool, &question, height).await?;
        let complete = page.markets.len() < usize::try_from(MARKETS_LIMIT).unwrap_or(usize::MAX);
        start_after = page.markets.last().map(|market| market.params.denom.clone());
        for market in page.markets {
            let record = price_record(chain, &addresses.oracle, &market.params.denom, height).await?;
            assets.insert(market.asset, Asset { params: market.params, stored: market.stored, record });
        }
        if complete {
            return Ok(assets);
        }
    }
}

/// The published record of a denom, read raw, as the pool reads it. One that can't be read is as good as none.
pub(super) async fn price_record(
    chain: &impl Chain,
    oracle: &str,
    denom: &str,
    height: Option<u64>,
) -> Result<Option<PriceRecord>> {
    let bytes = chain.raw(oracle, PRICE_RECORDS.key(denom), height).await?;
    Ok(bytes.and_then(|bytes| compact::decode(&bytes).ok()))
}
