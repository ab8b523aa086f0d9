#!/usr/bin/env python3
"""A stream of several partitions, by every door: where an event goes, what reads, builds, restarts and verify make of it."""

import collections
import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "scenarios"))
import program
from program import Case

VISITS = """
fields:
  - {name: page, type: varchar}
  - {name: n, type: integer}
  - {name: code, type: varchar}
on_drift: quarantine
"""
KEYED = VISITS + "key: page\npartitions: 4\n"
NEWEST = "SELECT page, n FROM bronze.visits QUALIFY row_number() OVER (PARTITION BY page ORDER BY _offset DESC, _partition DESC) = 1\n"
MODELS = {
    "models/silver/codes.sql": "SELECT page, CAST(code AS INTEGER) AS code FROM bronze.visits WHERE code IS NOT NULL\n",
    "models/gold/pages.sql": "SELECT page, count(*) AS visits, sum(n) AS n, max(n) AS most FROM bronze.visits GROUP BY page\n",
    "models/gold/newest.sql": NEWEST,
    "models/gold/first_rows.sql": "SELECT page, n FROM bronze.visits LIMIT 7\n",
    "models/gold/lists.sql": "SELECT page, list(n ORDER BY n) AS numbers FROM bronze.visits GROUP BY page\n",
}
PAGES = [f"/p{number}" for number in range(23)] + ["", "ä€", None]


class PartitionsTest(Case):
    def visits(self, stream=KEYED, name="visits", settings=""):
        project = self.project(name)
        project.write("anabranch.yml", "name: visits\n" + settings)
        project.write("streams/visits.yml", stream)
        for path, text in MODELS.items():
            project.write(path, text)
        return project

    def events(self, count, pages=PAGES):
        self.sent = getattr(self, "sent", [])
        made = [{"page": self.rng.choice(pages), "n": len(self.sent) + i} for i in range(count)]
        self.sent += made
        return made

    def post(self, client, body, content_type="application/x-ndjson", query="", **headers):
        if isinstance(body, list):
            body = "".join(json.dumps(event) + "\n" for event in body)
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        return client.request("POST", f"/v1/streams/visits/events{query}", body.encode(), {"Content-Type": content_type, **headers})

    def check(self, client, order_holds=True):
        """Each event once, equal keys in one partition and in the order in which they came, and the views."""
        self.wait_applied(client, "visits")
        rows = client.rows("SELECT page, n, _partition, _offset FROM bronze.visits ORDER BY _partition, _offset")
        self.assertEqual(sorted(row[1] for row in rows), [event["n"] for event in self.sent])
        (stream,) = client.status()["streams"]
        self.assertEqual(stream["durable_offsets"], stream["applied_offsets"])
        by_partition = collections.defaultdict(list)
        for row in rows:
            by_partition[row[2]].append(row[3])
        for partition, offsets in by_partition.items():
            self.assertEqual(offsets, list(range(len(offsets))), f"partition {partition} is not dense")
            self.assertEqual(stream["durable_offsets"][partition], len(offsets))
        if order_holds:
            places, order = collections.defaultdict(set), collections.defaultdict(list)
            for page, n, partition, _ in rows:
                places[page].add(partition)
                order[page].append(n)
            self.assertEqual({page: at for page, at in places.items() if len(at) > 1}, {})
            self.assertEqual({page: numbers for page, numbers in order.items() if numbers != sorted(numbers)}, {})
            newest = {event["page"]: event["n"] for event in self.sent}
            self.assertEqual({row[0]: row[1] for row in client.rows("SELECT page, n FROM gold.newest")}, newest)
        pages = collections.defaultdict(list)
        for event in self.sent:
            pages[event["page"]].append(event["n"])
        self.assertEqual(sorted(client.rows("SELECT page, visits, n, most FROM gold.pages"), key=str),
                         sorted([[page, len(n), sum(n), max(n)] for page, n in pages.items()], key=str))
        self.assertEqual({row[0]: row[1] for row in client.rows("SELECT page, numbers FROM gold.lists")}, dict(pages))
        first = sorted(rows, key=lambda row: (row[3], row[2]))[:7]
        self.assertEqual(client.rows("SELECT page, n FROM gold.first_rows"), [[page, n] for page, n, _, _ in first])
        return rows

    def build(self, client):
        answer = client.post("/v1/builds", {})
        self.assertEqual((answer.status, answer.json.get("warnings")), (200, []), answer)

    def parquet(self, events):
        file = self.folder / f"{len(self.sent)}.parquet"
        lines = self.folder / "events.ndjson"
        lines.write_text("".join(json.dumps(event) + "\n" for event in events))
        script = ("import sys, pyarrow.json, pyarrow.parquet, pyarrow as pa\n"
                  "s = pa.schema([('page', pa.string()), ('n', pa.int32()), ('code', pa.string())])\n"
                  "t = pyarrow.json.read_json(sys.argv[1], parse_options=pyarrow.json.ParseOptions(explicit_schema=s))\n"
                  "pyarrow.parquet.write_table(t, sys.argv[2])\n")
        python = program.SOURCE / ".deps" / "readers" / "bin" / "python"
        subprocess.run([python, "-c", script, lines, file], check=True)
        return file

    def test_events_of_a_key_lie_together_by_every_door(self):
        project = self.visits()
        server = project.start()
        client = server.client()
        answer = self.post(client, self.events(300)).json
        self.assertEqual(answer["accepted"], 300)
        self.assertEqual([part["partition"] for part in answer["ranges"]], [0, 1, 2, 3])
        csv = "page,n\n" + "".join(f"{event['page']},{event['n']}\n" for event in self.events(100, PAGES[:23]))
        self.post(client, csv, "text/csv")
        cloud = [{"specversion": "1.0", "id": str(event["n"]), "source": "/s", "type": "t", "data": event} for event in self.events(40)]
        self.assertEqual(self.post(client, json.dumps(cloud), "application/cloudevents-batch+json").json["accepted"], 40)
        self.post(client, json.dumps(self.events(30)), "application/json")
        self.assertGreater(len({row[2] for row in self.check(client)}), 3)
        self.build(client)
        self.check(client)
        # A bulk file is split by the same key; so is one that comes after the build.
        done = project.json("ingest", "visits", str(self.parquet(self.events(500))))
        self.assertEqual(done["accepted"], 500)
        self.post(client, self.events(50))
        self.check(client)
        self.check_verify(project)
        self.assertEqual(server.stop(), 0)
        server = project.start()
        client = server.client()
        self.check(client)
        self.build(client)
        self.post(client, self.events(50))
        self.check(client)
        self.check_verify(project)
        archive = collections.Counter(file.name.split("-")[1] for file in project.data("lake/bronze/visits").glob("*.parquet"))
        self.assertEqual(sorted(archive), ["00000", "00001", "00002", "00003"])
        # The other way of reading: no server.
        self.assertEqual(server.stop(), 0)
        count = project.json("query", "SELECT count(*), count(DISTINCT (_partition, _offset)) FROM bronze.visits")
        self.assertEqual(count["rows"], [[len(self.sent), len(self.sent)]])

    def test_a_request_that_is_sent_again_is_stored_once_whole(self):
        project = self.visits()
        server = project.start()
        client = server.client()
        body = "".join(json.dumps(event) + "\n" for event in self.events(60)) + "{\"page\": 7, \"n\": \"no\"}\n"
        first = self.post(client, body, Idempotency_Key="k1")
        self.assertEqual((first.json["accepted"], first.json["quarantined"]), (60, 1))
        again = self.post(client, body, Idempotency_Key="k1")
        self.assertEqual(again.body, first.body)
        self.assertEqual(again.headers.get("idempotent-replayed"), "true")
        answers = []
        for sequence in range(12):
            answers.append(self.post(client, self.events(1 + sequence % 5), X_Producer_Id="p", X_Sequence=str(sequence)))
        self.assertEqual({answer.status for answer in answers}, {200})
        gap = self.post(client, [{"page": "a", "n": 1}], X_Producer_Id="p", X_Sequence="14")
        self.assertEqual((gap.status, gap.headers.get("x-expected-sequence")), (409, "12"))
        self.assertEqual(client.get("/v1/streams/visits/producers/p").json["next_sequence"], 12)
        file = self.parquet(self.events(80))
        taken = client.request("POST", "/v1/streams/visits/files", json.dumps({"path": str(file)}), {"Idempotency-Key": "f"})
        self.assertEqual(taken.json["accepted"], 80)
        server.kill()
        server = project.start()
        client = server.client()
        self.assertEqual(self.post(client, body, Idempotency_Key="k1").body, first.body)
        last = "".join(json.dumps(event) + "\n" for event in self.sent[-82:-80])
        self.assertEqual(self.post(client, last, X_Producer_Id="p", X_Sequence="11").body, answers[11].body)
        repeated = client.request("POST", "/v1/streams/visits/files", json.dumps({"path": str(file)}), {"Idempotency-Key": "f"})
        self.assertEqual((repeated.body, repeated.headers.get("idempotent-replayed")), (taken.body, "true"))
        self.check(client)
        self.assertEqual(client.status()["streams"][0]["quarantined"], 1)
        bulk = [path for path in project.data("log/visits").glob("*/bulk/*.parquet")]
        self.assertEqual(len(bulk), len(taken.json["ranges"]), "copies of the repeat are gone")

    def test_a_producer_that_chooses_partitions_is_told_the_number_of_each(self):
        server = self.visits().start()
        client = server.client()
        for partition, requests in ((1, 1), (3, 4)):
            for sequence in range(requests):
                taken = self.post(client, self.events(1), query=f"?partition={partition}", X_Producer_Id="q", X_Sequence=str(sequence))
                self.assertEqual(taken.status, 200, taken)
        for partition, due in ((0, 0), (1, 1), (2, 0), (3, 4)):
            shown = client.get(f"/v1/streams/visits/producers/q?partition={partition}")
            self.assertEqual(shown.json["next_sequence"], due, partition)
            gap = self.post(client, [{"page": "a", "n": 1}], query=f"?partition={partition}", X_Producer_Id="q", X_Sequence="9")
            self.assertEqual((gap.status, gap.headers.get("x-expected-sequence")), (409, str(due)), partition)
        self.assertEqual(client.get("/v1/streams/visits/producers/q?partition=4").status, 404)
        # Without a choice: of the partition in which such a request is told apart, the first that knows the producer.
        self.assertEqual(client.get("/v1/streams/visits/producers/q").json["next_sequence"], 1)
        gap = self.post(client, [{"page": "a", "n": 1}], X_Producer_Id="q", X_Sequence="9")
        self.assertEqual((gap.status, gap.headers.get("x-expected-sequence")), (409, "1"))
        self.check(client, order_holds=False)

    def cut_last_writes(self, project, partition):
        """As a crash leaves it that comes before this partition was written."""
        (segment,) = project.data(f"log/visits/{partition}").glob("*.log")
        with open(segment, "r+b") as file:
            file.truncate(40)

    def send_file(self, client, file, key):
        return client.request("POST", "/v1/streams/visits/files", json.dumps({"path": str(file)}), {"Idempotency-Key": key})

    def test_a_file_that_a_crash_cut_off_is_completed(self):
        project = self.visits()
        server = project.start()
        client = server.client()
        file = self.parquet(self.events(80))
        self.assertEqual(self.send_file(client, file, "f").json["accepted"], 80)
        server.kill()
        self.cut_last_writes(project, 0)
        server = project.start()
        client = server.client()
        self.assertEqual(client.status()["streams"][0]["durable_offsets"][0], 0)
        again = self.send_file(client, file, "f")
        self.assertEqual((again.json["accepted"], again.headers.get("idempotent-replayed")), (80, None))
        self.assertEqual(self.send_file(client, file, "f").headers.get("idempotent-replayed"), "true")
        self.check(client)
        self.check_verify(project)
        files = list(project.data("log/visits").glob("*/bulk/*.parquet"))
        self.assertEqual(len(files), 5, "one a partition, and the one that the crash has left")

    def test_repeats_are_known_after_the_key_has_changed(self):
        project = self.visits(VISITS + "partitions: 4\n")
        client = project.start().client()
        bodies = ["".join(json.dumps(event) + "\n" for event in self.events(10)) for _ in range(10)]
        first = [self.post(client, body, Idempotency_Key=f"k{i}") for i, body in enumerate(bodies[:6])]
        for sequence in range(2):
            self.assertEqual(self.post(client, bodies[6 + sequence], X_Producer_Id="pp", X_Sequence=str(sequence)).status, 200)
        project.write("streams/visits.yml", KEYED)
        project.json("apply")
        for i, answer in enumerate(first):
            again = self.post(client, bodies[i], Idempotency_Key=f"k{i}")
            self.assertEqual((again.body, again.headers.get("idempotent-replayed")), (answer.body, "true"))
        self.assertEqual(self.post(client, bodies[8], X_Producer_Id="pp", X_Sequence="2").status, 200)
        split = self.post(client, bodies[9], Idempotency_Key="z")
        self.assertGreater(len(split.json["ranges"]), 1)
        project.write("streams/visits.yml", VISITS + "partitions: 4\n")
        project.json("apply")
        self.assertEqual(self.post(client, bodies[9], Idempotency_Key="z").body, split.body)
        self.check(client, order_holds=False)

    def test_a_key_of_another_type_is_none(self):
        doubles = VISITS.replace("integer", "double")
        project = self.visits(doubles + "key: page\npartitions: 4\n")
        server = project.start()
        client = server.client()
        self.assertEqual(self.post(client, self.events(10)).json["accepted"], 10)
        project.write("streams/visits.yml", doubles + "key: n\n")
        project.json("apply")
        self.assertEqual(len(self.post(client, self.events(10)).json["ranges"]), 1, "it goes in turn")
        self.assertEqual(server.stop(), 0)
        server = project.start()
        client = server.client()
        self.assertEqual(self.post(client, self.events(10)).json["accepted"], 10)
        self.assertIn("the key field n is DOUBLE", server.log)
        self.assertEqual(client.row("SELECT count(*) FROM bronze.visits", min_offset="latest"), [30])

    def test_a_file_without_rows_for_a_partition_stops_no_retention(self):
        project = self.visits(settings="retention: {log_hours: 0, builds: 2, delta_hours: 0}\n")
        client = project.start().client()
        # Known by its number, it is told apart in partition 0, which has none of its rows.
        self.sent = []
        events = [{"page": page, "n": n} for n, page in enumerate(["/p3", "/p4"])]
        self.sent += events
        taken = client.request("POST", "/v1/streams/visits/files", json.dumps({"path": str(self.parquet(events))}),
                               {"X-Producer-Id": "p", "X-Sequence": "0"}).json
        self.assertNotIn(0, [part["partition"] for part in taken["ranges"]])
        for _ in range(3):
            self.post(client, self.events(40))
            self.check(client)
            self.build(client)
        self.assertEqual(client.status()["faults"], [])
        self.assertEqual(list(project.data("log/visits").glob("*/bulk/*.parquet")), [])
        self.check(client)
        self.check_verify(project)

    def test_the_given_file_is_kept_wherever_its_rows_go(self):
        project = self.visits(KEYED.replace("on_drift: quarantine", "on_drift: freeze"), settings="retention: {log_hours: 0, builds: 2}\n")
        client = project.start().client()
        python = program.SOURCE / ".deps" / "readers" / "bin" / "python"
        script = "import sys, pyarrow as pa, pyarrow.parquet as q; q.write_table(pa.table({'page': [sys.argv[1]], 'n': pa.array([1], pa.int32()), 'extra': ['x']}), sys.argv[2])"
        self.sent, places = [], set()
        for number in range(8):
            file = self.folder / f"given{number}.parquet"
            subprocess.run([python, "-c", script, f"/p{number}", file], check=True)
            (part,) = self.send_file(client, file, f"f{number}").json["ranges"]
            places.add(part["partition"])
            folder = project.data(f"log/visits/{part['partition']}/bulk")
            self.assertEqual(len(list(folder.glob("*.source"))), len(list(folder.glob("*.parquet"))), f"partition {part['partition']}")
            self.sent.append({"page": f"/p{number}", "n": 1})
        self.assertGreater(len(places), 2)
        self.assertEqual(len(list(project.data("log/visits").glob("*/bulk/*.source"))), 8)
        for _ in range(4):
            self.wait_applied(client, "visits")
            self.build(client)
        # Their rows are in the archive; what the stream left out of them is nowhere else (L4).
        self.assertEqual(list(project.data("log/visits").glob("*/bulk/*.parquet")), [])
        self.assertEqual(len(list(project.data("log/visits").glob("*/bulk/*.source"))), 8)

    def test_a_missing_archive_file_is_not_in_a_log_that_has_forgotten(self):
        project = self.visits(settings="retention: {log_hours: 0, builds: 2, delta_hours: 0}\n")
        server = project.start()
        client = server.client()
        for number in range(3):
            self.post(client, [{"page": "/a", "n": number}], query="?partition=0")
            self.wait_applied(client, "visits")
            self.build(client)
        self.assertEqual(server.stop(), 0)
        project.write("anabranch.yml", "name: visits\n")
        server = project.start()
        client = server.client()
        self.post(client, [{"page": "/b", "n": 9}], query="?partition=1")
        self.wait_applied(client, "visits")
        self.build(client)
        self.assertEqual(server.stop(), 0)
        (lost,) = project.data("lake/bronze/visits").glob("part-00001-*.parquet")
        lost.unlink()
        faults = project.start().client().status()["faults"]
        self.assertIn("is missing", json.dumps(faults))
        self.assertIn("restore it from a backup: the log does not hold these events any more", json.dumps(faults))
        self.assertNotIn("or remove", json.dumps(faults), "the log of partition 0 has forgotten")

    def test_a_partition_may_be_chosen(self):
        project = self.visits()
        client = project.start().client()
        answer = self.post(client, self.events(20), query="?partition=2").json
        self.assertEqual(answer["ranges"], [{"partition": 2, "first_offset": 0, "last_offset": 19}])
        file = self.parquet(self.events(10))
        taken = client.request("POST", "/v1/streams/visits/files?partition=3", json.dumps({"path": str(file)})).json
        self.assertEqual(taken["ranges"], [{"partition": 3, "first_offset": 0, "last_offset": 9}])
        for wrong, status in (("4", 404), ("-1", 400), ("x", 400), ("99999999999999", 400)):
            refused = self.post(client, [{"page": "a", "n": 1}], query=f"?partition={wrong}")
            self.assertEqual(refused.status, status, refused)
        self.check(client, order_holds=False)
        # Each partition of min_offset is waited for alone.
        row = client.row("SELECT count(*) FROM bronze.visits", min_offset={"visits": [None, None, 19, 9]})
        self.assertEqual(row, [30])
        late = client.query("SELECT 1", min_offset={"visits": [0, None, None, None]}, timeout_ms=200)
        self.assertEqual(late.status, 408, late)
        short = client.query("SELECT 1", min_offset={"visits": 3})
        self.assertEqual(short.status, 400)
        self.assertIn("4 partitions", short.json["detail"])

    def test_without_a_key_requests_take_turns(self):
        project = self.visits(VISITS + "partitions: 3\n")
        client = project.start().client()
        places = [self.post(client, self.events(5)).json["ranges"] for _ in range(6)]
        self.assertEqual([[part["partition"] for part in ranges] for ranges in places], [[0], [1], [2]] * 2)
        for producer in "abcdef":
            at = {self.post(client, self.events(1), X_Producer_Id=producer, X_Sequence=str(i)).json["ranges"][0]["partition"] for i in range(4)}
            self.assertEqual(len(at), 1, "a producer's requests lie together")
        self.check(client, order_holds=False)
        self.build(client)
        self.post(client, self.events(9))
        self.check(client, order_holds=False)
        self.check_verify(project)

    def test_partitions_are_added_to_a_stream_that_has_events(self):
        project = self.visits(VISITS + "key: page\n")
        server = project.start()
        client = server.client()
        first = self.post(client, self.events(200), Idempotency_Key="k")
        self.build(client)
        self.post(client, self.events(50))
        body = "".join(json.dumps(event) + "\n" for event in self.sent[:200])
        project.write("streams/visits.yml", KEYED)
        plan = project.json("apply")
        (item,) = plan["changes"]
        self.assertTrue(item["needs_restart"], item)
        self.assertIn("1 partitions become 4", " ".join(item["notes"]))
        self.assertEqual(client.status()["streams"][0]["partitions"], 1)
        self.assertEqual(server.stop(), 0)
        server = project.start()
        client = server.client()
        self.assertEqual(client.status()["streams"][0]["partitions"], 4)
        self.check(client)
        self.assertEqual(self.post(client, body, Idempotency_Key="k").body, first.body)
        self.post(client, self.events(200))
        self.check(client, order_holds=False)
        self.check_verify(project)
        self.build(client)
        self.post(client, self.events(20))
        self.check(client, order_holds=False)
        self.check_verify(project)
        # Never fewer, whatever the file says.
        project.write("streams/visits.yml", VISITS)
        self.assertEqual(server.stop(), 0)
        client = project.start().client()
        self.assertEqual(client.status()["streams"][0]["partitions"], 4)
        self.check(client, order_holds=False)

    def test_the_log_forgets_in_every_partition(self):
        project = self.visits(settings="retention: {log_hours: 0, builds: 2, delta_hours: 0}\n")
        server = project.start()
        client = server.client()
        for _ in range(4):
            self.post(client, self.events(100))
            self.check(client)
            self.build(client)
        self.assertEqual(server.stop(), 0)
        client = project.start().client()
        for partition in range(4):
            kept = sum(path.stat().st_size for path in project.data(f"log/visits/{partition}").glob("*.log"))
            self.assertLess(kept, 2000, f"partition {partition}")
        self.check(client)
        self.post(client, self.events(30))
        self.check(client)
        self.check_verify(project)

    def test_refused_and_recorded_events_say_their_partition(self):
        project = self.visits(VISITS + "partitions: 3\n")
        client = project.start().client()
        # Good ones that have the offsets of bad ones in other partitions.
        self.post(client, '{"page": "b", "n": 1, "code": "7"}\n' * 3, query="?partition=1")
        for number in range(6):
            self.post(client, '{"page": "a", "n": 1, "code": "x"}\nno json\n', query=f"?partition={number % 3}")
        self.wait_applied(client, "visits")
        errors = client.get("/v1/views/silver.codes/errors").json
        self.assertEqual(errors["total"], 6)
        self.assertEqual(sorted((error["partition"], error["offset"]) for error in errors["errors"]), [(0, 0), (0, 1), (1, 3), (1, 4), (2, 0), (2, 1)])
        self.assertEqual({error["message"].count("INT32") for error in errors["errors"]}, {1})
        entries, after = [], ""
        while True:
            page = client.get(f"/v1/quarantine?stream=visits&limit=1{after}").json
            entries += page["entries"]
            if not page.get("next"):
                break
            after = f"&after={page['next']}"
        self.assertEqual([entry["partition"] for entry in entries], [0, 0, 1, 1, 2, 2])
        self.assertEqual(len({entry["id"] for entry in entries}), 6)
        self.assertEqual(client.row("SELECT count(*), sum(code) FROM silver.codes"), [3, 21])
        self.check_verify(project)
        self.build(client)
        self.check_verify(project)
        self.assertEqual(client.get("/v1/views/silver.codes/errors").json["total"], 6)

    def test_what_cannot_be_a_key_of_partitions_is_refused(self):
        project = self.visits(VISITS.replace("integer", "double") + "key: n\npartitions: 2\n")
        done = project.run("check")
        self.assertEqual(done.returncode, 2)
        self.assertIn("streams/visits.yml:7", done.stdout + done.stderr)
        self.assertIn("'n' is DOUBLE", done.stdout + done.stderr)
        project.write("streams/visits.yml", VISITS + "partitions: 65\n")
        self.assertEqual(project.run("check").returncode, 2)


if __name__ == "__main__":
    program.main()
