//! Asking: the best endpoint first, and the next when that one doesn't answer.

use std::future::Future;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::time::{sleep, timeout};
use tonic::transport::Channel;
use tonic::{Code, Response, Status};

use crate::chain::cosmos::classify::{Meaning, keeps_no_index, meaning, not_yet, of_status, too_early};
use crate::chain::cosmos::connections::{Connection, Connections};
use crate::chain::cosmos::hedge::{Turns, question};
use crate::chain::cosmos::rpc::Rpc;
use crate::chain::cosmos::timeouts::{
    NOT_FOUND_TIMEOUT, NOT_YET_PAUSE, NOT_YET_TRIES, REQUEST_TIMEOUT, SECOND_ANSWER_TIMEOUT,
};
use crate::chain::endpoints::Kind;
use crate::error::{Error, Result};

impl Connections {
    /// Asks a gRPC endpoint that has the block; the latest when there is none. The outer error says that nobody
    /// answers; the inner one is an answer.
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
            let (mut said, mut early) = (None::<(usize, Status)>, false);
            let (mut garbage, mut doubted) = (Vec::new(), None);
            let mut turns = Turns::new(order.iter().filter_map(|at| {
                let Some(Connection::Grpc(channel)) = self.channels.get(*at) else { return None };
                Some((*at, question(*at, call(channel.clone()))))
            }));
            let mut patience = REQUEST_TIMEOUT;
            while let Some((at, answer)) = turns.next(patience).await {
                let Ok(answer) = answer else {
                    self.failed(at, "timeout", &format!("no answer in {} s", REQUEST_TIMEOUT.as_secs()));
                    continue;
                };
                let status = match answer {
                    Ok(answer) => {
                        self.garbled(garbage);
                        if let Some((at, status)) = doubted {
                            self.failed(at, "unreachable", &of_status(&status));
                        }
                        self.slower(turns.slower(&order, at));
                        self.answered(at, height);
                        return Ok((at, Ok(answer.into_inner())));
                    }
                    Err(status) => status,
                };
                let meant = meaning(&status);
                patience = patience.min(after(&meant, status.code()));
                match meant {
                    Meaning::Doubtful if doubted.is_none() => {
                        doubted = Some((at, status));
                        continue;
                    }
                    Meaning::Answer | Meaning::Doubtful => {
                        self.garbled(garbage);
                        self.slower(turns.slower(&order, at));
                        self.answered(at, height);
                        return Ok((at, Err(status)));
                    }
                    Meaning::Down => {
                        self.failed(at, "unreachable", &of_status(&status));
                        continue;
                    }
                    Meaning::Garbage => {
                        garbage.push((at, status));
                        continue;
                    }
                    Meaning::NotYet => early = true,
                    Meaning::Pruned => self.state().pruned(at, height.unwrap_or_default()),
                    Meaning::Elsewhere => {}
                }
                self.slower(turns.slower(&order, at));
                self.answered(at, None);
                // That there is no such thing says more than that one can't say.
                let better = |said: &Status| keeps_no_index(said) && !keeps_no_index(&status);
                if said.as_ref().is_none_or(|(_, said)| better(said)) {
                    said = Some((at, status));
                }
            }
            self.slower(turns.silent());
            match said.or(doubted) {
                Some(_) if early && round < NOT_YET_TRIES => {}
                Some((_, status)) if early && matches!(meaning(&status), Meaning::NotYet) => {
                    return Err(self.late("gRPC", &order, of_status(&status)));
                }
                Some((at, status)) => {
                    self.garbled(garbage);
                    return Ok((at, Err(status)));
                }
                None => return Err(self.all_garbled(garbage).unwrap_or_else(|| self.nobody(Kind::Grpc))),
            }
            sleep(NOT_YET_PAUSE).await;
        }
        Err(self.nobody(Kind::Grpc))
    }

    /// These answered what can't be, and another what can.
    fn garbled(&self, those: Vec<(usize, Status)>) {
        for (at, status) in those {
            self.failed(at, "garbage", status.message());
        }
    }

    /// All that answered answered what can't be: where they say the same, it is not they who are wrong, but whom they
    /// asked, or who told the block, and all of them would be left out for it.
    fn all_garbled(&self, those: Vec<(usize, Status)>) -> Option<Error> {
        let (at, first) = those.last().cloned()?;
        if those.iter().all(|(_, status)| status.message() == first.message()) {
            those.iter().for_each(|(at, _)| self.count(*at, "garbage"));
        } else {
            self.garbled(those);
        }
        Some(Error::garbage(&self.name(at), first.message()))
    }

    /// Asks all gRPC endpoints that are well, at once: what those say that answer, a refusal too.
    pub(in crate::chain) async fn ask_all<T, F>(
        &self,
        call: impl Fn(Channel) -> F,
    ) -> Vec<(usize, std::result::Result<T, Status>)>
    where
        F: Future<Output = std::result::Result<T, Status>>,
    {
        self.ask_others(None, call, |_| false).await
    }

    /// The same of all but one, until somebody said what is enough.
    pub(in crate::chain) async fn ask_others<T, F>(
        &self,
        but: Option<usize>,
        call: impl Fn(Channel) -> F,
        enough: impl Fn(&T) -> bool,
    ) -> Vec<(usize, std::result::Result<T, Status>)>
    where
        F: Future<Output = std::result::Result<T, Status>>,
    {
        let mut order = self.state().order(Kind::Grpc, None, self.now());
        order.retain(|at| Some(*at) != but);
        let asked = order.into_iter().filter_map(|at| match self.channels.get(at) {
            Some(Connection::Grpc(channel)) => Some((at, timeout(SECOND_ANSWER_TIMEOUT, call(channel.clone())))),
            _ => None,
        });
        let mut asked: FuturesUnordered<_> = asked.map(|(at, asked)| async move { (at, asked.await) }).collect();
        let mut answers = Vec::new();
        while let Some((at, said)) = asked.next().await {
            match (&said, said.as_ref().ok().and_then(|said| said.as_ref().err()).map(meaning)) {
                (Err(_), _) => {
                    self.failed(at, "timeout", &format!("no answer in {} s", SECOND_ANSWER_TIMEOUT.as_secs()))
                }
                (Ok(Err(status)), Some(Meaning::Down)) => self.failed(at, "unreachable", &of_status(status)),
                (Ok(Err(status)), Some(Meaning::Garbage)) => self.failed(at, "garbage", status.message()),
                _ => {
                    self.answered(at, None);
                    answers.extend(said.ok().map(|said| (at, said)));
                }
            }
            if answers.last().is_some_and(|(_, said)| said.as_ref().is_ok_and(&enough)) {
                break;
            }
        }
        // In the order of preference again.
        answers.sort_by_key(|(at, _)| *at);
        answers
    }

    /// Asks an RPC endpoint that has the block; the latest when there is none.
    pub(super) async fn ask_rpc<'a, T, F>(&'a self, height: Option<u64>, call: impl Fn(&'a Rpc) -> F) -> Result<T>
    where
        F: Future<Output = Result<T>> + 'a,
    {
        for round in 0.. {
            let order = self.state().order(Kind::Rpc, height, self.now());
            let (mut said, mut early) = (None, false);
            let mut turns = Turns::new(order.iter().filter_map(|at| {
                let Some(Connection::Rpc(rpc)) = self.channels.get(*at) else { return None };
                Some((*at, question(*at, call(rpc))))
            }));
            let mut patience = REQUEST_TIMEOUT;
            while let Some((at, answer)) = turns.next(patience).await {
                match answer {
                    Err(_) => self.failed(at, "timeout", &format!("no answer in {} s", REQUEST_TIMEOUT.as_secs())),
                    Ok(Ok(answer)) => {
                        self.slower(turns.slower(&order, at));
                        self.answered(at, height);
                        return Ok(answer);
                    }
                    Ok(Err(Error::Query { what, reason })) => {
                        self.slower(turns.slower(&order, at));
                        early |= not_yet(&reason);
                        patience =
                            patience.min(if not_yet(&reason) { NOT_FOUND_TIMEOUT } else { SECOND_ANSWER_TIMEOUT });
                        if reason.contains("lowest height is") {
                            self.state().pruned(at, height.unwrap_or_default());
                        }
                        self.answered(at, None);
                        said = said.or(Some(Error::Query { what, reason }));
                    }
                    Ok(Err(error @ Error::Garbage { .. })) => {
                        patience = patience.min(SECOND_ANSWER_TIMEOUT);
                        self.failed(at, "garbage", &error.to_string());
                        said = said.or(Some(error));
                    }
                    Ok(Err(Error::Unreachable { reason, .. })) => self.failed(at, "unreachable", &reason),
                    Ok(Err(error)) => return Err(error),
                }
            }
            self.slower(turns.silent());
            match said {
                Some(_) if early && round < NOT_YET_TRIES => sleep(NOT_YET_PAUSE).await,
                Some(Error::Query { reason, .. }) if too_early(&reason) => return Err(self.late("RPC", &order, reason)),
                Some(error) => return Err(error),
                None => break,
            }
        }
        Err(self.nobody(Kind::Rpc))
    }

    /// Another has answered before these, or they haven't in the time that there was. Of questions that wait together
    /// at one of them only one is held against it.
    fn slower(&self, those: Vec<usize>) {
        for at in those {
            if self.state().is_slow_anew(at, self.now()) {
                self.failed(at, "timeout", "another was faster");
            }
        }
    }

    /// Nothing is missing at these, they are only late: that is no answer.
    fn late(&self, what: &'static str, order: &[usize], reason: String) -> Error {
        let endpoint = order.iter().map(|at| self.name(*at)).collect::<Vec<_>>().join(", ");
        Error::Unreachable { what, endpoint, reason }
    }
}

/// How long the others are waited for after this: of what isn't there, or not yet, the others know most often no more;
/// what is wrong with one alone is not the chain's word, and the others are given time.
fn after(meant: &Meaning, code: Code) -> Duration {
    match (meant, code) {
        (Meaning::NotYet, _) | (Meaning::Elsewhere, Code::NotFound) => NOT_FOUND_TIMEOUT,
        (Meaning::Down, _) => REQUEST_TIMEOUT,
        _ => SECOND_ANSWER_TIMEOUT,
    }
}
