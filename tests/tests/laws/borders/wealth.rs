//! What people have, exactly.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::Zero;
use plimsoll_testing::{Actor, World};

/// A number of 18 decimals.
pub fn raw(number: u128) -> BigRational {
    BigRational::new(BigInt::from(number), BigInt::from(1_000_000_000_000_000_000u128))
}

/// A decimal number, exactly.
pub fn exact(text: &str) -> BigRational {
    raw(plimsoll_testing::ratio(text).raw())
}

fn integer(number: u128) -> BigRational {
    BigInt::from(number).into()
}

/// The value of a base unit at the settled price.
pub fn unit(world: &World, denom: &str) -> BigRational {
    raw(world.settled_price(denom).raw()) / BigInt::from(world.whole(denom, 1))
}

/// All denoms that are listed.
fn denoms(world: &World) -> Vec<String> {
    world.assets().iter().map(|asset| asset.params.denom.clone()).collect()
}

/// The coins in a wallet, at settled prices.
pub fn wallet(world: &World, who: &str) -> BigRational {
    denoms(world).iter().map(|denom| unit(world, denom) * BigInt::from(world.balance(who, denom))).sum()
}

/// What an account's shares are worth and what it owes, from the stored records and unrounded: shares × (supply + 1)/(shares + 10⁶), scaled × index.
/// The virtual share and unit belong to no one.
pub fn account(world: &World, who: impl Into<Actor>) -> BigRational {
    let record = world.account(who);
    let mut sum = BigRational::zero();
    for denom in denoms(world) {
        let market = world.market(&denom);
        let unit = unit(world, &denom);
        let supply = integer(market.supply.raw()) + integer(1);
        let shares = integer(market.stored.supply_shares.raw()) + integer(1_000_000);
        sum += &unit * integer(record.shares(market.asset).raw()) * supply / shares;
        sum -= &unit * integer(record.debt(market.asset).raw()) * raw(market.borrow_index.raw());
    }
    sum
}

/// Wallets and these accounts of the same people.
pub fn of(world: &World, people: &[&str], ids: u32) -> BigRational {
    let accounts = people.iter().flat_map(|who| (0..ids).map(|id| account(world, (*who, id))));
    accounts.sum::<BigRational>() + people.iter().map(|who| wallet(world, who)).sum::<BigRational>()
}

/// Readable, to 30 digits after the point.
pub fn text(number: &BigRational) -> String {
    let scale = BigInt::from(10u8).pow(30);
    let whole = number.to_integer();
    let rest = ((number - &whole) * scale).to_integer();
    format!("{whole} + {rest}e-30")
}
