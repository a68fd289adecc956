//! Users: they open accounts close to the limit, pay back, add and take out.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use plimsoll_keeper::error::{Error, Result};
use serde_json::json;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::market::{Market, coin};
use crate::party::Party;
use crate::stage::{DOLLAR, TOKENS};

/// Each user's accounts have the numbers below this.
const ACCOUNTS: u32 = 40;

/// What a user has done.
#[derive(Clone, Copy, Debug, Default)]
pub struct Done {
    /// Messages that a block has and that worked.
    pub accepted: u64,
    /// Those that the chain refused.
    pub refused: u64,
}

/// A user.
#[derive(Debug)]
pub struct User {
    /// Who.
    pub party: Party,
    /// Where.
    pub pool: String,
    /// At which prices.
    pub market: Arc<Market>,
    /// Their dice.
    pub random: Rng,
}

impl User {
    /// Acts until told to stop.
    pub async fn live(mut self, stop: watch::Receiver<bool>) -> Result<Done> {
        let mut done = Done::default();
        while !*stop.borrow() {
            match self.act().await {
                Ok(()) => done.accepted += 1,
                // A node that stands still for a moment is one of the faults.
                Err(Error::Query { .. } | Error::Failed { .. } | Error::Refused { .. } | Error::Unreachable { .. }) => {
                    done.refused += 1
                }
                Err(error) => return Err(error),
            }
            sleep(Duration::from_millis(self.random.u64(200..1_500))).await;
        }
        Ok(done)
    }

    async fn act(&mut self) -> Result<()> {
        let account_id = self.random.u32(0..ACCOUNTS);
        match self.random.u8(0..10) {
            0..6 => self.open(account_id).await,
            6 | 7 => {
                let coin = coin(DOLLAR, self.random.f64() * 2e9);
                let message = json!({ "repay": { "account_id": account_id } });
                self.party.send(&self.pool, &message, vec![coin]).await.map(drop)
            }
            8 => {
                let (token, dollars) = (self.random.usize(0..TOKENS.len()), self.random.f64() * 100.0);
                let (denom, amount) = self.worth(token, dollars);
                let message = json!({ "deposit": { "account_id": account_id } });
                self.party.send(&self.pool, &message, vec![coin(denom, amount)]).await.map(drop)
            }
            _ => {
                let token = self.random.usize(0..TOKENS.len());
                let (denom, amount) = self.worth(token, 20.0);
                let amount = coin(denom, amount).amount.to_string();
                let message = json!({ "withdraw": { "account_id": account_id, "denom": denom, "amount": amount } });
                self.party.send(&self.pool, &message, vec![]).await.map(drop)
            }
        }
    }

    /// Supplies something, and borrows close to what it carries.
    pub async fn open(&mut self, account_id: u32) -> Result<()> {
        let token = self.random.usize(0..TOKENS.len());
        let dollars = 100.0 + self.random.f64() * 3_000.0;
        let part = 0.85 + self.random.f64() * 0.13;
        self.open_with(account_id, token, dollars, part).await
    }

    /// Supplies so many dollars' worth of a token, and borrows this part of what may be borrowed.
    pub async fn open_with(&mut self, account_id: u32, token: usize, dollars: f64, part: f64) -> Result<()> {
        let (denom, amount) = self.worth(token, dollars);
        let collateral = coin(denom, amount);
        let ltv = TOKENS.get(token).map_or(0.0, |token| token.max_ltv);
        let debt = coin(DOLLAR, dollars * ltv * part * 1e6);
        let actions = json!([
            { "deposit": { "coin": { "denom": denom, "amount": collateral.amount.to_string() }, "account_id": account_id } },
            { "borrow": { "denom": DOLLAR, "amount": debt.amount.to_string(), "account_id": account_id } },
        ]);
        self.party.send(&self.pool, &json!({ "batch": { "actions": actions } }), vec![collateral]).await.map(drop)
    }

    /// A token, and how much of it is worth so many dollars.
    fn worth(&self, token: usize, dollars: f64) -> (&'static str, f64) {
        let unit = TOKENS.get(token).map_or((DOLLAR, 1e6), |token| (token.denom, token.unit));
        (unit.0, dollars / self.market.price(token) * unit.1)
    }
}
