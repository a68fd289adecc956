//! A batch is its messages one after another with one check at the end, and gains nothing: random actions with amounts at the edges.

use num_rational::BigRational;
use num_traits::Zero;
use plimsoll_risk::units::Amount;
use plimsoll_schema::pool::{BatchAction, Borrow, CollateralStatus, ExecuteMsg, FromPurse, OnBehalf, Withdraw};
use plimsoll_testing::{ALICE, AppResponse, Coin, OWNER, World, WorldError, coin};

use super::setting::{COLLATERAL, DEBT, OTHER, settings};
use super::wealth::{of, text};

/// Numbers that look random and are the same each time (Knuth's MMIX).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % n
    }

    fn of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())].clone()
    }
}

/// Any action of Alice's on her account 0 or 1, of a unit, of what she has or owes, of nearly that, or of far too much.
fn action(world: &World, dice: &mut Dice) -> BatchAction {
    let id = u32::try_from(dice.below(5) / 4).unwrap();
    let denom = dice.of(&[COLLATERAL, DEBT, DEBT, OTHER]);
    let account_id = Some(id);
    let has = world.supplied((ALICE, id), denom);
    let owes = world.owed((ALICE, id), denom);
    let edges =
        [1, 2, has, has / 2, has / 100, owes, owes / 3, owes + 1, has + 1, world.whole(denom, 1), 1_000_000_007];
    let amount = dice.of(&edges).max(1);
    let coin = coin(amount, denom);
    let denom = denom.to_owned();
    let amount = Amount::new(amount);
    let recipient = None;
    match dice.below(10) {
        0..=2 => BatchAction::Deposit(FromPurse { coin, account_id, on_behalf_of: None }),
        3 | 4 => BatchAction::Withdraw(Withdraw {
            denom,
            amount: dice.of(&[None, Some(amount), Some(amount)]).map(Into::into),
            recipient,
            account_id,
            on_behalf_of: None,
        }),
        5 | 6 => {
            BatchAction::Borrow(Borrow { denom, amount: amount.into(), recipient, account_id, on_behalf_of: None })
        }
        7 | 8 => BatchAction::Repay(FromPurse { coin, account_id, on_behalf_of: None }),
        _ => BatchAction::UpdateAssetCollateralStatus(CollateralStatus {
            denom,
            enable: dice.below(2) == 0,
            account_id,
            on_behalf_of: None,
        }),
    }
}

/// What Alice may do only for a moment, and what makes it good, as far as that goes.
fn there_and_back(world: &World, dice: &mut Dice) -> [BatchAction; 2] {
    let part = dice.of(&[1, 2, 7]);
    let has = world.supplied(ALICE, COLLATERAL) / part;
    let owes = world.owed(ALICE, DEBT) / part;
    let back = dice.of(&[0, 1, has / 50]);
    let withdraw = BatchAction::Withdraw(Withdraw {
        denom: COLLATERAL.to_owned(),
        amount: Some(Amount::new(has.max(1)).into()),
        recipient: None,
        account_id: None,
        on_behalf_of: None,
    });
    let borrow = BatchAction::Borrow(Borrow {
        denom: DEBT.to_owned(),
        amount: Amount::new(owes.max(1)).into(),
        recipient: None,
        account_id: None,
        on_behalf_of: None,
    });
    let deposit = BatchAction::Deposit(FromPurse {
        coin: coin(has.saturating_sub(back).max(1), COLLATERAL),
        account_id: None,
        on_behalf_of: None,
    });
    let repay =
        BatchAction::Repay(FromPurse { coin: coin(owes.max(1) + back, DEBT), account_id: None, on_behalf_of: None });
    dice.of(&[
        [withdraw.clone(), deposit.clone()],
        [borrow.clone(), repay.clone()],
        [withdraw, repay],
        [borrow, deposit],
    ])
}

/// The message that does the same, and its coin.
fn message(action: &BatchAction) -> (ExecuteMsg, Vec<Coin>) {
    match action.clone() {
        BatchAction::Deposit(FromPurse { coin, account_id, on_behalf_of }) => {
            (ExecuteMsg::Deposit(OnBehalf { account_id, on_behalf_of }), vec![coin])
        }
        BatchAction::Withdraw(Withdraw { denom, amount, recipient, account_id, on_behalf_of }) => {
            (ExecuteMsg::Withdraw(Withdraw { denom, amount, recipient, account_id, on_behalf_of }), vec![])
        }
        BatchAction::Borrow(Borrow { denom, amount, recipient, account_id, on_behalf_of }) => {
            (ExecuteMsg::Borrow(Borrow { denom, amount, recipient, account_id, on_behalf_of }), vec![])
        }
        BatchAction::Repay(FromPurse { coin, account_id, on_behalf_of }) => {
            (ExecuteMsg::Repay(OnBehalf { account_id, on_behalf_of }), vec![coin])
        }
        BatchAction::TransferShares(order) => (ExecuteMsg::TransferShares(order), vec![]),
        BatchAction::UpdateAssetCollateralStatus(CollateralStatus { denom, enable, account_id, on_behalf_of }) => (
            ExecuteMsg::UpdateAssetCollateralStatus(CollateralStatus { denom, enable, account_id, on_behalf_of }),
            vec![],
        ),
    }
}

/// All that the actions may take.
fn purse(actions: &[BatchAction]) -> Vec<Coin> {
    let mut purse: Vec<Coin> = vec![];
    for coin in actions.iter().flat_map(|action| message(action).1) {
        match purse.iter_mut().find(|held| held.denom == coin.denom) {
            Some(held) => held.amount += coin.amount,
            None => purse.push(coin),
        }
    }
    purse.sort_by(|a, b| a.denom.cmp(&b.denom));
    purse
}

fn one_by_one(world: &mut World, actions: &[BatchAction]) -> Result<(), WorldError> {
    for action in actions {
        let (msg, funds) = message(action);
        world.execute(ALICE, &msg, &funds)?;
    }
    Ok(())
}

fn batch(world: &mut World, actions: &[BatchAction]) -> Result<AppResponse, WorldError> {
    world.batch(ALICE, actions.to_vec(), &purse(actions))
}

/// What only the end of a batch is asked.
fn is_of_the_end(error: &WorldError) -> bool {
    let text = error.to_string();
    text.contains("would be above the borrow limit of") || text.contains("at least") && text.contains("would be worth")
}

#[test]
fn a_batch_does_what_its_messages_do_with_one_check_and_gains_nothing() {
    let mut dice = Dice(4);
    let mut both = 0;
    let mut only_batch = 0;
    for setting in settings() {
        let mut world = setting.indebted();
        let tokens = world.whole(OTHER, 1_000_000);
        world.deposit(OWNER, OTHER, tokens).unwrap();
        world.deposit((ALICE, 1), OTHER, tokens).unwrap();
        let fresh = world.snapshot();
        for _ in 0..80 {
            world.restore(&fresh);
            let length = 2 + dice.below(4);
            let mut actions: Vec<BatchAction> = (0..length).map(|_| action(&world, &mut dice)).collect();
            if dice.below(3) == 0 {
                actions = there_and_back(&world, &mut dice).to_vec();
            }
            let wealth = of(&world, &[ALICE], 2);
            let apart = one_by_one(&mut world, &actions);
            let after = world.dump().clone();
            world.restore(&fresh);
            let together = batch(&mut world, &actions);
            match (apart, together) {
                (Ok(()), Ok(_)) => {
                    both += 1;
                    assert!(*world.dump() == after, "{setting:?}: {actions:?}");
                }
                (Err(error), Ok(_)) => {
                    only_batch += 1;
                    assert!(is_of_the_end(&error), "{setting:?}: {actions:?}: {error}");
                    // And at its end every account is within max LTV.
                    for id in [0, 1] {
                        let position = world.position((ALICE, id));
                        assert!(
                            position
                                .borrow_limit_value
                                .is_none_or(|limit| position.debts.is_empty() || position.debt_value <= limit)
                        );
                    }
                }
                (Ok(()), Err(error)) => panic!("{setting:?}: {actions:?}: a batch of them is refused: {error}"),
                (Err(_), Err(_)) => continue,
            }
            let gain = of(&world, &[ALICE], 2) - wealth;
            assert!(gain <= BigRational::zero(), "{setting:?}: {actions:?} gained {}", text(&gain));
        }
    }
    assert!(both > 200 && only_batch > 50, "{both} by both, {only_batch} by a batch only");
}
