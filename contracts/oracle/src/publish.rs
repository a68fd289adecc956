//! What live sources say, published by anyone.

use std::collections::BTreeSet;

use cosmwasm_std::{Deps, DepsMut, Env, Response};
use plimsoll_risk::price::PriceRecord;
use plimsoll_risk::units::Price;
use plimsoll_schema::oracle::{DENOMS_MAX, PRICE_RECORDS};

use crate::ask::{Asked, ask};
use crate::checked::Checked;
use crate::compare::{recall, remember};
use crate::error::ContractError;
use crate::heartbeat::{Clock, beat};
use crate::listing::Listing;
use crate::report::Report;
use crate::state::load;
use crate::take_in::{Hearing, Taken, take_in};

/// Publishes what each denom's live sources say. A denom whose sources all fail is refused, and the message when all
/// denoms are. Anyone may call. A source that burns all gas fails the message that it is in: publish its denom alone.
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
    let (taken, checked) = live.take_in(deps.as_ref(), denom, &listing, &mut record, clock)?;
    remember(deps.storage, denom, &listing, checked)?;
    for asked in live.answers() {
        asked.keep(deps.storage, denom)?;
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
    match live.take_in(deps, denom, listing, &mut record, clock)?.0 {
        Taken::Pending if should_speak => Ok(None),
        Taken::Pending => Ok(Some(stored)),
        _ => Ok(Some(record)),
    }
}

/// What a denom's live sources say; `None` of a source that isn't live.
struct Live {
    first: Option<Result<Asked, ContractError>>,
    fallback: Option<Result<Asked, ContractError>>,
    check: Option<Result<Asked, ContractError>>,
}

impl Live {
    fn ask(deps: Deps, denom: &str, listing: &Listing, now: u64) -> Self {
        let fallback = listing.fallback.as_ref().and_then(|fallback| ask(deps, denom, &fallback.seated, now));
        let check = listing.check.as_ref().and_then(|check| ask(deps, denom, &check.seated, now));
        Self { first: ask(deps, denom, &listing.first, now), fallback, check }
    }

    /// Errors when no source is live, or every live one that prices the denom fails. Where none of those is live the
    /// check alone has to answer.
    fn answered(self, denom: &str) -> Result<Self, ContractError> {
        match self {
            Self { first: None, fallback: None, check: None } => {
                Err(ContractError::NotLive { denom: denom.to_owned() })
            }
            Self { first: Some(Err(error)), fallback: None | Some(Err(_)), .. }
            | Self { first: None, fallback: Some(Err(error)), .. }
            | Self { first: None, fallback: None, check: Some(Err(error)) } => Err(error),
            answered => Ok(answered),
        }
    }

    /// What became of it, and what is to be remembered of the check.
    fn take_in(
        &self,
        deps: Deps,
        denom: &str,
        listing: &Listing,
        record: &mut PriceRecord,
        clock: Clock,
    ) -> Result<(Taken, Option<Checked>), ContractError> {
        let heard = |asked: &Option<Result<Asked, _>>| Some(asked.as_ref()?.as_ref().ok()?.heard);
        let check = recall(deps.storage, denom, listing, heard(&self.check))?;
        let mut hearing = Hearing { first: heard(&self.first), fallback: heard(&self.fallback), check };
        let taken = take_in(deps.storage, listing, record, &mut hearing, clock)?;
        Ok((taken, hearing.check))
    }

    fn answers(&self) -> impl Iterator<Item = &Asked> {
        [&self.first, &self.fallback, &self.check].into_iter().flatten().flatten()
    }
}
