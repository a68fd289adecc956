//! `flash_loan` and `repay_flash_loan`.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests: names say what is tested, and a failed setup is a failure"
)]

use crate::support::{
    assert_solvent, fallen, refuses, takes_exactly_one_coin, takes_no_funds, too_wide, world_with_borrower,
};
use cosmwasm_std::{Binary, Coin};
use plimsoll_pool::state::LOANS;
use plimsoll_risk::units::{Amount, Ratio};
use plimsoll_schema::pool::{
    AssetChanges, Borrow, ExecuteMsg, Listed, LoanId, MarketResponse, OnBehalf, QueryMsg, RatesResponse,
    SolvencyResponse, UserAccount, UserCollateralsResponse, Withdraw,
};
use plimsoll_testing::{
    ALICE, AppResponse, BOB, GUARDIAN, LENDER, LIQUIDATOR, OWNER, Step, UATOM, UUSD, World, coin, values,
};
use serde::de::DeserializeOwned;

fn answer<T: DeserializeOwned>(response: &AppResponse, at: usize) -> T {
    serde_json::from_str(values(response, "answered")[at]).unwrap()
}

fn withdraw(denom: &str, amount: Option<u128>) -> ExecuteMsg {
    let denom = denom.to_owned();
    let amount = amount.map(Amount::new);
    ExecuteMsg::Withdraw(Withdraw {
        denom,
        amount: amount.map(Into::into),
        recipient: None,
        account_id: None,
        on_behalf_of: None,
    })
}

fn borrow(denom: &str, amount: u128) -> ExecuteMsg {
    let denom = denom.to_owned();
    let amount = Amount::new(amount);
    ExecuteMsg::Borrow(Borrow { denom, amount: amount.into(), recipient: None, account_id: None, on_behalf_of: None })
}

const DEPOSIT: ExecuteMsg = ExecuteMsg::Deposit(OnBehalf { account_id: None, on_behalf_of: None });

#[test]
fn flash_loan_pays_out_and_takes_back_with_its_fee_to_reserves() {
    let (mut world, borrower) = world_with_borrower();
    let before = world.market(UUSD);
    let pool = world.pool().clone();
    let held = world.balance(&pool, UUSD);
    let response = world.flash(&borrower, [Step::loan(coin(500_000_000_000, UUSD), [Step::repay()])]).unwrap();

    let after = world.market(UUSD);
    assert_eq!(after.reserves.raw(), 450_000_000);
    assert_eq!(after.stored.cash.raw(), before.stored.cash.raw() + 450_000_000);
    assert_eq!((after.supply, after.debt), (before.supply, before.debt));
    assert_eq!((after.stored.supply_shares, after.stored.rate), (before.stored.supply_shares, before.stored.rate));
    assert_eq!(world.balance(&borrower, UUSD), 1_000_000_000 - 450_000_000);
    assert_eq!(world.balance(&pool, UUSD), held + 450_000_000);
    assert_eq!(values(&response, "action"), ["flash_loan", "repay_flash_loan"]);
    assert_eq!(values(&response, "loan"), ["1", "1"]);
    assert_eq!(values(&response, "denom"), [UUSD, UUSD]);
    assert_eq!(values(&response, "amount"), ["500000000000", "500450000000"]);
    assert_eq!(values(&response, "fee"), ["450000000"]);
    assert_eq!(world.query_raw(&pool, LOANS.key(1)), None);
    assert_solvent(&world);
}

#[test]
fn flash_loan_fee_is_rounded_up() {
    let (mut world, borrower) = world_with_borrower();
    // 9 hundredths of a percent: 1,111 cost 0.9999 and 1,112 cost 1.0008.
    for (amount, fee) in [(1, 1), (1_111, 1), (1_112, 2), (10_000, 9), (10_001, 10)] {
        let reserves = world.market(UUSD).reserves.raw();
        let held = world.balance(&borrower, UUSD);
        world.flash(&borrower, [Step::loan(coin(amount, UUSD), [Step::repay()])]).unwrap();
        assert_eq!(world.market(UUSD).reserves.raw(), reserves + fee, "{amount}");
        assert_eq!(world.balance(&borrower, UUSD), held - fee, "{amount}");
    }
}

#[test]
fn flash_loan_without_a_fee_changes_no_market() {
    let (mut world, borrower) = world_with_borrower();
    world.update_asset(UUSD, AssetChanges { flash_loan_fee: Some(Ratio::ZERO), ..Default::default() }).unwrap();
    let before = world.market(UUSD);
    let all = before.stored.cash.raw();
    world.flash(&borrower, [Step::loan(coin(all, UUSD), [Step::repay_with(1, coin(all, UUSD))])]).unwrap();
    assert_eq!(world.market(UUSD), before);
    assert_eq!(world.balance(&borrower, UUSD), 1_000_000_000);
}

#[test]
fn flash_loan_leaves_supply_share_price_and_utilization_as_they_are_while_it_is_open() {
    let (mut world, borrower) = world_with_borrower();
    world.advance_fresh(86_400 * 30);
    // Interest is booked, so that what follows is at one moment.
    world.deposit(BOB, UUSD, 5_000_000).unwrap();
    let denom = || UUSD.to_owned();
    let market = world.market(UUSD);
    let rates = world.rates(UUSD);
    let books = world.solvency(UUSD);
    assert!(!market.reserves.is_zero() && rates.utilization > Ratio::ZERO);
    let claim = world.supplied(LENDER, UUSD);

    let lender = world.addr(LENDER).into_string();
    let look = [
        Step::Ask(QueryMsg::Market(Listed { denom: denom() })),
        Step::Ask(QueryMsg::Rates(Listed { denom: denom() })),
        Step::Ask(QueryMsg::Solvency(Listed { denom: denom() })),
        Step::Ask(QueryMsg::UserCollaterals(UserAccount { user: lender, account_id: None })),
    ];
    let all = market.stored.cash.raw();
    for lent in [1, 700_000_000_000, all] {
        let snapshot = world.snapshot();
        let steps = look.iter().cloned().chain([Step::repay()]);
        let response = world.flash(&borrower, [Step::loan(coin(lent, UUSD), steps)]).unwrap();
        let during: MarketResponse = answer(&response, 0);
        assert_eq!(during.stored.lent.raw(), lent);
        assert_eq!(during.stored.cash.raw(), all - lent);
        assert_eq!((during.supply, during.debt, during.reserves), (market.supply, market.debt, market.reserves));
        assert_eq!(during.stored.supply_shares, market.stored.supply_shares);
        assert_eq!(during.stored.rate, market.stored.rate);
        assert_eq!(answer::<RatesResponse>(&response, 1), rates);
        let during: SolvencyResponse = answer(&response, 2);
        assert_eq!((during.claims, during.supply), (books.claims, books.supply));
        assert_eq!((during.bank_balance.raw(), during.solvent), (all - lent, true));
        let deposits: UserCollateralsResponse = answer(&response, 3);
        assert_eq!(deposits.collaterals.iter().find(|c| c.denom == UUSD).unwrap().amount.raw(), claim);
        world.restore(&snapshot);
    }
}

#[test]
fn flash_loan_cannot_be_withdrawn_borrowed_or_lent_once_more_by_anyone() {
    let (mut world, borrower) = world_with_borrower();
    world
        .flash(&borrower, [Step::pay(DEPOSIT, coin(50_000_000, UUSD)), Step::pay(DEPOSIT, coin(50_000_000, UATOM))])
        .unwrap();
    let all = world.market(UUSD).stored.cash.raw();
    let steps = [
        Step::pool(withdraw(UUSD, Some(8))),
        Step::pool(borrow(UUSD, 8)),
        Step::loan(coin(8, UUSD), [Step::repay()]),
        Step::pool(withdraw(UUSD, None)),
    ];
    let steps = steps.into_iter().map(Step::or_not).chain([Step::repay()]);
    let response = world.flash(&borrower, [Step::loan(coin(all - 7, UUSD), steps)]).unwrap();
    let tried = values(&response, "tried");
    for tried in &tried[..3] {
        assert_eq!(*tried, "insufficient liquidity: wanted 8 uusd, available 7");
    }
    // Everything, where there are 7 in cash, is 7.
    assert_eq!(tried[3], "done");
    let amounts = values(&response, "amount");
    assert_eq!(amounts[1], "7");
    assert_solvent(&world);
}

#[test]
fn flash_loan_of_more_than_the_cash_is_refused_whatever_the_bank_holds() {
    let (mut world, borrower) = world_with_borrower();
    let pool = world.pool().clone();
    world.send(BOB, &pool, &[coin(1_000_000, UUSD)]).unwrap();
    let text = "insufficient liquidity: wanted 999360000001 uusd, available 999360000000";
    let loan = |amount| [Step::loan(coin(amount, UUSD), [Step::repay()])];
    refuses(&mut world, text, |world| world.flash(&borrower, loan(999_360_000_001)));
    let text = format!("insufficient liquidity: wanted {} uusd, available 999360000000", u128::MAX);
    refuses(&mut world, &text, |world| world.flash(&borrower, loan(u128::MAX)));
    world.flash(&borrower, loan(999_360_000_000)).unwrap();
    assert_solvent(&world);
}

#[test]
fn flash_loans_within_each_other_are_all_lent_at_once() {
    let (mut world, borrower) = world_with_borrower();
    let look = [UUSD, UATOM].map(|denom| Step::Ask(QueryMsg::Solvency(Listed { denom: denom.to_owned() })));
    let third = Step::loan(coin(3_000, UATOM), look.into_iter().chain([Step::repay()]));
    let second = Step::loan(coin(2_000, UUSD), [third, Step::repay()]);
    let response = world.flash(&borrower, [Step::loan(coin(1_000, UUSD), [second, Step::repay()])]).unwrap();
    let uusd: SolvencyResponse = answer(&response, 0);
    let uatom: SolvencyResponse = answer(&response, 1);
    assert_eq!((uusd.lent.raw(), uatom.lent.raw()), (3_000, 3_000));
    assert_eq!(values(&response, "loan"), ["1", "2", "3", "3", "2", "1"]);
    assert_solvent(&world);
}

#[test]
fn flash_loans_one_after_the_other_have_ids_of_their_own() {
    let (mut world, borrower) = world_with_borrower();
    let loan = Step::loan(coin(1_000, UUSD), [Step::repay()]);
    let response = world.flash(&borrower, [loan.clone(), loan.clone()]).unwrap();
    assert_eq!(values(&response, "loan"), ["1", "1", "2", "2"]);
    let response = world.flash(&borrower, [loan]).unwrap();
    assert_eq!(values(&response, "loan"), ["3", "3"]);
}

#[test]
fn flash_loan_whose_callback_fails_is_as_if_it_had_not_been_taken() {
    let (mut world, borrower) = world_with_borrower();
    let failing = Step::loan(coin(1_000, UUSD), [Step::repay(), Step::Fail]);
    refuses(&mut world, "as it was told to", |world| world.flash(&borrower, [failing.clone()]));
    // An inner loan that comes to nothing leaves the outer as it was, and its id is given again.
    let unpaid = Step::loan(coin(5_000, UUSD), []);
    let look = Step::Ask(QueryMsg::Solvency(Listed { denom: UUSD.to_owned() }));
    let steps = [failing.or_not(), unpaid.or_not(), look, Step::loan(coin(7, UATOM), [Step::repay()]), Step::repay()];
    let response = world.flash(&borrower, [Step::loan(coin(2_000, UUSD), steps)]).unwrap();
    assert_eq!(answer::<SolvencyResponse>(&response, 0).lent.raw(), 2_000);
    assert_eq!(values(&response, "loan"), ["1", "2", "2", "1"]);
    assert_eq!(values(&response, "tried"), ["as it was told to", "flash loan 2 is not repaid"]);
    assert_eq!(world.market(UUSD).reserves.raw(), 2);
    assert_solvent(&world);
}

#[test]
fn flash_loan_of_nothing_or_of_what_is_not_listed_is_refused() {
    let (mut world, borrower) = world_with_borrower();
    let steps = |coin| [Step::loan(coin, [Step::repay()])];
    refuses(&mut world, "amount of uusd is zero", |world| world.flash(&borrower, steps(coin(0, UUSD))));
    refuses(&mut world, "'ushell' is not listed", |world| world.flash(&borrower, steps(coin(5, "ushell"))));
    refuses(&mut world, "'' is not listed", |world| world.flash(&borrower, steps(coin(5, ""))));
    let wide = Coin { denom: UUSD.to_owned(), amount: too_wide() };
    let text = "amount 340282366920938463463374607431768211456 uusd does not fit 128 bits";
    refuses(&mut world, text, |world| world.flash(&borrower, steps(wide)));
}

#[test]
fn flash_loan_of_an_empty_market_is_refused() {
    let mut world = World::new();
    let borrower = world.borrower();
    let text = "insufficient liquidity: wanted 1 uusd, available 0";
    refuses(&mut world, text, |world| world.flash(&borrower, [Step::loan(coin(1, UUSD), [Step::repay()])]));
}

#[test]
fn flash_loan_with_funds_and_its_repayment_with_other_than_one_coin_are_refused() {
    let (mut world, borrower) = world_with_borrower();
    let msg = ExecuteMsg::FlashLoan { coin: coin(1_000, UUSD), msg: Binary::default() };
    takes_no_funds(&mut world, ALICE, &msg);
    takes_exactly_one_coin(&mut world, ALICE, &ExecuteMsg::RepayFlashLoan(LoanId { id: 1 }));
    let steps = [Step::loan(coin(1_000, UUSD), [Step::pool(ExecuteMsg::RepayFlashLoan(LoanId { id: 1 }))])];
    let text = "exactly one coin must be sent, not ''";
    refuses(&mut world, text, |world| world.flash(&borrower, steps));
}

#[test]
fn flash_loan_to_an_account_that_is_no_contract_is_refused() {
    let (mut world, _) = world_with_borrower();
    let msg = ExecuteMsg::FlashLoan { coin: coin(1_000, UUSD), msg: Binary::default() };
    world.refused(|world| world.execute(ALICE, &msg, &[]));
    // Nor does the pool, which is the sender of nothing, nor a contract that knows no such callback.
    let pool = world.pool().clone();
    let oracle = world.oracle().clone();
    world.refused(|world| world.execute(&pool, &msg, &[]));
    world.refused(|world| world.execute(&oracle, &msg, &[]));
}

#[test]
fn flash_loan_stopped_by_the_guardian_is_refused_until_the_owner_reopens() {
    let (mut world, borrower) = world_with_borrower();
    let stop = ExecuteMsg::Pause { denom: Some(UUSD.to_owned()), deposit: false, borrow: false, flash_loan: true };
    world.execute(GUARDIAN, &stop, &[]).unwrap();
    let loan = |denom| [Step::loan(coin(1_000, denom), [Step::repay()])];
    refuses(&mut world, "flash loan of uusd is stopped", |world| world.flash(&borrower, loan(UUSD)));
    world.flash(&borrower, loan(UATOM)).unwrap();
    // Nothing else stopped.
    world.borrow(ALICE, UUSD, 5_000_000).unwrap();
    world.deposit(BOB, UUSD, 5_000_000).unwrap();
    world
        .execute(
            OWNER,
            &ExecuteMsg::Unpause { denom: UUSD.to_owned(), deposit: false, borrow: false, flash_loan: true },
            &[],
        )
        .unwrap();
    world.flash(&borrower, loan(UUSD)).unwrap();
}

#[test]
fn flash_loan_is_possible_while_deposits_and_borrowing_are_stopped_and_the_oracle_is_dead() {
    let (mut world, borrower) = world_with_borrower();
    let stop = ExecuteMsg::Pause { denom: None, deposit: true, borrow: true, flash_loan: false };
    world.execute(GUARDIAN, &stop, &[]).unwrap();
    world.advance(86_400);
    world.flash(&borrower, [Step::loan(coin(1_000, UUSD), [Step::repay()])]).unwrap();
}

#[test]
fn flash_loan_deposited_and_borrowed_against_cannot_be_kept() {
    let (mut world, borrower) = world_with_borrower();
    let all = world.market(UUSD).stored.cash.raw();
    // The loan is collateral now and 799,000 USD of ATOM are borrowed on it; but what is owed can't be taken out any more.
    let steps = [
        Step::pay(DEPOSIT, coin(all, UUSD)),
        Step::pool(borrow(UATOM, 79_900_000_000)),
        Step::pool(withdraw(UUSD, Some(all))),
        Step::repay(),
    ];
    let error = world.refused(|world| world.flash(&borrower, [Step::loan(coin(all, UUSD), steps)]));
    assert!(error.to_string().ends_with("would be above the borrow limit of 0"), "{error}");
    // Nor does borrowing the same coins back help: a debt's own denom is no collateral for it.
    let steps = [Step::pay(DEPOSIT, coin(all, UUSD)), Step::pool(borrow(UUSD, all)), Step::repay()];
    let error = world.refused(|world| world.flash(&borrower, [Step::loan(coin(all, UUSD), steps)]));
    assert!(error.to_string().ends_with("would be above the borrow limit of 0"), "{error}");
}

#[test]
fn flash_loan_deposited_withdrawn_and_repaid_earns_nothing() {
    let (mut world, borrower) = world_with_borrower();
    world.advance_fresh(86_400 * 30);
    let all = world.market(UUSD).stored.cash.raw();
    let lender = world.supplied(LENDER, UUSD);
    let round = [Step::pay(DEPOSIT, coin(all, UUSD)), Step::pool(withdraw(UUSD, None))];
    let steps = round.iter().cycle().take(6).cloned().chain([Step::repay()]);
    // Each round may cost a base unit, for which the contract has coins of its own.
    world.flash(&borrower, [Step::loan(coin(all, UUSD), steps)]).unwrap();
    let fee = (all * 9).div_ceil(10_000);
    assert!(world.balance(&borrower, UUSD) <= 1_000_000_000 - fee);
    assert!(world.balance(&borrower, UUSD) + 3 >= 1_000_000_000 - fee);
    assert!(world.supplied(LENDER, UUSD) >= lender);
    assert!(world.account(&borrower).is_empty());
    assert_solvent(&world);
}

#[test]
fn flash_loan_pays_for_a_liquidation_as_coins_of_ones_own_would() {
    let mut world = fallen();
    let borrower = world.borrower();
    world.mint(&borrower, UUSD, 288_000);
    let alice = world.addr(ALICE).into_string();
    let liquidate = ExecuteMsg::Liquidate {
        user: alice,
        account_id: None,
        collateral_denom: UATOM.to_owned(),
        recipient: None,
        receive: None,
        allow_shares: None,
        min_receive: Some(Amount::new(43_600_000)),
    };
    let before = world.snapshot();
    // 320 USD buy 44 ATOM, of which 0.4 are the protocol's.
    world.execute(LIQUIDATOR, &liquidate, &[coin(320_000_000, UUSD)]).unwrap();
    let debt = world.owed(ALICE, UUSD);
    let collateral = world.supplied(ALICE, UATOM);
    let uusd = world.market(UUSD).stored;
    let uatom = world.market(UATOM).stored;
    world.restore(&before);
    // The contract has its fee, 0.09 % of 320, and what it liquidates with is lent.
    let sold = world.addr(LIQUIDATOR).into_string();
    let sell = cosmwasm_std::BankMsg::Send { to_address: sold, amount: vec![coin(43_600_000, UATOM)] };
    let steps = [Step::pay(liquidate, coin(320_000_000, UUSD)), Step::Send(sell.into())];
    // Somebody takes the ATOM off its hands, in the middle of the call.
    world.mint(&borrower, UUSD, 320_000_000);
    world.flash(&borrower, [Step::loan(coin(320_000_000, UUSD), steps.into_iter().chain([Step::repay()]))]).unwrap();
    assert_eq!((world.owed(ALICE, UUSD), world.supplied(ALICE, UATOM)), (debt, collateral));
    assert_eq!(world.market(UATOM).stored, uatom);
    let after = world.market(UUSD).stored;
    assert_eq!((after.cash.raw(), after.reserves.raw()), (uusd.cash.raw() + 288_000, uusd.reserves.raw() + 288_000));
    assert_eq!((world.balance(&borrower, UUSD), world.balance(&borrower, UATOM)), (0, 0));
    assert_solvent(&world);
}
