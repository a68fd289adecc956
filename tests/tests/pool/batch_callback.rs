//! `batch` with a callback.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests: names say what is tested, and a failed setup is a failure"
)]

use crate::support::{assert_solvent, refuses};
use cosmwasm_std::Coin;
use plimsoll_pool::state::{ACCOUNTS, OPEN_BATCH};
use plimsoll_risk::units::Amount;
use plimsoll_schema::pool::{
    BatchAction, Borrow, CollateralStatus, ExecuteMsg, FromPurse, Listed, OnBehalf, QueryMsg, SolvencyResponse,
    UserAccount, UserAsset, UserPositionResponse, Withdraw,
};
use plimsoll_testing::{ALICE, Addr, LIQUIDATOR, Step, UATOM, UUSD, World, coin, values};

fn deposit(amount: u128, denom: &str) -> BatchAction {
    BatchAction::Deposit(FromPurse { coin: coin(amount, denom), account_id: None, on_behalf_of: None })
}

fn repay(amount: u128, denom: &str) -> BatchAction {
    BatchAction::Repay(FromPurse { coin: coin(amount, denom), account_id: None, on_behalf_of: None })
}

fn borrow(amount: u128, denom: &str) -> BatchAction {
    let denom = denom.to_owned();
    let amount = Amount::new(amount);
    BatchAction::Borrow(Borrow { denom, amount: amount.into(), recipient: None, account_id: None, on_behalf_of: None })
}

fn withdraw(amount: u128, denom: &str) -> BatchAction {
    let denom = denom.to_owned();
    let amount = Some(Amount::new(amount));
    BatchAction::Withdraw(Withdraw {
        denom,
        amount: amount.map(Into::into),
        recipient: None,
        account_id: None,
        on_behalf_of: None,
    })
}

/// A million of everything lent, and a contract that has 1,000 ATOM, at 10 dollars each, and 1,000 dollars.
fn staged() -> (World, Addr) {
    let mut world = World::builder().lent(1_000_000).build();
    let borrower = world.borrower();
    for denom in [UUSD, UATOM] {
        world.mint(&borrower, denom, 1_000_000_000);
    }
    (world, borrower)
}

/// The contract's account: 100 ATOM, 650 dollars owed.
fn indebted() -> (World, Addr) {
    let (mut world, borrower) = staged();
    let open = Step::batch(vec![deposit(100_000_000, UATOM), borrow(650_000_000, UUSD)], vec![], [Step::bring()]);
    world.flash(&borrower, [open]).unwrap();
    (world, borrower)
}

fn position(world: &World, owner: &Addr) -> UserPositionResponse {
    world.query(&QueryMsg::UserPosition(UserAccount { user: owner.to_string(), account_id: None })).unwrap()
}

#[test]
fn batch_with_a_callback_borrows_first_and_brings_its_collateral_after() {
    let (mut world, borrower) = staged();
    let uusd = world.balance(&borrower, UUSD);
    let uatom = world.balance(&borrower, UATOM);
    let ask = || Step::Ask(QueryMsg::Solvency(Listed { denom: UATOM.to_owned() }));
    let actions = vec![deposit(100_000_000, UATOM), borrow(650_000_000, UUSD)];
    // Forty are attached, sixty are due.
    let open = Step::batch(actions, vec![coin(40_000_000, UATOM)], [ask(), Step::bring(), ask()]);
    let response = world.flash(&borrower, [open]).unwrap();
    assert_eq!(values(&response, "received"), ["650000000uusd"]);
    assert_eq!(values(&response, "due"), ["60000000uatom"]);
    assert_eq!(world.balance(&borrower, UUSD), uusd + 650_000_000);
    assert_eq!(world.balance(&borrower, UATOM), uatom - 100_000_000);
    let books: Vec<SolvencyResponse> =
        values(&response, "answered").into_iter().map(|text| serde_json::from_str(text).unwrap()).collect();
    assert_eq!([books[0].lent.raw(), books[1].lent.raw()], [60_000_000, 0]);
    assert!(books.iter().all(|books| books.solvent && books.bank_balance >= books.cash), "{books:?}");
    assert_eq!(position(&world, &borrower).collaterals[0].amount.raw(), 100_000_000);
    assert_solvent(&world);
    let pool = world.pool().clone();
    assert_eq!(world.query_raw(&pool, OPEN_BATCH.key().as_bytes().to_vec()), None);
    assert!(!world.account(&borrower).is_busy());
}

#[test]
fn batch_with_a_callback_does_what_a_batch_with_coins_does() {
    let (mut world, borrower) = staged();
    let before = world.snapshot();
    let actions = || vec![deposit(100_000_000, UATOM), borrow(650_000_000, UUSD)];
    let plain = ExecuteMsg::Batch { actions: actions(), callback: None };
    world.flash(&borrower, [Step::pay(plain, coin(100_000_000, UATOM))]).unwrap();
    let state = |world: &World| {
        (
            world.account(&borrower),
            world.market(UATOM).stored,
            world.market(UUSD).stored,
            world.balance(&borrower, UUSD),
        )
    };
    let wanted = state(&world);
    world.restore(&before);
    world.flash(&borrower, [Step::batch(actions(), vec![], [Step::bring()])]).unwrap();
    assert_eq!(state(&world), wanted);
}

#[test]
fn batch_with_a_callback_repays_a_debt_with_what_the_collateral_brings() {
    let (mut world, borrower) = indebted();
    let uusd = world.balance(&borrower, UUSD);
    let uatom = world.balance(&borrower, UATOM);
    // More is offered than is owed: what is due is what is used.
    let close = Step::batch(vec![withdraw(100_000_000, UATOM), repay(900_000_000, UUSD)], vec![], [Step::bring()]);
    let response = world.flash(&borrower, [close]).unwrap();
    let due = values(&response, "due")[0].strip_suffix(UUSD).unwrap().parse::<u128>().unwrap();
    assert!((650_000_000..651_000_000).contains(&due), "{due}");
    assert_eq!(world.balance(&borrower, UUSD), uusd - due);
    assert_eq!(world.balance(&borrower, UATOM), uatom + 100_000_000);
    assert!(world.account(&borrower).is_empty());
    let pool = world.pool().clone();
    assert_eq!(world.query_raw(&pool, ACCOUNTS.key((&borrower, 0))), None);
    assert_solvent(&world);
}

#[test]
fn batch_with_a_callback_that_leaves_an_account_above_its_max_ltv_is_refused() {
    let (mut world, borrower) = staged();
    let brought = |debt| Step::batch(vec![deposit(100_000_000, UATOM), borrow(debt, UUSD)], vec![], [Step::bring()]);
    let before = world.snapshot();
    world.flash(&borrower, [brought(699_000_000)]).unwrap();
    world.restore(&before);
    world.refused(|world| world.flash(&borrower, [brought(701_000_000)]));
    let unsecured = Step::batch(vec![borrow(100_000_000, UUSD)], vec![], []);
    world.refused(|world| world.flash(&borrower, [unsecured]));
}

#[test]
fn batch_whose_callback_brings_nothing_or_something_else_is_refused() {
    let (mut world, borrower) = staged();
    let actions = || vec![deposit(100_000_000, UATOM), borrow(650_000_000, UUSD)];
    let nothing = Step::batch(actions(), vec![], []);
    refuses(&mut world, "batch 1 is not repaid", |world| world.flash(&borrower, [nothing]));
    for (coins, sent) in
        [(vec![coin(99_999_999, UATOM)], "99999999uatom"), (vec![coin(100_000_000, UUSD)], "100000000uusd")]
    {
        let text = format!("batch 1 wants '100000000uatom' back, '{sent}' was sent");
        let other = Step::batch(actions(), vec![], [Step::bring_with(1, coins)]);
        refuses(&mut world, &text, |world| world.flash(&borrower, [other]));
    }
}

#[test]
fn batch_that_pays_out_what_its_callback_is_to_bring_is_refused() {
    let (mut world, borrower) = indebted();
    // Either would be a flash loan without a fee.
    for (actions, denom) in [
        (vec![deposit(500_000_000, UATOM), withdraw(500_000_000, UATOM)], UATOM),
        (vec![borrow(5_000_000, UUSD), repay(5_000_000, UUSD)], UUSD),
    ] {
        let text = format!("the callback is to bring {denom}, so none of it is paid out");
        let loan = Step::batch(actions, vec![], [Step::bring()]);
        refuses(&mut world, &text, |world| world.flash(&borrower, [loan]));
    }
}

/// Whatever acts on an account, its own or another's.
fn acts(owner: &str) -> Vec<Step> {
    let user = || owner.to_owned();
    let denom = |denom: &str| denom.to_owned();
    let account_id = None;
    let behalf = || OnBehalf { account_id, on_behalf_of: Some(user()) };
    let amount = Some(Amount::new(5));
    vec![
        Step::pay(ExecuteMsg::Deposit(behalf()), coin(5_000_000, UATOM)),
        Step::pay(ExecuteMsg::Repay(behalf()), coin(100_000_000, UUSD)),
        Step::pool(ExecuteMsg::Withdraw(Withdraw {
            denom: denom(UATOM),
            amount: amount.map(Into::into),
            recipient: None,
            account_id,
            on_behalf_of: None,
        })),
        Step::pool(ExecuteMsg::Borrow(Borrow {
            denom: denom(UUSD),
            amount: Amount::new(5).into(),
            recipient: None,
            account_id,
            on_behalf_of: None,
        })),
        Step::pool(ExecuteMsg::UpdateAssetCollateralStatus(CollateralStatus {
            denom: denom(UATOM),
            enable: true,
            account_id,
            on_behalf_of: None,
        })),
        Step::pool(ExecuteMsg::WriteOff(UserAccount { user: user(), account_id })),
        Step::pool(ExecuteMsg::SetOff(UserAsset { user: user(), account_id, denom: denom(UUSD) })),
    ]
}

#[test]
fn batch_lets_nobody_act_on_its_accounts_before_its_callback_is_over() {
    let (mut world, borrower) = indebted();
    let other = world.borrower();
    for denom in [UUSD, UATOM] {
        world.mint(&other, denom, 1_000_000_000);
    }
    // In the middle the account has nothing but its debt: a write-off would be a gift of 650 dollars.
    let swap =
        |step| Step::batch(vec![withdraw(100_000_000, UATOM), repay(650_000_000, UUSD)], vec![], [step, Step::bring()]);
    let text = format!("account {borrower}/0 is in a batch that waits for its callback");
    for step in acts(borrower.as_str()) {
        refuses(&mut world, &text, |world| world.flash(&borrower, [swap(step)]));
    }
    let write_off = Step::pool(ExecuteMsg::WriteOff(UserAccount { user: borrower.to_string(), account_id: None }));
    let item = world.liquidate_item(ALICE, UATOM, UUSD);
    let item = plimsoll_schema::pool::LiquidateItem { user: borrower.to_string(), account_id: None, ..item };
    let item = plimsoll_schema::pool::LiquidationItem::Liquidate(item);
    let by_other = World::flash_by(&other, [write_off]);
    refuses(&mut world, &text, |world| world.flash(&borrower, [swap(by_other)]));
    let whole = format!("0 items succeeded, 1 are wanted; the first that failed: item 0: {text}");
    let by_other = World::flash_by(&other, [Step::liquidate(vec![item], [Step::bring()])]);
    refuses(&mut world, &whole, |world| world.flash(&borrower, [swap(by_other)]));
}

/// The end of a batch of liquidations in its callback is not its own.
#[test]
fn batch_stays_open_when_a_liquidation_in_its_callback_is_over() {
    let (mut world, borrower) = staged();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    world.borrow(ALICE, UUSD, 640_000_000).unwrap();
    world.set_price(UATOM, "8");
    let item = plimsoll_schema::pool::LiquidationItem::Liquidate(world.liquidate_item(ALICE, UATOM, UUSD));
    let liquidation = || Step::liquidate(vec![item.clone()], [Step::bring()]);
    let open =
        |steps: Vec<Step>| Step::batch(vec![deposit(100_000_000, UATOM), borrow(500_000_000, UUSD)], vec![], steps);
    let repay = || Step::bring_with(1, vec![coin(100_000_000, UATOM)]);
    let before = world.snapshot();
    let response = world.flash(&borrower, [open(vec![liquidation(), repay()])]).unwrap();
    assert_eq!(values(&response, "repaid"), ["320000000"]);
    assert_solvent(&world);
    world.restore(&before);
    let text = format!("account {borrower}/0 is in a batch that waits for its callback");
    let early = Step::pay(ExecuteMsg::Repay(OnBehalf { account_id: None, on_behalf_of: None }), coin(5_000_000, UUSD));
    refuses(&mut world, &text, |world| world.flash(&borrower, [open(vec![liquidation(), early, repay()])]));
}

#[test]
fn batch_inside_the_callback_of_a_batch_is_refused() {
    let (mut world, borrower) = staged();
    let other = world.borrower();
    world.mint(&other, UATOM, 1_000_000_000);
    let actions = || vec![deposit(100_000_000, UATOM)];
    let plain = || Step::pay(ExecuteMsg::Batch { actions: actions(), callback: None }, coin(100_000_000, UATOM));
    let called = || Step::batch(actions(), vec![], [Step::bring()]);
    for inner in [plain(), called(), World::flash_by(&other, [plain()]), World::flash_by(&other, [called()])] {
        let outer = Step::batch(actions(), vec![], [inner, Step::bring()]);
        refuses(&mut world, "batch 1 waits for its callback", |world| world.flash(&borrower, [outer]));
    }
    // One after the other is fine.
    world.flash(&borrower, [called(), called()]).unwrap();
}

#[test]
fn batch_with_a_callback_and_nothing_due_calls_back_all_the_same() {
    let (mut world, borrower) = indebted();
    let purse: Vec<Coin> = vec![coin(50_000_000, UATOM)];
    let more = Step::batch(vec![deposit(50_000_000, UATOM), borrow(20_000_000, UUSD)], purse, [Step::Fail.or_not()]);
    let response = world.flash(&borrower, [more]).unwrap();
    assert_eq!(values(&response, "received"), ["20000000uusd"]);
    assert_eq!(values(&response, "due"), Vec::<&str>::new());
    assert_solvent(&world);
}

#[test]
fn batch_with_a_callback_is_judged_at_the_prices_after_it() {
    let (mut world, borrower) = staged();
    world.set_price(UATOM, "10");
    // Liquidation of others goes on meanwhile, and so do deposits into other accounts of the same owner.
    let elsewhere = ExecuteMsg::Deposit(OnBehalf { account_id: Some(3), on_behalf_of: None });
    let steps = [Step::pay(elsewhere, coin(5_000_000, UATOM)), Step::bring()];
    let open = Step::batch(vec![deposit(100_000_000, UATOM), borrow(650_000_000, UUSD)], vec![], steps);
    world.flash(&borrower, [open]).unwrap();
    assert_eq!(world.supplied(LIQUIDATOR, UATOM), 0);
    assert_solvent(&world);
}
