//! `keys`: addresses, never secrets.

use serde_json::json;

use crate::cli::{KeysAction, Settings};
use crate::commands::{layers, mnemonic};
use crate::config;
use crate::error::{Error, Result};
use crate::keys::Mnemonic;
use crate::output::print_json;

/// Shows the first addresses of the configured mnemonic, or makes a new one.
pub fn keys(settings: &Settings, count: u32, action: Option<KeysAction>, json: bool) -> Result<()> {
    let layers = layers(settings)?;
    let (prefix, coin_type) = config::addresses(&layers)?;
    let wallet = config::wallet(&layers)?;
    let (mnemonic, first) = match action {
        Some(KeysAction::New { out }) => {
            let mnemonic = Mnemonic::create(&out)?;
            eprintln!(
                "wrote a new mnemonic to {}: set wallet.mnemonic_file to it, and keep a copy offline",
                out.display()
            );
            (mnemonic, 0)
        }
        None => (mnemonic(&wallet)?.ok_or(Error::NoKey)?, wallet.account),
    };
    for number in first..first.saturating_add(count.clamp(1, 1_000)) {
        let key = mnemonic.key(&prefix, coin_type, number)?;
        if json {
            print_json(&json!({ "account": number, "path": key.path(), "address": key.address() }))?;
        } else {
            outln!("{}  {}", key.address(), key.path());
        }
    }
    Ok(())
}
