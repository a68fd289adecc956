#!/usr/bin/env bash
# How long it takes to judge a whole book anew: in plain 256-bit maths, and as the keeper does it, with a filter in front.
#
#   scripts/bench.sh [--accounts N] [--json]
#
# 1,000,000 accounts unless told otherwise, two collaterals and two debts each, 1 % of them below health factor 1 and then 50 %, one in a
# thousand within 10^-9 of 1; the median of 7 runs of each. Ends with 1 when the two differ about any account, when the columns take more
# than 200 bytes an account, or (from 200,000 accounts on) when the ratio is below 12. With --json one object a line on stdout.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
command -v cargo >/dev/null || die "cargo is missing; install Rust from https://rustup.rs"

exec cargo bench --locked --quiet --manifest-path "$repo_root/Cargo.toml" -p plimsoll-keeper --bench scan -- "$@"
