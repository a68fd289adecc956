//! What can be counted as a price, and a band of prices.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::math::ONE;
use crate::units::Price;

/// The highest price that a source may carry: 10¹⁸ of the quote currency a token.
pub const PRICE_MAX: Price = Price::new(ONE * ONE);
/// The lowest price that is counted. A price of 0 counts as this, so that no conversion divides by 0.
pub const PRICE_MIN: Price = Price::new(1);

/// A lowest and a highest price.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub struct PriceBand {
    /// The lowest.
    pub low: Price,
    /// The highest; no lower than `low`.
    pub high: Price,
}

impl PriceBand {
    /// One price.
    pub fn at(price: Price) -> Self {
        Self::between(price, price)
    }

    /// From one price to another, in either order, held to what can be counted: [`PRICE_MIN`] to [`PRICE_MAX`].
    pub fn between(one: Price, other: Price) -> Self {
        let countable = |price: Price| price.clamp(PRICE_MIN, PRICE_MAX);
        Self { low: countable(one.min(other)), high: countable(one.max(other)) }
    }

    /// The narrowest band that includes both.
    pub fn including(self, other: Self) -> Self {
        Self { low: self.low.min(other.low), high: self.high.max(other.high) }
    }
}
