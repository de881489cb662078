"""What bench/submissions.sh runs: see there."""
import asyncio
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
import harness  # noqa: E402

PARTITION = "meluxina/gpu"
LIST_ROWS = (1_000, 10_000, 100_000)
LIST_S = 4


def share(values, part):
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


class Applicants:
    """A factory with one call and as many drafts as are to be sent in one second."""

    def __init__(self, factory, number):
        self.factory, self.admin = factory, factory.create_admin()
        factory.start()
        self.call = self.make_call(number)
        self.firm = self.post("/organisations", {"name": "Firm", "country": "LV", "kind": "sme"})["id"]

    def post(self, path, body):
        answer = self.factory.send("POST", path, body, self.admin)
        if answer.status not in (200, 201):
            raise SystemExit(f"{path}: {answer.status} {answer.text()[:500]}")
        return answer.json()

    def make_call(self, number):
        made = self.post("/calls", {
            "title": "Bench", "summary": "", "kind": "first_come", "opens": "2026-01-01T00:00:00Z", "duration_days_max": 365,
            "answer_working_days": 5, "organisation_kinds": ["sme"], "countries": ["eu"], "source": "bench",
            "offers": [{"partition": PARTITION, "unit": "node_hour", "min_units": 1, "max_units": 100, "capacity_units": 40 * number}]})
        self.post(f"/calls/{made['id']}/publish", {})
        return made["id"]

    def drafts(self, number):
        body = {"call": self.call, "partition": PARTITION, "amount_units": 40, "duration_days": 30, "purpose": "Speech.",
                "civilian_purposes": "yes", "excluded_uses": "no", "personal_data": "no", "first_come_accepted": "yes",
                "amount_reason": "Ablations.", "plan": {"parameters": 1_000_000_000, "tokens": 2_900_000_000, "nodes": 2}}
        out = []
        for _ in range(number):
            project = self.post("/projects", {"organisation": self.firm, "title": "Bench", "summary": "", "sector": "other"})["id"]
            out.append(self.post(f"/projects/{project}/proposals", body)["id"])
        return out


async def submit_all(port, token, ids):
    """Each on a connection of its own, all let go at once: (seconds, state) of each, and seconds of all."""
    gate = asyncio.Event()
    ready = asyncio.Semaphore(0)

    async def one(proposal):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        request = (f"POST /proposals/{proposal}/submit HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
                   f"Content-Type: application/json\r\nIdempotency-Key: {proposal}\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}")
        ready.release()
        await gate.wait()
        began = time.perf_counter()
        writer.write(request.encode())
        answer = await reader.read()
        took = time.perf_counter() - began
        writer.close()
        head, _, body = answer.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"{head[:200]} {body[:500]}")
        return took, body

    tasks = [asyncio.create_task(one(proposal)) for proposal in ids]
    for _ in tasks:
        await ready.acquire()
    began = time.perf_counter()
    gate.set()
    answers = await asyncio.gather(*tasks)
    return answers, time.perf_counter() - began


def bodies(answers):
    return [json.loads(body[body.index(b"{"):body.rindex(b"}") + 1]) for _, body in answers]


def check_none_lost(applicants, ids, settings_url, postgres):
    """Every proposal answered as awarded has its award, account and statement; the ledger and the log hold."""
    applicants.factory.stop()
    query = "SELECT kind, COUNT(*) FROM journal_statements WHERE kind IN ('proposal.submitted', 'award.decided') GROUP BY kind"
    rows = [line.split("|") for line in postgres.sql("bench", query).splitlines()] if postgres else applicants.factory.sqlite(query)
    counts = {kind: int(count) for kind, count in rows}
    if counts != {"proposal.submitted": len(ids), "award.decided": len(ids)}:
        raise SystemExit(f"{len(ids)} were sent, the journal has {counts}")
    for words in (("doctor",), ("log", "verify")):
        applicants.factory.must_run(*words)


def submissions(build, folder, number, postgres):
    settings = f'[database]\nurl = "{postgres.make("bench")}"\n' if postgres else ""
    factory = harness.Factory(build, folder, settings)
    try:
        applicants = Applicants(factory, number)
        ids = applicants.drafts(number)
        answers, took = asyncio.run(submit_all(factory.port, applicants.admin, ids))
        states = {one["state"] for one in bodies(answers)}
        if states != {"awarded"}:
            raise SystemExit(f"sent and {states}")
        check_none_lost(applicants, ids, settings, postgres)
    finally:
        factory.kill()
    times = [took_one for took_one, _ in answers]
    return {"case": f"{number} submissions at once, {'PostgreSQL' if postgres else 'SQLite'}", "all_s": took, "per_s": number / took,
            "p50_ms": statistics.median(times) * 1e3, "p99_ms": share(times, 0.99) * 1e3}


FILL = """
WITH RECURSIVE n(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < {last})
INSERT INTO proposals (public_id, project, call_id, call_version, round_id, offer_id, amount_units, duration_days, answers, state, created_us,
                       submitted_us, checks)
  SELECT substr(public_id, 1, 23) || '-' || printf('%012x', i), project, call_id, call_version, round_id, offer_id, amount_units, duration_days,
         answers, state, created_us, submitted_us, checks FROM proposals, n WHERE proposals.id = 1;
"""


def lists(build, folder):
    """Rows are copies of one that was really sent, made below the program: what is measured is reading."""
    factory = harness.Factory(build, folder)
    out = []
    try:
        applicants = Applicants(factory, 10)
        proposal = applicants.drafts(1)[0]
        applicants.post(f"/proposals/{proposal}/submit", {})
        round_id = factory.send("GET", f"/calls/{applicants.call}", None, applicants.admin).json()["round"]
        rows = 1
        for wanted in LIST_ROWS:
            factory.stop()
            factory.sqlite(FILL.format(first=rows, last=wanted - 1))
            rows = wanted
            factory.start()
            for name, path in middle_pages(factory, applicants, round_id, proposal, wanted):
                out.append({"case": name, "rows": wanted} | wrk(factory.port, path, applicants.admin, folder))
    finally:
        factory.kill()
    return out


def middle_pages(factory, applicants, round_id, proposal, rows):
    middle = factory.sqlite(f"SELECT public_id FROM proposals ORDER BY id LIMIT 1 OFFSET {rows // 2}")[0][0]
    page = factory.send("GET", f"/rounds/{round_id}/proposals?limit=50", None, applicants.admin)
    cursor_of_first = page.header("Link")
    if not cursor_of_first:
        raise SystemExit("the list has one page: nothing to measure")
    return [("list, first page of 50", f"/rounds/{round_id}/proposals?limit=50"),
            ("list, a page in the middle", f"/rounds/{round_id}/proposals?limit=50&cursor={middle}"),
            ("list, of one state", f"/rounds/{round_id}/proposals?limit=50&cursor={middle}&state=awarded"),
            ("one proposal", f"/proposals/{proposal}")]


def wrk(port, path, token, folder):
    script = folder.parent / "wrk.lua"
    script.write_text(f'wrk.headers["Authorization"] = "Bearer {token}"\n')
    done = subprocess.run(["wrk", "-t1", "-c16", f"-d{LIST_S}s", "--latency", "-s", str(script), f"http://127.0.0.1:{port}{path}"],
                          capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in done:
        raise SystemExit(f"{path}: {done}")
    number = next(line.split()[-1] for line in done.splitlines() if line.startswith("Requests/sec"))
    return {"per_s": float(number)}


def main():
    build, number = harness.build_folder(sys.argv[1]), int(sys.argv[2])
    results = []
    for kind in ("sqlite", "postgres"):
        postgres = harness.Postgres() if kind == "postgres" else None
        try:
            with harness.Scratch("bench") as scratch:
                results.append(submissions(build, scratch / "data", number, postgres))
        finally:
            if postgres:
                postgres.stop()
    with harness.Scratch("bench") as scratch:
        results += lists(build, scratch / "data")
    print(f"{'case':46} {'rows':>8} {'per s':>9} {'all s':>7} {'p50 ms':>8} {'p99 ms':>8}")
    for one in results:
        cells = [one.get(key) for key in ("rows", "per_s", "all_s", "p50_ms", "p99_ms")]
        print(f"{one['case']:46} " + " ".join(f"{'' if cell is None else format(cell, form):>{width}}" for cell, form, width in zip(
            cells, ("d", ",.0f", ".2f", ".1f", ".1f"), (8, 9, 7, 8, 8))))
    print(f"load average {os.getloadavg()[0]:.2f}")
    print(json.dumps(results))
    out = build / "bench"
    out.mkdir(exist_ok=True)
    (out / "submissions.json").write_text(json.dumps(results))


main()
