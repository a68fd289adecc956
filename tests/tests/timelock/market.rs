//! What it is for: a market's owner does nothing within a block, nor anything that was not announced.

use plimsoll_risk::params::{BonusCurve, ParamsError};
use plimsoll_risk::rates::{Kinked, RateModel};
use plimsoll_risk::units::{Rate, Ratio};
use plimsoll_schema::oracle::ExecuteMsg as OracleMsg;
use plimsoll_schema::ownership::{OwnedMsg, OwnerUpdate, OwnershipError};
use plimsoll_schema::pool::{AssetChanges, ExecuteMsg};
use plimsoll_testing::{
    ALICE, Asset, GUARDIAN, IBC_TOKEN, LIQUIDATOR, OWNER, RISK_MANAGER, UATOM, UUSD, World, WorldError, ratio,
};

use crate::setup::{DELAY, WEEK};

/// A token that the owner makes.
const TOKEN: &str = "factory/owner/token";
/// The markets whose cash it is after, and nine tenths of what is lent there, in base units.
const MARKETS: [(&str, u128); 3] = [(UUSD, 900_000_000_000), (UATOM, 900_000_000_000), (IBC_TOKEN, 900_000_000_000)];

/// A million whole tokens lent in each market; who owns oracle and pool is the test's choice.
fn market(timelock: Option<u64>) -> World {
    let builder = World::builder().lent(1_000_000);
    timelock.map_or(builder.clone(), |delay| builder.timelock(delay)).build()
}

fn changed(denom: &str, changes: AssetChanges) -> ExecuteMsg {
    ExecuteMsg::UpdateAsset { denom: denom.to_owned(), changes }
}

/// 1,000 % a year, whatever the utilization.
fn rates() -> ExecuteMsg {
    let optimal_utilization_rate = Ratio::percent(80);
    let kinked =
        Kinked { optimal_utilization_rate, base: Rate::percent(1_000), slope_1: Rate::ZERO, slope_2: Rate::ZERO };
    changed(UUSD, AssetChanges { rate_model: Some(RateModel::Kinked(kinked)), ..Default::default() })
}

/// Twice the bonus: 0.75 × 1.20 = 0.90, within 0.95.
fn bonus(world: &World) -> ExecuteMsg {
    let before = world.market(UATOM).params.liquidation_bonus;
    let liquidation_bonus = Some(BonusCurve { max: Ratio::percent(20), ..before });
    changed(UATOM, AssetChanges { liquidation_bonus, ..Default::default() })
}

/// A higher threshold: 0.84 × 1.10 = 0.924, within 0.95.
fn threshold() -> ExecuteMsg {
    changed(UATOM, AssetChanges { liquidation_threshold: Some(ratio("0.84")), ..Default::default() })
}

/// Liquidation takes five times as much: health goes up to 1.25 in place of 1.05.
fn target(world: &World) -> ExecuteMsg {
    let mut config = world.config().config;
    config.liquidation.target_health_factor = ratio("1.25");
    ExecuteMsg::UpdateConfig { config }
}

/// Lists a token of the owner's that the owner alone prices, deposits it and borrows nine tenths of three markets, all
/// in one block.
fn take_the_cash(world: &mut World) -> Result<(), WorldError> {
    let token = Asset::new(TOKEN, 6, "1000");
    world.mint(OWNER, TOKEN, 100_000_000_000);
    let source = world.feed_source(&[OWNER], 1);
    world.set_source(TOKEN, source, token.guards)?;
    world.feed(OWNER, &[(TOKEN, "1000")])?;
    world.execute(OWNER, &ExecuteMsg::InitAsset { params: token.params }, &[])?;
    // 100,000 tokens at 1,000 USD; 0.9 million of each at 1, 10 and 5 USD are 14.4 million.
    world.deposit(OWNER, TOKEN, 100_000_000_000)?;
    for (denom, amount) in MARKETS {
        world.borrow(OWNER, denom, amount)?;
    }
    Ok(())
}

#[test]
fn an_owner_takes_the_cash_of_three_markets_in_one_block_and_behind_a_timelock_nothing() {
    let mut world = market(None);
    let before = MARKETS.map(|(denom, _)| world.balance(OWNER, denom));
    take_the_cash(&mut world).unwrap();
    for ((denom, amount), before) in MARKETS.into_iter().zip(before) {
        assert_eq!(world.balance(OWNER, denom), before + amount);
    }

    let mut world = market(Some(DELAY));
    let cash = MARKETS.map(|(denom, _)| world.market(denom).stored.cash);
    let error = take_the_cash(&mut world).unwrap_err();
    let sender = world.addr(OWNER).into_string();
    assert!(error.is(&OwnershipError::NotOwner { sender: sender.clone() }), "{error}");
    let token = Asset::new(TOKEN, 6, "1000");
    let list = ExecuteMsg::InitAsset { params: token.params.clone() };
    let error = world.refused(|world| world.execute(OWNER, &list, &[]));
    assert!(error.is(&OwnershipError::NotOwner { sender }), "{error}");

    // Announced, both wait, and the guardian drops the source: nothing is listed without a price.
    let source = world.feed_source(&[OWNER], 1);
    let set = OracleMsg::SetSource { denom: TOKEN.to_owned(), source, guards: token.guards };
    let ids = [world.queue_for_oracle(&set), world.queue_for_pool(&list)];
    for id in ids {
        assert!(world.refused(|world| world.apply(id)).to_string().contains("can be applied at"));
    }
    world.veto(ids[0]).unwrap();
    world.advance_fresh(DELAY);
    for id in ids {
        world.refused(|world| world.apply(id));
    }
    assert_eq!(MARKETS.map(|(denom, _)| world.market(denom).stored.cash), cash);
}

#[test]
fn nothing_queued_takes_force_early_late_or_after_a_veto() {
    let messages = |world: &World| [rates(), bonus(world), target(world)];
    for (at, vetoed) in [(0, false), (0, true), (1, false), (1, true), (2, false), (2, true)] {
        let mut world = market(Some(DELAY));
        let pool = world.pool().clone();
        let message = messages(&world)[at].clone();
        // Not at once, by any role.
        for sender in [OWNER, RISK_MANAGER, GUARDIAN, ALICE] {
            world.refused(|world| world.execute(sender, &message, &[]));
        }
        let before = world.dump_of(&pool);
        let id = world.queue_for_pool(&message);
        for wait in [0, 1, DELAY - 2] {
            if wait > 0 {
                world.advance(wait);
            }
            assert!(world.refused(|world| world.apply(id)).to_string().contains("can be applied at"));
        }
        world.advance(1);
        assert_eq!(world.dump_of(&pool), before, "it takes force by itself");
        if vetoed {
            world.veto(id).unwrap();
            for wait in [1, WEEK] {
                assert!(world.refused(|world| world.apply(id)).to_string().contains("waits"));
                world.advance(wait);
            }
        } else {
            let kept = world.snapshot();
            world.apply(id).unwrap();
            assert_ne!(world.dump_of(&pool), before, "in time it takes force");
            world.restore(&kept);
            world.advance(WEEK + 1);
            assert!(world.refused(|world| world.apply(id)).to_string().contains("lapsed"));
        }
        assert_eq!(world.dump_of(&pool), before);
    }
}

#[test]
fn two_queued_halves_do_not_break_a_joint_condition_in_any_order() {
    for order in [[0, 1], [1, 0]] {
        let mut world = market(Some(DELAY));
        let halves = [threshold(), bonus(&world)];
        let ids = order.map(|half: usize| world.queue_for_pool(&halves[half]));
        world.advance(DELAY);
        world.apply(ids[0]).unwrap();
        // 0.84 × 1.20 = 1.008 is above 0.95.
        let threshold = ratio("0.84");
        let refusal = ParamsError::Splittable { threshold, bonus: ratio("0.2"), full_at: ratio("0.95") };
        let error = world.refused(|world| world.apply(ids[1]));
        assert!(error.is(&refusal), "{error}");
        assert_eq!(world.entries().iter().map(|entry| entry.id).collect::<Vec<_>>(), [ids[1]]);
    }
}

#[test]
fn risk_manager_and_guardian_act_at_once_and_reopening_waits() {
    let mut world = market(Some(DELAY));
    let lower = changed(UATOM, AssetChanges { max_loan_to_value: Some(ratio("0.5")), ..Default::default() });
    world.execute(RISK_MANAGER, &lower, &[]).unwrap();
    let stop = ExecuteMsg::Pause { denom: Some(UATOM.to_owned()), deposit: true, borrow: true, flash_loan: true };
    world.execute(GUARDIAN, &stop, &[]).unwrap();
    world.refused(|world| world.deposit(ALICE, UATOM, 1_000_000));

    let open = ExecuteMsg::Unpause { denom: UATOM.to_owned(), deposit: true, borrow: true, flash_loan: true };
    for sender in [OWNER, GUARDIAN] {
        let error = world.refused(|world| world.execute(sender, &open, &[]));
        let sender = world.addr(sender).into_string();
        assert!(error.is(&OwnershipError::NotOwner { sender }), "{error}");
    }
    let id = world.queue_for_pool(&open);
    assert!(world.refused(|world| world.veto(id)).to_string().contains("can't be vetoed"));
    world.advance(DELAY - 1);
    assert!(world.refused(|world| world.apply(id)).to_string().contains("can be applied at"));
    world.advance(1);
    world.apply(id).unwrap();
    world.deposit(ALICE, UATOM, 1_000_000).unwrap();
}

#[test]
fn an_owner_who_hands_the_market_over_gives_the_same_notice() {
    let mut world = market(Some(DELAY));
    let alice = world.addr(ALICE).into_string();
    let pool = world.pool().clone();
    world.queue(&pool, &OwnedMsg::UpdateOwner(OwnerUpdate::Propose { owner: alice.clone() })).unwrap();
    let accept = OwnedMsg::UpdateOwner(OwnerUpdate::Accept {});
    world.advance(DELAY - 1);
    let error = world.refused(|world| world.execute_contract(ALICE, &pool, &accept, &[]));
    assert!(error.is(&OwnershipError::NotProposed { sender: alice.clone() }), "{error}");
    assert!(world.refused(|world| world.apply(1)).to_string().contains("can be applied at"));
    world.advance(1);
    world.apply(1).unwrap();
    world.execute_contract(ALICE, &pool, &accept, &[]).unwrap();
    assert_eq!(world.config().ownership.owner, alice);
}

#[test]
fn users_and_liquidators_need_no_notice() {
    let mut world = market(Some(DELAY));
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    world.borrow(ALICE, UUSD, 650_000_000).unwrap();
    world.set_price(UATOM, "8.5");
    world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 100_000_000)).unwrap();
    world.repay(ALICE, UUSD, 100_000_000).unwrap();
}
