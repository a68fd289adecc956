//! No two files of a contract, of `risk` or of `schema` depend on each other, directly or by others: a file can be read
//! with what it names, and what it names can be read without it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a tree that can't be read is a failed test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// What may not depend on each other in a circle.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    /// Each file.
    File,
    /// Each module of the crate's root, with all that is below it.
    TopModule,
}

/// Source folders, and what may not depend on each other there.
const FOLDERS: [(&str, Unit); 8] = [
    ("contracts/liquidator/src", Unit::File),
    ("contracts/margin/src", Unit::File),
    ("contracts/oracle/src", Unit::File),
    ("contracts/pair/src", Unit::File),
    ("contracts/pool/src", Unit::File),
    ("contracts/risk/src", Unit::File),
    ("contracts/timelock/src", Unit::File),
    ("schema/src", Unit::File),
];

#[test]
fn no_files_depend_on_each_other_in_a_circle() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for (folder, unit) in FOLDERS {
        let sources = sources(&root.join(folder));
        assert!(sources.len() > 5, "{folder} has {} files", sources.len());
        if let Some(cycle) = cycle(&dependencies(&sources, unit)) {
            panic!("{folder}: {}", cycle.join(" -> "));
        }
    }
}

#[test]
fn a_circle_is_found_in_every_form_of_a_path() {
    let forms = [
        "use crate::b::Name;",
        "use crate::{c, b::{self, Name}};",
        "pub(crate) use super::{b as other};",
        "fn f() { crate::b::f::<u8>() }",
        "const QUOTE: char = '\"'; use crate::b; const TEXT: &str = \"\";",
    ];
    for form in forms {
        for unit in [Unit::File, Unit::TopModule] {
            let found = cycle(&dependencies(&crate_of(&[("a", form), ("b", "use crate::a;"), ("c", "")]), unit));
            assert_eq!(found, Some(vec!["a".to_owned(), "b".to_owned(), "a".to_owned()]), "{form}");
        }
    }
    let through = crate_of(&[("a", "use crate::b;"), ("b", "use super::c;"), ("c", "use crate::a;")]);
    assert_eq!(cycle(&dependencies(&through, Unit::File)).unwrap().join(" "), "a b c a");
}

#[test]
fn what_is_no_code_of_the_crate_makes_no_circle() {
    let forms = [
        "//! [`crate::b`]",
        "/* use crate::b; */",
        "const TEXT: &str = \"use crate::b;\";",
        "const TEXT: &str = r#\"\"use crate::b;\"#;",
        "#[cfg(test)]\nmod tests { fn f() { crate::b::f() } }",
        "#[cfg(test)]\nuse crate::b;",
        "use other::b;",
        "use crate::Name;",
    ];
    for form in forms {
        let sources = crate_of(&[("a", form), ("b", "use crate::a;")]);
        assert_eq!(cycle(&dependencies(&sources, Unit::File)), None, "{form}");
    }
}

#[test]
fn files_below_one_module_are_one_to_its_neighbours() {
    let sources = crate_of(&[("a::x", "use super::y;"), ("a::y", "use crate::b::z;"), ("b::z", "use crate::a::x;")]);
    assert_eq!(cycle(&dependencies(&sources, Unit::TopModule)).unwrap().join(" "), "a b a");
    let sources = crate_of(&[("a::x", "use super::y;"), ("a::y", "use super::x;"), ("b::z", "use crate::a::x;")]);
    assert_eq!(cycle(&dependencies(&sources, Unit::TopModule)), None);
    assert_eq!(cycle(&dependencies(&sources, Unit::File)).unwrap().join(" "), "a::x a::y a::x");
}

fn crate_of(files: &[(&str, &str)]) -> Vec<(Vec<String>, String)> {
    let segments = |module: &str| module.split("::").map(str::to_owned).collect();
    files.iter().map(|(module, text)| (segments(module), (*text).to_owned())).collect()
}

/// Each file of a crate below its root, by its module's path, with its text.
fn sources(src: &Path) -> Vec<(Vec<String>, String)> {
    let mut found = Vec::new();
    let mut folders = vec![(src.to_owned(), Vec::new())];
    while let Some((folder, module)) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let mut inner: Vec<String> = module.clone();
            if path.is_dir() {
                inner.push(name);
                folders.push((path, inner));
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                if name != "mod" {
                    inner.push(name);
                }
                // The root names everything, and is named by nobody.
                if !matches!(inner.join("::").as_str(), "lib" | "main") {
                    found.push((inner, fs::read_to_string(&path).unwrap()));
                }
            }
        }
    }
    found
}

/// Whom each unit names.
fn dependencies(sources: &[(Vec<String>, String)], unit: Unit) -> BTreeMap<String, BTreeSet<String>> {
    let modules: BTreeSet<&[String]> = sources.iter().map(|(module, _)| module.as_slice()).collect();
    let named = |module: &[String]| match unit {
        Unit::File => module.join("::"),
        Unit::TopModule => module[0].clone(),
    };
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (module, text) in sources {
        let here = named(module);
        let paths = paths(&without_tests(tokens(text)), module);
        let there =
            paths.iter().filter_map(|path| (1..=path.len()).rev().map(|n| &path[..n]).find(|p| modules.contains(p)));
        let others = there.map(named).filter(|there| *there != here);
        all.entry(here.clone()).or_default().extend(others);
    }
    all
}

/// The first circle, with its start repeated at its end.
fn cycle(all: &BTreeMap<String, BTreeSet<String>>) -> Option<Vec<String>> {
    let mut done = BTreeSet::new();
    all.keys().find_map(|start| circle_from(start, all, &mut Vec::new(), &mut done))
}

fn circle_from(
    unit: &str,
    all: &BTreeMap<String, BTreeSet<String>>,
    way: &mut Vec<String>,
    done: &mut BTreeSet<String>,
) -> Option<Vec<String>> {
    if let Some(at) = way.iter().position(|before| before == unit) {
        return Some(way[at..].iter().cloned().chain([unit.to_owned()]).collect());
    }
    if done.contains(unit) {
        return None;
    }
    way.push(unit.to_owned());
    let found = all.get(unit).into_iter().flatten().find_map(|next| circle_from(next, all, way, done));
    way.pop();
    done.insert(unit.to_owned());
    found
}

/// All paths that start at the crate's root or at the module above, by the crate's root.
fn paths(tokens: &[String], module: &[String]) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let inside = at > 0 && tokens[at - 1] == "::";
        if matches!(tokens[at].as_str(), "crate" | "super") && !inside && tokens.get(at + 1).is_some_and(|t| t == "::")
        {
            let mut prefix = if tokens[at] == "crate" { Vec::new() } else { above(module) };
            at += 2;
            while tokens.get(at).is_some_and(|token| token == "super") {
                prefix.pop();
                at += 2;
            }
            at = tree(tokens, at, prefix, &mut found);
        } else {
            at += 1;
        }
    }
    found
}

fn above(module: &[String]) -> Vec<String> {
    module[..module.len() - 1].to_vec()
}

/// What stands behind a `::`: a name, names in braces, or a star. Answers with where it ends.
fn tree(tokens: &[String], mut at: usize, mut prefix: Vec<String>, found: &mut Vec<Vec<String>>) -> usize {
    loop {
        match tokens.get(at).map(String::as_str) {
            Some("{") => {
                at += 1;
                while tokens.get(at).is_some_and(|token| token != "}") {
                    let before = at;
                    at = tree(tokens, at, prefix.clone(), found);
                    while tokens.get(at).is_some_and(|token| token != "," && token != "}") {
                        at += 1;
                    }
                    at += usize::from(tokens.get(at).is_some_and(|token| token == ","));
                    assert!(at > before, "a path that can't be read");
                }
                return at + 1;
            }
            Some(name) if name.starts_with(|c: char| c.is_alphabetic() || c == '_') && name != "self" => {
                prefix.push(name.to_owned());
                at += 1;
                if tokens.get(at).is_some_and(|token| token == "::") {
                    at += 1;
                    continue;
                }
                found.push(prefix);
                return at;
            }
            _ => {
                found.push(prefix);
                return at + 1;
            }
        }
    }
}

/// Names, `::` and single signs; comments, texts and characters are left out.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(length) = literal(rest) {
            length
        } else if first.is_alphanumeric() || first == '_' {
            let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            tokens.push(rest[..length].to_owned());
            length
        } else if rest.starts_with("::") {
            tokens.push("::".to_owned());
            2
        } else {
            if !first.is_whitespace() {
                tokens.push(first.to_string());
            }
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    tokens
}

/// How long the text or the character is that stands here, if one does. A lifetime is none.
fn literal(rest: &str) -> Option<usize> {
    let raw = rest.strip_prefix('r').map(|rest| rest.chars().take_while(|c| *c == '#').count());
    if let Some(signs) = raw
        && rest[1 + signs..].starts_with('"')
    {
        let end = format!("\"{}", "#".repeat(signs));
        let start = signs + 2;
        return Some(rest[start..].find(&end).map_or(rest.len(), |at| start + at + end.len()));
    }
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let mut chars = rest.char_indices().skip(1);
    let (_, first) = chars.next()?;
    let is_lifetime = quote == '\'' && first != '\\' && chars.clone().next().is_none_or(|(_, second)| second != '\'');
    if is_lifetime {
        return None;
    }
    let mut chars = rest.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => drop(chars.next()),
            c if c == quote => return Some(at + 1),
            _ => {}
        }
    }
    Some(rest.len())
}

/// Without what is compiled for tests alone: the item that follows the attribute.
fn without_tests(tokens: Vec<String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if !tokens[at..].iter().take(7).map(String::as_str).eq(["#", "[", "cfg", "(", "test", ")", "]"]) {
            kept.push(tokens[at].clone());
            at += 1;
            continue;
        }
        at += 7;
        let mut depth = 0;
        while at < tokens.len() {
            match tokens[at].as_str() {
                "{" => depth += 1,
                "}" => depth -= 1,
                _ => {}
            }
            let ends = depth == 0 && matches!(tokens[at].as_str(), "}" | ";");
            at += 1;
            if ends {
                break;
            }
        }
    }
    kept
}
