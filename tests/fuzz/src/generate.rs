//! Histories out of dice. How often each message comes is dealt, not diced: a history is whole decks of cards, shuffled, so that none is rare by
//! chance.

mod dice;
mod roles;
mod users;

use self::dice::{by, cents, denom, permille, user};
use self::roles::{governance, oracle};
use self::users::{act, batch_called, flash, liquidation, liquidations, on_behalf, operator, own, trade};
use crate::cast::{LISTED, LIVE, LIVE_PAIR, PAIRS, PEOPLE, POOR, WATCH};
use crate::op::{By, Change, Gift, Op};
use crate::random::Random;

/// How many operations a deck deals: its 625 cards, and what leads to some of them.
pub const DECK: usize = 625 + 220;
/// How many of a deck are which: of each message at least 9, which are more than a hundredth of the deck.
const CARDS: [(Card, usize); 72] = [
    (Card::Deposit, 22),
    (Card::Withdraw, 11),
    (Card::Borrow, 24),
    (Card::Repay, 12),
    (Card::Enable, 9),
    (Card::OnBehalf, 14),
    (Card::SetOperator, 14),
    (Card::RevokeAll, 9),
    (Card::TransferShares, 10),
    (Card::Liquidate, 1),
    (Card::LiquidateWorst, 14),
    (Card::WriteOff, 1),
    (Card::Ruin, 5),
    (Card::SetOff, 9),
    (Card::Rescue, 9),
    (Card::Improve, 9),
    (Card::Batch, 13),
    (Card::Flash, 12),
    (Card::LiquidateBatch, 10),
    (Card::LiquidateCalled, 9),
    (Card::BatchCalled, 5),
    (Card::RepayBatch, 9),
    (Card::FinishBatch, 9),
    (Card::RepayFlashLoan, 9),
    (Card::AssertFlashLoanRepaid, 9),
    (Card::Cover, 9),
    (Card::InitAsset, 9),
    (Card::UpdateAsset, 9),
    (Card::Pause, 9),
    (Card::Unpause, 9),
    (Card::UpdateConfig, 9),
    (Card::UpdateOracle, 9),
    (Card::UpdateRoles, 9),
    (Card::UpdatePoolOwner, 9),
    (Card::UpdateOracleOwner, 9),
    (Card::RequestReserves, 9),
    (Card::CancelReserves, 9),
    (Card::WithdrawReserves, 9),
    (Card::SetSource, 9),
    (Card::ApplySource, 9),
    (Card::CancelSource, 9),
    (Card::SetFallback, 9),
    (Card::ApplyFallback, 9),
    (Card::RemoveFallback, 9),
    (Card::UpdateGuardian, 9),
    (Card::Publish, 9),
    (Card::Feed, 9),
    (Card::Spike, 4),
    (Card::Move, 10),
    (Card::Crash, 4),
    (Card::Refresh, 4),
    (Card::Bend, 3),
    (Card::Thin, 2),
    (Card::Outage, 2),
    (Card::Halt, 3),
    (Card::Queue, 9),
    (Card::Apply, 9),
    (Card::Veto, 9),
    (Card::CancelQueued, 9),
    (Card::UpdateDelay, 9),
    (Card::UpdateTimelockRoles, 9),
    (Card::AcceptOwnership, 9),
    (Card::Provide, 9),
    (Card::WithdrawLiquidity, 9),
    (Card::Swap, 9),
    (Card::Arbitrage, 4),
    (Card::LiquidateMany, 9),
    (Card::Callback, 9),
    (Card::Donate, 9),
    (Card::Advance, 10),
    (Card::Wait, 5),
    (Card::Silence, 1),
];

#[derive(Clone, Copy)]
enum Card {
    Deposit,
    Withdraw,
    Borrow,
    Repay,
    Enable,
    OnBehalf,
    SetOperator,
    RevokeAll,
    TransferShares,
    Liquidate,
    LiquidateWorst,
    WriteOff,
    Ruin,
    SetOff,
    Rescue,
    Improve,
    Batch,
    Flash,
    LiquidateBatch,
    LiquidateCalled,
    BatchCalled,
    RepayBatch,
    FinishBatch,
    RepayFlashLoan,
    AssertFlashLoanRepaid,
    Cover,
    InitAsset,
    UpdateAsset,
    Pause,
    Unpause,
    UpdateConfig,
    UpdateOracle,
    UpdateRoles,
    UpdatePoolOwner,
    UpdateOracleOwner,
    RequestReserves,
    CancelReserves,
    WithdrawReserves,
    SetSource,
    ApplySource,
    CancelSource,
    SetFallback,
    ApplyFallback,
    RemoveFallback,
    UpdateGuardian,
    Publish,
    Feed,
    Spike,
    Move,
    Crash,
    Refresh,
    Bend,
    Thin,
    Outage,
    Halt,
    Queue,
    Apply,
    Veto,
    CancelQueued,
    UpdateDelay,
    UpdateTimelockRoles,
    AcceptOwnership,
    Provide,
    WithdrawLiquidity,
    Swap,
    Arbitrage,
    LiquidateMany,
    Callback,
    Donate,
    Advance,
    Wait,
    Silence,
}

/// The history of this seed and number, of at least so many operations cut to that length. In one of five the owner hands all to the timelock
/// first.
pub fn history(seed: u64, number: u64, length: usize) -> Vec<Op> {
    let mut random = Random::new(seed, number);
    let mut ops = if number.is_multiple_of(5) { vec![Op::Enthrone] } else { vec![] };
    while ops.len() < length {
        let mut deck: Vec<Card> = CARDS.iter().flat_map(|(card, count)| std::iter::repeat_n(*card, *count)).collect();
        random.shuffle(&mut deck);
        for card in deck {
            ops.extend(leads(&mut random, card));
            ops.push(play(&mut random, card));
        }
    }
    ops.truncate(length);
    ops
}

/// What leads to some cards.
fn leads(r: &mut Random, card: Card) -> Vec<Op> {
    match card {
        Card::Ruin => ruin(r).to_vec(),
        Card::SetOff => entangle(r).to_vec(),
        Card::Rescue => need(r).to_vec(),
        Card::WithdrawReserves => notice(r).to_vec(),
        Card::ApplySource | Card::ApplyFallback => announcement(r, card).to_vec(),
        Card::Apply => call(r).to_vec(),
        Card::Veto => vec![queue(r)],
        Card::LiquidateBatch | Card::LiquidateCalled => vec![slump(r)],
        Card::Bend => bend(r).to_vec(),
        Card::Thin => thin(r).to_vec(),
        Card::Outage => outage(r).to_vec(),
        Card::Halt => halt(r).to_vec(),
        _ => vec![],
    }
}

#[allow(clippy::too_many_lines, reason = "an arm a card")]
fn play(r: &mut Random, card: Card) -> Op {
    match card {
        Card::Deposit | Card::Withdraw | Card::Borrow | Card::Repay | Card::Enable => own(r, card),
        Card::OnBehalf => on_behalf(r),
        Card::TransferShares => own(r, card),
        Card::SetOperator | Card::RevokeAll => operator(r, card),
        Card::Liquidate | Card::LiquidateWorst | Card::WriteOff | Card::Ruin | Card::Halt => liquidation(r, card),
        Card::SetOff => Op::SetOff { sender: user(r), who: dice::who(r), denom: denom(r) },
        Card::Rescue => Op::Rescue { sender: user(r), permille: r.one_of(&[10, 500, 900, 990, 1_100, 5_000]) },
        Card::Improve => Op::Improve { repaid: r.from_to(5, 600), withdrawn: r.from_to(10, 1_300) },
        Card::Batch => {
            let user = user(r);
            let count = r.within(1, 5);
            Op::Batch { user, acts: (0..count).map(|_| act(r)).collect(), more: r.once_in(2) }
        }
        Card::Flash => flash(r),
        Card::LiquidateBatch | Card::LiquidateCalled => liquidations(r, card),
        Card::BatchCalled => batch_called(r),
        Card::RepayBatch => Op::RepayBatch { sender: user(r), id: r.within(0, 40), denom: denom(r), cents: cents(r) },
        Card::FinishBatch => Op::FinishBatch { sender: r.below(PEOPLE), id: r.within(0, 40) },
        Card::AssertFlashLoanRepaid => Op::AssertFlashLoanRepaid { sender: user(r), id: r.within(0, 40) },
        Card::RepayFlashLoan => {
            Op::RepayFlashLoan { sender: user(r), id: r.within(0, 40), denom: denom(r), cents: cents(r) }
        }
        Card::Cover => Op::Cover { sender: user(r), denom: denom(r), cents: cents(r), suppliers: r.once_in(2) },
        Card::Provide | Card::WithdrawLiquidity | Card::Swap | Card::Arbitrage => trade(r, card),
        Card::LiquidateMany => Op::LiquidateMany {
            sender: user(r),
            items: r.from_to(1, 6),
            permille: permille(r),
            min_success: r.from_to(0, 3) / 2,
            spoilt: r.once_in(4),
            profit: r.once_in(4),
        },
        Card::Callback => Op::Callback { sender: r.below(PEOPLE), id: r.within(0, 40) },
        Card::Donate => {
            let to = if r.once_in(2) { Gift::Pool } else { Gift::Pair(r.below(PAIRS.len())) };
            Op::Donate { sender: user(r), to, denom: r.below(LISTED), cents: cents(r) }
        }
        Card::SetSource | Card::ApplySource | Card::CancelSource | Card::Publish | Card::Feed | Card::Spike => {
            oracle(r, card)
        }
        Card::SetFallback | Card::ApplyFallback | Card::RemoveFallback | Card::UpdateGuardian => oracle(r, card),
        Card::Bend => Op::Publish { sender: user(r), denom: LIVE, also: None },
        Card::Thin | Card::Outage => own(r, Card::Borrow),
        Card::Queue => queue(r),
        Card::Apply => Op::Apply { by: by(r), nth: r.within(0, 60) },
        Card::Veto => Op::Veto { by: by(r), nth: r.within(0, 60) },
        Card::CancelQueued => Op::CancelQueued { by: by(r), nth: r.within(0, 60) },
        Card::UpdateDelay => Op::UpdateDelay { sender: r.below(PEOPLE), hours: r.within(12, 800) },
        Card::UpdateTimelockRoles => Op::UpdateTimelockRoles { sender: r.below(PEOPLE), guardian: Some(WATCH) },
        Card::AcceptOwnership => Op::AcceptOwnership { sender: r.below(PEOPLE), oracle: r.once_in(2) },
        Card::Move => Op::Move { denom: denom(r), percent: r.from_to(75, 134), rounds: r.from_to(1, 4) },
        Card::Crash => {
            Op::Move { denom: denom(r), percent: r.one_of(&[10, 30, 50, 300, 1_000, 2_000]), rounds: r.from_to(1, 12) }
        }
        Card::Refresh => Op::Refresh { but: r.once_in(2).then(|| denom(r)) },
        Card::Advance => Op::Advance { seconds: r.from_to(1, 1_000), fresh: r.once_in(2) },
        Card::Wait => {
            let seconds = if r.once_in(3) { r.from_to(1_000_000, 20_000_000) } else { r.from_to(1_000, 200_000) };
            Op::Advance { seconds, fresh: true }
        }
        Card::Silence => Op::Advance { seconds: r.from_to(20_000, 200_000), fresh: false },
        _ => governance(r, card),
    }
}

/// A small account borrows all it can, and its collateral loses nearly everything, for longer than its bounds hold; a write-off comes next.
fn ruin(r: &mut Random) -> [Op; 5] {
    let (who, collateral) = ((user(r), POOR), r.one_of(&[0, 1, 3]));
    let debt = (collateral + 1 + r.below(LISTED - 1)) % LISTED;
    let cents = r.within(2_000, 6_000);
    [
        Op::Deposit { sender: who.0, who, denom: collateral, cents, crumbs: 0 },
        Op::Borrow { who, denom: debt, permille: 1_000, to: None },
        Op::Move { denom: collateral, percent: r.one_of(&[1, 3, 6]), rounds: 15 },
        Op::Enable { who, denom: collateral, enable: r.once_in(2) },
        Op::Advance { seconds: r.one_of(&[1_000, 1_300, 1_700]), fresh: true },
    ]
}

/// Reserves are asked for, and their time comes or goes by; a withdrawal comes next.
fn notice(r: &mut Random) -> [Op; 2] {
    let request = Op::RequestReserves { by: By::Rightful, denom: denom(r), permille: r.from_to(1, 500), to: user(r) };
    [request, Op::Advance { seconds: r.one_of(&[50_000, 200_000, 300_000, 900_000]), fresh: true }]
}

/// A source or a fallback is announced, and its time comes or not; it is applied next.
fn announcement(r: &mut Random, card: Card) -> [Op; 2] {
    let (denom, feeders, guards, pair) = (denom(r), r.one_of(&[2, 3, 3]), r.within(0, 7) as u8, r.once_in(4));
    let named = if matches!(card, Card::ApplySource) {
        Op::SetSource { by: By::Rightful, denom, feeders, quorum: 2, guards, pair }
    } else {
        Op::SetFallback { by: By::Rightful, denom, feeders, guards, pair, minutes: r.within(1, 500) }
    };
    [named, Op::Advance { seconds: r.one_of(&[1_000, 4_000, 8_000]), fresh: !r.once_in(4) }]
}

/// Something that the owner may do is announced.
fn queue(r: &mut Random) -> Op {
    let governing = [
        Card::Unpause,
        Card::Unpause,
        Card::UpdateAsset,
        Card::UpdateConfig,
        Card::Unpause,
        Card::Pause,
        Card::UpdateRoles,
        Card::SetSource,
        Card::ApplySource,
        Card::SetFallback,
        Card::ApplyFallback,
        Card::UpdateGuardian,
        Card::UpdatePoolOwner,
        Card::RequestReserves,
        Card::WithdrawReserves,
        Card::UpdateOracle,
        Card::InitAsset,
        Card::UpdateDelay,
        Card::UpdateTimelockRoles,
    ];
    let card = r.one_of(&governing);
    Op::Queue { by: by(r), call: Box::new(play(r, card)) }
}

/// A call is announced and its time comes, goes by or is still to come; one is applied next.
fn call(r: &mut Random) -> [Op; 3] {
    let seconds = r.one_of(&[1_000, 4_000, 5_000, 90_000, 700_000]);
    [queue(r), queue(r), Op::Advance { seconds, fresh: true }]
}

/// What somebody owes rises; they and others are liquidated next.
fn slump(r: &mut Random) -> Op {
    Op::Slump { nth: r.from_to(0, 3), percent: r.one_of(&[110, 130, 160, 200, 300]), rounds: r.from_to(2, 5) }
}

/// An account owes what it holds as well, and what it holds beside that falls; the two are set off next.
fn entangle(r: &mut Random) -> [Op; 4] {
    let (who, collateral) = ((user(r), r.from_to(0, POOR)), r.below(LISTED));
    let debt = (collateral + 1 + r.below(LISTED - 1)) % LISTED;
    let cents = r.within(10_000, 1_000_000);
    [
        Op::Deposit { sender: who.0, who, denom: collateral, cents, crumbs: 0 },
        Op::Borrow { who, denom: debt, permille: 1_000, to: None },
        Op::Deposit { sender: who.0, who, denom: debt, cents: cents / r.within(2, 20), crumbs: 3 },
        Op::Move { denom: collateral, percent: r.one_of(&[40, 60, 80]), rounds: 6 },
    ]
}

/// Somebody is above max LTV, and deposits may be stopped or full; a rescue comes next.
fn need(r: &mut Random) -> [Op; 2] {
    let denom = r.below(LISTED);
    let closed = match r.below(6) {
        0 => Op::Pause { by: By::Rightful, denom: Some(denom), deposit: true, borrow: false, flash_loan: false },
        1..4 => {
            Op::UpdateAsset { by: By::Rightful, denom, change: Change::SupplyCap { permille: r.from_to(700, 1_100) } }
        }
        _ => Op::Unpause { by: By::Rightful, denom },
    };
    [closed, Op::Move { denom, percent: r.from_to(80, 100), rounds: 4 }]
}

/// A pair is bent within a block; it is published next.
fn bend(r: &mut Random) -> [Op; 3] {
    let (user, first) = (user(r), r.once_in(2));
    let bent =
        Op::Swap { user, pair: LIVE_PAIR, first, permille: r.from_to(50, 900), spread_percent: Some(50), to: None };
    let seconds = r.one_of(&[6, 30, 60]);
    [Op::Advance { seconds: 30, fresh: true }, bent, Op::Advance { seconds, fresh: r.once_in(2) }]
}

/// A pair's liquidity leaves, and comes back later; somebody borrows next.
fn thin(r: &mut Random) -> [Op; 5] {
    let provided = Op::Provide {
        user: 2,
        pair: LIVE_PAIR,
        cents: 400_000_000,
        skew_percent: 100,
        tolerance_percent: Some(50),
        least: None,
    };
    [
        provided,
        Op::WithdrawLiquidity { user: 2, pair: LIVE_PAIR, permille: r.from_to(900, 1_001), least: None },
        Op::Publish { sender: user(r), denom: LIVE, also: None },
        own(r, Card::Borrow),
        Op::Advance { seconds: r.one_of(&[30, 30, 4_000]), fresh: r.once_in(2) },
    ]
}

/// One denom's feeders are silent for hours, the others' are not; somebody borrows next.
fn outage(r: &mut Random) -> [Op; 2] {
    let but = Some(denom(r));
    [Op::Advance { seconds: r.one_of(&[10_000, 22_000, 40_000, 200_000]), fresh: false }, Op::Refresh { but }]
}

/// Nothing is written for hours while prices move; the worst account is tried next.
fn halt(r: &mut Random) -> [Op; 3] {
    let seconds = r.one_of(&[1_700, 2_000, 7_200, 21_600, 36_000]);
    let denom = r.below(LISTED);
    let rounds = r.from_to(1, 3);
    [
        Op::Advance { seconds, fresh: false },
        Op::Move { denom, percent: r.from_to(60, 100), rounds },
        Op::Refresh { but: None },
    ]
}
