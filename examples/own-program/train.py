"""A whole job in twenty lines: fits y = a*x by gradient descent, reports its loss, survives a restart, leaves a model."""
import json, os, pathlib, signal, sys

env = os.environ
parameters = json.loads(pathlib.Path(env["FABRICA_PARAMETERS"]).read_text())
checkpoint = pathlib.Path(env["FABRICA_CHECKPOINTS"], "state.json")
state = json.loads(checkpoint.read_text()) if checkpoint.exists() else {"step": 0, "a": 0.0}

def save():
    checkpoint.with_suffix(".part").write_text(json.dumps(state))
    checkpoint.with_suffix(".part").replace(checkpoint)  # whole or not at all

signal.signal(signal.SIGTERM, lambda *_: (save(), sys.exit(143)))
steps = parameters.get("steps", 100)
with open(env["FABRICA_METRICS"], "a") as metrics:
    for step in range(state["step"] + 1, steps + 1):
        error = [(state["a"] * x - 3 * x) for x in range(1, 5)]
        state = {"step": step, "a": state["a"] - 0.01 * sum(e * x for e, x in zip(error, range(1, 5)))}
        line = {"step": step, "metrics": {"loss": sum(e * e for e in error)}, "progress": step / steps}
        print(json.dumps(line), file=metrics, flush=True)
pathlib.Path(env["FABRICA_OUTPUTS"], "model.json").write_text(json.dumps({"a": state["a"]}))
