#!/usr/bin/env bash
# Awarding: 10,000 proposals on 20 systems by each rule, what-if, Cbc and the linear bound on the same instance.
# usage: bench/awards.sh [build folder] [proposals] [systems] [seconds for Cbc]
# prints a table and JSON, writes <build>/bench/awards.json; ends with 1 when an outcome has a fault.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:-build/release}
cmake --build "$build" --target awards_bench >/dev/null
mkdir -p "$build/bench"
out=$(mktemp "$build/bench/awards.XXXXXX")
trap 'rm -f "$out"' EXIT
"$(find "$build" -name awards_bench -type f | head -1)" "${2:-10000}" "${3:-20}" "${4:-20}" >"$out"
grep '^{' "$out" >"$build/bench/awards.json"
cat "$build/bench/awards.json"
