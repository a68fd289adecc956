//! What is asked of the oracle in force, and how prices move.

use plimsoll_oracle::state::CONFIG;
use plimsoll_risk::price::Guards;
use plimsoll_risk::units::{Amount, Price, Ratio};
use plimsoll_schema::oracle::{ExecuteMsg, FeedPrice, PairSource, Source};

use crate::call::Call;
use crate::cast::{DECIMALS, DENOMS, FEEDER, PAIRS, PRICES, SOURCED, worth};
use crate::govern::{handover, person};
use crate::op::{Handover, Op};
use crate::stage::{HALT, STEP_INTERVAL, Stage, WINDOW, asset};

/// How often a pair is published until it has been watched for long enough: four intervals, and one that is begun.
const WATCHED: usize = 6;

/// The message of an operation on the oracle; none of another operation.
pub fn call(stage: &Stage, op: &Op) -> Option<Call> {
    let config = CONFIG.load(&*stage.oracle(stage.in_force())).expect("the oracle has settings");
    let (owner, proposed) =
        (stage.person(Some(&config.ownership.owner)), stage.person(config.ownership.proposed.as_deref()));
    let guardian = stage.person(config.guardian.as_deref());
    let name = |denom: usize| DENOMS[denom].to_owned();
    let (sender, msg) = match *op {
        Op::SetSource { by, denom, feeders, quorum, guards, pair } => {
            let (source, guards) = source(stage, denom, feeders, quorum, guards, pair);
            (person(by, owner), ExecuteMsg::SetSource { denom: name(denom), source, guards })
        }
        Op::ApplySource { by, denom } => (person(by, owner), ExecuteMsg::ApplySource { denom: name(denom) }),
        Op::CancelSource { by, denom } => (person(by, owner), ExecuteMsg::CancelSource { denom: name(denom) }),
        Op::SetFallback { by, denom, feeders, guards, pair, minutes } => {
            let (source, guards) = source(stage, denom, feeders, feeders / 2 + 1, guards, pair);
            let after = minutes * 60;
            (person(by, owner), ExecuteMsg::SetFallback { denom: name(denom), source, guards, after })
        }
        Op::ApplyFallback { by, denom } => (person(by, owner), ExecuteMsg::ApplyFallback { denom: name(denom) }),
        Op::RemoveFallback { by, denom } => {
            (person(by, guardian.or(owner)), ExecuteMsg::RemoveFallback { denom: name(denom) })
        }
        Op::UpdateGuardian { by, guardian } => {
            let guardian = guardian.map(|person| stage.people[person].to_string());
            (person(by, owner), ExecuteMsg::UpdateGuardian { guardian })
        }
        Op::Publish { sender, denom, also } => {
            let also = also.filter(|also| *also != denom);
            (sender, ExecuteMsg::Publish { denoms: [Some(denom), also].into_iter().flatten().map(name).collect() })
        }
        Op::Feed { sender, denom, percent, ago } => {
            let observed_at = (ago > 0).then(|| stage.world.now() - ago);
            let prices = vec![FeedPrice { denom: name(denom), price: moved(stage, denom, percent), observed_at }];
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

/// A pair, or the usual feeders and others beside or in their place.
fn source(stage: &Stage, denom: usize, feeders: u8, quorum: u8, guards: u8, pair: bool) -> (Source, Guards) {
    if pair {
        let source = average(stage, denom);
        let guards = limits(guards, rate(denom, crate::use_pool::place(&source.quote_denom)));
        return (Source::Pair(source), guards);
    }
    let names = [FEEDER[0], FEEDER[1], FEEDER[2], 0, 1].into_iter().take(usize::from(feeders));
    let feeders = names.map(|at| stage.people[at].to_string()).collect();
    (Source::Feed { feeders, quorum }, limits(guards, plimsoll_testing::price(PRICES[denom])))
}

/// What a token costs at first in tokens of another.
fn rate(denom: usize, quote: usize) -> Price {
    let [price, quote] = [denom, quote].map(|denom| plimsoll_testing::price(PRICES[denom]).raw());
    Price::new(price * 1_000_000 / (quote / 1_000_000_000_000))
}

/// The average price of a denom on the first pair that has it, in the pair's other token; thin below a fiftieth of what pairs begin with.
pub fn average(stage: &Stage, denom: usize) -> PairSource {
    let at = PAIRS.iter().position(|(first, _)| *first == denom);
    let at = at.or(PAIRS.iter().position(|(_, second)| *second == denom)).unwrap_or_default();
    let other = if PAIRS[at].0 == denom { PAIRS[at].1 } else { PAIRS[at].0 };
    let least = |denom: usize| Amount::new(worth(denom, 10_000_000));
    PairSource {
        pair: stage.pairs[at].to_string(),
        decimals: DECIMALS[denom],
        quote_denom: DENOMS[other].to_owned(),
        quote_decimals: DECIMALS[other],
        quote_priced: true,
        window: WINDOW,
        min_reserve: least(denom),
        min_quote_reserve: least(other),
    }
}

/// The guards of a source whose first price is this, with one of them otherwise.
pub fn limits(guards: u8, first: Price) -> Guards {
    let mut limits =
        Guards { floor: Price::new(first.raw() / 4), ceiling: Price::new(first.raw() * 4), ..asset(0).guards };
    match guards {
        1 => limits.max_deviation = Ratio::percent(5),
        2 => limits.age_spread = Ratio::percent(30),
        3 => limits.max_age = Some(1_800),
        4 => limits.max_age = Some(0),
        5 => limits.bound_hold = 0,
        6 => limits.step_interval = 0,
        _ => {}
    }
    limits
}

/// So many percent of what was observed last, within a five-hundredth and a hundred times the first price.
fn moved(stage: &Stage, denom: usize, percent: u32) -> Price {
    let first = plimsoll_testing::price(PRICES[denom]).raw();
    let now = stage.record(stage.in_force(), denom).filter(|record| record.was_observed() && record.quote.is_none());
    let now = now.map_or(first, |record| record.raw.low.raw());
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

/// All feeders vote for every price but one as it was observed last, and every live source is published that can be.
pub fn refresh(stage: &mut Stage, but: Option<usize>) {
    for oracle in [0, 1] {
        let last: Vec<(usize, Price)> = (0..SOURCED)
            .filter(|denom| Some(*denom) != but)
            .filter_map(|denom| Some((denom, stage.record(oracle, denom).filter(|record| record.was_observed())?)))
            .map(|(denom, record)| (denom, record.raw.low))
            .collect();
        stage.vote(oracle, &last);
        stage.publish(oracle, but);
    }
}

/// The same, and again each quarter of a window, until live sources have been watched for long enough to say something; and once more when the
/// grace after a halt is over.
pub fn watch(stage: &mut Stage) {
    look(stage);
    if stage.is_halted() {
        stage.world.advance(HALT);
        look(stage);
    }
}

fn look(stage: &mut Stage) {
    refresh(stage, None);
    for _ in 1..WATCHED {
        if !stage.is_unwatched() {
            return;
        }
        stage.world.advance(WINDOW / 4);
        refresh(stage, None);
    }
}
