# shellcheck shell=bash
# Shared by the scripts that send transactions to a local node: sourced, never run. Wants PLIMSOLL_HOME, PLIMSOLL_RPC_PORT and
# PLIMSOLL_CHAIN_ID set, and keys in that home's test keyring.

# shellcheck disable=SC2154  # repo_root comes from lib.sh
wasmd=$repo_root/target/localnet/wasmd
net=(--home "$PLIMSOLL_HOME" --node "http://127.0.0.1:$PLIMSOLL_RPC_PORT" --output json)

# tx <from> <wasm subcommand and arguments…>: sends, waits until it is in a block, prints its result.
tx() {
	local from=$1
	shift
	submit "$from" wasm "$@"
}

# submit <from> <module, its subcommand and arguments…>: as tx, of any module.
submit() {
	local from=$1 sent hash result
	shift
	sent=$("$wasmd" tx "$@" --from "$from" --keyring-backend test --chain-id "$PLIMSOLL_CHAIN_ID" "${net[@]}" \
		--gas 8000000 --fees 200000ustake --broadcast-mode sync -y 2>"$PLIMSOLL_HOME/tx.err") ||
		die "$from: $* can't be sent: $(why "$PLIMSOLL_HOME/tx.err")"
	hash=$(jq -r 'if .code == 0 then .txhash else empty end' <<<"$sent")
	[[ $hash ]] || die "$from: $* was not accepted: $(jq -r .raw_log <<<"$sent")"
	for _ in {1..100}; do
		if result=$("$wasmd" query tx "$hash" "${net[@]}" 2>/dev/null); then
			[[ $(jq .code <<<"$result") == 0 ]] || die "$from: $* failed: $(jq -r .raw_log <<<"$result")"
			printf '%s\n' "$result"
			return
		fi
		sleep 0.1
	done
	die "$from: $* is in no block"
}

# why <file>: wasmd's own words, without colours and the pages of help that it prints with them.
why() {
	local plain
	plain=$(sed $'s/\x1b\\[[0-9;]*m//g' "$1")
	sed -nE 's/^Error: //p; s/.* err="(.*)".*/\1/p' <<<"$plain" | tail -n 1 | grep . || tail -n 1 <<<"$plain"
}

# smart <contract> <query>: the answer's data.
smart() { "$wasmd" query wasm contract-state smart "$1" "$2" "${net[@]}" | jq -c .data; }

# event <type> <key>: that attribute of the result on stdin.
event() {
	jq -r --arg type "$1" --arg key "$2" \
		'first(.events[] | select(.type == $type) | .attributes[] | select(.key == $key) | .value)'
}

address() { "$wasmd" keys show "$1" --address --keyring-backend test --home "$PLIMSOLL_HOME"; }

# settled_price <oracle> <denom>: what the oracle says of it now.
settled_price() { smart "$1" "$(jq -nc --arg denom "$2" '{prices_by_denoms: {denoms: [$denom]}}')" | jq -c '.prices[0]'; }

# until_settled <oracle> <denom> <price>: returns once the denom's settled price is this; fails, and prints what it is, when it isn't within five
# seconds. The settled price moves with the time of blocks: after votes that are in blocks of one second, it follows in the next.
until_settled() {
	local price
	for _ in {1..50}; do
		price=$(settled_price "$1" "$2")
		jq -e --arg wanted "$3" '.valid.price // "nan" | tonumber == ($wanted | tonumber)' <<<"$price" >/dev/null && return
		sleep 0.1
	done
	printf '%s\n' "$price"
	return 1
}
