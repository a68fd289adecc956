//! Where a comparison turns: what is exactly at a border is on the side that the documentation says.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use crate::model::{E18, mark, params};
use cosmwasm_std::Uint256;
use plimsoll_risk::account::{Account, Collateral, Debt};
use plimsoll_risk::health::{AssetState, Assets, Moment, Position};
use plimsoll_risk::heartbeat::Heartbeat;
use plimsoll_risk::liquidation::{Incentive, Limits, Liquidation, LiquidationError, LiquidationTerms, size};
use plimsoll_risk::liquidity::check_slippage;
use plimsoll_risk::mark::RecordMark;
use plimsoll_risk::market::{Accrued, Market, MarketError};
use plimsoll_risk::params::{AssetId, AssetParams, BonusCurve, CAP_MAX, DECIMALS_MAX, ParamsError, Ramp};
use plimsoll_risk::price::{Guards, Observation, PriceBand, PriceRecord};
use plimsoll_risk::shares::SHARES_MAX;
use plimsoll_risk::swap::SwapError;
use plimsoll_risk::units::{Amount, Price, Rate, Ratio, ScaledDebt, SupplyShares, Value};
use schemars::schema_for;

/// Two markets, of which the first is deposited and the second owed, at these prices a token.
struct Two([AssetState; 2]);

impl Assets for Two {
    fn asset(&self, id: AssetId) -> Option<&AssetState> {
        self.0.get(usize::from(id.0))
    }
}

fn accrued(market: Market) -> Accrued {
    market.accrue(0, &params()).unwrap()
}

fn state(id: u16, decimals: u8, price: u64) -> AssetState {
    let mark = mark(id, u128::from(price) * E18);
    let params = AssetParams { decimals, liquidation_threshold: Ramp::flat(Ratio::percent(75)), ..params() };
    // As many virtual shares a unit as there are real ones: a million shares are one unit.
    let market =
        Market { cash: Amount::new(10u128.pow(30)), supply_shares: SupplyShares::new(10u128.pow(36)), ..empty() };
    AssetState { params, market: accrued(market), mark }
}

/// So many base units deposited, at such a price and with such decimals, against so many millionths of a dollar owed.
fn position((deposited, decimals, price): (u128, u8, u64), owed: u128) -> Position {
    let account = Account {
        collaterals: vec![Collateral {
            asset: AssetId(0),
            shares: SupplyShares::new(deposited * 1_000_000),
            enabled: true,
        }],
        debts: vec![Debt { asset: AssetId(1), scaled: ScaledDebt::new(owed) }],
        ..Account::default()
    };
    Position::of(&account, &Two([state(0, decimals, price), state(1, 6, 1)]), &Moment::default()).unwrap()
}

fn liquidation(position: &Position, offered: u128, dust: Value) -> Result<Liquidation, LiquidationError> {
    let bonus = BonusCurve { min: Ratio::percent(2), max: Ratio::percent(10), full_at: Ratio::percent(90) };
    let incentive = Incentive { bonus, sale_cost: Ratio::percent(1), protocol_fee: Ratio::percent(10) };
    let terms = LiquidationTerms { target_health_factor: Ratio::percent(105), dust_value: dust };
    size(position, AssetId(0), AssetId(1), Limits::offered(Amount::new(offered)), &incentive, &terms)
}

fn empty() -> Market {
    Market::open(0, &params()).unwrap()
}

#[test]
fn a_remainder_of_exactly_the_dust_value_is_left() {
    let position = position((4_000_000, 6, 1), 3_157_894);
    let repaid = liquidation(&position, u128::MAX, Value::new(Uint256::one())).unwrap().repay.raw();
    // What is left, in dollars of a million units each.
    let left = Uint256::from(3_157_894 - repaid) * Uint256::from(E18 / 1_000_000);
    assert_eq!(liquidation(&position, u128::MAX, Value::new(left)).unwrap().repay.raw(), repaid);
    let more = Value::new(left + Uint256::one());
    assert_eq!(liquidation(&position, u128::MAX, more).unwrap().repay.raw(), 3_157_894);
}

#[test]
fn coins_that_repay_something_but_seize_nothing_are_refused() {
    // A token without decimals at 100 dollars: a millionth of a dollar is no part of it that could be handed over.
    let position = position((10, 0, 100), 789_473_684);
    let refused = LiquidationError::TooSmall { offered: Amount::new(1) };
    assert_eq!(liquidation(&position, 1, Value::whole(1)), Err(refused));
}

/// 40 of 100 lent at 1 % + 4 % × 0.4 / 0.8 = 3 %, of which a tenth goes to reserves: 0.03 × 0.4 × 0.9.
#[test]
fn suppliers_earn_what_borrowers_pay_less_the_reserves_part() {
    let market = Market { cash: Amount::new(60), debt_scaled: ScaledDebt::new(40), ..empty() };
    let mut params = params();
    params.reserve_factor = Ratio::percent(10);
    let paid = params.rate_model.borrow_rate_up(Ratio::percent(40), Rate::ZERO).unwrap();
    let earned = accrued(market).liquidity_rate_down(&params).unwrap();
    assert_eq!(earned, Rate::new(paid.raw() / 100 * 36));
    assert!(earned > Rate::ZERO);
}

/// One more unit is worth 700,000 shares, and just so many are left.
#[test]
fn shares_go_up_to_their_highest_and_no_further() {
    let supply_shares = SupplyShares::new(SHARES_MAX.raw() - 700_000);
    let cash = Amount::new((supply_shares.raw() + 1_000_000) / 700_000 - 1);
    let market = accrued(Market { cash, supply_shares, ..empty() });
    assert_eq!(market.clone().deposit(Amount::new(1)), Ok(SupplyShares::new(700_000)));
    let refused = MarketError::TooManyShares { amount: Amount::new(2), shares: supply_shares };
    assert_eq!(market.clone().deposit(Amount::new(2)), Err(refused));
}

#[test]
fn flash_loans_leave_and_come_back_and_covers_stay() {
    let mut market = accrued(Market { cash: Amount::new(100), ..empty() });
    market.lend(Amount::new(60)).unwrap();
    assert_eq!((market.state().cash.raw(), market.state().lent.raw()), (40, 60));
    market.take_back(Amount::new(60), Amount::new(3)).unwrap();
    let state = market.state();
    assert_eq!((state.cash.raw(), state.lent.raw(), state.reserves.raw()), (103, 0, 3));
    market.cover(Amount::new(7)).unwrap();
    assert_eq!((market.state().cash.raw(), market.state().reserves.raw()), (110, 10));
    assert_eq!(market.supply(), Ok(Amount::new(100)));
}

#[test]
fn parameters_at_their_borders_are_accepted() {
    let accepted = |change: fn(&mut AssetParams)| {
        let mut given = params();
        change(&mut given);
        assert_eq!(given.validate(), Ok(()));
    };
    accepted(|p| p.decimals = DECIMALS_MAX);
    accepted(|p| p.liquidation_bonus.min = p.liquidation_bonus.max);
    accepted(|p| (p.protocol_liquidation_fee, p.reserve_factor) = (Ratio::percent(50), Ratio::ONE));
    accepted(|p| (p.reserve_floor, p.flash_loan_fee) = (Ratio::ONE, Ratio::ONE));
    accepted(|p| (p.supply_cap, p.borrow_cap) = (CAP_MAX, CAP_MAX));
    let mut fee = params();
    fee.flash_loan_fee = Ratio::new(E18 + 1);
    assert_eq!(
        fee.validate(),
        Err(ParamsError::ShareTooHigh { name: "flash_loan_fee", value: fee.flash_loan_fee, max: Ratio::ONE })
    );
}

#[test]
fn only_both_at_zero_is_no_collateral() {
    let mut given = params();
    given.liquidation_threshold = Ramp::flat(Ratio::ZERO);
    let max_loan_to_value = given.max_loan_to_value;
    let refused = ParamsError::LoanToValue { max_loan_to_value, liquidation_threshold: Ratio::ZERO };
    assert_eq!(given.validate(), Err(refused));
}

/// 5 lies within bounds that start or end at 5, so nothing holds the settled price back.
#[test]
fn a_price_at_its_bounds_is_followed() {
    for (floor, ceiling) in [(5, 9), (1, 5)] {
        let guards = Guards {
            max_age: Some(600),
            floor: Price::new(floor),
            ceiling: Price::new(ceiling),
            bound_hold: 3_600,
            max_deviation: Ratio::ONE,
            step_interval: 0,
            age_spread: Ratio::ZERO,
        };
        let mut record = PriceRecord::unpublished(0, None, 0, guards);
        for (price, now) in [(3, 1), (5, 2)] {
            let band = PriceBand::at(Price::new(price));
            record.observe(&Observation { raw: band, extremes: band, time: now }, now, 0);
        }
        let mark = RecordMark::of("token", &record, &Heartbeat::start(0, 2), 2);
        assert_eq!((mark.settled, mark.fault), (PriceBand::at(Price::new(5)), None));
    }
}

/// Half as much again as half: 100 beside 200 where the reserves are equal is as far as a tolerance of a half goes, in
/// both directions.
#[test]
fn liquidity_at_exactly_the_tolerance_is_taken() {
    let check = |first, second| {
        let reserves = [Amount::new(1_000); 2];
        check_slippage([Amount::new(first), Amount::new(second)], reserves, Some(Ratio::percent(50)))
    };
    assert_eq!((check(100, 200), check(200, 100)), (Ok(()), Ok(())));
    for (first, second) in [(100, 201), (201, 100)] {
        let refused = check(first, second).unwrap_err();
        assert!(matches!(refused, SwapError::SlippageTolerance { .. }), "{refused:?}");
    }
}

#[test]
fn units_are_strings_in_the_schema() {
    let schema = serde_json::to_value(schema_for!(Amount)).unwrap();
    assert_eq!(schema["type"], "string");
    let schema = serde_json::to_value(schema_for!(Value)).unwrap();
    assert_eq!((&schema["type"], &schema["title"]), (&"string".into(), &"Value".into()));
}
