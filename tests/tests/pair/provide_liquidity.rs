//! `provide_liquidity`.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests: names say what is tested, and a failed setup is a failure"
)]

use crate::support::{Outcome, mint_wide, refuses, too_wide};
use cosmwasm_std::Coin;
use plimsoll_risk::units::{Amount, LpShares, Ratio};
use plimsoll_schema::pair::{Asset, AssetInfo, ExecuteMsg};
use plimsoll_testing::{ALICE, Addr, BOB, IBC_TOKEN, LENDER, UATOM, UUSD, World, coin, ratio, values};

/// 1,000 ATOM and 10,000 USD, the lender's: √(10⁹ × 10¹⁰) = 3,162,277,660 shares.
fn world() -> (World, Addr) {
    let mut world = World::new();
    let pair = world.pair(UATOM, UUSD, 10_000);
    (world, pair)
}

/// The same pair without liquidity.
fn empty() -> (World, Addr) {
    let mut world = World::new();
    let pair = world.deploy_pair(UATOM, UUSD, Ratio::bps(30)).unwrap();
    (world, pair)
}

/// A message to the last detail.
#[derive(Clone, Default)]
struct Provide {
    slippage_tolerance: Option<Ratio>,
    auto_stake: Option<bool>,
    receiver: Option<String>,
    min: Option<u128>,
}

impl Provide {
    fn msg(&self, assets: Vec<Asset>) -> ExecuteMsg {
        let Self { slippage_tolerance, auto_stake, receiver, min } = self.clone();
        let min_lp_to_receive = min.map(LpShares::new);
        ExecuteMsg::ProvideLiquidity { assets, slippage_tolerance, auto_stake, receiver, min_lp_to_receive }
    }

    fn send(&self, world: &mut World, pair: &Addr, atom: u128, usd: u128) -> Outcome {
        let assets = vec![native(UATOM, atom), native(UUSD, usd)];
        world.execute_contract(ALICE, pair, &self.msg(assets), &[coin(atom, UATOM), coin(usd, UUSD)])
    }
}

fn native(denom: &str, amount: u128) -> Asset {
    Asset::native(denom, Amount::new(amount))
}

#[test]
fn provide_liquidity_first_mints_the_root_and_locks_a_thousand_shares() {
    let (mut world, pair) = empty();
    let atom = world.balance(ALICE, UATOM);
    let usd = world.balance(ALICE, UUSD);
    let response = world.provide_liquidity(ALICE, &pair, [(UATOM, 4_000_000), (UUSD, 9_000_000)]).unwrap();
    assert_eq!(world.pair_pool(&pair), ([4_000_000, 9_000_000], 6_000_000));
    assert_eq!((world.pair_shares(ALICE, &pair), world.pair_shares(&pair, &pair)), (5_999_000, 1_000));
    assert_eq!((world.balance(ALICE, UATOM), world.balance(ALICE, UUSD)), (atom - 4_000_000, usd - 9_000_000));
    assert_eq!((world.balance(&pair, UATOM), world.balance(&pair, UUSD)), (4_000_000, 9_000_000));
    let alice = world.addr(ALICE).into_string();
    for (key, value) in [
        ("action", "provide_liquidity"),
        ("sender", &alice),
        ("receiver", &alice),
        ("assets", "4000000uatom, 9000000uusd"),
        ("share", "5999000"),
    ] {
        assert_eq!(values(&response, key), [value], "{key}");
    }
}

#[test]
fn provide_liquidity_first_must_be_worth_more_than_is_locked() {
    let (mut world, pair) = empty();
    let text = "the first liquidity is worth 1000 shares, of which 1000 are locked for ever";
    for (atom, usd) in [(1_000, 1_000), (1_001, 1_000), (1, 1_002_000)] {
        refuses(&mut world, text, |world| world.provide_liquidity(ALICE, &pair, [(UATOM, atom), (UUSD, usd)]));
    }
    world.provide_liquidity(ALICE, &pair, [(UATOM, 1_001), (UUSD, 1_001)]).unwrap();
    assert_eq!((world.pair_shares(ALICE, &pair), world.pair_pool(&pair).1), (1, 1_001));
}

#[test]
fn provide_liquidity_in_proportion_mints_in_proportion() {
    let (mut world, pair) = world();
    assert_eq!(world.pair_pool(&pair), ([1_000_000_000, 10_000_000_000], 3_162_277_660));
    assert_eq!(world.pair_shares(LENDER, &pair), 3_162_276_660);
    Provide::default().send(&mut world, &pair, 1_000_000, 10_000_000).unwrap();
    // A thousandth, rounded down.
    assert_eq!(world.pair_shares(ALICE, &pair), 3_162_277);
    assert_eq!(world.pair_pool(&pair), ([1_001_000_000, 10_010_000_000], 3_165_439_937));
    Provide::default().send(&mut world, &pair, 1_000_000, 10_000_000).unwrap();
    assert_eq!(world.pair_shares(ALICE, &pair), 2 * 3_162_277);
}

#[test]
fn provide_liquidity_beside_the_proportion_mints_by_the_smaller_part_and_keeps_both() {
    let (mut world, pair) = world();
    Provide::default().send(&mut world, &pair, 1_004_000, 10_000_000).unwrap();
    Provide::default().send(&mut world, &pair, 1_000_000, 10_040_000).unwrap();
    let first = 3_162_277;
    let second = 1_000_000 * (3_162_277_660 + first) / 1_001_004_000;
    assert_eq!(world.pair_shares(ALICE, &pair), first + second);
    assert_eq!(world.pair_pool(&pair).0, [1_002_004_000, 10_020_040_000]);
}

#[test]
fn provide_liquidity_takes_its_assets_in_any_order() {
    let (mut world, pair) = world();
    let msg = Provide::default().msg(vec![native(UUSD, 10_000_000), native(UATOM, 1_000_000)]);
    world.execute_contract(ALICE, &pair, &msg, &[coin(1_000_000, UATOM), coin(10_000_000, UUSD)]).unwrap();
    assert_eq!(world.pair_pool(&pair).0, [1_001_000_000, 10_010_000_000]);
}

#[test]
fn provide_liquidity_for_another_is_his() {
    let (mut world, pair) = world();
    let receiver = Some(world.addr(BOB).into_string());
    let response = Provide { receiver, ..Provide::default() }.send(&mut world, &pair, 1_000_000, 10_000_000).unwrap();
    assert_eq!((world.pair_shares(ALICE, &pair), world.pair_shares(BOB, &pair)), (0, 3_162_277));
    assert_eq!(values(&response, "receiver"), [world.addr(BOB).as_str()]);
    let nobody = Provide { receiver: Some("nobody".to_owned()), ..Provide::default() };
    let text = "'nobody' is not an address of this chain";
    refuses(&mut world, text, |world| nobody.send(world, &pair, 1_000_000, 10_000_000));
}

#[test]
fn provide_liquidity_takes_exactly_the_coins_that_it_names() {
    let (mut world, pair) = world();
    mint_wide(&mut world, ALICE, UATOM, too_wide());
    let wide = Coin { denom: UATOM.to_owned(), amount: too_wide() };
    let msg = Provide::default().msg(vec![native(UATOM, 100), native(UUSD, 1_000)]);
    let atom = |n| coin(n, UATOM);
    let usd = |n| coin(n, UUSD);
    let other = coin(5, IBC_TOKEN);
    for funds in [
        vec![],
        vec![atom(100)],
        vec![usd(1_000)],
        vec![atom(99), usd(1_000)],
        vec![atom(100), usd(1_001)],
        vec![atom(100), usd(1_000), other.clone()],
        vec![atom(100), atom(100)],
        vec![atom(50), atom(50), usd(1_000)],
        vec![atom(100), usd(1_000), usd(1_000)],
        vec![atom(1_000), usd(100)],
        vec![other, usd(1_000)],
        vec![wide, usd(1_000)],
    ] {
        let sent = funds.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let text = format!("the message takes exactly '100uatom,1000uusd', but '{sent}' was sent");
        refuses(&mut world, &text, |world| world.execute_contract(ALICE, &pair, &msg, &funds));
    }
    world.execute_contract(ALICE, &pair, &msg, &[usd(1_000), atom(100)]).unwrap();
}

#[test]
fn provide_liquidity_must_name_both_tokens_once() {
    let (mut world, pair) = world();
    let cw20 = Asset { info: AssetInfo::Token { contract_addr: "token".to_owned() }, amount: Amount::new(5) };
    for (assets, text) in [
        (vec![], "assets must name both tokens once, not ''"),
        (vec![native(UATOM, 5)], "assets must name both tokens once, not '5uatom'"),
        (vec![native(UATOM, 5), native(UATOM, 5)], "assets must name both tokens once, not '5uatom, 5uatom'"),
        (
            vec![native(UATOM, 5), native(UUSD, 5), native(UUSD, 5)],
            "assets must name both tokens once, not '5uatom, 5uusd, 5uusd'",
        ),
        (vec![native(UATOM, 5), native("ux", 5)], "'ux' is not traded here, the pair is uatom and uusd"),
        (vec![native(UATOM, 5), cw20], "'token' is a cw20 token, the pair trades native ones only"),
    ] {
        let msg = Provide::default().msg(assets);
        refuses(&mut world, text, |world| world.execute_contract(ALICE, &pair, &msg, &[coin(5, UATOM)]));
    }
    for (atom, usd, text) in [(0, 10, "amount of uatom is zero"), (1, 0, "amount of uusd is zero")] {
        let msg = Provide::default().msg(vec![native(UATOM, atom), native(UUSD, usd)]);
        refuses(&mut world, text, |world| world.execute_contract(ALICE, &pair, &msg, &[]));
    }
}

#[test]
fn provide_liquidity_too_far_from_the_reserves_is_refused() {
    let (mut world, pair) = world();
    // 1,000 : 10,050.25… is half a percent away.
    let text = "1000000 to 10051000 provided is further than 0.005 from 1000000000 to 10000000000, the reserves";
    refuses(&mut world, text, |world| Provide::default().send(world, &pair, 1_000_000, 10_051_000));
    let text = "1006000 to 10000000 provided is further than 0.005 from 1000000000 to 10000000000, the reserves";
    refuses(&mut world, text, |world| Provide::default().send(world, &pair, 1_006_000, 10_000_000));
    let text = "1000000 to 10000001 provided is further than 0 from 1000000000 to 10000000000, the reserves";
    let none = Provide { slippage_tolerance: Some(Ratio::ZERO), ..Provide::default() };
    refuses(&mut world, text, |world| none.send(world, &pair, 1_000_000, 10_000_001));
    none.send(&mut world, &pair, 1_000_000, 10_000_000).unwrap();
    let half = Provide { slippage_tolerance: Some(ratio("0.5")), ..Provide::default() };
    half.send(&mut world, &pair, 1_000_000, 20_000_000).unwrap();
    let text = "spread or slippage of 0.500000000000000001 is above 0.5, the most that may be allowed";
    let more = Provide { slippage_tolerance: Some(ratio("0.500000000000000001")), ..Provide::default() };
    refuses(&mut world, text, |world| more.send(world, &pair, 1_000_000, 10_000_000));
}

#[test]
fn provide_liquidity_for_fewer_shares_than_wanted_is_refused() {
    let (mut world, pair) = world();
    let with_min = |min| Provide { min: Some(min), ..Provide::default() };
    let text = "3162277 shares are minted, at least 3162278 were wanted";
    refuses(&mut world, text, |world| with_min(3_162_278).send(world, &pair, 1_000_000, 10_000_000));
    with_min(3_162_277).send(&mut world, &pair, 1_000_000, 10_000_000).unwrap();
    // The locked ones don't count.
    let (mut world, pair) = empty();
    let text = "1000 shares are minted, at least 1001 were wanted";
    refuses(&mut world, text, |world| with_min(1_001).send(world, &pair, 2_000, 2_000));
    with_min(1_000).send(&mut world, &pair, 2_000, 2_000).unwrap();
}

#[test]
fn provide_liquidity_can_not_stake() {
    let (mut world, pair) = world();
    let stake = |auto_stake| Provide { auto_stake: Some(auto_stake), ..Provide::default() };
    let text = "shares can't be staked: auto_stake is not supported";
    refuses(&mut world, text, |world| stake(true).send(world, &pair, 1_000_000, 10_000_000));
    stake(false).send(&mut world, &pair, 1_000_000, 10_000_000).unwrap();
}

#[test]
fn provide_liquidity_worth_no_share_is_refused() {
    let (mut world, pair) = empty();
    world.provide_liquidity(LENDER, &pair, [(UATOM, 1_000_000), (UUSD, 1_000_000)]).unwrap();
    // The fees of a round trip leave more of both tokens than there are shares.
    world.swap(BOB, &pair, (UATOM, 500_000)).unwrap();
    world.swap(BOB, &pair, (UUSD, 333_000)).unwrap();
    let ([atom, usd], shares) = world.pair_pool(&pair);
    assert!(atom > shares && usd > shares, "{atom} {usd} {shares}");
    let text = "1 and 1 are worth no share";
    refuses(&mut world, text, |world| world.provide_liquidity(ALICE, &pair, [(UATOM, 1), (UUSD, 1)]));
}

/// Whatever is sent to the pair without a message, another provider's liquidity is worth what they brought.
#[test]
fn provide_liquidity_is_not_diluted_by_the_first_provider() {
    let (mut world, pair) = empty();
    world.provide_liquidity(BOB, &pair, [(UATOM, 1_001), (UUSD, 1_001)]).unwrap();
    world.send(BOB, &pair, &[coin(1_000_000_000, UATOM), coin(1_000_000_000, UUSD)]).unwrap();
    assert_eq!(world.pair_pool(&pair), ([1_001, 1_001], 1_001));
    world.provide_liquidity(ALICE, &pair, [(UATOM, 1_000_000), (UUSD, 1_000_000)]).unwrap();
    assert_eq!(world.pair_shares(ALICE, &pair), 1_000_000);
    let atom = world.balance(ALICE, UATOM);
    world.withdraw_liquidity(ALICE, &pair, 1_000_000).unwrap();
    assert_eq!(world.balance(ALICE, UATOM), atom + 1_000_000);
}

/// A provider can raise what a share is worth only by giving to the locked shares too: a thousand times what their one share gains, and so more than
/// a victim loses by the rounding of one share.
#[test]
fn provide_liquidity_after_a_share_was_inflated_costs_the_first_provider_more() {
    let (mut world, pair) = empty();
    let worth = |world: &World| world.balance(BOB, UATOM) + world.balance(BOB, UUSD);
    let before = worth(&world);
    world.provide_liquidity(BOB, &pair, [(UATOM, 1_001), (UUSD, 1_001)]).unwrap();
    // Lopsided by the most that is allowed, this way and that way: what is beside the proportion belongs to all.
    for _ in 0..6 {
        let ([atom, usd], _) = world.pair_pool(&pair);
        world.provide_liquidity(BOB, &pair, [(UATOM, atom * 2), (UUSD, usd)]).unwrap();
        let ([atom, usd], _) = world.pair_pool(&pair);
        world.provide_liquidity(BOB, &pair, [(UATOM, atom), (UUSD, usd * 2)]).unwrap();
    }
    let ([atom, usd], shares) = world.pair_pool(&pair);
    let per_share = (atom + usd) / shares;
    let alice = world.balance(ALICE, UATOM) + world.balance(ALICE, UUSD);
    world.provide_liquidity(ALICE, &pair, [(UATOM, atom / 100), (UUSD, usd / 100)]).unwrap();
    let held = world.pair_shares(ALICE, &pair);
    world.withdraw_liquidity(ALICE, &pair, held).unwrap();
    let lost = alice - world.balance(ALICE, UATOM) - world.balance(ALICE, UUSD);
    assert!(lost <= per_share + 2, "{lost} {per_share}");
    let held = world.pair_shares(BOB, &pair);
    world.withdraw_liquidity(BOB, &pair, held).unwrap();
    assert!(before - worth(&world) > lost, "{} {lost}", before - worth(&world));
}

#[test]
fn provide_liquidity_of_all_that_128_bits_hold_locks_nothing_up() {
    let mut world = World::new();
    let denoms = ["ubig", "uhuge"];
    for denom in denoms {
        world.mint(ALICE, denom, u128::MAX);
        world.mint(BOB, denom, u128::MAX);
    }
    let pair = world.deploy_pair(denoms[0], denoms[1], Ratio::bps(30)).unwrap();
    world.provide_liquidity(ALICE, &pair, denoms.map(|denom| (denom, u128::MAX))).unwrap();
    assert_eq!(world.pair_pool(&pair), ([u128::MAX; 2], u128::MAX));
    refuses(&mut world, "Amount does not fit its type", |world| {
        world.provide_liquidity(BOB, &pair, denoms.map(|denom| (denom, 1)))
    });
    refuses(&mut world, "Amount does not fit its type", |world| world.swap(BOB, &pair, (denoms[0], 1)));
    world.advance(1_000_000);
    world.withdraw_liquidity(ALICE, &pair, u128::MAX - 1_000).unwrap();
    assert_eq!(world.balance(ALICE, denoms[0]), u128::MAX - 1_000);
    assert_eq!(world.pair_pool(&pair), ([1_000; 2], 1_000));
    world.swap(BOB, &pair, (denoms[0], 500)).unwrap();
}
