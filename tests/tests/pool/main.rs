//! The pool, a module an action; what several need is in [`support`].
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may stop at a surprise"
)]

#[path = "../support/mod.rs"]
mod support;

mod batch;
mod batch_callback;
mod batch_check;
mod batch_improves;
mod borrow;
mod bounded;
mod cover;
mod deposit;
mod deposit_rescue;
mod flash_loan;
mod flash_loan_contracts;
mod flash_loan_hostile;
mod flash_loan_repay;
mod halt_grace;
mod init_asset;
mod isolation;
mod liquidate;
mod liquidate_batch;
mod liquidate_flaky;
mod liquidate_loss;
mod liquidate_prices;
mod liquidate_receive;
mod live_price;
mod migrate;
mod migrate_first;
mod outflow;
mod pause;
mod queries;
mod queries_preview;
mod recipient;
mod repay;
mod reserves;
mod reserves_by_anyone;
mod set_off;
mod set_operator;
mod silence;
mod simulate;
mod transfer_shares;
mod update_asset;
mod update_asset_collateral_status;
mod update_config;
mod withdraw;
mod write_off;
mod write_off_dust;
