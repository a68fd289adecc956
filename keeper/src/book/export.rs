//! A book as a file of JSON lines, for other tools to read: a head, then every asset by number, then every price record
//! by denom, then every account by owner and account_id.
//!
//! ```text
//! {"format":"plimsoll-book","version":2,"chain_id":…,"height":…,"time":…,"pool":…,"oracle":…,"terms":{…},
//!     "halt_grace":{…},"spared_until":…,"heartbeat":{…},"assets":2,"records":2,"accounts":3}
//! {"asset":0,"params":{…},"stored":{…}}
//! {"denom":…,"record":{…}}
//! {"owner":…,"account_id":0,"account":{…}}
//! ```
//!
//! Amounts, shares, indices and prices are decimal strings as in the contracts' own messages, times are seconds.
//! `stored` is a market's ledger as it stands in storage, interest not added since its `updated_at`; `record` is the
//! oracle's published price of a listed denom, or of one in which a listed one's price is quoted; `heartbeat` is the
//! oracle's, `null` when it has none. The head says how many lines follow: a file that was cut short can't be taken for
//! a whole one.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;

use plimsoll_risk::account::Account;
use plimsoll_risk::heartbeat::{HaltGrace, Heartbeat};
use plimsoll_risk::liquidation::LiquidationTerms;
use plimsoll_risk::market::Market;
use plimsoll_risk::params::{AssetId, AssetParams};
use plimsoll_risk::price::PriceRecord;
use plimsoll_schema::pool::AccountKey;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::book::prices::Prices;
use crate::book::validate::check_account;
use crate::book::{Addresses, Asset, Book};
use crate::chain::Head;
use crate::error::{Error, Result};

/// What the file says it is.
pub const FORMAT: &str = "plimsoll-book";
/// What its lines mean.
pub const VERSION: u32 = 2;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FirstLine {
    format: String,
    version: u32,
    chain_id: String,
    height: u64,
    time: u64,
    pool: String,
    oracle: String,
    terms: LiquidationTerms,
    halt_grace: HaltGrace,
    spared_until: u64,
    heartbeat: Option<Heartbeat>,
    assets: usize,
    records: usize,
    accounts: usize,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AssetLine {
    asset: AssetId,
    params: AssetParams,
    stored: Market,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordLine {
    denom: String,
    record: PriceRecord,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountLine {
    owner: String,
    account_id: u32,
    account: Account,
}

impl Book {
    /// Writes the book to a new file. An error when there is one of that name; what was begun and can't be finished is
    /// removed.
    pub fn export(&self, path: &Path) -> Result<()> {
        let file =
            OpenOptions::new().write(true).create_new(true).open(path).map_err(|error| Error::file(path, error))?;
        let mut out = BufWriter::new(file);
        let written = self.write_lines(&mut out).and_then(|()| out.flush()).and_then(|()| out.get_ref().sync_all());
        written.map_err(|error| {
            _ = std::fs::remove_file(path);
            Error::file(path, error)
        })
    }

    /// Writes its lines.
    pub fn write_lines(&self, mut out: impl Write) -> std::io::Result<()> {
        let mut line = |value: &dyn Fn() -> serde_json::Result<String>| writeln!(out, "{}", value()?);
        let head = self.head.clone();
        let addresses = self.addresses.clone();
        let first = FirstLine {
            format: FORMAT.to_owned(),
            version: VERSION,
            chain_id: head.chain_id,
            height: head.height,
            time: head.time,
            pool: addresses.pool,
            oracle: addresses.oracle,
            terms: self.terms,
            halt_grace: self.halt_grace,
            spared_until: self.spared_until,
            heartbeat: self.prices.heartbeat,
            assets: self.assets.len(),
            records: self.prices.records.len(),
            accounts: self.accounts.len(),
        };
        line(&|| serde_json::to_string(&first))?;
        for (id, Asset { params, stored }) in &self.assets {
            let asset = AssetLine { asset: *id, params: params.clone(), stored: stored.clone() };
            line(&|| serde_json::to_string(&asset))?;
        }
        for (denom, record) in &self.prices.records {
            let record = RecordLine { denom: denom.clone(), record: record.clone() };
            line(&|| serde_json::to_string(&record))?;
        }
        let mut accounts: Vec<_> = self.accounts.iter().collect();
        accounts.sort_unstable_by_key(|(key, _)| *key);
        for (key, account) in accounts {
            let AccountKey { owner, account_id } = key.clone();
            let account = AccountLine { owner, account_id, account: account.clone() };
            line(&|| serde_json::to_string(&account))?;
        }
        Ok(())
    }

    /// Reads such a file. An error, which names the line, unless it is whole and in order.
    pub fn import(path: &Path) -> Result<Self> {
        let file = std::fs::File::open(path).map_err(|error| Error::file(path, error))?;
        Self::read_lines(file).map_err(|reason| Error::file(path, reason))
    }

    /// Reads such lines; the reason when they are not a whole book in order.
    pub fn read_lines(lines: impl Read) -> std::result::Result<Self, String> {
        let mut lines = BufReader::new(lines).lines().zip(1..);
        let first: FirstLine = next(&mut lines)?;
        if (first.format.as_str(), first.version) != (FORMAT, VERSION) {
            return Err(format!(
                "it is {} of version {}, not {FORMAT} of version {VERSION}",
                first.format, first.version
            ));
        }
        let mut book = Self {
            head: Head { chain_id: first.chain_id, height: first.height, time: first.time },
            addresses: Addresses { pool: first.pool, oracle: first.oracle },
            terms: first.terms,
            halt_grace: first.halt_grace,
            spared_until: first.spared_until,
            assets: Default::default(),
            prices: Prices { heartbeat: first.heartbeat, records: Default::default() },
            accounts: Default::default(),
        };
        for _ in 0..first.assets {
            let AssetLine { asset, params, stored } = next(&mut lines)?;
            if book.assets.last_key_value().is_some_and(|(before, _)| asset <= *before) {
                return Err(format!("asset {} is out of order", asset.0));
            }
            book.assets.insert(asset, Asset { params, stored });
        }
        for _ in 0..first.records {
            let RecordLine { denom, record } = next(&mut lines)?;
            if book.prices.records.last_key_value().is_some_and(|(before, _)| denom <= *before) {
                return Err(format!("the record of {denom} is out of order"));
            }
            book.prices.records.insert(denom, record);
        }
        let mut before = None;
        for _ in 0..first.accounts {
            let AccountLine { owner, account_id, account } = next(&mut lines)?;
            let key = AccountKey { owner, account_id };
            check_account(&key, &account, |id| book.assets.contains_key(&id))?;
            if account.debts.is_empty() || before.as_ref().is_some_and(|before| key <= *before) {
                return Err(format!("account {} has no debt, or is out of order", key));
            }
            before = Some(key.clone());
            book.put_account(key, account);
        }
        match lines.next() {
            None => Ok(book),
            Some((_, number)) => Err(format!("line {number} is one more than its head says")),
        }
    }
}

fn next<T: DeserializeOwned>(
    lines: &mut impl Iterator<Item = (std::io::Result<String>, usize)>,
) -> std::result::Result<T, String> {
    let (line, number) = lines.next().ok_or("it ends before its head says")?;
    let line = line.map_err(|error| format!("line {number}: {error}"))?;
    serde_json::from_str(&line).map_err(|error| format!("line {number}: {error}"))
}
