#!/usr/bin/env python3
"""Whatever a start meets, the server comes up: it takes events in, answers what it can, and says what it cannot, where and what to do."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "scenarios"))
import program
from program import Case, wait_until

OF_PRICES = ["silver.orders", "gold.by_sku", "gold.by_client", "gold.total"]


def missing(path):
    path.unlink()


def cut(path):
    path.write_bytes(path.read_bytes()[:-300])


def empty(path):
    path.write_bytes(b"")


def other(path):
    path.write_bytes(b"\x5a" * path.stat().st_size)


DAMAGES = (missing, cut, empty, other)


class FaultsTest(Case):
    def events(self, project):
        """A shop with a build of 200 events and 100 after it; no server runs."""
        server = project.start()
        client = server.client()
        self.sent = 0
        self.send(client, 200)
        answer = client.post("/v1/builds", {})
        self.assertEqual(answer.status, 200, answer)
        self.build = answer.json["id"]
        self.send(client, 100)
        self.assertEqual(client.status()["faults"], [])
        self.assertEqual(client.get("/readyz").body, b"ready\n")
        self.assertEqual(server.stop(), 0)

    def send(self, client, count, **more):
        answer = client.send("orders", [program.order(self.sent + i, i % 5, self.rng, **more) for i in range(count)])
        self.assertEqual(answer.status, 200, answer)
        self.sent += count
        self.wait_applied(client)

    def check_sums(self, client):
        events, factor, _ = program.check_shop_sums(client.query(program.SHOP_SUMS))
        self.assertEqual((events, factor), (self.sent, 1))

    def check_fault(self, client, of, *words):
        """It is in the status and in readyz; its message."""
        faults = {fault["of"]: fault for fault in client.status()["faults"]}
        self.assertIn(of, faults)
        for word in words:
            self.assertIn(word, faults[of]["message"])
        self.assertTrue(faults[of]["hint"], faults)
        ready = client.get("/readyz")
        self.assertEqual(ready.status, 200)
        self.assertIn(f"but {of}: ", ready.body.decode())
        self.assertNotIn(str(self.folder), str(faults))

    def check_refused(self, client, sql, *words):
        answer = client.query(sql)
        self.assertEqual((answer.status, answer.code), (503, "unavailable"), answer)
        for word in words:
            self.assertIn(word, answer.json["detail"])
        self.assertTrue(answer.json["hint"])

    def table_file(self, project):
        (file,) = project.data("lake/bronze/prices").glob("*.parquet")
        return file

    def test_the_file_of_a_table(self):
        for number, damage in enumerate(DAMAGES):
            project = self.shop(f"shop{number}")
            self.events(project)
            damage(self.table_file(project))
            done = project.run("query", "SELECT count(*) AS n FROM bronze.orders", "--format", "csv")
            self.assertEqual((done.returncode, done.stdout), (0, f"n\n{self.sent}\n"), done.stderr)
            self.assertNotEqual(project.run("query", "SELECT * FROM gold.by_sku").returncode, 0)
            self.assertIn("fault: bronze.prices", project.run("status").stdout)
            server = project.start()
            self.assertIn("fault: bronze.prices", server.log)
            client = server.client()
            self.check_fault(client, "bronze.prices", "version 1", "missing" if damage is missing else "damaged")
            self.send(client, 10)
            self.assertEqual(client.row("SELECT count(*) FROM bronze.orders"), [self.sent])
            self.assertEqual(client.row("SELECT count(*) FROM silver.codes"), [0])
            self.check_refused(client, "SELECT * FROM bronze.prices", "bronze.prices", "version 1")
            for view in OF_PRICES:
                self.check_refused(client, f"SELECT * FROM {view}", "bronze.prices")
            # The same rows again, and everything is there under the basis of the build.
            answer = client.post("/v1/copy", {})
            self.assertEqual(answer.status, 200, answer)
            self.assertEqual(client.status()["faults"], [])
            self.check_sums(client)
            self.assertEqual(client.status()["tables"][0]["pinned_version"], 1)
            self.assertEqual(server.stop(), 0)
            client = project.start().client()
            self.assertEqual(client.status()["faults"], [])
            self.check_sums(client)
            self.assertEqual(client.post("/v1/builds", {}).status, 200)
            self.check_sums(client)
            self.check_verify(project)

    def test_the_document_of_a_table(self):
        project = self.shop()
        self.events(project)
        (document,) = project.data("lake/tables/prices").glob("*.json")
        other(document)
        client = project.start().client()
        self.check_fault(client, "bronze.prices")
        self.assertEqual(client.row("SELECT count(*) FROM bronze.orders"), [self.sent])
        self.check_refused(client, "SELECT * FROM gold.by_sku", "bronze.prices")

    def test_the_files_of_a_source(self):
        project = self.shop()
        self.events(project)
        (project.folder / "data" / "prices.csv").unlink()
        client = project.start().client()
        self.check_sums(client)
        answer = client.post("/v1/copy", {})
        self.assertEqual(answer.status, 404, answer)
        self.assertIn("data/prices.csv", answer.json["detail"])
        self.check_sums(client)

    def test_a_build(self):
        for number, (pattern, damage) in enumerate([("*.duckdb", each) for each in DAMAGES] + [("*/silver.orders.parquet", each) for each in DAMAGES]):
            project = self.shop(f"shop{number}")
            self.events(project)
            (file,) = project.data("serving").glob(pattern)
            damage(file)
            server = project.start()
            client = server.client()
            self.check_fault(client, f"build {self.build}", f"serving/{file.relative_to(project.data('serving'))}")
            self.check_sums(client)
            self.send(client, 10)
            self.check_sums(client)
            self.check_verify(project)
            self.assertEqual(client.post("/v1/builds", {}).status, 200)
            self.assertEqual(client.status()["faults"], [])
            self.check_sums(client)
            self.assertEqual(server.stop(), 0)
            client = project.start().client()
            self.assertEqual(client.status()["faults"], [])
            self.check_sums(client)

    def test_bytes_within_a_build(self):
        """Found at the start or by who reads them: an answer is right, or says which file is damaged."""
        project = self.shop()
        self.events(project)
        (file,) = project.data("serving").glob("*.duckdb")
        whole = file.read_bytes()
        found = set()
        for _ in range(program.rounds(8)):
            content = bytearray(whole)
            at = self.rng.randrange(3 * 4096, len(content) - 4096)
            content[at:at + 4096] = bytes(byte ^ 0x5a for byte in content[at:at + 4096])
            file.write_bytes(content)
            server = project.start()
            client = server.client()
            is_known = bool(client.status()["faults"])
            for view in ("silver.orders", *OF_PRICES):
                answer = client.query(f"SELECT count(*) FROM {view}")
                if answer.status != 200:
                    self.assertFalse(is_known)
                    self.assertEqual((answer.status, answer.code), (503, "unavailable"), answer)
                    self.assertIn("serving/", answer.json["detail"])
                    self.assertNotIn(str(self.folder), answer.json["detail"])
                found.add((is_known, answer.status))
            if is_known:
                self.check_sums(client)
            self.assertEqual(server.stop(), 0)
        print(f"  {sorted(found)}")
        client = project.start().client()
        self.assertEqual(client.post("/v1/builds", {}).status, 200)
        self.check_sums(client)

    def test_a_bulk_file(self):
        project = self.shop()
        self.events(project)
        server = project.start()
        client = server.client()
        path = project.folder / "events.parquet"
        path.write_bytes(client.query("SELECT * FROM bronze.orders", format="parquet").body)
        self.assertEqual(client.post("/v1/streams/orders/files", {"path": str(path)}).status, 200)
        self.wait_applied(client)
        server.kill()
        (bulk,) = project.data("log/orders/0/bulk").glob("*.parquet")
        bulk.rename(self.folder / "aside")
        server = project.start()
        client = server.client()
        self.check_fault(client, "gold.by_sku", bulk.name)
        for view in ("bronze.orders", *OF_PRICES):
            self.check_refused(client, f"SELECT * FROM {view}", bulk.name)
        self.assertEqual(client.row("SELECT count(*) FROM bronze.prices"), [len(program.SKUS)])
        self.assertEqual(client.send("orders", [program.order(1000, 1, self.rng)]).status, 200)
        self.assertEqual(server.stop(), 0)
        (self.folder / "aside").rename(bulk)
        client = project.start().client()
        self.sent = 2 * self.sent + 1
        self.check_sums(client)

    def test_the_catalogue(self):
        project = self.shop()
        self.events(project)
        other(project.data("catalog.db"))
        server = project.start()
        client = server.client()
        self.check_fault(client, "the catalogue", "catalog.db")
        self.check_sums(client)
        self.assertEqual(client.post("/v1/builds", {}).status, 200)
        self.check_sums(client)
        self.assertEqual(server.stop(), 0)
        self.assertEqual(project.start().client().status()["faults"], [])

    def test_a_manifest(self):
        for damage in (empty, other):
            for builds in (1, 2):
                project = self.shop(f"{damage.__name__}{builds}")
                self.events(project)
                if builds == 2:
                    project.json("build")
                newest = max(project.data("lake/manifests").glob("*.json"))
                damage(newest)
                server = project.start()
                client = server.client()
                self.check_fault(client, "the newest build", f"lake/manifests/{newest.name}")
                self.check_sums(client)
                answer = client.post("/v1/builds", {})
                self.assertEqual(answer.status, 200, answer)
                self.assertEqual(client.status()["faults"], [])
                self.check_sums(client)
                self.assertEqual(server.stop(), 0)
                client = project.start().client()
                self.assertEqual(client.status()["faults"], [])
                self.check_sums(client)
                self.check_verify(project)

    def test_the_archive(self):
        for number, damage in enumerate(DAMAGES[:3]):
            project = self.shop(f"shop{number}")
            self.events(project)
            folder = project.data("lake/bronze/orders")
            (file,) = folder.glob("*.parquet")
            damage(file)
            server = project.start()
            client = server.client()
            self.check_fault(client, "the archive of bronze.orders", f"lake/bronze/orders/{file.name}")
            self.check_sums(client)
            self.assertEqual(client.rows("SELECT count(*) FROM silver.orders"), [[self.sent]])
            answer = client.post("/v1/builds", {})
            self.assertEqual((answer.status, answer.code), (503, "unavailable"), answer)
            self.assertIn(file.name, answer.json["detail"])
            self.check_sums(client)
            self.check_verify(project)
            self.assertEqual(server.stop(), 0)
            # As the hint says.
            for path in sorted(folder.rglob("*"), reverse=True):
                path.rmdir() if path.is_dir() else path.unlink()
            client = project.start().client()
            self.assertEqual(client.post("/v1/builds", {}).status, 200)
            self.assertEqual(client.status()["faults"], [])
            self.check_sums(client)

    def test_the_log_of_one_stream(self):
        project = self.shop()
        project.write("streams/visits.yml", "fields:\n  - {name: page, type: varchar}\n")
        project.write("models/gold/visits.sql", "SELECT page, count(*) AS n FROM bronze.visits GROUP BY page\n")
        self.events(project)
        project.run("ingest", "visits", "-", input='{"page": "home"}\n' * 3)
        segment = min(project.data("log/orders/0").glob("*.log"))
        content = bytearray(segment.read_bytes())
        content[len(content) // 2] ^= 0xFF
        segment.write_bytes(content)
        client = project.start().client()
        self.check_fault(client, "bronze.orders", segment.name)
        self.assertEqual(client.send("visits", [{"page": "home"}]).status, 200)
        self.wait_applied(client, "visits")
        self.assertEqual(client.rows("SELECT * FROM gold.visits"), [["home", 4]])
        for view in ("bronze.orders", *OF_PRICES):
            self.check_refused(client, f"SELECT * FROM {view}", "bronze.orders")
        answer = client.send("orders", [program.order(1, 1, self.rng)])
        self.assertEqual((answer.status, answer.code), (503, "unavailable"), answer)

    def test_a_log_that_lost_what_is_archived(self):
        """Folders that would be made anew, with offsets from 0 on that archived events have already."""
        for name, lost in (("one", "log/visits/0"), ("last", "log/visits/2"), ("all", "log/visits")):
            with self.subTest(lost=lost):
                project = self.shop(name)
                partitions = 3 if name == "last" else 1
                project.write("streams/visits.yml", f"key: [page]\npartitions: {partitions}\nfields:\n  - {{name: page, type: varchar}}\n")
                project.write("models/gold/visits.sql", "SELECT page, count(*) AS n FROM bronze.visits GROUP BY page\n")
                self.events(project)
                pages = "".join(f'{{"page": "p{i}"}}\n' for i in range(30))
                project.run("ingest", "visits", "-", input=pages)
                project.json("build")
                aside = self.folder / f"aside-{name}"
                project.data(lost).rename(aside)
                server = project.start()
                client = server.client()
                self.check_fault(client, "bronze.visits", lost, "archive")
                answer = client.send("visits", [{"page": "p1"}])
                self.assertEqual((answer.status, answer.code), (503, "unavailable"), answer)
                self.check_refused(client, "SELECT * FROM gold.visits", "bronze.visits")
                self.check_sums(client)
                self.assertEqual(server.stop(), 0)
                # As the hint says.
                made = project.data(lost)
                for path in sorted(made.rglob("*"), reverse=True) + [made]:
                    path.rmdir() if path.is_dir() else path.unlink()
                aside.rename(made)
                client = project.start().client()
                self.assertEqual(client.status()["faults"], [])
                self.assertEqual(client.send("visits", [{"page": "p1"}]).status, 200)
                self.wait_applied(client, "visits")
                self.assertEqual(client.rows("SELECT n FROM gold.visits WHERE page IN ('p1', 'p2') ORDER BY page"), [[2], [1]])

    def test_a_model(self):
        project = self.shop()
        self.events(project)
        project.write("models/gold/bad.sql", "SELECT nothing\nFROM bronze.orders\n")
        project.write("models/gold/worse.sql", "SELECT * FROM gold.bad\n")
        client = project.start().client()
        self.check_fault(client, "gold.bad", "models/gold/bad.sql:1:8", "nothing")
        self.check_sums(client)
        for view in ("gold.bad", "gold.worse"):
            answer = client.query(f"SELECT * FROM {view}")
            self.assertEqual((answer.status, answer.code), (400, "bad_sql"), answer)
            self.assertIn("nothing", answer.json["detail"])
        answer = client.post("/v1/builds", {})
        self.assertEqual(answer.status, 400, answer)
        self.check_sums(client)

    def test_a_replay_that_does_not_fit(self):
        project = self.shop()
        project.write("models/gold/by_id.sql", "SELECT id, count(*) AS n, max(code) AS code FROM bronze.orders GROUP BY id\n")
        server = project.start()
        client = server.client()
        self.sent = 0
        for _ in range(12):
            self.send(client, 20_000, code="1" + " " * 200)
        self.check_sums(client)
        self.assertEqual(client.status()["faults"], [])
        server.kill()
        project.write("anabranch.yml", "name: shop\nlimits: {states_memory_bytes: 16MiB, query_memory_bytes: 16MiB}\n")
        client = project.start().client()
        self.check_fault(client, "gold.by_id", "limits.states_memory_bytes")
        self.assertEqual(client.row("SELECT count(*) FROM bronze.orders"), [self.sent])
        self.assertEqual(client.row("SELECT sum(orders) FROM gold.by_sku"), [self.sent])
        self.send(client, 100)
        self.assertEqual(client.row("SELECT sum(orders) FROM gold.by_sku"), [self.sent])


if __name__ == "__main__":
    program.main()
