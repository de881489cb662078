#!/usr/bin/env python3
"""kill -9 at random moments: nothing acknowledged is lost, nothing is done twice.

run.py [--build B] [--kills N] [--seed S] [--part writes,journey]

writes: four clients make projects and send proposals with Idempotency-Keys, trying again until they have an answer, while the server is
killed N times, sometimes while it starts. Then every acknowledged thing must be there once, the budget must add up, the log must be
whole and cosigned by a witness that runs beside.

journey: `fabrica run` takes the project of journey/ from plan to dossier, again and again, while the server and sometimes the client are
killed N times. Every journey must end well, with one job each and each charged once, and a dossier that verifies with the server stopped.
"""
import argparse
import os
import pathlib
import random
import shutil
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import harness  # noqa: E402

CLIENTS = 4
PATIENCE_S = 120  # for one request, over restarts
OFFER_UNITS = 1_000_000
PROPOSAL = {"partition": "leonardo/booster", "duration_days": 30, "purpose": "To be killed.", "civilian_purposes": "yes",
            "excluded_uses": "no", "personal_data": "no", "first_come_accepted": "yes", "amount_reason": "A test.",
            "plan": {"parameters": 10000000, "tokens": 100000000}}


# What a journey leaves in its project's chain, however often it was interrupted.
CHAIN = (["project.created", "proposal.submitted", "proposal.checked", "award.decided", "dataset.registered", "split.committed",
          "evaluation.preregistered"] + 2 * ["job.submitted", "job.started", "artefact.produced", "energy.measured", "job.ended"] +
         ["model.registered", "evaluation.recorded", "class.determined", "declaration.made", "release.decided"] +
         5 * ["document.generated"] + ["dossier.issued"])
# What the loop of awards adds in its own time, once.
IN_TIME = {"award.opened", "award.clock_started"}


class Witness:
    """A witness beside the factory, with its own key and state."""

    def __init__(self, build, folder, log_vkey):
        self.folder, self.port = folder, harness.free_port()
        status, out, err = harness.run(build, "witness", "init", "--folder", folder, "--name", "witness.example/kill")
        if status:
            raise harness.Failure(f"witness init: {err}")
        self.vkey = out.strip().splitlines()[-1]
        self.process = subprocess.Popen([harness.program(build), "witness", "serve", "--folder", folder, "--log", log_vkey, "--port",
                                         str(self.port)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=open(folder.with_suffix(".log"), "a"))

    def stop(self):
        self.process.kill()
        self.process.wait()


def ask_for_sure(factory, method, path, body, token, key):
    """Tries until there is an answer. A refusal of the moment (503) is none."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        try:
            answer = factory.send(method, path, body, token, {"Idempotency-Key": key} if key else {}, timeout=20)
            if answer.status != 503:
                return answer
        except harness.Unreachable:
            pass
        time.sleep(0.02)
    raise harness.Failure(f"no answer to {method} {path} in {PATIENCE_S} s")


class Client(threading.Thread):
    """Makes a project, proposes, submits; again and again. Keeps what was acknowledged."""

    def __init__(self, number, factory, token, organisation, call, stop):
        super().__init__(daemon=True)
        self.number, self.factory, self.token, self.organisation, self.call, self.stop = number, factory, token, organisation, call, stop
        self.projects, self.awards, self.fault = {}, {}, None

    def must(self, path, body, key, wanted):
        answer = ask_for_sure(self.factory, "POST", path, body, self.token, key)
        if answer.status not in wanted:
            raise harness.Failure(f"POST {path}: {answer.status} {answer.text()[:500]}")
        return answer.json()

    def run(self):
        try:
            turn = 0
            while not self.stop.is_set():
                name = f"client {self.number} turn {turn}"
                key = name.replace(" ", "-")
                turn += 1
                project = self.must("/projects", {"organisation": self.organisation, "title": name, "summary": "", "sector": "other"},
                                    key + "-project", (201,))
                self.projects[project["id"]] = name
                amount = 10 + turn % 90
                proposal = self.must(f"/projects/{project['id']}/proposals", {**PROPOSAL, "call": self.call, "amount_units": amount},
                                     key + "-proposal", (201,))
                decided = self.must(f"/proposals/{proposal['id']}/submit", "", key + "-submit", (200,))
                if decided["state"] != "awarded":
                    raise harness.Failure(f"a proposal became {decided['state']}: {decided['decision_reason']}")
                self.awards[decided["award"]] = (project["id"], amount)
        except harness.Failure as error:
            self.fault = str(error)
            self.stop.set()


def write_settings(factory, witness):
    (factory.folder / "fabrica.toml").write_text(
        "[listen]\naccess_log = false\n[log]\nwitnesses_needed = 1\n"
        f'witnesses = ["{witness.vkey} http://127.0.0.1:{witness.port}"]\n')


def prepare(build, scratch):
    factory = harness.Factory(build, scratch / "data", "[listen]\naccess_log = false\n", harness.free_port())
    token = factory.create_admin()
    factory.start()
    witness = Witness(build, scratch / "witness", factory.send("GET", "/log/status").json()["vkey"])
    write_settings(factory, witness)
    factory.restart()
    organisation = ask_for_sure(factory, "POST", "/organisations", {"name": "Killed", "country": "LV", "kind": "sme"}, token, "o").json()
    call = ask_for_sure(factory, "POST", "/calls", {
        "title": "For the killed", "summary": "", "kind": "first_come", "opens": "2026-01-01T00:00:00Z", "duration_days_max": 90,
        "answer_working_days": 1, "organisation_kinds": ["sme"], "countries": ["eu"], "source": "a test",
        "offers": [{"partition": "leonardo/booster", "unit": "node_hour", "min_units": 1, "max_units": 100,
                    "capacity_units": OFFER_UNITS}]}, token, "c").json()
    published = ask_for_sure(factory, "POST", f"/calls/{call['id']}/publish", "", token, "p")
    if published.status != 200:
        raise harness.Failure(f"publish: {published.text()}")
    return factory, token, witness, organisation["id"], call["id"]


def kill_loop(factory, source, kills, stop):
    """Kills and starts again; sometimes twice, the second time while it starts."""
    for number in range(kills):
        if stop.wait(source.uniform(0.02, 0.8)):
            return number
        factory.kill()
        if source.random() < 0.2:
            starting = subprocess.Popen([harness.program(factory.build), "serve", "--data", factory.folder, "--port",
                                         str(factory.fixed_port)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
            time.sleep(source.uniform(0, 0.15))
            starting.kill()
            starting.wait()
        factory.start()
    return kills


def everything(factory, path, token):
    out, cursor = [], ""
    while True:
        answer = factory.send("GET", f"{path}?limit=200{cursor}", token=token)
        if answer.status != 200:
            raise harness.Failure(f"GET {path}: {answer.status} {answer.text()}")
        out += answer.json()
        if not answer.header("Link"):
            return out
        cursor = f"&cursor={out[-1]['id']}"


def check_writes(factory, token, clients, call):
    acknowledged = {identity: name for client in clients for identity, name in client.projects.items()}
    stored = {one["id"]: one["title"] for one in everything(factory, "/projects", token)}
    if lost := set(acknowledged) - set(stored):
        raise harness.Failure(f"{len(lost)} acknowledged projects are lost, for example {acknowledged[lost.pop()]}")
    titles = list(stored.values())
    if doubled := {title for title in titles if titles.count(title) > 1}:
        raise harness.Failure(f"done twice: {sorted(doubled)[:5]}")
    # One request of each client may have been done and never answered.
    if len(stored) > len(acknowledged) + CLIENTS:
        raise harness.Failure(f"{len(stored)} projects are stored and only {len(acknowledged)} were acknowledged")
    given = 0
    for project in stored:
        awards = everything(factory, f"/projects/{project}/awards", token)
        if len(awards) > 1:
            raise harness.Failure(f"project {stored[project]} has {len(awards)} awards")
        given += sum(one["amount_units"] for one in awards)
        for one in awards:
            charges = factory.send("GET", f"/awards/{one['id']}/statement", token=token).json()
            if len(charges) != 1 or one["balance_micro"] != one["amount_units"] * 1_000_000:
                raise harness.Failure(f"award {one['id']} was charged {len(charges)} times")
        known = {award: amount for client in clients for award, (owner, amount) in client.awards.items() if owner == project}
        if missing := set(known) - {one["id"] for one in awards}:
            raise harness.Failure(f"acknowledged awards are lost: {missing}")
    left = factory.send("GET", f"/calls/{call}").json()["offers"][0]["left_units"]
    if left != OFFER_UNITS - given:
        raise harness.Failure(f"{given} units were awarded but {left} of {OFFER_UNITS} are left")
    return len(stored), given


def check_log(factory, token, witness):
    statements = sum(len(chain_of(factory, project, token)) for project in
                     [one["id"] for one in everything(factory, "/projects", token)])
    until = time.monotonic() + 60
    while True:
        answer = factory.send("GET", "/log/checkpoint")
        status = factory.send("GET", "/log/status").json()
        if answer.status == 200 and int(answer.text().split("\n")[1]) >= statements and status.get("waiting", 0) == 0:
            break
        if time.monotonic() > until:
            raise harness.Failure(f"the log does not catch up: {status} {answer.text()}")
        time.sleep(0.1)
    if "witness.example/kill" not in answer.text():
        raise harness.Failure(f"the checkpoint is not cosigned: {answer.text()}")
    for words in (["doctor"], ["log", "verify"]):
        code, out, err = factory.run(*words)
        if code:
            raise harness.Failure(f"fabrica {' '.join(words)}: {out}{err}")
    return int(answer.text().split("\n")[1])


def chain_of(factory, project, token):
    got = factory.send("GET", f"/projects/{project}/statements?limit=200", token=token).json()
    if [one["number"] for one in got] != list(range(1, len(got) + 1)):
        raise harness.Failure(f"the chain of {project} has a gap: {[one['number'] for one in got]}")
    return got


def run_writes(build, kills, seed):
    source = random.Random(seed)
    with harness.Scratch("kill") as scratch:
        factory, token, witness, organisation, call = prepare(build, scratch)
        stop = threading.Event()
        clients = [Client(number, factory, token, organisation, call, stop) for number in range(CLIENTS)]
        try:
            for client in clients:
                client.start()
            done = kill_loop(factory, source, kills, stop)
            stop.set()
            for client in clients:
                client.join(PATIENCE_S * 2)
                if client.is_alive():
                    raise harness.Failure("a client does not end")
                if client.fault:
                    raise harness.Failure(client.fault)
            projects, units = check_writes(factory, token, clients, call)
            size = check_log(factory, token, witness)
            print(f"kill writes: {done} kills, {projects} projects and {units} units awarded, each once; log of {size} entries whole")
        except harness.Failure as error:
            print(f"kill writes --seed {seed}: {error}\n{factory.log_text()[-2500:]}")
            return False
        finally:
            stop.set()
            factory.kill()
            witness.stop()
    return True


class Journey:
    """`fabrica run` on a copy of journey/, started again for as long as it is killed."""

    def __init__(self, factory, scratch, number, token_file):
        self.factory, self.folder, self.token_file = factory, scratch / f"journey-{number}", token_file
        self.log = scratch / f"journey-{number}.log"
        shutil.copytree(pathlib.Path(__file__).resolve().parent / "journey", self.folder)
        self.process, self.kills, self.server_kills = None, 0, 0

    def start(self):
        self.process = subprocess.Popen(
            [harness.program(self.factory.build), "run", "project.toml", "--state", "state.json", "--out", "out"], cwd=self.folder,
            stdin=subprocess.DEVNULL, stdout=open(self.log, "a"), stderr=subprocess.STDOUT,
            env={**os.environ, "FABRICA_SERVER": f"http://127.0.0.1:{self.factory.fixed_port}", "FABRICA_TOKEN_FILE": str(self.token_file)})

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()
        self.kills += 1

    def ended(self):
        """None while it runs; a client that was killed is started again by whoever did that."""
        return self.process.poll()

    def check(self, token):
        status = self.process.wait(timeout=300)
        if status:
            raise harness.Failure(f"fabrica run ended with {status}: {self.log.read_text()[-3000:]}")
        state = harness.json.loads((self.folder / "state.json").read_text())
        jobs = everything(self.factory, f"/projects/{state['project']}/jobs", token)
        if sorted(job["name"] for job in jobs) != ["evaluate", "train"] or any(job["state"] != "completed" for job in jobs):
            raise harness.Failure(f"the jobs are {[(job['name'], job['state']) for job in jobs]}")
        award, = everything(self.factory, f"/projects/{state['project']}/awards", token)
        entries = self.factory.send("GET", f"/awards/{award['id']}/statement", token=token).json()
        charged = sorted(one["reference"] for one in entries if one["amount_micro"] < 0)
        if charged != sorted(set(charged)) or len(charged) > 2 or award["held_micro"] != 0:
            raise harness.Failure(f"two jobs, and these charges: {entries}; held {award['held_micro']}")
        kinds = [one["kind"] for one in chain_of(self.factory, state["project"], token)]
        twice = [kind for kind in IN_TIME if kinds.count(kind) > 1]
        if twice:
            raise harness.Failure(f"the chain has more than once: {twice}")
        kinds = [kind for kind in kinds if kind not in IN_TIME]
        if sorted(kinds) != sorted(CHAIN):
            odd = {kind: (kinds.count(kind), CHAIN.count(kind)) for kind in {*kinds, *CHAIN} if kinds.count(kind) != CHAIN.count(kind)}
            raise harness.Failure(f"the chain has statements another number of times (found, wanted): {odd}")

    def check_offline(self, build):
        """With the server stopped, and from another folder."""
        for change in (False, True):
            dossier = self.folder / "out/dossier.zip"
            if change:
                data = bytearray(dossier.read_bytes())
                data[len(data) // 2] ^= 1
                dossier = self.folder / "out/changed.zip"
                dossier.write_bytes(data)
            status, out, err = harness.run(build, "verify", dossier, "--policy", self.folder / "out/policy.txt")
            if (status == 0) == change:
                raise harness.Failure(f"a {'changed' if change else 'whole'} dossier: {status} {out}{err}")


def kill_journeys(factory, source, kills, scratch, token_file, token):
    journeys, killed = [], 0
    while killed < kills or not journeys or journeys[-1].ended() is None:
        if not journeys or journeys[-1].ended() is not None:
            if journeys:
                journeys[-1].check(token)
            journeys.append(Journey(factory, scratch, len(journeys), token_file))
            journeys[-1].start()
        journey = journeys[-1]
        try:
            journey.process.wait(timeout=source.uniform(0.05, 2.5) if killed < kills else 600)
            continue
        except subprocess.TimeoutExpired:
            if killed >= kills:
                raise harness.Failure(f"fabrica run does not end: {journey.log.read_text()[-2000:]}") from None
        killed += 1
        which = source.choice(["server", "server", "server", "client", "both"])
        if which != "client":
            factory.kill()
        if which != "server":
            journey.kill()
        if which != "client":
            factory.start()
        if which != "server":
            journey.start()
    journeys[-1].check(token)
    return journeys, killed


def run_journeys(build, kills, seed):
    source = random.Random(seed)
    with harness.Scratch("kill-journey") as scratch:
        factory, token, witness, _, _ = prepare(build, scratch)
        try:
            admin_file = scratch / "data.token"
            server = f"http://127.0.0.1:{factory.fixed_port}"
            factory.must_run("--server", server, "--token-file", admin_file, "seed",
                             harness.ROOT / "examples/small-language-model/demo-factory.toml")
            developer = scratch / "developer.token"
            factory.must_run("token", "issue", "--email", "developer@demo.example", "--out", developer)
            journeys, killed = kill_journeys(factory, source, kills, scratch, developer, token)
            size = check_log(factory, token, witness)
            factory.stop()
            for journey in journeys:
                journey.check_offline(build)
            print(f"kill journey: {killed} kills, {len(journeys)} journeys to a dossier that verifies offline; log of {size} entries whole")
        except harness.Failure as error:
            print(f"kill journey --seed {seed}: {error}\n{factory.log_text()[-2500:]}")
            return False
        finally:
            factory.kill()
            witness.stop()
    return True


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build")
    arguments.add_argument("--kills", type=int, default=8)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--part", choices=("writes", "journey"), help="one of the two; otherwise both, with half of the kills each")
    given = arguments.parse_args()
    build = harness.build_folder(given.build)
    kills = given.kills if given.part else (given.kills + 1) // 2
    good = True
    if given.part != "journey":
        good = run_writes(build, kills, given.seed) and good
    if given.part != "writes":
        good = run_journeys(build, kills, given.seed) and good
    sys.exit(0 if good else 1)


main()
