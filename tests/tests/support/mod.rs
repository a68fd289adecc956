//! What the tests of several contracts share.
#![allow(dead_code, reason = "each binary uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a setup that fails is a failed test")]

use cosmwasm_std::{Coin, Uint256};
use cw_multi_test::{BankSudo, SudoMsg};
use num_bigint::BigInt;
use num_rational::BigRational;
use plimsoll_risk::units::Amount;
use plimsoll_schema::pool::{AccountKey, ExecuteMsg, OnBehalf, Receive};
use plimsoll_testing::{ALICE, Actor, Addr, AppResponse, GUARDIAN, UATOM, UUSD, World, WorldError, coin};

/// A denom as a token factory makes them.
pub const FACTORY_TOKEN: &str = "factory/wasm1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq/stake";

pub type Outcome = Result<AppResponse, WorldError>;

/// Refused with exactly this text, and storage and balances are as before.
#[track_caller]
pub fn refuses(world: &mut World, text: &str, action: impl FnOnce(&mut World) -> Outcome) {
    assert_eq!(world.refused(action).to_string(), text);
}

/// A million whole tokens of everything lent; 100 ATOM of Alice's at 10 USD, and this many uusd borrowed against them.
pub fn indebted(debt: u128) -> World {
    let mut world = World::builder().lent(1_000_000).build();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    world.borrow(ALICE, UUSD, debt).unwrap();
    world
}

/// The guardian stops the deposits of a market.
pub fn stop_deposits(world: &mut World, denom: &str) {
    let msg = ExecuteMsg::Pause { denom: Some(denom.to_owned()), deposit: true, borrow: false, flash_loan: false };
    world.execute(GUARDIAN, &msg, &[]).unwrap();
}

/// A million dollars and ATOM lent, 640 USD of them owed, and a borrower with 1,000 USD and 1,000 ATOM of its own for fees.
pub fn world_with_borrower() -> (World, Addr) {
    let mut world = indebted(640_000_000);
    let borrower = world.borrower();
    for denom in [UUSD, UATOM] {
        world.mint(&borrower, denom, 1_000_000_000);
    }
    (world, borrower)
}

/// 640 USD against 1,000 of ATOM that fall to 800. Threshold 75 %: health factor 600 / 640 = 0.9375, below 0.95, so the full bonus of
/// 10 %. To a health factor of 1.05 it takes (1.05 × 640 − 600) / (1.05 − 0.75 × 1.1) = 72 / 0.225 = 320 USD, and for
/// them 352 USD of ATOM, which are 44; of the 4 that are bonus the protocol keeps a tenth.
pub fn fallen() -> World {
    let mut world = indebted(640_000_000);
    world.set_price(UATOM, "8");
    world
}

/// Supplies to somebody's account.
pub fn deposit_for(world: &mut World, sender: &str, owner: impl Into<Actor>, coin: Coin) -> Outcome {
    let AccountKey { owner, account_id } = world.key(owner);
    let msg = ExecuteMsg::Deposit(OnBehalf { account_id: Some(account_id), on_behalf_of: Some(owner) });
    world.execute(sender, &msg, &[coin])
}

/// A liquidation to the last detail.
pub struct Order<'a> {
    pub collateral: &'a str,
    pub recipient: Option<&'a str>,
    pub receive: Option<Receive>,
    pub allow_shares: Option<bool>,
    pub min_receive: Option<u128>,
}

impl Order<'_> {
    /// Into the sender's hands, as underlying.
    pub const fn of(collateral: &str) -> Order<'_> {
        Order { collateral, recipient: None, receive: None, allow_shares: None, min_receive: None }
    }

    pub fn send(&self, world: &mut World, sender: &str, user: impl Into<Actor>, repay: Coin) -> Outcome {
        let AccountKey { owner, account_id } = world.key(user);
        let msg = ExecuteMsg::Liquidate {
            user: owner,
            account_id: Some(account_id),
            collateral_denom: self.collateral.to_owned(),
            recipient: self.recipient.map(|who| world.addr(who).into_string()),
            receive: self.receive,
            allow_shares: self.allow_shares,
            min_receive: self.min_receive.map(Amount::new),
        };
        world.execute(sender, &msg, &[repay])
    }
}

/// Each of the four ways to attach other than one coin to a message that takes one.
#[track_caller]
pub fn takes_exactly_one_coin(world: &mut World, sender: &str, msg: &ExecuteMsg) {
    for (funds, sent) in [
        (vec![], ""),
        (vec![coin(50, UUSD), coin(50, UATOM)], "50uusd,50uatom"),
        (vec![coin(50, UUSD), coin(50, UUSD)], "50uusd,50uusd"),
        (vec![coin(50, UATOM), coin(50, UUSD), coin(1, UATOM)], "50uatom,50uusd,1uatom"),
    ] {
        let text = format!("exactly one coin must be sent, not '{sent}'");
        refuses(world, &text, |world| world.execute(sender, msg, &funds));
    }
}

/// Coins attached to a message that takes none.
#[track_caller]
pub fn takes_no_funds(world: &mut World, sender: &str, msg: &ExecuteMsg) {
    for (funds, sent) in [(vec![coin(5, UATOM)], "5uatom"), (vec![coin(5, UUSD), coin(5, UUSD)], "5uusd,5uusd")] {
        let text = format!("this message takes no funds, but '{sent}' was sent");
        refuses(world, &text, |world| world.execute(sender, msg, &funds));
    }
}

/// Coins out of nothing, more than 128 bits of them.
pub fn mint_wide(world: &mut World, to: &str, denom: &str, amount: Uint256) {
    let to_address = world.addr(to).into_string();
    let mint = BankSudo::Mint { to_address, amount: vec![Coin { denom: denom.to_owned(), amount }] };
    world.app_mut().sudo(SudoMsg::Bank(mint)).unwrap();
}

/// Just above 128 bits.
pub fn too_wide() -> Uint256 {
    Uint256::from(u128::MAX) + Uint256::one()
}

/// An exact fraction.
pub fn rational(numerator: u128, denominator: u128) -> BigRational {
    BigRational::new(BigInt::from(numerator), BigInt::from(denominator))
}

/// `x + x²/2 + x³/6` for a yearly rate, given as a fraction, over some seconds of a year of 365 days.
pub fn growth(rate: &BigRational, seconds: u64) -> BigRational {
    let x = rate * rational(u128::from(seconds), 31_536_000);
    let square = &x * &x;
    let cube = &x * &x * &x;
    x + square / BigInt::from(2) + cube / BigInt::from(6)
}

/// The number in base units, which must be whole.
pub fn whole(number: &BigRational) -> u128 {
    assert!(number.is_integer(), "{number} is not whole");
    u128::try_from(number.to_integer()).unwrap()
}

/// Bank balance ≥ cash, no loan open, and what shares claim ≤ cash + debt − reserves = supply: in every market.
#[track_caller]
pub fn assert_solvent(world: &World) {
    for asset in world.assets() {
        let books = world.solvency(&asset.params.denom);
        assert!(books.bank_balance >= books.cash && books.lent.is_zero(), "{books:?}");
        assert_eq!(books.cash.raw() + books.debt.raw() - books.reserves.raw(), books.supply.raw());
        assert!(books.claims <= books.supply && books.solvent, "{books:?}");
    }
}
