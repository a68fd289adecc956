//! Every message of the liquidator, and a migration, while it is at work.

use std::collections::BTreeSet;

use cosmwasm_std::{Addr, Coin, CosmosMsg, WasmMsg, to_json_binary};
use cw_multi_test::Executor;
use plimsoll_risk::units::Amount;
use plimsoll_schema::liquidator::{ExecuteMsg, MigrateMsg, Step};
use plimsoll_schema::pool;
use plimsoll_testing::{ALICE, OWNER, UATOM, UUSD, World, coin, liquidator_code, route, values};
use serde::Serialize;

use crate::false_pair::false_pair;
use crate::stage::{CALLER, fallen, holdings, item};

fn execute(contract: &Addr, msg: &impl Serialize, funds: Vec<Coin>) -> CosmosMsg {
    WasmMsg::Execute { contract_addr: contract.to_string(), msg: to_json_binary(msg).unwrap(), funds }.into()
}

/// Every message of the liquidator, and what it says to each in the middle of its work.
fn messages(world: &World, hop: &Addr) -> Vec<(ExecuteMsg, &'static str)> {
    let another = world.item((ALICE, 1), UATOM, (UUSD, 690_000_000));
    let routes = vec![route(UATOM, UUSD, &[(hop, UUSD)])];
    let callback = |id, group: u32| ExecuteMsg::FlashLoanCallback {
        id,
        coin: coin(690_000_000, UUSD),
        fee: Amount::ZERO,
        msg: to_json_binary(&group).unwrap(),
    };
    let settle = Step::Settle { group: 0, loan: 1, owed: coin(1, UUSD) };
    vec![
        (ExecuteMsg::Liquidate { items: vec![another], routes, min_success: 0, item_gas: None }, "work is under way"),
        (callback(1, 0), "may not call this now"),
        (callback(2, 1), "may not call this now"),
        (ExecuteMsg::Step(Step::Swap { group: 0, hop: 0 }), "may not call this now"),
        (ExecuteMsg::Step(settle), "may not call this now"),
        (ExecuteMsg::Step(Step::Finish {}), "may not call this now"),
    ]
}

#[test]
fn every_message_in_the_middle_of_its_work_is_refused_and_changes_nothing() {
    let (mut world, liquidator, honest) = fallen();
    let all = messages(&world, &honest);
    let kinds: BTreeSet<String> = all
        .iter()
        .map(|(msg, _)| serde_json::to_value(msg).unwrap().as_object().unwrap().keys().next().unwrap().clone())
        .collect();
    let error = serde_json::from_str::<ExecuteMsg>(r#"{"no_such_message":{}}"#).unwrap_err().to_string();
    let known = error.split_once("one of ").unwrap().1.split('`').skip(1).step_by(2);
    assert_eq!(kinds, known.map(str::to_owned).collect());

    let mut sends: Vec<CosmosMsg> = all.iter().map(|(msg, _)| execute(&liquidator, msg, vec![])).collect();
    let mut answers: Vec<&str> = all.iter().map(|(_, answer)| *answer).collect();
    // Nor may the pair repay the loan in the liquidator's place, though it may liquidate in the pool like anybody.
    let repay = pool::ExecuteMsg::RepayFlashLoan(pool::LoanId { id: 1 });
    sends.push(execute(world.pool(), &repay, vec![coin(700_000_000, UUSD)]));
    answers.push("did not open flash loan 1");

    let pays = vec![coin(800_000_000, UUSD)];
    let quiet = false_pair(&mut world, vec![], pays.clone());
    let hostile = false_pair(&mut world, sends, pays);
    let fresh = world.snapshot();
    let mut ends = vec![];
    for pair in [&quiet, &hostile] {
        world.restore(&fresh);
        let work = vec![item(&world)];
        let there = vec![route(UATOM, UUSD, &[(pair, UUSD)])];
        let response = world.liquidate_all(CALLER, &liquidator, work, there, 1).unwrap();
        let said = values(&response, "tried");
        if *pair == hostile {
            assert_eq!(said.len(), answers.len());
            for (said, answer) in said.iter().zip(&answers) {
                assert!(said.contains(answer), "{said}, not {answer}");
            }
        }
        assert_eq!(holdings(&world, liquidator.as_str()), [0; 4]);
        ends.push((world.dump_of(world.pool()), world.dump_of(&liquidator), holdings(&world, CALLER)));
    }
    assert!(ends[0] == ends[1], "what was tried in the middle made a difference");
}

#[test]
fn migrate_in_the_middle_of_its_work_is_refused_and_works_between() {
    let (mut world, liquidator, _) = fallen();
    let code_id = |world: &World| world.app().wrap().query_wasm_contract_info(&liquidator).unwrap().code_id;
    let (old, new_code_id) = (code_id(&world), world.app_mut().store_code(liquidator_code()));
    let msg = to_json_binary(&MigrateMsg {}).unwrap();
    let migrate = WasmMsg::Migrate { contract_addr: liquidator.to_string(), new_code_id, msg };
    let hostile = false_pair(&mut world, vec![migrate.into()], vec![coin(800_000_000, UUSD)]);
    let (owner, admin) = (world.addr(OWNER), hostile.to_string());
    let msg = WasmMsg::UpdateAdmin { contract_addr: liquidator.to_string(), admin };
    world.app_mut().execute(owner, msg.into()).unwrap();

    let (work, there) = (vec![item(&world)], vec![route(UATOM, UUSD, &[(&hostile, UUSD)])]);
    let response = world.liquidate_all(CALLER, &liquidator, work, there, 1).unwrap();
    let said = values(&response, "tried");
    assert!(said.len() == 1 && said[0].contains("work is under way"), "{said:?}");
    assert_eq!(code_id(&world), old);

    // Between two messages nothing is in the way.
    world.next_block();
    let msg = to_json_binary(&MigrateMsg {}).unwrap();
    let migrate = WasmMsg::Migrate { contract_addr: liquidator.to_string(), new_code_id, msg };
    world.app_mut().execute(hostile, migrate.into()).unwrap();
    assert_eq!(code_id(&world), new_code_id);
}

#[test]
fn migrate_of_another_contracts_state_or_from_a_newer_version_is_refused() {
    let (mut world, liquidator, pair) = fallen();
    let error = world.refused(|world| world.migrate(&pair, liquidator_code(), &MigrateMsg {}));
    assert!(error.to_string().contains("plimsoll-liquidator"), "{error}");
    let newer = r#"{"contract":"crates.io:plimsoll-liquidator","version":"9.0.0"}"#;
    world.storage_mut(&liquidator).set(b"contract_info", newer.as_bytes());
    let error = world.refused(|world| world.migrate(&liquidator, liquidator_code(), &MigrateMsg {}));
    assert!(error.to_string().contains("9.0.0"), "{error}");
}
