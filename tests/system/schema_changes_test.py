#!/usr/bin/env python3
"""A stream's file changes: what is compatible is taken over and old events are read by it, what is not is refused and costs no event."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "scenarios"))
import program
from program import Case

BEFORE = ("fields:\n"
          "  - {name: id, type: bigint, required: true}\n"
          "  - {name: page, type: varchar, required: true}\n"
          "  - {name: ms, type: integer, required: true}\n"
          "  - {name: age, type: integer}\n")
AFTER = ("fields:\n"
         "  - {name: id, type: bigint, required: true}\n"
         "  - {name: url, type: varchar, required: true, was: page}\n"
         "  - {name: ms, type: bigint}\n"
         "  - {name: city, type: varchar}\n")


class SchemaChangeTest(Case):
    def visits(self, stream=BEFORE, name="visits", column="page"):
        project = self.project(name)
        project.write("anabranch.yml", "name: visits\n")
        self.say(project, stream, column)
        return project

    def say(self, project, stream, column):
        project.write("streams/visits.yml", stream)
        project.write("models/silver/slow.sql", f"SELECT id, {column} AS place, ms FROM bronze.visits WHERE ms > 100\n")
        project.write("models/gold/places.sql", f"SELECT {column} AS place, count(*) AS n, sum(ms) AS ms FROM bronze.visits GROUP BY {column}\n")

    def send(self, client, events, accepted=None):
        answer = client.send("visits", events)
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.json["accepted"], len(events) if accepted is None else accepted, answer)
        if answer.json["ranges"]:
            self.wait_until_read(client, answer.json["ranges"][-1]["last_offset"])

    def wait_until_read(self, client, offset):
        client.rows("SELECT 1", min_offset={"visits": offset})

    def check_views(self, client, expected):
        """By every reader: events, merged views, states of builds, and the recomputation."""
        places = sorted({place for _, place, _ in expected})
        grouped = [[place, sum(p == place for _, p, _ in expected), sum(ms for _, p, ms in expected if p == place)] for place in places]
        self.assertEqual(client.rows("SELECT id, url, ms FROM bronze.visits ORDER BY id"), [list(row) for row in expected])
        self.assertEqual(client.rows("SELECT place, n, ms FROM gold.places ORDER BY place"), grouped)
        self.assertEqual(client.rows("SELECT id, place, ms FROM silver.slow ORDER BY id"), [list(row) for row in expected if row[2] > 100])
        self.check_verified(client)

    def check_verified(self, client):
        results = client.post("/v1/verify", {}).json["results"]
        self.assertEqual([each["result"] for each in results], ["equal"] * 2, results)

    def parquet(self, project, sql, name):
        """A Parquet file that the program itself makes."""
        answer = self.answers.query(sql, format="parquet")
        self.assertEqual(answer.status, 200, answer)
        path = project.folder / name
        path.write_bytes(answer.body)
        return path

    def ingest(self, project, path):
        answer = project.json("ingest", "visits", str(path))
        return answer["accepted"], answer["quarantined"]

    def test_rename_widen_drop_and_add_with_events_everywhere(self):
        project = self.visits()
        server = project.start()
        client = self.answers = server.client()
        self.send(client, [{"id": 1, "page": "a", "ms": 50, "age": 7}, {"id": 2, "page": "b", "ms": 150, "age": 8}])
        old = self.parquet(project, "SELECT 3::BIGINT AS id, 'a' AS page, 250::INTEGER AS ms, 9::INTEGER AS age", "old.parquet")
        self.assertEqual(self.ingest(project, old), (1, 0))
        project.json("build")
        self.send(client, [{"id": 4, "page": "c", "ms": 101}])
        older = self.parquet(project, "SELECT 5::BIGINT AS id, 'b' AS page, 1::INTEGER AS ms", "older.parquet")
        self.assertEqual(self.ingest(project, older), (1, 0))
        self.assertEqual(server.stop(), 0)

        self.say(project, AFTER, "url")
        checked = project.run("check")
        self.assertEqual(checked.returncode, 0, checked.stderr)
        for change in ("url is renamed (was page)", "ms is widened (INTEGER to BIGINT)", "ms is no longer required", "age is dropped", "city is added"):
            self.assertIn(change, checked.stdout)
        expected = [(1, "a", 50), (2, "b", 150), (3, "a", 250), (4, "c", 101), (5, "b", 1)]
        server = project.start()
        client = self.answers = server.client()
        self.check_views(client, expected)
        self.assertEqual(client.query("SELECT age FROM bronze.visits").status, 400)
        # New producers, old ones, and a value that only the wider type holds.
        self.send(client, [{"id": 6, "url": "d", "ms": 5_000_000_000, "city": "Graz"}, {"id": 7, "page": "d", "ms": 102, "age": 3}])
        self.send(client, [{"id": 8, "url": "x", "page": "x", "ms": 1}, {"id": 9, "ms": 1}], accepted=0)
        self.assertEqual(client.send("visits", "id,page,ms\n8,e,\n", "text/csv").json["accepted"], 1)
        new = self.parquet(project, "SELECT 9::BIGINT AS id, 'e' AS url, 6000000000::BIGINT AS ms UNION ALL SELECT 10, 'f', 7", "new.parquet")
        self.assertEqual(self.ingest(project, new), (2, 0))
        late = self.parquet(project, "SELECT 11::BIGINT AS id, 'a' AS page, 250::INTEGER AS ms, 9::INTEGER AS age", "late.parquet")
        self.assertEqual(self.ingest(project, late), (1, 0))
        expected += [(6, "d", 5_000_000_000), (7, "d", 102), (9, "e", 6_000_000_000), (10, "f", 7)]
        self.wait_until_read(client, 10)
        rows = [list(row) for row in sorted(expected + [(11, "a", 250), (8, "e", None)])]
        self.assertEqual(client.rows("SELECT id, url, ms FROM bronze.visits ORDER BY id"), rows)
        project.json("build")
        for _ in range(2):
            self.assertEqual(client.rows("SELECT id, url, ms FROM bronze.visits ORDER BY id"), rows)
            self.assertEqual(client.row("SELECT count(*), sum(ms), sum(n) FROM gold.places"), [6, sum(row[2] or 0 for row in rows), 11])
            self.check_verified(client)
            self.assertEqual(client.rows("SELECT city FROM bronze.visits WHERE city IS NOT NULL"), [["Graz"]])
            server.kill()
            server = project.start()
            client = self.answers = server.client()

        # What was dropped comes back, with the values from before.
        self.assertEqual(server.stop(), 0)
        self.say(project, AFTER + "  - {name: age, type: bigint}\n", "url")
        self.assertIn("age is declared again", project.run("check").stdout)
        client = project.start().client()
        project.json("build")
        self.assertEqual(client.rows("SELECT id, age FROM bronze.visits WHERE age IS NOT NULL ORDER BY id"), [[1, 7], [2, 8], [3, 9]])
        self.check_verified(client)

    def test_a_model_may_read_a_field_that_was_just_declared(self):
        project = self.visits()
        server = project.start()
        self.send(server.client(), [{"id": 1, "page": "a", "ms": 50}])
        project.json("build")
        self.assertEqual(server.stop(), 0)
        self.say(project, BEFORE + "  - {name: city, type: varchar}\n", "page")
        server = project.start()
        client = server.client()
        self.send(client, [{"id": 2, "page": "b", "ms": 60, "city": "Graz"}])
        answer = client.query("SELECT city FROM bronze.visits")
        self.assertEqual((answer.status, "after the next build" in answer.json["hint"]), (400, True), answer)
        self.assertEqual(server.stop(), 0)
        project.write("models/silver/slow.sql", "SELECT id, city AS place, ms FROM bronze.visits\n")
        client = project.start().client()
        self.assertEqual(client.rows("SELECT id, place FROM silver.slow ORDER BY id"), [[1, None], [2, "Graz"]])
        self.check_verified(client)

    def test_a_wider_type_holds_from_the_start_on(self):
        project = self.visits()
        server = project.start()
        self.send(server.client(), [{"id": 1, "page": "a", "ms": 50, "age": 1}])
        project.json("build")
        self.assertEqual(server.stop(), 0)
        self.say(project, BEFORE.replace("name: ms, type: integer", "name: ms, type: bigint").replace("  - {name: age, type: integer}\n", ""), "page")
        client = project.start().client()
        self.send(client, [{"id": 2, "page": "a", "ms": 5_000_000_000}])
        self.assertEqual(client.rows("SELECT place, n, ms FROM gold.places"), [["a", 2, 5_000_000_050]])
        self.assertEqual(client.query("SELECT age FROM bronze.visits").status, 400)
        self.check_verified(client)

    def test_what_is_incompatible_is_refused_and_costs_no_event(self):
        project = self.visits()
        server = project.start()
        self.send(server.client(), [{"id": 1, "page": "a", "ms": 50}])
        self.assertEqual(server.stop(), 0)
        self.say(project, BEFORE.replace("name: ms, type: integer", "name: ms, type: smallint"), "page")
        checked = project.run("check")
        self.assertEqual(checked.returncode, 2, checked.stdout)
        self.assertIn("streams/visits.yml:4:22: error: field ms of stream visits cannot be changed so: its type would go from INTEGER to SMALLINT", checked.stderr)
        self.assertIn("or widen it (BIGINT, HUGEINT", checked.stderr)
        # A model that is written for what was refused is left out, and costs no event either.
        project.write("models/gold/cities.sql", "SELECT city, count(*) AS n FROM bronze.visits GROUP BY city\n")
        project.write("streams/visits.yml", (project.folder / "streams/visits.yml").read_text() + "  - {name: city, type: varchar}\n")
        server = project.start()
        self.assertIn("streams/visits.yml:4:22", server.log)
        self.assertIn("city", server.log)
        client = server.client()
        self.send(client, [{"id": 2, "page": "b", "ms": 70_000}])
        self.assertEqual(client.rows("SELECT id, ms FROM bronze.visits ORDER BY id"), [[1, 50], [2, 70_000]])

    def test_drift_has_bounds(self):
        project = self.visits(BEFORE + "drift: {fields_max: 6, per_hour: 10}\n")
        server = project.start()
        client = server.client()
        self.send(client, [{"id": 1, "page": "a", "ms": 1, **{f"x{i}": 1 for i in range(100)}}], accepted=0)
        self.assertIn("drift: fields_max", client.get("/v1/quarantine?stream=visits&limit=10").body.decode())
        self.send(client, [{"id": 2, "page": "a", "ms": 1, "deep": {"a": {"b": [1]}}, "x": 1}, {"id": 3, "page": "a", "ms": 1, "y": 1}], accepted=1)
        project.json("build")
        self.assertEqual(client.rows("SELECT id, deep, x FROM bronze.visits"), [[2, '{"a": {"b": [1]}}', 1]])

    def test_files_that_cannot_be_read_are_the_senders_mistake(self):
        project = self.visits()
        client = self.answers = project.start().client()
        whole = self.parquet(project, "SELECT range AS id, 'p' || range AS page, 5::INTEGER AS ms FROM range(50000)", "whole.parquet").read_bytes()
        holes = whole[:4] + b"\xff" * 400 + whole[404:]
        for name, data in (("empty", b""), ("text", b"id\n1\n"), ("half", whole[:len(whole) // 2]), ("locked", whole[:-4] + b"PARE"), ("holes", holes)):
            path = project.folder / f"{name}.parquet"
            path.write_bytes(data)
            answer = client.post("/v1/streams/visits/files", {"path": str(path)})
            self.assertEqual((answer.status, answer.code), (400, "bad_request"), f"{name}: {answer}")
            self.assertIn(f"{name}.parquet", answer.json["detail"])
        self.assertEqual(client.rows("SELECT count(*) FROM bronze.visits"), [[0]])

    def test_types_of_any_name_and_mistakes_have_their_place(self):
        project = self.visits(BEFORE + '  - {name: place, type: \'struct("offset" varchar, "select" integer, "order" json)\'}\n')
        self.assertEqual(project.run("check").returncode, 0, project.run("check").stderr)
        client = project.start().client()
        self.send(client, [{"id": 1, "page": "a", "ms": 1, "place": {"offset": "x", "select": 2, "order": [1]}}])
        self.assertEqual(client.rows('SELECT place."offset", place."select" FROM bronze.visits'), [["x", 2]])
        for type, said in (("struct(offset varchar)", ""), ("struct(a b c)", ""), ("integr", "did you mean 'integer'?"), ("[".join(["integer"] + ["]"] * 20), "")):
            bad = self.visits(BEFORE + f"  - {{name: place, type: '{type}'}}\n", name=f"bad-{len(self.projects)}")
            checked = bad.run("check")
            if checked.returncode != 0:
                self.assertRegex(checked.stderr, r"(?m)^streams/visits.yml:6:\d+: error: ")
                self.assertIn(said, checked.stderr)


if __name__ == "__main__":
    program.main()
