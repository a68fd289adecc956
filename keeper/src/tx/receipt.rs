//! What a transaction did, as its events say, valued at the prices of the book.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use plimsoll_risk::health::Assets;
use plimsoll_risk::units::{Amount, Ratio, SupplyShares, Value};
use plimsoll_schema::event;
use serde::Serialize;

use crate::book::Book;
use crate::chain::{Coin, ContractEvent, Included};
use crate::scan::AssetTable;

/// What is said of an item that succeeded.
const OK: &str = "ok";

/// A debt written off, and who bore it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WrittenOff {
    /// The debt.
    pub debt: Coin,
    /// What reserves bore.
    pub by_reserves: Coin,
    /// What suppliers bore.
    pub by_suppliers: Coin,
    /// The debt, in value.
    pub value: Value,
}

/// A difference of values, which may be negative: prices move between plan and block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gain {
    /// What came in.
    pub received: Value,
    /// What went out.
    pub spent: Value,
}

impl Gain {
    /// The sum; a part that does not fit is left out.
    pub fn plus(self, other: Self) -> Self {
        let sum = |a: Value, b: Value| a.checked_add(b).unwrap_or(a);
        Self { received: sum(self.received, other.received), spent: sum(self.spent, other.spent) }
    }

    /// Whether more went out than came in.
    pub fn is_loss(&self) -> bool {
        self.spent > self.received
    }
}

impl fmt::Display for Gain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_loss() {
            return write!(f, "-{}", self.spent.saturating_sub(self.received));
        }
        self.received.saturating_sub(self.spent).fmt(f)
    }
}

impl Serialize for Gain {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What happened to one account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Settled {
    /// `liquidate`, `set_off` or `write_off`.
    pub action: String,
    /// The account.
    pub account: String,
    /// The height of the block.
    pub height: u64,
    /// Debt repaid, or set off.
    pub repaid: Option<Coin>,
    /// Collateral seized, the protocol's fee included.
    pub seized: Option<Coin>,
    /// The protocol's fee.
    pub fee: Option<Coin>,
    /// The bonus in force.
    pub bonus: Option<Ratio>,
    /// The shares of the collateral's market that were received in place of what it could not pay.
    pub shares: SupplyShares,
    /// What was repaid, in value.
    pub repaid_value: Value,
    /// What was seized, in value.
    pub seized_value: Value,
    /// What the liquidator gained before gas, in value.
    pub profit: Gain,
    /// Collateral swept to reserves with a loss.
    pub swept: Vec<Coin>,
    /// What was written off.
    pub losses: Vec<WrittenOff>,
}

/// An item of a batch that came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The account.
    pub account: String,
    /// The pool's words; of a group that was undone the chain's, which redacts them to a code.
    pub reason: String,
    /// Whether it was undone with its group.
    pub undone: bool,
    /// Whether nothing is left to be done about it: somebody else was first, or the price came back.
    pub rival: bool,
}

/// Reads what the pool said in a transaction. Values are by the book's prices at the time of `assets`. What went
/// through the liquidator gained what was paid out of its group's sale, shared by what was sold for each.
pub fn settlements(included: &Included, book: &Book, assets: &AssetTable, liquidator: Option<&str>) -> Vec<Settled> {
    let mut all: Vec<Settled> = Vec::new();
    let mut group: Vec<usize> = Vec::new();
    for said in &included.events {
        if said.contract == book.addresses.pool {
            let sold = liquidator.is_some_and(|address| said.get(event::LIQUIDATOR) == Some(address));
            if let Some(done) = one(said, included.height, book, assets) {
                group.extend(sold.then_some(all.len()));
                all.push(done);
            }
        } else if Some(said.contract.as_str()) == liquidator && said.get(event::ACTION) == Some("settle") {
            let coins = said.all(event::PROCEEDS).filter_map(|coin| coin.parse::<Coin>().ok());
            let worth = coins.map(|coin| value_of(&coin, book, assets, ValuedAs::Collateral));
            let earned = worth.fold(Value::ZERO, |sum, value| sum.checked_add(value).unwrap_or(sum));
            share(earned, std::mem::take(&mut group), &mut all);
        }
    }
    all
}

/// Shares what a group earned by what was sold for each; what rounding leaves is the last one's.
fn share(earned: Value, group: Vec<usize>, all: &mut [Settled]) {
    let sold = |done: &Settled| {
        let amount = |coin: &Option<Coin>| coin.as_ref().map_or(0, |coin| coin.amount);
        cosmwasm_std::Uint256::from(amount(&done.seized).saturating_sub(amount(&done.fee)))
    };
    let mut total = group.iter().fold(cosmwasm_std::Uint256::zero(), |sum, at| sum.saturating_add(sold(&all[*at])));
    let mut left = earned;
    for at in group {
        let part = sold(&all[at]);
        let received = plimsoll_risk::math::mul_div_down(left.raw(), part, total).map_or(Value::ZERO, Value::new);
        left = left.saturating_sub(received);
        total = total.saturating_sub(part);
        all[at].profit = Gain { received, spent: Value::ZERO };
    }
}

/// The contracts whose events tell what a transaction's items did, and the key that sent it.
#[derive(Clone, Copy, Debug)]
pub struct Speakers<'a> {
    /// The pool.
    pub pool: &'a str,
    /// The liquidator; it calls the pool itself.
    pub liquidator: Option<&'a str>,
    /// The key that signed.
    pub sender: &'a str,
}

impl Speakers<'_> {
    /// Whether this is of the sender's items: a pair that a sale goes through may call the pool as well.
    pub fn include(&self, said: &ContractEvent) -> bool {
        self.is_liquidator(said) || self.is_item(said)
    }

    fn is_liquidator(&self, said: &ContractEvent) -> bool {
        Some(said.contract.as_str()) == self.liquidator
    }

    fn is_item(&self, said: &ContractEvent) -> bool {
        let by = said.get(event::LIQUIDATOR);
        let ours = by == Some(self.sender) || (by.is_some() && by == self.liquidator);
        said.contract == self.pool && said.get(event::ITEM).is_some() && ours
    }
}

/// Those of these accounts, each with an item in a transaction that worked, of which no item succeeded. The pool tells
/// of each why; where it says nothing, the item was undone with its group, and the liquidator says why.
pub fn failures(events: &[ContractEvent], accounts: &[String], speakers: Speakers<'_>) -> Vec<Failure> {
    let said: Vec<&ContractEvent> = events.iter().filter(|said| speakers.is_item(said)).collect();
    let ok = |item: &&&ContractEvent| item.get(event::OUTCOME) == Some(OK);
    let done: BTreeSet<&str> = said.iter().filter(ok).filter_map(|item| item.get(event::ACCOUNT)).collect();
    let reasons = said.iter().filter_map(|item| Some((item.get(event::FAILED)?, item.get(event::OUTCOME)?)));
    let reasons: BTreeMap<&str, &str> = reasons.collect();
    let undone = events.iter().filter(|said| speakers.is_liquidator(said) && said.get(event::GROUP).is_some());
    let undone: Vec<&str> = undone.filter_map(|said| said.get(event::OUTCOME)).filter(|said| *said != OK).collect();
    let failed = accounts.iter().filter(|account| !done.contains(account.as_str()));
    failed
        .map(|account| {
            let reason = reasons.get(account.as_str()).map(|reason| (*reason).to_owned());
            let whole = || format!("its group was undone: {}", undone.join(", "));
            Failure {
                account: account.clone(),
                undone: reason.is_none(),
                reason: reason.unwrap_or_else(whole),
                rival: false,
            }
        })
        .collect()
}

/// What an event of the pool says was done to an account; an item of a batch tells of it only where it succeeded.
fn one(said: &ContractEvent, height: u64, book: &Book, assets: &AssetTable) -> Option<Settled> {
    let action = said.get(event::ACTION).filter(|action| ["liquidate", "set_off", "write_off"].contains(action))?;
    if said.get(event::OUTCOME).is_some_and(|outcome| outcome != OK) {
        return None;
    }
    let coin = |amount: &str, denom: &str| {
        Some(Coin { denom: said.get(denom)?.to_owned(), amount: said.get(amount)?.parse().ok()? })
    };
    let set_off = coin(event::AMOUNT, event::DENOM).filter(|_| action == "set_off");
    let is_paid = set_off.is_none();
    let repaid = set_off.or_else(|| coin(event::REPAID, event::DEBT_DENOM));
    let seized = coin(event::SEIZED, event::COLLATERAL_DENOM);
    let fee = coin(event::FEE, event::COLLATERAL_DENOM);
    let minted = said.get(event::SHARES).filter(|_| seized.is_some()).and_then(|shares| shares.parse().ok());
    let value = |coin: &Option<Coin>, side| coin.as_ref().map_or(Value::ZERO, |c| value_of(c, book, assets, side));
    let repaid_value = value(&repaid, ValuedAs::Debt);
    let seized_value = value(&seized, ValuedAs::Collateral);
    let received = seized_value.saturating_sub(value(&fee, ValuedAs::Collateral));
    // What is set off is the account's own.
    let profit = if is_paid { Gain { received, spent: repaid_value } } else { Gain::default() };
    Some(Settled {
        action: action.to_owned(),
        account: said.get(event::ACCOUNT)?.to_owned(),
        height,
        bonus: said.get(event::BONUS).and_then(|bonus| bonus.parse().ok()),
        shares: minted.map_or(SupplyShares::ZERO, SupplyShares::new),
        repaid,
        seized,
        fee,
        repaid_value,
        seized_value,
        profit,
        swept: said.all(event::SWEPT).filter_map(|coin| coin.parse().ok()).collect(),
        losses: losses(said, book, assets),
    })
}

/// Each debt written off is followed by who bore it.
fn losses(said: &ContractEvent, book: &Book, assets: &AssetTable) -> Vec<WrittenOff> {
    let coins = |key| said.all(key).filter_map(|coin| coin.parse::<Coin>().ok()).collect::<Vec<_>>();
    let by_reserves = coins(event::BORNE_BY_RESERVES);
    let borne = by_reserves.into_iter().zip(coins(event::BORNE_BY_SUPPLIERS));
    let loss = |(debt, (by_reserves, by_suppliers)): (Coin, _)| {
        let value = value_of(&debt, book, assets, ValuedAs::Loss);
        WrittenOff { debt, by_reserves, by_suppliers, value }
    };
    coins(event::WRITTEN_OFF).into_iter().zip(borne).map(loss).collect()
}

#[derive(Clone, Copy)]
enum ValuedAs {
    Debt,
    /// A debt that was written off counts as liquidation counted it.
    Loss,
    Collateral,
}

/// Of what was repaid at the high edge of its price, of what was seized at the low one; 0 when it can't be told.
fn value_of(coin: &Coin, book: &Book, assets: &AssetTable, valued_as: ValuedAs) -> Value {
    let known = book.asset_of(&coin.denom).and_then(|id| Some((id, assets.asset(id)?.params.decimals)));
    let Some((id, decimals)) = known else { return Value::ZERO };
    let amount = Amount::new(coin.amount);
    let value = match valued_as {
        ValuedAs::Debt => amount.value_up(assets.costs_up(id), decimals),
        ValuedAs::Loss => amount.value_up(assets.counts_up(id), decimals),
        ValuedAs::Collateral => amount.value_down(assets.brings_down(id), decimals),
    };
    value.unwrap_or(Value::ZERO)
}
