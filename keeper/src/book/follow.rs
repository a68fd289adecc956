//! Keeps the book current: what a block's events name is read again, at that block.

use std::collections::BTreeSet;

use futures_util::future::try_join_all;
use plimsoll_risk::heartbeat::Heartbeat;
use plimsoll_schema::pool::{AccountKey, AccountsResponse, Listed, MarketResponse, QueryMsg};

use crate::book::Book;
use crate::book::delta::BookDelta;
use crate::book::page_size::PageSize;
use crate::book::prices::{self, Read};
use crate::book::touched::Touched;
use crate::book::validate::{SKEW_SECONDS_MAX, check_account, check_asked, check_market};
use crate::chain::{ChainReader, Head, REWIND_MAX, query_that};
use crate::config::GAP_MAX;
use crate::error::{Error, Result};

/// Under what every contract keeps its name and version (CW2): small, and read without running it.
const CONTRACT_INFO: &[u8] = b"contract_info";

/// What blocks after the book's own have touched, as far as they were read.
#[derive(Clone, Debug, Default)]
pub struct Ahead {
    /// The book's block.
    after: u64,
    /// The last block that was read.
    through: u64,
    touched: Touched,
}

impl Book {
    /// Brings the book to this block. Blocks in between are filled from their events, one by one; everything that they
    /// touched is then read once, at the newest. On an error the book stays as it was.
    pub async fn follow(&mut self, chain: &impl ChainReader, head: &Head) -> Result<BookDelta> {
        self.follow_within(chain, head, GAP_MAX, &mut Ahead::default()).await
    }

    /// The same, with the most blocks that are filled one by one: after a longer absence everything is read anew. So it
    /// is when a block's results are gone, or what they name can't be read; the book may then be at a newer block. What
    /// blocks say that were read before an error stays in `ahead`, for the next time.
    pub async fn follow_within(
        &mut self,
        chain: &impl ChainReader,
        head: &Head,
        gap_max: u64,
        ahead: &mut Ahead,
    ) -> Result<BookDelta> {
        if head.chain_id != self.head.chain_id {
            let found = head.chain_id.clone();
            let wanted = self.head.chain_id.clone();
            return Err(Error::WrongChain { endpoint: "the node".to_owned(), found, wanted });
        }
        self.assert_same_chain(chain, head).await?;
        if head.height < self.head.height || head.time < self.head.time {
            let reason = format!(
                "block {} of {} of time {} after block {} of time {}",
                head.height, head.chain_id, head.time, self.head.height, self.head.time
            );
            return Err(Error::garbage("the node", reason));
        }
        let touched = self.touched_since(chain, head, gap_max, ahead).await?;
        if !touched.settings {
            let filled = head.height.saturating_sub(self.head.height).saturating_sub(1);
            let delta =
                BookDelta { accounts: touched.accounts.clone(), filled, malformed: touched.malformed, whole: false };
            match self.read_again(chain, head, touched).await {
                Ok(refreshed) => {
                    refreshed.apply(self);
                    self.head = head.clone();
                    return Ok(delta);
                }
                Err(Error::Query { reason, .. }) => {
                    let height = head.height;
                    tracing::warn!(
                        height,
                        reason,
                        "what this block touched can't be read; reading the whole book again"
                    );
                }
                Err(error) => return Err(error),
            }
        }
        *self = Self::snapshot(chain, &self.addresses.pool, head.clone(), |_| {}).await?;
        Ok(BookDelta::whole())
    }

    async fn touched_since(
        &self,
        chain: &impl ChainReader,
        head: &Head,
        gap_max: u64,
        ahead: &mut Ahead,
    ) -> Result<Touched> {
        let gap = head.height.saturating_sub(self.head.height);
        if gap > gap_max {
            tracing::info!(gap, gap_max, "too many blocks to fill one by one; reading the whole book again");
            return Ok(Touched { settings: true, ..Touched::default() });
        }
        if ahead.after != self.head.height || ahead.through > head.height {
            *ahead = Ahead { after: self.head.height, through: self.head.height, touched: Touched::default() };
        }
        while ahead.through < head.height && !ahead.touched.settings {
            let height = ahead.through.saturating_add(1);
            let events = if height == head.height {
                let (events, proof) = tokio::join!(chain.events(height), self.assert_there(chain, height));
                proof.and(events)
            } else {
                chain.events(height).await
            };
            match events {
                Ok(events) => ahead.touched.add(&events, &self.addresses),
                Err(Error::Query { reason, .. }) => {
                    tracing::warn!(height, reason, "no results of this block; reading the whole book again");
                    return Ok(Touched { settings: true, ..Touched::default() });
                }
                Err(error) => return Err(error),
            }
            ahead.through = height;
        }
        Ok(ahead.touched.clone())
    }

    /// Where nothing was touched nothing would be read, and one that only tells blocks could tell of some that aren't
    /// there: whoever has the state has to have it at this one. A refusal is an answer too.
    async fn assert_there(&self, chain: &impl ChainReader, height: u64) -> Result<()> {
        match chain.raw(&self.addresses.pool, CONTRACT_INFO.to_vec(), Some(height)).await {
            Ok(_) | Err(Error::Query { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Heights and times of one chain go up together. What was read on another must not be acted on. A node that is
    /// behind in both is only that, and refused until it has caught up; so is one whose block is a little older than
    /// the book's, as clocks differ. That it is another chain is not believed while half of all endpoints don't say so.
    async fn assert_same_chain(&self, chain: &impl ChainReader, head: &Head) -> Result<()> {
        let (back, older) = self.is_before(head);
        if !back && !older {
            return Ok(());
        }
        let chain_id = head.chain_id.clone();
        let before = self.head.height;
        let now = head.height;
        let told = chain.heads().await?;
        let going_on = told.iter().filter(|told| self.is_before(told) == (false, false)).count();
        if going_on > 0 && going_on * 2 >= told.len() {
            let reason = format!("block {now} after {before}, while {going_on} of {} endpoints go on", told.len());
            return Err(Error::garbage("a node", reason));
        }
        Err(Error::Reset { chain_id, before, now, older })
    }

    /// Whether a head can't be of the book's chain, by its height or by its time.
    const fn is_before(&self, head: &Head) -> (bool, bool) {
        let back = self.head.height.saturating_sub(head.height) > REWIND_MAX && head.time >= self.head.time;
        let older = head.height >= self.head.height && head.time.saturating_add(SKEW_SECONDS_MAX) < self.head.time;
        (back, older)
    }

    /// What was touched, read at this block.
    pub(super) async fn read_again(
        &self,
        chain: &impl ChainReader,
        head: &Head,
        touched: Touched,
    ) -> Result<Refreshed> {
        let pool = self.addresses.pool.as_str();
        let oracle = self.addresses.oracle.as_str();
        let at = Some(head.height);
        // Prices on which no listed denom's hangs don't concern the pool.
        let concerned = self.prices.hangs_on(self.denoms().chain(touched.markets.iter().map(String::as_str)));
        let denoms: BTreeSet<String> =
            touched.prices.iter().filter(|denom| concerned.contains(denom.as_str())).cloned().collect();
        let keys: Vec<AccountKey> = touched.accounts.iter().cloned().collect();
        let accounts = accounts(chain, pool, &keys, at);
        let markets = try_join_all(touched.markets.iter().map(|denom| async {
            let question = QueryMsg::Market(Listed { denom: denom.clone() });
            let fits = |market: &MarketResponse| check_market(self, denom, market, head.time);
            query_that(chain, pool, &question, at, fits).await
        }));
        let prices = self.prices.read_records(chain, oracle, denoms, at);
        let heartbeat = async {
            if touched.heartbeat { prices::heartbeat(chain, oracle, at).await } else { Ok(self.prices.heartbeat) }
        };
        let (accounts, markets, prices, heartbeat) = tokio::try_join!(accounts, markets, prices, heartbeat)?;
        let refreshed = Refreshed { keys, accounts, markets, prices, heartbeat };
        refreshed.check(self).map_err(|reason| Error::garbage(pool, reason))?;
        Ok(refreshed)
    }
}

/// These accounts, in pages as large as the node answers.
pub(super) async fn accounts(
    chain: &impl ChainReader,
    pool: &str,
    keys: &[AccountKey],
    at: Option<u64>,
) -> Result<Vec<AccountsResponse>> {
    let mut rest = keys;
    let mut answers = Vec::new();
    let mut pages = PageSize::default();
    while !rest.is_empty() {
        let size = pages.get();
        let (page, later) = rest.split_at(usize::try_from(size).unwrap_or(usize::MAX).min(rest.len()));
        let fits = |answer: &AccountsResponse| check_asked(page, &answer.accounts);
        match query_that(chain, pool, &QueryMsg::Accounts { keys: page.to_vec() }, at, fits).await {
            // More than a node's gas limit for queries allows.
            Err(Error::Query { .. }) if pages.failed(page.len().try_into().unwrap_or(size)) => {}
            other => {
                answers.push(other?);
                rest = later;
            }
        }
    }
    Ok(answers)
}

/// What was read again, to be put in place of what the book has.
pub(super) struct Refreshed {
    keys: Vec<AccountKey>,
    accounts: Vec<AccountsResponse>,
    markets: Vec<MarketResponse>,
    prices: Vec<Read>,
    heartbeat: Option<Heartbeat>,
}

impl Refreshed {
    /// Whether the book can be true with these: accounts hold nothing but listed assets.
    fn check(&self, book: &Book) -> std::result::Result<(), String> {
        let new = |id| self.markets.iter().any(|market| market.asset == id);
        let listed = |id| book.assets.contains_key(&id) || new(id);
        self.accounts
            .iter()
            .flat_map(|page| &page.accounts)
            .try_for_each(|record| check_account(&record.key, &record.account, listed))
    }

    /// Puts all of it into the book.
    pub fn apply(self, book: &mut Book) {
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
        book.prices.put(self.prices);
        book.prices.heartbeat = self.heartbeat;
        book.prices.keep(book.assets.values().map(|asset| asset.params.denom.as_str()));
    }
}
