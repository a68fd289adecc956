#!/usr/bin/env bash
# The whole path on a real node: accounts are opened by real transactions, prices fall, `keeper run --live` liquidates as a process of its
# own, with money for gas only, through flash loans and pairs; is killed in the middle of the work, starts again and finishes it. Then ten
# accounts are liquidated by one transaction of which one item fails: an account that is healthy, and one that needs more gas than an item may
# use. The verdict is read from the chain.
#
#   scripts/e2e.sh [--json]
#
#   PLIMSOLL_E2E_PORT   the first of three ports of its node: 27857
#   --json   one object on stdout: price_height, liquidation_height, liquidations, together, solvent
#
# Exits non-zero when a liquidation came more than two blocks after the price, fewer than ten accounts went in one transaction, an account is left
# below health factor 1, one was liquidated twice at one price, an item that fails hurts another, the liquidator holds anything at the end, a transaction of the keeper's is not in its journal, the keeper doesn't end in order, the node doesn't pass the keeper's
# conformance suite, or a market's books don't balance.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$repo_root"
json=''
case ${1:-} in
--json) json=1 ;;
'') ;;
*) die "usage: ${0##*/} [--json]" ;;
esac
need jq jq

own_node e2e plimsoll-local-1 "${PLIMSOLL_E2E_PORT:-27857}"
source scripts/chain.sh
rpc=http://127.0.0.1:$PLIMSOLL_RPC_PORT
work=$repo_root/target/localnet/e2e
rm -rf "$work"
mkdir -p "$work"

keeper_pid=''
finish() {
	[[ ! $keeper_pid ]] || kill -KILL "$keeper_pid" 2>/dev/null || true
	scripts/localnet.sh down >/dev/null 2>&1 || true
}
trap finish EXIT
scripts/localnet.sh reset >/dev/null
scripts/deploy.sh local --out "$work/deployment.json" --grpc "http://127.0.0.1:$PLIMSOLL_GRPC_PORT" --rpc "$rpc"
pool=$(jq -r .pool.address "$work/deployment.json")
oracle=$(jq -r .oracle.address "$work/deployment.json")
liquidator=$(jq -r .liquidator.address "$work/deployment.json")

# ---- accounts -----------------------------------------------------------------------------------------------------------

ibc=ibc/27394FB092D2ECCD56123C74F36E4C1F926001CEADA9CA97EA622B25F41E5EB2
factory=factory/$(address owner)/uplim
call() { tx "$1" execute "$pool" "$2" ${3:+--amount "$3"} >/dev/null; }
# open <user> <account_id> <collateral coin> <debt denom>: borrows nine tenths of what may be borrowed.
open() {
	local most
	call "$1" "{\"deposit\":{\"account_id\":$2}}" "$3"
	most=$(smart "$pool" "{\"max_borrow\":{\"user\":\"$(address "$1")\",\"account_id\":$2,\"denom\":\"$4\"}}" | jq -r .amount)
	call "$1" "{\"borrow\":{\"account_id\":$2,\"denom\":\"$4\",\"amount\":\"$((most / 10 * 9))\"}}"
}
say "opening accounts"
call user1 '{"deposit":{}}' 100000000000uusd
call user1 '{"deposit":{}}' 10000000000uatom
call user1 '{"deposit":{}}' 100000000000000000000aeth
open user2 0 100000000uatom uusd                  # 6 decimals
open user2 1 200000000"$ibc" uusd                 # 68 characters
open user3 0 1000000000000000000aeth uusd         # 18 decimals
open user3 1 3000000000"$factory" uusd            # a token factory's
open user2 2 2000000000uusd aeth                  # a debt of 18 decimals
open user4 0 100000000uatom uusd                  # these two fall last
open user4 1 200000000"$ibc" uatom                # sold over two pairs
# Ten that fall together.
for first in 10 15; do
	actions=$(jq -nc --argjson first $first '[range($first; $first + 5) | {deposit: {coin: {denom: "uatom", amount: "100000000"}, account_id: .}},
		{borrow: {denom: "uusd", amount: "630000000", account_id: .}}]')
	call user4 "{\"batch\":{\"actions\":$actions}}" 500000000uatom
done
# One of all collaterals, which costs more gas than others. It stays healthy until the end.
fat=$(jq -nc --arg ibc "$ibc" --arg factory "$factory" '[["uatom", "20000000"], ["aeth", "100000000000000000"], [$ibc, "40000000"],
	[$factory, "400000000"] | {deposit: {coin: {denom: .[0], amount: .[1]}, account_id: 20}}] +
	[{borrow: {denom: "uusd", amount: "280000000", account_id: 20}}]')
call user4 "{\"batch\":{\"actions\":$fat}}" "100000000000000000aeth,400000000$factory,40000000$ibc,20000000uatom"
smart "$pool" '{"borrowers":{"limit":100}}' | jq -e '.accounts | length == 18' >/dev/null || die "there aren't eighteen borrowers"

# ---- the keeper ---------------------------------------------------------------------------------------------------------

build_keeper
key() { sed -nE "s/^$1 = \"([a-z ]+)\".*/\1/p" scripts/localnet/keys.toml; }
journal=$work/journal.jsonl
# The second key of its mnemonic, because the first has everything.
settings=(--deployment "$work/deployment.json" --set "journal.path=$journal" --set wallet.account=1)
PLIMSOLL_KEEPER_MNEMONIC=$(key keeper)
export PLIMSOLL_KEEPER_MNEMONIC
keeper_address=$("$keeper" keys --count 2 --json | jq -sr '.[-1].address // .[-1][-1].address')
start_keeper() {
	"$keeper" run --live --json "${settings[@]}" >>"$work/keeper.out" 2>>"$work/keeper.log" &
	keeper_pid=$!
}
holdings() { "$wasmd" query bank balances "$1" "${net[@]}" | jq -c '[.balances[] | .denom]'; }
"$wasmd" tx bank send owner "$keeper_address" 100000000ustake --keyring-backend test --chain-id "$PLIMSOLL_CHAIN_ID" "${net[@]}" \
	--gas 200000 --fees 5000ustake -y >/dev/null
for _ in {1..50}; do
	[[ $(holdings "$keeper_address") == '["ustake"]' ]] && break
	sleep 0.1
done
[[ $(holdings "$keeper_address") == '["ustake"]' ]] || die "the keeper has $(holdings "$keeper_address"), not money for gas only"
say "starting the keeper"
start_keeper
sleep 3
kill -0 "$keeper_pid" 2>/dev/null || die "the keeper ended: $(tail -n 3 "$work/keeper.log")"

# ---- falls --------------------------------------------------------------------------------------------------------------

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
	prices=$(jq -nc '[$ARGS.positional | _nwise(2) | {denom: .[0], price: .[1]}]' --args "$@" 2>/dev/null) ||
		prices=$(jq -nc '[$ARGS.positional as $p | range(0; $p | length; 2) | {denom: $p[.], price: $p[. + 1]}]' --args "$@")
	for feeder in feeder1 feeder2; do
		hashes+=("$("$wasmd" tx wasm execute "$oracle" "{\"feed\":{\"prices\":$prices}}" --from $feeder --keyring-backend test \
			--chain-id "$PLIMSOLL_CHAIN_ID" "${net[@]}" --gas 3000000 --fees 75000ustake -y | jq -r .txhash)")
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
# Every liquidation so far: height and account, in order.
liquidations() {
	"$wasmd" query txs --query "wasm._contract_address='$pool' AND wasm.action='liquidate'" --limit 100 "${net[@]}" | jq -c '
		[.txs[] | select(.code == 0) | .height as $height | .events[] | select(.type == "wasm")
		| .attributes | map({(.key): .value}) | add | select(.action == "liquidate") | {height: ($height | tonumber), account}]
		| sort_by(.height)'
}
unhealthy() { smart "$pool" '{"liquidatable":{"limit":100}}' | jq '.accounts | length'; }
until_healthy() {
	for _ in {1..100}; do
		[[ $(unhealthy) == 0 ]] && return
		sleep 0.2
	done
	die "accounts are still below health factor 1: $(smart "$pool" '{"liquidatable":{"limit":100}}')"
}

say "first fall"
price_height=$(fall uatom 8.3 "$ibc" 4.1 aeth 1900)
until_healthy
sleep 1
first=$(liquidations)
liquidation_height=$(jq 'map(.height) | max // 0' <<<"$first")
together=$(jq 'group_by(.height) | map(length) | max // 0' <<<"$first")
((together >= 10)) || die "only $together accounts were liquidated in one block"
batches=$("$wasmd" query txs --query "wasm._contract_address='$liquidator' AND wasm.action='liquidate_batch'" --limit 100 "${net[@]}" |
	jq '[.txs[] | select(.code == 0)] | length')
((batches == 1)) || die "the first fall took $batches transactions of the liquidator"

# Killed as soon as it has written down that it is about to send, and before it can know what became of it.
say "second fall, and the keeper is killed in the middle of its work"
before=$(wc -c <"$journal")
fall uatom 7 "$ibc" 2.9 aeth 1500 "$factory" 0.4 >/dev/null &
fall_pid=$!
for _ in {1..2000}; do
	[[ $(wc -c <"$journal") -gt $before ]] && break
	sleep 0.005
done
kill -KILL "$keeper_pid"
wait "$keeper_pid" 2>/dev/null || true
wait "$fall_pid" || die "the second price vote failed"
tail -n 1 "$journal" | jq -e .intent >/dev/null || die "the keeper was not killed between its intent and the outcome"
cp "$journal" "$work/journal-when-killed.jsonl"
start_keeper
until_healthy
sleep 2

say "asking the keeper to stop"
kill -TERM "$keeper_pid"
code=0
wait "$keeper_pid" || code=$?
keeper_pid=''
[[ $code == 0 ]] || die "the keeper ended with $code: $(tail -n 3 "$work/keeper.log")"

# ---- ten items, one of which fails --------------------------------------------------------------------------------------

# outcomes <transaction>: what the liquidator says of each item, in order.
outcomes() {
	"$wasmd" query tx "$1" "${net[@]}" | jq -c --arg liquidator "$liquidator" '[.events[] | select(.type == "wasm") | .attributes
		| map({(.key): .value}) | add | select(._contract_address == $liquidator and .item) | .outcome]'
}
liquidated_in() {
	"$wasmd" query tx "$1" "${net[@]}" | jq -c --arg pool "$pool" '[.events[] | select(.type == "wasm") | .attributes
		| map({(.key): .value}) | add | select(._contract_address == $pool and .action == "liquidate") | .account] | length'
}
user4=$(address user4)

say "ten accounts by name, of which one is healthy"
call user4 '{"repay":{"account_id":19}}' 40000000uusd
fall uatom 6 >/dev/null
before=$(jq -rs 'map(.intent.hash | select(.)) | last' "$journal")
if "$keeper" liquidate "$user4"/{10..19} --min-success 9 --live --set strategy.max_fee_per_hour=1 "${settings[@]}" 2>>"$work/keeper.log"; then
	die "the keeper liquidated beyond its limit on the fees of an hour"
fi
[[ $(jq -rs 'map(.intent.hash | select(.)) | last' "$journal") == "$before" ]] || die "the keeper sent something beyond its limit on fees"
"$keeper" liquidate "$user4"/{10..19} --min-success 9 --live --json "${settings[@]}" >"$work/named.out" 2>>"$work/keeper.log" ||
	die "the keeper could not liquidate nine of ten: $(tail -n 1 "$work/keeper.log")"
hash=$(jq -rs 'map(.intent.hash | select(.)) | last' "$journal")
[[ $(outcomes "$hash" | jq -c 'map(. == "ok")') == '[true,true,true,true,true,true,true,true,true,false]' ]] ||
	die "of ten items with one healthy account came $(outcomes "$hash")"
[[ $(liquidated_in "$hash") == 9 ]] || die "$(liquidated_in "$hash") accounts were liquidated beside a healthy one, not nine"
[[ $(jq -s 'map(select(.event == "item_failed")) | map(.account) | join(" ")' "$work/named.out") == "\"$user4/19\"" ]] ||
	die "the keeper tells of other failures: $(cat "$work/named.out")"

say "ten accounts, of which one needs more gas than an item may use"
most=$(smart "$pool" "{\"max_borrow\":{\"user\":\"$user4\",\"account_id\":19,\"denom\":\"uusd\"}}" | jq -r .amount)
call user4 "{\"borrow\":{\"account_id\":19,\"denom\":\"uusd\",\"amount\":\"$((most / 10 * 9))\"}}"
fall uatom 4.9 aeth 1000 "$ibc" 2 "$factory" 0.3 >/dev/null
pairs=$(jq -c '.pairs | map(select(.denoms[0] == "uatom")) | .[0].address' "$work/deployment.json")
# direct <item_gas> <min_success>: nine accounts and the one with all collaterals, each for so little that nobody gets a refund.
direct() {
	jq -nc --arg user "$user4" --argjson pair "$pairs" --argjson gas "$1" --argjson least "$2" '{liquidate: {item_gas: $gas, min_success: $least,
		items: [range(11; 21) | {liquidate: {user: $user, account_id: ., repay: {denom: "uusd", amount: "20000000"}, collateral_denom: "uatom"}}],
		routes: [{collateral_denom: "uatom", debt_denom: "uusd", hops: [{pair: $pair, ask_denom: "uusd"}], min_profit: "1"}]}}'
}
all_succeed() {
	"$wasmd" tx wasm execute "$liquidator" "$(direct "$1" 10)" --from "$user1" --keyring-backend test --chain-id "$PLIMSOLL_CHAIN_ID" "${net[@]}" \
		--dry-run >/dev/null 2>&1
}
user1=$(address user1)
# The least gas with which all ten succeed: with a little less, only the one that needs most of it fails.
low=50000 high=400000
all_succeed $high || die "ten accounts can't be liquidated with $high gas each"
while ((high - low > 1)); do
	middle=$(((low + high) / 2))
	if all_succeed $middle; then high=$middle; else low=$middle; fi
done
((low -= 500))
hash=$(tx user1 execute "$liquidator" "$(direct $low 9)" | jq -r .txhash)
[[ $(outcomes "$hash" | jq -c 'map(. == "ok")') == '[true,true,true,true,true,true,true,true,true,false]' ]] ||
	die "of ten items with $low gas each came $(outcomes "$hash")"
outcomes "$hash" | jq -e '.[9] == "codespace: sdk, code: 11"' >/dev/null || die "it failed of something else than gas: $(outcomes "$hash")"
[[ $(liquidated_in "$hash") == 9 ]] || die "$(liquidated_in "$hash") accounts were liquidated beside one out of gas, not nine"
say "nine went through beside $user4/19, and nine beside $user4/20, which needs $high gas"
[[ $(holdings "$liquidator") == '[]' ]] || die "the liquidator holds $(holdings "$liquidator")"
holdings "$keeper_address" | jq -e 'index("uusd")' >/dev/null || die "the keeper earned nothing: $(holdings "$keeper_address")"

say "the node must do what the keeper asks of any chain"
PLIMSOLL_KEEPER_TEST_DEPLOYMENT=$work/deployment.json PLIMSOLL_KEEPER_MNEMONIC=$(key user4) RUST_BACKTRACE=0 \
	cargo test --quiet --locked --workspace --test conformance -- --ignored >&2

# ---- the verdict --------------------------------------------------------------------------------------------------------

all=$(liquidations)
# No account is liquidated twice at one price: one liquidation leaves it at the target health factor.
prices=$("$wasmd" query txs --query "wasm._contract_address='$oracle' AND wasm.action='feed'" --limit 100 "${net[@]}" |
	jq -c '[.txs[].height | tonumber]')
twice=$(jq -r --argjson prices "$prices" 'group_by([.account, (.height as $height | $prices | map(select(. < $height)) | length)])
	| map(select(length > 1)[0].account) | join(" ")' <<<"$all")
[[ ! $twice ]] || die "liquidated twice at one price: $twice"
# Nothing was sent that was not written down before, and nothing twice: the transactions of the keeper's key that are in blocks, failed ones too,
# are as many as its sequence says, and exactly those of the journal's intents that came to something.
sequence=$("$wasmd" query auth account "$keeper_address" "${net[@]}" | jq -r '[.. | .sequence? // empty] | first // "0"')
included=$("$wasmd" query txs --query "message.sender='$keeper_address'" --limit 100 "${net[@]}" | jq -c '[.txs[].txhash] | sort | unique')
intended=$(cat "$work/journal-when-killed.jsonl" "$journal" | jq -sc '(map(.resolved | select(. and (.fate == "refused" or .fate == "expired")) | .hash)) as $nothing
	| map(.intent.hash | select(.)) | unique | map(select(IN($nothing[]) | not))')
[[ $(jq length <<<"$included") == "$sequence" ]] || die "sequence $sequence, but these are in blocks: $included"
[[ $included == "$intended" ]] || die "intended $intended, but these are in blocks: $included"
solvent=true
for denom in uusd uatom aeth "$ibc" "$factory"; do
	smart "$pool" "{\"solvency\":{\"denom\":\"$denom\"}}" | jq -e .solvent >/dev/null || solvent=false
done
late=$((liquidation_height - price_height))
summary=$(jq -nc --argjson price_height "$price_height" --argjson liquidation_height "$liquidation_height" \
	--argjson liquidations "$(jq length <<<"$all")" --argjson together "$together" --argjson solvent $solvent '$ARGS.named')
if [[ $json ]]; then echo "$summary"; else
	echo "price at height $price_height, last liquidation of that fall at $liquidation_height; $(jq length <<<"$all") liquidations, $together of them at once; solvent: $solvent"
fi
[[ $solvent == true ]] || die "a market's books don't balance"
((late <= 2)) || die "the last liquidation came $late blocks after the price"
