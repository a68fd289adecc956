//! The chain, as far as the keeper needs one. It has two homes: a real node, and the in-process world of demo and
//! tests.

mod block;
mod coin;
#[cfg(feature = "node")]
pub mod cosmos;
#[cfg(feature = "node")]
pub mod endpoints;
mod event;
#[cfg(feature = "faults")]
pub mod faulty;
mod gas_price;
#[cfg(feature = "node")]
pub mod requests;
#[cfg(feature = "demo")]
pub mod simulated;
mod tx_types;

use std::future::Future;
use std::sync::{Mutex, PoisonError};

use cosmwasm_std::Decimal;
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use tokio::sync::watch;

pub use crate::chain::block::{Head, INDEX_LAG_BLOCKS, REWIND_MAX};
pub use crate::chain::coin::{Balances, Coin};
pub use crate::chain::event::ContractEvent;
pub use crate::chain::gas_price::{GasPrice, SharedGasPrice};
pub use crate::chain::tx_types::{Execute, Included, Signed, Simulated, TxStatus};
use crate::error::{Error, Result};

/// What a chain tells, to whoever asks.
///
/// A height of `None` is the latest. Errors of class retry mean that nobody can tell; they never mean no. No method has
/// a default that says nothing: whoever can't tell something says so.
pub trait ChainReader: Send + Sync + 'static {
    /// The latest block.
    fn head(&self) -> impl Future<Output = Result<Head>> + Send;

    /// The same at once: it waits neither for a pause that an endpoint asked for nor for a request budget. For what
    /// decides about a transaction or follows it; a chain without such waits answers as ever.
    fn head_at_once(&self) -> impl Future<Output = Result<Head>> + Send {
        self.head()
    }

    /// The newest block of each endpoint, asked anew: what would stop the keeper is not believed of one alone. Empty
    /// where there is nobody else to ask.
    fn heads(&self) -> impl Future<Output = Result<Vec<Head>>> + Send;

    /// An earlier block; `None` where no node has it any more or says, or of those that have it no more than half say
    /// the same.
    fn head_at(&self, height: u64) -> impl Future<Output = Result<Option<Head>>> + Send;

    /// A contract's answer to a JSON message. An answer that `reads` refuses, with the reason, is garbage: where there
    /// is another endpoint, that is asked, and the one that gave the answer is not preferred any more.
    fn smart_that(
        &self,
        contract: &str,
        msg: Vec<u8>,
        height: Option<u64>,
        reads: Reads<'_>,
    ) -> impl Future<Output = Result<Vec<u8>>> + Send;

    /// As [`ChainReader::smart_that`], of any answer that is JSON.
    fn smart(&self, contract: &str, msg: Vec<u8>, height: Option<u64>) -> impl Future<Output = Result<Vec<u8>>> + Send {
        async move {
            let json = |answer: &[u8]| serde_json::from_slice::<IgnoredAny>(answer).map(drop);
            self.smart_that(contract, msg, height, &|answer| json(answer).map_err(|error| error.to_string())).await
        }
    }

    /// Whether there is a contract at this address.
    fn is_contract(&self, address: &str) -> impl Future<Output = Result<bool>> + Send;

    /// The code that a contract runs now; `None` where there is no contract, or the chain doesn't say.
    fn code_id(&self, address: &str) -> impl Future<Output = Result<Option<u64>>> + Send;

    /// What a contract stored under a key.
    fn raw(
        &self,
        contract: &str,
        key: Vec<u8>,
        height: Option<u64>,
    ) -> impl Future<Output = Result<Option<Vec<u8>>>> + Send;

    /// What an address has of these denoms, without those that it has nothing of. Anybody may send it any others.
    fn balances(&self, address: &str, denoms: &[String]) -> impl Future<Output = Result<Balances>> + Send;

    /// The same at once, as [`ChainReader::head_at_once`].
    fn balances_at_once(&self, address: &str, denoms: &[String]) -> impl Future<Output = Result<Balances>> + Send {
        self.balances(address, denoms)
    }

    /// What contracts said in a block, in its successful transactions and outside of them.
    fn events(&self, height: u64) -> impl Future<Output = Result<Vec<ContractEvent>>> + Send;

    /// New blocks as they come. Only the newest is kept: whoever reads counts heights and fills gaps with
    /// [`ChainReader::events`]. It never ends: a broken connection is made again, and blocks are polled meanwhile.
    fn subscribe(&self) -> impl Future<Output = Result<watch::Receiver<Head>>> + Send;

    /// The most gas that the transactions of a block may ask for together, by the chain's consensus parameters; `None`
    /// is no limit.
    fn block_gas(&self) -> impl Future<Output = Result<Option<u64>>> + Send;

    /// What a unit of gas costs now, in the denom that fees are paid in: what the chain's fee market asks for, or the
    /// least that a node takes. `None` where nobody says.
    fn gas_price_asked(&self) -> impl Future<Output = Result<Option<Decimal>>> + Send;
}

/// Where the transactions of one key are simulated, signed, sent and looked up.
pub trait TxSender: Send + Sync + 'static {
    /// Whose key signs; `None` when there is none.
    fn sender(&self) -> Option<&str>;

    /// The gas that these messages would use, in one transaction, and what contracts would say; or why they would fail.
    fn simulate(&self, messages: &[Execute]) -> impl Future<Output = Result<Simulated>> + Send;

    /// The gas that a transfer to this address would use; or why it would fail.
    fn simulate_transfer(&self, to: &str, coin: &Coin) -> impl Future<Output = Result<Simulated>> + Send;

    /// The gas limit for a transaction that used this much in simulation.
    fn gas_limit(&self, simulated: u64) -> u64;

    /// What gas is paid with. The keys of a chain share it.
    fn gas_price(&self) -> &SharedGasPrice;

    /// Who pays the fees in the sender's place, by an allowance; `None` where the sender pays them.
    fn fee_granter(&self) -> Option<&str>;

    /// What this much gas costs whoever pays the fees.
    fn fee(&self, gas: u64) -> Coin;

    /// Signs these messages in one transaction, with the sequence read from the chain. Sends nothing.
    fn sign(&self, messages: &[Execute], gas: u64, timeout_height: u64) -> impl Future<Output = Result<Signed>> + Send;

    /// Signs a transfer to this address, with the sequence read from the chain. Sends nothing. A chain that can't
    /// refuses.
    fn sign_transfer(
        &self,
        to: &str,
        coin: &Coin,
        gas: u64,
        timeout_height: u64,
    ) -> impl Future<Output = Result<Signed>> + Send;

    /// How many of the sender's transactions blocks have; `None` where the chain doesn't tell.
    fn sequence(&self) -> impl Future<Output = Result<Option<u64>>> + Send;

    /// The same as two endpoints say it, where two answer: the highest number that two say. `None` while no two of them
    /// say the same.
    fn confirmed_sequence(&self) -> impl Future<Output = Result<Option<u64>>> + Send;

    /// The same, where one that answers alone is believed only if there is no other: what ends the keeper.
    fn agreed_sequence(&self) -> impl Future<Output = Result<Option<u64>>> + Send;

    /// Sends a signed transaction. [`Error::Refused`] and [`Error::Sequence`] mean that the node didn't take it; any
    /// other error that nobody knows.
    fn broadcast(&self, signed: &Signed) -> impl Future<Output = Result<()>> + Send;

    /// What became of the transaction with this hash.
    fn tx_status(&self, hash: &str) -> impl Future<Output = Result<TxStatus>> + Send;
}

/// A chain that is read, and to which a key sends.
pub trait Chain: ChainReader + TxSender {}

impl<T: ChainReader + TxSender> Chain for T {}

/// Why an answer can't be read, if it can't.
pub type Reads<'a> = &'a (dyn Fn(&[u8]) -> std::result::Result<(), String> + Send + Sync);

/// The answer, if it can be read.
pub fn read_by(contract: &str, answer: Vec<u8>, reads: Reads<'_>) -> Result<Vec<u8>> {
    reads(&answer).map(|()| answer).map_err(|reason| Error::garbage(contract, reason))
}

/// Asks a contract and reads the answer.
pub async fn query<T: DeserializeOwned + Send>(
    chain: &impl ChainReader,
    contract: &str,
    msg: &impl Serialize,
    height: Option<u64>,
) -> Result<T> {
    query_that(chain, contract, msg, height, |_| Ok(())).await
}

/// The same, of an answer that can be true: `fits` says why it can't.
pub async fn query_that<T: DeserializeOwned + Send>(
    chain: &impl ChainReader,
    contract: &str,
    msg: &impl Serialize,
    height: Option<u64>,
    fits: impl Fn(&T) -> std::result::Result<(), String> + Send + Sync,
) -> Result<T> {
    let msg = serde_json::to_vec(msg).map_err(|error| Error::garbage("this keeper", error))?;
    let what = String::from_utf8_lossy(&msg).into_owned();
    let found = Mutex::new(None);
    let reads = |answer: &[u8]| {
        let read: T = serde_json::from_slice(answer).map_err(|error| format!("{error}, when asked {what}"))?;
        fits(&read)?;
        *found.lock().unwrap_or_else(PoisonError::into_inner) = Some(read);
        Ok(())
    };
    chain.smart_that(contract, msg, height, &reads).await?;
    let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.ok_or_else(|| Error::garbage(contract, "an answer that nobody has read"))
}
