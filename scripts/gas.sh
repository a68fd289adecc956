#!/usr/bin/env bash
# What each action costs in gas, from real transactions on a local node of its own.
#
#   scripts/gas.sh [--json] [--check] [--wasmd <version>]
#
#   --json    one {"action":…,"gas":…} a line on stdout
#   --check   fails when a figure is above its limit (the tables at the end)
#   --wasmd   the node's version: 0.70.3, or 0.53.4, where each call of a contract pays for loading it again
#   PLIMSOLL_GAS_PORT   the first of three ports of its node: 27757
#
# Setting of every row: contracts not pinned, denoms uusd and uatom, one message a transaction, no memo, `gas_used`; two
# markets with interest to add, one collateral, one debt, account_id 0, prices as two feeders left them; the lender who
# withdraws has no debt; the liquidation is partial, takes underlying, and gets a refund. `batch` deposits and borrows.
# `borrow_live` borrows against a token that a pair prices, in uatom, which is fed: the pair is asked in the message. `liquidate_rate`
# liquidates that account, its price published just before.
#
# A row that ends in a number liquidates so many accounts in one message, each in part.
# - `liquidate_batch_N` pays with the sender's own coins, in the pool.
# - `liquidate_via_liquidator_N` starts with gas money only: the liquidator sells what is seized.
# - The accounts of `liquidate_batch_ibc_N` owe and lose denoms of 68 characters, and have a second collateral.
# - `further_account_…` is what one account more costs: a ninetieth of what a hundred cost above ten.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$repo_root"

json=''
check=''
while (($#)); do
	case $1 in
	--json) json=1 ;;
	--check) check=1 ;;
	--wasmd)
		export PLIMSOLL_WASMD=${2:-none}
		shift
		;;
	*) die "usage: ${0##*/} [--json] [--check] [--wasmd <version>]" ;;
	esac
	(($# == 0)) || shift
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

# fed <denom>…: two feeders give its price.
fed() {
	local denom
	for denom; do
		tx owner execute "$oracle" "$(jq -nc --arg denom "$denom" --arg one "$(address feeder1)" --arg two "$(address feeder2)" \
			'{set_source: {denom: $denom, source: {feed: {feeders: [$one, $two], quorum: 2}},
			guards: {max_age: 86400, floor: "0.01", ceiling: "1000", bound_hold: 600, max_deviation: "0.5", step_interval: 1,
				age_spread: "0.01"}}}')" >/dev/null
	done
}
# feed <price> [<denom> <denom of price 1>]: the price of uatom unless another is named. Returns once liquidation counts it.
feed() {
	local feeder price=$1 denom=${2:-uatom} unit=${3:-uusd}
	for feeder in feeder1 feeder2; do
		tx $feeder execute "$oracle" "{\"feed\":{\"prices\":[{\"denom\":\"$unit\",\"price\":\"1\"},{\"denom\":\"$denom\",\"price\":\"$price\"}]}}" >/dev/null
	done
	until_settled "$oracle" "$denom" "$price" >/dev/null || die "$denom is not at $price"
}
# listed <denom>…: the pool lists it.
listed() {
	local denom
	for denom; do
		tx owner execute "$pool" "$(jq -nc --arg denom "$denom" '{init_asset: {params: {denom: $denom, decimals: 6,
			max_loan_to_value: "0.7", liquidation_threshold: "0.75",
			liquidation_bonus: {min: "0.02", max: "0.1", full_at: "0.9"}, protocol_liquidation_fee: "0.2",
			reserve_factor: "0.1", reserve_floor: "0.01", flash_loan_fee: "0.0009", supply_cap: "1000000000000000", borrow_cap: "1000000000000000",
			rate_model: {kinked: {optimal_utilization_rate: "0.8", base: "0.01", slope_1: "0.08", slope_2: "1"}}}}}')" >/dev/null
	done
}
fed uusd uatom
feed 10
listed uusd uatom
# Other people's debts, so that every row finds interest to add in both markets.
call owner '{"deposit":{"account_id":1}}' 100000000000uatom >/dev/null
call owner '{"deposit":{"account_id":2}}' 100000000000uusd >/dev/null
call owner '{"borrow":{"account_id":1,"denom":"uusd","amount":"30000000000"}}' >/dev/null
call owner '{"borrow":{"account_id":2,"denom":"uatom","amount":"3000000000"}}' >/dev/null

# ---- the rows -----------------------------------------------------------------------------------------------------------

rows=''
# row <action> <from> <message> [<coins> [<contract>]]: the pool executes it unless another contract is named.
row() { figure "$1" "$(tx "$2" execute "${5:-$pool}" "$3" ${4:+--amount "$4"} | jq -r .gas_used)"; }
figure() {
	rows+="$1 $2"$'\n'
	if [[ $json ]]; then printf '{"action":"%s","gas":%s}\n' "$1" "$2"; else printf '%-30s %9d\n' "$1" "$2"; fi
}
gas_of() { awk -v action="$1" '$1 == action { print $2 }' <<<"$rows"; }
row deposit user1 '{"deposit":{}}' 5000000000uusd
row deposit_again user1 '{"deposit":{}}' 5000000000uusd
row deposit_collateral user2 '{"deposit":{}}' 1000000000uatom
row borrow user2 '{"borrow":{"denom":"uusd","amount":"2000000000"}}'
row borrow_again user2 '{"borrow":{"denom":"uusd","amount":"1000000000"}}'
row repay user2 '{"repay":{}}' 500000000uusd
row withdraw_lender user1 '{"withdraw":{"denom":"uusd","amount":"1000000000"}}'
row transfer_shares user2 '{"transfer_shares":{"denom":"uatom","shares":"100000000000000","recipient_account_id":1}}'
row set_operator user2 "{\"set_operator\":{\"operator\":\"$(address keeper)\",\"scopes\":[\"withdraw_to_owner\"]}}"
row withdraw_operator keeper "{\"withdraw\":{\"denom\":\"uatom\",\"amount\":\"1000000\",\"on_behalf_of\":\"$(address user2)\"}}"
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
listed $ibc
call user1 '{"deposit":{"account_id":7}}' "2000000000$ibc" >/dev/null
publish
row borrow_live user1 '{"borrow":{"account_id":7,"denom":"uusd","amount":"6100000000"}}'
feed 8
publish
row liquidate_rate keeper "{\"liquidate\":{\"user\":\"$(address user1)\",\"account_id\":7,\"collateral_denom\":\"$ibc\"}}" 6100000000uusd
feed 9

# ---- many at once -------------------------------------------------------------------------------------------------------

say "many accounts"
# open <user> <first account_id> <how many> <denom of the debt> <collaterals, a JSON array of coins>: each account deposits these
# and borrows 625 whole tokens, all in one transaction.
open() {
	opening "$pool" "$2" $(($2 + $3 - 1)) "$5" "$(jq -nc --arg denom "$4" '{$denom, amount: "625000000"}')" |
		submit_all "$1" 60000000 >/dev/null
}
# items <user> <first account_id> <how many> <denom of the debt> <denom of the collateral>
items() {
	jq -nc --arg user "$(address "$1")" --argjson first "$2" --argjson count "$3" --arg debt "$4" --arg collateral "$5" \
		'[range($first; $first + $count) | {liquidate: {$user, account_id: ., collateral_denom: $collateral, debt_denom: $debt,
			max_repay: "625000000"}}]'
}
# direct <row> <user> <first account_id> <how many> <denom of the debt> <denom of the collateral>: all must succeed.
direct() {
	row "$1_$4" keeper "$(jq -nc --argjson items "$(items "${@:2}")" --argjson count "$4" \
		'{liquidate_batch: {items: $items, min_success: $count}}')" "$((625000000 * $4))$5"
}
# through <row> <user> <first account_id> <how many>
through() {
	row "$1_$4" keeper "$(jq -nc --argjson items "$(items "${@:2}" uusd uatom)" --arg pair "$pair" --argjson count "$4" '{liquidate: {
		items: $items, min_success: $count,
		routes: [{collateral_denom: "uatom", debt_denom: "uusd", hops: [{pair: $pair, ask_denom: "uusd"}], min_profit: "0"}]}}')" \
		'' "$liquidator"
}
# further <name> <row>
further() { figure "further_account_$1" $((($(gas_of "$2_100") - $(gas_of "$2_10")) / 90)); }

liquidator=$(deploy liquidator "{\"pool\":\"$pool\"}")
pair=$(deploy pair '{"asset_infos":[{"native_token":{"denom":"uatom"}},{"native_token":{"denom":"uusd"}}],"fee":"0.003"}')
provide='{"provide_liquidity":{"assets":[{"info":{"native_token":{"denom":"uatom"}},"amount":"1000000000000"},
	{"info":{"native_token":{"denom":"uusd"}},"amount":"8000000000000"}]}}'
tx owner execute "$pair" "$provide" --amount 1000000000000uatom,8000000000000uusd >/dev/null
row batch user4 '{"batch":{"actions":[{"deposit":{"coin":{"denom":"uatom","amount":"100000000"},"account_id":0}},
	{"borrow":{"denom":"uusd","amount":"625000000","account_id":0}}]}}' 100000000uatom
call owner '{"deposit":{"account_id":2}}' 1000000000000uusd >/dev/null
hundred_atom='[{"denom":"uatom","amount":"100000000"}]'
open user3 100 111 uusd "$hundred_atom"
open user4 100 111 uusd "$hundred_atom"
feed 8
direct liquidate_batch user3 100 1 uusd uatom
direct liquidate_batch user3 101 10 uusd uatom
direct liquidate_batch user3 111 100 uusd uatom
through liquidate_via_liquidator user4 100 1
through liquidate_via_liquidator user4 101 10
through liquidate_via_liquidator user4 111 100
further batch liquidate_batch
further via_liquidator liquidate_via_liquidator

say "leverage"
margin=$(deploy margin "{\"pool\":\"$pool\"}")
# Two accounts granted for good, so that each row is one message.
for id in 20 21; do
	call user1 "{\"set_operator\":{\"operator\":\"$margin\",\"account_id\":$id,
		\"scopes\":[\"open_slot\",\"withdraw_anywhere\",\"borrow_anywhere\"]}}" >/dev/null
done
# position <message> <fields>: the message on account 20, in uatom against uusd over the pair.
position() {
	jq -nc --arg name "$1" --arg pair "$pair" --arg ask "${3:-uatom}" --argjson fields "$2" '{($name): ({account_id: 20,
		collateral_denom: "uatom", debt_denom: "uusd", hops: [{$pair, ask_denom: $ask}], min_received: "1"} + $fields)}'
}
row margin_open user1 "$(position open '{"size":{"leverage":"2.5"}}')" 1000000000uatom "$margin"
row margin_open_amount user1 "$(position open '{"account_id":21,"size":{"borrow":"10000000000"}}')" 1000000000uatom "$margin"
row margin_adjust_down user1 "$(position adjust '{"to":{"leverage":"2"},"max_sold":"1000000000000"}')" '' "$margin"
row margin_adjust_up user1 "$(position adjust '{"to":{"leverage":"3"},"max_debt":"1000000000000"}')" '' "$margin"
row margin_close user1 "$(position close '{}' uusd)" '' "$margin"

say "denoms of 68 characters"
osmo=ibc/ED07A3391A112B175915CD8FAF43A2DA8E4790EDE12566649D0C2F97716B8518
usdc=ibc/498A0751C798A0D9A389AA3691123DADA57DAA4FE165D5C75894505B876BA6E4
fed $osmo $usdc
feed 9 $osmo $usdc
listed $osmo $usdc
call owner '{"deposit":{"account_id":2}}' 1000000000000$usdc >/dev/null
call owner '{"deposit":{"account_id":1}}' 100000000000$osmo >/dev/null
call owner "{\"borrow\":{\"account_id\":2,\"denom\":\"$osmo\",\"amount\":\"3000000000\"}}" >/dev/null
open user3 300 110 $usdc "$(jq -nc --arg osmo $osmo '[{denom: $osmo, amount: "100000000"}, {denom: "uatom", amount: "1000000"}]')"
feed 8 $osmo $usdc
direct liquidate_batch_ibc user3 300 10 $usdc $osmo
direct liquidate_batch_ibc user3 310 100 $usdc $osmo
further batch_ibc liquidate_batch_ibc

# ---- the limits ---------------------------------------------------------------------------------------------------------

above=''
# at_most <action> <limit>
at_most() {
	local gas
	gas=$(gas_of "$1")
	[[ $gas ]] || die "$1 was not measured"
	((gas <= $2)) || above+="$1: $gas is above $2"$'\n'
}

if [[ $wasmd_version == 0.70.3 ]]; then
	# Action, floor, limit. The floor is a bare contract that only does the unavoidable reads and writes. The limit is 1.4
	# times that, or 1.1 times for `liquidate`.
	while read -r action _ limit; do at_most "$action" "$limit"; done <<-'LIMITS'
		deposit 153132 215000
		deposit_again 153296 215000
		deposit_collateral 153270 215000
		borrow 160499 225000
		borrow_again 160580 225000
		repay 153829 215000
		withdraw_lender 153559 215000
		withdraw_borrower 160588 225000
		liquidate 205073 225000
	LIMITS
	at_most liquidate_via_liquidator_1 480000
	at_most margin_open 750000
else
	at_most liquidate_via_liquidator_1 800000
fi
at_most further_account_batch 18000
at_most further_account_via_liquidator 18000
at_most further_account_batch_ibc $(($(gas_of further_account_batch) * 3 / 2))
at_most liquidate_via_liquidator_10 $(($(gas_of liquidate_via_liquidator_1) * 14 / 10))
if [[ $above ]]; then
	say "${above%$'\n'}"
	[[ ! $check ]] || exit 1
fi
