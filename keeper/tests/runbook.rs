//! RUNBOOK.md and docs/keeper say what there is, and all of it: each error, each metric, each reason.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may stop at a surprise"
)]

use std::collections::BTreeSet;

use plimsoll_keeper::monitor::metrics::{Metrics, NAMES, PREFIX};

const RUNBOOK: &str = include_str!("../../RUNBOOK.md");
const METRICS: &str = include_str!("../../docs/keeper/metrics.md");
const ERRORS: &str = include_str!("../src/error.rs");
const SKIPS: &str = include_str!("../src/plan/action.rs");

/// What stands between these two marks, once for each arm of the match that the function consists of.
fn arms<'a>(source: &'a str, function: &str) -> BTreeSet<&'a str> {
    let (_, after) = source.split_once(function).unwrap();
    let body = after.split("\n    }\n").next().unwrap();
    body.split("=> \"").skip(1).map(|arm| arm.split('"').next().unwrap()).collect()
}

/// The first cells of the table under this heading.
fn rows<'a>(text: &'a str, heading: &str) -> BTreeSet<&'a str> {
    let (_, section) = text.split_once(&format!("\n## {heading}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    section.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect()
}

/// Every metric that is named, without prefix and what counters and histograms add.
fn metrics(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let named = words.filter_map(|word| word.strip_prefix(PREFIX)?.strip_prefix('_')).filter(|name| !name.is_empty());
    let bare = |name: &str| {
        let ending = ["_total", "_bucket"].into_iter().find_map(|ending| name.strip_suffix(ending));
        ending.unwrap_or(name).to_owned()
    };
    named.map(bare).collect()
}

#[test]
fn every_error_is_in_the_runbook_and_no_other() {
    let errors = arms(ERRORS, "pub const fn name(&self)");
    assert!(errors.len() >= 17, "{errors:?}");
    assert_eq!(rows(RUNBOOK, "Errors"), errors);
}

#[test]
fn every_reason_to_leave_an_account_alone_is_in_the_runbook_and_no_other() {
    let mut skips = arms(SKIPS, "impl fmt::Display for Skip");
    // Nothing is said of those.
    skips.remove("healthy");
    assert!(skips.len() >= 10, "{skips:?}");
    assert_eq!(rows(RUNBOOK, "Left alone"), skips);
}

#[test]
fn every_metric_is_documented_and_what_is_named_there_is() {
    let there: BTreeSet<String> = NAMES.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(there.len(), NAMES.len(), "no name is there twice");
    assert_eq!(metrics(METRICS), there);
    let missing: Vec<_> = metrics(RUNBOOK).into_iter().filter(|name| !there.contains(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn what_is_rendered_is_what_is_named() {
    let metrics = Metrics::new();
    metrics.transaction("settled", "");
    let text = metrics.render();
    let described = text.lines().filter_map(|line| line.strip_prefix("# TYPE keeper_")?.split(' ').next());
    let described: BTreeSet<&str> = described.collect();
    assert!(described.len() > 20, "{text}");
    assert!(described.iter().all(|name| NAMES.contains(name)), "{described:?}");
    // Names end with their unit where they have one, and counters not with `_total`, which is added.
    assert!(NAMES.iter().all(|name| !name.ends_with("_total")));
}
