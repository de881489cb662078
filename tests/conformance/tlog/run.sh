#!/bin/sh
# Verifies a log of ours with programs that share no code with it: Go's x/mod (sumdb/note, sumdb/tlog) and Node's crypto.
#   run.sh --example TLOG_EXAMPLE [ENTRIES]   writes logs with that program and verifies them, and broken copies of them
#   run.sh FOLDER                             verifies a folder: log/ log.vkey witness.vkey proofs/ checkpoints/
# A log folder alone (of a running factory) is verified by: run.sh LOG_FOLDER VKEY
# Exit status 77 where a verifier is not installed.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT INT TERM

go_path=${FABRICA_GOPATH:-/usr/share/gocode}
for tool in go node; do
  command -v "$tool" >/dev/null || { echo "skipped: $tool is not installed"; exit 77; }
done
[ -d "$go_path/src/golang.org/x/mod/sumdb/tlog" ] || { echo "skipped: golang-golang-x-mod-dev is not installed"; exit 77; }

build_verifier() {
  GO111MODULE=off GOPATH=$go_path GOFLAGS= GOCACHE=$scratch/cache go build -o "$scratch/verify" "$here/verify.go"
}

verify_folder() {
  "$scratch/verify" "$1/log" "$(cat "$1/log.vkey")" "$1"
  for proof in "$1"/proofs/*.tlog-proof; do
    index=$(basename "$proof" .tlog-proof)
    node "$here/verify.mjs" "$proof" "$(cat "$1/log.vkey")" "$(cat "$1/witness.vkey")" "entry $index"
  done
}

must_fail() {
  what=$1
  shift
  if "$@" >/dev/null 2>&1; then
    echo "NOT NOTICED by the independent verifier: $what"
    exit 1
  fi
}

# Changes one byte of a file in place.
damage() {
  node -e 'const fs = require("fs"); const [file, at] = process.argv.slice(1); const bytes = fs.readFileSync(file);
           bytes[Number(at) < 0 ? bytes.length + Number(at) : Number(at)] ^= 1; fs.writeFileSync(file, bytes);' "$1" "$2"
}

check_notices_damage() {
  for file in log/checkpoint log/tile/0/000 log/tile/entries/000; do
    rm -rf "$scratch/broken"
    cp -r "$1" "$scratch/broken"
    damage "$scratch/broken/$file" 5
    must_fail "a changed byte in $file" "$scratch/verify" "$scratch/broken/log" "$(cat "$1/log.vkey")" "$scratch/broken"
  done
  cp "$1/proofs/0.tlog-proof" "$scratch/broken.tlog-proof"
  damage "$scratch/broken.tlog-proof" 60
  must_fail "a changed proof" node "$here/verify.mjs" "$scratch/broken.tlog-proof" "$(cat "$1/log.vkey")" \
    "$(cat "$1/witness.vkey")" "entry 0"
  must_fail "another entry" node "$here/verify.mjs" "$1/proofs/0.tlog-proof" "$(cat "$1/log.vkey")" \
    "$(cat "$1/witness.vkey")" "entry 1"
}

build_verifier
if [ "${1:-}" = --example ]; then
  for entries in ${3:-1 2 256 257 600 70000}; do
    "$2" "$scratch/made-$entries" "$entries"
    verify_folder "$scratch/made-$entries"
  done
  [ ! -d "$scratch/made-600" ] || check_notices_damage "$scratch/made-600"
elif [ $# -eq 2 ]; then
  "$scratch/verify" "$1" "$2"
elif [ $# -eq 1 ]; then
  verify_folder "$1"
else
  sed -n '2,6p' "$0"
  exit 2
fi
echo "conformance: every log and proof verified"
