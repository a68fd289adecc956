//! Shares in the pool as inventory: taken where a market can't pay collateral out, shown, and withdrawn once the cash
//! is there. And how much of a block's gas a transaction asks for.

use std::sync::Arc;

use cosmwasm_std::Uint256;
use plimsoll_keeper::book::Book;
use plimsoll_keeper::chain::{ChainReader, TxSender};
use plimsoll_keeper::config::Strategy;
use plimsoll_keeper::keeper::BlockReport;
use plimsoll_keeper::plan::Skip;
use plimsoll_keeper::scan::scan;
use plimsoll_keeper::tx::supplied::{Supplied, supplied, valued};
use plimsoll_risk::units::Value;
use plimsoll_testing::{BOB, FEEDERS, LENDER, LIQUIDATOR, UATOM, UUSD, World};

use crate::support::stage::{Setup, Stage};

/// So many accounts of ALICE with 100 ATOM and a debt of 690, below 1; the keeper has dollars, and the market so many
/// base units of ATOM to pay out.
async fn stage(accounts: u32, cash: Option<u128>, strategy: Strategy) -> Stage {
    let lent_out = move |world: &mut World| {
        if let Some(cash) = cash {
            world.deposit(BOB, UUSD, 100_000_000_000).unwrap();
            world.allow_full_utilization(UATOM).unwrap();
            world.withdraw_all(LENDER, UATOM).unwrap();
            let held = world.market(UATOM).stored.cash.raw();
            world.borrow(BOB, UATOM, held - cash).unwrap();
        }
        Vec::new()
    };
    Stage::new(Setup { accounts, market: Arc::new(lent_out), strategy, ..Setup::default() }).await
}

fn taking() -> Strategy {
    Strategy { take_shares: true, ..Strategy::default() }
}

impl Stage {
    /// The next block, in which BOB repays so much, and the keeper's work at it.
    async fn repaid(&mut self, repaid: u128) -> BlockReport {
        let act = move |world: &mut World| {
            let repay = |world: &mut World| world.repay(BOB, UATOM, repaid).unwrap();
            Ok((repaid > 0).then(|| repay(world)).into_iter().collect())
        };
        self.world().block(5, act).await.unwrap().unwrap();
        self.tick().await.unwrap()
    }

    /// What the keeper has in the pool, valued at the present block.
    async fn inventory(&self) -> Vec<Supplied> {
        let head = self.world().head().await.unwrap();
        let book = Book::snapshot(self.world(), &self.pool, head.clone(), |_| {}).await.unwrap();
        let scan = scan(&book, head.time).unwrap();
        let claims = supplied(self.world(), &self.pool, self.chain.sender().unwrap()).await.unwrap();
        valued(&book, &scan.assets, claims)
    }
}

#[tokio::test]
async fn without_cash_nothing_is_done_unless_shares_are_taken() {
    let mut stage = stage(1, Some(0), Strategy::default()).await;
    let tick = stage.tick().await.unwrap();
    assert_eq!((tick.plan.skipped, tick.sent.hash), ([(Skip::NoCash, 1)].into(), None));
    assert!(stage.inventory().await.is_empty());
}

#[tokio::test]
async fn a_part_is_paid_in_tokens_and_the_rest_in_shares_that_are_inventory() {
    for (cash, take) in [(10_000_000, false), (10_000_000, true), (0, true)] {
        let strategy = Strategy { take_shares: take, ..Strategy::default() };
        let mut stage = stage(1, Some(cash), strategy).await;
        let tick = stage.tick().await.unwrap();
        assert_eq!(tick.sent.actions.len(), 1, "{:?}", tick.plan.skipped);
        let next = stage.repaid(0).await;
        let [done] = next.settled.as_slice() else { panic!("{:?} {:?}", next.failed, next.failures) };
        let received = done.seized.as_ref().unwrap().amount - done.fee.as_ref().unwrap().amount;
        assert_eq!(!done.shares.is_zero(), take);
        let paid = stage.held(UATOM).await;
        // Interest of a block more than there was.
        assert!((cash.saturating_sub(10)..cash + 10).contains(&paid), "{paid} of {cash}");
        let inventory = stage.inventory().await;
        if !take {
            assert!(received.abs_diff(paid) == 0 && inventory.is_empty());
            continue;
        }
        let [claim] = inventory.as_slice() else { panic!("{inventory:?}") };
        assert_eq!((claim.denom.as_str(), claim.shares), (UATOM, done.shares));
        assert!((claim.amount.raw() + paid).abs_diff(received) < 5, "{claim:?} and {paid} of {received}");
        // Nine each; the whole of it is shown, and that nothing of it can be had.
        assert_eq!(claim.value, Value::new(Uint256::from(claim.amount.raw()) * Uint256::from(9_000_000_000_000u64)));
        assert!(claim.payable.raw() < 20 && claim.payable_value < claim.value);
    }
}

#[tokio::test]
async fn shares_are_withdrawn_once_there_is_cash_after_liquidations() {
    let mut stage = stage(1, Some(0), taking()).await;
    stage.tick().await.unwrap();
    assert_eq!(stage.repaid(0).await.settled.len(), 1);
    let claim = stage.inventory().await.remove(0).amount.raw();
    // Nothing can be had: nothing is sent.
    let mut blocks = 0;
    while blocks < 25 {
        stage.repaid(0).await;
        blocks += 1;
    }
    assert!(!stage.keeper.in_flight() && stage.held(UATOM).await < 50);
    // A part comes back, then all.
    let mut had = Vec::new();
    for repaid in [claim / 3, claim] {
        stage.repaid(repaid).await;
        for _ in 0..25 {
            stage.repaid(0).await;
        }
        had.push(stage.held(UATOM).await);
    }
    assert!(had[0] >= claim / 3 && had[0] < claim / 2, "{had:?} of {claim}");
    assert!(had[1] >= claim, "{had:?} of {claim}");
    assert!(stage.inventory().await.is_empty());
    let included = stage.world().included().await.unwrap();
    assert!(included.values().all(|one| one.code == 0), "{included:?}");
    assert_eq!(included.len(), 3, "a liquidation, and two withdrawals");
}

#[tokio::test]
async fn what_is_not_worth_its_gas_stays_and_so_does_what_was_supplied() {
    // A part has to be worth ten times the gas.
    let strategy = Strategy { gas_value: Value::whole(1), ..taking() };
    let mut stage = stage(1, Some(0), strategy).await;
    stage.tick().await.unwrap();
    assert_eq!(stage.repaid(0).await.settled.len(), 1);
    let before = stage.held(UATOM).await;
    // Nine dollars.
    stage.repaid(1_000_000).await;
    for _ in 0..25 {
        stage.repaid(0).await;
    }
    assert_eq!(stage.held(UATOM).await, before);
    stage.repaid(200_000).await;
    for _ in 0..25 {
        stage.repaid(0).await;
    }
    assert!(stage.held(UATOM).await > before + 1_190_000, "{}", stage.held(UATOM).await);

    let mut stage = self::stage(0, None, Strategy::default()).await;
    let supply = |world: &mut World| Ok(vec![world.deposit(LIQUIDATOR, UUSD, 5_000_000).unwrap()]);
    stage.world().block(5, supply).await.unwrap().unwrap();
    for _ in 0..25 {
        stage.repaid(0).await;
    }
    assert_eq!(stage.inventory().await[0].payable.raw(), stage.inventory().await[0].amount.raw());
    assert!(stage.world().included().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_transaction_asks_for_half_of_a_blocks_gas_also_when_that_changes() {
    let mut stage = stage(40, None, Strategy { max_items: 20, ..Strategy::default() }).await;
    // An item is counted as 200,000.
    stage.world().set_block_gas(Some(2_100_000)).await.unwrap();
    let mut sent = vec![stage.tick().await.unwrap().sent.actions.len()];
    stage.world().set_block_gas(Some(4_000_000)).await.unwrap();
    sent.push(stage.repaid(0).await.sent.actions.len());
    // It is asked again after ten minutes.
    for block_gas in [Some(4_000_000), None] {
        stage.world().set_block_gas(block_gas).await.unwrap();
        let votes = |world: &mut World| {
            Ok(FEEDERS.map(|feeder| world.feed(feeder, &[(UATOM, "9"), (UUSD, "1")]).unwrap()).to_vec())
        };
        stage.world().block(600, votes).await.unwrap().unwrap();
        sent.push(stage.tick().await.unwrap().sent.actions.len());
    }
    assert_eq!(sent, [5, 5, 10, 20]);
}
