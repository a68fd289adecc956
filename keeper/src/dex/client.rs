//! Reads liquidator and pairs from a chain.
//!
//! A pair is somebody else's contract. Whatever one answers, or refuses to, it is left out and nothing more: the others
//! and own coins remain.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use futures_util::future::join_all;
use plimsoll_risk::units::{Amount, Ratio};
use plimsoll_schema::liquidator;
use plimsoll_schema::pair::{
    Asset, AssetInfo, ConfigResponse, PairInfo, PairParams, PairType, PoolResponse, QueryMsg, SimulationResponse,
};

use crate::chain::{ChainReader, query};
use crate::dex::{DexSnapshot, Pair};
use crate::error::{Class, Error, Result};

/// What part of its reserve is offered in thought to a pair that doesn't say what its fee is.
const PROBE_SHARE: Ratio = Ratio::percent(1);

/// The liquidator and the pairs that it may sell in.
#[derive(Debug)]
pub struct DexClient {
    liquidator: String,
    pairs: Vec<KnownPair>,
    /// The pairs that gave no answer to be used when they were last asked.
    silent: Mutex<BTreeSet<String>>,
    /// The pairs that had no liquidity when they were last asked.
    empty: Mutex<BTreeSet<String>>,
}

/// What of a pair never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
struct KnownPair {
    address: String,
    denoms: [String; 2],
    /// `None` where a simulation has to tell it: an Astroport pair asks its factory.
    fee: Option<Ratio>,
}

impl DexClient {
    /// Looks at liquidator and pairs. Errors when the liquidator works for another pool, or an address is no such
    /// contract. A pair whose formula isn't the constant product's, or which isn't of two native tokens, is left out
    /// with a warning, as is what doesn't say that it is a pair.
    pub async fn open(chain: &impl ChainReader, pool: &str, liquidator: &str, pairs: &[String]) -> Result<Self> {
        let chain_id = chain.head().await?.chain_id;
        let named = pairs.iter().map(|pair| ("pair", pair.as_str())).chain([("liquidator", liquidator)]);
        for (name, address) in named {
            if !chain.is_contract(address).await? {
                return Err(Error::NoContract { name, address: address.to_owned(), chain_id });
            }
        }
        let config: liquidator::ConfigResponse = query(chain, liquidator, &liquidator::QueryMsg::Config {}, None)
            .await
            .map_err(blaming("contracts.liquidator"))?;
        if config.pool != pool {
            let found = config.pool;
            return Err(Error::Config(format!(
                "contracts.liquidator {liquidator} liquidates in pool {found}, not in {pool}: set the one that does"
            )));
        }
        let dex_client = Self {
            liquidator: liquidator.to_owned(),
            pairs: Vec::new(),
            silent: Mutex::default(),
            empty: Mutex::default(),
        };
        let answers = join_all(pairs.iter().map(|address| known(chain, address))).await;
        let known = dex_client.usable(pairs.iter().map(String::as_str).zip(answers))?;
        Ok(Self { pairs: known, ..dex_client })
    }

    /// The liquidator's contract.
    pub fn liquidator(&self) -> &str {
        &self.liquidator
    }

    /// The pairs at this block, where there is a liquidator.
    pub async fn read_any(
        dex_client: Option<&Self>,
        chain: &impl ChainReader,
        height: u64,
    ) -> Result<Option<DexSnapshot>> {
        match dex_client {
            Some(dex_client) => dex_client.read(chain, Some(height)).await.map(Some),
            None => Ok(None),
        }
    }

    /// The pairs at this block. One that gives no answer to be used, or has no liquidity, is left out and named. Errors
    /// when none is heard, since then it is the node that doesn't answer.
    pub async fn read(&self, chain: &impl ChainReader, height: Option<u64>) -> Result<DexSnapshot> {
        let answers = join_all(self.pairs.iter().map(|known| known.read(chain, height))).await;
        let addresses = || self.pairs.iter().map(|known| known.address.as_str());
        for (pair, answer) in addresses().zip(&answers) {
            if let Ok(answer) = answer {
                self.tell_liquidity(pair, answer.is_some());
            }
        }
        let pairs = self.usable(addresses().zip(answers))?;
        Ok(DexSnapshot { liquidator: self.liquidator.clone(), pairs })
    }

    /// Tells of a pair once that it has no liquidity, and once that it has some again.
    fn tell_liquidity(&self, pair: &str, has_some: bool) {
        let mut empty = self.empty.lock().unwrap_or_else(PoisonError::into_inner);
        if has_some && empty.remove(pair) {
            tracing::info!(pair, "this pair has liquidity again; selling there");
        } else if !has_some && empty.insert(pair.to_owned()) {
            tracing::warn!(pair, "this pair has no liquidity; nothing is sold there until somebody provides some");
        }
    }

    /// The addresses of the pairs that had no liquidity when they were last asked.
    pub fn without_liquidity(&self) -> Vec<String> {
        self.empty.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// How many pairs gave no answer to be used when they were last asked.
    pub fn silent(&self) -> usize {
        self.silent.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// What there is of these answers. Tells of a pair once that it gives none to be used, and once that it does again.
    fn usable<'a, T>(&self, answers: impl Iterator<Item = (&'a str, Result<Option<T>>)>) -> Result<Vec<T>> {
        let answers: Vec<_> = answers.collect();
        let heard = answers.iter().any(|(_, answer)| answer.as_ref().map_or_else(is_its_own, |_| true));
        let mut silent = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        let mut usable = Vec::new();
        for (pair, answer) in answers {
            match answer {
                Ok(answer) => {
                    if silent.remove(pair) {
                        tracing::info!(pair, "this pair answers again");
                    }
                    usable.extend(answer);
                }
                Err(error) if error.class() == Class::Halt || !heard => return Err(error),
                Err(error) => {
                    if silent.insert(pair.to_owned()) {
                        tracing::warn!(pair, %error, "this pair gives no answer to be used; nothing is sold there");
                    }
                }
            }
        }
        Ok(usable)
    }
}

/// Whether it is the contract that answered so, not its node.
const fn is_its_own(error: &Error) -> bool {
    matches!(error, Error::Query { .. } | Error::Garbage { .. })
}

/// What a contract doesn't answer that a setting names: most likely it isn't the one that is meant.
fn blaming(setting: &'static str) -> impl Fn(Error) -> Error {
    move |error| match error {
        Error::Query { what, reason } => {
            Error::Query { what, reason: format!("{reason}; see that {setting} names the right address") }
        }
        Error::Garbage { from, reason } => {
            Error::Garbage { from, reason: format!("{reason}; see that {setting} names the right address") }
        }
        other => other,
    }
}

async fn known(chain: &impl ChainReader, address: &str) -> Result<Option<KnownPair>> {
    let asked = query::<PairInfo>(chain, address, &QueryMsg::Pair {}, None).await;
    let info = asked.map_err(blaming("contracts.pairs"))?;
    let native = |info: &AssetInfo| match info {
        AssetInfo::NativeToken { denom } => Some(denom.clone()),
        AssetInfo::Token { .. } => None,
    };
    let denoms: Vec<String> = info.asset_infos.iter().filter_map(native).collect();
    let (Ok(denoms), PairType::Xyk {}) = (<[String; 2]>::try_from(denoms), &info.pair_type) else {
        tracing::warn!(
            pair = address,
            "this isn't a constant-product pair of two native tokens; nothing is sold there"
        );
        return Ok(None);
    };
    let params = match query::<ConfigResponse>(chain, address, &QueryMsg::Config {}, None).await {
        Ok(config) => config.params,
        Err(error) if is_its_own(&error) => None,
        Err(error) => return Err(error),
    };
    let params = params.and_then(|params| cosmwasm_std::from_json::<PairParams>(params).ok());
    Ok(Some(KnownPair { address: address.to_owned(), denoms, fee: params.map(|params| params.fee) }))
}

impl KnownPair {
    /// The pair as it stands; `None` where it has no liquidity.
    async fn read(&self, chain: &impl ChainReader, height: Option<u64>) -> Result<Option<Pair>> {
        let pool: PoolResponse = query(chain, &self.address, &QueryMsg::Pool {}, height).await?;
        let held = |denom: &String| pool.assets.iter().find(|asset| asset.info == AssetInfo::native(denom));
        let [Some(first), Some(second)] = [held(&self.denoms[0]), held(&self.denoms[1])] else {
            return Err(Error::garbage(&self.address, "reserves of other tokens than it said it is of"));
        };
        let reserves = [first.amount, second.amount];
        if reserves.iter().any(|reserve| reserve.is_zero()) {
            return Ok(None);
        }
        let fee = match self.fee {
            Some(fee) => fee,
            None => self.probe(chain, reserves[0], height).await?,
        };
        Ok(Some(Pair { address: self.address.clone(), denoms: self.denoms.clone(), reserves, fee }))
    }

    /// The fee as a simulated swap shows it, rounded up.
    async fn probe(&self, chain: &impl ChainReader, reserve: Amount, height: Option<u64>) -> Result<Ratio> {
        let offer = reserve.share_up(PROBE_SHARE).map_err(|error| Error::garbage(&self.address, error))?;
        let question =
            QueryMsg::Simulation { offer_asset: Asset::native(&self.denoms[0], offer), ask_asset_info: None };
        let swap: SimulationResponse = query(chain, &self.address, &question, height).await?;
        let yielded = swap.return_amount.saturating_add(swap.commission_amount).raw();
        if yielded == 0 {
            return Err(Error::garbage(&self.address, format!("that {offer} of {} yield nothing", self.denoms[0])));
        }
        let fee = plimsoll_risk::math::mul_div_up_128(swap.commission_amount.raw(), plimsoll_risk::math::ONE, yielded);
        fee.map(Ratio::new).map_err(|error| Error::garbage(&self.address, error))
    }
}
