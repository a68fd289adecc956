//! Who acts.

use cosmwasm_std::Addr;
use plimsoll_schema::pool::AccountKey;

/// Owns oracle and pool, and may migrate them.
pub const OWNER: &str = "owner";
/// The pool's risk manager.
pub const RISK_MANAGER: &str = "risk_manager";
/// The pool's guardian.
pub const GUARDIAN: &str = "guardian";
/// Those who feed the oracle.
pub const FEEDERS: [&str; 2] = ["feeder_1", "feeder_2"];
/// A third one, who has a seat in production.
pub const FEEDER_3: &str = "feeder_3";
/// Supplies what others borrow.
pub const LENDER: &str = "lender";
/// A user.
pub const ALICE: &str = "alice";
/// Another user.
pub const BOB: &str = "bob";
/// Repays others' debts.
pub const LIQUIDATOR: &str = "liquidator";

/// All who get funds when a world is built.
pub(crate) const FUNDED: [&str; 9] =
    [OWNER, RISK_MANAGER, GUARDIAN, FEEDERS[0], FEEDERS[1], LENDER, ALICE, BOB, LIQUIDATOR];

/// An actor, and which of their pool accounts is meant.
///
/// A name stands for the address that the chain derives from it; an address stands for itself. `ALICE` is her account
/// 0,
/// `(ALICE, 3)` her account 3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// A name or an address.
    pub name: String,
    /// Which of their accounts.
    pub account_id: u32,
}

impl Actor {
    /// The account's number as messages carry it: left out when it is 0.
    pub fn id(&self) -> Option<u32> {
        (self.account_id > 0).then_some(self.account_id)
    }
}

impl From<&str> for Actor {
    fn from(name: &str) -> Self {
        Self { name: name.to_owned(), account_id: 0 }
    }
}

impl From<&Addr> for Actor {
    fn from(address: &Addr) -> Self {
        address.as_str().into()
    }
}

impl From<(&str, u32)> for Actor {
    fn from((name, account_id): (&str, u32)) -> Self {
        Self { name: name.to_owned(), account_id }
    }
}

impl From<&AccountKey> for Actor {
    fn from(key: &AccountKey) -> Self {
        (key.owner.as_str(), key.account_id).into()
    }
}

impl From<&Actor> for Actor {
    fn from(actor: &Actor) -> Self {
        actor.clone()
    }
}
