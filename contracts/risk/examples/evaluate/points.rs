//! What the crate's functions take, put together from a point's numbers.

use plimsoll_risk::health::{CollateralLine, DebtLine, Health, Position};
use plimsoll_risk::liquidation::Incentive;
use plimsoll_risk::mark::{MarkPrice, RecordMark};
use plimsoll_risk::params::{AssetId, AssetParams, BonusCurve, Ramp, Switches};
use plimsoll_risk::price::{Guards, PriceBand, PriceRecord};
use plimsoll_risk::rates::{Kinked, RateModel};
use plimsoll_risk::units::{Amount, Price, Rate, Ratio};

use crate::inputs::{Inputs, Outcome, refused};

impl Inputs<'_> {
    fn curve(&self) -> Outcome<BonusCurve> {
        Ok(BonusCurve { min: self.ratio("bonus_min")?, max: self.ratio("bonus_max")?, full_at: self.ratio("full_at")? })
    }

    pub fn incentive(&self) -> Outcome<Incentive> {
        let protocol_fee = self.ratio("fee").unwrap_or_default();
        Ok(Incentive { bonus: self.curve()?, sale_cost: self.ratio("sale_cost")?, protocol_fee })
    }

    /// The verdict's sums, of an account whose debts weigh alike.
    pub fn health(&self) -> Outcome<Health> {
        let debt = self.value("debt")?;
        Ok(Health {
            collateral: self.value("collateral")?,
            adjusted_collateral: self.value("adjusted")?,
            debt,
            weighted_debt: debt.share_up(self.ratio("weight")?).map_err(refused)?,
            spared: false,
        })
    }

    pub fn band(&self, low: &str, high: &str) -> Outcome<PriceBand> {
        Ok(PriceBand { low: self.price(low)?, high: self.price(high)? })
    }

    /// A record that isn't silent, with these two ends for liquidation.
    fn record(&self, denom: &str, quote: Option<&str>) -> Outcome<RecordMark> {
        let settled = self.band(&format!("{denom}_low"), &format!("{denom}_high"))?;
        Ok(RecordMark {
            denom: denom.to_owned(),
            quote: quote.map(str::to_owned),
            settled,
            edges: settled,
            fault: None,
            exchange_fault: None,
            borrow_fault: None,
            remaining: Ratio::ONE,
            max_deviation: Ratio::ONE,
            ceiling: Price::MAX,
            is_live: false,
        })
    }

    fn held(&self, id: u16, name: &str, mark: MarkPrice) -> Outcome<CollateralLine> {
        Ok(CollateralLine {
            asset: AssetId(id),
            amount: self.amount(name)?,
            enabled: true,
            decimals: self.decimals(&format!("{name}_decimals"))?,
            max_loan_to_value: Ratio::ZERO,
            liquidation_threshold: self.ratio(&format!("{name}_threshold"))?,
            power: Ratio::ONE,
            bonus_max: Ratio::ZERO,
            mark,
        })
    }

    fn owed(&self, id: u16, name: &str, mark: MarkPrice) -> Outcome<DebtLine> {
        let weight = self.ratio(&format!("{name}_weight"))?;
        let decimals = self.decimals(&format!("{name}_decimals"))?;
        let amount = self.amount(name)?;
        Ok(DebtLine { asset: AssetId(id), amount, decimals, weight, borrowing_weight: weight, mark })
    }

    /// A deposit of this threshold.
    pub fn seized(&self) -> Outcome<CollateralLine> {
        Ok(CollateralLine {
            asset: AssetId(0),
            amount: Amount::ZERO,
            enabled: true,
            decimals: 0,
            max_loan_to_value: Ratio::ZERO,
            liquidation_threshold: self.ratio("threshold")?,
            power: Ratio::ONE,
            bonus_max: Ratio::ZERO,
            mark: MarkPrice::unknown(),
        })
    }

    /// A debt of this weight.
    pub fn repaid(&self) -> Outcome<DebtLine> {
        let weight = self.ratio("weight")?;
        let mark = MarkPrice::unknown();
        Ok(DebtLine { asset: AssetId(100), amount: Amount::ZERO, decimals: 0, weight, borrowing_weight: weight, mark })
    }

    /// A deposit on a rate quoted in a record, or on that record itself; another deposit; a debt on a record of its
    /// own; and one on the record of the first deposit, or on one of its own.
    pub fn position(&self) -> Outcome<Position> {
        let root = self.record("root", None)?;
        let alone = |denom: &str| self.record(denom, None).map(|record| MarkPrice::new(vec![record]));
        let seized = if self.flag("is_rated")? {
            MarkPrice::new(vec![self.record("rate", Some("root"))?, root.clone()])
        } else {
            MarkPrice::new(vec![root.clone()])
        };
        let second = if self.flag("is_shared")? { MarkPrice::new(vec![root]) } else { alone("second")? };
        Ok(Position {
            collaterals: vec![self.held(0, "held", seized)?, self.held(1, "other", alone("beside")?)?],
            debts: vec![self.owed(100, "owed", alone("repaid")?)?, self.owed(101, "more", second)?],
            halted: false,
        })
    }

    pub fn price_record(&self) -> Outcome<PriceRecord> {
        let guards = Guards {
            max_age: Some(1_000),
            floor: self.price("floor")?,
            ceiling: self.price("ceiling")?,
            bound_hold: 3_600,
            max_deviation: self.ratio("deviation")?,
            step_interval: 100,
            age_spread: Ratio::ZERO,
        };
        let mut record = PriceRecord::unpublished(0, None, 0, guards);
        record.settled = self.price("settled")?;
        record.raw = self.band("low", "high")?;
        record.extremes = record.raw;
        record.awaiting = false;
        record.timestamp = 1_000;
        record.anchored_at = 1_000;
        record.beyond_since = u64::from(self.flag("is_held")?);
        Ok(record)
    }

    /// Parameters that are accepted, but for what is said of threshold and bonus.
    pub fn params(&self) -> Outcome<AssetParams> {
        Ok(AssetParams {
            denom: "uatom".to_owned(),
            decimals: 6,
            max_loan_to_value: Ratio::ZERO,
            liquidation_threshold: self.ramp()?,
            liquidation_bonus: self.curve()?,
            protocol_liquidation_fee: Ratio::ZERO,
            reserve_factor: Ratio::ZERO,
            reserve_floor: Ratio::ZERO,
            supply_cap: Amount::ZERO,
            borrow_cap: Amount::ZERO,
            flash_loan_fee: Ratio::ZERO,
            rate_model: RateModel::Kinked(Kinked {
                optimal_utilization_rate: Ratio::percent(80),
                base: Rate::ZERO,
                slope_1: Rate::ZERO,
                slope_2: Rate::ZERO,
            }),
            enabled: Switches { deposit: true, borrow: true, flash_loan: true },
            sale_cost: Ratio::ZERO,
            max_borrow_utilization: Ratio::ONE,
            borrow_weight: Ramp::flat(Ratio::ONE),
            isolation: None,
            siloed: false,
            next_rate_model: None,
            outflow_limit: None,
        })
    }

    pub fn ramp(&self) -> Outcome<Ramp> {
        let (from, to) = (self.ratio("threshold_from")?, self.ratio("threshold_to")?);
        Ok(Ramp { from, to, starts_at: 0, ends_at: self.seconds("ends_at")? })
    }
}
