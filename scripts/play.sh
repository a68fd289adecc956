#!/usr/bin/env bash
# Plays on the local node that scripts/localnet.sh started and scripts/deploy.sh filled, with its public test keys.
#
#   scripts/play.sh fund ADDRESS         money for gas, from the owner
#   scripts/play.sh borrow               user1 lends 100,000 dollars, a new account of user2 supplies 100 ATOM and borrows 65 % of their worth
#   scripts/play.sh price DENOM PRICE    both feeders vote for this price, as 8.2
#
# PLIMSOLL_HOME, PLIMSOLL_CHAIN_ID and PLIMSOLL_RPC_PORT as for localnet.sh; PLIMSOLL_DEPLOYMENT is deployments/local.json.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$repo_root"
usage() { die "usage: ${0##*/} fund ADDRESS | borrow | price DENOM PRICE"; }
need jq jq
export PLIMSOLL_HOME=${PLIMSOLL_HOME:-$repo_root/.localnet} PLIMSOLL_CHAIN_ID=${PLIMSOLL_CHAIN_ID:-plimsoll-local-1}
export PLIMSOLL_RPC_PORT=${PLIMSOLL_RPC_PORT:-26757}
source scripts/chain.sh
deployment=${PLIMSOLL_DEPLOYMENT:-deployments/local.json}
[[ -f $deployment ]] || die "there is no $deployment; run scripts/deploy.sh local"
pool=$(jq -r .pool.address "$deployment")
oracle=$(jq -r .oracle.address "$deployment")

case "${1:-} $#" in
'fund 2')
	submit owner bank send owner "$2" 1000000000ustake >/dev/null
	say "sent 1000000000ustake to $2"
	;;
'borrow 1')
	for denom in uusd uatom; do
		price=$(settled_price "$oracle" $denom)
		now=$(jq -r '.valid.price // empty' <<<"$price")
		[[ $now ]] || die "$denom has no price: $price; vote one with scripts/play.sh price, or for all with scripts/deploy.sh local"
	done
	# An account that owes nothing yet, and 65 % of what its collateral is worth now.
	user2=$(address user2)
	for ((id = 0; ; id++)); do
		debts=$(smart "$pool" "$(jq -nc --arg user "$user2" --argjson id $id '{user_debts: {user: $user, account_id: $id}}')")
		[[ $(jq '.debts | length' <<<"$debts") != 0 ]] || break
	done
	owed=$(jq -n --arg now "$now" '$now | tonumber * 65000000 | floor')
	tx user1 execute "$pool" '{"deposit":{}}' --amount 100000000000uusd >/dev/null
	# Both or neither.
	tx user2 execute "$pool" "$(jq -nc --argjson id $id --arg owed "$owed" '{batch: {actions: [
		{deposit: {coin: {denom: "uatom", amount: "100000000"}, account_id: $id}},
		{borrow: {denom: "uusd", amount: $owed, account_id: $id}}]}}')" --amount 100000000uatom >/dev/null
	say "$user2/$id has 100 ATOM, at $now, and owes ${owed}uusd;" \
		"below about $(jq -n --argjson owed "$owed" '$owed / 75000000 * 100 | round / 100') an ATOM that can be liquidated"
	;;
'price 3')
	vote=$(jq -nc --arg denom "$2" --arg price "$3" '{feed: {prices: [{$denom, $price}]}}')
	for feeder in feeder1 feeder2; do tx $feeder execute "$oracle" "$vote" >/dev/null; done
	price=$(until_settled "$oracle" "$2" "$3") ||
		die "$2 is at $price, not at $3: the settled price follows votes in steps (max_deviation, step_interval), and bounds hold it" \
			"for a while; look again later"
	say "$2 is at $3"
	;;
*) usage ;;
esac
