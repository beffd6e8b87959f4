#!/usr/bin/env bash
# The SDKs for C, Rust and AssemblyScript: their own tests, the conformance kit on the suite in each language (as compiled
# and rewritten, copied and mapped), builds from templates, and swaps between languages in a running wheel.
#
#   bash .ci/steps/60-sdks.sh
#
# Installs what is missing: clang and lld, and a Rust with the standard library of wasm32-unknown-unknown, by apt-get;
# the AssemblyScript compiler by npm, into the user's cache. What can't be installed fails the step.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly assemblyscript=0.28.20

# has_rust: some rustc in PATH has the target's standard library.
has_rust() {
	local dir libraries
	while IFS= read -r -d : dir; do
		if [[ -x $dir/rustc && -x $dir/cargo ]] && libraries=$("$dir/rustc" --print target-libdir --target wasm32-unknown-unknown); then
			if compgen -G "$libraries/libcore-*.rlib" >/dev/null; then return 0; fi
		fi
	done <<<"$PATH:"
	return 1
}

packages=()
if ! command -v clang >/dev/null || ! command -v wasm-ld >/dev/null; then packages+=(clang lld); fi
has_rust || packages+=(cargo rustc libstd-rust-dev-wasm32)
command -v npm >/dev/null || packages+=(nodejs npm)
if ((${#packages[@]})); then
	echo "installing ${packages[*]}"
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${packages[@]}" >/dev/null
fi
has_rust || {
	echo "no rustc in PATH has the target wasm32-unknown-unknown" >&2
	exit 1
}

tools=${XDG_CACHE_HOME:-$HOME/.cache}/pelton-tools/assemblyscript-$assemblyscript
if [[ ! -x $tools/node_modules/.bin/asc ]]; then
	echo "installing assemblyscript $assemblyscript"
	npm install --prefix "$tools" --no-audit --no-fund --loglevel=error "assemblyscript@$assemblyscript"
fi
export PATH=$tools/node_modules/.bin:$PATH

target=$(mktemp -d)
trap 'rm -rf "$target" examples/flights/plugins/delays-rust/Cargo.lock' EXIT
(cd examples/flights/plugins/delays-rust && CARGO_TARGET_DIR=$target cargo test --offline --quiet)
# Where PATH has two, this one may be newer than the one that has the target, which can't read its lock file then.
rm -f examples/flights/plugins/delays-rust/Cargo.lock
go vet -tags sdks ./sdk/build ./actor/wasm ./internal/e2e
go test -tags sdks -run 'Foreign|Rust|CLinks|Cargo|Languages|LanguageTemplates|PluginsPage' ./sdk/build ./actor/wasm ./internal/e2e
