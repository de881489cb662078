#!/usr/bin/env bash
# The ledger's benchmark: durable transfers of 16 clients, holds of 16 clients on one account.
# usage: bench/budget.sh [build folder] [seconds]       prints a table and one line of JSON, writes <build>/bench/budget.json
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:-build/release}
seconds=${2:-5}
cmake --build "$build" --target budget_bench >/dev/null
mkdir -p "$build/bench"
scratch=$(mktemp -d "$build/bench/budget.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
"$(find "$build" -name budget_bench -type f | head -1)" "$scratch" "$seconds" >"$build/bench/budget.json"
python3 - "$build/bench/budget.json" <<'P'
import json, sys
got = json.load(open(sys.argv[1]))
print(f"{got['clients']} clients, SQLite, every act durable before it answers\n")
print("| act | a second | p50 ms | p99 ms |\n| --- | ---: | ---: | ---: |")
print(f"| transfer, each client from its own account | {got['transfers_per_s']} | {got['transfer_p50_ms']} | {got['transfer_p99_ms']} |")
print(f"| hold on one account, then settled (two acts) | {got['holds_settled_per_s']} | {got['hold_p50_ms']} | {got['hold_p99_ms']} |")
print(f"\nafterwards recomputed: {got['differences']} differences\n")
print(json.dumps(got))
P
