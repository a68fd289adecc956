//! The outflow limit of a market: what it holds, what passes, and what it says.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests: names say what is tested, and a failed setup is a failure"
)]

use crate::support::{assert_solvent, refuses};
use plimsoll_pool::state::OUTFLOWS;
use plimsoll_risk::outflow::{Outflow, OutflowLimit};
use plimsoll_risk::units::{Amount, Ratio};
use plimsoll_schema::compact::decode;
use plimsoll_schema::pool::{
    AmountOrMax, AssetChanges, BatchAction, Borrow, ExecuteMsg, FromPurse, Listed, OnBehalf, OutflowChange, QueryMsg,
    UserPositionResponse, Withdraw,
};
use plimsoll_testing::{
    ALICE, Addr, BOB, LENDER, LIQUIDATOR, OWNER, RISK_MANAGER, Step, UATOM, UUSD, World, coin, values,
};

const HOUR: u64 = 3_600;

/// A tenth an hour, and three times 2 dollars above it.
fn limit() -> OutflowLimit {
    OutflowLimit { share: Ratio::percent(10), window: HOUR, floor: Amount::new(2_000_000), floor_count: 3 }
}

fn no_floor() -> OutflowLimit {
    OutflowLimit { floor_count: 0, ..limit() }
}

/// 1,000 dollars lent, of which 100 may leave an hour; Alice has 100 ATOM, at 10 dollars each.
fn limited(limit: OutflowLimit) -> World {
    let mut world = World::builder()
        .edit(UUSD, |asset| {
            *asset = asset.clone().interest_free();
            asset.params.outflow_limit = Some(limit);
        })
        .lent(1_000)
        .build();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    world.advance(1);
    world
}

/// The same with nothing left to leave.
fn empty(limit: OutflowLimit) -> World {
    let mut world = limited(limit);
    world.withdraw(LENDER, UUSD, 100_000_000).unwrap();
    world
}

fn record(world: &World) -> Option<Outflow> {
    let bytes = world.query_raw(world.pool(), OUTFLOWS.key(0));
    bytes.map(|bytes| decode(&bytes).unwrap())
}

fn used(world: &World) -> u128 {
    world.market(UUSD).outflow.unwrap().used.raw()
}

fn set(limit: OutflowLimit) -> AssetChanges {
    AssetChanges { outflow_limit: Some(OutflowChange::Set(limit)), ..Default::default() }
}

fn withdrawal(amount: AmountOrMax) -> Withdraw {
    Withdraw { denom: UUSD.to_owned(), amount: Some(amount), recipient: None, account_id: None, on_behalf_of: None }
}

fn withdraw(amount: u128) -> BatchAction {
    BatchAction::Withdraw(withdrawal(Amount::new(amount).into()))
}

fn borrow(amount: u128) -> BatchAction {
    let (denom, amount) = (UUSD.to_owned(), Amount::new(amount).into());
    BatchAction::Borrow(Borrow { denom, amount, recipient: None, account_id: None, on_behalf_of: None })
}

fn deposit(amount: u128) -> BatchAction {
    let coin = coin(amount, UUSD);
    BatchAction::Deposit(FromPurse { coin, account_id: Some(7), on_behalf_of: None })
}

fn refusal(wanted: u128, free: u128, more: u128, at: u64) -> String {
    format!("outflow limit of uusd: {wanted} would leave, {free} may leave now and {more} at {at}")
}

#[test]
fn the_limit_is_reached_to_the_unit_by_withdrawals_and_loans_together() {
    let mut world = limited(no_floor());
    let now = world.now();
    world.withdraw(LENDER, UUSD, 60_000_000).unwrap();
    // 940 are supplied now, of which a tenth is 94: 6.000001 too much is free again after 3,600 s × 6.000001 / 94.
    let text = refusal(40_000_001, 40_000_000, 40_000_001, now + 230);
    refuses(&mut world, &text, |world| world.borrow(ALICE, UUSD, 40_000_001));
    world.borrow(ALICE, UUSD, 40_000_000).unwrap();
    let text = refusal(1, 0, 1, now + 230);
    refuses(&mut world, &text, |world| world.withdraw(LENDER, UUSD, 1));
    refuses(&mut world, &text, |world| world.borrow(ALICE, UUSD, 1));
    assert_eq!(used(&world), 100_000_000);
    assert_solvent(&world);
}

#[test]
fn what_has_left_is_free_again_in_a_straight_line() {
    let mut world = empty(no_floor());
    // 900 are supplied now, so 90 are free again in an hour, and 2.25 in a fortieth of it.
    world.advance(HOUR / 40);
    let status = world.market(UUSD).outflow.unwrap();
    assert_eq!([status.limit, status.used, status.free].map(Amount::raw), [90_000_000, 97_750_000, 0]);
    world.advance(HOUR / 8);
    let status = world.market(UUSD).outflow.unwrap();
    assert_eq!([status.limit, status.used, status.free].map(Amount::raw), [90_000_000, 86_500_000, 3_500_000]);
    let text = refusal(3_500_001, 3_500_000, 3_500_001, world.now() + 1);
    refuses(&mut world, &text, |world| world.withdraw(LENDER, UUSD, 3_500_001));
    world.withdraw(LENDER, UUSD, 3_500_000).unwrap();
    world.advance(10 * HOUR);
    assert_eq!(used(&world), 0);
}

#[test]
fn a_refusal_names_the_second_from_which_the_amount_leaves() {
    // What is wanted in all, and what can be had of it at most.
    for (wanted, more) in
        [(1_000_000, 1_000_000), (77_777_777, 77_777_777), (90_000_000, 90_000_000), (500_000_000, 90_000_000)]
    {
        let mut world = empty(no_floor());
        world.advance(77);
        let error = world.refused(|world| world.withdraw(LENDER, UUSD, wanted)).to_string();
        let at: u64 = error.rsplit(' ').next().unwrap().parse().unwrap();
        assert_eq!(error, refusal(wanted, 0, more, at));
        let seconds = at - world.now();
        world.advance(seconds - 1);
        assert!(world.refused(|world| world.withdraw(LENDER, UUSD, more)).to_string().starts_with("outflow limit"));
        world.advance(1);
        world.withdraw(LENDER, UUSD, more).unwrap();
    }
}

#[test]
fn withdrawals_up_to_the_floor_pass_above_the_limit_and_are_counted_so_many_times() {
    let mut world = empty(limit());
    let now = world.now();
    assert_eq!(world.market(UUSD).outflow.unwrap().free.raw(), 2_000_000);
    let text = refusal(2_000_001, 2_000_000, 2_000_001, now + 481);
    refuses(&mut world, &text, |world| world.withdraw(LENDER, UUSD, 2_000_001));
    for passed in [2_000_000, 1_500_000, 2_000_000] {
        world.withdraw(LENDER, UUSD, passed).unwrap();
    }
    // Of three times two dollars half a dollar is left.
    assert_eq!(used(&world), 105_500_000);
    assert_eq!(world.max_withdraw(LENDER, UUSD), 500_000);
    let error = world.refused(|world| world.withdraw(LENDER, UUSD, 500_001)).to_string();
    assert!(error.starts_with("outflow limit of uusd: 500001 would leave, 500000 may leave now"), "{error}");
    world.withdraw(LENDER, UUSD, 500_000).unwrap();
    // 106 are used of 89.4 then.
    refuses(&mut world, &refusal(1, 0, 1, now + 669), |world| world.withdraw(LENDER, UUSD, 1));
    let record = record(&world).unwrap();
    assert_eq!((record.passed.raw(), record.passed_at), (6_000_000, now));
}

#[test]
fn several_small_withdrawals_of_one_batch_are_no_small_one() {
    let mut world = empty(limit());
    let error = world.refused(|world| world.batch(LENDER, [withdraw(1_500_000), withdraw(600_000)], &[])).to_string();
    assert!(error.contains("2100000 would leave, 2000000 may leave now"), "{error}");
    world.batch(LENDER, [withdraw(1_500_000), withdraw(500_000)], &[]).unwrap();
}

#[test]
fn deposits_and_repayments_free_what_has_left() {
    let mut world = limited(no_floor());
    world.borrow(ALICE, UUSD, 60_000_000).unwrap();
    world.withdraw(LENDER, UUSD, 40_000_000).unwrap();
    world.repay(ALICE, UUSD, 25_000_000).unwrap();
    world.deposit(BOB, UUSD, 5_000_000).unwrap();
    assert_eq!(used(&world), 70_000_000);
    // What comes back of a repayment that is too large frees nothing.
    world.repay(ALICE, UUSD, 1_000_000_000).unwrap();
    assert_eq!(used(&world), 35_000_000);
    world.withdraw(LENDER, UUSD, 65_000_000).unwrap();
    assert!(world.refused(|world| world.withdraw(LENDER, UUSD, 1)).to_string().starts_with("outflow limit"));
}

#[test]
fn in_and_out_of_one_batch_cancel() {
    for (first, second) in
        [(withdraw(300_000_000), deposit(300_000_000)), (deposit(300_000_000), withdraw(300_000_000))]
    {
        let mut world = empty(no_floor());
        let purse = [coin(300_000_000, UUSD)];
        let before = used(&world);
        world.batch(LENDER, [first.clone(), second.clone()], &purse).unwrap();
        assert_eq!(used(&world), before);
        let error = world.refused(|world| world.batch(LENDER, [first, second, withdraw(1)], &purse)).to_string();
        assert!(error.starts_with("outflow limit of uusd: 1 would leave, 0 may leave now"), "{error}");
    }
}

#[test]
fn a_loan_and_its_repayment_in_one_batch_cancel() {
    let mut world = empty(OutflowLimit { floor: Amount::new(20_000_000), ..limit() });
    let repay =
        |amount| BatchAction::Repay(FromPurse { coin: coin(amount, UUSD), account_id: None, on_behalf_of: None });
    world.batch(ALICE, [borrow(200_000_000), repay(200_000_000)], &[coin(200_000_000, UUSD)]).unwrap();
    // Of a balance that is a loan nothing is small.
    let purse = [coin(190_000_000, UUSD)];
    let error = world.refused(|w| w.batch(ALICE, [borrow(200_000_000), repay(190_000_000)], &purse)).to_string();
    assert!(error.starts_with("outflow limit of uusd: 10000000 would leave, 0 may leave now"), "{error}");
}

/// A contract with 600 dollars of its own, 500 of them deposited: 150 may leave.
fn with_contract() -> (World, Addr) {
    let mut world = limited(no_floor());
    let borrower = world.borrower();
    world.mint(&borrower, UUSD, 600_000_000);
    world.flash(&borrower, [Step::pay(DEPOSIT, coin(500_000_000, UUSD))]).unwrap();
    world.advance(1);
    (world, borrower)
}

const DEPOSIT: ExecuteMsg = ExecuteMsg::Deposit(OnBehalf { account_id: None, on_behalf_of: None });

#[test]
fn a_batch_with_a_callback_is_held_to_its_balance() {
    let (mut world, borrower) = with_contract();
    let purse = || vec![coin(50_000_000, UUSD)];
    let out = |amount| Step::batch(vec![withdraw(amount), deposit(50_000_000)], purse(), []);
    let error = world.refused(|world| world.flash(&borrower, [out(200_000_001)])).to_string();
    assert!(error.starts_with("outflow limit of uusd: 150000001 would leave, 150000000 may leave now"), "{error}");
    world.flash(&borrower, [out(200_000_000)]).unwrap();
    assert_eq!(used(&world), 150_000_000);
    // In a callback the bucket is what the batch has left of it.
    let more = Step::pool(ExecuteMsg::Withdraw(withdrawal(Amount::new(1).into())));
    let atoms = vec![coin(1, UATOM)];
    world.mint(&borrower, UATOM, 1);
    let deposit = BatchAction::Deposit(FromPurse { coin: coin(1, UATOM), account_id: Some(7), on_behalf_of: None });
    let response = world.flash(&borrower, [Step::batch(vec![deposit], atoms, [more.or_not()])]).unwrap();
    assert!(values(&response, "tried")[0].contains("outflow limit of uusd"));
}

#[test]
fn flash_loans_are_not_held() {
    let (mut world, borrower) = with_contract();
    world.withdraw(LENDER, UUSD, 150_000_000).unwrap();
    let before = used(&world);
    world.flash(&borrower, [Step::loan(coin(900_000_000, UUSD), [Step::repay()])]).unwrap();
    assert_eq!(used(&world), before);
}

#[test]
fn a_deposit_for_a_moment_neither_raises_the_limit_nor_empties_it_for_others() {
    let (mut world, borrower) = with_contract();
    world.withdraw(LENDER, UUSD, 30_000_000).unwrap();
    let before = world.market(UUSD).outflow.unwrap();
    let out = Step::pool(ExecuteMsg::Withdraw(withdrawal(Amount::new(900_000_000).into())));
    let steps = [Step::pay(DEPOSIT, coin(900_000_000, UUSD)), out, Step::repay()];
    world.flash(&borrower, [Step::loan(coin(900_000_000, UUSD), steps)]).unwrap();
    assert_eq!(world.market(UUSD).outflow, Some(before));

    // Nor one that stays to the end of the second.
    world.deposit(BOB, UUSD, 10_000_000_000_000).unwrap();
    assert_eq!(world.market(UUSD).outflow.unwrap().limit, before.limit);
    world.withdraw(BOB, UUSD, 10_000_000_000_000).unwrap();
    world.withdraw(LENDER, UUSD, 120_000_000).unwrap();
    assert!(world.refused(|world| world.withdraw(LENDER, UUSD, 1)).to_string().contains("0 may leave now"));
}

#[test]
fn liquidations_are_not_held_and_leave_the_buckets_as_they_are() {
    let limited = |asset: &mut plimsoll_testing::Asset| asset.params.outflow_limit = Some(no_floor());
    let mut world = World::builder().edit(UUSD, limited).edit(UATOM, limited).lent(1_000_000).build();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    world.advance(1);
    world.borrow(ALICE, UUSD, 640_000_000).unwrap();
    for denom in [UUSD, UATOM] {
        let free = world.market(denom).outflow.unwrap().free.raw();
        world.withdraw(LENDER, denom, free).unwrap();
        assert!(world.refused(|world| world.withdraw(LENDER, denom, 1)).to_string().starts_with("outflow limit"));
    }
    world.set_price(UATOM, "8");
    let uatom = world.balance(LIQUIDATOR, UATOM);
    let before = [UUSD, UATOM].map(|denom| world.market(denom).outflow.unwrap());
    world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 300_000_000)).unwrap();
    assert!(world.balance(LIQUIDATOR, UATOM) > uatom);
    assert_eq!([UUSD, UATOM].map(|denom| world.market(denom).outflow.unwrap()), before);
    // What is left of the account's debt may be repaid, and that frees as much.
    let owed = world.owed(ALICE, UUSD);
    world.repay(ALICE, UUSD, owed).unwrap();
    assert_eq!(used(&world), before[0].used.raw() - owed);
    assert_solvent(&world);
}

#[test]
fn reserves_are_not_held() {
    let mut world = limited(no_floor());
    world.cover(BOB, UUSD, 70_000_000).unwrap();
    let recipient = world.addr(BOB).into_string();
    let request = ExecuteMsg::RequestReserves { denom: UUSD.to_owned(), amount: Amount::new(70_000_000), recipient };
    world.execute(OWNER, &request, &[]).unwrap();
    world.advance(86_400);
    world.withdraw(LENDER, UUSD, 100_000_000).unwrap();
    let bob = world.balance(BOB, UUSD);
    let before = used(&world);
    let listed = Listed { denom: UUSD.to_owned() };
    world.execute(LIQUIDATOR, &ExecuteMsg::WithdrawReserves(listed), &[]).unwrap();
    assert_eq!((world.balance(BOB, UUSD), used(&world)), (bob + 10_000_000, before));
}

#[test]
fn without_a_limit_nothing_is_read_or_written_for_it() {
    let mut ops = vec![];
    for limited in [false, true] {
        let limit = limited.then(no_floor);
        let mut world = World::builder().edit(UUSD, |asset| asset.params.outflow_limit = limit).lent(1_000).build();
        world.deposit(BOB, UUSD, 5).unwrap();
        let ((), done) = world.counted(|world| drop(world.withdraw(BOB, UUSD, 3).unwrap()));
        ops.push((done.reads, done.writes, done.removes));
        assert_eq!((record(&world).is_some(), world.market(UUSD).outflow.is_some()), (limited, limited));
    }
    let (reads, writes, removes) = ops[0];
    assert_eq!(ops[1], (reads + 1, writes + 1, removes));
}

#[test]
fn without_prices_whoever_owes_nothing_withdraws_within_the_limit() {
    let mut world = limited(no_floor());
    world.advance(HOUR + 1);
    world.withdraw(LENDER, UUSD, 100_000_000).unwrap();
    assert!(world.refused(|world| world.withdraw(LENDER, UUSD, 1)).to_string().starts_with("outflow limit"));
}

#[test]
fn queries_and_max_say_what_may_leave() {
    let mut world = limited(limit());
    assert_eq!((world.max_withdraw(LENDER, UUSD), world.max_borrow(ALICE, UUSD)), (100_000_000, 100_000_000));
    let lender = world.balance(LENDER, UUSD);
    world.withdraw_all(LENDER, UUSD).unwrap();
    assert_eq!(world.balance(LENDER, UUSD), lender + 100_000_000);
    assert_eq!((world.max_withdraw(LENDER, UUSD), world.max_borrow(ALICE, UUSD)), (2_000_000, 0));
    let max = |amount: AmountOrMax| ExecuteMsg::Withdraw(withdrawal(amount));
    for _ in 0..3 {
        let response = world.execute(LENDER, &max(AmountOrMax::Max), &[]).unwrap();
        assert_eq!(values(&response, "amount"), ["2000000"]);
    }
    assert_eq!(world.max_withdraw(LENDER, UUSD), 0);
    refuses(&mut world, "nothing of uusd can be withdrawn", |w| w.execute(LENDER, &max(AmountOrMax::Max), &[]));
    let text = refusal(894_000_000, 0, 89_400_000, world.now() + 4_269);
    refuses(&mut world, &text, |world| world.withdraw_all(LENDER, UUSD));

    // A batch says the same as its preview, in which "max" leaves room for what was brought before it.
    let simulate = |world: &World, actions: Vec<BatchAction>| {
        let user = world.addr(LENDER).into_string();
        world.query::<UserPositionResponse>(&QueryMsg::Simulate { user, account_id: None, actions })
    };
    let actions = vec![deposit(5_000_000), withdraw(5_000_001)];
    let error = world.refused(|world| world.batch(LENDER, actions.clone(), &[coin(5_000_000, UUSD)]));
    assert!(error.to_string().starts_with("outflow limit of uusd: 1 would leave"), "{error}");
    assert_eq!(simulate(&world, actions), Err(error));
    let actions = vec![deposit(5_000_000), BatchAction::Withdraw(withdrawal(AmountOrMax::Max))];
    let previewed = simulate(&world, actions.clone()).unwrap();
    let response = world.batch(LENDER, actions, &[coin(5_000_000, UUSD)]).unwrap();
    assert_eq!(values(&response, "amount"), ["5000000", "5000000"]);
    assert_eq!(world.position(LENDER), previewed);
}

#[test]
fn another_limit_counts_what_has_left_under_the_old_one() {
    let mut world = limited(no_floor());
    world.withdraw(LENDER, UUSD, 60_000_000).unwrap();
    // A tenth of an hour at 94 an hour.
    world.advance(HOUR / 10);
    world.update_asset(UUSD, set(OutflowLimit { window: 24 * HOUR, ..no_floor() })).unwrap();
    assert_eq!(used(&world), 50_600_000);
    world.advance(24 * HOUR / 10);
    assert_eq!(used(&world), 41_200_000);
    world.update_asset(UUSD, set(OutflowLimit { share: Ratio::percent(1), ..no_floor() })).unwrap();
    let status = world.market(UUSD).outflow.unwrap();
    assert_eq!([status.limit, status.used, status.free].map(Amount::raw), [9_400_000, 41_200_000, 0]);
}

#[test]
fn a_limit_is_switched_off_and_on_by_the_owner_alone() {
    let mut world = empty(no_floor());
    let text = "the risk manager may not change outflow_limit so: only caps, max LTV and threshold, and only downwards";
    for changes in [set(OutflowLimit { share: Ratio::percent(1), ..limit() }), off()] {
        let msg = ExecuteMsg::UpdateAsset { denom: UUSD.to_owned(), changes };
        refuses(&mut world, text, |world| world.execute(RISK_MANAGER, &msg, &[]));
    }
    // What is not named stays.
    world.update_asset(UUSD, AssetChanges { reserve_factor: Some(Ratio::percent(5)), ..Default::default() }).unwrap();
    assert_eq!((world.market(UUSD).params.outflow_limit, used(&world)), (Some(no_floor()), 100_000_000));
    world.update_asset(UUSD, off()).unwrap();
    assert_eq!((world.market(UUSD).params.outflow_limit, record(&world)), (None, None));
    world.withdraw(LENDER, UUSD, 400_000_000).unwrap();
    world.update_asset(UUSD, set(no_floor())).unwrap();
    assert_eq!(record(&world), Some(Outflow::open(Amount::new(500_000_000), world.now())));
    world.withdraw(LENDER, UUSD, 50_000_000).unwrap();
    assert!(world.refused(|world| world.withdraw(LENDER, UUSD, 1)).to_string().starts_with("outflow limit"));
}

fn off() -> AssetChanges {
    AssetChanges { outflow_limit: Some(OutflowChange::Off), ..Default::default() }
}

#[test]
fn a_limit_that_would_be_a_stop_is_refused() {
    let mut world = World::new();
    let text = "outflow_limit: share 0.009 is not between 0.01 and 1, window 3600 not between 3600 and 86400, or floor \
                2000000 above 1000000000000000000000000000000";
    let tight = OutflowLimit { share: Ratio::bps(90), ..limit() };
    refuses(&mut world, text, |world| world.update_asset(UUSD, set(tight)));
}
