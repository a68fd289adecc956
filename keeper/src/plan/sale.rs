//! Sizes a liquidation that pays for itself: the pool is brought what it is repaid out of the sale of what is seized.
//!
//! What a sale earns is what all planned sales together return with it, less what they return without: pairs move, and
//! one pair may serve several. What comes in and what goes out is of one token, so its settled price says what either
//! is worth. The whole is taken where it pays as much as asked for. Where it doesn't, because the pairs are too thin
//! for it, the most profitable part is looked for: return is concave in what is sold (each further unit returns less),
//! cost is linear, so the profit has one hill. With one pair the top is at
//! `y(√A − 1)/(1 + b)` for `A = (1 + b)(1 − f)`.

use plimsoll_risk::health::Assets;
use plimsoll_risk::math::MathError;
use plimsoll_risk::params::AssetId;
use plimsoll_risk::units::{Amount, Value};
use plimsoll_schema::liquidator::{HOPS_MAX, Hop};

use crate::dex::{DexSnapshot, Moved, Pair};
use crate::plan::sizing::{Sizing, Trade};
use crate::plan::{Choice, Deal, Sale, Skip};

/// Each step of the search leaves two thirds of the range: so many leave a ten-millionth, and the hill is flat at its
/// top.
const SEARCH_STEPS: usize = 40;

/// What is planned to be sold through the liquidator.
#[derive(Clone, Debug)]
pub(super) struct Sales<'a> {
    dex: &'a DexSnapshot,
    groups: Vec<Group>,
}

/// Liquidations that share a sale.
#[derive(Clone, Debug)]
struct Group {
    debt: String,
    collateral: String,
    hops: Vec<Hop>,
    sold: Amount,
}

/// What comes in by a size and what goes out, in value.
#[derive(Clone, Copy)]
struct Trial {
    gained: Value,
    cost: Value,
}

impl Trial {
    fn beats(&self, other: &Self) -> bool {
        let sum = |a: Value, b: Value| a.checked_add(b).unwrap_or(a);
        sum(self.gained, other.cost) > sum(other.gained, self.cost)
    }
}

impl<'a> Sales<'a> {
    pub const fn new(dex: &'a DexSnapshot) -> Self {
        Self { dex, groups: Vec::new() }
    }

    /// The same pairs with nothing sold yet.
    pub const fn anew(&self) -> Self {
        Self::new(self.dex)
    }

    pub fn pairs(&self) -> &[Pair] {
        &self.dex.pairs
    }

    fn find(&self, debt: &str, collateral: &str) -> Option<usize> {
        self.groups.iter().position(|group| group.debt == debt && group.collateral == collateral)
    }

    pub fn add(&mut self, deal: &Deal, sale: &Sale) {
        let (more, _) = self.with(&deal.sent.denom, &deal.collateral_denom, &sale.hops, deal.received());
        *self = more;
    }

    /// What each group's sale returns, one after the other; `None` where a pair would refuse one.
    fn returns(&self) -> Option<Vec<Amount>> {
        let mut moved = Moved::new();
        self.groups.iter().map(|group| self.dex.sell_down(&group.hops, group.sold, &mut moved)).collect()
    }

    /// These sales with more sold, and the number of the group that it is in: one of its own if there is none.
    fn with(&self, debt: &str, collateral: &str, hops: &[Hop], sold: Amount) -> (Self, usize) {
        let mut more = self.clone();
        let at = more.find(debt, collateral).unwrap_or_else(|| {
            let debt = debt.to_owned();
            let collateral = collateral.to_owned();
            let hops = hops.to_vec();
            more.groups.push(Group { debt, collateral, hops, sold: Amount::ZERO });
            more.groups.len() - 1
        });
        more.groups[at].sold = more.groups[at].sold.saturating_add(sold);
        (more, at)
    }
}

/// One account's debt and collateral, and the way to sell.
struct SaleRoute<'a> {
    sizing: &'a Sizing<'a>,
    sales: &'a Sales<'a>,
    before: &'a [Amount],
    trade: Trade,
    hops: &'a [Hop],
}

impl Sizing<'_> {
    /// Through the liquidator, over the pairs that return most.
    pub fn sold(&self, debt: AssetId, collateral: AssetId, sales: &Sales<'_>) -> Choice {
        let owed = self.book.denom_of(debt);
        let taken = self.book.denom_of(collateral);
        let group = sales.find(&owed, &taken).map(|at| &sales.groups[at]);
        let most = self.resources.allowed(&owed);
        if most.is_zero() {
            return Err(Skip::Budget);
        }
        let trade = Trade { debt, collateral, payable: self.resources.cash(self.scan, collateral) };
        let whole = self.sent(trade, most, self.size(self.position, trade, most)?)?;
        let routes = group.map_or_else(|| sales.dex.routes(&taken, &owed), |group| vec![group.hops.clone()]);
        let before = sales.returns().ok_or(Skip::Fault)?;
        let mut best: Choice = Err(Skip::NoRoute);
        for hops in &routes {
            let route = SaleRoute { sizing: self, sales, before: &before, trade, hops };
            let deal = match route.deal(whole) {
                Err(Skip::Unprofitable) => route.deal(route.best(whole)),
                deal => deal,
            };
            best = match (best, deal) {
                (Ok(best), Ok(deal)) if deal.profit > best.profit => Ok(deal),
                (Ok(best), _) => Ok(best),
                (Err(_), deal) => deal,
            };
        }
        best.map_err(|reason| match reason {
            Skip::Unprofitable => self.short_of_cash(trade, most).unwrap_or(reason),
            reason => reason,
        })
    }
}

impl SaleRoute<'_> {
    /// The size with the highest profit, at most `whole`.
    fn best(&self, whole: Amount) -> Amount {
        let mut low = 1;
        let mut high = whole.raw();
        for _ in 0..SEARCH_STEPS {
            let third = (high - low) / 3;
            if third == 0 {
                break;
            }
            let left = low + third;
            let right = high - third;
            // What can't be sold is too much.
            let up = match (self.trial(Amount::new(left)), self.trial(Amount::new(right))) {
                (_, Err(_)) => false,
                (Err(_), Ok(_)) => true,
                (Ok((left, _)), Ok((right, _))) => right.beats(&left),
            };
            if up { low = left } else { high = right }
        }
        Amount::new(low + (high - low) / 2)
    }

    /// What offering so much brings and costs, before gas.
    fn trial(&self, sent: Amount) -> std::result::Result<(Trial, Deal), Skip> {
        let sizing = self.sizing;
        let fault = |_| Skip::Fault;
        let sized = sizing.size(sizing.position, self.trade, sent)?;
        let mut deal = sizing.valued(self.trade, sent, sized)?;
        let debt = &deal.sent.denom;
        let collateral = &deal.collateral_denom;
        let (more, at) = self.sales.with(debt, collateral, self.hops, deal.received());
        let after = more.returns().ok_or(Skip::Unprofitable)?;
        let all = self.worth(&more, &after).map_err(fault)?;
        let others = self.worth(self.sales, self.before).map_err(fault)?;
        let cost = self.value_of_debt_up(deal.expected.repay).map_err(fault)?;
        deal.sale = Some(Sale {
            hops: self.hops.to_vec(),
            returned: after[at].saturating_sub(self.before.get(at).copied().unwrap_or_default()),
            min_profit: Amount::ZERO,
        });
        Ok((Trial { gained: all.saturating_sub(others), cost }, deal))
    }

    /// The deal of this size, if it pays as much as asked for.
    fn deal(&self, sent: Amount) -> std::result::Result<Deal, Skip> {
        let (trial, mut deal) = self.trial(sent)?;
        let strategy = self.sizing.resources.strategy;
        let fault = |_: MathError| Skip::Fault;
        let gas = strategy.planned_gas_value();
        let wanted = gas.checked_add(strategy.min_profit_value).map_err(fault)?;
        let profit = trial.gained.saturating_sub(trial.cost);
        if profit.is_zero() || profit < wanted {
            return Err(Skip::Unprofitable);
        }
        let debt = self.sizing.scan.assets.asset(self.trade.debt).ok_or(Skip::Fault)?;
        let price = self.sizing.scan.assets.counts_up(self.trade.debt);
        let least = Amount::of_value_up(wanted, price, debt.params.decimals).map_err(fault)?;
        deal.profit = profit.saturating_sub(gas);
        if let Some(sale) = &mut deal.sale {
            sale.min_profit = least.max(Amount::new(1));
        }
        Ok(deal)
    }

    fn value_of_debt_up(&self, amount: Amount) -> std::result::Result<Value, MathError> {
        let Some(state) = self.sizing.scan.assets.asset(self.trade.debt) else { return Ok(Value::ZERO) };
        amount.value_up(self.sizing.scan.assets.counts_up(self.trade.debt), state.params.decimals)
    }

    /// What the groups' returns are worth together.
    fn worth(&self, sales: &Sales<'_>, returns: &[Amount]) -> std::result::Result<Value, MathError> {
        let mut worth = Value::ZERO;
        for (group, returned) in sales.groups.iter().zip(returns) {
            let assets = &self.sizing.scan.assets;
            let known = self.sizing.book.asset_of(&group.debt).and_then(|id| Some((id, assets.asset(id)?)));
            if let Some((id, state)) = known {
                worth = worth.checked_add(returned.value_down(assets.counts_up(id), state.params.decimals)?)?;
            }
        }
        Ok(worth)
    }
}

/// The longest way that [`DexSnapshot::routes`] finds fits the liquidator's limit.
const _: () = assert!(HOPS_MAX >= 2);
