//! What is asked of the nodes either at once or when they may be asked, by what it is for.

use cosmos_sdk_proto::cosmos::bank::v1beta1::QueryBalanceRequest;
use futures_util::future::try_join_all;
use tonic::Response;

use crate::chain::cosmos::grpc::{balance, latest};
use crate::chain::cosmos::request::Reply;
use crate::chain::cosmos::whom::Urgency;
use crate::chain::cosmos::{Node, connections, refusal};
use crate::chain::endpoints::Health;
use crate::chain::{Balances, Head};
use crate::error::{Error, Result};

impl Node {
    /// The newest block.
    pub(super) async fn newest_block(&self, urgency: Urgency) -> Result<Head> {
        loop {
            let before = self.connections.stand();
            let ask = |channel| async { latest(channel).await.map(Response::new) };
            let Reply { from: at, answer } = self.connections.ask_grpc(urgency, None, ask).await?;
            let head = answer.map_err(|status| refusal("latest block", &status))?;
            let is_good = self.connections.heard(at, &head, &before);
            // One that asked for a pause tells the block all the same.
            let is_paused = || matches!(self.connections.state().health(at), Health::Down { .. });
            // One that turns out to be behind, or of another chain, is not asked again.
            if is_good || (urgency == Urgency::AtOnce && is_paused()) {
                // Whoever reads something at this block must not hear of an older one afterwards.
                connections::advance(&self.connections.heads, &head);
                return Ok(head);
            }
        }
    }

    /// What an address has of these denoms.
    pub(super) async fn balances_of(&self, urgency: Urgency, address: &str, denoms: &[String]) -> Result<Balances> {
        let one = async |denom: &String| {
            let request = QueryBalanceRequest { address: address.to_owned(), denom: denom.clone() };
            let ask = |channel| async { balance(channel, request.clone()).await.map(Response::new) };
            let answer = self.connections.ask_grpc(urgency, None, ask).await?.answer;
            Ok::<_, Error>((denom.clone(), answer.map_err(|status| refusal("balance", &status))?))
        };
        let held = try_join_all(denoms.iter().map(one)).await?;
        Ok(held.into_iter().filter(|(_, amount)| *amount > 0).collect())
    }
}
