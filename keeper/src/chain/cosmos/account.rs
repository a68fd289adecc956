//! Number and sequence of a key's account. `AccountInfo` says them best, and some chains haven't it, or fail at it: SDK
//! 0.47.3 for a key that has sent nothing, Sei for all. Then `Account` does.

use cosmos_sdk_proto::Any;
use cosmos_sdk_proto::cosmos::auth::v1beta1::query_client::QueryClient;
use cosmos_sdk_proto::cosmos::auth::v1beta1::{
    BaseAccount, QueryAccountInfoRequest, QueryAccountRequest, QueryAccountsRequest,
};
use cosmos_sdk_proto::cosmos::base::query::v1beta1::PageRequest;
use prost::Message;
use tonic::Status;

use crate::chain::cosmos::channel::Channel;
use crate::chain::cosmos::classify::{Failure, Meaning, OTHER_DERIVATION, nonsense};

/// What the accounts and public keys of chains with Ethereum's addresses are called, in all their variants.
const ETHEREUM: [&str; 2] = ["EthAccount", "ethsecp256k1"];

/// The type of the keys that the keeper signs with, by its last letters.
const OURS: &str = ".crypto.secp256k1.PubKey";
/// How many accounts are looked at for their keys.
const ACCOUNTS_SEEN: u64 = 100;

/// An account that wraps a `BaseAccount` as its first field: `EthAccount` in all its variants.
#[derive(Clone, PartialEq, prost::Message)]
struct Wrapped {
    #[prost(message, optional, tag = "1")]
    account: Option<BaseAccount>,
}

/// Any vesting account: its first field is a `BaseVestingAccount`, whose first field is a `BaseAccount`.
#[derive(Clone, PartialEq, prost::Message)]
struct Vesting {
    #[prost(message, optional, tag = "1")]
    base: Option<VestingBase>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct VestingBase {
    #[prost(message, optional, tag = "1")]
    account: Option<BaseAccount>,
}

/// Number and sequence of this address' account, as this endpoint says.
pub(super) async fn account(channel: Channel, address: String) -> std::result::Result<(u64, u64), Status> {
    let mut client = QueryClient::new(channel);
    let info = match client.account_info(QueryAccountInfoRequest { address: address.clone() }).await {
        Ok(answer) => answer.into_inner().info.ok_or_else(|| nonsense("an account without its sequence"))?,
        Err(status) if is_final(&status) => return Err(status),
        Err(_) => {
            let account = client.account(QueryAccountRequest { address: address.clone() }).await?.into_inner().account;
            let account = account.ok_or_else(|| nonsense("an account without its sequence"))?;
            if let Some(refusal) = refusal_of(&address, &account.type_url) {
                return Err(refusal);
            }
            base(&account)
                .ok_or_else(|| nonsense(format!("an account of type {} that can't be read", account.type_url)))?
        }
    };
    let type_url = match &info.pub_key {
        Some(key) => Some(key.type_url.clone()),
        // Of one that has signed nothing only its own type tells; where that can't be asked for, nothing is known
        // against it.
        None => {
            let answer = client.account(QueryAccountRequest { address: address.clone() }).await;
            answer.ok().and_then(|answer| answer.into_inner().account).map(|account| account.type_url)
        }
    };
    if let Some(refusal) = type_url.and_then(|type_url| refusal_of(&address, &type_url)) {
        return Err(refusal);
    }
    Ok((info.account_number, info.sequence))
}

/// Refuses a chain where nobody has a key as this one, and somebody has one of Ethereum's, as far as an endpoint's first
/// accounts say. The type of an account alone says little: chains that took up an EVM later have accounts of both types,
/// and newer ones keep their `BaseAccount`.
pub(super) async fn assert_derivation(channel: Channel, address: String) -> std::result::Result<(), Status> {
    let pagination = Some(PageRequest { limit: ACCOUNTS_SEEN, ..PageRequest::default() });
    let answer = QueryClient::new(channel).accounts(QueryAccountsRequest { pagination }).await?.into_inner();
    let keys: Vec<String> = answer.accounts.iter().filter_map(key_type).collect();
    if keys.iter().any(|key| key.ends_with(OURS)) {
        return Ok(());
    }
    // An account of that type without a key counts where no key says anything.
    let types = answer.accounts.iter().map(|account| account.type_url.clone());
    let seen: Vec<String> = if keys.is_empty() { types.collect() } else { keys };
    match seen.iter().find(|type_url| is_ethereum(type_url)) {
        None => Ok(()),
        Some(type_url) => Err(Status::failed_precondition(format!(
            "{OTHER_DERIVATION}: others here have {type_url}, and nobody a key as this one; addresses are derived in another way than \
             the keeper does: send nothing to {address}"
        ))),
    }
}

/// The type of this account's public key; `None` while it has none, or for an account of unknown shape.
fn key_type(account: &Any) -> Option<String> {
    let base = if account.type_url.ends_with("EthAccount") {
        Wrapped::decode(account.value.as_slice()).ok()?.account
    } else {
        base(account)
    };
    Some(base?.pub_key?.type_url)
}

/// Whether there is no use in asking the same endpoint in another way.
fn is_final(status: &Status) -> bool {
    let meaning = status.meaning();
    meaning.is_failure() || matches!(meaning, Meaning::NotFound | Meaning::Garbage)
}

/// What any account has in common; `None` where its type is unknown.
fn base(account: &Any) -> Option<BaseAccount> {
    match account.type_url.rsplit('.').next().unwrap_or_default() {
        "BaseAccount" => BaseAccount::decode(account.value.as_slice()).ok(),
        name if name.ends_with("VestingAccount") || name == "PermanentLockedAccount" => {
            Vesting::decode(account.value.as_slice()).ok()?.base?.account
        }
        _ => None,
    }
}

/// Whether an account or a public key of this type is one of Ethereum's.
fn is_ethereum(type_url: &str) -> bool {
    ETHEREUM.iter().any(|name| type_url.contains(name))
}

/// The refusal of an account or a public key of this type, if it is one of Ethereum's.
fn refusal_of(address: &str, type_url: &str) -> Option<Status> {
    is_ethereum(type_url).then(|| {
        Status::failed_precondition(format!(
            "{OTHER_DERIVATION}: the account of {address} is a {type_url}, and that address is derived in another way than the \
             keeper does; send nothing there"
        ))
    })
}
