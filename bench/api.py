"""What bench/api.sh runs: see there. Every case is measured in rounds that take turns, and the median is shown."""
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
import harness  # noqa: E402

CONNECTIONS, ROUNDS, PROJECTS = 64, 3, 200
NGINX = """
worker_processes 1; daemon off; pid {0}/pid; error_log {0}/error.log; {1}
events {{ worker_connections 1024; }}
http {{ access_log off; default_type application/json; sendfile on; keepalive_requests 100000000;
  client_body_temp_path {0}/b; proxy_temp_path {0}/p; fastcgi_temp_path {0}/f; uwsgi_temp_path {0}/u; scgi_temp_path {0}/s;
  server {{ listen 127.0.0.1:{2}; root {0}/www; }} }}
"""


def micros(text):
    value, unit = re.match(r"([\d.]+)(us|ms|s|m)", text).groups()
    return float(value) * {"us": 1, "ms": 1e3, "s": 1e6, "m": 6e7}[unit]


def cpu_us(pid):
    """Processor time of a process and its children that live."""
    total = 0
    for one in [pid, *(int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]:
        fields = pathlib.Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total * 1_000_000 // os.sysconf("SC_CLK_TCK")


def wrk(url, seconds, script, pid):
    before = cpu_us(pid)
    done = subprocess.run(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "-s", str(script), url],
                          capture_output=True, text=True, check=True)
    out = done.stdout
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    failed = re.search(r"Socket errors: .*", out)
    if bad or failed:
        raise SystemExit(f"{url}: {bad[0] if bad else failed[0]}")
    count = int(re.search(r"(\d+) requests in", out)[1])
    return {"per_s": float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]), "cpu_us": (cpu_us(pid) - before) / max(count, 1),
            "p50_us": micros(re.search(r"^ +50%\s+(\S+)", out, flags=re.M)[1]), "p99_us": micros(re.search(r"^ +99%\s+(\S+)", out, flags=re.M)[1])}


def start_nginx(folder, body):
    port = harness.free_port()
    (folder / "www").mkdir(parents=True)
    (folder / "www/one.json").write_bytes(body)
    # As root the worker would be another user, who may not look into a folder of ours.
    (folder / "nginx.conf").write_text(NGINX.format(folder, "user root;" if os.geteuid() == 0 else "", port))
    nginx = shutil.which("nginx") or "/usr/sbin/nginx"
    process = subprocess.Popen([nginx, "-c", folder / "nginx.conf", "-p", folder], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            if harness.send(port, "GET", "/one.json").status == 200:
                return process, port
        except harness.Unreachable:
            time.sleep(0.02)
    raise SystemExit(f"nginx does not serve: {(folder / 'error.log').read_text()}")


def first_health(build, folder):
    """Milliseconds from exec to the first answer of /healthz, on a data folder that exists; the least of five."""
    best = 1e9
    for _ in range(5):
        port = harness.free_port()
        started = time.monotonic()
        process = subprocess.Popen([harness.program(build), "serve", "--data", folder, "--port", str(port)], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while True:
            try:
                if harness.send(port, "GET", "/healthz", timeout=5).status == 200:
                    break
            except harness.Unreachable:
                if process.poll() is not None or time.monotonic() - started > 30:
                    raise SystemExit("the factory does not start")
                time.sleep(0.001)
        best = min(best, (time.monotonic() - started) * 1000)
        process.terminate()
        process.wait()
    return best


def memory_kb(pid, key):
    return int(re.search(rf"^{key}:\s+(\d+) kB", pathlib.Path(f"/proc/{pid}/status").read_text(), flags=re.M)[1])


def prepare(build, scratch):
    factory = harness.Factory(build, scratch / "data", "[listen]\naccess_log = false\n" + os.environ.get("FABRICA_BENCH_SETTINGS", ""))
    token = factory.create_admin()
    factory.start()
    idle_kb = memory_kb(factory.process.pid, "VmRSS")
    organisation = factory.send("POST", "/organisations", {"name": "Measured", "country": "LV", "kind": "sme"}, token).json()["id"]
    call = factory.send("POST", "/calls", {
        "title": "Measured", "summary": "", "kind": "first_come", "opens": "2026-01-01T00:00:00Z", "duration_days_max": 90,
        "answer_working_days": 1, "organisation_kinds": ["sme"], "countries": ["eu"], "source": "a benchmark", "offers": [
            {"partition": "leonardo/booster", "unit": "node_hour", "min_units": 1, "max_units": 100, "capacity_units": 1000}]}, token).json()
    assert factory.send("POST", f"/calls/{call['id']}/publish", "", token).status == 200
    for number in range(PROJECTS):
        made = factory.send("POST", "/projects", {"organisation": organisation, "title": f"Project {number}", "summary": "A small model.",
                                                  "sector": "other"}, token)
        assert made.status == 201, made.text()
    # Whoever reads has one role; whoever writes gets one more with every project.
    assert factory.send("POST", "/people", {"name": "Reader", "email": "reader@factory.example", "organisation": None,
                                            "grants": [{"role": "auditor", "scope": ""}]}, token).status == 200
    reader = scratch / "reader.token"
    factory.must_run("token", "issue", "--email", "reader@factory.example", "--out", reader)
    return factory, token, reader.read_text().strip(), organisation, call["id"], made.json()["id"], idle_kb


def get_script(path, token):
    path.write_text(f'wrk.headers["Authorization"] = "Bearer {token}"\n' if token else "")
    return path


def post_script(path, token, body):
    path.write_text(f'wrk.method = "POST"\nwrk.body = \'{json.dumps(body)}\'\nwrk.headers["Content-Type"] = "application/json"\n'
                    f'wrk.headers["Authorization"] = "Bearer {token}"\n')
    return path


def bare(build, scratch, seconds):
    found = next(path for path in pathlib.Path(build).rglob("bench_insert") if path.is_file())
    folder = scratch / "insert"
    folder.mkdir(exist_ok=True)
    return json.loads(subprocess.run([found, folder, str(seconds)], capture_output=True, text=True, check=True).stdout)


def main():
    build, seconds = pathlib.Path(sys.argv[1]).resolve(), int(sys.argv[2])
    (build / "bench").mkdir(exist_ok=True)
    # On the disk of the build, not in a file system in memory: durable writes are measured.
    scratch = build / "bench" / f"api.{os.getpid()}"
    scratch.mkdir()
    factory = nginx = None
    try:
        factory, token, reader, organisation, call, project, idle_kb = prepare(build, scratch)
        answer = factory.send("GET", f"/projects/{project}", token=token)
        nginx, static_port = start_nginx(scratch / "nginx", answer.body)
        plain, get = get_script(scratch / "plain.lua", None), get_script(scratch / "get.lua", reader)
        posts = {"POST /organisations": ("/organisations", {"name": "Written", "country": "LV", "kind": "sme"}),
                 "POST /projects": ("/projects", {"organisation": organisation, "title": "Written", "summary": "Small.", "sector": "other"})}
        base = f"http://127.0.0.1:{factory.port}"
        ours = factory.process.pid
        cases = [("nginx, static file", f"http://127.0.0.1:{static_port}/one.json", plain, nginx.pid),
                 ("GET /calls/{id}, public", f"{base}/calls/{call}", plain, ours),
                 ("GET /projects/{id}, token", f"{base}/projects/{project}", get, ours),
                 ("GET /projects?limit=50", f"{base}/projects?limit=50", get, ours)]
        rounds = {name: [] for name, *_ in cases}
        for _ in range(ROUNDS):
            for name, *case in cases:
                rounds[name].append(wrk(case[0], seconds, case[1], case[2]))
        # Writes last: they make the tables long. The bare INSERTs before, between and after.
        inserts = [bare(build, scratch, 3)]
        for name, (path, body) in posts.items():
            script = post_script(scratch / "post.lua", token, body)
            rounds[name] = []
            for _ in range(ROUNDS):
                rounds[name].append(wrk(base + path, seconds, script, ours))
                inserts.append(bare(build, scratch, 3))
        busy_kb = memory_kb(factory.process.pid, "VmHWM")
        factory.stop()
        started_ms = first_health(build, factory.folder)
    finally:
        if factory:
            factory.kill()
        if nginx:
            nginx.terminate()  # it takes its worker with it
            nginx.wait()
        shutil.rmtree(scratch, ignore_errors=True)

    middle = {name: {key: statistics.median(one[key] for one in some) for key in some[0]} for name, some in rounds.items()}
    grouped = statistics.median(one["bare_grouped_per_s"] for one in inserts)
    bound = middle["nginx, static file"]["per_s"]
    print(f"wrk -t1 -c{CONNECTIONS}, {seconds} s a case, medians of {ROUNDS} rounds; load {os.getloadavg()[0]:.1f}, {os.cpu_count()} processors\n")
    print("| case | a second | of the bound | p50 ms | p99 ms | processor us each |\n| --- | ---: | ---: | ---: | ---: | ---: |")
    for name, one in middle.items():
        share = f"{100 * one['per_s'] / bound:.0f} % of nginx" if "POST" not in name else f"{100 * one['per_s'] / grouped:.0f} % of grouped INSERT"
        print(f"| {name} | {one['per_s']:.0f} | {share} | {one['p50_us'] / 1000:.2f} | {one['p99_us'] / 1000:.2f} | {one['cpu_us']:.0f} |")
    print(f"| bare grouped INSERT (64 a commit) | {grouped:.0f} | | | | |")
    print(f"\nidle memory {idle_kb / 1024:.1f} MB, at most {busy_kb / 1024:.1f} MB; start to first /healthz {started_ms:.0f} ms\n")
    lines = [{"bench": "api", "case": name, **one} for name, one in middle.items()]
    lines.append({"bench": "api", "case": "bare grouped INSERT", "per_s": grouped})
    lines.append({"bench": "api", "case": "process", "idle_mb": idle_kb / 1024, "most_mb": busy_kb / 1024, "start_ms": started_ms})
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (build / "bench/api.json").write_text(text)
    print(text, end="")


main()
