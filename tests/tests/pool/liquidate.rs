//! `liquidate`: who may, and how much. To whom stands in `liquidate_receive.rs`, at which prices in
//! `liquidate_prices.rs`, what is lost with it in `liquidate_loss.rs`.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests: names say what is tested, and a failed setup is a failure"
)]

use crate::support::{
    FACTORY_TOKEN, Order, assert_solvent, fallen, indebted, mint_wide, refuses, takes_exactly_one_coin, too_wide,
};
use cosmwasm_std::Coin;
use cosmwasm_std::testing::{message_info, mock_dependencies, mock_env};
use plimsoll_pool::contract;
use plimsoll_risk::rates::{Kinked, RateModel};
use plimsoll_risk::units::{Amount, Rate, Ratio, Value};
use plimsoll_schema::pool::{AssetChanges, Config, ExecuteMsg, Receive};
use plimsoll_testing::{
    AETH, ALICE, Asset, BOB, GUARDIAN, IBC_TOKEN, LENDER, LIQUIDATOR, UATOM, UUSD, World, coin, price, ratio, values,
};

#[test]
fn liquidate_repays_to_the_target_health_factor_and_returns_the_rest() {
    let mut world = fallen();
    let pool = world.pool().clone();
    let uusd = world.balance(LIQUIDATOR, UUSD);
    let uatom = world.balance(LIQUIDATOR, UATOM);
    let cash_uusd = world.balance(&pool, UUSD);
    let cash_uatom = world.balance(&pool, UATOM);
    let response = world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 640_000_000)).unwrap();

    assert_eq!(world.balance(LIQUIDATOR, UUSD), uusd - 320_000_000);
    assert_eq!(world.balance(LIQUIDATOR, UATOM), uatom + 43_600_000);
    assert_eq!(world.balance(&pool, UUSD), cash_uusd + 320_000_000);
    assert_eq!(world.balance(&pool, UATOM), cash_uatom - 43_600_000);
    assert_eq!((world.owed(ALICE, UUSD), world.supplied(ALICE, UATOM)), (320_000_000, 56_000_000));
    assert_eq!(world.position(ALICE).health_factor.unwrap().to_string(), "1.05");
    let market = world.market(UATOM);
    assert_eq!((market.reserves.raw(), market.supply.raw()), (400_000, 1_000_056_000_000));
    assert_solvent(&world);

    for (key, value) in [
        ("action", "liquidate"),
        ("account", &format!("{}/0", world.addr(ALICE))),
        ("liquidator", world.addr(LIQUIDATOR).as_str()),
        ("debt_denom", UUSD),
        ("collateral_denom", UATOM),
        ("repaid", "320000000"),
        ("seized", "44000000"),
        ("fee", "400000"),
        ("bonus", "0.1"),
        ("paid", "43600000"),
        ("shares", "0"),
    ] {
        assert_eq!(values(&response, key), [value], "{key}");
    }
    assert!(values(&response, "written_off").is_empty());
}

#[test]
fn liquidate_pays_a_bonus_between_the_least_and_the_most() {
    // 8.84: carried 663 of 680, health factor 0.975, half way down to 0.95: 2 % + half of 8 %. (714 − 663) / (1.05 − 0.75 × 1.06) =
    // 51 / 0.255 = 200 USD, for which 212 USD of ATOM are seized: 23.98190045… rounded down.
    let mut world = indebted(680_000_000);
    world.set_price(UATOM, "8.84");
    let uatom = world.balance(LIQUIDATOR, UATOM);
    let response = world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 680_000_000)).unwrap();
    assert_eq!(values(&response, "bonus"), ["0.06"]);
    assert_eq!(values(&response, "repaid"), ["200000000"]);
    assert_eq!(values(&response, "seized"), ["23981900"]);
    // The bonus is what is beyond 23,981,900 / 1.06 = 22,624,433.96…, rounded up to 22,624,434; a tenth of it, up again.
    assert_eq!(values(&response, "fee"), ["135747"]);
    assert_eq!(world.balance(LIQUIDATOR, UATOM), uatom + 23_981_900 - 135_747);
}

#[test]
fn liquidate_pays_no_more_bonus_than_the_collateral_has_beyond_the_debt() {
    // 6.72: collateral of 672 for 640, 5 % beyond; at that bonus the target takes the whole debt, and all the collateral.
    let mut world = indebted(640_000_000);
    world.set_price(UATOM, "6.72");
    let response = world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 640_000_000)).unwrap();
    assert_eq!(values(&response, "bonus"), ["0.05"]);
    assert_eq!(values(&response, "repaid"), ["640000000"]);
    assert_eq!(values(&response, "seized"), ["100000000"]);
    assert_eq!(world.account(ALICE), Default::default());
    assert!(values(&response, "written_off").is_empty());
    assert_solvent(&world);
}

#[test]
fn liquidate_at_a_ratio_of_one_and_the_least_bonus_repays_the_whole_debt() {
    // 6.528: collateral of 652.8 for 640, which is exactly 1.02: all is repaid at 2 %, and all is seized.
    let mut world = indebted(640_000_000);
    world.set_price(UATOM, "6.528");
    let response = world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 700_000_000)).unwrap();
    assert_eq!(values(&response, "bonus"), ["0.02"]);
    assert_eq!(values(&response, "repaid"), ["640000000"]);
    assert_eq!(values(&response, "seized"), ["100000000"]);
    assert_eq!(world.account(ALICE), Default::default());
}

#[test]
fn liquidate_of_an_account_at_health_factor_one_is_refused_and_just_below_it_works() {
    // 750 carried at 10 USD: at 9.2 it is 690.
    let mut world = indebted(690_000_000);
    world.set_price(UATOM, "9.2");
    assert_eq!(world.position(ALICE).health_factor.unwrap().to_string(), "1");
    let text = "account is healthy: its adjusted collateral of 690 covers its debt of 690";
    refuses(&mut world, text, |world| world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 5_000_000)));
    world.set_price(UATOM, "9.199999999999999999");
    world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 5_000_000)).unwrap();
}

#[test]
fn liquidate_of_an_account_without_debt_is_refused() {
    let mut world = World::builder().lent(1_000).build();
    world.deposit(ALICE, UATOM, 5_000_000).unwrap();
    let text = format!("account {}/0 has no debt of uusd", world.addr(ALICE));
    refuses(&mut world, &text, |world| world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 5_000_000)));
    let text = format!("account {}/0 has no deposit of uatom", world.addr(BOB));
    refuses(&mut world, &text, |world| world.liquidate(LIQUIDATOR, BOB, UATOM, (UUSD, 5_000_000)));
}

#[test]
fn liquidate_with_fewer_coins_repays_what_they_pay() {
    let mut world = fallen();
    let uusd = world.balance(LIQUIDATOR, UUSD);
    // 80 USD at 10 % are 88 USD of ATOM: 11.
    let response = world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 80_000_000)).unwrap();
    assert_eq!(values(&response, "repaid"), ["80000000"]);
    assert_eq!(values(&response, "seized"), ["11000000"]);
    assert_eq!(world.balance(LIQUIDATOR, UUSD), uusd - 80_000_000);
    assert!(world.position(ALICE).liquidatable);
}

#[test]
fn liquidate_is_capped_by_the_collateral_in_that_denom() {
    // Half of the collateral is the IBC token: 500 USD that fall to 300.
    let mut world = World::builder().edit(IBC_TOKEN, |a| *a = a.clone().with_ltv(70, 75)).lent(1_000_000).build();
    world.deposit(ALICE, UATOM, 50_000_000).unwrap();
    world.deposit(ALICE, IBC_TOKEN, 100_000_000).unwrap();
    world.borrow(ALICE, UUSD, 680_000_000).unwrap();
    world.set_price(IBC_TOKEN, "3");
    // Carried 600 of 680: full bonus. The target asks for (714 − 600) / 0.225 = 506.67 USD; 300 USD of the token pay for 272.727273.
    let response = world.liquidate(LIQUIDATOR, ALICE, IBC_TOKEN, (UUSD, 680_000_000)).unwrap();
    assert_eq!(values(&response, "seized"), ["100000000"]);
    assert_eq!(values(&response, "repaid"), ["272727273"]);
    assert_eq!(values(&response, "fee"), ["909091"]);
    assert_eq!(world.supplied(ALICE, IBC_TOKEN), 0);
    assert_eq!(world.supplied(ALICE, UATOM), 50_000_000);
    assert_eq!(world.owed(ALICE, UUSD), 407_272_727);
}

#[test]
fn liquidate_is_capped_by_the_debt_in_that_denom() {
    let mut world = World::builder().edit(AETH, |asset| *asset = asset.clone().interest_free()).lent(1_000_000).build();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    world.borrow(ALICE, UUSD, 100_000_000).unwrap();
    world.borrow(ALICE, AETH, 270_000_000_000_000_000).unwrap(); // 540 USD
    world.set_price(UATOM, "8");
    let uusd = world.balance(LIQUIDATOR, UUSD);
    let response = world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 640_000_000)).unwrap();
    // 110 USD of ATOM for all that is owed in USD, though the target is 320.
    assert_eq!(values(&response, "repaid"), ["100000000"]);
    assert_eq!(values(&response, "seized"), ["13750000"]);
    assert_eq!(world.balance(LIQUIDATOR, UUSD), uusd - 100_000_000);
    assert_eq!((world.owed(ALICE, UUSD), world.owed(ALICE, AETH)), (0, 270_000_000_000_000_000));
    assert_eq!(world.borrowers().len(), 1);
}

#[test]
fn liquidate_closes_a_remainder_below_the_dust_value_with_the_rest() {
    // A hundredth of `fallen`. With dust of 4 USD, the 3.2 USD that would be left are closed as well, when the coins pay for it.
    let terms = |config: &mut Config| {
        config.liquidation.dust_value = Value::whole(4);
        config.min_debt_value = Value::whole(5);
    };
    let mut world = World::builder().pool(terms).lent(1_000_000).build();
    world.deposit(ALICE, UATOM, 1_000_000).unwrap();
    world.borrow(ALICE, UUSD, 6_400_000).unwrap();
    world.set_price(UATOM, "8");
    let before = world.snapshot();
    let response = world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 6_400_000)).unwrap();
    assert_eq!(values(&response, "repaid"), ["6400000"]);
    assert_eq!(values(&response, "seized"), ["880000"]);
    assert_eq!((world.owed(ALICE, UUSD), world.supplied(ALICE, UATOM)), (0, 120_000));
    assert!(world.borrowers().is_empty());
    world.restore(&before);
    let response = world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 6_399_999)).unwrap();
    assert_eq!(values(&response, "repaid"), ["3200000"]);
}

#[test]
fn liquidate_leaves_a_remainder_of_exactly_the_dust_value() {
    let terms = |config: &mut Config| {
        config.liquidation.dust_value = "3.2".parse().unwrap();
        config.min_debt_value = Value::whole(4);
    };
    let mut world = World::builder().pool(terms).lent(1_000_000).build();
    world.deposit(ALICE, UATOM, 1_000_000).unwrap();
    world.borrow(ALICE, UUSD, 6_400_000).unwrap();
    world.set_price(UATOM, "8");
    world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 6_400_000)).unwrap();
    assert_eq!(world.owed(ALICE, UUSD), 3_200_000);
}

#[test]
fn liquidate_of_oneself_is_refused_as_sender_and_as_recipient() {
    let mut world = fallen();
    world.deposit((ALICE, 1), UATOM, 5).unwrap();
    let alice = world.addr(ALICE);
    let text = format!("{alice} can't liquidate itself or receive what is taken from it");
    let repay = || coin(80_000_000, UUSD);
    refuses(&mut world, &text, |world| Order::of(UATOM).send(world, ALICE, ALICE, repay()));
    let to = |recipient| Order { recipient: Some(recipient), ..Order::of(UATOM) };
    refuses(&mut world, &text, |world| to(BOB).send(world, ALICE, ALICE, repay()));
    refuses(&mut world, &text, |world| to(ALICE).send(world, LIQUIDATOR, ALICE, repay()));
    let shares = Order { receive: Some(Receive::Shares), ..to(ALICE) };
    refuses(&mut world, &text, |world| shares.send(world, LIQUIDATOR, ALICE, repay()));
    // Another of her accounts is hers too.
    world.deposit((ALICE, 2), UATOM, 100_000_000).unwrap();
    world.borrow((ALICE, 2), UUSD, 500_000_000).unwrap();
    world.set_price(UATOM, "6");
    refuses(&mut world, &text, |world| Order::of(UATOM).send(world, ALICE, (ALICE, 2), repay()));
}

#[test]
fn liquidate_of_one_account_leaves_the_others_of_its_owner() {
    let mut world = indebted(640_000_000);
    world.deposit((ALICE, 1), UATOM, 100_000_000).unwrap();
    world.borrow((ALICE, 1), UUSD, 500_000_000).unwrap();
    world.set_price(UATOM, "8");
    let text = "account is healthy: its adjusted collateral of 600 covers its debt of 500";
    refuses(&mut world, text, |world| world.liquidate(LIQUIDATOR, (ALICE, 1), UATOM, (UUSD, 80_000_000)));
    let before = world.account((ALICE, 1));
    world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 80_000_000)).unwrap();
    assert_eq!(world.account((ALICE, 1)), before);
}

#[test]
fn liquidate_for_a_collateral_or_a_debt_that_is_not_there_is_refused() {
    let mut world = fallen();
    let account = format!("{}/0", world.addr(ALICE));
    let text = format!("account {account} has no deposit of aeth");
    refuses(&mut world, &text, |world| world.liquidate(LIQUIDATOR, ALICE, AETH, (UUSD, 80_000_000)));
    let text = format!("account {account} has no debt of aeth");
    refuses(&mut world, &text, |world| world.liquidate(LIQUIDATOR, ALICE, UATOM, (AETH, 80_000_000)));
    refuses(&mut world, "'ushell' is not listed", |world| {
        world.liquidate(LIQUIDATOR, ALICE, "ushell", (UUSD, 80_000_000))
    });
    world.mint(LIQUIDATOR, "ushell", 5);
    refuses(&mut world, "'ushell' is not listed", |world| world.liquidate(LIQUIDATOR, ALICE, UATOM, ("ushell", 5)));
}

#[test]
fn liquidate_that_seizes_nothing_is_refused() {
    // A base unit of a token at 400 USD and 2 decimals is 4 USD, less than dust. At the full bonus of 10 % it costs 3.636363… USD.
    let mut dear = Asset::new("udear", 2, "500");
    dear.guards.ceiling = price("500");
    let assets = Asset::defaults().into_iter().chain([dear]);
    let terms = |config: &mut Config| {
        config.liquidation.dust_value = Value::whole(5);
        config.min_debt_value = Value::whole(6);
    };
    let mut world = World::builder().assets(assets).pool(terms).lent(1_000_000).build();
    world.deposit(ALICE, "udear", 200).unwrap();
    world.borrow(ALICE, UUSD, 640_000_000).unwrap();
    world.set_price("udear", "400");
    let text = "3636363 repays or seizes nothing";
    refuses(&mut world, text, |world| world.liquidate(LIQUIDATOR, ALICE, "udear", (UUSD, 3_636_363)));
    world.liquidate(LIQUIDATOR, ALICE, "udear", (UUSD, 3_636_364)).unwrap();
    assert_eq!(world.supplied(ALICE, "udear"), 199);
}

fn plain_message(world: &World) -> ExecuteMsg {
    ExecuteMsg::Liquidate {
        user: world.addr(ALICE).into_string(),
        account_id: None,
        collateral_denom: UATOM.to_owned(),
        recipient: None,
        receive: None,
        allow_shares: None,
        min_receive: None,
    }
}

#[test]
fn liquidate_with_none_several_or_doubled_coins_is_refused() {
    let mut world = fallen();
    let msg = plain_message(&world);
    takes_exactly_one_coin(&mut world, LIQUIDATOR, &msg);
}

#[test]
fn liquidate_with_a_coin_of_zero_is_refused() {
    let world = World::new();
    let info = message_info(&world.addr(LIQUIDATOR), &[coin(0, UUSD)]);
    let error = contract::execute(mock_dependencies().as_mut(), mock_env(), info, plain_message(&world)).unwrap_err();
    assert_eq!(error.to_string(), "amount of uusd is zero");
}

#[test]
fn liquidate_with_more_than_128_bits_is_refused_and_with_the_largest_returns_the_rest() {
    let mut world = fallen();
    let msg = plain_message(&world);
    let before = world.snapshot();
    mint_wide(&mut world, LIQUIDATOR, UUSD, too_wide());
    let funds = [Coin { denom: UUSD.to_owned(), amount: too_wide() }];
    let text = "amount 340282366920938463463374607431768211456 uusd does not fit 128 bits";
    refuses(&mut world, text, |world| world.execute(LIQUIDATOR, &msg, &funds));
    world.restore(&before);
    let missing = u128::MAX - world.balance(LIQUIDATOR, UUSD);
    world.mint(LIQUIDATOR, UUSD, missing);
    world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, u128::MAX)).unwrap();
    assert_eq!(world.balance(LIQUIDATOR, UUSD), u128::MAX - 320_000_000);
}

#[test]
fn liquidate_of_or_for_a_bad_address_is_refused() {
    let mut world = fallen();
    let alice = world.addr(ALICE).into_string();
    for (user, recipient, bad) in [("nobody", None, "nobody"), (alice.as_str(), Some("wasm1!"), "wasm1!")] {
        let msg = ExecuteMsg::Liquidate {
            user: user.to_owned(),
            account_id: None,
            collateral_denom: UATOM.to_owned(),
            recipient: recipient.map(str::to_owned),
            receive: None,
            allow_shares: None,
            min_receive: None,
        };
        let text = format!("'{bad}' is not an address of this chain");
        refuses(&mut world, &text, |world| world.execute(LIQUIDATOR, &msg, &[coin(5_000_000, UUSD)]));
    }
}

#[test]
fn liquidate_may_seize_a_disabled_deposit() {
    let mut world = indebted(640_000_000);
    world.deposit(ALICE, AETH, 100_000_000_000_000_000).unwrap(); // 200 USD
    world.enable(ALICE, AETH, false).unwrap();
    world.set_price(UATOM, "8");
    // It carries nothing, so (672 − 600) / 1.05 = 68.571428… USD reach the target; 75.43 USD of ETH at 2,000.
    let response = world.liquidate(LIQUIDATOR, ALICE, AETH, (UUSD, 640_000_000)).unwrap();
    assert_eq!(values(&response, "repaid"), ["68571429"]);
    assert_eq!(values(&response, "seized"), ["37714285950000000"]);
    assert_eq!(world.supplied(ALICE, UATOM), 100_000_000);
    assert_eq!(world.position(ALICE).health_factor.unwrap().to_string(), "1.0500000007875");
}

#[test]
fn liquidate_of_a_deposit_of_the_repaid_denom_is_refused() {
    let mut world = indebted(640_000_000);
    world.deposit(ALICE, UUSD, 50_000_000).unwrap();
    world.set_price(UATOM, "8");
    let text = "uusd is both debt and collateral: use set_off, which moves no coins and pays no bonus";
    refuses(&mut world, text, |world| world.liquidate(LIQUIDATOR, ALICE, UUSD, (UUSD, 640_000_000)));
    let error = world.simulate_liquidation(ALICE, UUSD, (UUSD, 640_000_000)).unwrap_err();
    assert_eq!(error.to_string(), text);
}

/// Without the price of what is seized, of what is repaid or of another deposit the account may look healthy: the price is the reason.
#[test]
fn liquidate_with_a_stale_price_names_the_price() {
    for stale in [UUSD, UATOM, AETH] {
        let mut world = indebted(640_000_000);
        world.deposit(ALICE, AETH, 10_000_000_000_000_000).unwrap();
        world.advance(3_601);
        let others: Vec<(&str, &str)> =
            [(UUSD, "1"), (UATOM, "10"), (AETH, "2000")].into_iter().filter(|(denom, _)| *denom != stale).collect();
        world.set_prices(&others);
        let text = format!("price of {stale}: price is 3601 s old, at most 3600 s are allowed");
        refuses(&mut world, &text, |world| world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 640_000_000)));
    }
}

/// 700 of 1,000 USD, and the ATOM that carry them fall to 707 USD: 1 % is there, which is what selling them costs. At the least bonus of 2 % lenders
/// would lose 700 − 707 / 1.02 = 6.862746 USD of a debt that can be paid in full.
#[test]
fn liquidate_of_an_account_that_can_pay_for_the_sale_costs_lenders_nothing() {
    let mut world = indebted(700_000_000);
    world.update_asset(UATOM, sale_cost("0.01")).unwrap();
    world.set_price(UATOM, "7.07");
    let lent = world.supplied(LENDER, UUSD);
    let uatom = world.balance(LIQUIDATOR, UATOM);
    let response = world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 700_000_000)).unwrap();
    for (key, value) in [("bonus", "0.01"), ("repaid", "700000000"), ("seized", "100000000"), ("fee", "0")] {
        assert_eq!(values(&response, key), [value], "{key}");
    }
    assert!(values(&response, "written_off").is_empty());
    assert_eq!((world.supplied(LENDER, UUSD), world.balance(LIQUIDATOR, UATOM)), (lent, uatom + 100_000_000));
    assert_eq!(world.account(ALICE), Default::default());
}

/// As in `fallen`, but a sale costs 1 %: of 44 ATOM at 10 % the protocol has a tenth of 44 × 0.09 / 1.1 = 3.6.
#[test]
fn liquidate_takes_the_protocols_fee_of_what_the_bonus_exceeds_a_sale_by() {
    let mut world = fallen();
    world.update_asset(UATOM, sale_cost("0.01")).unwrap();
    let response = world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 640_000_000)).unwrap();
    assert_eq!((values(&response, "seized"), values(&response, "fee")), (vec!["44000000"], vec!["360000"]));
}

fn sale_cost(cost: &str) -> AssetChanges {
    AssetChanges { sale_cost: Some(ratio(cost)), ..Default::default() }
}

/// A dollar without decimals after a year at 100 %: a unit of debt as first taken is worth 2⅔. Each part is taken in whole units of both, rounded
/// up, and seizes no more than what the debt falls by.
#[test]
fn liquidate_in_parts_in_a_market_without_decimals_yields_no_more_than_in_one() {
    let rate_model = RateModel::Kinked(Kinked {
        optimal_utilization_rate: Ratio::percent(80),
        base: Rate::percent(100),
        slope_1: Rate::ZERO,
        slope_2: Rate::ZERO,
    });
    let mut coarse = Asset::new("ucoarse", 0, "1");
    coarse.params.rate_model = rate_model;
    coarse.guards.ceiling = price("1");
    let mut world = World::builder().assets(Asset::defaults().into_iter().chain([coarse])).lent(1_000_000).build();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    world.borrow(ALICE, "ucoarse", 300).unwrap();
    world.advance_fresh(365 * 86_400);
    let owed = world.owed(ALICE, "ucoarse");
    // 300 × (1 + 1 + 1/2 + 1/6), rounded up in the index and in the amount.
    assert_eq!(owed, 801);
    world.mint(LIQUIDATOR, "ucoarse", 10_000);
    world.set_price(UATOM, "10.4"); // 780 carried of 801
    let before = world.snapshot();
    // In steps of 10⁻⁷ USD.
    let gained = |world: &World| {
        let coarse = world.balance(LIQUIDATOR, "ucoarse");
        let uatom = world.balance(LIQUIDATOR, UATOM);
        10_000_000 * i128::try_from(coarse).unwrap() + 104 * i128::try_from(uatom).unwrap()
    };
    let start = gained(&world);
    world.liquidate(LIQUIDATOR, ALICE, UATOM, ("ucoarse", 801)).unwrap();
    let at_once = gained(&world) - start;
    assert!(at_once > 0);
    for part in [3, 4, 5, 6, 17, 50] {
        world.restore(&before);
        let mut paid = 0;
        while world.position(ALICE).liquidatable {
            let coins = world.balance(LIQUIDATOR, "ucoarse");
            let debt = world.owed(ALICE, "ucoarse");
            let response = world.liquidate(LIQUIDATOR, ALICE, UATOM, ("ucoarse", part)).unwrap();
            paid = coins - world.balance(LIQUIDATOR, "ucoarse");
            let fell = debt - world.owed(ALICE, "ucoarse");
            assert!(paid == fell || paid == fell + 1, "{paid} for {fell}");
            let [seized, bonus] = ["seized", "bonus"].map(|key| values(&response, key)[0].to_owned());
            let due = Amount::new(fell * 10_000_000).share_up(ratio(&bonus).plus_one()).unwrap();
            assert!(104 * seized.parse::<u128>().unwrap() <= due.raw() + 104, "{seized} for {fell} and {bonus}");
        }
        assert!(paid > 0 && gained(&world) - start <= at_once, "parts of {part}: {}", gained(&world) - start);
    }
}

#[test]
fn liquidate_while_everything_is_stopped_works() {
    let mut world = fallen();
    world
        .execute(GUARDIAN, &ExecuteMsg::Pause { denom: None, deposit: true, borrow: true, flash_loan: false }, &[])
        .unwrap();
    world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 640_000_000)).unwrap();
}

#[test]
fn liquidate_again_after_the_target_is_refused() {
    let mut world = fallen();
    world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 640_000_000)).unwrap();
    let text = "account is healthy: its adjusted collateral of 336 covers its debt of 320";
    refuses(&mut world, text, |world| world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 640_000_000)));
}

#[test]
fn liquidate_in_parts_yields_no_more_than_in_one() {
    let mut world = fallen();
    let before = world.snapshot();
    let gained = |world: &World| {
        let uusd = world.balance(LIQUIDATOR, UUSD);
        let uatom = world.balance(LIQUIDATOR, UATOM);
        i128::try_from(uusd).unwrap() + 8 * i128::try_from(uatom).unwrap()
    };
    let start = gained(&world);
    world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 640_000_000)).unwrap();
    let at_once = gained(&world) - start;
    assert_eq!(at_once, 8 * 43_600_000 - 320_000_000);
    for part in [1_000_000, 7_777_777, 50_000_000, 160_000_000] {
        world.restore(&before);
        while world.position(ALICE).liquidatable {
            world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, part)).unwrap();
        }
        assert!(gained(&world) - start <= at_once, "parts of {part}: {} against {at_once}", gained(&world) - start);
    }
}

#[test]
fn liquidate_a_whole_life_in_every_pair_of_long_denoms_and_decimals() {
    let mut assets: Vec<Asset> = Asset::defaults().into_iter().map(|asset| asset.with_ltv(70, 75)).collect();
    assets.push(Asset::new(FACTORY_TOKEN, 6, "2.5"));
    assets.push(Asset::new("factory/wasm1maker/awei", 18, "0.5"));
    let assets: Vec<Asset> = assets.into_iter().map(Asset::interest_free).collect();
    // 1,000 USD of each at the first price.
    let thousand = [1_000_000_000, 100_000_000, 200_000_000, 500_000_000_000_000_000, 400_000_000];
    let thousand: Vec<u128> = thousand.into_iter().chain([2_000_000_000_000_000_000_000]).collect();
    let fallen = ["0.8", "8", "4", "1600", "2", "0.4"];
    let mut world = World::builder().assets(assets.clone()).lent(1_000_000).build();
    let fresh = world.snapshot();
    for (c, collateral) in assets.iter().enumerate() {
        for (d, debt) in assets.iter().enumerate().filter(|(d, _)| *d != c) {
            world.restore(&fresh);
            let collateral = collateral.params.denom.as_str();
            let debt = debt.params.denom.as_str();
            world.deposit(ALICE, collateral, thousand[c]).unwrap();
            let owed = thousand[d] / 100 * 64;
            world.borrow(ALICE, debt, owed).unwrap();
            world.set_price(collateral, fallen[c]);
            let paid = world.balance(LIQUIDATOR, debt);
            let got = world.balance(LIQUIDATOR, collateral);
            world.liquidate(LIQUIDATOR, ALICE, collateral, (debt, owed)).unwrap();
            // As in `fallen`: half of the debt, 44 % of the collateral less a hundredth of its 40 % of principal.
            assert_eq!(paid - world.balance(LIQUIDATOR, debt), owed / 2, "{collateral} for {debt}");
            let seized = thousand[c] / 100 * 44;
            let fee = thousand[c] / 1_000 * 4;
            assert_eq!(world.balance(LIQUIDATOR, collateral) - got, seized - fee, "{collateral} for {debt}");
            assert_eq!(world.market(collateral).reserves, Amount::new(fee));
            assert_eq!(world.position(ALICE).health_factor.unwrap().to_string(), "1.05");
            world.repay(ALICE, debt, owed / 2).unwrap();
            world.withdraw_all(ALICE, collateral).unwrap();
            assert_eq!(world.account(ALICE), Default::default());
            assert_solvent(&world);
        }
    }
}
