//! `transfer_shares`: deposits that move between accounts, alone and in a batch.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests: names say what is tested, and a failed setup is a failure"
)]

use crate::support::{Outcome, assert_solvent, indebted, refuses, stop_deposits, takes_no_funds};
use plimsoll_risk::units::{Amount, SupplyShares};
use plimsoll_schema::pool::{
    AssetChanges, BatchAction, Borrow, ExecuteMsg, FromPurse, MaxAmountResponse, QueryMsg, TransferShares, UserAsset,
};
use plimsoll_testing::{ALICE, Actor, BOB, IBC_TOKEN, LIQUIDATOR, UATOM, UUSD, World, coin, values};

/// Shares of a first deposit: a million a base unit.
const PER_UNIT: u128 = 1_000_000;

fn order(world: &World, denom: &str, units: Option<u128>, from: u32, to: impl Into<Actor>) -> TransferShares {
    let to = to.into();
    TransferShares {
        denom: denom.to_owned(),
        shares: units.map(|units| SupplyShares::new(units * PER_UNIT)),
        account_id: Some(from),
        recipient: Some(world.addr(to.clone()).into_string()),
        recipient_account_id: Some(to.account_id),
    }
}

fn alone(order: &TransferShares) -> ExecuteMsg {
    ExecuteMsg::TransferShares(order.clone())
}

fn batched(order: &TransferShares) -> ExecuteMsg {
    ExecuteMsg::Batch { actions: vec![BatchAction::TransferShares(order.clone())], callback: None }
}

fn transfer(world: &mut World, denom: &str, units: Option<u128>, to: impl Into<Actor>) -> Outcome {
    let msg = alone(&order(world, denom, units, 0, to));
    world.execute(ALICE, &msg, &[])
}

#[track_caller]
fn both_refused(world: &mut World, order: &TransferShares, text: &str) {
    for msg in [alone(order), batched(order)] {
        refuses(world, text, |world| world.execute(ALICE, &msg, &[]));
    }
}

fn units(world: &World, who: impl Into<Actor>, denom: &str) -> u128 {
    let id = world.market(denom).asset;
    world.account(who).shares(id).raw() / PER_UNIT
}

#[test]
fn transfer_shares_moves_the_claim_and_nothing_of_the_market() {
    for make in [alone, batched] {
        let mut world = indebted(100_000_000);
        world.deposit(BOB, UATOM, 5_000_000).unwrap();
        let market = world.market(UATOM).stored;
        let coins = world.balance(world.pool(), UATOM);
        let msg = make(&order(&world, UATOM, Some(30_000_000), 0, BOB));
        let response = world.execute(ALICE, &msg, &[]).unwrap();
        let [alice, bob] = [ALICE, BOB].map(|who| format!("{}/0", world.addr(who)));
        assert_eq!(values(&response, "account"), [&alice, &bob]);
        assert_eq!(values(&response, "shares"), ["30000000000000"]);
        assert_eq!([units(&world, ALICE, UATOM), units(&world, BOB, UATOM)], [70_000_000, 35_000_000]);
        assert_eq!(world.market(UATOM).stored, market);
        assert_eq!(world.balance(world.pool(), UATOM), coins);
        assert_solvent(&world);
    }
}

#[test]
fn transfer_shares_of_all_closes_the_slot() {
    let mut world = World::builder().lent(1_000_000).build();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    world.deposit(BOB, UATOM, 5_000_000).unwrap();
    transfer(&mut world, UATOM, None, BOB).unwrap();
    assert!(world.account(ALICE).is_empty());
    assert_eq!(units(&world, BOB, UATOM), 105_000_000);
}

#[test]
fn transfer_shares_opens_a_slot_in_an_account_of_ones_own_and_in_no_other() {
    let mut world = indebted(100_000_000);
    let name = format!("{}/0", world.addr(BOB));
    let foreign = order(&world, UATOM, Some(1), 0, BOB);
    let text = format!("account {name} has no slot for uatom, and only its owner or their operator can open one");
    both_refused(&mut world, &foreign, &text);
    transfer(&mut world, UATOM, Some(20_000_000), (ALICE, 7)).unwrap();
    assert_eq!(units(&world, (ALICE, 7), UATOM), 20_000_000);
    assert!(world.account((ALICE, 7)).collaterals[0].enabled);
}

#[test]
fn transfer_shares_keeps_the_giver_within_max_ltv() {
    // 650 dollars against 100 ATOM at 10 and a max LTV of 70 %: 92.857143 ATOM must stay.
    let mut world = indebted(650_000_000);
    world.deposit(BOB, UATOM, 5_000_000).unwrap();
    let start = world.snapshot();
    let works = |world: &mut World, units: u128| {
        world.restore(&start);
        transfer(world, UATOM, Some(units), BOB).is_ok()
    };
    let (mut good, mut bad) = (0, 100_000_000);
    while bad - good > 1 {
        let middle = u128::midpoint(good, bad);
        if works(&mut world, middle) { good = middle } else { bad = middle }
    }
    world.restore(&start);
    let asset = UserAsset { user: world.addr(ALICE).into_string(), account_id: None, denom: UATOM.to_owned() };
    let withdrawable: MaxAmountResponse = world.query(&QueryMsg::MaxWithdraw(asset)).unwrap();
    assert_eq!(Amount::new(good), withdrawable.amount);
    let beyond = order(&world, UATOM, Some(good + 1), 0, BOB);
    let refusal = world.refused(|world| world.execute(ALICE, &alone(&beyond), &[])).to_string();
    assert!(refusal.contains("above the borrow limit"), "{refusal}");
}

#[test]
fn transfer_shares_in_a_batch_keeps_the_giver_within_max_ltv() {
    let mut world = indebted(650_000_000);
    world.deposit(BOB, UATOM, 5_000_000).unwrap();
    let beyond = order(&world, UATOM, Some(10_000_000), 0, BOB);
    let refusal = world.refused(|world| world.execute(ALICE, &batched(&beyond), &[])).to_string();
    assert!(refusal.contains("above the borrow limit"), "{refusal}");
}

#[test]
fn transfer_shares_needs_no_cash() {
    let mut world = World::builder().lent(0).build();
    world.deposit(ALICE, UUSD, 1_000_000_000).unwrap();
    world.deposit((ALICE, 1), UATOM, 200_000_000).unwrap();
    let borrow = Borrow {
        denom: UUSD.to_owned(),
        amount: Amount::new(940_000_000).into(),
        recipient: None,
        account_id: Some(1),
        on_behalf_of: None,
    };
    world.execute(ALICE, &ExecuteMsg::Borrow(borrow), &[]).unwrap();
    world.withdraw_all(ALICE, UUSD).unwrap();
    assert_eq!(world.market(UUSD).stored.cash.raw(), 0);
    transfer(&mut world, UUSD, Some(400_000_000), (ALICE, 2)).unwrap();
    assert_eq!(units(&world, (ALICE, 2), UUSD), 400_000_000);
}

#[test]
fn transfer_shares_of_none_too_many_or_to_itself_is_refused() {
    let mut world = indebted(100_000_000);
    world.deposit(BOB, UATOM, 5_000_000).unwrap();
    let name = format!("{}/0", world.addr(ALICE));
    for (units, wanted) in [(0, "0"), (100_000_001, "100000001000000")] {
        let order = order(&world, UATOM, Some(units), 0, BOB);
        let text = format!("account {name} can transfer 1 to 100000000000000 shares of uatom, not {wanted}");
        both_refused(&mut world, &order, &text);
    }
    let itself = order(&world, UATOM, Some(1), 0, ALICE);
    both_refused(&mut world, &itself, &format!("account {name} can't transfer shares to itself"));
    let nothing = order(&world, UUSD, None, 0, (ALICE, 1));
    both_refused(&mut world, &nothing, &format!("account {name} has no deposit of uusd"));
    let unlisted = order(&world, "unew", None, 0, (ALICE, 1));
    both_refused(&mut world, &unlisted, "'unew' is not listed");
    let good = order(&world, UATOM, Some(1), 0, BOB);
    takes_no_funds(&mut world, ALICE, &alone(&good));
}

#[test]
fn transfer_shares_of_what_the_taker_owes_is_no_collateral_of_theirs() {
    let mut world = indebted(100_000_000);
    world.deposit((ALICE, 1), UUSD, 50_000_000).unwrap();
    let back = order(&world, UUSD, Some(20_000_000), 1, ALICE);
    world.execute(ALICE, &alone(&back), &[]).unwrap();
    let id = world.market(UUSD).asset;
    assert!(!world.account(ALICE).collateral(id).unwrap().enabled);
}

#[test]
fn transfer_shares_into_an_indebted_account_while_deposits_are_stopped_only_saves_it() {
    let mut world = indebted(640_000_000);
    world.deposit((ALICE, 1), UATOM, 100_000_000).unwrap();
    stop_deposits(&mut world, UATOM);
    let some = order(&world, UATOM, Some(1_000_000), 1, ALICE);
    both_refused(&mut world, &some, "deposit of uatom is stopped");
    // At 9 dollars 640 of 630 that may be owed: 1.587302 ATOM more are needed, and at most that passes.
    world.set_price(UATOM, "9");
    let too_much = order(&world, UATOM, Some(3_000_000), 1, ALICE);
    let refusal = world.refused(|world| world.execute(ALICE, &alone(&too_much), &[])).to_string();
    assert!(refusal.contains("only as far as it brings an account back"), "{refusal}");
    world.execute(ALICE, &alone(&some), &[]).unwrap();
    // Without debt nothing is bought by it.
    let fresh = order(&world, UATOM, Some(5_000_000), 1, (ALICE, 2));
    world.execute(ALICE, &alone(&fresh), &[]).unwrap();
}

#[test]
fn transfer_shares_of_a_stopped_market_buys_no_health_by_a_detour_or_from_another() {
    let mut world = indebted(640_000_000);
    world.deposit((ALICE, 1), IBC_TOKEN, 100_000_000).unwrap();
    world.deposit(BOB, IBC_TOKEN, 5_000_000).unwrap();
    world.deposit(LIQUIDATOR, IBC_TOKEN, 5_000_000).unwrap();
    stop_deposits(&mut world, IBC_TOKEN);
    // For one action of the batch the account has no debt.
    let coin = coin(641_000_000, UUSD);
    let actions = vec![
        BatchAction::Repay(FromPurse { coin: coin.clone(), account_id: None, on_behalf_of: None }),
        BatchAction::TransferShares(order(&world, IBC_TOKEN, None, 1, ALICE)),
        BatchAction::Borrow(Borrow {
            denom: UUSD.to_owned(),
            amount: Amount::new(640_000_000).into(),
            recipient: None,
            account_id: None,
            on_behalf_of: None,
        }),
    ];
    let msg = ExecuteMsg::Batch { actions, callback: None };
    let denom = IBC_TOKEN;
    refuses(&mut world, &format!("deposit of {denom} is stopped"), |world| world.execute(ALICE, &msg, &[coin]));
    let sold = alone(&order(&world, IBC_TOKEN, Some(1_000_000), 0, LIQUIDATOR));
    refuses(&mut world, &format!("deposit of {denom} is stopped"), |world| world.execute(BOB, &sold, &[]));
}

#[test]
fn transfer_shares_of_a_market_above_its_cap_saves_an_indebted_account_and_no_more() {
    let mut world = indebted(640_000_000);
    world.deposit((ALICE, 1), UATOM, 100_000_000).unwrap();
    world.deposit(BOB, UATOM, 5_000_000).unwrap();
    world.update_asset(UATOM, AssetChanges { supply_cap: Some(Amount::new(1)), ..Default::default() }).unwrap();
    world.set_price(UATOM, "8");
    let some = order(&world, UATOM, Some(90_000_000), 1, ALICE);
    let refusal = world.refused(|world| world.execute(ALICE, &alone(&some), &[])).to_string();
    assert!(refusal.contains("only as far as it brings an account back"), "{refusal}");
    // Lenders among themselves may.
    let sold = order(&world, UATOM, Some(1_000_000), 1, BOB);
    world.execute(ALICE, &alone(&sold), &[]).unwrap();
}

#[test]
fn a_rescue_is_not_repeated_by_moving_its_shares_away() {
    let mut world = indebted(640_000_000);
    world.deposit((ALICE, 1), UATOM, 1_000_000).unwrap();
    stop_deposits(&mut world, UATOM);
    world.set_price(UATOM, "9");
    let rescue =
        || BatchAction::Deposit(FromPurse { coin: coin(1_000_000, UATOM), account_id: None, on_behalf_of: None });
    let away = BatchAction::TransferShares(order(&world, UATOM, Some(1_000_000), 0, (ALICE, 1)));
    let actions = vec![rescue(), away, rescue()];
    let msg = ExecuteMsg::Batch { actions, callback: None };
    refuses(&mut world, "deposit of uatom is stopped", |world| world.execute(ALICE, &msg, &[coin(2_000_000, UATOM)]));
    let msg = ExecuteMsg::Batch { actions: vec![rescue()], callback: None };
    world.execute(ALICE, &msg, &[coin(1_000_000, UATOM)]).unwrap();
}
