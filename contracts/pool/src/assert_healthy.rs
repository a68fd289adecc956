//! What an account must keep to when its borrowing power falls, its debt rises, or it is saved.

use cosmwasm_std::Deps;
use plimsoll_risk::account::Account;
use plimsoll_risk::params::AssetId;
use plimsoll_risk::units::{Amount, Ratio};

use crate::error::ContractError;
use crate::holder::Holder;
use crate::markets::Markets;

/// The most tokens priced by a live source in one account.
pub const LIVE_MAX: usize = 4;

impl Markets {
    /// Errors unless the holder's debt is within max LTV at the unfavourable edge of each price, or the message has
    /// improved the account. To be called after what lowers borrowing power or raises debt; loads what it depends on
    /// and asks its live sources. Without debt no price is needed: lenders leave even when the oracle is dead.
    pub fn assert_healthy(&mut self, deps: Deps, holder: &Holder) -> Result<(), ContractError> {
        if holder.account.debts.is_empty() {
            return Ok(());
        }
        self.assert_standing(deps, holder)?;
        self.load_live(deps, &holder.account)?;
        // Nor is anything improved at prices from before the halt.
        if self.moment().halted {
            return Err(ContractError::Halted);
        }
        let power = self.position(&holder.account)?.borrowing_power().map_err(|error| self.health_error(error))?;
        if power.is_within() || self.is_improved(deps, holder)? {
            return Ok(());
        }
        Err(ContractError::AboveMaxLtv { debt: power.debt, limit: power.limit })
    }

    /// Whether the message leaves the account at a health factor of at least 1 and no lower than before, with less debt
    /// in value; all at the borrowing edges. A deposit in a market that is stopped or above its cap counts afterwards
    /// with no more than it counted before, and health that counts such deposits by their power alone ends at 1 or no
    /// lower than before. Otherwise improvements would swap good collateral for broken.
    fn is_improved(&mut self, deps: Deps, holder: &Holder) -> Result<bool, ContractError> {
        self.load_live(deps, &holder.before)?;
        let before = self.position(&holder.before)?;
        let after = self.position(&holder.account)?;
        let counted_before = |asset: AssetId| {
            let line = before.collaterals.iter().find(|line| line.asset == asset && line.enabled);
            line.map_or(Amount::ZERO, |line| line.amount)
        };
        let power = |asset: AssetId| {
            let line = before.collaterals.iter().chain(&after.collaterals).find(|line| line.asset == asset);
            line.map_or(Ratio::ONE, |line| line.power)
        };
        let counted = |asset, amount: Amount| {
            if power(asset) < Ratio::ONE { amount.min(counted_before(asset)) } else { amount }
        };
        let powered = |asset, amount: Amount| amount.share_down(power(asset)).unwrap_or_default();
        let old = before.edge_health(|_, amount| amount).map_err(|error| self.health_error(error))?;
        let new = after.edge_health(counted).map_err(|error| self.health_error(error))?;
        let old_powered = before.edge_health(powered).map_err(|error| self.health_error(error))?;
        let new_powered = after.edge_health(powered).map_err(|error| self.health_error(error))?;
        let better = new.debt < old.debt && !new.is_below_one() && new.is_no_lower_than(&old);
        Ok(better && (!new_powered.is_below_one() || new_powered.is_no_lower_than(&old_powered)))
    }

    /// Whether all of this deposit is needed to bring the account, which is above its max LTV, back within it: with one
    /// base unit less it would still be above, at the borrowing edges and by what liquidation counts, since a pair's
    /// owner bends an edge for a message. None of a token is that isn't lent against, and little of one whose max LTV
    /// is far below its threshold: by that it buys health.
    pub fn is_needed(
        &mut self,
        deps: Deps,
        account: &Account,
        id: AssetId,
        amount: Amount,
    ) -> Result<bool, ContractError> {
        self.load_live(deps, account)?;
        let mut position = self.position(account)?;
        if position.collaterals.iter().any(|line| line.asset == id && line.uncapped_weight().is_zero()) {
            return Ok(false);
        }
        let short = amount.saturating_sub(Amount::new(1));
        position.add_rescue(id, short).map_err(|error| self.health_error(error.into()))?;
        let at_edges = position.uncapped_power().map_err(|error| self.health_error(error))?;
        let settled = position.settled_power().map_err(|error| self.health_error(error.into()))?;
        Ok(!at_edges.is_within() && !settled.is_within())
    }

    /// Errors when one more token priced by a live source would be among the account's: each is asked at a borrow, so
    /// their number is bounded. `id` must be loaded.
    pub fn assert_live_slot(&mut self, deps: Deps, account: &Account, id: AssetId) -> Result<(), ContractError> {
        let others: Vec<AssetId> = account.assets().filter(|other| *other != id).collect();
        if others.len() < LIVE_MAX {
            return Ok(());
        }
        self.load_priced(deps, account)?;
        let mut live = Vec::new();
        for other in others {
            if self.mark(other)?.is_live() && !live.contains(&other) {
                live.push(other);
            }
        }
        if live.len() >= LIVE_MAX && self.mark(id)?.is_live() {
            return Err(ContractError::LivePrices { denom: self.denom(id)?, max: LIVE_MAX });
        }
        Ok(())
    }
}
