//! `liquidate`: one account, now.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;

use crate::book::touched::account_key;
use crate::chain::Chain;
use crate::cli::Settings;
use crate::commands::run::{describe, live_journal};
use crate::commands::{config, key, open, print_json};
use crate::config::Strategy;
use crate::error::{Class, Error, Result};
use crate::execute::{Executor, Landed, fee_reserve};
use crate::plan::{Action, Means, decide, keep_back};
use crate::scan::{Scan, name, scan};
use crate::settle::settle;

/// Liquidates the account, or says why that can't be done.
pub async fn liquidate(settings: &Settings, account: &str, live: bool, json: bool) -> Result<()> {
    let config = config(settings)?;
    let key = key(&config)?;
    if live && key.is_none() {
        return Err(Error::NoKey);
    }
    let (node, mut book) = open(&config, key).await?;
    // What is in flight changes both the book and what the wallet has, so its end is awaited first.
    let mut executor = None;
    if live {
        node.assert_synced().await?;
        let mut first = Executor::new(node.clone(), live_journal(&config, &*node).await?)?;
        if let Some((intent, landed)) = wait(&*node, &mut first).await? {
            eprintln!(
                "resolved first: {} {}",
                intent.hash,
                if landed == Landed::Expired { "expired" } else { "is in a block" }
            );
        }
        book.follow(&*node, &node.head().await?).await?;
        executor = Some(first);
    }
    let wanted = account_key(account).ok_or_else(|| not_an_account(account))?;
    let scan = scan(&book, book.head.time)?;
    let verdict = scan.verdicts.iter().find(|verdict| verdict.key == wanted);
    let verdict = verdict.ok_or_else(|| Error::DoesNotHold(format!("{account} has no debt")))?;
    if !verdict.is_liquidatable() && !verdict.bad_debt {
        let factor = verdict.health_factor().unwrap_or_default();
        return Err(Error::DoesNotHold(format!("{} is healthy: its health factor is {factor}", name(&wanted))));
    }
    let inventory = match node.sender() {
        Some(sender) => {
            let mut inventory = node.balances(sender).await?;
            keep_back(&mut inventory, &fee_reserve(&*node, &config.strategy));
            Some(inventory)
        }
        None => None,
    };
    let cooling = BTreeSet::new();
    let means = Means { sender: node.sender(), inventory, strategy: &config.strategy, cooling: &cooling };
    let action = decide(&book, &scan, verdict, &means)
        .map_err(|skip| Error::DoesNotHold(format!("{} can't be liquidated by this keeper: {skip}", name(&wanted))))?;
    eprintln!("{}: {}", name(&wanted), describe(&action));
    let Some(mut executor) = executor else {
        eprintln!("dry run: nothing is sent without --live");
        if json {
            print_json(&json!({ "account": name(&wanted), "live": false, "plan": describe(&action) }))?;
        }
        return Ok(());
    };
    let settled = send(&*node, &mut executor, &book, &scan, action, &config.strategy).await?;
    for done in settled {
        if json {
            print_json(&done)?;
        } else {
            outln!("{}", crate::demo::screen::settled_line(&done));
        }
    }
    Ok(())
}

async fn send<C: Chain>(
    chain: &C,
    executor: &mut Executor<C>,
    book: &crate::book::Book,
    scan: &Scan,
    action: Action,
    strategy: &Strategy,
) -> Result<Vec<crate::settle::Settled>> {
    let sent = executor.send(&book.addresses.pool, &[action], &chain.head().await?, strategy).await?;
    if let Some((_, reason)) = sent.left_out.into_iter().next() {
        return Err(Error::Refused { reason });
    }
    if let Some(hash) = &sent.hash {
        eprintln!("sent {hash}");
    }
    match wait(chain, executor).await? {
        Some((_, Landed::Included(included))) if included.code == 0 => Ok(settle(&included, book, &scan.assets)),
        Some((intent, Landed::Included(included))) => Err(Error::Failed {
            hash: intent.hash,
            height: included.height,
            code: included.code,
            codespace: included.codespace,
            log: included.log,
        }),
        Some((intent, Landed::Expired)) => {
            Err(Error::Expired { hash: intent.hash, timeout_height: intent.timeout_height })
        }
        None => Ok(Vec::new()),
    }
}

/// Waits for whatever is in flight.
async fn wait<C: Chain>(chain: &C, executor: &mut Executor<C>) -> Result<Option<(crate::journal::Intent, Landed)>> {
    loop {
        match resolved(chain, executor).await {
            Ok(Some(done)) => return Ok(done),
            Ok(None) => {}
            // The transaction is on its way all the same.
            Err(error) if error.class() == Class::Retry => tracing::warn!(%error, "asking again"),
            Err(error) => return Err(error),
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// What became of what is in flight, or that nothing is; `None` while nobody knows.
async fn resolved<C: Chain>(
    chain: &C,
    executor: &mut Executor<C>,
) -> Result<Option<Option<(crate::journal::Intent, Landed)>>> {
    let head = chain.head().await?;
    if executor.in_flight(&head.chain_id).is_none() {
        return Ok(Some(None));
    }
    Ok(executor.resolve(&head).await?.map(Some))
}

/// What an account must look like.
pub fn not_an_account(text: &str) -> Error {
    Error::Config(format!("'{text}' is no account: it must be OWNER or OWNER/ID, as in wasm1…/0"))
}
