//! The book, followed from events, is the book read anew: after every message of the pool, and after a migration.

use std::sync::Arc;

use cosmwasm_std::coin;
use plimsoll_keeper::book::audit::Dice;
use plimsoll_keeper::book::delta::BookDelta;
use plimsoll_keeper::book::sync::{BookConfig, BookSync, Counts};
use plimsoll_keeper::book::touched::Touched;
use plimsoll_keeper::book::validate::{check_account, check_asked, check_market};
use plimsoll_keeper::book::{Addresses, Book};
use plimsoll_keeper::chain::simulated::WorldChain;
use plimsoll_keeper::chain::{ChainReader, ContractEvent, Head, query};
use plimsoll_keeper::config::Strategy;
use plimsoll_keeper::error::{Class, Error};
use plimsoll_keeper::keeper::Keeper;
use plimsoll_risk::account::Debt;
use plimsoll_risk::params::AssetId;
use plimsoll_risk::units::{Amount, Ratio, ScaledDebt, Value};
use plimsoll_schema::oracle::{MigrateMsg as OracleMigrateMsg, PairSource, Source};
use plimsoll_schema::pool::{
    AccountKey, AccountRecord, AssetChanges, BatchAction, Borrow, CollateralStatus, ExecuteMsg, FromPurse,
    LiquidateBatch, LiquidateItem, LiquidationItem, Listed, MarketResponse, MigrateMsg, OnBehalf, QueryMsg, Receive,
    Withdraw,
};
use plimsoll_testing::{
    ALICE, AppResponse, BOB, FEEDERS, GUARDIAN, IBC_TOKEN, LENDER, LIQUIDATOR, OWNER, UATOM, UUSD, World, WorldError,
    oracle_code, pool_code,
};

struct Followed {
    chain: WorldChain,
    book: Book,
}

impl Followed {
    async fn new() -> Self {
        Self::of(|| World::builder().lent(1_000_000).build()).await
    }

    async fn of(build: impl FnOnce() -> World + Send + 'static) -> Self {
        let chain = WorldChain::start(LIQUIDATOR, build).await.unwrap();
        let pool = chain.with(|world| world.pool().to_string()).await.unwrap();
        let head = chain.head().await.unwrap();
        let book = Book::first(&chain, &pool, head, |_| {}).await.unwrap();
        Self { chain, book }
    }

    /// Does something in a block of its own; then the book that followed must be the book that is read anew.
    async fn act(
        &mut self,
        what: &str,
        act: impl FnOnce(&mut World) -> Result<AppResponse, WorldError> + Send + 'static,
    ) {
        let before = self.book.clone();
        let head = self
            .chain
            .block(60, |world| Ok(vec![act(world)?]))
            .await
            .unwrap()
            .unwrap_or_else(|e| panic!("{what}: {e}"));
        self.book.follow(&self.chain, &head).await.unwrap();
        let pool = self.book.addresses.pool.clone();
        let fresh = Book::snapshot(&self.chain, &pool, head, |_| {}).await.unwrap();
        assert_eq!(self.book, fresh, "after {what}; before it was {before:?}");
    }

    async fn pool(&mut self, sender: &'static str, msg: ExecuteMsg, funds: &[(u128, &str)]) {
        let funds: Vec<_> = funds.iter().map(|(amount, denom)| coin(*amount, *denom)).collect();
        let what = format!("{msg:?}");
        self.act(&what, move |world| world.execute(sender, &msg, &funds)).await;
    }
}

#[tokio::test]
async fn after_every_message_the_followed_book_is_the_book_read_anew() {
    let mut f = Followed::new().await;
    messages_of_users(&mut f).await;
    messages_of_those_in_charge(&mut f).await;
    liquidations_paid_in_shares(&mut f).await;

    // Migrations, which the chain announces even when the contract says nothing.
    f.act("migrate the pool", |world| {
        let pool = world.pool().clone();
        world.migrate(&pool, pool_code(), &MigrateMsg {})
    })
    .await;
    f.act("migrate the oracle", |world| {
        let oracle = world.oracle().clone();
        world.migrate(&oracle, oracle_code(), &OracleMigrateMsg::default())
    })
    .await;
}

#[allow(clippy::too_many_lines, reason = "every kind of message, one after the other")]
async fn messages_of_users(f: &mut Followed) {
    let own = |id: u32| (id > 0).then_some(id);
    f.pool(ALICE, ExecuteMsg::Deposit(OnBehalf { account_id: None, on_behalf_of: None }), &[(200_000_000, UATOM)])
        .await;
    let borrow = |denom: &str, amount: u128, id: u32| {
        ExecuteMsg::Borrow(Borrow {
            denom: denom.to_owned(),
            amount: Amount::new(amount).into(),
            recipient: None,
            account_id: own(id),
            on_behalf_of: None,
        })
    };
    f.pool(ALICE, borrow(UUSD, 600_000_000, 0), &[]).await;
    f.pool(ALICE, ExecuteMsg::Repay(OnBehalf { account_id: None, on_behalf_of: None }), &[(50_000_000, UUSD)]).await;
    let withdraw = ExecuteMsg::Withdraw(Withdraw {
        denom: UATOM.to_owned(),
        amount: Some(Amount::new(1_000_000).into()),
        recipient: None,
        account_id: None,
        on_behalf_of: None,
    });
    f.pool(ALICE, withdraw, &[]).await;
    f.pool(ALICE, ExecuteMsg::Deposit(OnBehalf { account_id: None, on_behalf_of: None }), &[(10_000_000, IBC_TOKEN)])
        .await;
    for enable in [false, true] {
        let denom = IBC_TOKEN.to_owned();
        f.pool(
            ALICE,
            ExecuteMsg::UpdateAssetCollateralStatus(CollateralStatus {
                denom,
                enable,
                account_id: None,
                on_behalf_of: None,
            }),
            &[],
        )
        .await;
    }

    // Two accounts at once, four markets.
    let batch = vec![
        BatchAction::Deposit(FromPurse { coin: coin(100_000_000, UATOM), account_id: None, on_behalf_of: None }),
        BatchAction::Borrow(Borrow {
            denom: UUSD.to_owned(),
            amount: Amount::new(690_000_000).into(),
            recipient: None,
            account_id: None,
            on_behalf_of: None,
        }),
        BatchAction::Deposit(FromPurse { coin: coin(100_000_000, UATOM), account_id: Some(3), on_behalf_of: None }),
        BatchAction::Borrow(Borrow {
            denom: IBC_TOKEN.to_owned(),
            amount: Amount::new(20_000_000).into(),
            recipient: None,
            account_id: Some(3),
            on_behalf_of: None,
        }),
    ];
    f.pool(BOB, ExecuteMsg::Batch { actions: batch, callback: None }, &[(200_000_000, UATOM)]).await;
    assert_eq!(f.book.accounts.len(), 3);
    f.pool(LIQUIDATOR, ExecuteMsg::Cover { beneficiary: None }, &[(100_000_000, UUSD)]).await;
}

async fn messages_of_those_in_charge(f: &mut Followed) {
    let changes = AssetChanges { max_loan_to_value: Some(Ratio::percent(65)), ..AssetChanges::default() };
    f.pool(OWNER, ExecuteMsg::UpdateAsset { denom: UATOM.to_owned(), changes }, &[]).await;
    f.pool(GUARDIAN, ExecuteMsg::Pause { denom: None, deposit: false, borrow: true, flash_loan: true }, &[]).await;
    f.pool(OWNER, ExecuteMsg::Unpause { denom: UUSD.to_owned(), deposit: true, borrow: true, flash_loan: true }, &[])
        .await;
    let mut config = f.chain.with(|world| world.config().config).await.unwrap();
    config.liquidation.dust_value = Value::whole(2);
    f.pool(OWNER, ExecuteMsg::UpdateConfig { config }, &[]).await;
    f.pool(OWNER, ExecuteMsg::UpdateRoles { risk_manager: None, guardian: None }, &[]).await;
    f.pool(
        OWNER,
        ExecuteMsg::RequestReserves {
            denom: UUSD.to_owned(),
            amount: Amount::new(1),
            recipient: f.book.addresses.oracle.clone(),
        },
        &[],
    )
    .await;
    f.pool(OWNER, ExecuteMsg::CancelReserves(Listed { denom: UUSD.to_owned() }), &[]).await;
}

/// A liquidation paid in shares touches two accounts, and each of them may be a borrower.
async fn liquidations_paid_in_shares(f: &mut Followed) {
    f.pool(
        LIQUIDATOR,
        ExecuteMsg::Deposit(OnBehalf { account_id: None, on_behalf_of: None }),
        &[(1_000_000_000, UUSD)],
    )
    .await;
    f.act("a price", |world| {
        world.set_prices(&[(UATOM, "9")]);
        world.feed(plimsoll_testing::FEEDERS[0], &[(UATOM, "9")])
    })
    .await;
    let bob = f.chain.with(|world| world.addr(BOB).into_string()).await.unwrap();
    let liquidate = ExecuteMsg::Liquidate {
        user: bob,
        account_id: None,
        collateral_denom: UATOM.to_owned(),
        recipient: None,
        receive: Some(Receive::Shares),
        allow_shares: None,
        min_receive: None,
    };
    f.pool(LIQUIDATOR, liquidate, &[(100_000_000, UUSD)]).await;

    // A batch: an item that fails, then one that is paid in shares.
    let [bob, lender] = f.chain.with(|world| [BOB, LENDER].map(|who| world.addr(who).into_string())).await.unwrap();
    let item = |user: String| {
        LiquidationItem::Liquidate(LiquidateItem {
            user,
            account_id: None,
            collateral_denom: UATOM.to_owned(),
            debt_denom: UUSD.to_owned(),
            max_repay: None,
            min_receive: None,
        })
    };
    f.act("a lower price", |world| {
        world.set_prices(&[(UATOM, "8")]);
        world.feed(plimsoll_testing::FEEDERS[0], &[(UATOM, "8")])
    })
    .await;
    let batch = LiquidateBatch {
        items: vec![item(lender), item(bob)],
        recipient: None,
        receive: Some(Receive::Shares),
        allow_shares: None,
        min_success: None,
        callback: None,
    };
    f.pool(LIQUIDATOR, ExecuteMsg::LiquidateBatch(batch), &[(50_000_000, UUSD)]).await;
}

#[tokio::test]
async fn after_every_write_of_the_oracle_the_followed_book_is_the_fresh_one() {
    let build =
        || World::builder().lent(1_000_000).oracle(|oracle| (oracle.source_delay, oracle.heartbeat_gap) = (0, 900));
    let mut f = Followed::of(move || build().build()).await;
    let (before, beat) = (f.book.prices.records[UATOM].clone(), f.book.prices.heartbeat);
    // One vote of two is an observation, since the other stands; the heartbeat is another.
    f.act("one vote", |world| world.feed(FEEDERS[0], &[(UATOM, "9")])).await;
    assert!(f.book.prices.records[UATOM] != before && f.book.prices.heartbeat != beat);
    f.act("a gap", |world| {
        world.advance(2_000);
        world.feed(FEEDERS[1], &[(UATOM, "9.5")])
    })
    .await;
    assert!(f.book.prices.heartbeat.unwrap().lost_seconds > 1_000);
    // Nobody's vote makes a price now, and what is said widens the edges all the same.
    f.act("a vote without a quorum", |world| {
        world.advance(4_000);
        world.feed(FEEDERS[0], &[(UATOM, "7")])
    })
    .await;
    assert_eq!(f.book.prices.records[UATOM].extremes.low, plimsoll_testing::price("7"));

    // A denom that no market lists concerns nobody until one is quoted in it.
    let source =
        f.chain.with(|world| (world.feed_source(&FEEDERS, 2), world.price_record(UATOM).guards)).await.unwrap();
    let (feed, guards) = source;
    f.act("a source of another denom", move |world| world.set_source("uosmo", feed, guards)).await;
    for feeder in FEEDERS {
        f.act("a vote for another denom", move |world| world.feed(feeder, &[("uosmo", "0.5")])).await;
    }
    assert!(!f.book.prices.records.contains_key("uosmo"));
    f.act("a source that is quoted in it", |world| {
        let pair = world.deploy_pair(UATOM, "uosmo", Ratio::bps(30))?;
        let coins = [(UATOM, 100_000_000_000), ("uosmo", 2_000_000_000_000)];
        coins.iter().for_each(|(denom, amount)| world.mint(LENDER, denom, *amount));
        world.provide_liquidity(LENDER, &pair, coins)?;
        let source = PairSource { quote_denom: "uosmo".to_owned(), ..world.pair_source(UATOM, &pair, UUSD) };
        let guards = world.price_record(UATOM).guards;
        world.set_source(UATOM, Source::Pair(source), guards)
    })
    .await;
    assert!(f.book.prices.records.contains_key("uosmo") && f.book.prices.records[UATOM].window == 600);
    f.act("a publication", |world| world.publish(ALICE, &[UATOM])).await;
    f.act("a vote for what others are quoted in", |world| world.feed(FEEDERS[0], &[("uosmo", "0.4")])).await;
    let feed = f.chain.with(|world| (world.feed_source(&FEEDERS, 2), world.price_record(UATOM).guards)).await.unwrap();
    f.act("a source that isn't any more", move |world| world.set_source(UATOM, feed.0, feed.1)).await;
    assert!(!f.book.prices.records.contains_key("uosmo"));
}

#[tokio::test]
async fn an_index_that_starts_anew_when_no_debt_is_left_is_followed() {
    let mut f = Followed::new().await;
    f.pool(ALICE, ExecuteMsg::Deposit(OnBehalf { account_id: None, on_behalf_of: None }), &[(100_000_000, UATOM)])
        .await;
    let borrow = |amount: u128| {
        ExecuteMsg::Borrow(Borrow {
            denom: UUSD.to_owned(),
            amount: Amount::new(amount).into(),
            recipient: None,
            account_id: None,
            on_behalf_of: None,
        })
    };
    f.pool(ALICE, borrow(500_000_000), &[]).await;
    f.act("a year", |world| {
        world.advance_fresh(365 * 86_400);
        world.execute(
            ALICE,
            &ExecuteMsg::Repay(OnBehalf { account_id: None, on_behalf_of: None }),
            &[coin(1_000_000, UUSD)],
        )
    })
    .await;
    let index = |f: &Followed| f.book.assets[&f.book.asset_of(UUSD).unwrap()].stored.borrow_index;
    assert!(index(&f) > plimsoll_risk::units::Index::ONE);
    let repay = ExecuteMsg::Repay(OnBehalf { account_id: None, on_behalf_of: None });
    f.pool(ALICE, repay, &[(600_000_000, UUSD)]).await;
    assert_eq!(index(&f), plimsoll_risk::units::Index::ONE);
}

#[test]
fn what_changes_everything_has_everything_read_again() {
    let addresses = Addresses { pool: "pool".to_owned(), oracle: "oracle".to_owned() };
    let touched = |contract: &str, attributes: &[(&str, &str)]| {
        let attributes = attributes.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let mut touched = Touched::default();
        touched.add(&[ContractEvent { contract: contract.to_owned(), attributes }], &addresses);
        touched
    };
    for action in ["update_config", "update_oracle", "migrate"] {
        assert!(touched("pool", &[("action", action)]).settings, "{action}");
        // Not only the first.
        assert!(touched("pool", &[("action", "deposit"), ("action", action)]).settings, "{action}");
    }
    assert!(touched("oracle", &[("action", "migrate")]).settings);
    assert!(!touched("other", &[("action", "migrate")]).settings);
    // An account that an item names and that is left as it was is not read again; all others of a batch are.
    let failed = [("action", "liquidate"), ("item", "0"), ("failed", "wasm1a/1"), ("outcome", "account is healthy")];
    assert_eq!(touched("pool", &failed), Touched::default());
    let done = [
        ("action", "liquidate"),
        ("item", "1"),
        ("account", "wasm1b/2"),
        ("debt_denom", "uusd"),
        ("collateral_denom", "uatom"),
        ("account", "wasm1c/0"),
        ("outcome", "ok"),
    ];
    let said = [("_contract_address", "pool")].iter().chain(&done).map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    let item = ContractEvent::of_wasm("wasm-item", said).unwrap();
    let mut batch = Touched::default();
    batch.add(&[item], &addresses);
    let names: Vec<&str> = batch.accounts.iter().map(|key| key.owner.as_str()).collect();
    assert_eq!((names.as_slice(), batch.malformed), (["wasm1b", "wasm1c"].as_slice(), 0));
    assert_eq!(batch.markets.iter().collect::<Vec<_>>(), ["uatom", "uusd"]);
    for action in ["flash_loan", "repay_flash_loan", "cover", "repay_batch"] {
        let touched = touched("pool", &[("action", action), ("loan", "1"), ("denom", "uusd")]);
        assert!(touched.markets.contains("uusd") && !touched.settings);
    }
    let chain = [("_contract_address".to_owned(), "oracle".to_owned()), ("code_id".to_owned(), "7".to_owned())];
    let said = ContractEvent::of_wasm("migrate", chain.into_iter()).unwrap();
    assert_eq!((said.contract.as_str(), said.get("action")), ("oracle", Some("migrate")));
}

#[test]
fn names_that_are_no_accounts_are_counted_and_look_alikes_not_even_that() {
    let addresses = Addresses { pool: "pool".to_owned(), oracle: "oracle".to_owned() };
    let names = ["", "/3", "wasm1a/x", "wasm1a/-1", "wasm1a/4294967296", "wasm1a/1/2", "wasm1a/7"];
    let attributes: Vec<_> = names.iter().map(|name| ("account".to_owned(), (*name).to_owned())).collect();
    let said = |contract: &str| ContractEvent { contract: contract.to_owned(), attributes: attributes.clone() };
    let mut touched = Touched::default();
    for contract in ["pool2", "Pool", "poo", "", "wasm1pool"] {
        touched.add(&[said(contract)], &addresses);
        assert_eq!(touched, Touched::default(), "{contract}");
    }
    touched.add(&[said("pool")], &addresses);
    assert_eq!(touched.malformed, 6);
    assert_eq!(touched.accounts, [AccountKey { owner: "wasm1a".to_owned(), account_id: 7 }].into());
}

#[tokio::test]
async fn a_market_or_an_account_that_can_not_be_is_refused() {
    let mut f = Followed::new().await;
    alice_borrows(&mut f, 2).await;
    let question = QueryMsg::Market(Listed { denom: UATOM.to_owned() });
    let right: MarketResponse = query(&f.chain, &f.book.addresses.pool, &question, None).await.unwrap();
    let now = f.book.head.time;
    assert_eq!(check_market(&f.book, UATOM, &right, now), Ok(()));
    type Change = fn(&mut MarketResponse);
    let wrong: [(&str, Change); 6] = [
        ("another denom", |market| market.params.denom = UUSD.to_owned()),
        ("another number", |market| market.asset.0 += 1),
        ("a number that isn't there", |market| market.asset.0 = 77),
        ("other decimals", |market| market.params.decimals += 1),
        ("of the future", |market| market.stored.updated_at += 1_000_000),
        ("of the past", |market| market.stored.updated_at -= 1),
    ];
    for (what, change) in wrong {
        let mut market = right.clone();
        change(&mut market);
        assert!(check_market(&f.book, UATOM, &market, now).is_err(), "{what}");
    }

    let mut records: Vec<AccountRecord> = f
        .book
        .accounts
        .iter()
        .map(|(key, account)| (key.clone(), account.clone()))
        .map(|(key, account)| AccountRecord { key, account })
        .collect();
    records.sort_by(|a, b| a.key.cmp(&b.key));
    let keys: Vec<AccountKey> = records.iter().map(|record| record.key.clone()).collect();
    assert_eq!(check_asked(&keys, &records), Ok(()));
    assert_eq!(check_asked(&keys, &records[1..]), Ok(()), "one of them has gone");
    assert!(check_asked(&keys[..1], &records).is_err(), "unasked");
    assert!(check_asked(&keys, &[records[0].clone(), records[0].clone()]).is_err(), "twice");
    let mut account = records[0].account.clone();
    let listed = |id| f.book.assets.contains_key(&id);
    assert_eq!(check_account(&keys[0], &account, listed), Ok(()));
    account.debts = (0..9).map(|id| Debt { asset: AssetId(id), scaled: ScaledDebt::new(1) }).collect();
    assert!(check_account(&keys[0], &account, |_| true).is_err(), "nine debts");
    account.debts.truncate(8);
    assert_eq!(check_account(&keys[0], &account, |_| true), Ok(()));
    assert!(check_account(&keys[0], &account, listed).is_err(), "assets that aren't listed");
}

#[tokio::test]
async fn a_chain_that_was_reset_stops_the_keeper() {
    let mut f = Followed::new().await;
    for _ in 0..30 {
        f.chain.block(5, |_| Ok(Vec::new())).await.unwrap().unwrap();
    }
    let head = f.chain.head().await.unwrap();
    f.book.follow(&f.chain, &head).await.unwrap();
    let before = f.book.clone();
    let at = |height: u64, time: u64| Head { height, time, ..head.clone() };
    // A node a little behind is asked again; anything else is another chain.
    for behind in [3, 25] {
        let error = f.book.follow(&f.chain, &at(head.height - behind, head.time - 5 * behind)).await.unwrap_err();
        assert_eq!(error.class(), Class::Retry, "{error}");
    }
    for other in
        [at(head.height - 21, head.time + 60), at(head.height + 1, head.time - 31), at(head.height, head.time - 31)]
    {
        let error = f.book.follow(&f.chain, &other).await.unwrap_err();
        assert!(matches!(error, Error::Reset { .. }) && error.class() == Class::Halt, "{error}");
        assert!(!error.to_string().contains('\n'));
    }
    // What can't be is counted; that a chain is another one is no matter of counting.
    let mut sync = BookSync::memory(BookConfig::default());
    for (wrong, refused) in [
        (at(head.height - 3, head.time - 15), 1),
        (at(head.height - 1, head.time), 2),
        // As old as clocks differ.
        (at(head.height + 1, head.time - 30), 3),
        (at(head.height, head.time - 31), 3),
    ] {
        sync.follow(&mut f.book, &f.chain, &wrong).await.unwrap_err();
        assert_eq!(sync.counts().refused, refused);
    }
    let other = Head { chain_id: "other-1".to_owned(), ..head };
    assert!(matches!(f.book.follow(&f.chain, &other).await, Err(Error::WrongChain { .. })));
    assert_eq!(f.book, before);
}

/// Alice's accounts, so many of them, each with a debt.
async fn alice_borrows(f: &mut Followed, accounts: u32) {
    for id in 0..accounts {
        let actions = vec![
            BatchAction::Deposit(FromPurse {
                coin: coin(100_000_000, UATOM),
                account_id: Some(id),
                on_behalf_of: None,
            }),
            BatchAction::Borrow(Borrow {
                denom: UUSD.to_owned(),
                amount: Amount::new(300_000_000 + u128::from(id)).into(),
                recipient: None,
                account_id: Some(id),
                on_behalf_of: None,
            }),
        ];
        f.pool(ALICE, ExecuteMsg::Batch { actions, callback: None }, &[(100_000_000, UATOM)]).await;
    }
}

#[tokio::test]
async fn an_audit_finds_counts_and_mends_what_is_wrong() {
    let mut f = Followed::new().await;
    alice_borrows(&mut f, 4).await;
    let (right, mut dice) = (f.book.clone(), Dice::seeded(1));
    let mut keys: Vec<_> = right.accounts.keys().cloned().collect();
    keys.sort();
    let clean = f.book.audit(&f.chain, 64, &mut dice).await.unwrap();
    assert_eq!((clean.differences, clean.delta.clone()), (0, BookDelta::default()));
    assert_eq!(clean.accounts, 4);

    // Settings, a price, an account that is wrong, one that is missing, and one that isn't there on the chain.
    f.book.terms.dust_value = Value::whole(7);
    f.book.prices.records.pop_first();
    let other = f.book.accounts[&keys[1]].clone();
    f.book.accounts.insert(keys[0].clone(), other.clone());
    f.book.accounts.remove(&keys[2]);
    let nobody = AccountKey { account_id: 99, ..keys[0].clone() };
    f.book.accounts.insert(nobody.clone(), other);
    let mut found = f.book.audit(&f.chain, 64, &mut dice).await.unwrap();
    // The run of borrowers begins anywhere, so that the missing one may be seen by the next only.
    for _ in 0..40 {
        let again = f.book.audit(&f.chain, 64, &mut dice).await.unwrap();
        found.differences += again.differences;
        found.delta.add(again.delta);
    }
    assert_eq!(found.differences, 5);
    assert_eq!(found.delta.accounts, [keys[0].clone(), keys[2].clone(), nobody].into());
    assert_eq!(f.book, right);
}

#[tokio::test]
async fn a_small_sample_finds_a_wrong_account_in_time() {
    let mut f = Followed::new().await;
    alice_borrows(&mut f, 12).await;
    let (right, mut dice) = (f.book.clone(), Dice::seeded(7));
    let key = right.accounts.keys().nth(9).unwrap().clone();
    let mut wrong = right.accounts[&key].clone();
    wrong.debts[0].scaled = ScaledDebt::new(1);
    f.book.accounts.insert(key, wrong);
    let mut audits = 0;
    while f.book.audit(&f.chain, 2, &mut dice).await.unwrap().differences == 0 {
        audits += 1;
        // One in twelve is looked at by chance alone: not to meet it in 200 times has odds of 1 to 36 million.
        assert!(audits < 200);
    }
    assert_eq!(f.book, right);
}

// Book and chain differ; it is repaired and counted.
#[tokio::test]
async fn case_17_a_book_that_audits_find_wrong_too_often_is_read_anew() {
    let mut f = Followed::new().await;
    alice_borrows(&mut f, 3).await;
    let right = f.book.accounts.clone();
    for (key, account) in &right {
        let mut wrong = account.clone();
        wrong.debts[0].scaled = ScaledDebt::new(1);
        f.book.accounts.insert(key.clone(), wrong);
    }
    let chain = Arc::new(f.chain);
    let settings = BookConfig { audit_seconds: 60, audit_rebuild: 2, ..BookConfig::default() };
    let mut keeper =
        Keeper::new(chain.clone(), f.book, Strategy::default(), None).unwrap().with_sync(BookSync::memory(settings));
    let mut counts = Vec::new();
    for _ in 0..14 {
        let head = chain.block(5, |_| Ok(Vec::new())).await.unwrap().unwrap();
        keeper.on_block(&head).await.unwrap();
        let Counts { audits, mended, rebuilt, .. } = keeper.counts();
        counts.push((audits, mended, rebuilt));
    }
    // At the first block, and a minute later.
    assert_eq!(counts[0], (1, 3, 1));
    assert_eq!(counts[11], (1, 3, 1));
    assert_eq!(counts[12], (2, 3, 1));
    assert_eq!(keeper.book().accounts, right);
}
