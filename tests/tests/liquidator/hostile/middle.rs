//! Every message of the liquidator, and those of the pool that a loan or a batch waits for, while it is at work.

use std::collections::BTreeSet;

use cosmwasm_std::{Addr, Binary, Coin, CosmosMsg};
use plimsoll_schema::liquidator::ExecuteMsg;
use plimsoll_schema::pool::{self, LoanId};
use plimsoll_testing::{UATOM, UUSD, World, coin, route, values};

use super::false_pair::false_pair;
use super::setup::{CALLER, execute, fallen, holdings, item, item_of};

/// What is said of each message of the liquidator in the middle of its work, apart from orders of their own.
fn messages(world: &World) -> Vec<(ExecuteMsg, &'static str)> {
    let callback = |id, repay: Vec<Coin>, msg| ExecuteMsg::BatchCallback { id, repay, received: vec![], msg };
    let owed = || vec![coin(386_666_667, UUSD)];
    let order = |least, routes| ExecuteMsg::Liquidate { items: vec![item_of(world, 1)], routes, min_success: least };
    let nowhere = route(UATOM, UUSD, &[(world.pool(), UUSD)]);
    vec![
        (callback(1, owed(), Binary::default()), "may not call this"),
        (callback(2, owed(), Binary::from(b"anything")), "may not call this"),
        (callback(1, vec![], Binary::default()), "may not call this"),
        (order(0, vec![]), "no route from"),
        (order(2, vec![nowhere.clone()]), "min_success 2 is above"),
        // The pool is no pair: the second order fails, and takes back nothing but itself.
        (order(1, vec![nowhere]), "swap"),
    ]
}

#[test]
fn whatever_is_refused_in_the_middle_of_its_work_changes_nothing() {
    let (mut world, liquidator, _) = fallen();
    let all = messages(&world);
    let kinds: BTreeSet<String> = all
        .iter()
        .map(|(msg, _)| serde_json::to_value(msg).unwrap().as_object().unwrap().keys().next().unwrap().clone())
        .collect();
    let error = serde_json::from_str::<ExecuteMsg>(r#"{"no_such_message":{}}"#).unwrap_err().to_string();
    let known = error.split_once("expected ").unwrap().1.split('`').skip(1).step_by(2);
    assert_eq!(kinds, known.map(str::to_owned).collect());

    let mut sends: Vec<CosmosMsg> = all.iter().map(|(msg, _)| execute(&liquidator, msg, vec![])).collect();
    let mut answers: Vec<&str> = all.iter().map(|(_, answer)| *answer).collect();
    // Nor may the pair repay in the liquidator's place, or say that all is done.
    for (msg, funds, answer) in [
        (pool::ExecuteMsg::RepayBatch(LoanId { id: 1 }), vec![coin(386_666_667, UUSD)], "batch 1"),
        (pool::ExecuteMsg::RepayFlashLoan(LoanId { id: 1 }), vec![coin(386_666_667, UUSD)], "loan 1"),
        (pool::ExecuteMsg::FinishBatch(LoanId { id: 1 }), vec![], "not the pool"),
    ] {
        sends.push(execute(world.pool(), &msg, funds));
        answers.push(answer);
    }

    let pays = vec![coin(800_000_000, UUSD)];
    let quiet = false_pair(&mut world, vec![], pays.clone());
    let hostile = false_pair(&mut world, sends, pays);
    let fresh = world.snapshot();
    let mut end = |pair: &Addr| {
        world.restore(&fresh);
        let work = vec![item(&world)];
        let there = vec![route(UATOM, UUSD, &[(pair, UUSD)])];
        let response = world.liquidate_all(CALLER, &liquidator, work, there, 1).unwrap();
        assert_eq!(holdings(&world, liquidator.as_str()), [0; 4]);
        (response, (world.dump_of(world.pool()), world.dump_of(&liquidator), holdings(&world, CALLER)))
    };
    let (_, calm) = end(&quiet);
    let (response, stormy) = end(&hostile);
    let said = values(&response, "tried");
    assert_eq!(said.len(), answers.len());
    for (said, answer) in said.iter().zip(&answers) {
        assert!(said.contains(answer), "{said}, not {answer}");
    }
    assert!(calm == stormy, "what was tried in the middle made a difference");
}
