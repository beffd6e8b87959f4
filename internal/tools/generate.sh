#!/usr/bin/env bash
# Makes every generated file again from its source, with the tools pinned under internal/tools:
#
#   api/proto  → api/gen       buf, local plugins only (api/buf.yaml, api/buf.gen.yaml)
#   gqlgen.yml → beside it     gqlgen, wherever a file of that name lies
#   //go:generate              everything else
#
# Running it twice changes nothing; .ci/run fails when it changes something that is committed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
root=$PWD
export GOWORK=off

# The code generators, as programs on PATH: buf and go:generate lines name them without a path.
bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT
(cd internal/tools && go build -o "$bin" tool)
(cd internal/tools/buf && go build -o "$bin" tool)
export PATH="$bin:$PATH"

if [[ -f api/buf.gen.yaml ]]; then
	echo "buf: api"
	(cd api && buf lint && buf generate)
fi

git ls-files --cached --others --exclude-standard -- 'gqlgen.yml' '*/gqlgen.yml' | while read -r config; do
	echo "gqlgen: $config"
	(cd "$root/$(dirname "$config")" && gqlgen generate --config gqlgen.yml)
done

go generate ./...
