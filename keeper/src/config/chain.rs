//! `[chain]` and `[contracts]`: how to reach a chain, and what is watched there.

use std::path::PathBuf;

use cosmwasm_std::Decimal;
use http::HeaderMap;

use crate::config::GasFigures;
use crate::config::Layers;
use crate::config::headers;
use crate::error::Result;

/// How many requests a second a running keeper needs at least of an endpoint. With nothing to do and a block each second
/// it sends about five over gRPC and two over RPC.
pub const REQUESTS_PER_SECOND_MIN: u32 = 10;

/// What a chain accepts as the name of a token.
pub(super) const DENOM: &str = "a denom: a letter, then 2 to 127 letters, digits and any of / : . _ -";

/// How to reach a chain and pay there. Debug shows no more of the endpoints than their hosts.
#[derive(Clone, PartialEq, Eq)]
pub struct ChainConfig {
    /// The chain id.
    pub id: String,
    /// `http(s)://host:port`, the preferred one first.
    pub grpc: Vec<String>,
    /// `ws(s)://host:port/websocket`, or the same as `http(s)`, the preferred one first.
    pub rpc: Vec<String>,
    /// The bech32 prefix of addresses.
    pub prefix: String,
    /// The coin type of the keys' derivation path, by SLIP-44.
    pub coin_type: u32,
    /// The least that a unit of gas is paid with.
    pub gas_price: Decimal,
    /// The most that a unit of gas costs; ten times `gas_price` when left out.
    pub max_gas_price: Option<Decimal>,
    /// The denom that gas is paid in.
    pub gas_denom: String,
    /// The factor by which a simulation's gas is multiplied.
    pub gas_adjustment: Decimal,
    /// How many requests a second each endpoint is asked at most; without a limit when `None`. What a transaction needs
    /// counts and goes at once. What the book needs waits for that, a minute at most. For a running keeper at least
    /// [`REQUESTS_PER_SECOND_MIN`].
    pub max_requests_per_second: Option<u32>,
    /// A certificate authority to trust beside the public ones.
    pub ca_file: Option<PathBuf>,
    /// What every request to an endpoint carries, as API keys.
    pub headers: HeaderMap,
    /// Who pays the fees, by an allowance for each key; the keys themselves when `None`. It is `wallet.fee_granter`.
    pub fee_granter: Option<String>,
}

impl std::fmt::Debug for ChainConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let public = |all: &[String]| all.iter().map(|one| crate::config::redact::public(one)).collect::<Vec<_>>();
        f.debug_struct("ChainConfig")
            .field("id", &self.id)
            .field("grpc", &public(&self.grpc))
            .field("rpc", &public(&self.rpc))
            .finish_non_exhaustive()
    }
}

impl ChainConfig {
    /// A simulated amount of gas with the reserve, rounded up.
    pub fn with_reserve(&self, gas: u64) -> u64 {
        let atomics = self.gas_adjustment.atomics().u128();
        plimsoll_risk::math::mul_div_up_128(gas.into(), atomics, plimsoll_risk::math::ONE)
            .map_or(u64::MAX, |gas| u64::try_from(gas).unwrap_or(u64::MAX))
    }
}

/// The contracts that are watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contracts {
    /// The pool.
    pub pool: String,
    /// Its oracle; the pool's own answer when left out.
    pub oracle: Option<String>,
    /// Its liquidator; without one the keeper repays from what it holds only.
    pub liquidator: Option<String>,
    /// The pairs to sell into.
    pub pairs: Vec<String>,
    /// The gas of one liquidation there, as it was measured when they were deployed.
    pub gas: GasFigures,
}

/// The prefix and coin type of addresses.
pub fn addresses(layers: &Layers) -> Result<(String, u32)> {
    let prefix = |text: &String| !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    Ok((
        layers.parse("chain.prefix", "lower-case letters and digits", prefix)?,
        layers.parse("chain.coin_type", "a number below 2147483648", |n: &u32| *n < 1 << 31)?,
    ))
}

pub(super) fn chain(layers: &Layers) -> Result<ChainConfig> {
    let (prefix, coin_type) = addresses(layers)?;
    let above_zero = |price: &Decimal| !price.is_zero();
    for name in ["chain.id", "chain.grpc", "chain.rpc"] {
        layers.required(name)?;
    }
    Ok(ChainConfig {
        id: layers.parse("chain.id", "up to 50 letters, digits, dots, hyphens and underscores", |id: &String| {
            id.len() <= 50 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b))
        })?,
        grpc: layers.endpoints("chain.grpc", &["http", "https"])?,
        rpc: layers.endpoints("chain.rpc", &["ws", "wss", "http", "https"])?,
        prefix,
        coin_type,
        gas_price: layers.parse("chain.gas_price", "a decimal number", |_: &Decimal| true)?,
        max_gas_price: layers.given(
            "chain.max_gas_price",
            "a decimal number, chain.gas_price or more",
            |most: &Decimal| layers.get("chain.gas_price").parse().is_ok_and(|least: Decimal| *most >= least),
        )?,
        gas_denom: layers
            .required("chain.gas_denom")
            .and_then(|_| layers.parse("chain.gas_denom", DENOM, |denom: &String| is_denom(denom)))?,
        gas_adjustment: layers.parse("chain.gas_adjustment", "a number from 1 to 10", |n: &Decimal| {
            above_zero(n) && *n >= Decimal::one() && *n <= Decimal::percent(1_000)
        })?,
        max_requests_per_second: layers.given(
            "chain.max_requests_per_second",
            "a number from 1 to 100000",
            |most: &u32| (1..=100_000).contains(most),
        )?,
        ca_file: layers.path("chain.ca_file", "a PEM file that is there", |path| path.is_file())?,
        headers: headers::headers(layers)?,
        fee_granter: layers.given(
            "wallet.fee_granter",
            &format!("an address with prefix '{}'", layers.get("chain.prefix")),
            |address: &String| is_address(address, layers.get("chain.prefix")),
        )?,
    })
}

pub(super) fn contracts(layers: &Layers) -> Result<Contracts> {
    let contracts = Contracts {
        pool: layers.required("contracts.pool")?,
        oracle: layers.optional("contracts.oracle").map(str::to_owned),
        liquidator: layers.optional("contracts.liquidator").map(str::to_owned),
        pairs: layers.list("contracts.pairs").map(str::to_owned).collect(),
        gas: GasFigures {
            own: layers.given("contracts.gas_own", "an amount of gas above 0", |gas: &u64| *gas > 0)?,
            sold: layers.given("contracts.gas_sold", "an amount of gas above 0", |gas: &u64| *gas > 0)?,
        },
    };
    if contracts.pairs.iter().collect::<std::collections::BTreeSet<_>>().len() < contracts.pairs.len() {
        return Err(layers.refuse("contracts.pairs", "different addresses, separated by commas"));
    }
    let named = [
        ("contracts.pool", Some(&contracts.pool)),
        ("contracts.oracle", contracts.oracle.as_ref()),
        ("contracts.liquidator", contracts.liquidator.as_ref()),
    ];
    for (name, address) in named.into_iter().chain(contracts.pairs.iter().map(|pair| ("contracts.pairs", Some(pair)))) {
        if address.is_some_and(|address| !is_address(address, layers.get("chain.prefix"))) {
            return Err(layers.refuse(name, &format!("an address with prefix '{}'", layers.get("chain.prefix"))));
        }
    }
    Ok(contracts)
}

/// Whether this looks like an address with this prefix. Whether one is there only the chain can say.
fn is_address(text: &str, prefix: &str) -> bool {
    let rest = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('1'));
    rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()))
}

/// Whether a chain may have such a denom.
pub(super) fn is_denom(text: &str) -> bool {
    let rest = text.strip_prefix(|first: char| first.is_ascii_alphabetic()).unwrap_or_default();
    (2..=127).contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b"/:._-".contains(&b))
}
