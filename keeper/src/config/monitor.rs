//! `[monitor]` and `[log]`: how the keeper is looked at.

use std::net::SocketAddr;

use crate::config::Layers;
use crate::error::Result;

/// Where the keeper can be looked at unless that is set: from this machine alone.
pub(super) const LISTEN: &str = "127.0.0.1:9464";

/// How the keeper is looked at from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Monitoring {
    /// Where it listens; nowhere when `None`.
    pub listen: Option<SocketAddr>,
    /// Whether somebody chose that: then it has to be possible.
    pub chosen: bool,
    /// How old the newest block may be for the keeper to be ready, in seconds.
    pub max_age: u64,
}

impl Default for Monitoring {
    fn default() -> Self {
        Self { listen: None, chosen: false, max_age: 30 }
    }
}

/// The format of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

pub(super) fn monitor(layers: &Layers) -> Result<Monitoring> {
    let listen = match layers.get("monitor.listen") {
        "none" => None,
        _ => Some(layers.parse(
            "monitor.listen",
            "an address and a port, as in 127.0.0.1:9464, or none",
            |_: &SocketAddr| true,
        )?),
    };
    let allowed = "a number of seconds from 1 to 86400";
    let max_age = layers.parse("monitor.max_age", allowed, |n: &u64| (1..=86_400).contains(n))?;
    Ok(Monitoring { listen, chosen: layers.origin("monitor.listen") != "the default", max_age })
}

pub(super) fn log_format(layers: &Layers) -> Result<LogFormat> {
    match layers.get("log.format") {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err(layers.refuse("log.format", "text or json")),
    }
}
