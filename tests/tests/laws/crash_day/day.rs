//! The market, its prices and its borrowers, minute by minute.

use plimsoll_risk::heartbeat::HaltGrace;
use plimsoll_risk::price::Guards;
use plimsoll_risk::units::{Amount, Price, Ratio};
use plimsoll_schema::oracle::Source;
use plimsoll_schema::pool::ExecuteMsg;
use plimsoll_testing::{ALICE, Addr, Asset, BLOCK_SECONDS, BOB, GUARDIAN, LENDER, UATOM, UUSD, World, price};

/// A token that a pair prices in the one that falls.
pub const STATOM: &str = "statom";
/// How many minutes the day has.
pub const MINUTES: usize = 1_440;
/// The last minute before the chain stands still for six hours.
pub const HALT_FROM: usize = 420;
const HALT_MINUTES: usize = 360;
/// When the pair's only provider leaves, and when whoever feeds the token is silent.
const THIN_AT: usize = 150;
const SILENT: std::ops::Range<usize> = 240..330;
/// When the guardian stops deposits of the token.
pub const STOPPED_AT: usize = 200;
/// When the pair's price falls by a twentieth.
const SOLD_AT: usize = 130;
const FEEDERS: [&str; 3] = ["feeder_1", "feeder_2", "feeder_3"];
/// The pair's averaging window; it is published each quarter, three minutes.
pub const WINDOW: u64 = 720;
/// Blocks between what the keeper sees and what it does.
pub const LATENCY_BLOCKS: u64 = 2;

/// The token's true price at corners of the day; straight lines between them, and a jump where a minute stands twice.
const PATH: [(usize, f64); 12] = [
    (0, 10.0),
    (60, 10.0),
    (120, 7.0),
    (120, 4.0),
    (240, 3.0),
    (330, 1.9),
    (420, 1.6),
    (780, 0.8),
    (900, 0.5),
    (900, 0.35),
    (1_200, 0.2),
    (1_440, 0.1),
];

/// A world at one minute of the day.
pub struct Day {
    pub world: World,
    pub minute: usize,
    pub pair: Addr,
}

fn asset(denom: &str, first: &str, floor: &str, ceiling: &str) -> Asset {
    let mut asset = Asset::new(denom, 6, first);
    asset.guards = guards(floor, ceiling, 10, 10);
    asset.params.sale_cost = Some(Ratio::percent(1));
    asset
}

/// Guards that production accepts: a half in 70 s for a feed, in 210 s for a pair.
fn guards(floor: &str, ceiling: &str, percent: u64, seconds: u64) -> Guards {
    Guards {
        max_age: Some(1_800),
        floor: price(floor),
        ceiling: price(ceiling),
        bound_hold: 1_800,
        max_deviation: Ratio::percent(percent),
        step_interval: seconds,
        age_spread: Ratio::percent(5),
    }
}

impl Day {
    /// Everybody has deposited and borrowed.
    pub fn break_of() -> Self {
        let cap = Amount::new(500_000_000_000);
        let mut atom = asset(UATOM, "10", "5", "20");
        atom.params.supply_cap = cap;
        let mut statom = asset(STATOM, "10", "5", "20").with_ltv(65, 70);
        statom.params.supply_cap = cap;
        let grace = HaltGrace { gap: 1_800, grace: 1_800 };
        let mut world = World::builder()
            .assets([asset(UUSD, "1", "0.5", "2").with_ltv(80, 85), atom, statom])
            .oracle(|oracle| (oracle.source_delay, oracle.heartbeat_gap) = (0, 1_800))
            .pool(|config| config.halt_grace = grace)
            .build();
        for denom in [UUSD, UATOM] {
            let guards = world.price_record(denom).guards;
            let source = world.feed_source(&FEEDERS, 2);
            world.set_source(denom, source, guards).unwrap();
        }
        let pair = world.deploy_pair(STATOM, UATOM, Ratio::bps(30)).unwrap();
        world.provide_liquidity(LENDER, &pair, [(STATOM, 500_000_000_000), (UATOM, 500_000_000_000)]).unwrap();
        world.deposit(LENDER, UUSD, 5_000_000_000_000).unwrap();
        world.deposit(LENDER, UATOM, 100_000_000_000).unwrap();
        let mut day = Self { world, minute: 0, pair };
        day.vote();
        day.price_by_pair();
        day.borrow();
        day
    }

    fn price_by_pair(&mut self) {
        let source = plimsoll_schema::oracle::PairSource {
            window: WINDOW,
            min_reserve: Amount::new(10_000_000_000),
            min_quote_reserve: Amount::new(10_000_000_000),
            ..self.world.pair_source(STATOM, &self.pair, UATOM)
        };
        self.world.set_source(STATOM, Source::Pair(source), guards("0.8", "1.25", 5, 15)).unwrap();
        for _ in 0..6 {
            self.vote();
            self.world.publish(LENDER, &[STATOM]).unwrap();
            self.world.advance(WINDOW / 4);
        }
        self.vote();
    }

    /// Whole tokens and dollars. The loop of correlated tokens must not feel what happens to both.
    fn borrow(&mut self) {
        for (who, id, collateral, held, debt, owed) in [
            (ALICE, 0, UATOM, 10_000, UUSD, 60_000),
            (ALICE, 1, UATOM, 10_000, UUSD, 45_000),
            (ALICE, 2, STATOM, 10_000, UATOM, 6_000),
            (ALICE, 3, UUSD, 100_000, UATOM, 7_000),
            (BOB, 0, STATOM, 5_000, UUSD, 30_000),
            (BOB, 1, STATOM, 5_000, UUSD, 20_000),
            (BOB, 2, UATOM, 2_000, UUSD, 8_000),
            (BOB, 3, UATOM, 2_000, UUSD, 4_000),
            (BOB, 4, UATOM, 2_000, UUSD, 2_000),
            (BOB, 5, UATOM, 2_000, UUSD, 1_000),
            (BOB, 6, UATOM, 2_000, UUSD, 500),
        ] {
            self.world.deposit((who, id), collateral, held * 1_000_000).unwrap();
            self.world.borrow((who, id), debt, owed * 1_000_000).unwrap();
        }
        self.world.deposit((ALICE, 4), UATOM, 3_000_000_000).unwrap();
        self.world.deposit((ALICE, 4), STATOM, 3_000_000_000).unwrap();
        self.world.borrow((ALICE, 4), UUSD, 30_000_000_000).unwrap();
    }

    /// A minute begins: what is to happen does, and the feeders vote for the true price.
    pub fn begin(&mut self) {
        match self.minute {
            SOLD_AT => drop(self.world.swap(BOB, &self.pair, (STATOM, 13_000_000_000)).unwrap()),
            THIN_AT => {
                let shares = self.world.pair_shares(LENDER, &self.pair);
                self.world.withdraw_liquidity(LENDER, &self.pair, shares / 1_000 * 999).unwrap();
            }
            STOPPED_AT => {
                let denom = Some(UATOM.to_owned());
                let msg = ExecuteMsg::Pause { denom, deposit: true, borrow: false, flash_loan: false };
                self.world.execute(GUARDIAN, &msg, &[]).unwrap();
            }
            _ => {}
        }
        self.vote();
    }

    fn vote(&mut self) {
        let atom = Price::new((self.atom() * 1e18) as u128).to_string();
        let mut prices = vec![(UUSD, "1")];
        if !SILENT.contains(&self.minute) {
            prices.push((UATOM, &atom));
        }
        for feeder in FEEDERS {
            self.world.feed(feeder, &prices).unwrap();
        }
    }

    pub fn let_latency_pass(&mut self) {
        self.world.advance(LATENCY_BLOCKS * BLOCK_SECONDS);
    }

    pub fn end(&mut self) {
        self.world.advance(60 - LATENCY_BLOCKS * BLOCK_SECONDS);
        self.minute += 1;
    }

    /// Six hours without a block.
    pub fn halt(&mut self) {
        self.world.advance(HALT_MINUTES as u64 * 60);
        self.minute += HALT_MINUTES;
    }

    /// The true price of the token that falls.
    pub fn atom(&self) -> f64 {
        atom_at(self.minute)
    }

    /// The true price of a token: of the correlated one what its pair pays.
    pub fn truth(&self, denom: &str) -> f64 {
        match denom {
            UUSD => 1.0,
            UATOM => self.atom(),
            _ => {
                let [statom, atom] = self.world.pair_pool(&self.pair).0;
                self.atom() * atom as f64 / statom as f64
            }
        }
    }
}

fn atom_at(minute: usize) -> f64 {
    let after = PATH.iter().position(|(corner, _)| *corner > minute).unwrap_or(PATH.len() - 1);
    let (from, start) = PATH[after - 1];
    let (to, end) = PATH[after];
    start + (end - start) * (minute - from) as f64 / (to - from) as f64
}

/// The token's true price in each minute in which there are blocks, and whether its feeders vote.
pub fn minutes() -> impl Iterator<Item = (usize, f64, bool)> {
    let halted = HALT_FROM + 1..HALT_FROM + HALT_MINUTES;
    let minutes = (0..MINUTES).filter(move |minute| !halted.contains(minute));
    minutes.map(|minute| (minute, atom_at(minute), !SILENT.contains(&minute)))
}
