//! The keeper's verdict = the contract's health query = the outcome of `liquidate`, on 10,000 random accounts of several denoms with
//! accrued interest, a tenth of them within 10⁻⁶ of health factor 1.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may stop at a surprise"
)]

use std::collections::BTreeMap;

use plimsoll_keeper::book::Book;
use plimsoll_keeper::chain::Chain;
use plimsoll_keeper::chain::world::WorldChain;
use plimsoll_keeper::scan::scan;
use plimsoll_risk::units::Ratio;
use plimsoll_schema::pool::{AccountKey, ExecuteMsg, OnBehalf};
use plimsoll_testing::{AETH, IBC_TOKEN, LIQUIDATOR, UATOM, UUSD, World, coin};

const ACCOUNTS: u32 = 10_000;
const PER_OWNER: u32 = 100;
/// Denom, and how many base units are worth a thousandth of the quote currency at the first price.
const DENOMS: [(&str, u128); 4] = [(UUSD, 1_000), (UATOM, 100), (IBC_TOKEN, 200), (AETH, 500_000_000_000)];

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

/// One to three collaterals, one or two debts of other denoms, borrowed up to between half and all of what is allowed.
fn open(world: &mut World, n: u32, dice: &mut Dice) {
    let (name, id) = owner(n);
    let who = (name.as_str(), id);
    let (first, collaterals) = (dice.pick(4), 1 + dice.pick(3));
    for step in 0..collaterals {
        let (denom, unit) = DENOMS[(first + step) % 4];
        let amount = unit * u128::from(100_000 + dice.roll(10_000_000)) + u128::from(dice.roll(1_000));
        world.mint(&*name, denom, amount);
        world.deposit(who, denom, amount).unwrap();
    }
    let debts = if collaterals == 3 { 1 } else { 1 + dice.pick(2) };
    for step in 0..debts {
        let (denom, _) = DENOMS[(first + collaterals + step) % 4];
        let share = u128::from(500 + dice.roll(501));
        let part = if step + 1 < debts { 2 } else { 1 };
        let amount = world.max_borrow(who, denom) / part * share / 1_000;
        // A second debt may be too small to be given.
        let _ = world.borrow(who, denom, amount);
    }
}

/// Repays so much that the health factor ends within 10⁻⁶ of 1, on either side.
fn bring_to_the_edge(world: &mut World, n: u32, dice: &mut Dice) -> bool {
    let (name, id) = owner(n);
    let position = world.position((name.as_str(), id));
    let [debt] = position.debts.as_slice() else { return false };
    if !position.liquidatable {
        return false;
    }
    // debt' = carried / (1 + e), e between -10⁻⁶ and 10⁻⁶ in steps of 10⁻⁹
    let edge = 1_000_000_000 - 1_000 + u128::from(dice.roll(2_001));
    let target = position.carried_value.div_down(Ratio::new(edge * 1_000_000_000)).unwrap();
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

fn build() -> World {
    let mut world = World::builder().lent(20_000_000).build();
    let mut dice = Dice(7);
    for n in 0..ACCOUNTS {
        open(&mut world, n, &mut dice);
        if n % 1_000 == 999 {
            world.advance_fresh(86_400);
        }
    }
    world.advance_fresh(30 * 86_400);
    world.set_prices(&[(UATOM, "6"), (IBC_TOKEN, "5.5"), (AETH, "1250")]);
    let mut at_the_edge = 0;
    for n in 0..ACCOUNTS {
        if at_the_edge < ACCOUNTS / 10 + 20 {
            at_the_edge += u32::from(bring_to_the_edge(&mut world, n, &mut dice));
        }
    }
    world
}

/// Whether `liquidate` goes through. A refusal must be for health.
fn liquidates(world: &mut World, key: &AccountKey) -> bool {
    let position = world.position(key);
    let (Some(collateral), Some(debt)) = (position.collaterals.first(), position.debts.first()) else { return false };
    let (taken, repaid) = (collateral.denom.clone(), debt.denom.clone());
    world.mint(LIQUIDATOR, &repaid, debt.amount.raw());
    match world.liquidate(LIQUIDATOR, key, &taken, (&repaid, debt.amount.raw())) {
        Ok(_) => true,
        Err(error) if error.to_string().starts_with("account is healthy") => false,
        Err(error) => panic!("{key:?}: {error}"),
    }
}

#[tokio::test]
async fn the_keepers_verdict_is_the_contracts_and_the_outcome_of_liquidate() {
    let chain = WorldChain::start(LIQUIDATOR, build).await.unwrap();
    let head = chain.head().await.unwrap();
    let pool = chain.with(|world| world.pool().to_string()).await.unwrap();
    let book = Book::snapshot(&chain, &pool, head.clone(), |_| {}).await.unwrap();
    let scan = scan(&book, head.time).unwrap();
    assert!(scan.faults.is_empty(), "{:?}", scan.faults);
    let judged = scan.verdicts(&book);
    assert!(judged.len() > 9_900 && judged.len() == scan.accounts, "{} borrowers", judged.len());

    let verdicts: BTreeMap<AccountKey, (bool, Option<Ratio>)> =
        judged.iter().map(|v| (v.key.clone(), (v.is_liquidatable(), v.health_factor()))).collect();
    let below = verdicts.values().filter(|(liquidatable, _)| *liquidatable).count();
    assert!((1_000..9_000).contains(&below), "{below} below 1 is no test of both sides");
    assert_eq!(below, scan.below());
    // The filter decides nearly all of them.
    assert!(scan.exact < 100, "{} of {} accounts needed exact maths", scan.exact, scan.accounts);
    let listed: Vec<AccountKey> = scan.liquidatable(&book).into_iter().map(|verdict| verdict.key).collect();
    let wanted: Vec<AccountKey> = verdicts.iter().filter(|(_, v)| v.0).map(|(key, _)| key.clone()).collect();
    assert_eq!(listed, wanted);
    let millionth = Ratio::new(1_000_000_000_000);
    let near = |factor: &Option<Ratio>| {
        factor.is_some_and(|f| f.saturating_sub(Ratio::ONE).max(Ratio::ONE.saturating_sub(f)) <= millionth)
    };
    let edge = verdicts.values().filter(|(_, factor)| near(factor)).count();
    let edge_below = verdicts.values().filter(|(liquidatable, factor)| *liquidatable && near(factor)).count();
    assert!(edge >= 1_000 && (300..edge - 300).contains(&edge_below), "{edge} at the edge, {edge_below} of them below");

    chain
        .with(move |world| {
            for (key, (liquidatable, factor)) in &verdicts {
                let position = world.position(key);
                assert_eq!((position.liquidatable, position.health_factor), (*liquidatable, *factor), "{key:?}");
            }
            // The healthy first: refusals change nothing, so each is asked at the very state that was judged.
            for (key, _) in verdicts.iter().filter(|(_, (liquidatable, _))| !liquidatable) {
                assert!(!liquidates(world, key), "{key:?} was judged healthy, and was liquidated");
            }
            for (key, _) in verdicts.iter().filter(|(_, (liquidatable, _))| *liquidatable) {
                assert!(liquidates(world, key), "{key:?} was judged liquidatable, and was not");
            }
        })
        .await
        .unwrap();
}
