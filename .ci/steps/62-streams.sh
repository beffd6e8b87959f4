#!/usr/bin/env bash
# The conformance suite of the Durable Streams protocol against a real wheel: its 250 core tests. Those of forks and
# subscriptions, which are not available, are left out by name. Needs Go, Node.js 20 or newer and npm; installs pinned
# packages into a directory of its own, in the user's cache.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

suite=$PWD/api/streams/testdata/suite
work=$(mktemp -d)
wheel=""
cleanup() {
	if [[ -n $wheel ]]; then kill "$wheel" 2>"$work/null" || true; fi
	rm -rf "$work"
}
trap cleanup EXIT

fail() {
	printf '%s\n' "$1" >&2
	exit 1
}

node -e 'process.exit(+(process.versions.node.split(".")[0] < 20))' || fail "node is missing or older than 20"
env=${XDG_CACHE_HOME:-$HOME/.cache}/pelton/streams-$(cat "$suite/package.json" "$suite/package-lock.json" | sha256sum | cut -c1-16)
if [[ ! -e $env/complete ]]; then
	echo "installing into $env"
	rm -rf "$env"
	mkdir -p "$env"
	cp "$suite/package.json" "$suite/package-lock.json" "$env"
	(cd "$env" && npm ci --no-audit --no-fund)
	touch "$env/complete"
fi
cp "$suite/streams.test.js" "$env"

cat >"$work/pelton.yaml" <<-YAML
	sessions:
	  suite: {writable: true}
	api: {listen: 127.0.0.1:0, grpc: 127.0.0.1:0, poll: 2s}
YAML
go build -o "$work/pelton" ./cmd/pelton
"$work/pelton" run "$work/pelton.yaml" --json >"$work/events" &
wheel=$!
for ((i = 0; i < 600; i++)); do
	if grep -q '"event":"listening"' "$work/events"; then break; fi
	kill -0 "$wheel" || fail "the wheel ended: $(cat "$work/events")"
	read -rt 0.1 <><(:) || true
done
addr=$(sed -n 's/.*"event":"listening".*"http":"\([^"]*\)".*/\1/p' "$work/events")

cd "$env"
STREAMS_URL="http://$addr/v1/stream/suite" npx vitest run --testTimeout=30000 -t '^(?!Fork -|Reserved subscription)' 2>&1 |
	sed 's/\x1b\[[0-9;]*m//g' >"$work/log" || { cat "$work/log" && fail "the suite failed"; }
tail -n 6 "$work/log"
grep -qE '^ *Tests +250 passed' "$work/log" || fail "not 250 tests passed"

# What the suite wrote are sessions like any other, and a wheel that goes down leaves them whole.
count=$("$work/pelton" session list suite --addr "$addr" --json | grep -o '"key"' | wc -l)
((count > 100)) || fail "only $count sessions"
kill -TERM "$wheel"
wait "$wheel" || fail "the wheel exited with $?"
wheel=""
echo "$count streams are sessions; the suite is good"
