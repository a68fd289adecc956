//! What the pool answers.

use plimsoll_risk::account::Account;
use plimsoll_risk::liquidation::Liquidation;
use plimsoll_risk::market::Market;
use plimsoll_risk::params::{AssetId, AssetParams};
use plimsoll_risk::units::{Amount, Index, Price, Rate, Ratio, ScaledDebt, SupplyShares, Value};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::setup::Config;
use super::subject::AccountKey;
use crate::ownership::Ownership;

/// Settings, owner and roles.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct ConfigResponse {
    /// The settings.
    pub config: Config,
    /// Who owns the pool.
    pub ownership: Ownership,
    /// Who may tighten.
    pub risk_manager: Option<String>,
    /// Who may stop.
    pub guardian: Option<String>,
    /// The oracle that was announced, and when it can take over, in seconds.
    pub proposed_oracle: Option<(String, u64)>,
}

/// A market. `stored` with `params` is all that is needed to follow it without asking again; the rest is derived at
/// this block.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct MarketResponse {
    /// The number under which account records name it.
    pub asset: AssetId,
    /// Its parameters.
    pub params: AssetParams,
    /// The ledger as stored, interest not added since `stored.updated_at`.
    pub stored: Market,
    /// The borrow index at this block.
    pub borrow_index: Index,
    /// What borrowers owe; the largest amount where that can't be computed.
    pub debt: Amount,
    /// What belongs to suppliers; 0 where that can't be computed.
    pub supply: Amount,
    /// The protocol's part.
    pub reserves: Amount,
    /// The liquidation threshold in force.
    pub liquidation_threshold: Ratio,
    /// What is owed against this asset while it is isolated, of each denom that has a ceiling.
    pub isolated_debts: Vec<IsolatedDebt>,
    /// What its outflow limit allows, if it has one.
    pub outflow: Option<OutflowStatus>,
}

/// What is owed of one asset against an isolated other one.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct IsolatedDebt {
    /// The asset that is owed.
    pub debt: AssetId,
    /// All of it, as its ceiling counts it.
    pub scaled: ScaledDebt,
}

/// A market's outflow limit at this block, in base units.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutflowStatus {
    /// The limit, rounded down: a share of the supply that was there at the end of the last second in which the market
    /// was touched.
    pub limit: Amount,
    /// What has left and is not free again, rounded up.
    pub used: Amount,
    /// The most that may be withdrawn.
    pub free: Amount,
}

/// A page of markets.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct MarketsResponse {
    /// In the order in which they were listed.
    pub markets: Vec<MarketResponse>,
}

/// What a market pays and asks.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct RatesResponse {
    /// How much of the supply is lent out, rounded up.
    pub utilization: Ratio,
    /// What borrowers pay a year, rounded up.
    pub borrow_rate: Rate,
    /// What suppliers earn a year, rounded down.
    pub liquidity_rate: Rate,
}

/// An account in amounts, values and health.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct UserPositionResponse {
    /// What it supplied.
    pub collaterals: Vec<UserCollateral>,
    /// What it owes.
    pub debts: Vec<UserDebt>,
    /// All deposits at what liquidation counts, rounded down: the high end of settled price and last observation.
    pub collateral_value: Value,
    /// Adjusted collateral: what enabled deposits count, each times its liquidation threshold. Liquidation begins where
    /// the weighted debt exceeds it.
    pub adjusted_collateral_value: Value,
    /// All debts at what liquidation counts, rounded up: the low end of settled price and last observation.
    pub debt_value: Value,
    /// The same, each times its borrow weight: what adjusted collateral is compared with.
    pub weighted_debt_value: Value,
    /// What may be borrowed in all at the low edge of prices, where a silent collateral counts nothing; `None` while a
    /// debt is silent.
    pub borrow_limit_value: Option<Value>,
    /// Adjusted collateral / weighted debt, rounded down; `None` without debt.
    pub health_factor: Option<Ratio>,
    /// Whether it may be liquidated: its health factor is below 1 and no grace after a halt spares it.
    pub liquidatable: bool,
}

/// A deposit.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct UserCollateral {
    /// Which token.
    pub denom: String,
    /// The claim.
    pub shares: SupplyShares,
    /// What it is worth, rounded down.
    pub amount: Amount,
    /// Whether it counts toward health.
    pub enabled: bool,
    /// The price of this token at which the account becomes liquidatable, all else unchanged; `None` when none decides.
    pub liquidation_price: Option<Price>,
}

/// A debt.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct UserDebt {
    /// Which token.
    pub denom: String,
    /// What is owed, rounded up.
    pub amount: Amount,
    /// The price of this token above which the account becomes liquidatable, all else unchanged; `None` when none
    /// decides.
    pub liquidation_price: Option<Price>,
}

/// What an account owes.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct UserDebtsResponse {
    /// At most eight.
    pub debts: Vec<UserDebt>,
}

/// What an account supplied.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct UserCollateralsResponse {
    /// At most eight.
    pub collaterals: Vec<UserCollateral>,
}

/// An account's record.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct AccountRecord {
    /// Whose it is.
    pub key: AccountKey,
    /// Its slots.
    pub account: Account,
}

/// A page of records.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct AccountsResponse {
    /// By owner and account_id, or in the order asked for.
    pub accounts: Vec<AccountRecord>,
}

/// A page of judged borrowers.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct LiquidatableResponse {
    /// Those below health factor 1.
    pub accounts: Vec<LiquidatableAccount>,
    /// Those that could not be judged.
    pub faults: Vec<AccountKey>,
    /// Where to go on; `None` when every borrower after `start_after` was judged.
    pub next: Option<AccountKey>,
}

/// An account below health factor 1.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct LiquidatableAccount {
    /// Whose it is.
    pub key: AccountKey,
    /// Its health factor, rounded down.
    pub health_factor: Ratio,
    /// Its debt.
    pub debt_value: Value,
}

/// What a `liquidate` would do.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct SimulateLiquidationResponse {
    /// What is repaid, seized and kept as fee.
    pub liquidation: Liquidation,
    /// What of the coin comes back.
    pub refund: Amount,
    /// What the liquidator gets, in base units of the collateral.
    pub receive: Amount,
    /// How much of it is paid in tokens; the rest, where it is allowed, as shares.
    pub payable: Amount,
    /// The health factor afterwards; `None` without debt, or when what is left is written off.
    pub health_factor_after: Option<Ratio>,
    /// Whether the rest of the debt is written off in the same transaction.
    pub written_off: bool,
}

/// An amount in base units.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct MaxAmountResponse {
    /// The most that works at this block; 0 when nothing does.
    pub amount: Amount,
}

/// A market's books against the bank: `supply = cash + lent + debt − reserves`, and `bank_balance ≥ cash`.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct SolvencyResponse {
    /// What the bank says the pool has.
    pub bank_balance: Amount,
    /// What the pool counted.
    pub cash: Amount,
    /// Flash loans open; 0 between transactions.
    pub lent: Amount,
    /// What borrowers owe.
    pub debt: Amount,
    /// The protocol's part.
    pub reserves: Amount,
    /// What belongs to suppliers.
    pub supply: Amount,
    /// What the shares that exist can claim, rounded down.
    pub claims: Amount,
    /// Whether the bank covers the cash and the supply covers the claims.
    pub solvent: bool,
}

/// An announced withdrawal of reserves.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct ReservesRequestResponse {
    /// What was announced; `None` when nothing is.
    pub request: Option<ReservesRequest>,
}

/// An announced withdrawal of reserves.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct ReservesRequest {
    /// How much in all, what is paid already and what is still to come: what was announced, less what was written off
    /// since.
    pub amount: Amount,
    /// Who receives it.
    pub recipient: String,
    /// When the first of seven daily parts can be paid, in seconds; all for a week from then on.
    pub effective_at: u64,
    /// The share of the debt that had to stay when it was announced; the larger of that and the present one must.
    pub floor: Ratio,
    /// What of it is paid.
    pub paid: Amount,
}
