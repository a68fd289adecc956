#!/usr/bin/env bash
# The long forms of what scripts/test.sh runs, and what it leaves out; before a release. Several hours on two cores.
#
#   scripts/full.sh [step…]     all steps, or only those named: wasm fuzz faults soak cascade margin gas prometheus binary
#
#   wasm        what is deployed, with cosmwasm-check: as on the newest chains, and on each older one
#   fuzz        a million operations
#   faults      every fault of tests/faults
#   soak        ten minutes with faults
#   cascade     a thousand accounts at one price
#   margin      a leveraged position on a real node, opened, adjusted and closed as quoted
#   gas         on both versions of wasmd
#   prometheus  a real Prometheus scrapes a keeper, and evaluates the alerts
#   binary      the operator's, without chain in memory and fault injection, and what a demo compiles
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$repo_root"

wasm() { scripts/wasm.sh; }
fuzz() { scripts/fuzz.sh --ops 1000000 --seed 7; }
faults() { scripts/faults.sh; }
soak() { scripts/soak.sh --minutes 10; }
cascade() { scripts/e2e.sh --accounts 1000; }
margin() { PLIMSOLL_PROFILE=dev scripts/e2e.sh --margin; }
gas() { scripts/gas.sh --check && scripts/gas.sh --wasmd 0.53.4 --check; }
prometheus() { PLIMSOLL_PROFILE=dev scripts/scrape.sh; }
binary() { scripts/binary.sh; }

run_steps 'wasm fuzz faults soak cascade margin gas prometheus binary' "$@"
