//! Endpoints asked in turn, and the next beside one that is slow: a price that falls doesn't wait for a node that
//! hangs.

use std::future::Future;
use std::iter::Peekable;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::error::Elapsed;
use tokio::time::{sleep, timeout};

use crate::chain::cosmos::timeouts::{HEDGE_AFTER, REQUEST_TIMEOUT, SECOND_ANSWER_TIMEOUT};

/// A question to this one, which has [`REQUEST_TIMEOUT`] to answer it from its turn on, or less where whoever asks has
/// heard of others.
pub(super) async fn question<A: Future>(at: usize, asked: A) -> (usize, Result<A::Output, Elapsed>) {
    (at, timeout(REQUEST_TIMEOUT, asked).await)
}

/// What is asked, of whom: each question begins when it is that one's turn.
pub(super) struct Turns<I: Iterator, A> {
    rest: Peekable<I>,
    /// How many of the rest may be asked beside others that are slow; those behind them only in the others' place.
    beside: usize,
    running: FuturesUnordered<A>,
    /// Those that were asked and haven't answered, in the order in which they were.
    waiting: Vec<usize>,
}

impl<T, A, I> Turns<I, A>
where
    A: Future<Output = (usize, T)>,
    I: Iterator<Item = (usize, A)>,
{
    /// The first `beside` of these are asked beside one that is slow.
    pub fn new(rest: I, beside: usize) -> Self {
        Self { rest: rest.peekable(), beside, running: FuturesUnordered::new(), waiting: Vec::new() }
    }

    /// The next answer, and whose it is; `None` when all have answered, or when those that haven't are silent for this
    /// long since the last was asked. While there are some to be asked in the others' place, these are silent for
    /// [`SECOND_ANSWER_TIMEOUT`] at most.
    pub async fn next(&mut self, patience: Duration) -> Option<(usize, T)> {
        if self.running.is_empty() {
            self.ask();
        }
        let answer = loop {
            let answer = tokio::select! {
                biased;
                answer = self.running.next() => Some(answer),
                () = sleep(HEDGE_AFTER) => None,
            };
            match answer {
                Some(answer) => break answer,
                None if self.beside > 0 && self.ask() => {}
                None => match timeout(self.silence(patience), self.running.next()).await {
                    Ok(answer) => break answer,
                    Err(_) if self.ask() => {}
                    Err(_) => break None,
                },
            }
        };
        let (at, _) = answer.as_ref()?;
        self.waiting.retain(|waiting| waiting != at);
        answer
    }

    /// Those that were asked a while before this one, and still haven't answered.
    pub fn slower(&self, asked: &[usize], than: usize) -> Vec<usize> {
        let before = asked.iter().take_while(|at| **at != than);
        before.copied().filter(|at| self.waiting.contains(at)).collect()
    }

    /// Those that were asked and haven't answered.
    pub fn silent(self) -> Vec<usize> {
        self.waiting
    }

    /// How much longer those that were asked may be silent, after [`HEDGE_AFTER`].
    fn silence(&mut self, patience: Duration) -> Duration {
        let is_last = self.rest.peek().is_none();
        let patience = if is_last { patience } else { patience.min(SECOND_ANSWER_TIMEOUT) };
        patience.saturating_sub(HEDGE_AFTER)
    }

    fn ask(&mut self) -> bool {
        let Some((at, question)) = self.rest.next() else { return false };
        self.beside = self.beside.saturating_sub(1);
        self.waiting.push(at);
        self.running.push(question);
        true
    }
}
