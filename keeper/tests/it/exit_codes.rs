//! The exit codes of the real binary: whether a supervisor's restart can mend what ended it.

use std::process::{Command, Output, Stdio};

use plimsoll_keeper::error::{Class, Error, Refusal};

use crate::support::fake_node::Fake;
use crate::support::mnemonic::ABANDON;

/// A keeper with these settings and this mnemonic, run to its end.
async fn run(settings: &[String], arguments: &[&str], words: &str) -> Output {
    let mut keeper = Command::new(env!("CARGO_BIN_EXE_keeper"));
    let common = ["monitor.listen=none", "contracts.pool=wasm1pool", "chain.id=fake-1"].map(str::to_owned);
    keeper.args(arguments);
    keeper.args(common.iter().chain(settings).flat_map(|setting| ["--set", setting]));
    keeper.env("PLIMSOLL_KEEPER_MNEMONIC", words).stdin(Stdio::null());
    tokio::task::spawn_blocking(move || keeper.output().unwrap()).await.unwrap()
}

fn at(fake: &Fake) -> Vec<String> {
    vec![format!("chain.grpc={}", fake.grpc), format!("chain.rpc={}", fake.rpc)]
}

#[track_caller]
fn assert_ended(output: &Output, code: i32, error: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(said.contains(error), "{said}");
}

#[tokio::test]
async fn what_a_restart_does_not_mend_ends_with_three() {
    let fake = Fake::start(100).await;
    let setting = "strategy.slippage=7".to_owned();
    assert_ended(&run(&[at(&fake), vec![setting]].concat(), &["run"], "").await, 3, "RUNBOOK.md#config");
    assert_ended(&run(&at(&fake), &["run", "--live"], "").await, 3, "RUNBOOK.md#no_key");
    assert_ended(&run(&at(&fake), &["run"], "panther panther").await, 3, "RUNBOOK.md#key");
    fake.with(|state| state.chain_id = "other-1".to_owned());
    assert_ended(&run(&at(&fake), &["run"], "").await, 3, "RUNBOOK.md#wrong_chain");
}

#[tokio::test]
async fn what_may_mend_by_itself_ends_with_one() {
    let fake = Fake::start(100).await;
    let nobody = ["chain.grpc=http://127.0.0.1:1", "chain.rpc=http://127.0.0.1:1"].map(str::to_owned);
    assert_ended(&run(&nobody, &["run"], "").await, 1, "RUNBOOK.md#unreachable");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = format!("monitor.listen={}", taken.local_addr().unwrap());
    assert_ended(&run(&[at(&fake), vec![listen]].concat(), &["run"], "").await, 1, "another port");
    fake.with(|state| state.catching_up = true);
    assert_ended(&run(&at(&fake), &["run", "--live"], ABANDON).await, 1, "still catching up");
}

#[tokio::test]
async fn a_command_line_that_is_not_understood_ends_with_two() {
    assert_ended(&run(&[], &["run", "--alive"], "").await, 2, "--alive");
    assert_ended(&run(&[], &["rum"], "").await, 2, "rum");
}

#[test]
fn every_error_that_halts_says_whether_a_restart_mends_it() {
    let text = String::new;
    let refused = |refusal| Error::RefusedAgain { times: 6, reason: text(), refusal };
    let lasting = [
        Error::WrongChain { endpoint: text(), found: text(), wanted: text() },
        Error::Reset { chain_id: text(), before: 9, now: 1, older: true },
        Error::OtherChainsJournal { hash: text(), timeout_height: 9_000, chain_id: text(), height: 1 },
        Error::KeyShared { address: text(), expected: 1, found: 2 },
        Error::TooManyFailures { times: 20, reason: text() },
        refused(Refusal::Unauthorized),
        refused(Refusal::Other),
        Error::NoKey,
        Error::Key(text()),
        Error::Config(text()),
    ];
    // A node that is behind, money that is still to come, a disk that is full, a journal that another keeper still holds.
    let passing = [
        Error::NoContract { name: "pool", address: text(), chain_id: text() },
        Error::EmptyWallet { address: text(), available: 0, wanted: 1, denom: text() },
        refused(Refusal::NoMoney),
        Error::File { path: text(), reason: text() },
        Error::DoesNotHold(text()),
    ];
    for (errors, code) in [(lasting.as_slice(), 3), (passing.as_slice(), 1)] {
        for error in errors {
            assert_eq!((error.class(), error.exit_code()), (Class::Halt, code), "{error:?}");
        }
    }
    // What the keeper goes on after ends a command that is run once.
    for error in [Error::unreachable("gRPC", "a", "b"), Error::garbage("a", "b"), Error::Refused { reason: text() }] {
        assert_eq!(error.exit_code(), 1, "{error:?}");
    }
}
