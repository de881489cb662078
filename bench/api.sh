#!/usr/bin/env bash
# The API's benchmark: bench/api.sh [build folder] [seconds a case]
# In one run, on loopback: nginx with a static file of the same size as the bound, then reads by id, a list of 50, durable writes with
# their journal statement, at 64 connections (wrk -t1 -c64); bare grouped INSERTs on the same disk; start time and idle memory.
# Prints a table and JSON lines, writes <build>/bench/api.json. Needs wrk and nginx (tools/setup all).
set -euo pipefail
cd "$(dirname "$0")/.."
for tool in wrk nginx; do
  command -v $tool >/dev/null || PATH=$PATH:/usr/sbin command -v $tool >/dev/null || { echo "bench/api.sh: $tool is missing: tools/setup all" >&2; exit 2; }
done
build=${1:-build/release}
cmake --build "$build" --target fabrica bench_insert >/dev/null
exec python3 bench/api.py "$build" "${2:-8}"
