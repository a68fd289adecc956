//! An amount, or as much as goes.

use std::fmt;

use plimsoll_risk::units::Amount;
use schemars::JsonSchema;
use schemars::r#gen::SchemaGenerator;
use schemars::schema::Schema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// How much, in base units; or `"max"`, the most that the account's health and the market allow at that moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AmountOrMax {
    /// This much.
    Amount(Amount),
    /// As much as goes.
    Max,
}

const MAX: &str = "max";

impl From<Amount> for AmountOrMax {
    fn from(amount: Amount) -> Self {
        Self::Amount(amount)
    }
}

impl fmt::Display for AmountOrMax {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Amount(amount) => amount.fmt(f),
            Self::Max => f.write_str(MAX),
        }
    }
}

impl Serialize for AmountOrMax {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for AmountOrMax {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == MAX { Ok(Self::Max) } else { text.parse().map(Self::Amount).map_err(de::Error::custom) }
    }
}

impl JsonSchema for AmountOrMax {
    fn schema_name() -> String {
        "AmountOrMax".to_owned()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = String::json_schema(generator).into_object();
        let text = "An amount in base units, or `max`: the most that the account's health and the market allow.";
        schema.metadata().description = Some(text.to_owned());
        schema.into()
    }
}
