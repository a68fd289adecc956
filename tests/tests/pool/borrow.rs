//! `borrow`.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests: names say what is tested, and a failed setup is a failure"
)]

use crate::support::{assert_solvent, indebted, refuses, takes_no_funds};
use plimsoll_pool::state::{ACCOUNTS, DEBTORS};
use plimsoll_risk::account::{Account, Debt};
use plimsoll_risk::params::AssetId;
use plimsoll_risk::price::PriceRecord;
use plimsoll_risk::units::{Amount, Ratio, ScaledDebt};
use plimsoll_schema::oracle::PRICE_RECORDS;
use plimsoll_schema::pool::{AmountOrMax, AssetChanges, BatchAction, Borrow, ExecuteMsg};
use plimsoll_testing::{AETH, ALICE, Asset, BOB, FEEDERS, GUARDIAN, IBC_TOKEN, LENDER, UATOM, UUSD, World, values};

fn message(denom: &str, amount: u128, recipient: Option<&str>) -> ExecuteMsg {
    let denom = denom.to_owned();
    let amount = Amount::new(amount);
    ExecuteMsg::Borrow(Borrow {
        denom,
        amount: amount.into(),
        recipient: recipient.map(str::to_owned),
        account_id: None,
        on_behalf_of: None,
    })
}

#[test]
fn borrow_to_max_ltv_works_and_one_more_fails() {
    let mut world = World::builder().lent(1_000_000).build();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    let text = "debt of 700.000001 would be above the borrow limit of 700";
    refuses(&mut world, text, |world| world.borrow(ALICE, UUSD, 700_000_001));
    let alice = world.balance(ALICE, UUSD);
    let pool = world.pool().clone();
    let response = world.borrow(ALICE, UUSD, 700_000_000).unwrap();

    assert_eq!(world.balance(ALICE, UUSD), alice + 700_000_000);
    assert_eq!(world.balance(&pool, UUSD), 1_000_000_000_000 - 700_000_000);
    assert_eq!(world.owed(ALICE, UUSD), 700_000_000);
    assert_eq!(world.market(UUSD).supply.raw(), 1_000_000_000_000);
    assert!(world.query_raw(&pool, DEBTORS.key((&world.addr(ALICE), 0))).is_some());
    assert_eq!(values(&response, "account"), [format!("{}/0", world.addr(ALICE))]);
    assert_eq!(values(&response, "denom"), [UUSD]);
    assert_eq!(values(&response, "amount"), ["700000000"]);
    let text = "debt of 700.000001 would be above the borrow limit of 700";
    refuses(&mut world, text, |world| world.borrow(ALICE, UUSD, 1));
}

#[test]
fn borrow_against_several_collaterals_for_several_debts_adds_them_up() {
    let mut world = World::builder().edit(AETH, |asset| *asset = asset.clone().interest_free()).lent(1_000_000).build();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap(); // 1,000 USD at 70 %
    world.deposit(ALICE, IBC_TOKEN, 40_000_000).unwrap(); // 200 USD at 60 %
    world.borrow(ALICE, AETH, 200_000_000_000_000_000).unwrap(); // 400 USD
    let text = "debt of 820.000001 would be above the borrow limit of 820";
    refuses(&mut world, text, |world| world.borrow(ALICE, UUSD, 420_000_001));
    world.borrow(ALICE, UUSD, 420_000_000).unwrap();
    // A millionth of a millionth of a millionth of a token is too much now.
    let text = "debt of 820.000000000000002 would be above the borrow limit of 820";
    refuses(&mut world, text, |world| world.borrow(ALICE, AETH, 1));
}

#[test]
fn borrow_without_collateral_is_refused() {
    let mut world = World::builder().lent(1_000).build();
    let text = "debt of 10 would be above the borrow limit of 0";
    refuses(&mut world, text, |world| world.borrow(ALICE, UUSD, 10_000_000));
}

#[test]
fn borrow_against_a_disabled_deposit_is_refused() {
    let mut world = World::builder().lent(1_000).build();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    world.enable(ALICE, UATOM, false).unwrap();
    let text = "debt of 10 would be above the borrow limit of 0";
    refuses(&mut world, text, |world| world.borrow(ALICE, UUSD, 10_000_000));
}

#[test]
fn borrow_against_another_account_of_the_same_owner_is_refused() {
    let mut world = World::builder().lent(1_000).build();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    let text = "debt of 10 would be above the borrow limit of 0";
    refuses(&mut world, text, |world| world.borrow((ALICE, 1), UUSD, 10_000_000));
    world.borrow(ALICE, UUSD, 10_000_000).unwrap();
    assert_eq!(world.owed((ALICE, 1), UUSD), 0);
}

#[test]
fn borrow_of_the_denom_of_ones_own_collateral_disables_that_slot() {
    let mut world = World::builder().lent(1_000_000).build();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    world.deposit(ALICE, UUSD, 1_000_000_000).unwrap();
    // 700 from the ATOM; the 1,000 USD deposited carry nothing of a debt in USD.
    let text = "debt of 700.000001 would be above the borrow limit of 700";
    refuses(&mut world, text, |world| world.borrow(ALICE, UUSD, 700_000_001));
    world.borrow(ALICE, UUSD, 10_000_000).unwrap();
    let position = world.position(ALICE);
    let enabled: Vec<_> = position.collaterals.iter().map(|c| (c.denom.as_str(), c.enabled)).collect();
    assert_eq!(enabled, [(UATOM, true), (UUSD, false)]);
    assert_eq!(position.borrow_limit_value.unwrap().to_string(), "700");
}

#[test]
fn borrow_of_the_only_collateral_is_refused() {
    let mut world = World::builder().lent(1_000).build();
    world.deposit(ALICE, UUSD, 1_000_000_000).unwrap();
    let text = "debt of 10 would be above the borrow limit of 0";
    refuses(&mut world, text, |world| world.borrow(ALICE, UUSD, 10_000_000));
}

#[test]
fn borrow_takes_collateral_at_the_low_edge_and_debt_at_the_high_edge() {
    let slow = |asset: &mut Asset| {
        asset.guards.max_deviation = Ratio::percent(10);
        asset.guards.step_interval = 3_600;
    };
    let mut world = World::builder().edit(UATOM, slow).edit(UUSD, slow).lent(1_000_000).build();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    for feeder in FEEDERS {
        world.feed(feeder, &[(UATOM, "5"), (UUSD, "1.25")]).unwrap();
    }
    // The settled prices move a tenth in an hour, to 9 and 1.1; the edges are where the feeders are at once.
    let text = "debt of 350.00000125 would be above the borrow limit of 350";
    refuses(&mut world, text, |world| world.borrow(ALICE, UUSD, 280_000_001));
    world.advance(3_600);
    assert_eq!(world.settled_price(UATOM).to_string(), "9");
    let text = "debt of 350.00000125 would be above the borrow limit of 350";
    refuses(&mut world, text, |world| world.borrow(ALICE, UUSD, 280_000_001));
    world.borrow(ALICE, UUSD, 280_000_000).unwrap();
    assert_eq!(world.position(ALICE).debt_value.to_string(), "308");
}

#[test]
fn borrow_takes_the_edges_that_age_has_widened() {
    let widening = |asset: &mut Asset| asset.guards.age_spread = Ratio::percent(20);
    let mut world = World::builder().edit(UATOM, widening).edit(UUSD, widening).lent(1_000_000).build();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    // Half of an hour: a tenth. 100 ATOM at 9 USD and 70 % are 630; what is borrowed counts at 1.1.
    world.advance(1_800);
    let text = "debt of 630.0000003 would be above the borrow limit of 630";
    refuses(&mut world, text, |world| world.borrow(ALICE, UUSD, 572_727_273));
    world.borrow(ALICE, UUSD, 572_727_272).unwrap();
}

#[test]
fn borrow_below_the_least_debt_is_refused() {
    let mut world = World::builder().lent(1_000).build();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    let text = "debt of uusd would be worth 4.999999, at least 5 is asked";
    refuses(&mut world, text, |world| world.borrow(ALICE, UUSD, 4_999_999));
    let text = "debt of uusd would be worth 0.000001, at least 5 is asked";
    refuses(&mut world, text, |world| world.borrow(ALICE, UUSD, 1));
    world.borrow(ALICE, UUSD, 5_000_000).unwrap();
    // What counts is the debt in that denom, not the loan; each denom for itself.
    world.borrow(ALICE, UUSD, 1).unwrap();
    // With the minute's interest of 380 × 10⁻¹⁸ tokens.
    let text = "debt of aeth would be worth 4.00000000000076, at least 5 is asked";
    refuses(&mut world, text, |world| world.borrow(ALICE, AETH, 2_000_000_000_000_000));
}

#[test]
fn borrow_of_more_than_the_cash_is_refused() {
    let mut world = World::new();
    world.deposit(LENDER, UUSD, 80_000_000).unwrap();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    let text = "insufficient liquidity: wanted 120000000 uusd, available 80000000";
    refuses(&mut world, text, |world| world.borrow(ALICE, UUSD, 120_000_000));
    let text = "insufficient liquidity: wanted 340282366920938463463374607431768211455 uusd, available 80000000";
    refuses(&mut world, text, |world| world.borrow(ALICE, UUSD, u128::MAX));
    world.allow_full_utilization(UUSD).unwrap();
    world.borrow(ALICE, UUSD, 80_000_000).unwrap();
    assert_solvent(&world);
}

#[test]
fn borrow_of_a_donation_is_refused() {
    let mut world = World::new();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    let pool = world.pool().clone();
    world.send(BOB, &pool, &[plimsoll_testing::coin(1_000_000_000, UUSD)]).unwrap();
    let text = "insufficient liquidity: wanted 10000000 uusd, available 0";
    refuses(&mut world, text, |world| world.borrow(ALICE, UUSD, 10_000_000));
}

#[test]
fn borrow_up_to_the_borrow_cap_and_no_further() {
    let mut world = World::builder().lent(1_000_000).build();
    world
        .update_asset(UUSD, AssetChanges { borrow_cap: Some(Amount::new(150_000_000)), ..Default::default() })
        .unwrap();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    world.deposit(BOB, UATOM, 100_000_000).unwrap();
    world.borrow(ALICE, UUSD, 100_000_000).unwrap();
    let text = "borrow cap of uusd is 150000000, 150000001 would be owed";
    refuses(&mut world, text, |world| world.borrow(BOB, UUSD, 50_000_001));
    world.borrow(BOB, UUSD, 50_000_000).unwrap();
    let text = "borrow cap of uusd is 150000000, 150000001 would be owed";
    refuses(&mut world, text, |world| world.borrow(ALICE, UUSD, 1));
}

#[test]
fn borrow_while_stopped_is_refused() {
    let mut world = indebted(100_000_000);
    let stop = ExecuteMsg::Pause { denom: Some(UUSD.to_owned()), deposit: false, borrow: true, flash_loan: false };
    world.execute(GUARDIAN, &stop, &[]).unwrap();
    refuses(&mut world, "borrow of uusd is stopped", |world| world.borrow(ALICE, UUSD, 10_000_000));
    world.borrow(ALICE, AETH, 10_000_000_000_000_000).unwrap();
}

#[test]
fn borrow_of_zero_is_refused() {
    refuses(&mut indebted(100_000_000), "amount of uusd is zero", |world| world.borrow(ALICE, UUSD, 0));
}

#[test]
fn borrow_of_an_unlisted_denom_is_refused() {
    refuses(&mut indebted(100_000_000), "'ushell' is not listed", |world| world.borrow(ALICE, "ushell", 5));
}

#[test]
fn borrow_with_funds_is_refused() {
    takes_no_funds(&mut indebted(100_000_000), ALICE, &message(UUSD, 10_000_000, None));
}

#[test]
fn borrow_for_a_recipient_pays_him_and_the_debt_is_the_senders() {
    let mut world = indebted(100_000_000);
    let alice = world.balance(ALICE, UUSD);
    let bob = world.balance(BOB, UUSD);
    let recipient = world.addr(BOB);
    let response = world.execute(ALICE, &message(UUSD, 7, Some(recipient.as_str())), &[]).unwrap();
    assert_eq!((world.balance(ALICE, UUSD), world.balance(BOB, UUSD)), (alice, bob + 7));
    assert_eq!((world.owed(ALICE, UUSD), world.owed(BOB, UUSD)), (100_000_007, 0));
    assert_eq!(values(&response, "recipient"), [recipient.as_str()]);
    let text = "'bob' is not an address of this chain";
    refuses(&mut world, text, |world| world.execute(ALICE, &message(UUSD, 7, Some("bob")), &[]));
}

#[test]
fn borrow_counts_a_silent_collateral_as_nothing_and_is_refused_with_a_silent_debt() {
    let mut world = indebted(100_000_000);
    world.deposit(ALICE, AETH, 1_000_000_000_000_000_000).unwrap();
    world.advance(3_601);
    let all = [(UUSD, "1"), (UATOM, "10"), (AETH, "2000")];
    let before = world.snapshot();
    // 1,000 USD of ATOM at 70 %, 2,000 of ETH at 75 %.
    for (silent, text) in [
        (UUSD, "price of uusd: price is 3601 s old, at most 3600 s are allowed"),
        (UATOM, "debt of 1500.000001 would be above the borrow limit of 1500"),
        (AETH, "debt of 1500.000001 would be above the borrow limit of 700"),
    ] {
        world.restore(&before);
        let fresh: Vec<_> = all.into_iter().filter(|(denom, _)| *denom != silent).collect();
        world.set_prices(&fresh);
        // The hour's interest: 100 x 0.04 x 100 / 1,000,000 / 0.8 a year is less than a base unit; it rounds up to one.
        let rounded = world.owed(ALICE, UUSD) - 100_000_000;
        refuses(&mut world, text, |world| world.borrow(ALICE, UUSD, 1_400_000_001 - rounded));
    }
    // A deposit that counts for nothing needs no price.
    world.restore(&before);
    world.set_prices(&all);
    world.enable(ALICE, AETH, false).unwrap();
    world.advance(3_601);
    world.set_prices(&[(UUSD, "1"), (UATOM, "10")]);
    world.borrow(ALICE, UUSD, 10_000_000).unwrap();
}

#[test]
fn borrow_with_a_missing_or_unreadable_price_of_the_debt_is_refused_and_of_a_collateral_counts_nothing() {
    let mut world = indebted(100_000_000);
    let oracle = world.oracle().clone();
    for (denom, text) in [(UUSD, None), (UATOM, Some("debt of 110 would be above the borrow limit of 0"))] {
        let record = world.price_record(denom);
        let missing = PriceRecord { awaiting: true, ..record.clone() };
        let newer = PriceRecord { version: 9, ..record.clone() };
        let newer_text = "price record has version 9, this code reads 2";
        for (faulty, fault) in [(missing, "no price is published"), (newer, newer_text)] {
            PRICE_RECORDS.save(&mut *world.storage_mut(&oracle), denom, &faulty).unwrap();
            let text = text.map_or_else(|| format!("price of {denom}: {fault}"), str::to_owned);
            refuses(&mut world, &text, |world| world.borrow(ALICE, UUSD, 10_000_000));
        }
        world.storage_mut(&oracle).set(&PRICE_RECORDS.key(denom), &[1, 2, 3]);
        let text = text.map_or_else(|| format!("price of {denom}: no price is published"), str::to_owned);
        refuses(&mut world, &text, |world| world.borrow(ALICE, UUSD, 10_000_000));
        PRICE_RECORDS.save(&mut *world.storage_mut(&oracle), denom, &record).unwrap();
    }
    world.borrow(ALICE, UUSD, 10_000_000).unwrap();
}

#[test]
fn borrow_against_an_asset_of_no_loan_to_value_needs_no_price_of_it() {
    let mut world = World::builder().edit(AETH, |asset| *asset = asset.clone().with_ltv(0, 0)).lent(1_000_000).build();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    world.deposit(ALICE, AETH, 1_000_000_000_000_000_000).unwrap();
    world.advance(3_601);
    world.set_prices(&[(UUSD, "1"), (UATOM, "10")]);
    let text = "debt of 700.000001 would be above the borrow limit of 700";
    refuses(&mut world, text, |world| world.borrow(ALICE, UUSD, 700_000_001));
    world.borrow(ALICE, UUSD, 700_000_000).unwrap();
}

#[test]
fn borrow_of_a_ninth_denom_is_refused() {
    let denoms: Vec<String> = (1..=10).map(|n| format!("utoken{n}")).collect();
    let assets = denoms.iter().map(|denom| Asset::new(denom, 6, "1"));
    let mut world = World::builder().assets(assets).build();
    for (id, denom) in (0..).zip(&denoms) {
        world.deposit((LENDER, id), denom, 1_000_000_000).unwrap();
    }
    world.deposit(ALICE, &denoms[0], 1_000_000_000).unwrap();
    for denom in &denoms[1..9] {
        world.borrow(ALICE, denom, 10_000_000).unwrap();
    }
    refuses(&mut world, "account has 8 debts already", |world| world.borrow(ALICE, &denoms[9], 10_000_000));
    world.borrow(ALICE, &denoms[1], 10_000_000).unwrap();
    world.repay(ALICE, &denoms[4], 10_000_000).unwrap();
    world.borrow(ALICE, &denoms[9], 10_000_000).unwrap();
}

#[test]
fn borrow_after_interest_owes_at_least_what_was_paid_out() {
    let mut world = indebted(100_000_000);
    for step in 0..40u128 {
        world.advance_fresh(86_400 * 5 + 7);
        world.deposit(BOB, UATOM, 100_000_000).unwrap();
        let before = world.owed(BOB, UUSD);
        let amount = 5_000_000 + step * 104_729;
        world.borrow(BOB, UUSD, amount).unwrap();
        let more = world.owed(BOB, UUSD) - before;
        // Debt rounds up, by a base unit at most.
        assert!(more + 1 >= amount && more <= amount + 1, "{more} for {amount}");
        if before == 0 {
            assert!(more >= amount);
        }
    }
    assert_solvent(&world);
}

#[test]
fn borrow_by_an_account_that_names_an_unknown_market_is_refused() {
    // No message leads there; a record from elsewhere must not be taken for a healthy one.
    let mut world = World::builder().lent(1_000).build();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    let pool = world.pool().clone();
    let alice = world.addr(ALICE);
    let debts = vec![Debt { asset: AssetId(99), scaled: ScaledDebt::new(1) }];
    let account = Account { debts, ..world.account(ALICE) };
    ACCOUNTS.save(&mut *world.storage_mut(&pool), (&alice, 0), &account).unwrap();
    refuses(&mut world, "asset 99 is not listed", |world| world.borrow(ALICE, UUSD, 10_000_000));
}

/// 96 of 100 would be lent out. Of 95 the interest of the first minute is a millionth and a half of a year's 79 %, nine
/// tenths of it for lenders.
#[test]
fn borrow_up_to_the_most_utilization_and_no_further() {
    let mut world = World::new();
    world.deposit(LENDER, UUSD, 100_000_000).unwrap();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    let error = world.refused(|world| world.borrow(ALICE, UUSD, 96_000_000)).to_string();
    let (start, end) = error.split_once(", ").unwrap();
    assert!(start.starts_with("utilization of uusd would be 0.960000"), "{error}");
    assert_eq!(end, "at most 0.95 is allowed after a borrow");
    let most = world.max_borrow(ALICE, UUSD);
    assert!((94_999_000..95_000_000).contains(&most), "{most}");
    world.refused(|world| world.borrow(ALICE, UUSD, most + 1));
    world.borrow(ALICE, UUSD, most).unwrap();
    // What interest and lenders who leave bring it to is nobody's fault: repaying and leaving go on.
    world.withdraw(LENDER, UUSD, 4_000_000).unwrap();
    world.repay(ALICE, UUSD, 1_000_000).unwrap();
    world.refused(|world| world.borrow(ALICE, UUSD, 1));
    assert_solvent(&world);
}

#[test]
fn borrow_in_a_batch_is_held_to_the_most_utilization() {
    let mut world = World::new();
    world.deposit(LENDER, UUSD, 100_000_000).unwrap();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    let borrow = Borrow {
        denom: UUSD.to_owned(),
        amount: Amount::new(96_000_000).into(),
        recipient: None,
        account_id: None,
        on_behalf_of: None,
    };
    let error = world.refused(|world| world.batch(ALICE, [BatchAction::Borrow(borrow)], &[])).to_string();
    assert!(error.contains("at most 0.95 is allowed after a borrow"), "{error}");
}

/// 900,000 of a million lent at 54 % owe 900,000 × 0.54 / 525,600 = 0.924657 for the first minute, though they are
/// repaid at once.
#[test]
fn borrow_owes_the_interest_of_a_minute_at_once() {
    let mut world = World::builder().lent(1_000_000).build();
    world.deposit(ALICE, UATOM, 200_000_000_000).unwrap();
    let response = world.borrow(ALICE, UUSD, 900_000_000_000).unwrap();
    assert_eq!((values(&response, "amount"), values(&response, "interest")), (vec!["900000000000"], vec!["924657"]));
    assert_eq!(world.owed(ALICE, UUSD), 900_000_924_657);
    let market = world.market(UUSD);
    assert_eq!((market.reserves.raw(), market.supply.raw()), (92_465, 1_000_000_924_657 - 92_465));
    let refused = world.refused(|world| world.borrow(ALICE, UUSD, 60_000_000_000)).to_string();
    assert!(refused.starts_with("utilization of uusd would be 0.96"), "{refused}");
    let coins = world.balance(ALICE, UUSD);
    world.repay(ALICE, UUSD, 1_000_000_000_000).unwrap();
    assert_eq!(coins - world.balance(ALICE, UUSD), 900_000_924_657);
    assert_eq!(world.supplied(LENDER, UUSD), 1_000_000_924_657 - 92_465 - 1);
    assert_solvent(&world);
}

#[test]
fn borrow_of_max_takes_what_max_borrow_says_and_one_more_is_refused() {
    for batched in [false, true] {
        let mut world = World::builder().lent(1_000_000).build();
        world.deposit(ALICE, UATOM, 100_000_000).unwrap();
        let most = world.max_borrow(ALICE, UUSD);
        let order = Borrow {
            denom: UUSD.to_owned(),
            amount: AmountOrMax::Max,
            recipient: None,
            account_id: None,
            on_behalf_of: None,
        };
        let alone = ExecuteMsg::Borrow(order.clone());
        let batch = ExecuteMsg::Batch { actions: vec![BatchAction::Borrow(order)], callback: None };
        let msg = if batched { batch } else { alone };
        let response = world.execute(ALICE, &msg, &[]).unwrap();
        assert_eq!(values(&response, "amount"), [most.to_string()]);
        refuses(&mut world, "nothing of uusd can be borrowed", |world| world.execute(ALICE, &msg, &[]));
        assert!(world.borrow(ALICE, UUSD, 1).is_err());
    }
}
