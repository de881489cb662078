#!/usr/bin/env python3
"""Trains a tiny model with fabrica-gpt, by the job contract and without a factory: small_model.py FABRICA_GPT FOLDER [key=value...]

Leaves the model in FOLDER/outputs. What tests of the recipes against other programs begin with.
"""
import json
import os
import pathlib
import random
import subprocess
import sys

WORDS = {"en": "the line of a page is read by one who looks for help".split(),
         "lv": "lapas rindu lasa tas kas meklē palīdzību šeit un tagad".split(),
         "el": "η γραμμή της σελίδας διαβάζεται από όποιον ψάχνει βοήθεια".split()}


def write_corpus(folder):
    source = random.Random(5)
    for part, pages in (("train", 300), ("validation", 30)):
        (folder / part).mkdir(parents=True)
        for language, words in WORDS.items():
            with open(folder / part / f"{language}.jsonl", "w", encoding="utf-8") as out:
                for page in range(pages):
                    text = " ".join(source.choice(words) for _ in range(60))
                    out.write(json.dumps({"id": f"{part}-{page}", "text": text}, ensure_ascii=False) + "\n")


def main():
    gpt, folder = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2])
    parameters = {"vocab_size": 400, "layers": 2, "d_model": 64, "heads": 4, "kv_heads": 2, "d_ff": 160, "context": 96, "batch_tokens": 384,
                  "steps": 30, "model_name": "tiny", "license": "EUPL-1.2"}
    parameters.update((key, json.loads(value)) for key, value in (word.split("=", 1) for word in sys.argv[3:]))
    for part in ("inputs", "outputs", "checkpoints"):
        (folder / part).mkdir(parents=True)
    write_corpus(folder / "inputs/corpus")
    (folder / "parameters.json").write_text(json.dumps(parameters))
    environment = {"FABRICA_JOB": "small", "FABRICA_INPUTS": folder / "inputs", "FABRICA_OUTPUTS": folder / "outputs",
                   "FABRICA_CHECKPOINTS": folder / "checkpoints", "FABRICA_METRICS": folder / "metrics.jsonl",
                   "FABRICA_PARAMETERS": folder / "parameters.json", "FABRICA_CPUS": "2"}
    done = subprocess.run([gpt, "train"], env={**os.environ, **{key: str(value) for key, value in environment.items()}},
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        sys.exit(f"fabrica-gpt train ended with {done.returncode}: {done.stdout[-2000:]}")
    print(f"a model of {(folder / 'outputs/model.safetensors').stat().st_size} bytes in {folder / 'outputs'}")


main()
