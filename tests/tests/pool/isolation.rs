//! Isolated collateral, its debt ceilings, and siloed debt.

use crate::support::refuses;
use plimsoll_risk::units::{Amount, ScaledDebt};
use plimsoll_schema::pool::{
    AmountOrMax, AssetChanges, BatchAction, Borrow, Ceiling, CollateralStatus, ExecuteMsg, FromPurse, TransferShares,
};
use plimsoll_testing::{AETH, ALICE, BOB, IBC_TOKEN, LIQUIDATOR, OWNER, UATOM, UUSD, World, coin, ratio};

/// A million of everything lent. The IBC token, at 5 USD and LTV 60 %, is isolated: 1,000 USD may be owed against it.
fn isolated() -> World {
    let free = |asset: &mut plimsoll_testing::Asset| *asset = asset.clone().interest_free();
    let mut world = World::builder().edit(UUSD, free).edit(UATOM, free).lent(1_000_000).build();
    ceilings(&mut world, &[(UUSD, 1_000_000_000)]);
    world
}

fn ceilings(world: &mut World, those: &[(&str, u128)]) {
    let ceiling =
        |(denom, ceiling): &(&str, u128)| Ceiling { denom: (*denom).to_owned(), ceiling: ScaledDebt::new(*ceiling) };
    let debt_ceilings = Some(those.iter().map(ceiling).collect());
    let changes = AssetChanges { isolated: Some(true), debt_ceilings, ..Default::default() };
    world.update_asset(IBC_TOKEN, changes).unwrap();
}

fn silo(world: &mut World, denom: &str) {
    world.update_asset(denom, AssetChanges { siloed: Some(true), ..Default::default() }).unwrap();
}

/// What the pool counts as owed in USD against the IBC token. It is what the accounts that hold it owe.
#[track_caller]
fn counted(world: &World) -> u128 {
    let usd = world.market(UUSD).asset;
    let sum: u128 = [ALICE, BOB]
        .map(|who| world.account(who))
        .iter()
        .map(|account| {
            let ibc = world.market(IBC_TOKEN).asset;
            let counts: Vec<_> = account.counting().collect();
            if counts == [ibc] { account.debt(usd).raw() } else { 0 }
        })
        .sum();
    let counted =
        world.market(IBC_TOKEN).isolated_debts.iter().find(|debt| debt.debt == usd).map_or(0, |debt| debt.scaled.raw());
    assert_eq!(counted, sum, "the sum of the accounts' debts");
    counted
}

#[test]
fn isolated_collateral_counts_alone() {
    let mut world = isolated();
    world.deposit(ALICE, IBC_TOKEN, 400_000_000).unwrap();
    world.borrow(ALICE, UUSD, 500_000_000).unwrap();
    assert_eq!(counted(&world), 500_000_000);
    // What comes into an account with debt opens a slot that doesn't count.
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    let atom = world.market(UATOM).asset;
    assert!(!world.account(ALICE).collateral(atom).unwrap().enabled);
    let text = format!(
        "{IBC_TOKEN} is isolated and counts alone: switch it or the other collateral of account {}/0 off",
        world.addr(ALICE)
    );
    refuses(&mut world, &text, |world| world.enable(ALICE, UATOM, true));

    // And the other way round.
    world.deposit(BOB, UATOM, 100_000_000).unwrap();
    world.borrow(BOB, UUSD, 100_000_000).unwrap();
    world.deposit(BOB, IBC_TOKEN, 100_000_000).unwrap();
    let ibc = world.market(IBC_TOKEN).asset;
    assert!(!world.account(BOB).collateral(ibc).unwrap().enabled);
    let text = text.replace(world.addr(ALICE).as_str(), world.addr(BOB).as_str());
    refuses(&mut world, &text, |world| world.enable(BOB, IBC_TOKEN, true));
    assert_eq!(counted(&world), 500_000_000);
}

#[test]
fn both_count_without_debt_and_nothing_can_be_borrowed_against_both() {
    let mut world = isolated();
    world.deposit(ALICE, IBC_TOKEN, 400_000_000).unwrap();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    let text = format!(
        "{IBC_TOKEN} is isolated and counts alone: switch it or the other collateral of account {}/0 off",
        world.addr(ALICE)
    );
    refuses(&mut world, &text, |world| world.borrow(ALICE, UUSD, 1_000_000));
    assert_eq!(world.max_borrow(ALICE, UUSD), 0);
    world.enable(ALICE, IBC_TOKEN, false).unwrap();
    world.borrow(ALICE, UUSD, 10_000_000).unwrap();
    assert_eq!(counted(&world), 0);
}

#[test]
fn a_ceiling_bounds_what_all_owe_together_and_every_repayment_makes_room() {
    let mut world = isolated();
    world.deposit(ALICE, IBC_TOKEN, 1_000_000_000).unwrap();
    world.deposit(BOB, IBC_TOKEN, 1_000_000_000).unwrap();
    world.borrow(ALICE, UUSD, 600_000_000).unwrap();
    let text = format!("scaled debt of 1000000001 uusd against {IBC_TOKEN} would be above its ceiling of 1000000000");
    refuses(&mut world, &text, |world| world.borrow(BOB, UUSD, 400_000_001));
    assert_eq!(world.max_borrow(BOB, UUSD), 400_000_000);
    world.borrow(BOB, UUSD, 400_000_000).unwrap();
    assert_eq!(counted(&world), 1_000_000_000);

    world.repay(ALICE, UUSD, 100_000_000).unwrap();
    assert_eq!(counted(&world), 900_000_000);
    assert_eq!(world.max_borrow(BOB, UUSD), 100_000_000);
    let text = format!("scaled debt of 1 uatom against {IBC_TOKEN} would be above its ceiling of 0");
    refuses(&mut world, &text, |world| world.borrow(BOB, UATOM, 1));

    // A lower ceiling holds nobody who owes already, and lets nobody owe more.
    ceilings(&mut world, &[(UUSD, 1)]);
    let text = format!("scaled debt of 900000001 uusd against {IBC_TOKEN} would be above its ceiling of 1");
    refuses(&mut world, &text, |world| world.borrow(BOB, UUSD, 1));
    world.repay(BOB, UUSD, 400_000_000).unwrap();
    world.repay(ALICE, UUSD, 500_000_000).unwrap();
    assert_eq!(counted(&world), 0);
}

#[test]
fn a_batch_keeps_to_the_ceiling_by_what_it_leaves() {
    let mut world = isolated();
    world.deposit(ALICE, IBC_TOKEN, 1_000_000_000).unwrap();
    world.borrow(ALICE, UUSD, 1_000_000_000).unwrap();
    let borrow = |amount: u128| {
        let (recipient, account_id, on_behalf_of) = Default::default();
        let amount = AmountOrMax::Amount(Amount::new(amount));
        BatchAction::Borrow(Borrow { denom: UUSD.to_owned(), amount, recipient, account_id, on_behalf_of })
    };
    let repay = BatchAction::Repay(FromPurse { coin: coin(300_000_000, UUSD), account_id: None, on_behalf_of: None });
    world.batch(ALICE, vec![borrow(300_000_000), repay.clone()], &[coin(300_000_000, UUSD)]).unwrap();
    assert_eq!(counted(&world), 1_000_000_000);
    let text = format!("scaled debt of 1000000001 uusd against {IBC_TOKEN} would be above its ceiling of 1000000000");
    refuses(&mut world, &text, |world| {
        world.batch(ALICE, vec![borrow(300_000_001), repay], &[coin(300_000_000, UUSD)])
    });
}

#[test]
fn liquidations_and_losses_count_off_what_they_clear() {
    let mut world = isolated();
    world.deposit(ALICE, IBC_TOKEN, 200_000_000).unwrap();
    world.borrow(ALICE, UUSD, 600_000_000).unwrap();
    world.set_price(IBC_TOKEN, "4.5");
    world.liquidate(LIQUIDATOR, ALICE, IBC_TOKEN, (UUSD, 100_000_000)).unwrap();
    assert_eq!(counted(&world), 500_000_000);
    // The rest is worth hardly anything, is seized, and what is owed beyond it written off.
    world.set_price(IBC_TOKEN, "0.01");
    world.liquidate(LIQUIDATOR, ALICE, IBC_TOKEN, (UUSD, 600_000_000)).unwrap();
    assert!(world.account(ALICE).debts.is_empty());
    assert_eq!(counted(&world), 0);
}

#[test]
fn collateral_that_is_switched_off_or_given_away_no_longer_counts_its_debts() {
    let mut world = isolated();
    world.deposit(ALICE, IBC_TOKEN, 1_000_000_000).unwrap();
    world.borrow(ALICE, UUSD, 500_000_000).unwrap();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    let status = |denom: &str, enable: bool| {
        BatchAction::UpdateAssetCollateralStatus(CollateralStatus {
            denom: denom.to_owned(),
            enable,
            account_id: None,
            on_behalf_of: None,
        })
    };
    world.batch(ALICE, vec![status(IBC_TOKEN, false), status(UATOM, true)], &[]).unwrap();
    assert_eq!(counted(&world), 0);
    world.batch(ALICE, vec![status(UATOM, false), status(IBC_TOKEN, true)], &[]).unwrap();
    assert_eq!(counted(&world), 500_000_000);
    // Above its ceiling it doesn't come back.
    world.batch(ALICE, vec![status(IBC_TOKEN, false), status(UATOM, true)], &[]).unwrap();
    ceilings(&mut world, &[(UUSD, 499_999_999)]);
    let text = format!("scaled debt of 500000000 uusd against {IBC_TOKEN} would be above its ceiling of 499999999");
    refuses(&mut world, &text, |world| world.batch(ALICE, vec![status(UATOM, false), status(IBC_TOKEN, true)], &[]));

    let shares = TransferShares {
        denom: IBC_TOKEN.to_owned(),
        shares: None,
        account_id: None,
        recipient: None,
        recipient_account_id: Some(1),
    };
    world.execute(ALICE, &ExecuteMsg::TransferShares(shares), &[]).unwrap();
    assert_eq!(counted(&world), 0);
}

#[test]
fn what_stood_together_before_it_was_isolated_stays_so_and_owes_no_more() {
    let mut world = World::builder().lent(1_000_000).build();
    world.deposit(ALICE, IBC_TOKEN, 200_000_000).unwrap();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    world.borrow(ALICE, UUSD, 500_000_000).unwrap();
    let factor = world.position(ALICE).health_factor;
    ceilings(&mut world, &[(UUSD, 1_000_000_000_000)]);
    assert_eq!(world.position(ALICE).health_factor, factor);
    let text = format!(
        "{IBC_TOKEN} is isolated and counts alone: switch it or the other collateral of account {}/0 off",
        world.addr(ALICE)
    );
    refuses(&mut world, &text, |world| world.borrow(ALICE, UUSD, 1));
    world.withdraw(ALICE, UATOM, 1_000_000).unwrap();
    world.repay(ALICE, UUSD, 100_000_000).unwrap();
    world.deposit(ALICE, AETH, 10u128.pow(18)).unwrap();
    refuses(&mut world, &text, |world| world.enable(ALICE, AETH, true));
    world.enable(ALICE, IBC_TOKEN, false).unwrap();
    world.borrow(ALICE, UUSD, 100_000_000).unwrap();

    world.update_asset(IBC_TOKEN, AssetChanges { isolated: Some(false), ..Default::default() }).unwrap();
    world.enable(ALICE, IBC_TOKEN, true).unwrap();
    assert_eq!(counted(&world), 0);
}

#[test]
fn siloed_debt_stands_alone() {
    let mut world = isolated();
    silo(&mut world, AETH);
    world.deposit(ALICE, UATOM, 1_000_000_000).unwrap();
    world.borrow(ALICE, UUSD, 100_000_000).unwrap();
    let account = format!("{}/0", world.addr(ALICE));
    let text = format!("account {account} can't owe aeth: aeth is siloed, and stands alone as debt");
    refuses(&mut world, &text, |world| world.borrow(ALICE, AETH, 10u128.pow(17)));
    assert_eq!(world.max_borrow(ALICE, AETH), 0);

    world.repay(ALICE, UUSD, 200_000_000).unwrap();
    world.borrow(ALICE, AETH, 10u128.pow(17)).unwrap();
    let text = format!("account {account} can't owe uusd: aeth is siloed, and stands alone as debt");
    refuses(&mut world, &text, |world| world.borrow(ALICE, UUSD, 1_000_000));
    world.borrow(ALICE, AETH, 10u128.pow(17)).unwrap();
}

#[test]
fn ceilings_of_unlisted_or_doubled_denoms_and_too_many_are_refused() {
    let mut world = isolated();
    let change = |those: &[&str]| {
        let ceiling = |denom: &&str| Ceiling { denom: (*denom).to_owned(), ceiling: ScaledDebt::new(1) };
        let debt_ceilings = Some(those.iter().map(ceiling).collect());
        AssetChanges { isolated: Some(true), debt_ceilings, ..Default::default() }
    };
    refuses(&mut world, "'ushell' is not listed", |world| world.update_asset(UATOM, change(&["ushell"])));
    refuses(&mut world, "'uusd' has two debt ceilings", |world| world.update_asset(UATOM, change(&[UUSD, AETH, UUSD])));
    // The owner alone.
    let msg = ExecuteMsg::UpdateAsset { denom: UATOM.to_owned(), changes: change(&[UUSD]) };
    assert!(world.execute(OWNER, &msg, &[]).is_ok());
    assert!(world.execute(ALICE, &msg, &[]).is_err());
    assert_eq!(world.market(UATOM).params.max_loan_to_value, ratio("0.7"));
}
