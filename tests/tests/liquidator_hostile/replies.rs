//! Replies that nobody asked for.

use cosmwasm_std::testing::{mock_dependencies, mock_env};
use cosmwasm_std::{Binary, Reply, SubMsgResult};
use plimsoll_liquidator::contract;
use plimsoll_liquidator::state::{Group, WORK, Work};
use plimsoll_testing::{UATOM, UUSD, route};

use crate::stage::{CALLER, fallen, item};

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
