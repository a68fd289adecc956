#!/usr/bin/env bash
# Plays on the local node that scripts/localnet.sh started and scripts/deploy.sh filled, with its public test keys.
#
#   scripts/play.sh fund ADDRESS         money for gas, from the owner
#   scripts/play.sh borrow               user1 lends 100,000 uusd's worth, user2 supplies 100 ATOM and borrows 650 dollars
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
	"$wasmd" tx bank send owner "$2" 1000000000ustake --keyring-backend test --chain-id "$PLIMSOLL_CHAIN_ID" "${net[@]}" \
		--gas 200000 --fees 5000ustake -y >/dev/null
	say "sent 1000000000ustake to $2"
	;;
'borrow 1')
	tx user1 execute "$pool" '{"deposit":{}}' --amount 100000000000uusd >/dev/null
	tx user2 execute "$pool" '{"deposit":{}}' --amount 100000000uatom >/dev/null
	tx user2 execute "$pool" '{"borrow":{"denom":"uusd","amount":"650000000"}}' >/dev/null
	say "$(address user2) owes 650 dollars against 100 ATOM; below about 8.67 dollars an ATOM that can be liquidated"
	;;
'price 3')
	vote=$(jq -nc --arg denom "$2" --arg price "$3" '{feed: {prices: [{$denom, $price}]}}')
	for feeder in feeder1 feeder2; do tx $feeder execute "$oracle" "$vote" >/dev/null; done
	say "$2 is at $(smart "$oracle" "$(jq -nc --arg denom "$2" '{prices_by_denoms: {denoms: [$denom]}}')" | jq -c '.prices[0]')"
	;;
*) usage ;;
esac
