//! Whom to ask. Pure: it is told what endpoints said and did, with the time, and says which of them to ask, in which
//! order.
//!
//! An endpoint is left out while it is of another chain, behind the others, or says what can't be; and for a while
//! after it has failed twice in a row. That while doubles from [`BREAKER_PAUSE_MIN_MS`] to [`BREAKER_PAUSE_MAX_MS`],
//! and ends with a single probe. Which block the others are held against says [`quorum`].

pub mod health;
mod quorum;

use std::collections::BTreeMap;

use crate::chain::{Head, REWIND_MAX};
use crate::config::redact;

use health::judge;
pub use health::{Health, Kind, Readiness};
use quorum::{Observation, follows, reached};

/// After how many failures in a row an endpoint is left alone.
const BREAKER_FAILURES: u32 = 2;
/// For how long at first, and at most, in milliseconds.
pub const BREAKER_PAUSE_MIN_MS: u64 = 500;
/// See [`BREAKER_PAUSE_MIN_MS`].
pub const BREAKER_PAUSE_MAX_MS: u64 = 10_000;
/// How often an endpoint is asked where it stands, in milliseconds.
pub const PROBE_INTERVAL_MS: u64 = 2_000;
/// For how long what an endpoint said of its height counts for the others, in milliseconds.
const OBSERVATION_MAX_AGE_MS: u64 = 30_000;

/// How many blocks that endpoints are ahead of the others are kept until those come.
const WAITING_HEADS_MAX: usize = 20;
/// How soon one that lacks a new block may be asked again where it stands, in milliseconds.
const PROBE_INTERVAL_MIN_MS: u64 = 250;
/// Within so many milliseconds questions that wait for an endpoint wait for the same thing.
const SLOW_WINDOW_MS: u64 = 400;

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
    refuted: bool,
    answered: bool,
    asked: Option<u64>,
    /// When it was last seen to be slower than another.
    slow: Option<u64>,
    lowest: u64,
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
            refuted: false,
            answered: false,
            asked: None,
            slow: None,
            lowest: 0,
        };
        let all = addresses.into_iter().map(endpoint).collect();
        Self { chain_id: chain_id.to_owned(), all, known: None, clock: 0, waiting: BTreeMap::new() }
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

    /// Those of this kind that are well, in the order of preference: nobody's circuit is tried.
    pub fn healthy(&self, kind: Kind) -> Vec<usize> {
        let of_kind = self.all.iter().enumerate().filter(|(_, endpoint)| endpoint.kind == kind);
        of_kind.map(|(at, _)| at).filter(|at| self.health(*at) == Health::Good).collect()
    }

    /// These are tried though their circuit is open: nobody else tries them meanwhile.
    fn probing(&mut self, those: &[usize], now: u64) {
        for at in those {
            if let Some(endpoint) = self.all.get_mut(*at).filter(|endpoint| endpoint.opens.is_some()) {
                endpoint.probing = true;
                endpoint.refuted = false;
                endpoint.opens = Some(now.saturating_add(BREAKER_PAUSE_MAX_MS));
            }
        }
    }

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

    /// It answered a question that wasn't about its height; `has` is the block that the question was about.
    pub fn answered(&mut self, at: usize, has: Option<u64>) -> Option<Change> {
        self.change(at, |endpoint| {
            endpoint.mend();
            if let (Some(height), Some((head, _))) = (has, &mut endpoint.head) {
                head.height = head.height.max(height);
            }
        })
    }

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

    /// It didn't answer, or answered what can't be.
    pub fn failed(&mut self, at: usize, reason: &str, now: u64) -> Option<Change> {
        self.change(at, |endpoint| {
            endpoint.reason = Some(reason.to_owned());
            // Of many questions that were under way together the first ones open the circuit, and the others say
            // nothing new.
            if endpoint.opens.is_some() && !std::mem::take(&mut endpoint.probing) {
                return;
            }
            endpoint.failures = endpoint.failures.saturating_add(1);
            if endpoint.failures >= BREAKER_FAILURES {
                let doublings = endpoint.failures.saturating_sub(BREAKER_FAILURES).min(16);
                endpoint.opens =
                    Some(now.saturating_add((BREAKER_PAUSE_MIN_MS << doublings).min(BREAKER_PAUSE_MAX_MS)));
            }
        })
    }

    /// It is slower than another now, and wasn't a moment ago.
    pub fn is_slow_anew(&mut self, at: usize, now: u64) -> bool {
        let Some(endpoint) = self.all.get_mut(at) else { return false };
        if endpoint.slow.is_some_and(|before| now.saturating_sub(before) < SLOW_WINDOW_MS) {
            return false;
        }
        endpoint.slow = Some(now);
        true
    }

    /// It said what another refutes: it is left alone for the longest pause at once, whatever else it answers
    /// meanwhile.
    pub fn refuted(&mut self, at: usize, reason: &str, now: u64) -> Option<Change> {
        self.change(at, |endpoint| {
            endpoint.reason = Some(reason.to_owned());
            endpoint.failures = endpoint.failures.max(BREAKER_FAILURES);
            endpoint.refuted = true;
            endpoint.opens = Some(now.saturating_add(BREAKER_PAUSE_MAX_MS));
        })
    }

    /// It no longer has this block: it is not asked for it, nor for those before it.
    pub fn pruned(&mut self, at: usize, height: u64) {
        if let Some(endpoint) = self.all.get_mut(at) {
            endpoint.lowest = endpoint.lowest.max(height.saturating_add(1));
        }
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

    /// There is a block of this height: those that haven't told it are asked where they stand at the next opportunity.
    pub fn hurry(&mut self, height: u64, now: u64) {
        let lacks = |endpoint: &&mut Endpoint| endpoint.head.as_ref().is_none_or(|(head, _)| head.height < height);
        for endpoint in self.all.iter_mut().filter(lacks).filter(|endpoint| endpoint.fault.is_none()) {
            endpoint.asked = endpoint.asked.filter(|asked| asked + PROBE_INTERVAL_MIN_MS > now);
        }
    }

    /// Whoever was left out has a voice as well, or one that is far ahead would silence all others.
    fn tip_observation<'a>(&'a self, now: u64, new: Option<(usize, &'a Observation)>) -> Option<&'a Observation> {
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

impl Endpoint {
    fn mend(&mut self) {
        self.answered = true;
        if self.refuted {
            return;
        }
        self.failures = 0;
        self.opens = None;
        self.probing = false;
    }

    /// How many times in a row it has failed.
    pub const fn failures(&self) -> u32 {
        self.failures
    }
}
