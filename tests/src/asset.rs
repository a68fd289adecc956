//! Assets as a world lists them.

use plimsoll_risk::params::BonusCurve;
use plimsoll_risk::price::{Guards, PRICE_MAX};
use plimsoll_risk::rates::{Kinked, RateModel};
use plimsoll_risk::units::{Amount, Price, Rate, Ratio};
use plimsoll_schema::pool::NewAsset;

use crate::oracle::price;

/// A dollar, 6 decimals, price 1.
pub const UUSD: &str = "uusd";
/// 6 decimals, price 10.
pub const UATOM: &str = "uatom";
/// A denom as IBC makes them, 6 decimals, price 5.
pub const IBC_TOKEN: &str = "ibc/27394FB092D2ECCD56123C74F36E4C1F926001CEADA9CA97EA622B25F41E5EB2";
/// 18 decimals, price 2,000.
pub const AETH: &str = "aeth";

/// An asset to be listed: the pool's parameters, the oracle's guards and the first price.
#[derive(Clone, Debug)]
pub struct Asset {
    /// The pool's parameters.
    pub params: NewAsset,
    /// The first price.
    pub price: Price,
    /// What the oracle holds its price to.
    pub guards: Guards,
}

impl Asset {
    /// An asset that may be borrowed to 70 % and is liquidated at 75 %, with a bonus of 2 to 10 %; a sale costs
    /// nothing, and 95 % of a market may be lent out. Caps are 10⁹ whole tokens.
    ///
    /// Its guards let a test move the price freely: no limit to the settled price's speed, bounds at 1,000 times that
    /// don't hold it, an hour of age without widening.
    pub fn new(denom: &str, decimals: u8, first_price: &str) -> Self {
        let price = price(first_price);
        let cap = Amount::new(10u128.pow(u32::from(decimals)) * 1_000_000_000);
        let params = NewAsset {
            denom: denom.to_owned(),
            decimals,
            max_loan_to_value: Ratio::percent(70),
            liquidation_threshold: Ratio::percent(75),
            liquidation_bonus: BonusCurve {
                min: Ratio::percent(2),
                max: Ratio::percent(10),
                full_at: Ratio::percent(95),
            },
            protocol_liquidation_fee: Ratio::percent(10),
            reserve_factor: Ratio::percent(10),
            reserve_floor: Ratio::percent(1),
            flash_loan_fee: Ratio::bps(9),
            supply_cap: cap,
            borrow_cap: cap,
            rate_model: RateModel::Kinked(Kinked {
                optimal_utilization_rate: Ratio::percent(80),
                base: Rate::ZERO,
                slope_1: Rate::percent(4),
                slope_2: Rate::percent(100),
            }),
            sale_cost: Some(Ratio::ZERO),
            max_borrow_utilization: None,
            borrow_weight: None,
            isolated: None,
            siloed: None,
            outflow_limit: None,
        };
        let guards = Guards {
            max_age: Some(3_600),
            floor: Price::new(price.raw() / 1_000),
            ceiling: Price::new(price.raw().saturating_mul(1_000)).min(PRICE_MAX),
            bound_hold: 0,
            max_deviation: Ratio::ONE,
            step_interval: 0,
            age_spread: Ratio::ZERO,
        };
        Self { params, price, guards }
    }

    /// The same asset whose debts stay what they are.
    pub fn interest_free(mut self) -> Self {
        let optimal_utilization_rate = Ratio::percent(80);
        let base = Rate::ZERO;
        let slope_1 = Rate::ZERO;
        let slope_2 = Rate::ZERO;
        self.params.rate_model = RateModel::Kinked(Kinked { optimal_utilization_rate, base, slope_1, slope_2 });
        self
    }

    /// The same asset with another max LTV and threshold, in percent.
    pub fn with_ltv(mut self, max_loan_to_value: u64, liquidation_threshold: u64) -> Self {
        self.params.max_loan_to_value = Ratio::percent(max_loan_to_value);
        self.params.liquidation_threshold = Ratio::percent(liquidation_threshold);
        self
    }

    /// How many base units this many whole tokens are.
    pub fn whole(&self, tokens: u128) -> u128 {
        tokens * 10u128.pow(u32::from(self.params.decimals))
    }

    /// What a world lists unless told otherwise.
    pub fn defaults() -> Vec<Self> {
        vec![
            Self::new(UUSD, 6, "1").with_ltv(80, 85),
            Self::new(UATOM, 6, "10"),
            Self::new(IBC_TOKEN, 6, "5").with_ltv(60, 65),
            Self::new(AETH, 18, "2000").with_ltv(75, 80),
        ]
    }
}
