//! A market against a ledger of plain integers, over random histories.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use crate::model::{
    E18, Q, any128, ceil, config, fixed, floor, frac, kinked, magnitudes, params, q, reserving, taylor,
};
use num_bigint::BigInt;
use num_traits::{ToPrimitive, Zero};
use plimsoll_risk::interest::YEAR;
use plimsoll_risk::market::{Accrued, Borrowed, GIVEN_CASH_MAX, Loss, Market, MarketError, Repaid, Seized, SetOff};
use plimsoll_risk::math::MathError;
use plimsoll_risk::params::AssetParams;
use plimsoll_risk::units::{Amount, Index, Rate, Ratio, ScaledDebt, SupplyShares};
use proptest::prelude::*;

const USERS: usize = 4;
const MILLION: u128 = 1_000_000;

/// The design's ledger, in integers of any size.
#[derive(Clone, Debug, PartialEq)]
struct Ledger {
    cash: BigInt,
    scaled: BigInt,
    index: BigInt,
    shares: BigInt,
    reserves: BigInt,
    /// What of the reserves' cut is no whole unit yet.
    fraction: Q,
    /// Whether something was written off in this second.
    written_off: bool,
}

impl Ledger {
    fn debt(&self) -> BigInt {
        floor(&frac(&self.scaled * &self.index, E18))
    }

    fn supply(&self) -> BigInt {
        &self.cash + self.debt() - &self.reserves
    }

    fn shares_for(&self, amount: &BigInt) -> Q {
        frac(amount * (&self.shares + MILLION), self.supply() + 1)
    }

    fn worth(&self, shares: &BigInt) -> BigInt {
        floor(&frac(shares * (self.supply() + 1), &self.shares + MILLION))
    }

    fn owed(&self, scaled: &BigInt) -> BigInt {
        ceil(&frac(scaled * &self.index, E18))
    }

    /// Reserves have their share of interest to the last fraction, and all of it where there is nobody else.
    fn earn(&mut self, interest: &BigInt, factor: u128) {
        if self.shares.is_zero() {
            self.reserves += interest;
            return;
        }
        let cut = q(interest.clone()) * fixed(factor) + &self.fraction;
        self.reserves += floor(&cut);
        self.fraction = &cut - q(floor(&cut));
    }

    fn clear(&mut self, scaled: &BigInt) {
        self.scaled -= scaled;
        if self.scaled.is_zero() {
            self.index = E18.into();
        }
    }

    /// Takes `offered` for a debt, says what was taken and what it cleared, and by how much less is owed.
    fn repayment(&self, offered: &BigInt, owed: &BigInt) -> (BigInt, BigInt, BigInt) {
        let full = self.owed(owed);
        if *offered >= full {
            return (full.clone(), owed.clone(), full);
        }
        let cleared = floor(&frac(offered * E18, self.index.clone()));
        (self.owed(&cleared), cleared.clone(), full - self.owed(&(owed - cleared)))
    }

    fn burnt(&self, amount: &BigInt, held: &BigInt) -> BigInt {
        if *amount == self.worth(held) { held.clone() } else { ceil(&self.shares_for(amount)) }
    }

    /// Whether a share is worth no less than it was in `before`.
    fn share_price_is_no_lower_than(&self, before: &Self) -> bool {
        (self.supply() + 1) * (&before.shares + MILLION) >= (before.supply() + 1) * (&self.shares + MILLION)
    }
}

/// What somebody does. Parts are of a million.
#[derive(Clone, Debug)]
enum Step {
    Deposit { user: usize, amount: u128 },
    Withdraw { user: usize, part: u128 },
    Borrow { user: usize, part: u128 },
    Repay { user: usize, part: u128 },
    Seize { user: usize, to: usize, part: u128, fee: u128, paid: u128 },
    Sweep { user: usize },
    SetOff { user: usize },
    WriteOff { user: usize },
    Cover { part: u128, suppliers: bool },
    PayReserves { part: u128 },
    Pass { seconds: u64 },
}

fn part() -> impl Strategy<Value = u128> {
    prop_oneof![3 => 0..=MILLION, 2 => Just(MILLION), 1 => Just(MILLION + 1)]
}

fn step() -> impl Strategy<Value = Step> {
    let user = || 0..USERS;
    prop_oneof![
        4 => (user(), magnitudes(1, 10u128.pow(24))).prop_map(|(user, amount)| Step::Deposit { user, amount }),
        3 => (user(), part()).prop_map(|(user, part)| Step::Withdraw { user, part }),
        4 => (user(), part()).prop_map(|(user, part)| Step::Borrow { user, part }),
        3 => (user(), part()).prop_map(|(user, part)| Step::Repay { user, part }),
        2 => (user(), user(), 0..=MILLION, 0..=MILLION, 0..=MILLION)
            .prop_map(|(user, to, part, fee, paid)| Step::Seize { user, to, part, fee, paid }),
        1 => user().prop_map(|user| Step::Sweep { user }),
        2 => user().prop_map(|user| Step::SetOff { user }),
        1 => user().prop_map(|user| Step::WriteOff { user }),
        1 => (part(), any::<bool>()).prop_map(|(part, suppliers)| Step::Cover { part, suppliers }),
        1 => part().prop_map(|part| Step::PayReserves { part }),
        4 => magnitudes(1, 100_000_000).prop_map(|s| Step::Pass { seconds: s.try_into().unwrap() }),
    ]
}

/// The crate's market and the ledger, side by side.
struct Both {
    market: Accrued,
    ledger: Ledger,
    users: Vec<(BigInt, BigInt)>,
    params: AssetParams,
    now: u64,
}

fn amount(n: &BigInt) -> Amount {
    Amount::new(n.to_u128().unwrap())
}

fn shares(n: &BigInt) -> SupplyShares {
    SupplyShares::new(n.to_u128().unwrap())
}

fn scaled(n: &BigInt) -> ScaledDebt {
    ScaledDebt::new(n.to_u128().unwrap())
}

/// The part in millions of a whole.
fn cut(whole: &BigInt, part: u128) -> BigInt {
    whole * part / MILLION
}

impl Both {
    fn new(params: AssetParams) -> Self {
        let market = Market::open(0, &params).unwrap().accrue(0, &params).unwrap();
        let zero = BigInt::zero;
        let ledger = Ledger {
            cash: zero(),
            scaled: zero(),
            index: E18.into(),
            shares: zero(),
            reserves: zero(),
            fraction: q(0),
            written_off: false,
        };
        Self { market, ledger, users: vec![(zero(), zero()); USERS], params, now: 0 }
    }

    /// Takes one step on both sides and holds the answers against each other.
    fn take(&mut self, step: &Step) -> Result<(), TestCaseError> {
        match *step {
            Step::Deposit { user, amount } => self.deposit(user, amount),
            Step::Withdraw { user, part } => self.withdraw(user, part),
            Step::Borrow { user, part } => self.borrow(user, part),
            Step::Repay { user, part } => self.repay(user, part),
            Step::Seize { user, to, part, fee, paid } => self.seize(user, to, (part, fee, paid)),
            Step::Sweep { user } => self.sweep(user),
            Step::SetOff { user } => self.set_off(user),
            Step::WriteOff { user } => self.write_off(user),
            Step::Cover { part, suppliers } => self.cover(part, suppliers),
            Step::PayReserves { part } => self.pay_reserves(part),
            Step::Pass { seconds } => self.pass(seconds),
        }
    }

    fn deposit(&mut self, user: usize, given: u128) -> Result<(), TestCaseError> {
        let market = &mut self.market;
        let ledger = &mut self.ledger;
        let got = market.deposit(Amount::new(given));
        let minted = floor(&ledger.shares_for(&given.into()));
        if ledger.written_off {
            prop_assert_eq!(got, Err(MarketError::WrittenOff));
        } else if ledger.supply() + 1 < floor(&frac(&ledger.shares + MILLION, 100 * MILLION)) {
            let refused = matches!(got, Err(MarketError::SharePriceTooLow { .. }));
            prop_assert!(refused, "{got:?}");
        } else if minted.is_zero() {
            prop_assert_eq!(got, Err(MarketError::ZeroShares { amount: Amount::new(given) }));
        } else {
            prop_assert_eq!(got, Ok(shares(&minted)));
            ledger.cash += given;
            ledger.shares += &minted;
            self.users[user].0 += minted;
        }
        Ok(())
    }

    fn withdraw(&mut self, user: usize, part: u128) -> Result<(), TestCaseError> {
        let market = &mut self.market;
        let ledger = &mut self.ledger;
        let held = &mut self.users[user].0;
        let worth = ledger.worth(held);
        let wanted = if part > MILLION { &worth + 1 } else { cut(&worth, part) };
        let before = market.clone();
        let got = market.withdraw(amount(&wanted), shares(held));
        let burnt = ledger.burnt(&wanted, held);
        if wanted > worth {
            let lacking = matches!(got, Err(MarketError::Math(MathError::Underflow { .. })));
            prop_assert!(lacking, "more than the shares are worth: {got:?}");
            *market = before;
        } else if wanted > ledger.cash {
            let wanted = amount(&wanted);
            let available = amount(&ledger.cash);
            prop_assert_eq!(got, Err(MarketError::InsufficientCash { wanted, available }));
            *market = before;
        } else {
            prop_assert_eq!(got, Ok(shares(&burnt)));
            ledger.cash -= wanted;
            ledger.shares -= &burnt;
            *held -= burnt;
        }
        Ok(())
    }

    fn borrow(&mut self, user: usize, part: u128) -> Result<(), TestCaseError> {
        let market = &mut self.market;
        let ledger = &mut self.ledger;
        let wanted = if part > MILLION { &ledger.cash + 1 } else { cut(&ledger.cash, part) };
        let got = market.borrow(amount(&wanted), &self.params);
        if wanted > ledger.cash {
            let wanted = amount(&wanted);
            let available = amount(&ledger.cash);
            prop_assert_eq!(got, Err(MarketError::InsufficientCash { wanted, available }));
        } else {
            // A minute of the rate that applies from now on.
            let yearly = &wanted * rate(&(ledger.debt() + &wanted), &ledger.supply());
            let interest = floor(&frac(yearly * 60, BigInt::from(E18) * YEAR));
            let added = ceil(&frac((&wanted + &interest) * E18, ledger.index.clone()));
            prop_assert_eq!(got, Ok(Borrowed { scaled: scaled(&added), interest: amount(&interest) }));
            prop_assert!(ledger.owed(&added) >= &wanted + &interest);
            ledger.cash -= wanted;
            ledger.scaled += &added;
            ledger.earn(&interest, self.params.reserve_factor.raw());
            self.users[user].1 += added;
        }
        Ok(())
    }

    fn repay(&mut self, user: usize, part: u128) -> Result<(), TestCaseError> {
        let market = &mut self.market;
        let ledger = &mut self.ledger;
        let owed = &mut self.users[user].1;
        let full = ledger.owed(owed);
        let offered = if part > MILLION { &full * 2 } else { cut(&full, part) };
        let got = market.repay(amount(&offered), scaled(owed));
        let (taken, cleared, relieved) = ledger.repayment(&offered, owed);
        let repaid = Repaid { amount: amount(&taken), cleared: scaled(&cleared), relieved: amount(&relieved) };
        prop_assert_eq!(got, Ok(repaid));
        prop_assert!(taken <= offered && relieved <= taken && &taken - &relieved <= BigInt::from(1));
        ledger.cash += taken;
        ledger.clear(&cleared);
        *owed -= cleared;
        Ok(())
    }

    fn seize(&mut self, user: usize, to: usize, parts: (u128, u128, u128)) -> Result<(), TestCaseError> {
        let market = &mut self.market;
        let ledger = &mut self.ledger;
        let held = &self.users[user].0;
        let seized = cut(&ledger.worth(held), parts.0);
        let fee = cut(&seized, parts.1);
        let paid = cut(&(&seized - &fee), parts.2).min(ledger.cash.clone());
        let burnt = ledger.burnt(&seized, held);
        let minted = floor(&ledger.shares_for(&(&seized - &fee - &paid)));
        let got = market.seize(amount(&seized), amount(&fee), amount(&paid), shares(held));
        prop_assert_eq!(got, Ok(Seized { burnt: shares(&burnt), minted: shares(&minted) }));
        ledger.cash -= paid;
        ledger.reserves += fee;
        ledger.shares += &minted - &burnt;
        self.users[user].0 -= burnt;
        self.users[to].0 += minted;
        Ok(())
    }

    fn sweep(&mut self, user: usize) -> Result<(), TestCaseError> {
        let held = std::mem::take(&mut self.users[user].0);
        let worth = self.ledger.worth(&held);
        prop_assert_eq!(self.market.shares_to_reserves(shares(&held), amount(&worth)), Ok(()));
        self.ledger.shares -= held;
        self.ledger.reserves += worth;
        Ok(())
    }

    fn set_off(&mut self, user: usize) -> Result<(), TestCaseError> {
        let market = &mut self.market;
        let ledger = &mut self.ledger;
        let (held, owed) = &mut self.users[user];
        let got = market.set_off(shares(held), scaled(owed));
        let (paid, cleared, _) = ledger.repayment(&ledger.worth(held), owed);
        let burnt = ledger.burnt(&paid, held);
        let expected = SetOff { amount: amount(&paid), cleared: scaled(&cleared), burnt: shares(&burnt) };
        prop_assert_eq!(got, Ok(expected));
        ledger.clear(&cleared);
        ledger.shares -= &burnt;
        *held -= burnt;
        *owed -= cleared;
        Ok(())
    }

    /// Up to as much as the market has cash.
    fn cover(&mut self, part: u128, suppliers: bool) -> Result<(), TestCaseError> {
        let market = &mut self.market;
        let ledger = &mut self.ledger;
        let given = cut(&ledger.cash, part);
        let got = if suppliers { market.cover_suppliers(amount(&given)) } else { market.cover(amount(&given)) };
        if suppliers && ledger.shares.is_zero() {
            prop_assert_eq!(got, Err(MarketError::NoSuppliers));
            return Ok(());
        }
        let held = &ledger.cash + &given;
        if held > BigInt::from(10).pow(37) {
            let held = amount(&ledger.cash);
            let amount = amount(&given);
            prop_assert_eq!(got, Err(MarketError::TooMuchCash { amount, held, max: GIVEN_CASH_MAX }));
            return Ok(());
        }
        prop_assert_eq!(got, Ok(()));
        ledger.cash = held;
        if !suppliers {
            ledger.reserves += given;
        }
        Ok(())
    }

    fn write_off(&mut self, user: usize) -> Result<(), TestCaseError> {
        let given_up = std::mem::take(&mut self.users[user].1);
        let supply = self.ledger.supply();
        let debt = self.ledger.debt();
        self.ledger.clear(&given_up);
        self.ledger.written_off = true;
        let lost = debt - self.ledger.debt();
        let by_reserves = self.ledger.reserves.clone().min(lost.clone());
        let by_suppliers = lost - &by_reserves;
        self.ledger.reserves -= &by_reserves;
        let loss = Loss { reserves: amount(&by_reserves), suppliers: amount(&by_suppliers) };
        prop_assert_eq!(self.market.write_off(scaled(&given_up)), Ok(loss));
        prop_assert_eq!(supply - self.ledger.supply(), by_suppliers, "suppliers bear what reserves do not, exactly");
        Ok(())
    }

    fn pay_reserves(&mut self, part: u128) -> Result<(), TestCaseError> {
        let market = &mut self.market;
        let ledger = &mut self.ledger;
        let wanted = if part > MILLION { &ledger.reserves + 1 } else { cut(&ledger.reserves, part) };
        let before = market.clone();
        let got = market.withdraw_reserves(amount(&wanted));
        if wanted > ledger.reserves || wanted > ledger.cash {
            prop_assert!(got.is_err());
            *market = before;
        } else {
            prop_assert_eq!(got, Ok(()));
            ledger.cash -= &wanted;
            ledger.reserves -= wanted;
        }
        Ok(())
    }

    /// Stores the market, lets time pass, and accrues. The rate and the index are held against closed forms.
    fn pass(&mut self, seconds: u64) -> Result<(), TestCaseError> {
        let stored = self.market.clone().settle(&self.params).unwrap();
        let debt = self.ledger.debt();
        let supply = self.ledger.supply();
        prop_assert_eq!(BigInt::from(stored.rate.raw()), rate(&debt, &supply));
        self.now += seconds;
        self.market = stored.clone().accrue(self.now, &self.params).unwrap();
        prop_assert_eq!(self.market.state().updated_at, self.now);

        self.ledger.written_off = false;
        let index = BigInt::from(self.market.state().borrow_index.raw());
        if self.ledger.scaled.is_zero() {
            prop_assert_eq!(index, BigInt::from(E18));
            return Ok(());
        }
        let x = fixed(stored.rate.raw()) * frac(seconds, YEAR);
        let exact = q(self.ledger.index.clone()) * taylor(&x);
        let most = &exact + q(self.ledger.index.clone()) / q(E18) * (q(4) + q(2) * &x + &x * &x) + q(1);
        prop_assert!(index >= self.ledger.index, "the index never falls");
        prop_assert!(q(index.clone()) <= most);
        let saturated = index == BigInt::from(E18) * E18
            || &index * &self.ledger.scaled / E18 > BigInt::from(10).pow(37) - 10 * E18;
        prop_assert!(q(index.clone()) >= exact || saturated);

        self.ledger.index = index;
        let interest = self.ledger.debt() - debt;
        self.ledger.earn(&interest, self.params.reserve_factor.raw());
        Ok(())
    }

    /// What holds after every step.
    fn hold(&self, before: &Ledger, step: &Step) -> Result<(), TestCaseError> {
        let state = self.market.state();
        let ledger = &self.ledger;
        prop_assert_eq!(fixed(state.reserves_fraction.raw()), ledger.fraction.clone());
        prop_assert_eq!(state.written_off, ledger.written_off);
        prop_assert!(!ledger.scaled.is_zero() || ledger.index == E18.into());
        let own = [
            state.cash.raw(),
            state.debt_scaled.raw(),
            state.borrow_index.raw(),
            state.supply_shares.raw(),
            state.reserves.raw(),
            self.market.debt().unwrap().raw(),
            self.market.supply().unwrap().raw(),
        ];
        let exact = [&ledger.cash, &ledger.scaled, &ledger.index, &ledger.shares, &ledger.reserves];
        let exact = exact.into_iter().cloned().chain([ledger.debt(), ledger.supply()]);
        prop_assert_eq!(own.map(BigInt::from).to_vec(), exact.collect::<Vec<_>>());

        if !matches!(step, Step::WriteOff { .. }) {
            prop_assert!(
                ledger.share_price_is_no_lower_than(before),
                "the price of a share fell: {before:?} to {ledger:?}"
            );
        }
        prop_assert_eq!(self.users.iter().map(|u| &u.0).sum::<BigInt>(), ledger.shares.clone());
        prop_assert_eq!(self.users.iter().map(|u| &u.1).sum::<BigInt>(), ledger.scaled.clone());
        let mut owed = BigInt::zero();
        for (held, debt) in &self.users {
            let each = self.market.owed_up(scaled(debt)).unwrap().raw();
            prop_assert_eq!(BigInt::from(each), ledger.owed(debt));
            owed += each;
            prop_assert_eq!(self.market.shares_value_down(shares(held)), Ok(amount(&ledger.worth(held))));
        }
        prop_assert!(owed >= ledger.debt(), "borrowers owe at least what the market counts on");
        Ok(())
    }

    /// Everybody repays in full and every lender leaves with their whole claim.
    fn wind_up(&mut self) -> Result<(), TestCaseError> {
        for user in 0..USERS {
            self.repay(user, MILLION + 1)?;
            prop_assert!(self.users[user].1.is_zero());
        }
        prop_assert!(self.market.state().debt_scaled.is_zero());
        prop_assert_eq!(self.market.debt(), Ok(Amount::ZERO));
        for user in 0..USERS {
            let claim = self.ledger.worth(&self.users[user].0);
            prop_assert!(claim <= self.ledger.cash, "a lender gets their claim");
            self.withdraw(user, MILLION)?;
            prop_assert!(self.users[user].0.is_zero(), "no crumb stays behind");
        }
        Ok(())
    }
}

/// The rate of `kinked(80, 5, 45, 950)`, rounded up from a utilization rounded up.
fn rate(debt: &BigInt, supply: &BigInt) -> BigInt {
    let one = || BigInt::from(E18);
    let used = match debt {
        d if d.is_zero() => BigInt::zero(),
        d if d >= supply => one(),
        d => ceil(&frac(d * E18, supply.clone())),
    };
    let kink = one() * 80 / 100;
    let percent = |n: u32| one() * n / 100;
    if used <= kink {
        percent(5) + ceil(&frac(percent(45) * used, kink))
    } else {
        percent(50) + ceil(&frac(percent(950) * (used - &kink), one() - &kink))
    }
}

proptest! {
    #![proptest_config(config(600))]

    #[test]
    fn a_random_history_follows_the_ledger(
        first in magnitudes(1, 10u128.pow(27)), factor in 0u64..=100, steps in prop::collection::vec(step(), 1..60),
    ) {
        let model = kinked(80, 5, 45, 950);
        let mut both = Both::new(AssetParams { rate_model: model, reserve_factor: Ratio::percent(factor), ..params() });
        both.deposit(0, first)?;
        for step in &steps {
            let before = both.ledger.clone();
            both.take(step)?;
            both.hold(&before, step)?;
        }
        both.wind_up()?;
    }

    #[test]
    fn open_flash_loans_count_as_supply(cash in 0..10u128.pow(30), lent in 0..10u128.pow(30), debt in 0..10u128.pow(30)) {
        let debt_scaled = ScaledDebt::new(debt);
        let market = Market { cash: Amount::new(cash), lent: Amount::new(lent), debt_scaled, ..empty() };
        let accrued = market.accrue(0, &params()).unwrap();
        prop_assert_eq!(accrued.supply(), Ok(Amount::new(cash + lent + debt)));
    }

    #[test]
    fn any_call_on_any_market_answers_or_errs_without_a_panic(
        fields in (any128(), any128(), any128(), any128(), any128(), any128()),
        (a, b, c, d) in (any128(), any128(), any128(), any128()),
    ) {
        let market = Market {
            cash: Amount::new(fields.0),
            lent: Amount::new(fields.1),
            debt_scaled: ScaledDebt::new(fields.2),
            borrow_index: Index::new(fields.3),
            supply_shares: SupplyShares::new(fields.4),
            reserves: Amount::new(fields.5),
            ..empty()
        };
        let accrued = market.accrue(0, &params()).unwrap();
        let on = || accrued.clone();
        let _ = (on().deposit(Amount::new(a)), on().withdraw(Amount::new(a), SupplyShares::new(b)));
        let _ = (on().borrow(Amount::new(a), &params()), on().repay(Amount::new(a), ScaledDebt::new(b)));
        let _ = on().seize(Amount::new(a), Amount::new(b), Amount::new(c), SupplyShares::new(d));
        let _ = on().shares_to_reserves(SupplyShares::new(a), Amount::new(b));
        let _ = (on().write_off(ScaledDebt::new(a)), on().withdraw_reserves(Amount::new(a)));
        let _ = (on().shares_of_up(Amount::new(a)), on().shares_value_down(SupplyShares::new(a)));
        let _ = (on().owed_up(ScaledDebt::new(a)), on().set_off(SupplyShares::new(a), ScaledDebt::new(b)));
        let _ = (on().cover(Amount::new(a)), on().cover_suppliers(Amount::new(b)));
        let _ = (on().utilization_up(), on().liquidity_rate_down(&params()), on().settle(&params()));
    }

    #[test]
    fn a_market_reads_back_what_it_writes(
        fields in (any128(), any128(), any128(), any128(), any128(), any128()), at in any::<u64>(),
    ) {
        let market = Market {
            cash: Amount::new(fields.0),
            debt_scaled: ScaledDebt::new(fields.1),
            borrow_index: Index::new(fields.2),
            supply_shares: SupplyShares::new(fields.3),
            reserves: Amount::new(fields.4),
            rate: Rate::new(fields.5),
            updated_at: at,
            ..empty()
        };
        let stored = postcard::to_allocvec(&market).unwrap();
        prop_assert_eq!(&postcard::from_bytes::<Market>(&stored).unwrap(), &market);
        let json = serde_json::to_string(&market).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Market>(&json).unwrap(), &market);
    }
}

/// A market opened at 0 with nothing in it.
fn empty() -> Market {
    Market::open(0, &params()).unwrap()
}

fn accrued(market: Market) -> Accrued {
    market.accrue(0, &params()).unwrap()
}

#[test]
fn a_market_opens_empty_at_the_base_rate() {
    let market = Market::open(77, &params()).unwrap();
    assert_eq!((market.borrow_index, market.rate, market.updated_at), (Index::ONE, Rate::percent(1), 77));
    assert_eq!(accrued(market).utilization_up(), Ok(Ratio::ZERO));
}

#[test]
fn json_shows_integers_as_strings_and_the_index_as_a_decimal() {
    let json = serde_json::to_value(Market { cash: Amount::new(120), ..empty() }).unwrap();
    assert_eq!(json["cash"], "120");
    assert_eq!(json["borrow_index"], "1");
    assert_eq!(json["rate"], "0.01");
    assert_eq!(json["updated_at"], 0);
}

#[test]
fn a_withdrawal_of_more_than_the_shares_are_worth_is_refused() {
    let mut market = accrued(empty());
    let mine = market.deposit(Amount::new(1_000)).unwrap();
    market.deposit(Amount::new(1_000)).unwrap();
    let lacking = MathError::Underflow { what: "SupplyShares", from: mine.raw(), minus: mine.raw() + MILLION };
    assert_eq!(market.clone().withdraw(Amount::new(1_001), mine), Err(lacking.into()));
    assert_eq!(market.seize(Amount::new(1_001), Amount::ZERO, Amount::ZERO, mine), Err(lacking.into()));
}

#[test]
fn a_loss_beyond_reserves_falls_on_suppliers_and_a_total_loss_closes_the_market_to_deposits() {
    let mut market = accrued(empty());
    market.deposit(Amount::new(1_000_000)).unwrap();
    let owed = market.borrow(Amount::new(1_000_000), &params()).unwrap().scaled;
    market.shares_to_reserves(SupplyShares::new(10u128.pow(11)), Amount::new(100_000)).unwrap();
    // A minute at 100 % is a unit more.
    assert_eq!(market.supply(), Ok(Amount::new(900_001)));

    let loss = market.write_off(owed).unwrap();
    assert_eq!(loss, Loss { reserves: Amount::new(100_000), suppliers: Amount::new(900_001) });
    assert_eq!(market.supply(), Ok(Amount::ZERO));
    let mut market = market.settle(&params()).unwrap().accrue(1, &reserving(Ratio::ZERO)).unwrap();
    let refused = market.deposit(Amount::new(1_000)).unwrap_err();
    assert!(matches!(refused, MarketError::SharePriceTooLow { supply: Amount::ZERO, .. }), "{refused:?}");
}

#[test]
fn reserves_are_paid_out_of_cash_and_no_further() {
    let market =
        Market { cash: Amount::new(50), reserves: Amount::new(80), debt_scaled: ScaledDebt::new(40), ..empty() };
    let mut market = accrued(market);
    let wanted = Amount::new(60);
    let available = Amount::new(50);
    assert_eq!(market.clone().withdraw_reserves(wanted), Err(MarketError::InsufficientCash { wanted, available }));
    market.withdraw_reserves(available).unwrap();
    assert_eq!((market.state().cash, market.state().reserves), (Amount::ZERO, Amount::new(30)));
    assert_eq!(market.supply(), Ok(Amount::new(10)));
}

/// A minute of the rate that the new utilization asks for: 800 of 1,000 lent cost 1 + 9 = 10 % a year.
#[test]
fn a_borrow_owes_the_interest_of_a_minute_at_once_in_whole_units() {
    let mut market = accrued(empty());
    market.deposit(Amount::new(1_000_000_000_000)).unwrap();
    // 8 × 10¹¹ × 0.1 / 525,600 = 152,207.0…
    let borrowed = market.borrow(Amount::new(800_000_000_000), &params()).unwrap();
    assert_eq!(borrowed, Borrowed { scaled: ScaledDebt::new(800_000_152_207), interest: Amount::new(152_207) });
    assert_eq!(market.debt(), Ok(Amount::new(800_000_152_207)));
    // A fifth is the reserves': 30,441.4.
    assert_eq!((market.state().reserves.raw(), market.state().reserves_fraction), (30_441, Ratio::percent(40)));
    assert_eq!(market.supply(), Ok(Amount::new(1_000_000_152_207 - 30_441)));

    // At 1.0…9 % less than a unit.
    let mut idle = accrued(empty());
    idle.deposit(Amount::new(1_000_000_000_000)).unwrap();
    assert_eq!(idle.borrow(Amount::new(50_000_000), &params()).unwrap().interest, Amount::ZERO);
}

/// At an index of 3.5 a unit of scaled debt takes 4, two 7, and three 11.
#[test]
fn a_repayment_takes_what_it_clears_and_not_the_whole_offer() {
    let index = Index::new(E18 / 2 * 7);
    let market = Market { cash: Amount::ZERO, debt_scaled: ScaledDebt::new(3), borrow_index: index, ..empty() };
    let take = |offered| accrued(market.clone()).repay(Amount::new(offered), ScaledDebt::new(3)).unwrap();
    let repaid = |amount, cleared, relieved| Repaid {
        amount: Amount::new(amount),
        cleared: ScaledDebt::new(cleared),
        relieved: Amount::new(relieved),
    };
    assert_eq!([0, 3].map(take), [repaid(0, 0, 0); 2]);
    assert_eq!([4, 6].map(take), [repaid(4, 1, 4); 2]);
    assert_eq!([7, 10].map(take), [repaid(7, 2, 7); 2]);
    assert_eq!([11, 99].map(take), [repaid(11, 3, 11); 2]);
}

#[test]
fn without_debt_the_index_starts_anew() {
    let lent = || {
        let mut market = accrued(empty());
        market.deposit(Amount::new(1_000_000)).unwrap();
        let owed = market.borrow(Amount::new(500_000), &params()).unwrap().scaled;
        let market = market.settle(&params()).unwrap().accrue(YEAR, &reserving(Ratio::ZERO)).unwrap();
        assert!(market.state().borrow_index > Index::ONE);
        (market, owed)
    };
    let (mut repaid, owed) = lent();
    repaid.repay(Amount::new(100_000), owed).unwrap();
    assert!(repaid.state().borrow_index > Index::ONE);
    let left = repaid.state().debt_scaled;
    repaid.repay(Amount::MAX, left).unwrap();
    assert_eq!(repaid.state().borrow_index, Index::ONE);
    let (mut lost, owed) = lent();
    lost.write_off(owed).unwrap();
    assert_eq!(lost.state().borrow_index, Index::ONE);
    // Time without debt leaves it there.
    let later = lost.settle(&params()).unwrap().accrue(9 * YEAR, &reserving(Ratio::ZERO)).unwrap();
    assert_eq!(later.state().borrow_index, Index::ONE);
}

/// All lenders have left, reserves alone are lent: their interest would be the next depositor's.
#[test]
fn interest_without_suppliers_is_the_reserves() {
    let reserves = Amount::new(1_000_000);
    let debt_scaled = ScaledDebt::new(1_000_000);
    let market = Market { reserves, debt_scaled, ..empty() };
    let params = AssetParams { rate_model: kinked(80, 10, 0, 0), ..reserving(Ratio::percent(10)) };
    let mut market = market.accrue(YEAR, &params).unwrap();
    // 10⁶ × (0.1 + 0.005 + 0.0001666…)
    assert_eq!(market.state().reserves.raw(), 1_105_166);
    assert_eq!(market.supply(), Ok(Amount::ZERO));
    market.deposit(Amount::new(7)).unwrap();
    assert_eq!(market.supply(), Ok(Amount::new(7)));
}

/// 99.5 % are lost and one holder stays: no deposit is taken until somebody makes suppliers whole.
#[test]
fn a_gift_to_suppliers_reopens_a_market_whose_share_price_is_below_its_floor() {
    let mut market = accrued(empty());
    market.deposit(Amount::new(1_000_000)).unwrap();
    let owed =
        market.borrow(Amount::new(995_000), &AssetParams { reserve_factor: Ratio::ZERO, ..params() }).unwrap().scaled;
    market.write_off(owed).unwrap();
    let mut market = market.settle(&params()).unwrap().accrue(1, &reserving(Ratio::ZERO)).unwrap();
    assert!(matches!(market.deposit(Amount::new(1_000)), Err(MarketError::SharePriceTooLow { .. })));
    // To reserves it helps nobody.
    market.cover(Amount::new(5_000)).unwrap();
    assert!(matches!(market.deposit(Amount::new(1_000)), Err(MarketError::SharePriceTooLow { .. })));
    market.cover_suppliers(Amount::new(5_000)).unwrap();
    assert_eq!((market.supply(), market.state().reserves), (Ok(Amount::new(10_000)), Amount::new(5_000)));
    assert!(market.deposit(Amount::new(1_000)).is_ok());
    assert_eq!(accrued(empty()).cover_suppliers(Amount::new(1)), Err(MarketError::NoSuppliers));
}

#[test]
fn deposits_wait_until_the_second_of_a_write_off_is_over() {
    let mut market = accrued(empty());
    market.deposit(Amount::new(1_000_000)).unwrap();
    let owed = market.borrow(Amount::new(1_000), &params()).unwrap().scaled;
    market.write_off(owed).unwrap();
    assert_eq!(market.deposit(Amount::new(5)), Err(MarketError::WrittenOff));
    let stored = market.settle(&params()).unwrap();
    assert_eq!(stored.clone().accrue(0, &params()).unwrap().deposit(Amount::new(5)), Err(MarketError::WrittenOff));
    assert!(stored.accrue(1, &reserving(Ratio::ZERO)).unwrap().deposit(Amount::new(5)).is_ok());
}

/// A share is worth a millionth of a unit, the index is 2: of a deposit of 101 a debt of 150 takes 100, the value of 50
/// scaled.
#[test]
fn a_deposit_pays_its_own_denoms_debt_as_far_as_it_goes() {
    let index = Index::new(2 * E18);
    let debt_scaled = ScaledDebt::new(75);
    let cash = Amount::new(851);
    let supply_shares = SupplyShares::new(1_001 * MILLION);
    let start = accrued(Market { cash, debt_scaled, supply_shares, borrow_index: index, ..empty() });
    assert_eq!(start.supply(), Ok(Amount::new(1_001)));
    let mut market = start.clone();
    let done = market.set_off(SupplyShares::new(101 * MILLION), debt_scaled).unwrap();
    let burnt = SupplyShares::new(100 * MILLION);
    assert_eq!(done, SetOff { amount: Amount::new(100), cleared: ScaledDebt::new(50), burnt });
    assert_eq!((market.supply(), market.state().cash), (Ok(Amount::new(901)), cash));
    assert_eq!(market.state().supply_shares, SupplyShares::new(901 * MILLION));
    // All of the debt, and what is left of the deposit stays.
    let mut market = start;
    let done = market.set_off(SupplyShares::new(200 * MILLION), debt_scaled).unwrap();
    let burnt = SupplyShares::new(150 * MILLION);
    assert_eq!(done, SetOff { amount: Amount::new(150), cleared: debt_scaled, burnt });
    assert_eq!((market.supply(), market.state().borrow_index), (Ok(Amount::new(851)), Index::ONE));
}
