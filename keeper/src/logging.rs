//! Where logs go: stderr, as text or as JSON. Stdout is for results.

use std::io::IsTerminal;

use tracing::Level;
use tracing_subscriber::fmt;

use crate::config::LogFormat;

/// Whether a person watches stderr and likes colour.
pub fn coloured() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Starts logging. The libraries' own chatter stays out.
pub fn start(format: LogFormat, level: Level) {
    let builder = fmt().with_max_level(level).with_writer(std::io::stderr).with_target(false);
    let started = match format {
        LogFormat::Text => tracing::subscriber::set_global_default(builder.with_ansi(coloured()).finish()),
        LogFormat::Json => tracing::subscriber::set_global_default(builder.json().flatten_event(true).finish()),
    };
    // A second start in one process keeps the first.
    drop(started);
}
