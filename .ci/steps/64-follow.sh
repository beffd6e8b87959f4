#!/usr/bin/env bash
# The clients of examples/follow and examples/tokens against a wheel that is killed with -9 while they read: each snapshot
# once, in order, and each token once. Needs Go, Python 3 and Node.js 20 or newer.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

work=$(mktemp -d)
pids=()
cleanup() {
	for pid in "${pids[@]}"; do kill "$pid" 2>>"$work/null" || true; done
	rm -rf "$work"
}
trap cleanup EXIT

fail() {
	printf '%s\n' "$1" >&2
	exit 1
}

# until_ WHAT COMMAND… waits for a command to succeed.
until_() {
	local what=$1
	shift
	for ((i = 0; i < 900; i++)); do
		if "$@"; then return 0; fi
		read -rt 0.1 <><(:) || true
	done
	fail "waited too long for $what"
}
list() { "$work/pelton" session list "$1" --addr "$addr" --json | sed -n 's/.*"key": *"\([^"]*\)".*/\1/p'; }
listed() { [[ -n $(list "$1") ]]; }
lines() { [[ -e $1 ]] && (($(wc -l <"$1") >= $2)); }

# start CONFIG [ADDR] runs a wheel, at the address that it had before; sets wheel and addr.
addr=127.0.0.1:0
start() {
	: >"$work/events"
	"$work/pelton" run "$1" --json --store "$work/store-$(basename "$(dirname "$1")")" --listen "$addr" --grpc 127.0.0.1:0 >"$work/events" 2>>"$work/errors" &
	wheel=$!
	pids+=("$wheel")
	until_ "the wheel: $(cat "$work/errors")" grep -q '"event":"listening"' "$work/events"
	addr=$(sed -n 's/.*"event":"listening".*"http":"\([^"]*\)".*/\1/p' "$work/events")
}
murder() {
	kill -9 "$wheel"
	wait "$wheel" 2>>"$work/null" || true
}

go build -o "$work/pelton" ./cmd/pelton
go build -o "$work/tokens" ./examples/tokens

echo "=== examples/follow"
start examples/follow/pelton.yaml
until_ "a session" listed numbers
key=$(list numbers | head -n 1)
python3 examples/follow/follow.py "$addr" numbers "$key" "" 900 >"$work/py" 2>"$work/py-errors" &
py=$!
node examples/follow/follow.mjs "http://$addr" numbers "$key" "" 900 >"$work/js" 2>"$work/js-errors" &
js=$!
pids+=("$py" "$js")
for at in 150 450; do
	until_ "$at lines" lines "$work/py" "$at"
	until_ "$at lines" lines "$work/js" "$at"
	murder
	start examples/follow/pelton.yaml
done
wait "$py" || fail "follow.py: $(cat "$work/py-errors")"
wait "$js" || fail "follow.mjs: $(cat "$work/js-errors")"
for out in py js; do
	cut -d' ' -f1 "$work/$out" | sed 's/.*://' | cmp - <(seq 900) || fail "$out: not each id once, in order"
	[[ $(cut -d: -f1 "$work/$out" | sort -u | wc -l) == 1 ]] || fail "$out: more than one epoch"
	[[ ! -s $work/$out-errors ]] || fail "$out: $(cat "$work/$out-errors")"
done
# A run that begins where another one stopped.
cursor=$(sed -n 500p "$work/py" | cut -d' ' -f1)
python3 examples/follow/follow.py "$addr" numbers "$key" "$cursor" 10 | cmp - <(sed -n 501,510p "$work/py") || fail "resumed otherwise"
kill -TERM "$wheel"
wait "$wheel" || fail "the wheel exited with $?"
echo "900 snapshots, each once, over two kills, in Python and JavaScript"

echo "=== examples/tokens"
addr=127.0.0.1:0
start examples/tokens/pelton.yaml
"$work/tokens" -listen 127.0.0.1:0 -wheel "http://$addr" -pace 10ms >"$work/app" 2>"$work/app-errors" &
pids+=("$!")
until_ "the app" grep -q http "$work/app"
app=$(head -n 1 "$work/app")
question=$(seq -s ' ' 300)
node examples/tokens/check.mjs "$app" "$question" >"$work/answer" 2>"$work/lives" &
reader=$!
until_ "the second life" grep -q "kill it now" "$work/lives"
murder
start examples/tokens/pelton.yaml
wait "$reader" || fail "check.mjs: $(cat "$work/lives")"
[[ $(cat "$work/answer") == "You asked: $question" ]] || fail "the answer is: $(cat "$work/answer")"
stream=$(list answers)
"$work/pelton" session follow answers "$stream" --after "" --addr "$addr" --json >"$work/tokens.json" 2>"$work/closed"
(($(wc -l <"$work/tokens.json") == 302)) || fail "$(wc -l <"$work/tokens.json") tokens, want 302"
grep -q "was closed" "$work/closed" || fail "the CLI says nothing of the end: $(cat "$work/closed")"
kill -TERM "$wheel"
wait "$wheel" || fail "the wheel exited with $?"
echo "302 tokens, each once, over a kill, in $(tail -n 1 "$work/lives")"
