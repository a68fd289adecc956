//! Which block to go by, of those that endpoints told. Pure.
//!
//! What more than half of them confirm is gone by. Where no such block is, as with two that disagree, it is the newest that can have come since
//! what was gone by until now; at the very start since what the endpoint said that is named first. So one that is far ahead, or back,
//! holds none of the others up. Nobody can tell of an endpoint that is alone, and of two that disagree from the start the first
//! is believed. One that is ahead by no more blocks than a fast chain makes is not seen to lie, and therefore what it tells is passed on only
//! once half have [`reached`] the block before.

use crate::chain::endpoints::health::{BEHIND_MAX, OLDER_MAX, YOUNG};
use crate::chain::{Head, REWIND_MAX};

/// A block that was told, and when, in milliseconds.
pub(super) type Told = (Head, u64);

/// In milliseconds: no chain that runs contracts makes blocks faster.
const BLOCK_LEAST: u64 = 50;

/// The block to go by: of `told`, which is in the order of preference, or the one `known` until now. Times as in [`follows`].
pub(super) fn agreed<'a>(told: &[&'a Told], known: Option<&'a Told>, now: u64, clock: u64) -> Option<&'a Told> {
    let confirmed = |one: &&&Told| told.iter().filter(|other| is_near(&one.0, &other.0)).count() * 2 > told.len();
    let height = |one: &&&Told| one.0.height;
    let majority = told.iter().filter(confirmed).max_by_key(height).copied();
    let base = majority.or(known.filter(|_| !told.is_empty())).or(told.first().copied())?;
    if majority.is_some() && clock.saturating_sub(base.0.time) <= YOUNG {
        return Some(base);
    }
    // They may all stand still but one.
    let following = told.iter().filter(|one| follows(base, &one.0, now, clock));
    Some(following.max_by_key(height).copied().unwrap_or(base))
}

/// The newest block that half of those with these heights have, or more; of two both. So a machine that is a little late, with both of its
/// endpoints, doesn't hold up another.
pub(super) fn reached(heights: impl Iterator<Item = u64>) -> Option<u64> {
    let mut heights: Vec<u64> = heights.collect();
    heights.sort_unstable_by_key(|height| std::cmp::Reverse(*height));
    let half = if heights.len() > 2 { heights.len().saturating_sub(1) / 2 } else { heights.len() / 2 };
    heights.get(half).copied()
}

fn is_near(one: &Head, other: &Head) -> bool {
    one.height.abs_diff(other.height) <= BEHIND_MAX && one.time.abs_diff(other.time) <= OLDER_MAX
}

/// Whether a block can be the newest after what was `base` when it was told. `now` is in milliseconds as in [`Told`], `clock` this machine's, in
/// seconds; a base that is old by that was old when it was told.
pub(super) fn follows((base, heard): &Told, head: &Head, now: u64, clock: u64) -> bool {
    let age = clock.saturating_sub(base.time);
    let old = if age > YOUNG { age.saturating_mul(1_000) } else { 0 };
    let elapsed = now.saturating_sub(*heard).max(old);
    let highest = base.height.saturating_add(REWIND_MAX).saturating_add(elapsed / BLOCK_LEAST);
    let latest = base.time.max(clock).saturating_add(OLDER_MAX).saturating_add(elapsed / 1_000);
    head.height.saturating_add(REWIND_MAX) >= base.height && head.height <= highest && head.time <= latest
}
