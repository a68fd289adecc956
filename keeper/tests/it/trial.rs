//! The account that `deploy` simulates a liquidation of.

use plimsoll_keeper::chain::Execute;
use plimsoll_keeper::deploy::trial::{Step, Terms, Token, Trial};
use plimsoll_keeper::tx::messages::Targets;
use plimsoll_risk::units::Value;
use plimsoll_testing::{AETH, AppResponse, FEEDERS, LENDER, UATOM, UUSD, World, WorldError, coin, price, values};

fn terms(world: &World, pair: &str, collateral: (&str, u8), debt: (&str, u8), min_debt_value: u64) -> Terms {
    let params = world.market(collateral.0).params;
    let token =
        |(denom, decimals): (&str, u8)| Token { denom: denom.to_owned(), decimals, price: world.settled_price(denom) };
    Terms {
        collateral: token(collateral),
        debt: token(debt),
        max_loan_to_value: params.max_loan_to_value,
        liquidation_threshold: params.liquidation_threshold.to,
        min_debt_value: Value::whole(min_debt_value),
        deployer: world.addr(LENDER).to_string(),
        feeders: FEEDERS.map(|feeder| world.addr(feeder).to_string()).to_vec(),
        pair: pair.to_owned(),
    }
}

fn execute(world: &mut World, sender: &str, message: &Execute) -> Result<AppResponse, WorldError> {
    let json: serde_json::Value = serde_json::from_slice(&message.msg).unwrap();
    let funds: Vec<_> = message.funds.iter().map(|sent| coin(sent.amount, &sent.denom)).collect();
    world.execute_contract(sender, &plimsoll_testing::Addr::unchecked(&message.contract), &json, &funds)
}

#[test]
fn a_trials_account_is_liquidated_with_own_coins_and_by_liquidator() {
    for (collateral, debt, min_debt_value) in
        [((UATOM, 6), (UUSD, 6), 5), ((UUSD, 6), (UATOM, 6), 100), ((AETH, 18), (UUSD, 6), 0)]
    {
        let mut world = World::new();
        let liquidator = world.liquidator().to_string();
        let pair = world.pair(collateral.0, debt.0, 10_000_000).to_string();
        for (denom, decimals) in [collateral, debt] {
            world.mint(LENDER, denom, 10u128.pow(decimals.into()) * 1_000_000);
        }
        let (pool, oracle) = (world.pool().to_string(), world.oracle().to_string());
        let trial = Trial::new(terms(&world, &pair, collateral, debt, min_debt_value)).unwrap();
        let deployer = world.addr(LENDER).to_string();
        for step in trial.steps(&pool, &oracle).unwrap() {
            match step {
                Step::Execute { sender, message } => {
                    assert!(sender == deployer || trial.others().contains(&sender));
                    execute(&mut world, &sender, &message).unwrap();
                }
                Step::Send { to, coin: sent } => {
                    world.send(deployer.as_str(), to.as_str(), &[coin(sent.amount, &sent.denom)]).unwrap();
                }
            }
        }
        assert!(world.settled_price(collateral.0) > price("0"));
        let before = world.snapshot();
        for sold in [false, true] {
            world.restore(&before);
            let targets = Targets { pool: &pool, oracle: &oracle, liquidator: Some(&liquidator), take_shares: false };
            let messages = targets.messages(&[trial.liquidation(sold)], 1).unwrap();
            assert_eq!(messages.len(), 1);
            let done = execute(&mut world, &deployer, &messages[0]).unwrap();
            // In part, as most liquidations are.
            assert!(values(&done, "repaid").iter().chain(&values(&done, "succeeded")).count() > 0, "{done:?}");
        }
    }
}
