//! The tip: the block that the endpoints are held against. Pure.
//!
//! The *tip* is the newest block that a majority of endpoints confirms. Without a majority, as with two endpoints that
//! disagree, it is the newest block that can follow the previous tip; at the very start, that can follow the block of
//! the endpoint named first. So one endpoint far ahead or behind can't move the tip. An endpoint that is alone is
//! believed, and of two that disagree from the start the first. An endpoint ahead by no more blocks than a fast chain
//! makes can't be seen to lie: therefore what it tells is passed on only once half of the endpoints have [`reached`]
//! the block before.

use crate::chain::endpoints::health::{BEHIND_MAX_BLOCKS, BEHIND_MAX_SECONDS, LIVE_MAX_AGE_SECONDS};
use crate::chain::{Head, REWIND_MAX};

/// A block that was told, and when, in milliseconds.
pub(super) type Observation = (Head, u64);

/// In milliseconds: no chain that runs contracts makes blocks faster.
const BLOCK_TIME_MIN_MS: u64 = 50;

/// The tip: of `told`, which is in the order of preference, or the one `known` until now. Times as in [`follows`].
pub(super) fn tip<'a>(
    told: &[&'a Observation],
    known: Option<&'a Observation>,
    now: u64,
    clock: u64,
) -> Option<&'a Observation> {
    let confirmed =
        |one: &&&Observation| told.iter().filter(|other| is_near(&one.0, &other.0)).count() * 2 > told.len();
    let height = |one: &&&Observation| one.0.height;
    let majority = told.iter().filter(confirmed).max_by_key(height).copied();
    let base = majority.or(known.filter(|_| !told.is_empty())).or(told.first().copied())?;
    if majority.is_some() && clock.saturating_sub(base.0.time) <= LIVE_MAX_AGE_SECONDS {
        return Some(base);
    }
    // They may all stand still but one.
    let following = told.iter().filter(|one| follows(base, &one.0, now, clock));
    Some(following.max_by_key(height).copied().unwrap_or(base))
}

/// The newest block that half of those with these heights have, or more; of two both. So a machine that is a little
/// late, with both of its endpoints, doesn't hold up another.
pub(super) fn reached(heights: impl Iterator<Item = u64>) -> Option<u64> {
    let mut heights: Vec<u64> = heights.collect();
    heights.sort_unstable_by_key(|height| std::cmp::Reverse(*height));
    let half = if heights.len() > 2 { heights.len().saturating_sub(1) / 2 } else { heights.len() / 2 };
    heights.get(half).copied()
}

fn is_near(one: &Head, other: &Head) -> bool {
    one.height.abs_diff(other.height) <= BEHIND_MAX_BLOCKS && one.time.abs_diff(other.time) <= BEHIND_MAX_SECONDS
}

/// Whether a block can be the newest after what was `base` when it was told. `now` is in milliseconds as in
/// [`Observation`], `clock` this machine's, in seconds; a base that is old by that was old when it was told.
pub(super) fn follows((base, heard): &Observation, head: &Head, now: u64, clock: u64) -> bool {
    let age = clock.saturating_sub(base.time);
    let old = if age > LIVE_MAX_AGE_SECONDS { age.saturating_mul(1_000) } else { 0 };
    let elapsed = now.saturating_sub(*heard).max(old);
    let highest = base.height.saturating_add(REWIND_MAX).saturating_add(elapsed / BLOCK_TIME_MIN_MS);
    let latest = base.time.max(clock).saturating_add(BEHIND_MAX_SECONDS).saturating_add(elapsed / 1_000);
    head.height.saturating_add(REWIND_MAX) >= base.height && head.height <= highest && head.time <= latest
}
