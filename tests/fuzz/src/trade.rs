//! What is asked of pairs and of the liquidator.

use cosmwasm_std::coin;
use plimsoll_risk::units::{Amount, LpShares, Ratio};
use plimsoll_schema::liquidator::{self, Hop, Route};
use plimsoll_schema::pair::{Asset, ExecuteMsg};
use plimsoll_schema::pool::{LiquidateItem, LiquidationItem, UserAccount};

use crate::call::Call;
use crate::cast::{DENOMS, PAIRS, share, worth};
use crate::op::{Op, Who};
use crate::stage::Stage;
use crate::use_pool::{best, ranked};

/// The message of an operation on a pair or the liquidator; none of another operation.
pub fn call(stage: &Stage, op: &Op) -> Option<Call> {
    Some(match *op {
        Op::Provide { user, pair, cents, skew_percent, tolerance_percent, least } => {
            provide(stage, user, pair, cents, skew_percent, tolerance_percent, least)
        }
        Op::WithdrawLiquidity { user, pair, permille, least } => {
            let held = stage.world.pair_shares(&stage.people[user], &stage.pairs[pair]);
            let (reserves, total) = stage.world.pair_pool(&stage.pairs[pair]);
            let burnt = share(held, permille);
            let amount = (permille != 1_000).then_some(LpShares::new(burnt));
            let min = least.map(|least| {
                let part = |at: usize| share(reserves[at].checked_mul(burnt).map_or(0, |n| n / total.max(1)), least);
                let denoms = [PAIRS[pair].0, PAIRS[pair].1];
                [0, 1].map(|at| Asset::native(DENOMS[denoms[at]], Amount::new(part(at)))).to_vec()
            });
            let msg = ExecuteMsg::WithdrawLiquidity { amount, assets: vec![], min_assets_to_receive: min };
            Call::pair(stage, user, pair, &msg, vec![])
        }
        Op::Swap { user, pair, first, permille, spread_percent, to } => {
            let reserves = stage.world.pair_pool(&stage.pairs[pair]).0;
            swap(stage, user, pair, first, share(reserves[usize::from(!first)], permille), spread_percent, to)
        }
        Op::Arbitrage { user, pair } => {
            let (first, amount) = toward_the_oracle(stage, pair);
            swap(stage, user, pair, first, amount, Some(50), None)
        }
        Op::LiquidateMany { sender, items, permille, min_success, spoilt, profit } => {
            many(stage, sender, items, permille, min_success, spoilt, profit)
        }
        _ => return None,
    })
}

fn provide(
    stage: &Stage,
    user: usize,
    pair: usize,
    cents: u64,
    skew_percent: u32,
    tolerance_percent: Option<u64>,
    least: Option<u32>,
) -> Call {
    let (reserves, total) = stage.world.pair_pool(&stage.pairs[pair]);
    let (first, second) = PAIRS[pair];
    let one = worth(first, cents);
    let other = match reserves {
        [0, _] | [_, 0] => worth(second, cents),
        [x, y] => one.checked_mul(y).map_or(one / x * y, |n| n / x),
    };
    let other = other * u128::from(skew_percent) / 100;
    let shares = one.checked_mul(total).map_or(0, |n| n / reserves[0].max(1));
    let coins = [(first, one), (second, other)];
    let msg = ExecuteMsg::ProvideLiquidity {
        assets: coins.map(|(denom, amount)| Asset::native(DENOMS[denom], Amount::new(amount))).to_vec(),
        slippage_tolerance: tolerance_percent.map(Ratio::percent),
        auto_stake: None,
        receiver: None,
        min_lp_to_receive: least.map(|least| LpShares::new(share(shares, least))),
    };
    Call::pair(stage, user, pair, &msg, coins.map(|(denom, amount)| coin(amount, DENOMS[denom])).to_vec())
}

fn swap(
    stage: &Stage,
    user: usize,
    pair: usize,
    first: bool,
    amount: u128,
    spread_percent: Option<u64>,
    to: Option<usize>,
) -> Call {
    let denom = DENOMS[if first { PAIRS[pair].0 } else { PAIRS[pair].1 }];
    let msg = ExecuteMsg::Swap {
        offer_asset: Asset::native(denom, Amount::new(amount)),
        ask_asset_info: None,
        belief_price: None,
        max_spread: spread_percent.map(Ratio::percent),
        to: to.map(|user| stage.people[user].to_string()),
    };
    Call::pair(stage, user, pair, &msg, vec![coin(amount, denom)])
}

/// Which token must be sold, and how much of it, so that the reserves' values agree: `√(x·y·p₂/p₁) − x`. At least a crumb.
fn toward_the_oracle(stage: &Stage, pair: usize) -> (bool, u128) {
    let reserves = stage.world.pair_pool(&stage.pairs[pair]).0;
    let denoms = [PAIRS[pair].0, PAIRS[pair].1];
    // What a cent's worth of each is now; floats would do, but they are not the same everywhere.
    let price = |at: usize| (stage.price(denoms[at]) / 1_000_000_000, crate::value::unit(denoms[at]));
    let ([(p1, unit1), (p2, unit2)], [x, y]) = ([price(0), price(1)], reserves);
    let value =
        |amount: u128, price: u128, unit: u128| amount / unit.min(1_000_000) * price / (unit / unit.min(1_000_000));
    let (v1, v2) = (value(x, p1.max(1), unit1), value(y, p2.max(1), unit2));
    let wanted = (v1.isqrt() * v2.isqrt()).max(1);
    let (first, reserve, held) = if v1 < v2 { (true, x, v1) } else { (false, y, v2) };
    let sold = reserve / 1_000 * ((wanted.saturating_sub(held)) * 1_000 / held.max(1)).min(900);
    (first, sold.max(1_000))
}

fn many(stage: &Stage, sender: usize, count: u32, permille: u32, min_success: u32, spoilt: bool, profit: bool) -> Call {
    let count = count as usize;
    let targets: Vec<(Who, usize, usize, u128)> =
        ranked(stage).into_iter().take(count).filter_map(|who| best(stage, who)).filter(|t| t.1 != t.2).collect();
    let (mut items, mut routes): (Vec<LiquidationItem>, Vec<Route>) = (vec![], vec![]);
    // With nobody to liquidate it is tried on somebody healthy.
    let targets = if targets.is_empty() { vec![((0, 1), 1, 0, 10_000_000)] } else { targets };
    for (at, (who, collateral, debt, owed)) in targets.into_iter().enumerate() {
        let (collateral_denom, debt_denom) = (DENOMS[collateral].to_owned(), DENOMS[debt].to_owned());
        let offered = if spoilt && at == 0 { 1 } else { share(owed, permille).max(1) };
        items.push(LiquidationItem::Liquidate(LiquidateItem {
            user: stage.people[who.0].to_string(),
            account_id: Some(who.1),
            collateral_denom: collateral_denom.clone(),
            debt_denom: debt_denom.clone(),
            max_repay: Some(Amount::new(offered)),
            min_receive: None,
        }));
        if !routes.iter().any(|r| r.collateral_denom == collateral_denom && r.debt_denom == debt_denom) {
            let min_profit = Amount::new(if profit { worth(debt, 5_000) } else { 0 });
            routes.push(Route { hops: hops(stage, collateral, debt), collateral_denom, debt_denom, min_profit });
        }
    }
    if spoilt {
        let user = stage.people[0].to_string();
        items.push(LiquidationItem::WriteOff(UserAccount { user, account_id: Some(0) }));
    }
    Call::liquidator(stage, sender, &liquidator::ExecuteMsg::Liquidate { items, routes, min_success })
}

/// The pairs from a denom toward the dollar.
fn toward_the_dollar(from: usize) -> Vec<usize> {
    let pair = |denom: usize| PAIRS.iter().position(|(first, _)| *first == denom);
    std::iter::successors(pair(from), |at| pair(PAIRS[*at].1)).collect()
}

/// Toward the dollar, and from it to the other denom, as far as their ways differ.
fn hops(stage: &Stage, from: usize, to: usize) -> Vec<Hop> {
    let (down, up) = (toward_the_dollar(from), toward_the_dollar(to));
    let hop = |at: usize, ask: usize| Hop { pair: stage.pairs[at].to_string(), ask_denom: DENOMS[ask].to_owned() };
    let mut hops: Vec<Hop> = down.iter().filter(|at| !up.contains(at)).map(|at| hop(*at, PAIRS[*at].1)).collect();
    hops.extend(up.iter().rev().filter(|at| !down.contains(at)).map(|at| hop(*at, PAIRS[*at].0)));
    // A denom without a pair can't be sold: such a route is refused or its group undone.
    if hops.is_empty() {
        hops.push(hop(0, to));
    }
    hops
}
