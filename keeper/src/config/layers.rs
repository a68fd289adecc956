//! Where a value comes from: each layer overrides those before it.

use std::collections::BTreeMap;
use std::path::Path;

use crate::config::headers::{self, HEADERS};
use crate::config::redact::redacted;
use crate::config::{GONE, KEYS, MAX_REPAY, MNEMONIC_VARIABLE};
use crate::error::{Error, Result};

/// Keys that may be a list; as one text its members are separated by commas.
const LISTS: [&str; 3] = ["chain.grpc", "chain.rpc", "contracts.pairs"];

/// What the names of environment variables start with; `chain.gas_price` is `PLIMSOLL_KEEPER_CHAIN_GAS_PRICE`.
pub const ENVIRONMENT: &str = "PLIMSOLL_KEEPER_";

/// Values by key, as text, each with the name of the layer that set it.
#[derive(Clone)]
pub struct Layers {
    values: BTreeMap<String, Value>,
    /// Variables that Kubernetes or Docker set for a service of this name.
    ignored: Vec<String>,
    /// The variables that `chain.headers` names, with what is secret in them.
    variables: BTreeMap<String, String>,
}

/// A value, and the layer that set it.
#[derive(Clone)]
struct Value {
    text: String,
    origin: String,
}

impl std::fmt::Debug for Layers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.values.keys().map(|key| (key, self.shown(key)))).finish()
    }
}

impl Default for Layers {
    fn default() -> Self {
        let known = KEYS.iter().map(|(key, text)| {
            ((*key).to_owned(), Value { text: (*text).to_owned(), origin: "the default".to_owned() })
        });
        Self { values: known.collect(), ignored: Vec::new(), variables: BTreeMap::new() }
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
        let variables: BTreeMap<String, String> = environment.collect();
        layers.add_environment(variables.clone().into_iter())?;
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
        layers.variables = headers::variables(layers.get(HEADERS), variables);
        Ok(layers)
    }

    /// What the environment holds under a name that `chain.headers` has.
    pub(super) fn header_variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
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
                toml::Value::Table(table) if key == HEADERS => headers::in_one_text(table, origin)?,
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

    /// Adds the variables that are for the keeper; an empty one is as good as none. One that belongs to no key is an
    /// error, unless Kubernetes or Docker set it.
    pub fn add_environment(&mut self, variables: impl Iterator<Item = (String, String)>) -> Result<()> {
        for (name, value) in variables {
            if name == MNEMONIC_VARIABLE || !name.starts_with(ENVIRONMENT) || value.is_empty() {
                continue;
            }
            let Some((key, _)) = KEYS.iter().chain(GONE).find(|(key, _)| variable(key) == name) else {
                if is_service_link(&name[ENVIRONMENT.len()..], &value) {
                    self.ignored.push(name);
                    continue;
                }
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
        if !denom && !self.values.contains_key(key) {
            return Err(Error::Config(format!("unknown key {} in {origin}{}", redacted(key), suggestion(key))));
        }
        self.values.insert(key.to_owned(), Value { text: value, origin: origin.to_owned() });
        Ok(())
    }

    /// The value; empty when nothing sets it.
    pub fn get(&self, key: &str) -> &str {
        self.values.get(key).map_or("", |value| &value.text)
    }

    /// The layer that set it.
    pub fn origin(&self, key: &str) -> &str {
        self.values.get(key).map_or("", |value| &value.origin)
    }

    /// Keys and values whose key starts so.
    pub fn starting_with<'a>(&'a self, start: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let values = self.values.iter().filter(move |(key, _)| key.starts_with(start));
        values.map(|(key, value)| (key.as_str(), value.text.as_str()))
    }

    /// The variables that were ignored: Kubernetes and Docker set them for a service called like the keeper.
    pub fn ignored(&self) -> &[String] {
        &self.ignored
    }
}

/// Whether Kubernetes sets such a variable in each container beside a service whose name starts with `plimsoll-keeper`,
/// or Docker in one that is linked to a container of that name. `rest` is what follows [`ENVIRONMENT`].
fn is_service_link(rest: &str, value: &str) -> bool {
    let ends_with =
        |ending: &str| rest.strip_suffix(ending).is_some_and(|above| above.is_empty() || above.ends_with('_'));
    let is_address = || ["tcp://", "udp://", "sctp://"].iter().any(|scheme| value.starts_with(scheme));
    let is_port = || !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
    let words: Vec<&str> = rest.split('_').collect();
    let follows = |first: &str, second: &str| words.windows(2).any(|pair| pair == [first, second]);
    // PORT_9464_TCP and what stands behind it.
    let of_a_port = words.windows(3).any(|w| {
        w[0] == "PORT"
            && !w[1].is_empty()
            && w[1].bytes().all(|b| b.is_ascii_digit())
            && ["TCP", "UDP", "SCTP"].contains(&w[2])
    });
    of_a_port
        || ends_with("SERVICE_HOST")
        || (follows("SERVICE", "PORT") && is_port())
        || (ends_with("PORT") && is_address())
        || (rest == "NAME" && value.starts_with('/'))
        || rest.starts_with("ENV_")
}

/// What is known in that section.
fn suggestion(key: &str) -> String {
    let section = key.rsplit_once('.').map_or("", |(section, _)| section);
    let same = |known: &&str| known.rsplit_once('.').map_or("", |(s, _)| s) == section;
    let known: Vec<_> = KEYS.iter().map(|(key, _)| *key).filter(same).collect();
    if known.is_empty() { String::new() } else { format!("; known there: {}", known.join(", ")) }
}
