//! `repay_flash_loan`, and what ends a loan or doesn't: `assert_flash_loan_repaid` and `migrate`.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests: names say what is tested, and a failed setup is a failure"
)]

use crate::support::{assert_solvent, mint_wide, refuses, too_wide, world_with_borrower};
use cosmwasm_std::testing::{message_info, mock_dependencies, mock_env};
use cosmwasm_std::{Addr, Coin, WasmMsg, to_json_binary};
use plimsoll_pool::contract;
use plimsoll_pool::state::{LOAN_COUNT, LOANS, OpenLoan};
use plimsoll_risk::params::AssetId;
use plimsoll_risk::units::{Amount, Ratio};
use plimsoll_schema::pool::{AssetChanges, ExecuteMsg, LoanId, MigrateMsg};
use plimsoll_testing::{ALICE, BOB, OWNER, Step, UATOM, UUSD, World, coin, pool_code, values};

/// Three loans, each in the callback of the one before: 1,000 and 2,000 of uusd, 3,000 of uatom; fees 1, 2 and 3.
fn three_loans(last: impl IntoIterator<Item = Step>) -> Step {
    let third = Step::loan(coin(3_000, UATOM), last);
    Step::loan(coin(1_000, UUSD), [Step::loan(coin(2_000, UUSD), [third])])
}

#[test]
fn flash_loans_open_together_are_repaid_in_any_order() {
    let (mut world, borrower) = world_with_borrower();
    let repay = |id| {
        let owed = [coin(1_001, UUSD), coin(2_002, UUSD), coin(3_003, UATOM)];
        Step::repay_with(id, owed[usize::try_from(id).unwrap() - 1].clone())
    };
    let before = world.snapshot();
    for order in [[1, 2, 3], [1, 3, 2], [2, 1, 3], [2, 3, 1], [3, 1, 2], [3, 2, 1]] {
        world.restore(&before);
        let response = world.flash(&borrower, [three_loans(order.map(repay))]).unwrap();
        assert_eq!(values(&response, "loan")[3..], order.map(|id| id.to_string()));
        assert_eq!((world.market(UUSD).reserves.raw(), world.market(UATOM).reserves.raw()), (3, 3));
        assert_eq!(world.balance(&borrower, UUSD), 1_000_000_000 - 3);
        assert_eq!(world.balance(&borrower, UATOM), 1_000_000_000 - 3);
        assert_solvent(&world);
    }
}

#[test]
fn flash_loan_that_is_not_repaid_when_its_own_callback_ends_is_refused() {
    let (mut world, borrower) = world_with_borrower();
    let never = [Step::loan(coin(1_000, UUSD), [])];
    refuses(&mut world, "flash loan 1 is not repaid", |world| world.flash(&borrower, never));
    // After the callback is too late.
    let late = [Step::loan(coin(1_000, UUSD), []), Step::repay_with(1, coin(1_001, UUSD))];
    refuses(&mut world, "flash loan 1 is not repaid", |world| world.flash(&borrower, late));
    // So it is for the inner loan of two, though the outer is paid; and for the outer, though the inner is.
    let second = Step::loan(coin(2_000, UUSD), [Step::repay_with(1, coin(1_001, UUSD))]);
    let steps = [Step::loan(coin(1_000, UUSD), [second, Step::repay_with(2, coin(2_002, UUSD))])];
    refuses(&mut world, "flash loan 2 is not repaid", |world| world.flash(&borrower, steps));
    let steps = [Step::loan(coin(1_000, UUSD), [Step::loan(coin(2_000, UUSD), [Step::repay()])])];
    refuses(&mut world, "flash loan 1 is not repaid", |world| world.flash(&borrower, steps));
    // Sending the coins back is a donation.
    let pool = world.pool().to_string();
    let send = cosmwasm_std::BankMsg::Send { to_address: pool, amount: vec![coin(1_001, UUSD)] };
    let steps = [Step::loan(coin(1_000, UUSD), [Step::Send(send.into())])];
    refuses(&mut world, "flash loan 1 is not repaid", |world| world.flash(&borrower, steps));
}

#[test]
fn repay_flash_loan_twice_is_refused() {
    let (mut world, borrower) = world_with_borrower();
    let steps = [Step::loan(coin(1_000, UUSD), [Step::repay(), Step::repay()])];
    refuses(&mut world, "flash loan 1 is not open", |world| world.flash(&borrower, steps));
    let later = [Step::loan(coin(1_000, UUSD), [Step::repay()]), Step::repay_with(1, coin(1_001, UUSD))];
    refuses(&mut world, "flash loan 1 is not open", |world| world.flash(&borrower, later));
}

#[test]
fn repay_flash_loan_that_was_never_given_is_refused() {
    let (mut world, borrower) = world_with_borrower();
    for id in [0, 1, u64::MAX] {
        let msg = ExecuteMsg::RepayFlashLoan(LoanId { id });
        let text = format!("flash loan {id} is not open");
        refuses(&mut world, &text, |world| world.execute(BOB, &msg, &[coin(1_001, UUSD)]));
    }
    let steps = [Step::loan(coin(1_000, UUSD), [Step::repay_with(2, coin(1_001, UUSD))])];
    refuses(&mut world, "flash loan 2 is not open", |world| world.flash(&borrower, steps));
}

#[test]
fn repay_flash_loan_of_another_is_refused() {
    let (mut world, borrower) = world_with_borrower();
    let other = world.borrower();
    world.mint(&other, UUSD, 1_000_000);
    let steps = [Step::loan(coin(1_000, UUSD), [World::flash_by(&other, [Step::repay_with(1, coin(1_001, UUSD))])])];
    refuses(&mut world, &format!("{other} did not open flash loan 1"), |world| world.flash(&borrower, steps));
    // Not even within a loan of the other's own.
    let inner = [Step::loan(coin(5, UUSD), [Step::repay(), Step::repay_with(1, coin(1_001, UUSD))])];
    let steps = [Step::loan(coin(1_000, UUSD), [World::flash_by(&other, inner)])];
    refuses(&mut world, &format!("{other} did not open flash loan 1"), |world| world.flash(&borrower, steps));
    // Two contracts may each have their own.
    let inner = World::flash_by(&other, [Step::loan(coin(10_000, UUSD), [Step::repay()])]);
    world.flash(&borrower, [Step::loan(coin(1_000, UUSD), [inner, Step::repay()])]).unwrap();
    assert_eq!(world.market(UUSD).reserves.raw(), 1 + 9);
    assert_eq!(world.balance(&other, UUSD), 1_000_000 - 9);
}

#[test]
fn repay_flash_loan_in_another_denom_is_refused() {
    let (mut world, borrower) = world_with_borrower();
    world.mint(&borrower, "ushell", 5_000);
    for denom in [UATOM, "ushell"] {
        let steps = [Step::loan(coin(1_000, UUSD), [Step::repay_with(1, coin(1_001, denom))])];
        let text = format!("flash loan 1 is in uusd, not in {denom}");
        refuses(&mut world, &text, |world| world.flash(&borrower, steps));
    }
}

#[test]
fn repay_flash_loan_with_too_little_is_refused() {
    let (mut world, borrower) = world_with_borrower();
    for sent in [1, 1_112, 1_113] {
        let steps = [Step::loan(coin(1_112, UUSD), [Step::repay_with(1, coin(sent, UUSD))])];
        let text = format!("flash loan 1 wants 1114 uusd back, {sent} was sent");
        refuses(&mut world, &text, |world| world.flash(&borrower, steps));
    }
    // Not in parts either.
    let halves = [Step::repay_with(1, coin(557, UUSD)), Step::repay_with(1, coin(557, UUSD))];
    let text = "flash loan 1 wants 1114 uusd back, 557 was sent";
    refuses(&mut world, text, |world| world.flash(&borrower, [Step::loan(coin(1_112, UUSD), halves)]));
}

#[test]
fn repay_flash_loan_with_too_much_returns_the_rest() {
    let (mut world, borrower) = world_with_borrower();
    let steps = [Step::loan(coin(1_000, UUSD), [Step::repay_with(1, coin(900_000, UUSD))])];
    let response = world.flash(&borrower, steps).unwrap();
    assert_eq!(world.balance(&borrower, UUSD), 1_000_000_000 - 1);
    assert_eq!(world.market(UUSD).reserves.raw(), 1);
    assert_eq!(values(&response, "amount"), ["1000", "1001"]);
    assert_solvent(&world);
}

#[test]
fn repay_flash_loan_with_more_than_128_bits_is_refused() {
    let (mut world, borrower) = world_with_borrower();
    mint_wide(&mut world, borrower.as_str(), UUSD, too_wide());
    let wide = Coin { denom: UUSD.to_owned(), amount: too_wide() };
    let text = "amount 340282366920938463463374607431768211456 uusd does not fit 128 bits";
    let steps = [Step::loan(coin(1_000, UUSD), [Step::repay_with(1, wide)])];
    refuses(&mut world, text, |world| world.flash(&borrower, steps));
    // The largest that fits is more than enough.
    let steps = [Step::loan(coin(1_000, UUSD), [Step::repay_with(1, coin(u128::MAX, UUSD))])];
    world.flash(&borrower, steps).unwrap();
    assert_eq!(world.market(UUSD).reserves.raw(), 1);
}

#[test]
fn repay_flash_loan_works_when_loans_are_stopped_or_dearer_meanwhile() {
    let (mut world, borrower) = world_with_borrower();
    own(&mut world, &borrower);
    let stop = ExecuteMsg::Pause { denom: None, deposit: true, borrow: true, flash_loan: true };
    let changes = AssetChanges { flash_loan_fee: Some(Ratio::percent(1)), ..Default::default() };
    let dearer = ExecuteMsg::UpdateAsset { denom: UUSD.to_owned(), changes };
    let again = Step::loan(coin(5, UATOM), [Step::repay()]).or_not();
    let steps = [Step::pool(stop), Step::pool(dearer), again, Step::repay_with(1, coin(10_009, UUSD))];
    let response = world.flash(&borrower, [Step::loan(coin(10_000, UUSD), steps)]).unwrap();
    assert_eq!(values(&response, "tried"), ["flash loan of uatom is stopped"]);
    assert_eq!(world.market(UUSD).reserves.raw(), 9);
}

/// Makes the borrower owner and guardian of the pool, and its admin.
fn own(world: &mut World, borrower: &Addr) {
    use plimsoll_schema::ownership::OwnerUpdate;
    let pool = world.pool().to_string();
    let new = borrower.to_string();
    let roles = ExecuteMsg::UpdateRoles { risk_manager: Some(new.clone()), guardian: Some(new.clone()) };
    world.execute(OWNER, &roles, &[]).unwrap();
    let propose = ExecuteMsg::UpdateOwner(OwnerUpdate::Propose { owner: new.clone() });
    world.execute(OWNER, &propose, &[]).unwrap();
    world.execute(borrower, &ExecuteMsg::UpdateOwner(OwnerUpdate::Accept {}), &[]).unwrap();
    let owner = world.addr(OWNER);
    let admin = WasmMsg::UpdateAdmin { contract_addr: pool, admin: new };
    cw_multi_test::Executor::execute(world.app_mut(), owner, admin.into()).unwrap();
}

#[test]
fn migrate_while_a_flash_loan_is_open_is_refused() {
    let (mut world, borrower) = world_with_borrower();
    own(&mut world, &borrower);
    let new_code_id = world.app_mut().store_code(pool_code());
    let msg = to_json_binary(&MigrateMsg {}).unwrap();
    let migrate = Step::Send(WasmMsg::Migrate { contract_addr: world.pool().to_string(), new_code_id, msg }.into());
    let steps = [Step::loan(coin(1_000, UUSD), [migrate.clone(), Step::repay()])];
    refuses(&mut world, "flash loan 1 is open", |world| world.flash(&borrower, steps));
    let second = Step::loan(coin(5, UUSD), [Step::repay_with(1, coin(1_001, UUSD)), migrate.clone(), Step::repay()]);
    let steps = [Step::loan(coin(1_000, UUSD), [second])];
    refuses(&mut world, "flash loan 2 is open", |world| world.flash(&borrower, steps));
    // Once all are repaid nothing is in the way, be the callback over or not.
    let steps = [Step::loan(coin(1_000, UUSD), [Step::repay(), migrate.clone()]), migrate];
    world.flash(&borrower, steps).unwrap();
    assert_solvent(&world);
}

fn asserted(id: u64, prepare: impl FnOnce(&mut dyn cosmwasm_std::Storage)) -> Result<(), String> {
    let mut deps = mock_dependencies();
    LOAN_COUNT.save(&mut deps.storage, &7).unwrap();
    prepare(&mut deps.storage);
    let info = message_info(&Addr::unchecked(BOB), &[]);
    let msg = ExecuteMsg::AssertFlashLoanRepaid(LoanId { id });
    let response = contract::execute(deps.as_mut(), mock_env(), info, msg).map_err(|error| error.to_string())?;
    assert!(response.messages.is_empty() && response.attributes.is_empty());
    Ok(())
}

#[test]
fn assert_flash_loan_repaid_refuses_an_open_loan_and_one_that_never_was() {
    for id in [0, 8, u64::MAX] {
        assert_eq!(asserted(id, |_| ()), Err(format!("flash loan {id} is not open")));
    }
    assert_eq!(asserted(7, |_| ()), Ok(()));
    let receiver = Addr::unchecked(ALICE);
    let open = OpenLoan { receiver, asset: AssetId(0), amount: Amount::new(5), fee: Amount::ZERO };
    let save = |storage: &mut dyn cosmwasm_std::Storage| LOANS.save(storage, 7, &open).unwrap();
    assert_eq!(asserted(7, save), Err("flash loan 7 is not repaid".to_owned()));
    assert_eq!(asserted(6, save), Ok(()));
}
