//! What a block's work comes to: for each key that is free what is planned, chosen and sent.

use std::collections::BTreeSet;

use plimsoll_schema::pool::AccountKey;

use crate::chain::{Chain, Head};
use crate::config::Strategy;
use crate::error::{Class, Error, Result};
use crate::exchange::Exchange;
use crate::exchange::read::Venue;
use crate::execute::{Batch, Sent, spendable};
use crate::plan::{Action, Means, Plan, plan};
use crate::run::cooling::seen;
use crate::run::{Keeper, desk};
use crate::scan::Scan;

/// How often a block's plan is made again without what would fail, so that what that would have spent is spent on others.
const ROUNDS: usize = 4;

impl<C: Chain> Keeper<C> {
    /// Each key that is free plans for what no other has on its way, and sends. Answers with the first plan: the others are for what
    /// that has left.
    pub(super) async fn act(&mut self, head: &Head, scan: &Scan) -> Result<(Plan, Vec<Sent>)> {
        // One that lacks gas money gets some before anything else; whether the others have enough can wait.
        if self.lanes.iter().any(|lane| lane.poor) {
            self.refill(head).await?;
        }
        let done = if self.nothing_to_do(scan) { Default::default() } else { self.all_act(head, scan).await? };
        if self.is_refill_due(head) {
            self.refill(head).await?;
        }
        Ok(done)
    }

    async fn all_act(&mut self, head: &Head, scan: &Scan) -> Result<(Plan, Vec<Sent>)> {
        let exchange = Venue::read_any(self.venue.as_ref(), &*self.chain, head.height).await?;
        let (mut first, mut sent) = (None, Vec::new());
        for at in 0..self.lanes.len() {
            if !self.lanes[at].is_free(head) {
                continue;
            }
            match self.choose_and_send(at, head, scan, exchange.as_ref()).await {
                Ok((plan, done)) => {
                    sent.push(done);
                    first.get_or_insert(plan);
                }
                // What others have sent in this block is told all the same.
                Err(error) if error.class() != Class::Halt && sent.iter().any(|done| done.hash.is_some()) => {
                    tracing::warn!(%error, "further keys send nothing at this block");
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        let plan = match first {
            Some(plan) => plan,
            None => self.plan(0, head, scan, exchange.as_ref()).await?,
        };
        Ok((plan, sent))
    }

    async fn choose_and_send(
        &mut self,
        at: usize,
        head: &Head,
        scan: &Scan,
        exchange: Option<&Exchange>,
    ) -> Result<(Plan, Sent)> {
        let (plan, batch) = self.choose(at, head, scan, exchange).await?;
        Ok((plan, self.send(at, head, batch).await?))
    }

    /// Nothing is below 1; or all keys have transactions in flight: then nobody knows what the inventory is, and nothing can be sent.
    fn nothing_to_do(&self, scan: &Scan) -> bool {
        let flying = !self.lanes.is_empty() && self.lanes.iter().all(|lane| lane.in_flight(&self.book.head.chain_id));
        flying || scan.is_quiet()
    }

    /// The plan, and what of it goes through. What would fail even alone is left alone for a while, and the rest is planned
    /// again, so that nothing is kept for it.
    async fn choose(
        &mut self,
        at: usize,
        head: &Head,
        scan: &Scan,
        exchange: Option<&Exchange>,
    ) -> Result<(Plan, Batch)> {
        let mut plan = self.plan(at, head, scan, exchange).await?;
        let (mut batch, mut left_out) = (Batch::default(), Vec::new());
        for round in 1..=ROUNDS {
            let desk = desk(&self.book, self.venue.as_ref(), &self.strategy);
            let max_fee = self.budget.left(head.time, &self.strategy).fee;
            let strategy = Strategy { max_fee, ..self.strategy.clone() };
            batch = match self.lanes[at].executor.select(desk, &plan.actions, &strategy).await {
                Ok(batch) => batch,
                Err(error @ (Error::Refused { .. } | Error::EmptyWallet { .. })) => {
                    self.refused(at, head, error)?;
                    break;
                }
                Err(error) => return Err(error),
            };
            for (action, reason) in &batch.left_out {
                tracing::warn!(account = crate::scan::name(action.account()), reason, "left out: it would fail");
                self.cooling.cool(action.account().clone(), head.height, &self.book, None);
            }
            let again = round < ROUNDS && !batch.left_out.is_empty();
            left_out.append(&mut batch.left_out);
            if !again {
                break;
            }
            plan = self.plan(at, head, scan, exchange).await?;
        }
        batch.left_out = left_out;
        Ok((plan, batch))
    }

    async fn plan(&self, at: usize, head: &Head, scan: &Scan, exchange: Option<&Exchange>) -> Result<Plan> {
        let cooling = self.cooling.at(head.height);
        let Some(lane) = self.lanes.get(at) else {
            let (sender, inventory) = (self.chain.sender(), self.inventory().await?);
            let means = Means::new(sender, inventory, &self.strategy, &cooling).through(exchange);
            return Ok(plan(&self.book, scan, means.waiting(&self.ages)));
        };
        let inventory = spendable(&*self.chain, lane.executor.sender(), &self.strategy).await?;
        let busy: BTreeSet<AccountKey> = self.lanes.iter().flat_map(|lane| lane.busy(&head.chain_id)).collect();
        let promised: Vec<Action> = self.lanes.iter().flat_map(|lane| lane.sent.iter().cloned()).collect();
        let allowance = self.budget.left(head.time, &self.strategy);
        let means = Means::new(Some(lane.executor.sender()), Some(inventory), &self.strategy, &cooling);
        let means = means.within(allowance).waiting(&self.ages);
        Ok(plan(&self.book, scan, means.through(exchange).beside(&self.book, busy, &promised)))
    }

    async fn send(&mut self, at: usize, head: &Head, batch: Batch) -> Result<Sent> {
        let desk = desk(&self.book, self.venue.as_ref(), &self.strategy);
        let (lane, left_out) = (&mut self.lanes[at], batch.left_out.clone());
        match lane.executor.send_batch(desk, batch, head, self.strategy.timeout_blocks).await {
            Ok(sent) => {
                if sent.hash.is_some() {
                    sent.spent.iter().for_each(|spent| self.budget.spend(spent.clone()));
                    lane.accepted();
                    lane.sent.clone_from(&sent.actions);
                    lane.seen = Some(seen(&self.book));
                }
                Ok(sent)
            }
            Err(error @ (Error::Refused { .. } | Error::EmptyWallet { .. })) => {
                self.refused(at, head, error)?;
                Ok(Sent { left_out, ..Sent::default() })
            }
            Err(error) => Err(error),
        }
    }
}
