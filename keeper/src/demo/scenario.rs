//! A scenario: what is listed, who has what, and how prices move. `docs/keeper/scenarios.md` documents the format.

use std::collections::BTreeMap;
use std::path::Path;

use plimsoll_risk::params::BonusCurve;
use plimsoll_risk::units::{Price, Ratio};
use plimsoll_testing::{FEEDERS, GUARDIAN, LENDER, OWNER, RISK_MANAGER};
use serde::{Deserialize, Deserializer, de};

use crate::error::{Error, Result};

/// The keeper's actor.
pub const KEEPER: &str = "keeper";
/// What is played without `--scenario`.
const DEFAULT: &str = include_str!("default.toml");

/// The longest that all steps together may take, in seconds: a century.
const SECONDS_MAX: u64 = 100 * 365 * 86_400;
/// The most that a side of a pair may be worth.
const LIQUIDITY_MAX: u64 = 1_000_000_000_000;
/// Who acts in every scenario: an account of that name would be theirs.
const RESERVED: [&str; 7] = [KEEPER, LENDER, OWNER, GUARDIAN, RISK_MANAGER, FEEDERS[0], FEEDERS[1]];

/// A scenario.
#[derive(Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What it shows.
    #[serde(default)]
    pub title: String,
    /// What is listed.
    pub assets: Vec<Asset>,
    /// Who has deposits and debts.
    pub accounts: Vec<Account>,
    /// How prices move.
    #[serde(default)]
    pub steps: Vec<Step>,
    /// What the keeper has beside money for gas, in whole tokens by denom; nothing when left out.
    #[serde(default)]
    pub inventory: BTreeMap<String, Number>,
    /// What each side of each pair is worth, in quote currency; ten million when left out, no pairs when 0.
    pub liquidity: Option<u64>,
}

/// An asset. What is left out is as in an ordinary world.
#[derive(Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields)]
pub struct Asset {
    /// The token's denom.
    pub denom: String,
    /// How it is called on the screen; its denom when left out.
    pub symbol: Option<String>,
    /// Its decimals; 6 when left out.
    pub decimals: Option<u8>,
    /// Its first price, in quote currency.
    pub price: Number,
    /// Max LTV.
    pub max_loan_to_value: Option<Number>,
    /// Liquidation threshold.
    pub liquidation_threshold: Option<Number>,
    /// The liquidator's bonus.
    pub liquidation_bonus: Option<BonusCurve>,
    /// What lenders supply, in whole tokens; a million when left out.
    pub supply: Option<Number>,
}

/// An account.
#[derive(Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Whose it is.
    pub name: String,
    /// Which of their accounts.
    #[serde(default)]
    pub account_id: u32,
    /// What they deposit, in whole tokens by denom.
    #[serde(default)]
    pub deposit: BTreeMap<String, Number>,
    /// What they borrow, in whole tokens by denom.
    #[serde(default)]
    pub borrow: BTreeMap<String, Number>,
}

/// Prices change.
#[derive(Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What happens.
    #[serde(default)]
    pub title: String,
    /// Seconds since the last step; interest runs. 60 when left out.
    pub seconds: Option<u64>,
    /// New prices by denom; the others stay.
    #[serde(default)]
    pub prices: BTreeMap<String, Number>,
}

/// A decimal number: `"9.5"`, `9.5` or `9`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number(String);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let value = toml::Value::deserialize(deserializer)?;
        let text = match value {
            toml::Value::String(text) => text,
            toml::Value::Integer(_) | toml::Value::Float(_) => value.to_string(),
            other => return Err(de::Error::custom(format!("{other} is not a number"))),
        };
        text.parse::<Price>().map_err(de::Error::custom)?;
        Ok(Self(text))
    }
}

impl Number {
    /// As a price.
    pub fn price(&self) -> Price {
        self.0.parse().unwrap_or_default()
    }

    /// As a ratio.
    pub fn ratio(&self) -> Ratio {
        self.0.parse().unwrap_or_default()
    }

    /// As base units of a token, rounded down.
    pub fn base_units(&self, decimals: u8) -> u128 {
        let scale = 10u128.checked_pow(decimals.into()).unwrap_or(u128::MAX);
        plimsoll_risk::math::mul_div_down_128(self.price().raw(), scale, plimsoll_risk::math::ONE).unwrap_or(u128::MAX)
    }
}

impl Scenario {
    /// From a file, or the one that is built in.
    pub fn read(path: Option<&Path>) -> Result<Self> {
        let Some(path) = path else { return Self::parse(DEFAULT, "the built-in scenario") };
        let text = std::fs::read_to_string(path).map_err(|error| Error::file(path, error))?;
        Self::parse(&text, &path.display().to_string())
    }

    /// From text. `origin` names it in errors.
    pub fn parse(text: &str, origin: &str) -> Result<Self> {
        let scenario: Self = toml::from_str(text).map_err(|error: toml::de::Error| {
            let line = error.span().map_or(0, |span| text[..span.start].lines().count().max(1));
            Error::Config(format!("{origin}, line {line}: {}", error.message().replace('\n', " ")))
        })?;
        scenario.check(origin)?;
        Ok(scenario)
    }

    /// The asset with this denom.
    pub fn asset(&self, denom: &str) -> Option<&Asset> {
        self.assets.iter().find(|asset| asset.denom == denom)
    }

    fn check(&self, origin: &str) -> Result<()> {
        let wrong = |what: String| Err(Error::Config(format!("{origin}: {what}")));
        for (at, asset) in self.assets.iter().enumerate() {
            if asset.price.price().is_zero() {
                return wrong(format!("{} has no price above 0", asset.denom));
            }
            if self.assets.iter().take(at).any(|other| other.denom == asset.denom) {
                return wrong(format!("{} is listed twice", asset.denom));
            }
            if asset.decimals() > 18 {
                return wrong(format!("{} has {} decimals, at most 18 are allowed", asset.denom, asset.decimals()));
            }
        }
        let deposits = self.accounts.iter().flat_map(|account| account.deposit.keys().chain(account.borrow.keys()));
        let prices = self.steps.iter().flat_map(|step| step.prices.keys());
        let inventory = self.inventory.keys();
        if let Some(unknown) = deposits.chain(prices).chain(inventory).find(|denom| self.asset(denom).is_none()) {
            return wrong(format!("{unknown} is not among the assets"));
        }
        for step in &self.steps {
            if let Some((denom, _)) = step.prices.iter().find(|(_, price)| price.price().is_zero()) {
                return wrong(format!("a step has a price of 0 for {denom}"));
            }
            if step.seconds.is_some_and(|seconds| seconds > SECONDS_MAX) {
                return wrong(format!("a step of {} seconds, more than a century", step.seconds.unwrap_or_default()));
            }
            if step.seconds == Some(0) {
                return wrong("a step of 0 seconds".to_owned());
            }
        }
        let whole = self.steps.iter().fold(0, |sum: u64, step| sum.saturating_add(step.seconds.unwrap_or(60)));
        if whole > SECONDS_MAX {
            return wrong(format!("its steps take {whole} seconds, more than a century"));
        }
        if let Some(worth) = self.liquidity.filter(|worth| *worth > LIQUIDITY_MAX) {
            return wrong(format!("liquidity of {worth}, more than {LIQUIDITY_MAX}"));
        }
        if let Some(account) = self.accounts.iter().find(|account| RESERVED.contains(&account.name.as_str())) {
            return wrong(format!(
                "an account can't be named {}: that name is taken by who acts in every scenario",
                account.name
            ));
        }
        Ok(())
    }
}

impl Asset {
    /// Its decimals.
    pub fn decimals(&self) -> u8 {
        self.decimals.unwrap_or(6)
    }

    /// How it is called on the screen.
    pub fn symbol(&self) -> &str {
        self.symbol.as_deref().unwrap_or(&self.denom)
    }
}
