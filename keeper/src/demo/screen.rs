//! How a scenario looks to a person.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::time::Duration;

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use plimsoll_risk::units::{Price, Ratio};
use plimsoll_schema::pool::SolvencyResponse;

use crate::chain::Coin;
use crate::demo::scenario::Scenario;
use crate::demo::summary::{Summary, balances};
use crate::output::words::{counted, shortened, two_decimals, whole};
use crate::plan::Skip;
use crate::scan::Verdict;
use crate::tx::receipt::Settled;

/// How long a person may look at a step before the next.
const PAUSE: Duration = Duration::from_millis(700);
/// How many characters the gauge of health has.
const GAUGE: u128 = 20;

/// Where a scenario is shown.
#[derive(Debug)]
pub struct Screen {
    title: String,
    people: BTreeMap<String, String>,
    symbols: BTreeMap<String, (String, u8)>,
    watched: bool,
    colour: bool,
}

#[derive(Clone, Copy)]
enum Paint {
    Plain,
    Bold,
    Dim,
    Red,
    Green,
    Yellow,
}

impl Screen {
    /// For a scenario; `people` are its names by address.
    pub fn new(scenario: &Scenario, people: BTreeMap<String, String>) -> Self {
        let symbol = |a: &crate::demo::scenario::Asset| (a.denom.clone(), (a.symbol().to_owned(), a.decimals()));
        let watched = std::io::stdout().is_terminal();
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            title: scenario.title.clone(),
            people,
            symbols: scenario.assets.iter().map(symbol).collect(),
            watched,
            colour: watched && !plain,
        }
    }

    fn paint(&self, paint: Paint, text: &str) -> String {
        let code = match paint {
            Paint::Plain => "0",
            Paint::Bold => "1",
            Paint::Dim => "2",
            Paint::Red => "31",
            Paint::Green => "32",
            Paint::Yellow => "33",
        };
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    fn symbol<'a>(&'a self, denom: &'a str) -> &'a str {
        self.symbols.get(denom).map_or(denom, |(symbol, _)| symbol)
    }

    fn coin(&self, coin: &Coin) -> String {
        let decimals = self.symbols.get(&coin.denom).map_or(0, |(_, decimals)| *decimals);
        self.amount(coin.amount, decimals, &coin.denom)
    }

    fn amount(&self, amount: u128, decimals: u8, denom: &str) -> String {
        // More digits for what is worth more a piece.
        let digits = if decimals > 6 { 4 } else { 2 };
        format!("{} {}", shortened(&whole(amount, decimals), digits), self.symbol(denom))
    }

    fn person(&self, account: &str) -> String {
        let (owner, id) = account.split_once('/').unwrap_or((account, "0"));
        let person = self.people.get(owner).map_or(owner, String::as_str);
        if id == "0" { person.to_owned() } else { format!("{person}/{id}") }
    }

    /// What is about to be seen.
    pub fn opening(&self) {
        outln!("{}", self.paint(Paint::Bold, "Plimsoll: a lending market on an embedded chain, and its keeper"));
        if !self.title.is_empty() {
            outln!("{}", self.title);
        }
        outln!(
            "\nThe book. Health factor = what counts of the collateral (its value × its liquidation threshold) / what is owed; below 1 an account may be liquidated."
        );
    }

    /// Prices changed.
    pub fn step(&self, number: usize, title: &str, before: &BTreeMap<String, Price>, after: &BTreeMap<String, Price>) {
        if self.watched {
            std::thread::sleep(PAUSE);
        }
        let title = if title.is_empty() { String::new() } else { format!(": {title}") };
        outln!("\n{}", self.paint(Paint::Bold, &format!("Step {number}{title}")));
        for (denom, price) in after {
            let old = before.get(denom).copied().unwrap_or_default();
            if old != *price {
                let paint = if *price < old { Paint::Red } else { Paint::Green };
                outln!("  {} {}", self.symbol(denom), self.paint(paint, &format!("{old} -> {price}")));
            }
        }
    }

    /// Every account with its health.
    pub fn book(&self, verdicts: &[Verdict]) {
        let mut table = Table::new();
        table.load_preset(NOTHING).set_header(["", "account", "collateral", "debt", "health", ""]);
        for verdict in verdicts {
            let factor = verdict.health_factor().unwrap_or(Ratio::MAX);
            table.add_row([
                String::new(),
                self.person(&verdict.key.to_string()),
                two_decimals(&verdict.health.collateral),
                two_decimals(&verdict.health.debt),
                shortened(&factor, 3),
                gauge(factor),
            ]);
        }
        for column in table.column_iter_mut().skip(2).take(3) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        // Painted line by line: the table measures text without colour.
        for (line, verdict) in table.to_string().lines().zip(std::iter::once(None).chain(verdicts.iter().map(Some))) {
            outln!("{}", self.paint(tone(verdict), line.trim_end()));
        }
    }

    /// A liquidation or write-off happened.
    pub fn settled(&self, done: &Settled) {
        let who = self.person(&done.account);
        if let (Some(repaid), Some(seized), Some(fee)) = (&done.repaid, &done.seized, &done.fee) {
            let bonus = done.bonus.map_or_else(String::new, percent);
            outln!(
                "  {} {who}: repaid {}, seized {} ({bonus} bonus, fee {}), profit {}",
                self.paint(Paint::Green, "liquidated"),
                self.coin(repaid),
                self.coin(seized),
                self.coin(fee),
                self.paint(if done.profit.is_loss() { Paint::Red } else { Paint::Green }, &two_decimals(&done.profit)),
            );
        }
        for swept in &done.swept {
            outln!("    swept to reserves: {} of {who}", self.coin(swept));
        }
        for loss in &done.losses {
            outln!(
                "    {} {who}: {} written off; reserves bear {}, lenders {}",
                self.paint(Paint::Red, "loss on"),
                self.coin(&loss.debt),
                self.coin(&loss.by_reserves),
                self.coin(&loss.by_suppliers),
            );
        }
    }

    /// A transaction did nothing.
    pub fn failed(&self, reason: &str) {
        outln!("  {}: {reason}", self.paint(Paint::Red, "a transaction did nothing"));
    }

    /// An item of a transaction came to nothing.
    pub fn item_failed(&self, account: &str, reason: &str) {
        outln!("  {}: {}: {reason}", self.paint(Paint::Red, "nothing came of"), self.person(account));
    }

    /// Accounts were left alone.
    pub fn skipped(&self, skipped: &BTreeMap<Skip, u64>) {
        for (reason, count) in skipped {
            outln!("  {} {count} below 1: {reason}", self.paint(Paint::Yellow, "left alone"));
        }
    }

    /// Each market's books, and what it all came to.
    pub fn closing(&self, markets: &[(String, SolvencyResponse)], summary: &Summary) {
        outln!(
            "\n{}",
            self.paint(Paint::Bold, "Solvency: cash + debt - reserves = supply, and the bank covers the cash")
        );
        self.markets(markets);
        outln!(
            "\n{}, {} below 1 at the worst moment, {}: repaid {}, seized {}, keeper's profit {}",
            counted(summary.accounts, "account"),
            summary.liquidatable,
            counted(summary.liquidations, "liquidation"),
            two_decimals(&summary.repaid_value),
            two_decimals(&summary.seized_value),
            two_decimals(&summary.profit_value),
        );
        if !summary.bad_debt_value.is_zero() {
            outln!(
                "Bad debt {}: owed by accounts whose collateral was gone, and written off. Reserves paid for it first, then lenders, by a part of what they had supplied.",
                two_decimals(&summary.bad_debt_value)
            );
        }
        if summary.solvent {
            let covered = "The market is solvent: what is left of every lender's claim is covered by cash and by what borrowers owe.";
            outln!("{}", self.paint(Paint::Green, covered));
        } else {
            let lacking = "The market is NOT solvent: its books don't cover what lenders may claim.";
            outln!("{}", self.paint(Paint::Red, lacking));
        }
    }

    /// Each market's books, a line each.
    fn markets(&self, markets: &[(String, SolvencyResponse)]) {
        let mut table = Table::new();
        table.load_preset(NOTHING).set_header(["", "market", "cash", "debt", "reserves", "supply", "bank", ""]);
        for (denom, market) in markets {
            let decimals = self.symbols.get(denom).map_or(0, |(_, decimals)| *decimals);
            let show = |amount: plimsoll_risk::units::Amount| {
                shortened(&whole(amount.raw(), decimals), 6.min(decimals.into()))
            };
            let holds = if balances(market) { "holds" } else { "DOES NOT HOLD" };
            table.add_row([
                String::new(),
                self.symbol(denom).to_owned(),
                show(market.cash),
                show(market.debt),
                show(market.reserves),
                show(market.supply),
                show(market.bank_balance),
                holds.to_owned(),
            ]);
        }
        for column in table.column_iter_mut().skip(2).take(5) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        for line in table.to_string().lines() {
            outln!("{}", line.trim_end());
        }
    }
}

/// The head of the table, those that may be liquidated, and the others.
fn tone(verdict: Option<&Verdict>) -> Paint {
    match verdict {
        None => Paint::Dim,
        Some(verdict) if verdict.is_liquidatable() => Paint::Red,
        Some(_) => Paint::Plain,
    }
}

/// Full at a health factor of 2, the mark stands at 1.
fn gauge(factor: Ratio) -> String {
    let filled = factor.raw().saturating_mul(GAUGE / 2) / Ratio::ONE.raw();
    let cell = |at: u128| match (at == GAUGE / 2, at < filled) {
        (true, true) => '#',
        (true, false) => '|',
        (false, true) => '=',
        (false, false) => '.',
    };
    (0..GAUGE).map(cell).collect()
}

fn percent(ratio: Ratio) -> String {
    let hundredfold = Ratio::new(ratio.raw().saturating_mul(100));
    format!("{} %", shortened(&hundredfold, 2))
}
