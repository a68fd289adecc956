//! Books made by hand: any amounts, prices and parameters, no chain behind them.
#![allow(clippy::unwrap_used, missing_docs, reason = "what fails here fails its test")]

use plimsoll_keeper::book::accounts::Accounts;
use plimsoll_keeper::book::prices::Prices;
use plimsoll_keeper::book::{Addresses, Asset, Book};
use plimsoll_keeper::chain::Head;
use plimsoll_risk::account::{Account, Collateral, Debt};
use plimsoll_risk::heartbeat::HaltGrace;
use plimsoll_risk::liquidation::LiquidationTerms;
use plimsoll_risk::market::Market;
use plimsoll_risk::params::{AssetId, AssetParams, BonusCurve, Ramp, Switches};
use plimsoll_risk::price::{Guards, PRICE_MAX, PriceBand, PriceRecord};
use plimsoll_risk::rates::{Kinked, RateModel};
use plimsoll_risk::units::{Amount, Index, Price, Rate, Ratio, ScaledDebt, SupplyShares, Value};
use plimsoll_schema::pool::AccountKey;

pub const NOW: u64 = 1_700_000_000;
pub const E18: u128 = 1_000_000_000_000_000_000;

/// The same numbers in every run (splitmix64, Vigna 2015).
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn roll(&mut self, sides: u64) -> u64 {
        self.next() % sides
    }

    pub fn pick(&mut self, sides: usize) -> usize {
        usize::try_from(self.roll(sides as u64)).unwrap()
    }

    /// From 0 to 1.
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Of any number of bits up to that many, each as likely.
    pub fn bits(&mut self, most: u32) -> u128 {
        let all = u128::from(self.next()) << 64 | u128::from(self.next());
        let bits = u32::try_from(self.roll(u64::from(most) + 1)).unwrap();
        if bits == 0 { 0 } else { all >> (128 - bits) }
    }
}

/// What matters of an asset here.
#[derive(Clone, Copy, Debug)]
pub struct Listing {
    pub decimals: u8,
    /// With 18 decimals.
    pub price: u128,
    /// With 18 decimals.
    pub threshold: u128,
    pub supply: u128,
    pub shares: u128,
    /// With 18 decimals.
    pub index: u128,
    /// What a debt counts, with 18 decimals.
    pub weight: u128,
}

impl Listing {
    pub fn asset(self, number: u16) -> Asset {
        Asset {
            params: AssetParams {
                borrow_weight: Ramp::flat(Ratio::new(self.weight)),
                ..params(denom(number), self.decimals, Ratio::new(self.threshold))
            },
            stored: Market {
                cash: Amount::new(self.supply),
                lent: Amount::ZERO,
                debt_scaled: ScaledDebt::ZERO,
                borrow_index: Index::new(self.index),
                supply_shares: SupplyShares::new(self.shares),
                reserves: Amount::ZERO,
                reserves_fraction: Ratio::ZERO,
                updated_at: NOW,
                rate: Rate::ZERO,
                rate_at_target: Rate::ZERO,
                written_off: false,
            },
        }
    }

    /// Its price, observed now and settled there.
    pub fn record(self) -> PriceRecord {
        record(PriceBand { low: Price::new(self.price), high: Price::new(self.price) }, None)
    }
}

/// What the assets are called.
pub fn denom(number: u16) -> String {
    format!("denom{number}")
}

/// A record that was observed now, of which liquidation counts this band: the settled price is its high end, above all
/// that was observed.
pub fn record(counted: PriceBand, quote: Option<String>) -> PriceRecord {
    let low = PriceBand { high: counted.low, ..counted };
    PriceRecord {
        settled: counted.high,
        anchored_at: NOW,
        raw: low,
        extremes: low,
        timestamp: NOW,
        awaiting: false,
        ..PriceRecord::unpublished(0, quote, 0, guards())
    }
}

fn guards() -> Guards {
    Guards {
        max_age: Some(3_600),
        floor: Price::new(1),
        ceiling: PRICE_MAX,
        bound_hold: 0,
        max_deviation: Ratio::ONE,
        // No step is due before an hour has passed.
        step_interval: 3_600,
        age_spread: Ratio::ZERO,
    }
}

fn params(denom: String, decimals: u8, threshold: Ratio) -> AssetParams {
    let kinked = Kinked {
        optimal_utilization_rate: Ratio::percent(80),
        base: Rate::ZERO,
        slope_1: Rate::percent(4),
        slope_2: Rate::percent(100),
    };
    AssetParams {
        denom,
        decimals,
        max_loan_to_value: Ratio::ZERO,
        liquidation_threshold: Ramp::flat(threshold),
        liquidation_bonus: BonusCurve { min: Ratio::percent(2), max: Ratio::percent(10), full_at: Ratio::percent(95) },
        protocol_liquidation_fee: Ratio::percent(10),
        reserve_factor: Ratio::percent(10),
        reserve_floor: Ratio::ZERO,
        supply_cap: Amount::MAX,
        borrow_cap: Amount::MAX,
        flash_loan_fee: Ratio::ZERO,
        rate_model: RateModel::Kinked(kinked),
        enabled: Switches { deposit: true, borrow: true, flash_loan: true },
        sale_cost: Ratio::percent(1),
        max_borrow_utilization: Ratio::percent(95),
        borrow_weight: Ramp::flat(Ratio::ONE),
        isolation: None,
        siloed: false,
        next_rate_model: None,
        outflow_limit: None,
    }
}

/// A book of these assets and no account.
pub fn book(listings: &[Listing], dust: Value) -> Book {
    let number = |at: usize| u16::try_from(at).unwrap();
    Book {
        head: Head { chain_id: "test-1".to_owned(), height: 1, time: NOW },
        addresses: Addresses { pool: "pool".to_owned(), oracle: "oracle".to_owned() },
        terms: LiquidationTerms { target_health_factor: Ratio::percent(110), dust_value: dust },
        halt_grace: HaltGrace::default(),
        spared_until: 0,
        assets: listings.iter().enumerate().map(|(at, l)| (AssetId(number(at)), l.asset(number(at)))).collect(),
        prices: Prices {
            heartbeat: None,
            records: listings.iter().enumerate().map(|(at, l)| (denom(number(at)), l.record())).collect(),
        },
        accounts: Accounts::new(),
    }
}

pub fn key(n: usize) -> AccountKey {
    AccountKey { owner: format!("wasm1{n:038}"), account_id: 0 }
}

pub fn held(asset: u16, shares: u128) -> Collateral {
    Collateral { asset: AssetId(asset), shares: SupplyShares::new(shares), enabled: true }
}

pub fn owed(asset: u16, scaled: u128) -> Debt {
    Debt { asset: AssetId(asset), scaled: ScaledDebt::new(scaled) }
}

pub fn account(collaterals: Vec<Collateral>, debts: Vec<Debt>) -> Account {
    Account { collaterals, debts, category: 0, settings: 0 }
}

/// Eight assets as there may be on a chain: 6, 8 and 18 decimals, from a hundredth to 60,000 a token, some years old.
pub fn usual() -> Vec<Listing> {
    let of = |decimals: u8, cents: u128, percent: u128, index: u128| {
        let supply = 10u128.pow(u32::from(decimals) + 9);
        Listing {
            decimals,
            price: cents * (E18 / 100),
            threshold: percent * (E18 / 100),
            supply: supply + supply * percent / 1_000,
            shares: supply * 1_000_000,
            index: E18 + index * 1_234_567_890_123_457,
            weight: E18,
        }
    };
    vec![
        of(6, 100, 85, 11),
        of(6, 987, 75, 23),
        of(18, 324_567, 80, 5),
        of(8, 6_012_345, 78, 2),
        of(6, 1, 40, 90),
        of(18, 99, 90, 41),
        of(6, 563, 70, 17),
        of(12, 4_211, 65, 71),
    ]
}

impl Listing {
    /// Raw value of a share and of a unit of scaled debt; near enough to build accounts with.
    pub fn worth(&self) -> (f64, f64) {
        let unit = self.price as f64 / 10f64.powi(i32::from(self.decimals));
        let share = (self.supply as f64 + 1.0) / (self.shares as f64 + 1e6);
        (unit * share, unit * self.index as f64 / 1e18)
    }
}

/// Two collaterals and two debts of four of these assets, worth some thousands times `size`, at this health factor.
pub fn two_and_two(listings: &[Listing], factor: f64, size: f64, dice: &mut Dice) -> Account {
    let first = dice.pick(listings.len());
    let number = |step: usize| (first + step) % listings.len();
    let asset = |step: usize| u16::try_from(number(step)).unwrap();
    let debt = size * 1e18 * (100.0 + 100_000.0 * dice.unit());
    let (debt_share, carried_share) = (0.1 + 0.8 * dice.unit(), 0.1 + 0.6 * dice.unit());
    let scaled = |step: usize, counted: f64| {
        let listing = &listings[number(step)];
        (counted / (listing.worth().1 * listing.weight as f64 / 1e18)) as u128
    };
    let shares = |step: usize, carried: f64| {
        let listing = &listings[number(step)];
        (carried / (listing.worth().0 * listing.threshold as f64 / 1e18)) as u128
    };
    let carried = debt * factor;
    account(
        vec![
            held(asset(0), shares(0, carried * carried_share)),
            held(asset(1), shares(1, carried * (1.0 - carried_share))),
        ],
        vec![owed(asset(2), scaled(2, debt * debt_share)), owed(asset(3), scaled(3, debt * (1.0 - debt_share)))],
    )
}

/// A book without markets and accounts, at this block.
pub fn empty(head: Head) -> Book {
    Book {
        head,
        addresses: Addresses { pool: "pool".to_owned(), oracle: "oracle".to_owned() },
        terms: LiquidationTerms { target_health_factor: Ratio::percent(110), dust_value: Value::ZERO },
        halt_grace: Default::default(),
        spared_until: 0,
        assets: Default::default(),
        prices: Default::default(),
        accounts: Default::default(),
    }
}
