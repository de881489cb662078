"""Says how far the slope is from 3."""
import json
import os
import pathlib
import time

time.sleep(1)
model = json.loads(next(pathlib.Path(os.environ["FABRICA_INPUTS"], "model").rglob("model.json")).read_text())
held_out = list(pathlib.Path(os.environ["FABRICA_INPUTS"], "corpus").rglob("*.jsonl"))
assert held_out, "the held-out part is not here"
result = {"name": "slope_error", "value": abs(model["a"] - 3), "n": len(held_out)}
pathlib.Path(os.environ["FABRICA_OUTPUTS"], "results.json").write_text(json.dumps({"suite": "slope", "version": "1", "metrics": [result]}))
