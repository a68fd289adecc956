//! The liquidator with several groups in one message: each fails alone, and what succeeds is counted over all of them.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests: names say what is tested, and a failed setup is a failure"
)]

use cosmwasm_std::Event;
use plimsoll_liquidator::error::ContractError;
use plimsoll_schema::liquidator::Route;
use plimsoll_schema::pool::{LiquidationItem, UserAccount};
use plimsoll_testing::{
    AETH, ALICE, Addr, AppResponse, Asset, BOB, GUARDIAN, IBC_TOKEN, LENDER, UATOM, UUSD, World, WorldError, route,
    values,
};

const CALLER: &str = GUARDIAN;
/// What loses all its worth.
const SHELL: &str = "ushell";
const DENOMS: [&str; 4] = [UUSD, UATOM, IBC_TOKEN, AETH];
/// A denom and how much of it.
type Held = (&'static str, u128);
/// Who owes in four groups: the account, what it has, and what it owes.
const OWED: [(u32, Held, Held); 4] = [
    (1, (UATOM, 100_000_000), (UUSD, 690_000_000)),
    (2, (UATOM, 1_000_000_000), (AETH, 3_400_000_000_000_000_000)),
    (3, (IBC_TOKEN, 200_000_000), (UUSD, 580_000_000)),
    (4, (UATOM, 200_000_000), (UUSD, 1_380_000_000)),
];

struct Stage {
    world: World,
    liquidator: Addr,
    atom_uusd: Addr,
    ibc_uusd: Addr,
    /// So thin that a sale there returns next to nothing.
    thin: Addr,
}

/// Alice's accounts 1 to 4 may be liquidated, Bob's is worth less than dust.
fn fallen() -> Stage {
    let mut world = World::builder().lent(1_000_000).build();
    for (id, (collateral, amount), (debt, owed)) in OWED {
        world.deposit((ALICE, id), collateral, amount).unwrap();
        world.borrow((ALICE, id), debt, owed).unwrap();
    }
    world.list(Asset::new(SHELL, 6, "10"));
    world.deposit(BOB, SHELL, 90_000_000).unwrap();
    world.borrow(BOB, UUSD, 500_000_000).unwrap();
    world.set_price(SHELL, "0.01");
    world.set_price(UATOM, "8.5");
    world.set_price(IBC_TOKEN, "4.2");
    let atom_uusd = world.pair(UATOM, UUSD, 100_000_000);
    let ibc_uusd = world.pair(IBC_TOKEN, UUSD, 100_000_000);
    let thin = world.pair(UATOM, AETH, 10);
    let liquidator = world.liquidator();
    Stage { world, liquidator, atom_uusd, ibc_uusd, thin }
}

impl Stage {
    fn item(&self, id: u32) -> LiquidationItem {
        let (_, (collateral, _), debt) = OWED[id as usize - 1];
        self.world.item((ALICE, id), collateral, debt)
    }

    fn write_off(&self, who: &str) -> LiquidationItem {
        LiquidationItem::WriteOff(UserAccount { user: self.world.addr(who).into_string(), account_id: None })
    }

    fn routes(&self) -> Vec<Route> {
        vec![
            route(UATOM, AETH, &[(&self.thin, AETH)]),
            route(IBC_TOKEN, UUSD, &[(&self.ibc_uusd, UUSD)]),
            route(UATOM, UUSD, &[(&self.atom_uusd, UUSD)]),
        ]
    }

    fn liquidate(
        &mut self,
        work: impl Into<Vec<LiquidationItem>>,
        min_success: u32,
    ) -> Result<AppResponse, WorldError> {
        let routes = self.routes();
        let liquidator = self.liquidator.clone();
        self.world.liquidate_all(CALLER, &liquidator, work.into(), routes, min_success)
    }

    fn refused(&mut self, work: Vec<LiquidationItem>, min_success: u32) -> WorldError {
        let routes = self.routes();
        let liquidator = self.liquidator.clone();
        self.world.refused(|world| world.liquidate_all(CALLER, &liquidator, work, routes, min_success))
    }

    fn assert_nothing_inside(&self) {
        assert_eq!(self.holdings(self.liquidator.as_str()), [0; 4]);
        assert!(DENOMS.iter().all(|denom| self.world.market(denom).stored.lent.is_zero()));
    }

    fn holdings(&self, who: &str) -> Vec<u128> {
        DENOMS.iter().map(|denom| self.world.balance(who, denom)).collect()
    }
}

/// What the liquidator says of each group, and of all: `key=value`. A reason is the chain's, and is left out.
fn told(response: &AppResponse) -> Vec<String> {
    let has = |event: &Event, key: &str| event.attributes.iter().any(|attribute| attribute.key == key);
    let replies = response.events.iter().filter(|event| has(event, "group") && has(event, "outcome"));
    let attributes = replies.flat_map(|event| &event.attributes).filter(|attribute| !attribute.key.starts_with('_'));
    attributes
        .map(|attribute| match (attribute.key.as_str(), attribute.value.as_str()) {
            ("outcome", reason) if reason != "ok" => "outcome=failed".to_owned(),
            (key, value) => format!("{key}={value}"),
        })
        .collect()
}

#[test]
fn liquidate_undoes_a_group_that_does_not_pay_and_keeps_the_others() {
    let mut stage = fallen();
    let fresh = stage.world.snapshot();
    let undone = stage.world.account((ALICE, 2));
    for order in [[2, 1, 3], [1, 2, 3], [1, 3, 2]] {
        stage.world.restore(&fresh);
        let before = stage.holdings(CALLER);
        let response = stage.liquidate(order.map(|id| stage.item(id)), 2).unwrap();
        let groups = (0..)
            .zip(order)
            .map(|(at, id)| [format!("group={at}"), format!("outcome={}", if id == 2 { "failed" } else { "ok" })]);
        let expected: Vec<String> = groups.flatten().chain(["succeeded=2".to_owned()]).collect();
        assert_eq!(told(&response), expected, "what a group that was undone had counted does not count");
        assert_eq!(stage.world.account((ALICE, 2)), undone);
        assert!([1, 3].iter().all(|id| !stage.world.position((ALICE, *id)).liquidatable));
        let after = stage.holdings(CALLER);
        assert!(after[0] > before[0] && after[1..] == before[1..]);
        stage.assert_nothing_inside();
    }
}

#[test]
fn liquidate_groups_by_denoms_and_writes_off_last() {
    let mut stage = fallen();
    let nobody = stage.write_off(LENDER);
    let work = [stage.write_off(BOB), stage.item(1), nobody, stage.item(3), stage.item(4)];
    let response = stage.liquidate(work, 4).unwrap();
    let expected = ["group=0", "outcome=ok", "group=1", "outcome=ok", "group=2", "outcome=ok", "succeeded=4"];
    assert_eq!(told(&response), expected);
    // Accounts 1 and 4 share a call to the pool and a sale.
    assert_eq!(values(&response, "item"), ["0", "1", "0", "0", "1"]);
    assert_eq!(values(&response, "return_amount").len(), 2);
    assert_eq!(values(&response, "failed"), [format!("{}/0", stage.world.addr(LENDER))]);
    assert!(stage.world.account(BOB).is_empty());
    assert!([1, 3, 4].iter().all(|id| !stage.world.position((ALICE, *id)).liquidatable));
    stage.assert_nothing_inside();
}

#[test]
fn liquidate_counts_over_all_groups_and_undoes_everything_below_min_success() {
    let mut stage = fallen();
    // Saved before the message arrives.
    stage.world.repay((ALICE, 4), UUSD, 800_000_000).unwrap();
    let work = |stage: &Stage| [stage.item(1), stage.item(3), stage.item(4), stage.write_off(BOB), stage.item(2)];
    for min_success in [4, 5] {
        let work = work(&stage);
        let error = stage.refused(work.to_vec(), min_success);
        let expected = ContractError::TooFew { succeeded: 3, min_success };
        assert!(error.is(&expected), "{error}, not {expected}");
    }
    let work = work(&stage);
    let response = stage.liquidate(work, 3).unwrap();
    assert_eq!(told(&response).last().unwrap(), "succeeded=3");
    stage.assert_nothing_inside();
}

#[test]
fn a_group_of_which_nothing_succeeds_fails_alone() {
    let mut stage = fallen();
    stage.world.repay((ALICE, 1), UUSD, 400_000_000).unwrap();
    let saved = stage.world.account((ALICE, 1));
    let work = [stage.item(1), stage.item(3)];
    let response = stage.liquidate(work, 1).unwrap();
    assert_eq!(told(&response), ["group=0", "outcome=failed", "group=1", "outcome=ok", "succeeded=1"]);
    assert_eq!(stage.world.account((ALICE, 1)), saved);
    // Asking for nothing is no error, not even when nothing succeeds at all.
    stage.world.repay((ALICE, 2), AETH, 2_000_000_000_000_000_000).unwrap();
    let work = [stage.item(1), stage.item(2)];
    let response = stage.liquidate(work, 0).unwrap();
    assert_eq!(told(&response), ["group=0", "outcome=failed", "group=1", "outcome=failed", "succeeded=0"]);
    stage.assert_nothing_inside();
}
