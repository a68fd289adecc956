//! `batch`: what each action does, the purse, the events.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests: names say what is tested, and a failed setup is a failure"
)]

use crate::support::{assert_solvent, indebted, mint_wide, refuses, too_wide};
use cosmwasm_std::testing::{message_info, mock_dependencies, mock_env};
use cosmwasm_std::{Addr, Coin};
use plimsoll_pool::contract;
use plimsoll_pool::state::CONFIG;
use plimsoll_risk::units::Amount;
use plimsoll_schema::pool::{
    AssetChanges, BatchAction as Act, Borrow, CollateralStatus, ExecuteMsg, FromPurse, OnBehalf, Withdraw,
};
use plimsoll_testing::{AETH, ALICE, BOB, GUARDIAN, IBC_TOKEN, LENDER, OWNER, UATOM, UUSD, World, coin, ratio, values};

/// Alice: 100 ATOM, 600 USD owed; in account 1 200 USD, and 50 IBC tokens that don't count; in account 2 nothing.
fn world() -> World {
    let mut world = indebted(600_000_000);
    world.deposit((ALICE, 1), UUSD, 200_000_000).unwrap();
    world.deposit((ALICE, 1), IBC_TOKEN, 50_000_000).unwrap();
    world.enable((ALICE, 1), IBC_TOKEN, false).unwrap();
    world
}

fn deposit(amount: u128, denom: &str, account_id: Option<u32>) -> Act {
    Act::Deposit(FromPurse { coin: coin(amount, denom), account_id, on_behalf_of: None })
}

fn repay(amount: u128, denom: &str, account_id: Option<u32>) -> Act {
    Act::Repay(FromPurse { coin: coin(amount, denom), account_id, on_behalf_of: None })
}

fn withdraw(denom: &str, amount: impl Into<Option<u128>>, account_id: Option<u32>) -> Act {
    let amount = amount.into().map(Amount::new);
    Act::Withdraw(Withdraw {
        denom: denom.to_owned(),
        amount: amount.map(Into::into),
        recipient: None,
        account_id,
        on_behalf_of: None,
    })
}

fn borrow(amount: u128, denom: &str, account_id: Option<u32>) -> Act {
    Act::Borrow(Borrow {
        denom: denom.to_owned(),
        amount: Amount::new(amount).into(),
        recipient: None,
        account_id,
        on_behalf_of: None,
    })
}

fn enable(denom: &str, enable: bool, account_id: Option<u32>) -> Act {
    Act::UpdateAssetCollateralStatus(CollateralStatus {
        denom: denom.to_owned(),
        enable,
        account_id,
        on_behalf_of: None,
    })
}

/// The same action, paid out to another.
fn to(action: Act, to: String) -> Act {
    match action {
        Act::Withdraw(Withdraw { denom, amount, account_id, .. }) => {
            Act::Withdraw(Withdraw { denom, amount, recipient: Some(to), account_id, on_behalf_of: None })
        }
        Act::Borrow(Borrow { denom, amount, account_id, .. }) => {
            Act::Borrow(Borrow { denom, amount, recipient: Some(to), account_id, on_behalf_of: None })
        }
        other => other,
    }
}

/// The message that does by itself what the action does, and the coin that it takes.
fn message(action: &Act) -> (ExecuteMsg, Vec<Coin>) {
    match action.clone() {
        Act::Deposit(FromPurse { coin, account_id, on_behalf_of }) => {
            (ExecuteMsg::Deposit(OnBehalf { account_id, on_behalf_of }), vec![coin])
        }
        Act::Repay(FromPurse { coin, account_id, on_behalf_of }) => {
            (ExecuteMsg::Repay(OnBehalf { account_id, on_behalf_of }), vec![coin])
        }
        Act::Withdraw(Withdraw { denom, amount, recipient, account_id, on_behalf_of }) => {
            (ExecuteMsg::Withdraw(Withdraw { denom, amount, recipient, account_id, on_behalf_of }), vec![])
        }
        Act::Borrow(Borrow { denom, amount, recipient, account_id, on_behalf_of }) => {
            (ExecuteMsg::Borrow(Borrow { denom, amount, recipient, account_id, on_behalf_of }), vec![])
        }
        Act::TransferShares(order) => (ExecuteMsg::TransferShares(order), vec![]),
        Act::UpdateAssetCollateralStatus(CollateralStatus { denom, enable, account_id, on_behalf_of }) => (
            ExecuteMsg::UpdateAssetCollateralStatus(CollateralStatus { denom, enable, account_id, on_behalf_of }),
            vec![],
        ),
    }
}

/// What these actions take from the purse, each denom once.
fn purse(actions: &[Act]) -> Vec<Coin> {
    let mut purse: Vec<Coin> = vec![];
    for coin in actions.iter().flat_map(|action| message(action).1) {
        match purse.iter_mut().find(|held| held.denom == coin.denom) {
            Some(held) => held.amount += coin.amount,
            None => purse.push(coin),
        }
    }
    purse
}

/// Does the same twice from the same block, as messages and as one batch: records and balances of the whole chain come out the
/// same to the byte. Answers with what the batch said.
#[track_caller]
fn same_as_messages(world: &mut World, actions: &[Act]) -> plimsoll_testing::AppResponse {
    let before = world.snapshot();
    for action in actions {
        let (msg, funds) = message(action);
        world.execute(ALICE, &msg, &funds).unwrap();
    }
    let alone = world.dump().clone();
    world.restore(&before);
    let response = world.batch(ALICE, actions.to_vec(), &purse(actions)).unwrap();
    assert!(*world.dump() == alone, "{actions:?}");
    assert_solvent(world);
    world.restore(&before);
    response
}

#[test]
fn batch_of_one_does_what_the_message_does() {
    let mut world = world();
    world.advance_fresh(86_400 * 30);
    let bob = world.addr(BOB).into_string();
    for action in [
        deposit(7_000_001, UUSD, None),
        deposit(7_000_001, UATOM, None),
        deposit(7_000_001, AETH, Some(2)),
        deposit(7_000_001, IBC_TOKEN, Some(1)),
        withdraw(UATOM, 5_000_001, None),
        withdraw(UUSD, None, Some(1)),
        withdraw(IBC_TOKEN, 1, Some(1)),
        to(withdraw(UUSD, 77, Some(1)), bob.clone()),
        to(withdraw(UUSD, None, Some(1)), bob.clone()),
        borrow(7_000_001, UUSD, None),
        borrow(7_000_001, IBC_TOKEN, None),
        borrow(7_000_001, IBC_TOKEN, Some(1)),
        to(borrow(7_000_001, UATOM, Some(1)), bob),
        repay(1_000_001, UUSD, None),
        repay(900_000_000, UUSD, None),
        enable(UATOM, true, None),
        enable(UUSD, false, Some(1)),
        enable(IBC_TOKEN, true, Some(1)),
    ] {
        let response = same_as_messages(&mut world, std::slice::from_ref(&action));
        assert_eq!(values(&response, "action"), ["batch"], "{action:?}");
    }
}

#[test]
fn batch_of_several_does_what_the_messages_do_one_after_the_other() {
    let mut world = world();
    world.advance_fresh(86_400 * 30);
    for actions in [
        vec![deposit(10_000_000, UATOM, None), borrow(50_000_000, UUSD, None), repay(20_000_000, UUSD, None)],
        vec![repay(900_000_000, UUSD, None), enable(UATOM, false, None), withdraw(UATOM, None, None)],
        vec![borrow(20_000_000, UUSD, None), borrow(10_000_000, IBC_TOKEN, None), borrow(20_000_000, UUSD, None)],
        vec![
            deposit(9, AETH, Some(2)),
            deposit(8, AETH, None),
            withdraw(AETH, None, Some(2)),
            deposit(1, AETH, Some(7)),
        ],
        vec![
            withdraw(UUSD, None, Some(1)),
            deposit(200_000_000, UUSD, Some(1)),
            withdraw(UUSD, 60_000_000, Some(1)),
            borrow(10_000_000, UATOM, Some(1)),
        ],
        vec![withdraw(UATOM, 800_000, None); 16],
    ] {
        same_as_messages(&mut world, &actions);
    }
}

/// Refused as a batch of one with the text with which the message is refused.
#[track_caller]
fn refuses_as_message(world: &mut World, action: Act) {
    let (msg, funds) = message(&action);
    let text = world.refused(|world| world.execute(ALICE, &msg, &funds)).to_string();
    refuses(world, &text, |world| world.batch(ALICE, [action], &funds));
}

#[test]
fn batch_of_one_is_refused_as_the_message_is() {
    let mut world = world();
    world.mint(ALICE, "ushell", 50);
    for action in [
        deposit(5, "ushell", None),
        withdraw("ushell", 5, None),
        borrow(5, "ushell", None),
        repay(5, "ushell", None),
        enable("ushell", true, None),
        withdraw(UATOM, 0, None),
        withdraw(UATOM, 100_000_001, None),
        withdraw(UATOM, None, None),
        withdraw(UATOM, 20_000_000, None),
        withdraw(AETH, None, None),
        withdraw(AETH, 5, Some(2)),
        borrow(0, UUSD, None),
        borrow(100_000_001, UUSD, None),
        borrow(4_999_999, UUSD, Some(1)),
        borrow(1_000_000, IBC_TOKEN, Some(2)),
        borrow(2_000_000_000_000, UUSD, None),
        borrow(50_000_000, UATOM, None),
        repay(5, UATOM, None),
        repay(5, UUSD, Some(1)),
        enable(UATOM, false, None),
        enable(UUSD, true, None),
        enable(AETH, true, Some(2)),
        to(withdraw(UUSD, 5, Some(1)), "bob".to_owned()),
        to(borrow(5_000_000, UUSD, None), "bob".to_owned()),
    ] {
        refuses_as_message(&mut world, action);
    }
    let stop = ExecuteMsg::Pause { denom: None, deposit: true, borrow: true, flash_loan: false };
    world.execute(GUARDIAN, &stop, &[]).unwrap();
    refuses_as_message(&mut world, deposit(5, UUSD, Some(1)));
    refuses_as_message(&mut world, borrow(5_000_000, UUSD, None));
    // A rescue of an account above its max LTV passes, as it does by itself.
    world.set_price(UATOM, "5");
    same_as_messages(&mut world, &[deposit(5, UATOM, None)]);
}

#[test]
fn batch_with_an_action_above_a_cap_is_refused_though_the_next_would_undo_it() {
    let mut world = world();
    let supply_cap = Some(Amount::new(1_000_200_000_010));
    let borrow_cap = Some(Amount::new(600_000_010));
    world.update_asset(UUSD, AssetChanges { supply_cap, borrow_cap, ..Default::default() }).unwrap();
    let text = "supply cap of uusd is 1000200000010, a deposit of 11 finds 1000200000000 supplied";
    let actions = [deposit(11, UUSD, Some(1)), withdraw(UUSD, 11, Some(1))];
    refuses(&mut world, text, |world| world.batch(ALICE, actions, &[coin(11, UUSD)]));
    let text = "borrow cap of uusd is 600000010, 600000011 would be owed";
    let actions = [borrow(11, UUSD, None), repay(11, UUSD, None)];
    refuses(&mut world, text, |world| world.batch(ALICE, actions, &[coin(11, UUSD)]));
    // And so with the cash.
    let text = "insufficient liquidity: wanted 999600000001 uusd, available 999600000000";
    let actions = [borrow(999_600_000_001, UUSD, None), repay(999_600_000_001, UUSD, None)];
    let lift = AssetChanges { borrow_cap: Some(Amount::new(2_000_000_000_000)), ..Default::default() };
    world.update_asset(UUSD, lift).unwrap();
    refuses(&mut world, text, |world| world.batch(ALICE, actions, &[coin(999_600_000_001, UUSD)]));
}

#[test]
fn batch_of_none_or_more_than_sixteen_actions_is_refused() {
    let mut world = world();
    refuses(&mut world, "a batch has 1 to 16 actions, not 0", |world| world.batch(ALICE, [], &[]));
    let many = |count| vec![deposit(5, UUSD, Some(1)); count];
    let purse = [coin(500, UUSD)];
    refuses(&mut world, "a batch has 1 to 16 actions, not 17", |world| world.batch(ALICE, many(17), &purse));
    world.batch(ALICE, many(16), &purse).unwrap();
    assert_eq!(world.supplied((ALICE, 1), UUSD), 200_000_080);
}

#[test]
fn batch_returns_what_is_left_of_the_purse() {
    let mut world = world();
    world.mint(ALICE, "ushell", 50);
    let balances = |world: &World| [UUSD, UATOM, "ushell"].map(|denom| world.balance(ALICE, denom));
    let before = balances(&world);
    let pool = world.pool().clone();
    let purse = [coin(50, "ushell"), coin(1_000, UATOM), coin(5_000, UUSD)];
    world
        .batch(ALICE, [deposit(700, UATOM, None), repay(4_000, UUSD, None), deposit(999, UUSD, Some(1))], &purse)
        .unwrap();
    assert_eq!(balances(&world), [before[0] - 4_999, before[1] - 700, before[2]]);
    assert_eq!(world.balance(&pool, "ushell"), 0);
    assert_eq!(world.balance(&pool, UUSD), world.market(UUSD).stored.cash.raw());
    // What no action takes comes back whole.
    world.batch(ALICE, [enable(UATOM, true, None)], &purse).unwrap();
    assert_eq!(balances(&world), [before[0] - 4_999, before[1] - 700, before[2]]);
    assert_solvent(&world);
}

#[test]
fn batch_puts_what_a_repayment_does_not_need_back_into_the_purse() {
    let mut world = world();
    let alice = world.balance(ALICE, UUSD);
    let pool = world.pool().clone();
    // 600 owed: of 1,000 dollars 400 are left, of which 399 are supplied and one comes back.
    let actions = [repay(1_000_000_000, UUSD, None), deposit(399_000_000, UUSD, Some(1))];
    let response = world.batch(ALICE, actions, &[coin(1_000_000_000, UUSD)]).unwrap();
    assert_eq!(values(&response, "amount"), ["600000000", "399000000"]);
    assert_eq!((world.owed(ALICE, UUSD), world.supplied((ALICE, 1), UUSD)), (0, 599_000_000));
    assert_eq!(world.balance(ALICE, UUSD), alice - 999_000_000);
    assert_eq!(world.balance(&pool, UUSD), world.market(UUSD).stored.cash.raw());
    assert_solvent(&world);
}

#[test]
fn batch_that_takes_more_than_the_purse_holds_is_refused() {
    let mut world = world();
    let text = |left, denom, wanted| format!("the purse has {left} {denom} left, {wanted} is wanted");
    for (actions, purse, text) in [
        (vec![deposit(7, UUSD, None)], vec![coin(6, UUSD)], text(6, UUSD, 7)),
        (vec![deposit(7, UUSD, None)], vec![], text(0, UUSD, 7)),
        (vec![repay(7, UUSD, None)], vec![coin(7, UATOM)], text(0, UUSD, 7)),
        (vec![deposit(5, UUSD, None), repay(5, UUSD, None)], vec![coin(9, UUSD)], text(4, UUSD, 5)),
        (vec![repay(5, UUSD, None); 3], vec![coin(10, UUSD)], text(0, UUSD, 5)),
        (vec![deposit(u128::MAX, UUSD, None)], vec![coin(9, UUSD)], text(9, UUSD, u128::MAX)),
        // What is withdrawn or borrowed leaves at the end, and not into the purse.
        (vec![withdraw(UUSD, 9, Some(1)), deposit(9, UUSD, None)], vec![], text(0, UUSD, 9)),
        (vec![borrow(9, UUSD, None), repay(9, UUSD, None)], vec![coin(8, UUSD)], text(8, UUSD, 9)),
    ] {
        refuses(&mut world, &text, |world| world.batch(ALICE, actions, &purse));
    }
}

#[test]
fn batch_with_a_purse_that_names_a_denom_twice_is_refused() {
    let mut world = world();
    let action = || [deposit(5, UUSD, None)];
    let text = "'5uusd,5uusd' names a denom twice";
    refuses(&mut world, text, |world| world.batch(ALICE, action(), &[coin(5, UUSD), coin(5, UUSD)]));
    let text = "'5uatom,5uusd,1uatom' names a denom twice";
    let purse = [coin(5, UATOM), coin(5, UUSD), coin(1, UATOM)];
    refuses(&mut world, text, |world| world.batch(ALICE, action(), &purse));
}

#[test]
fn batch_with_a_coin_of_zero_or_of_more_than_128_bits_is_refused() {
    let mut world = world();
    let purse = [coin(50, UUSD)];
    for action in [deposit(0, UUSD, None), repay(0, UUSD, None)] {
        refuses(&mut world, "amount of uusd is zero", |world| world.batch(ALICE, [action], &purse));
    }
    mint_wide(&mut world, ALICE, UUSD, too_wide());
    let wide = Coin { denom: UUSD.to_owned(), amount: too_wide() };
    let text = "amount 340282366920938463463374607431768211456 uusd does not fit 128 bits";
    let action = Act::Deposit(FromPurse { coin: wide.clone(), account_id: None, on_behalf_of: None });
    refuses(&mut world, text, |world| world.batch(ALICE, [action], &purse));
    refuses(&mut world, text, |world| world.batch(ALICE, [deposit(5, UUSD, None)], &[wide]));

    let mut deps = mock_dependencies();
    CONFIG.save(&mut deps.storage, &world.config().config).unwrap();
    let info = message_info(&Addr::unchecked(ALICE), &[coin(5, UATOM), coin(0, UUSD)]);
    let msg = ExecuteMsg::Batch { actions: vec![deposit(5, UATOM, None)], callback: None };
    let error = contract::execute(deps.as_mut(), mock_env(), info, msg).unwrap_err();
    assert_eq!(error.to_string(), "amount of uusd is zero");
}

#[test]
#[allow(clippy::too_many_lines, reason = "a line an attribute")]
fn batch_says_each_step_with_its_account_and_market() {
    let mut world = world();
    let bob = world.addr(BOB).into_string();
    let actions = [
        deposit(10, UATOM, None),
        to(withdraw(UUSD, 20, Some(1)), bob.clone()),
        borrow(30, UUSD, None),
        repay(40, UUSD, None),
        enable(IBC_TOKEN, true, Some(1)),
        deposit(50, AETH, Some(2)),
    ];
    let response = world.batch(ALICE, actions, &[coin(40, UUSD), coin(10, UATOM), coin(50, AETH)]).unwrap();
    let event = response.events.iter().find(|event| event.ty == "wasm").unwrap();
    let said: Vec<(&str, &str)> = event.attributes[1..].iter().map(|a| (a.key.as_str(), a.value.as_str())).collect();
    let account = |id| format!("{}/{id}", world.addr(ALICE));
    let zero = account(0);
    let one = account(1);
    let two = account(2);
    let alice = world.addr(ALICE);
    let expected = [
        ("action", "batch"),
        ("step", "deposit"),
        ("account", &zero),
        ("denom", UATOM),
        ("amount", "10"),
        ("shares", "10000000"),
        ("step", "withdraw"),
        ("account", &one),
        ("denom", UUSD),
        ("amount", "20"),
        ("shares", "20000000"),
        ("recipient", &bob),
        ("step", "borrow"),
        ("account", &zero),
        ("denom", UUSD),
        ("amount", "30"),
        ("interest", "0"),
        ("recipient", alice.as_str()),
        ("step", "repay"),
        ("account", &zero),
        ("denom", UUSD),
        ("amount", "40"),
        ("step", "update_asset_collateral_status"),
        ("account", &one),
        ("denom", IBC_TOKEN),
        ("enabled", "true"),
        ("step", "deposit"),
        ("account", &two),
        ("denom", AETH),
        ("amount", "50"),
        ("shares", "50000000"),
    ];
    assert_eq!(said, expected.map(|(key, value): (&str, &str)| (key, value)));
}

#[test]
fn batch_touches_no_account_of_another() {
    let mut world = world();
    world.deposit(BOB, UATOM, 5_000_000).unwrap();
    let alice = world.account(ALICE);
    let lender = world.account(LENDER);
    let actions = [deposit(5, UATOM, None), withdraw(UATOM, 3_000_000, None), deposit(5, UATOM, Some(3))];
    world.batch(BOB, actions, &[coin(10, UATOM)]).unwrap();
    assert_eq!((world.account(ALICE), world.account(LENDER)), (alice, lender));
    assert_eq!((world.supplied(BOB, UATOM), world.supplied((BOB, 3), UATOM)), (2_000_005, 5));
}

#[test]
fn batch_writes_each_record_once() {
    let mut world = world();
    let one = [deposit(5, UUSD, Some(1))];
    let (_, single) = world.counted(|world| world.batch(ALICE, one, &[coin(5, UUSD)]).unwrap());
    let many = vec![deposit(5, UUSD, Some(1)); 16];
    let (_, all) = world.counted(|world| world.batch(ALICE, many, &[coin(80, UUSD)]).unwrap());
    assert_eq!((single.writes, single.removes), (2, 0));
    assert_eq!((all.writes, all.removes), (2, 0));
    // The number of a denom is looked up for each action; market, parameters and account are read once.
    assert!(all.reads <= single.reads + 15, "{all:?} after {single:?}");
}

/// All that Alice's shares are worth is lost. She gives them up in a batch as she would alone.
#[test]
fn batch_gives_up_shares_without_worth_when_it_withdraws_all() {
    let mut world = World::builder().edit(UUSD, |asset| asset.params.sale_cost = Some(ratio("0.02"))).build();
    world.allow_full_utilization(UUSD).unwrap();
    world.deposit(ALICE, UUSD, 1).unwrap();
    world.deposit(LENDER, UUSD, 1_000_000_000).unwrap();
    world.deposit(BOB, UATOM, 150_000_000).unwrap();
    world.borrow(BOB, UUSD, 1_000_000_001).unwrap();
    world.set_price(UATOM, "0.01");
    world.liquidate(OWNER, BOB, UATOM, (UUSD, 10_000_000)).unwrap();
    assert_eq!((world.supplied(ALICE, UUSD), world.account(ALICE).collaterals.len()), (0, 1));
    let before = world.snapshot();
    world.withdraw_all(ALICE, UUSD).unwrap();
    let alone = world.account(ALICE);
    world.restore(&before);
    let all = Act::Withdraw(Withdraw {
        denom: UUSD.to_owned(),
        amount: None,
        recipient: None,
        account_id: None,
        on_behalf_of: None,
    });
    let response = world.batch(ALICE, [all], &[]).unwrap();
    assert_eq!((world.account(ALICE), values(&response, "amount")), (alone, vec!["0"]));
    assert!(world.account(ALICE).is_empty());
}
