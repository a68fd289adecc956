"""Proves every lemma, refutes every mutation, and holds the formulas against Rust. scripts/proofs.sh says how."""

import argparse
import importlib
import json
import sys
import time
from pathlib import Path

import evaluate
import prover

# A letter each, as README.md names them.
FAMILIES = {
    "a": "liquidation_size",
    "b": "no_split",
    "c": "ratios",
    "d": "prices",
    "e": "shares",
    "f": "accrual",
    "g": "outflow",
}


class Report:
    """Lines of text or of JSON on stdout, and whether everything holds."""

    def __init__(self, as_json):
        self.as_json, self.failed = as_json, []

    def add(self, kind, name, outcome, holds, **facts):
        if not holds:
            self.failed.append(name)
        if self.as_json:
            line = json.dumps({"kind": kind, "name": name, "outcome": outcome, "holds": holds, **facts})
        else:
            told = ", ".join(f"{key} {shown(value)}" for key, value in facts.items() if value is not None)
            line = f"{outcome:>8}  {name}: {told}"
        print(line, flush=True)


def shown(value):
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {number}" for key, number in value.items()) + "}"
    return value


def progress(text):
    print(text, file=sys.stderr, flush=True)


def lemmas():
    for letter, module in FAMILIES.items():
        for number, lemma in enumerate(importlib.import_module(module).LEMMAS, 1):
            yield f"{letter}{number}", lemma


def tables():
    """The rows of README.md that the code decides: lemmas and formulas."""
    for number, lemma in lemmas():
        used = ", ".join(f"`{name}`" for name in lemma.formulas())
        yield f"| {number} | {lemma.says} | {lemma.assumes} | {used} | {lemma.mutation} |"
    for formula in evaluate.FORMULAS:
        parts = ", ".join(f"`{name}`" for name in formula.parts)
        yield f"| `{formula.name}` | `{formula.rust}` | {parts} |"


def main():
    parser = argparse.ArgumentParser(prog="scripts/proofs.sh")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seconds", type=float, default=60, help="the most time for a lemma")
    parser.add_argument("--points", type=int, default=10_000, help="random points a formula")
    parser.add_argument("--seed", type=int, default=1, help="of these points")
    parser.add_argument("--evaluator", help="the example `evaluate` of plimsoll-risk")
    parser.add_argument("--tables", action="store_true", help="print the rows of README.md and end")
    asked = parser.parse_args()
    if asked.tables:
        print("\n".join(tables()))
        return
    report = Report(asked.json)
    started = time.monotonic()

    progress("proving the lemmas")
    for number, lemma in lemmas():
        outcome, seconds, counterexample = prover.prove(lemma, asked.seconds)
        facts = {"says": lemma.says, "seconds": round(seconds, 2), "counterexample": counterexample}
        report.add("lemma", f"{number} {lemma.name}", outcome, outcome == "proved", **facts)
    progress("refuting the mutations")
    for number, lemma in lemmas():
        outcome, seconds, counterexample = prover.refute(lemma, asked.seconds)
        facts = {"mutation": lemma.mutation, "seconds": round(seconds, 2), "counterexample": counterexample}
        report.add("mutation", f"{number} {lemma.name}", outcome, outcome == "refuted", **facts)
    progress(f"comparing the formulas with Rust on {asked.points} points each, seed {asked.seed}")
    for formula in evaluate.FORMULAS:
        compared = evaluate.compare(formula, asked.evaluator, asked.points, asked.seed)
        outcome = "equal" if compared.difference is None else "differs"
        facts = {"rust": formula.rust, "points": compared.points, "refused": compared.refused, "seed": asked.seed}
        facts |= {"largest_difference": compared.largest, "difference": compared.difference}
        report.add("formula", formula.name, outcome, compared.difference is None, **facts)
    documented = Path(__file__).with_name("README.md").read_text(encoding="utf-8").splitlines()
    missing = [row for row in tables() if row not in documented]
    report.add("document", "README.md", "stale" if missing else "current", not missing, missing=missing or None)
    if report.failed:
        progress(f"{len(report.failed)} don't hold: {', '.join(report.failed)}")
        sys.exit(1)
    progress(f"all hold, in {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
