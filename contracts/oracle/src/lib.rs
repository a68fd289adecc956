//! Price sources and the guards that they are held to.
//!
//! The oracle knows one source per denom and writes one published record per denom, [`PRICE_RECORDS`], which the pool reads raw.
//! Feeders vote; the median of a quorum of fresh votes is taken into the record by [`PriceRecord::publish_between`], which holds it to
//! the source's guards. A live source is a pair's average price: anyone may publish it, and a query computes it where the published
//! one fails. A denom's first source is in force at once. Another waits for a delay, gathers its own price meanwhile,
//! and is refused when that is too far from the price in force.
//!
//! Whoever reads a record applies [`PriceRecord::quote`], so all agree on a price at the same block.
//!
//! [`PRICE_RECORDS`]: plimsoll_schema::oracle::PRICE_RECORDS
//! [`PriceRecord::publish_between`]: plimsoll_risk::price::PriceRecord::publish_between
//! [`PriceRecord::quote`]: plimsoll_risk::price::PriceRecord::quote
#![deny(clippy::float_arithmetic, clippy::as_conversions, clippy::arithmetic_side_effects)]

mod access;
pub mod apply_source;
pub mod cancel_source;
pub mod contract;
pub mod error;
pub mod feed;
pub mod instantiate;
pub mod listing;
pub mod pair;
pub mod publish;
pub mod query;
pub mod samples;
pub mod set_source;
pub mod state;
pub mod update_owner;
pub mod votes;
