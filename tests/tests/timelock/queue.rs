//! `queue`: announced with its times, by its admin only, and only what names one call.

use plimsoll_schema::access::BadAddress;
use plimsoll_schema::funds::FundsSent;
use plimsoll_schema::timelock::{Call, Entry, ExecuteMsg};
use plimsoll_testing::{ALICE, FEEDERS, GUARDIAN, OWNER, RISK_MANAGER, UUSD, World, coin, values};
use plimsoll_timelock::error::ContractError;

use crate::setup::{DELAY, WEEK, not_the, refuses, set_min_debt, waiting, world};

/// A world, and a call of its pool that holds so many bytes.
fn padded(bytes: usize) -> (World, Vec<u8>) {
    let mut msg = br#"{"unknown":{}}"#.to_vec();
    msg.resize(bytes, b' ');
    (world(), msg)
}

#[test]
fn queue_announces_a_call_with_its_times_to_everybody() {
    let mut world = world();
    let pool = world.pool().clone();
    let now = world.now();
    let response = world.queue_bytes(OWNER, &pool, br#"{"pause": {"deposit": true}}"#).unwrap();
    let expected = Entry {
        id: 1,
        contract: pool.to_string(),
        call: "pause".to_owned(),
        msg: br#"{"pause": {"deposit": true}}"#.into(),
        queued_at: now,
        effective_at: now + 172_800,
        lapses_at: now + 172_800 + 604_800,
        migrate_to: None,
        vetoable: true,
    };
    assert_eq!(world.entries(), [expected]);
    let effective_at = (now + DELAY).to_string();
    let lapses_at = (now + DELAY + WEEK).to_string();
    for (name, value) in [
        ("action", "queue"),
        ("id", "1"),
        ("contract", pool.as_str()),
        ("call", "pause"),
        ("msg", r#"{"pause": {"deposit": true}}"#),
        ("effective_at", &effective_at),
        ("lapses_at", &lapses_at),
        ("vetoable", "true"),
    ] {
        assert_eq!(values(&response, name), [value], "{name}");
    }
}

#[test]
fn queue_gives_no_id_twice_whatever_became_of_the_last() {
    let mut world = world();
    let call = set_min_debt(&world, 7);
    assert_eq!(world.queue_for_pool(&call), 1);
    world.cancel(OWNER, 1).unwrap();
    assert_eq!(world.queue_for_pool(&call), 2);
    world.veto(2).unwrap();
    assert_eq!(world.queue_for_pool(&call), 3);
    world.advance(DELAY);
    world.apply(3).unwrap();
    assert_eq!(world.queue_for_pool(&call), 4);
    assert_eq!(waiting(&world), [4]);
}

#[test]
fn queue_by_anyone_but_the_admin_is_refused() {
    let mut world = world();
    let pool = world.pool().clone();
    for sender in [GUARDIAN, RISK_MANAGER, FEEDERS[0], ALICE, pool.as_str()] {
        let error = not_the("admin", &world, sender);
        refuses(&mut world, &error, |world| world.queue_bytes(sender, &pool, br#"{"pause":{}}"#));
    }
}

#[test]
fn queue_of_what_has_not_exactly_one_key_is_refused() {
    let mut world = world();
    let pool = world.pool().clone();
    for (msg, keys) in [
        (r"{}", 0),
        (r#"{"pause":{},"unpause":{}}"#, 2),
        (r#"{"update_roles":{},"update_asset":{}}"#, 2),
        // The same key twice, in plain letters and escaped: a reader that keeps the last one would read another call.
        (r#"{"pause":{},"pause":{}}"#, 2),
        (r#"{"unpause":{},"\u0075npause":{}}"#, 2),
        (r#"{"a":1,"b":2,"c":3}"#, 3),
    ] {
        refuses(&mut world, &ContractError::KeyCount { keys }, |world| world.queue_bytes(OWNER, &pool, msg.as_bytes()));
    }
}

#[test]
fn queue_of_what_is_no_json_object_is_refused() {
    let mut world = world();
    let pool = world.pool().clone();
    let broken: [&[u8]; 16] = [
        b"",
        b" ",
        b"unpause",
        br#""unpause""#,
        b"[]",
        br#"["unpause"]"#,
        br#"[{"unpause":{}}]"#,
        b"7",
        b"null",
        br#"{"unpause":{}"#,
        br#"{"unpause":{}} {}"#,
        br#"{"unpause":{}},"#,
        br#"{unpause:{}}"#,
        br#"{"unpause"}"#,
        b"{\"\xff\":{}}",
        b"\xef\xbb\xbf{\"unpause\":{}}",
    ];
    for msg in broken {
        let error = world.refused(|world| world.queue_bytes(OWNER, &pool, msg));
        let text = error.to_string();
        assert!(text.starts_with("the message is not a JSON object: "), "{}: {text}", String::from_utf8_lossy(msg));
    }
}

#[test]
fn queue_reads_the_call_through_blanks_and_escapes() {
    let mut world = world();
    let pool = world.pool().clone();
    for (msg, call, vetoable) in [
        (r#"{"unpause":{}}"#, "unpause", false),
        ("\n\t { \"unpause\"\r : {} }  ", "unpause", false),
        (r#"{"\u0075npause":{}}"#, "unpause", false),
        (r#"{"\u0075\u006e\u0070\u0061\u0075\u0073\u0065":{}}"#, "unpause", false),
        // What looks like a call that can't be vetoed, and isn't it.
        (r#"{"Unpause":{}}"#, "Unpause", true),
        (r#"{"unpause ":{}}"#, "unpause ", true),
        (r#"{"unpause\u0000":{}}"#, "unpause\0", true),
        (r#"{"batch":{"unpause":{}}}"#, "batch", true),
        (r#"{"\\u0075npause":{}}"#, r"\u0075npause", true),
    ] {
        world.queue_bytes(OWNER, &pool, msg.as_bytes()).unwrap();
        let entry = world.entries().pop().unwrap();
        assert_eq!((entry.call.as_str(), entry.vetoable), (call, vetoable), "{msg}");
        // The bytes are sent as they came.
        assert_eq!(entry.msg.as_slice(), msg.as_bytes());
    }
}

#[test]
fn queue_of_a_message_of_the_most_bytes_works_and_one_more_is_refused() {
    let (mut world, msg) = padded(8_192);
    let pool = world.pool().clone();
    world.queue_bytes(OWNER, &pool, msg).unwrap();
    let (mut world, msg) = padded(8_193);
    refuses(&mut world, &ContractError::MessageLength { length: 8_193, max: 8_192 }, |world| {
        world.queue_bytes(OWNER, &pool, msg)
    });
}

#[test]
fn queue_for_what_is_no_address_is_refused() {
    let mut world = world();
    for contract in ["", "pool", "wasm1qqqq"] {
        let msg = Call { contract: contract.to_owned(), msg: br#"{"pause":{}}"#.into(), migrate_to: None };
        refuses(&mut world, &ContractError::BadAddress(BadAddress { address: contract.to_owned() }), |world| {
            world.execute_timelock(OWNER, &ExecuteMsg::Queue { msg })
        });
    }
}

#[test]
fn queue_of_one_more_than_sixty_four_waits_for_room() {
    let mut world = world();
    let call = set_min_debt(&world, 7);
    let pool = world.pool().clone();
    for id in 1..=64 {
        assert_eq!(world.queue_for_pool(&call), id);
    }
    let full = ContractError::QueueFull { queued: 64, max: 64 };
    refuses(&mut world, &full, |world| world.queue(&pool, &call));
    world.veto(17).unwrap();
    assert_eq!(world.queue_for_pool(&call), 65);
    refuses(&mut world, &full, |world| world.queue(&pool, &call));
    // What lapsed still takes its place, until anyone sweeps it.
    world.advance(DELAY + WEEK + 1);
    refuses(&mut world, &full, |world| world.queue(&pool, &call));
    world.cancel(ALICE, 1).unwrap();
    assert_eq!(world.queue_for_pool(&call), 66);
}

#[test]
fn queue_takes_what_the_contract_would_refuse_now() {
    let mut world = world();
    let pool = world.pool().clone();
    world.queue_bytes(OWNER, &pool, br#"{"no_such_message":7}"#).unwrap();
    assert_eq!(waiting(&world), [1]);
}

#[test]
fn no_message_takes_funds() {
    let mut world = world();
    let pool = world.pool().to_string();
    let timelock = world.timelock().clone();
    let admin = world.addr(ALICE).into_string();
    world.mint(OWNER, UUSD, 50);
    for msg in [
        ExecuteMsg::Queue { msg: Call { contract: pool.clone(), msg: br#"{"pause":{}}"#.into(), migrate_to: None } },
        ExecuteMsg::Apply { id: 1 },
        ExecuteMsg::Veto { id: 1 },
        ExecuteMsg::Cancel { id: 1 },
        ExecuteMsg::UpdateDelay { delay: DELAY },
        ExecuteMsg::UpdateRoles { admin, guardian: None },
        ExecuteMsg::AcceptOwnership { contract: pool },
    ] {
        refuses(&mut world, &ContractError::FundsSent(FundsSent { sent: "5uusd".to_owned() }), |world| {
            world.execute_contract(OWNER, &timelock, &msg, &[coin(5, UUSD)])
        });
    }
}
