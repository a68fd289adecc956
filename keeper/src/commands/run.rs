//! `run`: the pipeline, until a signal says stop.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use plimsoll_risk::units::Amount;
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::book::Book;
use crate::book::shelf::Shelf;
use crate::chain::Chain;
use crate::chain::faulty::Faulty;
use crate::chain::node::Node;
use crate::cli::Settings;
use crate::commands::{config, keys, print_json, shelve, venue};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::exchange::read::Venue;
use crate::journal::Journal;
use crate::monitor::serve::{Server, serve};
use crate::monitor::{Monitor, clock};
use crate::plan::Action;
use crate::run::{Keeper, Tick};
use crate::scan::name;

/// How often it is looked what the key holds.
const BALANCES_EVERY: Duration = Duration::from_secs(15);
/// Gas that a liquidation uses at most; below its price a wallet counts as empty.
pub const GAS_LEAST: u64 = 500_000;

/// Watches and, when live, acts.
pub async fn run(settings: &Settings, live: bool, json: bool) -> Result<()> {
    let config = config(settings)?;
    let mut keys = keys(&config)?;
    if live && keys.is_empty() {
        return Err(Error::NoKey);
    }
    let monitor = Monitor::new(config.monitor.max_age);
    let _server = show(&config, &monitor).await?;
    let first = (!keys.is_empty()).then(|| keys.remove(0));
    let node = Arc::new(Node::connect(config.chain.clone(), first).await?);
    watch_node(&monitor, &node);
    if live {
        node.assert_synced().await?;
    }
    let journal = if live { Some(live_journal(&config, &*node).await?) } else { None };
    let file = config.book_path(node.sender().unwrap_or_default(), journal.as_ref().map(Journal::path));
    let (shelf, book) = shelve(&config, &node, file.as_deref()).await?;
    if !live {
        tracing::info!("dry run: nothing is sent without --live");
    }
    let venue = venue(&config, &node).await?;
    let mut further = Vec::new();
    for (at, key) in keys.into_iter().enumerate().filter(|_| live) {
        let address = key.address().to_owned();
        let node = Arc::new(node.signed_by(key));
        watch_balances(&monitor, &node);
        further.push((node, Journal::open(&journal_path(&config, &address, at + 1)?)?));
    }
    let parts = Parts { book, journal, venue, shelf, monitor };
    match config.faults.clone() {
        None => go(node, further, parts, &config, (live, json)).await,
        Some(script) => {
            tracing::warn!("faults are put in the way, as chain.faults says");
            let chain = Arc::new(Faulty::<Node>::new(node, script));
            let further = further.into_iter().map(|(node, journal)| (Arc::new(chain.beside(node)), journal)).collect();
            let dying = chain.clone();
            tokio::spawn(async move {
                dying.crashed().await;
                std::process::abort();
            });
            go(chain, further, parts, &config, (live, json)).await
        }
    }
}

/// What a keeper is made of, beside its keys.
struct Parts {
    book: Book,
    journal: Option<Journal>,
    venue: Option<Venue>,
    shelf: Shelf,
    monitor: Monitor,
}

async fn go<C: Chain>(
    chain: Arc<C>,
    further: Vec<(Arc<C>, Journal)>,
    parts: Parts,
    config: &Config,
    (live, json): (bool, bool),
) -> Result<()> {
    let Parts { book, journal, venue, shelf, monitor } = parts;
    let keeper = Keeper::new(chain, book, config.strategy.clone(), journal)?;
    let mut keeper = keeper.beside(further, config.wallet.gas_float)?.through(venue).shelved(shelf).watched(monitor);
    let mut failure = None;
    keeper.run(stop_signal()?, |tick| failure = report(tick, live, json).err().or(failure.take())).await?;
    failure.map_or(Ok(()), Err)
}

/// Lets the keeper be looked at. A port that somebody chose has to be free; the default one may belong to another keeper.
async fn show(config: &Config, monitor: &Monitor) -> Result<Option<Server>> {
    let Some(address) = config.monitor.listen else { return Ok(None) };
    match serve(address, monitor.clone()).await {
        Ok(server) => {
            tracing::info!(address = %server.address, "/livez, /readyz and /metrics are there");
            Ok(Some(server))
        }
        Err(error) if !config.monitor.chosen => {
            tracing::warn!(%error, "nothing is shown of this keeper");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Shows what the node's connections are like whenever somebody looks, and what its key holds.
fn watch_node(monitor: &Monitor, node: &Arc<Node>) {
    monitor.metrics().count_requests(node.requests());
    let seen = Arc::downgrade(node);
    monitor.refreshed_by(move |metrics| {
        let node = seen.upgrade()?;
        let (endpoints, newest) = (node.endpoints(), node.newest());
        metrics.endpoints(&endpoints);
        metrics.newest(&newest, clock());
        Some((newest, endpoints.readiness()))
    });
    watch_balances(monitor, node);
}

/// Shows now and then what the node's key holds.
fn watch_balances(monitor: &Monitor, node: &Arc<Node>) {
    let (monitor, node) = (monitor.clone(), Arc::downgrade(node));
    tokio::spawn(async move {
        while let Some(node) = node.upgrade() {
            if let Some(sender) = node.sender()
                && let Ok(balances) = node.balances(sender).await
            {
                monitor.balances(sender, &balances);
            }
            drop(node);
            tokio::time::sleep(BALANCES_EVERY).await;
        }
    });
}

/// The journal, once the wallet has money for gas.
pub async fn live_journal(config: &Config, chain: &impl Chain) -> Result<Journal> {
    let address = chain.sender().ok_or(Error::NoKey)?;
    let wanted = chain.fee(GAS_LEAST);
    let available = chain.balances(address).await?.get(&wanted.denom).copied().unwrap_or_default();
    if available < wanted.amount {
        let (address, denom, wanted) = (address.to_owned(), wanted.denom, wanted.amount);
        return Err(Error::EmptyWallet { address, available, wanted, denom });
    }
    let path = journal_path(config, address, 0)?;
    tracing::info!(journal = %path.display(), "what is sent is written down there");
    Journal::open(&path)
}

/// Where the intents of this address are written down; it is the key with this number, from the first. Its directory is made.
fn journal_path(config: &Config, address: &str, number: usize) -> Result<PathBuf> {
    let path = config.journal_path(address, number, |name| std::env::var(name).ok())?;
    if let (None, Some(directory)) = (&config.journal, path.parent()) {
        std::fs::create_dir_all(directory).map_err(|error| Error::file(directory, error))?;
    }
    Ok(path)
}

/// Turns true at SIGINT or SIGTERM.
fn stop_signal() -> Result<watch::Receiver<bool>> {
    let failed = |error: std::io::Error| Error::Config(format!("signals can't be caught: {error}"));
    let (mut interrupt, mut terminate) =
        (signal(SignalKind::interrupt()).map_err(failed)?, signal(SignalKind::terminate()).map_err(failed)?);
    let (sender, receiver) = watch::channel(false);
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            () = crate::output::wait_closed() => {}
        }
        // Nobody listens any more when the run has ended by itself.
        let _ = sender.send(true);
        // Held open: a closed channel would read as an end.
        std::future::pending::<()>().await;
    });
    Ok(receiver)
}

fn report(tick: &Tick, live: bool, json: bool) -> Result<()> {
    let height = tick.head.height;
    for fault in &tick.scan.faults {
        tracing::error!(height, fault, "an account can't be judged");
    }
    for action in tick.plan.actions.iter().filter(|_| !live) {
        tracing::info!(height, account = name(action.account()), what = %describe(action), "would act");
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
        print_json(&json!({ "event": "settled", "settled": done }))?;
    }
    for failure in &tick.failures {
        let (account, reason, rival) = (&failure.account, &failure.reason, failure.rival);
        print_json(&json!({ "event": "item_failed", "account": account, "reason": reason, "rival": rival }))?;
    }
    for lost in &tick.failed {
        let (hash, accounts) = (&lost.intent.hash, &lost.intent.accounts);
        let (why, reason, gas_used) = (lost.why, &lost.reason, lost.gas_used);
        print_json(&json!({
            "event": "failed", "hash": hash, "accounts": accounts, "why": why, "reason": reason, "gas_used": gas_used,
        }))?;
    }
    let skipped: u64 = tick.plan.skipped.values().sum();
    print_json(&json!({
        "event": "block",
        "height": height,
        "accounts": tick.scan.accounts,
        "liquidatable": tick.scan.below(),
        "planned": tick.plan.actions.len(),
        "skipped": skipped,
        "sent": tick.sent.hash,
        "also": tick.also.iter().filter_map(|sent| sent.hash.as_ref()).collect::<Vec<_>>(),
    }))
}

/// An action in a few words.
pub fn describe(action: &Action) -> String {
    match action {
        Action::Liquidate(deal) if deal.sale.is_some() => {
            let sale = deal.sale.as_ref();
            format!(
                "borrow and repay {}, take {}{} and sell it over {} pairs for {}{}, for a profit of {}",
                deal.sent,
                deal.received(),
                deal.collateral_denom,
                sale.map_or(0, |sale| sale.hops.len()),
                sale.map_or(Amount::ZERO, |sale| sale.returned),
                deal.sent.denom,
                deal.profit
            )
        }
        Action::Liquidate(deal) => format!(
            "repay {} and take {}{}, at least {} after the fee, for a profit of {}",
            deal.sent, deal.expected.seize, deal.collateral_denom, deal.min_receive, deal.profit
        ),
        Action::WriteOff { debt_value, .. } => format!("write off a debt worth {debt_value}"),
    }
}
