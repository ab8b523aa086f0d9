#!/usr/bin/env python3
"""The server against clients that take what they can get: memory, places, threads, and its end."""

import gzip
import json
import os
import pathlib
import resource
import signal
import socket
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "scenarios"))
import program
from program import Case, wait_until

GOOD = {"id": 1, "client": 1, "sku": "sku0", "amount": 1}
ENDLESS = "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE (a.range * b.range) % 7 = 3"


def request(method, target, body=b"", more=""):
    return (f"{method} {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n{more}Content-Length: {len(body)}\r\n\r\n").encode() + body


class DoorCase(Case):
    def serve(self, settings="", **more):
        self.shop_project = self.shop(settings=settings, **more)
        self.server = self.shop_project.start()
        return self.server.client(timeout=30)

    def connect(self, data=b""):
        connection = socket.create_connection(("127.0.0.1", self.server.port), timeout=30)
        self.addCleanup(connection.close)
        if data:
            connection.sendall(data)
        return connection

    def stop_child(self):
        """SIGSTOP to the server's child processes at work; false while there is none."""
        found = False
        for pid in self.server.children():
            try:
                if b"\0child\0" not in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes():
                    continue  # not its own program yet
                os.kill(pid, signal.SIGSTOP)
                found = True
            except OSError:
                pass  # it has ended
        return found

    def memory_peak_bytes(self):
        for line in pathlib.Path(f"/proc/{self.server.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("no VmHWM")


class MemoryTest(DoorCase):
    def test_a_small_body_of_many_bad_records_is_refused_soon(self):
        client = self.serve()
        before = self.memory_peak_bytes()
        for content_type, text in (("application/x-ndjson", b"x\n" * 32_000_000), ("application/json", b"[" + b"1," * 30_000_000 + b"1]"),
                                   ("text/csv", b"id,client\n" + b"x\n" * 30_000_000)):
            packed = gzip.compress(text)
            self.assertLess(len(packed), 100_000)
            answer = client.request("POST", "/v1/streams/orders/events", packed, {"Content-Type": content_type, "Content-Encoding": "gzip"})
            self.assertEqual((answer.status, answer.code), (413, "too_large"), f"{content_type}: {answer!r}")
            self.assertIn("nothing of it was kept", answer.json["detail"])
        self.assertLess(self.memory_peak_bytes() - before, 600_000_000)
        self.assertEqual(client.get("/v1/quarantine").json["total"], 0)
        # What is within the bound is kept, every record of it.
        answer = client.send("orders", b"x\n" * 100_000)
        self.assertEqual((answer.status, answer.json["quarantined"]), (200, 100_000), answer)

    def test_what_is_only_announced_takes_no_memory(self):
        client = self.serve()
        head = request("POST", "/v1/streams/orders/events", b"", "Content-Type: application/x-ndjson\r\n").replace(b"Content-Length: 0", b"Content-Length: 67108864")
        for _ in range(16):
            self.connect(head + b'{"id": 1')
        answer = client.send("orders", [{**GOOD, "id": i} for i in range(50_000)])
        self.assertEqual((answer.status, answer.json["accepted"]), (200, 50_000), answer)


class PlacesTest(DoorCase):
    def setUp(self):
        super().setUp()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))

    def check_everybody_else_is_served(self, seconds=5):
        started = time.monotonic()
        for path in ("/healthz", "/readyz", "/metrics", "/v1/status"):
            answer = self.server.client(timeout=seconds).get(path)
            self.assertEqual(answer.status, 200, f"{path}: {answer!r}")
        self.assertEqual(self.server.client(timeout=seconds).send("orders", [GOOD]).status, 200)
        self.assertEqual(self.server.client(timeout=seconds).rows("SELECT 1"), [[1]])
        self.assertLess(time.monotonic() - started, seconds)

    def test_silent_clients_lock_nobody_out(self):
        self.serve()
        silent = [self.connect() for _ in range(700)]
        self.check_everybody_else_is_served()
        half = [self.connect(b"GET /v1/status HTTP/1.1\r\nHos") for _ in range(700)]
        self.check_everybody_else_is_served()
        self.assertEqual(len(silent) + len(half), 1400)

    def test_no_kind_of_work_takes_all_places(self):
        client = self.serve(settings="limits: {query_timeout_ms: 20000, queries_max: 2}\n")
        body = json.dumps({"sql": ENDLESS}).encode()
        for _ in range(700):
            self.connect(request("POST", "/v1/query", body, "Content-Type: application/json\r\n"))
        for _ in range(200):
            self.connect(request("GET", "/v1/updates"))
        for path in ("/healthz", "/readyz", "/v1/status"):
            self.assertEqual(self.server.client(timeout=10).get(path).status, 200, path)
        self.assertEqual(client.send("orders", [GOOD]).status, 200)

    def test_slow_bodies_lock_nobody_out(self):
        """While all places are taken by bodies that may still come, health is answered; then they make place."""
        self.serve()
        slow = request("POST", "/v1/streams/orders/events", b"", "Content-Type: application/x-ndjson\r\n").replace(b"Content-Length: 0", b"Content-Length: 1000")
        for _ in range(540):
            self.connect(slow + b"{")
        for path in ("/healthz", "/readyz", "/metrics"):
            self.assertEqual(self.server.client(timeout=10).get(path).status, 200, path)
        wait_until(lambda: self.server.client(timeout=10).get("/v1/status").status == 200, "a slow body has made place", 10)
        wait_until(lambda: self.server.client(timeout=10).send("orders", [GOOD]).status == 200, "another one too", 10)

    def test_the_request_limit_holds_for_all(self):
        client = self.serve(settings="limits: {requests_per_second_max: 3}\n")
        for ask in (lambda: client.get("/v1/status"), lambda: client.query("SELECT 1"), lambda: client.send("orders", [GOOD]), lambda: client.get("/")):
            statuses = [ask().status for _ in range(12)]
            self.assertIn(429, statuses)
        self.assertEqual({client.get("/healthz").status for _ in range(30)}, {200})

    def test_a_client_that_has_ended_its_sending_gets_its_answer(self):
        client = self.serve(settings="limits: {query_timeout_ms: 4000}\n")
        slow = json.dumps({"sql": ENDLESS, "timeout_ms": 2500}).encode()
        connection = self.connect(request("POST", "/v1/query", slow, "Content-Type: application/json\r\n"))
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
        self.assertIn(b"HTTP/1.1 408 ", answer)
        self.assertIn(b"query_timeout", answer)
        # One that is gone is not waited for.
        gone = json.dumps({"sql": ENDLESS, "timeout_ms": 4000}).encode()
        started = time.monotonic()
        with socket.create_connection(("127.0.0.1", self.server.port)) as connection:
            connection.sendall(request("POST", "/v1/query", gone, "Content-Type: application/json\r\n"))

        def is_cancelled():
            return b'anabranch_queries_total{outcome="cancelled"} 1' in client.get("/metrics").body
        wait_until(is_cancelled, "the query of the client that has gone is cancelled", 3.5)
        self.assertLess(time.monotonic() - started, 3.5)


class SpecialFileTest(DoorCase):
    def test_pipes_folders_devices_and_damaged_files_are_refused_at_once(self):
        client = self.serve()
        pipe = self.folder / "pipe.parquet"
        os.mkfifo(pipe)
        started = time.monotonic()
        for path in (pipe, self.folder, "/dev/zero", "/dev/null", self.folder / "nothing.parquet"):
            for _ in range(3):
                answer = client.post("/v1/streams/orders/files", {"path": str(path)})
                self.assertEqual((answer.status, answer.code), (400, "bad_request"), f"{path}: {answer!r}")
        good = self.folder / "good.parquet"
        self.shop_project.run("query", "SELECT 5 AS id, 1 AS client, 'sku0' AS sku, 1 AS amount", "--format", "parquet", "-o", str(good))
        data = good.read_bytes()
        for name, bytes_ in {"cut": data[:-20], "turned": data[:40] + bytes(byte ^ 255 for byte in data[40:60]) + data[60:], "text": b"hello", "empty": b"",
                             "hollow": b"PAR1" + b"\0" * 40 + b"PAR1", "sealed": data[:-4] + b"PARE"}.items():
            path = self.folder / f"{name}.parquet"
            path.write_bytes(bytes_)
            answer = client.post("/v1/streams/orders/files", {"path": str(path)})
            self.assertEqual((answer.status, answer.code), (400, "bad_request"), f"{name}: {answer!r}")
        done = self.shop_project.run("ingest", "orders", str(pipe))
        self.assertEqual(done.returncode, 2, done.stderr)
        (self.shop_project.folder / "data" / "prices.csv").unlink()
        os.mkfifo(self.shop_project.folder / "data" / "prices.csv")
        answer = client.post("/v1/copy", {})
        self.assertEqual((answer.status, answer.code), (400, "bad_request"), answer)
        self.assertEqual(answer.json["detail"], "data/prices.csv is a pipe, no file")
        self.assertLess(time.monotonic() - started, 30)


class EndTest(DoorCase):
    """SIGTERM ends the server within ten seconds, whatever runs; what was acknowledged stays."""

    def end_while(self, what, ask):
        client = self.serve() if not self.projects else None
        if client is None:
            self.server = self.shop_project.start()
        acknowledged = self.server.client().send("orders", [GOOD]).json["ranges"][0]["last_offset"]
        asked = self.in_thread(lambda: ask(self.server.client()))
        wait_until(self.stop_child, f"a {what} has a child process", 30, interval=0.001)
        started = time.monotonic()
        self.server.stop()
        self.assertLess(time.monotonic() - started, 10, what)
        try:
            asked.join(30)
        except program.Client.GONE:
            pass
        self.server = self.shop_project.start()
        offsets = self.server.client().status()["streams"][0]["durable_offsets"]
        self.assertEqual(offsets, [acknowledged + 1], what)
        self.server.stop()

    def test_while_children_are_stopped(self):
        self.end_while("build", lambda client: client.post("/v1/builds", {}))
        self.end_while("verify", lambda client: client.post("/v1/verify", {}))
        self.end_while("copy", lambda client: client.post("/v1/copy", {}))
        parquet = self.folder / "orders.parquet"
        self.assertEqual(self.shop_project.run("query", "SELECT 5 AS id, 1 AS client, 'sku0' AS sku, 1 AS amount", "--format", "parquet", "-o", str(parquet)).returncode, 0)
        self.end_while("import", lambda client: client.post("/v1/streams/orders/files", {"path": str(parquet)}))

    def test_while_queries_run(self):
        self.serve(settings="limits: {query_timeout_ms: 60000}\n")
        asked = [self.in_thread(lambda: self.server.client().query(ENDLESS)) for _ in range(4)]
        wait_until(lambda: b"anabranch_queries_running 0" not in self.server.client().get("/metrics").body, "queries run")
        started = time.monotonic()
        self.server.stop()
        self.assertLess(time.monotonic() - started, 10)
        for query in asked:
            try:
                query.join(30)
            except program.Client.GONE:
                pass

    def test_hanging_up_ends_nothing(self):
        client = self.serve()
        os.kill(self.server.pid, signal.SIGHUP)
        wait_until(lambda: "nothing changes" in self.server.log, "the files were looked at")
        self.assertEqual(client.get("/healthz").status, 200)
        self.assertEqual(self.server.stop(), 0)


class DiskTest(DoorCase):
    def test_nobody_else_may_read_the_data(self):
        before = os.umask(0o022)
        self.addCleanup(os.umask, before)
        client = self.serve()
        client.send("orders", [GOOD, {**GOOD, "id": 2, "code": "x"}])
        self.assertEqual(client.post("/v1/builds", {}).status, 200)
        self.assertEqual(client.post("/v1/verify", {}).status, 200)
        client.send("orders", [{**GOOD, "id": 3}])
        data = self.shop_project.data("")
        open_to_others = [f"{path}: {path.lstat().st_mode:o}" for path in [data, *data.rglob("*")] if path.lstat().st_mode & 0o077]
        self.assertEqual(open_to_others, [])

    def test_what_a_build_leaves_when_it_is_killed_goes(self):
        client = self.serve()
        client.send("orders", [GOOD])
        self.assertEqual(client.post("/v1/builds", {}).status, 200)
        client.send("orders", [GOOD])
        named = {str(path) for path in self.shop_project.data("lake").rglob("*.parquet")}
        asked = self.in_thread(lambda: self.server.client().post("/v1/builds", {}))
        wait_until(self.stop_child, "the build has a child process", 30, interval=0.001)
        id = client.status()["running_build"]["id"]
        # What it would have written by the end, and what an archiving leaves that dies before its commit.
        left = [self.shop_project.data(f"lake/gold/by_sku/part-00000-{id}.parquet"), self.shop_project.data(f"lake/gold/total/part-00000-{id}.parquet"),
                self.shop_project.data("lake/bronze/orders/part-00000-00000000000000000001-0badcafe.parquet")]
        for path in left:
            path.write_bytes(b"PAR1")
        self.server.kill()
        with self.assertRaises(program.Client.GONE):
            asked.join()
        self.server = self.shop_project.start()
        client = self.server.client()
        self.assertFalse(left[0].exists() or left[1].exists(), "gold")
        self.assertEqual({str(path) for path in map(pathlib.Path, named) if not path.exists()}, set(), "a file that is named is gone")
        client.send("orders", [GOOD])
        self.assertEqual(client.post("/v1/builds", {}).status, 200)
        self.assertFalse(left[2].exists(), "bronze")
        self.check_verify(self.shop_project)

    def test_what_a_build_leaves_that_is_cancelled_goes_at_once(self):
        client = self.serve()
        client.send("orders", [GOOD])
        self.assertEqual(client.post("/v1/builds", {}).status, 200)
        client.send("orders", [GOOD])
        asked = self.in_thread(lambda: self.server.client().post("/v1/builds", {}))
        wait_until(self.stop_child, "the build has a child process", 30, interval=0.001)
        id = client.status()["running_build"]["id"]
        # What its child would have written by now.
        left = [self.shop_project.data(name) for name in (f"lake/gold/by_sku/part-00000-{id}.parquet", f"serving/{id}/rows.parquet",
                                                          f"serving/{id}.duckdb", f"serving/{id}.work/states.duckdb")]
        for path in left:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"PAR1")
        self.assertEqual(client.post(f"/v1/tasks/{id}/cancel", {}).status, 200)
        answer = asked.join()
        self.assertEqual((answer.status, answer.code), (409, "cancelled"), answer)
        self.assertEqual([str(path) for path in left if path.exists()], [])
        self.assertEqual([str(path) for path in self.shop_project.data_folder.rglob("*") if id in path.name], [])
        self.assertEqual(client.post("/v1/builds", {}).status, 200)
        self.check_verify(self.shop_project)


class QuarantineTest(DoorCase):
    def test_a_page_reads_its_batch_once(self):
        client = self.serve()
        count, size = 20_000, 400
        self.assertEqual(client.send("orders", "".join(f"{i} {'x' * size}\n" for i in range(count))).json["quarantined"], count)

        def seconds(limit):
            best = 60.0
            for _ in range(3):
                started = time.monotonic()
                page = client.get(f"/v1/quarantine?limit={limit}").json
                best = min(best, time.monotonic() - started)
                self.assertEqual(len(page["entries"]), limit)
                self.assertEqual([entry["index"] for entry in page["entries"]], list(range(limit)))
            return best
        few = seconds(10)
        many = seconds(1000)
        self.assertLess(many, 12 * few, f"{few:.3f} s for 10, {many:.3f} s for 1000")


if __name__ == "__main__":
    program.main()
