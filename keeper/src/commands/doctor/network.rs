//! Endpoints, and this machine's clock.

use std::time::Duration;

use tokio::time::timeout;

use crate::chain::cosmos::Node;
use crate::chain::cosmos::results::lacks_results;
use crate::chain::cosmos::rpc::Rpc;
use crate::chain::cosmos::tls::Trust;
use crate::chain::endpoints::{Endpoints, Health};
use crate::chain::{ChainReader, GasPrice, Head, TxSender};
use crate::commands::doctor::{Check, Status};
use crate::config::redact::public;
use crate::config::{ChainConfig, REQUESTS_PER_SECOND_MIN};
use crate::error::Result;

/// In seconds: how far a block's time may be ahead of this machine's, and how far behind, since blocks take a while.
const CLOCK_AHEAD_SECONDS_MAX: u64 = 2;
const CLOCK_BEHIND_SECONDS_MAX: u64 = 30;
/// For how long a subscription may say nothing before that is told.
const SUBSCRIPTION_TIMEOUT: Duration = Duration::from_secs(15);

/// A line for each endpoint. One that can't be asked is a failure only when there is no other of its kind.
pub fn endpoints(endpoints: &Endpoints, clock: u64) -> Vec<Check> {
    let good = |at: usize| endpoints.health(at) == Health::Good;
    let line = |(at, endpoint): (usize, &crate::chain::endpoints::Endpoint)| {
        let what = format!("{} {}", endpoint.kind, endpoint.name);
        let block = endpoint.head.as_ref().map_or_else(String::new, |(head, _)| {
            format!("block {} of {}, {} s old", head.height, head.chain_id, clock.saturating_sub(head.time))
        });
        if good(at) {
            return Check::ok(what, block);
        }
        let mut others = endpoints.all().iter().enumerate();
        let replaced = others.any(|(other, one)| other != at && one.kind == endpoint.kind && good(other));
        let (found, remedy) = match endpoints.health(at) {
            health @ Health::Foreign { .. } => (health.to_string(), "set chain.id, or replace the endpoint"),
            health @ Health::Lagging { .. } => (health.to_string(), "wait until it has caught up, or replace it"),
            health @ Health::Impossible { .. } => {
                (health.to_string(), "see to this machine's clock, or replace the endpoint")
            }
            _ => (
                endpoint.reason.clone().unwrap_or_else(|| "does not answer".to_owned()),
                "check the address, and that the node is up",
            ),
        };
        let status = if replaced { Status::Warn } else { Status::Fail };
        Check { status, ..Check::fail(what, found, remedy) }
    };
    endpoints.all().iter().enumerate().map(line).collect()
}

/// How often each endpoint is asked at most, and whether that is enough for a running keeper.
pub fn budget(config: &ChainConfig) -> Check {
    const WHAT: &str = "request budget";
    let Some(most) = config.max_requests_per_second else {
        let finding = "chain.max_requests_per_second is not set: as many requests as there are questions";
        return Check::ok(WHAT, finding);
    };
    let finding = format!("at most {most} requests a second to each endpoint");
    if most >= REQUESTS_PER_SECOND_MIN {
        return Check::ok(WHAT, finding);
    }
    let remedy = format!(
        "blocks are followed late where they come fast: set chain.max_requests_per_second to {REQUESTS_PER_SECOND_MIN} or more"
    );
    Check::warn(WHAT, finding, remedy)
}

/// Whether the node has all blocks.
pub async fn synced(node: &Node) -> Check {
    match node.assert_synced().await {
        Ok(()) => Check::ok("sync", "the node is not catching up"),
        Err(error) => Check::error("sync", &error),
    }
}

/// Whether each RPC endpoint takes a subscription to new blocks. A keeper polls where none does.
pub async fn subscriptions(config: &ChainConfig) -> Result<Vec<Check>> {
    let trust = Trust::new(config.ca_file.as_deref())?;
    let mut checks = Vec::new();
    for address in &config.rpc {
        let what = format!("subscription {}", public(address));
        let rpc = Rpc::new(address, trust.clone()).with_headers(&config.headers);
        let remedy = "use a node with free subscription slots, and a way to it that lets websockets through; blocks are polled meanwhile";
        checks.push(match timeout(SUBSCRIPTION_TIMEOUT, rpc.listen(|_| false)).await {
            Ok(Ok(())) => Check::ok(what, "new blocks are announced"),
            Ok(Err(error)) => {
                let by = match rpc.head().await {
                    Ok(_) if rpc.is_posting() => "; its questions are answered by HTTP POST",
                    _ => "",
                };
                Check::warn(what, format!("{error}{by}"), remedy)
            }
            Err(_) => Check::warn(what, format!("nothing was heard for {} s", SUBSCRIPTION_TIMEOUT.as_secs()), remedy),
        });
    }
    Ok(checks)
}

/// Whether the key's account can be asked for, without which nothing can be signed.
pub async fn account(chain: &impl TxSender) -> Option<Check> {
    let address = chain.sender()?;
    Some(match chain.sequence().await {
        Ok(Some(sequence)) => Check::ok("account", format!("the next sequence of {address} is {sequence}")),
        Ok(None) => Check::ok("account", format!("the chain doesn't tell the sequence of {address}")),
        Err(error) => Check::error("account", &error),
    })
}

/// Whether what contracts said in the newest block can be asked for, by which the book is followed.
pub async fn block_results(chain: &impl ChainReader) -> Check {
    let asked = async {
        let head = chain.head().await?;
        Ok((head.height, chain.events(head.height).await?.len()))
    };
    match asked.await {
        Ok((height, events)) => Check::ok("block results", format!("block {height} has {events} events of contracts")),
        Err(error) => {
            let error: crate::error::Error = error;
            let remedy = "set [storage] discard_abci_responses = false in its config.toml, or use another node";
            Check::fail("block results", format!("the newest block's can't be read: {error}"), remedy)
        }
    }
}

/// Whether each RPC endpoint keeps what happened in blocks; `told` has why not. A keeper works without, and sees less.
pub fn results(told: &[(String, Option<String>)]) -> Vec<Check> {
    let line = |(name, reason): &(String, Option<String>)| {
        let what = format!("results {name}");
        match reason {
            None => Check::ok(what, "it keeps block results"),
            Some(reason) if lacks_results(reason) => Check::warn(
                what,
                "it keeps no block results (discard_abci_responses): where no other endpoint does, events are searched for in the index of \
                 transactions, and what the chain itself runs is not seen",
                "set [storage] discard_abci_responses = false in its config.toml, or use another node",
            ),
            Some(reason) => Check::warn(what, reason.clone(), "check that the node is up, or use another one"),
        }
    };
    told.iter().map(line).collect()
}

/// Whether each gRPC endpoint takes `chain.gas_price`, by what it says to take at least. One that doesn't is a failure
/// only when no other does.
pub fn gas_prices(told: &[(String, Option<String>)], config: &ChainConfig) -> Vec<Check> {
    one_is_enough(told.iter().map(|(name, said)| gas_price(name, said.as_deref(), config)).collect())
}

/// Where one of these is well, the others are no failures.
fn one_is_enough(mut checks: Vec<Check>) -> Vec<Check> {
    if checks.iter().any(|check| check.status == Status::Ok) {
        checks.iter_mut().for_each(|check| check.status = check.status.min(Status::Warn));
    }
    checks
}

fn gas_price(endpoint: &str, said: Option<&str>, config: &ChainConfig) -> Check {
    let what = format!("gas price {endpoint}");
    let ours = format!("{}{}", config.gas_price, config.gas_denom);
    let Some(said) = said else {
        return Check::ok(
            what,
            format!("chain.gas_price is {ours}; the least that it takes is unknown: it doesn't say"),
        );
    };
    let price = |text: &str| {
        let (amount, denom) = text.split_at(text.find(|c: char| c.is_ascii_alphabetic())?);
        Some((amount.parse::<cosmwasm_std::Decimal>().ok()?, denom.to_owned()))
    };
    let least: Vec<_> = said.split(',').filter_map(|text| price(text.trim())).collect();
    let most = GasPrice::new(&config.gas_denom, config.gas_price, config.max_gas_price).most();
    let in_ours = least.iter().find(|(_, denom)| *denom == config.gas_denom);
    match in_ours {
        _ if least.iter().all(|(least, _)| least.is_zero()) => Check::ok(what, format!("{ours}; it takes any")),
        Some((least, _)) if *least <= config.gas_price => Check::ok(what, format!("{ours}; it takes {said} or more")),
        Some((least, _)) if *least <= most => {
            Check::ok(what, format!("{ours}, which the keeper raises to what it takes, {said}; the most is {most}"))
        }
        Some((least, denom)) => {
            let remedy = format!("set chain.max_gas_price to {least} at least: it would refuse every transaction");
            Check::fail(
                what,
                format!("the keeper pays at most {most}, and it takes no less than {least}{denom}"),
                remedy,
            )
        }
        None => {
            let remedy = "set chain.gas_denom and chain.gas_price: it would refuse every transaction";
            Check::fail(what, format!("chain.gas_price is {ours}, and it takes {said}"), remedy)
        }
    }
}

/// Whether each gRPC endpoint can say what became of a transaction; `told` has why not. One that can't is a failure
/// only when no other can.
pub fn indexes(told: &[(String, Option<String>)]) -> Vec<Check> {
    let line = |(name, reason): &(String, Option<String>)| match reason {
        None => Check::ok(format!("index {name}"), "it can be asked what became of a transaction"),
        Some(reason) => Check::fail(
            format!("index {name}"),
            format!("it can't say what became of a transaction: {reason}"),
            "set [tx_index] indexer = \"kv\" in its config.toml, or use another node: the keeper would wait for its first transaction for ever",
        ),
    };
    one_is_enough(told.iter().map(line).collect())
}

/// Whether this machine's clock, in seconds, agrees with the chain's.
pub fn time(head: &Head, clock: u64) -> Check {
    let ahead = head.time.saturating_sub(clock);
    let behind = clock.saturating_sub(head.time);
    if ahead > CLOCK_AHEAD_SECONDS_MAX {
        let found = format!("block {} is {ahead} s ahead of this machine's clock", head.height);
        return Check::fail("clock", found, "set this machine's clock, by NTP for instance");
    }
    if behind > CLOCK_BEHIND_SECONDS_MAX {
        let found = format!("block {} is {behind} s behind this machine's clock", head.height);
        return Check::fail(
            "clock",
            found,
            "the chain stands, or its nodes are behind, or this machine's clock is wrong",
        );
    }
    Check::ok("clock", format!("block {} is {behind} s old by this machine's clock", head.height))
}
