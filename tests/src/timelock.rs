//! What is done with a timelock. [`OWNER`] is its admin, [`GUARDIAN`] its guardian.

use cosmwasm_std::{Addr, Binary, Empty, to_json_binary};
use cw_multi_test::{AppResponse, Contract, ContractWrapper};
use plimsoll_schema::ownership::{OwnedMsg, OwnerUpdate};
use plimsoll_schema::timelock::{
    Call, ConfigResponse, ENTRIES_LIMIT, EntriesResponse, Entry, ExecuteMsg, InstantiateMsg, QueryMsg,
};
use plimsoll_timelock::contract;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::actor::{Actor, GUARDIAN, OWNER};
use crate::error::WorldError;
use crate::world::World;

/// The timelock's code.
pub fn timelock_code() -> Box<dyn Contract<Empty>> {
    let code = ContractWrapper::new(contract::execute, contract::instantiate, contract::query);
    Box::new(code.with_migrate(contract::migrate))
}

impl World {
    /// Puts a timelock with this delay on the chain and hands oracle and pool over to it.
    pub(crate) fn hand_to_timelock(&mut self, delay: u64) {
        let guardian = Some(self.addr(GUARDIAN).into_string());
        let msg = InstantiateMsg { admin: self.addr(OWNER).into_string(), guardian, delay };
        let timelock =
            self.deploy(timelock_code(), OWNER, &msg, &[], "timelock").expect("the timelock takes its settings");
        let propose = OwnedMsg::UpdateOwner(OwnerUpdate::Propose { owner: timelock.to_string() });
        for contract in [self.oracle.clone(), self.pool.clone()] {
            self.execute_contract(OWNER, &contract, &propose, &[]).expect("the owner proposes");
            let accept = ExecuteMsg::AcceptOwnership { contract: contract.into_string() };
            self.execute_contract(OWNER, &timelock, &accept, &[]).expect("who is proposed accepts");
        }
        self.timelock = Some(timelock);
    }

    /// The timelock's address. Panics in a world that was built without one.
    pub fn timelock(&self) -> &Addr {
        self.timelock.as_ref().expect("WorldBuilder::timelock was called")
    }

    /// Sends a message to the timelock.
    pub fn execute_timelock(&mut self, sender: impl Into<Actor>, msg: &ExecuteMsg) -> Result<AppResponse, WorldError> {
        let timelock = self.timelock().clone();
        self.execute_contract(sender, &timelock, msg, &[])
    }

    /// Announces a call of a contract, as [`OWNER`].
    pub fn queue(&mut self, contract: &Addr, msg: &impl Serialize) -> Result<AppResponse, WorldError> {
        let msg = to_json_binary(msg).expect("a message is JSON");
        self.queue_bytes(OWNER, contract, msg)
    }

    /// Announces a call whose message are these bytes, whatever they are.
    pub fn queue_bytes(
        &mut self,
        sender: impl Into<Actor>,
        contract: &Addr,
        msg: impl Into<Binary>,
    ) -> Result<AppResponse, WorldError> {
        let msg = Call { contract: contract.to_string(), msg: msg.into(), migrate_to: None };
        self.execute_timelock(sender, &ExecuteMsg::Queue { msg })
    }

    /// Announces that a contract is migrated to this code, as [`OWNER`]. The timelock has to be its admin on the chain
    /// by then.
    pub fn queue_migration(
        &mut self,
        contract: &Addr,
        code_id: u64,
        msg: &impl Serialize,
    ) -> Result<AppResponse, WorldError> {
        let msg = to_json_binary(msg).expect("a message is JSON");
        let msg = Call { contract: contract.to_string(), msg, migrate_to: Some(code_id) };
        self.execute_timelock(OWNER, &ExecuteMsg::Queue { msg })
    }

    /// Announces a call of the pool, as [`OWNER`], and answers with its id. Panics when the timelock refuses.
    pub fn queue_for_pool(&mut self, msg: &plimsoll_schema::pool::ExecuteMsg) -> u64 {
        let pool = self.pool.clone();
        self.queued(&pool, msg)
    }

    /// Announces a call of the oracle, as [`OWNER`], and answers with its id. Panics when the timelock refuses.
    pub fn queue_for_oracle(&mut self, msg: &plimsoll_schema::oracle::ExecuteMsg) -> u64 {
        let oracle = self.oracle.clone();
        self.queued(&oracle, msg)
    }

    /// Announces a call of the timelock itself, as [`OWNER`], and answers with its id. Panics when the timelock
    /// refuses.
    pub fn queue_for_timelock(&mut self, msg: &ExecuteMsg) -> u64 {
        let timelock = self.timelock().clone();
        self.queued(&timelock, msg)
    }

    fn queued(&mut self, contract: &Addr, msg: &impl Serialize) -> u64 {
        let response = self.queue(contract, msg).unwrap_or_else(|error| panic!("queueing: {error}"));
        let id = crate::event::values(&response, plimsoll_schema::event::ID)[0];
        id.parse().expect("an id is a number")
    }

    /// Sends the call of an entry, as [`OWNER`].
    pub fn apply(&mut self, id: u64) -> Result<AppResponse, WorldError> {
        self.execute_timelock(OWNER, &ExecuteMsg::Apply { id })
    }

    /// Drops an entry, as [`GUARDIAN`].
    pub fn veto(&mut self, id: u64) -> Result<AppResponse, WorldError> {
        self.execute_timelock(GUARDIAN, &ExecuteMsg::Veto { id })
    }

    /// Drops an entry.
    pub fn cancel(&mut self, sender: impl Into<Actor>, id: u64) -> Result<AppResponse, WorldError> {
        self.execute_timelock(sender, &ExecuteMsg::Cancel { id })
    }

    /// Asks the timelock.
    pub fn query_timelock<T: DeserializeOwned>(&self, msg: &QueryMsg) -> Result<T, WorldError> {
        self.query_contract(self.timelock(), msg)
    }

    /// The timelock's roles and delay.
    pub fn timelock_config(&self) -> ConfigResponse {
        self.query_timelock(&QueryMsg::Config {}).expect("the timelock answers")
    }

    /// All entries that wait, page after page.
    pub fn entries(&self) -> Vec<Entry> {
        let mut all: Vec<Entry> = vec![];
        loop {
            let start_after = all.last().map(|entry| entry.id);
            let asked = QueryMsg::Entries { start_after, limit: Some(ENTRIES_LIMIT) };
            let page: EntriesResponse = self.query_timelock(&asked).expect("the timelock answers");
            if page.entries.is_empty() {
                return all;
            }
            all.extend(page.entries);
        }
    }

    /// Lets the timelock's delay pass, prices voted for again.
    pub fn wait_for_timelock(&mut self) {
        let delay = self.timelock_config().delay;
        self.advance_fresh(delay);
    }
}
