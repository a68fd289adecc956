//! From the unit of one quote to that of another, at what was last observed of both.

use cosmwasm_std::{StdResult, Storage};
use plimsoll_risk::mark::{over_down, over_up, times_down, times_up};
use plimsoll_risk::math::ONE;
use plimsoll_risk::price::{Guards, Observation, PriceBand};
use plimsoll_risk::units::Price;
use plimsoll_schema::oracle::PRICE_RECORDS;

use crate::heard::Heard;
use crate::listing::Seated;

/// What one unit of a quote is worth, by what counts for liquidation and by the extremes, and when that was observed.
#[derive(Clone, Copy, Debug)]
pub struct Exchange {
    raw: PriceBand,
    extremes: PriceBand,
    /// In seconds; [`u64::MAX`] of what doesn't age.
    time: u64,
}

impl Exchange {
    /// What prices in `from` are in `to`; `None` stands for the quote currency. Nothing while either is silent.
    pub fn between(storage: &dyn Storage, from: Option<&str>, to: Option<&str>, now: u64) -> StdResult<Option<Self>> {
        if from == to {
            return Ok(Some(Self::unit()));
        }
        let Some(from) = Self::of(storage, from, now)? else { return Ok(None) };
        let Some(to) = Self::of(storage, to, now)? else { return Ok(None) };
        Ok(Some(Self {
            raw: over(from.raw, to.raw),
            extremes: over(from.extremes, to.extremes),
            time: from.time.min(to.time),
        }))
    }

    fn unit() -> Self {
        let one = PriceBand::at(Price::new(ONE));
        Self { raw: one, extremes: one, time: u64::MAX }
    }

    fn of(storage: &dyn Storage, denom: Option<&str>, now: u64) -> StdResult<Option<Self>> {
        let Some(denom) = denom else { return Ok(Some(Self::unit())) };
        let record = PRICE_RECORDS.may_load(storage, denom)?.filter(|record| record.fault(now).is_none());
        Ok(record.map(|record| {
            let time = if record.guards.max_age.is_some() { record.timestamp } else { u64::MAX };
            Self { raw: record.raw, extremes: record.extremes, time }
        }))
    }

    /// What was heard, in the other unit.
    pub fn heard(&self, heard: Heard) -> Heard {
        match heard {
            Heard::Nothing => Heard::Nothing,
            Heard::Part(said) => Heard::Part(self.band(said)),
            Heard::Whole(seen) => Heard::Whole(self.observation(seen)),
        }
    }

    /// An observation in the other unit, no younger than what is known of the quote.
    pub fn observation(&self, seen: Observation) -> Observation {
        Observation {
            raw: times(seen.raw, self.raw),
            extremes: self.band(seen.extremes),
            time: seen.time.min(self.time),
        }
    }

    /// A band for borrowing in the other unit.
    pub fn band(&self, said: PriceBand) -> PriceBand {
        times(said, self.extremes)
    }

    /// The source with guards whose bounds, in the other unit, are at least as wide as they are now.
    pub fn guarding(&self, seated: Seated) -> Seated {
        let bounds = over(PriceBand::between(seated.guards.floor, seated.guards.ceiling), self.extremes);
        Seated { guards: Guards { floor: bounds.low, ceiling: bounds.high, ..seated.guards }, ..seated }
    }
}

fn times(band: PriceBand, worth: PriceBand) -> PriceBand {
    PriceBand::between(times_down(band.low, worth.low), times_up(band.high, worth.high))
}

fn over(band: PriceBand, worth: PriceBand) -> PriceBand {
    PriceBand::between(over_down(band.low, worth.high), over_up(band.high, worth.low))
}
