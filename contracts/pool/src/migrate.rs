//! `migrate`: take over from an older version of this contract.

use cosmwasm_std::{DepsMut, Response, StdResult, Storage};
use plimsoll_schema::compact::{CompactItem, CompactMap};
use plimsoll_schema::event;
use plimsoll_schema::pool::{Config, ReservesRequest};

use crate::error::ContractError;
use crate::state::{ASSET_COUNT, ASSET_PARAMS, CONFIG, CONTRACT_NAME, CONTRACT_VERSION, MARKETS, RESERVES_REQUESTS};
use crate::{callback, flash_loan};

/// The version whose records are rewritten.
const FIRST: &str = "0.1.0";

pub fn migrate(deps: DepsMut) -> Result<Response, ContractError> {
    flash_loan::assert_none_open(deps.as_ref())?;
    callback::assert_none_open(deps.as_ref())?;
    let from = plimsoll_schema::version::ensure_from_older_version(deps.storage, CONTRACT_NAME, CONTRACT_VERSION)?;
    if from == FIRST {
        rewrite(deps.storage)?;
    }
    Ok(Response::new().add_attribute(event::ACTION, "migrate").add_attribute(event::FROM, from))
}

/// Settings, markets, parameters and requests, which are few. Account records are as they were. What is new starts
/// where it changes nothing for those who are in a market: no grace, the old notice for another oracle; and where it
/// protects them: the default limit of utilization, and a cost of a sale. Settings above what is allowed now become the
/// most that is.
fn rewrite(storage: &mut dyn Storage) -> StdResult<()> {
    let config = first::CONFIG.load(storage)?;
    CONFIG.save(storage, &Config::from(config))?;
    for id in 0..ASSET_COUNT.load(storage)? {
        if let Some(market) = first::MARKETS.may_load(storage, id)? {
            MARKETS.save(storage, id, &market.into())?;
        }
        if let Some(params) = first::ASSET_PARAMS.may_load(storage, id)? {
            ASSET_PARAMS.save(storage, id, &params.into())?;
        }
        if let Some(request) = first::RESERVES_REQUESTS.may_load(storage, id)? {
            RESERVES_REQUESTS.save(storage, id, &ReservesRequest::from(request))?;
        }
    }
    Ok(())
}

/// The records of the first version.
mod first {
    use plimsoll_risk::heartbeat::HaltGrace;
    use plimsoll_risk::liquidation::LiquidationTerms;
    use plimsoll_risk::market::Market as NewMarket;
    use plimsoll_risk::params::{
        AssetParams as NewAssetParams, BonusCurve, MAX_BORROW_UTILIZATION_DEFAULT, Ramp, SALE_COST_DEFAULT, Switches,
    };
    use plimsoll_risk::rates::RateModel;
    use plimsoll_risk::units::{Amount, Index, Rate, Ratio, ScaledDebt, SupplyShares, Value};
    use serde::{Deserialize, Serialize};

    use super::{CompactItem, CompactMap, Config as NewConfig, ReservesRequest as NewReservesRequest};
    use crate::update_config::{DUST_VALUE_MAX, MIN_DEBT_VALUE_MAX, ORACLE_DELAY_MAX};

    pub const CONFIG: CompactItem<Config> = CompactItem::new("c");
    pub const MARKETS: CompactMap<u16, Market> = CompactMap::new("m");
    pub const ASSET_PARAMS: CompactMap<u16, AssetParams> = CompactMap::new("a");
    pub const RESERVES_REQUESTS: CompactMap<u16, ReservesRequest> = CompactMap::new("w");

    #[derive(Serialize, Deserialize)]
    pub struct Config {
        oracle: String,
        liquidation: LiquidationTerms,
        min_debt_value: Value,
        reserves_delay: u64,
    }

    #[derive(Serialize, Deserialize)]
    pub struct Market {
        cash: Amount,
        lent: Amount,
        debt_scaled: ScaledDebt,
        borrow_index: Index,
        supply_shares: SupplyShares,
        reserves: Amount,
        updated_at: u64,
        rate: Rate,
    }

    #[derive(Serialize, Deserialize)]
    pub struct AssetParams {
        denom: String,
        decimals: u8,
        max_loan_to_value: Ratio,
        liquidation_threshold: Ramp,
        liquidation_bonus: BonusCurve,
        protocol_liquidation_fee: Ratio,
        reserve_factor: Ratio,
        reserve_floor: Ratio,
        supply_cap: Amount,
        borrow_cap: Amount,
        flash_loan_fee: Ratio,
        rate_model: RateModel,
        enabled: Switches,
    }

    #[derive(Serialize, Deserialize)]
    pub struct ReservesRequest {
        amount: Amount,
        recipient: String,
        effective_at: u64,
        floor: Ratio,
    }

    impl From<Config> for NewConfig {
        fn from(old: Config) -> Self {
            let dust_value = old.liquidation.dust_value.min(Value::whole(DUST_VALUE_MAX));
            Self {
                oracle: old.oracle,
                liquidation: LiquidationTerms { dust_value, ..old.liquidation },
                min_debt_value: old.min_debt_value.min(Value::whole(MIN_DEBT_VALUE_MAX)),
                oracle_delay: old.reserves_delay.min(ORACLE_DELAY_MAX),
                reserves_delay: old.reserves_delay,
                halt_grace: HaltGrace::default(),
            }
        }
    }

    impl From<Market> for NewMarket {
        fn from(old: Market) -> Self {
            Self {
                cash: old.cash,
                lent: old.lent,
                debt_scaled: old.debt_scaled,
                borrow_index: old.borrow_index,
                supply_shares: old.supply_shares,
                reserves: old.reserves,
                updated_at: old.updated_at,
                rate: old.rate,
                rate_at_target: Rate::ZERO,
                reserves_fraction: Ratio::ZERO,
                written_off: false,
            }
        }
    }

    impl From<AssetParams> for NewAssetParams {
        fn from(old: AssetParams) -> Self {
            Self {
                denom: old.denom,
                decimals: old.decimals,
                max_loan_to_value: old.max_loan_to_value,
                liquidation_threshold: old.liquidation_threshold,
                sale_cost: SALE_COST_DEFAULT.min(old.liquidation_bonus.min),
                liquidation_bonus: old.liquidation_bonus,
                protocol_liquidation_fee: old.protocol_liquidation_fee,
                reserve_factor: old.reserve_factor,
                reserve_floor: old.reserve_floor,
                supply_cap: old.supply_cap,
                borrow_cap: old.borrow_cap,
                flash_loan_fee: old.flash_loan_fee,
                rate_model: old.rate_model,
                enabled: old.enabled,
                max_borrow_utilization: MAX_BORROW_UTILIZATION_DEFAULT,
                borrow_weight: Ramp::flat(Ratio::ONE),
                isolation: None,
                siloed: false,
                next_rate_model: None,
                outflow_limit: None,
            }
        }
    }

    impl From<ReservesRequest> for NewReservesRequest {
        fn from(old: ReservesRequest) -> Self {
            let ReservesRequest { amount, recipient, effective_at, floor } = old;
            Self { amount, recipient, effective_at, floor, paid: Amount::ZERO }
        }
    }
}
