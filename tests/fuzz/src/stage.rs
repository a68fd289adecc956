//! The chain on which a history happens: pool, two oracles, pairs, liquidator, a contract that takes flash loans, and people with coins.

use cosmwasm_std::{Addr, Storage, to_json_binary};
use plimsoll_oracle::listing::Listing;
use plimsoll_oracle::state::LISTINGS;
use plimsoll_pool::state::{CONFIG, ROLES};
use plimsoll_risk::price::PriceRecord;
use plimsoll_risk::units::{Amount, Price, Ratio};
use plimsoll_schema::oracle::{ExecuteMsg, FeedPrice, InstantiateMsg, PRICE_RECORDS, Source};
use plimsoll_schema::pool::{MaxAmountResponse, QueryMsg, UserAsset};
use plimsoll_testing::{Asset, Snapshot, World, oracle_code, price};

use crate::call::Call;
use crate::cast::{BORROWER, DECIMALS, DENOMS, FEEDER, LISTED, LIVE, NAMES, PAIRS, PRICES, SOURCED, USERS};
use crate::op::Who;

/// Seconds between steps of the mid price.
pub const STEP_INTERVAL: u64 = 60;

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
    start: Snapshot,
}

/// What a denom is listed as: the mid price moves by 30 % a minute at most, edges widen with age.
pub fn asset(denom: usize) -> Asset {
    let mut asset = match denom {
        0..LISTED => Asset::defaults().swap_remove(denom),
        _ => Asset::new(DENOMS[denom], DECIMALS[denom], PRICES[denom]).with_ltv(50, 60),
    };
    asset.guards.max_age = Some(21_600);
    asset.guards.max_deviation = Ratio::percent(30);
    asset.guards.step_interval = STEP_INTERVAL;
    asset.guards.age_spread = Ratio::percent(2);
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
            .oracle(|msg| (msg.source_delay, msg.max_replacement_deviation) = (3_600, Ratio::percent(10)))
            .lent(100_000)
            .build();
        let borrower = world.borrower();
        let people: Vec<Addr> =
            NAMES.iter().map(|name| if name.is_empty() { borrower.clone() } else { world.addr(*name) }).collect();
        let twin = InstantiateMsg {
            owner: people[5].to_string(),
            production: false,
            source_delay: 3_600,
            max_replacement_deviation: Ratio::percent(10),
        };
        let twin = world.deploy(oracle_code(), &people[5], &twin, &[], "oracle").expect("an oracle like the other");
        let oracles = [world.oracle().clone(), twin];
        let pairs = PAIRS.map(|(first, second)| world.pair(DENOMS[first], DENOMS[second], 5_000_000)).to_vec();
        let liquidator = world.liquidator();
        let start = world.snapshot();
        let mut stage = Self { world, people, oracles, pairs, liquidator, start };
        stage.furnish();
        stage.start = stage.world.snapshot();
        stage
    }

    fn furnish(&mut self) {
        for (oracle, denoms) in [(0, LISTED..SOURCED), (1, 0..SOURCED)] {
            for denom in denoms.clone() {
                let source =
                    Source::Feed { feeders: FEEDER.map(|feeder| self.people[feeder].to_string()).to_vec(), quorum: 2 };
                let msg =
                    ExecuteMsg::SetSource { denom: DENOMS[denom].to_owned(), source, guards: asset(denom).guards };
                self.ask(oracle, 5, &msg).expect("a source is set");
            }
            self.vote(oracle, &denoms.map(|denom| (denom, price(PRICES[denom]))).collect::<Vec<_>>());
        }
        self.price_by_pair(LIVE);
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
        ] {
            let who = (self.people[user].as_str(), id);
            let amount = self.world.whole(DENOMS[collateral], tokens);
            self.world.deposit(who, DENOMS[collateral], amount).expect("it can be supplied");
            let amount = self.world.whole(DENOMS[debt], borrowed);
            self.world.borrow(who, DENOMS[debt], amount).expect("it can be borrowed");
        }
    }

    /// Both oracles take this denom's price from its pair.
    fn price_by_pair(&mut self, denom: usize) {
        let name = || DENOMS[denom].to_owned();
        for oracle in [0, 1] {
            let source = Source::Pair(crate::price::average(self, denom));
            let msg = ExecuteMsg::SetSource { denom: name(), source, guards: asset(denom).guards };
            self.ask(oracle, 5, &msg).expect("a pair is a source");
        }
        for seconds in [0, 3_600] {
            self.world.advance(seconds);
            crate::price::refresh(self, None);
        }
        for oracle in [0, 1] {
            self.ask(oracle, 5, &ExecuteMsg::ApplySource { denom: name() }).expect("its time has come");
        }
        crate::price::refresh(self, None);
    }

    /// Goes back to where every history starts.
    pub fn reset(&mut self) {
        self.world.restore(&self.start);
    }

    /// An account as the world's own methods take it.
    pub fn actor(&self, (user, id): Who) -> (&str, u32) {
        (self.people[user].as_str(), id)
    }

    /// The pool's records.
    pub fn pool(&self) -> Box<dyn Storage + '_> {
        self.world.app().contract_storage(self.world.pool())
    }

    /// Which oracle is the pool's.
    pub fn in_force(&self) -> usize {
        let oracle = CONFIG.load(&*self.pool()).expect("the pool has settings").oracle;
        usize::from(oracle != self.oracles[0].as_str())
    }

    /// The published record of a denom.
    pub fn record(&self, oracle: usize, denom: usize) -> Option<PriceRecord> {
        let storage = self.world.app().contract_storage(&self.oracles[oracle]);
        PRICE_RECORDS.may_load(&*storage, DENOMS[denom]).expect("records can be read")
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
            let prices: Vec<FeedPrice> =
                prices.map(|(denom, price)| FeedPrice { denom: DENOMS[*denom].to_owned(), price: *price }).collect();
            if !prices.is_empty() {
                self.ask(oracle, feeder, &ExecuteMsg::Feed { prices }).expect("feeders vote within the bounds");
            }
        }
    }

    /// Publishes what a live source in force or in waiting says, where it says something: a pair may be too thin, or its sample too young.
    pub fn publish(&mut self, oracle: usize, but: Option<usize>) {
        let wanted = |denom: &usize| Some(*denom) != but && self.is_live(oracle, *denom);
        for denom in (0..SOURCED).filter(wanted).collect::<Vec<_>>() {
            // What it is refused for, `publish` as an operation shows.
            drop(self.ask(oracle, 5, &ExecuteMsg::Publish { denoms: vec![DENOMS[denom].to_owned()] }));
        }
    }

    fn is_live(&self, oracle: usize, denom: usize) -> bool {
        let storage = self.world.app().contract_storage(&self.oracles[oracle]);
        let listing = LISTINGS.may_load(&*storage, DENOMS[denom]).expect("listings can be read");
        let waiting = |listing: &Listing| listing.pending.as_ref().map(|pending| pending.source.clone());
        listing.is_some_and(|listing| {
            matches!((&listing.source, waiting(&listing)), (Source::Pair(_), _) | (_, Some(Source::Pair(_))))
        })
    }

    fn is_fed_by(&self, oracle: usize, denom: usize, feeder: usize) -> bool {
        let storage = self.world.app().contract_storage(&self.oracles[oracle]);
        let listing = LISTINGS.may_load(&*storage, DENOMS[denom]).expect("listings can be read");
        let names = |source: &Source| match source {
            Source::Feed { feeders, .. } => feeders.contains(&self.people[feeder].to_string()),
            _ => false,
        };
        listing.is_some_and(|listing| names(&listing.source))
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
