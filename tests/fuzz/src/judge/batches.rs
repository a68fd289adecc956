//! The laws of batches of liquidations, and of callbacks.

use std::collections::BTreeMap;

use cosmwasm_std::{Coin, Event, Uint128, coin};
use plimsoll_schema::pool::{ExecuteMsg, LiquidateBatch, LiquidateItem, LiquidationItem, Receive, SolvencyResponse};
use plimsoll_testing::{AppResponse, Snapshot, WorldError};

use super::{Case, number, said};
use crate::apply::Outcome;
use crate::call::Call;
use crate::cast::{DENOMS, LISTED};
use crate::exact::{Exact, over, whole};
use crate::liquidations::{NOBODY, Sent};
use crate::op::{Op, Who};
use crate::stage::Stage;
use crate::use_pool::place;
use crate::view::View;

/// What an account can bring at most: more than anybody owes.
const PLENTY: u128 = 1 << 100;

pub fn judge(case: &Case, donated: &[u128; DENOMS.len()]) {
    every_item_is_told(case);
    purses_are_conserved(case);
    what_is_due_is_brought_once(case);
    the_ledger_stands_in_callbacks(case, donated);
}

/// The items of a batch, as the chain tells them.
fn items(response: Option<&AppResponse>) -> Vec<&Event> {
    response.into_iter().flat_map(|response| &response.events).filter(|event| event.ty == "wasm-item").collect()
}

fn response(outcome: &Outcome) -> Option<&AppResponse> {
    outcome.result.as_ref().ok()?.as_ref()
}

/// The items of the batch itself: in a callback there may be others.
fn told<'a>(outcome: &'a Outcome, sent: &Sent) -> Vec<&'a Event> {
    items(response(outcome)).into_iter().take(sent.order.items.len()).collect()
}

fn is_done(item: &Event) -> bool {
    said(item, "outcome") == Some("ok")
}

/// Each item stands in an event of its own, in order, with the account that it names; as many succeed as it says and as were asked for.
/// What can't succeed fails, and says why.
fn every_item_is_told(case: &Case) {
    let Some(sent) = &case.outcome.batch else { return };
    let told = told(case.outcome, sent);
    assert_eq!(told.len(), sent.order.items.len(), "items are missing");
    let done = told.iter().filter(|item| is_done(item)).count();
    let counted = case.acted("liquidate_batch").next().map(|event| number(event, "succeeded"));
    assert_eq!(counted, Some(done as u128), "it says another number of successes");
    assert!(done >= sent.order.min_success.unwrap_or(1) as usize, "{done} succeeded of {:?}", sent.order.min_success);
    for (at, (item, event)) in sent.order.items.iter().zip(&told).enumerate() {
        assert_eq!(number(event, "item"), at as u128, "out of order: {event:?}");
        let (user, id) = match item {
            LiquidationItem::Liquidate(item) => (&item.user, item.account_id),
            LiquidationItem::WriteOff(item) => (&item.user, item.account_id),
        };
        let name = format!("{user}/{}", id.unwrap_or_default());
        assert_eq!(said(event, if is_done(event) { "account" } else { "failed" }), Some(name.as_str()), "{event:?}");
        if let LiquidationItem::Liquidate(item) = item {
            can_succeed(case, sent, item, event);
        }
    }
}

fn can_succeed(case: &Case, sent: &Sent, item: &LiquidateItem, event: &Event) {
    let party = |user: usize| item.user == case.stage.people[user].as_str();
    let to = sent.order.recipient.as_deref().is_some_and(|to| to == item.user);
    let why = [
        (item.user == NOBODY, "not an address"),
        (party(sent.sender) || to, "can't liquidate itself"),
        (item.max_repay.is_some_and(|most| most.is_zero()), "is zero"),
        (item.collateral_denom == item.debt_denom, ""),
        (sent.order.callback.is_none() && !sent.funds.iter().any(|coin| coin.denom == item.debt_denom), ""),
    ];
    for (_, reason) in why.iter().filter(|(fails, _)| *fails) {
        assert!(!is_done(event), "it succeeded: {event:?}");
        let told = said(event, "outcome").unwrap_or_default();
        // Of several reasons one is told; that the purse is empty comes before what the account says.
        let one = why.iter().filter(|(fails, _)| *fails).count() == 1;
        let dry = told.starts_with("the purse has no");
        assert!(!one || dry || told.contains(reason), "'{told}' where '{reason}' is the reason");
    }
    if is_done(event) {
        let most = item.max_repay.map_or(u128::MAX, |most| most.raw());
        assert!(number(event, "repaid") <= most, "more was repaid than {most}: {event:?}");
    }
}

/// The sender pays what was repaid and not a unit more, the recipient gets what was paid, and nobody else's coins move.
fn purses_are_conserved(case: &Case) {
    let (Some(sent), Op::LiquidateBatch { sender, to, .. }) = (&case.outcome.batch, case.op) else { return };
    let mut wallets = case.before.wallets.clone();
    let mut repaid = [0u128; DENOMS.len()];
    for event in told(case.outcome, sent).into_iter().filter(|event| said(event, "repaid").is_some()) {
        let of = |key: &str| place(said(event, key).expect("a liquidation names its denoms"));
        let (owed, seized) = (of("debt_denom"), of("collateral_denom"));
        let amount = number(event, "repaid");
        repaid[owed] += amount;
        wallets[*sender][owed] -= amount;
        wallets[to.unwrap_or(*sender)][seized] += number(event, "paid");
        let shares = sent.order.receive == Some(Receive::Shares);
        assert!(!shares || number(event, "paid") == 0, "coins came where shares were asked for");
        let may = shares || sent.order.allow_shares == Some(true);
        assert!(may || number(event, "shares") == 0, "shares came unasked");
    }
    assert!(wallets == case.after.wallets, "{:?} where {wallets:?} is due", case.after.wallets);
    for coin in &sent.funds {
        let had = Uint128::try_from(coin.amount).expect("it fits").u128();
        assert!(repaid[place(&coin.denom)] <= had, "more {} was repaid than was there", coin.denom);
    }
}

/// What a callback is to bring came in one message, all of it and nothing else; who was asked for nothing brought nothing.
fn what_is_due_is_brought_once(case: &Case) {
    let loan = |event: &Event| said(event, "loan").map(str::to_owned);
    let mut brought: BTreeMap<String, Vec<Vec<String>>> = BTreeMap::new();
    for event in case.acted("repay_batch") {
        let of = |key: &str| event.attributes.iter().filter(|a| a.key == key).map(|a| a.value.clone()).collect();
        let (denoms, amounts): (Vec<String>, Vec<String>) = (of("denom"), of("amount"));
        let mut coins: Vec<String> = denoms.iter().zip(&amounts).map(|(denom, n)| format!("{n}{denom}")).collect();
        coins.sort();
        brought.entry(loan(event).expect("it names its batch")).or_default().push(coins);
    }
    for event in case.acted("liquidate_batch").chain(case.acted("batch")) {
        let mut due: Vec<String> =
            event.attributes.iter().filter(|a| a.key == "due").map(|a| a.value.clone()).collect();
        due.sort();
        let came = loan(event).and_then(|loan| brought.remove(&loan)).unwrap_or_default();
        let wanted = if due.is_empty() { vec![] } else { vec![due] };
        assert_eq!(came, wanted, "what came is not what was due: {event:?}");
    }
    assert!(brought.is_empty(), "brought for nothing: {brought:?}");
    let opened = case.acted("batch").filter(|event| loan(event).is_some()).count();
    assert_eq!(case.acted("finish_batch").count(), opened, "each batch with a callback is finished once");
}

/// 1, in callbacks: what is to be brought stands in `lent`, the bank has exactly the cash and what was donated, and supply covers all claims.
fn the_ledger_stands_in_callbacks(case: &Case, donated: &[u128; DENOMS.len()]) {
    let answers = case.values("answered");
    let dues: BTreeMap<usize, u128> = match case.op {
        Op::LiquidateCalled { .. } => opened(case, "liquidate_batch"),
        Op::BatchCalled { .. } => opened(case, "batch"),
        _ => BTreeMap::new(),
    };
    for (at, answer) in answers.into_iter().enumerate() {
        // Each callback asks for all that were listed from the start, again and again.
        let denom = at % LISTED;
        let said: SolvencyResponse = serde_json::from_str(answer).expect("an answer");
        let (bank, cash) = (said.bank_balance.raw(), said.cash.raw());
        assert!(bank >= cash && bank - cash <= donated[denom], "{bank} {} in the bank, {said:?}", DENOMS[denom]);
        let held = said.cash.raw() + said.lent.raw() + said.debt.raw();
        assert_eq!(held - said.reserves.raw(), said.supply.raw(), "supply of {}: {said:?}", DENOMS[denom]);
        assert!(said.solvent && said.claims <= said.supply, "insolvent: {said:?}");
        if at < LISTED && !dues.is_empty() {
            assert_eq!(said.lent.raw(), dues.get(&denom).copied().unwrap_or(0), "lent of {}", DENOMS[denom]);
        }
    }
}

/// What the first batch of this kind has its callback bring, by denom.
fn opened(case: &Case, action: &str) -> BTreeMap<usize, u128> {
    let Some(event) = case.acted(action).next() else { return BTreeMap::new() };
    let due = event.attributes.iter().filter(|a| a.key == "due");
    let coins = due.map(|a| a.value.parse::<Coin>().expect("a coin"));
    coins.map(|coin| (place(&coin.denom), Uint128::try_from(coin.amount).expect("it fits").u128())).collect()
}

/// What else the same items would have done at the same block: without those that failed, as messages of their own, and in one part. The chain
/// is left as it was found.
pub fn compare(stage: &mut Stage, before: &View, start: &Snapshot, outcome: &Outcome) {
    let Some(sent) = &outcome.batch else { return };
    let (told, end) = (told(outcome, sent), stage.world.snapshot());
    // Whose count is wrong, another law finds.
    if told.len() != sent.order.items.len() {
        return;
    }
    failed_items_change_nothing(stage, sent, &told, start, &end);
    if sent.order.callback.is_none() {
        items_are_messages(stage, sent, &told, start, &end);
    }
    parts_pay_no_more_than_one(stage, before, sent, &told, start);
    stage.world.restore(&end);
}

/// 9, within a batch: without the items that failed every byte is the same.
fn failed_items_change_nothing(stage: &mut Stage, sent: &Sent, told: &[&Event], start: &Snapshot, end: &Snapshot) {
    if told.iter().all(|item| is_done(item)) {
        return;
    }
    let good = sent.order.items.iter().zip(told).filter(|(_, event)| is_done(event));
    let items: Vec<LiquidationItem> = good.map(|(item, _)| item.clone()).collect();
    // Nothing but failures was asked for and got.
    if items.is_empty() {
        assert!(end.records() == start.records(), "a batch without a success changed something");
        return;
    }
    let alone = Sent { order: LiquidateBatch { items, ..sent.order.clone() }, ..sent.clone() };
    stage.world.restore(start);
    let result = alone.send(stage);
    assert!(result.is_ok(), "without the failed items it fails: {result:?}");
    assert!(stage.world.dump() == end.records(), "failed items changed something");
}

/// A batch does what its items do as messages of their own, each with what is left of the purse, and fails where they do.
fn items_are_messages(stage: &mut Stage, sent: &Sent, told: &[&Event], start: &Snapshot, end: &Snapshot) {
    stage.world.restore(start);
    let mut left: BTreeMap<&str, u128> = BTreeMap::new();
    for coin in &sent.funds {
        left.insert(&coin.denom, Uint128::try_from(coin.amount).expect("it fits").u128());
    }
    for (item, event) in sent.order.items.iter().zip(told) {
        let result = match item {
            LiquidationItem::Liquidate(item) => {
                let left = left.get_mut(item.debt_denom.as_str());
                let offered = left.as_deref().copied().unwrap_or(0).min(item.max_repay.map_or(u128::MAX, |m| m.raw()));
                if offered == 0 {
                    assert!(!is_done(event), "paid from an empty purse: {event:?}");
                    continue;
                }
                if let Some(left) = left.filter(|_| is_done(event)) {
                    *left -= number(event, "repaid");
                }
                alone(stage, sent, item, offered)
            }
            LiquidationItem::WriteOff(account) => {
                Call::pool(stage, sent.sender, &ExecuteMsg::WriteOff(account.clone()), vec![]).send(stage)
            }
        };
        match result {
            Ok(_) => assert!(is_done(event), "as a message of its own it succeeds: {event:?}"),
            Err(error) => {
                let reason = said(event, "outcome").unwrap_or_default();
                assert!(reason == error.to_string(), "as a message of its own it fails: '{error}', not '{reason}'");
            }
        }
    }
    assert!(stage.world.dump() == end.records(), "a batch leaves something else than its items as messages");
}

fn alone(stage: &mut Stage, sent: &Sent, item: &LiquidateItem, offered: u128) -> Result<AppResponse, WorldError> {
    let msg = ExecuteMsg::Liquidate {
        user: item.user.clone(),
        account_id: item.account_id,
        collateral_denom: item.collateral_denom.clone(),
        recipient: sent.order.recipient.clone(),
        receive: sent.order.receive,
        allow_shares: sent.order.allow_shares,
        min_receive: item.min_receive,
    };
    Call::pool(stage, sent.sender, &msg, vec![coin(offered, &item.debt_denom)]).send(stage)
}

/// 8: an account's debt repaid in several items brings no more than in one, where what was seized and what was repaid have one price each.
fn parts_pay_no_more_than_one(stage: &mut Stage, before: &View, sent: &Sent, told: &[&Event], start: &Snapshot) {
    let done = sent.order.items.iter().zip(told).find_map(|(item, event)| match item {
        LiquidationItem::Liquidate(item) if is_done(event) => Some((item, *event)),
        _ => None,
    });
    let Some((item, event)) = done else { return };
    let id = item.account_id.unwrap_or_default();
    let Some(who) = stage.person(Some(&item.user)).map(|user| (user, id)) else { return };
    let (seized, owed) = (place(&item.collateral_denom), place(&item.debt_denom));
    let plain = |denom: usize| before.all_say(denom, |said| said.counted[0] == said.counted[1]);
    if !before.is_plain(who) || !plain(seized) || !plain(owed) {
        return;
    }
    let same = |other: &LiquidationItem| match other {
        LiquidationItem::Liquidate(other) => {
            (&other.user, other.account_id.unwrap_or_default()) == (&item.user, id)
                && (&other.collateral_denom, &other.debt_denom) == (&item.collateral_denom, &item.debt_denom)
        }
        LiquidationItem::WriteOff(_) => false,
    };
    let ours = sent.order.items.iter().zip(told).filter(|(other, event)| same(other) && is_done(event));
    let mut parts: Vec<u128> = ours.map(|(_, event)| number(event, "repaid")).collect();
    // One item alone is cut in two.
    parts.insert(0, number(event, "repaid") / 2 + 1);
    parts.push(PLENTY);
    let gain = |stage: &mut Stage, parts: &[u128]| gain(stage, before, sent, (who, item), parts, start);
    let (Some((in_one, _)), Some((in_parts, count))) = (gain(stage, &[PLENTY]), gain(stage, &parts)) else { return };
    // Rounding of each part, and what remainders below dust do not explain.
    let slack = &before.crumb() * &whole(u128::from(count) * 2 + 4)
        + &before.verdict(who).debt * &over(&[1], &[1_000_000_000_000]);
    assert!(in_parts <= in_one.clone() + slack, "{in_parts:?} in {count} parts {parts:?}, {in_one:?} in one: {who:?}");
}

/// What so many parts bring the liquidator in one batch, at the settled prices, and how many succeed; none where nothing does or a loss comes of it.
fn gain(
    stage: &mut Stage,
    before: &View,
    sent: &Sent,
    (who, item): (Who, &LiquidateItem),
    parts: &[u128],
    start: &Snapshot,
) -> Option<(Exact, u32)> {
    let part = |most: &u128| LiquidateItem {
        max_repay: Some(plimsoll_risk::units::Amount::new(*most)),
        min_receive: None,
        ..item.clone()
    };
    let order = LiquidateBatch {
        items: parts.iter().map(|most| LiquidationItem::Liquidate(part(most))).collect(),
        recipient: None,
        // The market's cash is no limit then.
        receive: None,
        allow_shares: Some(true),
        min_success: Some(1),
        callback: None,
    };
    let held = before.wallets[sent.sender][place(&item.debt_denom)];
    let funds = vec![coin(held, &item.debt_denom)];
    stage.world.restore(start);
    let answer = Sent { sender: sent.sender, order, funds }.send(stage).ok()?;
    let find = |denom: &str| before.assets.iter().find(|asset| asset.denom == place(denom));
    let (seized, owed) = (find(&item.collateral_denom)?, find(&item.debt_denom)?);
    let (mut sum, mut count) = (Exact::default(), 0);
    for event in items(Some(&answer)).into_iter().filter(|event| is_done(event)) {
        if said(event, "written_off").is_some() {
            return None;
        }
        assert!(said(event, "account").is_some_and(|name| name.ends_with(&format!("/{}", who.1))));
        let got = seized.value(number(event, "seized") - number(event, "fee"), &before.weight_of(seized));
        sum = sum + got - owed.value(number(event, "repaid"), &before.weight_of(owed));
        count += 1;
    }
    Some((sum, count))
}
