#!/usr/bin/env bash
# The fault suite in its short form: kill -9, power cuts and failing disks under a real wheel, held against an outside
# record. Needs Linux, root and /dev/fuse, and fails without them. The long form is in CONTRIBUTING.md.
#
#   bash .ci/steps/75-faults.sh              all that is short
#   bash .ci/steps/75-faults.sh kill/http    courses that begin so
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../internal/faults"

[[ $(uname) == Linux ]] || {
	echo "the fault suite mounts disks by FUSE: it needs Linux" >&2
	exit 1
}
[[ -e /dev/fuse ]] || mknod /dev/fuse c 10 229
go run . ${1:+-only "$1"}
