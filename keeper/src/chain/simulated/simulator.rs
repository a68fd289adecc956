//! The world itself, and what happens in it: blocks are made, transactions executed, contracts asked.

use std::collections::BTreeMap;

use cosmwasm_std::Addr;
use plimsoll_testing::{AppResponse, World, WorldError};
use tokio::sync::watch;

use crate::chain::simulated::mempool::{Mempool, Message, Transaction};
use crate::chain::{Balances, Coin, ContractEvent, Head, Included, Signed};
use crate::error::{Error, Result};

/// Who gets what is paid for gas.
const FEES: &str = "fee_collector";

/// What lives on the thread.
pub(super) struct Home {
    pub(super) world: World,
    pub(super) said: BTreeMap<u64, Vec<ContractEvent>>,
    pub(super) mempool: Mempool,
    /// The least that is taken for a unit of gas.
    pub(super) gas_price: Option<Coin>,
    /// Whether that is told to whoever asks.
    pub(super) tells_gas_price: bool,
    /// The most gas that a block's transactions ask for together; no limit at first.
    pub(super) block_gas: Option<u64>,
    pub(super) heads: watch::Sender<Head>,
}

impl Home {
    pub(super) fn block(
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
        let sender = transaction.sender.as_str();
        let used = transaction.work();
        let gas = transaction.gas;
        let failed = |codespace: &str, code, log, gas_used| {
            let codespace = codespace.to_owned();
            let events = Vec::new();
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
    pub(super) fn execute(
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

    pub(super) fn sign(
        &mut self,
        sender: String,
        messages: Vec<Message>,
        gas: u64,
        fee: Coin,
        timeout_height: u64,
    ) -> Signed {
        let sequence = self.mempool.sequence(&sender);
        self.mempool.sign(Transaction { sender, sequence, timeout_height, gas, fee, messages })
    }

    pub(super) fn broadcast(&mut self, hash: &str) -> Result<()> {
        if let Some(transaction) = self.mempool.signed(hash) {
            if let Some(most) = self.block_gas.filter(|most| transaction.gas > *most) {
                let wanted = transaction.gas;
                let reason = format!("tx gas limit {wanted} exceeds block max gas {most}");
                return Err(Error::rejected("sdk", 41, reason));
            }
            let least = fee(self.gas_price.as_ref(), transaction.gas);
            let fee = &transaction.fee;
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

    pub(super) fn smart(&self, contract: &str, msg: &[u8]) -> std::result::Result<Vec<u8>, String> {
        let json: serde_json::Value = serde_json::from_slice(msg).map_err(|error| error.to_string())?;
        let answer: serde_json::Value =
            self.world.query_contract(&Addr::unchecked(contract), &json).map_err(|error| error.to_string())?;
        serde_json::to_vec(&answer).map_err(|error| error.to_string())
    }

    pub(super) fn balances(&self, address: &str, denoms: Vec<String>) -> Balances {
        let held = denoms.into_iter().map(|denom| (self.world.balance(address, &denom), denom));
        held.filter(|(amount, _)| *amount > 0).map(|(amount, denom)| (denom, amount)).collect()
    }

    pub(super) fn check_height(&self, height: Option<u64>) -> std::result::Result<(), String> {
        match height.filter(|height| *height != self.world.height()) {
            Some(height) => Err(format!("height {height} is not kept, the world is at {}", self.world.height())),
            None => Ok(()),
        }
    }
}

pub(super) fn head_of(world: &World) -> Head {
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

/// What this much gas costs; nothing while it has no price.
fn fee(price: Option<&Coin>, gas: u64) -> Coin {
    let free = Coin { denom: String::new(), amount: 0 };
    price.map_or(free, |price| Coin { amount: price.amount.saturating_mul(gas.into()), ..price.clone() })
}
