//! `deposit`.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests: names say what is tested, and a failed setup is a failure"
)]

use crate::support::{
    FACTORY_TOKEN, assert_solvent, deposit_for, indebted, mint_wide, refuses, stop_deposits, takes_exactly_one_coin,
    too_wide,
};
use cosmwasm_std::testing::{message_info, mock_dependencies, mock_env};
use cosmwasm_std::{Addr, Coin};
use num_bigint::BigUint;
use plimsoll_pool::contract;
use plimsoll_risk::params::CAP_MAX;
use plimsoll_risk::rates::{Kinked, RateModel};
use plimsoll_risk::units::{Amount, Rate, Ratio};
use plimsoll_schema::pool::{AssetChanges, BatchAction, ExecuteMsg, FromPurse, OnBehalf};
use plimsoll_testing::{
    AETH, ALICE, Asset, BOB, IBC_TOKEN, LENDER, LIQUIDATOR, OWNER, UATOM, UUSD, World, coin, ratio, values,
};

const PLAIN: ExecuteMsg = ExecuteMsg::Deposit(OnBehalf { account_id: None, on_behalf_of: None });

#[test]
fn deposit_into_an_empty_market_mints_a_million_shares_a_unit_and_counts_as_collateral() {
    let mut world = World::new();
    let alice = world.balance(ALICE, UATOM);
    let pool = world.pool().clone();
    let response = world.deposit(ALICE, UATOM, 7_000_003).unwrap();

    assert_eq!(world.balance(ALICE, UATOM), alice - 7_000_003);
    assert_eq!(world.balance(&pool, UATOM), 7_000_003);
    let position = world.position(ALICE);
    assert_eq!(position.collaterals.len(), 1);
    let held = &position.collaterals[0];
    assert_eq!((held.shares.raw(), held.amount.raw(), held.enabled), (7_000_003_000_000, 7_000_003, true));
    assert_eq!(values(&response, "action"), ["deposit"]);
    assert_eq!(values(&response, "account"), [format!("{}/0", world.addr(ALICE))]);
    assert_eq!(values(&response, "denom"), [UATOM]);
    assert_eq!(values(&response, "amount"), ["7000003"]);
    assert_eq!(values(&response, "shares"), ["7000003000000"]);
}

#[test]
fn deposit_after_interest_mints_shares_rounded_down_at_the_grown_price() {
    let mut world = indebted(700_000_000);
    world.advance(90 * 86_400);
    let market = world.market(UUSD);
    let owed = world.owed(ALICE, UUSD);
    let pool = world.pool().clone();
    // One borrower: what they owe, rounded down, is the market's debt. The bank holds what was lent and not borrowed.
    let supply = world.balance(&pool, UUSD) + (owed - 1) - market.reserves.raw();
    assert_eq!(supply, market.supply.raw());
    let total = BigUint::from(market.stored.supply_shares.raw());
    let expected = BigUint::from(12_345_678u128) * (total + 1_000_000u32) / (BigUint::from(supply) + 1u32);

    world.deposit(BOB, UUSD, 12_345_678).unwrap();
    assert_eq!(BigUint::from(world.account(BOB).collaterals[0].shares.raw()), expected);
    assert!(expected < BigUint::from(12_345_678_000_000u128));
    assert!(world.supplied(BOB, UUSD) <= 12_345_678 && world.supplied(BOB, UUSD) >= 12_345_677);
    assert_solvent(&world);
}

#[test]
fn deposit_into_a_disabled_slot_leaves_it_disabled() {
    let mut world = World::new();
    world.deposit(ALICE, UATOM, 5).unwrap();
    world.enable(ALICE, UATOM, false).unwrap();
    world.deposit(ALICE, UATOM, 6).unwrap();
    let account = world.account(ALICE);
    assert_eq!((account.collaterals.len(), account.collaterals[0].enabled), (1, false));
    assert_eq!(world.supplied(ALICE, UATOM), 11);
}

#[test]
fn deposit_of_an_owed_denom_opens_a_disabled_slot() {
    let mut world = indebted(100_000_000);
    world.deposit(ALICE, UUSD, 50_000_000).unwrap();
    let position = world.position(ALICE);
    let slot = position.collaterals.iter().find(|c| c.denom == UUSD).unwrap();
    assert!(!slot.enabled);
    // 100 ATOM at 10 USD carry 750; the 50 USD carry nothing.
    assert_eq!(position.adjusted_collateral_value.to_string(), "750");
}

#[test]
fn deposit_with_none_several_or_doubled_coins_is_refused() {
    takes_exactly_one_coin(&mut World::new(), ALICE, &PLAIN);
}

#[test]
fn deposit_of_zero_is_refused() {
    // The bank refuses a coin of zero before the contract sees it; a chain need not.
    let info = message_info(&Addr::unchecked(ALICE), &[coin(0, UUSD)]);
    let error = contract::execute(mock_dependencies().as_mut(), mock_env(), info, PLAIN).unwrap_err();
    assert_eq!(error.to_string(), "amount of uusd is zero");
    World::new().refused(|world| world.deposit(ALICE, UUSD, 0));
}

#[test]
fn deposit_of_more_than_128_bits_is_refused() {
    let mut world = World::new();
    mint_wide(&mut world, ALICE, UATOM, too_wide());
    let funds = [Coin { denom: UATOM.to_owned(), amount: too_wide() }];
    let text = "amount 340282366920938463463374607431768211456 uatom does not fit 128 bits";
    refuses(&mut world, text, |world| world.execute(ALICE, &PLAIN, &funds));
}

#[test]
fn deposit_of_the_largest_128_bits_is_refused_by_the_cap() {
    let mut world = World::new();
    world.deposit(ALICE, UATOM, 3).unwrap();
    let missing = u128::MAX - world.balance(ALICE, UATOM);
    world.mint(ALICE, UATOM, missing);
    let text = "supply cap of uatom is 1000000000000000, \
        a deposit of 340282366920938463463374607431768211455 finds 3 supplied";
    refuses(&mut world, text, |world| world.deposit(ALICE, UATOM, u128::MAX));
}

#[test]
fn deposit_of_the_largest_128_bits_to_rescue_an_account_is_a_typed_error() {
    let mut world = indebted(700_000_000);
    mint_wide(&mut world, ALICE, UATOM, too_wide());
    world.set_price(UATOM, "9");
    let text = "a deposit of 340282366920938463463374607431768211455uatom passes a stop or the supply cap only as far as it brings \
        an account back within its max LTV";
    refuses(&mut world, text, |world| world.deposit(ALICE, UATOM, u128::MAX));
}

#[test]
fn deposit_of_an_unlisted_denom_is_refused() {
    let mut world = World::new();
    world.mint(ALICE, "ushell", 5);
    refuses(&mut world, "'ushell' is not listed", |world| world.deposit(ALICE, "ushell", 5));
}

#[test]
fn deposit_on_behalf_of_a_bad_address_is_refused() {
    let mut world = World::new();
    for bad in ["", "alice", "osmo1qqqq", "WASM1X"] {
        let msg = ExecuteMsg::Deposit(OnBehalf { account_id: None, on_behalf_of: Some(bad.to_owned()) });
        let text = format!("'{bad}' is not an address of this chain");
        refuses(&mut world, &text, |world| world.execute(ALICE, &msg, &[coin(5, UATOM)]));
    }
}

#[test]
fn deposit_on_behalf_of_another_into_his_slot_is_his() {
    let mut world = World::new();
    world.deposit(ALICE, UATOM, 5).unwrap();
    let bob = world.balance(BOB, UATOM);
    let response = deposit_for(&mut world, BOB, ALICE, coin(7, UATOM)).unwrap();
    assert_eq!(world.supplied(ALICE, UATOM), 12);
    assert_eq!(world.supplied(BOB, UATOM), 0);
    assert_eq!(world.balance(BOB, UATOM), bob - 7);
    assert_eq!(values(&response, "account"), [format!("{}/0", world.addr(ALICE))]);
}

#[test]
fn deposit_on_behalf_of_another_without_a_slot_is_refused() {
    let mut world = World::new();
    let alice = world.addr(ALICE);
    let text = |id, denom| {
        format!("account {alice}/{id} has no slot for {denom}, and only its owner or their operator can open one")
    };
    refuses(&mut world, &text(0, UATOM), |world| deposit_for(world, BOB, ALICE, coin(7, UATOM)));
    // Neither a slot of another denom nor the same slot of another of her accounts lets Bob in.
    world.deposit(ALICE, UUSD, 5).unwrap();
    world.deposit((ALICE, 1), UATOM, 5).unwrap();
    refuses(&mut world, &text(0, UATOM), |world| deposit_for(world, BOB, ALICE, coin(7, UATOM)));
    refuses(&mut world, &text(1, UUSD), |world| deposit_for(world, BOB, (ALICE, 1), coin(7, UUSD)));
    refuses(&mut world, &text(2, UATOM), |world| deposit_for(world, BOB, (ALICE, 2), coin(7, UATOM)));
    // Herself named as the one it is for, she opens it.
    deposit_for(&mut world, ALICE, ALICE, coin(7, UATOM)).unwrap();
}

#[test]
fn deposit_into_one_account_leaves_the_others_of_its_owner() {
    let mut world = World::new();
    world.deposit(ALICE, UATOM, 5).unwrap();
    world.deposit((ALICE, 7), UATOM, 11).unwrap();
    world.deposit((ALICE, u32::MAX), UATOM, 13).unwrap();
    assert_eq!(world.supplied(ALICE, UATOM), 5);
    assert_eq!(world.supplied((ALICE, 7), UATOM), 11);
    assert_eq!(world.supplied((ALICE, u32::MAX), UATOM), 13);
    assert_eq!(world.supplied((ALICE, 1), UATOM), 0);
}

#[test]
fn deposit_into_a_ninth_slot_is_refused() {
    let denoms: Vec<String> = (1..=9).map(|n| format!("utoken{n}")).collect();
    let mut world = World::builder().assets(denoms.iter().map(|denom| Asset::new(denom, 6, "1"))).build();
    for denom in &denoms[..8] {
        world.deposit(ALICE, denom, 5).unwrap();
    }
    refuses(&mut world, "account has 8 collaterals already", |world| world.deposit(ALICE, &denoms[8], 5));
    // The eight are still open, another account too, and a slot that empties makes room.
    world.deposit(ALICE, &denoms[0], 5).unwrap();
    world.deposit((ALICE, 1), &denoms[8], 5).unwrap();
    world.withdraw_all(ALICE, &denoms[3]).unwrap();
    world.deposit(ALICE, &denoms[8], 5).unwrap();
}

#[test]
fn deposit_up_to_the_supply_cap_and_no_further() {
    let mut world = World::builder().edit(UATOM, |asset| asset.params.supply_cap = Amount::new(1_000)).build();
    world.deposit(ALICE, UATOM, 400).unwrap();
    let text = "supply cap of uatom is 1000, a deposit of 601 finds 400 supplied";
    refuses(&mut world, text, |world| world.deposit(BOB, UATOM, 601));
    world.deposit(BOB, UATOM, 600).unwrap();
    let text = "supply cap of uatom is 1000, a deposit of 1 finds 1000 supplied";
    refuses(&mut world, text, |world| world.deposit(ALICE, UATOM, 1));
}

#[test]
fn deposit_while_stopped_is_refused_save_to_rescue_an_indebted_account() {
    // At 4 USD she needs 250 ATOM for her 700 USD of debt.
    let mut world = indebted(700_000_000);
    world.deposit(BOB, UATOM, 5).unwrap();
    world.deposit(ALICE, AETH, 1_000).unwrap();
    world.enable(ALICE, AETH, false).unwrap();
    world.set_price(UATOM, "4");
    world.update_asset(UATOM, AssetChanges { supply_cap: Some(Amount::new(1)), ..Default::default() }).unwrap();
    for denom in [UATOM, AETH, IBC_TOKEN] {
        stop_deposits(&mut world, denom);
    }

    // Past the stop and past the cap, her own hand and a stranger's.
    world.deposit(ALICE, UATOM, 50_000_000).unwrap();
    deposit_for(&mut world, BOB, ALICE, coin(50_000_000, UATOM)).unwrap();
    assert_eq!(world.supplied(ALICE, UATOM), 200_000_000);

    refuses(&mut world, "deposit of uatom is stopped", |world| world.deposit(BOB, UATOM, 5)); // no debt
    refuses(&mut world, "deposit of aeth is stopped", |world| world.deposit(ALICE, AETH, 5)); // disabled
    let text = format!("deposit of {IBC_TOKEN} is stopped");
    refuses(&mut world, &text, |world| world.deposit(ALICE, IBC_TOKEN, 5)); // a new slot
    refuses(&mut world, "deposit of uatom is stopped", |world| world.deposit((ALICE, 1), UATOM, 5)); // another account
    world.deposit(ALICE, UUSD, 5).unwrap(); // not stopped

    // The debt repaid, it is a deposit like any other.
    world.repay(ALICE, UUSD, 700_000_000).unwrap();
    refuses(&mut world, "deposit of uatom is stopped", |world| world.deposit(ALICE, UATOM, 5));
}

#[test]
fn deposit_past_the_cap_rescues_only_enabled_collateral_of_an_indebted_account() {
    let mut world = indebted(700_000_000);
    world.deposit(ALICE, AETH, 1_000).unwrap();
    world.enable(ALICE, AETH, false).unwrap();
    world.set_price(UATOM, "9");
    for denom in [UATOM, AETH] {
        world.update_asset(denom, AssetChanges { supply_cap: Some(Amount::new(7)), ..Default::default() }).unwrap();
    }
    world.deposit(ALICE, UATOM, 5).unwrap();
    let text = "supply cap of aeth is 7, a deposit of 5 finds 1000000000000000000001000 supplied";
    refuses(&mut world, text, |world| world.deposit(ALICE, AETH, 5));
    let text = "supply cap of uatom is 7, a deposit of 5 finds 1000100000005 supplied";
    refuses(&mut world, text, |world| world.deposit(LENDER, UATOM, 5));
}

/// A market of 1,000 USD, of which Alice owes this much when her 150 ATOM fall to a cent and are taken, a block ago.
fn after_a_loss(borrowed: u128) -> World {
    let mut world = World::builder().edit(UATOM, |asset| asset.params.sale_cost = Some(ratio("0.02"))).build();
    world.allow_full_utilization(UUSD).unwrap();
    world.deposit(LENDER, UUSD, 1_000_000_000).unwrap();
    world.deposit(ALICE, UATOM, 150_000_000).unwrap();
    world.borrow(ALICE, UUSD, borrowed).unwrap();
    world.set_price(UATOM, "0.01");
    world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 10_000_000)).unwrap();
    assert_eq!(world.market(UUSD).debt, Amount::ZERO);
    world.advance_fresh(5);
    world
}

#[test]
fn deposit_after_a_total_loss_is_refused() {
    // All that is left is what the collateral paid for: 1.5 USD / 1.02, rounded up.
    let mut world = after_a_loss(1_000_000_000);
    let text = "market: share price is below its floor: 1000000000000000 shares for a supply of 1470589";
    refuses(&mut world, text, |world| world.deposit(BOB, UUSD, 1_000_000));
    // What is left can be withdrawn.
    let lender = world.balance(LENDER, UUSD);
    world.withdraw_all(LENDER, UUSD).unwrap();
    assert!(world.balance(LENDER, UUSD) - lender >= 1_470_588);
}

#[test]
fn deposit_after_a_loss_that_leaves_more_than_a_hundredth_is_taken_at_the_lower_price() {
    let mut world = after_a_loss(980_000_000);
    // 20 + 1.470589 USD for 10¹⁵ shares: 5 USD buy 5/21.47 of them.
    world.deposit(BOB, UUSD, 5_000_000).unwrap();
    let shares = 5_000_000 * (1_000_000_000_000_000 + 1_000_000) / (21_470_589 + 1);
    assert_eq!(world.account(BOB).collaterals[0].shares.raw(), shares);
}

#[test]
fn deposit_worth_no_share_is_refused() {
    let rate_model = RateModel::Kinked(Kinked {
        optimal_utilization_rate: Ratio::percent(80),
        base: Rate::percent(1_000),
        slope_1: Rate::ZERO,
        slope_2: Rate::ZERO,
    });
    let world = World::builder().edit(UUSD, |asset| asset.params.rate_model = rate_model);
    let mut world = world.edit(UUSD, |asset| asset.params.supply_cap = CAP_MAX).build();
    world.deposit(LENDER, UUSD, 1_000_000_000).unwrap();
    world.deposit(ALICE, UATOM, 1_000_000_000).unwrap();
    world.allow_full_utilization(UUSD).unwrap();
    world.borrow(ALICE, UUSD, 999_000_000).unwrap();
    // Ten times a year in one touch is × (1 + 10 + 50 + 166.6); three of them make a share worth more than a unit.
    for _ in 0..3 {
        world.advance(365 * 86_400);
        world.withdraw(LENDER, UUSD, 1).unwrap();
    }
    refuses(&mut world, "market: 1 is worth no share", |world| world.deposit(BOB, UUSD, 1));
    world.deposit(BOB, UUSD, 1_000_000_000).unwrap();
    assert_solvent(&world);
}

#[test]
fn deposit_with_a_dead_oracle_works() {
    let mut world = indebted(700_000_000);
    world.advance(86_400);
    world.deposit(BOB, UATOM, 5).unwrap();
    assert_eq!(world.supplied(BOB, UATOM), 5);
    assert!(world.account(BOB).collaterals[0].enabled, "without debt no price is asked for");
}

#[test]
fn deposit_of_a_token_whose_price_fails_is_no_shield_for_an_indebted_account() {
    // 100 ATOM at 7 against 700: liquidatable. The ibc token's feed is dead, so it would count at its hard bound of 5,000 a piece.
    let mut world = indebted(700_000_000);
    world.deposit((BOB, 0), IBC_TOKEN, 5_000_000).unwrap();
    world.advance(3_601);
    world.set_prices(&[(UATOM, "7"), (UUSD, "1")]);
    assert!(world.position(ALICE).liquidatable);
    world.deposit(ALICE, IBC_TOKEN, 5_000_000).unwrap();
    assert!(!world.account(ALICE).collaterals[1].enabled, "the slot opens, and does not count");
    assert!(world.position(ALICE).liquidatable);
    let text = "price of ibc/27394FB092D2ECCD56123C74F36E4C1F926001CEADA9CA97EA622B25F41E5EB2: price is 3601 s old, at most \
                3600 s are allowed";
    refuses(&mut world, text, |world| world.enable(ALICE, IBC_TOKEN, true));
    world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 100_000_000)).unwrap();

    // Nor is what counted before its feed died topped up, by the owner or by anyone else; what doesn't count may be.
    let mut world = indebted(400_000_000);
    world.deposit(ALICE, IBC_TOKEN, 1).unwrap();
    world.advance(3_601);
    world.set_prices(&[(UATOM, "7"), (UUSD, "1")]);
    refuses(&mut world, text, |world| world.deposit(ALICE, IBC_TOKEN, 5_000_000));
    refuses(&mut world, text, |world| {
        let owner = Some(world.addr(ALICE).into_string());
        let msg = ExecuteMsg::Deposit(OnBehalf { account_id: None, on_behalf_of: owner });
        world.execute(BOB, &msg, &[coin(5_000_000, IBC_TOKEN)])
    });
    world.refresh_prices();
    world.enable(ALICE, IBC_TOKEN, false).unwrap();
    world.advance(3_601);
    world.deposit(ALICE, IBC_TOKEN, 5_000_000).unwrap();
}

#[test]
fn deposit_after_a_donation_is_as_without_it() {
    let mut world = indebted(700_000_000);
    world.advance_fresh(86_400);
    let before = world.snapshot();
    let outcome = |world: &mut World| {
        world.deposit(BOB, UUSD, 1_234_567).unwrap();
        (world.account(BOB), world.position(ALICE), world.market(UUSD), world.rates(UUSD))
    };
    let without = outcome(&mut world);
    let books = world.solvency(UUSD);
    world.restore(&before);
    let pool = world.pool().clone();
    world.send(OWNER, &pool, &[coin(9_000_000_000, UUSD)]).unwrap();
    assert_eq!(outcome(&mut world), without);
    let donated = world.solvency(UUSD);
    assert_eq!(donated.bank_balance.raw() - books.bank_balance.raw(), 9_000_000_000);
    assert_eq!((donated.cash, donated.supply, donated.claims), (books.cash, books.supply, books.claims));
}

#[test]
fn deposit_of_long_denoms_and_of_18_decimals_works() {
    let mut assets = Asset::defaults();
    assets.push(Asset::new(FACTORY_TOKEN, 6, "3"));
    let mut world = World::builder().assets(assets).build();
    assert_eq!(IBC_TOKEN.len(), 68);
    for (denom, amount) in [(IBC_TOKEN, 1), (FACTORY_TOKEN, 3), (AETH, 5_000_000_000_000_000_000_000)] {
        world.deposit(ALICE, denom, amount).unwrap();
        assert_eq!(world.supplied(ALICE, denom), amount);
    }
    assert_eq!(world.account(ALICE).collaterals.len(), 3);
}

/// Whoever knows of a loss leaves before it is booked. Coming back waits for the next block: in the one of the
/// write-off nobody deposits, alone, in a batch, for others, or to rescue an account; in other markets everybody does.
#[test]
fn deposit_in_the_block_of_a_write_off_is_refused() {
    let mut world = World::builder().lent(1_000).build();
    world.deposit(BOB, UUSD, 9_000_000_000).unwrap();
    world.deposit(ALICE, UATOM, 90_000_000).unwrap();
    world.borrow(ALICE, UUSD, 600_000_000).unwrap();
    world.deposit((LENDER, 1), UUSD, 10_000_000).unwrap();
    world.borrow((LENDER, 1), UATOM, 700_000).unwrap();
    world.set_price(UATOM, "0.01");
    world.withdraw(BOB, UUSD, 9_000_000_000).unwrap();
    world.write_off(BOB, ALICE).unwrap();
    let text = "market: a debt was written off in this block: deposits are taken from the next on";
    refuses(&mut world, text, |world| world.deposit(BOB, UUSD, 9_000_000_000));
    refuses(&mut world, text, |world| world.deposit((LENDER, 1), UUSD, 5));
    refuses(&mut world, text, |world| deposit_for(world, BOB, (LENDER, 1), coin(5, UUSD)));
    let action = BatchAction::Deposit(FromPurse { coin: coin(5, UUSD), account_id: None, on_behalf_of: None });
    refuses(&mut world, text, |world| world.batch(BOB, [action], &[coin(5, UUSD)]));
    world.deposit(BOB, AETH, 5).unwrap();
    // The collateral's market has written nothing off.
    world.deposit(BOB, UATOM, 5).unwrap();
    world.advance(1);
    world.deposit(BOB, UUSD, 9_000_000_000).unwrap();
    assert_solvent(&world);
}
