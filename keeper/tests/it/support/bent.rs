//! The in-process chain, whose answers a test computes where a fault script can't say it: what is wrong depends on what
//! was asked, as on a page's size, on the accounts in a message or on which of two endpoints is asked. Everything that
//! a script can say is said by one, in front of this.

use std::future::Future;
use std::ops::{Deref, DerefMut};

use plimsoll_keeper::chain::simulated::WorldChain;
use plimsoll_keeper::chain::{
    Balances, ChainReader, Coin, ContractEvent, Execute, Head, Reads, SharedGasPrice, Signed, Simulated, TxSender,
    TxStatus, read_by,
};
use plimsoll_keeper::error::Result;
use tokio::sync::watch;

/// What is other than the world has it; without a method of its own nothing is.
pub trait Bend: Send + Sync + 'static {
    /// The newest block.
    fn head(&self, real: Head) -> Head {
        real
    }

    /// Whether all endpoints asked for a pause, for which all waits that can.
    fn rests(&self) -> bool {
        false
    }

    /// The newest blocks of all endpoints.
    fn heads(&self) -> Vec<Head> {
        Vec::new()
    }

    /// An earlier block, when this is the newest.
    fn head_at(&self, _height: u64, _newest: Head) -> Option<Head> {
        None
    }

    /// Which height of the world a record is read at, for one that is asked for.
    fn height(&self, asked: Option<u64>) -> Option<u64> {
        asked
    }

    /// A contract's answer.
    fn answer(
        &self,
        world: &WorldChain,
        contract: &str,
        msg: Vec<u8>,
        height: Option<u64>,
    ) -> impl Future<Output = Result<Vec<u8>>> + Send {
        world.smart(contract, msg, height)
    }

    /// Whether the events of this block are still there.
    fn has_events(&self, _height: u64) -> Result<()> {
        Ok(())
    }

    /// Whether a simulation of these messages goes through.
    fn simulates(&self, _messages: &[Execute]) -> Result<()> {
        Ok(())
    }

    /// What a simulation tells.
    fn simulated(&self, real: Simulated) -> Simulated {
        real
    }

    /// The key's sequence, as the endpoint says that is asked first.
    fn sequence(&self, real: u64) -> u64 {
        real
    }

    /// The key's sequence, as two endpoints say.
    fn confirmed_sequence(&self, real: u64) -> u64 {
        real
    }

    /// Whether a transaction is taken.
    fn takes(&self) -> Result<()> {
        Ok(())
    }

    /// What became of a transaction.
    fn status(&self, real: TxStatus) -> TxStatus {
        real
    }
}

/// A world, bent. What a test sets and counts is its bend's.
#[derive(Debug)]
pub struct Bent<B> {
    pub world: WorldChain,
    pub bend: B,
}

impl<B> Deref for Bent<B> {
    type Target = B;

    fn deref(&self) -> &B {
        &self.bend
    }
}

impl<B> DerefMut for Bent<B> {
    fn deref_mut(&mut self) -> &mut B {
        &mut self.bend
    }
}

impl<B: Bend> Bent<B> {
    async fn pause(&self) {
        while self.bend.rests() {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }
}

impl<B: Bend> ChainReader for Bent<B> {
    async fn head(&self) -> Result<Head> {
        self.pause().await;
        self.head_at_once().await
    }

    async fn head_at_once(&self) -> Result<Head> {
        Ok(self.bend.head(self.world.head().await?))
    }

    async fn heads(&self) -> Result<Vec<Head>> {
        Ok(self.bend.heads())
    }

    async fn head_at(&self, height: u64) -> Result<Option<Head>> {
        Ok(self.bend.head_at(height, self.head().await?))
    }

    async fn smart_that(&self, contract: &str, msg: Vec<u8>, height: Option<u64>, reads: Reads<'_>) -> Result<Vec<u8>> {
        read_by(contract, self.bend.answer(&self.world, contract, msg, height).await?, reads)
    }

    async fn is_contract(&self, address: &str) -> Result<bool> {
        self.world.is_contract(address).await
    }

    async fn code_id(&self, address: &str) -> Result<Option<u64>> {
        self.world.code_id(address).await
    }

    async fn raw(&self, contract: &str, key: Vec<u8>, height: Option<u64>) -> Result<Option<Vec<u8>>> {
        self.world.raw(contract, key, self.bend.height(height)).await
    }

    async fn balances(&self, address: &str, denoms: &[String]) -> Result<Balances> {
        self.pause().await;
        self.balances_at_once(address, denoms).await
    }

    async fn balances_at_once(&self, address: &str, denoms: &[String]) -> Result<Balances> {
        self.world.balances(address, denoms).await
    }

    async fn events(&self, height: u64) -> Result<Vec<ContractEvent>> {
        self.bend.has_events(height)?;
        self.world.events(height).await
    }

    async fn subscribe(&self) -> Result<watch::Receiver<Head>> {
        self.world.subscribe().await
    }

    async fn block_gas(&self) -> Result<Option<u64>> {
        self.world.block_gas().await
    }

    async fn gas_price_asked(&self) -> Result<Option<cosmwasm_std::Decimal>> {
        self.world.gas_price_asked().await
    }
}

impl<B: Bend> TxSender for Bent<B> {
    fn sender(&self) -> Option<&str> {
        self.world.sender()
    }

    async fn simulate(&self, messages: &[Execute]) -> Result<Simulated> {
        self.bend.simulates(messages)?;
        Ok(self.bend.simulated(self.world.simulate(messages).await?))
    }

    fn gas_limit(&self, simulated: u64) -> u64 {
        self.world.gas_limit(simulated)
    }

    fn gas_price(&self) -> &SharedGasPrice {
        self.world.gas_price()
    }

    fn fee_granter(&self) -> Option<&str> {
        self.world.fee_granter()
    }

    fn fee(&self, gas: u64) -> Coin {
        self.world.fee(gas)
    }

    async fn sign(&self, messages: &[Execute], gas: u64, timeout_height: u64) -> Result<Signed> {
        self.world.sign(messages, gas, timeout_height).await
    }

    async fn simulate_transfer(&self, to: &str, coin: &Coin) -> Result<Simulated> {
        self.world.simulate_transfer(to, coin).await
    }

    async fn sign_transfer(&self, to: &str, coin: &Coin, gas: u64, timeout_height: u64) -> Result<Signed> {
        self.world.sign_transfer(to, coin, gas, timeout_height).await
    }

    async fn sequence(&self) -> Result<Option<u64>> {
        Ok(self.world.sequence().await?.map(|sequence| self.bend.sequence(sequence)))
    }

    async fn confirmed_sequence(&self) -> Result<Option<u64>> {
        Ok(self.world.confirmed_sequence().await?.map(|sequence| self.bend.confirmed_sequence(sequence)))
    }

    async fn agreed_sequence(&self) -> Result<Option<u64>> {
        Ok(self.world.agreed_sequence().await?.map(|sequence| self.bend.confirmed_sequence(sequence)))
    }

    async fn broadcast(&self, signed: &Signed) -> Result<()> {
        self.bend.takes()?;
        self.world.broadcast(signed).await
    }

    async fn tx_status(&self, hash: &str) -> Result<TxStatus> {
        Ok(self.bend.status(self.world.tx_status(hash).await?))
    }
}
