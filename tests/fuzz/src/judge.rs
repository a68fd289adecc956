//! What must hold after each operation. The judge reads records, balances and events and computes by the definitions; it never asks the
//! contracts whether they are right.

mod accounts;
pub mod batches;
mod borrowing;
mod governance;
mod isolation;
mod leave;
mod ledger;
mod liquidation;
mod observations;
mod operators;
mod oracle;
mod outflow;
mod pairs;
mod queue;
mod rates;

use std::collections::BTreeSet;

use cosmwasm_std::Event;

use crate::apply::Outcome;
use crate::cast::DENOMS;
use crate::op::{Gift, Op, Who};
use crate::stage::Stage;
use crate::view::View;

/// One operation with what was before and after it.
pub struct Case<'a> {
    /// What was done.
    pub op: &'a Op,
    /// What was before.
    pub before: &'a View,
    /// What is now.
    pub after: &'a View,
    /// What was answered.
    pub outcome: &'a Outcome,
    /// Whose address is whose.
    pub stage: &'a Stage,
}

/// Keeps what only the whole history tells.
pub struct Judge {
    donated: [u128; DENOMS.len()],
    given_to_pairs: Vec<[u128; 2]>,
    written_off: [Option<u64>; DENOMS.len()],
    speed: oracle::Speed,
    queued: queue::Queued,
    outflows: outflow::Histories,
}

impl Judge {
    /// At the start of a history.
    pub fn new(start: &View) -> Self {
        let beyond = |bank: u128, counted: u128| bank - counted;
        let given = start.pairs.iter().map(|pair| [0, 1].map(|at| beyond(pair.bank[at], pair.record.0[at])));
        Self {
            donated: [0; DENOMS.len()],
            given_to_pairs: given.collect(),
            written_off: [None; DENOMS.len()],
            speed: oracle::Speed::default(),
            queued: queue::Queued::default(),
            outflows: outflow::Histories::default(),
        }
    }

    /// Panics when something doesn't hold. A failed operation must have changed nothing, which is for the caller to see.
    pub fn judge(&mut self, case: &Case) {
        self.take_gifts(case);
        ledger::judge(case, &self.donated);
        rates::judge(case);
        isolation::judge(case);
        outflow::judge(case, &mut self.outflows);
        batches::judge(case, &self.donated);
        self.nobody_comes_back_in_a_write_offs_block(case);
        pairs::judge(case, &self.given_to_pairs);
        governance::judge(case);
        operators::judge(case);
        queue::judge(case, &mut self.queued);
        oracle::judge(case, &mut self.speed);
        observations::judge(case);
        if !case.is_moved() {
            accounts::judge(case);
            borrowing::judge(case);
            liquidation::judge(case);
        }
    }

    /// Everybody can leave, at the end of a history.
    pub fn everybody_can_leave(&self, stage: &mut Stage) {
        leave::everybody_can_leave(stage, &self.donated);
    }

    /// Whoever left before a loss comes back no earlier than a second after it.
    fn nobody_comes_back_in_a_write_offs_block(&mut self, case: &Case) {
        for event in case.outcome.events() {
            let mut deposits = false;
            for attribute in &event.attributes {
                match attribute.key.as_str() {
                    "action" | "step" => deposits = attribute.value == "deposit",
                    "denom" if deposits => {
                        let last = self.written_off[crate::use_pool::place(&attribute.value)];
                        assert!(last != Some(case.after.now), "deposited in the block of a write-off");
                    }
                    _ => {}
                }
            }
        }
        for text in case.values("written_off") {
            let denom = text.trim_start_matches(|c: char| c.is_ascii_digit());
            self.written_off[crate::use_pool::place(denom)] = Some(case.after.now);
        }
    }

    /// Coins that were sent to a contract without a message are there beyond what it counted, and stay there.
    fn take_gifts(&mut self, case: &Case) {
        for gift in std::iter::once(case.op).chain(case.op.middle()) {
            let Op::Donate { to, denom, cents, .. } = *gift else { continue };
            let most = crate::cast::worth(denom, cents);
            match to {
                Gift::Pool => {
                    let Some(asset) = case.after.assets.iter().find(|asset| asset.denom == denom) else { continue };
                    let beyond = asset.bank.saturating_sub(asset.stored.cash.raw() + self.donated[denom]);
                    self.donated[denom] += beyond.min(most);
                }
                Gift::Pair(pair) => {
                    let (first, second) = crate::cast::PAIRS[pair];
                    let Some(at) = [first, second].iter().position(|other| *other == denom) else { continue };
                    let counted = case.after.pairs[pair].record.0[at] + self.given_to_pairs[pair][at];
                    let beyond = case.after.pairs[pair].bank[at].saturating_sub(counted);
                    self.given_to_pairs[pair][at] += beyond.min(most);
                }
            }
        }
    }
}

impl Case<'_> {
    /// Whether time has passed or a price has moved.
    pub fn is_moved(&self) -> bool {
        let (old, new) = (self.before, self.after);
        old.now != new.now
            || old.oracle != new.oracle
            || old.heartbeat != new.heartbeat
            || old.assets.iter().any(|asset| {
                let price = |view: &View| view.priced.get(&asset.denom).map(|p| (p.record.clone(), p.live.clone()));
                price(old) != price(new)
            })
    }

    /// The contracts' events with this action.
    pub fn acted<'a>(&'a self, action: &'a str) -> impl Iterator<Item = &'a Event> {
        self.outcome.events().filter(move |event| said(event, "action") == Some(action))
    }

    /// The values of this attribute in all events.
    pub fn values(&self, key: &str) -> Vec<&str> {
        let attributes = self.outcome.events().flat_map(|event| &event.attributes);
        attributes.filter(|a| a.key == key).map(|a| a.value.as_str()).collect()
    }

    /// Whether anything was liquidated or written off, by whatever way.
    pub fn liquidates(&self) -> bool {
        !self.liquidated().is_empty()
    }

    /// Whether the operation is several messages, so that a market may have been in states that are not seen.
    pub const fn is_many(&self) -> bool {
        self.is_called()
            || matches!(
                self.op,
                Op::Batch { .. } | Op::Improve { .. } | Op::LiquidateMany { .. } | Op::LiquidateBatch { .. }
            )
    }

    /// Whether a contract was lent to or called back, so that anything may have happened in between.
    pub const fn is_called(&self) -> bool {
        matches!(self.op, Op::Flash { .. } | Op::LiquidateCalled { .. } | Op::BatchCalled { .. })
    }

    /// What loans of this denom owe of interest from their start.
    pub fn first_interest(&self, denom: &str) -> u128 {
        let mut sum = 0;
        for event in self.outcome.events() {
            let mut of = "";
            for attribute in &event.attributes {
                match attribute.key.as_str() {
                    "denom" => of = &attribute.value,
                    "interest" if of == denom => sum += attribute.value.parse::<u128>().expect("a number"),
                    _ => {}
                }
            }
        }
        sum
    }

    /// What was written off of this denom.
    pub fn written_off(&self, denom: &str) -> u128 {
        let texts = self.values("written_off").into_iter().filter_map(|text| text.strip_suffix(denom));
        texts.filter_map(|amount| amount.parse::<u128>().ok()).sum()
    }

    /// Whether suppliers bore a loss.
    pub fn suppliers_lost(&self) -> bool {
        self.values("borne_by_suppliers").iter().any(|amount| !amount.starts_with('0'))
    }

    /// The accounts that were liquidated, set off or written off.
    pub fn liquidated(&self) -> BTreeSet<Who> {
        let events = self.acted("liquidate").chain(self.acted("set_off")).chain(self.acted("write_off"));
        events.filter_map(|event| self.who(said(event, "account")?)).collect()
    }

    /// The message that took effect and who sent it: what was applied from the queue, or else what was sent.
    pub fn effect(&self) -> (String, String) {
        let queued = match self.op {
            Op::Apply { nth, .. } => self.before.queue.get(nth),
            _ => None,
        };
        match queued {
            Some(entry) => {
                let contract = self.stage.contract(entry.contract.as_str());
                (format!("{contract}.{}", entry.call), self.stage.timelock.to_string())
            }
            None => {
                let sender = self.outcome.sender.map(|person| self.stage.people[person].to_string());
                (self.op.name().to_owned(), sender.unwrap_or_default())
            }
        }
    }

    /// The account of this name.
    pub fn who(&self, name: &str) -> Option<Who> {
        let (owner, id) = name.rsplit_once('/')?;
        Some((self.stage.person(Some(owner))?, id.parse().ok()?))
    }
}

/// The first value of an attribute.
pub fn said<'a>(event: &'a Event, key: &str) -> Option<&'a str> {
    event.attributes.iter().find(|a| a.key == key).map(|a| a.value.as_str())
}

/// A number in an attribute. Panics without one.
pub fn number(event: &Event, key: &str) -> u128 {
    let text = said(event, key).unwrap_or_else(|| panic!("no {key} in {event:?}"));
    text.parse().unwrap_or_else(|_| panic!("{key} is no number in {event:?}"))
}
