//! What the oracle knows of a denom's sources.

use plimsoll_risk::price::{Guards, PriceRecord};
use plimsoll_risk::units::Ratio;
use plimsoll_schema::oracle::{PendingCheck, PendingFallback, PendingSource, RateSource, Source};
use serde::{Deserialize, Serialize};

use crate::error::ContractError;

/// A denom's sources: the one in force, what waits to replace it, and who speaks while it is silent.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The source in force.
    pub first: Seated,
    /// The generation given out last. None is given out twice, so votes for a source that was dropped never count
    /// again.
    pub generation: u32,
    /// The replacement that is announced.
    pub pending: Option<PendingSource>,
    /// Who speaks while the first source is silent.
    pub fallback: Option<Fallback>,
    /// The fallback that is announced.
    pub pending_fallback: Option<PendingFallback>,
    /// What the price is checked against.
    pub check: Option<Check>,
    /// The check that is announced.
    pub pending_check: Option<PendingCheck>,
}

/// A source that gathers votes or samples.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Seated {
    /// Where the price comes from.
    pub source: Source,
    /// The limits that it is held to.
    pub guards: Guards,
    /// The generation under which its votes and samples stand, and which the record has while this source speaks.
    pub generation: u32,
}

/// A source that speaks while the first one is silent.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Fallback {
    /// The source.
    pub seated: Seated,
    /// Seconds without an observation of the first source after which this one speaks.
    pub after: u64,
}

/// A source that the price is checked against.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// The source.
    pub seated: Seated,
    /// By how much of the lower one the two may be apart.
    pub max_divergence: Ratio,
    /// Seconds for which the settled price stands when they are.
    pub hold: u64,
}

impl Listing {
    /// A denom's first source.
    pub fn new(source: Source, guards: Guards) -> Self {
        let first = Seated { source, guards, generation: 0 };
        let generation = first.last_generation();
        Self {
            first,
            generation,
            pending: None,
            fallback: None,
            pending_fallback: None,
            check: None,
            pending_check: None,
        }
    }

    /// Gives a source the next generation, and each member of a median one after that. Errors when there is none.
    pub fn seat(&mut self, denom: &str, source: Source, guards: Guards) -> Result<Seated, ContractError> {
        let last = self.generation;
        let exhausted = || ContractError::GenerationsExhausted { denom: denom.to_owned(), generation: last };
        let generation = last.checked_add(1).ok_or_else(exhausted)?;
        let seated = Seated { source, guards, generation };
        self.generation = seated.last_generation();
        Ok(seated)
    }

    /// Whether the fallback spoke last.
    pub fn is_held_by_fallback(&self, record: &PriceRecord) -> bool {
        self.fallback.as_ref().is_some_and(|fallback| fallback.seated.generation == record.generation)
    }

    /// Whether the fallback may speak: it spoke last, or nothing was observed for `after` seconds and the last price is
    /// too old.
    pub fn is_fallbacks_turn(&self, record: &PriceRecord, now: u64) -> bool {
        let Some(fallback) = &self.fallback else { return false };
        let Some(max_age) = record.guards.max_age else { return false };
        let silence = now.saturating_sub(record.timestamp);
        self.is_held_by_fallback(record) || silence > max_age.max(fallback.after)
    }

    /// All sources that are, or may come to be, the denom's.
    pub fn sources(&self) -> impl Iterator<Item = &Source> {
        let pending = self.pending.iter().map(|pending| &pending.source);
        let fallback = self.fallback.iter().map(|fallback| &fallback.seated.source);
        let pending_fallback = self.pending_fallback.iter().map(|pending| &pending.fallback.source);
        let check = self.check.iter().map(|check| &check.seated.source);
        let pending_check = self.pending_check.iter().map(|pending| &pending.check.source);
        let replacements = pending.chain(fallback).chain(pending_fallback);
        std::iter::once(&self.first.source).chain(replacements).chain(check).chain(pending_check)
    }
}

/// The denom in which a source's prices are quoted; `None` for the quote currency itself. A median of sources that are
/// quoted in different denoms is quoted in none of them.
pub fn quote_of(source: &Source) -> Option<&str> {
    match source {
        Source::Pair(pair) if pair.quote_priced => Some(&pair.quote_denom),
        Source::Scaled(scaled) => Some(&scaled.quote_denom),
        Source::Observe(pair) if pair.quote_priced => Some(&pair.quote_denom),
        Source::OsmosisTwap(pool) if pool.quote_priced => Some(&pool.quote_denom),
        Source::Median(median) => {
            let (first, rest) = median.members.split_first()?;
            quote_of(first).filter(|quote| rest.iter().all(|member| quote_of(member) == Some(quote)))
        }
        _ => None,
    }
}

/// The denoms by whose records a source's prices are told: those in which it or its members are quoted.
pub fn quotes_of(source: &Source) -> impl Iterator<Item = &str> {
    source.parts().iter().filter_map(quote_of)
}

/// Whether another denom may be quoted in one with this source: a price of its own, which rests on no other denom.
pub fn is_by_itself(source: &Source) -> bool {
    quotes_of(source).next().is_none()
        && !source
            .parts()
            .iter()
            .any(|part| matches!(part, Source::Pair(_) | Source::Observe(_) | Source::OsmosisTwap(_)))
}

impl Seated {
    /// The record of a denom that has only this source and no price yet.
    pub fn unpublished(&self) -> PriceRecord {
        let quote = quote_of(&self.source).map(str::to_owned);
        PriceRecord::unpublished(self.generation, quote, self.window(), self.guards.clone())
    }

    /// The window of a live source, in seconds; 0 of another. Nothing is exchanged at a record that is older than a
    /// quarter of it. A source that averages nothing has its maximum age for a window. Where it tells a time of its own,
    /// no older than that, publishing doesn't make the record younger: then the window is four times as long.
    pub fn window(&self) -> u64 {
        let max_age = self.guards.max_age.unwrap_or_default();
        match &self.source {
            Source::Pair(pair) => pair.window,
            Source::Observe(pair) => pair.window,
            Source::OsmosisTwap(pool) => pool.window,
            Source::Scaled(scaled) => match &scaled.rate {
                RateSource::Contract { time_field: None, .. } => max_age,
                RateSource::Contract { time_field: Some(_), .. } => max_age.saturating_mul(4),
                RateSource::Feed { .. } => 0,
            },
            Source::Median(_) | Source::Pyth(_) | Source::Connect(_) => max_age.saturating_mul(4),
            Source::Fixed { .. } | Source::Feed { .. } => 0,
        }
    }

    /// The members of a median, each with a generation of its own.
    pub fn members(&self) -> impl Iterator<Item = Self> {
        let members = if let Source::Median(median) = &self.source { median.members.as_slice() } else { &[] };
        let generations = self.generation.saturating_add(1)..;
        members.iter().zip(generations).map(|(source, generation)| Self {
            source: source.clone(),
            guards: self.guards.clone(),
            generation,
        })
    }

    /// The last generation that this source or a member of it has.
    fn last_generation(&self) -> u32 {
        self.members().last().map_or(self.generation, |member| member.generation)
    }

    /// All generations under which this source has stored something.
    pub fn generations(&self) -> impl Iterator<Item = u32> {
        self.generation..=self.last_generation()
    }
}

/// A feeder's place in a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat {
    /// Which feeder of the source.
    pub index: usize,
    /// How many feeders the source has.
    pub feeders: usize,
    /// How many valid votes make a price.
    pub quorum: usize,
}

impl Seat {
    /// The place of `sender` in `source`; `None` when they have none.
    pub fn of(sender: &str, source: &Source) -> Option<Self> {
        let (feeders, quorum) = source.feeders()?;
        let index = feeders.iter().position(|feeder| feeder == sender)?;
        Some(Self { index, feeders: feeders.len(), quorum: usize::from(quorum) })
    }
}
