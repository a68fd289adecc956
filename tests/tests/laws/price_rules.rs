//! What hostile readers played on the rules for prices: an example a file, with the value that is right.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests: names say what is tested, and a failed setup is a failure"
)]

mod a_bend_of_one_block;
mod a_price_that_came_back;
mod failing_prices_heal_nobody;
mod live_prices_are_asked;
mod no_price_is_refused;
mod one_vote_is_followed_to_its_end;
mod products_and_their_parts;
mod setup;
