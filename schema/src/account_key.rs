//! How an account is written: `owner/account_id`, in events, by the keeper and on its command line.

use std::fmt;
use std::str::FromStr;

use crate::event::account_name;
use crate::pool::AccountKey;

impl fmt::Display for AccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&account_name(&self.owner, self.account_id))
    }
}

/// A text that names no account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an account is written owner/account_id, or owner for its account 0")]
pub struct NotAnAccount;

/// `owner/account_id`; account 0 when only an owner is named. The owner is not checked to be an address.
impl FromStr for AccountKey {
    type Err = NotAnAccount;

    fn from_str(name: &str) -> Result<Self, NotAnAccount> {
        let (owner, account_id) = match name.split_once('/') {
            Some((owner, id)) => (owner, id.parse().map_err(|_| NotAnAccount)?),
            None => (name, 0),
        };
        if owner.is_empty() { Err(NotAnAccount) } else { Ok(Self { owner: owner.to_owned(), account_id }) }
    }
}
