//! Histories out of dice. How often each message comes is dealt, not diced: a history is whole decks of cards, shuffled, so that none is rare by
//! chance.

use crate::cast::{BORROWER, DENOMS, FEEDER, LISTED, PAIRS, PEOPLE, POOR, SOURCED, USERS};
use crate::op::{By, Change, Gift, Handover, Op, Repayment, Who};
use crate::random::Random;

/// How many operations a deck deals: its cards, and what leads to some of them.
pub const DECK: usize = 250 + 3 * 4 + 4 * 2 + 4 * 2;
/// How many of a deck are which: at least 3, which are 1.2 %.
const CARDS: [(Card, usize); 43] = [
    (Card::Deposit, 22),
    (Card::Withdraw, 9),
    (Card::Borrow, 22),
    (Card::Repay, 10),
    (Card::Enable, 5),
    (Card::Liquidate, 1),
    (Card::LiquidateWorst, 10),
    (Card::WriteOff, 1),
    (Card::Ruin, 3),
    (Card::Batch, 13),
    (Card::Flash, 13),
    (Card::RepayFlashLoan, 3),
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
    (Card::Feed, 6),
    (Card::Move, 13),
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
    (Card::Advance, 9),
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
        Card::SetSource | Card::ApplySource | Card::CancelSource | Card::Feed => oracle(r, card),
        Card::Move => Op::Move { denom: denom(r), percent: r.from_to(75, 134), rounds: r.from_to(1, 4) },
        Card::Crash => {
            Op::Move { denom: denom(r), percent: r.one_of(&[10, 30, 50, 300, 1_000, 2_000]), rounds: r.from_to(1, 12) }
        }
        Card::Refresh => Op::Refresh,
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
fn announcement(r: &mut Random) -> [Op; 2] {
    let (feeders, guards) = (r.one_of(&[2, 2, 3]), r.within(0, 4) as u8);
    let source = Op::SetSource { by: By::Rightful, denom: denom(r), feeders, quorum: 2, guards };
    [source, Op::Advance { seconds: r.one_of(&[1_000, 4_000, 8_000]), fresh: !r.once_in(4) }]
}

fn user(r: &mut Random) -> usize {
    r.below(USERS)
}

fn who(r: &mut Random) -> Who {
    (user(r), r.from_to(0, POOR))
}

/// Mostly one that was listed from the start.
fn denom(r: &mut Random) -> usize {
    if r.once_in(12) { r.below(SOURCED) } else { r.below(LISTED) }
}

/// Crumbs, pocket money and fortunes alike.
fn cents(r: &mut Random) -> u64 {
    match r.below(4) {
        0 => r.within(1, 1_000),
        1 => r.within(1_000, 100_000),
        2 => r.within(100_000, 10_000_000),
        _ => r.within(10_000_000, 100_000_000),
    }
}

/// Mostly a part, sometimes all, now and then too much.
fn permille(r: &mut Random) -> u32 {
    match r.below(8) {
        0..5 => r.from_to(1, 1_000),
        5..7 => 1_000,
        _ => r.from_to(1_001, 1_200),
    }
}

/// Mostly whoever may.
fn by(r: &mut Random) -> By {
    if r.once_in(6) { By::Person(r.below(PEOPLE)) } else { By::Rightful }
}

fn to(r: &mut Random) -> Option<usize> {
    r.once_in(6).then(|| r.below(USERS))
}

fn own(r: &mut Random, card: Card) -> Op {
    let (who, denom) = (who(r), denom(r));
    let sender = if r.once_in(8) { user(r) } else { who.0 };
    match card {
        Card::Deposit => Op::Deposit { sender, who, denom, cents: cents(r), crumbs: r.from_to(0, 256) as u8 },
        Card::Withdraw => Op::Withdraw { who, denom, permille: permille(r), to: to(r) },
        Card::Borrow => Op::Borrow { who, denom, permille: permille(r), to: to(r) },
        Card::Repay => Op::Repay { sender, who, denom, permille: permille(r) },
        _ => Op::Enable { who, denom, enable: r.once_in(2) },
    }
}

/// One of a batch's or of what a contract does with its own accounts.
fn act(r: &mut Random) -> Op {
    let card = r.one_of(&[
        Card::Deposit,
        Card::Deposit,
        Card::Deposit,
        Card::Withdraw,
        Card::Borrow,
        Card::Borrow,
        Card::Repay,
        Card::Enable,
    ]);
    own(r, card)
}

fn liquidation(r: &mut Random, card: Card) -> Op {
    let sender = user(r);
    match card {
        Card::Liquidate => {
            let (who, collateral, debt) = (who(r), denom(r), denom(r));
            Op::Liquidate { sender, who, collateral, debt, permille: permille(r), shares: r.once_in(2) }
        }
        Card::LiquidateWorst => {
            let least = r.once_in(3).then(|| r.from_to(500, 1_001));
            Op::LiquidateWorst { sender, permille: permille(r), shares: r.once_in(3), least, to: to(r) }
        }
        Card::WriteOff => Op::WriteOff { sender, who: who(r) },
        _ => Op::WriteOffWorst { sender },
    }
}

/// Any message, by the contract itself; of its own accounts more often than chance has it.
fn middle(r: &mut Random) -> Op {
    if r.once_in(2) {
        let mut op = act(r);
        if let Op::Deposit { who, .. }
        | Op::Withdraw { who, .. }
        | Op::Borrow { who, .. }
        | Op::Repay { who, .. }
        | Op::Enable { who, .. } = &mut op
        {
            who.0 = BORROWER;
        }
        return op;
    }
    loop {
        let op = {
            let card = CARDS[r.below(CARDS.len())].0;
            play(r, card)
        };
        match op {
            Op::Flash { .. } | Op::Move { .. } | Op::Refresh | Op::Advance { .. } => {}
            Op::Batch { acts, more, .. } => return Op::Batch { user: BORROWER, acts, more },
            op => return op,
        }
    }
}

fn flash(r: &mut Random) -> Op {
    let count = r.within(1, 4);
    let loans = (0..count).map(|_| {
        let all = r.once_in(4);
        (r.below(LISTED), if all { 1_000 } else { r.from_to(1, 1_000) })
    });
    let loans = loans.collect();
    let tried = r.within(0, 6);
    let middle = (0..tried).map(|_| middle(r)).collect();
    let order = match r.below(8) {
        0..4 => Repayment::OuterFirst,
        4..6 => Repayment::InnerFirst,
        6 => Repayment::OuterTwice,
        _ => Repayment::NotTheInner,
    };
    Op::Flash { loans, middle, order }
}

fn trade(r: &mut Random, card: Card) -> Op {
    let (user, pair) = (user(r), r.below(PAIRS.len()));
    match card {
        Card::Provide => {
            let skewed = r.once_in(3);
            let skew_percent = if skewed { r.from_to(60, 160) } else { 100 };
            let tolerance_percent = (skewed || r.once_in(4)).then(|| r.within(0, 52));
            let least = r.once_in(3).then(|| r.from_to(500, 1_001));
            Op::Provide { user, pair, cents: cents(r), skew_percent, tolerance_percent, least }
        }
        Card::WithdrawLiquidity => {
            // The lender is who has provided from the start.
            let user = if r.once_in(2) { 2 } else { user };
            let permille = if r.once_in(4) { 1_000 } else { r.from_to(1, 400) };
            Op::WithdrawLiquidity { user, pair, permille, least: r.once_in(3).then(|| r.from_to(900, 1_002)) }
        }
        Card::Arbitrage => Op::Arbitrage { user, pair },
        _ => {
            let spread_percent = (!r.once_in(4)).then(|| r.within(1, 52));
            let permille = if spread_percent.is_none() { r.from_to(1, 8) } else { r.from_to(1, 400) };
            Op::Swap { user, pair, first: r.once_in(2), permille, spread_percent, to: to(r) }
        }
    }
}

fn oracle(r: &mut Random, card: Card) -> Op {
    let denom = denom(r);
    match card {
        Card::SetSource => {
            let unknown = r.once_in(6);
            let denom = if unknown { DENOMS.len() - 1 } else { denom };
            let (feeders, quorum) = r.one_of(&[(2, 2), (2, 2), (2, 2), (3, 2), (3, 2), (3, 3), (2, 1), (0, 0)]);
            Op::SetSource { by: by(r), denom, feeders, quorum, guards: r.within(0, 5) as u8 }
        }
        Card::ApplySource => Op::ApplySource { sender: r.below(PEOPLE), denom },
        Card::CancelSource => Op::CancelSource { by: by(r), denom },
        _ => {
            let sender = if r.once_in(5) { r.below(PEOPLE) } else { r.one_of(&FEEDER) };
            Op::Feed { sender, denom, percent: r.from_to(80, 126) }
        }
    }
}

fn governance(r: &mut Random, card: Card) -> Op {
    let (by, denom) = (by(r), denom(r));
    match card {
        Card::InitAsset => {
            let odd = if r.once_in(3) { r.within(0, 4) as u8 } else { 0 };
            Op::InitAsset { by, denom: LISTED + r.below(DENOMS.len() - LISTED), odd }
        }
        Card::UpdateAsset => {
            // The risk manager himself, often.
            let by = if r.once_in(3) { By::Person(6) } else { by };
            Op::UpdateAsset { by, denom, change: change(r) }
        }
        Card::Pause => {
            let everywhere = r.once_in(6);
            let (deposit, borrow, flash_loan) = (r.once_in(3), r.once_in(3), r.once_in(2));
            Op::Pause { by, denom: (!everywhere).then_some(denom), deposit, borrow, flash_loan }
        }
        Card::Unpause => Op::Unpause { by, denom },
        Card::UpdateConfig => {
            let dust_cents = r.within(1, 300);
            let min_debt_cents = r.within(50, 2_000);
            Op::UpdateConfig {
                by,
                target_percent: r.within(100, 130),
                dust_cents,
                min_debt_cents,
                delay_hours: r.within(24, 60),
            }
        }
        Card::UpdateOracle => Op::UpdateOracle { by },
        Card::UpdateRoles => {
            let mut person = || if r.once_in(6) { None } else { Some(5 + r.below(3)) };
            Op::UpdateRoles { by, risk_manager: person(), guardian: person() }
        }
        Card::UpdatePoolOwner | Card::UpdateOracleOwner => {
            let step = match r.below(5) {
                0..2 => Handover::Propose(r.one_of(&[0, 1, 2, 5, 6, 7])),
                2..4 => Handover::Accept,
                _ => Handover::Cancel,
            };
            Op::UpdateOwner { oracle: matches!(card, Card::UpdateOracleOwner), by, step }
        }
        Card::RequestReserves => {
            let permille = if r.once_in(8) { 1_000 } else { r.from_to(1, 700) };
            Op::RequestReserves { by, denom, permille, to: user(r) }
        }
        Card::CancelReserves => Op::CancelReserves { by, denom },
        _ => Op::WithdrawReserves { by, denom },
    }
}

fn change(r: &mut Random) -> Change {
    match r.below(10) {
        0 => Change::MaxLoanToValue { percent: r.within(20, 82) },
        1 | 2 => Change::Threshold { percent: r.within(45, 90), days: r.once_in(2).then(|| r.within(2, 30)) },
        3 => Change::Bonus { min: r.within(0, 5), max: r.within(4, 16), full_at: r.within(85, 100) },
        4 => Change::ProtocolFee { percent: r.within(0, 60) },
        5 => Change::ReserveFactor { percent: r.within(0, 60) },
        6 => Change::ReserveFloor { percent: r.within(0, 20) },
        7 => Change::FlashLoanFee { bps: r.within(0, 300) },
        8 => {
            let permille = r.from_to(700, 5_000);
            if r.once_in(2) { Change::SupplyCap { permille } } else { Change::BorrowCap { permille } }
        }
        _ => Change::Rates {
            base: r.within(0, 5),
            slope_1: r.within(0, 30),
            slope_2: r.within(0, 300),
            optimal: r.within(40, 95),
        },
    }
}
