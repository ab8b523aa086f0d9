"""The program under test, driven from outside: projects in temporary folders, servers, clients, and what every scenario asks of them.

ANABRANCH names the binary (default: build/dev/anabranch). Only processes that a test started are ever signalled.
"""

import http.client
import itertools
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.path.abspath(os.environ.get("ANABRANCH") or SOURCE / "build" / "dev" / "anabranch")
IS_LONG = bool(os.environ.get("ANABRANCH_LONG"))
READY_SECONDS = 60
COMMAND_SECONDS = 120


def rounds(count):
    """How often a random step is repeated: as said, or ten times that in a long run."""
    return count * 10 if IS_LONG else count


def wait_until(condition, what, seconds=30.0, interval=0.01):
    """Polls a condition until it gives something true, which is returned; a failure after the deadline."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(interval)


class Answer:
    """Status, headers and body of one HTTP answer."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        """The code of a problem document; None when it is no problem."""
        if not self.headers.get("content-type", "").startswith("application/problem+json"):
            return None
        return self.json["code"]

    def __repr__(self):
        return f"{self.status} {self.body[:600]!r}"


class Client:
    """One connection to a server. A connection that breaks raises OSError or http.client.HTTPException; the next request connects anew."""

    GONE = (OSError, http.client.HTTPException)

    def __init__(self, port, timeout=COMMAND_SECONDS):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)

    def close(self):
        self.connection.close()

    def request(self, method, target, body=None, headers=None):
        if isinstance(body, str):
            body = body.encode()
        try:
            self.connection.request(method, target, body, headers or {})
            answer = self.connection.getresponse()
            content = answer.read()
        except self.GONE:
            self.connection.close()
            raise
        return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, content)

    def get(self, target):
        return self.request("GET", target)

    def post(self, target, document):
        return self.request("POST", target, json.dumps(document), {"Content-Type": "application/json"})

    def send(self, stream, events, content_type="application/x-ndjson"):
        """Posts events: a text or bytes as they are, or a list of objects as lines."""
        body = events if isinstance(events, (str, bytes)) else "".join(json.dumps(event) + "\n" for event in events)
        return self.request("POST", f"/v1/streams/{stream}/events", body, {"Content-Type": content_type})

    def query(self, sql, **options):
        return self.post("/v1/query", {"sql": sql, **options})

    def rows(self, sql, **options):
        answer = self.query(sql, **options)
        if answer.status != 200:
            raise AssertionError(f"{sql}: {answer!r}")
        return answer.json["rows"]

    def row(self, sql, **options):
        (row,) = self.rows(sql, **options)
        return row

    def status(self):
        return self.get("/v1/status").json


class Server:
    """A server of a project. Made ready by Project.start(); ended by kill(), stop() or the test's end."""

    def __init__(self, project, arguments, environment=None, output=None):
        self.project = project
        self.log_path = project.folder.parent / f"{project.folder.name}.server-{next(project.servers)}.log"
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [PROGRAM, "up", "--project", str(project.folder), *arguments],
                stdin=subprocess.DEVNULL, stdout=output or log, stderr=subprocess.STDOUT, env=environment)
        self.port = None

    @property
    def pid(self):
        return self.process.pid

    @property
    def log(self):
        return self.log_path.read_text(errors="replace")

    def is_running(self):
        return self.process.poll() is None

    def _own_port(self):
        if not self.is_running():
            raise AssertionError(f"the server ended with {self.process.returncode}:\n{self.log}")
        try:
            address = json.loads(self.project.data("server.json").read_text())
        except (OSError, ValueError):
            return None
        return address["port"] if address["process"] == self.pid else None

    def wait_ready(self):
        self.port = wait_until(self._own_port, f"the server says where it listens\n{self.log}", READY_SECONDS)
        with_client = Client(self.port)

        def is_ready():
            if not self.is_running():
                raise AssertionError(f"the server ended with {self.process.returncode}:\n{self.log}")
            try:
                return with_client.get("/readyz").status == 200
            except Client.GONE:
                return False
        wait_until(is_ready, "the server is ready", READY_SECONDS)
        with_client.close()
        return self

    def client(self, timeout=COMMAND_SECONDS):
        return Client(self.port, timeout)

    def processes(self):
        """Process ids of everything that this server has started, directly or not."""
        found = []
        parents = [self.pid]
        while parents:
            children = children_of(parents.pop())
            found += children
            parents += children
        return found

    def engine(self):
        """The process id of its engine; None while it has none."""
        for pid in children_of(self.pid):
            if is_child(pid, "engine"):
                return pid
        return None

    def children(self):
        """Process ids of the children that work on tasks: all but the engine."""
        return [pid for pid in self.processes() if not is_child(pid, "engine")]

    def kill_child(self, pid):
        """SIGKILL to one child process of this server; false when it has gone already."""
        if pid not in self.children():
            return False
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True

    def kill(self):
        """kill -9, and its children end with it."""
        children = self.processes()
        self.process.kill()
        self.process.wait(30)
        for pid in children:
            wait_until(lambda: not is_program(pid), f"the child process {pid} ends with its server", 30)

    def stop(self, signal_number=signal.SIGTERM):
        """Ends it in peace; returns its exit code."""
        if self.is_running():
            self.process.send_signal(signal_number)
        return self.process.wait(60)


def children_of(pid):
    try:
        tasks = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []
    found = []
    for task in tasks:
        try:
            found += pathlib.Path(f"/proc/{pid}/task/{task}/children").read_text().split()
        except OSError:
            pass  # the thread has ended
    return [int(child) for child in found]


def is_child(pid, kind):
    """Whether it is a child of the program that does this kind of work."""
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[1:3] == [b"child", kind.encode()]
    except OSError:
        return False


def is_program(pid):
    """Whether this process id is (still) one of the program under test, not a zombie."""
    try:
        if os.path.realpath(f"/proc/{pid}/exe") != os.path.realpath(PROGRAM):
            return False
        return ") Z " not in pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


class Project:
    """A project folder and the commands on it."""

    def __init__(self, folder, data_folder=None):
        self.folder = pathlib.Path(folder)
        self.data_folder = pathlib.Path(data_folder) if data_folder else self.folder / ".anabranch"
        self.servers = itertools.count(1)
        self.started = []

    def write(self, path, text):
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        return target

    def data(self, path):
        return self.data_folder / path

    def run(self, *arguments, environment=None, input=None, seconds=COMMAND_SECONDS):
        """Runs one command on this project; the result has returncode, stdout, stderr."""
        return command(*arguments, "--project", str(self.folder), environment=environment, input=input, seconds=seconds)

    def json(self, *arguments):
        """A command that must succeed, with --json; its parsed output."""
        done = self.run(*arguments, "--json")
        if done.returncode != 0:
            raise AssertionError(f"{arguments}: exit code {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}")
        return json.loads(done.stdout)

    def launch(self, *arguments, environment=None, output=None):
        """A server that may or may not come up. What it prints goes to its log, or to the descriptor `output`."""
        server = Server(self, arguments or ("--port", "0"), environment, output)
        self.started.append(server)
        return server

    def start(self, *arguments):
        """A server that answers."""
        return self.launch(*arguments).wait_ready()

    def end(self):
        for server in self.started:
            if server.is_running():
                server.process.kill()
                server.process.wait(30)


def command(*arguments, environment=None, input=None, seconds=COMMAND_SECONDS, folder=None):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, errors="replace", timeout=seconds, env=environment,
                          input=input, stdin=subprocess.DEVNULL if input is None else None, cwd=folder)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


# ---- the shop: a small project in which every answer can be computed by hand ----

SKUS = [f"sku{number}" for number in range(7)]

SHOP = {
    "anabranch.yml": "name: shop\n",
    "streams/orders.yml":
        "fields:\n"
        "  - {name: id, type: bigint, required: true}\n"
        "  - {name: client, type: integer, required: true}\n"
        "  - {name: sku, type: varchar, required: true}\n"
        "  - {name: amount, type: integer, required: true}\n"
        "  - {name: code, type: varchar}\n"
        "  - {name: happened_at, type: timestamptz}\n"
        "key: id\n"
        "event_time: happened_at\n"
        "on_drift: quarantine\n",
    "sources/prices.yml":
        "kind: files\n"
        "tables:\n"
        "  prices: {path: data/prices.csv, columns: {sku: varchar, factor: bigint}}\n",
    # linear, with a table
    "models/silver/orders.sql":
        "SELECT o.id, o.client, o.sku, o.amount, p.factor, o.amount * p.factor AS worth, o.happened_at\n"
        "FROM bronze.orders AS o JOIN bronze.prices AS p ON p.sku = o.sku\n",
    # an event whose code is no number is recorded against this view
    "models/silver/codes.sql": "SELECT id, CAST(code AS INTEGER) AS code FROM bronze.orders WHERE code IS NOT NULL\n",
    # distributive
    "models/gold/by_sku.sql":
        "SELECT sku, count(*) AS orders, sum(amount) AS amount, sum(worth) AS worth FROM silver.orders GROUP BY sku\n",
    # algebraic
    "models/gold/by_client.sql":
        "SELECT client, count(*) AS orders, sum(amount) AS amount, sum(worth) AS worth, avg(amount) AS mean_amount\n"
        "FROM silver.orders GROUP BY client\n",
    "models/gold/by_day.sql":
        "SELECT CAST(happened_at AS DATE) AS day, count(*) AS orders, sum(amount) AS amount\n"
        "FROM silver.orders GROUP BY CAST(happened_at AS DATE)\n",
    # holistic
    "models/gold/distinct_ids.sql":
        "SELECT sku, count(DISTINCT id) AS ids, median(amount) AS median_amount FROM silver.orders GROUP BY sku\n",
    # keyed: the newest by what it says itself, not by when it came
    "models/gold/newest_by_client.sql":
        "SELECT client, id, sku, amount, happened_at FROM silver.orders\n"
        "QUALIFY row_number() OVER (PARTITION BY client ORDER BY happened_at DESC, id DESC) = 1\n",
    # merged results of another view
    "models/gold/total.sql":
        "SELECT CAST(sum(orders) AS BIGINT) AS orders, sum(amount) AS amount, sum(worth) AS worth FROM gold.by_sku\n",
}


def prices_csv(factor):
    return "sku,factor\n" + "".join(f"{sku},{factor}\n" for sku in SKUS)


def write_shop(project, factor=1, settings="", partitions=1):
    for path, text in SHOP.items():
        project.write(path, text)
    if partitions > 1:
        project.write("streams/orders.yml", SHOP["streams/orders.yml"] + f"partitions: {partitions}\n")
    project.write("data/prices.csv", prices_csv(factor))
    if settings:
        project.write("anabranch.yml", SHOP["anabranch.yml"] + settings)
    return project


def order(id, client, rng, **more):
    event = {"id": id, "client": client, "sku": rng.choice(SKUS), "amount": rng.randrange(-50, 1000),
             "happened_at": f"2026-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}T{rng.randrange(24):02}:00:00Z"}
    event.update(more)
    return event


# One statement over all of the shop's views: whatever the moment, its parts must agree with one another.
SHOP_SUMS = """
SELECT (SELECT count(*) FROM bronze.orders) AS events, (SELECT coalesce(sum(amount), 0) FROM bronze.orders) AS amount,
       (SELECT count(*) FROM silver.orders) AS silver_orders, (SELECT coalesce(sum(worth), 0) FROM silver.orders) AS silver_worth,
       (SELECT coalesce(sum(orders), 0) FROM gold.by_sku) AS sku_orders, (SELECT coalesce(sum(worth), 0) FROM gold.by_sku) AS sku_worth,
       (SELECT coalesce(sum(orders), 0) FROM gold.by_client) AS client_orders, (SELECT coalesce(sum(worth), 0) FROM gold.by_client) AS client_worth,
       (SELECT coalesce(sum(orders), 0) FROM gold.by_day) AS day_orders, (SELECT coalesce(sum(amount), 0) FROM gold.by_day) AS day_amount,
       (SELECT coalesce(sum(orders), 0) FROM gold.total) AS total_orders, (SELECT coalesce(sum(worth), 0) FROM gold.total) AS total_worth,
       (SELECT min(factor) FROM bronze.prices) AS lowest_factor, (SELECT max(factor) FROM bronze.prices) AS highest_factor
"""


def last_offsets(answer, partitions):
    """What min_offset has to say so that an answer includes what this one took in."""
    last = [None] * partitions
    for part in answer["ranges"]:
        last[part["partition"]] = part["last_offset"]
    return last


def check_shop_sums(answer):
    """One world in one answer. Returns (events, factor, build)."""
    document = answer.json
    names = [column["name"] for column in document["columns"]]
    sums = dict(zip(names, (int(value) for value in document["rows"][0])))
    if sums["lowest_factor"] != sums["highest_factor"]:
        raise AssertionError(f"two versions of a table in one answer: {sums}")
    events, factor = sums["events"], sums["lowest_factor"]
    if events != sum(document["offsets"]["orders"]):
        raise AssertionError(f"{events} events at offset {document['offsets']}")
    for name in ("silver_orders", "sku_orders", "client_orders", "day_orders", "total_orders"):
        if sums[name] != events:
            raise AssertionError(f"{name} is not the number of events: {sums}")
    for name in ("silver_worth", "sku_worth", "client_worth", "total_worth"):
        if sums[name] != sums["amount"] * factor:
            raise AssertionError(f"{name} is not of the version with factor {factor}: {sums}, build {document['build']}")
    if sums["day_amount"] != sums["amount"]:
        raise AssertionError(f"day_amount is not the sum of the events: {sums}")
    return events, factor, document["build"]


# ---- test cases ----

class Case(unittest.TestCase):
    """A test with a temporary folder, a seeded source of randomness, and servers that end with it."""

    maxDiff = None
    PARTITIONS = 1  # of the shop's stream

    def setUp(self):
        self.seed = int(os.environ.get("ANABRANCH_SEED") or random.SystemRandom().randrange(1 << 32))
        print(f"{self.id()}: ANABRANCH_SEED={self.seed}", flush=True)
        self.rng = random.Random(self.seed)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="anabranch-test-"))
        self.projects = []
        self.addCleanup(self._clean_up)

    def _clean_up(self):
        result = self._outcome.result
        failed = any(test is self for test, _ in result.failures + result.errors)
        for project in self.projects:
            project.end()
            if failed:
                for server in project.started:
                    print(f"--- {server.log_path.name}:\n{server.log[-3000:]}")
        if os.environ.get("ANABRANCH_KEEP"):
            print(f"kept: {self.folder}", file=sys.stderr)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    def project(self, name="project", data_folder=None):
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        project = Project(folder, data_folder)
        self.projects.append(project)
        return project

    def shop(self, name="shop", **options):
        project = write_shop(self.project(name), **{"partitions": self.PARTITIONS, **options})
        project.json("copy")
        return project

    def wait_applied(self, client, stream="orders"):
        """Until reads include all that is durable."""
        def is_applied():
            (state,) = [entry for entry in client.status()["streams"] if entry["name"] == stream]
            return state["applied_offsets"] == state["durable_offsets"]
        wait_until(is_applied, f"the events of {stream} are applied")

    def check_verify(self, project):
        """Every view equals its recompute (L2), by the command."""
        done = project.run("verify", "--json")
        self.assertIn(done.returncode, (0, 1), done.stdout[-2000:] + done.stderr)
        results = json.loads(done.stdout)["results"]
        different = [result for result in results if result["result"] != "equal"]
        self.assertEqual(different, [], f"not equal: {json.dumps(different, indent=1)[:4000]}")
        self.assertEqual(done.returncode, 0)
        self.assertGreater(len(results), 0)
        return results

    def in_thread(self, work, *arguments):
        """Starts work in a thread; the returned object's join() gives its result or raises what it raised."""
        return Running(work, arguments)


class Running:
    def __init__(self, work, arguments):
        self.result = None
        self.error = None

        def run():
            try:
                self.result = work(*arguments)
            except BaseException as error:  # noqa: raised again in join()
                self.error = error
        self.thread = threading.Thread(target=run, daemon=True)
        self.thread.start()

    def is_running(self):
        return self.thread.is_alive()

    def join(self, seconds=180):
        self.thread.join(seconds)
        if self.thread.is_alive():
            raise AssertionError(f"a client is still at work after {seconds} s")
        if self.error:
            raise self.error
        return self.result


def main():
    """Runs the tests of the calling file. The last line: 'N passed, M failed'."""
    if not os.access(PROGRAM, os.X_OK):
        print(f"there is no program {PROGRAM}: build it, or name it in ANABRANCH", file=sys.stderr)
        print("0 passed, 1 failed")
        sys.exit(1)
    names = sys.argv[1:]
    loader = unittest.defaultTestLoader
    module = sys.modules["__main__"]
    suite = loader.loadTestsFromNames(names, module) if names else loader.loadTestsFromModule(module)
    result = unittest.TextTestRunner(verbosity=2, stream=sys.stdout).run(suite)
    for test, reason in result.skipped:
        print(f"skipped {test.id()}: {reason}")
    broken = {test.id().split(" ")[0] for test, _ in result.failures + result.errors}
    passed = result.testsRun - len(broken) - len(result.skipped)
    print(f"{max(passed, 0)} passed, {len(broken)} failed", flush=True)
    sys.exit(1 if broken or result.testsRun == 0 else 0)
