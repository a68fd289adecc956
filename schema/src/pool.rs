//! The pool's interface. Names are those of Mars red-bank where the meaning is the same.

mod amount;
mod asset;
mod execute;
mod operator;
mod query;
mod receiver;
mod response;
mod setup;
mod subject;

pub use amount::AmountOrMax;
pub use asset::{AssetChanges, Ceiling, NewAsset, OutflowChange};
pub use execute::{
    BATCH_MAX, BatchAction, Beneficiary, Borrow, CollateralStatus, ExecuteMsg, FromPurse, LIQUIDATION_ITEMS_MAX,
    LiquidateBatch, LiquidateItem, LiquidationItem, LoanId, OnBehalf, Receive, TransferShares, Withdraw,
};
pub use operator::{Expiry, OPERATORS_DEFAULT, OPERATORS_LIMIT, Operator, OperatorsResponse, Scope, SetOperator};
pub use query::{ACCOUNTS_DEFAULT, ACCOUNTS_LIMIT, AccountsPage, MARKETS_DEFAULT, MARKETS_LIMIT, QueryMsg};
pub use receiver::{BatchReceiver, FlashLoanReceiver};
pub use response::{
    AccountRecord, AccountsResponse, ConfigResponse, IsolatedDebt, LiquidatableAccount, LiquidatableResponse,
    MarketResponse, MarketsResponse, MaxAmountResponse, OutflowStatus, RatesResponse, ReservesRequest,
    ReservesRequestResponse, SimulateLiquidationResponse, SolvencyResponse, UserCollateral, UserCollateralsResponse,
    UserDebt, UserDebtsResponse, UserPositionResponse,
};
pub use setup::{Config, InstantiateMsg, MigrateMsg};
pub use subject::{AccountKey, Listed, UserAccount, UserAsset};

use crate::compact::CompactItem;

/// Until when liquidation waits as in the grace after a halt, in seconds: another oracle took over from one that was
/// halted. To be read raw.
pub const SPARED_UNTIL: CompactItem<u64> = CompactItem::new("g");

crate::objects_only!(InstantiateMsg, ExecuteMsg, QueryMsg);
