"""What every whole-binary test needs: a factory on a data folder of its own, a private PostgreSQL server, an HTTP client.

The program is <build>/bin/fabrica, the build folder that of --build or FABRICA_BUILD. Standard library only.
"""
import glob
import http.client
import json
import os
import pathlib
import pwd
import random
import shutil
import signal
import socket
import sqlite3
import string
import subprocess
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PASSWORD = "correct horse battery staple"
ADMIN = "admin@factory.example"
START_S = 60  # a loaded machine of two cores starts a factory in well under this


class Failure(Exception):
    """The program did something else than it must."""


def build_folder(argument=None):
    return pathlib.Path(argument or os.environ.get("FABRICA_BUILD") or ROOT / "build/release").resolve()


def program(build):
    path = pathlib.Path(build) / "bin/fabrica"
    if not path.exists():
        raise SystemExit(f"{path} is missing: build the target fabrica first")
    return str(path)


def run(build, *words, env=None, timeout=120):
    """A command of ours to its end: (exit status, standard output, standard error)."""
    done = subprocess.run([program(build), *map(str, words)], capture_output=True, text=True, timeout=timeout,
                          stdin=subprocess.DEVNULL, env={**os.environ, **(env or {})})
    return done.returncode, done.stdout, done.stderr


class Scratch:
    """A temporary folder that goes away; FABRICA_KEEP=1 leaves it for a look."""

    def __init__(self, name):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix=f"fabrica-{name}-"))
        # Jobs run as other users: they must be able to pass through.
        self.path.chmod(0o755)

    def __enter__(self):
        return self.path

    def __exit__(self, *_):
        if os.environ.get("FABRICA_KEEP"):
            print(f"kept: {self.path}")
        else:
            shutil.rmtree(self.path, ignore_errors=True)


class Postgres:
    """A private server in a temporary folder, reached through a Unix socket there; as another user when we are root."""

    def __init__(self):
        self.bin = self._find_bin()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="fabrica-pg-"))
        self.user = None
        if os.geteuid() == 0:
            names = {entry.pw_name: entry for entry in pwd.getpwall()}
            self.user = names.get("postgres") or names.get("nobody")
            os.chown(self.folder, self.user.pw_uid, self.user.pw_gid)
        self.process = None
        made = self._spawn("initdb", "-D", self.folder / "data", "-U", "fabrica", "-A", "trust", "-E", "UTF8", "--locale=C",
                           "-N").wait()
        if made:
            raise Failure(f"initdb failed: {(self.folder / 'log').read_text()[-2000:]}")
        self.start()

    @staticmethod
    def _find_bin():
        folders = sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True) + os.environ.get("PATH", "").split(":")
        for folder in folders:
            if os.access(os.path.join(folder, "initdb"), os.X_OK):
                return folder
        raise SystemExit("PostgreSQL is not here and its half of the tests needs it: apt-get install postgresql-15")

    def _spawn(self, name, *words):
        with open(self.folder / "log", "ab") as log:
            os.chmod(self.folder / "log", 0o666)
            return subprocess.Popen([os.path.join(self.bin, name), *map(str, words)], stdin=subprocess.DEVNULL, stdout=log,
                                    stderr=log, cwd=self.folder, user=self.user.pw_uid if self.user else None,
                                    group=self.user.pw_gid if self.user else None, extra_groups=[] if self.user else None)

    def start(self):
        self.process = self._spawn("postgres", "-D", self.folder / "data", "-k", self.folder, "-h", "", "-c", "fsync=off", "-c",
                                   "full_page_writes=off", "-c", "shared_buffers=32MB", "-c", "max_connections=100")
        until = time.monotonic() + START_S
        while subprocess.run([os.path.join(self.bin, "pg_isready"), "-q", "-h", self.folder, "-U", "fabrica"]).returncode:
            if self.process.poll() is not None or time.monotonic() > until:
                raise Failure(f"PostgreSQL does not start: {(self.folder / 'log').read_text()[-2000:]}")
            time.sleep(0.05)

    def sql(self, database, text):
        done = subprocess.run([os.path.join(self.bin, "psql"), "-qAt", "-v", "ON_ERROR_STOP=1", "-h", str(self.folder), "-U",
                               "fabrica", "-d", database, "-c", text], capture_output=True, text=True)
        if done.returncode:
            raise Failure(f"{text}: {done.stderr}")
        return done.stdout.strip()

    def url(self, database):
        return f"postgresql://fabrica@{str(self.folder).replace('/', '%2F')}/{database}"

    def make(self, database):
        self.sql("postgres", f"CREATE DATABASE {database}")
        return self.url(database)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def text(self):
        return self.body.decode("utf-8", "replace")

    def json(self):
        return json.loads(self.body)

    def header(self, name):
        return self.headers.get(name)


class Unreachable(Exception):
    """No answer: refused, reset, cut or silent. Whether the request was done is not known."""


def send(port, method, path, body=None, headers=None, timeout=60):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        got = connection.getresponse()
        return Answer(got.status, got.headers, got.read())
    except (OSError, http.client.HTTPException) as error:
        raise Unreachable(f"{method} {path}: {error!r}") from error
    finally:
        connection.close()


def send_bytes(port, data, timeout=60):
    """Bytes as they are, for requests no client library makes; the first answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as wire:
        wire.sendall(data)
        got = http.client.HTTPResponse(wire)
        try:
            got.begin()
            return Answer(got.status, got.headers, got.read())
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(repr(error)) from error


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Factory:
    """One data folder and, while it runs, the server on it."""

    def __init__(self, build, folder, settings="", port=0):
        self.build, self.folder, self.port, self.fixed_port = build, pathlib.Path(folder), None, port
        self.process = None
        self.reader = None
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        (self.folder / "fabrica.toml").write_text(settings)

    def run(self, *words, **more):
        return run(self.build, *words, env={"FABRICA_DATA": str(self.folder)}, **more)

    def must_run(self, *words, **more):
        status, out, err = self.run(*words, **more)
        if status:
            raise Failure(f"fabrica {' '.join(map(str, words))} ended with {status}: {err}")
        return out

    def create_admin(self):
        """The first administrator and a token of his; returns the token."""
        secret = self.folder.parent / f"{self.folder.name}.password"
        secret.write_text(PASSWORD + "\n")
        secret.chmod(0o600)
        self.must_run("user", "create-admin", "--name", "Ada Admin", "--email", ADMIN, "--password-file", secret)
        token = self.folder.parent / f"{self.folder.name}.token"
        self.must_run("token", "issue", "--email", ADMIN, "--out", token)
        return token.read_text().strip()

    def start(self):
        """Starts the server and waits until it says that it serves. Failure with its words when it ends instead."""
        log = open(self.folder.parent / f"{self.folder.name}.log", "a", encoding="utf-8")
        self.process = subprocess.Popen([program(self.build), "serve", "--data", self.folder, "--port", str(self.fixed_port)],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                        errors="replace")
        serving = threading.Event()
        said = []

        def read(stream):
            for line in stream:
                log.write(line)
                if not serving.is_set():
                    said.append(line)
                    if '"event":"factory.serving"' in line:
                        self.port = int(json.loads(line)["port"])
                        serving.set()
            log.close()
            stream.close()
            serving.set()

        self.port = None
        self.reader = threading.Thread(target=read, args=(self.process.stderr,), daemon=True)
        self.reader.start()
        if not serving.wait(START_S) or self.port is None:
            self.kill()
            raise Failure(f"the server did not start: {''.join(said)[-2000:]}")
        return self

    def running(self):
        return self.process is not None and self.process.poll() is None

    def stop(self):
        """SIGTERM; the exit status."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.terminate()
        status = self.process.wait(timeout=60)
        self.reader.join(timeout=10)
        self.process = None
        return status

    def kill(self):
        if self.process is None:
            return
        self.process.kill()
        self.process.wait()
        self.reader.join(timeout=10)
        self.process = None

    def restart(self):
        self.stop()
        return self.start()

    def send(self, method, path, body=None, token=None, headers=None, timeout=60):
        head = dict(headers or {})
        if token:
            head["Authorization"] = f"Bearer {token}"
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        if body is not None:
            head.setdefault("Content-Type", "application/json")
            if isinstance(body, str):
                body = body.encode()
        return send(self.port, method, path, body, head, timeout)

    def sqlite(self, text):
        with sqlite3.connect(self.folder / "fabrica.db", timeout=30) as connection:
            rows = connection.execute(text).fetchall()
        connection.close()
        return rows

    def log_text(self):
        path = self.folder.parent / f"{self.folder.name}.log"
        return path.read_text(errors="replace") if path.exists() else ""


def random_name(length=12, source=random):
    return "".join(source.choice(string.ascii_lowercase) for _ in range(length))
