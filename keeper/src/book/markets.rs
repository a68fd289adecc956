//! What the pool lists, page by page.

use plimsoll_schema::pool::{MARKETS_LIMIT, MarketResponse, MarketsResponse, QueryMsg};

use crate::chain::{ChainReader, query};
use crate::error::{Error, Result};

/// No pool has more pages of them: whoever leads on lies.
const PAGES_MAX: usize = 100;

/// All markets of a pool, in the order of listing.
pub async fn markets(chain: &impl ChainReader, pool: &str, height: Option<u64>) -> Result<Vec<MarketResponse>> {
    let mut all: Vec<MarketResponse> = Vec::new();
    for _ in 0..PAGES_MAX {
        let start_after = all.last().map(|market| market.params.denom.clone());
        let question = QueryMsg::Markets { start_after, limit: Some(MARKETS_LIMIT) };
        let page: MarketsResponse = query(chain, pool, &question, height).await?;
        let is_last = page.markets.len() < usize::try_from(MARKETS_LIMIT).unwrap_or(usize::MAX);
        all.extend(page.markets);
        if is_last {
            return Ok(all);
        }
    }
    Err(Error::garbage(pool, format!("more than {PAGES_MAX} pages of markets")))
}
