"""Measures Anabranch on the flights example at 30 times its size. See bench/README.md.

Runs under the Python of a venv that has duckdb 1.5.5 (script/bench makes it); everything else is the standard library.
"""

import argparse
import json
import os
import pathlib
import platform
import re
import shutil
import signal
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request

import duckdb

import many_views
from results_page import results_page

ROOT = pathlib.Path(__file__).resolve().parent.parent
COPIES = 30
YEARS = 9  # the dates of copy i are i % YEARS years later: gold.daily_traffic has 9,855 rows then
THREADS = 2
KEY_READ = "SELECT * FROM gold.delay_by_carrier WHERE carrier = 'UA'"
KEY_READS = [
    KEY_READ,
    "SELECT * FROM gold.daily_traffic WHERE origin = 'JFK' AND flight_date = DATE '2014-07-04'",
    "SELECT * FROM gold.last_flight_of_plane WHERE tailnum = 'N725MQ_7'",
]
FULL_READS = [
    "SELECT * FROM gold.delay_by_carrier",
    "SELECT * FROM gold.delay_bands",
    "SELECT * FROM gold.carrier_rank",
    "SELECT * FROM gold.planes_in_service",
    "SELECT * FROM gold.daily_traffic",
]


def say(text):
    print(f"[{time.strftime('%H:%M:%S')}] {text}", flush=True)


def machine():
    cpu = "unknown"
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            cpu = line.split(":", 1)[1].strip()
            break
    memory = int(re.search(r"MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text())[1]) / 2**20
    return f"{cpu}, {os.cpu_count()} cores, {memory:.0f} GiB memory, Linux {platform.release().split('-')[0]}"


class Background:
    """What share of the cores others used while we measured: all CPU time minus that of our own processes."""

    def __init__(self):
        self.at = time.monotonic()
        self.busy = self.read()

    @staticmethod
    def read():
        fields = [int(field) for field in pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
        idle = fields[3] + fields[4]
        return (sum(fields[:8]) - idle) / os.sysconf("SC_CLK_TCK")

    def cores(self, own_seconds):
        elapsed = time.monotonic() - self.at
        return max(0.0, (self.read() - self.busy - own_seconds) / elapsed)


def cpu_seconds(pid):
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return sum(int(fields[i]) for i in (11, 12, 13, 14)) / os.sysconf("SC_CLK_TCK")


def processes_of(pid):
    """The server's process and its engine's, while it has one."""
    found = [pid]
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            for child in task.read_text().split():
                if pathlib.Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")[1:3] == [b"child", b"engine"]:
                    found.append(int(child))
        except OSError:
            pass  # the thread, or the child, has ended
    return found


def own_children_seconds():
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


class Server:
    """`anabranch up` in a process of its own, looked at from outside."""

    def __init__(self, program, project, port):
        self.port = port
        self.log = open(project / "server.log", "ab")
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [program, "up", "--project", str(project), "--port", str(port)], stdout=self.log, stderr=self.log
        )
        while True:
            if self.process.poll() is not None:
                raise SystemExit(f"the server ended: see {project}/server.log")
            try:
                self.get("/readyz")
                break
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.01)
            if time.monotonic() - self.started > 900:
                raise SystemExit("the server was not ready after 15 minutes")
        self.ready_s = time.monotonic() - self.started

    def request(self, method, target, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{target}", data=data, method=method)
        if data is not None:
            request.add_header("content-type", "application/json")
        with urllib.request.urlopen(request, timeout=1800) as response:
            return response.read()

    def get(self, target):
        return self.request("GET", target)

    def post(self, target, body):
        try:
            return json.loads(self.request("POST", target, body))
        except urllib.error.HTTPError as error:
            raise SystemExit(f"{target}: {error.code} {error.read().decode()}")

    def post_events(self, stream, body):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/v1/streams/{stream}/events", data=body, method="POST")
        request.add_header("content-type", "application/x-ndjson")
        with urllib.request.urlopen(request, timeout=600) as response:
            response.read()

    def status(self):
        return json.loads(self.get("/v1/status"))

    def wait_applied(self):
        while True:
            stream = self.status()["streams"][0]
            if stream["applied_offsets"] == stream["durable_offsets"]:
                return stream["applied_offsets"][0]
            time.sleep(0.05)

    def cpu_s(self):
        return sum(cpu_seconds(pid) for pid in processes_of(self.process.pid))

    def peak_mb(self):
        """The sum of the peaks of server and engine, which need not have been at one time."""
        texts = [pathlib.Path(f"/proc/{pid}/status").read_text() for pid in processes_of(self.process.pid)]
        return sum(int(re.search(r"VmHWM:\s+(\d+)", text)[1]) for text in texts) * 1024 / 1e6

    def reset_peak(self):
        for pid in processes_of(self.process.pid):
            try:
                pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")
            except OSError:
                pass

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        self.process.wait(timeout=120)
        self.log.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.stop()


class Bench:
    def __init__(self, options):
        self.options = options
        self.program = str(pathlib.Path(options.program).resolve())
        self.load_program = str(pathlib.Path(options.load).resolve())
        self.work = pathlib.Path(options.work).resolve()
        self.work.mkdir(parents=True, exist_ok=True)
        # Taken in one after the other, each followed by a build, as the builds that start by themselves would.
        self.histories = [self.work / f"history_{part}.parquet" for part in range(4)]
        self.december = self.work / "december.parquet"
        self.december_lines = self.work / "december.ndjson"
        self.results = {}

    # ---- input ----

    def prepare_events(self):
        if self.december_lines.exists():
            return
        say(f"making {COPIES} copies of the flights")
        db = duckdb.connect(config={"threads": THREADS})
        db.execute("SET TimeZone = 'UTC'")
        source = ROOT / "examples/flights/data/flights.parquet"
        # Copy i: other planes, and another year. The first copy is the original.
        copy_i = f"""
            SELECT f.* REPLACE (
                (f.year + i % {YEARS})::SMALLINT AS year,
                CASE WHEN i = 0 THEN f.tailnum ELSE f.tailnum || '_' || i END AS tailnum,
                f.time_hour + to_days((365 * (i % {YEARS}))::INTEGER) AS time_hour)
            FROM read_parquet('{source}') AS f, range({COPIES}) AS copies(i)"""
        for part, file in enumerate(self.histories):
            db.execute(
                f"""COPY (SELECT * FROM ({copy_i}) WHERE month < 12 AND month % {len(self.histories)} = {part})
                    TO '{file}' (FORMAT parquet)"""
            )
        db.execute(
            f"""COPY (SELECT * FROM ({copy_i}) WHERE month = 12 ORDER BY day, sched_dep_time, tailnum)
                TO '{self.december}' (FORMAT parquet)"""
        )
        partial = self.december_lines.with_suffix(".partial")
        db.execute(
            f"""COPY (SELECT * REPLACE (strftime(time_hour, '%Y-%m-%dT%H:%M:%SZ') AS time_hour)
                FROM read_parquet('{self.december}')) TO '{partial}' (FORMAT json)"""
        )
        partial.rename(self.december_lines)
        for name in (*self.histories, self.december):
            rows = db.execute(f"SELECT count(*) FROM read_parquet('{name}')").fetchone()[0]
            say(f"  {name.name}: {rows:,} events, {name.stat().st_size / 1e6:.0f} MB")

    def base(self):
        """A project with January to November built; made once and copied for each measure."""
        folder = self.work / "base"
        if (folder / "done").exists():
            return folder
        self.prepare_events()
        say("taking January to November in and building it, once for all measures")
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([self.program, "init", str(folder), "--example", "flights"], check=True, stdout=subprocess.DEVNULL)
        settings = folder / "anabranch.yml"
        # Builds start when we say so: they are measured, and kept out of what is measured without them.
        settings.write_text(settings.read_text() + "\nbuild:\n  auto_events: 100000000\n  ingest_limit_events: 200000000\n")
        subprocess.run([self.program, "copy", "--project", str(folder)], check=True, stdout=subprocess.DEVNULL)
        with Server(self.program, folder, self.options.port) as server:
            for history in self.histories:
                began = time.monotonic()
                taken = server.post("/v1/streams/flights/files", {"path": str(history)})
                taken_in = time.monotonic()
                server.wait_applied()
                applied = time.monotonic()
                server.post("/v1/builds", {})
                say(f"  {taken['accepted']:,} events taken in as a file in {taken_in - began:.1f} s, in all views after "
                    f"{applied - taken_in:.1f} s more, then built in {time.monotonic() - applied:.1f} s; server peak {server.peak_mb():.0f} MB")
        (folder / "done").touch()
        return folder

    def project(self, name):
        folder = self.work / name
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run(["cp", "-r", "--reflink=auto", str(self.base()), str(folder)], check=True)
        (folder / "done").unlink()
        os.sync()
        return folder

    def load(self, server, **arguments):
        command = [self.load_program, "--port", str(server.port)]
        for name, value in arguments.items():
            for each in value if isinstance(value, list) else [value]:
                command += ["--" + name.replace("_", "-"), str(each)]
        before = server.cpu_s()
        background = Background()
        own = own_children_seconds()
        answer = subprocess.run(command, capture_output=True, text=True)
        if answer.returncode != 0:
            raise SystemExit(f"{' '.join(command)}: {answer.stderr}")
        measured = json.loads(answer.stdout)
        server_s = server.cpu_s() - before
        client_s = own_children_seconds() - own
        measured["server_cpu_s"] = round(server_s, 2)
        measured["client_cpu_s"] = round(client_s, 2)
        measured["others_cores"] = round(background.cores(server_s + client_s), 2)
        return measured

    # ---- measures ----

    def measure_build(self):
        """Build of 10.1 M events against plain DuckDB writing the same tables."""
        folder = self.project("build")
        ours, plain, children, others = [], [], [], []
        with Server(self.program, folder, self.options.port) as server:
            server.post("/v1/streams/flights/files", {"path": str(self.december)})
            events = server.wait_applied()
            first = server.post("/v1/builds", {})
            say(f"  first build {first['duration_ms'] / 1000:.1f} s (archives December too)")
            for run in range(self.options.runs):
                background, own = Background(), own_children_seconds() + server.cpu_s()
                built = server.post("/v1/builds", {})
                ours.append(built["duration_ms"] / 1000)
                children.append((built.get("peak_memory_bytes") or 0) / 1e6)
                others.append(background.cores(own_children_seconds() + server.cpu_s() - own))
                plain.append(self.plain_duckdb(folder))
                say(f"  run {run + 1}: build {ours[-1]:.2f} s, plain DuckDB {plain[-1]:.2f} s; others used {others[-1]:.2f} cores")
            peak = server.peak_mb()
        return {
            "events": events,
            "build_s": statistics.median(ours),
            "plain_duckdb_s": statistics.median(plain),
            "ratio": statistics.median([a / b for a, b in zip(ours, plain)]),
            "child_peak_mb": statistics.median(children),
            "server_peak_mb": peak,
            "others_cores": max(others),
        }

    def plain_duckdb(self, folder):
        """What one would write by hand: read bronze, write silver, write every gold table from silver. In a process of its own."""
        script = f"""
import duckdb, pathlib, re, sys, time
root = pathlib.Path({str(folder)!r})
out = pathlib.Path({str(self.work / 'plain')!r})
out.mkdir(exist_ok=True)
began = time.monotonic()
db = duckdb.connect(config={{"threads": {THREADS}}})
db.execute("SET enable_progress_bar = false; SET TimeZone = 'UTC'; CREATE SCHEMA bronze; CREATE SCHEMA silver; CREATE SCHEMA gold")
for stream in ("flights",):
    files = sorted(str(f) for f in (root / ".anabranch/lake/bronze" / stream).glob("*.parquet"))
    db.execute(f"CREATE VIEW bronze.{{stream}} AS FROM read_parquet({{files}})")
for table in ("airlines", "airports", "planes", "weather"):
    files = sorted(str(f) for f in (root / ".anabranch/lake/bronze" / table).glob("*.parquet"))
    db.execute(f"CREATE TABLE bronze.{{table}} AS FROM read_parquet('{{files[-1]}}')")
models = {{f"{{p.parent.name}}.{{p.stem}}": p.read_text() for p in (root / "models").glob("*/*.sql")}}
done = set()
while len(done) < len(models):
    for name, sql in models.items():
        if name in done or any(other in sql and other not in done for other in models if other != name):
            continue
        db.execute(f"COPY ({{sql}}\\n) TO '{{out / name}}.parquet' (FORMAT parquet)")
        db.execute(f"CREATE VIEW {{name}} AS FROM read_parquet('{{out / name}}.parquet')")
        done.add(name)
print(time.monotonic() - began)
"""
        answer = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
        return float(answer.stdout)

    def measure_spark(self):
        """The build's peer: PySpark 4.1 local[2], warm, writing the same tables as Parquet."""
        folder = self.work / "build"
        if not (folder / ".anabranch").exists():
            raise SystemExit("spark takes the events that build has prepared: run build first")
        out = self.work / "spark"
        shutil.rmtree(out, ignore_errors=True)
        background, own = Background(), own_children_seconds()
        answer = subprocess.run(
            [self.options.spark_python, str(ROOT / "bench/spark_build.py"), str(folder), str(out), str(self.options.runs)],
            capture_output=True, text=True, env={**os.environ, "SPARK_LOCAL_IP": "127.0.0.1"})
        if answer.returncode != 0:
            raise SystemExit(f"PySpark failed: {answer.stderr[-3000:]}")
        times = json.loads(answer.stdout.splitlines()[-1])
        others = background.cores(own_children_seconds() - own)
        say(f"  runs {', '.join(f'{t:.1f} s' for t in times)}; others used {others:.2f} cores")
        shutil.rmtree(out, ignore_errors=True)
        return {"spark_s": statistics.median(times), "others_cores": others}

    def measure_replay(self):
        """December through HTTP as fast as it is taken, durable, all views maintained to the last event."""
        runs = []
        for run in range(self.options.runs):
            folder = self.project("replay")
            with Server(self.program, folder, self.options.port) as server:
                measured = self.load(server, events=self.december_lines, batch=5000, connections=2)
                measured["speed"] = server.status()["speed"]
                measured["peak_mb"] = server.peak_mb()
            runs.append(measured)
            say(f"  run {run + 1}: {measured['events_per_s']:,.0f} events/s acknowledged, "
                f"{measured['events_per_s_until_shown']:,.0f} until all views show them; server {measured['server_cpu_s']} s CPU, "
                f"client {measured['client_cpu_s']} s; peak {measured['peak_mb']:.0f} MB; others {measured['others_cores']} cores; "
                f"ticks {measured['speed']}")
        return {
            "acknowledged_per_s": statistics.median(run["events_per_s"] for run in runs),
            "shown_per_s": statistics.median(run["events_per_s_until_shown"] for run in runs),
            "server_peak_mb": statistics.median(run["peak_mb"] for run in runs),
            "others_cores": max(run["others_cores"] for run in runs),
        }

    def measure_freshness(self):
        """From the acknowledgement of an event to the first answer that shows it, on the client's clock."""
        result = {}
        for rate, seconds in ((20_000, 15), (100_000, 8)):
            runs = []
            for run in range(self.options.runs):
                folder = self.project("freshness")
                with Server(self.program, folder, self.options.port) as server:
                    measured = self.load(server, events=self.december_lines, rate=rate, batch=rate // 100, seconds=seconds,
                                         connections=2, probe=KEY_READ)
                    measured["speed"] = server.status()["speed"]
                    measured["peak_mb"] = server.peak_mb()
                runs.append(measured)
                fresh = measured["freshness"]
                say(f"  {rate:,}/s run {run + 1}: p50 {fresh['p50_ms']:.1f} ms, p99 {fresh['p99_ms']:.1f} ms, max {fresh['max_ms']:.1f} ms "
                    f"({fresh['samples']} samples, {measured['events_per_s']:,.0f}/s sent, late at most {measured['late_ms_max']:.0f} ms, "
                    f"ack p50 {measured['acknowledgement']['p50_ms']:.1f} ms, server {measured['server_cpu_s']} s, client {measured['client_cpu_s']} s, "
                    f"others {measured['others_cores']} cores, peak {measured['peak_mb']:.0f} MB; {measured['speed']})")
            result[str(rate)] = {
                "p50_ms": statistics.median(run["freshness"]["p50_ms"] for run in runs),
                "p99_ms": statistics.median(run["freshness"]["p99_ms"] for run in runs),
                "sent_per_s": statistics.median(run["events_per_s"] for run in runs),
                "server_peak_mb": statistics.median(run["peak_mb"] for run in runs),
                "others_cores": max(run["others_cores"] for run in runs),
            }
        return result

    def measure_reads(self):
        """Merged reads while 100,000 events arrive a second."""
        result = {}
        for kind, reads in (("by_key", KEY_READS), ("full_view", FULL_READS)):
            runs = []
            for run in range(self.options.runs):
                folder = self.project("reads")
                with Server(self.program, folder, self.options.port) as server:
                    measured = self.load(server, events=self.december_lines, rate=100_000, batch=1000, seconds=8, connections=2,
                                         read=reads, read_pause_ms=20)
                    measured["peak_mb"] = server.peak_mb()
                runs.append(measured)
                say(f"  {kind} run {run + 1} ({measured['events_per_s']:,.0f}/s, others {measured['others_cores']} cores):")
                for sql, times in zip(reads, measured["reads"]):
                    say(f"    p50 {times['p50_ms']:.1f}, p99 {times['p99_ms']:.1f} ms  {sql}")
            for i, sql in enumerate(reads):
                result.setdefault(kind, {})[sql] = {
                    "p50_ms": statistics.median(run["reads"][i]["p50_ms"] for run in runs),
                    "p99_ms": statistics.median(run["reads"][i]["p99_ms"] for run in runs),
                }
            result["sent_per_s"] = statistics.median(run["events_per_s"] for run in runs)
        return result

    def measure_restart(self):
        """Killed with 500,000 events that no build holds; until /readyz says yes."""
        folder = self.project("restart")
        with Server(self.program, folder, self.options.port) as server:
            self.load(server, events=self.december_lines, rate=100_000, batch=1000, seconds=5, connections=2)
            events = server.wait_applied()
            unbuilt = events - server.status()["build"]["cutoff"]["flights"][0]
            server.stop(signal.SIGKILL)
        times, peaks = [], []
        for run in range(self.options.runs):
            with Server(self.program, folder, self.options.port) as server:
                times.append(server.ready_s)
                peaks.append(server.peak_mb())
                say(f"  run {run + 1}: ready after {server.ready_s:.2f} s, peak {peaks[-1]:.0f} MB")
                server.stop(signal.SIGKILL)
        return {"unbuilt_events": unbuilt, "ready_s": statistics.median(times), "server_peak_mb": statistics.median(peaks)}

    def measure_views(self):
        """400 varied views of a small shop: start without anything to replay, check, and a build of 200 of them against plain DuckDB."""
        folder = self.views_project(400)
        starts, checks = [], []
        for run in range(self.options.runs):
            began = time.monotonic()
            subprocess.run([self.program, "check", "--project", str(folder)], check=True, stdout=subprocess.DEVNULL)
            checks.append(time.monotonic() - began)
            with Server(self.program, folder, self.options.port) as server:
                starts.append(server.ready_s)
                peak = server.peak_mb()
            say(f"  run {run + 1}: check {checks[-1]:.2f} s, start {starts[-1]:.2f} s, peak {peak:.0f} MB")
        folder = self.views_project(200)
        ours, plain = [], []
        with Server(self.program, folder, self.options.port) as server:
            for run in range(self.options.runs):
                built = server.post("/v1/builds", {})
                ours.append(built["duration_ms"] / 1000)
                plain.append(self.plain_views(folder))
                say(f"  run {run + 1}: build of 200 views {ours[-1]:.2f} s, plain DuckDB {plain[-1]:.2f} s")
        return {
            "check_s": statistics.median(checks),
            "start_s": statistics.median(starts),
            "build_s": statistics.median(ours),
            "plain_duckdb_s": statistics.median(plain),
            "ratio": statistics.median([a / b for a, b in zip(ours, plain)]),
        }

    def measure_retention(self):
        """200 builds over 0.8 M events, then 46 M events by bulk in 20 builds, against a folder with the same events and one build each time."""
        self.prepare_events()
        aged, fresh = (self.flights_project(f"retention_{name}", self.FORGETFUL) for name in ("aged", "fresh"))
        lines = []
        with open(self.december_lines, "rb") as file:
            for _ in range(200):
                lines.append(b"".join(file.readline() for _ in range(4000)))
        with Server(self.program, aged, self.options.port) as server:
            builds = []
            for number, body in enumerate(lines, 1):
                server.post_events("flights", body)
                server.wait_applied()
                builds.append(server.post("/v1/builds", {})["duration_ms"] / 1000)
                if number % 50 == 0:
                    say(f"  {number} builds, the last ten {statistics.median(builds[-10:]):.2f} s")
            nothing = [server.post("/v1/builds", {})["duration_ms"] / 1000 for _ in range(5)]
            read_aged = self.bronze_read_ms(server)
        with Server(self.program, fresh, self.options.port) as server:
            for body in lines:
                server.post_events("flights", body)
            server.wait_applied()
            server.post("/v1/builds", {})
            nothing_fresh = [server.post("/v1/builds", {})["duration_ms"] / 1000 for _ in range(5)]
            read_fresh = self.bronze_read_ms(server)
        small = self.compare_folders(aged, fresh)
        small.update(build_of_nothing_s=statistics.median(nothing), fresh_build_of_nothing_s=statistics.median(nothing_fresh),
                     bronze_read_ms=read_aged, fresh_bronze_read_ms=read_fresh)
        say(f"  after 200 builds: {json.dumps(small)}")
        for folder, builds_each in ((aged, True), (fresh, False)):
            with Server(self.program, folder, self.options.port) as server:
                for history in self.histories * 5:
                    server.post("/v1/streams/flights/files", {"path": str(history)})
                    if builds_each:
                        server.wait_applied()
                        server.post("/v1/builds", {})
                events = server.wait_applied()
                if not builds_each:
                    server.post("/v1/builds", {})
            say(f"  {events:,} events in {folder.name}")
        return {"small": small, "large": self.compare_folders(aged, fresh), "events": events}

    FORGETFUL = "retention: {builds: 2, delta_hours: 0, table_versions: 2, log_hours: 0}\n"

    def flights_project(self, name, settings):
        folder = self.work / name
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([self.program, "init", str(folder), "--example", "flights"], check=True, stdout=subprocess.DEVNULL)
        file = folder / "anabranch.yml"
        file.write_text(file.read_text() + "\nbuild:\n  auto_events: 100000000\n  ingest_limit_events: 200000000\n" + settings)
        subprocess.run([self.program, "copy", "--project", str(folder)], check=True, stdout=subprocess.DEVNULL)
        return folder

    def bronze_read_ms(self, server):
        times = []
        for _ in range(9):
            began = time.monotonic()
            server.post("/v1/query", {"sql": "SELECT count(*), sum(dep_delay) FROM bronze.flights"})
            times.append((time.monotonic() - began) * 1000)
        return statistics.median(times)

    def compare_folders(self, aged, fresh):
        """Starts in turn, and what both take on the disk: what is live is what the fresh one has."""
        starts = {aged: [], fresh: []}
        for _ in range(self.options.runs):
            for folder in (aged, fresh):
                with Server(self.program, folder, self.options.port) as server:
                    starts[folder].append(server.ready_s)
        mb = {folder: sum(file.stat().st_size for file in (folder / ".anabranch").rglob("*") if file.is_file()) / 1e6 for folder in (aged, fresh)}
        files = {folder: sum(file.is_file() for file in (folder / ".anabranch").rglob("*")) for folder in (aged, fresh)}
        return {"start_s": statistics.median(starts[aged]), "fresh_start_s": statistics.median(starts[fresh]),
                "disk_mb": mb[aged], "fresh_disk_mb": mb[fresh], "files": files[aged], "fresh_files": files[fresh]}

    def views_project(self, count):
        """A project of bench/many_views.py with its tables copied, its events in and all of it built once."""
        folder = self.work / f"views_{count}"
        if (folder / "done").exists():
            return folder
        say(f"  making a project of {count} views")
        many_views.write(folder, count)
        subprocess.run([self.program, "copy", "--project", str(folder)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with Server(self.program, folder, self.options.port) as server:
            for events in sorted((folder / "events").glob("*.ndjson")):
                server.post_events(events.stem, events.read_bytes())
            server.post("/v1/builds", {})
        (folder / "done").touch()
        return folder

    def plain_views(self, folder):
        """Every view's SELECT over the archived events, written and synced as Parquet with a commit of a Delta table beside it. In a process of its own."""
        script = f"""
import duckdb, os, pathlib, shutil, sys, time
sys.path.insert(0, {str(ROOT / 'bench')!r})
import many_views
from results_page import results_page
root = pathlib.Path({str(folder)!r})
out = pathlib.Path({str(self.work / 'plain_views')!r})
shutil.rmtree(out, ignore_errors=True)
names = many_views.names_in_order(root)
for name in names:
    (out / name / "_delta_log").mkdir(parents=True)
os.sync()
began = time.monotonic()
def sync(path):
    handle = os.open(path, os.O_RDONLY)
    os.fsync(handle)
    os.close(handle)
db = duckdb.connect(config={{"threads": {THREADS}}})
db.execute("SET enable_progress_bar = false; SET TimeZone = 'UTC'; CREATE SCHEMA bronze; CREATE SCHEMA silver; CREATE SCHEMA gold")
for stream in sorted(file.stem for file in (root / "streams").glob("*.yml")):
    files = sorted(str(f) for f in (root / ".anabranch/lake/bronze" / stream).glob("*.parquet"))
    db.execute(f"CREATE VIEW bronze.{{stream}} AS SELECT * EXCLUDE (_partition, _offset, _ingested_at, _raw) FROM read_parquet({{files}})")
for table in sorted(file.stem for file in (root / "data").glob("*.parquet")):
    files = sorted(str(f) for f in (root / ".anabranch/lake/bronze" / table).glob("*.parquet"))
    db.execute(f"CREATE TABLE bronze.{{table}} AS FROM read_parquet('{{files[-1]}}')")
for name in names:
    sql = (root / "models" / (name.replace(".", "/") + ".sql")).read_text()
    db.execute(f"COPY ({{sql}}\\n) TO '{{out / name / 'part.parquet'}}' (FORMAT parquet)")
    db.execute(f"CREATE VIEW {{name}} AS FROM read_parquet('{{out / name / 'part.parquet'}}')")
    sync(out / name / "part.parquet")
    sync(out / name)
    commit = out / name / "_delta_log/00000000000000000000.json"
    commit.write_text('{{"add":{{"path":"part.parquet"}}}}\\n' * 4)
    sync(commit)
    sync(out / name / "_delta_log")
print(time.monotonic() - began)
"""
        answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
        if answer.returncode != 0:
            raise SystemExit(answer.stderr)
        return float(answer.stdout)

    def run(self):
        say(f"machine: {machine()}; load {os.getloadavg()[0]:.1f}")
        if not set(self.options.measures) <= {"views", "retention"}:
            self.base()
        for name in self.options.measures:
            began = time.monotonic()
            measure = getattr(self, "measure_" + name)
            say(f"{name}: {measure.__doc__.splitlines()[0]}")
            self.results[name] = measure()
            say(f"{name} took {time.monotonic() - began:.0f} s: {json.dumps(self.results[name])}")
            # One measure at a time may be run: the others' last figures stay.
            path = self.work / "results.json"
            all_results = json.loads(path.read_text()) if path.exists() else {}
            all_results[name] = self.results[name]
            all_results["machine"] = machine()
            all_results["runs"] = self.options.runs
            path.write_text(json.dumps(all_results, indent=2) + "\n")
            if set(MEASURES) - {"spark"} <= set(all_results):  # that one needs Java
                (ROOT / "bench/RESULTS.md").write_text(results_page(all_results))


MEASURES = ["build", "spark", "replay", "freshness", "reads", "restart", "views", "retention"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("measures", nargs="*", metavar="measure", help=f"of: {', '.join(MEASURES)} (default: all)")
    parser.add_argument("--runs", type=int, default=3, help="medians are of so many runs")
    parser.add_argument("--port", type=int, default=18480)
    parser.add_argument("--program", default=str(ROOT / "build/bench/anabranch"))
    parser.add_argument("--load", default=str(ROOT / "build/bench/anabranch_load"))
    parser.add_argument("--spark-python", default=str(ROOT / "build/spark-venv/bin/python"), help="a Python with pyspark and sqlglot")
    parser.add_argument("--work", default=str(ROOT / "build/bench-data"))
    options = parser.parse_args()
    unknown = [name for name in options.measures if name not in MEASURES]
    if unknown:
        parser.error(f"there is no measure {unknown[0]}; there are: {', '.join(MEASURES)}")
    options.measures = options.measures or MEASURES
    Bench(options).run()


main()
