//! A filter in front of the exact scan: floating-point numbers decide wherever they can't be wrong.
//!
//! Once a scan every kind of slot (asset and side) gets a weight, with index, share price, price, guards and threshold folded in. An
//! account then is a few multiplications and additions. What follows proves that its answers are `risk`'s.
//!
//! **What is exact.** Let a slot hold the integer `x`, and let `r` be the tokens of a share or of a scaled debt, `q` the raw value of a
//! base unit, price / 10^decimals, and `t ≤ 1` the threshold. `risk` computes, for a deposit, `a = ⌊x·r⌋`, its value `v = ⌊a·q⌋` and what
//! it carries, `k = ⌊v·t⌋`; for a debt `a = ⌈x·r⌉` and `v = ⌈a·q⌉`. With the real numbers `V = x·r·q` and `K = V·t`, therefore
//!
//! - deposit: `V − (q + 1) < v ≤ V` and `K − (q + 2) < k ≤ K`; debt: `V ≤ v < V + (q + 1)`.
//!
//! So no slot's rounding takes or adds more than `q + 2`. The weight's slack is `2(q + 2)`: twice that, which also covers that it is a
//! rounded number itself. (Deposits that don't count have it too; it can't harm.)
//!
//! **What is rounded.** With `u = 2⁻⁵³` each of these is the true one times a factor between `1 − u` and `1 + u`: a conversion of an
//! integer, a product, a quotient, a sum. There is neither underflow nor overflow: all numbers but 0 lie between 10⁻¹²⁰ and 10²⁰⁰. Of a deposit's
//! `K` the weight `r·q·t` takes 10 of them (`supply + 1`, `shares + 10⁶`, price, 10^decimals and threshold converted; `r`, `q`, `t`
//! divided, 10¹⁸ being a number of 53 bits; two products), its conversion of `x` and its product 2 more, and a sum over at most 16
//! slots 16. That is 28 factors: the sum of non-negative terms is off by at most `γ = 28u / (1 − 28u) < 2⁻⁴⁸` of itself, as is the one of
//! debts (which takes fewer) and the one of deposits' values.
//!
//! **What is decided.** With the computed sums `K`, `D` (debts), `C` (deposits' values) and `A` (slacks), the true difference of what
//! is carried and owed differs from the computed one by at most `2⁻⁴⁷(K + D) + A/2`, the last subtraction included. [`MARGIN`] is
//! `2⁻⁴⁵`, four times as much, which leaves ample room for the few roundings of the margin and of the comparison itself. Hence
//!
//! - `K − D` above the margin: carried > owed, the account is healthy. It isn't bad debt either: no threshold is above 1, so its deposits
//!   are worth what they carry or more, which is more than it owes, and there are some;
//! - `D − K` above it: carried < owed, it may be liquidated. It is bad debt if also `C` is below both `D` and the dust value by the same
//!   margin, and it is not if `C` is above one of them by that (there are deposits then);
//! - everything else is left to the exact scan.
//!
//! **What can't be judged.** The exact scan fails for an unlisted asset, a ledger that contradicts itself, or a result that doesn't fit.
//! A kind of slot with which any of that can happen, or with a threshold above 1, has weights that are not a number, and no comparison with one
//! holds: the account is left to the exact scan. To that end the largest amount ever seen of each kind must make no more than 2¹²⁷ base
//! units and no more value than 2²⁵⁰: 16 such add up to less than 2²⁵⁶.

use std::ops::Range;

use plimsoll_risk::health::{AssetState, Assets};
use plimsoll_risk::math::{ONE, pow10};
use plimsoll_risk::shares::{VIRTUAL_SHARES, VIRTUAL_SUPPLY};
use plimsoll_risk::units::{Price, Ratio, ScaledDebt, SupplyShares, Value};

use crate::book::columns::{Columns, Kind, SLOTS_MAX, Side};

/// The share of a sum that rounding may have changed, four times over.
const MARGIN: f64 = 1.0 / (1u64 << 45) as f64;
/// More base units than this are left to the exact scan: 2¹²⁷.
const AMOUNT_MAX: f64 = (1u128 << 127) as f64;
/// More value than this is left to the exact scan: 2²⁵⁰.
const VALUE_MAX: f64 = AMOUNT_MAX * (1u128 << 123) as f64;
/// 10¹⁸, which is 5¹⁸ × 2¹⁸ and so a number of 53 bits.
const SCALE: f64 = ONE as f64;

const _: () = assert!(SLOTS_MAX <= 16, "the proof is for 16 slots");

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

/// What a unit of a slot of one kind adds to an account's sums.
#[derive(Clone, Copy, Debug)]
#[repr(align(32))]
struct Weight {
    carried: f64,
    debt: f64,
    collateral: f64,
    /// Not per unit: once a slot.
    slack: f64,
}

impl Weight {
    const EMPTY: Self = Self { carried: 0.0, debt: 0.0, collateral: 0.0, slack: 0.0 };
    /// Nothing compares with it.
    const UNKNOWN: Self = Self { carried: f64::NAN, debt: f64::NAN, collateral: f64::NAN, slack: f64::NAN };

    /// `None` where the exact scan could fail, or the proof doesn't hold.
    fn of(kind: &Kind, state: &AssetState, now: u64) -> Option<Self> {
        let market = state.market.state();
        let scale = pow10(state.params.decimals).ok()? as f64;
        let worth = |price: Price| price.raw() as f64 / scale;
        let (rate, price) = match kind.side {
            Side::Debt => (market.borrow_index.raw() as f64 / SCALE, worth(state.mark.debt())),
            Side::Enabled | Side::Disabled => {
                // Errs when the ledger contradicts itself: then so would every deposit.
                state.market.shares_value_down(SupplyShares::ZERO).ok()?;
                let supply = state.market.supply().ok()?.raw().checked_add(VIRTUAL_SUPPLY)?;
                let shares = market.supply_shares.raw().checked_add(VIRTUAL_SHARES)?;
                (supply as f64 / shares as f64, worth(state.mark.collateral()))
            }
        };
        state.market.owed_up(ScaledDebt::ZERO).ok()?;
        let (threshold, value) = (state.params.liquidation_threshold.at(now), rate * price);
        if threshold > Ratio::ONE || kind.most * rate > AMOUNT_MAX || kind.most * value > VALUE_MAX {
            return None;
        }
        let slack = 2.0 * (price + 2.0);
        let carried = value * (threshold.raw() as f64 / SCALE);
        Some(match kind.side {
            Side::Enabled => Self { carried, debt: 0.0, collateral: value, slack },
            Side::Disabled => Self { carried: 0.0, debt: 0.0, collateral: value, slack },
            Side::Debt => Self { carried: 0.0, debt: value, collateral: 0.0, slack },
        })
    }
}

/// An account's sums, in raw value. Good for an order among accounts; what is done about one goes by the exact numbers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sums {
    /// What its deposits carry.
    pub carried: f64,
    /// What it owes.
    pub debt: f64,
    /// What its deposits are worth.
    pub collateral: f64,
    slack: f64,
}

impl Sums {
    #[inline(always)]
    fn add(&mut self, amount: f64, weight: &Weight) {
        self.carried += amount * weight.carried;
        self.debt += amount * weight.debt;
        self.collateral += amount * weight.collateral;
        self.slack += weight.slack;
    }

    #[inline(always)]
    fn margin(&self) -> f64 {
        MARGIN * (self.carried + self.debt) + self.slack
    }

    #[inline(always)]
    fn is_healthy(&self) -> bool {
        self.carried - self.debt > self.margin()
    }

    #[inline(always)]
    fn is_below(&self) -> bool {
        self.debt - self.carried > self.margin()
    }

    /// For an account that is below 1.
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
    /// By number of the kind.
    weights: Vec<Weight>,
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
    /// For these accounts, with the assets as they are at this time.
    pub fn new(columns: &Columns, assets: &impl Assets, now: u64, dust: Value) -> Self {
        let mut weights = vec![Weight::UNKNOWN; usize::from(Columns::FIRST_KIND)];
        weights[0] = Weight::EMPTY;
        weights.extend(columns.kinds().iter().map(|kind| {
            let weight = assets.asset(kind.asset).and_then(|state| Weight::of(kind, state, now));
            weight.unwrap_or(Weight::UNKNOWN)
        }));
        Self { weights, dust: real(dust) }
    }

    /// The sums of the account in this row.
    pub fn sums(&self, columns: &Columns, row: usize) -> Sums {
        let (amounts, numbers) = columns.rows();
        let mut sums = Sums::default();
        match (columns.apart(row), amounts.get(row).zip(numbers.get(row))) {
            (Some(slots), _) => slots.iter().for_each(|(amount, number)| sums.add(*amount, self.weight(*number))),
            (None, Some((amounts, numbers))) => {
                amounts.iter().zip(numbers).for_each(|(amount, number)| sums.add(*amount, self.weight(*number)));
            }
            (None, None) => {}
        }
        sums
    }

    /// Judges these rows.
    pub fn judge(&self, columns: &Columns, rows: Range<usize>) -> Rows {
        let (amounts, numbers) = columns.rows();
        let mut found = Rows::default();
        let first = rows.start;
        let slots = amounts.get(rows.clone()).unwrap_or_default().iter().zip(numbers.get(rows).unwrap_or_default());
        for (at, (amounts, numbers)) in slots.enumerate() {
            let mut sums = Sums::default();
            for (amount, number) in amounts.iter().zip(numbers) {
                sums.add(*amount, self.weight(*number));
            }
            if sums.is_healthy() {
                continue;
            }
            let row = first + at;
            let guess = if sums.is_below() { sums.badness(self.dust) } else { self.closer(columns, row) };
            found.add(row, guess);
        }
        found
    }

    /// What the row alone doesn't tell.
    #[cold]
    fn closer(&self, columns: &Columns, row: usize) -> Guess {
        columns.apart(row).map_or(Guess::Unsure, |_| self.sums(columns, row).guess(self.dust))
    }

    #[inline(always)]
    fn weight(&self, number: u16) -> &Weight {
        self.weights.get(usize::from(number)).unwrap_or(&Weight::UNKNOWN)
    }
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

    /// Takes in what is known of other rows.
    pub fn append(&mut self, mut other: Self) {
        self.below.append(&mut other.below);
        self.bad.append(&mut other.bad);
        self.unsure.append(&mut other.unsure);
    }
}

/// A value as a number of 53 bits: three roundings at most.
pub fn real(value: Value) -> f64 {
    let bytes = value.raw().to_be_bytes();
    let half = |half: &[u8]| half.iter().fold(0u128, |number, byte| number << 8 | u128::from(*byte)) as f64;
    let (high, low) = bytes.split_at(16);
    half(high) * (1u128 << 64) as f64 * (1u128 << 64) as f64 + half(low)
}
