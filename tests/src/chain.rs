//! The in-process chain: contracts, messages, blocks.

use std::collections::BTreeMap;
use std::fmt::Debug;

use cosmwasm_std::{Addr, Api, BlockInfo, Coin, CosmosMsg, Empty, Storage};
use cw_multi_test::{AppBuilder, AppResponse, BankKeeper, Contract, Executor, MockApiBech32, no_init};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::actor::{Actor, OWNER};
use crate::error::WorldError;
use crate::storage::{CountingStorage, StorageOps};

/// cw-multi-test's chain with real addresses and a storage that counts.
pub type App = cw_multi_test::App<BankKeeper, MockApiBech32, CountingStorage>;

/// Seconds from one block to the next.
pub const BLOCK_SECONDS: u64 = 5;

/// A chain on which nothing moves by itself.
pub struct Chain {
    app: App,
}

/// All that a chain knows at one block: every record, and the block.
#[derive(Clone, Debug)]
pub struct Snapshot {
    records: BTreeMap<Vec<u8>, Vec<u8>>,
    block: BlockInfo,
}

impl Snapshot {
    /// Every record of the chain at that block.
    pub const fn records(&self) -> &BTreeMap<Vec<u8>, Vec<u8>> {
        &self.records
    }
}

impl Chain {
    /// An empty chain whose addresses start with `prefix`.
    pub fn new(prefix: &'static str) -> Self {
        let builder = AppBuilder::new().with_api(MockApiBech32::new(prefix)).with_storage(CountingStorage::default());
        Self { app: builder.build(no_init) }
    }

    /// The chain itself, for what has no method here.
    pub const fn app(&self) -> &App {
        &self.app
    }

    /// The chain itself, for what has no method here.
    pub const fn app_mut(&mut self) -> &mut App {
        &mut self.app
    }

    /// An actor's address.
    pub fn addr(&self, actor: impl Into<Actor>) -> Addr {
        let name = actor.into().name;
        self.app.api().addr_validate(&name).unwrap_or_else(|_| self.app.api().addr_make(&name))
    }

    /// The time of the present block, in seconds.
    pub fn now(&self) -> u64 {
        self.app.block_info().time.seconds()
    }

    /// The height of the present block.
    pub fn height(&self) -> u64 {
        self.app.block_info().height
    }

    /// Goes on to the next block, [`BLOCK_SECONDS`] later.
    pub fn next_block(&mut self) {
        self.advance(BLOCK_SECONDS);
    }

    /// Lets time pass: at least one block, one more for each [`BLOCK_SECONDS`]. Prices age.
    pub fn advance(&mut self, seconds: u64) {
        self.app.update_block(|block| {
            block.time = block.time.plus_seconds(seconds);
            block.height += seconds.div_ceil(BLOCK_SECONDS).max(1);
        });
    }

    /// Puts a contract on the chain. [`OWNER`] may migrate it.
    pub fn deploy(
        &mut self,
        code: Box<dyn Contract<Empty>>,
        sender: impl Into<Actor>,
        msg: &impl Serialize,
        funds: &[Coin],
        label: &str,
    ) -> Result<Addr, WorldError> {
        let sender = self.addr(sender);
        let admin = self.addr(OWNER);
        let code_id = self.app.store_code(code);
        Ok(self.app.instantiate_contract(code_id, sender, msg, funds, label, Some(admin.into_string()))?)
    }

    /// Replaces a contract's code, as [`OWNER`].
    pub fn migrate(
        &mut self,
        contract: &Addr,
        code: Box<dyn Contract<Empty>>,
        msg: &impl Serialize,
    ) -> Result<AppResponse, WorldError> {
        let code_id = self.app.store_code(code);
        let admin = self.addr(OWNER);
        Ok(self.app.migrate_contract(admin, contract.clone(), msg, code_id)?)
    }

    /// Sends a message to a contract. When it fails, nothing has changed.
    pub fn execute_contract(
        &mut self,
        sender: impl Into<Actor>,
        contract: &Addr,
        msg: &(impl Serialize + Debug),
        funds: &[Coin],
    ) -> Result<AppResponse, WorldError> {
        let sender = self.addr(sender);
        Ok(self.app.execute_contract(sender, contract.clone(), msg, funds)?)
    }

    /// Sends several messages in one transaction, all or none. Its events are those of all of them.
    pub fn execute_together(
        &mut self,
        sender: impl Into<Actor>,
        messages: Vec<CosmosMsg>,
    ) -> Result<AppResponse, WorldError> {
        let sender = self.addr(sender);
        let responses = self.app.execute_multi(sender, messages)?;
        Ok(AppResponse {
            events: responses.into_iter().flat_map(|response| response.events).collect(),
            ..Default::default()
        })
    }

    /// Asks a contract.
    pub fn query_contract<T: DeserializeOwned>(&self, contract: &Addr, msg: &impl Serialize) -> Result<T, WorldError> {
        Ok(self.app.wrap().query_wasm_smart(contract, msg)?)
    }

    /// What stands under this key in a contract's storage, as a raw query answers it.
    pub fn query_raw(&self, contract: &Addr, key: impl Into<Vec<u8>>) -> Option<Vec<u8>> {
        self.app.wrap().query_wasm_raw(contract, key.into()).expect("a raw query of a contract can't fail")
    }

    /// A contract's storage, to be written behind its back.
    pub fn storage_mut(&mut self, contract: &Addr) -> Box<dyn Storage + '_> {
        self.app.contract_storage_mut(contract)
    }

    /// Every record of a contract.
    pub fn dump_of(&self, contract: &Addr) -> BTreeMap<Vec<u8>, Vec<u8>> {
        self.app.dump_wasm_raw(contract).into_iter().collect()
    }

    /// Every record of the chain: all contracts, all balances.
    pub fn dump(&self) -> &BTreeMap<Vec<u8>, Vec<u8>> {
        self.app.storage().records()
    }

    /// What contracts did with their storage since the chain started.
    pub fn storage_ops(&self) -> StorageOps {
        self.app.storage().ops()
    }

    /// Keeps this block, to come back to it.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot { records: self.dump().clone(), block: self.app.block_info() }
    }

    /// Goes back to a block that was kept. Code that was deployed since then stays.
    pub fn restore(&mut self, snapshot: &Snapshot) {
        self.app.storage_mut().replace(snapshot.records.clone());
        self.app.set_block(snapshot.block.clone());
    }
}
