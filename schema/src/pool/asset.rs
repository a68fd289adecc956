//! The parameters of an asset, as they are listed and changed.

use plimsoll_risk::outflow::OutflowLimit;
use plimsoll_risk::params::{
    AssetParams, BonusCurve, MAX_BORROW_UTILIZATION_DEFAULT, Ramp, SALE_COST_DEFAULT, Switches,
};
use plimsoll_risk::rates::RateModel;
use plimsoll_risk::units::{Amount, Ratio, ScaledDebt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An asset to be listed.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct NewAsset {
    /// The token's denom in the bank.
    pub denom: String,
    /// The decimals of the whole token; never changed later.
    pub decimals: u8,
    /// How much may be borrowed against a unit of value.
    pub max_loan_to_value: Ratio,
    /// How much debt a unit of value carries before liquidation begins.
    pub liquidation_threshold: Ratio,
    /// The liquidator's bonus when this asset is seized.
    pub liquidation_bonus: BonusCurve,
    /// The protocol's share of what that bonus exceeds `sale_cost` by.
    pub protocol_liquidation_fee: Ratio,
    /// The reserves' share of interest.
    pub reserve_factor: Ratio,
    /// The share of the debt that must stay in reserves when some are withdrawn.
    pub reserve_floor: Ratio,
    /// The most that suppliers may hold together.
    pub supply_cap: Amount,
    /// The most that borrowers may owe together.
    pub borrow_cap: Amount,
    /// The share of a flash loan that it costs, to reserves.
    pub flash_loan_fee: Ratio,
    /// How the borrow rate follows utilization.
    pub rate_model: RateModel,
    /// What selling a unit of the asset costs, at most the least bonus; [`SALE_COST_DEFAULT`] when left out, or the
    /// least bonus when that is less.
    pub sale_cost: Option<Ratio>,
    /// The most of the supply that may be lent out after a borrow; [`MAX_BORROW_UTILIZATION_DEFAULT`] when left out, 1
    /// is no limit.
    pub max_borrow_utilization: Option<Ratio>,
    /// By how much more than its value a debt of this asset counts; 1 when left out.
    pub borrow_weight: Option<Ratio>,
    /// Whether the asset counts alone as collateral; not when left out. Nothing can be borrowed against it before
    /// [`AssetChanges::debt_ceilings`] sets some.
    pub isolated: Option<bool>,
    /// Whether the asset stands alone as debt; not when left out.
    pub siloed: Option<bool>,
    /// How much may leave; no limit when left out.
    pub outflow_limit: Option<OutflowLimit>,
}

/// How much of a denom may be owed against an isolated asset.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Ceiling {
    /// The denom that is owed.
    pub denom: String,
    /// The most of it, of all accounts together, in scaled debt.
    pub ceiling: ScaledDebt,
}

impl From<NewAsset> for AssetParams {
    /// The parameters of the new market, with everything open.
    fn from(new: NewAsset) -> Self {
        let sale_cost = new.sale_cost.unwrap_or(SALE_COST_DEFAULT.min(new.liquidation_bonus.min));
        Self {
            denom: new.denom,
            decimals: new.decimals,
            max_loan_to_value: new.max_loan_to_value,
            liquidation_threshold: Ramp::flat(new.liquidation_threshold),
            liquidation_bonus: new.liquidation_bonus,
            protocol_liquidation_fee: new.protocol_liquidation_fee,
            reserve_factor: new.reserve_factor,
            reserve_floor: new.reserve_floor,
            supply_cap: new.supply_cap,
            borrow_cap: new.borrow_cap,
            flash_loan_fee: new.flash_loan_fee,
            rate_model: new.rate_model,
            enabled: Switches { deposit: true, borrow: true, flash_loan: true },
            sale_cost,
            max_borrow_utilization: new.max_borrow_utilization.unwrap_or(MAX_BORROW_UTILIZATION_DEFAULT),
            borrow_weight: Ramp::flat(new.borrow_weight.unwrap_or(Ratio::ONE)),
            isolation: new.isolated.unwrap_or_default().then(Vec::new),
            siloed: new.siloed.unwrap_or_default(),
            next_rate_model: None,
            outflow_limit: new.outflow_limit,
        }
    }
}

/// Another outflow limit, or none.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum OutflowChange {
    /// No limit from now on. What has left is forgotten.
    Off,
    /// This limit from now on. What has left under another counts still.
    Set(OutflowLimit),
}

/// Changes to an asset. What is `None` stays.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct AssetChanges {
    /// How much may be borrowed against a unit of value.
    pub max_loan_to_value: Option<Ratio>,
    /// The liquidation threshold. Up at once, down over `ramp_seconds`.
    pub liquidation_threshold: Option<Ratio>,
    /// How long the threshold takes to fall; when left out the minimum: three days, and in proportion more for more
    /// than 20 points.
    pub ramp_seconds: Option<u64>,
    /// The liquidator's bonus.
    pub liquidation_bonus: Option<BonusCurve>,
    /// The protocol's share of it.
    pub protocol_liquidation_fee: Option<Ratio>,
    /// The reserves' share of interest.
    pub reserve_factor: Option<Ratio>,
    /// The share of the debt that must stay in reserves.
    pub reserve_floor: Option<Ratio>,
    /// The most that suppliers may hold together.
    pub supply_cap: Option<Amount>,
    /// The most that borrowers may owe together.
    pub borrow_cap: Option<Amount>,
    /// The share of a flash loan that it costs.
    pub flash_loan_fee: Option<Ratio>,
    /// How the borrow rate follows utilization. A model of another kind takes over a day later, and whatever is set
    /// replaces what was announced.
    pub rate_model: Option<RateModel>,
    /// What selling a unit of the asset costs.
    pub sale_cost: Option<Ratio>,
    /// The most of the supply that may be lent out after a borrow.
    pub max_borrow_utilization: Option<Ratio>,
    /// By how much more than its value a debt of this asset counts. It falls at once and rises over `ramp_seconds`.
    pub borrow_weight: Option<Ratio>,
    /// Whether the asset counts alone as collateral. It holds for what is enabled or borrowed from now on.
    pub isolated: Option<bool>,
    /// How much may be owed against the asset while it is isolated; of denoms that aren't named nothing.
    pub debt_ceilings: Option<Vec<Ceiling>>,
    /// Whether the asset stands alone as debt. It holds for debts that are taken from now on.
    pub siloed: Option<bool>,
    /// How much may leave.
    pub outflow_limit: Option<OutflowChange>,
}
