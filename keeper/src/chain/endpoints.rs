//! Whom to ask. Pure: it is told what endpoints said and did, with the time, and says which of them to ask, in which
//! order.
//!
//! An endpoint is left out while it is of another chain, behind the others, or says what can't be; and for a while
//! after it has failed twice in a row. That while doubles from [`BREAKER_PAUSE_MIN_MS`] to [`BREAKER_PAUSE_MAX_MS`],
//! and ends with a single probe. Which block the others are held against says [`quorum`].

mod agreement;
mod breaker;
mod budget;
pub mod health;
mod probes;
mod quorum;
mod release;
mod subscriptions;

use std::collections::BTreeMap;

use crate::config::redact;

pub use breaker::{BREAKER_PAUSE_MAX_MS, BREAKER_PAUSE_MIN_MS};
use budget::{Budget, Overruns};
pub use health::{Health, Kind, Readiness};
pub use probes::PROBE_INTERVAL_MS;
use quorum::Observation;

/// For how long what an endpoint said of its height counts for the others, in milliseconds.
const OBSERVATION_MAX_AGE_MS: u64 = 30_000;

/// What is known of an endpoint.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// What it speaks.
    pub kind: Kind,
    /// How it is called in logs, errors and metrics: without what may be secret in its address.
    pub name: String,
    /// The newest block that it told, and when.
    pub head: Option<Observation>,
    /// Why it last failed.
    pub reason: Option<String>,
    fault: Option<Health>,
    failures: u32,
    opens: Option<u64>,
    probing: bool,
    /// Whether answers don't end its pause before it is probed.
    is_held: bool,
    /// Whether another refuted what it said, and it wasn't tried since.
    is_refuted: bool,
    /// Whether its pause is one that it asked for itself.
    rests: bool,
    answered: bool,
    asked: Option<u64>,
    /// When it was last seen to be slower than another.
    slow: Option<u64>,
    lowest: u64,
    /// From when on it may be asked for a subscription.
    subscribe_from: u64,
    budget: Option<Budget>,
}

/// A change of an endpoint's health, to be told once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which.
    pub name: String,
    /// Its health until now.
    pub from: Health,
    /// Its health from now on.
    pub to: Health,
}

/// All endpoints.
#[derive(Clone, Debug)]
pub struct Endpoints {
    chain_id: String,
    all: Vec<Endpoint>,
    /// The tip when some of them were last asked where they stand.
    known: Option<Observation>,
    /// This machine's clock when a block was last told, in seconds.
    clock: u64,
    /// Blocks that endpoints told before the others had come so far, by height, and who told them when.
    waiting: BTreeMap<u64, (usize, Observation)>,
    overruns: Overruns,
}

impl Endpoints {
    /// These, of the chain with this id; of each kind the first is preferred.
    pub fn new(chain_id: &str, addresses: impl IntoIterator<Item = (Kind, String)>) -> Self {
        let endpoint = |(kind, address): (Kind, String)| Endpoint {
            kind,
            name: redact::public(&address),
            head: None,
            reason: None,
            fault: None,
            failures: 0,
            opens: None,
            probing: false,
            is_held: false,
            is_refuted: false,
            rests: false,
            answered: false,
            asked: None,
            slow: None,
            lowest: 0,
            subscribe_from: 0,
            budget: None,
        };
        let all = addresses.into_iter().map(endpoint).collect();
        Self {
            chain_id: chain_id.to_owned(),
            all,
            known: None,
            clock: 0,
            waiting: BTreeMap::new(),
            overruns: Overruns::default(),
        }
    }

    /// All of them, in the order in which they were given.
    pub fn all(&self) -> &[Endpoint] {
        &self.all
    }

    /// How an endpoint is at this moment.
    pub fn health(&self, at: usize) -> Health {
        let Some(endpoint) = self.all.get(at) else { return Health::Unknown };
        match (&endpoint.fault, endpoint.opens) {
            (Some(fault), _) => fault.clone(),
            (None, Some(_)) => Health::Down { reason: endpoint.reason.clone().unwrap_or_default() },
            (None, None) if !endpoint.answered => Health::Unknown,
            (None, None) => Health::Good,
        }
    }

    /// Whom to ask at this time, best first: those known to have the block, or, where none is known to, those that may
    /// have it by now. While every one of them has failed, those whose pause is over, each for this one question.
    pub fn order(&mut self, kind: Kind, height: Option<u64>, now: u64) -> Vec<usize> {
        let of_kind = || self.all.iter().enumerate().filter(move |(_, e)| e.kind == kind && e.fault.is_none());
        // Where nobody keeps the block any more, whoever is asked has to say so.
        let keeps = |endpoint: &Endpoint| height.is_none_or(|height| height >= endpoint.lowest);
        let gone = !of_kind().any(|(_, endpoint)| endpoint.opens.is_none() && keeps(endpoint));
        let kept = |endpoint: &Endpoint| gone || keeps(endpoint);
        let wanted = height.unwrap_or_else(|| self.tip(now).map_or(0, |tip| tip.height));
        let mut open: Vec<(bool, usize)> = Vec::new();
        for (at, endpoint) in of_kind().filter(|(_, e)| e.opens.is_none() && kept(e)) {
            let has = endpoint.head.as_ref().is_some_and(|(head, _)| head.height >= wanted);
            open.push((!has, at));
        }
        open.sort_unstable();
        if height.is_some() && open.first().is_some_and(|(lacks, _)| !lacks) {
            open.retain(|(lacks, _)| !lacks);
        }
        if open.is_empty() {
            let due = of_kind().filter(|(_, e)| e.opens.is_some_and(|until| until <= now) && kept(e));
            let due: Vec<usize> = due.map(|(at, _)| at).collect();
            self.probing(&due, now);
            return due;
        }
        open.into_iter().map(|(_, at)| at).collect()
    }

    /// The same of a question that can't wait: where nobody well may be asked, also those that asked for a pause.
    pub fn order_at_once(&mut self, kind: Kind, height: Option<u64>, now: u64) -> Vec<usize> {
        let mut order = self.order(kind, height, now);
        let is_well = |at: &usize| self.all.get(*at).is_some_and(|endpoint| endpoint.opens.is_none());
        if order.iter().any(is_well) {
            return order;
        }
        let resting = self.resting(kind).map(|(at, _)| at).filter(|at| !order.contains(at));
        let resting: Vec<usize> = resting.collect();
        order.extend(resting);
        order
    }

    /// Whether somebody of this kind may be asked once their pause is over, for which they asked themselves.
    pub fn is_resting(&self, kind: Kind) -> bool {
        self.resting(kind).next().is_some()
    }

    fn resting(&self, kind: Kind) -> impl Iterator<Item = (usize, &Endpoint)> {
        let resting = move |endpoint: &Endpoint| endpoint.kind == kind && endpoint.rests && endpoint.fault.is_none();
        self.all.iter().enumerate().filter(move |(_, endpoint)| resting(endpoint))
    }

    /// Those of this kind that are well, in the order of preference: nobody's circuit is tried.
    pub fn healthy(&self, kind: Kind) -> Vec<usize> {
        let of_kind = self.all.iter().enumerate().filter(|(_, endpoint)| endpoint.kind == kind);
        of_kind.map(|(at, _)| at).filter(|at| self.health(*at) == Health::Good).collect()
    }

    /// It no longer has this block: it is not asked for it, nor for those before it.
    pub fn pruned(&mut self, at: usize, height: u64) {
        if let Some(endpoint) = self.all.get_mut(at) {
            endpoint.lowest = endpoint.lowest.max(height.saturating_add(1));
        }
    }

    /// Whether every endpoint that ever answered is of another chain, and one did.
    pub fn all_foreign(&self) -> Option<&Endpoint> {
        let mut answered = self.all.iter().filter(|endpoint| endpoint.head.is_some()).peekable();
        let first = answered.peek().copied()?;
        answered.all(|endpoint| matches!(endpoint.fault, Some(Health::Foreign { .. }))).then_some(first)
    }

    /// Whether there is somebody to ask.
    pub fn readiness(&self) -> Readiness {
        let good = |kind: Kind| {
            let of_kind = self.all.iter().enumerate().filter(|(_, endpoint)| endpoint.kind == kind);
            of_kind.filter(|(at, _)| self.health(*at) == Health::Good).count()
        };
        Readiness { grpc: good(Kind::Grpc), rpc: good(Kind::Rpc) }
    }

    fn change(&mut self, at: usize, apply: impl FnOnce(&mut Endpoint)) -> Option<Change> {
        let from = self.health(at);
        let endpoint = self.all.get_mut(at)?;
        apply(endpoint);
        let name = endpoint.name.clone();
        let to = self.health(at);
        (!from.is_like(&to)).then_some(Change { name, from, to })
    }
}
