//! What liquidity is worth in shares of a constant-product market, and what shares are worth.

use cosmwasm_std::Isqrt;

use crate::math::{ONE, mul_div_down, mul_div_down_128, narrow};
#[cfg(doc)]
use crate::swap::SLIPPAGE_DEFAULT;
use crate::swap::{SwapError, slippage, wide};
use crate::units::{Amount, LpShares, Ratio};

/// Shares locked for ever when a pair gets its first liquidity. They keep a share from being worth more than a
/// thousandth of what was provided, so nobody is rounded away for little money, and leave no reserve at 0.
pub const MINIMUM_LIQUIDITY: LpShares = LpShares::new(1_000);

/// Errors when either token's share in the deposits is further above its share in the reserves than `tolerance`
/// ([`SLIPPAGE_DEFAULT`] when left out): `d₁/d₂ × (1 − tolerance) > r₁/r₂`, or the same with the tokens exchanged.
/// Exact.
pub fn check_slippage(deposits: [Amount; 2], reserves: [Amount; 2], tolerance: Option<Ratio>) -> Result<(), SwapError> {
    let tolerance = slippage(tolerance)?;
    let within = wide(Ratio::ONE.saturating_sub(tolerance).raw());
    let [first, second] = deposits;
    let [first_reserve, second_reserve] = reserves;
    // Two numbers of 128 bits always fit 256 when multiplied.
    let crosswise = |a: Amount, b: Amount| wide(a.raw()).saturating_mul(wide(b.raw()));
    let one = crosswise(first, second_reserve);
    let other = crosswise(second, first_reserve);
    if one.full_mul(within) > other.full_mul(wide(ONE)) || other.full_mul(within) > one.full_mul(wide(ONE)) {
        return Err(SwapError::SlippageTolerance { first, second, first_reserve, second_reserve, tolerance });
    }
    Ok(())
}

/// The shares of a pair's first liquidity, `√(first × second)` rounded down, [`MINIMUM_LIQUIDITY`] among them. Errors
/// unless there are more.
pub fn first_shares_down([first, second]: [Amount; 2]) -> Result<LpShares, SwapError> {
    let product = wide(first.raw()).saturating_mul(wide(second.raw()));
    let shares = LpShares::new(narrow(product.isqrt())?);
    if shares <= MINIMUM_LIQUIDITY {
        return Err(SwapError::MinimumLiquidity { shares, locked: MINIMUM_LIQUIDITY });
    }
    Ok(shares)
}

/// The shares of further liquidity: the smaller of the two tokens' shares in what the pair holds, rounded down. What is
/// provided of the other beyond that proportion belongs to all providers. Errors when that is no share.
pub fn more_shares_down(deposits: [Amount; 2], reserves: [Amount; 2], total: LpShares) -> Result<LpShares, SwapError> {
    let [first, second] = deposits;
    let [first_reserve, second_reserve] = reserves;
    let by_first = mul_div_down(wide(first.raw()), wide(total.raw()), wide(first_reserve.raw()))?;
    let by_second = mul_div_down(wide(second.raw()), wide(total.raw()), wide(second_reserve.raw()))?;
    let shares = LpShares::new(narrow(by_first.min(by_second))?);
    if shares.is_zero() { Err(SwapError::WorthNoShare { first, second }) } else { Ok(shares) }
}

/// What shares are worth of each token, rounded down; nothing when there are none at all. Errors above the total.
pub fn share_down(shares: LpShares, reserves: [Amount; 2], total: LpShares) -> Result<[Amount; 2], SwapError> {
    if shares > total {
        return Err(SwapError::MoreThanAllShares { shares, total });
    }
    if total.is_zero() {
        return Ok([Amount::ZERO; 2]);
    }
    let part = |reserve: Amount| mul_div_down_128(reserve.raw(), shares.raw(), total.raw()).map(Amount::new);
    let [first, second] = reserves;
    Ok([part(first)?, part(second)?])
}
