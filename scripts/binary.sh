#!/usr/bin/env bash
# Builds the operator's keeper and checks what is in it, and what `cargo demo` compiles.
#
#   scripts/binary.sh     prints the path of the binary, which is stripped
#
# Exits non-zero when the operator's binary has a symbol or text of the in-process chain or of fault injection, or more than 20 MB; or
# when a demo depends on anything that reaches a network, or on the database of the book.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$repo_root"
need nm binutils
need strings binutils
need strip binutils

bytes_max=20000000
# cw-multi-test brings a prost of its own, 0.14; the keeper's is 0.13.
not_in_a_demo='tonic|cosmrs|cosmos-sdk-proto|tendermint.*|rustls|tokio-rustls|redb|hyper|prost v0\.13\..*'

found=$(cargo tree --locked -p plimsoll-keeper --no-default-features --features demo -e normal,build --prefix none |
	grep -E "^($not_in_a_demo)( |$)" | sort -u || true)
[[ -z $found ]] || die "a demo compiles $(tr '\n' ' ' <<<"$found")"

cargo build --locked --quiet --release -p plimsoll-keeper --no-default-features --features node >&2
built=target/release/keeper
for name in cw_multi_test plimsoll_testing fault_script plimsoll_keeper5chain6faulty; do
	! nm "$built" | grep "$name" >/dev/null || die "the operator's binary has symbols of $name"
done
operator=target/release/keeper-operator
strip -o "$operator" "$built"
for name in cw_multi_test cw-multi-test plimsoll_testing 'faults are put in the way'; do
	! strings "$operator" | grep -F "$name" >/dev/null || die "the operator's binary has the text $name"
done
bytes=$(wc -c <"$operator")
((bytes <= bytes_max)) || die "the operator's binary has $bytes bytes; at most $bytes_max are allowed"
say "the operator's binary has $bytes bytes"
echo "$operator"
