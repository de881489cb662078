#!/bin/sh
# The log's benchmark: 1,000,000 entries of 32 bytes (a commitment, what our log holds) and of 256 bytes.
#   bench/log.sh [BUILD_FOLDER] [ENTRIES]      a table, and JSON into BUILD_FOLDER/bench/log.json
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
build=${1:-$root/build/release}
entries=${2:-1000000}
[ -x "$build/log_bench" ] || { echo "build log_bench first: ninja -C $build log_bench" >&2; exit 2; }
mkdir -p "$build/bench"
scratch=$(mktemp -d "$build/bench/log.XXXXXX")
trap 'rm -rf "$scratch"' EXIT INT TERM
pin=
command -v taskset >/dev/null && pin="taskset -c 0"
{
  printf '['
  $pin "$build/log_bench" "$scratch/a" "$entries" 32
  printf ','
  $pin "$build/log_bench" "$scratch/b" "$entries" 256
  printf ']\n'
} > "$scratch/log.json"
mv "$scratch/log.json" "$build/bench/log.json"
echo "JSON: $build/bench/log.json"
