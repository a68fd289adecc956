//! `cover`.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests: names say what is tested, and a failed setup is a failure"
)]

use crate::support::{
    assert_solvent, fallen, indebted, mint_wide, refuses, stop_deposits, takes_exactly_one_coin, too_wide,
};
use cosmwasm_std::testing::{message_info, mock_dependencies, mock_env};
use cosmwasm_std::{Addr, Coin};
use plimsoll_pool::contract;
use plimsoll_risk::rates::{Kinked, RateModel};
use plimsoll_risk::units::{Amount, Rate, Ratio, Value};
use plimsoll_schema::pool::{AssetChanges, Beneficiary, ExecuteMsg};
use plimsoll_testing::{
    AETH, ALICE, Asset, BOB, GUARDIAN, IBC_TOKEN, LENDER, LIQUIDATOR, UATOM, UUSD, World, coin, ratio, values,
};

#[test]
fn cover_raises_reserves_and_cash_by_the_coin_and_nothing_else() {
    let mut world = indebted(640_000_000);
    let before = world.market(UUSD);
    let others = [UATOM, AETH].map(|denom| world.market(denom));
    let alice = world.account(ALICE);
    let lender = world.account(LENDER);
    let bob = world.balance(BOB, UUSD);
    let pool = world.pool().clone();
    let held = world.balance(&pool, UUSD);
    let response = world.cover(BOB, UUSD, 7_000_001).unwrap();

    let after = world.market(UUSD);
    assert_eq!(after.reserves.raw(), 7_000_001);
    assert_eq!(after.stored.cash.raw(), before.stored.cash.raw() + 7_000_001);
    assert_eq!((after.supply, after.debt), (before.supply, before.debt));
    assert_eq!((after.stored.supply_shares, after.stored.rate), (before.stored.supply_shares, before.stored.rate));
    assert_eq!((world.account(ALICE), world.account(LENDER)), (alice, lender));
    assert!(world.account(BOB).is_empty());
    assert_eq!(world.supplied(LENDER, UUSD), 1_000_000_000_000);
    assert_eq!((world.balance(BOB, UUSD), world.balance(&pool, UUSD)), (bob - 7_000_001, held + 7_000_001));
    assert_eq!([UATOM, AETH].map(|denom| world.market(denom)), others);
    assert_eq!(values(&response, "action"), ["cover"]);
    assert_eq!(values(&response, "denom"), [UUSD]);
    assert_eq!(values(&response, "amount"), ["7000001"]);
    assert_solvent(&world);
}

#[test]
fn cover_adds_interest_first() {
    // 400,000 of a million at 2 %, with 0.015220 of interest in the first minute: 658.090242 in 30 days, a tenth of it
    // reserves.
    let mut world = World::builder().lent(1_000_000).build();
    world.deposit(ALICE, UATOM, 100_000_000_000).unwrap();
    world.borrow(ALICE, UUSD, 400_000_000_000).unwrap();
    world.advance(30 * 86_400);
    world.cover(BOB, UUSD, 5).unwrap();
    let stored = world.market(UUSD).stored;
    assert_eq!(stored.updated_at, world.now());
    assert_eq!(stored.reserves.raw(), 65_809_024 + 5);
    assert_solvent(&world);
}

#[test]
fn cover_bears_a_loss_before_suppliers_do() {
    // Alice owes 640 USD, and her 100 ATOM fall to 1 USD in all. At a cost of 2 % to sell them that pays for 0.980393;
    // of the other 639.019607 the 500 that Bob put in go first.
    let mut world = fallen();
    let sale_cost = Some(ratio("0.02"));
    world.update_asset(UATOM, AssetChanges { sale_cost, ..Default::default() }).unwrap();
    world.cover(BOB, UUSD, 500_000_000).unwrap();
    world.set_price(UATOM, "0.01");
    let response = world.liquidate(BOB, ALICE, UATOM, (UUSD, 640_000_000)).unwrap();
    assert_eq!(values(&response, "repaid"), ["980393"]);
    assert_eq!(values(&response, "borne_by_reserves"), ["500000000uusd"]);
    assert_eq!(values(&response, "borne_by_suppliers"), ["139019607uusd"]);
    assert_eq!(world.owed(ALICE, UUSD), 0);
    assert!(world.market(UUSD).reserves.is_zero());
    let lost = 1_000_000_000_000 - world.market(UUSD).supply.raw();
    assert_eq!(lost, 139_019_607);
    assert_solvent(&world);
}

#[test]
fn cover_of_an_empty_market_belongs_to_nobody() {
    let mut world = World::new();
    world.cover(BOB, UUSD, 1_000_000).unwrap();
    let market = world.market(UUSD);
    assert_eq!((market.reserves.raw(), market.supply.raw()), (1_000_000, 0));
    // The first depositor pays for it as if it were not there, and gets nothing of it.
    world.deposit(ALICE, UUSD, 5_000_000).unwrap();
    assert_eq!(world.market(UUSD).stored.supply_shares.raw(), 5_000_000 * 1_000_000);
    world.withdraw_all(ALICE, UUSD).unwrap();
    assert_eq!(world.solvency(UUSD).cash.raw(), 1_000_000);
    assert_solvent(&world);
}

#[test]
fn cover_while_everything_is_stopped_and_the_oracle_is_dead_works() {
    let mut world = indebted(640_000_000);
    let stop = ExecuteMsg::Pause { denom: None, deposit: true, borrow: true, flash_loan: true };
    world.execute(GUARDIAN, &stop, &[]).unwrap();
    world.advance(86_400);
    let before = world.market(UUSD).reserves.raw();
    world.cover(BOB, UUSD, 5).unwrap();
    assert_eq!(world.market(UUSD).reserves.raw(), before + 5);
}

#[test]
fn cover_with_none_several_or_doubled_coins_is_refused() {
    takes_exactly_one_coin(&mut indebted(640_000_000), BOB, &ExecuteMsg::Cover { beneficiary: None });
}

#[test]
fn cover_with_a_coin_that_the_pool_can_not_take_is_refused() {
    let mut world = indebted(640_000_000);
    world.mint(BOB, "ushell", 5);
    refuses(&mut world, "'ushell' is not listed", |world| world.cover(BOB, "ushell", 5));
    mint_wide(&mut world, BOB, UUSD, too_wide());
    let funds = [Coin { denom: UUSD.to_owned(), amount: too_wide() }];
    let text = "amount 340282366920938463463374607431768211456 uusd does not fit 128 bits";
    refuses(&mut world, text, |world| world.execute(BOB, &ExecuteMsg::Cover { beneficiary: None }, &funds));

    let info = message_info(&Addr::unchecked(BOB), &[coin(0, UUSD)]);
    let error =
        contract::execute(mock_dependencies().as_mut(), mock_env(), info, ExecuteMsg::Cover { beneficiary: None })
            .unwrap_err();
    assert_eq!(error.to_string(), "amount of uusd is zero");
}

#[test]
fn cover_beyond_what_a_market_can_count_is_refused() {
    let mut world = indebted(640_000_000);
    let missing = u128::MAX - world.balance(BOB, UUSD);
    world.mint(BOB, UUSD, missing);
    let text = |amount| {
        let held = "999360000000";
        let max = "10000000000000000000000000000000000000";
        format!("market: {amount} beside cash of {held} is more than a market takes in, {max}")
    };
    refuses(&mut world, &text(u128::MAX), |world| world.cover(BOB, UUSD, u128::MAX));
    let most = 10u128.pow(37) - 999_360_000_000;
    refuses(&mut world, &text(most + 1), |world| world.cover(BOB, UUSD, most + 1));
    world.cover(BOB, UUSD, most).unwrap();
    assert_solvent(&world);
}

#[test]
fn cover_for_suppliers_raises_what_their_shares_are_worth() {
    let mut world = indebted(640_000_000);
    let before = world.market(UUSD);
    let response = world.cover_suppliers(BOB, UUSD, 7_000_000).unwrap();
    let after = world.market(UUSD);
    assert_eq!((after.reserves, after.stored.supply_shares), (before.reserves, before.stored.supply_shares));
    assert_eq!(after.supply.raw(), before.supply.raw() + 7_000_000);
    assert_eq!(after.stored.cash.raw(), before.stored.cash.raw() + 7_000_000);
    // A unit less: virtual shares have a part in everything.
    assert_eq!(world.supplied(LENDER, UUSD), 1_000_006_999_999);
    assert!(world.account(BOB).is_empty());
    assert_eq!(values(&response, "action"), ["cover"]);
    assert_eq!(values(&response, "beneficiary"), ["suppliers"]);
    assert_eq!(values(&world.cover(BOB, UUSD, 1).unwrap(), "beneficiary"), ["reserves"]);
    assert_solvent(&world);
}

/// 99.6 % of 1,000 USD are lost.
fn after_a_loss() -> World {
    let mut world = World::new();
    world.allow_full_utilization(UUSD).unwrap();
    world.deposit(LENDER, UUSD, 1_000_000_000).unwrap();
    world.deposit(ALICE, UATOM, 150_000_000).unwrap();
    world.borrow(ALICE, UUSD, 1_000_000_000).unwrap();
    world.set_price(UATOM, "0.01");
    world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 10_000_000)).unwrap();
    world
}

/// One who stays holds the market shut until somebody makes suppliers whole.
#[test]
fn cover_for_suppliers_reopens_a_market_after_a_loss() {
    let mut world = after_a_loss();
    world.advance_fresh(5);
    let shut = |world: &mut World| {
        let error = world.refused(|world| world.deposit(BOB, UUSD, 1_000_000)).to_string();
        assert!(error.starts_with("market: share price is below its floor"), "{error}");
    };
    shut(&mut world);
    world.cover(BOB, UUSD, 20_000_000).unwrap();
    shut(&mut world);
    world.cover_suppliers(BOB, UUSD, 20_000_000).unwrap();
    world.deposit(BOB, UUSD, 1_000_000).unwrap();
    assert_solvent(&world);
}

/// Below the floor what reopens the market passes whatever it is, and no more: 9.94 USD of 1,000 USD of shares.
#[test]
fn cover_for_suppliers_reopens_a_market_whose_deposits_are_stopped_and_goes_no_further() {
    let mut world = after_a_loss();
    stop_deposits(&mut world, UUSD);
    let lacks = 10_000_000 - 1 - world.market(UUSD).supply.raw();
    refuses(&mut world, "deposit of uusd is stopped", |world| world.cover_suppliers(BOB, UUSD, lacks + 1));
    world.cover_suppliers(BOB, UUSD, lacks).unwrap();
    refuses(&mut world, "deposit of uusd is stopped", |world| world.cover_suppliers(BOB, UUSD, 1));
}

/// Alice holds all of a token's supply beside good collateral. What suppliers are given counts for her as a deposit does.
fn only_supplier() -> World {
    let mut world = World::new();
    world.deposit(LENDER, UUSD, 1_000_000_000_000).unwrap();
    let changes = AssetChanges { supply_cap: Some(Amount::new(4_000_000_000)), ..AssetChanges::default() };
    world.update_asset(IBC_TOKEN, changes).unwrap();
    world.deposit(ALICE, UATOM, 100_000_000_000).unwrap();
    world.deposit(ALICE, IBC_TOKEN, 10_000_000).unwrap();
    world.borrow(ALICE, UUSD, 690_000_000_000).unwrap();
    world
}

/// Issue B.10 and 11: otherwise a gift is a deposit past them, and an improving batch then takes the good collateral out.
#[test]
fn cover_for_suppliers_passes_neither_the_cap_nor_the_guardians_stop() {
    let mut world = only_supplier();
    let cap = format!("supply cap of {IBC_TOKEN} is 4000000000, a deposit of 3990000001 finds 10000000 supplied");
    refuses(&mut world, &cap, |world| world.cover_suppliers(ALICE, IBC_TOKEN, 3_990_000_001));
    stop_deposits(&mut world, IBC_TOKEN);
    let stop = format!("deposit of {IBC_TOKEN} is stopped");
    refuses(&mut world, &stop, |world| world.cover_suppliers(ALICE, IBC_TOKEN, 1));
    world.cover(ALICE, IBC_TOKEN, 1).unwrap();
}

/// Rule 7: a thousand tokens that cost 50 USD after a fall by 99 % would be counted near their settled price.
#[test]
fn cover_for_suppliers_buys_no_health_at_a_price_that_the_settled_one_has_not_reached() {
    let builder = World::builder().edit(IBC_TOKEN, |asset| {
        (asset.guards.max_deviation, asset.guards.step_interval) = (Ratio::percent(5), 15);
    });
    let mut world = builder.build();
    world.deposit(LENDER, UUSD, 1_000_000_000_000).unwrap();
    world.deposit(ALICE, IBC_TOKEN, 1_000_000_000).unwrap();
    world.borrow(ALICE, UUSD, 3_000_000_000).unwrap();
    world.advance(15);
    world.set_price(IBC_TOKEN, "0.05");
    let ahead = format!(
        "price of {IBC_TOKEN} is lent against at much less than it counts for: it can't add to an indebted account's health now"
    );
    refuses(&mut world, &ahead, |world| world.cover_suppliers(ALICE, IBC_TOKEN, 1_000_000_000));
}

#[test]
fn cover_for_suppliers_where_there_are_none_is_refused() {
    let mut world = World::new();
    refuses(&mut world, "market: nobody supplies this market", |world| world.cover_suppliers(BOB, UUSD, 5));
    takes_exactly_one_coin(&mut world, BOB, &ExecuteMsg::Cover { beneficiary: Some(Beneficiary::Suppliers) });
}

/// An issuer gives its own token as far as a market takes it in, borrows and lets the debt grow to its end. All pages
/// answer, whoever holds a unit of the token is judged and liquidated, and everybody can leave.
#[test]
fn cover_to_the_edge_leaves_a_market_that_answers_and_that_everybody_can_leave() {
    let cheap = Asset::new("ushell", 18, "0.000001");
    let mut world = World::builder().assets(Asset::defaults().into_iter().chain([cheap])).lent(1_000).build();
    world.allow_full_utilization("ushell").unwrap();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    world.deposit(ALICE, "ushell", 1_000).unwrap();
    world.borrow(ALICE, UUSD, 690_000_000).unwrap();
    world.deposit(BOB, UATOM, 1_000_000_000).unwrap();
    let base = RateModel::Kinked(Kinked {
        optimal_utilization_rate: Ratio::percent(80),
        base: Rate::percent(1_000),
        slope_1: Rate::ZERO,
        slope_2: Rate::ZERO,
    });
    world.update_asset("ushell", AssetChanges { rate_model: Some(base), ..Default::default() }).unwrap();
    let cash = world.market("ushell").stored.cash.raw();
    let most = 10u128.pow(37) - cash;
    world.mint(GUARDIAN, "ushell", 3 * most);
    world.cover(GUARDIAN, "ushell", most).unwrap();
    world.borrow(BOB, "ushell", 10u128.pow(26)).unwrap();
    for days in [1, 365, 3_650] {
        world.advance_fresh(days * 86_400);
        world.set_price(UATOM, "9");
        assert_eq!(world.markets().len(), 5);
        for denom in ["ushell", UUSD] {
            assert!(world.solvency(denom).solvent);
            world.rates(denom);
        }
        assert!(world.position(ALICE).liquidatable && world.position(BOB).debt_value > Value::ZERO);
        world.simulate_liquidation(ALICE, UATOM, (UUSD, 690_000_000)).unwrap();
    }
    world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 690_000_000)).unwrap();
    let owed = world.owed(BOB, "ushell");
    world.mint(BOB, "ushell", owed);
    world.repay(BOB, "ushell", owed).unwrap();
    world.repay(ALICE, UUSD, 2_000_000_000).unwrap();
    for (who, denom) in [(ALICE, UATOM), (ALICE, "ushell"), (BOB, UATOM), (LENDER, "ushell")] {
        world.withdraw_all(who, denom).unwrap();
    }
    assert_solvent(&world);
}
