//! What the account's deposits and debts are worth for leverage, before and after a sale.
//!
//! Prices are those that the pool reads: the oracle's records, raw, by the code in `risk`. Deposits count at the low
//! and debts at the high end of what liquidation counts: `user_position` counts them the other way round, so its
//! leverage is never higher. In calm markets both ends are one.

use cosmwasm_std::StdResult;
use plimsoll_risk::heartbeat::Heartbeat;
use plimsoll_risk::mark::{MarkPrice, RecordMark};
use plimsoll_risk::price::PriceRecord;
use plimsoll_risk::units::{Amount, Price, Ratio, Value};
use plimsoll_schema::compact;
use plimsoll_schema::oracle::{HEARTBEAT, PRICE_RECORDS};
use plimsoll_schema::pool::{Listed, QueryMsg};
use serde::Deserialize;

use crate::account::Account;
use crate::error::ContractError;
use crate::leverage::Sides;
use crate::scene::Scene;

/// The most that a loan owes at once, as a share of it: the interest of a minute at the highest rate of any market.
pub const FIRST_INTEREST: Ratio = Ratio::new(20_000_000_000_000);
/// What the rounding of shares, or of what clears a debt, may take at most.
const ROUNDING: Amount = Amount::new(2);

/// The account with everything that its leverage depends on.
pub struct Valuation {
    /// What is neither the collateral nor the debt of the message.
    others: Sides,
    collateral: Token,
    debt: Token,
    /// What the account has of the collateral.
    pub supplied: Amount,
    /// What the account owes of the debt's denom.
    pub owed: Amount,
}

/// A token of the pool at this block.
struct Token {
    decimals: u8,
    low: Price,
    high: Price,
}

impl Valuation {
    /// Asks the pool for the account and the markets, and reads the prices. Errors when one of them is silent.
    pub fn load(scene: &Scene, collateral_denom: &str, debt_denom: &str) -> Result<Self, ContractError> {
        let account = Account::load(scene)?;
        let prices = Prices::open(scene)?;
        let mut others = Sides { collateral: Value::ZERO, debt: Value::ZERO };
        let deposits = account.position.collaterals.iter().filter(|held| held.denom != collateral_denom);
        for held in deposits {
            let value = Token::load(scene, &prices, &held.denom)?.value_down(held.amount)?;
            others.collateral = others.collateral.checked_add(value)?;
        }
        for owed in account.position.debts.iter().filter(|owed| owed.denom != debt_denom) {
            let value = Token::load(scene, &prices, &owed.denom)?.value_up(owed.amount)?;
            others.debt = others.debt.checked_add(value)?;
        }
        Ok(Self {
            others,
            collateral: Token::load(scene, &prices, collateral_denom)?,
            debt: Token::load(scene, &prices, debt_denom)?,
            supplied: account.deposit(collateral_denom),
            owed: account.debt(debt_denom),
        })
    }

    /// The account with a deposit more, roundings included.
    pub fn with_deposit(&self, amount: Amount) -> Result<Sides, ContractError> {
        self.sides(self.supplied.checked_add(amount)?, self.owed)
    }

    /// The account after a deposit and a loan, roundings and the first minute's interest included.
    pub fn after_purchase(&self, deposited: Amount, borrowed: Amount) -> Result<Sides, ContractError> {
        let supplied = self.supplied.checked_add(deposited)?;
        let loan = borrowed.checked_add(borrowed.share_up(FIRST_INTEREST)?)?;
        self.sides(supplied, self.owed.checked_add(loan)?)
    }

    /// The account after a withdrawal and a repayment, roundings included.
    pub fn after_sale(&self, withdrawn: Amount, repaid: Amount) -> Result<Sides, ContractError> {
        self.sides(self.supplied.saturating_sub(withdrawn), self.owed.saturating_sub(repaid))
    }

    fn sides(&self, supplied: Amount, owed: Amount) -> Result<Sides, ContractError> {
        let supplied = self.collateral.value_down(supplied.saturating_sub(ROUNDING))?;
        let owed = self.debt.value_up(owed.checked_add(ROUNDING)?)?;
        let collateral = self.others.collateral.checked_add(supplied)?;
        let debt = self.others.debt.checked_add(owed)?;
        Ok(Sides { collateral, debt })
    }

    /// What an amount of the debt's denom is worth as a debt, rounded down.
    pub fn own_value(&self, amount: Amount) -> Result<Value, ContractError> {
        Ok(amount.value_down(self.debt.high, self.debt.decimals)?)
    }

    /// The most of the debt's denom that a debt of this value is.
    pub fn debt_amount(&self, value: Value) -> Result<Amount, ContractError> {
        Ok(Amount::of_value_down(value, self.debt.high, self.debt.decimals)?)
    }

    /// The least of the collateral that is worth as much.
    pub fn collateral_amount(&self, value: Value) -> Result<Amount, ContractError> {
        Ok(Amount::of_value_up(value, self.collateral.low, self.collateral.decimals)?)
    }
}

impl Token {
    fn load(scene: &Scene, prices: &Prices, denom: &str) -> Result<Self, ContractError> {
        let answer: Market = scene.ask_pool(&QueryMsg::Market(Listed { denom: denom.to_owned() }))?;
        let mark = prices.mark(scene, denom)?;
        if let Some(fault) = mark.fault() {
            return Err(ContractError::Silent { denom: denom.to_owned(), fault });
        }
        let low = mark.rate_down(None, |record| record.settled.low);
        let high = mark.rate_up(None, |record| record.settled.high);
        Ok(Self { decimals: answer.params.decimals, low, high })
    }

    fn value_down(&self, amount: Amount) -> Result<Value, ContractError> {
        Ok(amount.value_down(self.low, self.decimals)?)
    }

    fn value_up(&self, amount: Amount) -> Result<Value, ContractError> {
        Ok(amount.value_up(self.high, self.decimals)?)
    }
}

/// What is read of [`plimsoll_schema::pool::MarketResponse`]: to read all of it would be a tenth of the code.
#[derive(Deserialize)]
struct Market {
    params: Params,
}

#[derive(Deserialize)]
struct Params {
    decimals: u8,
}

/// What is read of [`plimsoll_schema::pool::ConfigResponse`].
#[derive(Deserialize)]
struct Settings {
    config: Config,
}

#[derive(Deserialize)]
struct Config {
    oracle: String,
}

/// The pool's oracle.
struct Prices {
    oracle: String,
    heartbeat: Heartbeat,
    now: u64,
}

impl Prices {
    fn open(scene: &Scene) -> StdResult<Self> {
        let answer: Settings = scene.ask_pool(&QueryMsg::Config {})?;
        let oracle = answer.config.oracle;
        let now = scene.env.block.time.seconds();
        let raw = scene.deps.querier.query_wasm_raw(&oracle, HEARTBEAT.key().as_bytes())?;
        let heartbeat = raw.and_then(|bytes| compact::decode(&bytes).ok()).unwrap_or(Heartbeat::start(0, now));
        Ok(Self { oracle, heartbeat, now })
    }

    fn mark(&self, scene: &Scene, denom: &str) -> StdResult<MarkPrice> {
        MarkPrice::chain(denom, |denom| {
            let raw = scene.deps.querier.query_wasm_raw(&self.oracle, PRICE_RECORDS.key(denom))?;
            let record: Option<PriceRecord> = raw.and_then(|bytes| compact::decode(&bytes).ok());
            let observed = record.filter(PriceRecord::was_observed);
            Ok(observed.map(|record| RecordMark::of(denom, &record, &self.heartbeat, self.now)))
        })
    }
}
