//! Feeders' votes, and the prices that they make.

use std::collections::BTreeSet;

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response, Storage};
use plimsoll_risk::price::PriceBand;
use plimsoll_risk::units::Price;
use plimsoll_schema::oracle::{DENOMS_MAX, FeedPrice, PRICE_RECORDS, Source};

use crate::answer::Asked;
use crate::compare::{recall, remember};
use crate::error::ContractError;
use crate::exchange::Exchange;
use crate::heard::Heard;
use crate::heartbeat::{Clock, beat};
use crate::listing::{Seat, Seated, quote_of};
use crate::report::Report;
use crate::scaled::capped;
use crate::state::{GROWTHS, VOTES, load};
use crate::take_in::{Hearing, Taken, take_in};
use crate::votes::{Vote, Votes};

/// Takes the sender's votes, and publishes each price while a quorum of votes is valid. No vote is refused for its
/// price, but one on a redemption rate for a rate of 0. A vote that is refused leaves the others; when all are, the
/// message fails.
///
/// A vote counts for the source in force, for the fallback and for the check, wherever the sender is a feeder.
pub fn feed(deps: DepsMut, env: &Env, info: &MessageInfo, prices: &[FeedPrice]) -> Result<Response, ContractError> {
    validate(prices)?;
    let clock = beat(deps.storage, env)?;
    let mut report = Report::new("feed");
    for vote in prices {
        report.add(&vote.denom, take(deps.storage, info.sender.as_str(), vote, clock));
    }
    report.finish()
}

fn validate(prices: &[FeedPrice]) -> Result<(), ContractError> {
    let count = prices.len();
    let max = DENOMS_MAX;
    if count == 0 || count > max {
        return Err(ContractError::PriceCount { count, max });
    }
    let mut seen = BTreeSet::new();
    match prices.iter().find(|vote| !seen.insert(&vote.denom)) {
        Some(twice) => Err(ContractError::PricedTwice { denom: twice.denom.clone() }),
        None => Ok(()),
    }
}

/// Takes one vote, and says the settled price. Nothing is written when it is refused.
fn take(
    storage: &mut dyn Storage,
    sender: &str,
    vote: &FeedPrice,
    clock: Clock,
) -> Result<(Taken, Price), ContractError> {
    let denom = vote.denom.as_str();
    let (listing, mut record) = load(storage, denom)?;
    let first = cast(storage, sender, vote, &listing.first, clock.now);
    let fallback = match &listing.fallback {
        Some(fallback) => cast(storage, sender, vote, &fallback.seated, clock.now),
        None => None,
    };
    let check = match &listing.check {
        Some(check) => cast(storage, sender, vote, &check.seated, clock.now),
        None => None,
    };
    let [first, fallback, check] = counted([first, fallback, check], sender, denom)?;
    let before = record.clone();
    let check = recall(storage, denom, &listing, check)?;
    let mut hearing = Hearing { first, fallback, check };
    let taken = take_in(storage, &listing, &mut record, &mut hearing, clock)?;
    remember(storage, denom, &listing, hearing.check)?;
    if record != before {
        PRICE_RECORDS.save(storage, denom, &record)?;
    }
    Ok((taken, record.settled))
}

/// What the votes say that were taken. Errors when the sender is no feeder, and when none of their votes was taken.
fn counted(
    votes: [Option<Result<Heard, ContractError>>; 3],
    sender: &str,
    denom: &str,
) -> Result<[Option<Heard>; 3], ContractError> {
    let mut refusal = None;
    let mut any_taken = false;
    let heard = votes.map(|vote| match vote? {
        Ok(heard) => {
            any_taken = true;
            Some(heard)
        }
        Err(error) => {
            refusal.get_or_insert(error);
            None
        }
    });
    if any_taken {
        return Ok(heard);
    }
    let not_feeder = || ContractError::NotFeeder { sender: sender.to_owned(), denom: denom.to_owned() };
    Err(refusal.unwrap_or_else(not_feeder))
}

/// Takes a vote for one source, and for each member of a median; `None` when the sender is a feeder of none. A median is
/// made when it is published, so a vote for a member is a part of it.
fn cast(
    storage: &mut dyn Storage,
    sender: &str,
    vote: &FeedPrice,
    seated: &Seated,
    now: u64,
) -> Option<Result<Heard, ContractError>> {
    let Source::Median(_) = &seated.source else { return cast_for(storage, sender, vote, seated, now) };
    let mut refusal = None;
    let mut parts = None;
    for member in seated.members() {
        let heard = cast_for(storage, sender, vote, &member, now);
        let part = heard.map(|heard| heard.and_then(|heard| in_unit_of(storage, heard, &member, seated, now)));
        match part {
            None => {}
            Some(Err(error)) => drop(refusal.get_or_insert(error)),
            Some(Ok(part)) => {
                let before: Option<PriceBand> = parts.flatten();
                parts = Some(part.map(|part| before.map_or(part, |before| before.including(part))).or(before));
            }
        }
    }
    match (parts, refusal) {
        (Some(part), _) => Some(Ok(part.map_or(Heard::Nothing, Heard::Part))),
        (None, refusal) => refusal.map(Err),
    }
}

/// What a member's vote says in the unit of the median; `None` while the worth of the member's quote is unknown.
fn in_unit_of(
    storage: &dyn Storage,
    heard: Heard,
    member: &Seated,
    median: &Seated,
    now: u64,
) -> Result<Option<PriceBand>, ContractError> {
    let exchange = Exchange::between(storage, quote_of(&member.source), quote_of(&median.source), now)?;
    Ok(exchange.and_then(|exchange| Some(exchange.band(heard.band()?))))
}

/// Takes a vote for one source that is no median; `None` when the sender is no feeder of it.
fn cast_for(
    storage: &mut dyn Storage,
    sender: &str,
    vote: &FeedPrice,
    seated: &Seated,
    now: u64,
) -> Option<Result<Heard, ContractError>> {
    let seat = Seat::of(sender, &seated.source)?;
    let key = (vote.denom.as_str(), seated.generation);
    let votes = VOTES.may_load(storage, key).map(Option::unwrap_or_default).map_err(ContractError::from);
    Some(votes.and_then(|mut votes| {
        if let Source::Scaled(_) = &seated.source {
            Asked { denom: &vote.denom, name: sender }.told(vote.price)?;
        }
        let heard = vote_in(&mut votes, seat, vote, seated, now)?;
        VOTES.save(storage, key, &votes)?;
        let Source::Scaled(source) = &seated.source else { return Ok(heard) };
        let growth = GROWTHS.may_load(storage, key)?;
        let (heard, growth) = capped(heard, growth, source, now);
        if let Some(growth) = growth {
            GROWTHS.save(storage, key, &growth)?;
        }
        Ok(heard)
    }))
}

/// The vote in place of the feeder's last one, and what all votes say then.
fn vote_in(votes: &mut Votes, seat: Seat, vote: &FeedPrice, seated: &Seated, now: u64) -> Result<Heard, ContractError> {
    let denom = || vote.denom.clone();
    // A feed always has a maximum age.
    let max_age = seated.guards.max_age.unwrap_or_default();
    let time = vote.observed_at.unwrap_or(now);
    if time > now {
        return Err(ContractError::VoteFromFuture { denom: denom(), observed_at: time, now });
    }
    let age = now.saturating_sub(time);
    if age > max_age {
        return Err(ContractError::VoteTooOld { denom: denom(), age, max_age });
    }
    if let Some(last) = votes.of(seat).filter(|last| time < last.time) {
        return Err(ContractError::VoteBeforeLast { denom: denom(), observed_at: time, last: last.time });
    }
    let said = PriceBand::at(vote.price);
    votes.cast(seat, Vote { price: said.low, time });
    let seen = votes.observe(seat.quorum, max_age, seated.guards.step_interval, now);
    Ok(seen.map_or(Heard::Part(said), Heard::Whole))
}
