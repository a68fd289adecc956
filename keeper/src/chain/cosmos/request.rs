//! A question to one endpoint, and to the next when that one doesn't answer.

use std::future::Future;

use tokio::time::{Instant, sleep};
use tonic::{Response, Status};

use crate::chain::cosmos::channel::Channel;
use crate::chain::cosmos::classify::{Failure, Meaning};
use crate::chain::cosmos::connections::{Connection, Connections};
use crate::chain::cosmos::hedge::{Turns, question};
use crate::chain::cosmos::rpc::Rpc;
use crate::chain::cosmos::timeouts::{NOT_YET_PAUSE, NOT_YET_TRIES, REQUEST_TIMEOUT, RETRY_AFTER_MAX};
use crate::chain::cosmos::whom::{Order, Urgency};
use crate::chain::endpoints::Kind;
use crate::error::{Error, Result};

/// An answer, or a refusal that is one, and whose it is.
#[derive(Debug)]
pub(in crate::chain) struct Reply<T, E = Status> {
    /// The endpoint that gave it.
    pub from: usize,
    /// What it said.
    pub answer: std::result::Result<T, E>,
}

/// What the endpoints said in one round of questions that nobody answered.
struct Round<E> {
    /// That there is no such thing, not yet or not there.
    refused: Option<(usize, E)>,
    /// A refusal that one endpoint alone has worded.
    doubtful: Option<(usize, E)>,
    garbage: Vec<(usize, E)>,
    /// Whether somebody said that it will be there in a moment.
    early: bool,
}

impl<E: Failure> Round<E> {
    const fn new() -> Self {
        Self { refused: None, doubtful: None, garbage: Vec::new(), early: false }
    }

    /// Whether nobody said anything about what was asked.
    const fn is_silent(&self) -> bool {
        self.refused.is_none() && self.doubtful.is_none() && self.garbage.is_empty()
    }

    /// Keeps the first refusal; that there is no such thing says more than that one keeps no index.
    fn refuse(&mut self, at: usize, error: E) {
        let better = |kept: &E| kept.meaning() == Meaning::NoIndex && error.meaning() != Meaning::NoIndex;
        if self.refused.as_ref().is_none_or(|(_, kept)| better(kept)) {
            self.refused = Some((at, error));
        }
    }
}

impl Connections {
    /// Asks a gRPC endpoint that has the block; the latest when there is none. It waits for pauses that endpoints asked
    /// for, and for their budgets, a minute at most. The error says that nobody answers.
    pub(in crate::chain) async fn ask<T, F>(&self, height: Option<u64>, call: impl Fn(Channel) -> F) -> Result<Reply<T>>
    where
        F: Future<Output = std::result::Result<Response<T>, Status>>,
    {
        self.ask_grpc(Urgency::CanWait, height, call).await
    }

    /// The same of the latest block, at once: no budget is waited for, and where there is nobody else, one is asked also
    /// that asked for a pause.
    ///
    /// So goes what decides about a transaction, sends it and follows it: the newest block, balances, simulations,
    /// account and sequence, what became of it; broadcasts and second opinions go to several, as at once. What the book
    /// is read and followed by waits, and the pairs that a plan goes by: without them there is nothing to send.
    pub(in crate::chain) async fn ask_at_once<T, F>(&self, call: impl Fn(Channel) -> F) -> Result<Reply<T>>
    where
        F: Future<Output = std::result::Result<Response<T>, Status>>,
    {
        self.ask_grpc(Urgency::AtOnce, None, call).await
    }

    /// Either of both.
    pub(super) async fn ask_grpc<T, F>(
        &self,
        urgency: Urgency,
        height: Option<u64>,
        call: impl Fn(Channel) -> F,
    ) -> Result<Reply<T>>
    where
        F: Future<Output = std::result::Result<Response<T>, Status>>,
    {
        let call = |connection: &Connection| match connection {
            Connection::Grpc(channel) => Some(call(channel.clone())),
            Connection::Rpc(_) => None,
        };
        // On the heap: all that a block's work asks is one future, and threads have two megabytes of stack.
        let Reply { from, answer } = Box::pin(self.ask_in_turn(Kind::Grpc, height, urgency, call)).await?;
        Ok(Reply { from, answer: answer.map(Response::into_inner) })
    }

    /// Asks an RPC endpoint that has the block; the latest when there is none. It waits as [`Connections::ask`] does.
    pub(super) async fn ask_rpc<'a, T, F>(&'a self, height: Option<u64>, call: impl Fn(&'a Rpc) -> F) -> Result<T>
    where
        F: Future<Output = Result<T>> + 'a,
    {
        let call = |connection: &'a Connection| match connection {
            Connection::Rpc(rpc) => Some(call(rpc)),
            Connection::Grpc(_) => None,
        };
        Box::pin(self.ask_in_turn(Kind::Rpc, height, Urgency::CanWait, call)).await?.answer
    }

    /// Round after round while somebody says that it will be there in a moment. Those without room in their budget are
    /// asked in the first round alone.
    async fn ask_in_turn<'a, T, E, A>(
        &'a self,
        kind: Kind,
        height: Option<u64>,
        urgency: Urgency,
        call: impl Fn(&'a Connection) -> Option<A>,
    ) -> Result<Reply<T, E>>
    where
        E: Failure,
        A: Future<Output = std::result::Result<T, E>>,
    {
        let deadline = Instant::now() + RETRY_AFTER_MAX;
        let mut early_rounds = 0;
        let mut is_first = true;
        loop {
            let order = self.whom(kind, height, urgency, deadline).await;
            let order = if std::mem::take(&mut is_first) { order } else { order.within() };
            let said = match self.ask_round(height, &order, &call).await {
                Ok(reply) => return Ok(reply),
                Err(said) => said,
            };
            if said.early && early_rounds < NOT_YET_TRIES {
                early_rounds += 1;
                sleep(NOT_YET_PAUSE).await;
            } else if said.is_silent() && self.is_to_wait(kind, urgency, deadline) {
                tracing::debug!(kind = %kind, "asked for patience; asking again later");
            } else {
                return self.unanswered(kind, &order.all, said);
            }
        }
    }

    /// Asks those with room in turn, the next beside one that is slow; and those without room only once those have
    /// given no definite answer, or none for a while.
    async fn ask_round<'a, T, E, A>(
        &'a self,
        height: Option<u64>,
        order: &Order,
        call: &impl Fn(&'a Connection) -> Option<A>,
    ) -> std::result::Result<Reply<T, E>, Round<E>>
    where
        E: Failure,
        A: Future<Output = std::result::Result<T, E>>,
    {
        let asked = |at: &usize| Some((*at, question(*at, self.spending(*at, call(self.channels.get(*at)?)?))));
        let mut turns = Turns::new(order.all.iter().filter_map(asked), order.roomy);
        let mut patience = REQUEST_TIMEOUT;
        let mut round = Round::<E>::new();
        while let Some((at, answer)) = turns.next(patience).await {
            let Ok(answer) = answer else {
                self.failed(at, "timeout", &format!("no answer in {} s", REQUEST_TIMEOUT.as_secs()));
                continue;
            };
            let meaning = answer.as_ref().err().map(Failure::meaning);
            patience = patience.min(meaning.map_or(REQUEST_TIMEOUT, Meaning::patience));
            let doubted = round.doubtful.is_some();
            match (meaning, answer) {
                (None | Some(Meaning::Refusal), answer) => {
                    if let (true, Some((one, error))) = (answer.is_ok(), round.doubtful.take()) {
                        self.failed(one, "unreachable", &error.reason());
                    }
                    self.settled(round, &turns.slower(&order.all, at), at, height);
                    return Ok(Reply { from: at, answer });
                }
                (Some(Meaning::Doubtful), answer) if doubted => {
                    self.settled(round, &turns.slower(&order.all, at), at, height);
                    return Ok(Reply { from: at, answer });
                }
                (Some(meaning), Err(error)) => {
                    if meaning.is_answer() {
                        self.slower(&turns.slower(&order.all, at));
                        self.answered(at, None);
                    }
                    self.passed_over(&mut round, at, meaning, error, height);
                }
                (Some(_), Ok(_)) => {}
            }
        }
        self.slower(&turns.silent());
        Err(round)
    }

    /// Who answered, who was slower, and who answered what can't be.
    fn settled<E: Failure>(&self, round: Round<E>, slower: &[usize], at: usize, height: Option<u64>) {
        self.garbled(&round.garbage);
        self.slower(slower);
        self.answered(at, height);
    }

    /// This one can't say: the next is asked.
    fn passed_over<E: Failure>(
        &self,
        round: &mut Round<E>,
        at: usize,
        meaning: Meaning,
        error: E,
        height: Option<u64>,
    ) {
        match meaning {
            Meaning::Doubtful => round.doubtful = Some((at, error)),
            Meaning::Garbage => round.garbage.push((at, error)),
            Meaning::Down | Meaning::SlowDown | Meaning::Unauthorized => {
                self.failed_by(at, &error);
            }
            Meaning::NotYet | Meaning::NoResults => {
                round.early = true;
                round.refuse(at, error);
            }
            Meaning::Pruned => {
                self.state().pruned(at, height.unwrap_or_default());
                round.refuse(at, error);
            }
            Meaning::NotFound | Meaning::NoIndex | Meaning::Elsewhere | Meaning::Refusal => round.refuse(at, error),
        }
    }

    /// What comes of a round that nobody answered.
    fn unanswered<T, E: Failure>(&self, kind: Kind, order: &[usize], round: Round<E>) -> Result<Reply<T, E>> {
        match round.refused.or(round.doubtful) {
            // Nothing is missing at these, they are only late: that is no answer.
            Some((_, error)) if error.meaning() == Meaning::NotYet => {
                let endpoint = order.iter().map(|at| self.name(*at)).collect::<Vec<_>>().join(", ");
                Err(Error::unreachable(kind.name(), endpoint, error.reason()))
            }
            Some((from, error)) => {
                self.garbled(&round.garbage);
                Ok(Reply { from, answer: Err(error) })
            }
            None => Err(self.all_garbled(&round.garbage).unwrap_or_else(|| self.nobody(kind))),
        }
    }

    /// These answered what can't be, and another what can.
    fn garbled<E: Failure>(&self, those: &[(usize, E)]) {
        for (at, error) in those {
            self.failed(*at, "garbage", &error.reason());
        }
    }

    /// All that answered answered what can't be: where they say the same, it is not they who are wrong, but whom they
    /// asked, or who told the block, and all of them would be left out for it.
    fn all_garbled<E: Failure>(&self, those: &[(usize, E)]) -> Option<Error> {
        let (at, first) = those.last()?;
        if those.iter().all(|(_, error)| error.reason() == first.reason()) {
            those.iter().for_each(|(at, _)| self.count(*at, "garbage"));
        } else {
            self.garbled(those);
        }
        Some(Error::garbage(&self.name(*at), first.reason()))
    }

    /// Another has answered before these, or they haven't in the time that there was. Of questions that wait together
    /// at one of them only one is held against it.
    fn slower(&self, those: &[usize]) {
        for at in those {
            if self.state().is_slow_anew(*at, self.now()) {
                self.failed(*at, "timeout", "another was faster");
            }
        }
    }
}
