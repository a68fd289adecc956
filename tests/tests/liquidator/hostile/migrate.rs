//! `migrate`, between orders and in the middle of one.

use cosmwasm_std::{Addr, WasmMsg, to_json_binary};
use cw_multi_test::Executor;
use plimsoll_schema::liquidator::MigrateMsg;
use plimsoll_testing::{OWNER, UATOM, UUSD, World, coin, liquidator_code, route, values};

use super::false_pair::false_pair;
use super::setup::{CALLER, fallen, holdings, item};

const CONTRACT_INFO: &[u8] = b"contract_info";

fn code_id(world: &World, contract: &Addr) -> u64 {
    world.app().wrap().query_wasm_contract_info(contract).unwrap().code_id
}

/// An order has nothing in storage that another version could read wrongly: it goes on.
#[test]
fn migrate_in_the_middle_of_an_order_changes_nothing_but_the_code() {
    let (mut world, liquidator, _) = fallen();
    let new_code_id = world.app_mut().store_code(liquidator_code());
    let msg = to_json_binary(&MigrateMsg {}).unwrap();
    let migrate = WasmMsg::Migrate { contract_addr: liquidator.to_string(), new_code_id, msg };
    let hostile = false_pair(&mut world, vec![migrate.into()], vec![coin(800_000_000, UUSD)]);
    let owner = world.addr(OWNER);
    let admin = hostile.to_string();
    let msg = WasmMsg::UpdateAdmin { contract_addr: liquidator.to_string(), admin };
    world.app_mut().execute(owner, msg.into()).unwrap();

    let stored = world.dump_of(&liquidator);
    let work = vec![item(&world)];
    let there = vec![route(UATOM, UUSD, &[(&hostile, UUSD)])];
    let response = world.liquidate_all(CALLER, &liquidator, work, there, 1).unwrap();
    assert_eq!((values(&response, "tried"), values(&response, "succeeded")), (vec!["done"], vec!["1"]));
    assert_eq!(code_id(&world, &liquidator), new_code_id);
    assert_eq!(world.dump_of(&liquidator), stored);
    assert_eq!(holdings(&world, liquidator.as_str()), [0; 4]);
}

/// Versions up to 0.2.0 kept the work under way: `None` between transactions.
#[test]
fn migrate_removes_the_work_record_of_the_version_before() {
    let (mut world, liquidator, honest) = fallen();
    let stored = world.dump_of(&liquidator);
    let older = r#"{"contract":"crates.io:plimsoll-liquidator","version":"0.1.0"}"#;
    world.storage_mut(&liquidator).set(CONTRACT_INFO, older.as_bytes());
    world.storage_mut(&liquidator).set(b"w", &[0]);
    let response = world.migrate(&liquidator, liquidator_code(), &MigrateMsg {}).unwrap();
    assert_eq!(values(&response, "from"), ["0.1.0"]);
    assert_eq!(world.dump_of(&liquidator), stored);
    let there = vec![route(UATOM, UUSD, &[(&honest, UUSD)])];
    world.liquidate_all(CALLER, &liquidator, vec![item(&world)], there, 1).unwrap();
}

#[test]
fn migrate_of_another_contracts_state_or_from_a_newer_version_is_refused() {
    let (mut world, liquidator, pair) = fallen();
    let error = world.refused(|world| world.migrate(&pair, liquidator_code(), &MigrateMsg {}));
    assert!(error.to_string().contains("plimsoll-liquidator"), "{error}");
    let newer = r#"{"contract":"crates.io:plimsoll-liquidator","version":"9.0.0"}"#;
    world.storage_mut(&liquidator).set(CONTRACT_INFO, newer.as_bytes());
    let error = world.refused(|world| world.migrate(&liquidator, liquidator_code(), &MigrateMsg {}));
    assert!(error.to_string().contains("9.0.0"), "{error}");
}
