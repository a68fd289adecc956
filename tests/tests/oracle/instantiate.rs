//! `instantiate`: what the oracle may be set to.
#![allow(clippy::unwrap_used, reason = "a setup that fails is a failed test")]

use plimsoll_oracle::error::ContractError;
use plimsoll_risk::heartbeat::Heartbeat;
use plimsoll_schema::access::BadAddress;
use plimsoll_schema::funds::FundsSent;
use plimsoll_schema::oracle::{ConfigResponse, InstantiateMsg, QueryMsg};
use plimsoll_schema::ownership::Ownership;
use plimsoll_testing::{ALICE, Addr, BOB, Chain, Coin, GUARDIAN, UUSD, WorldError, coin, oracle_code};

const DAY: u64 = 86_400;

fn settings(chain: &Chain) -> InstantiateMsg {
    InstantiateMsg {
        owner: chain.addr(BOB).into_string(),
        production: false,
        source_delay: DAY,
        heartbeat_gap: 900,
        guardian: Some(chain.addr(GUARDIAN).into_string()),
    }
}

fn deploy(change: impl FnOnce(&mut InstantiateMsg), funds: &[Coin]) -> (Chain, Result<Addr, WorldError>) {
    let mut chain = Chain::new("wasm");
    chain.mint(ALICE, UUSD, 100);
    let mut msg = settings(&chain);
    change(&mut msg);
    let oracle = chain.deploy(oracle_code(), ALICE, &msg, funds, "oracle");
    (chain, oracle)
}

#[test]
fn instantiate_keeps_what_it_was_told_and_starts_the_heartbeat() {
    let (chain, oracle) = deploy(|_| (), &[]);
    let oracle = oracle.unwrap();
    let answer: ConfigResponse = chain.query_contract(&oracle, &QueryMsg::Config {}).unwrap();
    let InstantiateMsg { owner, production, source_delay, heartbeat_gap, guardian } = settings(&chain);
    let ownership = Ownership::new(owner);
    assert_eq!(answer, ConfigResponse { ownership, production, source_delay, guardian });
    let heartbeat: Heartbeat = chain.query_contract(&oracle, &QueryMsg::Heartbeat {}).unwrap();
    assert_eq!(heartbeat, Heartbeat::start(heartbeat_gap, chain.now()));
}

/// The owner of a production oracle may be a timelock, whose delay is then the only one.
#[test]
fn instantiate_takes_a_delay_of_up_to_thirty_days() {
    for production in [false, true] {
        for delay in [0, DAY, 30 * DAY] {
            deploy(|msg| (msg.production, msg.source_delay) = (production, delay), &[]).1.unwrap();
        }
        let (_, oracle) = deploy(|msg| (msg.production, msg.source_delay) = (production, 30 * DAY + 1), &[]);
        let error = oracle.unwrap_err();
        assert!(error.is(&ContractError::SourceDelay { delay: 30 * DAY + 1, max: 30 * DAY }), "{error}");
    }
}

#[test]
fn instantiate_takes_a_gap_of_nothing_or_of_ten_minutes_and_more() {
    for (gap, good) in [(0, true), (1, false), (599, false), (600, true), (u64::MAX, true)] {
        match deploy(|msg| msg.heartbeat_gap = gap, &[]).1 {
            Ok(_) => assert!(good, "{gap} was taken"),
            Err(error) => assert!(!good && error.is(&ContractError::HeartbeatGap { gap }), "{error}"),
        }
    }
}

#[test]
fn instantiate_with_an_owner_or_guardian_that_is_no_address_is_refused() {
    let (_, oracle) = deploy(|msg| msg.owner = "bob".to_owned(), &[]);
    let error = oracle.unwrap_err();
    assert!(error.to_string().contains("is not an address of this chain"), "{error}");
    let (_, oracle) = deploy(|msg| msg.guardian = Some("gus".to_owned()), &[]);
    let error = oracle.unwrap_err();
    assert!(error.is(&ContractError::BadAddress(BadAddress { address: "gus".to_owned() })), "{error}");
}

#[test]
fn instantiate_with_funds_is_refused() {
    let (_, oracle) = deploy(|_| (), &[coin(3, UUSD)]);
    let error = oracle.unwrap_err();
    assert!(error.is(&ContractError::FundsSent(FundsSent { sent: "3uusd".to_owned() })), "{error}");
}
