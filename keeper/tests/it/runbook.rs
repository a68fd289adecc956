//! RUNBOOK.md and the documents say what there is, and all of it: each error, each alert, each reason, each metric.

use std::collections::BTreeSet;

use plimsoll_keeper::error::Error;
use plimsoll_keeper::monitor::metrics::{Metrics, NAMES, PREFIX};
use plimsoll_keeper::plan::Skip;
use plimsoll_keeper::tx::FailureReason;

const RUNBOOK: &str = include_str!("../../../RUNBOOK.md");
const METRICS: &str = include_str!("../../../docs/keeper/metrics.md");
const JSON: &str = include_str!("../../../docs/keeper/json-output.md");
const RULES: &str = include_str!("../../../scripts/prometheus/plimsoll.rules.yml");
const RULES_TEST: &str = include_str!("../../../scripts/prometheus/plimsoll.test.yml");

/// The sections of the runbook under this heading, each with its own heading.
fn sections(heading: &str) -> Vec<(&'static str, &'static str)> {
    let (_, chapter) = RUNBOOK.split_once(&format!("\n## {heading}\n")).unwrap();
    let chapter = chapter.split("\n## ").next().unwrap();
    chapter.split("\n### ").skip(1).map(|section| section.split_once('\n').unwrap()).collect()
}

fn headings(heading: &str) -> BTreeSet<&'static str> {
    let sections = sections(heading);
    let headings: BTreeSet<_> = sections.iter().map(|(title, _)| *title).collect();
    assert_eq!(headings.len(), sections.len(), "no heading is there twice");
    headings
}

/// What stands behind this key, once for each line of YAML that has it.
fn values<'a>(yaml: &'a str, key: &str) -> Vec<&'a str> {
    let lines = yaml.lines().map(|line| line.trim_start().trim_start_matches("- "));
    lines.filter_map(|line| line.strip_prefix(key)?.strip_prefix(": ")).collect()
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
    let errors: BTreeSet<&str> = Error::NAMES.iter().copied().collect();
    assert_eq!(errors.len(), Error::NAMES.len(), "no name is there twice");
    assert_eq!(headings("Errors"), errors);
}

#[test]
fn every_error_links_to_its_heading() {
    // A heading of these characters alone is its own anchor.
    assert!(Error::NAMES.iter().all(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == '_')));
    assert_eq!(Error::NoKey.runbook(), "RUNBOOK.md#no_key");
    assert_eq!(Error::Pruned { height: 1, times: 5 }.runbook(), "RUNBOOK.md#pruned");
}

#[test]
fn every_reason_to_leave_an_account_alone_is_in_the_runbook_and_no_other() {
    let skips: BTreeSet<&str> = Skip::NAMES.iter().copied().collect();
    assert_eq!(skips.len(), Skip::NAMES.len(), "no name is there twice");
    // A healthy account isn't left alone.
    let skips: BTreeSet<&str> = skips.into_iter().filter(|name| *name != Skip::Healthy.name()).collect();
    assert_eq!(headings("Left alone"), skips);
}

#[test]
fn every_alert_is_in_the_runbook_and_no_other_and_links_to_its_heading() {
    let alerts = values(RULES, "alert");
    let named: BTreeSet<&str> = alerts.iter().copied().collect();
    assert_eq!(named.len(), alerts.len(), "no alert is there twice");
    assert_eq!(headings("Alerts"), named);
    let anchors: Vec<String> = alerts.iter().map(|name| format!("RUNBOOK.md#{}", name.to_lowercase())).collect();
    assert_eq!(values(RULES, "runbook_url"), anchors);
}

#[test]
fn the_alerts_that_page_are_those_that_the_document_names() {
    let rules = values(RULES, "alert").into_iter().zip(values(RULES, "labels"));
    let paging: BTreeSet<&str> = rules.filter(|(_, labels)| labels.contains("page")).map(|(name, _)| name).collect();
    let row = METRICS.lines().find(|line| line.starts_with("| `page`")).unwrap();
    let named: BTreeSet<&str> = row.split('`').filter(|word| word.starts_with("Keeper")).collect();
    assert_eq!(named, paging);
}

#[test]
fn every_alert_is_played_by_the_test_of_the_rules() {
    let played: BTreeSet<&str> = values(RULES_TEST, "alertname").into_iter().collect();
    assert_eq!(played, values(RULES, "alert").into_iter().collect());
}

#[test]
fn every_section_of_the_runbook_says_symptom_cause_fix_and_command() {
    for chapter in ["Not ready", "Alerts", "Left alone", "Errors"] {
        for (title, section) in sections(chapter) {
            let says = |words: &[&str]| words.iter().any(|word| section.contains(word));
            assert!(says(&["- **Symptom**: "]), "{title}");
            assert!(says(&["- **Cause**: ", "- **Cause and fix**"]), "{title}");
            assert!(says(&["- **Fix**: ", "- **Cause and fix**"]), "{title}");
            // A command, a setting, or the section that has it.
            let fix = section.split_once("- **Fix**: ").map_or(section, |(_, fix)| fix);
            assert!(fix.contains('`') || fix.contains("](#"), "{title}");
        }
    }
}

#[test]
fn every_metric_is_documented_and_what_is_named_anywhere_is_one() {
    let there: BTreeSet<String> = NAMES.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(there.len(), NAMES.len(), "no name is there twice");
    assert_eq!(metrics(METRICS), there);
    for text in [RUNBOOK, RULES, RULES_TEST, JSON] {
        let missing: Vec<_> = metrics(text).into_iter().filter(|name| !there.contains(name)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}

#[test]
fn every_reason_why_a_transaction_did_nothing_is_documented() {
    let missing: Vec<_> = FailureReason::NAMES.iter().filter(|name| !JSON.contains(&format!("`{name}`"))).collect();
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
