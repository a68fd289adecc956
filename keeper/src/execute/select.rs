//! Chooses what goes through together in one transaction, by simulation.

use plimsoll_risk::units::Value;

use crate::chain::{Balances, Chain};
use crate::config::Strategy;
use crate::error::{Error, Result};
use crate::execute::{Batch, Executor};
use crate::order::Desk;
use crate::plan::Action;

/// The most messages to the pool in one transaction.
const BATCH_MAX: usize = 16;
/// As many items as are sent have to succeed in simulation.
const ALL: usize = usize::MAX;

/// What a transaction has to stay within.
#[derive(Debug)]
pub struct Bounds<'a> {
    /// Where messages go.
    pub desk: Desk<'a>,
    /// The limits.
    pub strategy: &'a Strategy,
    /// What the key has, for the fee.
    pub balances: &'a Balances,
    /// What the hour has left for fees; `None` is no limit.
    pub left: Option<u128>,
    /// How many simulations are left.
    pub tries: &'a mut usize,
}

/// Whether actions go through together.
enum Fit {
    /// They do, with this gas limit.
    Yes(u64),
    /// Some of them fail, or don't pay.
    No(String),
    /// They would be too much for one transaction.
    Full,
    /// It stands alone, and its fee is more than the hour has left.
    TooDear(u128),
    /// The wallet can't pay the fee.
    TooPoor(Error),
}

impl<C: Chain> Executor<C> {
    /// Chooses the best of these actions that go through together in one transaction, within the strategy's bounds and the
    /// wallet's money, by simulation. Says why what would fail even alone was left out. Takes the simulations out of `bounds.tries`;
    /// what there are none left for is not chosen. What the hour's fees have no room for is told and not held to fail.
    pub async fn select(&self, actions: &[Action], mut bounds: Bounds<'_>) -> Result<Batch> {
        if actions.is_empty() || *bounds.tries == 0 {
            return Ok(Batch::default());
        }
        // Most often all is well.
        let first = self.within(&bounds, actions);
        if let Fit::Yes(gas) = self.fits(&first, ALL, &mut bounds).await? {
            return Ok(Batch { actions: first, gas, ..Batch::default() });
        }
        self.bisect(actions, &mut bounds).await
    }

    /// Halves what doesn't go through until what is at fault stands alone: a few bad ones among many cost a few simulations each. In the
    /// actions' order, so that the better ones have their turn first.
    async fn bisect(&self, actions: &[Action], bounds: &mut Bounds<'_>) -> Result<Batch> {
        let mut batch = Batch::default();
        let mut parts = halves(actions);
        // Each turn takes two at most.
        while *bounds.tries > 1 {
            let Some((part, with)) = self.next_part(&mut parts, &batch, bounds) else { break };
            match self.fits(&with, ALL, bounds).await? {
                Fit::Yes(gas) => (batch.actions, batch.gas) = (with, gas),
                Fit::TooPoor(error) if with.len() == 1 => return Err(error),
                Fit::TooDear(fee) => batch.too_dear.extend(with.iter().map(|one| (one.account().clone(), fee))),
                Fit::No(reason) if with.len() == 1 => {
                    batch.left_out.extend(with.into_iter().map(|one| (one, reason.clone())))
                }
                // It may be only with the others that it does not go through: then its turn comes at a later block.
                Fit::No(_) if part.len() == 1 => {
                    if let Fit::No(reason) = self.fits(part, ALL, bounds).await? {
                        batch.left_out.extend(part.iter().cloned().map(|one| (one, reason.clone())));
                    }
                }
                Fit::Full | Fit::TooPoor(_) if part.len() == 1 => {}
                _ => parts.extend(halves(part)),
            }
        }
        Ok(batch)
    }

    /// The next part that there is room for, alone and with what is chosen already.
    fn next_part<'a>(
        &self,
        parts: &mut Vec<&'a [Action]>,
        batch: &Batch,
        bounds: &Bounds<'_>,
    ) -> Option<(&'a [Action], Vec<Action>)> {
        while let Some(part) = parts.pop() {
            let with: Vec<Action> = batch.actions.iter().chain(part).cloned().collect();
            if self.within(bounds, &with).len() == with.len() {
                return Some((part, with));
            }
            if part.len() > 1 {
                parts.extend(halves(part));
            }
        }
        None
    }

    /// These and no others, in one transaction of which at least so many of the liquidator's items must succeed; an error says why it can't be.
    pub async fn exactly(
        &self,
        desk: Desk<'_>,
        actions: Vec<Action>,
        min_success: usize,
        strategy: &Strategy,
    ) -> Result<Batch> {
        let balances = self.chain.balances(&self.sender, &[self.chain.fee(0).denom]).await?;
        let mut bounds = Bounds { desk, strategy, balances: &balances, left: None, tries: &mut 1 };
        match self.fits(&actions, min_success, &mut bounds).await? {
            Fit::Yes(gas) => Ok(Batch { actions, gas, min_success: Some(min_success), ..Batch::default() }),
            Fit::No(reason) => Err(Error::Refused { reason }),
            Fit::TooPoor(error) => Err(error),
            Fit::Full | Fit::TooDear(_) => Err(Error::Refused {
                reason: format!(
                    "{} accounts need more gas than strategy.max_gas_per_tx, {}, or cost more than strategy.max_fee or what the hour has left",
                    actions.len(),
                    strategy.max_gas_per_tx
                ),
            }),
        }
    }

    /// Whether these go through in one transaction of which so many items must succeed.
    async fn fits(&self, actions: &[Action], min_success: usize, bounds: &mut Bounds<'_>) -> Result<Fit> {
        *bounds.tries = bounds.tries.saturating_sub(1);
        let gas = match self.chain.simulate(&bounds.desk.messages(actions, min_success)?).await {
            Ok(0) => return Err(Error::garbage("the node", "a simulation that used no gas")),
            Ok(gas) => self.pace.gas(self.chain.gas_limit(gas)),
            Err(Error::Refused { reason }) => return Ok(Fit::No(reason)),
            Err(error) => return Err(error),
        };
        let (strategy, fee, alone) = (bounds.strategy, self.chain.fee(gas), actions.len() == 1);
        let too_much = if gas > strategy.max_gas_per_tx {
            Some(format!("it needs {gas} gas, and strategy.max_gas_per_tx is {}", strategy.max_gas_per_tx))
        } else {
            let limits =
                [("strategy.max_fee", strategy.max_fee), ("strategy.max_fee_per_hour", strategy.max_fee_per_hour)];
            let below =
                limits.into_iter().find_map(|(name, most)| Some((name, most.filter(|most| fee.amount > *most)?)));
            below.map(|(name, most)| format!("it costs {fee}, and {name} is {most}"))
        };
        match too_much {
            Some(reason) if alone => return Ok(Fit::No(reason)),
            Some(_) => return Ok(Fit::Full),
            None => {}
        }
        if bounds.left.is_some_and(|left| fee.amount > left) {
            return Ok(if alone { Fit::TooDear(fee.amount) } else { Fit::Full });
        }
        let spent = actions.iter().filter_map(Action::sent).filter(|coin| coin.denom == fee.denom);
        let wanted = spent.fold(fee.amount, |sum, coin| sum.saturating_add(coin.amount));
        let available = bounds.balances.get(&fee.denom).copied().unwrap_or_default();
        if available < wanted {
            let (address, denom) = (self.sender.clone(), fee.denom);
            return Ok(Fit::TooPoor(Error::EmptyWallet { address, available, wanted, denom }));
        }
        Ok(unpaid_share(actions, fee.amount, strategy).map_or(Fit::Yes(gas), |share| {
            Fit::No(format!("it does not pay for its share of the fee of {fee}, worth {share}"))
        }))
    }

    /// The first of these that one transaction has room for.
    fn within(&self, bounds: &Bounds<'_>, actions: &[Action]) -> Vec<Action> {
        let (mut items, mut direct) = (0, 0);
        let fits = |action: &&Action| {
            let item = bounds.desk.is_item(action);
            let (count, most) = if item { (&mut items, bounds.strategy.max_items) } else { (&mut direct, BATCH_MAX) };
            *count += 1;
            *count <= most
        };
        actions.iter().filter(fits).take(self.pace.most()).cloned().collect()
    }
}

/// Each pays its share of the fee; the share, if one of them doesn't. `None` as well while no price says what the fee is worth.
fn unpaid_share(actions: &[Action], fee: u128, strategy: &Strategy) -> Option<Value> {
    let value = strategy.fee_value(fee)?;
    let count = cosmwasm_std::Uint256::from(u128::try_from(actions.len()).unwrap_or(u128::MAX));
    let share = Value::new(value.raw().checked_div(count).unwrap_or_default());
    let wanted = share.checked_add(strategy.min_profit_value).unwrap_or(share);
    let pays = |action: &Action| action.is_unpaid() || action.profit() >= wanted;
    (!actions.iter().all(pays)).then_some(share)
}

/// The second half first: the last of a list is taken next.
fn halves(part: &[Action]) -> Vec<&[Action]> {
    if part.len() < 2 {
        return vec![part];
    }
    let (first, second) = part.split_at(part.len() / 2);
    vec![second, first]
}
