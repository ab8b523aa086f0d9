#!/usr/bin/env python3
"""What commands say: before there is anything to say, after something went wrong, and of values as they are."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "scenarios"))
import program
from program import Case, command


class CommandTest(Case):
    def test_status_at_any_time(self):
        project = program.write_shop(self.project())

        def check(*expected):
            done = project.run("status")
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            for text in expected:
                self.assertIn(text, done.stdout)
            return done.stdout
        check("never copied", "no build yet")
        project.json("copy")
        check("gold.by_sku", "not verified yet", "no build yet")
        project.run("ingest", "orders", "-", input='{"id": 1, "client": 1, "sku": "sku0", "amount": 2}\n')
        self.assertEqual(project.run("build").returncode, 0)
        self.assertEqual(project.run("verify").returncode, 0)
        check("equal", "build 2")
        project.write("models/gold/by_sku.sql", "SELECT sku, count(*) AS n, max(amount) AS most FROM silver.orders GROUP BY sku\n")
        project.write("models/gold/total.sql", "SELECT sum(n) AS n FROM gold.by_sku\n")
        project.write("models/gold/fresh.sql", "SELECT count(*) AS n FROM bronze.orders\n")
        check("gold.fresh", "gold.by_sku")
        server = project.start()
        check("gold.fresh", "server up")
        self.assertEqual(server.stop(), 0)

    def test_copy_says_no_more_than_it_did(self):
        project = program.write_shop(self.project())
        done = project.run("copy")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("prices", done.stdout)

    def test_a_copy_that_fails_on_a_live_server_says_why(self):
        project = self.shop()
        server = project.start()
        path = project.folder / "data" / "prices.csv"
        for text, why in (("sku,factor\nsku0,many\n", "many"), ("sku\n", "factor"), ("", "prices"), ("\0\xff\xfe,\n", "prices")):
            path.write_text(text, encoding="latin-1")
            done = project.run("copy")
            self.assertNotEqual(done.returncode, 0, text)
            self.assertIn(why, done.stderr, text)
            self.assertNotIn("(id ", done.stderr, text)
            self.assertNotIn(str(project.folder), done.stderr, text)
        self.assertEqual(server.stop(), 0)

    def test_init_here(self):
        for name, argument in (("Corner Shop", "."), ("there", "./"), ("slash", "slash/"), ("deep", "a/../deep")):
            folder = self.folder / "init" / name
            (folder if argument in (".", "./") else folder.parent).mkdir(parents=True, exist_ok=True)
            inside = folder if argument in (".", "./") else folder.parent
            done = command("init", argument, folder=inside)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual((folder / "anabranch.yml").read_text(), f"name: {name.lower().replace(' ', '_')}\n")
            self.assertEqual(command("check", folder=folder).returncode, 0, name)
            self.assertEqual("cd ." in done.stdout, False)
            self.assertEqual(command("init", argument, folder=inside).returncode, 2)

    def test_a_decimal_is_printed_as_it_is(self):
        project = self.shop()
        done = project.run("query", "SELECT CAST(-1.5 AS DECIMAL(10,2)) AS d, CAST(12345678901234567890 AS HUGEINT) AS h, 1.25::DOUBLE AS x, 7 AS i")
        self.assertRegex(done.stdout, r"-1\.50 +12345678901234567890 +1\.25 +7\n")

    def test_a_build_whose_views_failed_does_not_say_published_alone(self):
        project = self.project()
        project.write("anabranch.yml", "name: shop\n")
        project.write("streams/orders.yml", "fields:\n  - {name: id, type: bigint, required: true}\n")
        project.write("models/gold/bad.sql", "SELECT CAST(sum(id) AS TINYINT) AS small FROM bronze.orders\n")
        project.run("ingest", "orders", "-", input='{"id": 1000}\n')
        done = project.run("build")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertRegex(done.stdout, "^published, but every view failed: .* 0 views")
        self.assertIn("gold.bad", done.stderr)
        project.write("models/gold/good.sql", "SELECT count(*) AS n FROM bronze.orders\n")
        done = project.run("build")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertRegex(done.stdout, "^published without 1 of its views .* 1 views")

    def test_a_view_that_is_never_written_is_named(self):
        project = self.project()
        project.write("anabranch.yml", "name: shop\n")
        project.write("streams/orders.yml", "fields:\n  - {name: id, type: bigint, required: true}\n")
        project.write("models/gold/moment.sql", "SELECT count(*) AS n, max(now()) AS at FROM bronze.orders\n")
        project.write("models/gold/good.sql", "SELECT count(*) AS n FROM bronze.orders\n")
        project.run("ingest", "orders", "-", input='{"id": 1000}\n')
        done = project.run("build")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, "^published 2")
        self.assertRegex(done.stderr, "gold.moment is not written for other readers")
        self.assertNotIn("gold.good", done.stderr)
        self.assertFalse(list(project.data("lake/gold").glob("moment/*.parquet")))


if __name__ == "__main__":
    program.main()
