//! What is sent to endpoints beside questions: `chain.headers`, whose values no setting holds and nothing shows, and the
//! parts of an address.

use std::path::PathBuf;

use plimsoll_keeper::config::{Config, KEYS, Layers};
use plimsoll_keeper::error::Error;

use crate::support::files::fresh;

const SECRET: &str = "hunter2";

fn file(name: &str, text: &str, mode: u32) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let path = fresh(&format!("header-{name}"));
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    path
}

/// Settings with these headers, as they stand in a table; `API_KEY` is in the environment.
fn with_table(name: &str, headers: &str) -> Result<Layers, Error> {
    let settings = format!(
        "[chain]\nid = \"a-1\"\ngrpc = \"http://a:1\"\nrpc = \"http://a:2\"\n[contracts]\npool = \"wasm1pool\"\n\
         [chain.headers]\n{headers}\n"
    );
    let path = file(&format!("{name}.toml"), &settings, 0o600);
    let layers = Layers::read(Some(&path), environment(&[]), &[]);
    std::fs::remove_file(&path).unwrap();
    layers
}

fn environment(more: &[(&str, &str)]) -> impl Iterator<Item = (String, String)> {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    [("API_KEY", SECRET), ("EMPTY", ""), ("LINES", "hunter2\nhunter2")]
        .iter()
        .chain(more)
        .map(own)
        .collect::<Vec<_>>()
        .into_iter()
}

fn with_flags(flags: &[(&str, &str)]) -> Result<Config, Error> {
    let flags = [
        ("chain.id", "a-1"),
        ("chain.grpc", "http://a:1"),
        ("chain.rpc", "http://a:2"),
        ("contracts.pool", "wasm1pool"),
    ]
    .iter()
    .chain(flags)
    .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
    .collect::<Vec<_>>();
    Config::of(&Layers::read(None, environment(&[]), &flags)?)
}

#[test]
fn a_headers_value_comes_from_the_environment_or_a_file_and_is_shown_nowhere() {
    let path = file("key", "hunter2\n", 0o600);
    let layers = with_table("good", &format!("x-api-key = \"env:API_KEY\"\nX-Tenant = \"file:{}\"", path.display()));
    let layers = layers.unwrap();
    let config = Config::of(&layers).unwrap();
    assert_eq!(
        (&config.chain.headers["x-api-key"], &config.chain.headers["x-tenant"]),
        (&SECRET.parse().unwrap(), &SECRET.parse().unwrap())
    );
    assert!(config.chain.headers.values().all(http::HeaderValue::is_sensitive));
    let shown: Vec<String> = KEYS.iter().map(|(key, _)| layers.shown(key)).collect();
    assert!(shown.contains(&format!("X-Tenant=file:{},x-api-key=env:API_KEY", path.display())), "{shown:?}");
    for text in [format!("{shown:?}"), format!("{layers:?}"), format!("{config:?} {:?}", config.chain.headers)] {
        assert!(!text.contains(SECRET), "{text}");
    }
    std::fs::remove_file(path).unwrap();
}

#[test]
fn headers_are_given_in_one_text_where_there_is_no_file() {
    let variables = [("PLIMSOLL_KEEPER_CHAIN_HEADERS", "x-api-key=env:API_KEY, x-tenant = env:API_KEY")];
    let layers = Layers::read(None, environment(&variables), &[]).unwrap();
    assert_eq!(layers.shown("chain.headers"), "x-api-key=env:API_KEY,x-tenant = env:API_KEY");
    assert_eq!(with_flags(&[("chain.headers", "x-api-key=env:API_KEY")]).unwrap().chain.headers["x-api-key"], SECRET);
}

#[test]
fn a_headers_value_in_the_settings_is_refused_and_not_shown() {
    for value in [
        "\"hunter2\"",
        "\"Bearer hunter2,x=env:API_KEY\"",
        "\"env:hunter2,hunter2\"",
        "\"file:\"",
        "2",
        "[\"hunter2\"]",
    ] {
        let error = with_table("literal", &format!("x-api-key = {value}")).unwrap_err().to_string();
        assert!(error.contains("chain.headers.x-api-key in ") && error.contains("must be"), "{value}: {error}");
        assert!(!error.contains(SECRET), "{error}");
    }
    for text in ["x-api-key=hunter2", "hunter2", "hunter2==", "x-a=env:API_KEY,hunter2=x", "x-api-key=Basic hunter2="] {
        let error = with_flags(&[("chain.headers", text)]).unwrap_err().to_string();
        assert!(error.contains("chain.headers = ") && error.contains("must be"), "{text}: {error}");
        assert!(!error.contains(SECRET), "{error}");
    }
}

#[test]
fn a_value_that_cannot_be_read_or_sent_is_named_by_its_header_and_not_shown() {
    let open = file("open", SECRET, 0o644);
    let empty = file("empty", "\n", 0o600);
    for (source, fact) in [
        ("env:NOWHERE".to_owned(), "NOWHERE is not set"),
        ("env:EMPTY".to_owned(), "EMPTY is not set, or empty"),
        ("env:LINES".to_owned(), "LINES holds nothing, or what can't stand in a header"),
        ("env:PLIMSOLL_KEEPER_MNEMONIC".to_owned(), "name the variable otherwise"),
        (format!("file:{}", open.display()), "can be read by others (mode 644)"),
        (format!("file:{}", empty.display()), "holds nothing"),
        ("file:/nowhere/key".to_owned(), "/nowhere/key: "),
    ] {
        let error = with_flags(&[("chain.headers", &format!("x-api-key={source}"))]).unwrap_err();
        let error = error.to_string();
        assert!(
            error.starts_with("chain.headers.x-api-key (from a flag): ") && error.contains(fact),
            "{source}: {error}"
        );
        assert!(!error.contains(SECRET), "{error}");
    }
    std::fs::remove_file(open).unwrap();
    std::fs::remove_file(empty).unwrap();
}

#[test]
fn a_header_that_the_protocol_owns_is_refused_by_name() {
    for name in ["content-type", "TE", "Host", "grpc-timeout", "Sec-WebSocket-Key", "user-agent", "trace-bin"] {
        let error = with_flags(&[("chain.headers", &format!("{name}=env:API_KEY"))]).unwrap_err().to_string();
        assert!(error.contains(&name.to_lowercase()) && error.contains("the protocol's own"), "{error}");
    }
    let error = with_flags(&[("chain.headers", "x a=env:API_KEY")]).unwrap_err().to_string();
    assert!(error.contains("not 'x a'"), "{error}");
    let error = with_flags(&[("chain.headers", "x-a=env:API_KEY,X-A=env:API_KEY")]).unwrap_err().to_string();
    assert!(error.contains("X-A is there twice"), "{error}");
}

#[test]
fn authorization_beside_a_user_in_an_address_is_refused() {
    let header = ("chain.headers", "authorization=env:API_KEY");
    assert!(with_flags(&[header]).is_ok());
    for (key, address) in [("chain.grpc", "http://b:1,http://ada:pw@a:1"), ("chain.rpc", "ws://ada@a:2")] {
        let error = with_flags(&[header, (key, address)]).unwrap_err().to_string();
        assert!(error.contains("without authorization where an address has a user"), "{error}");
    }
}

#[test]
fn an_address_with_what_is_never_sent_is_refused() {
    for key in ["chain.grpc", "chain.rpc"] {
        for address in
            ["http://a:1/#hunter2", "http://a:1#", "http://ada:hunter2@/KEY", "http://ada:hunter2@:1", "https://"]
        {
            let error = with_flags(&[(key, address)]).unwrap_err().to_string();
            assert!(error.contains(key) && error.contains("must be") && !error.contains(SECRET), "{address}: {error}");
        }
        let address = "https://ada:hunter2@a:1/KEY?token=T";
        let chain = with_flags(&[(key, address)]).unwrap().chain;
        assert!(chain.grpc == [address] || chain.rpc == [address]);
    }
}
