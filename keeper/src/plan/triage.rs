//! Which accounts came to nothing, so that nobody sizes them again before something has changed; and whose turn it is. Pure.
//!
//! Sizing is dear: where a sale doesn't pay, a part of it that does is searched for. So no more than [`JUDGED_MAX`] accounts are looked at in a
//! block. One that came to nothing with all the resources there are goes behind the others, and of those like it the one is next that was
//! looked at longest ago: however many are hopeless, each account has its turn, in half of the places before any has two (the other half is for those
//! whose debt isn't too small to pay, see [`priority`](crate::plan::priority)). It isn't looked at again as long as what
//! decided is the same: its record; the pool's settings; the prices of its assets and the pairs, but for [`PRICE_TOLERANCE`]; no more coins to spend and cash
//! in its markets, but for [`GROWTH_TOLERANCE`]. After [`RECHECK_BLOCKS`] blocks it is all the same, since interest grows.

use std::collections::{BTreeMap, HashMap};

use plimsoll_risk::account::Account;
use plimsoll_risk::health::Assets;
use plimsoll_risk::liquidation::LiquidationTerms;
use plimsoll_risk::params::{AssetId, AssetParams};
use plimsoll_risk::units::{Amount, Price, Ratio};
use plimsoll_schema::pool::AccountKey;

use crate::book::Book;
use crate::dex::Pair;
use crate::plan::evidence::{Counted, changed_by};
use crate::plan::{Resources, Skip};
use crate::scan::Scan;

/// How many accounts are looked at in a block.
pub const JUDGED_MAX: usize = 512;
/// By how much prices and pairs may move before it is looked again.
const PRICE_TOLERANCE: Ratio = Ratio::bps(10);
/// By how much coins and cash may grow before it is looked again.
const GROWTH_TOLERANCE: Ratio = Ratio::percent(10);
/// After how many blocks it is looked again in any case.
const RECHECK_BLOCKS: u64 = 200;

/// What came of each account that was looked at.
#[derive(Debug)]
pub struct Triage {
    height: u64,
    most: usize,
    judged: usize,
    /// Pairs and settings as they were when they were last seen to have moved, and how often that was.
    pairs: Vec<Pair>,
    settings: Option<(LiquidationTerms, Vec<AssetParams>)>,
    moves: u64,
    accounts: HashMap<AccountKey, Attempt>,
}

/// The last look at an account.
#[derive(Debug)]
struct Attempt {
    height: u64,
    /// Why it came to nothing; `None` when something could be done.
    unprofitable: Option<Unprofitable>,
}

#[derive(Debug)]
struct Unprofitable {
    reason: Skip,
    account: Account,
    inputs: Vec<(AssetId, Input)>,
    moves: u64,
}

/// What of an asset decides: what it counts at in liquidation, what it brings and costs, and how much of it there is.
#[derive(Clone, Copy, Debug)]
struct Input {
    counted: Counted,
    brings: Price,
    costs: Price,
    cash: Amount,
    coins: Amount,
}

/// What of all assets decides, at one block and for one key.
#[derive(Debug)]
pub(super) struct Inputs(BTreeMap<AssetId, Input>);

/// Knows nothing, and looks at as many as there are.
impl Default for Triage {
    fn default() -> Self {
        Self {
            height: 0,
            most: usize::MAX,
            judged: 0,
            pairs: Vec::new(),
            settings: None,
            moves: 0,
            accounts: HashMap::new(),
        }
    }
}

impl Triage {
    /// For this block no more than [`JUDGED_MAX`] are looked at. Who isn't in trouble any more is forgotten.
    pub fn begin(&mut self, book: &Book, scan: &Scan) {
        self.height = book.head.height;
        self.most = JUDGED_MAX;
        self.judged = 0;
        self.accounts.retain(|key, _| scan.is_actionable(book, key));
        let settings = Some((book.terms, book.assets.values().map(|asset| asset.params.clone()).collect()));
        if self.settings != settings {
            self.settings = settings;
            self.moves = self.moves.saturating_add(1);
        }
    }

    /// How many were looked at in this block.
    pub const fn judged(&self) -> usize {
        self.judged
    }

    /// What decides now.
    pub(super) fn inputs(&mut self, book: &Book, scan: &Scan, resources: &Resources<'_>) -> Inputs {
        let pairs = resources.sales.as_ref().map_or(&[][..], |sales| sales.pairs());
        if self.pairs.len() != pairs.len() || !self.pairs.iter().zip(pairs).all(|(then, now)| is_still(then, now)) {
            self.pairs = pairs.to_vec();
            self.moves = self.moves.saturating_add(1);
        }
        let input = |id: &AssetId| {
            let mark = &scan.assets.asset(*id)?.mark;
            let coins = resources.available(&book.denom_of(*id)).min(resources.affordable(scan, *id));
            let cash = resources.cash(scan, *id);
            let brings = scan.assets.brings_down(*id);
            let costs = scan.assets.costs_up(*id);
            Some((*id, Input { counted: Counted::of(mark), brings, costs, cash, coins }))
        };
        Inputs(book.assets.keys().filter_map(input).collect())
    }

    /// Why it would come to nothing again; `None` when it has to be looked at.
    pub(super) fn reason(&self, key: &AccountKey, account: &Account, inputs: &Inputs) -> Option<Skip> {
        let attempt = self.accounts.get(key)?;
        let unprofitable = attempt.unprofitable.as_ref().filter(|unprofitable| is_lasting(unprofitable.reason))?;
        let recent = self.height < attempt.height.saturating_add(RECHECK_BLOCKS) && unprofitable.moves == self.moves;
        let same = || unprofitable.inputs.iter().all(|(id, then)| inputs.0.get(id).is_some_and(|now| then.holds(now)));
        (recent && unprofitable.account == *account && same()).then_some(unprofitable.reason)
    }

    /// Why it came to nothing when it was looked at last; `None` when it never was, or something could be done.
    pub(super) fn last(&self, key: &AccountKey) -> Option<Skip> {
        self.accounts.get(key)?.unprofitable.as_ref().map(|unprofitable| unprofitable.reason)
    }

    /// The less, the sooner it is its turn: 0 unless it came to nothing, then the block at which that was.
    pub(super) fn turn(&self, key: &AccountKey) -> u64 {
        self.accounts.get(key).filter(|attempt| attempt.unprofitable.is_some()).map_or(0, |attempt| attempt.height)
    }

    /// Whether it may be looked at in this block: again, or while others haven't used that up.
    pub(super) fn may_judge(&mut self, key: &AccountKey) -> bool {
        if self.accounts.get(key).is_some_and(|attempt| attempt.height == self.height) {
            return true;
        }
        let may = self.judged < self.most;
        self.judged += usize::from(may);
        may
    }

    /// Something could be done about it.
    pub(super) fn viable(&mut self, key: &AccountKey) {
        self.accounts.insert(key.clone(), Attempt { height: self.height, unprofitable: None });
    }

    /// It came to nothing, with all the resources there are.
    pub(super) fn unprofitable(&mut self, key: &AccountKey, account: &Account, reason: Skip, inputs: &Inputs) {
        let inputs = account.assets().filter_map(|id| Some((id, *inputs.0.get(&id)?))).collect();
        let unprofitable = Some(Unprofitable { reason, account: account.clone(), inputs, moves: self.moves });
        self.accounts.insert(key.clone(), Attempt { height: self.height, unprofitable });
    }
}

impl Input {
    fn holds(&self, now: &Self) -> bool {
        let still = |then: Price, now: Price| !changed_by(then.raw(), now.raw(), PRICE_TOLERANCE);
        let no_more = |then: Amount, now: Amount| now <= then || !changed_by(then.raw(), now.raw(), GROWTH_TOLERANCE);
        !self.counted.changed_by(&now.counted, PRICE_TOLERANCE)
            && still(self.brings, now.brings)
            && still(self.costs, now.costs)
            && no_more(self.cash, now.cash)
            && no_more(self.coins, now.coins)
    }
}

/// Whether a reason hangs on nothing but what is compared.
const fn is_lasting(reason: Skip) -> bool {
    matches!(reason, Skip::Dust | Skip::Unprofitable | Skip::NoRoute | Skip::NoInventory | Skip::NoCash)
}

fn is_still(then: &Pair, now: &Pair) -> bool {
    let same = then.address == now.address && then.denoms == now.denoms && then.fee == now.fee;
    same && then
        .reserves
        .iter()
        .zip(now.reserves)
        .all(|(then, now)| !changed_by(then.raw(), now.raw(), PRICE_TOLERANCE))
}
