//! The gas that one liquidation uses, and what it is taken to be while nobody has measured it.

use serde::{Deserialize, Serialize};

/// The gas that one liquidation uses on a deployment, before the reserve. It differs by a factor of two between
/// versions of wasmd and between pairs.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GasFigures {
    /// With the key's own coins; `None` while unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own: Option<u64>,
    /// Through the liquidator; `None` while unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sold: Option<u64>,
}

/// What one liquidation used on chains of a version of wasmd and those after it.
struct Measured {
    /// The first version, major and minor number.
    since: (u64, u64),
    /// The version that was measured.
    on: &'static str,
    own: u64,
    sold: u64,
}

/// Measured through a pair of Astroport, which is dearer than one of Plimsoll by about 107,000 (0.53.4) to 267,000
/// (0.70.3). The newest version stands first. From 0.54 on, wasmd charges for loading a contract once in a transaction;
/// before that it charges at each call.
const MEASURED: [Measured; 2] = [
    Measured { since: (0, 54), on: "0.70.3", own: 223_591, sold: 707_032 },
    Measured { since: (0, 0), on: "0.53.4", own: 226_000, sold: 1_126_691 },
];

impl GasFigures {
    /// Whether nothing is known.
    pub const fn is_unknown(&self) -> bool {
        self.own.is_none() && self.sold.is_none()
    }

    /// Whether both are known.
    pub const fn is_complete(&self) -> bool {
        self.own.is_some() && self.sold.is_some()
    }

    /// These, and where they are unknown the others.
    pub fn or(self, others: Self) -> Self {
        Self { own: self.own.or(others.own), sold: self.sold.or(others.sold) }
    }

    /// What was measured on chains with this version of wasmd, such as `v0.54.2`; the dearest where the version is
    /// unknown.
    pub fn of_wasmd(version: Option<&str>) -> Self {
        let version = version.and_then(major_minor);
        let dearest = MEASURED.iter().max_by_key(|measured| measured.sold);
        let of_version = version.and_then(|version| MEASURED.iter().find(|measured| measured.since <= version));
        let Some(measured) = of_version.or(dearest) else { return Self::default() };
        tracing::debug!(?version, measured.on, "gas of a liquidation by the version of wasmd, until one is measured");
        Self { own: Some(measured.own), sold: Some(measured.sold) }
    }
}

/// The first two numbers of a version, with or without a `v` before them.
fn major_minor(version: &str) -> Option<(u64, u64)> {
    let mut numbers = version.strip_prefix('v').unwrap_or(version).split('.').map(str::parse);
    let major = numbers.next()?.ok()?;
    let minor = numbers.next()?.ok()?;
    Some((major, minor))
}
