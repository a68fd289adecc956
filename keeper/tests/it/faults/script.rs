//! The script itself: what it says is what happens, the same each time.

use plimsoll_keeper::chain::ChainReader;
use plimsoll_keeper::chain::faulty::{Call, Fault, Rule, Script, When};

use crate::support::stage::{Setup, Stage};

#[test]
fn a_script_is_read_as_written() {
    let script: Script = "seed=7; broadcast #1 lose; events 2.5% fail\nany #40.. crash".parse().unwrap();
    let rule = |call, when, fault| Rule { call, when, fault };
    assert_eq!(script.seed, 7);
    assert_eq!(
        script.rules,
        [
            rule(Some(Call::Broadcast), When::Between(1, 1), Fault::Lose),
            rule(Some(Call::Events), When::Chance(25_000), Fault::Fail),
            rule(None, When::Between(40, u64::MAX), Fault::Crash),
        ]
    );
    for bad in ["broadcast", "shout #1 lose", "head first fail", "head #1 explode", "seed=x", "rate=300%", "pace=1"] {
        assert!(bad.parse::<Script>().is_err(), "{bad}");
    }
}

#[tokio::test]
async fn the_same_seed_has_the_same_faults_and_another_has_others() {
    let mut seen = Vec::new();
    for seed in [1, 1, 2] {
        let stage = Stage::new(Setup::default()).await;
        stage.script(&format!("seed={seed}; head 30% fail"));
        let mut failed = Vec::new();
        for _ in 0..200 {
            failed.push(stage.chain.head().await.is_err());
        }
        let count = failed.iter().filter(|failed| **failed).count();
        // Four standard deviations of a binomial distribution: 60 ± 26.
        assert!((34..=86).contains(&count), "{count}");
        seen.push(failed);
    }
    assert_eq!(seen[0], seen[1]);
    assert_ne!(seen[0], seen[2]);
}
