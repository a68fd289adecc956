//! Feeders' votes, and the prices that they make.

use std::collections::BTreeSet;

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response, Storage};
use plimsoll_risk::price::{PriceFault, PriceRecord};
use plimsoll_risk::units::Price;
use plimsoll_schema::compact::CompactMap;
use plimsoll_schema::event::{ACTION, DENOM, PENDING, PRICE};
use plimsoll_schema::oracle::{DENOMS_MAX, FeedPrice, PRICE_RECORDS, Source};

use crate::error::ContractError;
use crate::listing::Seat;
use crate::state::{LISTINGS, PENDING_RECORDS, VOTES};
use crate::votes::{Tally, Vote};

/// Takes the sender's votes, and publishes each price whose quorum is complete. One vote that is refused fails all of them.
///
/// A vote counts for the source in force and for the one that waits, wherever the sender is a feeder and the price within
/// bounds. It is refused only when it counts for neither: otherwise guards that are too narrow could not be replaced.
pub fn feed(deps: DepsMut, env: &Env, info: &MessageInfo, prices: &[FeedPrice]) -> Result<Response, ContractError> {
    validate(prices)?;
    let (sender, time) = (info.sender.as_str(), env.block.time.seconds());
    let mut response = Response::new().add_attribute(ACTION, "feed");
    for FeedPrice { denom, price } in prices {
        let published = take(deps.storage, sender, denom, Vote { price: *price, time })?;
        response = match published {
            Some(mid) => response.add_attribute(DENOM, denom).add_attribute(PRICE, mid.to_string()),
            None => response.add_attribute(PENDING, denom),
        };
    }
    Ok(response)
}

fn validate(prices: &[FeedPrice]) -> Result<(), ContractError> {
    let (count, max) = (prices.len(), DENOMS_MAX);
    if count == 0 || count > max {
        return Err(ContractError::PriceCount { count, max });
    }
    let mut seen = BTreeSet::new();
    match prices.iter().find(|vote| !seen.insert(&vote.denom)) {
        Some(twice) => Err(ContractError::PricedTwice { denom: twice.denom.clone() }),
        None => Ok(()),
    }
}

/// What became of a vote for one source.
enum Outcome {
    /// The sender is no feeder of it.
    NotFeeder,
    /// The price is outside its bounds.
    Refused(PriceFault),
    /// The vote was taken; the mid price if that completed a quorum.
    Taken(Option<Price>),
}

/// Takes one vote. Says the mid price if one was published.
fn take(storage: &mut dyn Storage, sender: &str, denom: &str, vote: Vote) -> Result<Option<Price>, ContractError> {
    let unknown = || ContractError::UnknownDenom { denom: denom.to_owned() };
    let listing = LISTINGS.may_load(storage, denom)?.ok_or_else(unknown)?;
    let in_force = cast(storage, &PRICE_RECORDS, sender, denom, (&listing.source, vote))?;
    let waiting = match &listing.pending {
        Some(pending) => cast(storage, &PENDING_RECORDS, sender, denom, (&pending.source, vote))?,
        None => Outcome::NotFeeder,
    };
    match (in_force, waiting) {
        (Outcome::Taken(published), _) => Ok(published),
        (_, Outcome::Taken(_)) => Ok(None),
        (Outcome::Refused(fault), _) | (_, Outcome::Refused(fault)) => {
            Err(ContractError::Price { denom: denom.to_owned(), fault })
        }
        _ => Err(ContractError::NotFeeder { sender: sender.to_owned(), denom: denom.to_owned() }),
    }
}

/// Takes a vote for one source, whose record stands in `records`.
fn cast(
    storage: &mut dyn Storage,
    records: &CompactMap<&str, PriceRecord>,
    sender: &str,
    denom: &str,
    (source, vote): (&Source, Vote),
) -> Result<Outcome, ContractError> {
    let Some(seat) = Seat::of(sender, source) else { return Ok(Outcome::NotFeeder) };
    let Some(mut record) = records.may_load(storage, denom)? else { return Ok(Outcome::NotFeeder) };
    let (floor, ceiling, price) = (record.guards.floor, record.guards.ceiling, vote.price);
    if price < floor || price > ceiling {
        return Ok(Outcome::Refused(PriceFault::OutOfBounds { price, floor, ceiling }));
    }

    let key = (denom, record.generation);
    let mut votes = VOTES.may_load(storage, key)?.unwrap_or_default();
    votes.cast(seat, vote);
    VOTES.save(storage, key, &votes)?;

    // A feed always has a maximum age.
    let max_age = record.guards.max_age.unwrap_or_default();
    let Some(Tally { between, time }) = votes.tally(seat.quorum, max_age, vote.time) else {
        return Ok(Outcome::Taken(None));
    };
    if let Err(fault) = record.publish_between(between, time, vote.time) {
        return Ok(Outcome::Refused(fault));
    }
    records.save(storage, denom, &record)?;
    Ok(Outcome::Taken(Some(record.price)))
}
