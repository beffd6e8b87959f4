#!/usr/bin/env bash
# No borrowed message outlives its turn: go vet with cmd/borrowcheck, over this module and over the nested ones, plugins as
# the WASM guests that they are. The go command keeps what it learned of each package in its build cache.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tool=$work/borrowcheck
sdk=$PWD/sdk/go
go build -o "$tool" ./cmd/borrowcheck

bad=0 modules=1
go vet -vettool="$tool" ./... || bad=1

# Test data that is a plugin is checked too; internal/tools has no code.
while IFS= read -r dir; do
	modules=$((modules + 1))
	echo "$dir"
	if ! grep -qs pelton/sdk/go "$dir/go.mod"; then
		(cd "$dir" && go vet -vettool="$tool" ./...) || bad=1
		continue
	fi
	cp "$dir/go.mod" "$work/go.mod"
	rm -f "$work/go.sum"
	if [[ -f $dir/go.sum ]]; then cp "$dir/go.sum" "$work/go.sum"; fi
	if [[ ! $dir -ef $sdk ]]; then go mod edit -replace "github.com/peltonhq/pelton/sdk/go=$sdk" "$work/go.mod"; fi
	(cd "$dir" && GOOS=wasip1 GOARCH=wasm CGO_ENABLED=0 go vet -modfile="$work/go.mod" -vettool="$tool" ./...) || bad=1
done < <(git ls-files --cached --others --exclude-standard -- '*/go.mod' | grep -v '^internal/tools/' | xargs -r -n1 dirname)

echo "$modules modules"
exit "$bad"
