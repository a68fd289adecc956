//! The in-process chain of `plimsoll-testing` as a [`Chain`]: for the demo, simulations and tests.
//!
//! cw-multi-test's chain can't move between threads, so it lives on one of its own and is sent closures. Blocks are
//! made by call: [`WorldChain::block`] goes on to the next, in which the transactions that were broadcast are executed
//! first.

mod client;
mod mempool;
mod simulator;

use std::collections::BTreeMap;
use std::sync::mpsc;
use std::thread;

use cosmwasm_std::Decimal;
use plimsoll_testing::{AppResponse, World, WorldError};
use tokio::sync::{oneshot, watch};

use crate::chain::simulated::mempool::{Mempool, Message};
use crate::chain::simulated::simulator::{Home, head_of};
use crate::chain::{Coin, GasPrice, Head, Included, SharedGasPrice, Simulated};
use crate::error::{Error, Result};

type Job = Box<dyn FnOnce(&mut Home) + Send>;

/// A world, and the key that signs for us there.
#[derive(Clone, Debug)]
pub struct WorldChain {
    jobs: mpsc::Sender<Job>,
    sender: String,
    gas_price: SharedGasPrice,
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
            let _ = ready.send(sender);
            let heads = watch::Sender::new(head_of(&world));
            let said = BTreeMap::new();
            let mempool = Mempool::default();
            let mut home =
                Home { world, said, mempool, gas_price: None, tells_gas_price: false, block_gas: None, heads };
            for job in queue {
                job(&mut home);
            }
        };
        thread::Builder::new().name("world".to_owned()).spawn(work).map_err(|_| gone())?;
        let sender = built.await.map_err(|_| gone())?;
        Ok(Self { jobs, sender, gas_price: price_of(None, None) })
    }

    /// The same chain, with another actor's key.
    pub async fn signed_by(&self, actor: &str) -> Result<Self> {
        let actor = actor.to_owned();
        let sender = self.with(move |world| world.addr(actor.as_str()).into_string()).await?;
        Ok(Self { sender, ..self.clone() })
    }

    /// Gas costs something from now on: so much a unit, of every sender. It is paid when a block includes a
    /// transaction, whatever that comes to.
    pub async fn with_gas_price(mut self, price: Coin) -> Result<Self> {
        self.gas_price = price_of(Some(&price), None);
        self.home(move |home| home.gas_price = Some(price)).await?;
        Ok(self)
    }

    /// Our key pays no more than this for a unit of gas, beginning with what gas costs now.
    pub async fn with_max_gas_price(mut self, most: u128) -> Result<Self> {
        let price = self.home(|home| home.gas_price.clone()).await?;
        self.gas_price = price_of(price.as_ref(), Some(most));
        Ok(self)
    }

    /// A unit of gas costs so much from now on, whatever keys are set to pay; `tells` is whether the chain says so when
    /// it is asked.
    pub async fn set_gas_market(&self, amount: u128, tells: bool) -> Result<()> {
        let set = move |home: &mut Home| {
            home.tells_gas_price = tells;
            home.gas_price.iter_mut().for_each(|price| price.amount = amount);
        };
        self.home(set).await
    }

    /// The transactions of a block ask for no more gas than this together from now on; `None` is no limit. One that
    /// asks for more is refused, and what a block has no room for waits.
    pub async fn set_block_gas(&self, most: Option<u64>) -> Result<()> {
        self.home(move |home| home.block_gas = most).await
    }

    /// All transactions of our key that blocks have, by hash.
    pub async fn included(&self) -> Result<BTreeMap<String, Included>> {
        let sender = self.sender.clone();
        self.home(move |home| home.mempool.outcomes(&sender)).await
    }

    /// Forgets the transactions that wait for a block, as a node does that starts anew.
    pub async fn forget_waiting(&self) -> Result<()> {
        self.home(|home| home.mempool.clear()).await
    }

    /// Does something with the world at its present block.
    pub async fn with<T: Send + 'static>(&self, act: impl FnOnce(&mut World) -> T + Send + 'static) -> Result<T> {
        self.home(move |home| act(&mut home.world)).await
    }

    /// Goes on to the next block, `seconds` later: first the transactions that were broadcast, then what `act` does.
    /// Events of the responses that it answers with become the block's. When it fails, the block is made all the same.
    pub async fn block(
        &self,
        seconds: u64,
        act: impl FnOnce(&mut World) -> std::result::Result<Vec<AppResponse>, WorldError> + Send + 'static,
    ) -> Result<std::result::Result<Head, WorldError>> {
        self.home(move |home| home.block(seconds, act)).await
    }

    /// What these messages of our key come to now. Leaves everything as it was.
    async fn try_out(&self, messages: Vec<Message>) -> Result<Simulated> {
        let sender = self.sender.clone();
        let tried = self.home(move |home| {
            let before = home.world.snapshot();
            let tried = home.execute(&sender, &messages);
            home.world.restore(&before);
            let gas = messages.iter().map(Message::work).fold(0, u64::saturating_add);
            tried.map(|events| Simulated { gas, events })
        });
        tried.await?.map_err(|(_, error)| Error::Refused { reason: error.to_string() })
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

/// A price in whole base units.
fn whole(price: &Coin) -> Decimal {
    Decimal::checked_from_ratio(price.amount, 1u64).unwrap_or(Decimal::MAX)
}

/// What a key pays that was told of this price.
fn price_of(price: Option<&Coin>, most: Option<u128>) -> SharedGasPrice {
    let denom = price.map_or("", |price| &price.denom);
    let most = most.map(|most| Decimal::checked_from_ratio(most, 1u64).unwrap_or(Decimal::MAX));
    SharedGasPrice::new(GasPrice::new(denom, price.map_or(Decimal::zero(), whole), most))
}
