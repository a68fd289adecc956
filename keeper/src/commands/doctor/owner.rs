//! Owners: who may change what the keeper goes by, and with what notice.

use plimsoll_schema::timelock::{ConfigResponse as Timelock, DELAY_MIN, QueryMsg};
use plimsoll_schema::{oracle, pool};

use crate::chain::{ChainReader, query};
use crate::commands::doctor::Check;
use crate::commands::doctor::contracts::version;
use crate::deploy::network::DELAY_LONG;
use crate::error::Result;

/// What cw2 calls a timelock.
const TIMELOCK: &str = "crates.io:plimsoll-timelock";

/// A line for the pool's owner and one for the oracle's.
pub async fn check(chain: &impl ChainReader, pool: &str) -> Vec<Check> {
    match owners(chain, pool).await {
        Ok(checks) => checks,
        Err(error) => vec![Check::error("owner", &error)],
    }
}

async fn owners(chain: &impl ChainReader, pool: &str) -> Result<Vec<Check>> {
    let of_pool: pool::ConfigResponse = query(chain, pool, &pool::QueryMsg::Config {}, None).await?;
    let of_oracle: oracle::ConfigResponse =
        query(chain, &of_pool.config.oracle, &oracle::QueryMsg::Config {}, None).await?;
    let mut checks = Vec::new();
    for (what, ownership) in [("owner of the pool", of_pool.ownership), ("owner of the oracle", of_oracle.ownership)] {
        let timelock = timelock(chain, &ownership.owner).await?;
        checks.push(judge(what, &ownership.owner, timelock.as_ref(), of_oracle.production));
    }
    Ok(checks)
}

/// The settings of a timelock; none where the address is something else.
async fn timelock(chain: &impl ChainReader, address: &str) -> Result<Option<Timelock>> {
    if version(chain, address).await?.is_none_or(|found| found.contract != TIMELOCK) {
        return Ok(None);
    }
    query(chain, address, &QueryMsg::Config {}, None).await.map(Some)
}

/// What an owner means for those who rely on the market. Outside production nobody is warned.
pub fn judge(what: &str, owner: &str, timelock: Option<&Timelock>, production: bool) -> Check {
    let Some(Timelock { delay, guardian, .. }) = timelock else {
        let finding = format!("{owner}, which is no timelock");
        if !production {
            return Check::ok(what, finding);
        }
        let finding = format!("{finding}: what it wants takes force at once");
        return Check::warn(what, finding, "hand pool and oracle over to a timelock");
    };
    let vetoes = guardian.as_ref().map_or_else(|| "nobody vetoes".to_owned(), |guardian| format!("{guardian} vetoes"));
    let finding = format!("{owner}, a timelock: changes wait {delay} s, and {vetoes}");
    let remedy = match (*delay, guardian) {
        _ if !production => None,
        (..DELAY_MIN, _) => Some(format!("have its admin queue an update_delay to {DELAY_MIN} s at least")),
        (delay, _) if delay > DELAY_LONG => Some(format!(
            "what breaks stays broken for so long: have its admin queue an update_delay to {DELAY_LONG} s at most"
        )),
        (_, None) => Some("have its admin queue an update_roles that names a guardian".to_owned()),
        _ => None,
    };
    match remedy {
        Some(remedy) => Check::warn(what, finding, remedy),
        None => Check::ok(what, finding),
    }
}
