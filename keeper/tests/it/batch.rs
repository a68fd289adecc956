//! Many liquidations in one message: what is sent, what a simulation tells of them, and what a block's events say was
//! done.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use plimsoll_keeper::book::Book;
use plimsoll_keeper::chain::simulated::WorldChain;
use plimsoll_keeper::chain::{Balances, ChainReader, Coin, ContractEvent, Included, TxSender};
use plimsoll_keeper::config::Strategy;
use plimsoll_keeper::dex::client::DexClient;
use plimsoll_keeper::keeper::targets;
use plimsoll_keeper::plan::{Action, Resources, plan};
use plimsoll_keeper::scan::{Scan, scan};
use plimsoll_keeper::tx::journal::Journal;
use plimsoll_keeper::tx::receipt::{Speakers, failures, settlements};
use plimsoll_keeper::tx::{Batch, Bounds, Executor};
use plimsoll_risk::units::SupplyShares;
use plimsoll_testing::{AETH, ALICE, Addr, BOB, LIQUIDATOR, UATOM, UUSD, World, coin};

use crate::support::files::fresh;
use crate::support::judged;

const ATOM: u128 = 1_000_000;
const ETH: u128 = 1_000_000_000_000_000_000;

/// Eight accounts of ALICE with ATOM and eight of BOB with ETH, that all owe dollars and are below 1; the keeper has so
/// many dollars. A pair sells each, worth so much a side.
struct Stage {
    chain: Arc<WorldChain>,
    book: Book,
    scan: Scan,
    dex_client: DexClient,
    pairs: Vec<String>,
}

impl Stage {
    async fn new(held: u128, worth: u64) -> Self {
        let build = move || {
            let mut world = World::builder().lent(10_000_000).build();
            for denom in [UUSD, UATOM, AETH] {
                let had = world.balance(LIQUIDATOR, denom);
                world.send(LIQUIDATOR, "sink", &[coin(had, denom)]).unwrap();
            }
            if held > 0 {
                world.mint(LIQUIDATOR, UUSD, held);
            }
            for (who, denom, amount) in [(ALICE, UATOM, 100 * ATOM), (BOB, AETH, ETH / 2)] {
                for id in 0..8 {
                    world.mint(who, denom, amount);
                    world.deposit((who, id), denom, amount).unwrap();
                    world.borrow((who, id), UUSD, 690_000_000).unwrap();
                }
            }
            world
        };
        let chain = Arc::new(WorldChain::start(LIQUIDATOR, build).await.unwrap());
        let market = move |world: &mut World| {
            let pairs = [UATOM, AETH].map(|denom| world.pair(denom, UUSD, worth)).to_vec();
            world.set_prices(&[(UATOM, "8.8"), (AETH, "1690")]);
            pairs.iter().for_each(|pair| world.arbitrage(pair));
            let pairs = pairs.into_iter().map(Addr::into_string).collect::<Vec<_>>();
            (world.pool().to_string(), world.liquidator().into_string(), pairs)
        };
        let (pool, liquidator, pairs) = chain.with(market).await.unwrap();
        let dex_client = DexClient::open(&*chain, &pool, &liquidator, &pairs).await.unwrap();
        let book = Book::snapshot(&*chain, &pool, chain.head().await.unwrap(), |_| {}).await.unwrap();
        let scan = scan(&book, book.head.time).unwrap();
        assert_eq!(scan.below(), 16);
        Self { chain, book, scan, dex_client, pairs }
    }

    /// What is planned, and with it everything that a transaction has room for.
    async fn planned(&self, strategy: &Strategy) -> Vec<Action> {
        let dex = self.dex_client.read(&*self.chain, None).await.unwrap();
        let held = self.chain.balances(self.chain.sender().unwrap(), &[UUSD.to_owned()]).await.unwrap();
        let resources = Resources::new(self.chain.sender(), Some(held), strategy).with_dex(Some(&dex));
        plan(&self.book, &self.scan, resources).actions
    }

    async fn selected(&self, actions: &[Action], strategy: &Strategy) -> (Batch, usize) {
        let executor = Executor::new(self.chain.clone(), Journal::open(&fresh("batch")).unwrap()).unwrap();
        let (balances, mut tries) = (Balances::new(), 128);
        let bounds = Bounds {
            targets: targets(&self.book, Some(&self.dex_client), strategy),
            strategy,
            balances: &balances,
            left: None,
            tries: &mut tries,
        };
        (executor.select(actions, bounds).await.unwrap(), 128 - tries)
    }

    /// Somebody liquidates these accounts, after the plan.
    async fn taken(
        &self,
        owner: &'static str,
        denom: &'static str,
        ids: impl IntoIterator<Item = u32> + Send + 'static,
    ) {
        let take = move |world: &mut World| {
            for id in ids {
                world.mint("rival", UUSD, 690_000_000);
                world.liquidate("rival", (owner, id), denom, (UUSD, 690_000_000)).unwrap();
            }
        };
        self.chain.with(take).await.unwrap();
    }

    /// Somebody sells so much ETH into its pair, after the plan.
    async fn dumped(&self, amount: u128) {
        let pair = Addr::unchecked(&self.pairs[1]);
        let sell = move |world: &mut World| {
            world.mint("rival", AETH, amount);
            world.swap("rival", &pair, (AETH, amount)).unwrap();
        };
        self.chain.with(sell).await.unwrap();
    }

    /// The names of the accounts of these actions, by owner.
    async fn accounts(&self, actions: impl IntoIterator<Item = &Action>) -> [BTreeSet<u32>; 2] {
        let owners = self.chain.with(|world| [ALICE, BOB].map(|who| world.addr(who).into_string())).await.unwrap();
        let keys: Vec<_> = actions.into_iter().map(Action::account).collect();
        owners.map(|owner| keys.iter().filter(|key| key.owner == owner).map(|key| key.account_id).collect())
    }
}

fn all() -> BTreeSet<u32> {
    (0..8).collect()
}

#[tokio::test]
async fn what_is_sold_is_one_message_and_what_own_coins_repay_another() {
    // Own coins for some, a little dearer than a sale.
    let strategy = Strategy::default();
    let stage = Stage::new(0, 10_000_000).await;
    let sold = stage.planned(&strategy).await;
    let rich = Stage::new(1_000_000_000_000, 1_000).await;
    let own: Vec<Action> = rich.planned(&strategy).await;
    let is_sold = |action: &Action| matches!(action, Action::Liquidate(deal) if deal.sale.is_some());
    assert!(sold.iter().all(is_sold) && own.iter().all(|action| !is_sold(action)));
    assert_eq!((sold.len(), own.len()), (16, 16));
    let key = |id| plimsoll_schema::pool::AccountKey { owner: "wasm1bad".to_owned(), account_id: id };
    let debt_value = plimsoll_risk::units::Value::whole(1);
    let write_off = Action::WriteOff { key: key(1), debt_value };
    let set_off = Action::SetOff { key: key(2), amount: Coin { denom: UUSD.to_owned(), amount: 5 } };

    let targets = targets(&stage.book, Some(&stage.dex_client), &strategy);
    let mixed = [vec![set_off.clone(), write_off.clone()], own.clone(), sold.clone()].concat();
    let arranged = targets.arrange(mixed.clone());
    assert_eq!((arranged.sold, arranged.own, arranged.items()), (17, 16, 33));
    // Items of one route stand together, and a write-off goes with them.
    let routes: Vec<_> =
        arranged.actions[..16].iter().map(|action| plimsoll_keeper::tx::messages::route(action).unwrap()).collect();
    assert_eq!(routes.windows(2).filter(|pair| pair[0] != pair[1]).count(), 1);
    assert_eq!((&arranged.actions[16], arranged.actions.last()), (&write_off, Some(&set_off)));
    let messages = targets.messages(&mixed, 1).unwrap();
    let json: Vec<serde_json::Value> = messages.iter().map(|one| serde_json::from_slice(&one.msg).unwrap()).collect();
    let [through, batch, alone] = json.as_slice() else { panic!("{json:?}") };
    assert_eq!(through["liquidate"]["items"].as_array().unwrap().len(), 17);
    assert_eq!((&through["liquidate"]["routes"].as_array().unwrap().len(), &messages[0].funds.len()), (&2, &0));
    assert_eq!(batch["liquidate_batch"]["items"].as_array().unwrap().len(), 16);
    assert_eq!(batch["liquidate_batch"]["allow_shares"], false);
    // One coin a denom, of all that is repaid.
    let repaid = own.iter().filter_map(Action::sent).map(|coin| coin.amount).sum();
    assert_eq!(messages[1].funds, [Coin { denom: UUSD.to_owned(), amount: repaid }]);
    assert!(alone["set_off"].is_object());
    // Without a sale, a write-off is an item of the pool's.
    let arranged = targets.arrange([vec![write_off.clone()], own].concat());
    assert_eq!((arranged.sold, arranged.own, arranged.actions.last()), (0, 17, Some(&write_off)));
    // No message is asked for more successes than it has items.
    let least = |min: usize| {
        let message = targets.messages(std::slice::from_ref(&write_off), min).unwrap().remove(0);
        let json: serde_json::Value = serde_json::from_slice(&message.msg).unwrap();
        json["liquidate_batch"]["min_success"].clone()
    };
    assert_eq!([least(0), least(1), least(usize::MAX)], [0, 1, 1]);
}

#[tokio::test]
async fn one_simulation_names_each_item_that_fails_with_its_reason() {
    let strategy = Strategy::default();
    for held in [0, 1_000_000_000_000] {
        let stage = Stage::new(held, 10_000_000).await;
        let planned = stage.planned(&strategy).await;
        // One is healthy, one owes nothing any more, of one there is less to be had than is accepted.
        stage.taken(ALICE, UATOM, [1]).await;
        let change = |world: &mut World| {
            world.mint(ALICE, UUSD, 1_000_000_000);
            world.repay((ALICE, 2), UUSD, 700_000_000).unwrap();
            world.repay((ALICE, 3), UUSD, 5_000_000).unwrap();
        };
        stage.chain.with(change).await.unwrap();
        let (batch, tries) = stage.selected(&planned, &strategy).await;
        assert_eq!(tries, 2, "all, and those that are left");
        let reasons: BTreeMap<u32, &str> =
            batch.left_out.iter().map(|(action, reason)| (action.account().account_id, reason.as_str())).collect();
        assert_eq!(reasons.keys().copied().collect::<Vec<_>>(), [1, 2, 3], "{reasons:?}");
        assert!(reasons[&1].starts_with("account is healthy"), "{reasons:?}");
        assert!(reasons[&2].contains("no debt"), "{reasons:?}");
        assert!(reasons[&3].contains("at least"), "{reasons:?}");
        let [alice, bob] = stage.accounts(&batch.actions).await;
        assert_eq!((alice, bob), ([0, 4, 5, 6, 7].into(), all()));
        stage
            .chain
            .simulate(&targets(&stage.book, Some(&stage.dex_client), &strategy).messages(&batch.actions, 13).unwrap())
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_group_whose_sale_does_not_pay_takes_no_other_with_it() {
    let strategy = Strategy::default();
    let stage = Stage::new(0, 1_000_000).await;
    let planned = stage.planned(&strategy).await;
    assert_eq!(planned.len(), 16);
    // The pair pays a quarter less.
    stage.dumped(90 * ETH).await;
    let (batch, tries) = stage.selected(&planned, &strategy).await;
    assert_eq!(stage.accounts(&batch.actions).await, [all(), BTreeSet::new()]);
    // Each of the others was tried alone, and is named with the contract's words.
    assert_eq!(stage.accounts(batch.left_out.iter().map(|(action, _)| action)).await, [BTreeSet::new(), all()]);
    assert!(batch.left_out.iter().all(|(_, reason)| reason.contains("is wanted")), "{:?}", batch.left_out);
    assert!(tries < 40, "{tries}");
}

#[tokio::test]
async fn of_a_group_that_is_too_much_for_its_pair_a_part_goes() {
    let strategy = Strategy::default();
    let stage = Stage::new(0, 100_000).await;
    let planned = stage.planned(&strategy).await;
    assert_eq!(planned.len(), 16);
    // The pair pays 3 % less: the bonus of 5 % is less than that and what eight sales move the price by on average.
    stage.dumped(9 * ETH / 10).await;
    let (batch, _) = stage.selected(&planned, &strategy).await;
    let [alice, bob] = stage.accounts(&batch.actions).await;
    assert!(alice == all() && !bob.is_empty() && bob.len() < 8, "{bob:?}");
}

#[tokio::test]
async fn a_group_that_is_undone_tells_why_each_of_its_items_fails() {
    let strategy = Strategy::default();
    let stage = Stage::new(0, 10_000_000).await;
    let planned = stage.planned(&strategy).await;
    stage.taken(BOB, AETH, 0..8).await;
    let (batch, tries) = stage.selected(&planned, &strategy).await;
    assert_eq!(stage.accounts(&batch.actions).await, [all(), BTreeSet::new()]);
    assert_eq!(batch.left_out.len(), 8);
    assert!(batch.left_out.iter().all(|(_, reason)| reason.starts_with("account is healthy")), "{:?}", batch.left_out);
    // All; those of the other group; these beside them, and alone.
    assert_eq!(tries, 4);
}

#[tokio::test]
async fn no_more_items_go_than_gas_and_the_strategy_have_room_for() {
    let stage = Stage::new(1_000_000_000_000, 10_000_000).await;
    for (strategy, sent) in [
        (Strategy { max_items: 5, ..Strategy::default() }, 5),
        // An item is counted as 200,000.
        (Strategy { max_gas_per_tx: 1_300_000, ..Strategy::default() }, 6),
        (Strategy::default().in_blocks_of(Some(2_000_000)), 5),
    ] {
        let planned = stage.planned(&strategy).await;
        let (batch, tries) = stage.selected(&planned, &strategy).await;
        assert_eq!((batch.actions.len(), batch.left_out.len()), (sent, 0), "{strategy:?}");
        assert!(batch.gas <= strategy.max_gas_per_tx && tries < 12, "{tries}");
        // The best of them.
        assert!(batch.actions.iter().all(|action| planned[..sent + 1].contains(action)));
    }
}

#[tokio::test]
async fn of_accounts_that_are_chosen_by_hand_so_many_have_to_succeed() {
    let strategy = Strategy::default();
    // Sold over deep pairs, or repaid with own coins where these pay nothing.
    for (held, worth) in [(0, 10_000_000), (1_000_000_000_000, 1_000)] {
        let stage = Stage::new(held, worth).await;
        let planned = stage.planned(&strategy).await;
        stage.taken(ALICE, UATOM, [3]).await;
        let executor = Executor::new(stage.chain.clone(), Journal::open(&fresh("batch")).unwrap()).unwrap();
        let targets = targets(&stage.book, Some(&stage.dex_client), &strategy);
        let enough = executor.exactly(targets, planned.clone(), planned.len() - 1, &strategy).await.unwrap();
        assert_eq!((enough.actions.len(), enough.min_success), (planned.len(), Some(planned.len() - 1)));
        let error = executor.exactly(targets, planned.clone(), planned.len(), &strategy).await.unwrap_err().to_string();
        assert!(error.contains("are wanted") && error.contains("/3: account is healthy"), "{error}");
    }
}

fn said(contract: &str, attributes: &[(&str, &str)]) -> ContractEvent {
    let attributes = attributes.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    ContractEvent { contract: contract.to_owned(), attributes }
}

fn told(events: &[ContractEvent], accounts: &[&str]) -> Vec<(String, String, bool)> {
    let accounts: Vec<String> = accounts.iter().map(|name| (*name).to_owned()).collect();
    let speakers = Speakers { pool: "pool", liquidator: Some("liquidator"), sender: "me" };
    let failures = failures(events, &accounts, speakers).into_iter();
    failures.map(|failure| (failure.account, failure.reason, failure.undone)).collect()
}

/// What the pool says of an item of a batch that this one sent.
fn item(by: &str, attributes: &[(&str, &str)]) -> ContractEvent {
    let head = [("action", "liquidate"), ("item", "0"), ("liquidator", by)];
    said("pool", &[&head[..], attributes].concat())
}

#[test]
fn failures_are_of_our_own_items_whatever_others_in_it_say() {
    let ours = |by: &str| {
        let batch =
            said("pool", &[("action", "liquidate_batch"), ("liquidator", by), ("succeeded", "1"), ("loan", "3")]);
        let done = item(by, &[("account", "a/0"), ("debt_denom", "uusd"), ("account", "me/0"), ("outcome", "ok")]);
        // As a chain sorts what one contract has another do.
        let failed = said(
            "pool",
            &[
                ("action", "liquidate"),
                ("failed", "b/1"),
                ("item", "1"),
                ("liquidator", by),
                ("outcome", "account is healthy"),
            ],
        );
        vec![batch, done, failed]
    };
    let healthy = ("b/1".to_owned(), "account is healthy".to_owned(), false);
    for by in ["me", "liquidator"] {
        assert_eq!(told(&ours(by), &["a/0", "b/1"]), std::slice::from_ref(&healthy));
    }
    // Who took the shares has not been liquidated.
    assert_eq!(told(&ours("me"), &["me/0"]).len(), 1);
    // A pair in the middle of a sale may call the pool too, or look like it: neither counts.
    let forged = |contract: &str, by: &str| {
        let taken = [("action", "liquidate"), ("liquidator", by), ("item", "0"), ("account", "b/1"), ("outcome", "ok")];
        let failed = [("action", "liquidate"), ("liquidator", by), ("item", "1"), ("failed", "a/0"), ("outcome", "no")];
        vec![said(contract, &taken), said(contract, &failed)]
    };
    for other in [forged("pool", "pair"), forged("pair", "me"), forged("pair", "liquidator")] {
        for events in [[ours("liquidator"), other.clone()].concat(), [other.clone(), ours("liquidator")].concat()] {
            assert_eq!(told(&events, &["a/0", "b/1"]), std::slice::from_ref(&healthy));
        }
    }
    // Of whom nothing is said, the group was undone, as the liquidator says; what it says of a sale is no outcome.
    let group = |outcome: &str| said("liquidator", &[("group", "1"), ("outcome", outcome)]);
    let settled = said("liquidator", &[("action", "settle"), ("group", "0"), ("proceeds", "5uusd")]);
    let events = [ours("liquidator"), vec![settled, group("ok"), group("codespace: wasm, code: 5")]].concat();
    let undone = ("c/2".to_owned(), "its group was undone: codespace: wasm, code: 5".to_owned(), true);
    assert_eq!(told(&events, &["a/0", "b/1", "c/2"]), [healthy, undone]);
    // A pair can't say that a group was undone.
    let lie = said("pair", &[("group", "0"), ("outcome", "codespace: pair")]);
    assert!(!told(&[ours("me"), vec![lie]].concat(), &["z/9"])[0].1.contains("pair"));
}

#[test]
fn an_item_that_is_cut_short_or_says_nothing_is_no_success() {
    for attributes in [
        &[][..],
        &[("account", "a/0")],
        &[("outcome", "ok")],
        &[("account", "a/0"), ("outcome", "oks")],
        &[("account", "b/0"), ("account", "a/0"), ("outcome", "ok")],
    ] {
        assert_eq!(told(&[item("me", attributes)], &["a/0"]).len(), 1, "{attributes:?}");
    }
    let done = [("account", "a/0"), ("outcome", "ok")];
    assert!(told(&[item("me", &done)], &["a/0"]).is_empty());
    // The pool's event of a single liquidation is none of an item.
    let single = [("action", "liquidate"), ("liquidator", "me"), ("account", "a/0"), ("outcome", "ok")];
    assert_eq!(told(&[said("pool", &single)], &["a/0"]).len(), 1);
}

#[allow(clippy::too_many_lines, reason = "one story, told in order")]
#[tokio::test]
async fn a_batch_in_a_block_is_settled_item_by_item() {
    // An account that is left with nothing, so that a loss is booked with it; one that only has a loss; and one that
    // fails.
    let build = || {
        let mut world = World::builder().lent(1_000_000).build();
        for (id, atoms) in [(0, 100), (1, 100), (2, 1)] {
            world.deposit((ALICE, id), UATOM, atoms * ATOM).unwrap();
            world.borrow((ALICE, id), UUSD, atoms * 6_900_000).unwrap();
        }
        world.set_price(UATOM, "0.5");
        world
    };
    let (chain, book, scan) = judged::judged_in(build).await;
    let send = |world: &mut World| {
        let item = |world: &World, id| {
            plimsoll_schema::pool::LiquidationItem::Liquidate(world.liquidate_item((ALICE, id), UATOM, UUSD))
        };
        let alice = world.addr(ALICE).into_string();
        let loss = plimsoll_schema::pool::UserAccount { user: alice, account_id: Some(2) };
        let items = vec![
            item(world, 0),
            item(world, 7),
            plimsoll_schema::pool::LiquidationItem::WriteOff(loss),
            item(world, 1),
        ];
        Ok(vec![world.liquidate_batch(LIQUIDATOR, items, &[coin(1_000_000_000, UUSD)])?])
    };
    let had = |denom: &'static str| {
        let chain = &chain;
        async move { chain.with(move |world| world.balance(LIQUIDATOR, denom)).await.unwrap() }
    };
    let (dollars, atoms) = (had(UUSD).await, had(UATOM).await);
    let head = chain.block(5, send).await.unwrap().unwrap();
    let events = chain.events(head.height).await.unwrap();
    let included =
        Included { height: head.height, code: 0, codespace: String::new(), log: String::new(), gas_used: 1, events };
    let settled = settlements(&included, &book, &scan.assets, None);
    let done: Vec<(&str, &str)> =
        settled.iter().map(|done| (done.action.as_str(), done.account.rsplit('/').next().unwrap())).collect();
    assert_eq!(done, [("liquidate", "0"), ("write_off", "2"), ("liquidate", "1")]);
    assert!(settled.iter().all(|done| done.losses.len() == 1 && done.losses[0].value > done.profit.spent));
    // What they say together is what has moved.
    let sum = |of: fn(&plimsoll_keeper::tx::receipt::Settled) -> u128| settled.iter().map(of).sum::<u128>();
    assert_eq!(sum(|done| done.repaid.as_ref().map_or(0, |coin| coin.amount)), dollars - had(UUSD).await);
    assert_eq!(
        sum(|done| done.seized.as_ref().map_or(0, |coin| coin.amount) - done.fee.as_ref().map_or(0, |coin| coin.amount)),
        had(UATOM).await - atoms
    );
    assert!(settled.iter().all(|done| done.shares == SupplyShares::ZERO));
    let alice = chain.with(|world| world.addr(ALICE).into_string()).await.unwrap();
    let names: Vec<String> = (0..8).map(|id| format!("{alice}/{id}")).collect();
    let speakers = Speakers { pool: &book.addresses.pool, liquidator: None, sender: chain.sender().unwrap() };
    let failed = failures(&included.events, &[names[0].clone(), names[7].clone()], speakers);
    assert_eq!(failed.len(), 1);
    assert!(failed[0].account == names[7] && failed[0].reason.contains("has no deposit of uatom"), "{failed:?}");
}
