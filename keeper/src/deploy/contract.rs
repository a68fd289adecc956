//! One contract: its code stored and itself instantiated, unless the chain has them.

use cosmos_sdk_proto::cosmwasm::wasm::v1::{MsgInstantiateContract2, MsgStoreCode};
use cosmrs::AccountId;
use cosmwasm_std::{CanonicalAddr, Checksum, instantiate2_address};
use serde::Serialize;

use crate::chain::cosmos::sign::any;
use crate::config::deployment::{Deployed, Deployment};
use crate::deploy::Job;
use crate::error::{Error, Result};

/// The longest label that a chain takes.
const LABEL_MAX: usize = 128;

/// A contract to be instantiated.
pub(super) struct What<'a> {
    /// The code's name, as in the artifact's file name.
    pub name: &'a str,
    /// How it is told from others of the same code: label and salt follow from it.
    pub path: String,
    /// Other contracts, for which the code may have been stored already.
    pub others: Vec<Deployed>,
}

impl<'a> What<'a> {
    /// The only contract of its code.
    pub fn named(name: &'a str) -> Self {
        Self { name, path: name.to_owned(), others: Vec::new() }
    }
}

impl<F: Fn(&str)> Job<'_, F> {
    /// The contract, instantiated unless the chain has it. Another code than the artifact's is an error: a migration is
    /// a decision.
    pub(super) async fn contract(
        &self,
        what: What<'_>,
        record: &mut Deployment,
        slot: impl Fn(&mut Deployment) -> &mut Deployed,
        msg: &impl Serialize,
    ) -> Result<()> {
        let What { name, path: ref place, ref others } = what;
        let before = slot(record).clone();
        let path = self.artifacts.join(format!("plimsoll_{name}.wasm"));
        let wasm =
            std::fs::read(&path).map_err(|error| Error::file(&path, format!("{error}; scripts/wasm.sh builds it")))?;
        let checksum = Checksum::generate(&wasm).to_hex();
        if !before.address.is_empty()
            && let Some(code_id) = self.node.contract_code(&before.address).await?
        {
            let found = self.node.code_checksum(code_id).await?.unwrap_or_default();
            if found != checksum {
                let reason = format!(
                    "the {name} at {} runs code {found}, the artifact is {checksum}: migrate it as its admin, or deploy anew with another --out",
                    before.address
                );
                return Err(Error::DoesNotHold(reason));
            }
            (self.say)(&format!("{place}: {} is there", before.address));
            *slot(record) = Deployed { address: before.address, code_id, checksum };
            return record.write(&self.out);
        }
        // Where it will be follows from code, deployer and salt: killed after instantiating and before writing that
        // down, the next run finds it there.
        let salt = self.salt(place);
        let address = self.address(&Checksum::generate(&wasm), &salt)?;
        if let Some(code_id) = self.node.contract_code(&address).await? {
            (self.say)(&format!("{place}: {address} is there"));
            *slot(record) = Deployed { address, code_id, checksum };
            return record.write(&self.out);
        }
        let code_id = self.code(name, stored(others, &before, &checksum), wasm, &checksum).await?;
        *slot(record) = Deployed { address: String::new(), code_id, checksum: checksum.clone() };
        record.write(&self.out)?;
        let message = MsgInstantiateContract2 {
            sender: self.deployer.clone(),
            admin: self.admin(name, record, &address),
            code_id,
            label: format!("plimsoll-{place}").chars().take(LABEL_MAX).collect(),
            msg: serde_json::to_vec(msg).map_err(|error| Error::Refused { reason: error.to_string() })?,
            funds: Vec::new(),
            salt,
            fix_msg: false,
        };
        let outcome = self.node.sign_and_wait(vec![any(&message)]).await?.ok()?;
        let address = outcome.attribute("instantiate", "_contract_address");
        let address = address.ok_or_else(|| Error::garbage("the chain", "an instantiation without address"))?;
        (self.say)(&format!("{place}: instantiated at {address}"));
        *slot(record) = Deployed { address: address.to_owned(), code_id, checksum };
        record.write(&self.out)
    }

    /// Who may migrate the contract `name` at this address: whom the network file names, else its timelock, which then
    /// may migrate itself too, else the deployer.
    fn admin(&self, name: &str, record: &Deployment, address: &str) -> String {
        let timelock = match &record.timelock {
            _ if self.network.timelock.is_none() => None,
            _ if name == "timelock" => Some(address),
            found => found.as_ref().map(|found| found.address.as_str()),
        };
        let named = self.network.roles.admin.as_deref();
        named.or(timelock).unwrap_or(&self.deployer).to_owned()
    }

    /// Fixed for a deployment file's name, so that another `--out` is another deployment.
    fn salt(&self, name: &str) -> Vec<u8> {
        let file = self.out.file_name().unwrap_or_default().to_string_lossy();
        Checksum::generate(format!("plimsoll/{}/{file}/{name}", self.network.name).as_bytes()).as_slice().to_vec()
    }

    fn address(&self, checksum: &Checksum, salt: &[u8]) -> Result<String> {
        let impossible = |reason: &dyn std::fmt::Display| Error::Key(format!("{}: {reason}", self.deployer));
        let deployer: AccountId = self.deployer.parse().map_err(|error| impossible(&error))?;
        let creator = CanonicalAddr::from(deployer.to_bytes());
        let address = instantiate2_address(checksum.as_slice(), &creator, salt).map_err(|error| impossible(&error))?;
        let address =
            AccountId::new(&self.node.config().prefix, address.as_slice()).map_err(|error| impossible(&error))?;
        Ok(address.to_string())
    }

    async fn code(&self, name: &str, known: Option<u64>, wasm: Vec<u8>, checksum: &str) -> Result<u64> {
        if let Some(code_id) = known
            && self.node.code_checksum(code_id).await?.as_deref() == Some(checksum)
        {
            return Ok(code_id);
        }
        let store = MsgStoreCode { sender: self.deployer.clone(), wasm_byte_code: wasm, instantiate_permission: None };
        let outcome = self.node.sign_and_wait(vec![any(&store)]).await?.ok()?;
        let code_id = outcome.attribute("store_code", "code_id").and_then(|id| id.parse().ok());
        let code_id = code_id.ok_or_else(|| Error::garbage("the chain", "a stored code without id"))?;
        (self.say)(&format!("{name}: stored as code {code_id}, sha256 {checksum}"));
        Ok(code_id)
    }
}

/// The code with this checksum that was stored for this contract or for another one, if any was: of pairs, those that
/// the network file names may run another code, wherever in the list they stand.
fn stored(others: &[Deployed], before: &Deployed, checksum: &str) -> Option<u64> {
    let mut known = others.iter().chain([before]);
    known.find(|known| known.code_id > 0 && known.checksum == checksum).map(|known| known.code_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deployed(code_id: u64, checksum: &str) -> Deployed {
        Deployed { address: "wasm1pair".to_owned(), code_id, checksum: checksum.to_owned() }
    }

    #[test]
    fn a_code_that_was_stored_for_another_pair_is_found_behind_a_named_pair_of_another_code() {
        let named = deployed(3, "astroport");
        let own = deployed(8, "plimsoll");
        let nothing = Deployed::default();
        assert_eq!(stored(&[named.clone(), own.clone()], &nothing, "plimsoll"), Some(8));
        assert_eq!(stored(std::slice::from_ref(&named), &own, "plimsoll"), Some(8), "killed after storing it");
        assert_eq!(stored(&[named], &nothing, "plimsoll"), None);
        assert_eq!(stored(&[], &deployed(0, "plimsoll"), "plimsoll"), None);
    }
}
