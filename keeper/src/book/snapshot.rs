//! A whole book at one height, in bulk pages, several at once.

use std::collections::BTreeMap;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use plimsoll_risk::heartbeat::HaltGrace;
use plimsoll_risk::params::AssetId;
use plimsoll_schema::compact;
use plimsoll_schema::pool::{AccountRecord, AccountsPage, AccountsResponse, ConfigResponse, QueryMsg, SPARED_UNTIL};

use crate::book::accounts::Accounts;
use crate::book::key_range::{KeyRange, storage_order};
use crate::book::markets::markets;
use crate::book::page_size::PageSize;
use crate::book::patience::patiently;
use crate::book::prices::Prices;
use crate::book::validate::{check_account, check_market};
use crate::book::{Addresses, Asset, Book};
use crate::chain::{ChainReader, Head, query};
use crate::error::{Error, Result};

/// How many pages are on their way at once.
pub const PAGES_AT_ONCE: usize = 4;
/// How often a snapshot starts again at a newer block because the node no longer has the one that it was at.
pub const RESTARTS_MAX: u32 = 5;

/// Why a snapshot ended early.
enum Cut {
    /// The node no longer has its block.
    Gone,
    /// Anything else.
    Failed(Error),
}

impl From<Error> for Cut {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl Book {
    /// The first book: an error that says so when there is no pool at this address.
    pub async fn first(
        chain: &impl ChainReader,
        pool: &str,
        head: Head,
        progress: impl Fn(usize) + Send + Sync,
    ) -> Result<Self> {
        if !patiently(|| chain.is_contract(pool)).await? {
            return Err(Error::NoContract { name: "pool", address: pool.to_owned(), chain_id: head.chain_id });
        }
        Self::snapshot(chain, pool, head, progress).await
    }

    /// Reads everything at this block; or at a newer one, when the node forgets this one meanwhile. `progress` hears
    /// the number of accounts read so far.
    pub async fn snapshot(
        chain: &impl ChainReader,
        pool: &str,
        head: Head,
        progress: impl Fn(usize) + Send + Sync,
    ) -> Result<Self> {
        let mut head = head;
        for _ in 0..RESTARTS_MAX {
            let height = head.height;
            match Self::at(chain, pool, head, &progress).await {
                Ok(book) => return Ok(book),
                Err(Cut::Failed(error)) => return Err(error),
                Err(Cut::Gone) => {}
            }
            head = chain.head().await?;
            tracing::warn!(
                height,
                newer = head.height,
                "the node no longer has this block; reading the book at a newer one"
            );
        }
        Err(Error::Pruned { height: head.height, times: RESTARTS_MAX })
    }

    async fn at(
        chain: &impl ChainReader,
        pool: &str,
        head: Head,
        progress: &(impl Fn(usize) + Send + Sync),
    ) -> std::result::Result<Self, Cut> {
        let height = Some(head.height);
        let mut book = match patiently(|| Self::without_accounts(chain, pool, head.clone())).await {
            Ok(book) => book,
            Err(error) => return Err(cut(chain, pool, height, error).await),
        };
        book.read_accounts(chain, progress).await?;
        Ok(book)
    }

    /// All but the accounts, at this block.
    pub(super) async fn without_accounts(chain: &impl ChainReader, pool: &str, head: Head) -> Result<Self> {
        let config: ConfigResponse = query(chain, pool, &QueryMsg::Config {}, Some(head.height)).await?;
        let halt_grace = config.config.halt_grace;
        let spared_until = spared_until(chain, pool, &halt_grace, Some(head.height)).await?;
        let addresses = Addresses { pool: pool.to_owned(), oracle: config.config.oracle };
        let mut book = Self {
            head,
            addresses,
            terms: config.config.liquidation,
            halt_grace,
            spared_until,
            assets: BTreeMap::new(),
            prices: Prices::default(),
            accounts: Accounts::new(),
        };
        book.assets = assets(chain, &book).await?;
        book.prices = Prices::read(chain, &book.addresses.oracle, book.denoms(), Some(book.head.height)).await?;
        Ok(book)
    }

    async fn read_accounts(
        &mut self,
        chain: &impl ChainReader,
        progress: &(impl Fn(usize) + Send + Sync),
    ) -> std::result::Result<(), Cut> {
        let pool = self.addresses.pool.clone();
        let height = Some(self.head.height);
        let ask = |range: KeyRange, size: u32| {
            let page = AccountsPage { start_after: range.after.clone(), limit: Some(size) };
            let pool = pool.as_str();
            let question = QueryMsg::Borrowers(page);
            // A page that isn't answered holds up none of the others.
            async move {
                let answer = patiently(|| query::<AccountsResponse>(chain, pool, &question, height)).await;
                (answer, range, size)
            }
        };
        let mut pages = PageSize::default();
        let mut waiting = vec![KeyRange::ALL];
        let mut running = FuturesUnordered::new();
        loop {
            while running.len() < PAGES_AT_ONCE
                && let Some(range) = waiting.pop()
            {
                running.push(ask(range, pages.get()));
            }
            let Some((answer, range, size)) = running.next().await else { return Ok(()) };
            match answer {
                Ok(page) => {
                    pages.worked(size);
                    waiting.extend(self.take_page(page.accounts, range, size)?.into_iter().rev());
                    progress(self.accounts.len());
                }
                // More than the node's gas limit for queries allows, or more than it remembers.
                Err(error @ Error::Query { .. }) => match cut(chain, &pool, height, error).await {
                    Cut::Failed(Error::Query { .. }) if pages.failed(size) => waiting.push(range),
                    cut => return Err(cut),
                },
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Keeps a page, and says what is left of its range.
    fn take_page(&mut self, page: Vec<AccountRecord>, range: KeyRange, size: u32) -> Result<Vec<KeyRange>> {
        let garbage = |reason: &dyn std::fmt::Display| Error::garbage(&self.addresses.pool, reason);
        let mut before = range.after.as_ref();
        for AccountRecord { key, account } in &page {
            if before.is_some_and(|before| storage_order(key) <= storage_order(before)) {
                return Err(garbage(&"pages of borrowers that go back"));
            }
            check_account(key, account, |id| self.assets.contains_key(&id)).map_err(|reason| garbage(&reason))?;
            before = Some(key);
        }
        let full = page.len() >= usize::try_from(size).unwrap_or(usize::MAX);
        let rest = match (page.first(), page.last()) {
            (Some(first), Some(last))
                if full && range.until.as_ref().is_none_or(|until| storage_order(&last.key) < storage_order(until)) =>
            {
                range.clone().rest(&first.key, &last.key)
            }
            _ => Vec::new(),
        };
        for record in page.into_iter().filter(|record| range.reaches(&record.key)) {
            self.put_account(record.key, record.account);
        }
        Ok(rest)
    }
}

/// What a query that failed means: when the pool answers at the latest block and no longer at this one, the node has
/// forgotten it.
async fn cut(chain: &impl ChainReader, pool: &str, height: Option<u64>, error: Error) -> Cut {
    if !matches!(error, Error::Query { .. }) {
        return Cut::Failed(error);
    }
    let then = query::<ConfigResponse>(chain, pool, &QueryMsg::Config {}, height).await;
    let now = query::<ConfigResponse>(chain, pool, &QueryMsg::Config {}, None).await;
    if matches!(then, Err(Error::Query { .. })) && now.is_ok() { Cut::Gone } else { Cut::Failed(error) }
}

/// Until when the pool spares accounts since another oracle took over, read raw; 0 where it knows no grace.
async fn spared_until(chain: &impl ChainReader, pool: &str, halt: &HaltGrace, height: Option<u64>) -> Result<u64> {
    if halt.grace == 0 {
        return Ok(0);
    }
    let bytes = chain.raw(pool, SPARED_UNTIL.key().as_bytes().to_vec(), height).await?;
    let until = bytes.map(|bytes| compact::decode(&bytes)).transpose();
    Ok(until.map_err(|error| Error::garbage(pool, error))?.unwrap_or_default())
}

async fn assets(chain: &impl ChainReader, book: &Book) -> Result<BTreeMap<AssetId, Asset>> {
    let addresses = &book.addresses;
    let height = Some(book.head.height);
    let mut assets = BTreeMap::new();
    for market in markets(chain, &addresses.pool, height).await? {
        let denom = market.params.denom.clone();
        check_market(book, &denom, &market, book.head.time)
            .map_err(|reason| Error::garbage(&addresses.pool, reason))?;
        let asset = Asset { params: market.params, stored: market.stored };
        if assets.insert(market.asset, asset).is_some() {
            return Err(Error::garbage(&addresses.pool, format!("asset {} twice", market.asset.0)));
        }
    }
    Ok(assets)
}
