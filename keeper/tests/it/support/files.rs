//! Paths and folders that no other test uses, whichever run at the same time and in whichever process.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// A path at which nothing is. Its last part begins with the subject; whoever makes something there may leave it.
pub fn fresh(subject: &str) -> PathBuf {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Relaxed);
    let path = std::env::temp_dir().join(format!("plimsoll-{subject}-{}-{number}", std::process::id()));
    // An earlier process may have had this number.
    let _ = std::fs::remove_file(&path);
    let _ = std::fs::remove_dir_all(&path);
    path
}
