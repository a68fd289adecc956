//! Stdout, which its reader may close at any time: then nothing more is printed, and whoever runs on ends.

use std::fmt::Arguments;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

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
