//! The chain on which a history happens: pool, two oracles, pairs, liquidator, a timelock, a contract that takes flash loans, and people with
//! coins.

use cosmwasm_std::{Addr, Storage, to_json_binary};
use plimsoll_oracle::listing::{Listing, Seated};
use plimsoll_oracle::state::LISTINGS;
use plimsoll_pool::state::{CONFIG, ROLES, SPARED_UNTIL};
use plimsoll_risk::heartbeat::HaltGrace;
use plimsoll_risk::outflow::OutflowLimit;
use plimsoll_risk::price::PriceRecord;
use plimsoll_risk::units::{Amount, Price, Ratio};
use plimsoll_schema::oracle::{ExecuteMsg, FeedPrice, HEARTBEAT, InstantiateMsg, PRICE_RECORDS, Source};
use plimsoll_schema::ownership::{OwnedMsg, OwnerUpdate};
use plimsoll_schema::pool::{MaxAmountResponse, QueryMsg, UserAsset};
use plimsoll_schema::timelock;
use plimsoll_testing::{Asset, Snapshot, World, oracle_code, price, timelock_code};

use crate::call::Call;
use crate::cast::{
    ADMIN, BORROWER, CENT, DECIMALS, DENOMS, FEEDER, LISTED, LIVE, NAMES, PAIRS, PRICES, SOURCED, USERS, WATCH,
};
use crate::op::Who;

/// Seconds between steps of the settled price.
pub const STEP_INTERVAL: u64 = 60;
/// Seconds that a pair's price is averaged over.
pub const WINDOW: u64 = 120;
/// More seconds than this without a write of the oracle are a halt, and for so long liquidation waits after one.
pub const HALT: u64 = 1_800;
/// Seconds between an announcement and what it announces, of the first oracle and of the timelock. The second oracle has no delay.
pub const DELAY: u64 = 3_600;

/// The market that has an outflow limit from the start: changes alone would seldom set one that holds anybody.
const LIMITED: usize = 2;

/// A chain to play on, and the block to come back to.
pub struct Stage {
    /// The chain. Its own oracle is the first of `oracles`.
    pub world: World,
    /// Addresses of everybody.
    pub people: Vec<Addr>,
    /// Two oracles that price alike; one is the pool's.
    pub oracles: [Addr; 2],
    /// The pairs.
    pub pairs: Vec<Addr>,
    /// The liquidator.
    pub liquidator: Addr,
    /// The timelock: it owns nothing until it is handed something.
    pub timelock: Addr,
    start: Snapshot,
}

/// What a denom is listed as: the settled price moves by 30 % a minute at most, edges widen with age, and bounds are near.
pub fn asset(denom: usize) -> Asset {
    let mut asset = match denom {
        0..LISTED => Asset::defaults().swap_remove(denom),
        _ => Asset::new(DENOMS[denom], DECIMALS[denom], PRICES[denom]).with_ltv(50, 60),
    };
    asset.guards.max_age = Some(21_600);
    asset.guards.max_deviation = Ratio::percent(30);
    asset.guards.step_interval = STEP_INTERVAL;
    asset.guards.age_spread = Ratio::percent(2);
    asset.guards.bound_hold = 1_800;
    asset.params.sale_cost = Some(Ratio::percent(1));
    asset.params.max_borrow_utilization = Some(Ratio::percent(95));
    asset.params.outflow_limit = (denom == LIMITED).then(|| OutflowLimit {
        share: Ratio::percent(6),
        window: 6 * 3_600,
        floor: Amount::new(500 * CENT[denom]),
        floor_count: 3,
    });
    asset
}

impl Default for Stage {
    fn default() -> Self {
        Self::new()
    }
}

impl Stage {
    /// Everything in place: liquidity in markets and pairs, and debts in every market, so that interest flows from the first step on.
    pub fn new() -> Self {
        let mut world = World::builder()
            .assets((0..LISTED).map(asset))
            .oracle(|msg| (msg.source_delay, msg.heartbeat_gap) = (DELAY, HALT))
            .pool(|config| {
                config.oracle_delay = DELAY;
                config.halt_grace = HaltGrace { gap: HALT, grace: HALT };
            })
            .lent(100_000)
            .build();
        let borrower = world.borrower();
        let people: Vec<Addr> =
            NAMES.iter().map(|name| if name.is_empty() { borrower.clone() } else { world.addr(*name) }).collect();
        let (owner, guardian) = (people[ADMIN].to_string(), Some(people[WATCH].to_string()));
        let twin = InstantiateMsg {
            owner: owner.clone(),
            production: false,
            source_delay: 0,
            heartbeat_gap: HALT,
            guardian: guardian.clone(),
        };
        let twin = world.deploy(oracle_code(), &people[ADMIN], &twin, &[], "oracle").expect("an oracle like the other");
        let msg = timelock::InstantiateMsg { admin: owner, guardian, delay: DELAY };
        let timelock = world.deploy(timelock_code(), &people[ADMIN], &msg, &[], "timelock").expect("a timelock");
        let oracles = [world.oracle().clone(), twin];
        let pairs = PAIRS.map(|(first, second)| world.pair(DENOMS[first], DENOMS[second], 5_000_000)).to_vec();
        let liquidator = world.liquidator();
        let start = world.snapshot();
        let mut stage = Self { world, people, oracles, pairs, liquidator, timelock, start };
        stage.furnish();
        stage.start = stage.world.snapshot();
        stage
    }

    fn furnish(&mut self) {
        for oracle in [0, 1] {
            for (denom, first) in PRICES.iter().enumerate().take(SOURCED) {
                let feeders = FEEDER.map(|feeder| self.people[feeder].to_string()).to_vec();
                self.set_source(oracle, denom, Source::Feed { feeders, quorum: 2 }, price(first));
            }
        }
        self.put_in_force();
        for oracle in [0, 1] {
            self.vote(oracle, &(0..SOURCED).map(|denom| (denom, price(PRICES[denom]))).collect::<Vec<_>>());
            let source = crate::price::average(self, LIVE);
            let rate = Price::new(price(PRICES[LIVE]).raw() / 10);
            self.set_source(oracle, LIVE, Source::Pair(source), rate);
        }
        self.put_in_force();
        crate::price::watch(self);
        for (denom, name) in DENOMS.iter().enumerate() {
            for person in self.people.clone() {
                self.world.mint(&person, name, 100_000_000 * 10u128.pow(u32::from(DECIMALS[denom])));
            }
        }
        for ((user, id), collateral, tokens, debt, borrowed) in [
            ((0, 1), 1, 10_000, 0, 30_000),
            ((1, 1), 0, 50_000, 1, 1_000),
            ((1, 2), 3, 50, 2, 5_000),
            ((0, 2), 0, 50_000, 3, 10),
            ((2, 2), 2, 5_000, 1, 1_000),
            ((BORROWER, 1), 1, 10_000, 0, 20_000),
        ] {
            let who = (self.people[user].as_str(), id);
            let amount = self.world.whole(DENOMS[collateral], tokens);
            self.world.deposit(who, DENOMS[collateral], amount).expect("it can be supplied");
            let amount = self.world.whole(DENOMS[debt], borrowed);
            self.world.borrow(who, DENOMS[debt], amount).expect("it can be borrowed");
        }
    }

    fn set_source(&mut self, oracle: usize, denom: usize, source: Source, first: Price) {
        let (denom, guards) = (DENOMS[denom].to_owned(), crate::price::limits(0, first));
        self.ask(oracle, ADMIN, &ExecuteMsg::SetSource { denom, source, guards }).expect("a source is set");
    }

    /// What the first oracle was told takes force; the second one has no delay.
    fn put_in_force(&mut self) {
        self.world.advance(DELAY);
        for denom in &DENOMS[..SOURCED] {
            if LISTINGS.may_load(&*self.oracle(0), denom).expect("it can be read").is_some_and(|l| l.pending.is_some())
            {
                let msg = ExecuteMsg::ApplySource { denom: (*denom).to_owned() };
                self.ask(0, ADMIN, &msg).expect("its time has come");
            }
        }
        crate::price::refresh(self, None);
    }

    /// The owner hands pool and oracles to the timelock, as far as they are still the owner's.
    pub fn enthrone(&mut self) {
        let propose = OwnedMsg::UpdateOwner(OwnerUpdate::Propose { owner: self.timelock.to_string() });
        let contracts = [self.world.pool().clone(), self.oracles[0].clone(), self.oracles[1].clone()];
        for contract in contracts {
            let accept = timelock::ExecuteMsg::AcceptOwnership { contract: contract.to_string() };
            let propose = to_json_binary(&propose).expect("messages can be written");
            let call = Call { sender: ADMIN, contract, msg: propose, funds: vec![] };
            if call.send(self).is_ok() {
                Call::timelock(self, ADMIN, &accept).send(self).expect("who is proposed accepts");
            }
        }
    }

    /// Goes back to where every history starts.
    pub fn reset(&mut self) {
        self.world.restore(&self.start);
    }

    /// An account as the world's own methods take it.
    pub fn actor(&self, (user, id): Who) -> (&str, u32) {
        (self.people[user].as_str(), id)
    }

    /// What a contract is: that of an operation's name before the dot.
    pub fn contract(&self, address: &str) -> &'static str {
        if address == self.world.pool().as_str() {
            "pool"
        } else if address == self.timelock.as_str() {
            "timelock"
        } else if self.oracles.iter().any(|oracle| oracle.as_str() == address) {
            "oracle"
        } else {
            "other"
        }
    }

    /// The pool's records.
    pub fn pool(&self) -> Box<dyn Storage + '_> {
        self.world.app().contract_storage(self.world.pool())
    }

    /// An oracle's records.
    pub fn oracle(&self, oracle: usize) -> Box<dyn Storage + '_> {
        self.world.app().contract_storage(&self.oracles[oracle])
    }

    /// Which oracle is the pool's.
    pub fn in_force(&self) -> usize {
        let oracle = CONFIG.load(&*self.pool()).expect("the pool has settings").oracle;
        usize::from(oracle != self.oracles[0].as_str())
    }

    /// The published record of a denom.
    pub fn record(&self, oracle: usize, denom: usize) -> Option<PriceRecord> {
        PRICE_RECORDS.may_load(&*self.oracle(oracle), DENOMS[denom]).expect("records can be read")
    }

    /// About what a whole token costs in the oracle in force, 18 decimals; 0 where that is unknown.
    pub fn price(&self, denom: usize) -> u128 {
        let Some(record) = self.record(self.in_force(), denom) else { return 0 };
        let quote =
            record.quote.as_deref().and_then(|quote| self.record(self.in_force(), crate::use_pool::place(quote)));
        let quote = quote.map_or(1_000_000_000, |quote| quote.settled.raw() / 1_000_000_000);
        record.settled.raw() / 1_000_000_000 * quote
    }

    /// Where the pool's roles stand among the people; those of strangers are nobody's.
    pub fn person(&self, address: Option<&str>) -> Option<usize> {
        self.people.iter().position(|person| Some(person.as_str()) == address)
    }

    /// The pool's owner, proposed owner, risk manager and guardian.
    pub fn roles(&self) -> [Option<usize>; 4] {
        let roles = ROLES.load(&*self.pool()).expect("the pool has roles");
        let named = |name: &Option<String>| self.person(name.as_deref());
        let owner = self.person(Some(&roles.ownership.owner));
        [owner, named(&roles.ownership.proposed), named(&roles.risk_manager), named(&roles.guardian)]
    }

    /// Sends a message to an oracle.
    pub fn ask(&mut self, oracle: usize, sender: usize, msg: &ExecuteMsg) -> Result<(), String> {
        let msg = to_json_binary(msg).expect("messages can be written");
        let call = Call { sender, contract: self.oracles[oracle].clone(), msg, funds: vec![] };
        call.send(self).map(drop).map_err(|error| error.to_string())
    }

    /// Every feeder votes for these prices, of denoms whose feeders they are still.
    pub fn vote(&mut self, oracle: usize, prices: &[(usize, Price)]) {
        for feeder in FEEDER {
            let prices = prices.iter().filter(|(denom, _)| self.is_fed_by(oracle, *denom, feeder));
            let prices = prices.map(|(denom, price)| FeedPrice {
                denom: DENOMS[*denom].to_owned(),
                price: *price,
                observed_at: None,
            });
            let prices: Vec<FeedPrice> = prices.collect();
            if !prices.is_empty() {
                self.ask(oracle, feeder, &ExecuteMsg::Feed { prices }).expect("no vote is refused for its price");
            }
        }
    }

    /// Publishes what live sources say, where they say something: a pair may be empty.
    pub fn publish(&mut self, oracle: usize, but: Option<usize>) {
        let wanted = |denom: &usize| Some(*denom) != but && self.is_live(oracle, *denom);
        for denom in (0..SOURCED).filter(wanted).collect::<Vec<_>>() {
            // What it is refused for, `publish` as an operation shows.
            drop(self.ask(oracle, ADMIN, &ExecuteMsg::Publish { denoms: vec![DENOMS[denom].to_owned()] }));
        }
    }

    /// Whether liquidation waits after a halt.
    pub fn is_halted(&self) -> bool {
        let heartbeat = HEARTBEAT.load(&*self.oracle(self.in_force())).expect("the oracle has a heartbeat");
        let halt = CONFIG.load(&*self.pool()).expect("the pool has settings").halt_grace;
        let (until, now) = (SPARED_UNTIL.may_load(&*self.pool()).expect("it can be read"), self.world.now());
        crate::said::is_halted(&heartbeat, &halt, now) || (halt.grace > 0 && until.is_some_and(|until| now < until))
    }

    /// Whether a live source in force has said no price at this block.
    pub fn is_unwatched(&self) -> bool {
        let oracle = self.in_force();
        let quiet = |denom: usize| self.record(oracle, denom).is_some_and(|record| record.timestamp < self.world.now());
        (0..SOURCED).any(|denom| self.is_live(oracle, denom) && quiet(denom))
    }

    fn listing(&self, oracle: usize, denom: usize) -> Option<Listing> {
        LISTINGS.may_load(&*self.oracle(oracle), DENOMS[denom]).expect("listings can be read")
    }

    fn speaks(&self, oracle: usize, denom: usize, which: impl Fn(&Source) -> bool) -> bool {
        self.listing(oracle, denom).is_some_and(|listing| {
            let fallback = listing.fallback.iter().map(|fallback| &fallback.seated);
            std::iter::once(&listing.first).chain(fallback).any(|Seated { source, .. }| which(source))
        })
    }

    fn is_live(&self, oracle: usize, denom: usize) -> bool {
        self.speaks(oracle, denom, |source| matches!(source, Source::Pair(_)))
    }

    fn is_fed_by(&self, oracle: usize, denom: usize, feeder: usize) -> bool {
        let name = self.people[feeder].to_string();
        self.speaks(oracle, denom, |source| matches!(source, Source::Feed { feeders, .. } if feeders.contains(&name)))
    }

    /// The most that an account may borrow or withdraw; 0 when the pool doesn't say.
    pub fn most(&self, (user, id): Who, denom: usize, borrow: bool) -> u128 {
        let (user, account_id, denom) = (self.people[user].to_string(), Some(id), DENOMS[denom].to_owned());
        let msg = match borrow {
            true => QueryMsg::MaxBorrow(UserAsset { user, account_id, denom }),
            false => QueryMsg::MaxWithdraw(UserAsset { user, account_id, denom }),
        };
        self.world.query::<MaxAmountResponse>(&msg).map_or(Amount::ZERO, |answer| answer.amount).raw()
    }

    /// All who use the pool, with all their accounts.
    pub fn everyone() -> impl Iterator<Item = Who> {
        (0..USERS).flat_map(|user| (0..crate::cast::IDS).map(move |id| (user, id)))
    }

    /// The contract that takes flash loans.
    pub fn borrower(&self) -> &Addr {
        &self.people[BORROWER]
    }
}
