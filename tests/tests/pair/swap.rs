//! `swap`.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests: names say what is tested, and a failed setup is a failure"
)]

use crate::support::{Outcome, mint_wide, refuses, too_wide};
use cosmwasm_std::Coin;
use plimsoll_risk::units::{Amount, Ratio, RelativePrice};
use plimsoll_schema::pair::{Asset, AssetInfo, ExecuteMsg};
use plimsoll_testing::{ALICE, Addr, BOB, IBC_TOKEN, LENDER, UATOM, UUSD, World, coin, ratio, values};
use serde_json::json;

/// 1,000 ATOM and 10,000 USD, the lender's, at 0.3 %.
fn world() -> (World, Addr) {
    let mut world = World::new();
    let pair = world.pair(UATOM, UUSD, 10_000);
    (world, pair)
}

/// The same with another fee.
fn with_fee(fee: Ratio) -> (World, Addr) {
    let mut world = World::new();
    let pair = world.deploy_pair(UATOM, UUSD, fee).unwrap();
    world.provide_liquidity(LENDER, &pair, [(UATOM, 1_000_000_000), (UUSD, 10_000_000_000)]).unwrap();
    (world, pair)
}

/// A message to the last detail.
#[derive(Clone, Default)]
struct Order {
    ask: Option<AssetInfo>,
    belief_price: Option<&'static str>,
    max_spread: Option<Ratio>,
    to: Option<String>,
}

impl Order {
    fn msg(&self, offer_asset: Asset) -> ExecuteMsg {
        let Self { ask: ask_asset_info, belief_price, max_spread, to } = self.clone();
        let belief_price = belief_price.map(|price| price.parse::<RelativePrice>().unwrap());
        ExecuteMsg::Swap { offer_asset, ask_asset_info, belief_price, max_spread, to }
    }

    fn sell(&self, world: &mut World, pair: &Addr, denom: &str, amount: u128) -> Outcome {
        let msg = self.msg(Asset::native(denom, Amount::new(amount)));
        world.execute_contract(ALICE, pair, &msg, &[coin(amount, denom)])
    }
}

#[test]
fn swap_pays_the_yield_less_the_fee_and_keeps_the_fee() {
    let (mut world, pair) = world();
    let atom = world.balance(ALICE, UATOM);
    let usd = world.balance(ALICE, UUSD);
    let response = Order::default().sell(&mut world, &pair, UATOM, 1_000_000).unwrap();
    // 10¹⁰ × 10⁶ / (10⁹ + 10⁶) = 9,990,009.99, of which 29,970.03 are the fee, rounded up; 10,000,000 at the price before.
    assert_eq!((world.balance(ALICE, UATOM), world.balance(ALICE, UUSD)), (atom - 1_000_000, usd + 9_960_038));
    assert_eq!(world.pair_pool(&pair), ([1_001_000_000, 10_000_000_000 - 9_960_038], 3_162_277_660));
    assert_eq!(world.balance(&pair, UUSD), 10_000_000_000 - 9_960_038);
    let alice = world.addr(ALICE).into_string();
    for (key, value) in [
        ("action", "swap"),
        ("sender", &alice),
        ("receiver", &alice),
        ("offer_asset", "uatom"),
        ("ask_asset", "uusd"),
        ("offer_amount", "1000000"),
        ("return_amount", "9960038"),
        ("spread_amount", "9991"),
        ("commission_amount", "29971"),
    ] {
        assert_eq!(values(&response, key), [value], "{key}");
    }
}

#[test]
fn swap_the_other_way_is_the_same_formula() {
    let (mut world, pair) = world();
    let atom = world.balance(ALICE, UATOM);
    Order::default().sell(&mut world, &pair, UUSD, 10_000_000).unwrap();
    // 10⁹ × 10⁷ / (10¹⁰ + 10⁷) = 999,000.99; 2,997.0 are the fee.
    assert_eq!(world.balance(ALICE, UATOM), atom + 999_000 - 2_997);
    assert_eq!(world.pair_pool(&pair).0, [1_000_000_000 - 996_003, 10_010_000_000]);
}

/// `(x/(x + Δ))²`: selling as much as the pair holds quarters the price, selling three times as much sixteenths it.
#[test]
fn swap_without_a_fee_moves_the_spot_by_the_square() {
    for (times, divisor) in [(1, 4), (3, 16)] {
        let (mut world, pair) = with_fee(Ratio::ZERO);
        let sell = times * 1_000_000_000;
        let order = Order { belief_price: Some("1"), max_spread: Some(ratio("0.5")), ..Order::default() };
        order.sell(&mut world, &pair, UATOM, sell).unwrap();
        let ([atom, usd], _) = world.pair_pool(&pair);
        assert_eq!(atom, 1_000_000_000 + sell);
        // 10 USD before.
        assert_eq!(usd * divisor, atom * 10);
    }
}

#[test]
fn swap_does_what_its_simulation_says() {
    let (mut world, pair) = world();
    let start = world.snapshot();
    for (denom, bought) in [(UATOM, UUSD), (UUSD, UATOM)] {
        for amount in [1, 2, 11, 999, 123_457, 1_000_000_000, 999_999_999] {
            world.restore(&start);
            let simulated = world.simulate_swap(&pair, (denom, amount));
            let before = world.balance(BOB, bought);
            match world.swap(BOB, &pair, (denom, amount)) {
                Ok(response) => {
                    let simulated = simulated.unwrap();
                    assert_eq!(world.balance(BOB, bought) - before, simulated.return_amount.raw());
                    assert_eq!(values(&response, "spread_amount"), [simulated.spread_amount.to_string()]);
                    assert_eq!(values(&response, "commission_amount"), [simulated.commission_amount.to_string()]);
                }
                Err(error) => assert_eq!(simulated.unwrap_err(), error),
            }
        }
    }
}

#[test]
fn swap_for_another_pays_him() {
    let (mut world, pair) = world();
    let before = world.balance(BOB, UUSD);
    let to = Some(world.addr(BOB).into_string());
    let response = Order { to, ..Order::default() }.sell(&mut world, &pair, UATOM, 1_000_000).unwrap();
    assert_eq!(world.balance(BOB, UUSD), before + 9_960_038);
    assert_eq!(values(&response, "receiver"), [world.addr(BOB).as_str()]);
    let nobody = Order { to: Some("nobody".to_owned()), ..Order::default() };
    let text = "'nobody' is not an address of this chain";
    refuses(&mut world, text, |world| nobody.sell(world, &pair, UATOM, 1_000_000));
}

/// What Astroport's users write, field by field, with everything optional left out or null.
#[test]
fn swap_reads_astroports_message() {
    let (mut world, pair) = world();
    let offer = json!({ "info": { "native_token": { "denom": UATOM } }, "amount": "1000000" });
    for msg in [
        json!({ "swap": { "offer_asset": offer } }),
        json!({ "swap": { "offer_asset": offer, "ask_asset_info": null, "belief_price": null, "max_spread": null, "to": null } }),
        json!({ "swap": {
            "offer_asset": offer,
            "ask_asset_info": { "native_token": { "denom": UUSD } },
            "belief_price": "0.1",
            "max_spread": "0.02",
            "to": world.addr(BOB),
        } }),
    ] {
        world.execute_contract(ALICE, &pair, &msg, &[coin(1_000_000, UATOM)]).unwrap();
    }
    assert_eq!(world.pair_pool(&pair).0[0], 1_003_000_000);
}

#[test]
fn swap_takes_exactly_the_coin_that_it_names() {
    let (mut world, pair) = world();
    mint_wide(&mut world, ALICE, UATOM, too_wide());
    let wide = Coin { denom: UATOM.to_owned(), amount: too_wide() };
    let msg = Order::default().msg(Asset::native(UATOM, Amount::new(100)));
    for funds in [
        vec![],
        vec![coin(99, UATOM)],
        vec![coin(101, UATOM)],
        vec![coin(100, UUSD)],
        vec![coin(100, UATOM), coin(1, UUSD)],
        vec![coin(100, UATOM), coin(100, UATOM)],
        vec![coin(50, UATOM), coin(50, UATOM)],
        vec![wide],
    ] {
        let sent = funds.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let text = format!("the message takes exactly '100uatom', but '{sent}' was sent");
        refuses(&mut world, &text, |world| world.execute_contract(ALICE, &pair, &msg, &funds));
    }
    let nothing = Order::default().msg(Asset::native(UATOM, Amount::ZERO));
    refuses(&mut world, "amount of uatom is zero", |world| world.execute_contract(ALICE, &pair, &nothing, &[]));
}

#[test]
fn swap_of_or_for_a_token_that_the_pair_does_not_trade_is_refused() {
    let (mut world, pair) = world();
    let cw20 = || AssetInfo::Token { contract_addr: "token".to_owned() };
    let unknown = format!("'{IBC_TOKEN}' is not traded here, the pair is uatom and uusd");
    refuses(&mut world, &unknown, |world| Order::default().sell(world, &pair, IBC_TOKEN, 100));
    let text = "'token' is a cw20 token, the pair trades native ones only";
    let msg = Order::default().msg(Asset { info: cw20(), amount: Amount::new(100) });
    refuses(&mut world, text, |world| world.execute_contract(ALICE, &pair, &msg, &[]));
    for (ask, text) in [
        (AssetInfo::native(UATOM), "uatom can't be swapped for itself"),
        (AssetInfo::native(IBC_TOKEN), unknown.as_str()),
        (cw20(), text),
    ] {
        let order = Order { ask: Some(ask), ..Order::default() };
        refuses(&mut world, text, |world| order.sell(world, &pair, UATOM, 100));
    }
    let order = Order { ask: Some(AssetInfo::native(UUSD)), ..Order::default() };
    order.sell(&mut world, &pair, UATOM, 100).unwrap();
}

#[test]
fn swap_that_returns_nothing_is_refused() {
    let (mut world, pair) = world();
    // 1 uusd yields 0.1 uatom; 10 yield one, less some dust; 11 yield one, which is the fee.
    for amount in [1, 10, 11] {
        let text = format!("an offer of {amount} returns nothing");
        refuses(&mut world, &text, |world| world.swap(ALICE, &pair, (UUSD, amount)));
    }
    let atom = world.balance(ALICE, UATOM);
    world.swap(ALICE, &pair, (UUSD, 21)).unwrap();
    assert_eq!(world.balance(ALICE, UATOM), atom + 1);
}

#[test]
fn swap_without_liquidity_is_refused() {
    let mut world = World::new();
    let pair = world.deploy_pair(UATOM, UUSD, Ratio::ZERO).unwrap();
    let text = "the pair has no liquidity: it holds 0 of the offer and 0 of the ask";
    refuses(&mut world, text, |world| world.swap(ALICE, &pair, (UATOM, 100)));
    // Neither do coins that were sent to it make any.
    world.send(ALICE, &pair, &[coin(1_000, UATOM), coin(1_000, UUSD)]).unwrap();
    refuses(&mut world, text, |world| world.swap(ALICE, &pair, (UATOM, 100)));
}

#[test]
fn swap_beyond_the_spread_is_refused() {
    let (mut world, pair) = with_fee(Ratio::ZERO);
    // Of what is expected Δ/(x + Δ) is missing, which is half a percent at Δ = 5,025,125.6; and what is rounded down counts.
    let start = world.snapshot();
    Order::default().sell(&mut world, &pair, UATOM, 5_025_000).unwrap();
    world.restore(&start);
    let text = "the swap yields 49999993 where 50251250 was expected: more than 0.005 less";
    refuses(&mut world, text, |world| Order::default().sell(world, &pair, UATOM, 5_025_125));
    let limit = |text| Order { max_spread: Some(ratio(text)), ..Order::default() };
    limit("0.0051").sell(&mut world, &pair, UATOM, 5_025_125).unwrap();
    world.restore(&start);
    // None at all: not even a unit of rounding.
    limit("0").sell(&mut world, &pair, UATOM, 1).unwrap_err();
    // Half is missing when as much is sold as is there.
    limit("0.5").sell(&mut world, &pair, UATOM, 1_000_000_000).unwrap();
    world.restore(&start);
    let text = "the swap yields 5000000004 where 10000000020 was expected: more than 0.5 less";
    refuses(&mut world, text, |world| limit("0.5").sell(world, &pair, UATOM, 1_000_000_002));
    let text = "spread or slippage of 0.500000000000000001 is above 0.5, the most that may be allowed";
    refuses(&mut world, text, |world| limit("0.500000000000000001").sell(world, &pair, UATOM, 1_000));
}

/// A price in the offer per unit of the ask: 0.1 uatom for a uusd. The fee doesn't count.
#[test]
fn swap_far_from_the_belief_price_is_refused() {
    let (mut world, pair) = world();
    let believe =
        |price, limit| Order { belief_price: Some(price), max_spread: Some(ratio(limit)), ..Order::default() };
    // 9,990,009 are yielded where 10,000,000 are expected: 0.0999 % less.
    let start = world.snapshot();
    believe("0.1", "0.001").sell(&mut world, &pair, UATOM, 1_000_000).unwrap();
    world.restore(&start);
    let text = "the swap yields 9990009 where 10000000 was expected: more than 0.0009 less";
    refuses(&mut world, text, |world| believe("0.1", "0.0009").sell(world, &pair, UATOM, 1_000_000));
    // The default holds for it as well.
    let text = "the swap yields 9990009 where 10101010 was expected: more than 0.005 less";
    let order = Order { belief_price: Some("0.099"), ..Order::default() };
    refuses(&mut world, text, |world| order.sell(world, &pair, UATOM, 1_000_000));
    // Who believes in a lower price than the pair's is content, whatever the spread.
    believe("0.3", "0").sell(&mut world, &pair, UATOM, 1_000_000_000).unwrap();
    world.restore(&start);
    refuses(&mut world, "belief_price is zero", |world| believe("0", "0.5").sell(world, &pair, UATOM, 1_000));
}

#[test]
fn swap_after_a_donation_is_as_without_it() {
    let (mut world, pair) = world();
    let simulated = world.simulate_swap(&pair, (UATOM, 1_000_000)).unwrap();
    world.send(BOB, &pair, &[coin(5_000_000_000, UATOM), coin(7_000_000_000, UUSD)]).unwrap();
    assert_eq!(world.simulate_swap(&pair, (UATOM, 1_000_000)).unwrap(), simulated);
    let usd = world.balance(ALICE, UUSD);
    Order::default().sell(&mut world, &pair, UATOM, 1_000_000).unwrap();
    assert_eq!(world.balance(ALICE, UUSD) - usd, simulated.return_amount.raw());
    assert_eq!(world.pair_pool(&pair).0, [1_001_000_000, 10_000_000_000 - 9_960_038]);
}

#[test]
fn swap_with_a_lopsided_pair_neither_panics_nor_locks_it() {
    let mut world = World::new();
    world.mint(ALICE, "ubig", u128::MAX);
    world.mint(BOB, "ubig", u128::MAX);
    let pair = world.deploy_pair("ubig", UUSD, Ratio::percent(10)).unwrap();
    world.provide_liquidity(ALICE, &pair, [("ubig", 1 << 127), (UUSD, 1)]).unwrap();
    world.advance(86_400 * 365 * 100);
    // One unit buys half of what is there, less the fee. There is a half more at the price before.
    let simulated = world.simulate_swap(&pair, (UUSD, 1)).unwrap();
    assert_eq!(simulated.spread_amount.raw(), 1 << 126);
    world.swap(BOB, &pair, (UUSD, 1)).unwrap();
    // What it would have yielded at the price before doesn't fit; what it does yield, does.
    let simulated = world.simulate_swap(&pair, (UUSD, 1_000_000)).unwrap();
    assert_eq!(simulated.spread_amount, Amount::MAX);
    let text = "an offer of 1000 returns nothing";
    refuses(&mut world, text, |world| world.swap(BOB, &pair, ("ubig", 1_000)));
    refuses(&mut world, "Amount does not fit its type", |world| world.swap(BOB, &pair, ("ubig", u128::MAX)));
    world.advance(86_400 * 365 * 100);
    let held = world.pair_shares(ALICE, &pair);
    world.withdraw_liquidity(ALICE, &pair, held).unwrap();
}

#[test]
fn swap_reads_two_records_and_writes_one() {
    let (mut world, pair) = world();
    world.next_block();
    let (outcome, ops) = world.counted(|world| world.swap(ALICE, &pair, (UATOM, 1_000_000)));
    outcome.unwrap();
    assert_eq!((ops.reads, ops.writes, ops.removes), (2, 1, 0));
}
