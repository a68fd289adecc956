//! Who is asked where it stands, and when. Pure.

use crate::chain::endpoints::breaker::BREAKER_PAUSE_MAX_MS;
use crate::chain::endpoints::{Endpoint, Endpoints, Health};

/// How often an endpoint is asked where it stands, in milliseconds.
pub const PROBE_INTERVAL_MS: u64 = 2_000;
/// How soon one that lacks a new block may be asked again where it stands, in milliseconds.
const PROBE_INTERVAL_MIN_MS: u64 = 250;

impl Endpoints {
    /// Those to be asked now where they stand.
    pub fn to_probe(&mut self, now: u64) -> Vec<usize> {
        let due = |endpoint: &Endpoint| match (endpoint.opens, &endpoint.fault) {
            (Some(until), _) => until <= now,
            (None, Some(Health::Foreign { .. })) => {
                endpoint.asked.is_none_or(|asked| asked + BREAKER_PAUSE_MAX_MS <= now)
            }
            (None, _) => endpoint.asked.is_none_or(|asked| asked + PROBE_INTERVAL_MS <= now),
        };
        let due: Vec<usize> =
            self.all.iter().enumerate().filter(|(_, endpoint)| due(endpoint)).map(|(at, _)| at).collect();
        self.probing(&due, now);
        if !due.is_empty() {
            self.known = self.tip_observation(now, None).cloned();
        }
        for at in &due {
            if let Some(endpoint) = self.all.get_mut(*at) {
                endpoint.asked = Some(now);
            }
        }
        due
    }

    /// There is a block of this height: those that haven't told it are asked where they stand at the next opportunity.
    pub fn hurry(&mut self, height: u64, now: u64) {
        let lacks = |endpoint: &&mut Endpoint| endpoint.head.as_ref().is_none_or(|(head, _)| head.height < height);
        for endpoint in self.all.iter_mut().filter(lacks).filter(|endpoint| endpoint.fault.is_none()) {
            endpoint.asked = endpoint.asked.filter(|asked| asked + PROBE_INTERVAL_MIN_MS > now);
        }
    }
}
