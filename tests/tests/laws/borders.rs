//! What must hold whatever is set, at the edges of what may be set: no split of a liquidation pays, nobody gains by liquidating themself, no
//! round trip gains, a batch is its messages with one check, and items of liquidations are messages. Wealth is counted in exact rationals
//! from wallets and stored records.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "a test may stop at a surprise")]

mod batch;
mod liquidate_batch;
mod min_debt;
mod no_split;
mod round_trip;
mod self_liquidation;
mod setting;
mod wealth;
