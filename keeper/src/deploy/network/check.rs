//! What must not stand in a network file, and what is allowed there and still unwise.

use cosmrs::AccountId;
use cosmwasm_std::Decimal;
use plimsoll_schema::timelock::{DELAY_MAX, DELAY_MIN};

use crate::deploy::network::Network;
use crate::error::{Error, Result};

/// The longest delay of a timelock without a warning, in seconds: three days. For that long a broken price source
/// can't be replaced.
pub const DELAY_LONG: u64 = 3 * 86_400;
/// The addresses of the public test keys of `scripts/localnet/keys.toml`, whose mnemonics everybody knows.
pub const PUBLIC_KEYS: [&str; 9] = [
    "wasm1956n4s7u9jmrvn4schm40hlajses9gs9kk7zse",
    "wasm1nu62ke642hz7dm5asnt2nrsvwhda8709vcwc5l",
    "wasm1c0wuljfj7px0tslfwm6vp59hfkk6275x2gl80r",
    "wasm13tl8gk4myl7q085qe445p72cgwk8fntcnn982s",
    "wasm1ycksssddyzeathfz67d36p4cazg8wp2fest4u7",
    "wasm1qgwnzyp60058n6en7m6dpz045mp8djcr23787f",
    "wasm1lctl23cdnvk4z36egfa2vvdg7mgg0d62rugwlh",
    "wasm1yfxvlmlaaadrdhlzrzx5tchr8efnematw46ynj",
    "wasm1mu89jga3vj26j97p33swn3kjdqdrjc3lar59hf",
];
/// Chains where everybody may know the keys: what `scripts/localnet.sh` starts.
const LOCAL: &str = "plimsoll-";

impl Network {
    /// What must not go on a chain: addresses that aren't filled in, keys that everybody has, gas that can't be paid.
    pub fn check(&self, deployer: &str) -> Result<()> {
        self.check_addresses(deployer)?;
        self.check_timelock()?;
        let adjustment = self.chain.gas_adjustment;
        if adjustment < Decimal::one() || adjustment > Decimal::percent(1_000) {
            return self.wrong(format!(
                "chain.gas_adjustment = {adjustment} is not allowed: it must be a number from 1 to 10"
            ));
        }
        Ok(())
    }

    fn wrong(&self, what: String) -> Result<()> {
        Err(Error::Config(format!("network {}: {what}", self.name)))
    }

    /// Every address is one of this chain, and nobody's public test key but on a local one.
    fn check_addresses(&self, deployer: &str) -> Result<()> {
        let roles = &self.roles;
        let named = [
            ("roles.owner", &roles.owner),
            ("roles.admin", &roles.admin),
            ("roles.risk_manager", &roles.risk_manager),
            ("roles.guardian", &roles.guardian),
        ];
        let roles = named.into_iter().filter_map(|(name, address)| Some((name, address.as_deref()?)));
        let timelock = self.timelock.iter().flat_map(|timelock| {
            let guardian = timelock.guardian.iter().map(|guardian| ("timelock.guardian", guardian.as_str()));
            guardian.chain([("timelock.admin", timelock.admin.as_str())])
        });
        let feeders = self.feeders.iter().map(|feeder| ("feeders.address", feeder.address.as_str()));
        let fee = self.margin.iter().filter_map(|margin| margin.fee.as_ref());
        let fee = fee.map(|fee| ("margin.fee.recipient", fee.recipient.as_str()));
        let pairs = self.pairs.iter().map(|pair| ("pairs.address", pair.address.as_str()));
        let pairs = pairs.filter(|(_, address)| !address.is_empty());
        let public =
            PUBLIC_KEYS.map(|address| address.parse::<AccountId>().map(|id| id.to_bytes()).unwrap_or_default());
        let named = roles.chain(timelock).chain(feeders).chain(fee).chain(pairs);
        for (name, address) in named.chain([("the deployer", deployer)]) {
            let prefix = &self.chain.prefix;
            let Some(id) = address.parse::<AccountId>().ok().filter(|id| id.prefix() == prefix) else {
                return self.wrong(format!("fill in {name}: '{address}' is no {prefix} address"));
            };
            if public.contains(&id.to_bytes()) && !self.chain.id.starts_with(LOCAL) {
                return self.wrong(format!(
                    "{name} is {address}, a public test key: everybody can sign with it, so it is for {LOCAL}… chains only; put your own there"
                ));
            }
        }
        Ok(())
    }

    /// A timelock's delay is allowed, and nothing else delays or owns what it does.
    fn check_timelock(&self) -> Result<()> {
        if let Some(timelock) = &self.timelock {
            let least = if self.oracle.production { DELAY_MIN } else { 0 };
            let delay = timelock.delay;
            if !(least..=DELAY_MAX).contains(&delay) {
                return self.wrong(format!(
                    "timelock.delay = {delay} is not allowed: it must be from {least} to {DELAY_MAX} s"
                ));
            }
            let delays =
                [("oracle.source_delay", self.oracle.source_delay), ("pool.oracle_delay", self.pool.oracle_delay)];
            if let Some((name, delay)) = delays.into_iter().find(|(_, delay)| *delay > 0) {
                return self.wrong(format!("{name} = {delay}, but [timelock] has a delay already: leave it out"));
            }
            if let Some(owner) = &self.roles.owner {
                return self
                    .wrong(format!("roles.owner = {owner}, but [timelock] is there to own both: leave one out"));
            }
        }
        Ok(())
    }

    /// What is allowed and still unwise, a line each.
    pub fn warnings(&self) -> Vec<String> {
        if !self.oracle.production {
            return Vec::new();
        }
        let Some(timelock) = &self.timelock else {
            return vec!["warning: no [timelock] in production: the owner changes anything within a block".to_owned()];
        };
        let long = (timelock.delay > DELAY_LONG).then(|| {
            let delay = timelock.delay;
            format!("warning: timelock.delay = {delay}: what breaks stays broken for more than three days")
        });
        let past = self.roles.admin.as_ref().map(|admin| {
            format!("warning: roles.admin = {admin} migrates contracts at once, past the timelock: leave it out")
        });
        let alone = self.timelock_guardian().is_none().then(|| "warning: nobody can veto in the timelock".to_owned());
        long.into_iter().chain(past).chain(alone).collect()
    }
}
