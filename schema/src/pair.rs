//! The pair's interface: Astroport's pair messages and response shapes, for native tokens.
//!
//! What swaps, simulates or reads prices with these types works on an Astroport pair (its packages' `pair` and `asset`
//! modules) without a change: `swap`, `pair`, `pool`, `share`, `simulation`, `reverse_simulation` and
//! `cumulative_prices` are the same. Numbers are integer or decimal strings, as there. What differs, because plain
//! wasmd has no token factory and a pair here has no factory contract either:
//!
//! | message | here |
//! |---|---|
//! | `instantiate` | names the fee, and neither a token's code nor a factory |
//! | `provide_liquidity` | the same fields; shares are written into the pair's own ledger, and `auto_stake` can't be set |
//! | `withdraw_liquidity` | names the shares in `amount`, because there is no coin of them to attach |
//! | `pair` | `liquidity_token` is the pair's own address |
//! | `config` | `owner` and `factory_addr` are the pair's own address: nobody can change it; `params` is [`PairParams`] |
//! | `balance` | only here: an address's shares, asked and answered as a cw20 token does |
//!
//! `receive`, `update_config` and the messages of ownership don't exist here.

use std::fmt;

use cosmwasm_std::Binary;
use plimsoll_risk::swap::{ReverseSwap, Swap};
use plimsoll_risk::units::{Amount, CumulativePrice, LpShares, Ratio, RelativePrice};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A token.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum AssetInfo {
    /// A cw20 token. The pair refuses it; it is here because an Astroport pair may name one.
    Token {
        /// The token's contract.
        contract_addr: String,
    },
    /// A token of the chain's bank.
    NativeToken {
        /// Its denom.
        denom: String,
    },
}

impl AssetInfo {
    /// A token of the chain's bank.
    pub fn native(denom: impl Into<String>) -> Self {
        Self::NativeToken { denom: denom.into() }
    }
}

impl fmt::Display for AssetInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Token { contract_addr: name } | Self::NativeToken { denom: name }) = self;
        f.write_str(name)
    }
}

/// So much of a token.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Asset {
    /// Which token.
    pub info: AssetInfo,
    /// How much of it, in base units.
    pub amount: Amount,
}

impl Asset {
    /// So much of a token of the chain's bank.
    pub fn native(denom: impl Into<String>, amount: Amount) -> Self {
        Self { info: AssetInfo::native(denom), amount }
    }
}

impl fmt::Display for Asset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.amount, self.info)
    }
}

/// Sets a pair up. It has no liquidity yet, and nothing of this can be changed later.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct InstantiateMsg {
    /// The two tokens: native ones, not the same twice. Their order is that of all answers.
    pub asset_infos: Vec<AssetInfo>,
    /// The share of each swap's yield that stays in the pair; at most 10 %. An Astroport pair asks its factory for it.
    pub fee: Ratio,
}

/// What may be asked of a pair. Each message says which coins it takes; any other coin is refused, as is a zero amount.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ExecuteMsg {
    /// Anyone: adds liquidity, and gets shares for it, rounded down. Takes exactly the two coins that `assets` names.
    /// Both are kept whole: shares are minted by the smaller part, and what is provided beyond the reserves' proportion
    /// belongs to all providers. The first provider sets the price, and 1,000 shares of theirs are locked for ever.
    ProvideLiquidity {
        /// Both tokens, in any order.
        assets: Vec<Asset>,
        /// How far their proportion may be from the reserves'; 0.005 when left out, at most 0.5. The first provider's
        /// is free.
        slippage_tolerance: Option<Ratio>,
        /// Astroport's staking of the shares; refused when true.
        auto_stake: Option<bool>,
        /// Whose the shares are; the sender's when left out.
        receiver: Option<String>,
        /// Refused when fewer shares come of it.
        min_lp_to_receive: Option<LpShares>,
    },
    /// Anyone: burns shares of theirs, and gets their part of both reserves, rounded down. Takes no coins. This message
    /// differs from Astroport's, where a coin of the shares is attached.
    WithdrawLiquidity {
        /// How many of the sender's shares; all of them when left out.
        amount: Option<LpShares>,
        /// Astroport's unbalanced withdrawal, which is switched off there as well: empty, or refused.
        #[serde(default)]
        assets: Vec<Asset>,
        /// Refused when less is paid. Both tokens, in any order.
        min_assets_to_receive: Option<Vec<Asset>>,
    },
    /// Anyone: sells one token for the other. Takes exactly the coin that `offer_asset` names. The yield is rounded
    /// down, the fee taken from it up; a swap that returns nothing is refused.
    Swap {
        /// What is sold.
        offer_asset: Asset,
        /// What is bought; when it isn't the pair's other token the swap is refused, where Astroport's pair of two
        /// ignores it.
        ask_asset_info: Option<AssetInfo>,
        /// The price to measure the spread by, in base units of the offer per base unit of the ask; without it the
        /// price before the swap.
        belief_price: Option<RelativePrice>,
        /// How much less than at that price the swap may yield before the fee; 0.005 when left out, at most 0.5.
        max_spread: Option<Ratio>,
        /// Who gets it; the sender when left out.
        to: Option<String>,
    },
}

/// What may be asked about.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum QueryMsg {
    /// Which pair this is. Answer: [`PairInfo`].
    Pair {},
    /// Reserves and shares. Answer: [`PoolResponse`].
    Pool {},
    /// Settings. Answer: [`ConfigResponse`].
    Config {},
    /// What so many shares are worth, rounded down. Answer: both tokens, `Vec<Asset>`.
    Share {
        /// At most all shares.
        amount: LpShares,
    },
    /// What `swap` would return at this block, without its guards on the spread; refused where it would be. Answer:
    /// [`SimulationResponse`].
    Simulation {
        /// What is sold.
        offer_asset: Asset,
        /// What is bought; the pair's other token.
        ask_asset_info: Option<AssetInfo>,
    },
    /// The least offer for which `swap` would return `ask_asset` or more at this block. Answer:
    /// [`ReverseSimulationResponse`].
    ReverseSimulation {
        /// What is sold; the pair's other token.
        offer_asset_info: Option<AssetInfo>,
        /// What is to be returned.
        ask_asset: Asset,
    },
    /// Price × seconds since the first liquidity, up to this block. Answer: [`CumulativePricesResponse`].
    CumulativePrices {},
    /// An address's shares. Not part of Astroport's pair. Answer: [`BalanceResponse`].
    Balance {
        /// Whose.
        address: String,
    },
}

/// Which pair this is.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct PairInfo {
    /// The two tokens.
    pub asset_infos: Vec<AssetInfo>,
    /// The pair's address.
    pub contract_addr: String,
    /// Where shares are: the pair's own address here, a denom or a cw20 contract at Astroport's.
    pub liquidity_token: String,
    /// The formula.
    pub pair_type: PairType,
}

/// The formula of a pair.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum PairType {
    /// Constant product.
    Xyk {},
    /// Astroport's stableswap.
    Stable {},
    /// Another of Astroport's.
    Custom(String),
}

/// Reserves and shares.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct PoolResponse {
    /// Both reserves.
    pub assets: Vec<Asset>,
    /// All shares, the locked ones included.
    pub total_share: LpShares,
}

/// Settings.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct ConfigResponse {
    /// When the cumulative prices were last written, in seconds; 0 before the first liquidity.
    pub block_time_last: u64,
    /// [`PairParams`] as JSON.
    pub params: Option<Binary>,
    /// The pair itself: nobody owns it. At Astroport's the factory's owner.
    pub owner: String,
    /// The pair itself: it has no factory.
    pub factory_addr: String,
}

/// What `params` of [`ConfigResponse`] holds.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct PairParams {
    /// The share of each swap's yield that stays in the pair.
    pub fee: Ratio,
}

/// What a swap yields, in base units of the ask.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct SimulationResponse {
    /// What the swapper gets.
    pub return_amount: Amount,
    /// How much more the offer would have yielded at the price before the swap.
    pub spread_amount: Amount,
    /// The fee.
    pub commission_amount: Amount,
}

impl From<Swap> for SimulationResponse {
    fn from(swap: Swap) -> Self {
        let Swap { return_amount, spread_amount, commission_amount } = swap;
        Self { return_amount, spread_amount, commission_amount }
    }
}

/// What a wanted return costs.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct ReverseSimulationResponse {
    /// What must be offered, in base units of the offer.
    pub offer_amount: Amount,
    /// How much more it would have yielded at the price before the swap, in base units of the ask.
    pub spread_amount: Amount,
    /// The fee, in base units of the ask.
    pub commission_amount: Amount,
}

impl From<ReverseSwap> for ReverseSimulationResponse {
    fn from(swap: ReverseSwap) -> Self {
        let ReverseSwap { offer_amount, spread_amount, commission_amount } = swap;
        Self { offer_amount, spread_amount, commission_amount }
    }
}

/// Price × seconds.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct CumulativePricesResponse {
    /// Both reserves.
    pub assets: Vec<Asset>,
    /// All shares, the locked ones included.
    pub total_share: LpShares,
    /// Per direction `(base, quote, Σ quote/base × seconds)`: base units per base unit, with 6 decimals, modulo 2¹²⁸.
    pub cumulative_prices: Vec<(AssetInfo, AssetInfo, CumulativePrice)>,
}

/// Shares, as a cw20 token answers.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct BalanceResponse {
    /// How many.
    pub balance: LpShares,
}

/// A new code version takes over. Refused from another contract's state and to an older version.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct MigrateMsg {}
