#!/usr/bin/env bash
# Checks the documents: every Markdown file of the repository, and every heading of them that another file names by its anchor.
#
#   scripts/docs.sh [--json]     prints file:line and the fact for each fault; exits 1 when there is one
#   scripts/docs.sh --selftest   shows that each kind of fault is found, in a folder of its own
#
#   --json   one object a line on stdout: file, line, kind, fact
#
# A fault is
# - a paragraph or a list item of more than 80 words,
# - a sentence of more than 35 words,
# - a line of more than 120 characters,
# - a relative link whose file is missing, or whose #anchor no heading of that file has.
# Tables and code blocks are aside, except that links in tables are followed. Nothing is installed, and nothing is asked
# of the network.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$repo_root"
command -v python3 >/dev/null || die "python3 is missing; install it (on Debian: apt-get install python3)"
exec python3 scripts/docs/check.py "$@"
