//! What a keeper has done since its start, in a few numbers: told when it ends.

use std::collections::BTreeSet;

use serde::{Serialize, Serializer};

use crate::chain::TxStatus;
use crate::keeper::BlockReport;
use crate::tx::journal::Intent;
use crate::tx::receipt::Gain;
use crate::tx::{FailedTx, FailureReason};

/// Counted since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Blocks that were judged.
    pub blocks: u64,
    /// Transactions, by what became of them.
    pub transactions: Transactions,
    /// Accounts that were liquidated.
    #[serde(serialize_with = "as_count")]
    pub liquidated: BTreeSet<String>,
    /// Accounts whose debt was written off.
    #[serde(serialize_with = "as_count")]
    pub written_off: BTreeSet<String>,
    /// What liquidations have brought less what they have cost, before fees, in quote currency.
    pub profit_value: Gain,
    /// The fees of transactions in blocks, in base units of the gas denom.
    #[serde(serialize_with = "as_text")]
    pub fees: u128,
    #[serde(skip)]
    height: u64,
}

/// Transactions, by what became of them; gas money and publications of prices are among them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Transactions {
    /// In a block, and it worked.
    pub settled: u64,
    /// In a block, and it failed.
    pub failed: u64,
    /// As before, because somebody else was first.
    pub rival: u64,
    /// As before, because the account or a price changed on the way.
    pub changed: u64,
    /// In no block in time.
    pub expired: u64,
    /// Not taken by the node, or not to be paid for.
    pub refused: u64,
}

impl Summary {
    /// A block was done, or the end of a drain, which is none.
    pub(super) fn done(&mut self, tick: &BlockReport) {
        if tick.head.height != self.height {
            self.blocks = self.blocks.saturating_add(1);
        }
        self.height = tick.head.height;
        for done in &tick.settled {
            self.profit_value = self.profit_value.plus(done.profit);
            if done.repaid.is_some() {
                self.liquidated.insert(done.account.clone());
            }
            if !done.losses.is_empty() {
                self.written_off.insert(done.account.clone());
            }
        }
    }

    pub(super) fn resolved(&mut self, intent: &Intent, status: &TxStatus) {
        let TxStatus::Included(included) = status else { return };
        self.fees = self.fees.saturating_add(intent.spent.as_ref().map_or(0, |spent| spent.fee));
        self.transactions.settled = self.transactions.settled.saturating_add(u64::from(included.code == 0));
    }

    pub(super) fn failed(&mut self, failed: &FailedTx) {
        let count = match failed.why {
            FailureReason::Expired => &mut self.transactions.expired,
            FailureReason::Refused => &mut self.transactions.refused,
            FailureReason::Rival => &mut self.transactions.rival,
            FailureReason::Changed => &mut self.transactions.changed,
            FailureReason::OutOfGas | FailureReason::Failed => &mut self.transactions.failed,
        };
        *count = count.saturating_add(1);
    }

    pub(super) fn refused(&mut self) {
        self.transactions.refused = self.transactions.refused.saturating_add(1);
    }
}

fn as_count<S: Serializer>(accounts: &BTreeSet<String>, serializer: S) -> Result<S::Ok, S::Error> {
    accounts.len().serialize(serializer)
}

fn as_text<S: Serializer>(amount: &u128, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(amount)
}
