//! Price sources and the guards that they are held to.
//!
//! The oracle knows one source per denom and writes one published record per denom, [`PRICE_RECORDS`], which the pool
//! reads raw. Feeders vote; the median of a quorum of valid votes is an observation. A live source is a pair's average
//! price: anyone may publish it, and who borrows asks it. No observation is refused for what it says:
//! [`PriceRecord::observe`] takes it in, borrowing counts the worst of it, and the settled price follows it at limited
//! speed.
//!
//! A denom's first source is in force at once. Another is announced, waits for a delay, and goes on from the settled
//! price. A fallback speaks while the first source is silent. Every message is a beat of [`HEARTBEAT`].
//!
//! Whoever reads a record applies [`RecordMark::of`], so all agree on a price at the same block.
//!
//! [`PRICE_RECORDS`]: plimsoll_schema::oracle::PRICE_RECORDS
//! [`HEARTBEAT`]: plimsoll_schema::oracle::HEARTBEAT
//! [`PriceRecord::observe`]: plimsoll_risk::price::PriceRecord::observe
//! [`RecordMark::of`]: plimsoll_risk::mark::RecordMark::of
// Nothing prints `{:?}`: the code that would print an error's backtrace is not in the wasm.
#![cfg_attr(not(test), deny(clippy::use_debug))]
#![deny(clippy::float_arithmetic, clippy::as_conversions, clippy::arithmetic_side_effects)]

mod access;
pub mod announced;
mod answer;
pub mod apply_source;
mod ask;
pub mod cancel_source;
pub mod check;
pub mod checked;
mod compare;
mod connect;
pub mod contract;
pub mod error;
mod exchange;
pub mod fallback;
pub mod feed;
pub mod hand_over;
pub mod heard;
pub mod heartbeat;
pub mod instantiate;
pub mod listing;
mod median;
mod migrate;
mod observe;
mod osmosis_twap;
pub mod pair;
mod protobuf;
pub mod publish;
mod pyth;
pub mod query;
mod report;
pub mod samples;
mod scaled;
pub mod set_source;
pub mod state;
pub mod take_in;
pub mod update_guardian;
pub mod update_owner;
pub mod validate;
pub mod votes;
