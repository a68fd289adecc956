//! A token that a pair prices: the keeper publishes it each quarter of its window, and before it seizes or repays by
//! it. A token that is quoted in another, which no market lists: its price moves with that one's.

use plimsoll_keeper::book::Book;
use plimsoll_keeper::chain::ChainReader;
use plimsoll_keeper::config::Strategy;
use plimsoll_keeper::plan::Action;
use plimsoll_keeper::scan::scan;
use plimsoll_risk::units::Ratio;
use plimsoll_schema::oracle::{ExecuteMsg, PairSource, Source};
use plimsoll_testing::{AETH, ALICE, FEEDERS, LENDER, LIQUIDATOR, OWNER, UATOM, UUSD, World};

use crate::support::stage::{Setup, Stage};

/// A quarter of the pair's window of ten minutes.
const QUARTER: u64 = 150;

async fn keeper_of(build: impl FnOnce() -> World + Send + 'static, strategy: Strategy) -> Stage {
    Stage::of(build, Setup { strategy, ..Setup::default() }).await
}

/// ATOM is priced by a pair, and the pair was published just now. ALICE has 100 of it.
fn priced_by_pair() -> World {
    let mut world = World::builder().lent(1_000_000).build();
    let pair = world.pair(UATOM, UUSD, 1_000_000);
    let source = world.pair_source(UATOM, &pair, UUSD);
    world.price_by_pair(UATOM, source.clone());
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    world
}

/// ALICE owes 690 of a possible 700, and then others sell a tenth more ATOM into the pair: its price falls to 10 / 1.1²
/// = 8.26.
fn fallen() -> World {
    let mut world = priced_by_pair();
    world.borrow(ALICE, UUSD, 690_000_000).unwrap();
    let Source::Pair(source) = world.source(UATOM).source else { panic!("no pair") };
    let pair = plimsoll_testing::Addr::unchecked(source.pair);
    let [atom, _] = world.pair_pool(&pair).0;
    world.swap(LENDER, &pair, (UATOM, atom / 10)).unwrap();
    world
}

/// Blocks of fifty seconds until ALICE is liquidated, of so many, and the ages at which ATOM was published again.
async fn liquidated_after(blocks: u32, strategy: Strategy) -> (Option<u32>, Vec<u64>) {
    let mut stage = keeper_of(fallen, strategy).await;
    let (mut gaps, mut before) = (Vec::new(), stage.keeper.book().prices.records[UATOM].timestamp);
    for block in 0..blocks {
        let tick = stage.tick().await.unwrap();
        assert!(tick.failed.is_empty(), "{:?}", tick.failed);
        let published = stage.keeper.book().prices.records[UATOM].timestamp;
        if published > before {
            gaps.push(published - before);
        }
        before = published;
        if !tick.settled.is_empty() {
            return (Some(block), gaps);
        }
        stage.world().block(50, |_| Ok(Vec::new())).await.unwrap().unwrap();
    }
    (None, gaps)
}

#[tokio::test]
async fn a_live_price_is_published_each_quarter_window_and_liquidated_by() {
    let (after, gaps) = liquidated_after(40, Strategy::default()).await;
    // Three of five intervals say the new price after three quarters of the window, each of which ends at the next
    // block of fifty seconds, or the one after that, when what was sent is in it; then a block to liquidate, and one
    // that tells.
    assert!(after.is_some_and(|block| (9..=16).contains(&block)), "{after:?}");
    assert!(gaps.len() >= 3 && gaps.iter().all(|gap| (QUARTER..=QUARTER + 100).contains(gap)), "{gaps:?}");
    let never = Strategy { publish_seconds: Some(0), ..Strategy::default() };
    assert_eq!(liquidated_after(40, never).await, (None, Vec::new()));
    // As often as is asked for.
    let (_, gaps) = liquidated_after(9, Strategy { publish_seconds: Some(50), ..Strategy::default() }).await;
    assert!(gaps.len() >= 3 && gaps.iter().all(|gap| *gap <= 100), "{gaps:?}");
}

/// ALICE owes 0.345 ETH, and that rises by 15 % so many seconds after ATOM was published: 793.5 against 750.
fn owing_eth(after: u64) -> World {
    let mut world = priced_by_pair();
    world.borrow(ALICE, AETH, 345_000_000_000_000_000).unwrap();
    world.advance(after);
    world.set_price(AETH, "2300");
    world
}

#[tokio::test]
async fn a_price_older_than_a_quarter_window_is_published_with_the_seizure() {
    for (age, publish) in [(QUARTER, Vec::new()), (QUARTER + 1, vec![UATOM.to_owned()])] {
        let never = Strategy { publish_seconds: Some(0), ..Strategy::default() };
        let mut stage = keeper_of(move || owing_eth(age), never).await;
        let book = stage.keeper.book();
        let [verdict] = scan(book, book.head.time).unwrap().liquidatable(book).try_into().unwrap();
        let position = stage.world().with(|world| world.position(ALICE)).await.unwrap();
        assert_eq!((position.liquidatable, position.health_factor), (true, verdict.health_factor()));

        let tick = stage.tick().await.unwrap();
        let [Action::Liquidate(deal)] = tick.sent.actions.as_slice() else { panic!("{:?}", tick.plan) };
        assert_eq!((&deal.collateral_denom, &deal.publish), (&UATOM.to_owned(), &publish));
        // Without that the pool refuses.
        let (sent, alone) = (deal.sent.amount, publish.is_empty());
        let tried = move |world: &mut World| {
            let before = world.snapshot();
            let tried = world.liquidate(LIQUIDATOR, ALICE, UATOM, (AETH, sent));
            world.restore(&before);
            tried.map(drop).map_err(|error| error.to_string())
        };
        let tried = stage.world().with(tried).await.unwrap();
        assert_eq!(tried.is_ok(), alone, "{tried:?}");
        assert!(alone || tried.unwrap_err().contains("price of uatom"));
        // Even in the next block, when it has grown older still.
        stage.world().block(0, |_| Ok(Vec::new())).await.unwrap().unwrap();
        let next = stage.tick().await.unwrap();
        assert_eq!((next.settled.len(), next.failed.len()), (1, 0), "{:?}", next.failed);
        let (record, now) = stage.world().with(|world| (world.price_record(UATOM), world.now())).await.unwrap();
        assert_eq!(record.timestamp == now, !alone);
        assert_eq!(stage.keeper.book().prices.records[UATOM], record);
    }
}

/// Quoted in by others, and listed by no market.
const UOSMO: &str = "uosmo";

/// ATOM is priced by a pair with OSMO, of which the pool knows nothing: 20 OSMO at 0.5. ALICE owes 690 of a possible
/// 700.
fn quoted_in_osmo() -> World {
    let mut world = World::builder().lent(1_000_000).oracle(|oracle| oracle.source_delay = 0).build();
    let (source, guards) = (world.feed_source(&FEEDERS, 2), world.price_record(UATOM).guards);
    world.set_source(UOSMO, source, guards).unwrap();
    world.set_price(UOSMO, "0.5");
    let pair = world.deploy_pair(UATOM, UOSMO, Ratio::bps(30)).unwrap();
    let coins = [(UATOM, 100_000_000_000), (UOSMO, 2_000_000_000_000)];
    for (denom, amount) in coins {
        world.mint(LENDER, denom, amount);
    }
    world.provide_liquidity(LENDER, &pair, coins).unwrap();
    let source = PairSource { quote_denom: UOSMO.to_owned(), ..world.pair_source(UATOM, &pair, UUSD) };
    world.price_by_pair(UATOM, source);
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    world.borrow(ALICE, UUSD, 690_000_000).unwrap();
    world
}

#[tokio::test]
async fn a_price_follows_that_of_an_unlisted_denom_it_is_quoted_in() {
    let mut stage = keeper_of(quoted_in_osmo, Strategy::default()).await;
    assert_eq!(stage.keeper.book().asset_of(UOSMO), None);
    assert!(stage.keeper.book().prices.records.contains_key(UOSMO));
    assert_eq!(stage.tick().await.unwrap().scan.below(), 0);
    // OSMO falls by a tenth, and ATOM with it: to 9.
    let vote = |world: &mut World| Ok(FEEDERS.map(|feeder| world.feed(feeder, &[(UOSMO, "0.45")]).unwrap()).into());
    stage.world().block(5, vote).await.unwrap().unwrap();
    let tick = stage.tick().await.unwrap();
    let position = stage.world().with(|world| world.position(ALICE)).await.unwrap();
    assert!(position.liquidatable);
    assert_eq!(tick.scan.verdicts(stage.keeper.book())[0].health_factor(), position.health_factor);
    assert_eq!(tick.sent.actions.len(), 1);
    let fresh = Book::snapshot(stage.world(), &stage.pool, stage.world().head().await.unwrap(), |_| {}).await.unwrap();
    assert_eq!(stage.keeper.book(), &fresh);
}

#[tokio::test]
async fn a_fallback_is_published_before_it_is_needed_by_silent_feeders() {
    let build = || {
        let mut world = World::builder().lent(1_000_000).oracle(|oracle| oracle.source_delay = 0).build();
        let pair = world.pair(UATOM, UUSD, 1_000_000);
        let source = Source::Pair(world.pair_source(UATOM, &pair, UUSD));
        let guards = world.price_record(UATOM).guards;
        let msg = ExecuteMsg::SetFallback { denom: UATOM.to_owned(), source, guards, after: 3_600 };
        world.execute_oracle(OWNER, &msg).unwrap();
        world.deposit(ALICE, UATOM, 100_000_000).unwrap();
        world.borrow(ALICE, UUSD, 100_000_000).unwrap();
        world
    };
    let mut stage = keeper_of(build, Strategy::default()).await;
    for _ in 0..100 {
        stage.tick().await.unwrap();
        let vote = |world: &mut World| Ok(FEEDERS.map(|feeder| world.feed(feeder, &[(UUSD, "1")]).unwrap()).into());
        stage.world().block(50, vote).await.unwrap().unwrap();
    }
    let (record, now) = stage.world().with(|world| (world.price_record(UATOM), world.now())).await.unwrap();
    assert!(record.window == 600 && record.fault(now).is_none(), "{record:?} at {now}");
    assert_eq!(stage.keeper.book().prices.records[UATOM].window, 600);
}
