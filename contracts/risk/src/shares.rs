//! Supply shares: what a depositor holds, and what it is worth.
//!
//! Shares are converted against a supply and a number of shares that each have a constant added (virtual shares, as in
//! Morpho Blue and OpenZeppelin's ERC-4626), so an empty market can't be inflated by a first depositor: what they give
//! away to move the price goes to shares that nobody holds.

use crate::math::{MathError, mul_div_down_128, mul_div_up_128};
use crate::units::{Amount, SupplyShares};

/// Added to the number of shares in every conversion: a new market's share is worth 10⁻⁶ base units.
pub const VIRTUAL_SHARES: u128 = 1_000_000;
/// No market mints shares beyond this: every sum and conversion of shares stays within 128 bits.
pub const SHARES_MAX: SupplyShares = SupplyShares::new(u128::MAX / 2);
/// Added to the supply in every conversion.
pub const VIRTUAL_SUPPLY: u128 = 1;
/// A market whose share is worth less than the first share's price divided by this takes no deposits.
pub const SHARE_PRICE_FLOOR_DIVISOR: u128 = 100;

fn pool_shares(shares: SupplyShares) -> Result<u128, MathError> {
    Ok(shares.checked_add(SupplyShares::new(VIRTUAL_SHARES))?.raw())
}

fn pool_supply(supply: Amount) -> Result<u128, MathError> {
    Ok(supply.checked_add(Amount::new(VIRTUAL_SUPPLY))?.raw())
}

/// The shares that a deposit mints, rounded down.
pub fn to_shares_down(amount: Amount, supply: Amount, shares: SupplyShares) -> Result<SupplyShares, MathError> {
    mul_div_down_128(amount.raw(), pool_shares(shares)?, pool_supply(supply)?).map(SupplyShares::new)
}

/// The shares that a withdrawal burns, rounded up.
pub fn to_shares_up(amount: Amount, supply: Amount, shares: SupplyShares) -> Result<SupplyShares, MathError> {
    mul_div_up_128(amount.raw(), pool_shares(shares)?, pool_supply(supply)?).map(SupplyShares::new)
}

/// What shares are worth, rounded down.
pub fn to_amount_down(held: SupplyShares, supply: Amount, shares: SupplyShares) -> Result<Amount, MathError> {
    mul_div_down_128(held.raw(), pool_supply(supply)?, pool_shares(shares)?).map(Amount::new)
}

/// What the supply lacks to the price floor of its shares, rounded down. Below it a share has lost so much that new
/// deposits would be priced by rounding rather than by value.
pub fn lacks_to_price_floor(supply: Amount, shares: SupplyShares) -> Result<Amount, MathError> {
    let fair = mul_div_down_128(pool_shares(shares)?, VIRTUAL_SUPPLY, VIRTUAL_SHARES)?;
    let floor = fair.checked_div(SHARE_PRICE_FLOOR_DIVISOR).unwrap_or(0);
    Ok(Amount::new(floor).saturating_sub(Amount::new(pool_supply(supply)?)))
}
