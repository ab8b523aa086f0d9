#!/usr/bin/env python3
"""L3 under kill -9: the server, or the child process of its build alone, ends in the middle of taking over a changed project."""

import threading
import time

import program
from program import Case, Client, rounds, wait_until

ORDERS = "fields:\n  - {name: id, type: bigint, required: true}\n  - {name: sku, type: varchar}\n"
# Each differs from the one before in views, a field's name, a stream and a table.
PROJECTS = (
    {"streams/orders.yml": ORDERS + "  - {name: amount, type: bigint, was: paid}\n",
     "models/gold/by_sku.sql": "SELECT sku, count(*) AS n, sum(amount) AS amount FROM bronze.orders GROUP BY sku\n",
     "models/gold/total.sql": "SELECT sum(n) AS n, sum(amount) AS amount FROM gold.by_sku\n"},
    {"streams/orders.yml": ORDERS + "  - {name: paid, type: bigint, was: amount}\n",
     "streams/clicks.yml": "fields:\n  - {name: sku, type: varchar}\n",
     "sources/files.yml": "kind: files\ntables:\n  names: {path: data/names.csv}\n",
     "models/silver/orders.sql": "SELECT o.id, coalesce(n.name, o.sku) AS sku, o.paid AS amount FROM bronze.orders AS o LEFT JOIN bronze.names AS n USING (sku)\n",
     "models/gold/by_sku.sql": "SELECT sku, count(*) AS n, sum(amount) AS amount FROM silver.orders GROUP BY sku\n",
     "models/gold/total.sql": "SELECT sum(n) AS n, sum(amount) AS amount FROM gold.by_sku\n",
     "models/gold/clicks.sql": "SELECT count(*) AS n FROM bronze.clicks\n"},
)


class CrashDuringApplyTest(Case):
    def write(self, which):
        for path in ("streams", "sources", "models"):
            for file in (self.files.folder / path).rglob("*.*"):
                file.unlink()
        for path, text in PROJECTS[which].items():
            self.files.write(path, text)
        self.which = which

    def send(self, client, count):
        field = "amount" if self.running == 0 else "paid"
        answer = client.send("orders", [{"id": i, "sku": f"s{i % 5}", field: 2} for i in range(count)])
        self.assertEqual((answer.status, answer.json["quarantined"]), (200, 0), answer)
        self.sent += count

    def start(self):
        self.server = self.files.start()
        self.running = self.which  # a start takes the files as they are
        return self.server.client()

    def check(self, client):
        self.wait_applied(client)
        self.assertEqual(client.row("SELECT n, amount FROM gold.total", min_offset="latest"), [self.sent, 2 * self.sent])
        self.assertEqual(client.query("FROM gold.clicks").status, 200 if self.running == 1 else 400)

    def apply(self, port):
        try:
            return Client(port).post("/v1/apply", {})
        except Client.GONE:
            return None

    def test_a_project_is_taken_over_whole_or_not_at_all(self):
        self.files = self.project()
        self.sent = 0
        self.files.write("anabranch.yml", "name: shop\n")
        self.files.write("data/names.csv", "sku,name\ns0,first\ns1,second\n")
        self.write(0)
        client = self.start()
        self.send(client, 20_000)
        self.assertEqual(client.post("/v1/builds", {}).status, 200)
        # How long it takes, and that it works.
        self.write(1)
        started = time.monotonic()
        answer = self.apply(self.server.port)
        took = time.monotonic() - started
        self.assertEqual(answer.status, 200, answer)
        self.running = 1
        self.send(client, 100)
        self.check(client)
        killed = children = 0
        steps = rounds(14)
        for step in range(steps):
            before = self.running
            self.write(1 - before)
            self.send(client, 50)
            applying = self.in_thread(self.apply, self.server.port)
            # Every part of it comes to its turn, whatever the machine's speed.
            threading.Event().wait(took * 1.2 * (step + self.rng.random()) / steps)
            if step % 3 == 2:
                for pid in self.server.children():
                    children += self.server.kill_child(pid)
                answer = applying.join()
                self.assertIsNotNone(answer)
                if answer.status == 200:
                    self.running = self.which
                self.send(client, 30)
                self.check(client)
                if answer.status != 200:  # what runs goes on, a build of it too, and the next one is whole
                    self.assertEqual(client.post("/v1/builds", {}).status, 200)
                    self.check(client)
                    again = self.apply(self.server.port)
                    self.assertEqual(again.status, 200, (answer, again))
                    self.running = self.which
                    self.check(client)
                continue
            killed += applying.is_running()
            self.server.kill()
            applying.join()
            client.close()
            client = self.start()
            self.check(client)
            if step % 4 == 0:
                self.check_verify(self.files)
        print(f"{killed} of the kills came while a project was taken over, {children} children were killed")
        self.assertGreater(killed, 0)
        self.check_verify(self.files)
        self.assertEqual(client.post("/v1/builds", {}).status, 200)
        self.check(client)
        self.check_verify(self.files)
        self.assertEqual(self.server.stop(), 0)


if __name__ == "__main__":
    program.main()
