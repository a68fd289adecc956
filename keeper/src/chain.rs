//! The chain, as far as the keeper needs one. It has two homes: a real node, and the in-process world of demo and tests.

pub mod cosmos;
pub mod endpoints;
pub mod faulty;
pub mod requests;
pub mod simulated;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::watch;

use crate::error::{Error, Result};

/// By how many blocks a node may seem to go back: behind one address there may be several, one ahead of another.
pub const REWIND_MAX: u64 = 20;

/// A block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Which chain.
    pub chain_id: String,
    /// Its height.
    pub height: u64,
    /// Its time, in seconds.
    pub time: u64,
}

/// What a contract said. Attributes keep their order, and a key may occur more than once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContractEvent {
    /// The contract's address, as the chain wrote it; a contract can't forge it.
    pub contract: String,
    /// What it said.
    pub attributes: Vec<(String, String)>,
}

impl ContractEvent {
    /// The first attribute of this name.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.attributes.iter().find(|(k, _)| k == key).map(|(_, value)| value.as_str())
    }

    /// All attributes of this name.
    pub fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.attributes.iter().filter(move |(k, _)| k == key).map(|(_, value)| value.as_str())
    }

    /// From an event of type `wasm` or `wasm-…`, which the contract said, or `migrate`, which the chain says of it;
    /// `None` for any other.
    pub fn of_wasm(kind: &str, attributes: impl Iterator<Item = (String, String)>) -> Option<Self> {
        let mut contract = None;
        let mut rest = Vec::new();
        if kind == "migrate" {
            rest.push(("action".to_owned(), "migrate".to_owned()));
        }
        for (key, value) in attributes.filter(|_| kind == "wasm" || kind.starts_with("wasm-") || kind == "migrate") {
            match key.as_str() {
                "_contract_address" => contract = contract.or(Some(value)),
                // Added by the node, not said by the contract.
                "msg_index" => {}
                _ => rest.push((key, value)),
            }
        }
        contract.map(|contract| Self { contract, attributes: rest })
    }
}

/// A coin, in base units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Coin {
    /// Which token.
    pub denom: String,
    /// How much.
    #[serde(serialize_with = "as_text")]
    pub amount: u128,
}

fn as_text<S: serde::Serializer>(amount: &u128, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.collect_str(amount)
}

impl std::fmt::Display for Coin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", self.amount, self.denom)
    }
}

impl std::str::FromStr for Coin {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (amount, denom) = text.split_at(digits);
        match amount.parse() {
            Ok(amount) if !denom.is_empty() => Ok(Self { denom: denom.to_owned(), amount }),
            _ => Err(format!("'{text}' is not a coin like 120uusd")),
        }
    }
}

/// What an address has, by denom.
pub type Balances = BTreeMap<String, u128>;

/// A message to a contract, from the keeper's own key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Execute {
    /// The contract.
    pub contract: String,
    /// The message, as JSON.
    pub msg: Vec<u8>,
    /// Coins sent with it.
    pub funds: Vec<Coin>,
}

impl Execute {
    /// A message to this contract.
    pub fn new(contract: &str, msg: &impl Serialize, funds: Vec<Coin>) -> Result<Self> {
        let msg = serde_json::to_vec(msg).map_err(|error| Error::Refused { reason: error.to_string() })?;
        Ok(Self { contract: contract.to_owned(), msg, funds })
    }
}

/// A signed transaction, not sent yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// What is broadcast.
    pub bytes: Vec<u8>,
    /// Under what it will be found.
    pub hash: String,
    /// The last block that can include it.
    pub timeout_height: u64,
    /// The sender's sequence that it uses up: of two transactions with the same one a chain includes one at most.
    pub sequence: u64,
}

/// What a transaction would come to now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Simulated {
    /// The gas that it would use.
    pub gas: u64,
    /// What contracts would say.
    pub events: Vec<ContractEvent>,
}

/// What became of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// No block up to this one has it, says an endpoint that has told of no later one.
    NotFound {
        /// That block's height.
        height: u64,
    },
    /// A block has it.
    Included(Included),
}

/// A transaction in a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Included {
    /// In which.
    pub height: u64,
    /// 0 when it worked.
    pub code: u32,
    /// Whose code it is.
    pub codespace: String,
    /// What the chain says; an error's text, redacted for submessages.
    pub log: String,
    /// The gas it used.
    pub gas_used: u64,
    /// What contracts said.
    pub events: Vec<ContractEvent>,
}

/// A chain.
///
/// A height of `None` is the latest. Errors of class retry mean that nobody can tell; they never mean no.
pub trait Chain: Send + Sync + 'static {
    /// The latest block.
    fn head(&self) -> impl Future<Output = Result<Head>> + Send;

    /// The newest block of each endpoint, asked anew: what would stop the keeper is not believed of one alone. Empty where there is nobody
    /// else to ask.
    fn heads(&self) -> impl Future<Output = Result<Vec<Head>>> + Send {
        async { Ok(Vec::new()) }
    }

    /// An earlier block; `None` where no node has it any more or says, or of those that have it no more than half say the same.
    fn head_at(&self, _height: u64) -> impl Future<Output = Result<Option<Head>>> + Send {
        async { Ok(None) }
    }

    /// A contract's answer to a JSON message.
    fn smart(&self, contract: &str, msg: Vec<u8>, height: Option<u64>) -> impl Future<Output = Result<Vec<u8>>> + Send;

    /// As [`Chain::smart`]. An answer that `reads` refuses, with the reason, is garbage: where there is another endpoint, that is asked, and
    /// the one that gave the answer is not preferred any more.
    fn smart_that(
        &self,
        contract: &str,
        msg: Vec<u8>,
        height: Option<u64>,
        reads: Reads<'_>,
    ) -> impl Future<Output = Result<Vec<u8>>> + Send {
        async move {
            let answer = self.smart(contract, msg, height).await?;
            reads(&answer).map(|()| answer).map_err(|reason| Error::garbage(contract, reason))
        }
    }

    /// Whether there is a contract at this address.
    fn is_contract(&self, address: &str) -> impl Future<Output = Result<bool>> + Send;

    /// The code that a contract runs now; `None` where there is no contract, or the chain doesn't say.
    fn code_id(&self, _address: &str) -> impl Future<Output = Result<Option<u64>>> + Send {
        async { Ok(None) }
    }

    /// What a contract stored under a key.
    fn raw(
        &self,
        contract: &str,
        key: Vec<u8>,
        height: Option<u64>,
    ) -> impl Future<Output = Result<Option<Vec<u8>>>> + Send;

    /// What an address has of these denoms, without those that it has nothing of. Anybody may send it any others.
    fn balances(&self, address: &str, denoms: &[String]) -> impl Future<Output = Result<Balances>> + Send;

    /// What contracts said in a block, in its successful transactions and outside of them.
    fn events(&self, height: u64) -> impl Future<Output = Result<Vec<ContractEvent>>> + Send;

    /// New blocks as they come. Only the newest is kept: whoever reads counts heights and fills gaps with
    /// [`Chain::events`]. It never ends: a broken connection is made again, and blocks are polled meanwhile.
    fn subscribe(&self) -> impl Future<Output = Result<watch::Receiver<Head>>> + Send;

    /// Whose key signs; `None` when there is none.
    fn sender(&self) -> Option<&str>;

    /// The gas that these messages would use, in one transaction, and what contracts would say; or why they would fail.
    fn simulate(&self, messages: &[Execute]) -> impl Future<Output = Result<Simulated>> + Send;

    /// The most gas that the transactions of a block may ask for together, by the chain's consensus parameters; `None`
    /// is no limit.
    fn block_gas(&self) -> impl Future<Output = Result<Option<u64>>> + Send {
        async { Ok(None) }
    }

    /// The gas limit for a transaction that used this much in simulation.
    fn gas_limit(&self, simulated: u64) -> u64;

    /// What this much gas costs the sender.
    fn fee(&self, gas: u64) -> Coin;

    /// Signs these messages in one transaction, with the sequence read from the chain. Sends nothing.
    fn sign(&self, messages: &[Execute], gas: u64, timeout_height: u64) -> impl Future<Output = Result<Signed>> + Send;

    /// Signs a transfer to this address, with the sequence read from the chain. Sends nothing. A chain that can't refuses.
    fn sign_transfer(
        &self,
        to: &str,
        coin: &Coin,
        gas: u64,
        timeout_height: u64,
    ) -> impl Future<Output = Result<Signed>> + Send {
        let reason = format!("this chain transfers nothing: {coin} to {to} with {gas} gas by block {timeout_height}");
        async move { Err(Error::Refused { reason }) }
    }

    /// How many of the sender's transactions blocks have; `None` where the chain doesn't tell.
    fn sequence(&self) -> impl Future<Output = Result<Option<u64>>> + Send {
        async { Ok(None) }
    }

    /// The same as two endpoints say it, where there are two: the highest number that two say. `None` while no two say the same.
    fn confirmed_sequence(&self) -> impl Future<Output = Result<Option<u64>>> + Send {
        self.sequence()
    }

    /// Sends a signed transaction. [`Error::Refused`] and [`Error::Sequence`] mean that the node didn't take it; any other error that
    /// nobody knows.
    fn broadcast(&self, signed: &Signed) -> impl Future<Output = Result<()>> + Send;

    /// What became of the transaction with this hash.
    fn outcome(&self, hash: &str) -> impl Future<Output = Result<Outcome>> + Send;
}

/// Why an answer can't be read, if it can't.
pub type Reads<'a> = &'a (dyn Fn(&[u8]) -> std::result::Result<(), String> + Send + Sync);

/// Asks a contract and reads the answer.
pub async fn query<T: DeserializeOwned + Send>(
    chain: &impl Chain,
    contract: &str,
    msg: &impl Serialize,
    height: Option<u64>,
) -> Result<T> {
    query_that(chain, contract, msg, height, |_| Ok(())).await
}

/// The same, of an answer that can be true: `fits` says why it can't.
pub async fn query_that<T: DeserializeOwned + Send>(
    chain: &impl Chain,
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
