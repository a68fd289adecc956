//! The keeper's key. It comes from the environment or from a file that only its owner can read, and is never shown.

use std::fmt;
use std::io::Write;
use std::path::Path;

use cosmrs::AccountId;
use cosmrs::bip32::DerivationPath;
use cosmrs::crypto::PublicKey;
use cosmrs::crypto::secp256k1::{Signature, SigningKey};

pub use crate::config::MNEMONIC_VARIABLE;
use crate::config::redact::redacted;
use crate::config::secret_file;
use crate::error::{Error, Result};

/// The words that all keys come from. Debug and errors never show them.
pub struct Mnemonic(bip39::Mnemonic);

impl fmt::Debug for Mnemonic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mnemonic(…)")
    }
}

impl Mnemonic {
    /// From its words. `origin` names where they were found: the error repeats that, not them.
    pub fn parse(words: &str, origin: &str) -> Result<Self> {
        let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
        // bip39's own message may name a word.
        bip39::Mnemonic::parse(&words).map(Self).map_err(|_| {
            Error::Key(format!("{origin} holds no valid BIP-39 mnemonic: 12 to 24 English words with a checksum"))
        })
    }

    /// From a file that nobody but its owner can read, or that root gave to one group to read.
    pub fn read(path: &Path) -> Result<Self> {
        if redacted(&path.to_string_lossy()) != path.to_string_lossy() {
            let reason =
                "a mnemonic stands where the path of its file belongs: put it in a file that only its owner can read";
            return Err(Error::Key(reason.to_owned()));
        }
        Self::parse(&secret_file::read(path)?, &path.display().to_string())
    }

    /// The keeper's: from what [`MNEMONIC_VARIABLE`] holds, or else from this file; `None` when neither is set. Both are an error: which of them is
    /// meant nobody can know, and they are different purses.
    pub fn of_keeper(words: Option<&str>, file: Option<&Path>) -> Result<Option<Self>> {
        match (words.filter(|words| !words.is_empty()), file) {
            (Some(_), Some(path)) => {
                let path = path.to_string_lossy();
                Err(Error::Config(format!(
                    "{MNEMONIC_VARIABLE} and wallet.mnemonic_file = \"{}\" are both set: unset the one that isn't meant",
                    redacted(&path)
                )))
            }
            (Some(words), None) => Self::parse(words, MNEMONIC_VARIABLE).map(Some),
            (None, Some(path)) if redacted(&path.to_string_lossy()) == path.to_string_lossy() && !path.is_file() => {
                Err(Error::Config(format!(
                    "wallet.mnemonic_file = \"{}\" is not allowed: it must be a file that is there",
                    path.display()
                )))
            }
            (None, file) => file.map(Self::read).transpose(),
        }
    }

    /// From the environment, or else from this file. `None` when neither is set.
    pub fn find(variable: &str, file: Option<&Path>) -> Result<Option<Self>> {
        if let Some(words) = std::env::var(variable).ok().filter(|words| !words.is_empty()) {
            return Self::parse(&words, variable).map(Some);
        }
        file.map(Self::read).transpose()
    }

    /// Writes a new mnemonic of 24 words to a new file that only its owner can read.
    pub fn create(path: &Path) -> Result<Self> {
        let mnemonic =
            bip39::Mnemonic::generate(24).map_err(|error| Error::Key(format!("no new mnemonic: {error}")))?;
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => {
                Error::file(path, "is there already, and may hold a key that is in use: name another file")
            }
            _ => Error::file(path, error),
        })?;
        let written = writeln!(file, "{mnemonic}").and_then(|()| file.sync_all());
        written.map_err(|error| Error::file(path, error))?;
        Ok(Self(mnemonic))
    }

    /// The key with this number, at `m/44'/<coin type>'/0'/0/<number>`.
    pub fn key(&self, prefix: &str, coin_type: u32, number: u32) -> Result<Key> {
        let path = format!("m/44'/{coin_type}'/0'/0/{number}");
        let derived: DerivationPath =
            path.parse().map_err(|_| Error::Key(format!("{path} is not a derivation path: number below 2^31")))?;
        let signing = SigningKey::derive_from_path(self.0.to_seed(""), &derived)
            .map_err(|_| Error::Key(format!("there is no key at {path}")))?;
        let address: AccountId = signing
            .public_key()
            .account_id(prefix)
            .map_err(|_| Error::Key(format!("chain.prefix '{prefix}' is not an address prefix")))?;
        Ok(Key { signing, address: address.to_string(), path })
    }
}

/// One key and its address. Debug never shows the secret.
pub struct Key {
    signing: SigningKey,
    address: String,
    path: String,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.address)
    }
}

impl Key {
    /// The address.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Where it stands under the mnemonic.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The public key.
    pub fn public(&self) -> PublicKey {
        self.signing.public_key()
    }

    /// Signs.
    pub fn sign(&self, bytes: &[u8]) -> Result<Signature> {
        self.signing.sign(bytes).map_err(|_| Error::Key(format!("{} can't sign", self.address)))
    }
}
