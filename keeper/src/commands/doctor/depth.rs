//! Supply caps: no larger than the pairs can bear that price an asset, and that liquidators sell it into.

use crate::chain::ChainReader;
use crate::commands::doctor::Check;
use crate::commands::doctor::market::Market;
use crate::config::Contracts;
use crate::dex::depth::{Shallow, shallow};
use crate::error::Result;

/// A line for each asset whose supply cap is too large for its pairs.
pub async fn check(chain: &impl ChainReader, contracts: &Contracts) -> Vec<Check> {
    let read = async {
        let market = Market::read(chain, &contracts.pool).await?;
        shallow(chain, &market.config.oracle, &market.assets, &contracts.pairs).await
    };
    judge(read.await)
}

fn judge(found: Result<Vec<Shallow>>) -> Vec<Check> {
    let remedy = "lower the cap, or see to more liquidity: bending such a price pays, and what is seized can't be sold";
    match found {
        Ok(found) if found.is_empty() => {
            vec![Check::ok("depth of pairs", "every supply cap is small beside the pairs that its asset depends on")]
        }
        Ok(found) => {
            found.iter().map(|one| Check::warn(format!("depth of {}", one.denom), one.to_string(), remedy)).collect()
        }
        Err(error) => vec![Check::warn("depth of pairs", error.to_string(), "see to the pairs in contracts.pairs")],
    }
}
