#!/usr/bin/env python3
"""The files of apache/parquet-testing by every door that takes Parquet: each row is there with its values as pyarrow reads them, or
the file is refused with the reason and nothing of it is kept."""

import decimal
import json
import pathlib
import re
import subprocess

import public_files
from program import SOURCE, main
from public_files import PublicFilesCase, same

PYTHON = SOURCE / ".deps" / "readers" / "bin" / "python"
GEOMETRY = r"GEOMETRY.* has no place|GEOMETRY.*, which no field can be"

SHAPES = ("geometry", "geography")

# What the engine cannot read, and what there is no type for: the reason that must be given.
REFUSED = {
    r"\.encrypted$": "encrypt",
    r"bloom_filter": "magic bytes",
    r"byte_stream_split_extended": "BYTE_STREAM_SPLIT encoding is only supported for FLOAT or DOUBLE",
    r"hadoop_lz4": 'codec "LZ4"',
    r"map_no_value": "MAP_KEY_VALUE requires two children",
    r"geospatial/": GEOMETRY,
    r"large_string_map": "rows of 1024 MiB on average",
    r"ARROW-GH-41317|ARROW-GH-41321": "cannot be read",
    r"ARROW-GH-47662|DICTHEADER": "cannot be read",
    r"PARQUET-1481": "cannot be read",
}

# What pyarrow refuses and the engine reads: what is wrong with levels goes unseen. The values as the engine has them.
READ_ALL_THE_SAME = {
    "bad_data/ARROW-GH-45185.parquet": ["x", [[1, 2], [3, 4], [5, 6], [7, 8], [9]]],
    "bad_data/ARROW-RS-GH-6229-LEVELS.parquet": ["outer", [[{"struct": {"c": None}}]]],
    "data/incorrect_map_schema.parquet": ["my_map", [{"map": [["parent", "another"], ["name", "report"]]}]],
}

UNNAMEABLE = "[ ,;{}()=]"

# By its README the sixth value is the year 290000; its day has run over in the file, and both readers take what is left of it otherwise.
RUN_OVER = ("data/int96_from_spark.parquet", 5)


class ParquetTestingTest(PublicFilesCase):
    SUITE = "parquet-testing"

    def setUp(self):
        if not PYTHON.exists():
            self.skipTest(f"there is no {PYTHON}, which has pyarrow: run script/bootstrap")
        super().setUp()
        folder = public_files.FOLDER / self.SUITE
        self.files = {f"t{index:03}": path for index, path in enumerate(sorted(
            path for path in folder.rglob("*") if path.suffix in (".parquet", ".encrypted", ".bin")))}
        self.assertGreater(len(self.files), 90)
        self.label = {name: str(path.relative_to(folder)) for name, path in self.files.items()}
        small = {name: path for name, path in self.files.items() if "large_string_map" not in path.name}  # nobody has to read gigabytes
        done = subprocess.run([PYTHON, pathlib.Path(__file__).with_name("parquet_rows.py"), *small.values()], capture_output=True, text=True, check=True)
        self.meant = dict.fromkeys(self.files, {"error": "not asked"})
        self.meant.update((name, json.loads(line)) for name, line in zip(small, done.stdout.splitlines(), strict=True))
        for name, label in self.label.items():
            if label in READ_ALL_THE_SAME:
                self.assertIn("error", self.meant[name], label)
                column, values = READ_ALL_THE_SAME[label]
                self.meant[name] = {"names": [column], "rows": [[value] for value in values]}

    def reason(self, name):
        """The words that must be said of a file that is refused; None: it is read."""
        found = [words for pattern, words in REFUSED.items() if re.search(pattern, self.label[name])]
        return found[0] if found else None

    def rows(self, name, columns=None):
        """As they are meant, of some columns."""
        meant = self.meant[name]
        self.assertNotIn("error", meant, f"{self.label[name]} was read: pyarrow cannot")
        places = [meant["names"].index(column) for column in columns or meant["names"]]
        return [[row[place] for place in places] for row in meant["rows"]]

    def filled(self, name):
        """The columns with any value, which a stream gets from the file."""
        meant = self.meant[name]
        return [column for place, column in enumerate(meant["names"]) if any(row[place] is not None for row in meant["rows"])]

    def objection(self, name):
        """Why no stream can have columns with the file's names; None: there is nothing against them."""
        has_space = any(re.search(UNNAMEABLE, column) for column in self.meant[name].get("names", []))
        return "a column's name has no space|has none of the stream's columns" if has_space else None

    def with_shapes(self):
        return [name for name in self.files if self.reason(name) == GEOMETRY]

    def others(self, name):
        return [column for column in self.meant[name]["names"] if column not in SHAPES]

    def check_rows(self, where, name, meant, types, rows):
        label = f"{where}: {self.label[name]}"
        self.assertEqual(len(rows), len(meant), label)
        for number, (ours, theirs) in enumerate(zip(rows, meant)):
            if (self.label[name], number % len(self.meant[name]["rows"])) == RUN_OVER:
                continue
            for (column, type), read, value in zip(types.items(), ours, theirs, strict=True):
                self.assertTrue(same(value, read, type), f"{label}, row {number}, {column} {type}: {read!r:.300} for {value!r:.300}")

    def take_in(self, stream, name, words=None, doors=("request", "command")):
        """The file over HTTP and by the command, each taking the same rows, or refusing it for the reason; how many rows went where."""
        for door in doors:
            if door == "request":
                answer = self.post(f"/v1/streams/{stream}/files", {"path": str(self.files[name])})
                status, said = answer.status, answer.json
            else:
                code, said = self.ingest(stream, self.files[name], "--format", "parquet")
                status = 400 if code == 2 else 200
                self.assertEqual(code == 1, status == 200 and said["accepted"] == 0 and said["quarantined"] > 0, self.label[name])
            if words:
                self.assertIn(status, (400, 413), f"{stream}, {self.label[name]}: {said}")
                self.assertRegex(said.get("detail") or said["error"], words, self.label[name])
                taken = 0, 0
                continue
            self.assertEqual(status, 200, f"{stream}, {self.label[name]}: {said}")
            taken = said["accepted"], said["quarantined"]
            self.assertEqual(sum(taken), len(self.rows(name)), f"{self.label[name]}: accepted + quarantined is not what the file has")
        return taken

    def copy_all(self):
        """Each file as a table of its own; the types that the tables have."""
        for name, path in self.files.items():
            objections = [column for column in self.meant[name].get("names", []) if re.search(UNNAMEABLE, column)]
            self.write_source(name, path, "parquet", {f"c{number}": {"from": column} for number, column in enumerate(objections)})
        self.serve()
        self.table_types = {}
        for name in self.files:
            answer = self.post("/v1/copy", {"sources": [name]})
            if self.reason(name):
                self.assertIn(answer.status, (400, 413), f"{self.label[name]}: {answer!r}")
                self.assertRegex(answer.json["detail"], self.reason(name), self.label[name])
                continue
            self.assertEqual(answer.status, 200, f"{self.label[name]}: {answer!r}")
            self.assertEqual(answer.json["tables"][0]["rows"], len(self.rows(name)), self.label[name])
            self.table_types[name], _ = self.query(f"SELECT * FROM bronze.{name} LIMIT 0")
        self.assertGreater(len(self.table_types), 60)
        self.read_tables()

    def read_tables(self):
        for name in self.table_types:
            self.check_rows("table", name, self.rows(name), *self.query(f"SELECT * FROM bronze.{name}"))

    def write_streams(self):
        """For each file: fields of its types, fields that nothing fits, and none of its fields."""
        for name in self.table_types:
            types = self.table_types[name]
            self.write_stream(f"typed_{name}", types, "quarantine")
            self.write_stream(f"wrong_{name}", dict.fromkeys(types, "interval"), "quarantine", has_views=False)
        for name in self.files:
            self.write_stream(f"drift_{name}", {"nothing": "boolean"}, "evolve", has_views=False)
        for name in self.with_shapes():  # what there is no type for, left out and as JSON
            others = {"id": "bigint", "wkt": "varchar", "group": "varchar"}
            self.write_stream(f"frozen_{name}", {column: others[column] for column in self.others(name)}, "freeze", has_views=False)
            self.write_stream(f"json_{name}", {column: others.get(column, "json") for column in self.meant[name]["names"]}, "quarantine", has_views=False)
        answer = self.post("/v1/apply", {})
        self.assertEqual(answer.status, 200, answer)

    def test_every_row_by_every_door(self):
        self.copy_all()
        self.write_streams()
        for name in self.table_types:
            names = self.objection(name)
            self.assertEqual(self.take_in(f"typed_{name}", name, names), (0 if names else len(self.rows(name)), 0), self.label[name])
            self.check_quarantine(name, self.take_in(f"wrong_{name}", name, names, doors=["request"]))
        for name in self.files:
            refused = self.reason(name) or self.objection(name) or (None if self.filled(name) else "has none of the stream's columns")
            self.take_in(f"drift_{name}", name, refused, doors=["command"])
        for name in self.with_shapes():
            self.assertEqual(self.take_in(f"frozen_{name}", name, doors=["request"]), (len(self.rows(name)), 0), self.label[name])
            self.assertIn(self.take_in(f"json_{name}", name, doors=["request"])[0], (0, len(self.rows(name))), self.label[name])
        self.check_it_goes_on(self.read_all)

    def check_quarantine(self, name, taken):
        """Of rows that fit nothing: each with a value is there, by its number and with its values, and no other one."""
        rows = self.rows(name)
        bad = [number for number, row in enumerate(rows) if any(value is not None for value in row)]
        if self.objection(name):
            bad = rows = []
        self.assertEqual(taken, (len(rows) - len(bad), len(bad)), self.label[name])
        entries = self.quarantined(f"wrong_{name}")
        self.assertEqual(len(entries), len(bad), self.label[name])
        for entry, number in zip(entries, bad):
            self.assertRegex(entry["reason"], f"^row {number + 1}: field .* does not fit INTERVAL", self.label[name])
            raw = json.loads(entry["raw"], parse_int=decimal.Decimal, parse_float=decimal.Decimal)
            for column, value in zip(self.meant[name]["names"], rows[number], strict=True):
                if (self.label[name], number) != RUN_OVER:
                    self.assertTrue(same(value, raw[column]), f"{self.label[name]}, row {number}, {column}: {raw[column]!r:.300} for {value!r:.300}")

    def read_all(self):
        if self.has_built:
            self.read_tables()
        for name in self.table_types:
            if self.objection(name):
                continue
            self.check_rows("typed", name, self.rows(name) * 2, *self.query(f"SELECT * FROM bronze.typed_{name} ORDER BY _offset"))
            if self.has_built and self.filled(name):
                columns = ", ".join('"' + column.replace('"', '""') + '"' for column in self.filled(name))
                self.check_rows("drift", name, self.rows(name, self.filled(name)), *self.query(f"SELECT {columns} FROM bronze.drift_{name} ORDER BY _offset"))
        for name in self.with_shapes():
            self.check_rows("frozen", name, self.rows(name, self.others(name)), *self.query(f"SELECT * FROM bronze.frozen_{name} ORDER BY _offset"))
            types, rows = self.query(f"SELECT * FROM bronze.json_{name} ORDER BY _offset")  # whatever was taken can be read
            shape = next(place for place, type in enumerate(types.values()) if type == "JSON")
            for row in rows:
                self.assertIsInstance(json.loads(row.pop(shape) or '""'), str, self.label[name])
            if rows:
                self.check_rows("json", name, self.rows(name, self.others(name)), {column: types[column] for column in self.others(name)}, rows)


if __name__ == "__main__":
    main()
