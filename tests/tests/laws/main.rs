//! What holds for the contracts together: theory, values at their borders, rules for prices, a day of a crash, what is stored.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may stop at a surprise"
)]

mod architecture;
mod borders;
mod closed_form;
mod crash_day;
mod price_rules;
mod stored_records;
mod world;
