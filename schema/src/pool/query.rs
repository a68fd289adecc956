//! What may be asked about.

use cosmwasm_std::Coin;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::execute::BatchAction;
#[cfg(doc)]
use super::execute::ExecuteMsg;
#[cfg(doc)]
use super::operator::{OPERATORS_DEFAULT, OPERATORS_LIMIT, OperatorsResponse};
#[cfg(doc)]
use super::response::{
    AccountsResponse, ConfigResponse, LiquidatableResponse, MarketResponse, MarketsResponse, MaxAmountResponse,
    RatesResponse, ReservesRequestResponse, SimulateLiquidationResponse, SolvencyResponse, UserCollateralsResponse,
    UserDebtsResponse, UserPositionResponse,
};
use super::subject::{AccountKey, Listed, UserAccount, UserAsset};

/// The most accounts on one page of `borrowers`, `liquidatable` and `accounts`.
pub const ACCOUNTS_LIMIT: u32 = 1_000;
/// What a page of accounts has when no limit is named.
pub const ACCOUNTS_DEFAULT: u32 = 100;
/// The most markets on one page.
pub const MARKETS_LIMIT: u32 = 30;
/// What a page of markets has when no limit is named.
pub const MARKETS_DEFAULT: u32 = 10;

/// A page of accounts with debt, by owner and account_id.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct AccountsPage {
    /// The account after which to go on: the last of the page before, or its `next`.
    pub start_after: Option<AccountKey>,
    /// How many to look at, at most [`ACCOUNTS_LIMIT`]; [`ACCOUNTS_DEFAULT`] when left out.
    pub limit: Option<u32>,
}

/// What may be asked about. Each answer comes from the very code that execution runs, with interest added to this
/// block.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(remote = "Self", rename_all = "snake_case", deny_unknown_fields)]
pub enum QueryMsg {
    /// Settings, owner and roles. Answer: [`ConfigResponse`].
    Config {},
    /// One market. Answer: [`MarketResponse`].
    Market(Listed),
    /// All markets, in the order in which they were listed. Answer: [`MarketsResponse`].
    Markets {
        /// The last denom of the page before.
        start_after: Option<String>,
        /// At most [`MARKETS_LIMIT`].
        limit: Option<u32>,
    },
    /// What a market pays and asks at this moment. Answer: [`RatesResponse`].
    Rates(Listed),
    /// An account in amounts, values and health. Answer: [`UserPositionResponse`].
    UserPosition(UserAccount),
    /// What an account owes. Answer: [`UserDebtsResponse`].
    UserDebts(UserAccount),
    /// What an account supplied. Answer: [`UserCollateralsResponse`].
    UserCollaterals(UserAccount),
    /// Who may act on an account beside its owner, by address. Answer: [`OperatorsResponse`].
    Operators {
        /// The account's owner.
        user: String,
        /// Which of their accounts; 0 when left out.
        account_id: Option<u32>,
        /// The last operator of the page before.
        start_after: Option<String>,
        /// At most [`OPERATORS_LIMIT`]; [`OPERATORS_DEFAULT`] when left out.
        limit: Option<u32>,
    },
    /// The records of all accounts with debt, by owner and account_id. Answer: [`AccountsResponse`].
    Borrowers(AccountsPage),
    /// The records of these accounts, those that exist. Answer: [`AccountsResponse`].
    Accounts {
        /// At most [`ACCOUNTS_LIMIT`].
        keys: Vec<AccountKey>,
    },
    /// Judges a page of borrowers and names those below health factor 1. Answer: [`LiquidatableResponse`].
    Liquidatable(AccountsPage),
    /// What a `liquidate` would do at this block. Answer: [`SimulateLiquidationResponse`].
    SimulateLiquidation {
        /// The account's owner.
        user: String,
        /// Which of their accounts.
        account_id: Option<u32>,
        /// What to take.
        collateral_denom: String,
        /// The coin that would be sent.
        repay: Coin,
        /// As [`ExecuteMsg::Liquidate`]'s; no when left out.
        allow_shares: Option<bool>,
    },
    /// An account of the sender's after a `batch` of theirs at this block, or the error with which the batch would fail. Its purse
    /// holds what `deposit` and `repay` name. Answer: [`UserPositionResponse`].
    Simulate {
        /// Who would send the batch.
        user: String,
        /// Which of their accounts is answered; 0 when left out. The actions name their own.
        account_id: Option<u32>,
        /// As [`ExecuteMsg::Batch`]'s.
        actions: Vec<BatchAction>,
    },
    /// The most that an account can borrow of a token at this block. Answer: [`MaxAmountResponse`].
    MaxBorrow(UserAsset),
    /// The most that an account can withdraw of a token at this block. Answer: [`MaxAmountResponse`].
    MaxWithdraw(UserAsset),
    /// Whether a market's books balance with the bank. Answer: [`SolvencyResponse`].
    Solvency(Listed),
    /// An announced withdrawal of reserves. Answer: [`ReservesRequestResponse`].
    ReservesRequest(Listed),
}
