#!/usr/bin/env bash
# Every description of the config's schema is in docs/config.md, word for word, so that the page can't fall behind.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

missing=0 count=0
while IFS= read -r text; do
	count=$((count + 1))
	if ! grep -qF -- "$text" docs/config.md; then
		printf 'docs/config.md has no: %s\n' "$text"
		missing=1
	fi
done < <(go run ./cmd/pelton config schema | sed -n -E 's/^ *"description": "(.*)",?$/\1/p')
((count > 50)) || {
	echo "the schema has only $count descriptions"
	exit 1
}
echo "$count descriptions"
exit "$missing"
