//! Any [`Chain`], with faults that a [`Script`] puts in its way: over the in-process chain in tests, over a real node
//! in a soak run.

mod state;

use std::collections::BTreeMap;
use std::future::{Future, pending};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, MutexGuard};

use cosmwasm_std::Decimal;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::chain::faulty::state::{Inside, State};
use crate::chain::{
    Balances, Chain, ChainReader, Coin, ContractEvent, Execute, Head, Included, Reads, SharedGasPrice, Signed,
    Simulated, TxSender, TxStatus,
};
pub use crate::config::fault_script::{Call, Fault, Rule, Script, When};
use crate::error::{Error, Result};

/// What an answer that can't be says of itself.
const NONSENSE: &str = "nonsense";

/// A chain with faults.
#[derive(Debug)]
pub struct Faulty<C> {
    inner: Arc<C>,
    state: Arc<State>,
}

impl<C> Faulty<C> {
    /// This chain, with what the script says.
    pub fn new(inner: impl Into<Arc<C>>, script: Script) -> Self {
        Self { inner: inner.into(), state: Arc::new(State::new(script)) }
    }

    /// The same script and counts over another key's chain.
    pub fn beside(&self, inner: impl Into<Arc<C>>) -> Self {
        Self { inner: inner.into(), state: self.state.clone() }
    }

    /// The chain itself.
    pub fn inner(&self) -> &C {
        &self.inner
    }

    /// Another script from now on; calls are counted from 1 again.
    pub fn play(&self, script: Script) {
        self.state.play(script);
    }

    /// Returns when a rule lets the keeper die: whoever runs it drops it then. A dead keeper's calls don't come back.
    pub async fn crashed(&self) {
        // The sender lives as long as this does.
        let _ = self.state.crashed.subscribe().wait_for(|crashed| *crashed).await;
    }

    /// How many calls were made since the script began.
    pub fn calls(&self) -> u64 {
        self.inside().all
    }

    /// How often each fault was injected, by call and fault.
    pub fn injected(&self) -> BTreeMap<String, u64> {
        self.inside().injected.clone()
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.state.inside()
    }

    async fn crash<T>(&self) -> Result<T> {
        self.state.crashed.send_replace(true);
        pending().await
    }
}

impl<C> Faulty<C> {
    /// Makes a call unless the fault says otherwise. What the fault does to the answer is the caller's.
    async fn make<T>(&self, call: Call, fault: Option<&Fault>, real: impl Future<Output = Result<T>>) -> Result<T> {
        match fault {
            Some(Fault::Fail) => Err(lost(call)),
            Some(Fault::Lose) => {
                drop(real.await);
                Err(lost(call))
            }
            Some(Fault::Refuse) => Err(refused(call)),
            Some(Fault::Reject(code)) => Err(Error::rejected("sdk", *code, "a fault was injected")),
            Some(Fault::Delay(time)) => {
                sleep(*time).await;
                real.await
            }
            Some(Fault::Hang) => pending().await,
            Some(Fault::Crash) => self.crash().await,
            Some(Fault::CrashAfter) => {
                drop(real.await);
                self.crash().await
            }
            _ => real.await,
        }
    }

    async fn call<T>(&self, call: Call, real: impl Future<Output = Result<T>>) -> Result<(T, Option<Fault>)> {
        let fault = self.inside().next(call);
        Ok((self.make(call, fault.as_ref(), real).await?, fault))
    }

    async fn number(&self, real: impl Future<Output = Result<Option<u64>>>) -> Result<Option<u64>> {
        match self.call(Call::Sequence, real).await? {
            (_, Some(Fault::Garbage)) => Err(Error::garbage(NONSENSE, "a sequence that is no number")),
            (sequence, Some(Fault::Stale(behind))) => Ok(sequence.map(|sequence| sequence.saturating_sub(behind))),
            (sequence, _) => Ok(sequence),
        }
    }

    async fn bent_balances(&self, real: impl Future<Output = Result<Balances>>) -> Result<Balances> {
        let (mut balances, fault) = self.call(Call::Balances, real).await?;
        if fault == Some(Fault::Garbage) {
            balances.insert(NONSENSE.to_owned(), u128::MAX);
        }
        Ok(balances)
    }

    /// A head as the fault has it.
    fn bent(&self, head: Head, fault: Option<&Fault>) -> Head {
        let mut inside = self.inside();
        inside.see(&head);
        match fault {
            Some(Fault::Stale(blocks)) => inside.before(&head, *blocks),
            Some(Fault::Chain(chain_id)) => Head { chain_id: chain_id.clone(), ..head },
            Some(Fault::Garbage) => Head { height: head.height.saturating_sub(5), time: 0, ..head },
            _ => head,
        }
    }
}

fn lost(call: Call) -> Error {
    Error::unreachable("the chain", call.to_string(), "a fault was injected")
}

fn refused(call: Call) -> Error {
    let reason = "a fault was injected".to_owned();
    match call {
        Call::Simulate | Call::Broadcast => Error::Refused { reason },
        _ => Error::Query { what: call.to_string(), reason },
    }
}

/// Half of an answer.
fn cut(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.truncate(bytes.len() / 2);
    bytes
}

/// Whether the block that has it is too new for a node so far behind.
fn unseen(outcome: &TxStatus, head: u64, blocks: u64) -> bool {
    matches!(outcome, TxStatus::Included(included) if included.height.saturating_add(blocks) > head)
}

impl<C: ChainReader> ChainReader for Faulty<C> {
    async fn head(&self) -> Result<Head> {
        let (head, fault) = self.call(Call::Head, self.inner.head()).await?;
        Ok(self.bent(head, fault.as_ref()))
    }

    async fn head_at_once(&self) -> Result<Head> {
        let (head, fault) = self.call(Call::Head, self.inner.head_at_once()).await?;
        Ok(self.bent(head, fault.as_ref()))
    }

    async fn heads(&self) -> Result<Vec<Head>> {
        Ok(self.call(Call::Head, self.inner.heads()).await?.0)
    }

    async fn head_at(&self, height: u64) -> Result<Option<Head>> {
        // Of an earlier block only whether the answer comes is a matter of faults.
        Ok(self.call(Call::Head, self.inner.head_at(height)).await?.0)
    }

    async fn smart_that(&self, contract: &str, msg: Vec<u8>, height: Option<u64>, reads: Reads<'_>) -> Result<Vec<u8>> {
        let fault = self.inside().next(Call::Smart);
        // Of several endpoints the first that is asked answers garbage, as one alone does.
        let spoils = AtomicBool::new(fault == Some(Fault::Garbage));
        let spoiled = |answer: &[u8]| {
            if spoils.swap(false, Ordering::Relaxed) { reads(&cut(answer.to_vec())) } else { reads(answer) }
        };
        let real = self.inner.smart_that(contract, msg, height, &spoiled);
        self.make(Call::Smart, fault.as_ref(), real).await
    }

    async fn is_contract(&self, address: &str) -> Result<bool> {
        let (answer, fault) = self.call(Call::Contract, self.inner.is_contract(address)).await?;
        Ok(answer != (fault == Some(Fault::Garbage)))
    }

    async fn code_id(&self, address: &str) -> Result<Option<u64>> {
        let (answer, fault) = self.call(Call::Contract, self.inner.code_id(address)).await?;
        Ok(if fault == Some(Fault::Garbage) { answer.map(|id| id.wrapping_add(1)) } else { answer })
    }

    async fn raw(&self, contract: &str, key: Vec<u8>, height: Option<u64>) -> Result<Option<Vec<u8>>> {
        let (answer, fault) = self.call(Call::Raw, self.inner.raw(contract, key, height)).await?;
        Ok(if fault == Some(Fault::Garbage) { answer.map(cut) } else { answer })
    }

    async fn balances(&self, address: &str, denoms: &[String]) -> Result<Balances> {
        self.bent_balances(self.inner.balances(address, denoms)).await
    }

    async fn balances_at_once(&self, address: &str, denoms: &[String]) -> Result<Balances> {
        self.bent_balances(self.inner.balances_at_once(address, denoms)).await
    }

    async fn events(&self, height: u64) -> Result<Vec<ContractEvent>> {
        let (mut events, fault) = self.call(Call::Events, self.inner.events(height)).await?;
        if fault == Some(Fault::Garbage) {
            for event in &mut events {
                let nonsense = ["account", "amount", "denom"].map(|key| (key.to_owned(), format!("-1 {NONSENSE}")));
                event.attributes.extend(nonsense);
            }
        }
        if fault == Some(Fault::Swallow) {
            events.clear();
        }
        Ok(events)
    }

    async fn subscribe(&self) -> Result<watch::Receiver<Head>> {
        let (mut real, _) = self.call(Call::Subscribe, self.inner.subscribe()).await?;
        let first = real.borrow_and_update().clone();
        self.inside().see(&first);
        let (told, heads) = watch::channel(first);
        let state = self.state.clone();
        tokio::spawn(async move {
            while real.changed().await.is_ok() {
                let head = real.borrow_and_update().clone();
                if let Some(head) = state.tell(head).await {
                    told.send_replace(head);
                }
                if told.is_closed() {
                    break;
                }
            }
        });
        Ok(heads)
    }

    async fn block_gas(&self) -> Result<Option<u64>> {
        self.inner.block_gas().await
    }

    async fn gas_price_asked(&self) -> Result<Option<Decimal>> {
        self.inner.gas_price_asked().await
    }
}

impl<C: Chain> TxSender for Faulty<C> {
    fn sender(&self) -> Option<&str> {
        self.inner.sender()
    }

    async fn simulate(&self, messages: &[Execute]) -> Result<Simulated> {
        let (simulated, fault) = self.call(Call::Simulate, self.inner.simulate(messages)).await?;
        Ok(if fault == Some(Fault::Garbage) { Simulated::default() } else { simulated })
    }

    async fn simulate_transfer(&self, to: &str, coin: &Coin) -> Result<Simulated> {
        let (simulated, fault) = self.call(Call::Simulate, self.inner.simulate_transfer(to, coin)).await?;
        Ok(if fault == Some(Fault::Garbage) { Simulated::default() } else { simulated })
    }

    fn gas_limit(&self, simulated: u64) -> u64 {
        self.inner.gas_limit(simulated)
    }

    fn gas_price(&self) -> &SharedGasPrice {
        self.inner.gas_price()
    }

    fn fee_granter(&self) -> Option<&str> {
        self.inner.fee_granter()
    }

    fn fee(&self, gas: u64) -> Coin {
        self.inner.fee(gas)
    }

    async fn sign(&self, messages: &[Execute], gas: u64, timeout_height: u64) -> Result<Signed> {
        let fault = self.inside().next(Call::Sign);
        let real = self.inner.sign(messages, scarce(gas, fault.as_ref()), timeout_height);
        self.make(Call::Sign, fault.as_ref(), real).await
    }

    async fn sign_transfer(&self, to: &str, coin: &Coin, gas: u64, timeout_height: u64) -> Result<Signed> {
        let fault = self.inside().next(Call::Sign);
        let real = self.inner.sign_transfer(to, coin, scarce(gas, fault.as_ref()), timeout_height);
        self.make(Call::Sign, fault.as_ref(), real).await
    }

    async fn sequence(&self) -> Result<Option<u64>> {
        self.number(self.inner.sequence()).await
    }

    async fn confirmed_sequence(&self) -> Result<Option<u64>> {
        self.number(self.inner.confirmed_sequence()).await
    }

    async fn agreed_sequence(&self) -> Result<Option<u64>> {
        self.number(self.inner.agreed_sequence()).await
    }

    async fn broadcast(&self, signed: &Signed) -> Result<()> {
        let fault = self.inside().next(Call::Broadcast);
        match &fault {
            Some(Fault::Swallow | Fault::Garbage) => Ok(()),
            Some(Fault::Sequence) => {
                let sender = self.sender().unwrap_or_default().to_owned();
                Err(Error::Sequence { sender, expected: signed.sequence.saturating_add(1) })
            }
            fault => self.make(Call::Broadcast, fault.as_ref(), self.inner.broadcast(signed)).await,
        }
    }

    async fn tx_status(&self, hash: &str) -> Result<TxStatus> {
        let (outcome, fault) = self.call(Call::Outcome, self.inner.tx_status(hash)).await?;
        let head = self.inside().heads.last().map_or(0, |head| head.height);
        Ok(match fault {
            Some(Fault::Garbage) => TxStatus::Included(Included {
                height: 0,
                code: 0,
                codespace: String::new(),
                log: String::new(),
                gas_used: 0,
                events: Vec::new(),
            }),
            // Its index is behind, not its height.
            Some(Fault::Swallow) => TxStatus::NotFound { height: self.inner.head().await?.height },
            Some(Fault::Stale(blocks)) if unseen(&outcome, head, blocks) => TxStatus::NotFound { height: head },
            _ => outcome,
        })
    }
}

fn scarce(gas: u64, fault: Option<&Fault>) -> u64 {
    match fault {
        Some(Fault::Gas(share)) => gas.saturating_mul(u64::from(*share)) / 100,
        _ => gas,
    }
}
