//! The key, and what it holds.

use crate::chain::Chain;
use crate::commands::doctor::Check;
use crate::commands::doctor::prices::listed;
use crate::commands::run::GAS_LEAST;
use crate::config::Config;
use crate::error::Result;
use crate::execute::fee_reserve;
use crate::keys::{Key, MNEMONIC_VARIABLE};

/// Where the key comes from, and which it is. A file that others can read is refused when it is read.
pub fn key(config: &Config, key: &Result<Option<Key>>) -> Vec<Check> {
    let from = match (&config.wallet.mnemonic_file, std::env::var_os(MNEMONIC_VARIABLE)) {
        (_, Some(_)) => format!("from {MNEMONIC_VARIABLE}"),
        (Some(path), None) => format!("from {}, which only its owner can read", path.display()),
        (None, None) => String::new(),
    };
    vec![match key {
        Ok(Some(key)) => Check::ok("key", format!("{} at {} {from}", key.address(), key.path())),
        Ok(None) => Check::warn(
            "key",
            "there is none: nothing can be sent",
            format!("set {MNEMONIC_VARIABLE}, or wallet.mnemonic_file, before `keeper run --live`"),
        ),
        Err(error) => Check::error("key", error),
    }]
}

/// Whether there is money for gas.
pub async fn balances(chain: &impl Chain, config: &Config) -> Vec<Check> {
    let Some(address) = chain.sender() else { return Vec::new() };
    let (least, most) = (chain.fee(GAS_LEAST), fee_reserve(chain, &config.strategy));
    let held = async {
        let mut denoms = listed(chain, &config.contracts.pool).await?;
        denoms.push(least.denom.clone());
        chain.balances(address, &denoms).await
    };
    let balances = match held.await {
        Ok(balances) => balances,
        Err(error) => return vec![Check::error("balances", &error)],
    };
    let held = balances.get(&least.denom).copied().unwrap_or_default();
    let mut checks = vec![gas(address, held, (least.amount, most.amount), &least.denom)];
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
pub fn gas(address: &str, held: u128, (least, most): (u128, u128), denom: &str) -> Check {
    let finding =
        format!("{address} has {held}{denom} for gas; a liquidation costs {least}, the largest transaction {most}");
    let mend = format!("send {denom} to {address}");
    if held < least {
        return Check::fail("gas money", finding, mend);
    }
    if held < most { Check::warn("gas money", finding, mend) } else { Check::ok("gas money", finding) }
}
