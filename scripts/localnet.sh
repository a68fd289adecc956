#!/usr/bin/env bash
# A chain of one node on this machine: wasmd, half-second blocks, funded test accounts.
#
#   scripts/localnet.sh up|down|reset|status [--json]
#
#   PLIMSOLL_HOME       the node's home                 .localnet in the repository
#   PLIMSOLL_CHAIN_ID   its chain id                    plimsoll-local-1
#   PLIMSOLL_RPC_PORT   CometBFT's RPC and websocket    26757
#   PLIMSOLL_GRPC_PORT  gRPC                            9190
#   PLIMSOLL_P2P_PORT   peers (there are none)          26756
#   PLIMSOLL_WASMD      0.70.3, or 0.53.4               0.70.3
#                       (wasmvm 2, as on many public chains)
#   PLIMSOLL_BLOCK_GAS  the most gas of a block         -1, which is no limit; a new genesis has it
#
# Two nodes can run side by side when home and ports differ. `status` and `down` want the same variables as `up` had.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

home=${PLIMSOLL_HOME:-$repo_root/.localnet}
[[ $home == /* ]] || home=$PWD/$home
home=${home%/}
chain_id=${PLIMSOLL_CHAIN_ID:-plimsoll-local-1}
rpc_port=${PLIMSOLL_RPC_PORT:-26757}
grpc_port=${PLIMSOLL_GRPC_PORT:-9190}
p2p_port=${PLIMSOLL_P2P_PORT:-26756}
rpc=http://127.0.0.1:$rpc_port

use_wasmd
keys=$repo_root/scripts/localnet/keys.toml
block_gas=${PLIMSOLL_BLOCK_GAS:--1}
[[ $block_gas =~ ^(-1|[1-9][0-9]*)$ ]] || die "PLIMSOLL_BLOCK_GAS is $block_gas; it is a number above 0, or -1 for no limit"
pid_file=$home/wasmd.pid
log=$home/wasmd.log
# `reset` deletes only a home that bears this file: PLIMSOLL_HOME could be set to anything. The file holds the version of
# wasmd that made the home.
marker=.plimsoll-localnet

# ---- the binary ---------------------------------------------------------------------------------------------------------

# Built from the pinned module, and again when the pins change or the binary doesn't start (it loads libwasmvm from Go's
# module cache, which may have been cleaned since).
build_wasmd() {
	local stamp
	stamp=$(cat "$wasmd_pins/go.mod" "$wasmd_pins/go.sum" | sha256)
	if [[ -x $wasmd && $stamp == "$(cat "$wasmd.stamp" 2>/dev/null)" ]] && "$wasmd" version >/dev/null 2>&1; then return; fi

	need go golang-go
	need gcc gcc
	# From 1.21 on, Go fetches the toolchain that go.mod asks for by itself; Debian's may be older.
	[[ $(go env GOVERSION) =~ ^go1\.(2[1-9]|[3-9][0-9]) ]] ||
		die "$(go env GOVERSION) is too old to build wasmd; install Go 1.25 or later from https://go.dev/dl"
	say "building wasmd $wasmd_version (about five minutes the first time)"
	mkdir -p "${wasmd%/*}"
	# These flags win over whatever GOFLAGS says. `-s -w` leaves debug data out.
	(cd "$wasmd_pins" && go build -mod=readonly -buildvcs=false -trimpath -ldflags '-s -w' -o "$wasmd" \
		github.com/CosmWasm/wasmd/cmd/wasmd) >&2
	printf '%s\n' "$stamp" >"$wasmd.stamp"
}

# ---- genesis ------------------------------------------------------------------------------------------------------------

# Every account of keys.toml gets these. `aeth` has 18 decimals, all others 6. The uatom voucher's 68 characters are there
# because real denoms are as long, and storage keys and gas feel it. So are two more, which stand for OSMO and USDC, and a
# token factory's denom (a plain one here: wasmd has no such module). $1 is the owner's address.
genesis_coins() {
	jq -nc --arg owner "$1" '[
		["aeth",   "1000000000000000000000000000"],
		["factory/\($owner)/uplim", "1000000000000000"],
		["ibc/27394FB092D2ECCD56123C74F36E4C1F926001CEADA9CA97EA622B25F41E5EB2", "1000000000000000"],
		["ibc/498A0751C798A0D9A389AA3691123DADA57DAA4FE165D5C75894505B876BA6E4", "1000000000000000"],
		["ibc/ED07A3391A112B175915CD8FAF43A2DA8E4790EDE12566649D0C2F97716B8518", "1000000000000000"],
		["uatom",  "1000000000000000"],
		["ustake", "1000000000000000"],
		["uusd",   "1000000000000000"]
	] | map({denom: .[0], amount: .[1]})'
}

# set_toml <file> <key> <value>: a key that stands alone in the file. Fails when a new version has renamed it.
set_toml() {
	grep -q "^$2 = " "$1" || die "${1##*/} has no $2"
	sed "s|^$2 = .*|$2 = $3|" "$1" >"$1.new" && mv "$1.new" "$1"
}

# The home is made beside its place and moved there when complete, so that an interrupted run leaves no half of one.
init_home() {
	[[ -e $home/$marker ]] && return
	[[ -z $(ls -A "$home" 2>/dev/null) ]] || die "$home isn't empty and isn't a local chain's home"
	say "making genesis in $home"
	local new=$home.new name mnemonic
	rm -rf "$new"
	mkdir -p "$new"
	"$wasmd" init local --chain-id "$chain_id" --default-denom ustake --home "$new" >"$new/init.log" 2>&1 ||
		die "wasmd init failed: $(tail -n 3 "$new/init.log")"

	while IFS=$'\t' read -r name mnemonic; do
		"$wasmd" keys add "$name" --recover --keyring-backend test --home "$new" --output json <<<"$mnemonic" 2>/dev/null |
			jq -r '[.name, .address] | @tsv'
	done < <(sed -nE 's/^([a-z0-9]+) = "([a-z ]+)".*/\1\t\2/p' "$keys") >"$new/addresses.tsv"

	genesis_coins "$(awk '$1 == "owner" { print $2 }' "$new/addresses.tsv")" |
		jq -c --rawfile accounts "$new/addresses.tsv" \
			'. as $coins | $accounts | rtrimstr("\n") | split("\n") | map({address: split("\t")[1], coins: $coins})' \
			>"$new/accounts.json"
	{
		"$wasmd" genesis bulk-add-genesis-account "$new/accounts.json" --home "$new"
		"$wasmd" genesis gentx validator 1000000000ustake --chain-id "$chain_id" --keyring-backend test --home "$new"
		"$wasmd" genesis collect-gentxs --home "$new"
		"$wasmd" genesis validate --home "$new"
	} >>"$new/init.log" 2>&1 || die "genesis failed: $(tail -n 3 "$new/init.log")"
	jq --arg gas "$block_gas" '.consensus.params.block.max_gas = $gas' "$new/config/genesis.json" >"$new/genesis.new"
	mv "$new/genesis.new" "$new/config/genesis.json"

	# The block time. No flag of `start` sets it. What isn't set here stands at its default, as on most chains: above all
	# a smart query may use 3,000,000 gas, and an RPC client has 5 subscriptions.
	set_toml "$new/config/config.toml" timeout_propose '"500ms"'
	set_toml "$new/config/config.toml" timeout_commit '"500ms"'
	printf '%s\n' "$wasmd_version" >"$new/$marker"
	rmdir "$home" 2>/dev/null || true
	mv "$new" "$home"
}

# ---- the process --------------------------------------------------------------------------------------------------------

# Prints the node's pid, if that process is really this home's node: a pid may have been reused since.
our_pid() {
	local pid
	pid=$(cat "$pid_file" 2>/dev/null) || return 1
	[[ $pid =~ ^[0-9]+$ && $(ps -ww -p "$pid" -o args= 2>/dev/null) == *"wasmd start --home $home "* ]] && echo "$pid"
}

port_is_free() { ! (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

check_ports() {
	local port
	for port in "$rpc_port" "$grpc_port" "$p2p_port"; do
		port_is_free "$port" || die "port $port is taken by another process; set PLIMSOLL_{RPC,GRPC,P2P}_PORT"
	done
}

start() {
	local node_flags=(
		--home "$home" # first: our_pid looks for it
		--minimum-gas-prices 0.025ustake
		--rpc.laddr "tcp://127.0.0.1:$rpc_port"
		--rpc.pprof_laddr ""
		--grpc.address "127.0.0.1:$grpc_port"
		--p2p.laddr "tcp://127.0.0.1:$p2p_port"
		--p2p.pex=false
		--api.enable=false
		--grpc-web.enable=false
		--log_level warn # `info` writes a dozen lines a block
		--log_no_color
	)
	say "starting wasmd, its log is $log"
	# A process group of its own (set -m): Ctrl-C in this terminal isn't meant for the node.
	set -m
	nohup "$wasmd" start "${node_flags[@]}" </dev/null >>"$log" 2>&1 &
	set +m
	echo $! >"$pid_file"
}

latest() { curl -sf --max-time 2 "$rpc/status" | jq -c '.result | {chain_id: .node_info.network, height: (.sync_info.latest_block_height | tonumber)}'; }

# Ready means: there is a second block, one was made while we watched, and gRPC, which opens last, is open.
wait_for_blocks() {
	local deadline=$((SECONDS + 60)) first='' height
	while ((SECONDS < deadline)); do
		our_pid >/dev/null || die "wasmd ended: $(grep -v '^$' "$log" | tail -n 3)"
		if height=$(latest 2>/dev/null | jq -e .height); then
			: "${first:=$height}"
			if ((height >= 2 && height > first)) && ! port_is_free "$grpc_port"; then return; fi
		fi
		sleep 0.2
	done
	die "no new block within 60 s; see $log"
}

# ---- commands -----------------------------------------------------------------------------------------------------------

up() {
	if our_pid >/dev/null; then
		say "already running"
	else
		check_ports
		build_wasmd
		init_home
		local made
		made=$(jq -r .chain_id "$home/config/genesis.json")
		[[ $made == "$chain_id" ]] || die "$home holds chain $made, not $chain_id: choose another PLIMSOLL_HOME or reset"
		made=$(cat "$home/$marker")
		# An empty file is from before there were two versions.
		[[ ${made:-0.70.3} == "$wasmd_version" ]] ||
			die "$home is of wasmd $made, not $wasmd_version: choose another PLIMSOLL_HOME or reset"
		start
	fi
	wait_for_blocks
}

down() {
	local pid tries
	if ! pid=$(our_pid); then
		say "not running"
		return
	fi
	say "stopping wasmd ($pid)"
	kill "$pid"
	# It closes its databases within a second or so; killed while doing that, it would replay blocks at the next start.
	for ((tries = 0; tries < 100; tries++)); do
		our_pid >/dev/null || break
		sleep 0.1
	done
	if our_pid >/dev/null; then kill -9 "$pid"; fi
	rm -f "$pid_file"
}

reset() {
	down
	if [[ -e $home/$marker ]]; then rm -rf "$home"; fi
	up
}

status() {
	local pid now
	pid=$(our_pid) || { say "not running"; return 1; }
	now=$(latest) || { say "running ($pid), but its RPC doesn't answer at $rpc"; return 1; }
	now=$(jq -c --arg rpc "$rpc" --arg grpc "http://127.0.0.1:$grpc_port" --arg home "$home" --argjson pid "$pid" \
		'. + {rpc: $rpc, grpc: $grpc, home: $home, pid: $pid}' <<<"$now")
	if [[ $json ]]; then echo "$now"; else jq -r 'to_entries[] | "\(.key)\t\(.value)"' <<<"$now"; fi
}

usage() { die "usage: ${0##*/} up|down|reset|status [--json]"; }

json=''
(($# >= 1 && $# <= 2)) || usage
if (($# == 2)); then
	[[ $2 == --json ]] || usage
	json=1
fi
need jq jq
need curl curl
need ps procps
case $1 in
up | reset)
	"$1"
	status
	;;
down | status) "$1" ;;
*) usage ;;
esac
