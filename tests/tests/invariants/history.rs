//! What may happen.

use std::sync::OnceLock;

use cosmwasm_std::{Addr, coin};
use cw_multi_test::AppResponse;
use plimsoll_risk::units::Amount;
use plimsoll_schema::pool::{ExecuteMsg, OnBehalf, Receive, SimulateLiquidationResponse};
use plimsoll_testing::{AETH, IBC_TOKEN, UATOM, UUSD, World, WorldError};
use proptest::prelude::*;

use crate::compound::{Act, Middle, acts, batch, flash, loans, middle};

pub const DENOMS: [&str; 4] = [UUSD, UATOM, IBC_TOKEN, AETH];
/// Who acts. The last is a contract, the only one that can take flash loans.
const NAMED: [&str; 4] = ["alice", "bob", "lender", "liquidator"];
pub const USERS: usize = NAMED.len() + 1;
pub const BORROWER: usize = NAMED.len();
pub const IDS: u32 = 3;

static BORROWERS_ADDRESS: OnceLock<Addr> = OnceLock::new();

/// Puts the contract on the chain. Worlds are built alike, so its address is the same in all of them.
pub fn put_borrower(world: &mut World) {
    let address = world.borrower();
    assert_eq!(BORROWERS_ADDRESS.get_or_init(|| address.clone()), address);
    for asset in world.assets().to_vec() {
        world.mint(&address, &asset.params.denom, asset.whole(100_000_000));
    }
}

pub fn name(user: usize) -> &'static str {
    NAMED.get(user).copied().unwrap_or_else(|| BORROWERS_ADDRESS.get().unwrap().as_str())
}

pub type Who = (usize, u32);

/// One step. Amounts are in hundredths of a quote unit's worth at the first price, or a share of what is there.
#[derive(Clone, Debug)]
pub enum Op {
    Deposit { who: Who, denom: usize, cents: u64, crumbs: u8 },
    DepositFor { sender: usize, who: Who, denom: usize, cents: u64 },
    Withdraw { who: Who, denom: usize, permille: u32 },
    Borrow { who: Who, denom: usize, permille: u32 },
    Repay { sender: usize, who: Who, denom: usize, permille: u32 },
    Enable { who: Who, denom: usize, enable: bool },
    Liquidate { sender: usize, who: Who, collateral: usize, debt: usize, permille: u32, shares: bool },
    LiquidateWorst { sender: usize, permille: u32, shares: bool },
    WriteOff { sender: usize, who: Who },
    Price { denom: usize, percent: u32 },
    Advance { seconds: u32 },
    Donate { sender: usize, denom: usize, cents: u64 },
    Cover { sender: usize, denom: usize, cents: u64 },
    Batch { user: usize, acts: Vec<Act>, purse: bool },
    Flash { loans: Vec<(usize, u32)>, middle: Vec<Middle>, outer_first: bool },
}

impl Op {
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Deposit { .. } => "deposit",
            Self::DepositFor { .. } => "deposit_for",
            Self::Withdraw { .. } => "withdraw",
            Self::Borrow { .. } => "borrow",
            Self::Repay { .. } => "repay",
            Self::Enable { .. } => "enable",
            Self::Liquidate { .. } => "liquidate",
            Self::LiquidateWorst { .. } => "liquidate_worst",
            Self::WriteOff { .. } => "write_off",
            Self::Price { .. } => "price",
            Self::Advance { .. } => "advance",
            Self::Donate { .. } => "donate",
            Self::Cover { .. } => "cover",
            Self::Batch { .. } => "batch",
            Self::Flash { .. } => "flash_loan",
        }
    }

    /// Whether it can move prices or time.
    pub const fn moves_the_world(&self) -> bool {
        matches!(self, Self::Price { .. } | Self::Advance { .. })
    }
}

pub fn who() -> impl Strategy<Value = Who> {
    (0..USERS, 0..IDS)
}

pub fn denom() -> impl Strategy<Value = usize> {
    0..DENOMS.len()
}

/// Crumbs, pocket money and fortunes alike.
pub fn cents() -> impl Strategy<Value = u64> {
    prop_oneof![1u64..100, 100u64..100_000, 100_000u64..100_000_000]
}

pub fn permille() -> impl Strategy<Value = u32> {
    prop_oneof![3 => 1u32..=1_000, 1 => Just(1_000u32), 1 => 1_001u32..1_200]
}

pub fn op() -> impl Strategy<Value = Op> {
    let user = || 0..USERS;
    prop_oneof![
        6 => (who(), denom(), cents(), any::<u8>()).prop_map(|(who, denom, cents, crumbs)| Op::Deposit { who, denom, cents, crumbs }),
        1 => (user(), who(), denom(), cents()).prop_map(|(sender, who, denom, cents)| Op::DepositFor { sender, who, denom, cents }),
        4 => (who(), denom(), permille()).prop_map(|(who, denom, permille)| Op::Withdraw { who, denom, permille }),
        8 => (who(), denom(), permille()).prop_map(|(who, denom, permille)| Op::Borrow { who, denom, permille }),
        3 => (user(), who(), denom(), permille()).prop_map(|(sender, who, denom, permille)| Op::Repay { sender, who, denom, permille }),
        2 => (who(), denom(), any::<bool>()).prop_map(|(who, denom, enable)| Op::Enable { who, denom, enable }),
        1 => (user(), who(), denom(), denom(), permille(), any::<bool>()).prop_map(
            |(sender, who, collateral, debt, permille, shares)| Op::Liquidate { sender, who, collateral, debt, permille, shares }
        ),
        6 => (user(), permille(), any::<bool>()).prop_map(|(sender, permille, shares)| Op::LiquidateWorst { sender, permille, shares }),
        1 => (user(), who()).prop_map(|(sender, who)| Op::WriteOff { sender, who }),
        5 => (denom(), prop_oneof![4 => 80u32..125, 1 => 30u32..80]).prop_map(|(denom, percent)| Op::Price { denom, percent }),
        3 => prop_oneof![1u32..100, 100u32..100_000, 1_000_000u32..20_000_000].prop_map(|seconds| Op::Advance { seconds }),
        1 => (user(), denom(), cents()).prop_map(|(sender, denom, cents)| Op::Donate { sender, denom, cents }),
        1 => (user(), denom(), cents()).prop_map(|(sender, denom, cents)| Op::Cover { sender, denom, cents }),
        5 => (user(), acts(), any::<bool>()).prop_map(|(user, acts, purse)| Op::Batch { user, acts, purse }),
        5 => (loans(), prop::collection::vec(middle(), 0..6), any::<bool>()).prop_map(
            |(loans, middle, outer_first)| Op::Flash { loans, middle, outer_first }
        ),
    ]
}

/// What a step did.
pub struct Outcome {
    pub result: Result<Option<AppResponse>, WorldError>,
    /// What a liquidation was said to do, just before it was done.
    pub preview: Option<SimulateLiquidationResponse>,
}

impl From<Result<AppResponse, WorldError>> for Outcome {
    fn from(result: Result<AppResponse, WorldError>) -> Self {
        Self { result: result.map(Some), preview: None }
    }
}

pub fn share(of: u128, permille: u32) -> u128 {
    of * u128::from(permille) / 1_000
}

/// Base units worth so many cents at the first price.
pub fn worth(denom: usize, cents: u64) -> u128 {
    let unit = [10_000, 1_000, 2_000, 5_000_000_000_000][denom];
    u128::from(cents) * unit
}

pub fn actor((user, id): Who) -> (&'static str, u32) {
    (name(user), id)
}

pub fn apply(world: &mut World, op: &Op) -> Outcome {
    match *op {
        Op::Deposit { who, denom, cents, crumbs } => {
            let amount = worth(denom, cents) + u128::from(crumbs);
            world.deposit(actor(who), DENOMS[denom], amount).into()
        }
        Op::DepositFor { sender, who, denom, cents } => {
            let owner = world.addr(actor(who)).into_string();
            let msg = ExecuteMsg::Deposit(OnBehalf { account_id: Some(who.1), on_behalf_of: Some(owner) });
            world.execute(name(sender), &msg, &[coin(worth(denom, cents), DENOMS[denom])]).into()
        }
        Op::Withdraw { who, denom, permille: 1_000 } => world.withdraw_all(actor(who), DENOMS[denom]).into(),
        Op::Withdraw { who, denom, permille } => {
            let amount = share(world.max_withdraw(actor(who), DENOMS[denom]), permille);
            world.withdraw(actor(who), DENOMS[denom], amount).into()
        }
        Op::Borrow { who, denom, permille } => {
            let amount = share(world.max_borrow(actor(who), DENOMS[denom]), permille);
            world.borrow(actor(who), DENOMS[denom], amount).into()
        }
        Op::Repay { sender, who, denom, permille } => {
            let amount = share(world.owed(actor(who), DENOMS[denom]), permille);
            let owner = world.addr(actor(who)).into_string();
            let msg = ExecuteMsg::Repay(OnBehalf { account_id: Some(who.1), on_behalf_of: Some(owner) });
            world.execute(name(sender), &msg, &[coin(amount, DENOMS[denom])]).into()
        }
        Op::Enable { who, denom, enable } => world.enable(actor(who), DENOMS[denom], enable).into(),
        Op::Liquidate { sender, who, collateral, debt, permille, shares } => {
            let amount = share(world.owed(actor(who), DENOMS[debt]), permille);
            liquidate(world, sender, who, collateral, debt, amount, shares)
        }
        Op::LiquidateWorst { sender, permille, shares } => match worst(world, sender) {
            None => Outcome { result: Ok(None), preview: None },
            Some(Worst { who, collateral: None, .. }) => world.write_off(name(sender), actor(who)).into(),
            Some(Worst { who, collateral: Some(collateral), debt, owed }) => {
                liquidate(world, sender, who, collateral, debt, share(owed, permille), shares)
            }
        },
        Op::WriteOff { sender, who } => world.write_off(name(sender), actor(who)).into(),
        Op::Price { denom, percent } => {
            let now = world.price_record(DENOMS[denom]).price.raw();
            let first = world.assets()[denom].price.raw();
            let next = (now * u128::from(percent) / 100).clamp(first / 100, first * 100);
            world.set_price(DENOMS[denom], &plimsoll_risk::units::Price::new(next).to_string());
            Outcome { result: Ok(None), preview: None }
        }
        Op::Advance { seconds } => {
            world.advance_fresh(u64::from(seconds));
            Outcome { result: Ok(None), preview: None }
        }
        Op::Donate { sender, denom, cents } => {
            let pool = world.pool().clone();
            world.send(name(sender), &pool, &[coin(worth(denom, cents), DENOMS[denom])]).into()
        }
        Op::Cover { sender, denom, cents } => world.cover(name(sender), DENOMS[denom], worth(denom, cents)).into(),
        Op::Batch { user, ref acts, purse } => {
            let (msg, funds) = batch(world, user, acts, purse);
            world.execute(name(user), &msg, &funds).into()
        }
        Op::Flash { ref loans, ref middle, outer_first } => flash(world, loans, middle, outer_first),
    }
}

/// The account with the least health, its largest deposit and its largest debt.
pub struct Worst {
    pub who: Who,
    pub collateral: Option<usize>,
    pub debt: usize,
    pub owed: u128,
}

/// Among those below 1 who are not the liquidator himself.
pub fn worst(world: &World, liquidator: usize) -> Option<Worst> {
    let all = (0..USERS).flat_map(|user| (0..IDS).map(move |id| (user, id)));
    let positions =
        all.map(|who| (who, world.position(actor(who)))).filter(|(who, p)| p.liquidatable && who.0 != liquidator);
    let (who, position) = positions.min_by_key(|(_, p)| p.health_factor)?;
    let index = |denom: &str| DENOMS.iter().position(|d| *d == denom).unwrap();
    let value = |denom: usize, amount: Amount| amount.raw() / worth(denom, 1);
    let collateral = position.collaterals.iter().max_by_key(|c| value(index(&c.denom), c.amount));
    let debt = position.debts.iter().max_by_key(|d| value(index(&d.denom), d.amount)).unwrap();
    let collateral = collateral.map(|c| index(&c.denom));
    Some(Worst { who, collateral, debt: index(&debt.denom), owed: debt.amount.raw() })
}

pub fn liquidation(world: &World, who: Who, collateral: usize, shares: bool) -> ExecuteMsg {
    ExecuteMsg::Liquidate {
        user: world.addr(actor(who)).into_string(),
        account_id: Some(who.1),
        collateral_denom: DENOMS[collateral].to_owned(),
        recipient: None,
        receive: shares.then_some(Receive::Shares),
        min_receive: None,
    }
}

fn liquidate(
    world: &mut World,
    sender: usize,
    who: Who,
    collateral: usize,
    debt: usize,
    amount: u128,
    shares: bool,
) -> Outcome {
    let preview = world.simulate_liquidation(actor(who), DENOMS[collateral], (DENOMS[debt], amount)).ok();
    let msg = liquidation(world, who, collateral, shares);
    let result = world.execute(name(sender), &msg, &[coin(amount, DENOMS[debt])]);
    Outcome { preview: preview.filter(|_| result.is_ok()), ..result.into() }
}
