//! What the doctor asks of a node and of the disk beside its own judgement, and settings that no command would start with.

use std::os::fd::AsRawFd;
use std::process::Command;

use plimsoll_keeper::chain::faulty::Faulty;
use plimsoll_keeper::chain::simulated::WorldChain;
use plimsoll_keeper::commands::doctor::{Status, machine, network};
use plimsoll_keeper::config::{ChainConfig, Config, Layers};
use plimsoll_testing::{LIQUIDATOR, World};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::files::fresh;

async fn chain(script: &str) -> Faulty<WorldChain> {
    let world = WorldChain::start(LIQUIDATOR, || World::builder().build()).await.unwrap();
    Faulty::new(world, script.parse().unwrap())
}

#[tokio::test]
async fn an_account_that_can_not_be_asked_for_is_a_failure() {
    let well = network::account(&chain("").await).await.unwrap();
    assert!(well.status == Status::Ok && well.finding.contains("next sequence"), "{well:?}");
    let ill = network::account(&chain("sequence 100% fail").await).await.unwrap();
    assert!(ill.status == Status::Fail && ill.check == "account", "{ill:?}");
}

#[tokio::test]
async fn results_of_the_newest_block_that_can_not_be_read_are_a_failure() {
    let well = network::block_results(&chain("").await).await;
    assert!(well.status == Status::Ok && well.finding.contains("events of contracts"), "{well:?}");
    let ill = network::block_results(&chain("events 100% fail").await).await;
    assert!(ill.status == Status::Fail && ill.remedy.as_ref().unwrap().contains("discard_abci_responses"), "{ill:?}");
}

#[tokio::test]
async fn a_subscription_that_is_refused_is_a_warning_that_names_the_endpoint() {
    let chain = taking_no_websocket("").await;
    let checks = network::subscriptions(&chain).await.unwrap();
    assert_eq!((checks.len(), checks[0].status), (1, Status::Warn), "{checks:?}");
    assert!(checks[0].check.contains(&chain.rpc[0]) && checks[0].finding.contains("426"), "{checks:?}");
    assert!(!checks[0].finding.contains("POST"), "{checks:?}");
}

#[tokio::test]
async fn a_subscription_without_a_websocket_tells_that_it_answers_by_post() {
    let status = r#"{ "id": 1, "result": { "node_info": { "network": "a-1" },
        "sync_info": { "latest_block_height": "42", "latest_block_time": "2026-01-01T00:00:01.5Z" } } }"#;
    let checks = network::subscriptions(&taking_no_websocket(status).await).await.unwrap();
    assert_eq!(checks[0].status, Status::Warn, "{checks:?}");
    assert!(checks[0].finding.contains("its questions are answered by HTTP POST"), "{checks:?}");
}

/// The settings of a chain whose RPC answers POSTs so, or not at all, and refuses the rest with HTTP status 426.
async fn taking_no_websocket(answer: &'static str) -> ChainConfig {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4_096];
            let _ = stream.read(&mut request).await;
            let is_answered = request.starts_with(b"POST") && !answer.is_empty();
            let (status, body) = if is_answered { ("200 OK", answer) } else { ("426 Upgrade Required", "") };
            let length = body.len();
            let answer = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}");
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    let mut layers = Layers::default();
    let toml = format!(
        "[chain]\nid = \"a-1\"\ngrpc = \"http://{address}\"\nrpc = \"http://{address}\"\n[contracts]\npool = \"wasm1pool\""
    );
    layers.add_toml(&toml, "a test").unwrap();
    Config::of(&layers).unwrap().chain
}

#[test]
fn a_journal_beside_which_no_file_can_be_made_is_a_failure() {
    let path = fresh("doctor-node");
    let file = std::fs::OpenOptions::new().read(true).append(true).create(true).open(&path).unwrap();
    assert_eq!(machine::writable("journal", &path).status, Status::Ok);
    // The same file by a name in a directory where nobody, not even root, can make one.
    let open = std::path::PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
    if open.exists() {
        let check = machine::writable("journal", &open);
        assert!(check.status == Status::Fail && check.finding.contains("beside it"), "{check:?}");
    }
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn config_shows_everything_and_refuses_what_other_commands_refuse() {
    let good = ["chain.id=a-1", "chain.grpc=http://a:1", "chain.rpc=http://a:2", "contracts.pool=wasm1pool"];
    let shown = |further: &[&str], words: &str| {
        let settings = good.iter().chain(further).flat_map(|setting| ["--set", setting]);
        let mut keeper = Command::new(env!("CARGO_BIN_EXE_keeper"));
        let done = keeper.arg("config").args(settings).env("PLIMSOLL_KEEPER_MNEMONIC", words).output().unwrap();
        assert!(String::from_utf8(done.stdout).unwrap().contains("strategy.max_items = "), "everything is shown");
        (done.status.success(), String::from_utf8(done.stderr).unwrap())
    };
    assert_eq!(shown(&[], ""), (true, String::new()));
    for (wrong, words) in [
        ("strategy.slippage=7", ""),
        ("chain.grpc=a:1", ""),
        ("contracts.pool=osmo1pool", ""),
        ("chain.ca_file=/dev/null", ""),
        ("wallet.mnemonic_file=/nowhere/at/all", ""),
        ("wallet.account=0", "panther panther"),
    ] {
        let (fine, said) = shown(&[wrong], words);
        let key = if words.is_empty() { wrong.split('=').next().unwrap() } else { "PLIMSOLL_KEEPER_MNEMONIC" };
        assert!(!fine && said.lines().count() == 1, "{wrong}: {said}");
        assert!(said.contains(key) || wrong.contains("ca_file"), "{wrong}: {said}");
    }
}
