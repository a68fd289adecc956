//! Which blocks are passed on: those that half of the endpoints are close enough to. Pure.

use crate::chain::Head;
use crate::chain::endpoints::quorum::reached;
use crate::chain::endpoints::{Endpoints, Health, OBSERVATION_MAX_AGE_MS};

/// How many blocks that endpoints are ahead of the others are kept until those come.
const WAITING_HEADS_MAX: usize = 20;

impl Endpoints {
    /// This endpoint told this block: the newest of those told that is no more than one after what half of the
    /// endpoints have, if there is a new one. An honest one may be a block earlier than the others.
    pub fn confirmed(&mut self, at: usize, head: &Head, now: u64) -> Option<Head> {
        if self.health(at) == Health::Good {
            self.waiting.insert(head.height, (at, (head.clone(), now)));
        }
        self.confirmed_by_now(now)
    }

    /// The newest of the blocks that waited for that.
    pub fn confirmed_by_now(&mut self, now: u64) -> Option<Head> {
        let well = self.all.iter().filter(|e| e.fault.is_none() && e.opens.is_none() && e.failures == 0);
        let told = well
            .filter_map(|endpoint| endpoint.head.as_ref())
            .filter(|(_, heard)| heard + OBSERVATION_MAX_AGE_MS >= now);
        let most = reached(told.map(|(head, _)| head.height))?.saturating_add(1);
        let good = |at: usize| self.health(at) == Health::Good;
        let newest = self.waiting.range(..=most).rev().find(|(_, (at, _))| good(*at));
        let newest = newest.map(|(_, (_, (head, _)))| head.clone());
        self.waiting.retain(|height, (_, (_, told))| *height > most && *told + OBSERVATION_MAX_AGE_MS >= now);
        while self.waiting.len() > WAITING_HEADS_MAX {
            self.waiting.pop_last();
        }
        newest
    }
}
