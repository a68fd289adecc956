//! Where a script stands: how many calls there were, which of them had a fault, which heads were seen.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio::time::sleep;

use crate::chain::Head;
use crate::config::fault_script::{Call, Fault, Rule, Script, When};

/// So many heads are remembered.
const HEADS_MAX: usize = 64;

/// What all keys' chains share.
#[derive(Debug)]
pub(super) struct State {
    inside: Mutex<Inside>,
    pub(super) crashed: watch::Sender<bool>,
}

#[derive(Debug)]
pub(super) struct Inside {
    script: Script,
    chance: u64,
    counts: BTreeMap<Call, u64>,
    pub(super) all: u64,
    pub(super) injected: BTreeMap<String, u64>,
    pub(super) heads: Vec<Head>,
}

impl Inside {
    pub(super) fn new(script: Script) -> Self {
        let (chance, counts, injected) = (script.seed, BTreeMap::new(), BTreeMap::new());
        Self { script, chance, counts, all: 0, injected, heads: Vec::new() }
    }

    /// SplitMix64, in millionths.
    fn draw(&mut self) -> u64 {
        self.chance = self.chance.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.chance;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % 1_000_000
    }

    pub(super) fn next(&mut self, call: Call) -> Option<Fault> {
        let count = self.counts.entry(call).or_default();
        *count = count.saturating_add(1);
        self.all = self.all.saturating_add(1);
        let (of_kind, of_all) = (*count, self.all);
        let rules = self.script.rules.clone();
        let applies = |rule: &&Rule| {
            let number = if rule.call.is_some() { of_kind } else { of_all };
            rule.call.is_none_or(|wanted| wanted == call)
                && match rule.when {
                    When::Always => true,
                    When::Between(from, to) => (from..=to).contains(&number),
                    When::Chance(chance) => self.draw() < u64::from(chance),
                }
        };
        let fault = rules.iter().find(applies).map(|rule| rule.fault.clone())?;
        let injected = self.injected.entry(format!("{call} {fault:?}")).or_default();
        *injected = injected.saturating_add(1);
        Some(fault)
    }

    /// The head of so many blocks before this one, as far as it was seen.
    pub(super) fn before(&self, head: &Head, blocks: u64) -> Head {
        let wanted = head.height.saturating_sub(blocks);
        let older = self.heads.iter().rev().find(|seen| seen.height <= wanted);
        older.cloned().unwrap_or_else(|| head.clone())
    }

    pub(super) fn see(&mut self, head: &Head) {
        if self.heads.last().is_none_or(|last| last.height < head.height) {
            self.heads.push(head.clone());
        }
        if self.heads.len() > HEADS_MAX {
            self.heads.remove(0);
        }
    }
}

impl State {
    pub(super) fn new(script: Script) -> Self {
        Self { inside: Mutex::new(Inside::new(script)), crashed: watch::Sender::new(false) }
    }

    /// Another script from now on; the heads that were seen stay.
    pub(super) fn play(&self, script: Script) {
        let mut inside = self.inside();
        let heads = std::mem::take(&mut inside.heads);
        *inside = Inside { heads, ..Inside::new(script) };
        drop(inside);
        self.crashed.send_replace(false);
    }

    pub(super) fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the subscription tells of this head.
    pub(super) async fn tell(&self, head: Head) -> Option<Head> {
        let fault = self.inside().next(Call::Heads);
        if let Some(Fault::Delay(time)) = fault {
            sleep(time).await;
        }
        let mut inside = self.inside();
        inside.see(&head);
        match fault {
            Some(Fault::Fail | Fault::Lose | Fault::Hang) => None,
            Some(Fault::Stale(blocks)) => Some(inside.before(&head, blocks)),
            Some(Fault::Chain(chain_id)) => Some(Head { chain_id, ..head }),
            Some(Fault::Crash | Fault::CrashAfter) => {
                self.crashed.send_replace(true);
                None
            }
            _ => Some(head),
        }
    }
}
