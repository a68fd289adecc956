//! The safety net under [`Book::follow`]: now and then everything is read anew and compared.

use crate::book::Book;
use crate::chain::Chain;
use crate::error::Result;

/// At most so many differences are named.
const NAMED_MAX: usize = 20;

impl Book {
    /// Reads the whole book anew at its own block, says what differs, and keeps what was read. Answers with how many
    /// accounts, markets and settings differed: anything but 0 is a fault of the keeper.
    pub async fn audit(&mut self, chain: &impl Chain) -> Result<usize> {
        let fresh = Self::snapshot(chain, &self.addresses.pool, self.head.clone(), |_| {}).await?;
        let differences = self.differences(&fresh);
        for what in differences.iter().take(NAMED_MAX) {
            tracing::error!(height = self.head.height, what, "the book was wrong; it is mended");
        }
        *self = fresh;
        Ok(differences.len())
    }

    fn differences(&self, fresh: &Self) -> Vec<String> {
        let mut found = Vec::new();
        if (&self.addresses, &self.terms) != (&fresh.addresses, &fresh.terms) {
            found.push("settings".to_owned());
        }
        for id in self.assets.keys().chain(fresh.assets.keys().filter(|id| !self.assets.contains_key(id))) {
            if self.assets.get(id) != fresh.assets.get(id) {
                found.push(format!("market of {}", fresh.denom_of(*id)));
            }
        }
        for key in self.accounts.keys().chain(fresh.accounts.keys().filter(|key| !self.accounts.contains_key(key))) {
            if self.accounts.get(key) != fresh.accounts.get(key) {
                found.push(format!("account {}", crate::scan::name(key)));
            }
        }
        found
    }
}
