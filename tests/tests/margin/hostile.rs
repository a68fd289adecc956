//! The margin contract among pairs that mean it harm, on routes that lead nowhere, and with coins of strangers.

use cosmwasm_std::{
    Addr, BankMsg, Binary, Coin, CosmosMsg, Deps, DepsMut, Empty, Env, MessageInfo, Reply, Response, StdResult, SubMsg,
    SubMsgResult, WasmMsg, from_json, to_json_binary, to_json_vec,
};
use cw_multi_test::{Contract, ContractWrapper};
use plimsoll_margin::error::ContractError;
use plimsoll_pool::error::ContractError as PoolError;
use plimsoll_risk::units::Amount;
use plimsoll_schema::margin::{Adjust, Close, ExecuteMsg, Open, Order, Size, Target};
use plimsoll_schema::pair::{QueryMsg, ReverseSimulationResponse, SimulationResponse};
use plimsoll_schema::pool::{ExecuteMsg as PoolMsg, LoanId};
use plimsoll_testing::{AETH, ALICE, BOB, GUARDIAN, IBC_TOKEN, OWNER, UATOM, UUSD, World, coin, hops, ratio, values};
use serde::{Deserialize, Serialize};

use crate::setup::{DENOMS, EQUITY, as_quoted, atom, builder, close, holdings, leverage, number, open, world};

/// What a false pair says that a swap returns, what it pays, and what it tries to send before.
#[derive(Serialize, Deserialize, Clone)]
struct Plan {
    says: u128,
    pays: Vec<Coin>,
    sends: Vec<CosmosMsg>,
}

fn set_plan(deps: DepsMut, _: Env, _: MessageInfo, plan: Plan) -> StdResult<Response> {
    deps.storage.set(b"plan", &to_json_vec(&plan)?);
    Ok(Response::new())
}

fn swap(deps: DepsMut, _: Env, info: MessageInfo, _: plimsoll_schema::pair::ExecuteMsg) -> StdResult<Response> {
    let plan: Plan = from_json(deps.storage.get(b"plan").unwrap())?;
    let tries = plan.sends.into_iter().map(|msg| SubMsg::reply_always(msg, 0));
    let pays = BankMsg::Send { to_address: info.sender.into_string(), amount: plan.pays };
    Ok(Response::new().add_submessages(tries).add_message(pays))
}

fn tell(_: DepsMut, _: Env, reply: Reply) -> StdResult<Response> {
    let said = match reply.result {
        SubMsgResult::Ok(_) => "done".to_owned(),
        SubMsgResult::Err(error) => error,
    };
    Ok(Response::new().add_attribute("tried", said))
}

fn says(deps: Deps, _: Env, query: QueryMsg) -> StdResult<Binary> {
    let plan: Plan = from_json(deps.storage.get(b"plan").unwrap())?;
    let none = Amount::ZERO;
    match query {
        QueryMsg::ReverseSimulation { .. } => to_json_binary(&ReverseSimulationResponse {
            offer_amount: Amount::new(plan.says),
            spread_amount: none,
            commission_amount: none,
        }),
        _ => to_json_binary(&SimulationResponse {
            return_amount: Amount::new(plan.says),
            spread_amount: none,
            commission_amount: none,
        }),
    }
}

fn false_pair_code() -> Box<dyn Contract<Empty>> {
    Box::new(ContractWrapper::new(swap, set_plan, says).with_reply(tell))
}

/// A contract that poses as a pair, with a million of everything.
fn false_pair(world: &mut World, plan: &Plan) -> Addr {
    let pair = world.deploy(false_pair_code(), OWNER, plan, &[], "pair").unwrap();
    for denom in DENOMS {
        world.mint(&pair, denom, 1_000_000_000_000);
    }
    pair
}

fn execute(contract: &Addr, msg: &impl Serialize, funds: Vec<Coin>) -> CosmosMsg {
    WasmMsg::Execute { contract_addr: contract.to_string(), msg: to_json_binary(msg).unwrap(), funds }.into()
}

/// Borrows 3,000 dollars against 100 ATOM and what they buy.
fn borrowing(pair: &Addr) -> Open {
    open(pair, Size::Borrow(Amount::new(3_000_000_000)))
}

#[test]
fn whatever_a_pair_tries_in_the_middle_is_refused_and_changes_nothing() {
    let (mut world, honest) = world();
    let margin = world.margin().clone();
    let order = |id| ExecuteMsg::Open(Open { account_id: id, ..borrowing(&honest) });
    let callback = |repay: Vec<Coin>, msg: Vec<u8>| ExecuteMsg::BatchCallback {
        id: 1,
        repay,
        received: vec![],
        msg: Binary::from(msg),
    };
    let tries = [
        // An order of the pair's own, and one for an account that waits.
        (execute(&margin, &order(None), atom(EQUITY)), "waits for its callback"),
        (execute(&margin, &ExecuteMsg::Close(close(&honest, None)), vec![]), "has no debt of"),
        (execute(&margin, &callback(vec![coin(5, UATOM)], vec![]), vec![]), "may not call this"),
        (execute(&margin, &callback(vec![], b"anything".to_vec()), vec![]), "may not call this"),
        (execute(world.pool(), &PoolMsg::RepayBatch(LoanId { id: 1 }), atom(300_000_000)), "batch 1"),
        (execute(world.pool(), &PoolMsg::FinishBatch(LoanId { id: 1 }), vec![]), "not the pool"),
    ];
    let pays = atom(300_000_000);
    let quiet = false_pair(&mut world, &Plan { says: 300_000_000, pays: pays.clone(), sends: vec![] });
    let sends = tries.iter().map(|(msg, _)| msg.clone()).collect();
    let hostile = false_pair(&mut world, &Plan { says: 300_000_000, pays, sends });
    let fresh = world.snapshot();
    let mut end = |pair: &Addr| {
        world.restore(&fresh);
        let response = world.order(ALICE, &Order::Open(borrowing(pair)), &atom(EQUITY)).unwrap();
        let end = (world.dump_of(world.pool()), world.dump_of(&margin), holdings(&world, ALICE));
        assert_eq!(holdings(&world, margin.as_str()), [0; 4]);
        (response, end)
    };
    let (_, calm) = end(&quiet);
    let (response, stormy) = end(&hostile);
    let said = values(&response, "tried");
    assert_eq!(said.len(), tries.len());
    for (said, (_, answer)) in said.iter().zip(&tries) {
        assert!(said.contains(answer), "{said}, not {answer}");
    }
    assert!(calm == stormy, "what was tried in the middle made a difference");
}

#[test]
fn a_pair_that_pays_less_than_it_said_undoes_the_whole() {
    let (mut world, _) = world();
    for pays in [vec![], atom(299_999_999), vec![coin(5, IBC_TOKEN)]] {
        let got = pays.iter().find(|coin| coin.denom == UATOM).map_or(0u128, number);
        let pays = if pays.is_empty() { vec![coin(1, AETH)] } else { pays };
        let pair = false_pair(&mut world, &Plan { says: 300_000_000, pays, sends: vec![] });
        let error = world.refused(|world| world.order(ALICE, &Order::Open(borrowing(&pair)), &atom(EQUITY)));
        let expected =
            ContractError::Shortfall { denom: UATOM.to_owned(), got: got.into(), wanted: 300_000_000u128.into() };
        assert!(error.is(&expected), "{error}");
    }
}

#[test]
fn a_pair_that_pays_more_than_it_said_leaves_nothing_inside() {
    let (mut world, _) = world();
    let pair = false_pair(&mut world, &Plan { says: 300_000_000, pays: atom(300_000_007), sends: vec![] });
    let before = world.balance(ALICE, UATOM);
    let response = world.order(ALICE, &Order::Open(borrowing(&pair)), &atom(EQUITY)).unwrap();
    assert_eq!(values(&response, "proceeds"), ["7uatom"]);
    assert_eq!(world.balance(ALICE, UATOM), before - EQUITY + 7);
    assert_eq!(holdings(&world, world.margin().as_str()), [0; 4]);
}

#[test]
fn a_pair_that_pays_next_to_nothing_is_no_route() {
    let (mut world, honest) = world();
    let pair = false_pair(&mut world, &Plan { says: 1, pays: atom(1), sends: vec![] });
    // The pool finds the account without what the debt should have bought.
    let error = world.refused(|world| {
        let order = Order::Open(open(&pair, Size::Borrow(Amount::new(3_000_000_000))));
        world.order(ALICE, &order, &atom(EQUITY))
    });
    assert!(error.to_string().starts_with("debt of "), "{error}");
    // By leverage less is borrowed, which would be the sender's loss: the limit of an honest quote refuses it.
    let quote = world.quote(ALICE, &Order::Open(open(&honest, leverage("3"))), &atom(EQUITY)).unwrap();
    let min = Amount::new(number(&quote.bought) * 99 / 100);
    let order = Order::Open(Open { min_received: min, ..open(&pair, leverage("3")) });
    let error = world.refused(|world| world.order(ALICE, &order, &atom(EQUITY)));
    assert!(
        error.is(&ContractError::MinReceived { denom: UATOM.to_owned(), received: Amount::new(1), min }),
        "{error}"
    );
    // Nor does it close anything: what it says it wants is never what it pays.
    world.leverage(ALICE, (UATOM, EQUITY), UUSD, "3", &honest).unwrap();
    let order = Order::Close(close(&pair, None));
    let error = world.refused(|world| world.order(ALICE, &order, &[]));
    assert!(error.to_string().contains("but return 1 for it"), "{error}");
}

#[test]
fn a_pair_that_returns_no_more_than_the_fee_buys_nothing() {
    let mut world = builder().margin_with_fee(ratio("0.001")).build();
    let honest = world.pair(UATOM, UUSD, 10_000_000);
    world.leverage(ALICE, (UATOM, EQUITY), UUSD, "3", &honest).unwrap();
    for says in [0, 1] {
        let pair = false_pair(&mut world, &Plan { says, pays: vec![coin(1, UUSD)], sends: vec![] });
        let order = Order::Adjust(Adjust {
            account_id: None,
            collateral_denom: UATOM.to_owned(),
            debt_denom: UUSD.to_owned(),
            to: Target::Sell(Amount::new(1_000)),
            hops: hops(&[(&pair, UATOM)]),
            max_debt: None,
            max_sold: None,
            min_received: Amount::ZERO,
        });
        let (returned, fee) = (Amount::new(says), Amount::new(says));
        let error = world.refused(|world| world.order(ALICE, &order, &[]));
        assert!(error.is(&ContractError::NothingBought { denom: UUSD.to_owned(), returned, fee }), "{error}");
        assert_eq!(world.quote(ALICE, &order, &[]).unwrap_err(), error);
    }
}

#[test]
fn a_pair_that_asks_for_the_whole_world_is_refused() {
    let (mut world, honest) = world();
    world.leverage(ALICE, (UATOM, EQUITY), UUSD, "3", &honest).unwrap();
    for says in [u128::MAX, u128::MAX / 2, 10u128.pow(30)] {
        let pair = false_pair(&mut world, &Plan { says, pays: atom(1), sends: vec![] });
        world.refused(|world| world.order(ALICE, &Order::Close(close(&pair, None)), &[]));
        world.refused(|world| world.order(ALICE, &Order::Open(open(&pair, leverage("4"))), &atom(EQUITY)));
    }
}

#[test]
fn what_is_no_pair_is_no_route() {
    let (mut world, _) = world();
    for contract in [world.pool().clone(), world.oracle().clone(), world.addr(BOB), Addr::unchecked("garbage")] {
        world.refused(|world| world.order(ALICE, &Order::Open(borrowing(&contract)), &atom(EQUITY)));
    }
}

#[test]
fn routes_that_lead_elsewhere_come_back_or_have_no_end_are_refused() {
    let (mut world, pair) = world();
    let route = |denoms: &[&str]| hops(&denoms.iter().map(|denom| (&pair, *denom)).collect::<Vec<_>>());
    for denoms in [
        &[][..],
        &[UUSD],
        &[AETH],
        &[UATOM, AETH],
        &[AETH, AETH, UATOM],
        &[UUSD, UATOM],
        &[AETH, IBC_TOKEN, "ushell", "uother", UATOM],
    ] {
        let order = Order::Open(Open { hops: route(denoms), ..borrowing(&pair) });
        let error = world.refused(|world| world.order(ALICE, &order, &atom(EQUITY)));
        let expected = ContractError::BadRoute { from: UUSD.to_owned(), to: UATOM.to_owned(), max: 4 };
        assert!(error.is(&expected), "{denoms:?}: {error}");
    }
    let order = Order::Close(Close { debt_denom: UATOM.to_owned(), hops: route(&[UATOM]), ..close(&pair, None) });
    let error = world.refused(|world| world.order(ALICE, &order, &[]));
    assert!(error.is(&ContractError::BadRoute { from: UATOM.to_owned(), to: UATOM.to_owned(), max: 4 }), "{error}");
}

#[test]
fn coins_of_strangers_go_to_the_next_sender_and_change_no_trade() {
    let (mut world, pair) = world();
    let order = Order::Open(open(&pair, leverage("5")));
    let clean = world.quote(ALICE, &order, &atom(EQUITY)).unwrap();
    let margin = world.margin().clone();
    world.send(BOB, &margin, &[coin(7, UUSD), coin(11, UATOM)]).unwrap();
    let (_, quote) = as_quoted(&mut world, ALICE, &order, &atom(EQUITY));
    assert_eq!(quote.paid, [coin(11, UATOM), coin(7, UUSD)]);
    assert_eq!((quote.sold, quote.bought, quote.position), (clean.sold, clean.bought, clean.position));
}

#[test]
fn a_paused_pool_opens_nothing_and_says_what_is_stopped() {
    for (deposit, borrow, action, denom) in [(true, false, "deposit", UATOM), (false, true, "borrow", UUSD)] {
        let (mut world, pair) = world();
        let stop = PoolMsg::Pause { denom: None, deposit, borrow, flash_loan: false };
        world.execute(GUARDIAN, &stop, &[]).unwrap();
        for size in [leverage("3"), Size::Borrow(Amount::new(3_000_000_000))] {
            let order = Order::Open(open(&pair, size));
            let error = world.refused(|world| world.order(ALICE, &order, &atom(EQUITY)));
            assert!(error.is(&PoolError::Stopped { action, denom: denom.to_owned() }), "{error}");
        }
    }
}

#[test]
fn callbacks_come_from_the_pool_alone() {
    let (mut world, _) = world();
    let margin = world.margin().clone();
    let msg = ExecuteMsg::BatchCallback { id: 1, repay: atom(5), received: vec![], msg: Binary::default() };
    for sender in [ALICE, OWNER] {
        let error = world.refused(|world| world.execute_contract(sender, &margin, &msg, &[]));
        assert!(error.is(&ContractError::Unexpected { sender: world.addr(sender).into_string() }), "{error}");
    }
    let error = world.refused(|world| world.execute_contract(ALICE, &margin, &msg, &atom(5)));
    assert_eq!(error.to_string(), "this message takes no funds, but '5uatom' was sent");
}
