//! The nodes as a [`ChainReader`] and a [`TxSender`].

use std::future::Future;
use std::sync::atomic::Ordering;

use cosmos_sdk_proto::cosmwasm::wasm::v1::{QueryRawContractStateRequest, QuerySmartContractStateRequest};
use tokio::sync::watch;

use crate::chain::cosmos::classify::nonsense;
use crate::chain::cosmos::grpc::{block, wasm};
use crate::chain::cosmos::rpc::Rpc;
use crate::chain::cosmos::whom::Urgency;
use crate::chain::cosmos::{Node, refusal};
use crate::chain::endpoints::Kind;
use crate::chain::{
    Balances, ChainReader, Coin, ContractEvent, Execute, Head, Reads, SharedGasPrice, Signed, Simulated, TxSender,
    TxStatus,
};
use crate::error::{Error, Result};
use crate::keys::Key;
use cosmwasm_std::Decimal;

impl ChainReader for Node {
    async fn head(&self) -> Result<Head> {
        self.newest_block(Urgency::CanWait).await
    }

    async fn head_at_once(&self) -> Result<Head> {
        self.newest_block(Urgency::AtOnce).await
    }

    async fn heads(&self) -> Result<Vec<Head>> {
        let told = self.connections.ask_heads().await;
        Ok(told.into_iter().filter(|head| head.chain_id == self.config.id).collect())
    }

    async fn head_at(&self, height: u64) -> Result<Option<Head>> {
        let Ok(wanted) = i64::try_from(height) else { return Ok(None) };
        let said = self.connections.ask_all(|channel| block(channel, wanted)).await;
        if said.is_empty() {
            return Err(self.connections.nobody(Kind::Grpc));
        }
        let told: Vec<Head> = said.into_iter().filter_map(|(_, said)| said.ok()).collect();
        let confirmed = |one: &&Head| told.iter().filter(|other| other == one).count() * 2 > told.len();
        Ok(told.iter().find(confirmed).cloned())
    }

    async fn smart_that(&self, contract: &str, msg: Vec<u8>, height: Option<u64>, reads: Reads<'_>) -> Result<Vec<u8>> {
        let what = format!("{contract} {}", String::from_utf8_lossy(&msg));
        let request = QuerySmartContractStateRequest { address: contract.to_owned(), query_data: msg };
        let ask = |channel| {
            let request = request.clone();
            async move {
                let answer = wasm(channel).smart_contract_state(Self::at(request, height)).await?;
                reads(&answer.get_ref().data).map_err(|reason| nonsense(format!("of {contract}: {reason}")))?;
                Ok(answer)
            }
        };
        let answer = self.connections.ask(height, ask).await?.answer;
        answer.map(|answer| answer.data).map_err(|status| refusal(&what, &status))
    }

    async fn is_contract(&self, address: &str) -> Result<bool> {
        Ok(self.contract_code(address).await?.is_some())
    }

    async fn code_id(&self, address: &str) -> Result<Option<u64>> {
        self.contract_code(address).await
    }

    async fn raw(&self, contract: &str, key: Vec<u8>, height: Option<u64>) -> Result<Option<Vec<u8>>> {
        let request = QueryRawContractStateRequest { address: contract.to_owned(), query_data: key };
        let ask = |channel| {
            let request = request.clone();
            async move { wasm(channel).raw_contract_state(Self::at(request, height)).await }
        };
        let answer = self.connections.ask(height, ask).await?.answer;
        let data = answer.map_err(|status| refusal(&format!("raw state of {contract}"), &status))?.data;
        Ok((!data.is_empty()).then_some(data))
    }

    async fn balances(&self, address: &str, denoms: &[String]) -> Result<Balances> {
        self.balances_of(Urgency::CanWait, address, denoms).await
    }

    async fn balances_at_once(&self, address: &str, denoms: &[String]) -> Result<Balances> {
        self.balances_of(Urgency::AtOnce, address, denoms).await
    }

    async fn events(&self, height: u64) -> Result<Vec<ContractEvent>> {
        self.block_events(height).await
    }

    async fn subscribe(&self) -> Result<watch::Receiver<Head>> {
        let receiver = self.connections.heads.subscribe();
        if !self.following.swap(true, Ordering::Relaxed) {
            tokio::spawn(self.connections.clone().follow());
        }
        Ok(receiver)
    }

    async fn block_gas(&self) -> Result<Option<u64>> {
        self.connections.ask_rpc(None, Rpc::block_gas).await
    }

    async fn gas_price_asked(&self) -> Result<Option<Decimal>> {
        Ok(Self::gas_price_asked(self).await)
    }
}

impl TxSender for Node {
    fn sender(&self) -> Option<&str> {
        self.key.as_ref().map(Key::address)
    }

    async fn simulate(&self, messages: &[Execute]) -> Result<Simulated> {
        self.simulate_any(&self.execute_messages(messages)?).await
    }

    async fn simulate_transfer(&self, to: &str, coin: &Coin) -> Result<Simulated> {
        self.simulate_any(&[self.send_message(to, std::slice::from_ref(coin))?]).await
    }

    fn gas_limit(&self, simulated: u64) -> u64 {
        self.config.with_reserve(simulated)
    }

    fn gas_price(&self) -> &SharedGasPrice {
        &self.gas_price
    }

    fn fee_granter(&self) -> Option<&str> {
        self.config.fee_granter.as_deref()
    }

    fn fee(&self, gas: u64) -> Coin {
        self.gas_cost(gas)
    }

    fn sign(&self, messages: &[Execute], gas: u64, timeout_height: u64) -> impl Future<Output = Result<Signed>> + Send {
        let messages = self.execute_messages(messages);
        async move { self.sign_any(messages?, gas, timeout_height).await }
    }

    async fn sign_transfer(&self, to: &str, coin: &Coin, gas: u64, timeout_height: u64) -> Result<Signed> {
        let message = self.send_message(to, std::slice::from_ref(coin))?;
        self.sign_any(vec![message], gas, timeout_height).await
    }

    async fn sequence(&self) -> Result<Option<u64>> {
        match self.sender() {
            Some(sender) => match self.account(sender).await {
                Ok((_, sequence)) => Ok(Some(sequence)),
                // One that was never sent anything has sent nothing.
                Err(Error::EmptyWallet { .. }) => Ok(Some(0)),
                Err(error) => Err(error),
            },
            None => Ok(None),
        }
    }

    async fn confirmed_sequence(&self) -> Result<Option<u64>> {
        self.sequence_of_two(true).await
    }

    async fn agreed_sequence(&self) -> Result<Option<u64>> {
        self.sequence_of_two(self.config.grpc.len() < 2).await
    }

    async fn broadcast(&self, signed: &Signed) -> Result<()> {
        self.broadcast_bytes(signed.bytes.clone()).await
    }

    async fn tx_status(&self, hash: &str) -> Result<TxStatus> {
        Ok(self.look_up(hash).await?.map(Into::into))
    }
}
