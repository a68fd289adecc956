//! What a unit of gas is paid with: what the chain asks for, and more after a transaction that was refused for its fee
//! or that no block took, up to a limit.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cosmwasm_std::{Decimal, Decimal256, Uint256};

use crate::chain::Coin;

/// What the price is after a transaction that came to nothing for want of a higher one, in percent of what it was.
const RAISED_PERCENT: u64 = 125;
/// What the raise is after a transaction that a block took, in percent of what it was.
const EASED_PERCENT: u64 = 95;
/// What is paid of a market's price, in percent: it may rise until the transaction's block.
const MARKET_PERCENT: u64 = 110;
/// The highest price where no limit is set, as a multiple of the lowest.
const MOST_TIMES: u64 = 10;
/// For so many transactions that blocks took the figure that a refusal named is paid.
const NAMED_KEPT: u32 = 100;

/// The price of gas, in one denom. Pure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GasPrice {
    denom: String,
    least: Decimal,
    most: Decimal,
    /// What the chain asks for.
    market: Decimal,
    /// What a refusal asked for, and for how many transactions that still counts.
    named: (Decimal, u32),
    /// By what the price is multiplied.
    raise: Decimal,
}

impl GasPrice {
    /// Between these two; ten times the lower one at most where nothing else is said.
    pub fn new(denom: &str, least: Decimal, most: Option<Decimal>) -> Self {
        let most = most.unwrap_or_else(|| times(least, Decimal::from_ratio(MOST_TIMES, 1u64)));
        let (market, named, raise) = (Decimal::zero(), (Decimal::zero(), 0), Decimal::one());
        Self { denom: denom.to_owned(), least, most: most.max(least), market, named, raise }
    }

    /// What a unit of gas is paid with now.
    pub fn now(&self) -> Decimal {
        times(self.base(), self.raise).min(self.most)
    }

    /// The most that a unit of gas is paid with.
    pub const fn most(&self) -> Decimal {
        self.most
    }

    fn base(&self) -> Decimal {
        self.least.max(times(self.market, Decimal::percent(MARKET_PERCENT))).max(self.named.0)
    }

    /// The fee for this much gas, rounded up.
    pub fn fee(&self, gas: u64) -> Coin {
        let fee = Decimal256::from(self.now()).checked_mul(Decimal256::from_ratio(gas, 1u64));
        let fee = fee.map_or(Uint256::MAX, |fee| fee.to_uint_ceil());
        Coin { denom: self.denom.clone(), amount: fee.to_string().parse().unwrap_or(u128::MAX) }
    }

    /// The chain asks for this now.
    pub const fn learn(&mut self, market: Decimal) {
        self.market = market;
    }

    /// More is paid from now on. Whether the limit allows it.
    pub fn raise(&mut self) -> bool {
        let before = self.now();
        if before < self.most {
            self.raise = times(self.raise, Decimal::percent(RAISED_PERCENT));
        }
        self.now() > before
    }

    /// A transaction with this gas limit was refused for its fee: what the refusal asks for is paid from now on, or
    /// more where it names nothing. Whether the limit allows it.
    pub fn meet(&mut self, gas: u64, refusal: &str) -> bool {
        let wanted = required(refusal, &self.denom).map(|amount| Decimal::checked_from_ratio(amount, gas.max(1)));
        match wanted.and_then(Result::ok).filter(|wanted| *wanted > self.now()) {
            Some(wanted) if wanted <= self.most => {
                self.named = (wanted, NAMED_KEPT);
                true
            }
            // Nothing is gained by paying less than that.
            Some(_) => false,
            None => self.raise(),
        }
    }

    /// A block took a transaction at this price.
    pub fn ease(&mut self) {
        self.raise = times(self.raise, Decimal::percent(EASED_PERCENT)).max(Decimal::one());
        self.named.1 = self.named.1.saturating_sub(1);
        if self.named.1 == 0 {
            self.named.0 = Decimal::zero();
        }
    }
}

/// A price that the keys of one chain share.
#[derive(Clone, Debug)]
pub struct SharedGasPrice(Arc<Mutex<GasPrice>>);

impl SharedGasPrice {
    /// Shares this one.
    pub fn new(price: GasPrice) -> Self {
        Self(Arc::new(Mutex::new(price)))
    }

    /// The price, to be read or changed.
    pub fn get(&self) -> MutexGuard<'_, GasPrice> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn times(price: Decimal, by: Decimal) -> Decimal {
    price.checked_mul(by).unwrap_or(Decimal::MAX)
}

/// The fee that a refusal asks for, as in `insufficient fees; got: 1ustake required: 25ustake,3uatom`.
fn required(refusal: &str, denom: &str) -> Option<u128> {
    let (_, after) = refusal.split_once("required")?;
    let coins = after.split([',', ' ', ':', ';']).filter_map(|word| word.parse::<Coin>().ok());
    coins.into_iter().find(|coin| coin.denom == denom).map(|coin| coin.amount)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(least: &str, most: Option<&str>) -> GasPrice {
        GasPrice::new("ustake", least.parse().unwrap(), most.map(|most| most.parse().unwrap()))
    }

    fn now(price: &GasPrice) -> String {
        price.now().to_string()
    }

    #[test]
    fn the_market_is_paid_with_a_reserve_and_never_less_than_the_setting() {
        let mut price = price("0.025", Some("1"));
        price.learn("0.1".parse().unwrap());
        assert_eq!((now(&price).as_str(), price.fee(1_000_001).amount), ("0.11", 110_001));
        price.learn("0.001".parse().unwrap());
        assert_eq!(now(&price), "0.025");
        price.learn("7".parse().unwrap());
        assert_eq!(now(&price), "1");
    }

    #[test]
    fn each_raise_is_a_quarter_up_to_the_limit_and_is_eased_step_by_step() {
        let mut price = price("0.1", Some("0.15"));
        assert!(price.raise());
        assert_eq!(now(&price), "0.125");
        assert!(price.raise());
        assert_eq!(now(&price), "0.15");
        assert!(!price.raise());
        price.ease();
        assert_eq!(now(&price), "0.1484375");
        (0..20).for_each(|_| price.ease());
        assert_eq!(now(&price), "0.1");
    }

    #[test]
    fn what_a_refusal_names_is_paid_in_full_for_a_hundred_transactions() {
        let mut price = price("0.025", None);
        let refusal = "insufficient fees; got: 2500ustake required: 3uatom,7000ustake: insufficient fee";
        assert!(price.meet(100_000, refusal));
        assert_eq!((price.fee(100_000).amount, price.fee(200_000).amount), (7_000, 14_000));
        (0..99).for_each(|_| price.ease());
        assert_eq!(now(&price), "0.07");
        price.ease();
        assert_eq!(now(&price), "0.025");
    }

    #[test]
    fn what_is_above_the_limit_is_not_paid_in_part() {
        let mut price = price("0.025", Some("0.05"));
        assert!(!price.meet(100_000, "insufficient fees; got: 2500ustake required: 7000ustake"));
        assert_eq!(now(&price), "0.025");
        assert!(price.meet(100_000, "insufficient fee"));
        assert_eq!(now(&price), "0.03125");
    }

    #[test]
    fn gas_that_costs_nothing_goes_on_to_cost_nothing() {
        let mut price = price("0", None);
        assert!(!price.raise());
        price.learn(Decimal::one());
        assert_eq!(price.fee(9).amount, 0);
    }
}
