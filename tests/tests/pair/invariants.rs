//! What holds after every message to a pair, in random histories.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests: names say what is tested, and a failed setup is a failure"
)]

use crate::support::rational;
use num_bigint::BigInt;
use num_rational::BigRational;
use plimsoll_risk::units::Ratio;
use plimsoll_testing::{ALICE, Addr, BOB, LENDER, UATOM, UUSD, World};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

const ACTORS: [&str; 3] = [ALICE, BOB, LENDER];

#[derive(Clone, Copy, Debug)]
enum Op {
    /// Sells this part of the reserve, in millionths.
    Swap { first: bool, millionths: u128 },
    /// Provides these parts of the reserves, in thousandths.
    Provide { first: u128, second: u128 },
    /// Withdraws this part of the shares, in thousandths.
    Withdraw { part: u128 },
    /// Lets time pass.
    Wait { seconds: u64 },
}

fn ops() -> impl Strategy<Value = Vec<(usize, Op)>> {
    let op = prop_oneof![
        6 => (any::<bool>(), prop_oneof![0u128..10, 0u128..3_000_000]).prop_map(|(first, millionths)| Op::Swap { first, millionths }),
        2 => (1u128..2_000, 500u128..1_500).prop_map(|(first, skew)| Op::Provide { first, second: first * skew / 1_000 }),
        2 => (0u128..=1_000).prop_map(|part| Op::Withdraw { part }),
        1 => (1u64..100_000).prop_map(|seconds| Op::Wait { seconds }),
    ];
    prop::collection::vec((0usize..3, op), 40)
}

struct Pair {
    world: World,
    pair: Addr,
}

impl Pair {
    fn act(&mut self, who: &str, op: Op) -> bool {
        let Self { world, pair } = self;
        let ([first, second], _) = world.pair_pool(pair);
        match op {
            Op::Swap { first: is_first, millionths } => {
                let (denom, held) = if is_first { (UATOM, first) } else { (UUSD, second) };
                world.swap(who, pair, (denom, held * millionths / 1_000_000)).is_ok()
            }
            Op::Provide { first: a, second: b } => {
                let coins = [(UATOM, first * a / 1_000), (UUSD, second * b / 1_000)];
                world.provide_liquidity(who, pair, coins).is_ok()
            }
            Op::Withdraw { part } => {
                let shares = world.pair_shares(who, pair) * part / 1_000;
                world.withdraw_liquidity(who, pair, shares).is_ok()
            }
            Op::Wait { seconds } => {
                world.advance(seconds);
                true
            }
        }
    }

    /// `xy / shares²`: what one share is worth in both tokens, squared. It only ever grows.
    fn worth(&self) -> BigRational {
        let ([first, second], shares) = self.world.pair_pool(&self.pair);
        rational(first, shares) * rational(second, shares)
    }

    fn check(&self) {
        let Self { world, pair } = self;
        let ([first, second], shares) = world.pair_pool(pair);
        assert_eq!((world.balance(pair, UATOM), world.balance(pair, UUSD)), (first, second));
        let held: u128 = ACTORS.iter().map(|who| world.pair_shares(*who, pair)).sum();
        assert_eq!(held + world.pair_shares(pair, pair), shares);
        assert_eq!(world.pair_shares(pair, pair), 1_000);
        assert!(first > 0 && second > 0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1876),
        ..ProptestConfig::default()
    })]

    #[test]
    fn reserves_are_in_the_bank_shares_add_up_and_what_a_share_is_worth_never_falls(
        ops in ops(), fee in prop_oneof![Just(0u64), Just(30), Just(1_000)], size in prop_oneof![Just(1_500u128), Just(1_000_000_000)],
    ) {
        let mut world = World::new();
        let pair = world.deploy_pair(UATOM, UUSD, Ratio::bps(fee)).unwrap();
        world.provide_liquidity(LENDER, &pair, [(UATOM, size), (UUSD, size * 10)]).unwrap();
        let mut pair = Pair { world, pair };
        let mut worth = pair.worth();
        let mut done = 0;
        prop_assert!(worth >= BigRational::from_integer(BigInt::from(1)));
        for (who, op) in ops {
            done += usize::from(pair.act(ACTORS[who], op));
            pair.check();
            let now = pair.worth();
            prop_assert!(now >= worth, "{op:?}: {worth} {now}");
            worth = now;
        }
        prop_assert!(done >= 8, "only {done} of 40 succeeded");
    }
}
