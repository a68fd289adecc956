//! The last sizing of one account, and what decided about it. Pure.
//!
//! Sizing takes long: where a sale of all doesn't pay, a part that does is searched for. So an account for which it
//! found nothing to do isn't sized again as long as what decided is the same. Of such accounts the one is next that was
//! sized longest ago: however many there are, each has its turn, in half of the places before any has two. The other
//! half is for those whose debt isn't too small to pay; see [`priority`](crate::plan::priority).

use std::collections::BTreeMap;

use plimsoll_risk::account::Account;
use plimsoll_risk::health::Assets;
use plimsoll_risk::liquidation::LiquidationTerms;
use plimsoll_risk::params::{AssetId, AssetParams};
use plimsoll_risk::units::{Amount, Price, Ratio};

use crate::book::Book;
use crate::dex::Pair;
use crate::plan::evidence::{Counted, changed_by};
use crate::plan::{Resources, Skip};
use crate::scan::Scan;

/// The share by which a price or a reserve may move before an account is sized again.
const PRICE_TOLERANCE: Ratio = Ratio::bps(10);
/// The share by which coins or cash may grow before an account is sized again.
const GROWTH_TOLERANCE: Ratio = Ratio::percent(10);
/// After how many blocks an account is sized again in any case, since interest grows.
const RECHECK_BLOCKS: u64 = 200;

/// The last sizing of an account.
#[derive(Debug)]
pub(super) struct Attempt {
    height: u64,
    /// Why it found nothing to do; `None` when it found something.
    unprofitable: Option<Unprofitable>,
}

#[derive(Debug)]
struct Unprofitable {
    reason: Skip,
    account: Account,
    inputs: Vec<(AssetId, Input)>,
    conditions: u64,
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

/// What decides about a sizing, at one block and for one key.
#[derive(Debug)]
pub(in crate::plan) struct Inputs {
    assets: BTreeMap<AssetId, Input>,
    /// The version of the [`Conditions`].
    conditions: u64,
}

/// What decides about all accounts alike: pairs and the pool's settings, as they were when they were last seen to have
/// moved.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    pairs: Vec<Pair>,
    settings: Option<Settings>,
    /// How often pairs or settings have moved.
    version: u64,
}

#[derive(Debug, PartialEq, Eq)]
struct Settings {
    terms: LiquidationTerms,
    assets: Vec<AssetParams>,
}

impl Conditions {
    /// How often pairs or settings have moved.
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// The pool's settings are these.
    pub fn see_settings(&mut self, book: &Book) {
        let assets = book.assets.values().map(|asset| asset.params.clone()).collect();
        let settings = Some(Settings { terms: book.terms, assets });
        if self.settings != settings {
            self.settings = settings;
            self.version = self.version.saturating_add(1);
        }
    }

    /// The pairs are these.
    pub fn see_pairs(&mut self, pairs: &[Pair]) {
        let still =
            self.pairs.len() == pairs.len() && self.pairs.iter().zip(pairs).all(|(then, now)| is_still(then, now));
        if !still {
            self.pairs = pairs.to_vec();
            self.version = self.version.saturating_add(1);
        }
    }
}

impl Inputs {
    /// The inputs of a sizing with these resources, under the conditions of this version.
    pub(super) fn of(book: &Book, scan: &Scan, resources: &Resources<'_>, conditions: u64) -> Self {
        let input = |id: &AssetId| {
            let mark = &scan.assets.asset(*id)?.mark;
            let input = Input {
                counted: Counted::of(mark),
                brings: scan.assets.brings_down(*id),
                costs: scan.assets.costs_up(*id),
                cash: resources.cash(scan, *id),
                coins: resources.available(&book.denom_of(*id)).min(resources.affordable(scan, *id)),
            };
            Some((*id, input))
        };
        Self { assets: book.assets.keys().filter_map(input).collect(), conditions }
    }
}

impl Attempt {
    /// A sizing at this block that found something to do.
    pub const fn viable(height: u64) -> Self {
        Self { height, unprofitable: None }
    }

    /// A sizing at this block that found nothing to do about this record.
    pub fn unprofitable(height: u64, account: &Account, reason: Skip, inputs: &Inputs) -> Self {
        let own = account.assets().filter_map(|id| Some((id, *inputs.assets.get(&id)?))).collect();
        let unprofitable =
            Unprofitable { reason, account: account.clone(), inputs: own, conditions: inputs.conditions };
        Self { height, unprofitable: Some(unprofitable) }
    }

    /// Why it found nothing to do; `None` when it found something.
    pub fn reason(&self) -> Option<Skip> {
        self.unprofitable.as_ref().map(|unprofitable| unprofitable.reason)
    }

    /// The place in the queue, the least first: 0 when it found something to do, otherwise its block.
    pub const fn turn(&self) -> u64 {
        if self.unprofitable.is_some() { self.height } else { 0 }
    }

    /// Whether it was made at this block.
    pub const fn is_of(&self, height: u64) -> bool {
        self.height == height
    }

    /// Why another sizing, of this record at this block, would find nothing to do either; `None` where it may find
    /// something.
    pub fn still_unprofitable(&self, height: u64, account: &Account, inputs: &Inputs) -> Option<Skip> {
        let before = self.unprofitable.as_ref().filter(|before| is_lasting(before.reason))?;
        let recent = height < self.height.saturating_add(RECHECK_BLOCKS) && before.conditions == inputs.conditions;
        let same = || before.inputs.iter().all(|(id, then)| inputs.assets.get(id).is_some_and(|now| then.holds(now)));
        (recent && before.account == *account && same()).then_some(before.reason)
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
    let mut reserves = then.reserves.iter().zip(now.reserves);
    same && reserves.all(|(then, now)| !changed_by(then.raw(), now.raw(), PRICE_TOLERANCE))
}
