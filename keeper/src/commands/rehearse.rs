//! `rehearse`: what the keeper would do if prices moved, on the live book. Sends nothing, and needs no key.

pub mod shock;

use std::collections::BTreeMap;
use std::str::FromStr;

use plimsoll_risk::units::Value;
use serde_json::json;

use crate::book::Book;
use crate::chain::TxSender;
use crate::cli::Settings;
use crate::commands::rehearse::shock::{Shock, left_over, moved, shocked};
use crate::commands::run::describe;
use crate::commands::{config, dex_client, inventory, key, open};
use crate::dex::client::DexClient;
use crate::error::{Error, Result};
use crate::output::price::by_denom;
use crate::output::print_event;
use crate::output::words::{counted, two_decimals};
use crate::plan::{Action, Plan, Resources, plan};
use crate::scan::{Scan, scan};

/// Reads the book, applies the shocks, judges and plans as `run` does, and prints what would be done.
pub async fn rehearse(settings: &Settings, shocks: &[String], json: bool) -> Result<()> {
    let shocks: Vec<Shock> = shocks
        .iter()
        .map(|text| Shock::from_str(text).map_err(|reason| Error::Config(format!("--shock: {reason}"))))
        .collect::<Result<_>>()?;
    let config = config(settings)?;
    let (node, book) = open(&config, key(&config)?).await?;
    let before = scan(&book, book.head.time)?;
    let after_book = shocked(&book, &shocks)?;
    let after = scan(&after_book, after_book.head.time)?;
    let dex_client = dex_client(&config, &node).await?;
    let dex = DexClient::read_any(dex_client.as_ref(), &*node, book.head.height).await?;
    let dex = dex.map(|dex| moved(&dex, &shocks));
    let (inventory, with) = inventory(&config, &node, &book, dex_client.as_ref()).await?;
    let resources = Resources::new(node.sender(), inventory, &config.strategy).with_dex(dex.as_ref());
    let plan = plan(&after_book, &after, resources.unbounded());
    for fault in &after.faults {
        eprintln!("{fault}");
    }
    for pair in dex_client.as_ref().map(DexClient::without_liquidity).unwrap_or_default() {
        eprintln!("the pair {pair} has no liquidity: nothing is sold there");
    }
    let summary = Summary::of(&before, &after, &after_book, &plan);
    let faults = after.assets.faults();
    if json { summary.print_json(&plan, &after_book, &faults) } else { summary.print(&plan, &book, &with, &faults) }
}

/// The sums, in quote currency.
#[derive(Debug, Default)]
struct Summary {
    accounts: usize,
    below_before: usize,
    below: usize,
    liquidatable_before: usize,
    liquidatable: usize,
    spared: usize,
    repaid: Value,
    received: Value,
    profit: Value,
    /// Debts that are given up, by a write-off or since a liquidation leaves nothing.
    written_off: Value,
    /// What collaterals lack to debts, over all accounts.
    shortfall: Value,
    skipped: u64,
}

impl Summary {
    fn of(before: &Scan, after: &Scan, book: &Book, plan: &Plan) -> Self {
        let add = |sum: &mut Value, value: Value| *sum = sum.checked_add(value).unwrap_or(*sum);
        let mut summary = Self {
            accounts: book.accounts.len(),
            below_before: before.below(),
            below: after.below(),
            liquidatable_before: before.count_liquidatable(),
            liquidatable: after.count_liquidatable(),
            spared: after.spared(),
            skipped: plan.skipped.values().sum(),
            ..Self::default()
        };
        for verdict in after.liquidatable(book) {
            add(&mut summary.shortfall, verdict.health.debt.saturating_sub(verdict.health.collateral));
        }
        for action in &plan.actions {
            match action {
                Action::Liquidate(deal) => {
                    add(&mut summary.repaid, deal.repaid_value);
                    add(&mut summary.received, deal.received_value);
                    add(&mut summary.profit, deal.profit);
                    add(&mut summary.written_off, left_over(book, after, deal).unwrap_or_default());
                }
                Action::SetOff { .. } => {}
                Action::WriteOff { debt_value, .. } => add(&mut summary.written_off, *debt_value),
            }
        }
        summary
    }

    fn print_json(&self, plan: &Plan, book: &Book, faults: &BTreeMap<String, String>) -> Result<()> {
        for action in &plan.actions {
            match action {
                Action::Liquidate(deal) => print_event(
                    "liquidate",
                    &json!({
                        "account": deal.key.to_string(),
                        "repay": deal.sent,
                        "collateral_denom": deal.collateral_denom,
                        "seize": deal.expected.seize,
                        "repaid_value": deal.repaid_value,
                        "profit": deal.profit,
                        "sold": deal.sale.is_some(),
                    }),
                )?,
                Action::SetOff { key, amount } => {
                    print_event("set_off", &json!({ "account": key.to_string(), "amount": amount }))?;
                }
                Action::WriteOff { key, debt_value } => {
                    print_event("write_off", &json!({ "account": key.to_string(), "debt_value": debt_value }))?;
                }
            }
        }
        let skipped: serde_json::Map<String, serde_json::Value> =
            plan.skipped.iter().map(|(reason, count)| (reason.to_string(), json!(count))).collect();
        print_event(
            "summary",
            &json!({
                "height": book.head.height,
                "accounts": self.accounts,
                "liquidatable_before": self.liquidatable_before,
                "liquidatable": self.liquidatable,
                "spared": self.spared,
                "planned": plan.actions.len(),
                "repaid_value": self.repaid,
                "received_value": self.received,
                "profit": self.profit,
                "written_off_value": self.written_off,
                "shortfall_value": self.shortfall,
                "skipped": skipped,
                "price_faults": faults,
                "prices": by_denom(book),
            }),
        )
    }

    fn print(&self, plan: &Plan, book: &Book, with: &str, faults: &BTreeMap<String, String>) -> Result<()> {
        for action in &plan.actions {
            outln!("{}: {}", action.account().to_string(), describe(action));
        }
        for (reason, count) in &plan.skipped {
            outln!("left alone: {count}, {reason}");
        }
        for (denom, fault) in faults {
            outln!("the price of {denom} is silent: {fault}");
        }
        outln!(
            "block {}: {} with debt, {} below health factor 1 now, {} after the shock",
            book.head.height,
            counted(self.accounts, "account"),
            self.below_before,
            self.below
        );
        outln!(
            "with {with}, {}: {} repaid for {} of collateral, {} of profit, {} written off; {} left alone",
            counted(plan.actions.len(), "action"),
            two_decimals(&self.repaid),
            two_decimals(&self.received),
            two_decimals(&self.profit),
            two_decimals(&self.written_off),
            counted(usize::try_from(self.skipped).unwrap_or(usize::MAX), "account")
        );
        outln!(
            "the collateral of accounts below 1 is worth {} less than their debts, summed over those where it is less; nothing was sent",
            two_decimals(&self.shortfall)
        );
        Ok(())
    }
}
