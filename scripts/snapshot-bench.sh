#!/usr/bin/env bash
# How long it takes to read all borrowers from a node: in bulk pages, as the keeper does; as `AllContractState`, a hundred records a page; and
# with a query an account. All three in one run, at one block, on a local node of its own, from accounts of one owner.
#
#   scripts/snapshot-bench.sh [--borrowers N] [--json]
#
#   --borrowers N   how many; 20000
#   --json          {borrowers, height, bulk, all_state, each, all_state_to_bulk, each_to_bulk, agree} on stdout, where each way is
#                   {seconds, requests, borrowers}; without it the same for people
#   PLIMSOLL_SNAPSHOT_PORT   the first of three ports of its node: 27957
#   PLIMSOLL_PROFILE         dev builds quicker and reads slower
#
# Exits non-zero when bulk pages aren't at least ten times as quick as a query an account, or the three find different numbers of borrowers.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$repo_root"

json=''
borrowers=20000
while (($#)); do
	case $1 in
	--json) json=1 ;;
	--borrowers)
		[[ ${2:-} =~ ^[1-9][0-9]*$ ]] || die "--borrowers wants a number above 0"
		borrowers=$2
		shift
		;;
	*) die "usage: ${0##*/} [--borrowers N] [--json]" ;;
	esac
	shift
done
need jq jq
need curl curl

own_node snapshot plimsoll-local-1 "${PLIMSOLL_SNAPSHOT_PORT:-27957}"
rpc=http://127.0.0.1:$PLIMSOLL_RPC_PORT
deployment=$repo_root/target/localnet/snapshot-deployment.json
rm -f "$deployment"

trap 'scripts/localnet.sh down >/dev/null 2>&1 || true' EXIT
scripts/localnet.sh reset >/dev/null
scripts/deploy.sh local --out "$deployment" --grpc "http://127.0.0.1:$PLIMSOLL_GRPC_PORT" --rpc "$rpc" >/dev/null

# Transactions as large as a block takes. This chain sets no limit, so there is one here, for the sake of its block time.
most=60000000
limit=$(curl -sf "$rpc/consensus_params" | jq -r '.result.consensus_params.block.max_gas')
if ((limit > 0 && limit < most)); then most=$limit; fi

PLIMSOLL_KEEPER_MNEMONIC=$(sed -nE 's/^user1 = "([a-z ]+)".*/\1/p' scripts/localnet/keys.toml)
export PLIMSOLL_KEEPER_MNEMONIC
say "opening $borrowers accounts, then reading them three times"
result=$(cargo bench --locked --quiet --profile "${PLIMSOLL_PROFILE:-release}" -p plimsoll-keeper --bench snapshot -- \
	--deployment "$deployment" --borrowers "$borrowers" --tx-gas "$most")
if [[ $json ]]; then
	printf '%s\n' "$result"
else
	jq -r '"\(.borrowers) borrowers at block \(.height)",
		(["bulk", "all_state", "each"][] as $way | "\($way)\t\(.[$way].seconds) s\t\(.[$way].requests) requests"),
		"bulk is \(.each_to_bulk) times as quick as a query an account, \(.all_state_to_bulk) times as quick as all_state"' <<<"$result"
fi
jq -e '.agree and .each_to_bulk >= 10' <<<"$result" >/dev/null || die "bulk pages aren't ten times as quick as a query an account"
