//! Reads a value from the layers, or says what it must be.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::config::Layers;
use crate::config::address::Address;
use crate::config::headers::{self, HEADERS};
use crate::config::layers::variable;
use crate::error::{Error, Result};

impl Layers {
    /// A value that has to be set.
    pub fn required(&self, key: &str) -> Result<String> {
        let value = self.get(key);
        if value.is_empty() {
            let variable = variable(key);
            return Err(Error::Config(format!(
                "{key} is not set: set it in the configuration file or as {variable}, or name what was deployed with --deployment FILE"
            )));
        }
        Ok(value.to_owned())
    }

    pub(super) fn optional(&self, key: &str) -> Option<&str> {
        Some(self.get(key)).filter(|value| !value.is_empty())
    }

    pub(super) fn parse<T: FromStr>(&self, key: &str, allowed: &str, check: impl Fn(&T) -> bool) -> Result<T> {
        self.get(key).parse().ok().filter(|value| check(value)).ok_or_else(|| self.refuse(key, allowed))
    }

    /// A value that may be left out.
    pub(super) fn given<T: FromStr>(&self, key: &str, allowed: &str, check: impl Fn(&T) -> bool) -> Result<Option<T>> {
        self.optional(key).map(|_| self.parse(key, allowed, check)).transpose()
    }

    pub(super) fn path(&self, key: &str, allowed: &str, check: impl Fn(&Path) -> bool) -> Result<Option<PathBuf>> {
        let path = self.optional(key).map(PathBuf::from);
        if path.as_deref().is_some_and(|path| !check(path)) { Err(self.refuse(key, allowed)) } else { Ok(path) }
    }

    /// Addresses of endpoints, of which none is twice.
    pub(super) fn endpoints(&self, key: &str, schemes: &[&str]) -> Result<Vec<String>> {
        let allowed = || {
            let forms: Vec<String> = schemes.iter().map(|scheme| format!("{scheme}://host:port")).collect();
            self.refuse(key, &format!("{}, or a list of different ones", forms.join(" or ")))
        };
        let sound = |text: &str| {
            let uri: http::Uri = text.parse().ok()?;
            let known = uri.scheme_str().is_some_and(|scheme| schemes.contains(&scheme));
            let address = Address::of(text);
            let has_host = uri.host().is_some_and(|host| !host.is_empty()) && !address.host.starts_with(':');
            (known && has_host && address.fragment.is_none()).then(|| text.to_owned())
        };
        let addresses: Option<Vec<String>> = self.list(key).map(sound).collect();
        let addresses = addresses.filter(|addresses| !addresses.is_empty()).ok_or_else(allowed)?;
        let different: std::collections::BTreeSet<&String> = addresses.iter().collect();
        if different.len() < addresses.len() { Err(allowed()) } else { Ok(addresses) }
    }

    /// The members of a list: separated by commas where it is one text.
    pub(super) fn list(&self, key: &str) -> impl Iterator<Item = &str> {
        headers::members(self.get(key))
    }

    /// A value as it may be shown: addresses of endpoints without what may be secret in them, headers without values.
    pub fn shown(&self, key: &str) -> String {
        if ["chain.grpc", "chain.rpc"].contains(&key) {
            return crate::config::redact::all_public(self.list(key));
        }
        if key == HEADERS {
            return headers::shown(self.get(key));
        }
        crate::config::redact::redacted(self.get(key)).to_owned()
    }

    pub(super) fn refuse(&self, key: &str, allowed: &str) -> Error {
        Error::Config(format!(
            "{key} = \"{}\" (from {}) is not allowed: it must be {allowed}",
            self.shown(key),
            self.origin(key)
        ))
    }
}
