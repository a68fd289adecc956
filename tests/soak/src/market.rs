//! Prices: the pairs go first, then both feeders vote at once.

use std::collections::BTreeMap;
use std::sync::Mutex;

use plimsoll_keeper::chain::Coin;
use plimsoll_keeper::error::{Error, Result};
use serde_json::{Value, json};

use crate::party::Party;
use crate::stage::{DOLLAR, Stage, TOKENS, Token};

/// Who makes prices.
#[derive(Debug)]
pub struct Market {
    owner: Party,
    feeders: [Party; 2],
    oracle: String,
    pairs: BTreeMap<String, String>,
    prices: Mutex<[f64; TOKENS.len()]>,
}

impl Market {
    /// At the first prices.
    pub async fn open(stage: &Stage) -> Result<Self> {
        let pairs = stage.deployment.pairs.iter().map(|pair| (pair.denoms[0].clone(), pair.contract.address.clone()));
        Ok(Self {
            owner: stage.party("owner").await?,
            feeders: [stage.party("feeder1").await?, stage.party("feeder2").await?],
            oracle: stage.deployment.oracle.address.clone(),
            pairs: pairs.collect(),
            prices: Mutex::new(TOKENS.map(|token| token.price)),
        })
    }

    /// The last price of a token.
    pub fn price(&self, token: usize) -> f64 {
        self.prices.lock().map_or(f64::NAN, |prices| prices.get(token).copied().unwrap_or(f64::NAN))
    }

    /// Moves a token's price, in its pair and then in the oracle. The block that has the price.
    pub async fn set(&self, token: usize, price: f64) -> Result<u64> {
        let Some(what) = TOKENS.get(token) else { return Err(Error::DoesNotHold(format!("no token {token}"))) };
        if let Ok(mut prices) = self.prices.lock() {
            prices[token] = price;
        }
        self.trade(what, price).await?;
        let vote = json!({ "feed": { "prices": [{ "denom": what.denom, "price": format!("{price:.6}") }] } });
        let [first, second] = &self.feeders;
        let (first, second) =
            tokio::try_join!(first.send(&self.oracle, &vote, vec![]), second.send(&self.oracle, &vote, vec![]))?;
        Ok(first.height.max(second.height))
    }

    /// Sells to the pair until it has this price: what is missing of the cheaper reserve to √(x·y), both in dollars.
    async fn trade(&self, token: &Token, price: f64) -> Result<()> {
        let pair =
            self.pairs.get(token.denom).ok_or_else(|| Error::DoesNotHold(format!("{} has no pair", token.denom)))?;
        let pool = self.owner.ask(pair, &json!({ "pool": {} }), None).await?;
        let reserve = |at: usize| number(&pool["assets"][at]["amount"]);
        let (tokens, dollars) = (reserve(0)? / token.unit * price, reserve(1)? / 1e6);
        let aim = (tokens * dollars).sqrt();
        let (denom, amount) = if tokens < aim {
            (token.denom, (aim - tokens) / price * token.unit)
        } else {
            (DOLLAR, (aim - dollars) * 1e6)
        };
        if amount < 1e4 {
            return Ok(());
        }
        let coin = coin(denom, amount);
        let offer = json!({ "info": { "native_token": { "denom": denom } }, "amount": coin.amount.to_string() });
        let swap = json!({ "swap": { "offer_asset": offer, "max_spread": "0.5" } });
        self.owner.send(pair, &swap, vec![coin]).await.map(drop)
    }
}

/// So many base units, without their fraction.
pub fn coin(denom: &str, amount: f64) -> Coin {
    Coin { denom: denom.to_owned(), amount: amount as u128 }
}

/// A number that JSON has as text.
pub fn number(value: &Value) -> Result<f64> {
    let text = value.as_str().unwrap_or_default();
    text.parse().map_err(|_| Error::garbage("the chain", format!("{value} is no number")))
}
