//! All that is known at one moment, read from records and balances. One thing is asked for: what a live source would say.

use std::collections::{BTreeMap, BTreeSet};

use cosmwasm_std::{Coin, Storage, Uint128, from_json};
use plimsoll_oracle::listing::Listing;
use plimsoll_oracle::samples::Look;
use plimsoll_oracle::state as oracle;
use plimsoll_oracle::votes::Vote;
use plimsoll_pool::state as pool;
use plimsoll_risk::account::Account;
use plimsoll_risk::heartbeat::Heartbeat;
use plimsoll_risk::market::Market;
use plimsoll_risk::outflow::Outflow;
use plimsoll_risk::params::AssetParams;
use plimsoll_risk::price::PriceRecord;
use plimsoll_schema::compact::{CompactItem, CompactMap, decode};
use plimsoll_schema::oracle::{ConfigResponse, HEARTBEAT, PRICE_RECORDS, PriceRecordsResponse, QueryMsg};
use plimsoll_schema::ownership::Ownership;
use plimsoll_schema::pool::{Config, Expiry, ReservesRequest, Scope};
use plimsoll_schema::timelock::{ConfigResponse as TimelockConfig, Entry};
use plimsoll_timelock::state as timelock;

use crate::cast::{DENOMS, USERS};
use crate::exact::Exact;
use crate::op::Who;
use crate::said::{self, Live, Said};
use crate::stage::Stage;
use crate::use_pool::place;
use crate::value::{By, Sums};

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
    /// The bucket of its outflow limit.
    pub outflow: Option<Outflow>,
    /// What the bank says the pool has of it.
    pub bank: u128,
}

/// What an oracle knows of a denom.
#[derive(Clone, PartialEq)]
pub struct Priced {
    /// The sources in force and those that wait.
    pub listing: Listing,
    /// The published record.
    pub record: PriceRecord,
    /// What the live source that speaks for it answers, if it does.
    pub live: Option<PriceRecord>,
    /// The votes and the samples of the first source.
    pub first: Gathered,
    /// Those of the fallback.
    pub fallback: Gathered,
}

/// What a source has gathered.
#[derive(Clone, Default, PartialEq)]
pub struct Gathered {
    /// Its feeders' votes, in their order.
    pub votes: Vec<Option<Vote>>,
    /// What was seen of its pair, the oldest first.
    pub samples: Vec<Look>,
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
    /// The height.
    pub height: u64,
    /// The time.
    pub now: u64,
    /// The pool's settings.
    pub config: Config,
    /// Its roles.
    pub roles: pool::Roles,
    /// The oracle that was announced.
    pub proposed_oracle: Option<(String, u64)>,
    /// Until when liquidation waits since another oracle took over.
    pub spared_until: u64,
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
    /// What is owed against isolated assets, by the numbers of both.
    pub isolated_debts: BTreeMap<(u16, u16), u128>,
    /// Its grants on record, by account and operator.
    pub grants: BTreeMap<(Who, usize), pool::Grant>,
    /// How often each user has revoked all of theirs.
    pub revocations: [u64; USERS],
    /// Whether a flash loan or a batch with a callback is on record.
    pub open_loans: bool,
    /// Which oracle is in force, and its settings and prices.
    pub oracle: usize,
    /// The oracle's settings.
    pub oracle_config: ConfigResponse,
    /// What it knows, by denom.
    pub priced: BTreeMap<usize, Priced>,
    /// When it was written to.
    pub heartbeat: Heartbeat,
    /// What its records say now.
    pub said: BTreeMap<usize, Said>,
    /// What decides about each account's liquidation.
    pub verdicts: BTreeMap<Who, Sums>,
    /// What rounding may move.
    pub crumb: Exact,
    /// The timelock's roles and delay.
    pub timelock: TimelockConfig,
    /// What waits in it, by id.
    pub queue: BTreeMap<u64, Entry>,
    /// The pairs.
    pub pairs: Vec<Pair>,
    /// The liquidator's coins.
    pub liquidators: Vec<Coin>,
    /// Everybody's coins, by person and denom.
    pub wallets: Vec<[u128; DENOMS.len()]>,
}

impl View {
    /// Reads it.
    #[allow(clippy::too_many_lines, reason = "a line a field")]
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
        let (timelock, queue) = queue(stage);
        let heartbeat = HEARTBEAT.load(records).expect("the oracle has a heartbeat");
        let priced = priced(stage, records);
        let said = priced.iter().map(|(denom, priced)| {
            let live = if priced.record.window > 0 { Live::Asked(priced.live.as_ref()) } else { Live::Fed };
            (*denom, Said::of(&priced.record, &live, &heartbeat, now))
        });
        let mut view = Self {
            height: stage.world.height(),
            now,
            config: pool::CONFIG.load(pool).expect("the pool has settings"),
            roles: pool::ROLES.load(pool).expect("the pool has roles"),
            proposed_oracle: pool::PROPOSED_ORACLE.load(pool).expect("there is a record of it"),
            requests: requests.collect(),
            assets,
            accounts,
            strangers,
            debtors: debtors(stage, pool),
            isolated_debts: isolated_debts(pool),
            grants: grants(stage, pool),
            revocations: std::array::from_fn(|user| {
                let owner = &stage.people[user];
                pool::REVOCATIONS.may_load(pool, owner).expect("it can be read").unwrap_or_default()
            }),
            open_loans: is_open(pool),
            spared_until: pool::SPARED_UNTIL.may_load(pool).expect("it can be read").unwrap_or_default(),
            oracle: in_force,
            oracle_config: oracle::CONFIG.load(records).expect("the oracle has settings"),
            said: said.collect(),
            priced,
            heartbeat,
            verdicts: BTreeMap::new(),
            crumb: Exact::default(),
            timelock,
            queue,
            pairs: (0..stage.pairs.len()).map(|at| pair(stage, at)).collect(),
            liquidators: coins(stage, stage.liquidator.as_str()),
            wallets: stage.people.iter().map(|person| bank(person.as_str())).collect(),
        };
        let judged = |account: &Account| view.sums_of(account, By::Settled, |held| held.shares.raw());
        view.verdicts = view.accounts.iter().map(|(who, account)| (*who, judged(account))).collect();
        view.crumb = view.crumb_at(|said| &said.counted[1]);
        view
    }

    /// The time by which ramps run: without what the oracle has lost.
    pub fn clock(&self) -> u64 {
        self.now - said::lost(&self.heartbeat, self.now)
    }

    /// Whether liquidation waits after a halt, and nothing is lent.
    pub fn is_halted(&self) -> bool {
        said::is_halted(&self.heartbeat, &self.config.halt_grace, self.now)
            || (self.config.halt_grace.grace > 0 && self.now < self.spared_until)
    }

    /// Whether somebody may do on another's account what takes this scope.
    pub fn grants(&self, who: Who, operator: usize, scope: Scope) -> bool {
        self.grants.get(&(who, operator)).is_some_and(|grant| {
            let holds = match grant.expiry {
                None => true,
                Some(Expiry::AtHeight(height)) => self.height < height,
                Some(Expiry::AtTime(time)) => self.now < time,
                Some(Expiry::ThisBlock) => panic!("a grant on record says when it ends"),
            };
            holds && grant.revocations == self.revocations[who.0] && grant.scopes.contains(&scope)
        })
    }

    /// The owner of the pool.
    pub const fn owner(&self) -> &Ownership {
        &self.roles.ownership
    }
}

fn is_open(pool: &dyn Storage) -> bool {
    pool::LOANS.keys_after(pool, None).next().is_some()
        || pool::DUES.keys_after(pool, None).next().is_some()
        || pool::OPEN_BATCH.may_load(pool).expect("it can be read").is_some()
}

fn asset(pool: &dyn Storage, id: u16, now: u64, bank: &[u128; DENOMS.len()]) -> Asset {
    let params =
        pool::ASSET_PARAMS.may_load(pool, id).expect("parameters can be read").expect("a listed asset has some");
    let stored = pool::MARKETS.may_load(pool, id).expect("markets can be read").expect("a listed asset has one");
    let accrued = stored.clone().accrue(now, &params).expect("interest can always be added");
    let denom = place(&params.denom);
    let outflow = pool::OUTFLOWS.may_load(pool, id).expect("buckets can be read");
    Asset { denom, params, stored, now: accrued.state().clone(), outflow, bank: bank[denom] }
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

fn isolated_debts(pool: &dyn Storage) -> BTreeMap<(u16, u16), u128> {
    let sums = pool::ISOLATED_DEBTS.keys_after(pool, None).map(|key| {
        let key = key.expect("keys can be read");
        let sum = pool::ISOLATED_DEBTS.may_load(pool, key).expect("sums can be read").expect("it is there");
        (key, sum.raw())
    });
    sums.collect()
}

fn grants(stage: &Stage, pool: &dyn Storage) -> BTreeMap<(Who, usize), pool::Grant> {
    let keys = pool::GRANTS.keys_after(pool, None).map(|key| key.expect("keys can be read"));
    let known = keys.filter_map(|(owner, id, operator)| {
        let grant = pool::GRANTS.may_load(pool, (&owner, id, &operator)).expect("grants can be read")?;
        let who = (stage.person(Some(owner.as_str()))?, id);
        Some(((who, stage.person(Some(operator.as_str()))?), grant))
    });
    known.collect()
}

fn priced(stage: &Stage, records: &dyn Storage) -> BTreeMap<usize, Priced> {
    let known = (0..DENOMS.len()).filter_map(|denom| {
        let listing = oracle::LISTINGS.may_load(records, DENOMS[denom]).expect("listings can be read")?;
        let record = PRICE_RECORDS.may_load(records, DENOMS[denom]).expect("records can be read")?;
        let gathered = |generation: u32| gathered(records, DENOMS[denom], generation);
        let first = gathered(listing.first.generation);
        let fallback = listing.fallback.as_ref().map(|fallback| gathered(fallback.seated.generation));
        Some((denom, Priced { listing, record, live: None, first, fallback: fallback.unwrap_or_default() }))
    });
    let mut known: BTreeMap<usize, Priced> = known.collect();
    let live: Vec<usize> =
        known.iter().filter(|(_, priced)| priced.record.window > 0).map(|(denom, _)| *denom).collect();
    for (denom, record) in live.iter().zip(live_records(stage, &live)) {
        known.entry(*denom).and_modify(|priced| priced.live = record);
    }
    known
}

fn gathered(records: &dyn Storage, denom: &str, generation: u32) -> Gathered {
    let votes = oracle::VOTES.may_load(records, (denom, generation)).expect("votes can be read");
    let samples = oracle::SAMPLES.may_load(records, (denom, generation)).expect("samples can be read");
    Gathered {
        votes: votes.map(|votes| again(&votes)).unwrap_or_default(),
        samples: samples.map(|samples| again(&samples)).unwrap_or_default(),
    }
}

/// What stands in a record that keeps it to itself.
fn again<T: serde::de::DeserializeOwned>(kept: &impl serde::Serialize) -> T {
    let json = serde_json::to_value(kept).expect("records can be written");
    serde_json::from_value(json).expect("what was written can be read")
}

/// What live sources answer at this block.
fn live_records(stage: &Stage, denoms: &[usize]) -> Vec<Option<PriceRecord>> {
    if denoms.is_empty() {
        return vec![];
    }
    let asked = QueryMsg::PriceRecords { denoms: denoms.iter().map(|denom| DENOMS[*denom].to_owned()).collect() };
    let answer = stage.world.query_contract::<PriceRecordsResponse>(&stage.oracles[stage.in_force()], &asked);
    let records = answer.expect("the oracle answers").records.into_iter();
    records.map(|record| record.map(|bytes| decode(&bytes).expect("records can be read"))).collect()
}

fn queue(stage: &Stage) -> (TimelockConfig, BTreeMap<u64, Entry>) {
    let storage = stage.world.app().contract_storage(&stage.timelock);
    let config = timelock::CONFIG.load(&*storage).expect("the timelock has settings");
    let ids = timelock::QUEUE.keys_after(&*storage, None).map(|id| id.expect("keys can be read"));
    let entry = |id| timelock::QUEUE.may_load(&*storage, id).expect("entries can be read").expect("it is there");
    (config, ids.map(|id| (id, entry(id))).collect())
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
