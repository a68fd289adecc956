//! The connections to all endpoints, and what is known of them.

use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::{Notify, watch};

use crate::chain::cosmos::channel::Channel;
use crate::chain::cosmos::classify::Failure;
use crate::chain::cosmos::rpc::Rpc;
use crate::chain::endpoints::{Change, Endpoints, Health, Kind};
use crate::chain::requests::Requests;
use crate::chain::{Head, REWIND_MAX};
use crate::error::Error;

/// A connection.
#[derive(Debug)]
pub(super) enum Connection {
    Grpc(Channel),
    Rpc(Box<Rpc>),
}

/// All connections, and what is known of them. Both lists have the same order.
#[derive(Debug)]
pub(in crate::chain) struct Connections {
    pub(super) channels: Vec<Connection>,
    pub(super) heads: watch::Sender<Head>,
    pub(super) requests: Requests,
    /// Told when somebody is to be asked at once where it stands.
    pub(super) hurry: Notify,
    /// Whether it was said that no endpoint keeps what happened in blocks.
    discarded: AtomicBool,
    /// Below which height the index of transactions alone is asked what happened in a block.
    pub(super) index_until: AtomicU64,
    state: Mutex<Endpoints>,
    started: Instant,
}

impl Connections {
    pub(super) fn new(endpoints: Endpoints, channels: Vec<Connection>, chain_id: &str) -> Self {
        let none = Head { chain_id: chain_id.to_owned(), height: 0, time: 0 };
        Self {
            channels,
            heads: watch::Sender::new(none),
            requests: Requests::default(),
            hurry: Notify::new(),
            discarded: AtomicBool::new(false),
            index_until: AtomicU64::new(0),
            state: Mutex::new(endpoints),
            started: Instant::now(),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, Endpoints> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    pub(in crate::chain) fn name(&self, at: usize) -> String {
        self.state().all().get(at).map(|endpoint| endpoint.name.clone()).unwrap_or_default()
    }

    /// It told its newest block, asked when all stood as `before`, at that time. Whether that counts.
    pub(super) fn heard(&self, at: usize, head: &Head, (before, then): &(Endpoints, u64)) -> bool {
        let (change, good) = {
            let mut state = self.state();
            let tip = before.tip_if(at, head, *then);
            let change = state.heard_since(at, head, Some(&tip), self.now(), crate::clock::clock());
            (change, state.health(at) == Health::Good)
        };
        tell(change);
        self.pass_on(at, head, good);
        good
    }

    /// It announced a block. Whether that counts.
    pub(super) fn announced(&self, at: usize, head: &Head) -> bool {
        let (good, change) = self.state().announced(at, head, self.now(), crate::clock::clock());
        tell(change);
        self.pass_on(at, head, good);
        good
    }

    /// Judges all by what all have told, once they have been asked for the first time.
    pub(super) fn settle(&self) {
        let (changes, newest) = {
            let (mut state, now) = (self.state(), self.now());
            let changes = state.settle(now, crate::clock::clock());
            let good = state.all().iter().enumerate().filter(|(at, _)| state.health(*at) == Health::Good);
            let told =
                good.filter(|(_, e)| e.kind == Kind::Rpc).filter_map(|(at, e)| Some((at, e.head.as_ref()?.0.clone())));
            let told: Vec<(usize, Head)> = told.collect();
            let confirmed = told.iter().filter_map(|(at, head)| state.confirmed(*at, head, now));
            let newest = confirmed.max_by_key(|head| head.height);
            // Where all are ahead of those that have the state, the first block is the one that comes soonest.
            (changes, newest.or(told.into_iter().map(|(_, head)| head).min_by_key(|head| head.height)))
        };
        changes.into_iter().for_each(|change| tell(Some(change)));
        newest.into_iter().for_each(|head| drop(self.heads.send_replace(head)));
    }

    /// How all stand now, and the time.
    pub(super) fn stand(&self) -> (Endpoints, u64) {
        (self.state().clone(), self.now())
    }

    /// Passes this block on to whoever follows, if it is time for it: only where a block was told over RPC can it be
    /// asked what happened in it, and half of the endpoints (of two both) must have the block before it. When all
    /// endpoints are of another chain, whoever follows has to know.
    fn pass_on(&self, at: usize, head: &Head, good: bool) {
        let newer = head.height > self.heads.borrow().height;
        let (newest, foreign) = {
            let (mut state, now) = (self.state(), self.now());
            let rpc = good && state.all().get(at).is_some_and(|endpoint| endpoint.kind == Kind::Rpc);
            if rpc && newer {
                state.hurry(head.height, now);
                self.hurry.notify_one();
            }
            let newest = if rpc { state.confirmed(at, head, now) } else { state.confirmed_by_now(now) };
            (newest, state.all_foreign().is_some())
        };
        if let Some(head) = newest.as_ref().or(foreign.then_some(head)) {
            advance(&self.heads, head);
        }
    }

    pub(super) fn failed(&self, at: usize, status: &'static str, reason: &str) {
        self.count(at, status);
        let change = self.state().failed(at, reason, self.now());
        tell(change);
    }

    /// It is asked this, which counts against its budget.
    pub(super) async fn spending<A: Future>(&self, at: usize, asked: A) -> A::Output {
        self.state().spend(at, self.now());
        asked.await
    }

    /// It failed so; where it says when it may be asked again, it isn't until then.
    pub(super) fn failed_by<E: Failure>(&self, at: usize, error: &E) {
        let (status, reason) = (error.meaning().label(), error.reason());
        let Some(pause) = error.retry_after() else { return self.failed(at, status, &reason) };
        self.count(at, status);
        let pause = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
        let change = self.state().throttled(at, &reason, self.now(), pause);
        tell(change);
    }

    pub(super) fn refuted(&self, at: usize, reason: &str) {
        self.count(at, "garbage");
        let change = self.state().refuted(at, reason, self.now());
        tell(change);
    }

    pub(super) fn answered(&self, at: usize, has: Option<u64>) {
        self.count(at, "ok");
        let now = self.now();
        let (change, newest) = {
            let mut state = self.state();
            let change = state.answered(at, has);
            // A block that was answered about is one that it has: what waited for that is passed on.
            (change, has.and_then(|_| state.confirmed_by_now(now)))
        };
        tell(change);
        newest.iter().for_each(|head| advance(&self.heads, head));
    }

    pub(super) fn count(&self, at: usize, status: &'static str) {
        let (kind, name) = match self.state().all().get(at) {
            Some(endpoint) => (endpoint.kind, endpoint.name.clone()),
            None => return,
        };
        self.requests.count(&kind.to_string(), &name, status);
    }

    /// Says once that no RPC endpoint keeps what happened in blocks.
    pub(super) fn say_discarded(&self) {
        if !self.discarded.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "no RPC endpoint keeps block results (discard_abci_responses = true): contract events are searched for in its index of \
                 transactions, and what the chain itself runs is not seen"
            );
        }
    }

    /// The newest block that this endpoint told; 0 before it told any.
    pub(in crate::chain) fn height(&self, at: usize) -> u64 {
        let state = self.state();
        state.all().get(at).and_then(|endpoint| endpoint.head.as_ref()).map_or(0, |(head, _)| head.height)
    }

    /// Why there is nobody of this kind to ask.
    pub(in crate::chain) fn nobody(&self, kind: Kind) -> Error {
        let state = self.state();
        let of_kind = || state.all().iter().enumerate().filter(move |(_, endpoint)| endpoint.kind == kind);
        let foreign = of_kind().filter_map(|(at, endpoint)| match state.health(at) {
            Health::Foreign { found, wanted } => Some((endpoint.name.clone(), found, wanted)),
            _ => None,
        });
        let mut foreign = foreign.peekable();
        let all =
            foreign.peek().is_some() && of_kind().all(|(at, _)| matches!(state.health(at), Health::Foreign { .. }));
        if let (true, Some((endpoint, found, wanted))) = (all, foreign.next()) {
            return Error::WrongChain { endpoint, found, wanted };
        }
        let names: Vec<&str> = of_kind().map(|(_, endpoint)| endpoint.name.as_str()).collect();
        let several = names.len() > 1;
        let reason = of_kind().map(|(at, endpoint)| {
            let why = match (state.health(at), &endpoint.reason) {
                (Health::Good | Health::Unknown | Health::Down { .. }, Some(reason)) => reason.clone(),
                (health, _) => health.to_string(),
            };
            if several { format!("{} {why}", endpoint.name) } else { why }
        });
        let reason = reason.collect::<Vec<_>>().join("; ");
        Error::unreachable(kind.name(), names.join(", "), reason)
    }
}

/// Heights don't go back, except by so much that it is another chain: whoever reads has to know.
pub(super) fn advance(heads: &watch::Sender<Head>, head: &Head) {
    heads.send_if_modified(|last| {
        let newer = head.height > last.height
            || last.height.saturating_sub(head.height) > REWIND_MAX
            || head.chain_id != last.chain_id;
        if newer {
            *last = head.clone();
        }
        newer
    });
}

/// Says what changed, once.
fn tell(change: Option<Change>) {
    match change {
        Some(Change { name, to: Health::Good, from }) if from != Health::Unknown => {
            tracing::info!(endpoint = name, "endpoint is healthy again; using it");
        }
        Some(Change { name, to, .. }) if to != Health::Good => {
            tracing::warn!(endpoint = name, health = %to, "endpoint is left out");
        }
        _ => {}
    }
}
