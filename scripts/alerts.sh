#!/usr/bin/env bash
# Checks the alerts of scripts/prometheus with promtool: the rules are well formed, each fires when it should, and each is
# quiet when it should be.
#
#   scripts/alerts.sh
#
# promtool is the installed one, or that of Debian's package prometheus, unpacked into target/.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$repo_root"
use_prometheus
cd scripts/prometheus
"$promtool" check rules plimsoll.rules.yml
"$promtool" test rules plimsoll.test.yml
