#!/usr/bin/env bash
# The console in a browser: every page in light and dark, by keyboard and with axe; what is done to plugins, letters and
# sessions; the tap, the config and its plan, events; a wheel that is killed while its page follows; log-in; the page of
# examples/tokens, reloaded while it reads. Needs Go and Node 20; installs Chromium from Debian and
# pinned npm packages. With SHOTS=DIR it takes the pictures of docs/console.md.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if ! command -v chromium >"$work/null"; then
	if ! apt-get install -y -q chromium; then
		apt-get update -q
		apt-get install -y -q chromium
	fi
fi
CHROMIUM=$(command -v chromium)
export CHROMIUM PELTON=$work/pelton TOKENS=$work/tokens
go build -o "$PELTON" ./cmd/pelton
go build -o "$TOKENS" ./examples/tokens
cp -r console/browser "$work/browser" # npm writes beside the sources
rm -rf "$work/browser/node_modules"
cd "$work/browser"
npm ci --no-audit --no-fund --loglevel=error
npm test
