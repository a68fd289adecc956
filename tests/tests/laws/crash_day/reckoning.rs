//! What was lost and paid, reckoned from stored records by the definitions of docs/prices.md.

use std::collections::BTreeMap;

use plimsoll_risk::heartbeat::Heartbeat;
use plimsoll_risk::price::PriceRecord;
use plimsoll_schema::compact::decode;
use plimsoll_schema::oracle::HEARTBEAT;
use plimsoll_testing::{AppResponse, UATOM, UUSD, values};

use super::day::{Day, STATOM};

/// What a sale costs the liquidator, and what the test's markets say that it costs: nobody comes for less.
const COST: f64 = 0.005;
const SALE_COST: f64 = 0.01;
const UNIT: f64 = 1e6;

/// A record at one moment.
pub struct Said {
    /// The settled price.
    pub settled: f64,
    /// The edges of the last observation.
    pub raw: [f64; 2],
    /// What is lent against, and what a debt counts at then.
    pub edges: [f64; 2],
    /// Whether that is too old.
    pub silent: bool,
}

impl Said {
    fn of(record: &PriceRecord, now: u64) -> Self {
        let number = |raw: u128| raw as f64 / 1e18;
        let [low, high] = [number(record.raw.low.raw()), number(record.raw.high.raw())];
        let guards = &record.guards;
        let max_age = guards.max_age.unwrap();
        let until = now.min(record.timestamp + max_age);
        let deviation = number(guards.max_deviation.raw());
        let mut settled = number(record.settled.raw());
        for step in 1..=until.saturating_sub(record.anchored_at) / guards.step_interval {
            let at = record.anchored_at + step * guards.step_interval;
            let held = record.beyond_since > 0 && at < record.beyond_since + guards.bound_hold;
            let (floor, ceiling) = match held {
                true => (number(guards.floor.raw()), number(guards.ceiling.raw())),
                false => (0.0, f64::INFINITY),
            };
            if settled > high {
                settled = (settled * (1.0 - deviation)).max(high.max(floor).min(settled));
            } else if settled < low {
                settled = (settled * (1.0 + deviation)).min(low.min(ceiling).max(settled));
            }
        }
        let extremes =
            [number(record.extremes.low.raw()).min(settled), number(record.extremes.high.raw()).max(settled)];
        Self { settled, raw: [low, high], edges: extremes, silent: record.awaiting || now - record.timestamp > max_age }
    }

    /// The settled price, or the edge of the last observation that is nearest to it where it is outside.
    fn nearest(&self) -> f64 {
        self.settled.clamp(self.raw[0], self.raw[1])
    }
}

/// What all records say at this block.
pub fn said(day: &Day) -> BTreeMap<&'static str, Said> {
    let now = day.world.now();
    [UUSD, UATOM, STATOM].map(|denom| (denom, Said::of(&day.world.price_record(denom), now))).into()
}

/// A token's price: the product of what its records say.
fn product(denom: &str, of: impl Fn(&'static str) -> f64) -> f64 {
    match denom {
        STATOM => of(STATOM) * of(UATOM),
        UATOM => of(UATOM),
        _ => of(UUSD),
    }
}

/// An account in whole tokens.
#[derive(Default)]
struct Account {
    held: Vec<(String, f64)>,
    owed: Vec<(String, f64)>,
}

impl Account {
    fn worth(lines: &[(String, f64)], day: &Day) -> f64 {
        lines.iter().map(|(denom, tokens)| tokens * day.truth(denom)).sum()
    }

    /// Its largest deposit and debt.
    fn main_lines(&self, day: &Day) -> Option<(&str, &str)> {
        let largest = |lines: &[(String, f64)]| {
            let value = |at: &usize| lines[*at].1 * day.truth(&lines[*at].0);
            (0..lines.len()).max_by(|a, b| value(a).total_cmp(&value(b)))
        };
        Some((&self.held[largest(&self.held)?].0, &self.owed[largest(&self.owed)?].0))
    }
}

/// How much of an account's debt nothing stood against when a liquidation first paid, without and with what a sale costs.
#[derive(Clone, Copy, Default, Debug)]
struct Gone {
    looks: usize,
    debt: f64,
    plain: f64,
    with_cost: f64,
}

/// What is known by the end.
#[derive(Debug)]
pub struct Figures {
    pub lost: f64,
    pub lent: f64,
    pub gone: f64,
    pub most: f64,
    pub at_settled: f64,
    pub at_raw: f64,
}

#[derive(Default)]
pub struct Reckoning {
    open: BTreeMap<(String, u32), Gone>,
    closed: Vec<Gone>,
    written_off: f64,
    lent: f64,
    at_settled: f64,
    at_raw: f64,
}

impl Reckoning {
    /// Looks at every account, when there are new prices and when the keeper acts. A liquidation is open while no denom is silent, no grace
    /// spares the account, and what is exchanged counts at most what it is worth, net bonus less cost added. The first look at which it is
    /// open is what counts, and the one after: the keeper's latency.
    pub fn look(&mut self, day: &Day) {
        let said = said(day);
        let accounts = accounts(day);
        self.lent = self.lent.max(accounts.values().map(|account| Account::worth(&account.owed, day)).sum());
        for (key, account) in accounts {
            let open = is_open(day, &said, &account);
            let gone = self.open.entry(key).or_default();
            let debt = Account::worth(&account.owed, day);
            let held = Account::worth(&account.held, day);
            if !open {
                *gone = Gone { debt, ..Gone::default() };
                continue;
            }
            gone.debt = debt;
            gone.looks += 1;
            if gone.looks <= 2 {
                gone.plain = gone.plain.max(debt - held);
                gone.with_cost = gone.with_cost.max(debt - held / (1.0 + SALE_COST));
            }
        }
    }

    /// Checks that what was just lent stays covered by what its collateral is truly worth.
    pub fn check_cover(&self, day: &Day, who: (&str, u32)) {
        assert!(self.is_solvent(day, who), "minute {}: {who:?} owes more than it has", day.minute);
    }

    /// Whether an account has what it owes, at true prices.
    pub fn is_solvent(&self, day: &Day, who: (&str, u32)) -> bool {
        let key = (day.world.addr(who.0).into_string(), who.1);
        let account = accounts(day).remove(&key).unwrap_or_default();
        Account::worth(&account.owed, day) <= Account::worth(&account.held, day)
    }

    /// What a liquidation seized for what it repaid, against the bonus, at the settled prices and at the nearest edges of raw; and what it
    /// wrote off.
    pub fn take(&mut self, day: &Day, before: &BTreeMap<&'static str, Said>, response: &AppResponse) {
        let text = |key: &str| values(response, key).first().map(|text| (*text).to_owned());
        if let (Some(seized), Some(repaid)) = (text("seized"), text("repaid")) {
            let number = |text: &str| text.parse::<f64>().unwrap();
            // A base unit of what is repaid is rounding.
            let seized = number(&seized);
            let repaid = number(&repaid) + 1.0;
            let held = text("collateral_denom").unwrap();
            let owed = text("debt_denom").unwrap();
            let bonus = number(&text("bonus").unwrap());
            assert!(bonus <= 0.1, "a bonus of {bonus}");
            let ratio = |of: &dyn Fn(&'static str) -> f64| {
                seized * product(&held, of) / (repaid * product(&owed, of) * (1.0 + bonus))
            };
            self.at_settled = self.at_settled.max(ratio(&|denom| before[denom].settled));
            self.at_raw = self.at_raw.max(ratio(&|denom| before[denom].nearest()));
        }
        let account = text("account").unwrap();
        let (owner, id) = account.rsplit_once('/').unwrap();
        let losses = values(response, "written_off").into_iter().map(|text| {
            let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap();
            text[..digits].parse::<f64>().unwrap() / UNIT * day.truth(&text[digits..])
        });
        let lost: f64 = losses.sum();
        if lost > 0.0 {
            let gone = self.open.remove(&(owner.to_owned(), id.parse().unwrap())).unwrap_or_default();
            assert!(lost <= gone.with_cost + 1.0, "minute {}: {account} cost lenders {lost}, {gone:?}", day.minute);
            self.closed.push(gone);
            self.written_off += lost;
        }
    }

    /// At the end of the day: what was written off, and what nothing stands against of the debts that are left.
    pub fn close(&mut self, day: &Day) -> Figures {
        let unbooked: f64 = accounts(day).values().map(|account| short(account, day)).sum();
        let sum = |of: fn(&Gone) -> f64| self.open.values().chain(&self.closed).map(of).sum();
        Figures {
            lost: self.written_off + unbooked,
            lent: self.lent,
            gone: sum(|gone| gone.plain),
            most: sum(|gone| gone.with_cost),
            at_settled: self.at_settled,
            at_raw: self.at_raw,
        }
    }
}

fn short(account: &Account, day: &Day) -> f64 {
    (Account::worth(&account.owed, day) - Account::worth(&account.held, day)).max(0.0)
}

fn is_open(day: &Day, said: &BTreeMap<&'static str, Said>, account: &Account) -> bool {
    let silent = |lines: &[(String, f64)]| {
        lines.iter().any(|(denom, _)| said[denom.as_str()].silent || (denom == STATOM && said[UATOM].silent))
    };
    if silent(&account.held) || silent(&account.owed) {
        return false;
    }
    let sum = |lines: &[(String, f64)], edge: usize| -> f64 {
        lines.iter().map(|(denom, tokens)| tokens * product(denom, |denom| said[denom].edges[edge])).sum()
    };
    // Whoever has more than the debt and the full bonus is spared.
    if is_halted(day) && sum(&account.held, 0) > 1.1 * sum(&account.owed, 1) {
        return false;
    }
    let Some((held, owed)) = account.main_lines(day) else { return false };
    // A record on which both hang cancels.
    let cancels = |denom: &str| denom == UATOM && [held, owed].iter().all(|line| *line != UUSD);
    let high = |denom: &'static str| if cancels(denom) { 1.0 } else { said[denom].settled.max(said[denom].raw[0]) };
    let low = |denom: &'static str| if cancels(denom) { 1.0 } else { said[denom].settled.min(said[denom].raw[1]) };
    let exchanged = product(held, high) / product(owed, low);
    exchanged <= (1.0 + SALE_COST - COST) * day.truth(held) / day.truth(owed)
}

/// Whether the pool waits after a halt: within half an hour of the first write after more than half an hour without one.
fn is_halted(day: &Day) -> bool {
    let bytes = day.world.query_raw(day.world.oracle(), HEARTBEAT.key().as_bytes()).unwrap();
    let heartbeat: Heartbeat = decode(&bytes).unwrap();
    heartbeat.resumed_at > 0 && day.world.now() < heartbeat.resumed_at + 1_800
}

/// Everybody with debt, from their records and their markets' ledgers.
fn accounts(day: &Day) -> BTreeMap<(String, u32), Account> {
    let markets = day.world.markets();
    let borrowers = day.world.borrowers().into_iter();
    let account = |record: plimsoll_schema::pool::AccountRecord| {
        let held = record.account.collaterals.iter().map(|line| {
            let market = &markets[usize::from(line.asset.0)];
            let shares = line.shares.raw() as f64 / (market.stored.supply_shares.raw() as f64 + 1e6);
            (market.params.denom.clone(), shares * (market.supply.raw() as f64 + 1.0) / UNIT)
        });
        let owed = record.account.debts.iter().map(|line| {
            let market = &markets[usize::from(line.asset.0)];
            let index = market.borrow_index.raw() as f64 / 1e18;
            (market.params.denom.clone(), line.scaled.raw() as f64 * index / UNIT)
        });
        ((record.key.owner, record.key.account_id), Account { held: held.collect(), owed: owed.collect() })
    };
    borrowers.map(account).collect()
}
