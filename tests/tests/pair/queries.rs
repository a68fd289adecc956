//! Queries: Astroport's shapes to the letter, and prices that nobody can bend within a block.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests: names say what is tested, and a failed setup is a failure"
)]

use num_bigint::BigInt;
use plimsoll_risk::units::{Amount, LpShares, Ratio};
use plimsoll_schema::pair::{
    Asset, AssetInfo, ConfigResponse, CumulativePricesResponse, PairInfo, PairParams, PairType, QueryMsg,
    ReverseSimulationResponse,
};
use plimsoll_testing::{ALICE, Addr, BOB, IBC_TOKEN, UATOM, UUSD, World, WorldError};
use serde_json::{Value, json};

/// 1,000 ATOM and 10,000 USD, the lender's, at 0.3 %.
fn world() -> (World, Addr) {
    let mut world = World::new();
    let pair = world.pair(UATOM, UUSD, 10_000);
    (world, pair)
}

fn ask(world: &World, pair: &Addr, msg: &Value) -> Value {
    world.query_contract(pair, msg).unwrap()
}

fn refusal(world: &World, pair: &Addr, msg: &QueryMsg) -> String {
    world.query_contract::<Value>(pair, msg).unwrap_err().to_string()
}

fn info(denom: &str) -> Value {
    json!({ "native_token": { "denom": denom } })
}

fn asset(denom: &str, amount: &str) -> Value {
    json!({ "info": info(denom), "amount": amount })
}

/// Both cumulative prices: of the first token in the second, and of the second in the first.
fn prices(world: &World, pair: &Addr) -> [u128; 2] {
    let answer: CumulativePricesResponse = world.query_contract(pair, &QueryMsg::CumulativePrices {}).unwrap();
    [answer.cumulative_prices[0].2.raw(), answer.cumulative_prices[1].2.raw()]
}

fn reverse(world: &World, pair: &Addr, denom: &str, amount: u128) -> Result<ReverseSimulationResponse, WorldError> {
    let ask_asset = Asset::native(denom, Amount::new(amount));
    world.query_contract(pair, &QueryMsg::ReverseSimulation { offer_asset_info: None, ask_asset })
}

#[test]
fn answers_have_astroports_shapes() {
    let (mut world, pair) = world();
    let opened = world.now();
    world.advance(10);
    let both = [asset(UATOM, "1000000000"), asset(UUSD, "10000000000")];
    let offer = asset(UATOM, "1000000");
    for (question, answer) in [
        (
            json!({ "pair": {} }),
            json!({
                "asset_infos": [info(UATOM), info(UUSD)],
                "contract_addr": pair,
                "liquidity_token": pair,
                "pair_type": { "xyk": {} },
            }),
        ),
        (json!({ "pool": {} }), json!({ "assets": both, "total_share": "3162277660" })),
        (
            json!({ "config": {} }),
            json!({ "block_time_last": opened, "params": "eyJmZWUiOiIwLjAwMyJ9", "owner": pair, "factory_addr": pair }),
        ),
        (json!({ "share": { "amount": "1000000000" } }), json!([asset(UATOM, "316227766"), asset(UUSD, "3162277660")])),
        (
            json!({ "simulation": { "offer_asset": offer } }),
            json!({ "return_amount": "9960038", "spread_amount": "9991", "commission_amount": "29971" }),
        ),
        (
            json!({ "simulation": { "offer_asset": offer, "ask_asset_info": info(UUSD) } }),
            json!({ "return_amount": "9960038", "spread_amount": "9991", "commission_amount": "29971" }),
        ),
        (
            json!({ "reverse_simulation": { "ask_asset": asset(UUSD, "9960038"), "offer_asset_info": info(UATOM) } }),
            json!({ "offer_amount": "1000000", "spread_amount": "9991", "commission_amount": "29971" }),
        ),
        (
            json!({ "cumulative_prices": {} }),
            json!({
                "assets": both,
                "total_share": "3162277660",
                "cumulative_prices": [[info(UATOM), info(UUSD), "100000000"], [info(UUSD), info(UATOM), "1000000"]],
            }),
        ),
        (json!({ "balance": { "address": pair } }), json!({ "balance": "1000" })),
    ] {
        assert_eq!(ask(&world, &pair, &question), answer, "{question}");
    }
    let params = world.query_contract::<ConfigResponse>(&pair, &QueryMsg::Config {}).unwrap().params.unwrap();
    assert_eq!(cosmwasm_std::from_json::<PairParams>(params).unwrap(), PairParams { fee: Ratio::bps(30) });
}

/// Whoever reads another pair with these types can read Astroport's: answers with more fields, other kinds of pairs, cw20 tokens.
#[test]
fn answers_of_an_astroport_pair_can_be_read() {
    let stable = json!({
        "asset_infos": [{ "token": { "contract_addr": "terra1token" } }, info("uluna")],
        "contract_addr": "terra1pair",
        "liquidity_token": "factory/terra1pair/astroport/share",
        "pair_type": { "custom": "concentrated" },
        "more": 1,
    });
    let read: PairInfo = serde_json::from_value(stable).unwrap();
    assert_eq!(read.pair_type, PairType::Custom("concentrated".to_owned()));
    let config =
        json!({ "block_time_last": 5, "params": null, "owner": "o", "factory_addr": "f", "tracker_addr": null });
    serde_json::from_value::<ConfigResponse>(config).unwrap();
}

#[test]
fn share_of_more_than_all_is_refused() {
    let (world, pair) = world();
    let asked = QueryMsg::Share { amount: LpShares::new(3_162_277_661) };
    let text = "3162277661 shares are asked about, but there are 3162277660";
    assert_eq!(refusal(&world, &pair, &asked), text);
    let all = ask(&world, &pair, &json!({ "share": { "amount": "3162277660" } }));
    assert_eq!(all, json!([asset(UATOM, "1000000000"), asset(UUSD, "10000000000")]));
}

#[test]
fn simulations_of_what_can_not_be_swapped_are_refused() {
    let (mut world, pair) = world();
    let empty = world.deploy_pair(UATOM, UUSD, Ratio::ZERO).unwrap();
    let cw20 = || AssetInfo::Token { contract_addr: "token".to_owned() };
    let atom = AssetInfo::native(UATOM);
    let usd = AssetInfo::native(UUSD);
    let other = AssetInfo::native(IBC_TOKEN);
    let unknown = format!("'{IBC_TOKEN}' is not traded here, the pair is uatom and uusd");
    let no_cw20 = "'token' is a cw20 token, the pair trades native ones only";
    let none = "the pair has no liquidity: it holds 0 of the offer and 0 of the ask";
    for (named, amount, beside, of, text) in [
        (&atom, 5, None, &empty, none),
        (&atom, 0, None, &pair, "the amount to swap is zero"),
        (&other, 5, None, &pair, unknown.as_str()),
        (&cw20(), 5, None, &pair, no_cw20),
        (&atom, 5, Some(&atom), &pair, "uatom can't be swapped for itself"),
        (&usd, 5, Some(&other), &pair, unknown.as_str()),
        (&usd, 5, Some(&cw20()), &pair, no_cw20),
    ] {
        let named = Asset { info: named.clone(), amount: Amount::new(amount) };
        let beside = beside.cloned();
        let forward = QueryMsg::Simulation { offer_asset: named.clone(), ask_asset_info: beside.clone() };
        let backward = QueryMsg::ReverseSimulation { offer_asset_info: beside, ask_asset: named };
        for msg in [forward, backward] {
            assert_eq!(refusal(&world, of, &msg), text, "{msg:?}");
        }
    }
    let error = reverse(&world, &pair, UATOM, 1_000_000_000).unwrap_err().to_string();
    assert_eq!(error, "a yield of 1003009028 is needed, fee included, but the pair holds 1000000000");
    let error = refusal(&world, &pair, &QueryMsg::Balance { address: "nobody".to_owned() });
    assert_eq!(error, "'nobody' is not an address of this chain");
}

/// What is named suffices, and a unit less doesn't.
#[test]
fn reverse_simulation_names_the_least_offer_that_returns_what_is_wanted() {
    let (world, pair) = world();
    for (offer, wanted) in [(UATOM, UUSD), (UUSD, UATOM)] {
        for amount in [1, 2, 7, 1_000, 999_999, 123_456_789, 900_000_000] {
            let needed = reverse(&world, &pair, wanted, amount).unwrap().offer_amount.raw();
            assert!(world.simulate_swap(&pair, (offer, needed)).unwrap().return_amount.raw() >= amount);
            let less = world.simulate_swap(&pair, (offer, needed - 1)).map_or(0, |swap| swap.return_amount.raw());
            assert!(less < amount, "{less} of {amount}");
        }
    }
}

#[test]
fn cumulative_prices_stand_still_before_the_first_liquidity() {
    let mut world = World::new();
    let pair = world.deploy_pair(UATOM, UUSD, Ratio::ZERO).unwrap();
    world.advance(1_000);
    assert_eq!(prices(&world, &pair), [0, 0]);
    world.provide_liquidity(ALICE, &pair, [(UATOM, 2_000_000), (UUSD, 3_000_000)]).unwrap();
    assert_eq!(prices(&world, &pair), [0, 0]);
    world.advance(7);
    assert_eq!(prices(&world, &pair), [7 * 1_500_000, 7 * 1_000_000 * 2 / 3]);
}

/// The time before a change counts at the reserves before it, each message of a block after the first adds nothing, and a query
/// answers as if the prices had been written in its block.
#[test]
fn cumulative_prices_advance_by_the_price_before_each_change() {
    let (mut world, pair) = world();
    let actions: [fn(&mut World, &Addr); 4] = [
        |world, pair| {
            world.swap(BOB, pair, (UUSD, 3_333_333_333)).unwrap();
            world.swap(BOB, pair, (UATOM, 111_111_111)).unwrap();
        },
        |world, pair| {
            let [atom, usd] = world.pair_pool(pair).0;
            world.provide_liquidity(ALICE, pair, [(UATOM, atom / 7), (UUSD, usd / 6)]).unwrap();
        },
        |world, pair| {
            world.withdraw_liquidity(ALICE, pair, 1_000_000).unwrap();
        },
        |world, pair| {
            world.swap(BOB, pair, (UATOM, 777)).unwrap();
        },
    ];
    let mut expected = [0, 0];
    for seconds in [5, 60, 3_600, 1] {
        for action in actions {
            let [atom, usd] = world.pair_pool(&pair).0;
            world.advance(seconds);
            let elapsed = u128::from(seconds) * 1_000_000;
            expected = [expected[0] + elapsed * usd / atom, expected[1] + elapsed * atom / usd];
            assert_eq!(prices(&world, &pair), expected);
            action(&mut world, &pair);
            assert_eq!(prices(&world, &pair), expected);
        }
    }
}

/// Who bends the price and bends it back within a block leaves no trace but the fees that they paid.
#[test]
fn cumulative_prices_do_not_see_what_is_undone_within_a_block() {
    let (mut world, pair) = world();
    world.advance(100);
    let before = prices(&world, &pair);
    let [atom, usd] = world.pair_pool(&pair).0;
    world.swap(BOB, &pair, (UUSD, usd)).unwrap();
    let bent = world.pair_pool(&pair).0;
    // Nearly four times the price, seen by nobody.
    assert!(bent[1] * atom > 39 * usd * bent[0] / 10, "{bent:?}");
    assert_eq!(prices(&world, &pair), before);
    let back = atom - bent[0];
    world.swap(BOB, &pair, (UATOM, back)).unwrap();
    assert_eq!(prices(&world, &pair), before);
    world.advance(100);
    // 10 USD, and what the fees of 0.3 % leave of the round trip.
    let average = (prices(&world, &pair)[0] - before[0]) / 100;
    assert!((10_000_000..10_100_000).contains(&average), "{average}");
}

/// A price too large for its type wraps around; the difference of two readings is right modulo 2¹²⁸.
#[test]
fn cumulative_prices_wrap_around() {
    let mut world = World::new();
    world.mint(ALICE, "ubig", u128::MAX);
    let pair = world.deploy_pair(UUSD, "ubig", Ratio::ZERO).unwrap();
    world.provide_liquidity(ALICE, &pair, [(UUSD, 3), ("ubig", u128::MAX)]).unwrap();
    let mut expected = BigInt::from(0);
    for seconds in [1u64, 86_400 * 365, 5, 77] {
        let [usd, big] = world.pair_pool(&pair).0;
        world.advance(seconds);
        expected += BigInt::from(seconds) * 1_000_000 * big / usd;
        let [of_usd, of_big] = prices(&world, &pair);
        assert_eq!(BigInt::from(of_usd), &expected % (BigInt::from(u128::MAX) + 1));
        assert_eq!(of_big, 0);
        // Written, so that the next goes on from here.
        world.withdraw_liquidity(ALICE, &pair, 1_000_000).unwrap();
    }
    assert!(expected > BigInt::from(u128::MAX));
}
