//! The whole path on a running local node: accounts are opened by real transactions, a price is pushed down, the keeper runs as
//! a process of its own, is killed and started again, and the verdict is read from the chain. `scripts/e2e.sh` calls it.
//!
//! ```text
//! e2e DEPLOYMENT_FILE KEEPER_BINARY WORK_DIR
//! ```
//!
//! Mnemonics come from the environment: `PLIMSOLL_<NAME>_MNEMONIC` for feeder1, feeder2, user1 to user4, and the keeper's own
//! `PLIMSOLL_KEEPER_MNEMONIC`. Prints one JSON object and fails when something doesn't hold.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use plimsoll_keeper::chain::node::Node;
use plimsoll_keeper::chain::{Chain, Coin, ContractEvent, Execute, query};
use plimsoll_keeper::config::{Config, Layers};
use plimsoll_keeper::error::{Error, Result};
use plimsoll_keeper::keys::Mnemonic;
use plimsoll_risk::units::Amount;
use plimsoll_schema::oracle::{ExecuteMsg as OracleMsg, FeedPrice};
use plimsoll_schema::pool::{
    AccountKey, ExecuteMsg, LiquidatableResponse, MarketsResponse, QueryMsg, SolvencyResponse,
};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

const IBC: &str = "ibc/27394FB092D2ECCD56123C74F36E4C1F926001CEADA9CA97EA622B25F41E5EB2";
const ETH: u128 = 1_000_000_000_000_000_000;
const USD: u128 = 1_000_000;
/// How many accounts the first user opens with ATOM as collateral.
const ACCOUNTS: u32 = 24;

#[tokio::main]
async fn main() -> std::process::ExitCode {
    match run().await {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            std::process::ExitCode::FAILURE
        }
    }
}

struct Stage {
    config: Config,
    people: BTreeMap<&'static str, Node>,
    factory: String,
    work: PathBuf,
    binary: PathBuf,
    deployment: PathBuf,
}

async fn run() -> Result<()> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [deployment, binary, work] = arguments.as_slice() else {
        return Err(Error::Config("usage: e2e DEPLOYMENT_FILE KEEPER_BINARY WORK_DIR".to_owned()));
    };
    let stage = Stage::new(deployment, binary, work).await?;
    stage.open_accounts().await?;

    let first_block = stage.feeder().head().await?.height;
    let mut keeper = stage.keeper(1).await?;
    // Mild: some accounts fall below 1, and the time from price to liquidation is taken.
    let price_height = stage.price("uatom", "9.2").await?;
    let liquidation_height = stage.first_liquidation(price_height).await?;
    stage.calm().await?;

    // Harder: the keeper is killed while a transaction is on its way, and other prices follow.
    let (published, killed) = tokio::join!(stage.price("uatom", "8.1"), stage.kill_in_flight(&mut keeper));
    published.and(killed)?;
    stage.price(IBC, "4.2").await?;
    let mut keeper = stage.keeper(2).await?;
    stage.calm().await?;
    stage.stop(&mut keeper).await?;

    let last_block = stage.feeder().head().await?.height;
    let liquidations = stage.liquidations(first_block, last_block).await?;
    stage.sent_once(first_block, last_block).await?;
    let solvent = stage.solvent().await?;
    println!(
        "{}",
        serde_json::json!({ "price_height": price_height, "liquidation_height": liquidation_height,
            "liquidations": liquidations.len(), "solvent": solvent })
    );
    if !solvent {
        return Err(Error::DoesNotHold("the market is not solvent".to_owned()));
    }
    if liquidation_height.saturating_sub(price_height) > 2 {
        return Err(Error::DoesNotHold(format!(
            "liquidated in block {liquidation_height}, the price came in {price_height}"
        )));
    }
    Ok(())
}

impl Stage {
    async fn new(deployment: &Path, binary: &Path, work: &Path) -> Result<Self> {
        let flags = [("deployment".to_owned(), deployment.display().to_string())];
        let config = Config::of(&Layers::read(None, std::iter::empty(), &flags)?)?;
        let mut people = BTreeMap::new();
        for name in ["feeder1", "feeder2", "user1", "user2", "user3", "user4", "keeper"] {
            let variable = format!("PLIMSOLL_{}_MNEMONIC", name.to_uppercase());
            let mnemonic =
                Mnemonic::find(&variable, None)?.ok_or_else(|| Error::Key(format!("{variable} is not set")))?;
            let key = mnemonic.key(&config.chain.prefix, config.chain.coin_type, 0)?;
            people.insert(name, Node::connect(config.chain.clone(), Some(key)).await?);
        }
        let markets: MarketsResponse = query(
            &people["user1"],
            &config.contracts.pool,
            &QueryMsg::Markets { start_after: None, limit: Some(30) },
            None,
        )
        .await?;
        let denoms = markets.markets.into_iter().map(|market| market.params.denom);
        let factory = denoms.into_iter().find(|denom| denom.starts_with("factory/"));
        let factory = factory.ok_or_else(|| Error::DoesNotHold("no factory denom is listed".to_owned()))?;
        let (work, binary, deployment) = (work.to_owned(), binary.to_owned(), deployment.to_owned());
        Ok(Self { config, people, factory, work, binary, deployment })
    }

    fn feeder(&self) -> &Node {
        &self.people["feeder1"]
    }

    /// Several messages of one person in one transaction.
    async fn pool(&self, name: &str, messages: Vec<(ExecuteMsg, Vec<Coin>)>) -> Result<u64> {
        let node = &self.people[name];
        let contract = &self.config.contracts.pool;
        let messages: Result<Vec<_>> =
            messages.into_iter().map(|(m, funds)| Execute::new(contract, &m, funds)).collect();
        Ok(node.sign_and_wait(node.execute_messages(&messages?)?).await?.ok()?.height)
    }

    async fn open_accounts(&self) -> Result<()> {
        let lend = [("uusd", 1_000_000 * USD), ("uatom", 100_000 * USD), (IBC, 100_000 * USD), ("aeth", 1_000 * ETH)];
        let mut messages: Vec<_> = lend.iter().map(|(denom, amount)| deposit(0, denom, *amount)).collect();
        messages.push(deposit(0, &self.factory, 100_000 * USD));
        self.pool("user1", messages).await?;
        // Borrowed to between 60 and 69.2 % of ATOM's value; it may go to 75.
        for chunk in (1..=ACCOUNTS).collect::<Vec<_>>().chunks(8) {
            let open = chunk.iter().flat_map(|id| {
                [deposit(*id, "uatom", 100 * USD), borrow(*id, "uusd", (600 + 4 * u128::from(*id % 24)) * USD)]
            });
            self.pool("user2", open.collect()).await?;
        }
        self.pool(
            "user3",
            vec![
                deposit(0, IBC, 1_000 * USD),
                deposit(0, &self.factory, 2_000 * USD),
                borrow(0, "uusd", 1_500 * USD),
                borrow(0, "aeth", ETH / 2),
                deposit(7, "aeth", ETH),
                borrow(7, "uusd", 900 * USD),
            ],
        )
        .await?;
        // Gains when ATOM falls.
        self.pool("user4", vec![deposit(0, "uusd", 10_000 * USD), borrow(0, "uatom", 500 * USD)]).await?;
        eprintln!("e2e: {} accounts are open", ACCOUNTS + 4);
        Ok(())
    }

    /// Both feeders vote; the height is that of the vote that completes the quorum.
    async fn price(&self, denom: &str, price: &str) -> Result<u64> {
        let price = price.parse().map_err(Error::Config)?;
        let vote = OracleMsg::Feed { prices: vec![FeedPrice { denom: denom.to_owned(), price }] };
        let oracle = self.config.contracts.oracle.clone().unwrap_or_default();
        let mut height = 0;
        for name in ["feeder1", "feeder2"] {
            let node = &self.people[name];
            let messages = node.execute_messages(&[Execute::new(&oracle, &vote, Vec::new())?])?;
            height = node.sign_and_wait(messages).await?.ok()?.height;
        }
        eprintln!("e2e: price of {denom} is published in block {height}");
        Ok(height)
    }

    /// Starts the keeper, and waits until it has read its book.
    async fn keeper(&self, number: u32) -> Result<Child> {
        let failed = |error: std::io::Error| Error::DoesNotHold(format!("{}: {error}", self.binary.display()));
        let mut child = Command::new(&self.binary)
            .args(["run", "--live", "--deployment"])
            .arg(&self.deployment)
            .arg("--set")
            .arg(format!("journal.path={}", self.journal().display()))
            .stderr(std::process::Stdio::piped())
            .stdout(std::process::Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let stderr = child.stderr.take().ok_or_else(|| Error::DoesNotHold("the keeper has no stderr".to_owned()))?;
        let mut lines = BufReader::new(stderr).lines();
        let (ready, read) = tokio::sync::oneshot::channel();
        tokio::spawn(async move {
            let mut ready = Some(ready);
            while let Ok(Some(line)) = lines.next_line().await {
                eprintln!("keeper {number}: {line}");
                if line.contains("book is read")
                    && let Some(ready) = ready.take()
                {
                    let _ = ready.send(());
                }
            }
        });
        let started = timeout(Duration::from_secs(30), read).await;
        started
            .ok()
            .and_then(std::result::Result::ok)
            .ok_or_else(|| Error::DoesNotHold("the keeper did not start".to_owned()))?;
        Ok(child)
    }

    /// SIGTERM, and exit code 0.
    async fn stop(&self, keeper: &mut Child) -> Result<()> {
        let pid = keeper.id().unwrap_or_default().to_string();
        let killed = Command::new("kill").args(["-TERM", &pid]).status().await;
        killed.map_err(|error| Error::DoesNotHold(format!("kill: {error}")))?;
        let ended = timeout(Duration::from_secs(40), keeper.wait()).await;
        match ended {
            Ok(Ok(status)) if status.success() => Ok(()),
            other => Err(Error::DoesNotHold(format!("after SIGTERM the keeper ended with {other:?}"))),
        }
    }

    fn journal(&self) -> PathBuf {
        self.work.join("journal.jsonl")
    }

    /// SIGKILL at the moment when the journal's last line is an intent.
    async fn kill_in_flight(&self, keeper: &mut Child) -> Result<u64> {
        loop {
            let text = std::fs::read_to_string(self.journal()).unwrap_or_default();
            if text.lines().last().is_some_and(|line| line.starts_with("{\"intent\"")) {
                break;
            }
            sleep(Duration::from_millis(1)).await;
        }
        keeper.kill().await.map_err(|error| Error::DoesNotHold(format!("kill: {error}")))?;
        eprintln!("e2e: killed the keeper while its transaction was on its way");
        Ok(0)
    }

    /// The hashes that the keeper wrote down before sending.
    fn intents(&self) -> Result<Vec<String>> {
        let text = std::fs::read_to_string(self.journal()).unwrap_or_default();
        let lines = text.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        Ok(lines.filter_map(|line| line["intent"]["hash"].as_str().map(str::to_owned)).collect())
    }

    async fn said(&self, height: u64) -> Result<Vec<ContractEvent>> {
        let events = self.feeder().events(height).await?;
        Ok(events.into_iter().filter(|event| event.contract == self.config.contracts.pool).collect())
    }

    async fn first_liquidation(&self, from: u64) -> Result<u64> {
        for height in from..from + 30 {
            self.feeder().next_block(height - 1).await?;
            if self.said(height).await?.iter().any(|event| event.get("action") == Some("liquidate")) {
                eprintln!("e2e: first liquidation in block {height}");
                return Ok(height);
            }
        }
        Err(Error::DoesNotHold(format!("nothing was liquidated within 30 blocks of {from}")))
    }

    /// Waits until nobody is below 1.
    async fn calm(&self) -> Result<()> {
        for _ in 0..240 {
            let question = QueryMsg::Liquidatable { start_after: None, limit: Some(500) };
            let left: LiquidatableResponse = query(self.feeder(), &self.config.contracts.pool, &question, None).await?;
            if left.accounts.is_empty() {
                return Ok(());
            }
            sleep(Duration::from_millis(250)).await;
        }
        Err(Error::DoesNotHold("accounts stayed below 1 for a minute".to_owned()))
    }

    async fn liquidations(&self, from: u64, to: u64) -> Result<Vec<AccountKey>> {
        let mut done = Vec::new();
        for height in from..=to {
            let said = self.said(height).await?;
            let liquidations = said.iter().filter(|event| event.get("action") == Some("liquidate"));
            let names = liquidations.filter_map(|event| event.get("account"));
            done.extend(names.filter_map(plimsoll_keeper::book::touched::account_key));
        }
        Ok(done)
    }

    /// Every transaction of the keeper is one that it wrote down, and no account was sent to twice in one price.
    async fn sent_once(&self, from: u64, to: u64) -> Result<()> {
        let intents = self.intents()?;
        let mut included = 0u64;
        for hash in &intents {
            included += u64::from(self.feeder().transaction(hash).await?.is_some());
        }
        let address = self.people["keeper"].sender().unwrap_or_default().to_owned();
        let (_, sequence) = self.feeder().account(&address).await?;
        if intents.iter().collect::<BTreeSet<_>>().len() != intents.len() || sequence != included {
            let reason = format!(
                "{} intents, {included} included, but sequence {sequence} (blocks {from} to {to})",
                intents.len()
            );
            return Err(Error::DoesNotHold(reason));
        }
        eprintln!("e2e: {} intents, {included} included, sequence {sequence}: nothing was sent twice", intents.len());
        Ok(())
    }

    async fn solvent(&self) -> Result<bool> {
        let mut solvent = true;
        for denom in ["uusd", "uatom", IBC, "aeth", &self.factory] {
            let question = QueryMsg::Solvency { denom: denom.to_owned() };
            let market: SolvencyResponse = query(self.feeder(), &self.config.contracts.pool, &question, None).await?;
            solvent &= market.solvent && plimsoll_keeper::demo::summary::balances(&market);
        }
        Ok(solvent)
    }
}

fn deposit(account_id: u32, denom: &str, amount: u128) -> (ExecuteMsg, Vec<Coin>) {
    let message = ExecuteMsg::Deposit { account_id: Some(account_id), on_behalf_of: None };
    (message, vec![Coin { denom: denom.to_owned(), amount }])
}

fn borrow(account_id: u32, denom: &str, amount: u128) -> (ExecuteMsg, Vec<Coin>) {
    let (denom, amount) = (denom.to_owned(), Amount::new(amount));
    (ExecuteMsg::Borrow { denom, amount, recipient: None, account_id: Some(account_id) }, Vec::new())
}
