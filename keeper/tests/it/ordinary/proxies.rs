//! What a proxy answers in a node's place.

use plimsoll_keeper::chain::ChainReader;
use plimsoll_keeper::error::Error;

use super::connect;
use crate::support::fake_node::Fake;

#[tokio::test]
async fn a_proxys_page_is_no_garbage_of_the_node() {
    for (status, label) in
        [(502, "unreachable"), (503, "unreachable"), (429, "throttled"), (401, "unauthorized"), (200, "unreachable")]
    {
        let fake = Fake::start(100).await;
        let node = connect(&[&fake]).await;
        fake.with(|state| state.page = Some(status));
        let error = node.smart("pair", b"{}".to_vec(), None).await.unwrap_err();
        assert!(matches!(error, Error::Unreachable { .. }), "{status}: {error}");
        let counted = |status: &str| node.requests().counted("gRPC", &fake.grpc, status);
        assert!(counted(label) > 0 && counted("garbage") == 0, "{status}: {error}");
    }
}
