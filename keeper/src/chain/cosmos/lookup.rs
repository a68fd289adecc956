//! What became of a transaction, by its hash.

use cosmos_sdk_proto::cosmos::tx::v1beta1::GetTxRequest;
use cosmos_sdk_proto::cosmos::tx::v1beta1::service_client::ServiceClient;
use tonic::{Code, Response, Status};

use crate::chain::cosmos::channel::Channel;
use crate::chain::cosmos::classify::{nonsense, short};
use crate::chain::cosmos::request::Reply;
use crate::chain::cosmos::{GRPC_ANSWER_MAX_BYTES, Node, refusal};
use crate::chain::{ContractEvent, Included, TxStatus};
use crate::error::{Error, Result};

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

impl Node {
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
