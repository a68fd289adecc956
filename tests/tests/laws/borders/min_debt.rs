//! The least debt and the dust value at the ends of what they may be, to the unit.

use num_bigint::BigInt;
use plimsoll_testing::{ALICE, BOB, LIQUIDATOR};

use super::setting::{COLLATERAL, DEBT, Setting, settings};
use super::wealth::{exact, unit};

/// Each setting with each pair of dust and least debt at the ends.
fn at_the_ends() -> Vec<Setting> {
    let ends = [
        ("0.000000000000000001", "0.000000000000000002"),
        ("0.000000000000000001", "100"),
        ("5", "5.000000000000000001"),
        ("5", "100"),
    ];
    let alike = settings().into_iter().filter(|setting| !setting.aged && setting.prices == ("1", "1"));
    alike.step_by(2).flat_map(|setting| ends.map(|dust| Setting { dust, ..setting })).collect()
}

#[test]
fn a_debt_of_the_least_value_is_given_and_one_unit_less_is_refused() {
    let mut done = 0;
    for setting in at_the_ends() {
        let mut world = setting.world();
        world.deposit(ALICE, COLLATERAL, setting.deposit).unwrap();
        let least = exact(&setting.dust_values().1.to_string());
        let fewest = (least / unit(&world, DEBT)).ceil().to_integer();
        let fewest = with_its_minute(u128::try_from(fewest).unwrap());
        if fewest > world.max_borrow(ALICE, DEBT) {
            continue;
        }
        if fewest > 1 {
            let error = world.refused(|world| world.borrow(ALICE, DEBT, fewest - 1));
            assert!(error.to_string().contains("at least"), "{setting:?}: {error}");
        }
        done += 1;
        world.borrow(ALICE, DEBT, fewest).unwrap();
        // Nobody is kept from repaying all; a part leaves nothing below the least.
        let owed = world.owed(ALICE, DEBT);
        if owed > 1 {
            world.refused(|world| world.repay(ALICE, DEBT, owed - 1));
        }
        world.repay(ALICE, DEBT, owed * 2).unwrap();
        assert!(world.account(ALICE).debts.is_empty());
    }
    assert!(done > 20, "{done}");
}

#[test]
fn a_liquidation_leaves_no_debt_below_dust_while_the_collateral_lasts_and_writes_off_only_below_it() {
    let mut partial = 0;
    let mut closed = 0;
    for setting in at_the_ends() {
        let mut world = setting.world();
        world.deposit(ALICE, COLLATERAL, setting.deposit).unwrap();
        if world.borrow(ALICE, DEBT, setting.borrowed()).is_err() {
            continue; // Worth less than the least.
        }
        let fresh = world.snapshot();
        for health in ["0.999", "0.96", "0.9", "0.5", "0.2"] {
            world.restore(&fresh);
            let Some(price) = setting.price_at(&world, &exact(health)) else { continue };
            world.set_price(COLLATERAL, &price);
            let owed = world.owed(ALICE, DEBT);
            if world.liquidate(LIQUIDATOR, ALICE, COLLATERAL, (DEBT, owed)).is_err() {
                continue;
            }
            let debt = world.owed(ALICE, DEBT);
            let held = world.supplied(ALICE, COLLATERAL);
            let value = |denom, amount: u128| unit(&world, denom) * BigInt::from(amount);
            let dust = exact(&setting.dust_values().0.to_string());
            // A remainder of less than dust is closed with the rest; where collateral ran out first, all that is left was written off.
            assert!(debt == 0 || value(DEBT, debt) >= dust, "{setting:?} at {price}: {debt} left");
            assert!(debt == 0 || held > 0, "{setting:?} at {price}");
            partial += u32::from(debt > 0);
            closed += u32::from(debt == 0);
            // Whoever comes after finds nothing to write off.
            world.refused(|world| world.write_off(BOB, ALICE));
        }
    }
    assert!(partial > 20 && closed > 20, "{partial} partial, {closed} closed");
}

/// The smallest loan that owes so much with the first minute's interest: at 1,000 % a year one in 52,560.
fn with_its_minute(owed: u128) -> u128 {
    // a + ⌊a / 52,560⌋ ≥ owed; the smallest a lies within a unit or two of owed × 52,560 / 52,561.
    let least = (owed - owed / 52_561).saturating_sub(2);
    (least..=owed).find(|amount| amount + amount / 52_560 >= owed).unwrap()
}
