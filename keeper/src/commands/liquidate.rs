//! `liquidate`: named accounts, now, in one transaction.

use std::sync::Arc;
use std::time::Duration;

use plimsoll_risk::account::Account;
use plimsoll_schema::pool::AccountKey;
use serde_json::json;

use crate::book::Book;
use crate::chain::cosmos::Node;
use crate::chain::{Balances, Chain, ChainReader, TxSender, TxStatus};
use crate::cli::Settings;
use crate::commands::run::{describe, live_journal};
use crate::commands::{account_named, config, dex_client, key, open, with_gas_of_version};
use crate::config::{Config, Strategy};
use crate::dex::DexSnapshot;
use crate::dex::client::DexClient;
use crate::error::{Class, Error, Result};
use crate::keeper::targets;
use crate::output::print_event;
use crate::output::words::settled_line;
use crate::plan::limits::Budget;
use crate::plan::{Action, Resources, plan, speculative_item};
use crate::scan::{Scan, Verdict, scan};
use crate::tx::journal::Intent;
use crate::tx::receipt::{Speakers, failures, settlements};
use crate::tx::{Executor, spendable};

/// The arguments of `liquidate`.
#[derive(Debug)]
pub struct Job {
    /// `OWNER` or `OWNER/ID`.
    pub accounts: Vec<String>,
    /// How many must succeed; all of them when left out.
    pub min_success: Option<usize>,
    /// Whether anything is sent.
    pub live: bool,
}

/// Liquidates the accounts in one transaction, or says why that can't be done.
pub async fn liquidate(settings: &Settings, job: Job, json: bool) -> Result<()> {
    let config = config(settings)?;
    let key = key(&config)?;
    if job.live && key.is_none() {
        return Err(Error::NoKey);
    }
    let wanted = keys(&job, &config.chain.prefix)?;
    let (node, mut book) = open(&config, key).await?;
    let dex_client = dex_client(&config, &node).await?;
    // What is in flight changes both the book and what the wallet has, so its end is awaited first.
    let mut executor = None;
    if job.live {
        let first = resolved_first(&config, &node).await?;
        book.follow(&*node, &node.head().await?).await?;
        executor = Some(first);
    }
    // What was spent within the hour counts here as well, and what this spends counts for whoever comes next.
    let mut budget = Budget::default();
    executor.iter().for_each(|executor| budget.recall(executor.spent(&book.head.chain_id)));
    let allowance = budget.left(book.head.time, &config.strategy);
    let block_gas = node.block_gas().await.unwrap_or_else(|error| {
        tracing::warn!(%error, "nobody tells how much gas a block has; strategy.max_gas_per_tx alone bounds the transaction");
        None
    });
    let strategy = config.strategy.clone().in_blocks_of(block_gas);
    let strategy = Strategy { max_fee: allowance.fee, ..strategy };
    let scan = scan(&book, book.head.time)?.only(&book, &wanted);
    let dex = DexClient::read_any(dex_client.as_ref(), &*node, book.head.height).await?;
    let least = job.min_success.unwrap_or(wanted.len());
    // Those that can't be planned are tried all the same when fewer than all must succeed.
    let tried_anyway = dex.as_ref().filter(|_| least < wanted.len());
    let inventory = inventory(&*node, &book, &strategy, tried_anyway.is_some()).await?;
    let resources = Resources::new(node.sender(), inventory, &strategy).with_limits(allowance).with_dex(dex.as_ref());
    let actions = planned(&book, &scan, resources, &wanted, tried_anyway)?;
    for action in &actions {
        eprintln!("{}: {}", action.account(), describe(action));
    }
    let Some(mut executor) = executor else {
        return tell_dry_run(&actions, json);
    };
    let targets = targets(&book, dex_client.as_ref(), &config.strategy);
    let batch = executor.exactly(targets, actions, least, &strategy).await?;
    let head = node.head().await?;
    let sent = executor.send_batch(targets, batch, &head, config.strategy.timeout_blocks).await?;
    if let Some(hash) = &sent.hash {
        eprintln!("sent {hash}");
    }
    tell(wait(&*node, &mut executor).await?, &book, &scan, dex_client.as_ref(), json)
}

/// The key's executor, once whatever it had in flight has come to an end.
async fn resolved_first(config: &Config, node: &Arc<Node>) -> Result<Executor<Node>> {
    node.assert_synced().await?;
    let config = with_gas_of_version(config, node).await;
    let mut executor = Executor::new(node.clone(), live_journal(&config, &**node).await?)?;
    if let Some((intent, landed)) = wait(&**node, &mut executor).await? {
        let end = if landed == TxStatus::Expired { "expired" } else { "is in a block" };
        eprintln!("resolved first: {} {end}", intent.hash);
    }
    Ok(executor)
}

/// Prints what would be sent.
fn tell_dry_run(actions: &[Action], json: bool) -> Result<()> {
    eprintln!("dry run: nothing is sent without --live");
    if !json {
        return Ok(());
    }
    for action in actions {
        print_event("plan", &json!({ "account": action.account().to_string(), "plan": describe(action) }))?;
    }
    print_event("summary", &json!({ "live": false, "planned": actions.len() }))
}

/// The accounts' names, read; none twice.
fn keys(job: &Job, prefix: &str) -> Result<Vec<AccountKey>> {
    if job.min_success == Some(0) {
        return Err(Error::Config("--min-success 0 asks for nothing: it must be 1 at least".to_owned()));
    }
    let mut keys = Vec::new();
    for account in &job.accounts {
        let key = account_named(account, prefix)?;
        if keys.contains(&key) {
            return Err(Error::Config(format!("{} is named twice", key)));
        }
        keys.push(key);
    }
    match job.min_success.filter(|least| *least > keys.len()) {
        Some(least) => Err(Error::Config(format!("--min-success {least} is more than the {} accounts", keys.len()))),
        None => Ok(keys),
    }
}

/// What the key may spend; `None` without one. Money for gas only where one message holds all accounts, so that it can
/// count how many succeed: the liquidator's.
async fn inventory(
    chain: &impl Chain,
    book: &Book,
    strategy: &Strategy,
    is_one_message: bool,
) -> Result<Option<Balances>> {
    match chain.sender() {
        Some(_) if is_one_message => Ok(Some(Balances::new())),
        Some(sender) => spendable(chain, book, sender, strategy).await.map(Some),
        None => Ok(None),
    }
}

/// What is done about each of them. Those that can't be planned are tried all the same where there is a `dex` for that.
fn planned(
    book: &Book,
    scan: &Scan,
    resources: Resources<'_>,
    wanted: &[AccountKey],
    dex: Option<&DexSnapshot>,
) -> Result<Vec<Action>> {
    let plan = plan(book, scan, resources);
    let mut actions = Vec::new();
    for key in wanted {
        if let Some(action) = plan.actions.iter().find(|action| action.account() == key) {
            actions.push(action.clone());
            continue;
        }
        let account = book.accounts.get(key).ok_or_else(|| Error::DoesNotHold(format!("{key} has no debt")))?;
        let verdict = &Verdict::of(key, account, &scan.assets, book.terms.dust_value)?;
        let attempt = dex.and_then(|dex| speculative_item(book, scan, verdict, dex));
        match attempt {
            Some(action) => actions.push(action),
            None if !verdict.is_liquidatable() && !verdict.bad_debt => {
                return Err(no_case(scan, key, account, verdict));
            }
            None => {
                let reasons = plan.skipped.keys().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                return Err(Error::DoesNotHold(format!("{key} can't be liquidated by this keeper: {reasons}")));
            }
        }
    }
    Ok(actions)
}

/// Why this account is none to be liquidated.
fn no_case(scan: &Scan, key: &AccountKey, account: &Account, verdict: &Verdict) -> Error {
    let factor = verdict.health_factor().unwrap_or_default();
    Error::DoesNotHold(if verdict.health.spared {
        format!("{key} is spared in the grace after a halt of the oracle; its health factor is {factor}")
    } else if let Some(faults) = scan.assets.faults_of(account) {
        format!("{key} can't be liquidated now: {faults}; its health factor is {factor} by what was observed last")
    } else {
        format!("{key} is healthy: its health factor is {factor}")
    })
}

fn tell(
    landed: Option<(Intent, TxStatus)>,
    book: &Book,
    scan: &Scan,
    dex_client: Option<&DexClient>,
    json: bool,
) -> Result<()> {
    match landed {
        Some((intent, TxStatus::Included(included))) if included.code == 0 => {
            let liquidator = dex_client.map(DexClient::liquidator);
            let settled = settlements(&included, book, &scan.assets, liquidator);
            let speakers = Speakers { pool: &book.addresses.pool, liquidator, sender: &intent.sender };
            let failures = failures(&included.events, intent.may_fail_alone(), speakers);
            let height = included.height;
            let gas_used = included.gas_used;
            let summary = json!({ "live": true, "hash": intent.hash, "height": height, "gas_used": gas_used,
                "settled": settled.len(), "failed": failures.len() });
            for failure in failures {
                if json {
                    print_event("item_failed", &json!({ "account": failure.account, "reason": failure.reason }))?;
                } else {
                    outln!("{} in block {}: nothing ({})", failure.account, included.height, failure.reason);
                }
            }
            for done in settled {
                if json {
                    print_event("settled", &json!({ "settled": done }))?;
                } else {
                    outln!("{}", settled_line(&done));
                }
            }
            if json { print_event("summary", &summary) } else { Ok(()) }
        }
        Some((intent, TxStatus::Included(included))) => Err(Error::Failed {
            hash: intent.hash,
            height: included.height,
            code: included.code,
            codespace: included.codespace,
            log: included.log,
        }),
        Some((intent, TxStatus::Expired | TxStatus::NotFound { .. })) => {
            Err(Error::Expired { hash: intent.hash, timeout_height: intent.timeout_height })
        }
        None => Ok(()),
    }
}

/// Waits for whatever is in flight.
async fn wait<C: Chain>(chain: &C, executor: &mut Executor<C>) -> Result<Option<(Intent, TxStatus)>> {
    loop {
        match resolved(chain, executor).await {
            Ok(Flight::Over(done)) => return Ok(done.map(|done| *done)),
            Ok(Flight::On) => {}
            // The transaction is on its way all the same.
            Err(error) if error.class() == Class::Retry => tracing::warn!(%error, "asking again"),
            Err(error) => return Err(error),
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Whether a transaction is in flight.
enum Flight {
    /// It is.
    On,
    /// It is not any more, if it was; and what became of it.
    Over(Option<Box<(Intent, TxStatus)>>),
}

/// What became of the transaction in flight.
async fn resolved<C: Chain>(chain: &C, executor: &mut Executor<C>) -> Result<Flight> {
    let head = chain.head().await?;
    if executor.in_flight(&head.chain_id).is_none() {
        return Ok(Flight::Over(None));
    }
    let done = executor.resolve(&head).await?;
    executor.broadcast_again(&head).await;
    Ok(done.map_or(Flight::On, |done| Flight::Over(Some(Box::new(done)))))
}
