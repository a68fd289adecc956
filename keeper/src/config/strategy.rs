//! `[strategy]`: what is worth doing, and within which limits.

use std::collections::BTreeMap;

use plimsoll_risk::math::{ONE, mul_div_down_128};
use plimsoll_risk::units::{Ratio, Value};
use plimsoll_schema::pool::LIQUIDATION_ITEMS_MAX;

use crate::config::Layers;
use crate::config::chain::{DENOM, is_denom};
use crate::error::Result;

/// Keys of this section are denoms: the most that is spent of each in one liquidation.
pub const MAX_REPAY: &str = "strategy.max_repay.";

/// What share of a block's gas one transaction may ask for, so that those of other keys and of others fit beside it.
pub const BLOCK_SHARE: Ratio = Ratio::percent(50);

/// What is worth doing, and within which limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strategy {
    /// Less profit than this, after gas, is not worth a transaction.
    pub min_profit_value: Value,
    /// What the gas of one liquidation is worth, as long as no price says so.
    pub gas_value: Value,
    /// What a whole token of the gas denom is worth: the fee of what was simulated is then subtracted in place of
    /// `gas_value`.
    pub gas_denom_price: Option<Value>,
    /// The decimals of the gas denom.
    pub gas_denom_decimals: u8,
    /// The most gas that a transaction may ask for; never more than [`BLOCK_SHARE`] of what a block has.
    pub max_gas_per_tx: u64,
    /// The most that is paid for a transaction, in base units of the gas denom.
    pub max_fee: Option<u128>,
    /// How much less collateral than planned is accepted.
    pub slippage: Ratio,
    /// The most accounts that a transaction liquidates or writes off.
    pub max_items: usize,
    /// Whether own coins buy shares in the pool where a market lacks the cash to pay collateral out. Such shares are
    /// withdrawn once the cash is there.
    pub take_shares: bool,
    /// The most that is spent in one liquidation, by denom; no limit for others.
    pub max_repay: BTreeMap<String, u128>,
    /// In how many blocks a transaction must be included.
    pub timeout_blocks: u64,
    /// By how much a price of its assets or its record has to change for an account that failed to be tried again at
    /// once.
    pub cooldown_lift: Ratio,
    /// After how many transactions in a row that failed the keeper stops; 0 is never.
    pub max_failures: u32,
    /// The age in seconds at which a live price is published, though nothing be liquidated; a quarter of its window
    /// when `None`, and never at 0.
    pub publish_seconds: Option<u64>,
    /// Whether bad debt is written off, and a debt set off against a deposit of the same denom. Neither pays anything.
    pub write_off: bool,
    /// The most debts that are written off or set off in an hour; `None` is no limit.
    pub max_write_offs_per_hour: Option<usize>,
    /// The most of the key's own coins, in value, that one transaction repays with; `None` is no limit, and 0 the
    /// liquidator alone.
    pub max_spend_per_tx: Option<Value>,
    /// The most that all transactions of an hour repay with; `None` is no limit, and 0 the liquidator alone.
    pub max_spend_per_hour: Option<Value>,
    /// The most that is paid in fees in an hour, in base units of the gas denom; `None` is no limit.
    pub max_fee_per_hour: Option<u128>,
}

impl Default for Strategy {
    fn default() -> Self {
        Self {
            min_profit_value: Value::ZERO,
            gas_value: Value::ZERO,
            gas_denom_price: None,
            gas_denom_decimals: 6,
            max_gas_per_tx: 10_000_000,
            max_fee: None,
            slippage: Ratio::bps(50),
            max_items: 100,
            take_shares: false,
            max_repay: BTreeMap::new(),
            timeout_blocks: 20,
            cooldown_lift: Ratio::percent(1),
            max_failures: 20,
            publish_seconds: None,
            write_off: true,
            max_write_offs_per_hour: Some(60),
            max_spend_per_tx: None,
            max_spend_per_hour: None,
            max_fee_per_hour: None,
        }
    }
}

impl Strategy {
    /// What gas is taken to cost before anything is simulated.
    pub fn planned_gas_value(&self) -> Value {
        if self.gas_denom_price.is_some() { Value::ZERO } else { self.gas_value }
    }

    /// The same where a block has so much gas; `None` is no limit.
    pub fn in_blocks_of(mut self, gas: Option<u64>) -> Self {
        let most = gas.map(|gas| mul_div_down_128(gas.into(), BLOCK_SHARE.raw(), ONE));
        let most = most.and_then(std::result::Result::ok).and_then(|most| u64::try_from(most).ok());
        self.max_gas_per_tx = self.max_gas_per_tx.min(most.unwrap_or(u64::MAX));
        self
    }

    /// What a fee is worth, rounded up; `None` when no price says so.
    pub fn fee_value(&self, fee: u128) -> Option<Value> {
        let price = self.gas_denom_price?;
        let whole = cosmwasm_std::Uint256::from(10u8).checked_pow(self.gas_denom_decimals.into()).ok()?;
        let value = price.raw().checked_mul(fee.into()).ok()?.checked_add(whole).ok()?.checked_div(whole).ok()?;
        Some(Value::new(value))
    }
}

pub(super) fn strategy(layers: &Layers) -> Result<Strategy> {
    let mut max_repay = BTreeMap::new();
    for (key, value) in layers.starting_with(MAX_REPAY) {
        if !is_denom(&key[MAX_REPAY.len()..]) {
            let allowed = format!("named by {DENOM}: {MAX_REPAY}DENOM");
            return Err(layers.refuse(key, &allowed));
        }
        let amount = value.parse().map_err(|_| layers.refuse(key, "an amount in base units"))?;
        max_repay.insert(key[MAX_REPAY.len()..].to_owned(), amount);
    }
    let value = "a value in quote currency, such as 0.5";
    Ok(Strategy {
        min_profit_value: layers.parse("strategy.min_profit_value", value, |_: &Value| true)?,
        gas_value: layers.parse("strategy.gas_value", value, |_: &Value| true)?,
        gas_denom_price: layers.given("strategy.gas_denom_price", value, |_: &Value| true)?,
        gas_denom_decimals: layers.parse("strategy.gas_denom_decimals", "a number from 0 to 36", |n: &u8| *n <= 36)?,
        max_gas_per_tx: layers.parse("strategy.max_gas_per_tx", "an amount of gas above 0", |n: &u64| *n > 0)?,
        max_fee: layers
            .given("strategy.max_fee", "an amount above 0 in base units of the gas denom", |n: &u128| *n > 0)?,
        slippage: layers.parse("strategy.slippage", "a ratio from 0 to 0.5", |r: &Ratio| *r <= Ratio::percent(50))?,
        max_items: layers.parse(
            "strategy.max_items",
            &format!("a number from 1 to {LIQUIDATION_ITEMS_MAX}"),
            |n: &usize| (1..=LIQUIDATION_ITEMS_MAX).contains(n),
        )?,
        take_shares: layers.parse("strategy.take_shares", "true or false", |_: &bool| true)?,
        max_repay,
        timeout_blocks: layers
            .parse("strategy.timeout_blocks", "a number from 2 to 900", |n: &u64| (2..=900).contains(n))?,
        cooldown_lift: layers
            .parse("strategy.cooldown_lift", "a ratio from 0 to 1", |r: &Ratio| *r <= Ratio::percent(100))?,
        max_failures: layers.parse("strategy.max_failures", "a number; 0 is never", |_: &u32| true)?,
        publish_seconds: layers.given("strategy.publish_seconds", "a number of seconds; 0 is never", |_: &u64| true)?,
        write_off: layers.parse("strategy.write_off", "true or false", |_: &bool| true)?,
        max_write_offs_per_hour: layers.given("strategy.max_write_offs_per_hour", "a number", |_: &usize| true)?,
        max_spend_per_tx: layers.given("strategy.max_spend_per_tx", value, |_: &Value| true)?,
        max_spend_per_hour: layers.given("strategy.max_spend_per_hour", value, |_: &Value| true)?,
        max_fee_per_hour: layers.given(
            "strategy.max_fee_per_hour",
            "an amount above 0 in base units of the gas denom",
            |n: &u128| *n > 0,
        )?,
    })
}
