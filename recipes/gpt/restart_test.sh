#!/usr/bin/env bash
# A training job killed without warning, stopped by SIGTERM, with its newest checkpoint damaged and given fewer CPUs must end
# with the bytes of one that ran through.  usage: restart_test.sh <fabrica-gpt>
set -euo pipefail
gpt=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/inputs/corpus/{train,validation}
for split in train validation; do
  for ((page = 0; page < 80; ++page)); do
    echo "{\"id\":\"$page\",\"text\":\"Page $page of $split says that $((page * 7919 % 1009)) words are enough for page $((page * 31 % 80)).\"}"
  done >"$work/inputs/corpus/$split/en.jsonl"
done
echo '{"vocab_size":300,"layers":2,"d_model":64,"heads":4,"kv_heads":2,"context":32,"batch_tokens":256,"steps":300,
       "warmup_steps":5,"validate_every":150,"checkpoint_every":10}' >"$work/parameters.json"

job() {  # job <name> <cpus>: becomes the program
  export FABRICA_JOB=$1 FABRICA_CPUS=$2 FABRICA_INPUTS=$work/inputs FABRICA_PARAMETERS=$work/parameters.json
  export FABRICA_OUTPUTS=$work/$1/outputs FABRICA_CHECKPOINTS=$work/$1/checkpoints FABRICA_METRICS=$work/$1/metrics.jsonl
  mkdir -p "$FABRICA_OUTPUTS" "$FABRICA_CHECKPOINTS"
  exec "$gpt" train
}

stop_after() {  # stop_after <checkpoint> <signal> <cpus>: starts the job and stops it once it passed that checkpoint
  job stopped "$3" &
  local process=$!
  until compgen -G "$work/stopped/checkpoints/$1*" >/dev/null; do
    kill -0 "$process" 2>/dev/null || { echo "the job ended before $1"; exit 1; }
  done
  kill "-$2" "$process" 2>/dev/null || true
  status=0
  wait "$process" 2>/dev/null || status=$?
}

(job through 2)
stop_after step-00000003 KILL 2
stop_after step-00000007 TERM 1
[ "$status" = 143 ] || { echo "after SIGTERM the status is $status"; exit 1; }
newest=$(ls "$work"/stopped/checkpoints/* | tail -1)
printf X | dd of="$newest" bs=1 seek=3000 conv=notrunc status=none
(job stopped 1) 2>"$work/notes"
grep -q "damaged and was passed over" "$work/notes" || { echo "no line about the damaged checkpoint"; exit 1; }
for file in model.safetensors tokenizer.json losses.csv; do cmp "$work"/{through,stopped}/outputs/$file; done
echo "stopped three times: the same bytes"
