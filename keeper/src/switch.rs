//! The switch that ends a keeper whose transactions fail one after the other: whatever is wrong, paying for more of them doesn't mend it.

use crate::error::{Error, Result};

/// How many transactions in a row have failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Switch(u32);

impl Switch {
    /// A transaction did something.
    pub const fn worked(&mut self) {
        self.0 = 0;
    }

    /// A transaction was included, failed, and has cost its fee. Errors with the last of so many in a row; with 0 never.
    pub fn failed(&mut self, most: u32, reason: &str) -> Result<()> {
        self.0 = self.0.saturating_add(1);
        if most > 0 && self.0 >= most {
            return Err(Error::FailedAgain { times: self.0, reason: reason.to_owned() });
        }
        Ok(())
    }
}
