//! Somebody with a key.

use plimsoll_keeper::chain::cosmos::Node;
use plimsoll_keeper::chain::cosmos::lookup::TxOutcome;
use plimsoll_keeper::chain::{ChainReader, Coin, Execute};
use plimsoll_keeper::config::{Config, Layers};
use plimsoll_keeper::error::{Error, Result};
use plimsoll_keeper::keys::Mnemonic;
use serde_json::Value;

/// Somebody who sends transactions, one after the other.
#[derive(Debug)]
pub struct Party {
    node: Node,
    address: String,
}

impl Party {
    /// The one with these words, on the deployment's chain.
    pub async fn new(deployment: &str, words: &str) -> Result<Self> {
        let flags = [("deployment".to_owned(), deployment.to_owned())];
        let config = Config::of(&Layers::read(None, std::iter::empty(), &flags)?)?;
        let key = Mnemonic::parse(words, "a party")?.key(&config.chain.prefix, config.chain.coin_type, 0)?;
        let address = key.address().to_owned();
        Ok(Self { node: Node::connect(config.chain, Some(key)).await?, address })
    }

    /// Their address.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The node, asked directly.
    pub const fn node(&self) -> &Node {
        &self.node
    }

    /// Sends a message and waits for its block. An error when the chain refuses it.
    pub async fn send(&self, contract: &str, message: &Value, funds: Vec<Coin>) -> Result<TxOutcome> {
        let message = Execute::new(contract, message, funds)?;
        self.sure(self.node.execute_messages(&[message])?).await
    }

    /// Sends coins.
    pub async fn pay(&self, to: &str, coin: Coin) -> Result<TxOutcome> {
        self.sure(vec![self.node.send_message(to, &[coin])?]).await
    }

    /// With twice the gas that it takes now: others' transactions may make it dearer until its block.
    async fn sure(&self, messages: Vec<cosmos_sdk_proto::Any>) -> Result<TxOutcome> {
        let gas = self.node.simulate_any(&messages).await?.gas.saturating_mul(2).max(200_000);
        self.node.sign_and_wait_with_gas(messages, gas).await?.ok()
    }

    /// A contract's answer.
    pub async fn ask(&self, contract: &str, message: &Value, height: Option<u64>) -> Result<Value> {
        let answer = self.node.smart(contract, message.to_string().into_bytes(), height).await?;
        serde_json::from_slice(&answer).map_err(|error| Error::garbage(contract, error))
    }
}
