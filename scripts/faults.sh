#!/usr/bin/env bash
# Faults put into the contracts by hand, one after the other; for each the test that it names, or the fuzz, must fail.
# Prints which caught which, and ends with 1 when a fault is not caught, doesn't apply or doesn't compile.
#
#   scripts/faults.sh [--fuzz] [N | name…]     all of tests/faults, only the first N, or those whose name contains a word
#
# Works on what is committed, in a worktree of its own under target/. The fuzz is asked where the named test does not fail; with --fuzz always, and
# with --fuzz-only the tests are left out. PLIMSOLL_FAULTS_OPS sets how long it is: 50,000 operations.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
command -v cargo >/dev/null || die "cargo is missing; install Rust from https://rustup.rs"

always=false tests=true words=()
for arg in "$@"; do
	case $arg in
		--fuzz) always=true ;;
		--fuzz-only) always=true tests=false ;;
		-*) die "no such option: $arg" ;;
		*) words+=("$arg") ;;
	esac
done

patches=("$repo_root"/tests/faults/*.patch)
if [[ ${#words[@]} == 1 && ${words[0]} =~ ^[0-9]+$ ]]; then
	patches=("${patches[@]:0:${words[0]}}")
elif [[ ${#words[@]} -gt 0 ]]; then
	chosen=()
	for patch in "${patches[@]}"; do
		for word in "${words[@]}"; do [[ $(basename "$patch") != *"$word"* ]] || { chosen+=("$patch") && break; }; done
	done
	patches=(${chosen[@]+"${chosen[@]}"})
fi
[[ ${#patches[@]} -gt 0 ]] || die "no such fault: ${words[*]}"

work=$repo_root/target/faults
tree=$work/tree
# A target folder of its own: a faulty build must never pass for the real one.
export CARGO_TARGET_DIR=$work/target RUST_BACKTRACE=0 PLIMSOLL_PROFILE=${PLIMSOLL_PROFILE:-fuzz}
mkdir -p "$work"
git -C "$repo_root" worktree prune
[[ ! -e $tree ]] || git -C "$repo_root" worktree remove --force "$tree"
git -C "$repo_root" worktree add --quiet --force --detach "$tree" HEAD
trap 'git -C "$repo_root" worktree remove --force "$tree"' EXIT

field() { sed -n "s/^$1: //p;/^diff /q" "$2"; }

# by_test <patch>: what its test says of the tree.
by_test() {
	local log=$work/$name.test
	local args
	read -ra args <<<"$(field test "$1")"
	local filter=${args[-1]}
	unset 'args[-1]'
	(cd "$tree" && cargo test --locked --quiet "${args[@]}" --no-run) &>"$log" || { echo "doesn't compile" && return; }
	if (cd "$tree" && cargo test --locked "${args[@]}" -- "$filter") &>"$log"; then
		grep -q ' 0 passed' "$log" && echo "no such test" || echo missed
	elif grep -q '^test result: FAILED' "$log"; then
		echo caught
	else
		echo "broken off"
	fi
}

# by_fuzz: what random histories say of the tree.
by_fuzz() {
	local log=$work/$name.fuzz
	if (cd "$tree" && scripts/fuzz.sh --ops "${PLIMSOLL_FAULTS_OPS:-50000}" --no-shrink) &>"$log"; then
		echo missed
	elif grep -q '^VIOLATION' "$log"; then
		echo "caught: $(sed -n 's/^VIOLATION in [^:]*: //p' "$log" | cut -c1-70)"
	elif grep -q '^error' "$log"; then
		echo "doesn't compile"
	else
		echo "share below its bound"
	fi
}

# A test that fails without any fault proves nothing.
if [[ $tests == true ]]; then
	for patch in "${patches[@]}"; do
		name=$(basename "$patch" .patch)
		[[ $(field test "$patch") == fuzz ]] && continue
		sound=$(by_test "$patch")
		[[ $sound == missed ]] || die "without $name its test should pass: $sound; see $work/$name.test"
	done
fi

failed=0
printf '%-36s %-16s %s\n' fault "named test" fuzz
for patch in "${patches[@]}"; do
	name=$(basename "$patch" .patch)
	git -C "$tree" checkout --quiet .
	if ! git -C "$tree" apply --recount -C1 "$patch" 2>"$work/$name.apply"; then
		printf '%-36s %s\n' "$name" "doesn't apply"
		failed=$((failed + 1))
		continue
	fi
	tested=- fuzzed=-
	[[ $tests == false || $(field test "$patch") == fuzz ]] || tested=$(by_test "$patch")
	[[ $always == false && $tested == caught ]] || fuzzed=$(by_fuzz)
	printf '%-36s %-16s %s\n' "$name" "$tested" "$fuzzed"
	[[ $tested == caught || $fuzzed == caught* ]] || failed=$((failed + 1))
done
[[ $failed == 0 ]] || die "$failed of ${#patches[@]} faults were not caught; logs are in $work"
say "all ${#patches[@]} faults were caught"
