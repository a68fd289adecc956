//! Doing an operation.

use cosmwasm_std::{Addr, Event, coin};
use plimsoll_schema::pool::SimulateLiquidationResponse;
use plimsoll_testing::{AppResponse, WorldError};

use crate::call::Call;
use crate::cast::{BORROWER, DENOMS, worth};
use crate::liquidations::Sent;
use crate::op::Op;
use crate::stage::Stage;
use crate::use_pool::Order;
use crate::{govern, nest, price, queue, trade, use_pool};

/// What a step did.
pub struct Outcome {
    /// What the chain answered; nothing to what is not a single message.
    pub result: Result<Option<AppResponse>, WorldError>,
    /// Who sent it.
    pub sender: Option<usize>,
    /// A liquidation, and what it was said to do just before it was done.
    pub order: Option<(Order, Option<SimulateLiquidationResponse>)>,
    /// A batch of liquidations, as it was sent.
    pub batch: Option<Sent>,
}

impl Outcome {
    const fn of(result: Result<Option<AppResponse>, WorldError>, sender: Option<usize>) -> Self {
        Self { result, sender, order: None, batch: None }
    }

    /// The contracts' events; none of a failed step, and none of a failed item.
    pub fn events(&self) -> impl Iterator<Item = &Event> {
        let response = self.result.as_ref().ok().and_then(Option::as_ref);
        response.into_iter().flat_map(|response| &response.events).filter(|event| tells(event))
    }
}

/// Whether an event tells what was done. The items of a batch are told as the messages that they could have been; the
/// liquidator's beginning has its message's name, which is the pool's too.
fn tells(event: &Event) -> bool {
    let said = |key: &str| event.attributes.iter().find(|attribute| attribute.key == key).map(|a| a.value.as_str());
    match event.ty.as_str() {
        "wasm" => said("action") != Some("liquidate") || said("liquidator").is_some(),
        "wasm-item" => said("outcome") == Some("ok"),
        _ => false,
    }
}

/// The one message that an operation is, if it is one.
pub fn call(stage: &Stage, op: &Op) -> Option<Call> {
    if let Op::Batch { user, acts, more } = op {
        return Some(nest::batch(stage, *user, acts, *more));
    }
    let own = use_pool::call(stage, op).or_else(|| govern::call(stage, op));
    let own = own.or_else(|| price::call(stage, op)).or_else(|| trade::call(stage, op));
    own.or_else(|| queue::call(stage, op)).or_else(|| nest::uninvited(stage, op))
}

/// Does it.
pub fn apply(stage: &mut Stage, op: &Op) -> Outcome {
    let quietly = || Outcome::of(Ok(None), None);
    match op {
        Op::Move { denom, percent, rounds } => {
            price::drive(stage, *denom, *percent, *rounds);
            quietly()
        }
        Op::Refresh { but } => {
            price::refresh(stage, *but);
            quietly()
        }
        Op::Advance { seconds, fresh } => {
            stage.world.advance(u64::from(*seconds));
            if *fresh {
                price::watch(stage);
            }
            quietly()
        }
        Op::Enthrone => {
            stage.enthrone();
            quietly()
        }
        Op::Donate { sender, to, denom, cents } => {
            let (from, to) = (stage.people[*sender].clone(), Addr::unchecked(nest::gift(stage, *to)));
            let result = stage.world.send(&from, &to, &[coin(worth(*denom, *cents), DENOMS[*denom])]);
            Outcome::of(result.map(Some), Some(*sender))
        }
        Op::Flash { loans, middle, order } => {
            let result = nest::flash(stage, loans, middle, *order);
            Outcome::of(result.map(Some), Some(BORROWER))
        }
        Op::BatchCalled { acts, purse, middle, bring } => {
            let result = nest::batch_called(stage, acts, *purse, middle, bring);
            Outcome::of(result.map(Some), Some(BORROWER))
        }
        Op::LiquidateBatch { .. } | Op::LiquidateCalled { .. } => liquidations(stage, op),
        _ => message(stage, op),
    }
}

fn liquidations(stage: &mut Stage, op: &Op) -> Outcome {
    let sent = match op {
        Op::LiquidateCalled { items, to, min_success, middle, bring } => {
            Some(nest::liquidate_called(stage, items, (*to, *min_success), middle, bring))
        }
        op => Sent::of(stage, op),
    };
    let Some(sent) = sent else {
        return Outcome::of(Ok(None), None);
    };
    let result = sent.send(stage).map(Some);
    Outcome { batch: Some(sent.clone()), ..Outcome::of(result, Some(sent.sender)) }
}

fn message(stage: &mut Stage, op: &Op) -> Outcome {
    let order = Order::of(stage, op).map(|order| (order, order.preview(stage)));
    let Some(call) = call(stage, op) else {
        return Outcome::of(Ok(None), None);
    };
    let sender = Some(call.sender);
    Outcome { order, ..Outcome::of(call.send(stage).map(Some), sender) }
}
