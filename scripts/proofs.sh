#!/usr/bin/env bash
# Proves the lemmas of contracts/risk/proofs/README.md with z3, has z3 refute a mutation of each, and holds their formulas
# against the Rust functions on random points. Ends with 1 when one doesn't hold, or z3 doesn't decide it in time.
#
#   scripts/proofs.sh [--json] [--seconds S] [--points N] [--seed X]
#
#   --json      one object a line on stdout: kind, name, outcome, holds, and its facts; progress goes to stderr
#   --seconds   the most time for a lemma, 60 unless told otherwise
#   --points    random points a formula, 10,000 unless told otherwise
#   --seed      of these points, 1 unless told otherwise; the same seed draws the same points
#
# z3 comes from PyPI, in the version that contracts/risk/proofs/requirements.txt pins, into target/proofs.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$repo_root"
command -v cargo >/dev/null || die "cargo is missing; install Rust from https://rustup.rs"
need python3 python3
use_z3
# With the whole workspace's features, as the tests are built: nothing is compiled twice.
cargo build --locked --quiet --workspace --example evaluate >&2
PYTHONDONTWRITEBYTECODE=1 exec "$z3_python" contracts/risk/proofs/run.py \
	--evaluator "${CARGO_TARGET_DIR:-$repo_root/target}/debug/examples/evaluate" "$@"
