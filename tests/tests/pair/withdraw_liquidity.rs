//! `withdraw_liquidity`.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests: names say what is tested, and a failed setup is a failure"
)]

use crate::support::{Outcome, refuses};
use plimsoll_risk::units::{Amount, LpShares, Ratio};
use plimsoll_schema::pair::{Asset, AssetInfo, ExecuteMsg};
use plimsoll_testing::{ALICE, Addr, BOB, UATOM, UUSD, World, coin, values};
use serde_json::json;

/// 4 ATOM and 9 USD, all Alice's: 6,000,000 shares, 1,000 of them locked.
fn world() -> (World, Addr) {
    let mut world = World::new();
    let pair = world.deploy_pair(UATOM, UUSD, Ratio::bps(30)).unwrap();
    world.provide_liquidity(ALICE, &pair, [(UATOM, 4_000_000), (UUSD, 9_000_000)]).unwrap();
    (world, pair)
}

fn native(denom: &str, amount: u128) -> Asset {
    Asset::native(denom, Amount::new(amount))
}

/// Withdraws 1,000,000 shares, which are worth 666,666 uatom and 1,500,000 uusd.
fn withdraw(world: &mut World, pair: &Addr, min: Option<Vec<Asset>>) -> Outcome {
    let amount = Some(LpShares::new(1_000_000));
    let msg = ExecuteMsg::WithdrawLiquidity { amount, assets: vec![], min_assets_to_receive: min };
    world.execute_contract(ALICE, pair, &msg, &[])
}

#[test]
fn withdraw_liquidity_burns_shares_and_pays_their_part_rounded_down() {
    let (mut world, pair) = world();
    let atom = world.balance(ALICE, UATOM);
    let usd = world.balance(ALICE, UUSD);
    let response = withdraw(&mut world, &pair, None).unwrap();
    assert_eq!((world.balance(ALICE, UATOM), world.balance(ALICE, UUSD)), (atom + 666_666, usd + 1_500_000));
    assert_eq!(world.pair_pool(&pair), ([3_333_334, 7_500_000], 5_000_000));
    assert_eq!(world.pair_shares(ALICE, &pair), 4_999_000);
    for (key, value) in [
        ("action", "withdraw_liquidity"),
        ("sender", world.addr(ALICE).as_str()),
        ("withdrawn_share", "1000000"),
        ("refund_assets", "666666uatom, 1500000uusd"),
    ] {
        assert_eq!(values(&response, key), [value], "{key}");
    }
}

/// As an Astroport pair's message reads, without the coin of shares that there isn't.
#[test]
fn withdraw_liquidity_without_an_amount_burns_all_of_the_senders() {
    for msg in [json!({ "withdraw_liquidity": {} }), json!({ "withdraw_liquidity": { "assets": [] } })] {
        let (mut world, pair) = world();
        world.execute_contract(ALICE, &pair, &msg, &[]).unwrap();
        assert_eq!(world.pair_shares(ALICE, &pair), 0);
        // What the thousand locked shares are worth, rounded up.
        assert_eq!(world.pair_pool(&pair), ([667, 1_500], 1_000));
    }
}

#[test]
fn withdraw_liquidity_leaves_a_pair_that_works() {
    let (mut world, pair) = world();
    world.withdraw_liquidity(ALICE, &pair, 5_999_000).unwrap();
    world.swap(BOB, &pair, (UATOM, 100)).unwrap();
    let ([atom, usd], _) = world.pair_pool(&pair);
    world.provide_liquidity(BOB, &pair, [(UATOM, atom * 1_000), (UUSD, usd * 1_000)]).unwrap();
    assert_eq!(world.pair_shares(BOB, &pair), 1_000_000);
}

#[test]
fn withdraw_liquidity_pays_a_token_of_which_the_share_is_nothing_only_in_the_other() {
    let mut world = World::new();
    let pair = world.deploy_pair(UUSD, UATOM, Ratio::ZERO).unwrap();
    world.provide_liquidity(ALICE, &pair, [(UUSD, 1), (UATOM, 10_000_000)]).unwrap();
    let atom = world.balance(ALICE, UATOM);
    let usd = world.balance(ALICE, UUSD);
    world.withdraw_liquidity(ALICE, &pair, 1).unwrap();
    assert_eq!((world.balance(ALICE, UATOM), world.balance(ALICE, UUSD)), (atom + 10_000_000 / 3_162, usd));
    assert_eq!(world.pair_pool(&pair).0[0], 1);
}

/// The bank of a real chain takes only sorted coins, whatever the pair's order.
#[test]
fn withdraw_liquidity_pays_in_the_banks_order() {
    let mut world = World::new();
    let pair = world.deploy_pair(UUSD, UATOM, Ratio::ZERO).unwrap();
    world.provide_liquidity(ALICE, &pair, [(UUSD, 9_000_000), (UATOM, 4_000_000)]).unwrap();
    let response = world.withdraw_liquidity(ALICE, &pair, 3_000_000).unwrap();
    let paid = response.events.iter().find(|event| event.ty == "transfer").unwrap();
    assert!(paid.attributes.iter().any(|a| a.key == "amount" && a.value == "2000000uatom,4500000uusd"), "{paid:?}");
    assert_eq!(values(&response, "refund_assets"), ["4500000uusd, 2000000uatom"]);
}

#[test]
fn withdraw_liquidity_of_what_the_sender_has_not_is_refused() {
    let (mut world, pair) = world();
    let text = "insufficient shares: wanted 5999001, the sender has 5999000";
    refuses(&mut world, text, |world| world.withdraw_liquidity(ALICE, &pair, 5_999_001));
    let text = "insufficient shares: wanted 1, the sender has 0";
    refuses(&mut world, text, |world| world.withdraw_liquidity(BOB, &pair, 1));
    let text = "no shares to withdraw: the sender has 5999000";
    refuses(&mut world, text, |world| world.withdraw_liquidity(ALICE, &pair, 0));
    let text = "no shares to withdraw: the sender has 0";
    let all = json!({ "withdraw_liquidity": {} });
    refuses(&mut world, text, |world| world.execute_contract(BOB, &pair, &all, &[]));
}

#[test]
fn withdraw_liquidity_takes_no_funds() {
    let (mut world, pair) = world();
    let all = json!({ "withdraw_liquidity": {} });
    let text = "this message takes no funds, but '5uusd' was sent";
    refuses(&mut world, text, |world| world.execute_contract(ALICE, &pair, &all, &[coin(5, UUSD)]));
}

#[test]
fn withdraw_liquidity_of_one_token_alone_is_refused() {
    let (mut world, pair) = world();
    let assets = vec![native(UATOM, 5)];
    let msg = ExecuteMsg::WithdrawLiquidity { amount: None, assets, min_assets_to_receive: None };
    let text = "withdrawing an unbalanced '5uatom' is not supported";
    refuses(&mut world, text, |world| world.execute_contract(ALICE, &pair, &msg, &[]));
}

#[test]
fn withdraw_liquidity_for_less_than_wanted_is_refused() {
    let (mut world, pair) = world();
    for (atom, usd, text) in [
        (666_667, 1_500_000, "666666 uatom would be paid, at least 666667 were wanted"),
        (666_666, 1_500_001, "1500000 uusd would be paid, at least 1500001 were wanted"),
    ] {
        for min in [vec![native(UATOM, atom), native(UUSD, usd)], vec![native(UUSD, usd), native(UATOM, atom)]] {
            refuses(&mut world, text, |world| withdraw(world, &pair, Some(min)));
        }
    }
    let min = vec![native(UUSD, 1_500_000), native(UATOM, 666_666)];
    withdraw(&mut world, &pair, Some(min)).unwrap();
}

#[test]
fn withdraw_liquidity_must_name_both_minima_once() {
    let (mut world, pair) = world();
    let cw20 = Asset { info: AssetInfo::Token { contract_addr: "token".to_owned() }, amount: Amount::new(5) };
    for (min, text) in [
        (vec![], "min_assets_to_receive must name both tokens once, not ''"),
        (vec![native(UATOM, 1)], "min_assets_to_receive must name both tokens once, not '1uatom'"),
        (
            vec![native(UATOM, 1), native(UATOM, 1)],
            "min_assets_to_receive must name both tokens once, not '1uatom, 1uatom'",
        ),
        (vec![native(UATOM, 1), native("ux", 1)], "'ux' is not traded here, the pair is uatom and uusd"),
        (vec![cw20, native(UATOM, 1)], "'token' is a cw20 token, the pair trades native ones only"),
    ] {
        refuses(&mut world, text, |world| withdraw(world, &pair, Some(min)));
    }
}
