//! An in-process chain with a Plimsoll lending market on it, for the tests of Plimsoll and of whatever is built on it.
//!
//! [`World`] is the real contract code on cw-multi-test: oracle and pool deployed, assets listed, actors funded. Messages
//! answer with a `Result`, so that a test can look at a refusal. Queries and setup panic, because a broken setup is a
//! failed test.
//!
//! Time, blocks and prices move only by call: [`Chain::advance`] by so many seconds, [`Chain::next_block`],
//! [`World::set_price`]. The markets of [`World::new`] are empty: [`WorldBuilder::lent`] or [`World::lend`] puts something
//! there to borrow.
//!
//! The defaults aren't production's. Heartbeat and halt grace are off ([`WorldBuilder::oracle`], [`WorldBuilder::pool`]),
//! and a settled price follows at once ([`Asset::new`]).
//!
//! ```
//! use plimsoll_testing::{ALICE, LIQUIDATOR, UATOM, UUSD, World};
//!
//! let mut world = World::new();
//! world.lend(1_000_000); // the lender's: a million whole tokens in each market
//!
//! world.deposit(ALICE, UATOM, 100_000_000)?; // 100 ATOM at 10 USD
//! world.borrow(ALICE, UUSD, 650_000_000)?; // 650 USD
//! assert!(!world.position(ALICE).liquidatable);
//!
//! world.set_price(UATOM, "8.5"); // by the feeders' own messages
//! assert!(world.position(ALICE).liquidatable);
//! world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 650_000_000))?;
//! assert!(!world.position(ALICE).liquidatable);
//!
//! // A refusal leaves storage and balances as they were; `refused` sees to it.
//! let error = world.refused(|world| world.borrow(ALICE, UUSD, 1_000_000_000));
//! assert!(error.to_string().contains("limit"), "{error}");
//! # Ok::<(), plimsoll_testing::WorldError>(())
//! ```
//!
//! A market to sell into is one line: [`World::pair`] makes one of two listed assets at their present prices, and
//! [`Chain::swap`] trades there. [`World::price_by_pair`] has an asset priced by it, and [`World::publish`] publishes that price.
//!
//! [`WorldBuilder::timelock`] has oracle and pool owned as in production: what their owner wants is queued by
//! [`World::queue`], waits, and is applied by [`World::apply`].
//!
//! [`WorldBuilder::margin`] deploys the margin contract: [`World::leverage`] opens a position and
//! [`World::deleverage`] closes it, each in one transaction that grants the contract the account for one block.
//!
//! To test a contract of your own, put it on the same chain with [`Chain::deploy`] and talk to it with
//! [`Chain::execute_contract`]. A contract that takes flash loans, and does in the middle what a test tells it to, is
//! there already: [`World::borrower`], [`World::flash`].
//!
//! A [`World`] does all that a [`Chain`] does. [`World::counted`] counts what a message costs in storage.
//! [`Chain::snapshot`] and [`Chain::restore`] let two futures start from the same block.
#![allow(clippy::expect_used, clippy::panic, reason = "a setup that fails is a failed test")]

mod actor;
mod asset;
mod bank;
mod borrower;
mod builder;
mod chain;
mod chain_modules;
mod concentrated;
mod error;
mod event;
mod liquidator;
mod margin;
mod oracle;
mod pair;
mod pool;
mod pyth;
mod scripted_pair;
mod staking_hub;
mod storage;
mod timelock;
mod world;

pub use actor::{ALICE, Actor, BOB, FEEDER_3, FEEDERS, GUARDIAN, LENDER, LIQUIDATOR, OWNER, RISK_MANAGER};
pub use asset::{AETH, Asset, IBC_TOKEN, UATOM, UUSD};
pub use borrower::Step;
pub use builder::WorldBuilder;
pub use chain::{App, BLOCK_SECONDS, Chain, Snapshot};
pub use chain_modules::{Arrives, ChainModules, connect_price};
pub use concentrated::concentrated_code;
pub use error::WorldError;
pub use event::values;
pub use liquidator::{liquidator_code, route};
pub use margin::{hops, margin_code};
pub use oracle::{oracle_code, price, ratio};
pub use pair::pair_code;
pub use pool::pool_code;
pub use pyth::{pyth_code, pyth_feed};
pub use staking_hub::hub_code;
pub use storage::{CountingStorage, StorageOps};
pub use timelock::timelock_code;
pub use world::World;

pub use cosmwasm_std::{Addr, Coin, coin};
pub use cw_multi_test::AppResponse;
