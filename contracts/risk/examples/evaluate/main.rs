//! Evaluates the crate's formulas on points that `proofs/evaluate.py` draws.
//!
//! Reads one JSON object a line, `{"formula": "bonus", "inputs": {"sale_cost": "10000000000000000", …}}`, and writes one
//! for each: `{"result": ["60000000000000000"]}`, or `{"refused": "the error"}` where the crate refuses. Numbers are
//! strings of the raw integer: base units, or 18 decimals.

mod account;
mod inputs;
mod ledger;
mod points;

use std::io::{self, BufRead, Write};

use serde_json::{Value as Json, json};

use crate::inputs::{Fault, Inputs};

fn answer(line: &str) -> Result<Json, String> {
    let point: Json = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let formula = point.get("formula").and_then(Json::as_str).ok_or("no formula")?;
    let inputs = Inputs(point.get("inputs").unwrap_or(&Json::Null));
    let evaluated = account::evaluate(formula, &inputs).or_else(|| ledger::evaluate(formula, &inputs));
    match evaluated.ok_or_else(|| format!("no formula '{formula}'"))? {
        Ok(result) => Ok(json!({ "result": result })),
        Err(Fault::Refused(error)) => Ok(json!({ "refused": error })),
        Err(Fault::Point(fault)) => Err(format!("{formula}: {fault}")),
    }
}

fn main() -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for line in io::stdin().lock().lines() {
        writeln!(out, "{}", answer(&line?).map_err(io::Error::other)?)?;
    }
    out.flush()
}
