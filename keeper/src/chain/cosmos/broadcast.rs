//! One transaction, sent to all endpoints that are well.

use std::sync::Arc;

use cosmos_sdk_proto::cosmos::tx::v1beta1::service_client::ServiceClient;
use cosmos_sdk_proto::cosmos::tx::v1beta1::{BroadcastMode, BroadcastTxRequest};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tonic::Status;

use crate::chain::TxSender;
use crate::chain::cosmos::Node;
use crate::chain::cosmos::channel::Channel;
use crate::chain::cosmos::classify::{Failure, nonsense, short};
use crate::chain::cosmos::connections::{Connection, Connections};
use crate::chain::cosmos::timeouts::{NOT_FOUND_TIMEOUT, REQUEST_TIMEOUT};
use crate::chain::endpoints::Kind;
use crate::error::{Error, Result};

impl Connections {
    /// Each goes on by itself, also when nobody waits for it any more.
    pub(in crate::chain) fn broadcast(self: &Arc<Self>, bytes: Vec<u8>) -> Vec<JoinHandle<Result<()>>> {
        let order = self.state().order_at_once(Kind::Grpc, None, self.now());
        let one = |at: usize| {
            let (connections, bytes) = (self.clone(), bytes.clone());
            tokio::spawn(async move { connections.broadcast_to(at, bytes).await })
        };
        order.into_iter().map(one).collect()
    }

    async fn broadcast_to(&self, at: usize, bytes: Vec<u8>) -> Result<()> {
        let Some(Connection::Grpc(channel)) = self.channels.get(at) else { return Err(self.nobody(Kind::Grpc)) };
        let sent = timeout(REQUEST_TIMEOUT, self.spending(at, broadcast(channel.clone(), bytes))).await;
        // Whatever went wrong on the way, the node may have taken it: nobody knows.
        let unknown = |reason: String| Error::unreachable("gRPC", self.name(at), reason);
        match sent {
            Err(_) => {
                self.failed(at, "timeout", "no answer to a broadcast in time");
                Err(unknown("no answer to a broadcast in time".to_owned()))
            }
            Ok(Err(status)) => {
                self.failed_by(at, &status);
                Err(unknown(status.reason()))
            }
            Ok(Ok(answer)) => {
                self.count(at, if answer.is_ok() { "ok" } else { "refused" });
                answer
            }
        }
    }
}

impl Node {
    /// Sends the same bytes to every endpoint that is well; they have one hash, so no chain takes them twice. Returns
    /// at the first that takes them. Only when all of them looked and refused, it is refused.
    pub(super) async fn broadcast_bytes(&self, bytes: Vec<u8>) -> Result<()> {
        let mut sending: FuturesUnordered<_> = self.connections.broadcast(bytes).into_iter().collect();
        let (mut refused, mut unknown) = (None, None);
        // Where one has looked and refused, an answer of the others that doesn't come is not waited for: nobody knows,
        // then.
        loop {
            let patience =
                if refused.is_some() { NOT_FOUND_TIMEOUT } else { REQUEST_TIMEOUT.saturating_add(NOT_FOUND_TIMEOUT) };
            match timeout(patience, sending.next()).await {
                Err(_) => {
                    unknown = Some(Error::unreachable("gRPC", "the others", "no answer to a broadcast in time"));
                    break;
                }
                Ok(None) => break,
                Ok(Some(sent)) => match sent {
                    Ok(Ok(())) => return Ok(()),
                    Ok(Err(Error::Sequence { expected, .. })) => {
                        let sender = self.sender().unwrap_or_default().to_owned();
                        refused = Some(Error::Sequence { sender, expected });
                    }
                    Ok(Err(error @ (Error::Refused { .. } | Error::Rejected { .. }))) => refused = Some(error),
                    Ok(Err(error)) => unknown = Some(error),
                    Err(_) => unknown = Some(Error::garbage("a broadcast", "it broke off")),
                },
            }
        }
        Err(unknown.or(refused).unwrap_or_else(|| self.connections.nobody(Kind::Grpc)))
    }
}

/// What the node said of it; the outer error is that of the way there.
async fn broadcast(channel: Channel, bytes: Vec<u8>) -> std::result::Result<Result<()>, Status> {
    let request = BroadcastTxRequest { tx_bytes: bytes, mode: BroadcastMode::Sync.into() };
    let answer = ServiceClient::new(channel).broadcast_tx(request).await?.into_inner();
    let response = answer.tx_response.ok_or_else(|| nonsense("a broadcast without a result"))?;
    Ok(match response.code {
        0 => Ok(()),
        // It is in the mempool already.
        19 if response.codespace == "sdk" => Ok(()),
        // Another sequence than the sender's next; whose that is, who signed knows.
        32 if response.codespace == "sdk" => Err(sequence(&response.raw_log)),
        code => Err(Error::rejected(&response.codespace, code, short(&response.raw_log))),
    })
}

fn sequence(log: &str) -> Error {
    let expected = log.split_once("expected ").map(|(_, after)| after).unwrap_or_default();
    let digits = expected.bytes().take_while(u8::is_ascii_digit).count();
    match expected.get(..digits).and_then(|digits| digits.parse().ok()) {
        Some(expected) => Error::Sequence { sender: String::new(), expected },
        None => Error::Refused { reason: format!("{} (code 32)", short(log)) },
    }
}
