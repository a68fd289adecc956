//! `batch`: several actions on the sender's own accounts, all or none.

use cosmwasm_std::{Addr, CosmosMsg, Deps, DepsMut, Env, MessageInfo, Response};
use plimsoll_risk::params::AssetId;
use plimsoll_risk::units::Amount;
use plimsoll_schema::event;
use plimsoll_schema::pool::{BATCH_MAX, BatchAction, Borrow, CollateralStatus, FromPurse, Withdraw};

use crate::book::{Book, Holder};
use crate::deposit::Deposit;
use crate::error::ContractError;
use crate::funds::{self, Purse};
use crate::{access, borrow, deposit, repay, update_asset_collateral_status, withdraw};

pub fn batch(deps: DepsMut, env: Env, info: MessageInfo, actions: Vec<BatchAction>) -> Result<Response, ContractError> {
    let count = actions.len();
    if !(1..=BATCH_MAX).contains(&count) {
        return Err(ContractError::BatchLength { actions: count, max: BATCH_MAX });
    }
    let mut batch = Batch {
        deps: deps.as_ref(),
        pool: &env.contract.address,
        sender: info.sender.clone(),
        book: Book::open(deps.as_ref(), &env)?,
        purse: Purse::of(&info)?,
        touched: Vec::new(),
        payments: Vec::new(),
        said: Vec::new(),
    };
    for action in actions {
        batch.act(action)?;
    }
    batch.check()?;

    let Batch { book, purse, touched, payments, said, .. } = batch;
    for Touched { holder, .. } in touched {
        holder.save(deps.storage)?;
    }
    book.save(deps.storage)?;
    Ok(Response::new()
        .add_attribute(event::ACTION, "batch")
        .add_attributes(said)
        .add_messages(payments)
        .add_messages(purse.give_back(info.sender.as_str())))
}

struct Batch<'a> {
    deps: Deps<'a>,
    pool: &'a Addr,
    sender: Addr,
    book: Book,
    purse: Purse,
    touched: Vec<Touched>,
    payments: Vec<CosmosMsg>,
    said: Vec<(&'static str, String)>,
}

/// An account of the sender's, and what is to be checked at the end.
struct Touched {
    holder: Holder,
    lowered: bool,
    borrowed: Vec<AssetId>,
    repaid: Vec<AssetId>,
}

impl Batch<'_> {
    fn act(&mut self, action: BatchAction) -> Result<(), ContractError> {
        match action {
            BatchAction::Deposit(FromPurse { coin, account_id }) => {
                let coin = funds::counted(&coin)?;
                self.purse.take(&coin)?;
                let id = self.book.load_denom(self.deps, &coin.denom)?;
                let at = self.touch(account_id)?;
                let order = Deposit { id, amount: coin.amount, is_owner: true };
                let touched = get(&mut self.touched, at)?;
                let shares = deposit::apply(self.deps, &mut self.book, &mut touched.holder, &order)?;
                self.say(
                    "deposit",
                    at,
                    &coin.denom,
                    vec![(event::AMOUNT, coin.amount.to_string()), (event::SHARES, shares.to_string())],
                )
            }
            BatchAction::Withdraw(Withdraw { denom, amount, recipient, account_id }) => {
                let id = self.book.load_denom(self.deps, &denom)?;
                let at = self.touch(account_id)?;
                let (book, touched) = (&mut self.book, get(&mut self.touched, at)?);
                let (amount, burnt) = withdraw::amount_or_all(book, &mut touched.holder, id, amount)?;
                touched.lowered = true;
                let recipient = self.pay(recipient.as_deref(), amount, &denom)?;
                let (amount, burnt) = (amount.to_string(), burnt.to_string());
                let said = vec![(event::AMOUNT, amount), (event::SHARES, burnt), (event::RECIPIENT, recipient)];
                self.say("withdraw", at, &denom, said)
            }
            BatchAction::Borrow(Borrow { denom, amount, recipient, account_id }) => {
                let id = self.book.load_denom(self.deps, &denom)?;
                let at = self.touch(account_id)?;
                let (book, touched) = (&mut self.book, get(&mut self.touched, at)?);
                let interest = borrow::apply(book, &mut touched.holder, id, amount)?;
                touched.lowered = true;
                touched.borrowed.push(id);
                let recipient = self.pay(recipient.as_deref(), amount, &denom)?;
                let (amount, interest) = (amount.to_string(), interest.to_string());
                let said = vec![(event::AMOUNT, amount), (event::INTEREST, interest), (event::RECIPIENT, recipient)];
                self.say("borrow", at, &denom, said)
            }
            BatchAction::Repay(FromPurse { coin, account_id }) => {
                let coin = funds::counted(&coin)?;
                self.purse.take(&coin)?;
                let id = self.book.load_denom(self.deps, &coin.denom)?;
                let at = self.touch(account_id)?;
                let (book, touched) = (&mut self.book, get(&mut self.touched, at)?);
                let repaid = repay::apply(book, &mut touched.holder, id, coin.amount)?;
                touched.repaid.push(id);
                self.purse.put_back(&coin.denom, coin.amount.saturating_sub(repaid.amount));
                self.say("repay", at, &coin.denom, vec![(event::AMOUNT, repaid.amount.to_string())])
            }
            BatchAction::UpdateAssetCollateralStatus(CollateralStatus { denom, enable, account_id }) => {
                let id = self.book.load_denom(self.deps, &denom)?;
                let at = self.touch(account_id)?;
                let touched = get(&mut self.touched, at)?;
                let lowered = update_asset_collateral_status::apply(&self.book, &mut touched.holder, id, enable)?;
                touched.lowered |= lowered;
                let (deps, book) = (self.deps, &mut self.book);
                update_asset_collateral_status::assert_not_bought(deps, book, &touched.holder, id, enable)?;
                self.say("update_asset_collateral_status", at, &denom, vec![(event::ENABLED, enable.to_string())])
            }
        }
    }

    /// Every account whose borrowing power fell or whose debt rose, as it stands now; each new debt that is still there.
    fn check(&mut self) -> Result<(), ContractError> {
        for touched in &self.touched {
            if touched.lowered {
                self.book.assert_healthy(self.deps, &touched.holder)?;
            }
            for id in &touched.borrowed {
                if !touched.holder.account.debt(*id).is_zero() {
                    self.book.assert_live_slot(self.deps, &touched.holder.account, *id)?;
                    borrow::assert_min_debt(&self.book, &touched.holder, *id)?;
                }
            }
            for id in &touched.repaid {
                repay::assert_min_rest(self.deps, &mut self.book, &touched.holder, *id)?;
            }
        }
        Ok(())
    }

    /// Where the sender's account stands among those touched.
    fn touch(&mut self, account_id: Option<u32>) -> Result<usize, ContractError> {
        let wanted = account_id.unwrap_or_default();
        if let Some(at) = self.touched.iter().position(|t| t.holder.account_id == wanted) {
            return Ok(at);
        }
        let holder = Holder::load(self.deps, self.sender.clone(), account_id)?;
        self.touched.push(Touched { holder, lowered: false, borrowed: Vec::new(), repaid: Vec::new() });
        Ok(self.touched.len().saturating_sub(1))
    }

    /// Pays out at the end. Says to whom.
    fn pay(&mut self, to: Option<&str>, amount: Amount, denom: &str) -> Result<String, ContractError> {
        let to = access::recipient(self.deps.api, self.pool, to, &self.sender)?.into_string();
        self.payments.extend(funds::pay(&to, amount, denom));
        Ok(to)
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
