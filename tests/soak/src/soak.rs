//! Some minutes of everything at once.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fastrand::Rng;
use plimsoll_keeper::chain::ChainReader;
use plimsoll_keeper::error::{Error, Result};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::books::Compared;
use crate::keeper::{Keeper, Launch, signal};
use crate::market::{Market, coin};
use crate::party::Party;
use crate::proxy::{Proxy, Way};
use crate::sent::{Sent, intended};
use crate::stage::{DOLLAR, Stage, TOKENS};
use crate::users::{Done, User};
use crate::watch::{Calm, Seen, Watch};

/// Blocks that the keeper has to finish its work once faults, prices and users rest.
const REST: Duration = Duration::from_secs(10);
/// Who uses the pool.
const USERS: [&str; 3] = ["user2", "user3", "user4"];

/// What is to be done.
#[derive(Clone, Debug)]
pub struct Soak {
    /// For so many minutes.
    pub minutes: f64,
    /// The dice's seed.
    pub seed: u64,
    /// The node's process, to be held up now and then.
    pub node: u32,
    /// How the keeper is started, but for its endpoints.
    pub launch: Launch,
    /// Its address.
    pub keeper: String,
    /// Its journal.
    pub journal: PathBuf,
    /// Its book.
    pub book: PathBuf,
}

/// Faults by kind.
#[derive(Clone, Copy, Debug, Default)]
struct Faults {
    ways: u64,
    kills: u64,
    stalls: u64,
}

/// Plays it. What was seen, as one object; an error when something doesn't hold.
pub async fn soak(stage: &Stage, job: Soak) -> Result<Value> {
    let market = Arc::new(Market::open(stage).await?);
    furnish(stage, &job.keeper).await?;
    let (roads, launch) = roads(stage, job.launch.clone()).await?;
    let (stop, stopped) = watch::channel(false);
    let (end, ended) = watch::channel(false);

    let calm = Calm::default();
    calm.ends();
    let watching = Watch { party: stage.party("user1").await?, pool: stage.pool().to_owned(), calm: calm.clone() };
    let watching = tokio::spawn(watching.keep(ended.clone()));
    let reading = tokio::spawn(intended(job.journal.clone(), ended));
    let mut keeper = Keeper::start(launch)?;
    keeper.ready(Instant::now()).await?;

    let mut users = Vec::new();
    for (number, name) in (0..).zip(USERS) {
        let (party, pool) = (stage.party(name).await?, stage.pool().to_owned());
        let random = Rng::with_seed(job.seed.wrapping_add(number));
        users.push(tokio::spawn(User { party, pool, market: market.clone(), random }.live(stopped.clone())));
    }
    let prices = tokio::spawn(prices(market, Rng::with_seed(job.seed ^ 0x9e37), stopped));

    let asker = stage.party("user1").await?;
    let until = Instant::now() + Duration::from_secs_f64(job.minutes * 60.0);
    let faults = trouble(&asker, &mut keeper, &roads, &calm, &job, until).await;
    let _ = stop.send(true);
    let moved = join(prices).await?;
    let (accepted, refused) = messages(users).await?;
    let faults = faults?;
    sleep(REST).await;
    keeper.stop().await?;
    let _ = end.send(true);
    let (seen, hashes) = (join(watching).await?, reading.await.map_err(lost)?);
    let sent = Sent::of(&asker, &job.keeper, &hashes).await?;
    let books = Compared::of(&asker, stage.pool(), &job.book).await?;
    let holds = verdict(&seen, &sent, &books);
    let report = json!({
        "minutes": job.minutes, "seed": job.seed, "blocks": seen.blocks, "user_messages": accepted, "user_refused": refused,
        "price_moves": moved, "faults": { "ways": faults.ways, "kills": faults.kills, "stalls": faults.stalls },
        "falls_below_1": seen.falls, "longest_blocks_below_1": seen.longest, "late": seen.late, "left": seen.left,
        "transactions": sent.included, "failed": sent.failed, "intents": sent.intended, "sequence": sent.sequence,
        "book": { "height": books.height, "accounts": books.accounts, "differences": books.differences },
        "holds": holds.is_ok(),
    });
    match holds {
        Ok(()) => Ok(report),
        Err(error) => Err(Error::DoesNotHold(format!("{error}: {report}"))),
    }
}

fn verdict(seen: &Seen, sent: &Sent, books: &Compared) -> Result<()> {
    sent.assert_once()?;
    if books.differences > 0 {
        return Err(Error::DoesNotHold(format!("{books:?}: the keeper's book is not the chain's")));
    }
    if !seen.late.is_empty() {
        return Err(Error::DoesNotHold(format!("{} accounts stayed below 1 for too long", seen.late.len())));
    }
    if seen.left > 0 {
        return Err(Error::DoesNotHold(format!("{} accounts are below 1 at the end", seen.left)));
    }
    if seen.falls == 0 || sent.included == 0 {
        return Err(Error::DoesNotHold("nothing happened, so nothing is shown".to_owned()));
    }
    Ok(())
}

/// Liquidity to borrow, and gas money for the keeper, who gets nothing else.
pub async fn furnish(stage: &Stage, keeper: &str) -> Result<()> {
    let lender = stage.party("user1").await?;
    lender.send(stage.pool(), &json!({ "deposit": {} }), vec![coin(DOLLAR, 5e13)]).await?;
    let owner = stage.party("owner").await?;
    owner.pay(keeper, coin("ustake", 1e10)).await.map(drop)
}

/// Two ways to each of the node's ports, and the keeper told of both.
async fn roads(stage: &Stage, mut launch: Launch) -> Result<(Vec<[Proxy; 2]>, Launch)> {
    let port = |address: &str| {
        let digits =
            address.rsplit(':').next().map(|rest| rest.chars().take_while(char::is_ascii_digit).collect::<String>());
        let port = digits.and_then(|digits| digits.parse().ok());
        port.ok_or_else(|| Error::DoesNotHold(format!("{address} names no port")))
    };
    let (grpc, rpc) = (port(&stage.deployment.grpc)?, port(&stage.deployment.rpc)?);
    let mut roads = Vec::new();
    for _ in 0..2 {
        roads.push([Proxy::open(grpc).await?, Proxy::open(rpc).await?]);
    }
    for (at, key) in ["chain.grpc", "chain.rpc"].into_iter().enumerate() {
        let urls: Vec<String> = roads.iter().map(|road| format!("http://127.0.0.1:{}", road[at].port())).collect();
        launch.arguments.extend(["--set".to_owned(), format!("{key}={}", urls.join(","))]);
    }
    Ok((roads, launch))
}

/// Prices walk, and fall now and then.
async fn prices(market: Arc<Market>, mut random: Rng, stop: watch::Receiver<bool>) -> Result<u64> {
    let mut moves = 0;
    while !*stop.borrow() {
        let token = random.usize(0..TOKENS.len());
        let first = TOKENS.get(token).map_or(1.0, |token| token.price);
        let factor = if random.u8(0..5) == 0 { 0.75 + random.f64() * 0.2 } else { 0.96 + random.f64() * 0.1 };
        let price = (market.price(token) * factor).clamp(first * 0.3, first * 2.0);
        match market.set(token, price).await {
            Ok(_) => moves += 1,
            Err(Error::Unreachable { .. } | Error::Query { .. } | Error::Refused { .. } | Error::Failed { .. }) => {}
            Err(error) => return Err(error),
        }
        sleep(Duration::from_millis(random.u64(500..4_000))).await;
    }
    Ok(moves)
}

/// One fault after the other: a road turns bad, always leaving the other; the node stands still; the keeper is killed.
async fn trouble(
    asker: &Party,
    keeper: &mut Keeper,
    roads: &[[Proxy; 2]],
    calm: &Calm,
    job: &Soak,
    until: Instant,
) -> Result<Faults> {
    let (mut random, mut faults) = (Rng::with_seed(job.seed ^ 0xfa17), Faults::default());
    while Instant::now() < until {
        calm.since(asker.node().head().await?.height);
        sleep(Duration::from_millis(random.u64(4_000..10_000))).await;
        keeper.assert_alive()?;
        calm.ends();
        match random.u8(0..10) {
            0..6 => {
                let way = Way::FAULTS[random.usize(0..Way::FAULTS.len())];
                let road = &roads[random.usize(0..roads.len())];
                let hit = random.u8(0..3);
                for (at, proxy) in road.iter().enumerate() {
                    proxy.set(if usize::from(hit) == at { Way::Open } else { way });
                }
                sleep(Duration::from_millis(random.u64(500..6_000))).await;
                road.iter().for_each(|proxy| proxy.set(Way::Open));
                faults.ways += 1;
            }
            6 | 7 => {
                signal("STOP", job.node).await?;
                sleep(Duration::from_millis(random.u64(500..3_000))).await;
                signal("CONT", job.node).await?;
                faults.stalls += 1;
            }
            _ => {
                let pause = Duration::from_millis(random.u64(0..2_000));
                keeper.kill(pause).await?;
                keeper.ready(Instant::now()).await?;
                faults.kills += 1;
            }
        }
        // Connections that broke are made anew, and what was missed is read.
        sleep(Duration::from_secs(2)).await;
    }
    calm.since(asker.node().head().await?.height);
    Ok(faults)
}

/// How many messages the users sent, and how many of them were refused.
async fn messages(users: Vec<JoinHandle<Result<Done>>>) -> Result<(u64, u64)> {
    let mut accepted = 0;
    let mut refused = 0;
    for user in users {
        let done = join(user).await?;
        accepted += done.accepted;
        refused += done.refused;
    }
    Ok((accepted, refused))
}

/// What a task came to.
pub async fn join<T>(task: JoinHandle<Result<T>>) -> Result<T> {
    task.await.map_err(lost)?
}

fn lost(error: tokio::task::JoinError) -> Error {
    Error::DoesNotHold(format!("a task was lost: {error}"))
}
