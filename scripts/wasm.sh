#!/usr/bin/env bash
# Builds what gets deployed: artifacts/<crate>.wasm for every contract, and artifacts/checksums.txt.
#
#   scripts/wasm.sh [--json] [--no-check]
#
#   --json       one object a contract on stdout: crate, file, bytes, sha256
#   --no-check   without cosmwasm-check
#
# Fails when a contract is larger than it may be: the pool 640,000 bytes, the oracle 450,000, each other 350,000. A chain
# accepts 819,200, and size costs no gas once the code is stored.
#
#   PLIMSOLL_WASM_RUST   rustup or debian: which compiler; unset, rustup's if it can be had, else Debian's
#
# The standard library is compiled along (-Zbuild-std), because the prebuilt one of the wasm32 target carries, since Rust
# 1.82, instructions that chains refuse (bulk memory above all), which no target-cpu takes out again. So the wasm32 target
# needn't be installed; the library's source must be, and RUSTC_BOOTSTRAP makes a stable compiler take the flag.
#
# The same compiler and wasm-opt give the same checksums wherever the repository lies; others give others.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$repo_root"

json=''
check=1
for arg; do
	case $arg in
	--json) json=1 ;;
	--no-check) check='' ;;
	*) die "usage: ${0##*/} [--json] [--no-check]" ;;
	esac
done
command -v cargo >/dev/null || die "cargo is missing; install Rust from https://rustup.rs" # Debian's is too old
need jq jq
need wasm-opt binaryen

target=wasm32-unknown-unknown
# Its own directory: other flags and maybe another compiler, which would undo the native builds' caches.
target_dir=$repo_root/target/wasm-build
out=$repo_root/artifacts

# ---- the compiler -------------------------------------------------------------------------------------------------------

linker=() # the compiler's own, when it brings one

# The usual one, when rustup has the library's source or can fetch it. Bounded: behind a proxy it may hang.
use_rustup() {
	command -v rustup >/dev/null || return
	RUSTC=$(rustup which rustc) || return
	[[ -d $(library)/library/std ]] || timeout 60 rustup component add rust-src >/dev/null 2>&1
}

# A compiler made for wasm, with the library's source beside it, from Debian's own mirrors.
use_debian() {
	command -v apt-get >/dev/null || return
	dpkg -s rustc-web rust-web-src lld-19 >/dev/null 2>&1 ||
		{ [[ $(id -u) == 0 ]] && apt_install rustc-web rust-web-src lld-19; } || return
	RUSTC=$(dpkg -L rustc-web | grep -m1 '/rustc$') || return
	linker=(-C linker=wasm-ld-19 -C linker-flavor=wasm-ld)
}

# Where $RUSTC looks for the library's source.
library() { echo "$("$RUSTC" --print sysroot)/lib/rustlib/src/rust"; }

case ${PLIMSOLL_WASM_RUST:-} in
rustup) use_rustup || die "rustup can't get rust-src" ;;
debian) use_debian || die "can't install rustc-web, rust-web-src and lld-19" ;;
*) use_rustup || use_debian || die "no compiler for wasm: run rustup component add rust-src" ;;
esac
export RUSTC RUSTC_BOOTSTRAP=1
say "compiling with $("$RUSTC" --version)"

# ---- build --------------------------------------------------------------------------------------------------------------

# The contracts: members under contracts/ that make a wasm module (`risk` is a library).
crates=$(cargo metadata --no-deps --format-version 1 --locked | jq -r --arg under "$repo_root/contracts/" '
	.packages[] | select(.manifest_path | startswith($under)) | select(any(.targets[].crate_types[]; . == "cdylib")) | .name')
[[ $crates ]] || die "no contract under contracts/"

cargo_home=${CARGO_HOME:-$HOME/.cargo}
flags=(
	"${linker[@]}"
	-C target-cpu=mvp
	-C link-arg=--allow-undefined # the chain's functions; from Rust 1.96 on that has to be said
	# A panic is the instruction that chains report as a trap, without a text that nobody on a chain can read: the state is
	# undone all the same. It takes about a tenth off.
	-Zunstable-options -Cpanic=immediate-abort
	# Equal functions stay apart, so that each bears its own name (see `snip`); the optimiser folds them afterwards.
	-Zmerge-functions=disabled
	# Panic messages name source files: without their absolute part, checksums don't depend on where things lie.
	"--remap-path-prefix=$repo_root=/plimsoll"
	"--remap-path-prefix=$cargo_home=/cargo"
	"--remap-path-prefix=$(library)=/rust"
	"--remap-path-prefix=$(cd "$(library)" && pwd -P)=/rust"
)
# Joined by the character that cargo splits at, so that a path may hold blanks.
CARGO_ENCODED_RUSTFLAGS=$(IFS=$'\x1f' && echo "${flags[*]}")
export CARGO_ENCODED_RUSTFLAGS
# Names stay until the optimiser takes them out: what is snipped is found by its name.
export CARGO_PROFILE_WASM_STRIP=none

# snip <module> <text>: the module as text, with a trap in place of the code that prints a backtrace. cosmwasm-std's errors carry one, which
# is always empty on a chain and never printed, yet no linker can know that: it would be a twentieth of each contract.
#
# A function of the core library that the demangler's crate was the first to instantiate bears that crate's name at its end and nowhere
# else. Others use it, so it stays. Nothing that stays may call what is snipped.
snip() {
	wasm-dis "$1" -o "$2.whole"
	awk '
		/^ \(func / {
			mentions = split($2, parts, "14rustc_demangle") - 1
			shared = mentions == 1 && parts[2] == ""
			prints = $2 ~ /14rustc_demangle|12backtrace_rs|3std9backtrace.*9Backtrace.*4core3fmt(7Display|5Debug)3fmt/
			if (prints && !shared && $2 !~ /drop_in_place|4drop4Drop/) {
				print $0 "\n  (unreachable)\n )"
				snipped[$2] = inside = 1
				next
			}
		}
		/^ \)$/ && inside { inside = 0; next }
		!inside
		!inside && match($0, /\(call \$[^ ()]+/) { called[substr($0, RSTART + 6, RLENGTH - 6)] = 1 }
		END {
			for (name in snipped) {
				some = 1
				if (name in called) { print name " is called" >"/dev/stderr"; bad = 1 }
			}
			exit bad || !some
		}
	' "$2.whole" >"$2" || die "$1: what prints backtraces is not to be told from the rest: the compiler names it otherwise now"
	rm "$2.whole"
}

mkdir -p "$out" "$target_dir/new"
rm -f "$target_dir/new"/*
artifacts=()
for crate in $crates; do
	artifacts+=("${crate//-/_}.wasm")
	# One at a time: built together, one contract's features would reach what the other shares with it.
	cargo build --locked --profile wasm --lib -p "$crate" \
		-Zbuild-std=std,panic_abort -Zbuild-std-features=optimize_for_size --target "$target" --target-dir "$target_dir" >&2
	# Only what the first WebAssembly had: an optimiser may bring newer instructions in by itself.
	snip "$target_dir/$target/wasm/${crate//-/_}.wasm" "$target_dir/snipped.wat"
	# Flattened in between, since chains refuse a function of more than a hundred locals, and the router of a contract has as many.
	# Larger functions with one caller stay functions, which are then merged with similar ones: a hundredth less.
	wasm-opt -Oz --mvp-features --one-caller-inline-max-function-size=60 --flatten --rereloop -Oz -Oz --merge-similar-functions -Oz \
		"$target_dir/snipped.wat" -o "$target_dir/new/${crate//-/_}.wasm"
done
# All at once, so that what was cut off leaves the old ones.
rm -f "$out"/*.wasm "$out/checksums.txt"
mv "$target_dir/new"/*.wasm "$out/"
(cd "$out" && sha256 "${artifacts[@]}" >checksums.txt)

# ---- check --------------------------------------------------------------------------------------------------------------

# Once as on the newest chains, and once as on each older one: the contracts ask for no capability of 1.1 or later.
if [[ $check ]]; then
	PATH=$PATH:$cargo_home/bin
	# Some newer patch releases want a newer compiler than the repository's.
	command -v cosmwasm-check >/dev/null || {
		say "installing cosmwasm-check (about five minutes)"
		env -u RUSTC -u RUSTC_BOOTSTRAP -u CARGO_ENCODED_RUSTFLAGS cargo install cosmwasm-check --version 3.0.10 --locked --quiet >&2
	}
	capabilities=iterator,staking,stargate
	(cd "$out" && cosmwasm-check "${artifacts[@]}" >&2)
	for version in 1_1 1_2 1_3 1_4; do
		capabilities+=,cosmwasm_$version
		(cd "$out" && cosmwasm-check --available-capabilities "$capabilities" "${artifacts[@]}" >&2)
	done
fi

declare -A limits=([plimsoll-pool]=640000 [plimsoll-oracle]=450000)
for crate in $crates; do
	file=${crate//-/_}.wasm
	bytes=$(wc -c <"$out/$file" | tr -d ' ')
	limit=${limits[$crate]:-350000}
	((bytes <= limit)) || die "$file has $bytes bytes, $limit are allowed"
	sum=$(awk -v file="$file" '$2 == file { print $1 }' "$out/checksums.txt")
	if [[ $json ]]; then
		jq -nc --arg crate "$crate" --arg file "artifacts/$file" --argjson bytes "$bytes" --arg sha256 "$sum" '$ARGS.named'
	else
		printf '%s  %9d  artifacts/%s\n' "$sum" "$bytes" "$file"
	fi
done
