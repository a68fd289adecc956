//! The safety net under [`Book::follow`]: now and then settings, markets, prices and some accounts, taken at random,
//! are compared with the chain at the book's own block.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};

use plimsoll_schema::pool::{AccountKey, AccountsPage, AccountsResponse, QueryMsg};

use crate::book::Book;
use crate::book::delta::BookDelta;
use crate::book::follow::accounts;
use crate::book::page_size::PageSize;
use crate::book::validate::check_account;
use crate::chain::{ChainReader, query};
use crate::error::{Error, Result};

/// At most so many differences are named.
const DIFFERENCES_NAMED_MAX: usize = 20;

/// What an audit found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    /// Accounts that were compared.
    pub accounts: usize,
    /// Accounts, markets and settings that differed: anything but 0 is a fault of the keeper. They are right now.
    pub differences: usize,
    /// What changed with that.
    pub delta: BookDelta,
}

/// Chance, so that no account is never looked at.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Default for Dice {
    /// Another one in each process.
    fn default() -> Self {
        Self(RandomState::new().hash_one(0))
    }
}

impl Dice {
    /// One whose throws are known.
    pub const fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `end`; 0 when that is 0. SplitMix64, Steele et al. 2014.
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let end = u64::try_from(end).unwrap_or(u64::MAX);
        usize::try_from((z ^ (z >> 31)).checked_rem(end).unwrap_or_default()).unwrap_or_default()
    }
}

/// So many borrowers after this one, or fewer where the node's gas limit for queries allows no more.
async fn borrowers(
    chain: &impl ChainReader,
    pool: &str,
    start_after: Option<AccountKey>,
    most: u32,
    at: Option<u64>,
) -> Result<AccountsResponse> {
    let mut pages = PageSize::default();
    loop {
        let limit = pages.get().min(most);
        if limit == 0 {
            return Ok(AccountsResponse { accounts: Vec::new() });
        }
        let question = QueryMsg::Borrowers(AccountsPage { start_after: start_after.clone(), limit: Some(limit) });
        match query(chain, pool, &question, at).await {
            Err(Error::Query { .. }) if pages.failed(limit) => {}
            answered => return answered,
        }
    }
}

impl Book {
    /// Compares about `sample` accounts and everything else at the book's own block, and puts right what differs. Half
    /// of the accounts are taken one by one, each as likely as any other; the others follow each other on the chain
    /// from a random one on, so that a borrower is found that the book doesn't know. On an error the book stays as it
    /// was.
    pub async fn audit(&mut self, chain: &impl ChainReader, sample: usize, dice: &mut Dice) -> Result<Audit> {
        let pool = self.addresses.pool.clone();
        let at = Some(self.head.height);
        let fresh = Self::without_accounts(chain, &pool, self.head.clone()).await?;
        let mut audit = Audit::default();
        let mut wrong = self.wrong_frame(&fresh);

        let run = sample.div_ceil(2);
        let keys = self.random_keys(sample.saturating_sub(run), dice);
        let start_after = self.random_keys(usize::from(dice.below(8) > 0), dice).pop();
        let (answers, next) = tokio::try_join!(
            accounts(chain, &pool, &keys, at),
            borrowers(chain, &pool, start_after, u32::try_from(run).unwrap_or(u32::MAX), at)
        )?;
        // What isn't answered has no debt any more, or never existed.
        let mut right: BTreeMap<AccountKey, _> = keys.into_iter().map(|key| (key, None)).collect();
        for record in answers.into_iter().chain([next]).flat_map(|page| page.accounts) {
            check_account(&record.key, &record.account, |id| fresh.assets.contains_key(&id))
                .map_err(|reason| Error::garbage(&pool, reason))?;
            right.insert(record.key, Some(record.account).filter(|account| !account.debts.is_empty()));
        }
        audit.accounts = right.len();
        self.addresses = fresh.addresses;
        self.terms = fresh.terms;
        self.halt_grace = fresh.halt_grace;
        self.spared_until = fresh.spared_until;
        self.assets = fresh.assets;
        self.prices = fresh.prices;
        for (key, account) in right {
            if self.accounts.get(&key) == account.as_ref() {
                continue;
            }
            wrong.push(format!("account {}", key));
            audit.delta.accounts.insert(key.clone());
            match account {
                Some(account) => self.put_account(key, account),
                None => _ = self.accounts.remove(&key),
            }
        }
        for what in wrong.iter().take(DIFFERENCES_NAMED_MAX) {
            tracing::error!(height = self.head.height, what, "the book was wrong; it is mended");
        }
        audit.differences = wrong.len();
        Ok(audit)
    }

    /// What is wrong beside accounts.
    fn wrong_frame(&self, fresh: &Self) -> Vec<String> {
        let mut found = Vec::new();
        let settings = |book: &Self| (book.addresses.clone(), book.terms, book.halt_grace, book.spared_until);
        if settings(self) != settings(fresh) {
            found.push("settings".to_owned());
        }
        if self.prices.heartbeat != fresh.prices.heartbeat {
            found.push("the oracle's heartbeat".to_owned());
        }
        let known = &self.prices.records;
        let right = &fresh.prices.records;
        for denom in known.keys().chain(right.keys().filter(|denom| !known.contains_key(*denom))) {
            if known.get(denom) != right.get(denom) {
                found.push(format!("price of {denom}"));
            }
        }
        for id in self.assets.keys().chain(fresh.assets.keys().filter(|id| !self.assets.contains_key(id))) {
            if self.assets.get(id) != fresh.assets.get(id) {
                found.push(format!("market of {}", fresh.denom_of(*id)));
            }
        }
        found
    }

    /// So many accounts, or all, each as likely as any other.
    fn random_keys(&self, count: usize, dice: &mut Dice) -> Vec<AccountKey> {
        let total = self.accounts.len();
        let mut wanted = count;
        if total <= count {
            return self.accounts.keys().cloned().collect();
        }
        let mut places = std::collections::BTreeSet::new();
        while wanted > 0 {
            if places.insert(dice.below(total)) {
                wanted = wanted.saturating_sub(1);
            }
        }
        places.into_iter().filter_map(|row| self.accounts.at(row)).map(|(key, _)| key.clone()).collect()
    }
}
