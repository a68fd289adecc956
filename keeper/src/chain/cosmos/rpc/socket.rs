//! The websocket over which a node is asked.

use futures_util::{SinkExt, StreamExt};
use http::header::AUTHORIZATION;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config};

use crate::chain::cosmos::headers::basic_authorization;
use crate::chain::cosmos::rpc::Rpc;
use crate::chain::cosmos::timeouts::RPC_TIMEOUT;
use crate::error::{Error, Result};

pub(super) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// The largest answer: the results of a block full of events pass sixteen megabytes.
const RPC_ANSWER_MAX_BYTES: usize = 256 << 20;

impl Rpc {
    pub(super) async fn exchange(&self, socket: &mut Socket, request: &Value) -> Result<Value> {
        self.send(socket, request).await?;
        timeout(RPC_TIMEOUT, self.receive(socket)).await.map_err(|_| self.unreachable("no answer in time"))?
    }

    pub(super) async fn connect(&self) -> Result<Socket> {
        let limits = WebSocketConfig::default()
            .max_message_size(Some(RPC_ANSWER_MAX_BYTES))
            .max_frame_size(Some(RPC_ANSWER_MAX_BYTES));
        let connector = Connector::Rustls(self.trust.websocket());
        let mut request = self.url.as_str().into_client_request().map_err(|error| self.unreachable(error))?;
        if let Some(authorization) = basic_authorization(request.uri()) {
            request.headers_mut().insert(AUTHORIZATION, authorization);
        }
        let connecting = connect_async_tls_with_config(request, Some(limits), true, Some(connector));
        let connected = timeout(RPC_TIMEOUT, connecting).await.map_err(|_| self.unreachable("no answer in time"))?;
        connected.map(|(socket, _)| socket).map_err(|error| self.unreachable(error))
    }

    pub(super) async fn send(&self, socket: &mut Socket, request: &Value) -> Result<()> {
        socket.send(Message::text(request.to_string())).await.map_err(|error| self.unreachable(error))
    }

    pub(super) async fn receive(&self, socket: &mut Socket) -> Result<Value> {
        loop {
            match socket.next().await {
                Some(Ok(Message::Text(text))) => {
                    return serde_json::from_str(&text).map_err(|error| Error::garbage(&self.name, error));
                }
                Some(Ok(Message::Close(_))) | None => return Err(self.unreachable("connection closed")),
                Some(Ok(_)) => {}
                // It will be as large when it is asked for again.
                Some(Err(error @ SocketError::Capacity(_))) => {
                    return Err(Error::Query { what: "RPC".to_owned(), reason: error.to_string() });
                }
                Some(Err(error)) => return Err(self.unreachable(error)),
            }
        }
    }
}
