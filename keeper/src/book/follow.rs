//! Keeps the book current: what a block's events name is read again, at that block.

use futures_util::future::try_join_all;
use plimsoll_schema::pool::{ACCOUNTS_LIMIT, AccountKey, AccountsResponse, Listed, MarketResponse, QueryMsg};

use crate::book::Book;
use crate::book::snapshot::{PAGE_MIN, price_record};
use crate::book::touched::Touched;
use crate::chain::{Chain, Head, REWIND_MAX, query};
use crate::error::{Error, Result};

/// The most blocks that are filled one by one.
const GAP_MAX: u64 = 1_000;

impl Book {
    /// Brings the book to this block. Blocks in between are filled from their events, one by one; everything that they
    /// touched is then read once, at the newest. On an error the book stays as it was.
    pub async fn follow(&mut self, chain: &impl Chain, head: &Head) -> Result<()> {
        if head.chain_id != self.head.chain_id {
            let (found, wanted) = (head.chain_id.clone(), self.head.chain_id.clone());
            return Err(Error::WrongChain { endpoint: "the node".to_owned(), found, wanted });
        }
        self.assert_same_chain(head)?;
        if head.height < self.head.height {
            let reason = format!(
                "block {} of {} after block {} of {}",
                head.height, head.chain_id, self.head.height, self.head.chain_id
            );
            return Err(Error::garbage("the node", reason));
        }
        // After a long absence, or when a block's results are gone, reading everything anew is quicker or the only way.
        let absent = head.height.saturating_sub(self.head.height) > GAP_MAX;
        let mut touched = Touched { settings: absent, ..Touched::default() };
        for height in self.head.height.saturating_add(1)..=head.height {
            match chain.events(height).await {
                _ if touched.settings => break,
                Ok(events) => touched.add(&events, &self.addresses),
                Err(Error::Query { reason, .. }) => {
                    tracing::warn!(height, reason, "no results of this block; reading the whole book again");
                    touched.settings = true;
                }
                Err(error) => return Err(error),
            }
        }
        if touched.settings {
            *self = Self::snapshot(chain, &self.addresses.pool, head.clone(), |_| {}).await?;
            return Ok(());
        }
        let refreshed = self.read_again(chain, head.height, touched).await?;
        refreshed.apply(self);
        self.head = head.clone();
        Ok(())
    }

    /// Heights and times of one chain go up together. What was read on another must not be acted on.
    fn assert_same_chain(&self, head: &Head) -> Result<()> {
        let back = self.head.height.saturating_sub(head.height) > REWIND_MAX;
        let older = head.height >= self.head.height && head.time < self.head.time;
        if !back && !older {
            return Ok(());
        }
        let (chain_id, before, now) = (head.chain_id.clone(), self.head.height, head.height);
        Err(Error::Reset { chain_id, before, now, older })
    }

    async fn read_again(&self, chain: &impl Chain, height: u64, touched: Touched) -> Result<Refreshed> {
        let (pool, oracle, at) = (self.addresses.pool.as_str(), self.addresses.oracle.as_str(), Some(height));
        // Prices of denoms that are not listed don't concern the pool.
        let listed = |denom: &String| self.asset_of(denom).is_some() || touched.markets.contains(denom);
        let keys: Vec<AccountKey> = touched.accounts.iter().cloned().collect();
        let accounts = accounts(chain, pool, &keys, at);
        let markets = try_join_all(touched.markets.iter().map(|denom| async {
            query::<MarketResponse>(chain, pool, &QueryMsg::Market(Listed { denom: denom.clone() }), at).await
        }));
        let prices =
            try_join_all(
                touched.prices.iter().filter(|denom| listed(denom)).map(|denom| async {
                    Ok::<_, Error>((denom.clone(), price_record(chain, oracle, denom, at).await?))
                }),
            );
        let (accounts, markets, prices) = tokio::try_join!(accounts, markets, prices)?;
        Ok(Refreshed { keys, accounts, markets, prices })
    }
}

/// These accounts, in pages as large as the node answers.
async fn accounts(
    chain: &impl Chain,
    pool: &str,
    keys: &[AccountKey],
    at: Option<u64>,
) -> Result<Vec<AccountsResponse>> {
    let (mut rest, mut answers) = (keys, Vec::new());
    let mut limit = usize::try_from(ACCOUNTS_LIMIT).unwrap_or(usize::MAX);
    let least = usize::try_from(PAGE_MIN).unwrap_or(1);
    while !rest.is_empty() {
        let (page, later) = rest.split_at(limit.min(rest.len()));
        match query(chain, pool, &QueryMsg::Accounts { keys: page.to_vec() }, at).await {
            // More than a node's gas limit for queries allows.
            Err(Error::Query { .. }) if page.len() > least => limit = page.len() / 2,
            other => {
                answers.push(other?);
                rest = later;
            }
        }
    }
    Ok(answers)
}

struct Refreshed {
    keys: Vec<AccountKey>,
    accounts: Vec<AccountsResponse>,
    markets: Vec<MarketResponse>,
    prices: Vec<(String, Option<plimsoll_risk::price::PriceRecord>)>,
}

impl Refreshed {
    fn apply(self, book: &mut Book) {
        for key in &self.keys {
            // Those that no longer exist are not among the answers.
            book.accounts.remove(key);
        }
        for record in self.accounts.into_iter().flat_map(|page| page.accounts) {
            book.put_account(record.key, record.account);
        }
        for market in self.markets {
            book.put_market(market);
        }
        for (denom, record) in self.prices {
            if let Some(asset) = book.asset_of(&denom).and_then(|id| book.assets.get_mut(&id)) {
                asset.record = record;
            }
        }
    }
}
