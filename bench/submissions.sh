#!/usr/bin/env bash
# Submissions in the last second, and lists as they grow: bench/submissions.sh [build folder] [submissions]
# As many applicants as asked for (500) send their proposal at the same instant, each on a connection of its own: checks, statement, award
# and budget transfer of each, durable; on SQLite and PostgreSQL, in turn. Then none may be missing in the journal, and the ledger and the
# log must hold. Then the list of a round and one proposal are read with 1,000, 10,000 and 100,000 proposals in the round (wrk, 16
# connections): its own peer is the same page with fewer rows. Prints a table and JSON, writes <build>/bench/submissions.json.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v wrk >/dev/null || { echo "bench/submissions.sh: wrk is missing: tools/setup all" >&2; exit 2; }
build=${1:-build/release}
cmake --build "$build" --target fabrica >/dev/null
exec python3 bench/submissions.py "$build" "${2:-500}"
