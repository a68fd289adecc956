//! Transactions on a real node: what is simulated, signed, sent and looked up.

use cosmos_sdk_proto::Any;
use cosmos_sdk_proto::cosmos::bank::v1beta1::MsgSend;
use cosmos_sdk_proto::cosmos::base::v1beta1::Coin as ProtoCoin;
use cosmos_sdk_proto::cosmos::tx::v1beta1::service_client::ServiceClient;
use cosmos_sdk_proto::cosmos::tx::v1beta1::{
    AuthInfo, Fee, GetTxRequest, ModeInfo, SignDoc, SignerInfo, SimulateRequest, TxBody, TxRaw, mode_info,
};
use cosmos_sdk_proto::cosmwasm::wasm::v1::MsgExecuteContract;
use cosmwasm_std::Checksum;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use prost::{Message, Name};
use tokio::time::timeout;
use tonic::transport::Channel;
use tonic::{Code, Response, Status};

use crate::chain::cosmos::classify::nonsense;
use crate::chain::cosmos::request::Reply;
use crate::chain::cosmos::timeouts::{NOT_FOUND_TIMEOUT, REQUEST_TIMEOUT};
use crate::chain::cosmos::{GRPC_ANSWER_MAX_BYTES, Node, refusal};
use crate::chain::endpoints::Kind;
use crate::chain::{ChainReader, Coin, ContractEvent, Execute, Included, Signed, Simulated, TxSender, TxStatus};
use crate::error::{Error, Result};
use crate::keys::Key;

/// `SIGN_MODE_DIRECT`.
const DIRECT: i32 = 1;
/// How many blocks [`Node::sign_and_wait`] gives a transaction.
const WAIT_BLOCKS: u64 = 30;
/// For how much gas a simulation pays where it pays: any amount uses the same gas.
const SIMULATED_FEE_GAS: u64 = 1_000_000;

/// A transaction that a block has, with everything that the chain said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TxOutcome {
    /// In which block.
    pub height: u64,
    /// Its hash.
    pub hash: String,
    /// 0 when it worked.
    pub code: u32,
    /// Whose code it is.
    pub codespace: String,
    /// What the chain says.
    pub log: String,
    /// The gas it used.
    pub gas_used: u64,
    /// Events of all types: type and attributes.
    pub events: Vec<(String, Vec<(String, String)>)>,
}

impl TxOutcome {
    /// The first attribute of this name in an event of this type.
    pub fn attribute(&self, kind: &str, key: &str) -> Option<&str> {
        let events = self.events.iter().filter(|(k, _)| k == kind);
        events.flat_map(|(_, attributes)| attributes).find(|(k, _)| k == key).map(|(_, value)| value.as_str())
    }

    /// Itself when it worked, an error when it failed.
    pub fn ok(self) -> Result<Self> {
        if self.code == 0 {
            return Ok(self);
        }
        let Self { height, hash, code, codespace, log, .. } = self;
        Err(Error::Failed { hash, height, code, codespace, log })
    }
}

impl From<TxOutcome> for Included {
    fn from(outcome: TxOutcome) -> Self {
        let TxOutcome { height, code, codespace, log, gas_used, events, .. } = outcome;
        let events = events.into_iter().filter_map(|(kind, list)| ContractEvent::of_wasm(&kind, list.into_iter()));
        Self { height, code, codespace, log, gas_used, events: events.collect() }
    }
}

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

    /// Simulates, signs, sends, and waits until a block has it. A transaction that failed in its block is an outcome
    /// with a code, not an error. For deploying and for scripts: it keeps no journal.
    pub async fn sign_and_wait(&self, messages: Vec<Any>) -> Result<TxOutcome> {
        let gas = self.with_reserve(self.simulate_any(&messages).await?.gas);
        self.sign_and_wait_with_gas(messages, gas).await
    }

    /// As [`Node::sign_and_wait`], with a gas limit in place of a simulation.
    pub async fn sign_and_wait_with_gas(&self, messages: Vec<Any>, gas: u64) -> Result<TxOutcome> {
        let timeout_height = self.head().await?.height.saturating_add(WAIT_BLOCKS);
        let signed = self.sign_any(messages, gas, timeout_height).await?;
        self.broadcast(&signed).await?;
        loop {
            match self.look_up(&signed.hash).await? {
                TxStatus::Included(included) => {
                    // The next transaction reads its sequence from a state that has this block.
                    self.next_block(included.height.saturating_sub(1)).await?;
                    return Ok(included);
                }
                TxStatus::NotFound { height } if height > timeout_height.saturating_add(1) => {
                    return Err(Error::Expired { hash: signed.hash, timeout_height });
                }
                TxStatus::NotFound { .. } | TxStatus::Expired => {
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await
                }
            }
        }
    }

    /// A simulated amount of gas with the configured reserve.
    pub fn with_reserve(&self, gas: u64) -> u64 {
        self.config.with_reserve(gas)
    }

    /// What these messages come to now.
    pub async fn simulate_any(&self, messages: &[Any]) -> Result<Simulated> {
        self.simulate_with(messages, &[], Fee::default()).await
    }

    /// What these messages use in a block, where taking the fee uses gas too. The first is of the node's own key.
    /// `others` are the further senders, in the order of their first messages: no node checks a signature in a
    /// simulation.
    pub async fn simulate_paid(&self, messages: &[Any], others: &[String]) -> Result<Simulated> {
        let fee = Fee { amount: coins(&[self.gas_cost(SIMULATED_FEE_GAS)]), ..Fee::default() };
        self.simulate_with(messages, others, fee).await
    }

    async fn simulate_with(&self, messages: &[Any], others: &[String], fee: Fee) -> Result<Simulated> {
        let key = self.signer()?;
        let (_, sequence) = self.account(key.address()).await?;
        let mut auth = auth_info(key, sequence, self.granted(fee))?;
        for other in others {
            let (_, sequence) = self.account(other).await?;
            auth.signer_infos.extend(auth_info(key, sequence, Fee::default())?.signer_infos);
        }
        let body = body(messages.to_vec(), 0);
        let raw = TxRaw {
            body_bytes: body.encode_to_vec(),
            // A node wants a signature of each, and checks none.
            signatures: vec![Vec::new(); auth.signer_infos.len()],
            auth_info_bytes: auth.encode_to_vec(),
        };
        let request = SimulateRequest { tx_bytes: raw.encode_to_vec(), ..SimulateRequest::default() };
        let ask = |channel| {
            let request = request.clone();
            async move {
                let client = ServiceClient::new(channel).max_decoding_message_size(GRPC_ANSWER_MAX_BYTES);
                let answer = { client }.simulate(request).await?.into_inner();
                let used = answer.gas_info.map(|gas| gas.gas_used).filter(|used| *used > 0);
                let gas = used.ok_or_else(|| nonsense("a simulation that used no gas"))?;
                let events = answer.result.map(|result| result.events).unwrap_or_default().into_iter();
                let events = events.filter_map(|event| {
                    ContractEvent::of_wasm(&event.r#type, event.attributes.into_iter().map(|a| (a.key, a.value)))
                });
                Ok(Response::new(Simulated { gas, events: events.collect() }))
            }
        };
        self.connections.ask_at_once(ask).await?.answer.map_err(|status| match refusal("simulate", &status) {
            // A block came in between: that says nothing about the messages.
            Error::Query { what, reason } if reason.contains("account sequence mismatch") => {
                Error::Query { what, reason: short(&reason) }
            }
            Error::Query { reason, .. } => Error::Refused { reason: short(&reason) },
            other => other,
        })
    }

    /// A fee that the granter pays, where there is one. The chain looks at the allowance, which takes gas, so a
    /// simulation names it too.
    fn granted(&self, fee: Fee) -> Fee {
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

    /// Sends the same bytes to every endpoint that is well; they have one hash, so no chain takes them twice. Returns
    /// at the first that takes them. Only when all of them looked and refused, it is refused.
    pub(super) async fn broadcast_bytes(&self, bytes: Vec<u8>) -> Result<()> {
        let mut sending: FuturesUnordered<_> = self.connections.broadcast(bytes).into_iter().collect();
        let (mut refused, mut unknown) = (None, None);
        // Where one has looked and refused, an answer of the others that doesn't come is not waited for: nobody knows,
        // then.
        loop {
            let patience =
                if refused.is_some() { NOT_FOUND_TIMEOUT } else { REQUEST_TIMEOUT.saturating_add(NOT_FOUND_TIMEOUT) };
            match timeout(patience, sending.next()).await {
                Err(_) => {
                    unknown = Some(Error::unreachable("gRPC", "the others", "no answer to a broadcast in time"));
                    break;
                }
                Ok(None) => break,
                Ok(Some(sent)) => match sent {
                    Ok(Ok(())) => return Ok(()),
                    Ok(Err(Error::Sequence { expected, .. })) => {
                        let sender = self.sender().unwrap_or_default().to_owned();
                        refused = Some(Error::Sequence { sender, expected });
                    }
                    Ok(Err(error @ (Error::Refused { .. } | Error::Rejected { .. }))) => refused = Some(error),
                    Ok(Err(error)) => unknown = Some(error),
                    Err(_) => unknown = Some(Error::garbage("a broadcast", "it broke off")),
                },
            }
        }
        Err(unknown.or(refused).unwrap_or_else(|| self.connections.nobody(Kind::Grpc)))
    }

    /// The transaction with this hash, or `None` while no block is known to have it.
    pub async fn transaction(&self, hash: &str) -> Result<Option<TxOutcome>> {
        self.look_up(hash).await.map(TxStatus::included)
    }

    /// The same, and where no block is known to have it, the newest that the endpoint has told which says so: others
    /// may be farther, and what is taken for lost is sent anew. That a block has it is not believed of one alone, see
    /// [`Node::confirmed`].
    pub async fn look_up(&self, hash: &str) -> Result<TxStatus<TxOutcome>> {
        let ask = |channel| async { included(channel, hash.to_owned()).await.map(Response::new) };
        let Reply { from: at, answer } = self.connections.ask_at_once(ask).await?;
        match answer {
            Ok(found) => self.confirmed(at, found).await,
            Err(status) if status.code() == Code::NotFound => {
                Ok(TxStatus::NotFound { height: self.connections.height(at) })
            }
            Err(status) => Err(refusal(&format!("transaction {hash}"), &status)),
        }
    }

    /// What this much gas costs.
    pub fn gas_cost(&self, gas: u64) -> Coin {
        self.gas_price.get().fee(gas)
    }

    fn signer(&self) -> Result<&Key> {
        self.key.as_ref().ok_or(Error::NoKey)
    }
}

/// What this endpoint says of a transaction.
pub(super) async fn included(channel: Channel, hash: String) -> std::result::Result<TxOutcome, Status> {
    let client = ServiceClient::new(channel).max_decoding_message_size(GRPC_ANSWER_MAX_BYTES);
    let answer = { client }.get_tx(GetTxRequest { hash: hash.clone() }).await?.into_inner();
    let response = answer.tx_response.ok_or_else(|| nonsense("a transaction without a result"))?;
    let height = u64::try_from(response.height).ok().filter(|height| *height > 0);
    let events = response.events.into_iter();
    Ok(TxOutcome {
        height: height.ok_or_else(|| nonsense(format!("a transaction in block {}", response.height)))?,
        hash,
        code: response.code,
        codespace: response.codespace,
        log: short(&response.raw_log),
        gas_used: response.gas_used.try_into().unwrap_or_default(),
        events: events.map(|e| (e.r#type, e.attributes.into_iter().map(|a| (a.key, a.value)).collect())).collect(),
    })
}

fn body(messages: Vec<Any>, timeout_height: u64) -> TxBody {
    TxBody { messages, timeout_height, ..TxBody::default() }
}

fn auth_info(key: &Key, sequence: u64, fee: Fee) -> Result<AuthInfo> {
    let public_key = key.public().to_any().map_err(|_| Error::Key(format!("{} has no public key", key.address())))?;
    let public_key = Any { type_url: public_key.type_url, value: public_key.value };
    let single = mode_info::Sum::Single(mode_info::Single { mode: DIRECT });
    let signer = SignerInfo { public_key: Some(public_key), mode_info: Some(ModeInfo { sum: Some(single) }), sequence };
    Ok(AuthInfo { signer_infos: vec![signer], fee: Some(fee), ..AuthInfo::default() })
}

/// A node's error text may go on with a stack trace of its own: only what comes first is of use.
pub(super) fn short(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let line = line.split(" [").next().unwrap_or(line);
    line.chars().take(400).collect()
}
