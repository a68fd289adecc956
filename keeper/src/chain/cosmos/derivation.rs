//! The account of an address, on a chain that derives addresses as the keeper does. That a chain doesn't would end the
//! keeper: where there are several endpoints, two have to say so.

use std::future::Future;

use tonic::{Code, Response, Status};

use crate::chain::cosmos::account::{account, assert_derivation};
use crate::chain::cosmos::channel::Channel;
use crate::chain::cosmos::classify::is_other_derivation;
use crate::chain::cosmos::request::Reply;
use crate::chain::cosmos::{Node, refusal};
use crate::error::{Error, Result};

impl Node {
    /// Number and sequence of the account of this address.
    pub async fn account(&self, address: &str) -> Result<(u64, u64)> {
        let ask = |channel| async { account(channel, address.to_owned()).await.map(Response::new) };
        let Reply { from, answer } = self.connections.ask_at_once(ask).await?;
        match answer {
            Ok(account) => Ok(account),
            Err(status) if status.code() == Code::NotFound => {
                // Before anybody sends something there.
                self.assert_derivation(address).await?;
                Err(Error::EmptyWallet {
                    address: address.to_owned(),
                    available: 0,
                    wanted: 1,
                    denom: self.config.gas_denom.clone(),
                })
            }
            Err(status) if is_other_derivation(&status) => Err(self.other_derivation(from, &status, ask).await),
            Err(status) => Err(refusal("account", &status)),
        }
    }

    /// Refuses a chain whose accounts say that addresses are derived in another way. Where nobody tells of accounts,
    /// nothing is known against it.
    async fn assert_derivation(&self, address: &str) -> Result<()> {
        let ask = |channel| async { assert_derivation(channel, address.to_owned()).await.map(Response::new) };
        // A key's first transaction waits for this.
        match self.connections.ask_at_once(ask).await {
            Ok(Reply { from, answer: Err(status) }) if is_other_derivation(&status) => {
                Err(self.other_derivation(from, &status, ask).await)
            }
            _ => Ok(()),
        }
    }

    /// What to do about a chain of which this endpoint says that: it is fatal where another says the same, or where
    /// there is no other. Otherwise it may work in a moment.
    async fn other_derivation<T, F>(&self, from: usize, status: &Status, ask: impl Fn(Channel) -> F) -> Error
    where
        F: Future<Output = std::result::Result<T, Status>>,
    {
        let is_alone = self.config.grpc.len() < 2;
        let others = if is_alone { Vec::new() } else { self.connections.ask_others(Some(from), ask, |_| false).await };
        let agrees = others.iter().any(|(_, said)| said.as_ref().is_err_and(is_other_derivation));
        if is_alone || agrees {
            return Error::Key(status.message().to_owned());
        }
        Error::garbage(&self.connections.name(from), format!("{}; no other endpoint says so", status.message()))
    }
}
