//! One asset's ledger, and the proof that it is up to date.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::interest::{DEBT_MAX, MIN_LOAN_SECONDS, compound_up, simple_interest_down};
use crate::math::{MathError, ONE, mul_add_div_128, mul_div_down_128, mul_div_up_128};
use crate::params::AssetParams;
use crate::rates::{RateModel, liquidity_rate_down, utilization_up};
use crate::shares::{SHARES_MAX, lacks_to_price_floor, to_amount_down, to_shares_down, to_shares_up};
use crate::units::{Amount, Index, Rate, Ratio, ScaledDebt, SupplyShares};

/// The most cash that gifts and fees may bring a market to.
pub const GIVEN_CASH_MAX: Amount = Amount::new(DEBT_MAX);
/// The most cash that deposits may bring a market to: more than the former, so that no gift stops them.
pub const DEPOSITED_CASH_MAX: Amount = Amount::new(2 * DEBT_MAX);
/// Where interest stops: cash and debts together. A repayment turns debt into cash and is always taken, so that all of
/// it stays far from where 128 bits end.
pub const CASH_AND_DEBT_MAX: Amount = Amount::new(3 * DEBT_MAX);

/// What the pool knows of one asset. `debt = debt_scaled × borrow_index` and `supply = cash + lent + debt − reserves`:
/// interest and losses flow through that identity, and there is no second index.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct Market {
    /// Tokens that can be paid out, as counted by the contract. Never read from the bank.
    pub cash: Amount,
    /// Flash loans open at this moment; 0 between transactions.
    pub lent: Amount,
    /// All debts, divided by the borrow index.
    pub debt_scaled: ScaledDebt,
    /// How far a debt has grown since there last was none; 1 without debt.
    pub borrow_index: Index,
    /// All depositors' claims.
    pub supply_shares: SupplyShares,
    /// The protocol's own part of cash and debt: first to bear a loss.
    pub reserves: Amount,
    /// When interest was last added, in seconds.
    pub updated_at: u64,
    /// The borrow rate in force since then; where the model is adaptive, the one at that moment.
    pub rate: Rate,
    /// The rate at the target utilization at `updated_at`; 0 where the model has no such rate.
    pub rate_at_target: Rate,
    /// What the reserves' cut of interest had beyond whole base units, below 1: however often a market is touched, they
    /// get the same.
    pub reserves_fraction: Ratio,
    /// Whether a debt was written off at `updated_at`. Deposits wait until that second is over.
    pub written_off: bool,
}

/// Why a market refuses.
#[derive(Error, Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the display text names each field")]
pub enum MarketError {
    /// A computation left its type.
    #[error(transparent)]
    Math(#[from] MathError),
    /// More is asked for than the market can pay at this moment.
    #[error("wanted {wanted}, available {available}")]
    InsufficientCash { wanted: Amount, available: Amount },
    /// A deposit so small that it would mint nothing.
    #[error("{amount} is worth no share")]
    ZeroShares { amount: Amount },
    /// A deposit so large that shares could no longer be counted.
    #[error("a deposit of {amount} beside {shares} shares is more than a market can count")]
    TooManyShares { amount: Amount, shares: SupplyShares },
    /// More cash than a market can count beside its debts.
    #[error("{amount} beside cash of {held} is more than a market takes in, {max}")]
    TooMuchCash {
        amount: Amount,
        /// Cash and what is lent out for a moment.
        held: Amount,
        max: Amount,
    },
    /// Whoever knows of a loss would leave before it is booked and come back behind it.
    #[error("a debt was written off in this block: deposits are taken from the next on")]
    WrittenOff,
    /// Coins for suppliers where there are none.
    #[error("nobody supplies this market")]
    NoSuppliers,
    /// After a total loss a share is worth too little for deposits to be priced.
    #[error("share price is below its floor: {shares} shares for a supply of {supply}")]
    SharePriceTooLow { supply: Amount, shares: SupplyShares },
}

/// What a repayment did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repaid {
    /// What was taken.
    pub amount: Amount,
    /// The debt that it cleared.
    pub cleared: ScaledDebt,
    /// By how much less is owed: up to a base unit less than was taken.
    pub relieved: Amount,
}

/// What a borrow added to the debt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Borrowed {
    /// The debt.
    pub scaled: ScaledDebt,
    /// The interest in it.
    pub interest: Amount,
}

/// What setting a deposit off against a debt did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetOff {
    /// What the deposit paid.
    pub amount: Amount,
    /// The debt that it cleared.
    pub cleared: ScaledDebt,
    /// The shares that it took.
    pub burnt: SupplyShares,
}

/// What a seizure did to the shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seized {
    /// Taken from the account.
    pub burnt: SupplyShares,
    /// Given to whoever takes part of the collateral as shares.
    pub minted: SupplyShares,
}

/// Who bore a loss. The two add up to the debt written off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loss {
    /// Borne by the protocol's reserves, which go first.
    pub reserves: Amount,
    /// Borne by suppliers through the share price.
    pub suppliers: Amount,
}

impl Market {
    /// An empty market, opened at `now`.
    pub fn open(now: u64, params: &AssetParams) -> Result<Self, MathError> {
        let rate_at_target = params.rate_model.initial_rate_at_target();
        Ok(Self {
            cash: Amount::ZERO,
            lent: Amount::ZERO,
            debt_scaled: ScaledDebt::ZERO,
            borrow_index: Index::ONE,
            supply_shares: SupplyShares::ZERO,
            reserves: Amount::ZERO,
            updated_at: now,
            rate: params.rate_model.borrow_rate_up(Ratio::ZERO, rate_at_target)?,
            rate_at_target,
            reserves_fraction: Ratio::ZERO,
            written_off: false,
        })
    }

    /// Adds the interest since `updated_at`, and the reserves' cut of it. A clock that went back adds nothing.
    pub fn accrue(mut self, now: u64, params: &AssetParams) -> Result<Accrued, MathError> {
        let next = params.next_rate_model.as_ref();
        if let Some(next) = next.filter(|next| self.updated_at < next.effective_at && next.effective_at <= now) {
            self.accrue_with(&params.rate_model, next.effective_at, params.reserve_factor)?;
            self.rate_at_target = next.rate_model.initial_rate_at_target();
        }
        self.accrue_with(params.rate_model_at(now), now, params.reserve_factor)?;
        Ok(Accrued(self))
    }

    /// Adds the interest until `then`, in which one model is in force.
    fn accrue_with(&mut self, model: &RateModel, then: u64, reserve_factor: Ratio) -> Result<(), MathError> {
        let seconds = then.saturating_sub(self.updated_at);
        if seconds > 0 {
            let before = self.debt()?;
            // A ledger that contradicts itself counts as lent out: it is for its readers to say so, not for interest.
            let supply = self.supply().unwrap_or(Amount::ZERO);
            let course = model.course_up(utilization_up(before, supply)?, self.rate_at_target, seconds)?;
            self.borrow_index = self.grown_index_up(course.rate, seconds);
            self.rate_at_target = course.rate_at_target;
            self.earn(self.debt()?.saturating_sub(before), reserve_factor)?;
            self.updated_at = then;
            self.written_off = false;
        }
        Ok(())
    }

    /// Without debt the index starts anew. It stops where the debt would pass [`DEBT_MAX`], or cash and debt
    /// [`CASH_AND_DEBT_MAX`].
    fn grown_index_up(&self, rate: Rate, seconds: u64) -> Index {
        if self.debt_scaled.is_zero() {
            return Index::ONE;
        }
        let debt_max = self.room(Amount::ZERO).min(Amount::new(DEBT_MAX));
        compound_up(self.borrow_index, rate, seconds, self.debt_scaled, debt_max)
    }

    /// By how much cash and a debt of `debt` may grow together.
    fn room(&self, debt: Amount) -> Amount {
        CASH_AND_DEBT_MAX.saturating_sub(self.cash.saturating_add(self.lent).saturating_add(debt))
    }

    /// Gives reserves their cut of interest, rounded down, and keeps the fraction for the next time. All of it is
    /// theirs while nobody supplies: it would be the next depositor's.
    fn earn(&mut self, interest: Amount, reserve_factor: Ratio) -> Result<(), MathError> {
        let (cut, rest) = if self.supply_shares.is_zero() {
            (interest.raw(), self.reserves_fraction.raw())
        } else {
            mul_add_div_128(interest.raw(), reserve_factor.raw(), self.reserves_fraction.raw(), ONE)?
        };
        self.reserves = self.reserves.checked_add(Amount::new(cut))?;
        self.reserves_fraction = Ratio::new(rest);
        Ok(())
    }

    /// Takes debt away. The index is 1 again with the last of it.
    fn clear(&mut self, debt: ScaledDebt) -> Result<(), MathError> {
        self.debt_scaled = self.debt_scaled.checked_sub(debt)?;
        if self.debt_scaled.is_zero() {
            self.borrow_index = Index::ONE;
        }
        Ok(())
    }

    fn debt(&self) -> Result<Amount, MathError> {
        mul_div_down_128(self.debt_scaled.raw(), self.borrow_index.raw(), ONE).map(Amount::new)
    }

    fn supply(&self) -> Result<Amount, MathError> {
        self.cash.checked_add(self.lent)?.checked_add(self.debt()?)?.checked_sub(self.reserves)
    }
}

/// A market whose interest has been added up to this block. Only [`Market::accrue`] makes one, and every formula that
/// changes a market asks for one, so stale state can't be written by mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accrued(Market);

impl Accrued {
    /// The ledger as it stands.
    pub const fn state(&self) -> &Market {
        &self.0
    }

    /// What borrowers owe, rounded down.
    pub fn debt(&self) -> Result<Amount, MathError> {
        self.0.debt()
    }

    /// What belongs to suppliers.
    pub fn supply(&self) -> Result<Amount, MathError> {
        self.0.supply()
    }

    /// How much of the supply is lent out.
    pub fn utilization_up(&self) -> Result<Ratio, MathError> {
        utilization_up(self.debt()?, self.supply()?)
    }

    /// What these shares are worth, rounded down.
    pub fn shares_value_down(&self, shares: SupplyShares) -> Result<Amount, MathError> {
        to_amount_down(shares, self.supply()?, self.0.supply_shares)
    }

    /// The shares that stand for this amount, rounded up.
    pub fn shares_of_up(&self, amount: Amount) -> Result<SupplyShares, MathError> {
        to_shares_up(amount, self.supply()?, self.0.supply_shares)
    }

    /// What this debt amounts to, rounded up.
    pub fn owed_up(&self, debt: ScaledDebt) -> Result<Amount, MathError> {
        mul_div_up_128(debt.raw(), self.0.borrow_index.raw(), ONE).map(Amount::new)
    }

    /// What borrowers pay a year at this utilization, rounded up.
    pub fn borrow_rate_up(&self, utilization: Ratio, params: &AssetParams) -> Result<Rate, MathError> {
        params.rate_model_at(self.0.updated_at).borrow_rate_up(utilization, self.0.rate_at_target)
    }

    /// What suppliers earn a year at the present utilization.
    pub fn liquidity_rate_down(&self, params: &AssetParams) -> Result<Rate, MathError> {
        let utilization = self.utilization_up()?;
        let borrow = self.borrow_rate_up(utilization, params)?;
        liquidity_rate_down(borrow, utilization, params.reserve_factor)
    }

    /// What suppliers lack for the price floor of their shares, below which no deposits are taken; rounded down.
    pub fn lacks_to_price_floor(&self) -> Result<Amount, MathError> {
        lacks_to_price_floor(self.supply()?, self.0.supply_shares)
    }

    /// Takes in a deposit and mints shares, rounded down. Refused in the second of a write-off.
    pub fn deposit(&mut self, amount: Amount) -> Result<SupplyShares, MarketError> {
        if self.0.written_off {
            return Err(MarketError::WrittenOff);
        }
        let supply = self.supply()?;
        let total = self.0.supply_shares;
        if !lacks_to_price_floor(supply, total)?.is_zero() {
            return Err(MarketError::SharePriceTooLow { supply, shares: total });
        }
        let held = self.fits(amount, DEPOSITED_CASH_MAX)?;
        let shares = match to_shares_down(amount, supply, total) {
            // More than fits is more than `SHARES_MAX`.
            Err(MathError::Overflow { .. }) => SupplyShares::MAX,
            shares => shares?,
        };
        if shares.is_zero() {
            return Err(MarketError::ZeroShares { amount });
        }
        let minted = total.saturating_add(shares);
        if minted > SHARES_MAX {
            return Err(MarketError::TooManyShares { amount, shares: total });
        }
        self.0.cash = held;
        self.0.supply_shares = minted;
        Ok(shares)
    }

    /// Pays out `amount` and burns shares for it, rounded up. Says how many were burnt. Errors when `held` is worth
    /// less.
    pub fn withdraw(&mut self, amount: Amount, held: SupplyShares) -> Result<SupplyShares, MarketError> {
        let burnt = self.burn_up(amount, held)?;
        self.pay_out(amount)?;
        self.0.supply_shares = self.0.supply_shares.checked_sub(burnt)?;
        Ok(burnt)
    }

    /// Takes collateral from an account that holds `held` shares: the fee goes to reserves, `paid` leaves the market,
    /// and what remains of `seized` becomes shares of somebody else, rounded down. Errors when `held` is worth less
    /// than `seized`.
    pub fn seize(
        &mut self,
        seized: Amount,
        fee: Amount,
        paid: Amount,
        held: SupplyShares,
    ) -> Result<Seized, MarketError> {
        let supply = self.supply()?;
        let total = self.0.supply_shares;
        let kept = seized.checked_sub(fee)?.checked_sub(paid)?;
        let burnt = self.burn_up(seized, held)?;
        let minted = to_shares_down(kept, supply, total)?;
        self.pay_out(paid)?;
        self.0.reserves = self.0.reserves.checked_add(fee)?;
        self.0.supply_shares = total.checked_sub(burnt)?.checked_add(minted)?;
        Ok(Seized { burnt, minted })
    }

    /// The shares that taking `amount` burns: all of `held` when that is all they are worth, so no crumb stays behind.
    /// More than they are worth takes more shares than `held`, which is an error: other depositors would pay the
    /// difference.
    fn burn_up(&self, amount: Amount, held: SupplyShares) -> Result<SupplyShares, MathError> {
        if amount == self.shares_value_down(held)? {
            return Ok(held);
        }
        let burnt = self.shares_of_up(amount)?;
        held.checked_sub(burnt)?;
        Ok(burnt)
    }

    /// Pays out `amount` and adds it to the debt, with the interest of [`MIN_LOAN_SECONDS`] at the rate that the new
    /// utilization asks for. That interest is rounded down, the debt up. Where cash and debts are at
    /// [`CASH_AND_DEBT_MAX`], none is added.
    pub fn borrow(&mut self, amount: Amount, params: &AssetParams) -> Result<Borrowed, MarketError> {
        let supply = self.supply()?;
        self.pay_out(amount)?;
        let debt = self.debt()?.checked_add(amount)?;
        let utilization = utilization_up(debt, supply)?;
        let rate = self.borrow_rate_up(utilization, params)?;
        let interest = simple_interest_down(amount, rate, MIN_LOAN_SECONDS)?.min(self.0.room(debt));
        let owed = amount.checked_add(interest)?;
        let scaled = ScaledDebt::new(mul_div_up_128(owed.raw(), ONE, self.0.borrow_index.raw())?);
        self.0.debt_scaled = self.0.debt_scaled.checked_add(scaled)?;
        self.0.earn(interest, params.reserve_factor)?;
        Ok(Borrowed { scaled, interest })
    }

    /// What at most `offered` repays of a debt of `owed`: what it clears is rounded down, and what is taken for that
    /// up, so that no more is taken than is needed. A full repay clears exactly `owed`.
    pub fn repayment(&self, offered: Amount, owed: ScaledDebt) -> Result<Repaid, MathError> {
        let full = self.owed_up(owed)?;
        if offered >= full {
            return Ok(Repaid { amount: full, cleared: owed, relieved: full });
        }
        let cleared = ScaledDebt::new(mul_div_down_128(offered.raw(), ONE, self.0.borrow_index.raw())?).min(owed);
        let relieved = full.checked_sub(self.owed_up(owed.checked_sub(cleared)?)?)?;
        Ok(Repaid { amount: self.owed_up(cleared)?, cleared, relieved })
    }

    /// Takes in what [`Accrued::repayment`] says.
    pub fn repay(&mut self, offered: Amount, owed: ScaledDebt) -> Result<Repaid, MarketError> {
        let repaid = self.repayment(offered, owed)?;
        self.0.cash = self.0.cash.checked_add(repaid.amount)?;
        self.0.clear(repaid.cleared)?;
        Ok(repaid)
    }

    /// Has a deposit of `held` shares pay a debt of `owed` in the same asset, as far as it goes. No coins move. The
    /// debt is cleared as [`Accrued::repayment`] says, shares are burnt as a withdrawal burns them.
    pub fn set_off(&mut self, held: SupplyShares, owed: ScaledDebt) -> Result<SetOff, MarketError> {
        let Repaid { amount, cleared, .. } = self.repayment(self.shares_value_down(held)?, owed)?;
        let burnt = self.burn_up(amount, held)?;
        self.0.supply_shares = self.0.supply_shares.checked_sub(burnt)?;
        self.0.clear(cleared)?;
        Ok(SetOff { amount, cleared, burnt })
    }

    /// Burns shares and books what they were worth, `amount`, as reserves: the protocol's fee, or collateral swept.
    pub fn shares_to_reserves(&mut self, shares: SupplyShares, amount: Amount) -> Result<(), MarketError> {
        self.0.supply_shares = self.0.supply_shares.checked_sub(shares)?;
        self.0.reserves = self.0.reserves.checked_add(amount)?;
        Ok(())
    }

    /// Writes a debt off. Reserves bear the loss first, then suppliers. Says how much each bore. Deposits wait for the
    /// next second.
    pub fn write_off(&mut self, debt: ScaledDebt) -> Result<Loss, MarketError> {
        let before = self.debt()?;
        self.0.clear(debt)?;
        self.0.written_off = true;
        let lost = before.checked_sub(self.debt()?)?;
        let reserves = self.0.reserves.min(lost);
        self.0.reserves = self.0.reserves.checked_sub(reserves)?;
        Ok(Loss { reserves, suppliers: lost.checked_sub(reserves)? })
    }

    /// Moves an amount from `cash` to `lent` until it is back, so that supply stays as it is: a flash loan, or what a
    /// callback is to bring.
    pub fn lend(&mut self, amount: Amount) -> Result<(), MarketError> {
        self.pay_out(amount)?;
        self.0.lent = self.0.lent.checked_add(amount)?;
        Ok(())
    }

    /// Takes back what was lent, and reserves get the fee. What is lent fits beside the cash already, a fee may not.
    pub fn take_back(&mut self, amount: Amount, fee: Amount) -> Result<(), MarketError> {
        self.0.lent = self.0.lent.checked_sub(amount)?;
        self.0.cash = self.0.cash.checked_add(amount)?;
        if fee.is_zero() { Ok(()) } else { self.cover(fee) }
    }

    /// Takes coins in for suppliers: their shares are worth more by it. Errors when there are none, since the next
    /// depositor would have it.
    pub fn cover_suppliers(&mut self, amount: Amount) -> Result<(), MarketError> {
        if self.0.supply_shares.is_zero() {
            return Err(MarketError::NoSuppliers);
        }
        self.0.cash = self.fits(amount, GIVEN_CASH_MAX)?;
        Ok(())
    }

    /// Takes coins in as reserves.
    pub fn cover(&mut self, amount: Amount) -> Result<(), MarketError> {
        self.0.cash = self.fits(amount, GIVEN_CASH_MAX)?;
        self.0.reserves = self.0.reserves.checked_add(amount)?;
        Ok(())
    }

    /// Pays reserves out.
    pub fn withdraw_reserves(&mut self, amount: Amount) -> Result<(), MarketError> {
        self.0.reserves = self.0.reserves.checked_sub(amount)?;
        self.pay_out(amount)
    }

    /// The cash with `amount` more. Errors where that and what is lent out for a moment would be above `max`.
    fn fits(&self, amount: Amount, max: Amount) -> Result<Amount, MarketError> {
        let held = self.0.cash.saturating_add(self.0.lent);
        if held.saturating_add(amount) > max {
            return Err(MarketError::TooMuchCash { amount, held, max });
        }
        Ok(self.0.cash.checked_add(amount)?)
    }

    fn pay_out(&mut self, amount: Amount) -> Result<(), MarketError> {
        let available = self.0.cash;
        if amount > available {
            return Err(MarketError::InsufficientCash { wanted: amount, available });
        }
        self.0.cash = available.checked_sub(amount)?;
        Ok(())
    }

    /// The market as it is to be stored, with the rate that its new utilization asks for.
    pub fn settle(mut self, params: &AssetParams) -> Result<Market, MathError> {
        self.0.rate_at_target = params.rate_model_at(self.0.updated_at).kept_rate_at_target(self.0.rate_at_target);
        self.0.rate = self.borrow_rate_up(self.utilization_up()?, params)?;
        Ok(self.0)
    }
}
