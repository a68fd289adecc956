//! What one endpoint says over gRPC, read: an answer that can't be is a status that says so.

use cosmos_sdk_proto::cosmos::bank::v1beta1::QueryBalanceRequest;
use cosmos_sdk_proto::cosmos::bank::v1beta1::query_client::QueryClient as BankClient;
use cosmos_sdk_proto::cosmos::base::tendermint::v1beta1::service_client::ServiceClient as BlockClient;
use cosmos_sdk_proto::cosmos::base::tendermint::v1beta1::{
    Block as SdkBlock, GetBlockByHeightRequest, GetLatestBlockRequest,
};
use cosmos_sdk_proto::cosmos::feegrant::v1beta1::QueryAllowanceRequest;
use cosmos_sdk_proto::cosmos::feegrant::v1beta1::query_client::QueryClient as FeegrantClient;
use cosmos_sdk_proto::cosmwasm::wasm::v1::query_client::QueryClient as WasmClient;
use cosmos_sdk_proto::tendermint::types::Block as TmBlock;
use cosmwasm_std::Checksum;
use tonic::Status;

use crate::chain::Head;
use crate::chain::cosmos::GRPC_ANSWER_MAX_BYTES;
use crate::chain::cosmos::channel::Channel;
use crate::chain::cosmos::classify::nonsense;

/// What an address has of one denom, in base units.
pub(super) async fn balance(channel: Channel, request: QueryBalanceRequest) -> std::result::Result<u128, Status> {
    let denom = request.denom.clone();
    let answer = BankClient::new(channel).balance(request).await?.into_inner();
    let coin = answer.balance.filter(|coin| coin.denom == denom);
    let amount = coin.and_then(|coin| coin.amount.parse().ok());
    amount.ok_or_else(|| nonsense(format!("a balance of {denom} that is no amount of it")))
}

/// Whether the granter has given the grantee an allowance for fees.
pub(super) async fn has_allowance(
    channel: Channel,
    granter: String,
    grantee: String,
) -> std::result::Result<bool, Status> {
    let answer = FeegrantClient::new(channel).allowance(QueryAllowanceRequest { granter, grantee }).await?;
    Ok(answer.into_inner().allowance.is_some())
}

/// The latest block that this endpoint has.
pub(super) async fn latest(channel: Channel) -> std::result::Result<Head, Status> {
    let answer = blocks(channel).get_latest_block(GetLatestBlockRequest {}).await?.into_inner();
    head_of(answer.sdk_block, answer.block).ok_or_else(no_block)
}

/// The block of this height.
pub(super) async fn block(channel: Channel, height: i64) -> std::result::Result<Head, Status> {
    let answer = blocks(channel).get_block_by_height(GetBlockByHeightRequest { height }).await?.into_inner();
    head_of(answer.sdk_block, answer.block).ok_or_else(no_block)
}

/// Whether this endpoint's block of this height has the transaction with this hash.
pub(super) async fn block_has(channel: Channel, height: u64, hash: &str) -> std::result::Result<bool, Status> {
    let height = i64::try_from(height).map_err(|_| no_block())?;
    let answer = blocks(channel).get_block_by_height(GetBlockByHeightRequest { height }).await?.into_inner();
    let data = match (answer.sdk_block, answer.block) {
        (Some(block), _) => block.data,
        (None, Some(block)) => block.data,
        (None, None) => None,
    };
    let transactions = data.map(|data| data.txs).unwrap_or_default();
    Ok(transactions.iter().any(|bytes| Checksum::generate(bytes).to_hex().eq_ignore_ascii_case(hash)))
}

fn blocks(channel: Channel) -> BlockClient<Channel> {
    BlockClient::new(channel).max_decoding_message_size(GRPC_ANSWER_MAX_BYTES)
}

/// Newer nodes say it in the first way.
fn head_of(newer: Option<SdkBlock>, older: Option<TmBlock>) -> Option<Head> {
    let header = match (newer, older) {
        (Some(block), _) => block.header.map(|h| (h.chain_id, h.height, h.time)),
        (None, Some(block)) => block.header.map(|h| (h.chain_id, h.height, h.time)),
        (None, None) => None,
    };
    header.and_then(|(chain_id, height, time)| {
        Some(Head { chain_id, height: height.try_into().ok()?, time: time?.seconds.try_into().ok()? })
    })
}

fn no_block() -> Status {
    nonsense("a block without height or time")
}

pub(super) fn wasm(channel: Channel) -> WasmClient<Channel> {
    WasmClient::new(channel).max_decoding_message_size(GRPC_ANSWER_MAX_BYTES)
}
