# shellcheck shell=bash
# Shared by the scripts that send transactions to a local node: sourced, never run. Wants PLIMSOLL_HOME, PLIMSOLL_RPC_PORT and
# PLIMSOLL_CHAIN_ID set, and keys in that home's test keyring.

use_wasmd # of lib.sh
net=(--home "$PLIMSOLL_HOME" --node "http://127.0.0.1:$PLIMSOLL_RPC_PORT" --output json)

# tx <from> <wasm subcommand and arguments…>: sends, waits until it is in a block, prints its result.
tx() {
	local from=$1
	shift
	submit "$from" wasm "$@"
}

# submit <from> <module, its subcommand and arguments…>: as tx, of any module.
submit() {
	local from=$1 sent
	shift
	sent=$("$wasmd" tx "$@" --from "$from" --keyring-backend test --chain-id "$PLIMSOLL_CHAIN_ID" "${net[@]}" \
		--gas 8000000 --fees 200000ustake --broadcast-mode sync -y 2>"$PLIMSOLL_HOME/tx.err") ||
		die "$from: $* can't be sent: $(why "$PLIMSOLL_HOME/tx.err")"
	included "$from: $*" <<<"$sent"
}

# included <what it is>: waits until a transaction is in a block, and prints its result. What its broadcast answered is on
# stdin.
included() {
	local sent hash result
	sent=$(cat)
	hash=$(jq -r 'if .code == 0 then .txhash else empty end' <<<"$sent")
	[[ $hash ]] || die "$1 was not accepted: $(jq -r .raw_log <<<"$sent")"
	for _ in {1..100}; do
		if result=$("$wasmd" query tx "$hash" "${net[@]}" 2>/dev/null); then
			[[ $(jq .code <<<"$result") == 0 ]] || die "$1 failed: $(jq -r .raw_log <<<"$result")"
			printf '%s\n' "$result"
			return
		fi
		sleep 0.1
	done
	die "$1 is in no block"
}

# submit_all <from> <gas>: one transaction of several messages to contracts, which stdin has one a line:
# {"contract":…,"msg":…,"funds":[…]}. As tx otherwise.
submit_all() {
	local from=$1 gas=$2 sent file=$PLIMSOLL_HOME/tx-$1
	jq -sc --arg sender "$(address "$from")" --arg gas "$gas" --arg fee "$((gas / 40))" '{
		body: {messages: map({"@type": "/cosmwasm.wasm.v1.MsgExecuteContract", $sender} + .), memo: "", timeout_height: "0",
			extension_options: [], non_critical_extension_options: []},
		auth_info: {signer_infos: [], fee: {amount: [{denom: "ustake", amount: $fee}], gas_limit: $gas, payer: "", granter: ""}},
		signatures: []}' >"$file.unsigned"
	"$wasmd" tx sign "$file.unsigned" --from "$from" --keyring-backend test --chain-id "$PLIMSOLL_CHAIN_ID" "${net[@]}" \
		--output-document "$file.signed" 2>"$file.err" || die "$from: $file.unsigned can't be signed: $(why "$file.err")"
	sent=$("$wasmd" tx broadcast "$file.signed" "${net[@]}" --broadcast-mode sync 2>"$file.err") ||
		die "$from: $file.signed can't be sent: $(why "$file.err")"
	included "$from: $file.signed" <<<"$sent"
}

# opening <pool> <first> <last> <collaterals> <debt>: messages for submit_all by which each of these accounts of the sender
# deposits the collaterals, a JSON array of coins, and borrows the debt, a coin. Each message is a `batch` of at most 16 actions.
opening() {
	jq -nc --arg contract "$1" --argjson first "$2" --argjson last "$3" --argjson collaterals "$4" --argjson debt "$5" '
		(16 / ($collaterals | length + 1) | floor) as $accounts
		| range($first; $last + 1; $accounts) as $from | [range($from; [$from + $accounts, $last + 1] | min)] as $ids
		| {$contract,
			msg: {batch: {actions: [$ids[] as $account_id
				| ($collaterals[] | {deposit: {coin: ., $account_id}}), {borrow: ($debt + {$account_id})}]}},
			funds: $collaterals | map(.amount |= (tonumber * ($ids | length) | tostring)) | sort_by(.denom)}'
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
