//! Live sources: what each says at this block, and what of that is to be stored.

use cosmwasm_std::{Deps, Storage};
use plimsoll_risk::growth::Growth;
use plimsoll_schema::oracle::{RateSource, ScaledSource, Source};

use crate::error::ContractError;
use crate::listing::Seated;
use crate::pair;
use crate::samples::Samples;
use crate::scaled::{RateQuery, capped};
use crate::state::{GROWTHS, SAMPLES};
use crate::take_in::Heard;

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
    match &seated.source {
        Source::Pair(source) => {
            Some(pair::watch(deps, denom, seated, source, now).map(|watched| {
                Asked::new(watched.heard, seated.generation, Some(Remembered::Samples(watched.samples)))
            }))
        }
        Source::Scaled(source) => rate(deps, denom, seated, source, now),
        _ => None,
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
