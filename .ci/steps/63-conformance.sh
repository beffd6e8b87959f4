#!/usr/bin/env bash
# The RPC conformance suite (connectrpc.com/conformance) over the servers of both listeners, built by the constructors
# that a wheel uses: Connect, gRPC and gRPC-web on the HTTP listener, gRPC on the other one, with and without TLS. Needs
# only Go. The suite's own service is generated here from its proto, with the tools that make api/gen.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

root=$PWD
export GOWORK=off
suite=connectrpc.com/conformance version=v1.0.7
want=4202
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
	printf '%s\n' "$1" >&2
	exit 1
}

(cd internal/tools && go build -o "$work/bin/" google.golang.org/protobuf/cmd/protoc-gen-go google.golang.org/grpc/cmd/protoc-gen-go-grpc connectrpc.com/connect/v2/cmd/protoc-gen-connect-go)
(cd internal/tools/buf && go build -o "$work/bin/" github.com/bufbuild/buf/cmd/buf)
GOBIN=$work/bin go install "$suite/cmd/connectconformance@$version"
proto=$(cd "$work" && go mod download -json "$suite@$version" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')/proto
[[ -d $proto ]] || fail "$suite $version has no proto"

# The server under test: a module beside the wheel's, with the wheel's own versions of everything.
cp -r api/rpc/testdata/conformance "$work/server"
cp go.mod go.sum "$work/server"
cd "$work/server"
go mod edit -module pelton.test/conformance -require github.com/peltonhq/pelton@v0.0.0 -replace "github.com/peltonhq/pelton=$root"
PATH=$work/bin:$PATH buf generate "$proto"
go build -mod=mod -o "$work/bin/server" .

# run NAME ARGUMENTS… runs the cases of NAME.yaml against the server with these arguments. NAME.txt has the patterns of the
# cases that fail because of a library, and only of those: one that passes is an error too.
passed=0
run() {
	local name=$1 count again=0
	shift
	if ! cases "$name" "$@" >"$work/$name.log" 2>&1; then again=$(late "$name" "$@"); fi
	count=$(sed -n 's/^\([0-9]*\) passed.*/\1/p' "$work/$name.log")
	echo "$name listener: $(grep -a -e '^Total cases' -e '^[0-9]* passed' "$work/$name.log" | tr '\n' ' ')"
	passed=$((passed + count + again))
}

# cases NAME ARGUMENTS… is the suite itself, with the flags of $only before.
only=()
cases() {
	local name=$1
	shift
	"$work/bin/connectconformance" --mode server --conf "$name.yaml" --known-failing "@$name.txt" "${only[@]}" -- "$work/bin/server" "$@"
}

# late NAME ARGUMENTS… runs the cases of Timeouts that failed again, up to three times, and prints how many there were: in
# these cases the suite's client and the server have the same deadline, and a client that is first by a hair has read the
# head of the answer and not its body. Any other case that failed, and a fourth failure, ends the step.
late() {
	local name=$1 count try
	mapfile -t failed < <(sed -n 's/^FAILED: \(.*\):$/\1/p' "$work/$name.log")
	count=${#failed[@]}
	if ((count == 0)) || printf '%s\n' "${failed[@]}" | grep -qv '^Timeouts/'; then
		tail -n 200 "$work/$name.log" >&2
		fail "$name: not all cases pass"
	fi
	only=()
	for try in "${failed[@]}"; do only+=(--run "$try"); done
	for try in 1 2 3; do
		if cases "$@" >"$work/late.log" 2>&1; then
			echo "$name: $count of Timeouts passed in try $((try + 1)): ${failed[*]}" >&2
			echo "$count"
			return 0
		fi
	done
	tail -n 200 "$work/$name.log" "$work/late.log" >&2
	fail "$name: not all cases pass, not in four tries"
}
run http
((passed == 3640)) || fail "$passed cases passed on the HTTP listener, want 3640"
run grpc -grpc
((passed == want)) || fail "$passed cases passed, want $want"
echo "all $passed cases pass"
