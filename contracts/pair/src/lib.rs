//! A constant-product market for two native tokens, for local chains, testnets and simulation.
//!
//! Its messages are those of Astroport's pair, so that what trades here trades on an Astroport pool unchanged: `swap`,
//! `pool`, `share`, `simulation`, `reverse_simulation`, `cumulative_prices` and `pair` have its fields and its answers,
//! the fee is taken from the ask, the guards on the spread have its defaults and limits, and cumulative prices its
//! units. The formulas are in [`plimsoll_risk::swap`].
//!
//! What differs from Astroport's pair, and why:
//!
//! - **Reserves are counted here, and never read from the bank.** Coins sent to the pair without a message change
//!   nothing and are lost; at Astroport's they belong to the providers, or to whoever calls next.
//! - **Shares stand in the pair's own ledger**, because plain wasmd has no token factory: `withdraw_liquidity` names
//!   them in `amount`, `balance` tells them, and they can't be transferred. `receiver` of `provide_liquidity` works.
//! - **The fee is set once, in `instantiate`**: there is no factory, no owner and no message that changes anything; all
//!   of the fee stays in the pair, nothing of it goes to a third party.
//! - **Rounding** is always in the pair's favour: the fee and the offer of `reverse_simulation` up (Astroport's are cut
//!   off), so a return may be one unit less, and the offer that `reverse_simulation` names always suffices.
//! - **Refused here and taken there**: a swap that returns nothing, a swap for another token than the pair's
//!   (`ask_asset_info`), coins beside the ones that are named, `share` of more than all shares.
//! - Cumulative prices wrap around at 2¹²⁸ in the product too, which at Astroport's can overflow and stop a lopsided
//!   pool.
// Nothing prints `{:?}`: the code that would print an error's backtrace is not in the wasm.
#![cfg_attr(not(test), deny(clippy::use_debug))]
#![deny(clippy::float_arithmetic, clippy::as_conversions, clippy::arithmetic_side_effects)]

pub mod contract;
pub mod error;
mod funds;
mod instantiate;
mod ledger;
mod migrate;
mod provide_liquidity;
mod query;
mod settings;
pub mod state;
mod swap;
mod withdraw_liquidity;
