//! Supply caps against the depth of the pairs that an asset depends on: the one that prices it, and those that
//! liquidators sell into. Where a market takes more than pairs can bear, bending the price pays, and what is seized
//! can't be sold.

use std::collections::BTreeMap;
use std::fmt;

use plimsoll_risk::units::{Amount, Ratio};
use plimsoll_schema::oracle::{Source, SourceResponse};
use plimsoll_schema::pair::{AssetInfo, PoolResponse, QueryMsg as PairQuery};
use plimsoll_schema::pool::MarketResponse;

use crate::book::sources::sources;
use crate::chain::{ChainReader, query};
use crate::error::Result;

/// The largest supply cap that pairs can bear, in percent of what they hold of the token.
const PERCENT_MAX: u64 = 20;
/// This as a share.
pub const SHARE_MAX: Ratio = Ratio::percent(PERCENT_MAX);

/// What an asset needs pairs for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// One of them prices it.
    Pricing,
    /// Liquidators sell it there.
    Selling,
}

/// An asset whose supply cap is above [`SHARE_MAX`] of its pairs' depth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shallow {
    /// The asset.
    pub denom: String,
    /// Its supply cap, in base units.
    pub cap: Amount,
    /// What these pairs hold of it, in base units.
    pub held: Amount,
    /// What they are for.
    pub role: Role,
}

impl fmt::Display for Shallow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { denom, cap, held, role } = self;
        let pairs = match role {
            Role::Pricing => "the pair that prices it holds",
            Role::Selling => "the pairs that liquidators sell it into hold",
        };
        write!(f, "the supply cap of {denom} is {cap}, and {pairs} {held}: more than {PERCENT_MAX} % of that")
    }
}

/// The assets of these markets that can be collateral and are shallow; `pairs` are those that liquidators sell into.
pub async fn shallow(
    chain: &impl ChainReader,
    oracle: &str,
    markets: &[MarketResponse],
    pairs: &[String],
) -> Result<Vec<Shallow>> {
    let mut sold: BTreeMap<String, Amount> = BTreeMap::new();
    for pair in pairs {
        for (denom, held) in reserves(chain, pair).await? {
            let sum = sold.entry(denom).or_default();
            *sum = sum.saturating_add(held);
        }
    }
    let sources = sources(chain, oracle, None).await?;
    let mut found = Vec::new();
    for params in markets.iter().map(|market| &market.params).filter(|params| !params.max_loan_to_value.is_zero()) {
        let denom = &params.denom;
        let cap = params.supply_cap;
        let mut judge = |held: Amount, role| {
            if held.share_down(SHARE_MAX).is_ok_and(|most| cap > most) {
                found.push(Shallow { denom: denom.clone(), cap, held, role });
            }
        };
        for pair in sources.iter().filter(|source| source.denom == *denom).flat_map(pricing_pairs) {
            judge(reserves(chain, pair).await?.get(denom).copied().unwrap_or_default(), Role::Pricing);
        }
        if !pairs.is_empty() {
            judge(sold.get(denom).copied().unwrap_or_default(), Role::Selling);
        }
    }
    Ok(found)
}

/// The pairs of a denom's source and of its fallback, members of medians among them.
fn pricing_pairs(source: &SourceResponse) -> impl Iterator<Item = &str> {
    let all = std::iter::once(&source.source).chain(source.fallback.iter().map(|fallback| &fallback.source));
    all.flat_map(Source::parts).filter_map(|source| match source {
        Source::Pair(pair) => Some(pair.pair.as_str()),
        Source::Observe(pair) => Some(pair.pair.as_str()),
        _ => None,
    })
}

/// What a pair holds of each of its native tokens.
async fn reserves(chain: &impl ChainReader, pair: &str) -> Result<BTreeMap<String, Amount>> {
    let pool: PoolResponse = query(chain, pair, &PairQuery::Pool {}, None).await?;
    let native = pool.assets.into_iter().filter_map(|asset| match asset.info {
        AssetInfo::NativeToken { denom } => Some((denom, asset.amount)),
        AssetInfo::Token { .. } => None,
    });
    Ok(native.collect())
}
