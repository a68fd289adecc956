//! What users, their batches and the contract that takes flash loans do.

use plimsoll_schema::pool::Scope;

use super::dice::{self, cents, denom, permille, to, user, who};
use super::{CARDS, Card, play};
use crate::cast::{BORROWER, LISTED, PAIRS, POOR};
use crate::op::{Aim, Bring, End, Item, Op, Repayment};
use crate::random::Random;

pub fn own(r: &mut Random, card: Card) -> Op {
    let (who, denom) = (who(r), denom(r));
    let sender = if r.once_in(8) { user(r) } else { who.0 };
    match card {
        Card::Deposit => Op::Deposit { sender, who, denom, cents: cents(r), crumbs: r.from_to(0, 256) as u8 },
        Card::Withdraw => Op::Withdraw { who, denom, permille: permille(r), to: to(r) },
        Card::Borrow => Op::Borrow { who, denom, permille: permille(r), to: to(r) },
        Card::Repay => Op::Repay { sender, who, denom, permille: permille(r) },
        Card::TransferShares => {
            let to = if r.once_in(2) { (who.0, r.from_to(0, POOR)) } else { dice::who(r) };
            Op::TransferShares { who, denom, permille: permille(r), to }
        }
        _ => Op::Enable { who, denom, enable: r.once_in(2) },
    }
}

/// What somebody does on another's account, mostly one whose operator they are.
pub fn on_behalf(r: &mut Random) -> Op {
    let card = r.one_of(&[Card::Deposit, Card::Withdraw, Card::Borrow, Card::Repay, Card::Enable]);
    let act = Box::new(own(r, card));
    Op::OnBehalf { by: user(r), nth: (!r.once_in(5)).then(|| r.below(40)), act }
}

/// Who is made an operator, mostly with many scopes and for long; and all of an owner's operators at once, sent away.
pub fn operator(r: &mut Random, card: Card) -> Op {
    if matches!(card, Card::RevokeAll) {
        return Op::RevokeAll { user: user(r) };
    }
    let all = u8::try_from(1u32 << Scope::ALL.len()).expect("few scopes") - 1;
    let scopes = if r.once_in(2) { all } else { r.from_to(0, u32::from(all) + 1) as u8 };
    let end = match r.below(8) {
        0 => Some(End::Block),
        1 => Some(End::Blocks(r.within(0, 50))),
        2 => Some(End::Seconds(r.within(0, 5_000))),
        _ => None,
    };
    Op::SetOperator { who: who(r), operator: user(r), scopes, end }
}

/// One of a batch's or of what a contract does with its own accounts.
pub fn act(r: &mut Random) -> Op {
    if r.once_in(8) {
        return on_behalf(r);
    }
    let card = r.one_of(&[
        Card::Deposit,
        Card::Deposit,
        Card::Deposit,
        Card::Withdraw,
        Card::Borrow,
        Card::Borrow,
        Card::Repay,
        Card::Enable,
        Card::TransferShares,
    ]);
    own(r, card)
}

pub fn liquidation(r: &mut Random, card: Card) -> Op {
    let sender = user(r);
    match card {
        Card::Liquidate => {
            let (who, collateral, debt) = (who(r), denom(r), denom(r));
            Op::Liquidate { sender, who, collateral, debt, permille: permille(r), shares: r.once_in(2) }
        }
        Card::LiquidateWorst => {
            let least = r.once_in(3).then(|| r.from_to(500, 1_200));
            Op::LiquidateWorst { sender, permille: permille(r), shares: r.once_in(3), least, to: to(r) }
        }
        Card::WriteOff => Op::WriteOff { sender, who: who(r) },
        _ => Op::WriteOffWorst { sender },
    }
}

/// Many items, half of them such as succeed where anything does.
pub fn liquidations(r: &mut Random, card: Card) -> Op {
    let count = r.within(1, 8);
    let items: Vec<Item> = (0..count).map(|_| item(r)).collect();
    let min_success = r.once_in(3).then(|| r.from_to(0, 3));
    let to = to(r);
    if matches!(card, Card::LiquidateCalled) {
        let tried = if r.once_in(2) { 0 } else { r.within(1, 5) };
        let middle = (0..tried).map(|_| middle(r)).collect();
        return Op::LiquidateCalled { items, to, min_success, middle, bring: bring(r) };
    }
    // Mostly enough for all, sometimes for the first alone.
    let purse = if r.once_in(3) { r.from_to(1, 700) } else { r.from_to(1_000, 1_500) };
    let (shares, allow_shares) = (r.once_in(4), r.once_in(3));
    Op::LiquidateBatch { sender: user(r), items, purse, shares, allow_shares, to, min_success }
}

fn item(r: &mut Random) -> Item {
    let aim = match r.below(24) {
        0..10 => Aim::Unhealthy,
        10..12 => Aim::AllThatIsLeft,
        12 => Aim::AtLeast(r.from_to(900, 1_000)),
        13 => Aim::AtLeast(r.from_to(1_001, 1_100)),
        14 => Aim::Healthy,
        15 => Aim::NoDebt,
        16 => Aim::NoDeposit,
        17 => Aim::Unlisted,
        18 => Aim::SameDenom,
        19 => Aim::Nobody,
        20 => Aim::Own,
        21 => Aim::Nothing,
        22 => Aim::WriteOff,
        _ => Aim::WriteOffHealthy,
    };
    Item { nth: r.from_to(0, 4), permille: permille(r), aim }
}

/// A batch of the contract with a callback: mostly debts are repaid or deposits made that the callback brings.
pub fn batch_called(r: &mut Random) -> Op {
    let (who, denom) = ((BORROWER, r.from_to(0, POOR)), r.below(LISTED));
    let deposit = Op::Deposit { sender: BORROWER, who, denom, cents: cents(r), crumbs: 0 };
    let acts = match r.below(4) {
        0 => (0..r.within(1, 5)).map(|_| own_act(r)).collect(),
        1 => vec![Op::Repay { sender: BORROWER, who, denom, permille: r.from_to(1, 1_001) }],
        2 => vec![deposit],
        // The deposit is bought with what is borrowed on it, as far as the account allows before.
        _ => vec![deposit, Op::Borrow { who, denom: (denom + 1) % LISTED, permille: r.from_to(1, 1_000), to: None }],
    };
    let tried = if r.once_in(2) { 0 } else { r.within(1, 5) };
    let middle = (0..tried).map(|_| middle(r)).collect();
    Op::BatchCalled { acts, purse: r.one_of(&[0, 0, 300, 1_000]), middle, bring: bring(r) }
}

/// Mostly what is due, also after something else was tried, and sometimes once more.
fn bring(r: &mut Random) -> Vec<Bring> {
    let hostile = |r: &mut Random| {
        let id = r.within(0, 40);
        r.one_of(&[Bring::Less, Bring::More, Bring::Missing, Bring::Other, Bring::For(id)])
    };
    match r.below(8) {
        0..4 => vec![Bring::Due],
        4 => vec![Bring::Due, Bring::Due],
        5 | 6 => vec![hostile(r), Bring::Due, hostile(r)],
        _ if r.once_in(2) => vec![],
        _ => vec![hostile(r)],
    }
}

/// One of what a contract does with its own accounts.
fn own_act(r: &mut Random) -> Op {
    let mut op = act(r);
    if let Some(who) = op.account_mut() {
        who.0 = BORROWER;
    }
    op
}

/// Any message, by the contract itself; of its own accounts more often than chance has it.
pub fn middle(r: &mut Random) -> Op {
    if r.once_in(2) {
        return own_act(r);
    }
    loop {
        let op = {
            let card = CARDS[r.below(CARDS.len())].0;
            play(r, card)
        };
        match op {
            Op::Flash { .. }
            | Op::Move { .. }
            | Op::Slump { .. }
            | Op::Refresh { .. }
            | Op::Advance { .. }
            | Op::Enthrone => {}
            Op::Batch { acts, more, .. } => return Op::Batch { user: BORROWER, acts, more },
            // Callbacks within a callback end there.
            Op::LiquidateCalled { items, to, min_success, bring, .. } => {
                return Op::LiquidateCalled { items, to, min_success, middle: vec![own_act(r)], bring };
            }
            Op::BatchCalled { acts, purse, bring, .. } => {
                return Op::BatchCalled { acts, purse, middle: vec![own_act(r)], bring };
            }
            op => return op,
        }
    }
}

pub fn flash(r: &mut Random) -> Op {
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

pub fn trade(r: &mut Random, card: Card) -> Op {
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
