#!/usr/bin/env python3
"""What the project's files would change, down to rows: against what runs and against git, and that finding out changes nothing."""

import hashlib
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "scenarios"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import program
from apply_test import BY_SKU, ApplyCase
from program import wait_until

ORDERS = ("fields:\n  - {name: id, type: bigint, required: true}\n"
          "  - {name: sku, type: varchar}\n  - {name: amount, type: bigint}\n")


class DiffCase(ApplyCase):
    def diff(self, *options, code=0):
        done = self.files.run("diff", "--json", *options)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return program.json.loads(done.stdout)

    def views(self, diff):
        return {view["name"]: view for view in diff["views"]}

    def counts(self, diff):
        return {view["name"]: (view["rows_before"], view["rows_after"], view["only_before"], view["only_after"]) for view in diff["views"]}

    def data(self):
        """Everything that is stored, but for what a start alone touches."""
        found = {}
        for path in sorted(self.files.data_folder.rglob("*")):
            if path.is_file() and path.name not in ("lock", "server.json") and not path.name.startswith("catalog.db"):
                found[str(path.relative_to(self.files.data_folder))] = hashlib.sha256(path.read_bytes()).hexdigest()
        return found


class DiffTest(DiffCase):
    def test_rows_of_changed_new_and_gone_views_and_of_those_below_them(self):
        self.serve()
        self.assertEqual(self.files.run("build").returncode, 0)
        self.post("orders", [{"id": 100, "sku": "s0", "amount": 7}])
        self.assertEqual(self.diff(), {**self.diff(), "different": False, "changes": [], "views": [], "files": []})
        self.files.write("models/gold/other.sql", "SELECT count(*) AS n FROM bronze.orders\n")
        self.apply()
        # sku s0 counts double, s1 is left out: one row changed, one gone; 61 + 21 - 20 in the view that reads it.
        self.files.write("models/gold/by_sku.sql",
                         "SELECT sku, count(*) * CASE WHEN sku = 's0' THEN 2 ELSE 1 END AS n, sum(amount) AS amount "
                         "FROM bronze.orders WHERE sku <> 's1' GROUP BY sku\n")
        self.files.write("models/gold/most.sql", "SELECT id, amount FROM bronze.orders WHERE amount >= 50\n")
        (self.files.folder / "models/gold/other.sql").unlink()
        before = self.data()
        diff = self.diff()
        self.assertEqual(self.counts(diff), {"gold.by_sku": (3, 2, 2, 1), "gold.total": (1, 1, 1, 1), "gold.most": (None, 10, 0, 10),
                                             "gold.other": (1, None, 1, 0)})
        views = self.views(diff)
        self.assertEqual({name: view["change"] for name, view in views.items()},
                         {"gold.by_sku": "changed", "gold.total": "recomputed", "gold.most": "added", "gold.other": "removed"})
        self.assertEqual([(row["side"], row["row"]) for row in views["gold.by_sku"]["sample"]],
                         [("before", ["s0", "21", "577"]), ("after", ["s0", "42", "577"]), ("before", ["s1", "20", "590"])])
        self.assertEqual([row["row"] for row in views["gold.total"]["sample"]], [["61"], ["62"]])
        self.assertEqual([row["row"] for row in views["gold.most"]["sample"]], [[str(i), str(i)] for i in range(50, 55)])
        self.assertEqual(diff["offsets"], {"orders": [61]})
        self.assertTrue(diff["different"])
        self.assertEqual(diff["files"], ["models/gold/by_sku.sql", "models/gold/most.sql", "models/gold/other.sql"])
        self.assertEqual(len(self.views(self.diff("--sample", "2"))["gold.most"]["sample"]), 2)
        # Nothing was done by it, and what runs is what ran.
        self.assertEqual(self.data(), before)
        self.assertEqual(self.rows("SELECT n FROM gold.total"), [[61]])
        self.assertEqual(self.client.get("/v1/project").json["changed_files"], diff["files"])
        # Without a server it is the same, and so is what is stored.
        self.assertEqual(self.server.stop(), 0)
        before = self.data()
        self.assertEqual(self.diff(), diff)
        self.assertEqual({path: text for path, text in self.data().items() if not path.startswith("serving/")},
                         {path: text for path, text in before.items() if not path.startswith("serving/")})

    def test_what_it_foretells_is_what_apply_makes(self):
        self.serve()
        self.assertEqual(self.files.run("build").returncode, 0)
        self.post("orders", [{"id": i, "sku": f"s{i % 7}", "amount": i} for i in range(500)])
        self.files.write("models/gold/by_sku.sql", BY_SKU.replace("count(*)", "count(DISTINCT id)"))
        before = self.rows("SELECT * FROM gold.by_sku")
        view = self.views(self.diff("--sample", "100"))["gold.by_sku"]
        self.apply()
        after = self.rows("SELECT * FROM gold.by_sku")
        as_text = lambda rows: sorted([str(value) for value in row] for row in rows)
        only = lambda side: sorted(row["row"] for row in view["sample"] if row["side"] == side)
        self.assertEqual(only("before"), as_text(row for row in before if row not in after))
        self.assertEqual(only("after"), as_text(row for row in after if row not in before))
        self.assertGreater(view["only_before"], 0)
        self.assertEqual((view["rows_before"], view["rows_after"]), (len(before), len(after)))
        self.assertEqual(self.diff()["views"], [])

    def test_rows_count_as_often_as_they_are_there(self):
        self.files = self.project()
        self.files.write("anabranch.yml", "name: shop\n")
        self.files.write("streams/orders.yml", ORDERS)
        self.files.write("models/gold/skus.sql", "SELECT sku FROM bronze.orders\n")
        self.client = self.files.start("--port", "0").client()
        self.post("orders", [{"id": i, "sku": "a" if i < 7 else None, "amount": i} for i in range(10)])
        self.files.write("models/gold/skus.sql", "SELECT sku FROM bronze.orders WHERE amount >= 3\n")
        view = self.views(self.diff())["gold.skus"]
        self.assertEqual((view["rows_before"], view["rows_after"], view["only_before"], view["only_after"]), (10, 7, 3, 0))
        self.assertEqual(view["sample"], [{"side": "before", "count": 3, "row": ["a"]}])

    def test_columns_that_come_go_and_change_their_type(self):
        self.serve()
        self.files.write("models/gold/by_sku.sql",
                         "SELECT sku, CAST(count(*) AS INTEGER) AS n, [max(amount)] AS amount, min(id) AS first FROM bronze.orders GROUP BY sku\n")
        view = self.views(self.diff())["gold.by_sku"]
        self.assertEqual(view["columns_added"], [{"name": "first", "type": "BIGINT"}])
        self.assertEqual(view["columns_retyped"], [{"name": "n", "before": "BIGINT", "after": "INTEGER"},
                                                   {"name": "amount", "before": "HUGEINT", "after": "BIGINT[]"}])
        # By what both have and can be compared; the amounts cannot.
        self.assertEqual((view["columns"], view["not_compared"]), (["sku", "n"], None))
        self.assertEqual((view["only_before"], view["only_after"]), (0, 0))
        self.assertTrue(any("amount" in note for note in view["notes"]), view)
        self.files.write("models/gold/by_sku.sql", "SELECT sku, avg(amount) AS amount FROM bronze.orders GROUP BY sku\n")
        view = self.views(self.diff())["gold.by_sku"]
        self.assertEqual(view["columns_removed"], [{"name": "n", "type": "BIGINT"}])
        self.assertEqual((view["only_before"], view["only_after"]), (3, 3))

    def test_the_last_digits_of_doubles_make_no_difference(self):
        self.files = self.project()
        self.files.write("anabranch.yml", "name: shop\n")
        self.files.write("streams/marks.yml", "fields:\n  - {name: x, type: double}\n")
        self.files.write("models/gold/all.sql", "SELECT x, x / 10 AS y FROM bronze.marks\n")
        self.client = self.files.start("--port", "0").client()
        self.post("marks", [{"x": x} for x in (3.0, -0.0, 1e300, 6e-310, -7.7, 123456789.125)])
        self.files.write("models/gold/all.sql", "SELECT x, x * 0.1 AS y FROM bronze.marks\n")
        self.assertEqual(self.counts(self.diff()), {"gold.all": (6, 6, 0, 0)})
        self.files.write("models/gold/all.sql", "SELECT x, x * 0.100000001 AS y FROM bronze.marks\n")
        self.assertEqual(self.counts(self.diff()), {"gold.all": (6, 6, 5, 5)})

    def test_a_view_that_cannot_be_computed_leaves_the_others_alone(self):
        self.serve()
        self.files.write("models/gold/by_sku.sql", BY_SKU.replace("count(*)", "2 * count(*)"))
        self.files.write("models/gold/wrong.sql", "SELECT amonut FROM bronze.orders\n")
        self.files.write("models/gold/large.sql", "SELECT sum(9223372036854775807::HUGEINT * 9223372036854775807 * id) AS n FROM bronze.orders\n")
        self.files.write("models/gold/waits.sql", "SELECT o.id FROM bronze.orders AS o JOIN bronze.prices AS p ON p.sku = o.sku\n")
        self.files.write("sources/prices.yml", "kind: files\ntables:\n  prices: {path: data/prices.csv, columns: {sku: varchar}}\n")
        diff = self.diff()
        views = self.views(diff)
        self.assertEqual(self.counts(diff)["gold.by_sku"], (3, 3, 3, 3))
        self.assertIn("amonut", views["gold.wrong"]["not_compared"])
        self.assertIn("prices was never copied", views["gold.waits"]["not_compared"])
        self.assertIsNotNone(views["gold.large"]["not_compared"])
        self.assertTrue(any("amonut" in warning and "gold/wrong.sql" in warning for warning in diff["warnings"]), diff["warnings"])
        # Files that are no project at all have nothing to be compared.
        self.files.write("models/gold/wrong.sql", "SELECT FROM\n")
        done = self.files.run("diff")
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertIn("models/gold/wrong.sql:", done.stderr)

    def test_events_that_fail_in_a_view_are_left_out_of_both(self):
        self.files = self.project()
        self.files.write("anabranch.yml", "name: shop\n")
        self.files.write("streams/orders.yml", ORDERS)
        self.files.write("models/gold/numbers.sql", "SELECT id, CAST(sku AS INTEGER) AS n FROM bronze.orders\n")
        self.client = self.files.start("--port", "0").client()
        self.post("orders", [{"id": 1, "sku": "7"}, {"id": 2, "sku": "x"}, {"id": 3, "sku": "9"}])
        self.files.write("models/gold/numbers.sql", "SELECT id, CAST(sku AS INTEGER) + 1 AS n FROM bronze.orders\n")
        self.assertEqual(self.counts(self.diff()), {"gold.numbers": (2, 2, 2, 2)})

    def test_fields_of_streams_that_change_and_streams_that_come_and_go(self):
        self.serve()
        self.assertEqual(self.files.run("build").returncode, 0)
        self.files.write("streams/orders.yml", ORDERS.replace("{name: amount, type: bigint}", "{name: price, type: bigint, was: amount}"))
        self.files.write("streams/visits.yml", "fields:\n  - {name: page, type: varchar}\n")
        self.files.write("models/gold/by_sku.sql", BY_SKU.replace("sum(amount)", "sum(price)"))
        self.files.write("models/gold/pages.sql", "SELECT page, count(*) AS n FROM bronze.visits GROUP BY page\n")
        self.files.write("models/gold/total.sql", "SELECT count(*) AS n FROM bronze.visits\n")
        before = self.data()
        diff = self.diff()
        self.assertEqual(self.counts(diff), {"gold.by_sku": (3, 3, 0, 0), "gold.pages": (None, 0, 0, 0), "gold.total": (1, 1, 1, 1)})
        self.assertEqual(self.data(), before)
        # What a stream cannot become is said of the views that read it.
        self.files.write("streams/orders.yml", ORDERS.replace("amount, type: bigint", "amount, type: date"))
        self.files.write("models/gold/by_sku.sql", BY_SKU.replace("sum(amount)", "count(amount)"))
        diff = self.diff()
        self.assertIn("amount", self.views(diff)["gold.by_sku"]["not_compared"])
        self.assertTrue(any("amount" in warning for warning in diff["warnings"]), diff["warnings"])
        self.assertEqual(self.counts(diff)["gold.pages"], (None, 0, 0, 0))

    def test_exit_codes(self):
        self.serve()
        self.assertEqual(self.files.run("diff", "--exit-code").returncode, 0)
        self.files.write("models/gold/by_sku.sql", BY_SKU.replace("count(*)", "2 * count(*)"))
        self.assertEqual(self.files.run("diff").returncode, 0)
        self.assertEqual(self.files.run("diff", "--exit-code").returncode, 1)
        self.assertEqual(self.files.run("diff", "--exit-code", "--json").returncode, 1)
        self.files.write("models/gold/by_sku.sql", "SELECT FROM\n")
        self.assertEqual(self.files.run("diff", "--exit-code").returncode, 2)

    def test_files_that_are_sent_see_no_more_of_the_environment_than_the_project(self):
        marker = "m4rk3r"
        self.serve()
        self.assertEqual(self.server.stop(), 0)
        self.files.write("streams/more.yml", "fields:\n  - {name: a, type: '${env:TYPE_OF_A}'}\n")
        self.server = self.files.launch("--port", "0", environment={**os.environ, "TYPE_OF_A": "bigint", "PRIVATE": marker, "ANABRANCH_SECRETS_KEY": marker}).wait_ready()
        client = self.server.client()
        texts = {"anabranch.yml": "name: shop\n"}
        for spelled in ("'${env:PRIVATE}'", '"\\x24{env:PRIVATE}"', "'${env:ANABRANCH_SECRETS_KEY}'", "'${env:PRIVATE:-none}'"):
            for side in ("before", "after"):
                answer = client.post("/v1/diff", {side: {**texts, "streams/x.yml": f"fields:\n  - {{name: a, type: {spelled}}}\n"}})
                self.assertEqual(answer.status, 400, answer)
                self.assertNotIn(marker.encode(), answer.body)
        known = {**texts, "streams/more.yml": "fields:\n  - {name: a, type: '${env:TYPE_OF_A}'}\n"}
        self.assertEqual(client.post("/v1/diff", {"after": known}).status, 200)

    def test_it_is_a_task_that_can_be_cancelled(self):
        self.serve()
        self.files.write("models/gold/long.sql", "SELECT count(*) AS n FROM range(100000000000) AS r(i) WHERE i % 7 = 3\n")
        import threading
        answers = []
        client = self.server.client()
        asking = threading.Thread(target=lambda: answers.append(client.post("/v1/diff", {})))
        asking.start()

        def running():
            return [task for task in self.client.get("/v1/tasks").json["tasks"] if task["kind"] == "diff"]
        (task,) = wait_until(running, "the diff is a task")
        # A build is not kept waiting by it.
        self.assertEqual(self.files.run("build", "gold.by_sku").returncode, 0)
        self.assertEqual(self.client.post(f"/v1/tasks/{task['id']}/cancel", {}).status, 200)
        asking.join(30)
        self.assertFalse(asking.is_alive())
        self.assertEqual((answers[0].status, answers[0].code), (409, "cancelled"))
        self.assertEqual(running(), [])

    def test_the_time_limit_ends_a_view_and_tells_what_is_known(self):
        self.serve()
        self.server.stop()
        self.files.write("anabranch.yml", "name: shop\nlimits: {verify_timeout_ms: 3000}\n")
        self.server = self.files.start("--port", "0")
        self.files.write("models/gold/by_sku.sql", BY_SKU.replace("count(*)", "2 * count(*)"))
        self.files.write("models/gold/long.sql", "SELECT count(*) AS n FROM range(100000000000) AS r(i) WHERE i % 7 = 3\n")
        diff = self.diff()
        self.assertEqual(self.counts(diff)["gold.by_sku"], (3, 3, 3, 3))
        self.assertIn("verify_timeout_ms", self.views(diff)["gold.long"]["not_compared"])

    def test_what_is_shown(self):
        self.serve()
        self.files.write("models/gold/by_sku.sql", BY_SKU.replace("count(*)", "2 * count(*)").replace("SELECT sku", "SELECT '\x1b[31m`@all`|' || sku AS sku"))
        done = self.files.run("diff")
        self.assertIn("gold.by_sku  3 rows before, 3 after: 3 only before, 3 only after", done.stdout)
        self.assertIn("gold.total  1 row before, 1 after: 1 only before, 1 only after", done.stdout)
        self.assertNotIn("\x1b", done.stdout)
        done = self.files.run("diff", "--markdown")
        self.assertIn("| `~` | view | gold.by\\_sku | changed", done.stdout)
        self.assertIn("**gold.by\\_sku**: 3 rows before, 3 after: 3 only before, 3 only after", done.stdout)
        self.assertIn("```diff\n   sku", done.stdout)
        self.assertIn("\n-  s0", done.stdout)
        self.assertNotIn("\x1b", done.stdout)


class GitTest(DiffCase):
    def git(self, *arguments):
        environment = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
        subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@localhost", *arguments], cwd=self.repository, check=True,
                       capture_output=True, env=environment)

    def commit(self):
        self.git("add", "-A")
        self.git("commit", "-m", "x")

    def setUp(self):
        super().setUp()
        self.serve()
        self.repository = self.files.folder
        self.git("init", "-b", "main")
        self.files.write(".gitignore", ".anabranch\n")

    def test_the_files_against_a_revision(self):
        self.commit()
        self.git("tag", "first")
        self.assertEqual(self.diff("--from", "main")["different"], False)
        self.files.write("models/gold/by_sku.sql", BY_SKU.replace("count(*)", "2 * count(*)"))
        self.apply()
        self.assertEqual(self.diff()["different"], False)
        self.assertEqual(self.counts(self.diff("--from", "main")), {"gold.by_sku": (3, 3, 3, 3), "gold.total": (1, 1, 1, 1)})
        self.commit()
        self.assertEqual(self.diff("--from", "main")["different"], False)
        self.assertEqual(self.views(self.diff("--from", "first"))["gold.total"]["sample"],
                         [{"side": "before", "count": 1, "row": ["60"]}, {"side": "after", "count": 1, "row": ["120"]}])
        # A text that is another in its last letter only, and a comment: other files, and the same rows.
        self.files.write("models/gold/by_sku.sql", BY_SKU.replace("count(*)", "2 * count(*)") + "-- sums")
        diff = self.diff("--from", "main")
        self.assertEqual((diff["files"], diff["views"]), (["models/gold/by_sku.sql"], []))
        # Both sides have another schema of the same stream, and neither is the one in force.
        self.files.write("streams/orders.yml", ORDERS + "  - {name: a, type: bigint}\n")
        self.commit()
        self.files.write("streams/orders.yml", ORDERS + "  - {name: b, type: varchar}\n")
        self.files.write("models/gold/total.sql", "SELECT count(b) + count(*) AS n FROM bronze.orders\n")
        self.assertEqual(self.counts(self.diff("--from", "main"))["gold.total"], (1, 1, 1, 1))
        self.assertEqual(self.server.stop(), 0)
        self.assertEqual(self.counts(self.diff("--from", "main"))["gold.total"], (1, 1, 1, 1))

    def test_a_project_in_a_part_of_the_repository(self):
        import shutil
        shutil.rmtree(self.repository / ".git")
        self.repository = self.files.folder.parent / "repository"
        self.repository.mkdir()
        self.assertEqual(self.server.stop(), 0)
        (self.repository / "anabranch.yml").write_text("name: another\n")
        part = self.repository / "some where" / "shop"
        part.parent.mkdir()
        self.files.folder.rename(part)
        self.files.folder = part
        self.files.data_folder = part / ".anabranch"
        self.git("init", "-b", "main")
        self.commit()
        self.files.write("models/gold/by_sku.sql", BY_SKU.replace("count(*)", "2 * count(*)"))
        self.assertEqual(self.counts(self.diff("--from", "HEAD")), {"gold.by_sku": (3, 3, 3, 3), "gold.total": (1, 1, 1, 1)})

    def test_what_there_is_nothing_to_compare_with(self):
        def refused(*options):
            done = self.files.run("diff", *options)
            self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
            return done.stderr
        self.commit()
        self.assertIn("there is no revision nowhere", refused("--from", "nowhere"))
        self.assertIn("there is no revision", refused("--from=--help"))
        self.files.write("models/gold/by_sku.sql", "SELECT FROM\n")
        self.commit()
        self.files.write("models/gold/by_sku.sql", BY_SKU)
        self.assertIn("what the files are compared with", refused("--from", "HEAD"))
        (self.files.folder / "anabranch.yml").rename(self.files.folder / "kept")
        self.commit()
        (self.files.folder / "kept").rename(self.files.folder / "anabranch.yml")
        self.assertIn("there is no anabranch.yml at HEAD", refused("--from", "HEAD"))
        (self.files.folder / ".git").rename(self.files.folder.parent / "elsewhere")
        self.assertIn("not a git repository", refused("--from", "HEAD"))


if __name__ == "__main__":
    program.main()
