//! Stdout that nobody reads any more is no reason to panic.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

fn keeper(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keeper"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[test]
fn a_demo_whose_reader_leaves_ends_quietly() {
    for arguments in [&["demo"][..], &["demo", "--json"]] {
        let mut child = keeper(arguments).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        drop(out);
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert!(child.wait().unwrap().success(), "{said}");
        assert!(!said.contains("panicked"), "{said}");
    }
}

#[test]
fn settings_that_a_command_ignores_are_errors() {
    for arguments in [&["demo", "--set", "log.level=debug"][..], &["deploy", "x.toml", "--config", "y.toml"]] {
        let done = keeper(arguments).output().unwrap();
        let said = String::from_utf8(done.stderr).unwrap();
        assert!(!done.status.success() && said.contains("takes no --"), "{said}");
    }
}

#[test]
fn config_shows_limits_by_denom() {
    let done = keeper(&["config", "--set", "strategy.max_repay.uusd=7"]).output().unwrap();
    assert!(String::from_utf8(done.stdout).unwrap().contains("strategy.max_repay.uusd = \"7\""));
}
