//! What most operations are made of.

use crate::cast::{LISTED, PEOPLE, POOR, SOURCED, USERS};
use crate::op::{By, Who};
use crate::random::Random;

pub fn user(r: &mut Random) -> usize {
    r.below(USERS)
}

pub fn who(r: &mut Random) -> Who {
    (user(r), r.from_to(0, POOR))
}

/// Mostly one that was listed from the start.
pub fn denom(r: &mut Random) -> usize {
    if r.once_in(12) { r.below(SOURCED) } else { r.below(LISTED) }
}

/// Crumbs, pocket money and fortunes alike.
pub fn cents(r: &mut Random) -> u64 {
    match r.below(4) {
        0 => r.within(1, 1_000),
        1 => r.within(1_000, 100_000),
        2 => r.within(100_000, 10_000_000),
        _ => r.within(10_000_000, 100_000_000),
    }
}

/// Mostly a part, sometimes all, now and then too much.
pub fn permille(r: &mut Random) -> u32 {
    match r.below(8) {
        0..5 => r.from_to(1, 1_000),
        5..7 => 1_000,
        _ => r.from_to(1_001, 1_200),
    }
}

/// Mostly whoever may.
pub fn by(r: &mut Random) -> By {
    if r.once_in(6) { By::Person(r.below(PEOPLE)) } else { By::Rightful }
}

pub fn to(r: &mut Random) -> Option<usize> {
    r.once_in(6).then(|| r.below(USERS))
}
