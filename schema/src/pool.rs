//! The pool's interface. Names are those of Mars red-bank where the meaning is the same.

use cosmwasm_std::{Binary, Coin};
use plimsoll_risk::account::Account;
use plimsoll_risk::heartbeat::HaltGrace;
use plimsoll_risk::liquidation::{Liquidation, LiquidationTerms};
use plimsoll_risk::market::Market;
use plimsoll_risk::params::{
    AssetId, AssetParams, BonusCurve, MAX_BORROW_UTILIZATION_DEFAULT, Ramp, SALE_COST_DEFAULT, Switches,
};
use plimsoll_risk::rates::RateModel;
use plimsoll_risk::units::{Amount, Index, Price, Rate, Ratio, SupplyShares, Value};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::compact::CompactItem;
use crate::ownership::{OwnerUpdate, Ownership};

/// The most accounts on one page of `borrowers`, `liquidatable` and `accounts`.
pub const ACCOUNTS_LIMIT: u32 = 1_000;
/// What a page of accounts has when no limit is named.
pub const ACCOUNTS_DEFAULT: u32 = 100;
/// The most markets on one page.
pub const MARKETS_LIMIT: u32 = 30;
/// What a page of markets has when no limit is named.
pub const MARKETS_DEFAULT: u32 = 10;

/// Until when liquidation waits as in the grace after a halt, in seconds: another oracle took over from one that was halted. To be read raw.
pub const SPARED_UNTIL: CompactItem<u64> = CompactItem::new("g");

/// Sets the pool up.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct InstantiateMsg {
    /// Who lists assets and sets parameters.
    pub owner: String,
    /// Who may tighten them; nobody when left out.
    pub risk_manager: Option<String>,
    /// Who may stop deposits and borrowing; nobody when left out.
    pub guardian: Option<String>,
    /// The settings.
    pub config: Config,
}

/// What holds for the whole pool.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The oracle contract.
    pub oracle: String,
    /// Where a liquidation leaves an account, and what counts as dust.
    pub liquidation: LiquidationTerms,
    /// The least that a debt may be worth after a borrow, per denom; above the dust value.
    pub min_debt_value: Value,
    /// Seconds between asking for reserves and taking them; at least a day.
    pub reserves_delay: u64,
    /// Seconds between announcing another oracle and changing to it; at most thirty days. 0 where the owner is a timelock.
    pub oracle_delay: u64,
    /// Whom liquidation spares for a while after the oracle was halted; a gap of 0 and a grace of 0 is off.
    pub halt_grace: HaltGrace,
}

/// What may be asked of the pool.
///
/// `account_id` is 0 when left out. `deposit`, `repay`, `liquidate`, `repay_flash_loan` and `cover` take exactly one coin,
/// `batch`, `liquidate_batch` without a callback and `repay_batch` any number of different ones; every other message
/// takes none.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(remote = "Self", rename_all = "snake_case", deny_unknown_fields)]
pub enum ExecuteMsg {
    /// Supplies the attached coin. A first deposit counts as collateral, unless the account owes that denom. Nobody opens a slot in
    /// another's account.
    Deposit(OnBehalf),
    /// Takes a deposit out. Checked against max LTV when the account has debt.
    Withdraw(Withdraw),
    /// Borrows against the account's collateral, within max LTV and the market's `max_borrow_utilization`. Interest of
    /// a minute is owed at once, rounded down. A deposit of the same denom stops counting as collateral.
    Borrow(Borrow),
    /// Repays with the attached coin. What it clears is rounded down, what is taken for that is rounded up, and the
    /// rest is returned to the sender.
    Repay(OnBehalf),
    /// Lets a deposit count as collateral or not.
    UpdateAssetCollateralStatus(CollateralStatus),
    /// Repays a debt of an account below health factor 1 with the attached coin and takes collateral for it, with a bonus. Coins
    /// that are not needed are returned to the sender. Refused where both are of one denom: that is for `set_off`.
    Liquidate {
        /// The account's owner; not the sender, nor the recipient.
        user: String,
        /// Which of his accounts.
        account_id: Option<u32>,
        /// What to take.
        collateral_denom: String,
        /// Who receives it; the sender when left out. Another than the sender receives shares only into a slot that he has.
        recipient: Option<String>,
        /// As what; underlying when left out: the liquidation is then sized by the cash of the collateral's market.
        receive: Option<Receive>,
        /// Whether underlying that the market can't pay is taken as shares instead; no when left out.
        allow_shares: Option<bool>,
        /// Fail unless the recipient gets at least this much, in base units of the collateral; shares count with what they are worth.
        min_receive: Option<Amount>,
    },
    /// Many liquidations and write-offs in one message: see [`LiquidateBatch`].
    LiquidateBatch(LiquidateBatch),
    /// Brings what a batch's callback is to bring, all of it and nothing else, as the attached coins; by the contract that was called back.
    RepayBatch(LoanId),
    /// The pool itself, after a batch's callback: fails unless the batch is repaid, and the accounts of a `batch` are within max LTV.
    FinishBatch(LoanId),
    /// Writes off what an account owes and can't pay: its collateral below the dust value is swept to reserves, and reserves,
    /// then suppliers, bear the debt.
    WriteOff(UserAccount),
    /// Anyone: has an account's deposit of a denom pay its debt in the same denom, as far as it goes, when the account
    /// is below health factor 1. No coins move and nobody earns by it. A rest of debt that nothing of value stands
    /// against is written off in the same transaction.
    SetOff(UserAsset),
    /// Several actions on the sender's own accounts, in order, all or none. `deposit` and `repay` take their coin from one purse, the
    /// attached funds, and what is left of it is returned. What is withdrawn and borrowed is paid out at the end and does not go into the purse.
    /// Every account whose borrowing power fell or whose debt rose is checked against max LTV at the end.
    Batch {
        /// At most [`BATCH_MAX`].
        actions: Vec<BatchAction>,
        /// With it, the sender, a contract, is paid and then called back with [`BatchReceiver`], which carries this. What the purse lacks for
        /// `deposit` and `repay` it brings with `repay_batch` by the end of that call; health is checked after it. Until then no other
        /// message acts on these accounts, and `batch` is refused. No denom is paid out that is to be brought.
        callback: Option<Binary>,
    },
    /// Lends coins for the length of this call. The sender, a contract, is called back with [`FlashLoanReceiver`], and the whole fails
    /// unless it repays the loan with its fee by then. Several loans may be open at once.
    FlashLoan {
        /// What is lent.
        coin: Coin,
        /// What the callback carries, untouched.
        msg: Binary,
    },
    /// Repays a flash loan with its fee, with the attached coin; by the contract that opened it. What is too much is returned.
    RepayFlashLoan(LoanId),
    /// Anyone: fails while this flash loan is open. The pool sends it to itself after the callback.
    AssertFlashLoanRepaid(LoanId),
    /// Gives the attached coin away, for nothing in return.
    Cover {
        /// Who has it; reserves when left out.
        beneficiary: Option<Beneficiary>,
    },
    /// Owner: lists an asset. The oracle must price it.
    InitAsset {
        /// The parameters, the denom among them.
        params: NewAsset,
    },
    /// Owner: changes an asset's parameters. Risk manager: only caps, max LTV and `max_borrow_utilization` downwards,
    /// and the threshold downwards.
    UpdateAsset {
        /// Which token.
        denom: String,
        /// What changes; what is left out stays.
        changes: AssetChanges,
    },
    /// Guardian or owner: stops deposits, borrowing or flash loans, in one market or in all.
    Pause {
        /// Which market; all when left out.
        denom: Option<String>,
        /// Stop deposits. Enabled collateral of an indebted account can still be topped up.
        deposit: bool,
        /// Stop new debt.
        borrow: bool,
        /// Stop flash loans.
        flash_loan: bool,
    },
    /// Owner: opens what is named in a market again; the rest stays as it is.
    Unpause {
        /// Which market.
        denom: String,
        /// Take deposits.
        deposit: bool,
        /// Give new debt.
        borrow: bool,
        /// Give flash loans.
        flash_loan: bool,
    },
    /// Owner: replaces the settings; the oracle among them stays as it is.
    UpdateConfig {
        /// All of them.
        config: Config,
    },
    /// Owner: changes the oracle. The first call announces it; the same call again, once `oracle_delay` has passed and within a week from
    /// then, does it. By then the new oracle must know a price of every listed asset. Without a delay the first call does it.
    UpdateOracle {
        /// The new oracle.
        oracle: String,
    },
    /// Owner: replaces the roles; `None` leaves a role to nobody.
    UpdateRoles {
        /// Who may tighten.
        risk_manager: Option<String>,
        /// Who may stop.
        guardian: Option<String>,
    },
    /// Hands the contract over.
    UpdateOwner(OwnerUpdate),
    /// Owner: announces a withdrawal of reserves that are there; one per market at a time, a new one replaces the old.
    /// Every debt that is written off in the market from then on lowers it by as much. It is paid in seven daily parts
    /// and expires a week after the first could be paid.
    RequestReserves {
        /// Which token.
        denom: String,
        /// How much.
        amount: Amount,
        /// Who receives it.
        recipient: String,
    },
    /// Owner: takes the announcement back.
    CancelReserves(Listed),
    /// Anyone: pays what is due of announced reserves and not yet paid, to whom the announcement names: once the delay has
    /// passed a seventh, and another each day after. The floor stays in.
    WithdrawReserves(Listed),
}

crate::objects_only!(InstantiateMsg, ExecuteMsg, QueryMsg);

// Fields that several messages have in common stand in a type of their own: each type is read by code of its own, a kilobyte and more.

/// Which account a coin is for.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct OnBehalf {
    /// Which of the owner's accounts.
    pub account_id: Option<u32>,
    /// Whose account; the sender's when left out.
    pub on_behalf_of: Option<String>,
}

/// What is withdrawn.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Withdraw {
    /// Which token.
    pub denom: String,
    /// How much; `None` is all that can be paid: the whole claim, or all the cash when that is less.
    pub amount: Option<Amount>,
    /// Who receives it; the sender when left out.
    pub recipient: Option<String>,
    /// Which of the sender's accounts.
    pub account_id: Option<u32>,
}

/// What is borrowed.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Borrow {
    /// Which token.
    pub denom: String,
    /// How much.
    pub amount: Amount,
    /// Who receives it; the sender when left out.
    pub recipient: Option<String>,
    /// Which of the sender's accounts.
    pub account_id: Option<u32>,
}

/// Whether a deposit counts as collateral.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct CollateralStatus {
    /// Which token.
    pub denom: String,
    /// Whether it counts.
    pub enable: bool,
    /// Which of the sender's accounts.
    pub account_id: Option<u32>,
}

/// A coin of a batch's purse.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct FromPurse {
    /// How much of what.
    pub coin: Coin,
    /// For which of the sender's accounts.
    pub account_id: Option<u32>,
}

/// An account.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct UserAccount {
    /// The account's owner.
    pub user: String,
    /// Which of his accounts; 0 when left out.
    pub account_id: Option<u32>,
}

/// A token in an account.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct UserAsset {
    /// The account's owner.
    pub user: String,
    /// Which of his accounts; 0 when left out.
    pub account_id: Option<u32>,
    /// Which token.
    pub denom: String,
}

/// The most items of one [`LiquidateBatch`]: with 20,000 gas each they stay below the smallest block gas limits in use, and what the
/// pool holds in memory for them stays below a megabyte.
pub const LIQUIDATION_ITEMS_MAX: usize = 250;

/// Liquidations and write-offs, one after another. Each finds what the items before it left; one that fails changes nothing, and
/// stands in its event with its reason. Prices are those that are published: no live source is asked. What is repaid, seized and
/// returned moves in one payment a recipient.
///
/// Without a callback the attached coins pay, of any number of denoms; what is seized pays for nothing, and what is left is returned.
/// With a callback no coin is attached: the sender, a contract, is paid what was seized, called back with [`BatchReceiver`], and brings
/// what was repaid with `repay_batch` by the end of that call, or the whole fails. That takes no fee, no flash loan, and no cash of the
/// debts' markets. There is no callback where nothing was repaid.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct LiquidateBatch {
    /// 1 to [`LIQUIDATION_ITEMS_MAX`]; an account may come several times.
    pub items: Vec<LiquidationItem>,
    /// Who receives what is seized; the sender when left out. Another than the sender receives shares only into a slot that they have.
    pub recipient: Option<String>,
    /// As what; underlying when left out: each item is then sized by the cash of the collateral's market at that item.
    pub receive: Option<Receive>,
    /// Whether underlying that a market can't pay is taken as shares instead; no when left out. Refused with a callback, as is
    /// [`Receive::Shares`].
    pub allow_shares: Option<bool>,
    /// The whole fails when fewer items succeed; 1 when left out. An item that the cash or the purse bounds succeeds with whatever
    /// little it brings: `min_receive` guards against that.
    pub min_success: Option<u32>,
    /// What the callback carries, untouched; no callback when left out.
    pub callback: Option<Binary>,
}

/// One piece of work of a [`LiquidateBatch`].
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum LiquidationItem {
    /// As [`ExecuteMsg::Liquidate`].
    Liquidate(LiquidateItem),
    /// As [`ExecuteMsg::WriteOff`].
    WriteOff(UserAccount),
}

/// A liquidation among others.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct LiquidateItem {
    /// The account's owner; not the sender, nor the recipient.
    pub user: String,
    /// Which of the owner's accounts; 0 when left out.
    pub account_id: Option<u32>,
    /// What to take.
    pub collateral_denom: String,
    /// What to repay.
    pub debt_denom: String,
    /// The most to repay; when left out, all that is left of the attached coin, or all of the debt with a callback.
    pub max_repay: Option<Amount>,
    /// The item fails when it yields less, in base units of the collateral; shares count with what they are worth.
    pub min_receive: Option<Amount>,
}

/// What the pool sends to a contract whose `liquidate_batch` or `batch` asked for a callback. Accept it from the pool only: the pool calls
/// back nobody but the sender of such a message.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum BatchReceiver {
    /// `received` is paid. Bring `repay` with `repay_batch{id}` before this call ends; where it is empty, nothing is to be brought.
    BatchCallback {
        /// Which batch.
        id: u64,
        /// What to bring, all of it in one message, sorted by denom.
        repay: Vec<Coin>,
        /// What was paid to the recipients together, sorted by denom.
        received: Vec<Coin>,
        /// What was asked to be passed on.
        msg: Binary,
    },
}

/// A listed token.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Listed {
    /// Its denom.
    pub denom: String,
}

/// A flash loan, or a batch with a callback. They are counted together.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct LoanId {
    /// Which.
    pub id: u64,
}

/// A page of accounts with debt, by owner and account_id.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct AccountsPage {
    /// The account after which to go on: the last of the page before, or its `next`.
    pub start_after: Option<AccountKey>,
    /// How many to look at, at most [`ACCOUNTS_LIMIT`]; [`ACCOUNTS_DEFAULT`] when left out.
    pub limit: Option<u32>,
}

/// The most actions in one batch.
pub const BATCH_MAX: usize = 16;

/// One action of a batch, on an account of the sender's.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum BatchAction {
    /// As [`ExecuteMsg::Deposit`], with a coin from the purse.
    Deposit(FromPurse),
    /// As [`ExecuteMsg::Withdraw`].
    Withdraw(Withdraw),
    /// As [`ExecuteMsg::Borrow`].
    Borrow(Borrow),
    /// As [`ExecuteMsg::Repay`], with a coin from the purse. What exceeds the debt stays in the purse.
    Repay(FromPurse),
    /// As [`ExecuteMsg::UpdateAssetCollateralStatus`].
    UpdateAssetCollateralStatus(CollateralStatus),
}

/// What the pool sends to a contract that asked for a flash loan. Accept it from the pool only, and only for a loan that you opened in this
/// very call.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum FlashLoanReceiver {
    /// The coin is here. Repay `coin + fee` with `repay_flash_loan{id}` before this call ends.
    FlashLoanCallback {
        /// Which loan.
        id: u64,
        /// What was lent.
        coin: Coin,
        /// What it costs, in the same denom.
        fee: Amount,
        /// What was asked to be passed on.
        msg: Binary,
    },
}

/// Who has what is given away.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Beneficiary {
    /// The market's reserves: they bear losses before suppliers do.
    #[default]
    Reserves,
    /// The market's suppliers: their shares are worth more. Refused where there are none.
    Suppliers,
}

/// As what a liquidator takes the collateral.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Receive {
    /// Tokens, as far as the market can pay them at this moment.
    #[default]
    Underlying,
    /// Supply shares.
    Shares,
}

/// An asset to be listed.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct NewAsset {
    /// The token's denom in the bank.
    pub denom: String,
    /// The decimals of the whole token; never changed later.
    pub decimals: u8,
    /// How much may be borrowed against a unit of value.
    pub max_loan_to_value: Ratio,
    /// How much debt a unit of value carries before liquidation begins.
    pub liquidation_threshold: Ratio,
    /// The liquidator's bonus when this asset is seized.
    pub liquidation_bonus: BonusCurve,
    /// The protocol's share of what that bonus exceeds `sale_cost` by.
    pub protocol_liquidation_fee: Ratio,
    /// The reserves' share of interest.
    pub reserve_factor: Ratio,
    /// The share of the debt that must stay in reserves when some are withdrawn.
    pub reserve_floor: Ratio,
    /// The most that suppliers may hold together.
    pub supply_cap: Amount,
    /// The most that borrowers may owe together.
    pub borrow_cap: Amount,
    /// The share of a flash loan that it costs, to reserves.
    pub flash_loan_fee: Ratio,
    /// How the borrow rate follows utilization.
    pub rate_model: RateModel,
    /// What selling a unit of the asset costs, at most the least bonus; [`SALE_COST_DEFAULT`] when left out, or the
    /// least bonus when that is less.
    pub sale_cost: Option<Ratio>,
    /// The most of the supply that may be lent out after a borrow; [`MAX_BORROW_UTILIZATION_DEFAULT`] when left out, 1
    /// is no limit.
    pub max_borrow_utilization: Option<Ratio>,
}

impl NewAsset {
    /// The parameters of the new market, with everything open.
    pub fn into_params(self) -> AssetParams {
        let sale_cost = self.sale_cost.unwrap_or(SALE_COST_DEFAULT.min(self.liquidation_bonus.min));
        AssetParams {
            denom: self.denom,
            decimals: self.decimals,
            max_loan_to_value: self.max_loan_to_value,
            liquidation_threshold: Ramp::flat(self.liquidation_threshold),
            liquidation_bonus: self.liquidation_bonus,
            protocol_liquidation_fee: self.protocol_liquidation_fee,
            reserve_factor: self.reserve_factor,
            reserve_floor: self.reserve_floor,
            supply_cap: self.supply_cap,
            borrow_cap: self.borrow_cap,
            flash_loan_fee: self.flash_loan_fee,
            rate_model: self.rate_model,
            enabled: Switches { deposit: true, borrow: true, flash_loan: true },
            sale_cost,
            max_borrow_utilization: self.max_borrow_utilization.unwrap_or(MAX_BORROW_UTILIZATION_DEFAULT),
        }
    }
}

/// Changes to an asset. What is `None` stays.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct AssetChanges {
    /// How much may be borrowed against a unit of value.
    pub max_loan_to_value: Option<Ratio>,
    /// The liquidation threshold. Up at once, down over `ramp_seconds`.
    pub liquidation_threshold: Option<Ratio>,
    /// How long the threshold takes to fall; when left out the minimum: three days, and in proportion more for more than 20 points.
    pub ramp_seconds: Option<u64>,
    /// The liquidator's bonus.
    pub liquidation_bonus: Option<BonusCurve>,
    /// The protocol's share of it.
    pub protocol_liquidation_fee: Option<Ratio>,
    /// The reserves' share of interest.
    pub reserve_factor: Option<Ratio>,
    /// The share of the debt that must stay in reserves.
    pub reserve_floor: Option<Ratio>,
    /// The most that suppliers may hold together.
    pub supply_cap: Option<Amount>,
    /// The most that borrowers may owe together.
    pub borrow_cap: Option<Amount>,
    /// The share of a flash loan that it costs.
    pub flash_loan_fee: Option<Ratio>,
    /// How the borrow rate follows utilization.
    pub rate_model: Option<RateModel>,
    /// What selling a unit of the asset costs.
    pub sale_cost: Option<Ratio>,
    /// The most of the supply that may be lent out after a borrow.
    pub max_borrow_utilization: Option<Ratio>,
}

/// An account's name in pages and lists.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[serde(deny_unknown_fields)]
pub struct AccountKey {
    /// The owner's address.
    pub owner: String,
    /// Which of his accounts.
    pub account_id: u32,
}

/// What may be asked about. Each answer comes from the very code that execution runs, with interest added to this block.
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
        /// Which of his accounts.
        account_id: Option<u32>,
        /// What to take.
        collateral_denom: String,
        /// The coin that would be sent.
        repay: Coin,
        /// As [`ExecuteMsg::Liquidate`]'s; no when left out.
        allow_shares: Option<bool>,
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

/// A market. `stored` with `params` is all that is needed to follow it without asking again; the rest is derived at this block.
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
    /// The debt that enabled deposits carry before liquidation begins.
    pub carried_value: Value,
    /// All debts at what liquidation counts, rounded up: the low end of settled price and last observation.
    pub debt_value: Value,
    /// What may be borrowed in all at the low edge of prices, where a silent collateral counts nothing; `None` while a debt is silent.
    pub borrow_limit_value: Option<Value>,
    /// `carried / debt`, rounded down; `None` without debt.
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
    /// The price of this token above which the account becomes liquidatable, all else unchanged; `None` when none decides.
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

/// A new code version takes over. Refused from another contract's state and to an older version.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct MigrateMsg {}
