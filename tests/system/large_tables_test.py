#!/usr/bin/env python3
"""Tables that are larger than the memory for tables are read from their files; copy, build and restart go on, and every answer is right."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "scenarios"))
import program
from program import Case

ROWS = 200_000
SMALL = "limits: {states_memory_bytes: 64MiB, query_memory_bytes: 64MiB, tables_memory_bytes: 4MiB}\n"


class LargeTablesTest(Case):
    def large(self, settings=SMALL, note="the note of the item with the number"):
        project = program.write_shop(self.project(), settings=settings)
        project.write("sources/items.yml", "kind: files\ntables:\n  items: {path: data/items.csv, columns: {id: bigint, kind: varchar, note: varchar}}\n")
        with open(project.folder / "data" / "items.csv", "w") as file:
            file.write("id,kind,note\n")
            file.writelines(f"{id},kind{id % 10},{note} {id}\n" for id in range(ROWS))
        project.write("models/gold/by_kind.sql",
                      "SELECT i.kind, count(*) AS orders, sum(o.amount) AS amount FROM bronze.orders AS o LEFT JOIN bronze.items AS i ON i.id = o.id GROUP BY i.kind\n")
        project.write("models/gold/kinds.sql", "SELECT kind, count(*) AS items FROM bronze.items GROUP BY kind\n")
        project.write("models/gold/known.sql", "SELECT count(*) AS n FROM bronze.orders WHERE id IN (SELECT id FROM bronze.items)\n")
        return project

    def send(self, client, first, count):
        events = [program.order(id, id % 5, self.rng) for id in range(first, first + count)]
        self.assertEqual(client.send("orders", events).status, 200)
        self.events = {**getattr(self, "events", {}), **{event["id"]: event["amount"] for event in events}}
        self.wait_applied(client)

    def check(self, client):
        expected = {}
        for id, amount in self.events.items():
            kind = f"kind{id % 10}" if id < ROWS else None
            orders, total = expected.get(kind, (0, 0))
            expected[kind] = (orders + 1, total + amount)
        found = {kind: (orders, total) for kind, orders, total in client.rows("SELECT * FROM gold.by_kind")}
        self.assertEqual(found, expected)
        self.assertEqual(client.rows("SELECT DISTINCT items FROM gold.kinds"), [[ROWS // 10]])
        self.assertEqual(client.row("SELECT n FROM gold.known"), [sum(id < ROWS for id in self.events)])
        self.assertEqual(client.row("SELECT count(*), min(id), max(id) FROM bronze.items"), [ROWS, 0, ROWS - 1])
        self.assertEqual(client.row("SELECT kind FROM bronze.items WHERE id = 4711"), ["kind1"])

    def tables(self, client):
        return {table["name"]: table for table in client.status()["tables"]}

    def run_through(self, project, says):
        project.json("copy")
        server = project.start()
        client = server.client()
        self.send(client, ROWS - 300, 600)
        tables = self.tables(client)
        self.assertEqual((tables["items"]["in_place"], tables["prices"]["in_place"]), (True, False))
        self.check(client)
        view = client.get("/v1/views/gold.by_kind").json
        self.assertEqual((view["class"], view["maintained"]), ("read_time", False))
        self.assertIn(says, str(view["reasons"]))
        self.assertIn("bronze.items", str(view["reasons"]))
        self.assertEqual(client.get("/v1/views/gold.by_sku").json["maintained"], True)
        self.assertEqual(client.status()["faults"], [])
        answer = client.post("/v1/builds", {})
        self.assertEqual((answer.status, answer.json["warnings"]), (200, []), answer)
        self.check(client)
        self.send(client, 0, 100)
        self.check(client)
        self.assertEqual(server.stop(), 0)
        client = project.start().client()
        self.check(client)
        self.send(client, 1000, 100)
        self.check(client)
        self.check_verify(project)
        return client

    def test_copy_build_restart(self):
        project = self.large()
        client = self.run_through(project, "limits.tables_memory_bytes")
        # Another version is another basis, in place too.
        with open(project.folder / "data" / "items.csv", "a") as file:
            file.write(f"{ROWS},last,it\n")
        self.assertEqual(client.post("/v1/copy", {"sources": ["items"]}).status, 200)
        self.check(client)
        self.assertEqual(client.post("/v1/builds", {}).status, 200)
        self.assertEqual(client.row("SELECT count(*) FROM bronze.items"), [ROWS + 1])
        self.assertEqual(client.row("SELECT count(*) FROM gold.kinds"), [11])
        self.assertIn("read in place", project.run("status").stdout)

    def test_more_than_the_memory_that_is_left(self):
        """The limit lets it in, the engine does not."""
        project = self.large("limits: {states_memory_bytes: 16MiB, query_memory_bytes: 32MiB, tables_memory_bytes: 1GiB}\n", "a long note " * 30)
        self.run_through(project, "memory")

    def test_a_table_may_become_smaller(self):
        project = self.large()
        project.json("copy")
        server = project.start()
        client = server.client()
        self.send(client, 0, 50)
        (project.folder / "data" / "items.csv").write_text("id,kind,note\n1,one,\n")
        self.assertEqual(client.post("/v1/copy", {}).status, 200)
        self.assertEqual(client.post("/v1/builds", {}).status, 200)
        self.assertEqual(self.tables(client)["items"]["in_place"], False)
        self.assertEqual(client.get("/v1/views/gold.by_kind").json["maintained"], True)
        self.assertEqual(sorted(client.rows("SELECT kind, orders FROM gold.by_kind"), key=str), [["one", 1], [None, 49]])


if __name__ == "__main__":
    program.main()
