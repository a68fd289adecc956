//! A rehearsal against the thing itself: what is foretold for a fall is what the contracts say once it has happened.

use plimsoll_keeper::book::Book;
use plimsoll_keeper::chain::ChainReader;
use plimsoll_keeper::chain::simulated::WorldChain;
use plimsoll_keeper::commands::rehearse::shock::{Shock, left_over, moved, shocked};
use plimsoll_keeper::commands::scan::summary;
use plimsoll_keeper::config::Strategy;
use plimsoll_keeper::dex::{DexSnapshot, Pair};
use plimsoll_keeper::plan::{Action, Resources, plan};
use plimsoll_keeper::scan::scan;
use plimsoll_risk::mark::SharedValues;
use plimsoll_risk::units::{Amount, Ratio};
use plimsoll_testing::{ALICE, Asset, BOB, LIQUIDATOR, UATOM, UUSD, World};

fn shock(text: &str) -> Shock {
    text.parse().unwrap()
}

#[test]
fn shocks_are_read_and_what_makes_no_sense_is_refused() {
    let factor = |text: &str| shock(text).factor.to_string();
    assert_eq!(factor("uatom=-30%"), "0.7");
    assert_eq!(factor("uatom=+12.5%"), "1.125");
    assert_eq!(factor("uatom=0%"), "1");
    assert_eq!(factor("uatom=900%"), "10");
    assert_eq!(shock("factory/wasm1x/a=b=-5%").denom, "factory/wasm1x/a=b");
    for text in
        ["uatom", "uatom=-30", "=-30%", "uatom=-100%", "uatom=-101%", "uatom=901%", "uatom=x%", "uatom=--3%", "uatom=%"]
    {
        let error = text.parse::<Shock>().unwrap_err();
        assert!(error.contains(text) && error.contains("uatom=-30%"), "{error}");
    }
}

#[tokio::test]
async fn what_is_foretold_is_what_the_contracts_say_after_the_fall() {
    let build = || {
        let mut world = World::builder().lent(1_000_000).build();
        for (n, borrowed) in [690_000_000, 600_000_000, 500_000_000, 400_000_000].into_iter().enumerate() {
            world.deposit((ALICE, u32::try_from(n).unwrap()), UATOM, 100_000_000).unwrap();
            world.borrow((ALICE, u32::try_from(n).unwrap()), UUSD, borrowed).unwrap();
        }
        // Collateral and debt the other way round.
        world.deposit(BOB, UUSD, 1_000_000_000).unwrap();
        world.borrow(BOB, UATOM, 60_000_000).unwrap();
        world
    };
    let chain = WorldChain::start(LIQUIDATOR, build).await.unwrap();
    let pool = chain.with(|world| world.pool().to_string()).await.unwrap();
    let book = Book::snapshot(&chain, &pool, chain.head().await.unwrap(), |_| {}).await.unwrap();
    for (change, price) in [("0%", "10"), ("-12%", "8.8"), ("-30%", "7"), ("-45%", "5.5"), ("+70%", "17")] {
        let foretold = shocked(&book, &[shock(&format!("uatom={change}"))]).unwrap();
        let mut below: Vec<String> = scan(&foretold, book.head.time)
            .unwrap()
            .liquidatable(&foretold)
            .iter()
            .map(|verdict| verdict.key.to_string())
            .collect();
        let told = chain
            .with(move |world| {
                let before = world.snapshot();
                world.set_price(UATOM, price);
                let found = world.liquidatable();
                world.restore(&before);
                found
            })
            .await
            .unwrap();
        let mut told: Vec<String> = told.iter().map(|found| found.key.to_string()).collect();
        below.sort();
        told.sort();
        assert_eq!(below, told, "{change}");
    }
}

/// What the pool itself writes off when the account is liquidated as planned. Its books lose less than a unit less, since debts round up.
#[tokio::test]
async fn the_loss_that_a_liquidation_leaves_is_what_the_pool_then_writes_off() {
    for (price, loses) in [("8", false), ("6.9", true), ("5.5", true), ("2", true)] {
        let build = move || {
            let sold = |asset: &mut Asset| asset.params.sale_cost = Some(asset.params.liquidation_bonus.min);
            let mut world = World::builder().edit(UATOM, sold).lent(1_000_000).build();
            world.deposit(ALICE, UATOM, 100_000_000).unwrap();
            world.borrow(ALICE, UUSD, 690_000_000).unwrap();
            world.set_price(UATOM, price);
            world
        };
        let chain = WorldChain::start(LIQUIDATOR, build).await.unwrap();
        let pool = chain.with(|world| world.pool().to_string()).await.unwrap();
        let book = Book::snapshot(&chain, &pool, chain.head().await.unwrap(), |_| {}).await.unwrap();
        let judged = scan(&book, book.head.time).unwrap();
        let strategy = Strategy::default();
        let planned = plan(&book, &judged, Resources::new(Some(LIQUIDATOR), None, &strategy)).actions;
        let Some(Action::Liquidate(deal)) = planned.into_iter().next() else { panic!("no plan at {price}") };
        let foretold = left_over(&book, &judged, &deal);
        assert_eq!(foretold.is_some(), loses, "{price}: {foretold:?}");
        let sent = deal.sent.amount;
        let done =
            chain.with(move |world| world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, sent)).unwrap()).await.unwrap();
        let attributes = done.events.iter().flat_map(|event| &event.attributes);
        let told = attributes.filter(|attribute| attribute.key == "written_off");
        let lost: Vec<f64> = told.map(|one| one.value.trim_end_matches(UUSD).parse().unwrap()).collect();
        let foretold: Vec<f64> = foretold.iter().map(|value| value.to_string().parse::<f64>().unwrap() * 1e6).collect();
        assert_eq!(lost.len(), foretold.len(), "{price}");
        assert!(
            lost.iter().zip(&foretold).all(|(lost, told)| (told - lost).abs() <= 1.0),
            "{price}: {lost:?} {foretold:?}"
        );
    }
}

// A shock is a vote that has just been cast: what isn't shocked stays as old as it is.
#[tokio::test]
async fn prices_that_fail_guards_are_named_before_and_after_a_shock() {
    let chain = WorldChain::start(LIQUIDATOR, || World::builder().lent(1_000).build()).await.unwrap();
    let pool = chain.with(|world| world.pool().to_string()).await.unwrap();
    let read = async || Book::snapshot(&chain, &pool, chain.head().await.unwrap(), |_| {}).await.unwrap();
    let book = read().await;
    let faults = |book: &Book| scan(book, book.head.time).unwrap().assets.faults();
    assert!(faults(&book).is_empty());
    let ages = |book: &Book| book.prices.records.values().filter(|record| record.guards.max_age.is_some()).count();
    chain.block(100_000, |_| Ok(Vec::new())).await.unwrap().unwrap();
    let old = read().await;
    let found = faults(&old);
    assert!(found.len() == ages(&old) && found[UATOM].contains("s old"), "{found:?}");
    let told = summary(&old, &scan(&old, old.head.time).unwrap());
    assert_eq!(
        (&told["price_faults"][UATOM], &told["height"]),
        (&found[UATOM].clone().into(), &old.head.height.into())
    );
    let shocked = faults(&shocked(&old, &[shock("uatom=-1%")]).unwrap());
    assert!(!shocked.contains_key(UATOM) && shocked.len() + 1 == found.len(), "{shocked:?}");
}

#[tokio::test]
async fn a_shock_moves_what_is_quoted_in_it_and_is_told_record_by_record() {
    let build = || {
        let mut world = World::builder().lent(1_000).build();
        let pair = world.pair(UATOM, UUSD, 1_000_000);
        let source = world.pair_source(UATOM, &pair, UUSD);
        world.price_by_pair(UATOM, source);
        world
    };
    let chain = WorldChain::start(LIQUIDATOR, build).await.unwrap();
    let pool = chain.with(|world| world.pool().to_string()).await.unwrap();
    let book = Book::snapshot(&chain, &pool, chain.head().await.unwrap(), |_| {}).await.unwrap();
    let price = |shocks: &[&str]| {
        let shocks: Vec<Shock> = shocks.iter().map(|text| shock(text)).collect();
        let book = shocked(&book, &shocks).unwrap();
        book.prices.price(UATOM, book.head.time).collateral_down(&SharedValues::default()).to_string().parse::<f64>()
    };
    let before = price(&[]).unwrap();
    assert!((before - 10.0).abs() < 0.01, "{before}");
    for (shocks, factor) in
        [(vec!["uusd=-20%"], 0.8), (vec!["uatom=-10%"], 0.9), (vec!["uusd=-20%", "uatom=-10%"], 0.72)]
    {
        let after = price(&shocks).unwrap();
        assert!((after / before - factor).abs() < 1e-9, "{shocks:?}: {after}");
    }
    let told = &summary(&book, &scan(&book, book.head.time).unwrap())["prices"][UATOM];
    assert_eq!((&told[0]["denom"], &told[0]["quote"], &told[1]["denom"]), (&UATOM.into(), &UUSD.into(), &UUSD.into()));
    assert_eq!(
        (&told[1]["settled"], &told[1]["raw"]["low"], &told[1]["fault"]),
        (&"1".into(), &"1".into(), &().into())
    );
    assert_eq!(told[0]["stale"], false);
}

#[tokio::test]
async fn what_is_not_listed_or_named_twice_is_refused() {
    let chain = WorldChain::start(LIQUIDATOR, || World::builder().lent(1_000).build()).await.unwrap();
    let pool = chain.with(|world| world.pool().to_string()).await.unwrap();
    let book = Book::snapshot(&chain, &pool, chain.head().await.unwrap(), |_| {}).await.unwrap();
    let error = shocked(&book, &[shock("uosmo=-1%")]).unwrap_err().to_string();
    assert!(error.contains("uosmo") && error.contains(UATOM), "{error}");
    let error = shocked(&book, &[shock("uatom=-1%"), shock("uatom=-2%")]).unwrap_err().to_string();
    assert!(error.contains("twice"), "{error}");
}

#[test]
fn pairs_move_along_their_product_until_their_price_has_moved_as_much() {
    let pair = Pair {
        address: "p".to_owned(),
        denoms: [UATOM.to_owned(), UUSD.to_owned()],
        reserves: [Amount::new(1_000_000_000_000), Amount::new(10_000_000_000_000)],
        fee: Ratio::bps(30),
    };
    let dex = DexSnapshot { liquidator: "l".to_owned(), pairs: vec![pair] };
    for (texts, factor) in [
        (vec!["uatom=-36%"], 0.64),
        (vec!["uusd=+300%"], 0.25),
        (vec!["uatom=-36%", "uusd=-36%"], 1.0),
        (vec!["aeth=-5%"], 1.0),
    ] {
        let shocks: Vec<Shock> = texts.iter().map(|text| shock(text)).collect();
        let [atom, usd] = moved(&dex, &shocks).pairs[0].reserves.map(|reserve| reserve.raw() as f64);
        assert!((usd / atom / 10.0 - factor).abs() < 1e-9, "{texts:?}: {atom} {usd}");
        assert!((atom * usd / 1e25 - 1.0).abs() < 1e-9, "{texts:?}: the product stays");
    }
}
