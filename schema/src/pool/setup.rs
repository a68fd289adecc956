//! The settings of the pool as a whole.

use plimsoll_risk::heartbeat::HaltGrace;
use plimsoll_risk::liquidation::LiquidationTerms;
use plimsoll_risk::units::Value;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Sets the pool up.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct InstantiateMsg {
    /// Who lists assets and sets parameters.
    pub owner: String,
    /// Who may tighten them; nobody when left out.
    pub risk_manager: Option<String>,
    /// Who may stop deposits and borrowing; nobody when left out.
    pub guardian: Option<String>,
    /// The settings.
    pub config: Config,
}

/// What holds for the whole pool.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The oracle contract.
    pub oracle: String,
    /// Where a liquidation leaves an account, and what counts as dust.
    pub liquidation: LiquidationTerms,
    /// The least that a debt may be worth after a borrow, per denom; above the dust value.
    pub min_debt_value: Value,
    /// Seconds between asking for reserves and taking them; at least a day.
    pub reserves_delay: u64,
    /// Seconds between announcing another oracle and changing to it; at most thirty days. 0 where the owner is a
    /// timelock.
    pub oracle_delay: u64,
    /// Whom liquidation spares for a while after the oracle was halted; a gap of 0 and a grace of 0 is off.
    pub halt_grace: HaltGrace,
}

/// A new code version takes over. Refused from another contract's state and to an older version.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct MigrateMsg {}
