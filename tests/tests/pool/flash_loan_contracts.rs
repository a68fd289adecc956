//! A flash loan's receiver that tries every message of the other contracts in the middle: oracle, pair and liquidator.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests: names say what is tested, and a failed setup is a failure"
)]

use std::collections::BTreeSet;

use crate::support::{assert_solvent, indebted};
use cosmwasm_std::{Binary, WasmMsg, to_json_binary};
use plimsoll_risk::units::{Amount, Ratio};
use plimsoll_schema::ownership::OwnerUpdate;
use plimsoll_schema::pool::{LiquidationItem, UserAccount};
use plimsoll_schema::{liquidator, oracle, pair};
use plimsoll_testing::{ALICE, Addr, Asset, BOB, Coin, OWNER, Step, UATOM, UUSD, World, coin, price, route, values};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The liquidator's callback is tried with the borrower's own loan, too.
const OWN_LOAN: u64 = 2;

struct Stage {
    world: World,
    borrower: Addr,
    pair: Addr,
    liquidator: Addr,
}

/// Alice can be liquidated. The borrower owns the oracle, feeds a token and has a source and a fallback waiting, has liquidity in a pair, and coins of every kind.
fn besieged() -> Stage {
    let mut world = indebted(640_000_000);
    let borrower = world.borrower();
    for asset in Asset::defaults() {
        world.mint(&borrower, &asset.params.denom, asset.whole(10_000_000));
    }
    let pair = world.pair(UATOM, UUSD, 10_000_000);
    world.provide_liquidity(&borrower, &pair, [(UATOM, 1_000_000), (UUSD, 10_000_000)]).unwrap();
    let liquidator = world.liquidator();
    let guards = Asset::new("ushell", 6, "1").guards;
    let source = oracle::Source::Feed { feeders: vec![borrower.to_string()], quorum: 1 };
    for denom in ["ushell", "uother"] {
        world.set_source(denom, source.clone(), guards.clone()).unwrap();
    }
    world.feed(&borrower, &[("ushell", "1")]).unwrap();
    world.set_source("ushell", source.clone(), guards.clone()).unwrap();
    world.set_fallback("ushell", source.clone(), guards.clone(), 3_600).unwrap();
    let check = oracle::CheckSource { source, guards, max_divergence: Ratio::percent(5), hold: 600 };
    world.execute_oracle(OWNER, &oracle::ExecuteMsg::SetCheck { denom: "ushell".to_owned(), check }).unwrap();
    let owner = borrower.to_string();
    world.execute_oracle(OWNER, &oracle::ExecuteMsg::UpdateOwner(OwnerUpdate::Propose { owner })).unwrap();
    world.execute_oracle(&borrower, &oracle::ExecuteMsg::UpdateOwner(OwnerUpdate::Accept {})).unwrap();
    world.advance_fresh(86_400);
    world.feed(&borrower, &[("ushell", "1")]).unwrap();
    world.set_price(UATOM, "8");
    assert!(world.position(ALICE).liquidatable);
    Stage { world, borrower, pair, liquidator }
}

/// A message with its name, its contract, and coins.
type Try = (String, Step);

fn attempt(contract: &Addr, msg: &impl Serialize, funds: Vec<Coin>) -> Try {
    let name = serde_json::to_value(msg).unwrap().as_object().unwrap().keys().next().unwrap().clone();
    let execute = WasmMsg::Execute { contract_addr: contract.to_string(), msg: to_json_binary(msg).unwrap(), funds };
    (name, Step::Send(execute.into()))
}

fn of_the_oracle(stage: &Stage) -> Vec<Try> {
    use oracle::ExecuteMsg as M;
    let denom = || "ushell".to_owned();
    let feed = |denom: &str, text| oracle::FeedPrice { denom: denom.to_owned(), price: price(text), observed_at: None };
    let guards = Asset::new("unew", 6, "1").guards;
    let source = oracle::Source::Feed { feeders: vec![stage.borrower.to_string()], quorum: 1 };
    let successor = stage.world.addr(BOB).into_string();
    let messages = [
        M::SetSource { denom: "unew".to_owned(), source: source.clone(), guards: guards.clone() },
        M::SetSource { denom: denom(), source: source.clone(), guards: guards.clone() },
        M::SetCheck {
            denom: denom(),
            check: oracle::CheckSource {
                source: source.clone(),
                guards: guards.clone(),
                max_divergence: Ratio::percent(5),
                hold: 600,
            },
        },
        M::ApplyCheck { denom: denom() },
        M::RemoveCheck { denom: denom() },
        M::SetFallback { denom: denom(), source, guards, after: 3_600 },
        M::ApplyFallback { denom: denom() },
        M::RemoveFallback { denom: denom() },
        M::UpdateGuardian { guardian: None },
        M::ApplySource { denom: denom() },
        M::CancelSource { denom: denom() },
        M::Publish { denoms: vec![denom()] },
        M::Feed { prices: vec![feed("ushell", "1.5")] },
        M::Feed { prices: vec![feed(UATOM, "100")] },
        M::UpdateOwner(OwnerUpdate::Propose { owner: successor }),
        M::UpdateOwner(OwnerUpdate::Cancel {}),
    ];
    messages.iter().map(|msg| attempt(stage.world.oracle(), msg, vec![])).collect()
}

fn of_the_pair(stage: &Stage) -> Vec<Try> {
    use pair::{Asset as PairAsset, ExecuteMsg as M};
    let provide = M::ProvideLiquidity {
        assets: vec![PairAsset::native(UATOM, Amount::new(1_000)), PairAsset::native(UUSD, Amount::new(10_000))],
        slippage_tolerance: Some(Ratio::percent(50)),
        auto_stake: None,
        receiver: None,
        min_lp_to_receive: None,
    };
    let swap = |denom, amount| M::Swap {
        offer_asset: PairAsset::native(denom, Amount::new(amount)),
        ask_asset_info: None,
        belief_price: None,
        max_spread: Some(Ratio::percent(50)),
        to: None,
    };
    let leave = M::WithdrawLiquidity { amount: None, assets: vec![], min_assets_to_receive: None };
    vec![
        attempt(&stage.pair, &provide, vec![coin(1_000, UATOM), coin(10_000, UUSD)]),
        attempt(&stage.pair, &leave, vec![]),
        // With coins of the loan.
        attempt(&stage.pair, &swap(UUSD, 900_000_000), vec![coin(900_000_000, UUSD)]),
        attempt(&stage.pair, &swap(UATOM, 5_000_000), vec![coin(5_000_000, UATOM)]),
        attempt(&stage.pair, &swap(UUSD, u128::MAX), vec![coin(5, UUSD)]),
    ]
}

fn of_the_liquidator(stage: &Stage) -> Vec<Try> {
    use liquidator::ExecuteMsg as M;
    let account = UserAccount { user: stage.world.addr(ALICE).into_string(), account_id: None };
    let liquidate = |amount, min_success| M::Liquidate {
        items: vec![stage.world.item(ALICE, UATOM, (UUSD, amount)), LiquidationItem::WriteOff(account.clone())],
        routes: vec![route(UATOM, UUSD, &[(&stage.pair, UUSD)])],
        min_success,
    };
    let coins = || vec![coin(1_000_000_000, UATOM)];
    let callback = |msg: Binary| M::BatchCallback { id: OWN_LOAN, repay: coins(), received: coins(), msg };
    let messages = [
        liquidate(640_000_000, 1),
        // More than Alice owes.
        liquidate(2_000_000_000_000, 1),
        liquidate(640_000_000, 2),
        callback(to_json_binary(&0u32).unwrap()),
        callback(Binary::default()),
    ];
    messages.iter().map(|msg| attempt(&stage.liquidator, msg, vec![])).collect()
}

/// What a contract knows, it names when it doesn't know something.
fn known<T: DeserializeOwned + std::fmt::Debug>() -> BTreeSet<String> {
    let error = serde_json::from_str::<T>(r#"{"no_such_message":{}}"#).unwrap_err().to_string();
    error.split_once("expected ").unwrap().1.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn names(tries: &[Try]) -> BTreeSet<String> {
    tries.iter().map(|(name, _)| name.clone()).collect()
}

#[test]
fn every_message_of_the_other_contracts_is_among_those_tried() {
    let stage = besieged();
    assert_eq!(names(&of_the_oracle(&stage)), known::<oracle::ExecuteMsg>());
    assert_eq!(names(&of_the_pair(&stage)), known::<pair::ExecuteMsg>());
    assert_eq!(names(&of_the_liquidator(&stage)), known::<liquidator::ExecuteMsg>());
}

#[test]
fn every_message_of_the_other_contracts_in_the_middle_of_a_loan_does_what_it_does_without_one() {
    let mut stage = besieged();
    let tries = [of_the_oracle(&stage), of_the_pair(&stage), of_the_liquidator(&stage)].concat();
    let world = &mut stage.world;
    let fresh = world.snapshot();
    let mut done = vec![];
    for (name, step) in tries {
        world.restore(&fresh);
        let lent = [coin(1_000_000_000, UUSD), coin(1_000_000_000, UATOM)];
        let around = |middle: &[Step]| {
            let inner = middle.iter().cloned().chain([Step::repay()]);
            Step::loan(lent[0].clone(), [Step::loan(lent[1].clone(), inner), Step::repay()])
        };
        let within = world.flash(&stage.borrower, [around(&[step.clone().or_not()])]).unwrap();
        let said = values(&within, "tried")[0].to_owned();
        assert_solvent(world);
        assert!(world.markets().iter().all(|market| market.stored.lent.is_zero()));
        // Every record of every contract and every balance.
        let together = world.dump().clone();
        world.restore(&fresh);
        let alone = world.flash(&stage.borrower, [around(&[]), step.clone().or_not()]).unwrap();
        assert_eq!(values(&alone, "tried")[0], said, "{name}: {step:?}");
        assert!(*world.dump() == together, "{name}: {step:?}");
        if said == "done" {
            done.push(name);
        }
    }
    assert_eq!(done.iter().collect::<BTreeSet<_>>().len(), 16, "{done:?}");
}
