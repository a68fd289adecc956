//! How long the nodes are waited for. All of them stand here, so that they can be compared.

use std::time::Duration;

/// How long it may take to connect to a gRPC endpoint.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How often an idle gRPC connection is asked whether it lives: one that died without a word must not swallow a
/// liquidation.
pub(super) const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
/// How long the answer to that may take.
pub(super) const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a gRPC or RPC endpoint may take to answer a question.
pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);
/// How long one RPC connection may take to be made, or to answer.
pub(super) const RPC_TIMEOUT: Duration = Duration::from_secs(10);
/// How long an endpoint is waited for before the next one is asked as well.
pub(super) const HEDGE_AFTER: Duration = Duration::from_millis(400);
/// How long the others are waited for once one has answered "not found" or "not yet": most often they know no more.
pub(super) const NOT_FOUND_TIMEOUT: Duration = Duration::from_secs(1);
/// How long the others are waited for once one has answered what is no answer; and each of several that are asked at
/// once.
pub(super) const SECOND_ANSWER_TIMEOUT: Duration = Duration::from_secs(4);
/// How long a second endpoint is waited for to confirm a transaction: what is free to send waits as well.
pub(super) const CONFIRM_TIMEOUT: Duration = Duration::from_millis(400);
/// How long an endpoint may take to say what gas costs: a block's work waits meanwhile.
pub(super) const GAS_PRICE_TIMEOUT: Duration = Duration::from_secs(1);
/// How long an endpoint may take to say where it stands.
pub(super) const PROBE_TIMEOUT: Duration = Duration::from_secs(5);
/// How often it is looked which endpoints are to be probed.
pub(super) const PROBE_STEP: Duration = Duration::from_millis(250);
/// How long a subscription may announce no block before the node's height is asked.
pub(super) const SUBSCRIPTION_SILENCE: Duration = Duration::from_secs(5);
/// The longest that an endpoint is left alone because it said so; and that a question waits for one that may be asked.
pub(super) const RETRY_AFTER_MAX: Duration = Duration::from_secs(60);
/// How often a question that waits looks whether somebody may be asked.
pub(super) const TURN_STEP: Duration = Duration::from_millis(100);
/// After which pause a question about a block that no endpoint has yet is repeated.
pub(super) const NOT_YET_PAUSE: Duration = Duration::from_millis(20);
/// How often it is repeated.
pub(super) const NOT_YET_TRIES: usize = 50;
/// How long [`crate::chain::cosmos::Node::next_block`] waits.
pub(super) const NEXT_BLOCK_TIMEOUT: Duration = Duration::from_secs(60);
/// After which pause a subscription that broke or was refused is tried again; the pause doubles up to
/// [`SUBSCRIBE_PAUSE_MAX`].
pub(super) const SUBSCRIBE_PAUSE_MIN: Duration = Duration::from_millis(250);
/// See [`SUBSCRIBE_PAUSE_MIN`].
pub(super) const SUBSCRIBE_PAUSE_MAX: Duration = Duration::from_secs(30);
/// How long nothing more is said of subscriptions that don't work.
pub(super) const SUBSCRIPTION_TOLD_AGAIN: Duration = Duration::from_secs(600);
