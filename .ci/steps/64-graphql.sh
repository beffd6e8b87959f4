#!/usr/bin/env bash
# The GraphQL endpoint of a real wheel under the clients and audits of others: graphql-http's 61 audits, graphql-ws and
# graphql-sse from npm, the programs of docs/graphql.md over kill -9, and its page in a browser.
#
#   bash .ci/run 64-graphql
#
# Needs Go and Node.js 20; installs Node.js and Chromium by apt-get if they are not there, and by npm what the lock file in
# api/graphql/interop names.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

browser() { command -v chromium-headless-shell || command -v chromium; }

packages=()
command -v npm >/dev/null || packages+=(nodejs npm)
browser >/dev/null || packages+=(chromium-headless-shell fonts-dejavu-core)
if ((${#packages[@]})); then
	echo "installing ${packages[*]}"
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${packages[@]}" >/dev/null
fi
node -e "process.exit(process.versions.node.split(\".\")[0] < 20 ? 1 : 0)" || {
	echo "node $(node --version) is too old: want 20 or newer" >&2
	exit 1
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go build -o "$work/pelton" ./cmd/pelton

cd api/graphql/interop
npm ci --no-audit --no-fund --loglevel=error
CHROMIUM=$(browser) PELTON=$work/pelton npm test --silent
