#!/usr/bin/env bash
# Another implementation (npm @huggingface/tokenizers) must read our tokenizer.json, give the same ids for the Universal
# Declaration of Human Rights in the 24 official languages of the Union, and decode them back. Ends non-zero on any
# difference.  usage: run.sh <build folder>
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "${1:?usage: run.sh <build folder>}" && pwd)
gpt=$build/bin/recipes/fabrica-gpt
[ -x "$gpt" ] || { echo "run.sh: $gpt is missing: build the target fabrica-gpt first" >&2; exit 2; }
command -v npm >/dev/null || { echo "run.sh: npm is missing: install nodejs with npm" >&2; exit 2; }

modules=$build/tokenizer-conformance
mkdir -p "$modules"
cp "$here/package.json" "$here/compare.mjs" "$modules/"
if ! npm install --prefix "$modules" --no-package-lock --no-audit --no-fund --silent >"$modules/npm.log" 2>&1; then
  cat "$modules/npm.log" >&2
  echo "run.sh: npm could not install what package.json names" >&2
  exit 2
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$modules"
node compare.mjs corpus "$work"
"$gpt" tokenizer --corpus "$work/corpus" --vocab-size 3000 --out "$work/tokenizer.json"
"$gpt" encode --tokenizer "$work/tokenizer.json" <"$work/texts" >"$work/ids"
"$gpt" decode --tokenizer "$work/tokenizer.json" <"$work/ids" >"$work/decoded"
node compare.mjs compare "$work"
