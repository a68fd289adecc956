//! A point's numbers, by name.

use std::str::FromStr;

use cosmwasm_std::Uint256;
use plimsoll_risk::units::{Amount, Price, Ratio, Value};
use serde_json::Value as Json;

/// The integers of a point.
pub struct Inputs<'a>(pub &'a Json);

/// Why a point has no result.
pub enum Fault {
    /// The point is not one of this formula.
    Point(String),
    /// The crate refuses it.
    Refused(String),
}

/// A result, or why there is none.
pub type Outcome<T> = Result<T, Fault>;

/// The crate's error.
pub fn refused(error: impl ToString) -> Fault {
    Fault::Refused(error.to_string())
}

impl Inputs<'_> {
    fn parse<T: FromStr>(&self, name: &str) -> Outcome<T> {
        let text = self.0.get(name).and_then(Json::as_str);
        text.and_then(|text| text.parse().ok()).ok_or_else(|| Fault::Point(format!("no number '{name}'")))
    }

    pub fn raw(&self, name: &str) -> Outcome<u128> {
        self.parse(name)
    }

    pub fn seconds(&self, name: &str) -> Outcome<u64> {
        self.parse(name)
    }

    pub fn decimals(&self, name: &str) -> Outcome<u8> {
        self.parse(name)
    }

    pub fn flag(&self, name: &str) -> Outcome<bool> {
        Ok(self.raw(name)? > 0)
    }

    pub fn amount(&self, name: &str) -> Outcome<Amount> {
        self.raw(name).map(Amount::new)
    }

    pub fn price(&self, name: &str) -> Outcome<Price> {
        self.raw(name).map(Price::new)
    }

    pub fn ratio(&self, name: &str) -> Outcome<Ratio> {
        self.raw(name).map(Ratio::new)
    }

    pub fn value(&self, name: &str) -> Outcome<Value> {
        self.parse::<Uint256>(name).map(Value::new)
    }
}
