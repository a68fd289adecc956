//! What the pool says of itself: its settings, and all that it lists.

use plimsoll_schema::pool::{Config, ConfigResponse, MARKETS_LIMIT, MarketResponse, MarketsResponse, QueryMsg};

use crate::book::prices::Prices;
use crate::chain::{ChainReader, query};
use crate::error::Result;

/// The pool's settings and markets.
#[derive(Debug)]
pub struct Market {
    /// Its settings.
    pub config: Config,
    /// What it lists, in the order of listing.
    pub assets: Vec<MarketResponse>,
}

impl Market {
    /// The denoms of all that it lists.
    pub fn denoms(&self) -> impl Iterator<Item = &str> {
        self.assets.iter().map(|asset| asset.params.denom.as_str())
    }

    /// What the oracle has published of them.
    pub async fn prices(&self, chain: &impl ChainReader) -> Result<Prices> {
        Prices::read(chain, &self.config.oracle, self.denoms(), None).await
    }

    /// Asks the pool.
    pub async fn read(chain: &impl ChainReader, pool: &str) -> Result<Self> {
        let config: ConfigResponse = query(chain, pool, &QueryMsg::Config {}, None).await?;
        let (mut assets, mut start_after): (Vec<MarketResponse>, _) = (Vec::new(), None);
        loop {
            let asked = QueryMsg::Markets { start_after, limit: Some(MARKETS_LIMIT) };
            let page: MarketsResponse = query(chain, pool, &asked, None).await?;
            let complete = page.markets.len() < usize::try_from(MARKETS_LIMIT).unwrap_or(usize::MAX);
            assets.extend(page.markets);
            start_after = assets.last().map(|market| market.params.denom.clone());
            if complete {
                return Ok(Self { config: config.config, assets });
            }
        }
    }
}
