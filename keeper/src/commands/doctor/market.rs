//! What the pool says of itself: its settings, and all that it lists.

use plimsoll_schema::pool::{Config, ConfigResponse, MarketResponse, QueryMsg};

use crate::book::markets::markets;
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
        let assets = markets(chain, pool, None).await?;
        Ok(Self { config: config.config, assets })
    }
}
