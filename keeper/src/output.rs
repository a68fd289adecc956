//! Stdout, which its reader may close at any time: then nothing more is printed, and whoever runs on ends.

pub mod price;
pub mod words;

use std::fmt::Arguments;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;
use tokio::sync::Notify;

use crate::error::{Error, Result};

static CLOSED: AtomicBool = AtomicBool::new(false);
static CLOSING: Notify = Notify::const_new();

/// As `println!`, but never panics.
macro_rules! outln {
    () => { $crate::output::line(format_args!("")) };
    ($($text:tt)*) => { $crate::output::line(format_args!($($text)*)) };
}

/// Prints a line, unless nobody reads any more.
pub fn line(text: Arguments<'_>) {
    if closed() {
        return;
    }
    let mut out = std::io::stdout().lock();
    if writeln!(out, "{text}").and_then(|()| out.flush()).is_err() {
        CLOSED.store(true, Ordering::Relaxed);
        CLOSING.notify_one();
    }
}

/// Whether nobody reads any more.
pub fn closed() -> bool {
    CLOSED.load(Ordering::Relaxed)
}

/// Ends when nobody reads any more.
pub async fn wait_closed() {
    CLOSING.notified().await;
}

/// Prints one JSON object on a line.
pub fn print_json(value: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string(value).map_err(|error| Error::garbage("this keeper", error))?;
    outln!("{text}");
    Ok(())
}

/// Prints a JSON object with the name of what it tells, as `event`.
pub fn print_event(event: &str, told: &impl Serialize) -> Result<()> {
    let told = serde_json::to_value(told).map_err(|error| Error::garbage("this keeper", error))?;
    let mut object = serde_json::Map::from_iter([("event".to_owned(), event.into())]);
    object.extend(told.as_object().cloned().unwrap_or_default());
    print_json(&object)
}
