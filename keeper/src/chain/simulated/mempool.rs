//! The in-process chain's transactions: signed, waiting, done. As on a real chain, sequences decide that none is
//! included twice, and one that fails in its block uses up its sequence and its fee all the same. One whose timeout
//! passed while it waited, or whose fee its sender can't pay any more, is put into a block too, fails there before
//! that, and uses up nothing.

use std::collections::BTreeMap;

use cosmwasm_std::Checksum;

use crate::chain::{Coin, Execute, Included, Signed};
use crate::error::{Error, Result};

/// What one message is counted as, and one item of a batch: cw-multi-test meters no gas.
const GAS: u64 = 200_000;

/// A message of a transaction.
#[derive(Clone, Debug)]
pub(super) enum Message {
    /// To a contract.
    Execute(Execute),
    /// Coins to an address.
    Transfer { to: String, coin: Coin },
}

/// A transaction.
#[derive(Clone, Debug)]
pub(super) struct Transaction {
    pub sender: String,
    pub sequence: u64,
    pub timeout_height: u64,
    pub gas: u64,
    pub fee: Coin,
    pub messages: Vec<Message>,
}

impl Transaction {
    /// The gas that it uses.
    pub fn work(&self) -> u64 {
        self.messages.iter().map(Message::work).fold(0, u64::saturating_add)
    }
}

impl Message {
    /// The gas that it uses.
    pub fn work(&self) -> u64 {
        let Self::Execute(execute) = self else { return GAS };
        let json: serde_json::Value = serde_json::from_slice(&execute.msg).unwrap_or_default();
        let items = ["liquidate", "liquidate_batch"].iter().find_map(|name| json[*name]["items"].as_array());
        let items = items.map_or(1, Vec::len);
        GAS.saturating_mul(u64::try_from(items.max(1)).unwrap_or(u64::MAX))
    }
}

/// All transactions of a chain.
#[derive(Debug, Default)]
pub(super) struct Mempool {
    sequences: BTreeMap<String, u64>,
    signed: BTreeMap<String, Transaction>,
    waiting: Vec<String>,
    done: BTreeMap<String, (String, Included)>,
}

impl Mempool {
    /// How many of this sender's transactions blocks have.
    pub fn sequence(&self, sender: &str) -> u64 {
        self.sequences.get(sender).copied().unwrap_or_default()
    }

    /// Keeps a transaction under its hash, and answers with what is broadcast.
    pub fn sign(&mut self, transaction: Transaction) -> Signed {
        let bytes = format!("{transaction:?}").into_bytes();
        let hash = Checksum::generate(&bytes).to_hex().to_uppercase();
        let timeout_height = transaction.timeout_height;
        let sequence = transaction.sequence;
        self.signed.insert(hash.clone(), transaction);
        Signed { bytes, hash, timeout_height, sequence }
    }

    /// The transaction of this hash.
    pub fn signed(&self, hash: &str) -> Option<&Transaction> {
        self.signed.get(hash)
    }

    /// Takes a transaction for the blocks after `height`, if it is its sender's next.
    pub fn broadcast(&mut self, hash: &str, height: u64) -> Result<()> {
        // It is waiting already.
        if self.waiting.iter().any(|waiting| waiting == hash) {
            return Ok(());
        }
        let Some(transaction) = self.signed.get(hash) else {
            return Err(Error::rejected("sdk", 2, format!("nobody signed {hash}")));
        };
        if transaction.timeout_height < height {
            let reason = format!("timeout height {} has passed", transaction.timeout_height);
            return Err(Error::rejected("sdk", 30, reason));
        }
        let sender = transaction.sender.as_str();
        let ours = |hash: &&String| self.signed.get(*hash).is_some_and(|other| other.sender == sender);
        let ahead = u64::try_from(self.waiting.iter().filter(ours).count()).unwrap_or(u64::MAX);
        let expected = self.sequence(sender).saturating_add(ahead);
        if transaction.sequence != expected {
            return Err(Error::Sequence { sender: sender.to_owned(), expected });
        }
        self.waiting.push(hash.to_owned());
        Ok(())
    }

    /// Those that wait, in their order, as many as ask for no more gas together; the others go on waiting.
    pub fn take(&mut self, most: Option<u64>) -> Vec<(String, Transaction)> {
        let mut left = most.unwrap_or(u64::MAX);
        let mut taken = Vec::new();
        let waiting = std::mem::take(&mut self.waiting);
        for (at, hash) in waiting.iter().enumerate() {
            let Some(transaction) = self.signed.remove(hash) else { continue };
            if transaction.gas > left {
                self.signed.insert(hash.clone(), transaction);
                self.waiting = waiting.get(at..).unwrap_or_default().to_vec();
                break;
            }
            left = left.saturating_sub(transaction.gas);
            taken.push((hash.clone(), transaction));
        }
        taken
    }

    /// This sender's sequence is used up.
    pub fn spend(&mut self, sender: &str) {
        let sequence = self.sequences.entry(sender.to_owned()).or_default();
        *sequence = sequence.saturating_add(1);
    }

    /// Forgets what is waiting, as a node does that starts anew.
    pub fn clear(&mut self) {
        self.waiting.clear();
    }

    /// Keeps what became of one.
    pub fn done(&mut self, hash: String, sender: String, included: Included) {
        self.done.insert(hash, (sender, included));
    }

    /// What became of one.
    pub fn outcome(&self, hash: &str) -> Option<Included> {
        self.done.get(hash).map(|(_, included)| included.clone())
    }

    /// What became of all of this sender's, by hash.
    pub fn outcomes(&self, sender: &str) -> BTreeMap<String, Included> {
        let ours = self.done.iter().filter(|(_, (who, _))| who == sender);
        ours.map(|(hash, (_, included))| (hash.clone(), included.clone())).collect()
    }
}
