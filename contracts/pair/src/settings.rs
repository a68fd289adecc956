//! What a pair is of, which never changes, and which of its two tokens is meant.

use plimsoll_risk::units::{Amount, Ratio};
use plimsoll_schema::pair::{Asset, AssetInfo};
use serde::{Deserialize, Serialize};

use crate::error::ContractError;

/// Two tokens and a fee.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The first token's denom.
    pub first: String,
    /// The second token's denom.
    pub second: String,
    /// The share of each swap's yield that stays in the pair.
    pub fee: Ratio,
}

/// One of the two tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    First,
    Second,
}

impl Side {
    /// The other token.
    pub const fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }
}

impl Settings {
    /// The denom of a token.
    pub fn denom(&self, side: Side) -> &str {
        match side {
            Side::First => &self.first,
            Side::Second => &self.second,
        }
    }

    /// Which of the two it is. Errors for a cw20 token, and for one that the pair doesn't trade.
    pub fn side(&self, info: &AssetInfo) -> Result<Side, ContractError> {
        let denom = native(info)?;
        if denom == self.first {
            Ok(Side::First)
        } else if denom == self.second {
            Ok(Side::Second)
        } else {
            let first = self.first.clone();
            let second = self.second.clone();
            Err(ContractError::UnknownDenom { denom: denom.to_owned(), first, second })
        }
    }

    /// Which token a swap sells, given also what it buys if that is said. Errors when it would be bought with itself.
    pub fn offer_side(&self, offer: &AssetInfo, ask: Option<&AssetInfo>) -> Result<Side, ContractError> {
        let side = self.side(offer)?;
        match ask.map(|ask| self.side(ask)).transpose()? {
            Some(ask) if ask == side => Err(ContractError::SameAsk { denom: self.denom(side).to_owned() }),
            _ => Ok(side),
        }
    }

    /// The amounts of both tokens in the pair's order. Errors unless each is named once; `field` says where.
    pub fn both(&self, field: &'static str, assets: &[Asset]) -> Result<[Amount; 2], ContractError> {
        let error = || ContractError::BothTokens { field, named: listed(assets) };
        let [one, other] = assets else { return Err(error()) };
        match (self.side(&one.info)?, self.side(&other.info)?) {
            (Side::First, Side::Second) => Ok([one.amount, other.amount]),
            (Side::Second, Side::First) => Ok([other.amount, one.amount]),
            _ => Err(error()),
        }
    }

    /// Both tokens with these amounts, in the pair's order.
    pub fn assets(&self, [first, second]: [Amount; 2]) -> Vec<Asset> {
        vec![Asset::native(&self.first, first), Asset::native(&self.second, second)]
    }

    /// Both tokens, in the pair's order.
    pub fn infos(&self) -> Vec<AssetInfo> {
        vec![AssetInfo::native(&self.first), AssetInfo::native(&self.second)]
    }
}

/// The denom of a native token. Errors for a cw20 token.
pub fn native(info: &AssetInfo) -> Result<&str, ContractError> {
    match info {
        AssetInfo::NativeToken { denom } => Ok(denom),
        AssetInfo::Token { contract_addr } => Err(ContractError::Cw20 { contract_addr: contract_addr.clone() }),
    }
}

/// Assets as Astroport's events write them.
pub fn listed(assets: &[Asset]) -> String {
    assets.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
