//! What became of what was sent: it is resolved, told, and held against whoever is to blame.

use futures_util::future::join_all;
use plimsoll_schema::pool::AccountKey;

use crate::chain::{Chain, Coin, Head, Included, TxStatus};
use crate::dex::client::DexClient;
use crate::error::{Class, Error, Result};
use crate::keeper::Keeper;
use crate::keeper::report::{failed_message, is_open, out_of_gas};
use crate::plan::evidence::Evidence;
use crate::scan::Scan;
use crate::tx::journal::Intent;
use crate::tx::receipt::{Failure, Settled, Speakers, failures, settlements};
use crate::tx::{FailedTx, FailureReason};

impl<C: Chain> Keeper<C> {
    /// Resolves what is in flight, without sending anything new. A transaction that no node is known to have is
    /// broadcast again as it was. The next report tells what it did. A key of which nobody tells keeps what it has in
    /// flight; of all keys that is an error.
    pub(super) async fn resolve(&mut self, head: &Head, scan: &Scan) -> Result<()> {
        let mut unknown = Vec::new();
        for at in 0..self.workers.len() {
            let resolved = match self.workers[at].executor.resolve(head).await {
                Err(error) if error.class() != Class::Halt => {
                    unknown.push((at, error));
                    continue;
                }
                resolved => resolved?,
            };
            let Some((intent, status)) = resolved else { continue };
            self.observer.resolved(&intent, &status);
            self.workers[at].sent.clear();
            let seen = self.workers[at].seen.take();
            match status {
                TxStatus::Included(included) if included.code == 0 => {
                    // Gas money and a publication alone prove nothing of liquidations.
                    if !intent.accounts.is_empty() {
                        self.workers[at].executor.throttle().worked();
                        self.failures = 0;
                    }
                    self.succeeded(&intent, &included, scan, seen.as_ref());
                }
                TxStatus::Included(included) => self.blame(at, intent, &included, scan, seen.as_ref())?,
                TxStatus::Expired | TxStatus::NotFound { .. } => {
                    // It may have been too large for the blocks that were seen to leave it out: nobody says so.
                    let sent_at = intent.timeout_height.saturating_sub(self.strategy.timeout_blocks);
                    let left_out = self.workers[at].executor.was_missing_after(sent_at);
                    if left_out && !intent.accounts.is_empty() {
                        self.workers[at].executor.throttle().failed(intent.accounts.len());
                    }
                    let reason = format!("not included by block {}", intent.timeout_height);
                    self.tell_failed(FailedTx { intent, why: FailureReason::Expired, reason, gas_used: 0 });
                }
            }
        }
        join_all(self.workers.iter_mut().map(|worker| worker.executor.broadcast_again(head))).await;
        self.unless_all(unknown, "nobody tells what became of this key's transaction")
    }

    /// What is wrong with some keys is told; with all of them it is an error.
    pub(super) fn unless_all(&self, mut wrong: Vec<(usize, Error)>, what: &str) -> Result<()> {
        if !wrong.is_empty() && wrong.len() == self.workers.len() {
            return Err(wrong.swap_remove(0).1);
        }
        self.tell_wrong(wrong, what);
        Ok(())
    }

    /// What is wrong with these keys.
    pub(super) fn tell_wrong(&self, wrong: Vec<(usize, Error)>, what: &str) {
        for (at, error) in wrong {
            tracing::warn!(%error, sender = self.workers[at].executor.sender(), what);
        }
    }

    fn tell_failed(&mut self, lost: FailedTx) {
        self.observer.failed(&lost);
        let FailedTx { intent, why, reason, gas_used } = &lost;
        tracing::warn!(hash = intent.hash, %why, reason, gas_used, "transaction did nothing");
        self.untold.failed.push(lost);
    }

    /// A transaction that failed in its block: whoever is to blame is left alone for a while, unless somebody else was
    /// first. When it isn't said who is, the next transactions are smaller, until one account stands alone.
    fn blame(
        &mut self,
        at: usize,
        intent: Intent,
        included: &Included,
        scan: &Scan,
        seen: Option<&Evidence>,
    ) -> Result<()> {
        let throttle = self.workers[at].executor.throttle();
        let count = intent.accounts.len();
        let ran_out = out_of_gas(included);
        let known =
            if ran_out { None } else { failed_message(&included.log).and_then(|index| intent.accounts_of(index)) };
        let alone = || (count == 1).then_some(intent.accounts.as_slice());
        let blamed = match known.or_else(|| alone().filter(|_| !ran_out)) {
            Some(accounts) => accounts,
            None if ran_out && !throttle.out_of_gas(count) => &intent.accounts,
            None if ran_out => &[],
            None if count == 0 => &[],
            None => {
                throttle.failed(count);
                &[]
            }
        };
        let open = blamed.iter().filter(|account| is_open(account, &self.book, scan));
        let open: Vec<AccountKey> = open.filter_map(|name| name.parse().ok()).collect();
        let changed = |key: &AccountKey| seen.is_some_and(|seen| seen.is_past(key, &self.book));
        let why = match () {
            () if ran_out => FailureReason::OutOfGas,
            () if blamed.is_empty() => FailureReason::Failed,
            () if open.is_empty() => FailureReason::Rival,
            () if open.iter().all(changed) => FailureReason::Changed,
            () => FailureReason::Failed,
        };
        // What one account's owner does to it must not undo the others again.
        if why == FailureReason::Changed && count > 1 {
            self.workers[at].executor.throttle().failed(count);
        }
        for key in open {
            self.memory.note_failure(&key, included.height, &self.book, seen);
        }
        let reason = format!("failed with code {} of {}: {}", included.code, included.codespace, included.log);
        self.tell_failed(FailedTx { why, reason: reason.clone(), gas_used: included.gas_used, intent });
        // A publication or a transfer that fails proves nothing of liquidations either.
        if count == 0 { Ok(()) } else { self.count_failure(why, reason) }
    }

    /// Too many in a row are not chance: better nothing is sent than gas is burnt. What others did on the way is none.
    fn count_failure(&mut self, why: FailureReason, reason: String) -> Result<()> {
        if !matches!(why, FailureReason::Rival | FailureReason::Changed) {
            self.failures = self.failures.saturating_add(1);
        }
        let most = self.strategy.max_failures;
        if most > 0 && self.failures >= most {
            return Err(Error::TooManyFailures { times: self.failures, reason });
        }
        Ok(())
    }

    /// Keeps what a transaction did. Its items that came to nothing are left alone for a while, unless somebody else
    /// was first.
    fn succeeded(&mut self, intent: &Intent, included: &Included, scan: &Scan, seen: Option<&Evidence>) {
        let liquidator = self.dex_client.as_ref().map(DexClient::liquidator);
        let settled = settlements(included, &self.book, &scan.assets, liquidator);
        self.new_shares |= settled.iter().any(|done| !done.shares.is_zero());
        report(intent, included.gas_used, &settled);
        for key in settled.iter().filter_map(|done| done.account.parse().ok()) {
            self.memory.note_success(&key);
        }
        let speakers = Speakers { pool: &self.book.addresses.pool, liquidator, sender: &intent.sender };
        for failure in failures(&included.events, intent.may_fail_alone(), speakers) {
            let failure = Failure { rival: !is_open(&failure.account, &self.book, scan), ..failure };
            let Failure { account, reason, rival, .. } = &failure;
            tracing::warn!(
                hash = intent.hash,
                height = included.height,
                account,
                reason,
                rival,
                "an item came to nothing"
            );
            if let Some(key) = account.parse().ok().filter(|_| !failure.rival) {
                self.memory.note_failure(&key, included.height, &self.book, seen);
            }
            self.untold.failures.push(failure);
        }
        self.untold.settled.extend(settled);
    }
}

fn report(intent: &Intent, gas_used: u64, settled: &[Settled]) {
    for done in settled {
        let coin = |coin: &Option<Coin>| coin.as_ref().map(ToString::to_string).unwrap_or_default();
        tracing::info!(
            hash = intent.hash,
            height = done.height,
            gas_used,
            account = done.account,
            action = done.action,
            repaid = coin(&done.repaid),
            seized = coin(&done.seized),
            fee = coin(&done.fee),
            profit = %done.profit,
            losses = done.losses.len(),
            "settled"
        );
    }
}
