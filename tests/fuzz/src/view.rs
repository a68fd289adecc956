//! All that is known at one moment, read from records and balances. One thing is asked for: what a live source would say.

use std::collections::{BTreeMap, BTreeSet};

use cosmwasm_std::{Coin, Storage, Uint128, from_json};
use plimsoll_liquidator::state::WORK;
use plimsoll_oracle::listing::Listing;
use plimsoll_oracle::state as oracle;
use plimsoll_oracle::votes::Votes;
use plimsoll_pool::state as pool;
use plimsoll_risk::account::Account;
use plimsoll_risk::market::Market;
use plimsoll_risk::params::AssetParams;
use plimsoll_risk::price::PriceRecord;
use plimsoll_schema::compact::{CompactItem, CompactMap, decode};
use plimsoll_schema::oracle::{ConfigResponse, PRICE_RECORDS, PriceRecordsResponse, QueryMsg, Source};
use plimsoll_schema::ownership::Ownership;
use plimsoll_schema::pool::{Config, ReservesRequest};

use crate::cast::DENOMS;
use crate::op::Who;
use crate::stage::Stage;
use crate::use_pool::place;

/// A market.
#[derive(Clone)]
pub struct Asset {
    /// Its number among [`DENOMS`].
    pub denom: usize,
    /// Its parameters.
    pub params: AssetParams,
    /// Its record.
    pub stored: Market,
    /// The same with interest up to this block.
    pub now: Market,
    /// What the bank says the pool has of it.
    pub bank: u128,
}

/// What an oracle knows of a denom.
#[derive(Clone, PartialEq)]
pub struct Priced {
    /// The source in force and the one that waits.
    pub listing: Listing,
    /// The published record.
    pub record: PriceRecord,
    /// What a live source says in its place, while that has failed.
    pub live: Option<PriceRecord>,
    /// That of the source that waits.
    pub pending: Option<PriceRecord>,
    /// The votes for the source in force.
    pub votes: Option<Votes>,
}

/// A pair's record: both reserves, all shares, both cumulative prices, and when they were written.
pub type PairRecord = ([u128; 2], u128, [u128; 2], u64);
const PAIR: CompactItem<PairRecord> = CompactItem::new("l");
const PAIR_SHARES: CompactMap<&str, u128> = CompactMap::new("s");

/// A pair.
#[derive(Clone)]
pub struct Pair {
    /// Its record.
    pub record: PairRecord,
    /// All holders' shares together.
    pub held: u128,
    /// What the bank says it has of both.
    pub bank: [u128; 2],
}

/// The chain at one moment.
#[derive(Clone)]
pub struct View {
    /// The time.
    pub now: u64,
    /// The pool's settings.
    pub config: Config,
    /// Its roles.
    pub roles: pool::Roles,
    /// The oracle that was announced.
    pub proposed_oracle: Option<(String, u64)>,
    /// Announced withdrawals, by market.
    pub requests: BTreeMap<usize, ReservesRequest>,
    /// Its markets, in the order of listing.
    pub assets: Vec<Asset>,
    /// Its accounts.
    pub accounts: BTreeMap<Who, Account>,
    /// Accounts of addresses that are nobody's.
    pub strangers: usize,
    /// The index of those with debt.
    pub debtors: BTreeSet<Who>,
    /// Whether a flash loan is on record.
    pub open_loans: bool,
    /// Which oracle is in force, and its settings and prices.
    pub oracle: usize,
    /// The oracle's settings.
    pub oracle_config: ConfigResponse,
    /// What it knows, by denom.
    pub priced: BTreeMap<usize, Priced>,
    /// The pairs.
    pub pairs: Vec<Pair>,
    /// Whether the liquidator is at work, and what it has.
    pub busy: bool,
    /// The liquidator's coins.
    pub liquidators: Vec<Coin>,
    /// Everybody's coins, by person and denom.
    pub wallets: Vec<[u128; DENOMS.len()]>,
}

impl View {
    /// Reads it.
    pub fn of(stage: &Stage) -> Self {
        let app = stage.world.app();
        let pool = stage.pool();
        let pool = &*pool;
        let in_force = stage.in_force();
        let records = app.contract_storage(&stage.oracles[in_force]);
        let records = &*records;
        let now = stage.world.now();
        let bank = |address: &str| balances(stage, address);
        let pools = bank(stage.world.pool().as_str());
        let count = pool::ASSET_COUNT.load(pool).expect("assets are counted");
        let assets: Vec<Asset> = (0..count).map(|id| asset(pool, id, now, &pools)).collect();
        let requests = (0..count).filter_map(|id| {
            Some((usize::from(id), pool::RESERVES_REQUESTS.may_load(pool, id).expect("requests can be read")?))
        });
        let (accounts, strangers) = accounts(stage, pool);
        let liquidator = app.contract_storage(&stage.liquidator);
        Self {
            now,
            config: pool::CONFIG.load(pool).expect("the pool has settings"),
            roles: pool::ROLES.load(pool).expect("the pool has roles"),
            proposed_oracle: pool::PROPOSED_ORACLE.load(pool).expect("there is a record of it"),
            requests: requests.collect(),
            assets,
            accounts,
            strangers,
            debtors: debtors(stage, pool),
            open_loans: pool::LOANS.keys_after(pool, None).next().is_some(),
            oracle: in_force,
            oracle_config: oracle::CONFIG.load(records).expect("the oracle has settings"),
            priced: (0..DENOMS.len()).filter_map(|denom| Some((denom, priced(stage, records, denom)?))).collect(),
            pairs: (0..stage.pairs.len()).map(|at| pair(stage, at)).collect(),
            busy: WORK.load(&*liquidator).expect("there is a record of it").is_some(),
            liquidators: coins(stage, stage.liquidator.as_str()),
            wallets: stage.people.iter().map(|person| bank(person.as_str())).collect(),
        }
    }

    /// The owner of the pool.
    pub const fn owner(&self) -> &Ownership {
        &self.roles.ownership
    }
}

fn asset(pool: &dyn Storage, id: u16, now: u64, bank: &[u128; DENOMS.len()]) -> Asset {
    let params =
        pool::ASSET_PARAMS.may_load(pool, id).expect("parameters can be read").expect("a listed asset has some");
    let stored = pool::MARKETS.may_load(pool, id).expect("markets can be read").expect("a listed asset has one");
    let accrued = stored.clone().accrue(now, params.reserve_factor).expect("interest can always be added");
    let denom = place(&params.denom);
    Asset { denom, params, stored, now: accrued.state().clone(), bank: bank[denom] }
}

fn accounts(stage: &Stage, pool: &dyn Storage) -> (BTreeMap<Who, Account>, usize) {
    let (mut accounts, mut strangers) = (BTreeMap::new(), 0);
    for key in pool::ACCOUNTS.keys_after(pool, None) {
        let (owner, id) = key.expect("keys can be read");
        let account = pool::ACCOUNTS.may_load(pool, (&owner, id)).expect("accounts can be read").expect("it is there");
        match stage.person(Some(owner.as_str())) {
            Some(person) => drop(accounts.insert((person, id), account)),
            None => strangers += 1,
        }
    }
    for who in Stage::everyone() {
        accounts.entry(who).or_default();
    }
    (accounts, strangers)
}

fn debtors(stage: &Stage, pool: &dyn Storage) -> BTreeSet<Who> {
    let keys = pool::DEBTORS.keys_after(pool, None).map(|key| key.expect("keys can be read"));
    keys.filter_map(|(owner, id)| Some((stage.person(Some(owner.as_str()))?, id))).collect()
}

fn priced(stage: &Stage, records: &dyn Storage, denom: usize) -> Option<Priced> {
    let denom = DENOMS[denom];
    let listing = oracle::LISTINGS.may_load(records, denom).expect("listings can be read")?;
    let record = PRICE_RECORDS.may_load(records, denom).expect("records can be read")?;
    let pending = oracle::PENDING_RECORDS.may_load(records, denom).expect("records can be read");
    let votes = oracle::VOTES.may_load(records, (denom, record.generation)).expect("votes can be read");
    let fails = crate::value::prices(&record, stage.world.now()).low.is_none();
    let live = (fails && matches!(listing.source, Source::Pair(_))).then(|| live(stage, denom)).flatten();
    Some(Priced { listing, record, live, pending, votes })
}

fn live(stage: &Stage, denom: &str) -> Option<PriceRecord> {
    let (oracle, denoms) = (&stage.oracles[stage.in_force()], vec![denom.to_owned()]);
    let answer = stage.world.query_contract::<PriceRecordsResponse>(oracle, &QueryMsg::PriceRecords { denoms });
    let record = answer.expect("the oracle answers").records.remove(0)?;
    Some(decode(&record).expect("records can be read"))
}

fn pair(stage: &Stage, at: usize) -> Pair {
    let storage = stage.world.app().contract_storage(&stage.pairs[at]);
    let keys = PAIR_SHARES.keys_after(&*storage, None).map(|key| key.expect("keys can be read"));
    let held =
        keys.map(|key| PAIR_SHARES.may_load(&*storage, &key).expect("shares can be read").expect("they are there"));
    let (first, second) = crate::cast::PAIRS[at];
    let bank = balances(stage, stage.pairs[at].as_str());
    let record = PAIR.load(&*storage).expect("a pair has a record");
    Pair { record, held: held.sum(), bank: [bank[first], bank[second]] }
}

/// The bank's record of an address.
fn coins(stage: &Stage, address: &str) -> Vec<Coin> {
    let mut key = b"\x00\x04bank\x00\x08balances".to_vec();
    key.extend_from_slice(address.as_bytes());
    stage.world.dump().get(&key).map(|bytes| from_json(bytes).expect("balances can be read")).unwrap_or_default()
}

fn balances(stage: &Stage, address: &str) -> [u128; DENOMS.len()] {
    let mut held = [0; DENOMS.len()];
    for coin in coins(stage, address) {
        held[place(&coin.denom)] = Uint128::try_from(coin.amount).expect("nobody has more than 128 bits").u128();
    }
    held
}
