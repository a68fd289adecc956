//! How a scenario ended.

use cosmwasm_std::Uint256;
use plimsoll_risk::account::Account;
use plimsoll_risk::market::Market;
use plimsoll_risk::params::{AssetId, AssetParams};
use plimsoll_risk::units::Value;
use plimsoll_schema::compact;
use plimsoll_schema::pool::SolvencyResponse;
use plimsoll_testing::World;
use serde::Serialize;

use crate::keeper::BlockReport;
use crate::tx::receipt::Gain;

/// How a scenario ended. Values are in quote currency, at the prices of the moment.
#[derive(Serialize, Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The scenario's accounts.
    pub accounts: usize,
    /// How many were below health factor 1 at the worst moment.
    pub liquidatable: usize,
    /// How many liquidations the keeper made.
    pub liquidations: usize,
    /// The debt that they repaid.
    pub repaid_value: Value,
    /// The collateral that they seized, the protocol's fee included.
    pub seized_value: Value,
    /// The debt that was written off.
    pub bad_debt_value: Value,
    /// What the keeper gained, before gas.
    pub profit_value: Gain,
    /// Whether every market's books balance.
    pub solvent: bool,
}

impl Summary {
    /// Before anything has happened.
    pub const fn new(accounts: usize) -> Self {
        Self {
            accounts,
            liquidatable: 0,
            liquidations: 0,
            repaid_value: Value::ZERO,
            seized_value: Value::ZERO,
            bad_debt_value: Value::ZERO,
            profit_value: Gain { received: Value::ZERO, spent: Value::ZERO },
            solvent: true,
        }
    }

    /// Adds what happened at a block.
    pub fn take(&mut self, tick: &BlockReport) {
        let plus = |a: Value, b: Value| a.checked_add(b).unwrap_or(a);
        self.liquidatable = self.liquidatable.max(tick.scan.below());
        for done in &tick.settled {
            self.liquidations += usize::from(done.action == "liquidate");
            self.repaid_value = plus(self.repaid_value, done.repaid_value);
            self.seized_value = plus(self.seized_value, done.seized_value);
            self.profit_value = self.profit_value.plus(done.profit);
            for loss in &done.losses {
                self.bad_debt_value = plus(self.bad_debt_value, loss.value);
            }
        }
    }
}

/// The bank covers the cash, and `supply = cash + lent + debt − reserves` covers all claims. Computed here, not
/// believed.
pub fn balances(market: &SolvencyResponse) -> bool {
    let held = market.cash.checked_add(market.lent).and_then(|sum| sum.checked_add(market.debt));
    let identity = held.and_then(|sum| sum.checked_sub(market.reserves)).is_ok_and(|supply| supply == market.supply);
    identity && market.bank_balance >= market.cash && market.claims <= market.supply
}

/// Where the pool keeps accounts and markets.
const ACCOUNTS: &[u8] = b"\0\x01u";
const MARKETS: &[u8] = b"\0\x01m";
const ASSET_PARAMS: &[u8] = b"\0\x01a";

/// Judges a market from the raw records alone, whatever the pool answers: all accounts' shares and debts are the
/// market's, the bank covers the cash, and cash and debt less reserves cover every claim.
pub fn proves(world: &World, id: AssetId, denom: &str) -> bool {
    proof(world, id, denom).unwrap_or(false)
}

fn proof(world: &World, id: AssetId, denom: &str) -> Option<bool> {
    let records = world.dump_of(world.pool());
    let record = |of: &[u8]| records.get(&[of, &id.0.to_be_bytes()].concat());
    let market: Market = compact::decode(record(MARKETS)?).ok()?;
    let params: AssetParams = compact::decode(record(ASSET_PARAMS)?).ok()?;
    // At its own time: no interest is added.
    let accrued = market.clone().accrue(market.updated_at, &params).ok()?;
    let mut shares = Uint256::zero();
    let mut scaled = Uint256::zero();
    let mut claims = Uint256::zero();
    for (_, record) in records.iter().filter(|(key, _)| key.starts_with(ACCOUNTS)) {
        let account: Account = compact::decode(record).ok()?;
        for slot in account.collaterals.iter().filter(|slot| slot.asset == id) {
            shares = shares.checked_add(slot.shares.raw().into()).ok()?;
            claims = claims.checked_add(accrued.shares_value_down(slot.shares).ok()?.raw().into()).ok()?;
        }
        for slot in account.debts.iter().filter(|slot| slot.asset == id) {
            scaled = scaled.checked_add(slot.scaled.raw().into()).ok()?;
        }
    }
    let held = market.cash.checked_add(accrued.debt().ok()?).ok()?.checked_sub(market.reserves).ok()?;
    let bank = world.balance(world.pool(), denom);
    Some(
        shares == Uint256::from(market.supply_shares.raw())
            && scaled == Uint256::from(market.debt_scaled.raw())
            && bank >= market.cash.raw()
            && claims <= Uint256::from(held.raw()),
    )
}
