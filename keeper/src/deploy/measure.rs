//! What one liquidation uses on this chain: simulated on an account that is opened, and a price that falls, within the
//! simulation alone. Nothing is sent, so that the chain stays as it is.

use cosmos_sdk_proto::Any;
use plimsoll_schema::oracle::Source;

use crate::chain::cosmos::sign::execute;
use crate::config::GasFigures;
use crate::config::deployment::{DeployedPair, Deployment};
use crate::deploy::Job;
use crate::deploy::network::Asset;
use crate::deploy::trial::{Step, Terms, Token, Trial};
use crate::error::{Error, Result};
use crate::tx::messages::Targets;

impl<F: Fn(&str)> Job<'_, F> {
    /// Writes down what one liquidation uses. Where that can't be simulated, a warning says why, and what was known
    /// before stays.
    pub(super) async fn measure_gas(&self, record: &mut Deployment) -> Result<()> {
        match self.measured(record).await {
            Ok(gas) => {
                let own = gas.own.unwrap_or_default();
                let sold = gas.sold.unwrap_or_default();
                (self.say)(&format!(
                    "gas: one liquidation, simulated: {own} with own coins, {sold} through the liquidator; nothing was sent"
                ));
                record.gas = gas;
                record.write(&self.out)
            }
            Err(error) => {
                (self.say)(&format!(
                    "warning: gas: no liquidation could be simulated ({error}): until it meets one, the keeper takes the figures of the chain's version"
                ));
                Ok(())
            }
        }
    }

    /// By the first pair, in either direction, in which an account could be liquidated.
    async fn measured(&self, record: &Deployment) -> Result<GasFigures> {
        let mut last = Error::DoesNotHold("no pair trades two listed assets".to_owned());
        for pair in &record.pairs {
            let [first, second] = &pair.denoms;
            for (collateral, debt) in [(first, second), (second, first)] {
                let (Some(collateral), Some(debt)) = (self.asset(collateral), self.asset(debt)) else { continue };
                match self.measure(record, pair, collateral, debt).await {
                    Ok(gas) => return Ok(gas),
                    Err(error) => last = error,
                }
            }
        }
        Err(last)
    }

    fn asset(&self, denom: &str) -> Option<&Asset> {
        self.network.assets.iter().find(|asset| asset.denom(&self.deployer) == denom)
    }

    async fn measure(
        &self,
        record: &Deployment,
        pair: &DeployedPair,
        collateral: &Asset,
        debt: &Asset,
    ) -> Result<GasFigures> {
        let trial = self.trial(record, pair, collateral, debt).await?;
        let targets = Targets {
            pool: &record.pool.address,
            oracle: &record.oracle.address,
            liquidator: Some(&record.liquidator.address),
            take_shares: false,
        };
        let others = &trial.others();
        let before = self.messages(trial.steps(targets.pool, targets.oracle)?)?;
        let lend = self.messages(vec![trial.lend(targets.pool)?])?;
        let first = self.gas(&lend, &[]).await?;
        let both = self.gas(&[lend.clone(), lend].concat(), &[]).await?;
        let opened = self.gas(&before, others).await?;
        let mut of = [0; 2];
        for (sold, gas) in [false, true].into_iter().zip(&mut of) {
            let messages = self.node.execute_messages(&targets.messages(&[trial.liquidation(sold)], 1)?)?;
            let all = self.gas(&[before.clone(), messages].concat(), others).await?;
            *gas = alone(all.saturating_sub(opened), first, both);
        }
        let [own, sold] = of.map(Some);
        Ok(GasFigures { own, sold })
    }

    async fn trial(&self, record: &Deployment, pair: &DeployedPair, collateral: &Asset, debt: &Asset) -> Result<Trial> {
        let Source::Feed { feeders, .. } = self.network.source(collateral) else {
            let denom = collateral.denom(&self.deployer);
            return Err(Error::DoesNotHold(format!("the price of {denom} isn't voted for")));
        };
        let terms = Terms {
            collateral: self.token(record, collateral).await?,
            debt: self.token(record, debt).await?,
            max_loan_to_value: collateral.max_loan_to_value,
            liquidation_threshold: collateral.liquidation_threshold,
            min_debt_value: self.network.pool.min_debt_value,
            deployer: self.deployer.clone(),
            feeders,
            pair: pair.contract.address.clone(),
        };
        Trial::new(terms).map_err(|error| Error::DoesNotHold(format!("an account for it has no size: {error}")))
    }

    async fn token(&self, record: &Deployment, asset: &Asset) -> Result<Token> {
        let denom = asset.denom(&self.deployer);
        let price = self.settled(record, &denom).await?;
        let price = price.ok_or_else(|| Error::DoesNotHold(format!("{denom} has no price")))?;
        Ok(Token { denom, decimals: asset.decimals, price })
    }

    fn messages(&self, steps: Vec<Step>) -> Result<Vec<Any>> {
        let message = |step| match step {
            Step::Execute { sender, message } => Ok(execute(&sender, &message)),
            Step::Send { to, coin } => self.node.send_message(&to, &[coin]),
        };
        steps.into_iter().map(message).collect()
    }

    async fn gas(&self, messages: &[Any], others: &[String]) -> Result<u64> {
        Ok(self.node.simulate_paid(messages, others).await?.gas)
    }
}

/// What a liquidation uses in a transaction of its own, of what it adds to one that has loaded the pool before. A
/// transaction of one call, `first`, exceeds what the same call adds to it, up to `both`, by what any transaction costs
/// and by loading the pool.
fn alone(added: u64, first: u64, both: u64) -> u64 {
    let again = both.saturating_sub(first);
    added.saturating_add(first.saturating_sub(again))
}

#[cfg(test)]
mod tests {
    use super::alone;

    #[test]
    fn a_liquidation_alone_costs_its_transaction_and_loading_the_pool_too() {
        // A transaction of 70,000; a pool that costs 60,000 once and 2,000 after that; a deposit of 25,000.
        assert_eq!(alone(100_000, 155_000, 182_000), 100_000 + 70_000 + 58_000);
        // Where each call loads it for the whole price.
        assert_eq!(alone(160_000, 155_000, 240_000), 160_000 + 70_000);
    }
}
