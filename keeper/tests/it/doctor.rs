//! The doctor's judgement: each thing well, and each thing wrong, with what to do about it.

use plimsoll_keeper::chain::Head;
use plimsoll_keeper::chain::endpoints::{Endpoints, Kind};
use plimsoll_keeper::chain::simulated::WorldChain;
use plimsoll_keeper::chain::{ChainReader, Coin, Included, TxStatus};
use plimsoll_keeper::commands::doctor::market::Market;
use plimsoll_keeper::commands::doctor::{
    Check, Status, contracts, depth, journal, limits, machine, network, owner, prices, wallet,
};
use plimsoll_keeper::commands::make_directory_of;
use plimsoll_keeper::config::GasFigures;
use plimsoll_keeper::config::{ChainConfig, Config, Contracts, Layers, Strategy};
use plimsoll_keeper::dex::client::DexClient;
use plimsoll_keeper::plan::{Resources, plan};
use plimsoll_keeper::scan::scan;
use plimsoll_keeper::tx::FailureReason;
use plimsoll_keeper::tx::journal::{Intent, Journal};
use plimsoll_risk::heartbeat::{HaltGrace, Heartbeat};
use plimsoll_risk::price::{Guards, Observation, PriceBand, PriceRecord};
use plimsoll_risk::units::{Amount, Ratio, Value};
use plimsoll_schema::pool::{AssetChanges, ExecuteMsg};
use plimsoll_schema::timelock;
use plimsoll_testing::{AETH, ALICE, Addr, IBC_TOKEN, LENDER, LIQUIDATOR, OWNER, UATOM, UUSD, World};

use crate::support::files::fresh;

fn worst(checks: &[Check]) -> Status {
    checks.iter().map(|check| check.status).max().unwrap()
}

/// The one that isn't well, which says what to do.
fn bad(checks: &[Check], status: Status) -> &Check {
    let found: Vec<&Check> = checks.iter().filter(|check| check.status != Status::Ok).collect();
    assert!(found.len() == 1 && found[0].status == status && found[0].remedy.is_some(), "{checks:?}");
    found[0]
}

/// What one liquidation uses, as a deployment record says.
const GAS: GasFigures = GasFigures { own: Some(230_000), sold: Some(480_000) };

async fn world() -> (WorldChain, Contracts) {
    let chain = WorldChain::start(LIQUIDATOR, || World::builder().lent(1_000).build()).await.unwrap();
    let contracts = chain
        .with(|world| {
            let pair = world.pair(UATOM, UUSD, 1_000_000).to_string();
            let (pool, liquidator) = (world.pool().to_string(), world.liquidator().to_string());
            Contracts { pool, oracle: None, liquidator: Some(liquidator), pairs: vec![pair], gas: GAS }
        })
        .await
        .unwrap();
    (chain, contracts)
}

#[tokio::test]
async fn contracts_are_there_of_the_right_kind_and_of_one_another() {
    let (chain, good) = world().await;
    let checks = contracts::check(&chain, &good, "c-1").await;
    assert_eq!((worst(&checks), checks.len()), (Status::Ok, 4), "{checks:?}");

    let nowhere = Contracts { pairs: vec!["cosmwasm1nothing".to_owned()], ..good.clone() };
    assert!(bad(&contracts::check(&chain, &nowhere, "c-1").await, Status::Fail).finding.contains("no contract"));
    let checks = contracts::check(&chain, &Contracts { oracle: Some(good.pool.clone()), ..good.clone() }, "c-1").await;
    assert!(bad(&checks, Status::Fail).finding.contains("the pool goes by"));
    let checks =
        contracts::check(&chain, &Contracts { liquidator: None, pairs: Vec::new(), ..good.clone() }, "c-1").await;
    assert!(bad(&checks, Status::Warn).finding.contains("only what the key holds"));
    // The pool stands where the liquidator belongs: of the wrong kind, and it answers something else.
    let checks =
        contracts::check(&chain, &Contracts { liquidator: Some(good.pool.clone()), ..good.clone() }, "c-1").await;
    assert!(
        checks
            .iter()
            .any(|c| c.status == Status::Fail && c.finding.contains("it should be crates.io:plimsoll-liquidator"))
    );
    // Each of the market's own contracts in the place of a pair, and a contract that cw2 knows nothing of.
    let oracle = chain.with(|world| world.oracle().to_string()).await.unwrap();
    for wrong in [good.pool.clone(), oracle, good.liquidator.clone().unwrap()] {
        let pairs = vec![good.pairs[0].clone(), wrong.clone()];
        let checks = contracts::check(&chain, &Contracts { pairs: pairs.clone(), ..good.clone() }, "c-1").await;
        let found = bad(&checks, Status::Fail);
        assert!(found.finding.contains("it should be crates.io:plimsoll-pair"), "{found:?}");
        assert_eq!(found.remedy.as_deref(), Some("correct contracts.pairs"));
        // The keeper itself goes on with the others.
        let dex_client = DexClient::open(&chain, &good.pool, good.liquidator.as_ref().unwrap(), &pairs).await.unwrap();
        assert_eq!(dex_client.silent(), 1, "{wrong}");
    }
    let nowhere = ["cosmwasm1nothing".to_owned()];
    let error = DexClient::open(&chain, &good.pool, good.liquidator.as_ref().unwrap(), &nowhere).await.unwrap_err();
    assert!(error.to_string().contains("set contracts.pairs,"), "{error}");
    let checks = contracts::check(&chain, &Contracts { pool: good.pairs[0].clone(), ..good }, "c-1").await;
    assert_eq!(worst(&checks), Status::Fail);
}

#[tokio::test]
async fn a_pair_without_liquidity_is_a_warning_and_named_until_it_has_some() {
    let (chain, mut good) = world().await;
    let empty = chain.with(|world| world.deploy_pair(UATOM, UUSD, Ratio::bps(30)).unwrap().to_string()).await.unwrap();
    good.pairs.push(empty.clone());
    let checks = contracts::check(&chain, &good, "c-1").await;
    let found = bad(&checks, Status::Warn);
    assert!(found.check.contains(&empty) && found.finding.contains("without liquidity"), "{found:?}");

    let liquidator = good.liquidator.as_ref().unwrap();
    let dex_client = DexClient::open(&chain, &good.pool, liquidator, &good.pairs).await.unwrap();
    let dex = dex_client.read(&chain, None).await.unwrap();
    assert_eq!((dex.pairs.len(), dex_client.silent()), (1, 0));
    assert_eq!(dex_client.without_liquidity(), std::slice::from_ref(&empty));
    let provide = move |world: &mut World| {
        let coins = [(UATOM, 1_000_000_000), (UUSD, 10_000_000_000)];
        coins.iter().for_each(|(denom, amount)| world.mint(LENDER, denom, *amount));
        world.provide_liquidity(LENDER, &Addr::unchecked(empty), coins).unwrap();
    };
    chain.with(provide).await.unwrap();
    assert_eq!(dex_client.read(&chain, None).await.unwrap().pairs.len(), 2);
    assert!(dex_client.without_liquidity().is_empty());
    assert_eq!(worst(&contracts::check(&chain, &good, "c-1").await), Status::Ok);
}

#[test]
fn another_version_is_a_warning_and_a_foreign_pair_is_well() {
    let ours = env!("CARGO_PKG_VERSION");
    let status = |kind: &str, contract: &str, version: &str| contracts::judge("x", kind, contract, version).status;
    assert_eq!(status("pool", "crates.io:plimsoll-pool", ours), Status::Ok);
    assert_eq!(status("pool", "crates.io:plimsoll-pool", "99.0.0"), Status::Warn);
    assert_eq!(status("pool", "crates.io:plimsoll-oracle", ours), Status::Fail);
    assert_eq!(status("pool", "", ""), Status::Fail);
    assert_eq!(status("pair", "astroport-pair", "1.5.0"), Status::Ok);
    assert_eq!(status("pair", "crates.io:plimsoll-pool", ours), Status::Fail);
}

/// The owner of both, in the world; two days where a timelock is asked for.
#[tokio::test]
async fn owners_are_named_and_a_timelock_by_its_notice() {
    let owners = async |build: fn() -> World| {
        let chain = WorldChain::start(LIQUIDATOR, build).await.unwrap();
        let pool = chain.with(|world| world.pool().to_string()).await.unwrap();
        owner::check(&chain, &pool).await
    };
    let plain = owners(World::new).await;
    let names: Vec<&str> = plain.iter().map(|check| check.check.as_str()).collect();
    assert_eq!((names, worst(&plain)), (vec!["owner of the pool", "owner of the oracle"], Status::Ok));
    assert!(plain.iter().all(|check| check.finding.ends_with("which is no timelock")), "{plain:?}");

    let locked = owners(|| World::builder().timelock(172_800).build()).await;
    assert_eq!(worst(&locked), Status::Ok);
    assert!(locked.iter().all(|check| check.finding.contains("changes wait 172800 s")), "{locked:?}");

    let production =
        owners(|| World::builder().without_assets().oracle(|oracle| oracle.production = true).build()).await;
    assert!(production.iter().all(|check| check.status == Status::Warn && check.remedy.is_some()), "{production:?}");
}

#[test]
fn owners_in_production_are_a_timelock_of_a_day_to_three_with_a_guardian() {
    let of = |delay, guardian: Option<&str>, production| {
        let timelock = timelock::ConfigResponse { admin: "a".to_owned(), guardian: guardian.map(str::to_owned), delay };
        owner::judge("owner", "t", Some(&timelock), production)
    };
    for (delay, guardian, status) in [
        (86_399, Some("g"), Status::Warn),
        (86_400, Some("g"), Status::Ok),
        (259_200, Some("g"), Status::Ok),
        (259_201, Some("g"), Status::Warn),
        (86_400, None, Status::Warn),
    ] {
        let check = of(delay, guardian, true);
        assert_eq!((check.status, check.remedy.is_some()), (status, status == Status::Warn), "{check:?}");
        assert_eq!(of(delay, guardian, false).status, Status::Ok);
    }
    assert_eq!(owner::judge("owner", "o", None, true).status, Status::Warn);
    assert_eq!(owner::judge("owner", "o", None, false).status, Status::Ok);
}

#[tokio::test]
async fn prices_grow_old_and_then_fail() {
    let (chain, contracts) = world().await;
    let of_atom = async || {
        let checks = prices::check(&chain, &contracts.pool).await;
        checks.into_iter().find(|check| check.check.ends_with(UATOM)).unwrap()
    };
    assert_eq!(of_atom().await.status, Status::Ok);
    let most = of_atom().await.finding.rsplit(" of ").next().unwrap().trim_end_matches(" s").parse::<u64>().unwrap();
    chain.block(most * 9 / 10, |_| Ok(vec![])).await.unwrap().unwrap();
    assert_eq!(of_atom().await.status, Status::Warn);
    chain.block(most, |_| Ok(vec![])).await.unwrap().unwrap();
    let old = of_atom().await;
    assert!(old.status == Status::Fail && old.finding.contains("s old"), "{old:?}");
}

/// A record of these guards at 10, observed so many seconds before 1,000.
fn observed(age: u64, window: u64, raw: &str) -> PriceRecord {
    let at = |text: &str| PriceBand::at(text.parse().unwrap());
    let guards = Guards {
        max_age: Some(600),
        floor: "5".parse().unwrap(),
        ceiling: "50".parse().unwrap(),
        bound_hold: 300,
        max_deviation: Ratio::percent(10),
        step_interval: 10,
        age_spread: Ratio::ZERO,
    };
    let mut record = PriceRecord::unpublished(0, None, window, guards);
    let seen = |raw: PriceBand, time: u64| Observation { raw, extremes: raw, time };
    record.observe(&seen(at("10"), 300), 300, 0);
    record.observe(&seen(at(raw), 1_000 - age), 1_000 - age, 0);
    record
}

#[test]
fn a_price_that_is_silent_out_of_bounds_stale_or_near_its_end_is_told() {
    let judge = |record: &PriceRecord| prices::judge("uatom", Some(record), 1_000);
    let check = judge(&observed(20, 0, "10"));
    assert_eq!(
        (check.status, check.finding.as_str()),
        (Status::Ok, "settled at 10, observed 10 to 10, 20 s old of 600 s")
    );
    // At 80 % of its age, and past it.
    assert_eq!(judge(&observed(480, 0, "10")).status, Status::Ok);
    assert!(judge(&observed(481, 0, "10")).remedy.unwrap().contains("feeders"));
    let silent = judge(&observed(601, 0, "10"));
    assert!(silent.status == Status::Fail && silent.finding.contains("silent: price is 601 s old"), "{silent:?}");
    // A live price counts to a quarter of its window.
    assert_eq!(judge(&observed(100, 400, "10")).status, Status::Ok);
    let stale = judge(&observed(101, 400, "10"));
    assert!(stale.status == Status::Warn && stale.finding.contains("published each 100 s"), "{stale:?}");
    // Below the floor it falls by a tenth each ten seconds, and stands at the floor: 10 × 0.9⁷ would be 4.78.
    let bound = judge(&observed(90, 0, "4"));
    assert!(
        bound.status == Status::Warn && bound.finding.contains("settled at 5, observed 4 to 4, beyond"),
        "{bound:?}"
    );
    for nothing in [None, Some(&PriceRecord { settled: plimsoll_risk::units::Price::ZERO, ..observed(1, 0, "10") })] {
        assert_eq!(prices::judge("uatom", nothing, 1_000).status, Status::Fail);
    }
}

#[test]
fn guards_that_let_a_price_fall_too_slowly_or_too_fast_are_a_warning() {
    let speed = |window: u64, percent: u64, step_interval: u64| {
        let mut record = observed(1, window, "10");
        (record.guards.max_deviation, record.guards.step_interval) = (Ratio::percent(percent), step_interval);
        prices::speed("uatom", &record).map(|check| check.finding)
    };
    // ln 0.5 / ln 0.9 = 6.58: seven steps. Feeds have 60 to 300 s, pairs 120 to 900.
    for (window, step_interval, fine) in [
        (0, 8, false),
        (0, 9, true),
        (0, 42, true),
        (0, 43, false),
        (600, 17, false),
        (600, 18, true),
        (600, 129, false),
    ] {
        let found = speed(window, 10, step_interval);
        assert_eq!(found.is_none(), fine, "{window} {step_interval}: {found:?}");
    }
    assert!(speed(0, 10, 8).unwrap().contains("0.1 each 8 s lets it fall to a half in 56 s"));
    assert!(speed(0, 1, 3_600).unwrap().contains("more than 86400 s"));
    let guards = Guards { max_age: None, ..observed(1, 0, "10").guards };
    assert_eq!(prices::speed("uatom", &PriceRecord { guards, ..observed(1, 0, "10") }), None);
}

#[test]
fn a_heartbeat_that_is_missing_or_late_or_makes_liquidation_wait_warns() {
    let (halt, beat) = (HaltGrace { gap: 900, grace: 600 }, Heartbeat::start(900, 100_000));
    let judge = |beat: Option<&Heartbeat>, now| prices::heartbeat(beat, &halt, now);
    assert!(judge(None, 100_000).finding.contains("has none"));
    assert_eq!(judge(Some(&beat), 100_900).status, Status::Ok);
    let halted = judge(Some(&beat), 100_901);
    assert!(halted.status == Status::Warn && halted.finding.contains("liquidation waits"), "{halted:?}");
    let late = prices::heartbeat(Some(&beat), &HaltGrace::default(), 100_901);
    assert!(late.status == Status::Warn && late.finding.contains("901 s ago, 1 s lost"), "{late:?}");
    // Written to again: the grace, then nothing.
    let resumed = Heartbeat { last: 101_000, resumed_at: 101_000, missed: 1_000, lost_seconds: 100, ..beat };
    assert_eq!(judge(Some(&resumed), 101_599).status, Status::Warn);
    assert_eq!(judge(Some(&resumed), 101_600).status, Status::Ok);
}

#[tokio::test]
async fn a_supply_cap_that_pairs_can_not_bear_is_a_warning() {
    // The pair holds 100,000 ATOM and a million dollars; every cap is a thousand million tokens.
    let (chain, contracts) = world().await;
    let found = async || {
        let checks = depth::check(&chain, &contracts).await;
        checks.into_iter().map(|check| (check.check, check.status, check.finding)).collect::<Vec<_>>()
    };
    assert_eq!(found().await.len(), 4);
    let cap = async |denom: &'static str, tokens: u128| {
        let set = move |world: &mut World| {
            let cap = Amount::new(world.whole(denom, 1) * tokens);
            let changes = AssetChanges { supply_cap: Some(cap), ..AssetChanges::default() };
            world.execute(OWNER, &ExecuteMsg::UpdateAsset { denom: denom.to_owned(), changes }, &[]).unwrap();
        };
        chain.with(set).await.unwrap();
    };
    // A fifth of what the pair holds is small enough, a token more isn't. No pair sells the others.
    cap(UUSD, 200_000).await;
    cap(AETH, 0).await;
    cap(IBC_TOKEN, 0).await;
    cap(UATOM, 20_001).await;
    let [(check, status, finding)] = found().await.try_into().unwrap();
    assert_eq!((check.as_str(), status), ("depth of uatom", Status::Warn));
    assert!(finding.contains("20001000000") && finding.contains("100000000000: more than 20 % of that"), "{finding}");
    cap(UATOM, 20_000).await;
    assert_eq!(found().await[0].1, Status::Ok);
    // Priced by a pair that is ten times thinner.
    let priced = |world: &mut World| {
        let pair = world.pair(UATOM, UUSD, 100_000);
        let source = world.pair_source(UATOM, &pair, UUSD);
        world.price_by_pair(UATOM, source);
    };
    chain.with(priced).await.unwrap();
    let [(_, _, finding)] = found().await.try_into().unwrap();
    assert!(finding.contains("the pair that prices it holds 10000000000"), "{finding}");
}

#[test]
fn clock_and_endpoints_are_judged_by_the_block_that_they_tell() {
    let head = |time| Head { chain_id: "c-1".to_owned(), height: 7, time };
    for (block, clock, status) in [
        (1_000, 1_000, Status::Ok),
        (1_000, 1_030, Status::Ok),
        (1_000, 1_031, Status::Fail),
        (1_002, 1_000, Status::Ok),
        (1_003, 1_000, Status::Fail),
    ] {
        assert_eq!(network::time(&head(block), clock).status, status, "{block} {clock}");
    }
    let two = [(Kind::Grpc, "http://a:1".to_owned()), (Kind::Grpc, "http://b:1".to_owned())];
    let mut endpoints = Endpoints::new("c-1", two);
    endpoints.heard(0, &head(1_000), 0, 1_000);
    endpoints.failed(1, "connection refused", 0);
    let found = network::endpoints(&endpoints, 1_003);
    assert!(found[0].status == Status::Ok && found[0].finding.contains("block 7 of c-1, 3 s old"), "{found:?}");
    assert!(found[1].status == Status::Warn && found[1].finding.contains("connection refused"), "{found:?}");
    endpoints.heard(0, &Head { chain_id: "d-1".to_owned(), ..head(1_000) }, 1, 1_000);
    let found = network::endpoints(&endpoints, 1_003);
    assert!(found.iter().all(|check| check.status == Status::Fail && check.remedy.is_some()), "{found:?}");
}

#[test]
fn gas_money_is_held_to_one_liquidation_and_the_largest_transaction() {
    for (held, status) in [(9, Status::Fail), (10, Status::Warn), (99, Status::Warn), (100, Status::Ok)] {
        assert_eq!(wallet::gas("wasm1me", held, 10, 100, "ustake").status, status, "{held}");
    }
}

#[test]
fn files_are_tried_and_nothing_is_left_behind() {
    let directory = fresh("doctor");
    std::fs::create_dir_all(&directory).unwrap();
    let file = directory.join("deep/er/journal.jsonl");
    assert_eq!(machine::writable("journal", &file).status, Status::Ok);
    assert_eq!(std::fs::read_dir(&directory).unwrap().count(), 0);
    assert!(machine::writable("journal", &file).finding.contains("its directory with it"));
    // What the doctor foretells is what the commands do.
    make_directory_of(&file).unwrap();
    assert!(file.parent().unwrap().is_dir() && !file.exists());
    assert!(machine::writable("journal", &file).finding.ends_with("can be made"));
    make_directory_of(std::path::Path::new("journal.jsonl")).unwrap();
    std::fs::remove_dir_all(directory.join("deep")).unwrap();
    let there = directory.join("journal.jsonl");
    let held = std::fs::File::create(&there).unwrap();
    assert!(machine::writable("journal", &there).finding.contains("can be written"));
    held.lock().unwrap();
    assert!(machine::writable("journal", &there).finding.contains("in use"));
    assert_eq!(machine::writable("journal", &directory).status, Status::Fail);
    assert_eq!(machine::writable("journal", &there.join("below-a-file")).status, Status::Fail);
    std::fs::remove_dir_all(&directory).unwrap();
}

#[test]
fn limits_below_the_cost_of_a_liquidation_are_failures_each_by_its_name() {
    let fee = Coin { denom: "ustake".to_owned(), amount: 20_000 };
    let costs = |strategy: Strategy| limits::costs(&strategy, 800_000, &fee);
    let exact = Strategy {
        max_gas_per_tx: 800_000,
        max_fee: Some(20_000),
        max_fee_per_hour: Some(20_000),
        ..Strategy::default()
    };
    for good in [Strategy::default(), exact.clone()] {
        assert_eq!(worst(&costs(good)), Status::Ok);
    }
    for (name, wrong) in [
        ("strategy.max_gas_per_tx is 799999", Strategy { max_gas_per_tx: 799_999, ..exact.clone() }),
        ("strategy.max_fee is 19999ustake", Strategy { max_fee: Some(19_999), ..exact.clone() }),
        ("strategy.max_fee_per_hour is 19999ustake", Strategy { max_fee_per_hour: Some(19_999), ..exact.clone() }),
    ] {
        assert!(bad(&costs(wrong), Status::Fail).finding.contains(name), "{name}");
    }
}

#[test]
fn half_a_block_has_to_have_room_for_a_liquidation() {
    for (most, status) in [(None, Status::Ok), (Some(1_000_000), Status::Ok), (Some(999_999), Status::Fail)] {
        assert_eq!(limits::blocks(most, 500_000).status, status, "{most:?}");
    }
    let check = limits::blocks(Some(800_000), 500_000);
    assert!(check.finding.contains("400000") && check.finding.contains("500000"), "{check:?}");
}

/// In the world a debt is worth 5 at least, and dust is below 1; a whole UUSD is a million base units, for 1.
#[tokio::test]
async fn a_limit_of_repayment_names_a_listed_token_and_leaves_some_to_repay() {
    let (chain, contracts) = world().await;
    let market = Market::read(&chain, &contracts.pool).await.unwrap();
    let prices = std::collections::BTreeMap::from([(UUSD.to_owned(), "1".parse().unwrap())]);
    let judged = |denom: &str, most: u128| {
        let max_repay = std::collections::BTreeMap::from([(denom.to_owned(), most)]);
        limits::repayable(&Strategy { max_repay, ..Strategy::default() }, &market, &prices)
    };
    assert!(judged(UUSD, 5_000_000).is_empty());
    for (most, status) in
        [(4_999_999, Status::Warn), (1_000_000, Status::Warn), (999_999, Status::Fail), (10, Status::Fail)]
    {
        let checks = judged(UUSD, most);
        let found = bad(&checks, status);
        assert!(found.finding.contains(&format!("strategy.max_repay.{UUSD} is {most}{UUSD}")), "{found:?}");
    }
    assert!(bad(&judged("nope", 1), Status::Warn).finding.contains("lists no nope"));
    // Nobody knows what it is worth.
    assert!(judged(UATOM, 1).is_empty());
    // The whole of it, as the doctor asks: with the prices that are published.
    let toml = format!(
        "chain = {{ id = 'c-1', grpc = 'http://a:1', rpc = 'http://a:2' }}\ncontracts.pool = '{}'\nstrategy.max_repay.{UUSD} = 10\n",
        contracts.pool
    );
    let mut layers = Layers::default();
    layers.add_toml(&toml, "a test").unwrap();
    let config = Config { contracts, ..Config::of(&layers).unwrap() };
    let priced = chain.with_gas_price(Coin { denom: UUSD.to_owned(), amount: 1 }).await.unwrap();
    let found = limits::check(&priced, &config).await;
    assert!(bad(&found, Status::Fail).finding.contains("is 10"), "{found:?}");
    // One liquidation costs the same for the limits and for the wallet.
    let (told, held) = (&found[0].finding, &wallet::further(&priced, 1, &config.contracts).await[0].finding);
    let fee = chain_fee(told);
    assert!(held.contains(&format!("costs {fee}")), "{told} {held}");
}

/// The fee that `there is room for a liquidation, about G gas for F…` tells.
fn chain_fee(finding: &str) -> String {
    let after = finding.split(" gas for ").nth(1).unwrap();
    after.chars().take_while(char::is_ascii_digit).collect()
}

#[test]
fn spending_nothing_wants_a_liquidator_and_less_than_a_debt_is_told() {
    let value = |text: &str| text.parse::<Value>().unwrap();
    for name in ["strategy.max_spend_per_tx", "strategy.max_spend_per_hour"] {
        let spending = |most: &str, liquidator: bool| {
            let mut strategy = Strategy::default();
            let limit =
                if name.ends_with("tx") { &mut strategy.max_spend_per_tx } else { &mut strategy.max_spend_per_hour };
            *limit = Some(value(most));
            limits::spending(&strategy, value("5"), liquidator)
        };
        assert!(bad(&spending("0", false), Status::Fail).finding.contains(name));
        assert_eq!(worst(&spending("0", true)), Status::Ok);
        assert!(bad(&spending("4.99", true), Status::Warn).finding.contains(name));
        assert!(spending("5", true).is_empty());
    }
    assert!(limits::spending(&Strategy::default(), value("5"), false).is_empty());
}

/// What the plan does with its own coins is what the doctor foretells, on both sides of the border. The account is so far down that it
/// pays the whole bonus.
#[tokio::test]
async fn slippage_that_eats_up_the_bonus_is_where_the_plan_spends_nothing() {
    let build = || {
        let builder = World::builder().lent(1_000_000);
        let mut world = builder.edit(UATOM, |asset| asset.params.sale_cost = Some(Ratio::percent(1))).build();
        world.deposit(ALICE, UATOM, 100_000_000).unwrap();
        world.borrow(ALICE, UUSD, 650_000_000).unwrap();
        world.set_price(UATOM, "7.8");
        world
    };
    let chain = WorldChain::start(LIQUIDATOR, build).await.unwrap();
    let pool = chain.with(|world| world.pool().to_string()).await.unwrap();
    let book = plimsoll_keeper::book::Book::snapshot(&chain, &pool, chain.head().await.unwrap(), |_| {}).await.unwrap();
    let params = book.assets.values().find(|asset| asset.params.denom == UATOM).unwrap().params.clone();
    let judged = scan(&book, book.head.time).unwrap();
    let found = |slippage: Ratio| {
        let strategy = Strategy { slippage, ..Strategy::default() };
        let planned = plan(&book, &judged, Resources::new(Some(LIQUIDATOR), None, &strategy)).actions.len();
        (planned, limits::slippage(slippage, std::iter::once(&params), false))
    };
    // (1 + b)(1 - s) = 1, where b is the highest bonus after its fee: s = b / (1 + b).
    // Of a bonus of 10 % the fee takes a tenth of what exceeds 1 %.
    let net = 0.01 + (0.10 - 0.01) * (1.0 - 0.10);
    let border = net / (1.0 + net);
    let ratio = |number: f64| format!("{number:.6}").parse::<Ratio>().unwrap();
    let (planned, checks) = found(ratio(border - 0.0001));
    assert_eq!((planned, worst(&checks)), (1, Status::Warn), "{checks:?}");
    assert!(checks[0].finding.contains("just below health factor 1"), "{checks:?}");
    let (planned, checks) = found(ratio(border + 0.0001));
    assert_eq!(planned, 0);
    assert!(bad(&checks, Status::Fail).finding.contains("the whole bonus"));
    let (planned, checks) = found(Ratio::bps(50));
    assert_eq!((planned, worst(&checks)), (1, Status::Ok), "{checks:?}");
    let with_liquidator = limits::slippage(ratio(border + 0.0001), std::iter::once(&params), true);
    assert_eq!(bad(&with_liquidator, Status::Warn).check, "slippage");
}

#[test]
fn a_node_without_an_index_fails_and_beside_one_with_an_index_warns() {
    let told = |said: &[Option<&str>]| {
        let told: Vec<_> = said.iter().map(|said| ("http://a:1".to_owned(), said.map(str::to_owned))).collect();
        network::indexes(&told)
    };
    let disabled = Some("transaction indexing is disabled");
    assert_eq!(worst(&told(&[None])), Status::Ok);
    assert!(bad(&told(&[disabled]), Status::Fail).remedy.as_ref().unwrap().contains("tx_index"));
    assert_eq!(bad(&told(&[disabled, None]), Status::Warn).check, "index http://a:1");
}

fn chain_config() -> ChainConfig {
    ChainConfig {
        id: "c-1".to_owned(),
        grpc: Vec::new(),
        rpc: Vec::new(),
        prefix: "wasm".to_owned(),
        coin_type: 118,
        gas_price: "0.025".parse().unwrap(),
        max_gas_price: None,
        max_requests_per_second: None,
        gas_denom: "ustake".to_owned(),
        gas_adjustment: "1.3".parse().unwrap(),
        ca_file: None,
        headers: http::HeaderMap::new(),
        fee_granter: None,
    }
}

#[test]
fn a_request_budget_that_a_running_keeper_needs_more_than_warns() {
    let config = chain_config();
    for (most, status) in [(None, Status::Ok), (Some(10), Status::Ok), (Some(9), Status::Warn), (Some(1), Status::Warn)]
    {
        let check = network::budget(&ChainConfig { max_requests_per_second: most, ..config.clone() });
        assert_eq!(check.status, status, "{most:?}");
        assert!(check.remedy.is_none_or(|remedy| remedy.contains("10 or more")), "{most:?}");
    }
}

#[test]
fn a_gas_price_that_no_node_takes_fails_and_one_that_some_take_warns() {
    let config = chain_config();
    let told = |said: &[Option<&str>]| {
        let told: Vec<_> = said.iter().map(|said| ("http://a:1".to_owned(), said.map(str::to_owned))).collect();
        network::gas_prices(&told, &config)
    };
    for good in
        ["0.025ustake", "0.025000000000000000ustake,1uatom", "0.25ustake", "", "0ustake", "0.1uatom, 0.01ustake"]
    {
        assert_eq!(worst(&told(&[Some(good)])), Status::Ok, "{good}");
    }
    let unknown = told(&[None]);
    assert!(unknown[0].status == Status::Ok && unknown[0].finding.contains("unknown"), "{unknown:?}");
    // Ten times chain.gas_price is the most that is paid where nothing else is set.
    assert!(bad(&told(&[Some("0.251ustake")]), Status::Fail).remedy.as_ref().unwrap().contains("0.251 at least"));
    assert!(bad(&told(&[Some("0.001uatom")]), Status::Fail).finding.contains("0.001uatom"));
    assert_eq!(bad(&told(&[Some("1ustake"), Some("0.02ustake")]), Status::Warn).check, "gas price http://a:1");
}

fn intent(hash: &str, chain_id: &str, sender: &str) -> Intent {
    Intent {
        hash: hash.to_owned(),
        sender: sender.to_owned(),
        chain_id: chain_id.to_owned(),
        timeout_height: 1_000,
        accounts: Vec::new(),
        items: 0,
        own: 0,
        before: 0,
        sequence: Some(4),
        spent: None,
        bytes: None,
    }
}

#[test]
fn a_journals_transaction_is_judged_by_what_a_start_can_do_with_it() {
    let ours = intent("A", "c-1", "wasm1me");
    let head = |height| Head { chain_id: "c-1".to_owned(), height, time: 1 };
    let included = |height| {
        let (codespace, log, events) = (String::new(), String::new(), Vec::new());
        TxStatus::Included(Included { height, code: 0, codespace, log, gas_used: 1, events })
    };
    for (height, outcome, used, status, says) in [
        (1_010, included(990), true, Status::Ok, "in block 990"),
        (1_010, included(1_001), true, Status::Fail, "in block 1001"),
        (990, TxStatus::NotFound { height: 990 }, false, Status::Ok, "on its way"),
        (1_002, TxStatus::NotFound { height: 1_002 }, false, Status::Ok, "on its way"),
        (1_003, TxStatus::NotFound { height: 1_003 }, false, Status::Ok, "plans anew"),
        (1_003, TxStatus::NotFound { height: 1_003 }, true, Status::Warn, "sequence"),
        // At least a thousand blocks from now: no transaction is given so many.
        (0, TxStatus::NotFound { height: 0 }, false, Status::Ok, "on its way"),
    ] {
        let check = journal::judge(&ours, &head(height), &outcome, used);
        assert!(check.status == status && check.finding.contains(says), "{check:?}");
        assert_eq!(check.remedy.is_some(), status != Status::Ok);
    }
    let ahead = Intent { timeout_height: 2_000, ..ours.clone() };
    let check = journal::judge(&ahead, &head(999), &TxStatus::NotFound { height: 999 }, false);
    assert!(check.status == Status::Fail && check.finding.contains("another chain of that name"), "{check:?}");
}

#[test]
fn a_chain_whose_next_sequence_the_journal_has_seen_used_was_reset() {
    let head = |height| Head { chain_id: "c-1".to_owned(), height, time: 1 };
    // Block 990 has used up sequence 4, as the journal says; what the chain says the next one is.
    let file = std::path::Path::new("j.jsonl");
    for (height, next, fails) in [
        (1_000, 5, false),
        (1_000, 4, true),
        (990, 4, true),
        (970, 4, false),
        (969, 4, true),
        (3, 0, true),
        (3, 9, false),
    ] {
        let found = journal::reset(file, &head(height), 4, 990, next);
        assert_eq!(found.is_some(), fails, "{height} {next}");
        assert!(
            found
                .iter()
                .all(|check| check.status == Status::Fail && check.remedy.as_deref() == Some("move the journal away"))
        );
    }
}

/// Nothing of the file is changed, and another's transactions are told apart.
#[tokio::test]
async fn a_journal_is_read_for_what_the_next_start_can_do_with_it() {
    let chain = WorldChain::start(LIQUIDATOR, || World::builder().lent(1_000).build()).await.unwrap();
    let file = fresh("doctor");
    assert_eq!(journal::check(&chain, &file).await, []);
    let mut kept = Journal::open(&file).unwrap();
    let here = chain.head().await.unwrap().chain_id;
    for one in
        [intent("B", "elsewhere-1", LIQUIDATOR), intent("C", &here, "wasm1other"), intent("D", &here, LIQUIDATOR)]
    {
        kept.intend(one).unwrap();
    }
    kept.resolve("D", None, 7).unwrap();
    // A later one failed, perhaps before it used its sequence.
    kept.intend(Intent { sequence: Some(5), ..intent("E", &here, LIQUIDATOR) }).unwrap();
    kept.resolve("E", Some(FailureReason::Failed), 8).unwrap();
    assert_eq!(Journal::look_used(&file, LIQUIDATOR, &here).unwrap(), Some((4, 7)));
    assert_eq!(Journal::look_used(&file, "wasm1other", &here).unwrap(), None);
    let cut = std::fs::read_to_string(&file).unwrap() + "{\"intent\":";
    std::fs::write(&file, &cut).unwrap();
    let checks = journal::check(&chain, &file).await;
    let texts: Vec<_> = checks.iter().map(|check| (check.status, check.finding.as_str())).collect();
    assert!(
        matches!(texts.as_slice(), [(Status::Warn, b), (Status::Warn, c)]
        if b.contains("B was sent") && b.contains("elsewhere-1") && c.contains("wasm1other")),
        "{texts:?}"
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap(), cut);
    std::fs::write(&file, "no journal\n").unwrap();
    assert!(bad(&journal::check(&chain, &file).await, Status::Fail).finding.contains("line 1"));
    std::fs::remove_file(&file).unwrap();
}

#[tokio::test]
async fn a_further_key_without_gas_money_is_a_warning() {
    let price = Coin { denom: UUSD.to_owned(), amount: 1 };
    let (chain, contracts) = world().await;
    let rich = chain.with_gas_price(price).await.unwrap();
    let poor = rich.signed_by("nobody").await.unwrap();
    assert_eq!(bad(&wallet::further(&poor, 1, &contracts).await, Status::Warn).check, "gas money 2");
    let found = wallet::further(&rich, 2, &contracts).await;
    assert!(found[0].status == Status::Ok && found[0].check == "gas money 3", "{found:?}");
}
