//! `instantiate`, `update_config`, `update_roles` and `update_owner`.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests: names say what is tested, and a failed setup is a failure"
)]

use crate::support::{Outcome, indebted, refuses, takes_no_funds};
use plimsoll_risk::heartbeat::HaltGrace;
use plimsoll_risk::liquidation::LiquidationTerms;
use plimsoll_risk::price::Guards;
use plimsoll_risk::units::{Ratio, Value};
use plimsoll_schema::oracle::ExecuteMsg::SetSource;
use plimsoll_schema::oracle::{InstantiateMsg as OracleInstantiateMsg, Source};
use plimsoll_schema::ownership::OwnerUpdate;
use plimsoll_schema::pool::{Config, ConfigResponse, ExecuteMsg, InstantiateMsg, QueryMsg};
use plimsoll_testing::{
    AETH, ALICE, Addr, Asset, BOB, GUARDIAN, IBC_TOKEN, LIQUIDATOR, OWNER, RISK_MANAGER, UATOM, UUSD, World, coin,
    oracle_code, pool_code, price, ratio,
};

fn update(config: Config) -> ExecuteMsg {
    ExecuteMsg::UpdateConfig { config }
}

fn propose(world: &World, who: &str) -> ExecuteMsg {
    ExecuteMsg::UpdateOwner(OwnerUpdate::Propose { owner: world.addr(who).into_string() })
}

const ACCEPT: ExecuteMsg = ExecuteMsg::UpdateOwner(OwnerUpdate::Accept {});
const CANCEL: ExecuteMsg = ExecuteMsg::UpdateOwner(OwnerUpdate::Cancel {});

/// Settings that are refused, and what is said of them.
#[allow(clippy::too_many_lines, reason = "an entry a refusal")]
fn refused_settings(good: &Config) -> Vec<(Config, String)> {
    let terms = |target: &str, dust| LiquidationTerms { target_health_factor: ratio(target), dust_value: dust };
    let one = Value::whole(1);
    let with = |change: &dyn Fn(&mut Config), text: &str| {
        let mut config = good.clone();
        change(&mut config);
        (config, text.to_owned())
    };
    vec![
        with(&|c| c.oracle = "oracle".into(), "'oracle' is not an address of this chain"),
        with(&|c| c.liquidation = terms("1", one), "target_health_factor 1 is not above 1 and at most 10"),
        with(&|c| c.liquidation = terms("0", one), "target_health_factor 0 is not above 1 and at most 10"),
        with(
            &|c| c.liquidation = terms("10.000000000000000001", one),
            "target_health_factor 10.000000000000000001 is not above 1 and at most 10",
        ),
        with(
            &|c| c.liquidation.target_health_factor = Ratio::MAX,
            "target_health_factor 340282366920938463463.374607431768211455 is not above 1 and at most 10",
        ),
        with(
            &|c| c.liquidation = terms("1.05", Value::ZERO),
            "min_debt_value 5 is not above dust_value 0, or dust_value is zero",
        ),
        with(
            &|c| c.liquidation = terms("1.05", Value::whole(5)),
            "min_debt_value 5 is not above dust_value 5, or dust_value is zero",
        ),
        with(&|c| c.min_debt_value = Value::ZERO, "min_debt_value 0 is not above dust_value 1, or dust_value is zero"),
        with(
            &|c| (c.liquidation.dust_value, c.min_debt_value) = (Value::whole(6), Value::whole(7)),
            "dust_value 6 is above 5",
        ),
        with(&|c| c.min_debt_value = Value::whole(101), "min_debt_value 101 is above 100"),
        with(&|c| c.oracle_delay = 2_592_001, "oracle_delay 2592001 is above 30 days"),
        with(
            &|c| c.halt_grace = HaltGrace { gap: 599, grace: 60 },
            "halt_grace: gap 599 and grace 60 must both be 0, or gap at least 600 and grace at most 3600",
        ),
        with(
            &|c| c.halt_grace = HaltGrace { gap: 600, grace: 3_601 },
            "halt_grace: gap 600 and grace 3601 must both be 0, or gap at least 600 and grace at most 3600",
        ),
        with(
            &|c| c.halt_grace = HaltGrace { gap: 0, grace: 60 },
            "halt_grace: gap 0 and grace 60 must both be 0, or gap at least 600 and grace at most 3600",
        ),
        with(&|c| c.reserves_delay = 86_399, "reserves_delay of 86399 seconds is not between a day and a year"),
        with(&|c| c.reserves_delay = 31_536_001, "reserves_delay of 31536001 seconds is not between a day and a year"),
        with(
            &|c| c.reserves_delay = u64::MAX,
            "reserves_delay of 18446744073709551615 seconds is not between a day and a year",
        ),
    ]
}

#[test]
fn instantiate_sets_roles_and_settings() {
    let world = World::new();
    let ConfigResponse { config, ownership, risk_manager, guardian, proposed_oracle } = world.config();
    assert_eq!(proposed_oracle, None);
    assert_eq!(config.oracle, world.oracle().as_str());
    assert_eq!((ownership.owner, ownership.proposed), (world.addr(OWNER).into_string(), None));
    assert_eq!(risk_manager, Some(world.addr(RISK_MANAGER).into_string()));
    assert_eq!(guardian, Some(world.addr(GUARDIAN).into_string()));
}

#[test]
fn instantiate_with_settings_out_of_range_is_refused() {
    let mut world = World::new();
    let good = world.config().config;
    let owner = world.addr(OWNER).into_string();
    for (config, text) in refused_settings(&good) {
        let msg = InstantiateMsg { owner: owner.clone(), risk_manager: None, guardian: None, config };
        let error = world.deploy(pool_code(), ALICE, &msg, &[], "pool").unwrap_err();
        assert_eq!(error.to_string(), text);
    }
}

#[test]
fn instantiate_with_a_bad_address_or_funds_is_refused() {
    let mut world = World::new();
    let good = InstantiateMsg {
        owner: world.addr(OWNER).into_string(),
        risk_manager: None,
        guardian: None,
        config: world.config().config,
    };
    let bad = || Some("nobody".to_owned());
    for msg in [
        InstantiateMsg { owner: "nobody".to_owned(), ..good.clone() },
        InstantiateMsg { risk_manager: bad(), ..good.clone() },
        InstantiateMsg { guardian: bad(), ..good.clone() },
    ] {
        let error = world.deploy(pool_code(), ALICE, &msg, &[], "pool").unwrap_err();
        assert_eq!(error.to_string(), "'nobody' is not an address of this chain");
    }
    let error = world.deploy(pool_code(), ALICE, &good, &[coin(5, UUSD)], "pool").unwrap_err();
    assert_eq!(error.to_string(), "this message takes no funds, but '5uusd' was sent");
}

#[test]
fn instantiate_without_roles_leaves_them_to_nobody() {
    let mut world = World::new();
    let msg = InstantiateMsg {
        owner: world.addr(OWNER).into_string(),
        risk_manager: None,
        guardian: None,
        config: world.config().config,
    };
    let pool = world.deploy(pool_code(), ALICE, &msg, &[], "pool").unwrap();
    let config: ConfigResponse = world.query_contract(&pool, &QueryMsg::Config {}).unwrap();
    assert_eq!((config.risk_manager, config.guardian), (None, None));
    let stop = ExecuteMsg::Pause { denom: None, deposit: true, borrow: true, flash_loan: false };
    let error = world.execute_contract(GUARDIAN, &pool, &stop, &[]).unwrap_err();
    assert_eq!(error.to_string(), format!("{} is not the owner or guardian", world.addr(GUARDIAN)));
}

#[test]
fn update_config_replaces_the_settings_and_liquidation_follows() {
    let mut world = indebted(640_000_000);
    let mut config = world.config().config;
    config.liquidation.target_health_factor = ratio("1.2");
    config.min_debt_value = Value::whole(7);
    config.reserves_delay = 31_536_000;
    world.execute(OWNER, &update(config.clone()), &[]).unwrap();
    assert_eq!(world.config().config, config);
    world.set_price(UATOM, "8");
    // (1.2 × 640 − 600) / (1.2 − 0.75 × 1.1) = 168 / 0.375
    world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 640_000_000)).unwrap();
    assert_eq!(world.owed(ALICE, UUSD), 640_000_000 - 448_000_000);
    assert_eq!(world.position(ALICE).health_factor.unwrap().to_string(), "1.2");
}

#[test]
fn update_config_out_of_range_is_refused() {
    let mut world = World::new();
    for (config, text) in refused_settings(&world.config().config) {
        refuses(&mut world, &text, |world| world.execute(OWNER, &update(config), &[]));
    }
}

#[test]
fn update_config_to_another_oracle_is_refused() {
    let mut world = World::new();
    let good = world.config().config;
    let oracle = world.oracle().clone();
    let config = Config { oracle: world.pool().to_string(), ..good.clone() };
    let text = format!("the oracle is changed by update_oracle, with notice; it is {oracle}");
    refuses(&mut world, &text, |world| world.execute(OWNER, &update(config), &[]));
    // The settings can be changed while a price fails.
    world.advance(3_601);
    world.execute(OWNER, &update(good), &[]).unwrap();
}

fn another_oracle(world: &mut World) -> Addr {
    let msg = OracleInstantiateMsg {
        owner: world.addr(OWNER).into_string(),
        production: false,
        source_delay: 0,
        heartbeat_gap: 0,
        guardian: None,
    };
    world.deploy(oracle_code(), OWNER, &msg, &[], "oracle").unwrap()
}

fn set_fixed(world: &mut World, oracle: &Addr, denom: &str, at: &str) {
    let guards = Guards { max_age: None, ..world.price_record(denom).guards };
    let msg = SetSource { denom: denom.to_owned(), source: Source::Fixed { price: price(at) }, guards };
    world.execute_contract(OWNER, oracle, &msg, &[]).unwrap();
}

fn change_oracle(world: &mut World, oracle: &Addr) -> Outcome {
    world.execute(OWNER, &ExecuteMsg::UpdateOracle { oracle: oracle.to_string() }, &[])
}

/// An oracle that says 8 of ATOM, where the present one says 10.
fn far_oracle(world: &mut World) -> Addr {
    let oracle = another_oracle(world);
    for (denom, at) in [(UUSD, "1"), (UATOM, "8"), (IBC_TOKEN, "5"), (AETH, "2000")] {
        set_fixed(world, &oracle, denom, at);
    }
    oracle
}

#[test]
fn update_oracle_takes_effect_with_notice_whatever_its_prices_are() {
    let mut world = World::new();
    let far = far_oracle(&mut world);
    let effective_at = world.now() + 86_400;
    change_oracle(&mut world, &far).unwrap();
    assert_eq!(world.config().proposed_oracle, Some((far.to_string(), effective_at)));
    world.advance_fresh(86_399);
    let text = format!("the oracle can be changed from {effective_at} on, it is {}", effective_at - 1);
    refuses(&mut world, &text, |world| change_oracle(world, &far));
    world.advance_fresh(1);
    change_oracle(&mut world, &far).unwrap();
    assert_eq!((world.config().config.oracle, world.config().proposed_oracle), (far.into_string(), None));
    // The pool goes by it from here on.
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    assert_eq!(world.position(ALICE).collateral_value, Value::whole(800));
}

#[test]
fn update_oracle_to_one_that_knows_no_price_of_a_market_is_refused() {
    let mut world = World::new();
    let empty = another_oracle(&mut world);
    change_oracle(&mut world, &empty).unwrap();
    world.advance_fresh(86_400);
    refuses(&mut world, "price of uusd: no price is published", |world| change_oracle(world, &empty));
    for (denom, at) in [(UUSD, "1"), (UATOM, "8"), (IBC_TOKEN, "5")] {
        set_fixed(&mut world, &empty, denom, at);
    }
    refuses(&mut world, "price of aeth: no price is published", |world| change_oracle(world, &empty));
}

#[test]
fn update_oracle_lapses_a_week_after_it_could_be_done() {
    let mut world = World::new();
    let far = far_oracle(&mut world);
    let present = world.oracle().to_string();
    change_oracle(&mut world, &far).unwrap();
    world.advance_fresh(8 * 86_400 + 1);
    // The notice is over: the same message announces anew.
    change_oracle(&mut world, &far).unwrap();
    assert_eq!(world.config().config.oracle, present);
    assert_eq!(world.config().proposed_oracle, Some((far.to_string(), world.now() + 86_400)));
    world.advance_fresh(8 * 86_400);
    change_oracle(&mut world, &far).unwrap();
    assert_eq!(world.config().config.oracle, far.to_string());
}

#[test]
fn update_oracle_without_a_delay_is_done_at_once() {
    let mut world = World::builder().pool(|config| config.oracle_delay = 0).build();
    let far = far_oracle(&mut world);
    change_oracle(&mut world, &far).unwrap();
    assert_eq!((world.config().config.oracle, world.config().proposed_oracle), (far.into_string(), None));
}

#[test]
fn update_oracle_by_anyone_but_the_owner_to_a_bad_address_or_with_funds_is_refused() {
    let mut world = World::new();
    let msg = ExecuteMsg::UpdateOracle { oracle: world.oracle().to_string() };
    for who in [ALICE, GUARDIAN, RISK_MANAGER] {
        let text = format!("{} is not the owner", world.addr(who));
        refuses(&mut world, &text, |world| world.execute(who, &msg, &[]));
    }
    takes_no_funds(&mut world, OWNER, &msg);
    let bad = ExecuteMsg::UpdateOracle { oracle: "nobody".to_owned() };
    refuses(&mut world, "'nobody' is not an address of this chain", |world| world.execute(OWNER, &bad, &[]));
}

#[test]
fn update_config_by_anyone_but_the_owner_or_with_funds_is_refused() {
    let mut world = World::new();
    let config = world.config().config;
    for who in [ALICE, GUARDIAN, RISK_MANAGER] {
        let text = format!("{} is not the owner", world.addr(who));
        refuses(&mut world, &text, |world| world.execute(who, &update(config.clone()), &[]));
    }
    takes_no_funds(&mut world, OWNER, &update(config));
}

#[test]
fn update_roles_replaces_both() {
    let mut world = World::new();
    let alice = world.addr(ALICE).into_string();
    let bob = world.addr(BOB).into_string();
    let msg = ExecuteMsg::UpdateRoles { risk_manager: Some(alice.clone()), guardian: Some(bob.clone()) };
    world.execute(OWNER, &msg, &[]).unwrap();
    assert_eq!((world.config().risk_manager, world.config().guardian), (Some(alice), Some(bob)));
    let stop = ExecuteMsg::Pause { denom: None, deposit: true, borrow: false, flash_loan: false };
    let text = format!("{} is not the owner or guardian", world.addr(GUARDIAN));
    refuses(&mut world, &text, |world| world.execute(GUARDIAN, &stop, &[]));
    world.execute(BOB, &stop, &[]).unwrap();

    world.execute(OWNER, &ExecuteMsg::UpdateRoles { risk_manager: None, guardian: None }, &[]).unwrap();
    assert_eq!((world.config().risk_manager, world.config().guardian), (None, None));
    let text = format!("{} is not the owner or guardian", world.addr(BOB));
    refuses(&mut world, &text, |world| world.execute(BOB, &stop, &[]));
}

#[test]
fn update_roles_by_anyone_but_the_owner_to_a_bad_address_or_with_funds_is_refused() {
    let mut world = World::new();
    let nobody = ExecuteMsg::UpdateRoles { risk_manager: None, guardian: None };
    for who in [ALICE, GUARDIAN, RISK_MANAGER] {
        let text = format!("{} is not the owner", world.addr(who));
        refuses(&mut world, &text, |world| world.execute(who, &nobody, &[]));
    }
    takes_no_funds(&mut world, OWNER, &nobody);
    let bad = || Some("bob".to_owned());
    let text = "'bob' is not an address of this chain";
    for (risk_manager, guardian) in [(bad(), None), (None, bad())] {
        let msg = ExecuteMsg::UpdateRoles { risk_manager, guardian };
        refuses(&mut world, text, |world| world.execute(OWNER, &msg, &[]));
    }
}

#[test]
fn update_owner_takes_two_steps() {
    let mut world = World::new();
    let alice = world.addr(ALICE);
    let owner = world.addr(OWNER);
    world.execute(OWNER, &propose(&world, ALICE), &[]).unwrap();
    let ownership = world.config().ownership;
    assert_eq!((ownership.owner, ownership.proposed), (owner.to_string(), Some(alice.to_string())));
    // Proposed is not yet owner; owner stays owner.
    let roles = ExecuteMsg::UpdateRoles { risk_manager: None, guardian: None };
    refuses(&mut world, &format!("{alice} is not the owner"), |world| world.execute(ALICE, &roles, &[]));
    world.execute(OWNER, &roles, &[]).unwrap();

    world.execute(ALICE, &ACCEPT, &[]).unwrap();
    let ownership = world.config().ownership;
    assert_eq!((ownership.owner, ownership.proposed), (alice.to_string(), None));
    refuses(&mut world, &format!("{owner} is not the owner"), |world| world.execute(OWNER, &roles, &[]));
    world.execute(ALICE, &roles, &[]).unwrap();
    refuses(&mut world, &format!("{alice} is not the proposed owner"), |world| world.execute(ALICE, &ACCEPT, &[]));
}

#[test]
fn update_owner_by_others_is_refused() {
    let mut world = World::new();
    let [alice, bob, owner] = [ALICE, BOB, OWNER].map(|who| world.addr(who));
    let msg = propose(&world, ALICE);
    refuses(&mut world, &format!("{alice} is not the owner"), |world| world.execute(ALICE, &msg, &[]));
    refuses(&mut world, &format!("{alice} is not the proposed owner"), |world| world.execute(ALICE, &ACCEPT, &[]));
    refuses(&mut world, &format!("{owner} is not the proposed owner"), |world| world.execute(OWNER, &ACCEPT, &[]));
    world.execute(OWNER, &msg, &[]).unwrap();
    refuses(&mut world, &format!("{bob} is not the proposed owner"), |world| world.execute(BOB, &ACCEPT, &[]));
    refuses(&mut world, &format!("{alice} is not the owner"), |world| world.execute(ALICE, &CANCEL, &[]));
}

#[test]
fn update_owner_can_be_taken_back_or_proposed_anew() {
    let mut world = World::new();
    let alice = world.addr(ALICE);
    let bob = world.addr(BOB);
    world.execute(OWNER, &propose(&world, ALICE), &[]).unwrap();
    world.execute(OWNER, &CANCEL, &[]).unwrap();
    assert_eq!(world.config().ownership.proposed, None);
    refuses(&mut world, &format!("{alice} is not the proposed owner"), |world| world.execute(ALICE, &ACCEPT, &[]));
    world.execute(OWNER, &propose(&world, ALICE), &[]).unwrap();
    world.execute(OWNER, &propose(&world, BOB), &[]).unwrap();
    refuses(&mut world, &format!("{alice} is not the proposed owner"), |world| world.execute(ALICE, &ACCEPT, &[]));
    world.execute(BOB, &ACCEPT, &[]).unwrap();
    assert_eq!(world.config().ownership.owner, bob.to_string());
}

#[test]
fn update_owner_to_a_bad_address_or_with_funds_is_refused() {
    let mut world = World::new();
    let msg = ExecuteMsg::UpdateOwner(OwnerUpdate::Propose { owner: "alice".to_owned() });
    refuses(&mut world, "'alice' is not an address of this chain", |world| world.execute(OWNER, &msg, &[]));
    for msg in [propose(&world, ALICE), ACCEPT, CANCEL] {
        takes_no_funds(&mut world, OWNER, &msg);
    }
}

/// A token without decimals at 1 cent, its ceiling 2 cents: dust of 2 cents is still worth a unit of it, dust of less is not.
#[test]
fn update_config_to_dust_below_a_base_unit_of_what_is_listed_is_refused() {
    let mut coarse = Asset::new("ucoarse", 0, "0.01");
    coarse.guards.ceiling = price("0.02");
    let mut world = World::builder().assets(Asset::defaults().into_iter().chain([coarse])).build();
    let with_dust = |world: &World, share: Ratio| {
        let mut config = world.config().config;
        config.liquidation.dust_value = Value::whole(1).share_down(share).unwrap();
        update(config)
    };
    let msg = with_dust(&world, ratio("0.02"));
    world.execute(OWNER, &msg, &[]).unwrap();
    let msg = with_dust(&world, ratio("0.019"));
    let text = "one base unit of ucoarse may be worth 0.02, more than the dust value 0.019";
    refuses(&mut world, text, |world| world.execute(OWNER, &msg, &[]));
    let msg = with_dust(&world, ratio("0.03"));
    world.execute(OWNER, &msg, &[]).unwrap();
}
