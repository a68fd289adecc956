//! Asking: the best endpoint first, and the next when that one doesn't answer.

use std::future::Future;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{sleep, timeout};
use tonic::transport::Channel;
use tonic::{Response, Status};

use crate::chain::endpoints::Kind;
use crate::chain::node::meaning::{Meaning, meaning, not_yet, of_status, too_early};
use crate::chain::node::remotes::{Line, PATIENCE, Remotes};
use crate::chain::rpc::Rpc;
use crate::error::{Error, Result};

/// How long an endpoint may take to answer while there is another to ask.
const HURRY: Duration = Duration::from_secs(4);
/// How often, and after which pause, a question is repeated for which nobody is ready yet.
const NOT_YET_TRIES: usize = 50;
const NOT_YET_PAUSE: Duration = Duration::from_millis(20);

impl Remotes {
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
            let (mut said, mut early, mut garbage) = (None, false, None);
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
                        self.failed(at, "unreachable", &of_status(&status));
                        continue;
                    }
                    Meaning::Garbage => {
                        // Nobody else would be asked in its place.
                        if order.len() > 1 {
                            self.failed(at, "garbage", status.message());
                        } else {
                            self.count(at, "garbage");
                        }
                        garbage = Some(Error::garbage(&self.name(at), status.message()));
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
                Some((_, status)) if early && matches!(meaning(&status), Meaning::NotYet) => {
                    return Err(self.late("gRPC", &order, of_status(&status)));
                }
                Some((at, status)) => return Ok((at, Err(status))),
                None => return Err(garbage.unwrap_or_else(|| self.nobody(Kind::Grpc))),
            }
        }
        Err(self.nobody(Kind::Grpc))
    }

    /// Asks all gRPC endpoints that are well, at once: what those say that answer, a refusal too.
    pub(in crate::chain) async fn ask_all<T, F>(
        &self,
        call: impl Fn(Channel) -> F,
    ) -> Vec<(usize, std::result::Result<T, Status>)>
    where
        F: Future<Output = std::result::Result<T, Status>>,
    {
        let order = self.state().order(Kind::Grpc, None, self.now());
        let asked = order.into_iter().filter_map(|at| match self.lines.get(at) {
            Some(Line::Grpc(channel)) => Some((at, timeout(HURRY, call(channel.clone())))),
            _ => None,
        });
        let said = join_all(asked.map(|(at, asked)| async move { (at, asked.await) })).await;
        let mut answers = Vec::new();
        for (at, said) in said {
            match (&said, said.as_ref().ok().and_then(|said| said.as_ref().err()).map(meaning)) {
                (Err(_), _) => self.failed(at, "timeout", &format!("no answer in {} s", HURRY.as_secs())),
                (Ok(Err(status)), Some(Meaning::Down)) => self.failed(at, "unreachable", &of_status(status)),
                (Ok(Err(status)), Some(Meaning::Garbage)) => self.failed(at, "garbage", status.message()),
                _ => {
                    self.answered(at, None);
                    answers.extend(said.ok().map(|said| (at, said)));
                }
            }
        }
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
                Some(Error::Query { reason, .. }) if too_early(&reason) => return Err(self.late("RPC", &order, reason)),
                Some(error) => return Err(error),
                None => break,
            }
        }
        Err(self.nobody(Kind::Rpc))
    }

    /// Nothing is missing at these, they are only late: that is no answer.
    fn late(&self, what: &'static str, order: &[usize], reason: String) -> Error {
        let endpoint = order.iter().map(|at| self.name(*at)).collect::<Vec<_>>().join(", ");
        Error::Unreachable { what, endpoint, reason }
    }
}
