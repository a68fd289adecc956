//! docs/keeper/configuration.md is made of keeper.example.toml and of the defaults. This test fails when the page is stale;
//! with `PLIMSOLL_WRITE_DOCS=1` in the environment it writes the page.

use std::fmt::Write;

use plimsoll_keeper::config::{ENVIRONMENT, KEYS, Layers, MAX_REPAY};

const EXAMPLE: &str = include_str!("../../keeper.example.toml");
const PAGE: &str = include_str!("../../../docs/keeper/configuration.md");
const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/keeper/configuration.md");
/// What stands above the tables, by hand.
const HEAD: &str = include_str!("configuration/head.txt");

/// A setting as the example has it.
#[derive(Debug)]
struct Setting {
    section: String,
    key: String,
    value: String,
    is_set: bool,
    meaning: Vec<String>,
}

/// `key = value  # meaning`, with a number sign before it where the example doesn't set it.
fn setting(line: &str, section: &str) -> Option<Setting> {
    let (bare, is_set) = line.strip_prefix("# ").map_or((line, true), |bare| (bare, false));
    let (name, rest) = bare.split_once(" = ")?;
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
        return None;
    }
    let (value, meaning) = rest.split_once(" #").unwrap_or((rest, ""));
    let key = if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") };
    let meaning = Some(meaning.trim()).filter(|text| !text.is_empty()).map(str::to_owned);
    Some(Setting {
        section: section.to_owned(),
        key,
        value: value.trim().trim_matches('"').to_owned(),
        is_set,
        meaning: meaning.into_iter().collect(),
    })
}

/// All settings of the example, in its order.
fn settings() -> Vec<Setting> {
    let mut found: Vec<Setting> = Vec::new();
    let mut section = String::new();
    // Comments on lines of their own are about the setting below them.
    let mut above: Vec<String> = Vec::new();
    for line in EXAMPLE.lines() {
        if let Some(title) = line.strip_prefix('[') {
            let (name, comment) = title.split_once(']').unwrap();
            section = name.to_owned();
            above = comment.split_once('#').map(|(_, text)| text.trim().to_owned()).into_iter().collect();
        } else if let Some(mut one) = setting(line, &section) {
            one.meaning.splice(0..0, above.drain(..));
            found.push(one);
        } else if line.trim().is_empty() {
            above.clear();
        } else if let Some(text) = line.strip_prefix('#') {
            above.push(text.trim().to_owned());
        } else if let Some(text) = line.trim_start().strip_prefix('#') {
            found.last_mut().unwrap().meaning.push(text.trim().to_owned());
        } else {
            panic!("the example has a line of no known form: {line}");
        }
    }
    found
}

fn default_of(key: &str) -> Option<&'static str> {
    KEYS.iter().find(|(known, _)| *known == key).map(|(_, default)| *default)
}

fn code(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("`{}`", text.replace('|', "\\|")) }
}

fn page() -> String {
    let mut page = HEAD.to_owned();
    let mut section = None;
    for setting in settings() {
        if section.as_ref() != Some(&setting.section) {
            let title = if setting.section.is_empty() { "Beside the sections" } else { &setting.section };
            write!(page, "\n## {title}\n\n| setting | default | example | meaning |\n|---|---|---|---|\n").unwrap();
            section = Some(setting.section.clone());
        }
        let default = default_of(&setting.key).unwrap_or_default();
        let example = if setting.value == default { "" } else { setting.value.as_str() };
        let meaning = setting.meaning.join(" ").replace('|', "\\|").replace('<', "&lt;");
        writeln!(page, "| `{}` | {} | {} | {meaning} |", setting.key, code(default), code(example)).unwrap();
    }
    page
}

#[test]
fn the_page_is_what_the_example_says() {
    let made = page();
    if std::env::var_os("PLIMSOLL_WRITE_DOCS").is_some() {
        std::fs::write(PATH, &made).unwrap();
        return;
    }
    let again = "PLIMSOLL_WRITE_DOCS=1 cargo test -p plimsoll-keeper --test it configuration";
    assert_eq!(PAGE, made, "docs/keeper/configuration.md is stale; run {again}");
}

#[test]
fn the_page_has_every_setting_and_no_other() {
    let settings = settings();
    let mut shown: Vec<&str> = settings.iter().map(|one| one.key.as_str()).collect();
    let denoms: Vec<&str> = shown.extract_if(.., |key| key.starts_with(MAX_REPAY)).collect();
    let mut known: Vec<&str> = KEYS.iter().map(|(key, _)| *key).collect();
    shown.sort_unstable();
    known.sort_unstable();
    assert_eq!(shown, known);
    assert_eq!(denoms.len(), 1, "one denom shows how");
    let silent: Vec<&str> = settings.iter().filter(|one| one.meaning.is_empty()).map(|one| one.key.as_str()).collect();
    assert!(silent.is_empty(), "the example doesn't say what these are for: {silent:?}");
}

#[test]
fn what_the_example_sets_is_the_default() {
    let mut layers = Layers::default();
    layers.add_toml(EXAMPLE, "the example").unwrap();
    for setting in settings().iter().filter(|one| one.is_set) {
        assert_eq!(Some(layers.get(&setting.key)), default_of(&setting.key), "{}", setting.key);
    }
}

#[test]
fn the_page_names_the_prefix_of_environment_variables() {
    assert!(HEAD.contains(&format!("`{ENVIRONMENT}<SECTION>_<KEY>`")));
}
