//! Whom a question goes to, and what it waits for before: pauses that endpoints asked for, and their request budgets.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::chain::cosmos::connections::Connections;
use crate::chain::cosmos::timeouts::TURN_STEP;
use crate::chain::endpoints::Kind;

/// Whether a question waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Urgency {
    /// It waits for no budget. Where nobody else may be asked, one is asked also that asked for a pause.
    AtOnce,
    /// It waits until an endpoint has room in its budget, and until a pause is over that all asked for.
    CanWait,
}

/// Whom to ask.
#[derive(Clone, Debug)]
pub(super) struct Order {
    /// In this order.
    pub all: Vec<usize>,
    /// How many of them, from the first, have room in their budget. The others are asked only once these can't say:
    /// what only one without room knows would be missed.
    pub roomy: usize,
}

impl Order {
    /// All of these, whatever their budget.
    const fn beyond(all: Vec<usize>) -> Self {
        Self { roomy: all.len(), all }
    }

    /// Only those with room.
    pub fn within(mut self) -> Self {
        self.all.truncate(self.roomy);
        self
    }
}

impl Connections {
    /// Whom to ask. What can wait does so until somebody may be asked again, and has room in their budget; until the
    /// deadline at most.
    pub(super) async fn whom(&self, kind: Kind, height: Option<u64>, urgency: Urgency, deadline: Instant) -> Order {
        loop {
            match self.whom_now(kind, height, urgency) {
                Err(_) if Instant::now() >= deadline => {
                    self.tell_overrun(kind);
                    return Order::beyond(self.state().order_at_once(kind, height, self.now()));
                }
                Err(wait) => sleep(Duration::from_millis(wait)).await,
                Ok(order) if order.all.is_empty() && self.is_to_wait(kind, urgency, deadline) => sleep(TURN_STEP).await,
                Ok(order) => return order,
            }
        }
    }

    /// The error is for how many milliseconds nobody has room.
    fn whom_now(&self, kind: Kind, height: Option<u64>, urgency: Urgency) -> Result<Order, u64> {
        let (mut state, now) = (self.state(), self.now());
        if urgency == Urgency::AtOnce {
            return Ok(Order::beyond(state.order_at_once(kind, height, now)));
        }
        let order = state.order(kind, height, now);
        let mut all = state.affordable(order.clone(), now)?;
        let roomy = all.len();
        let full: Vec<usize> = order.into_iter().filter(|at| !all.contains(at)).collect();
        all.extend(full);
        Ok(Order { all, roomy })
    }

    fn tell_overrun(&self, kind: Kind) {
        if let Some(questions) = self.state().overrun(self.now()) {
            tracing::warn!(
                kind = %kind, questions,
                "chain.max_requests_per_second leaves no room for questions that waited a minute; asking beyond it"
            );
        }
    }

    /// Whether a question that nobody may be asked now waits for a pause to end.
    pub(super) fn is_to_wait(&self, kind: Kind, urgency: Urgency, deadline: Instant) -> bool {
        urgency == Urgency::CanWait && Instant::now() < deadline && self.state().is_resting(kind)
    }
}
