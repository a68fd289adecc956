//! New blocks: announced over one websocket, and asked for at every endpoint now and then, so that a subscription which
//! dies without a word holds nothing up.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::time::{sleep, timeout};

use crate::chain::Head;
use crate::chain::cosmos::classify::Failure;
use crate::chain::cosmos::connections::{Connection, Connections};
use crate::chain::cosmos::grpc::latest;
use crate::chain::cosmos::timeouts::{
    PROBE_STEP, PROBE_TIMEOUT, SUBSCRIBE_PAUSE_MAX, SUBSCRIBE_PAUSE_MIN, SUBSCRIPTION_TOLD_AGAIN,
};
use crate::chain::endpoints::Kind;
use crate::error::Error;

/// In seconds: how old the newest block may be by this machine's clock, and how often that is said.
const OLD_BLOCK_SECONDS: u64 = 60;

impl Connections {
    /// Asks all where they stand, waits for the answers, and judges all by them.
    pub(super) async fn probe_all(&self) {
        let due = self.state().to_probe(self.now());
        join_all(due.into_iter().map(|at| self.probe(at))).await;
        self.settle();
    }

    /// The newest block of each endpoint that says so now.
    pub(super) async fn ask_heads(&self) -> Vec<Head> {
        join_all((0..self.channels.len()).map(|at| self.probe(at))).await.into_iter().flatten().collect()
    }

    /// Asks one where it stands.
    pub(super) async fn probe(&self, at: usize) -> Option<Head> {
        let before = self.stand();
        let asked = async {
            match self.channels.get(at) {
                Some(Connection::Grpc(channel)) => {
                    latest(channel.clone()).await.map_err(|status| self.failed_by(at, &status))
                }
                Some(Connection::Rpc(rpc)) => rpc.head().await.map_err(|error| self.failed_by(at, &error)),
                None => Err(()),
            }
        };
        match timeout(PROBE_TIMEOUT, self.spending(at, asked)).await {
            Ok(Ok(head)) => {
                self.count(at, "ok");
                self.heard(at, &head, &before);
                return Some(head);
            }
            Ok(Err(())) => {}
            Err(_) => self.failed(at, "timeout", &format!("no answer in {} s", PROBE_TIMEOUT.as_secs())),
        }
        None
    }

    /// Hears blocks from one endpoint after another until nobody listens. While none takes a subscription, their
    /// heights are asked for: that a subscription is refused or breaks says nothing about an endpoint's answers, and
    /// counts as no failure of them. One that asked for a pause is not asked for a subscription before that is over, and
    /// the next one is at once.
    pub(super) async fn follow(self: Arc<Self>) {
        let mut avoid = None;
        let mut pause = SUBSCRIBE_PAUSE_MIN;
        let mut told = None::<Instant>;
        while !self.heads.is_closed() {
            let next = self.state().to_subscribe(avoid, self.now());
            let Some((at, Connection::Rpc(rpc))) = next.and_then(|at| Some((at, self.channels.get(at)?))) else {
                self.poll(PROBE_STEP).await;
                continue;
            };
            let began = Instant::now();
            let heard = |head: Head| self.announced(at, &head) && !self.heads.is_closed();
            let mut patience = Duration::ZERO;
            if let Err(error) = rpc.listen(heard).await {
                patience = error.retry_after().unwrap_or_default();
                let (endpoint, reason) = (self.name(at), why(error));
                if told.is_none_or(|told| told.elapsed() > SUBSCRIPTION_TOLD_AGAIN) {
                    told = Some(Instant::now());
                    let by = if rpc.is_posting() { "HTTP POST" } else { "websocket" };
                    tracing::warn!(endpoint, reason, by, "no subscription to new blocks; asking for them in turn");
                }
                self.count(at, "broken");
            }
            if began.elapsed() > SUBSCRIBE_PAUSE_MAX {
                pause = SUBSCRIBE_PAUSE_MIN;
            }
            avoid = Some(at);
            if patience.is_zero() {
                self.poll(pause).await;
            } else {
                let patience = u64::try_from(pause.max(patience).as_millis()).unwrap_or(u64::MAX);
                self.state().pause_subscription(at, self.now(), patience);
            }
            pause = (pause * 2).min(SUBSCRIBE_PAUSE_MAX);
        }
    }

    /// Asks the RPC endpoints that are well for their newest block, for so long.
    async fn poll(&self, pause: Duration) {
        let end = Instant::now() + pause;
        while Instant::now() < end && !self.heads.is_closed() {
            let healthy = self.state().healthy(Kind::Rpc);
            let healthy = self.state().affordable(healthy, self.now()).unwrap_or_default();
            join_all(healthy.into_iter().map(|at| self.probe(at))).await;
            sleep(PROBE_STEP).await;
        }
    }
}

/// Why nobody answers, without what is said of it elsewhere.
fn why(error: Error) -> String {
    match error {
        Error::Unreachable { reason, .. } => reason,
        other => other.to_string(),
    }
}

/// Keeps asking until the node is dropped, and says when nothing is to be seen.
pub(super) async fn watch(connections: Weak<Connections>) {
    let (mut blind, mut told) = (false, 0);
    while let Some(connections) = connections.upgrade() {
        // Each by itself: one that hangs must not hold the others up.
        for at in connections.state().to_probe(connections.now()) {
            let connections = connections.clone();
            tokio::spawn(async move { connections.probe(at).await });
        }
        let ready = connections.state().readiness();
        if ready.is_blind() != blind {
            blind = ready.is_blind();
            if blind {
                let kind = if ready.grpc == 0 { Kind::Grpc } else { Kind::Rpc };
                let error = connections.nobody(kind);
                tracing::error!(%error, "blind: no endpoint can be asked; the book is kept, nothing is sent");
            } else {
                tracing::info!("not blind any more");
            }
        }
        warn_when_old(&connections, &mut told);
        // Whoever waits holds the connections: no longer than a step.
        let _ = timeout(PROBE_STEP, connections.hurry.notified()).await;
        drop(connections);
    }
}

/// A node that hangs, and a chain that stands still, look the same from here: like nothing at all.
fn warn_when_old(connections: &Connections, told: &mut u64) {
    let now = crate::clock::clock();
    let head = connections.heads.borrow().clone();
    let age = now.saturating_sub(head.time);
    if head.height > 0 && age > OLD_BLOCK_SECONDS && now.saturating_sub(*told) >= OLD_BLOCK_SECONDS {
        *told = now;
        tracing::warn!(height = head.height, age, "the newest block is old: the node is behind, or the chain stands");
    }
}
