//! The keeper's book, as it lies on disk when the keeper is gone, against the chain at the same block.

use std::path::Path;

use plimsoll_keeper::book::Book;
use plimsoll_keeper::book::store::Store;
use plimsoll_keeper::error::{Error, Result};

use crate::party::Party;

/// What was compared.
#[derive(Clone, Copy, Debug)]
pub struct Compared {
    /// At which block.
    pub height: u64,
    /// How many accounts with debt the chain has there.
    pub accounts: usize,
    /// How many accounts, markets and settings differ.
    pub differences: usize,
}

impl Compared {
    /// Reads both.
    pub async fn of(asker: &Party, pool: &str, file: &Path) -> Result<Self> {
        let stored = Store::open(file)?.1;
        let book = stored.ok_or_else(|| Error::DoesNotHold(format!("{} holds no book", file.display())))?.book;
        let chain = Book::snapshot(asker.node(), pool, book.head.clone(), |_| {}).await?;
        let accounts = book.accounts.keys().chain(chain.accounts.keys().filter(|key| book.accounts.get(key).is_none()));
        let different = accounts.filter(|key| book.accounts.get(key) != chain.accounts.get(key)).count();
        let markets = book.assets.keys().chain(chain.assets.keys().filter(|id| !book.assets.contains_key(id)));
        let different = different + markets.filter(|id| book.assets.get(id) != chain.assets.get(id)).count();
        let settings = (&book.addresses, &book.terms, &book.head) != (&chain.addresses, &chain.terms, &chain.head);
        let differences = different + usize::from(settings);
        Ok(Self { height: book.head.height, accounts: chain.accounts.len(), differences })
    }
}
