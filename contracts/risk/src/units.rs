//! Numbers that carry their unit. Only named functions turn one into another.
//!
//! In JSON integers are strings (`"120"`) and 18-decimal numbers are decimal strings (`"0.75"`); in storage, which is
//! not self-describing, both are plain varints.

use std::fmt;
use std::str::FromStr;

use cosmwasm_std::{Decimal, Decimal256, Uint128, Uint256};
use schemars::JsonSchema;
use schemars::r#gen::SchemaGenerator;
use schemars::schema::{InstanceType, Schema, SchemaObject};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::math::{MathError, ONE, mul_div_down, mul_div_down_128, mul_div_up, mul_div_up_128, narrow, pow10};

fn string_schema(description: &str) -> Schema {
    let mut schema = SchemaObject { instance_type: Some(InstanceType::String.into()), ..Default::default() };
    schema.metadata().description = Some(description.to_owned());
    schema.into()
}

/// A 128-bit unit: its own addition and subtraction, its text form, and nothing else.
macro_rules! unit {
    ($name:ident, $text:ty, $doc:literal) => {
        #[doc = $doc]
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u128);

        impl $name {
            /// Nothing.
            pub const ZERO: Self = Self(0);
            /// The largest that can be written down.
            pub const MAX: Self = Self(u128::MAX);

            /// From the raw number, in this unit's smallest step.
            pub const fn new(raw: u128) -> Self {
                Self(raw)
            }

            /// The raw number, in this unit's smallest step.
            pub const fn raw(self) -> u128 {
                self.0
            }

            /// Whether it is zero.
            pub const fn is_zero(self) -> bool {
                self.0 == 0
            }

            /// The sum. Errors on overflow.
            pub fn checked_add(self, other: Self) -> Result<Self, MathError> {
                self.0.checked_add(other.0).map(Self).ok_or(MathError::Overflow { what: stringify!($name) })
            }

            /// The difference. Errors below zero.
            pub fn checked_sub(self, other: Self) -> Result<Self, MathError> {
                self.0.checked_sub(other.0).map(Self).ok_or(MathError::Underflow {
                    what: stringify!($name),
                    from: self.0,
                    minus: other.0,
                })
            }

            /// The difference, 0 where it would be negative.
            pub const fn saturating_sub(self, other: Self) -> Self {
                Self(self.0.saturating_sub(other.0))
            }

            /// The sum, at most [`Self::MAX`].
            pub const fn saturating_add(self, other: Self) -> Self {
                Self(self.0.saturating_add(other.0))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                <$text>::new(Uint128::new(self.0)).fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                <$text>::from_str(text)
                    .map(|n| Self(n.raw()))
                    .map_err(|_| format!("'{text}' is not a {}", stringify!($name)))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    serializer.serialize_u128(self.0)
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
                } else {
                    u128::deserialize(deserializer).map(Self)
                }
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> String {
                stringify!($name).to_owned()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                string_schema($doc)
            }
        }
    };
}

/// How an integer unit reads as text.
struct Whole(Uint128);

impl Whole {
    const fn new(n: Uint128) -> Self {
        Self(n)
    }

    const fn raw(&self) -> u128 {
        self.0.u128()
    }

    fn from_str(text: &str) -> Result<Self, ()> {
        // u128's own parser takes a leading '+'; an amount has digits only.
        if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(());
        }
        text.parse::<u128>().map(|n| Self(Uint128::new(n))).map_err(|_| ())
    }
}

impl fmt::Display for Whole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.u128(), f)
    }
}

/// Decimal's own parser takes a leading '+', even after the dot; a fraction has digits and a dot only.
fn is_plain_decimal(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

/// How an 18-decimal unit reads as text.
struct Fraction(Decimal);

impl Fraction {
    const fn new(n: Uint128) -> Self {
        Self(Decimal::new(n))
    }

    const fn raw(&self) -> u128 {
        self.0.atomics().u128()
    }

    fn from_str(text: &str) -> Result<Self, ()> {
        if !is_plain_decimal(text) {
            return Err(());
        }
        Decimal::from_str(text).map(Self).map_err(|_| ())
    }
}

impl fmt::Display for Fraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

unit!(Amount, Whole, "Tokens, in base units (`uatom`), as an integer string.");
unit!(SupplyShares, Whole, "A depositor's claim on a market, as an integer string.");
unit!(ScaledDebt, Whole, "Debt divided by the borrow index, as an integer string.");
unit!(Price, Fraction, "Quote currency per whole token, as a decimal string with up to 18 decimals.");
unit!(Ratio, Fraction, "A share of one, as a decimal string with up to 18 decimals.");
unit!(Rate, Fraction, "Interest per year, not compounded (0.05 = 5 %), as a decimal string with up to 18 decimals.");
unit!(Index, Fraction, "How far a debt has grown since there last was none; 1 without debt. A decimal string.");
unit!(LpShares, Whole, "A liquidity provider's claim on a pair, as an integer string.");
unit!(CumulativePrice, Whole, "Price × seconds with 6 decimals, modulo 2^128, as an integer string.");
unit!(
    RelativePrice,
    Fraction,
    "Base units of one token per base unit of another, as a decimal string with up to 18 decimals."
);

impl Ratio {
    /// 1.
    pub const ONE: Self = Self(ONE);

    /// From percent.
    pub const fn percent(percent: u64) -> Self {
        Self(Decimal::percent(percent).atomics().u128())
    }

    /// From hundredths of a percent.
    pub const fn bps(bps: u64) -> Self {
        Self(Decimal::bps(bps).atomics().u128())
    }

    /// The product, rounded down.
    pub fn mul_down(self, other: Self) -> Result<Self, MathError> {
        mul_div_down_128(self.0, other.0, ONE).map(Self)
    }

    /// The product, rounded up.
    pub fn mul_up(self, other: Self) -> Result<Self, MathError> {
        mul_div_up_128(self.0, other.0, ONE).map(Self)
    }

    /// `1 + self`. Saturates.
    pub const fn plus_one(self) -> Self {
        Self(self.0.saturating_add(ONE))
    }

    /// `part / whole`, rounded down; `None` when `whole` is 0, [`Ratio::MAX`] when it does not fit.
    pub fn of_values_down(part: Value, whole: Value) -> Option<Self> {
        if whole.is_zero() {
            return None;
        }
        let ratio = mul_div_down(part.0, Uint256::from(ONE), whole.0).and_then(narrow);
        Some(ratio.map_or(Self::MAX, Self))
    }
}

impl Rate {
    /// From percent a year.
    pub const fn percent(percent: u64) -> Self {
        Self(Decimal::percent(percent).atomics().u128())
    }
}

impl Index {
    /// Where every market starts.
    pub const ONE: Self = Self(ONE);
}

impl Amount {
    /// This share of the amount, rounded down.
    pub fn share_down(self, share: Ratio) -> Result<Self, MathError> {
        mul_div_down_128(self.0, share.0, ONE).map(Self)
    }

    /// This share of the amount, rounded up.
    pub fn share_up(self, share: Ratio) -> Result<Self, MathError> {
        mul_div_up_128(self.0, share.0, ONE).map(Self)
    }

    /// What the amount is worth at this price, rounded down. `decimals` are those of the token.
    pub fn value_down(self, price: Price, decimals: u8) -> Result<Value, MathError> {
        mul_div_down(Uint256::from(self.0), Uint256::from(price.0), Uint256::from(pow10(decimals)?)).map(Value)
    }

    /// What the amount is worth at this price, rounded up. `decimals` are those of the token.
    pub fn value_up(self, price: Price, decimals: u8) -> Result<Value, MathError> {
        mul_div_up(Uint256::from(self.0), Uint256::from(price.0), Uint256::from(pow10(decimals)?)).map(Value)
    }

    /// How much of the token the value buys at this price, rounded down. Errors when the price is 0.
    pub fn of_value_down(value: Value, price: Price, decimals: u8) -> Result<Self, MathError> {
        let amount = mul_div_down(value.0, Uint256::from(pow10(decimals)?), Uint256::from(price.0))?;
        narrow(amount).map(Self)
    }

    /// How much of the token the value buys at this price, rounded up; [`Amount::MAX`] when that does not fit. Errors
    /// when the price is 0.
    pub fn of_value_up(value: Value, price: Price, decimals: u8) -> Result<Self, MathError> {
        let scale = Uint256::from(pow10(decimals)?);
        match mul_div_up(value.0, scale, Uint256::from(price.0)).and_then(narrow) {
            Err(MathError::Overflow { .. }) => Ok(Self::MAX),
            amount => amount.map(Self),
        }
    }
}

impl Price {
    /// This share of the price, rounded down; at most [`Price::MAX`].
    pub fn share_down(self, share: Ratio) -> Self {
        mul_div_down_128(self.0, share.0, ONE).map_or(Self::MAX, Self)
    }

    /// This share of the price, rounded up; at most [`Price::MAX`].
    pub fn share_up(self, share: Ratio) -> Self {
        mul_div_up_128(self.0, share.0, ONE).map_or(Self::MAX, Self)
    }
}

/// Quote currency, with 18 decimals and 256 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Value(Uint256);

impl Value {
    /// Nothing.
    pub const ZERO: Self = Self(Uint256::zero());

    /// From the raw number, in 10⁻¹⁸ of the quote currency.
    pub const fn new(raw: Uint256) -> Self {
        Self(raw)
    }

    /// From whole units of the quote currency.
    pub fn whole(units: u64) -> Self {
        Self(Uint256::from(u128::from(units)).saturating_mul(Uint256::from(ONE)))
    }

    /// The raw number, in 10⁻¹⁸ of the quote currency.
    pub const fn raw(self) -> Uint256 {
        self.0
    }

    /// Whether it is zero.
    pub fn is_zero(self) -> bool {
        self.0.is_zero()
    }

    /// The sum. Errors on overflow.
    pub fn checked_add(self, other: Self) -> Result<Self, MathError> {
        self.0.checked_add(other.0).map(Self).map_err(|_| MathError::Overflow { what: "Value" })
    }

    /// The difference, 0 where it would be negative.
    pub fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// This share of the value, rounded down.
    pub fn share_down(self, share: Ratio) -> Result<Self, MathError> {
        mul_div_down(self.0, Uint256::from(share.0), Uint256::from(ONE)).map(Self)
    }

    /// This share of the value, rounded up.
    pub fn share_up(self, share: Ratio) -> Result<Self, MathError> {
        mul_div_up(self.0, Uint256::from(share.0), Uint256::from(ONE)).map(Self)
    }

    /// The value divided by a ratio, rounded down. Errors when the ratio is 0.
    pub fn div_down(self, by: Ratio) -> Result<Self, MathError> {
        mul_div_down(self.0, Uint256::from(ONE), Uint256::from(by.0)).map(Self)
    }

    /// The value divided by a ratio, rounded up. Errors when the ratio is 0.
    pub fn div_up(self, by: Ratio) -> Result<Self, MathError> {
        mul_div_up(self.0, Uint256::from(ONE), Uint256::from(by.0)).map(Self)
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Decimal256::new(self.0), f)
    }
}

impl FromStr for Value {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || format!("'{text}' is not a Value");
        if !is_plain_decimal(text) {
            return Err(refused());
        }
        Decimal256::from_str(text).map(|d| Self(d.atomics())).map_err(|_| refused())
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Value {
    fn schema_name() -> String {
        "Value".to_owned()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        string_schema("Quote currency, as a decimal string with up to 18 decimals.")
    }
}
