//! What Kubernetes, Docker and systemd do to a keeper: variables, mounted secrets, probes, and SIGTERM to a process that is still starting.

use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use plimsoll_keeper::config::Layers;
use plimsoll_keeper::error::Error;
use plimsoll_keeper::keys::Mnemonic;
use plimsoll_keeper::monitor::Monitor;
use plimsoll_keeper::monitor::serve::serve;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::files::fresh;
use crate::support::mnemonic::WORDS;

fn environment(variables: &[(&str, &str)]) -> Result<Layers, Error> {
    let mut layers = Layers::default();
    layers.add_environment(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))?;
    Ok(layers)
}

#[test]
fn variables_that_kubernetes_and_docker_inject_are_ignored() {
    let injected = [
        ("PLIMSOLL_KEEPER_PORT", "tcp://10.96.0.7:8080"),
        ("PLIMSOLL_KEEPER_SERVICE_HOST", "10.96.0.7"),
        ("PLIMSOLL_KEEPER_SERVICE_PORT", "8080"),
        ("PLIMSOLL_KEEPER_SERVICE_PORT_METRICS", "8080"),
        ("PLIMSOLL_KEEPER_PORT_8080_TCP", "tcp://10.96.0.7:8080"),
        ("PLIMSOLL_KEEPER_PORT_8080_TCP_PROTO", "tcp"),
        ("PLIMSOLL_KEEPER_PORT_8080_TCP_PORT", "8080"),
        ("PLIMSOLL_KEEPER_PORT_8080_TCP_ADDR", "10.96.0.7"),
        ("PLIMSOLL_KEEPER_METRICS_SERVICE_HOST", "10.96.0.8"),
        ("PLIMSOLL_KEEPER_METRICS_PORT", "udp://10.96.0.8:53"),
        ("PLIMSOLL_KEEPER_NAME", "/web/plimsoll_keeper"),
        ("PLIMSOLL_KEEPER_ENV_PATH", "/usr/bin"),
    ];
    let layers = environment(&injected).unwrap();
    assert_eq!(layers.ignored(), injected.map(|(name, _)| name));
}

#[test]
fn a_misspelt_setting_that_looks_nearly_injected_stays_an_error() {
    for (name, value) in [
        ("PLIMSOLL_KEEPER_CHAIN_GRCP", "tcp://10.96.0.7:9090"),
        ("PLIMSOLL_KEEPER_MONITOR_PORT", "9464"),
        ("PLIMSOLL_KEEPER_PORT", "9464"),
        ("PLIMSOLL_KEEPER_SERVICE_PORT", "metrics"),
        ("PLIMSOLL_KEEPER_NAME", "keeper-1"),
        ("PLIMSOLL_KEEPER_PORT_MAIN_TCP_ADDR", "10.96.0.7"),
    ] {
        let error = environment(&[(name, value)]).unwrap_err();
        assert!(error.to_string().contains(&format!("{name} belongs to no key")), "{error}");
    }
}

#[test]
fn an_empty_variable_is_an_unset_one() {
    let layers = environment(&[("PLIMSOLL_KEEPER_STRATEGY_SLIPPAGE", ""), ("PLIMSOLL_KEEPER_LOG_LEVEL", "")]).unwrap();
    assert_eq!((layers.get("strategy.slippage"), layers.origin("strategy.slippage")), ("0.005", "the default"));
    assert_eq!(layers.get("log.level"), "info");
}

#[test]
fn a_secret_of_root_is_read_unless_anybody_may_read_it() {
    let path = fresh("containers");
    std::fs::write(&path, WORDS).unwrap();
    // As anybody else than root nobody can make root's files.
    let by_root = std::fs::metadata(&path).unwrap().uid() == 0;
    for (mode, fine) in [(0o440, by_root), (0o444, false), (0o460, false)] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let found = Mnemonic::read(&path);
        assert_eq!(found.is_ok(), fine, "{mode:o}: {found:?}");
    }
    std::fs::remove_file(&path).unwrap();
}

#[tokio::test]
async fn a_probe_with_head_gets_the_answer_of_get_without_its_body() {
    let server = serve("127.0.0.1:0".parse().unwrap(), Monitor::default()).await.unwrap();
    for (path, status) in [("/livez", 200), ("/readyz", 503), ("/metrics", 200), ("/", 404)] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(format!("HEAD {path} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with(&format!("HTTP/1.1 {status}")) && body.is_empty(), "{path}: {answer}");
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        assert!(length.parse::<u32>().unwrap() > 0, "{path}: {answer}");
    }
}

/// As process 1 of a container SIGTERM does nothing unless it is listened for; anywhere else it would end the keeper by itself, which then
/// has no exit code.
#[test]
fn sigterm_ends_a_keeper_in_order_while_it_still_waits_for_its_node() {
    // Takes connections, and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let mut keeper = Command::new(env!("CARGO_BIN_EXE_keeper"))
        .args(["run", "--set", "chain.id=a-1", "--set", "monitor.listen=none"])
        .args(["--set", &format!("chain.grpc=http://{address}"), "--set", &format!("chain.rpc=http://{address}")])
        .args(["--set", "contracts.pool=wasm1pool"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(700));
    assert!(keeper.try_wait().unwrap().is_none(), "it waits for its node");
    assert!(Command::new("kill").args(["-TERM", &keeper.id().to_string()]).status().unwrap().success());
    let told = Instant::now();
    let status = loop {
        if let Some(status) = keeper.try_wait().unwrap() {
            break status;
        }
        if told.elapsed() > Duration::from_secs(5) {
            keeper.kill().unwrap();
            panic!("it still runs");
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(status.code(), Some(0), "{status}");
}
