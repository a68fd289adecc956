//! The timelock's interface: the owner of pool and oracle in production, which does nothing that was not announced.

use cosmwasm_std::Binary;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The longest delay, in seconds: thirty days. A source that died has to be replaced some time.
pub const DELAY_MAX: u64 = 30 * 86_400;
/// The shortest delay that `update_delay` takes, in seconds: a day, so that no notice ever sinks to nothing. A timelock
/// may start with a shorter one, even 0: that is for tests and local chains, and seen before anybody trusts it.
pub const DELAY_MIN: u64 = 86_400;
/// How long an entry can be applied after its delay, in seconds: a week. What nobody applied by then was not meant any
/// more.
pub const APPLY_WINDOW: u64 = 7 * 86_400;
/// The most entries that wait at once: a change to each market of a large pool, and room beside. It bounds what a
/// reader has to watch.
pub const QUEUE_MAX: u32 = 64;
/// The longest message of an entry, in bytes. A source with [`crate::oracle::FEEDERS_MAX`] feeders takes about a
/// quarter of it.
pub const MESSAGE_MAX: usize = 8_192;
/// The most entries on one page.
pub const ENTRIES_LIMIT: u32 = 30;
/// The number of entries on a page when no limit is named.
pub const ENTRIES_DEFAULT: u32 = 10;

/// The calls that the guardian can't veto, by name: changes of roles, or the guardian could never be replaced, and
/// reopening, or the guardian could keep a market shut for ever. Every other call can be vetoed.
pub const NOT_VETOABLE: [&str; 4] = ["update_roles", "update_owner", "update_guardian", "unpause"];

/// Sets the timelock up.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct InstantiateMsg {
    /// The address that queues, applies and cancels; not the timelock itself.
    pub admin: String,
    /// The address that vetoes, not the timelock itself; nobody when left out.
    pub guardian: Option<String>,
    /// Seconds between queueing a call and applying it; at most [`DELAY_MAX`]. Below [`DELAY_MIN`] is for tests and
    /// local chains.
    pub delay: u64,
}

/// What may be asked of the timelock. No message takes funds.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ExecuteMsg {
    /// Admin: announces a call or a migration, under a new id. It can be applied once the delay that is in force now
    /// has passed, and lapses a week after that. Errors when [`QUEUE_MAX`] entries wait already, lapsed ones among
    /// them.
    Queue {
        /// The call.
        msg: Call,
    },
    /// Admin: sends the call, with the timelock as its sender, and drops the entry. The called contract validates the
    /// message only now. When it refuses, nothing happens, and the entry waits until it lapses.
    Apply {
        /// The entry.
        id: u64,
    },
    /// Guardian: drops an entry, unless its call is one of [`NOT_VETOABLE`].
    Veto {
        /// The entry.
        id: u64,
    },
    /// Admin: drops an entry. Anyone: drops one that has lapsed.
    Cancel {
        /// The entry.
        id: u64,
    },
    /// The timelock itself, so by a queued call: changes the delay of what is queued from then on.
    UpdateDelay {
        /// Seconds, from [`DELAY_MIN`] to [`DELAY_MAX`].
        delay: u64,
    },
    /// The timelock itself, so by a queued call: replaces both roles.
    UpdateRoles {
        /// The new admin.
        admin: String,
        /// The new guardian; nobody when left out.
        guardian: Option<String>,
    },
    /// Anyone: has the timelock accept the ownership of a contract that proposes it, by `update_owner`. Without delay:
    /// what it gains is bound by the delay from then on, and nothing that it owns already changes.
    AcceptOwnership {
        /// The contract.
        contract: String,
    },
}

/// The name of a migration's entry. It can be vetoed.
pub const MIGRATE: &str = "migrate";

/// A call of a contract, without funds, or its migration.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// The contract's address.
    pub contract: String,
    /// The message, of at most [`MESSAGE_MAX`] bytes: a JSON object with exactly one key, the name of the call. For a
    /// migration any JSON object.
    pub msg: Binary,
    /// The code that the contract is migrated to, where the timelock is its admin on the chain; left out, the contract
    /// is called.
    pub migrate_to: Option<u64>,
}

/// What may be asked about.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum QueryMsg {
    /// The roles and the delay. Answer: [`ConfigResponse`].
    Config {},
    /// The entries that wait, by id, lapsed ones among them. Answer: [`EntriesResponse`].
    Entries {
        /// The last id of the page before.
        start_after: Option<u64>,
        /// 1 to [`ENTRIES_LIMIT`]; [`ENTRIES_DEFAULT`] when left out.
        limit: Option<u32>,
    },
    /// One entry. Answer: [`Entry`].
    Entry {
        /// Its id.
        id: u64,
    },
}

/// The roles and the delay.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct ConfigResponse {
    /// The address that queues, applies and cancels.
    pub admin: String,
    /// The address that vetoes.
    pub guardian: Option<String>,
    /// Seconds between queueing a call and applying it.
    pub delay: u64,
}

/// A page of entries.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct EntriesResponse {
    /// By id.
    pub entries: Vec<Entry>,
}

/// A call that waits. Times are seconds since 1970.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its id. None is given out twice.
    pub id: u64,
    /// The contract that is called.
    pub contract: String,
    /// The name of the call: the only key of `msg`, or [`MIGRATE`] for a migration.
    pub call: String,
    /// The message, as it was queued.
    pub msg: Binary,
    /// The code that the contract is migrated to; nothing for a call.
    pub migrate_to: Option<u64>,
    /// The time at which it was queued.
    pub queued_at: u64,
    /// The first second at which it can be applied.
    pub effective_at: u64,
    /// The last second at which it can be applied.
    pub lapses_at: u64,
    /// Whether the guardian can veto it.
    pub vetoable: bool,
}

/// A new code version takes over. Refused from another contract's state and to an older version.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct MigrateMsg {}
