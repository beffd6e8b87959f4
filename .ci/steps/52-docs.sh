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
# The tests that a page names are there, too.
while IFS= read -r name; do
	count=$((count + 1))
	git grep -qE "^func $name\\(" -- '*_test.go' || {
		echo "docs/security.md names the test $name, which is not there"
		bad=1
	}
done < <(grep -oE '`(Test|Fuzz)[A-Za-z]+`' docs/security.md | tr -d '`' | sort -u)
((count > 40)) || {
	echo "only $count names found"
	exit 1
}
echo "$count names"
exit "$bad"
