#!/usr/bin/env python3
"""Secrets: named in a project's files, used where they are meant, and seen nowhere."""

import fcntl
import os
import pathlib
import pty
import resource
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import termios

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "scenarios"))
import program
from program import Case

MARKER = "m4rk3r-5ecret"
TARGETS = "targets:\n  office: {secrets: environment}\n  other: {secrets_file: keys/secrets}\n"
SHOP = "kind: sqlite\nfile: data/${secret:SHOP_FILE}.db\ntables:\n  customers: {table: Customers}\n"
LISTS = "kind: files\ntables:\n  lists: {path: '${secret:LISTS}/*.csv'}\n"
OF_CUSTOMERS = "SELECT c.id, c.name FROM bronze.customers AS c\n"


class SecretsTest(Case):
    def setUp(self):
        super().setUp()
        self.project = self.shop(settings=TARGETS)
        self.config = self.project.folder.parent / (self.project.folder.name + "-config")
        self.environment = {**os.environ, "XDG_CONFIG_HOME": str(self.config)}
        self.environment.pop("ANABRANCH_SECRETS_KEY", None)
        self.addCleanup(lambda: subprocess.run(["rm", "-rf", str(self.config)], check=True))
        self.project.write("sources/shop.yml", SHOP)
        self.answers = []

    def run_it(self, *arguments, code=0, input=None, **more):
        done = self.project.run(*arguments, environment={**self.environment, **more}, input=input)
        self.assertEqual(done.returncode, code, f"{arguments}: {done.stdout}{done.stderr}")
        self.answers.append(done.stdout + done.stderr)
        return done

    def set(self, name, value):
        self.run_it("secret", "set", name, input=value)

    def customers(self, file, *names):
        path = self.project.folder / "data" / f"{file}.db"
        path.unlink(missing_ok=True)
        database = sqlite3.connect(path)
        database.execute("CREATE TABLE Customers (id INTEGER, name TEXT)")
        database.executemany("INSERT INTO Customers VALUES (?, ?)", list(enumerate(names)))
        database.commit()
        database.close()

    def names(self):
        done = self.run_it("query", "--json", "SELECT name FROM bronze.customers ORDER BY id")
        return [row[0] for row in program.json.loads(done.stdout)["rows"]]

    def assert_seen_nowhere(self, marker=MARKER):
        for answer in self.answers:
            self.assertNotIn(marker, answer)
        looked_at = 0
        for folder in (self.project.data_folder, self.config):
            for path in folder.rglob("*"):
                if path.is_file():
                    looked_at += 1
                    self.assertNotIn(marker.encode(), path.read_bytes(), path)
        self.assertGreater(looked_at, 5)

    def test_what_a_secret_holds_is_used_and_seen_nowhere(self):
        self.customers(MARKER, "Ada", "Bob")
        self.set("SHOP_FILE", MARKER)
        self.project.write("models/gold/customers.sql", OF_CUSTOMERS)
        self.run_it("check")
        self.run_it("copy", "--json")
        self.assertEqual(self.names(), ["Ada", "Bob"])
        self.run_it("build")
        server = self.project.launch("--port", "0", environment=self.environment).wait_ready()
        client = server.client()
        self.project.write("sources/shop.yml", SHOP + "  c2: {table: Customers, columns: {name: varchar}}\n")
        for arguments in (["apply", "--dry-run"], ["diff"], ["apply"], ["copy"], ["status"], ["status", "--json"],
                          ["secret", "list"], ["secret", "list", "--json"], ["apply", "--undo"], ["tasks"]):
            self.run_it(*arguments)
        for route in ("/v1/status", "/v1/project", "/v1/tables", "/v1/views", "/v1/builds", "/v1/tasks", "/metrics", "/v1/openapi.json"):
            self.answers.append(repr(client.get(route)) + client.get(route).body.decode())
        # Failures of everybody who has it in hand: no table, no database, no file.
        self.project.write("sources/shop.yml", SHOP.replace("Customers", "Nothing"))
        self.run_it("apply", code=2)
        self.assertIn("data/${secret:SHOP_FILE}.db has no table Nothing", self.answers[-1])
        self.project.write("sources/shop.yml", SHOP)
        (self.project.folder / "data" / f"{MARKER}.db").write_bytes(b"x" * 5000)
        self.run_it("copy", code=2)
        self.assertIn("data/${secret:SHOP_FILE}.db is no SQLite database", self.answers[-1])
        (self.project.folder / "data" / f"{MARKER}.db").unlink()
        self.run_it("copy", code=2)
        self.assertIn("no file matches 'data/${secret:SHOP_FILE}.db'", self.answers[-1])
        (self.project.folder / "data" / f"{MARKER}.db").symlink_to("loop")
        (self.project.folder / "data" / "loop").symlink_to("loop")
        self.run_it("copy", code=2)
        self.assertIn("data/${secret:SHOP_FILE}.db: Too many levels of symbolic links", self.answers[-1])
        self.assertEqual(server.stop(), 0)
        self.answers.append(server.log)
        self.assert_seen_nowhere()

    def test_files_of_text_and_parquet_are_hidden_too(self):
        folder = self.project.folder / "data" / MARKER
        folder.mkdir(parents=True)
        (self.project.folder / "sources" / "shop.yml").unlink()
        self.project.write("sources/lists.yml", LISTS)
        self.set("LISTS", f"data/../data/{MARKER}")
        (folder / "a.csv").write_text("a,b\n1,2\n3\n")
        self.run_it("copy", "lists", code=2)
        self.assertIn("${secret:LISTS}", self.answers[-1])
        self.project.write("sources/lists.yml", LISTS.replace("csv", "parquet"))
        (folder / "a.parquet").write_bytes(b"PAR1 and no more")
        self.run_it("copy", "lists", code=2)
        (folder / "a.parquet").chmod(0)
        self.run_it("copy", "lists", code=2)
        # A folder above, as it lies on the disk, which is not how the secret writes it.
        shutil.rmtree(folder)
        folder.symlink_to("loop")
        (folder.parent / "loop").symlink_to("loop")
        self.run_it("copy", "lists", code=2)
        self.assertIn("no file matches '${secret:LISTS}/*.parquet'", self.answers[-1])
        self.assert_seen_nowhere()

    def test_a_new_value_is_used_from_the_next_copy_on(self):
        self.customers("old", "Ada")
        self.customers("new", "Bob")
        self.set("SHOP_FILE", "old\n")  # one end of line is none of the value's
        server = self.project.launch("--port", "0", environment=self.environment).wait_ready()
        self.run_it("copy")
        self.assertEqual(self.names(), ["Ada"])
        self.set("SHOP_FILE", "new")
        self.assertEqual(program.json.loads(self.run_it("apply", "--dry-run", "--json").stdout)["changes"], [], "nothing of the project changed")
        self.run_it("copy")
        self.run_it("build")
        self.assertEqual(self.names(), ["Bob"])
        self.assertEqual(server.stop(), 0)

    def test_one_that_is_missing_is_named_with_what_to_do(self):
        done = self.run_it("check")
        self.assertIn("sources/shop.yml:4:3: warning: there is no secret SHOP_FILE (give it a value: anabranch secret set SHOP_FILE)", done.stderr)
        self.run_it("copy", "shop", code=2)
        self.assertIn("anabranch secret set SHOP_FILE", self.answers[-1])
        self.run_it("secret", "remove", "SHOP_FILE", code=2)
        self.run_it("secret", "set", "no-name", input="x", code=2)
        self.run_it("secret", "set", "A", input="", code=2)
        self.set("A", "1")
        self.assertEqual([secret["name"] for secret in program.json.loads(self.run_it("secret", "list", "--json").stdout)["secrets"]], ["A"])
        self.run_it("secret", "remove", "A")
        self.assertEqual(program.json.loads(self.run_it("secret", "list", "--json").stdout)["secrets"], [])

    def test_a_secret_that_would_be_shown_is_a_mistake(self):
        self.project.write("anabranch.yml", "name: shop\ndescription: '${secret:A}'\n")
        self.run_it("check", code=2)
        self.assertIn("anabranch.yml:2:14: error: the secret A cannot stand here: this value is shown to people", self.answers[-1])

    def test_another_key_is_told_from_damage(self):
        self.set("SHOP_FILE", "old")
        self.run_it("secret", "list", code=1, ANABRANCH_SECRETS_KEY="00" * 32)
        self.assertIn("was encrypted with another key", self.answers[-1])
        key = self.config / "anabranch" / "secrets.key"
        self.assertEqual(stat.S_IMODE(key.stat().st_mode), 0o600)
        kept = key.read_text()
        key.unlink()
        self.run_it("secret", "list", code=1)
        self.assertIn("its key (id", self.answers[-1])
        self.run_it("secret", "list", ANABRANCH_SECRETS_KEY=kept)
        file = self.project.data("secrets")
        file.write_bytes(file.read_bytes()[:-1] + b"x")
        self.run_it("secret", "list", code=1, ANABRANCH_SECRETS_KEY=kept)
        self.assertIn("is damaged", self.answers[-1])

    def test_a_target_chooses_where_they_come_from(self):
        self.customers("old", "Ada")
        self.run_it("copy", "shop", "--target", "office", code=2)
        self.assertIn("ANABRANCH_SECRET_SHOP_FILE", self.answers[-1])
        self.run_it("copy", "shop", "--target", "office", ANABRANCH_SECRET_SHOP_FILE="old")
        self.run_it("secret", "set", "SHOP_FILE", "--target", "office", input="x", code=1)
        self.run_it("secret", "set", "A", "--target", "other", input="x")
        self.assertTrue((self.project.folder / "keys" / "secrets").is_file())
        self.project.write("anabranch.yml", "name: shop\ntargets:\n  a: {secrets: vault}\n")
        self.run_it("check", code=2)
        self.assertIn("anabranch.yml:3:16: error: 'secrets' cannot be 'vault' (it can be one of embedded, environment)", self.answers[-1])

    def test_a_terminal_is_asked_and_shows_nothing(self):
        ours, theirs = pty.openpty()
        process = subprocess.Popen([program.PROGRAM, "secret", "set", "A", "--project", str(self.project.folder)], stdin=theirs,
                                   stdout=theirs, stderr=theirs, env=self.environment)
        os.close(theirs)
        shown = b""
        while b"value of A: " not in shown:
            shown += os.read(ours, 100)
        os.write(ours, MARKER.encode() + b"\n")
        try:
            while part := os.read(ours, 1000):
                shown += part
        except OSError:
            pass  # the other end is closed
        os.close(ours)
        self.assertEqual(process.wait(30), 0)
        self.assertNotIn(MARKER.encode(), shown)
        self.customers(MARKER, "Ada")
        self.project.write("sources/shop.yml", SHOP.replace("SHOP_FILE", "A"))
        self.run_it("copy", "shop")
        self.assertEqual(self.names(), ["Ada"])

    def test_a_terminal_is_as_it_was_after_ctrl_c(self):
        for end in (b"\x03", b"\x1c", signal.SIGTERM, signal.SIGHUP):
            ours, theirs = pty.openpty()

            def begin():  # Ctrl-C is for whom the terminal belongs to
                os.setsid()
                fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)
                resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
                for ignored in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP):  # by who runs the tests in the background
                    signal.signal(ignored, signal.SIG_DFL)
            before = termios.tcgetattr(theirs)
            process = subprocess.Popen([program.PROGRAM, "secret", "set", "A", "--project", str(self.project.folder)], stdin=theirs,
                                       stdout=theirs, stderr=theirs, env=self.environment, preexec_fn=begin)
            shown = b""
            while b"value of A: " not in shown:
                shown += os.read(ours, 100)
            self.assertFalse(termios.tcgetattr(theirs)[3] & termios.ECHO, "what is typed is not shown")
            if isinstance(end, bytes):
                os.write(ours, b"half a val" + end)
            else:
                process.send_signal(end)
            self.assertLess(process.wait(30), 0, "it ends by the signal")
            self.assertEqual(termios.tcgetattr(theirs), before, end)
            os.close(ours)
            os.close(theirs)
        self.run_it("secret", "list")
        self.assertNotIn("A", self.answers[-1].split())


if __name__ == "__main__":
    program.main()
