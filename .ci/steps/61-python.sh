#!/usr/bin/env bash
# The Python SDK: its tests, the conformance kit of plugin runtimes on a Python program, and examples/python from end to
# end. Needs Go and Python 3.10 or newer; installs pinned packages into an environment of its own, in the user's cache.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

sdk=$PWD/sdk/python
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

python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || fail "python3 is missing or older than 3.10"
env=${XDG_CACHE_HOME:-$HOME/.cache}/pelton/python-$(sha256sum "$sdk/requirements.txt" | cut -c1-16)-$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
if [[ ! -e $env/complete ]]; then
	echo "installing into $env"
	rm -rf "$env"
	python3 -m venv "$env" || {
		apt-get install -y -q python3-venv
		python3 -m venv "$env"
	}
	"$env/bin/pip" install --quiet --disable-pip-version-check -r "$sdk/requirements.txt"
	touch "$env/complete"
fi
# A copy, because an installation builds in the directory that it is made from.
cp -r "$sdk" "$work/sdk"
"$env/bin/pip" install --quiet --disable-pip-version-check --no-build-isolation --no-deps --force-reinstall "$work/sdk"
export PATH=$env/bin:$PATH PYTHONDONTWRITEBYTECODE=1

echo "=== generated"
mkdir "$work/generated"
python3 -m grpc_tools.protoc -I api/proto --python_out="$work/generated" api/proto/pelton/plugin/v1/plugin.proto
cmp "$work/generated/pelton/plugin/v1/plugin_pb2.py" "$sdk/pelton/plugin/v1/plugin_pb2.py" ||
	fail "stale; run: python3 -m grpc_tools.protoc -I api/proto --python_out=sdk/python api/proto/pelton/plugin/v1/plugin.proto"

echo "=== unit tests"
python3 -m unittest discover -q -s sdk/python/tests

echo "=== conformance"
PELTON_TEST_SUITE="[\"$env/bin/python3\", \"$sdk/testdata/suite.py\"]" \
	PELTON_TEST_REDUCER="[\"$env/bin/python3\", \"$sdk/testdata/suite.py\", \"reducer\"]" \
	go test -count=1 -run '^TestConformance$' ./actor/process

echo "=== example"
go build -o "$work/pelton" ./cmd/pelton
"$work/pelton" check examples/python/pelton.yaml
cp -r examples/flights examples/python "$work" # beside each other, as the config has it
"$work/pelton" run "$work/python/pelton.yaml" --json --store "$work/store" --listen 127.0.0.1:0 --grpc 127.0.0.1:0 >"$work/events" &
wheel=$!
for ((i = 0; i < 900; i++)); do
	if grep -q '"event":"settled"' "$work/events"; then break; fi
	kill -0 "$wheel" || fail "the wheel ended: $(cat "$work/events")"
	read -rt 0.1 <><(:) || true
done
settled=$(grep '"event":"settled"' "$work/events") || fail "not settled: $(cat "$work/events")"
echo "$settled"
for want in '"messages":20000' '"airports":220' '"late":4349' '"dead":0'; do
	[[ $settled == *"$want"* ]] || fail "the figures have no $want"
done
addr=$(sed -n 's/.*"event":"listening".*"http":"\([^"]*\)".*/\1/p' "$work/events")
ord=$("$work/pelton" session show airports ORD --json --addr "${addr#http://}")
for want in '"flights":1095' '"late":254' '"worst":259'; do
	[[ ${ord//[[:space:]]/} == *"$want"* ]] || fail "ORD has no $want: $ord"
done
"$work/pelton" plugin swap delays examples/python/plugins/delays --addr "${addr#http://}" || fail "a swap for the same program failed"
kill -TERM "$wheel"
wait "$wheel" || fail "the wheel exited with $?"
wheel=""
[[ $(wc -l <"$work/python/late.jsonl") == 4349 ]] || fail "late.jsonl has $(wc -l <"$work/python/late.jsonl") lines, want 4349"
echo "=== the Python SDK is good"
