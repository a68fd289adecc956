//! Who and what there is: the deployment, and the public test keys of the local chain.

use std::collections::BTreeMap;
use std::path::Path;

use plimsoll_keeper::config::deployment::Deployment;
use plimsoll_keeper::error::{Error, Result};

use crate::party::Party;

/// A token that is supplied and sold.
#[derive(Clone, Copy, Debug)]
pub struct Token {
    /// Its denom.
    pub denom: &'static str,
    /// Base units of a whole one.
    pub unit: f64,
    /// Its first price, in dollars.
    pub price: f64,
    /// Its largest loan to value.
    pub max_ltv: f64,
}

/// What is borrowed, worth a dollar a million.
pub const DOLLAR: &str = "uusd";
/// What is supplied.
pub const TOKENS: [Token; 3] = [
    Token { denom: "uatom", unit: 1e6, price: 10.0, max_ltv: 0.70 },
    Token {
        denom: "ibc/27394FB092D2ECCD56123C74F36E4C1F926001CEADA9CA97EA622B25F41E5EB2",
        unit: 1e6,
        price: 5.0,
        max_ltv: 0.60,
    },
    Token { denom: "aeth", unit: 1e18, price: 2_000.0, max_ltv: 0.75 },
];

/// The deployment, and everybody's words.
#[derive(Clone, Debug)]
pub struct Stage {
    /// Where the deployment's record is.
    pub path: String,
    /// What is deployed.
    pub deployment: Deployment,
    words: BTreeMap<String, String>,
}

impl Stage {
    /// Reads both.
    pub fn read(deployment: &str, keys: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(keys).map_err(|error| Error::file(keys, error))?;
        let words = toml::from_str(&text).map_err(|error| Error::file(keys, error))?;
        Ok(Self { path: deployment.to_owned(), deployment: Deployment::read(Path::new(deployment))?, words })
    }

    /// Somebody's words.
    pub fn words(&self, name: &str) -> Result<&str> {
        self.words.get(name).map(String::as_str).ok_or_else(|| Error::DoesNotHold(format!("there is no key of {name}")))
    }

    /// Somebody.
    pub async fn party(&self, name: &str) -> Result<Party> {
        Party::new(&self.path, self.words(name)?).await
    }

    /// The pool.
    pub fn pool(&self) -> &str {
        &self.deployment.pool.address
    }
}
