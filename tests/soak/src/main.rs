//! `soak`: users, prices and faults around a keeper on a local node. `scripts/soak.sh` and `scripts/latency.sh` start it. Prints one JSON object; exit
//! code 1 when something doesn't hold.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use plimsoll_keeper::error::{Error, Result};
use plimsoll_keeper::keys::Mnemonic;
use plimsoll_soak::drops::drops;
use plimsoll_soak::keeper::Launch;
use plimsoll_soak::soak::{Soak, soak};
use plimsoll_soak::stage::Stage;
use serde_json::Value;

#[derive(Parser, Debug)]
struct Args {
    /// The deployment's record.
    #[arg(long)]
    deployment: String,
    /// The public test keys.
    #[arg(long)]
    keys: PathBuf,
    /// The keeper's binary.
    #[arg(long)]
    keeper: PathBuf,
    /// Where the keeper keeps its files; empty at the start.
    #[arg(long)]
    work: PathBuf,
    /// The process of the node.
    #[arg(long)]
    node: u32,
    /// Seed of all dice.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// For how long, with faults.
    #[arg(long, default_value_t = 1.0)]
    minutes: f64,
    /// In place of that, without faults: so many falls of a price, each timed.
    #[arg(long)]
    drops: Option<u32>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Args::parse()).await {
        Ok(report) => {
            let told = writeln!(std::io::stdout(), "{report}");
            if told.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            // Nobody may read that either.
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> Result<Value> {
    let stage = Stage::read(&args.deployment, &args.keys)?;
    std::fs::create_dir_all(&args.work).map_err(|error| Error::file(&args.work, error))?;
    let (journal, book) = (args.work.join("journal.jsonl"), args.work.join("book.redb"));
    // The second key of its words, because the first has everything.
    let words = stage.words("keeper")?.to_owned();
    let deployment = &stage.deployment;
    let address = Mnemonic::parse(&words, "the keeper")?.key(&deployment.prefix, deployment.coin_type, 1)?;
    let address = address.address().to_owned();
    let settings = [
        "--set".to_owned(),
        format!("book.path={}", book.display()),
        "--set".to_owned(),
        "monitor.listen=none".to_owned(),
        "--set".to_owned(),
        format!("journal.path={}", journal.display()),
        "--set".to_owned(),
        "wallet.account=1".to_owned(),
    ];
    let mut arguments = ["run", "--live", "--json", "--deployment", &args.deployment].map(str::to_owned).to_vec();
    arguments.extend(settings);
    let launch = Launch { binary: args.keeper, arguments, mnemonic: words, log: args.work.join("keeper.log") };
    match args.drops {
        Some(count) => drops(&stage, launch, &address, count, args.seed).await,
        None => {
            let (minutes, seed, node) = (args.minutes, args.seed, args.node);
            soak(&stage, Soak { minutes, seed, node, launch, keeper: address, journal, book }).await
        }
    }
}
