//! Tokens that are worth a number of others: an account on both is judged by that number, however fast each price is
//! told.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use crate::model::{E18, collateral, debt, fixed, frac, position, q, value};
use plimsoll_risk::health::{CollateralLine, DebtLine, Position};
use plimsoll_risk::heartbeat::Heartbeat;
use plimsoll_risk::liquidation::{Incentive, Limits, Liquidation, LiquidationError, LiquidationTerms, size};
use plimsoll_risk::mark::{MarkPrice, RecordMark};
use plimsoll_risk::params::{AssetId, BonusCurve};
use plimsoll_risk::price::{Guards, Observation, PRICE_MAX, PriceBand, PriceRecord};
use plimsoll_risk::units::{Amount, Price, Ratio, Value};

const STETH: u16 = 0;
const ATOM: u16 = 1;
const ETH: u16 = 100;
const USD: u16 = 101;
/// When the first price is told.
const START: u64 = 1_000_000;

/// One record, to which prices are told one after another.
struct Feed {
    denom: &'static str,
    record: PriceRecord,
}

impl Feed {
    /// A record that follows by a tenth in ten seconds, with its first price in hundredths.
    fn starting(denom: &'static str, quote: Option<&str>, price: u128) -> Self {
        Self::with_speed(denom, quote, price, Ratio::percent(10), 10)
    }

    fn with_speed(
        denom: &'static str,
        quote: Option<&str>,
        price: u128,
        max_deviation: Ratio,
        step_interval: u64,
    ) -> Self {
        let guards = Guards {
            max_age: Some(3_600),
            floor: Price::new(1),
            ceiling: PRICE_MAX,
            bound_hold: 0,
            max_deviation,
            step_interval,
            age_spread: Ratio::ZERO,
        };
        let record = PriceRecord::unpublished(0, quote.map(str::to_owned), 0, guards);
        let mut feed = Self { denom, record };
        feed.tell(price, START);
        feed
    }

    fn tell(&mut self, hundredths: u128, now: u64) {
        let band = PriceBand::at(Price::new(hundredths * (E18 / 100)));
        self.record.observe(&Observation { raw: band, extremes: band, time: now }, now, 0);
    }

    fn at(&self, now: u64) -> RecordMark {
        RecordMark::of(self.denom, &self.record, &Heartbeat::start(0, START), now)
    }
}

fn priced(records: &[&Feed], now: u64) -> MarkPrice {
    MarkPrice::new(records.iter().map(|feed| feed.at(now)).collect())
}

/// A deposit, in hundredths of a token of six decimals.
fn held(id: u16, hundredths: u128, threshold: u64, mark: MarkPrice) -> CollateralLine {
    let threshold = Ratio::percent(threshold).raw();
    CollateralLine { mark, ..collateral(id, hundredths * 10_000, 1, 6, threshold) }
}

fn owed(id: u16, hundredths: u128, mark: MarkPrice) -> DebtLine {
    DebtLine { mark, ..debt(id, hundredths * 10_000, 1, 6) }
}

fn liquidated(position: &Position, seized: u16, repaid: u16, coins: u128) -> Result<Liquidation, LiquidationError> {
    let bonus = BonusCurve { min: Ratio::percent(2), max: Ratio::percent(10), full_at: Ratio::percent(90) };
    let incentive = Incentive { bonus, sale_cost: Ratio::percent(1), protocol_fee: Ratio::ZERO };
    let terms = LiquidationTerms { target_health_factor: Ratio::percent(105), dust_value: Value::ZERO };
    size(position, AssetId(seized), AssetId(repaid), Limits::offered(Amount::new(coins)), &incentive, &terms)
}

/// 134.25 stETH at 0.8 carry 107.4 ETH, and 100 are owed: 1.074, whatever ETH costs, since one stETH is one ETH
/// throughout.
#[test]
fn a_loop_does_not_change_with_what_its_rate_is_quoted_in() {
    let rate = Feed::starting("steth", Some("eth"), 100);
    for told in [216_000, 150_000, 100, 90_000_000] {
        let mut ether = Feed::starting("eth", None, 200_000);
        // At the block of the news, while the settled price is on its way, and when it has arrived.
        ether.tell(told, START + 20);
        for seconds in [20, 25, 50, 200, 3_600] {
            let now = START + seconds;
            let account = position(
                vec![held(STETH, 13_425, 80, priced(&[&rate, &ether], now))],
                vec![owed(ETH, 10_000, priced(&[&ether], now))],
            );
            let health = account.health().unwrap();
            assert_eq!(health.factor_down(), Some(Ratio::new(E18 / 1_000 * 1_074)), "{told} after {seconds} s");
            assert!(matches!(liquidated(&account, STETH, ETH, u128::MAX), Err(LiquidationError::Healthy { .. })));
        }
    }
}

/// 118.75 stETH at 0.8 carry 95 of 100 ETH. With the stETH at ETH's old price of 2,000 and the debt at the new one of
/// 1,200 it would be judged 1.58. The bonus is 2 % + 8 % × 0.05 / 0.1 = 6 %, and what both hang on cancels: one ETH
/// buys 1.06 stETH.
#[test]
fn a_broken_loop_is_liquidated_at_once_and_at_the_rate() {
    let rate = Feed::starting("steth", Some("eth"), 100);
    let mut ether = Feed::starting("eth", None, 200_000);
    for told in [120_000, 260_000] {
        ether.tell(told, START + 1);
        let now = START + 1;
        let account = position(
            vec![held(STETH, 11_875, 80, priced(&[&rate, &ether], now))],
            vec![owed(ETH, 10_000, priced(&[&ether], now))],
        );
        assert_eq!(account.health().unwrap().factor_down(), Some(Ratio::percent(95)));
        let done = liquidated(&account, STETH, ETH, 1_000_000).unwrap();
        assert_eq!((done.bonus, done.repay.raw(), done.seize.raw()), (Ratio::percent(6), 1_000_000, 1_060_000));
    }
}

/// A third is gone in one block: 1,000 stETH that were 1,500,000 dollars are 1,000,000, and no more than 0.72 of that
/// is lent, at once. (Before, the pool lent 1,487,499.)
#[test]
fn what_is_lent_against_a_rate_falls_at_once_with_what_it_is_quoted_in() {
    let rate = Feed::starting("steth", Some("eth"), 100);
    let mut ether = Feed::starting("eth", None, 150_000);
    ether.tell(100_000, START + 1);
    let account = |now| position(vec![held(STETH, 100_000, 80, priced(&[&rate, &ether], now))], vec![]);
    for seconds in [1, 5, 60] {
        assert_eq!(account(START + seconds).borrowing_power().unwrap().limit, Value::whole(720_000));
    }
}

/// Two feeds in dollars, one that follows by a tenth in ten seconds and one by a twentieth in a minute, both fall by 40
/// % in one block. 100 stETH at 0.8 carry 80 ETH, of which 60 are owed: 1.333. Judged by settled prices that part from
/// each other it was 0.842; it never comes below what is true.
#[test]
fn two_feeds_of_different_speed_never_judge_an_account_below_what_is_true() {
    for speeds in [[(10, 10), (5, 60)], [(5, 60), (10, 10)]] {
        let [mut steth, mut ether] = [("steth", speeds[0]), ("eth", speeds[1])].map(|(denom, (percent, seconds))| {
            Feed::with_speed(denom, None, 200_000, Ratio::percent(percent), seconds)
        });
        steth.tell(120_000, START + 1);
        ether.tell(120_000, START + 1);
        for seconds in (1..1_200).step_by(7) {
            let now = START + seconds;
            let account = position(
                vec![held(STETH, 10_000, 80, priced(&[&steth], now))],
                vec![owed(ETH, 6_000, priced(&[&ether], now))],
            );
            let health = account.health().unwrap();
            assert!(health.factor_down().unwrap() >= Ratio::new(E18 / 3 * 4), "{seconds} s");
            assert!(liquidated(&account, STETH, ETH, u128::MAX).is_err());
        }
    }
}

/// The same fall with 85 ETH owed is truly 0.941. The stETH count at their settled price, 2,000 × 0.9ᵏ and not below
/// 1,200; the debt at 1,200 at once. 80 × S is below 85 × 1,200 from the fifth step on, S = 1,200: HF 0.9411…, a bonus
/// of 2 % + 8 % × 0.0588… / 0.1 = 6.70588…%. 60 ETH buy 64.02 stETH, not 99.5.
#[test]
fn two_feeds_of_different_speed_are_liquidated_once_both_have_arrived_and_at_what_is_true() {
    let mut steth = Feed::starting("steth", None, 200_000);
    let mut ether = Feed::with_speed("eth", None, 200_000, Ratio::percent(5), 60);
    steth.tell(120_000, START);
    ether.tell(120_000, START);
    let account = |seconds| {
        let now = START + seconds;
        position(vec![held(STETH, 10_000, 80, priced(&[&steth], now))], vec![owed(ETH, 8_500, priced(&[&ether], now))])
    };
    assert!(!account(49).health().unwrap().is_below_one());
    let account = account(50);
    assert_eq!(account.health().unwrap().factor_down(), Some(Ratio::new(80 * E18 / 85)));
    let done = liquidated(&account, STETH, ETH, 10_000_000).unwrap();
    let bonus = frac(2, 100) + frac(8, 10) * (q(1) - frac(80, 85));
    let seized = fixed(done.seize.raw()) * q(10u64.pow(12));
    assert!(fixed(done.bonus.raw()) <= bonus && fixed(done.bonus.raw()) > bonus.clone() - frac(1, 10u64.pow(16)));
    assert!(seized <= q(10) * (q(1) + &bonus) && seized > q(10) * (q(1) + bonus) - frac(2, 1_000_000));
}

/// ETH has fallen from 2,000 to 1,200, and its settled price is at 2,000 still. 100 stETH at 0.8 carry 80 ETH and 70
/// are owed: 10 ETH are left, so both count at 2,000. With 1,000 ATOM at 10 dollars and 0.75, and 40,000 dollars owed:
/// carried 160,000 + 7,500 of 140,000 + 40,000, HF 0.930555…, a bonus of 2 % + 8 % × 0.069444… / 0.1 = 7.5555…%. One
/// ETH is repaid at 1,200, its own end, and buys 1,200 × 1.075555… / 10 = 129.0666… ATOM. At the shared value it would
/// buy 1.667 times as many.
#[test]
fn what_is_repaid_for_another_token_is_exchanged_at_its_own_end() {
    let rate = Feed::starting("steth", Some("eth"), 100);
    let mut ether = Feed::starting("eth", None, 200_000);
    ether.tell(120_000, START + 1);
    let now = START + 1;
    let account = position(
        vec![
            held(STETH, 10_000, 80, priced(&[&rate, &ether], now)),
            held(ATOM, 100_000, 75, priced(&[&Feed::starting("atom", None, 1_000)], now)),
        ],
        vec![
            owed(ETH, 7_000, priced(&[&ether], now)),
            owed(USD, 4_000_000, priced(&[&Feed::starting("usd", None, 100)], now)),
        ],
    );
    let health = account.health().unwrap();
    assert_eq!((value(health.adjusted_collateral), value(health.debt)), (q(167_500), q(180_000)));
    let done = liquidated(&account, ATOM, ETH, 1_000_000).unwrap();
    assert_eq!((done.repay.raw(), done.seize.raw()), (1_000_000, 129_066_666));
    // Repaid for stETH what both hang on cancels: 1.075555… for one.
    let done = liquidated(&account, STETH, ETH, 1_000_000).unwrap();
    assert_eq!((done.repay.raw(), done.seize.raw()), (1_000_000, 1_075_555));
    // Dollars buy stETH at ETH's high end, 2,000, which is the verdict's here: 2,000 × 1.075555… / 2,000.
    let done = liquidated(&account, STETH, USD, 2_000_000_000).unwrap();
    assert_eq!((done.repay.raw(), done.seize.raw()), (2_000_000_000, 1_075_555));
}

/// ETH has doubled to 2,000, and its settled price is at 1,000 still. 100 stETH at 0.8 carry 80 ETH, 95 are owed: 15
/// are missing, so both count at 1,000. With 1,000 dollars owed the collateral of 100,000 is 1.041666… times the debt
/// of 96,000. A dollar buys stETH at their own end, 2,000, so half a dollar of what the verdict counts: the account can
/// pay 1.041666… / 0.5 for it, and the bonus is the curve's 10 %. 1,000 dollars buy 0.55 stETH, in one part or in two.
/// With a bonus of 4.17 % the second part of two would be paid better than the first.
#[test]
fn an_account_pays_what_it_has_for_what_is_exchanged_apart_from_the_verdict() {
    let rate = Feed::starting("steth", Some("eth"), 100);
    let mut ether = Feed::starting("eth", None, 100_000);
    ether.tell(200_000, START + 1);
    let now = START + 1;
    let mut account = position(
        vec![held(STETH, 10_000, 80, priced(&[&rate, &ether], now))],
        vec![
            owed(ETH, 9_500, priced(&[&ether], now)),
            owed(USD, 100_000, priced(&[&Feed::starting("usd", None, 100)], now)),
        ],
    );
    let health = account.health().unwrap();
    assert_eq!((value(health.collateral), value(health.debt)), (q(100_000), q(96_000)));
    let once = liquidated(&account, STETH, USD, u128::MAX).unwrap();
    assert_eq!((once.bonus, once.repay.raw(), once.seize.raw()), (Ratio::percent(10), 1_000_000_000, 550_000));
    let first = liquidated(&account, STETH, USD, 500_000_000).unwrap();
    account.collaterals[0].amount = account.collaterals[0].amount.checked_sub(first.seize).unwrap();
    account.debts[1].amount = account.debts[1].amount.checked_sub(first.repay).unwrap();
    let second = liquidated(&account, STETH, USD, u128::MAX).unwrap();
    assert_eq!(first.seize.raw() + second.seize.raw(), once.seize.raw());
}

/// ETH as above, with 90 owed of which the stETH carry 80: both count at 1,000. 4,000 ATOM at 10 dollars and 0.75 carry
/// 30,000, and 25,000 dollars are owed: 110,000 of 115,000, HF 0.956521…, a bonus of 2 % + 8 % × 0.043478… / 0.1 =
/// 5.478260…%. A dollar takes (1 + b) × 1,000 / 2,000 of what the verdict counts, so for 1.05 there are to be repaid
/// (1.05 × 115,000 − 110,000) / (1.05 − 0.8 × (1 + b) / 2) = 17,115.464488… dollars.
#[test]
fn a_liquidation_is_sized_by_what_it_takes_at_the_verdicts_values() {
    let rate = Feed::starting("steth", Some("eth"), 100);
    let mut ether = Feed::starting("eth", None, 100_000);
    ether.tell(200_000, START + 1);
    let now = START + 1;
    let mut account = position(
        vec![
            held(STETH, 10_000, 80, priced(&[&rate, &ether], now)),
            held(ATOM, 400_000, 75, priced(&[&Feed::starting("atom", None, 1_000)], now)),
        ],
        vec![
            owed(ETH, 9_000, priced(&[&ether], now)),
            owed(USD, 2_500_000, priced(&[&Feed::starting("usd", None, 100)], now)),
        ],
    );
    let health = account.health().unwrap();
    assert_eq!((value(health.adjusted_collateral), value(health.debt)), (q(110_000), q(115_000)));
    let done = liquidated(&account, STETH, USD, u128::MAX).unwrap();
    let growth = frac(102, 100) + frac(8, 10) * (q(1) - frac(110, 115));
    let repay = (frac(105, 100) * q(115_000) - q(110_000)) / (frac(105, 100) - frac(4, 10) * &growth);
    let micro = |n: Amount| frac(n.raw(), 1_000_000);
    assert!(micro(done.repay) >= repay && micro(done.repay) < &repay + frac(1, 1_000_000));
    assert_eq!(done.repay, Amount::new(17_115_464_489));
    let seize = repay * growth / q(2_000);
    assert!(micro(done.seize) <= seize && micro(done.seize) > seize - frac(2, 1_000_000));

    account.collaterals[0].amount = account.collaterals[0].amount.checked_sub(done.seize).unwrap();
    account.debts[1].amount = account.debts[1].amount.checked_sub(done.repay).unwrap();
    let factor = fixed(account.health().unwrap().factor_down().unwrap().raw());
    assert!(factor >= frac(105, 100) && factor < frac(105_001, 100_000));
}
