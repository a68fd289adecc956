//! What owners, the risk manager, the guardian and feeders do, and those who are none of them.

use super::Card;
use super::dice::{by, denom, user};
use crate::cast::{DENOMS, FEEDER, LISTED, LIVE, PEOPLE, WATCH};
use crate::op::{By, Change, Handover, Op};
use crate::random::Random;

pub fn oracle(r: &mut Random, card: Card) -> Op {
    let denom = denom(r);
    match card {
        Card::SetSource => {
            let unknown = r.once_in(6);
            let denom = if unknown { DENOMS.len() - 1 } else { denom };
            let (feeders, quorum) = r.one_of(&[(3, 2), (3, 2), (3, 2), (2, 2), (3, 3), (4, 3), (2, 1), (0, 0)]);
            let guards = r.within(0, 8) as u8;
            Op::SetSource { by: by(r), denom, feeders, quorum, guards, pair: r.once_in(4) }
        }
        Card::ApplySource => Op::ApplySource { by: by(r), denom },
        Card::CancelSource => Op::CancelSource { by: by(r), denom },
        Card::SetFallback => {
            let (feeders, guards) = (r.one_of(&[1, 2, 3]), r.within(0, 7) as u8);
            Op::SetFallback { by: by(r), denom, feeders, guards, pair: r.once_in(3), minutes: r.within(1, 11_000) }
        }
        Card::ApplyFallback => Op::ApplyFallback { by: by(r), denom },
        Card::RemoveFallback => Op::RemoveFallback { by: by(r), denom },
        Card::UpdateGuardian => {
            Op::UpdateGuardian { by: by(r), guardian: r.one_of(&[Some(WATCH), Some(WATCH), None, Some(1)]) }
        }
        Card::Publish => {
            let also = r.once_in(4).then_some(denom);
            Op::Publish { sender: r.below(PEOPLE), denom: if r.once_in(4) { denom } else { LIVE }, also }
        }
        // One feeder alone says something extreme.
        Card::Spike => {
            Op::Feed { sender: r.one_of(&FEEDER), denom, percent: r.one_of(&[1, 10, 30, 300, 1_000, 10_000]), ago: 0 }
        }
        _ => {
            let sender = if r.once_in(5) { r.below(PEOPLE) } else { r.one_of(&FEEDER) };
            let ago = if r.once_in(3) { r.within(1, 400) } else { 0 };
            Op::Feed { sender, denom, percent: r.from_to(80, 126), ago }
        }
    }
}

pub fn governance(r: &mut Random, card: Card) -> Op {
    let (by, denom) = (by(r), denom(r));
    match card {
        Card::InitAsset => {
            let odd = if r.once_in(3) { r.within(0, 4) as u8 } else { 0 };
            Op::InitAsset { by, denom: LISTED + r.below(DENOMS.len() - LISTED), odd }
        }
        Card::UpdateAsset => {
            // The risk manager's own key, often.
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
            let min_debt_cents = r.within(100, 2_000);
            Op::UpdateConfig {
                by,
                target_percent: r.within(100, 130),
                dust_cents,
                min_debt_cents,
                delay_hours: r.within(24, 60),
                halt_minutes: r.one_of(&[0, 10, 30, 60]),
            }
        }
        Card::UpdateOracle => Op::UpdateOracle { by },
        Card::UpdateRoles => {
            let mut person = || if r.once_in(6) { None } else { Some(5 + r.below(3)) };
            Op::UpdateRoles { by, risk_manager: person(), guardian: person() }
        }
        Card::UpdatePoolOwner | Card::UpdateOracleOwner => {
            let step = match r.below(5) {
                0 => Handover::Propose(r.one_of(&[0, 1, 2, 5, 6, 7])),
                1 if r.once_in(6) => Handover::ProposeTimelock,
                1 => Handover::Propose(5),
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

pub fn change(r: &mut Random) -> Change {
    match r.below(21) {
        10 => Change::SaleCost { bps: r.within(0, 300) },
        11 => Change::MaxBorrowUtilization { percent: r.within(60, 101) },
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
        13 => Change::BorrowWeight { percent: r.within(100, 150), days: r.once_in(2).then(|| r.within(2, 30)) },
        14 | 15 => Change::Isolate { ceilings: r.once_in(4).then(|| [(); LISTED].map(|()| r.from_to(0, 200))) },
        16 => Change::Silo { on: r.once_in(4) },
        9 | 12 => Change::Curve {
            target: r.within(50, 95),
            steepness: r.within(10, 60),
            speed: r.within(0, 100),
            initial: r.within(1, 61),
            max: r.within(60, 2_100),
        },
        17..20 => Change::Outflow {
            percent: r.one_of(&[0, 2, 10, 30, 100]),
            hours: r.within(1, 25),
            permille: r.from_to(1, 100),
            count: r.one_of(&[0, 1, 3, 20]),
        },
        _ => Change::Rates {
            base: r.within(0, 5),
            slope_1: r.within(0, 30),
            slope_2: r.within(0, 300),
            optimal: r.within(40, 95),
        },
    }
}
