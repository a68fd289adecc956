//! The oracle's sources, and which of them somebody has to publish.

use std::collections::BTreeMap;

use plimsoll_schema::oracle::{QueryMsg, Source, SourceResponse, SourcesResponse};

use crate::chain::{ChainReader, query};
use crate::error::{Error, Result};

/// As many sources as the oracle tells at once.
const SOURCES_MAX: u32 = 30;
/// No oracle has more pages of them: whoever leads on lies.
const PAGES_MAX: usize = 100;

/// All sources of an oracle, page by page.
pub async fn sources(chain: &impl ChainReader, oracle: &str, height: Option<u64>) -> Result<Vec<SourceResponse>> {
    let mut all: Vec<SourceResponse> = Vec::new();
    let mut start_after: Option<String> = None;
    for _ in 0..PAGES_MAX {
        let question = QueryMsg::Sources { start_after: start_after.clone(), limit: Some(SOURCES_MAX) };
        let page: SourcesResponse = query(chain, oracle, &question, height).await?;
        let last = page.sources.last().map(|source| source.denom.clone());
        all.extend(page.sources);
        // A page that doesn't lead on is the last one, whatever it holds.
        if last.is_none() || last <= start_after {
            return Ok(all);
        }
        start_after = last;
    }
    Err(Error::garbage(oracle, format!("more than {PAGES_MAX} pages of sources")))
}

/// By denom, the shortest window of its live sources, the fallback's and the check's included: those have to
/// watch their pairs before they are needed. A live source that averages nothing has its maximum age for a window.
pub fn windows(sources: &[SourceResponse]) -> BTreeMap<String, u64> {
    let mut windows = BTreeMap::new();
    for told in sources {
        let fallback = told.fallback.iter().map(|fallback| (&fallback.source, &fallback.guards));
        let check = told.check.iter().map(|standing| (&standing.check.source, &standing.check.guards));
        let all = std::iter::once((&told.source, &told.guards)).chain(fallback).chain(check);
        let live = all.filter(|(source, _)| source.is_live()).flat_map(|(source, guards)| {
            source.parts().iter().map(|part| match part {
                Source::Pair(pair) => pair.window,
                Source::Observe(pair) => pair.window,
                Source::OsmosisTwap(pool) => pool.window,
                _ => guards.max_age.unwrap_or_default(),
            })
        });
        windows.extend(live.min().map(|window| (told.denom.clone(), window)));
    }
    windows
}
