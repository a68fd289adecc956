//! Histories out of dice. How often each message comes is dealt, not diced: a history is whole decks of cards, shuffled, so that none is rare by
//! chance.

mod dice;
mod roles;
mod users;

use self::dice::{cents, denom, permille, user};
use self::roles::{governance, oracle};
use self::users::{act, flash, liquidation, own, trade};
use crate::cast::{LISTED, PAIRS, PEOPLE, POOR};
use crate::op::{By, Gift, Op};
use crate::random::Random;

/// How many operations a deck deals: its cards, and what leads to some of them.
pub const DECK: usize = 250 + 3 * 4 + 4 * 2 + 4 * 2;
/// How many of a deck are which: at least 3, which are 1.2 %.
const CARDS: [(Card, usize); 45] = [
    (Card::Deposit, 22),
    (Card::Withdraw, 9),
    (Card::Borrow, 20),
    (Card::Repay, 10),
    (Card::Enable, 5),
    (Card::Liquidate, 1),
    (Card::LiquidateWorst, 10),
    (Card::WriteOff, 1),
    (Card::Ruin, 3),
    (Card::Batch, 12),
    (Card::Flash, 12),
    (Card::RepayFlashLoan, 3),
    (Card::AssertFlashLoanRepaid, 3),
    (Card::Cover, 4),
    (Card::InitAsset, 3),
    (Card::UpdateAsset, 7),
    (Card::Pause, 3),
    (Card::Unpause, 5),
    (Card::UpdateConfig, 3),
    (Card::UpdateOracle, 4),
    (Card::UpdateRoles, 3),
    (Card::UpdatePoolOwner, 3),
    (Card::UpdateOracleOwner, 3),
    (Card::RequestReserves, 5),
    (Card::CancelReserves, 3),
    (Card::WithdrawReserves, 4),
    (Card::SetSource, 4),
    (Card::ApplySource, 4),
    (Card::CancelSource, 3),
    (Card::Publish, 3),
    (Card::Feed, 6),
    (Card::Move, 12),
    (Card::Crash, 3),
    (Card::Refresh, 5),
    (Card::Provide, 4),
    (Card::WithdrawLiquidity, 3),
    (Card::Swap, 4),
    (Card::Arbitrage, 6),
    (Card::LiquidateMany, 8),
    (Card::Callback, 3),
    (Card::Stray, 3),
    (Card::Donate, 3),
    (Card::Advance, 8),
    (Card::Wait, 6),
    (Card::Silence, 1),
];

#[derive(Clone, Copy)]
enum Card {
    Deposit,
    Withdraw,
    Borrow,
    Repay,
    Enable,
    Liquidate,
    LiquidateWorst,
    WriteOff,
    Ruin,
    Batch,
    Flash,
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
    Publish,
    Feed,
    Move,
    Crash,
    Refresh,
    Provide,
    WithdrawLiquidity,
    Swap,
    Arbitrage,
    LiquidateMany,
    Callback,
    Stray,
    Donate,
    Advance,
    Wait,
    Silence,
}

/// The history of this seed and number, of at least so many operations cut to that length.
pub fn history(seed: u64, number: u64, length: usize) -> Vec<Op> {
    let mut random = Random::new(seed, number);
    let mut ops = vec![];
    while ops.len() < length {
        let mut deck: Vec<Card> = CARDS.iter().flat_map(|(card, count)| std::iter::repeat_n(*card, *count)).collect();
        random.shuffle(&mut deck);
        for card in deck {
            match card {
                Card::Ruin => ops.extend(ruin(&mut random)),
                Card::WithdrawReserves => ops.extend(notice(&mut random)),
                Card::ApplySource => ops.extend(announcement(&mut random)),
                _ => {}
            }
            ops.push(play(&mut random, card));
        }
    }
    ops.truncate(length);
    ops
}

fn play(r: &mut Random, card: Card) -> Op {
    match card {
        Card::Deposit | Card::Withdraw | Card::Borrow | Card::Repay | Card::Enable => own(r, card),
        Card::Liquidate | Card::LiquidateWorst | Card::WriteOff | Card::Ruin => liquidation(r, card),
        Card::Batch => {
            let user = user(r);
            let count = r.within(1, 5);
            Op::Batch { user, acts: (0..count).map(|_| act(r)).collect(), more: r.once_in(2) }
        }
        Card::Flash => flash(r),
        Card::AssertFlashLoanRepaid => Op::AssertFlashLoanRepaid { sender: user(r), id: r.within(0, 40) },
        Card::RepayFlashLoan => {
            Op::RepayFlashLoan { sender: user(r), id: r.within(0, 40), denom: denom(r), cents: cents(r) }
        }
        Card::Cover => Op::Cover { sender: user(r), denom: denom(r), cents: cents(r) },
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
        Card::Stray => Op::Stray { sender: r.below(PEOPLE), step: r.within(0, 3) as u8 },
        Card::Donate => {
            let to = if r.once_in(2) { Gift::Pool } else { Gift::Pair(r.below(PAIRS.len())) };
            Op::Donate { sender: user(r), to, denom: r.below(LISTED), cents: cents(r) }
        }
        Card::SetSource | Card::ApplySource | Card::CancelSource | Card::Publish | Card::Feed => oracle(r, card),
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

/// A small account borrows all it can, and its collateral loses nearly everything; a write-off comes next.
fn ruin(r: &mut Random) -> [Op; 4] {
    let (who, collateral) = ((user(r), POOR), r.below(LISTED));
    let debt = (collateral + 1 + r.below(LISTED - 1)) % LISTED;
    let cents = r.within(1_000, 2_500);
    [
        Op::Deposit { sender: who.0, who, denom: collateral, cents, crumbs: 0 },
        Op::Borrow { who, denom: debt, permille: 1_000, to: None },
        Op::Move { denom: collateral, percent: r.one_of(&[5, 8, 12]), rounds: 12 },
        Op::Enable { who, denom: collateral, enable: r.once_in(2) },
    ]
}

/// Reserves are asked for, and their time comes or goes by; a withdrawal comes next.
fn notice(r: &mut Random) -> [Op; 2] {
    let request = Op::RequestReserves { by: By::Rightful, denom: denom(r), permille: r.from_to(1, 500), to: user(r) };
    [request, Op::Advance { seconds: r.one_of(&[50_000, 200_000, 300_000, 900_000]), fresh: true }]
}

/// A source is announced, and its time comes or not; it is applied next.
fn announcement(r: &mut Random) -> [Op; 3] {
    let (feeders, guards) = (r.one_of(&[2, 2, 3]), r.within(0, 4) as u8);
    let source = Op::SetSource { by: By::Rightful, denom: denom(r), feeders, quorum: 2, guards, pair: r.once_in(4) };
    // A pair has to be seen twice before it says a price.
    [source, Op::Refresh { but: None }, Op::Advance { seconds: r.one_of(&[1_000, 4_000, 8_000]), fresh: !r.once_in(4) }]
}
