//! `scan`: judges the whole book once.

use std::collections::BTreeMap;

use comfy_table::presets::UTF8_BORDERS_ONLY;
use comfy_table::{CellAlignment, Table};
use plimsoll_risk::health::CollateralLine;
use plimsoll_risk::units::Price;
use serde_json::{Value as Json, json};

use crate::book::Book;
use crate::chain::ChainReader;
use crate::cli::Settings;
use crate::commands::{config, keys, open};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::output::price::by_denom;
use crate::output::print_event;
use crate::output::words::{counted, shortened, two_decimals};
use crate::scan::{Scan, Verdict};
use crate::tx::supplied::{Supplied, supplied, valued};

/// Prints every account with its health, the least healthy first.
pub async fn scan(settings: &Settings, json: bool) -> Result<()> {
    let config = config(settings)?;
    let (node, book) = open(&config, None).await?;
    let scan = crate::scan::scan(&book, book.head.time)?;
    let mut verdicts = scan.verdicts(&book);
    verdicts.sort_by(|a, b| a.health_factor().cmp(&b.health_factor()).then_with(|| a.key.cmp(&b.key)));
    for fault in &scan.faults {
        eprintln!("{fault}");
    }
    let inventory = inventory(&config, &*node, &book, &scan).await?;
    if json {
        print_lines(&book, &scan, &verdicts)?;
        for (address, claim) in &inventory {
            print_event("inventory", &json!({ "address": address, "supplied": claim }))?;
        }
        print_event("summary", &summary(&book, &scan))?;
    } else {
        if !verdicts.is_empty() {
            outln!("{}", table(&verdicts));
        }
        for (denom, fault) in scan.assets.faults() {
            outln!("the price of {denom} is silent: {fault}");
        }
        for (address, claim) in &inventory {
            let Supplied { denom, amount, payable, value, .. } = claim;
            let value = two_decimals(value);
            outln!("{address} has shares worth {amount}{denom}, {value} in value; the market can pay {payable} of it");
        }
        let count = counted(verdicts.len(), "account");
        let below = scan.below();
        let spared = if scan.spared() > 0 { format!(", {} of them spared", scan.spared()) } else { String::new() };
        outln!("block {}: {count} with debt, {below} below health factor 1{spared}", book.head.height);
    }
    if scan.faults.is_empty() {
        return Ok(());
    }
    Err(Error::DoesNotHold(format!("{} accounts can't be judged", scan.faults.len())))
}

/// What the configured keys have in the pool, each with its address; nothing where there is no mnemonic that can be
/// read.
async fn inventory(
    config: &Config,
    chain: &impl ChainReader,
    book: &Book,
    scan: &Scan,
) -> Result<Vec<(String, Supplied)>> {
    let mut inventory = Vec::new();
    let keys = keys(config).unwrap_or_else(|error| {
        tracing::warn!(%error, "no key can be read: what it has in the pool isn't shown");
        Vec::new()
    });
    for key in keys {
        let claims = supplied(chain, &book.addresses.pool, key.address()).await?;
        let claims = valued(book, &scan.assets, claims);
        inventory.extend(claims.into_iter().map(|claim| (key.address().to_owned(), claim)));
    }
    Ok(inventory)
}

/// What it all comes to.
pub fn summary(book: &Book, scan: &Scan) -> Json {
    json!({
        "height": book.head.height,
        "accounts": scan.accounts,
        "below": scan.below(),
        "spared": scan.spared(),
        "liquidatable": scan.count_liquidatable(),
        "bad_debt": scan.bad(),
        "unjudged": scan.faults.len(),
        "halted": scan.assets.moment().halted,
        "price_faults": scan.assets.faults(),
        "prices": by_denom(book),
    })
}

/// By collateral, the price at and above which the account is healthy, all else unchanged; none where no price of it
/// decides.
fn liquidation_prices(book: &Book, scan: &Scan, verdict: &Verdict) -> BTreeMap<String, Price> {
    let position = book.accounts.get(&verdict.key).and_then(|account| scan.assets.position(account).ok());
    let position = position.unwrap_or_default();
    let price = |line: &CollateralLine| {
        let price = position.liquidation_price_up(line.asset).ok().flatten()?;
        Some((book.denom_of(line.asset), price))
    };
    position.collaterals.iter().filter_map(price).collect()
}

fn print_lines(book: &Book, scan: &Scan, verdicts: &[Verdict]) -> Result<()> {
    for verdict in verdicts {
        let mut line = judged(book, verdict);
        line["liquidation_prices"] = json!(liquidation_prices(book, scan, verdict));
        print_event("account", &line)?;
    }
    Ok(())
}

/// What an account was judged to be, and at which block.
pub(super) fn judged(book: &Book, verdict: &Verdict) -> Json {
    json!({
        "account": verdict.key.to_string(),
        "height": book.head.height,
        "collateral_value": verdict.health.collateral,
        "adjusted_collateral_value": verdict.health.adjusted_collateral,
        "debt_value": verdict.health.debt,
        "weighted_debt_value": verdict.health.weighted_debt,
        "health_factor": verdict.health_factor(),
        "liquidatable": verdict.is_liquidatable(),
        "spared": verdict.health.spared,
        "bad_debt": verdict.bad_debt,
    })
}

fn table(verdicts: &[Verdict]) -> Table {
    let mut table = Table::new();
    table.load_preset(UTF8_BORDERS_ONLY).set_header(["account", "collateral", "debt", "health factor", ""]);
    for verdict in verdicts {
        let health = &verdict.health;
        table.add_row([
            verdict.key.to_string(),
            two_decimals(&health.collateral),
            two_decimals(&health.debt),
            verdict.health_factor().map_or_else(String::new, |factor| shortened(&factor, 4)),
            (if verdict.bad_debt {
                "bad debt"
            } else if verdict.is_liquidatable() {
                "LIQUIDATABLE"
            } else if verdict.health.spared {
                "spared"
            } else {
                ""
            })
            .to_owned(),
        ]);
    }
    for column in table.column_iter_mut().skip(1).take(3) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
