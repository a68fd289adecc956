//! The contract by itself, with callbacks, replies and events that the real pool and the real chain don't make.

use cosmwasm_std::testing::{MockApi, MockQuerier, MockStorage, message_info, mock_dependencies, mock_env};
use cosmwasm_std::{
    Addr, Binary, Coin, CosmosMsg, Event, MessageInfo, OwnedDeps, Reply, Response, SubMsg, SubMsgResponse,
    SubMsgResult, WasmMsg, coin, from_json,
};
use plimsoll_liquidator::contract;
use plimsoll_liquidator::error::ContractError;
use plimsoll_schema::liquidator::{ExecuteMsg, InstantiateMsg};
use plimsoll_schema::pool::{self, LiquidateItem, LiquidationItem, UserAccount};
use plimsoll_testing::{UATOM, UUSD, route};

type Deps = OwnedDeps<MockStorage, MockApi, MockQuerier>;

fn who(name: &str) -> MessageInfo {
    message_info(&MockApi::default().addr_make(name), &[])
}

fn instantiated() -> Deps {
    let mut deps = mock_dependencies();
    let msg = InstantiateMsg { pool: who("pool").sender.into_string() };
    contract::instantiate(deps.as_mut(), mock_env(), who("owner"), msg).unwrap();
    deps
}

/// An order of one group that sells, and of write-offs when `both`.
fn ordered(deps: &mut Deps, both: bool) -> Response {
    let user = who("alice").sender.into_string();
    let mut items = vec![LiquidationItem::Liquidate(LiquidateItem {
        user: user.clone(),
        account_id: None,
        collateral_denom: UATOM.to_owned(),
        debt_denom: UUSD.to_owned(),
        max_repay: None,
        min_receive: None,
    })];
    if both {
        items.push(LiquidationItem::WriteOff(UserAccount { user, account_id: None }));
    }
    let routes = vec![route(UATOM, UUSD, &[(&who("pair").sender, UUSD)])];
    let msg = ExecuteMsg::Liquidate { items, routes, min_success: 1 };
    contract::execute(deps.as_mut(), mock_env(), who("caller"), msg).unwrap()
}

/// What goes to the pool.
fn batch(message: &SubMsg) -> pool::LiquidateBatch {
    let CosmosMsg::Wasm(WasmMsg::Execute { contract_addr, msg, funds }) = &message.msg else { unreachable!() };
    assert_eq!((contract_addr.as_str(), funds.len()), (who("pool").sender.as_str(), 0));
    let pool::ExecuteMsg::LiquidateBatch(batch) = from_json(msg).unwrap() else { unreachable!() };
    batch
}

fn replied(deps: &mut Deps, message: &SubMsg, events: Vec<Event>) -> Result<Response, ContractError> {
    #[allow(deprecated, reason = "the chain still sends it")]
    let result = SubMsgResult::Ok(SubMsgResponse { events, data: None, msg_responses: vec![] });
    let reply = Reply { id: message.id, payload: message.payload.clone(), gas_used: 0, result };
    contract::reply(deps.as_mut(), mock_env(), reply)
}

fn event(contract: &Addr, action: &str, succeeded: &str) -> Event {
    let event = Event::new("wasm").add_attribute("_contract_address", contract).add_attribute("action", action);
    event.add_attribute("item", "0").add_attribute("outcome", "ok").add_attribute("succeeded", succeeded)
}

#[test]
fn callbacks_of_the_pool_bring_one_coin_of_the_debts_denom_or_are_refused() {
    let mut deps = instantiated();
    let response = ordered(&mut deps, false);
    let terms: Binary = batch(&response.messages[0]).callback.unwrap();
    let mut called = |repay: Vec<Coin>| {
        let msg = ExecuteMsg::BatchCallback { id: 1, repay, received: vec![coin(5, UATOM)], msg: terms.clone() };
        contract::execute(deps.as_mut(), mock_env(), who("pool"), msg).map_err(|error| error.to_string())
    };
    let unexpected = Err(ContractError::Unexpected { sender: who("pool").sender.into_string() }.to_string());
    for repay in [vec![], vec![coin(5, UATOM)], vec![coin(5, UUSD), coin(5, UATOM)]] {
        assert_eq!(called(repay.clone()), unexpected, "{repay:?}");
    }
    assert_eq!(called(vec![coin(5, UUSD)]).unwrap().messages.len(), 1);
}

#[test]
fn groups_ask_for_one_success_and_write_offs_for_none() {
    let mut deps = instantiated();
    let alone = ordered(&mut deps, false);
    assert_eq!(batch(&alone.messages[0]).min_success, Some(1));
    assert!(alone.messages[0].payload.is_empty(), "a group alone needs no reply");
    let first = ordered(&mut deps, true).messages.remove(0);
    assert_eq!(batch(&first).min_success, Some(1));
    let pool = who("pool").sender;
    let second = replied(&mut deps, &first, vec![event(&pool, "liquidate_batch", "1")]).unwrap().messages.remove(0);
    let write_offs = batch(&second);
    assert_eq!((write_offs.min_success, write_offs.callback), (Some(0), None));
}

/// Neither other contracts' events nor other actions of the pool, nor what comes after its first event, count.
#[test]
fn successes_are_those_of_the_pools_first_event() {
    let mut deps = instantiated();
    let first = ordered(&mut deps, true).messages.remove(0);
    let pool = who("pool").sender;
    let pair = who("pair").sender;
    let events = vec![
        event(&pair, "liquidate_batch", "7"),
        event(&pool, "repay_batch", "6"),
        event(&pool, "liquidate_batch", "2"),
        event(&pool, "liquidate_batch", "5"),
    ];
    let second = replied(&mut deps, &first, events).unwrap().messages.remove(0);
    let last = replied(&mut deps, &second, vec![event(&pool, "liquidate_batch", "1")]).unwrap();
    assert_eq!(last.attributes.last().unwrap().value, "3");

    let error = replied(&mut deps, &first, vec![event(&pair, "liquidate_batch", "7")]).unwrap_err();
    assert_eq!(error.to_string(), ContractError::NoCount { group: 0 }.to_string());
    let error = replied(&mut deps, &first, vec![event(&pool, "liquidate_batch", "many")]).unwrap_err();
    assert_eq!(error.to_string(), ContractError::NoCount { group: 0 }.to_string());
}

/// A chain that hands no payload back, as those before CosmWasm 2 do, fails the whole.
#[test]
fn replies_without_their_payload_are_refused() {
    let mut deps = instantiated();
    let first = ordered(&mut deps, true).messages.remove(0);
    let pool = who("pool").sender;
    for payload in [vec![], vec![9], [first.payload.as_slice(), &[0]].concat()] {
        let bare = SubMsg { payload: payload.into(), ..first.clone() };
        let error = replied(&mut deps, &bare, vec![event(&pool, "liquidate_batch", "1")]).unwrap_err();
        assert!(matches!(error, ContractError::Std(_)), "{error}");
    }
}
