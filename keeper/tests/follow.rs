//! The book, followed from events, is the book read anew: after every message of the pool, and after a migration.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may stop at a surprise"
)]

use std::sync::Arc;

use cosmwasm_std::coin;
use plimsoll_keeper::book::touched::Touched;
use plimsoll_keeper::book::{Addresses, Book};
use plimsoll_keeper::chain::world::WorldChain;
use plimsoll_keeper::chain::{Chain, ContractEvent, Head};
use plimsoll_keeper::config::Strategy;
use plimsoll_keeper::error::{Class, Error};
use plimsoll_keeper::run::Keeper;
use plimsoll_risk::units::{Amount, Ratio, Value};
use plimsoll_schema::oracle::MigrateMsg as OracleMigrateMsg;
use plimsoll_schema::pool::{
    AssetChanges, BatchAction, Borrow, CollateralStatus, ExecuteMsg, FromPurse, Listed, MigrateMsg, OnBehalf, Receive,
    Withdraw,
};
use plimsoll_testing::{
    ALICE, AppResponse, BOB, GUARDIAN, IBC_TOKEN, LIQUIDATOR, OWNER, UATOM, UUSD, World, WorldError, oracle_code,
    pool_code,
};

struct Followed {
    chain: WorldChain,
    book: Book,
}

impl Followed {
    async fn new() -> Self {
        let chain = WorldChain::start(LIQUIDATOR, || World::builder().lent(1_000_000).build()).await.unwrap();
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
    let own = |id: u32| (id > 0).then_some(id);
    f.pool(ALICE, ExecuteMsg::Deposit(OnBehalf { account_id: None, on_behalf_of: None }), &[(200_000_000, UATOM)])
        .await;
    let borrow = |denom: &str, amount: u128, id: u32| {
        ExecuteMsg::Borrow(Borrow {
            denom: denom.to_owned(),
            amount: Amount::new(amount),
            recipient: None,
            account_id: own(id),
        })
    };
    f.pool(ALICE, borrow(UUSD, 600_000_000, 0), &[]).await;
    f.pool(ALICE, ExecuteMsg::Repay(OnBehalf { account_id: None, on_behalf_of: None }), &[(50_000_000, UUSD)]).await;
    let withdraw = ExecuteMsg::Withdraw(Withdraw {
        denom: UATOM.to_owned(),
        amount: Some(Amount::new(1_000_000)),
        recipient: None,
        account_id: None,
    });
    f.pool(ALICE, withdraw, &[]).await;
    f.pool(ALICE, ExecuteMsg::Deposit(OnBehalf { account_id: None, on_behalf_of: None }), &[(10_000_000, IBC_TOKEN)])
        .await;
    for enable in [false, true] {
        let denom = IBC_TOKEN.to_owned();
        f.pool(
            ALICE,
            ExecuteMsg::UpdateAssetCollateralStatus(CollateralStatus { denom, enable, account_id: None }),
            &[],
        )
        .await;
    }

    // Two accounts at once, four markets.
    let batch = vec![
        BatchAction::Deposit(FromPurse { coin: coin(100_000_000, UATOM), account_id: None }),
        BatchAction::Borrow(Borrow {
            denom: UUSD.to_owned(),
            amount: Amount::new(690_000_000),
            recipient: None,
            account_id: None,
        }),
        BatchAction::Deposit(FromPurse { coin: coin(100_000_000, UATOM), account_id: Some(3) }),
        BatchAction::Borrow(Borrow {
            denom: IBC_TOKEN.to_owned(),
            amount: Amount::new(20_000_000),
            recipient: None,
            account_id: Some(3),
        }),
    ];
    f.pool(BOB, ExecuteMsg::Batch { actions: batch }, &[(200_000_000, UATOM)]).await;
    assert_eq!(f.book.accounts.len(), 3);
    f.pool(LIQUIDATOR, ExecuteMsg::Cover {}, &[(100_000_000, UUSD)]).await;

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

    // A liquidation paid in shares touches two accounts, and each of them may be a borrower.
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
        min_receive: None,
    };
    f.pool(LIQUIDATOR, liquidate, &[(100_000_000, UUSD)]).await;

    // Migrations, which the chain announces even when the contract says nothing.
    f.act("migrate the pool", |world| {
        let pool = world.pool().clone();
        world.migrate(&pool, pool_code(), &MigrateMsg {})
    })
    .await;
    f.act("migrate the oracle", |world| {
        let oracle = world.oracle().clone();
        world.migrate(&oracle, oracle_code(), &OracleMigrateMsg {})
    })
    .await;
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
    for action in ["flash_loan", "repay_flash_loan", "cover"] {
        let touched = touched("pool", &[("action", action), ("loan", "1"), ("denom", "uusd")]);
        assert!(touched.markets.contains("uusd") && !touched.settings);
    }
    let chain = [("_contract_address".to_owned(), "oracle".to_owned()), ("code_id".to_owned(), "7".to_owned())];
    let said = ContractEvent::of_wasm("migrate", chain.into_iter()).unwrap();
    assert_eq!((said.contract.as_str(), said.get("action")), ("oracle", Some("migrate")));
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
    let error = f.book.follow(&f.chain, &at(head.height - 3, head.time - 15)).await.unwrap_err();
    assert_eq!(error.class(), Class::Retry, "{error}");
    for other in
        [at(head.height - 21, head.time + 60), at(head.height + 1, head.time - 1), at(head.height, head.time - 1)]
    {
        let error = f.book.follow(&f.chain, &other).await.unwrap_err();
        assert!(matches!(error, Error::Reset { .. }) && error.class() == Class::Halt, "{error}");
        assert!(!error.to_string().contains('\n'));
    }
    let other = Head { chain_id: "other-1".to_owned(), ..head };
    assert!(matches!(f.book.follow(&f.chain, &other).await, Err(Error::WrongChain { .. })));
    assert_eq!(f.book, before);
}

#[tokio::test]
async fn an_audit_finds_counts_and_mends_what_is_wrong() {
    let mut f = Followed::new().await;
    f.pool(ALICE, ExecuteMsg::Deposit(OnBehalf { account_id: None, on_behalf_of: None }), &[(200_000_000, UATOM)])
        .await;
    let denom = UUSD.to_owned();
    let borrow =
        ExecuteMsg::Borrow(Borrow { denom, amount: Amount::new(600_000_000), recipient: None, account_id: None });
    f.pool(ALICE, borrow, &[]).await;
    let right = f.book.clone();
    assert_eq!(f.book.audit(&f.chain).await.unwrap(), 0);
    f.book.accounts.clear();
    f.book.assets.values_mut().next().unwrap().record = None;
    f.book.terms.dust_value = Value::whole(7);
    assert_eq!(f.book.audit(&f.chain).await.unwrap(), 3);
    assert_eq!(f.book, right);

    // The keeper does it by itself, when it is time.
    f.book.accounts.clear();
    let strategy = Strategy { audit_blocks: 2, ..Strategy::default() };
    let chain = Arc::new(f.chain);
    let mut keeper = Keeper::new(chain.clone(), f.book, strategy, None).unwrap();
    for mended in [0, 1, 1] {
        let head = chain.block(5, |_| Ok(Vec::new())).await.unwrap().unwrap();
        keeper.on_block(&head).await.unwrap();
        assert_eq!(keeper.mended(), mended);
    }
    assert_eq!(keeper.book().accounts, right.accounts);
}
