//! The liquidator among contracts that mean it harm, on routes that lead nowhere, and with items named twice.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests: names say what is tested, and a failed setup is a failure"
)]

mod alone;
mod false_pair;
mod items;
mod middle;
mod migrate;
mod orders;
mod routes;
mod setup;
