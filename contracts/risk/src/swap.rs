//! The constant-product market: what a swap returns, and what a return costs. Shares are in [`crate::liquidity`].
//!
//! Selling `Δ` of a token of which the pair holds `x` yields `y − xy/(x + Δ) = yΔ/(x + Δ)` of the other, of which it
//! holds `y` (Uniswap v1). The fee is a share of that yield and stays in the pair, so `x × y` never falls; Astroport's
//! pair takes it there too, Uniswap's from the offer. Without a fee the spot price `y/x` moves by `(x/(x + Δ))²`.
//!
//! Contract, keeper and simulator call the same functions: what a route is thought to return is what it returns.

use cosmwasm_std::Uint256;
use thiserror::Error;

use crate::math::{MathError, ONE, mul_div_down, mul_div_down_128, mul_div_up_128, narrow};
use crate::units::{Amount, LpShares, Ratio, RelativePrice};

/// The highest fee that a pair may have.
pub const FEE_MAX: Ratio = Ratio::percent(10);
/// The spread and the slippage allowed when a message names none.
pub const SLIPPAGE_DEFAULT: Ratio = Ratio::bps(50);
/// The most spread and slippage that a message may allow.
pub const SLIPPAGE_MAX: Ratio = Ratio::percent(50);
/// Why a swap or a change of liquidity is refused.
#[derive(Error, Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the display text names each field")]
pub enum SwapError {
    /// A computation left its type.
    #[error(transparent)]
    Math(#[from] MathError),
    /// Nothing to trade against.
    #[error("the pair has no liquidity: it holds {offer} of the offer and {ask} of the ask")]
    NoLiquidity {
        /// What it holds of the offered token.
        offer: Amount,
        /// What it holds of the token asked for.
        ask: Amount,
    },
    /// Nothing is offered or asked for.
    #[error("the amount to swap is zero")]
    NothingToSwap,
    /// So small an offer that rounding leaves nothing of what it yields.
    #[error("an offer of {offer} returns nothing")]
    ReturnsNothing { offer: Amount },
    /// A pair never pays out all of a reserve.
    #[error("a yield of {wanted} is needed, fee included, but the pair holds {reserve}")]
    InsufficientReserve {
        /// What the swap would have to yield, before the fee.
        wanted: Amount,
        reserve: Amount,
    },
    /// The swap yields less than allowed.
    #[error("the swap yields {yielded} where {expected} was expected: more than {max_spread} less")]
    MaxSpread {
        yielded: Amount,
        /// The yield at the price before the swap, or at the belief price.
        expected: Uint256,
        /// How much less it may be, as a share of what was expected.
        max_spread: Ratio,
    },
    /// The limit itself is too wide.
    #[error("spread or slippage of {asked} is above {max}, the most that may be allowed")]
    SlippageLimit { asked: Ratio, max: Ratio },
    /// No yield can be expected at a price of nothing.
    #[error("belief_price is zero")]
    BeliefPriceZero,
    /// The ratio of what is provided is too far from that of the reserves.
    #[error(
        "{first} to {second} provided is further than {tolerance} from {first_reserve} to {second_reserve}, the reserves"
    )]
    SlippageTolerance { first: Amount, second: Amount, first_reserve: Amount, second_reserve: Amount, tolerance: Ratio },
    /// The first liquidity must be worth more than what is locked of it.
    #[error("the first liquidity is worth {shares} shares, of which {locked} are locked for ever")]
    MinimumLiquidity { shares: LpShares, locked: LpShares },
    /// So little liquidity that rounding leaves no share for it.
    #[error("{first} and {second} are worth no share")]
    WorthNoShare { first: Amount, second: Amount },
    /// More shares than there are.
    #[error("{shares} shares are asked about, but there are {total}")]
    MoreThanAllShares { shares: LpShares, total: LpShares },
}

/// What a pair holds, as a swap sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reserves {
    /// Of the token that the swap brings.
    pub offer: Amount,
    /// Of the token that it takes.
    pub ask: Amount,
}

/// What a swap yields, in base units of the ask. The fields are named as in Astroport's `simulation`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Swap {
    /// What the swapper gets.
    pub return_amount: Amount,
    /// How much more the offer would have yielded at the price before the swap, rounded down; at most [`Amount::MAX`].
    pub spread_amount: Amount,
    /// The fee.
    pub commission_amount: Amount,
}

/// What a wanted return costs. The fields are named as in Astroport's `reverse_simulation`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReverseSwap {
    /// The least offer that returns what is wanted, in base units of the offer.
    pub offer_amount: Amount,
    /// How much more it would have yielded at the price before the swap, rounded down; at most [`Amount::MAX`].
    pub spread_amount: Amount,
    /// The fee, in base units of the ask.
    pub commission_amount: Amount,
}

impl Reserves {
    /// The reserves after a swap: the fee stays in the pair. Errors when they don't fit their type.
    pub fn after(self, offer: Amount, swap: &Swap) -> Result<Self, MathError> {
        Ok(Self { offer: self.offer.checked_add(offer)?, ask: self.ask.checked_sub(swap.return_amount)? })
    }

    fn assert_liquid(self) -> Result<(), SwapError> {
        let Self { offer, ask } = self;
        if offer.is_zero() || ask.is_zero() { Err(SwapError::NoLiquidity { offer, ask }) } else { Ok(()) }
    }

    /// `Δ × y/x − yielded`, rounded down; 0 where it would be negative, and at most [`Amount::MAX`].
    fn spread_down(self, offer: Amount, yielded: Amount) -> Result<Amount, MathError> {
        let [offer, held, ask] = [offer, self.offer, self.ask].map(|amount| Uint256::from(amount.raw()));
        let more = mul_div_down(offer, ask, held)?.saturating_sub(Uint256::from(yielded.raw()));
        Ok(narrow(more).map_or(Amount::MAX, Amount::new))
    }
}

impl Swap {
    /// What the swap yields before the fee.
    pub fn yielded(&self) -> Result<Amount, MathError> {
        self.return_amount.checked_add(self.commission_amount)
    }
}

/// What `offer` returns: the yield rounded down, the fee of it rounded up. Errors when the pair has no liquidity, when
/// nothing is offered or returned, and when the offer doesn't fit into the pair's reserve.
pub fn swap_down(reserves: Reserves, offer: Amount, fee: Ratio) -> Result<Swap, SwapError> {
    reserves.assert_liquid()?;
    if offer.is_zero() {
        return Err(SwapError::NothingToSwap);
    }
    let held = reserves.offer.checked_add(offer)?;
    let yielded = Amount::new(mul_div_down_128(reserves.ask.raw(), offer.raw(), held.raw())?);
    let commission_amount = yielded.share_up(fee)?;
    let return_amount = yielded.checked_sub(commission_amount)?;
    if return_amount.is_zero() {
        return Err(SwapError::ReturnsNothing { offer });
    }
    Ok(Swap { return_amount, spread_amount: reserves.spread_down(offer, yielded)?, commission_amount })
}

/// The least offer for which [`swap_down`] returns `ask` or more. Errors when the pair has no liquidity, when nothing
/// is asked for, and when the pair doesn't hold more than the yield that is needed.
pub fn reverse_swap_up(reserves: Reserves, ask: Amount, fee: Ratio) -> Result<ReverseSwap, SwapError> {
    reserves.assert_liquid()?;
    if ask.is_zero() {
        return Err(SwapError::NothingToSwap);
    }
    // The least yield of which, less the fee rounded up, `ask` is left.
    let wanted = Amount::new(mul_div_up_128(ask.raw(), ONE, Ratio::ONE.checked_sub(fee)?.raw())?);
    let left = reserves.ask.saturating_sub(wanted);
    if left.is_zero() {
        return Err(SwapError::InsufficientReserve { wanted, reserve: reserves.ask });
    }
    // yΔ/(x + Δ) ≥ wanted  ⇔  Δ ≥ wanted × x/(y − wanted)
    let offer_amount = Amount::new(mul_div_up_128(wanted.raw(), reserves.offer.raw(), left.raw())?);
    reserves.offer.checked_add(offer_amount)?;
    let spread_amount = reserves.spread_down(offer_amount, wanted)?;
    Ok(ReverseSwap { offer_amount, spread_amount, commission_amount: wanted.checked_sub(ask)? })
}

/// What a swapper allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpreadGuard {
    /// The price they believe in, in base units of the offer per base unit of the ask; without one, the price before
    /// the swap.
    pub belief_price: Option<RelativePrice>,
    /// How much less than at that price the swap may yield before the fee; [`SLIPPAGE_DEFAULT`] when left out.
    pub max_spread: Option<Ratio>,
}

impl SpreadGuard {
    /// Errors when the swap yields less than is allowed, or when more than [`SLIPPAGE_MAX`] would be. The expected
    /// yield is rounded down, and the comparison with it is exact.
    pub fn check(self, offer: Amount, swap: &Swap) -> Result<(), SwapError> {
        let max_spread = slippage(self.max_spread)?;
        let yielded = swap.yielded()?;
        let expected = match self.belief_price {
            Some(price) if price.is_zero() => return Err(SwapError::BeliefPriceZero),
            Some(price) => mul_div_down(wide(offer.raw()), wide(ONE), wide(price.raw()))?,
            None => wide(yielded.raw()).saturating_add(wide(swap.spread_amount.raw())),
        };
        let missing = expected.saturating_sub(wide(yielded.raw()));
        if missing.full_mul(wide(ONE)) > expected.full_mul(wide(max_spread.raw())) {
            return Err(SwapError::MaxSpread { yielded, expected, max_spread });
        }
        Ok(())
    }
}

/// What a message allows, or the default. Errors above [`SLIPPAGE_MAX`].
pub(crate) fn slippage(asked: Option<Ratio>) -> Result<Ratio, SwapError> {
    match asked {
        Some(asked) if asked > SLIPPAGE_MAX => Err(SwapError::SlippageLimit { asked, max: SLIPPAGE_MAX }),
        asked => Ok(asked.unwrap_or(SLIPPAGE_DEFAULT)),
    }
}

/// The number in 256 bits.
pub(crate) fn wide(n: u128) -> Uint256 {
    Uint256::from(n)
}
