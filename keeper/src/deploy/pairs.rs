//! The pairs: instantiated and given their first liquidity, or named because they exist.

use plimsoll_risk::mark::SharedValues;
use plimsoll_risk::units::{Amount, Price};
use plimsoll_schema::pair::{
    Asset as Amounts, AssetInfo, ExecuteMsg, InstantiateMsg, PairInfo, PoolResponse, QueryMsg,
};

use crate::book::prices::Prices;
use crate::chain::{ChainReader, Coin, Execute, query};
use crate::config::deployment::{Deployed, DeployedPair, Deployment};
use crate::deploy::Job;
use crate::deploy::contract::What;
use crate::deploy::network::Pair;
use crate::error::{Error, Result};

impl<F: Fn(&str)> Job<'_, F> {
    /// All pairs of the network file. One that it doesn't list any more leaves the record, and so does one that it
    /// named before and now wants to be made.
    pub(super) async fn pairs(&self, record: &mut Deployment) -> Result<()> {
        let before = std::mem::take(&mut record.pairs);
        for pair in &self.network.pairs {
            let denoms = pair.denoms(&self.deployer);
            let known = before.iter().find(|known| known.denoms == denoms).map(|known| known.contract.clone());
            let mut contract = known.unwrap_or_default();
            if pair.address.is_empty() && !contract.address.is_empty() {
                let creator = self.node.contract_creator(&contract.address).await?;
                if is_made_by_others(creator.as_deref(), &self.deployer) {
                    (self.say)(&format!("pair/{}/{}: {} is named no more", denoms[0], denoms[1], contract.address));
                    contract = Deployed::default();
                }
            }
            record.pairs.push(DeployedPair { denoms, contract });
        }
        for (at, pair) in self.network.pairs.iter().enumerate() {
            if pair.address.is_empty() {
                self.own_pair(record, at, pair).await?;
                self.first_liquidity(record, at, pair).await?;
            } else {
                record.pairs[at].contract = self.existing_pair(pair).await?;
                record.write(&self.out)?;
            }
        }
        Ok(())
    }

    async fn own_pair(&self, record: &mut Deployment, at: usize, pair: &Pair) -> Result<()> {
        let denoms = record.pairs[at].denoms.clone();
        let others = record.pairs.iter().map(|pair| pair.contract.clone()).collect();
        let [first, second] = &denoms;
        let what = What { name: "pair", path: format!("pair/{first}/{second}"), others };
        let msg = InstantiateMsg { asset_infos: denoms.clone().map(AssetInfo::native).to_vec(), fee: pair.fee };
        self.contract(what, record, |record| &mut record.pairs[at].contract, &msg).await
    }

    /// The pair that the network file names, once it has said that it is of these tokens.
    async fn existing_pair(&self, pair: &Pair) -> Result<Deployed> {
        let address = pair.address.clone();
        let chain_id = self.node.config().id.clone();
        let Some(code_id) = self.node.contract_code(&address).await? else {
            return Err(Error::NoContract { name: "pair", address, chain_id });
        };
        let info: PairInfo = query(self.node, &address, &QueryMsg::Pair {}, None).await?;
        let [first, second] = pair.denoms(&self.deployer);
        let ours = [&first, &second].map(AssetInfo::native);
        if info.asset_infos != ours && !info.asset_infos.iter().eq(ours.iter().rev()) {
            let names = info.asset_infos.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ");
            return Err(Error::DoesNotHold(format!("{address} is a pair of {names}, not of {first} and {second}")));
        }
        (self.say)(&format!("pair/{first}/{second}: {address} is named"));
        Ok(Deployed { address, code_id, checksum: self.node.code_checksum(code_id).await?.unwrap_or_default() })
    }

    /// The settled price of a denom; `None` when nothing was ever observed.
    pub(super) async fn settled(&self, record: &Deployment, denom: &str) -> Result<Option<Price>> {
        let now = self.node.head().await?.time;
        let prices = Prices::read(self.node, &record.oracle.address, std::iter::once(denom), None).await?;
        let price = prices.price(denom, now);
        Ok((!price.records().is_empty()).then(|| price.debt_up(&SharedValues::default())))
    }

    /// Liquidity at the oracle's prices, unless the pair has some.
    async fn first_liquidity(&self, record: &Deployment, at: usize, pair: &Pair) -> Result<()> {
        let DeployedPair { denoms, contract } = &record.pairs[at];
        let pool: PoolResponse = query(self.node, &contract.address, &QueryMsg::Pool {}, None).await?;
        if pair.worth_of_each.is_zero() || !pool.total_share.is_zero() {
            return Ok(());
        }
        let mut coins = Vec::new();
        for denom in denoms {
            let wrong =
                |what: &str| Error::DoesNotHold(format!("pair of {} and {}: {denom} {what}", denoms[0], denoms[1]));
            let asset = self.network.assets.iter().find(|asset| asset.denom(&self.deployer) == *denom);
            let asset = asset.ok_or_else(|| wrong("is not among the assets; set worth_of_each to 0"))?;
            let price = self.settled(record, denom).await?;
            let price = price.ok_or_else(|| wrong("has no price yet: have its feeders vote, then run deploy again"))?;
            let amount = Amount::of_value_down(pair.worth_of_each, price, asset.decimals);
            let amount = amount.map_err(|error| wrong(&format!("for {}: {error}", pair.worth_of_each)))?;
            coins.push(Coin { denom: denom.clone(), amount: amount.raw() });
        }
        let provide = ExecuteMsg::ProvideLiquidity {
            assets: coins.iter().map(|coin| Amounts::native(&coin.denom, Amount::new(coin.amount))).collect(),
            slippage_tolerance: None,
            auto_stake: None,
            receiver: None,
            min_lp_to_receive: None,
        };
        (self.say)(&format!("pair/{}/{}: provides {} and {}", denoms[0], denoms[1], coins[0], coins[1]));
        self.send(&[Execute::new(&contract.address, &provide, coins)?]).await
    }
}

/// Whether a pair is somebody else's: then it was named by an earlier network file, and isn't the deployer's to
/// migrate. Where the chain knows of no creator there is no contract any more.
fn is_made_by_others(creator: Option<&str>, deployer: &str) -> bool {
    creator.is_some_and(|creator| creator != deployer)
}

#[cfg(test)]
mod tests {
    use super::is_made_by_others;

    #[test]
    fn a_pair_that_somebody_else_made_is_not_the_deployers() {
        assert!(is_made_by_others(Some("wasm1astroport"), "wasm1deployer"));
        assert!(!is_made_by_others(Some("wasm1deployer"), "wasm1deployer"));
        assert!(!is_made_by_others(None, "wasm1deployer"));
    }
}
