//! `instantiate`: roles, and a delay of at most thirty days.

use plimsoll_schema::access::BadAddress;
use plimsoll_schema::funds::FundsSent;
use plimsoll_schema::timelock::{ConfigResponse, InstantiateMsg, QueryMsg};
use plimsoll_testing::{ALICE, BOB, UUSD, World, coin, timelock_code};
use plimsoll_timelock::error::ContractError;

use crate::setup::world;

fn msg(world: &World) -> InstantiateMsg {
    let guardian = Some(world.addr(BOB).into_string());
    InstantiateMsg { admin: world.addr(ALICE).into_string(), guardian, delay: 172_800 }
}

#[test]
fn instantiate_sets_roles_and_delay_up_to_thirty_days() {
    let mut world = world();
    for (delay, guardian) in [(0, true), (60, false), (172_800, true), (2_592_000, false)] {
        let msg = msg(&world);
        let msg = InstantiateMsg { guardian: msg.guardian.filter(|_| guardian), delay, ..msg };
        let timelock = world.deploy(timelock_code(), ALICE, &msg, &[], "timelock").unwrap();
        let config: ConfigResponse = world.query_contract(&timelock, &QueryMsg::Config {}).unwrap();
        assert_eq!(config, ConfigResponse { admin: msg.admin, guardian: msg.guardian, delay });
    }
}

#[test]
fn instantiate_with_a_longer_delay_a_bad_address_or_funds_is_refused() {
    let mut world = world();
    let good = msg(&world);
    let bad = || ContractError::BadAddress(BadAddress { address: "nobody".to_owned() });
    for (msg, expected) in [
        (
            InstantiateMsg { delay: 2_592_001, ..good.clone() },
            ContractError::Delay { delay: 2_592_001, min: 0, max: 2_592_000 },
        ),
        (InstantiateMsg { admin: "nobody".to_owned(), ..good.clone() }, bad()),
        (InstantiateMsg { guardian: Some("nobody".to_owned()), ..good.clone() }, bad()),
    ] {
        let error = world.deploy(timelock_code(), ALICE, &msg, &[], "timelock").unwrap_err();
        assert!(error.is(&expected), "{error}");
    }
    world.mint(ALICE, UUSD, 5);
    let error = world.deploy(timelock_code(), ALICE, &good, &[coin(5, UUSD)], "timelock").unwrap_err();
    assert!(error.is(&ContractError::FundsSent(FundsSent { sent: "5uusd".to_owned() })), "{error}");
}
