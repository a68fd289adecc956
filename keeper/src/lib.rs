//! The keeper of Plimsoll: watches every account and liquidates those below health factor 1.
//!
//! Each module uses those before it, never those after it; `tests/it/modules.rs` holds them to this order:
//! [`names`] → [`error`] → [`clock`] → [`config`] → [`keys`] → [`logging`] → [`cli`] →
//! [`chain`] → [`book`] → [`scan`] → [`dex`] → [`plan`] → [`tx`] → [`keeper`] → [`monitor`] →
//! [`output`] → [`deploy`] → [`demo`] → [`commands`] → [`dispatch`].
//! [`scan`] and [`plan`] are pure. [`chain::Chain`] is the only one that knows a chain. It has two homes: a real node
//! ([`chain::cosmos`], with the feature `node`) and the in-process world ([`chain::simulated`], with the feature `demo`).

#[macro_use]
pub mod output;

pub mod book;
pub mod chain;
pub mod cli;
pub mod clock;
#[cfg(feature = "node")]
pub mod commands;
pub mod config;
#[cfg(feature = "demo")]
pub mod demo;
#[cfg(feature = "node")]
pub mod deploy;
pub mod dex;
pub mod dispatch;
pub mod error;
pub mod keeper;
#[cfg(feature = "node")]
pub mod keys;
#[cfg(feature = "node")]
pub mod logging;
#[cfg(feature = "node")]
pub mod monitor;
mod names;
pub mod plan;
pub mod scan;
pub mod tx;
