//! A world with deep markets and a margin contract, and what every order is held to.

use num_rational::BigRational;
use plimsoll_risk::units::Amount;
use plimsoll_schema::margin::{Close, Open, Order, QuoteResponse, Rest, Size};
use plimsoll_schema::pool::UserPositionResponse;
use plimsoll_testing::{
    AETH, Actor, Addr, AppResponse, Asset, Coin, IBC_TOKEN, UATOM, UUSD, World, WorldBuilder, coin, hops, ratio, values,
};

use crate::support::rational;

pub const DENOMS: [&str; 4] = [UUSD, UATOM, IBC_TOKEN, AETH];
/// ATOM of the account that opens: 100.
pub const EQUITY: u128 = 100_000_000;

/// ATOM and dollars that may be borrowed to 90 %, a million of everything lent.
pub fn builder() -> WorldBuilder {
    let high = |asset: &mut Asset| *asset = asset.clone().with_ltv(90, 93);
    let bonus = |asset: &mut Asset| asset.params.liquidation_bonus.max = ratio("0.02");
    let both = |asset: &mut Asset| {
        high(asset);
        bonus(asset);
    };
    World::builder().edit(UATOM, both).edit(UUSD, both).lent(1_000_000).margin()
}

/// That world with a pair of ATOM and dollars, worth 10 million of each.
pub fn world() -> (World, Addr) {
    let mut world = builder().build();
    let pair = world.pair(UATOM, UUSD, 10_000_000);
    (world, pair)
}

/// Opens in ATOM against dollars.
pub fn open(pair: &Addr, size: Size) -> Open {
    Open {
        account_id: None,
        collateral_denom: UATOM.to_owned(),
        debt_denom: UUSD.to_owned(),
        size,
        hops: hops(&[(pair, UATOM)]),
        max_debt: None,
        min_received: Amount::ZERO,
    }
}

/// Closes it.
pub fn close(pair: &Addr, rest: Option<Rest>) -> Close {
    Close {
        account_id: None,
        collateral_denom: UATOM.to_owned(),
        debt_denom: UUSD.to_owned(),
        hops: hops(&[(pair, UUSD)]),
        rest,
        min_received: Amount::ZERO,
    }
}

pub fn leverage(text: &str) -> Size {
    Size::Leverage(ratio(text))
}

pub fn atom(amount: u128) -> Vec<Coin> {
    vec![coin(amount, UATOM)]
}

/// Collateral over equity, exactly as the pool values both.
pub fn leverage_of(position: &UserPositionResponse) -> BigRational {
    let number = |value: plimsoll_risk::units::Value| {
        let text = value.raw().to_string();
        BigRational::from_integer(text.parse().unwrap())
    };
    let collateral = number(position.collateral_value);
    let equity = &collateral - number(position.debt_value);
    collateral / equity
}

/// A decimal number, exactly.
pub fn exact(text: &str) -> BigRational {
    rational(ratio(text).raw(), 10u128.pow(18))
}

/// The amount of a coin.
pub fn number(coin: &Coin) -> u128 {
    coin.amount.to_string().parse().unwrap()
}

pub fn holdings(world: &World, who: &str) -> Vec<u128> {
    DENOMS.iter().map(|denom| world.balance(who, denom)).collect()
}

/// Sends the order, and holds it to its quote at the same block to the unit: what is sold, bought and paid, and the
/// account afterwards. Nothing stays in the contract, neither coins nor records.
#[track_caller]
pub fn as_quoted(
    world: &mut World,
    who: impl Into<Actor>,
    order: &Order,
    funds: &[Coin],
) -> (AppResponse, QuoteResponse) {
    let who = who.into();
    let margin = world.margin().clone();
    let quote = world.quote(&who, order, funds).unwrap();
    let stored = world.dump_of(&margin);
    let before = holdings(world, &who.name);
    let response = world.order(&who, order, funds).unwrap();
    assert_eq!(world.position(&who), quote.position);
    assert_eq!(values(&response, "sold"), [quote.sold.to_string()]);
    assert_eq!(values(&response, "bought"), [quote.bought.to_string()]);
    let paid: Vec<String> = quote.paid.iter().map(ToString::to_string).collect();
    assert_eq!(values(&response, "proceeds"), paid);
    let amount =
        |coins: &[Coin], denom: &str| coins.iter().filter(|coin| coin.denom == denom).map(number).sum::<u128>();
    for (denom, before) in DENOMS.iter().zip(before) {
        let expected = before + amount(&quote.paid, denom) - amount(funds, denom);
        assert_eq!(world.balance(who.name.as_str(), denom), expected, "{denom}");
        assert_eq!(world.balance(&margin, denom), 0, "{denom} stays inside");
        assert!(world.solvency(denom).solvent && world.solvency(denom).lent.is_zero());
    }
    assert_eq!(world.dump_of(&margin), stored);
    (response, quote)
}
