//! The in-process chain of `plimsoll-testing` as a [`Chain`]: for the demo, simulations and tests.
//!
//! cw-multi-test's chain can't move between threads, so it lives on one of its own and is sent closures. Blocks are made by
//! call: [`WorldChain::block`] goes on to the next, in which the transactions that were broadcast are executed first.

use std::collections::BTreeMap;
use std::sync::mpsc;
use std::thread;

use cosmwasm_std::{Addr, Checksum};
use plimsoll_testing::{AppResponse, World, WorldError};
use tokio::sync::{oneshot, watch};

use crate::chain::{Balances, Chain, Coin, ContractEvent, Execute, Head, Included, Outcome, Signed};
use crate::error::{Error, Result};

type Job = Box<dyn FnOnce(&mut Home) + Send>;

/// What a message is counted as: cw-multi-test meters no gas.
const GAS: u64 = 200_000;

/// A world, and the key that signs for us there.
#[derive(Debug)]
pub struct WorldChain {
    jobs: mpsc::Sender<Job>,
    sender: String,
}

/// What lives on the thread.
struct Home {
    world: World,
    sender: String,
    said: BTreeMap<u64, Vec<ContractEvent>>,
    signed: BTreeMap<String, Vec<Execute>>,
    mempool: Vec<(String, u64)>,
    done: BTreeMap<String, Included>,
    heads: watch::Sender<Head>,
}

impl WorldChain {
    /// Builds a world on a thread of its own; `sender` is the actor whose key signs.
    pub async fn start(sender: &str, build: impl FnOnce() -> World + Send + 'static) -> Result<Self> {
        let (jobs, queue) = mpsc::channel::<Job>();
        let (ready, built) = oneshot::channel();
        let actor = sender.to_owned();
        let work = move || {
            let world = build();
            let sender = world.addr(actor.as_str()).into_string();
            let _ = ready.send(sender.clone());
            let heads = watch::Sender::new(head_of(&world));
            let (said, signed, mempool, done) = (BTreeMap::new(), BTreeMap::new(), Vec::new(), BTreeMap::new());
            let mut home = Home { world, sender, said, signed, mempool, done, heads };
            for job in queue {
                job(&mut home);
            }
        };
        thread::Builder::new().name("world".to_owned()).spawn(work).map_err(|_| gone())?;
        let sender = built.await.map_err(|_| gone())?;
        Ok(Self { jobs, sender })
    }

    /// Does something with the world at its present block.
    pub async fn with<T: Send + 'static>(&self, act: impl FnOnce(&mut World) -> T + Send + 'static) -> Result<T> {
        self.home(move |home| act(&mut home.world)).await
    }

    /// Goes on to the next block, `seconds` later: first the transactions that were broadcast, then what `act` does. Events of the responses
    /// that it answers with become the block's. When it fails, the block is made all the same.
    pub async fn block(
        &self,
        seconds: u64,
        act: impl FnOnce(&mut World) -> std::result::Result<Vec<AppResponse>, WorldError> + Send + 'static,
    ) -> Result<std::result::Result<Head, WorldError>> {
        self.home(move |home| home.block(seconds, act)).await
    }

    async fn home<T: Send + 'static>(&self, act: impl FnOnce(&mut Home) -> T + Send + 'static) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |home| {
            let _ = answer.send(act(home));
        });
        self.jobs.send(job).map_err(|_| gone())?;
        answered.await.map_err(|_| gone())
    }
}

/// The thread ended: whatever was asked of the world made it panic.
fn gone() -> Error {
    Error::DoesNotHold("the in-process chain has stopped: something that was asked of it can't be done".to_owned())
}

fn head_of(world: &World) -> Head {
    let block = world.app().block_info();
    Head { chain_id: block.chain_id, height: block.height, time: block.time.seconds() }
}

fn events_of(response: &AppResponse) -> Vec<ContractEvent> {
    let events = response.events.iter();
    let wasm = events.filter_map(|event| {
        ContractEvent::of_wasm(&event.ty, event.attributes.iter().map(|a| (a.key.clone(), a.value.clone())))
    });
    wasm.collect()
}

impl Home {
    fn block(
        &mut self,
        seconds: u64,
        act: impl FnOnce(&mut World) -> std::result::Result<Vec<AppResponse>, WorldError>,
    ) -> std::result::Result<Head, WorldError> {
        self.world.advance(seconds);
        let height = self.world.height();
        let mut said = Vec::new();
        for (hash, timeout_height) in std::mem::take(&mut self.mempool) {
            if timeout_height < height {
                continue;
            }
            let messages = self.signed.remove(&hash).unwrap_or_default();
            let included = match self.execute(&messages) {
                Ok(events) => included(height, 0, String::new(), events),
                Err(error) => included(height, 5, error.to_string(), Vec::new()),
            };
            said.extend(included.events.clone());
            self.done.insert(hash, included);
        }
        let acted = act(&mut self.world);
        let head = head_of(&self.world);
        if let Ok(responses) = &acted {
            said.extend(responses.iter().flat_map(events_of));
        }
        self.said.insert(height, said);
        self.heads.send_replace(head.clone());
        acted.map(|_| head)
    }

    /// One transaction: all of its messages, or none.
    fn execute(&mut self, messages: &[Execute]) -> std::result::Result<Vec<ContractEvent>, WorldError> {
        let before = self.world.snapshot();
        let mut events = Vec::new();
        for message in messages {
            match self.message(message) {
                Ok(response) => events.extend(events_of(&response)),
                Err(error) => {
                    self.world.restore(&before);
                    return Err(error);
                }
            }
        }
        Ok(events)
    }

    fn message(&mut self, message: &Execute) -> std::result::Result<AppResponse, WorldError> {
        let json: serde_json::Value = serde_json::from_slice(&message.msg).unwrap_or_default();
        let funds: Vec<_> = message.funds.iter().map(|coin| cosmwasm_std::coin(coin.amount, &coin.denom)).collect();
        let contract = Addr::unchecked(&message.contract);
        self.world.execute_contract(self.sender.as_str(), &contract, &json, &funds)
    }

    fn smart(&self, contract: &str, msg: &[u8]) -> std::result::Result<Vec<u8>, String> {
        let json: serde_json::Value = serde_json::from_slice(msg).map_err(|error| error.to_string())?;
        let answer: serde_json::Value =
            self.world.query_contract(&Addr::unchecked(contract), &json).map_err(|error| error.to_string())?;
        serde_json::to_vec(&answer).map_err(|error| error.to_string())
    }

    fn balances(&self, address: &str) -> Balances {
        let denoms = self.world.assets().iter().map(|asset| asset.params.denom.clone());
        let held = denoms.map(|denom| (denom.clone(), self.world.balance(address, &denom)));
        held.filter(|(_, amount)| *amount > 0).collect()
    }

    fn check_height(&self, height: Option<u64>) -> std::result::Result<(), String> {
        match height.filter(|height| *height != self.world.height()) {
            Some(height) => Err(format!("height {height} is not kept, the world is at {}", self.world.height())),
            None => Ok(()),
        }
    }
}

fn included(height: u64, code: u32, log: String, events: Vec<ContractEvent>) -> Included {
    let codespace = if code == 0 { String::new() } else { "wasm".to_owned() };
    Included { height, code, codespace, log, gas_used: GAS, events }
}

impl Chain for WorldChain {
    async fn head(&self) -> Result<Head> {
        self.home(|home| head_of(&home.world)).await
    }

    async fn smart(&self, contract: &str, msg: Vec<u8>, height: Option<u64>) -> Result<Vec<u8>> {
        let what = format!("{contract} {}", String::from_utf8_lossy(&msg));
        let contract = contract.to_owned();
        let answer =
            self.home(move |home| home.check_height(height).and_then(|()| home.smart(&contract, &msg))).await?;
        answer.map_err(|reason| Error::Query { what, reason })
    }

    async fn is_contract(&self, address: &str) -> Result<bool> {
        let address = Addr::unchecked(address);
        self.home(move |home| home.world.app().contract_data(&address).is_ok()).await
    }

    async fn code_id(&self, address: &str) -> Result<Option<u64>> {
        let address = Addr::unchecked(address);
        self.home(move |home| home.world.app().contract_data(&address).ok().map(|data| data.code_id)).await
    }

    async fn raw(&self, contract: &str, key: Vec<u8>, height: Option<u64>) -> Result<Option<Vec<u8>>> {
        let (what, contract) = (format!("raw state of {contract}"), contract.to_owned());
        let ask = move |home: &mut Home| {
            home.check_height(height)?;
            home.world.app().wrap().query_wasm_raw(contract, key).map_err(|error| error.to_string())
        };
        self.home(ask).await?.map_err(|reason| Error::Query { what, reason })
    }

    async fn balances(&self, address: &str) -> Result<Balances> {
        let address = address.to_owned();
        self.home(move |home| home.balances(&address)).await
    }

    async fn events(&self, height: u64) -> Result<Vec<ContractEvent>> {
        self.home(move |home| home.said.get(&height).cloned().unwrap_or_default()).await
    }

    async fn subscribe(&self) -> Result<watch::Receiver<Head>> {
        self.home(|home| home.heads.subscribe()).await
    }

    fn sender(&self) -> Option<&str> {
        Some(&self.sender)
    }

    async fn simulate(&self, messages: &[Execute]) -> Result<u64> {
        let messages = messages.to_vec();
        let count = u64::try_from(messages.len()).unwrap_or(u64::MAX);
        let tried = self.home(move |home| {
            let before = home.world.snapshot();
            let tried = home.execute(&messages);
            home.world.restore(&before);
            tried
        });
        tried.await?.map_err(|error| Error::Refused { reason: error.to_string() })?;
        Ok(GAS.saturating_mul(count))
    }

    fn gas_limit(&self, simulated: u64) -> u64 {
        simulated
    }

    fn fee(&self, _: u64) -> Coin {
        Coin { denom: String::new(), amount: 0 }
    }

    async fn sign(&self, messages: &[Execute], _: u64, timeout_height: u64) -> Result<Signed> {
        let messages = messages.to_vec();
        let sign = move |home: &mut Home| {
            let sequence = home.done.len().saturating_add(home.signed.len());
            let bytes = format!("{} {sequence} {timeout_height} {messages:?}", home.sender).into_bytes();
            let hash = Checksum::generate(&bytes).to_hex().to_uppercase();
            home.signed.insert(hash.clone(), messages);
            Signed { bytes, hash, timeout_height }
        };
        self.home(sign).await
    }

    async fn broadcast(&self, signed: &Signed) -> Result<()> {
        let (hash, timeout_height) = (signed.hash.clone(), signed.timeout_height);
        let send = move |home: &mut Home| {
            if timeout_height <= home.world.height() {
                return Err(Error::Refused { reason: format!("timeout height {timeout_height} has passed") });
            }
            home.mempool.push((hash, timeout_height));
            Ok(())
        };
        self.home(send).await?
    }

    async fn outcome(&self, hash: &str) -> Result<Outcome> {
        let hash = hash.to_owned();
        let found = self.home(move |home| home.done.get(&hash).cloned()).await?;
        Ok(found.map_or(Outcome::NotFound, Outcome::Included))
    }
}
