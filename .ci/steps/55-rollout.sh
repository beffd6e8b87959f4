#!/usr/bin/env bash
# Walks docs/rollout.md: a canary and a shadow while messages flow, and compares what it shows with what comes.
set -euo pipefail
exec bash "$(dirname "${BASH_SOURCE[0]}")/50-readme.sh" docs/rollout.md
