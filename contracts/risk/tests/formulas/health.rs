//! Health against exact sums: who may be liquidated, who may borrow, and at which price that turns.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use crate::model::{
    E18, Q, Sums, big, ceil, collateral, config, debt, exact, fixed, floor, frac, magnitudes, mark, mul_div, params,
    position, positions, q, silent, sums, value, wild_positions, worth,
};
use num_bigint::BigInt;
use num_traits::{One, ToPrimitive, Zero};
use plimsoll_risk::account::Account;
use plimsoll_risk::health::{AssetState, Assets, BorrowingPower, Health, HealthError, Moment, Position};
use plimsoll_risk::mark::MarkPrice;
use plimsoll_risk::market::Market;
use plimsoll_risk::params::{AssetId, AssetParams, Ramp};
use plimsoll_risk::price::PriceFault;
use plimsoll_risk::units::{Amount, Index, Price, Ratio, ScaledDebt, SupplyShares, Value};
use proptest::prelude::*;

fn healthy(position: &Position) -> bool {
    let Sums { carried, weighted, .. } = sums(position);
    carried >= weighted
}

/// The position with another price of one collateral or debt.
fn repriced(position: &Position, asset: AssetId, price: u128) -> Position {
    let mut position = position.clone();
    for line in position.collaterals.iter_mut().filter(|l| l.asset == asset) {
        line.mark = mark(asset.0, price);
    }
    for line in position.debts.iter_mut().filter(|l| l.asset == asset) {
        line.mark = mark(asset.0, price);
    }
    position
}

/// The assets that accounts of these tests hold.
struct Listed(Vec<AssetState>);

impl Assets for Listed {
    fn asset(&self, id: AssetId) -> Option<&AssetState> {
        self.0.get(usize::from(id.0))
    }
}

proptest! {
    #![proptest_config(config(4_000))]

    #[test]
    fn health_is_the_sum_of_its_lines_rounded_in_the_pools_favour(position in positions()) {
        let health = position.health().unwrap();
        let expected = sums(&position);
        let unrounded = exact(&position);
        let got = Sums {
            collateral: big(health.collateral.raw()),
            carried: big(health.adjusted_collateral.raw()),
            debt: big(health.debt.raw()),
            weighted: big(health.weighted_debt.raw()),
        };
        prop_assert_eq!(&got, &expected);
        prop_assert!(q(got.collateral) <= unrounded.collateral && q(got.carried) <= unrounded.carried);
        prop_assert!(q(got.debt) >= unrounded.debt && q(got.weighted) >= unrounded.weighted);
    }

    #[test]
    fn a_health_factor_below_one_is_liquidatable_and_no_other(
        carried in magnitudes(1, 10u128.pow(30)), nudge in 0u128..3, other in prop::option::of(magnitudes(1, 10u128.pow(30))),
    ) {
        let debt = other.unwrap_or((carried + nudge).saturating_sub(1));
        let of = |raw: u128| Value::new(raw.into());
        let health = Health {
            collateral: of(carried),
            adjusted_collateral: of(carried),
            debt: of(debt),
            weighted_debt: of(debt),
            spared: false,
        };
        let factor = health.factor_down();
        prop_assert_eq!(health.is_liquidatable(), carried < debt);
        prop_assert_eq!(factor.is_some_and(|f| f < Ratio::ONE), health.is_liquidatable());
        let exactly = mul_div(carried, E18, debt).map(|x| floor(&x).to_u128().map_or(Ratio::MAX, Ratio::new));
        prop_assert_eq!(factor, exactly);
        prop_assert_eq!(health.collateral_ratio_down(), exactly);
    }

    /// Each line on a record of its own: deposits at `low`, none of what is silent; debts at `high`, refused when one
    /// is silent.
    #[test]
    fn borrowing_power_takes_the_unfavourable_edges_or_names_the_debt_that_is_silent(position in positions()) {
        let got = position.borrowing_power();
        let silent_debt = position.debts.iter().find_map(|l| Some((l.asset, l.mark.borrow_fault()?)));
        if let Some((asset, fault)) = silent_debt {
            prop_assert_eq!(got, Err(HealthError::Price { asset, fault }));
            return Ok(());
        }
        let counted = position.collaterals.iter().filter(|l| {
            l.enabled && !l.liquidation_threshold.is_zero() && l.mark.borrow_fault().is_none()
        });
        let limit: BigInt = counted.map(|l| {
            let low = l.mark.records()[0].edges.low.raw();
            floor(&(q(floor(&worth(l.amount.raw(), low, l.decimals))) * fixed(l.max_loan_to_value.raw())))
        }).sum();
        let owed: BigInt = position.debts.iter().map(|l| {
            let high = l.mark.records()[0].edges.high.raw();
            ceil(&(q(ceil(&worth(l.amount.raw(), high, l.decimals))) * fixed(l.borrowing_weight.raw())))
        }).sum();
        let got = got.unwrap();
        prop_assert_eq!((big(got.limit.raw()), big(got.debt.raw())), (limit.clone(), owed.clone()));
        prop_assert_eq!(got.is_within(), owed <= limit);
    }

    /// Exact, without slack: healthy at the price, and not one step of 10⁻¹⁸ below it.
    #[test]
    fn a_liquidation_price_is_where_the_account_turns(position in positions(), which in 0u16..5) {
        let asset = AssetId(which);
        let price = position.liquidation_price_up(asset).unwrap();
        let at = |price: u128| healthy(&repriced(&position, asset, price));
        match price {
            Some(price) => {
                prop_assert!(at(price.raw()), "healthy at {price}");
                prop_assert!(price.is_zero() || !at(price.raw() - 1), "not one step below {price}");
            }
            None => prop_assert!(at(0) || !at(u128::MAX), "no price decides"),
        }
        let counts = position.collaterals.iter().any(|l| l.asset == asset && l.enabled);
        prop_assert!(counts || price.is_none());
    }

    /// Exact, without slack: healthy at the price, and not one step of 10⁻¹⁸ above it.
    #[test]
    fn a_debts_liquidation_price_is_where_the_account_turns(position in positions(), which in 100u16..104) {
        let asset = AssetId(which);
        let price = position.debt_liquidation_price_down(asset).unwrap();
        let at = |price: u128| healthy(&repriced(&position, asset, price));
        match price {
            Some(price) => {
                prop_assert!(at(price.raw()), "healthy at {price}");
                prop_assert!(price == Price::MAX || !at(price.raw() + 1), "not one step above {price}");
            }
            None => prop_assert!(!at(0) || at(u128::MAX), "no price decides"),
        }
        prop_assert!(price.is_none() || position.debts.iter().any(|l| l.asset == asset));
    }

    #[test]
    fn any_position_answers_or_errs_without_a_panic(position in wild_positions()) {
        if let Ok(health) = position.health() {
            prop_assert_eq!(health.factor_down().is_some_and(|f| f < Ratio::ONE), health.is_below_one());
            prop_assert_eq!(health.is_liquidatable(), health.is_below_one() && !health.spared);
            let _ = health.collateral_ratio_down();
        }
        let _ = (position.borrowing_power(), position.uncapped_power(), position.edge_health(|_, amount| amount));
        let _ = (position.before_decline().health(), position.settled_values());
        for id in (0..4).chain(100..104) {
            let _ = (position.liquidation_price_up(AssetId(id)), position.debt_liquidation_price_down(AssetId(id)));
        }
    }

    /// An account's record becomes amounts: shares at the share price, down; debts at the index, up; thresholds at this
    /// time.
    #[test]
    fn a_position_is_the_accounts_shares_and_debts_in_amounts(
        (cash, reserves, all) in (magnitudes(1_000, 10u128.pow(27)), 0u128..1_000, magnitudes(1, 10u128.pow(30))),
        (index, scaled) in (magnitudes(E18, E18 * 1_000), magnitudes(1, 10u128.pow(24))),
        (held, owed, now) in (1u128..=1_000, magnitudes(1, 10u128.pow(24)), 0u64..400),
    ) {
        let held = all.div_ceil(held);
        let threshold = Ramp { from: Ratio::percent(80), to: Ratio::percent(75), starts_at: 100, ends_at: 300 };
        let params = AssetParams { liquidation_threshold: threshold, ..params() };
        let market = Market {
            cash: Amount::new(cash),
            reserves: Amount::new(reserves),
            supply_shares: SupplyShares::new(all),
            debt_scaled: ScaledDebt::new(scaled),
            borrow_index: Index::new(index),
            ..Market::open(0, &params).unwrap()
        };
        let state = AssetState { market: market.accrue(0, &params).unwrap(), params, mark: mark(0, 3 * E18) };
        let listed = Listed(vec![state.clone(), state]);
        let mut account = Account::default();
        account.add_shares(AssetId(0), SupplyShares::new(held)).unwrap();
        account.add_debt(AssetId(1), ScaledDebt::new(owed)).unwrap();
        let position = Position::of(&account, &listed, &Moment { clock: now, halted: false }).unwrap();

        let supply = BigInt::from(cash) + floor(&(fixed(index) * q(scaled))) - reserves;
        let amount = floor(&frac(BigInt::from(held) * (supply + 1), BigInt::from(all) + 1_000_000));
        let line = &position.collaterals[0];
        prop_assert_eq!((BigInt::from(line.amount.raw()), line.asset, line.enabled), (amount, AssetId(0), true));
        let gone = frac(now.clamp(100, 300) - 100, 200);
        let threshold = frac(80, 100) - frac(5, 100) * gone;
        prop_assert_eq!(BigInt::from(line.liquidation_threshold.raw()), ceil(&(threshold * q(E18))));
        prop_assert_eq!((line.max_loan_to_value, line.decimals), (Ratio::percent(70), 6));
        let line = &position.debts[0];
        prop_assert_eq!((BigInt::from(line.amount.raw()), line.asset), (ceil(&(fixed(index) * q(owed))), AssetId(1)));
    }
}

/// A market of asset 0 with this supply and cap, of which the account holds all.
fn power(supply: u128, cap: u128, deposits: bool) -> Ratio {
    let mut params = AssetParams { supply_cap: Amount::new(cap), ..params() };
    params.enabled.deposit = deposits;
    let shares = SupplyShares::new(10u128.pow(12));
    let market = Market { cash: Amount::new(supply), supply_shares: shares, ..Market::open(0, &params).unwrap() };
    let state = AssetState { market: market.accrue(0, &params).unwrap(), params, mark: mark(0, E18) };
    let mut account = Account::default();
    account.add_shares(AssetId(0), shares).unwrap();
    Position::of(&account, &Listed(vec![state]), &Moment::default()).unwrap().collaterals[0].power
}

#[test]
fn a_deposits_power_is_its_markets_cap_by_its_supply_at_most_one_and_nothing_where_deposits_are_stopped() {
    assert_eq!([power(1_000, 1_000, true), power(999, 1_000, true), power(0, 0, true)], [Ratio::ONE; 3]);
    assert_eq!(power(4_000, 1_000, true), Ratio::percent(25));
    // A third, rounded down.
    assert_eq!(power(3_000, 1_000, true), Ratio::new(E18 / 3));
    assert_eq!([power(1_000, 0, true), power(1, 1_000, false)], [Ratio::ZERO; 2]);
}

/// More reserves than there is to take them from: no supply can be told. Nothing is known of what is deposited in such
/// a market, and the account is judged by the rest.
#[test]
fn a_market_that_can_not_be_computed_counts_as_a_price_of_which_nothing_is_known() {
    let whole = Market { cash: Amount::new(1_000), ..Market::open(0, &params()).unwrap() };
    let broken = Market { reserves: Amount::new(2_000), ..whole.clone() };
    let too_much = Market { borrow_index: Index::MAX, ..whole.clone() };
    let state = |market: &Market| AssetState {
        market: market.clone().accrue(0, &params()).unwrap(),
        params: params(),
        mark: mark(0, E18),
    };
    let listed = Listed([&whole, &broken, &too_much].map(state).to_vec());
    let mut account = Account::default();
    account.add_shares(AssetId(0), SupplyShares::new(1_000_000)).unwrap();
    account.add_shares(AssetId(1), SupplyShares::new(1_000_000)).unwrap();
    account.add_debt(AssetId(2), ScaledDebt::new(u128::MAX)).unwrap();
    let position = Position::of(&account, &listed, &Moment::default()).unwrap();
    assert!(!position.collaterals[0].mark.is_unknown());
    assert_eq!(position.collaterals[0].power, Ratio::ONE);
    let broken = &position.collaterals[1];
    assert_eq!((&broken.mark, broken.amount, broken.power), (&MarkPrice::unknown(), Amount::ZERO, Ratio::ZERO));
    assert_eq!((&position.debts[0].mark, position.debts[0].amount), (&MarkPrice::unknown(), Amount::ZERO));
    let refused = HealthError::Price { asset: AssetId(2), fault: PriceFault::Missing {} };
    assert_eq!(position.borrowing_power(), Err(refused));
    assert!(!position.health().unwrap().is_below_one());
}

#[test]
fn an_asset_that_is_not_listed_is_named() {
    let mut account = Account::default();
    account.add_debt(AssetId(7), ScaledDebt::new(1)).unwrap();
    assert_eq!(Position::of(&account, &Listed(vec![]), &Moment::default()), Err(HealthError::UnknownAsset(AssetId(7))));
    let mut account = Account::default();
    account.add_shares(AssetId(8), SupplyShares::new(1)).unwrap();
    assert_eq!(Position::of(&account, &Listed(vec![]), &Moment::default()), Err(HealthError::UnknownAsset(AssetId(8))));
}

#[test]
fn an_empty_position_has_no_factor_and_is_within_its_limit() {
    let position = Position::default();
    let health = position.health().unwrap();
    assert_eq!((health.factor_down(), health.collateral_ratio_down(), health.is_liquidatable()), (None, None, false));
    assert!(position.borrowing_power().unwrap().is_within());
}

#[test]
fn health_exactly_at_one_is_not_liquidatable() {
    // 100 tokens at 1 with a threshold of 0.75 carry 75.
    let at = |owed| position(vec![collateral(0, 100_000_000, E18, 6, 3 * E18 / 4)], vec![debt(1, owed, E18, 6)]);
    let health = at(75_000_000).health().unwrap();
    assert_eq!((health.factor_down(), health.is_liquidatable()), (Some(Ratio::ONE), false));
    let health = at(75_000_001).health().unwrap();
    assert!(health.is_liquidatable() && health.factor_down().unwrap() < Ratio::ONE);
    assert_eq!(value(health.debt), q(75) + frac(1, 1_000_000));
}

#[test]
fn a_disabled_deposit_counts_in_the_collateral_ratio_but_carries_nothing() {
    let mut position = position(vec![collateral(0, 100, E18, 0, E18 / 2)], vec![debt(1, 50, E18, 0)]);
    position.collaterals[0].enabled = false;
    let health = position.health().unwrap();
    assert_eq!(
        (health.collateral, health.adjusted_collateral, health.debt),
        (Value::whole(100), Value::ZERO, Value::whole(50))
    );
    assert_eq!(position.borrowing_power().unwrap(), BorrowingPower { limit: Value::ZERO, debt: Value::whole(50) });
}

#[test]
fn a_silent_collateral_counts_in_health_and_not_for_borrowing_and_a_silent_debt_refuses() {
    let mut position = position(vec![collateral(0, 100, E18, 0, E18 / 2)], vec![debt(1, 50, E18, 0)]);
    position.collaterals[0].mark = silent(0, E18, 3 * E18);
    let health = position.health().unwrap();
    assert_eq!((health.collateral, health.adjusted_collateral), (Value::whole(300), Value::whole(150)));
    assert_eq!(position.borrowing_power().map(|power| power.limit), Ok(Value::ZERO));
    position.debts[0].mark = silent(1, E18 / 2, 9 * E18);
    assert_eq!(position.health().unwrap().debt, Value::whole(25));
    let refused = HealthError::Price { asset: AssetId(1), fault: PriceFault::Missing {} };
    assert_eq!(position.borrowing_power(), Err(refused.clone()));
    assert_eq!(position.uncapped_power(), Err(refused.clone()));
    assert_eq!(position.edge_health(|_, amount| amount), Err(refused));
}

#[test]
fn a_price_of_which_nothing_is_known_carries_nothing() {
    let mut position = position(vec![collateral(0, 100, E18, 0, E18 / 2)], vec![debt(1, 50, E18, 0)]);
    position.collaterals[0].mark = MarkPrice::unknown();
    let health = position.health().unwrap();
    assert_eq!((health.collateral, health.debt), (Value::ZERO, Value::whole(50)));
    assert_eq!(position.borrowing_power().map(|power| power.limit), Ok(Value::ZERO));
}

#[test]
fn no_price_of_a_debt_decides_when_the_other_debts_alone_are_too_much() {
    let collaterals = vec![collateral(0, 100, E18, 0, E18 / 2)];
    let position = position(collaterals, vec![debt(1, 51, E18, 0), debt(2, 7, E18, 0)]);
    assert_eq!(position.debt_liquidation_price_down(AssetId(2)), Ok(None));
    let price = position.debt_liquidation_price_down(AssetId(1)).unwrap().unwrap();
    let exactly: Q = frac(43, 51) * q(E18);
    assert_eq!(BigInt::from(price.raw()), floor(&exactly));
    assert!(fixed(price.raw()) < Q::one() && !fixed(price.raw()).is_zero());
}
