//! A day in which a token falls to a hundredth: through its floor, past a thin pair, under silent feeders and through a halt of six hours,
//! with a correlated token beside it. Borrowers, a keeper, and somebody who each minute tries what pays most.
//!
//! What lenders lose is held to what had been lost anyway when a liquidation first paid, and what a borrower pays to the bonus, both by a
//! reckoning of its own from what is stored. The figures are printed, beside those of the same day under the rules before.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may stop at a surprise"
)]

mod day;
mod keeper;
mod mallory;
mod old_rules;
mod reckoning;

use day::{Day, HALT_FROM, MINUTES};
use keeper::Keeper;
use mallory::Mallory;
use reckoning::Reckoning;

#[test]
fn a_token_falls_to_a_hundredth_in_a_day_and_lenders_lose_what_was_lost_before_anybody_could_act() {
    let mut day = Day::break_of();
    let mut keeper = Keeper::default();
    let mut mallory = Mallory::default();
    let mut reckoning = Reckoning::default();
    while day.minute < MINUTES {
        day.begin();
        reckoning.look(&day);
        mallory.act(&mut day, &mut reckoning);
        let seen = keeper.look(&day);
        day.let_latency_pass();
        keeper.publish(&mut day);
        reckoning.look(&day);
        keeper.act(&mut day, &mut reckoning, &seen);
        if day.minute == HALT_FROM {
            day.halt();
        } else {
            day.end();
        }
    }
    let figures = reckoning.close(&day);
    let old = old_rules::lost();
    println!("liquidations: {}, by mallory {}", keeper.done + mallory.liquidated, mallory.liquidated);
    println!(
        "mallory: {} loans and withdrawals, {} rescues, of {} attempts",
        mallory.lent, mallory.rescued, mallory.tried
    );
    println!("lenders lost {:.0} USD of {:.0} lent", figures.lost, figures.lent);
    println!(
        "lost already when a liquidation first paid: {:.0} USD, {:.0} with what the sale costs",
        figures.gone, figures.most
    );
    println!(
        "worst price for a borrower, of what bonus and fee allow: {:.6} at S, {:.6} at raw",
        figures.at_settled, figures.at_raw
    );
    println!(
        "the same day under the rules before: lenders lost {:.0} USD, {:.0} of them to mallory",
        old.lost, old.to_mallory
    );

    assert!(keeper.done > 20 && mallory.lent > 20 && mallory.tried > 500, "a day without events proves nothing");
    assert!(figures.lost <= figures.most + 1.0, "{figures:?}");
    assert!(figures.at_settled <= 1.0 + 1e-9 && figures.at_raw <= 1.0 + 1e-9, "{figures:?}");
    assert!(old.lost > figures.lost, "{old:?} beside {figures:?}");
}
