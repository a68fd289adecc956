//! What is offered: the contract does with the coins that are sent what the plan says, and still does it when prices move.

use plimsoll_keeper::book::Book;
use plimsoll_keeper::chain::simulated::WorldChain;
use plimsoll_keeper::chain::{ChainReader, Execute, TxSender};
use plimsoll_keeper::config::Strategy;
use plimsoll_keeper::keeper::targets;
use plimsoll_keeper::plan::{Action, Deal, Plan, Resources, plan};
use plimsoll_keeper::scan::Scan;
use plimsoll_keeper::tx::useful;
use plimsoll_risk::health::Assets;
use plimsoll_risk::liquidation::{Incentive, Limits, LiquidationTerms, OwedIn, size_in};
use plimsoll_risk::units::{Amount, Ratio, Value};
use plimsoll_schema::pool::LIQUIDATION_ITEMS_MAX;
use plimsoll_testing::{AETH, ALICE, IBC_TOKEN, LIQUIDATOR, UATOM, UUSD, World};

use crate::support::judged;

/// Denom, and how many base units are worth a thousandth of the quote currency at the first price.
const DENOMS: [(&str, u128); 4] = [(UUSD, 1_000), (UATOM, 100), (IBC_TOKEN, 200), (AETH, 500_000_000_000)];

async fn planned(setup: impl FnOnce(&mut World) + Send + 'static) -> (WorldChain, Book, Scan, Plan) {
    let build = || {
        let terms = LiquidationTerms { target_health_factor: Ratio::percent(105), dust_value: Value::whole(1) };
        let mut world = World::builder().terms(terms).lent(1_000_000).build();
        for (denom, unit) in DENOMS {
            world.mint(LIQUIDATOR, denom, unit * 1_000_000_000);
        }
        setup(&mut world);
        world
    };
    let (chain, book, scan) = judged::judged_in(build).await;
    let strategy = Strategy::default();
    let inventory = Some(chain.balances(chain.sender().unwrap(), &useful(&chain, &book)).await.unwrap());
    let plan = plan(&book, &scan, Resources::new(chain.sender(), inventory, &strategy));
    (chain, book, scan, plan)
}

fn deals(plan: &Plan) -> impl Iterator<Item = &Deal> {
    plan.actions.iter().filter_map(|action| if let Action::Liquidate(deal) = action { Some(&**deal) } else { None })
}

/// What the contract's formula makes of the coins that are sent.
fn done(book: &Book, scan: &Scan, deal: &Deal) -> plimsoll_risk::liquidation::Liquidation {
    let position = scan.assets.position(&book.accounts[&deal.key]).unwrap();
    let collateral = book.asset_of(&deal.collateral_denom).unwrap();
    let params = &scan.assets.asset(collateral).unwrap().params;
    let incentive = Incentive::of(params);
    let debt = book.asset_of(&deal.sent.denom).unwrap();
    let owed = OwedIn { market: &scan.assets.asset(debt).unwrap().market, scaled: book.accounts[&deal.key].debt(debt) };
    let limits = Limits::offered(Amount::new(deal.sent.amount));
    size_in(&position, collateral, debt, limits, &incentive, &book.terms, owed).unwrap()
}

/// The message of these actions, all of which have to succeed.
fn message(book: &Book, actions: &[Action]) -> Vec<Execute> {
    let messages = targets(book, None, &Strategy::default()).messages(actions, actions.len()).unwrap();
    assert_eq!(messages.len(), 1);
    messages
}

#[tokio::test]
async fn a_rest_below_the_dust_value_is_closed_with_coins_for_the_whole_debt() {
    let (chain, book, scan, plan) = planned(|world| {
        world.deposit(ALICE, UATOM, 1_575_000).unwrap();
        world.deposit(ALICE, AETH, 350_000_000_000_000).unwrap(); // 0.7 USD
        world.borrow(ALICE, UUSD, 10_500_000).unwrap();
        world.set_price(UATOM, "7");
    })
    .await;
    let deal = deals(&plan).next().unwrap();
    assert!(deal.expected.repay.raw() < 10_500_000 && deal.sent.amount >= 10_500_000, "{deal:?}");
    assert_eq!(done(&book, &scan, deal), deal.expected);
    chain.simulate(&message(&book, &plan.actions)).await.unwrap();
}

#[tokio::test]
async fn the_contract_does_what_is_planned_for_many_random_accounts() {
    let (chain, book, scan, plan) = planned(|world| {
        let mut seed = 11u64;
        let mut roll = |sides: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % sides
        };
        for n in 0..1_000 {
            let who = (ALICE, n);
            let (first, collaterals) = (roll(4) as usize, 1 + roll(3) as usize);
            for step in 0..collaterals {
                let (denom, unit) = DENOMS[(first + step) % 4];
                // From 0.2 to 40 in value: many end near the dust value.
                let amount = unit * u128::from(200 + roll(20_000) * (1 + roll(2))) + u128::from(roll(1_000));
                world.mint(ALICE, denom, amount);
                world.deposit(who, denom, amount).unwrap();
            }
            let (denom, _) = DENOMS[(first + collaterals) % 4];
            let amount = world.max_borrow(who, denom) * u128::from(900 + roll(101)) / 1_000;
            let _ = world.borrow(who, denom, amount);
        }
        world.advance_fresh(86_400);
        world.set_prices(&[(UATOM, "8.1"), (IBC_TOKEN, "4.3"), (AETH, "1640")]);
    })
    .await;
    let mut closing = 0;
    for deal in deals(&plan) {
        assert_eq!(done(&book, &scan, deal), deal.expected, "{deal:?}");
        closing += u32::from(deal.sent.amount > deal.expected.repay.raw());
    }
    assert!(deals(&plan).count() > 150 && closing > 5, "{} deals, {closing} close", deals(&plan).count());
    for action in &plan.actions {
        let message = message(&book, std::slice::from_ref(action));
        chain.simulate(&message).await.unwrap_or_else(|error| panic!("{action:?}: {error}"));
    }
    // Nor does any take what another counts on.
    let many = &plan.actions[..plan.actions.len().min(LIQUIDATION_ITEMS_MAX)];
    chain.simulate(&message(&book, many)).await.unwrap();
}

/// ALICE's health factor is just below 1.
fn at_the_edge(world: &mut World) {
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    world.borrow(ALICE, UUSD, 690_000_000).unwrap();
    world.set_price(UATOM, "9.18"); // 0.9978
}

#[tokio::test]
async fn a_small_rise_between_plan_and_block_is_no_obstacle() {
    for price in ["9.18", "9.182754", "9.18918"] {
        let (chain, book, _, plan) = planned(at_the_edge).await;
        let deal = deals(&plan).next().unwrap().clone();
        let message = message(&book, &plan.actions);
        chain.with(move |world| world.set_price(UATOM, price)).await.unwrap();
        chain.simulate(&message).await.unwrap_or_else(|error| panic!("at {price}: {error}"));
        // The target needs hardly more than is sent.
        assert!(deal.sent.amount > 100_000_000, "{deal:?}");
    }
}

#[tokio::test]
async fn a_price_at_which_it_would_not_pay_is_refused() {
    // What is repaid with buys less of the collateral than at the plan's prices it would have to.
    let (chain, book, _, plan) = planned(|world| {
        world.deposit(ALICE, UATOM, 100_000_000).unwrap();
        world.borrow(ALICE, UUSD, 690_000_000).unwrap();
        world.set_price(UATOM, "8");
    })
    .await;
    let message = message(&book, &plan.actions);
    chain.simulate(&message).await.unwrap();
    chain.with(|world| world.set_price(UATOM, "8.3")).await.unwrap();
    let error = chain.simulate(&message).await.unwrap_err().to_string();
    assert!(error.contains("item 0: ") && error.contains("at least"), "{error}");
    // A lower price of the collateral gives more of it for the same coins: that is taken.
    chain.with(|world| world.set_price(UATOM, "7.9")).await.unwrap();
    chain.simulate(&message).await.unwrap();
}
