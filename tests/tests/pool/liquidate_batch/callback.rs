//! The callback: what it is to bring, and what it may do meanwhile.

use cosmwasm_std::{Coin, WasmMsg, to_json_binary};
use plimsoll_pool::state::{DUES, OPEN_BATCH};
use plimsoll_risk::units::Amount;
use plimsoll_schema::pool::{
    BatchAction, Beneficiary, ExecuteMsg, FromPurse, LiquidateBatch, LiquidationItem, Listed, LoanId, MigrateMsg,
    OnBehalf, QueryMsg, SolvencyResponse, UserAccount,
};
use plimsoll_testing::{
    AETH, ALICE, Addr, BOB, GUARDIAN, LENDER, LIQUIDATOR, OWNER, Step, UATOM, UUSD, World, coin, pool_code, values,
};

use super::setup::{batch, edited, fallen_accounts, item, outcomes};
use crate::support::{assert_solvent, refuses};

/// The accounts, and a contract with a million dollars and ATOM.
fn staged(accounts: u32) -> (World, Addr) {
    let mut world = fallen_accounts(accounts);
    let borrower = world.borrower();
    for denom in [UUSD, UATOM] {
        world.mint(&borrower, denom, 1_000_000_000_000);
    }
    (world, borrower)
}

fn items(world: &World, accounts: u32) -> Vec<LiquidationItem> {
    (0..accounts).map(|id| item(world, (ALICE, id))).collect()
}

fn ask(denom: &str) -> Step {
    Step::Ask(QueryMsg::Solvency(Listed { denom: denom.to_owned() }))
}

#[test]
fn liquidate_batch_calls_back_with_what_was_seized_and_takes_exactly_what_was_repaid() {
    let (mut world, borrower) = staged(3);
    let before = world.snapshot();
    let with_coins = [coin(2_000_000_000, UUSD)];
    world.liquidate_batch(LIQUIDATOR, items(&world, 3), &with_coins).unwrap();
    let wanted = (world.account((ALICE, 2)), world.market(UUSD).stored, world.market(UATOM).stored);
    world.restore(&before);

    let uusd = world.balance(&borrower, UUSD);
    let uatom = world.balance(&borrower, UATOM);
    let steps = [ask(UUSD), ask(UATOM), Step::bring(), ask(UUSD)];
    let batch = Step::liquidate(items(&world, 3), steps);
    let response = world.flash(&borrower, [batch]).unwrap();
    assert_eq!(world.balance(&borrower, UUSD), uusd - 960_000_000);
    assert_eq!(world.balance(&borrower, UATOM), uatom + 130_800_000);
    assert_eq!((world.account((ALICE, 2)), world.market(UUSD).stored, world.market(UATOM).stored), wanted);
    assert_eq!(values(&response, "received"), ["130800000uatom"]);
    assert_eq!(values(&response, "due"), ["960000000uusd"]);
    assert_eq!(values(&response, "loan"), ["1", "1"]);
    // The identity holds at every moment: what is to come stands in `lent`, and no cash of the debt's market moves.
    let answers: Vec<SolvencyResponse> =
        values(&response, "answered").into_iter().map(|text| serde_json::from_str(text).unwrap()).collect();
    for books in &answers {
        let held = books.cash.raw() + books.lent.raw() + books.debt.raw() - books.reserves.raw();
        assert_eq!(held, books.supply.raw());
        assert!(books.bank_balance >= books.cash && books.solvent, "{books:?}");
    }
    assert_eq!([0, 1, 2].map(|at| answers[at].lent.raw()), [960_000_000, 0, 0]);
    assert_eq!(answers[2].cash.raw(), answers[0].cash.raw() + 960_000_000);
    assert_solvent(&world);
    let pool = world.pool().clone();
    assert_eq!(world.query_raw(&pool, DUES.key(1)), None);
    assert_eq!(world.query_raw(&pool, OPEN_BATCH.key().as_bytes().to_vec()), None);
}

#[test]
fn liquidate_batch_with_a_callback_needs_no_flash_loans_and_no_cash_of_the_debts_market() {
    let (mut world, borrower) = staged(2);
    let stop = ExecuteMsg::Pause { denom: None, deposit: false, borrow: false, flash_loan: true };
    world.execute(GUARDIAN, &stop, &[]).unwrap();
    world.withdraw_all(LENDER, UUSD).unwrap();
    assert!(world.market(UUSD).stored.cash.is_zero());
    let batch = Step::liquidate(items(&world, 2), [Step::bring()]);
    world.flash(&borrower, [batch]).unwrap();
    assert_eq!(world.market(UUSD).stored.cash.raw(), 640_000_000);
    assert_solvent(&world);
}

#[test]
fn liquidate_batch_whose_callback_brings_too_little_or_too_much_or_other_coins_is_refused() {
    let (mut world, borrower) = staged(1);
    let wrong: [Vec<Coin>; 6] = [
        vec![],
        vec![coin(319_999_999, UUSD)],
        vec![coin(320_000_001, UUSD)],
        vec![coin(320_000_000, UATOM)],
        vec![coin(5, UATOM), coin(320_000_000, UUSD)],
        vec![coin(160_000_000, UUSD)],
    ];
    for coins in wrong {
        let sent = coins.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let text = format!("batch 1 wants '320000000uusd' back, '{sent}' was sent");
        let batch = Step::liquidate(items(&world, 1), [Step::bring_with(1, coins)]);
        refuses(&mut world, &text, |world| world.flash(&borrower, [batch]));
    }
}

#[test]
fn liquidate_batch_whose_callback_brings_nothing_is_refused() {
    let (mut world, borrower) = staged(1);
    // Neither coins sent, nor a deposit, nor a gift, nor a repayment of the same account is what was to be brought.
    let pool = world.pool().to_string();
    let send = cosmwasm_std::BankMsg::Send { to_address: pool, amount: vec![coin(320_000_000, UUSD)] };
    let owner = world.addr(ALICE).into_string();
    let others = [
        vec![],
        vec![Step::Send(send.into())],
        vec![Step::pay(
            ExecuteMsg::Deposit(OnBehalf { account_id: None, on_behalf_of: None }),
            coin(320_000_000, UUSD),
        )],
        vec![Step::pay(ExecuteMsg::Cover { beneficiary: Some(Beneficiary::Suppliers) }, coin(320_000_000, UUSD))],
        vec![Step::pay(
            ExecuteMsg::Repay(OnBehalf { account_id: None, on_behalf_of: Some(owner) }),
            coin(320_000_000, UUSD),
        )],
        vec![Step::loan(coin(320_000_000, UUSD), [Step::repay()])],
    ];
    for steps in others {
        let batch = Step::liquidate(items(&world, 1), steps);
        refuses(&mut world, "batch 1 is not repaid", |world| world.flash(&borrower, [batch]));
    }
}

#[test]
fn liquidate_batch_whose_callback_repays_twice_is_refused() {
    let (mut world, borrower) = staged(1);
    let twice = [Step::bring(), Step::bring_with(1, vec![coin(320_000_000, UUSD)])];
    let batch = Step::liquidate(items(&world, 1), twice);
    refuses(&mut world, "batch 1 has nothing to be repaid", |world| world.flash(&borrower, [batch]));
}

#[test]
fn liquidate_batch_is_repaid_by_nobody_but_who_was_called_back() {
    let (mut world, borrower) = staged(1);
    let other = world.borrower();
    world.mint(&other, UUSD, 1_000_000_000);
    let by_other = World::flash_by(&other, [Step::bring_with(1, vec![coin(320_000_000, UUSD)])]);
    let batch = Step::liquidate(items(&world, 1), [by_other]);
    let text = format!("{other} was not called back by batch 1");
    refuses(&mut world, &text, |world| world.flash(&borrower, [batch]));
}

#[test]
fn liquidate_batch_with_a_callback_of_an_account_without_code_is_refused() {
    let mut world = fallen_accounts(1);
    let order = LiquidateBatch { callback: Some(Step::callback([])), ..batch(items(&world, 1)) };
    world.refused(|world| world.execute(LIQUIDATOR, &ExecuteMsg::LiquidateBatch(order), &[]));
}

#[test]
fn liquidate_batch_that_repays_nothing_calls_nobody_back() {
    let (mut world, borrower) = staged(1);
    let key = world.key(ALICE);
    let write_off = LiquidationItem::WriteOff(UserAccount { user: key.owner, account_id: None });
    let healthy = edited(&world, (ALICE, 9), |_| {});
    let order = LiquidateBatch {
        min_success: Some(0),
        callback: Some(Step::callback([Step::Fail])),
        ..batch(vec![write_off, healthy])
    };
    world.flash(&borrower, [Step::pool(ExecuteMsg::LiquidateBatch(order))]).unwrap();
}

#[test]
fn liquidate_batch_opens_others_in_its_callback_each_repaid_on_its_own() {
    let (mut world, borrower) = staged(2);
    let inner = Step::liquidate(vec![item(&world, (ALICE, 1))], [Step::bring()]);
    let outer = Step::liquidate(vec![item(&world, (ALICE, 0))], [inner.clone(), Step::bring()]);
    let before = world.snapshot();
    let response = world.flash(&borrower, [outer]).unwrap();
    assert_eq!(values(&response, "loan"), ["1", "2", "2", "1"]);
    assert_solvent(&world);
    world.restore(&before);
    // The inner one brings what the outer one owes: the outer one is still to be repaid, and the inner one too.
    let crossed = Step::liquidate(vec![item(&world, (ALICE, 1))], [Step::bring_with(1, vec![coin(320_000_000, UUSD)])]);
    let outer =
        Step::liquidate(vec![item(&world, (ALICE, 0))], [crossed, Step::bring_with(2, vec![coin(320_000_000, UUSD)])]);
    refuses(&mut world, "batch 2 is not repaid", |world| world.flash(&borrower, [outer]));
}

#[test]
fn liquidate_batch_and_flash_loans_are_open_beside_each_other() {
    let (mut world, borrower) = staged(1);
    let batch = Step::liquidate(items(&world, 1), [Step::bring()]);
    let loan = Step::loan(coin(500_000_000, UUSD), [batch, Step::repay_with(1, coin(500_450_000, UUSD))]);
    world.flash(&borrower, [loan]).unwrap();
    assert_solvent(&world);
    // A loan's number repays no batch.
    let batch = Step::liquidate(items(&world, 1), [Step::repay_with(1, coin(320_000_000, UUSD))]);
    world.refused(|world| world.flash(&borrower, [batch]));
}

#[test]
fn finish_batch_is_the_pools_alone() {
    let (mut world, borrower) = staged(1);
    let finish = Step::pool(ExecuteMsg::FinishBatch(LoanId { id: 1 }));
    let batch = Step::liquidate(items(&world, 1), [finish, Step::bring()]);
    let text = format!("{borrower} is not the pool");
    refuses(&mut world, &text, |world| world.flash(&borrower, [batch]));
}

#[test]
fn liquidate_batch_pays_a_recipient_and_calls_back_the_sender() {
    let (mut world, borrower) = staged(1);
    let recipient = Some(world.addr(BOB).into_string());
    let callback = Some(Step::callback([Step::bring()]));
    let order = LiquidateBatch { recipient, callback, ..batch(items(&world, 1)) };
    let bob = world.balance(BOB, UATOM);
    let response = world.flash(&borrower, [Step::pool(ExecuteMsg::LiquidateBatch(order))]).unwrap();
    assert_eq!(world.balance(BOB, UATOM), bob + 43_600_000);
    assert_eq!(values(&response, "received"), ["43600000uatom"]);
}

#[test]
fn liquidate_batch_with_a_callback_repays_no_more_than_an_item_may() {
    let (mut world, borrower) = staged(2);
    let bound = edited(&world, (ALICE, 1), |item| item.max_repay = Some(Amount::new(50_000_000)));
    let batch = Step::liquidate(vec![bound, item(&world, ALICE)], [Step::bring()]);
    let response = world.flash(&borrower, [batch]).unwrap();
    assert_eq!(values(&response, "repaid"), ["50000000", "320000000"]);
    assert_eq!(values(&response, "due"), ["370000000uusd"]);
}

/// Alice's account as ever, and Bob's, who owes 1,500 ATOM against ether that fell. No cash is left in the market of ATOM.
fn both_sides() -> (World, Addr, Vec<LiquidationItem>) {
    let (mut world, borrower) = staged(1);
    world.deposit(BOB, AETH, 10_000_000_000_000_000_000).unwrap();
    world.set_price(AETH, "2000");
    world.borrow(BOB, UATOM, 1_500_000_000).unwrap();
    world.withdraw_all(LENDER, UATOM).unwrap();
    assert!(world.market(UATOM).stored.cash.is_zero());
    world.set_price(AETH, "1400");
    let bob = edited(&world, BOB, |item| (item.collateral_denom, item.debt_denom) = (AETH.into(), UATOM.into()));
    let items = vec![bob, item(&world, ALICE)];
    (world, borrower, items)
}

#[test]
fn liquidate_batch_pays_an_item_with_what_an_item_before_has_paid() {
    let (mut world, _, items) = both_sides();
    let purse = [coin(1_500_000_000, UATOM), coin(640_000_000, UUSD)];
    let response = world.liquidate_batch(LIQUIDATOR, items, &purse).unwrap();
    assert_eq!(outcomes(&response), ["ok", "ok"]);
    assert_eq!(values(&response, "paid")[1], "43600000");
    assert_solvent(&world);
}

#[test]
fn liquidate_batch_pays_no_item_with_what_its_callback_is_still_to_bring() {
    let (mut world, borrower, items) = both_sides();
    let batch = Step::liquidate(items, [Step::bring()]);
    let response = world.flash(&borrower, [batch]).unwrap();
    assert_eq!(outcomes(&response), ["ok", "insufficient liquidity: wanted 43600000 uatom, available 0"]);
    assert_solvent(&world);
}

#[test]
fn migrate_in_the_callback_of_a_batch_is_refused() {
    let (mut world, borrower) = staged(1);
    let pool = world.pool().to_string();
    let owner = world.addr(OWNER);
    let admin = WasmMsg::UpdateAdmin { contract_addr: pool.clone(), admin: borrower.to_string() };
    cw_multi_test::Executor::execute(world.app_mut(), owner, admin.into()).unwrap();
    let new_code_id = world.app_mut().store_code(pool_code());
    let msg = to_json_binary(&MigrateMsg {}).unwrap();
    let migrate = Step::Send(WasmMsg::Migrate { contract_addr: pool, new_code_id, msg }.into());
    let batch = Step::liquidate(items(&world, 1), [migrate.clone(), Step::bring()]);
    refuses(&mut world, "batch 1 waits for its callback", |world| world.flash(&borrower, [batch]));
    // Nothing is due, but accounts are locked.
    let deposit = BatchAction::Deposit(FromPurse { coin: coin(5, UUSD), account_id: None, on_behalf_of: None });
    let locked = Step::batch(vec![deposit], vec![coin(5, UUSD)], [migrate.clone()]);
    refuses(&mut world, "batch 1 waits for its callback", |world| world.flash(&borrower, [locked]));
    let batch = Step::liquidate(items(&world, 1), [Step::bring(), migrate]);
    world.flash(&borrower, [batch]).unwrap();
}
