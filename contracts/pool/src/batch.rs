//! `batch`: several actions on accounts of the sender's, or on others' within a grant, all or none; with a callback that
//! brings what the purse lacks.

use cosmwasm_std::{Addr, Binary, CosmosMsg, Deps, DepsMut, Env, MessageInfo, Response};
use plimsoll_risk::params::AssetId;
use plimsoll_risk::units::Amount;
use plimsoll_schema::access::address_or;
use plimsoll_schema::event;
use plimsoll_schema::pool::{
    BATCH_MAX, BatchAction, Borrow, CollateralStatus, FromPurse, Scope, TransferShares, Withdraw,
};

use crate::callback::{self, Callback};
use crate::deposit::Deposit;
use crate::error::ContractError;
use crate::funds::{self, Paid, Purse};
use crate::holder::Holder;
use crate::markets::Markets;
use crate::operators::{self, PayingScopes};
use crate::state::{Checks, OPEN_BATCH, OpenAccount, OpenBatch};
use crate::{borrow, deposit, repay, transfer_shares, update_asset_collateral_status, withdraw};

pub fn batch(
    deps: DepsMut,
    env: &Env,
    info: &MessageInfo,
    actions: Vec<BatchAction>,
    callback: Option<Binary>,
) -> Result<Response, ContractError> {
    assert_length(&actions)?;
    if let Some(open) = OPEN_BATCH.may_load(deps.storage)? {
        return Err(ContractError::BatchOpen { id: open.id });
    }
    let mut batch = Batch::open(deps.as_ref(), env, info.sender.clone(), Purse::of(info)?)?;
    batch.due = callback.is_some().then(Purse::default);
    batch.act_all(actions)?;
    let Batch { mut markets, purse, due, paid, touched, payments, said, .. } = batch;
    let response = Response::new()
        .add_attribute(event::ACTION, "batch")
        .add_attributes(said)
        .add_messages(payments)
        .add_messages(purse.pay(info.sender.as_str()));
    if let (Some(due), Some(msg)) = (due, callback) {
        let call = Callback { receiver: info.sender.clone(), repay: due.coins(), received: paid.coins(), msg };
        return call_back(deps, env, Open { markets, touched, due, call }, response);
    }
    check(deps.as_ref(), &mut markets, &touched)?;
    for Touched { holder, .. } in touched {
        holder.save(deps.storage, &markets)?;
    }
    markets.save(deps.storage)?;
    Ok(response)
}

/// What a batch of this sender's would leave of one of their accounts, with a purse that holds what it takes. Errors as
/// the batch would.
pub fn preview(
    deps: Deps,
    env: &Env,
    sender: Addr,
    account_id: Option<u32>,
    actions: Vec<BatchAction>,
) -> Result<(Markets, Holder), ContractError> {
    assert_length(&actions)?;
    let mut purse = Purse::default();
    for action in &actions {
        if let BatchAction::Deposit(FromPurse { coin, .. }) | BatchAction::Repay(FromPurse { coin, .. }) = action {
            let coin = funds::counted(coin)?;
            purse.put(&coin.denom, coin.amount)?;
        }
    }
    let mut batch = Batch::open(deps, env, sender, purse)?;
    batch.act_all(actions)?;
    check(deps, &mut batch.markets, &batch.touched)?;
    batch.markets.assert_outflow()?;
    let at = batch.touch(None, account_id)?;
    Ok((batch.markets, batch.touched.swap_remove(at).holder))
}

/// A batch whose actions are done in memory, and which is to be called back.
struct Open {
    markets: Markets,
    touched: Vec<Touched>,
    due: Purse,
    call: Callback,
}

/// Saves everything, with the accounts locked, and lets the checks wait until after the callback. What is to be brought
/// is never paid out before: it would be a flash loan without a fee, also while those are stopped.
fn call_back(deps: DepsMut, env: &Env, open: Open, response: Response) -> Result<Response, ContractError> {
    let Open { markets, touched, due, call } = open;
    let both = call.repay.iter().find(|coin| call.received.iter().any(|paid| paid.denom == coin.denom));
    if let Some(coin) = both {
        return Err(ContractError::PaidAndDue { denom: coin.denom.clone() });
    }
    let due = markets.by_asset(&due)?;
    let called = callback::open(deps.storage, env, call, due)?;
    let mut accounts = Vec::with_capacity(touched.len());
    for Touched { mut holder, checks } in touched {
        holder.account.set_busy(true);
        let Holder { ref owner, account_id, ref before, .. } = holder;
        accounts.push(OpenAccount { owner: owner.clone(), account_id, before: before.clone(), checks });
        holder.save(deps.storage, &markets)?;
    }
    OPEN_BATCH.save(deps.storage, &OpenBatch { id: called.id, accounts })?;
    markets.save(deps.storage)?;
    Ok(called.add_to(response))
}

/// After the callback: checks the accounts of an open batch and frees them.
pub fn finish(deps: DepsMut, env: &Env, open: OpenBatch) -> Result<Response, ContractError> {
    let mut touched = Vec::with_capacity(open.accounts.len());
    for OpenAccount { owner, account_id, before, checks } in open.accounts {
        let mut holder = Holder::read(deps.as_ref(), owner, Some(account_id))?;
        holder.before = before;
        touched.push(Touched { holder, checks });
    }
    check(deps.as_ref(), &mut Markets::open(deps.as_ref(), env)?, &touched)?;
    let mut response =
        Response::new().add_attribute(event::ACTION, "finish_batch").add_attribute(event::LOAN, open.id.to_string());
    for Touched { holder, .. } in touched {
        response = response.add_attribute(event::ACCOUNT, holder.name());
        holder.release(deps.storage)?;
    }
    OPEN_BATCH.remove(deps.storage);
    Ok(response)
}

/// Every account whose borrowing power fell or whose debt rose, as it stands now; each new debt that is still there.
fn check(deps: Deps, markets: &mut Markets, touched: &[Touched]) -> Result<(), ContractError> {
    for Touched { holder, checks } in touched {
        for id in checks.borrowed.iter().chain(&checks.repaid) {
            markets.load(deps, *id)?;
        }
        if checks.lowered {
            markets.assert_healthy(deps, holder)?;
        }
        for id in &checks.borrowed {
            if !holder.account.debt(*id).is_zero() {
                markets.assert_live_slot(deps, &holder.account, *id)?;
                borrow::assert_min_debt(markets, holder, *id)?;
            }
        }
        for id in &checks.repaid {
            repay::assert_min_rest(deps, markets, holder, *id)?;
        }
    }
    Ok(())
}

/// Errors unless there is at least one action, and not more than [`BATCH_MAX`].
fn assert_length(actions: &[BatchAction]) -> Result<(), ContractError> {
    let count = actions.len();
    if (1..=BATCH_MAX).contains(&count) {
        return Ok(());
    }
    Err(ContractError::BatchLength { actions: count, max: BATCH_MAX })
}

struct Batch<'a> {
    deps: Deps<'a>,
    env: &'a Env,
    sender: Addr,
    markets: Markets,
    purse: Purse,
    /// What the purse lacks and the callback is to bring; `None` without a callback.
    due: Option<Purse>,
    /// What is paid out, whoever gets it.
    paid: Purse,
    touched: Vec<Touched>,
    payments: Vec<CosmosMsg>,
    said: Vec<(&'static str, String)>,
}

/// An account, and what is to be checked at the end.
struct Touched {
    holder: Holder,
    checks: Checks,
}

impl<'a> Batch<'a> {
    /// Nothing is done yet.
    fn open(deps: Deps<'a>, env: &'a Env, sender: Addr, purse: Purse) -> Result<Self, ContractError> {
        Ok(Self {
            deps,
            env,
            sender,
            markets: Markets::open(deps, env)?,
            purse,
            due: None,
            paid: Purse::default(),
            touched: Vec::new(),
            payments: Vec::new(),
            said: Vec::new(),
        })
    }

    fn act_all(&mut self, actions: Vec<BatchAction>) -> Result<(), ContractError> {
        actions.into_iter().try_for_each(|action| self.act(action))
    }

    fn act(&mut self, action: BatchAction) -> Result<(), ContractError> {
        match action {
            BatchAction::Deposit(order) => self.deposit(order),
            BatchAction::Withdraw(order) => self.withdraw(order),
            BatchAction::Borrow(order) => self.borrow(order),
            BatchAction::Repay(order) => self.repay(order),
            BatchAction::UpdateAssetCollateralStatus(order) => self.update_asset_collateral_status(order),
            BatchAction::TransferShares(order) => self.transfer_shares(order),
        }
    }

    fn deposit(&mut self, FromPurse { coin, account_id, on_behalf_of }: FromPurse) -> Result<(), ContractError> {
        let coin = funds::counted(&coin)?;
        self.take_in(&coin)?;
        let id = self.markets.load_denom(self.deps, &coin.denom)?;
        let at = self.touch(on_behalf_of.as_deref(), account_id)?;
        let touched = get(&mut self.touched, at)?;
        let may_open = operators::may_open_slot(self.deps, self.env, &self.sender, &touched.holder, id)?;
        let order = Deposit { id, amount: coin.amount, may_open };
        let shares = deposit::apply(self.deps, &mut self.markets, &mut touched.holder, &order)?;
        self.use_up(id, &coin, coin.amount)?;
        let said = vec![(event::AMOUNT, coin.amount.to_string()), (event::SHARES, shares.to_string())];
        self.say("deposit", at, &coin.denom, said)
    }

    fn withdraw(&mut self, order: Withdraw) -> Result<(), ContractError> {
        let Withdraw { denom, amount, recipient, account_id, on_behalf_of } = order;
        let id = self.markets.load_denom(self.deps, &denom)?;
        let at = self.touch(on_behalf_of.as_deref(), account_id)?;
        let recipient = self.recipient(recipient.as_deref(), at, &operators::WITHDRAW)?;
        let touched = get(&mut self.touched, at)?;
        let amount = withdraw::amount_or_most(self.deps, &mut self.markets, &touched.holder, id, amount)?;
        let (amount, burnt) = withdraw::amount_or_all(&mut self.markets, &mut touched.holder, id, amount)?;
        touched.checks.lowered = true;
        self.pay(&recipient, amount, &denom)?;
        let amount = amount.to_string();
        let burnt = burnt.to_string();
        let said = vec![(event::AMOUNT, amount), (event::SHARES, burnt), (event::RECIPIENT, recipient.into_string())];
        self.say("withdraw", at, &denom, said)
    }

    fn borrow(&mut self, order: Borrow) -> Result<(), ContractError> {
        let Borrow { denom, amount, recipient, account_id, on_behalf_of } = order;
        let id = self.markets.load_denom(self.deps, &denom)?;
        let at = self.touch(on_behalf_of.as_deref(), account_id)?;
        let recipient = self.recipient(recipient.as_deref(), at, &operators::BORROW)?;
        let touched = get(&mut self.touched, at)?;
        let amount = borrow::amount_or_most(self.deps, &mut self.markets, &touched.holder, id, amount)?;
        let interest = borrow::apply(&mut self.markets, &mut touched.holder, id, amount)?;
        touched.checks.lowered = true;
        touched.checks.borrowed.push(id);
        self.pay(&recipient, amount, &denom)?;
        let amount = amount.to_string();
        let interest = interest.to_string();
        let said =
            vec![(event::AMOUNT, amount), (event::INTEREST, interest), (event::RECIPIENT, recipient.into_string())];
        self.say("borrow", at, &denom, said)
    }

    fn repay(&mut self, FromPurse { coin, account_id, on_behalf_of }: FromPurse) -> Result<(), ContractError> {
        let coin = funds::counted(&coin)?;
        self.take_in(&coin)?;
        let id = self.markets.load_denom(self.deps, &coin.denom)?;
        let at = self.touch(on_behalf_of.as_deref(), account_id)?;
        let touched = get(&mut self.touched, at)?;
        let repaid = repay::apply(&mut self.markets, &mut touched.holder, id, coin.amount)?;
        touched.checks.repaid.push(id);
        self.use_up(id, &coin, repaid.amount)?;
        self.say("repay", at, &coin.denom, vec![(event::AMOUNT, repaid.amount.to_string())])
    }

    fn update_asset_collateral_status(&mut self, order: CollateralStatus) -> Result<(), ContractError> {
        let CollateralStatus { denom, enable, account_id, on_behalf_of } = order;
        let id = self.markets.load_denom(self.deps, &denom)?;
        let at = self.touch(on_behalf_of.as_deref(), account_id)?;
        let touched = get(&mut self.touched, at)?;
        operators::assert_may(self.deps, self.env, &self.sender, &touched.holder, Scope::CollateralStatus)?;
        let lowered = update_asset_collateral_status::apply(&self.markets, &mut touched.holder, id, enable)?;
        touched.checks.lowered |= lowered;
        let deps = self.deps;
        let markets = &mut self.markets;
        update_asset_collateral_status::assert_not_bought(deps, markets, &touched.holder, id, enable)?;
        self.say("update_asset_collateral_status", at, &denom, vec![(event::ENABLED, enable.to_string())])
    }

    fn transfer_shares(&mut self, order: TransferShares) -> Result<(), ContractError> {
        let TransferShares { denom, shares, account_id, recipient, recipient_account_id } = order;
        let id = self.markets.load_denom(self.deps, &denom)?;
        let from = self.touch(None, account_id)?;
        let to = self.touch(recipient.as_deref(), recipient_account_id)?;
        // Two accounts at once: who takes is a copy, put back when it has the shares.
        let mut taker = get(&mut self.touched, to)?.holder.clone();
        let touched = get(&mut self.touched, from)?;
        let giver = &mut touched.holder;
        let shares = transfer_shares::apply(self.deps, &mut self.markets, giver, &mut taker, id, shares)?;
        touched.checks.lowered = true;
        let name = taker.name();
        get(&mut self.touched, to)?.holder = taker;
        self.say("transfer_shares", from, &denom, vec![(event::ACCOUNT, name), (event::SHARES, shares.to_string())])
    }

    /// Takes a coin out of the purse, before it is used. With a callback it may be there or come later.
    fn take_in(&mut self, coin: &Paid) -> Result<(), ContractError> {
        if self.due.is_some() { Ok(()) } else { self.purse.take(coin) }
    }

    /// What of the coin was used, and counted as cash. What wasn't goes back into the purse. With a callback, what the
    /// purse lacks is due, and stands in `lent` until it is here.
    fn use_up(&mut self, id: AssetId, coin: &Paid, used: Amount) -> Result<(), ContractError> {
        let denom = &coin.denom;
        let Some(due) = self.due.as_mut() else {
            return self.purse.put(denom, coin.amount.saturating_sub(used));
        };
        let held = self.purse.left(denom).min(used);
        let missing = used.saturating_sub(held);
        if !held.is_zero() {
            self.purse.take(&Paid { denom: denom.clone(), amount: held })?;
        }
        due.put(denom, missing)?;
        self.markets.market(id)?.lend(missing).map_err(|error| self.markets.market_error(id, error))
    }

    /// Where the account stands among those touched: the sender's unless another's is named.
    fn touch(&mut self, on_behalf_of: Option<&str>, account_id: Option<u32>) -> Result<usize, ContractError> {
        let owner = address_or(self.deps.api, on_behalf_of, &self.sender)?;
        let wanted = (&owner, account_id.unwrap_or_default());
        let stands = |touched: &Touched| (&touched.holder.owner, touched.holder.account_id) == wanted;
        if let Some(at) = self.touched.iter().position(stands) {
            return Ok(at);
        }
        let holder = Holder::load(self.deps, owner, account_id)?;
        self.touched.push(Touched { holder, checks: Checks::default() });
        Ok(self.touched.len().saturating_sub(1))
    }

    /// Who is paid from the account: its owner unless another is named. Errors unless the sender may have them paid.
    fn recipient(&mut self, named: Option<&str>, at: usize, scopes: &PayingScopes) -> Result<Addr, ContractError> {
        let holder = &get(&mut self.touched, at)?.holder;
        operators::payee(self.deps, self.env, &self.sender, holder, named, scopes)
    }

    /// Pays out at the end.
    fn pay(&mut self, to: &Addr, amount: Amount, denom: &str) -> Result<(), ContractError> {
        self.paid.put(denom, amount)?;
        self.payments.extend(funds::pay(to.as_str(), amount, denom));
        Ok(())
    }

    fn say(
        &mut self,
        action: &str,
        at: usize,
        denom: &str,
        numbers: Vec<(&'static str, String)>,
    ) -> Result<(), ContractError> {
        self.said.push((event::STEP, action.to_owned()));
        self.said.push((event::ACCOUNT, get(&mut self.touched, at)?.holder.name()));
        self.said.push((event::DENOM, denom.to_owned()));
        self.said.extend(numbers);
        Ok(())
    }
}

fn get(touched: &mut [Touched], at: usize) -> Result<&mut Touched, ContractError> {
    // `touch` has put it there.
    touched.get_mut(at).ok_or_else(|| cosmwasm_std::StdError::msg("an account of the batch is missing").into())
}
