#!/usr/bin/env bash
# Random histories over every message of every contract; each step is judged. Ends with 1 when a law is broken or a share is below its bound.
#
#   scripts/fuzz.sh [--ops N] [--seed S] [--threads T] [--json] [--no-shrink] [--refusals]
#
# 5,000 operations of seed 1 unless told otherwise, on as many threads as there are cores. The same seed tells the same history. With --json one
# object a line on stdout; progress goes to stderr. PLIMSOLL_PROFILE=dev takes what the tests have built already, and is slower.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
command -v cargo >/dev/null || die "cargo is missing; install Rust from https://rustup.rs"

profile=${PLIMSOLL_PROFILE:-fuzz}
select=(-p plimsoll-fuzz)
# With the whole workspace's features, as the tests are built: nothing is compiled twice.
[[ $profile != dev ]] || select=(--workspace --bin plimsoll-fuzz)
cargo build --locked --quiet --manifest-path "$repo_root/Cargo.toml" --profile "$profile" "${select[@]}" >&2
# Refusals carry no backtraces.
export RUST_BACKTRACE=0
exec "${CARGO_TARGET_DIR:-$repo_root/target}/${profile/#dev/debug}/plimsoll-fuzz" "$@"
