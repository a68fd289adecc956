//! Answers of contracts and of chain modules, as bytes, and what is picked out of them.

use std::fmt;
use std::str::FromStr;

use cosmwasm_std::{Binary, ContractResult, Empty, QuerierWrapper, QueryRequest, SystemResult, WasmQuery, to_json_vec};
use plimsoll_risk::units::Price;
use serde::Serialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use crate::error::ContractError;
use crate::protobuf::Writer;

/// The bytes with which a query is answered; `None` when it is refused.
pub fn raw(querier: &QuerierWrapper, request: &impl Serialize) -> Option<Binary> {
    match querier.raw_query(&to_json_vec(request).ok()?) {
        SystemResult::Ok(ContractResult::Ok(answer)) => Some(answer),
        _ => None,
    }
}

/// A query of a chain module, as the chain reads it. It is written out here because cosmwasm-std knows it only where a
/// contract asks for a chain of CosmWasm 2, and the oracle runs on older ones: those refuse the query alone.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum ModuleQuery<'a> {
    Grpc { path: &'a str, data: Binary },
}

/// The message with which a chain module answers; `None` when the query is refused.
pub fn grpc(querier: &QuerierWrapper, path: &str, request: Writer) -> Option<Binary> {
    raw(querier, &ModuleQuery::Grpc { path, data: Binary::new(request.finish()) })
}

/// A whole number of a chain, of up to 256 bits: below 0 it counts as 0, and above 128 bits as the highest of those.
/// `None` when it is none.
pub fn digits(text: &str) -> Option<u128> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    if unsigned.is_empty() || !unsigned.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    Some(if unsigned.len() < text.len() { 0 } else { unsigned.parse().unwrap_or(u128::MAX) })
}

/// A decimal of a chain in 10⁻¹⁸, rounded down, within the same limits.
pub fn decimal(text: &str) -> Option<u128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let fraction: String = fraction.chars().chain("0".repeat(DECIMALS).chars()).take(DECIMALS).collect();
    digits(&format!("{whole}{fraction}"))
}

/// The decimals of a price.
const DECIMALS: usize = 18;

/// Whose answers are read, for the errors about them.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The denom that is priced.
    pub denom: &'a str,
    /// The contract or the module.
    pub name: &'a str,
}

impl<'a> Asked<'a> {
    /// It does not answer.
    pub fn silent(&self) -> ContractError {
        ContractError::NoAnswer { denom: self.denom.to_owned(), asked: self.name.to_owned() }
    }

    /// What a contract answers to a query in JSON. Errors when it refuses.
    pub fn ask(&self, querier: &QuerierWrapper, msg: Vec<u8>) -> Result<Answer<'a>, ContractError> {
        let msg = Binary::new(msg);
        let request = QueryRequest::<Empty>::Wasm(WasmQuery::Smart { contract_addr: self.name.to_owned(), msg });
        let json = raw(querier, &request).ok_or_else(|| self.silent())?;
        Ok(Answer { asked: *self, json })
    }

    /// Its answer lacks something.
    pub fn unreadable(&self, what: &'static str) -> ContractError {
        ContractError::Unreadable { denom: self.denom.to_owned(), asked: self.name.to_owned(), what }
    }

    /// The rate that was told. One of 0 is none: no share of it ever grows from there.
    pub fn told(&self, rate: Price) -> Result<Price, ContractError> {
        if rate.is_zero() { Err(self.unreadable("rate")) } else { Ok(rate) }
    }

    /// The time of an observation that may count, no later than now. A clock may be ahead of the chain's: up to
    /// `max_age` seconds ahead counts as now, so a told time never keeps a price alive for longer than twice that.
    pub fn timely(&self, time: u64, max_age: u64, now: u64) -> Result<u64, ContractError> {
        let denom = self.denom.to_owned();
        let asked = self.name.to_owned();
        if time.saturating_sub(now) > max_age {
            return Err(ContractError::AnswerFromFuture { denom, asked, time, now });
        }
        let age = now.saturating_sub(time);
        if age > max_age {
            return Err(ContractError::AnswerTooOld { denom, asked, age, max_age });
        }
        Ok(time.min(now))
    }
}

/// A contract's answer in JSON. What is needed of it is picked out by its keys: a type for each answer would make the
/// contract twice as large.
#[derive(Clone, Debug)]
pub struct Answer<'a> {
    asked: Asked<'a>,
    json: Binary,
}

impl Answer<'_> {
    /// The text or the whole number to which these keys lead, read as `T`. Errors when it can't be.
    pub fn get<T: FromStr>(&self, path: &[&str], what: &'static str) -> Result<T, ContractError> {
        let found = pick(&self.json, path).and_then(|text| text.parse().ok());
        found.ok_or_else(|| self.asked.unreadable(what))
    }
}

/// The text or the whole number to which these keys lead in some JSON, as text; `None` when they lead to neither.
fn pick(json: &[u8], path: &[&str]) -> Option<String> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    let found = Path(path).deserialize(&mut reader).ok()?;
    reader.end().ok()?;
    Some(found)
}

struct Path<'a>(&'a [&'a str]);

impl<'de> DeserializeSeed<'de> for Path<'_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<String, D::Error> {
        if self.0.is_empty() { reader.deserialize_any(Scalar) } else { reader.deserialize_map(self) }
    }
}

impl<'de> Visitor<'de> for Path<'_> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<String, A::Error> {
        let (key, rest) = self.0.split_first().ok_or_else(|| A::Error::custom("no key"))?;
        let mut found = None;
        while let Some(name) = object.next_key::<String>()? {
            if name == **key {
                found = Some(object.next_value_seed(Path(rest))?);
            } else {
                object.next_value::<IgnoredAny>()?;
            }
        }
        found.ok_or_else(|| A::Error::custom("no such key"))
    }
}

struct Scalar;

impl Visitor<'_> for Scalar {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or a whole number")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<String, E> {
        Ok(number.to_string())
    }
}
