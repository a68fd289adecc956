//! Chooses what goes through together in one transaction, by simulation.
//!
//! A simulation tells which items fail, each with its reason, so these are dropped at once. Halving is for what fails a
//! whole message or a group of items: a set-off that fails, a sale that doesn't cover what it repays, a limit on gas or
//! fees.

use std::collections::BTreeSet;

use plimsoll_risk::units::Value;
use plimsoll_schema::liquidator::ROUTES_MAX;

use crate::chain::{Balances, Chain, Coin};
use crate::config::Strategy;
use crate::error::{Error, Result};
use crate::plan::Action;
use crate::tx::messages::{Targets, route};
use crate::tx::receipt::{Failure, failures};
use crate::tx::{Batch, Executor};

/// The most set-offs in one transaction: each is a message of its own.
const SET_OFFS_MAX: usize = 16;
/// In simulation every item may fail, so that it is told of each why.
const NONE: usize = 0;

/// What a transaction has to stay within.
#[derive(Debug)]
pub struct Bounds<'a> {
    /// The addresses that messages go to.
    pub targets: Targets<'a>,
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
    /// The actions go through, with this gas limit.
    Yes(u64),
    /// The actions go through without those that fail or don't pay, each with the reason; one without a reason fails
    /// with its group.
    Without(Vec<(Action, Option<String>)>),
    /// The actions fail together.
    No(String),
    /// The actions are too much for one transaction, for this reason.
    Full(String),
    /// One action stands alone, and its fee is more than the hour has left.
    TooDear(u128),
    /// The wallet can't pay the fee.
    TooPoor(Error),
}

impl<C: Chain> Executor<C> {
    /// Chooses the best of these actions that go through together in one transaction, within the strategy's bounds and
    /// the wallet's money, by simulation. Says why what would fail was left out. Takes the simulations out of
    /// `bounds.tries`; what there are none left for is not chosen. What the hour's fees have no room for is told and
    /// not held to fail.
    pub async fn select(&self, actions: &[Action], mut bounds: Bounds<'_>) -> Result<Batch> {
        // The last part is next, so that the better ones have their turn first.
        let mut batch = Batch::default();
        let mut parts = Vec::new();
        let mut waiting = actions.to_vec();
        // Each turn takes two simulations at most.
        while *bounds.tries > 1 {
            let part = parts.pop().unwrap_or_else(|| self.take(&bounds, &batch.actions, &mut waiting));
            if part.is_empty() {
                break;
            }
            let with = [batch.actions.as_slice(), &part].concat();
            let mut fit = self.fits(&with, NONE, &mut bounds).await?;
            let other = |(one, reason): &(Action, Option<String>)| reason.is_none() || !part.contains(one);
            let unclear = matches!(&fit, Fit::No(_)) || matches!(&fit, Fit::Without(bad) if bad.iter().any(other));
            if unclear && with.len() > part.len() {
                // What is wrong with it alone. Where that is nothing, its turn comes at a later block.
                fit = self.fits(&part, NONE, &mut bounds).await?;
                if matches!(fit, Fit::Yes(_)) {
                    parts.extend(halves(&part));
                    continue;
                }
            }
            match fit {
                Fit::Yes(gas) => batch = Batch { actions: with, gas, ..batch },
                Fit::Without(bad) => {
                    let undone: Vec<_> = bad.iter().filter(|one| one.1.is_none()).map(|one| one.0.clone()).collect();
                    let rest = part.iter().filter(|one| bad.iter().all(|(bad, _)| bad != *one)).cloned().collect();
                    parts.extend(if undone.len() == part.len() { halves(&undone) } else { vec![undone, rest] });
                    parts.retain(|part| !part.is_empty());
                    batch.left_out.extend(bad.into_iter().filter_map(|(one, reason)| Some((one, reason?))));
                }
                Fit::No(reason) if part.len() == 1 => batch.left_out.extend(part.into_iter().zip([reason])),
                Fit::TooDear(fee) => batch.too_dear.extend(part.iter().map(|one| (one.account().clone(), fee))),
                Fit::TooPoor(error) if with.len() == 1 => return Err(error),
                // There is no room for another.
                Fit::Full(_) | Fit::TooPoor(_) if part.len() == 1 => break,
                Fit::No(_) | Fit::Full(_) | Fit::TooPoor(_) => parts.extend(halves(&part)),
            }
        }
        Ok(batch)
    }

    /// These and no others, in one transaction of which at least so many items must succeed; an error says why it can't
    /// be.
    pub async fn exactly(
        &self,
        targets: Targets<'_>,
        actions: Vec<Action>,
        min_success: usize,
        strategy: &Strategy,
    ) -> Result<Batch> {
        let balances = self.chain.balances_at_once(&self.sender, &[self.chain.fee(0).denom]).await?;
        let mut bounds = Bounds { targets, strategy, balances: &balances, left: None, tries: &mut 1 };
        match self.fits(&actions, min_success, &mut bounds).await? {
            Fit::Yes(gas) => Ok(Batch { actions, gas, min_success: Some(min_success), ..Batch::default() }),
            Fit::No(reason) => match self.fits(&actions, NONE, &mut bounds).await? {
                Fit::Without(bad) => Err(Error::Refused { reason: format!("{reason} ({})", reasons(&bad)) }),
                _ => Err(Error::Refused { reason }),
            },
            Fit::Without(bad) => Err(Error::Refused { reason: reasons(&bad) }),
            Fit::Full(reason) => Err(Error::Refused { reason }),
            Fit::TooPoor(error) => Err(error),
            Fit::TooDear(fee) => Err(Error::Refused { reason: format!("it costs {fee}, more than the hour has left") }),
        }
    }

    /// Whether these go through in one transaction of which so many items must succeed; with [`NONE`], which do.
    async fn fits(&self, actions: &[Action], min_success: usize, bounds: &mut Bounds<'_>) -> Result<Fit> {
        *bounds.tries = bounds.tries.saturating_sub(1);
        let simulated = match self.chain.simulate(&bounds.targets.messages(actions, min_success)?).await {
            Ok(simulated) => simulated,
            Err(Error::Refused { reason }) => return Ok(Fit::No(reason)),
            Err(error) => return Err(error),
        };
        let speakers = bounds.targets.speakers(&self.sender);
        let arranged = bounds.targets.arrange(actions.to_vec());
        let items = &arranged.actions[..arranged.items()];
        let told = items.is_empty() || simulated.events.iter().any(|said| speakers.include(said));
        if simulated.gas == 0 || !told {
            return Err(Error::garbage("the node", "a simulation that used no gas or doesn't tell of its items"));
        }
        let names: Vec<String> = items.iter().map(|action| action.account().to_string()).collect();
        let failed = failures(&simulated.events, &names, speakers);
        if min_success > NONE || failed.is_empty() {
            self.meter.see(actions, simulated.gas);
            return Ok(self.affords(actions, self.throttle.gas(self.chain.gas_limit(simulated.gas)), bounds));
        }
        let of = |account: &str| names.iter().position(|name| name == account).map(|at| items[at].clone());
        let reason = |failure: Failure| Some(failure.reason).filter(|_| !failure.undone || actions.len() == 1);
        Ok(Fit::Without(failed.into_iter().filter_map(|one| Some((of(&one.account)?, reason(one)))).collect()))
    }

    /// Whether a transaction of these may ask for so much gas, and each pays for its share of it.
    fn affords(&self, actions: &[Action], gas: u64, bounds: &Bounds<'_>) -> Fit {
        let strategy = bounds.strategy;
        let fee = self.chain.fee(gas);
        let alone = actions.len() == 1;
        let most = strategy.max_gas_per_tx;
        let over = |most: &u128| fee.amount > *most;
        let fees = [("strategy.max_fee", strategy.max_fee), ("strategy.max_fee_per_hour", strategy.max_fee_per_hour)];
        let dear = || fees.iter().find_map(|(name, most)| Some((name, most.filter(over)?)));
        let dear = || dear().map(|(name, most)| format!("it costs {fee}, and {name} is {most}"));
        let gas_limit = format!("it needs {gas} gas, and strategy.max_gas_per_tx or a block leave {most} for it");
        match Some(gas_limit).filter(|_| gas > most).or_else(dear) {
            Some(reason) => return if alone { Fit::No(reason) } else { Fit::Full(reason) },
            None if bounds.left.is_some_and(|left| fee.amount > left) && alone => return Fit::TooDear(fee.amount),
            None if bounds.left.is_some_and(|left| fee.amount > left) => return Fit::Full(format!("it costs {fee}")),
            None => {}
        }
        let spent = actions.iter().filter_map(Action::sent).filter(|coin| coin.denom == fee.denom);
        let own_fee = if self.chain.fee_granter().is_some() { 0 } else { fee.amount };
        let wanted = spent.fold(own_fee, |sum, coin| sum.saturating_add(coin.amount));
        let available = bounds.balances.get(&fee.denom).copied().unwrap_or_default();
        if available < wanted {
            let address = self.sender.clone();
            return Fit::TooPoor(Error::EmptyWallet { address, available, wanted, denom: fee.denom });
        }
        let unpaid = unpaid(actions, &fee, strategy);
        if unpaid.is_empty() { Fit::Yes(gas) } else { Fit::Without(unpaid) }
    }

    /// Takes what there is room for beside what is chosen out of what waits.
    fn take(&self, bounds: &Bounds<'_>, chosen: &[Action], waiting: &mut Vec<Action>) -> Vec<Action> {
        let mut part: Vec<Action> = Vec::new();
        waiting.retain(|action| {
            let single = action.is_set_off();
            let all = || chosen.iter().chain(&part);
            let most = if single { SET_OFFS_MAX } else { bounds.strategy.max_items };
            let alike = all().filter(|one| one.is_set_off() == single).count();
            let routes: BTreeSet<_> = all().chain([action]).filter_map(route).collect();
            let fits = alike < most && all().count() < self.throttle.most() && routes.len() <= ROUTES_MAX;
            part.extend(fits.then(|| action.clone()));
            !fits
        });
        part
    }
}

/// The accounts that don't go through, and why, in words.
fn reasons(bad: &[(Action, Option<String>)]) -> String {
    let why = |(action, reason): &(Action, Option<String>)| {
        format!("{}: {}", action.account(), reason.as_deref().unwrap_or("its group is undone"))
    };
    bad.iter().map(why).collect::<Vec<_>>().join("; ")
}

/// Those that don't pay for their share of the fee, with the reason; none while no price says what the fee is worth.
fn unpaid(actions: &[Action], fee: &Coin, strategy: &Strategy) -> Vec<(Action, Option<String>)> {
    let Some(value) = strategy.fee_value(fee.amount) else { return Vec::new() };
    let count = cosmwasm_std::Uint256::from(u128::try_from(actions.len()).unwrap_or(u128::MAX));
    let share = Value::new(value.raw().checked_div(count).unwrap_or_default());
    let wanted = share.checked_add(strategy.min_profit_value).unwrap_or(share);
    let reason = format!("it does not pay for its share of the fee of {fee}, worth {share}");
    let unpaid = actions.iter().filter(|action| !action.is_unpaid() && action.profit() < wanted);
    unpaid.map(|action| (action.clone(), Some(reason.clone()))).collect()
}

/// The second half first: the last of a list is taken next. One alone has no half.
fn halves(part: &[Action]) -> Vec<Vec<Action>> {
    let (first, second) = part.split_at(part.len() / 2);
    if first.is_empty() { Vec::new() } else { vec![second.to_vec(), first.to_vec()] }
}
