//! `set_operator` and `revoke_all`: what others may do on an account, alone and in a batch.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests: names say what is tested, and a failed setup is a failure"
)]

use crate::support::{Outcome, indebted, refuses, takes_no_funds};
use plimsoll_risk::units::Amount;
use plimsoll_schema::pool::{
    BatchAction, Borrow, CollateralStatus, ExecuteMsg, Expiry, FromPurse, OnBehalf, OperatorsResponse, QueryMsg, Scope,
    SetOperator, Withdraw,
};
use plimsoll_testing::{ALICE, Actor, Addr, BOB, Coin, IBC_TOKEN, LIQUIDATOR, Step, UATOM, UUSD, World, coin, values};

const ALL: [Scope; 6] = Scope::ALL;

/// An action on an account of Alice's, and the coin that it takes.
type Act = (BatchAction, Option<Coin>);

fn alice(world: &World) -> Option<String> {
    Some(world.addr(ALICE).into_string())
}

fn deposit(world: &World, coin: Coin, account_id: Option<u32>) -> Act {
    let action = BatchAction::Deposit(FromPurse { coin: coin.clone(), account_id, on_behalf_of: alice(world) });
    (action, Some(coin))
}

fn repay(world: &World, coin: Coin) -> Act {
    let action = BatchAction::Repay(FromPurse { coin: coin.clone(), account_id: None, on_behalf_of: alice(world) });
    (action, Some(coin))
}

fn withdraw(world: &World, amount: u128, recipient: Option<&str>) -> Act {
    let action = BatchAction::Withdraw(Withdraw {
        denom: UATOM.to_owned(),
        amount: Some(Amount::new(amount).into()),
        recipient: recipient.map(|who| world.addr(who).into_string()),
        account_id: None,
        on_behalf_of: alice(world),
    });
    (action, None)
}

fn borrow(world: &World, amount: u128, recipient: Option<&str>, account_id: Option<u32>) -> Act {
    let action = BatchAction::Borrow(Borrow {
        denom: UUSD.to_owned(),
        amount: Amount::new(amount).into(),
        recipient: recipient.map(|who| world.addr(who).into_string()),
        account_id,
        on_behalf_of: alice(world),
    });
    (action, None)
}

fn disable(world: &World, denom: &str) -> Act {
    let action = BatchAction::UpdateAssetCollateralStatus(CollateralStatus {
        denom: denom.to_owned(),
        enable: false,
        account_id: None,
        on_behalf_of: alice(world),
    });
    (action, None)
}

/// The action as a message of its own.
fn alone((action, _): &Act) -> ExecuteMsg {
    match action.clone() {
        BatchAction::Deposit(FromPurse { account_id, on_behalf_of, .. }) => {
            ExecuteMsg::Deposit(OnBehalf { account_id, on_behalf_of })
        }
        BatchAction::Repay(FromPurse { account_id, on_behalf_of, .. }) => {
            ExecuteMsg::Repay(OnBehalf { account_id, on_behalf_of })
        }
        BatchAction::Withdraw(order) => ExecuteMsg::Withdraw(order),
        BatchAction::Borrow(order) => ExecuteMsg::Borrow(order),
        BatchAction::UpdateAssetCollateralStatus(order) => ExecuteMsg::UpdateAssetCollateralStatus(order),
        BatchAction::TransferShares(order) => ExecuteMsg::TransferShares(order),
    }
}

fn batched((action, _): &Act) -> ExecuteMsg {
    ExecuteMsg::Batch { actions: vec![action.clone()], callback: None }
}

fn send(world: &mut World, act: &Act) -> Outcome {
    let coins: Vec<Coin> = act.1.iter().cloned().collect();
    world.execute(BOB, &alone(act), &coins)
}

/// Both ways are refused with this text.
#[track_caller]
fn both_refused(world: &mut World, act: &Act, text: &str) {
    let coins: Vec<Coin> = act.1.iter().cloned().collect();
    for msg in [alone(act), batched(act)] {
        refuses(world, text, |world| world.execute(BOB, &msg, &coins));
    }
}

/// Alice's account 0 has 100 ATOM at 10 dollars, and owes 100 dollars.
fn staged() -> World {
    indebted(100_000_000)
}

#[test]
fn an_operator_does_what_a_scope_allows_and_nothing_else() {
    use Scope as S;
    let mut world = World::builder().lent(1_000_000).build();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    let start = world.snapshot();
    let acts: [(&str, Act, &[Scope]); 6] = [
        ("opens a slot", deposit(&world, coin(5_000_000, IBC_TOKEN), None), &[S::OpenSlot]),
        ("withdraws to the owner", withdraw(&world, 7, Some(ALICE)), &[S::WithdrawToOwner, S::WithdrawAnywhere]),
        ("withdraws to another", withdraw(&world, 7, Some(BOB)), &[S::WithdrawAnywhere]),
        ("borrows to the owner", borrow(&world, 7_000_000, Some(ALICE), None), &[S::BorrowToOwner, S::BorrowAnywhere]),
        ("borrows to another", borrow(&world, 7_000_000, Some(BOB), None), &[S::BorrowAnywhere]),
        ("switches a deposit", disable(&world, UATOM), &[S::CollateralStatus]),
    ];
    for scope in ALL {
        world.restore(&start);
        world.grant(ALICE, BOB, &[scope]).unwrap();
        let granted = world.snapshot();
        for (what, act, allowed) in &acts {
            let coins: Vec<Coin> = act.1.iter().cloned().collect();
            for msg in [alone(act), batched(act)] {
                world.restore(&granted);
                let done = world.execute(BOB, &msg, &coins);
                assert_eq!(done.is_ok(), allowed.contains(&scope), "{scope:?} {what}: {done:?}");
            }
        }
    }
}

#[test]
fn an_operator_does_alone_and_in_a_batch_what_the_owner_does() {
    let mut world = staged();
    world.grant(ALICE, BOB, &ALL).unwrap();
    let start = world.snapshot();
    let acts = [
        deposit(&world, coin(5_000_000, UATOM), None),
        withdraw(&world, 5_000_000, None),
        borrow(&world, 5_000_000, None, None),
        repay(&world, coin(5_000_000, UUSD)),
    ];
    for act in acts {
        let coins: Vec<Coin> = act.1.iter().cloned().collect();
        let [owner, operator, batch] =
            [(ALICE, alone(&act)), (BOB, alone(&act)), (BOB, batched(&act))].map(|(who, msg)| {
                world.restore(&start);
                world.execute(who, &msg, &coins).unwrap();
                (world.account(ALICE), world.market(UATOM).stored, world.market(UUSD).stored)
            });
        assert_eq!(operator, owner, "{act:?}");
        assert_eq!(batch, owner, "{act:?}");
    }
}

#[test]
fn what_an_operator_takes_out_goes_to_the_owner_unless_another_is_named() {
    let mut world = staged();
    world.grant(ALICE, BOB, &[Scope::WithdrawAnywhere, Scope::BorrowAnywhere]).unwrap();
    let acts = [withdraw(&world, 7_000_000, None), borrow(&world, 9_000_000, None, None)];
    for msg in acts.iter().flat_map(|act| [alone(act), batched(act)]) {
        let response = world.execute(BOB, &msg, &[]).unwrap();
        assert_eq!(values(&response, "recipient"), [world.addr(ALICE).as_str()]);
    }
    let to_bob = [withdraw(&world, 7_000_000, Some(BOB)), borrow(&world, 9_000_000, Some(BOB), None)];
    for msg in to_bob.iter().flat_map(|act| [alone(act), batched(act)]) {
        let response = world.execute(BOB, &msg, &[]).unwrap();
        assert_eq!(values(&response, "recipient"), [world.addr(BOB).as_str()]);
    }
}

#[test]
fn anyone_tops_up_and_repays_without_a_grant() {
    let mut world = staged();
    let acts = [deposit(&world, coin(5_000_000, UATOM), None), repay(&world, coin(5_000_000, UUSD))];
    for act in acts {
        let coins: Vec<Coin> = act.1.iter().cloned().collect();
        for msg in [alone(&act), batched(&act)] {
            world.execute(BOB, &msg, &coins).unwrap();
        }
    }
    assert_eq!(world.account(ALICE).collaterals.len(), 1);
}

#[test]
fn an_act_without_a_grant_is_refused_by_name() {
    let mut world = staged();
    let bob = world.addr(BOB);
    let name = format!("{}/0", world.addr(ALICE));
    let none = format!("{bob} is no operator of account {name}");
    let act = withdraw(&world, 7, None);
    both_refused(&mut world, &act, &none);
}

#[test]
fn a_grant_ends_at_its_moment_and_not_before() {
    let mut world = staged();
    let start = world.snapshot();
    let bob = world.addr(BOB);
    let name = format!("{}/0", world.addr(ALICE));
    let moments =
        [Expiry::AtHeight(world.height() + 2), Expiry::AtTime(world.now() + 2 * plimsoll_testing::BLOCK_SECONDS)];
    for expiry in moments {
        world.restore(&start);
        world.grant_until(ALICE, BOB, &[Scope::WithdrawToOwner], Some(expiry)).unwrap();
        let act = withdraw(&world, 7, None);
        world.next_block();
        send(&mut world, &act).unwrap();
        world.next_block();
        let ended = match expiry {
            Expiry::AtHeight(height) => format!("height {height}"),
            Expiry::AtTime(time) => format!("time {time}"),
            Expiry::ThisBlock => unreachable!(),
        };
        both_refused(&mut world, &act, &format!("the grant of {bob} on account {name} ended at {ended}"));
    }
}

#[test]
fn a_grant_for_this_block_holds_in_it_and_not_in_the_next() {
    let mut world = staged();
    world.grant_until(ALICE, BOB, &[Scope::WithdrawToOwner], Some(Expiry::ThisBlock)).unwrap();
    let act = withdraw(&world, 7, None);
    send(&mut world, &act).unwrap();
    let next = world.height() + 1;
    world.next_block();
    let text = format!("the grant of {} on account {}/0 ended at height {next}", world.addr(BOB), world.addr(ALICE));
    both_refused(&mut world, &act, &text);
}

#[test]
fn set_operator_replaces_what_was_granted_and_ends_it_without_scopes() {
    let mut world = staged();
    world.grant_until(ALICE, BOB, &[Scope::WithdrawToOwner], Some(Expiry::ThisBlock)).unwrap();
    let response = world.grant(ALICE, BOB, &[Scope::BorrowToOwner, Scope::OpenSlot, Scope::OpenSlot]).unwrap();
    assert_eq!(values(&response, "scopes"), ["open_slot,borrow_to_owner"]);
    let bob = world.addr(BOB);
    let name = format!("{}/0", world.addr(ALICE));
    let act = withdraw(&world, 7, None);
    both_refused(&mut world, &act, &format!("{bob} acts on account {name} without the scope withdraw_anywhere"));
    let act = borrow(&world, 7, None, None);
    send(&mut world, &act).unwrap();
    world.grant(ALICE, BOB, &[]).unwrap();
    both_refused(&mut world, &act, &format!("{bob} is no operator of account {name}"));
}

#[test]
fn a_grant_is_for_one_account() {
    let mut world = staged();
    world.deposit((ALICE, 3), UATOM, 100_000_000).unwrap();
    world.grant((ALICE, 3), BOB, &[Scope::BorrowToOwner]).unwrap();
    let text = format!("{} is no operator of account {}/0", world.addr(BOB), world.addr(ALICE));
    let other = borrow(&world, 7, None, None);
    both_refused(&mut world, &other, &text);
    let granted = borrow(&world, 7_000_000, None, Some(3));
    send(&mut world, &granted).unwrap();
}

#[test]
fn revoke_all_ends_the_grants_of_all_accounts_and_no_others() {
    let mut world = staged();
    world.deposit((ALICE, 3), UATOM, 100_000_000).unwrap();
    world.deposit(LIQUIDATOR, UATOM, 100_000_000).unwrap();
    for owner in [Actor::from(ALICE), (ALICE, 3).into(), LIQUIDATOR.into()] {
        world.grant(owner, BOB, &[Scope::BorrowToOwner]).unwrap();
    }
    world.revoke_all(ALICE).unwrap();
    for id in [None, Some(3)] {
        let name = format!("{}/{}", world.addr(ALICE), id.unwrap_or_default());
        let act = borrow(&world, 7_000_000, None, id);
        let text = format!("{} is no operator of account {name}", world.addr(BOB));
        both_refused(&mut world, &act, &text);
    }
    let on_behalf_of = Some(world.addr(LIQUIDATOR).into_string());
    let order = Borrow {
        denom: UUSD.to_owned(),
        amount: Amount::new(7_000_000).into(),
        recipient: None,
        account_id: None,
        on_behalf_of,
    };
    world.execute(BOB, &ExecuteMsg::Borrow(order), &[]).unwrap();
    world.grant(ALICE, BOB, &[Scope::BorrowToOwner]).unwrap();
    let act = borrow(&world, 7_000_000, None, None);
    send(&mut world, &act).unwrap();
}

#[test]
fn set_operator_names_nobody_who_could_not_be_one_and_no_past_moment() {
    let mut world = staged();
    let pool = world.pool().to_string();
    let alice = world.addr(ALICE).into_string();
    for operator in [&alice, &pool] {
        let text = format!("{operator} can't be an operator: neither the account's owner nor the pool can");
        refuses(&mut world, &text, |world| world.grant(ALICE, operator.as_str(), &ALL));
    }
    let order = |operator: &str, expiry| SetOperator {
        operator: operator.to_owned(),
        account_id: None,
        scopes: ALL.to_vec(),
        expiry,
    };
    let bad = ExecuteMsg::SetOperator(order("bob", None));
    refuses(&mut world, "'bob' is not an address of this chain", |world| world.execute(ALICE, &bad, &[]));
    let bob = world.addr(BOB).into_string();
    let (height, now) = (world.height(), world.now());
    let past = [
        (Expiry::AtHeight(height), format!("height {height}")),
        (Expiry::AtHeight(0), "height 0".to_owned()),
        (Expiry::AtTime(now), format!("time {now}")),
    ];
    for (expiry, at) in past {
        let msg = ExecuteMsg::SetOperator(order(&bob, Some(expiry)));
        let text = format!("the grant would have ended already, at {at}");
        refuses(&mut world, &text, |world| world.execute(ALICE, &msg, &[]));
    }
    takes_no_funds(&mut world, ALICE, &ExecuteMsg::SetOperator(order(&bob, None)));
    takes_no_funds(&mut world, ALICE, &ExecuteMsg::RevokeAll {});
    let behalf = serde_json::json!({ "set_operator": { "operator": bob, "scopes": [], "on_behalf_of": alice } });
    assert!(serde_json::from_value::<ExecuteMsg>(behalf).is_err());
}

#[test]
fn an_operator_is_held_to_the_accounts_max_ltv() {
    let mut world = staged();
    world.grant(ALICE, BOB, &ALL).unwrap();
    let acts =
        [borrow(&world, 700_000_000, Some(BOB), None), withdraw(&world, 99_000_000, Some(BOB)), disable(&world, UATOM)];
    for act in acts {
        for msg in [alone(&act), batched(&act)] {
            let refusal = world.refused(|world| world.execute(BOB, &msg, &[])).to_string();
            assert!(refusal.contains("above the borrow limit"), "{refusal}");
        }
    }
}

#[test]
fn a_batch_acts_on_accounts_of_several_owners_and_checks_each() {
    let mut world = staged();
    world.grant(ALICE, BOB, &[Scope::BorrowAnywhere, Scope::WithdrawAnywhere]).unwrap();
    world.deposit(BOB, UATOM, 50_000_000).unwrap();
    let own = |amount| {
        let denom = UUSD.to_owned();
        let amount = Amount::new(amount);
        BatchAction::Borrow(Borrow {
            denom,
            amount: amount.into(),
            recipient: None,
            account_id: None,
            on_behalf_of: None,
        })
    };
    let hers = |world: &World, amount| borrow(world, amount, Some(BOB), None).0;
    let mut batch = |mine, theirs| {
        let actions = vec![own(mine), hers(&world, theirs)];
        world.execute(BOB, &ExecuteMsg::Batch { actions, callback: None }, &[]).map(drop)
    };
    assert!(batch(100_000_000, 700_000_000).is_err());
    assert!(batch(400_000_000, 100_000_000).is_err());
    batch(100_000_000, 100_000_000).unwrap();
    assert_eq!(world.account(ALICE).debts.len(), 1);
    assert_eq!(world.account(BOB).debts.len(), 1);
}

/// A contract with coins, that is Alice's operator, and another without a grant.
fn contracts(world: &mut World) -> [Addr; 2] {
    let operator = world.borrower();
    let other = world.borrower();
    for contract in [&operator, &other] {
        world.mint(contract, UUSD, 1_000_000_000);
        world.mint(contract, UATOM, 1_000_000_000);
    }
    world.grant(ALICE, &operator, &ALL).unwrap();
    [operator, other]
}

#[test]
fn a_callback_leverages_the_owners_account_and_nobody_acts_on_it_meanwhile() {
    let mut world = staged();
    let [operator, _] = contracts(&mut world);
    let open = || {
        vec![
            deposit(&world, coin(50_000_000, UATOM), None).0,
            borrow(&world, 300_000_000, Some(operator.as_str()), None).0,
        ]
    };
    let again = Step::pool(alone(&withdraw(&world, 7, None))).or_not();
    let nested = Step::batch(vec![withdraw(&world, 7, None).0], vec![], []).or_not();
    let steps = Step::batch(open(), vec![], [again, nested, Step::bring()]);
    let response = world.flash(&operator, [steps]).unwrap();
    let tried = values(&response, "tried");
    assert!(tried[0].contains("is in a batch that waits for its callback"), "{tried:?}");
    assert!(tried[1].contains("batch 1 waits"), "{tried:?}");
    assert!(!world.account(ALICE).is_busy());
    assert_eq!(world.account(&operator).collaterals.len(), 0);
    // The account is checked after the callback.
    let deposit = deposit(&world, coin(1_000_000, UATOM), None).0;
    let borrow = borrow(&world, 900_000_000, Some(operator.as_str()), None).0;
    let refusal =
        world.refused(|world| world.flash(&operator, [Step::batch(vec![deposit, borrow], vec![], [Step::bring()])]));
    assert!(refusal.to_string().contains("above the borrow limit"), "{refusal}");
}

#[test]
fn a_grant_that_is_revoked_in_a_callback_holds_no_longer_in_it() {
    let mut world = World::builder().lent(1_000_000).build();
    let owner = world.borrower();
    let operator = world.borrower();
    world.mint(&owner, UATOM, 1_000_000_000);
    world.mint(&operator, UATOM, 1_000_000_000);
    let grant = |id| {
        let order =
            SetOperator { operator: operator.to_string(), account_id: Some(id), scopes: ALL.to_vec(), expiry: None };
        Step::pool(ExecuteMsg::SetOperator(order))
    };
    let fill = |id| {
        let msg = ExecuteMsg::Deposit(OnBehalf { account_id: Some(id), on_behalf_of: None });
        Step::pay(msg, coin(100_000_000, UATOM))
    };
    world.flash(&owner, [fill(0), fill(1), grant(0), grant(1)]).unwrap();
    let borrow = |id| Borrow {
        denom: UUSD.to_owned(),
        amount: Amount::new(100_000_000).into(),
        recipient: None,
        account_id: Some(id),
        on_behalf_of: Some(owner.to_string()),
    };
    let more = BatchAction::Deposit(FromPurse {
        coin: coin(5_000_000, UATOM),
        account_id: Some(0),
        on_behalf_of: Some(owner.to_string()),
    });
    let revoke = World::flash_by(&owner, [Step::pool(ExecuteMsg::RevokeAll {})]);
    let elsewhere = || Step::pool(ExecuteMsg::Borrow(borrow(1))).or_not();
    let steps = [elsewhere(), revoke, elsewhere(), Step::bring()];
    let response =
        world.flash(&operator, [Step::batch(vec![BatchAction::Borrow(borrow(0)), more], vec![], steps)]).unwrap();
    let tried = values(&response, "tried");
    assert_eq!(tried[0], "done");
    assert!(tried[1].contains("is no operator of account"), "{tried:?}");
}

#[test]
fn operators_are_paged_by_address_and_say_whether_their_grant_holds() {
    let mut world = staged();
    let names = ["bob", "liquidator", "lender", "guardian"];
    for name in names {
        world.grant(ALICE, name, &[Scope::OpenSlot]).unwrap();
    }
    world.grant_until(ALICE, "bob", &[Scope::BorrowToOwner], Some(Expiry::ThisBlock)).unwrap();
    world.grant((ALICE, 1), "owner", &ALL).unwrap();
    let page = |world: &World, start_after: Option<String>, limit| -> OperatorsResponse {
        let user = world.addr(ALICE).into_string();
        world.query(&QueryMsg::Operators { user, account_id: None, start_after, limit }).unwrap()
    };
    let mut wanted: Vec<String> = names.iter().map(|name| world.addr(*name).into_string()).collect();
    wanted.sort();
    let first = page(&world, None, Some(3));
    let rest = page(&world, first.operators.last().map(|last| last.operator.clone()), Some(3));
    let seen: Vec<String> = first.operators.iter().chain(&rest.operators).map(|one| one.operator.clone()).collect();
    assert_eq!(seen, wanted);
    assert!(page(&world, None, None).operators.iter().all(|one| one.in_force));
    let end = world.height() + 1;
    world.next_block();
    let bob = world.addr("bob").into_string();
    let ended: Vec<_> = page(&world, None, None).operators.into_iter().filter(|one| !one.in_force).collect();
    assert_eq!(ended.len(), 1);
    assert_eq!((&ended[0].operator, ended[0].expiry), (&bob, Some(Expiry::AtHeight(end))));
    world.revoke_all(ALICE).unwrap();
    assert!(page(&world, None, None).operators.iter().all(|one| !one.in_force));
    for limit in [0, 101] {
        let user = world.addr(ALICE).into_string();
        let query = QueryMsg::Operators { user, account_id: None, start_after: None, limit: Some(limit) };
        assert!(world.query::<OperatorsResponse>(&query).is_err());
    }
}

#[test]
fn a_grant_costs_the_same_among_any_number() {
    let mut world = staged();
    let (_, one) = world.counted(|world| world.grant(ALICE, "operator_0", &ALL).unwrap());
    for n in 1..40 {
        world.grant(ALICE, format!("operator_{n}").as_str(), &ALL).unwrap();
    }
    let (_, forty) = world.counted(|world| world.grant(ALICE, "operator_40", &ALL).unwrap());
    assert_eq!([one.reads, one.writes], [forty.reads, forty.writes]);
    let (_, first) = world.counted(|world| world.revoke_all(ALICE).unwrap());
    let (_, second) = world.counted(|world| world.revoke_all(ALICE).unwrap());
    assert_eq!([first.reads, first.writes], [second.reads, second.writes]);
}
