#!/usr/bin/env python3
"""The files of csv-spectrum and JSONTestSuite by every door that takes CSV or JSON: what is sent is there cell for cell, or it is refused
with the reason; nothing is lost, nothing gets into another's place."""

import base64
import csv
import decimal
import gzip
import io
import json
import re

import public_files
from program import main
from public_files import PublicFilesCase

def strict(data):
    """What Python reads; ValueError for what is no JSON."""
    def no_constant(word):
        raise ValueError(word)

    def pairs(items):
        if len({name for name, _ in items}) < len(items):
            raise Twice(items)
        return dict(items)
    try:
        text = data.decode() if isinstance(data, bytes) else data
        return json.loads(text, parse_constant=no_constant, object_pairs_hook=pairs, parse_int=decimal.Decimal, parse_float=number)
    except RecursionError as error:
        raise ValueError("too deep") from error


def number(text):
    try:
        return decimal.Decimal(text)
    except decimal.InvalidOperation:  # an exponent of a hundred digits
        return ("number", text)


class Twice(ValueError):
    """JSON all right, but a name comes twice: no event of ours."""


def is_event(value):
    return isinstance(value, dict) and all(0 < len(name.encode()) <= 255 and min(name) >= " " and "\x7f" not in name for name in value)


class CsvSpectrumTest(PublicFilesCase):
    SUITE = "csv-spectrum"

    def setUp(self):
        super().setUp()
        folder = public_files.FOLDER / self.SUITE
        self.texts, self.names, self.meant = {}, {}, {}
        for path in sorted((folder / "csvs").glob("*.csv")):
            data = path.read_bytes()
            if path.stem.endswith("_crlf") and b"\r\n" not in data:
                data = data.replace(b"\n", b"\r\n")  # a checkout may have changed what the file is about
            rows = json.loads((folder / "json" / f"{path.stem}.json").read_bytes())
            self.add(path.stem, data, list(rows[0]), [list(row.values()) for row in rows])
        self.assertGreater(len(self.texts), 10)
        for path in sorted((public_files.FOLDER / "parquet-testing" / "data").glob("*_expect.csv")):
            data = path.read_bytes()
            names, *rows = csv.reader(io.StringIO(data.decode(), newline=""))
            if any(name != name.strip() for name in names):  # no column can be called that
                head, data = data.split(b"\n", 1)
                names = [name.strip() for name in names]
                data = (",".join(f'"{name}"' for name in names) + "\n").encode() + data
            self.add(path.stem, data, names, rows)

    def add(self, name, data, names, rows):
        self.texts[name], self.names[name], self.meant[name] = data, names, rows
        self.assertTrue(all(len(row) == len(names) for row in rows), name)

    def tabs(self, name):
        out = io.StringIO(newline="")
        csv.writer(out, delimiter="\t", quoting=csv.QUOTE_ALL).writerows([self.names[name], *self.meant[name]])
        return out.getvalue().encode()

    def objects(self, name):
        return [dict(zip(self.names[name], row)) for row in self.meant[name]]

    def files(self, name):
        """The same rows in each kind of file; (file name, bytes)."""
        array = json.dumps(self.objects(name)).encode()
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in self.objects(name)).encode()
        all = [("csv", self.texts[name]), ("tsv", self.tabs(name)), ("json", array), ("ndjson", lines)]
        return [(f"{name}.{ending}", data) for ending, data in all] + [(f"{name}.{ending}.gz", gzip.compress(data)) for ending, data in all]

    def same(self, meant, read):
        """Python's csv does not tell an empty field from an empty text; the suite's JSON does."""
        return meant == read or (meant == "" and read is None and not self.is_suite)

    def check_rows(self, where, name, rows, times=1):
        self.is_suite = not name.endswith("_expect")
        meant = self.meant[name] * times
        self.assertEqual(len(rows), len(meant), f"{where}: {name}")
        for number, (ours, theirs) in enumerate(zip(rows, meant)):
            self.assertTrue(len(ours) == len(theirs) and all(map(self.same, theirs, ours)), f"{where}: {name}, row {number}: {ours} for {theirs}")

    def check_found(self, name, types, rows):
        """With types that are found, a number is the one that the text writes."""
        for ours, theirs in zip(rows, self.meant[name], strict=True):
            for (column, type), read, text in zip(types.items(), ours, theirs, strict=True):
                if isinstance(read, decimal.Decimal):
                    self.assertEqual(f"{read}", text, f"{name}, {column} {type}")
                else:
                    self.assertTrue(self.same(text, read), f"{name}, {column} {type}: {read!r} for {text!r}")

    def read_all(self):
        for name in self.texts:
            self.check_rows("stream", name, self.query(f"SELECT * FROM bronze.s_{name} ORDER BY _offset")[1], self.times[name])

    def test_every_cell_by_every_door(self):
        folder = self.public_project.folder / "files"
        folder.mkdir()
        tables = {}
        for name in self.texts:
            self.write_stream(f"s_{name}", dict.fromkeys(self.names[name], "varchar"), "quarantine")
            for file, data in self.files(name):
                (folder / file).write_bytes(data)
                ending = file[len(name) + 1:]
                table = f"{name}_{ending.replace('.', '_')}"
                format = "json" if "json" in ending else "csv"
                self.write_source(f"text_{table}", f"files/{file}", format, dict.fromkeys(self.names[name], {"type": "varchar"}))
                tables[table] = name
                if not file.endswith(".gz"):
                    self.write_source(f"found_{table}", f"files/{file}", format)
        self.serve()
        self.assertEqual(self.post("/v1/copy", {}).status, 200)
        for table, name in tables.items():
            self.check_rows(table, name, self.query(f"SELECT * FROM bronze.text_{table}")[1])
            if not table.endswith("_gz"):
                self.check_found(name, *self.query(f"SELECT * FROM bronze.found_{table}"))
        self.times = dict.fromkeys(self.texts, 0)
        for name in self.texts:
            stream = f"s_{name}"

            def took(where, answer):
                self.assertEqual((answer["accepted"], answer["quarantined"]), (len(self.meant[name]), 0), f"{where}: {name}: {answer}")
                self.times[name] += 1
            for file, data in self.files(name):
                ending = file[len(name) + 1:].removesuffix(".gz")
                kind = {"csv": "text/csv", "tsv": "text/tab-separated-values", "json": "application/json", "ndjson": "application/x-ndjson"}[ending]
                packed = {"Content-Encoding": "gzip"} if file.endswith(".gz") else {}
                answer = self.send(stream, data, kind, **packed)
                self.assertEqual(answer.status, 200, f"{file}: {answer!r}")
                took(file, answer.json)
                code, said = self.ingest(stream, folder / file)
                self.assertEqual(code, 0, f"{file}: {said}")
                took(f"command {file}", said)
            answer = self.post("/v1/query", {"sql": f"SELECT * FROM bronze.text_{name}_csv", "format": "parquet"})
            (folder / f"{name}.parquet").write_bytes(answer.body)
            took("parquet", self.post(f"/v1/streams/{stream}/files", {"path": str(folder / f"{name}.parquet")}).json)
        self.check_it_goes_on(self.read_all)

    def test_a_row_with_a_field_too_many_or_too_few_takes_no_other_along(self):
        for name in self.texts:
            self.write_stream(f"s_{name}", dict.fromkeys(self.names[name], "varchar"), "quarantine")
        self.serve()
        self.times = dict.fromkeys(self.texts, 1)
        for name, data in self.texts.items():
            bad = ",".join("x" * (len(self.names[name]) + 1))
            text = data.decode().rstrip("\r\n") + f"\n{bad}\nx" * (len(self.names[name]) > 1) + f"\n{bad}\n"
            answer = self.send(f"s_{name}", text, "text/csv").json
            count = 3 if len(self.names[name]) > 1 else 1
            self.assertEqual((answer["accepted"], answer["quarantined"]), (len(self.meant[name]), count), name)
            self.assertEqual([entry["raw"] for entry in self.quarantined(f"s_{name}")], [bad, "x", bad][-count:], name)
        self.check_it_goes_on(self.read_all)


class JsonSuiteTest(PublicFilesCase):
    SUITE = "json-test-suite"
    DOORS = {"array": "application/json", "lines": "application/x-ndjson", "cloudevent": "application/cloudevents+json",
             "cloudevents": "application/cloudevents-batch+json", "csv": "text/csv"}

    def setUp(self):
        super().setUp()
        self.bodies = {path.name: path.read_bytes() for path in sorted((public_files.FOLDER / self.SUITE / "test_parsing").glob("*.json"))}
        self.assertGreater(len(self.bodies), 300)
        for name, body in self.bodies.items():  # the suite and Python are of one mind
            if not name.startswith("i_"):
                self.assertEqual(self.is_json(body), name.startswith("y_"), name)

    @staticmethod
    def is_json(body):
        try:
            strict(body)
            return True
        except Twice:
            return True
        except ValueError:
            return False

    @staticmethod
    def event(body):
        """The event that a text is; None when it is none."""
        try:
            value = strict(body)
            return value if is_event(value) else None
        except ValueError:
            return None

    def records(self, door, name, body):
        """For what is JSON: the records of a body, one after the other; None where the suite leaves it open or it is no JSON."""
        if door == "lines":
            return [line for line in body.removeprefix(b"\xef\xbb\xbf").split(b"\n") if line.strip(b" \t\r")]
        if name.startswith("y_") and door in ("array", "drift") and body.lstrip()[:1] in b"[{":
            value = json.loads(body, object_pairs_hook=lambda pairs: Pairs(pairs), parse_int=decimal.Decimal, parse_float=decimal.Decimal)
            return [json_of(item) for item in ([value] if isinstance(value, Pairs) else value)]
        return None

    def check_counts(self, door, name, body, answer):
        """How many of a body must have gone where."""
        records = self.records(door, name, body)
        if answer.status != 200:
            self.assertEqual(answer.status, 400, f"{door} {name}: {answer!r}")
            self.assertIsNone(records, f"{door} {name}: {answer!r}")
            return 0, 0
        taken = answer.json["accepted"], answer.json["quarantined"]
        if records is not None:
            self.assertEqual(sum(taken), len(records), f"{door} {name}: accepted + quarantined is not what was sent")
            if door == "drift":  # what came before has decided on types
                self.assertLessEqual(taken[0], sum(self.event(record) is not None for record in records), f"{door} {name}: {answer!r}")
            elif not name.startswith("i_"):
                self.assertEqual(taken[0], sum(self.event(record) is not None for record in records), f"{door} {name}: {answer!r}")
        if name.startswith("n_") and body.strip(b" \xef\xbb\xbf"):
            self.assertGreater(taken[1], 0, f"{door} {name}: {answer!r}")
        return taken

    def check_pieces(self, stream, sent):
        """Every byte of what was sent is in an event or in quarantine; what is an event is one."""
        _, rows = self.query(f"SELECT _raw FROM bronze.{stream} ORDER BY _offset")
        events = [row[0].encode() for row in rows]
        entries = self.quarantined(stream)
        self.assertTrue(all(entry["reason"] for entry in entries), stream)
        refused = [entry["raw"].encode() if "raw" in entry else base64.b64decode(entry["raw_base64"]) for entry in entries]
        for name, body, (accepted, quarantined) in sent:
            pieces = events[:accepted] + refused[:quarantined]
            for event in events[:accepted]:
                self.assertIsNotNone(self.event(event), f"{stream} {name}: {event!r:.300}")
            del events[:accepted], refused[:quarantined]
            if not pieces:
                continue
            rest = body
            for piece in sorted(pieces, key=len, reverse=True):
                self.assertIn(piece, rest, f"{stream} {name}")
                rest = rest.replace(piece, b"", 1)
            self.assertRegex(rest, rb"^(\xef\xbb\xbf)?[\s,\[\]]*$", f"{stream} {name}: not all of it was kept")
        self.assertEqual((events, refused), ([], []), stream)

    def wrapped(self, name, body):
        return b'{"id": ' + json.dumps(name).encode() + b', "v": ' + body + b"}"

    def send_all(self):
        """Each file as it is and as the value of a field; what went where, stream by stream."""
        self.sent = {}
        for number, (name, body) in enumerate(self.bodies.items()):
            for door, kind in self.DOORS.items():
                for stream, data in ((door, body), (f"{door}_wrapped", self.wrapped(name, body))):
                    answer = self.send(stream, data, kind)
                    if door in ("array", "lines"):
                        self.sent.setdefault(stream, []).append((name, data, self.check_counts(door, name, data, answer)))
                    else:
                        self.assertIn(answer.status, (200, 400), f"{stream} {name}: {answer!r}")
            door = ("array", "lines")[number % 2]
            (self.public_project.folder / "body").write_bytes(body)
            code, said = self.ingest(f"{door}_command", self.public_project.folder / "body", "--again", "--format", "json" if door == "array" else "ndjson")
            taken = said.get("accepted", 0), said.get("quarantined", 0)
            if code == 2 and "utf16" in name.lower().replace("-", ""):
                self.assertIn("UTF-16", said["error"], name)  # files are looked at before they are cut
            else:
                self.assertEqual((name, body, taken), self.sent[door][-1])
            self.sent.setdefault(f"{door}_command", []).append((name, body, taken))
            answer = self.send("drift", body, "application/json")
            self.sent.setdefault("drift", []).append((name, body, self.check_counts("drift", name, body, answer)))

    def documents(self):
        """What is JSON without doubt, by name: the suite's own and all others that lie about."""
        found = {name: body for name, body in self.bodies.items() if name.startswith("y_")}
        for path in sorted(public_files.FOLDER.rglob("*.json")):
            if self.SUITE not in path.parts:
                found[str(path.relative_to(public_files.FOLDER))] = path.read_bytes()
        return {name: body for name, body in found.items() if self.event(self.wrapped(name, body)) is not None}

    def read_documents(self, what):
        """Whether each value is with its name."""
        _, rows = self.query(f"SELECT id, v FROM bronze.{what}")
        self.assertTrue([name for name, _ in rows] == list(self.documents()), f"{what}: {len(rows)} rows, {len(self.documents())} documents")
        for (name, value), body in zip(rows, self.documents().values()):
            self.assertEqual(None if value is None else strict(value), strict(body), f"{what} {name}")

    def read_all(self):
        self.read_documents("documents")
        for stream, sent in self.sent.items():
            self.check_pieces(stream, sent)
        for stream in ("array_wrapped", "lines_wrapped"):
            for name, value, raw in self.query(f"SELECT id, v, _raw FROM bronze.{stream}")[1]:
                self.assertEqual({"id": name, "v": None if value is None else strict(value)}, strict(raw), f"{stream} {name}")
        if self.has_built:
            types, rows = self.query("SELECT *, _raw FROM bronze.drift")
            self.assertLess({"asd", "dfg", "title", "x"}, set(types))
            for *values, raw in rows:
                event = strict(raw)
                for (name, type), value in zip(list(types.items())[:-1], values):
                    value = strict(value) if type == "JSON" and value is not None else value
                    self.assertEqual(value, event.pop(name, None), f"{name} of {raw}")
                self.assertEqual(event, {}, raw)

    def test_every_record_by_every_door(self):
        for door in self.DOORS:
            for more in ("", "_wrapped", "_command"):
                self.write_stream(door + more, {"id": "varchar", "v": "json"}, "freeze", has_views=door in ("array", "lines"))
        self.write_stream("documents", {"id": "varchar", "v": "json"}, "quarantine")
        self.write_stream("drift", {"id": "varchar"}, "evolve")
        self.serve()
        self.send_all()
        documents = [self.wrapped(name, body) for name, body in self.documents().items()]
        self.assertGreater(len(documents), 180)
        answer = self.send("documents", b"[" + b",".join(documents) + b"]", "application/json").json
        self.assertEqual((answer["accepted"], answer["quarantined"]), (len(documents), 0))
        self.check_it_goes_on(self.read_all)

    def test_tables(self):
        """A table has all rows or is refused."""
        (self.public_project.folder / "documents.json").write_bytes(b"\n".join(self.wrapped(name, body) for name, body in self.documents().items()))
        self.write_source("documents", "documents.json", "json", {"id": {"type": "varchar"}, "v": {"type": "json"}})
        tables = {f"t{number:03}": name for number, name in enumerate(self.bodies)}
        for table, name in tables.items():
            self.write_source(table, public_files.FOLDER / self.SUITE / "test_parsing" / name, "json")
        self.serve()
        for table, name in tables.items():
            answer = self.post("/v1/copy", {"sources": [table]})
            records = self.records("array", name, self.bodies[name])
            events = [self.event(record) for record in records or [b""]]
            if answer.status != 200:
                self.assertEqual(answer.status, 400, f"{name}: {answer!r}")
                self.assertRegex(answer.json["detail"], f"{re.escape(name)}|the column", name)
                self.assertFalse(events and all(events), f"{name}: {answer!r}")
                continue
            types, rows = self.query(f"SELECT * FROM bronze.{table}")
            rows = [{column: strict(value) if type == "JSON" else value for (column, type), value in zip(types.items(), row)} for row in rows]
            self.assertEqual(rows, events, name)
        self.assertEqual(self.post("/v1/copy", {"sources": ["documents"]}).status, 200)
        self.read_documents("documents")


class Pairs(list):
    """The members of an object, with those that come twice."""


def json_of(value):
    """A text with what `json.loads` has read, members that come twice too."""
    if isinstance(value, Pairs):
        return "{" + ",".join(f"{json.dumps(name)}:{json_of(item)}" for name, item in value) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(json_of, value)) + "]"
    return str(value) if isinstance(value, decimal.Decimal) else json.dumps(value)


if __name__ == "__main__":
    main()
