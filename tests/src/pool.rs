//! What is done with the pool. Amounts are base units; an actor's account is 0 unless named, `(ALICE, 3)`.

use cosmwasm_std::{Coin, Empty, coin};
use cw_multi_test::{AppResponse, Contract, ContractWrapper};
use plimsoll_pool::contract;
use plimsoll_risk::account::Account;
use plimsoll_risk::units::{Amount, Ratio};
use plimsoll_schema::pool::{
    ACCOUNTS_LIMIT, AccountKey, AccountRecord, AccountsPage, AccountsResponse, AssetChanges, BatchAction, Beneficiary,
    Borrow, CollateralStatus, ConfigResponse, ExecuteMsg, Expiry, LiquidatableAccount, LiquidatableResponse,
    LiquidateBatch, LiquidateItem, LiquidationItem, Listed, MARKETS_LIMIT, MarketResponse, MarketsResponse,
    MaxAmountResponse, OnBehalf, QueryMsg, RatesResponse, Scope, SetOperator, SimulateLiquidationResponse,
    SolvencyResponse, UserAccount, UserAsset, UserPositionResponse, Withdraw,
};
use serde::de::DeserializeOwned;

use crate::actor::{Actor, OWNER};
use crate::error::WorldError;
use crate::world::World;

/// The pool's code.
pub fn pool_code() -> Box<dyn Contract<Empty>> {
    let code = ContractWrapper::new(contract::execute, contract::instantiate, contract::query);
    Box::new(code.with_migrate(contract::migrate))
}

/// Messages.
impl World {
    /// Sends a message to the pool.
    pub fn execute(
        &mut self,
        sender: impl Into<Actor>,
        msg: &ExecuteMsg,
        funds: &[Coin],
    ) -> Result<AppResponse, WorldError> {
        let pool = self.pool.clone();
        self.execute_contract(sender, &pool, msg, funds)
    }

    /// Supplies to the actor's own account.
    pub fn deposit(&mut self, who: impl Into<Actor>, denom: &str, amount: u128) -> Result<AppResponse, WorldError> {
        let who = who.into();
        let msg = ExecuteMsg::Deposit(OnBehalf { account_id: who.id(), on_behalf_of: None });
        self.execute(who, &msg, &[coin(amount, denom)])
    }

    /// Takes a deposit out.
    pub fn withdraw(&mut self, who: impl Into<Actor>, denom: &str, amount: u128) -> Result<AppResponse, WorldError> {
        self.take_out(who.into(), denom, Some(Amount::new(amount)))
    }

    /// Takes out all that can be paid.
    pub fn withdraw_all(&mut self, who: impl Into<Actor>, denom: &str) -> Result<AppResponse, WorldError> {
        self.take_out(who.into(), denom, None)
    }

    fn take_out(&mut self, who: Actor, denom: &str, amount: Option<Amount>) -> Result<AppResponse, WorldError> {
        let account_id = who.id();
        let msg = ExecuteMsg::Withdraw(Withdraw {
            denom: denom.to_owned(),
            amount: amount.map(Into::into),
            recipient: None,
            account_id,
            on_behalf_of: None,
        });
        self.execute(who, &msg, &[])
    }

    /// Borrows on the actor's own account.
    pub fn borrow(&mut self, who: impl Into<Actor>, denom: &str, amount: u128) -> Result<AppResponse, WorldError> {
        let who = who.into();
        let amount = Amount::new(amount);
        let account_id = who.id();
        let msg = ExecuteMsg::Borrow(Borrow {
            denom: denom.to_owned(),
            amount: amount.into(),
            recipient: None,
            account_id,
            on_behalf_of: None,
        });
        self.execute(who, &msg, &[])
    }

    /// Repays the actor's own debt. What is too much comes back.
    pub fn repay(&mut self, who: impl Into<Actor>, denom: &str, amount: u128) -> Result<AppResponse, WorldError> {
        let who = who.into();
        let msg = ExecuteMsg::Repay(OnBehalf { account_id: who.id(), on_behalf_of: None });
        self.execute(who, &msg, &[coin(amount, denom)])
    }

    /// Lets a deposit count as collateral or not.
    pub fn enable(&mut self, who: impl Into<Actor>, denom: &str, enable: bool) -> Result<AppResponse, WorldError> {
        let who = who.into();
        let account_id = who.id();
        let msg = ExecuteMsg::UpdateAssetCollateralStatus(CollateralStatus {
            denom: denom.to_owned(),
            enable,
            account_id,
            on_behalf_of: None,
        });
        self.execute(who, &msg, &[])
    }

    /// Lets an operator act on the account within these scopes, until that is revoked.
    pub fn grant(
        &mut self,
        owner: impl Into<Actor>,
        operator: impl Into<Actor>,
        scopes: &[Scope],
    ) -> Result<AppResponse, WorldError> {
        self.grant_until(owner, operator, scopes, None)
    }

    /// Lets an operator act on the account within these scopes, up to a moment.
    pub fn grant_until(
        &mut self,
        owner: impl Into<Actor>,
        operator: impl Into<Actor>,
        scopes: &[Scope],
        expiry: Option<Expiry>,
    ) -> Result<AppResponse, WorldError> {
        let owner = owner.into();
        let operator = self.addr(operator).into_string();
        let account_id = owner.id();
        let msg = ExecuteMsg::SetOperator(SetOperator { operator, account_id, scopes: scopes.to_vec(), expiry });
        self.execute(owner, &msg, &[])
    }

    /// Ends every grant of the owner's.
    pub fn revoke_all(&mut self, owner: impl Into<Actor>) -> Result<AppResponse, WorldError> {
        self.execute(owner, &ExecuteMsg::RevokeAll {}, &[])
    }

    /// Repays somebody's debt with `repay` and takes collateral for it, as underlying, into the sender's hands.
    pub fn liquidate(
        &mut self,
        sender: impl Into<Actor>,
        user: impl Into<Actor>,
        collateral_denom: &str,
        (denom, amount): (&str, u128),
    ) -> Result<AppResponse, WorldError> {
        let user = user.into();
        let msg = ExecuteMsg::Liquidate {
            account_id: user.id(),
            user: self.addr(user).into_string(),
            collateral_denom: collateral_denom.to_owned(),
            recipient: None,
            receive: None,
            allow_shares: None,
            min_receive: None,
        };
        self.execute(sender, &msg, &[coin(amount, denom)])
    }

    /// An item that repays an account's debt in a denom, all that is offered of it, and takes collateral for it.
    pub fn liquidate_item(&self, user: impl Into<Actor>, collateral_denom: &str, debt_denom: &str) -> LiquidateItem {
        let AccountKey { owner: user, account_id } = self.key(user);
        LiquidateItem {
            user,
            account_id: Some(account_id),
            collateral_denom: collateral_denom.to_owned(),
            debt_denom: debt_denom.to_owned(),
            max_repay: None,
            min_receive: None,
        }
    }

    /// Liquidates and writes off in one message, with these coins as its purse; at least one item must succeed.
    pub fn liquidate_batch(
        &mut self,
        sender: impl Into<Actor>,
        items: Vec<LiquidationItem>,
        purse: &[Coin],
    ) -> Result<AppResponse, WorldError> {
        let msg = LiquidateBatch {
            items,
            recipient: None,
            receive: None,
            allow_shares: None,
            min_success: None,
            callback: None,
        };
        self.execute(sender, &ExecuteMsg::LiquidateBatch(msg), purse)
    }

    /// Has an account's deposit of a denom pay its debt in the same denom.
    pub fn set_off(
        &mut self,
        sender: impl Into<Actor>,
        user: impl Into<Actor>,
        denom: &str,
    ) -> Result<AppResponse, WorldError> {
        let AccountKey { owner, account_id } = self.key(user);
        let account_id = Some(account_id);
        let msg = ExecuteMsg::SetOff(UserAsset { user: owner, account_id, denom: denom.to_owned() });
        self.execute(sender, &msg, &[])
    }

    /// Writes off what an account can't pay.
    pub fn write_off(&mut self, sender: impl Into<Actor>, user: impl Into<Actor>) -> Result<AppResponse, WorldError> {
        let user = user.into();
        let msg = ExecuteMsg::WriteOff(UserAccount { account_id: user.id(), user: self.addr(user).into_string() });
        self.execute(sender, &msg, &[])
    }

    /// Does several things at once, with these coins as their purse. Each action names its account; the actor's is left out.
    pub fn batch(
        &mut self,
        who: impl Into<Actor>,
        actions: impl IntoIterator<Item = BatchAction>,
        purse: &[Coin],
    ) -> Result<AppResponse, WorldError> {
        self.execute(who, &ExecuteMsg::Batch { actions: actions.into_iter().collect(), callback: None }, purse)
    }

    /// Gives a coin to reserves.
    pub fn cover(&mut self, who: impl Into<Actor>, denom: &str, amount: u128) -> Result<AppResponse, WorldError> {
        self.execute(who, &ExecuteMsg::Cover { beneficiary: None }, &[coin(amount, denom)])
    }

    /// Gives a coin to a market's suppliers.
    pub fn cover_suppliers(
        &mut self,
        who: impl Into<Actor>,
        denom: &str,
        amount: u128,
    ) -> Result<AppResponse, WorldError> {
        let beneficiary = Some(Beneficiary::Suppliers);
        self.execute(who, &ExecuteMsg::Cover { beneficiary }, &[coin(amount, denom)])
    }

    /// Lets all of a market be lent out, as [`OWNER`].
    pub fn allow_full_utilization(&mut self, denom: &str) -> Result<AppResponse, WorldError> {
        self.update_asset(denom, AssetChanges { max_borrow_utilization: Some(Ratio::ONE), ..Default::default() })
    }

    /// Changes an asset's parameters, as [`OWNER`].
    pub fn update_asset(&mut self, denom: &str, changes: AssetChanges) -> Result<AppResponse, WorldError> {
        self.execute(OWNER, &ExecuteMsg::UpdateAsset { denom: denom.to_owned(), changes }, &[])
    }
}

/// Queries. All but the first panic when the pool refuses to answer.
impl World {
    /// Asks the pool.
    pub fn query<T: DeserializeOwned>(&self, msg: &QueryMsg) -> Result<T, WorldError> {
        self.query_contract(&self.pool, msg)
    }

    fn ask<T: DeserializeOwned>(&self, msg: &QueryMsg) -> T {
        self.query(msg).unwrap_or_else(|error| panic!("{msg:?}: {error}"))
    }

    /// Settings, owner and roles.
    pub fn config(&self) -> ConfigResponse {
        self.ask(&QueryMsg::Config {})
    }

    /// A market.
    pub fn market(&self, denom: &str) -> MarketResponse {
        self.ask(&QueryMsg::Market(Listed { denom: denom.to_owned() }))
    }

    /// The first page of markets.
    pub fn markets(&self) -> Vec<MarketResponse> {
        let limit = Some(MARKETS_LIMIT);
        self.ask::<MarketsResponse>(&QueryMsg::Markets { start_after: None, limit }).markets
    }

    /// What a market pays and asks.
    pub fn rates(&self, denom: &str) -> RatesResponse {
        self.ask(&QueryMsg::Rates(Listed { denom: denom.to_owned() }))
    }

    /// Whether a market's books balance with the bank.
    pub fn solvency(&self, denom: &str) -> SolvencyResponse {
        self.ask(&QueryMsg::Solvency(Listed { denom: denom.to_owned() }))
    }

    /// An account in amounts, values and health.
    pub fn position(&self, who: impl Into<Actor>) -> UserPositionResponse {
        let AccountKey { owner, account_id } = self.key(who);
        self.ask(&QueryMsg::UserPosition(UserAccount { user: owner, account_id: Some(account_id) }))
    }

    /// What an account's deposit of a denom is worth, in base units; 0 without one.
    pub fn supplied(&self, who: impl Into<Actor>, denom: &str) -> u128 {
        let collaterals = self.position(who).collaterals;
        collaterals.into_iter().find(|c| c.denom == denom).map_or(0, |c| c.amount.raw())
    }

    /// What an account owes of a denom, in base units; 0 when it owes none.
    pub fn owed(&self, who: impl Into<Actor>, denom: &str) -> u128 {
        let debts = self.position(who).debts;
        debts.into_iter().find(|d| d.denom == denom).map_or(0, |d| d.amount.raw())
    }

    /// An account's record as stored; the empty one when nothing is.
    pub fn account(&self, who: impl Into<Actor>) -> Account {
        let keys = vec![self.key(who)];
        let found: AccountsResponse = self.ask(&QueryMsg::Accounts { keys });
        found.accounts.into_iter().next().map(|record| record.account).unwrap_or_default()
    }

    /// The most that an account can borrow of a denom.
    pub fn max_borrow(&self, who: impl Into<Actor>, denom: &str) -> u128 {
        let AccountKey { owner, account_id } = self.key(who);
        let asked =
            QueryMsg::MaxBorrow(UserAsset { user: owner, account_id: Some(account_id), denom: denom.to_owned() });
        self.ask::<MaxAmountResponse>(&asked).amount.raw()
    }

    /// The most that an account can withdraw of a denom.
    pub fn max_withdraw(&self, who: impl Into<Actor>, denom: &str) -> u128 {
        let AccountKey { owner, account_id } = self.key(who);
        let asked =
            QueryMsg::MaxWithdraw(UserAsset { user: owner, account_id: Some(account_id), denom: denom.to_owned() });
        self.ask::<MaxAmountResponse>(&asked).amount.raw()
    }

    /// The records of all accounts with debt, page after page.
    pub fn borrowers(&self) -> Vec<AccountRecord> {
        let mut all: Vec<AccountRecord> = vec![];
        loop {
            let start_after = all.last().map(|record| record.key.clone());
            let asked = QueryMsg::Borrowers(AccountsPage { start_after, limit: Some(ACCOUNTS_LIMIT) });
            let page: AccountsResponse = self.ask(&asked);
            if page.accounts.is_empty() {
                return all;
            }
            all.extend(page.accounts);
        }
    }

    /// All accounts below health factor 1, page after page.
    pub fn liquidatable(&self) -> Vec<LiquidatableAccount> {
        let mut all = vec![];
        let mut start_after = None;
        loop {
            let asked = QueryMsg::Liquidatable(AccountsPage { start_after, limit: Some(ACCOUNTS_LIMIT) });
            let page: LiquidatableResponse = self.ask(&asked);
            all.extend(page.accounts);
            start_after = page.next;
            if start_after.is_none() {
                return all;
            }
        }
    }

    /// What [`World::liquidate`] would do at this block, or why it would be refused.
    pub fn simulate_liquidation(
        &self,
        user: impl Into<Actor>,
        collateral_denom: &str,
        (denom, amount): (&str, u128),
    ) -> Result<SimulateLiquidationResponse, WorldError> {
        let AccountKey { owner, account_id } = self.key(user);
        self.query(&QueryMsg::SimulateLiquidation {
            user: owner,
            account_id: Some(account_id),
            collateral_denom: collateral_denom.to_owned(),
            repay: coin(amount, denom),
            allow_shares: None,
        })
    }

    /// An account's name.
    pub fn key(&self, who: impl Into<Actor>) -> AccountKey {
        let who = who.into();
        AccountKey { account_id: who.account_id, owner: self.addr(who).into_string() }
    }
}
