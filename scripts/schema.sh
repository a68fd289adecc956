#!/usr/bin/env bash
# Writes schema/json from the message types; with --check says whether it is stale instead.
#
#   scripts/schema.sh [--check]
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$repo_root"
# With the whole workspace's features, as the tests are built: nothing is compiled twice.
cargo build --quiet --locked --workspace --example generate
"${CARGO_TARGET_DIR:-target}/debug/examples/generate" "$@"
