//! The keeper as a process.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use plimsoll_keeper::error::{Error, Result};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

/// How long it may take to end in order.
const DRAIN: Duration = Duration::from_secs(60);

/// What it printed: when, and what.
pub type Lines = Arc<Mutex<Vec<(Instant, Value)>>>;

/// How it is started.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The binary.
    pub binary: PathBuf,
    /// `run --live --json` and its settings.
    pub arguments: Vec<String>,
    /// Its words.
    pub mnemonic: String,
    /// Where its log goes.
    pub log: PathBuf,
}

/// A running keeper.
#[derive(Debug)]
pub struct Keeper {
    launch: Launch,
    child: Child,
    lines: Lines,
}

fn failed(what: &str, error: impl std::fmt::Display) -> Error {
    Error::DoesNotHold(format!("the keeper {what}: {error}"))
}

impl Keeper {
    /// Starts it.
    pub fn start(launch: Launch) -> Result<Self> {
        let lines = Lines::default();
        let child = spawn(&launch, lines.clone())?;
        Ok(Self { launch, child, lines })
    }

    /// What all its lives have printed.
    pub fn lines(&self) -> Lines {
        self.lines.clone()
    }

    /// Kills it at once, and starts it again after a pause.
    pub async fn kill(&mut self, pause: Duration) -> Result<()> {
        self.assert_alive()?;
        self.child.kill().await.map_err(|error| failed("can't be killed", error))?;
        sleep(pause).await;
        self.child = spawn(&self.launch, self.lines.clone())?;
        Ok(())
    }

    /// An error when it has ended by itself.
    pub fn assert_alive(&mut self) -> Result<()> {
        match self.child.try_wait().map_err(|error| failed("can't be waited for", error))? {
            None => Ok(()),
            Some(status) => {
                Err(failed("ended by itself", format!("{status}; its log is {}", self.launch.log.display())))
            }
        }
    }

    /// Waits until it has printed a block that was not there at `since`.
    pub async fn ready(&mut self, since: Instant) -> Result<()> {
        let deadline = Instant::now() + DRAIN;
        while Instant::now() < deadline {
            self.assert_alive()?;
            let seen = |lines: &Vec<(Instant, Value)>| {
                lines.iter().rev().any(|(at, line)| *at > since && line["event"] == "block")
            };
            if self.lines.lock().is_ok_and(|lines| seen(&lines)) {
                return Ok(());
            }
            sleep(Duration::from_millis(20)).await;
        }
        Err(failed("is not ready", "no block in a minute"))
    }

    /// Asks it to end, and says how it did.
    pub async fn stop(mut self) -> Result<()> {
        self.assert_alive()?;
        let pid = self.child.id().ok_or_else(|| failed("has no process", "it ended"))?;
        signal("TERM", pid).await?;
        let status = timeout(DRAIN, self.child.wait()).await.map_err(|error| failed("doesn't end", error))?;
        let status = status.map_err(|error| failed("can't be waited for", error))?;
        if status.success() { Ok(()) } else { Err(failed("ended badly", status)) }
    }
}

/// Sends a signal to a process.
pub async fn signal(name: &str, pid: u32) -> Result<()> {
    let status = Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status().await;
    match status {
        Ok(status) if status.success() => Ok(()),
        other => Err(Error::DoesNotHold(format!("process {pid} takes no signal {name}: {other:?}"))),
    }
}

fn spawn(launch: &Launch, lines: Lines) -> Result<Child> {
    let log = append(&launch.log)?;
    let mut child = Command::new(&launch.binary)
        .args(&launch.arguments)
        .env("PLIMSOLL_KEEPER_MNEMONIC", &launch.mnemonic)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| failed("can't be started", error))?;
    let Some(stdout) = child.stdout.take() else { return Err(failed("has no stdout", "it can't be read")) };
    tokio::spawn(async move {
        let mut reader = BufReader::new(stdout).lines();
        while let Ok(Some(line)) = reader.next_line().await {
            let value = serde_json::from_str(&line).unwrap_or(Value::String(line));
            if let Ok(mut lines) = lines.lock() {
                lines.push((Instant::now(), value));
            }
        }
    });
    Ok(child)
}

fn append(path: &Path) -> Result<std::fs::File> {
    std::fs::OpenOptions::new().create(true).append(true).open(path).map_err(|error| Error::file(path, error))
}
