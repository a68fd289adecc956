//! The liquidator among contracts that mean it harm, on routes that lead nowhere, and with items named twice.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests: names say what is tested, and a failed setup is a failure"
)]

use std::collections::BTreeSet;

use cosmwasm_std::testing::{mock_dependencies, mock_env};
use cosmwasm_std::{
    Addr, BankMsg, Binary, Coin, CosmosMsg, Deps, DepsMut, Empty, Env, MessageInfo, Reply, Response, StdResult, SubMsg,
    SubMsgResult, WasmMsg, from_json, to_json_binary, to_json_vec,
};
use cw_multi_test::{Contract, ContractWrapper, Executor};
use plimsoll_liquidator::contract;
use plimsoll_liquidator::error::ContractError;
use plimsoll_liquidator::state::{Group, WORK, Work};
use plimsoll_risk::units::{Amount, Ratio};
use plimsoll_schema::liquidator::{ExecuteMsg, Item, MigrateMsg, Route, Step};
use plimsoll_schema::{pair, pool};
use plimsoll_testing::{
    AETH, ALICE, BOB, GUARDIAN, IBC_TOKEN, LENDER, OWNER, UATOM, UUSD, World, coin, liquidator_code, route, values,
};
use serde::{Deserialize, Serialize};

/// Who calls: only what changes of his is looked at.
const CALLER: &str = GUARDIAN;
const DENOMS: [&str; 4] = [UUSD, UATOM, IBC_TOKEN, AETH];

/// What a false pair does when somebody sells to it: it tries to send these, and then pays these.
#[derive(Serialize, Deserialize)]
struct Plan {
    sends: Vec<CosmosMsg>,
    pays: Vec<Coin>,
}

fn set_plan(deps: DepsMut, _: Env, _: MessageInfo, plan: Plan) -> StdResult<Response> {
    deps.storage.set(b"plan", &to_json_vec(&plan)?);
    Ok(Response::new())
}

fn swap(deps: DepsMut, _: Env, info: MessageInfo, _: pair::ExecuteMsg) -> StdResult<Response> {
    let plan: Plan = from_json(deps.storage.get(b"plan").unwrap())?;
    let pays = BankMsg::Send { to_address: info.sender.into_string(), amount: plan.pays };
    let tries = plan.sends.into_iter().map(|msg| SubMsg::reply_always(msg, 0));
    Ok(Response::new().add_submessages(tries).add_message(pays))
}

fn tell(_: DepsMut, _: Env, reply: Reply) -> StdResult<Response> {
    let said = match reply.result {
        SubMsgResult::Ok(_) => "done".to_owned(),
        SubMsgResult::Err(error) => error,
    };
    Ok(Response::new().add_attribute("tried", said))
}

fn no_query(_: Deps, _: Env, _: Empty) -> StdResult<Binary> {
    Ok(Binary::default())
}

fn false_pair_code() -> Box<dyn Contract<Empty>> {
    Box::new(ContractWrapper::new(swap, set_plan, no_query).with_reply(tell))
}

/// A contract that poses as a pair, with a million of everything.
fn false_pair(world: &mut World, sends: Vec<CosmosMsg>, pays: Vec<Coin>) -> Addr {
    let pair = world.deploy(false_pair_code(), OWNER, &Plan { sends, pays }, &[], "pair").unwrap();
    for denom in DENOMS {
        world.mint(&pair, denom, 1_000_000_000_000);
    }
    pair
}

/// Two accounts of Alice's with 100 ATOM and a debt of 690 uusd each; ATOM falls to 8.5. An honest market of the two, and a liquidator.
fn fallen() -> (World, Addr, Addr) {
    let mut world = World::builder().lent(1_000_000).build();
    for id in [0, 1] {
        world.deposit((ALICE, id), UATOM, 100_000_000).unwrap();
        world.borrow((ALICE, id), UUSD, 690_000_000).unwrap();
    }
    world.set_price(UATOM, "8.5");
    let pair = world.pair(UATOM, UUSD, 100_000_000);
    let liquidator = world.liquidator();
    (world, liquidator, pair)
}

fn item(world: &World) -> Item {
    world.item(ALICE, UATOM, (UUSD, 690_000_000))
}

fn holdings(world: &World, who: &str) -> Vec<u128> {
    DENOMS.iter().map(|denom| world.balance(who, denom)).collect()
}

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
    let repay = pool::ExecuteMsg::RepayFlashLoan { id: 1 };
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

/// Routes that pass the first look and lead nowhere: each fails its own group only, and leaves no coin and no debt of anybody's changed.
#[test]
fn a_route_that_does_not_connect_undoes_its_group_alone() {
    let (mut world, liquidator, _) = fallen();
    // Bob's account is liquidated beside, on a route that does connect.
    world.deposit(BOB, IBC_TOKEN, 100_000_000).unwrap();
    world.borrow(BOB, UUSD, 290_000_000).unwrap();
    world.set_price(IBC_TOKEN, "4.2");
    let beside = world.pair(IBC_TOKEN, UUSD, 100_000_000);

    let (ibc_aeth, empty) = (world.pair(IBC_TOKEN, AETH, 1_000_000), empty_pair(&mut world, UATOM, UUSD));
    let (aeth_uusd, atom_ibc) = (world.pair(AETH, UUSD, 1_000_000), world.pair(UATOM, IBC_TOKEN, 1_000_000));
    let nobody = world.addr("nobody");
    let thief = false_pair(&mut world, vec![], vec![]);
    let stingy = false_pair(&mut world, vec![], vec![coin(1, UUSD)]);
    let off_course = false_pair(&mut world, vec![], vec![coin(800_000_000, IBC_TOKEN)]);
    let (pool, itself) = (world.pool().clone(), liquidator.clone());
    let garbage = Addr::unchecked("garbage");
    let routes: Vec<(&str, Vec<(&Addr, &str)>)> = vec![
        ("a pair of two other tokens", vec![(&ibc_aeth, UUSD)]),
        ("a pair that doesn't take what comes in first", vec![(&aeth_uusd, UUSD)]),
        ("pairs that don't meet", vec![(&atom_ibc, IBC_TOKEN), (&aeth_uusd, UUSD)]),
        ("a pair that pays something else than is said", vec![(&atom_ibc, AETH), (&aeth_uusd, UUSD)]),
        ("a pair without liquidity", vec![(&empty, UUSD)]),
        ("an address without a contract", vec![(&nobody, UUSD)]),
        ("what is no address", vec![(&garbage, UUSD)]),
        ("the pool", vec![(&pool, UUSD)]),
        ("the liquidator itself", vec![(&itself, UUSD)]),
        ("a contract that keeps what it gets", vec![(&thief, UUSD)]),
        ("a contract that pays next to nothing", vec![(&stingy, UUSD)]),
        ("a contract that pays in another coin", vec![(&off_course, UUSD)]),
    ];
    let fresh = world.snapshot();
    let alice = world.account(ALICE);
    for (what, hops) in routes {
        world.restore(&fresh);
        let before = holdings(&world, CALLER);
        let work = vec![item(&world), world.item(BOB, IBC_TOKEN, (UUSD, 290_000_000))];
        let there = vec![route(UATOM, UUSD, &hops), route(IBC_TOKEN, UUSD, &[(&beside, UUSD)])];
        let response = world.liquidate_all(CALLER, &liquidator, work, there, 1).unwrap();
        assert_eq!(values(&response, "succeeded"), ["1"], "{what}");
        assert_eq!(world.account(ALICE), alice, "{what}");
        assert!(!world.position(BOB).liquidatable, "{what}");
        assert_eq!(holdings(&world, liquidator.as_str()), [0; 4], "{what}");
        let after = holdings(&world, CALLER);
        assert!(after[0] > before[0] && after[1..] == before[1..], "{what}");
        assert!(world.market(UUSD).stored.lent.is_zero(), "{what}");
        assert!(DENOMS.iter().all(|denom| world.solvency(denom).solvent), "{what}");
    }
}

fn empty_pair(world: &mut World, first: &str, second: &str) -> Addr {
    let pair = world.deploy_pair(first, second, Ratio::bps(30)).unwrap();
    // Coins sent to it without a message are no liquidity.
    world.send(LENDER, &pair, &[coin(1_000_000, first)]).unwrap();
    pair
}

#[test]
fn a_route_of_too_many_hops_is_refused_and_one_that_no_item_needs_is_not_looked_up() {
    let (mut world, liquidator, honest) = fallen();
    let hops: Vec<(&Addr, &str)> =
        [IBC_TOKEN, AETH, "ushell", "uother", UUSD].iter().map(|denom| (&honest, *denom)).collect();
    let (work, there) = (vec![item(&world)], vec![route(UATOM, UUSD, &hops)]);
    let expected = ContractError::BadRoute { collateral_denom: UATOM.to_owned(), debt_denom: UUSD.to_owned(), max: 4 };
    let error = world.refused(|world| world.liquidate_all(CALLER, &liquidator, work.clone(), there, 0));
    assert!(error.is(&expected), "{error}");
    let idle = route(AETH, UUSD, &[(&Addr::unchecked("garbage"), UUSD)]);
    let there = vec![idle, route(UATOM, UUSD, &[(&honest, UUSD)])];
    world.liquidate_all(CALLER, &liquidator, work, there, 1).unwrap();
}

#[test]
fn items_named_twice_are_refused_however_they_are_written() {
    let (mut world, liquidator, honest) = fallen();
    let alice = world.addr(ALICE).into_string();
    let liquidate = |account_id, amount, min_receive| Item::Liquidate {
        user: alice.clone(),
        account_id,
        repay: coin(amount, UUSD),
        collateral_denom: UATOM.to_owned(),
        min_receive,
    };
    let write_off = |account_id| Item::WriteOff { user: alice.clone(), account_id };
    let there: Vec<Route> = vec![route(UATOM, UUSD, &[(&honest, UUSD)])];
    for (items, second) in [
        (vec![liquidate(None, 5, None), liquidate(Some(0), 7, Some(Amount::new(3)))], 1),
        (vec![liquidate(Some(0), 5, None), write_off(None), liquidate(None, 5, None)], 2),
        (vec![write_off(None), write_off(None)], 1),
        (vec![write_off(Some(0)), write_off(Some(1)), write_off(None)], 2),
    ] {
        let expected = ContractError::ItemTwice { first: 0, second };
        let error = world.refused(|world| world.liquidate_all(CALLER, &liquidator, items, there.clone(), 0));
        assert!(error.is(&expected), "{error}");
    }
    // To liquidate and to write off what is then left are different things, and so are two accounts.
    let items = vec![liquidate(None, 690_000_000, None), write_off(None), liquidate(Some(1), 690_000_000, None)];
    let response = world.liquidate_all(CALLER, &liquidator, items, there, 2).unwrap();
    assert_eq!(values(&response, "succeeded"), ["2"]);
}

#[test]
fn an_account_named_twice_in_different_letters_is_done_once() {
    let (mut world, liquidator, honest) = fallen();
    let shouted = Item::Liquidate {
        user: world.addr(ALICE).as_str().to_uppercase(),
        account_id: None,
        repay: coin(690_000_000, UUSD),
        collateral_denom: UATOM.to_owned(),
        min_receive: None,
    };
    let (work, there) = (vec![item(&world), shouted], vec![route(UATOM, UUSD, &[(&honest, UUSD)])]);
    let response = world.liquidate_all(CALLER, &liquidator, work, there, 1).unwrap();
    assert_eq!(values(&response, "succeeded"), ["1"]);
    assert_eq!(world.position(ALICE).health_factor.unwrap().to_string().get(..4), Some("1.05"));
}

fn replied(id: u64, work: Option<Work>) -> Result<Option<Work>, String> {
    let mut deps = mock_dependencies();
    WORK.save(&mut deps.storage, &work).unwrap();
    let result = SubMsgResult::Err("never asked for".to_owned());
    let reply = Reply { id, payload: Binary::default(), gas_used: 0, result };
    contract::reply(deps.as_mut(), mock_env(), reply).map_err(|error| error.to_string())?;
    Ok(WORK.load(&deps.storage).unwrap())
}

#[test]
fn replies_with_ids_that_were_never_given_are_refused() {
    let (world, _, honest) = fallen();
    let work = Work {
        caller: world.addr(CALLER),
        items: vec![item(&world)],
        groups: vec![Group { route: route(UATOM, UUSD, &[(&honest, UUSD)]), items: vec![0] }],
        expected: Some(0),
        succeeded: 0,
        min_success: 1,
        item_gas: 5,
    };
    // Items from 0, groups from 1,000: one of each.
    for id in [1, 50, 999, 1_001, 1_050, u64::MAX] {
        assert_eq!(replied(id, Some(work.clone())), Err(format!("reply {id} may not call this now")));
    }
    for id in [0, 1_000, u64::MAX] {
        assert_eq!(replied(id, None), Err(format!("reply {id} may not call this now")));
    }
    // Those that were given are heard; a failure counts for nothing.
    assert_eq!(replied(0, Some(work.clone())), Ok(Some(work.clone())));
    let after = Work { expected: Some(1), ..work.clone() };
    assert_eq!(replied(1_000, Some(work)), Ok(Some(after)));
}
