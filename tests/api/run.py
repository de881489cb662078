#!/usr/bin/env python3
"""Runs scenario files against the real program: run.py --build B --mode sqlite|postgres|restart [--only NAME]

Each file of scenarios/ gets a factory of its own, with an administrator (as admin). Mode restart stops and starts the server
after every step, which no step may notice. README.md says how a scenario is written.
"""
import argparse
import datetime
import hashlib
import json
import pathlib
import re
import shlex
import shutil
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import harness  # noqa: E402

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class Step:
    def __init__(self, title, line):
        self.title, self.line = title, line
        self.act, self.headers, self.body, self.wanted, self.expects = "", [], [], "", []


def parse(path):
    steps = []
    where = "start"
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.startswith("== "):
            steps.append(Step(line[3:], number))
            where = "act"
        elif where == "start" or line.startswith("# "):
            continue
        elif where == "act":
            steps[-1].act, where = line, "headers"
        elif line.startswith("-> "):
            steps[-1].wanted, where = line[3:], "expects"
        elif where == "expects":
            if line.strip():
                steps[-1].expects.append(line.strip())
        elif where == "headers" and re.match(r"^[A-Za-z-]+: ", line):
            steps[-1].headers.append(tuple(line.split(": ", 1)))
        elif line.strip():
            where = "body"
            steps[-1].body.append(line)
    for step in steps:
        if not step.act or not step.wanted:
            raise SystemExit(f"{path.name}:{step.line}: a step has a request line and a line that begins with ->")
    return steps


def at_pointer(document, pointer):
    """RFC 6901, and list[key=value] for the element of a list that has such a member."""
    for segment in re.findall(r"/((?:[^/\[]|\[[^\]]*\])*)", pointer):
        chosen = re.match(r"^(.*)\[(\w+)=(.*)\]$", segment)
        name = chosen[1] if chosen else segment
        if name:
            name = name.replace("~1", "/").replace("~0", "~")
            document = document[int(name)] if isinstance(document, list) else document[name]
        if chosen:
            document = next(one for one in document if str(one.get(chosen[2])) == chosen[3])
    return document


class World:
    """A factory and what the scenario has kept so far."""

    def __init__(self, factory, variables, run_sql, restart_always):
        self.factory, self.kept, self.run_sql, self.restart_always = factory, variables, run_sql, restart_always

    def fill(self, text):
        def value(found):
            words = found[1].split(" ")
            if words[0] == "repeat":
                return words[1] * int(words[2])
            if words[0] in ("sha256", "size") and len(words) == 2:
                content = (harness.ROOT / words[1]).read_bytes()
                return hashlib.sha256(content).hexdigest() if words[0] == "sha256" else str(len(content))
            if found[1] not in self.kept:
                raise harness.Failure(f"nothing is kept under the name {found[1]}")
            return str(self.kept[found[1]])

        return re.sub(r"\{\{([^{}]+)\}\}", value, text)

    def body(self, step):
        """The lines; or bytes: @file PATH [FROM TO] of a file of the sources, @hex 00ff."""
        if not step.body:
            return None
        words = self.fill(step.body[0]).split(" ")
        if words[0] == "@hex":
            return bytes.fromhex(words[1])
        if words[0] == "@file":
            content = (harness.ROOT / words[1]).read_bytes()
            return content[int(words[2]):int(words[3])] if words[2:] else content
        return self.fill("\n".join(step.body))

    def act(self, step):
        words = self.fill(step.act).split(" ")
        body = self.body(step)
        if words[0] == "RUN":
            return self.command(shlex.split(" ".join(words[1:])))
        if words[0] == "SQL":
            self.run_sql(" ".join(words[1:]))
            return None
        if words[0] == "FLIP":
            content = bytearray(pathlib.Path(words[1]).read_bytes())
            content[int(words[2])] ^= 1
            pathlib.Path(words[1]).write_bytes(content)
            return None
        if words[0] == "RAW":
            data = body.replace("\\r\\n", "\n").replace("\n", "\r\n") + "\r\n\r\n"
            return harness.send_bytes(self.factory.port, data.encode("utf-8", "surrogateescape"))
        if words[0] not in METHODS:
            raise harness.Failure(f"unknown request line: {step.act}")
        headers = {name: self.fill(value) for name, value in step.headers}
        token = self.kept[words[3]] if words[2:3] == ["as"] else None
        return self.factory.send(words[0], words[1], body, token, headers)

    def command(self, words):
        status, out, err = harness.run(self.factory.build, *words, env={
            "FABRICA_DATA": str(self.factory.folder), "FABRICA_SERVER": f"http://127.0.0.1:{self.factory.port}",
            "FABRICA_TOKEN_FILE": str(self.kept["token_file"])})
        return harness.Answer(status, {}, (out + err).encode())

    def do(self, step):
        within = re.search(r" within (\d+)s$", step.wanted)
        until = time.monotonic() + (int(within[1]) if within else 0)
        while True:
            answer = self.act(step)
            try:
                self.check(step, answer)
                break
            except (harness.Failure, KeyError, IndexError, StopIteration, ValueError) as error:
                if time.monotonic() > until:
                    shown = f"{answer.status} {answer.text()[:1500]}" if answer else "nothing"
                    raise harness.Failure(f"{error!r}\n    got {shown}") from error
                time.sleep(0.1)
        if self.restart_always:
            self.factory.restart()

    def check(self, step, answer):
        words = step.wanted.split(" ")
        if words[0] == "done":
            return
        if words[0] == "exit":
            words = words[1:]
        elif answer.status >= 400:
            self.check_problem(answer, words[1] if len(words) > 1 and words[1] != "within" else None)
        if answer.status != int(words[0]):
            raise harness.Failure(f"status {answer.status}, not {words[0]}")
        for expect in step.expects:
            self.expect(self.fill(expect), answer)

    @staticmethod
    def check_problem(answer, reason):
        """Every refusal is a problem+json (RFC 9457) with a reason and a sentence that says what to change."""
        kind = answer.header("Content-Type")
        if kind != "application/problem+json":
            raise harness.Failure(f"a refusal of type {kind}")
        problem = answer.json()
        if reason and problem["reason"] != reason:
            raise harness.Failure(f"reason {problem['reason']}, not {reason}")
        whole = (problem["status"] == answer.status and problem["type"].endswith(problem["reason"]) and problem["request"] and
                 len(problem["detail"]) >= 12 and problem["detail"][-1] in ".!?)" and problem["title"])
        if not whole or any(not one["what"] for one in problem.get("faults", [])):
            raise harness.Failure("a refusal that does not say what to change")

    def expect(self, text, answer):
        def must(truth):
            if not truth:
                raise harness.Failure(f"not so: {text[:200]}")

        words = text.split(" ")
        if words[0] == "has":
            must(text[4:] in answer.text())
        elif words[0] == "lacks":
            must(text[6:] not in answer.text())
        elif text == "empty":
            must(answer.body == b"")
        elif words[0] == "keep":
            self.kept[words[1]] = answer.header(words[4]) if words[3] == "header" else at_pointer(answer.json(), words[3])
            must(self.kept[words[1]] is not None)
        elif words[0] == "save":
            self.kept[words[1]] = self.factory.folder.parent / f"{self.factory.folder.name}-{words[1]}"
            self.kept[words[1]].write_bytes(answer.body)
        elif words[0] == "read":
            self.kept[words[1]] = pathlib.Path(words[2]).read_text().strip()
        elif words[0] == "cookie":
            self.kept[words[1]] = answer.header("Set-Cookie").split(";")[0]
        elif words[0] == "no" and words[1] == "header":
            must(answer.header(words[2]) is None)
        elif words[0] == "header":
            got, wanted = answer.header(words[1]) or "", " ".join(words[3:])
            must(got == wanted if words[2] == "=" else wanted in got)
        elif words[0] == "faults":
            must({one["pointer"] for one in answer.json()["faults"]} == set(words[1:]))
        elif words[0] == "count":
            must(len(at_pointer(answer.json(), words[1] if words[1] != "all" else "")) == int(words[3]))
        elif words[0].startswith("/"):
            self.expect_value(words, answer, must)
        else:
            raise SystemExit(f"unknown expectation: {text}")

    @staticmethod
    def expect_value(words, answer, must):
        if words[1] == "absent":
            try:
                must(at_pointer(answer.json(), words[0]) is None)
            except (KeyError, IndexError, StopIteration):
                pass
            return
        got, wanted = at_pointer(answer.json(), words[0]), " ".join(words[2:])
        if words[1] == "has":
            must(wanted in got)
        elif words[1] == ">":
            must(got > float(wanted))
        elif words[1] == "!=":
            must(got != json.loads(wanted))
        else:
            must(got == json.loads(wanted))


def days():
    """Days that are near whenever the tests run."""
    today = datetime.datetime.now(datetime.timezone.utc).date()
    day = datetime.timedelta(days=1)
    return {"yesterday": today - day, "tomorrow": today + day, "last_year": today.year - 1}


class Lane:
    """Factories for one mode, each a copy of a first one that has its administrator already."""

    def __init__(self, build, mode, scratch):
        self.build, self.mode, self.scratch = build, mode, scratch
        self.postgres = harness.Postgres() if mode == "postgres" else None
        settings = f'[database]\nurl = "{self.postgres.make("pattern")}"\n' if self.postgres else ""
        first = harness.Factory(build, scratch / "pattern", settings)
        self.token = first.create_admin()

    def world(self, name):
        folder = self.scratch / name
        shutil.copytree(self.scratch / "pattern", folder)
        settings = ""
        if self.postgres:
            self.postgres.sql("postgres", f"CREATE DATABASE {name} TEMPLATE pattern")
            settings = f'[database]\nurl = "{self.postgres.url(name)}"\n'
        factory = harness.Factory(self.build, folder, settings)
        run_sql = (lambda text: self.postgres.sql(name, text)) if self.postgres else factory.sqlite
        return World(factory.start(), {"admin": self.token, "data": folder, "token_file": self.scratch / "pattern.token",
                                       "scratch": self.scratch, "root": harness.ROOT, "password": harness.PASSWORD, **days()}, run_sql, self.mode == "restart")

    def stop(self):
        if self.postgres:
            self.postgres.stop()


def run_file(lane, path):
    world = lane.world(path.stem)
    done = 0
    try:
        for step in parse(path):
            try:
                world.do(step)
                done += 1
            except (harness.Failure, harness.Unreachable) as error:
                print(f"{path.name}:{step.line}: {step.title}\n    {step.act[:200]}\n    {error}")
                return done, False
        if not world.factory.running():
            print(f"{path.name}: the server is gone\n{world.factory.log_text()[-1500:]}")
            return done, False
        if status := world.factory.stop():
            print(f"{path.name}: the server ended with {status}")
            return done, False
        return done, True
    finally:
        world.factory.kill()


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build")
    arguments.add_argument("--mode", choices=("sqlite", "postgres", "restart"), default="sqlite")
    arguments.add_argument("--only", help="names of scenarios, with commas between them")
    given = arguments.parse_args()
    wanted = given.only.split(",") if given.only else None
    files = [path for path in sorted((HERE / "scenarios").glob("*.http")) if not wanted or path.stem in wanted]
    failed, steps = [], 0
    with harness.Scratch(f"api-{given.mode}") as scratch:
        lane = Lane(harness.build_folder(given.build), given.mode, scratch)
        try:
            for path in files:
                done, good = run_file(lane, path)
                steps += done
                if not good:
                    failed.append(path.stem)
        finally:
            lane.stop()
    print(f"api {given.mode}: {len(files)} scenarios, {steps} steps, {len(failed)} failed{': ' if failed else ''}{', '.join(failed)}")
    sys.exit(1 if failed or not files else 0)


main()
