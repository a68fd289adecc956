//! Missed events show: a market's scaled debt is the sum of its borrowers', exactly. Where it isn't, the book lacks a
//! change.

use std::collections::BTreeSet;

use plimsoll_risk::account::Account;
use plimsoll_risk::params::AssetId;
use plimsoll_schema::pool::AccountKey;

use crate::book::Book;
use crate::book::delta::BookDelta;
use crate::book::touched::Touched;
use crate::chain::ChainReader;
use crate::error::Result;

impl Book {
    /// The markets whose scaled debt isn't the sum of the debts of the book's accounts.
    pub fn unbalanced(&self) -> Vec<AssetId> {
        let differs = |id: &&AssetId| {
            let market = self.assets.get(id).map_or(0, |asset| asset.stored.debt_scaled.raw());
            self.accounts.scaled_debt(**id) != market
        };
        self.assets.keys().filter(differs).copied().collect()
    }

    /// Reads these markets and every account known to owe there again, at the book's own block. On an error the book
    /// stays as it was. A borrower that the book doesn't know isn't found by that.
    pub async fn reread_borrowers(&mut self, chain: &impl ChainReader, markets: &[AssetId]) -> Result<BookDelta> {
        let owes = |account: &Account| account.debts.iter().any(|debt| markets.contains(&debt.asset));
        let borrowers = self.accounts.iter().filter(|(_, account)| owes(account));
        let accounts: BTreeSet<AccountKey> = borrowers.map(|(key, _)| key.clone()).collect();
        let delta = BookDelta { accounts: accounts.clone(), ..BookDelta::default() };
        let markets = markets.iter().map(|id| self.denom_of(*id)).collect();
        let head = self.head.clone();
        let refreshed = self.read_again(chain, &head, Touched { accounts, markets, ..Touched::default() }).await?;
        refreshed.apply(self);
        Ok(delta)
    }
}
