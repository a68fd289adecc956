//! The least debt and the dust value at the ends of what they may be, to the unit.

use num_bigint::BigInt;
use num_rational::BigRational;
use plimsoll_risk::units::Price;
use plimsoll_testing::{ALICE, BOB, LIQUIDATOR};

use crate::setting::{COLLATERAL, DEBT, Setting, settings};
use crate::wealth::{exact, raw, unit};

/// Each setting with each pair of dust and least debt at the ends.
fn at_the_ends() -> Vec<Setting> {
    let ends = [
        ("0.000000000000000001", "0.000000000000000002"),
        ("0.000000000000000001", "10000"),
        ("1000", "1000.000000000000000001"),
        ("1000", "10000"),
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
        let fewest = (value_of(setting.dust.1) / unit(&world, DEBT)).ceil().to_integer();
        let fewest = u128::try_from(fewest).unwrap();
        if fewest > world.max_borrow(ALICE, DEBT) {
            continue;
        }
        if fewest > 1 {
            let error = world.refused(|world| world.borrow(ALICE, DEBT, fewest - 1));
            assert!(error.to_string().contains("at least"), "{setting:?}: {error}");
        }
        done += 1;
        world.borrow(ALICE, DEBT, fewest).unwrap();
        // Nobody is kept from repaying: a remainder below the least may stand.
        let owed = world.owed(ALICE, DEBT);
        if owed > 1 {
            world.repay(ALICE, DEBT, owed - 1).unwrap();
        }
        assert_eq!(world.owed(ALICE, DEBT), 1);
        world.repay(ALICE, DEBT, owed * 2).unwrap();
        assert!(world.account(ALICE).debts.is_empty());
    }
    assert!(done > 20, "{done}");
}

#[test]
fn a_liquidation_leaves_no_debt_below_dust_while_the_collateral_lasts_and_writes_off_only_below_it() {
    let (mut partial, mut closed) = (0, 0);
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
            let (debt, held) = (world.owed(ALICE, DEBT), world.supplied(ALICE, COLLATERAL));
            let value = |denom, amount: u128| unit(&world, denom) * BigInt::from(amount);
            let dust = value_of(setting.dust.0);
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

fn value_of(text: &str) -> BigRational {
    raw(text.parse::<Price>().unwrap().raw())
}
