//! The websocket over which a node is asked.

use std::io::ErrorKind;

use futures_util::{SinkExt, StreamExt};
use http::StatusCode;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config};

use crate::chain::cosmos::classify::Failure;
use crate::chain::cosmos::rpc::{LATE, RPC_ANSWER_MAX_BYTES, Rpc, too_large};
use crate::chain::cosmos::timeouts::RPC_TIMEOUT;
use crate::error::{Error, Result};

pub(super) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Why there is no websocket.
pub(super) struct NoSocket {
    /// In words.
    pub error: Error,
    /// Whether the endpoint, or a proxy before it, takes none: it may answer all the same.
    pub is_refusal: bool,
}

impl Rpc {
    pub(super) async fn exchange(&self, socket: &mut Socket, request: &Value) -> Result<Value> {
        self.send(socket, request).await?;
        timeout(RPC_TIMEOUT, self.receive(socket)).await.map_err(|_| self.unreachable(LATE))?
    }

    pub(super) async fn connect(&self) -> std::result::Result<Socket, NoSocket> {
        let failed = |error| NoSocket { error, is_refusal: false };
        let limits = WebSocketConfig::default()
            .max_message_size(Some(RPC_ANSWER_MAX_BYTES))
            .max_frame_size(Some(RPC_ANSWER_MAX_BYTES));
        let connector = Connector::Rustls(self.trust.http());
        let request = self.url.as_str().into_client_request();
        let mut request = request.map_err(|error| failed(self.unreachable(error)))?;
        request.headers_mut().extend(self.headers.clone());
        let connecting = connect_async_tls_with_config(request, Some(limits), true, Some(connector));
        let connected = timeout(RPC_TIMEOUT, connecting).await;
        match connected.map_err(|_| failed(self.unreachable(LATE)))? {
            Ok((socket, _)) => Ok(socket),
            Err(SocketError::Http(response)) => {
                let error = self.refused(response.status(), response.headers());
                let is_refusal = error.retry_after().is_none() && response.status() != StatusCode::TOO_MANY_REQUESTS;
                Err(NoSocket { error, is_refusal })
            }
            Err(error) => Err(NoSocket { is_refusal: is_refusal(&error), error: self.unreachable(error) }),
        }
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
                Some(Err(error @ SocketError::Capacity(_))) => return Err(too_large(error.to_string())),
                Some(Err(error)) => return Err(self.unreachable(error)),
            }
        }
    }
}

/// Whether somebody who takes no websocket closes the connection.
fn is_refusal(error: &SocketError) -> bool {
    match error {
        SocketError::Protocol(_) | SocketError::ConnectionClosed => true,
        SocketError::Io(error) => {
            matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe)
        }
        _ => false,
    }
}
