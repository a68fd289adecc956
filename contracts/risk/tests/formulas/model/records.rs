//! Accounts whose lines hang on records, judged in exact rationals by the rules for prices alone: what each record
//! counts at, which of its two ends an account's lines share, and what the account comes to.

use std::collections::BTreeMap;

use num_bigint::BigInt;
use num_traits::{One, Signed, ToPrimitive, Zero};
use plimsoll_risk::health::{CollateralLine, DebtLine, Position};
use plimsoll_risk::heartbeat::Heartbeat;
use plimsoll_risk::mark::{MarkPrice, RecordMark};
use plimsoll_risk::params::AssetId;
use plimsoll_risk::price::{Guards, PRICE_MAX, PriceBand, PriceRecord};
use plimsoll_risk::units::{Amount, Price, Ratio};
use proptest::prelude::*;

use super::{E18, Q, ceil, debt, fixed, floor, frac, magnitudes, position, q, ten, weights};

/// The time at which accounts are judged.
pub const NOW: u64 = 100_000_000;
/// The age above which a record is silent.
pub const MAX_AGE: u64 = 600;
/// The seconds of a day.
pub const DAY: u64 = 86_400;

/// What the sources of one denom have told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The record that this one is a rate in; always an earlier one.
    pub quote: Option<usize>,
    /// The settled price.
    pub settled: u128,
    /// The last observation that counts for liquidation, from its low to its high.
    pub raw: [u128; 2],
    /// The extremes of all that was said, for borrowing.
    pub extremes: [u128; 2],
    /// How far the settled price moves in a step.
    pub deviation: u128,
    /// Seconds since the last observation.
    pub age: u64,
}

/// A deposit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub record: usize,
    pub amount: u128,
    pub decimals: u8,
    pub threshold: u128,
    pub max_ltv: u128,
    pub power: u128,
    pub enabled: bool,
}

/// A debt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owed {
    pub record: usize,
    pub amount: u128,
    pub decimals: u8,
    pub weight: Ratio,
}

/// An account and what its lines hang on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scene {
    pub told: Vec<Told>,
    pub held: Vec<Held>,
    pub owed: Vec<Owed>,
    pub halted: bool,
}

/// What an account comes to, in whole units of the quote currency, unrounded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What each deposit counts at, in the order of the deposits.
    pub held: Vec<Q>,
    /// What each debt counts at.
    pub owed: Vec<Q>,
    /// What the deposits come to.
    pub collateral: Q,
    /// What they carry.
    pub carried: Q,
    /// What the debts come to.
    pub debt: Q,
    /// What they count: each times its weight.
    pub weighted: Q,
    /// How far rounding, at most a step of 10⁻¹⁸ a product, may lead away from each of the sums.
    pub slack: Q,
    /// The part of it by which deposits may also be rounded up: through the share that remains of them, which both
    /// sides decide.
    pub slack_above: Q,
    /// The value of each shared record.
    pub shared: BTreeMap<usize, Q>,
    /// Whether rounding may decide which end a record takes.
    pub is_close: bool,
}

/// The share of a record's deposits that counts, and how far rounding may lead away from it.
struct Left {
    share: Q,
    error: Q,
}

/// Which value a record has on its own for a deposit and for a debt, and which of the two a shared one takes where its
/// sum is above 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// A deposit at hi and a debt at lo; shared, the one that is better for the account.
    Settled,
    /// A deposit at low and a debt at high; shared, the one that is worse.
    Edges,
}

/// A step of rounding.
fn step() -> Q {
    frac(1, E18)
}

impl Told {
    /// One price for everything.
    pub fn calm(price: u128, quote: Option<usize>) -> Self {
        Self { quote, settled: price, raw: [price; 2], extremes: [price; 2], deviation: E18 / 10, age: 0 }
    }

    pub fn is_silent(&self) -> bool {
        self.age > MAX_AGE
    }

    /// What a debt counts at in liquidation: min(S, raw_high), when silent no less than S × (1 − d).
    pub fn lo(&self) -> Q {
        let counted = self.settled.min(self.raw[1]);
        let least = ceil(&(q(self.settled) * (Q::one() - fixed(self.deviation)))).to_u128().unwrap();
        fixed(if self.is_silent() { counted.max(least) } else { counted })
    }

    /// What a collateral counts at in liquidation: max(S, raw_low), when silent no more than S × (1 + d).
    pub fn hi(&self) -> Q {
        let counted = self.settled.max(self.raw[0]);
        let most = floor(&(q(self.settled) * (Q::one() + fixed(self.deviation)))).to_u128().unwrap();
        fixed(if self.is_silent() { counted.min(most) } else { counted })
    }

    /// What a collateral counts at for borrowing.
    pub fn low(&self) -> Q {
        fixed(self.settled.min(self.raw[0]).min(self.extremes[0]))
    }

    /// What a debt counts at for borrowing.
    pub fn high(&self) -> Q {
        fixed(self.settled.max(self.raw[1]).max(self.extremes[1]))
    }

    /// The share that counts of a silent collateral: all for a day, then in a straight line to nothing over a week.
    pub fn remaining(&self) -> Q {
        if !self.is_silent() {
            return Q::one();
        }
        let gone = frac(self.age.saturating_sub(DAY), 7 * DAY);
        (Q::one() - gone).max(Q::zero())
    }

    fn record(&self, quote: Option<String>) -> PriceRecord {
        let band = |[low, high]: [u128; 2]| PriceBand { low: Price::new(low), high: Price::new(high) };
        let guards = Guards {
            max_age: Some(MAX_AGE),
            floor: Price::new(1),
            ceiling: PRICE_MAX,
            bound_hold: 0,
            max_deviation: Ratio::new(self.deviation),
            step_interval: 60,
            age_spread: Ratio::ZERO,
        };
        PriceRecord {
            quote,
            settled: Price::new(self.settled),
            anchored_at: NOW,
            raw: band(self.raw),
            extremes: band(self.extremes),
            timestamp: NOW - self.age,
            awaiting: false,
            ..PriceRecord::unpublished(0, None, 0, guards)
        }
    }
}

impl Held {
    /// A deposit of whole tokens.
    pub fn whole(record: usize, tokens: u128, threshold: u128) -> Self {
        let max_ltv = threshold / 10 * 9;
        Self { record, amount: tokens * 1_000_000, decimals: 6, threshold, max_ltv, power: E18, enabled: true }
    }

    pub fn threshold(&self) -> Q {
        if self.enabled { fixed(self.threshold) } else { Q::zero() }
    }

    pub fn uncapped(&self) -> Q {
        if self.threshold().is_zero() { Q::zero() } else { fixed(self.max_ltv) }
    }

    pub fn tokens(&self) -> Q {
        Q::new(self.amount.into(), ten(self.decimals))
    }
}

impl Owed {
    /// By how much more than its value it counts.
    pub fn weight(&self) -> Q {
        fixed(self.weight.raw())
    }

    /// A debt of whole tokens.
    pub fn whole(record: usize, tokens: u128) -> Self {
        Self { record, amount: tokens * 1_000_000, decimals: 6, weight: Ratio::ONE }
    }

    pub fn tokens(&self) -> Q {
        Q::new(self.amount.into(), ten(self.decimals))
    }
}

/// The denom of a record.
pub fn name(record: usize) -> String {
    format!("record{record}")
}

impl Scene {
    /// A price's records, its own first.
    pub fn chain(&self, record: usize) -> Vec<usize> {
        let mut chain = vec![record];
        while let Some(quote) = self.told[chain[chain.len() - 1]].quote {
            chain.push(quote);
        }
        chain
    }

    pub fn hangs(&self, record: usize, on: usize) -> bool {
        self.chain(record).contains(&on)
    }

    /// The records on which both sides hang, rates before what they are quoted in.
    pub fn shared(&self) -> Vec<usize> {
        let both = |on: &usize| {
            self.held.iter().any(|l| self.hangs(l.record, *on)) && self.owed.iter().any(|l| self.hangs(l.record, *on))
        };
        (0..self.told.len()).filter(both).rev().collect()
    }

    /// The price of a token that hangs on `record`, in units of the record `until`, or of the quote currency.
    pub fn price(&self, record: usize, until: Option<usize>, value: &dyn Fn(usize) -> Q) -> Q {
        self.chain(record).into_iter().take_while(|on| Some(*on) != until).map(value).product()
    }

    /// By how much the rounding of that price's products may be off: a step each, times what is still to be multiplied.
    pub fn price_slack(&self, record: usize, until: Option<usize>, value: &dyn Fn(usize) -> Q) -> Q {
        let chain: Vec<usize> = self.chain(record).into_iter().take_while(|on| Some(*on) != until).collect();
        let rest = |from: usize| chain[from..].iter().map(|on| value(*on)).product::<Q>();
        (1..chain.len()).map(|product| step() * rest(product + 1)).sum::<Q>()
    }

    /// A deposit's own value of a record.
    fn held_end(&self, record: usize, ends: Ends) -> Q {
        if ends == Ends::Settled { self.told[record].hi() } else { self.told[record].low() }
    }

    fn owed_end(&self, record: usize, ends: Ends) -> Q {
        if ends == Ends::Settled { self.told[record].lo() } else { self.told[record].high() }
    }

    /// Both ends of a record.
    pub fn both_ends(&self, record: usize, ends: Ends) -> [Q; 2] {
        let told = &self.told[record];
        if ends == Ends::Settled { [told.lo(), told.hi()] } else { [told.low(), told.high()] }
    }

    /// The account at these values of the shared records, and these shares of what deposits count at. A silent deposit
    /// is not lent against.
    fn at(&self, shared: BTreeMap<usize, Q>, left: &BTreeMap<usize, Left>, ends: Ends) -> Verdict {
        let held_value = |on: usize| shared.get(&on).cloned().unwrap_or_else(|| self.held_end(on, ends));
        let owed_value = |on: usize| shared.get(&on).cloned().unwrap_or_else(|| self.owed_end(on, ends));
        let mut slack = Q::zero();
        let mut slack_above = Q::zero();
        let mut held = vec![];
        for line in &self.held {
            let full = line.tokens() * self.price(line.record, None, &held_value);
            let errors = self.chain(line.record).into_iter().filter_map(|on| left.get(&on)).map(|left| &left.error);
            slack_above += &full * errors.sum::<Q>();
            let counted = full.clone() * self.counted(line, left, ends);
            slack += line.tokens() * self.price_slack(line.record, None, &held_value) + (full + q(3)) * step() * q(2);
            held.push(counted);
        }
        let mut owed = vec![];
        for line in &self.owed {
            slack +=
                (line.tokens() * self.price_slack(line.record, None, &owed_value) + step()) * line.weight() + step();
            owed.push(line.tokens() * self.price(line.record, None, &owed_value));
        }
        let carried = self.held.iter().zip(&held).map(|(line, value)| line.threshold() * value).sum();
        let collateral = held.iter().sum();
        let debt = owed.iter().sum();
        let weighted = self.owed.iter().zip(&owed).map(|(line, value)| line.weight() * value).sum();
        slack += &slack_above;
        Verdict { held, owed, collateral, carried, debt, weighted, slack, slack_above, shared, is_close: false }
    }

    /// The share of a deposit's value that counts.
    fn counted(&self, line: &Held, left: &BTreeMap<usize, Left>, ends: Ends) -> Q {
        let chain = self.chain(line.record);
        if ends == Ends::Edges {
            let is_silent = chain.iter().any(|on| self.told[*on].is_silent());
            return if is_silent { Q::zero() } else { Q::one() };
        }
        let owed_on = |on: &usize| self.owed.iter().any(|owed| self.hangs(owed.record, *on));
        let alone = chain.iter().filter(|on| !owed_on(on)).map(|on| self.told[*on].remaining()).min();
        let shares = chain.iter().filter_map(|on| left.get(on)).map(|left| left.share.clone());
        shares.fold(alone.unwrap_or_else(Q::one), |counted, share| counted * share)
    }

    /// Chooses one value for each shared record by the rule, rates first: hi (for borrowing: low) where Σ weight ×
    /// amount × rate − Σ debt × rate > 0. What is silent for more than a day counts against debts on other records only
    /// with what remains: of what its deposits carry beyond the debts on the same record.
    pub fn judged(&self, ends: Ends, weight: &dyn Fn(&Held) -> Q) -> Verdict {
        let mut shared: BTreeMap<usize, Q> = BTreeMap::new();
        let mut left: BTreeMap<usize, Left> = BTreeMap::new();
        let mut is_close = false;
        for on in self.shared() {
            let held_value = |on: usize| shared.get(&on).cloned().unwrap_or_else(|| self.held_end(on, ends));
            let owed_value = |on: usize| shared.get(&on).cloned().unwrap_or_else(|| self.owed_end(on, ends));
            let mut carried = Q::zero();
            let mut owed = Q::zero();
            let mut slack = Q::zero();
            for line in self.held.iter().filter(|line| self.hangs(line.record, on)) {
                let rate = self.price(line.record, Some(on), &held_value);
                let full = line.tokens() * rate;
                slack += line.tokens() * self.price_slack(line.record, Some(on), &held_value);
                slack += (&full + q(3)) * step() * q(2);
                carried += full * weight(line) * self.counted(line, &left, ends);
            }
            for line in self.owed.iter().filter(|line| self.hangs(line.record, on)) {
                owed += line.tokens() * self.price(line.record, Some(on), &owed_value) * line.weight();
                let rounding = line.tokens() * self.price_slack(line.record, Some(on), &owed_value) + step();
                slack += rounding * line.weight() + step();
            }
            let net = &carried - &owed;
            is_close |= net.abs() <= slack;
            let [lower, upper] = self.both_ends(on, ends);
            let is_upper = net.is_positive() == (ends == Ends::Settled);
            shared.insert(on, if is_upper { upper } else { lower });
            let is_elsewhere = self.owed.iter().any(|line| !self.hangs(line.record, on));
            if net.is_positive() && is_elsewhere && ends == Ends::Settled {
                let share = (owed + self.told[on].remaining() * net) / &carried;
                left.insert(on, Left { share, error: (slack + step() * q(2)) * q(2) / carried });
            }
        }
        Verdict { is_close, ..self.at(shared, &left, ends) }
    }

    /// What liquidation judges by.
    pub fn verdict(&self) -> Verdict {
        self.judged(Ends::Settled, &Held::threshold)
    }

    /// The account at every choice of one end for each shared record; nothing in it is silent for long.
    pub fn everywhere(&self, ends: Ends) -> Vec<Verdict> {
        let shared = self.shared();
        let choice = |bits: usize| {
            let end = |(n, on): (usize, &usize)| (*on, self.both_ends(*on, ends)[bits >> n & 1].clone());
            self.at(shared.iter().enumerate().map(end).collect(), &BTreeMap::new(), ends)
        };
        (0..1 << shared.len()).map(choice).collect()
    }

    /// The account with another price told: everything that the sources of this record said, times a factor of
    /// millionths.
    pub fn moved(&self, record: usize, millionths: u128) -> Self {
        let mut moved = self.clone();
        let times = |price: u128| (price * millionths / 1_000_000).max(1);
        let told = &moved.told[record];
        moved.told[record] = Told {
            settled: times(told.settled),
            raw: told.raw.map(times),
            extremes: told.extremes.map(times),
            ..told.clone()
        };
        moved
    }

    /// A price as the crate takes it.
    pub fn mark(&self, record: usize) -> MarkPrice {
        let mark = |on: usize| {
            let stored = self.told[on].record(self.told[on].quote.map(name));
            RecordMark::of(&name(on), &stored, &Heartbeat::start(0, NOW), NOW)
        };
        MarkPrice::new(self.chain(record).into_iter().map(mark).collect())
    }

    /// The account as the crate takes it: deposits are assets from 0, debts from 100.
    pub fn position(&self) -> Position {
        let deposits = (0..).zip(&self.held).map(|(id, line)| CollateralLine {
            asset: AssetId(id),
            amount: Amount::new(line.amount),
            enabled: line.enabled,
            decimals: line.decimals,
            max_loan_to_value: Ratio::new(line.max_ltv),
            liquidation_threshold: Ratio::new(line.threshold),
            power: Ratio::new(line.power),
            bonus_max: Ratio::percent(10),
            mark: self.mark(line.record),
        });
        let debts = (100..).zip(&self.owed).map(|(id, line)| DebtLine {
            mark: self.mark(line.record),
            weight: line.weight,
            borrowing_weight: line.weight,
            ..debt(id, line.amount, 1, line.decimals)
        });
        Position { halted: self.halted, ..position(deposits.collect(), debts.collect()) }
    }
}

/// What one source told: often one price for everything, often ends far apart; silent when asked for, for up to ten
/// days.
fn told(silence: bool) -> impl Strategy<Value = Told> {
    let millionths = || prop_oneof![1 => Just(0u128), 4 => 0u128..600_000];
    let spread = (500_000u128..1_600_000, millionths(), millionths(), millionths());
    let age = prop_oneof![4 => 0..=MAX_AGE, 1 => 0..10 * DAY];
    (magnitudes(E18 / 1_000, 10_000 * E18), 0u32..3, spread, 10_000u128..300_000, age).prop_map(
        move |(settled, kind, (raw, width, below, above), deviation, age)| {
            let age = if silence { age } else { age.min(MAX_AGE) };
            let deviation = deviation * (E18 / 1_000_000);
            if kind == 0 {
                return Told { deviation, age, ..Told::calm(settled, None) };
            }
            let times = |price: u128, millionths: u128| price * millionths / 1_000_000;
            let low = times(settled, raw);
            let high = times(low, 1_000_000 + width);
            let extremes = [times(low, 1_000_000 - below), times(high, 1_000_000 + above)];
            Told { quote: None, settled, raw: [low, high], extremes, deviation, age }
        },
    )
}

/// An account of up to four deposits and four debts on up to six records, in chains of up to three, of any health
/// around 1.
pub fn scenes(silence: bool) -> impl Strategy<Value = Scene> {
    let records = prop::collection::vec((told(silence), prop::option::weighted(0.7, any::<usize>())), 1..=6);
    let worth = || magnitudes(10, 100_000);
    let deposit = (any::<usize>(), worth(), 0u8..=18, 300_000u128..950_000, 0u128..1_000_000, 0u32..8);
    let deposits =
        prop::collection::vec((deposit, prop_oneof![2 => Just(1_000_000u128), 1 => 0u128..1_000_000]), 1..=4);
    let debts = prop::collection::vec((any::<usize>(), worth(), 0u8..=18, weights()), 1..=4);
    (records, deposits, debts, 600_000u128..1_500_000).prop_map(|(records, deposits, debts, health)| {
        let mut scene = Scene::default();
        let mut depths: Vec<usize> = vec![];
        for (mut told, quote) in records {
            let quote = quote.filter(|_| !depths.is_empty()).map(|n| n % depths.len()).filter(|n| depths[*n] < 3);
            told.quote = quote;
            depths.push(quote.map_or(1, |quote| depths[quote] + 1));
            scene.told.push(told);
        }
        let count = scene.told.len();
        for ((record, worth, decimals, threshold, max_ltv, off), power) in deposits {
            let record = record % count;
            scene.held.push(Held {
                record,
                amount: scene.bought(record, &q(worth), decimals),
                decimals,
                threshold: threshold * (E18 / 1_000_000),
                max_ltv: threshold * max_ltv * (E18 / 1_000_000_000_000),
                power: power * (E18 / 1_000_000),
                enabled: off > 0,
            });
        }
        for (record, worth, decimals, weight) in debts {
            let record = record % count;
            scene.owed.push(Owed { record, amount: scene.bought(record, &q(worth), decimals), decimals, weight });
        }
        scene.with_health(frac(health, 1_000_000))
    })
}

impl Scene {
    /// The amount of a token on this record that is worth so much at settled prices, at least one base unit.
    pub fn bought(&self, record: usize, worth: &Q, decimals: u8) -> u128 {
        let price = self.price(record, None, &|on| fixed(self.told[on].settled));
        floor(&(worth / price * q(ten(decimals)))).max(BigInt::one()).to_u128().unwrap()
    }

    /// The account with all debts scaled so that its health factor is about this, unless it carries nothing.
    fn with_health(mut self, health: Q) -> Self {
        let now = self.verdict();
        if now.carried.is_zero() {
            return self;
        }
        let factor = now.carried / now.weighted / health;
        for line in &mut self.owed {
            line.amount = floor(&(q(line.amount) * &factor)).max(BigInt::one()).to_u128().unwrap_or(u128::MAX);
        }
        self
    }
}
