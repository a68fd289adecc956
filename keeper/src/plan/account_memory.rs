//! What the keeper remembers of an account from block to block: one record for each account. Pure: heights, times and
//! books are passed in.
//!
//! The memory stands in `plan`, because the plan reads it: a module of its own above `plan` would be used by what it
//! uses. Nothing of it survives a restart. What was spent does, in the journal; see [`limits`](crate::plan::limits).

mod attempt;
mod backoff;

use std::collections::{HashMap, HashSet};

use plimsoll_risk::account::Account;
use plimsoll_risk::units::Ratio;
use plimsoll_schema::pool::AccountKey;

use crate::book::Book;
use crate::plan::account_memory::attempt::{Attempt, Conditions};
use crate::plan::account_memory::backoff::Backoff;
use crate::plan::evidence::{AccountEvidence, Evidence};
use crate::plan::{Resources, Skip};
use crate::scan::Scan;

pub(super) use attempt::Inputs;
pub use backoff::COOLDOWN_BLOCKS;

/// How many accounts are sized in a block, for all keys together: where a sale of all doesn't pay, sizing searches for
/// a part that does, and that takes long.
pub const SIZED_MAX: usize = 512;

/// What the keeper remembers of accounts.
///
/// **Retry rules.** An account below health factor 1 is left alone
/// - after a failure, in a block or in simulation: for 10 blocks, after each further one twice as long, up to 640
///   blocks, or until a price of its assets or its record changes by more than `strategy.cooldown_lift`. A record ends
///   the wait once in 10 blocks at most, and a larger deposit never: anybody may change that much of another's account.
/// - after a failure that a change between sending and the block explains: not at all, 3 times in a row.
/// - after a failure in simulation of a plan that is old: not at all, once in 20 blocks.
/// - after a sizing that found nothing to do: until its record, a setting, a price or a pair's reserve changes by more
///   than 0.1 %, the key's coins or a market's cash grow by more than 10 %, or 200 blocks have passed.
/// - while its transaction's fee alone is more than the hour has left.
///
/// A success forgets its failures, and so do 5,000 blocks after the last wait. The time since when it is below 1 and
/// its last sizing are forgotten at the first block at which nothing is to be done about it. So the memory holds no
/// more accounts than are below 1 or failed within those blocks.
#[derive(Debug)]
pub struct AccountMemory {
    /// The block that the keeper works on.
    height: u64,
    accounts: HashMap<AccountKey, Remembered>,
    /// What decides about all accounts alike.
    conditions: Conditions,
    /// How many accounts were sized at this block.
    sized: usize,
    /// How many accounts may be sized at this block.
    sized_max: usize,
}

/// What is remembered of one account. Each part has a rule of its own by which it is forgotten.
#[derive(Debug, Default)]
struct Remembered {
    /// The time of the first of all blocks in a row at which something was to be done about it, in seconds.
    first_seen: Option<u64>,
    /// Its last sizing.
    attempt: Option<Attempt>,
    /// Its failures, in blocks or in simulation.
    backoff: Backoff,
    /// The fee of a transaction about it alone that the hour had no room for, in base units of the gas denom.
    too_dear: Option<u128>,
}

/// Knows nothing. Until the first block begins, any number of accounts may be sized.
impl Default for AccountMemory {
    fn default() -> Self {
        Self { height: 0, accounts: HashMap::new(), conditions: Conditions::default(), sized: 0, sized_max: usize::MAX }
    }
}

impl AccountMemory {
    /// A block begins, of which the book is true: something is to be done about the `actionable` accounts and no
    /// others. A price or a record that has changed by more than `lift` ends a wait. `fee_left` is what may be paid for
    /// one transaction now, in base units of the gas denom; `None` is no limit.
    pub fn begin_block(&mut self, book: &Book, actionable: &[&AccountKey], lift: Ratio, fee_left: Option<u128>) {
        let height = book.head.height;
        self.height = height;
        self.sized = 0;
        self.sized_max = SIZED_MAX;
        self.conditions.see_settings(book);
        self.see(book.head.time, actionable);
        self.accounts.retain(|key, remembered| {
            remembered.backoff.expire(key, height, book, lift);
            remembered.too_dear.take_if(|fee| !is_above(*fee, fee_left));
            !remembered.is_empty()
        });
    }

    /// In a block of this time, in seconds, something is to be done about these accounts and no others.
    pub fn see(&mut self, now: u64, actionable: &[&AccountKey]) {
        let still: HashSet<&AccountKey> = actionable.iter().copied().collect();
        for (_, remembered) in self.accounts.iter_mut().filter(|(key, _)| !still.contains(key)) {
            remembered.first_seen = None;
            remembered.attempt = None;
        }
        for key in actionable {
            match self.accounts.get_mut(*key) {
                Some(remembered) => _ = remembered.first_seen.get_or_insert(now),
                None => self.of(key).first_seen = Some(now),
            }
        }
    }

    /// How many accounts something is remembered of.
    pub fn len(&self) -> usize {
        self.accounts.len()
    }

    /// Whether nothing is remembered of any account.
    pub fn is_empty(&self) -> bool {
        self.accounts.is_empty()
    }

    /// Since when something is to be done about this account, in seconds; `None` while nothing is.
    pub fn first_seen(&self, key: &AccountKey) -> Option<u64> {
        self.accounts.get(key)?.first_seen
    }

    /// The earliest time since when something is to be done about one of these accounts, in seconds.
    pub fn oldest_of<'k>(&self, keys: impl IntoIterator<Item = &'k AccountKey>) -> Option<u64> {
        keys.into_iter().filter_map(|key| self.first_seen(key)).min()
    }

    /// A transaction failed about this account, in the block of this height. `sent` is what the transaction rested on:
    /// a failure that a change since then explains is planned anew at once, a few times.
    pub fn note_failure(&mut self, key: &AccountKey, height: u64, book: &Book, sent: Option<&Evidence>) {
        let changed = sent.is_some_and(|sent| sent.is_past(key, book));
        let evidence = AccountEvidence::of(key, book);
        self.of(key).backoff.failed(Skip::Cooldown, height, evidence, changed);
    }

    /// A simulation at the block of this height says that this account would fail. Where the plan was `old` that is
    /// forgiven once, for all keys at this block. An account that fails again is left alone, however late blocks' work
    /// always is.
    pub fn note_would_fail(&mut self, key: &AccountKey, height: u64, book: &Book, old: bool) {
        let backoff = &mut self.of(key).backoff;
        if !old || !backoff.forgive(height) {
            backoff.failed(Skip::WouldFail, height, AccountEvidence::of(key, book), false);
        }
    }

    /// What was planned for this account worked.
    pub fn note_success(&mut self, key: &AccountKey) {
        if let Some(remembered) = self.accounts.get_mut(key) {
            remembered.backoff = Backoff::default();
        }
    }

    /// A transaction about this account alone costs this fee, in base units of the gas denom: more than the hour has
    /// left.
    pub fn note_too_dear(&mut self, key: &AccountKey, fee: u128) {
        self.of(key).too_dear = Some(fee);
    }

    /// Why this account is left alone, whatever a liquidation would bring, where so much may be paid for a transaction.
    pub fn left_alone(&self, key: &AccountKey, fee_left: Option<u128>) -> Option<Skip> {
        let remembered = self.accounts.get(key)?;
        match remembered.too_dear {
            Some(fee) if is_above(fee, fee_left) => Some(Skip::Budget),
            _ => remembered.backoff.left_alone(self.height),
        }
    }

    /// How many accounts were sized at this block.
    pub const fn sized(&self) -> usize {
        self.sized
    }

    /// What decides about a sizing with these resources.
    pub(super) fn inputs(&mut self, book: &Book, scan: &Scan, resources: &Resources<'_>) -> Inputs {
        self.conditions.see_pairs(resources.sales.as_ref().map_or(&[][..], |sales| sales.pairs()));
        Inputs::of(book, scan, resources, self.conditions.version())
    }

    /// Why a sizing of this account would find nothing to do again; `None` where it may find something.
    pub(super) fn still_unprofitable(&self, key: &AccountKey, account: &Account, inputs: &Inputs) -> Option<Skip> {
        self.attempt(key)?.still_unprofitable(self.height, account, inputs)
    }

    /// Why the last sizing of this account found nothing to do; `None` without one, or where it found something.
    pub(super) fn last_reason(&self, key: &AccountKey) -> Option<Skip> {
        self.attempt(key)?.reason()
    }

    /// The place of this account in the queue, the least first: 0 unless its last sizing found nothing to do, otherwise
    /// the height of that block.
    pub(super) fn turn(&self, key: &AccountKey) -> u64 {
        self.attempt(key).map_or(0, Attempt::turn)
    }

    /// Whether this account may be sized at this block: once more, or while others have left room for it. Counts it.
    pub(super) fn may_size(&mut self, key: &AccountKey) -> bool {
        if self.attempt(key).is_some_and(|attempt| attempt.is_of(self.height)) {
            return true;
        }
        let may = self.sized < self.sized_max;
        self.sized += usize::from(may);
        may
    }

    /// A sizing of this account, with these inputs, found nothing to do with all the resources there are.
    pub(super) fn note_unprofitable(&mut self, key: &AccountKey, account: &Account, reason: Skip, inputs: &Inputs) {
        let attempt = Attempt::unprofitable(self.height, account, reason, inputs);
        self.of(key).attempt = Some(attempt);
    }

    /// A sizing of this account found something to do.
    pub(super) fn note_viable(&mut self, key: &AccountKey) {
        let attempt = Attempt::viable(self.height);
        self.of(key).attempt = Some(attempt);
    }

    fn attempt(&self, key: &AccountKey) -> Option<&Attempt> {
        self.accounts.get(key)?.attempt.as_ref()
    }

    fn of(&mut self, key: &AccountKey) -> &mut Remembered {
        self.accounts.entry(key.clone()).or_default()
    }
}

impl Remembered {
    const fn is_empty(&self) -> bool {
        self.first_seen.is_none() && self.attempt.is_none() && self.backoff.is_empty() && self.too_dear.is_none()
    }
}

/// Whether a fee is more than may be paid; `None` is no limit.
fn is_above(fee: u128, left: Option<u128>) -> bool {
    left.is_some_and(|left| fee > left)
}
