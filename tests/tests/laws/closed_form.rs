//! Closed forms: what theory says of liquidation, of losses and of the market to sell into, judged on the real contracts. One statement
//! a file. What was measured is wallets and records; what it is compared with is computed in exact rationals from the statement alone, and each
//! tolerance is counted in roundings. The contracts' own formulas are never asked.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "a test may stop at a surprise")]

mod debt_ratio;
mod gap_shock;
mod rational_liquidator;
mod setup;
mod size_to_target;
mod spot;
mod terminal_bad_debt;
