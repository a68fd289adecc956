//! The callback of `liquidate_batch` and `batch`: how it is opened. [`crate::repay_batch`] brings what it is to bring,
//! [`crate::finish_batch`] checks that it did.

use cosmwasm_std::{Addr, Binary, Coin, CosmosMsg, Deps, Env, Response, StdResult, Storage, WasmMsg, to_json_binary};
use plimsoll_risk::params::AssetId;
use plimsoll_risk::units::Amount;
use plimsoll_schema::event;
use plimsoll_schema::pool::BatchReceiver;

use crate::error::ContractError;
use crate::state::{DUES, Due, LOAN_COUNT, OPEN_BATCH};

/// Whom a batch calls back, and with what.
pub struct Callback {
    pub receiver: Addr,
    pub repay: Vec<Coin>,
    pub received: Vec<Coin>,
    pub msg: Binary,
}

/// A callback that is written down: its messages go after the payments.
pub struct Called {
    pub id: u64,
    due: Vec<Coin>,
    messages: [CosmosMsg; 2],
}

impl Called {
    /// Adds the messages to a response that has the payments, and says what is due.
    pub fn add_to(self, response: Response) -> Response {
        response
            .add_attribute(event::LOAN, self.id.to_string())
            .add_attributes(self.due.iter().map(|coin| (event::DUE, coin.to_string())))
            .add_messages(self.messages)
    }
}

/// Writes down what the callback is to bring, and makes its messages. Nothing is written where nothing is due.
///
/// Messages run one after another, each to its end: when `finish_batch` comes, the callback and all that it called are
/// over. It stands in for a reply.
pub fn open(
    storage: &mut dyn Storage,
    env: &Env,
    call: Callback,
    due: Vec<(AssetId, Amount)>,
) -> Result<Called, ContractError> {
    let id = LOAN_COUNT.load(storage)?.saturating_add(1);
    LOAN_COUNT.save(storage, &id)?;
    let Callback { receiver, repay, received, msg } = call;
    if !due.is_empty() {
        DUES.save(storage, id, &Due { receiver: receiver.clone(), coins: due })?;
    }
    let pool = env.contract.address.to_string();
    let due = repay.clone();
    let msg = to_json_binary(&BatchReceiver::BatchCallback { id, repay, received, msg })?;
    let callback = WasmMsg::Execute { contract_addr: receiver.into_string(), msg, funds: vec![] };
    // By hand, since writing every message of the pool would make the code larger.
    let msg = Binary::from(format!(r#"{{"finish_batch":{{"id":{id}}}}}"#).into_bytes());
    let finish = WasmMsg::Execute { contract_addr: pool, msg, funds: vec![] };
    Ok(Called { id, due, messages: [callback.into(), finish.into()] })
}

/// Between transactions no batch is open; within one, the code must not change under it.
pub fn assert_none_open(deps: Deps) -> Result<(), ContractError> {
    let due: Option<StdResult<u64>> = DUES.keys_after(deps.storage, None).next();
    let due = due.transpose()?;
    let open = OPEN_BATCH.may_load(deps.storage)?.map(|open| open.id);
    due.or(open).map_or(Ok(()), |id| Err(ContractError::BatchOpen { id }))
}
