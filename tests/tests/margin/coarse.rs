//! The margin contract over pairs that round what they ask down, as Astroport's do, with middle denoms whose unit is
//! worth a thousand of the others' and more.

use cosmwasm_std::{Addr, BankMsg, Binary, Deps, DepsMut, Empty, Env, MessageInfo, Response, StdResult};
use cosmwasm_std::{from_json, to_json_binary, to_json_vec};
use cw_multi_test::{Contract, ContractWrapper};
use plimsoll_risk::units::Amount;
use plimsoll_schema::margin::{Order, SwapDebt};
use plimsoll_schema::pair::{Asset, ExecuteMsg, QueryMsg, ReverseSimulationResponse, SimulationResponse};
use plimsoll_testing::{ALICE, IBC_TOKEN, OWNER, UATOM, UUSD, World, coin, hops};

use crate::setup::{as_quoted, builder};

/// Eight decimals, a unit worth a thousandth of a dollar.
const SATS: &str = "sats";
/// A unit of it is worth two sats.
const LOTS: &str = "lots";
/// The pair's fee in thousandths.
const FEE: u128 = 3;

/// Two denoms and their reserves, which stay what they are.
type Reserves = [(String, u128); 2];

fn instantiate(deps: DepsMut, _: Env, _: MessageInfo, reserves: Reserves) -> StdResult<Response> {
    deps.storage.set(b"reserves", &to_json_vec(&reserves)?);
    Ok(Response::new())
}

/// The reserve of this denom, and the other denom with its own.
fn sides(deps: Deps, denom: &str) -> (u128, String, u128) {
    let [first, second]: Reserves = from_json(deps.storage.get(b"reserves").unwrap()).unwrap();
    let (this, other) = if first.0 == denom { (first, second) } else { (second, first) };
    (this.1, other.0, other.1)
}

/// What Astroport's constant product pays for an offer: the yield rounded down, the fee off it rounded down.
fn returned(deps: Deps, offer: &Asset) -> (String, u128) {
    let (offered, ask, asked) = sides(deps, &offer.info.to_string());
    let gross = asked - (asked * offered).div_ceil(offered + offer.amount.raw());
    (ask, gross - gross * FEE / 1_000)
}

/// What it asks for a return: both steps rounded down.
fn asks(deps: Deps, wanted: &Asset) -> u128 {
    let (asked, _, offered) = sides(deps, &wanted.info.to_string());
    let gross = wanted.amount.raw() * 1_000 / (1_000 - FEE);
    asked * offered / (asked - gross) - offered
}

fn execute(deps: DepsMut, _: Env, info: MessageInfo, msg: ExecuteMsg) -> StdResult<Response> {
    let ExecuteMsg::Swap { offer_asset, .. } = msg else { panic!("only swaps") };
    let (denom, amount) = returned(deps.as_ref(), &offer_asset);
    let pays = BankMsg::Send { to_address: info.sender.into_string(), amount: vec![coin(amount, &denom)] };
    Ok(Response::new().add_message(pays))
}

fn query(deps: Deps, _: Env, query: QueryMsg) -> StdResult<Binary> {
    let none = Amount::ZERO;
    match query {
        QueryMsg::Simulation { offer_asset, .. } => to_json_binary(&SimulationResponse {
            return_amount: Amount::new(returned(deps, &offer_asset).1),
            spread_amount: none,
            commission_amount: none,
        }),
        QueryMsg::ReverseSimulation { ask_asset, .. } => to_json_binary(&ReverseSimulationResponse {
            offer_amount: Amount::new(asks(deps, &ask_asset)),
            spread_amount: none,
            commission_amount: none,
        }),
        _ => panic!("only simulations"),
    }
}

fn pair_code() -> Box<dyn Contract<Empty>> {
    Box::new(ContractWrapper::new(execute, instantiate, query))
}

fn pair(world: &mut World, reserves: [(&str, u128); 2]) -> Addr {
    let msg: Reserves = reserves.map(|(denom, amount)| (denom.to_owned(), amount));
    let pair = world.deploy(pair_code(), OWNER, &msg, &[], "pair").unwrap();
    for (denom, amount) in reserves {
        world.mint(&pair, denom, amount);
    }
    pair
}

#[test]
fn swap_debt_over_coarse_denoms_finds_its_offer_for_every_amount() {
    let mut world = builder().build();
    // Ten million dollars' worth of each.
    let first = pair(&mut world, [(IBC_TOKEN, 2_000_000_000_000), (SATS, 10_000_000_000)]);
    let second = pair(&mut world, [(SATS, 10_000_000_000), (LOTS, 5_000_000_000)]);
    let third = pair(&mut world, [(LOTS, 5_000_000_000), (UUSD, 10_000_000_000_000)]);
    world.deposit(ALICE, UATOM, 1_000_000_000).unwrap();
    world.borrow(ALICE, UUSD, 3_000_000_000).unwrap();
    let order = |amount| {
        Order::SwapDebt(SwapDebt {
            account_id: None,
            from: UUSD.to_owned(),
            to: IBC_TOKEN.to_owned(),
            amount: Some(Amount::new(amount)),
            hops: hops(&[(&first, SATS), (&second, LOTS), (&third, UUSD)]),
            max_debt: Amount::MAX,
        })
    };
    let amounts = (0..100).map(|at| 10_000_000 + at * 7_919_333);
    let failed: Vec<_> = amounts.filter_map(|amount| world.quote(ALICE, &order(amount), &[]).err()).collect();
    assert!(failed.is_empty(), "{} of 100 fail: {}", failed.len(), failed[0]);
    as_quoted(&mut world, ALICE, &order(1_000_000_000), &[]);
}
