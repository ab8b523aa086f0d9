#!/usr/bin/env python3
"""Data of what the project no longer has is removed for ever: what is refused, what is gone, and that what comes by the name later is new."""

import os
import pathlib
import pty
import socket
import subprocess
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "scenarios"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import program
from apply_test import ApplyCase
from program import wait_until

CLICKS = "fields:\n  - {name: page, type: varchar}\n  - {name: n, type: bigint}\n"
PAGES = "SELECT page, count(*) AS clicks, sum(n) AS n FROM bronze.clicks GROUP BY page\n"
PRICES = "kind: files\ntables:\n  prices: {path: data/prices.csv, columns: {sku: varchar, price: bigint}}\n"
PRICED = "SELECT o.sku, sum(p.price) AS worth FROM bronze.orders AS o JOIN bronze.prices AS p ON p.sku = o.sku GROUP BY o.sku\n"


class DropCase(ApplyCase):
    def serve_all(self, clicks=100):
        """A project with a stream, a table and views of theirs, built; events after the build too."""
        self.serve()
        self.declare_clicks()
        self.declare_prices(5)
        self.apply()
        self.post("clicks", [{"page": f"p{i % 4}", "n": i} for i in range(clicks)])
        self.assertEqual(self.files.run("build").returncode, 0)
        self.post("clicks", [{"page": "late", "n": 1}])

    def declare_clicks(self, fields=CLICKS, view=PAGES):
        self.files.write("streams/clicks.yml", fields)
        self.files.write("models/gold/pages.sql", view)

    def declare_prices(self, price):
        self.files.write("data/prices.csv", "sku,price\n" + "".join(f"s{i},{price}\n" for i in range(3)))
        self.files.write("sources/shop.yml", PRICES)
        self.files.write("models/gold/priced.sql", PRICED)

    def take_out(self):
        for name in ("streams/clicks.yml", "models/gold/pages.sql", "sources/shop.yml", "models/gold/priced.sql"):
            (self.files.folder / name).unlink()

    def start_again(self):
        self.assertEqual(self.server.stop(), 0)
        self.server = self.files.start("--port", "0")
        self.client = self.server.client()

    def drop(self, *names, code=0):
        done = self.files.run("drop", "--json", *names)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return program.json.loads(done.stdout)

    def named(self, drop):
        return {(item["kind"], item["name"]) for item in drop["items"]}

    def stored(self, name):
        """Files and folders whose path says the name."""
        return sorted(str(path.relative_to(self.files.data_folder)) for path in self.files.data_folder.rglob("*")
                      if name in path.relative_to(self.files.data_folder).parts)

    def assert_new_and_empty(self):
        self.assertEqual(self.rows("SELECT count(*) FROM bronze.clicks"), [[0]])
        self.assertEqual(self.rows("SELECT * FROM gold.pages"), [])
        answer = self.client.send("clicks", [{"page": "p1", "n": 7}])
        self.assertEqual(answer.json["ranges"], [{"partition": 0, "first_offset": 0, "last_offset": 0}])
        self.assertEqual(self.rows("SELECT * FROM gold.pages"), [["p1", 1, 7]])


class DropTest(DropCase):
    def test_what_the_project_has_is_refused(self):
        self.serve_all()
        before = self.stored("clicks")
        for name, file in (("clicks", "streams/clicks.yml"), ("bronze.clicks", "streams/clicks.yml"), ("prices", "sources/shop.yml"),
                           ("gold.pages", "models/gold/pages.sql")):
            done = self.files.run("drop", "--yes", name)
            self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
            self.assertIn(file, done.stderr)
        self.assertEqual(self.drop()["items"], [])
        # Nor what the files have again and nothing runs yet.
        self.take_out()
        self.apply()
        self.declare_clicks()
        done = self.files.run("drop", "--yes", "clicks")
        self.assertIn("streams/clicks.yml", done.stderr)
        self.assertEqual(self.named(self.drop()), {("table", "prices"), ("view", "gold.priced")})
        self.assertEqual(self.drop("--yes", "nothing", code=2)["code"], "not_found")
        self.assertEqual(self.drop("--yes", "../../x", code=2)["code"], "not_found")
        # One name that is refused, and nothing goes.
        self.assertEqual(self.files.run("drop", "--yes", "prices", "clicks").returncode, 1)
        self.assertEqual(self.stored("clicks"), before)
        self.assertNotEqual(self.stored("prices"), [])

    def test_it_says_what_would_go_and_asks(self):
        self.serve_all()
        self.take_out()
        self.apply()
        listed = self.drop()
        self.assertEqual(self.named(listed), {("stream", "clicks"), ("table", "prices"), ("view", "gold.pages"), ("view", "gold.priced")})
        clicks = next(item for item in listed["items"] if item["name"] == "clicks")
        size = sum(path.stat().st_size for folder in clicks["folders"] for path in (self.files.data_folder / folder).rglob("*") if path.is_file())
        self.assertEqual(clicks["bytes"], size)
        self.assertIn("101 events", clicks["notes"])
        self.assertTrue(any("--undo" in note and "empty" in note for note in clicks["notes"]), clicks)
        self.assertEqual(self.drop("--dry-run", "clicks")["items"], [clicks])
        done = self.files.run("drop", "clicks")  # nobody is there to be asked
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertIn("--yes", done.stderr)
        self.assertEqual(self.drop(), listed)

        def answered(text):
            ours, theirs = pty.openpty()
            asking = subprocess.Popen([program.PROGRAM, "drop", "clicks", "--project", str(self.files.folder)], stdin=theirs, stdout=theirs,
                                      stderr=theirs, close_fds=True)
            os.close(theirs)
            os.write(ours, text)
            shown = b""
            while True:
                try:
                    read = os.read(ours, 4096)
                except OSError:
                    break
                if not read:
                    break
                shown += read
            os.close(ours)
            return asking.wait(30), shown.decode()
        code, shown = answered(b"n\n")
        self.assertEqual(code, 1, shown)
        self.assertIn("101 events", shown)
        self.assertIn("drop it? [y/N]", shown)
        self.assertEqual(self.drop(), listed)
        code, shown = answered(b"y\n")
        self.assertEqual(code, 0, shown)
        self.assertNotIn("clicks", {item["name"] for item in self.drop()["items"]})

    def test_a_running_server_lets_go_of_it(self):
        self.serve_all()
        self.take_out()
        self.apply()
        dropped = self.drop("--yes", "clicks", "bronze.prices", "gold.pages", "gold.priced")
        self.assertTrue(dropped["dropped"])
        for name in ("clicks", "prices", "pages", "priced", "discarded"):
            self.assertEqual(self.stored(name), [], name)
        self.assertEqual(self.drop()["items"], [])
        newest = max(self.files.data("lake/manifests").iterdir())
        self.assertNotIn("clicks", newest.read_text())
        self.assertNotIn("prices", newest.read_text())
        self.assertNotIn("clicks", str(self.client.post("/v1/query", {"sql": "SELECT 1"}).json["offsets"]))
        # All else goes on.
        self.post("orders", [{"id": 100, "sku": "s0", "amount": 7}])
        self.assertEqual(self.rows("SELECT n FROM gold.total"), [[61]])
        self.assertEqual(self.files.run("build").returncode, 0)
        self.post("orders", [{"id": 101, "sku": "s0", "amount": 7}])
        self.assertEqual(self.rows("SELECT n FROM gold.total"), [[62]])
        self.assert_verified()
        self.assertEqual(self.server.stop(), 0)
        self.server = self.files.start("--port", "0")
        self.client = self.server.client()
        self.assertEqual(self.rows("SELECT n FROM gold.total"), [[62]])
        self.assertEqual(self.client.status()["faults"], [])

    def test_what_comes_by_the_name_later_is_new(self):
        self.serve_all()
        self.assert_verified()
        for how in ("apply", "apply, and a start after it", "a start that takes the files"):
            with self.subTest(how=how):
                self.take_out()
                if how == "a start that takes the files":
                    self.start_again()  # the newest manifest is of before
                else:
                    self.apply()
                self.drop("--yes", "clicks", "prices")
                if how == "apply, and a start after it":
                    self.start_again()
                # The same files as before: schema version, plans and versions of tables are the same, and so is no data.
                self.declare_clicks()
                self.declare_prices(11)
                self.apply()
                verdicts = {view["name"]: view["last_verify"] for view in self.client.get("/v1/views").json["views"]}
                self.assertIsNone(verdicts["gold.pages"], "what was found of it was found of other events")
                self.assertIsNotNone(verdicts["gold.total"])
                self.assert_new_and_empty()
                self.assertEqual(self.rows("SELECT sum(worth) FROM gold.priced"), [[660]])
                self.assertEqual(self.files.run("build").returncode, 0)
                self.post("clicks", [{"page": "p1", "n": 8}])
                self.assertEqual(self.rows("SELECT * FROM gold.pages"), [["p1", 2, 15]])
                self.assert_verified()

    def test_with_other_fields_and_as_a_table(self):
        self.serve_all()
        self.take_out()
        self.apply()
        self.drop("--yes", "clicks", "prices")
        self.declare_clicks("fields:\n  - {name: n, type: date}\n", "SELECT n, count(*) AS c FROM bronze.clicks GROUP BY n\n")
        self.files.write("streams/prices.yml", CLICKS)
        self.apply()
        self.post("clicks", [{"n": "2026-11-23"}])
        self.post("prices", [{"page": "a", "n": 1}])
        self.assertEqual(self.rows("SELECT * FROM gold.pages"), [["2026-11-23", 1]])
        self.assertEqual(self.rows("SELECT * FROM bronze.prices"), [["a", 1]])
        self.assertEqual(self.files.run("build").returncode, 0)
        self.assert_verified()

    def test_producers_and_quarantine_are_forgotten(self):
        self.serve_all()
        headers = {"Content-Type": "application/x-ndjson", "X-Producer-Id": "gate", "X-Sequence": "0"}
        self.assertEqual(self.client.request("POST", "/v1/streams/clicks/events", '{"page":"x"}\nno json\n', headers).status, 200)
        self.take_out()
        self.apply()
        self.drop("--yes", "clicks")
        self.declare_clicks()
        self.apply()
        self.assertEqual(self.client.get("/v1/quarantine").json["total"], 0)
        answer = self.client.request("POST", "/v1/streams/clicks/events", '{"page":"y"}\n', headers)
        self.assertEqual((answer.status, answer.json["ranges"]), (200, [{"partition": 0, "first_offset": 0, "last_offset": 0}]))

    def test_undo_brings_it_back_empty(self):
        self.serve_all()
        self.take_out()
        self.apply()
        self.drop("--yes", "clicks", "prices")
        self.apply("--undo")
        self.assert_new_and_empty()
        self.assertEqual(self.rows("SELECT sum(worth) FROM gold.priced"), [[300]])
        self.assert_verified()

    def test_without_a_server(self):
        self.serve_all()
        self.take_out()
        self.assertEqual(self.server.stop(), 0)
        # What ran last still has it.
        self.assertEqual(self.files.run("drop", "--yes", "clicks").returncode, 1)
        self.apply()
        self.assertTrue(self.drop("--yes", "clicks")["dropped"])
        self.assertEqual(self.stored("clicks"), [])
        self.declare_clicks()
        self.server = self.files.start("--port", "0")
        self.client = self.server.client()
        self.assert_new_and_empty()

    def test_what_is_read_still_is_not_dropped(self):
        self.serve_all()
        client = self.server.client()

        def read():
            try:
                client.query("SELECT count(*) FROM bronze.clicks, range(100000000000) AS r(i) WHERE i % 7 = 3")
            except (*program.Client.GONE, AttributeError):
                pass  # it was closed on the way
        reading = threading.Thread(target=read)
        reading.start()
        wait_until(lambda: "anabranch_queries_running 1" in self.client.get("/metrics").body.decode(), "the query runs")
        self.take_out()
        self.apply()
        done = self.files.run("drop", "--yes", "clicks")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("bronze.clicks is read by something that began earlier", done.stderr)
        self.assertNotEqual(self.stored("clicks"), [])
        # It is still whole, and comes back with its events.
        client.connection.sock.shutdown(socket.SHUT_RDWR)
        self.declare_clicks()
        self.declare_prices(5)
        self.apply()
        self.assertEqual(self.rows("SELECT count(*) FROM bronze.clicks"), [[101]])
        reading.join(60)
        self.take_out()
        self.apply()
        self.drop("--yes", "clicks")

    def assert_crash_is_survived(self, has_come):
        self.serve_all(clicks=2000)
        self.take_out()
        self.apply()

        def ask():
            try:
                self.server.client().post("/v1/drop", {"names": ["clicks", "prices", "gold.pages"]})
            except program.Client.GONE:
                pass
        asking = threading.Thread(target=ask)
        asking.start()
        wait_until(lambda: has_come() or not asking.is_alive(), "the moment to kill", interval=0.0002)
        self.server.kill()
        asking.join(30)
        self.server = self.files.start("--port", "0")
        self.client = self.server.client()
        self.assertEqual(self.rows("SELECT n FROM gold.total"), [[60]])
        self.assertEqual(self.client.status()["faults"], [])
        self.assertEqual(self.stored("discarded"), [])
        rest = [name for kind, name in self.named(self.drop()) if name in ("clicks", "prices", "gold.pages")]
        if rest:
            self.drop("--yes", *rest)
        self.assertEqual(self.stored("clicks") + self.stored("prices"), [])
        self.declare_clicks()
        self.apply()
        self.assert_new_and_empty()

    def test_a_crash_at_once(self):
        self.assert_crash_is_survived(lambda: True)

    def test_a_crash_between_the_manifests(self):
        known = []

        def has_come():
            now = len(list(self.files.data("lake/manifests").iterdir()))
            known.append(now)
            return now > known[0]
        self.assert_crash_is_survived(has_come)

    def test_a_crash_between_the_folders(self):
        self.assert_crash_is_survived(lambda: self.files.data("discarded").exists())

    def test_a_crash_while_files_are_removed(self):
        self.assert_crash_is_survived(lambda: self.files.data("discarded").exists() and not self.files.data("log/clicks").exists())


if __name__ == "__main__":
    program.main()
