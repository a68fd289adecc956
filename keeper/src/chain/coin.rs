//! Coins, and what an address has of them.

use std::collections::BTreeMap;

use serde::Serialize;

/// A coin, in base units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Coin {
    /// Which token.
    pub denom: String,
    /// How much.
    #[serde(serialize_with = "as_text")]
    pub amount: u128,
}

fn as_text<S: serde::Serializer>(amount: &u128, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.collect_str(amount)
}

impl std::fmt::Display for Coin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", self.amount, self.denom)
    }
}

impl std::str::FromStr for Coin {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (amount, denom) = text.split_at(digits);
        match amount.parse() {
            Ok(amount) if !denom.is_empty() => Ok(Self { denom: denom.to_owned(), amount }),
            _ => Err(format!("'{text}' is not a coin like 120uusd")),
        }
    }
}

/// What an address has, by denom.
pub type Balances = BTreeMap<String, u128>;
