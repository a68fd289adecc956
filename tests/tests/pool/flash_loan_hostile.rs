//! A flash loan's receiver that tries every message of the pool in the middle.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests: names say what is tested, and a failed setup is a failure"
)]

use std::collections::BTreeSet;

use crate::support::{assert_solvent, indebted};
use num_bigint::BigInt;
use num_rational::BigRational;
use plimsoll_risk::units::{Amount, Ratio, ScaledDebt, SupplyShares};
use plimsoll_schema::ownership::OwnerUpdate;
use plimsoll_schema::pool::{
    AssetChanges, BatchAction, Beneficiary, Borrow, CollateralStatus, ExecuteMsg, FromPurse, LiquidateBatch,
    LiquidationItem, Listed, LoanId, OnBehalf, Receive, Scope, SetOperator, TransferShares, UserAccount, UserAsset,
    Withdraw,
};
use plimsoll_testing::{
    AETH, ALICE, Actor, Addr, Asset, BOB, IBC_TOKEN, LENDER, OWNER, Step, UATOM, UUSD, World, coin, values,
};

/// Alice can be liquidated: 640 USD against 800 of ATOM. So can the borrower, by anyone but itself. It owns the pool, has 200 ATOM
/// and 100 USD deposited, owes 5 IBC tokens, and has coins of every kind.
fn besieged() -> (World, Addr) {
    let mut world = indebted(640_000_000);
    let borrower = world.borrower();
    for asset in Asset::defaults() {
        world.mint(&borrower, &asset.params.denom, asset.whole(10_000_000));
    }
    world.deposit(&borrower, UATOM, 200_000_000).unwrap();
    world.deposit(&borrower, UUSD, 100_000_000).unwrap();
    world.borrow(&borrower, IBC_TOKEN, 5_000_000).unwrap();
    world.execute(BOB, &ExecuteMsg::Cover { beneficiary: None }, &[coin(50_000_000, UUSD)]).unwrap();
    let owner = borrower.to_string();
    let request = ExecuteMsg::RequestReserves {
        denom: UUSD.to_owned(),
        amount: Amount::new(20_000_000),
        recipient: world.addr(LENDER).into_string(),
    };
    world.execute(OWNER, &request, &[]).unwrap();
    world.execute(OWNER, &ExecuteMsg::UpdateOwner(OwnerUpdate::Propose { owner }), &[]).unwrap();
    world.execute(&borrower, &ExecuteMsg::UpdateOwner(OwnerUpdate::Accept {}), &[]).unwrap();
    world.advance_fresh(86_400);
    world.set_price(UATOM, "8");
    assert!(world.position(ALICE).liquidatable);
    (world, borrower)
}

/// Every message of the pool, as the borrower may send it.
#[allow(clippy::too_many_lines, reason = "an entry a message")]
fn every_message(world: &World) -> Vec<Step> {
    let alice = world.addr(ALICE).into_string();
    let borrower = world.addr(BOB).into_string();
    let denom = || UUSD.to_owned();
    let amount = Amount::new;
    let config = world.config().config;
    let withdraw = |denom: &str, amount: Option<Amount>| {
        ExecuteMsg::Withdraw(Withdraw {
            denom: denom.to_owned(),
            amount: amount.map(Into::into),
            recipient: None,
            account_id: None,
            on_behalf_of: None,
        })
    };
    let borrow = |denom: &str, raw| {
        ExecuteMsg::Borrow(Borrow {
            denom: denom.to_owned(),
            amount: amount(raw).into(),
            recipient: None,
            account_id: None,
            on_behalf_of: None,
        })
    };
    let enable = |enable| {
        ExecuteMsg::UpdateAssetCollateralStatus(CollateralStatus {
            denom: UATOM.to_owned(),
            enable,
            account_id: None,
            on_behalf_of: None,
        })
    };
    let liquidate = |receive| ExecuteMsg::Liquidate {
        user: alice.clone(),
        account_id: None,
        collateral_denom: UATOM.to_owned(),
        recipient: None,
        receive,
        allow_shares: None,
        min_receive: None,
    };
    let batch = ExecuteMsg::Batch {
        actions: vec![
            BatchAction::Deposit(FromPurse { coin: coin(7_000_000, UUSD), account_id: Some(1), on_behalf_of: None }),
            BatchAction::Withdraw(Withdraw {
                denom: denom(),
                amount: None,
                recipient: None,
                account_id: Some(1),
                on_behalf_of: None,
            }),
            BatchAction::Borrow(Borrow {
                denom: denom(),
                amount: amount(9_000_000).into(),
                recipient: None,
                account_id: None,
                on_behalf_of: None,
            }),
            BatchAction::Repay(FromPurse { coin: coin(9_500_000, UUSD), account_id: None, on_behalf_of: None }),
        ],
        callback: None,
    };
    let brought = vec![
        BatchAction::Deposit(FromPurse { coin: coin(7_000_000, UATOM), account_id: Some(1), on_behalf_of: None }),
        BatchAction::Borrow(Borrow {
            denom: denom(),
            amount: amount(30_000_000).into(),
            recipient: None,
            account_id: Some(1),
            on_behalf_of: None,
        }),
    ];
    let items = || {
        vec![
            LiquidationItem::Liquidate(world.liquidate_item(ALICE, UATOM, UUSD)),
            LiquidationItem::WriteOff(UserAccount { user: alice.clone(), account_id: None }),
        ]
    };
    let paid = LiquidateBatch {
        items: items(),
        recipient: None,
        receive: None,
        allow_shares: Some(true),
        min_success: Some(0),
        callback: None,
    };
    let mut listed = Asset::new("ushell", 6, "1").params;
    listed.supply_cap = amount(1);
    let changes = AssetChanges { flash_loan_fee: Some(Ratio::ZERO), borrow_cap: Some(amount(7)), ..Default::default() };
    let deposit = |on_behalf_of: Option<&String>| {
        ExecuteMsg::Deposit(OnBehalf { account_id: None, on_behalf_of: on_behalf_of.cloned() })
    };
    vec![
        Step::pay(deposit(None), coin(10_000_000, UUSD)),
        Step::pay(deposit(None), coin(10_000_000, UATOM)),
        Step::pay(deposit(Some(&alice)), coin(10_000_000, UATOM)),
        Step::pool(withdraw(UUSD, Some(amount(30_000_000)))),
        Step::pool(withdraw(UATOM, Some(amount(30_000_000)))),
        Step::pool(withdraw(UUSD, None)),
        Step::pool(withdraw(UATOM, None)),
        Step::pool(borrow(UUSD, 100_000_000)),
        Step::pool(borrow(IBC_TOKEN, 5_000_000)),
        Step::pool(borrow(UUSD, 2_000_000_000)),
        Step::pool(ExecuteMsg::SetOperator(SetOperator {
            operator: alice.clone(),
            account_id: None,
            scopes: vec![Scope::WithdrawAnywhere],
            expiry: None,
        })),
        Step::pool(ExecuteMsg::RevokeAll {}),
        Step::pool(ExecuteMsg::TransferShares(TransferShares {
            denom: UATOM.to_owned(),
            shares: Some(SupplyShares::new(5_000_000)),
            account_id: None,
            recipient: None,
            recipient_account_id: Some(1),
        })),
        Step::pay(ExecuteMsg::Repay(OnBehalf { account_id: None, on_behalf_of: None }), coin(3_000_000, IBC_TOKEN)),
        Step::pay(
            ExecuteMsg::Repay(OnBehalf { account_id: None, on_behalf_of: Some(alice.clone()) }),
            coin(3_000_000, UUSD),
        ),
        Step::pool(enable(false)),
        Step::pool(enable(true)),
        Step::pay(liquidate(None), coin(640_000_000, UUSD)),
        Step::pay(liquidate(Some(Receive::Shares)), coin(100_000_000, UUSD)),
        Step::pool(ExecuteMsg::WriteOff(UserAccount { user: alice.clone(), account_id: None })),
        Step::pool(ExecuteMsg::SetOff(UserAsset { user: alice.clone(), account_id: None, denom: denom() })),
        Step::pay(batch, coin(20_000_000, UUSD)),
        Step::batch(brought, vec![], [Step::bring()]),
        Step::liquidate(items(), [Step::bring()]),
        Step::liquidate(items(), []),
        Step::pay(ExecuteMsg::LiquidateBatch(paid), coin(640_000_000, UUSD)),
        Step::pay(ExecuteMsg::RepayBatch(LoanId { id: 1 }), coin(1_000_000, UUSD)),
        Step::pool(ExecuteMsg::FinishBatch(LoanId { id: 1 })),
        Step::pay(ExecuteMsg::Cover { beneficiary: None }, coin(1_000_000, UUSD)),
        Step::pay(ExecuteMsg::Cover { beneficiary: Some(Beneficiary::Suppliers) }, coin(1_000_000, UUSD)),
        Step::pay(ExecuteMsg::RepayFlashLoan(LoanId { id: 1 }), coin(1_000_000, UUSD)),
        Step::pool(ExecuteMsg::AssertFlashLoanRepaid(LoanId { id: 1 })),
        Step::loan(coin(1_000_000, UUSD), [Step::repay()]),
        Step::loan(coin(1_000_000, UUSD), []),
        Step::pool(ExecuteMsg::InitAsset { params: listed }),
        Step::pool(ExecuteMsg::UpdateAsset { denom: denom(), changes }),
        Step::pool(ExecuteMsg::Pause { denom: None, deposit: true, borrow: true, flash_loan: true }),
        Step::pool(ExecuteMsg::Unpause { denom: denom(), deposit: true, borrow: true, flash_loan: true }),
        Step::pool(ExecuteMsg::UpdateOracle { oracle: config.oracle.clone() }),
        Step::pool(ExecuteMsg::UpdateConfig { config }),
        Step::pool(ExecuteMsg::UpdateRoles { risk_manager: None, guardian: None }),
        Step::pool(ExecuteMsg::UpdateOwner(OwnerUpdate::Propose { owner: borrower.clone() })),
        Step::pool(ExecuteMsg::RequestReserves { denom: denom(), amount: amount(1), recipient: borrower }),
        Step::pool(ExecuteMsg::WithdrawReserves(Listed { denom: denom() })),
        Step::pool(ExecuteMsg::CancelReserves(Listed { denom: denom() })),
    ]
}

fn name(step: &Step) -> String {
    let msg = match step {
        Step::Pool { msg, .. } => serde_json::to_value(msg).unwrap(),
        Step::Loan { .. } => return "flash_loan".to_owned(),
        step => panic!("{step:?} is no message of the pool"),
    };
    msg.as_object().unwrap().keys().next().unwrap().clone()
}

#[test]
fn every_message_of_the_pool_is_among_those_tried() {
    let (world, _) = besieged();
    let tried: BTreeSet<String> = every_message(&world).iter().map(name).collect();
    // What the pool knows, it names when it doesn't know something.
    let error = serde_json::from_str::<ExecuteMsg>(r#"{"no_such_message":{}}"#).unwrap_err().to_string();
    let known = error.split_once("one of ").unwrap().1.split('`').skip(1).step_by(2);
    assert_eq!(tried, known.map(str::to_owned).collect());
}

#[test]
fn every_message_in_the_middle_of_a_loan_does_what_it_does_without_one() {
    let (mut world, borrower) = besieged();
    let mut done = 0;
    let before = world.snapshot();
    for step in every_message(&world) {
        world.restore(&before);
        // A part of the cash, so that what can be paid without the loan can be paid with it.
        let lent = [coin(1_000_000_000, UUSD), coin(1_000_000_000, UATOM)];
        let around = |middle: &[Step]| {
            let inner = middle.iter().cloned().chain([Step::repay()]);
            Step::loan(lent[0].clone(), [Step::loan(lent[1].clone(), inner), Step::repay()])
        };
        let within = world.flash(&borrower, [around(&[step.clone().or_not()])]).unwrap();
        let said = values(&within, "tried")[0].to_owned();
        let together = world.dump_of(world.pool());
        let wallets = wallets(&world, &borrower);
        assert_solvent(&world);
        // These are about the loan itself; what they do is for the other file to say.
        if name(&step).contains("flash_loan") {
            continue;
        }
        world.restore(&before);
        let alone = world.flash(&borrower, [around(&[]), step.clone().or_not()]).unwrap();
        assert_eq!(values(&alone, "tried")[0], said, "{step:?}");
        assert!(world.dump_of(world.pool()) == together, "{step:?}");
        assert_eq!(self::wallets(&world, &borrower), wallets, "{step:?}");
        done += u32::from(said == "done");
    }
    // Those refused are the withdrawal of too much, the borrow above max LTV and others that health forbids.
    assert!(done >= 20, "{done}");
}

fn wallets(world: &World, borrower: &Addr) -> Vec<u128> {
    let mut who: Vec<Actor> = [ALICE, BOB, LENDER].map(Actor::from).to_vec();
    who.extend([borrower.into(), world.pool().into()]);
    who.iter().flat_map(|who| Asset::defaults().into_iter().map(move |a| world.balance(who, &a.params.denom))).collect()
}

/// What a share is worth, with the virtual ones.
fn share_prices(world: &World) -> Vec<BigRational> {
    let price = |denom: &str| {
        let market = world.market(denom);
        let supply = market.supply.raw() + 1;
        let shares = market.stored.supply_shares.raw() + 1_000_000;
        BigRational::new(BigInt::from(supply), BigInt::from(shares))
    };
    [UUSD, UATOM, IBC_TOKEN, AETH].map(price).to_vec()
}

/// Invariants 1 to 3 of a world in which only these have accounts.
fn holds(world: &World, borrower: &Addr) {
    assert_solvent(world);
    let all: Vec<Actor> = vec![
        ALICE.into(),
        BOB.into(),
        LENDER.into(),
        borrower.into(),
        (borrower.as_str(), 1).into(),
        (borrower.as_str(), 2).into(),
    ];
    let borrowers = world.borrowers();
    for market in world.markets() {
        let id = market.asset;
        let denom = market.params.denom;
        assert_eq!(world.balance(world.pool(), &denom), market.stored.cash.raw(), "bank of {denom}");
        let shares: u128 = all.iter().map(|who| world.account(who).shares(id).raw()).sum();
        assert_eq!(shares, market.stored.supply_shares.raw(), "shares of {denom}");
        let scaled: u128 = all.iter().map(|who| world.account(who).debt(id).raw()).sum();
        assert_eq!(scaled, market.stored.debt_scaled.raw(), "debt of {denom}");
    }
    for who in &all {
        let listed = borrowers.iter().any(|record| record.key == world.key(who));
        assert_eq!(listed, world.account(who).debts.iter().any(|d| d.scaled > ScaledDebt::ZERO), "{who:?}");
    }
}

#[test]
fn every_message_with_all_cash_lent_breaks_no_invariant() {
    let (mut world, borrower) = besieged();
    let before = world.snapshot();
    let old = share_prices(&world);
    for step in every_message(&world) {
        world.restore(&before);
        let cash = |denom: &str| coin(world.market(denom).stored.cash.raw(), denom);
        let lent = [cash(UUSD), cash(UATOM), cash(IBC_TOKEN), cash(AETH)];
        let innermost: Vec<Step> = vec![step.clone().or_not(), step.clone().or_not(), Step::repay()];
        let steps = lent.into_iter().fold(innermost, |inner, coin| vec![Step::loan(coin, inner), Step::repay()]);
        // The outermost needs no second repayment.
        world.flash(&borrower, steps.into_iter().take(1)).unwrap();
        holds(&world, &borrower);
        for (new, old) in share_prices(&world).iter().zip(&old) {
            assert!(new >= old, "{step:?}");
        }
    }
}

/// As with all cash lent: in the callback of a batch any message leaves the books in balance and no share worth less, but for a loss.
#[test]
fn every_message_in_the_middle_of_a_batchs_callback_breaks_no_invariant() {
    let (mut world, borrower) = besieged();
    let before = world.snapshot();
    let old = share_prices(&world);
    for step in every_message(&world) {
        world.restore(&before);
        let item = LiquidationItem::Liquidate(world.liquidate_item(ALICE, UATOM, UUSD));
        let steps = [step.clone().or_not(), step.clone().or_not(), Step::bring()];
        world.flash(&borrower, [Step::liquidate(vec![item], steps)]).unwrap();
        holds(&world, &borrower);
        for (new, old) in share_prices(&world).iter().zip(&old) {
            assert!(new >= old, "{step:?}");
        }
    }
}

#[test]
fn no_pair_of_messages_in_the_middle_of_a_loan_pays() {
    let (mut world, borrower) = besieged();
    // Nobody is to be liquidated here: that pays, with a loan or without.
    world.set_price(UATOM, "10");
    let pool = every_message(&world);
    // Not the owner's own: the owner pays reserves out to whom they like.
    let users: Vec<&Step> = pool.iter().filter(|step| !name(step).ends_with("reserves")).collect();
    let before = world.snapshot();
    let old = equity(&world, &borrower);
    for first in &users {
        for second in &users {
            world.restore(&before);
            let all = coin(world.market(UUSD).stored.cash.raw() - 500_000_000, UUSD);
            let steps = [(*first).clone().or_not(), (*second).clone().or_not(), Step::repay()];
            if world.flash(&borrower, [Step::loan(all, steps)]).is_ok() {
                assert!(equity(&world, &borrower) <= old, "{first:?} and {second:?}");
                holds(&world, &borrower);
            }
        }
    }
}

/// The borrower's coins, deposits and debts at prices of 1, 10, 5 and 2,000.
fn equity(world: &World, borrower: &Addr) -> BigRational {
    let value = |denom: &str, amount: u128| {
        let assets = Asset::defaults();
        let asset = assets.iter().find(|a| a.params.denom == denom).unwrap();
        crate::support::rational(amount, asset.whole(1))
            * crate::support::rational(asset.price.raw(), 1_000_000_000_000_000_000)
    };
    let mut sum = crate::support::rational(0, 1);
    for asset in Asset::defaults() {
        sum += value(&asset.params.denom, world.balance(borrower, &asset.params.denom));
    }
    for id in 0..3 {
        let position = world.position((borrower.as_str(), id));
        for deposit in position.collaterals {
            sum += value(&deposit.denom, deposit.amount.raw());
        }
        for debt in position.debts {
            sum -= value(&debt.denom, debt.amount.raw());
        }
    }
    sum
}
