//! 10: at the end, whoever owes can repay in full, and whoever supplied gets the smaller of their claim and the cash, or what an outflow limit
//! lets out of that.

use cosmwasm_std::coin;
use plimsoll_pool::state::MARKETS;
use plimsoll_schema::pool::{ExecuteMsg, OnBehalf, Withdraw};

use crate::call::Call;
use crate::cast::DENOMS;
use crate::op::Who;
use crate::stage::Stage;
use crate::use_pool::{place, position};

/// Everybody leaves. Panics when somebody can't. With the oracles dead: none of this needs a price.
pub fn everybody_can_leave(stage: &mut Stage, donated: &[u128; DENOMS.len()]) {
    let everyone: Vec<Who> = Stage::everyone().collect();
    stage.world.advance(1_000_000);
    for who in &everyone {
        for debt in position(stage, *who).debts {
            repay(stage, *who, &debt.denom, debt.amount.raw());
        }
        let account = stage.world.account(stage.actor(*who));
        assert!(account.debts.is_empty(), "{who:?}: a full repay clears to exactly 0");
    }
    assert!(stage.world.borrowers().is_empty(), "nobody owes, but the index of debtors is not empty");
    for who in &everyone {
        for deposit in position(stage, *who).collaterals {
            withdraw(stage, *who, &deposit.denom, deposit.amount.raw());
        }
    }
    for market in stage.world.markets() {
        let denom = market.params.denom;
        let stored =
            MARKETS.may_load(&*stage.pool(), market.asset.0).expect("markets can be read").expect("it is listed");
        assert_eq!(stored.debt_scaled.raw(), 0, "{denom}: nobody owes anything");
        assert_eq!(market.borrow_index.to_string(), "1", "{denom}: the index starts anew");
        let bank = stage.world.balance(stage.world.pool(), &denom);
        assert_eq!(bank, stored.cash.raw() + donated[place(&denom)], "{denom}");
        assert!(stored.cash >= stored.reserves, "{denom}: reserves are there in cash");
    }
}

fn repay(stage: &mut Stage, who: Who, denom: &str, owed: u128) {
    let (person, address) = (stage.people[who.0].clone(), stage.people[who.0].to_string());
    stage.world.mint(&person, denom, owed + 5);
    let before = stage.world.balance(&person, denom);
    let msg = ExecuteMsg::Repay(OnBehalf { account_id: Some(who.1), on_behalf_of: Some(address) });
    let call = Call::pool(stage, who.0, &msg, vec![coin(owed + 5, denom)]);
    call.send(stage).unwrap_or_else(|error| panic!("{who:?} can't repay {owed}{denom}: {error}"));
    let paid = before - stage.world.balance(&person, denom);
    assert_eq!(paid, owed, "{who:?}: a full repay takes what is owed, and the rest comes back");
}

fn withdraw(stage: &mut Stage, who: Who, denom: &str, claim: u128) {
    let cash = stage.world.solvency(denom).cash.raw();
    let free = stage.world.market(denom).outflow.map_or(u128::MAX, |outflow| outflow.free.raw());
    let due = claim.min(cash).min(free);
    if due == 0 {
        return;
    }
    let person = stage.people[who.0].clone();
    let before = stage.world.balance(&person, denom);
    let msg = ExecuteMsg::Withdraw(Withdraw {
        denom: denom.to_owned(),
        amount: None,
        recipient: None,
        account_id: Some(who.1),
        on_behalf_of: None,
    });
    let call = Call::pool(stage, who.0, &msg, vec![]);
    call.send(stage).unwrap_or_else(|error| panic!("{who:?} can't withdraw {claim}{denom} of {cash}: {error}"));
    let got = stage.world.balance(&person, denom) - before;
    assert_eq!(got, due, "{who:?}: {denom}");
}
