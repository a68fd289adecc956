#!/usr/bin/env bash
# Writes schema/json from the message types; with --check says whether it is stale instead.
#
#   scripts/schema.sh [--check]
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$repo_root"
cargo run --quiet --locked -p plimsoll-schema --example generate -- "$@"
