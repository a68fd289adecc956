//! Limits and slippage, against what a liquidation costs and brings. With a wrong one everything seems well, and
//! nothing is ever sent.

use std::collections::BTreeMap;

use plimsoll_risk::mark::SharedValues;
use plimsoll_risk::math::{ONE, mul_div_down_128, mul_div_up_128};
use plimsoll_risk::params::AssetParams;
use plimsoll_risk::units::{Amount, Price, Ratio, Value};

use crate::chain::{Chain, Coin};
use crate::commands::doctor::Check;
use crate::commands::doctor::market::Market;
use crate::commands::run::one_liquidation;
use crate::config::{BLOCK_SHARE, Config, MAX_REPAY, Strategy};
use crate::error::Result;

/// A line for each limit that leaves no room for a liquidation, and for each asset whose bonus the slippage eats up.
pub async fn check(chain: &impl Chain, config: &Config) -> Vec<Check> {
    let strategy = &config.strategy;
    let through_liquidator = config.contracts.liquidator.is_some();
    let mut checks = gas(chain, config).await;
    match Market::read(chain, &config.contracts.pool).await {
        Ok(market) => {
            match known_prices(chain, &market).await {
                Ok(prices) => checks.extend(repayable(strategy, &market, &prices)),
                Err(error) => checks.push(Check::error("limits", &error)),
            }
            checks.extend(spending(strategy, market.config.min_debt_value, through_liquidator));
            checks.extend(slippage(
                strategy.slippage,
                market.assets.iter().map(|asset| &asset.params),
                through_liquidator,
            ));
        }
        Err(error) => checks.push(Check::error("limits", &error)),
    }
    checks
}

/// Whether there is room for a liquidation in the limits and in a block, by what one used on this deployment.
async fn gas(chain: &impl Chain, config: &Config) -> Vec<Check> {
    let Some((gas, fee)) = one_liquidation(chain, &config.contracts) else {
        let found = "what a liquidation uses is unknown: none was simulated on this deployment yet, so nothing can be said of the limits";
        let remedy = "set contracts.gas_own and contracts.gas_sold, or let the keeper meet its first liquidation";
        return vec![Check::warn("limits", found, remedy)];
    };
    let mut checks = costs(&config.strategy, gas, &fee);
    checks.push(match chain.block_gas().await {
        Ok(most) => blocks(most, gas),
        Err(error) => Check::error("block gas", &error),
    });
    checks
}

/// Whether gas and fee of a liquidation are within the limits.
pub fn costs(strategy: &Strategy, gas: u64, fee: &Coin) -> Vec<Check> {
    let gas_limit = (strategy.max_gas_per_tx < gas).then(|| {
        let found =
            format!("strategy.max_gas_per_tx is {}, and a liquidation needs about {gas}", strategy.max_gas_per_tx);
        Check::fail("limits", found, "raise it: nothing would be sent")
    });
    let fees = [("strategy.max_fee", strategy.max_fee), ("strategy.max_fee_per_hour", strategy.max_fee_per_hour)];
    let too_low = fees.into_iter().filter_map(|(name, most)| Some((name, most.filter(|most| *most < fee.amount)?)));
    let too_low = too_low.map(|(name, most)| {
        let found = format!("{name} is {most}{}, and a liquidation costs about {fee}", fee.denom);
        Check::fail("limits", found, "raise it: nothing would be sent")
    });
    let checks: Vec<Check> = gas_limit.into_iter().chain(too_low).collect();
    if checks.is_empty() {
        return vec![Check::ok("limits", format!("there is room for a liquidation, about {gas} gas for {fee}"))];
    }
    checks
}

/// Whether the part of a block's gas that a transaction may ask for has room for a liquidation, which needs so much.
pub fn blocks(most: Option<u64>, gas: u64) -> Check {
    let share = BLOCK_SHARE;
    let Some(most) = most else {
        return Check::ok("block gas", "the chain sets no limit for a block");
    };
    let room = Strategy { max_gas_per_tx: u64::MAX, ..Strategy::default() }.in_blocks_of(Some(most)).max_gas_per_tx;
    let found = format!(
        "a block has {most}; a transaction asks for {share} of that at most, {room}, and a liquidation needs about {gas}"
    );
    if room < gas {
        return Check::fail("block gas", found, "nothing can be sent: the chain's governance has to raise max_gas");
    }
    Check::ok("block gas", found)
}

/// Whether each `strategy.max_repay` is of a listed token and leaves something to repay, at these prices; nothing where
/// it does.
pub fn repayable(strategy: &Strategy, market: &Market, prices: &BTreeMap<String, Price>) -> Vec<Check> {
    let dust = market.config.liquidation.dust_value;
    let least = market.config.min_debt_value;
    let judge = |(denom, most): (&String, &u128)| {
        let name = format!("{MAX_REPAY}{denom}");
        let Some(listed) = market.assets.iter().find(|asset| asset.params.denom == *denom) else {
            let all: Vec<&str> = market.assets.iter().map(|asset| asset.params.denom.as_str()).collect();
            let found = format!("{name} limits nothing: the pool lists no {denom}; it lists {}", all.join(", "));
            return Some(Check::warn("limits", found, "correct the denom, or leave it out"));
        };
        let decimals = listed.params.decimals;
        let worth = Amount::new(*most).value_down(*prices.get(denom)?, decimals).ok().filter(|worth| *worth < least)?;
        let found = format!("{name} is {most}{denom}, worth {worth}, and no debt is less than {least}");
        Some(if worth < dust {
            let remedy = format!(
                "raise it: next to nothing could be repaid; it is in base units, 10^{decimals} to a whole token"
            );
            Check::fail("limits", found, remedy)
        } else {
            Check::warn("limits", format!("{found}: it repays a part at most"), "raise it, if that isn't meant")
        })
    };
    strategy.max_repay.iter().filter_map(judge).collect()
}

/// What a debt of each denom counts at in liquidation, by denom; of silent ones nothing.
async fn known_prices(chain: &impl Chain, market: &Market) -> Result<BTreeMap<String, Price>> {
    let now = chain.head().await?.time;
    let prices = market.prices(chain).await?;
    let counts = |denom: &str| {
        let price = prices.price(denom, now);
        price.fault().is_none().then(|| (denom.to_owned(), price.debt_up(&SharedValues::default())))
    };
    Ok(market.denoms().filter_map(counts).collect())
}

/// Whether the key's own coins may repay what an account owes at least; nothing where they may.
pub fn spending(strategy: &Strategy, least_debt: Value, through_liquidator: bool) -> Vec<Check> {
    let limits = [
        ("strategy.max_spend_per_tx", strategy.max_spend_per_tx),
        ("strategy.max_spend_per_hour", strategy.max_spend_per_hour),
    ];
    let judge = |(name, most): (&str, Option<Value>)| match most? {
        most if most.is_zero() && through_liquidator => Some(Check::ok(
            "limits",
            format!("{name} is 0: the key's own coins are never repaid with, only borrowed ones"),
        )),
        most if most.is_zero() => Some(Check::fail(
            "limits",
            format!("{name} is 0, and there is no liquidator: nothing can be repaid"),
            "set contracts.liquidator and contracts.pairs, or raise the limit",
        )),
        most if most < least_debt => Some(Check::warn(
            "limits",
            format!(
                "{name} is {most}, and no debt is less than {least_debt}: the key's own coins repay a part at most"
            ),
            format!("raise it to {least_debt} at least, or set it to 0 to use the liquidator alone"),
        )),
        _ => None,
    };
    limits.into_iter().filter_map(judge).collect()
}

/// Whether what is accepted at least still pays. The bonus less the protocol's fee is what the slippage is taken from:
/// at `(1 + bonus)(1 − slippage) ≤ 1` nothing does. The fee is a share of what the bonus exceeds the sale's cost by.
pub fn slippage<'a>(
    slippage: Ratio,
    assets: impl Iterator<Item = &'a AssetParams>,
    through_liquidator: bool,
) -> Vec<Check> {
    let checks: Vec<Check> = assets.filter_map(|params| too_much(slippage, params, through_liquidator)).collect();
    if checks.is_empty() {
        return vec![Check::ok("slippage", format!("{slippage} is less than every asset's bonus after its fee"))];
    }
    checks
}

fn too_much(slippage: Ratio, params: &AssetParams, through_liquidator: bool) -> Option<Check> {
    let kept = ONE.saturating_sub(params.protocol_liquidation_fee.raw());
    let after_fee = |bonus: Ratio| {
        let free = bonus.min(params.sale_cost);
        let rest = mul_div_down_128(bonus.saturating_sub(free).raw(), kept, ONE).map_or(Ratio::ZERO, Ratio::new);
        free.saturating_add(rest)
    };
    let least = after_fee(params.liquidation_bonus.min);
    let most = after_fee(params.liquidation_bonus.max);
    let denom = &params.denom;
    let remedy = "lower strategy.slippage";
    if !pays(least, slippage) && !pays(most, slippage) {
        let finding = format!(
            "{slippage} eats up the whole bonus of {denom}, at most {most} after its fee: own coins are never spent for it"
        );
        return Some(if through_liquidator {
            Check::warn("slippage", finding, remedy)
        } else {
            Check::fail("slippage", finding, remedy)
        });
    }
    // Where governance pays no bonus just below 1, nobody comes for it, whatever the slippage.
    (!least.is_zero() && !pays(least, slippage)).then(|| {
        let found = format!(
            "{slippage} eats up the bonus of {denom} just below health factor 1, {least} after its fee: own coins are spent for it only further down"
        );
        Check::warn("slippage", found, remedy)
    })
}

/// Whether `(1 + bonus)(1 − slippage) > 1`.
fn pays(bonus: Ratio, slippage: Ratio) -> bool {
    let lost = mul_div_up_128(slippage.raw(), bonus.plus_one().raw(), ONE);
    lost.is_ok_and(|lost| lost < bonus.raw())
}
