//! What live sources say, published by anyone.

use std::collections::BTreeSet;

use cosmwasm_std::{Deps, DepsMut, Env, Response};
use plimsoll_risk::price::PriceRecord;
use plimsoll_risk::units::Price;
use plimsoll_schema::oracle::{DENOMS_MAX, PRICE_RECORDS, Source};

use crate::error::ContractError;
use crate::heartbeat::{Clock, beat};
use crate::listing::{Listing, Seated};
use crate::pair::{self, Watched};
use crate::report::Report;
use crate::state::{SAMPLES, load};
use crate::take_in::{Taken, take_in};

/// Publishes what each denom's live sources say. A denom whose sources all fail is refused, and the message when all
/// denoms are. Anyone may call. A pair that burns all gas fails the message that it is in: publish its denom alone.
pub fn publish(mut deps: DepsMut, env: &Env, denoms: &[String]) -> Result<Response, ContractError> {
    let count = denoms.len();
    let max = DENOMS_MAX;
    let different: BTreeSet<&String> = denoms.iter().collect();
    if count == 0 || count > max || different.len() < count {
        return Err(ContractError::DenomCount { count, max });
    }
    let clock = beat(deps.storage, env)?;
    let mut report = Report::new("publish");
    for denom in denoms {
        let outcome = take(deps.branch(), denom, clock);
        report.add(denom, outcome);
    }
    report.finish()
}

/// Publishes one denom, and says the settled price. Nothing is written when it is refused.
fn take(deps: DepsMut, denom: &str, clock: Clock) -> Result<(Taken, Price), ContractError> {
    let (listing, mut record) = load(deps.storage, denom)?;
    let before = record.clone();
    let live = Live::ask(deps.as_ref(), denom, &listing, clock.now).answered(denom)?;
    let taken = live.take_in(deps.as_ref(), &listing, &mut record, clock)?;
    for (watched, generation) in live.watched(&listing) {
        SAMPLES.save(deps.storage, (denom, generation), &watched.samples)?;
    }
    if record != before {
        PRICE_RECORDS.save(deps.storage, denom, &record)?;
    }
    Ok((taken, record.settled))
}

/// The record as it would stand if its denom were published at this block; as it is when no live source speaks for it.
/// `None` when the live source that should speak gives no price.
pub fn standing(
    deps: Deps,
    denom: &str,
    listing: &Listing,
    mut record: PriceRecord,
    clock: Clock,
) -> Result<Option<PriceRecord>, ContractError> {
    let should_speak = record.window > 0;
    let live = Live::ask(deps, denom, listing, clock.now);
    let stored = record.clone();
    match live.take_in(deps, listing, &mut record, clock)? {
        Taken::Pending if should_speak => Ok(None),
        Taken::Pending => Ok(Some(stored)),
        _ => Ok(Some(record)),
    }
}

/// What a denom's live sources say; `None` of a source that isn't live.
struct Live {
    first: Option<Result<Watched, ContractError>>,
    fallback: Option<Result<Watched, ContractError>>,
}

impl Live {
    fn ask(deps: Deps, denom: &str, listing: &Listing, now: u64) -> Self {
        let ask = |seated: &Seated| match &seated.source {
            Source::Pair(source) => Some(pair::watch(deps, denom, seated, source, now)),
            _ => None,
        };
        let fallback = listing.fallback.as_ref().and_then(|fallback| ask(&fallback.seated));
        Self { first: ask(&listing.first), fallback }
    }

    /// Errors when no source is live, or every live one fails.
    fn answered(self, denom: &str) -> Result<Self, ContractError> {
        match self {
            Self { first: None, fallback: None } => Err(ContractError::NotLive { denom: denom.to_owned() }),
            Self { first: Some(Err(error)), fallback: None | Some(Err(_)) }
            | Self { first: None, fallback: Some(Err(error)) } => Err(error),
            answered => Ok(answered),
        }
    }

    fn take_in(
        &self,
        deps: Deps,
        listing: &Listing,
        record: &mut PriceRecord,
        clock: Clock,
    ) -> Result<Taken, ContractError> {
        let heard = |watched: &Option<Result<Watched, _>>| Some(watched.as_ref()?.as_ref().ok()?.heard);
        take_in(deps.storage, listing, record, heard(&self.first), heard(&self.fallback), clock)
    }

    /// What was seen, and under which generation it is stored.
    fn watched<'a>(&'a self, listing: &'a Listing) -> impl Iterator<Item = (&'a Watched, u32)> {
        let first = (&self.first, listing.first.generation);
        let fallback = listing.fallback.as_ref().map(|fallback| (&self.fallback, fallback.seated.generation));
        let answered = |(watched, generation): (&'a Option<Result<Watched, _>>, u32)| {
            Some((watched.as_ref()?.as_ref().ok()?, generation))
        };
        std::iter::once(first).chain(fallback).filter_map(answered)
    }
}
