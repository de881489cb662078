#!/usr/bin/env python3
"""Mail and web hooks of a running factory against a real mail server and a real receiver: run.py [--build B] [--database sqlite|postgres]

The mail server (aiosmtpd, a process of its own) speaks STARTTLS under a certificate of our own authority and wants a login; it refuses for
now and for good, dies and hangs at chosen moments, and the factory is killed while it hangs. Whatever happens, each mail is taken once or
marked uncertain. The receiver checks signatures with Python's hmac.
"""
import argparse
import base64
import hashlib
import hmac
import http.server
import json
import pathlib
import re
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import harness  # noqa: E402

PATIENCE_S = 60
PASSWORD = "pässword 1"


def until(what, look):
    """Waits until look() gives something true; fails with what it saw last."""
    end = time.monotonic() + PATIENCE_S
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() > end:
            raise harness.Failure(f"{what}: not within {PATIENCE_S} s")
        time.sleep(0.05)


def check(good, what):
    if not good:
        raise harness.Failure(what)


def python_with_aiosmtpd():
    for name in (sys.executable, "/usr/bin/python3"):
        if subprocess.run([name, "-c", "import aiosmtpd"], capture_output=True).returncode == 0:
            return name
    raise SystemExit("the Python package aiosmtpd is missing: apt-get install python3-aiosmtpd")


class MailServer:
    def __init__(self, folder):
        self.folder, self.port, self.process = folder, harness.free_port(), None
        folder.mkdir()
        self.behave("accept")
        for words in (("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                       "/CN=An authority of ours", "-keyout", "ca.key", "-out", "ca.pem"),
                      ("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost", "-addext",
                       "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", "request.pem"),
                      ("x509", "-req", "-in", "request.pem", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "2", "-copy_extensions",
                       "copyall", "-out", "cert.pem")):
            subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    def start(self):
        (self.folder / "ready").unlink(missing_ok=True)
        script = pathlib.Path(__file__).resolve().parent / "smtp_server.py"
        self.process = subprocess.Popen([python_with_aiosmtpd(), script, self.folder, str(self.port)], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=open(self.folder / "log", "ab"))
        until("the mail server", lambda: (self.folder / "ready").exists())

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
        if self.process:
            self.process.wait()

    def behave(self, how):
        (self.folder / "holding").unlink(missing_ok=True)
        fresh = self.folder / "behaviour.new"
        fresh.write_text(how)
        fresh.rename(self.folder / "behaviour")

    def holding(self):
        return (self.folder / "holding").exists()

    def received(self):
        path = self.folder / "received.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def header(mail, name):
    found = [value for key, value in mail["headers"] if key.lower() == name.lower()]
    check(len(found) <= 1, f"{name} stands {len(found)} times")
    return found[0] if found else None


class Receiver(http.server.ThreadingHTTPServer):
    """Keeps what arrives; `statuses` are answered first, one each, then 200."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), ReceiverHandler)
        self.messages, self.statuses = [], []
        threading.Thread(target=self.serve_forever, daemon=True).start()


class ReceiverHandler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = self.server.statuses.pop(0) if self.server.statuses else 200
        self.server.messages.append((status, dict(self.headers.items()), body))
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Test:
    def __init__(self, factory, server, admin):
        self.factory, self.server, self.admin = factory, server, admin

    def call(self, method, path, body=None, token=None, status=(200, 201, 204)):
        if body is None and method != "GET":
            body = {}
        answer = self.factory.send(method, path, body, token or self.admin)
        if answer.status not in status:
            raise harness.Failure(f"{method} {path}: {answer.status} {answer.text()[:800]}")
        return answer.json() if answer.body else None

    def delivery(self, identity):
        return next(one for one in self.call("GET", "/notices/deliveries?limit=200") if one["id"] == identity)

    def test_mail(self):
        return self.call("POST", "/notices/test-mail")["id"]

    def state_of(self, identity, *states):
        return until(f"delivery {states}", lambda: (one := self.delivery(identity))["state"] in states and one)

    def mails_to(self, address):
        return [mail for mail in self.server.received() if mail["to"] == [address]]

    # --- what happens -------------------------------------------------------------------------------------------------------------

    def applying(self):
        """A proposal in order of arrival: receipt and decision to everybody in the project, once, with their links."""
        call = self.call
        people = {}
        for name, mail in (("محمد علي", "mohamed@example.org"), ("Zoë \"Z\" Ní Bhriain", "zoe@example.org")):
            people[mail] = call("POST", "/people", {"name": name, "email": mail, "grants": []})["id"]
        organisation = call("POST", "/organisations", {"name": "Riga Speech", "country": "LV", "kind": "sme", "employees": 40})["id"]
        project = call("POST", "/projects", {"organisation": organisation, "title": "صوت البلطيق", "summary": "Speech.",
                                             "sector": "other"})["id"]
        for identity in people.values():
            call("POST", f"/people/{identity}/grants", {"role": "project_member", "scope": project})
        offer = {"partition": "leonardo/booster", "unit": "node_hour", "min_units": 10, "max_units": 1000, "capacity_units": 1500}
        made = call("POST", "/calls", {"title": "Playground\u2014small", "summary": "First come.", "kind": "first_come",
                                       "opens": "2026-01-01T00:00:00Z", "duration_days_max": 90, "answer_working_days": 2,
                                       "organisation_kinds": ["sme"], "countries": ["eu"], "source": "this test", "offers": [offer]})["id"]
        call("POST", f"/calls/{made}/publish")
        proposal = call("POST", f"/projects/{project}/proposals", {
            "call": made, "partition": "leonardo/booster", "amount_units": 1000, "duration_days": 30, "purpose": "Training.",
            "civilian_purposes": "yes", "excluded_uses": "no", "personal_data": "no", "first_come_accepted": "yes",
            "amount_reason": "Ablations.", "plan": {"parameters": 500000000, "tokens": 40000000000}})["id"]
        state = call("POST", f"/proposals/{proposal}/submit")["state"]
        check(state == "awarded", f"the proposal is {state}")
        for address in people:
            mails = until(f"two mails to {address}", lambda: len(self.mails_to(address)) == 2 and self.mails_to(address))
            for mail in mails:
                check(mail["tls"] and mail["login"], "the mail came without TLS or login")
                check(mail["from"] == "fab@factory.example", mail["from"])
                check(mail["raw"].isascii() and max(map(len, mail["raw"].split("\r\n"))) <= 998, "a line is too long or not ASCII")
                check(header(mail, "Auto-Submitted") == "auto-generated" and header(mail, "MIME-Version") == "1.0", str(mail["headers"]))
                check(re.fullmatch(r"<[0-9a-f]{40}@factory\.example>", header(mail, "Message-ID")), header(mail, "Message-ID"))
                check("صوت البلطيق" in header(mail, "Subject"), header(mail, "Subject"))
                check(f"https://fab.example/proposals/{proposal}" in mail["text"], mail["text"])
            receipt = next(mail for mail in mails if "Received" in header(mail, "Subject"))
            letter = next(mail for mail in mails if "Decision" in header(mail, "Subject"))
            check(header(receipt, "List-Unsubscribe-Post") == "List-Unsubscribe=One-Click", str(receipt["headers"]))
            check(header(letter, "List-Unsubscribe") is None, "a decision can be switched off")
            check("1000 node-hours on leonardo/booster" in letter["text"], letter["text"])
        names = {mail["to"][0]: header(mail, "To") for mail in self.server.received()}
        check("محمد علي" in names["mohamed@example.org"] and 'Zoë "Z" Ní Bhriain' in names["zoe@example.org"].replace("\\", ""), str(names))
        self.one_click(header(next(m for m in self.mails_to("zoe@example.org") if "Received" in header(m, "Subject")), "List-Unsubscribe"))
        secret = self.factory.folder.parent / "zoe.token"
        self.factory.must_run("token", "issue", "--email", "zoe@example.org", "--out", secret)
        zoe = secret.read_text().strip()
        listed = call("GET", "/notices?unread=true", token=zoe)
        check({one["kind"] for one in listed} >= {"proposal_received", "decision_made"}, str(listed))
        call("POST", f"/notices/{listed[0]['id']}/read", status=(404,))  # another's
        call("POST", f"/notices/{listed[0]['id']}/read", token=zoe)
        check(call("GET", "/notices/unread", token=zoe)["unread"] == len(listed) - 1, "unread")
        wish = call("GET", "/notices/preferences", token=zoe)["preferences"]
        check(wish["rules"] == {"proposal_received": "in_product"}, str(wish))
        call("PUT", "/notices/preferences", {**wish, "rules": {"decision_made": "digest"}}, token=zoe, status=(400, 422))
        call("GET", "/notices/deliveries", token=zoe, status=(403,))
        return organisation, project

    def one_click(self, link):
        """The link of a mail: looking changes nothing, RFC 8058's POST without cookie or login ends the kind; a wrong one does nothing."""
        path = link.strip("<>").removeprefix("https://fab.example")
        check(self.factory.send("GET", path).status == 200, "the page of the link")
        body, head = b"List-Unsubscribe=One-Click", {"Content-Type": "application/x-www-form-urlencoded"}
        check(self.factory.send("POST", path[:-1] + ("A" if path[-1] != "A" else "B"), body, headers=head).status == 404, "a wrong link")
        answer = self.factory.send("POST", path, body, headers=head)
        check(answer.status == 200 and "no more mail" in answer.text(), answer.text())
        check(self.factory.send("POST", path, body, headers=head).status == 200, "twice")

    def refusals(self):
        for how, states in (("450", ("failed",)), ("451", ("failed",)), ("550", ("given_up",)), ("552", ("given_up",))):
            self.server.behave(how)
            one = self.state_of(self.test_mail(), *states)
            check(one["answer"].startswith(how), f"{how}: {one}")
            self.server.behave("accept")
            self.call("POST", f"/notices/deliveries/{one['id']}/retry")
            self.state_of(one["id"], "sent")

    def dying(self):
        before = len(self.server.received())
        self.server.behave("die-at-recipient")
        first = self.test_mail()
        until("the mail server to die", lambda: self.server.process.poll() is not None)
        one = self.state_of(first, "failed")
        check(one["attempts"] == 0, f"a dead server counts as an attempt: {one}")
        check(self.factory.send("GET", "/healthz").status == 200, "a dead mail server makes the factory unwell at once")
        self.server.behave("accept")
        self.server.start()
        self.state_of(first, "sent")
        check(len(self.server.received()) == before + 1, "lost or twice")
        self.server.behave("die-behind-text")
        second = self.test_mail()
        self.state_of(second, "uncertain")
        self.server.behave("accept")
        self.server.start()
        third = self.test_mail()
        self.state_of(third, "sent")
        check(self.delivery(second)["state"] == "uncertain", "sent again by itself")
        self.call("POST", f"/notices/deliveries/{second}/retry")
        self.state_of(second, "sent")
        ids = [header(mail, "Message-ID") for mail in self.server.received()[before:]]
        check(len(ids) == 4 and len(set(ids)) == 3, f"the repeated mail is not seen to be one: {ids}")

    def killed(self):
        """kill -9 of the factory while the mail server holds the connection, before and behind the text."""
        for how, after, taken in (("hold-at-recipient", "sent", 1), ("hold-behind-text", "uncertain", 1)):
            before = len(self.server.received())
            self.server.behave(how)
            waiting = self.test_mail()
            until(how, self.server.holding)
            check(self.factory.send("GET", "/calls").status == 200, "a held mail holds up requests")
            self.factory.kill()
            self.server.stop()
            self.server.behave("accept")
            self.server.start()
            self.factory.start()
            self.state_of(waiting, after)
            marker = self.test_mail()
            self.state_of(marker, "sent")
            check(len(self.server.received()) == before + taken + 1, f"{how}: {len(self.server.received()) - before - 1} times")

    def killed_at_random(self):
        """kill -9 again and again while mails go out: each is taken once, or is uncertain."""
        before = len(self.server.received())
        asked = []
        for round_number in range(6):
            for _ in range(5):
                asked.append(self.test_mail())
            until("some to go", lambda: len(self.server.received()) > before + round_number)
            self.factory.kill()
            self.factory.start()
        for identity in asked:
            self.state_of(identity, "sent", "uncertain")
        states = [self.delivery(identity)["state"] for identity in asked]
        ids = [header(mail, "Message-ID") for mail in self.server.received()[before:]]
        check(len(ids) == len(set(ids)), "a mail was taken twice")
        check(len(ids) >= states.count("sent"), f"{len(ids)} taken, {states.count('sent')} marked sent")
        check(len(ids) + states.count("uncertain") >= len(asked), "a mail was lost")

    def hooks(self, organisation, project):
        receiver = Receiver()
        url = f"http://127.0.0.1:{receiver.server_port}/hook"
        hook = self.call("POST", "/hooks", {"organisation": organisation, "url": url})
        secret = base64.b64decode(hook["secret"].removeprefix("whsec_"))
        check("secret" not in self.call("GET", f"/hooks/{hook['id']}") or not self.call("GET", f"/hooks/{hook['id']}")["secret"], "again")
        receiver.statuses = [500, 302]
        self.call("POST", f"/hooks/{hook['id']}/test")
        until("the third try", lambda: len(receiver.messages) >= 3)
        draft = self.call("GET", f"/projects/{project}/proposals")[0]["id"]
        self.call("POST", f"/proposals/{draft}/withdraw", status=(200, 409))
        second = self.call("POST", f"/hooks/{hook['id']}/test")["id"]
        self.state_of(second, "sent")
        check([status for status, _, _ in receiver.messages[:3]] == [500, 302, 200], str([m[0] for m in receiver.messages]))
        ids = [head["webhook-id"] for _, head, _ in receiver.messages]
        check(len(set(ids[:3])) == 1 and ids[3] != ids[0], f"ids {ids}")
        for _, head, body in receiver.messages:
            content = f"{head['webhook-id']}.{head['webhook-timestamp']}.".encode() + body
            wanted = "v1," + base64.b64encode(hmac.new(secret, content, hashlib.sha256).digest()).decode()
            check(hmac.compare_digest(wanted, head["webhook-signature"]), "the signature is not that of the secret")
            check(abs(int(head["webhook-timestamp"]) - time.time()) < 600, "the time")
            check(set(json.loads(body)) == {"type", "timestamp", "data"}, body.decode())
        receiver.shutdown()
        return hook["id"], receiver

    def private_addresses(self, hook, receiver):
        """Without the setting nothing on this machine is connected to, whatever was registered before."""
        seen = len(receiver.messages)
        refused = self.call("POST", f"/hooks/{hook}/test")["id"]
        one = self.state_of(refused, "failed")
        check("not public" in one["answer"], str(one))
        check(len(receiver.messages) == seen, "it was connected to all the same")
        for url in ("http://hooks.example.org/", "https://user@hooks.example.org/", "file:///etc/passwd"):
            self.call("POST", "/hooks", {"url": url}, status=(400, 422))
        indirect = self.call("POST", "/hooks", {"url": "https://localhost:1/"})["id"]
        one = self.state_of(self.call("POST", f"/hooks/{indirect}/test")["id"], "failed")
        check("not public" in one["answer"], str(one))


def settings(server, scratch, database, private):
    return f"""[factory]
name = "Fab مصنع"
[listen]
public_url = "https://fab.example"
[mail]
host = "localhost"
port = {server.port}
from = "fab@factory.example"
user = "factory"
password_file = "{scratch}/mail.password"
ca_file = "{server.folder}/ca.pem"
[hooks]
private_addresses = {"true" if private else "false"}
{database}"""


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build")
    arguments.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    given = arguments.parse_args()
    postgres = harness.Postgres() if given.database == "postgres" else None
    with harness.Scratch("notices") as scratch:
        database = f'[database]\nurl = "{postgres.make("notices")}"\n' if postgres else ""
        password = scratch / "mail.password"
        password.write_text(PASSWORD + "\n")
        password.chmod(0o600)
        server = MailServer(scratch / "mail")
        factory = harness.Factory(harness.build_folder(given.build), scratch / "data", settings(server, scratch, database, True))
        try:
            server.start()
            test = Test(factory, server, factory.create_admin())
            factory.start()
            organisation, project = test.applying()
            test.refusals()
            test.dying()
            test.killed()
            test.killed_at_random()
            hook, receiver = test.hooks(organisation, project)
            check(factory.stop() == 0, "the server did not stop well")
            (factory.folder / "fabrica.toml").write_text(settings(server, scratch, database, False))
            factory.start()
            test.private_addresses(hook, receiver)
            log = factory.log_text()
            check(PASSWORD not in log and "whsec_" not in log, "a secret is in the log")
            check(factory.stop() == 0, "the server did not stop well")
            factory.must_run("doctor")
        except BaseException:
            print(factory.log_text()[-6000:], file=sys.stderr)
            if (server.folder / "log").exists():
                print((server.folder / "log").read_text()[-3000:], file=sys.stderr)
            raise
        finally:
            factory.kill()
            server.stop()
            if postgres:
                postgres.stop()
    print("notices: mails taken once or uncertain, web hooks signed and kept inside")


if __name__ == "__main__":
    try:
        main()
    except harness.Failure as failure:
        sys.exit(f"FAILED: {failure}")
