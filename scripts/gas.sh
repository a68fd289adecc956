#!/usr/bin/env bash
# What each action costs in gas, from real transactions on a local node of its own.
#
#   scripts/gas.sh [--json] [--check]
#
#   --json    one {"action":…,"gas":…} a line on stdout
#   PLIMSOLL_GAS_PORT   the first of three ports of its node: 27757
#   --check   fails when a row is above its limit (the third column of `limits` below), and when ten liquidations through the
#             liquidator cost more than four times one
#
# Setting of every row: contracts not pinned, denoms uusd and uatom, one message a transaction, no memo, `gas_used`; two
# markets with interest to add, one collateral, one debt, account_id 0, prices as two feeders left them; the lender who
# withdraws has no debt; the liquidation is partial, takes underlying, and gets a refund. `batch` deposits and borrows.
# `borrow_live` borrows against a token that a pair prices, in uatom, which is fed: the pair is asked in the message. `liquidate_rate`
# liquidates that account, its price published just before.
# `flash_loan` is taken and repaid by the liquidator, whose only item fails (an account that has no debt); its fee was given to it
# before. `liquidate_via_liquidator_N` are N such liquidations on one flash loan and one sale.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$repo_root"

json=''
check=''
for arg; do
	case $arg in
	--json) json=1 ;;
	--check) check=1 ;;
	*) die "usage: ${0##*/} [--json] [--check]" ;;
	esac
done
need jq jq

own_node gas plimsoll-gas-1 "${PLIMSOLL_GAS_PORT:-27757}"
source scripts/chain.sh

need_wasm
trap 'scripts/localnet.sh down >/dev/null 2>&1 || true' EXIT
scripts/localnet.sh reset >/dev/null

# ---- the setting --------------------------------------------------------------------------------------------------------

# deploy <contract> <instantiate message>: prints its address.
deploy() {
	local code
	code=$(tx owner store "artifacts/plimsoll_$1.wasm" | event store_code code_id)
	tx owner instantiate "$code" "$2" --label "$1" --no-admin | event instantiate _contract_address
}

# call <from> <message> [<coins>]: the pool executes it.
call() { tx "$1" execute "$pool" "$2" ${3:+--amount "$3"}; }

say "deploying"
owner=$(address owner)
oracle=$(deploy oracle "$(jq -nc --arg owner "$owner" \
	'{owner: $owner, production: false, source_delay: 0, heartbeat_gap: 900}')")
pool=$(deploy pool "$(jq -nc --arg owner "$owner" --arg oracle "$oracle" '{owner: $owner, config: {oracle: $oracle,
	liquidation: {target_health_factor: "1.05", dust_value: "5"}, min_debt_value: "20", reserves_delay: 86400, oracle_delay: 0,
	halt_grace: {gap: 900, grace: 900}}}')")

for denom in uusd uatom; do
	tx owner execute "$oracle" "$(jq -nc --arg denom $denom --arg one "$(address feeder1)" --arg two "$(address feeder2)" \
		'{set_source: {denom: $denom, source: {feed: {feeders: [$one, $two], quorum: 2}},
		guards: {max_age: 86400, floor: "0.01", ceiling: "1000", bound_hold: 600, max_deviation: "0.5", step_interval: 1,
			age_spread: "0.01"}}}')" >/dev/null
done
# feed <price of uatom>: returns once liquidation counts it.
feed() {
	local feeder
	for feeder in feeder1 feeder2; do
		tx $feeder execute "$oracle" "{\"feed\":{\"prices\":[{\"denom\":\"uusd\",\"price\":\"1\"},{\"denom\":\"uatom\",\"price\":\"$1\"}]}}" >/dev/null
	done
	until_settled "$oracle" uatom "$1" >/dev/null || die "uatom is not at $1"
}
feed 10
for denom in uusd uatom; do
	tx owner execute "$pool" "$(jq -nc --arg denom $denom '{init_asset: {params: {denom: $denom, decimals: 6,
		max_loan_to_value: "0.7", liquidation_threshold: "0.75",
		liquidation_bonus: {min: "0.02", max: "0.1", full_at: "0.9"}, protocol_liquidation_fee: "0.2",
		reserve_factor: "0.1", reserve_floor: "0.01", flash_loan_fee: "0.0009", supply_cap: "1000000000000000", borrow_cap: "1000000000000000",
		rate_model: {kinked: {optimal_utilization_rate: "0.8", base: "0.01", slope_1: "0.08", slope_2: "1"}}}}}')" >/dev/null
done
# Other people's debts, so that every row finds interest to add in both markets.
call owner '{"deposit":{"account_id":1}}' 100000000000uatom >/dev/null
call owner '{"deposit":{"account_id":2}}' 100000000000uusd >/dev/null
call owner '{"borrow":{"account_id":1,"denom":"uusd","amount":"30000000000"}}' >/dev/null
call owner '{"borrow":{"account_id":2,"denom":"uatom","amount":"3000000000"}}' >/dev/null

# ---- the rows -----------------------------------------------------------------------------------------------------------

rows=''
# row <action> <from> <message> [<coins> [<contract>]]: the pool executes it unless another contract is named.
row() {
	local gas
	gas=$(tx "$2" execute "${5:-$pool}" "$3" ${4:+--amount "$4"} | jq -r .gas_used)
	rows+="$1 $gas"$'\n'
	if [[ $json ]]; then printf '{"action":"%s","gas":%s}\n' "$1" "$gas"; else printf '%-27s %9d\n' "$1" "$gas"; fi
}
row deposit user1 '{"deposit":{}}' 5000000000uusd
row deposit_again user1 '{"deposit":{}}' 5000000000uusd
row deposit_collateral user2 '{"deposit":{}}' 1000000000uatom
row borrow user2 '{"borrow":{"denom":"uusd","amount":"2000000000"}}'
row borrow_again user2 '{"borrow":{"denom":"uusd","amount":"1000000000"}}'
row repay user2 '{"repay":{}}' 500000000uusd
row withdraw_lender user1 '{"withdraw":{"denom":"uusd","amount":"1000000000"}}'
row withdraw_borrower user2 '{"withdraw":{"denom":"uatom","amount":"100000000"}}'

call user3 '{"deposit":{}}' 1000000000uatom >/dev/null
call user3 '{"borrow":{"denom":"uusd","amount":"6900000000"}}' >/dev/null
feed 9
row liquidate keeper "{\"liquidate\":{\"user\":\"$(address user3)\",\"collateral_denom\":\"uatom\"}}" 6900000000uusd

say "a token that a pair prices"
ibc=ibc/27394FB092D2ECCD56123C74F36E4C1F926001CEADA9CA97EA622B25F41E5EB2
live_pair=$(deploy pair "$(jq -nc --arg ibc $ibc '{asset_infos: [{native_token: {denom: $ibc}}, {native_token: {denom: "uatom"}}], fee: "0.003"}')")
tx owner execute "$live_pair" "$(jq -nc --arg ibc $ibc '{provide_liquidity: {assets: [
	{info: {native_token: {denom: $ibc}}, amount: "1000000000000"}, {info: {native_token: {denom: "uatom"}}, amount: "500000000000"}]}}')" \
	--amount "1000000000000$ibc,500000000000uatom" >/dev/null
tx owner execute "$oracle" "$(jq -nc --arg ibc $ibc --arg pair "$live_pair" '{set_source: {denom: $ibc, source: {pair: {pair: $pair,
	decimals: 6, quote_denom: "uatom", quote_decimals: 6, quote_priced: true, window: 32, min_reserve: "1000000", min_quote_reserve: "1000000"}},
	guards: {max_age: 86400, floor: "0.001", ceiling: "1000", bound_hold: 600, max_deviation: "0.5", step_interval: 1, age_spread: "0.01"}}}')" >/dev/null
publish() { tx user1 execute "$oracle" "{\"publish\":{\"denoms\":[\"$ibc\"]}}" >/dev/null; }
for _ in {1..5}; do publish && sleep 8; done # four intervals of a quarter of the window
tx owner execute "$pool" "$(jq -nc --arg denom $ibc '{init_asset: {params: {denom: $denom, decimals: 6,
	max_loan_to_value: "0.7", liquidation_threshold: "0.75",
	liquidation_bonus: {min: "0.02", max: "0.1", full_at: "0.9"}, protocol_liquidation_fee: "0.2",
	reserve_factor: "0.1", reserve_floor: "0.01", flash_loan_fee: "0.0009", supply_cap: "1000000000000000", borrow_cap: "1000000000000000",
	rate_model: {kinked: {optimal_utilization_rate: "0.8", base: "0.01", slope_1: "0.08", slope_2: "1"}}}}}')" >/dev/null
call user1 '{"deposit":{"account_id":7}}' "2000000000$ibc" >/dev/null
publish
row borrow_live user1 '{"borrow":{"account_id":7,"denom":"uusd","amount":"6100000000"}}'
feed 8
publish
row liquidate_rate keeper "{\"liquidate\":{\"user\":\"$(address user1)\",\"account_id\":7,\"collateral_denom\":\"$ibc\"}}" 6100000000uusd
feed 9

say "the liquidation market"
liquidator=$(deploy liquidator "{\"pool\":\"$pool\"}")
pair=$(deploy pair '{"asset_infos":[{"native_token":{"denom":"uatom"}},{"native_token":{"denom":"uusd"}}],"fee":"0.003"}')
provide='{"provide_liquidity":{"assets":[{"info":{"native_token":{"denom":"uatom"}},"amount":"1000000000000"},
	{"info":{"native_token":{"denom":"uusd"}},"amount":"8000000000000"}]}}'
tx owner execute "$pair" "$provide" --amount 1000000000000uatom,8000000000000uusd >/dev/null
# opened <account_id>: what opens that account, as actions of a batch.
opened() {
	printf '{"deposit":{"coin":{"denom":"uatom","amount":"100000000"},"account_id":%d}},' "$1"
	printf '{"borrow":{"denom":"uusd","amount":"625000000","account_id":%d}}' "$1"
}
# through <min_success> <account_id>…: the liquidator's message.
through() {
	local least=$1 items=() id
	shift
	for id; do
		items+=("$(printf '{"liquidate":{"user":"%s","account_id":%d,"repay":{"denom":"uusd","amount":"625000000"},"collateral_denom":"uatom"}}' \
			"$(address user4)" "$id")")
	done
	jq -nc --argjson items "[$(IFS=, && echo "${items[*]}")]" --arg pair "$pair" --argjson least "$least" '{liquidate: {items: $items,
		routes: [{collateral_denom: "uatom", debt_denom: "uusd", hops: [{pair: $pair, ask_denom: "uusd"}], min_profit: "0"}],
		min_success: $least}}'
}
row batch user4 "{\"batch\":{\"actions\":[$(opened 0)]}}" 100000000uatom
for first in 1 6; do
	opened=$(for ((id = first; id < first + 5; id++)); do opened $id; ((id == first + 4)) || printf ,; done)
	call user4 "{\"batch\":{\"actions\":[$opened]}}" 500000000uatom >/dev/null
done
feed 8
"$wasmd" tx bank send owner "$liquidator" 562500uusd --keyring-backend test --chain-id "$PLIMSOLL_CHAIN_ID" "${net[@]}" \
	--gas 200000 --fees 5000ustake -y >/dev/null
tx user1 execute "$pool" '{"deposit":{}}' --amount 1uusd >/dev/null # the transfer is in a block by then
row flash_loan keeper "$(through 0 99)" '' "$liquidator"
row liquidate_via_liquidator_1 keeper "$(through 1 0)" '' "$liquidator"
row liquidate_via_liquidator_10 keeper "$(through 10 {1..10})" '' "$liquidator"

# ---- the limits ---------------------------------------------------------------------------------------------------------

# action, the floor (a bare contract that only does the unavoidable reads and writes), 1.4 times that, 1.15 times that
limits='deposit 153132 215000 176000
deposit_again 153296 215000 176000
deposit_collateral 153270 215000 176000
borrow 160499 225000 185000
borrow_again 160580 225000 185000
repay 153829 215000 177000
withdraw_lender 153559 215000 177000
withdraw_borrower 160588 225000 185000
liquidate 205073 287000 236000'
[[ $(join <(sort <<<"${rows%$'\n'}") <(sort <<<"$limits") | wc -l) == 9 ]] || die "a row of the table was not measured"
above=$(join <(sort <<<"${rows%$'\n'}") <(sort <<<"$limits") | awk '$2 > $4 { print $1 ": " $2 " is above " $4 }')
[[ ! $check || ! $above ]] || die "$above"
awk '{ gas[$1] = $2 } END { exit gas["liquidate_via_liquidator_10"] > 4 * gas["liquidate_via_liquidator_1"] }' <<<"$rows" ||
	[[ ! $check ]] || die "ten liquidations through the liquidator cost more than four times one"
