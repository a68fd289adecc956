//! What a message asks for: the name of the call, and whether the guardian can veto it.

use std::fmt;

use cosmwasm_std::from_json;
use plimsoll_schema::timelock::{Call, MESSAGE_MAX, MIGRATE, NOT_VETOABLE};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};

use crate::error::ContractError;

/// The name of the call: the only key of a JSON object, with its escapes read, by the very reader that contracts use.
/// Errors for a message that is too long, is not an object, or has no key or several, one that stands there twice among
/// them. A migration has a name of its own, whatever its message says.
pub fn name(order: &Call) -> Result<String, ContractError> {
    let Call { msg, migrate_to, .. } = order;
    if msg.len() > MESSAGE_MAX {
        return Err(ContractError::MessageLength { length: msg.len(), max: MESSAGE_MAX });
    }
    let Keys { mut names } =
        from_json(msg).map_err(|error| ContractError::NotAnObject { reason: error.to_string() })?;
    if migrate_to.is_some() {
        return Ok(MIGRATE.to_owned());
    }
    match (names.pop(), names.len()) {
        (Some(only), 0) => Ok(only),
        (Some(_), before) => Err(ContractError::KeyCount { keys: before.saturating_add(1) }),
        (None, _) => Err(ContractError::KeyCount { keys: 0 }),
    }
}

/// Whether the guardian can veto a call of this name.
pub fn is_vetoable(name: &str) -> bool {
    !NOT_VETOABLE.contains(&name)
}

/// The keys of a JSON object, in order, doubled ones twice. A derived map would keep one of two.
struct Keys {
    names: Vec<String>,
}

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(KeysVisitor)
    }
}

struct KeysVisitor;

impl<'de> Visitor<'de> for KeysVisitor {
    type Value = Keys;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a message")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Keys, A::Error> {
        let mut names = Vec::new();
        while let Some((name, IgnoredAny)) = map.next_entry::<String, IgnoredAny>()? {
            names.push(name);
        }
        Ok(Keys { names })
    }
}
