//! Live sources: what each says at this block, and what of that is to be stored.

use cosmwasm_std::{Deps, Storage};
use plimsoll_risk::growth::Growth;
use plimsoll_schema::oracle::{MedianSource, RateSource, ScaledSource, Source};

use crate::connect;
use crate::error::ContractError;
use crate::exchange::Exchange;
use crate::heard::Heard;
use crate::listing::{Seated, quote_of};
use crate::median::Tally;
use crate::observe;
use crate::osmosis_twap;
use crate::pair;
use crate::pyth;
use crate::samples::Samples;
use crate::scaled::{RateQuery, capped};
use crate::state::{GROWTHS, SAMPLES, VOTES};

/// What a live source says.
pub struct Asked {
    /// What it says.
    pub heard: Heard,
    /// What is remembered of it, by generation.
    remembered: Vec<(u32, Remembered)>,
}

/// What is remembered of a source.
enum Remembered {
    Samples(Samples),
    Growth(Growth),
}

impl Asked {
    fn new(heard: Heard, generation: u32, remembered: Option<Remembered>) -> Self {
        Self { heard, remembered: remembered.map(|what| (generation, what)).into_iter().collect() }
    }

    /// Of a source that remembers nothing.
    const fn of(heard: Heard) -> Self {
        Self { heard, remembered: Vec::new() }
    }

    /// Stores what is remembered.
    pub fn keep(&self, storage: &mut dyn Storage, denom: &str) -> Result<(), ContractError> {
        for (generation, what) in &self.remembered {
            let key = (denom, *generation);
            match what {
                Remembered::Samples(samples) => SAMPLES.save(storage, key, samples)?,
                Remembered::Growth(growth) => GROWTHS.save(storage, key, growth)?,
            }
        }
        Ok(())
    }
}

/// Asks a source; `None` of one that isn't live.
pub fn ask(deps: Deps, denom: &str, seated: &Seated, now: u64) -> Option<Result<Asked, ContractError>> {
    let max_age = seated.guards.max_age.unwrap_or_default();
    match &seated.source {
        Source::Pair(source) => {
            Some(pair::watch(deps, denom, seated, source, now).map(|watched| {
                Asked::new(watched.heard, seated.generation, Some(Remembered::Samples(watched.samples)))
            }))
        }
        Source::Scaled(source) => rate(deps, denom, seated, source, now),
        Source::Pyth(source) => Some(pyth::observe(&deps.querier, denom, source, max_age, now).map(Asked::of)),
        Source::Observe(source) => {
            Some(observe::observe(&deps.querier, denom, source, now).map(|seen| Asked::of(Heard::Whole(seen))))
        }
        Source::Connect(source) => {
            Some(connect::observe(&deps.querier, denom, source, max_age, now).map(|seen| Asked::of(Heard::Whole(seen))))
        }
        Source::OsmosisTwap(source) => {
            Some(osmosis_twap::observe(&deps.querier, denom, source, now).map(|seen| Asked::of(Heard::Whole(seen))))
        }
        Source::Median(source) => Some(median(deps, denom, seated, source, now)),
        Source::Fixed { .. } | Source::Feed { .. } => None,
    }
}

/// Asks a contract for a rate; `None` where feeders tell it.
fn rate(
    deps: Deps,
    denom: &str,
    seated: &Seated,
    source: &ScaledSource,
    now: u64,
) -> Option<Result<Asked, ContractError>> {
    let RateSource::Contract { contract, query, field, time_field } = &source.rate else { return None };
    let query = RateQuery { contract, query, field, time_field: time_field.as_deref() };
    let max_age = seated.guards.max_age.unwrap_or_default();
    Some(query.observe(&deps.querier, denom, max_age, now).and_then(|seen| {
        let growth = GROWTHS.may_load(deps.storage, (denom, seated.generation))?;
        let (heard, growth) = capped(Heard::Whole(seen), growth, source, now);
        Ok(Asked::new(heard, seated.generation, growth.map(Remembered::Growth)))
    }))
}

/// Asks each member of a median. What they remember is kept though there be too few for a price. Errors when none says
/// anything.
fn median(deps: Deps, denom: &str, seated: &Seated, source: &MedianSource, now: u64) -> Result<Asked, ContractError> {
    let mut tally = Tally::default();
    let mut remembered = Vec::new();
    for member in seated.members() {
        let exchange = Exchange::between(deps.storage, quote_of(&member.source), quote_of(&seated.source), now)?;
        let member = exchange.as_ref().map_or(member.clone(), |exchange| exchange.guarding(member.clone()));
        let heard = match ask(deps, denom, &member, now) {
            None => Some(voted(deps, denom, &member, now)?),
            Some(asked) => asked.ok().map(|asked| {
                remembered.extend(asked.remembered);
                asked.heard
            }),
        };
        if let (Some(heard), Some(exchange)) = (heard, exchange) {
            tally.add(exchange.heard(heard), member.guards.max_age.unwrap_or_default(), now);
        }
    }
    let present = tally.present();
    match tally.middle(source.minimum) {
        Heard::Nothing if remembered.is_empty() => {
            Err(ContractError::MembersMissing { denom: denom.to_owned(), present, minimum: source.minimum })
        }
        heard => Ok(Asked { heard, remembered }),
    }
}

/// What the votes for a member say.
fn voted(deps: Deps, denom: &str, member: &Seated, now: u64) -> Result<Heard, ContractError> {
    let key = (denom, member.generation);
    let Some((_, quorum)) = member.source.feeders() else { return Ok(Heard::Nothing) };
    let votes = VOTES.may_load(deps.storage, key)?.unwrap_or_default();
    let max_age = member.guards.max_age.unwrap_or_default();
    let seen = votes.observe(usize::from(quorum), max_age, member.guards.step_interval, now);
    let heard = seen.map_or(Heard::Nothing, Heard::Whole);
    let Source::Scaled(source) = &member.source else { return Ok(heard) };
    Ok(capped(heard, GROWTHS.may_load(deps.storage, key)?, source, now).0)
}
