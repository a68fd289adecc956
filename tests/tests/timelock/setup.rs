//! A timelock and what is queued there.

use plimsoll_risk::units::Value;
use plimsoll_schema::pool::ExecuteMsg;
use plimsoll_testing::{Actor, AppResponse, World, WorldError};
use plimsoll_timelock::error::ContractError;

/// Two days, in seconds.
pub const DELAY: u64 = 172_800;
/// How long an entry can be applied after its delay, in seconds: 7 × 86,400.
pub const WEEK: u64 = 604_800;
/// The least delay that can be set later, and the most: a day and 30 days.
pub const DELAYS: [u64; 2] = [86_400, 2_592_000];

/// Oracle and pool without assets, owned by a timelock.
pub fn world() -> World {
    World::builder().without_assets().timelock(DELAY).build()
}

/// A call of the pool that its guardian can veto and anyone can see the effect of.
pub fn set_min_debt(world: &World, value: u64) -> ExecuteMsg {
    let mut config = world.config().config;
    config.min_debt_value = Value::whole(value);
    ExecuteMsg::UpdateConfig { config }
}

/// That effect; 5 as built.
pub fn min_debt(world: &World) -> String {
    world.config().config.min_debt_value.to_string()
}

/// A call of the pool that its guardian can't veto.
pub fn no_roles() -> ExecuteMsg {
    ExecuteMsg::UpdateRoles { risk_manager: None, guardian: None }
}

/// Refused with exactly this error, and storage and balances are as before.
#[track_caller]
pub fn refuses(
    world: &mut World,
    expected: &ContractError,
    action: impl FnOnce(&mut World) -> Result<AppResponse, WorldError>,
) {
    let error = world.refused(action);
    assert!(error.is(expected), "{error}, in place of {expected}");
}

/// Who calls isn't who may.
pub fn not_the(role: &'static str, world: &World, sender: impl Into<Actor>) -> ContractError {
    ContractError::Unauthorized { sender: world.addr(sender).into_string(), role }
}

/// The ids of what waits.
pub fn waiting(world: &World) -> Vec<u64> {
    world.entries().iter().map(|entry| entry.id).collect()
}
