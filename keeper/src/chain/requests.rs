//! How often each endpoint was asked, and what came of it.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

/// Which endpoint, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Labels {
    /// `gRPC` or `RPC`.
    pub kind: String,
    /// Its public name: no secret of its address is in it.
    pub endpoint: String,
    /// `ok`, `unreachable`, `timeout`, `garbage`, `throttled`, `unauthorized`, `broken` or `refused`.
    pub status: String,
}

/// The counters.
#[derive(Clone, Debug, Default)]
pub struct Requests(Family<Labels, Counter>);

impl Requests {
    /// One more.
    pub fn count(&self, kind: &str, endpoint: &str, status: &str) {
        let labels = Labels { kind: kind.to_owned(), endpoint: endpoint.to_owned(), status: status.to_owned() };
        self.0.get_or_create(&labels).inc();
    }

    /// How many there were.
    pub fn counted(&self, kind: &str, endpoint: &str, status: &str) -> u64 {
        let labels = Labels { kind: kind.to_owned(), endpoint: endpoint.to_owned(), status: status.to_owned() };
        self.0.get_or_create(&labels).get()
    }

    /// For a registry.
    pub fn family(&self) -> Family<Labels, Counter> {
        self.0.clone()
    }
}
