//! A bad way to a node: connections that are refused, cut, held up or silent.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use plimsoll_keeper::error::{Error, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

/// How often a connection looks whether the way has changed.
const LOOK: Duration = Duration::from_millis(20);

/// How the way is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Way {
    /// As if there were no proxy.
    Open = 0,
    /// Connections are refused, and those that stand are cut.
    Cut = 1,
    /// Connections stand, and nothing passes.
    Silent = 2,
    /// What passes comes a third of a second late.
    Slow = 3,
}

impl Way {
    /// All that are faults.
    pub const FAULTS: [Self; 3] = [Self::Cut, Self::Silent, Self::Slow];

    const fn of(value: u8) -> Self {
        match value {
            1 => Self::Cut,
            2 => Self::Silent,
            3 => Self::Slow,
            _ => Self::Open,
        }
    }
}

/// A proxy in front of one port.
#[derive(Clone, Debug)]
pub struct Proxy {
    port: u16,
    way: Arc<AtomicU8>,
}

impl Proxy {
    /// Listens on a port of the system's choice, and passes on to this one.
    pub async fn open(to: u16) -> Result<Self> {
        let failed = |error: std::io::Error| Error::DoesNotHold(format!("a proxy can't listen: {error}"));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        let proxy = Self { port, way: Arc::default() };
        tokio::spawn(proxy.clone().accept(listener, to));
        Ok(proxy)
    }

    /// Where it listens.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Changes the way, for connections that stand as well.
    pub fn set(&self, way: Way) {
        self.way.store(way as u8, Ordering::Relaxed);
    }

    fn way(&self) -> Way {
        Way::of(self.way.load(Ordering::Relaxed))
    }

    async fn accept(self, listener: TcpListener, to: u16) {
        while let Ok((client, _)) = listener.accept().await {
            if self.way() == Way::Cut {
                continue;
            }
            let proxy = self.clone();
            tokio::spawn(async move {
                let Ok(server) = TcpStream::connect(("127.0.0.1", to)).await else { return };
                let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
                tokio::join!(proxy.pass(from_client, to_server), proxy.pass(from_server, to_client));
            });
        }
    }

    /// Until either end closes or the way is cut. Dropping the halves closes the connection.
    async fn pass(&self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
        let mut buffer = vec![0; 64 << 10];
        loop {
            let read = tokio::select! {
                read = from.read(&mut buffer) => read,
                () = self.until(Way::Cut) => return,
            };
            let Ok(count @ 1..) = read else { return };
            while self.way() == Way::Silent {
                sleep(LOOK).await;
            }
            match self.way() {
                Way::Cut => return,
                Way::Slow => sleep(Duration::from_millis(333)).await,
                Way::Open | Way::Silent => {}
            }
            if to.write_all(buffer.get(..count).unwrap_or_default()).await.is_err() {
                return;
            }
        }
    }

    async fn until(&self, way: Way) {
        while self.way() != way {
            sleep(LOOK).await;
        }
    }
}
