//! Messages, and transactions of them that a key signs.

use cosmos_sdk_proto::Any;
use cosmos_sdk_proto::cosmos::bank::v1beta1::MsgSend;
use cosmos_sdk_proto::cosmos::base::v1beta1::Coin as ProtoCoin;
use cosmos_sdk_proto::cosmos::tx::v1beta1::{AuthInfo, Fee, ModeInfo, SignDoc, SignerInfo, TxBody, TxRaw, mode_info};
use cosmos_sdk_proto::cosmwasm::wasm::v1::MsgExecuteContract;
use cosmwasm_std::Checksum;
use prost::{Message, Name};

use crate::chain::cosmos::Node;
use crate::chain::{Coin, Execute, Signed};
use crate::error::{Error, Result};
use crate::keys::Key;

/// `SIGN_MODE_DIRECT`.
const DIRECT: i32 = 1;
/// Any message in its envelope.
pub fn any<M: Message + Name>(message: &M) -> Any {
    Any { type_url: format!("/{}", M::full_name()), value: message.encode_to_vec() }
}

/// Coins as the chain wants them: by denom, none of them 0.
pub fn coins(coins: &[Coin]) -> Vec<ProtoCoin> {
    let mut sorted: Vec<_> = coins.iter().filter(|coin| coin.amount > 0).collect();
    sorted.sort_by(|a, b| a.denom.cmp(&b.denom));
    sorted.into_iter().map(|c| ProtoCoin { denom: c.denom.clone(), amount: c.amount.to_string() }).collect()
}

/// A message to a contract.
pub fn execute(sender: &str, message: &Execute) -> Any {
    any(&MsgExecuteContract {
        sender: sender.to_owned(),
        contract: message.contract.clone(),
        msg: message.msg.clone(),
        funds: coins(&message.funds),
    })
}

impl Node {
    /// A transfer from the node's own key.
    pub fn send_message(&self, to: &str, amount: &[Coin]) -> Result<Any> {
        let from_address = self.signer()?.address().to_owned();
        Ok(any(&MsgSend { from_address, to_address: to.to_owned(), amount: coins(amount) }))
    }

    /// Messages to contracts from the node's own key.
    pub fn execute_messages(&self, messages: &[Execute]) -> Result<Vec<Any>> {
        let sender = self.signer()?.address();
        Ok(messages.iter().map(|message| execute(sender, message)).collect())
    }

    /// A simulated amount of gas with the configured reserve.
    pub fn with_reserve(&self, gas: u64) -> u64 {
        self.config.with_reserve(gas)
    }

    /// A fee that the granter pays, where there is one. The chain looks at the allowance, which takes gas, so a
    /// simulation names it too.
    pub(super) fn granted(&self, fee: Fee) -> Fee {
        Fee { granter: self.config.fee_granter.clone().unwrap_or_default(), ..fee }
    }

    pub(super) async fn sign_any(&self, messages: Vec<Any>, gas: u64, timeout_height: u64) -> Result<Signed> {
        let key = self.signer()?;
        let (account_number, sequence) = self.account(key.address()).await?;
        let fee = Fee { amount: coins(&[self.gas_cost(gas)]), gas_limit: gas, ..Fee::default() };
        let fee = self.granted(fee);
        let body_bytes = body(messages, timeout_height).encode_to_vec();
        let auth_info_bytes = auth_info(key, sequence, fee)?.encode_to_vec();
        let document = SignDoc {
            body_bytes: body_bytes.clone(),
            auth_info_bytes: auth_info_bytes.clone(),
            chain_id: self.config.id.clone(),
            account_number,
        };
        let signature = key.sign(&document.encode_to_vec())?;
        let raw = TxRaw { body_bytes, auth_info_bytes, signatures: vec![signature.to_bytes().to_vec()] };
        let bytes = raw.encode_to_vec();
        let hash = Checksum::generate(&bytes).to_hex().to_uppercase();
        Ok(Signed { bytes, hash, timeout_height, sequence })
    }

    /// What this much gas costs.
    pub fn gas_cost(&self, gas: u64) -> Coin {
        self.gas_price.get().fee(gas)
    }

    pub(super) fn signer(&self) -> Result<&Key> {
        self.key.as_ref().ok_or(Error::NoKey)
    }
}

pub(super) fn body(messages: Vec<Any>, timeout_height: u64) -> TxBody {
    TxBody { messages, timeout_height, ..TxBody::default() }
}

pub(super) fn auth_info(key: &Key, sequence: u64, fee: Fee) -> Result<AuthInfo> {
    let public_key = key.public().to_any().map_err(|_| Error::Key(format!("{} has no public key", key.address())))?;
    let public_key = Any { type_url: public_key.type_url, value: public_key.value };
    let single = mode_info::Sum::Single(mode_info::Single { mode: DIRECT });
    let signer = SignerInfo { public_key: Some(public_key), mode_info: Some(ModeInfo { sum: Some(single) }), sequence };
    Ok(AuthInfo { signer_infos: vec![signer], fee: Some(fee), ..AuthInfo::default() })
}
