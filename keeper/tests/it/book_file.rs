//! The book on disk: what is read back is what was applied, whatever happens to the file or between two starts.

mod damage;
mod export;
mod kill;
mod settings;
mod start;

use std::path::Path;
use std::path::PathBuf;

use cosmwasm_std::coin;
use plimsoll_keeper::book::Book;
use plimsoll_keeper::book::sync::BookConfig;
use plimsoll_keeper::book::sync::BookSync;
use plimsoll_keeper::chain::ChainReader;
use plimsoll_keeper::chain::Head;
use plimsoll_keeper::chain::simulated::WorldChain;
use plimsoll_risk::units::Amount;
use plimsoll_schema::pool::BatchAction;
use plimsoll_schema::pool::Borrow;
use plimsoll_schema::pool::ExecuteMsg;
use plimsoll_schema::pool::FromPurse;
use plimsoll_schema::pool::MigrateMsg;
use plimsoll_testing::ALICE;
use plimsoll_testing::BOB;
use plimsoll_testing::LIQUIDATOR;
use plimsoll_testing::UATOM;
use plimsoll_testing::UUSD;
use plimsoll_testing::World;
use plimsoll_testing::pool_code;

/// A folder of this test's own.
pub fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("book-{name}-{}", std::process::id()));
    _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

pub async fn world() -> (WorldChain, String) {
    let chain = WorldChain::start(LIQUIDATOR, || World::builder().lent(1_000_000).build()).await.unwrap();
    let pool = chain.with(|world| world.pool().to_string()).await.unwrap();
    borrow(&chain, ALICE, 0).await;
    borrow(&chain, ALICE, 7).await;
    borrow(&chain, BOB, 0).await;
    (chain, pool)
}

/// A block in which this account is opened.
pub async fn borrow(chain: &WorldChain, who: &'static str, id: u32) -> Head {
    let account_id = Some(id);
    let actions = vec![
        BatchAction::Deposit(FromPurse { coin: coin(100_000_000, UATOM), account_id, on_behalf_of: None }),
        BatchAction::Borrow(Borrow {
            denom: UUSD.to_owned(),
            amount: Amount::new(100_000_000 + u128::from(id)).into(),
            recipient: None,
            account_id,
            on_behalf_of: None,
        }),
    ];
    let act = move |world: &mut World| {
        Ok(vec![world.execute(who, &ExecuteMsg::Batch { actions, callback: None }, &[coin(100_000_000, UATOM)])?])
    };
    chain.block(5, act).await.unwrap().unwrap()
}

/// A block in which the pool is given another code.
pub async fn upgrade(chain: &WorldChain) -> Head {
    let act = |world: &mut World| {
        let pool = world.pool().clone();
        Ok(vec![world.migrate(&pool, pool_code(), &MigrateMsg {})?])
    };
    chain.block(5, act).await.unwrap().unwrap()
}

pub async fn read_anew(chain: &WorldChain, pool: &str) -> Book {
    Book::snapshot(chain, pool, chain.head().await.unwrap(), |_| {}).await.unwrap()
}

pub async fn open(chain: &WorldChain, pool: &str, file: &Path) -> (BookSync, Book) {
    let head = chain.head().await.unwrap();
    BookSync::open(BookConfig::default(), Some(file), chain, pool, head, |_| {}).await.unwrap()
}

/// The files in the folder that were moved aside.
pub fn aside(file: &Path) -> Vec<String> {
    let names = std::fs::read_dir(file.parent().unwrap()).unwrap();
    let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name.contains(".redb."));
    names.sort();
    names
}
