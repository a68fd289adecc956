//! What `run` says of itself: at its start, at each block, and at its end.

use std::collections::BTreeSet;

use plimsoll_risk::units::Amount;
use plimsoll_schema::pool::AccountKey;
use serde_json::json;

use crate::commands::run::prices::Failing;
use crate::config::{Config, Strategy};
use crate::error::Result;
use crate::keeper::BlockReport;
use crate::monitor::summary::Summary;
use crate::output::print_event;
use crate::output::words::counted;
use crate::plan::Action;

/// What runs where.
pub(super) struct Setting<'a> {
    pub head: &'a crate::chain::Head,
    pub pool: &'a str,
    pub accounts: usize,
    /// The addresses that send, or would.
    pub keys: &'a [String],
    /// Where it can be looked at.
    pub monitor: Option<String>,
    /// The file of the first key; none in a dry run.
    pub journal: Option<String>,
    /// In memory where there is none.
    pub book: Option<String>,
    pub live: bool,
}

/// In one line, what runs where and within which limits: all that explains the lines after it.
pub(super) fn started(setting: Setting<'_>, config: &Config) {
    let Setting { head, pool, accounts, keys, monitor, journal, book, live } = setting;
    let contracts = &config.contracts;
    let told =
        if live { "live: transactions are sent" } else { "dry run: nothing is simulated or sent without --live" };
    tracing::info!(
        pool,
        chain = head.chain_id,
        height = head.height,
        accounts,
        keys = if keys.is_empty() { "none".to_owned() } else { keys.join(" ") },
        liquidator = contracts.liquidator.as_deref().unwrap_or("none, own coins only"),
        pairs = contracts.pairs.len(),
        limits = limits(&config.strategy, &config.chain.gas_denom),
        monitor = monitor.as_deref().unwrap_or("nowhere"),
        journal = journal.as_deref().unwrap_or("none"),
        book = book.as_deref().unwrap_or("in memory"),
        "{told}"
    );
}

/// The limits that are set, by the names of their settings.
fn limits(strategy: &Strategy, gas_denom: &str) -> String {
    let mut set = vec![
        format!("slippage {}", strategy.slippage),
        format!("min_profit_value {}", strategy.min_profit_value),
        format!("max_gas_per_tx {}", strategy.max_gas_per_tx),
    ];
    let fees = [("max_fee", strategy.max_fee), ("max_fee_per_hour", strategy.max_fee_per_hour)];
    set.extend(fees.into_iter().filter_map(|(name, most)| Some(format!("{name} {}{gas_denom}", most?))));
    let spent = [("max_spend_per_tx", strategy.max_spend_per_tx), ("max_spend_per_hour", strategy.max_spend_per_hour)];
    set.extend(spent.into_iter().filter_map(|(name, most)| Some(format!("{name} {}", most?))));
    set.extend(strategy.max_write_offs_per_hour.map(|most| format!("max_write_offs_per_hour {most}")));
    set.extend(strategy.max_repay.iter().map(|(denom, most)| format!("max_repay {most}{denom}")));
    set.join(", ")
}

/// What it came to, and what is still on its way.
pub(super) fn ended(summary: &Summary, gas_denom: &str, in_flight: &[&str], json: bool) -> Result<()> {
    let by = summary.transactions;
    tracing::info!(
        blocks = summary.blocks,
        settled = by.settled,
        failed = by.failed,
        rival = by.rival,
        changed = by.changed,
        expired = by.expired,
        refused = by.refused,
        liquidated = summary.liquidated.len(),
        written_off = summary.written_off.len(),
        profit_value = %summary.profit_value,
        fees = format!("{}{gas_denom}", summary.fees),
        in_flight = in_flight.join(" "),
        "ended; since the start"
    );
    if !json {
        return Ok(());
    }
    let mut told = serde_json::to_value(summary).unwrap_or_default();
    (told["gas_denom"], told["in_flight"]) = (gas_denom.into(), in_flight.into());
    print_event("summary", &told)
}

/// Tells what each block came to.
pub(super) struct Teller {
    live: bool,
    json: bool,
    /// The accounts about which something would have been done at the block before.
    told: BTreeSet<AccountKey>,
    failing: Failing,
    /// Whether liquidation waited at the block before.
    halted: bool,
}

impl Teller {
    pub fn new(live: bool, json: bool) -> Self {
        Self { live, json, told: BTreeSet::new(), failing: Failing::default(), halted: false }
    }

    pub fn block(&mut self, tick: &BlockReport) -> Result<()> {
        self.prices(tick);
        if !self.live {
            self.would_act(tick)?;
        }
        report(tick, self.json)
    }

    /// Prices that fall silent, or are heard again, and halts of the oracle.
    fn prices(&mut self, tick: &BlockReport) {
        let height = tick.head.height;
        let change = self.failing.see(tick.scan.assets.faults());
        for (denom, fault) in change.failing {
            tracing::warn!(
                height,
                denom,
                fault,
                "the price is silent: nothing is seized or repaid at it until it is published anew; wake its feeders"
            );
        }
        for denom in change.passing {
            tracing::warn!(height, denom, "the price is published again");
        }
        let halted = tick.scan.assets.moment().halted;
        let spared = tick.scan.spared();
        if halted && !self.halted {
            tracing::warn!(
                height,
                spared,
                "the oracle was halted: accounts whose collateral suffices are spared until the grace after it is over"
            );
        } else if self.halted && !halted {
            tracing::warn!(
                height,
                "the grace after the oracle's halt is over: every account below 1 is liquidated again"
            );
        }
        self.halted = halted;
    }

    /// What a dry run leaves undone, once: the next block would say the same.
    fn would_act(&mut self, tick: &BlockReport) -> Result<()> {
        let height = tick.head.height;
        let actions = || tick.plan.actions.iter();
        for action in actions().filter(|action| !self.told.contains(action.account())) {
            let account = action.account().to_string();
            let what = describe(action);
            tracing::info!(height, account, what, "would act, if simulation and limits on fees let it");
            if self.json {
                print_event("plan", &json!({ "height": height, "account": account, "plan": what }))?;
            }
        }
        self.told = actions().map(|action| action.account().clone()).collect();
        Ok(())
    }
}

fn report(tick: &BlockReport, json: bool) -> Result<()> {
    let height = tick.head.height;
    for fault in &tick.scan.faults {
        tracing::error!(height, fault, "an account can't be judged");
    }
    for sent in std::iter::once(&tick.sent).chain(&tick.also) {
        if let Some(hash) = &sent.hash {
            tracing::info!(height, hash, actions = sent.actions.len(), "sent");
        }
    }
    if !json {
        return Ok(());
    }
    for done in &tick.settled {
        print_event("settled", &json!({ "settled": done }))?;
    }
    for failure in &tick.failures {
        let account = &failure.account;
        let reason = &failure.reason;
        let rival = failure.rival;
        print_event("item_failed", &json!({ "account": account, "reason": reason, "rival": rival }))?;
    }
    for lost in &tick.failed {
        let hash = &lost.intent.hash;
        let accounts = &lost.intent.accounts;
        let why = lost.why;
        let reason = &lost.reason;
        let gas_used = lost.gas_used;
        print_event(
            "failed",
            &json!({
                "hash": hash, "accounts": accounts, "why": why, "reason": reason, "gas_used": gas_used,
            }),
        )?;
    }
    let skipped: u64 = tick.plan.skipped.values().sum();
    print_event(
        "block",
        &json!({
            "height": height,
            "accounts": tick.scan.accounts,
            "liquidatable": tick.scan.count_liquidatable(),
            "spared": tick.scan.spared(),
            "halted": tick.scan.assets.moment().halted,
            "planned": tick.plan.actions.len(),
            "skipped": skipped,
            "sent": tick.sent.hash,
            "also": tick.also.iter().filter_map(|sent| sent.hash.as_ref()).collect::<Vec<_>>(),
        }),
    )
}

/// An action in a few words.
pub fn describe(action: &Action) -> String {
    match action {
        Action::Liquidate(deal) if deal.sale.is_some() => {
            let sale = deal.sale.as_ref();
            format!(
                "repay at most {}, take {}{} and sell it over {} for {}{}, for a profit of {}",
                deal.sent,
                deal.received(),
                deal.collateral_denom,
                counted(sale.map_or(0, |sale| sale.hops.len()), "pair"),
                sale.map_or(Amount::ZERO, |sale| sale.returned),
                deal.sent.denom,
                deal.profit
            )
        }
        Action::Liquidate(deal) => format!(
            "repay {} and take {}{}, at least {} after the fee, for a profit of {}",
            deal.sent, deal.expected.seize, deal.collateral_denom, deal.min_receive, deal.profit
        ),
        Action::SetOff { amount, .. } => format!("set off {amount} against its deposit"),
        Action::WriteOff { debt_value, .. } => format!("write off a debt worth {debt_value}"),
    }
}
