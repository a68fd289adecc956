//! What endpoints tell of their newest blocks, judged by what the others tell. Pure.

use crate::chain::endpoints::health::judge;
use crate::chain::endpoints::quorum::{self, Observation, follows};
use crate::chain::endpoints::{Change, Endpoints, Health, OBSERVATION_MAX_AGE_MS};
use crate::chain::{Head, REWIND_MAX};

impl Endpoints {
    /// It told its newest block; `clock` is this machine's, in seconds. Whether the block counts says
    /// [`Endpoints::health`].
    pub fn heard(&mut self, at: usize, head: &Head, now: u64, clock: u64) -> Option<Change> {
        self.clock = clock;
        let tip = self.tip_if(at, head, now);
        self.heard_since(at, head, Some(&tip), now, clock)
    }

    /// As [`Endpoints::heard`], where the answer took a while: it is late only against the tip when it was asked for.
    pub fn heard_since(&mut self, at: usize, head: &Head, tip: Option<&Head>, now: u64, clock: u64) -> Option<Change> {
        self.clock = clock;
        let fault = judge(head, &self.chain_id, tip, clock).or_else(|| self.beyond(at, head, now));
        self.change(at, |endpoint| {
            endpoint.mend();
            let known = endpoint.head.as_ref().filter(|(known, _)| known.chain_id == head.chain_id);
            // Behind one address there may be several nodes, one ahead of another.
            let ahead = known.is_some_and(|(known, _)| {
                known.height > head.height && known.height.saturating_sub(head.height) <= REWIND_MAX
            });
            match &mut endpoint.head {
                Some((_, heard)) if ahead && fault.is_none() => *heard = now,
                slot => *slot = Some((head.clone(), now)),
            }
            endpoint.fault = fault;
        })
    }

    /// It announced a block. Announcements may be late, so that whether it is behind is not judged by them. Whether the
    /// block counts: one that is far from the tip waits for the next probe.
    pub fn announced(&mut self, at: usize, head: &Head, now: u64, clock: u64) -> (bool, Option<Change>) {
        self.clock = clock;
        let far = |tip: &Head| head.height.abs_diff(tip.height) > REWIND_MAX;
        if head.chain_id == self.chain_id && self.tip(now).is_some_and(far) {
            return (false, None);
        }
        let change = match self.all.get(at) {
            Some(endpoint) if head.chain_id == self.chain_id && endpoint.fault.is_some() => None,
            _ => self.heard_since(at, head, None, now, clock),
        };
        (self.health(at) == Health::Good, change)
    }

    /// Judges all by what all have told: whoever answered first was believed until then.
    pub fn settle(&mut self, now: u64, clock: u64) -> Vec<Change> {
        let told: Vec<(usize, Head)> =
            self.all.iter().enumerate().filter_map(|(at, e)| Some((at, e.head.as_ref()?.0.clone()))).collect();
        told.into_iter().filter_map(|(at, head)| self.heard(at, &head, now, clock)).collect()
    }

    /// The tip, of the blocks that were told lately.
    pub fn tip(&self, now: u64) -> Option<&Head> {
        self.tip_observation(now, None).map(|(head, _)| head)
    }

    /// The same, if this endpoint tells this block.
    pub fn tip_if(&self, at: usize, head: &Head, now: u64) -> Head {
        let told = (head.clone(), now);
        self.tip_observation(now, Some((at, &told))).map_or_else(|| head.clone(), |(tip, _)| tip.clone())
    }

    /// Whoever was left out has a voice as well, or one that is far ahead would silence all others.
    pub(super) fn tip_observation<'a>(
        &'a self,
        now: u64,
        new: Option<(usize, &'a Observation)>,
    ) -> Option<&'a Observation> {
        let told = self.all.iter().enumerate().filter_map(|(at, endpoint)| match new {
            Some((who, told)) if who == at => Some(told),
            _ => endpoint.head.as_ref(),
        });
        let fresh =
            told.filter(|(head, heard)| head.chain_id == self.chain_id && heard + OBSERVATION_MAX_AGE_MS >= now);
        quorum::tip(&fresh.collect::<Vec<_>>(), self.known.as_ref(), now, self.clock)
    }

    /// What is wrong with a block that is farther ahead of the others than it can be by now.
    fn beyond(&self, at: usize, head: &Head, now: u64) -> Option<Health> {
        let told = (head.clone(), now);
        let base = self.tip_observation(now, Some((at, &told)))?;
        let ahead = head.height > base.0.height || head.time > base.0.time;
        (ahead && !follows(base, head, now, self.clock)).then(|| {
            let (height, seconds) = (base.0.height, head.time.saturating_sub(base.0.time));
            let reason = format!("block {}, {seconds} s newer than block {height} that others are at", head.height);
            Health::Impossible { reason }
        })
    }
}
