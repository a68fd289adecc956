//! Where logs go: stderr, as text or as JSON. Stdout is for results.

use std::io::IsTerminal;

use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt, registry};

use crate::config::LogFormat;

/// Whether a person watches stderr and likes colour.
pub fn coloured() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Starts logging. The level is for the keeper's own lines: of the libraries' nothing below a warning is told.
pub fn start(format: LogFormat, level: Level) {
    let lines = fmt::layer().with_writer(std::io::stderr).with_target(false);
    let started = match format {
        LogFormat::Text => registry().with(lines.with_ansi(coloured()).with_filter(told(level))).try_init(),
        LogFormat::Json => registry().with(lines.json().flatten_event(true).with_filter(told(level))).try_init(),
    };
    // A second start in one process keeps the first.
    drop(started);
}

fn told(level: Level) -> Targets {
    Targets::new().with_target("plimsoll_keeper", level).with_default(level.min(Level::WARN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_level_is_for_the_keepers_own_lines() {
        for level in [Level::TRACE, Level::DEBUG, Level::INFO] {
            assert!(told(level).would_enable("plimsoll_keeper::chain::node", &level));
            assert!(told(level).would_enable("h2::codec", &Level::WARN));
            assert!(!told(level).would_enable("h2::codec", &Level::INFO), "{level}");
        }
        assert!(!told(Level::ERROR).would_enable("h2::codec", &Level::WARN));
        assert!(!told(Level::INFO).would_enable("plimsoll_keeper", &Level::DEBUG));
    }
}
