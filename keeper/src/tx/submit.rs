//! One transaction on its way: signed, written down, broadcast, in this order.

use cosmwasm_std::Binary;

use crate::chain::{Chain, Coin, Execute, Head, Signed};
use crate::error::{Error, Refusal, Result};
use crate::tx::journal::Intent;
use crate::tx::{Executor, FailureReason};

/// What a transaction does.
pub(super) enum Outgoing<'a> {
    Messages(&'a [Execute]),
    Transfer { to: &'a str, coin: &'a Coin },
}

impl<C: Chain> Executor<C> {
    /// Sends a transaction, and once more when the chain expects another sequence, which is read anew then. Another
    /// sequence for the second time is a refusal.
    pub(super) async fn commit(
        &mut self,
        what: &Outgoing<'_>,
        gas: u64,
        intent: Intent,
        head: &Head,
    ) -> Result<String> {
        match self.attempt(what, gas, intent.clone(), head).await {
            Err(Error::Sequence { expected, .. }) => {
                tracing::warn!(
                    expected,
                    sender = self.sender,
                    "the chain expects another sequence of this key; signing once more"
                );
            }
            other => return other,
        }
        let again = self.attempt(what, gas, intent, head).await;
        again.map_err(|error| match error {
            Error::Sequence { .. } => Error::Refused { reason: error.to_string() },
            other => other,
        })
    }

    /// Signs, writes down, broadcasts: in this order.
    async fn attempt(&mut self, what: &Outgoing<'_>, gas: u64, intent: Intent, head: &Head) -> Result<String> {
        let signed = self.sign(what, gas, intent.timeout_height).await?;
        let hash = signed.hash.clone();
        let bytes = Some(Binary::from(signed.bytes.as_slice()));
        self.journal.intend(Intent { hash: hash.clone(), sequence: Some(signed.sequence), bytes, ..intent })?;
        // Until a node says that it took it, also where this is never asked again.
        self.nonce.sending(&hash);
        match self.chain.broadcast(&signed).await {
            Ok(()) => {
                self.nonce.answered(&hash);
            }
            // The node looked at it and did not take it, so no block will have it.
            Err(error @ (Error::Refused { .. } | Error::Rejected { .. } | Error::Sequence { .. })) => {
                self.nonce.answered(&hash);
                self.journal.resolve(&hash, Some(FailureReason::Refused), head.height)?;
                if let Error::Rejected { refusal: Refusal::FeeTooLow, reason, .. } = &error {
                    self.meet_fee(gas, reason);
                }
                return Err(error);
            }
            Err(error) => tracing::warn!(%error, hash, "nobody knows whether it was sent; waiting for its outcome"),
        }
        Ok(hash)
    }

    /// The fee for this much gas was too low: the next transaction pays what the refusal asks for, or more than this
    /// one.
    fn meet_fee(&self, gas: u64, refusal: &str) {
        let mut price = self.chain.gas_price().get();
        if price.meet(gas, refusal) {
            tracing::info!(price = %price.now(), "a node asked for a higher fee; paying more for gas");
        } else {
            tracing::warn!(price = %price.now(), refusal, "a node asks for a higher fee than chain.max_gas_price allows");
        }
    }

    /// Signs, and refuses a sequence that isn't the next: a higher one was used by somebody else, a lower one comes
    /// from a node that is behind.
    async fn sign(&mut self, what: &Outgoing<'_>, gas: u64, timeout_height: u64) -> Result<Signed> {
        let signed = match what {
            Outgoing::Messages(messages) => self.chain.sign(messages, gas, timeout_height).await?,
            Outgoing::Transfer { to, coin } => self.chain.sign_transfer(to, coin, gas, timeout_height).await?,
        };
        match self.nonce.next() {
            Some(next) if !next.may_be(signed.sequence) => {
                self.assert_own(next.most, signed.sequence).await?;
                Err(Error::garbage("the node", format!("sequence {}, not {}", signed.sequence, next.most)))
            }
            None if signed.sequence < self.nonce.least() => {
                let next = self.nonce.least();
                Err(Error::garbage("the node", format!("sequence {} after {next}", signed.sequence)))
            }
            _ => Ok(signed),
        }
    }
}
