#!/usr/bin/env bash
# Reviewer assignment beside LEMON (network simplex, cost scaling) and Clp: same instance, same run, same optimum asserted.
# usage: bench/matching.sh [build folder]       prints a table and JSON, writes <build>/bench/matching.json
# FABRICA_AAMAS=file adds the AAMAS 2015 bids (PrefLib; 613 x 201); FABRICA_BENCH_ALL=1 adds every pair (4 GiB).
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:-build/release}
cmake --build "$build" --target assignment_bench >/dev/null
mkdir -p "$build/bench"
pin=()
command -v taskset >/dev/null && pin=(taskset -c 0)
printf 'load average: %s\n' "$(cut -d' ' -f1-3 /proc/loadavg)" >&2
"${pin[@]}" "$(find "$build" -name assignment_bench -type f | head -1)" ${FABRICA_AAMAS:+"$FABRICA_AAMAS"} >"$build/bench/matching.json.new"
mv "$build/bench/matching.json.new" "$build/bench/matching.json"
cat "$build/bench/matching.json"
