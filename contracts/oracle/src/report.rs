//! What became of each denom of a message.

use cosmwasm_std::Response;
use plimsoll_risk::units::Price;
use plimsoll_schema::event::{ACTION, DENOM, FALLBACK, PENDING, PRICE, REASON, REFUSED};

use crate::error::ContractError;
use crate::take_in::Taken;

/// The event of a message about several denoms. One that is refused doesn't silence the others.
pub struct Report {
    response: Response,
    any_taken: bool,
    refusal: Option<ContractError>,
}

impl Report {
    /// Of this message.
    pub fn new(action: &str) -> Self {
        Self { response: Response::new().add_attribute(ACTION, action), any_taken: false, refusal: None }
    }

    /// Names a denom, with its settled price or why it was refused.
    pub fn add(&mut self, denom: &str, outcome: Result<(Taken, Price), ContractError>) {
        let event = std::mem::take(&mut self.response);
        self.any_taken |= outcome.is_ok();
        self.response = match outcome {
            Ok((Taken::Pending, _)) => event.add_attribute(PENDING, denom),
            Ok((Taken::First, price)) => event.add_attribute(DENOM, denom).add_attribute(PRICE, price.to_string()),
            Ok((Taken::Fallback, price)) => {
                event.add_attribute(DENOM, denom).add_attribute(PRICE, price.to_string()).add_attribute(FALLBACK, denom)
            }
            Err(error) => {
                let event = event.add_attribute(REFUSED, denom).add_attribute(REASON, error.to_string());
                self.refusal.get_or_insert(error);
                event
            }
        };
    }

    /// The event, or the first refusal when every denom was refused.
    pub fn finish(self) -> Result<Response, ContractError> {
        match self.refusal {
            Some(refusal) if !self.any_taken => Err(refusal),
            _ => Ok(self.response),
        }
    }
}
