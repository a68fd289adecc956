//! Nothing that may be printed holds a secret: neither the mnemonic nor what may be secret in an endpoint's address.

use clap::Parser;
use plimsoll_keeper::chain::cosmos::Node;
use plimsoll_keeper::chain::cosmos::rpc::Rpc;
use plimsoll_keeper::chain::cosmos::tls::Trust;
use plimsoll_keeper::chain::endpoints::{Endpoints, Kind};
use plimsoll_keeper::cli::Cli;
use plimsoll_keeper::config::{Config, Layers};
use plimsoll_keeper::keys::Mnemonic;
use plimsoll_keeper::monitor::Monitor;

use crate::support::mnemonic::ABANDON;

const SECRET: &str = "hunter2";

/// Endpoints with a password and an access key. Nobody listens there.
const CONFIG: &str = r#"
[chain]
id = "c-1"
grpc = ["http://ada:hunter2@127.0.0.1:1", "http://127.0.0.1:1/hunter2"]
rpc = ["ws://ada:hunter2@127.0.0.1:1", "ws://127.0.0.1:1/hunter2/websocket"]
[contracts]
pool = "wasm1pool"
"#;

fn assert_clean(what: &str, text: &str) {
    assert!(!text.contains(SECRET) && !text.contains("abandon"), "{what} shows a secret: {text}");
}

fn layers() -> Layers {
    let mut layers = Layers::default();
    layers.add_toml(CONFIG, "a test").unwrap();
    let variable = ("PLIMSOLL_KEEPER_MNEMONIC".to_owned(), ABANDON.to_owned());
    layers.add_environment(std::iter::once(variable)).unwrap();
    layers
}

#[test]
fn debug_of_settings_keys_and_connections_shows_no_secret() {
    let mnemonic = Mnemonic::parse(ABANDON, "a test").unwrap();
    let key = mnemonic.key("wasm", 118, 0).unwrap();
    let layers = layers();
    let config = Config::of(&layers).unwrap();
    let kinds = config.chain.grpc.iter().map(|address| (Kind::Grpc, address.clone()));
    let cli = Cli::parse_from(["keeper", "scan", "--set", "chain.grpc=http://ada:hunter2@h:1", "--set", ABANDON]);
    let rpc = Rpc::new(&config.chain.rpc[0], Trust::new(None).unwrap());
    // What no test of the words would see: the key's own bytes. This is their public test vector.
    let bytes = "c4a48e2fce1481cd3294b4490f6678090ea98d3d0e5cd984558ab0968741b104";
    for (what, text) in [
        ("mnemonic", format!("{mnemonic:?} {mnemonic:#?}")),
        ("key", format!("{key:?} {key:#?}")),
        ("layers", format!("{layers:?} {layers:#?}")),
        ("config", format!("{config:?} {config:#?}")),
        ("chain config", format!("{:?}", config.chain)),
        ("endpoints", format!("{:?}", Endpoints::new("c-1", kinds))),
        ("rpc", format!("{rpc:?}")),
        ("cli", format!("{cli:?}")),
        ("monitor", format!("{:?} {}", Monitor::default(), Monitor::default().render())),
    ] {
        assert_clean(what, &text);
        assert!(!text.contains(bytes), "{what}");
    }
}

#[tokio::test]
async fn errors_of_endpoints_show_no_secret() {
    let config = Config::of(&layers()).unwrap();
    let error = Node::connect(config.chain.clone(), None).await.unwrap_err();
    assert_clean("error", &format!("{error} {error:?}"));
    assert!(error.to_string().contains("127.0.0.1:1"), "{error}");
    for address in &config.chain.rpc {
        let error = Rpc::new(address, Trust::new(None).unwrap()).head().await.unwrap_err();
        assert_clean("error", &format!("{error} {error:?}"));
    }
    // A value that isn't an address, and words where none belong.
    for (key, value) in
        [("chain.rpc", "ftp://ada:hunter2@h/hunter2"), ("log.level", ABANDON), ("monitor.listen", ABANDON)]
    {
        let mut layers = layers();
        layers.add_toml(&format!("{key} = \"{value}\""), "a test").unwrap();
        assert_clean(key, &Config::of(&layers).unwrap_err().to_string());
    }
}

#[test]
fn a_panic_with_settings_in_it_shows_no_secret() {
    let config = Config::of(&layers()).unwrap();
    let mnemonic = Mnemonic::parse(ABANDON, "a test").unwrap();
    let failing = std::panic::catch_unwind(|| panic!("{config:?} {mnemonic:?}"));
    let text = failing.unwrap_err().downcast_ref::<String>().cloned().unwrap();
    assert_clean("panic", &text);
}
