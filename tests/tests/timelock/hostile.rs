//! Those who mean harm: an admin after less notice or no veto, a guardian who would stay, and contracts called back in
//! the middle.

use cosmwasm_std::{BankMsg, WasmMsg, to_json_binary};
use plimsoll_schema::timelock::{Call, EntriesResponse, ExecuteMsg, InstantiateMsg, QueryMsg};
use plimsoll_testing::{
    ALICE, Addr, AppResponse, BOB, GUARDIAN, OWNER, Step, UUSD, World, WorldError, coin, timelock_code, values,
};
use plimsoll_timelock::error::ContractError;
use serde_json::json;

use crate::setup::{DELAY, WEEK, min_debt, no_roles, not_the, refuses, set_min_debt, waiting, world};

/// A timelock whose admin is a contract that does what it is told, with 10 uusd: the timelock, and that admin.
fn with_contract_as_admin() -> (World, Addr, Addr) {
    let mut world = World::builder().without_assets().build();
    let admin = world.borrower();
    world.mint(&admin, UUSD, 10);
    let msg = InstantiateMsg { admin: admin.to_string(), guardian: None, delay: DELAY };
    let timelock = world.deploy(timelock_code(), OWNER, &msg, &[], "timelock").unwrap();
    (world, timelock, admin)
}

/// The admin's step that sends this to the timelock.
fn tell(timelock: &Addr, msg: &ExecuteMsg) -> Step {
    let msg = to_json_binary(msg).unwrap();
    Step::Send(WasmMsg::Execute { contract_addr: timelock.to_string(), msg, funds: vec![] }.into())
}

/// The admin's step that queues a call of the admin itself, which is to take these steps.
fn announce(timelock: &Addr, admin: &Addr, steps: &[Step]) -> Step {
    let msg = to_json_binary(&json!({ "run": { "steps": steps } })).unwrap();
    tell(timelock, &ExecuteMsg::Queue { msg: Call { contract: admin.to_string(), msg, migrate_to: None } })
}

/// Pays one uusd of the admin's: what counts how often a call was sent.
fn pay(world: &World, to: &str) -> Step {
    Step::Send(BankMsg::Send { to_address: world.addr(to).into_string(), amount: vec![coin(1, UUSD)] }.into())
}

fn paid(world: &World, to: &str) -> u128 {
    world.balance(to, UUSD)
}

fn waiting_at(world: &World, timelock: &Addr) -> Vec<u64> {
    let asked = QueryMsg::Entries { start_after: None, limit: None };
    let page: EntriesResponse = world.query_contract(timelock, &asked).unwrap();
    page.entries.iter().map(|entry| entry.id).collect()
}

fn run(world: &mut World, admin: &Addr, step: Step) -> Result<AppResponse, WorldError> {
    world.flash(admin, [step])
}

#[test]
fn a_call_that_applies_itself_again_is_sent_once() {
    let (mut world, timelock, admin) = with_contract_as_admin();
    let again = tell(&timelock, &ExecuteMsg::Apply { id: 1 });
    let steps = [pay(&world, BOB), again.clone().or_not(), pay(&world, BOB)];
    run(&mut world, &admin, announce(&timelock, &admin, &steps)).unwrap();
    world.advance(DELAY);
    let response = run(&mut world, &admin, again.clone()).unwrap();
    assert_eq!(values(&response, "tried"), ["no entry 1 waits"]);
    assert_eq!(paid(&world, BOB), 2);
    let error = world.refused(|world| run(world, &admin, again));
    assert!(error.is(&ContractError::UnknownEntry { id: 1 }), "{error}");
}

#[test]
fn a_call_that_insists_on_applying_itself_again_fails_and_waits() {
    let (mut world, timelock, admin) = with_contract_as_admin();
    let again = tell(&timelock, &ExecuteMsg::Apply { id: 1 });
    run(&mut world, &admin, announce(&timelock, &admin, std::slice::from_ref(&again))).unwrap();
    world.advance(DELAY);
    let error = world.refused(|world| run(world, &admin, again));
    assert!(error.is(&ContractError::UnknownEntry { id: 1 }), "{error}");
    assert_eq!(waiting_at(&world, &timelock), [1]);
}

#[test]
fn a_call_in_the_middle_of_another_is_sent_once_and_never_early() {
    let (mut world, timelock, admin) = with_contract_as_admin();
    let apply = |id| tell(&timelock, &ExecuteMsg::Apply { id });
    let pays = pay(&world, BOB);
    let inside = [apply(2).or_not(), apply(2).or_not(), apply(3).or_not(), apply(1).or_not()];
    run(&mut world, &admin, announce(&timelock, &admin, &inside)).unwrap();
    run(&mut world, &admin, announce(&timelock, &admin, std::slice::from_ref(&pays))).unwrap();
    world.advance(1);
    run(&mut world, &admin, announce(&timelock, &admin, &[pays])).unwrap();
    world.advance(DELAY - 1);
    let now = world.now();
    let response = run(&mut world, &admin, apply(1)).unwrap();
    let early = format!("entry 3 can be applied at {}, it is {now}", now + 1);
    assert_eq!(values(&response, "tried"), ["done", "no entry 2 waits", &early, "no entry 1 waits"]);
    assert_eq!(paid(&world, BOB), 1);
    assert_eq!(waiting_at(&world, &timelock), [3]);
}

#[test]
fn a_call_that_cancels_itself_or_fails_at_its_end_leaves_nothing_half_done() {
    let (mut world, timelock, admin) = with_contract_as_admin();
    let cancel = tell(&timelock, &ExecuteMsg::Cancel { id: 1 });
    let apply = |id| tell(&timelock, &ExecuteMsg::Apply { id });
    let pays = pay(&world, BOB);
    run(&mut world, &admin, announce(&timelock, &admin, &[pays.clone(), cancel.or_not()])).unwrap();
    // It applies another and fails after that.
    run(&mut world, &admin, announce(&timelock, &admin, &[apply(3), Step::Fail])).unwrap();
    run(&mut world, &admin, announce(&timelock, &admin, &[pays])).unwrap();
    world.advance(DELAY);
    let response = run(&mut world, &admin, apply(1)).unwrap();
    assert_eq!(values(&response, "tried"), ["no entry 1 waits"]);
    assert_eq!(paid(&world, BOB), 1);
    world.refused(|world| run(world, &admin, apply(2)));
    assert_eq!(waiting_at(&world, &timelock), [2, 3]);
    run(&mut world, &admin, apply(3)).unwrap();
    assert_eq!(paid(&world, BOB), 2);
}

#[test]
fn a_called_contract_has_none_of_the_timelocks_power() {
    let (mut world, timelock, admin) = with_contract_as_admin();
    let roles = ExecuteMsg::UpdateRoles { admin: world.addr(ALICE).into_string(), guardian: None };
    let steps = [ExecuteMsg::UpdateDelay { delay: 86_400 }, roles].map(|msg| tell(&timelock, &msg).or_not());
    run(&mut world, &admin, announce(&timelock, &admin, &steps)).unwrap();
    world.advance(DELAY);
    let response = run(&mut world, &admin, tell(&timelock, &ExecuteMsg::Apply { id: 1 })).unwrap();
    let refusal = ContractError::NotItself { sender: admin.to_string() }.to_string();
    assert_eq!(values(&response, "tried"), [&refusal, &refusal]);
}

#[test]
fn a_contract_that_forwards_a_call_is_not_the_owner() {
    let mut world = world();
    let forwarder = world.borrower();
    let steps = [Step::pool(set_min_debt(&world, 7)), Step::pool(no_roles())];
    for step in steps {
        world.queue(&forwarder, &json!({ "run": { "steps": [step] } })).unwrap();
    }
    assert!(world.entries().iter().all(|entry| entry.vetoable));
    world.advance(DELAY);
    for id in [1, 2] {
        let error = world.refused(|world| world.apply(id));
        assert_eq!(error.to_string(), format!("{forwarder} is not the owner"));
    }
}

#[test]
fn a_call_of_the_timelock_by_itself_neither_queues_nor_applies_nor_vetoes_nor_cancels() {
    let mut world = world();
    let timelock = world.timelock().clone();
    let call = set_min_debt(&world, 7);
    let other = world.queue_for_pool(&call);
    let msg = br#"{"update_delay":{"delay":86400}}"#.into();
    let msg = Call { contract: timelock.to_string(), msg, migrate_to: None };
    for (msg, role) in [
        (ExecuteMsg::Queue { msg }, "admin"),
        (ExecuteMsg::Apply { id: other }, "admin"),
        (ExecuteMsg::Cancel { id: other }, "admin"),
        (ExecuteMsg::Veto { id: other }, "guardian"),
    ] {
        let id = world.queue_for_timelock(&msg);
        world.advance(DELAY);
        let error = not_the(role, &world, timelock.as_str());
        refuses(&mut world, &error, |world| world.apply(id));
    }
}

#[test]
fn an_admin_who_shortens_the_delay_first_gains_no_second() {
    let mut world = World::builder().without_assets().timelock(3 * 86_400).build();
    let start = world.now();
    let call = set_min_debt(&world, 7);
    let shorter = world.queue_for_timelock(&ExecuteMsg::UpdateDelay { delay: 86_400 });
    let at_once = world.queue_for_pool(&call);
    world.advance(3 * 86_400 - 1);
    for id in [shorter, at_once] {
        let early = ContractError::TooEarly { id, effective_at: start + 3 * 86_400, now: world.now() };
        refuses(&mut world, &early, |world| world.apply(id));
    }
    world.advance(1);
    world.apply(shorter).unwrap();
    // Queued anew under the shorter delay it comes a day later than what was queued under the longer one.
    let anew = world.queue_for_pool(&call);
    let early = ContractError::TooEarly { id: anew, effective_at: start + 4 * 86_400, now: world.now() };
    refuses(&mut world, &early, |world| world.apply(anew));
    world.apply(at_once).unwrap();
}

#[test]
fn an_admin_who_keeps_calls_in_stock_keeps_them_for_a_week() {
    let mut world = world();
    let call = set_min_debt(&world, 7);
    let stocked = world.queue_for_pool(&call);
    world.advance(DELAY + WEEK + 1);
    assert!(world.refused(|world| world.apply(stocked)).to_string().contains("lapsed"));
    // The same call again is another entry, with a notice of its own.
    let anew = world.queue_for_pool(&call);
    let early = ContractError::TooEarly { id: anew, effective_at: world.now() + DELAY, now: world.now() };
    refuses(&mut world, &early, |world| world.apply(anew));
}

#[test]
fn a_guardian_who_vetoes_everything_is_replaced_all_the_same() {
    let mut world = world();
    let admin = world.addr(OWNER).into_string();
    let guardian = Some(world.addr(BOB).into_string());
    let replace = world.queue_for_timelock(&ExecuteMsg::UpdateRoles { admin, guardian });
    let call = set_min_debt(&world, 7);
    let shorter = world.queue_for_timelock(&ExecuteMsg::UpdateDelay { delay: 86_400 });
    let wanted = world.queue_for_pool(&call);
    world.veto(shorter).unwrap();
    world.veto(wanted).unwrap();
    let beyond = ContractError::NotVetoable { id: replace, call: "update_roles".to_owned() };
    for wait in [1, DELAY - 1] {
        world.advance(wait);
        refuses(&mut world, &beyond, |world| world.veto(replace));
        // Nor does any other message of the guardian's hold it up.
        for msg in [ExecuteMsg::Cancel { id: replace }, ExecuteMsg::Apply { id: replace }] {
            let error = not_the("admin", &world, GUARDIAN);
            refuses(&mut world, &error, |world| world.execute_timelock(GUARDIAN, &msg));
        }
    }
    world.apply(replace).unwrap();
    let wanted = world.queue_for_pool(&call);
    let error = not_the("guardian", &world, GUARDIAN);
    refuses(&mut world, &error, |world| world.veto(wanted));
    world.advance(DELAY);
    world.apply(wanted).unwrap();
    assert_eq!(min_debt(&world), "7");
}

#[test]
fn a_call_whose_bytes_name_another_call_to_a_careless_reader_is_what_the_pool_reads() {
    let mut world = world();
    let pool = world.pool().clone();
    // What the queue reads as a change of roles the pool reads as one too; both decode the escape.
    world.queue_bytes(OWNER, &pool, br#"{"update_\u0072oles":{"risk_manager":null,"guardian":null}}"#).unwrap();
    // Read as a string this would be the other call; the pool doesn't know this one.
    world.queue_bytes(OWNER, &pool, br#"{"update_\\u0072oles":{"risk_manager":null,"guardian":null}}"#).unwrap();
    world.advance(DELAY);
    world.apply(1).unwrap();
    assert_eq!((world.config().risk_manager, world.config().guardian), (None, None));
    let error = world.refused(|world| world.apply(2));
    assert!(error.to_string().contains("unknown variant"), "{error}");
    assert_eq!(waiting(&world), [2]);
}
