//! Answers that can't be. They are refused: nothing of them enters the book.

use std::collections::BTreeSet;

use plimsoll_risk::account::{Account, SLOTS_MAX};
use plimsoll_risk::params::AssetId;
use plimsoll_risk::units::Index;
use plimsoll_schema::pool::{AccountKey, AccountRecord, MarketResponse};

use crate::book::Book;

/// In seconds: by so much a block may seem older than one before it, told by another endpoint.
pub(super) const SKEW_SECONDS_MAX: u64 = 30;

/// A side has at most eight slots, each of a listed asset of its own.
pub fn check_account(
    key: &AccountKey,
    account: &Account,
    listed: impl Fn(AssetId) -> bool,
) -> std::result::Result<(), String> {
    let sides: [(&str, Vec<AssetId>); 2] = [
        ("collaterals", account.collaterals.iter().map(|slot| slot.asset).collect()),
        ("debts", account.debts.iter().map(|slot| slot.asset).collect()),
    ];
    for (side, ids) in sides {
        if ids.len() > SLOTS_MAX {
            return Err(format!("account {} has {} {side}, {SLOTS_MAX} at most", key, ids.len()));
        }
        if ids.iter().collect::<BTreeSet<_>>().len() < ids.len() {
            return Err(format!("account {} has {side} of one asset twice", key));
        }
        if let Some(id) = ids.iter().find(|id| !listed(**id)) {
            return Err(format!("account {} has {side} of asset {}, which isn't listed", key, id.0));
        }
    }
    Ok(())
}

/// Accounts that were asked for come in the order in which they were, each once at most.
pub fn check_asked(asked: &[AccountKey], answered: &[AccountRecord]) -> std::result::Result<(), String> {
    let mut rest = asked.iter();
    match answered.iter().find(|record| !rest.any(|key| *key == record.key)) {
        Some(record) => Err(format!("account {} twice, or unasked", record.key)),
        None => Ok(()),
    }
}

/// A market keeps its number, its denom and its decimals; its time never goes back, and is hardly later than the
/// block's, which another endpoint told. Its index may be smaller: it starts anew when no debt is left.
pub fn check_market(book: &Book, denom: &str, market: &MarketResponse, now: u64) -> std::result::Result<(), String> {
    if market.params.denom != denom {
        return Err(format!("the market of {} in place of that of {denom}", market.params.denom));
    }
    if market.stored.updated_at > now.saturating_add(SKEW_SECONDS_MAX) {
        return Err(format!("a market of {denom} of time {}, at time {now}", market.stored.updated_at));
    }
    if book.asset_of(denom).is_some_and(|id| id != market.asset) {
        return Err(format!("number {} for {denom}, which had another", market.asset.0));
    }
    if market.stored.borrow_index < Index::ONE {
        return Err(format!("a market of {denom} whose index is {}", market.stored.borrow_index));
    }
    let Some(before) = book.assets.get(&market.asset) else { return Ok(()) };
    if before.params.denom != denom || before.params.decimals != market.params.decimals {
        return Err(format!("another denom or other decimals for asset {}", market.asset.0));
    }
    if market.stored.updated_at < before.stored.updated_at {
        return Err(format!("a market of {denom} that went back from time {}", before.stored.updated_at));
    }
    Ok(())
}
