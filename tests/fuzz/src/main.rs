//! `fuzz --ops N --seed S [--threads T] [--json] [--no-shrink] [--refusals]`: plays random histories, says what came of it on stdout, and how far it
//! is on stderr. Exit code 1 for a violation or a share below its bound, 2 for a wrong call.

use std::io::Write;
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use plimsoll_fuzz::campaign::{Campaign, Report};
use plimsoll_fuzz::tally::share;
use plimsoll_fuzz::write;

const USAGE: &str = "usage: fuzz [--ops N] [--seed S] [--threads T] [--json] [--no-shrink] [--refusals]";
/// At least this part of all operations succeeds.
const SUCCESS: f64 = 0.5;
/// Each message makes at least this part of all operations, as soon as a whole history was played.
const MESSAGE: f64 = 0.01;

/// From so many operations on each message succeeds, but for those that others send for their sender.
const PROVES: u64 = 20_000;
const ALONE: [&str; 6] = [
    "pool.repay_flash_loan",
    "pool.repay_batch",
    "pool.finish_batch",
    "liquidator.batch_callback",
    "timelock.update_delay",
    "timelock.update_roles",
];
/// What the timelock alone may ask of itself succeeds when it is applied from the queue.
const APPLIED: &str = "update_delay";

struct Args {
    campaign: Campaign,
    json: bool,
    refusals: bool,
}

fn args() -> Result<Args, String> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let campaign = Campaign { ops: 5_000, seed: 1, threads, shrinks: true };
    let mut args = Args { campaign, json: false, refusals: false };
    let mut given = std::env::args().skip(1);
    while let Some(name) = given.next() {
        let mut number = || {
            let value = given.next().ok_or_else(|| format!("{name} wants a number"))?;
            value.parse::<u64>().map_err(|_| format!("{name}: '{value}' is no number"))
        };
        match name.as_str() {
            "--ops" => args.campaign.ops = number()?.max(1),
            "--seed" => args.campaign.seed = number()?,
            "--threads" => args.campaign.threads = usize::try_from(number()?).unwrap_or(1).max(1),
            "--json" => args.json = true,
            "--no-shrink" => args.campaign.shrinks = false,
            "--refusals" => args.refusals = true,
            _ => return Err(format!("no such option: {name}")),
        }
    }
    Ok(args)
}

fn main() -> ExitCode {
    let args = match args() {
        Ok(args) => args,
        Err(error) => {
            say(&mut std::io::stderr(), &format!("error: {error}\n{USAGE}"));
            return ExitCode::from(2);
        }
    };
    // A violation is a panic that is caught; its text comes with the report.
    std::panic::set_hook(Box::new(|_| {}));
    let (started, told) = (Instant::now(), Mutex::new(Instant::now()));
    let report = args.campaign.run(|played| {
        let Ok(mut told) = told.lock() else { return };
        if told.elapsed() > Duration::from_secs(10) {
            *told = Instant::now();
            let rate = played as f64 / started.elapsed().as_secs_f64();
            say(&mut std::io::stderr(), &format!("{played} of {} operations, {rate:.0} a second", args.campaign.ops));
        }
    });
    let bounds = bounds(&report);
    let out = &mut std::io::stdout();
    if args.json {
        as_json(out, &args.campaign, &report, &bounds)
    } else {
        as_text(out, &args, &report, &bounds)
    }
    ExitCode::from(u8::from(!report.failures.is_empty() || !bounds.is_empty()))
}

fn say(to: &mut impl Write, text: &str) {
    // Nobody listens: nothing to be done.
    let _ = writeln!(to, "{text}");
}

/// Which shares are below their bounds. A history cut short by a violation says nothing about shares.
fn bounds(report: &Report) -> Vec<String> {
    let (all, rarest) = (report.tally.all(), report.tally.rarest());
    if !report.failures.is_empty() || all.tried < plimsoll_fuzz::campaign::LENGTH as u64 {
        return vec![];
    }
    let done = share(all.done, all.tried);
    let mut below = vec![];
    if done < SUCCESS {
        below.push(format!(
            "only {:.1} % of the operations succeeded, at least {:.0} % must",
            done * 100.0,
            SUCCESS * 100.0
        ));
    }
    if let Some((name, part)) = rarest.filter(|(_, part)| *part < MESSAGE) {
        below.push(format!(
            "only {:.2} % of the operations are {name}, at least {:.0} % must be",
            part * 100.0,
            MESSAGE * 100.0
        ));
    }
    for (name, count) in &report.tally.messages {
        if all.tried >= PROVES && count.done == 0 && !ALONE.contains(name) {
            below.push(format!("{name} never succeeded"));
        }
    }
    if all.tried >= PROVES && !report.tally.actions.contains_key(APPLIED) {
        below.push(format!("{APPLIED} never succeeded"));
    }
    below
}

fn as_text(out: &mut impl Write, args: &Args, report: &Report, bounds: &[String]) {
    let (tally, all) = (&report.tally, report.tally.all());
    for (name, count) in &tally.messages {
        let (part, done) = (share(count.tried, all.tried), share(count.done, count.tried));
        say(
            out,
            &format!(
                "{name:40} {:9} {:6.2} %   succeeded {:9} {:6.1} %",
                count.tried,
                part * 100.0,
                count.done,
                done * 100.0
            ),
        );
    }
    if args.refusals {
        for ((name, words), count) in &tally.refusals {
            say(out, &format!("refused {count:7} {name}: {words}"));
        }
        for (action, count) in &tally.actions {
            say(out, &format!("action {count:7} {action}"));
        }
    }
    let (middle, seconds) = (tally.middle, report.took.as_secs_f64());
    say(
        out,
        &format!(
            "in the middle of flash loans and callbacks: {} messages of {} kinds, {:.1} % succeeded",
            middle.tried,
            tally.middles.len(),
            share(middle.done, middle.tried) * 100.0
        ),
    );
    violations(out, args, report);
    let rarest = tally.rarest().map_or(String::new(), |(name, part)| format!(", rarest {name} {:.2} %", part * 100.0));
    let done = share(all.done, all.tried) * 100.0;
    let rate = all.tried as f64 / seconds;
    say(
        out,
        &format!(
            "{} operations, seed {}, {rate:.0} a second; {done:.1} % succeeded{rarest}; {} violations",
            all.tried,
            args.campaign.seed,
            report.failures.len()
        ),
    );
    for text in bounds {
        say(out, &format!("BELOW ITS BOUND: {text}"));
    }
}

/// Each violation, and the test that plays it again.
fn violations(out: &mut impl Write, args: &Args, report: &Report) {
    for failure in &report.failures {
        let what = &failure.violation.what;
        say(out, &format!("\nVIOLATION in history {} of seed {}: {what}\n", failure.number, args.campaign.seed));
        say(out, &format!("#[test]\nfn history_{}_of_seed_{}() {{", failure.number, args.campaign.seed));
        say(
            out,
            &format!(
                "    let played = plimsoll_fuzz::replay(\n        r#\"\n{}\"#,\n    );\n    assert_eq!(played, Ok(()));\n}}\n",
                write(&failure.ops)
            ),
        );
    }
}

fn as_json(out: &mut impl Write, campaign: &Campaign, report: &Report, bounds: &[String]) {
    let (tally, all) = (&report.tally, report.tally.all());
    for (name, count) in &tally.messages {
        let line = serde_json::json!({ "message": name, "tried": count.tried, "succeeded": count.done, "share": share(count.tried, all.tried) });
        say(out, &line.to_string());
    }
    for failure in &report.failures {
        let line = serde_json::json!({
            "violation": failure.violation.what, "history": failure.number, "seed": campaign.seed, "ops": failure.ops,
        });
        say(out, &line.to_string());
    }
    let seconds = report.took.as_secs_f64();
    let line = serde_json::json!({
        "operations": all.tried, "seed": campaign.seed, "seconds": seconds, "per_second": all.tried as f64 / seconds,
        "success_share": share(all.done, all.tried), "least_message_share": tally.rarest().map(|(_, part)| part),
        "least_message": tally.rarest().map(|(name, _)| name), "in_the_middle": tally.middle.tried,
        "violations": report.failures.len(), "below": bounds,
    });
    say(out, &line.to_string());
}
