#!/usr/bin/env python3
"""The program against what people and machines get wrong: broken projects, bodies, connections, commands and SQL."""

import concurrent.futures
import csv
import fcntl
import gzip
import io
import json
import os
import pathlib
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "scenarios"))
import program
from program import Case, Client, command, wait_until


def files_of(folder):
    """Every file below a folder, with size and time."""
    return {str(path.relative_to(folder)): (path.stat().st_size, path.stat().st_mtime_ns) for path in folder.rglob("*") if path.is_file()}


class BrokenProjectTest(Case):
    def broken(self):
        project = program.write_shop(self.project())
        project.write("anabranch.yml", "name: shop\nsever: {port: 80}\nlimits: {query_timeout_ms: soon}\n")
        project.write("streams/orders.yml", "fields:\n  - {name: id, type: bigintt}\non_drift: evolv\n")
        project.write("models/gold/total.sql", "SELECT count(*)\nFROM gold.by_skuu\n")
        project.write("models/gold/by_day.sql", "SELECT FROM WHERE\n")
        return project

    MISTAKES = ["anabranch.yml:2:1", "anabranch.yml:3:28", "streams/orders.yml:2:22", "streams/orders.yml:3:11",
                "models/gold/total.sql:2:6", "models/gold/by_day.sql:1:"]

    def test_all_mistakes_at_once_each_with_its_place(self):
        project = self.broken()
        for arguments in (["check"], ["up", "--port", "0"], ["query", "SELECT 1"], ["build"], ["status"]):
            done = project.run(*arguments)
            self.assertEqual(done.returncode, 2, f"{arguments}: {done.stderr}")
            self.assertEqual(done.stdout, "", arguments)
            for place in self.MISTAKES:
                self.assertIn(place, done.stderr, arguments)
        self.assertIn("6 mistakes", project.run("check").stderr)
        self.assertFalse(project.data("lock").exists(), "a broken project was opened")

    def test_mistakes_as_json(self):
        done = self.broken().run("check", "--json")
        self.assertEqual(done.returncode, 2)
        document = json.loads(done.stdout)
        problems = document["problems"] if isinstance(document, dict) else document
        text = [f"{problem['file']}:{problem['line']}:{problem['column']}" for problem in problems]
        for place in self.MISTAKES:
            self.assertTrue(any(there.startswith(place) for there in text), f"{place} is not among {text}")

    def test_unreadable_yaml(self):
        for text in ("name: [shop\n", "name: shop\n\tport: 1\n", "\x00\x01\x02", "name: shop\nname: two\n", "- a\n- b\n", "", "name: \"sho\n"):
            project = self.project(f"p{len(self.projects)}")
            project.folder.joinpath("anabranch.yml").write_text(text)
            done = project.run("check")
            self.assertEqual(done.returncode, 2, f"{text!r}: {done.stderr}")
            self.assertRegex(done.stderr, r"anabranch\.yml(:\d+:\d+)?: error: ", repr(text))
        project.folder.joinpath("anabranch.yml").write_bytes(b"name: sh\xff\xfeop\n")
        self.assertEqual(project.run("check").returncode, 2)
        project.folder.joinpath("anabranch.yml").unlink()
        project.folder.joinpath("anabranch.yml").mkdir()
        self.assertEqual(project.run("check").returncode, 2)

    def test_no_project(self):
        done = command("status", folder=self.folder)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("anabranch.yml", done.stderr)
        self.assertEqual(command("status", "--project", str(self.folder / "nowhere")).returncode, 2)

    def test_unknown_column_in_a_model(self):
        project = self.shop()
        project.write("models/gold/total.sql", "SELECT\n  count(*) AS orders,\n  sum(amuont) AS amount\nFROM bronze.orders\n")
        done = project.run("check")
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertIn("models/gold/total.sql:3:", done.stderr)
        self.assertIn("amuont", done.stderr)
        # The others are answered all the same.
        server = project.start()
        self.assertIn("fault: gold.total: gold.total cannot be read: models/gold/total.sql:3:", server.log)
        self.assertEqual(server.client().query("SELECT * FROM gold.total").code, "bad_sql")
        self.assertEqual(server.client().row("SELECT count(*) FROM gold.by_sku"), [0])

    def test_table_never_copied(self):
        project = program.write_shop(self.project())
        server = project.start()
        answer = server.client().query("SELECT * FROM bronze.prices")
        self.assertEqual(answer.status, 400, answer)
        self.assertIn("copy", answer.json["detail"] + answer.json.get("hint", ""))
        self.assertEqual(server.client().send("orders", [{"id": 1, "client": 1, "sku": "sku0", "amount": 2}]).status, 200)
        project.json("copy")  # now the views come to life
        client = server.client()
        self.assertEqual(client.rows("SELECT sku, orders, worth FROM gold.by_sku", min_offset={"orders": 0}), [["sku0", 1, 2]])
        self.check_verify(project)


class CommandLineTest(Case):
    def test_exit_codes_of_usage(self):
        project = self.shop()
        for arguments, code in ((["--help"], 0), (["--version"], 0), (["query", "--help"], 0), ([], 2), (["frobnicate"], 2), (["query"], 2),
                                (["up", "--port", "70000"], 2), (["up", "--port", "http"], 2), (["query", "--format", "xml", "SELECT 1"], 2),
                                (["query", "SELECT 1", "SELECT 2"], 2), (["completion", "tcsh"], 2), (["completion", "bash"], 0),
                                (["init"], 2), (["init", str(project.folder)], 2), (["init", "--example", "nothing", str(self.folder / "x")], 2)):
            done = command(*arguments, folder=project.folder)
            self.assertEqual(done.returncode, code, f"{arguments}: {done.stdout}{done.stderr}")
            if code == 0:
                self.assertNotEqual(done.stdout, "")
            else:
                self.assertNotEqual(done.stderr, "", f"{arguments}: nothing is said")
        for arguments, code in ((["query", "SELECT 1"], 0), (["query", "SELECT nothing"], 1), (["query", "SELEC"], 1), (["query", "COPY x TO 'y'"], 1),
                                (["explain", "gold.nothing"], 2), (["verify", "gold.nothing"], 2), (["build", "gold.nothing"], 2), (["copy", "nothing"], 2),
                                (["ingest", "nothing", "data/prices.csv"], 2), (["ingest", "orders", "data/nothing.csv"], 2),
                                (["ingest", "orders", "-", "--format", "parquet"], 2)):
            done = command(*arguments, folder=project.folder)
            self.assertEqual(done.returncode, code, f"{arguments}: {done.stdout}{done.stderr}")
            if code != 0:
                self.assertRegex(done.stderr, "error: .", str(arguments))
                as_json = command(*arguments, "--json", folder=project.folder)
                self.assertEqual(as_json.returncode, code)
                self.assertIn("error", json.loads(as_json.stdout), str(arguments))

    def commands_work(self, project, events_before):
        line = '{"id": 1, "client": 1, "sku": "sku1", "amount": 5}\nnot json\n'
        taken = project.run("ingest", "orders", "-", "--json", input=line)
        self.assertEqual(taken.returncode, 0, taken.stderr)
        self.assertEqual(json.loads(taken.stdout), {"stream": "orders", "accepted": 1, "quarantined": 1,
                                                    "parts_taken_before": 0, "ranges": [{"partition": 0, "first_offset": events_before, "last_offset": events_before}]})
        project.write("more.csv", "id,client,sku,amount\n2,2,\"sku2\",7\n3,2,sku3,\n")
        self.assertEqual((project.json("ingest", "orders", str(project.folder / "more.csv"))["accepted"]), 1)
        events = events_before + 2
        self.assertFalse(project.json("copy")["tables"][0]["changed"])
        build = project.json("build")
        self.assertEqual((build["state"], build["cutoff"]), ("published", {"orders": [events]}))
        answer = project.json("query", "SELECT orders FROM gold.total")
        self.assertEqual((answer["rows"], answer["build"]), ([[events]], build["id"]))
        self.assertEqual(project.json("explain", "gold.total")["name"], "gold.total")
        status = project.json("status")
        self.assertEqual((status["build"]["id"], status["streams"][0]["durable_offsets"]), (build["id"], [events]))
        self.check_verify(project)
        self.assertEqual(len(project.json("verify", "gold.total", "gold.by_sku")["results"]), 2)
        project.json("check")
        for arguments in (["copy"], ["build"], ["query", "FROM gold.total"], ["explain", "gold.total"], ["explain", "gold.newest_by_client"],
                          ["status"], ["verify"], ["check"]):  # and for people
            done = project.run(*arguments)
            self.assertEqual(done.returncode, 0, f"{arguments}: {done.stderr}")
            self.assertGreater(len(done.stdout), 10, arguments)
            self.assertNotIn("\x1b", done.stdout + done.stderr, "colours where there is no terminal")
        return build["id"]

    def test_commands_without_a_server_and_through_one(self):
        project = self.shop()
        self.commands_work(project, 0)
        server = project.start()
        build = self.commands_work(project, 2)
        # It was the server that did it.
        client = server.client()
        self.assertIn(build, [run["id"] for run in client.get("/v1/builds").json["builds"]])
        self.assertEqual(client.row("SELECT orders FROM gold.total"), [4])
        self.assertEqual(server.stop(), 0)
        self.assertEqual(project.json("query", "SELECT orders FROM gold.total")["rows"], [[4]])

    def test_commands_side_by_side_without_a_server(self):
        project = self.shop()
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for done in pool.map(lambda number: project.run("query", f"SELECT {number} AS n", "--json"), range(12)):
                # One holds the project; the others go through it, or say that they cannot.
                self.assertIn(done.returncode, (0, 1), done.stdout + done.stderr)
                document = json.loads(done.stdout)
                if done.returncode == 1:
                    self.assertNotEqual(document["error"], "", "an error without words")
        self.assertEqual(project.run("query", "SELECT 1").returncode, 0)

    def test_port_in_use(self):
        project = self.shop()
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            server = project.launch("--port", str(port))
            self.assertEqual(server.process.wait(60), 1, server.log)
        self.assertIn(str(port), server.log)
        self.assertRegex(server.log, "in use")
        self.assertEqual(project.start("--port", str(port)).stop(), 0)

    def test_second_server_on_the_same_project(self):
        for settings in ("", "data_folder: elsewhere\n"):
            project = program.write_shop(self.project(f"shop{len(self.projects)}"), settings=settings)
            if settings:
                project.data_folder = project.folder / "elsewhere"
            project.json("copy")
            first = project.start()
            second = project.launch("--port", "0")
            self.assertEqual(second.process.wait(60), 1, second.log)
            self.assertIn(f"process {first.pid}", second.log)
            self.assertIn(f"http://127.0.0.1:{first.port}/", second.log)
            self.assertEqual(first.client().get("/readyz").status, 200)
            self.assertEqual(project.json("query", "SELECT 1 AS n")["rows"], [[1]])
            self.assertEqual(first.stop(), 0)
            self.assertEqual(project.start().stop(), 0)

    def test_a_held_lock_is_an_error_with_words(self):
        project = self.shop()
        with open(project.data("lock"), "r+") as lock:
            lock.truncate(0)
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # as one who has not yet said who it is
            for arguments in (["up", "--port", "0"], ["query", "SELECT 1"]):
                done = project.run(*arguments, seconds=60)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertRegex(done.stderr, r"error:( conflict:)? \w+", str(arguments))
        self.assertEqual(project.run("query", "SELECT 1").returncode, 0)

    def test_other_addresses_need_insecure(self):
        done = self.shop().run("up", "--host", "0.0.0.0", "--port", "0", seconds=60)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("--insecure", done.stderr)

    def test_folder_that_cannot_be_written(self):
        project = self.shop(settings=f"data_folder: {self.folder / 'data'}\n")
        data = self.folder / "data"
        project.data_folder = data
        if os.geteuid() == 0:  # permissions do not stop root; a mount does
            mounted = subprocess.run(["mount", "--bind", str(data), str(data)], capture_output=True, text=True)
            if mounted.returncode != 0:
                self.skipTest(f"cannot mount here: {mounted.stderr.strip()}")
            self.addCleanup(subprocess.run, ["umount", str(data)], check=True)
            subprocess.run(["mount", "-o", "remount,bind,ro", str(data)], check=True)
        else:
            for path in [data, *data.rglob("*")]:
                path.chmod(0o555 if path.is_dir() else 0o444)
                self.addCleanup(path.chmod, 0o755)
        for arguments in (["up", "--port", "0"], ["query", "SELECT 1"], ["build"]):
            done = project.run(*arguments, seconds=60)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn(str(data), done.stderr)
            self.assertRegex(done.stderr, "(?i)read-only|permission denied")

    def test_no_color(self):
        project = self.shop()
        server = project.start()
        colour = re.compile(r"\x1b\[[0-9;]*m")

        def on_terminal(*arguments, **environment):
            """What a command prints when both of its outputs are a terminal."""
            main, side = pty.openpty()
            process = subprocess.Popen([program.PROGRAM, *arguments, "--project", str(project.folder)], stdin=subprocess.DEVNULL, stdout=side,
                                       stderr=side, env={**{name: value for name, value in os.environ.items() if name != "NO_COLOR"},
                                                         "TERM": "xterm-256color", **environment})
            os.close(side)
            text = b""
            while select.select([main], [], [], 60)[0]:
                try:
                    piece = os.read(main, 65536)
                except OSError:  # the other side is closed
                    break
                if not piece:
                    break
                text += piece
            os.close(main)
            process.wait(60)
            return text.decode(errors="replace")

        for arguments in (["status"], ["query", "FROM gold.total"], ["verify", "gold.total"], ["query", "SELEC"], ["build"]):
            self.assertRegex(on_terminal(*arguments), colour, str(arguments))
            self.assertNotRegex(on_terminal(*arguments, NO_COLOR="1"), colour, str(arguments))
            self.assertNotRegex(on_terminal(*arguments, TERM="dumb"), colour, str(arguments))
        self.assertEqual(server.stop(), 0)

    def test_sigterm_stops_in_peace_and_keeps_what_was_acknowledged(self):
        project = self.shop()
        acknowledged = {}
        for signal_number in (signal.SIGTERM, signal.SIGINT):
            server = project.start()
            self.assertTrue(project.data("server.json").exists())

            def load(number, port=server.port):
                client, id = Client(port), (signal_number * 10 + number) * 1_000_000
                while True:
                    try:
                        answer = client.send("orders", [program.order(id, number, self.rng)])
                    except Client.GONE:
                        return
                    if answer.status != 200:
                        self.assertEqual((answer.status, answer.code), (503, "unavailable"), answer)
                        return
                    acknowledged[id] = answer.json["ranges"][0]["first_offset"]
                    id += 1
            before = len(acknowledged)
            clients = [self.in_thread(load, number) for number in range(3)]
            wait_until(lambda: len(acknowledged) > before + 50, "events arrive")
            building = self.in_thread(lambda: Client(server.port).post("/v1/builds", {}))
            wait_until(lambda: server.children() or not building.is_running(), "a build runs")
            self.assertEqual(server.stop(signal_number), 0, server.log)
            for client in clients:
                client.join()
            try:
                self.assertIn(building.join().status, (200, 503))
            except Client.GONE:
                pass
            self.assertFalse(project.data("server.json").exists())
            answer = project.json("query", "SELECT id, _offset FROM bronze.orders ORDER BY _offset")
            stored = dict(answer["rows"])
            self.assertEqual([offset for _, offset in answer["rows"]], list(range(len(stored))))
            self.assertEqual({id: stored.get(id) for id in acknowledged}, acknowledged)
        self.check_verify(project)

    def test_nobody_reads_what_the_server_prints(self):
        project = self.shop()
        read, write = os.pipe()
        server = project.launch(output=write)
        os.close(write)
        server.wait_ready()
        os.close(read)
        client = server.client()
        self.assertEqual(client.send("orders", [program.order(1, 1, self.rng)]).status, 200)
        building = self.in_thread(lambda: Client(server.port).post("/v1/builds", {}))
        child = wait_until(lambda: server.children() or not building.is_running(), "a build runs")
        if child is not True and server.kill_child(child[0]):  # an error for the log
            self.assertIn(building.join().status, (200, 500))
        self.assertEqual(client.get("/readyz").status, 200)
        self.assertEqual(server.stop(), 0)
        self.assertFalse(project.data("server.json").exists())

    def test_query_formats(self):
        project = self.shop()
        server = project.start()
        client = server.client()
        events = [program.order(number, 1, self.rng, code=code) for number, code in enumerate(["plain", "with, comma", "with \"quotes\"", "two\nlines", "", None, "ünï çødé"])]
        self.assertEqual(client.send("orders", events).status, 200)
        self.wait_applied(client)
        sql = "SELECT id, client, sku, amount, code, happened_at FROM bronze.orders ORDER BY id"
        expected = [[event["id"], 1, event["sku"], event["amount"], event["code"], event["happened_at"]] for event in events]
        rows = project.json("query", sql)["rows"]
        self.assertEqual([row[:5] for row in rows], [row[:5] for row in expected])
        table = project.run("query", sql)
        self.assertEqual(table.returncode, 0)
        self.assertIn("happened_at", table.stdout)
        self.assertIn("ünï çødé", table.stdout)
        as_csv = project.run("query", sql, "--format", "csv").stdout
        parsed = list(csv.reader(io.StringIO(as_csv, newline="")))
        self.assertEqual(parsed[0], ["id", "client", "sku", "amount", "code", "happened_at"])
        self.assertEqual([row[4] for row in parsed[1:]], [event["code"] or "" for event in events])
        self.assertRegex(as_csv, r"\r?\n4,1,sku\d,-?\d+,\"\",")   # the empty text
        self.assertRegex(as_csv, r"\r?\n5,1,sku\d,-?\d+,,")       # NULL
        for format in ("table", "csv", "json", "arrow", "parquet"):
            out = self.folder / f"out.{format}"
            done = project.run("query", sql, "--format", format, "-o", str(out))
            self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)
            self.assertGreater(out.stat().st_size, 100)
        self.assertEqual((self.folder / "out.csv").read_bytes().decode().splitlines(), as_csv.splitlines())
        self.assertEqual(json.loads((self.folder / "out.json").read_text())["rows"], rows)
        self.assertEqual(project.run("query", sql, "--format", "parquet").returncode, 2)
        self.assertNotEqual(project.run("query", sql, "--format", "parquet", "-o", str(self.folder / "no" / "such" / "folder")).returncode, 0)
        self.assertEqual([path.name for path in self.folder.iterdir() if ".tmp" in path.name], [])
        # The Parquet file, taken in by another project, gives the same rows.
        parquet = (self.folder / "out.parquet").read_bytes()
        self.assertEqual((parquet[:4], parquet[-4:]), (b"PAR1", b"PAR1"))
        other = self.shop("other")
        self.assertEqual(other.json("ingest", "orders", str(self.folder / "out.parquet"))["accepted"], len(events))
        self.assertEqual(other.json("query", sql)["rows"], rows)
        types = {"b": "true", "i": "-5::TINYINT", "h": "99999999999999999999999999999999999999::HUGEINT", "d": "0.1::DOUBLE", "m": "1.10::DECIMAL(9,2)",
                 "t": "TIMESTAMP '2026-01-02 03:04:05.678901'", "day": "DATE '2026-01-02'", "l": "[1, 2, NULL]", "s": "{'a': 1, 'b': 'x'}", "n": "NULL::INTEGER"}
        every = "SELECT " + ", ".join(f"{value} AS {name}" for name, value in types.items())
        done = project.run("query", every, "--format", "parquet", "-o", str(self.folder / "types.parquet"))
        self.assertEqual(done.returncode, 0, done.stderr)
        done = project.run("query", "SELECT 170141183460469231731687303715884105727 AS h", "--format", "parquet", "-o", str(self.folder / "huge.parquet"))
        self.assertEqual(done.returncode, 1, "39 digits")
        self.assertIn("DECIMAL(38,0)", done.stderr)
        self.assertFalse((self.folder / "huge.parquet").exists())
        empty = project.run("query", "SELECT * FROM bronze.orders WHERE id < 0", "--format", "parquet", "-o", str(self.folder / "empty.parquet"))
        self.assertEqual(empty.returncode, 0, empty.stderr)
        self.assertEqual((self.folder / "empty.parquet").read_bytes()[:4], b"PAR1")
        taken = other.json("ingest", "orders", str(self.folder / "empty.parquet"))
        self.assertEqual((taken["accepted"], taken["quarantined"]), (0, 0), "a file without rows is no mistake")
        self.assertEqual(other.json("query", "SELECT count(*) FROM bronze.orders")["rows"], [[len(events)]])
        bulk = list(other.data("log/orders/0/bulk").iterdir())
        self.assertEqual(len(bulk), 1, f"one file came in with rows: {bulk}")


class RightAfterIngestTest(Case):
    def test_query_and_build_include_what_was_acknowledged(self):
        project = self.shop()
        server = project.start()
        client = server.client()
        at_once = 100_000  # several ticks' worth
        for turn in range(1, 4):
            lines = "".join(json.dumps({"id": turn * at_once + i, "client": 1, "sku": "sku0", "amount": 1}) + "\n" for i in range(at_once))
            self.assertEqual(client.send("orders", lines).status, 200)
            if turn == 2:
                self.assertEqual(project.json("build")["cutoff"]["orders"], [turn * at_once])
            else:
                self.assertEqual(project.json("query", "SELECT count(*) FROM bronze.orders")["rows"], [[turn * at_once]])

    def test_a_view_that_fails_does_not_stop_the_build(self):
        project = self.shop()
        project.write("models/gold/largest.sql", "SELECT max(code)::integer AS largest FROM bronze.orders\n")
        server = project.start()
        log = project.data("lake/gold/largest/_delta_log")
        for id, code in enumerate(("5", "x")):
            self.assertEqual(server.client().send("orders", [{"id": id, "client": 1, "sku": "sku0", "amount": 2, "code": code}]).status, 200)
            done = project.run("build")
            self.assertEqual(len(list(log.glob("*.json"))), 1, "other readers keep the result of the first build")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("published", done.stdout)
        self.assertRegex(done.stderr, r"warning: gold\.largest: Could not convert string 'x'")
        answer = server.client().get("/v1/builds").json["builds"][0]
        self.assertEqual([warning["view"] for warning in answer["warnings"]], ["gold.largest"])
        self.assertEqual(project.run("query", "SELECT * FROM gold.largest").returncode, 1)
        self.assertEqual(project.run("query", "SELECT * FROM gold.by_sku").returncode, 0)
        self.assertEqual(len(list(project.data("lake/gold/by_sku/_delta_log").glob("*.json"))), 2)
        self.assertEqual(len(list(project.data("lake/gold/largest").glob("*.parquet"))), 1)
        self.assertEqual(project.run("verify").returncode, 0)
        self.assertEqual(server.stop(), 0)
        project.start()
        self.assertEqual(project.run("query", "SELECT * FROM gold.largest").returncode, 1)
        self.assertEqual(len(list(log.glob("*.json"))), 1)


class BadRequestTest(Case):
    def serve(self, settings="limits: {body_bytes_max: 65536, query_timeout_ms: 5000, query_memory_bytes: 64MiB}\n"):
        self.shop_project = self.shop(settings=settings)
        self.server = self.shop_project.start()
        return self.server.client()

    def raw(self, data, half_close=True):
        """Bytes on the port; what came back until the server closed, or b'' after a while."""
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=20) as connection:
            answer = b""
            try:
                connection.sendall(data)
                if half_close:
                    connection.shutdown(socket.SHUT_WR)
                while piece := connection.recv(65536):
                    answer += piece
            except (ConnectionError, socket.timeout):
                pass
            return answer

    def test_events_that_cannot_be_taken(self):
        client = self.serve()
        good = '{"id": 1, "client": 1, "sku": "sku0", "amount": 1}'
        for path, body, headers, status, code in (
                ("/v1/streams/nothing/events", good, {}, 404, "unknown_stream"),
                ("/v1/streams/%2e%2e/events", good, {}, 404, "unknown_stream"),
                ("/v1/streams/orders/events", "x" * 65537, {}, 413, "too_large"),
                ("/v1/streams/orders/events", gzip.compress(b" " * 10_000_000), {"Content-Encoding": "gzip"}, 413, "too_large"),
                ("/v1/streams/orders/events", b"\x1f\x8bnot gzip", {"Content-Encoding": "gzip"}, 400, "bad_request"),
                ("/v1/streams/orders/events", gzip.compress(good.encode())[:-9], {"Content-Encoding": "gzip"}, 400, "bad_request"),
                ("/v1/streams/orders/events", good, {"Content-Encoding": "br"}, 400, "bad_request"),
                ("/v1/streams/orders/events", good, {"Content-Type": "text/yaml"}, 400, "bad_request"),
                ("/v1/streams/orders/events?dry=1", good, {}, 400, "bad_request"),
                ("/v1/query", "not json", {}, 400, "bad_request"),
                ("/v1/query", "[1]", {}, 400, "bad_request"),
                ("/v1/query", "{}", {}, 400, "bad_request"),
                ("/v1/query", '{"sql": 5}', {}, 400, "bad_request"),
                ("/v1/query", '{"sql": "SELECT 1", "timout_ms": 5}', {}, 400, "bad_request"),
                ("/v1/query", '{"sql": "SELECT 1", "timeout_ms": -5}', {}, 400, "bad_request"),
                ("/v1/query", '{"sql": "SELECT 1", "timeout_ms": 1e99}', {}, 400, "bad_request"),
                ("/v1/query", '{"sql": "SELECT 1", "min_offset": {"nothing": 1}}', {}, 404, "unknown_stream"),
                ("/v1/query", '{"sql": "SELECT 1", "min_offset": {"orders": [1, 2]}}', {}, 400, "bad_request"),
                ("/v1/query", '{"sql": "SELECT 1", "min_offset": {"orders": 1e30}}', {}, 400, "bad_request"),
                ("/v1/query", '{"sql": "SELECT 1", "min_offset": {"orders": 9223372036854775807}}', {}, 400, "bad_request"),
                ("/v1/query", '{"sql": "SELECT 1", "format": "xml"}', {}, 400, "bad_request"),
                ("/v1/query", """{"sql": "SELECT list_sort([1], 'x')"}""", {}, 400, "bad_sql"),
                ("/v1/query", '{"sql": ' + "[" * 30_000, {}, 400, "bad_request"),
                ("/v1/builds", '{"views": ["gold.nothing"]}', {}, 404, "unknown_view"),
                ("/v1/verify", '{"views": ["gold.nothing"]}', {}, 404, "unknown_view"),
                ("/v1/copy", '{"sources": ["nothing"]}', {}, 404, "not_found"),
                ("/v1/nothing", "{}", {}, 404, "not_found")):
            answer = client.request("POST", path, body, {"Content-Type": "application/x-ndjson" if "events" in path else "application/json", **headers})
            self.assertEqual((answer.status, answer.code), (status, code), f"{path} {body[:60]!r}: {answer!r}")
            self.assertNotIn(str(self.folder), answer.body.decode(), "an answer names the server's folders")
        for path, status, code in (("/v1/views/gold.nothing", 404, "unknown_view"), ("/v1/views/gold.nothing/rows", 404, "unknown_view"),
                                   ("/v1/views/gold.nothing/errors", 404, "unknown_view"), ("/v1/quarantine?stream=nothing", 404, None),
                                   ("/v1/quarantine?after=orders/0/99/0", None, None), ("/v1/quarantine?after=x", 400, "bad_request"),
                                   ("/v1/builds?limit=0", 400, "bad_request"), ("/v1/views/gold.total/rows?min_offset=orders:9223372036854775807", 400, "bad_request"), ("/v1/views/gold.total/rows?limit=-1", 400, "bad_request"),
                                   ("/../../etc/passwd", None, None), ("/%2e%2e/%2e%2e/etc/passwd", None, None)):
            answer = client.get(path)
            if status:
                self.assertEqual(answer.status, status, f"{path}: {answer!r}")
            if code:
                self.assertEqual(answer.code, code, f"{path}: {answer!r}")
            self.assertLess(answer.status, 500, f"{path}: {answer!r}")
            self.assertNotIn(b"root:", answer.body)
        self.assertEqual(client.request("DELETE", "/v1/query").status, 405)
        self.assertEqual(client.get("/v1/streams/orders/events").status, 405)
        self.assertEqual(client.status()["streams"][0]["durable_offsets"], [0])

    def test_events_of_a_wrong_type_are_put_aside_with_a_reason(self):
        client = self.serve()
        answer = client.send("orders", '{"id": "x", "client": 1, "sku": "a", "amount": 1}\n{"id": 2, "client": 1, "sku": "sku0", "amount": 1.5}\n\xff\n'.encode("latin-1"))
        self.assertEqual((answer.status, answer.json["accepted"], answer.json["quarantined"], answer.json["ranges"]), (200, 0, 3, []))
        first, second, third = client.get("/v1/quarantine?stream=orders").json["entries"]
        self.assertRegex(first["reason"], "line 1.*id")
        self.assertRegex(second["reason"], "line 2.*amount")
        self.assertEqual(third["raw_base64"], "/w==")

    def test_half_a_body_and_rubbish_on_the_port(self):
        client = self.serve()
        events = "".join(json.dumps(program.order(id, 1, self.rng)) + "\n" for id in range(10)).encode()
        head = b"POST /v1/streams/orders/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-ndjson\r\n"
        for data in (head + b"Content-Length: %d\r\n\r\n" % (len(events) + 50) + events,
                     head + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(events) + events + b"\r\n",
                     head + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + events,
                     head + b"Content-Length: -5\r\n\r\n" + events,
                     head + b"Content-Length: 99999999999999999999\r\n\r\n" + events,
                     head + b"Content-Length: 10\r\nContent-Length: 20\r\n\r\n" + events,
                     head + b"Content-Length: 10\r\nTransfer-Encoding: chunked\r\n\r\n" + events,
                     head + b"X: " + b"y" * 1_000_000 + b"\r\n\r\n",
                     head,
                     b"POST /v1/streams/orders/events HTTP/9.9\r\n\r\n", b"\r\n\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n" * 3,
                     b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),  # a TLS greeting
                     b"\x00\x00\x00\x08\x04\xd2\x16\x2f", b"\x00" * 10_000, b"\n" * 10_000):
            self.raw(data)
            self.assertEqual(client.get("/healthz").status, 200, data[:80])
        for _ in range(program.rounds(50)):
            self.raw(self.rng.randbytes(self.rng.randrange(1, 3000)))
        # Cut at random places: stored as a whole or not at all, and then not, as no answer was given.
        whole = head + b"Content-Length: %d\r\n\r\n" % len(events) + events
        for _ in range(program.rounds(50)):
            self.raw(whole[:self.rng.randrange(1, len(whole) - 1)])
        self.assertTrue(self.server.is_running(), self.server.log)
        self.assertEqual(client.status()["streams"][0]["durable_offsets"], [0])
        # Open connections that say nothing keep nobody else out.
        silent = [socket.create_connection(("127.0.0.1", self.server.port)) for _ in range(200)]
        self.assertEqual(self.server.client().send("orders", events).status, 200)
        for connection in silent:
            connection.close()
        self.wait_applied(client)
        self.assertEqual(client.row("SELECT orders FROM gold.total"), [10])

    REFUSED = [
        "COPY bronze.orders TO '{folder}/stolen.csv'", "COPY (SELECT 1) TO '{folder}/stolen.parquet' (FORMAT parquet)", "COPY bronze.orders FROM '/etc/passwd'",
        "EXPORT DATABASE '{folder}/stolen'", "IMPORT DATABASE '{folder}'", "ATTACH '{folder}/new.duckdb' AS a", "ATTACH ':memory:' AS a", "DETACH memory",
        "CREATE TABLE x AS SELECT 1", "CREATE TEMP TABLE x (a INTEGER)", "CREATE VIEW x AS SELECT 1", "CREATE OR REPLACE MACRO sum(a) AS 1", "CREATE SCHEMA s",
        "CREATE SEQUENCE q", "CREATE TYPE y AS ENUM ('a')", "CREATE SECRET (TYPE s3)", "DROP TABLE epoch", "DROP VIEW IF EXISTS x", "ALTER TABLE epoch ADD COLUMN a INTEGER",
        "INSERT INTO epoch VALUES (1)", "INSERT INTO bronze.orders VALUES (1)", "UPDATE epoch SET number = 99", "DELETE FROM epoch", "TRUNCATE epoch",
        "PRAGMA database_list", "PRAGMA version", "SET memory_limit = '1KB'", "SET enable_external_access = true", "SET VARIABLE x = 1", "RESET memory_limit", "USE memory",
        "INSTALL httpfs", "LOAD httpfs", "LOAD '{folder}/evil.duckdb_extension'", "CALL pragma_version()", "CALL duckdb_settings()", "CHECKPOINT", "FORCE CHECKPOINT", "VACUUM", "ANALYZE",
        "BEGIN", "COMMIT", "ROLLBACK", "PREPARE p AS SELECT 1", "EXECUTE p", "DEALLOCATE p", "EXPLAIN SELECT 1", "EXPLAIN ANALYZE SELECT 1", "SHOW TABLES", "SHOW ALL TABLES",
        "SELECT 1; SELECT 2", "SELECT 1; DROP TABLE epoch", "SELECT 1;COPY (SELECT 1) TO '{folder}/stolen.csv'", "SELECT 1;;SELECT 2", "/* SELECT 1 */ DROP TABLE epoch",
        "SELECT 1 /* ; */; DROP TABLE epoch", "-- SELECT 1\nDROP TABLE epoch", "SELECT 1 --\n; DROP TABLE epoch", "SELECT ';'; DROP TABLE epoch", "", ";", "  ", "--", "/*",
        "WITH x AS (DELETE FROM epoch RETURNING *) SELECT * FROM x", "WITH x AS (INSERT INTO epoch VALUES (1) RETURNING *) FROM x",
        "SELECT * FROM read_csv('/etc/passwd')", "SELECT * FROM read_csv_auto('/etc/passwd')", "SELECT * FROM sniff_csv('/etc/passwd')", "SELECT * FROM read_parquet('{data}/**/*.parquet')",
        "SELECT * FROM parquet_scan('{data}/**/*.parquet')", "SELECT * FROM parquet_metadata('{data}/**/*.parquet')", "SELECT * FROM parquet_schema('{data}/**/*.parquet')",
        "SELECT * FROM read_text('/etc/passwd')", "SELECT * FROM read_blob('/etc/passwd')", "SELECT * FROM read_json('/etc/passwd')", "SELECT * FROM read_json_objects('/etc/passwd')",
        "SELECT * FROM read_ndjson_auto('/etc/passwd')", "SELECT * FROM glob('/*')", "SELECT * FROM '/etc/passwd'", "SELECT * FROM 'file.csv'", "SELECT * FROM \"file.csv\"",
        "SELECT * FROM '{project}/data/prices.csv'", "FROM '{data}/lake/bronze/prices/*.parquet'", "SELECT * FROM \"{data}/catalog.db\"",
        "SELECT * FROM 'store://{stored}'", "SELECT * FROM \"store://{stored}\"", "SELECT * FROM read_parquet('store://{stored}')", "SELECT * FROM parquet_metadata('store://{stored}')",
        "SELECT * FROM read_blob('store://{stored}')", "ATTACH 'store://serving/new.duckdb' AS a", "COPY (SELECT 1) TO 'store://lake/stolen.parquet'", "COPY bronze.orders TO 'store://{stored}'",
        "SELECT (SELECT content FROM read_text('/etc/passwd'))", "SELECT * FROM bronze.orders WHERE sku IN (SELECT content FROM read_text('/etc/passwd'))",
        "WITH t AS (SELECT * FROM read_text('/etc/passwd')) SELECT * FROM t", "SELECT 1 UNION ALL SELECT count(*) FROM glob('/*')",
        "SELECT * FROM bronze.orders, LATERAL (SELECT * FROM read_text('/etc/passwd'))", "SELECT [x.content FOR x IN (SELECT list(t) FROM read_text('/etc/passwd') t)]",
        "SELECT 1 ORDER BY (SELECT count(*) FROM glob('/*'))", "SELECT 1 LIMIT (SELECT count(*) FROM glob('/*'))", "SELECT count(*) FILTER (WHERE getenv('HOME') = '') FROM bronze.orders",
        "SELECT sum(1) OVER (ORDER BY getenv('HOME'))", "SELECT list_transform([1], x -> getenv('HOME'))", "VALUES (getenv('HOME'))",
        "SELECT * FROM duckdb_settings()", "SELECT * FROM duckdb_tables()", "SELECT * FROM duckdb_databases()", "SELECT * FROM duckdb_secrets()", "SELECT * FROM duckdb_functions()",
        "SELECT * FROM pragma_table_info('epoch')", "SELECT * FROM pragma_database_list()", "SELECT * FROM information_schema.tables", "SELECT * FROM pg_catalog.pg_tables", "SELECT * FROM sqlite_master",
        "SELECT * FROM duckdb_tables", "SELECT * FROM epoch", "SELECT * FROM main.epoch", "SELECT * FROM memory.main.epoch", "SELECT * FROM \"memory\".\"main\".\"epoch\"", "SELECT * FROM log_orders_v1(0, 10)",
        "SELECT getenv('HOME')", "SELECT GETENV('HOME')", "SELECT \"getenv\"('HOME')", "SELECT main.getenv('HOME')", "SELECT system.main.getenv('HOME')", "SELECT 'HOME'.getenv()", "SELECT current_setting('memory_limit')",
        "SELECT * FROM query('SELECT 1')", "SELECT * FROM query_table('epoch')", "SELECT * FROM json_execute_serialized_sql('x')", "SELECT json_serialize_sql('SELECT 1')", "SELECT getvariable('x')",
        "SELECT nextval('q')", "SELECT currval('q')", "SELECT txid_current()", "SELECT write_log('x')", "SELECT add_parquet_key('a', 'b')", "SELECT * FROM checkpoint()", "SELECT * FROM force_checkpoint()",
        "SELECT * FROM enable_logging()", "SELECT * FROM enable_profiling()", "SELECT * FROM which_secret('a', 'b')", "SELECT $1", "SELECT ?", "SELECT $name", "SELECT in_search_path('memory', 'main')",
        "DESCRIBE epoch", "SUMMARIZE epoch", "SHOW epoch", "TABLE epoch", "FROM (DESCRIBE epoch)", "FROM (SHOW TABLES)", "FROM (SUMMARIZE epoch)", "PIVOT epoch ON number USING sum(number)",
        "SELECT * FROM gold.nothing", "SELECT * FROM nothing", "SELECT nothing FROM bronze.orders", "SELECT nothing(1)", "SELECT * FROM bronze.orders AS OF 5", "SELECT * FROM a.b.c.d",
        "SELECT * FROM bronze.orders AT (VERSION => 1)", "SELECT FROM", "MERGE INTO epoch USING epoch ON true WHEN MATCHED THEN DELETE", "\x00", "SELECT 1\x00; DROP TABLE epoch",
    ]

    def test_refused_sql_changes_nothing(self):
        client = self.serve()
        self.assertEqual(client.send("orders", [program.order(id, 1, self.rng) for id in range(5)]).status, 200)
        self.assertEqual(client.post("/v1/builds", {}).status, 200)
        self.wait_applied(client)
        sums = client.query(program.SHOP_SUMS).json["rows"]
        before, outside = files_of(self.shop_project.folder), set(self.folder.iterdir())
        data = self.shop_project.data_folder
        stored = next((data / "lake" / "bronze" / "orders").glob("*.parquet")).relative_to(data)
        let_through = []
        for sql in self.REFUSED:
            sql = sql.format(folder=self.folder, data=self.shop_project.data_folder, project=self.shop_project.folder, stored=stored)
            answer = client.query(sql)
            if answer.status not in (400, 403) or answer.code not in ("bad_sql", "refused_sql", "bad_request"):
                let_through.append((sql, answer))
            self.assertNotIn(b"root:", answer.body, sql)
        self.assertEqual(let_through, [])
        self.assertTrue(self.server.is_running())
        self.assertEqual(files_of(self.shop_project.folder), before)
        self.assertEqual(set(self.folder.iterdir()), outside)
        self.assertEqual(client.query(program.SHOP_SUMS).json["rows"], sums)
        # And what is allowed looks similar.
        for sql in ("SELECT 1", "SELECT 1;", " SELECT 1 -- ; DROP TABLE epoch", "/* ; */ SELECT 1", "(SELECT 1)", "VALUES (1)", "WITH x AS (SELECT 1) FROM x", "SELECT ';' = ';'",
                    "SELECT count(*) FROM bronze.orders WHERE sku <> 'DROP TABLE epoch; --'", "FROM gold.total", "SELECT * FROM GOLD.Total", "SELECT * FROM range(3)", "SELECT unnest([1, 2])"):
            answer = client.query(sql)
            self.assertEqual(answer.status, 200, f"{sql}: {answer!r}")
        self.check_verify(self.shop_project)

    def test_heavy_and_deep_sql_ends_in_an_error(self):
        client = self.serve()
        for sql in ("SELECT " + "(" * 20_000 + "1" + ")" * 20_000, "SELECT " + "-" * 3 + " 1", "SELECT " + "NOT " * 50_000 + "true", "SELECT " + "1 + " * 100_000 + "1",
                    "SELECT " + "[" * 20_000 + "]" * 20_000, "SELECT 1 " + "UNION ALL SELECT 1 " * 20_000, "SELECT * FROM " + "(SELECT * FROM " * 5_000 + "range(1)" + ")" * 5_000,
                    "SELECT 1 WHERE " + "true AND " * 100_000 + "true", "SELECT '" + "x" * 1_100_000 + "'", "SELECT repeat('x', 4000000000)", "SELECT list(range) FROM range(10000000000)",
                    "SELECT count(DISTINCT range) FROM range(10000000000)", "SELECT * FROM range(100000000) ORDER BY random()", "SELECT * FROM range(10000000000000)",
                    "SELECT 1 // 0, 1e308 * 10, 170141183460469231731687303715884105727 + 1", "SELECT CAST('x' AS INTEGER)", "SELECT regexp_matches(repeat('a', 10000), '(a*)*b')",
                    "WITH RECURSIVE t(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM t) SELECT count(*) FROM t"):
            has_engine_process = self.server.engine() is not None
            answer = client.query(sql, timeout_ms=1000)
            self.assertTrue(self.server.is_running(), f"{sql[:80]}:\n{self.server.log[-3000:]}")
            if has_engine_process and answer.status == 503:  # it took more memory than the engine counts
                wait_until(lambda: client.get("/readyz").status == 200, "another engine answers")
                continue
            self.assertIn(answer.status, (200, 400, 403, 408, 413), f"{sql[:80]}: {answer!r}")
        self.assertEqual(client.rows("SELECT 1"), [[1]])

    def test_a_query_that_runs_too_long_is_cancelled(self):
        client = self.serve()
        endless = "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE (a.range * b.range) % 7 = 3"
        for options, least, most in (({"timeout_ms": 300}, 0.3, 3), ({}, 5, 8), ({"timeout_ms": 86_400_000}, 5, 8)):  # the server's own limit is 5 s
            started = time.monotonic()
            answer = client.query(endless, **options)
            elapsed = time.monotonic() - started
            self.assertEqual((answer.status, answer.code), (408, "query_timeout"), answer)
            self.assertGreaterEqual(elapsed, least)
            self.assertLess(elapsed, most)
        started = time.monotonic()
        answer = client.query("SELECT 1", min_offset={"orders": 1000}, timeout_ms=300)  # an event that does not come
        self.assertEqual((answer.status, answer.code), (408, "query_timeout"), answer)
        self.assertLess(time.monotonic() - started, 3)
        # Events go on being taken in, applied and read beside heavy queries.
        heavy = [self.in_thread(lambda: self.server.client().query(endless, timeout_ms=3000).status) for _ in range(3)]
        for id in range(20):
            last = client.send("orders", [program.order(id, 1, self.rng)]).json["ranges"][0]["last_offset"]
            self.assertEqual(client.row("SELECT orders FROM gold.total", min_offset={"orders": last}), [id + 1])
        self.assertTrue(any(query.is_running() for query in heavy), "the heavy queries were over before the events")
        self.assertEqual([query.join() for query in heavy], [408] * 3)
        # One whose client goes away is cancelled too.
        with socket.create_connection(("127.0.0.1", self.server.port)) as connection:
            body = json.dumps({"sql": endless}).encode()
            connection.sendall(b"POST /v1/query HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        self.assertEqual(client.rows("SELECT 1"), [[1]])
        self.assertEqual(self.server.stop(), 0)


if __name__ == "__main__":
    program.main()
