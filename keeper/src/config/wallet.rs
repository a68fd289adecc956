//! `[wallet]`: where the keys come from.

use std::path::PathBuf;

use crate::config::Layers;
use crate::error::Result;

/// The variable that holds the mnemonic, for those who don't want it in a file.
pub const MNEMONIC_VARIABLE: &str = "PLIMSOLL_KEEPER_MNEMONIC";

/// The source of the keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wallet {
    /// A file that only its owner can read; not beside the variable that holds the words.
    pub mnemonic_file: Option<PathBuf>,
    /// Which of its keys; the first, where there are several.
    pub account: u32,
    /// How many of its keys send, each a transaction at a time.
    pub keys: u32,
    /// What each of the further ones is kept supplied with for gas, in base units.
    pub gas_float: Option<u128>,
}

/// The part that says where the key comes from; all that `keys` needs beside prefix and coin type.
pub fn wallet(layers: &Layers) -> Result<Wallet> {
    Ok(Wallet {
        mnemonic_file: layers.optional("wallet.mnemonic_file").map(PathBuf::from),
        account: layers.parse("wallet.account", "a number below 2147483648", |n: &u32| *n < 1 << 31)?,
        keys: layers.parse("wallet.keys", "a number from 1 to 16", |n: &u32| (1..=16).contains(n))?,
        gas_float: layers.given(
            "wallet.gas_float",
            "an amount above 0 in base units of the gas denom",
            |n: &u128| *n > 0,
        )?,
    })
}
