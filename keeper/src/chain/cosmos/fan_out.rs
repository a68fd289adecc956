//! A question to several endpoints at once: what one alone says is not believed.

use std::future::Future;

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::time::timeout;
use tonic::Status;

use crate::chain::cosmos::channel::Channel;
use crate::chain::cosmos::classify::{Failure, Meaning};
use crate::chain::cosmos::connections::{Connection, Connections};
use crate::chain::cosmos::timeouts::SECOND_ANSWER_TIMEOUT;
use crate::chain::endpoints::Kind;

impl Connections {
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
        let mut order = self.state().order_at_once(Kind::Grpc, None, self.now());
        order.retain(|at| Some(*at) != but);
        let asked = order.into_iter().filter_map(|at| match self.channels.get(at) {
            Some(Connection::Grpc(channel)) => {
                Some((at, timeout(SECOND_ANSWER_TIMEOUT, self.spending(at, call(channel.clone())))))
            }
            _ => None,
        });
        let mut asked: FuturesUnordered<_> = asked.map(|(at, asked)| async move { (at, asked.await) }).collect();
        let mut answers = Vec::new();
        while let Some((at, said)) = asked.next().await {
            let Ok(said) = said else {
                self.failed(at, "timeout", &format!("no answer in {} s", SECOND_ANSWER_TIMEOUT.as_secs()));
                continue;
            };
            let meaning = said.as_ref().err().map(Failure::meaning);
            match (meaning, &said) {
                (Some(meaning), Err(status)) if meaning.is_failure() || meaning == Meaning::Garbage => {
                    self.failed_by(at, status);
                    continue;
                }
                _ => self.answered(at, None),
            }
            let done = said.as_ref().is_ok_and(&enough);
            answers.push((at, said));
            if done {
                break;
            }
        }
        // In the order of preference again.
        answers.sort_by_key(|(at, _)| *at);
        answers
    }
}
