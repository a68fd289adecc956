//! The world as a [`ChainReader`] and a [`TxSender`].

use cosmwasm_std::{Addr, Decimal};
use tokio::sync::watch;

use crate::chain::simulated::mempool::Message;
use crate::chain::simulated::simulator::{Home, head_of};
use crate::chain::simulated::{WorldChain, whole};
use crate::chain::{
    Balances, ChainReader, Coin, ContractEvent, Execute, Head, Reads, SharedGasPrice, Signed, Simulated, TxSender,
    TxStatus, read_by,
};
use crate::error::{Error, Result};

impl ChainReader for WorldChain {
    async fn head(&self) -> Result<Head> {
        self.home(|home| head_of(&home.world)).await
    }

    async fn heads(&self) -> Result<Vec<Head>> {
        // It is its only endpoint.
        Ok(Vec::new())
    }

    async fn head_at(&self, _height: u64) -> Result<Option<Head>> {
        // It keeps its newest block alone.
        Ok(None)
    }

    async fn smart_that(&self, contract: &str, msg: Vec<u8>, height: Option<u64>, reads: Reads<'_>) -> Result<Vec<u8>> {
        let what = format!("{contract} {}", String::from_utf8_lossy(&msg));
        let address = contract.to_owned();
        let answer = self.home(move |home| home.check_height(height).and_then(|()| home.smart(&address, &msg))).await?;
        read_by(contract, answer.map_err(|reason| Error::Query { what, reason })?, reads)
    }

    async fn is_contract(&self, address: &str) -> Result<bool> {
        let address = Addr::unchecked(address);
        self.home(move |home| home.world.app().contract_data(&address).is_ok()).await
    }

    async fn code_id(&self, address: &str) -> Result<Option<u64>> {
        let address = Addr::unchecked(address);
        self.home(move |home| home.world.app().contract_data(&address).ok().map(|data| data.code_id)).await
    }

    async fn raw(&self, contract: &str, key: Vec<u8>, height: Option<u64>) -> Result<Option<Vec<u8>>> {
        let what = format!("raw state of {contract}");
        let contract = contract.to_owned();
        let ask = move |home: &mut Home| {
            home.check_height(height)?;
            home.world.app().wrap().query_wasm_raw(contract, key).map_err(|error| error.to_string())
        };
        self.home(ask).await?.map_err(|reason| Error::Query { what, reason })
    }

    async fn balances(&self, address: &str, denoms: &[String]) -> Result<Balances> {
        let address = address.to_owned();
        let denoms = denoms.to_vec();
        self.home(move |home| home.balances(&address, denoms)).await
    }

    async fn events(&self, height: u64) -> Result<Vec<ContractEvent>> {
        self.home(move |home| home.said.get(&height).cloned().unwrap_or_default()).await
    }

    async fn subscribe(&self) -> Result<watch::Receiver<Head>> {
        self.home(|home| home.heads.subscribe()).await
    }

    async fn block_gas(&self) -> Result<Option<u64>> {
        self.home(|home| home.block_gas).await
    }

    async fn gas_price_asked(&self) -> Result<Option<Decimal>> {
        let told = |home: &mut Home| home.gas_price.as_ref().filter(|_| home.tells_gas_price).map(whole);
        self.home(told).await
    }
}

impl TxSender for WorldChain {
    fn sender(&self) -> Option<&str> {
        Some(&self.sender)
    }

    async fn simulate(&self, messages: &[Execute]) -> Result<Simulated> {
        self.try_out(executes(messages)).await
    }

    async fn simulate_transfer(&self, to: &str, coin: &Coin) -> Result<Simulated> {
        self.try_out(vec![Message::Transfer { to: to.to_owned(), coin: coin.clone() }]).await
    }

    fn gas_limit(&self, simulated: u64) -> u64 {
        simulated
    }

    fn gas_price(&self) -> &SharedGasPrice {
        &self.gas_price
    }

    fn fee_granter(&self) -> Option<&str> {
        None
    }

    fn fee(&self, gas: u64) -> Coin {
        self.gas_price.get().fee(gas)
    }

    async fn sign(&self, messages: &[Execute], gas: u64, timeout_height: u64) -> Result<Signed> {
        let sender = self.sender.clone();
        let messages = executes(messages);
        let fee = self.fee(gas);
        self.home(move |home| home.sign(sender, messages, gas, fee, timeout_height)).await
    }

    async fn sign_transfer(&self, to: &str, coin: &Coin, gas: u64, timeout_height: u64) -> Result<Signed> {
        let messages = vec![Message::Transfer { to: to.to_owned(), coin: coin.clone() }];
        let sender = self.sender.clone();
        let fee = self.fee(gas);
        self.home(move |home| home.sign(sender, messages, gas, fee, timeout_height)).await
    }

    async fn sequence(&self) -> Result<Option<u64>> {
        let sender = self.sender.clone();
        self.home(move |home| Some(home.mempool.sequence(&sender))).await
    }

    async fn confirmed_sequence(&self) -> Result<Option<u64>> {
        self.sequence().await
    }

    async fn agreed_sequence(&self) -> Result<Option<u64>> {
        self.sequence().await
    }

    async fn broadcast(&self, signed: &Signed) -> Result<()> {
        let hash = signed.hash.clone();
        self.home(move |home| home.broadcast(&hash)).await?
    }

    async fn tx_status(&self, hash: &str) -> Result<TxStatus> {
        let hash = hash.to_owned();
        let ask = move |home: &mut Home| (home.mempool.outcome(&hash), home.world.height());
        let (found, height) = self.home(ask).await?;
        Ok(found.map_or(TxStatus::NotFound { height }, TxStatus::Included))
    }
}

fn executes(messages: &[Execute]) -> Vec<Message> {
    messages.iter().cloned().map(Message::Execute).collect()
}
