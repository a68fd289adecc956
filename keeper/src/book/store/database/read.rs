//! Reads a whole file. What isn't a book in every row is none.

use plimsoll_risk::account::Account;
use plimsoll_risk::params::AssetId;
use plimsoll_schema::compact;
use plimsoll_schema::pool::AccountKey;
use redb::{ReadTransaction, ReadableTable, ReadableTableMetadata};
use serde::de::DeserializeOwned;

use crate::book::prices::Prices;
use crate::book::store::database::{ACCOUNTS, ASSETS, Bad, FORMAT, META, RECORDS};
use crate::book::store::{Codes, Stored};
use crate::book::validate::check_account;
use crate::book::{Addresses, Asset, Book};
use crate::chain::Head;

/// Everything in the file; nothing when it is new.
pub(super) fn stored(transaction: &ReadTransaction) -> std::result::Result<Option<Stored>, Bad> {
    // Of another format nothing else can be read.
    if let Some(format) = format(transaction).filter(|format| *format != FORMAT) {
        return Err(Bad::Other(format!(
            "this book is of another version: its format is {format}, this keeper's is {FORMAT}"
        )));
    }
    let read = || -> std::result::Result<Option<Stored>, Box<dyn std::error::Error>> {
        if transaction.list_tables()?.next().is_none() {
            return Ok(None);
        }
        let meta = transaction.open_table(META)?;
        field::<u32>(&meta, "format")?;
        let (chain_id, height, time) = field(&meta, "head")?;
        let (pool, oracle) = field(&meta, "addresses")?;
        let mut book = Book {
            head: Head { chain_id, height, time },
            addresses: Addresses { pool, oracle },
            terms: field(&meta, "terms")?,
            halt_grace: field(&meta, "halt_grace")?,
            spared_until: field(&meta, "spared_until")?,
            assets: Default::default(),
            prices: Prices { heartbeat: field(&meta, "heartbeat")?, records: Default::default() },
            accounts: Default::default(),
        };
        for row in transaction.open_table(ASSETS)?.iter()? {
            let (id, bytes) = row?;
            let (params, stored) = decode(bytes.value())?;
            book.assets.insert(AssetId(id.value()), Asset { params, stored });
        }
        for row in transaction.open_table(RECORDS)?.iter()? {
            let (denom, bytes) = row?;
            book.prices.records.insert(denom.value().to_owned(), decode(bytes.value())?);
        }
        let table = transaction.open_table(ACCOUNTS)?;
        let count: u64 = field(&meta, "accounts")?;
        if table.len()? != count {
            return Err(format!("it has {} accounts, and says that there are {count}", table.len()?).into());
        }
        for row in table.iter()? {
            let (at, bytes) = row?;
            let ((owner, account_id), account) = (at.value(), decode::<Account>(bytes.value())?);
            let key = AccountKey { owner: owner.to_owned(), account_id };
            check_account(&key, &account, |id| book.assets.contains_key(&id))?;
            book.put_account(key, account);
        }
        let (pool, oracle) = field(&meta, "codes")?;
        Ok(Some(Stored { book, codes: Codes { pool, oracle } }))
    };
    read().map_err(|error| Bad::Damaged(error.to_string()))
}

/// What its rows mean; `None` where it doesn't say, or can't.
fn format(transaction: &ReadTransaction) -> Option<u32> {
    field(&transaction.open_table(META).ok()?, "format").ok()
}

fn field<T: DeserializeOwned>(
    meta: &impl ReadableTable<&'static str, &'static [u8]>,
    name: &str,
) -> std::result::Result<T, Box<dyn std::error::Error>> {
    let bytes = meta.get(name)?.ok_or_else(|| format!("its {name} is missing"))?;
    decode(bytes.value()).map_err(|error| format!("its {name} can't be read: {error}").into())
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> std::result::Result<T, Box<dyn std::error::Error>> {
    compact::decode(bytes).map_err(|error| error.to_string().into())
}
