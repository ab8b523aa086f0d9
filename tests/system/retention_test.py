#!/usr/bin/env python3
"""Disk does not grow for ever: what nobody can ask for any more goes, every answer stays right, a start reads no more than is kept."""

import collections
import json
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "scenarios"))
import program
from program import Case

BUILDS = 30
FORGETFUL = "retention: {builds: 2, delta_hours: 0, table_versions: 2, log_hours: 0}\n"
READERS = pathlib.Path(__file__).resolve().parents[2] / ".deps" / "readers" / "bin" / "python"
READ_DELTA = """
import json, sys
from deltalake import DeltaTable
print(json.dumps({path: sorted(map(list, (row.values() for row in DeltaTable(path).to_pyarrow_table().to_pylist())), key=str)
                  for path in sys.argv[1:]}, default=str))
"""


class RetentionTest(Case):
    def files(self, project, folder, ending=".parquet"):
        """The files in a folder of the data folder, without those in its folders."""
        return sorted(path.name for path in project.data(folder).glob("*" + ending))

    def bytes_below(self, path):
        return sum(os.stat(file).st_size for file in path.rglob("*") if file.is_file() and not file.is_symlink())

    def check(self, client, factor):
        amount = sum(event["amount"] for event in self.events)
        self.assertEqual(client.row("SELECT count(*), sum(amount), min(id), max(id) FROM bronze.orders"),
                         [len(self.events), amount, 0, len(self.events) - 1])
        self.assertEqual(client.row("SELECT orders, worth FROM gold.total"), [len(self.events), amount * factor])
        by_sku = collections.Counter()
        for event in self.events:
            by_sku[event["sku"]] += event["amount"] * factor
        self.assertEqual({sku: worth for sku, worth in client.rows("SELECT sku, worth FROM gold.by_sku")}, dict(by_sku))

    def run_builds(self, project, client, count, first_factor=1):
        for round in range(count):
            events = [program.order(len(self.events) + i, i % 5, self.rng) for i in range(50)]
            self.assertEqual(client.send("orders", events).status, 200)
            self.events += events
            self.wait_applied(client)
            if round % 3 == 0:
                self.factor = first_factor + round
                project.write("data/prices.csv", program.prices_csv(self.factor))
                self.assertEqual(client.post("/v1/copy", {}).status, 200)
            answer = client.post("/v1/builds", {})
            self.assertEqual((answer.status, answer.json.get("warnings")), (200, []), answer)

    def start(self, settings=FORGETFUL):
        project = program.write_shop(self.project(), settings=settings)
        project.json("copy")
        self.events, self.factor = [], 1
        return project

    def test_many_builds_leave_what_few_leave(self):
        project = self.start()
        server = project.start()
        client = server.client()
        self.run_builds(project, client, BUILDS)
        self.check(client, self.factor)
        status = client.status()
        self.assertEqual(status["faults"], [])

        # Bronze: small files have become larger ones; no other is there.
        self.assertLess(len(self.files(project, "lake/bronze/orders")), 8 + 8)
        # Gold: the newest, and what the kept builds may go back to.
        views = [path.name for path in project.data("lake/gold").iterdir()]
        self.assertGreater(len(views), 2)
        for view in views:
            self.assertLessEqual(len(self.files(project, f"lake/gold/{view}")), 2, view)
            self.assertLess(len(self.files(project, f"lake/gold/{view}/_delta_log", ".json")), 12, view)
        for table in ("bronze/orders", "bronze/prices"):
            self.assertLess(len(self.files(project, f"lake/{table}/_delta_log", ".json")), 2 * 12, table)
        self.assertEqual(len(self.files(project, "lake/manifests", ".json")), 2)
        self.assertLessEqual(len(self.files(project, "serving", ".duckdb")), 2)
        self.assertLessEqual(len(self.files(project, "lake/tables/prices", ".json")), 3)
        self.assertLessEqual(len(self.files(project, "lake/bronze/prices")), 3)

        # What status says is what there is.
        self.assertGreater(status["storage"]["free_bytes"], 0)
        self.assertEqual(server.stop(), 0)
        storage = json.loads(project.run("status", "--json").stdout)["storage"]
        self.assertEqual(storage["log_bytes"], self.bytes_below(project.data("log")))
        self.assertEqual(storage["bronze_bytes"], self.bytes_below(project.data("lake/bronze")))
        self.assertEqual(storage["gold_bytes"], self.bytes_below(project.data("lake/gold")))
        self.assertIn("disk: log ", project.run("status").stdout)

        client = project.start().client()
        self.check(client, self.factor)
        self.check_verify(project)
        self.run_builds(project, client, 2, first_factor=100)
        self.check(client, self.factor)

    def test_other_programs_read_what_is_left(self):
        if not READERS.exists():
            self.skipTest("script/bootstrap installs the readers")
        project = self.start()
        server = project.start()
        client = server.client()
        self.run_builds(project, client, 13)
        paths = [str(project.data(f"lake/{table}")) for table in ("gold/total", "gold/by_sku", "bronze/orders", "bronze/prices")]
        read = subprocess.run([READERS, "-c", READ_DELTA, *paths], capture_output=True, text=True)
        self.assertEqual(read.returncode, 0, read.stderr[-2000:])
        total, by_sku, orders, prices = json.loads(read.stdout).values()
        amount = sum(event["amount"] for event in self.events)
        self.assertEqual([[int(value) for value in row] for row in total], [[len(self.events), amount, amount * self.factor]])
        self.assertEqual(len(orders), len(self.events))
        self.assertEqual(len(by_sku), len({event["sku"] for event in self.events}))
        self.assertEqual(len(prices), len(program.SKUS))

    def test_by_default_others_may_go_back(self):
        project = self.start(settings="")
        client = project.start().client()
        self.run_builds(project, client, 4)
        self.assertEqual(len(self.files(project, "lake/gold/total")), 4)
        self.assertEqual(len(self.files(project, "lake/manifests", ".json")), 3)
        # Taken over while it runs: what is due goes with the next build.
        project.write("anabranch.yml", program.SHOP["anabranch.yml"] + FORGETFUL)
        applied = project.run("apply")
        self.assertEqual(applied.returncode, 0, applied.stdout + applied.stderr)
        self.assertIn("retention.delta_hours", applied.stdout)
        self.run_builds(project, client, 1, first_factor=50)
        self.assertLessEqual(len(self.files(project, "lake/gold/total")), 2)
        self.check(client, self.factor)

    def test_an_undo_finds_what_it_goes_back_to(self):
        """Files for other readers that a kept build names stay, whatever their age."""
        project = self.start()
        client = project.start().client()
        self.run_builds(project, client, 2)
        before = client.rows("SELECT * FROM gold.total")
        project.write("models/gold/total.sql", "SELECT count(*) AS orders, count(*) AS worth FROM silver.orders\n")
        self.assertEqual(project.run("apply").returncode, 0)
        self.assertNotEqual(client.rows("SELECT * FROM gold.total"), before)
        undone = project.run("apply", "--undo")
        self.assertEqual(undone.returncode, 0, undone.stdout + undone.stderr)
        self.assertEqual(client.rows("SELECT * FROM gold.total"), before)
        self.assertEqual(client.status()["faults"], [])


if __name__ == "__main__":
    program.main()
