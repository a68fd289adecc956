# shellcheck shell=bash
# Shared by the scripts here: sourced, never run. Progress goes to stderr, so that stdout stays for results.

# shellcheck disable=SC2034  # used by those who source this
repo_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)

say() { printf '%s\n' "$*" >&2; }

die() {
	say "error: $*"
	exit 1
}

# need <command> <Debian package>: the command is there afterwards, or the script ends with one line that says what to
# install.
need() {
	command -v "$1" >/dev/null && return
	if [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
		apt_install "$2" || true
	fi
	command -v "$1" >/dev/null || die "$1 is missing; install it (on Debian: apt-get install $2)"
}

# Lists are fetched only when the packages aren't found without: that step is the slow one.
apt_install() {
	say "installing $* with apt-get"
	export DEBIAN_FRONTEND=noninteractive
	apt-get install -y -qq "$@" >/dev/null 2>&1 || {
		apt-get update -qq >/dev/null 2>&1 && apt-get install -y -qq "$@" >/dev/null 2>&1
	}
}

# run_steps <names> [step…]: runs the functions of these names in this order, or only those that are named; ends at the first that fails.
run_steps() {
	local known=$1 step steps
	shift
	steps=("$@")
	(($#)) || read -ra steps <<<"$known"
	for step in "${steps[@]}"; do
		[[ " $known " == *" $step "* ]] || die "no such step: $step; there are $known"
		say "=== $step"
		SECONDS=0
		"$step" || die "$step failed"
		say "=== $step passed in $SECONDS s"
	done
}

# sha256 [file]…: as sha256sum prints it, which a Mac calls otherwise.
sha256() {
	if command -v sha256sum >/dev/null; then sha256sum "$@"; else shasum -a 256 "$@"; fi
}

# build_keeper [argument…]: builds the binary, with these arguments for cargo, and sets $keeper to its path. PLIMSOLL_PROFILE=dev takes
# the one that the tests have built already.
build_keeper() {
	command -v cargo >/dev/null || die "cargo is missing; install Rust from https://rustup.rs"
	local profile=${PLIMSOLL_PROFILE:-release} select=(-p plimsoll-keeper)
	# With the features of the workspace's tests: nothing is compiled twice.
	[[ $profile != dev ]] || select=(--workspace --bin keeper --features plimsoll-keeper/faults)
	cargo build --locked --quiet --manifest-path "$repo_root/Cargo.toml" --profile "$profile" "${select[@]}" "$@" >&2
	# shellcheck disable=SC2034  # used by those who source this
	keeper=${CARGO_TARGET_DIR:-$repo_root/target}/${profile/#dev/debug}/keeper
}

# need_wasm: the artifacts are all there and no older than what they are built from; otherwise they are built.
need_wasm() {
	local sums=$repo_root/artifacts/checksums.txt
	if has_wasm "$sums" && [[ ! $(find "$repo_root"/{contracts,schema,Cargo.toml,Cargo.lock} \
		-name '*.rs' -newer "$sums" -o -name 'Cargo.*' -newer "$sums") ]]; then
		return
	fi
	"$repo_root/scripts/wasm.sh" --no-check >&2
}

# has_wasm <checksums>: the list is there, and so is each file that it names.
has_wasm() {
	local file
	[[ -f $1 ]] || return
	while read -r _ file; do
		[[ -f ${1%/*}/${file#\*} ]] || return
	done <"$1"
}

# own_node <name> <chain id> <first of three ports>: localnet.sh and chain.sh then start and ask a node of this script's
# own, beside one that may be running. It is wiped at the start, so what PLIMSOLL_HOME says elsewhere is not asked.
own_node() {
	export PLIMSOLL_HOME=$repo_root/target/localnet/$1-home PLIMSOLL_CHAIN_ID=$2
	export PLIMSOLL_RPC_PORT=$3 PLIMSOLL_GRPC_PORT=$(($3 + 1)) PLIMSOLL_P2P_PORT=$(($3 + 2))
}

# use_wasmd: sets $wasmd to the node's binary of the version that PLIMSOLL_WASMD names, $wasmd_version to that version, and
# $wasmd_pins to the module that pins it. Each version has a binary of its own.
use_wasmd() {
	wasmd_version=${PLIMSOLL_WASMD:-0.70.3}
	case $wasmd_version in
	0.70.3) wasmd_pins=$repo_root/scripts/localnet ;;
	0.53.4) wasmd_pins=$repo_root/scripts/localnet/wasmd-$wasmd_version ;;
	*) die "wasmd $wasmd_version is not pinned here; PLIMSOLL_WASMD is 0.70.3 or 0.53.4" ;;
	esac
	wasmd=$repo_root/target/localnet/wasmd-$wasmd_version/wasmd
}

# use_prometheus: sets $promtool and $prometheus. Those that are installed, or else those of Debian's package, which is
# unpacked into target/ and not installed: it would start a server.
use_prometheus() {
	local folder=$repo_root/target/prometheus
	if command -v promtool >/dev/null && command -v prometheus >/dev/null; then
		promtool=$(command -v promtool) prometheus=$(command -v prometheus)
		return
	fi
	if [[ ! -x $folder/usr/bin/promtool ]]; then
		local missing="promtool is missing; install Prometheus, so that promtool and prometheus are in PATH"
		command -v apt-get >/dev/null && command -v dpkg >/dev/null || die "$missing"
		say "unpacking Debian's package prometheus into target/"
		rm -rf "$folder"
		mkdir -p "$folder"
		(
			cd "$folder"
			apt-get download prometheus >/dev/null 2>&1 ||
				{ apt-get update -qq >/dev/null 2>&1 && apt-get download prometheus >/dev/null 2>&1; }
		) || die "$missing (apt-get download prometheus failed)"
		dpkg -x "$folder"/prometheus_*.deb "$folder"
		rm "$folder"/prometheus_*.deb
	fi
	# shellcheck disable=SC2034  # used by those who source this
	promtool=$folder/usr/bin/promtool prometheus=$folder/usr/bin/prometheus
}

# use_z3: sets $z3_python to a Python that has z3 in the version that the proofs pin, in a virtual environment of its own.
use_z3() {
	local folder=$repo_root/target/proofs pins=$repo_root/contracts/risk/proofs/requirements.txt
	# shellcheck disable=SC2034  # used by those who source this
	z3_python=$folder/bin/python
	if [[ -x $z3_python ]] && cmp -s "$pins" "$folder/requirements.txt"; then return; fi
	local missing="python3 can't make a virtual environment; install its venv (on Debian: apt-get install python3-venv)"
	python3 -c 'import ensurepip, venv' 2>/dev/null || {
		[[ $(id -u) == 0 ]] && command -v apt-get >/dev/null && apt_install python3-venv
	} || die "$missing"
	say "installing $(<"$pins") into target/proofs"
	python3 -m venv --clear "$folder" >&2 || die "$missing"
	"$folder/bin/pip" install --quiet --disable-pip-version-check --requirement "$pins" >&2 ||
		die "pip install $(<"$pins") failed"
	cp "$pins" "$folder/requirements.txt"
}
