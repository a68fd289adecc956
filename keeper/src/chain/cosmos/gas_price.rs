//! What gas costs: what the chain's fee market asks for, and what each node takes at least. The latter is each node's
//! own setting, which it may keep to itself.

use cosmos_sdk_proto::cosmos::base::node::v1beta1::ConfigRequest;
use cosmos_sdk_proto::cosmos::base::node::v1beta1::service_client::ServiceClient;
use cosmos_sdk_proto::cosmos::base::v1beta1::DecCoin;
use cosmwasm_std::{Decimal, Uint128};
use futures_util::future::join_all;
use tokio::time::timeout;
use tonic::client::Grpc;
use tonic::codec::ProstCodec;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::{Request, Status};

use crate::chain::cosmos::Node;
use crate::chain::cosmos::channel::Channel;
use crate::chain::cosmos::connections::Connection;
use crate::chain::cosmos::timeouts::{GAS_PRICE_TIMEOUT, REQUEST_TIMEOUT};
use crate::chain::endpoints::Health;

/// `feemarket.feemarket.v1`, as Neutron and others have it.
const FEEMARKET: &str = "/feemarket.feemarket.v1.Query/GasPrice";
/// `osmosis.txfees.v1beta1`: in which denom, and how much.
const TXFEES_DENOM: &str = "/osmosis.txfees.v1beta1.Query/BaseDenom";
const TXFEES_PRICE: &str = "/osmosis.txfees.v1beta1.Query/GetEipBaseFee";

/// A message whose first field is a text: a denom that is asked for, or a decimal number as the SDK writes it.
#[derive(Clone, PartialEq, Eq, prost::Message)]
struct Text {
    #[prost(string, tag = "1")]
    text: String,
}

/// A message whose first field is a price.
#[derive(Clone, PartialEq, prost::Message)]
struct Price {
    #[prost(message, optional, tag = "1")]
    price: Option<DecCoin>,
}

impl Node {
    /// By gRPC endpoint, the least that it says to take for a unit of gas, as in `0.025ustake`: one denom or several,
    /// any of which it takes, or nothing at all. `None` where it doesn't say.
    pub async fn minimum_gas_prices(&self) -> Vec<(String, Option<String>)> {
        let mut told = Vec::new();
        for (at, line) in self.connections.channels.iter().enumerate() {
            let Connection::Grpc(channel) = line else { continue };
            let said = timeout(REQUEST_TIMEOUT, minimum(channel.clone())).await;
            told.push((self.connections.name(at), said.ok().and_then(Result::ok)));
        }
        told
    }

    /// What a unit of gas costs now in `chain.gas_denom`, as the endpoints that are well say: what the fee market asks
    /// for, or where there is none what the node takes at least. The lowest of several, since one that takes a
    /// transaction is enough; `None` where nobody says.
    pub(super) async fn gas_price_asked(&self) -> Option<Decimal> {
        let denom = self.config.gas_denom.as_str();
        let well = |at: usize| self.connections.state().health(at) == Health::Good;
        let channels = self.connections.channels.iter().enumerate().filter(|(at, _)| well(*at));
        let asking = channels.filter_map(|(at, line)| match line {
            Connection::Grpc(channel) => {
                Some(timeout(GAS_PRICE_TIMEOUT, self.connections.spending(at, asked(channel.clone(), denom))))
            }
            Connection::Rpc(_) => None,
        });
        let asking: Vec<_> = asking.collect();
        join_all(asking).await.into_iter().filter_map(|asked| asked.ok().flatten()).min()
    }
}

/// What this endpoint says that a unit of gas costs.
async fn asked(channel: Channel, denom: &str) -> Option<Decimal> {
    if let Some(price) = feemarket(channel.clone(), denom).await {
        return Some(price);
    }
    if let Some(price) = txfees(channel.clone(), denom).await {
        return Some(price);
    }
    let minimum = minimum(channel).await.ok()?;
    let price = |part: &str| part.trim().strip_suffix(denom)?.parse().ok();
    minimum.split(',').find_map(price)
}

async fn minimum(channel: Channel) -> Result<String, Status> {
    Ok(ServiceClient::new(channel).config(ConfigRequest {}).await?.into_inner().minimum_gas_price)
}

async fn feemarket(channel: Channel, denom: &str) -> Option<Decimal> {
    let answer: Price = unary(channel, FEEMARKET, Text { text: denom.to_owned() }).await.ok()?;
    answer.price.filter(|price| price.denom == denom).and_then(|price| decimal(&price.amount))
}

async fn txfees(channel: Channel, denom: &str) -> Option<Decimal> {
    let base: Text = unary(channel.clone(), TXFEES_DENOM, Text::default()).await.ok()?;
    if base.text != denom {
        return None;
    }
    let answer: Text = unary(channel, TXFEES_PRICE, Text::default()).await.ok()?;
    decimal(&answer.text)
}

/// A decimal number as the SDK puts it on the wire: in units of 10⁻¹⁸, without a point.
fn decimal(text: &str) -> Option<Decimal> {
    text.parse::<u128>().ok().map(|atomics| Decimal::new(Uint128::new(atomics)))
}

/// Asks a service of which there is no client.
async fn unary<A: prost::Message + 'static, B: prost::Message + Default + 'static>(
    channel: Channel,
    path: &'static str,
    request: A,
) -> Result<B, Status> {
    let mut grpc = Grpc::new(channel);
    grpc.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
    let codec: ProstCodec<A, B> = ProstCodec::default();
    Ok(grpc.unary(Request::new(request), PathAndQuery::from_static(path), codec).await?.into_inner())
}
