#!/usr/bin/env python3
"""Files and requests of events as people have them: what is in them arrives, or it is said why not."""

import gzip
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "scenarios"))
import program
from program import Case

ROWS = [[1, 7, "sku0", 5], [2, 7, "sku1,\"x\"", 6], [3, 8, "sku2", 7]]
NAMES = ["id", "client", "sku", "amount"]


def as_csv(separator, line_end="\n"):
    def field(value):
        text = str(value)
        return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',"\t') else text
    return "".join(separator.join(field(value) for value in row) + line_end for row in [NAMES, *ROWS])


def as_ndjson():
    return "".join(json.dumps(dict(zip(NAMES, row))) + "\n" for row in ROWS)


class FileTest(Case):
    """`anabranch ingest stream FILE`: the format goes by the name."""

    def ingested(self, name, data):
        """Exit code, answer and the events of a new project into which the file was taken."""
        project = self.shop(f"shop-{len(self.projects)}")
        path = project.folder / name
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        done = project.run("ingest", "orders", str(path), "--json")
        answer = json.loads(done.stdout)
        rows = project.json("query", "SELECT id, client, sku, amount FROM bronze.orders ORDER BY _offset")["rows"]
        return done.returncode, answer, rows

    def test_every_name_that_is_known(self):
        array = json.dumps([dict(zip(NAMES, row)) for row in ROWS])
        for name, data in (("x.ndjson", as_ndjson()), ("x.JSONL", as_ndjson()), ("x.ndjson.gz", gzip.compress(as_ndjson().encode())),
                           ("X.CSV", as_csv(",")), ("x.csv", as_csv(",", "\r\n")), ("x.Csv.GZ", gzip.compress(as_csv(",").encode())),
                           ("x.tsv", as_csv("\t")), ("x.TSV.gz", gzip.compress(as_csv("\t").encode())), ("x.json", array),
                           ("x.json.gz", gzip.compress(array.encode()))):
            code, answer, rows = self.ingested(name, data)
            self.assertEqual((code, answer["accepted"], answer["quarantined"]), (0, 3, 0), f"{name}: {answer}")
            self.assertEqual(rows, ROWS, name)

    def test_an_unknown_name_says_what_is_known(self):
        for name in ("x.txt", "x", "x.parquet.gz", "x.gz", "x.xlsx"):
            code, answer, rows = self.ingested(name, as_ndjson())
            self.assertEqual((code, rows), (2, []), f"{name}: {answer}")
            for known in (".ndjson", ".csv", ".tsv", ".parquet", ".gz", "--format"):
                self.assertIn(known, json.dumps(answer), name)

    def test_nothing_accepted_is_no_success(self):
        project = self.shop()
        (project.folder / "bad.csv").write_text("id,client,sku,amount\nx,y,z,1\n")
        done = project.run("ingest", "orders", str(project.folder / "bad.csv"))
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertRegex(done.stdout, "quarantined 1 ")
        (project.folder / "half.csv").write_text("id,client,sku,amount\nx,y,z,1\n2,2,sku0,1\n")
        done = project.run("ingest", "orders", str(project.folder / "half.csv"))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, "(?s)accepted 1 .*quarantined 1 ")

    def test_gzip_that_breaks_off_says_so(self):
        packed = gzip.compress("".join(json.dumps({"id": i, "client": 1, "sku": f"sku{self.rng.random()}", "amount": 1}) + "\n" for i in range(2000)).encode())
        code, answer, _ = self.ingested("x.ndjson.gz", packed[:-9])
        self.assertEqual(code, 2, answer)
        self.assertIn("breaks off", json.dumps(answer))

    def test_a_large_file_is_cut_between_records(self):
        """CSV with line ends in quotes, larger than one request: no record is torn, and a stray quote costs one row."""
        count = 60_000
        lines = ["id,client,sku,amount,code"]
        for i in range(count):
            lines.append(f'{i},1,sku{i % 7},1,"{"a long text, " * self.rng.randrange(1, 9)}\nsecond ""line"" of {i}"')
        lines[30_000] = f'{29_999},1,5" disk,1,x'
        code, answer, rows = self.ingested("x.csv", "\n".join(lines) + "\n")
        self.assertEqual((code, answer["accepted"], answer["quarantined"]), (0, count - 1, 1))
        self.assertEqual([row[0] for row in rows], [i for i in range(count) if i != 29_999])


class RequestTest(Case):
    def serve(self):
        project = self.shop()
        return project.start().client()

    def test_a_cloudevent_in_binary_mode_is_the_same_as_a_structured_one(self):
        client = self.serve()
        attributes = {"specversion": "1.0", "id": "event-5", "source": "/till", "type": "order", "client": "7", "sku": "sku%C3%A9 \"x\""}
        body = '{"id": 5, "amount": 3, "code": "}"}'
        headers = {f"{'Ce' if i % 2 else 'ce'}-{name}": value for i, (name, value) in enumerate(attributes.items())}
        answer = client.request("POST", "/v1/streams/orders/events", body, {"Content-Type": "application/json", **headers})
        self.assertEqual((answer.status, answer.json["accepted"]), (200, 1), answer)
        structured = {**attributes, "id": "event-6", "client": 7, "sku": "sku\u00e9 \"x\"", "data": {"id": 6, "amount": 3, "code": "}"}}
        answer = client.request("POST", "/v1/streams/orders/events", json.dumps(structured), {"Content-Type": "application/cloudevents+json"})
        self.assertEqual((answer.status, answer.json["accepted"]), (200, 1), answer)
        rows = client.rows("SELECT id, client, sku, amount, code FROM bronze.orders ORDER BY id", min_offset={"orders": 1})
        self.assertEqual(rows, [[5, 7, "sku\u00e9 \"x\"", 3, "}"], [6, 7, "sku\u00e9 \"x\"", 3, "}"]])
        # What is no CloudEvent goes where a structured one would go, and a body cannot pass for attributes.
        del headers["ce-specversion"]
        answer = client.request("POST", "/v1/streams/orders/events", body, {"Content-Type": "application/json", **headers})
        self.assertEqual((answer.json["accepted"], answer.json["quarantined"]), (0, 1), answer)
        headers["ce-specversion"] = "1.0"
        for bad, kind in (('{"amount": 3},"sku":"y"', "application/json"), ("[" + body + "]", "application/json"), (body, "text/csv")):
            answer = client.request("POST", "/v1/streams/orders/events", bad, {"Content-Type": kind, **headers})
            self.assertEqual((answer.status, answer.code), (400, "bad_request"), f"{bad}: {answer!r}")

    def test_a_list_that_an_api_has_wrapped_gets_a_hint(self):
        for drift in ("quarantine", "evolve", "freeze"):
            project = program.write_shop(self.project(f"shop-{drift}"))
            project.write("streams/orders.yml", project.folder.joinpath("streams/orders.yml").read_text()
                          .replace(", required: true", "").replace("on_drift: quarantine", f"on_drift: {drift}"))
            project.json("copy")
            client = project.start().client()
            wrapped = {"count": 2, "results": [dict(zip(NAMES, row)) for row in ROWS]}
            for content_type in ("application/json", "application/x-ndjson"):
                answer = client.send("orders", json.dumps(wrapped), content_type)
                self.assertEqual((answer.json["accepted"], answer.json["quarantined"]), (0, 1), f"{drift}: {answer!r}")
            reason = client.get("/v1/quarantine?stream=orders").json["entries"][-1]["reason"]
            self.assertRegex(reason, "list 'results': send that list", drift)
            # Objects with other lists are events as before.
            if drift != "quarantine":
                answer = client.send("orders", '{"tags": [{"x": 1}]}\n{"id": 1, "results": [{"id": 1}]}\n')
                self.assertEqual((answer.json["accepted"], answer.json["quarantined"]), (2, 0), f"{drift}: {answer!r}")

    def test_a_field_that_drift_added_says_when_it_can_be_read(self):
        project = program.write_shop(self.project())
        project.write("streams/orders.yml", project.folder.joinpath("streams/orders.yml").read_text()
                      .replace("on_drift: quarantine", "on_drift: evolve"))
        project.json("copy")
        client = project.start().client()
        event = dict(zip(NAMES, ROWS[0])) | {"colour": "red"}
        self.assertEqual(client.send("orders", [event]).json["accepted"], 1)
        answer = client.query("SELECT colour FROM bronze.orders")
        self.assertEqual(answer.status, 400, answer)
        self.assertIn('bronze.orders have a field colour', answer.json["hint"])
        self.assertIn("next build", answer.json["hint"])
        self.assertNotIn("next build", client.query("SELECT shape FROM bronze.orders").json.get("hint", ""))
        self.assertEqual(client.post("/v1/builds", {}).status, 200)
        self.assertEqual(client.rows("SELECT colour FROM bronze.orders"), [["red"]])

    def test_tabs_over_http(self):
        client = self.serve()
        answer = client.request("POST", "/v1/streams/orders/events", as_csv("\t") + "x\t1\ty\t1\n", {"Content-Type": "text/tab-separated-values"})
        self.assertEqual((answer.json["accepted"], answer.json["quarantined"]), (3, 1), answer)
        self.assertEqual(client.rows("SELECT id, client, sku, amount FROM bronze.orders ORDER BY id", min_offset={"orders": 2}), ROWS)
        self.assertEqual(client.get("/v1/quarantine?stream=orders").json["entries"][0]["raw"], "x\t1\ty\t1")


if __name__ == "__main__":
    program.main()
