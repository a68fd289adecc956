//! Debt that nobody will pay: reserves bear it first, then suppliers.

use cosmwasm_std::{Deps, Storage};
use plimsoll_risk::loss::is_bad_debt;
use plimsoll_risk::market::Loss;
use plimsoll_risk::params::AssetId;
use plimsoll_risk::units::Amount;
use plimsoll_schema::event;

use crate::error::ContractError;
use crate::holder::Holder;
use crate::markets::Markets;
use crate::reserves;

/// What was swept and written off, by denom.
#[derive(Default)]
pub struct Losses {
    swept: Vec<(String, Amount)>,
    written_off: Vec<(AssetId, String, Loss)>,
}

/// Books the account's loss, in memory, if its debt is bad. What carries its debt must be loaded; disabled deposits are
/// read only where they decide.
pub fn book_if_bad(deps: Deps, markets: &mut Markets, holder: &mut Holder) -> Result<Option<Losses>, ContractError> {
    let dust = markets.config.liquidation.dust_value;
    if !is_bad_debt(&markets.carrying_position(&holder.account)?, dust)? {
        return Ok(None);
    }
    markets.load_priced(deps, &holder.account)?;
    if !is_bad_debt(&markets.position(&holder.account)?, dust)? {
        return Ok(None);
    }
    let mut losses = Losses::default();
    // Swept before anything is written off: what is left of the collateral helps to bear the loss.
    for held in std::mem::take(&mut holder.account.collaterals) {
        let amount = markets.state(held.asset)?.market.shares_value_down(held.shares)?;
        let market = markets.market(held.asset)?;
        market.shares_to_reserves(held.shares, amount).map_err(|error| markets.market_error(held.asset, error))?;
        losses.swept.push((markets.denom(held.asset)?, amount));
    }
    for owed in std::mem::take(&mut holder.account.debts) {
        let market = markets.market(owed.asset)?;
        let loss = market.write_off(owed.scaled).map_err(|error| markets.market_error(owed.asset, error))?;
        losses.written_off.push((owed.asset, markets.denom(owed.asset)?, loss));
    }
    Ok(Some(losses))
}

impl Losses {
    /// Takes what was written off from announced withdrawals of the same reserves: they would leave before what they
    /// are there for.
    pub fn shrink_requests(&self, storage: &mut dyn Storage) -> Result<(), ContractError> {
        for (asset, _, loss) in &self.written_off {
            reserves::shrink_request(storage, *asset, lost(loss))?;
        }
        Ok(())
    }

    /// What events say of it.
    pub fn attributes(&self) -> Vec<(&'static str, String)> {
        let mut attributes = Vec::new();
        for (denom, amount) in &self.swept {
            attributes.push((event::DENOM, denom.clone()));
            attributes.push((event::SWEPT, format!("{amount}{denom}")));
        }
        for (_, denom, loss) in &self.written_off {
            attributes.push((event::DENOM, denom.clone()));
            attributes.push((event::WRITTEN_OFF, format!("{}{denom}", lost(loss))));
            attributes.push((event::BORNE_BY_RESERVES, format!("{}{denom}", loss.reserves)));
            attributes.push((event::BORNE_BY_SUPPLIERS, format!("{}{denom}", loss.suppliers)));
        }
        attributes
    }
}

/// What the market's books lost: the borrower owed up to a unit more, since their debt rounds up.
const fn lost(loss: &Loss) -> Amount {
    loss.reserves.saturating_add(loss.suppliers)
}
