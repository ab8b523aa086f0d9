#!/usr/bin/env python3
"""L1 under kill -9 while bulk files come in: a file is there whole and once, or not at all; so are the events between the files."""

import json
import threading
import time

import program
from program import Case, Client, wait_until

ROWS = 20000


class CrashDuringImportTest(Case):
    def setUp(self):
        super().setUp()
        self.files = 0
        self.sent = 0

    def send(self, client):
        """A few orders of client 0 between the files."""
        count = self.rng.randrange(1, 200)
        answer = client.send("orders", [program.order(self.sent + i, 0, self.rng) for i in range(count)])
        self.assertEqual(answer.status, 200, answer)
        self.sent += count

    def write_file(self, project):
        """A file of orders, all of one client, which is the number of the file; some lines are no orders."""
        self.files += 1
        lines = [json.dumps(program.order(self.files * 1_000_000 + i, self.files, self.rng)) for i in range(ROWS)]
        for _ in range(self.rng.randrange(5)):
            lines.insert(self.rng.randrange(len(lines)), "{\"id\": ")
        return self.files, project.write(f"files/orders-{self.files}.ndjson", "\n".join(lines) + "\n")

    def ingest(self, project, path):
        """The command, through the server; its answer, or None when the server went away meanwhile."""
        done = project.run("ingest", "orders", str(path), "--json")
        return json.loads(done.stdout) if done.returncode == 0 else None

    def counts(self, client):
        """Of each file: how many orders, how many offsets apart the first and the last one are, and the first."""
        rows = client.rows("SELECT client, count(*), max(_offset) - min(_offset) + 1, min(_offset), count(DISTINCT id) FROM bronze.orders GROUP BY client")
        counts = {int(row[0]): [int(value) for value in row[1:]] for row in rows}
        self.assertEqual(counts.pop(0, [0])[0], self.sent, "orders between the files")
        return counts

    def test_L1_kill_9_during_bulk_imports(self):
        project = self.shop()
        server = project.start()
        self.send(server.client())
        number, path = self.write_file(project)
        started = time.monotonic()
        self.assertIsNotNone(self.ingest(project, path))
        seconds = time.monotonic() - started
        stored = {number}
        outcomes = {"there": 0, "not there": 0}
        never = threading.Event()
        for round in range(program.rounds(6)):
            self.send(server.client())
            number, path = self.write_file(project)
            importing = self.in_thread(self.ingest, project, path)
            if round % 2 == 0:  # at any moment
                never.wait(self.rng.uniform(0, seconds))
            else:  # while its child process reads the file, or later
                wait_until(lambda: server.children() or not importing.is_running(), "the import has a child process", 30, 0.001)
                never.wait(self.rng.uniform(0, seconds * 0.6))
            server.kill()
            answer = importing.join()
            server = project.start()
            client = server.client()
            self.wait_applied(client)
            counts = self.counts(client)
            for file, (rows, width, _, different) in counts.items():
                self.assertEqual((rows, width, different), (ROWS, ROWS, ROWS), f"file {file} is there in part, or twice")
            if answer is not None:
                self.assertIn(number, counts, "an import that was acknowledged is gone")
            self.assertEqual(set(counts) - {number}, stored, "files from before")
            outcomes["there" if number in counts else "not there"] += 1
            if number not in counts:  # whoever had no answer sends it again
                self.assertIsNotNone(self.ingest(project, path))
                self.wait_applied(client)
                self.assertEqual(self.counts(client)[number][0], ROWS)
            stored.add(number)
            self.check_verify(project)
            if round % 3 == 2:
                self.assertEqual(client.post("/v1/builds", {}).status, 200)
        total = len(stored) * ROWS + self.sent
        self.assertEqual(program.check_shop_sums(client.query(program.SHOP_SUMS))[0], total)
        self.assertEqual(client.row("SELECT min(_offset), max(_offset), count(DISTINCT _offset) FROM bronze.orders"), [0, total - 1, total])
        print(f"  killed {sum(outcomes.values())} times: {outcomes}")


if __name__ == "__main__":
    program.main()
