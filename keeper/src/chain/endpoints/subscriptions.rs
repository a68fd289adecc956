//! Which endpoint announces new blocks, and which asked for a pause before it is asked for that again. Pure.

use crate::chain::endpoints::{Endpoints, Kind};

impl Endpoints {
    /// It refused a subscription to new blocks, and asked for a pause of so many milliseconds before the next. Its
    /// answers are as good as before.
    pub fn pause_subscription(&mut self, at: usize, now: u64, pause: u64) {
        if let Some(endpoint) = self.all.get_mut(at) {
            endpoint.subscribe_from = now.saturating_add(pause);
        }
    }

    /// Whom to ask for a subscription: the first that is well and asked for no pause. One is avoided while there is
    /// another.
    pub fn to_subscribe(&self, avoid: Option<usize>, now: u64) -> Option<usize> {
        let is_due = |at: &usize| self.all.get(*at).is_some_and(|endpoint| endpoint.subscribe_from <= now);
        let due: Vec<usize> = self.healthy(Kind::Rpc).into_iter().filter(is_due).collect();
        due.iter().find(|at| Some(**at) != avoid).or(due.first()).copied()
    }
}
