#!/usr/bin/env bash
# The files and directories that the docs name are there: links, and paths in backticks that end in .go.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

bad=0 count=0
exists() {
	count=$((count + 1))
	if [[ ! -e $2 ]]; then
		printf '%s names %s, which is not there\n' "$1" "$2"
		bad=1
	fi
}
for page in *.md docs/*.md; do
	while IFS= read -r link; do
		exists "$page" "$(dirname "$page")/${link%%#*}"
	done < <(grep -oE '\]\([^)#:]+[^):]*\)' "$page" | sed -E 's/^\]\((.*)\)$/\1/')
	while IFS= read -r path; do
		exists "$page" "$path"
	done < <(grep -oE '`[a-z0-9_/]+/[a-z0-9_]+\.go`' "$page" | tr -d '`')
done
((count > 40)) || {
	echo "only $count names found"
	exit 1
}
echo "$count names"
exit "$bad"
