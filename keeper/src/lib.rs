//! The keeper of Plimsoll: watches every account and liquidates those below health factor 1.
//!
//! Each module uses those before it, never those after it:
//! [`config`] → [`chain`] → [`book`] → [`scan`] → [`dex`] → [`plan`] → [`tx`] → [`keeper`] → [`monitor`] → [`commands`].
//! [`scan`] and [`plan`] are pure. [`chain::Chain`] is the only one that knows a chain. It has two homes: a real node
//! ([`chain::cosmos`]) and the in-process world ([`chain::simulated`]).

#[macro_use]
pub mod output;

pub mod book;
pub mod chain;
pub mod cli;
pub mod clock;
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
