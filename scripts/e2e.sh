#!/usr/bin/env bash
# The whole path on a real node: accounts are opened by real transactions, prices fall, `keeper run --live` liquidates as a process of its
# own, with money for gas only, and sells at pairs. It is killed in the middle of the work, starts again and finishes it; it goes on while
# flash loans are stopped, and while the debt's market has no cash. Then ten accounts are liquidated by name, one of which is healthy, and a
# hundred by one message, of which three fail for three reasons. The verdict is read from the chain.
#
#   scripts/e2e.sh [--json]
#   scripts/e2e.sh --accounts N [--json]     a cascade: N accounts, one price fall, and how many blocks it takes a keeper of four keys
#   scripts/e2e.sh --margin                  a leveraged position: opened, adjusted and closed, one transaction each, without the keeper
#
#   PLIMSOLL_E2E_PORT   the first of three ports of its node: 27857
#   PLIMSOLL_WASMD      which wasmd, as for localnet.sh
#   --json   one object on stdout: price_height, liquidation_height, liquidations, together, solvent; with --accounts what cascade.sh says
#
# A block of its node has 75,000,000 gas. Exits non-zero when
# - a liquidation came more than two blocks after the price, or fewer than ten accounts went in one transaction,
# - an account is left below health factor 1, or one was liquidated twice at one price,
# - an item that fails hurts another, or its reason isn't told in words,
# - the liquidator holds anything at the end, or a market's books don't balance,
# - a transaction of the keeper's is not in its journal, or the keeper doesn't end in order,
# - the node doesn't pass the keeper's conformance suite,
# - a cascade of N accounts takes more than five blocks.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$repo_root"
json='' accounts='' margin=''
while (($#)); do
	case $1 in
	--json) json=1 ;;
	--margin) margin=1 ;;
	--accounts)
		[[ ${2:-} =~ ^[1-9][0-9]*$ ]] || die "--accounts wants a number above 0"
		accounts=$2
		shift
		;;
	*) die "usage: ${0##*/} [--accounts N | --margin] [--json]" ;;
	esac
	shift
done
need jq jq

own_node e2e plimsoll-local-1 "${PLIMSOLL_E2E_PORT:-27857}"
export PLIMSOLL_BLOCK_GAS=75000000
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

source scripts/e2e/stage.sh
if [[ $margin ]]; then
	source scripts/e2e/margin.sh
	exit
fi
build_keeper
journal=$work/journal.jsonl
# The second key of its mnemonic and those after it, because the first has everything.
settings=(--deployment "$work/deployment.json" --set "journal.path=$journal" --set wallet.account=1)
PLIMSOLL_KEEPER_MNEMONIC=$(key keeper)
export PLIMSOLL_KEEPER_MNEMONIC
if [[ $accounts ]]; then
	source scripts/e2e/cascade.sh
	exit
fi

# ---- accounts -----------------------------------------------------------------------------------------------------------

ibc=ibc/27394FB092D2ECCD56123C74F36E4C1F926001CEADA9CA97EA622B25F41E5EB2
factory=factory/$(address owner)/uplim
user3=$(address user3) user4=$(address user4)
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
opening "$pool" 10 19 "[$(coin uatom 100000000)]" "$(coin uusd 630000000)" | submit_all user4 5000000 >/dev/null
smart "$pool" '{"borrowers":{"limit":100}}' | jq -e '.accounts | length == 17' >/dev/null || die "there aren't seventeen borrowers"

# ---- falls --------------------------------------------------------------------------------------------------------------

keeper_address=$("$keeper" keys --count 2 --json | jq -sr '.[-1].address // .[-1][-1].address')
gas_money "$keeper_address"
say "starting the keeper"
start_keeper

say "first fall"
price_height=$(fall uatom 8.3 "$ibc" 4.1 aeth 1900)
until_healthy
sleep 1
first=$(liquidations)
liquidation_height=$(jq 'map(.height) | max // 0' <<<"$first")
together=$(jq 'group_by(.height) | map(length) | max // 0' <<<"$first")
((together >= 10)) || die "only $together accounts were liquidated in one block"
[[ $(jq 'map(.hash) | unique | length' <<<"$first") == 1 ]] || die "the first fall took several transactions: $first"

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

# fall_again <what holds> <price of uatom>: the ten fall once more, and the keeper liquidates them.
fall_again() {
	local since
	say "a fall, $1"
	since=$(fall uatom "$2")
	until_healthy
	jq -e --argjson since "$since" --arg prefix "$user4/1" \
		'[.[] | select(.height >= $since and (.account | test("^" + $prefix + "[0-9]$"))) | .account] | unique | length == 10' \
		<<<"$(liquidations)" >/dev/null || die "$1 not all of the ten were liquidated"
}
call owner '{"pause":{"deposit":false,"borrow":false,"flash_loan":true}}'
fall_again "with flash loans stopped by the guardian" 6.5
# Then more is owed than others than user1 have supplied, and user1 leaves with all the cash.
call owner '{"deposit":{"account_id":1}}' 1000000000uatom
call owner '{"borrow":{"account_id":1,"denom":"uusd","amount":"2500000000"}}'
call user1 '{"withdraw":{"denom":"uusd"}}'
cash=$(smart "$pool" '{"solvency":{"denom":"uusd"}}' | jq -r .cash)
[[ $cash == 0 ]] || die "the debt's market has $cash uusd left"
fall_again "with no cash in the debt's market" 6.0
holdings "$keeper_address" | jq -e 'index("uusd")' >/dev/null || die "the keeper earned nothing: $(holdings "$keeper_address")"

say "asking the keeper to stop"
sleep 1
stop_keeper

# ---- many items, some of which fail -------------------------------------------------------------------------------------

call user1 '{"deposit":{}}' 50000000000uusd
opening "$pool" 100 199 "[$(coin uatom 10000000)]" "$(coin uusd 41000000)" | submit_all user3 20000000 >/dev/null
call user3 '{"repay":{"account_id":197}}' 30000000uusd
call user3 '{"repay":{"account_id":198}}' 42000000uusd
call user4 '{"deposit":{"account_id":19}}' 100000000uatom
fall uatom 5.4 >/dev/null

say "ten accounts by name, of which one is healthy"
before=$(jq -rs 'map(.intent.hash | select(.)) | last' "$journal")
if "$keeper" liquidate "$user4"/{10..19} --min-success 9 --live --set strategy.max_fee_per_hour=1 "${settings[@]}" 2>>"$work/keeper.log"; then
	die "the keeper liquidated beyond its limit on the fees of an hour"
fi
[[ $(jq -rs 'map(.intent.hash | select(.)) | last' "$journal") == "$before" ]] || die "the keeper sent something beyond its limit on fees"
"$keeper" liquidate "$user4"/{10..19} --min-success 9 --live --json "${settings[@]}" >"$work/named.out" 2>>"$work/keeper.log" ||
	die "the keeper could not liquidate nine of ten: $(tail -n 1 "$work/keeper.log")"
hash=$(jq -rs 'map(.intent.hash | select(.)) | last' "$journal")
outcomes "$hash" | jq -e --arg user "$user4" '[.[] | select(.outcome == "ok") | .account] == [range(10; 19) | "\($user)/\(.)"]
	and ([.[] | select(.outcome != "ok")] | length == 1 and .[0].failed == "\($user)/19" and (.[0].outcome | contains("is healthy")))' >/dev/null ||
	die "of ten items with one healthy account came $(outcomes "$hash")"
[[ $(jq -s 'map(select(.event == "item_failed")) | map(.account) | join(" ")' "$work/named.out") == "\"$user4/19\"" ]] ||
	die "the keeper tells of other failures: $(cat "$work/named.out")"

# By somebody who has the message by hand, and gas money only: the keeper would leave out what fails in simulation.
say "a hundred accounts, of which three fail for three reasons"
pair=$(jq -r '.pairs[] | select(.denoms[0] == "uatom") | .address' "$work/deployment.json")
hundred=$(jq -nc --arg user "$user3" --arg pair "$pair" '{liquidate: {min_success: 97,
	items: [range(100; 200) | {liquidate: {$user, account_id: ., collateral_denom: "uatom", debt_denom: "uusd",
		min_receive: (if . == 199 then "10000001" else "1" end)}}],
	routes: [{collateral_denom: "uatom", debt_denom: "uusd", hops: [{$pair, ask_denom: "uusd"}], min_profit: "1"}]}}')
hundred=$(tx user1 execute "$liquidator" "$hundred")
gas=$(jq -r .gas_used <<<"$hundred") hash=$(jq -r .txhash <<<"$hundred")
outcomes "$hash" >"$work/hundred.json"
jq -e --arg user "$user3" '
	([.[] | select(.outcome == "ok") | .account] == [range(100; 197) | "\($user)/\(.)"])
	and ([.[] | select(.outcome != "ok") | .failed] == [range(197; 200) | "\($user)/\(.)"])
	and (.[97].outcome | test("account is healthy: its adjusted collateral of [0-9.]+ covers its debt of [0-9.]+"))
	and (.[98].outcome == "account \($user)/198 has no debt of uusd")
	and (.[99].outcome | test("liquidation yields [0-9]+ uatom, at least 10000001 is asked"))' "$work/hundred.json" >/dev/null ||
	die "of a hundred items with three that fail came $(cat "$work/hundred.json")"
say "97 went through with $gas gas; beside them: $(jq -r '[.[97:][].outcome] | join("; ")' "$work/hundred.json")"
[[ $(holdings "$liquidator") == '[]' ]] || die "the liquidator holds $(holdings "$liquidator")"

say "the node must do what the keeper asks of any chain"
PLIMSOLL_KEEPER_TEST_DEPLOYMENT=$work/deployment.json PLIMSOLL_KEEPER_MNEMONIC=$(key user4) RUST_BACKTRACE=0 \
	cargo test --quiet --locked --workspace --test it conformance -- --ignored >&2

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
