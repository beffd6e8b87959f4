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
	local name=$1 count
	shift
	"$work/bin/connectconformance" --mode server --conf "$name.yaml" --known-failing "@$name.txt" -- "$work/bin/server" "$@" >"$work/$name.log" 2>&1 ||
		{ tail -n 200 "$work/$name.log" && fail "$name: not all cases pass"; }
	count=$(sed -n 's/^\([0-9]*\) passed.*/\1/p' "$work/$name.log")
	echo "$name listener: $(tail -n 2 "$work/$name.log" | tr '\n' ' ')"
	passed=$((passed + count))
}
run http
((passed == 3640)) || fail "$passed cases passed on the HTTP listener, want 3640"
run grpc -grpc
((passed == want)) || fail "$passed cases passed, want $want"
echo "all $passed cases pass"
