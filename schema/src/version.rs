//! Which code a contract's state was written by, in cw2's record, and whether another may take over.

use cosmwasm_std::{StdError, StdResult, Storage};

/// Errors unless the state is that of the contract `name`, at `version` or an older one; then writes down `version` and
/// answers with the one before. As `cw2::ensure_from_older_version`, without its reader of semantic versions, which is
/// 10 KB of every contract: versions are three numbers here, and anything else is refused.
pub fn ensure_from_older_version(storage: &mut dyn Storage, name: &str, version: &str) -> StdResult<String> {
    let stored = cw2::get_contract_version(storage)?;
    if stored.contract != name {
        return Err(StdError::msg(format!("Cannot migrate from {} to {name}", stored.contract)));
    }
    if numbers(&stored.version)? > numbers(version)? {
        return Err(StdError::msg(format!(
            "Cannot migrate from newer version ({}) to older ({version})",
            stored.version
        )));
    }
    cw2::set_contract_version(storage, name, version)?;
    Ok(stored.version)
}

fn numbers(version: &str) -> StdResult<[u64; 3]> {
    let unreadable = || StdError::msg(format!("version '{version}' is not three numbers"));
    let mut numbers = [0; 3];
    let mut parts = version.split('.');
    for number in &mut numbers {
        // No sign: `parse` would take a plus.
        let part = parts.next().filter(|part| part.bytes().all(|byte| byte.is_ascii_digit())).ok_or_else(unreadable)?;
        *number = part.parse().map_err(|_| unreadable())?;
    }
    if parts.next().is_some() {
        return Err(unreadable());
    }
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cosmwasm_std::testing::MockStorage;

    fn migrate(from: &str, to: &str) -> Result<String, String> {
        let mut storage = MockStorage::new();
        cw2::set_contract_version(&mut storage, "pool", from).unwrap();
        let result = ensure_from_older_version(&mut storage, "pool", to).map_err(|error| error.to_string());
        let now = cw2::get_contract_version(&storage).unwrap().version;
        assert_eq!(now, if result.is_ok() { to } else { from }, "{from} -> {to}");
        result
    }

    #[test]
    fn ensure_from_older_version_compares_numbers_and_not_letters() {
        for (from, to) in [("0.1.0", "0.1.0"), ("0.9.9", "0.10.0"), ("0.1.2", "1.0.0"), ("9.0.0", "10.0.0")] {
            assert_eq!(migrate(from, to), Ok(from.to_owned()));
            if from != to {
                assert!(migrate(to, from).unwrap_err().contains("newer version"), "{to} -> {from}");
            }
        }
    }

    #[test]
    fn ensure_from_older_version_refuses_what_is_not_three_numbers() {
        for bad in ["", "1", "1.2", "1.2.3.4", "1.2.x", "1.2.+3", "1..3", "1.2.3-rc.1", "1.2.99999999999999999999"] {
            assert!(migrate(bad, "9.9.9").unwrap_err().ends_with("is not three numbers"), "{bad}");
        }
    }

    #[test]
    fn ensure_from_older_version_refuses_anothers_state() {
        let mut storage = MockStorage::new();
        cw2::set_contract_version(&mut storage, "pair", "0.1.0").unwrap();
        let error = ensure_from_older_version(&mut storage, "pool", "0.1.0").unwrap_err();
        assert!(error.to_string().ends_with("Cannot migrate from pair to pool"));
        assert_eq!(cw2::get_contract_version(&storage).unwrap().contract, "pair");
    }
}
