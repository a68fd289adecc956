//! What is asked of the oracle in force, and how prices move.

use plimsoll_oracle::state::CONFIG;
use plimsoll_risk::units::{Amount, Price, Ratio};
use plimsoll_schema::oracle::{ExecuteMsg, FeedPrice, PairSource, Source};

use crate::call::Call;
use crate::cast::{DECIMALS, DENOMS, FEEDER, PAIRS, PRICES, SOURCED};
use crate::govern::{handover, person};
use crate::op::{Handover, Op};
use crate::stage::{STEP_INTERVAL, Stage, asset};

/// The message of an operation on the oracle; none of another operation.
pub fn call(stage: &Stage, op: &Op) -> Option<Call> {
    let ownership = {
        let storage = stage.world.app().contract_storage(&stage.oracles[stage.in_force()]);
        CONFIG.load(&*storage).expect("the oracle has settings").ownership
    };
    let (owner, proposed) = (stage.person(Some(&ownership.owner)), stage.person(ownership.proposed.as_deref()));
    let name = |denom: usize| DENOMS[denom].to_owned();
    let (sender, msg) = match *op {
        Op::SetSource { by, denom, guards, pair: true, .. } => {
            let source = Source::Pair(average(stage, denom));
            (person(by, owner), ExecuteMsg::SetSource { denom: name(denom), source, guards: limits(denom, guards) })
        }
        Op::SetSource { by, denom, feeders, quorum, guards, .. } => {
            let count = usize::from(feeders);
            // The usual two, and others beside or in their place.
            let names = [FEEDER[0], FEEDER[1], 0, 1, 2].into_iter().take(count).map(|at| stage.people[at].to_string());
            let source = Source::Feed { feeders: names.collect(), quorum };
            (person(by, owner), ExecuteMsg::SetSource { denom: name(denom), source, guards: limits(denom, guards) })
        }
        Op::ApplySource { sender, denom } => (sender, ExecuteMsg::ApplySource { denom: name(denom) }),
        Op::CancelSource { by, denom } => (person(by, owner), ExecuteMsg::CancelSource { denom: name(denom) }),
        Op::Publish { sender, denom } => (sender, ExecuteMsg::Publish { denoms: vec![name(denom)] }),
        Op::Feed { sender, denom, percent } => {
            let prices = vec![FeedPrice { denom: name(denom), price: moved(stage, denom, percent) }];
            (sender, ExecuteMsg::Feed { prices })
        }
        Op::UpdateOwner { oracle: true, by, step } => {
            let rightful = if step == Handover::Accept { proposed.or(owner) } else { owner };
            (person(by, rightful), ExecuteMsg::UpdateOwner(handover(stage, step)))
        }
        _ => return None,
    };
    Some(Call::oracle(stage, sender, &msg))
}

/// The average price of a denom on the first pair that has it: over ten minutes to two hours, while there is a whole token of each.
pub fn average(stage: &Stage, denom: usize) -> PairSource {
    let at = PAIRS.iter().position(|(first, second)| [*first, *second].contains(&denom)).unwrap_or_default();
    let other = if PAIRS[at].0 == denom { PAIRS[at].1 } else { PAIRS[at].0 };
    let whole = |denom: usize| 10u128.pow(u32::from(DECIMALS[denom]));
    PairSource {
        pair: stage.pairs[at].to_string(),
        decimals: DECIMALS[denom],
        quote_denom: DENOMS[other].to_owned(),
        quote_decimals: DECIMALS[other],
        quote_priced: true,
        window: 600,
        max_window: 7_200,
        min_reserve: Amount::new(whole(denom)),
        min_quote_reserve: Amount::new(whole(other)),
    }
}

fn limits(denom: usize, guards: u8) -> plimsoll_risk::price::Guards {
    let mut limits = asset(denom).guards;
    match guards {
        1 => limits.max_deviation = Ratio::percent(5),
        2 => limits.age_spread = Ratio::percent(30),
        3 => limits.max_age = Some(1_800),
        4 => limits.max_age = Some(0),
        _ => {}
    }
    limits
}

/// So many percent of the mid price in force, within the bounds and a hundred times the first price.
fn moved(stage: &Stage, denom: usize, percent: u32) -> Price {
    let first = plimsoll_testing::price(PRICES[denom]).raw();
    let now = stage.record(stage.in_force(), denom).filter(|record| record.timestamp > 0);
    let now = now.map_or(first, |record| record.price.raw());
    Price::new((now / 100 * u128::from(percent)).clamp(first / 500, first * 100))
}

/// All feeders vote for a price in both oracles, so often, a step's time apart.
pub fn drive(stage: &mut Stage, denom: usize, percent: u32, rounds: u32) {
    let to = moved(stage, denom, percent);
    for round in 0..rounds {
        if round > 0 {
            stage.world.advance(STEP_INTERVAL);
        }
        for oracle in [0, 1] {
            stage.vote(oracle, &[(denom, to)]);
        }
    }
}

/// All feeders vote for every mid price but one as it is, and every live source is published that can be.
pub fn refresh(stage: &mut Stage, but: Option<usize>) {
    for oracle in [0, 1] {
        let mids: Vec<(usize, Price)> = (0..SOURCED)
            .filter(|denom| Some(*denom) != but)
            .filter_map(|denom| Some((denom, stage.record(oracle, denom).filter(|r| r.timestamp > 0)?.price)))
            .collect();
        stage.vote(oracle, &mids);
        stage.publish(oracle, but);
    }
}
