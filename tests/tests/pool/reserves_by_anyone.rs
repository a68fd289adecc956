//! `withdraw_reserves` by anyone: what was announced goes to whom it was announced for, also where a timelock is owner.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test may stop at a surprise")]

use crate::support::{Outcome, assert_solvent, refuses};
use plimsoll_risk::units::Amount;
use plimsoll_schema::pool::{ExecuteMsg, Listed};
use plimsoll_testing::{ALICE, BOB, LENDER, UUSD, World, values};

const DAY: u64 = 86_400;

fn withdraw(world: &mut World, sender: &str) -> Outcome {
    world.execute(sender, &ExecuteMsg::WithdrawReserves(Listed { denom: UUSD.to_owned() }), &[])
}

#[test]
fn withdraw_reserves_by_anyone_pays_each_part_to_whom_a_timelock_announced_it_for() {
    let mut world = World::builder().lent(1_000).timelock(2 * DAY).build();
    world.cover(ALICE, UUSD, 700_000_000).unwrap();
    let recipient = world.addr(BOB).into_string();
    let denom = UUSD.to_owned();
    let amount = Amount::new(700_000_000);
    let id = world.queue_for_pool(&ExecuteMsg::RequestReserves { denom, amount, recipient: recipient.clone() });
    refuses(&mut world, "no withdrawal of uusd reserves was announced", |world| withdraw(world, ALICE));
    world.wait_for_timelock();
    world.apply(id).unwrap();
    let effective_at = world.now() + DAY;
    let text = format!("reserves of uusd can be withdrawn from {effective_at} on, it is {}", world.now());
    refuses(&mut world, &text, |world| withdraw(world, ALICE));

    let alice = world.balance(ALICE, UUSD);
    let bob = world.balance(BOB, UUSD);
    for day in 1..=7 {
        world.advance(DAY);
        let sender = [ALICE, BOB, LENDER][day % 3];
        let response = withdraw(&mut world, sender).unwrap();
        assert_eq!(values(&response, "recipient"), [recipient.as_str()]);
        assert_eq!(values(&response, "amount"), ["100000000"]);
        assert_eq!(world.balance(BOB, UUSD), bob + 100_000_000 * u128::try_from(day).unwrap());
    }
    assert_eq!(world.balance(ALICE, UUSD), alice);
    assert!(world.market(UUSD).reserves.is_zero());
    assert_solvent(&world);
    refuses(&mut world, "no withdrawal of uusd reserves was announced", |world| withdraw(world, ALICE));
}
