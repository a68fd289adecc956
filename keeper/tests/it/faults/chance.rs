//! Random faults and a keeper that is killed at random, over a falling market: in the end nothing was sent twice, every account that pays
//! is liquidated, and the book is the chain. `PLIMSOLL_FAULT_SEEDS=1000` plays more of them.

use plimsoll_testing::{ALICE, UATOM, UUSD, World};

use crate::support::stage::{Setup, Stage, fall, journal_of, without_inventory};

/// SplitMix64, independent of the one that draws the faults.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// What users do in a block; whether it works doesn't matter.
fn user(world: &mut World, what: u64) -> Vec<plimsoll_testing::AppResponse> {
    let account = u32::try_from(what % 6).unwrap();
    let done = match what / 6 % 3 {
        0 => world.deposit((ALICE, account), UATOM, 3_000_000),
        1 => world.repay((ALICE, account), UUSD, 20_000_000),
        _ => world.borrow((ALICE, account), UUSD, 15_000_000),
    };
    done.into_iter().collect()
}

async fn history(seed: u64) {
    let mut chance = Chance(seed);
    let setup = if seed.is_multiple_of(2) { without_inventory(6) } else { Setup { accounts: 6, ..Setup::default() } };
    let mut setup = Setup { price: "10", on_disk: true, ..setup };
    setup.strategy.max_failures = 0;
    let mut stage = Stage::new(setup).await;
    let (mut price, mut crashes) = (10_000u64, 0);
    for block in 0..30u64 {
        let died = 1 + chance.below(40);
        let crash = if chance.below(2) == 0 { "crash" } else { "crash-after" };
        stage.script(&format!("seed={}; any #{died} {crash}; rate=12%", seed ^ (block << 32)));
        price -= chance.below(120);
        let (text, what) = (format!("{}.{:03}", price / 1_000, price % 1_000), chance.below(36));
        let head = stage.block(move |world| [fall(world, &text), user(world, what)].concat()).await;
        let dead = tokio::select! {
            biased;
            () = stage.chain.crashed() => true,
            tick = stage.keeper.on_block(&head) => {
                if let Err(error) = tick {
                    assert_ne!(error.class(), plimsoll_keeper::error::Class::Halt, "seed {seed}, block {block}: {error}");
                }
                false
            }
        };
        if dead {
            crashes += 1;
            stage = stage.restart().await;
        }
    }
    // The faults end; nothing else may be needed.
    stage.script("");
    stage.finish().await;
    stage.next().await.unwrap();
    stage.sent_once().await;
    let journal = journal_of(&stage.directory.journal());
    assert!(journal.values().all(|fate| fate != "open"), "seed {seed}: {journal:?}");
    assert_eq!(stage.keeper.book(), &stage.fresh_book().await, "seed {seed}");
    assert!(crashes > 0, "seed {seed}: the keeper was never killed");
}

#[tokio::test]
async fn random_faults_and_crashes_over_a_falling_market_end_well() {
    let seeds = std::env::var("PLIMSOLL_FAULT_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(24);
    for seed in 1..=seeds {
        history(seed).await;
    }
}
