//! `snapshot`: what the keeper knows of the chain, for other tools.

use std::path::Path;

use serde_json::json;

use crate::cli::Settings;
use crate::commands::{config, open};
use crate::error::{Error, Result};
use crate::output::print_event;
use crate::output::words::counted;

/// Reads the book at the latest block and writes it to a new file.
pub async fn export(settings: &Settings, file: &Path, json: bool) -> Result<()> {
    let config = config(settings)?;
    // Before anything is read from the chain: the name may be a mistake.
    if file.exists() {
        return Err(Error::file(file, "is there already, and is not overwritten: name another file"));
    }
    let (_, book) = open(&config, None).await?;
    book.export(file)?;
    let height = book.head.height;
    let accounts = book.accounts.len();
    let path = file.display();
    if json {
        return print_event("summary", &json!({ "file": path.to_string(), "height": height, "accounts": accounts }));
    }
    outln!("{path}: {} with debt, as of block {height}", counted(accounts, "account"));
    Ok(())
}
