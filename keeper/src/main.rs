//! The keeper's command line.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use plimsoll_keeper::cli::Cli;

#[tokio::main]
async fn main() -> ExitCode {
    match plimsoll_keeper::dispatch::run(Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody may read that either.
            let text = error.to_string().replace('\n', " ");
            let _ = writeln!(std::io::stderr(), "error: {text}; see {}", error.runbook());
            ExitCode::from(error.exit_code())
        }
    }
}
