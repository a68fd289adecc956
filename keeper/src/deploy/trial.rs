//! An account that could be liquidated at once, made of messages that are never sent: simulated together, they tell
//! what one liquidation uses. Pure.

use plimsoll_risk::liquidation::Liquidation;
use plimsoll_risk::math::MathError;
use plimsoll_risk::units::{Amount, Price, Ratio, Value};
use plimsoll_schema::liquidator::Hop;
use plimsoll_schema::oracle::{ExecuteMsg as OracleMsg, FeedPrice};
use plimsoll_schema::pool::{AccountKey, Borrow, ExecuteMsg, OnBehalf};

use crate::chain::{Coin, Execute};
use crate::error::Result;
use crate::plan::{Action, Deal, Sale};

/// The account's number, which nobody is likely to have.
const ACCOUNT_ID: u32 = u32::MAX;
/// The share of what may be borrowed that is borrowed.
const BORROWED: Ratio = Ratio::percent(90);
/// The health factor to which the price falls.
const HEALTH_FACTOR: Ratio = Ratio::percent(97);
/// The debt is worth the least that a debt may be, divided by this; and no less than [`DEBT_VALUE_MIN`].
const LEAST_DEBT_SHARE: Ratio = Ratio::percent(25);
/// In whole units of the quote currency.
const DEBT_VALUE_MIN: u64 = 100;
/// The share of what is lent out that is borrowed.
const UTILIZATION: Ratio = Ratio::percent(25);

/// A token and its price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The token's denom.
    pub denom: String,
    /// The token's decimals.
    pub decimals: u8,
    /// The token's settled price.
    pub price: Price,
}

/// What an account is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The token that is seized.
    pub collateral: Token,
    /// The token that is owed.
    pub debt: Token,
    /// How much may be borrowed against a unit of the collateral's value.
    pub max_loan_to_value: Ratio,
    /// How much debt a unit of the collateral's value carries.
    pub liquidation_threshold: Ratio,
    /// The least that a debt may be worth.
    pub min_debt_value: Value,
    /// The address that lends and liquidates.
    pub deployer: String,
    /// The addresses that vote for the collateral's price. The first of them but the deployer borrows.
    pub feeders: Vec<String>,
    /// The pair where the collateral is sold for what is owed.
    pub pair: String,
}

/// One message of the trial, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// To a contract.
    Execute {
        /// The sender.
        sender: String,
        /// The message.
        message: Execute,
    },
    /// Coins from the deployer.
    Send {
        /// The recipient.
        to: String,
        /// The coins.
        coin: Coin,
    },
}

/// An account and the price at which it can be liquidated, in amounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    deployer: String,
    borrower: String,
    feeders: Vec<String>,
    pair: String,
    lent: Coin,
    collateral: Coin,
    debt: Coin,
    fallen: Price,
}

impl Trial {
    /// On these terms. Errors when an amount doesn't fit, or a price is 0.
    pub fn new(terms: Terms) -> std::result::Result<Self, MathError> {
        let debt_value = terms.min_debt_value.div_up(LEAST_DEBT_SHARE)?.max(Value::whole(DEBT_VALUE_MIN));
        let collateral_value = debt_value.div_up(terms.max_loan_to_value.mul_down(BORROWED)?)?;
        let carried = debt_value.share_down(HEALTH_FACTOR)?.div_down(terms.liquidation_threshold)?;
        let fall = Ratio::of_values_down(carried, collateral_value).unwrap_or(Ratio::ZERO);
        let coin = |token: &Token, value: Value| {
            let amount = Amount::of_value_down(value, token.price, token.decimals)?;
            Ok(Coin { denom: token.denom.clone(), amount: amount.raw() })
        };
        Ok(Self {
            borrower: terms.feeders.iter().find(|feeder| **feeder != terms.deployer).cloned().unwrap_or_default(),
            lent: coin(&terms.debt, debt_value.div_up(UTILIZATION)?)?,
            collateral: coin(&terms.collateral, collateral_value)?,
            debt: coin(&terms.debt, debt_value)?,
            fallen: terms.collateral.price.share_down(fall),
            deployer: terms.deployer,
            feeders: terms.feeders,
            pair: terms.pair,
        })
    }

    /// What is lent to the market of the debt first: a message of the deployer's that can be repeated.
    pub fn lend(&self, pool: &str) -> Result<Step> {
        deposit(pool, &self.deployer, &self.lent)
    }

    /// Who sends messages beside the deployer, in the order of their first ones.
    pub fn others(&self) -> Vec<String> {
        let others = self.feeders.iter().filter(|feeder| **feeder != self.deployer && **feeder != self.borrower);
        std::iter::once(&self.borrower).chain(others).cloned().collect()
    }

    /// Everything up to the liquidation, which is the deployer's.
    pub fn steps(&self, pool: &str, oracle: &str) -> Result<Vec<Step>> {
        let borrow = ExecuteMsg::Borrow(Borrow {
            denom: self.debt.denom.clone(),
            amount: Amount::new(self.debt.amount).into(),
            recipient: None,
            account_id: Some(ACCOUNT_ID),
            on_behalf_of: None,
        });
        let mut steps = vec![
            self.lend(pool)?,
            Step::Send { to: self.borrower.clone(), coin: self.collateral.clone() },
            deposit(pool, &self.borrower, &self.collateral)?,
            Step::Execute { sender: self.borrower.clone(), message: Execute::new(pool, &borrow, Vec::new())? },
        ];
        let price = FeedPrice { denom: self.collateral.denom.clone(), price: self.fallen, observed_at: None };
        let vote = Execute::new(oracle, &OracleMsg::Feed { prices: vec![price] }, Vec::new())?;
        let votes = self.feeders.iter();
        steps.extend(votes.map(|feeder| Step::Execute { sender: feeder.clone(), message: vote.clone() }));
        Ok(steps)
    }

    /// The account's liquidation with the deployer's coins, or `sold` by the liquidator.
    pub fn liquidation(&self, sold: bool) -> Action {
        let hop = Hop { pair: self.pair.clone(), ask_denom: self.debt.denom.clone() };
        let sale = Sale { hops: vec![hop], returned: Amount::ZERO, min_profit: Amount::ZERO };
        Action::Liquidate(Box::new(Deal {
            key: AccountKey { owner: self.borrower.clone(), account_id: ACCOUNT_ID },
            sent: self.debt.clone(),
            collateral_denom: self.collateral.denom.clone(),
            expected: Liquidation { repay: Amount::ZERO, seize: Amount::ZERO, fee: Amount::ZERO, bonus: Ratio::ZERO },
            min_receive: Amount::new(1),
            repaid_value: Value::ZERO,
            received_value: Value::ZERO,
            profit: Value::ZERO,
            publish: Vec::new(),
            sale: sold.then_some(sale),
        }))
    }
}

fn deposit(pool: &str, sender: &str, coin: &Coin) -> Result<Step> {
    let msg = ExecuteMsg::Deposit(OnBehalf { account_id: Some(ACCOUNT_ID), on_behalf_of: None });
    Ok(Step::Execute { sender: sender.to_owned(), message: Execute::new(pool, &msg, vec![coin.clone()])? })
}
