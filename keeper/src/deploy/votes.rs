//! The feeders' votes: the first ones, and those that are due again because what was voted before has grown too old.

use plimsoll_risk::price::{PriceFault, PriceRecord};
use plimsoll_risk::units::Price;
use plimsoll_schema::oracle::{ExecuteMsg, FeedPrice, Source};

use crate::chain::cosmos::Node;
use crate::chain::{ChainReader, Execute};
use crate::config::deployment::Deployment;
use crate::deploy::Job;
use crate::deploy::network::Feeder;
use crate::error::{Error, Result};
use crate::keys::{Key, Mnemonic};

/// A price that is due, and who may vote for it.
struct Due {
    vote: FeedPrice,
    feeders: Vec<String>,
    /// What is wrong with the one that is published.
    fault: PriceFault,
}

impl<F: Fn(&str)> Job<'_, F> {
    /// Votes with every feeder whose mnemonic is given. Prices that stand are left alone.
    pub(super) async fn votes(&self, record: &Deployment) -> Result<()> {
        let due = self.due(record).await?;
        let mut voters = Vec::new();
        for feeder in &self.network.feeders {
            let prices = due.iter().filter(|due| due.feeders.contains(&feeder.address)).map(|due| due.vote.clone());
            let prices: Vec<FeedPrice> = prices.collect();
            voters.extend(self.key_of(feeder)?.filter(|_| !prices.is_empty()).map(|key| (key, prices)));
        }
        for Due { vote, fault, .. } in &due {
            match fault {
                _ if voters.is_empty() => {
                    let what = "no feeder's key is given: have its feeders vote";
                    (self.say)(&format!("oracle: {}: {fault}; {what}", vote.denom));
                }
                PriceFault::Missing {} => {}
                fault => (self.say)(&format!("oracle: {}: {fault}; the last one is voted for again", vote.denom)),
            }
        }
        for (key, prices) in voters {
            self.vote(record, key, prices).await?;
        }
        Ok(())
    }

    async fn vote(&self, record: &Deployment, key: Key, prices: Vec<FeedPrice>) -> Result<()> {
        let told: Vec<String> = prices.iter().map(|vote| format!("{} at {}", vote.denom, vote.price)).collect();
        let told = format!("oracle: {} votes for {}", key.address(), told.join(", "));
        let node = Node::connect(self.node.config().clone(), Some(key)).await?;
        let vote = ExecuteMsg::Feed { prices };
        let messages = node.execute_messages(&[Execute::new(&record.oracle.address, &vote, Vec::new())?])?;
        node.sign_and_wait(messages).await?.ok()?;
        (self.say)(&told);
        Ok(())
    }

    async fn due(&self, record: &Deployment) -> Result<Vec<Due>> {
        let now = self.node.head().await?.time;
        let known = self.known_sources(record).await?;
        let mut all = Vec::new();
        for asset in &self.network.assets {
            let denom = asset.denom(&self.deployer);
            let (Some(first), Some(source)) = (asset.first_price, known.get(&denom)) else { continue };
            let feeders = source.source.parts().iter().filter_map(Source::feeders);
            let feeders: Vec<String> = feeders.flat_map(|(feeders, _)| feeders).cloned().collect();
            if feeders.is_empty() {
                continue;
            }
            if let Some((price, fault)) = due(&source.record, first, now) {
                all.push(Due { vote: FeedPrice { denom, price, observed_at: None }, feeders, fault });
            }
        }
        Ok(all)
    }

    /// The feeder's key, if its mnemonic is given.
    fn key_of(&self, feeder: &Feeder) -> Result<Option<Key>> {
        let Some(variable) = &feeder.mnemonic_env else { return Ok(None) };
        let Some(mnemonic) = Mnemonic::find(variable, None)? else { return Ok(None) };
        let chain = self.node.config();
        let key = mnemonic.key(&chain.prefix, chain.coin_type, 0)?;
        if key.address() != feeder.address {
            let found = key.address();
            let wanted = &feeder.address;
            return Err(Error::Key(format!("{variable} is the key of {found}, not of {wanted}")));
        }
        Ok(Some(key))
    }
}

/// What to vote for, and why: the first price while nothing was ever observed, and the last observation again once it
/// is too old, since the market went by it and nothing says that it is another. `None` where the published price
/// stands.
pub fn due(record: &PriceRecord, first: Price, now: u64) -> Option<(Price, PriceFault)> {
    let fault = record.fault(now).filter(|fault| !matches!(fault, PriceFault::Version { .. }))?;
    let last = record.settled_at(now).clamp(record.raw.low, record.raw.high);
    Some((if record.was_observed() { last } else { first }, fault))
}
