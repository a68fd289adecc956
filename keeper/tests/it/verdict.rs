//! The keeper's verdict = the contract's health query = the outcome of `liquidate`, on 10,000 random accounts of
//! several denoms with accrued interest, a tenth of them within 10⁻⁶ of health factor 1: while settled prices trail
//! what is observed and some hang on one record, while a price is silent, once silent collateral declines, in a halt of
//! the oracle, and in the grace after it.

use std::collections::BTreeMap;

use plimsoll_keeper::book::Book;
use plimsoll_keeper::chain::ChainReader;
use plimsoll_keeper::chain::simulated::WorldChain;
use plimsoll_keeper::scan::{Scan, scan};
use plimsoll_risk::account::Account;
use plimsoll_risk::heartbeat::HaltGrace;
use plimsoll_risk::units::Ratio;
use plimsoll_schema::oracle::PairSource;
use plimsoll_schema::pool::{AccountKey, ExecuteMsg, OnBehalf, UserPositionResponse};
use plimsoll_testing::{AETH, Asset, IBC_TOKEN, LENDER, LIQUIDATOR, OWNER, UATOM, UUSD, World, coin};

const ACCOUNTS: u32 = 10_000;
const PER_OWNER: u32 = 100;
/// Staked ETH: a pair prices it in ETH, so its record is a rate.
const STETH: &str = "asteth";
/// Denom, and how many base units are worth a thousandth of the quote currency at the first price. ETH and staked ETH
/// are neighbours: many accounts have one and owe the other.
const DENOMS: [(&str, u128); 5] =
    [(UUSD, 1_000), (UATOM, 100), (IBC_TOKEN, 200), (AETH, 500_000_000_000), (STETH, 500_000_000_000)];
/// The pair's window, in seconds, and a quarter of it: how often it is published.
const WINDOW: u64 = 600;
const QUARTER: u64 = WINDOW / 4;
/// More seconds than this without a write of the oracle are a gap, and a halt.
const GAP: u64 = 900;

/// A linear congruential generator: the same accounts in every run (Knuth's MMIX constants).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn pick(&mut self, sides: usize) -> usize {
        usize::try_from(self.roll(sides as u64)).unwrap()
    }
}

fn owner(n: u32) -> (String, u32) {
    (format!("owner_{}", n / PER_OWNER), n % PER_OWNER)
}

/// One to three collaterals, one or two debts of other denoms, borrowed up to between half and all of what is allowed;
/// of some a deposit of what is owed, which doesn't count.
fn open(world: &mut World, n: u32, dice: &mut Dice) {
    let (name, id) = owner(n);
    let who = (name.as_str(), id);
    let (first, collaterals) = (dice.pick(5), 1 + dice.pick(3));
    let deposit = |world: &mut World, dice: &mut Dice, at: usize| {
        let (denom, unit) = DENOMS[at % 5];
        let amount = unit * u128::from(100_000 + dice.roll(10_000_000)) + u128::from(dice.roll(1_000));
        world.mint(&*name, denom, amount);
        world.deposit(who, denom, amount).unwrap();
    };
    for step in 0..collaterals {
        deposit(world, dice, first + step);
    }
    let debts = 1 + dice.pick(2);
    for step in 0..debts {
        let (denom, _) = DENOMS[(first + collaterals + step) % 5];
        let share = u128::from(500 + dice.roll(501));
        let part = if step + 1 < debts { 2 } else { 1 };
        let amount = world.max_borrow(who, denom) / part * share / 1_000;
        // A second debt may be too small to be given.
        let _ = world.borrow(who, denom, amount);
    }
    if n % 20 == 7 {
        deposit(world, dice, first + collaterals);
    }
}

/// Whether staked ETH or ETH is on both sides.
fn is_loop(position: &UserPositionResponse) -> bool {
    let eth = |denom: &String| denom == AETH || denom == STETH;
    position.collaterals.iter().any(|held| eth(&held.denom)) && position.debts.iter().any(|owed| eth(&owed.denom))
}

/// Repays so much that the health factor ends within 10⁻⁶ of 1, on either side. Not where the values hang on how much
/// is owed.
fn bring_to_the_edge(world: &mut World, n: u32, dice: &mut Dice) -> bool {
    let (name, id) = owner(n);
    let position = world.position((name.as_str(), id));
    let [debt] = position.debts.as_slice() else { return false };
    if !position.liquidatable || is_loop(&position) {
        return false;
    }
    // debt' = carried / (1 + e), e between -10⁻⁶ and 10⁻⁶ in steps of 10⁻⁹
    let edge = 1_000_000_000 - 1_000 + u128::from(dice.roll(2_001));
    let target = position.adjusted_collateral_value.div_down(Ratio::new(edge * 1_000_000_000)).unwrap();
    let kept = target.raw() * cosmwasm_std::Uint256::from(debt.amount.raw()) / position.debt_value.raw();
    let amount = debt.amount.raw() - cosmwasm_std::Uint128::try_from(kept).unwrap().u128();
    if amount == 0 {
        return false;
    }
    world.mint(LIQUIDATOR, &debt.denom, amount);
    let owner = world.addr(name.as_str()).into_string();
    let msg = ExecuteMsg::Repay(OnBehalf { account_id: Some(id), on_behalf_of: Some(owner) });
    world.execute(LIQUIDATOR, &msg, &[coin(amount, &debt.denom)]).is_ok()
}

/// Lets time pass, in steps of this many seconds, at each of which feeders vote for these prices again and the pair is
/// published if it is wanted.
fn pass(world: &mut World, seconds: u64, step: u64, fed: &[&str], live: bool) {
    for _ in 0..seconds / step {
        world.advance(step);
        let now: Vec<(&str, String)> =
            fed.iter().map(|denom| (*denom, world.price_record(denom).raw.low.to_string())).collect();
        let now: Vec<(&str, &str)> = now.iter().map(|(denom, price)| (*denom, price.as_str())).collect();
        world.set_prices(&now);
        if live {
            world.publish(LENDER, &[STETH]).unwrap();
        }
    }
}

const FED: [&str; 4] = [UUSD, UATOM, IBC_TOKEN, AETH];

fn build() -> World {
    let (mut steth, mut aeth) = (Asset::new(STETH, 18, "2000"), Asset::new(AETH, 18, "2000").with_ltv(75, 80));
    for asset in [&mut steth, &mut aeth] {
        (asset.guards.max_deviation, asset.guards.step_interval) = (Ratio::percent(5), 10);
    }
    let others = Asset::defaults().into_iter().filter(|asset| asset.params.denom != AETH);
    let builder = World::builder().assets(others.chain([aeth, steth])).lent(20_000_000);
    let mut world = builder.oracle(|oracle| oracle.heartbeat_gap = GAP).build();
    let pair = world.pair(AETH, STETH, 10_000_000);
    let source = PairSource { window: WINDOW, ..world.pair_source(STETH, &pair, AETH) };
    world.price_by_pair(STETH, source);
    let mut dice = Dice(7);
    for n in 0..ACCOUNTS {
        open(&mut world, n, &mut dice);
        if n % 1_000 == 999 {
            world.advance_fresh(86_400);
            pass(&mut world, 6 * QUARTER, QUARTER, &FED, true);
        }
    }
    world.advance_fresh(30 * 86_400);
    pass(&mut world, 6 * QUARTER, QUARTER, &FED, true);
    world.set_prices(&[(UATOM, "6"), (IBC_TOKEN, "5.5"), (AETH, "1250")]);
    pass(&mut world, 6 * QUARTER, QUARTER, &FED, true);
    // ETH falls by a tenth in this block, staked ETH is worth less ETH, and one feeder sees ATOM higher: settled prices
    // are not there yet.
    world.set_prices(&[(AETH, "1120")]);
    world.feed(plimsoll_testing::FEEDERS[0], &[(UATOM, "6.1")]).unwrap();
    let mut at_the_edge = 0;
    for n in 0..ACCOUNTS {
        if at_the_edge < ACCOUNTS / 10 + 60 {
            at_the_edge += u32::from(bring_to_the_edge(&mut world, n, &mut dice));
        }
    }
    world
}

/// What came of `liquidate`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Done,
    Healthy,
    Spared,
    /// It has nothing that could be seized or repaid now.
    Silent,
}

/// Liquidates an account by a collateral and a debt that aren't silent. A refusal must be for health or a grace.
fn outcome(world: &mut World, key: &AccountKey, position: &UserPositionResponse, silent: &[&str]) -> Outcome {
    let heard = |denom: &String| !silent.contains(&denom.as_str());
    let owed = position.debts.iter().find(|owed| heard(&owed.denom));
    let other = |denom: &String| owed.is_some_and(|owed| owed.denom != *denom);
    let held = position.collaterals.iter().find(|held| heard(&held.denom) && other(&held.denom));
    let (Some(debt), Some(collateral)) = (owed, held) else { return Outcome::Silent };
    let (taken, repaid) = (collateral.denom.clone(), debt.denom.clone());
    world.mint(LIQUIDATOR, &repaid, debt.amount.raw());
    match world.liquidate(LIQUIDATOR, key, &taken, (&repaid, debt.amount.raw())) {
        Ok(_) => Outcome::Done,
        Err(error) if error.to_string().starts_with("account is healthy") => Outcome::Healthy,
        Err(error) if error.to_string().starts_with("account is spared") => Outcome::Spared,
        // What was seized and repaid isn't silent: of an account that is healthy the silence of another is told as the
        // reason.
        Err(error) if silent.iter().any(|denom| error.to_string().starts_with(&format!("price of {denom}"))) => {
            Outcome::Healthy
        }
        Err(error) => panic!("{key:?}: {error}; {repaid} for {taken}: {position:?}"),
    }
}

async fn judged(chain: &WorldChain, pool: &str) -> (Book, Scan) {
    let head = chain.head().await.unwrap();
    let book = Book::snapshot(chain, pool, head.clone(), |_| {}).await.unwrap();
    let scan = scan(&book, head.time).unwrap();
    assert!(scan.faults.is_empty(), "{:?}", scan.faults);
    (book, scan)
}

/// Holds the verdict on every so manieth account against the pool's query and what comes of `liquidate`; the healthy
/// first, since refusals change nothing: each is asked at the very state that was judged. Then all is as it was.
async fn hold(chain: &WorldChain, book: &Book, scan: &Scan, every: usize, silent: &'static [&'static str]) {
    let verdicts = scan.verdicts(book);
    assert!(verdicts.len() > 9_900 && verdicts.len() == scan.accounts, "{} borrowers", verdicts.len());
    let wanted = |verdict: &plimsoll_keeper::scan::Verdict| match verdict {
        verdict if verdict.is_liquidatable() => Outcome::Done,
        verdict if verdict.health.spared => Outcome::Spared,
        _ => Outcome::Healthy,
    };
    type Judged = (Outcome, bool, Option<Ratio>);
    let wanted: BTreeMap<AccountKey, Judged> = verdicts
        .iter()
        .map(|verdict| (verdict.key.clone(), (wanted(verdict), verdict.is_liquidatable(), verdict.health_factor())))
        .collect();
    let below = verdicts.iter().filter(|verdict| verdict.is_below_one()).count();
    assert_eq!((below, verdicts.iter().filter(|verdict| verdict.health.spared).count()), (scan.below(), scan.spared()));
    let check = move |world: &mut World| {
        let mut tried = Vec::new();
        for (key, (outcome, liquidatable, factor)) in wanted.iter().step_by(every) {
            let position = world.position(key);
            assert_eq!((position.liquidatable, position.health_factor), (*liquidatable, *factor), "{key:?}");
            tried.push((key, position, *outcome));
        }
        let before = world.snapshot();
        let mut heard = 0;
        for changes in [false, true] {
            for (key, position, wanted) in tried.iter().filter(|(.., wanted)| (*wanted == Outcome::Done) == changes) {
                let found = outcome(world, key, position, silent);
                assert!(found == *wanted || found == Outcome::Silent, "{key:?}: {found:?}, not {wanted:?}");
                heard += usize::from(found != Outcome::Silent);
            }
        }
        world.restore(&before);
        assert!(heard > tried.len() / 3, "only {heard} of them could be tried");
    };
    chain.with(check).await.unwrap();
}

#[allow(clippy::too_many_lines, reason = "one random state, judged in three ways")]
#[tokio::test]
async fn the_keepers_verdict_is_the_contracts_and_the_outcome_of_liquidate() {
    let chain = WorldChain::start(LIQUIDATOR, build).await.unwrap();
    let pool = chain.with(|world| world.pool().to_string()).await.unwrap();
    let (book, scan) = judged(&chain, &pool).await;
    assert!((1_000..9_000).contains(&scan.below()), "{} below 1 is no test of both sides", scan.below());
    // Rates and trailing prices: their ends differ, and on many accounts they are on both sides.
    for denom in [AETH, STETH] {
        let price = book.prices.price(denom, scan.now);
        assert_eq!(price.records().len(), if denom == AETH { 1 } else { 2 });
        assert!(price.records().iter().any(|record| record.settled.low < record.settled.high), "{price:?}");
    }
    let eth = [AETH, STETH].map(|denom| book.asset_of(denom).unwrap());
    let both = |account: &&Account| {
        account.collaterals.iter().any(|held| eth.contains(&held.asset))
            && account.debts.iter().any(|owed| eth.contains(&owed.asset))
    };
    let loops = book.accounts.values().filter(both).count();
    assert!(loops > 2_000, "{loops} accounts with ETH on both sides are no test of them");
    // The filter decides most of them all the same.
    assert!(scan.exact < 1_000, "{} of {} accounts needed exact maths", scan.exact, scan.accounts);
    let millionth = Ratio::new(1_000_000_000_000);
    let near = |factor: Option<Ratio>| {
        factor.is_some_and(|f| f.saturating_sub(Ratio::ONE).max(Ratio::ONE.saturating_sub(f)) <= millionth)
    };
    let edge: Vec<_> = scan.verdicts(&book).into_iter().filter(|verdict| near(verdict.health_factor())).collect();
    let edge_below = edge.iter().filter(|verdict| verdict.is_below_one()).count();
    let count = edge.len();
    assert!(
        count >= 1_000 && (300..count - 300).contains(&edge_below),
        "{count} at the edge, {edge_below} of them below"
    );
    hold(&chain, &book, &scan, 1, &[]).await;

    // Nobody tells IBC_TOKEN's price for more than an hour.
    const HEARD: [&str; 3] = [UUSD, UATOM, AETH];
    chain.with(|world| pass(world, 3_600 + QUARTER, QUARTER, &HEARD, true)).await.unwrap();
    let (book, scan) = judged(&chain, &pool).await;
    assert_eq!(scan.assets.faults().into_keys().collect::<Vec<_>>(), [IBC_TOKEN]);
    hold(&chain, &book, &scan, 7, &[IBC_TOKEN]).await;

    // Nor for two days more, and nobody publishes staked ETH: both count less and less.
    chain.with(|world| pass(world, 2 * 86_400, GAP, &HEARD, false)).await.unwrap();
    let (book, scan) = judged(&chain, &pool).await;
    for denom in [IBC_TOKEN, STETH] {
        let remaining = book.prices.price(denom, scan.now).records()[0].remaining;
        assert!(remaining < Ratio::ONE && remaining > Ratio::percent(50), "{denom}: {remaining}");
    }
    assert!(scan.exact > 1_000, "{} judged exactly: what declines can't be filtered", scan.exact);
    hold(&chain, &book, &scan, 7, &[IBC_TOKEN, STETH]).await;

    // The oracle stops altogether; then feeders vote again.
    let halt = |world: &mut World| {
        let mut config = world.config().config;
        config.halt_grace = HaltGrace { gap: GAP, grace: GAP };
        world.execute(OWNER, &ExecuteMsg::UpdateConfig { config }, &[]).unwrap();
        world.advance(GAP + 100);
    };
    chain.with(halt).await.unwrap();
    let (book, scan) = judged(&chain, &pool).await;
    assert!(scan.assets.moment().halted && scan.spared() > 500, "{} spared", scan.spared());
    hold(&chain, &book, &scan, 7, &[IBC_TOKEN, STETH]).await;
    chain
        .with(|world| world.set_prices(&[(UUSD, "1"), (UATOM, "5.9"), (AETH, "1300"), (IBC_TOKEN, "5")]))
        .await
        .unwrap();
    let (book, scan) = judged(&chain, &pool).await;
    assert!(scan.assets.moment().halted && (300..scan.below()).contains(&scan.spared()), "{} spared", scan.spared());
    assert!(scan.count_liquidatable() > 100, "{} to be liquidated in the grace", scan.count_liquidatable());
    hold(&chain, &book, &scan, 7, &[STETH]).await;
}
