//! What a pair holds, and the prices that it remembers.

use cosmwasm_std::{Env, StdResult, Storage};
use plimsoll_risk::cumulative_price::accumulate_down;
use plimsoll_risk::math::MathError;
use plimsoll_risk::swap::Reserves;
use plimsoll_risk::units::{Amount, LpShares};

use crate::error::ContractError;
use crate::settings::Side;
use crate::state::{LEDGER, Ledger};

impl Ledger {
    /// The ledger with its prices at this block. They advance at most once in a second, however many messages a block
    /// has.
    pub fn at(storage: &dyn Storage, env: &Env) -> Result<Self, ContractError> {
        let stored = LEDGER.load(storage)?;
        let now = env.block.time.seconds();
        let seconds = now.saturating_sub(stored.updated_at);
        let [first, second] = stored.reserves;
        let [in_second, in_first] = stored.prices;
        let prices =
            [accumulate_down(in_second, first, second, seconds)?, accumulate_down(in_first, second, first, seconds)?];
        Ok(Self { prices, updated_at: stored.updated_at.max(now), ..stored })
    }

    /// Writes it.
    pub fn save(&self, storage: &mut dyn Storage) -> StdResult<()> {
        LEDGER.save(storage, self)
    }

    /// The reserves as a swap that offers this token sees them.
    pub const fn reserves(&self, offer: Side) -> Reserves {
        let [first, second] = self.reserves;
        match offer {
            Side::First => Reserves { offer: first, ask: second },
            Side::Second => Reserves { offer: second, ask: first },
        }
    }

    /// Takes over the reserves after a swap that offered this token.
    pub const fn set_reserves(&mut self, offer: Side, after: Reserves) {
        self.reserves = match offer {
            Side::First => [after.offer, after.ask],
            Side::Second => [after.ask, after.offer],
        };
    }

    /// Adds liquidity and shares. Errors when either doesn't fit its type.
    pub fn add(&mut self, [first, second]: [Amount; 2], shares: LpShares) -> Result<(), MathError> {
        let [held_first, held_second] = self.reserves;
        self.reserves = [held_first.checked_add(first)?, held_second.checked_add(second)?];
        self.total_share = self.total_share.checked_add(shares)?;
        Ok(())
    }

    /// Takes liquidity and shares away. Errors when there is less.
    pub fn remove(&mut self, [first, second]: [Amount; 2], shares: LpShares) -> Result<(), MathError> {
        let [held_first, held_second] = self.reserves;
        self.reserves = [held_first.checked_sub(first)?, held_second.checked_sub(second)?];
        self.total_share = self.total_share.checked_sub(shares)?;
        Ok(())
    }
}
