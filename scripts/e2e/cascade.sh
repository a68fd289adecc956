# shellcheck shell=bash
# The long form of scripts/e2e.sh, --accounts N: sourced by it, never run. All accounts fall below health factor 1 at one price, and a keeper
# of four keys with gas money only liquidates them. With --json one object on stdout:
#
#   accounts, keys, price_height, liquidation_height (of the last), blocks_to_clear (the difference), transactions, most_gas (of one), solvent

keys=4
users=(user1 user2 user3 user4)

# ---- accounts -----------------------------------------------------------------------------------------------------------

# Small ones, so that the pair bears the sale of all of them. Each user opens a part, in transactions of a hundred accounts.
say "opening $accounts accounts"
call owner '{"deposit":{}}' 1000000000000uusd
# open_part <user> <how many>
open_part() {
	local first
	for ((first = 0; first < $2; first += 100)); do
		opening "$pool" $first $(((first + 100 < $2 ? first + 100 : $2) - 1)) "[$(coin uatom 10000000)]" "$(coin uusd 63000000)" |
			submit_all "$1" 20000000 >/dev/null
	done
}
openers=()
for at in "${!users[@]}"; do
	open_part "${users[at]}" $(((accounts + at) / ${#users[@]})) &
	openers+=($!)
done
for opener in "${openers[@]}"; do wait "$opener" || die "the accounts could not be opened"; done
[[ $(unhealthy) == '[]' ]] || die "accounts are below health factor 1 before the fall: $(unhealthy | jq -c '.[0]')"

# ---- the fall -----------------------------------------------------------------------------------------------------------

settings+=(--set "wallet.keys=$keys" --set strategy.max_items=250)
while read -r address; do gas_money "$address"; done \
	< <("$keeper" keys --count $((keys + 1)) --json | jq -r '.. | .address? // empty' | tail -n $keys)
say "starting the keeper"
start_keeper
say "one fall"
price_height=$(fall uatom 8.3)
until_healthy 120
stop_keeper

# ---- the verdict --------------------------------------------------------------------------------------------------------

all=$(liquidations)
[[ $(jq 'map(.account) | length == (unique | length)' <<<"$all") == true ]] || die "accounts were liquidated twice: $all"
[[ $(jq length <<<"$all") == "$accounts" ]] || die "$(jq length <<<"$all") accounts were liquidated, not $accounts"
[[ $(holdings "$liquidator") == '[]' ]] || die "the liquidator holds $(holdings "$liquidator")"
solvent=true
for denom in uusd uatom; do
	smart "$pool" "{\"solvency\":{\"denom\":\"$denom\"}}" | jq -e .solvent >/dev/null || solvent=false
done
summary=$(jq -c --argjson accounts "$accounts" --argjson keys $keys --argjson price_height "$price_height" --argjson solvent $solvent '
	(map(.height) | max) as $liquidation_height | {$accounts, $keys, $price_height, $liquidation_height,
		blocks_to_clear: ($liquidation_height - $price_height), transactions: (map(.hash) | unique | length),
		most_gas: (map(.gas | tonumber) | max), $solvent}' <<<"$all")
blocks=$(jq .blocks_to_clear <<<"$summary")
if [[ $json ]]; then echo "$summary"; else
	jq -r '"\(.accounts) accounts were liquidated \(.blocks_to_clear) blocks after the price, in \(.transactions) transactions with at most \(.most_gas) gas; solvent: \(.solvent)"' <<<"$summary"
fi
[[ $solvent == true ]] || die "a market's books don't balance"
((blocks <= 5)) || die "the last liquidation came $blocks blocks after the price"
