//! What messages move in a market that has an outflow limit. Exempt is what doesn't say so here: liquidations, flash
//! loans, reserves.

use cosmwasm_std::Storage;
use plimsoll_risk::outflow::{Flow, Outflow, OutflowLimit, OverLimit};
use plimsoll_risk::params::AssetId;
use plimsoll_risk::units::Amount;
use plimsoll_schema::pool::OutflowStatus;

use super::{Loaded, Markets};
use crate::error::ContractError;
use crate::state::OUTFLOWS;

impl Markets {
    /// Reads a loaded market's bucket where it has a limit.
    pub(super) fn load_outflow(&mut self, storage: &dyn Storage, id: AssetId) -> Result<(), ContractError> {
        let now = self.now;
        let loaded = self.loaded_mut(id)?;
        loaded.outflow = loaded.bucket(storage, now)?;
        Ok(())
    }

    /// What this message moves in a loaded market, to be added to.
    pub fn flow(&mut self, id: AssetId) -> Result<&mut Flow, ContractError> {
        Ok(&mut self.loaded_mut(id)?.flow)
    }

    /// How much more this message may take out of a market that was loaded by its denom, as a loan or not.
    pub fn outflow_room(&self, id: AssetId, borrows: bool) -> Result<Amount, ContractError> {
        let loaded = self.loaded(id)?;
        let flow = Flow { borrows: borrows || loaded.flow.borrows, ..loaded.flow };
        Ok(match (&loaded.state.params.outflow_limit, &loaded.outflow) {
            (Some(limit), Some(outflow)) => outflow.room(limit, &flow),
            _ => Amount::MAX,
        })
    }

    /// As much of `wanted` as may be withdrawn of a market that was loaded by its denom. Errors when none of it may.
    pub fn may_leave(&self, id: AssetId, wanted: Amount) -> Result<Amount, ContractError> {
        let room = self.outflow_room(id, false)?;
        if room.is_zero() {
            let mut more = self.loaded(id)?.clone();
            more.flow.withdraw(wanted);
            more.after(more.outflow)?;
        }
        Ok(wanted.min(room))
    }

    /// Errors when this message moves more than a limit allows. [`Markets::save`] asks the same.
    pub fn assert_outflow(&self) -> Result<(), ContractError> {
        self.loaded.iter().try_for_each(|loaded| loaded.after(loaded.outflow).map(drop))
    }

    /// What a loaded market's limit allows now, if it has one.
    pub fn outflow_status(&self, storage: &dyn Storage, id: AssetId) -> Result<Option<OutflowStatus>, ContractError> {
        let loaded = self.loaded(id)?;
        let status = |(limit, outflow): (&OutflowLimit, Outflow)| OutflowStatus {
            limit: limit.limit_down(outflow.base),
            used: outflow.used,
            free: outflow.room(limit, &Flow::default()),
        };
        Ok(loaded.state.params.outflow_limit.as_ref().zip(loaded.bucket(storage, self.now)?).map(status))
    }
}

impl Loaded {
    /// The bucket at this block, before what this message moves; none without a limit. One that is missing is empty.
    fn bucket(&self, storage: &dyn Storage, now: u64) -> Result<Option<Outflow>, ContractError> {
        let Some(limit) = &self.state.params.outflow_limit else { return Ok(None) };
        if self.outflow.is_some() {
            return Ok(self.outflow);
        }
        Ok(Some(match OUTFLOWS.may_load(storage, self.id.0)? {
            Some(outflow) => outflow.at(now, limit),
            None => Outflow::open(self.state.market.supply()?, now),
        }))
    }

    /// The bucket with what this message moves. Errors when that is more than the limit allows.
    fn after(&self, bucket: Option<Outflow>) -> Result<Option<Outflow>, ContractError> {
        let Some((limit, bucket)) = self.state.params.outflow_limit.as_ref().zip(bucket) else { return Ok(None) };
        bucket.after(limit, &self.flow).map(Some).map_err(|OverLimit { wanted, free, more, at }| {
            ContractError::OutflowLimit { denom: self.state.params.denom.clone(), wanted, free, more, at }
        })
    }

    /// Writes the bucket of a market that has a limit, and removes that of one that has none any more.
    pub(super) fn save_outflow(&self, storage: &mut dyn Storage, now: u64) -> Result<(), ContractError> {
        match self.after(self.bucket(storage, now)?)? {
            Some(outflow) => {
                let supply = self.state.market.supply()?;
                OUTFLOWS.save(storage, self.id.0, &Outflow { supply, ..outflow })?;
            }
            None if self.outflow.is_some() => OUTFLOWS.remove(storage, self.id.0),
            None => {}
        }
        Ok(())
    }
}
