//! `explain`: one account in words and numbers.

use plimsoll_risk::health::Position;
use plimsoll_risk::mark::MarkPrice;
use plimsoll_risk::units::{Price, Ratio};
use serde_json::{Value as Json, json};

use crate::book::Book;
use crate::chain::TxSender;
use crate::cli::Settings;
use crate::commands::run::describe;
use crate::commands::scan::judged;
use crate::commands::{account_named, config, dex_client, inventory, key, open};
use crate::dex::client::DexClient;
use crate::error::{Error, Result};
use crate::output::price::{ToldRecord, records};
use crate::output::print_json;
use crate::output::words::{shortened, two_decimals, whole};
use crate::plan::{Action, Resources, decide};
use crate::scan::{Verdict, scan};

/// Says why the account is healthy or not, at which price of which asset that ends, and what a liquidation would do.
pub async fn explain(settings: &Settings, account: &str, json: bool) -> Result<()> {
    let config = config(settings)?;
    let wanted = account_named(account, &config.chain.prefix)?;
    let (node, book) = open(&config, key(&config)?).await?;
    let scan = scan(&book, book.head.time)?;
    let Some(record) = book.accounts.get(&wanted) else {
        return Err(Error::DoesNotHold(format!("{} has no debt: nothing can happen to it", wanted)));
    };
    let verdict = Verdict::of(&wanted, record, &scan.assets, book.terms.dust_value)?;
    let judged =
        |error: &dyn std::fmt::Display| Error::Judge { account: wanted.to_string(), reason: error.to_string() };
    let position = scan.assets.position(record).map_err(|error| judged(&error))?;
    let lines = lines(&book, &position).map_err(|error| judged(&error))?;
    let dex_client = dex_client(&config, &node).await?;
    let dex = DexClient::read_any(dex_client.as_ref(), &*node, book.head.height).await?;
    let (inventory, with) = inventory(&config, &node, &book, dex_client.as_ref()).await?;
    let resources = Resources::new(node.sender(), inventory, &config.strategy).with_dex(dex.as_ref());
    let outcome = decide(&book, &scan, &verdict, &resources);
    let empty_pairs = dex_client.as_ref().map(DexClient::without_liquidity).unwrap_or_default();
    if json {
        let mut told = as_json(&book, &verdict, &lines, &outcome);
        told["pairs_without_liquidity"] = json!(empty_pairs);
        return print_json(&told);
    }
    in_words(&book, &verdict, &lines);
    match outcome {
        _ if !verdict.is_below_one() && !verdict.bad_debt => {}
        Ok(action) => outln!("With {with}, this keeper would {}.", describe(&action)),
        Err(skip) => outln!("With {with}, this keeper would leave it alone: {skip}."),
    }
    empty_pairs.iter().for_each(|pair| outln!("The pair {pair} has no liquidity: nothing is sold there."));
    Ok(())
}

/// A deposit or a debt, with the price at which the verdict changes.
struct Line {
    debt: bool,
    denom: String,
    amount: String,
    price: Price,
    fault: Option<String>,
    records: Vec<ToldRecord>,
    value: plimsoll_risk::units::Value,
    threshold: Option<Ratio>,
    ends_at: Option<Price>,
}

fn lines(book: &Book, position: &Position) -> std::result::Result<Vec<Line>, plimsoll_risk::math::MathError> {
    let mut lines = Vec::new();
    let shared = position.settled_values()?;
    let fault = |mark: &MarkPrice| mark.fault().as_ref().map(ToString::to_string);
    for line in &position.collaterals {
        let denom = book.denom_of(line.asset);
        lines.push(Line {
            debt: false,
            records: records(book, &denom),
            denom,
            amount: whole(line.amount.raw(), line.decimals),
            price: line.mark.collateral_down(&shared),
            fault: fault(&line.mark),
            value: position.collateral_value_down(line, &shared)?,
            threshold: Some(line.threshold()),
            ends_at: position.liquidation_price_up(line.asset)?,
        });
    }
    for line in &position.debts {
        let denom = book.denom_of(line.asset);
        lines.push(Line {
            debt: true,
            records: records(book, &denom),
            denom,
            amount: whole(line.amount.raw(), line.decimals),
            price: line.mark.debt_up(&shared),
            fault: fault(&line.mark),
            value: line.value_up(&shared)?,
            threshold: None,
            ends_at: position.debt_liquidation_price_down(line.asset)?,
        });
    }
    Ok(lines)
}

fn percent(ratio: Ratio) -> String {
    format!("{} %", Ratio::new(ratio.raw().saturating_mul(100)))
}

/// One collateral or debt.
fn line_in_words(line: &Line) {
    let side = if line.debt { "owes" } else { "has " };
    let weight = line.threshold.map_or_else(String::new, |t| match line.value.share_down(t) {
        Ok(counts) if !t.is_zero() => {
            format!(", of which {} (its liquidation threshold) counts: {}", percent(t), two_decimals(&counts))
        }
        _ => ", which doesn't count as collateral".to_owned(),
    });
    outln!("  {side} {} {} at {}: worth {}{weight}", line.amount, line.denom, line.price, two_decimals(&line.value));
    line.records.iter().filter_map(ToldRecord::in_words).for_each(|words| outln!("       ({words})"));
    if line.records.is_empty() {
        outln!("       (nothing is known of its price)");
    }
}

fn in_words(book: &Book, verdict: &Verdict, lines: &[Line]) {
    let health = &verdict.health;
    outln!("{} at block {}", verdict.key.to_string(), book.head.height);
    lines.iter().for_each(line_in_words);
    let factor = verdict.health_factor().map_or_else(String::new, |factor| shortened(&factor, 4));
    let carried = two_decimals(&health.adjusted_collateral);
    let debt = two_decimals(&health.weighted_debt);
    if verdict.is_liquidatable() {
        outln!(
            "It may be liquidated: what counts of its collateral, {carried}, is less than what its debt counts, {debt}; health factor {factor}, below 1."
        );
    } else if verdict.health.spared {
        outln!(
            "It is spared: what counts of its collateral, {carried}, is less than what its debt counts, {debt}; health factor {factor}, \
             below 1. But the oracle was halted, and by all that was observed its collateral exceeds its debt by more than \
             the largest bonus."
        );
    } else {
        outln!(
            "It is healthy: what counts of its collateral, {carried}, covers what its debt counts, {debt}; health factor {factor}."
        );
    }
    if verdict.bad_debt {
        outln!("Its debt is bad: what is left of the collateral is dust, and the debt can be written off.");
    }
    let until = if verdict.is_below_one() { "It would be healthy" } else { "It stays healthy" };
    for line in lines {
        match (line.ends_at, line.debt) {
            (Some(price), false) => outln!("{until} with {} at {price} or more.", line.denom),
            (Some(price), true) if !price.is_zero() => outln!("{until} with {} at {price} or less.", line.denom),
            _ => {}
        }
    }
}

fn as_json(
    book: &Book,
    verdict: &Verdict,
    lines: &[Line],
    outcome: &std::result::Result<Action, crate::plan::Skip>,
) -> Json {
    let line = |line: &Line| {
        json!({ "denom": line.denom, "amount": line.amount, "price": line.price, "price_fault": line.fault,
            "records": line.records, "value": line.value, "counts": line.threshold,
            "liquidation_price": line.ends_at })
    };
    let side = |debt: bool| lines.iter().filter(|l| l.debt == debt).map(line).collect::<Vec<_>>();
    let plan = match outcome {
        Ok(Action::Liquidate(deal)) => {
            json!({ "action": "liquidate", "send": deal.sent, "collateral_denom": deal.collateral_denom,
            "repay": deal.expected.repay, "seize": deal.expected.seize, "fee": deal.expected.fee,
            "bonus": deal.expected.bonus, "profit": deal.profit, "publish": deal.publish })
        }
        Ok(Action::SetOff { amount, .. }) => json!({ "action": "set_off", "amount": amount }),
        Ok(Action::WriteOff { debt_value, .. }) => json!({ "action": "write_off", "debt_value": debt_value }),
        Err(skip) => json!({ "action": Json::Null, "reason": skip.to_string() }),
    };
    let mut told = judged(book, verdict);
    told["collaterals"] = json!(side(false));
    told["debts"] = json!(side(true));
    told["liquidation"] = plan;
    told
}
