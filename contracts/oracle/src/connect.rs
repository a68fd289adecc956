//! What the chain module Connect, formerly Slinky, says of a price.

use cosmwasm_std::QuerierWrapper;
use plimsoll_risk::exponent::band;
use plimsoll_risk::price::Observation;
use plimsoll_schema::oracle::{ConnectModule, ConnectSource};

use crate::answer::{Asked, digits, grpc};
use crate::error::ContractError;
use crate::protobuf::{Reader, Writer};

/// The price of the pair, of the time of the block that told it. Errors when it is too old.
///
/// The messages are `GetPriceRequest` and `GetPriceResponse` of `connect/oracle/v2/query.proto` and of
/// `slinky/oracle/v1/query.proto`, which differ in how the pair is named.
pub fn observe(
    querier: &QuerierWrapper,
    denom: &str,
    source: &ConnectSource,
    max_age: u64,
    now: u64,
) -> Result<Observation, ContractError> {
    let ConnectSource { module, base, quote } = source;
    let (path, request) = match module {
        ConnectModule::Connect => {
            ("/connect.oracle.v2.Query/GetPrice", Writer::default().text(1, &format!("{base}/{quote}")))
        }
        ConnectModule::Slinky => {
            let pair = Writer::default().text(1, base).text(2, quote);
            ("/slinky.oracle.v1.Query/GetPrice", Writer::default().message(1, pair))
        }
    };
    let asked = Asked { denom, name: path };
    let answer = grpc(querier, path, request).ok_or_else(|| asked.silent())?;
    let answer = Reader(&answer);
    let price = answer.message(1).ok_or_else(|| asked.unreadable("price"))?;
    let number = price.text(1).and_then(digits).ok_or_else(|| asked.unreadable("price"))?;
    let decimals = answer.number(3).ok_or_else(|| asked.unreadable("decimals"))?;
    let time = price.message(2).and_then(|time| time.number(1)).ok_or_else(|| asked.unreadable("time"))?;
    // A negative time would be the latest of all.
    let time = i64::from_le_bytes(time.to_le_bytes());
    let time = asked.timely(u64::try_from(time).unwrap_or_default(), max_age, now)?;
    let exponent = i64::try_from(decimals).unwrap_or(i64::MAX).saturating_neg();
    let raw = band(number, number, exponent);
    Ok(Observation { raw, extremes: raw, time })
}
