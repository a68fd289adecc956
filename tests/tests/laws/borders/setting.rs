//! Settings at the edges of what the contracts accept: each world that is built proves that they do.

use num_bigint::BigInt;
use num_rational::BigRational;
use plimsoll_risk::liquidation::LiquidationTerms;
use plimsoll_risk::params::{BonusCurve, CAP_MAX};
use plimsoll_risk::price::PRICE_MAX;
use plimsoll_risk::rates::{Kinked, RateModel};
use plimsoll_risk::units::{Amount, Price, Rate, Ratio, Value};
use plimsoll_testing::{ALICE, Asset, BOB, IBC_TOKEN, LENDER, LIQUIDATOR, UATOM, UUSD, World, price, ratio};

use super::wealth::{exact, raw, unit};

/// What Alice deposits.
pub const COLLATERAL: &str = UATOM;
/// What she owes.
pub const DEBT: &str = UUSD;
/// What others use, so that the two have an interest.
pub const OTHER: &str = IBC_TOKEN;

/// One point of the parameter space.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    pub threshold: &'static str,
    /// Least and most bonus, and the health factor at which the most is paid.
    pub bonus: (&'static str, &'static str, &'static str),
    pub target: &'static str,
    pub protocol_fee: &'static str,
    /// What a sale costs; what a listing has that names none when left out.
    pub sale_cost: Option<&'static str>,
    pub reserve_factor: &'static str,
    /// What counts as dust, and the least debt.
    pub dust: (&'static str, &'static str),
    /// Of the collateral and of the debt.
    pub decimals: (u8, u8),
    /// The first ones, of the collateral and of the debt.
    pub prices: (&'static str, &'static str),
    /// Base units that Alice deposits.
    pub deposit: u128,
    /// Whether ten years at the highest rate have passed before.
    pub aged: bool,
}

const ATTO: &str = "0.000000000000000001";
const TWO_ATTO: &str = "0.000000000000000002";

/// In the middle: 100,000 tokens of 6 decimals.
const MIDDLE: Setting = Setting {
    threshold: "0.75",
    bonus: ("0.02", "0.1", "0.95"),
    target: "1.05",
    protocol_fee: "0.1",
    sale_cost: None,
    reserve_factor: "0.1",
    dust: (ATTO, TWO_ATTO),
    decimals: (6, 6),
    prices: ("1", "1"),
    deposit: 100_000_000_000,
    aged: false,
};

/// Every edge, alone and some together.
pub fn settings() -> Vec<Setting> {
    let whole = |decimals: (u8, u8), deposit| Setting { decimals, deposit, ..MIDDLE };
    vec![
        MIDDLE,
        // threshold × (1 + most bonus) is exactly where the most is paid.
        Setting { bonus: ("0.02", "0.25", "0.9375"), ..MIDDLE },
        Setting { bonus: ("0.25", "0.25", "0.9375"), ..MIDDLE },
        Setting { bonus: ("0", "0.25", "0.9375"), protocol_fee: "0.5", ..MIDDLE },
        // No bonus, and the most there is.
        Setting { bonus: ("0", "0", "0.75"), ..MIDDLE },
        Setting { bonus: ("0", "1", "0.9"), threshold: "0.45", ..MIDDLE },
        Setting { bonus: ("1", "1", "0.9"), threshold: "0.45", protocol_fee: "0", ..MIDDLE },
        // Sales that cost nothing, and as much as the least bonus.
        Setting { sale_cost: Some("0"), ..MIDDLE },
        Setting { sale_cost: Some("0.02"), protocol_fee: "0.5", ..MIDDLE },
        Setting { sale_cost: Some("0.25"), bonus: ("0.25", "0.25", "0.9375"), protocol_fee: "0.5", ..MIDDLE },
        Setting { sale_cost: Some("1"), bonus: ("1", "1", "0.9"), threshold: "0.45", protocol_fee: "0.5", ..MIDDLE },
        // Thresholds next to 0 and to 1, and a curve that is next to a step.
        Setting { bonus: ("0.5", "1", "0.02"), threshold: "0.01", ..MIDDLE },
        Setting { bonus: ("0", "0", "0.999999999999999999"), threshold: "0.999999999999999999", ..MIDDLE },
        Setting { bonus: ("0", "0.1", "0.999999999999999999"), threshold: "0.9", ..MIDDLE },
        // The target next to 1 and at its most.
        Setting { target: "1.000000000000000001", ..MIDDLE },
        Setting { target: "10", bonus: ("0.02", "0.25", "0.9375"), ..MIDDLE },
        // Nothing and all for the protocol.
        Setting { protocol_fee: "0", reserve_factor: "0", ..MIDDLE },
        Setting { protocol_fee: "0.5", reserve_factor: "1", ..MIDDLE },
        // The most dust: half of the account is dust, and nearly all of it.
        Setting { dust: ("5", "5.000000000000000001"), deposit: 15_000_000, ..MIDDLE },
        Setting { dust: ("5", "100"), deposit: 500_000_000, bonus: ("0", "0.25", "0.9375"), ..MIDDLE },
        Setting { dust: ("5", "5.000000000000000001"), deposit: 7_000_000, ..MIDDLE },
        // Decimals.
        whole((0, 0), 100_000),
        whole((0, 18), 100_000),
        whole((18, 0), 100_000_000_000_000_000_000_000),
        whole((18, 18), 100_000_000_000_000_000_000_000),
        // A handful of units, and nearly as many as the caps let in.
        whole((0, 0), 10),
        whole((0, 0), 3),
        whole((6, 6), 7),
        whole((18, 18), CAP_MAX.raw() / 10 * 9),
        Setting { aged: true, ..whole((0, 18), 300_000_000) },
        // Prices at the ends, alike and far apart.
        Setting {
            prices: ("1000000000000000000", "1000000000000000000"),
            ..whole((18, 18), 100_000_000_000_000_000_000_000)
        },
        Setting { prices: ("0.000000000001", "0.000000000001"), ..MIDDLE },
        Setting { prices: ("1000000000000000000", "0.000001"), decimals: (18, 0), deposit: 1_000, ..MIDDLE },
        Setting {
            prices: ("0.000001", "1000000000000000000"),
            decimals: (0, 18),
            deposit: 10_000_000_000_000,
            ..MIDDLE
        },
        // Ten years at the highest rate.
        Setting { aged: true, ..MIDDLE },
        Setting { aged: true, reserve_factor: "0", bonus: ("0", "0.25", "0.9375"), protocol_fee: "0", ..MIDDLE },
        Setting { aged: true, reserve_factor: "1", bonus: ("0.25", "0.25", "0.9375"), protocol_fee: "0.5", ..MIDDLE },
    ]
}

impl Setting {
    /// The world in which lenders have lent enough, and nobody else owes anything.
    pub fn world(&self) -> World {
        let (dust_value, min_debt_value) = self.dust_values();
        let liquidation = LiquidationTerms { target_health_factor: ratio(self.target), dust_value };
        let others = self.asset(OTHER, 18, "1");
        let assets = [
            self.asset(COLLATERAL, self.decimals.0, self.prices.0),
            self.asset(DEBT, self.decimals.1, self.prices.1),
            others,
        ];
        let mut world = World::builder()
            .assets(assets)
            .pool(|config| {
                config.liquidation = liquidation;
                config.min_debt_value = min_debt_value;
            })
            .build();
        for who in [ALICE, BOB, LENDER, LIQUIDATOR] {
            for denom in [COLLATERAL, DEBT] {
                world.mint(who, denom, CAP_MAX.raw() * 100);
            }
        }
        let lent = self.borrowed() / 9 * 10 + 1_000;
        world.deposit(LENDER, DEBT, lent).unwrap();
        world.deposit(LENDER, COLLATERAL, 1_000).unwrap();
        if self.aged {
            age(&mut world, &self.dust_values().1.to_string());
        }
        world
    }

    /// What counts as dust and the least debt: as is asked for, or a base unit of what is worth more, since nothing else can be listed.
    pub fn dust_values(&self) -> (Value, Value) {
        let unit = |at: &str, decimals| Amount::new(1).value_up(price(at), decimals).unwrap();
        let largest = unit(self.prices.0, self.decimals.0).max(unit(self.prices.1, self.decimals.1));
        let dust = self.dust.0.parse::<Value>().unwrap().max(largest);
        let more = dust.checked_add(Value::new(1u128.into())).unwrap();
        (dust, self.dust.1.parse::<Value>().unwrap().max(more))
    }

    /// The same, and Alice has deposited, and borrowed 98 % of what she may.
    pub fn indebted(&self) -> World {
        let mut world = self.world();
        world.deposit(ALICE, COLLATERAL, self.deposit).unwrap();
        world.borrow(ALICE, DEBT, self.borrowed()).unwrap();
        world
    }

    /// 98 % of what the deposit carries, in base units of the debt, and one at least.
    pub fn borrowed(&self) -> u128 {
        let worth = raw(price(self.prices.0).raw()) * units(self.deposit, self.decimals.0);
        let borrowed =
            worth * raw(ratio(self.threshold).raw()) / raw(price(self.prices.1).raw()) * raw(980_000_000_000_000_000);
        let borrowed = (borrowed / units(1, self.decimals.1)).to_integer();
        u128::try_from(borrowed).unwrap().max(1)
    }

    /// The collateral's price at which Alice has this health factor, rounded down; `None` where it would leave its bounds.
    pub fn price_at(&self, world: &World, health: &BigRational) -> Option<String> {
        let debt = raw(world.settled_price(DEBT).raw()) * units(world.owed(ALICE, DEBT), self.decimals.1);
        let carried = raw(ratio(self.threshold).raw()) * units(world.supplied(ALICE, COLLATERAL), self.decimals.0);
        let price = health * debt / carried * BigInt::from(1_000_000_000_000_000_000u128);
        let price = u128::try_from(price.to_integer()).ok()?;
        let first = plimsoll_testing::price(self.prices.0).raw();
        (first / 1_000 <= price && price <= PRICE_MAX.raw()).then(|| Price::new(price).to_string())
    }

    fn asset(&self, denom: &str, decimals: u8, first_price: &str) -> Asset {
        let mut asset = Asset::new(denom, decimals, first_price);
        let threshold = ratio(self.threshold);
        let (min, max, full_at) = self.bonus;
        asset.params.liquidation_threshold = threshold;
        asset.params.max_loan_to_value = Ratio::new(threshold.raw() - 1);
        asset.params.liquidation_bonus = BonusCurve { min: ratio(min), max: ratio(max), full_at: ratio(full_at) };
        asset.params.protocol_liquidation_fee = ratio(self.protocol_fee);
        asset.params.sale_cost = self.sale_cost.map(ratio);
        asset.params.max_borrow_utilization = Some(Ratio::ONE);
        asset.params.reserve_factor = ratio(self.reserve_factor);
        (asset.params.supply_cap, asset.params.borrow_cap) = (CAP_MAX, CAP_MAX);
        // A bound that doesn't hold: the price goes where it is set.
        asset.guards.ceiling = asset.price;
        asset.params.rate_model = RateModel::Kinked(Kinked {
            optimal_utilization_rate: Ratio::percent(80),
            base: Rate::percent(1_000),
            slope_1: Rate::ZERO,
            slope_2: Rate::ZERO,
        });
        asset
    }
}

/// Bob owes a few units of both, the least that is given, for ten years at 1,000 %, untouched: indices stand at 171,768.
fn age(world: &mut World, least: &str) {
    world.mint(BOB, OTHER, CAP_MAX.raw() / 100);
    world.deposit((BOB, 9), OTHER, CAP_MAX.raw() / 100).unwrap();
    for denom in [COLLATERAL, DEBT] {
        let fewest = (exact(least) / unit(world, denom)).ceil().to_integer();
        world.borrow((BOB, 9), denom, u128::try_from(fewest).unwrap().max(7)).unwrap();
    }
    world.advance_fresh(10 * 31_536_000);
    world.withdraw(LENDER, DEBT, 1).unwrap();
    world.withdraw(LENDER, COLLATERAL, 1).unwrap();
}

/// So many base units in whole tokens.
pub fn units(amount: u128, decimals: u8) -> BigRational {
    BigRational::new(BigInt::from(amount), BigInt::from(10u8).pow(u32::from(decimals)))
}
