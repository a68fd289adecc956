//! The key, and what it holds.

use std::collections::BTreeSet;

use crate::chain::cosmos::Node;
use crate::chain::{Chain, Coin, TxSender};
use crate::commands::doctor::market::Market;
use crate::commands::doctor::{Check, numbered};
use crate::commands::run::one_liquidation;
use crate::config::{Config, Contracts};
use crate::error::Result;
use crate::keys::{Key, MNEMONIC_VARIABLE};
use crate::tx::{fee_reserve, gas_money, held};

/// Where the keys come from, and which they are. A file that others can read is refused when it is read.
pub fn keys(config: &Config, keys: &Result<Vec<Key>>) -> Vec<Check> {
    let from = match &config.wallet.mnemonic_file {
        Some(path) => format!("from {}, which only its owner can read", path.display()),
        None => format!("from {MNEMONIC_VARIABLE}"),
    };
    let keys = match keys {
        Ok(keys) => keys,
        Err(error) => return vec![Check::error("key", error)],
    };
    if keys.is_empty() {
        let remedy = format!("set {MNEMONIC_VARIABLE}, or wallet.mnemonic_file, before `keeper run --live`");
        return vec![Check::warn("key", "there is none: nothing can be sent", remedy)];
    }
    let line = |(number, key): (usize, &Key)| {
        Check::ok(numbered("key", number), format!("{} at {} {from}", key.address(), key.path()))
    };
    keys.iter().enumerate().map(line).collect()
}

/// Whether the one who is to pay the fees of the node's key has given it an allowance; nothing where the key pays them
/// itself.
pub async fn allowance(node: &Node, number: usize) -> Option<Check> {
    let what = numbered("fee allowance", number);
    let granter = node.fee_granter()?;
    let address = node.sender()?;
    Some(match node.has_allowance(granter, address).await {
        Ok(true) => Check::ok(what, format!("{granter} pays the fees of {address}")),
        Ok(false) => Check::fail(
            what,
            format!("{granter} has given {address} no allowance for fees: every transaction would be refused"),
            format!(
                "have {granter} give it one (`tx feegrant grant {granter} {address}`), or unset wallet.fee_granter"
            ),
        ),
        Err(error) => Check::error(what, &error),
    })
}

/// Whether a further key has money for gas. The first supplies it, so that having none is no failure.
pub async fn further(chain: &impl Chain, number: usize, contracts: &Contracts) -> Vec<Check> {
    let Some(address) = chain.sender() else { return Vec::new() };
    let what = numbered("gas money", number);
    let least = least(chain, contracts);
    if chain.fee_granter().is_some() {
        return Vec::new();
    }
    let held = match held(chain, address, &least.denom).await {
        Ok(held) => held,
        Err(error) => return vec![Check::error(what, &error)],
    };
    let finding = format!("{address} has {held}{} for gas; a liquidation costs {}", least.denom, least.amount);
    vec![if held < least.amount {
        Check::warn(what, finding, "the first key sends it some when it can spare it; or send some there")
    } else {
        Check::ok(what, finding)
    }]
}

/// What a liquidation costs at least; where nobody has measured it the smallest fee there is.
fn least(chain: &impl Chain, contracts: &Contracts) -> Coin {
    one_liquidation(chain, contracts).map_or_else(|| chain.fee(1), |(_, fee)| fee)
}

/// Whether there is money for gas.
pub async fn balances(chain: &impl Chain, config: &Config) -> Vec<Check> {
    let Some(address) = chain.sender() else { return Vec::new() };
    let least = least(chain, &config.contracts);
    let most = fee_reserve(chain, &config.strategy);
    let held = async {
        let market = Market::read(chain, &config.contracts.pool).await?;
        let listed = market.assets.into_iter().map(|asset| asset.params.denom);
        let denoms: BTreeSet<String> = listed.chain([least.denom.clone()]).collect();
        chain.balances(address, &Vec::from_iter(denoms)).await
    };
    let balances = match held.await {
        Ok(balances) => balances,
        Err(error) => return vec![Check::error("balances", &error)],
    };
    let mut checks = vec![match gas_money(chain, &least.denom).await {
        Ok((payer, held)) => gas(&payer, held, least.amount, most.amount, &least.denom),
        Err(error) => Check::error("gas money", &error),
    }];
    if config.contracts.liquidator.is_none() && balances.keys().all(|denom| *denom == least.denom) {
        let finding = format!("{address} holds nothing to repay with, and there is no liquidator");
        checks.push(Check::warn(
            "inventory",
            finding,
            "send some of each borrowed token there, or set contracts.liquidator",
        ));
    }
    checks
}

/// Whether `held` pays for a liquidation (`least`), and for the largest transaction (`most`), in base units.
pub fn gas(address: &str, held: u128, least: u128, most: u128, denom: &str) -> Check {
    let finding =
        format!("{address} has {held}{denom} for gas; a liquidation costs {least}, the largest transaction {most}");
    let remedy = format!("send {denom} to {address}");
    if held < least {
        return Check::fail("gas money", finding, remedy);
    }
    if held < most { Check::warn("gas money", finding, remedy) } else { Check::ok("gas money", finding) }
}
