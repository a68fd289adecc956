//! What the pool stores, and under which keys. Namespaces are one letter: every write pays for its key.

use cosmwasm_std::Addr;
use plimsoll_risk::account::Account;
use plimsoll_risk::market::Market;
use plimsoll_risk::outflow::Outflow;
use plimsoll_risk::params::{AssetId, AssetParams};
use plimsoll_risk::units::{Amount, ScaledDebt};
use plimsoll_schema::compact::{CompactItem, CompactMap};
use plimsoll_schema::ownership::Ownership;
pub use plimsoll_schema::pool::SPARED_UNTIL;
use plimsoll_schema::pool::{Config, Expiry, ReservesRequest, Scope};
use serde::{Deserialize, Serialize};

/// The name under which cw2 records this contract.
pub const CONTRACT_NAME: &str = "crates.io:plimsoll-pool";
/// The version that cw2 records.
pub const CONTRACT_VERSION: &str = env!("CARGO_PKG_VERSION");

/// Who may do what.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Roles {
    /// The owner and their proposed successor.
    pub ownership: Ownership,
    /// Who may tighten parameters.
    pub risk_manager: Option<String>,
    /// Who may stop deposits and borrowing.
    pub guardian: Option<String>,
}

/// A flash loan that is to be repaid before its call ends.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct OpenLoan {
    /// Who asked for it, and is the only one to repay it.
    pub receiver: Addr,
    /// What was lent of which asset.
    pub asset: AssetId,
    /// How much.
    pub amount: Amount,
    /// What it costs.
    pub fee: Amount,
}

/// What the callback of a batch is to bring before it ends.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Who was called back, and is the only one to bring it.
    pub receiver: Addr,
    /// How much of which asset; each once.
    pub coins: Vec<(AssetId, Amount)>,
}

/// A `batch` whose accounts are checked after its callback.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct OpenBatch {
    /// Its number.
    pub id: u64,
    /// The accounts that it touched.
    pub accounts: Vec<OpenAccount>,
}

/// An account of an open `batch`.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct OpenAccount {
    /// Whose it is.
    pub owner: Addr,
    /// Its number.
    pub account_id: u32,
    /// The account before the batch.
    pub before: Account,
    /// What is to be checked.
    pub checks: Checks,
}

/// What an operator may do on an account.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Sorted, each once, at least one.
    pub scopes: Vec<Scope>,
    /// When it ends, by height or time; never when there is none.
    pub expiry: Option<Expiry>,
    /// How often the owner had revoked all grants when they gave this one. It holds while that is still so.
    pub revocations: u64,
}

/// What is to be checked of an account at the end of a batch.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub struct Checks {
    /// Whether its borrowing power fell or its debt rose.
    pub lowered: bool,
    /// What it borrowed.
    pub borrowed: Vec<AssetId>,
    /// What it repaid.
    pub repaid: Vec<AssetId>,
}

/// The settings that every handler needs.
pub const CONFIG: CompactItem<Config> = CompactItem::new("c");
/// The roles, apart, since users' messages never need them.
pub const ROLES: CompactItem<Roles> = CompactItem::new("r");

/// The oracle that was announced, and when it can take over, in seconds.
pub const PROPOSED_ORACLE: CompactItem<Option<(String, u64)>> = CompactItem::new("o");

/// How many assets are listed; the number of the next.
pub const ASSET_COUNT: CompactItem<u16> = CompactItem::new("n");
/// The number of a denom.
pub const ASSET_IDS: CompactMap<&str, u16> = CompactMap::new("i");
/// The ledger of each asset: written by almost every message.
pub const MARKETS: CompactMap<u16, Market> = CompactMap::new("m");
/// The parameters of each asset: read by every message, written by governance.
pub const ASSET_PARAMS: CompactMap<u16, AssetParams> = CompactMap::new("a");
/// The bucket of each asset that has an outflow limit.
pub const OUTFLOWS: CompactMap<u16, Outflow> = CompactMap::new("x");

/// One compact record per account; none for an empty one.
pub const ACCOUNTS: CompactMap<(&Addr, u32), Account> = CompactMap::new("u");
/// The accounts with debt, so that a keeper pages through borrowers only. There is an entry exactly while there is
/// debt.
pub const DEBTORS: CompactMap<(&Addr, u32), bool> = CompactMap::new("d");

/// What operators may do, by account and operator.
pub const GRANTS: CompactMap<(&Addr, u32, &Addr), Grant> = CompactMap::new("p");
/// How often an owner has revoked all grants; none for never.
pub const REVOCATIONS: CompactMap<&Addr, u64> = CompactMap::new("v");

/// What is owed against an isolated asset, by both assets' numbers.
pub const ISOLATED_DEBTS: CompactMap<(u16, u16), ScaledDebt> = CompactMap::new("j");

/// How many flash loans and batches with a callback there ever were; the number of the last.
pub const LOAN_COUNT: CompactItem<u64> = CompactItem::new("f");
/// Flash loans open at this moment; none between transactions.
pub const LOANS: CompactMap<u64, OpenLoan> = CompactMap::new("l");

/// What callbacks are to bring at this moment, by batch; none between transactions.
pub const DUES: CompactMap<u64, Due> = CompactMap::new("b");
/// The `batch` whose callback runs at this moment; none between transactions.
pub const OPEN_BATCH: CompactItem<OpenBatch> = CompactItem::new("k");

/// Announced withdrawals of reserves, by asset.
pub const RESERVES_REQUESTS: CompactMap<u16, ReservesRequest> = CompactMap::new("w");
