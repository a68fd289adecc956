//! Sizes the liquidation of one account: with the contract's own formula, within cash and coins.
//!
//! What is seized for what is repaid follows from settled prices, which trail what is observed. What a deal is worth
//! doesn't: what is received counts at the low edge of all that was observed, what is repaid at the high edge.

use plimsoll_risk::health::{Assets, Position};
use plimsoll_risk::liquidation::{Incentive, Limits, Liquidation, LiquidationError, OwedIn, size_in};
use plimsoll_risk::params::AssetId;
use plimsoll_risk::units::{Amount, Ratio, Value};

use crate::book::Book;
use crate::chain::Coin;
use crate::plan::{Choice, Deal, Resources, Skip};
use crate::scan::{Scan, Verdict};

/// A debt that is closed grows until its block: this share is sent on top, and what is not needed comes back.
const CLOSING_RESERVE: Ratio = Ratio::bps(1);
/// What share of the slippage a price may rise before fewer coins are needed than are sent.
///
/// Near health factor 1 the amount that reaches the target moves some 25 times as fast as prices do, so a floor on what
/// is received would fail at a rise of a few hundredths of a percent. Hence a little less than reaches the target is
/// sent: within this share of the slippage the coins, not the target, decide how much is repaid, and `min_receive` is a
/// floor on the rate alone. The rate worsens by the price and by the bonus, which shrinks about 1.6 times as fast as
/// the price rises: a quarter leaves room for both.
const STEADY_SHARE: Ratio = Ratio::percent(25);

/// A debt that is repaid for a collateral, and how much of that can be received.
#[derive(Clone, Copy)]
pub(super) struct Trade {
    pub debt: AssetId,
    pub collateral: AssetId,
    pub payable: Amount,
}

/// One account, with what may be spent on it.
pub(super) struct Sizing<'a> {
    pub book: &'a Book,
    pub scan: &'a Scan,
    pub resources: &'a Resources<'a>,
    pub verdict: &'a Verdict,
    pub position: &'a Position,
}

impl Sizing<'_> {
    /// A liquidation with the keeper's own coins.
    pub fn own(&self, debt: AssetId, collateral: AssetId) -> Choice {
        let denom = self.book.denom_of(debt);
        let held = self.resources.available(&denom);
        if held.is_zero() {
            return Err(Skip::NoInventory);
        }
        let held = held.min(self.resources.affordable(self.scan, debt));
        if held.is_zero() {
            return Err(Skip::Budget);
        }
        // What the market can't pay is shares where these are taken.
        let payable =
            if self.resources.strategy.take_shares { Amount::MAX } else { self.resources.cash(self.scan, collateral) };
        let trade = Trade { debt, collateral, payable };
        let sized = self.size(self.position, trade, held)?;
        let sent = self.sent(trade, held, sized)?;
        self.priced(trade, sent).map_err(|reason| match reason {
            Skip::Unprofitable => self.short_of_cash(trade, held).unwrap_or(reason),
            reason => reason,
        })
    }

    /// Why what doesn't pay may do so once the collateral's market can pay more of it; `None` where it can pay all that
    /// so many coins buy.
    pub fn short_of_cash(&self, trade: Trade, most: Amount) -> Option<Skip> {
        let unbound = Trade { payable: Amount::MAX, ..trade };
        let seized = |trade| self.size(self.position, trade, most).map(|sized| sized.seize);
        (seized(unbound).ok()? > seized(trade).ok()?).then_some(Skip::NoCash)
    }

    pub fn size(&self, position: &Position, trade: Trade, offered: Amount) -> std::result::Result<Liquidation, Skip> {
        let Trade { debt, collateral, payable } = trade;
        let params = &self.scan.assets.asset(collateral).ok_or(Skip::Fault)?.params;
        let incentive = Incentive::of(params);
        let market = &self.scan.assets.asset(debt).ok_or(Skip::Fault)?.market;
        let account = self.book.accounts.get(&self.verdict.key).ok_or(Skip::Fault)?;
        let limits = Limits { offered, payable };
        let owed = OwedIn { market, scaled: account.debt(debt) };
        let sized = size_in(position, collateral, debt, limits, &incentive, &self.book.terms, owed);
        sized.map_err(|error| match error {
            LiquidationError::Price { .. } => Skip::Price,
            LiquidationError::Healthy { .. } => Skip::Healthy,
            LiquidationError::Spared => Skip::Spared,
            LiquidationError::Unpayable { .. } => Skip::NoCash,
            LiquidationError::TooSmall { .. } | LiquidationError::RepaysNothing { .. } => Skip::Dust,
            _ => Skip::Fault,
        })
    }

    /// How many coins to send so that the contract does with them what it would do with `most`, and would still do it
    /// were every collateral's price [`STEADY_SHARE`] of the slippage higher.
    pub fn sent(&self, trade: Trade, most: Amount, sized: Liquidation) -> std::result::Result<Amount, Skip> {
        let owed = self.position.debts.iter().find(|line| line.asset == trade.debt).ok_or(Skip::Fault)?.amount;
        let reserve = owed.share_up(CLOSING_RESERVE).map_err(|_| Skip::Fault)?;
        let all = owed.saturating_add(reserve).min(most);
        // With no more coins than it repays it may do something else: a rest below the dust value is closed only when
        // the coins suffice for the whole debt.
        if sized.repay == owed || self.size(self.position, trade, sized.repay) != Ok(sized) {
            return Ok(all);
        }
        let steady = self.steady(trade, most).filter(|steady| *steady < sized.repay);
        let works = |steady: &Amount| self.size(self.position, trade, *steady).is_ok();
        Ok(steady.filter(works).unwrap_or(sized.repay))
    }

    /// What is repaid when every collateral's price rises a little; `None` when that makes the account healthy.
    fn steady(&self, trade: Trade, most: Amount) -> Option<Amount> {
        let rise = self.resources.strategy.slippage.mul_down(STEADY_SHARE).ok()?;
        let mut risen = self.position.clone();
        for line in &mut risen.collaterals {
            // More of it carries as much as the same at a higher price.
            line.amount = line.amount.saturating_add(line.amount.share_up(rise).ok()?);
        }
        let repay = self.size(&risen, trade, most).ok()?.repay;
        // The rest would be closed then, which takes all the coins.
        (self.size(&risen, trade, repay).ok()?.repay == repay).then_some(repay)
    }

    /// What these coins do, repaid from what the keeper holds.
    fn priced(&self, trade: Trade, sent: Amount) -> std::result::Result<Deal, Skip> {
        let sized = self.size(self.position, trade, sent)?;
        let deal = self.valued(trade, sent, sized)?;
        let collateral = trade.collateral;
        let strategy = self.resources.strategy;
        let fault = |_| Skip::Fault;
        let held = self.position.collaterals.iter().find(|line| line.asset == collateral).ok_or(Skip::Fault)?;
        let least_value =
            deal.min_receive.value_down(self.scan.assets.brings_down(collateral), held.decimals).map_err(fault)?;
        let cost = deal.repaid_value.checked_add(strategy.planned_gas_value()).map_err(fault)?;
        let wanted = cost.checked_add(strategy.min_profit_value).map_err(fault)?;
        // Whatever is accepted has to pay.
        if least_value < wanted || least_value <= deal.repaid_value {
            return Err(Skip::Unprofitable);
        }
        Ok(Deal { profit: least_value.saturating_sub(cost), ..deal })
    }

    /// The deal at what its tokens surely bring and at most cost, its profit left open.
    pub fn valued(&self, trade: Trade, sent: Amount, sized: Liquidation) -> std::result::Result<Deal, Skip> {
        let Trade { debt, collateral, .. } = trade;
        let owed = self.position.debts.iter().find(|line| line.asset == debt).ok_or(Skip::Fault)?;
        let held = self.position.collaterals.iter().find(|line| line.asset == collateral).ok_or(Skip::Fault)?;
        let received = sized.seize.saturating_sub(sized.fee);
        let fault = |_| Skip::Fault;
        let assets = &self.scan.assets;
        let kept = Ratio::ONE.saturating_sub(self.resources.strategy.slippage);
        Ok(Deal {
            key: self.verdict.key.clone(),
            sent: Coin { denom: self.book.denom_of(debt), amount: sent.raw() },
            collateral_denom: self.book.denom_of(collateral),
            expected: sized,
            min_receive: received.share_down(kept).map_err(fault)?,
            repaid_value: sized.repay.value_up(assets.costs_up(debt), owed.decimals).map_err(fault)?,
            received_value: received.value_down(assets.brings_down(collateral), held.decimals).map_err(fault)?,
            profit: Value::ZERO,
            publish: assets.stale([debt, collateral]),
            sale: None,
        })
    }
}
