//! The order of the keeper's modules: each uses those before it in lib.rs, never those after it; and within a module no files use each other in a
//! circle. A file and the ones in its own folder may: they are one module.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// By module path, such as `book::sync::start`, the paths that it names of its own crate.
type Imports = BTreeMap<String, BTreeSet<String>>;

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// What each file below this folder names of its crate; without test code and comments, `lib.rs` and `main.rs` left out.
fn imports(folder: &Path) -> Imports {
    let mut found = Imports::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let file = path.strip_prefix(folder).unwrap().with_extension("");
                let module = file.iter().map(|part| part.to_str().unwrap()).collect::<Vec<_>>().join("::");
                found.insert(module, named(&fs::read_to_string(path).unwrap()));
            }
        }
    }
    found.remove("lib");
    found.remove("main");
    found
}

/// The paths behind `crate::` in this source, braces opened.
fn named(source: &str) -> BTreeSet<String> {
    let code = source.split("#[cfg(test)]\nmod tests").next().unwrap();
    let code: String = code.lines().map(|line| line.split("//").next().unwrap()).collect::<Vec<_>>().join("\n");
    code.split("crate::").skip(1).flat_map(|rest| open(rest.split(';').next().unwrap())).collect()
}

/// `a::{b, c::d}` as `a::b` and `a::c::d`.
fn open(path: &str) -> Vec<String> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let end = path.find(|c| !is_part(c)).unwrap_or(path.len());
    let (head, rest) = path.split_at(end);
    let Some(inner) = rest.strip_prefix('{') else { return vec![head.to_owned()] };
    let mut parts = vec![String::new()];
    let mut depth = 0;
    for c in inner.chars() {
        match c {
            '}' if depth == 0 => break,
            ',' if depth == 0 => parts.push(String::new()),
            c if c.is_whitespace() => {}
            c => {
                depth += i32::from(c == '{') - i32::from(c == '}');
                parts.last_mut().unwrap().push(c);
            }
        }
    }
    parts.iter().flat_map(|part| open(part)).map(|part| format!("{head}{part}")).collect()
}

/// The edges among the parts of this module: which part uses which. Of the whole crate where the module's path is empty.
fn edges(imports: &Imports, module: &str) -> BTreeSet<(String, String)> {
    let prefix = if module.is_empty() { String::new() } else { format!("{module}::") };
    let part = |path: &str| Some(path.strip_prefix(&prefix)?.split("::").next()?.to_owned());
    let parts: BTreeSet<String> = imports.keys().filter_map(|file| part(file)).collect();
    let mut edges = BTreeSet::new();
    for (file, paths) in imports {
        let Some(from) = part(file) else { continue };
        let uses = paths.iter().filter_map(|path| part(path)).filter(|to| parts.contains(to) && *to != from);
        edges.extend(uses.map(|to| (from.clone(), to)));
    }
    edges
}

/// What is left of these edges once whatever uses nothing, or is used by nothing, is taken away again and again: the circles, and what is
/// between them.
fn circles(mut edges: BTreeSet<(String, String)>) -> BTreeSet<(String, String)> {
    loop {
        let users: BTreeSet<String> = edges.iter().map(|(from, _)| from.clone()).collect();
        let used: BTreeSet<String> = edges.iter().map(|(_, to)| to.clone()).collect();
        let before = edges.len();
        edges.retain(|(from, to)| used.contains(from) && users.contains(to));
        if edges.len() == before {
            return edges;
        }
    }
}

/// The modules as the documentation of lib.rs puts them in order.
fn documented_order() -> Vec<String> {
    let text = fs::read_to_string(source().join("lib.rs")).unwrap();
    let chain: String = text.lines().filter(|line| line.starts_with("//!") && line.contains('→')).collect();
    chain.split("[`").skip(1).map(|rest| rest.split('`').next().unwrap().to_owned()).collect()
}

#[test]
fn each_module_uses_only_those_before_it_in_lib_rs() {
    let imports = imports(&source());
    let order = documented_order();
    let modules: BTreeSet<String> = imports.keys().filter(|file| !file.contains("::")).cloned().collect();
    assert_eq!(order.iter().cloned().collect::<BTreeSet<_>>(), modules, "lib.rs puts every module in order, once");
    assert_eq!(order.len(), modules.len());
    let place = |module: &String| order.iter().position(|other| other == module);
    let wrong: Vec<_> = edges(&imports, "").into_iter().filter(|(from, to)| place(to) >= place(from)).collect();
    assert!(wrong.is_empty(), "these use a module that comes after them: {wrong:?}");
}

#[test]
fn within_a_module_no_files_use_each_other_in_a_circle() {
    let imports = imports(&source());
    let mut wrong = BTreeMap::new();
    for module in imports.keys() {
        let found = circles(edges(&imports, module));
        if !found.is_empty() {
            wrong.insert(module, found);
        }
    }
    assert!(wrong.is_empty(), "these files use each other: {wrong:?}");
}

#[test]
fn a_circle_is_found_through_braces_and_folders_where_there_is_one() {
    let nested =
        named("use crate::book::{Book, sync::{Counts, start::codes}};\nlet x = crate::chain::query(y);\n// crate::no");
    let wanted = ["book::Book", "book::sync::Counts", "book::sync::start::codes", "chain::query"];
    assert_eq!(nested, wanted.map(str::to_owned).into());
    let of = |file: &str, path: &str| (file.to_owned(), [path.to_owned()].into());
    let mut imports =
        Imports::from([of("a", "b::f"), of("b::c", "b::d::X"), of("b::d::e", "b::f"), of("b::f", "b::Y")]);
    assert!(circles(edges(&imports, "")).is_empty() && circles(edges(&imports, "b")).is_empty());
    imports.insert("b::f".to_owned(), ["b::c::g".to_owned()].into());
    assert_eq!(circles(edges(&imports, "b")).len(), 3);
    imports.extend([of("b", "a::X")]);
    assert_eq!(circles(edges(&imports, "")).len(), 2);
}
