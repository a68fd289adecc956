//! What messages would come to, were they sent now.

use cosmos_sdk_proto::Any;
use cosmos_sdk_proto::cosmos::tx::v1beta1::service_client::ServiceClient;
use cosmos_sdk_proto::cosmos::tx::v1beta1::{Fee, SimulateRequest, TxRaw};
use prost::Message;
use tonic::Response;

use crate::chain::cosmos::classify::{nonsense, short};
use crate::chain::cosmos::sign::{auth_info, body, coins};
use crate::chain::cosmos::{GRPC_ANSWER_MAX_BYTES, Node, refusal};
use crate::chain::{ContractEvent, Simulated};
use crate::error::{Error, Result};

/// For how much gas a simulation pays where it pays: any amount uses the same gas.
const SIMULATED_FEE_GAS: u64 = 1_000_000;

impl Node {
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
}
