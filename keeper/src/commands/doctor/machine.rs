//! Files that are written to, and the port that is listened at. Nothing is left behind.

use std::fs::{OpenOptions, TryLockError};
use std::io::Write;
use std::net::TcpListener;
use std::path::Path;

use crate::commands::doctor::{Check, numbered};
use crate::config::Config;

/// What is written to find out whether a disk has room: a block of most file systems.
const PROBE_BYTES: usize = 4_096;

/// Each address's journal, the book of the first, and the port. Without an address there is neither journal nor book.
pub fn files(config: &Config, addresses: &[String]) -> Vec<Check> {
    let mut checks = Vec::new();
    for (number, address) in addresses.iter().enumerate() {
        match config.journal_path(address, number, |name| std::env::var(name).ok()) {
            Ok(path) => {
                checks.push(writable(&numbered("journal", number), &path));
                let book = config.book_path(address, Some(&path)).filter(|_| number == 0);
                checks.extend(book.map(|book| writable("book", &book)));
            }
            Err(error) => checks.push(Check::error("journal", &error)),
        }
    }
    if let Some(address) = config.monitor.listen {
        checks.push(match TcpListener::bind(address) {
            Ok(_) => Check::ok("monitor.listen", format!("{address} is free")),
            Err(error) => Check::warn(
                "monitor.listen",
                format!("{address}: {error}"),
                "all is well if this keeper is running there now; otherwise choose another port",
            ),
        });
    }
    checks
}

/// Whether this file can be written, or made if it isn't there yet.
pub fn writable(what: &str, path: &Path) -> Check {
    let shown = path.display();
    match OpenOptions::new().read(true).append(true).open(path) {
        Ok(file) => match file.try_lock() {
            Ok(()) => match write_beside(path.parent().unwrap_or(path)) {
                Ok(()) => Check::ok(what, format!("{shown} can be written")),
                Err(error) => Check::fail(
                    what,
                    format!("{shown} is there, and no file can be written beside it: {error}"),
                    "free some space, and let who runs the keeper write its directory: the file is replaced by a shorter one in time",
                ),
            },
            Err(TryLockError::WouldBlock) => Check::ok(what, format!("{shown} is in use: a keeper is running")),
            Err(TryLockError::Error(error)) => {
                Check::fail(what, format!("{shown} can't be locked: {error}"), "use a file system with locks")
            }
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let mut above =
                path.ancestors().skip(1).map(|path| if path.as_os_str().is_empty() { Path::new(".") } else { path });
            match above.find(|path| path.exists()) {
                Some(directory) if write_beside(directory).is_ok() => {
                    let deep = path.parent().is_some_and(|parent| !parent.as_os_str().is_empty() && !parent.exists());
                    let made = if deep { "can be made, its directory with it" } else { "can be made" };
                    Check::ok(what, format!("{shown} is not there yet and {made}"))
                }
                Some(directory) => Check::fail(
                    what,
                    format!("{shown} is not there, and {} can't be written", directory.display()),
                    "make its directory, owned by who runs the keeper",
                ),
                None => {
                    Check::fail(what, format!("{shown} is nowhere"), "set it to a file in a directory that is there")
                }
            }
        }
        Err(error) => Check::fail(
            what,
            format!("{shown}: {error}"),
            "let who runs the keeper read and write it, or set another file",
        ),
    }
}

/// Makes a file in this directory, with something in it that reaches the disk, and removes it.
fn write_beside(directory: &Path) -> std::io::Result<()> {
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    let probe = directory.join(format!(".plimsoll-doctor-{}", std::process::id()));
    let mut file = OpenOptions::new().write(true).create_new(true).open(&probe)?;
    let written = file.write_all(&[0; PROBE_BYTES]).and_then(|()| file.sync_all());
    std::fs::remove_file(&probe)?;
    written
}
