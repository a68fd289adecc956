//! The demo's summary.

use plimsoll_keeper::demo::scenario::Scenario;
use plimsoll_keeper::demo::{Output, play};
use plimsoll_risk::units::Value;

async fn summary(toml: &str) -> plimsoll_keeper::demo::summary::Summary {
    play(&Scenario::parse(toml, "a test").unwrap(), Output::Silent).await.unwrap()
}

const MARKET: &str = r#"
[[assets]]
denom = "uusd"
price = 1
[[assets]]
denom = "uatom"
price = "10"
[[accounts]]
name = "ada"
deposit = { uatom = 100 }
borrow = { uusd = 690 }
"#;

#[tokio::test]
async fn the_default_scenario_liquidates_and_ends_solvent() {
    let scenario = Scenario::read(None).unwrap();
    let summary = play(&scenario, Output::Silent).await.unwrap();
    assert_eq!(summary.accounts, scenario.accounts.len());
    assert!(summary.liquidations > 0 && summary.liquidatable > 0);
    assert!(summary.seized_value > summary.repaid_value && summary.bad_debt_value > Value::ZERO);
    assert!(summary.solvent);
}

#[tokio::test]
async fn without_a_fall_nothing_is_liquidated() {
    for steps in ["", "[[steps]]\n", "[[steps]]\nprices = { uatom = 11 }\n[[steps]]\nprices = { uatom = 10 }\n"] {
        let summary = summary(&format!("{MARKET}{steps}")).await;
        assert_eq!((summary.accounts, summary.liquidatable, summary.liquidations), (1, 0, 0));
        assert_eq!(summary.repaid_value, Value::ZERO);
        assert!(summary.solvent);
    }
}

#[tokio::test]
async fn a_fall_to_almost_nothing_is_a_loss_and_solvent_all_the_same() {
    let summary = summary(&format!("{MARKET}[[steps]]\nprices = {{ uatom = \"0.05\" }}\n")).await;
    assert_eq!(summary.liquidatable, 1);
    assert!(summary.bad_debt_value > Value::whole(600), "{}", summary.bad_debt_value);
    assert!(summary.solvent);
}

#[tokio::test]
async fn a_keeper_without_inventory_needs_a_market_to_sell_into() {
    let fall = "[[steps]]\nprices = { uatom = 9 }\n";
    for (settings, liquidations) in
        [("", 1), ("liquidity = 0\n", 0), ("liquidity = 0\ninventory = { uusd = 1_000 }\n", 1)]
    {
        let summary = summary(&format!("{settings}{MARKET}{fall}")).await;
        assert_eq!(
            (summary.liquidatable, summary.liquidations, summary.solvent),
            (1, liquidations, true),
            "{settings}"
        );
        assert!(!summary.profit_value.is_loss());
    }
}

#[tokio::test]
async fn what_the_market_refuses_is_an_error_that_names_the_account() {
    let broken = MARKET.replace("price = 1\n", "price = 1\nmax_loan_to_value = 0.9\n");
    let error = play(&Scenario::parse(&broken, "a test").unwrap(), Output::Silent).await.unwrap_err().to_string();
    assert!(error.contains("uusd") && error.contains("max_loan_to_value 0.9"), "{error}");
    let scenario = Scenario::parse(&MARKET.replace("690", "800"), "a test").unwrap();
    let error = play(&scenario, Output::Silent).await.unwrap_err().to_string();
    assert!(error.contains("ada/0 can't borrow 800000000uusd"), "{error}");
}

#[test]
fn a_scenario_that_makes_no_sense_is_refused_with_one_line() {
    for (wrong, named) in [
        (MARKET.replace("name = \"ada\"", "nome = \"ada\""), "nome"),
        (MARKET.replace("deposit = { uatom", "deposit = { uxyz"), "uxyz"),
        (MARKET.replace("price = 1\n", "price = 0\n"), "uusd"),
        (MARKET.replace("price = 1\n", "price = -1\n"), "-1"),
        (MARKET.replace("\"uatom\"", "\"uusd\""), "uusd"),
        (format!("{MARKET}[[steps]]\nprices = {{ uatom = 0 }}\n"), "uatom"),
        (format!("{MARKET}[[steps]]\nseconds = 0\n"), "0 seconds"),
        ("steps = 3".to_owned(), "line"),
    ] {
        let error = Scenario::parse(&wrong, "a test").unwrap_err().to_string();
        assert!(error.contains(named) && !error.contains('\n'), "{error}");
    }
}

#[test]
fn a_scenario_longer_than_a_century_or_with_a_taken_name_is_refused() {
    for (toml, named) in [
        (format!("{MARKET}[[steps]]\nseconds = 9223372036854775807\n"), "century"),
        (format!("{MARKET}[[steps]]\nseconds = 3000000000\n[[steps]]\nseconds = 3000000000\n"), "century"),
        (MARKET.replace("\"ada\"", "\"keeper\""), "keeper"),
        (MARKET.replace("\"ada\"", "\"lender\""), "lender"),
    ] {
        let error = Scenario::parse(&toml, "a test").unwrap_err().to_string();
        assert!(error.contains(named) && !error.contains('\n'), "{error}");
    }
}

#[test]
fn solvency_is_judged_from_raw_records() {
    use plimsoll_keeper::demo::summary::proves;
    use plimsoll_risk::params::AssetId;
    use plimsoll_testing::{ALICE, UATOM, UUSD, World};
    let mut world = World::builder().lent(1_000).build();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    world.borrow(ALICE, UUSD, 500_000_000).unwrap();
    let ids: Vec<(AssetId, String)> = world.markets().into_iter().map(|m| (m.asset, m.params.denom)).collect();
    assert!(ids.iter().all(|(id, denom)| proves(&world, *id, denom)));
    // An account that is gone leaves shares and debts that are nobody's.
    let pool = world.pool().clone();
    let account = world.dump_of(&pool).into_keys().find(|key| key.starts_with(b"\0\x01u")).unwrap();
    world.storage_mut(&pool).remove(&account);
    assert!(!ids.iter().all(|(id, denom)| proves(&world, *id, denom)));
}
