#!/usr/bin/env python3
"""A project that changes while it runs: what apply shows, takes over, takes back and leaves alone."""

import os
import pathlib
import signal
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "scenarios"))
import program
from program import Case, wait_until

BY_SKU = "SELECT sku, count(*) AS n, sum(amount) AS amount FROM bronze.orders GROUP BY sku\n"


class ApplyCase(Case):
    def serve(self, *options, rows=60):
        self.files = self.project()
        self.files.write("anabranch.yml", "name: shop\n")
        self.files.write("streams/orders.yml", "fields:\n  - {name: id, type: bigint, required: true}\n"
                        "  - {name: sku, type: varchar}\n  - {name: amount, type: bigint}\n")
        self.files.write("models/gold/by_sku.sql", BY_SKU)
        self.files.write("models/gold/total.sql", "SELECT sum(n) AS n FROM gold.by_sku\n")
        self.server = self.files.start(*options)
        self.client = self.server.client()
        self.post("orders", [{"id": i, "sku": f"s{i % 3}", "amount": i} for i in range(rows)])
        return self.client

    def post(self, stream, rows):
        answer = self.client.send(stream, rows)
        self.assertEqual(answer.status, 200, answer.json)
        self.assertEqual(answer.json["quarantined"], 0, answer.json)

    def rows(self, sql):
        answer = self.client.post("/v1/query", {"sql": sql, "min_offset": "latest"})
        self.assertEqual(answer.status, 200, answer.json)
        return answer.json["rows"]

    def apply(self, *options, code=0):
        done = self.files.run("apply", "--json", *options)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return program.json.loads(done.stdout)

    def items(self, plan):
        return {(item["kind"], item["name"]): item for item in plan["changes"]}

    def assert_verified(self):
        done = self.files.run("verify")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


class ApplyTest(ApplyCase):
    def test_views_are_added_changed_and_removed_together(self):
        self.serve()
        self.assertEqual(self.files.run("build").returncode, 0)
        self.post("orders", [{"id": 100, "sku": "s0", "amount": 7}])
        self.files.write("models/gold/by_sku.sql", BY_SKU.replace("count(*)", "2 * count(*)").replace("sum(amount) AS amount", "CAST(sum(amount) AS VARCHAR) AS amount"))
        self.files.write("models/gold/most.sql", "SELECT max(amount) AS most FROM bronze.orders\n")
        (self.files.folder / "models/gold/total.sql").unlink()
        self.assertEqual(self.client.get("/v1/project").json["changed_files"],
                         ["models/gold/by_sku.sql", "models/gold/most.sql", "models/gold/total.sql"])
        plan = self.apply("--dry-run")
        items = self.items(plan)
        self.assertEqual({key: (item["change"], item["breaking"]) for key, item in items.items()},
                         {("view", "gold.by_sku"): ("changed", True), ("view", "gold.most"): ("added", False),
                          ("view", "gold.total"): ("removed", True)})
        self.assertTrue(any("HUGEINT becomes VARCHAR" in note for note in items["view", "gold.by_sku"]["notes"]), items)
        self.assertEqual((plan["applied"], plan["events"]), (False, 122))
        # Nothing was done.
        self.assertEqual(self.rows("SELECT n FROM gold.total"), [[61]])
        self.assertEqual(self.rows("SELECT n FROM gold.by_sku WHERE sku = 's0'"), [[21]])

        plan = self.apply()
        self.assertTrue(plan["applied"])
        self.assertIsNotNone(plan["build"])
        self.assertEqual(self.rows("SELECT n, amount FROM gold.by_sku WHERE sku = 's0'"), [[42, "577"]])
        self.assertEqual(self.rows("SELECT most FROM gold.most"), [[100 - 41]])
        self.assertEqual(self.client.post("/v1/query", {"sql": "FROM gold.total"}).status, 400)
        self.assertEqual(self.client.get("/v1/project").json["changed_files"], [])
        self.post("orders", [{"id": 101, "sku": "s0", "amount": 900}])
        self.assertEqual(self.rows("SELECT most FROM gold.most"), [[900]])
        self.assert_verified()
        self.assertEqual(self.apply()["changes"], [])
        # The next start finds what was built.
        self.assertEqual(self.server.stop(), 0)
        self.server = self.files.start()
        self.client = self.server.client()
        self.assertEqual(self.rows("SELECT n FROM gold.by_sku WHERE sku = 's0'"), [[44]])
        self.assertEqual(self.server.stop(), 0)

    def test_a_mistake_leaves_what_runs_as_it_was(self):
        self.serve()
        self.assertEqual(self.files.run("build").returncode, 0)
        good = {name: (self.files.folder / name).read_text() for name in ("models/gold/by_sku.sql", "streams/orders.yml", "anabranch.yml")}
        for name, text, *why in (
                ("models/gold/by_sku.sql", "SELECT skew, count(*) AS n FROM bronze.orders GROUP BY skew\n", "skew", "models/gold/by_sku.sql:1:8"),
                ("models/gold/by_sku.sql", "SELECT FROM WHERE\n", "models/gold/by_sku.sql:1"),
                ("streams/orders.yml", "fields: 7\n", "streams/orders.yml:1"),
                ("streams/orders.yml", good["streams/orders.yml"].replace("amount, type: bigint", "amount, type: date"), "amount"),
                ("anabranch.yml", "nme: shop\n", "anabranch.yml:1")):
            self.files.write(name, text)
            for options in (["--dry-run"], []):
                done = self.files.run("apply", *options)
                self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
                for part in why:
                    self.assertIn(part, done.stderr)
                self.assertNotIn(str(self.files.folder), done.stderr)
            self.files.write(name, good[name])
            self.assertEqual(self.rows("SELECT n FROM gold.total"), [[60]])
        self.post("orders", [{"id": 1, "sku": "s1", "amount": 1}])
        self.assertEqual(self.rows("SELECT n FROM gold.total"), [[61]])
        self.assertEqual(self.apply()["changes"], [])
        self.assert_verified()
        self.assertEqual(self.server.stop(), 0)

    def test_undo_goes_back_at_once(self):
        self.serve()
        self.assertEqual(self.files.run("build").returncode, 0)
        first = self.client.get("/v1/status").json["build"]["id"]
        self.files.write("models/gold/by_sku.sql", BY_SKU.replace("count(*)", "7 * count(*)"))
        self.apply()
        self.assertEqual(self.rows("SELECT n FROM gold.total"), [[420]])
        self.post("orders", [{"id": 100, "sku": "s0", "amount": 7}])
        plan = self.apply("--undo", "--dry-run")
        self.assertEqual({item["name"]: item["computed"] for item in plan["changes"]}, {"gold.by_sku": False, "gold.total": False})
        plan = self.apply("--undo")
        self.assertEqual((plan["build"], plan["applied"]), (None, True))
        self.assertEqual(self.rows("SELECT n FROM gold.total"), [[61]])
        self.assertEqual(self.client.get("/v1/status").json["build"]["id"], first)
        self.assertEqual(self.client.get("/v1/views/gold.by_sku").json["build_rows"], 3)  # not computed from the log again
        self.assertEqual(self.client.get("/v1/project").json["changed_files"], ["models/gold/by_sku.sql"])
        self.assert_verified()
        # There is nothing before the first.
        done = self.files.run("apply", "--undo")
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertIn("nothing", done.stderr)
        # The files are still there to be applied again.
        self.apply()
        self.assertEqual(self.rows("SELECT n FROM gold.total"), [[427]])
        self.assert_verified()
        self.assertEqual(self.server.stop(), 0)

    def test_streams_and_sources_need_no_restart(self):
        self.serve()
        self.assertEqual(self.files.run("build").returncode, 0)
        self.files.write("streams/clicks.yml", "fields:\n  - {name: sku, type: varchar}\n")
        self.files.write("data/prices.csv", "sku,price\ns0,1.50\ns1,2.25\n")
        self.files.write("sources/files.yml", "kind: files\ntables:\n  prices: {path: data/prices.csv}\n")
        self.files.write("models/gold/priced.sql", "SELECT c.sku, count(*) AS clicks, max(p.price) AS price FROM bronze.clicks AS c JOIN bronze.prices AS p ON c.sku = p.sku GROUP BY c.sku\n")
        self.assertEqual(self.client.send("clicks", [{"sku": "s0"}]).status, 404)
        items = self.items(self.apply())
        self.assertEqual({key: item["change"] for key, item in items.items()},
                         {("stream", "clicks"): "added", ("table", "prices"): "added", ("view", "gold.priced"): "added"})
        self.post("clicks", [{"sku": "s0"}, {"sku": "s1"}, {"sku": "s0"}, {"sku": "s9"}])
        self.assertEqual(self.rows("SELECT * FROM gold.priced ORDER BY sku"), [["s0", 2, 1.5], ["s1", 1, 2.25]])
        self.assertEqual(self.rows("SELECT count(*) FROM bronze.clicks"), [[4]])
        self.post("orders", [{"id": 100, "sku": "s0", "amount": 7}])
        self.assertEqual(self.rows("SELECT n FROM gold.total"), [[61]])
        self.assert_verified()
        # A field more, and a build over all of it.
        self.files.write("streams/clicks.yml", "fields:\n  - {name: sku, type: varchar}\n  - {name: page, type: varchar}\n")
        self.files.write("models/gold/pages.sql", "SELECT page, count(*) AS n FROM bronze.clicks GROUP BY page\n")
        self.apply()
        self.post("clicks", [{"sku": "s0", "page": "home"}])
        self.assertEqual(self.rows("SELECT * FROM gold.pages ORDER BY ALL NULLS LAST"), [["home", 1], [None, 4]])
        self.assertEqual(self.files.run("build").returncode, 0)
        self.assert_verified()
        # Without them again; what they have stays, and is there when they are.
        kept = {name: (self.files.folder / name).read_text() for name in ("streams/clicks.yml", "models/gold/priced.sql", "models/gold/pages.sql")}
        for name in kept:
            (self.files.folder / name).unlink()
        self.apply()
        self.assertEqual(self.client.send("clicks", [{"sku": "s0"}]).status, 404)
        self.assertEqual(self.client.post("/v1/query", {"sql": "SELECT count(*) FROM bronze.clicks"}).status, 400)
        self.post("orders", [{"id": 101, "sku": "s0", "amount": 7}])
        self.assertEqual(self.rows("SELECT n FROM gold.total"), [[62]])
        for name, text in kept.items():
            self.files.write(name, text)
        self.apply()
        self.post("clicks", [{"sku": "s1", "page": "home"}])
        self.assertEqual(self.rows("SELECT * FROM gold.priced ORDER BY sku"), [["s0", 3, 1.5], ["s1", 2, 2.25]])
        self.assert_verified()
        self.assertEqual(self.server.stop(), 0)

    def test_a_field_that_is_renamed_can_be_renamed_back(self):
        self.serve()
        self.assertEqual(self.files.run("build").returncode, 0)
        old = (self.files.folder / "streams/orders.yml").read_text()
        self.files.write("streams/orders.yml", old.replace("name: amount, type: bigint", "name: paid, type: bigint, was: amount"))
        self.files.write("models/gold/by_sku.sql", BY_SKU.replace("sum(amount)", "sum(paid)"))
        notes = self.items(self.apply())["stream", "orders"]["notes"]
        self.assertEqual(notes, ["field amount becomes paid"])
        self.post("orders", [{"id": 1, "sku": "s0", "paid": 1000}, {"id": 2, "sku": "s0", "amount": 2000}])
        self.assertEqual(self.rows("SELECT amount FROM gold.by_sku WHERE sku = 's0'"), [[3570]])
        self.apply("--undo")
        self.post("orders", [{"id": 3, "sku": "s0", "amount": 4000}])
        self.assertEqual(self.rows("SELECT amount FROM gold.by_sku WHERE sku = 's0'"), [[7570]])
        self.assert_verified()
        self.apply()
        self.assertEqual(self.rows("SELECT amount FROM gold.by_sku WHERE sku = 's0'"), [[7570]])
        self.assertEqual(self.files.run("build").returncode, 0)
        self.assert_verified()
        self.assertEqual(self.server.stop(), 0)

    def test_a_table_whose_new_copy_breaks_a_view_stays_what_it_was(self):
        self.serve()
        self.files.write("data/prices.csv", "sku,price\ns0,1.50\ns1,2.25\n")
        self.files.write("sources/files.yml", "kind: files\ntables:\n  prices: {path: data/prices.csv}\n")
        self.files.write("models/gold/priced.sql", "SELECT sum(p.price + 1) AS price FROM bronze.orders AS o JOIN bronze.prices AS p USING (sku)\n")
        self.apply()
        self.assertEqual(self.files.run("build").returncode, 0)
        before = self.rows("SELECT price FROM gold.priced")
        # Only the copy shows that the view cannot be.
        self.files.write("sources/files.yml", "kind: files\ntables:\n  prices:\n    path: data/prices.csv\n    columns: {price: varchar}\n")
        done = self.files.run("apply")
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertIn("models/gold/priced.sql:1", done.stderr)
        self.assertEqual(self.rows("SELECT price FROM gold.priced"), before)
        # The next build is of what runs.
        self.assertEqual(self.client.post("/v1/builds", {}).status, 200)
        self.assertEqual(self.rows("SELECT price FROM gold.priced"), before)
        self.assertEqual(self.rows("SELECT typeof(price) FROM bronze.prices LIMIT 1")[0][0][:7], "DECIMAL")
        self.assert_verified()
        self.assertEqual(self.server.stop(), 0)

    def test_settings_say_when_they_take_effect(self):
        self.serve()
        self.files.write("anabranch.yml", "name: shop\nlimits: {queries_max: 3}\nbuild: {auto_events: 5000}\n")
        items = self.items(self.apply())
        self.assertEqual({key[1]: item["needs_restart"] for key, item in items.items()},
                         {"limits.queries_max": True, "build.auto_events": False})
        self.assertEqual(self.server.stop(), 0)

    def test_without_a_server_the_plan_is_against_what_ran(self):
        self.serve()
        self.assertEqual(self.files.run("build").returncode, 0)
        self.assertEqual(self.server.stop(), 0)
        self.files.write("models/gold/total.sql", "SELECT sum(n) AS n, max(n) AS most FROM gold.by_sku\n")
        items = self.items(self.apply("--dry-run"))
        self.assertEqual({key[1]: item["change"] for key, item in items.items()}, {"gold.total": "changed"})
        self.assertEqual(self.items(self.apply()).keys(), items.keys())
        self.assertEqual(self.apply("--dry-run")["changes"], [])
        self.assertEqual(self.files.json("query", "SELECT n, most FROM gold.total")["rows"], [[60, 20]])

    def test_commands_say_when_files_differ(self):
        self.serve()
        for command in (["build"], ["status"], ["query", "SELECT 1 AS one"], ["explain", "gold.total"]):
            self.assertNotIn("changed files", self.files.run(*command).stderr, command)
        self.files.write("models/gold/total.sql", "SELECT 1 AS n\n")
        for command in (["build"], ["status"], ["query", "SELECT 1 AS one"], ["explain", "gold.total"]):
            done = self.files.run(*command)
            self.assertEqual(done.returncode, 0)
            self.assertIn("models/gold/total.sql", done.stderr, command)
            self.assertIn("anabranch apply", done.stderr, command)
        self.assertEqual(self.client.get("/v1/status").json["changed_files"], ["models/gold/total.sql"])
        self.assertEqual(self.server.stop(), 0)


class WatchTest(ApplyCase):
    def test_saved_files_are_applied(self):
        self.serve("--port", "0", "--watch")
        self.files.write("models/gold/total.sql", "SELECT sum(n) + 1000 AS n FROM gold.by_sku\n")
        wait_until(lambda: self.rows("SELECT n FROM gold.total") == [[1060]], "the change is there")
        self.files.write("models/gold/total.sql", "SELECT sum(m) AS n FROM gold.by_sku\n")
        wait_until(lambda: "not applied" in self.server.log, "the mistake is told")
        self.assertIn("models/gold/total.sql:1:10", self.server.log)
        self.assertEqual(self.rows("SELECT n FROM gold.total"), [[1060]])
        self.files.write("models/gold/total.sql", "SELECT sum(n) + 1 AS n FROM gold.by_sku\n")
        wait_until(lambda: self.rows("SELECT n FROM gold.total") == [[61]], "the change is there")
        self.assertEqual(self.server.stop(), 0)

    def test_a_hangup_applies(self):
        self.serve()
        self.files.write("models/gold/total.sql", "SELECT sum(n) + 1000 AS n FROM gold.by_sku\n")
        os.kill(self.server.pid, signal.SIGHUP)
        wait_until(lambda: self.rows("SELECT n FROM gold.total") == [[1060]], "the change is there")
        self.assertEqual(self.server.stop(), 0)


class MeanwhileTest(ApplyCase):
    def test_reads_and_ingestion_go_on(self):
        """Every answer is of one project or the other, at an offset that never goes back."""
        self.serve(rows=3000)
        self.assertEqual(self.files.run("build").returncode, 0)
        is_over = threading.Event()
        problems = []
        answers = [0, 0]

        def read():
            client = self.server.client()
            last = 0
            while not is_over.is_set():
                # Streams come and go meanwhile: what asks all of them finds those that there are.
                for target in ("/v1/quarantine", "/v1/status", "/metrics"):
                    if client.get(target).status != 200:
                        problems.append(target)
                answer = client.post("/v1/query", {"min_offset": "latest", "sql": "SELECT (SELECT sum(n) FROM gold.by_sku) AS n, (SELECT n FROM gold.total) AS total, (SELECT count(*) FROM bronze.orders) AS events"})
                if answer.status != 200:
                    problems.append(answer.json)
                    return
                n, total, events = answer.json["rows"][0]
                if (n, total) not in ((events, events), (10 * events, 10 * events)) or events < last:
                    problems.append((n, total, events, last))
                last = events
                answers[0] += 1

        def write():
            client = self.server.client()
            while not is_over.is_set():
                answer = client.send("orders", [{"id": 1, "sku": "s1", "amount": 1}] * 50)
                if answer.status != 200 or answer.json["quarantined"]:
                    problems.append(answer.json)
                    return
                answers[1] += 50
        threads = [threading.Thread(target=read), threading.Thread(target=write)]
        for thread in threads:
            thread.start()
        for round in range(6):
            self.files.write("models/gold/by_sku.sql", BY_SKU.replace("count(*)", "10 * count(*)" if round % 2 == 0 else "count(*)"))
            if round % 2 == 0:
                self.files.write("streams/clicks.yml", "fields:\n  - {name: sku, type: varchar}\n")
            else:
                (self.files.folder / "streams/clicks.yml").unlink()
            self.apply()
        is_over.set()
        for thread in threads:
            thread.join()
        self.assertEqual(problems, [])
        self.assertGreater(answers[0], 0)
        self.assertEqual(self.rows("SELECT n FROM gold.total"), [[3000 + answers[1]]])
        self.assert_verified()
        self.assertEqual(self.server.stop(), 0)


if __name__ == "__main__":
    program.main()
