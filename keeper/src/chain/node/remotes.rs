//! The connections to all endpoints: each question goes to the best, and on to the next when that one doesn't answer.

use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tonic::transport::Channel;
use tonic::{Code, Response, Status};

use crate::chain::endpoints::{Change, Endpoints, Health, Kind};
use crate::chain::rpc::Rpc;
use crate::chain::{Head, REWIND_MAX};
use crate::error::{Error, Result};
use crate::monitor::requests::Requests;

/// How long an endpoint may take to answer, and how long while there is another to ask.
pub(in crate::chain) const PATIENCE: Duration = Duration::from_secs(15);
const HURRY: Duration = Duration::from_secs(4);
/// How often, and after which pause, a question is repeated for which nobody is ready yet.
const NOT_YET_TRIES: usize = 50;
const NOT_YET_PAUSE: Duration = Duration::from_millis(20);

/// A connection.
#[derive(Debug)]
pub(super) enum Line {
    Grpc(Channel),
    Rpc(Box<Rpc>),
}

/// All connections, and what is known of them. Both lists have the same order.
#[derive(Debug)]
pub(in crate::chain) struct Remotes {
    pub(super) lines: Vec<Line>,
    pub(super) heads: watch::Sender<Head>,
    pub(super) requests: Requests,
    state: Mutex<Endpoints>,
    started: Instant,
}

/// What an answer means for whom to ask next.
enum Meaning {
    /// It is the answer.
    Answer,
    /// The block isn't there yet.
    NotYet,
    /// The block is no longer there.
    Pruned,
    /// This endpoint can't say; another may.
    Elsewhere,
    /// The endpoint is out of order.
    Down,
}

impl Remotes {
    pub(super) fn new(endpoints: Endpoints, lines: Vec<Line>, chain_id: &str) -> Self {
        let none = Head { chain_id: chain_id.to_owned(), height: 0, time: 0 };
        Self {
            lines,
            heads: watch::Sender::new(none),
            requests: Requests::default(),
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

    /// It told its newest block. Whether that counts.
    pub(super) fn heard(&self, at: usize, head: &Head) -> bool {
        let clock = crate::monitor::clock();
        let (change, good, rpc, foreign) = {
            let mut state = self.state();
            let change = state.heard(at, head, self.now(), clock);
            let rpc = state.all().get(at).is_some_and(|endpoint| endpoint.kind == Kind::Rpc);
            (change, state.health(at) == Health::Good, rpc, state.all_foreign().is_some())
        };
        tell(change);
        // Only where a block was told can it be asked what happened in it. When all are of another chain, whoever follows has to know.
        if (good && rpc) || foreign {
            advance(&self.heads, head);
        }
        good
    }

    pub(super) fn failed(&self, at: usize, status: &'static str, reason: &str) {
        self.count(at, status);
        let change = self.state().failed(at, reason, self.now());
        tell(change);
    }

    fn answered(&self, at: usize, has: Option<u64>) {
        self.count(at, "ok");
        let change = self.state().answered(at, has);
        tell(change);
    }

    pub(super) fn count(&self, at: usize, status: &'static str) {
        let (kind, name) = match self.state().all().get(at) {
            Some(endpoint) => (endpoint.kind, endpoint.name.clone()),
            None => return,
        };
        self.requests.count(&kind.to_string(), &name, status);
    }

    /// Asks a gRPC endpoint that has the block; the latest when there is none. The outer error says that nobody answers; the inner one is an
    /// answer.
    pub(in crate::chain) async fn ask<T, F>(
        &self,
        height: Option<u64>,
        call: impl Fn(Channel) -> F,
    ) -> Result<(usize, std::result::Result<T, Status>)>
    where
        F: Future<Output = std::result::Result<Response<T>, Status>>,
    {
        for round in 0.. {
            let order = self.state().order(Kind::Grpc, height, self.now());
            let (mut said, mut early) = (None, false);
            for (turn, at) in order.iter().copied().enumerate() {
                let Some(Line::Grpc(channel)) = self.lines.get(at) else { continue };
                let patience = if turn + 1 < order.len() { HURRY } else { PATIENCE };
                let Ok(answer) = timeout(patience, call(channel.clone())).await else {
                    self.failed(at, "timeout", &format!("no answer in {} s", patience.as_secs()));
                    continue;
                };
                let status = match answer {
                    Ok(answer) => {
                        self.answered(at, height);
                        return Ok((at, Ok(answer.into_inner())));
                    }
                    Err(status) => status,
                };
                match meaning(&status) {
                    Meaning::Answer => {
                        self.answered(at, height);
                        return Ok((at, Err(status)));
                    }
                    Meaning::Down => {
                        self.failed(
                            at,
                            if status.code() == Code::DataLoss { "garbage" } else { "unreachable" },
                            &of_status(&status),
                        );
                        continue;
                    }
                    Meaning::NotYet => early = true,
                    Meaning::Pruned => self.state().pruned(at, height.unwrap_or_default()),
                    Meaning::Elsewhere => {}
                }
                self.answered(at, None);
                said = said.or(Some((at, status)));
            }
            match said {
                Some(_) if early && round < NOT_YET_TRIES => sleep(NOT_YET_PAUSE).await,
                Some((at, status)) => return Ok((at, Err(status))),
                None => break,
            }
        }
        Err(self.nobody(Kind::Grpc))
    }

    /// Asks an RPC endpoint that has the block; the latest when there is none.
    pub(super) async fn ask_rpc<'a, T, F>(&'a self, height: Option<u64>, call: impl Fn(&'a Rpc) -> F) -> Result<T>
    where
        F: Future<Output = Result<T>> + 'a,
    {
        for round in 0.. {
            let order = self.state().order(Kind::Rpc, height, self.now());
            let (mut said, mut early) = (None, false);
            for (turn, at) in order.iter().copied().enumerate() {
                let Some(Line::Rpc(rpc)) = self.lines.get(at) else { continue };
                let patience = if turn + 1 < order.len() { HURRY } else { PATIENCE };
                match timeout(patience, call(rpc)).await {
                    Err(_) => self.failed(at, "timeout", &format!("no answer in {} s", patience.as_secs())),
                    Ok(Ok(answer)) => {
                        self.answered(at, height);
                        return Ok(answer);
                    }
                    Ok(Err(Error::Query { what, reason })) => {
                        early |= not_yet(&reason);
                        if reason.contains("lowest height is") {
                            self.state().pruned(at, height.unwrap_or_default());
                        }
                        self.answered(at, None);
                        said = said.or(Some(Error::Query { what, reason }));
                    }
                    Ok(Err(error @ Error::Garbage { .. })) => {
                        self.failed(at, "garbage", &error.to_string());
                        said = said.or(Some(error));
                    }
                    Ok(Err(Error::Unreachable { reason, .. })) => self.failed(at, "unreachable", &reason),
                    Ok(Err(error)) => return Err(error),
                }
            }
            match said {
                Some(_) if early && round < NOT_YET_TRIES => sleep(NOT_YET_PAUSE).await,
                Some(error) => return Err(error),
                None => break,
            }
        }
        Err(self.nobody(Kind::Rpc))
    }

    /// Whether this endpoint has the newest block that any told: only then its no is one. Asks it when that isn't known.
    pub(in crate::chain) async fn has_newest(&self, at: usize) -> bool {
        let newest = self.heads.borrow().height;
        let has = || {
            let state = self.state();
            let told = state.all().get(at).and_then(|endpoint| endpoint.head.as_ref());
            told.is_some_and(|(head, _)| head.height >= newest)
        };
        if !has() {
            self.probe(at).await;
        }
        has()
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
        let what = if kind == Kind::Grpc { "gRPC" } else { "RPC" };
        Error::Unreachable { what, endpoint: names.join(", "), reason }
    }
}

fn meaning(status: &Status) -> Meaning {
    let says = |text: &str| status.message().contains(text);
    match status.code() {
        _ if says("in the future") => Meaning::NotYet,
        _ if says("failed to load state at height") => Meaning::Pruned,
        // What one doesn't know of, another may have seen already.
        Code::NotFound | Code::ResourceExhausted | Code::Unimplemented => Meaning::Elsewhere,
        Code::Unavailable
        | Code::DeadlineExceeded
        | Code::Cancelled
        | Code::Unauthenticated
        | Code::PermissionDenied => Meaning::Down,
        // What came of itself and not from the node has a cause.
        Code::DataLoss => Meaning::Down,
        _ if std::error::Error::source(status).is_some() => Meaning::Down,
        _ => Meaning::Answer,
    }
}

/// A node reports a height a moment before it can say what happened there.
fn not_yet(reason: &str) -> bool {
    ["must be less than or equal to the current blockchain height", "could not find results for height"]
        .iter()
        .any(|text| reason.contains(text))
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
            tracing::info!(endpoint = name, "endpoint is good again");
        }
        Some(Change { name, to, .. }) if to != Health::Good => {
            tracing::warn!(endpoint = name, health = %to, "endpoint is left out");
        }
        _ => {}
    }
}

/// What a status says in words: why it came about here, or the node's own.
pub(super) fn of_status(status: &Status) -> String {
    std::error::Error::source(status).map_or_else(|| status.message().to_owned(), causes)
}

/// An error with what caused it, in one line; tonic's own text is only `transport error`.
pub(super) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text
}
