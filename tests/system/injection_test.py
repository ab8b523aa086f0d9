#!/usr/bin/env python3
"""Every name and text that a user controls, made of SQL and of names of our own internals: it is what it says, or it is refused.

Nothing in it may run, read the engine's own tables or a file, or change what others read. A canary stands in a file and in an event
that was refused; no answer may show it.
"""

import csv
import io
import json
import pathlib
import sys
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "scenarios"))
import program
from program import Case

CANARY = "canary-7c1d"

# What would do something if it were looked at as SQL, as a pattern, as a path, or as a name of ours.
HOSTILE = [
    "x'--",
    "x\"--",
    "'; DROP TABLE epoch; --",
    "\"; DELETE FROM epoch; --",
    "'\"@bronze.e\"'",
    "\"@gold.n!\"",
    "@rows", "@main", "_ord", "_order0", "_key0", "_is_failed", "_event_offset", "_row",
    "k0", "s0", "u0", "c0", "rows", "states", "main", "values0", "epoch", "anabranch", "again",
    "anabranch.\"bronze.e\"",
    "\\u00010\\u0002",
    "(SELECT number FROM epoch)",
    "' || (SELECT max(number) FROM epoch) || '",
    "'||current_setting('threads')||'",
    "read_text('{file}')",
    "' UNION ALL SELECT content FROM read_text('{file}') --",
    "*/ SELECT 1; /*",
    "$1", "?", ":name", "$$", "%s", "{0}", "{}", "%41", "a%27b",
    "../../etc", "**", "[a]", "`", "\\", "\\'", "select", "SELECT", "from", "ROW", "\u00e4\u4e2d\U0001f600",
]

OTHER_MODELS = {
    "models/gold/n.sql": "SELECT count(*) AS n, max(id) AS id FROM bronze.e\n",
    "models/silver/all_fields.sql": "SELECT * FROM bronze.e\n",
    "models/gold/by_k.sql": "SELECT k, count(*) AS n, last(id) AS newest FROM bronze.e GROUP BY k\n",
}


def identifier(text):
    return '"' + text.replace('"', '""') + '"'


def literal(text):
    return "'" + text.replace("'", "''") + "'"


class InjectionTest(Case):
    def opened(self):
        project = self.project()
        project.write("anabranch.yml", "name: hostile\n")
        project.write("streams/e.yml", "fields:\n  - {name: id, type: bigint, required: true}\n  - {name: k, type: varchar}\n")
        for path, text in OTHER_MODELS.items():
            project.write(path, text)
        self.secret = project.write("secret.txt", CANARY)
        self.hostile = [text.replace("{file}", str(self.secret)) for text in HOSTILE]
        server = project.start()
        client = server.client()
        # Refused, and kept in quarantine: not readable by SQL.
        self.assertEqual(client.send("e", [{"id": CANARY}]).status, 200)
        return project, server, client

    def wait_for(self, client, count):
        program.wait_until(lambda: client.rows("SELECT n FROM gold.n", min_offset="latest") == [[count]], f"{count} events are in the views")

    def assert_no_canary(self, answer, what):
        self.assertNotIn(CANARY.encode(), answer.body, what)

    def assert_unharmed(self, client, count):
        document = client.query("SELECT n FROM gold.n", min_offset="latest").json
        self.assertEqual(document["rows"], [[count]])

    def test_fields(self):
        """Names of fields that come by drift, before and after a build and after a restart, in every format."""
        project, server, client = self.opened()
        taken, refused = [], []
        for number, name in enumerate(self.hostile):
            answer = client.send("e", [{"id": number, "k": "a", name: f"value of {number}"}])
            self.assertEqual(answer.status, 200, f"{name!r}: {answer!r}")
            if answer.json["accepted"] == 1:
                taken.append((number, name))
            else:
                refused.append(name)
        self.assertGreater(len(taken), 25, "most names are like any other")
        reasons = [entry["reason"] for entry in client.get("/v1/quarantine?stream=e&limit=1000").json["entries"] if CANARY not in entry["reason"]]
        self.assertEqual(len(reasons), len(refused))
        for reason in reasons:
            self.assertRegex(reason, "rename the field|differs only in case", "each says why")
        for name in refused:
            # Names that a Delta reader refuses, or that SQL cannot tell from another one.
            is_taboo = any(character in name for character in " ,;{}()=")
            is_twin = name.lower() in (other.lower() for _, other in taken)
            self.assertTrue(is_taboo or is_twin, f"{name!r} was refused")

        def check(when):
            # A column that came by drift is read from the next build on.
            for number, name in taken if when != "before a build" else []:
                for relation in ("bronze.e", "silver.all_fields"):
                    sql = f"SELECT {identifier(name)} AS v, id FROM {relation} WHERE {identifier(name)} IS NOT NULL"
                    answer = client.query(sql, min_offset="latest")
                    self.assertEqual(answer.status, 200, f"{when}: {sql}: {answer!r}")
                    self.assertEqual(answer.json["rows"], [[f"value of {number}", number]], f"{when}: {sql}")
            names = [column["name"] for column in client.query("SELECT * FROM bronze.e LIMIT 0").json["columns"]]
            self.assertEqual(sorted(names), sorted(["id", "k", *(name for _, name in taken if when != "before a build")]), when)
            answer = client.query("SELECT * FROM bronze.e ORDER BY id", format="csv")
            self.assertEqual(answer.status, 200, f"{when}: {answer!r}")
            header, *lines = csv.reader(io.StringIO(answer.body.decode()))
            self.assertEqual(header, names, when)
            self.assertEqual(len(lines), len(taken), when)
            self.assert_no_canary(answer, when)
            for form, magic in (("arrow", b"\xff\xff\xff\xff"), ("parquet", b"PAR1")):
                answer = client.query("SELECT * FROM bronze.e", format=form)
                self.assertEqual(answer.status, 200, f"{when}: {form}: {answer!r}")
                self.assertTrue(answer.body.startswith(magic), f"{when}: {form}: {answer!r}")
                self.assert_no_canary(answer, f"{when}: {form}")
            self.assert_unharmed(client, len(taken))

        self.wait_for(client, len(taken))
        check("before a build")
        project.json("build")
        check("after a build")
        verified = project.json("verify")
        self.assertTrue(all(verdict["result"] == "equal" for verdict in verified["results"]), verified)
        client.close()
        server.stop()
        client = project.start().client()
        check("after a restart")

    def test_texts_in_sql(self):
        """Literals, aliases, names of columns, comments: each is what it says."""
        project, server, client = self.opened()
        self.assertEqual(client.send("e", [{"id": 1, "k": text} for text in self.hostile]).json["accepted"], len(self.hostile))
        self.wait_for(client, len(self.hostile))
        for text in self.hostile:
            for sql, rows, name in [
                (f"SELECT {literal(text)} AS v", [[text]], "v"),
                (f"SELECT id AS {identifier(text)} FROM bronze.e LIMIT 1", [[1]], text),
                (f"SELECT {identifier(text)} FROM (SELECT max(id) AS {identifier(text)} FROM bronze.e)", [[1]], text),
                (f"SELECT count(*) AS n FROM bronze.e WHERE k = {literal(text)}", [[1]], "n"),
                (f"SELECT n AS n FROM gold.by_k WHERE k = {literal(text)}", [[1]], "n"),
                (f"SELECT count(*) AS n FROM bronze.e AS {identifier(text)} WHERE {identifier(text)}.k = {literal(text)}", [[1]], "n"),
                (f"WITH {identifier(text)} AS (SELECT 7 AS v) SELECT v FROM {identifier(text)}", [[7]], "v"),
                (f"SELECT 7 AS v -- {text}\n", [[7]], "v"),
                (f"SELECT {{{literal(text)}: 7}} AS v", [[{text: 7}]], "v"),
                (f"SELECT list_transform([{literal(text)}], lambda x: x || {literal(text)})[1] AS v", [[text + text]], "v"),
                (f"SELECT coalesce({literal(text)}, concat(k, '1')) AS v FROM bronze.e LIMIT 1", [[text]], "v"),
            ]:
                answer = client.query(sql, min_offset="latest")
                self.assertEqual(answer.status, 200, f"{sql}: {answer!r}")
                self.assertEqual(answer.json["rows"], rows, sql)
                self.assertEqual(answer.json["columns"][0]["name"], name, sql)
            for sql in (f"SELECT * FROM {text}", f"SELECT {text}", f"SELECT * FROM bronze.{text}", f"SELECT 1 /* {text}", f"{text}",
                        f"SELECT '{text}'", f"SELECT 1 AS \"{text}\"", f"SELECT * FROM bronze.e WHERE k = '{text}'",
                        f"SELECT * FROM {identifier(text)}", f"SELECT * FROM gold.{identifier(text)}",
                        f"SELECT * FROM anabranch.{identifier(text)}", f"SELECT * FROM main.{identifier(text)}",
                        f"SELECT * FROM memory.main.{identifier(text)}"):
                answer = client.query(sql)
                self.assertIn(answer.status, (200, 400, 403, 404), f"{sql}: {answer!r}")
                self.assertNotEqual(answer.code, "internal", f"{sql}: {answer!r}")
                self.assert_no_canary(answer, sql)
        self.assert_unharmed(client, len(self.hostile))

    def test_parameters(self):
        """min_offset, formats, limits and names in addresses."""
        project, server, client = self.opened()
        self.assertEqual(client.send("e", [{"id": 1, "k": "a"}]).json["accepted"], 1)
        self.wait_for(client, 1)
        for text in self.hostile:
            quoted = urllib.parse.quote(text, safe="")
            for document in ({"sql": "SELECT 1 AS n", "min_offset": text}, {"sql": "SELECT 1 AS n", "min_offset": {text: [1]}},
                             {"sql": "SELECT 1 AS n", "min_offset": {"e": [text]}}, {"sql": "SELECT 1 AS n", "format": text},
                             {"sql": "SELECT 1 AS n", text: text}, {"sql": "SELECT 1 AS n", "timeout_ms": text}):
                answer = client.post("/v1/query", document)
                self.assertIn(answer.status, (400, 404), f"{document}: {answer!r}")
                self.assertNotEqual(answer.code, "internal", f"{document}: {answer!r}")
            for target in (f"/v1/views/{quoted}/rows", f"/v1/views/gold.{quoted}/rows", f"/v1/views/gold.n/rows?limit={quoted}",
                           f"/v1/views/gold.n/rows?min_offset={quoted}", f"/v1/views/gold.n/rows?format={quoted}",
                           f"/v1/views/gold.n/rows?{quoted}=1", f"/v1/streams/{quoted}/quarantine", f"/v1/streams/{quoted}",
                           f"/v1/builds/{quoted}", f"/{quoted}"):
                answer = client.get(target)
                self.assertIn(answer.status, (200, 400, 404, 405), f"{target}: {answer!r}")
                self.assertNotEqual(answer.code, "internal", f"{target}: {answer!r}")
                self.assert_no_canary(answer, target)
            answer = client.send(quoted, [{"id": 2}])
            self.assertEqual(answer.status, 404, f"{quoted}: {answer!r}")
            answer = client.request("POST", "/v1/query", json.dumps({"sql": "SELECT 1 AS n"}),
                                    {"Content-Type": "application/json", "Accept": quoted or "x"})
            self.assertIn(answer.status, (200, 400, 406), f"Accept {text!r}: {answer!r}")
        self.assert_unharmed(client, 1)

    def test_names_in_the_project(self):
        """Streams, tables, their columns and views: refused with a place, or columns like any other."""
        project = self.project()
        project.write("anabranch.yml", "name: hostile\n")
        project.write("streams/e.yml", "fields:\n  - {name: id, type: bigint}\n  - {name: k, type: varchar}\n")
        columns = [text for text in HOSTILE if not any(character in text for character in " ,;{}()=")]
        columns = list({name.lower(): name for name in columns}.values())
        table = io.StringIO()
        csv.writer(table).writerows([columns, [f"t{number}" for number in range(len(columns))]])
        project.write("data/t.csv", table.getvalue())
        project.write("sources/s.yml", "kind: files\ntables:\n  t: {path: data/t.csv}\n")
        project.write("models/gold/of_table.sql", "SELECT t.*, count(*) AS n_of_all FROM bronze.e JOIN bronze.t ON true GROUP BY ALL\n")
        aliases = ", ".join(f"max(id) + {number} AS {identifier(name)}" for number, name in enumerate(columns))
        project.write("models/gold/aliases.sql", f"SELECT k AS the_key, {aliases} FROM bronze.e GROUP BY k\n")
        literals = ", ".join(f"{literal(text)} AS l{number}" for number, text in enumerate(HOSTILE))
        project.write("models/gold/literals.sql", f"-- {HOSTILE[2]}\nSELECT {literals}, count(*) AS n FROM bronze.e\n")
        project.json("copy")
        server = project.start()
        client = server.client()
        self.assertEqual(client.send("e", [{"id": 1, "k": "a"}]).json["accepted"], 1)

        def check(when):
            answer = client.query("SELECT * FROM gold.aliases", min_offset="latest")
            self.assertEqual(answer.status, 200, f"{when}: {answer!r}")
            self.assertEqual([column["name"] for column in answer.json["columns"]], ["the_key", *columns], when)
            self.assertEqual(answer.json["rows"], [["a", *range(1, len(columns) + 1)]], when)
            answer = client.query("SELECT * FROM gold.literals", min_offset="latest")
            self.assertEqual(answer.json["rows"], [[*HOSTILE, 1]], when)
            answer = client.query("SELECT * FROM gold.of_table", min_offset="latest")
            self.assertEqual(answer.status, 200, f"{when}: {answer!r}")
            self.assertEqual([column["name"] for column in answer.json["columns"]], [*columns, "n_of_all"], when)
            self.assertEqual(answer.json["rows"], [[*(f"t{number}" for number in range(len(columns))), 1]], when)

        check("before a build")
        project.json("build")
        check("after a build")
        verified = project.json("verify")
        self.assertTrue(all(verdict["result"] == "equal" for verdict in verified["results"]), verified)
        server.stop()

        for number, text in enumerate(HOSTILE + ["anabranch:ord", "Anabranch:x", "_offset"]):
            broken = self.project(f"broken{number}")
            broken.write("anabranch.yml", "name: hostile\n")
            broken.write("streams/e.yml", f"fields:\n  - {{name: id, type: bigint}}\n  - {{name: {json.dumps(text, ensure_ascii=False)}, type: varchar}}\n")
            done = broken.run("check")
            is_bad = any(character in text for character in " ,;{}()=") or text.lower().startswith("anabranch:") or text == "_offset"
            self.assertEqual(done.returncode, 2 if is_bad else 0, f"{text!r}: {done.stderr}")
            if is_bad:
                self.assertIn("streams/e.yml:3:", done.stderr, text)

    def test_reserved_names_at_each_door(self):
        project, server, client = self.opened()
        for name in ("anabranch:ord", "Anabranch:row", "ANABRANCH:", "_offset", "_raw", "_PARTITION"):
            answer = client.send("e", [{"id": 1, name: 2}])
            self.assertEqual((answer.status, answer.json["accepted"]), (200, 0), f"{name}: {answer!r}")
            self.assertIn("rename the field", json.dumps(client.get("/v1/quarantine?stream=e&limit=1000").json), name)
            answer = client.send("e", f"id,{name}\n1,2\n", "text/csv")
            self.assertEqual(answer.status, 400, f"{name}: {answer!r}")
            self.assertIn("rename the field", answer.body.decode(), name)
            answer = client.query(f"SELECT 1::BIGINT AS id, 2 AS {identifier(name)}", format="parquet")
            self.assertEqual(answer.status, 200, f"{name}: {answer!r}")
            path = project.folder / "bulk.parquet"
            path.write_bytes(answer.body)
            done = project.run("ingest", "e", str(path))
            self.assertNotEqual(done.returncode, 0, f"{name}: {done.stdout}")
            self.assertIn("rename it", done.stderr, name)
        self.assertEqual(client.rows("SELECT count(*) AS n FROM bronze.e", min_offset="latest"), [[0]])
        other = self.project("other")
        for name in ("anabranch:ord", "ANABRANCH:x"):
            other.write("anabranch.yml", "name: other\n")
            other.write("streams/e.yml", "fields:\n  - {name: id, type: bigint}\n")
            other.write("data/t.csv", f"a,{name}\n1,2\n")
            other.write("sources/s.yml", "kind: files\ntables:\n  t: {path: data/t.csv}\n")
            done = other.run("copy")
            self.assertNotEqual(done.returncode, 0, name)
            self.assertIn("anabranch:", done.stderr, name)
            (other.folder / "sources/s.yml").unlink()
            other.write("models/gold/bad.sql", f"SELECT count(*) AS \"{name}\" FROM bronze.e\n")
            done = other.run("check")
            self.assertEqual(done.returncode, 2, name)
            self.assertIn("models/gold/bad.sql", done.stderr, name)
            (other.folder / "models/gold/bad.sql").unlink()


if __name__ == "__main__":
    program.main()
