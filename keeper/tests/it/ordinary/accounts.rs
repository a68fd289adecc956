//! Accounts of chains that lack `AccountInfo`, or derive addresses in another way.

use std::time::Duration;

use plimsoll_keeper::chain::TxSender;
use plimsoll_keeper::chain::endpoints::Health;
use plimsoll_keeper::error::{Class, Error};

use super::connect;
use crate::support::client::{health, until};
use crate::support::fake_node::{Fake, Mood};

#[tokio::test]
async fn an_account_is_read_where_account_info_is_missing_or_fails() {
    for refusal in [
        (12, "unknown method AccountInfo for service cosmos.auth.v1beta1.Query"),
        // SDK 0.47.3, of a key that has sent nothing.
        (13, "Expecting non nil value to create a new Any: failed packing protobuf message to Any"),
        (2, "codespace sdk code 1: internal"),
    ] {
        let fake = Fake::start(100).await;
        fake.with(|state| (state.sequence, state.no_account_info) = (Some(4), Some(refusal)));
        let node = connect(&[&fake]).await;
        assert_eq!(node.account(node.sender().unwrap()).await.unwrap(), (3, 4), "{refusal:?}");
        // The first transaction of a key can be signed.
        assert_eq!(node.sign(&[], 100_000, 120).await.unwrap().sequence, 4, "{refusal:?}");
        fake.with(|state| state.sequence = None);
        assert_eq!(node.sequence().await.unwrap(), Some(0), "{refusal:?}");
    }
}

#[tokio::test]
async fn an_account_of_another_derivation_is_refused_by_name() {
    let ethereum = "/ethermint.crypto.v1.ethsecp256k1.PubKey";
    for (no_info, account, key) in [
        (Some((12, "unknown method")), "/injective.types.v1beta1.EthAccount", None),
        (None, "/cosmos.evm.types.v1.EthAccount", None),
        (None, "/cosmos.auth.v1beta1.BaseAccount", Some(ethereum)),
    ] {
        let fake = Fake::start(100).await;
        fake.with(|state| {
            state.sequence = Some(4);
            (state.no_account_info, state.account_type, state.key_type) = (no_info, account, key);
        });
        let node = connect(&[&fake]).await;
        let error = node.sequence().await.unwrap_err();
        assert!(matches!(&error, Error::Key(reason) if reason.contains("ethsecp256k1")), "{account}: {error}");
        assert_eq!(error.class(), Class::Halt);
        assert!(node.sign(&[], 100_000, 120).await.is_err(), "{account}");
    }
}

#[tokio::test]
async fn a_chain_of_another_derivation_is_refused_before_an_account_exists() {
    const BASE: &str = "/cosmos.auth.v1beta1.BaseAccount";
    const MODULE: &str = "/cosmos.auth.v1beta1.ModuleAccount";
    const ETHEREUM: &str = "/ethermint.types.v1.EthAccount";
    let ours = Some("/cosmos.crypto.secp256k1.PubKey");
    let theirs = Some("/cosmos.evm.crypto.v1.ethsecp256k1.PubKey");
    for (accounts, refused) in [
        // As Injective, Evmos of before, and chains of cosmos/evm.
        (Some(vec![(MODULE, None), ("/injective.types.v1beta1.EthAccount", None)]), true),
        (Some(vec![(ETHEREUM, Some("/ethermint.crypto.v1.ethsecp256k1.PubKey"))]), true),
        (Some(vec![(BASE, None), (MODULE, None), (BASE, theirs)]), true),
        // As Kava: an EVM beside ordinary keys, in accounts of either type.
        (Some(vec![(BASE, theirs), (ETHEREUM, None), (BASE, ours)]), false),
        (Some(vec![(ETHEREUM, None), (ETHEREUM, ours)]), false),
        // Nothing is known against it.
        (Some(vec![(BASE, None), (MODULE, None)]), false),
        (Some(Vec::new()), false),
        (None, false),
    ] {
        let fake = Fake::start(100).await;
        fake.with(|state| (state.sequence, state.accounts) = (None, accounts.clone()));
        let node = connect(&[&fake]).await;
        let answer = node.sequence().await;
        match answer {
            Err(Error::Key(reason)) if refused => assert!(reason.contains("send nothing to"), "{reason}"),
            answer => assert!(!refused && answer.as_ref().unwrap() == &Some(0), "{accounts:?}: {answer:?}"),
        }
    }
}

#[tokio::test]
async fn that_a_chain_derives_addresses_in_another_way_is_not_believed_of_one_endpoint_alone() {
    const ETHEREUM: &str = "/cosmos.evm.types.v1.EthAccount";
    let (liar, honest) = (Fake::start(100).await, Fake::start(100).await);
    for fake in [&liar, &honest] {
        fake.with(|state| state.sequence = Some(4));
    }
    liar.with(|state| state.account_type = ETHEREUM);
    let node = connect(&[&liar, &honest]).await;
    assert_eq!(node.sequence().await.unwrap(), Some(4));
    assert_eq!(node.sign(&[], 100_000, 120).await.unwrap().sequence, 4);
    // The same of a key that has no account yet, by the accounts of others.
    for fake in [&liar, &honest] {
        fake.with(|state| (state.sequence, state.accounts) = (None, Some(Vec::new())));
    }
    liar.with(|state| state.accounts = Some(vec![(ETHEREUM, None)]));
    assert_eq!(node.sequence().await.unwrap(), Some(0));
    // One that the other contradicted is left out for a while.
    until("it is asked again", || health(&node, &liar.grpc) == Health::Good).await;
    honest.with(|state| state.accounts = Some(vec![(ETHEREUM, None)]));
    assert!(matches!(node.sequence().await, Err(Error::Key(_))));
    for fake in [&liar, &honest] {
        fake.with(|state| (state.sequence, state.account_type) = (Some(4), ETHEREUM));
    }
    assert!(matches!(node.sequence().await, Err(Error::Key(_))));
    // Where nobody else answers, nobody agrees: nothing is signed, and the keeper asks again.
    honest.with(|state| state.mood = Mood::Dead);
    // A call that was under way when it died may still be answered.
    for _ in 0..100 {
        match node.sequence().await.unwrap_err() {
            Error::Key(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            error => return assert_eq!(error.class(), Class::Retry, "{error}"),
        }
    }
    panic!("the word of one endpoint alone is fatal");
}
