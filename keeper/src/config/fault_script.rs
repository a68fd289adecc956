//! What goes wrong, and when: a script that can be read, and that goes the same way each time.
//!
//! `seed=7; broadcast #1 lose; events 5% fail; any #40 crash` — a seed for what goes by chance, then rules of three words: which call,
//! which of them, what happens. The first rule that applies is taken. `rate=2%` stands for all faults that pass, each
//! as often as the others, at so many of a hundred calls.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A call of [`crate::chain::Chain`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    /// The latest block is asked for.
    Head,
    /// A block is told by the subscription.
    Heads,
    /// A contract is asked.
    Smart,
    /// A record is read.
    Raw,
    /// Whether an address is a contract.
    Contract,
    /// Balances are read.
    Balances,
    /// A block's events are read.
    Events,
    /// A subscription begins.
    Subscribe,
    /// Messages are simulated.
    Simulate,
    /// A transaction is signed.
    Sign,
    /// The key's sequence is read.
    Sequence,
    /// A transaction is sent.
    Broadcast,
    /// A transaction is looked up.
    Outcome,
}

const CALLS: [(&str, Call); 13] = [
    ("head", Call::Head),
    ("heads", Call::Heads),
    ("smart", Call::Smart),
    ("raw", Call::Raw),
    ("contract", Call::Contract),
    ("balances", Call::Balances),
    ("events", Call::Events),
    ("subscribe", Call::Subscribe),
    ("simulate", Call::Simulate),
    ("sign", Call::Sign),
    ("sequence", Call::Sequence),
    ("broadcast", Call::Broadcast),
    ("outcome", Call::Outcome),
];

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = CALLS.iter().find(|(_, call)| call == self).map_or("", |(name, _)| name);
        f.write_str(name)
    }
}

/// Which of the calls. They are counted from 1, each kind for itself; `any` counts all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// `always`.
    Always,
    /// `#3..5`, both included; `#3` is the third alone.
    Between(u64, u64),
    /// `5%`: by chance, in millionths.
    Chance(u32),
}

/// What happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// `fail`: nobody answers, and nothing is done. A head isn't told.
    Fail,
    /// `lose`: it is done, and the answer is lost.
    Lose,
    /// `refuse`: the node says no.
    Refuse,
    /// `refuse 20`: the node refuses a transaction with this code of the Cosmos SDK.
    Reject(u32),
    /// `delay 300ms`: it is done later.
    Delay(Duration),
    /// `hang`: it never answers.
    Hang,
    /// `garbage`: an answer that can't be.
    Garbage,
    /// `stale 3`: a head of so many blocks ago, or nothing of what came in them; a sequence before so many transactions.
    Stale(u64),
    /// `chain other-1`: a head of that chain.
    Chain(String),
    /// `swallow`: the node says that it has taken a transaction, and hasn't; or that no block has one, as if its index had lost it; or a block's
    /// events are none.
    Swallow,
    /// `sequence`: the node refuses a transaction for its sequence.
    Sequence,
    /// `gas 60%`: a transaction is signed with so much of the gas that was asked for.
    Gas(u32),
    /// `crash`: the keeper dies before the call.
    Crash,
    /// `crash-after`: it dies when the call is done.
    CrashAfter,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Which kind of call; `None` is any.
    pub call: Option<Call>,
    /// Which of them.
    pub when: When,
    /// What happens.
    pub fault: Fault,
}

/// What goes wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// Where chance begins.
    pub seed: u64,
    /// The first that applies is taken.
    pub rules: Vec<Rule>,
}

/// What `rate` stands for.
const PASSING: [(Option<Call>, Fault); 12] = [
    (None, Fault::Fail),
    (None, Fault::Lose),
    (None, Fault::Delay(Duration::from_millis(40))),
    (Some(Call::Smart), Fault::Garbage),
    (Some(Call::Raw), Fault::Refuse),
    (Some(Call::Events), Fault::Garbage),
    (Some(Call::Outcome), Fault::Garbage),
    (Some(Call::Head), Fault::Stale(2)),
    (Some(Call::Heads), Fault::Stale(2)),
    (Some(Call::Broadcast), Fault::Swallow),
    (Some(Call::Broadcast), Fault::Sequence),
    (Some(Call::Sign), Fault::Gas(60)),
];

impl FromStr for Script {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut script = Self::default();
        for part in text.split([';', '\n', ',']).map(str::trim).filter(|part| !part.is_empty()) {
            match part.split_once('=').map(|(name, value)| (name.trim(), value.trim())) {
                Some(("seed", seed)) => {
                    script.seed = seed.parse().map_err(|_| format!("seed={seed}: it must be a number"))?;
                }
                Some(("rate", rate)) => {
                    let chance = chance(rate).ok_or_else(|| format!("rate={rate}: it must be a share such as 2%"))?;
                    let each = chance / u32::try_from(PASSING.len()).unwrap_or(1);
                    let rule = |(call, fault): (_, Fault)| Rule { call, when: When::Chance(each), fault };
                    script.rules.extend(PASSING.into_iter().map(rule));
                }
                Some((name, _)) => return Err(format!("'{name}' is neither seed nor rate")),
                None => script.rules.push(part.parse()?),
            }
        }
        Ok(script)
    }
}

impl FromStr for Rule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = |what: &str| format!("'{text}' is no rule: {what}; write it as in 'broadcast #1 lose'");
        let mut words = text.split_whitespace();
        let (Some(call), Some(when), Some(fault)) = (words.next(), words.next(), words.next()) else {
            return Err(bad("it wants a call, which of them, and a fault"));
        };
        let call = match CALLS.iter().find(|(name, _)| *name == call) {
            Some((_, call)) => Some(*call),
            None if call == "any" => None,
            None => return Err(bad("there is no such call")),
        };
        let when = when_of(when).ok_or_else(|| bad("which is one of always, #3, #3..5 and 5%"))?;
        let fault = fault_of(fault, words.next()).ok_or_else(|| bad("there is no such fault"))?;
        Ok(Self { call, when, fault })
    }
}

/// In millionths.
fn chance(text: &str) -> Option<u32> {
    let (number, unit) = match text.strip_suffix('%') {
        Some(number) => (number, 10_000),
        None => (text, 1_000_000),
    };
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let digits: u32 = if part.is_empty() { 0 } else { part.parse().ok()? };
    let scale = 10u32.checked_pow(u32::try_from(part.len()).ok()?)?;
    let whole = whole.parse::<u32>().ok()?.checked_mul(unit)?;
    whole.checked_add(digits.checked_mul(unit)?.checked_div(scale)?).filter(|chance| *chance <= 1_000_000)
}

fn when_of(text: &str) -> Option<When> {
    if text == "always" {
        return Some(When::Always);
    }
    let Some(number) = text.strip_prefix('#') else { return chance(text).map(When::Chance) };
    let (from, to) = number.split_once("..").unwrap_or((number, number));
    let to = if to.is_empty() { u64::MAX } else { to.parse().ok()? };
    Some(When::Between(from.parse().ok()?, to))
}

fn fault_of(name: &str, value: Option<&str>) -> Option<Fault> {
    Some(match (name, value) {
        ("fail", None) => Fault::Fail,
        ("lose", None) => Fault::Lose,
        ("refuse", None) => Fault::Refuse,
        ("refuse", Some(code)) => Fault::Reject(code.parse().ok()?),
        ("hang", None) => Fault::Hang,
        ("garbage", None) => Fault::Garbage,
        ("swallow", None) => Fault::Swallow,
        ("sequence", None) => Fault::Sequence,
        ("crash", None) => Fault::Crash,
        ("crash-after", None) => Fault::CrashAfter,
        ("chain", Some(id)) => Fault::Chain(id.to_owned()),
        ("stale", Some(blocks)) => Fault::Stale(blocks.parse().ok()?),
        ("gas", Some(share)) => Fault::Gas(share.strip_suffix('%')?.parse().ok()?),
        ("delay", Some(time)) => Fault::Delay(match time.strip_suffix("ms") {
            Some(millis) => Duration::from_millis(millis.parse().ok()?),
            None => Duration::from_secs(time.strip_suffix('s')?.parse().ok()?),
        }),
        _ => return None,
    })
}
