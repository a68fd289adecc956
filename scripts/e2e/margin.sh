# shellcheck shell=bash
# The form --margin of scripts/e2e.sh: sourced by it, never run. A position of nine times its equity is opened, adjusted
# and closed, each in one transaction that grants the margin contract the account for one block. Each must do to the unit
# what its quote a block before said: the markets ask no interest here. The position is closed while borrowing and flash
# loans are stopped and the debt's market has no cash.

margin=$(jq -r .margin.address "$work/deployment.json")
pair=$(jq -r '.pairs[] | select(.denoms[0] == "uatom") | .address' "$work/deployment.json")
user2=$(address user2)

say "raising what may be borrowed to 90 %"
for denom in uatom uusd; do
	call owner "$(jq -nc --arg denom $denom '{update_asset: {$denom, changes: {max_loan_to_value: "0.9", liquidation_threshold: "0.93",
		liquidation_bonus: {min: "0.02", max: "0.02", full_at: "0.95"},
		rate_model: {kinked: {optimal_utilization_rate: "0.8", base: "0", slope_1: "0", slope_2: "0"}}}}}')"
done
call user1 '{"deposit":{}}' 100000000000uusd

# position <message> <fields> [<what the last pair pays>]: a message in uatom against uusd.
position() {
	jq -nc --arg name "$1" --arg pair "$pair" --arg ask "${3:-uatom}" --argjson fields "$2" '{($name): ({collateral_denom: "uatom",
		debt_denom: "uusd", hops: [{$pair, ask_denom: $ask}], min_received: "0"} + $fields)}'
}
# as_quoted <what it is> <message> [<amount of uatom>]: quotes it, takes the least return from the quote, sends it with
# the grant in one transaction, and compares. Prints the account's leverage afterwards and the gas.
as_quoted() {
	local what=$1 msg=$2 funds='[]' quote sent now told
	[[ ! ${3:-} ]] || funds="[$(coin uatom "$3")]"
	quote=$(smart "$margin" "$(jq -nc --arg user "$user2" --argjson order "$msg" --argjson funds "$funds" '{quote: {$user, $order, $funds}}')")
	[[ $quote && $quote != null ]] || die "no quote for: $what"
	[[ $(jq -r 'keys[0]' <<<"$msg") == close ]] || msg=$(jq -c --argjson quote "$quote" '.[].min_received = $quote.bought.amount' <<<"$msg")
	sent=$(jq -nc --arg pool "$pool" --arg margin "$margin" --argjson msg "$msg" --argjson funds "$funds" '
		{contract: $pool, funds: [], msg: {set_operator: {operator: $margin, expiry: "this_block",
			scopes: ["open_slot", "withdraw_anywhere", "borrow_anywhere"]}}},
		{contract: $margin, $msg, $funds}' | submit_all user2 4000000)
	told=$(jq -c --arg margin "$margin" '[.events[] | select(.type == "wasm") | .attributes | map({(.key): .value}) | add
		| select(._contract_address == $margin)] | add | [.sold, .bought, .fee]' <<<"$sent")
	jq -e --argjson told "$told" '$told == [.sold.amount + .sold.denom, .bought.amount + .bought.denom, .fee]' <<<"$quote" >/dev/null ||
		die "$what did $told, but was quoted $quote"
	jq -e --argjson paid "$(jq -c '[.paid[] | .amount + .denom]' <<<"$quote")" --arg margin "$margin" '
		[.events[] | select(.type == "wasm") | .attributes | select(any(.key == "_contract_address" and .value == $margin))[]
			| select(.key == "proceeds") | .value] == $paid' <<<"$sent" >/dev/null || die "$what paid something else than quoted: $quote"
	now=$(smart "$pool" "{\"user_position\":{\"user\":\"$user2\"}}")
	[[ $(jq -cS . <<<"$now") == "$(jq -cS .position <<<"$quote")" ]] || die "$what left $now, but $quote was quoted"
	[[ $(holdings "$margin") == '[]' ]] || die "the margin contract holds $(holdings "$margin")"
	say "$what: leverage $(jq '(.collateral_value | tonumber) as $c | if $c == 0 then 0 else $c / ($c - (.debt_value | tonumber)) end' \
		<<<"$now"), as quoted; $(jq -r .gas_used <<<"$sent") gas with its grant"
}

as_quoted "opened at nine times" "$(position open '{"size":{"leverage":"9"}}')" 100000000
as_quoted "adjusted to five times" "$(position adjust '{"to":{"leverage":"5"},"max_sold":"1000000000"}')"
as_quoted "adjusted to seven times" "$(position adjust '{"to":{"leverage":"7"},"max_debt":"10000000000"}')"
call owner '{"pause":{"deposit":true,"borrow":true,"flash_loan":true}}'
call user1 '{"withdraw":{"denom":"uusd"}}'
cash=$(smart "$pool" '{"solvency":{"denom":"uusd"}}' | jq -r .cash)
[[ $cash == 0 ]] || die "the debt's market has $cash uusd left"
as_quoted "closed with all stopped and no cash" "$(position close '{}' uusd)"
smart "$pool" "{\"accounts\":{\"keys\":[{\"owner\":\"$user2\",\"account_id\":0}]}}" | jq -e '.accounts == []' >/dev/null ||
	die "the account is not empty"
for denom in uusd uatom; do
	smart "$pool" "{\"solvency\":{\"denom\":\"$denom\"}}" | jq -e .solvent >/dev/null || die "the books of $denom don't balance"
done
