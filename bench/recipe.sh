#!/usr/bin/env bash
# Training speed of fabrica-gpt against the same model in Debian's PyTorch: same threads, same batch, fp32, in turns in
# one run; and its share of what the matrix products of the machine reach in the same process.
# usage: bench/recipe.sh [build folder] [rounds]        prints a table, writes recipe.json beside the build
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:-build/release}
rounds=${2:-3}
gpt=$build/bin/recipes/fabrica-gpt
[ -x "$gpt" ] || { echo "bench/recipe.sh: $gpt is missing: build the target fabrica-gpt first" >&2; exit 2; }
if ! /usr/bin/python3 -c 'import torch' 2>/dev/null; then
  echo "installing python3-torch and libopenblas0-openmp (about 760 MB)"
  apt-get install -y -qq --no-remove --no-install-recommends python3-torch libopenblas0-openmp >/dev/null
fi
openblas=$(ls /usr/lib/*/openblas-openmp/libblas.so.3 2>/dev/null | head -1)

threads=$(nproc)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/parameters.json" <<'J'
{"vocab_size": 4096, "layers": 4, "d_model": 256, "heads": 4, "kv_heads": 4, "d_ff": 704, "context": 256,
 "batch_tokens": 4096, "steps": 1000000, "learning_rate": 0.001}
J
for ((round = 1; round <= rounds; ++round)); do
  echo "round $round of $rounds" >&2
  "$gpt" bench --parameters "$work/parameters.json" --threads "$threads" --seconds 12 >"$work/ours.$round"
  LD_LIBRARY_PATH=${openblas%/*} OPENBLAS_NUM_THREADS=$threads ATEN_CPU_CAPABILITY=avx512 \
    /usr/bin/python3 bench/recipe_torch.py "$work/parameters.json" "$threads" 12 >"$work/torch.$round"
done
python3 - "$work" "$rounds" "$build/recipe.json" "$threads" <<'P'
import json, os, pathlib, sys
work, rounds, out, threads = pathlib.Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
read = lambda side: [json.loads((work / f"{side}.{r}").read_text()) for r in range(1, rounds + 1)]
ours, torch = read("ours"), read("torch")
middle = lambda values: sorted(values)[len(values) // 2]
rate = lambda runs, key: middle([v for run in runs for v in run[key]])
flop = ours[0]["flop_per_token"]
result = {
    "bench": "recipe", "threads": threads, "load_average": os.getloadavg()[0], "model_parameters": ours[0]["parameters"],
    "flop_per_token": flop, "kernels": ours[0]["kernels"], "torch": torch[0]["torch"],
    "ours": {k: rate(ours, k) for k in ("tokens_per_s", "tokens_per_cpu_s")},
    "pytorch": {k: rate(torch, k) for k in ("tokens_per_s", "tokens_per_cpu_s")},
    "gemm_flop_per_cpu_s": max(run["gemm_flop_per_cpu_s"] for run in ours),
    "share_of_gemm_peak": max(run["share_of_gemm_peak"] for run in ours),
}
result["ratio_wall"] = result["ours"]["tokens_per_s"] / result["pytorch"]["tokens_per_s"]
result["ratio_cpu"] = result["ours"]["tokens_per_cpu_s"] / result["pytorch"]["tokens_per_cpu_s"]
pathlib.Path(out).write_text(json.dumps(result, indent=1) + "\n")
print(f"{threads} threads, {result['model_parameters']} parameters, fp32, medians of windows of 3 s; load {result['load_average']:.1f}")
print("| program | tokens/s | tokens a CPU second |\n| --- | --- | --- |")
for name in ("ours", "pytorch"):
    print(f"| {'fabrica-gpt' if name == 'ours' else 'PyTorch ' + result['torch']} | {result[name]['tokens_per_s']:.0f} | {result[name]['tokens_per_cpu_s']:.0f} |")
print(f"| ratio | {result['ratio_wall']:.2f} | {result['ratio_cpu']:.2f} |")
middle_share = result["ours"]["tokens_per_cpu_s"] * flop / result["gemm_flop_per_cpu_s"]
print(f"GEMM peak {result['gemm_flop_per_cpu_s'] / 1e9:.0f} GFLOP/s a CPU second; share: best window {100 * result['share_of_gemm_peak']:.0f} %, median {100 * middle_share:.0f} %")
P
