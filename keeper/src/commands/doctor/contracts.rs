//! Contracts: there, of the right kind and version, and of one another.

use cosmwasm_std::from_json;
use plimsoll_schema::pair::{self, PairInfo, PairType, PoolResponse};
use plimsoll_schema::{liquidator, pool};
use serde::Deserialize;

use crate::chain::{ChainReader, query};
use crate::commands::doctor::{Check, Status};
use crate::config::Contracts;
use crate::error::Result;

/// Where cw2 keeps a contract's name and version.
const CW2: &[u8] = b"contract_info";
/// What the names of this market's contracts start with, and what its pair is called.
const OURS_START: &str = "crates.io:plimsoll-";
const PAIR: &str = "crates.io:plimsoll-pair";
/// This keeper's version, which is the contracts' too.
const OURS: &str = env!("CARGO_PKG_VERSION");

/// What a contract calls itself.
#[derive(Deserialize)]
pub(super) struct Version {
    pub(super) contract: String,
    version: String,
}

/// A line for each contract.
pub async fn check(chain: &impl ChainReader, contracts: &Contracts, chain_id: &str) -> Vec<Check> {
    let mut checks = vec![one(chain, "pool", &contracts.pool, chain_id).await];
    let config = query::<pool::ConfigResponse>(chain, &contracts.pool, &pool::QueryMsg::Config {}, None).await;
    match config {
        Ok(answer) => {
            let oracle = answer.config.oracle;
            checks.push(match contracts.oracle.as_ref().filter(|wanted| **wanted != oracle) {
                Some(wanted) => Check::fail(
                    "contracts.oracle",
                    format!("it is {wanted}, but the pool goes by {oracle}"),
                    "correct it or leave it out",
                ),
                None => one(chain, "oracle", &oracle, chain_id).await,
            });
        }
        Err(error) => checks.push(Check::error("contracts.pool", &error)),
    }
    match &contracts.liquidator {
        None => checks.push(Check::warn(
            "contracts.liquidator",
            "there is none: only what the key holds is repaid with",
            "set contracts.liquidator and contracts.pairs, or keep some of each borrowed token in the key",
        )),
        Some(address) => {
            checks.push(one(chain, "liquidator", address, chain_id).await);
            checks.extend(of_pool(chain, address, &contracts.pool).await);
            if contracts.pairs.is_empty() {
                let finding = "there is none: the liquidator can't sell what it takes";
                checks.push(Check::warn("contracts.pairs", finding, "set contracts.pairs"));
            }
        }
    }
    for pair in &contracts.pairs {
        checks.push(match one(chain, "pair", pair, chain_id).await {
            check if check.status == Status::Ok => liquid(chain, check, pair).await,
            check => check,
        });
    }
    checks
}

/// Whether the liquidator works for this pool; nothing when it does.
async fn of_pool(chain: &impl ChainReader, liquidator: &str, pool: &str) -> Option<Check> {
    let asked = liquidator::QueryMsg::Config {};
    match query::<liquidator::ConfigResponse>(chain, liquidator, &asked, None).await {
        Ok(config) if config.pool == pool => None,
        Ok(config) => Some(Check::fail(
            "contracts.liquidator",
            format!("{liquidator} liquidates in pool {}, not in {pool}", config.pool),
            "set the one that does",
        )),
        Err(error) => Some(Check::error("contracts.liquidator", &error)),
    }
}

async fn one(chain: &impl ChainReader, kind: &'static str, address: &str, chain_id: &str) -> Check {
    let what = format!("{kind} {address}");
    match version(chain, address).await {
        Ok(Some(found)) => match judge(&what, kind, &found.contract, &found.version) {
            // Somebody else's: what it is it has to say itself.
            check if check.status == Status::Ok && kind == "pair" && found.contract != PAIR => {
                trades(chain, check, address).await
            }
            check => check,
        },
        Ok(None) => {
            let remedy = format!("set {}, or deploy first", setting(kind));
            Check::fail(what, format!("no contract is there on {chain_id}"), remedy)
        }
        Err(error) => Check::error(what, &error),
    }
}

/// What names contracts of this kind.
fn setting(kind: &str) -> String {
    format!("contracts.{kind}{}", if kind == "pair" { "s" } else { "" })
}

/// What the contract at this address calls itself, empty where it doesn't; none where no contract is.
pub(super) async fn version(chain: &impl ChainReader, address: &str) -> Result<Option<Version>> {
    if !chain.is_contract(address).await? {
        return Ok(None);
    }
    let nothing = || Version { contract: String::new(), version: String::new() };
    let stored = chain.raw(address, CW2.to_vec(), None).await?;
    Ok(Some(stored.and_then(|bytes| from_json(bytes).ok()).unwrap_or_else(nothing)))
}

/// Whether this answers as a pair does; `check` says what it is called.
async fn trades(chain: &impl ChainReader, check: Check, address: &str) -> Check {
    match query::<PairInfo>(chain, address, &pair::QueryMsg::Pair {}, None).await {
        Ok(info) if info.pair_type == PairType::Xyk {} => check,
        Ok(info) => Check::warn(
            check.check,
            format!("{}, and of type {:?}: nothing is sold there", check.finding, info.pair_type),
            "leave it out of contracts.pairs; a constant-product pair is wanted",
        ),
        Err(error) => {
            Check::fail(check.check, format!("{}; it is no pair: {error}", check.finding), "correct contracts.pairs")
        }
    }
}

/// Whether this pair holds something of both tokens; `check` says what it is called.
async fn liquid(chain: &impl ChainReader, check: Check, address: &str) -> Check {
    match query::<PoolResponse>(chain, address, &pair::QueryMsg::Pool {}, None).await {
        Ok(pool) if pool.assets.iter().any(|asset| asset.amount.is_zero()) => Check::warn(
            check.check,
            format!("{}, without liquidity: nothing is sold there", check.finding),
            "provide liquidity, or leave it out of contracts.pairs",
        ),
        Ok(_) => check,
        Err(error) => Check::error(check.check, &error),
    }
}

/// What the name and version that cw2 keeps mean. Pairs may be somebody else's, but for another contract of this
/// market.
pub fn judge(what: &str, kind: &str, contract: &str, version: &str) -> Check {
    let wanted = format!("{OURS_START}{kind}");
    let found = if contract.is_empty() {
        "it says neither name nor version".to_owned()
    } else {
        format!("{contract} {version}")
    };
    if contract != wanted && kind == "pair" && !contract.starts_with(OURS_START) {
        return Check::ok(what, format!("{found}: asked in Astroport's terms"));
    }
    if contract != wanted {
        return Check::fail(what, format!("{found}; it should be {wanted}"), format!("correct {}", setting(kind)));
    }
    if version != OURS {
        let remedy = "use the keeper that was released with the contracts, or migrate them";
        return Check::warn(what, format!("{found}, while this keeper is {OURS}"), remedy);
    }
    Check::ok(what, found)
}
