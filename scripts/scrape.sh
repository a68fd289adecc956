#!/usr/bin/env bash
# A real Prometheus scrapes a running keeper: a local node, one account that falls below health factor 1, and `keeper run
# --live`, which meets one fault on purpose. Then Prometheus is asked for every metric that the rules of scripts/prometheus
# name, but the one of live sources, and whether it evaluates each rule.
#
#   scripts/scrape.sh [--json]
#
#   PLIMSOLL_SCRAPE_PORT   the first of five ports, of the node, the keeper's monitor and Prometheus: 28157
#   PLIMSOLL_WASMD         which wasmd, as for localnet.sh
#   --json   one object on stdout: metrics, rules, firing
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$repo_root"
json=''
[[ $* == '' || $* == --json ]] || die "usage: ${0##*/} [--json]"
[[ $* == '' ]] || json=1
need jq jq
need curl curl
use_prometheus

first_port=${PLIMSOLL_SCRAPE_PORT:-28157}
own_node scrape plimsoll-local-1 "$first_port"
monitor=127.0.0.1:$((first_port + 3))
api=127.0.0.1:$((first_port + 4))
source scripts/chain.sh
work=$repo_root/target/localnet/scrape
rules=$repo_root/scripts/prometheus/plimsoll.rules.yml
rm -rf "$work"
mkdir -p "$work"

keeper_pid='' prometheus_pid=''
finish() {
	local pid
	for pid in $keeper_pid $prometheus_pid; do
		kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	scripts/localnet.sh down >/dev/null 2>&1 || true
}
trap finish EXIT
scripts/localnet.sh reset >/dev/null
rpc=http://127.0.0.1:$PLIMSOLL_RPC_PORT
scripts/deploy.sh local --out "$work/deployment.json" --grpc "http://127.0.0.1:$PLIMSOLL_GRPC_PORT" --rpc "$rpc"
pool=$(jq -r .pool.address "$work/deployment.json")
# shellcheck disable=SC2034  # used by stage.sh
oracle=$(jq -r .oracle.address "$work/deployment.json")
source scripts/e2e/stage.sh
build_keeper
PLIMSOLL_KEEPER_MNEMONIC=$(key keeper)
export PLIMSOLL_KEEPER_MNEMONIC
# The second key of its mnemonic, because the first has everything. The fault makes one block fail, so that an error is counted.
# shellcheck disable=SC2034  # used by stage.sh
settings=(--deployment "$work/deployment.json" --set "journal.path=$work/journal.jsonl" --set wallet.account=1
	--set "monitor.listen=$monitor" --set book.audit_seconds=1 --set "chain.faults=events #3 fail")

say "opening an account"
call user1 '{"deposit":{}}' 1000000000uusd
call user2 '{"deposit":{}}' 100000000uatom
call user2 '{"borrow":{"denom":"uusd","amount":"650000000"}}'
gas_money "$("$keeper" keys --count 2 --json | jq -sr '.[-1].address')"
say "starting the keeper, and Prometheus"
start_keeper
cat >"$work/prometheus.yml" <<YAML
global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: ["$rules"]
scrape_configs:
  - job_name: keeper
    static_configs: [{ targets: ["$monitor"] }]
YAML
"$promtool" check config "$work/prometheus.yml" >"$work/prometheus.log"
"$prometheus" --config.file="$work/prometheus.yml" --storage.tsdb.path="$work/data" --web.listen-address="$api" \
	--log.level=warn >>"$work/prometheus.log" 2>&1 &
prometheus_pid=$!
fall uatom 8.2 >/dev/null
until_healthy

# ask <path> [curl's arguments…]: what Prometheus' API answers.
ask() { curl -sSfG "http://$api/api/v1/$1" "${@:2}"; }
# missing: the metrics that the rules name and Prometheus has no series of.
missing() {
	local name
	for name in $named; do
		ask query --data-urlencode "query=count({__name__=\"$name\"})" | jq -e '.data.result != []' >/dev/null || echo "$name"
	done
}
# Only a live source has keeper_oracle_stale, and the local network has none.
named=$(grep -oE 'keeper_[a-z_]+' "$rules" | sort -u | grep -v '^keeper_oracle_stale$')
say "asking Prometheus for $(wc -w <<<"$named") metrics"
for _ in {1..60}; do
	kill -0 "$prometheus_pid" 2>/dev/null || die "Prometheus ended: $(tail -n 3 "$work/prometheus.log")"
	kill -0 "$keeper_pid" 2>/dev/null || die "the keeper ended: $(tail -n 3 "$work/keeper.log")"
	absent=$(missing 2>/dev/null) && [[ ! $absent ]] && break
	sleep 1
done
[[ ! $absent ]] || die "Prometheus has no series of: $(xargs <<<"$absent")"
ask query --data-urlencode 'query=up{job="keeper"} == 1' | jq -e '.data.result | length == 1' >/dev/null ||
	die "Prometheus doesn't reach the keeper"
bad=$(ask rules | jq -c '[.data.groups[].rules[] | select(.health != "ok") | {name, health, lastError}]')
[[ $bad == '[]' ]] || die "Prometheus can't evaluate: $bad"
counted=$(ask rules | jq '[.data.groups[].rules[]] | length')
firing=$(ask alerts | jq -c '[.data.alerts[] | select(.state == "firing") | .labels.alertname] | unique')
stop_keeper
if [[ $json ]]; then
	jq -nc --argjson metrics "$(wc -w <<<"$named")" --argjson rules "$counted" --argjson firing "$firing" '$ARGS.named'
else
	echo "Prometheus has all $(wc -w <<<"$named") metrics, and evaluates $counted rules; firing: $firing"
fi
