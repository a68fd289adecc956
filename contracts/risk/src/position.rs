//! An account in amounts and prices: what all formulas of health are computed from.

use thiserror::Error;

use crate::account::Account;
use crate::mark::MarkPrice;
use crate::market::Accrued;
use crate::math::{MathError, ONE, mul_div_down_128};
use crate::params::{AssetId, AssetParams};
use crate::price::PriceFault;
use crate::units::{Amount, Ratio};

/// Why health could not be told.
#[derive(Error, Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the display text names each field")]
pub enum HealthError {
    /// A computation left its type.
    #[error(transparent)]
    Math(#[from] MathError),
    /// A debt's denom is silent.
    #[error("price of asset {}: {fault}", asset.0)]
    Price { asset: AssetId, fault: PriceFault },
    /// An account names an asset that is not listed.
    #[error("asset {} is not listed", .0.0)]
    UnknownAsset(AssetId),
}

/// All that is known of an asset at one block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssetState {
    /// Its parameters.
    pub params: AssetParams,
    /// Its ledger, interest added.
    pub market: Accrued,
    /// Its price.
    pub mark: MarkPrice,
}

/// Where the assets' state at one block is looked up.
pub trait Assets {
    /// The state of this asset.
    fn asset(&self, id: AssetId) -> Option<&AssetState>;
}

/// The block at which an account is judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    /// The time that ramps run by, in seconds: without the oracle's lost seconds
    /// ([`crate::heartbeat::Heartbeat::clock`]).
    pub clock: u64,
    /// Whether liquidation waits after a halt ([`crate::heartbeat::Heartbeat::is_halted`]).
    pub halted: bool,
}

/// A deposit, in amounts and prices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollateralLine {
    /// The asset.
    pub asset: AssetId,
    /// What the shares are worth, rounded down.
    pub amount: Amount,
    /// Whether it counts toward health.
    pub enabled: bool,
    /// The token's decimals.
    pub decimals: u8,
    /// The max LTV in force.
    pub max_loan_to_value: Ratio,
    /// The liquidation threshold in force.
    pub liquidation_threshold: Ratio,
    /// The share that counts for borrowing: `min(1, cap / supply)` of its market, and nothing where deposits are
    /// stopped.
    pub power: Ratio,
    /// The largest bonus when it is seized.
    pub bonus_max: Ratio,
    /// The price.
    pub mark: MarkPrice,
}

/// A debt, in amounts and prices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DebtLine {
    /// The asset.
    pub asset: AssetId,
    /// What is owed, rounded up.
    pub amount: Amount,
    /// The token's decimals.
    pub decimals: u8,
    /// By how much more than its value it counts toward health; 1 or above.
    pub weight: Ratio,
    /// The same toward borrowing: where a rise was announced, the weight at its end.
    pub borrowing_weight: Ratio,
    /// The price.
    pub mark: MarkPrice,
}

/// An account, in amounts and prices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Its deposits.
    pub collaterals: Vec<CollateralLine>,
    /// Its debts.
    pub debts: Vec<DebtLine>,
    /// Whether liquidation waits after a halt.
    pub halted: bool,
}

impl Position {
    /// The account with everything that counts toward it, at one block. A market that can't be computed counts as one
    /// of which no price is known. Errors when an asset is unknown.
    pub fn of(account: &Account, assets: &impl Assets, moment: &Moment) -> Result<Self, HealthError> {
        let find = |id| assets.asset(id).ok_or(HealthError::UnknownAsset(id));
        let mut position = Self { halted: moment.halted, ..Self::default() };
        for held in &account.collaterals {
            let AssetState { params, market, mark } = find(held.asset)?;
            let amount = market.shares_value_down(held.shares);
            position.collaterals.push(CollateralLine {
                asset: held.asset,
                mark: if amount.is_ok() { mark.clone() } else { MarkPrice::unknown() },
                amount: amount.unwrap_or(Amount::ZERO),
                enabled: held.enabled,
                decimals: params.decimals,
                max_loan_to_value: params.max_loan_to_value,
                liquidation_threshold: params.liquidation_threshold.at(moment.clock),
                power: power_down(params, market),
                bonus_max: params.liquidation_bonus.max,
            });
        }
        for owed in &account.debts {
            let AssetState { params, market, mark } = find(owed.asset)?;
            let amount = market.owed_up(owed.scaled);
            position.debts.push(DebtLine {
                asset: owed.asset,
                mark: if amount.is_ok() { mark.clone() } else { MarkPrice::unknown() },
                amount: amount.unwrap_or(Amount::ZERO),
                decimals: params.decimals,
                weight: params.borrow_weight.at(moment.clock),
                borrowing_weight: params.borrow_weight.highest_from(moment.clock),
            });
        }
        Ok(position)
    }

    /// The account as if no silent collateral had declined yet.
    pub fn before_decline(&self) -> Self {
        let mut undeclined = self.clone();
        for line in &mut undeclined.collaterals {
            line.mark = line.mark.undeclined();
        }
        for line in &mut undeclined.debts {
            line.mark = line.mark.undeclined();
        }
        undeclined
    }
}

impl CollateralLine {
    /// The threshold with which it counts: none when it is disabled.
    pub const fn threshold(&self) -> Ratio {
        if self.enabled { self.liquidation_threshold } else { Ratio::ZERO }
    }
}

/// The share of a deposit that counts for borrowing, rounded down: `min(1, cap / supply)`, nothing where deposits are
/// stopped. No cliff: interest and a lowered cap take power in proportion, and freeze nobody.
fn power_down(params: &AssetParams, market: &Accrued) -> Ratio {
    if !params.enabled.deposit {
        return Ratio::ZERO;
    }
    match market.supply() {
        Ok(supply) if supply > params.supply_cap => {
            mul_div_down_128(params.supply_cap.raw(), ONE, supply.raw()).map_or(Ratio::ZERO, Ratio::new)
        }
        Ok(_) => Ratio::ONE,
        Err(_) => Ratio::ZERO,
    }
}
