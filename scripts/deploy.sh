#!/usr/bin/env bash
# Puts the contracts on a chain: stores, instantiates, names price sources, lists assets. Runs again without harm.
#
#   scripts/deploy.sh NETWORK [keeper's deploy flags…]
#
# NETWORK is a network file, or the name of one in scripts/networks. The deployer's mnemonic is in PLIMSOLL_MNEMONIC, or in a file named
# with --mnemonic-file. The network `local` uses the public test keys of scripts/localnet/keys.toml, and PLIMSOLL_CHAIN_ID, PLIMSOLL_GRPC_PORT and
# PLIMSOLL_RPC_PORT where they are set, as localnet.sh does.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
[[ $# -gt 0 ]] || die "usage: ${0##*/} NETWORK [--out FILE] [--mnemonic-file FILE] [--grpc URL] [--rpc URL] [--json]"
network=$1
shift
[[ -f $network ]] || network=$repo_root/scripts/networks/${network%.toml}.toml
[[ -f $network ]] || die "there is no network file $network; copy scripts/networks/testnet.toml"
network=$(cd "$(dirname "$network")" && pwd -P)/${network##*/}
cd "$repo_root"

test_key() { sed -nE "s/^$1 = \"([a-z ]+)\".*/\1/p" scripts/localnet/keys.toml; }
if [[ $network == */scripts/networks/local.toml ]]; then
	[[ " $* " == *" --mnemonic-file "* ]] || export PLIMSOLL_MNEMONIC=${PLIMSOLL_MNEMONIC:-$(test_key owner)}
	: "${PLIMSOLL_FEEDER1_MNEMONIC:=$(test_key feeder1)}" "${PLIMSOLL_FEEDER2_MNEMONIC:=$(test_key feeder2)}"
	export PLIMSOLL_FEEDER1_MNEMONIC PLIMSOLL_FEEDER2_MNEMONIC
	# The node that localnet.sh starts with the same variables.
	[[ ! ${PLIMSOLL_GRPC_PORT:-} || " $* " == *" --grpc "* ]] || set -- "$@" --grpc "http://127.0.0.1:$PLIMSOLL_GRPC_PORT"
	[[ ! ${PLIMSOLL_RPC_PORT:-} || " $* " == *" --rpc "* ]] || set -- "$@" --rpc "http://127.0.0.1:$PLIMSOLL_RPC_PORT"
	if [[ ${PLIMSOLL_CHAIN_ID:-plimsoll-local-1} != plimsoll-local-1 ]]; then
		named=$repo_root/target/localnet/network-$PLIMSOLL_CHAIN_ID.toml
		mkdir -p "${named%/*}"
		sed "s|^id = .*|id = \"$PLIMSOLL_CHAIN_ID\"|" "$network" >"$named"
		network=$named
	fi
fi
need_wasm
build_keeper
exec "$keeper" deploy "$network" "$@"
