//! The in-process chain of `plimsoll-testing` as a [`Chain`]: for the demo, simulations and tests.
//!
//! cw-multi-test's chain can't move between threads, so it lives on one of its own and is sent closures. Blocks are
//! made by call: [`WorldChain::block`] goes on to the next, in which the transactions that were broadcast are executed
//! first.

mod mempool;

use std::collections::BTreeMap;
use std::sync::mpsc;
use std::thread;

use cosmwasm_std::{Addr, Decimal};
use plimsoll_testing::{AppResponse, World, WorldError};
use tokio::sync::{oneshot, watch};

use crate::chain::simulated::mempool::{Mempool, Message, Transaction};
use crate::chain::{
    Balances, ChainReader, Coin, ContractEvent, Execute, GasPrice, Head, Included, Reads, SharedGasPrice, Signed,
    Simulated, TxSender, TxStatus, read_by,
};
use crate::error::{Error, Result};

type Job = Box<dyn FnOnce(&mut Home) + Send>;

/// Who gets what is paid for gas.
const FEES: &str = "fee_collector";

/// A world, and the key that signs for us there.
#[derive(Clone, Debug)]
pub struct WorldChain {
    jobs: mpsc::Sender<Job>,
    sender: String,
    gas_price: SharedGasPrice,
}

/// What lives on the thread.
struct Home {
    world: World,
    said: BTreeMap<u64, Vec<ContractEvent>>,
    mempool: Mempool,
    /// The least that is taken for a unit of gas.
    gas_price: Option<Coin>,
    /// Whether that is told to whoever asks.
    tells_gas_price: bool,
    /// The most gas that a block's transactions ask for together; no limit at first.
    block_gas: Option<u64>,
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
            let _ = ready.send(sender);
            let heads = watch::Sender::new(head_of(&world));
            let (said, mempool) = (BTreeMap::new(), Mempool::default());
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
        for (hash, transaction) in self.mempool.take(self.block_gas) {
            // Another of its sender's may have used its sequence up.
            if transaction.sequence != self.mempool.sequence(&transaction.sender) {
                continue;
            }
            let included = self.include(height, &transaction);
            said.extend(included.events.clone());
            self.mempool.done(hash, transaction.sender, included);
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

    /// A transaction in its block. Once its timeout and fee are seen to be good, these and its sequence are gone
    /// whatever it comes to.
    fn include(&mut self, height: u64, transaction: &Transaction) -> Included {
        let (sender, used, gas) = (transaction.sender.as_str(), transaction.work(), transaction.gas);
        let failed = |codespace: &str, code, log, gas_used| {
            let (codespace, events) = (codespace.to_owned(), Vec::new());
            Included { height, code, codespace, log, gas_used, events }
        };
        let fee = transaction.fee.clone();
        if height > transaction.timeout_height {
            let log = format!("block height: {height}, timeout height: {}", transaction.timeout_height);
            return failed("sdk", 30, log, 0);
        }
        let paid = match fee.amount {
            0 => Ok(()),
            amount => self.world.send(sender, FEES, &[cosmwasm_std::coin(amount, &fee.denom)]).map(drop),
        };
        if let Err(error) = paid {
            return failed("sdk", 5, format!("insufficient funds for a fee of {fee}: {error}"), 0);
        }
        self.mempool.spend(sender);
        if used > gas {
            return failed("sdk", 11, format!("out of gas in location: wasm; gasWanted: {gas}, gasUsed: {used}"), gas);
        }
        match self.execute(sender, &transaction.messages) {
            Ok(events) => {
                Included { height, code: 0, codespace: String::new(), log: String::new(), gas_used: used, events }
            }
            Err((at, error)) => {
                failed("wasm", 5, format!("failed to execute message; message index: {at}: {error}"), used)
            }
        }
    }

    /// One transaction's messages: all of them, or none; then says which has failed.
    fn execute(
        &mut self,
        sender: &str,
        messages: &[Message],
    ) -> std::result::Result<Vec<ContractEvent>, (usize, WorldError)> {
        let before = self.world.snapshot();
        let mut events = Vec::new();
        for (at, message) in messages.iter().enumerate() {
            match self.message(sender, message) {
                Ok(response) => events.extend(events_of(&response)),
                Err(error) => {
                    self.world.restore(&before);
                    return Err((at, error));
                }
            }
        }
        Ok(events)
    }

    fn message(&mut self, sender: &str, message: &Message) -> std::result::Result<AppResponse, WorldError> {
        let coin = |coin: &Coin| cosmwasm_std::coin(coin.amount, &coin.denom);
        match message {
            Message::Transfer { to, coin: sent } => self.world.send(sender, to.as_str(), &[coin(sent)]),
            Message::Execute(execute) => {
                let json: serde_json::Value = serde_json::from_slice(&execute.msg).unwrap_or_default();
                let funds: Vec<_> = execute.funds.iter().map(coin).collect();
                self.world.execute_contract(sender, &Addr::unchecked(&execute.contract), &json, &funds)
            }
        }
    }

    fn sign(&mut self, sender: String, messages: Vec<Message>, gas: u64, fee: Coin, timeout_height: u64) -> Signed {
        let sequence = self.mempool.sequence(&sender);
        self.mempool.sign(Transaction { sender, sequence, timeout_height, gas, fee, messages })
    }

    fn broadcast(&mut self, hash: &str) -> Result<()> {
        if let Some(transaction) = self.mempool.signed(hash) {
            if let Some(most) = self.block_gas.filter(|most| transaction.gas > *most) {
                let wanted = transaction.gas;
                let reason = format!("tx gas limit {wanted} exceeds block max gas {most}");
                return Err(Error::rejected("sdk", 41, reason));
            }
            let (fee, least) = (&transaction.fee, fee(self.gas_price.as_ref(), transaction.gas));
            if fee.amount < least.amount {
                let reason = format!("insufficient fees; got: {fee} required: {least}: insufficient fee");
                return Err(Error::rejected("sdk", 13, reason));
            }
            if fee.amount > 0 && self.world.balance(transaction.sender.as_str(), &fee.denom) < fee.amount {
                return Err(Error::rejected("sdk", 5, format!("insufficient funds for a fee of {fee}")));
            }
        }
        self.mempool.broadcast(hash, self.world.height())
    }

    fn smart(&self, contract: &str, msg: &[u8]) -> std::result::Result<Vec<u8>, String> {
        let json: serde_json::Value = serde_json::from_slice(msg).map_err(|error| error.to_string())?;
        let answer: serde_json::Value =
            self.world.query_contract(&Addr::unchecked(contract), &json).map_err(|error| error.to_string())?;
        serde_json::to_vec(&answer).map_err(|error| error.to_string())
    }

    fn balances(&self, address: &str, denoms: Vec<String>) -> Balances {
        let held = denoms.into_iter().map(|denom| (self.world.balance(address, &denom), denom));
        held.filter(|(amount, _)| *amount > 0).map(|(amount, denom)| (denom, amount)).collect()
    }

    fn check_height(&self, height: Option<u64>) -> std::result::Result<(), String> {
        match height.filter(|height| *height != self.world.height()) {
            Some(height) => Err(format!("height {height} is not kept, the world is at {}", self.world.height())),
            None => Ok(()),
        }
    }
}

/// What this much gas costs; nothing while it has no price.
fn fee(price: Option<&Coin>, gas: u64) -> Coin {
    let free = Coin { denom: String::new(), amount: 0 };
    price.map_or(free, |price| Coin { amount: price.amount.saturating_mul(gas.into()), ..price.clone() })
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

fn executes(messages: &[Execute]) -> Vec<Message> {
    messages.iter().cloned().map(Message::Execute).collect()
}

impl ChainReader for WorldChain {
    async fn head(&self) -> Result<Head> {
        self.home(|home| head_of(&home.world)).await
    }

    async fn heads(&self) -> Result<Vec<Head>> {
        // It is its only endpoint.
        Ok(Vec::new())
    }

    async fn head_at(&self, _height: u64) -> Result<Option<Head>> {
        // It keeps its newest block alone.
        Ok(None)
    }

    async fn smart_that(&self, contract: &str, msg: Vec<u8>, height: Option<u64>, reads: Reads<'_>) -> Result<Vec<u8>> {
        let what = format!("{contract} {}", String::from_utf8_lossy(&msg));
        let address = contract.to_owned();
        let answer = self.home(move |home| home.check_height(height).and_then(|()| home.smart(&address, &msg))).await?;
        read_by(contract, answer.map_err(|reason| Error::Query { what, reason })?, reads)
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

    async fn balances(&self, address: &str, denoms: &[String]) -> Result<Balances> {
        let (address, denoms) = (address.to_owned(), denoms.to_vec());
        self.home(move |home| home.balances(&address, denoms)).await
    }

    async fn events(&self, height: u64) -> Result<Vec<ContractEvent>> {
        self.home(move |home| home.said.get(&height).cloned().unwrap_or_default()).await
    }

    async fn subscribe(&self) -> Result<watch::Receiver<Head>> {
        self.home(|home| home.heads.subscribe()).await
    }

    async fn block_gas(&self) -> Result<Option<u64>> {
        self.home(|home| home.block_gas).await
    }

    async fn gas_price_asked(&self) -> Result<Option<Decimal>> {
        let told = |home: &mut Home| home.gas_price.as_ref().filter(|_| home.tells_gas_price).map(whole);
        self.home(told).await
    }
}

impl TxSender for WorldChain {
    fn sender(&self) -> Option<&str> {
        Some(&self.sender)
    }

    async fn simulate(&self, messages: &[Execute]) -> Result<Simulated> {
        self.try_out(executes(messages)).await
    }

    async fn simulate_transfer(&self, to: &str, coin: &Coin) -> Result<Simulated> {
        self.try_out(vec![Message::Transfer { to: to.to_owned(), coin: coin.clone() }]).await
    }

    fn gas_limit(&self, simulated: u64) -> u64 {
        simulated
    }

    fn gas_price(&self) -> &SharedGasPrice {
        &self.gas_price
    }

    fn fee_granter(&self) -> Option<&str> {
        None
    }

    fn fee(&self, gas: u64) -> Coin {
        self.gas_price.get().fee(gas)
    }

    async fn sign(&self, messages: &[Execute], gas: u64, timeout_height: u64) -> Result<Signed> {
        let (sender, messages, fee) = (self.sender.clone(), executes(messages), self.fee(gas));
        self.home(move |home| home.sign(sender, messages, gas, fee, timeout_height)).await
    }

    async fn sign_transfer(&self, to: &str, coin: &Coin, gas: u64, timeout_height: u64) -> Result<Signed> {
        let messages = vec![Message::Transfer { to: to.to_owned(), coin: coin.clone() }];
        let (sender, fee) = (self.sender.clone(), self.fee(gas));
        self.home(move |home| home.sign(sender, messages, gas, fee, timeout_height)).await
    }

    async fn sequence(&self) -> Result<Option<u64>> {
        let sender = self.sender.clone();
        self.home(move |home| Some(home.mempool.sequence(&sender))).await
    }

    async fn confirmed_sequence(&self) -> Result<Option<u64>> {
        self.sequence().await
    }

    async fn broadcast(&self, signed: &Signed) -> Result<()> {
        let hash = signed.hash.clone();
        self.home(move |home| home.broadcast(&hash)).await?
    }

    async fn tx_status(&self, hash: &str) -> Result<TxStatus> {
        let hash = hash.to_owned();
        let ask = move |home: &mut Home| (home.mempool.outcome(&hash), home.world.height());
        let (found, height) = self.home(ask).await?;
        Ok(found.map_or(TxStatus::NotFound { height }, TxStatus::Included))
    }
}
