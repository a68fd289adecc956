# shellcheck shell=bash
# Shared by the two forms of scripts/e2e.sh: sourced, never run. Wants a deployment on a node, chain.sh, $pool, $oracle and $work.

# ---- accounts and prices ------------------------------------------------------------------------------------------------

call() { tx "$1" execute "$pool" "$2" ${3:+--amount "$3"} >/dev/null; }
coin() { jq -nc --arg denom "$1" --arg amount "$2" '$ARGS.named'; }

# trade <denom> <price>: somebody sells to that denom's pair until it has this price: what is missing of the cheaper reserve to √(one × other).
trade() {
	local pair decimals=6 offer
	pair=$(jq -r --arg denom "$1" '.pairs[] | select(.denoms[0] == $denom) | .address' "$work/deployment.json")
	[[ $1 != aeth ]] || decimals=18
	offer=$(smart "$pair" '{"pool":{}}' | jq -r '.assets | map(.amount) | join(" ")' | awk -v price="$2" -v decimals=$decimals -v denom="$1" '{
		unit = 10 ^ decimals; one = $1 / unit * price; other = $2 / 1e6; aim = sqrt(one * other)
		if (one < aim) printf "%.0f %s", (aim - one) / price * unit, denom
		else printf "%.0f uusd", (aim - other) * 1e6
	}')
	tx owner execute "$pair" "$(jq -nc --arg amount "${offer% *}" --arg denom "${offer#* }" \
		'{swap: {offer_asset: {info: {native_token: {denom: $denom}}, amount: $amount}, max_spread: "0.5"}}')" --amount "${offer/ /}" >/dev/null
}
# fall <denom> <price>…: the markets go first. Then both feeders vote at once, so that no half-way median is published. Prints the height of the price.
fall() {
	local prices hashes=() feeder result highest=0 height at
	for ((at = 1; at < $#; at += 2)); do trade "${@:at:2}"; done
	prices=$(jq -nc '[$ARGS.positional as $of | range(0; $of | length; 2) | {denom: $of[.], price: $of[. + 1]}]' --args "$@")
	for feeder in feeder1 feeder2; do
		hashes+=("$("$wasmd" tx wasm execute "$oracle" "{\"feed\":{\"prices\":$prices}}" --from $feeder \
			--keyring-backend test --chain-id "$PLIMSOLL_CHAIN_ID" "${net[@]}" --gas 3000000 --fees 75000ustake -y | jq -r .txhash)")
	done
	for result in "${hashes[@]}"; do
		for _ in {1..100}; do
			height=$("$wasmd" query tx "$result" "${net[@]}" 2>/dev/null | jq -r 'select(.code == 0) | .height') && [[ $height ]] && break
			sleep 0.1
		done
		[[ $height ]] || die "a price vote failed"
		((height > highest)) && highest=$height
	done
	echo "$highest"
}

# unhealthy: the first accounts below health factor 1, a JSON array of them; [] when there are none. A page of 100 fits into a query's gas.
unhealthy() {
	local after=null page
	while [[ $after ]]; do
		page=$(smart "$pool" "{\"liquidatable\":{\"start_after\":$after,\"limit\":100}}")
		[[ $page ]] || die "the pool doesn't say who is below health factor 1"
		after=$(jq -c 'if .accounts == [] then .next // empty else empty end' <<<"$page")
	done
	jq -c .accounts <<<"$page"
}
# until_healthy [<seconds>]: returns once no account is below health factor 1; fails after 20 seconds unless told otherwise.
until_healthy() {
	local deadline=$((SECONDS + ${1:-20}))
	while ((SECONDS < deadline)); do
		[[ $(unhealthy) != '[]' ]] || return 0
		sleep 0.2
	done
	die "accounts are still below health factor 1, of a page: $(unhealthy | jq -c 'length, .[0]')"
}

# ---- what became of them ------------------------------------------------------------------------------------------------

# As jq: the items of every `liquidate_batch` of the pool in a transaction, in order, each {outcome, account} or {outcome, failed}.
# shellcheck disable=SC2016  # jq's variables
items='def items: .events[] | select(.type == "wasm-item") | .attributes | map({(.key): .value}) | add
	| select(._contract_address == $pool) | {outcome, account, failed} | with_entries(select(.value != null));'

# outcomes <transaction>: each item of it, in order.
outcomes() { "$wasmd" query tx "$1" "${net[@]}" | jq -c --arg pool "$pool" "$items [items]"; }
# liquidations: every one so far, with its height, its transaction and its account, in order. All go through `liquidate_batch`.
liquidations() {
	"$wasmd" query txs --query "wasm._contract_address='$pool' AND wasm.action='liquidate_batch'" --limit 100 "${net[@]}" |
		jq -c --arg pool "$pool" "$items"' [.txs[] | select(.code == 0) | (.height | tonumber) as $height | .txhash as $hash | .gas_used as $gas
			| items | select(.outcome == "ok") | {$height, $hash, $gas, account}] | sort_by(.height)'
}

# ---- the keeper ---------------------------------------------------------------------------------------------------------

key() { sed -nE "s/^$1 = \"([a-z ]+)\".*/\1/p" scripts/localnet/keys.toml; }
holdings() { "$wasmd" query bank balances "$1" "${net[@]}" | jq -c '[.balances[] | .denom]'; }
# gas_money <address>…: a hundred million base units of it to each, and nothing else is there.
gas_money() {
	local address
	for address; do
		submit owner bank send owner "$address" 100000000ustake >/dev/null
		[[ $(holdings "$address") == '["ustake"]' ]] || die "the keeper has $(holdings "$address"), not money for gas only"
	done
}
# start_keeper: with $settings; sets $keeper_pid.
start_keeper() {
	"$keeper" run --live --json "${settings[@]}" >>"$work/keeper.out" 2>>"$work/keeper.log" &
	keeper_pid=$!
	sleep 3
	kill -0 "$keeper_pid" 2>/dev/null || die "the keeper ended: $(tail -n 3 "$work/keeper.log")"
}
# stop_keeper: as an operator does; fails unless it ends in order.
stop_keeper() {
	local code=0
	kill -TERM "$keeper_pid"
	wait "$keeper_pid" || code=$?
	keeper_pid=''
	[[ $code == 0 ]] || die "the keeper ended with $code: $(tail -n 3 "$work/keeper.log")"
}
