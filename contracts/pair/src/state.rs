//! What is stored where.

use plimsoll_risk::units::LpShares;
use plimsoll_schema::compact::{CompactItem, CompactMap};

use crate::ledger::Ledger;
use crate::settings::Settings;

/// The tokens and the fee. Written once.
pub const SETTINGS: CompactItem<Settings> = CompactItem::new("c");
/// Reserves, shares and cumulative prices.
pub const LEDGER: CompactItem<Ledger> = CompactItem::new("l");
/// Each provider's shares, by address; none where he has none. The locked ones are the pair's own.
pub const SHARES: CompactMap<&str, LpShares> = CompactMap::new("s");
