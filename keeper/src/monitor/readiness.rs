//! Whether the keeper is ready: it sees the chain, its book is current, and it would act. Pure.

use std::fmt;

use crate::chain::Head;
use crate::chain::endpoints::Readiness;

/// How many blocks the book may be behind the newest block: those are what a block's work takes.
const BEHIND_MAX: u64 = 5;

/// What is known.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The block of the book; `None` until it is read.
    pub book: Option<Head>,
    /// The newest block that was heard of.
    pub chain: Option<Head>,
    /// How many endpoints are well.
    pub endpoints: Option<Readiness>,
    /// Why the last block could not be done.
    pub trouble: Option<String>,
    /// Why the keeper is about to end.
    pub ending: Option<String>,
}

/// Why it isn't ready; nothing when it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict(pub Vec<String>);

impl Verdict {
    /// Whether it is.
    pub const fn is_ready(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_ready() { f.write_str("ready") } else { write!(f, "{}", self.0.join("\n")) }
    }
}

impl Facts {
    /// Judges at this time, in seconds by this machine's clock. Blocks older than `max_age` seconds count as old.
    pub fn judge(&self, clock: u64, max_age: u64) -> Verdict {
        let mut reasons = Vec::new();
        if let Some(reason) = &self.ending {
            reasons.push(format!("ending: {reason}"));
        }
        if let Some(ready) = self.endpoints.filter(Readiness::is_blind) {
            reasons.push(format!("blind: {} gRPC and {} RPC endpoints are well", ready.grpc, ready.rpc));
        }
        match (&self.book, &self.chain) {
            (None, _) => reasons.push("not synced: the book is not read yet".to_owned()),
            (Some(book), Some(chain)) if book.height.saturating_add(BEHIND_MAX) < chain.height => {
                reasons.push(format!("lagging: the book is at block {}, the chain at {}", book.height, chain.height));
            }
            _ => {}
        }
        let newest = self.chain.as_ref().or(self.book.as_ref());
        if let Some(head) = newest.filter(|head| clock.saturating_sub(head.time) > max_age) {
            let age = clock.saturating_sub(head.time);
            reasons
                .push(format!("lagging: block {}, the newest, is {age} s old; {max_age} s are allowed", head.height));
        }
        if let Some(trouble) = &self.trouble {
            reasons.push(format!("the last block could not be done: {trouble}"));
        }
        Verdict(reasons)
    }
}
