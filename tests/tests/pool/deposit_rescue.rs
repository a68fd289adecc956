//! `deposit` past a stop or the supply cap: only as far as it brings an indebted account back within its max LTV.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test may stop at a surprise")]

use crate::support::{indebted, refuses, stop_deposits};
use plimsoll_risk::units::{Amount, Ratio};
use plimsoll_schema::pool::{AssetChanges, BatchAction as Act, FromPurse, Withdraw};
use plimsoll_testing::{AETH, ALICE, BOB, IBC_TOKEN, LENDER, UATOM, UUSD, World, coin};

/// 100 ATOM at 9 USD carry 630 of the 640 USD owed. 640 / 0.7 / 9 = 101.587301… ATOM carry it all: 1.587302 more.
const NEEDED: u128 = 1_587_302;

fn above_max_ltv() -> World {
    let mut world = indebted(640_000_000);
    world.set_price(UATOM, "9");
    world
}

fn lower_cap(world: &mut World) {
    let changes = AssetChanges { supply_cap: Some(Amount::new(20_000_000_000)), ..AssetChanges::default() };
    world.update_asset(UATOM, changes).unwrap();
}

fn too_large(amount: u128) -> String {
    format!(
        "a deposit of {amount}uatom passes a stop or the supply cap only as far as it brings an account back within its max LTV"
    )
}

#[test]
fn deposit_rescues_an_account_past_a_stop_and_a_cap_with_just_what_it_needs() {
    for forbid in [|world: &mut World| stop_deposits(world, UATOM), lower_cap] {
        let mut world = above_max_ltv();
        forbid(&mut world);
        refuses(&mut world, &too_large(NEEDED + 1), |world| world.deposit(ALICE, UATOM, NEEDED + 1));
        refuses(&mut world, &too_large(1_000_000_000_000), |world| world.deposit(ALICE, UATOM, 1_000_000_000_000));
        world.deposit(ALICE, UATOM, NEEDED).unwrap();
        assert_eq!(world.supplied(ALICE, UATOM), 100_000_000 + NEEDED);
    }
}

#[test]
fn deposit_in_parts_rescues_no_further_than_in_one() {
    let mut world = above_max_ltv();
    stop_deposits(&mut world, UATOM);
    world.deposit(ALICE, UATOM, NEEDED - 1).unwrap();
    refuses(&mut world, &too_large(2), |world| world.deposit(ALICE, UATOM, 2));
    world.deposit(ALICE, UATOM, 1).unwrap();
    refuses(&mut world, "deposit of uatom is stopped", |world| world.deposit(ALICE, UATOM, 1));
}

/// 1 ATOM and 0.5 ETH carry 7 + 750 of the 640 USD owed, and the market is full. Of what a batch takes out it needs (640 − 7 − 300) / 7 =
/// 47.571429 ATOM back: not a rescue, since nothing was needed before.
#[test]
fn batch_that_takes_out_what_it_then_needs_is_no_rescue() {
    let mut world = World::builder().lent(1_000_000).build();
    world.deposit(ALICE, UATOM, 1_000_000).unwrap();
    world.deposit(ALICE, AETH, 500_000_000_000_000_000).unwrap();
    world.borrow(ALICE, UUSD, 640_000_000).unwrap();
    let full = AssetChanges { supply_cap: Some(Amount::new(1_000_001_000_000)), ..AssetChanges::default() };
    world.update_asset(UATOM, full).unwrap();
    let swap = |world: &mut World, amount| {
        let denom = AETH.to_owned();
        let out = Some(Amount::new(300_000_000_000_000_000));
        let withdraw = Act::Withdraw(Withdraw {
            denom,
            amount: out.map(Into::into),
            recipient: None,
            account_id: None,
            on_behalf_of: None,
        });
        let deposit = Act::Deposit(FromPurse { coin: coin(amount, UATOM), account_id: None, on_behalf_of: None });
        let repay = Act::Repay(FromPurse { coin: coin(1_000_000, UUSD), account_id: None, on_behalf_of: None });
        world.batch(ALICE, [withdraw, deposit, repay], &[coin(amount, UATOM), coin(1_000_000, UUSD)])
    };
    let error = world.refused(|world| swap(world, 47_571_429));
    assert!(error.to_string().starts_with("supply cap of uatom is"), "{error}");
    // At 1,680 USD for ETH 637 are carried: 3 / 7 = 0.428572 ATOM are needed, and no more of what else the batch takes out.
    world.set_price(AETH, "1680");
    refuses(&mut world, &too_large(428_573), |world| swap(world, 428_573));
}

#[test]
fn deposit_past_the_cap_of_an_account_within_its_max_ltv_is_refused_however_small_its_debt() {
    let mut world = World::builder().lent(1_000_000).build();
    world.deposit(ALICE, UATOM, 1_000_000).unwrap();
    world.borrow(ALICE, UUSD, 6_000_000).unwrap();
    lower_cap(&mut world);
    let text = "supply cap of uatom is 20000000000, a deposit of 1000000000000 finds 1000001000000 supplied";
    refuses(&mut world, text, |world| world.deposit(ALICE, UATOM, 1_000_000_000_000));
    let purse = [coin(1_000_000_000_000, UATOM)];
    let rescue = Act::Deposit(FromPurse { coin: purse[0].clone(), account_id: None, on_behalf_of: None });
    refuses(&mut world, text, |world| world.batch(ALICE, [rescue.clone()], &purse));
}

#[test]
fn deposit_of_anybody_rescues_an_account() {
    let mut world = above_max_ltv();
    stop_deposits(&mut world, UATOM);
    crate::support::deposit_for(&mut world, BOB, ALICE, coin(NEEDED, UATOM)).unwrap();
    assert_eq!(world.supplied(ALICE, UATOM), 100_000_000 + NEEDED);
}

#[test]
fn power_counts_in_proportion_above_the_cap_and_liquidation_does_not_see_it() {
    // The lender's million and Alice's hundred: at a cap of half of that her 1,000 USD of ATOM lend 350 in place of 700.
    let mut world = indebted(300_000_000);
    let changes = AssetChanges { supply_cap: Some(Amount::new(500_050_000_000)), ..AssetChanges::default() };
    world.update_asset(UATOM, changes).unwrap();
    let text = "debt of 350.000001 would be above the borrow limit of 350";
    refuses(&mut world, text, |world| world.borrow(ALICE, UUSD, 50_000_001));
    assert_eq!(world.max_borrow(ALICE, UUSD), 50_000_000);
    world.borrow(ALICE, UUSD, 50_000_000).unwrap();
    assert_eq!(world.position(ALICE).health_factor.unwrap().to_string(), "2.142857142857142857");
}

#[test]
fn power_is_nothing_where_deposits_are_stopped_and_debt_free_accounts_leave() {
    let mut world = indebted(300_000_000);
    world.deposit(BOB, UATOM, 5_000_000).unwrap();
    stop_deposits(&mut world, UATOM);
    refuses(&mut world, "debt of 300 would be above the borrow limit of 0", |w| w.withdraw(ALICE, UATOM, 1));
    refuses(&mut world, "debt of 300.000001 would be above the borrow limit of 0", |w| w.borrow(ALICE, UUSD, 1));
    refuses(&mut world, "debt of 300 would be above the borrow limit of 0", |w| w.enable(ALICE, UATOM, false));
    world.withdraw_all(BOB, UATOM).unwrap();
    assert!(!world.position(ALICE).liquidatable);
}

/// No amount of a token that isn't lent against brings an account back within its max LTV.
#[test]
fn deposit_of_a_token_without_max_ltv_is_no_rescue() {
    let mut world = above_max_ltv();
    world.deposit(ALICE, AETH, 1_000_000_000_000).unwrap();
    let changes = AssetChanges { max_loan_to_value: Some(Ratio::ZERO), ..AssetChanges::default() };
    world.update_asset(AETH, changes).unwrap();
    stop_deposits(&mut world, AETH);
    for amount in [1, 1_000_000_000_000_000_000_000] {
        refuses(&mut world, "deposit of aeth is stopped", |world| world.deposit(ALICE, AETH, amount));
    }
}

/// 10 USD are missing. At a max LTV of a base point a hundred thousand USD would bring the account back, and buy health by the threshold:
/// 2 × 10 / 0.65 / 5 = 6.153847 tokens pass, less what the token that is there carries already.
#[test]
fn deposit_of_a_token_that_is_hardly_lent_against_rescues_by_half_its_threshold() {
    let mut world = above_max_ltv();
    world.deposit(ALICE, IBC_TOKEN, 1_000_000).unwrap();
    let changes = AssetChanges { max_loan_to_value: Some(Ratio::bps(1)), ..AssetChanges::default() };
    world.update_asset(IBC_TOKEN, changes).unwrap();
    stop_deposits(&mut world, IBC_TOKEN);
    let least = world.market(IBC_TOKEN).liquidation_threshold.mul_down(Ratio::percent(50)).unwrap();
    // 5 USD at a base point carry 0.0005.
    let missing = 9.9995 / least.to_string().parse::<f64>().unwrap() / 5.0;
    let needed = (missing * 1e6).ceil() as u128;
    let refused = world.refused(|world| world.deposit(ALICE, IBC_TOKEN, needed + 1)).to_string();
    assert!(refused.contains("only as far as it brings an account back"), "{refused}");
    world.deposit(ALICE, IBC_TOKEN, needed).unwrap();
}

/// Selling ATOM into its pair puts the account above its max LTV for a message, at the borrowing edges alone.
#[test]
fn deposit_while_a_pair_is_bent_is_no_rescue() {
    let builder = World::builder().lent(1_000_000);
    let mut world = builder.edit(UATOM, |asset| asset.guards.max_deviation = Ratio::percent(10)).build();
    let pair = world.pair(UATOM, UUSD, 1_000_000);
    let source = world.pair_source(UATOM, &pair, UUSD);
    world.price_by_pair(UATOM, source);
    world.deposit(ALICE, UATOM, 10_000_000_000).unwrap();
    world.deposit(ALICE, IBC_TOKEN, 1_000_000).unwrap();
    world.borrow(ALICE, UUSD, 60_000_000_000).unwrap();
    stop_deposits(&mut world, IBC_TOKEN);
    let text = format!("deposit of {IBC_TOKEN} is stopped");
    refuses(&mut world, &text, |world| world.deposit(ALICE, IBC_TOKEN, 14_000_000_000));
    let [atom, _] = world.pair_pool(&pair).0;
    world.swap(LENDER, &pair, (UATOM, atom)).unwrap();
    refuses(&mut world, &text, |world| world.deposit(ALICE, IBC_TOKEN, 14_000_000_000));
}
