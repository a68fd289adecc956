//! How often each message was sent, and how often it succeeded.

use std::collections::BTreeMap;

use plimsoll_testing::values;

use crate::apply::Outcome;
use crate::op::Op;

/// Counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Sent.
    pub tried: u64,
    /// Of these, with success.
    pub done: u64,
}

/// The counts of a run. What is sent in the middle of a flash loan or a callback or in a batch is no operation of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Operations by contract and message.
    pub messages: BTreeMap<&'static str, Count>,
    /// What was tried while a loan or a callback was open.
    pub middle: Count,
    /// By message.
    pub middles: BTreeMap<&'static str, u64>,
    /// The actions of the contracts' events, those inside other messages too.
    pub actions: BTreeMap<String, u64>,
    /// Why messages were refused, by message and the first words of the refusal.
    pub refusals: BTreeMap<(&'static str, String), u64>,
}

impl Tally {
    /// Counts an operation.
    pub fn count(&mut self, op: &Op, outcome: &Outcome) {
        let count = self.messages.entry(op.name()).or_default();
        count.tried += 1;
        count.done += u64::from(outcome.result.is_ok());
        match &outcome.result {
            Ok(response) => {
                for tried in op.middle() {
                    *self.middles.entry(tried.name()).or_default() += 1;
                }
                for said in response.iter().flat_map(|response| values(response, "tried")) {
                    self.middle.tried += 1;
                    self.middle.done += u64::from(said == "done");
                }
                for event in outcome.events() {
                    for action in event.attributes.iter().filter(|a| a.key == "action") {
                        *self.actions.entry(action.value.clone()).or_default() += 1;
                    }
                }
            }
            Err(error) => {
                // Of a batch in which too few items succeeded it is the first item's reason that tells.
                let text = error.to_string();
                let text = text.rsplit("the first that failed: ").next().unwrap_or(&text);
                let words: Vec<String> = text.split_whitespace().take(5).map(str::to_owned).collect();
                let words: String = words.join(" ").chars().map(|c| if c.is_ascii_digit() { '#' } else { c }).collect();
                *self.refusals.entry((op.name(), words)).or_default() += 1;
            }
        }
    }

    /// Adds another's.
    pub fn add(&mut self, other: Self) {
        for (name, count) in other.messages {
            let own = self.messages.entry(name).or_default();
            (own.tried, own.done) = (own.tried + count.tried, own.done + count.done);
        }
        (self.middle.tried, self.middle.done) =
            (self.middle.tried + other.middle.tried, self.middle.done + other.middle.done);
        for (name, count) in other.middles {
            *self.middles.entry(name).or_default() += count;
        }
        for (action, count) in other.actions {
            *self.actions.entry(action).or_default() += count;
        }
        for (refusal, count) in other.refusals {
            *self.refusals.entry(refusal).or_default() += count;
        }
    }

    /// All operations.
    pub fn all(&self) -> Count {
        let sum = |of: fn(&Count) -> u64| self.messages.values().map(of).sum();
        Count { tried: sum(|count| count.tried), done: sum(|count| count.done) }
    }

    /// The message with the fewest operations, and its share.
    pub fn rarest(&self) -> Option<(&'static str, f64)> {
        let (name, count) = self.messages.iter().min_by_key(|(_, count)| count.tried)?;
        Some((name, share(count.tried, self.all().tried)))
    }
}

/// A part of a whole; 0 of nothing.
pub fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
