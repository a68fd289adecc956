//! A filter in front of the exact scan: floating-point numbers decide wherever they can't be wrong.
//!
//! Once a scan every kind of slot (asset and side) gets a weight, with index, share price, price and threshold folded
//! in. An account then is a few multiplications and additions. What follows proves that its answers are `risk`'s.
//!
//! **What is exact.** Let a slot hold the integer `x`, and let `r` be the tokens of a share or of a scaled debt, `q`
//! the raw value of a base unit, price / 10^decimals, `t ≤ 1` the threshold and `w` the borrow weight, from 1 to
//! [`BORROW_WEIGHT_MAX`]. The price is the integer that `risk` makes of the records: a collateral at the high end of
//! each, a debt at the low end. `risk` computes, for a deposit, `a = ⌊x·r⌋`, its value `v = ⌊a·q⌋` and what it carries,
//! `k = ⌊v·t⌋`; for a debt `a = ⌈x·r⌉`, `v = ⌈a·q⌉` and what it counts, `d = ⌈v·w⌉`. With the real numbers `V = x·r·q`,
//! `K = V·t` and `D = V·w`, therefore
//!
//! - deposit: `V − (q + 1) < v ≤ V` and `K − (q + 2) < k ≤ K`;
//! - debt: `V ≤ v < V + (q + 1)` and `D ≤ d < D + w(q + 2)`.
//!
//! So no slot's rounding takes or adds more than `w(q + 2)`, `w` being 1 of a deposit. The weight's slack is `2w(q + 2)`:
//! twice that, which also covers that it is a rounded number itself. (Deposits that don't count have it too; it can't
//! harm.)
//!
//! **What is rounded.** With `u = 2⁻⁵³` each of these is the true one times a factor between `1 − u` and `1 + u`: a
//! conversion of an integer, a product, a quotient, a sum. There is neither underflow nor overflow: all numbers but 0
//! lie between 10⁻¹²⁰ and 10²⁰⁰. Of a deposit's `K` the weight `r·q·t` takes 10 of them (`supply + 1`, `shares + 10⁶`,
//! price, 10^decimals and threshold converted; `r`, `q`, `t` divided, 10¹⁸ being a number of 53 bits; two products),
//! its conversion of `x` and its product 2 more, and a sum over at most 16 slots 16. That is 28 factors; a debt's `D`
//! takes fewer. So the sum `N` of what deposits carry less what debts count is off by at most `γ = 28u / (1 − 28u) <
//! 2⁻⁴⁸` of the sum of its terms' sizes, and the sums `C` of deposits' values and `V` of debts' values of themselves.
//!
//! **What is decided.** No threshold is above 1 and no borrow weight above 10, so the sizes of `N`'s terms add up to at
//! most `C + 10V`. With the sum `A` of the slacks the true `N` differs from the computed one by at most
//! `2⁻⁴⁷(C + 10V) + A/2`. [`MARGIN`] is `2⁻⁴⁵`, four times as much, which leaves ample room for the few roundings of the
//! margin and of the comparison itself. Hence
//!
//! - `N` above the margin: the account is healthy. It isn't bad debt either: its deposits are worth what they carry or
//!   more, its debts count what they are worth or more, and there are deposits;
//! - `−N` above it: it is below 1. It is bad debt if also `C` is below both `V` and the dust value by the same margin,
//!   and it is not if `C` is above one of them by that (there are deposits then);
//! - everything else is left to the exact scan.
//!
//! **Shared records.** Where a deposit and a debt hang on one record, `risk` values both at one value between its low
//! and its high end, which only the whole account tells. Prices are products of such values, rounded one way, so they
//! don't fall when a value rises: the true `carried` and `collateral` lie between those at all low ends and those at
//! all high ends, `owed` likewise. At its *best* an account has deposits at high and debts at low ends, which are the
//! weights above; at its *worst* the other way round, a second set of weights. Both sets hold what is proven above,
//! each for its own ends. Hence
//!
//! - healthy at its worst: healthy. Below 1 at its best: below 1. Bad debt at its best: bad debt, since it owes no less
//!   and has no more. Deposits above the dust value or above what is owed at its worst: not bad debt. Everything else
//!   is left to the exact scan.
//!
//! A record whose ends are equal is at its best and at its worst the same. So each record whose ends differ gets a bit,
//! in one half of a mask for deposits and in the other for debts; an account whose masks, or-ed, have a bit in both
//! halves is judged by both sets of weights, every other one by the first alone. Of more than [`BITS`] records some
//! have the same bit: then accounts are judged by both sets that need not be, which holds all the same. When no record
//! whose ends differ is on both sides of anything, there is nothing to mask.
//!
//! **What can't be judged.** The exact scan fails for an unlisted asset, or a result that doesn't fit; it counts a
//! market that contradicts itself as one of which no price is known; an unknown price counts nothing and forbids a
//! write-off; a silent collateral that declines counts by what else the account owes. A kind of slot with which any of
//! that can happen, or with a threshold above 1, has weights that are not a number, and no comparison with one holds:
//! the account is left to the exact scan. To that end the largest amount ever seen of each kind must make no more than
//! 2¹²⁷ base units and no more value than 2²⁵⁰: 16 such add up to less than 2²⁵⁶. (So does what shared records are
//! chosen by, an amount times a rate of at most 2¹²⁰.)
//!
//! **Spared accounts** are below 1 here as for `risk`: who is spared in the grace after a halt is asked of those alone.

use std::ops::Range;

use plimsoll_risk::health::{AssetState, Assets};
use plimsoll_risk::mark::{MarkPrice, RecordMark, SharedValues};
use plimsoll_risk::math::{ONE, pow10};
use plimsoll_risk::params::BORROW_WEIGHT_MAX;
use plimsoll_risk::shares::{VIRTUAL_SHARES, VIRTUAL_SUPPLY};
use plimsoll_risk::units::{Price, Ratio, ScaledDebt, SupplyShares, Value};

use crate::book::columns::{Columns, Kind, SLOTS_MAX, Side};
use crate::scan::AssetTable;

/// The share of a sum that rounding may have changed, four times over.
const MARGIN: f64 = 1.0 / (1u64 << 45) as f64;
/// More base units than this are left to the exact scan: 2¹²⁷.
const AMOUNT_MAX: f64 = (1u128 << 127) as f64;
/// More value than this is left to the exact scan: 2²⁵⁰.
const VALUE_MAX: f64 = AMOUNT_MAX * (1u128 << 123) as f64;
/// The most that a unit of debt counts.
const WEIGHT_MAX: f64 = 10.0;
/// 10¹⁸, which is 5¹⁸ × 2¹⁸ and so a number of 53 bits.
const SCALE: f64 = ONE as f64;
/// How many records whose ends differ have a bit of their own in each half of a mask.
const BITS: u32 = 32;

const _: () = assert!(SLOTS_MAX <= 16, "the proof is for 16 slots");
const _: () = assert!(BORROW_WEIGHT_MAX.raw() == 10 * ONE, "the proof is for weights of at most 10");

/// What floating-point numbers say of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guess {
    /// Surely neither below 1 nor bad debt.
    Healthy,
    /// Surely below 1, and surely not bad debt.
    Below,
    /// Surely below 1 and bad debt.
    Bad,
    /// Too close to a border, or not to be judged.
    Unsure,
}

/// The end of each record that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ends {
    /// A deposit's high end, a debt's low end.
    Best,
    /// A deposit's low end, a debt's high end.
    Worst,
}

/// What a unit of a slot of one kind adds to an account's sums.
#[derive(Clone, Copy, Debug)]
#[repr(align(32))]
struct Weight {
    /// What a deposit carries, or less than 0 by what a debt counts.
    net: f64,
    debt: f64,
    collateral: f64,
    /// Not per unit: once a slot.
    slack: f64,
}

impl Weight {
    const EMPTY: Self = Self { net: 0.0, debt: 0.0, collateral: 0.0, slack: 0.0 };
    /// A weight with which nothing compares.
    const UNKNOWN: Self = Self { net: f64::NAN, debt: f64::NAN, collateral: f64::NAN, slack: f64::NAN };

    /// `None` where the exact scan could fail, or the proof doesn't hold.
    fn of(kind: &Kind, state: &AssetState, clock: u64, ends: Ends) -> Option<Self> {
        if !is_plain(&state.mark) {
            return None;
        }
        let market = state.market.state();
        let shared = match (ends, kind.side) {
            (Ends::Best, _) => SharedValues::default(),
            (Ends::Worst, Side::Debt) => all(&state.mark, |record| record.settled.high),
            (Ends::Worst, Side::Enabled | Side::Disabled) => all(&state.mark, |record| record.settled.low),
        };
        let scale = pow10(state.params.decimals).ok()? as f64;
        let worth = |price: Price| price.raw() as f64 / scale;
        let (rate, price) = match kind.side {
            Side::Debt => (market.borrow_index.raw() as f64 / SCALE, worth(state.mark.debt_up(&shared))),
            Side::Enabled | Side::Disabled => {
                // Errs when the ledger contradicts itself: then so would every deposit.
                state.market.shares_value_down(SupplyShares::ZERO).ok()?;
                let supply = state.market.supply().ok()?.raw().checked_add(VIRTUAL_SUPPLY)?;
                let shares = market.supply_shares.raw().checked_add(VIRTUAL_SHARES)?;
                (supply as f64 / shares as f64, worth(state.mark.collateral_down(&shared)))
            }
        };
        state.market.owed_up(ScaledDebt::ZERO).ok()?;
        let threshold = state.params.liquidation_threshold.at(clock);
        let value = rate * price;
        let weight = state.params.borrow_weight.at(clock);
        let is_bounded = threshold <= Ratio::ONE && (Ratio::ONE..=BORROW_WEIGHT_MAX).contains(&weight);
        if !is_bounded || kind.most * rate > AMOUNT_MAX || kind.most * value * WEIGHT_MAX > VALUE_MAX {
            return None;
        }
        let slack = 2.0 * (price + 2.0);
        let carried = value * (threshold.raw() as f64 / SCALE);
        let weight = weight.raw() as f64 / SCALE;
        Some(match kind.side {
            Side::Enabled => Self { net: carried, debt: 0.0, collateral: value, slack },
            Side::Disabled => Self { net: 0.0, debt: 0.0, collateral: value, slack },
            Side::Debt => Self { net: -(value * weight), debt: value, collateral: 0.0, slack: slack * weight },
        })
    }
}

/// Whether a price is known, and a deposit at it counts in full whatever the account owes.
fn is_plain(mark: &MarkPrice) -> bool {
    !mark.records().is_empty() && mark.records().iter().all(|record| record.remaining == Ratio::ONE)
}

/// All records of a price at this value.
fn all(mark: &MarkPrice, value: impl Fn(&RecordMark) -> Price) -> SharedValues {
    let mut values = SharedValues::default();
    mark.records().iter().for_each(|record| values.choose(&record.denom, value(record), Ratio::ONE));
    values
}

/// By kind, the bits of the records that it hangs on and whose ends differ: of a deposit in the lower half, of a debt
/// in the upper one. Bits that nothing has in both halves are left out.
fn masks<'a>(kinds: impl Iterator<Item = Option<(Side, &'a MarkPrice)>>) -> Vec<u64> {
    let mut denoms: Vec<&str> = Vec::new();
    let mut bit = |record: &'a RecordMark| {
        let known = denoms.iter().position(|denom| *denom == record.denom);
        let at = known.unwrap_or_else(|| {
            denoms.push(&record.denom);
            denoms.len() - 1
        });
        1u64 << (at % BITS as usize)
    };
    let mut mask = |(side, mark): (Side, &'a MarkPrice)| {
        let bits = mark.records().iter().filter(|record| record.settled.low < record.settled.high).map(&mut bit);
        let bits = bits.fold(0, |mask, bit| mask | bit);
        if side == Side::Debt { bits << BITS } else { bits }
    };
    let mut masks: Vec<u64> = kinds.map(|kind| kind.map_or(0, &mut mask)).collect();
    let all = masks.iter().fold(0, |all, mask| all | mask);
    let contested = shared_bits(all);
    masks.iter_mut().for_each(|mask| *mask &= contested | contested << BITS);
    masks
}

/// The bits that a mask has in both halves.
#[inline(always)]
const fn shared_bits(mask: u64) -> u64 {
    mask & (mask >> BITS) & ((1 << BITS) - 1)
}

/// An account's sums, in raw value. Good for an order among accounts; what is done about one goes by the exact numbers.
#[derive(Clone, Copy, Debug, Default)]
pub struct FloatHealth {
    /// What its deposits carry beyond what its debts count.
    pub net: f64,
    /// What it owes.
    pub debt: f64,
    /// What its deposits are worth.
    pub collateral: f64,
    slack: f64,
}

impl FloatHealth {
    #[inline(always)]
    fn add(&mut self, amount: f64, weight: &Weight) {
        self.net += amount * weight.net;
        self.debt += amount * weight.debt;
        self.collateral += amount * weight.collateral;
        self.slack += weight.slack;
    }

    #[inline(always)]
    fn margin(&self) -> f64 {
        MARGIN * (self.collateral + WEIGHT_MAX * self.debt) + self.slack
    }

    #[inline(always)]
    fn is_healthy(&self) -> bool {
        self.net > self.margin()
    }

    #[inline(always)]
    fn is_below(&self) -> bool {
        -self.net > self.margin()
    }

    /// The guess about an account that is below 1.
    #[inline(always)]
    fn badness(&self, dust: f64) -> Guess {
        let margin = MARGIN * (self.collateral + self.debt + dust) + self.slack;
        if self.collateral - self.debt > margin || self.collateral - dust > margin {
            Guess::Below
        } else if self.debt - self.collateral > margin && dust - self.collateral > margin {
            Guess::Bad
        } else {
            Guess::Unsure
        }
    }

    fn guess(&self, dust: f64) -> Guess {
        if self.is_healthy() {
            Guess::Healthy
        } else if self.is_below() {
            self.badness(dust)
        } else {
            Guess::Unsure
        }
    }
}

/// The filter of one scan.
#[derive(Clone, Debug)]
pub struct Filter {
    /// The weights at an account's best, by number of the kind.
    best: Vec<Weight>,
    /// The weights at an account's worst.
    worst: Vec<Weight>,
    /// The records that are shared, as bits by kind; empty where none can be.
    masks: Vec<u64>,
    dust: f64,
}

/// Rows, by what is known of them.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    /// Below 1, not bad debt.
    pub below: Vec<u32>,
    /// Below 1 and bad debt.
    pub bad: Vec<u32>,
    /// Left to the exact scan.
    pub unsure: Vec<u32>,
}

impl Filter {
    /// The filter for these accounts, with the assets as they are at this time.
    pub fn new(columns: &Columns, assets: &AssetTable, dust: Value) -> Self {
        let clock = assets.moment().clock;
        let mut best = vec![Weight::UNKNOWN; usize::from(Columns::FIRST_KIND)];
        best[0] = Weight::EMPTY;
        let mut worst = best.clone();
        for kind in columns.kinds() {
            let of = |ends| Weight::of(kind, assets.asset(kind.asset)?, clock, ends);
            // Where one can't be told the other decides nothing either.
            let (at_best, at_worst) = of(Ends::Best).zip(of(Ends::Worst)).unwrap_or((Weight::UNKNOWN, Weight::UNKNOWN));
            best.push(at_best);
            worst.push(at_worst);
        }
        let kinds = columns.kinds().iter().map(|kind| Some((kind.side, &assets.asset(kind.asset)?.mark)));
        let mut masks = masks((0..Columns::FIRST_KIND).map(|_| None).chain(kinds));
        if masks.iter().all(|mask| *mask == 0) {
            masks.clear();
        }
        Self { best, worst, masks, dust: to_f64(dust) }
    }

    /// The sums of the account in this row, at its best.
    pub fn float_health(&self, columns: &Columns, row: usize) -> FloatHealth {
        sum(&self.best, columns, row)
    }

    /// Judges these rows.
    pub fn judge(&self, columns: &Columns, rows: Range<usize>) -> Rows {
        if self.masks.is_empty() {
            self.judge_rows::<false>(columns, rows)
        } else {
            self.judge_rows::<true>(columns, rows)
        }
    }

    fn judge_rows<const MASKED: bool>(&self, columns: &Columns, rows: Range<usize>) -> Rows {
        let (amounts, numbers) = columns.rows();
        let mut found = Rows::default();
        let first = rows.start;
        let slots = amounts.get(rows.clone()).unwrap_or_default().iter().zip(numbers.get(rows).unwrap_or_default());
        for (at, (amounts, numbers)) in slots.enumerate() {
            let mut sums = FloatHealth::default();
            let mut mask = 0;
            for (amount, number) in amounts.iter().zip(numbers) {
                sums.add(*amount, weight(&self.best, *number));
                if MASKED {
                    mask |= self.mask(*number);
                }
            }
            let row = first + at;
            if MASKED && shared_bits(mask) != 0 {
                found.add(row, self.between(columns, row, &sums));
                continue;
            }
            if sums.is_healthy() {
                continue;
            }
            let guess = if sums.is_below() { sums.badness(self.dust) } else { self.closer(columns, row) };
            found.add(row, guess);
        }
        found
    }

    /// What the row alone doesn't tell.
    #[cold]
    fn closer(&self, columns: &Columns, row: usize) -> Guess {
        let Some(slots) = columns.apart(row) else { return Guess::Unsure };
        let best = self.float_health(columns, row);
        let mask = slots.iter().fold(0, |mask, (_, number)| mask | self.mask(*number));
        if shared_bits(mask) == 0 { best.guess(self.dust) } else { self.between(columns, row, &best) }
    }

    /// An account of which a record hangs on both sides: it lies between its best and its worst.
    #[cold]
    fn between(&self, columns: &Columns, row: usize, best: &FloatHealth) -> Guess {
        let worst = sum(&self.worst, columns, row);
        if worst.is_healthy() {
            return Guess::Healthy;
        }
        if !best.is_below() {
            return Guess::Unsure;
        }
        match (best.badness(self.dust), worst.badness(self.dust)) {
            (Guess::Bad, _) => Guess::Bad,
            (_, Guess::Below) => Guess::Below,
            _ => Guess::Unsure,
        }
    }

    #[inline(always)]
    fn mask(&self, number: u16) -> u64 {
        self.masks.get(usize::from(number)).copied().unwrap_or_default()
    }
}

#[inline(always)]
fn weight(weights: &[Weight], number: u16) -> &Weight {
    weights.get(usize::from(number)).unwrap_or(&Weight::UNKNOWN)
}

/// The sums of the account in this row by these weights.
fn sum(weights: &[Weight], columns: &Columns, row: usize) -> FloatHealth {
    let (amounts, numbers) = columns.rows();
    let mut sums = FloatHealth::default();
    match (columns.apart(row), amounts.get(row).zip(numbers.get(row))) {
        (Some(slots), _) => slots.iter().for_each(|(amount, number)| sums.add(*amount, weight(weights, *number))),
        (None, Some((amounts, numbers))) => {
            amounts.iter().zip(numbers).for_each(|(amount, number)| sums.add(*amount, weight(weights, *number)));
        }
        (None, None) => {}
    }
    sums
}

impl Rows {
    #[inline(always)]
    fn add(&mut self, row: usize, guess: Guess) {
        // The scan refuses books with more rows than this counts.
        let row = u32::try_from(row).unwrap_or(u32::MAX);
        match guess {
            Guess::Healthy => {}
            Guess::Below => self.below.push(row),
            Guess::Bad => self.bad.push(row),
            Guess::Unsure => self.unsure.push(row),
        }
    }

    /// Adds what is known of other rows.
    pub fn append(&mut self, mut other: Self) {
        self.below.append(&mut other.below);
        self.bad.append(&mut other.bad);
        self.unsure.append(&mut other.unsure);
    }
}

/// A value as a number of 53 bits: three roundings at most.
pub fn to_f64(value: Value) -> f64 {
    let bytes = value.raw().to_be_bytes();
    let half = |half: &[u8]| half.iter().fold(0u128, |number, byte| number << 8 | u128::from(*byte)) as f64;
    let (high, low) = bytes.split_at(16);
    half(high) * (1u128 << 64) as f64 * (1u128 << 64) as f64 + half(low)
}
