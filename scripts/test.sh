#!/usr/bin/env bash
# Everything that must hold before a change lands. CI runs this and nothing else.
#
#   scripts/test.sh [step…]     all steps, or only those named: format docs alerts lint native proofs fuzz schema wasm gas e2e
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$repo_root"
command -v cargo >/dev/null || die "cargo is missing; install Rust from https://rustup.rs"

format() { cargo fmt --all --check; }
docs() { need python3 python3 && scripts/docs.sh --selftest && scripts/docs.sh; }
alerts() { scripts/alerts.sh; }
lint() { cargo clippy --workspace --all-targets --locked -- -D warnings; }
native() { cargo test --workspace --locked; }
proofs() { scripts/proofs.sh; }
fuzz() { PLIMSOLL_PROFILE=dev scripts/fuzz.sh --ops 5000 --seed 1; }
schema() { scripts/schema.sh --check; }
# The node of gas and e2e stores the same files; cosmwasm-check is asked in scripts/full.sh.
wasm() { scripts/wasm.sh --no-check; }
gas() { scripts/gas.sh --check; }
e2e() { PLIMSOLL_PROFILE=dev scripts/e2e.sh; }

run_steps 'format docs alerts lint native proofs fuzz schema wasm gas e2e' "$@"
