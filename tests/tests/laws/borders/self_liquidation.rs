//! Somebody who liquidates themselves through another of their addresses gains nothing, as long as their collateral
//! covers debt and least bonus.

use num_rational::BigRational;
use num_traits::{One, Zero};
use plimsoll_schema::pool::{ExecuteMsg, Receive};
use plimsoll_testing::{ALICE, BOB, World, coin};

use super::no_split::healths;
use super::setting::{COLLATERAL, DEBT, Setting, settings};
use super::wealth::{exact, of, text, unit};

fn liquidate(world: &mut World, receive: Receive, offer: u128) -> bool {
    let msg = ExecuteMsg::Liquidate {
        user: world.addr(ALICE).into_string(),
        account_id: None,
        collateral_denom: COLLATERAL.to_owned(),
        recipient: None,
        receive: Some(receive),
        allow_shares: None,
        min_receive: None,
    };
    world.execute(BOB, &msg, &[coin(offer, DEBT)]).is_ok()
}

/// Whether her collateral covers the debt and the least bonus of it: amounts as the contract sees them.
fn covered(world: &World, setting: &Setting) -> bool {
    let deposit = world.supplied(ALICE, COLLATERAL);
    let owed = world.owed(ALICE, DEBT);
    let value = |denom, amount: u128| unit(world, denom) * num_bigint::BigInt::from(amount);
    value(COLLATERAL, deposit) >= value(DEBT, owed) * (BigRational::one() + exact(setting.bonus.0))
}

#[test]
fn nobody_gains_by_liquidating_himself_at_any_border() {
    let mut done = 0;
    for setting in settings() {
        let mut world = setting.indebted();
        // The liquidator lends her a part, too: what lenders gain is theirs.
        world.deposit(BOB, DEBT, setting.borrowed() / 100 + 1).unwrap();
        let fresh = world.snapshot();
        for health in healths(&setting) {
            world.restore(&fresh);
            let Some(price) = setting.price_at(&world, &health) else { continue };
            world.set_price(COLLATERAL, &price);
            if !world.position(ALICE).liquidatable || !covered(&world, &setting) {
                continue;
            }
            let fallen = world.snapshot();
            let owed = world.owed(ALICE, DEBT);
            for receive in [Receive::Underlying, Receive::Shares] {
                for part in [1, 3] {
                    world.restore(&fallen);
                    let before = of(&world, &[ALICE, BOB], 1);
                    let steps: Vec<bool> =
                        (0..=part).map(|_| liquidate(&mut world, receive, owed / part + 1)).collect();
                    done += u32::from(steps[0]);
                    let gain = of(&world, &[ALICE, BOB], 1) - &before;
                    assert!(gain <= BigRational::zero(), "{setting:?} at {price}, {receive:?} {part}: {}", text(&gain));
                }
            }
        }
    }
    assert!(done > 500, "{done} liquidations");
}
