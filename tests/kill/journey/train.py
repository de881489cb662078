"""Fits y = a x slowly, with a checkpoint a step; counts its own starts, so that a doubled job would be seen."""
import json
import os
import pathlib
import signal
import sys
import time

env = os.environ
parameters = json.loads(pathlib.Path(env["FABRICA_PARAMETERS"]).read_text())
checkpoint = pathlib.Path(env["FABRICA_CHECKPOINTS"], "state.json")
state = json.loads(checkpoint.read_text()) if checkpoint.exists() else {"step": 0, "a": 0.0, "starts": 0}
state["starts"] += 1
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def save():
    checkpoint.with_suffix(".part").write_text(json.dumps(state))
    checkpoint.with_suffix(".part").replace(checkpoint)


with open(env["FABRICA_METRICS"], "a", encoding="utf-8") as metrics:
    for step in range(state["step"] + 1, parameters["steps"] + 1):
        error = [state["a"] * x - 3 * x for x in range(1, 5)]
        state["a"] -= 0.01 * sum(e * x for e, x in zip(error, range(1, 5)))
        state["step"] = step
        save()
        print(json.dumps({"step": step, "metrics": {"loss": sum(e * e for e in error)}, "progress": step / parameters["steps"]}),
              file=metrics, flush=True)
        time.sleep(parameters["step_s"])
pathlib.Path(env["FABRICA_OUTPUTS"], "model.json").write_text(json.dumps({"a": state["a"]}))
