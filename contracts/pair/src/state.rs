//! What is stored where.

use plimsoll_risk::units::{Amount, CumulativePrice, LpShares};
use plimsoll_schema::compact::{CompactItem, CompactMap};
use serde::{Deserialize, Serialize};

use crate::settings::Settings;

/// The name under which cw2 records this contract.
pub const CONTRACT_NAME: &str = "crates.io:plimsoll-pair";
/// The version that cw2 records.
pub const CONTRACT_VERSION: &str = env!("CARGO_PKG_VERSION");

/// Reserves, shares and cumulative prices: one record. Whatever changes it loads it by [`Ledger::at`], which brings the
/// prices up to date, so the time at the old reserves is taken into account before there are new ones.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// What the pair holds of each token. Counted, never read from the bank: a donation changes nothing.
    pub reserves: [Amount; 2],
    /// All shares, the locked ones included.
    pub total_share: LpShares,
    /// The first token's price in the second × seconds, and the second's in the first.
    pub prices: [CumulativePrice; 2],
    /// Up to which second the prices count; 0 before the first liquidity.
    pub updated_at: u64,
}

/// The tokens and the fee. Written once.
pub const SETTINGS: CompactItem<Settings> = CompactItem::new("c");
/// Reserves, shares and cumulative prices.
pub const LEDGER: CompactItem<Ledger> = CompactItem::new("l");
/// Each provider's shares, by address; none where they have none. The locked ones are the pair's own.
pub const SHARES: CompactMap<&str, LpShares> = CompactMap::new("s");
