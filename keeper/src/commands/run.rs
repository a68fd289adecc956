//! `run`: the pipeline, until a signal says stop.

mod prices;
mod report;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::book::Book;
use crate::book::sync::BookSync;
use crate::chain::cosmos::Node;
use crate::chain::{Chain, ChainReader, Coin, TxSender};
use crate::cli::Settings;
use crate::clock::clock;
use crate::commands::run::report::{Setting, Teller};
use crate::commands::{config, dex_client, keys, make_directory_of, open_book, with_gas_of_version};
use crate::config::{Config, Contracts};
use crate::dex::client::DexClient;
use crate::error::{Error, Result};
use crate::keeper::Keeper;
use crate::keys::Key;
use crate::monitor::Monitor;
use crate::monitor::serve::{Server, serve};
use crate::tx::journal::Journal;
use crate::tx::supplied::supplied;
use crate::tx::{gas_money, useful};

pub use report::describe;

/// How often it is looked what the key holds.
const BALANCES_EVERY: Duration = Duration::from_secs(15);

/// How it runs.
#[derive(Clone, Copy)]
struct Mode {
    live: bool,
    json: bool,
}

/// Watches and, when live, acts.
pub async fn run(settings: &Settings, live: bool, json: bool) -> Result<()> {
    let config = config(settings)?;
    // As process 1 of a container nothing ends it but what it listens for: from here on, not only once the book is
    // read.
    let stop = stop_signal()?;
    let keys = keys(&config)?;
    if live && keys.is_empty() {
        return Err(Error::NoKey);
    }
    let monitor = Monitor::new(config.monitor.max_age);
    let server = show(&config, &monitor).await?;
    let started = tokio::select! {
        started = start(&config, keys, live, &monitor, server.as_ref()) => started?,
        () = stopped(stop.clone()) => {
            tracing::info!("told to stop before the book was read: nothing was sent");
            return Ok(());
        }
    };
    let mode = Mode { live, json };
    #[cfg(feature = "faults")]
    if let Some(script) = config.faults.clone() {
        return go(started.through_faults(script), &config, monitor, mode, stop).await;
    }
    go(started, &config, monitor, mode, stop).await
}

/// What a keeper is made of.
struct Started<C> {
    chain: Arc<C>,
    /// The further keys.
    further: Vec<(Arc<C>, Journal)>,
    book: Book,
    journal: Option<Journal>,
    dex_client: Option<DexClient>,
    sync: BookSync,
}

/// Connects, opens the journals and reads the book.
async fn start(
    config: &Config,
    mut keys: Vec<Key>,
    live: bool,
    monitor: &Monitor,
    server: Option<&Server>,
) -> Result<Started<Node>> {
    let first = (!keys.is_empty()).then(|| keys.remove(0));
    let node = Arc::new(Node::connect(config.chain.clone(), first).await?);
    watch_node(monitor, &node);
    if live {
        node.assert_synced().await?;
    }
    node.warn_without_results().await;
    let journal =
        if live { Some(live_journal(&with_gas_of_version(config, &node).await, &*node).await?) } else { None };
    let file = config.book_path(node.sender().unwrap_or_default(), journal.as_ref().map(Journal::path));
    let (sync, book) = open_book(config, &node, file.as_deref()).await?;
    let denoms = useful(&*node, &book);
    watch_balances(monitor, &node, &denoms, &book.addresses.pool);
    let dex_client = dex_client(config, &node).await?;
    let mut addresses: Vec<String> = node.sender().map(str::to_owned).into_iter().collect();
    let mut further = Vec::new();
    for (at, key) in keys.into_iter().enumerate().filter(|_| live) {
        let address = key.address().to_owned();
        let node = Arc::new(node.signed_by(key));
        watch_balances(monitor, &node, &denoms, &book.addresses.pool);
        further.push((node, Journal::open(&journal_path(config, &address, at + 1)?)?));
        addresses.push(address);
    }
    let path = |path: &Path| path.display().to_string();
    let setting = Setting {
        head: &book.head,
        pool: &book.addresses.pool,
        accounts: book.accounts.len(),
        keys: &addresses,
        monitor: server.map(|server| format!("http://{}", server.address)),
        journal: journal.as_ref().map(|journal| path(journal.path())),
        book: file.as_deref().map(path),
        live,
    };
    report::started(setting, config);
    Ok(Started { chain: node, further, book, journal, dex_client, sync })
}

#[cfg(feature = "faults")]
impl Started<Node> {
    /// The same with the script's faults in the node's way. One of them kills the process.
    fn through_faults(self, script: crate::config::Script) -> Started<crate::chain::faulty::Faulty<Node>> {
        tracing::warn!("faults are put in the way, as chain.faults says");
        let chain = Arc::new(crate::chain::faulty::Faulty::<Node>::new(self.chain, script));
        let further = self.further.into_iter().map(|(node, journal)| (Arc::new(chain.beside(node)), journal)).collect();
        let dying = chain.clone();
        tokio::spawn(async move {
            dying.crashed().await;
            std::process::abort();
        });
        let Self { book, journal, dex_client, sync, .. } = self;
        Started { chain, further, book, journal, dex_client, sync }
    }
}

async fn go<C: Chain>(
    started: Started<C>,
    config: &Config,
    monitor: Monitor,
    mode: Mode,
    stop: watch::Receiver<bool>,
) -> Result<()> {
    let Started { chain, further, book, journal, dex_client, sync } = started;
    let keeper = Keeper::new(chain, book, config.strategy.clone(), journal)?;
    let keeper = keeper.beside(further, config.wallet.gas_float)?.with_dex(dex_client).with_sync(sync);
    let mut keeper = keeper.watched(monitor.clone());
    let mut teller = Teller::new(mode.live, mode.json);
    let mut failure = None;
    let observe = |tick: &_| failure = teller.block(tick).err().or(failure.take());
    let ended = keeper.run(stop, observe).await;
    report::ended(&monitor.summary(), &config.chain.gas_denom, &keeper.on_their_way(), mode.json)?;
    ended?;
    failure.map_or(Ok(()), Err)
}

/// Lets the keeper be looked at. A port that somebody chose has to be free; the default one may belong to another
/// keeper.
async fn show(config: &Config, monitor: &Monitor) -> Result<Option<Server>> {
    let Some(address) = config.monitor.listen else { return Ok(None) };
    match serve(address, monitor.clone()).await {
        Ok(server) => {
            tracing::debug!(address = %server.address, "/livez, /readyz and /metrics are there");
            Ok(Some(server))
        }
        Err(error) if !config.monitor.chosen => {
            tracing::warn!(%error, "nothing is shown of this keeper");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Shows what the node's connections are like whenever somebody looks.
fn watch_node(monitor: &Monitor, node: &Arc<Node>) {
    monitor.metrics().count_requests(node.requests());
    let seen = Arc::downgrade(node);
    monitor.refreshed_by(move |metrics| {
        let node = seen.upgrade()?;
        let endpoints = node.endpoints();
        let newest = node.newest();
        metrics.endpoints(&endpoints);
        metrics.newest(&newest, clock());
        Some((newest, endpoints.readiness()))
    });
}

/// Shows now and then what the node's key holds of these denoms, and what it has in the pool.
fn watch_balances(monitor: &Monitor, node: &Arc<Node>, denoms: &[String], pool: &str) {
    let monitor = monitor.clone();
    let node = Arc::downgrade(node);
    let denoms = denoms.to_vec();
    let pool = pool.to_owned();
    tokio::spawn(async move {
        while let Some(node) = node.upgrade() {
            if let Some(sender) = node.sender() {
                if let Ok(balances) = node.balances(sender, &denoms).await {
                    monitor.balances(sender, &balances);
                }
                let gas_denom = node.fee(0).denom;
                if let Some(granter) = node.fee_granter()
                    && let Ok(held) = node.balances(granter, &[gas_denom]).await
                {
                    monitor.balances(granter, &held);
                }
                if let Ok(claims) = supplied(&*node, &pool, sender).await {
                    let claims = claims.into_iter().map(|claim| (claim.denom, claim.amount.raw())).collect();
                    monitor.supplied(sender, &claims);
                }
            }
            drop(node);
            tokio::time::sleep(BALANCES_EVERY).await;
        }
    });
}

/// The gas limit of one liquidation, about, and its fee, by what was measured on this deployment; `None` where nothing
/// was yet.
pub fn one_liquidation(chain: &impl Chain, contracts: &Contracts) -> Option<(u64, Coin)> {
    let gas = if contracts.liquidator.is_some() { contracts.gas.sold } else { contracts.gas.own };
    let gas = chain.gas_limit(gas?);
    Some((gas, chain.fee(gas)))
}

/// The journal, once the wallet has money for gas.
pub async fn live_journal(config: &Config, chain: &impl Chain) -> Result<Journal> {
    let address = chain.sender().ok_or(Error::NoKey)?;
    let path = journal_path(config, address, 0)?;
    let journal = Journal::open(&path)?;
    tracing::debug!(journal = %path.display(), "what is sent is written down there");
    let gas = journal.gas(&config.chain.id).or(config.contracts.gas);
    let contracts = Contracts { gas, ..config.contracts.clone() };
    // Before the first liquidation nobody knows what one costs: then anything suffices.
    let wanted = one_liquidation(chain, &contracts).map_or_else(|| chain.fee(1), |(_, fee)| fee);
    let (payer, available) = gas_money(chain, &wanted.denom).await?;
    if available < wanted.amount {
        // On a chain whose addresses are derived in another way, nobody is to send anything.
        chain.sequence().await?;
        return Err(Error::EmptyWallet { address: payer, available, wanted: wanted.amount, denom: wanted.denom });
    }
    Ok(journal)
}

/// Where the intents of this address are written down; it is the key with this number, from the first. Its directory is
/// made.
fn journal_path(config: &Config, address: &str, number: usize) -> Result<PathBuf> {
    let path = config.journal_path(address, number, |name| std::env::var(name).ok())?;
    make_directory_of(&path)?;
    Ok(path)
}

/// Ends at SIGINT or SIGTERM.
async fn stopped(mut stop: watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Turns true at SIGINT or SIGTERM.
fn stop_signal() -> Result<watch::Receiver<bool>> {
    let failed = |error: std::io::Error| Error::Config(format!("signals can't be caught: {error}"));
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
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
