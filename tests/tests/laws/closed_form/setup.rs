//! One collateral, one debt, no interest: what a closed form speaks of.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Zero};
use plimsoll_risk::liquidation::LiquidationTerms;
use plimsoll_risk::params::BonusCurve;
use plimsoll_risk::rates::{Kinked, RateModel};
use plimsoll_risk::units::{Price, Rate, Ratio, Value};
use plimsoll_testing::{ALICE, Asset, UATOM, UUSD, World, ratio};

/// What is deposited.
pub const COLLATERAL: &str = UATOM;
/// What is owed.
pub const DEBT: &str = UUSD;

/// The parameters that the closed forms have in them.
#[derive(Clone, Copy, Debug)]
pub struct Scene {
    pub threshold: &'static str,
    /// Least and most bonus, and the health factor at which the most is paid.
    pub bonus: (&'static str, &'static str, &'static str),
    pub target: &'static str,
    /// What a sale costs: what is paid at lenders' cost.
    pub sale_cost: &'static str,
    pub protocol_fee: &'static str,
    /// Of the collateral and of the debt.
    pub decimals: (u8, u8),
}

impl Scene {
    /// A threshold of three quarters, a bonus that is always this, since a sale costs as much, 18 decimals, nothing for
    /// the protocol.
    pub const fn with_bonus(bonus: &'static str) -> Self {
        let sale_cost = bonus;
        let bonus = (bonus, bonus, "0.95");
        Self { threshold: "0.75", bonus, target: "1.05", sale_cost, protocol_fee: "0", decimals: (18, 18) }
    }

    /// Both prices 1, a million whole tokens of each lent; dust is a base unit at that price, so that no remainder is closed for being
    /// small.
    pub fn world(&self) -> World {
        let unit = 10u128.pow(18 - u32::from(self.decimals.0.min(self.decimals.1)));
        let dust_value = Value::new(unit.into());
        let terms = LiquidationTerms { target_health_factor: ratio(self.target), dust_value };
        let builder = World::builder().assets(self.assets()).pool(|config| {
            config.liquidation = terms;
            config.min_debt_value = Value::new((unit + 1).into());
        });
        builder.lent(1_000_000).build()
    }

    fn assets(&self) -> [Asset; 2] {
        [(COLLATERAL, self.decimals.0), (DEBT, self.decimals.1)].map(|(denom, decimals)| {
            let mut asset = Asset::new(denom, decimals, "1");
            let (min, max, full_at) = self.bonus;
            let threshold = ratio(self.threshold);
            asset.params.liquidation_threshold = threshold;
            asset.params.max_loan_to_value = Ratio::new(threshold.raw() - 1);
            asset.params.liquidation_bonus = BonusCurve { min: ratio(min), max: ratio(max), full_at: ratio(full_at) };
            asset.params.sale_cost = Some(ratio(self.sale_cost));
            asset.params.protocol_liquidation_fee = ratio(self.protocol_fee);
            asset.params.rate_model = interest_free();
            // A bound that doesn't hold: the price goes where it is set.
            asset.guards.ceiling = asset.price;
            asset
        })
    }

    /// The world in which Alice has deposited and borrowed so many whole tokens.
    pub fn indebted(&self, deposit: u128, borrow: u128) -> World {
        let mut world = self.world();
        open(&mut world, deposit, borrow);
        world
    }
}

/// Alice deposits and borrows so many whole tokens.
pub fn open(world: &mut World, deposit: u128, borrow: u128) {
    let deposit = world.whole(COLLATERAL, deposit);
    let borrow = world.whole(DEBT, borrow);
    world.deposit(ALICE, COLLATERAL, deposit).unwrap();
    world.borrow(ALICE, DEBT, borrow).unwrap();
}

/// Debts stay what they are.
pub fn interest_free() -> RateModel {
    let optimal_utilization_rate = Ratio::percent(80);
    RateModel::Kinked(Kinked { optimal_utilization_rate, base: Rate::ZERO, slope_1: Rate::ZERO, slope_2: Rate::ZERO })
}

/// An account in exact values.
#[derive(Clone, Debug)]
pub struct Standing {
    pub collateral: BigRational,
    pub debt: BigRational,
}

impl Standing {
    /// Alice's, from amounts and the published prices.
    pub fn of(world: &World) -> Self {
        let deposit = world.supplied(ALICE, COLLATERAL);
        let debt = world.owed(ALICE, DEBT);
        Self { collateral: value(world, COLLATERAL, deposit), debt: value(world, DEBT, debt) }
    }

    /// Debt a unit of collateral.
    pub fn ratio(&self) -> BigRational {
        &self.debt / &self.collateral
    }
}

/// What so many base units are worth at the published mid price.
pub fn value(world: &World, denom: &str, amount: u128) -> BigRational {
    let one = BigInt::from(world.whole(denom, 1));
    BigRational::new(BigInt::from(amount), one) * raw(world.settled_price(denom).raw())
}

/// A number of 18 decimals.
pub fn raw(number: u128) -> BigRational {
    BigRational::new(BigInt::from(number), BigInt::from(1_000_000_000_000_000_000u128))
}

/// A decimal number, exactly.
pub fn exact(text: &str) -> BigRational {
    raw(ratio(text).raw())
}

/// `n/d`.
pub fn fraction(n: u128, d: u128) -> BigRational {
    BigRational::new(BigInt::from(n), BigInt::from(d))
}

pub fn one() -> BigRational {
    BigRational::one()
}

/// The number, or 0 when it is negative.
pub fn or_zero(number: BigRational) -> BigRational {
    number.max(BigRational::zero())
}

/// The price next below this number.
pub fn price_down(number: &BigRational) -> String {
    let scaled = (number * BigInt::from(1_000_000_000_000_000_000u128)).floor().to_integer();
    Price::new(u128::try_from(scaled).unwrap()).to_string()
}

/// So many base units, rounded down.
pub fn units_down(number: &BigRational) -> u128 {
    u128::try_from(number.floor().to_integer()).unwrap()
}

#[track_caller]
pub fn assert_near(measured: &BigRational, expected: &BigRational, tolerance: &BigRational, what: &str) {
    let distance = if measured > expected { measured - expected } else { expected - measured };
    assert!(distance <= *tolerance, "{what}: {} measured, {} expected", text(measured), text(expected));
}

/// Readable, to 30 digits after the point.
pub fn text(number: &BigRational) -> String {
    let scale = BigInt::from(10u8).pow(30);
    let whole = number.to_integer();
    let rest = ((number - &whole) * scale).to_integer();
    format!("{whole} + {rest}e-30")
}
