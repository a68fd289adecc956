#!/usr/bin/env bash
# A keeper among users, prices and faults on a real node: users open accounts close to the limit, prices walk and crash, one of the keeper's two ways to
# the node is cut, silent or slow, the node stands still, the keeper is killed and starts again. Then, without faults, prices fall so many times
# and the time to each liquidation is taken.
#
#   scripts/soak.sh [--minutes N] [--seed S] [--json]     with faults: 1 minute, seed 1
#   scripts/soak.sh --drops N [--seed S] [--json]         without, timed
#
#   PLIMSOLL_SOAK_PORT   the first of three ports of its node: 28057
#   PLIMSOLL_PROFILE     dev or release: which keeper; release
#   --json   one object on stdout
#
# Exits non-zero when a worthwhile account was below health factor 1 for more than three blocks without a fault at work, one is left there, the keeper's
# book is not the chain's, a transaction of its key is not in its journal or came twice, it ends by itself or not in order; with --drops, when
# fewer than 95 of 100 liquidations are in the block after the price's.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$repo_root"
json='' settings=()
while [[ $# -gt 0 ]]; do
	case $1 in
	--json) json=1 ;;
	--minutes | --seed | --drops)
		[[ ${2:-} ]] || die "$1 wants a number"
		settings+=("$1" "$2")
		shift
		;;
	*) die "usage: ${0##*/} [--minutes N | --drops N] [--seed S] [--json]" ;;
	esac
	shift
done
need jq jq

own_node soak plimsoll-local-1 "${PLIMSOLL_SOAK_PORT:-28057}"
source scripts/chain.sh
work=$repo_root/target/localnet/soak
rm -rf "$work"
mkdir -p "$work"
finish() { scripts/localnet.sh down >/dev/null 2>&1 || true; }
trap finish EXIT
scripts/localnet.sh reset >/dev/null
scripts/deploy.sh local --out "$work/deployment.json" --grpc "http://127.0.0.1:$PLIMSOLL_GRPC_PORT" \
	--rpc "http://127.0.0.1:$PLIMSOLL_RPC_PORT"
# With what chain.faults asks for.
build_keeper --features plimsoll-keeper/faults
profile=${PLIMSOLL_PROFILE:-release}
cargo build --locked --quiet --profile "$profile" -p plimsoll-soak >&2
report=$("${keeper%/*}/plimsoll-soak" --deployment "$work/deployment.json" --keys scripts/localnet/keys.toml --keeper "$keeper" \
	--work "$work" --node "$(cat "$PLIMSOLL_HOME/wasmd.pid")" ${settings[@]+"${settings[@]}"}) || die "it doesn't hold; logs are in $work"
if [[ $json ]]; then echo "$report"; else jq . <<<"$report"; fi
