#!/usr/bin/env python3
"""L1 and L4 under kill -9 while old files are deleted: builds, copies, the log and Delta tables forget at once all that they may."""

import threading
import time

import program
from program import Case, Client, rounds

FORGETFUL = "retention: {builds: 2, delta_hours: 0, table_versions: 2, log_hours: 0}\n"


class CrashDuringRetentionTest(Case):
    KILLS = 12

    def send(self, client, count):
        events = [program.order(len(self.events) + i, i % 5, self.rng) for i in range(count)]
        # One that is refused, each time: it stays in quarantine, whatever the log forgets.
        self.assertEqual(client.send("orders", [*events, {"id": "no number"}]).json["accepted"], count)
        self.events += events
        self.refused += 1

    def check(self, client):
        self.wait_applied(client)
        amount = sum(event["amount"] for event in self.events)
        program.check_shop_sums(client.query(program.SHOP_SUMS))
        self.assertEqual(client.row("SELECT count(*), sum(amount), max(id) FROM bronze.orders"), [len(self.events), amount, len(self.events) - 1])
        self.assertEqual(client.row("SELECT orders, amount FROM gold.total"), [len(self.events), amount])
        self.assertEqual(client.status()["faults"], [])
        (stream,) = client.status()["streams"]
        self.assertEqual(stream["quarantined"], self.refused)
        listed, after = 0, ""
        while True:
            page = client.get(f"/v1/quarantine?stream=orders&limit=1000{after}").json
            listed += len(page["entries"])
            if not page.get("next"):
                break
            after = f"&after={page['next']}"
        self.assertEqual(listed, self.refused)

    def build(self, port):
        try:
            return Client(port).post("/v1/builds", {})
        except Client.GONE:
            return None

    def test_nothing_is_lost_with_what_goes(self):
        project = self.shop(settings=FORGETFUL)
        self.events, self.refused = [], 0
        server = project.start()
        client = server.client()
        for _ in range(3):
            self.send(client, 40)
            started = time.monotonic()
            self.assertEqual(client.post("/v1/builds", {}).status, 200)
            took = time.monotonic() - started
        self.check(client)
        killed = 0
        steps = rounds(self.KILLS)
        for step in range(steps):
            self.send(client, 40)
            if step % 2:
                project.write("data/prices.csv", program.prices_csv(step + 2))
                self.assertEqual(client.post("/v1/copy", {}).status, 200)
            building = self.in_thread(self.build, server.port)
            # Deleting comes last: most kills fall there, some before.
            threading.Event().wait(took * (0.5 + 1.1 * self.rng.random()))
            killed += building.is_running()
            server.kill()
            building.join()
            client.close()
            server = project.start()
            client = server.client()
            self.check(client)
            if step % 5 == 4:
                self.check_verify(project)
        print(f"{killed} of {steps} kills came before a build had answered")
        self.assertGreater(killed, 0)
        # What was in the middle of going has gone with the next builds.
        for _ in range(11):
            self.send(client, 10)
            self.assertEqual(client.post("/v1/builds", {}).status, 200)
        self.check(client)
        for view in project.data("lake/gold").iterdir():
            self.assertLessEqual(len(list(view.glob("*.parquet"))), 2, view.name)
        self.assertLess(len(list(project.data("lake/bronze/orders").glob("*.parquet"))), 16 * self.PARTITIONS)
        self.assertEqual(len(list(project.data("lake/manifests").glob("*.json"))), 2)
        self.assertLess(sum(file.stat().st_size for file in project.data("log").rglob("*.log")), 100_000)
        self.check_verify(project)


class OverPartitionsTest(CrashDuringRetentionTest):
    PARTITIONS = 3
    KILLS = 8


if __name__ == "__main__":
    program.main()
