#!/usr/bin/env bash
# Runs README.md, or the page that is named, as a new user would, with the default ports, and compares what it shows with what comes.
#
# Every line "$ COMMAND" of a console block is run, in order; the lines behind it are its output. A wheel ("go run …
# run FILE") goes to the background: the one before it is told to stop by SIGTERM and must exit with 0, and the lines
# shown must appear in its output. Times, ages, words about builds (only the first time), digests, epochs and made-up flights are not compared; an epoch in a
# command is replaced by the real one. The block of Go must compile as a plugin.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly page=${1:-README.md}
export USER=you
unset PELTON_WHO PELTON_ADDR PELTON_API_LISTEN PELTON_API_GRPC PELTON_STORE_DIR NO_COLOR
readonly patience=90 # seconds for a wheel to print what it must, builds included
work=$(mktemp -d)
wheel="" # process id of the wheel's go run
config="" # what it runs
shown_epoch="" real_epoch=""
before=$(git status --porcelain --ignored)

fail() {
	printf '%s: %s\n' "$page" "$1" >&2
	exit 1
}

# pause waits a tenth of a second, between two looks.
pause() { read -rt 0.1 <>"$work/never" || true; }
mkfifo "$work/never"

# holder is the process id of the wheel itself: go run passes no SIGTERM on.
holder() { sed -n 's/.*"pid":\([0-9]*\).*/\1/p' "$(dirname "$config")/.pelton/holder.json" 2>"$work/null"; }

clean() {
	if [[ -n $wheel ]]; then
		kill -9 "$(holder)" "$wheel" 2>"$work/null" || true
	fi
	rm -rf "$work" pelton posts examples/{flights,live,strict,rollout}/{.pelton,late.jsonl}
}

# stop ends the wheel with SIGTERM; it must drain and exit with 0.
stop() {
	[[ -n $wheel ]] || return 0
	local code=0
	kill -TERM "$(holder)"
	wait "$wheel" || code=$?
	wheel=""
	((code == 0)) || fail "the wheel exited with $code after SIGTERM: $(tail -n 5 "$work/wheel.out" "$work/wheel.err")"
}

# plain makes two runs comparable. What is left to do after a stop in the midst is another figure each time.
plain() {
	local rest=()
	if [[ $config == *flights/* ]]; then rest=(-e 's/^settled: [0-9]+ messages(.*) [0-9]+ lines/settled: N messages\1 N lines/'); fi
	# What a canary and a shadow saw depends on when they began.
	if [[ $config == *rollout/* ]]; then
		rest=(-e 's/\{"date":.*\}/{FLIGHT}/' -e 's/^[a-z0-9]{16} /ID /' -e 's/\b[A-Z]{3}\b/KEY/g' -e 's/[A-Z0-9]{26}/INCARNATION/'
			-e 's/\(?\b[0-9a-f]{12}\b\)?/DIGEST/g' -e '/^listening/!s/[0-9]+(\.[0-9]+)?( ?%| ?[mµn]?s\b|[mh]\b)?/N/g' -e 's/\b(N ago|now)\b/AGO/g')
	fi
	sed -E "${rest[@]}" -e '/^building /d' -e 's/[0-9]{16}/EPOCH/g' \
		-e 's/\(?\b[0-9a-f]{12}\b\)?/DIGEST/g' \
		-e 's/\b([0-9]+[smh] ago|now)\b( +(superseded|live|rolled back|a delay))/AGO\2/' \
		-e 's/live after [0-9.]+m?s/live after TIME/' \
		-e 's/^(first|last) +([0-9]+[smh] ago|now)$/\1 AGO/' \
		-e 's/^\{"seq":.*"destination":"[A-Z]+"/{FLIGHT/' \
		-e 's/^store .*: survives/store DIR: survives/' \
		-e 's/ +/ /g' -e 's/ $//'
}

# run COMMAND, in the background if it is a wheel.
run() {
	printf '$ %s\n' "$1"
	case $1 in
	*"pelton run "*)
		stop
		config=${1##* }
		$1 >"$work/wheel.out" 2>"$work/wheel.err" &
		wheel=$!
		;;
	*) bash -c "$1" >"$work/out" 2>&1 || true ;; # a swap that is rolled back exits with 1
	esac
}

# appear FILE: every line of $work/want is in FILE, or will be soon.
appear() {
	local line end=$((SECONDS + patience))
	while IFS= read -r line; do
		until plain <"$1" | grep -qxF -- "$line"; do
			kill -0 "$wheel" 2>"$work/null" || fail "the wheel ended: $(cat "$work/wheel.out" "$work/wheel.err")"
			((SECONDS < end)) || fail "the wheel did not print: $line. It printed: $(cat "$work/wheel.out" "$work/wheel.err")"
			pause
		done
	done <"$work/want"
}

# check compares the output of the command with what README shows. What only looks is tried again for a while.
check() {
	local end=$((SECONDS + 15))
	plain <"$work/shown" >"$work/want"
	if [[ $1 == *"pelton run "* ]]; then
		appear "$work/wheel.out"
		return
	fi
	until plain <"$work/out" | diff "$work/want" - >"$work/diff"; do
		if [[ $1 == *" swap "* || $1 == *" replay "* ]] || ((SECONDS >= end)); then
			fail "\"$1\" gave (> is what came):"$'\n'"$(cat "$work/diff")"
		fi
		pause
		bash -c "$1" >"$work/out" 2>&1 || true
	done
	if [[ -z $real_epoch ]]; then
		shown_epoch=$(grep -oE '[0-9]{16}' "$work/shown" | head -n 1 || true)
		real_epoch=$(grep -oE '[0-9]{16}' "$work/out" | head -n 1 || true)
	fi
}

# finish checks the command that is open, if any.
command=""
finish() {
	if [[ -n $command ]]; then check "$command"; fi
	command=""
}

# compiles: the block of Go is a plugin that builds with the SDK that the program carries.
compiles() {
	./pelton init "$work/project" >"$work/null"
	cp "$work/plugin.go" "$work/project/plugins/hello/main.go"
	(cd "$work/project/plugins/hello" && gofmt -l main.go | diff /dev/null - && GOWORK="" GOOS=wasip1 GOARCH=wasm go vet main.go)
}

trap clean EXIT
if [[ -e examples/flights/.pelton || -e examples/live/.pelton || -e examples/strict/.pelton || -e examples/rollout/.pelton ]]; then
	trap - EXIT
	rm -r "$work"
	fail "an example has a store already; remove examples/*/.pelton and examples/*/late.jsonl"
fi

# Compiling may take minutes on a fresh machine: it is not counted as waiting for the wheel.
go build -o "$work/pelton" ./cmd/pelton

block=""
while IFS= read -r line <&3; do
	case $line in
	'```'*)
		finish
		if [[ -n $block ]]; then block=""; else block=${line#'```'}; block=${block:-picture}; fi
		;;
	'$ '*)
		finish
		command=${line#'$ '}
		if [[ -n $shown_epoch ]]; then command=${command//$shown_epoch/$real_epoch}; fi
		: >"$work/shown"
		run "$command"
		;;
	*)
		if [[ $block == go ]]; then
			printf '%s\n' "$line" >>"$work/plugin.go"
		elif [[ -n $command ]]; then
			printf '%s\n' "$line" >>"$work/shown"
		fi
		;;
	esac
done 3<"$page"
stop
if [[ -e $work/plugin.go ]]; then compiles; fi
trap - EXIT
clean
[[ $(git status --porcelain --ignored) == "$before" ]] || fail "the tree is not as it was: $(git status --short --ignored)"
echo "$page shows what happens"
