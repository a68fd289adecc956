//! Where a value comes from: each layer overrides those before it.

use std::collections::BTreeMap;
use std::path::Path;

use crate::config::redact::redacted;
use crate::config::{GONE, KEYS, MAX_REPAY, MNEMONIC_VARIABLE};
use crate::error::{Error, Result};

/// Keys that may be a list; as one text its members are separated by commas.
const LISTS: [&str; 3] = ["chain.grpc", "chain.rpc", "contracts.pairs"];

/// What the names of environment variables start with; `chain.gas_price` is `PLIMSOLL_KEEPER_CHAIN_GAS_PRICE`.
pub const ENVIRONMENT: &str = "PLIMSOLL_KEEPER_";

/// Values by key, as text, each with the name of the layer that set it.
#[derive(Clone)]
pub struct Layers(BTreeMap<String, (String, String)>);

impl std::fmt::Debug for Layers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.0.keys().map(|key| (key, self.shown(key)))).finish()
    }
}

impl Default for Layers {
    fn default() -> Self {
        let known =
            KEYS.iter().map(|(key, value)| ((*key).to_owned(), ((*value).to_owned(), "the default".to_owned())));
        Self(known.collect())
    }
}

/// The environment variable of a key.
pub(super) fn variable(key: &str) -> String {
    format!("{ENVIRONMENT}{}", key.replace('.', "_").to_uppercase())
}

impl Layers {
    /// All layers. A deployment file, wherever it is named, stands below the others.
    pub fn read(
        file: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
        flags: &[(String, String)],
    ) -> Result<Self> {
        let mut layers = Self::default();
        if let Some(path) = file {
            let text = std::fs::read_to_string(path).map_err(|error| Error::file(path, error))?;
            layers.add_toml(&text, &path.display().to_string())?;
        }
        layers.add_environment(environment)?;
        for (key, value) in flags {
            layers.set(key, value.clone(), "a flag")?;
        }
        if !layers.get("deployment").is_empty() {
            let path = layers.get("deployment").to_owned();
            let deployment = crate::config::deployment::Deployment::read(Path::new(&path))?;
            for (key, value) in deployment.settings() {
                if layers.origin(key) == "the default" {
                    layers.set(key, value, &path)?;
                }
            }
        }
        Ok(layers)
    }

    /// Adds a TOML text.
    pub fn add_toml(&mut self, text: &str, origin: &str) -> Result<()> {
        let table: toml::Table = text
            .parse()
            .map_err(|error: toml::de::Error| Error::Config(format!("{origin} is not TOML: {}", error.message())))?;
        self.add_table("", &table, origin)
    }

    fn add_table(&mut self, above: &str, table: &toml::Table, origin: &str) -> Result<()> {
        for (name, value) in table {
            let key = format!("{above}{name}");
            let text = match value {
                toml::Value::Table(table) => {
                    self.add_table(&format!("{key}."), table, origin)?;
                    continue;
                }
                toml::Value::String(text) => text.clone(),
                toml::Value::Integer(_) | toml::Value::Float(_) | toml::Value::Boolean(_) => value.to_string(),
                toml::Value::Array(list) if LISTS.contains(&key.as_str()) => {
                    let texts: Option<Vec<&str>> = list.iter().map(toml::Value::as_str).collect();
                    let wrong = || Error::Config(format!("{key} in {origin} is a list of other things than texts"));
                    texts.ok_or_else(wrong)?.join(",")
                }
                _ => return Err(Error::Config(format!("{key} in {origin} is a list or date; it doesn't take one"))),
            };
            self.set(&key, text, origin)?;
        }
        Ok(())
    }

    /// Adds the variables that are for the keeper. One that belongs to no key is an error.
    pub fn add_environment(&mut self, variables: impl Iterator<Item = (String, String)>) -> Result<()> {
        for (name, value) in variables {
            if name == MNEMONIC_VARIABLE || !name.starts_with(ENVIRONMENT) {
                continue;
            }
            let Some((key, _)) = KEYS.iter().chain(GONE).find(|(key, _)| variable(key) == name) else {
                return Err(Error::Config(format!(
                    "environment variable {name} belongs to no key; `keeper config` lists them"
                )));
            };
            self.set(key, value, &name)?;
        }
        Ok(())
    }

    fn set(&mut self, key: &str, value: String, origin: &str) -> Result<()> {
        if let Some((_, why)) = GONE.iter().find(|(gone, _)| *gone == key) {
            return Err(Error::Config(format!("{key} in {origin}: {why}")));
        }
        let denom = key.strip_prefix(MAX_REPAY).is_some_and(|denom| !denom.is_empty());
        if !denom && !self.0.contains_key(key) {
            return Err(Error::Config(format!("unknown key {} in {origin}{}", redacted(key), suggestion(key))));
        }
        self.0.insert(key.to_owned(), (value, origin.to_owned()));
        Ok(())
    }

    /// The value; empty when nothing sets it.
    pub fn get(&self, key: &str) -> &str {
        self.0.get(key).map_or("", |(value, _)| value)
    }

    /// The layer that set it.
    pub fn origin(&self, key: &str) -> &str {
        self.0.get(key).map_or("", |(_, origin)| origin)
    }

    /// Keys and values whose key starts so.
    pub fn starting_with<'a>(&'a self, start: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0
            .iter()
            .filter(move |(key, _)| key.starts_with(start))
            .map(|(key, (value, _))| (key.as_str(), value.as_str()))
    }
}

/// What is known in that section.
fn suggestion(key: &str) -> String {
    let section = key.rsplit_once('.').map_or("", |(section, _)| section);
    let same = |known: &&str| known.rsplit_once('.').map_or("", |(s, _)| s) == section;
    let known: Vec<_> = KEYS.iter().map(|(key, _)| *key).filter(same).collect();
    if known.is_empty() { String::new() } else { format!("; known there: {}", known.join(", ")) }
}
