//! Taking over a contract that proposes the timelock as its owner.

use cosmwasm_std::{DepsMut, Response, WasmMsg, to_json_binary};
use plimsoll_schema::access::address;
use plimsoll_schema::event::{ACTION, CONTRACT};
use plimsoll_schema::ownership::{OwnedMsg, OwnerUpdate};

use crate::error::ContractError;

/// Sends `update_owner { accept }` to the contract. Anyone may ask for it, at once: the contract refuses unless its
/// owner proposed the timelock, the message says nothing else, and whatever the timelock owns from then on waits for
/// the delay like the rest.
pub fn accept_ownership(deps: DepsMut, contract: &str) -> Result<Response, ContractError> {
    let contract = address(deps.api, contract)?;
    let msg = to_json_binary(&OwnedMsg::UpdateOwner(OwnerUpdate::Accept {}))?;
    Ok(Response::new()
        .add_attribute(ACTION, "accept_ownership")
        .add_attribute(CONTRACT, &contract)
        .add_message(WasmMsg::Execute { contract_addr: contract.into_string(), msg, funds: vec![] }))
}
