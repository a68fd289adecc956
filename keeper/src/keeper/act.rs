//! What a block's work comes to: for each key that is free what is planned, chosen and sent.

use std::collections::BTreeSet;

use plimsoll_schema::pool::AccountKey;

use crate::chain::{Balances, Chain, Head};
use crate::dex::DexSnapshot;
use crate::dex::client::DexClient;
use crate::error::{Class, Result};
use crate::keeper::{Keeper, targets};
use crate::plan::evidence::Evidence;
use crate::plan::{Action, Plan, Resources, plan_on};
use crate::scan::Scan;
use crate::tx::{Batch, Bounds, Sent, holdings_at_once, less_fee};

/// How often a key's plan is made again without what would fail, so that what that would have spent is spent on others.
const ROUNDS: usize = 4;
/// How often something is simulated in a block, for all keys together: what there is no room for comes at the next.
const SIMULATIONS_MAX: usize = 128;
/// With how many keys something may be wrong at a block: with more it is wrong with the chain, and the other keys
/// aren't tried until the next.
const WRONG_MAX: usize = 2;

/// What all keys share in a block.
struct Block<'a> {
    head: &'a Head,
    scan: &'a Scan,
    dex: Option<DexSnapshot>,
    /// How many simulations are left.
    tries: usize,
}

impl<C: Chain> Keeper<C> {
    /// Each key that is free plans for what no other has on its way, and sends. Answers with the first plan: the others
    /// are for what that has left.
    pub(super) async fn act(&mut self, head: &Head, scan: &Scan) -> Result<(Plan, Vec<Sent>)> {
        // One that lacks gas money gets some before anything else; whether the others have enough can wait.
        if self.workers.iter().any(|worker| worker.needs_gas) {
            self.refill(head).await?;
        }
        let done = if self.nothing_to_do(scan) { Default::default() } else { self.all_act(head, scan).await? };
        if self.is_refill_due(head) {
            self.refill(head).await?;
        }
        Ok(done)
    }

    async fn all_act(&mut self, head: &Head, scan: &Scan) -> Result<(Plan, Vec<Sent>)> {
        let dex = DexClient::read_any(self.dex_client.as_ref(), &*self.chain, head.height).await?;
        self.observer.silent_pairs(self.dex_client.as_ref().map_or(0, DexClient::silent));
        let mut block = Block { head, scan, dex, tries: SIMULATIONS_MAX };
        let mut first = None;
        let mut sent = Vec::new();
        let mut wrong = Vec::new();
        for at in self.in_turn() {
            if !self.workers[at].is_free(head) || block.tries == 0 || wrong.len() >= WRONG_MAX {
                continue;
            }
            match self.choose_and_send(at, &mut block).await {
                Ok((plan, done)) => {
                    self.workers[at].last_error_height = 0;
                    sent.push(done);
                    first.get_or_insert(plan);
                }
                Err(error) if error.class() == Class::Halt => return Err(error),
                Err(error) => {
                    self.workers[at].last_error_height = head.height;
                    wrong.push((at, error));
                }
            }
        }
        // What some have done is told, whatever is wrong with others.
        if first.is_none() && !wrong.is_empty() {
            return Err(wrong.swap_remove(0).1);
        }
        self.tell_wrong(wrong, "this key sends nothing at this block");
        let plan = match first {
            Some(plan) => plan,
            None => {
                let inventory = self.inventory().await?;
                self.plan(0, &block, inventory)
            }
        };
        Ok((plan, sent))
    }

    /// The keys in the order of their turns: those with which something was wrong go last, the one first with which
    /// that was longest ago. So the others are tried however many are wrong.
    fn in_turn(&self) -> Vec<usize> {
        let mut keys: Vec<usize> = (0..self.workers.len()).collect();
        keys.sort_by_key(|at| self.workers[*at].last_error_height);
        keys
    }

    async fn choose_and_send(&mut self, at: usize, block: &mut Block<'_>) -> Result<(Plan, Sent)> {
        let (plan, batch) = self.choose(at, block).await?;
        Ok((plan, self.send(at, block.head, batch).await?))
    }

    /// Whether blocks have come since, so that what is simulated now isn't what was planned on: the next one plans
    /// anew. Asked at once: what is chosen is sent after this.
    async fn is_old(&self, head: &Head) -> bool {
        self.chain.head_at_once().await.is_ok_and(|now| now.height > head.height.saturating_add(1))
    }

    /// Nothing is below 1; or all keys have transactions in flight: then nobody knows what the inventory is, and
    /// nothing can be sent.
    fn nothing_to_do(&self, scan: &Scan) -> bool {
        let flying =
            !self.workers.is_empty() && self.workers.iter().all(|worker| worker.in_flight(&self.book.head.chain_id));
        flying || scan.is_quiet()
    }

    /// The plan, and what of it goes through. What would fail even alone is left alone for a while, what the hour's
    /// fees have no room for until they have; and the rest is planned again, so that nothing is kept for it.
    async fn choose(&mut self, at: usize, block: &mut Block<'_>) -> Result<(Plan, Batch)> {
        let mut chosen = <(Plan, Batch)>::default();
        let mut left_out = Vec::new();
        let held = holdings_at_once(&*self.chain, &self.book, self.workers[at].executor.sender()).await?;
        for _ in 0..ROUNDS {
            let inventory = less_fee(&*self.chain, held.clone(), &self.strategy);
            let plan = self.plan(at, block, Some(inventory));
            let mut batch = self.select(at, &plan, &held, block).await?;
            let old = !batch.left_out.is_empty() && self.is_old(block.head).await;
            for (action, reason) in &batch.left_out {
                tracing::warn!(account = action.account().to_string(), reason, old, "left out: it would fail");
                self.memory.note_would_fail(action.account(), block.head.height, &self.book, old);
            }
            let done = batch.left_out.is_empty() && batch.too_dear.is_empty();
            let again = !old && !done && block.tries > 0;
            batch.too_dear.drain(..).for_each(|(key, fee)| self.memory.note_too_dear(&key, fee));
            left_out.append(&mut batch.left_out);
            // Where that has used up the simulations, what went through before still does.
            if chosen.1.actions.is_empty() || !batch.actions.is_empty() {
                chosen = (plan, batch);
            }
            if !again {
                break;
            }
        }
        chosen.1.left_out = left_out;
        Ok(chosen)
    }

    /// What of a plan goes through together; nothing when the key can't send.
    async fn select(&mut self, at: usize, plan: &Plan, held: &Balances, block: &mut Block<'_>) -> Result<Batch> {
        let bounds = Bounds {
            targets: targets(&self.book, self.dex_client.as_ref(), &self.strategy),
            strategy: &self.strategy,
            balances: held,
            left: self.budget.left(block.head.time, &self.strategy).fee,
            tries: &mut block.tries,
        };
        match self.workers[at].executor.select(&plan.actions, bounds).await {
            Err(error) if error.refusal().is_some() => {
                self.refused(at, block.head, error, &[])?;
                Ok(Batch::default())
            }
            other => other,
        }
    }

    /// What this key, or whoever has none, does best with what it may spend.
    fn plan(&mut self, at: usize, block: &Block<'_>, inventory: Option<Balances>) -> Plan {
        let head = block.head;
        let worker = self.workers.get(at);
        let sender = worker.map_or_else(|| self.chain.sender(), |worker| Some(worker.executor.sender()));
        let allowance = self.budget.left(head.time, &self.strategy);
        let busy: BTreeSet<AccountKey> = self.workers.iter().flat_map(|worker| worker.busy(&head.chain_id)).collect();
        let promised: Vec<Action> = self.workers.iter().flat_map(|worker| worker.sent.iter().cloned()).collect();
        let resources = Resources::new(sender, inventory, &self.strategy)
            .with_limits(allowance)
            .with_dex(block.dex.as_ref())
            .excluding(&self.book, busy, &promised);
        plan_on(&self.book, block.scan, resources, &mut self.memory)
    }

    async fn send(&mut self, at: usize, head: &Head, batch: Batch) -> Result<Sent> {
        let targets = targets(&self.book, self.dex_client.as_ref(), &self.strategy);
        let actions = batch.actions.clone();
        let left_out = batch.left_out.clone();
        let worker = &mut self.workers[at];
        match worker.executor.send_batch(targets, batch, head, self.strategy.timeout_blocks).await {
            Ok(sent) => {
                if sent.hash.is_some() {
                    sent.spent.iter().for_each(|spent| self.budget.spend(spent.clone()));
                    worker.accepted();
                    worker.sent.clone_from(&sent.actions);
                    worker.seen = Some(Evidence::of(&self.book, &sent.actions));
                }
                Ok(sent)
            }
            Err(error) if error.refusal().is_some() => {
                self.refused(at, head, error, &actions)?;
                Ok(Sent { left_out, ..Sent::default() })
            }
            Err(error) => Err(error),
        }
    }
}
