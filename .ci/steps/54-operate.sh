#!/usr/bin/env bash
# Walks docs/operate.md as an operator would, and compares what it shows with what comes.
set -euo pipefail
exec bash "$(dirname "${BASH_SOURCE[0]}")/50-readme.sh" docs/operate.md
