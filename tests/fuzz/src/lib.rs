//! Random histories on the real contracts, and what must hold after each step.
//!
//! A [`stage::Stage`] is a chain with everything on it. A history is a list of [`op::Op`]s, plain data made by [`generate::history`] from a seed;
//! [`run::play`] does them one by one, and after each the [`judge`] compares what is stored and paid with laws that it computes by itself. A
//! history that breaks one is shrunk and printed as a text that [`replay`] plays again. `scripts/fuzz.sh` plays as many as it is told to.
//!
//! Failed operations must leave every byte as it was. All laws are checked after every operation that succeeded; only whether everybody can leave is
//! checked once a history, at its end.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what must not happen ends the history, and is caught where it is played"
)]

mod aim;
pub mod apply;
pub mod call;
pub mod campaign;
pub mod cast;
pub mod exact;
pub mod generate;
mod govern;
#[allow(missing_docs, reason = "one function a file, each law documented by itself")]
pub mod judge;
pub mod liquidations;
mod nest;
pub mod op;
mod price;
mod queue;
pub mod random;
pub mod run;
pub mod said;
pub mod shrink;
pub mod stage;
pub mod tally;
mod trade;
pub mod use_pool;
pub mod value;
pub mod view;

use op::Op;
use run::Violation;
use stage::Stage;
use tally::Tally;

/// A history as text: an operation a line.
pub fn write(ops: &[Op]) -> String {
    ops.iter().map(|op| serde_json::to_string(op).expect("operations can be written") + "\n").collect()
}

/// The history in a text that [`write`] made; empty lines don't count. Panics when a line is no operation.
pub fn read(text: &str) -> Vec<Op> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"))).collect()
}

/// Plays the history in a text from the start. Says what did not hold.
pub fn replay(text: &str) -> Result<(), Violation> {
    run::play(&mut Stage::new(), &read(text), &mut Tally::default())
}
