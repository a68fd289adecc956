//! The ledger of Plimsoll: deposits, debts, rates, health, liquidation and losses.
//!
//! One file per verb; each handler keeps the same beat: guard, accrue, convert, write, check, emit and pay. The
//! formulas are in `plimsoll-risk`, the messages in `plimsoll-schema`.
// Nothing prints `{:?}`: the code that would print an error's backtrace is not in the wasm.
#![cfg_attr(not(test), deny(clippy::use_debug))]
#![deny(clippy::float_arithmetic, clippy::as_conversions, clippy::arithmetic_side_effects)]

mod access;
mod assert_healthy;
mod batch;
mod borrow;
mod callback;
pub mod contract;
mod deposit;
pub mod error;
mod finish_batch;
mod flash_loan;
mod funds;
mod holder;
mod init_asset;
mod instantiate;
mod isolated_debts;
mod isolation;
mod largest;
mod ledger;
mod liquidate;
mod liquidate_batch;
mod loss;
mod markets;
mod migrate;
mod operators;
mod pause;
mod prices;
mod query;
mod repay;
mod repay_batch;
mod reserves;
mod set_off;
mod set_operator;
pub mod state;
mod transfer_shares;
mod update_asset;
mod update_asset_collateral_status;
mod update_config;
mod withdraw;
mod write_off;
