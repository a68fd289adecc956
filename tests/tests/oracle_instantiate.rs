//! `instantiate`: what the oracle may be set to.
#![allow(clippy::unwrap_used, reason = "a setup that fails is a failed test")]

use plimsoll_oracle::error::ContractError;
use plimsoll_risk::units::Ratio;
use plimsoll_schema::oracle::{ConfigResponse, InstantiateMsg, QueryMsg};
use plimsoll_schema::ownership::Ownership;
use plimsoll_testing::{ALICE, Addr, BOB, Chain, Coin, UUSD, WorldError, coin, oracle_code};

const DAY: u64 = 86_400;

fn settings(chain: &Chain) -> InstantiateMsg {
    InstantiateMsg {
        owner: chain.addr(BOB).into_string(),
        production: false,
        source_delay: DAY,
        max_replacement_deviation: Ratio::percent(5),
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
fn instantiate_keeps_what_it_was_told() {
    let (chain, oracle) = deploy(|_| (), &[]);
    let answer: ConfigResponse = chain.query_contract(&oracle.unwrap(), &QueryMsg::Config {}).unwrap();
    let InstantiateMsg { owner, production, source_delay, max_replacement_deviation } = settings(&chain);
    let ownership = Ownership::new(owner);
    assert_eq!(answer, ConfigResponse { ownership, production, source_delay, max_replacement_deviation });
}

#[test]
fn instantiate_takes_a_delay_of_a_day_to_thirty_in_production_and_a_shorter_one_elsewhere() {
    for (production, delay, good) in [
        (true, DAY - 1, false),
        (true, DAY, true),
        (true, 30 * DAY, true),
        (true, 30 * DAY + 1, false),
        (false, 0, true),
        (false, 30 * DAY + 1, false),
    ] {
        let (_, oracle) = deploy(|msg| (msg.production, msg.source_delay) = (production, delay), &[]);
        let min = if production { DAY } else { 0 };
        match oracle {
            Ok(_) => assert!(good, "{delay} was taken"),
            Err(error) => {
                let expected = ContractError::SourceDelay { delay, min, max: 30 * DAY };
                assert!(!good && error.is(&expected), "{error}");
            }
        }
    }
}

#[test]
fn instantiate_takes_a_replacement_deviation_above_nothing_and_up_to_one() {
    for deviation in [Ratio::ZERO, Ratio::new(Ratio::ONE.raw() + 1)] {
        let (_, oracle) = deploy(|msg| msg.max_replacement_deviation = deviation, &[]);
        let error = oracle.unwrap_err();
        assert!(error.is(&ContractError::MaxReplacementDeviation(deviation)), "{error}");
    }
    deploy(|msg| msg.max_replacement_deviation = Ratio::ONE, &[]).1.unwrap();
}

#[test]
fn instantiate_with_an_owner_that_is_no_address_is_refused() {
    let (_, oracle) = deploy(|msg| msg.owner = "bob".to_owned(), &[]);
    let error = oracle.unwrap_err();
    assert!(error.to_string().contains("is not an address of this chain"), "{error}");
}

#[test]
fn instantiate_with_funds_is_refused() {
    let (_, oracle) = deploy(|_| (), &[coin(3, UUSD)]);
    let error = oracle.unwrap_err();
    assert!(error.is(&ContractError::FundsSent { sent: "3uusd".to_owned() }), "{error}");
}
