#!/usr/bin/env python3
"""The engine is a process of its own: whatever ends or stops it, events are taken in, it is replaced, and answers are right again."""

import os
import pathlib
import signal
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "scenarios"))
import program
from program import Case, Client, wait_until


class EngineCase(Case):
    PARTITIONS = 2

    def setUp(self):
        super().setUp()
        self.shop_project = self.shop()
        self.server = self.shop_project.start("--port", "0", "--engine-process")
        self.client = self.server.client()
        self.sent = 0

    def send(self, count, client=None):
        """Events that must be acknowledged."""
        events = [program.order(self.sent + i, i % 5, self.rng) for i in range(count)]
        self.sent += count
        answer = (client or self.client).send("orders", events)
        self.assertEqual(answer.status, 200, answer)
        return answer

    def wait_ready(self, seconds=30):
        wait_until(lambda: self.client.get("/readyz").status == 200, "reads are answered again", seconds)

    def check_all_there(self):
        self.wait_ready()
        self.wait_applied(self.client)
        self.assertEqual(program.check_shop_sums(self.client.query(program.SHOP_SUMS))[0], self.sent)

    def kill_engine(self):
        engine = self.server.engine()
        os.kill(engine, signal.SIGKILL)
        self.wait_replaced(engine)

    def wait_replaced(self, engine, seconds=30):
        return wait_until(lambda: (pid := self.server.engine()) not in (None, engine) and pid, "another engine", seconds)


class IngestionGoesOnTest(EngineCase):
    def feed(self):
        """Events without a pause, each answer looked at, until stop() is called."""
        over = threading.Event()

        def run():
            client, slowest = self.server.client(), 0.0
            while not over.is_set():
                began = time.monotonic()
                self.send(50, client)
                slowest = max(slowest, time.monotonic() - began)
            return slowest
        feeding = self.in_thread(run)

        def stop():
            over.set()
            return feeding.join()
        return stop

    def test_a_killed_engine_loses_nothing_and_stops_nobody(self):
        self.send(500)
        self.assertEqual(self.client.post("/v1/builds", {}).status, 200)
        stop = self.feed()
        for _ in range(program.rounds(5)):
            engine = self.server.engine()
            wait_until(lambda: self.rng.random() < 0.05, "some time", interval=0.005)
            os.kill(engine, signal.SIGKILL)
            self.wait_replaced(engine)
            self.wait_ready()
        self.assertLess(stop(), 5)
        self.check_all_there()
        self.check_verify(self.shop_project)

    def test_a_stopped_engine_is_replaced_within_5_s(self):
        self.send(200)
        stop = self.feed()
        engine = self.server.engine()
        began = time.monotonic()
        os.kill(engine, signal.SIGSTOP)
        self.wait_replaced(engine, 10)
        self.assertLess(time.monotonic() - began, 5)
        self.wait_ready()
        self.assertLess(stop(), 5)
        self.check_all_there()

    def test_what_waits_for_the_engine_is_told_that_it_ended(self):
        self.send(100)
        engine = self.server.engine()
        request = self.in_thread(lambda: self.server.client().query("SELECT count(*) FROM bronze.orders", min_offset={"orders": [10**9, 10**9]}))
        wait_until(lambda: "anabranch_queries_running 1" in self.client.get("/metrics").body.decode() or not request.is_running(), "the query waits", 10)
        os.kill(engine, signal.SIGKILL)
        answer = request.join(20)
        self.assertEqual((answer.status, answer.code), (503, "unavailable"), answer)
        self.check_all_there()

    def test_a_build_that_its_engine_did_not_survive_is_no_build(self):
        self.send(300)
        first = self.client.post("/v1/builds", {})
        self.assertEqual(first.status, 200)
        self.send(300)
        for _ in range(program.rounds(4)):
            engine = self.server.engine()
            request = self.in_thread(lambda: self.server.client().post("/v1/builds", {}))
            wait_until(lambda: self.server.children() or not request.is_running(), "the build runs", interval=0.0005)
            wait_until(lambda: self.rng.random() < 0.2, "some time", interval=0.002)
            os.kill(engine, signal.SIGKILL)
            answer = request.join(30)
            self.assertIn(answer.status, (200, 503), answer)
            self.wait_replaced(engine)
            self.check_all_there()
            self.send(20)
        self.assertEqual(self.client.post("/v1/builds", {}).status, 200)
        self.check_all_there()
        self.check_verify(self.shop_project)

    def test_schema_changes_and_apply_survive_it(self):
        self.send(100)
        stream = program.SHOP["streams/orders.yml"].replace("on_drift: quarantine", "on_drift: evolve")
        self.shop_project.write("streams/orders.yml", stream)
        self.assertEqual(self.client.post("/v1/apply", {}).status, 200)
        self.kill_engine()
        answer = self.client.send("orders", [program.order(self.sent, 1, self.rng, shade="red")])
        self.sent += 1
        self.assertEqual((answer.status, answer.json["quarantined"]), (200, 0), answer)
        self.check_all_there()
        self.shop_project.write("streams/more.yml", "fields:\n  - {name: id, type: bigint}\n")
        self.assertEqual(self.client.post("/v1/apply", {}).status, 200)
        self.assertEqual(self.client.send("more", [{"id": 1}]).status, 200)
        self.kill_engine()
        self.assertEqual(self.client.send("more", [{"id": 2}]).status, 200)
        self.check_all_there()
        self.wait_applied(self.client, "more")
        self.assertEqual(self.client.row("SELECT count(*), sum(id) FROM bronze.more"), [2, 3])

    def test_it_ends_in_time_with_a_stopped_engine(self):
        self.send(100)
        os.kill(self.server.engine(), signal.SIGSTOP)
        began = time.monotonic()
        self.assertEqual(self.server.stop(), 0)
        self.assertLess(time.monotonic() - began, 10)
        self.server = self.shop_project.start("--port", "0", "--engine-process")
        self.client = self.server.client()
        self.check_all_there()

    def test_status_tells_of_processes_and_restarts(self):
        engine = self.server.engine()
        processes = {entry["kind"]: entry for entry in self.client.status()["processes"]}
        self.assertEqual(set(processes), {"server", "engine"})
        self.assertEqual((processes["server"]["pid"], processes["engine"]["pid"]), (self.server.pid, engine))
        self.assertEqual(processes["engine"]["restarts"], 0)
        self.assertIsNone(processes["engine"]["last_end"])
        os.kill(engine, signal.SIGKILL)
        self.wait_replaced(engine)
        self.wait_ready()
        processes = {entry["kind"]: entry for entry in self.client.status()["processes"]}
        self.assertEqual(processes["engine"]["restarts"], 1)
        self.assertIn("killed", processes["engine"]["last_end"])


if __name__ == "__main__":
    program.main()
