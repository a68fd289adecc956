//! The keeper of Plimsoll: watches every account and liquidates those below health factor 1.
//!
//! `collect → book → scan → plan → execute → settle`: [`scan`] and [`plan`] are pure functions between two edges of I/O, of
//! which [`chain::Chain`] is the only one that knows a chain. It has two homes: a real node ([`chain::node`]) and the
//! in-process world ([`chain::world`]).

#[macro_use]
pub mod output;

pub mod book;
pub mod chain;
pub mod cli;
pub mod commands;
pub mod config;
pub mod demo;
pub mod deploy;
pub mod dex;
pub mod error;
pub mod keeper;
pub mod keys;
pub mod logging;
pub mod monitor;
pub mod plan;
pub mod scan;
pub mod tx;
