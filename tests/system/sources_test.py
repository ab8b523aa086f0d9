#!/usr/bin/env python3
"""Sources beside files of tables: SQLite databases, and events in files that arrive."""

import pathlib
import sqlite3
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "scenarios"))
import program
from program import Case, wait_until

SHOP = "kind: sqlite\nfile: data/shop.db\ntables:\n  customers: {table: Customers, columns: {born: date}}\n  visits:\n"
INBOX = "kind: arriving_files\nstream: orders\nfolder: inbox\n"


def order(number):
    return f'{{"id": {number}, "client": 1, "sku": "sku0", "amount": 2}}\n'


class SqliteTest(Case):
    def test_tables_are_copied_and_joined_and_change(self):
        project = self.shop()
        (project.folder / "data").mkdir(exist_ok=True)
        database = sqlite3.connect(project.folder / "data" / "shop.db")
        self.addCleanup(database.close)
        database.executescript("CREATE TABLE Customers (id INTEGER PRIMARY KEY, name TEXT, born TEXT);"
                               "CREATE TABLE visits (n);"
                               "INSERT INTO Customers VALUES (1, 'Ada', '1815-12-10'), (2, 'Bob', NULL);"
                               "INSERT INTO visits VALUES (1.5)")
        project.write("sources/shop.yml", SHOP)
        project.write("models/gold/of_customers.sql",
                      "SELECT c.name, count(*) AS orders FROM bronze.orders AS o JOIN bronze.customers AS c ON c.id = o.client GROUP BY c.name\n")
        copied = {table["name"]: table for table in project.json("copy", "shop")["tables"]}
        self.assertEqual({name: table["rows"] for name, table in copied.items()}, {"customers": 2, "visits": 1})
        project.run("ingest", "orders", "-", input=order(1) + order(2))
        self.assertEqual(project.json("query", "SELECT id, name, born FROM bronze.customers ORDER BY id")["rows"],
                         [[1, "Ada", "1815-12-10"], [2, "Bob", None]])
        self.assertEqual(project.json("query", "SELECT n FROM bronze.visits")["rows"], [[1.5]])
        self.assertEqual(project.json("query", "SELECT * FROM gold.of_customers")["rows"], [["Ada", 2]])
        self.assertFalse(project.json("copy", "shop")["tables"][0]["changed"], "the same rows are no new version")
        database.executescript("UPDATE Customers SET name = 'Ada L.' WHERE id = 1")
        self.assertTrue(project.json("copy", "shop")["tables"][0]["changed"])
        self.assertEqual(project.run("build").returncode, 0)
        self.assertEqual(project.json("query", "SELECT * FROM gold.of_customers")["rows"], [["Ada L.", 2]])
        self.assertEqual(project.run("verify").returncode, 0)
        database.executescript("UPDATE Customers SET born = 'long ago' WHERE id = 2")
        refused = project.run("copy", "shop")
        self.assertEqual(refused.returncode, 2)
        self.assertIn("data/shop.db: Customers: row 2: column born: \"long ago\"", refused.stderr)

    def test_all_tables_of_a_copy_are_of_one_moment(self):
        project = self.shop()
        (project.folder / "data").mkdir(exist_ok=True)
        path = project.folder / "data" / "shop.db"
        tables = ["first", "second", "third"]
        database = sqlite3.connect(path)
        database.execute("PRAGMA journal_mode = wal")
        for table in tables:
            database.execute(f"CREATE TABLE {table} (n INTEGER, text TEXT)")
            database.executemany(f"INSERT INTO {table} VALUES (?, 'a text')", [(n,) for n in range(20_000)])
        database.commit()
        database.close()
        project.write("sources/shop.yml", "kind: sqlite\nfile: data/shop.db\ntables: {first: {}, second: {}, third: {}}\n")
        is_over = threading.Event()

        def write():
            mine = sqlite3.connect(path, timeout=30)
            commits = 0
            while not is_over.is_set():
                for table in tables:
                    mine.execute(f"INSERT INTO {table} VALUES (1, 'one more')")
                mine.commit()
                commits += 1
            mine.close()
            return commits
        writer = self.in_thread(write)
        try:
            counts = [[table["rows"] for table in project.json("copy", "shop")["tables"]] for _ in range(3)]
        finally:
            is_over.set()
        self.assertGreater(writer.join(), 3)
        for rows in counts:
            self.assertEqual(len(set(rows)), 1, f"rows of one transaction in each of {tables}: {counts}")
        self.assertLess(counts[0][0], counts[-1][0], "it was written meanwhile")


class ArrivingFilesTest(Case):
    def setUp(self):
        super().setUp()
        self.project = self.shop()
        self.project.write("sources/inbox.yml", INBOX)
        self.inbox = self.project.folder / "inbox"
        self.server = self.project.start()
        self.client = self.server.client()

    def arrive(self, name, text):
        (self.inbox).mkdir(exist_ok=True)
        (self.inbox / (name + ".tmp")).write_text(text)
        (self.inbox / (name + ".tmp")).rename(self.inbox / name)

    def wait_for(self, path):
        wait_until((self.inbox / path).exists, f"{path}\n{self.server.log}")

    def ids(self):
        return [row[0] for row in self.client.rows("SELECT id FROM bronze.orders ORDER BY id")]

    def test_each_file_is_taken_in_once(self):
        self.arrive("a.ndjson", order(1) + order(2))
        self.arrive("b.csv", "id,client,sku,amount\n3,1,sku0,2\n")
        self.wait_for("done/a.ndjson")
        self.wait_for("done/b.csv")
        wait_until(lambda: self.ids() == [1, 2, 3], "all of both")
        # As after a crash that came before the file was moved: it is known by its name and content.
        (self.inbox / "done" / "a.ndjson").rename(self.inbox / "a.ndjson")
        self.wait_for("done/a.ndjson")
        self.arrive("a.ndjson", order(4))
        self.wait_for("done/a.ndjson.2")
        wait_until(lambda: self.ids() == [1, 2, 3, 4], "the new one, and none twice")

    def test_a_kill_at_any_time_loses_and_doubles_nothing(self):
        expected = []
        for number in range(program.rounds(6)):
            for file in range(4):
                events = [number * 100 + file * 10 + i for i in range(3)]
                self.arrive(f"{number}-{file}.ndjson", "".join(map(order, events)))
                expected += events
            if number % 2 == 0:
                self.wait_for(f"done/{number}-0.ndjson")
            self.server.kill()
            self.server = self.project.start()
            self.client = self.server.client()
        wait_until(lambda: not list(self.inbox.glob("*.ndjson")), f"all files are taken\n{self.server.log}")
        wait_until(lambda: len(self.ids()) >= len(expected), "all events")
        self.assertEqual(self.ids(), expected)

    def test_what_is_no_events_is_put_aside_with_why(self):
        self.arrive("a.json", "{\"id\": 1")
        self.arrive("b.dat", "x")
        self.arrive("c.ndjson", order(5) + "no json\n")
        for name in ("failed/b.dat", "done/c.ndjson"):
            self.wait_for(name)
        self.assertIn("cannot be told from its name", (self.inbox / "failed" / "b.dat.error.txt").read_text())
        wait_until(lambda: self.ids() == [5], "what is an event")

    def test_apply_begins_and_ends_a_source(self):
        self.project.write("sources/inbox.yml", INBOX.replace("inbox", "other"))
        self.assertEqual(self.project.run("apply").returncode, 0)
        (self.project.folder / "other").mkdir(exist_ok=True)
        (self.project.folder / "other" / "a.ndjson").write_text(order(1))
        wait_until((self.project.folder / "other" / "done" / "a.ndjson").exists, "the new folder is read")
        self.arrive("b.ndjson", order(2))
        (self.project.folder / "other" / "c.ndjson").write_text(order(3))
        wait_until((self.project.folder / "other" / "done" / "c.ndjson").exists, "it goes on")
        wait_until(lambda: self.ids() == [1, 3], "those of the new folder alone")
        self.assertTrue((self.inbox / "b.ndjson").exists(), "the old folder is not read any more")


if __name__ == "__main__":
    program.main()
